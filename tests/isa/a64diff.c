// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs random instances of every A64 instruction on our engines and on another
 * AArch64 and prints where they differ; a64diff.py calls it.
 *
 *   a64diff --rows TSV --core BIN --sym RUN,FINISH,STOP,VECTORS [--engine NAME]...
 *           [--count N] [--seed S] [--only SUBSTRING] [--max N] [--dump] -- ORACLE...
 *
 * --max: differences printed per row and engine; --dump: also the state before.
 * Output, tab separated:
 *   skip  ROW WHY
 *   diff  ENGINE ROW SEED.BATCH.SLOT WORD DISASSEMBLY FPCR EXCEPTIONS FIELDS
 *   row   ENGINE ROW CASES DIFFERENCES
 * FIELDS: name=ours/theirs, blank separated.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "isa/a64_disasm.h"
#include "tests/isa/a64diff_host.h"

#define MAX_ENGINES 3

static struct {
	const char *rows, *core, *only, *engine[MAX_ENGINES];
	unsigned int engines, count, max;
	u64 seed;
	bool dump;
	char **oracle;
} opt = { .count = 60, .max = 20, .seed = 1 };

static struct d_core core;
static u64 done[MAX_ENGINES][D_MAX_ROWS], differ[MAX_ENGINES][D_MAX_ROWS];

/* ---- comparison ---- */

enum kind { KIND_NONE, KIND_UNDEF, KIND_FAULT, KIND_ALIGN, KIND_BRK, KIND_OTHER };
static const char *const kind_names[] = { "none", "undef", "fault", "align", "brk", "other" };

static enum kind signal_kind(u64 sig)
{
	switch (sig) {
	case 4:
		return KIND_UNDEF;
	case 5:
		return KIND_BRK;
	case 7:
		return KIND_ALIGN;
	case 11:
		return KIND_FAULT;
	}
	return KIND_OTHER;
}

/* What Linux would make of ESR_EL1. */
static enum kind esr_kind(u64 esr)
{
	switch (esr >> 26 & 63) {
	case 0x00:		/* UNDEFINED */
	case 0x18:		/* a trapped system register */
		return KIND_UNDEF;
	case 0x22:		/* PC alignment */
	case 0x26:		/* SP alignment */
		return KIND_ALIGN;
	case 0x20:
	case 0x24:
		return (esr & 63) == 0x21 ? KIND_ALIGN : KIND_FAULT;
	case 0x3c:
		return KIND_BRK;
	}
	return KIND_OTHER;
}

static enum kind result_kind(const struct d_result *r)
{
	if (!r->esr)
		return KIND_NONE;
	return r->esr >> 32 ? signal_kind(r->esr & 0xff) : esr_kind(r->esr);
}

struct report {
	char text[4000];
	size_t len;
};

static void add(struct report *rep, const char *name, int index, u64 ours, u64 theirs)
{
	char label[32];

	if (ours == theirs || rep->len > sizeof(rep->text) - 100)
		return;
	snprintf(label, sizeof(label), index < 0 ? "%s" : "%s%d", name, index);
	rep->len += (size_t)snprintf(rep->text + rep->len, sizeof(rep->text) - rep->len,
				     "%s%s=%" PRIx64 "/%" PRIx64, rep->len ? " " : "", label, ours, theirs);
}

static void compare(const struct d_result *a, const struct d_result *b, struct report *rep)
{
	u64 wa, wb;

	rep->len = 0;
	rep->text[0] = 0;
	add(rep, "done", -1, a->done, b->done);
	add(rep, "exception", -1, result_kind(a), result_kind(b));
	add(rep, "pc", -1, a->where, b->where);
	for (int i = 0; i < 31; i++)
		add(rep, "x", i, a->x[i], b->x[i]);
	add(rep, "sp", -1, a->sp, b->sp);
	add(rep, "nzcv", -1, a->nzcv >> 28, b->nzcv >> 28);
	add(rep, "fpcr", -1, a->fpcr, b->fpcr);
	add(rep, "fpsr", -1, a->fpsr, b->fpsr);
	for (int i = 0; i < 64; i++)
		if (a->v[i / 2][i % 2] != b->v[i / 2][i % 2])
			add(rep, i % 2 ? "vh" : "v", i / 2, a->v[i / 2][i % 2], b->v[i / 2][i % 2]);
	for (int i = 0; i < D_MEM_SIZE / 8; i++) {
		memcpy(&wa, a->mem + 8 * i, 8);
		memcpy(&wb, b->mem + 8 * i, 8);
		add(rep, "mem", 8 * i, wa, wb);
	}
}

