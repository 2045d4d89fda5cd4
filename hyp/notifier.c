// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host changes its mind about guest memory: swap, migration, KSM, fork,
 * mprotect, munmap, truncation.  From the start of such a change to its end nothing
 * of the range is mapped at stage 2.  Hence change_pte is not needed: whoever calls
 * it is between a start and an end.
 *
 * A fault that looked up a page before the end must not install it: it took
 * mmu->seq before it looked, and compares under mmu->lock (fault.c).  Only ranges
 * with this page count: else a process that throws away pages in a loop would keep
 * faults on all others from ever being done.
 */
#include "hyp/memslot.h"

struct part {
	u64 ipa, len;
};

static struct hyp_mmu *mmu_of(struct mmu_notifier *mn)
{
	return container_of(mn, struct hyp_mmu, notifier);
}

/* What of @slot lies in the host's [@start, @end). */
static bool slot_part(const struct hyp_slot *slot, unsigned long start, unsigned long end, struct part *part)
{
	unsigned long first = max(start, slot->hva);
	unsigned long last = min(end, slot->hva + (slot->pages << PAGE_SHIFT));

	if (first >= last)
		return false;
	part->ipa = slot_ipa(slot) + (first - slot->hva);
	part->len = last - first;
	return true;
}

static int invalidate_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct hyp_mmu *mmu = mmu_of(mn);
	const struct hyp_slots *slots;
	struct part part;
	unsigned int i;
	int idx = srcu_read_lock(&mmu->srcu);

	slots = slots_get(mmu);
	spin_lock(&mmu->lock);
	if (!mmu->invalidating++) {
		mmu->inval_start = range->start;
		mmu->inval_end = range->end;
	} else {
		mmu->inval_start = min(mmu->inval_start, range->start);
		mmu->inval_end = max(mmu->inval_end, range->end);
	}
	for (i = 0; i < slots->count; i++) {
		if (!slot_part(&slots->slot[i], range->start, range->end, &part))
			continue;
		mmu_unmap_range(mmu, part.ipa, part.len, mmu_notifier_range_blockable(range));
		container_of(mmu, struct hyp_vm, mmu)->stats.notifier_unmap++;
	}
	spin_unlock(&mmu->lock);
	srcu_read_unlock(&mmu->srcu, idx);
	return 0;
}

static void invalidate_end(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct hyp_mmu *mmu = mmu_of(mn);

	spin_lock(&mmu->lock);
	mmu->ended[mmu->seq % HYP_INVALIDATIONS].start = range->start;
	mmu->ended[mmu->seq % HYP_INVALIDATIONS].end = range->end;
	mmu->seq++;
	mmu->invalidating--;
	spin_unlock(&mmu->lock);
}

/* Was any of it young?  @clear: not any more.  @flush: so that the next access is noticed for sure. */
static int age(struct mmu_notifier *mn, unsigned long start, unsigned long end, bool clear, bool flush)
{
	struct hyp_mmu *mmu = mmu_of(mn);
	const struct hyp_slots *slots;
	struct part part;
	unsigned int i;
	bool young = false;
	int idx = srcu_read_lock(&mmu->srcu);

	slots = slots_get(mmu);
	spin_lock(&mmu->lock);
	for (i = 0; i < slots->count; i++)
		if (slot_part(&slots->slot[i], start, end, &part))
			young |= stage2_age(&mmu->s2, part.ipa, part.len, clear);
	if (young && flush)
		mmu_flush_tlb(mmu);
	spin_unlock(&mmu->lock);
	srcu_read_unlock(&mmu->srcu, idx);
	return young;
}

static int clear_flush_young(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long start, unsigned long end)
{
	return age(mn, start, end, true, true);
}

/* A stale TLB entry hides an access or two from the host's guess of what is in use: that is all. */
static int clear_young(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long start, unsigned long end)
{
	return age(mn, start, end, true, false);
}

static int test_young(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long addr)
{
	return age(mn, addr, addr + PAGE_SIZE, false, false);
}

/* The process ends, before its memory goes; its threads are out of the guest for good. */
static void release(struct mmu_notifier *mn, struct mm_struct *mm)
{
	mmu_unmap_vm(container_of(mmu_of(mn), struct hyp_vm, mmu));
}

const struct mmu_notifier_ops mmu_notifier_ops = {
	.invalidate_range_start = invalidate_start,
	.invalidate_range_end = invalidate_end,
	.clear_flush_young = clear_flush_young,
	.clear_young = clear_young,
	.test_young = test_young,
	.release = release,
};
