/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a64_decode() and a64_disasm() promise besides the right rows and text
 * (those are in decode_rows.py): bounds of the buffer, addresses, features.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "isa/a64.h"
#include "isa/a64_disasm.h"

#define ALL (~0ULL)
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
		u32 word;
		u64 pc;
		const char *text;
	} cases[] = {
		{ 0x14000001, 0x1000, "b\t0x1004" },
		{ 0x17ffffff, 0, "b\t0xfffffffffffffffc" },
		{ 0x54000001, 0xffffffffffff0000, "b.ne\t0xffffffffffff0000" },
		{ 0x90000000, 0x12345678, "adrp\tx0, 0x12345000" },
		{ 0x10000000, 0x12345678, "adr\tx0, 0x12345678" },
		{ 0x18000020, 0xfffffffffffffffc, "ldr\tw0, 0x0" },
		{ 0xd5381000, 0, "mrs\tx0, SCTLR_EL1" },
		{ 0xd508871f, 0, "tlbi\tvmalle1" },
		{ 0xd50b7421, 0, "dc\tzva, x1" },
		{ 0x00000000, 0, "udf\t#0" },
		{ 0xffffffff, 0, ".inst\t0xffffffff" },
	};
	char buf[128];
	size_t i;

	for (i = 0; i < ARM_ARRAY_SIZE(cases); i++) {
		a64_disasm(cases[i].word, cases[i].pc, ALL, buf, sizeof(buf));
		check(!strcmp(buf, cases[i].text), cases[i].text, cases[i].word);
	}
}

/* The text is cut, never overruns, and the whole length is returned. */
static void test_bounds(void)
{
	char whole[128], part[128];
	unsigned int round;
	int n, cut;
	size_t len;

	for (round = 0; round < 300000; round++) {
		u32 word = random_word();

		memset(part, GUARD, sizeof(part));
		n = a64_disasm(word, 0xfffffffffffff000, ALL, whole, sizeof(whole));
		len = random_word() % 40;
		cut = a64_disasm(word, 0xfffffffffffff000, ALL, part, len);
		check(n > 0 && n < (int)sizeof(whole) && strlen(whole) == (size_t)n, "length", word);
		check(cut == n, "length of cut text", word);
		check(part[len] == GUARD, "wrote behind the buffer", word);
		if (len)
			check(strlen(part) < len && !strncmp(part, whole, strlen(part)), "cut",
			      word);
	}
}

/* A word that needs a feature is UNDEFINED without exactly that feature. */
static void test_features(void)
{
	static const struct {
		u32 word;
		u64 feature;
	} cases[] = {
		{ 0x1ac04000, A64_FEAT_CRC32 },	 { 0x4e284800, A64_FEAT_AES },
		{ 0x0ee0e000, A64_FEAT_PMULL },	 { 0x5e000000, A64_FEAT_SHA1 },
		{ 0x5e004000, A64_FEAT_SHA256 }, { 0xb8200000, A64_FEAT_LSE },
		{ 0x2e808400, A64_FEAT_RDM },	 { 0x1ee02800, A64_FEAT_FP16 },
		{ 0xd5031000, A64_FEAT_WFXT },	 { 0xd500409f, A64_FEAT_PAN },
		{ 0xd500407f, A64_FEAT_UAO },
	};
	struct a64_insn insn;
	size_t i;

	for (i = 0; i < ARM_ARRAY_SIZE(cases); i++) {
		u32 word = cases[i].word;

		check(a64_decode(word, cases[i].feature, &insn) != A64_UNDEFINED, "alone", word);
		check(a64_decode(word, ALL & ~cases[i].feature, &insn) == A64_UNDEFINED, "without",
		      word);
		check(insn.op == A64_UNDEFINED && insn.cls == A64_CLASS_NONE && insn.word == word,
		      "op, class and word of UNDEFINED", word);
	}
}

static void test_names(void)
{
	check(!strcmp(a64_op_name(A64_UNDEFINED), "UNDEFINED"), "name of 0", 0);
	check(!strcmp(a64_op_name(A64_OP_COUNT), "UNDEFINED"), "name of a bad number", 0);
	check(!strcmp(a64_op_name(A64_UDF_PERM_UNDEF), "UDF_PERM_UNDEF"), "name of UDF", 0);
}

int main(void)
{
	test_text();
	test_bounds();
	test_features();
	test_names();
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
