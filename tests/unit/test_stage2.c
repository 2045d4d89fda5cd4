/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arm/stage2.c against a model: an array with one entry for each page that the test
 * uses.  The hardware is a walker of its own (written from DDI 0487 D8.2, no code
 * shared) with a TLB that forgets nothing until it is told to, and that complains
 * of descriptors that changed under it without a break.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "arm/stage2.h"

#define PAGES 4096u		/* that the model knows */
#define MAX_TABLES 4096u

struct page {
	u64 pa;			/* 0: not mapped */
	u8 prot;
	bool young;
};

/* A translation as the TLB holds it. */
struct cached {
	u64 desc;		/* 0: none */
	u64 pa;
	unsigned int shift;	/* one translation by entries of two sizes is a conflict */
};

struct rig {
	struct stage2_geometry geo;
	struct stage2 s2;
	unsigned int page_bits, block_bits;
	u64 base;		/* IPA of page 0 */
	struct page model[PAGES];
	struct cached tlb[PAGES];
	void *table[MAX_TABLES];	/* live, in no order */
	unsigned int tables;
	long fail_after;	/* allocations that succeed yet; < 0: all */
	unsigned int flushes;
	u64 seed;
};

static u64 rnd(struct rig *r, u64 n)
{
	r->seed = r->seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (r->seed >> 33) % n;
}

static void *t_alloc(void *ctx, unsigned int bits)
{
	struct rig *r = ctx;
	size_t size = (size_t)1 << (bits < 6 ? 6 : bits);
	void *p;

	if (!r->fail_after)
		return NULL;
	if (r->fail_after > 0)
		r->fail_after--;
	p = aligned_alloc(size, size);
	assert_non_null(p);
	memset(p, 0, size);
	assert_true(r->tables < MAX_TABLES);
	r->table[r->tables++] = p;
	return p;
}

static void t_free(void *ctx, void *table, unsigned int bits)
{
	struct rig *r = ctx;
	unsigned int i;

	for (i = 0; r->table[i] != table; i++)
		assert_true(i + 1 < r->tables);
	r->table[i] = r->table[--r->tables];
	/* Who still walks it finds rubbish that maps. */
	memset(table, 0xff, (size_t)1 << bits);
	free(table);
}

/* Tables are where the host has them: 48 bits are enough for addresses of a process. */
static u64 t_pa(void *ctx, const void *table)
{
	(void)ctx;
	return (u64)(uintptr_t)table;
}

static void *t_va(void *ctx, u64 pa)
{
	(void)ctx;
	return (void *)(uintptr_t)pa;
}

static void t_visible(void *ctx, const void *start, size_t len)
{
	(void)ctx;
	(void)start;
	(void)len;
}

/* What lies in the range goes, and every page of a block of which a part does. */
static void t_flush(void *ctx, u64 ipa, u64 len)
{
	struct rig *r = ctx;
	u64 size = 1ULL << r->block_bits, first = ipa & ~(size - 1), last = (ipa + len + size - 1) & ~(size - 1);
	u64 i;

	r->flushes++;
	for (i = 0; i < PAGES; i++)
		if (r->base + (i << r->page_bits) >= first && r->base + (i << r->page_bits) < last)
			r->tlb[i].desc = 0;
}

static const struct stage2_ops ops = { t_alloc, t_free, t_pa, t_va, t_visible, t_flush };

/* Walks as hardware does: the descriptor of the leaf over @ipa and the address it gives, or 0. */
static u64 hw_walk(const struct rig *r, u64 ipa, u64 *pa, unsigned int *shift)
{
	unsigned int bits = r->page_bits - 3, level = r->geo.start;
	u64 *table = (u64 *)(uintptr_t)r->s2.pgd_pa, d, n;

	for (;; level++) {
		*shift = r->page_bits + (3 - level) * bits;
		n = ipa >> *shift;
		if (level > r->geo.start)
			n &= (1ULL << bits) - 1;
		d = table[n];
		if (!(d & 1))
			return 0;
		if (level == 3) {
			assert_true(d & 2);
			break;
		}
		if (!(d & 2)) {
			assert_true(level == 2 || (level == 1 && r->page_bits == 12));
			break;
		}
		table = (u64 *)(uintptr_t)(d & 0x0000fffffffff000ULL & ~((1ULL << r->page_bits) - 1));
	}
	*pa = (d & 0x0000fffffffff000ULL & ~((1ULL << *shift) - 1)) | (ipa & ((1ULL << *shift) - 1));
	return d;
}

