/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The log of the pages that vCPUs write (emu_vm_dirty_log()).
 *
 * A bit for each 4 KiB of RAM is set before the first store to the page.  While
 * the log is on a TLB has write entries of marked pages only, so translated
 * code stores to them without a look, and the slow path marks before it stores.
 * Who reads the log takes the bits out first; then every vCPU drops all its
 * write entries and thereby leaves translated code once.  A store that found an
 * entry, or a bit, of before is done when the last one has.
 */
#ifndef EMU_RUN_DIRTY_H
#define EMU_RUN_DIRTY_H

#include "emu/vcpu.h"

/* A vCPU is about to store to the page of @ipa in @ram, in this visit to guest code. */
static inline void dirty_log_mark(struct emu_vm *vm, const struct emu_ram *ram, u64 ipa)
{
	u64 n = (ipa - ram->ipa) >> 12;
	_Atomic(u64) *word;

	if (!atomic_load_explicit(&vm->dirty_on, memory_order_acquire))
		return;
	word = &vm->dirty_map[ram - vm->ram][n / 64];
	if (!(atomic_load_explicit(word, memory_order_relaxed) >> n % 64 & 1))
		atomic_fetch_or(word, 1ull << n % 64);
}

/* May a write entry be made of it without a store? */
static inline bool dirty_log_may_write(struct emu_vm *vm, const struct emu_ram *ram, u64 ipa)
{
	u64 n = (ipa - ram->ipa) >> 12;

	return !atomic_load_explicit(&vm->dirty_on, memory_order_acquire) ||
	       (atomic_load_explicit(&vm->dirty_map[ram - vm->ram][n / 64], memory_order_relaxed) >> n % 64 & 1);
}

/* VCPU_REQ_DIRTY, on the vCPU's own thread. */
void dirty_log_serve(struct emu_vcpu *v);
void dirty_log_free(struct emu_vm *vm);

#endif
