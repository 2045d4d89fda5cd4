// SPDX-License-Identifier: GPL-2.0-only
/* Building, simplifying, optimising and verifying IR. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "emu/ir/ir.h"
#include "emu/ir/ir_int.h"

#define N IR_NONE

static struct ir_block blk;

static struct ir_block *begin(void)
{
	memset(&blk, 0xa5, sizeof(blk));	/* ir_block_init() must not count on zeroes */
	ir_block_init(&blk, 0x1000, 1, 0);
	ir_begin_insn(&blk, 0x1000, 0xd503201f);
	return &blk;
}

static void check(struct ir_block *b)
{
	char why[100] = "";

	if (ir_verify(b, why, sizeof(why)))
		fail_msg("%s", why);
}

static u64 value(struct ir_block *b, ir_ref r)
{
	u64 v = 0xdead;

	assert_true(ir_is_const(b, r, &v));
	return v;
}

static unsigned int count(const struct ir_block *b, unsigned int op)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < b->n; i++)
		n += b->insns[i].op == op;
	return n;
}

struct eval_case {
	enum ir_op op;
	unsigned int w, aux;
	u64 imm, a, c, want;
};

static void fold_constants(void **state)
{
	static const struct eval_case cases[] = {
		{ IR_ADD, 32, 0, 0, 0xffffffff, 2, 1 },
		{ IR_ADD, 64, 0, 0, 0xffffffff, 2, 0x100000001 },
		{ IR_SUB, 32, 0, 0, 1, 2, 0xffffffff },
		{ IR_ANDN, 64, 0, 0, 0xff, 0x0f, 0xf0 },
		{ IR_ORN, 32, 0, 0, 0, 0, 0xffffffff },
		{ IR_XORN, 64, 0, 0, 5, 5, ~0ull },
		{ IR_SHL, 32, 0, 0, 1, 33, 2 },
		{ IR_SHL, 64, 0, 0, 1, 33, 1ull << 33 },
		{ IR_SAR, 32, 0, 0, 0x80000000, 31, 0xffffffff },
		{ IR_SAR, 64, 0, 0, 0x80000000, 31, 1 },
		{ IR_ROR, 32, 0, 0, 1, 1, 0x80000000 },
		{ IR_ROR, 64, 0, 0, 1, 64, 1 },
		{ IR_MUL, 32, 0, 0, 0x10000, 0x10000, 0 },
		{ IR_SMULH, 64, 0, 0, ~0ull, 2, ~0ull },
		{ IR_UMULH, 64, 0, 0, ~0ull, 2, 1 },
		{ IR_SMULL, 64, 0, 0, 0xffffffff, 2, ~1ull },
		{ IR_UMULL, 64, 0, 0, 0xffffffff, 2, 0x1fffffffe },
		{ IR_SDIV, 64, 0, 0, 1ull << 63, ~0ull, 1ull << 63 },
		{ IR_SDIV, 32, 0, 0, 0x80000000, 0xffffffff, 0x80000000 },
		{ IR_SDIV, 32, 0, 0, 0xfffffff9, 2, 0xfffffffd },
		{ IR_SDIV, 64, 0, 0, 5, 0, 0 },
		{ IR_UDIV, 32, 0, 0, 0xfffffff9, 2, 0x7ffffffc },
		{ IR_UDIV, 64, 0, 0, 5, 0, 0 },
		{ IR_EXTR, 32, 4, 0, 0x1, 0x20, 0x10000002 },
		{ IR_EXTR, 64, 60, 0, 0x12, 0x3000000000000000, 0x123 },
		{ IR_BFI, 64, 16, 16, ~0ull, 0x1234, 0xffffffff1234ffff },
		{ IR_BFI, 32, 28, 4, 0x12345678, 0xf, 0xf2345678 },
	};
	struct ir_block *b = begin();

	(void)state;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(cases); i++) {
		const struct eval_case *c = &cases[i];
		ir_ref r = ir_opx(b, c->op, c->w, c->aux, c->imm, ir_const(b, c->a), ir_const(b, c->c), N);

		if (value(b, r) != c->want)
			fail_msg("%s: case %u gives %llx", ir_ops[c->op].name, i,
				 (unsigned long long)value(b, r));
	}
}