/* Page @i is accessed: the TLB fills, or what it held is still a truth the owner may rely on. */
static void hw_access(struct rig *r, unsigned int i)
{
	u64 pa = 0, ipa = r->base + ((u64)i << r->page_bits);
	unsigned int shift;
	u64 d = hw_walk(r, ipa, &pa, &shift);

	if (r->tlb[i].desc) {
		/* Never unmapped, moved or retyped behind the TLB's back. */
		assert_true(d & 1);
		assert_true(pa == r->tlb[i].pa);
		assert_int_equal(shift, r->tlb[i].shift);
		assert_true(((d ^ r->tlb[i].desc) & 0x3c) == 0);
	}
	if (d & 1 << 10) {	/* only young entries are cached */
		r->tlb[i].desc = d;
		r->tlb[i].pa = pa;
		r->tlb[i].shift = shift;
	}
}

static void check_page(struct rig *r, unsigned int i)
{
	const struct page *p = &r->model[i];
	u64 pa = 0, ipa = r->base + ((u64)i << r->page_bits);
	struct stage2_leaf leaf;
	unsigned int shift;
	u64 d = hw_walk(r, ipa, &pa, &shift);

	assert_int_equal(!!(d & 1), !!p->pa);
	assert_int_equal(stage2_lookup(&r->s2, ipa, &leaf), !!p->pa);
	if (!p->pa)
		return;
	assert_true(pa == p->pa);
	assert_int_equal(!!(d & 1 << 7), !!(p->prot & STAGE2_WRITE));
	assert_int_equal(!(d & 1ULL << 54), !!(p->prot & STAGE2_EXEC));
	assert_int_equal(d >> 2 & 15, p->prot & STAGE2_DEVICE ? 1 : 15);
	assert_int_equal(!!(d & 1ULL << 55), !!(p->prot & STAGE2_MARK));
	assert_int_equal(!!(d & 1 << 10), p->young);
	assert_true(d & 1 << 6);
	assert_int_equal(leaf.prot, p->prot);
	assert_int_equal(leaf.young, p->young);
	assert_int_equal(leaf.shift, shift);
	assert_true(leaf.pa + (ipa - leaf.ipa) == p->pa);
}

static void check_all(struct rig *r)
{
	for (unsigned int i = 0; i < PAGES; i++)
		check_page(r, i);
}

/* The pages that an operation on page @i takes, when it is in a block: all of that. */
static void leaf_span(struct rig *r, unsigned int i, unsigned int *first, unsigned int *count)
{
	struct stage2_leaf leaf;
	u64 ipa = r->base + ((u64)i << r->page_bits);

	*first = i;
	*count = 1;
	if (stage2_lookup(&r->s2, ipa, &leaf) && leaf.shift > r->page_bits) {
		*first = (unsigned int)((leaf.ipa - r->base) >> r->page_bits);
		*count = 1u << (leaf.shift - r->page_bits);
	}
}

static void model_range(struct rig *r, unsigned int i, unsigned int n, void (*fn)(struct page *p))
{
	static bool taken[PAGES];
	unsigned int first, count;

	memset(taken, 0, sizeof(taken));
	for (; n; i++, n--) {
		leaf_span(r, i, &first, &count);
		memset(&taken[first], 1, count);
	}
	for (i = 0; i < PAGES; i++)
		if (taken[i] && r->model[i].pa)
			fn(&r->model[i]);
}

static void page_unmap(struct page *p)
{
	p->pa = 0;
}

static void page_protect(struct page *p)
{
	p->prot &= (u8)~STAGE2_WRITE;
}

static void page_old(struct page *p)
{
	p->young = false;
}

static bool model_any(const struct rig *r, unsigned int i, unsigned int n, bool (*fn)(const struct page *p))
{
	for (; n; i++, n--)
		if (r->model[i].pa && fn(&r->model[i]))
			return true;
	return false;
}

static bool is_mapped(const struct page *p)
{
	return p->pa;
}

static bool is_young(const struct page *p)
{
	return p->young;
}

static bool is_writable(const struct page *p)
{
	return p->prot & STAGE2_WRITE;
}

static void do_map(struct rig *r, bool block)
{
	unsigned int per = 1u << (r->block_bits - r->page_bits), n = block ? per : 1, i, k;
	unsigned int shift = block ? r->block_bits : r->page_bits, prot = (unsigned int)rnd(r, 16);
	u64 pa = (1 + rnd(r, 1000)) << shift;
	int ret;

	if (block && per > PAGES)
		return;
	i = (unsigned int)rnd(r, PAGES / n) * n;
	/* Often the page that is there, with other rights. */
	if (rnd(r, 2) && r->model[i].pa && !(r->model[i].pa & ((1ULL << shift) - 1)))
		pa = r->model[i].pa;
	r->fail_after = rnd(r, 4) ? -1 : (long)rnd(r, 3);
	ret = stage2_map(&r->s2, r->base + ((u64)i << r->page_bits), pa, shift, prot);
	if (ret)
		assert_int_equal(ret, -ENOMEM);
	for (k = 0; !ret && k < n; k++)
		r->model[i + k] = (struct page){ pa + ((u64)k << r->page_bits), (u8)prot, true };
	r->fail_after = -1;
}

