// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads and stores of general registers.  Registers are written behind every
 * access of the instruction, so that a fault finds the state before it.
 */
#include "emu/front/front.h"

/*
 * SCTLR.SA: check once for each value of SP, where values that differ by a
 * constant multiple of 16 count as one.
 */
static void sp_check(struct front *f, ir_ref sp)
{
	struct ir_block *b = f->b;
	const struct ir_insn *t = &b->insns[sp];
	ir_ref root = sp;
	u64 off = 0, c;

	if ((t->op == IR_ADD || t->op == IR_SUB) && t->w == 64 && ir_is_const(b, t->arg[1], &c)) {
		root = t->arg[0];
		off = (t->op == IR_ADD ? c : 0 - c) & 15;
	}
	if (b->sp_checked == root && b->sp_off == off)
		return;
	b->sp_checked = root;
	b->sp_off = (u8)off;
	ir_op(b, IR_SPCHECK, 64, sp, IR_NONE, IR_NONE);
}

ir_ref front_base(struct front *f, unsigned int rn)
{
	ir_ref v = front_xsp(f, rn);

	if (rn == 31 && (f->b->mode & IR_MODE_SP_CHECK))
		sp_check(f, v);
	return v;
}

/* A single access: what size and opc of most classes say. */
struct access {
	bool load, none;	/* none: a prefetch */
	unsigned int w, mop;
};

static struct access access_of(const struct a64_insn *i)
{
	struct access a = { .load = i->opc != 0, .mop = i->size, .w = i->size == 3 ? 64 : 32 };

	a.none = i->size == 3 && i->opc == 2;
	if (i->opc >= 2) {
		a.mop |= IR_MO_SIGN;
		a.w = i->opc == 2 ? 64 : 32;
	}
	if (i->Rn == 31)
		a.mop |= IR_MO_SP;
	return a;
}

/* The access at @base + @disp; then, if @wb, base = base + @step. */
static void access_do(struct front *f, const struct a64_insn *i, const struct access *a, ir_ref base,
		      s64 disp, bool wb, s64 step)
{
	struct ir_block *b = f->b;
	ir_ref v = IR_NONE;

	if (a->load)
		v = ir_mem(b, IR_LD, a->w, a->mop, disp, base, IR_NONE, IR_NONE);
	else
		ir_mem(b, IR_ST, a->w, a->mop, disp, base, front_x(f, i->Rt), IR_NONE);
	if (wb)
		front_set_xsp(f, i->Rn, ir_op(b, IR_ADD, 64, base, ir_const(b, (u64)step), IR_NONE));
	if (a->load)
		front_set_x(f, i->Rt, v);
}

static bool ldst_imm(struct front *f, const struct a64_insn *i, s64 disp, bool wb, s64 step,
		     unsigned int mop)
{
	struct access a = access_of(i);

	if (a.none)
		return true;
	a.mop |= mop;
	access_do(f, i, &a, front_base(f, i->Rn), disp, wb, step);
	return true;
}

bool tr_ldst_imm9(struct front *f, const struct a64_insn *i)
{
	return ldst_imm(f, i, arm_sext(i->imm9, 9), false, 0, 0);
}

bool tr_ldst_unpriv(struct front *f, const struct a64_insn *i)
{
	return ldst_imm(f, i, arm_sext(i->imm9, 9), false, 0, front_el(f) == 1 ? IR_MO_UNPRIV : 0);
}

bool tr_ldst_post(struct front *f, const struct a64_insn *i)
{
	return ldst_imm(f, i, 0, true, arm_sext(i->imm9, 9), 0);
}

bool tr_ldst_pre(struct front *f, const struct a64_insn *i)
{
	s64 imm = arm_sext(i->imm9, 9);

	return ldst_imm(f, i, imm, true, imm, 0);
}

bool tr_ldst_uimm(struct front *f, const struct a64_insn *i)
{
	return ldst_imm(f, i, (s64)i->imm12 << i->size, false, 0, 0);
}

