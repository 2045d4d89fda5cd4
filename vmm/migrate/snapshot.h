/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A snapshot's file: a stream that says what it is and where RAM is (section
 * "image"); RAM, page for page, with holes for what is zero; and a second stream with the
 * state.  RAM that lies in a file as it lies in memory can be mapped, so that a guest runs
 * at once and its pages come when they are touched.
 */
#ifndef VMM_MIGRATE_SNAPSHOT_H
#define VMM_MIGRATE_SNAPSHOT_H

#include "vmm/migrate/bytes.h"
#include "vmm/migrate/vmstate.h"

/* RAM begins at a multiple of it, so that host pages of any size can be mapped. */
#define SNAPSHOT_ALIGN (2u << 20)

/* The payload of "image", checked against the file but not against a machine. */
struct snapshot_layout {
	u64 state;		/* where the second stream begins */
	unsigned int n;
	struct {
		u64 ipa, size, off;
	} ram[VMSTATE_RAMS];
};

int snapshot_layout_get(int fd, struct bytes_in *b, struct snapshot_layout *out, char **err);

/*
 * Maps the RAM of the snapshot @fd over @v's, privately: the file is not written.  @b is the section's payload;
 * *@at is where the second stream begins.  0, or -errno and a sentence in *@err.
 */
int snapshot_map(int fd, struct bytes_in *b, const struct vmstate *v, u64 *at, char **err);

/*
 * The snapshot @from as one compressed stream to @to, an empty file: smaller, but it must be read as
 * a whole before the guest runs.  Both are read and written in their order.  0, or -errno and *@err.
 */
int snapshot_export(int from, int to, char **err);

#endif
