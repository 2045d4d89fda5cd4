/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lets tests/isa/decode_rows.py ask the decoder and the disassembler.
 *
 *   decode_driver FEATURES text      words from stdin (host byte order); prints
 *       row <tab> disassembly at address 0 <tab> disassembly at 4 * number
 *   decode_driver FEATURES fields    words likewise; prints row and member=value of
 *       every member of struct a64_insn that a64_decode() wrote
 *   decode_driver FEATURES bench     prints nanoseconds per a64_decode()
 *   decode_driver features           prints name=bit of all that FEATURES may have
 *
 * FEATURES is a number, the bits of A64_FEATURES.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "isa/a64.h"
#include "isa/a64_disasm.h"

#define MAX_WORDS (1u << 22)

static void print_text(const u32 *words, size_t n, u64 features)
{
	char at_0[160], at_pc[160];
	struct a64_insn insn;
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned int op = a64_decode(words[i], features, &insn);
		char *tab;

		a64_disasm(words[i], 0, features, at_0, sizeof(at_0));
		a64_disasm(words[i], i * 4, features, at_pc, sizeof(at_pc));
		while ((tab = strchr(at_0, '\t')))
			*tab = ' ';
		while ((tab = strchr(at_pc, '\t')))
			*tab = ' ';
		printf("%s\t%s\t%s\n", a64_op_name(op), at_0, at_pc);
	}
}

/*
 * Decodes onto two patterns.  A member that was not written keeps both, and no
 * field can have the value of both; one that was written has the same in both.
 */
static void print_fields(const u32 *words, size_t n, u64 features)
{
	struct a64_insn a, b;
	size_t i;

	for (i = 0; i < n; i++) {
		memset(&a, 0x55, sizeof(a));
		memset(&b, 0xaa, sizeof(b));
		a64_decode(words[i], features, &a);
		a64_decode(words[i], features, &b);
		fputs(a64_op_name(a.op), stdout);
#define PRINT(member)                                                                              \
	if (a.member == b.member)                                                                  \
		printf(" " #member "=%u", (unsigned int)a.member);
		A64_FIELDS(PRINT)
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
	struct a64_insn insn;
	double best = 1e9;
	unsigned int round;
	u64 sum = 0;

	for (round = 0; round < 20; round++) {
		double start = seconds(), took;
		size_t i;

		for (i = 0; i < n; i++)
			sum += a64_decode(words[i], features, &insn);
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
		A64_FEATURES(PRINT)
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
		print_text(words, n, features);
	else if (!strcmp(argv[2], "fields"))
		print_fields(words, n, features);
	free(words);
	return 0;
}
