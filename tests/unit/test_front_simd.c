// SPDX-License-Identifier: GPL-2.0-only
/*
 * Translation of SIMD and floating point: each row of the group does what an
 * Arm CPU did with the same word and registers (front_simd_cases.h), nothing
 * more, and nothing at all where the access traps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "emu/fp/vec.h"
#include "emu/front/front.h"
#include "tests/unit/front_simd_rig.h"

static const struct simd_case cases[] = {
#include "tests/unit/front_simd_cases.h"
};

#define FEATURES (~0ULL & ~A64_FEAT_FP16)

static struct ir_block blk;

static void check(const char *when, u32 word)
{
	char why[100] = "";

	if (!ir_verify(&blk, why, sizeof(why)))
		return;
	ir_dump(&blk, stderr);
	fail_msg("%08x %s: %s", word, when, why);
}

static void translate(u32 word, u32 mode, u64 features)
{
	ir_block_init(&blk, 0x1000, mode, features);
	front_a64(&blk, &word, 1, 1);
	check("built", word);
	ir_optimise(&blk);
	check("optimised", word);
}

static bool has_call(enum ir_helper h)
{
	for (unsigned int i = 0; i < blk.n; i++)
		if (blk.insns[i].op == IR_CALL && blk.insns[i].imm == h)
			return true;
	return false;
}

static unsigned int writes(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < blk.n; i++)
		n += blk.insns[i].op == IR_SETV || blk.insns[i].op == IR_SETX || blk.insns[i].op == IR_SETF;
	return n;
}

/* ---- what a block does: registers here, values by vec_table ---- */

/* The condition of aux (DDI 0487, ConditionHolds). */
static bool holds(unsigned int cond, u64 nzcv)
{
	bool n = nzcv >> 31 & 1, z = nzcv >> 30 & 1, c = nzcv >> 29 & 1, v = nzcv >> 28 & 1;
	const bool is[] = { z, c, n, v, c && !z, n == v, n == v && !z };

	return cond >= 14 || is[cond >> 1] != (cond & 1);
}

/* Registers and constants; false: not one of these. */
static bool eval_state(struct simd_regs *g, const struct ir_insn *t, const struct arm_vreg *a,
		       struct arm_vreg *res)
{
	switch (t->op) {
	case IR_INSN:
	case IR_GOTO:
		return true;
	case IR_CONST:
		res->d[0] = t->imm;
		return true;
	case IR_GETX:
		assert_true(t->imm < 16);
		res->d[0] = g->x[t->imm];
		return true;
	case IR_SETX:
		assert_true(t->imm < 16);
		g->x[t->imm] = a->d[0];
		return true;
	case IR_GETV:
		memcpy(res, g->v[t->imm - IR_REG_V0], sizeof(*res));
		return true;
	case IR_SETV:
		memcpy(g->v[t->imm - IR_REG_V0], a, sizeof(*a));
		return true;
	case IR_GETF:
		res->d[0] = g->nzcv;
		return true;
	case IR_SETF:
		g->nzcv = a->d[0];
		return true;
	}
	return false;
}

static struct arm_vreg eval_vec(struct simd_regs *g, const struct ir_insn *t, struct vec_call *vc)
{
	u32 fpsr = (u32)g->fpsr;
	unsigned int op = t->op;

	vc->imm = t->imm;
	vc->es = t->es;
	vc->q = t->q;
	vc->w = t->w;
	vc->fpcr = (u32)g->fpcr;
	vc->fpsr = &fpsr;
	if (op == IR_VSEL) {
		vc->a = holds(t->aux, vc->a.d[0]) ? vc->b : vc->c;
		op = IR_VLOW;
	} else if (op == IR_FCCMP) {
		if (!holds(t->aux, vc->a.d[0]))
			return (struct arm_vreg){ { (t->imm & 15) << 28, 0 } };
		vc->a = vc->b;
		vc->b = vc->c;
		vc->imm = t->imm >> 4;
		op = IR_FCMP;
	}
	if (!vec_table[op])
		fail_msg("%s has no place here", ir_ops[op].name);
	vec_table[op](vc);
	g->fpsr = fpsr;
	return vc->res;
}

static void eval(struct simd_regs *g)
{
	static struct arm_vreg val[IR_MAX_INSNS];

	for (unsigned int i = 0; i < blk.n; i++) {
		const struct ir_insn *t = &blk.insns[i];
		struct vec_call vc = { .a = val[t->arg[0]], .b = val[t->arg[1]], .c = val[t->arg[2]] };

		memset(&val[i], 0, sizeof(val[i]));
		if (!eval_state(g, t, &vc.a, &val[i]))
			val[i] = eval_vec(g, t, &vc);
	}
}

/* ---- tests ---- */

