// SPDX-License-Identifier: GPL-2.0-only
/*
 * The A64 front end: every encoding of tests/isa/a64_rows.tsv in every mode
 * gives IR that the verifier accepts; and the rules by which blocks are cut.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "arm/sysreg.h"
#include "emu/front/front.h"

#define PC 0xffffffc000080000ull
#define ALL_FEATURES (~0ull)

struct row {
	u32 mask, value;
	bool ours;		/* not of a later architecture */
};

static struct row rows[2000];
static unsigned int nrows;
static struct ir_block blk;
static u64 seed = 0x9e3779b97f4a7c15;

static u64 rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * 0x2545f4914f6cdd1d;
}

/* tests/isa/a64_rows.tsv, found from this file's own path in the build directory, or at the top. */
static FILE *open_rows(void)
{
	char path[4096];
	const char *file = __FILE__, *end = strstr(file, "unit/test_front.c");
	FILE *in;

	snprintf(path, sizeof(path), "%.*sisa/a64_rows.tsv", end ? (int)(end - file) : 0, file);
	in = fopen(path, "r");
	return in ? in : fopen("tests/isa/a64_rows.tsv", "r");
}

static int read_rows(void **state)
{
	char line[300], status[32];
	FILE *in = open_rows();
	struct row *r;

	(void)state;
	if (!in)
		return -1;
	while (fgets(line, sizeof(line), in) && nrows < ARM_ARRAY_SIZE(rows)) {
		r = &rows[nrows];
		if (sscanf(line, "%*s\t%x\t%x\t%31s", &r->mask, &r->value, status) != 3)
			continue;
		r->ours = strcmp(status, "later") != 0;
		nrows++;
	}
	fclose(in);
	return nrows > 500 ? 0 : -1;
}

static void check(const struct ir_block *b, const char *when)
{
	char why[100] = "";

	if (!ir_verify(b, why, sizeof(why)))
		return;
	ir_dump(b, stderr);
	fail_msg("%s: %s", when, why);
}

static unsigned int count(const struct ir_block *b, unsigned int op)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < b->n; i++)
		n += b->insns[i].op == op;
	return n;
}

static bool calls(const struct ir_block *b, enum ir_helper h)
{
	for (unsigned int i = 0; i < b->n; i++)
		if (b->insns[i].op == IR_CALL && b->insns[i].imm == h)
			return true;
	return false;
}

/* Translates @n words in exactly as much memory, so that a sanitizer sees a read behind them. */
static struct ir_block *translate(const u32 *words, unsigned int n, unsigned int max, u32 mode)
{
	u32 *code = malloc(n * sizeof(*code));

	assert_non_null(code);
	memcpy(code, words, n * sizeof(*code));
	ir_block_init(&blk, PC, mode, ALL_FEATURES);
	front_a64(&blk, code, n, max);
	free(code);
	check(&blk, "built");
	return &blk;
}

static const struct ir_insn *last(const struct ir_block *b)
{
	return &b->insns[b->n - 1];
}

/* Where the block's only check for requests and interrupts leads; 0 without one. */
static u64 pending_exit(const struct ir_block *b)
{
	u64 pc = 0;

	for (unsigned int i = 0; i < b->n; i++) {
		if (b->insns[i].op != IR_XPENDING)
			continue;
		assert_int_equal(pc, 0);
		pc = b->insns[i].imm;
	}
	return pc;
}

#define TR(mode, ...) \
	translate((const u32[]){ __VA_ARGS__ }, ARM_ARRAY_SIZE(((const u32[]){ __VA_ARGS__ })), 64, mode)

/* ---- all encodings ---- */

static void every_row(void **state)
{
	static const u32 modes[] = {
		0, 1, 1 | IR_MODE_SPSEL | IR_MODE_SP_CHECK, IR_MODE_FP_TRAP | IR_MODE_SP_CHECK,
		2 | IR_MODE_STEP, 3 | IR_MODE_IL, 1 | IR_MODE_MMU_OFF | IR_MODE_ALIGN,
	};
	unsigned int most = 0;

	(void)state;
	for (unsigned int i = 0; i < nrows; i++) {
		for (unsigned int k = 0; k < 28; k++) {
			u32 word = rows[i].value | ((u32)rnd() & ~rows[i].mask);
			u32 mode = modes[k % ARM_ARRAY_SIZE(modes)];
			struct ir_block *b = translate(&word, 1, 1, mode);

			assert_int_equal(b->guest_insns, 1);
			if (b->n > most)
				most = b->n;
			ir_optimise(b);
			check(b, "optimised");
		}
	}
	print_message("longest instruction: %u operations\n", most);
	assert_in_range(most, 1, IR_RESERVE);
}

