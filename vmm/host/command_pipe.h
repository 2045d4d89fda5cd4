/* SPDX-License-Identifier: GPL-2.0-only */
/* A named pipe that anybody on the host may write lines to. */
#ifndef VMM_HOST_COMMAND_PIPE_H
#define VMM_HOST_COMMAND_PIPE_H

struct loop;
struct command_pipe;

#define COMMAND_PIPE_LINE 128	/* characters; a longer line is dropped with a message */

/*
 * Makes the pipe @path if it is not there, and removes it at the end if it made it.
 * @fn gets each line, without its newline, to change as it likes; on the loop's thread.
 * 0, or -errno and a sentence in *@err.
 */
int command_pipe_create(struct loop *loop, const char *path, void (*fn)(void *opaque, char *line), void *opaque,
			struct command_pipe **out, char **err);
/* On the loop's thread, or when the loop has ended; NULL is fine. */
void command_pipe_free(struct command_pipe *p);

#endif