static void dump_case(const struct d_case *c, const struct d_result *theirs)
{
	for (int i = 0; i < 31; i++)
		printf("  x%d=%" PRIx64 "%s", i, c->x[i], i % 8 == 7 ? "\n" : "");
	printf("  sp=%" PRIx64 "\n", c->sp);
	for (int i = 0; i < 32; i++)
		printf("  v%d=%016" PRIx64 "_%016" PRIx64 "%s", i, c->v[i][1], c->v[i][0], i % 4 == 3 ? "\n" : "");
	printf("  nzcv=%" PRIx64 " fpcr=%" PRIx64 " fpsr=%" PRIx64 " window=%" PRIx64 " their esr=%" PRIx64
	       " far=%" PRIx64 "\n", c->nzcv >> 28, c->fpcr, c->fpsr, c->window, theirs->esr, theirs->far);
}

static void print_diff(unsigned int e, const struct d_batch_buf *b, unsigned int batch, unsigned int slot,
		       const struct d_result *ours, const struct d_result *theirs, const char *fields)
{
	const struct d_item *it = &b->items[slot];
	u64 pc = b->cases[slot].entry + (D_SLOT_INSN - D_SLOT_ENTRY) * 4;
	char text[160], *tab;

	a64_disasm(it->word, pc, D_FEATURES, text, sizeof(text));
	while ((tab = strchr(text, '\t')))
		*tab = ' ';
	printf("diff\t%s\t%s\t%" PRIu64 ".%u.%u\t%08x\t%s\t%" PRIx64 "\t%s/%s\t%s\n", opt.engine[e],
	       d_rows[it->row].name, opt.seed, batch, slot, it->word, text, b->cases[slot].fpcr,
	       kind_names[result_kind(ours)], kind_names[result_kind(theirs)], fields);
	if (opt.dump)
		dump_case(&b->cases[slot], theirs);
}

static void compare_batch(unsigned int e, const struct d_batch_buf *b, unsigned int batch,
			  const struct d_result *ours, const struct d_result *theirs)
{
	struct report rep;

	for (unsigned int s = 0; s < b->n; s++) {
		unsigned int row = b->items[s].row;

		compare(&ours[s], &theirs[s], &rep);
		done[e][row]++;
		if (rep.len && differ[e][row]++ < opt.max)
			print_diff(e, b, batch, s, &ours[s], &theirs[s], rep.text);
	}
}

/* ---- the run ---- */

static unsigned int *make_plan(unsigned int *n)
{
	unsigned int *plan = malloc(sizeof(*plan) * opt.count * d_nrows);

	*n = 0;
	for (unsigned int k = 0; plan && k < opt.count; k++)
		for (unsigned int row = 0; row < d_nrows; row++)
			if (!d_rows[row].skip && (!opt.only || strstr(d_rows[row].name, opt.only)))
				plan[(*n)++] = row;
	return plan;
}

static int generate_batch(struct d_batch_buf *b, unsigned int batch, const unsigned int *plan)
{
	struct d_rand r;

	d_rand_init(&r, opt.seed, batch);
	for (unsigned int s = 0; s < b->n; s++)
		if (!d_generate(&r, b, s, plan[s])) {
			fprintf(stderr, "a64diff: no instance of %s\n", d_rows[plan[s]].name);
			return -EINVAL;
		}
	return 0;
}

