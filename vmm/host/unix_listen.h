/* SPDX-License-Identifier: GPL-2.0-only */
/* Unix sockets by path: a place to listen that is the user's alone, and the way to one. */
#ifndef VMM_HOST_UNIX_LISTEN_H
#define VMM_HOST_UNIX_LISTEN_H

#include "arm/base.h"

struct unix_listen;

/*
 * A non-blocking stream socket that listens at @path, mode 0600.  @what begins the messages.  A socket that nobody
 * listens at is replaced.  0; -EADDRINUSE: somebody does, without a sentence in *@err; else -errno and one.
 */
int unix_listen(const char *path, const char *what, struct unix_listen **out, char **err);
int unix_listen_fd(const struct unix_listen *l);
/* Closes it, and removes the path if it still leads here.  NULL is fine. */
void unix_listen_free(struct unix_listen *l);

/*
 * A connected descriptor, or -errno: -ECONNREFUSED when nobody listens, -EAGAIN when too many wait there,
 * -ENAMETOOLONG.
 */
int unix_connect(const char *path);

#endif