static void fold_unary_constants(void **state)
{
	static const struct eval_case cases[] = {
		{ IR_NOT, 32, 0, 0, 0, 0, 0xffffffff },
		{ IR_NEG, 64, 0, 0, 1, 0, ~0ull },
		{ IR_CLZ, 32, 0, 0, 0xf00000001, 0, 31 },
		{ IR_CLZ, 64, 0, 0, 0, 0, 64 },
		{ IR_CLS, 32, 0, 0, 0xffffffff, 0, 31 },
		{ IR_CLS, 32, 0, 0, 0x40000000, 0, 0 },
		{ IR_CLS, 64, 0, 0, 0xff00000000000000, 0, 7 },
		{ IR_RBIT, 32, 0, 0, 1, 0, 0x80000000 },
		{ IR_RBIT, 64, 0, 0, 6, 0, 0x6000000000000000 },
		{ IR_REV, 32, 0, 0, 0x11223344, 0, 0x44332211 },
		{ IR_REV, 64, 0, 0, 0x1122334455667788, 0, 0x8877665544332211 },
		{ IR_REV16, 64, 0, 0, 0x1122334455667788, 0, 0x2211443366558877 },
		{ IR_REV32, 64, 0, 0, 0x1122334455667788, 0, 0x4433221188776655 },
		{ IR_SEXT, 32, 8, 0, 0x80, 0, 0xffffff80 },
		{ IR_SEXT, 64, 1, 0, 3, 0, ~0ull },
		{ IR_ZEXT, 64, 63, 0, ~0ull, 0, ~0ull >> 1 },
		{ IR_ZEXT, 32, 8, 0, 0x180, 0, 0x80 },
	};
	struct ir_block *b = begin();

	(void)state;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(cases); i++) {
		const struct eval_case *c = &cases[i];
		ir_ref r = ir_opx(b, c->op, c->w, c->aux, c->imm, ir_const(b, c->a), N, N);

		if (value(b, r) != c->want)
			fail_msg("%s: case %u gives %llx", ir_ops[c->op].name, i,
				 (unsigned long long)value(b, r));
	}
}

/* Identities: at 64 bits they give x itself, at 32 bits x cut to 32 bits. */
static void fold_identities(void **state)
{
	static const struct { enum ir_op op; u64 c; } same[] = {
		{ IR_ADD, 0 }, { IR_SUB, 0 }, { IR_OR, 0 }, { IR_XOR, 0 }, { IR_AND, ~0ull },
		{ IR_ANDN, 0 }, { IR_ORN, ~0ull }, { IR_XORN, ~0ull }, { IR_SHL, 0 },
		{ IR_SHR, 64 }, { IR_SAR, 0 }, { IR_ROR, 128 }, { IR_MUL, 1 },
	};
	struct ir_block *b = begin();
	ir_ref x = ir_get_x(b, 3), x32, r;

	(void)state;
	x32 = ir_opx(b, IR_ZEXT, 64, 32, 0, x, N, N);
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(same); i++) {
		assert_int_equal(ir_op(b, same[i].op, 64, x, ir_const(b, same[i].c), N), x);
		r = ir_op(b, same[i].op, 32, x, ir_const(b, same[i].c), N);
		assert_int_equal(r, x32);
		/* and once it is cut, it stays as it is */
		assert_int_equal(ir_op(b, same[i].op, 32, r, ir_const(b, same[i].c), N), x32);
	}
	assert_int_equal(ir_op(b, IR_ADD, 64, ir_const(b, 0), x, N), x);
	assert_int_equal(value(b, ir_op(b, IR_SUB, 64, x, x, N)), 0);
	assert_int_equal(value(b, ir_op(b, IR_XOR, 32, x, x, N)), 0);
	assert_int_equal(value(b, ir_op(b, IR_ANDN, 32, ir_const(b, 0), x, N)), 0);
	assert_int_equal(value(b, ir_op(b, IR_XORN, 32, x, x, N)), 0xffffffff);
	assert_int_equal(value(b, ir_op(b, IR_MUL, 64, x, ir_const(b, 0), N)), 0);
	assert_int_equal(b->insns[ir_op(b, IR_MUL, 64, ir_const(b, 8), x, N)].op, IR_SHL);
	assert_int_equal(b->insns[ir_op(b, IR_ORN, 32, ir_const(b, 0), x, N)].op, IR_NOT);
	assert_int_equal(b->insns[ir_op(b, IR_SUB, 64, ir_const(b, 0), x, N)].op, IR_NEG);
	r = ir_op(b, IR_NOT, 64, x, N, N);
	assert_int_equal(ir_op(b, IR_NOT, 64, r, N, N), x);
	r = ir_opx(b, IR_EXTR, 64, 7, 0, x, x, N);
	assert_int_equal(b->insns[r].op, IR_ROR);
	ir_goto(b, 0);
	check(b);
}

