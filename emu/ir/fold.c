// SPDX-License-Identifier: GPL-2.0-only
/* Simplification of PURE operations while a block is built. */
#include "emu/ir/ir_int.h"

static unsigned int mem_bits(const struct ir_insn *t)
{
	if (t->mop & IR_MO_SIGN)
		return t->w;
	return (t->mop & IR_MO_SIZE) < 3 ? 8u << (t->mop & IR_MO_SIZE) : 64;
}

unsigned int ir_bits(const struct ir_block *b, ir_ref r)
{
	const struct ir_insn *t = &b->insns[r];

	switch (t->op) {
	case IR_CONST:
		return t->imm ? 64 - (unsigned int)__builtin_clzll(t->imm) : 1;
	case IR_LD:
	case IR_LDP:
	case IR_LDP2:
	case IR_LDX:
	case IR_CAS:
	case IR_ATOMIC:
		return mem_bits(t);
	case IR_STX:
	case IR_STXV:
		return 1;
	case IR_GETX:
		return b->mode & IR_MODE_A32 ? 32 : 64;
	case IR_ZEXT:
		return t->aux;
	case IR_VGETU:
		return 8u << t->es;
	case IR_FL_GET:
	case IR_CRC32:
	case IR_CRC32C:
		return 32;
	}
	return ir_is_arith(t->op) || t->op == IR_VGETS || t->op == IR_FTOI ? t->w : 64;
}

ir_ref ir_split_add(const struct ir_block *b, ir_ref r, u64 *off)
{
	const struct ir_insn *t = &b->insns[r];
	u64 c;

	/* A sum of 32 bits is as good where addresses wrap there. */
	if ((t->op != IR_ADD && t->op != IR_SUB) || (t->w != 64 && !(b->mode & IR_MODE_A32)) ||
	    !ir_is_const(b, t->arg[1], &c))
		return r;
	if (t->w == 32)
		c = (u64)(s32)c;
	*off += t->op == IR_ADD ? c : 0 - c;
	return t->arg[0];
}

/* @r as the result of an operation of width @w. */
static ir_ref low(struct ir_block *b, ir_ref r, unsigned int w)
{
	if (w == 64 || ir_bits(b, r) <= w)
		return r;
	return ir_opx(b, IR_ZEXT, 64, w, 0, r, IR_NONE, IR_NONE);
}

static void become(struct ir_insn *t, enum ir_op op, ir_ref a, ir_ref c)
{
	t->op = op;
	t->arg[0] = a;
	t->arg[1] = c;
}

/* t = x + c or x - c where x = y + c1 or y - c1. */
static ir_ref fold_chain(struct ir_block *b, struct ir_insn *t, u64 c)
{
	const struct ir_insn *x = &b->insns[t->arg[0]];
	ir_ref y;
	u64 c1;

	if ((x->op != IR_ADD && x->op != IR_SUB) || (x->w != t->w && x->w == 32) ||
	    !ir_is_const(b, x->arg[1], &c1))
		return IR_NONE;
	y = x->arg[0];
	c = (t->op == IR_ADD ? c : 0 - c) + (x->op == IR_ADD ? c1 : 0 - c1);
	if (t->w == 32)
		c = (u64)(s32)c;
	if (!c)
		return low(b, y, t->w);
	if ((s64)c < 0 && c != 1ULL << 63)
		become(t, IR_SUB, y, ir_const(b, ir_trunc(0 - c, t->w)));
	else
		become(t, IR_ADD, y, ir_const(b, ir_trunc(c, t->w)));
	return IR_NONE;
}