/* A range, its ends often at block edges. */
static void some_range(struct rig *r, unsigned int *i, unsigned int *n)
{
	unsigned int per = 1u << (r->block_bits - r->page_bits);

	*i = (unsigned int)rnd(r, PAGES);
	if (per < PAGES && !rnd(r, 3))
		*i = *i / per * per;
	*n = 1 + (unsigned int)rnd(r, rnd(r, 2) ? 8 : PAGES);
	if (*n > PAGES - *i)
		*n = PAGES - *i;
}

static void do_range(struct rig *r, unsigned int op)
{
	unsigned int i, n;
	u64 ipa, len;
	bool clear, any;

	some_range(r, &i, &n);
	ipa = r->base + ((u64)i << r->page_bits);
	len = (u64)n << r->page_bits;
	/* Ends need not be at page edges. */
	if (rnd(r, 2)) {
		ipa += rnd(r, 1ULL << r->page_bits);
		len -= ipa & ((1ULL << r->page_bits) - 1);
		len -= rnd(r, 2) ? rnd(r, len < 100 ? len : 100) : 0;
	}
	switch (op) {
	case 0:
		any = model_any(r, i, n, is_mapped);
		model_range(r, i, n, page_unmap);
		assert_int_equal(stage2_unmap(&r->s2, ipa, len), any);
		break;
	case 1:
		any = model_any(r, i, n, is_writable);
		model_range(r, i, n, page_protect);
		assert_int_equal(stage2_protect(&r->s2, ipa, len), any);
		t_flush(r, ipa, len);
		break;
	case 2:
		clear = rnd(r, 2);
		any = model_any(r, i, n, is_young);
		if (clear)
			model_range(r, i, n, page_old);
		assert_int_equal(stage2_age(&r->s2, ipa, len, clear), any);
		t_flush(r, ipa, len);
		break;
	}
}

static void do_page(struct rig *r, unsigned int op)
{
	unsigned int i = (unsigned int)rnd(r, PAGES), more = (unsigned int)rnd(r, 4), first, count;
	u64 ipa = r->base + ((u64)i << r->page_bits) + rnd(r, 1ULL << r->page_bits);
	struct stage2_leaf leaf;

	if (op == 0) {
		leaf_span(r, i, &first, &count);
		assert_int_equal(stage2_touch(&r->s2, ipa, more), !!r->model[i].pa);
		for (; r->model[i].pa && count; first++, count--) {
			r->model[first].prot |= (u8)more;
			r->model[first].young = true;
		}
	} else {
		assert_int_equal(stage2_split(&r->s2, ipa), 0);
		if (stage2_lookup(&r->s2, ipa, &leaf))
			assert_int_equal(leaf.shift, r->page_bits);
	}
}

static void rig_start(struct rig *r, unsigned int page_bits, unsigned int ipa_bits, u64 seed)
{
	memset(r, 0, sizeof(*r));
	r->seed = seed;
	r->fail_after = -1;
	r->page_bits = page_bits;
	r->block_bits = 2 * page_bits - 3;
	assert_int_equal(stage2_shape(&r->geo, page_bits, ipa_bits), 0);
	assert_int_equal(stage2_init(&r->s2, &r->geo, &ops, r), 0);
	assert_int_equal(r->tables, 1);
	/* The last blocks of the input space, where sums would wrap; or the first. */
	if (seed & 1)
		r->base = (1ULL << ipa_bits) - ((u64)PAGES << page_bits);
}

/* Page tables only where something is mapped; nothing is left at the end. */
static void rig_end(struct rig *r)
{
	stage2_unmap(&r->s2, 0, ~0ULL);
	memset(r->model, 0, sizeof(r->model));
	check_all(r);
	for (unsigned int i = 0; i < PAGES; i++)
		hw_access(r, i);
	assert_int_equal(r->tables, 1);
	assert_int_equal(r->s2.tables, 0);
	stage2_destroy(&r->s2);
	assert_int_equal(r->tables, 0);
}