static void fold_extensions(void **state)
{
	struct ir_block *b = begin();
	ir_ref x = ir_get_x(b, 0), h = ir_mem(b, IR_LD, 32, 1, 0, x, N, N), z;

	(void)state;
	assert_int_equal(ir_opx(b, IR_ZEXT, 64, 16, 0, h, N, N), h);
	assert_int_equal(ir_opx(b, IR_ZEXT, 64, 32, 0, h, N, N), h);
	assert_int_equal(ir_opx(b, IR_SEXT, 64, 32, 0, h, N, N), h);
	assert_int_not_equal(ir_opx(b, IR_SEXT, 64, 16, 0, h, N, N), h);
	z = ir_opx(b, IR_ZEXT, 64, 8, 0, ir_opx(b, IR_ZEXT, 64, 20, 0, x, N, N), N, N);
	assert_int_equal(b->insns[z].arg[0], x);
	assert_int_equal(b->insns[z].aux, 8);
	z = ir_op(b, IR_ADD, 32, x, h, N);
	assert_int_equal(ir_opx(b, IR_ZEXT, 64, 32, 0, z, N, N), z);
	/* a signed load of 32 bits fills them, not more */
	h = ir_mem(b, IR_LD, 32, 0 | IR_MO_SIGN, 0, x, N, N);
	assert_int_equal(ir_opx(b, IR_ZEXT, 64, 32, 0, h, N, N), h);
	assert_int_not_equal(ir_opx(b, IR_ZEXT, 64, 16, 0, h, N, N), h);
}

static void fold_chains(void **state)
{
	struct ir_block *b = begin();
	ir_ref x = ir_get_x(b, IR_REG_SP), y, z;

	(void)state;
	y = ir_op(b, IR_SUB, 64, x, ir_const(b, 32), N);
	z = ir_op(b, IR_ADD, 64, y, ir_const(b, 16), N);
	assert_int_equal(b->insns[z].op, IR_SUB);
	assert_int_equal(b->insns[z].arg[0], x);
	assert_int_equal(value(b, b->insns[z].arg[1]), 16);
	assert_int_equal(ir_op(b, IR_ADD, 64, z, ir_const(b, 16), N), x);
	z = ir_mem(b, IR_LD, 64, 3, 8, y, N, N);
	assert_int_equal(b->insns[z].arg[0], x);
	assert_int_equal((s64)b->insns[z].imm, -24);
	/* too far for a displacement */
	y = ir_op(b, IR_ADD, 64, x, ir_const(b, 1ull << 40), N);
	z = ir_mem(b, IR_LD, 64, 3, 8, y, N, N);
	assert_int_equal(b->insns[z].arg[0], y);
	assert_int_equal(b->insns[z].imm, 8);
	/* an address is 64 bits: a sum of 32 is not looked through */
	y = ir_op(b, IR_ADD, 32, x, ir_const(b, 4), N);
	z = ir_mem(b, IR_LD, 64, 3, 0, y, N, N);
	assert_int_equal(b->insns[z].arg[0], y);
	z = ir_op(b, IR_ADD, 64, y, ir_const(b, 4), N);
	assert_int_equal(b->insns[z].arg[0], y);
	/* but a sum of 32 looks through one of 64 */
	y = ir_op(b, IR_ADD, 64, x, ir_const(b, 4), N);
	z = ir_op(b, IR_SUB, 32, y, ir_const(b, 5), N);
	assert_int_equal(b->insns[z].arg[0], x);
	assert_int_equal(b->insns[z].w, 32);
	assert_int_equal(value(b, b->insns[z].arg[1]), 1);
	/* flag-setting forms keep their arguments */
	z = ir_op_flags(b, IR_SUB, 64, y, ir_const(b, 4));
	assert_int_equal(b->insns[z].arg[0], y);
	ir_goto(b, 0);
	check(b);
}

