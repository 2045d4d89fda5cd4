// SPDX-License-Identifier: GPL-2.0-only
/*
 * Integer data processing.  A flag-setting ADD or SUB is the value and right
 * behind it the FL_ operation with the same arguments (docs/ir.md).
 */
#include "emu/front/front.h"

bool tr_address_pc_rel(struct front *f, const struct a64_insn *i)
{
	u64 imm = (u64)arm_sext(i->immhi << 2 | i->immlo, 21);

	if (i->op == A64_ADRP)
		imm = (f->pc & ~0xfffULL) + (imm << 12);
	else
		imm += f->pc;
	front_set_x(f, i->Rd, ir_const(f->b, imm));
	return true;
}

/* ---- addition and subtraction ---- */

/* Rd = a +- c, Rd an index for ir_set_x() or 32: nowhere. */
static void add_sub(struct front *f, bool sub, bool flags, unsigned int w, unsigned int rd, ir_ref a,
		    ir_ref c)
{
	struct ir_block *b = f->b;
	ir_ref v = IR_NONE, fl;

	if (!flags) {
		v = ir_op(b, sub ? IR_SUB : IR_ADD, w, a, c, IR_NONE);
	} else {
		if (rd < 32)
			v = ir_op_flags(b, sub ? IR_SUB : IR_ADD, w, a, c);
		fl = ir_op(b, sub ? IR_FL_SUB : IR_FL_ADD, w, a, c, IR_NONE);
		ir_set_f(b, fl);
	}
	if (rd < 32)
		ir_set_x(b, rd, v);
}

/* Rd of a form where 31 is SP, unless flags are set: then it is zero. */
static unsigned int rd_sp(unsigned int rd, bool flags)
{
	return rd < 31 ? rd : flags ? 32 : IR_REG_SP;
}

static unsigned int rd_zero(unsigned int rd)
{
	return rd < 31 ? rd : 32;
}

bool tr_addsub_immediate(struct front *f, const struct a64_insn *i)
{
	u64 imm = (u64)i->imm12 << (i->sh ? 12 : 0);

	add_sub(f, i->opf, i->S, front_w(i->sf), rd_sp(i->Rd, i->S), front_xsp(f, i->Rn),
		ir_const(f->b, imm));
	return true;
}

/* Rm shifted by a constant; shift: LSL, LSR, ASR, ROR. */
static ir_ref shifted(struct front *f, unsigned int w, unsigned int rm, unsigned int shift,
		      unsigned int n)
{
	static const enum ir_op ops[] = { IR_SHL, IR_SHR, IR_SAR, IR_ROR };

	if (!n)
		return front_x(f, rm);
	return ir_op(f->b, ops[shift], w, front_x(f, rm), ir_const(f->b, n), IR_NONE);
}

bool tr_addsub_shiftedreg(struct front *f, const struct a64_insn *i)
{
	unsigned int w = front_w(i->sf);

	add_sub(f, i->opf, i->S, w, rd_zero(i->Rd), front_x(f, i->Rn),
		shifted(f, w, i->Rm, i->shift, i->imm6));
	return true;
}

bool tr_addsub_extendedreg(struct front *f, const struct a64_insn *i)
{
	unsigned int bits = 8u << (i->option_name & 3), w = front_w(i->sf);
	ir_ref m = front_x(f, i->Rm);

	if (bits < w)
		m = ir_opx(f->b, i->option_name & 4 ? IR_SEXT : IR_ZEXT, w, bits, 0, m, IR_NONE,
			   IR_NONE);
	if (i->imm3)
		m = ir_op(f->b, IR_SHL, w, m, ir_const(f->b, i->imm3), IR_NONE);
	add_sub(f, i->opf, i->S, w, rd_sp(i->Rd, i->S), front_xsp(f, i->Rn), m);
	return true;
}

bool tr_addsub_carry(struct front *f, const struct a64_insn *i)
{
	unsigned int w = front_w(i->sf);
	ir_ref n = front_x(f, i->Rn), m = front_x(f, i->Rm), c = ir_get_f(f->b), v, fl;

	v = ir_op(f->b, i->opf ? IR_SBC : IR_ADC, w, n, m, c);
	if (i->S) {
		fl = ir_op(f->b, i->opf ? IR_FL_SBC : IR_FL_ADC, w, n, m, c);
		ir_set_f(f->b, fl);
	}
	front_set_x(f, i->Rd, v);
	return true;
}

/* ---- logic ---- */

/* The constant of a logical immediate (DDI 0487, DecodeBitMasks); a64_logical_ok() holds. */
static u64 logical_imm(unsigned int n, unsigned int imms, unsigned int immr)
{
	unsigned int len = 31 - (unsigned int)__builtin_clz(n << 6 | (~imms & 0x3f));
	unsigned int size = 1u << len, s = imms & (size - 1), r = immr & (size - 1);
	u64 v = ARM_MASK(s, 0);

	if (r)
		v = (v >> r | v << (size - r)) & ARM_MASK(size - 1, 0);
	for (; size < 64; size *= 2)
		v |= v << size;
	return v;
}

