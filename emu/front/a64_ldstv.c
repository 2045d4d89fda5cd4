// SPDX-License-Identifier: GPL-2.0-only
/* Loads and stores of SIMD and FP registers, but for the structure ones. */
#include "emu/front/front.h"

/* The access of 1 << scale bytes at @base + @disp; then, if @wb, base += @step. */
static void vec_access(struct front *f, const struct a64_insn *i, unsigned int scale, ir_ref base,
		       s64 disp, bool wb, s64 step)
{
	struct ir_block *b = f->b;
	unsigned int mop = scale | (i->Rn == 31 ? IR_MO_SP : 0);
	bool load = i->opc & 1;
	ir_ref v = IR_NONE;

	if (load)
		v = ir_mem(b, IR_LDV, 64, mop, disp, base, IR_NONE, IR_NONE);
	else
		ir_mem(b, IR_STV, 64, mop, disp, base, ir_get_v(b, i->Rt), IR_NONE);
	if (wb)
		front_set_xsp(f, i->Rn, ir_op(b, IR_ADD, 64, base, ir_const(b, (u64)step), IR_NONE));
	if (load)
		ir_set_v(b, i->Rt, v);
}

static unsigned int vec_scale(const struct a64_insn *i)
{
	return (i->opc & 2) << 1 | i->size;
}

static bool ldstv_imm(struct front *f, const struct a64_insn *i, s64 disp, bool wb, s64 step)
{
	if (!front_fp_trapped(f))
		vec_access(f, i, vec_scale(i), front_base(f, i->Rn), disp, wb, step);
	return true;
}

bool tr_ldstv_imm9(struct front *f, const struct a64_insn *i)
{
	return ldstv_imm(f, i, arm_sext(i->imm9, 9), false, 0);
}

bool tr_ldstv_post(struct front *f, const struct a64_insn *i)
{
	return ldstv_imm(f, i, 0, true, arm_sext(i->imm9, 9));
}

bool tr_ldstv_pre(struct front *f, const struct a64_insn *i)
{
	s64 imm = arm_sext(i->imm9, 9);

	return ldstv_imm(f, i, imm, true, imm);
}

bool tr_ldstv_uimm(struct front *f, const struct a64_insn *i)
{
	return ldstv_imm(f, i, (s64)i->imm12 << vec_scale(i), false, 0);
}

bool tr_ldstv_register(struct front *f, const struct a64_insn *i)
{
	unsigned int scale = vec_scale(i);
	ir_ref base;

	if (front_fp_trapped(f))
		return true;
	base = front_base(f, i->Rn);
	base = ir_op(f->b, IR_ADD, 64, base, front_reg_offset(f, i, scale), IR_NONE);
	vec_access(f, i, scale, base, 0, false, 0);
	return true;
}

bool tr_ldrv_lit(struct front *f, const struct a64_insn *i)
{
	u64 addr = f->pc + 4 * (u64)arm_sext(i->imm19, 19);

	if (!front_fp_trapped(f))
		ir_set_v(f->b, i->Rt, ir_mem(f->b, IR_LDV, 64, 2u + i->opc, 0,
					     ir_const(f->b, addr), IR_NONE, IR_NONE));
	return true;
}

/* ---- pairs ---- */

/* The second value of a pair; must follow at once. */
static ir_ref second(struct ir_block *b, ir_ref first)
{
	struct ir_insn t = b->insns[first];

	t.op = IR_LDVP2;
	t.arg[0] = first;
	return ir_emit(b, &t);
}

static bool ldstv_pair(struct front *f, const struct a64_insn *i, bool before, bool wb)
{
	struct ir_block *b = f->b;
	unsigned int size = 2u + i->opc, mop = size | (i->Rn == 31 ? IR_MO_SP : 0);
	s64 imm = arm_sext(i->imm7, 7) * (1 << size), disp = before ? imm : 0;
	ir_ref base, v1 = IR_NONE, v2 = IR_NONE;

	if (front_fp_trapped(f))
		return true;
	base = front_base(f, i->Rn);
	if (i->L) {
		v1 = ir_mem(b, IR_LDVP, 64, mop, disp, base, IR_NONE, IR_NONE);
		v2 = second(b, v1);
	} else {
		v1 = ir_get_v(b, i->Rt);
		v2 = ir_get_v(b, i->Rt2);
		ir_mem(b, IR_STVP, 64, mop, disp, base, v1, v2);
	}
	if (wb)
		front_set_xsp(f, i->Rn, ir_op(b, IR_ADD, 64, base, ir_const(b, (u64)imm), IR_NONE));
	if (i->L) {
		ir_set_v(b, i->Rt, v1);
		ir_set_v(b, i->Rt2, v2);
	}
	return true;
}

bool tr_ldpv_no_alloc(struct front *f, const struct a64_insn *i)
{
	return ldstv_pair(f, i, true, false);
}

bool tr_ldpv_offset(struct front *f, const struct a64_insn *i)
{
	return ldstv_pair(f, i, true, false);
}

bool tr_ldpv_post_idx(struct front *f, const struct a64_insn *i)
{
	return ldstv_pair(f, i, false, true);
}

bool tr_ldpv_pre_idx(struct front *f, const struct a64_insn *i)
{
	return ldstv_pair(f, i, true, true);
}
