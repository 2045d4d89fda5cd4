// SPDX-License-Identifier: GPL-2.0-only
/*
 * Data processing of A32 and T32.  A flag-setting ADD or SUB is the value and
 * right behind it the FL_ operation with the same arguments (docs/ir.md).
 */
#include "emu/front/a32.h"
#include "isa/a32_checks.h"

/* The second operand; carry: bit 0 is what a flag-setting logical operation makes of C, IR_NONE: C stays. */
struct operand {
	ir_ref v, carry;
};

static ir_ref op_c(struct front *f, enum ir_op op, unsigned int w, ir_ref a, u64 c)
{
	return ir_op(f->b, op, w, a, ir_const(f->b, c), IR_NONE);
}

/* PSTATE.C as 0 or 1. */
static ir_ref carry_flag(struct front *f)
{
	return ir_opx(f->b, IR_CSEL, 32, 2, 0, ir_get_f(f->b), ir_const(f->b, 1), ir_const(f->b, 0));
}

/* ---- shifts ---- */

ir_ref a32_shift(struct front *f, unsigned int stype, unsigned int n, ir_ref m)
{
	switch (stype) {
	case A32_LSL:
		return n ? op_c(f, IR_SHL, 32, m, n) : m;
	case A32_LSR:
		return n < 32 ? op_c(f, IR_SHR, 32, m, n) : ir_const(f->b, 0);
	case A32_ASR:
		return op_c(f, IR_SAR, 32, m, n < 32 ? n : 31);
	case A32_ROR:
		return op_c(f, IR_ROR, 32, m, n);
	default:
		return ir_opx(f->b, IR_EXTR, 32, 1, 0, carry_flag(f), m, IR_NONE);
	}
}

/* What the shift moves out, in bit 0. */
static ir_ref shift_carry(struct front *f, unsigned int stype, unsigned int n, ir_ref m)
{
	if (stype == A32_RRX)
		return m;
	if (!n)
		return IR_NONE;
	n = stype == A32_LSL ? 32 - n : n - 1;
	return n ? op_c(f, IR_SHR, 32, m, n) : m;
}

static struct operand shifted(struct front *f, const struct a32_insn *i)
{
	ir_ref m = a32_get(f, i->Rm);

	return (struct operand){
		.v = a32_shift(f, i->stype, i->samount, m),
		.carry = i->S ? shift_carry(f, i->stype, i->samount, m) : IR_NONE,
	};
}

/*
 * By the low byte of Rs, all of 0..255.  Done in 64 bits with a count of at most
 * 63, where everything from 33 on gives the same; the bit moved out last is
 * bit 32 of a left shift, and the lowest one of a right shift of m * 2.
 */
static struct operand shifted_by_reg(struct front *f, const struct a32_insn *i)
{
	static const enum ir_op ops[] = { IR_SHL, IR_SHR, IR_SAR };
	struct ir_block *b = f->b;
	ir_ref m = a32_get(f, i->Rm), s = op_c(f, IR_AND, 32, a32_get(f, i->Rs), 0xff), n, wide, out, is_zero;
	struct operand o;

	n = ir_opx(b, IR_CSEL, 32, 9, 0, ir_op(b, IR_FL_SUB, 32, s, ir_const(b, 63), IR_NONE), s, ir_const(b, 63));
	if (i->stype == A32_ASR)
		m = ir_opx(b, IR_SEXT, 64, 32, 0, m, IR_NONE, IR_NONE);
	if (i->stype == A32_ROR) {
		o.v = ir_op(b, IR_ROR, 32, m, s, IR_NONE);
		out = op_c(f, IR_SHR, 32, o.v, 31);
	} else if (i->stype == A32_LSL) {
		wide = ir_op(b, IR_SHL, 64, m, n, IR_NONE);
		o.v = ir_opx(b, IR_ZEXT, 64, 32, 0, wide, IR_NONE, IR_NONE);
		out = op_c(f, IR_SHR, 64, wide, 32);
	} else {
		wide = ir_op(b, ops[i->stype], 64, m, n, IR_NONE);
		o.v = ir_opx(b, IR_ZEXT, 64, 32, 0, wide, IR_NONE, IR_NONE);
		out = ir_op(b, ops[i->stype], 64, op_c(f, IR_SHL, 64, m, 1), n, IR_NONE);
	}
	is_zero = ir_op(b, IR_FL_LOGIC, 32, s, IR_NONE, IR_NONE);
	o.carry = i->S ? ir_opx(b, IR_CSEL, 32, 0, 0, is_zero, carry_flag(f), out) : IR_NONE;
	return o;
}

