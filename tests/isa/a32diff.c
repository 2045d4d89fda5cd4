// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs random instances of every A32, T32 and T16 row on our engines and on
 * another AArch32 and prints where they differ; a32diff.py calls it.
 *
 *   a32diff --rows TSV --core BIN --sym RUN,VECTORS [--engine NAME]... [--v7]
 *           [--count N] [--seed S] [--only SUBSTRING] [--sequences N] [--reduce N]
 *           [--max N] [--dump] -- ORACLE...
 *
 * --v7: without what ARMv8 added.  --sequences: also N sequences; --reduce: of N that
 * differ, print what matters.  Output, tab separated, is that of a64diff.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arm/cpu_model.h"
#include "isa/a32_disasm.h"
#include "tests/isa/a32diff_host.h"

#define MAX_ENGINES 3

/* NZCV, Q, IT, GE, E, T */
#define CPSR_COMPARED 0xfe0ffe20u

static struct {
	const char *rows, *core, *only, *cls, *engine[MAX_ENGINES];
	unsigned int engines, count, max, sequences, reduce, log;
	u64 seed, features;
	bool dump, v7;
	char **oracle;
} opt = { .count = 60, .max = 20, .seed = 1 };

static struct t_core core;
static u64 done[MAX_ENGINES][T_MAX_ROWS], differ[MAX_ENGINES][T_MAX_ROWS];

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
	case 0x03:		/* trapped cp15, cp14 and VMRS accesses */
	case 0x04:
	case 0x05:
	case 0x06:
	case 0x08:
	case 0x0c:
		return KIND_UNDEF;
	case 0x22:		/* PC alignment */
		return KIND_ALIGN;
	case 0x20:
	case 0x24:
		return (esr & 63) == 0x21 ? KIND_ALIGN : KIND_FAULT;
	case 0x38:
		return KIND_BRK;
	}
	return KIND_OTHER;
}