static ir_ref logic_flags(struct front *f, unsigned int w, ir_ref v)
{
	ir_set_f(f->b, ir_op(f->b, IR_FL_LOGIC, w, v, IR_NONE, IR_NONE));
	return v;
}

bool tr_logical_immediate(struct front *f, const struct a64_insn *i)
{
	static const enum ir_op ops[] = { IR_AND, IR_OR, IR_XOR, IR_AND };
	unsigned int w = front_w(i->sf);
	u64 imm = logical_imm(i->N, i->imms, i->immr);
	ir_ref v;

	if (!i->sf)
		imm = (u32)imm;
	v = ir_op(f->b, ops[i->opc], w, front_x(f, i->Rn), ir_const(f->b, imm), IR_NONE);
	if (i->opc == 3)
		front_set_x(f, i->Rd, logic_flags(f, w, v));
	else
		front_set_xsp(f, i->Rd, v);
	return true;
}

bool tr_logical_shiftedreg(struct front *f, const struct a64_insn *i)
{
	static const enum ir_op ops[2][4] = {
		{ IR_AND, IR_OR, IR_XOR, IR_AND },
		{ IR_ANDN, IR_ORN, IR_XORN, IR_ANDN },
	};
	unsigned int w = front_w(i->sf);
	ir_ref m = shifted(f, w, i->Rm, i->shift, i->imm6);
	ir_ref v = ir_op(f->b, ops[i->N][i->opc], w, front_x(f, i->Rn), m, IR_NONE);

	if (i->opc == 3)
		logic_flags(f, w, v);
	front_set_x(f, i->Rd, v);
	return true;
}

/* ---- moves and bit fields ---- */

bool tr_movewide(struct front *f, const struct a64_insn *i)
{
	unsigned int w = front_w(i->sf), pos = i->hw * 16;
	u64 imm = (u64)i->imm16 << pos;
	ir_ref v;

	if (i->op == A64_MOVK)
		v = ir_opx(f->b, IR_BFI, w, pos, 16, front_x(f, i->Rd),
			   ir_const(f->b, i->imm16), IR_NONE);
	else if (i->op == A64_MOVN)
		v = ir_const(f->b, i->sf ? ~imm : (u32)~imm);
	else
		v = ir_const(f->b, imm);
	front_set_x(f, i->Rd, v);
	return true;
}

static ir_ref shift_by(struct front *f, enum ir_op op, unsigned int w, ir_ref v, unsigned int n)
{
	return n ? ir_op(f->b, op, w, v, ir_const(f->b, n), IR_NONE) : v;
}

static ir_ref extend(struct front *f, bool sign, unsigned int w, ir_ref v, unsigned int bits)
{
	if (bits == 64)
		return v;
	return ir_opx(f->b, sign && bits < w ? IR_SEXT : IR_ZEXT, w, bits, 0, v, IR_NONE, IR_NONE);
}

/* SBFM, UBFM: with their aliases for shifts, extensions and extracted or moved fields. */
static ir_ref bitfield_move(struct front *f, const struct a64_insn *i, bool sign, ir_ref n)
{
	unsigned int w = front_w(i->sf);

	if (i->imms >= i->immr) {	/* imms..immr down to bit 0 */
		if (i->imms == w - 1 && i->immr)
			return shift_by(f, sign ? IR_SAR : IR_SHR, w, n, i->immr);
		n = shift_by(f, IR_SHR, w, n, i->immr);
		return extend(f, sign, w, n, i->imms - i->immr + 1);
	}
	/* imms..0 up to bit w - immr; what a left shift pushes out needs no extension */
	if (i->imms + 1 != i->immr)
		n = extend(f, sign, w, n, i->imms + 1u);
	return shift_by(f, IR_SHL, w, n, w - i->immr);
}

bool tr_bitfield(struct front *f, const struct a64_insn *i)
{
	unsigned int w = front_w(i->sf), pos = 0, len = i->imms + 1u;
	ir_ref n = front_x(f, i->Rn);

	if (i->op != A64_BFM) {
		front_set_x(f, i->Rd, bitfield_move(f, i, i->op == A64_SBFM, n));
		return true;
	}
	if (i->imms >= i->immr) {
		n = shift_by(f, IR_SHR, w, n, i->immr);
		len -= i->immr;
	} else {
		pos = w - i->immr;
	}
	front_set_x(f, i->Rd, ir_opx(f->b, IR_BFI, w, pos, len, front_x(f, i->Rd), n, IR_NONE));
	return true;
}

bool tr_extr(struct front *f, const struct a64_insn *i)
{
	unsigned int w = front_w(i->sf);
	ir_ref v = front_x(f, i->Rm);

	if (i->imms)
		v = ir_opx(f->b, IR_EXTR, w, i->imms, 0, front_x(f, i->Rn), v, IR_NONE);
	else
		v = extend(f, false, w, v, w);
	front_set_x(f, i->Rd, v);
	return true;
}