static void merge_equal_values(void **state)
{
	struct ir_block *b = begin();
	ir_ref x = ir_get_x(b, 1), y = ir_get_x(b, 2), f = ir_get_f(b), l;

	(void)state;
	assert_int_equal(ir_op(b, IR_ADD, 64, x, y, N), ir_op(b, IR_ADD, 64, y, x, N));
	assert_int_not_equal(ir_op(b, IR_ADD, 64, x, y, N), ir_op(b, IR_ADD, 32, x, y, N));
	assert_int_not_equal(ir_op(b, IR_SUB, 64, x, y, N), ir_op(b, IR_SUB, 64, y, x, N));
	assert_int_not_equal(ir_opx(b, IR_CSEL, 64, 1, 0, f, x, y), ir_opx(b, IR_CSEL, 64, 2, 0, f, x, y));
	assert_int_equal(ir_opx(b, IR_CSEL, 64, 1, 0, f, x, x), x);
	/* loads are never merged */
	l = ir_mem(b, IR_LD, 64, 3, 0, x, N, N);
	assert_int_not_equal(ir_mem(b, IR_LD, 64, 3, 0, x, N, N), l);
	/* vectors */
	x = ir_get_v(b, 1);
	y = ir_get_v(b, 2);
	assert_int_equal(ir_vop(b, IR_VADD, 2, IR_Q, 0, x, y, N), ir_vop(b, IR_VADD, 2, IR_Q, 0, y, x, N));
	assert_int_not_equal(ir_vop(b, IR_VADD, 2, IR_Q, 0, x, y, N),
			     ir_vop(b, IR_VADD, 2, IR_D, 0, x, y, N));
	assert_int_not_equal(ir_vop(b, IR_VFADD, 2, IR_Q, 0, x, y, N),
			     ir_vop(b, IR_VFADD, 2, IR_Q, 0, x, y, N));
	assert_int_equal(ir_vop(b, IR_VOR, 0, IR_Q, 0, x, x, N), x);
	assert_int_equal(b->insns[ir_vop(b, IR_VOR, 0, IR_D, 0, x, x, N)].op, IR_VLOW);
	l = ir_mem(b, IR_LDV, 64, 3, 0, ir_get_x(b, 1), N, N);
	assert_int_equal(ir_vop(b, IR_VLOW, 3, IR_D, 0, l, N, N), l);
	assert_int_equal(ir_vop(b, IR_VCONST, 0, IR_Q, 0, N, N, N), ir_vop(b, IR_VXOR, 0, IR_Q, 0, x, x, N));
	ir_goto(b, 0);
	check(b);
}

static void registers_forward(void **state)
{
	struct ir_block *b = begin();
	ir_ref x = ir_get_x(b, 1), y;

	(void)state;
	assert_int_equal(ir_get_x(b, 1), x);
	y = ir_op(b, IR_ADD, 64, x, ir_const(b, 1), N);
	ir_set_x(b, 1, y);
	ir_set_x(b, 1, y);
	assert_int_equal(ir_get_x(b, 1), y);
	assert_int_equal(count(b, IR_SETX), 1);
	ir_set_x(b, 2, y);
	assert_int_equal(ir_get_x(b, 2), y);
	assert_int_equal(count(b, IR_GETX), 1);
	ir_begin_insn(b, 0x1004, 0);
	ir_call(b, IR_HELPER_sev, N, N, N);
	assert_int_not_equal(ir_get_x(b, 1), y);
	assert_int_equal(count(b, IR_GETX), 2);
	ir_leave(b, 0x1008);
	check(b);
}

static void optimise_dead(void **state)
{
	struct ir_block *b = begin();
	ir_ref x = ir_get_x(b, 1), y = ir_get_x(b, 2), v;

	(void)state;
	/* subs x3, x1, x2; add x4, x1, x2; ... then both overwritten */
	v = ir_op_flags(b, IR_SUB, 64, x, y);
	ir_set_f(b, ir_op(b, IR_FL_SUB, 64, x, y, N));
	ir_set_x(b, 3, v);
	ir_op(b, IR_MUL, 64, x, y, N);			/* nobody reads it */
	ir_begin_insn(b, 0x1004, 0);
	ir_set_f(b, ir_op(b, IR_FL_ADD, 64, x, y, N));
	ir_set_x(b, 3, x);
	ir_goto(b, 0x1008);
	ir_optimise(b);
	check(b);
	assert_int_equal(count(b, IR_SETF), 1);
	assert_int_equal(count(b, IR_FL_SUB), 0);
	assert_int_equal(count(b, IR_FL_ADD), 1);
	assert_int_equal(count(b, IR_SUB), 0);
	assert_int_equal(count(b, IR_MUL), 0);
	assert_int_equal(count(b, IR_SETX), 1);
	assert_int_equal(count(b, IR_INSN), 2);
	for (unsigned int i = 0; i < b->n; i++)
		if (b->insns[i].op == IR_GETX && b->insns[i].imm == 1)
			assert_int_equal(b->insns[i].uses, 2);
	/* once more changes nothing */
	v = b->n;
	ir_optimise(b);
	check(b);
	assert_int_equal(b->n, v);
}

