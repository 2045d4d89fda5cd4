/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host half of fpvec_diff.py: carries out every row of fpvec_rows.inc on
 * the operands of a file through vec_table[] and compares with what the guest
 * half wrote.
 *
 *   fpvec_host OPERANDS RESULTS     exit 0: all equal
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu/fp/vec.h"

struct record {
	struct arm_vreg d, n, m;
	u64 x;
	u32 fpcr, row;
};

struct result {
	struct arm_vreg v;
	u64 x;
	u32 fpsr, nzcv;
};

/* Arguments by letter: d, n, m registers; x general; y the low half of m; t the last step's; z zero. */
struct step {
	u16 op;
	u8 es, q, w;
	u64 imm;
	const char *args;
};

struct row {
	const char *text;
	char kind;		/* v, x, f: where the result is */
	struct step step[3];
};

static const struct row rows[] = {
#include "fpvec_rows.inc"
};

static struct arm_vreg arg_value(const struct record *r, const struct arm_vreg *last, char what)
{
	switch (what) {
	case 'd':
		return r->d;
	case 'n':
		return r->n;
	case 'm':
		return r->m;
	case 'x':
		return (struct arm_vreg){ { r->x, 0 } };
	case 'y':
		return (struct arm_vreg){ { r->m.d[0], 0 } };
	case 't':
		return *last;
	}
	return (struct arm_vreg){ { 0, 0 } };
}

static void run_step(const struct step *s, const struct record *r, struct arm_vreg *last, u32 *fpsr)
{
	struct vec_call vc = { .imm = s->imm, .es = s->es, .q = s->q, .w = s->w,
			       .fpcr = r->fpcr, .fpsr = fpsr };
	struct arm_vreg *arg[3] = { &vc.a, &vc.b, &vc.c };
	size_t i;

	memset(&vc.res, 0xa5, sizeof(vc.res));	/* an operation must set all of it */
	for (i = 0; s->args[i]; i++)
		*arg[i] = arg_value(r, last, s->args[i]);
	if (s->op == IR_CRC32 || s->op == IR_CRC32C)
		vc.res.d[0] = emu_crc32((u32)vc.a.d[0], vc.b.d[0], 1u << s->imm, s->op == IR_CRC32C);
	else
		vec_table[s->op](&vc);
	*last = vc.res;
}

static int compare(const struct row *row, const struct record *r, const struct result *want, bool print)
{
	struct arm_vreg got = { { 0, 0 } };
	u32 fpsr = 0;
	bool same;
	int i;

	for (i = 0; i < 3 && row->step[i].args; i++)
		run_step(&row->step[i], r, &got, &fpsr);
	same = fpsr == want->fpsr;
	if (row->kind == 'v')
		same = same && !memcmp(&got, &want->v, sizeof(got));
	else
		same = same && got.d[0] == (row->kind == 'x' ? want->x : want->nzcv);
	if (!same && print)
		printf("%s: fpcr %08x d %016" PRIx64 ":%016" PRIx64 " n %016" PRIx64 ":%016" PRIx64
		       " m %016" PRIx64 ":%016" PRIx64 " x %016" PRIx64 "\n  ours %016" PRIx64 ":%016"
		       PRIx64 " fpsr %08x, reference %016" PRIx64 ":%016" PRIx64 " x %016" PRIx64
		       " nzcv %08x fpsr %08x\n", row->text, r->fpcr, r->d.d[1], r->d.d[0], r->n.d[1],
		       r->n.d[0], r->m.d[1], r->m.d[0], r->x, got.d[1], got.d[0], fpsr,
		       want->v.d[1], want->v.d[0], want->x, want->nzcv, want->fpsr);
	return !same;
}

int main(int argc, char **argv)
{
	static unsigned int bad_of[ARM_ARRAY_SIZE(rows)], seen_of[ARM_ARRAY_SIZE(rows)];
	unsigned long total = 0, bad = 0;
	struct record rec;
	struct result res;
	FILE *in, *out;
	size_t i;

	if (argc != 3)
		return 2;
	in = fopen(argv[1], "rb");
	out = fopen(argv[2], "rb");
	if (!in || !out)
		return 2;
	while (fread(&rec, sizeof(rec), 1, in) == 1) {
		if (rec.row >= ARM_ARRAY_SIZE(rows) || fread(&res, sizeof(res), 1, out) != 1) {
			fprintf(stderr, "results end after %lu records\n", total);
			return 1;
		}
		total++;
		seen_of[rec.row]++;
		if (compare(&rows[rec.row], &rec, &res, bad_of[rec.row] < 3)) {
			bad_of[rec.row]++;
			bad++;
		}
	}
	fclose(in);
	fclose(out);
	for (i = 0; i < ARM_ARRAY_SIZE(rows); i++) {
		if (bad_of[i])
			printf("%u of %u differ: %s\n", bad_of[i], seen_of[i], rows[i].text);
		if (!seen_of[i]) {
			printf("never run: %s\n", rows[i].text);
			bad++;
		}
	}
	printf("%zu instructions, %lu cases, %lu differ\n", ARM_ARRAY_SIZE(rows), total, bad);
	return bad || !total;
}
