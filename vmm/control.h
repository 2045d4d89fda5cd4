/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands of --control: what a user does to the machine besides typing into its terminal. */
#ifndef VMM_CONTROL_H
#define VMM_CONTROL_H

struct machine;

struct control {
	struct machine *machine;
	void (*screenshot)(void *opaque);	/* NULL: nobody said where to */
	void (*quit)(void *opaque);
	void *opaque;
};

/*
 * Runs one command; @line is changed.  On the loop's thread.  An empty line does nothing.
 * 0, or -errno and a sentence in *@err.
 */
int control_run(const struct control *c, char *line, char **err);

#endif
