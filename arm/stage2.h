/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stage-2 translation tables: what a guest calls physical (IPA) to what is
 * physical.  The format is that of DDI 0406C B3.6 and DDI 0487 D8.3, which are
 * one for stage 2; granule and input size are data.
 *
 * No locks here: the caller lets one thread at a time change a table.  The walker
 * of the hardware reads meanwhile, so each descriptor changes by one 64-bit
 * store, and a valid one that is to translate differently is first taken away
 * everywhere (break before make: DDI 0406C B3.10.1, DDI 0487 D8.14.1).
 */
#ifndef ARM_STAGE2_H
#define ARM_STAGE2_H

/* Not arm/pte.h: its names are also the kernel's. */
#include "arm/base.h"

/* The shape of a table. */
struct stage2_geometry {
	u8 granule;		/* enum pte_granule_id of arm/pte.h */
	u8 ipa_bits;		/* input addresses: 0 .. 2^ipa_bits - 1 */
	u8 start;		/* the level at which a walk begins (VTCR.SL0) */
	u8 pgd_bits;		/* log2 of the first table's bytes: up to 16 tables side by side */
};

/*
 * What the tables need from where they live.  @ctx is struct stage2's.  Tables
 * are zeroed memory, aligned to their size of 1 << bits bytes.
 */
struct stage2_ops {
	void *(*alloc)(void *ctx, unsigned int bits);	/* NULL: none now, the operation is undone or repeatable */
	void (*free)(void *ctx, void *table, unsigned int bits);
	u64 (*pa)(void *ctx, const void *table);
	void *(*va)(void *ctx, u64 pa);
	/* Stores to [@start, @start + @len) are seen by the walker when it returns. */
	void (*visible)(void *ctx, const void *start, size_t len);
	/* No translation of [@ipa, @ipa + @len), and no part of a walk to it, is cached when it returns. */
	void (*flush)(void *ctx, u64 ipa, u64 len);
};

struct stage2 {
	struct stage2_geometry geo;
	const struct stage2_ops *ops;
	void *ctx;
	u64 *pgd;
	u64 pgd_pa;		/* what VTTBR holds */
	unsigned long tables;	/* allocated below pgd */
};

/* What a mapping allows; reading is always allowed. */
enum stage2_prot {
	STAGE2_WRITE = 1 << 0,
	STAGE2_EXEC = 1 << 1,
	STAGE2_DEVICE = 1 << 2,		/* Device-nGnRE; else Normal, write-back, inner shareable */
	STAGE2_MARK = 1 << 3,		/* a bit of the owner's that hardware does not look at */
};

struct stage2_leaf {
	u64 ipa, pa;		/* of the page or block */
	u8 shift;		/* log2 of its size */
	u8 prot;		/* enum stage2_prot */
	bool young;		/* the access flag */
};

/* Pages of 1 << @page_bits: 12, 14 or 16; 25 to 48 input bits.  -EINVAL: no table has this shape. */
int stage2_shape(struct stage2_geometry *geo, unsigned int page_bits, unsigned int ipa_bits);

/* -ENOMEM */
int stage2_init(struct stage2 *s2, const struct stage2_geometry *geo, const struct stage2_ops *ops, void *ctx);
void stage2_destroy(struct stage2 *s2);

/* May a leaf of 1 << @shift bytes exist? */
bool stage2_has_leaf(const struct stage2 *s2, unsigned int shift);

/*
 * Maps the page or block of 1 << @shift bytes at @ipa to @pa, young.  What was
 * there goes: a smaller page in place of a block splits it, a block in place
 * of pages frees their table.  -EINVAL: size or alignment; -ENOMEM: no table,
 * what was mapped still is.
 */
int stage2_map(struct stage2 *s2, u64 ipa, u64 pa, unsigned int shift, unsigned int prot);

/* The leaf over @ipa; false: nothing mapped. */
bool stage2_lookup(const struct stage2 *s2, u64 ipa, struct stage2_leaf *leaf);

/* A block over @ipa becomes pages that map the same.  0 also if it is a page or nothing; -ENOMEM. */
int stage2_split(struct stage2 *s2, u64 ipa);

/* Makes the leaf over @ipa young and allows @more (STAGE2_WRITE, STAGE2_EXEC).  False: nothing mapped. */
bool stage2_touch(struct stage2 *s2, u64 ipa, unsigned int more);

/*
 * Ranges; ends are rounded to pages, and what lies beyond the input size is
 * ignored.  A block that is touched is taken whole.  Unmapping flushes and frees
 * tables that become empty.
 */
bool stage2_unmap(struct stage2 *s2, u64 ipa, u64 len);	/* anything there? */
/* These leave the flush to the caller, who may have many ranges. */
bool stage2_protect(struct stage2 *s2, u64 ipa, u64 len);	/* any writable before? */
bool stage2_age(struct stage2 *s2, u64 ipa, u64 len, bool clear);	/* any young? */
void stage2_each(struct stage2 *s2, u64 ipa, u64 len,
		 void (*fn)(void *arg, const struct stage2_leaf *leaf), void *arg);

#endif