/* What can expose a register between two writes of it keeps the first. */
static void optimise_exposed(void **state)
{
	enum { MEM, CALL, EXIT, FP, GET, KINDS };

	(void)state;
	for (unsigned int kind = 0; kind < KINDS; kind++) {
		struct ir_block *b = begin();
		ir_ref x = ir_get_x(b, 1), q = ir_get_v(b, 1);
		struct ir_insn get = { .op = IR_GETX, .w = 64, .imm = 5 };

		ir_set_x(b, 5, ir_op(b, IR_ADD, 64, x, ir_const(b, 1), N));
		ir_set_v(b, 5, ir_vop(b, IR_VADD, 0, IR_Q, 0, q, q, N));
		ir_set_f(b, ir_op(b, IR_FL_LOGIC, 64, x, N, N));
		ir_begin_insn(b, 0x1004, 0);
		switch (kind) {
		case MEM:
			ir_mem(b, IR_LD, 64, 3, 0, x, N, N);
			break;
		case CALL:
			ir_call(b, IR_HELPER_yield, N, N, N);
			break;
		case EXIT:
			ir_exit_if(b, IR_XZ, 64, 0, x, 0x2000);
			break;
		case FP:
			ir_vop(b, IR_VFADD, 3, IR_Q, 0, q, q, N);
			break;
		case GET:	/* as if made by hand: seen by a side effect */
			ir_set_x(b, 6, ir_emit(b, &get));
			break;
		}
		ir_begin_insn(b, 0x1008, 0);
		ir_set_x(b, 5, x);
		ir_set_v(b, 5, q);
		ir_set_f(b, ir_op(b, IR_FL_MAKE, 64, x, N, N));
		ir_goto(b, 0x100c);
		ir_optimise(b);
		check(b);
		assert_int_equal(count(b, IR_SETV), kind <= EXIT ? 2 : 1);
		assert_int_equal(count(b, IR_SETF), kind <= EXIT ? 2 : 1);
		assert_int_equal(count(b, IR_SETX), kind <= EXIT ? 2 : kind == GET ? 3 : 1);
		assert_int_equal(count(b, IR_VFADD), kind == FP);
	}
}

/* ---- lanes: random chains mean the same whatever was folded ---- */

struct lanes {
	u64 d[2];
};

static u64 lane_get(struct lanes v, unsigned int es, unsigned int n)
{
	unsigned int bits = 8u << es, lo = n * bits % 128;
	u64 x = v.d[lo / 64] >> lo % 64;

	return bits == 64 ? x : x & ((1ull << bits) - 1);
}

static struct lanes lane_put(struct lanes v, unsigned int es, unsigned int n, u64 x)
{
	unsigned int bits = 8u << es, lo = n * bits % 128;
	u64 mask = bits == 64 ? ~0ull : ((1ull << bits) - 1) << lo % 64;

	v.d[lo / 64] = (v.d[lo / 64] & ~mask) | (x << lo % 64 & mask);
	return v;
}

static struct lanes lane_splat(unsigned int es, unsigned int q, u64 x)
{
	unsigned int n = q == IR_SCALAR ? 1 : (q == IR_D ? 8u : 16u) >> es;
	struct lanes v = { { 0, 0 } };

	while (n--)
		v = lane_put(v, es, n, x);
	return v;
}

static u64 lane_sext(u64 x, unsigned int bits, unsigned int w)
{
	x = (u64)arm_sext(x, bits);
	return w == 32 ? (u32)x : x;
}

/* ir.def's words about each of these. */
static struct lanes lane_model(const struct ir_insn *t, struct lanes a, struct lanes c)
{
	const struct lanes none = { { 0, 0 } };
	struct lanes v = none;

