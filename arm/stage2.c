// SPDX-License-Identifier: GPL-2.0-only
#include "arm/stage2.h"

#include "arm/pte.h"

#define LAST_LEVEL 3u
#define MAX_CONCATENATED_BITS 4u	/* 16 tables: DDI 0406C B3.6.7, DDI 0487 D8.2.2 */
#define LEAF_MARK ARM_BIT(55)
/* What may change under a valid descriptor without a break: it maps the same either way. */
#define LEAF_CHANGEABLE (PTE_S2_WRITE | PTE_S2_XN_MASK | PTE_AF | PTE_SOFTWARE_MASK)

static const struct pte_granule *granule(const struct stage2 *s2)
{
	return &pte_granules[s2->geo.granule];
}

static unsigned int shift_at(const struct stage2 *s2, unsigned int level)
{
	return pte_level_shift(granule(s2), level);
}

static u64 *entry_of(const struct stage2 *s2, u64 *table, unsigned int level, u64 ipa)
{
	u64 n = ipa >> shift_at(s2, level);

	if (level > s2->geo.start)
		n &= (1ULL << granule(s2)->level_bits) - 1;
	return &table[n];
}

/* Leaves and tables only: whether a level may hold blocks was checked when it was written. */
static enum pte_kind kind_of(unsigned int level, u64 desc)
{
	if (!(desc & PTE_VALID))
		return PTE_KIND_INVALID;
	return level < LAST_LEVEL && (desc & PTE_TABLE) ? PTE_KIND_TABLE : PTE_KIND_LEAF;
}

static u64 *table_of(const struct stage2 *s2, u64 desc)
{
	return s2->ops->va(s2->ctx, pte_output(desc, granule(s2)->page_bits));
}

/* One store of 64 bits, also on 32-bit hosts (DDI 0406C A3.5.3). */
static void set(struct stage2 *s2, u64 *entry, u64 desc)
{
	__atomic_store_n(entry, desc, __ATOMIC_RELAXED);
	s2->ops->visible(s2->ctx, entry, sizeof(*entry));
}

static u64 leaf_desc(unsigned int level, u64 pa, unsigned int prot)
{
	u64 d = pa | PTE_VALID | PTE_AF | PTE_S2_READ;

	if (level == LAST_LEVEL)
		d |= PTE_TABLE;
	if (prot & STAGE2_DEVICE)
		d |= PTE_S2_MEMATTR_DEVICE_NGNRE << PTE_S2_MEMATTR_SHIFT;
	else
		d |= PTE_S2_MEMATTR_NORMAL_WB << PTE_S2_MEMATTR_SHIFT | (u64)PTE_SH_INNER << PTE_SH_SHIFT;
	if (prot & STAGE2_WRITE)
		d |= PTE_S2_WRITE;
	if (!(prot & STAGE2_EXEC))
		d |= PTE_S2_XN;
	if (prot & STAGE2_MARK)
		d |= LEAF_MARK;
	return d;
}

static unsigned int leaf_prot(u64 d)
{
	unsigned int prot = 0;

	if ((d & PTE_S2_MEMATTR_MASK) != PTE_S2_MEMATTR_NORMAL_WB << PTE_S2_MEMATTR_SHIFT)
		prot |= STAGE2_DEVICE;
	if (d & PTE_S2_WRITE)
		prot |= STAGE2_WRITE;
	if (!(d & PTE_S2_XN))
		prot |= STAGE2_EXEC;
	if (d & LEAF_MARK)
		prot |= STAGE2_MARK;
	return prot;
}

static void fill_leaf(const struct stage2 *s2, struct stage2_leaf *leaf, unsigned int level, u64 ipa, u64 d)
{
	leaf->shift = (u8)shift_at(s2, level);
	leaf->ipa = ipa & ~((1ULL << leaf->shift) - 1);
	leaf->pa = pte_output(d, leaf->shift);
	leaf->prot = (u8)leaf_prot(d);
	leaf->young = d & PTE_AF;
}

