/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A chardev on the user's terminal (or on pipes and files in its place), and
 * one that logs to a file.
 *
 * Escape character Ctrl-A: Ctrl-A x quits, Ctrl-A s makes a screenshot, Ctrl-A h
 * shows help, Ctrl-A Ctrl-A (or Ctrl-A a) sends one Ctrl-A.  Only on a terminal.
 */
#ifndef VMM_HOST_TTY_H
#define VMM_HOST_TTY_H

#include "vmm/host/chardev.h"

struct loop;

struct tty_config {
	int in_fd;			/* usually 0; -1: no input */
	int out_fd;			/* usually 1 */
	bool no_escape;			/* pass Ctrl-A through */
	void (*quit)(void *opaque);	/* Ctrl-A x, on the loop's thread; may be NULL */
	void (*screenshot)(void *opaque);	/* Ctrl-A s, likewise */
	void *opaque;
};

/*
 * Sets raw mode when @in_fd is a terminal.  End of input only ends input.  The
 * fds stay the caller's, and O_NONBLOCK is never set on them.  One at a time
 * per process may be on a terminal: -EBUSY.
 */
int chardev_tty_create(struct loop *loop, const struct tty_config *cfg, struct chardev **out);

/*
 * Puts the terminal back as it was, any number of times, from any thread or
 * signal handler.  chardev_tty_create() has it run at exit() and for the
 * signals that end a process by default (SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGSEGV, ...)
 * where no handler was installed before, and around Ctrl-Z (SIGTSTP/SIGCONT).
 */
void tty_restore(void);

/* Appends output to @path (made when absent); no input.  -errno and *@err (free() it; may be NULL). */
int chardev_file_create(const char *path, struct chardev **out, char **err);

static inline void chardev_free(struct chardev *c)
{
	if (c)
		c->ops->free(c);
}

#endif
