// SPDX-License-Identifier: GPL-2.0-only
/* Status registers, exceptions, hints and barriers of A32 and T32. */
#include "arm/psr.h"
#include "emu/front/a32.h"

static ir_ref call_const(struct front *f, enum ir_helper h, u64 a)
{
	return a32_call(f, h, ir_const(f->b, a), IR_NONE, IR_NONE);
}

/* ---- exceptions ---- */

bool tr32_svc(struct front *f, const struct a32_insn *i)
{
	a32_trap(f, IR_HELPER_svc32, ir_const(f->b, i->imm32), ir_const(f->b, f->next), ir_const(f->b, f->it_next));
	return true;
}

bool tr32_hvc(struct front *f, const struct a32_insn *i)
{
	if (f->it || !a32_privileged(f))
		return false;
	a32_trap(f, IR_HELPER_hvc, ir_const(f->b, i->imm32), IR_NONE, IR_NONE);
	return true;
}

bool tr32_smc(struct front *f, const struct a32_insn *i)
{
	if (!a32_privileged(f))
		return false;
	a32_trap(f, IR_HELPER_smc, ir_const(f->b, i->imm32), IR_NONE, IR_NONE);
	return true;
}

/* Executes whatever the condition is (DDI 0406C A8.8.24). */
bool tr32_bkpt(struct front *f, const struct a32_insn *i)
{
	f->cond = A32_AL;
	a32_trap(f, IR_HELPER_bkpt32, ir_const(f->b, i->imm32), IR_NONE, IR_NONE);
	return true;
}

/* Without halting debug these two are UNDEFINED. */
bool tr32_hlt(struct front *f, const struct a32_insn *i)
{
	(void)f, (void)i;
	return false;
}

bool tr32_dcps(struct front *f, const struct a32_insn *i)
{
	(void)f, (void)i;
	return false;
}

bool tr32_udf(struct front *f, const struct a32_insn *i)
{
	(void)f, (void)i;
	return false;
}

bool tr32_eret(struct front *f, const struct a32_insn *i)
{
	(void)i;
	if (!a32_privileged(f))
		return false;
	a32_unless_skip(f);
	a32_trap(f, IR_HELPER_eret32, a32_get(f, 14), IR_NONE, IR_NONE);
	return true;
}

/* ---- hints and barriers ---- */

static bool hint_wait(struct front *f, enum ir_helper h)
{
	a32_call(f, h, IR_NONE, IR_NONE, IR_NONE);
	a32_leave(f);
	return true;
}

/*
 * Ten NOPs in a row are how kernels for ARMv7 parts with erratum 754327 spell
 * YIELD: a vCPU that spins so may be waiting for one that has no host CPU.
 */
#define LONG_PAUSE 8

static bool long_pause(struct front *f)
{
	f->nops = f->pc == f->nop_next ? f->nops + 1 : 1;
	f->nop_next = f->next;
	return f->nops == LONG_PAUSE;
}

bool tr32_hint(struct front *f, const struct a32_insn *i)
{
	static const enum ir_helper calls[] = {
		[1] = IR_HELPER_yield, [2] = IR_HELPER_wfe, [3] = IR_HELPER_wfi, [4] = IR_HELPER_sev,
		[5] = IR_HELPER_sevl,
	};

	if (!i->hint && long_pause(f)) {
		a32_unless_skip(f);
		a32_call(f, IR_HELPER_yield, IR_NONE, IR_NONE, IR_NONE);
	}
	if (!i->hint || i->hint >= ARM_ARRAY_SIZE(calls))
		return true;
	a32_unless_skip(f);
	if (i->hint == 2 || i->hint == 3)
		return hint_wait(f, calls[i->hint]);
	a32_call(f, calls[i->hint], IR_NONE, IR_NONE, IR_NONE);
	return true;
}

static void barrier(struct front *f, enum ir_barrier kind)
{
	ir_opx(f->b, IR_BARRIER, 64, kind, 0, IR_NONE, IR_NONE, IR_NONE);
}

/* A barrier whose condition fails does no harm.  Loads only: ARMv8; before, that option was reserved, and full. */
static enum ir_barrier data_barrier(struct front *f, unsigned int option)
{
	bool loads = (option & 3) == 1 && arm_has(f->b->features, ARM_FEAT_V8_A32);
	enum ir_barrier kind = loads ? IR_BARRIER_LD : (option & 3) == 2 ? IR_BARRIER_ST : IR_BARRIER_FULL;

	barrier(f, kind);
	return kind;
}

bool tr32_dmb(struct front *f, const struct a32_insn *i)
{
	data_barrier(f, i->option);
	return true;
}

/* TLB maintenance is complete behind a DSB of reads and writes: DDI 0406C B3.10.1. */
bool tr32_dsb(struct front *f, const struct a32_insn *i)
{
	a32_unless_skip(f);
	if (data_barrier(f, i->option) != IR_BARRIER_FULL)
		return true;
	a32_call(f, IR_HELPER_dsb, IR_NONE, IR_NONE, IR_NONE);
	a32_check_pending(f);
	return true;
}

bool tr32_isb(struct front *f, const struct a32_insn *i)
{
	(void)i;
	a32_unless_skip(f);
	barrier(f, IR_BARRIER_ISB);
	a32_check_pending(f);
	return true;
}

/* ---- CPSR and SPSR ---- */

static ir_ref load_ctl(struct front *f, u32 bits)
{
	return ir_opx(f->b, IR_LDCTL, 32, IR_CTL_PSTATE, bits, IR_NONE, IR_NONE, IR_NONE);
}

