// SPDX-License-Identifier: GPL-2.0-only
/*
 * Advanced SIMD of AArch32: each row does what an Arm CPU did with the same word
 * and registers (front_neon_cases.h), in the interpreter and as host code; loads
 * and stores do what the manual's loops over elements say.
 */
#include "tests/unit/x64_rig.h"

#include <stdio.h>

#include "emu/front/a32.h"
#include "emu/interp/interp.h"
#include "tests/unit/front_neon_rig.h"

static const struct neon_case cases[] = {
#include "tests/unit/front_neon_cases.h"
};

#define FEATURES (~0ULL & ~(A32_THUMB | A32_IN_IT))
#define MODE IR_MODE_A32	/* User mode */
#define NEON_ROWS 198	/* in neon.decode, loads and stores not counted */

static struct x64_rig rig;

/* The word as a block in rig.b that ends in a LEAVE. */
static void translate(u32 word, u32 mode)
{
	char why[200] = "";

	ir_block_init(rig.b, RIG_PC, mode, FEATURES);
	front_a32(rig.b, &word, sizeof(word), 1);
	if (rig.b->insns[rig.b->n - 1].op == IR_GOTO)
		rig.b->insns[rig.b->n - 1].op = IR_LEAVE;
	if (ir_verify(rig.b, why, sizeof(why))) {
		ir_dump(rig.b, stderr);
		fail_msg("%08x: %s", word, why);
	}
	ir_optimise(rig.b);
	if (ir_verify(rig.b, why, sizeof(why)))
		fail_msg("%08x optimised: %s", word, why);
}

static void compile(void)
{
	struct code_cache *c = rig.vm.cache;

	c->buf.p = c->start;
	c->buf.full = false;
	c->arena_used = 0;
	c->nrec = 1;
	assert_int_equal(jit_compile(c, c->ctx, rig.b, rig.page, NULL, &rig.blk), 0);
}

/* ---- recorded cases ---- */

static void load_state(struct simd_regs *g, u32 seed)
{
	struct arm_state *st = &rig.v->st;

	simd_regs_init(g, seed);
	memset(st, 0, sizeof(*st));
	memcpy(st->v, g->v, sizeof(g->v));
	st->fpcr = (u32)g->fpcr;
	st->pc = RIG_PC;
}

static void check_case(const struct neon_case *c, const char *engine)
{
	unsigned int d = neon_case_d(c->word), m = neon_case_m(c->word);
	struct arm_state *st = &rig.v->st;
	struct simd_regs before;

	if (st->v[d].d[1] != c->d_high || st->v[d].d[0] != c->d_low || st->v[m].d[1] != c->m_high ||
	    st->v[m].d[0] != c->m_low || (st->fpsr & NEON_FPSR) != c->fpsr) {
		ir_dump(rig.b, stderr);
		fail_msg("%08x seed %u (%s): q%u %016llx %016llx, q%u %016llx %016llx, fpsr %#x", c->word, c->seed,
			 engine, d, (unsigned long long)st->v[d].d[1], (unsigned long long)st->v[d].d[0], m,
			 (unsigned long long)st->v[m].d[1], (unsigned long long)st->v[m].d[0], st->fpsr);
	}
	simd_regs_init(&before, c->seed);
	for (unsigned int i = 0; i < 16; i++)
		if (i != d && i != m)
			assert_memory_equal(&st->v[i], before.v[i], 16);
}

static void recorded(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(cases); i++) {
		const struct neon_case *c = &cases[i];
		struct simd_regs g;
		u32 mode = MODE;

		load_state(&g, c->seed);
		if (g.fpcr)
			mode |= IR_MODE_FP_SLOW;
		translate(c->word, mode);
		assert_int_equal(interp_block(rig.v, rig.b), INTERP_LEAVE);
		check_case(c, "interpreter");
		load_state(&g, c->seed);
		compile();
		assert_int_equal(jit_run(rig.v, rig.blk->cold), JIT_LEFT);
		check_case(c, "translator");
	}
}