int stage2_shape(struct stage2_geometry *geo, unsigned int page_bits, unsigned int ipa_bits)
{
	const struct pte_granule *g;
	unsigned int id = 0, level;

	while (id < PTE_GRANULES && pte_granules[id].page_bits != page_bits)
		id++;
	if (id == PTE_GRANULES || ipa_bits < 25 || ipa_bits > 48)
		return -EINVAL;
	g = &pte_granules[id];
	/* A walk of 4K pages cannot begin at the last level (DDI 0487 D8.2.6). */
	level = id == PTE_4K ? LAST_LEVEL - 1 : LAST_LEVEL;
	while (ipa_bits > pte_level_shift(g, level) + g->level_bits + MAX_CONCATENATED_BITS)
		level--;
	geo->granule = (u8)id;
	geo->ipa_bits = (u8)ipa_bits;
	geo->start = (u8)level;
	geo->pgd_bits = (u8)(ipa_bits - pte_level_shift(g, level) + 3);
	return 0;
}

int stage2_init(struct stage2 *s2, const struct stage2_geometry *geo, const struct stage2_ops *ops, void *ctx)
{
	*s2 = (struct stage2){ .geo = *geo, .ops = ops, .ctx = ctx };
	s2->pgd = ops->alloc(ctx, geo->pgd_bits);
	if (!s2->pgd)
		return -ENOMEM;
	s2->pgd_pa = ops->pa(ctx, s2->pgd);
	ops->visible(ctx, s2->pgd, (size_t)1 << geo->pgd_bits);
	return 0;
}

void stage2_destroy(struct stage2 *s2)
{
	if (!s2->pgd)
		return;
	stage2_unmap(s2, 0, 1ULL << s2->geo.ipa_bits);
	s2->ops->free(s2->ctx, s2->pgd, s2->geo.pgd_bits);
	s2->pgd = NULL;
}

/* The level whose leaves have 1 << @shift bytes; 4: none. */
static unsigned int level_of(const struct stage2 *s2, unsigned int shift)
{
	unsigned int level;

	if (shift == granule(s2)->page_bits)
		return LAST_LEVEL;
	for (level = s2->geo.start; level < LAST_LEVEL; level++)
		if (shift_at(s2, level) == shift && pte_is_block_level(granule(s2), level, false))
			return level;
	return LAST_LEVEL + 1;
}

bool stage2_has_leaf(const struct stage2 *s2, unsigned int shift)
{
	return level_of(s2, shift) <= LAST_LEVEL;
}

static u64 *new_table(struct stage2 *s2)
{
	u64 *table = s2->ops->alloc(s2->ctx, granule(s2)->page_bits);

	if (table)
		s2->tables++;
	return table;
}

/* @table is complete and nobody sees it yet. */
static void link_table(struct stage2 *s2, u64 *entry, u64 *table)
{
	s2->ops->visible(s2->ctx, table, (size_t)1 << granule(s2)->page_bits);
	set(s2, entry, s2->ops->pa(s2->ctx, table) | PTE_TABLE | PTE_VALID);
}

/* The block @entry at @level becomes a table of leaves of the next level. */
static int split_entry(struct stage2 *s2, u64 *entry, unsigned int level, u64 ipa)
{
	unsigned int shift = shift_at(s2, level + 1);
	u64 d = *entry, *table = new_table(s2);
	u64 size = 1ULL << shift_at(s2, level);
	size_t n;

	if (!table)
		return -ENOMEM;
	if (level + 1 == LAST_LEVEL)
		d |= PTE_TABLE;
	for (n = 0; n < (size_t)1 << granule(s2)->level_bits; n++)
		table[n] = d + ((u64)n << shift);
	set(s2, entry, 0);
	s2->ops->flush(s2->ctx, ipa & ~(size - 1), size);
	link_table(s2, entry, table);
	return 0;
}

/*
 * The entry for @ipa at @level, tables and splits above it as needed; NULL: no
 * memory.  A table that was made and stays empty is reachable, so not lost.
 */
static u64 *make_entry(struct stage2 *s2, u64 ipa, unsigned int level)
{
	u64 *table = s2->pgd, *entry;
	unsigned int l;

	for (l = s2->geo.start;; l++) {
		entry = entry_of(s2, table, l, ipa);
		if (l == level)
			return entry;
		switch (kind_of(l, *entry)) {
		case PTE_KIND_INVALID:
			table = new_table(s2);
			if (!table)
				return NULL;
			link_table(s2, entry, table);
			break;
		case PTE_KIND_LEAF:
			if (split_entry(s2, entry, l, ipa))
				return NULL;
			break;
		case PTE_KIND_TABLE:
			break;
		}
		table = table_of(s2, *entry);
	}
}

