/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where running machines of this user are found by name: the directory
 * $XDG_RUNTIME_DIR/vambrace, or /tmp/vambrace-UID, with a socket NAME.sock for each.
 */
#ifndef VMM_HOST_RUNTIME_DIR_H
#define VMM_HOST_RUNTIME_DIR_H

#include "arm/base.h"

#define RUNTIME_NAME_MAX 64

/* Letters, digits, '-', '_' and '.'; the first is a letter or digit, and there are at most RUNTIME_NAME_MAX. */
bool runtime_name_is_valid(const char *name);

/*
 * The socket's path for a valid @name, malloc'd.  @make: makes the directory; it must be this user's and
 * closed to others.  0, or -errno and a sentence in *@err.
 */
int runtime_socket(const char *name, bool make, char **path, char **err);

/*
 * Calls @fn for each socket, in the order of names, until it gives something else than 0, which comes back.
 * Their machines may have gone.  No directory: no sockets.  -errno and a sentence in *@err: not readable.
 */
int runtime_each(int (*fn)(void *opaque, const char *name, const char *path), void *opaque, char **err);

#endif