/* Rows of later architectures are UNDEFINED, but for those in the space of hints. */
static void later_rows(void **state)
{
	unsigned int n = 0;

	(void)state;
	for (unsigned int i = 0; i < nrows; i++) {
		u32 word = rows[i].value;
		struct a64_insn in;
		bool undefined;

		if (rows[i].ours)
			continue;
		undefined = a64_decode(word, ALL_FEATURES, &in) == A64_UNDEFINED;
		if (undefined) {
			struct ir_block *b = TR(1, word);

			assert_true(calls(b, IR_HELPER_undefined));
			assert_int_equal(last(b)->op, IR_LEAVE_SET);
			n++;
		}
	}
	assert_in_range(n, 100, nrows);
}

static void random_blocks(void **state)
{
	u32 words[64];

	(void)state;
	for (unsigned int i = 0; i < 4000; i++) {
		unsigned int n = 1 + rnd() % 64;
		struct ir_block *b;

		for (unsigned int k = 0; k < n; k++) {
			const struct row *r = &rows[rnd() % nrows];

			words[k] = rnd() % 16 ? r->value | ((u32)rnd() & ~r->mask) : (u32)rnd();
		}
		b = translate(words, n, 1 + rnd() % 128, rnd() & 0x3ff);
		assert_in_range(b->guest_insns, 1, n);
		ir_optimise(b);
		check(b, "optimised");
	}
}

/* The most operations per instruction: the block ends in time. */
static void full_block(void **state)
{
	u32 words[128];
	struct ir_block *b;

	(void)state;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(words); i++)
		words[i] = 0x4cdf4000 | i % 31 << 5 | i % 29;	/* ld3 {v.16b..}, [xn], #48 */
	b = translate(words, 128, 128, 0);
	assert_in_range(b->n, IR_MAX_INSNS - IR_RESERVE, IR_MAX_INSNS - 1);
	assert_in_range(b->guest_insns, 1, 127);
	assert_int_equal(last(b)->op, IR_GOTO);
	assert_int_equal(last(b)->imm, PC + 4 * b->guest_insns);
}

/* ---- how blocks are cut ---- */

#define NOP 0xd503201f
#define ADD 0x8b020020		/* add x0, x1, x2 */
#define RET 0xd65f03c0
#define B(off) (0x14000000 | ((off) & 0x3ffffff))
#define BEQ(off) (0x54000000 | ((off) & 0x7ffff) << 5)
#define CBZ(off) (0xb4000001 | ((off) & 0x7ffff) << 5)

static void ends(void **state)
{
	struct ir_block *b;

	(void)state;
	b = TR(0, ADD, ADD, ADD);
	assert_int_equal(last(b)->op, IR_GOTO);
	assert_int_equal(last(b)->imm, PC + 12);
	b = translate((const u32[]){ ADD, ADD, ADD }, 3, 2, 0);
	assert_int_equal(b->guest_insns, 2);
	assert_int_equal(last(b)->imm, PC + 8);
	b = TR(0, ADD, RET, ADD);
	assert_int_equal(b->guest_insns, 2);
	assert_int_equal(last(b)->op, IR_GOTOR);
	assert_int_equal(last(b)->aux, IR_JUMP_RET);
	b = TR(0, 0xd63f03c0);			/* blr x30: the target is the old x30 */
	assert_int_equal(last(b)->aux, IR_JUMP_CALL);
	assert_int_equal(b->insns[last(b)->arg[0]].op, IR_GETX);
	assert_int_equal(count(b, IR_PUSHRET), 1);
	b = TR(0, 0x94000010);			/* bl */
	assert_int_equal(last(b)->op, IR_GOTO);
	assert_int_equal(last(b)->imm, PC + 0x40);
	assert_int_equal(count(b, IR_SETX), 1);
	b = TR(1, 0xd5033fdf, ADD);		/* isb: goes on, unless something waits */
	assert_int_equal(b->guest_insns, 2);
	assert_int_equal(count(b, IR_BARRIER), 1);
	assert_int_equal(pending_exit(b), PC + 4);
	b = TR(1, 0xd4000001);			/* svc */
	assert_true(calls(b, IR_HELPER_svc));
	assert_int_equal(last(b)->op, IR_LEAVE_SET);
	b = TR(0, 0xd69f03e0);			/* eret at EL0 */
	assert_true(calls(b, IR_HELPER_undefined));
	b = TR(1, 0xd69f03e0);
	assert_true(calls(b, IR_HELPER_eret));
	b = TR(1, 0);				/* udf */
	assert_true(calls(b, IR_HELPER_undefined));
}

