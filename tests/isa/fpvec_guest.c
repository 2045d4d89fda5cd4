/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The AArch64 half of fpvec_diff.py: a static program that executes each
 * record's instruction and writes what came of it.
 *
 *   fpvec_guest OPERANDS RESULTS
 */
#include <stdint.h>
#include <stdio.h>

struct record {
	uint64_t d[2], n[2], m[2], x;
	uint32_t fpcr, row;
};

struct result {
	uint64_t v[2], x;
	uint32_t fpsr, nzcv;
};

/* In fpvec_guest_insns.S: run() loads v0-v2, x1, x2 and FPCR, and calls @insn. */
extern void (*const insns[])(void);
extern const uint64_t insn_count;
void run(const struct record *in, struct result *out, void (*insn)(void));

int main(int argc, char **argv)
{
	struct record rec;
	struct result res;
	FILE *in, *out;

	if (argc != 3)
		return 2;
	in = fopen(argv[1], "rb");
	out = fopen(argv[2], "wb");
	if (!in || !out)
		return 2;
	while (fread(&rec, sizeof(rec), 1, in) == 1) {
		if (rec.row >= insn_count)
			return 1;
		run(&rec, &res, insns[rec.row]);
		if (fwrite(&res, sizeof(res), 1, out) != 1)
			return 1;
	}
	return fclose(out) ? 1 : 0;
}
