/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The destination's side, also of a snapshot.  The stream says what machine it is
 * (section "config", vmm/migrate/shape.h) before one can be made, so the order is:
 * incoming_open(), shape_read(), shape_merge(), vm_create() with cfg->incoming, vm_run().
 */
#ifndef VMM_MIGRATE_INCOMING_H
#define VMM_MIGRATE_INCOMING_H

#include "arm/base.h"

struct incoming;

/*
 * Waits for a peer at @uri (as channel_accept()) and reads up to and with the section
 * "config".  SIGINT and the like end the wait with -ECANCELED.  0, or -errno and a sentence in *@err.
 */
int incoming_open(const char *uri, struct incoming **out, char **err);
/* Tells the sender why it is not taken; before vm_run(). */
void incoming_refuse(struct incoming *in, const char *why);
/* NULL is fine.  A VM that was made with it must have gone. */
void incoming_close(struct incoming *in);

/* The section's payload: text for shape_read(); borrowed. */
const char *incoming_config(const struct incoming *in, size_t *len);

#endif
