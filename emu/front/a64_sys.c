// SPDX-License-Identifier: GPL-2.0-only
/* System registers and operations, exceptions, hints and barriers. */
#include "arm/sysreg.h"
#include "emu/front/front.h"

bool front_fp_trapped(struct front *f)
{
	if (!(f->b->mode & IR_MODE_FP_TRAP))
		return false;
	ir_call(f->b, IR_HELPER_fp_trap, IR_NONE, IR_NONE, IR_NONE);
	front_leave_set(f);
	return true;
}

static ir_ref call_const(struct front *f, enum ir_helper h, u64 a)
{
	return ir_call(f->b, h, ir_const(f->b, a), IR_NONE, IR_NONE);
}

/* ---- exceptions ---- */

/* The helper raises an exception, or sets the pc. */
static bool trap(struct front *f, enum ir_helper h, u64 imm)
{
	call_const(f, h, imm);
	front_leave_set(f);
	return true;
}

bool tr_exc_svc(struct front *f, const struct a64_insn *i)
{
	return trap(f, IR_HELPER_svc, i->imm16);
}

bool tr_exc_hvc(struct front *f, const struct a64_insn *i)
{
	return front_el(f) && trap(f, IR_HELPER_hvc, i->imm16);
}

bool tr_exc_smc(struct front *f, const struct a64_insn *i)
{
	return front_el(f) && trap(f, IR_HELPER_smc, i->imm16);
}

bool tr_exc_breakpoint(struct front *f, const struct a64_insn *i)
{
	return trap(f, IR_HELPER_brk, i->imm16);
}

bool tr_eret(struct front *f, const struct a64_insn *i)
{
	(void)i;
	return front_el(f) && trap(f, IR_HELPER_eret, 0);
}

/* Without halting debug these are UNDEFINED. */
bool tr_exc_exception(struct front *f, const struct a64_insn *i)
{
	(void)f, (void)i;
	return false;
}

bool tr_exc_halt(struct front *f, const struct a64_insn *i)
{
	(void)f, (void)i;
	return false;
}

bool tr_dret(struct front *f, const struct a64_insn *i)
{
	(void)f, (void)i;
	return false;
}

bool tr_udf(struct front *f, const struct a64_insn *i)
{
	(void)f, (void)i;
	return false;
}

/* ---- hints and barriers ---- */

bool tr_hint(struct front *f, const struct a64_insn *i)
{
	enum ir_helper h;
	bool leave = false;

	switch (i->op) {
	case A64_WFI: h = IR_HELPER_wfi; leave = true; break;
	case A64_WFE: h = IR_HELPER_wfe; leave = true; break;
	case A64_SEV: h = IR_HELPER_sev; break;
	case A64_SEVL: h = IR_HELPER_sevl; break;
	case A64_YIELD: h = IR_HELPER_yield; break;
	default: return true;
	}
	ir_call(f->b, h, IR_NONE, IR_NONE, IR_NONE);
	if (leave)
		front_leave(f, f->pc + 4);
	return true;
}

/*
 * FEAT_WFxT: waiting may end at any time (DDI 0487 D1.16), and here it does at
 * once, as the sleep of WFI and WFE knows no deadline.
 */
static bool wait_timeout(struct front *f)
{
	ir_call(f->b, IR_HELPER_yield, IR_NONE, IR_NONE, IR_NONE);
	front_leave(f, f->pc + 4);
	return true;
}

bool tr_wfet(struct front *f, const struct a64_insn *i)
{
	(void)i;
	return wait_timeout(f);
}

bool tr_wfit(struct front *f, const struct a64_insn *i)
{
	(void)i;
	return wait_timeout(f);
}

static void barrier(struct front *f, enum ir_barrier kind)
{
	ir_opx(f->b, IR_BARRIER, 64, kind, 0, IR_NONE, IR_NONE, IR_NONE);
}

/* An interrupt may have become unmasked, or somebody wants this vCPU's attention. */
static void check_pending(struct front *f)
{
	if (!(f->b->mode & IR_MODE_STEP))	/* leaves behind each instruction anyhow */
		ir_opx(f->b, IR_XPENDING, 64, 0, f->pc + 4, IR_NONE, IR_NONE, IR_NONE);
}

static bool data_barrier(struct front *f, unsigned int crm)
{
	static const u8 kinds[] = {
		IR_BARRIER_FULL, IR_BARRIER_LD, IR_BARRIER_ST, IR_BARRIER_FULL,
	};

	barrier(f, (enum ir_barrier)kinds[crm & 3]);
	return true;
}

