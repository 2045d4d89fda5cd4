/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a32_decode() and a32_disasm() promise besides the right rows and text
 * (those are in decode32_rows.py): bounds of the buffer, addresses, features,
 * IT blocks, and that the members stay in their ranges whatever the word.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "isa/a32.h"
#include "isa/a32_checks.h"
#include "isa/a32_disasm.h"

#define CPU (~(A32_THUMB | A32_IN_IT))
#define T32 (CPU | A32_THUMB)
#define GUARD 0x5a

static unsigned int passed, failed;

static void check(bool ok, const char *what, u32 word)
{
	if (ok) {
		passed++;
		return;
	}
	if (failed++ < 20)
		printf("FAIL %s (%08" PRIx32 ")\n", what, word);
}

static u32 random_word(void)
{
	static u64 state = 0x9e3779b97f4a7c15ULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state >> 16;
}

static void test_text(void)
{
	static const struct {
		u32 word, pc;
		u64 features;
		const char *text;
	} cases[] = {
		{ 0xeaffffff, 0x1000, CPU, "b\t0x1004" },
		{ 0x1a000000, 0xfffffff8, CPU, "bne\t0x0" },
		{ 0xfa000000, 0x1000, CPU, "blx\t0x1008" },
		{ 0xfb000000, 0x1000, CPU, "blx\t0x100a" },
		{ 0xe28f0004, 0x1000, CPU, "add\tr0, pc, #4" },
		{ 0xe59f0004, 0x1000, CPU, "ldr\tr0, [pc, #4]" },
		{ 0xe92d4010, 0, CPU, "push\t{r4, lr}" },
		{ 0xe8bd8010, 0, CPU, "pop\t{r4, pc}" },
		{ 0xe7f000f0, 0, CPU, "udf\t#0" },
		{ 0xee110f10, 0, CPU, "mrc\tp15, #0, r0, c1, c0, #0" },
		{ 0xffffffff, 0, CPU, ".inst\t0xffffffff" },
		{ 0x0000e7fe, 0x1002, T32, "b\t0x1002" },
		{ 0x0000a001, 0x1002, T32, "adr\tr0, 0x1008" },
		{ 0xf000e800, 0x1002, T32, "blx\t0x1004" },
		{ 0x0000b101, 0x1002, T32, "cbz\tr1, 0x1006" },
		{ 0x00001840, 0, T32, "adds\tr0, r0, r1" },
		{ 0x00001840, 0, T32 | A32_IN_IT, "add\tr0, r0, r1" },
		{ 0x0000bf14, 0, T32, "ite\tne" },
		{ 0x0000ba80, 0, T32 & ~A32_FEAT_V8_A32, ".inst.n\t0xba80" },
		{ 0xee110f10, 0, T32, "mrc\tp15, #0, r0, c1, c0, #0" },
		{ 0xea000f00, 0, T32, ".inst\t0xea000f00" },
	};
	char buf[128];
	size_t i;

	for (i = 0; i < ARM_ARRAY_SIZE(cases); i++) {
		a32_disasm(cases[i].word, cases[i].pc, cases[i].features, 14, buf, sizeof(buf));
		check(!strcmp(buf, cases[i].text), cases[i].text, cases[i].word);
		if (strcmp(buf, cases[i].text))
			printf("  is '%s'\n", buf);
	}
	a32_disasm(0x1840, 0, T32 | A32_IN_IT, 11, buf, sizeof(buf));
	check(!strcmp(buf, "addlt\tr0, r0, r1"), "condition of an IT block", 0x1840);
}

/* The text is cut, never overruns, and the whole length is returned. */
static void test_bounds(u64 features)
{
	char whole[128], part[128];
	unsigned int round;

	for (round = 0; round < 300000; round++) {
		u32 word = random_word() >> (round & 1 ? 16 : 0);
		size_t len = random_word() % 40;
		int n, cut;

		memset(part, GUARD, sizeof(part));
		n = a32_disasm(word, 0xfffffff0, features, 1, whole, sizeof(whole));
		cut = a32_disasm(word, 0xfffffff0, features, 1, part, len);
		check(n > 0 && n < (int)sizeof(whole) && strlen(whole) == (size_t)n, "length", word);
		check(cut == n, "length of cut text", word);
		check(part[len] == GUARD, "wrote behind the buffer", word);
		if (len)
			check(strlen(part) < len && !strncmp(part, whole, strlen(part)), "cut",
			      word);
	}
}