static void sequence(struct rig *r, unsigned int steps)
{
	unsigned int n, k;

	for (n = 0; n < steps; n++) {
		unsigned int op = (unsigned int)rnd(r, 12);

		if (op < 4)
			do_map(r, op == 0);
		else if (op < 7)
			do_range(r, op - 4);
		else
			do_page(r, op < 11 ? 0 : 1);
		for (k = 0; k < 64; k++)
			hw_access(r, (unsigned int)rnd(r, PAGES));
		if (n % 16 == 0)
			check_all(r);
		assert_int_equal(r->tables, r->s2.tables + 1);
	}
	check_all(r);
}

static const struct {
	u8 page_bits, ipa_bits;
} shapes[] = {
	{ 12, 40 },		/* ARMv7 */
	{ 12, 32 }, { 12, 36 }, { 12, 39 }, { 12, 44 }, { 12, 48 },
	{ 14, 36 }, { 14, 40 }, { 14, 48 },
	{ 16, 36 }, { 16, 40 }, { 16, 42 }, { 16, 48 },
};

static void test_random(void **state)
{
	static struct rig r;

	(void)state;
	for (unsigned int s = 0; s < ARM_ARRAY_SIZE(shapes); s++) {
		for (u64 seed = 1; seed <= 6; seed++) {
			rig_start(&r, shapes[s].page_bits, shapes[s].ipa_bits, seed);
			sequence(&r, 400);
			rig_end(&r);
		}
	}
}

/* Destruction with everything mapped frees everything. */
static void test_destroy(void **state)
{
	static struct rig r;

	(void)state;
	rig_start(&r, 12, 40, 7);
	sequence(&r, 100);
	stage2_destroy(&r.s2);
	assert_int_equal(r.tables, 0);
	stage2_destroy(&r.s2);	/* again: nothing */
	r.fail_after = 0;
	assert_int_equal(stage2_init(&r.s2, &r.geo, &ops, &r), -ENOMEM);
	stage2_destroy(&r.s2);
}

/* DDI 0406C B3.6.7 and DDI 0487 D8.2: where walks begin and how large the first table is. */
static void test_shape(void **state)
{
	static const struct {
		u8 page_bits, ipa_bits, start, pgd_bits;
	} rows[] = {
		{ 12, 40, 1, 13 },	/* ARMv7: 1024 entries, two tables side by side */
		{ 12, 32, 2, 14 }, { 12, 34, 2, 16 }, { 12, 35, 1, 8 }, { 12, 43, 1, 16 }, { 12, 44, 0, 8 },
		{ 12, 48, 0, 12 }, { 14, 29, 3, 18 }, { 14, 40, 2, 18 }, { 14, 48, 1, 15 },
		{ 16, 33, 3, 20 }, { 16, 40, 2, 14 }, { 16, 48, 1, 9 },
	};
	struct stage2_geometry geo;

	(void)state;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(rows); i++) {
		assert_int_equal(stage2_shape(&geo, rows[i].page_bits, rows[i].ipa_bits), 0);
		assert_int_equal(geo.start, rows[i].start);
		assert_int_equal(geo.pgd_bits, rows[i].pgd_bits);
	}
	assert_int_equal(stage2_shape(&geo, 12, 49), -EINVAL);
	assert_int_equal(stage2_shape(&geo, 12, 24), -EINVAL);
	assert_int_equal(stage2_shape(&geo, 13, 40), -EINVAL);
}

static void test_refusals(void **state)
{
	static struct rig r;
	struct stage2_leaf leaf;

	(void)state;
	rig_start(&r, 12, 40, 2);
	assert_true(stage2_has_leaf(&r.s2, 12) && stage2_has_leaf(&r.s2, 21) && stage2_has_leaf(&r.s2, 30));
	assert_false(stage2_has_leaf(&r.s2, 13) || stage2_has_leaf(&r.s2, 39));
	assert_int_equal(stage2_map(&r.s2, 0x1800, 0x1000, 12, 0), -EINVAL);
	assert_int_equal(stage2_map(&r.s2, 0x1000, 0x1800, 12, 0), -EINVAL);
	assert_int_equal(stage2_map(&r.s2, 0x200000, 0x1000, 21, 0), -EINVAL);
	assert_int_equal(stage2_map(&r.s2, 1ULL << 40, 0x1000, 12, 0), -EINVAL);
	assert_int_equal(stage2_map(&r.s2, 0, 1ULL << 48, 12, 0), -EINVAL);
	assert_int_equal(stage2_map(&r.s2, 0, 0x1000, 14, 0), -EINVAL);
	assert_false(stage2_lookup(&r.s2, 1ULL << 40, &leaf));
	assert_false(stage2_touch(&r.s2, ~0ULL, 0));
	assert_false(stage2_unmap(&r.s2, 1ULL << 41, ~0ULL));
	assert_int_equal(stage2_split(&r.s2, 1ULL << 41), 0);
	assert_int_equal(r.tables, 1);
	rig_end(&r);
}

