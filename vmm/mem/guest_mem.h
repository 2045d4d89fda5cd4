/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest RAM as devices reach it (DMA).  Addresses come from the guest and are
 * checked here, once: what does not lie wholly in one RAM region is refused,
 * so that DMA never reaches a device register.
 */
#ifndef VMM_MEM_GUEST_MEM_H
#define VMM_MEM_GUEST_MEM_H

#include "arm/base.h"

struct guest_mem;

/*
 * Host pointer to [@ipa, @ipa + @len), or NULL when that is not all in one RAM
 * region (or, with @write, in a read-only one).  @len 0 gives NULL.  Valid
 * until the VM goes.  The guest may change the bytes at any time: copy in
 * once, then check the copy.
 */
void *guest_mem_ptr(struct guest_mem *mem, u64 ipa, u64 len, bool write);

/* After writing through a pointer: tells the engine (translated code, dirty log). */
void guest_mem_written(struct guest_mem *mem, u64 ipa, u64 len);

/* Copies; 0 or -EFAULT. */
int guest_mem_read(struct guest_mem *mem, u64 ipa, void *buf, u64 len);
int guest_mem_write(struct guest_mem *mem, u64 ipa, const void *buf, u64 len);

#endif
