/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The destination's side, also of a snapshot.  The stream says what machine and what
 * CPUs it is (sections "config", vmm/migrate/shape.h, and "identity") before one can be made, so
 * the order is: incoming_open(), shape_read(), shape_merge(), vm_create() with cfg->incoming,
 * incoming_load(), vm_run().
 */
#ifndef VMM_MIGRATE_INCOMING_H
#define VMM_MIGRATE_INCOMING_H

#include "arm/base.h"

struct identity;
struct incoming;
struct vm;

/*
 * Waits for a peer at @uri (as channel_accept()) and reads up to and with the section
 * "identity".  From here on SIGINT, SIGTERM and SIGHUP are blocked, and end every wait with
 * -ECANCELED.  0, or -errno and a sentence in *@err.
 */
int incoming_open(const char *uri, struct incoming **out, char **err);
/* A snapshot or an exported one; @path is opened for reading. */
int incoming_open_file(const char *path, struct incoming **out, char **err);
/* Tells the sender why it is not taken; before incoming_load(). */
void incoming_refuse(struct incoming *in, const char *why);
/* NULL is fine.  What was loaded stays. */
void incoming_close(struct incoming *in);

/* The section's payload: text for shape_read(); borrowed. */
const char *incoming_config(const struct incoming *in, size_t *len);
/* For cfg->identity; borrowed. */
const struct identity *incoming_identity(const struct incoming *in);

/*
 * Loads the guest into @vm and waits until the sender has given it up: vm_run() is to
 * follow at once, for the guest is nowhere else.  1: the sender only wanted to know whether
 * it could (--check), and was told.  0; or -errno and a sentence in *@err, which the
 * sender was told too: it keeps the guest.
 */
int incoming_load(struct incoming *in, struct vm *vm, char **err);

#endif