/* What the translator may rely on without looking. */
static bool in_range(const struct a32_insn *o)
{
	unsigned int regs = o->Rd | o->Rn | o->Rm | o->Rs | o->Ra | o->Rt | o->Rt2 | o->RdLo | o->RdHi;

	/* An index is also a lane of Advanced SIMD, whose classes come last. */
	return o->cond < 15 && regs < 16 && o->S < 2 && o->imm_carry < 3 && o->stype <= A32_RRX &&
	       (o->index < 2 || o->cls >= A32_CLASS_vfp_arith) &&
	       o->samount <= 32 && o->dp <= A32_DP_ORN && o->add < 2 && o->wback < 2 &&
	       o->load < 2 && o->sign < 2 && o->lsb < 32 && o->width <= 32 && o->lsb + o->width <= 32 &&
	       o->sat_bits <= 32 && o->rotate < 32 && o->esize < 3;
}

static void test_ranges(u64 features)
{
	unsigned int round;

	for (round = 0; round < 1000000; round++) {
		u32 word = random_word() >> (round & 3 ? 0 : 16);
		struct a32_insn insn;

		memset(&insn, 0, sizeof(insn));
		check(a32_decode(word, features, &insn) < A32_OP_COUNT && in_range(&insn), "ranges", word);
		check(insn.word == word && insn.cls < A32_CLASS_COUNT, "word and class", word);
		check((insn.op == A32_UNDEFINED) == (insn.cls == A32_CLASS_NONE), "class of UNDEFINED", word);
	}
}

/* A word that needs a feature is UNDEFINED without exactly that feature. */
static void test_features(void)
{
	static const struct {
		u32 word;
		u64 feature;
	} cases[] = {
		{ 0xe1010042, A32_FEAT_CRC32 },  { 0xf3b00300, A32_FEAT_AES },
		{ 0xe1900c9f, A32_FEAT_V8_A32 }, { 0xf2000c40, A32_FEAT_SHA1 },
		{ 0xf3000c40, A32_FEAT_SHA256 }, { 0xfe800a00, A32_FEAT_V8_A32 },
		{ 0xee300a00, A32_FEAT_FP },
	};
	struct a32_insn insn;
	size_t i;

	for (i = 0; i < ARM_ARRAY_SIZE(cases); i++) {
		u32 word = cases[i].word;

		check(a32_decode(word, CPU, &insn) != A32_UNDEFINED, "with", word);
		check(a32_decode(word, CPU & ~cases[i].feature, &insn) == A32_UNDEFINED, "without", word);
	}
	check(a32_decode(0xe1000090, CPU, &insn) == A32_UNDEFINED, "SWP on ARMv8", 0xe1000090);
	check(a32_decode(0xe1010092, CPU & ~A32_FEAT_V8_A32, &insn) == A32_SWP_A1, "SWP", 0xe1010092);
}

/* 111xx of the first halfword but 11100. */
static void test_length(void)
{
	u32 hw;

	for (hw = 0; hw < 0x10000; hw++)
		check(t32_is_32bit(hw) == (hw >> 13 == 7 && (hw >> 11 & 3)), "length", hw);
}

static void test_names(void)
{
	check(!strcmp(a32_op_name(A32_UNDEFINED), "UNDEFINED"), "name of 0", 0);
	check(!strcmp(a32_op_name(A32_OP_COUNT), "UNDEFINED"), "name of a bad number", 0);
	check(!strcmp(a32_op_name(A32_UDF_A1), "UDF_A1"), "name of UDF", 0);
}

int main(void)
{
	test_text();
	test_bounds(CPU);
	test_bounds(T32);
	test_ranges(CPU);
	test_ranges(T32);
	test_ranges(T32 | A32_IN_IT);
	test_features();
	test_length();
	test_names();
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