static void superblocks(void **state)
{
	struct ir_block *b;

	(void)state;
	b = TR(0, BEQ(8), ADD, CBZ(8), ADD, RET);
	assert_int_equal(b->guest_insns, 5);
	assert_int_equal(count(b, IR_XCOND), 1);
	assert_int_equal(count(b, IR_XZ), 1);
	b = TR(0, ADD, BEQ(-1), ADD);		/* a loop ends behind its branch */
	assert_int_equal(b->guest_insns, 2);
	assert_int_equal(b->insns[b->n - 2].imm, PC);
	assert_int_equal(last(b)->imm, PC + 8);
	b = TR(0, BEQ(9), BEQ(9), BEQ(9), BEQ(9), BEQ(9), BEQ(9));
	assert_int_equal(b->guest_insns, FRONT_MAX_EXITS);
	assert_int_equal(last(b)->imm, PC + 4 * FRONT_MAX_EXITS);
	b = TR(0, 0x5400010e, ADD);		/* b.al */
	assert_int_equal(b->guest_insns, 1);
	assert_int_equal(last(b)->imm, PC + 0x20);
	b = TR(0, B(2), RET, ADD, RET);		/* followed */
	assert_int_equal(b->guest_insns, 3);
	assert_int_equal(count(b, IR_GOTO), 0);
	b = TR(0, B(3), ADD, ADD);		/* behind the last word: not followed */
	assert_int_equal(b->guest_insns, 1);
	assert_int_equal(last(b)->imm, PC + 12);
	b = TR(0, ADD, B(-1));
	assert_int_equal(last(b)->imm, PC);
	b = TR(0, B(0));
	assert_int_equal(last(b)->imm, PC);
}

static void special_modes(void **state)
{
	struct ir_block *b;

	(void)state;
	b = TR(1 | IR_MODE_IL, ADD, ADD);
	assert_int_equal(b->guest_insns, 1);
	assert_true(calls(b, IR_HELPER_illegal_state));
	b = TR(1 | IR_MODE_FP_TRAP, ADD, 0x3dc00020);	/* ldr q0, [x1] */
	assert_true(calls(b, IR_HELPER_fp_trap));
	assert_int_equal(count(b, IR_LDV), 0);
	/* step: one instruction, then step_done is told what comes next */
	for (unsigned int i = 0; i < 5; i++) {
		static const u32 words[] = { ADD, BEQ(4), CBZ(-4), B(2), RET };
		const struct ir_insn *call, *pc;

		b = translate((const u32[]){ words[i], NOP, NOP, NOP }, 4, 64, 1 | IR_MODE_STEP);
		assert_int_equal(b->guest_insns, 1);
		assert_int_equal(last(b)->op, IR_LEAVE_SET);
		call = &b->insns[b->n - 2];
		assert_int_equal(call->op, IR_CALL);
		assert_int_equal(call->imm, IR_HELPER_step_done);
		pc = &b->insns[call->arg[0]];
		assert_int_equal(pc->op, i == 1 || i == 2 ? IR_CSEL : i == 4 ? IR_GETX : IR_CONST);
		if (pc->op == IR_CONST)
			assert_int_equal(pc->imm, i == 3 ? PC + 8 : PC + 4);
	}
}

/* Condition of a branch in step mode: taken on what the branch tests. */
static void step_conditions(void **state)
{
	static const struct { u32 word; unsigned int cond; } cases[] = {
		{ 0x5400008b, 11 },	/* b.lt */
		{ 0xb4000081, 0 },	/* cbz x1 */
		{ 0x35000081, 1 },	/* cbnz w1 */
		{ 0x36180081, 0 },	/* tbz w1, #3 */
		{ 0xb7180081, 1 },	/* tbnz x1, #35 */
	};

	(void)state;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(cases); i++) {
		struct ir_block *b = TR(IR_MODE_STEP, cases[i].word);
		const struct ir_insn *sel = &b->insns[b->insns[b->n - 2].arg[0]];
		u64 yes = 0, no = 0;

		assert_int_equal(sel->op, IR_CSEL);
		assert_int_equal(sel->aux, cases[i].cond);
		assert_true(ir_is_const(b, sel->arg[1], &yes));
		assert_true(ir_is_const(b, sel->arg[2], &no));
		assert_int_equal(yes, PC + 0x10);
		assert_int_equal(no, PC + 4);
	}
}

