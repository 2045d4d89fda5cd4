// SPDX-License-Identifier: GPL-2.0-only
/*
 * Simplification of operations that read or insert one lane of a vector.  S and
 * D registers of AArch32 are lanes of Q registers: without this each scalar
 * instruction would take its operands out of vectors that the one before it has
 * put them into.
 */
#include "emu/ir/ir_int.h"

#define LOOK_MAX 32	/* operations to look through, at most */

/* A run of @bits bits from bit @lo on of the vector @src; lo is a multiple of bits. */
struct lane {
	ir_ref src;
	unsigned int lo, bits;
};

static struct lane lane_of(ir_ref src, unsigned int es, u64 n)
{
	return (struct lane){ src, (unsigned int)(n & 15) << (3 + es), 8u << es };
}

/* What VLOW, VHIGH, VDUP (scalar), VGETU or VGETS reads; false: another operation. */
static bool lane_read(const struct ir_insn *t, struct lane *l)
{
	switch (t->op) {
	case IR_VLOW:
		*l = lane_of(t->arg[0], t->q == IR_SCALAR ? t->es : 3, 0);
		return t->q != IR_Q;
	case IR_VHIGH:
		*l = lane_of(t->arg[0], 3, 1);
		return true;
	case IR_VDUP:
		*l = lane_of(t->arg[0], t->es, t->imm);
		return t->q == IR_SCALAR;
	case IR_VGETU:
	case IR_VGETS:
		*l = lane_of(t->arg[0], t->es, t->imm);
		return true;
	}
	return false;
}

static bool disjoint(const struct lane *a, const struct lane *b)
{
	return a->lo + a->bits <= b->lo || b->lo + b->bits <= a->lo;
}

static bool inside(const struct lane *a, const struct lane *outer)
{
	return a->lo >= outer->lo && a->lo + a->bits <= outer->lo + outer->bits;
}

/* @l is in the lane @into that was inserted from @from. */
static void move(struct lane *l, const struct lane *into, const struct lane *from)
{
	l->src = from->src;
	l->lo += from->lo - into->lo;
}

/* One step towards where the bits come from; false: they are made at l->src. */
static bool look_through(const struct ir_block *b, struct lane *l)
{
	const struct ir_insn *x = &b->insns[l->src];
	struct lane into, from;

	switch (x->op) {
	case IR_VINS:
	case IR_VINSV:
		into = lane_of(x->arg[0], x->es, x->imm);
		if (disjoint(l, &into)) {
			l->src = x->arg[0];
			return true;
		}
		if (x->op == IR_VINS || !inside(l, &into))
			return false;
		from = lane_of(x->arg[1], x->es, x->imm >> 4);
		move(l, &into, &from);
		return true;
	case IR_VCAT:
		l->src = x->arg[l->lo / 64];
		l->lo %= 64;
		return l->bits <= 64;
	}
	if (!lane_read(x, &from) || x->op == IR_VGETU || x->op == IR_VGETS)
		return false;
	into = (struct lane){ l->src, 0, from.bits };
	if (!inside(l, &into))
		return false;
	move(l, &into, &from);
	return true;
}

static bool find_source(const struct ir_block *b, struct lane *l)
{
	unsigned int n = 0;

	while (n < LOOK_MAX && look_through(b, l))
		n++;
	return n;
}

/* The integer that VINS or VSPLAT made this lane of; IR_NONE: it comes from elsewhere. */
static ir_ref lane_integer(const struct ir_block *b, const struct lane *l)
{
	const struct ir_insn *x = &b->insns[l->src];

	if (8u << x->es != l->bits)
		return IR_NONE;
	if (x->op == IR_VINS && (unsigned int)(x->imm & 15) << (3 + x->es) == l->lo)
		return x->arg[1];
	if (x->op == IR_VSPLAT && l->lo < (x->q == IR_SCALAR ? l->bits : x->q == IR_D ? 64 : 128))
		return x->arg[0];
	return IR_NONE;
}

static unsigned int es_of(unsigned int bits)
{
	return (unsigned int)__builtin_ctz(bits / 8);
}