/* No row of the other classes is without a case, and none of any class without a trap. */
static void every_row(void **state)
{
	static bool seen[A32_OP_COUNT];
	struct a32_insn insn;
	unsigned int rows = 0;

	(void)state;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(cases); i++) {
		unsigned int op = a32_decode(cases[i].word, FEATURES, &insn);

		rows += !seen[op];
		seen[op] = true;
		translate(cases[i].word, MODE | IR_MODE_FP_TRAP);
		for (unsigned int k = 0; k < rig.b->n; k++)
			assert_int_not_equal(rig.b->insns[k].op, IR_SETV);
	}
	assert_false(seen[A32_UNDEFINED]);
	assert_int_equal(rows, NEON_ROWS);
}

/*
 * The product of a step is rounded, which A64's are not: of the square of
 * 0x3fb504f3 little is left below 2.  Infinity times zero counts as zero.
 */
static void steps(void **state)
{
	static const struct {
		u32 word, rounded, special;
	} step[] = {
		{ 0xf2010f12, 0x34000000, 0x40000000 },		/* vrecps.f32 d0, d1, d2 */
		{ 0xf2210f12, 0x3f000001, 0x3fc00000 },		/* vrsqrts.f32 d0, d1, d2 */
	};
	struct arm_state *st = &rig.v->st;

	(void)state;
	for (unsigned int i = 0; i < 2 * ARM_ARRAY_SIZE(step); i++) {
		memset(st, 0, sizeof(*st));
		st->pc = RIG_PC;
		st->v[0].d[1] = 0x7f8000003fb504f3;
		st->v[1].d[0] = 0x000000003fb504f3;
		translate(step[i / 2].word, MODE);
		if (i & 1) {
			compile();
			assert_int_equal(jit_run(rig.v, rig.blk->cold), JIT_LEFT);
		} else {
			assert_int_equal(interp_block(rig.v, rig.b), INTERP_LEAVE);
		}
		assert_int_equal(st->v[0].d[0], (u64)step[i / 2].special << 32 | step[i / 2].rounded);
		assert_int_equal(st->fpsr, 0x10);
	}
}

/* ---- loads and stores: the blocks' accesses go to a buffer ---- */

#define BASE 64		/* offset in the buffer that Rn points to; Rn is this number */

struct machine {
	u8 mem[160];
	u8 d[256];	/* D0..D31 */
	u32 r[16];
	u32 align;	/* what the first access asks for, in bytes; 0: nothing */
};

static void run_block(struct machine *m)
{
	static struct arm_vreg val[IR_MAX_INSNS];
	bool first = true;

	for (unsigned int i = 0; i < rig.b->n; i++) {
		const struct ir_insn *t = &rig.b->insns[i];
		u32 fpsr = 0;
		struct vec_call vc = {
			.a = val[t->arg[0]], .b = val[t->arg[1]], .c = val[t->arg[2]], .fpsr = &fpsr,
		};
		u64 a = vc.a.d[0] + t->imm;
		size_t size = (size_t)1 << (t->mop & IR_MO_SIZE);

		val[i] = (struct arm_vreg){ { 0, 0 } };
		switch (t->op) {
		case IR_INSN: case IR_LEAVE:
			break;
		case IR_CONST:
			val[i].d[0] = t->imm;
			break;
		case IR_GETX:
			val[i].d[0] = m->r[t->imm & 15];
			break;
		case IR_SETX:
			m->r[t->imm & 15] = (u32)vc.a.d[0];
			break;
		case IR_GETV:
			memcpy(&val[i], m->d + 16 * (t->imm - IR_REG_V0), 16);
			break;
		case IR_SETV:
			memcpy(m->d + 16 * (t->imm - IR_REG_V0), &vc.a, 16);
			break;
		case IR_ADD:
			val[i].d[0] = (u32)(vc.a.d[0] + vc.b.d[0]);
			break;
		case IR_LDV: case IR_STV:
			assert_true(t->mop & IR_MO_STREAM && a + size <= sizeof(m->mem));
			if (first && t->mop & IR_MO_ALIGN)
				m->align = 1u << (t->mop >> 9 & 7);
			first = false;
			if (t->op == IR_LDV)
				memcpy(&val[i], m->mem + a, size);
			else
				memcpy(m->mem + a, &vc.b, size);
			break;
		default:
			vec_call_op(t, &vc);
			val[i] = vc.res;
		}
	}
}