static enum kind result_kind(const struct t_result *r)
{
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

static void compare(const struct t_result *a, const struct t_result *b, struct report *rep)
{
	u64 wa, wb;

	rep->len = 0;
	rep->text[0] = 0;
	add(rep, "done", -1, a->done, b->done);
	add(rep, "exception", -1, result_kind(a), result_kind(b));
	add(rep, "pc", -1, a->where, b->where);
	if (result_kind(a) == KIND_FAULT && result_kind(b) == KIND_FAULT)
		add(rep, "far", -1, a->far, b->far);
	for (int i = 0; i < 15; i++)
		add(rep, "r", i, a->r[i], b->r[i]);
	add(rep, "cpsr", -1, a->cpsr & CPSR_COMPARED, b->cpsr & CPSR_COMPARED);
	add(rep, "fpcr", -1, a->fpcr, b->fpcr);
	add(rep, "fpsr", -1, a->fpsr, b->fpsr);
	for (int i = 0; i < 32; i++)
		add(rep, "d", i, a->v[i / 2][i % 2], b->v[i / 2][i % 2]);
	for (int i = 0; i < T_MEM_SIZE / 8; i++) {
		memcpy(&wa, a->mem + 8 * i, 8);
		memcpy(&wb, b->mem + 8 * i, 8);
		add(rep, "mem", 8 * i, wa, wb);
	}
}

static void dump_case(const struct t_case *c, const struct t_result *theirs)
{
	for (int i = 0; i < 15; i++)
		printf("  r%d=%x%s", i, c->r[i], i == 7 ? "\n" : "");
	printf("\n");
	for (int i = 0; i < 32; i++)
		printf("  d%d=%016" PRIx64 "%s", i, c->v[i / 2][i % 2], i % 4 == 3 ? "\n" : "");
	printf("  cpsr=%x fpcr=%x fpsr=%x entry=%x window=%x their signal=%" PRIx64 " far=%x\n", c->cpsr, c->fpcr,
	       c->fpsr, c->entry, c->window, theirs->esr & 0xff, theirs->far);
}

static void disasm(u32 word, u32 pc, u64 features, char *text, size_t len)
{
	char *tab;

	a32_disasm(word, pc, features, 14, text, len);
	while ((tab = strchr(text, '\t')))
		*tab = ' ';
}

/* ---- sequences ---- */

/* The instruction of a sequence at offset @at; its size, 0: none begins there. */
static unsigned int seq_insn(const u8 *slot, const u8 *map, unsigned int at, u32 *word, u64 *features)
{
	unsigned int set = map[at / 2] & T_MAP_SET;
	u16 half[2];

	memcpy(half, slot + at, 4);
	*word = set == T_MAP_A32 ? half[0] | (u32)half[1] << 16 :
		set == T_MAP_T32 ? (u32)half[0] << 16 | half[1] : half[0];
	*features = opt.features | (set != T_MAP_A32 ? A32_THUMB : 0) | (map[at / 2] & T_MAP_IT ? A32_IN_IT : 0);
	return !set ? 0 : set == T_MAP_T16 ? 2 : 4;
}

/* Where a sequence ended: the row of the instruction there is put into @row. */
static void print_seq_diff(unsigned int e, const struct t_batch_buf *b, unsigned int batch, unsigned int slot,
			   const struct t_result *ours, const struct t_result *theirs, const char *fields)
{
	u32 first = T_BASE + T_SLOTS + slot * T_SEQ_SLOT, at = theirs->where - first, word = 0;
	struct a32_insn i;
	char text[160] = "";
	const char *row = "end";
	u64 features;

	if (at < T_SEQ_SLOT && seq_insn(b->slots + slot * T_SEQ_SLOT, b->map + slot * (T_SEQ_SLOT / 2), at, &word,
					&features)) {
		disasm(word, theirs->where, features, text, sizeof(text));
		row = a32_op_name(a32_decode(word, features, &i));
	}
	printf("diff\t%s\tSEQUENCE/%s\t%" PRIu64 ".%u.%u\t%08x\t%s\t%x\t%s/%s\t%s\n", opt.engine[e], row, opt.seed,
	       batch, slot, word, text, b->cases[slot].fpcr, kind_names[result_kind(ours)],
	       kind_names[result_kind(theirs)], fields);
	if (opt.dump)
		dump_case(&b->cases[slot], theirs);
}

static void print_diff(unsigned int e, const struct t_batch_buf *b, unsigned int batch, unsigned int slot,
		       const struct t_result *ours, const struct t_result *theirs, const char *fields)
{
	const struct t_item *it = &b->items[slot];
	const struct t_case *c = &b->cases[slot];
	u64 features = opt.features | (c->cpsr & 32 ? A32_THUMB : 0) | (it->it ? A32_IN_IT : 0);
	char text[160];

	if (it->row == T_SEQ_ROW) {
		print_seq_diff(e, b, batch, slot, ours, theirs, fields);
		return;
	}
	disasm(it->word, t_slot_address(slot) + T_SLOT_INSN, features, text, sizeof(text));
	printf("diff\t%s\t%s\t%" PRIu64 ".%u.%u\t%08x\t%s%s%s\t%x\t%s/%s\t%s\n", opt.engine[e], t_rows[it->row].name,
	       opt.seed, batch, slot, it->word, text, it->it ? " (IT)" : "", it->big ? " (BE)" : "", c->fpcr,
	       kind_names[result_kind(ours)], kind_names[result_kind(theirs)], fields);
	if (opt.dump)
		dump_case(c, theirs);
}

/* ---- the run ---- */

struct run {
	struct t_batch_buf b;
	struct t_peer *peer;
	struct t_engine *eng[MAX_ENGINES];
	struct t_result *theirs, *ours;
};

/* Both sides on the one sequence in @one; true: they differ. */
static bool differs(struct run *r, unsigned int e, const struct t_batch_buf *one, struct t_result *theirs,
		    struct report *rep)
{
	struct t_result ours;