/* The leaf over @ipa and its level; NULL: none. */
static u64 *find(const struct stage2 *s2, u64 ipa, unsigned int *level)
{
	u64 *table = s2->pgd, *entry;
	unsigned int l;

	if (ipa >> s2->geo.ipa_bits)
		return NULL;
	for (l = s2->geo.start;; l++) {
		entry = entry_of(s2, table, l, ipa);
		*level = l;
		switch (kind_of(l, *entry)) {
		case PTE_KIND_INVALID:
			return NULL;
		case PTE_KIND_LEAF:
			return entry;
		case PTE_KIND_TABLE:
			table = table_of(s2, *entry);
		}
	}
}

bool stage2_lookup(const struct stage2 *s2, u64 ipa, struct stage2_leaf *leaf)
{
	unsigned int level;
	u64 *entry = find(s2, ipa, &level);

	if (entry)
		fill_leaf(s2, leaf, level, ipa, *entry);
	return entry;
}

int stage2_split(struct stage2 *s2, u64 ipa)
{
	unsigned int level;
	u64 *entry;

	for (;;) {
		entry = find(s2, ipa, &level);
		if (!entry || level == LAST_LEVEL)
			return 0;
		if (split_entry(s2, entry, level, ipa))
			return -ENOMEM;
	}
}

bool stage2_touch(struct stage2 *s2, u64 ipa, unsigned int more)
{
	unsigned int level;
	u64 *entry = find(s2, ipa, &level), d;

	if (!entry)
		return false;
	d = *entry;
	if (more & STAGE2_WRITE)
		d |= PTE_S2_WRITE;
	if (more & STAGE2_EXEC)
		d &= ~PTE_S2_XN_MASK;
	/* Entries without the access flag are not cached, those that refuse a permission may be. */
	if (d != *entry) {
		bool cached = *entry & PTE_AF;

		set(s2, entry, d | PTE_AF);
		if (cached)
			s2->ops->flush(s2->ctx, ipa, 1ULL << shift_at(s2, level));
	} else if (!(d & PTE_AF)) {
		set(s2, entry, d | PTE_AF);
	}
	return true;
}

/* A walk over all leaves of a range. */
struct range {
	struct stage2 *s2;
	void (*leaf)(struct range *r, u64 *entry, unsigned int level, u64 ipa);
	bool prune;		/* unlink tables that are empty afterwards */
	bool clear;
	bool found;
	u64 *freed;		/* unlinked tables, chained by their first entries */
	void (*fn)(void *arg, const struct stage2_leaf *leaf);
	void *arg;
};

static bool is_empty(const struct stage2 *s2, const u64 *table)
{
	size_t n;

	for (n = 0; n < (size_t)1 << granule(s2)->level_bits; n++)
		if (table[n])
			return false;
	return true;
}

/*
 * Until the flush the hardware may still walk @table from a cached pointer to it.
 * An aligned address is an invalid descriptor, so it finds nothing.
 */
static void unlink_table(struct range *r, u64 *entry, u64 *table)
{
	set(r->s2, entry, 0);
	set(r->s2, &table[0], r->freed ? r->s2->ops->pa(r->s2->ctx, r->freed) : 0);
	r->freed = table;
}

/* Recursion is as deep as tables are: 4 at most. */
static void walk(struct range *r, u64 *table, unsigned int level, u64 ipa, u64 end)
{
	u64 size = 1ULL << shift_at(r->s2, level), next, *entry, *child;

	for (; ipa < end; ipa = next) {
		next = (ipa & ~(size - 1)) + size;
		if (next > end)
			next = end;
		entry = entry_of(r->s2, table, level, ipa);
		switch (kind_of(level, *entry)) {
		case PTE_KIND_INVALID:
			break;
		case PTE_KIND_LEAF:
			r->leaf(r, entry, level, ipa);
			break;
		case PTE_KIND_TABLE:
			child = table_of(r->s2, *entry);
			walk(r, child, level + 1, ipa, next);
			if (r->prune && is_empty(r->s2, child))
				unlink_table(r, entry, child);
			break;
		}
	}
}

/* Without what lies beyond the input size. */
static u64 clamp_len(const struct stage2 *s2, u64 ipa, u64 len)
{
	u64 limit = 1ULL << s2->geo.ipa_bits;

	if (ipa >= limit)
		return 0;
	return len > limit - ipa ? limit - ipa : len;
}

static void walk_range(struct range *r, u64 ipa, u64 len)
{
	const struct stage2 *s2 = r->s2;
	u64 page = 1ULL << granule(s2)->page_bits;

	len = clamp_len(s2, ipa, len);
	if (len)
		walk(r, s2->pgd, s2->geo.start, ipa & ~(page - 1), (ipa + len + page - 1) & ~(page - 1));
}