/* ---- one and two sources ---- */

static bool unary(struct front *f, const struct a64_insn *i, enum ir_op op)
{
	front_set_x(f, i->Rd,
		    ir_op(f->b, op, front_w(i->sf), front_x(f, i->Rn), IR_NONE, IR_NONE));
	return true;
}

bool tr_cnt(struct front *f, const struct a64_insn *i)
{
	return unary(f, i, i->op == A64_CLZ_CNT ? IR_CLZ : IR_CLS);
}

bool tr_rbit(struct front *f, const struct a64_insn *i)
{
	return unary(f, i, IR_RBIT);
}

bool tr_rev(struct front *f, const struct a64_insn *i)
{
	return unary(f, i, i->op == A64_REV ? IR_REV : i->op == A64_REV16_REV ? IR_REV16 : IR_REV32);
}

static bool binary(struct front *f, const struct a64_insn *i, enum ir_op op, unsigned int aux)
{
	front_set_x(f, i->Rd, ir_opx(f->b, op, front_w(i->sf), aux, 0, front_x(f, i->Rn),
				     front_x(f, i->Rm), IR_NONE));
	return true;
}

bool tr_crc(struct front *f, const struct a64_insn *i)
{
	return binary(f, i, i->op == A64_CRC32 ? IR_CRC32 : IR_CRC32C, i->sz);
}

bool tr_div(struct front *f, const struct a64_insn *i)
{
	return binary(f, i, i->op == A64_SDIV ? IR_SDIV : IR_UDIV, 0);
}

bool tr_shift_variable(struct front *f, const struct a64_insn *i)
{
	static const enum ir_op ops[] = { IR_SHL, IR_SHR, IR_SAR, IR_ROR };

	return binary(f, i, ops[i->op2], 0);
}

/* ---- multiplication ---- */

static void accumulate(struct front *f, const struct a64_insn *i, unsigned int w, bool sub, ir_ref v)
{
	front_set_x(f, i->Rd, ir_op(f->b, sub ? IR_SUB : IR_ADD, w, front_x(f, i->Ra), v, IR_NONE));
}

bool tr_mul_add_sub(struct front *f, const struct a64_insn *i)
{
	unsigned int w = front_w(i->sf);

	accumulate(f, i, w, i->op == A64_MSUB,
		   ir_op(f->b, IR_MUL, w, front_x(f, i->Rn), front_x(f, i->Rm), IR_NONE));
	return true;
}

bool tr_mul_widening_32_64(struct front *f, const struct a64_insn *i)
{
	accumulate(f, i, 64, i->o0,
		   ir_op(f->b, i->U ? IR_UMULL : IR_SMULL, 64, front_x(f, i->Rn),
			 front_x(f, i->Rm), IR_NONE));
	return true;
}

bool tr_mul_widening_64_128hi(struct front *f, const struct a64_insn *i)
{
	front_set_x(f, i->Rd, ir_op(f->b, i->U ? IR_UMULH : IR_SMULH, 64, front_x(f, i->Rn),
				    front_x(f, i->Rm), IR_NONE));
	return true;
}

/* ---- conditions ---- */

static void cond_compare(struct front *f, const struct a64_insn *i, ir_ref m)
{
	unsigned int w = front_w(i->sf);
	ir_ref n = front_x(f, i->Rn), fl;

	if (i->cond >= 14)
		fl = ir_op(f->b, i->opf ? IR_FL_SUB : IR_FL_ADD, w, n, m, IR_NONE);
	else
		fl = ir_opx(f->b, i->opf ? IR_FL_CCMP : IR_FL_CCMN, w, i->cond, i->nzcv,
			    ir_get_f(f->b), n, m);
	ir_set_f(f->b, fl);
}

bool tr_conditional_compare_immediate(struct front *f, const struct a64_insn *i)
{
	cond_compare(f, i, ir_const(f->b, i->imm5));
	return true;
}

bool tr_conditional_compare_register(struct front *f, const struct a64_insn *i)
{
	cond_compare(f, i, front_x(f, i->Rm));
	return true;
}

bool tr_conditional_select(struct front *f, const struct a64_insn *i)
{
	unsigned int w = front_w(i->sf);
	ir_ref n = front_x(f, i->Rn), m = front_x(f, i->Rm);

	if (i->op == A64_CSINC)
		m = ir_op(f->b, IR_ADD, w, m, ir_const(f->b, 1), IR_NONE);
	else if (i->op == A64_CSINV)
		m = ir_op(f->b, IR_NOT, w, m, IR_NONE, IR_NONE);
	else if (i->op == A64_CSNEG)
		m = ir_op(f->b, IR_NEG, w, m, IR_NONE, IR_NONE);
	front_set_x(f, i->Rd, ir_opx(f->b, IR_CSEL, w, i->cond, 0, ir_get_f(f->b), n, m));
	return true;
}