	if (t_peer_run(r->peer, one, theirs) || t_engine_run(r->eng[e], one, &ours))
		return false;
	compare(&ours, theirs, rep);
	return rep->len;
}

static const u32 nops[] = { [T_MAP_A32] = 0xe320f000, [T_MAP_T32] = 0xf3af8000, [T_MAP_T16] = 0xbf00 };

/* Replace by NOP each instruction without which they still differ, if its T_MAP_KEEP and T_MAP_MOV are @kind. */
static void remove_insns(struct run *r, unsigned int e, const struct t_batch_buf *one, unsigned int kind)
{
	struct t_result theirs;
	struct report rep;
	unsigned int size;
	u64 features;
	u8 old[4];
	u32 word;

	for (unsigned int at = 0; at < T_SEQ_SLOT; at += size ? size : 2) {
		unsigned int set = one->map[at / 2] & T_MAP_SET;

		size = seq_insn(one->slots, one->map, at, &word, &features);
		if (!size || (one->map[at / 2] & (T_MAP_KEEP | T_MAP_MOV)) != kind)
			continue;
		memcpy(old, one->slots + at, 4);
		t_put_insn(one->slots + at, set == T_MAP_A32 ? T_A32 : set == T_MAP_T32 ? T_T32 : T_T16, nops[set]);
		if (!differs(r, e, one, &theirs, &rep))
			memcpy(one->slots + at, old, 4);
	}
}

/* On an engine of its own, which logs. */
static void log_sequence(unsigned int e, const struct t_batch_buf *one)
{
	struct t_engine *eng = opt.log ? t_engine_open(opt.engine[e], &core, opt.features, opt.log) : NULL;
	struct t_result ours;

	if (!eng)
		return;
	t_engine_run(eng, one, &ours);
	t_engine_close(eng);
}

/* Prints what of a sequence that differs matters for that. */
static void reduce(struct run *r, unsigned int e, unsigned int slot, unsigned int batch)
{
	struct t_item item = r->b.items[slot];
	struct t_case c = r->b.cases[slot];
	u8 code[T_SEQ_SLOT], *map = r->b.map + slot * (T_SEQ_SLOT / 2);
	struct t_batch_buf one = { 1, T_SEQ_SLOT, code, map, &c, &item };
	struct t_result theirs;
	struct report rep;
	unsigned int size;
	u64 features;
	char text[160];
	u32 word;

	memcpy(code, r->b.slots + slot * T_SEQ_SLOT, sizeof(code));
	c.entry = T_BASE + T_SLOTS;
	remove_insns(r, e, &one, 0);
	remove_insns(r, e, &one, T_MAP_KEEP | T_MAP_MOV);
	differs(r, e, &one, &theirs, &rep);
	printf("sequence\t%s\t%" PRIu64 ".%u.%u, without what does not matter: %s\n", opt.engine[e], opt.seed, batch,
	       slot, rep.text);
	for (unsigned int at = 0; at < T_SEQ_SLOT; at += size ? size : 2) {
		size = seq_insn(code, map, at, &word, &features);
		if (!size || word == nops[map[at / 2] & T_MAP_SET])
			continue;
		disasm(word, T_BASE + T_SLOTS + at, features, text, sizeof(text));
		printf("  %x: %08x  %s%s\n", T_BASE + T_SLOTS + at, word, text, map[at / 2] & T_MAP_IT ? " (IT)" : "");
	}
	dump_case(&c, &theirs);
	fflush(stdout);
	log_sequence(e, &one);
}

/* The commpage of Linux is mapped in the oracle: what reaches it is no case. */
static bool at_commpage(const struct t_result *theirs)
{
	return theirs->where >> 16 == 0xffff || theirs->far >> 16 == 0xffff;
}

static void compare_batch(struct run *r, unsigned int e, unsigned int batch)
{
	static unsigned int reduced;
	struct report rep;

	for (unsigned int s = 0; s < r->b.n; s++) {
		unsigned int row = r->b.items[s].row;

		compare(&r->ours[s], &r->theirs[s], &rep);
		done[e][row]++;
		if (!rep.len || at_commpage(&r->theirs[s]))
			continue;
		if (differ[e][row]++ < opt.max)
			print_diff(e, &r->b, batch, s, &r->ours[s], &r->theirs[s], rep.text);
		if (row == T_SEQ_ROW && reduced++ < opt.reduce)
			reduce(r, e, s, batch);
	}
}

/*
 * A branch into the commpage would end the oracle (QEMU aborts, a kernel helps
 * or kills).  Where ours goes there, the instruction is replaced by filler.
 */
static int drop_strays(struct run *r)
{
	int err = t_engine_run(r->eng[0], &r->b, r->ours);

	for (unsigned int s = 0; !err && s < r->b.n; s++)
		for (unsigned int k = 0; r->ours[s].where >> 16 == 0xffff && k < T_SLOT; k += 4)
			memcpy(r->b.slots + s * T_SLOT + k, &(u32){ T_FILLER }, 4);
	if (err)
		fprintf(stderr, "a32diff: %s: %s\n", opt.engine[0], strerror(-err));
	return err;
}

static int reopen_peer(struct run *r)
{
	t_peer_close(r->peer);
	r->peer = t_peer_open(opt.oracle);
	return r->peer ? 0 : -ENOENT;
}

/* The oracle has died: by which case?  The shortest row of cases, from the first on, that it does not survive. */
static int find_fatal(struct run *r)
{
	struct t_batch_buf some = r->b;
	unsigned int good = 0, bad = r->b.n;

	while (bad - good > 1) {
		some.n = good + (bad - good) / 2;
		if (reopen_peer(r))
			return -1;
		if (t_peer_run(r->peer, &some, r->theirs))
			bad = some.n;
		else
			good = some.n;
	}
	return (int)bad - 1;
}

/*
 * QEMU aborts where an UNPREDICTABLE instruction, which ours does not execute,
 * leads it into the commpage.  Such a case is replaced by filler, and told.
 */
static int run_peer(struct run *r)
{
	int err = t_peer_run(r->peer, &r->b, r->theirs);

	for (unsigned int lost = 0; err && lost < 4; lost++) {
		int fatal = find_fatal(r);
		u8 *slot = r->b.slots + (unsigned int)fatal * r->b.slot_bytes;

		if (fatal < 0)
			break;
		printf("lost\t%s\t%08x\n", t_rows[r->b.items[fatal].row].name, r->b.items[fatal].word);
		for (unsigned int k = 0; k < r->b.slot_bytes; k += 4)
			memcpy(slot + k, &(u32){ T_FILLER }, 4);
		err = reopen_peer(r) ? -ENOENT : t_peer_run(r->peer, &r->b, r->theirs);
	}
	return err;
}

static int run_batch(struct run *r, unsigned int batch)
{
	int err = r->b.slot_bytes == T_SLOT ? drop_strays(r) : 0;

	if (err)
		return err;
	err = run_peer(r);
	if (err)
		fprintf(stderr, "a32diff: the oracle is gone\n");
	for (unsigned int e = 0; !err && e < opt.engines; e++) {
		err = t_engine_run(r->eng[e], &r->b, r->ours);
		if (err)
			fprintf(stderr, "a32diff: %s: %s\n", opt.engine[e], strerror(-err));
		compare_batch(r, e, batch);
	}
	return err;
}

static bool wanted(const struct t_row *row)
{
	return !row->skip && (!opt.only || strstr(row->name, opt.only)) && (!opt.cls || strstr(row->cls, opt.cls));
}

static unsigned int *make_plan(unsigned int *n)
{
	unsigned int *plan = malloc(sizeof(*plan) * (opt.count * t_nrows + 1));

	*n = 0;
	for (unsigned int k = 0; plan && k < opt.count; k++)
		for (unsigned int row = 0; row < t_nrows; row++)
			if (wanted(&t_rows[row]))
				plan[(*n)++] = row;
	return plan;
}

/* Rows that this CPU does not have (or of which no word was found) are taken out of the plan. */
static void generate_batch(struct t_batch_buf *b, unsigned int batch, const unsigned int *plan, unsigned int n)
{
	struct d_rand r;

	d_rand_init(&r, opt.seed, batch);
	b->n = 0;
	for (unsigned int s = 0; s < n; s++) {
		struct t_row *row = &t_rows[plan[s]];

		if (row->skip)
			continue;
		if (t_generate(&r, b, b->n, plan[s], opt.features))
			b->n++;
		else
			row->skip = "no instance of it for this CPU";
	}
}

static int run_singles(struct run *r)
{
	unsigned int n, *plan = make_plan(&n), batch = 0, part;
	int err = plan ? 0 : -ENOMEM;

	r->b.slot_bytes = T_SLOT;
	for (unsigned int at = 0; !err && at < n; at += part) {
		part = n - at < T_MAX_CASES ? n - at : T_MAX_CASES;
		generate_batch(&r->b, batch, plan + at, part);
		if (r->b.n)
			err = run_batch(r, batch++);
	}
	free(plan);
	return err;
}

/* Their random streams are numbered from 1 << 32. */
static int run_sequences(struct run *r)
{
	const unsigned int most = T_SLOTS_SIZE / T_SEQ_SLOT;
	unsigned int batch = 0;
	struct d_rand rand;
	int err = 0;

	r->b.slot_bytes = T_SEQ_SLOT;
	for (unsigned int at = 0; !err && at < opt.sequences; at += r->b.n) {
		r->b.n = opt.sequences - at < most ? opt.sequences - at : most;
		d_rand_init(&rand, opt.seed, (1ull << 32) + batch);
		for (unsigned int s = 0; s < r->b.n; s++)
			t_generate_sequence(&rand, &r->b, s, opt.features);
		err = run_batch(r, batch++);
	}
	return err;
}

static void print_rows(void)
{
	for (unsigned int row = 0; row < T_MAX_ROWS; row++) {
		if (t_rows[row].skip)
			printf("skip\t%s\t%s\n", t_rows[row].name, t_rows[row].skip);
		for (unsigned int e = 0; e < opt.engines; e++)
			if (done[e][row])
				printf("row\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\n", opt.engine[e],
				       t_rows[row].name, done[e][row], differ[e][row]);
	}
}

static int read_core(void)
{
	FILE *in = fopen(opt.core, "rb");

	core.blob = calloc(1, T_CORE_SIZE);
	if (!in || !core.blob || !fread(core.blob, 1, T_CORE_SIZE, in))
		return -EINVAL;
	fclose(in);
	return 0;
}

static int parse(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "rows", 1, NULL, 'r' }, { "core", 1, NULL, 'c' }, { "sym", 1, NULL, 's' },
		{ "engine", 1, NULL, 'e' }, { "count", 1, NULL, 'n' }, { "seed", 1, NULL, 'S' },
		{ "only", 1, NULL, 'o' }, { "class", 1, NULL, 'C' }, { "max", 1, NULL, 'm' },
		{ "sequences", 1, NULL, 'q' }, { "reduce", 1, NULL, 'R' },
		{ "dump", 0, NULL, 'd' }, { "v7", 0, NULL, '7' }, { "log", 1, NULL, 'L' }, { 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'r': opt.rows = optarg; break;
		case 'c': opt.core = optarg; break;
		case 's':
			if (sscanf(optarg, "%" SCNx64 ",%" SCNx64, &core.run, &core.vectors) != 2)
				return -EINVAL;
			break;
		case 'e':
			if (opt.engines < MAX_ENGINES)
				opt.engine[opt.engines++] = optarg;
			break;
		case 'n': opt.count = (unsigned int)strtoul(optarg, NULL, 0); break;
		case 'S': opt.seed = strtoull(optarg, NULL, 0); break;
		case 'o': opt.only = optarg; break;
		case 'C': opt.cls = optarg; break;
		case 'm': opt.max = (unsigned int)strtoul(optarg, NULL, 0); break;
		case 'L': opt.log = (unsigned int)strtoul(optarg, NULL, 0); break;
		case 'q': opt.sequences = (unsigned int)strtoul(optarg, NULL, 0); break;
		case 'R': opt.reduce = (unsigned int)strtoul(optarg, NULL, 0); break;
		case 'd': opt.dump = true; break;
		case '7': opt.v7 = true; break;
		default: return -EINVAL;
		}
	}
	opt.oracle = argv + optind;
	return opt.rows && opt.core && core.vectors && opt.engines && opt.oracle[0] ? 0 : -EINVAL;
}

