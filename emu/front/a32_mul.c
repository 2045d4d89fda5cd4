// SPDX-License-Identifier: GPL-2.0-only
/* Multiplication of A32 and T32, halfword and dual forms included. */
#include "emu/front/a32.h"

static ir_ref op2(struct front *f, enum ir_op op, unsigned int w, ir_ref a, ir_ref c)
{
	return ir_op(f->b, op, w, a, c, IR_NONE);
}

static ir_ref sext(struct front *f, unsigned int bits, ir_ref v)
{
	return ir_opx(f->b, IR_SEXT, 64, bits, 0, v, IR_NONE, IR_NONE);
}

/* A halfword of Rn, sign-extended to 64 bits. */
static ir_ref half(struct front *f, bool high, unsigned int n)
{
	ir_ref v = a32_get(f, n);

	return high ? op2(f, IR_SAR, 64, sext(f, 32, v), ir_const(f->b, 16)) : sext(f, 16, v);
}

static ir_ref low(struct front *f, ir_ref v)
{
	return ir_opx(f->b, IR_ZEXT, 64, 32, 0, v, IR_NONE, IR_NONE);
}

/* RdHi:RdLo */
static ir_ref get_pair(struct front *f, const struct a32_insn *i)
{
	return ir_opx(f->b, IR_BFI, 64, 32, 32, a32_get(f, i->RdLo), a32_get(f, i->RdHi), IR_NONE);
}

static void set_pair(struct front *f, const struct a32_insn *i, ir_ref v)
{
	ir_ref lo = low(f, v), hi = op2(f, IR_SHR, 64, v, ir_const(f->b, 32));

	a32_set(f, i->RdLo, lo);
	a32_set(f, i->RdHi, hi);
}

static bool bad_pair(const struct a32_insn *i)
{
	return a32_is_pc(i->RdLo, i->RdHi, 0, 0) || i->RdLo == i->RdHi;
}

/* Rd = the low half of a signed 64-bit sum; Q if it does not fit. */
static void set_sum(struct front *f, const struct a32_insn *i, ir_ref sum)
{
	struct ir_block *b = f->b;
	ir_ref differs = ir_op(b, IR_FL_SUB, 64, sum, sext(f, 32, sum), IR_NONE);

	a32_set_q_flag(f, ir_opx(b, IR_CSEL, 32, 1, 0, differs, ir_const(b, 1), ir_const(b, 0)));
	a32_set(f, i->Rd, low(f, sum));
}

static void set_nz(struct front *f, const struct a32_insn *i, unsigned int w, ir_ref v)
{
	if (i->S)
		a32_set_flags(f, ir_op(f->b, IR_FL_NZ, w, v, ir_get_f(f->b), IR_NONE));
}

bool tr32_mul(struct front *f, const struct a32_insn *i)
{
	ir_ref v;

	if (i->Rd == 15)
		return false;
	v = op2(f, IR_MUL, 32, a32_get(f, i->Rn), a32_get(f, i->Rm));
	set_nz(f, i, 32, v);
	a32_set(f, i->Rd, v);
	return true;
}

bool tr32_mla(struct front *f, const struct a32_insn *i)
{
	ir_ref v;

	if (i->Rd == 15)
		return false;
	v = op2(f, IR_MUL, 32, a32_get(f, i->Rn), a32_get(f, i->Rm));
	v = op2(f, i->sub ? IR_SUB : IR_ADD, 32, a32_get(f, i->Ra), v);
	set_nz(f, i, 32, v);
	a32_set(f, i->Rd, v);
	return true;
}

bool tr32_mull(struct front *f, const struct a32_insn *i)
{
	ir_ref v;

	if (bad_pair(i))
		return false;
	v = op2(f, i->sign ? IR_SMULL : IR_UMULL, 64, a32_get(f, i->Rn), a32_get(f, i->Rm));
	if (i->acc)
		v = op2(f, IR_ADD, 64, get_pair(f, i), v);
	set_nz(f, i, 64, v);
	set_pair(f, i, v);
	return true;
}