/* ---- operations ---- */

static bool dp_compares(unsigned int dp)
{
	return dp >= A32_DP_TST && dp <= A32_DP_CMN;
}

/* The result goes to the pc. */
static bool to_pc(struct front *f, const struct a32_insn *i, ir_ref v)
{
	if (i->S)
		a32_trap(f, IR_HELPER_eret32, v, IR_NONE, IR_NONE);
	else if (i->dp == A32_DP_MOV && !a32_thumb(f) && i->Rm == 14)
		a32_bx(f, v, IR_JUMP_RET);
	else
		a32_alu_pc(f, v);
	return true;
}

static bool dp_logic(struct front *f, const struct a32_insn *i, const struct operand *o)
{
	static const u8 ops[] = {
		[A32_DP_AND] = IR_AND, [A32_DP_EOR] = IR_XOR, [A32_DP_TST] = IR_AND, [A32_DP_TEQ] = IR_XOR,
		[A32_DP_ORR] = IR_OR, [A32_DP_BIC] = IR_ANDN, [A32_DP_ORN] = IR_ORN,
	};
	struct ir_block *b = f->b;
	ir_ref v = o->v, fl;

	if (i->dp == A32_DP_MVN)
		v = ir_op(b, IR_NOT, 32, v, IR_NONE, IR_NONE);
	else if (i->dp != A32_DP_MOV)
		v = ir_op(b, (enum ir_op)ops[i->dp], 32, a32_get(f, i->Rn), v, IR_NONE);
	if (i->Rd == 15 && !dp_compares(i->dp))
		return to_pc(f, i, v);
	if (i->S) {
		if (o->carry)
			fl = ir_op(b, IR_FL_LOGICC, 32, v, o->carry, ir_get_f(b));
		else
			fl = ir_op(b, IR_FL_NZ, 32, v, ir_get_f(b), IR_NONE);
		a32_set_flags(f, fl);
	}
	if (!dp_compares(i->dp))
		a32_set(f, i->Rd, v);
	return true;
}

static bool dp_arith(struct front *f, const struct a32_insn *i, const struct operand *o)
{
	static const struct { u8 op, flags; bool swap, carry; } kinds[] = {
		[A32_DP_SUB] = { IR_SUB, IR_FL_SUB, false, false }, [A32_DP_RSB] = { IR_SUB, IR_FL_SUB, true, false },
		[A32_DP_ADD] = { IR_ADD, IR_FL_ADD, false, false }, [A32_DP_ADC] = { IR_ADC, IR_FL_ADC, false, true },
		[A32_DP_SBC] = { IR_SBC, IR_FL_SBC, false, true }, [A32_DP_RSC] = { IR_SBC, IR_FL_SBC, true, true },
		[A32_DP_CMP] = { IR_SUB, IR_FL_SUB, false, false }, [A32_DP_CMN] = { IR_ADD, IR_FL_ADD, false, false },
	};
	struct ir_block *b = f->b;
	enum ir_op op = (enum ir_op)kinds[i->dp].op;
	ir_ref n = a32_get(f, i->Rn), x = kinds[i->dp].swap ? o->v : n, y = kinds[i->dp].swap ? n : o->v;
	ir_ref c = kinds[i->dp].carry ? ir_get_f(b) : IR_NONE, v = IR_NONE;

	if (!dp_compares(i->dp)) {
		if (i->S && !c)
			v = ir_op_flags(b, op, 32, x, y);
		else
			v = ir_op(b, op, 32, x, y, c);
		if (i->Rd == 15)
			return to_pc(f, i, v);
	}
	if (i->S)
		a32_set_flags(f, ir_op(b, (enum ir_op)kinds[i->dp].flags, 32, x, y, c));
	if (v)
		a32_set(f, i->Rd, v);
	return true;
}