static void sp_alignment(void **state)
{
	u32 mode = 1 | IR_MODE_SP_CHECK;
	struct ir_block *b;

	(void)state;
	assert_int_equal(count(TR(1, 0xf94003e0), IR_SPCHECK), 0);	/* ldr x0, [sp] */
	assert_int_equal(count(TR(mode, 0xf9400020), IR_SPCHECK), 0);	/* ldr x0, [x1] */
	b = TR(mode, 0xa9bf7bfd, 0xf94003e0, 0xa8c27bfd, 0xf94003e0);	/* stp x29, x30, [sp, #-16]! ... */
	assert_int_equal(count(b, IR_SPCHECK), 1);
	b = TR(mode, 0xf94003e0, 0x910023ff, 0xf94003e0);		/* add sp, sp, #8 */
	assert_int_equal(count(b, IR_SPCHECK), 2);
	b = TR(mode, 0xf94003e0, 0x9100003f, 0xf94003e0, 0xf94003e0);	/* mov sp, x1 */
	assert_int_equal(count(b, IR_SPCHECK), 2);
	b = TR(mode, 0xf98003e0);					/* prfm [sp] */
	assert_int_equal(count(b, IR_SPCHECK), 0);
	for (unsigned int i = 0; i < b->n; i++)
		assert_false(b->insns[i].op == IR_LD);
}

/* ---- system registers ---- */

#define MRS(enc, rt) (0xd5300000 | ((enc) & 0x7fff) << 5 | (rt))
#define MSR(enc, rt) (0xd5100000 | ((enc) & 0x7fff) << 5 | (rt))

static void sysregs(void **state)
{
	u32 tpidr_el0 = ARM_SYSREG_ENC(3, 3, 13, 0, 2), tpidrro = ARM_SYSREG_ENC(3, 3, 13, 0, 3);
	u32 sctlr = ARM_SYSREG_ENC(3, 0, 1, 0, 0), sp_el0 = ARM_SYSREG_ENC(3, 0, 4, 1, 0);
	u32 elr = ARM_SYSREG_ENC(3, 0, 4, 0, 1), current = ARM_SYSREG_ENC(3, 0, 4, 2, 2);
	u32 nzcv = ARM_SYSREG_ENC(3, 3, 4, 2, 0);
	struct ir_block *b;

	(void)state;
	b = TR(0, MRS(tpidr_el0, 1), MSR(tpidr_el0, 2));
	assert_int_equal(count(b, IR_LDSYS), 1);
	assert_int_equal(count(b, IR_STSYS), 1);
	assert_int_equal(count(b, IR_CALL), 0);
	b = TR(0, MRS(tpidrro, 1));
	assert_int_equal(count(b, IR_LDSYS), 1);
	b = TR(0, MSR(tpidrro, 1));		/* not at EL0: the helper says so */
	assert_true(calls(b, IR_HELPER_sysreg_write));
	b = TR(0, MRS(elr, 1));
	assert_true(calls(b, IR_HELPER_sysreg_read));
	b = TR(1, MRS(elr, 1), MSR(elr, 1));
	assert_int_equal(count(b, IR_CALL), 0);
	b = TR(1, MSR(sctlr, 1), ADD);		/* may change the mode */
	assert_true(calls(b, IR_HELPER_sysreg_write));
	assert_int_equal(last(b)->op, IR_LEAVE);
	assert_int_equal(b->guest_insns, 1);
	b = TR(1, MRS(sp_el0, 1));		/* is the current one: the helper refuses */
	assert_true(calls(b, IR_HELPER_sysreg_read));
	b = TR(1 | IR_MODE_SPSEL, MRS(sp_el0, 1));
	assert_int_equal(count(b, IR_LDSYS), 1);
	b = TR(2, MRS(current, 1));
	assert_int_equal(count(b, IR_CALL), 0);
	b = TR(0, MRS(current, 1));
	assert_true(calls(b, IR_HELPER_sysreg_read));
	b = TR(0, MRS(nzcv, 1), MSR(nzcv, 2));
	assert_int_equal(count(b, IR_FL_GET) + count(b, IR_FL_MAKE), 2);
	b = TR(1, 0xd50b7422, ADD);		/* dc zva, x2 */
	assert_true(calls(b, IR_HELPER_dc_zva));
	assert_int_equal(b->guest_insns, 2);
	b = TR(1, 0xd508871f, ADD);		/* tlbi vmalle1 */
	assert_int_equal(last(b)->op, IR_LEAVE);
}