bool tr_dmb(struct front *f, const struct a64_insn *i)
{
	return data_barrier(f, i->CRm);
}

/* TLB maintenance is complete behind a DSB of reads and writes: DDI 0487 D8.16 (TLB maintenance). */
bool tr_dsb(struct front *f, const struct a64_insn *i)
{
	data_barrier(f, i->CRm);
	if ((i->CRm & 3) == 1 || (i->CRm & 3) == 2)
		return true;
	ir_call(f->b, IR_HELPER_dsb, IR_NONE, IR_NONE, IR_NONE);
	check_pending(f);
	return true;
}

bool tr_isb(struct front *f, const struct a64_insn *i)
{
	(void)i;
	barrier(f, IR_BARRIER_ISB);
	/*
	 * What an ISB makes visible has ended its own block already, or has
	 * set a request (code changed by another vCPU).
	 */
	check_pending(f);
	return true;
}

bool tr_clrex(struct front *f, const struct a64_insn *i)
{
	(void)i;
	ir_op(f->b, IR_CLREX, 64, IR_NONE, IR_NONE, IR_NONE);
	return true;
}

/* ---- MRS, MSR ---- */

#define ENC_NZCV ARM_SYSREG_ENC(3, 3, 4, 2, 0)
#define ENC_DAIF ARM_SYSREG_ENC(3, 3, 4, 2, 1)
#define ENC_SPSEL ARM_SYSREG_ENC(3, 0, 4, 2, 0)
#define ENC_CURRENTEL ARM_SYSREG_ENC(3, 0, 4, 2, 2)
#define ENC_SP_EL0 ARM_SYSREG_ENC(3, 0, 4, 1, 0)

/* Effects that forbid to access the slot directly, and those that also end the block. */
#define SRF_EFFECT_R (ARM_SRF_RSIDE | ARM_SRF_IO | ARM_SRF_HIGHEST | ARM_SRF_BANKED)
#define SRF_EFFECT_W (SRF_EFFECT_R | SRF_LEAVE | ARM_SRF_HIGHEST_W)
#define SRF_LEAVE (ARM_SRF_REGIME | ARM_SRF_ENDS | ARM_SRF_IO)

/*
 * The row of a register that is plain storage for this level and that no
 * control can trap, so that it is accessed in place; else NULL.
 */
static const struct arm_sysreg_row *plain_row(struct front *f, u32 enc, bool write)
{
	const struct arm_sysreg_row *r = arm_sysreg_lookup(enc);
	unsigned int el = front_el(f);

	if (!r || r->trap != ARM_TRAP_NONE || r->feat != ARM_FEAT_BASE || r->slot == ARM_SLOT_NONE ||
	    (r->flags & (write ? SRF_EFFECT_W : SRF_EFFECT_R)))
		return NULL;
	/* SP_EL0 is in its slot only while another SP is selected. */
	if (r->handler != ARM_HND_NONE &&
	    !(enc == ENC_SP_EL0 && el && (f->b->mode & IR_MODE_SPSEL)))
		return NULL;
	if (el < (write ? r->wr : r->rd))
		return NULL;
	return r;
}

static ir_ref sysreg_read(struct front *f, u32 enc, unsigned int rt)
{
	struct ir_block *b = f->b;
	const struct arm_sysreg_row *r;

	if (enc == ENC_NZCV)
		return ir_op(b, IR_FL_GET, 64, ir_get_f(b), IR_NONE, IR_NONE);
	if (enc == ENC_CURRENTEL && front_el(f))
		return ir_const(b, front_el(f) << 2);
	if (enc == ENC_DAIF && front_el(f))
		return ir_op(b, IR_LDDAIF, 64, IR_NONE, IR_NONE, IR_NONE);
	if (enc == ENC_SPSEL && front_el(f))
		return ir_const(b, !!(b->mode & IR_MODE_SPSEL));
	r = plain_row(f, enc, false);
	if (r)
		return ir_opx(b, IR_LDSYS, 64, 0, r->slot, IR_NONE, IR_NONE, IR_NONE);
	return ir_call(b, IR_HELPER_sysreg_read, ir_const(b, enc), ir_const(b, rt), IR_NONE);
}