/* b is the constant @c (already cut to the width). */
static ir_ref fold_right(struct ir_block *b, struct ir_insn *t, u64 c, bool chain)
{
	u64 ones = ir_trunc(~0ULL, t->w);
	ir_ref a = t->arg[0];

	switch (t->op) {
	case IR_ADD:
	case IR_SUB:
		if (!c)
			return low(b, a, t->w);
		return chain ? fold_chain(b, t, c) : IR_NONE;
	case IR_ORN:
	case IR_XORN:
	case IR_ANDN:
		return ir_op(b, t->op == IR_ORN ? IR_OR : t->op == IR_XORN ? IR_XOR : IR_AND,
			     t->w, a, ir_const(b, ~c & ones), IR_NONE);
	case IR_AND:
		if (!c)
			return ir_const(b, 0);
		return c == ones ? low(b, a, t->w) : IR_NONE;
	case IR_OR:
		if (c == ones)
			return ir_const(b, ones);
		return c ? IR_NONE : low(b, a, t->w);
	case IR_XOR:
		if (c == ones)
			return ir_op(b, IR_NOT, t->w, a, IR_NONE, IR_NONE);
		return c ? IR_NONE : low(b, a, t->w);
	case IR_SHL:
	case IR_SHR:
	case IR_SAR:
	case IR_ROR:
		if (!(c & (t->w - 1)))
			return low(b, a, t->w);
		if (c >= t->w)
			t->arg[1] = ir_const(b, c & (t->w - 1));
		return IR_NONE;
	case IR_MUL:
		if (!c)
			return ir_const(b, 0);
		if (!(c & (c - 1)))
			return ir_op(b, IR_SHL, t->w, a, ir_const(b, __builtin_ctzll(c)), IR_NONE);
		return IR_NONE;
	}
	return IR_NONE;
}

/* a is the constant @c; the operation does not commute. */
static ir_ref fold_left(struct ir_block *b, struct ir_insn *t, u64 c)
{
	if (c)
		return IR_NONE;
	switch (t->op) {
	case IR_SUB:
		return ir_op(b, IR_NEG, t->w, t->arg[1], IR_NONE, IR_NONE);
	case IR_ORN:
		return ir_op(b, IR_NOT, t->w, t->arg[1], IR_NONE, IR_NONE);
	case IR_ANDN:
	case IR_SHL:
	case IR_SHR:
	case IR_SAR:
	case IR_ROR:
	case IR_SDIV:
	case IR_UDIV:
		return ir_const(b, 0);
	}
	return IR_NONE;
}

static ir_ref fold_same(struct ir_block *b, struct ir_insn *t)
{
	switch (t->op) {
	case IR_SUB:
	case IR_XOR:
	case IR_ANDN:
		return ir_const(b, 0);
	case IR_ORN:
	case IR_XORN:
		return ir_const(b, ir_trunc(~0ULL, t->w));
	case IR_AND:
	case IR_OR:
		return low(b, t->arg[0], t->w);
	case IR_EXTR:
		return ir_op(b, IR_ROR, t->w, t->arg[0], ir_const(b, t->aux), IR_NONE);
	}
	return IR_NONE;
}

static ir_ref fold_unary(struct ir_block *b, struct ir_insn *t)
{
	ir_ref a = t->arg[0];
	const struct ir_insn *x = &b->insns[a];

	switch (t->op) {
	case IR_NOT:
	case IR_NEG:
		if (x->op == t->op && (x->w == t->w || t->w == 32))
			return low(b, x->arg[0], t->w);
		return IR_NONE;
	case IR_ZEXT:
		t->w = 64;
		if (ir_bits(b, a) <= t->aux)
			return a;
		if (x->op == IR_ZEXT)	/* of more bits, or a would have been returned */
			t->arg[0] = x->arg[0];
		return IR_NONE;
	case IR_SEXT:
		if (t->aux >= t->w)
			return low(b, a, t->w);
		if (ir_bits(b, a) < t->aux)
			return a;
		return IR_NONE;
	}
	return IR_NONE;
}

static ir_ref fold_bfi(struct ir_block *b, struct ir_insn *t)
{
	if (t->imm >= t->w)
		return low(b, t->arg[1], t->w);
	return IR_NONE;
}

