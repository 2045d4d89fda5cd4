/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A32 and T32 code run by the interpreter, with one flat memory and stand-ins
 * for the helpers.  Used by test_front32.c.
 * It takes the place of the emulator's own memory and helpers: a static library
 * is not asked for what the program defines.  Include once.
 */
#ifndef TESTS_UNIT_FRONT32_RIG_H
#define TESTS_UNIT_FRONT32_RIG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arm/bank32.h"
#include "emu/cpu/helpers.h"
#include "emu/front/a32.h"
#include "emu/interp/interp.h"
#include "emu/run/mem.h"

#define RIG_CODE 0x20000000u
#define RIG_CODE_SIZE 4096u
#define RIG_DATA 0x30000000u
#define RIG_DATA_SIZE 4096u

enum rig_stop { RIG_END, RIG_FAULT, RIG_ALIGN, RIG_UNDEF, RIG_HELPER, RIG_STUCK, RIG_BAD_IR };

static struct rig32 {
	struct emu_vcpu cpu;
	struct ir_block blk;
	u8 code[RIG_CODE_SIZE + 8];
	u8 data[RIG_DATA_SIZE];
	u32 mode;		/* IR_MODE bits beside those that PSTATE has */
	u64 features;
	unsigned int max;	/* guest instructions in a block */
	enum rig_stop stop;
	u32 fault_pc, fault_va;	/* where, with the Thumb bit, and of what */
	u32 cpsr_at_fault, excl_va;
	u32 low, bytes;		/* of all that was accessed since somebody zeroed bytes */
	unsigned int blocks;
	/* the helper that was called last */
	enum ir_helper helper;
	u64 a, b, c;
} rig32;

/* ---- memory ---- */

static int rig_raise(enum rig_stop stop, u32 va)
{
	struct emu_vcpu *v = &rig32.cpu;

	v->exc.pending = true;
	rig32.stop = stop;
	rig32.fault_pc = (u32)v->st.pc;
	rig32.fault_va = va;
	return -EFAULT;
}

static int rig_access(u64 va, unsigned int mop, unsigned int len, void *buf, bool write)
{
	unsigned int size = 1u << (mop & IR_MO_SIZE);
	u8 *at;

	if (mop & IR_MO_STREAM)
		size = 1u << (mop >> 9 & 7);
	if ((mop & IR_MO_ALIGN) && (va & (size - 1)))
		return rig_raise(RIG_ALIGN, (u32)va);
	if (va >= RIG_DATA && va + len <= RIG_DATA + RIG_DATA_SIZE)
		at = rig32.data + (va - RIG_DATA);
	else if (!write && va >= RIG_CODE && va + len <= RIG_CODE + RIG_CODE_SIZE)
		at = rig32.code + (va - RIG_CODE);
	else
		return rig_raise(RIG_FAULT, (u32)va);
	if (write)
		memcpy(at, buf, len);
	else
		memcpy(buf, at, len);
	rig32.low = rig32.bytes && rig32.low < (u32)va ? rig32.low : (u32)va;
	rig32.bytes += len;
	return 0;
}

int mem_load(struct emu_vcpu *v, u64 va, unsigned int mop, unsigned int n, void *buf)
{
	(void)v;
	return rig_access(va, mop, n << (mop & IR_MO_SIZE), buf, false);
}

int mem_store(struct emu_vcpu *v, u64 va, unsigned int mop, unsigned int n, const void *buf)
{
	(void)v;
	return rig_access(va, mop, n << (mop & IR_MO_SIZE), (void *)buf, true);
}

int mem_load_exclusive(struct emu_vcpu *v, u64 va, unsigned int mop, u64 out[2])
{
	v->excl_size = 1u << (mop & IR_MO_SIZE);
	rig32.excl_va = (u32)va;
	return rig_access(va, mop | IR_MO_ALIGN, v->excl_size, out, false);
}

int mem_store_exclusive(struct emu_vcpu *v, u64 va, unsigned int mop, const u64 val[2], u64 *failed)
{
	unsigned int size = 1u << (mop & IR_MO_SIZE);

	*failed = v->excl_size != size || rig32.excl_va != (u32)va;
	v->excl_size = 0;
	return *failed ? 0 : rig_access(va, mop | IR_MO_ALIGN, size, (void *)val, true);
}

int mem_cas(struct emu_vcpu *v, u64 va, unsigned int mop, const u64 expect[2], const u64 val[2], u64 old[2])
{
	(void)v, (void)va, (void)mop, (void)expect, (void)val, (void)old;
	abort();	/* AArch32 has none */
}

int mem_atomic_op(struct emu_vcpu *v, u64 va, unsigned int mop, enum ir_atomic kind, u64 val, u64 *old)
{
	unsigned int size = 1u << (mop & IR_MO_SIZE);
	int err = rig_access(va, mop | IR_MO_ALIGN, size, old, false);

	(void)v;
	if (kind != IR_ATOMIC_SWP)
		abort();
	return err ? err : rig_access(va, mop, size, &val, true);
}

/* ---- helpers: PURE ones are the emulator's ---- */