/* A 1 GiB block: split in two steps, each page still where it was, and put together again. */
static void test_giant(void **state)
{
	static struct rig r;
	struct stage2_leaf leaf;

	(void)state;
	rig_start(&r, 12, 40, 2);
	assert_int_equal(stage2_map(&r.s2, 1ULL << 30, 5ULL << 30, 30, STAGE2_MARK), 0);
	assert_int_equal(r.s2.tables, 0);
	assert_int_equal(stage2_map(&r.s2, (1ULL << 30) + 0x345000, 0x7777000, 12, STAGE2_WRITE), 0);
	assert_int_equal(r.s2.tables, 2);
	assert_true(stage2_lookup(&r.s2, (1ULL << 30) + 0x345678, &leaf));
	assert_true(leaf.pa == 0x7777000 && leaf.prot == STAGE2_WRITE && leaf.shift == 12);
	assert_true(stage2_lookup(&r.s2, (1ULL << 30) + 0x346678, &leaf));
	assert_true(leaf.pa == (5ULL << 30) + 0x346000 && leaf.prot == STAGE2_MARK && leaf.shift == 12);
	assert_true(stage2_lookup(&r.s2, (1ULL << 30) + 0x3fffffff, &leaf));
	assert_true(leaf.pa == (5ULL << 30) + 0x3fe00000 && leaf.shift == 21);
	r.fail_after = 0;
	assert_int_equal(stage2_split(&r.s2, (1ULL << 30) + 0x3fffffff), -ENOMEM);
	assert_true(stage2_lookup(&r.s2, (1ULL << 30) + 0x3fffffff, &leaf));
	assert_int_equal(leaf.shift, 21);
	r.fail_after = -1;
	assert_int_equal(stage2_map(&r.s2, 1ULL << 30, 5ULL << 30, 30, STAGE2_WRITE), 0);
	assert_int_equal(r.s2.tables, 0);
	assert_int_equal(r.tables, 1);
	rig_end(&r);
}

/* Rights that are taken need a flush by the caller; rights that are given, one by stage2_touch(). */
static void test_flushes(void **state)
{
	static struct rig r;

	(void)state;
	rig_start(&r, 12, 40, 2);
	assert_int_equal(stage2_map(&r.s2, 0x1000, 0x5000, 12, 0), 0);
	assert_int_equal(r.flushes, 0);
	assert_int_equal(stage2_map(&r.s2, 0x1000, 0x5000, 12, 0), 0);	/* the same again */
	assert_int_equal(r.flushes, 0);
	assert_true(stage2_touch(&r.s2, 0x1000, STAGE2_WRITE));
	assert_int_equal(r.flushes, 1);
	assert_true(stage2_touch(&r.s2, 0x1000, STAGE2_WRITE));
	assert_int_equal(r.flushes, 1);
	assert_true(stage2_age(&r.s2, 0x1000, 1, true));
	assert_true(stage2_touch(&r.s2, 0x1000, 0));	/* was not cached */
	assert_int_equal(r.flushes, 1);
	assert_int_equal(stage2_map(&r.s2, 0x1000, 0x6000, 12, 0), 0);	/* break before make */
	assert_int_equal(r.flushes, 2);
	assert_true(stage2_unmap(&r.s2, 0x1000, 1));
	assert_int_equal(r.flushes, 3);
	assert_false(stage2_unmap(&r.s2, 0x1000, 1));
	assert_int_equal(r.flushes, 3);
	rig_end(&r);
}

static void count_leaf(void *arg, const struct stage2_leaf *leaf)
{
	*(u64 *)arg += 1ULL << leaf->shift;
}

static void test_each(void **state)
{
	static struct rig r;
	u64 sum = 0;

	(void)state;
	rig_start(&r, 12, 40, 2);
	assert_int_equal(stage2_map(&r.s2, 0x1000, 0x5000, 12, 0), 0);
	assert_int_equal(stage2_map(&r.s2, 0x400000, 0x800000, 21, 0), 0);
	stage2_each(&r.s2, 0, ~0ULL, count_leaf, &sum);
	assert_true(sum == 0x201000);
	sum = 0;
	stage2_each(&r.s2, 0x2000, 0x3fe001, count_leaf, &sum);	/* the block's first byte */
	assert_true(sum == 0x200000);
	rig_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_destroy),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_giant),
		cmocka_unit_test(test_flushes),
		cmocka_unit_test(test_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