static ir_ref fold_arith(struct ir_block *b, struct ir_insn *t, bool chain)
{
	u64 a = 0, c = 0, v;
	bool ca = ir_is_const(b, t->arg[0], &a), cc = ir_is_const(b, t->arg[1], &c);
	ir_ref r;

	if (ca && (cc || !t->arg[1]) && ir_eval(t, a, c, &v))
		return ir_const(b, v);
	if (!t->arg[1])
		return fold_unary(b, t);
	if (t->op == IR_BFI)
		return fold_bfi(b, t);
	if (chain && (ir_ops[t->op].flags & IR_F_COMM) && !cc && (ca || t->arg[0] > t->arg[1])) {
		become(t, t->op, t->arg[1], t->arg[0]);
		cc = ca;
		c = a;
		ca = false;
	}
	if (cc)
		return fold_right(b, t, ir_trunc(c, t->w), chain);
	if (ca && chain) {
		r = fold_left(b, t, ir_trunc(a, t->w));
		if (r)
			return r;
	}
	return t->arg[0] == t->arg[1] ? fold_same(b, t) : IR_NONE;
}

static ir_ref fold_csel(struct ir_block *b, struct ir_insn *t)
{
	if (t->aux >= 14 || t->arg[1] == t->arg[2])
		return low(b, t->arg[1], t->w);
	return IR_NONE;
}

/* ---- vectors ---- */

static unsigned int shape_bits(unsigned int es, unsigned int q)
{
	return q == IR_SCALAR ? 8u << es : q == IR_D ? 64 : 128;
}

unsigned int ir_vec_bits(const struct ir_block *b, ir_ref r)
{
	const struct ir_insn *t = &b->insns[r];

	switch (t->op) {
	case IR_LDV:
	case IR_LDVP:
	case IR_LDVP2:
		return 8u << (t->mop & IR_MO_SIZE);
	case IR_VLOW:
	case IR_VDUP:
	case IR_VSPLAT:
	case IR_VAND:
	case IR_VOR:
	case IR_VXOR:
	case IR_VADD:
	case IR_VSUB:
	case IR_VSEL:
	case IR_VFADD:
	case IR_VFSUB:
	case IR_VFMUL:
	case IR_VFDIV:
	case IR_VFNMUL:
	case IR_VFMLA:
	case IR_VFMLS:
	case IR_VFMAXNM:
	case IR_VFMINNM:
	case IR_VFSQRT:
	case IR_VFABS:
	case IR_VFNEG:
	case IR_VFRINT:
	case IR_ITOF:
		return shape_bits(t->es, t->q);
	case IR_VCONST:
		return t->q == IR_Q ? 128 : 64;
	case IR_VFCVT:
		return 8u << t->imm;
	case IR_VHIGH:
		return 64;
	}
	return 128;
}

static ir_ref vec_low(struct ir_block *b, ir_ref r, unsigned int es, unsigned int q)
{
	if (q == IR_Q)
		return r;
	return ir_vop(b, IR_VLOW, es, q, 0, r, IR_NONE, IR_NONE);
}

static ir_ref fold_vec(struct ir_block *b, struct ir_insn *t)
{
	bool same = t->arg[0] == t->arg[1];

	if ((ir_ops[t->op].flags & IR_F_COMM) && t->arg[0] > t->arg[1])
		become(t, t->op, t->arg[1], t->arg[0]);
	switch (t->op) {
	case IR_VCONST:		/* one form for each value */
		t->es = 3;
		if (t->q != IR_Q || !t->imm)
			t->q = IR_D;
		return IR_NONE;
	case IR_VLOW:
	case IR_VHIGH:
	case IR_VDUP:
	case IR_VGETU:
	case IR_VGETS:
	case IR_VINS:
	case IR_VINSV:
		return ir_fold_lane(b, t);
	case IR_VOR:
	case IR_VAND:
		return same ? vec_low(b, t->arg[0], t->es, t->q) : IR_NONE;
	case IR_VXOR:
		return same ? ir_vop(b, IR_VCONST, 3, IR_D, 0, IR_NONE, IR_NONE, IR_NONE) : IR_NONE;
	}
	return IR_NONE;
}

ir_ref ir_fold(struct ir_block *b, struct ir_insn *t, bool chain)
{
	switch (t->op) {
	case IR_ADC:
	case IR_SBC:
	case IR_CRC32:
	case IR_CRC32C:
		return IR_NONE;
	case IR_CSEL:
		return fold_csel(b, t);
	}
	if (ir_is_arith(t->op))
		return fold_arith(b, t, chain);
	if (t->op >= IR_VCONST)
		return fold_vec(b, t);
	return IR_NONE;
}
