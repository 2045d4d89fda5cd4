/* SPDX-License-Identifier: GPL-2.0-only */
/* For the few in host/ that need a GSource of their own. */
#ifndef VMM_HOST_LOOP_GLIB_H
#define VMM_HOST_LOOP_GLIB_H

#include <glib.h>

struct loop;

GMainContext *loop_context(struct loop *loop);

#endif