static bool dp(struct front *f, const struct a32_insn *i, const struct operand *o)
{
	/*
	 * Choosing between two sets of flags costs more than an exit.  Inside an IT
	 * block it does not: such an exit goes by the dispatcher.
	 */
	if (i->S && !f->it_next)
		a32_unless_skip(f);
	switch (i->dp) {
	case A32_DP_SUB ... A32_DP_RSC:
	case A32_DP_CMP:
	case A32_DP_CMN:
		return dp_arith(f, i, o);
	default:
		return i->dp <= A32_DP_ORN && dp_logic(f, i, o);
	}
}

bool tr32_dp_imm(struct front *f, const struct a32_insn *i)
{
	struct operand o = { .v = ir_const(f->b, i->imm32) };

	if (i->imm_carry < 2)
		o.carry = ir_const(f->b, i->imm_carry);
	return dp(f, i, &o);
}

bool tr32_dp_reg(struct front *f, const struct a32_insn *i)
{
	struct operand o = shifted(f, i);

	return dp(f, i, &o);
}

bool tr32_dp_rsr(struct front *f, const struct a32_insn *i)
{
	struct operand o;

	if (i->Rd == 15)
		return false;
	o = shifted_by_reg(f, i);
	return dp(f, i, &o);
}

bool tr32_adr(struct front *f, const struct a32_insn *i)
{
	ir_ref v = ir_const(f->b, (u32)((a32_pc(f) & ~3u) + i->imm32));

	if (i->Rd == 15)
		a32_alu_pc(f, v);
	else
		a32_set(f, i->Rd, v);
	return true;
}

bool tr32_movt(struct front *f, const struct a32_insn *i)
{
	if (i->Rd == 15)
		return false;
	a32_set(f, i->Rd, ir_opx(f->b, IR_BFI, 32, 16, 16, a32_get(f, i->Rd), ir_const(f->b, i->imm32), IR_NONE));
	return true;
}

/* ---- bit fields and bytes ---- */

bool tr32_bfi(struct front *f, const struct a32_insn *i)
{
	ir_ref n = i->Rn == 15 ? ir_const(f->b, 0) : a32_get(f, i->Rn);

	if (i->Rd == 15 || !i->width || i->lsb + i->width > 32)
		return false;
	a32_set(f, i->Rd, ir_opx(f->b, IR_BFI, 32, i->lsb, i->width, a32_get(f, i->Rd), n, IR_NONE));
	return true;
}

bool tr32_bfx(struct front *f, const struct a32_insn *i)
{
	ir_ref v;

	if (i->Rd == 15 || !i->width || i->lsb + i->width > 32)
		return false;
	v = a32_get(f, i->Rn);
	if (i->lsb + i->width == 32) {
		v = i->lsb ? op_c(f, i->sign ? IR_SAR : IR_SHR, 32, v, i->lsb) : v;
	} else {
		v = i->lsb ? op_c(f, IR_SHR, 32, v, i->lsb) : v;
		v = ir_opx(f->b, i->sign ? IR_SEXT : IR_ZEXT, 32, i->width, 0, v, IR_NONE, IR_NONE);
	}
	a32_set(f, i->Rd, v);
	return true;
}

bool tr32_clz(struct front *f, const struct a32_insn *i)
{
	if (i->Rd == 15)
		return false;
	a32_set(f, i->Rd, ir_op(f->b, IR_CLZ, 32, a32_get(f, i->Rm), IR_NONE, IR_NONE));
	return true;
}

