// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sequences: random instructions in a row with forward branches and at most
 * one loop, for what single instructions cannot show: values that stay in host
 * registers, flags that are used later, state at a fault or a side exit.
 *
 * Three general registers are never written but by the sequence itself: base
 * points into the window, index is a small offset, count is the loop's.
 */
#include <string.h>

#include "tests/isa/a64diff_host.h"

#define MIDDLE 64	/* base is window + MIDDLE, plus something less than 16 in some cases */
#define FIRST 1		/* word 0 loads X30 */
#define LAST 56		/* instructions end before it */

enum group { GROUP_INT, GROUP_SIMD, GROUP_MEM, GROUP_CONTROL, GROUPS };

/* A branch whose target is chosen when all instructions are there. */
struct fixup {
	u8 at, lsb, width;
};

struct seq {
	struct d_rand *r;
	u32 *slot;
	unsigned int index;	/* of the slot */
	unsigned int n;		/* words so far */
	unsigned int end;	/* instructions stop here */
	unsigned int base, idx, count, tmp;
	unsigned int slack;	/* what base is beyond MIDDLE */
	u64 starts;		/* words that branches may go to: not within a pair that belongs together */
	struct fixup fix[D_SEQ_WORDS];
	unsigned int nfix;
};

static enum group group_of(const struct d_row *row)
{
	switch (row->value >> 25 & 15) {
	case 4: case 6: case 12: case 14:
		return GROUP_MEM;
	case 7: case 15:
		return GROUP_SIMD;
	case 10: case 11:
		return GROUP_CONTROL;
	default:
		return GROUP_INT;
	}
}

static void put(struct seq *q, u32 word)
{
	q->slot[q->n++] = word;
}

/* Does the register field at @lsb name one that must keep its value? */
static bool reserved(const struct seq *q, u32 word, unsigned int lsb)
{
	unsigned int n = word >> lsb & 31;

	return n == q->base || n == q->idx || n == q->count;
}

/* CASP also writes the registers after Rs and Rt, which are even. */
static bool pair_reserved(const struct seq *q, u32 word)
{
	return reserved(q, word | 1, 0) || reserved(q, word | 1 << 16, 16);
}

/* ---- memory ---- */

/* @word with its immediate such that base + disp stays in the window; false: it has none that fits. */
static bool fit_offset(struct seq *q, const struct a64_insn *i, const struct d_access *a, u32 *word)
{
	int low = -MIDDLE, high = MIDDLE - 16 - (int)a->size, want;
	unsigned int scale;

	if (high < 0)
		return false;
	want = low + (int)d_below(q->r, (unsigned int)(high - low + 1));
	switch (i->cls) {
	case A64_CLASS_ldp_no_alloc: case A64_CLASS_ldp_offset: case A64_CLASS_ldp_pre_idx:
	case A64_CLASS_ldp_post_idx: case A64_CLASS_ldpv_no_alloc: case A64_CLASS_ldpv_offset:
	case A64_CLASS_ldpv_pre_idx: case A64_CLASS_ldpv_post_idx:
		scale = a->size / 2;
		*word = (*word & ~(0x7fu << 15)) | ((u32)(want / (int)scale) & 0x7f) << 15;
		return true;
	case A64_CLASS_ldst_imm9: case A64_CLASS_ldst_unpriv: case A64_CLASS_ldst_post:
	case A64_CLASS_ldst_pre: case A64_CLASS_ldstv_imm9: case A64_CLASS_ldstv_pre:
	case A64_CLASS_ldstv_post:
		*word = (*word & ~(0x1ffu << 12)) | ((u32)want & 0x1ff) << 12;
		return true;
	case A64_CLASS_ldst_uimm: case A64_CLASS_ldstv_uimm:
		*word = (*word & ~(0xfffu << 10)) | ((u32)(want < 0 ? -want : want) / a->size) << 10;
		return want <= high && -want <= high;
	default:
		return true;
	}
}

static bool writes_back(const struct a64_insn *i)
{
	switch (i->cls) {
	case A64_CLASS_ldp_pre_idx: case A64_CLASS_ldp_post_idx: case A64_CLASS_ldpv_pre_idx:
	case A64_CLASS_ldpv_post_idx: case A64_CLASS_ldst_pre: case A64_CLASS_ldst_post:
	case A64_CLASS_ldstv_pre: case A64_CLASS_ldstv_post: case A64_CLASS_ldvec_multiple_post_inc:
	case A64_CLASS_ldvec_single_post_inc:
		return true;
	default:
		return false;
	}
}

static bool by_register(const struct a64_insn *i)
{
	return i->cls == A64_CLASS_ldst_register || i->cls == A64_CLASS_ldstv_register ||
	       i->cls == A64_CLASS_ldst_range;
}