	switch (t->op) {
	case IR_VLOW:
		return t->q == IR_SCALAR ? lane_put(none, t->es, 0, lane_get(a, t->es, 0)) :
		       t->q == IR_D ? (struct lanes){ { a.d[0], 0 } } : a;
	case IR_VHIGH:
		return (struct lanes){ { a.d[1], 0 } };
	case IR_VCAT:
		return (struct lanes){ { a.d[0], c.d[0] } };
	case IR_VDUP:
		return lane_splat(t->es, t->q, lane_get(a, t->es, t->imm & 15));
	case IR_VSPLAT:
		return lane_splat(t->es, t->q, a.d[0]);
	case IR_VINS:
		return lane_put(a, t->es, t->imm & 15, c.d[0]);
	case IR_VINSV:
		return lane_put(a, t->es, t->imm & 15, lane_get(c, t->es, t->imm >> 4));
	case IR_VGETU:
		v.d[0] = lane_get(a, t->es, t->imm & 15);
		return v;
	case IR_VGETS:
		v.d[0] = lane_sext(lane_get(a, t->es, t->imm & 15), 8u << t->es, t->w);
		return v;
	case IR_ZEXT:
		v.d[0] = a.d[0] & ((1ull << t->aux) - 1);
		return v;
	case IR_SEXT:
		v.d[0] = lane_sext(a.d[0], t->aux, t->w);
		return v;
	case IR_GETV:
	case IR_GETX:
		v.d[0] = (t->imm + 1) * 0x9e3779b97f4a7c15;
		v.d[1] = t->op == IR_GETV ? (t->imm + 1) * 0xbf58476d1ce4e5b9 : 0;
		return v;
	case IR_INSN:
		return none;
	}
	fail_msg("the folds made op %u of lanes", t->op);
	return none;
}

/* A random one of them on two of the @n vectors and two integers made so far. */
static struct ir_insn lane_random(u32 *seed, const ir_ref *vec, unsigned int n, const ir_ref *num)
{
	static const u16 ops[] = {
		IR_VLOW, IR_VHIGH, IR_VCAT, IR_VDUP, IR_VSPLAT, IR_VINS, IR_VINS, IR_VINSV, IR_VINSV, IR_VINSV,
		IR_VGETU, IR_VGETS,
	};
	u32 r = *seed = *seed * 1664525 + 1013904223, lanes;
	struct ir_insn t = { .op = ops[(r >> 8) % ARM_ARRAY_SIZE(ops)], .q = IR_Q, .w = 64 };

	r = *seed = *seed * 1664525 + 1013904223;
	t.es = r >> 9 & 3;
	lanes = 16u >> t.es;
	t.imm = (r >> 12) % lanes;
	t.arg[0] = vec[(r >> 17) % n];
	if (t.op == IR_VINSV)
		t.imm |= (u64)((r >> 21) % lanes) << 4;
	if (t.op == IR_VINSV || t.op == IR_VCAT)
		t.arg[1] = vec[(r >> 25) % n];
	if (t.op == IR_VINS)
		t.arg[1] = num[r >> 25 & 1];
	if (t.op == IR_VSPLAT)
		t.arg[0] = num[r >> 25 & 1];
	if (t.op == IR_VLOW || t.op == IR_VDUP || t.op == IR_VSPLAT)
		t.q = r >> 27 & 1 ? IR_SCALAR : IR_D;
	if (t.op == IR_VLOW || t.op == IR_VCAT || t.op == IR_VSPLAT || t.op == IR_VHIGH)
		t.imm = 0;
	if (t.op == IR_VHIGH || t.op == IR_VCAT || (t.op == IR_VLOW && t.q == IR_D) || (t.op == IR_VDUP && t.q == IR_D))
		t.es = t.op == IR_VDUP ? t.es : 3;
	if (t.op == IR_VGETS)
		t.w = t.es < 2 && r >> 28 & 1 ? 32 : 64;
	return t;
}