/* Masks are changed in place; what may unmask looks at once whether something waits. */
static void daif(void **state)
{
	static const struct { u32 word; unsigned int reads, writes; bool unmasks; } cases[] = {
		{ 0xd50342df, 1, 1, false },			/* msr daifset, #2 */
		{ 0xd50342ff, 1, 1, true },			/* msr daifclr, #2 */
		{ MRS(ARM_SYSREG_ENC(3, 3, 4, 2, 1), 1), 1, 0, false },
		{ MSR(ARM_SYSREG_ENC(3, 3, 4, 2, 1), 1), 0, 1, true },
	};
	struct ir_block *b;

	(void)state;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(cases); i++) {
		b = TR(1, ADD, cases[i].word, ADD);
		assert_int_equal(b->guest_insns, 3);
		assert_int_equal(count(b, IR_CALL), 0);
		assert_int_equal(count(b, IR_LDDAIF), cases[i].reads);
		assert_int_equal(count(b, IR_STDAIF), cases[i].writes);
		assert_int_equal(pending_exit(b), cases[i].unmasks ? PC + 8 : 0);
		b = TR(1 | IR_MODE_STEP, cases[i].word);	/* leaves anyhow */
		assert_int_equal(pending_exit(b), 0);
		assert_int_equal(last(b)->op, IR_LEAVE_SET);
		b = TR(0, cases[i].word, ADD);	/* SCTLR_EL1.UMA decides */
		assert_true(calls(b, i < 2    ? IR_HELPER_msr_imm
				     : i == 2 ? IR_HELPER_sysreg_read
					      : IR_HELPER_sysreg_write));
		assert_int_equal(count(b, IR_LDDAIF) + count(b, IR_STDAIF), 0);
		assert_int_equal(b->guest_insns, i == 2 ? 2 : 1);
	}
}

/* ---- the dump ---- */

static void dump(void **state)
{
	static char text[1 << 20];
	FILE *out = fmemopen(text, sizeof(text), "w");
	struct ir_block *b;

	(void)state;
	assert_non_null(out);
	b = TR(1, 0xf1000421, BEQ(-1));		/* subs x1, x1, #1 */
	ir_dump(b, out);
	for (unsigned int i = 0; i < nrows; i++) {
		u32 word = rows[i].value;

		rewind(out);
		ir_dump(translate(&word, 1, 1, 1), out);
	}
	rewind(out);
	ir_dump(TR(1, 0xf1000421, BEQ(-1)), out);
	fclose(out);
	assert_non_null(strstr(text, "subs\tx1, x1, #1"));
	assert_non_null(strstr(text, "FL_SUB.64 %"));
	assert_non_null(strstr(text, "XCOND eq 0xffffffc000080000"));
}

/* ---- speed, for people to look at ---- */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void speed(void **state)
{
	/* as compilers write it */
	static const u32 code[] = {
		0xa9be7bfd, 0x910003fd, 0xf9000bf3, 0xaa0003f3, 0xf9400000, 0xb4000140,
		0xb9400801, 0x11000421, 0xb9000801, 0x7100283f, 0x540000ad, 0x8b21cc02,
		0xf9400443, 0xaa1303e0, 0xd2800004, 0xf2a00024, 0x9b047c61, 0xd37df021,
		0x39400022, 0x12001c42, 0x1a9f17e0, 0xf9400bf3, 0xa8c27bfd, 0xd65f03c0,
	};
	u64 insns = 0;
	double t = now();

	(void)state;
	for (unsigned int i = 0; i < 4000; i++) {
		ir_block_init(&blk, PC, 1 | IR_MODE_SP_CHECK, ALL_FEATURES);
		front_a64(&blk, code, ARM_ARRAY_SIZE(code), 64);
		ir_optimise(&blk);
		insns += blk.guest_insns;
	}
	t = (now() - t) / (double)insns;
	print_message("%.0f ns and %.1f operations per guest instruction\n", t,
		      (double)blk.n / blk.guest_insns);
	assert_int_equal(blk.guest_insns, ARM_ARRAY_SIZE(code));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row),
		cmocka_unit_test(later_rows),
		cmocka_unit_test(random_blocks),
		cmocka_unit_test(full_block),
		cmocka_unit_test(ends),
		cmocka_unit_test(superblocks),
		cmocka_unit_test(special_modes),
		cmocka_unit_test(step_conditions),
		cmocka_unit_test(sp_alignment),
		cmocka_unit_test(sysregs),
		cmocka_unit_test(daif),
		cmocka_unit_test(dump),
		cmocka_unit_test(speed),
	};

	return cmocka_run_group_tests_name("front", tests, read_rows, NULL);
}
