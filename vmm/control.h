/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The commands that a running machine takes through its sockets (--name, --control):
 * what a user does to it besides typing into its terminal.
 */
#ifndef VMM_CONTROL_H
#define VMM_CONTROL_H

#include "arm/base.h"

struct control;
struct control_request;
struct live;
struct live_config;
struct loop;
struct machine;
struct vm;

struct control_config {
	struct machine *machine;
	struct vm *vm;				/* NULL: the commands that need it say so */
	void (*screenshot)(void *opaque);	/* NULL: nobody said where to */
	void (*quit)(void *opaque);
	void *opaque;
	/* As in vmm/migrate/live.h. */
	int (*live_start)(struct vm *vm, const struct live_config *cfg, struct live **out, char **err);
	void (*live_cancel)(struct live *l);
};

/* NULL on ENOMEM. */
struct control *control_create(const struct control_config *cfg);
/* On the loop's thread, or when the loop has ended.  What is under way is cancelled.  NULL is fine. */
void control_free(struct control *c);

/*
 * Takes commands at the socket @path, and at the one of the machine's @name; each may be NULL.
 * 0, or -errno and a sentence in *@err.
 */
int control_listen(struct control *c, struct loop *loop, const char *path, const char *name, char **err);

/*
 * Runs one command; @line is changed; @fd came with it, or is -1, and is used up.  On the loop's thread.  An empty line
 * does nothing.  0 and maybe a text in *@text; -errno and a sentence; or -EINPROGRESS: @req,
 * which is needed for nothing else, is answered later.
 */
int control_run(struct control *c, char *line, int fd, struct control_request *req, char **text);

#endif