static void fold_lanes_once(u32 *seed)
{
	static struct lanes got[IR_MAX_INSNS];
	struct ir_block *b = begin();
	ir_ref vec[44], num[2] = { ir_get_x(b, 1), ir_get_x(b, 2) }, made[40];
	struct lanes want[40], value_of[IR_MAX_INSNS] = { 0 };
	unsigned int n = 4;

	for (unsigned int i = 0; i < n; i++) {
		vec[i] = ir_get_v(b, i);
		value_of[vec[i]] = lane_model(&b->insns[vec[i]], value_of[0], value_of[0]);
	}
	for (unsigned int i = 0; i < 2; i++)
		value_of[num[i]] = lane_model(&b->insns[num[i]], value_of[0], value_of[0]);
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(made); i++) {
		struct ir_insn t = lane_random(seed, vec, n, num);

		want[i] = lane_model(&t, value_of[t.arg[0]], value_of[t.arg[1]]);
		made[i] = ir_emit(b, &t);
		value_of[made[i]] = want[i];
		if (t.op != IR_VGETU && t.op != IR_VGETS)
			vec[n++] = made[i];
		else
			num[i & 1] = made[i];
	}
	for (unsigned int i = 0; i < b->n; i++)
		got[i] = lane_model(&b->insns[i], got[b->insns[i].arg[0]], got[b->insns[i].arg[1]]);
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(made); i++)
		if (memcmp(&got[made[i]], &want[i], sizeof(want[i]))) {
			ir_dump(b, stderr);
			fail_msg("value %u is wrong", made[i]);
		}
}

static void fold_lanes(void **state)
{
	u32 seed = 1;

	(void)state;
	for (unsigned int i = 0; i < 3000; i++)
		fold_lanes_once(&seed);
}

/* S and D registers of AArch32: nothing is moved between instructions. */
static void fold_lanes_away(void **state)
{
	struct ir_block *b = begin();
	ir_ref q = ir_get_v(b, 0), s = ir_get_v(b, 1), low, high, v;

	(void)state;
	low = ir_vop(b, IR_VFADD, 2, IR_SCALAR, 0, q, s, IR_NONE);
	v = ir_vop(b, IR_VINSV, 2, IR_Q, 1, q, low, IR_NONE);
	v = ir_vop(b, IR_VINSV, 2, IR_Q, 3, v, s, IR_NONE);
	assert_int_equal(ir_vop(b, IR_VDUP, 2, IR_SCALAR, 1, v, IR_NONE, IR_NONE), low);
	high = ir_vop(b, IR_VFADD, 3, IR_SCALAR, 0, q, s, IR_NONE);
	v = ir_vop(b, IR_VINSV, 3, IR_Q, 1, q, high, IR_NONE);
	v = ir_vop(b, IR_VINSV, 3, IR_Q, 0, v, low, IR_NONE);
	assert_int_equal(b->insns[v].op, IR_VCAT);
	assert_int_equal(ir_vop(b, IR_VHIGH, 3, IR_D, 0, v, IR_NONE, IR_NONE), high);
	assert_int_equal(ir_vop(b, IR_VLOW, 3, IR_D, 0, v, IR_NONE, IR_NONE), low);
	v = ir_vop(b, IR_VINS, 2, IR_Q, 2, v, ir_op(b, IR_MUL, 32, ir_get_x(b, 1), ir_get_x(b, 2), IR_NONE), IR_NONE);
	assert_int_equal(b->insns[ir_vop(b, IR_VGETU, 2, IR_SCALAR, 2, v, IR_NONE, IR_NONE)].op, IR_MUL);
	assert_int_equal(count(b, IR_VHIGH) + count(b, IR_VLOW) + count(b, IR_VDUP) + count(b, IR_VGETU), 0);
}

static void break_forward(struct ir_block *b, struct ir_insn *add) { add->arg[0] = b->n - 1; }
/* ---- the verifier finds what is wrong ---- */

typedef void break_fn(struct ir_block *b, struct ir_insn *add);

static void break_type(struct ir_block *b, struct ir_insn *add) { (void)b; add->arg[1] = 3; }
static void break_missing(struct ir_block *b, struct ir_insn *add) { (void)b; add->arg[1] = 0; }
static void break_extra(struct ir_block *b, struct ir_insn *add) { (void)b; add->arg[2] = 1; }
static void break_width(struct ir_block *b, struct ir_insn *add) { (void)b; add->w = 16; }
static void break_op(struct ir_block *b, struct ir_insn *add) { (void)b; add->op = IR_OP_COUNT; }
static void break_es(struct ir_block *b, struct ir_insn *add) { (void)b; add->es = 5; }
static void break_end(struct ir_block *b, struct ir_insn *add) { (void)add; b->n--; }
static void break_early(struct ir_block *b, struct ir_insn *add) { *add = b->insns[b->n - 1]; }
static void break_first(struct ir_block *b, struct ir_insn *add) { (void)add; b->insns[0].op = IR_CLREX; }
static void break_count(struct ir_block *b, struct ir_insn *add) { (void)add; b->guest_insns++; }
static void break_size(struct ir_block *b, struct ir_insn *add) { (void)add; b->n = IR_MAX_INSNS + 1; }
static void break_reg(struct ir_block *b, struct ir_insn *add) { (void)add; b->insns[1].imm = 32; }
static void break_vreg(struct ir_block *b, struct ir_insn *add) { (void)add; b->insns[3].imm = 64; }
static void break_mop(struct ir_block *b, struct ir_insn *add) { (void)add; b->insns[5].mop = 4; }
static void break_pair(struct ir_block *b, struct ir_insn *add) { (void)add; b->insns[6].arg[0] = 1; }