/* The base is base itself, or a register (or SP) that is set to it right before. */
static bool put_memory(struct seq *q, u32 word)
{
	struct a64_insn i;
	struct d_access a;
	unsigned int rn = q->base;
	bool exclusive;

	a64_decode(word, D_FEATURES, &i);
	if (!d_access_of(&i, &a))
		return false;		/* a literal */
	if (writes_back(&i) || d_one_in(q->r, 4))
		rn = d_one_in(q->r, 4) ? 31 : q->tmp;
	word = (word & ~(31u << 5)) | rn << 5;
	if (by_register(&i))
		word = (word & ~(31u << 16)) | q->idx << 16;
	if (!fit_offset(q, &i, &a, &word))
		return false;
	if (a64_decode(word, D_FEATURES, &i) == A64_UNDEFINED || !d_access_of(&i, &a) || a.unsure ||
	    reserved(q, word, 0) || (i.cls == A64_CLASS_atomic_cas_pair && pair_reserved(q, word)))
		return false;
	if (!by_register(&i) && (reserved(q, word, 10) || reserved(q, word, 16)))
		return false;
	exclusive = i.cls == A64_CLASS_exclusive_single || i.cls == A64_CLASS_exclusive_pair;
	if (rn != q->base)
		put(q, 0x91000000 | q->base << 5 | rn);		/* add rn, base, #0 */
	if (exclusive && !i.L) {
		u32 load = d_exclusive_load(q->r, &i);

		while (reserved(q, load, 0) || (i.cls == A64_CLASS_exclusive_pair && reserved(q, load, 10)))
			load = d_exclusive_load(q->r, &i);
		put(q, load);
	}
	put(q, word);
	return true;
}

/* ---- branches and the like ---- */

static void put_forward(struct seq *q, u32 word, unsigned int lsb, unsigned int width)
{
	q->fix[q->nfix++] = (struct fixup){ (u8)q->n, (u8)lsb, (u8)width };
	put(q, word);
}

/* Behind the instruction after the next; what stands behind the instructions are exits. */
static void set_targets(struct seq *q)
{
	for (unsigned int k = 0; k < q->nfix; k++) {
		const struct fixup *f = &q->fix[k];
		unsigned int to = f->at + 2 + d_below(q->r, 8);

		while (to < q->n && !(q->starts >> to & 1))
			to++;
		if (to >= D_SEQ_WORDS)
			to = D_SEQ_WORDS - 1;
		q->slot[f->at] |= ((to - f->at) & ((1u << f->width) - 1)) << f->lsb;
	}
}

static void put_branch(struct seq *q)
{
	struct d_rand *r = q->r;
	u32 rt = d_below(r, 32);

	switch (d_below(r, 8)) {
	case 0:
		put_forward(q, 0x14000000, 0, 26);
		break;
	case 1:
		put_forward(q, 0x94000000, 0, 26);		/* bl */
		break;
	case 2:							/* cbz, cbnz */
		put_forward(q, 0x34000000 | d_below(r, 2) << 31 | d_below(r, 2) << 24 | rt, 5, 19);
		break;
	case 3:							/* tbz, tbnz */
		put_forward(q, 0x36000000 | ((u32)d_rand(r) & 0x80f80000) | d_below(r, 2) << 24 | rt, 5, 14);
		break;
	case 4:							/* adr tmp, ahead; br, blr or ret */
		put_forward(q, 0x10000000 | q->tmp, 5, 19);
		put(q, 0xd61f0000 | d_below(r, 3) << 21 | q->tmp << 5);
		break;
	default:
		put_forward(q, 0x54000000 | d_below(r, 16), 5, 19);
	}
}

/* NZCV, FPCR, FPSR. */
static void put_system(struct seq *q)
{
	struct d_rand *r = q->r;
	u32 rt = d_below(r, 32);

	switch (d_below(r, 6)) {
	case 0:
		put(q, 0xd2a00000 | (d_below(r, 32) << 6 & (d_one_in(r, 2) ? 0xc0 : 0x7c0)) << 5 | q->tmp);
		put(q, 0xd51b4400 | q->tmp);			/* msr fpcr */
		break;
	case 1:
		put(q, 0xd51b4200 | rt);			/* msr nzcv */
		break;
	case 2:
		put(q, 0xd51b4420 | rt);			/* msr fpsr */
		break;
	case 3:
		if (!reserved(q, rt, 0))
			put(q, 0xd53b4420 | rt);		/* mrs fpsr */
		break;
	case 4:
		if (!reserved(q, rt, 0))
			put(q, 0xd53b4400 | rt);		/* mrs fpcr */
		break;
	default:
		if (!reserved(q, rt, 0))
			put(q, 0xd53b4200 | rt);		/* mrs nzcv */
	}
}

