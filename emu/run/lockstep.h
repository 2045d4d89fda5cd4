/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lockstep engine: each block runs in the interpreter, for good, and then
 * once more as translated code on a copy of what it touched.  The second run
 * is a rehearsal: helpers and devices answer from the record of the first, and
 * stores go to copies of the pages.  What differs ends the VM.
 *
 * The rest of emu/ asks here at the few places where a run touches the outside
 * world.  v->run is NULL with the other engines.
 */
#ifndef EMU_RUN_LOCKSTEP_H
#define EMU_RUN_LOCKSTEP_H

#include "emu/cpu/helpers.h"
#include "emu/ir/ir.h"
#include "emu/vcpu.h"

/* Where one page's part of a guest access is; see mem.c. */
struct mem_place {
	u8 *host;	/* RAM, or NULL: */
	u64 ipa;	/* a device */
	bool readonly;
	bool device;	/* Device memory: aligned accesses only */
	bool watched;	/* a watchpoint may be there */
};

/* First in whatever v->run points to, so that mem.c and interp.c need no other symbol. */
struct lockstep_hooks {
	u64 (*helper)(struct emu_vcpu *v, enum ir_helper h, u64 a, u64 b, u64 c);
	enum arm_result (*device)(struct emu_vcpu *v, u64 ipa, unsigned int size, bool write, u64 *val);
	/* 1: look it up; 0: *p is filled; -EFAULT: raised */
	int (*locate)(struct emu_vcpu *v, u64 va, unsigned int len, unsigned int mop, enum mmu_access acc,
		      struct mem_place *p);
	/* it was looked up */
	void (*located)(struct emu_vcpu *v, u64 va, unsigned int mop, enum mmu_access acc,
			const struct mem_place *p);
	/* a store of C to @host; @requests: exit_request before it was checked for code */
	void (*stored)(struct emu_vcpu *v, const u8 *host, unsigned int requests);
	/* @why into exit_request, at once or when the block is over */
	void (*kick)(struct emu_vcpu *v, enum vcpu_request why);
	/* a device wrote RAM */
	void (*dma)(struct emu_vcpu *v);
};

static inline const struct lockstep_hooks *lockstep_hooks(const struct emu_vcpu *v)
{
	return v->run;
}

/* All calls of helpers by IR_CALL come through here. */
static inline u64 lockstep_helper(struct emu_vcpu *v, enum ir_helper h, u64 a, u64 b, u64 c)
{
	const struct lockstep_hooks *k = lockstep_hooks(v);

	return k ? k->helper(v, h, a, b, c) : helper_table[h](v, a, b, c);
}

struct lockstep_counts {
	u64 compared;		/* blocks that agreed */
	u64 raced;		/* differed, but a device wrote memory meanwhile */
	u64 skipped;		/* too many accesses for the record */
};

/* Of a VM with EMU_ENGINE_LOCKSTEP; any thread, exact when it does not run. */
void lockstep_counts(const struct emu_vm *vm, struct lockstep_counts *out);

#endif
