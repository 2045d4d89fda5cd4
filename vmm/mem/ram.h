/* SPDX-License-Identifier: GPL-2.0-only */
/* Host memory for guest RAM, and the making of a struct guest_mem (guest_mem.h is its use). */
#ifndef VMM_MEM_RAM_H
#define VMM_MEM_RAM_H

#include "arm/base.h"
#include "vmm/mem/guest_mem.h"

/*
 * @size bytes (a multiple of 64 KiB) of zeros that take host memory only when
 * touched; aligned for huge pages.  0 or -errno; ram_free() with the same size.
 */
int ram_alloc(u64 size, void **out);
void ram_free(void *host, u64 size);
/* It has the contents of @fd from @off on, as they are touched; writes do not reach the file.  0 or -errno. */
int ram_map_file(void *host, u64 size, int fd, u64 off);
/* All zeros again, and the host gets its pages back.  Nobody may be using it. */
void ram_discard(void *host, u64 size);

#define GUEST_MEM_REGIONS 8

/* NULL on ENOMEM. */
struct guest_mem *guest_mem_create(void);
void guest_mem_free(struct guest_mem *mem);
/*
 * [@ipa, @ipa + @size) is the memory at @host, which is borrowed.  -EEXIST on
 * overlap, -EINVAL for an empty or wrapping range, -ENOSPC.  Before any use only.
 */
int guest_mem_add(struct guest_mem *mem, u64 ipa, u64 size, void *host, bool readonly);
/* @fn hears of every write by a device.  Before any use only. */
void guest_mem_on_written(struct guest_mem *mem, void (*fn)(void *opaque, u64 ipa, u64 len),
			  void *opaque);

#endif
