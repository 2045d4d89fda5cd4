/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Objects with a table (vmm/dev/save.h) to bytes and back.  The bytes describe
 * themselves: each field with its name, kind, width and count, so that a reader
 * can show a stream of a program it does not know (docs/migration-format.md).
 */
#ifndef VMM_MIGRATE_OBJECT_H
#define VMM_MIGRATE_OBJECT_H

#include "vmm/dev/save.h"
#include "vmm/migrate/bytes.h"

/* Calls table->before().  Failures are @b's error. */
void object_put(struct bytes_out *b, const struct save_table *table, void *obj);

/*
 * The object's fields from @b, then table->after().  0, or -EBADMSG (malformed),
 * -EINVAL (a value out of range, a field that is unknown or missing, a version above
 * ours) and a sentence in *@err that names the object and the field.
 */
int object_get(struct bytes_in *b, const struct save_table *table, void *obj, char **err);

#endif