bool tr32_rev(struct front *f, const struct a32_insn *i)
{
	static const enum ir_op ops[] = {
		[A32_REV] = IR_REV, [A32_REV16] = IR_REV16, [A32_REVSH] = IR_REV16, [A32_RBIT] = IR_RBIT,
	};
	ir_ref v;

	if (i->Rd == 15)
		return false;
	v = ir_op(f->b, ops[i->rev_op & 3], 32, a32_get(f, i->Rm), IR_NONE, IR_NONE);
	if (i->rev_op == A32_REVSH)
		v = ir_opx(f->b, IR_SEXT, 32, 16, 0, v, IR_NONE, IR_NONE);
	a32_set(f, i->Rd, v);
	return true;
}

bool tr32_pkh(struct front *f, const struct a32_insn *i)
{
	ir_ref n, m;

	if (i->Rd == 15)
		return false;
	n = a32_get(f, i->Rn);
	m = a32_shift(f, i->stype, i->samount, a32_get(f, i->Rm));
	a32_set(f, i->Rd, ir_opx(f->b, IR_BFI, 32, 0, 16, i->tb ? n : m, i->tb ? m : n, IR_NONE));
	return true;
}

/* Bytes 0 and 2 extended to halfwords. */
static ir_ref extend_two(struct front *f, bool sign, ir_ref v)
{
	ir_ref hi;

	if (!sign)
		return op_c(f, IR_AND, 32, v, 0x00ff00ff);
	hi = op_c(f, IR_SAR, 32, op_c(f, IR_SHL, 32, v, 8), 24);
	v = ir_opx(f->b, IR_SEXT, 32, 8, 0, v, IR_NONE, IR_NONE);
	return ir_opx(f->b, IR_BFI, 32, 16, 16, v, hi, IR_NONE);
}

/* Halfwords added, each without a carry into the other. */
static ir_ref add_two(struct front *f, ir_ref a, ir_ref c)
{
	ir_ref lo = ir_op(f->b, IR_ADD, 32, a, c, IR_NONE);
	ir_ref hi = ir_op(f->b, IR_ADD, 32, op_c(f, IR_AND, 32, a, 0xffff0000), op_c(f, IR_AND, 32, c, 0xffff0000),
			  IR_NONE);

	return ir_opx(f->b, IR_BFI, 32, 0, 16, hi, lo, IR_NONE);
}

bool tr32_extend(struct front *f, const struct a32_insn *i)
{
	ir_ref v;

	if (i->Rd == 15)
		return false;
	v = a32_get(f, i->Rm);
	if (i->rotate)
		v = op_c(f, IR_ROR, 32, v, i->rotate);
	if (i->esize == 2)
		v = extend_two(f, i->sign, v);
	else
		v = ir_opx(f->b, i->sign ? IR_SEXT : IR_ZEXT, 32, i->esize ? 16 : 8, 0, v, IR_NONE, IR_NONE);
	if (i->acc && i->esize == 2)
		v = add_two(f, a32_get(f, i->Rn), v);
	else if (i->acc)
		v = ir_op(f->b, IR_ADD, 32, a32_get(f, i->Rn), v, IR_NONE);
	a32_set(f, i->Rd, v);
	return true;
}

bool tr32_crc32(struct front *f, const struct a32_insn *i)
{
	if (i->Rd == 15 || i->size > 2)
		return false;
	a32_set(f, i->Rd, ir_opx(f->b, i->crc_c ? IR_CRC32C : IR_CRC32, 32, i->size, 0, a32_get(f, i->Rn),
				 a32_get(f, i->Rm), IR_NONE));
	return true;
}

bool tr32_div(struct front *f, const struct a32_insn *i)
{
	if (i->Rd == 15)
		return false;
	a32_set(f, i->Rd, ir_op(f->b, i->sign ? IR_SDIV : IR_UDIV, 32, a32_get(f, i->Rn), a32_get(f, i->Rm), IR_NONE));
	return true;
}