static void store_ctl(struct front *f, u32 bits, ir_ref v)
{
	ir_opx(f->b, IR_STCTL, 32, IR_CTL_PSTATE, bits, v, IR_NONE, IR_NONE);
}

/* At PL1 all that MRS shows is known here or in PSTATE. */
static ir_ref read_cpsr(struct front *f)
{
	struct ir_block *b = f->b;
	ir_ref v;

	if (!a32_privileged(f)) {
		a32_unless_skip(f);
		return a32_call(f, IR_HELPER_cpsr_read, IR_NONE, IR_NONE, IR_NONE);
	}
	v = load_ctl(f, PSR32_Q | PSR32_GE | PSR32_AIF);
	v = ir_op(b, IR_OR, 32, v, ir_op(b, IR_FL_GET, 64, ir_get_f(b), IR_NONE, IR_NONE), IR_NONE);
	return ir_op(b, IR_OR, 32, v, ir_const(b, a32_mode(f) | (b->mode & IR_MODE_E ? PSR32_E : 0)), IR_NONE);
}

bool tr32_mrs(struct front *f, const struct a32_insn *i)
{
	ir_ref v;

	if (i->Rd == 15)
		return false;
	if (i->spsr) {
		a32_unless_skip(f);
		v = a32_call(f, IR_HELPER_spsr_read, IR_NONE, IR_NONE, IR_NONE);
	} else {
		v = read_cpsr(f);
	}
	a32_set(f, i->Rd, v);
	return true;
}

/*
 * CPSR bits of @mask = v.  Only if the mode or PSTATE.E are others now is the
 * block left: kernels restore interrupt masks by MSR CPSR_c.
 */
static void write_cpsr(struct front *f, ir_ref v, u32 mask)
{
	const u32 bits = PSR_M_MASK | PSR32_E | PSR_IL;
	struct ir_block *b = f->b;
	ir_ref same;

	a32_call(f, IR_HELPER_cpsr_write, v, ir_const(b, mask), IR_NONE);
	same = ir_const(b, a32_mode(f) | (b->mode & IR_MODE_E ? PSR32_E : 0));
	same = ir_op(b, IR_FL_SUB, 32, load_ctl(f, bits), same, IR_NONE);
	a32_leave_if(f, 1, same);
	if (!f->done)
		a32_check_pending(f);
}

/* MSR CPSR_f, _s and _fs: flags alone. */
static void write_flags(struct front *f, ir_ref v, unsigned int mask)
{
	u32 bits = (mask & 8 ? PSR32_Q : 0) | (mask & 4 ? PSR32_GE : 0);

	if (a32_conditional(f))
		store_ctl(f, bits, ir_opx(f->b, IR_CSEL, 32, f->cond, 0, f->flags, v, load_ctl(f, bits)));
	else
		store_ctl(f, bits, v);
	if (mask & 8)
		a32_set_flags(f, ir_op(f->b, IR_FL_MAKE, 64, v, IR_NONE, IR_NONE));
}

static bool msr(struct front *f, const struct a32_insn *i, ir_ref v)
{
	unsigned int mask = i->mask;
	u32 bytes = 0;

	if (!i->spsr && !a32_privileged(f))
		mask &= ~1u;	/* nothing of that is User mode's */
	for (unsigned int k = 0; k < 4; k++)
		bytes |= mask >> k & 1 ? 0xffu << 8 * k : 0;
	if (!bytes)
		return true;
	if (!i->spsr && !(mask & 3)) {
		write_flags(f, v, mask);
		return true;
	}
	a32_unless_skip(f);
	if (i->spsr)
		a32_call(f, IR_HELPER_spsr_write, v, ir_const(f->b, bytes), IR_NONE);
	else
		write_cpsr(f, v, bytes);
	return true;
}

bool tr32_msr_reg(struct front *f, const struct a32_insn *i)
{
	return i->Rn != 15 && msr(f, i, a32_get(f, i->Rn));
}

bool tr32_msr_imm(struct front *f, const struct a32_insn *i)
{
	return msr(f, i, ir_const(f->b, i->imm32));
}

bool tr32_mrs_banked(struct front *f, const struct a32_insn *i)
{
	if (i->Rd == 15)
		return false;
	a32_unless_skip(f);
	a32_set(f, i->Rd, call_const(f, IR_HELPER_mrs_banked, (u64)i->spsr << 5 | i->sysm));
	return true;
}

bool tr32_msr_banked(struct front *f, const struct a32_insn *i)
{
	if (i->Rn == 15)
		return false;
	a32_unless_skip(f);
	a32_call(f, IR_HELPER_msr_banked, ir_const(f->b, (u64)i->spsr << 5 | i->sysm), a32_get(f, i->Rn), IR_NONE);
	return true;
}

bool tr32_cps(struct front *f, const struct a32_insn *i)
{
	u32 bits = i->imod & 2 ? (u32)i->aif << 6 : 0, value = i->imod == 3 ? bits : 0;

	if (!a32_privileged(f))
		return true;
	a32_unless_skip(f);
	if (i->change_mode) {
		write_cpsr(f, ir_const(f->b, value | i->mode), bits | PSR_M_MASK);
		return true;
	}
	store_ctl(f, bits, ir_const(f->b, value));
	if (i->imod == 2)
		a32_check_pending(f);
	return true;
}

bool tr32_setend(struct front *f, const struct a32_insn *i)
{
	if (f->b->mode & IR_MODE_SED)
		return false;
	a32_unless_skip(f);
	write_cpsr(f, ir_const(f->b, i->big ? PSR32_E : 0), PSR32_E);
	return true;
}
