/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lets tests/isa/decode32_*.py ask the AArch32 decoder and disassembler.
 *
 *   decode32_driver FEATURES text     words from stdin (host byte order); prints
 *       row <tab> disassembly where the PC reads as 0 <tab> disassembly at 4 * number
 *   decode32_driver FEATURES fields   words likewise; prints row, class and member=value
 *       of every member of struct a32_insn that a32_decode() wrote
 *   decode32_driver FEATURES bench    prints nanoseconds per a32_decode()
 *   decode32_driver FEATURES it       words likewise, disassembled with the condition NE of
 *       an IT block
 *   decode32_driver features          prints name=bit of all that FEATURES may have
 *
 * FEATURES is a number, the bits of A32_FEATURES.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "isa/a32.h"
#include "isa/a32_disasm.h"

#define MAX_WORDS (1u << 22)

static void blanks(char *s)
{
	for (; *s; s++)
		if (*s == '\t')
			*s = ' ';
}

static void print_text(const u32 *words, size_t n, u64 features, unsigned int cond)
{
	u32 pc_bias = features & A32_THUMB ? 4 : 8;
	char at_0[160], at_pc[160];
	struct a32_insn insn;
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned int op = a32_decode(words[i], features, &insn);

		a32_disasm(words[i], -pc_bias, features, cond, at_0, sizeof(at_0));
		a32_disasm(words[i], i * 4, features, cond, at_pc, sizeof(at_pc));
		blanks(at_0);
		blanks(at_pc);
		printf("%s\t%s\t%s\n", a32_op_name(op), at_0, at_pc);
	}
}

/* Decodes onto two patterns, as decode_driver.c. */
static void print_fields(const u32 *words, size_t n, u64 features)
{
	static const char *const classes[] = {
		"-",
#define NAME(cls) #cls,
		A32_CLASSES(NAME)
#undef NAME
	};
	struct a32_insn a, b;
	size_t i;

	for (i = 0; i < n; i++) {
		memset(&a, 0x55, sizeof(a));
		memset(&b, 0xaa, sizeof(b));
		a32_decode(words[i], features, &a);
		a32_decode(words[i], features, &b);
		printf("%s %s", a32_op_name(a.op), classes[a.cls]);
#define PRINT(member)                                                                              \
	if (a.member == b.member)                                                                  \
		printf(" " #member "=%" PRIu64, (u64)a.member);
		A32_FIELDS(PRINT)
#undef PRINT
		putchar('\n');
	}
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void bench(const u32 *words, size_t n, u64 features)
{
	struct a32_insn insn;
	double best = 1e9;
	unsigned int round;
	u64 sum = 0;

	for (round = 0; round < 20; round++) {
		double start = seconds(), took;
		size_t i;

		for (i = 0; i < n; i++)
			sum += a32_decode(words[i], features, &insn);
		took = (seconds() - start) * 1e9 / n;
		if (took < best)
			best = took;
	}
	printf("%.1f ns per decode, best of 20 rounds over %zu words (sum %" PRIu64 ")\n", best, n,
	       sum);
}

int main(int argc, char **argv)
{
	u64 features;
	size_t n;
	u32 *words;

	if (argc == 2 && !strcmp(argv[1], "features")) {
#define PRINT(name, bit) printf(#name "=%" PRIu64 "\n", (u64)(bit));
		A32_FEATURES(PRINT)
#undef PRINT
		return 0;
	}
	if (argc != 3)
		return 2;
	features = strtoull(argv[1], NULL, 0);
	words = malloc(MAX_WORDS * sizeof(*words));
	if (!words)
		return 2;
	n = fread(words, sizeof(*words), MAX_WORDS, stdin);
	if (!strcmp(argv[2], "bench") && n)
		bench(words, n, features);
	else if (!strcmp(argv[2], "text"))
		print_text(words, n, features, 14);
	else if (!strcmp(argv[2], "it"))
		print_text(words, n, features, 1);
	else if (!strcmp(argv[2], "fields"))
		print_fields(words, n, features);
	free(words);
	return 0;
}
