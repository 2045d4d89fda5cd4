/* SPDX-License-Identifier: GPL-2.0-only */
/* TLB maintenance as cpu/ asks for it; the tables themselves are in tlb_ctx.h. */
#ifndef EMU_RUN_TLB_H
#define EMU_RUN_TLB_H

#include "emu/vcpu.h"

enum tlb_scope {
	TLB_ALL,	/* everything of every regime at @el's exception level (VMALLE1, ALLE2...) */
	TLB_ASID,	/* non-global entries of @asid */
	TLB_VA,		/* @va in @asid, and global entries of @va */
	TLB_VA_ANY,	/* @va in every ASID (VAA) */
};

struct tlb_inval {
	enum tlb_scope scope;
	u8 el;		/* 1: the EL1&0 regime; 2, 3 later */
	u16 asid;
	u64 va;		/* sign-extended as an address, any byte of the page */
	u64 size;	/* bytes around va, a power of two: the current granule, at least */
};

/* On @v alone (the non-broadcast forms); @v is the calling thread's. */
void tlb_invalidate(struct emu_vcpu *v, const struct tlb_inval *inv);
/*
 * On all vCPUs (the IS forms): on the others soon.  Behind helper_dsb() of @v,
 * no vCPU uses an old translation for a new access.
 */
void tlb_invalidate_broadcast(struct emu_vcpu *v, const struct tlb_inval *inv);

/*
 * Instruction cache maintenance: guest code that was translated from the page
 * of @ipa (IC IVAU), or from anywhere (IC IALLU: @len = ~0), is dropped.
 */
void code_invalidate(struct emu_vm *vm, u64 ipa, u64 len);

#endif
