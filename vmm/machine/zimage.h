/* SPDX-License-Identifier: GPL-2.0-only */
/* The zImage: a 32-bit Arm kernel that unpacks itself (Linux, Documentation/arch/arm/booting). */
#ifndef VMM_MACHINE_ZIMAGE_H
#define VMM_MACHINE_ZIMAGE_H

#include "arm/base.h"

/* What a zImage's file says, and where it goes.  Offsets are in the file, or from the start of RAM. */
struct zimage {
	u64 size;		/* of what is loaded: without an appended device tree */
	u64 at;			/* where, from the start of RAM */
	u64 end;		/* of all that it uses until the kernel runs; it begins with RAM */
	u64 dtb_off, dtb_size;	/* the appended device tree; size 0: none */
};

/* Is it one, by its first bytes?  @len >= 64. */
bool zimage_is(const u8 *head, size_t len);

/*
 * Looks into @fd, whose first bytes are @head, and finds a place for it in
 * @ram_size bytes at @ram_base, a multiple of 128 MiB.  0, or -errno and a
 * sentence in *@err (free() it).
 */
int zimage_plan(int fd, u64 file_size, const u8 *head, u64 ram_base, u64 ram_size, struct zimage *out,
		char **err);

#endif