/* An element between memory and register. */
static void move(struct machine *m, const struct a32_insn *i, unsigned int reg, unsigned int lane, unsigned int off)
{
	unsigned int size = 1u << i->size;
	u8 *r = m->d + 8 * reg + size * lane, *p = m->mem + BASE + off;

	memcpy(i->load ? r : p, i->load ? p : r, size);
}

static void model_multiple(struct machine *m, const struct a32_insn *i)
{
	unsigned int lanes = 8u >> i->size, off = 0, sets = i->regs / i->elems;

	/* DDI 0406C A8.8.320 ff.: VLD1 fills register after register, VLD2 of four regs two pairs. */
	for (unsigned int s = 0; s < sets; s++)
		for (unsigned int e = 0; e < lanes; e++)
			for (unsigned int k = 0; k < i->elems; k++, off += 1u << i->size)
				move(m, i, i->Dd + s + k * (i->regs == 4 && i->elems == 2 ? 2 : i->inc), e, off);
}

static void model(struct machine *m, const struct a32_insn *i)
{
	unsigned int bytes = (unsigned int)i->elems << i->size;

	if (i->cls == A32_CLASS_neon_multiple) {
		model_multiple(m, i);
		bytes = 8u * i->regs;
	}
	for (unsigned int k = 0; k < i->elems && i->cls == A32_CLASS_neon_single; k++)
		move(m, i, i->Dd + k * i->inc, i->index, k << i->size);
	for (unsigned int k = 0; i->cls == A32_CLASS_neon_all_lanes && k < i->regs; k++)
		for (unsigned int e = 0; e < 8u >> i->size; e++)
			move(m, i, i->Dd + k * i->inc, e, i->elems == 1 ? 0 : k << i->size);
	if (i->Rm != 15)
		m->r[i->Rn] += i->Rm == 13 ? bytes : m->r[i->Rm];
	m->align = i->align ? 1u << i->align : 0;
}

/* Every word of the space: bits 11:4, load and D, with some registers. */
static void elements(void **state)
{
	unsigned int known = 0;

	(void)state;
	for (u32 n = 0; n < 1u << 14; n++) {
		u32 word = 0xf4000000 | (n & 0xff) << 4 | (n >> 8 & 1) << 21 | (n >> 9 & 1) << 22 |
			   (n >> 10 & 1) << 23 | 3u << 16 | (n >> 11 & 7) << 12 | (13 + (u32)(rig_random() % 3));
		struct machine got, want;
		struct a32_insn i;

		if ((word & 15) == 14)
			word -= 12;		/* Rm = r2 */
		if (!a32_decode(word, FEATURES, &i))
			continue;
		for (unsigned int k = 0; k < sizeof(got); k++)
			((u8 *)&got)[k] = (u8)rig_random();
		got.r[3] = BASE;
		got.align = 0;
		want = got;
		translate(word, MODE);
		run_block(&got);
		model(&want, &i);
		if (memcmp(&got, &want, sizeof(got))) {
			ir_dump(rig.b, stderr);
			fail_msg("%08x %s", word, a32_op_name(i.op));
		}
		known++;
	}
	assert_true(known > 6000);
}

static int setup(void **state)
{
	(void)state;
	rig_init(&rig);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded),
		cmocka_unit_test(every_row),
		cmocka_unit_test(steps),
		cmocka_unit_test(elements),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
