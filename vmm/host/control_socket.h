/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A Unix stream socket that takes commands.  A request is a line; one file
 * descriptor may come with it.  Answers are lines: any number of "progress TEXT", then one
 * "ok", "ok TEXT" or "error TEXT" (newlines in TEXT: vmm/host/words.h).  A client has one command under
 * way at a time; what it sends meanwhile waits in the kernel.
 *
 * Nobody but the user (and root) is let in, and what a client can make us keep is bounded.
 */
#ifndef VMM_HOST_CONTROL_SOCKET_H
#define VMM_HOST_CONTROL_SOCKET_H

#include "arm/base.h"

#define CONTROL_LINE 4096	/* characters of a request; a longer one is an error */
#define CONTROL_ANSWER 32768	/* bytes of an answer; what is longer is cut off */
#define CONTROL_CLIENTS 16

struct loop;
struct control_socket;
struct control_request;

/*
 * One command, on the loop's thread.  @line is without its newline, to change as one likes, and gone when
 * this returns; @fd came with it and is the callee's now, or is -1.  @req is answered once,
 * here or later.
 */
typedef void control_command_fn(void *opaque, struct control_request *req, char *line, int fd);

/*
 * Listens at @path; @what begins the messages ("--control").  A socket there whose process has gone is
 * replaced, one of a living process gives -EADDRINUSE, another file -EEXIST.  0, or -errno and
 * a sentence in *@err (none for -EADDRINUSE: the caller knows what it means).
 */
int control_socket_create(struct loop *loop, const char *path, const char *what, control_command_fn *fn,
			  void *opaque, struct control_socket **out, char **err);
/*
 * On the loop's thread, or when the loop has ended.  Sends the answers that there are, for a second at most;
 * clients that still wait for one are hung up on, and answers to them are dropped.  NULL is fine.
 */
void control_socket_free(struct control_socket *s);

/* A line for a client that may not listen: dropped when many of them wait.  Any thread. */
void control_progress(struct control_request *req, const char *text);
/* @ret 0: "ok", else "error".  @text may be NULL.  @req is gone when this returns.  Any thread. */
void control_answer(struct control_request *req, int ret, const char *text);
/*
 * @fn is called once, on the loop's thread, if the client hangs up before the answer, or the socket
 * is freed; the answer is due all the same.  On the loop's thread, before the answer.
 */
void control_on_hangup(struct control_request *req, void (*fn)(void *opaque), void *opaque);

#endif