/* The lane as a vector with zeros above it. */
static ir_ref fold_vector_read(struct ir_block *b, struct ir_insn *t, const struct lane *l)
{
	ir_ref v = lane_integer(b, l);

	if (v)
		return ir_vop(b, IR_VSPLAT, es_of(l->bits), IR_SCALAR, 0, v, IR_NONE, IR_NONE);
	if (!l->lo && ir_vec_bits(b, l->src) <= l->bits)
		return l->src;
	t->arg[0] = l->src;
	t->imm = 0;
	t->es = es_of(l->bits);
	t->q = l->bits == 64 ? IR_D : IR_SCALAR;
	if (!l->lo) {
		t->op = IR_VLOW;
	} else if (l->bits == 64) {
		t->op = IR_VHIGH;
	} else {
		t->op = IR_VDUP;
		t->imm = l->lo / l->bits;
	}
	return IR_NONE;
}

static ir_ref fold_get(struct ir_block *b, struct ir_insn *t, const struct lane *l)
{
	ir_ref v = lane_integer(b, l);

	t->arg[0] = l->src;
	t->imm = l->lo / l->bits;
	if (!v)
		return IR_NONE;
	if (t->op == IR_VGETU)
		return l->bits == 64 ? v : ir_opx(b, IR_ZEXT, 64, l->bits, 0, v, IR_NONE, IR_NONE);
	if (l->bits >= (t->w ? t->w : 64u))
		return IR_NONE;
	return ir_opx(b, IR_SEXT, t->w, l->bits, 0, v, IR_NONE, IR_NONE);
}

/* What is overwritten as a whole need not have been inserted. */
static void drop_overwritten(const struct ir_block *b, struct ir_insn *t, const struct lane *into)
{
	const struct ir_insn *x = &b->insns[t->arg[0]];
	struct lane old;

	while (x->op == IR_VINS || x->op == IR_VINSV) {
		old = lane_of(x->arg[0], x->es, x->imm);
		if (!inside(&old, into))
			return;
		t->arg[0] = x->arg[0];
		x = &b->insns[t->arg[0]];
	}
}

/* Both halves are replaced, or one of two that were put together: nothing is left of what they are inserted into. */
static ir_ref fold_halves(struct ir_block *b, const struct ir_insn *t)
{
	const struct ir_insn *x = &b->insns[t->arg[0]];
	unsigned int n = t->imm & 15;
	ir_ref other;

	if (t->es != 3 || t->imm >> 4)
		return IR_NONE;
	if (x->op == IR_VCAT)
		other = x->arg[!n];
	else if (x->op == IR_VINSV && x->es == 3 && x->imm == !n)
		other = x->arg[1];
	else
		return IR_NONE;
	return ir_vop(b, IR_VCAT, 3, IR_Q, 0, n ? other : t->arg[1], n ? t->arg[1] : other, IR_NONE);
}

static ir_ref fold_insert(struct ir_block *b, struct ir_insn *t)
{
	struct lane into = lane_of(t->arg[0], t->es, t->imm), from;
	ir_ref v;

	drop_overwritten(b, t, &into);
	if (t->op == IR_VINS)
		return IR_NONE;
	from = lane_of(t->arg[1], t->es, t->imm >> 4);
	find_source(b, &from);
	v = lane_integer(b, &from);
	if (v)
		return ir_vop(b, IR_VINS, t->es, IR_Q, t->imm & 15, t->arg[0], v, IR_NONE);
	t->arg[1] = from.src;
	t->imm = (t->imm & 15) | (u64)(from.lo / from.bits) << 4;
	if (from.src == t->arg[0] && from.lo == into.lo)
		return t->arg[0];
	return fold_halves(b, t);
}

ir_ref ir_fold_lane(struct ir_block *b, struct ir_insn *t)
{
	struct lane l;

	if (t->op == IR_VINS || t->op == IR_VINSV)
		return fold_insert(b, t);
	if (!lane_read(t, &l))
		return t->op == IR_VLOW ? t->arg[0] : IR_NONE;
	find_source(b, &l);
	return t->op == IR_VGETU || t->op == IR_VGETS ? fold_get(b, t, &l) : fold_vector_read(b, t, &l);
}
