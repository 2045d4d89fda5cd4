/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory slots and stage-2 upkeep, between memslot.c, fault.c, notifier.c, dirty.c and mmu.c only. */
#ifndef HYP_MEMSLOT_H
#define HYP_MEMSLOT_H

#include <linux/mm.h>

#include "hyp/hyp.h"

struct hyp_slot {
	unsigned long gfn, pages;	/* first guest page and how many; never 0 */
	unsigned long hva;		/* where they are in vm->mm */
	u32 flags;			/* KVM_MEM_* */
	u16 id;
	unsigned long *dirty;		/* a bit per page, set under mmu->lock; NULL: no log */
};

/* Sorted by gfn, without overlaps.  Read under mmu->srcu or mmu->slots_lock. */
struct hyp_slots {
	unsigned int count;
	struct hyp_slot slot[];
};

static inline u64 slot_ipa(const struct hyp_slot *slot)
{
	return (u64)slot->gfn << PAGE_SHIFT;
}

static inline u64 slot_size(const struct hyp_slot *slot)
{
	return (u64)slot->pages << PAGE_SHIFT;
}

/* Read-only to the guest: its stores are accesses to a device. */
static inline bool slot_readonly(const struct hyp_slot *slot)
{
	return slot->flags & KVM_MEM_READONLY;
}

/* memslot.c */
const struct hyp_slots *slots_get(const struct hyp_mmu *mmu);
struct hyp_slots *slots_alloc(unsigned int count);	/* with room for so many, empty; NULL: no memory */
void slots_free(struct hyp_mmu *mmu);	/* no readers left */
/* The slot of @gfn, NULL: none. */
const struct hyp_slot *slots_find(const struct hyp_slots *slots, unsigned long gfn);
/* The slot with number @id (as the ioctls have it): -EINVAL: there cannot be one, -ENOENT. */
int slots_by_id(const struct hyp_slots *slots, u32 id, const struct hyp_slot **slot);

/* dirty.c */
unsigned long *dirty_alloc(unsigned long pages);
void dirty_free(unsigned long *log);	/* may be NULL */
/* The guest may write page @gfn from now on; under mmu->lock. */
void dirty_mark(const struct hyp_slot *slot, unsigned long gfn);
/* A log begins: every store is to fault.  No fault may still see the slot without its log. */
void dirty_start(struct hyp_mmu *mmu, const struct hyp_slot *slot);

/* mmu.c: with mmu->lock held; long ranges let others have it in between when @may_sleep. */
void mmu_unmap_range(struct hyp_mmu *mmu, u64 ipa, u64 len, bool may_sleep);
void mmu_flush_tlb(struct hyp_mmu *mmu);
/* Without it: tables for one mapping are at hand, 0 or -ENOMEM. */
int mmu_fill_spares(struct hyp_mmu *mmu);
/* 2^@shift bytes of RAM at @pfn: written back to memory and out of all caches. */
void mmu_clean(unsigned long pfn, unsigned int shift);

extern const struct mmu_notifier_ops mmu_notifier_ops;	/* notifier.c */

#endif
