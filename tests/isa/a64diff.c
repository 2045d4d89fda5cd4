// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs random instances of every A64 instruction on our engines and on another
 * AArch64 and prints where they differ; a64diff.py calls it.
 *
 *   a64diff --rows TSV --core BIN --sym RUN,FINISH,STOP,VECTORS [--engine NAME]...
 *           [--count N] [--seed S] [--only SUBSTRING] [--sequences N] [--max N] [--dump] -- ORACLE...
 *
 * --max: differences printed per row and engine; --dump: also the state before.
 * --sequences: also N sequences; those that differ are reduced to few instructions.
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
	unsigned int engines, count, max, sequences, reduce, log;
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

/*
 * FAR_EL1 and the signal's address.  Not where the oracle's host has no
 * address to tell (beyond 48 bits); a tag is not in the signal's.
 */
static void compare_far(const struct d_result *a, const struct d_result *b, struct report *rep)
{
	if (result_kind(a) == KIND_FAULT && result_kind(b) == KIND_FAULT && b->far - D_BASE < D_SIZE)
		add(rep, "far", -1, a->far & ARM_MASK(55, 0), b->far);
}

static void compare(const struct d_result *a, const struct d_result *b, struct report *rep)
{
	u64 wa, wb;

	rep->len = 0;
	rep->text[0] = 0;
	add(rep, "done", -1, a->done, b->done);
	add(rep, "exception", -1, result_kind(a), result_kind(b));
	add(rep, "pc", -1, a->where, b->where);
	compare_far(a, b, rep);
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

/* The row of the instruction at @pc of @slot, or "none". */
static const char *row_at(const struct d_batch_buf *b, unsigned int slot, u64 pc)
{
	u64 first = D_BASE + D_SLOTS + (u64)slot * b->slot_words * 4;
	struct a64_insn i;

	if (pc - first >= (u64)b->slot_words * 4)
		return "none";
	return a64_op_name(a64_decode(b->slots[slot * b->slot_words + (pc - first) / 4], D_FEATURES, &i));
}

static void disasm(u32 word, u64 pc, char *text, size_t len)
{
	char *tab;

	a64_disasm(word, pc, D_FEATURES, text, len);
	while ((tab = strchr(text, '\t')))
		*tab = ' ';
}

static void print_diff(unsigned int e, const struct d_batch_buf *b, unsigned int batch, unsigned int slot,
		       const struct d_result *ours, const struct d_result *theirs, const char *fields)
{
	const struct d_item *it = &b->items[slot];
	bool seq = it->row == D_SEQ_ROW;
	u64 pc = seq ? theirs->where : b->cases[slot].entry + (D_SLOT_INSN - D_SLOT_ENTRY) * 4;
	u64 at = (pc - D_BASE - D_SLOTS) / 4;
	u32 word = seq && theirs->esr && at < (u64)b->n * b->slot_words ? b->slots[at] : it->word;
	char text[160];

	disasm(word, pc, text, sizeof(text));
	printf("diff\t%s\t%s%s%s\t%" PRIu64 ".%u.%u\t%08x\t%s\t%" PRIx64 "\t%s/%s\t%s\n", opt.engine[e],
	       d_rows[it->row].name, seq && theirs->esr ? "/" : "",
	       seq && theirs->esr ? row_at(b, slot, theirs->where) : "", opt.seed, batch, slot, word, text,
	       b->cases[slot].fpcr, kind_names[result_kind(ours)], kind_names[result_kind(theirs)], fields);
	if (opt.dump)
		dump_case(&b->cases[slot], theirs);
}

/* ---- the run ---- */

struct run {
	struct d_batch_buf b;
	struct d_peer *peer;
	struct d_engine *eng[MAX_ENGINES];
	struct d_result *theirs, *ours;
};

/* Without these others would go astray: addresses for loads, stores and branches, and the end of a loop. */
static bool keep(u32 word, unsigned int w, unsigned int last)
{
	return !w || w + 1 >= last || (word & 0x9f000000) == 0x10000000 || (word & 0xfffffc00) == 0x91000000;
}

/*
 * A sequence that differs: replace by NOP every instruction without which it
 * still does, and print what is left.
 */
static void reduce(struct run *r, unsigned int e, unsigned int slot, unsigned int batch)
{
	struct d_batch_buf one = { .n = 1, .slot_words = r->b.slot_words };
	struct d_result ours, theirs;
	struct d_item item = r->b.items[slot];
	struct d_case c = r->b.cases[slot];
	u32 code[D_SEQ_WORDS];
	struct report rep;
	unsigned int last = 0;

	one.slots = code;
	one.cases = &c;
	one.items = &item;
	c.entry = D_BASE + D_SLOTS;
	memcpy(code, r->b.slots + slot * D_SEQ_WORDS, sizeof(code));
	for (unsigned int w = 0; w < D_SEQ_WORDS; w++) {
		if (code[w] == d_exit_branch(slot * D_SEQ_WORDS + w, w))
			code[w] = d_exit_branch(w, w);
		else
			last = w;
	}
	for (unsigned int w = 0; w <= last; w++) {
		u32 word = code[w];

		if (keep(word, w, last))
			continue;
		code[w] = D_NOP;
		if (d_peer_run(r->peer, &one, &theirs) || d_engine_run(r->eng[e], &one, &ours))
			return;
		compare(&ours, &theirs, &rep);
		if (!rep.len)
			code[w] = word;
	}
	printf("sequence\t%s\t%" PRIu64 ".%u.%u, without what does not matter:\n", opt.engine[e], opt.seed,
	       batch, slot);
	for (unsigned int w = 0; w <= last; w++) {
		char text[160];

		disasm(code[w], D_BASE + D_SLOTS + w * 4, text, sizeof(text));
		if (code[w] != D_NOP)
			printf("  %x: %08x  %s\n", D_SLOTS + w * 4, code[w], text);
	}
	d_peer_run(r->peer, &one, &theirs);
	d_engine_run(r->eng[e], &one, &ours);
	compare(&ours, &theirs, &rep);
	printf("  %s\n", rep.text);
	dump_case(&c, &theirs);
	fflush(stdout);
	if (opt.log) {
		struct d_engine *eng = d_engine_open(opt.engine[e], &core, opt.log);

		if (eng) {
			d_engine_run(eng, &one, &ours);
			d_engine_close(eng);
		}
	}
}

static void compare_batch(struct run *r, unsigned int e, unsigned int batch)
{
	static unsigned int reduced;
	struct report rep;

	for (unsigned int s = 0; s < r->b.n; s++) {
		unsigned int row = r->b.items[s].row;

		compare(&r->ours[s], &r->theirs[s], &rep);
		done[e][row]++;
		if (!rep.len)
			continue;
		if (differ[e][row]++ < opt.max)
			print_diff(e, &r->b, batch, s, &r->ours[s], &r->theirs[s], rep.text);
		if (row == D_SEQ_ROW && !result_kind(&r->theirs[s]) && reduced++ < opt.reduce)
			reduce(r, e, s, batch);
	}
}

static int run_batch(struct run *r, unsigned int batch)
{
	int err = d_peer_run(r->peer, &r->b, r->theirs);

	for (unsigned int e = 0; !err && e < opt.engines; e++) {
		err = d_engine_run(r->eng[e], &r->b, r->ours);
		if (err)
			fprintf(stderr, "a64diff: %s: %s\n", opt.engine[e], strerror(-err));
		compare_batch(r, e, batch);
	}
	return err;
}

static unsigned int *make_plan(unsigned int *n)
{
	unsigned int *plan = malloc(sizeof(*plan) * (opt.count * d_nrows + 1));

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

static int run_singles(struct run *r)
{
	unsigned int n, *plan = make_plan(&n), batch = 0;
	int err = plan ? 0 : -ENOMEM;

	r->b.slot_words = D_SLOT_WORDS;
	for (unsigned int at = 0; !err && at < n; at += r->b.n) {
		r->b.n = n - at < D_MAX_CASES ? n - at : D_MAX_CASES;
		err = generate_batch(&r->b, batch, plan + at);
		if (!err)
			err = run_batch(r, batch++);
	}
	free(plan);
	return err;
}

/* Their random streams are numbered from 1 << 32. */
static int run_sequences(struct run *r)
{
	const unsigned int most = D_SLOTS_SIZE / (D_SEQ_WORDS * 4);
	unsigned int batch = 0;
	int err = 0;

	r->b.slot_words = D_SEQ_WORDS;
	for (unsigned int at = 0; !err && at < opt.sequences; at += r->b.n) {
		struct d_rand rand;

		r->b.n = opt.sequences - at < most ? opt.sequences - at : most;
		d_rand_init(&rand, opt.seed, (1ull << 32) + batch);
		for (unsigned int s = 0; s < r->b.n; s++)
			d_generate_sequence(&rand, &r->b, s);
		err = run_batch(r, batch++);
	}
	return err;
}

static void print_rows(void)
{
	for (unsigned int row = 0; row < D_MAX_ROWS; row++) {
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
		{ "only", 1, NULL, 'o' }, { "max", 1, NULL, 'm' }, { "dump", 0, NULL, 'd' },
		{ "sequences", 1, NULL, 'q' }, { "reduce", 1, NULL, 'R' },
		{ "log", 1, NULL, 'L' }, { 0 },
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
		case 'q': opt.sequences = (unsigned int)strtoul(optarg, NULL, 0); break;
		case 'L': opt.log = (unsigned int)strtoul(optarg, NULL, 0); break;
		case 'R': opt.reduce = (unsigned int)strtoul(optarg, NULL, 0); break;
		case 'd': opt.dump = true; break;
		default: return -EINVAL;
		}
	}
	opt.oracle = argv + optind;
	return opt.rows && opt.core && core.run && opt.engines && opt.oracle[0] ? 0 : -EINVAL;
}

static int open_run(struct run *r)
{
	r->b.slots = malloc(D_SLOTS_SIZE);
	r->b.cases = malloc(D_CASES_SIZE);
	r->b.items = calloc(D_MAX_CASES, sizeof(*r->b.items));
	r->theirs = malloc(D_RESULTS_SIZE);
	r->ours = malloc(D_RESULTS_SIZE);
	if (!r->b.slots || !r->b.cases || !r->b.items || !r->theirs || !r->ours)
		return -ENOMEM;
	r->peer = d_peer_open(opt.oracle, &core);
	for (unsigned int e = 0; e < opt.engines; e++) {
		r->eng[e] = d_engine_open(opt.engine[e], &core, 0);
		if (!r->eng[e])
			return -EINVAL;
	}
	return r->peer ? 0 : -EINVAL;
}

static void close_run(struct run *r)
{
	for (unsigned int e = 0; e < opt.engines; e++)
		d_engine_close(r->eng[e]);
	d_peer_close(r->peer);
	free(r->b.slots);
	free(r->b.cases);
	free(r->b.items);
	free(r->theirs);
	free(r->ours);
	free(core.blob);
}

int main(int argc, char **argv)
{
	struct run r = { .peer = NULL };
	int err;

	if (parse(argc, argv) || read_core() || d_rows_read(opt.rows)) {
		fprintf(stderr, "a64diff: bad arguments or files\n");
		return 2;
	}
	snprintf(d_rows[D_SEQ_ROW].name, sizeof(d_rows[0].name), "SEQUENCE");
	if (open_run(&r))
		return 2;
	err = run_singles(&r);
	if (!err)
		err = run_sequences(&r);
	print_rows();
	close_run(&r);
	return err ? 1 : 0;
}
