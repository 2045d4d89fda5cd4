/* SPDX-License-Identifier: GPL-2.0-only */
/* The other end of vmm/host/control_socket.h: one command, and what comes back. */
#ifndef VMM_HOST_CONTROL_CLIENT_H
#define VMM_HOST_CONTROL_CLIENT_H

#include "arm/base.h"

/*
 * Sends @line (without newline) to the socket @path, and @pass with it unless it is -1.  @progress (may be
 * NULL) gets the text of each such line.  While it waits, a SIGINT or SIGTERM ends it: the machine
 * sees us hang up.
 *
 * 0 or -EREMOTEIO: *@text is what "ok" or "error" said, malloc'd, maybe empty or of several lines.  -EINTR: a
 * signal; else -errno and a sentence in *@text.
 */
int control_client(const char *path, const char *line, int pass,
		   void (*progress)(void *opaque, const char *text), void *opaque, char **text);

#endif