static bool put_row(struct seq *q, enum group group)
{
	const struct d_row *row = &d_rows[d_below(q->r, d_nrows)];
	struct a64_insn i;
	u32 word;

	if (row->skip || group_of(row) != group)
		return false;
	word = d_rand_word(q->r, row);
	if (a64_decode(word, D_FEATURES, &i) != row->op || row->op == A64_UDF_PERM_UNDEF)
		return false;
	if (group == GROUP_MEM)
		return put_memory(q, word);
	if (reserved(q, word, 0))
		return false;
	put(q, word);
	return true;
}

/* How often each group, out of 16; a sequence has one of these mixtures. */
static const u8 mixtures[][GROUPS] = {
	{ 8, 2, 4, 2 }, { 3, 8, 3, 2 }, { 2, 14, 0, 0 }, { 12, 0, 2, 2 }, { 4, 2, 9, 1 }, { 5, 5, 3, 3 },
};

static void put_some(struct seq *q, const u8 *mix)
{
	unsigned int k = d_below(q->r, 16);
	enum group g = 0;

	while (g < GROUP_CONTROL && k >= mix[g])
		k -= mix[g++];
	if (g == GROUP_CONTROL && d_one_in(q->r, 2))
		put_branch(q);
	else if (g == GROUP_CONTROL)
		put_system(q);
	else
		while (!put_row(q, g))
			;
}

/* sub count, count, #1; cbnz count, back.  Sometimes with the flags. */
static void put_loop_end(struct seq *q, unsigned int top)
{
	u32 op = d_one_in(q->r, 2) ? 0xf1000400 : 0xd1000400;

	put(q, op | q->count << 5 | q->count);
	if (op == 0xf1000400 && d_one_in(q->r, 2))
		put(q, 0x54000001 | ((top - q->n) & 0x7ffff) << 5);		/* b.ne */
	else
		put(q, 0xb5000000 | ((top - q->n) & 0x7ffff) << 5 | q->count);
}

static void choose_registers(struct seq *q)
{
	q->base = d_below(q->r, 30);
	do
		q->idx = d_below(q->r, 30);
	while (q->idx == q->base);
	do
		q->count = d_below(q->r, 30);
	while (q->count == q->base || q->count == q->idx);
	do
		q->tmp = d_below(q->r, 30);
	while (q->tmp == q->base || q->tmp == q->idx || q->tmp == q->count);
}

static void fill_state(struct seq *q, struct d_case *c)
{
	d_rand_state(q->r, c, d_one_in(q->r, 4) ? 0 : 2 + d_below(q->r, 2));
	c->window = d_window(q->r);
	if (d_one_in(q->r, 4))
		q->slack = d_below(q->r, 16);
	c->x[q->base] = c->window + MIDDLE + q->slack;
	if (d_one_in(q->r, 24)) {	/* at the end of memory: some accesses fault */
		c->window = D_BASE + D_DATA + D_DATA_SIZE - D_MEM_SIZE;
		c->x[q->base] = c->window + D_MEM_SIZE - 8 + q->slack;
	}
	c->x[q->idx] = d_below(q->r, 3);
	c->x[q->count] = 1 + d_below(q->r, 4);
	c->entry = D_BASE + D_SLOTS + (u64)q->index * D_SEQ_WORDS * 4;
}

void d_generate_sequence(struct d_rand *r, struct d_batch_buf *b, unsigned int slot)
{
	struct seq q = { .r = r, .slot = b->slots + slot * D_SEQ_WORDS, .index = slot };
	const u8 *mix = mixtures[d_below(r, ARM_ARRAY_SIZE(mixtures))];
	struct d_case *c = &b->cases[slot];
	unsigned int top = 0;

	memset(c, 0, sizeof(*c));
	choose_registers(&q);
	fill_state(&q, c);
	b->items[slot] = (struct d_item){ .row = D_SEQ_ROW };
	put(&q, D_MRS_X30_TPIDR);
	q.end = FIRST + 1 + d_below(r, LAST - FIRST - 8);
	if (d_one_in(r, 3))
		top = q.n + d_below(r, q.end - q.n);
	while (q.n < q.end) {
		q.starts |= 1ull << q.n;
		put_some(&q, mix);
	}
	q.starts |= 1ull << q.n;
	while (top && !(q.starts >> top & 1))
		top++;
	if (top)
		put_loop_end(&q, top);
	set_targets(&q);
	for (unsigned int w = q.n; w < D_SEQ_WORDS; w++)
		q.slot[w] = d_exit_branch(slot * D_SEQ_WORDS + w, w);
}