ir_ref front_reg_offset(struct front *f, const struct a64_insn *i, unsigned int scale)
{
	struct ir_block *b = f->b;
	ir_ref m = front_x(f, i->Rm);

	if (!(i->option_name & 1))
		m = ir_opx(b, i->option_name & 4 ? IR_SEXT : IR_ZEXT, 64, 32, 0, m, IR_NONE, IR_NONE);
	if (i->S && scale)
		m = ir_op(b, IR_SHL, 64, m, ir_const(b, scale), IR_NONE);
	return m;
}

bool tr_ldst_register(struct front *f, const struct a64_insn *i)
{
	struct access a = access_of(i);
	ir_ref base;

	if (a.none)
		return true;
	base = front_base(f, i->Rn);
	base = ir_op(f->b, IR_ADD, 64, base, front_reg_offset(f, i, i->size), IR_NONE);
	access_do(f, i, &a, base, 0, false, 0);
	return true;
}

bool tr_ldst_range(struct front *f, const struct a64_insn *i)
{
	(void)f, (void)i;	/* RPRFM is a hint */
	return true;
}

bool tr_ldr_lit(struct front *f, const struct a64_insn *i)
{
	u64 addr = f->pc + 4 * (u64)arm_sext(i->imm19, 19);
	unsigned int size = i->opc == 1 ? 3 : 2;

	if (i->op == A64_PRFM_LIT)
		return true;
	if (i->op == A64_LDRSW_LIT)
		size |= IR_MO_SIGN;
	front_set_x(f, i->Rt, ir_mem(f->b, IR_LD, i->opc ? 64 : 32, size, 0, ir_const(f->b, addr),
				     IR_NONE, IR_NONE));
	return true;
}

/* ---- pairs ---- */

/* The second value of a pair; must follow at once. */
static ir_ref second(struct ir_block *b, ir_ref first)
{
	struct ir_insn t = b->insns[first];

	t.op = IR_LDP2;
	t.arg[0] = first;
	return ir_emit(b, &t);
}

static bool ldst_pair(struct front *f, const struct a64_insn *i, bool before, bool wb)
{
	struct ir_block *b = f->b;
	unsigned int size = i->opc & 2 ? 3 : 2, mop = size, w = size == 3 ? 64 : 32;
	s64 imm = arm_sext(i->imm7, 7) * (1 << size), disp = before ? imm : 0;
	ir_ref base = front_base(f, i->Rn), v1 = IR_NONE, v2 = IR_NONE;

	if (i->opc == 1) {	/* LDPSW */
		mop |= IR_MO_SIGN;
		w = 64;
	}
	if (i->Rn == 31)
		mop |= IR_MO_SP;
	if (i->L) {
		v1 = ir_mem(b, IR_LDP, w, mop, disp, base, IR_NONE, IR_NONE);
		v2 = second(b, v1);
	} else {
		ir_mem(b, IR_STP, w, mop, disp, base, front_x(f, i->Rt), front_x(f, i->Rt2));
	}
	if (wb)
		front_set_xsp(f, i->Rn, ir_op(b, IR_ADD, 64, base, ir_const(b, (u64)imm), IR_NONE));
	if (i->L) {
		front_set_x(f, i->Rt, v1);
		front_set_x(f, i->Rt2, v2);
	}
	return true;
}

bool tr_ldp_no_alloc(struct front *f, const struct a64_insn *i)
{
	return ldst_pair(f, i, true, false);
}

bool tr_ldp_offset(struct front *f, const struct a64_insn *i)
{
	return ldst_pair(f, i, true, false);
}

bool tr_ldp_post_idx(struct front *f, const struct a64_insn *i)
{
	return ldst_pair(f, i, false, true);
}

bool tr_ldp_pre_idx(struct front *f, const struct a64_insn *i)
{
	return ldst_pair(f, i, true, true);
}