static void recorded(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(cases); i++) {
		const struct simd_case *c = &cases[i];
		struct simd_regs got, want;

		simd_regs_init(&got, c->seed);
		want = got;
		want.v[c->word & 31][1] = c->high;
		want.v[c->word & 31][0] = c->low;
		want.x[c->word & 15] = c->x;
		want.nzcv = c->nzcv;
		want.fpsr = c->fpsr;
		translate(c->word, 1, FEATURES);
		eval(&got);
		if (!memcmp(&got, &want, sizeof(got)))
			continue;
		ir_dump(&blk, stderr);
		print_error("seed %u: V %016llx %016llx, X %llx, NZCV %llx, FPSR %llx\n", c->seed,
			    (unsigned long long)got.v[c->word & 31][1],
			    (unsigned long long)got.v[c->word & 31][0],
			    (unsigned long long)got.x[c->word & 15], (unsigned long long)got.nzcv,
			    (unsigned long long)got.fpsr);
		fail_msg("%08x does not what was recorded", c->word);
	}
}

/* The table of cases leaves no row of the group out: they are consecutive. */
static void every_row(void **state)
{
	bool seen[A64_OP_COUNT] = { false };
	struct a64_insn insn;

	(void)state;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(cases); i++)
		seen[a64_decode(cases[i].word, FEATURES, &insn)] = true;
	for (unsigned int op = A64_AESIMC; op <= A64_TBX; op++)
		if (!seen[op])
			fail_msg("no case for %s", a64_op_name(op));
	assert_false(seen[A64_UNDEFINED]);
}

static void trapped(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(cases); i++) {
		translate(cases[i].word, IR_MODE_FP_TRAP, FEATURES);
		assert_true(has_call(IR_HELPER_fp_trap));
		assert_int_equal(writes(), 0);
	}
}

/* Half precision is for conversion: all else is UNDEFINED even if the decoder knows it. */
static void half_precision(void **state)
{
	static const u32 undefined[] = {
		0x1ee22820,	/* fadd h0, h1, h2 */
		0x1ee20c20,	/* fcsel h0, h1, h2, eq */
		0x1ee2042f,	/* fccmp h1, h2, #15, eq */
		0x1ee22020,	/* fcmp h1, h2 */
		0x1fc20c20,	/* fmadd h0, h1, h2, h3 */
		0x1ee7d000,	/* fmov h0, #30.0 */
		0x1ee44020,	/* frintn h0, h1 */
		0x1ee60020,	/* fmov w0, h1 */
		0x9ef80020,	/* fcvtzs x0, h1 */
		0x9ee20020,	/* scvtf h0, x1 */
		0x1ec2fc20,	/* scvtf h0, w1, #1 */
		0x1ee0c020,	/* fabs h0, h1 */
		0x0f1ffc20,	/* fcvtzs v0.4h, v1.4h, #1 */
		0x5f1fe420,	/* scvtf h0, h1, #1 */
	};

	(void)state;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(undefined); i++) {
		translate(undefined[i], 1, ~0ULL);
		if (!has_call(IR_HELPER_undefined) || writes())
			fail_msg("%08x is not UNDEFINED", undefined[i]);
	}
	translate(0x1ee24020, 1, ~0ULL);	/* fcvt s0, h1 */
	assert_false(has_call(IR_HELPER_undefined));
	assert_int_equal(writes(), 1);
}

/* A conditional comparison raises nothing when it is not made. */
static void fccmp_not_made(void **state)
{
	struct simd_regs g = { .nzcv = 0 };

	(void)state;
	g.v[1][0] = 0x7f800001;		/* a signalling NaN */
	translate(0x1e22042a, 1, FEATURES);	/* fccmp s1, s2, #10, eq */
	eval(&g);
	assert_int_equal(g.nzcv, 0xa0000000);
	assert_int_equal(g.fpsr, 0);
	g.nzcv = 0x40000000;
	eval(&g);
	assert_int_equal(g.nzcv, 0x30000000);
	assert_int_equal(g.fpsr, 1);
}

/* Registers of a table wrap from V31 to V0. */
static void table_wraps(void **state)
{
	struct simd_regs g = { .nzcv = 0 };

	(void)state;
	g.v[31][0] = 0x0706050403020100;
	g.v[31][1] = 0x0f0e0d0c0b0a0908;
	g.v[0][0] = 0x1716151413121110;
	g.v[5][0] = 0x00ff20171f100f07;
	g.v[9][0] = g.v[9][1] = ~0ULL;
	translate(0x0e0523e9, 1, FEATURES);	/* tbl v9.8b, { v31.16b, v0.16b }, v5.8b */
	eval(&g);
	assert_int_equal(g.v[9][0], 0x0000001700100f07);
	assert_int_equal(g.v[9][1], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded),
		cmocka_unit_test(every_row),
		cmocka_unit_test(trapped),
		cmocka_unit_test(half_precision),
		cmocka_unit_test(fccmp_not_made),
		cmocka_unit_test(table_wraps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