static int run_batches(struct d_batch_buf *b, struct d_peer *peer, struct d_engine **eng)
{
	struct d_result *theirs = malloc(D_RESULTS_SIZE), *ours = malloc(D_RESULTS_SIZE);
	unsigned int n, *plan = make_plan(&n);
	int err = theirs && ours && plan ? 0 : -ENOMEM;

	for (unsigned int at = 0, batch = 0; !err && at < n; at += b->n, batch++) {
		b->n = n - at < D_MAX_CASES ? n - at : D_MAX_CASES;
		err = generate_batch(b, batch, plan + at);
		if (!err)
			err = d_peer_run(peer, b, theirs);
		for (unsigned int e = 0; !err && e < opt.engines; e++) {
			err = d_engine_run(eng[e], b, ours);
			if (err)
				fprintf(stderr, "a64diff: %s: %s\n", opt.engine[e], strerror(-err));
			compare_batch(e, b, batch, ours, theirs);
		}
	}
	free(plan);
	free(ours);
	free(theirs);
	return err;
}

static void print_rows(void)
{
	for (unsigned int row = 0; row < d_nrows; row++) {
		if (d_rows[row].skip)
			printf("skip\t%s\t%s\n", d_rows[row].name, d_rows[row].skip);
		for (unsigned int e = 0; e < opt.engines; e++)
			if (done[e][row])
				printf("row\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\n", opt.engine[e],
				       d_rows[row].name, done[e][row], differ[e][row]);
	}
}

static int read_core(void)
{
	FILE *in = fopen(opt.core, "rb");

	core.blob = calloc(1, D_CORE_SIZE);
	if (!in || !core.blob || !fread(core.blob, 1, D_CORE_SIZE, in))
		return -EINVAL;
	fclose(in);
	return 0;
}

static int parse(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "rows", 1, NULL, 'r' }, { "core", 1, NULL, 'c' }, { "sym", 1, NULL, 's' },
		{ "engine", 1, NULL, 'e' }, { "count", 1, NULL, 'n' }, { "seed", 1, NULL, 'S' },
		{ "only", 1, NULL, 'o' }, { "max", 1, NULL, 'm' }, { "dump", 0, NULL, 'd' }, { 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'r': opt.rows = optarg; break;
		case 'c': opt.core = optarg; break;
		case 's':
			if (sscanf(optarg, "%" SCNx64 ",%" SCNx64 ",%" SCNx64 ",%" SCNx64, &core.run, &core.finish,
				   &core.stop, &core.vectors) != 4)
				return -EINVAL;
			break;
		case 'e':
			if (opt.engines < MAX_ENGINES)
				opt.engine[opt.engines++] = optarg;
			break;
		case 'n': opt.count = (unsigned int)strtoul(optarg, NULL, 0); break;
		case 'S': opt.seed = strtoull(optarg, NULL, 0); break;
		case 'o': opt.only = optarg; break;
		case 'm': opt.max = (unsigned int)strtoul(optarg, NULL, 0); break;
		case 'd': opt.dump = true; break;
		default: return -EINVAL;
		}
	}
	opt.oracle = argv + optind;
	return opt.rows && opt.core && core.run && opt.engines && opt.oracle[0] ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
	struct d_batch_buf b = { .slot_words = D_SLOT_WORDS };
	struct d_engine *eng[MAX_ENGINES] = { NULL };
	struct d_peer *peer;
	int err;

	if (parse(argc, argv) || read_core() || d_rows_read(opt.rows)) {
		fprintf(stderr, "a64diff: bad arguments or files\n");
		return 2;
	}
	b.slots = malloc(D_SLOTS_SIZE);
	b.cases = malloc(D_CASES_SIZE);
	b.items = calloc(D_MAX_CASES, sizeof(*b.items));
	peer = d_peer_open(opt.oracle, &core);
	for (unsigned int e = 0; e < opt.engines; e++) {
		eng[e] = d_engine_open(opt.engine[e], &core);
		if (!eng[e])
			return 2;
	}
	if (!peer || !b.slots || !b.cases || !b.items)
		return 2;
	err = run_batches(&b, peer, eng);
	print_rows();
	for (unsigned int e = 0; e < opt.engines; e++)
		d_engine_close(eng[e]);
	d_peer_close(peer);
	free(b.slots);
	free(b.cases);
	free(b.items);
	free(core.blob);
	return err ? 1 : 0;
}