static void plain_write(struct front *f, const struct arm_sysreg_row *r, ir_ref v)
{
	struct ir_block *b = f->b;
	ir_ref old;

	if (~r->wmask) {
		old = ir_opx(b, IR_LDSYS, 64, 0, r->slot, IR_NONE, IR_NONE, IR_NONE);
		old = ir_op(b, IR_AND, 64, old, ir_const(b, ~r->wmask), IR_NONE);
		v = ir_op(b, IR_AND, 64, v, ir_const(b, r->wmask), IR_NONE);
		v = ir_op(b, IR_OR, 64, v, old, IR_NONE);
	}
	ir_opx(b, IR_STSYS, 64, 0, r->slot, v, IR_NONE, IR_NONE);
}

static void sysreg_write(struct front *f, u32 enc, unsigned int rt)
{
	struct ir_block *b = f->b;
	const struct arm_sysreg_row *r;
	ir_ref v = front_x(f, rt);

	if (enc == ENC_NZCV) {
		ir_set_f(b, ir_op(b, IR_FL_MAKE, 64, v, IR_NONE, IR_NONE));
		return;
	}
	if (enc == ENC_DAIF && front_el(f)) {
		ir_op(b, IR_STDAIF, 64, v, IR_NONE, IR_NONE);
		check_pending(f);
		return;
	}
	r = plain_row(f, enc, true);
	if (r) {
		plain_write(f, r, v);
		return;
	}
	ir_call(b, IR_HELPER_sysreg_write, ir_const(b, enc), v, ir_const(b, rt));
	r = arm_sysreg_lookup(enc);
	if (!r || r->handler != ARM_HND_NONE || (r->flags & SRF_LEAVE))
		front_leave(f, f->pc + 4);
}

bool tr_mrs_msr(struct front *f, const struct a64_insn *i)
{
	u32 enc = ARM_SYSREG_ENC_OF_INSN(i->word);

	if (i->op == A64_MRS)
		front_set_x(f, i->Rt, sysreg_read(f, enc, i->Rt));
	else
		sysreg_write(f, enc, i->Rt);
	return true;
}

/* DAIFSet only masks: nothing becomes pending. */
static void daif_imm(struct front *f, bool set, unsigned int crm)
{
	struct ir_block *b = f->b;
	ir_ref old = ir_op(b, IR_LDDAIF, 64, IR_NONE, IR_NONE, IR_NONE);
	ir_ref bits = ir_const(b, (u64)crm << 6);

	ir_op(b, IR_STDAIF, 64, ir_op(b, set ? IR_OR : IR_ANDN, 64, old, bits, IR_NONE), IR_NONE, IR_NONE);
	if (!set)
		check_pending(f);
}

bool tr_msr_imm(struct front *f, const struct a64_insn *i)
{
	u64 field = ARM_PSTATE_ENC(i->op1, i->op2);

	if (front_el(f) && (field == ARM_PSTATE_DAIFSET || field == ARM_PSTATE_DAIFCLR)) {
		daif_imm(f, field == ARM_PSTATE_DAIFSET, i->CRm);
		return true;
	}
	ir_call(f->b, IR_HELPER_msr_imm, ir_const(f->b, field), ir_const(f->b, i->CRm), IR_NONE);
	front_leave(f, f->pc + 4);
	return true;
}

/* ---- SYS ---- */

#define ENC_DC_ZVA ARM_SYSREG_ENC(1, 3, 7, 4, 1)

/* Translations or code may be others now: TLBI, IC, AT. */
static bool sys_leaves(const struct a64_insn *i)
{
	return i->CRn != 7 || i->CRm == 1 || i->CRm == 5 || i->CRm == 8;
}

bool tr_sys(struct front *f, const struct a64_insn *i)
{
	struct ir_block *b = f->b;
	u32 enc = ARM_SYSREG_ENC_OF_INSN(i->word);
	ir_ref v;

	/* Armv8.0 has no SYSL but implementation defined ones, of which there are none. */
	if (i->op == A64_SYSL)
		return false;
	v = front_x(f, i->Rt);
	if (enc == ENC_DC_ZVA) {
		ir_call(b, IR_HELPER_dc_zva, v, IR_NONE, IR_NONE);
		return true;
	}
	ir_call(b, IR_HELPER_sysop, ir_const(b, enc), v, ir_const(b, i->Rt));
	if (sys_leaves(i))
		front_leave(f, f->pc + 4);
	return true;
}