/* The store becomes part of the instruction that wrote v2. */
static void break_store(struct ir_block *b, struct ir_insn *add)
{
	(void)add;
	b->insns[9] = (struct ir_insn){ .op = IR_CLREX, .w = 64 };
	b->guest_insns--;
}

static void break_nothing(struct ir_block *b, struct ir_insn *add)
{
	(void)b, (void)add;
}

static struct ir_block *verifier_block(void)
{
	struct ir_block *b = begin();
	ir_ref x = ir_get_x(b, 1), y = ir_get_x(b, 2), v = ir_get_v(b, 1), add, p;
	struct ir_insn second;

	add = ir_op(b, IR_ADD, 64, x, y, N);		/* 4 */
	p = ir_mem(b, IR_LDP, 64, 3, 16, x, N, N);	/* 5 */
	second = b->insns[p];
	second.op = IR_LDP2;
	second.arg[0] = p;
	ir_emit(b, &second);				/* 6 */
	ir_begin_insn(b, 0x1004, 0);			/* 7 */
	ir_set_v(b, 2, v);
	ir_begin_insn(b, 0x1008, 0);			/* 9 */
	ir_mem(b, IR_ST, 64, 3, 0, x, add, N);
	ir_goto(b, 0x100c);
	return b;
}

static void verifier(void **state)
{
	static const struct { break_fn *fn; const char *why; } breaks[] = {
		{ break_nothing, NULL },
		{ break_forward, "comes later" },
		{ break_type, "wrong type" },
		{ break_missing, "missing" },
		{ break_extra, "too many" },
		{ break_width, "width" },
		{ break_op, "unknown operation" },
		{ break_es, "element size" },
		{ break_end, "does not end" },
		{ break_early, "an end before" },
		{ break_first, "does not begin" },
		{ break_count, "number of guest" },
		{ break_size, "its size" },
		{ break_reg, "not a general" },
		{ break_vreg, "not a vector" },
		{ break_mop, "size" },
		{ break_pair, "first half" },
		{ break_store, "may fault" },
	};
	char why[100];

	(void)state;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(breaks); i++) {
		struct ir_block *b = verifier_block();

		why[0] = 0;
		breaks[i].fn(b, &b->insns[4]);
		assert_int_equal(ir_verify(b, why, sizeof(why)), breaks[i].why ? -EINVAL : 0);
		if (breaks[i].why && !strstr(why, breaks[i].why))
			fail_msg("expected '%s', not '%s'", breaks[i].why, why);
	}
}

/* Far too many operations: memory stays whole, and `full` was set in time. */
static void overflow(void **state)
{
	struct ir_block *b = begin();
	unsigned int full_at = 0;

	(void)state;
	for (unsigned int i = 0; i < 3 * IR_MAX_INSNS; i++) {
		ir_mem(b, IR_LD, 64, 3, 0, ir_get_x(b, 1), N, N);
		if (b->full && !full_at)
			full_at = b->n;
	}
	assert_in_range(full_at, 1, IR_MAX_INSNS - IR_RESERVE + 1);
	assert_int_equal(b->n, IR_MAX_INSNS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fold_constants),
		cmocka_unit_test(fold_unary_constants),
		cmocka_unit_test(fold_identities),
		cmocka_unit_test(fold_extensions),
		cmocka_unit_test(fold_chains),
		cmocka_unit_test(merge_equal_values),
		cmocka_unit_test(registers_forward),
		cmocka_unit_test(optimise_dead),
		cmocka_unit_test(optimise_exposed),
		cmocka_unit_test(fold_lanes),
		cmocka_unit_test(fold_lanes_away),
		cmocka_unit_test(verifier),
		cmocka_unit_test(overflow),
	};

	return cmocka_run_group_tests_name("ir", tests, NULL, NULL);
}