static int open_run(struct run *r)
{
	opt.features = arm_cpu_model_find("max")->features | A32_FEAT_V8_A32 | ARM_FEAT_BIT(ARM_FEAT_AARCH32_EL0);
	if (opt.v7)
		opt.features &= ~(A32_FEAT_V8_A32 | A32_FEAT_CRC32 | A32_FEAT_AES | A32_FEAT_PMULL | A32_FEAT_SHA1 |
				  A32_FEAT_SHA256 | A32_FEAT_RDM);
	r->b.slots = malloc(T_SLOTS_SIZE);
	r->b.map = malloc(T_SLOTS_SIZE / 2);
	r->b.cases = malloc(T_CASES_SIZE);
	r->b.items = calloc(T_MAX_CASES, sizeof(*r->b.items));
	r->theirs = malloc(T_RESULTS_SIZE);
	r->ours = malloc(T_RESULTS_SIZE);
	if (!r->b.slots || !r->b.map || !r->b.cases || !r->b.items || !r->theirs || !r->ours)
		return -ENOMEM;
	r->peer = t_peer_open(opt.oracle);
	for (unsigned int e = 0; e < opt.engines; e++) {
		r->eng[e] = t_engine_open(opt.engine[e], &core, opt.features, 0);
		if (!r->eng[e])
			return -EINVAL;
	}
	return r->peer ? 0 : -EINVAL;
}

static void close_run(struct run *r)
{
	for (unsigned int e = 0; e < opt.engines; e++)
		t_engine_close(r->eng[e]);
	t_peer_close(r->peer);
	free(r->b.slots);
	free(r->b.map);
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

	if (parse(argc, argv) || read_core() || t_rows_read(opt.rows)) {
		fprintf(stderr, "a32diff: bad arguments or files\n");
		return 2;
	}
	if (open_run(&r))
		return 2;
	snprintf(t_rows[T_SEQ_ROW].name, sizeof(t_rows[0].name), "SEQUENCE");
	err = run_singles(&r);
	if (!err)
		err = run_sequences(&r);
	print_rows();
	close_run(&r);
	return err ? 1 : 0;
}