static void leaf_unmap(struct range *r, u64 *entry, unsigned int level, u64 ipa)
{
	(void)level;
	(void)ipa;
	set(r->s2, entry, 0);
	r->found = true;
}

static void leaf_protect(struct range *r, u64 *entry, unsigned int level, u64 ipa)
{
	(void)level;
	(void)ipa;
	if (!(*entry & PTE_S2_WRITE))
		return;
	set(r->s2, entry, *entry & ~PTE_S2_WRITE);
	r->found = true;
}

static void leaf_age(struct range *r, u64 *entry, unsigned int level, u64 ipa)
{
	(void)level;
	(void)ipa;
	if (!(*entry & PTE_AF))
		return;
	if (r->clear)
		set(r->s2, entry, *entry & ~PTE_AF);
	r->found = true;
}

static void leaf_visit(struct range *r, u64 *entry, unsigned int level, u64 ipa)
{
	struct stage2_leaf leaf;

	fill_leaf(r->s2, &leaf, level, ipa, *entry);
	r->fn(r->arg, &leaf);
}

/* After an unmapping: the flush, and only then the tables. */
static void finish_unmap(struct range *r, u64 ipa, u64 len)
{
	struct stage2 *s2 = r->s2;
	u64 *table;

	if (r->found || r->freed)
		s2->ops->flush(s2->ctx, ipa, len);
	while (r->freed) {
		table = r->freed;
		r->freed = table[0] ? s2->ops->va(s2->ctx, table[0]) : NULL;
		s2->ops->free(s2->ctx, table, granule(s2)->page_bits);
		s2->tables--;
	}
}

bool stage2_unmap(struct stage2 *s2, u64 ipa, u64 len)
{
	struct range r = { .s2 = s2, .leaf = leaf_unmap, .prune = true };

	walk_range(&r, ipa, len);
	finish_unmap(&r, ipa, clamp_len(s2, ipa, len));
	return r.found;
}

/* Everything below @entry goes, and nothing above it. */
static void drop_table(struct stage2 *s2, u64 *entry, unsigned int level, u64 ipa)
{
	struct range r = { .s2 = s2, .leaf = leaf_unmap, .prune = true };
	u64 size = 1ULL << shift_at(s2, level), *table = table_of(s2, *entry);

	walk(&r, table, level + 1, ipa, ipa + size);
	unlink_table(&r, entry, table);
	finish_unmap(&r, ipa, size);
}

int stage2_map(struct stage2 *s2, u64 ipa, u64 pa, unsigned int shift, unsigned int prot)
{
	unsigned int level = level_of(s2, shift);
	u64 size = 1ULL << shift, d, *entry;

	if (level > LAST_LEVEL || ((ipa | pa) & (size - 1)) || ipa >> s2->geo.ipa_bits || pa >> 48)
		return -EINVAL;
	entry = make_entry(s2, ipa, level);
	if (!entry)
		return -ENOMEM;
	if (kind_of(level, *entry) == PTE_KIND_TABLE)
		drop_table(s2, entry, level, ipa);
	d = leaf_desc(level, pa, prot);
	if (!(*entry & PTE_VALID)) {
		set(s2, entry, d);
	} else if (!((*entry ^ d) & ~LEAF_CHANGEABLE)) {
		if (*entry != d) {
			set(s2, entry, d);
			s2->ops->flush(s2->ctx, ipa, size);
		}
	} else {
		set(s2, entry, 0);
		s2->ops->flush(s2->ctx, ipa, size);
		set(s2, entry, d);
	}
	return 0;
}

bool stage2_protect(struct stage2 *s2, u64 ipa, u64 len)
{
	struct range r = { .s2 = s2, .leaf = leaf_protect };

	walk_range(&r, ipa, len);
	return r.found;
}

bool stage2_age(struct stage2 *s2, u64 ipa, u64 len, bool clear)
{
	struct range r = { .s2 = s2, .leaf = leaf_age, .clear = clear };

	walk_range(&r, ipa, len);
	return r.found;
}

void stage2_each(struct stage2 *s2, u64 ipa, u64 len,
		 void (*fn)(void *arg, const struct stage2_leaf *leaf), void *arg)
{
	struct range r = { .s2 = s2, .leaf = leaf_visit, .fn = fn, .arg = arg };

	walk_range(&r, ipa, len);
}