bool tr32_umaal(struct front *f, const struct a32_insn *i)
{
	ir_ref v;

	if (bad_pair(i))
		return false;
	v = op2(f, IR_UMULL, 64, a32_get(f, i->Rn), a32_get(f, i->Rm));
	v = op2(f, IR_ADD, 64, v, low(f, a32_get(f, i->RdLo)));
	v = op2(f, IR_ADD, 64, v, low(f, a32_get(f, i->RdHi)));
	set_pair(f, i, v);
	return true;
}

/* ---- halfwords ---- */

/* The product goes to Rd, with Ra added where the form has it. */
static bool accumulate(struct front *f, const struct a32_insn *i, ir_ref v)
{
	if (i->acc)
		set_sum(f, i, op2(f, IR_ADD, 64, sext(f, 32, a32_get(f, i->Ra)), v));
	else
		a32_set(f, i->Rd, low(f, v));
	return true;
}

bool tr32_smlaxy(struct front *f, const struct a32_insn *i)
{
	if (i->Rd == 15)
		return false;
	return accumulate(f, i, op2(f, IR_MUL, 64, half(f, i->n_high, i->Rn), half(f, i->m_high, i->Rm)));
}

bool tr32_smlaw(struct front *f, const struct a32_insn *i)
{
	ir_ref v;

	if (i->Rd == 15)
		return false;
	v = op2(f, IR_MUL, 64, sext(f, 32, a32_get(f, i->Rn)), half(f, i->m_high, i->Rm));
	return accumulate(f, i, op2(f, IR_SAR, 64, v, ir_const(f->b, 16)));
}

bool tr32_smlalxy(struct front *f, const struct a32_insn *i)
{
	ir_ref v;

	if (bad_pair(i))
		return false;
	v = op2(f, IR_MUL, 64, half(f, i->n_high, i->Rn), half(f, i->m_high, i->Rm));
	set_pair(f, i, op2(f, IR_ADD, 64, get_pair(f, i), v));
	return true;
}

/* Low by low +- high by high halfwords; swap: crosswise. */
static ir_ref dual(struct front *f, const struct a32_insn *i)
{
	ir_ref p = op2(f, IR_MUL, 64, half(f, false, i->Rn), half(f, i->swap, i->Rm));
	ir_ref q = op2(f, IR_MUL, 64, half(f, true, i->Rn), half(f, !i->swap, i->Rm));

	return op2(f, i->sub ? IR_SUB : IR_ADD, 64, p, q);
}

bool tr32_smlad(struct front *f, const struct a32_insn *i)
{
	ir_ref v;

	if (i->Rd == 15)
		return false;
	v = dual(f, i);
	if (i->acc)
		v = op2(f, IR_ADD, 64, sext(f, 32, a32_get(f, i->Ra)), v);
	set_sum(f, i, v);
	return true;
}

bool tr32_smlald(struct front *f, const struct a32_insn *i)
{
	if (bad_pair(i))
		return false;
	set_pair(f, i, op2(f, IR_ADD, 64, get_pair(f, i), dual(f, i)));
	return true;
}

bool tr32_smmla(struct front *f, const struct a32_insn *i)
{
	ir_ref v;

	if (i->Rd == 15)
		return false;
	v = op2(f, IR_SMULL, 64, a32_get(f, i->Rn), a32_get(f, i->Rm));
	if (i->acc)
		v = op2(f, i->sub ? IR_SUB : IR_ADD, 64,
			op2(f, IR_SHL, 64, a32_get(f, i->Ra), ir_const(f->b, 32)), v);
	if (i->round)
		v = op2(f, IR_ADD, 64, v, ir_const(f->b, 0x80000000));
	a32_set(f, i->Rd, op2(f, IR_SHR, 64, v, ir_const(f->b, 32)));
	return true;
}

bool tr32_usad(struct front *f, const struct a32_insn *i)
{
	ir_ref v;

	if (i->Rd == 15)
		return false;
	v = ir_call(f->b, IR_HELPER_usad8, a32_get(f, i->Rn), a32_get(f, i->Rm), IR_NONE);
	if (i->acc)
		v = op2(f, IR_ADD, 32, a32_get(f, i->Ra), v);
	a32_set(f, i->Rd, v);
	return true;
}
