/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A byte stream to another process, for migration: TCP, Unix sockets, an
 * inherited file descriptor, a command's pipes, or a file.  Blocking, with a
 * limit for how long nothing may move, and with a way to cancel.
 */
#ifndef VMM_HOST_CHANNEL_H
#define VMM_HOST_CHANNEL_H

#include "arm/base.h"

struct channel;

/*
 * @uri: tcp:HOST:PORT (HOST may be [IPv6]), unix:PATH, fd:N, exec:COMMAND (run by
 * /bin/sh, its stdin and stdout are the channel), file:PATH (written anew).  @cancel as in
 * channel_set_cancel(), or -1.  0, or -errno and a sentence in *@err (free() it).
 */
int channel_connect(const char *uri, int cancel, struct channel **out, char **err);
/*
 * The other end: tcp:[HOST:]PORT (HOST is 127.0.0.1 unless given) and unix:PATH wait
 * for one peer and then listen no more; fd:N; "-" is stdin and stdout; file:PATH is
 * read.
 */
int channel_accept(const char *uri, int cancel, struct channel **out, char **err);
/* @fd becomes the channel's.  NULL on ENOMEM: then it stays the caller's. */
struct channel *channel_of_fd(int fd);
/* Closes it; of exec: also waits for the command, at most 5 s, and then ends it. */
void channel_free(struct channel *c);
/* Of exec: the command goes on by itself: channel_free() neither waits for it nor ends it. */
void channel_leave_command(struct channel *c);

/* Can the other end answer?  Not on file:. */
bool channel_is_duplex(const struct channel *c);
/* How long a read or write may wait without a byte moving; 0: for ever (as at first). */
void channel_set_timeout(struct channel *c, unsigned int ms);
/* While @fd (borrowed; an eventfd) is readable, reads and writes give -ECANCELED.  -1: none. */
void channel_set_cancel(struct channel *c, int fd);

/*
 * All of @len; one thread may read while another writes.  0; -ECANCELED, -ETIMEDOUT, -EPIPE (the other end is gone;
 * also a read that ends early), -ENODATA (a read at the end of everything, before the first byte) or -errno.  A file's
 * descriptor then stands behind what was read; of others more may be taken ahead.
 */
int channel_write(struct channel *c, const void *data, size_t len);
int channel_read(struct channel *c, void *data, size_t len);

#endif