static void rig_leave(u64 pc)
{
	rig32.cpu.st.pc = pc;
}

static u64 rig_call(enum ir_helper which, u64 a, u64 b, u64 c)
{
	struct arm_state *st = &rig32.cpu.st;

	if (which == IR_HELPER_par32)
		return helper_par32(&rig32.cpu, a, b, c);
	if (which == IR_HELPER_usad8)
		return helper_usad8(&rig32.cpu, a, b, c);
	rig32.helper = which;
	rig32.a = a;
	rig32.b = b;
	rig32.c = c;
	switch (which) {
	case IR_HELPER_goto32:
		rig_leave(a);
		return 0;
	case IR_HELPER_cpsr_read:
		return arm_state_psr(st) & (PSR_NZCV | PSR32_Q | PSR32_GE | PSR32_E | PSR32_AIF | PSR_M_MASK);
	case IR_HELPER_cpsr_write:
		arm_state_set_psr(st, (arm_state_psr(st) & ~(u32)b) | ((u32)a & (u32)b));
		return 0;
	case IR_HELPER_yield:
	case IR_HELPER_sev:
	case IR_HELPER_sevl:
	case IR_HELPER_wfe:
	case IR_HELPER_wfi:
	case IR_HELPER_swp_enabled:
		return 0;
	case IR_HELPER_step_skip32:
		if (!a)
			return 0;
		rig_raise(RIG_HELPER, 0);
		rig_leave(b);
		return 0;
	case IR_HELPER_step_done:
		rig_raise(RIG_HELPER, 0);
		rig_leave(a);
		return 0;
	default:
		rig32.cpsr_at_fault = arm_state_psr(st);
		rig_raise(which == IR_HELPER_undefined ? RIG_UNDEF : RIG_HELPER, 0);
		return a;
	}
}

#define X(name, flags)							\
static u64 rig_##name(struct emu_vcpu *v, u64 a, u64 b, u64 c)		\
{									\
	(void)v;							\
	return rig_call(IR_HELPER_##name, a, b, c);			\
}
#include "emu/ir/helpers.def"
#undef X

u64 (*const helper_table[IR_HELPER_COUNT])(struct emu_vcpu *v, u64 a, u64 b, u64 c) = {
#define X(name, flags) rig_##name,
#include "emu/ir/helpers.def"
#undef X
};

/* ---- running ---- */

static inline u32 rig_get(unsigned int n)
{
	return (u32)rig32.cpu.st.x[bank32_x(rig32.cpu.st.pstate & PSR_M_MASK, n)];
}

static inline void rig_set(unsigned int n, u32 v)
{
	rig32.cpu.st.x[bank32_x(rig32.cpu.st.pstate & PSR_M_MASK, n)] = v;
}

static inline u32 rig_cpsr(void)
{
	return arm_state_psr(&rig32.cpu.st);
}

static inline void rig_set_cpsr(u32 cpsr)
{
	arm_state_set_psr(&rig32.cpu.st, cpsr);
}

/* What a dispatcher makes of PSTATE. */
static u32 rig_mode(void)
{
	u32 psr = rig32.cpu.st.pstate;

	return rig32.mode | IR_MODE_A32 | psr_el(psr) | (psr & 15) << IR_MODE_M_SHIFT |
	       (psr & PSR32_E ? IR_MODE_E : 0) | psr32_it(psr) << IR_MODE_IT_SHIFT;
}

static void rig_check(const char *when)
{
	char why[100] = "";

	if (!ir_verify(&rig32.blk, why, sizeof(why)))
		return;
	ir_dump(&rig32.blk, stderr);
	fprintf(stderr, "%s: %s\n", when, why);
	rig32.stop = RIG_BAD_IR;
}

/* Runs from st.pc until it leaves the first len bytes of code, raises, or calls a helper that ends it. */
static enum rig_stop rig_run(unsigned int len)
{
	struct emu_vcpu *v = &rig32.cpu;
	unsigned int off, r;

	rig32.stop = RIG_END;
	rig32.blocks = 0;
	rig32.helper = IR_HELPER_COUNT;
	v->exc.pending = false;
	while (rig32.stop == RIG_END) {
		off = ((u32)v->st.pc & ~1u) - RIG_CODE;
		if (off >= len)
			break;
		if (++rig32.blocks > 200)
			return RIG_STUCK;
		ir_block_init(&rig32.blk, v->st.pc, rig_mode(), rig32.features);
		v->mode = rig_mode();
		front_a32(&rig32.blk, rig32.code + off, len - off, rig32.max);
		rig_check("built");
		ir_optimise(&rig32.blk);
		rig_check("optimised");
		if (rig32.stop == RIG_BAD_IR)
			break;
		r = (unsigned int)interp_block(v, &rig32.blk);
		/* Only LEAVE may change what the next block is translated for. */
		if (r == INTERP_NEXT && v->mode != rig_mode()) {
			fprintf(stderr, "mode %x became %x without LEAVE\n", v->mode, rig_mode());
			rig32.stop = RIG_BAD_IR;
		}
	}
	return rig32.stop;
}

#endif
