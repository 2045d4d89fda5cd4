/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VM's disk images in a stream: their blocks (--with-disks), or what shows that
 * a shared one is still the same (snapshots).  Images count in the order of the machine's
 * struct image_set; those that the guest may only read are not copied.
 */
#ifndef VMM_MIGRATE_DISKS_H
#define VMM_MIGRATE_DISKS_H

#include "vmm/host/image.h"
#include "vmm/migrate/stream.h"

#define DISKS_BLOCK "disk"		/* section: one block */
#define DISKS_STATE "disks"		/* section: all images as they were */
#define DISKS_VERSION 1

/* ---- copying ---- */

struct disks_copy;

/* Switches the images' logs on; the first pass has all blocks.  @s is borrowed.  0 or -errno. */
int disks_copy_create(struct image_set *set, struct stream_out *s, struct disks_copy **out);
void disks_copy_free(struct disks_copy *d);
/* Sends what was written since the last pass.  0, what the stream says, -ECANCELED, or -errno and why in *@err. */
int disks_copy_pass(struct disks_copy *d, char **err);
void disks_copy_cancel(struct disks_copy *d);	/* any thread */
/* How many bytes a pass would have now. */
u64 disks_copy_collect(struct disks_copy *d);
u64 disks_copy_sent(struct disks_copy *d);	/* bytes so far; any thread */

/*
 * Writes a block.  The images are locked first: a sender that has the same file open must not
 * be copied over itself.  0, or -errno and a sentence in *@err.
 */
int disks_block(struct image_set *set, struct bytes_in *b, char **err);

/* ---- by reference ---- */

/* What the images are now; errors are @b's. */
void disks_put_state(struct image_set *set, struct bytes_out *b);
/*
 * Is each of @set what it was?  An image under another name than then has to have the same size only: it
 * is a copy, and the user's word for it counts.  0, or -ESTALE and a sentence in *@err.
 */
int disks_check_state(struct image_set *set, struct bytes_in *b, char **err);

#endif
