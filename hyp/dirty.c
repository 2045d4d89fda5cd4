// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dirty log: a page whose bit is clear is write-protected, so that a store to
 * it faults, sets the bit and makes it writable.  Bits and protection change
 * together under mmu->lock.  Between the protection and the flush of the TLBs a store
 * may pass unseen; it comes before the ioctl's return, hence before user space copies
 * the page.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "hyp/memslot.h"

#define CHUNK_WORDS 32u		/* on the stack; and how long mmu->lock is held */

/* What an ioctl does to a log. */
struct dirty_op {
	struct hyp_mmu *mmu;
	const struct hyp_slot *slot;
	bool clear;		/* bits, and write access */
	bool flush;		/* something was protected */
};

unsigned long *dirty_alloc(unsigned long pages)
{
	unsigned long *log = kvcalloc(BITS_TO_LONGS(pages), sizeof(long), GFP_KERNEL_ACCOUNT);

	if (log)
		held_add(HYP_HELD_dirty_logs, 1);
	return log;
}

void dirty_free(unsigned long *log)
{
	if (log)
		held_add(HYP_HELD_dirty_logs, -1);
	kvfree(log);
}

void dirty_mark(const struct hyp_slot *slot, unsigned long gfn)
{
	if (slot->dirty)
		__set_bit(gfn - slot->gfn, slot->dirty);
}

void dirty_start(struct hyp_mmu *mmu, const struct hyp_slot *slot)
{
	const u64 stride = 32ull << 20;
	u64 done, n;

	spin_lock(&mmu->lock);
	for (done = 0; done < slot_size(slot); done += n) {
		n = min(stride, slot_size(slot) - done);
		stage2_protect(&mmu->s2, slot_ipa(slot) + done, n);
		cond_resched_lock(&mmu->lock);
	}
	mmu_flush_tlb(mmu);
	spin_unlock(&mmu->lock);
}

/*
 * Word @word of the log: the bits among @mask that are set.  With @op->clear they are
 * not any more, and their pages are protected.
 */
static unsigned long take_word(struct dirty_op *op, unsigned long word, unsigned long mask)
{
	unsigned long bits = op->slot->dirty[word] & mask, left, n;

	if (!op->clear)
		return bits;
	op->slot->dirty[word] &= ~mask;
	for (left = bits; left; left &= left - 1) {
		n = word * BITS_PER_LONG + __ffs(left);
		op->flush |= stage2_protect(&op->mmu->s2, slot_ipa(op->slot) + ((u64)n << PAGE_SHIFT), PAGE_SIZE);
	}
	return bits;
}

static void finish(struct dirty_op *op)
{
	if (!op->flush)
		return;
	spin_lock(&op->mmu->lock);
	mmu_flush_tlb(op->mmu);
	spin_unlock(&op->mmu->lock);
}

static int find_log(struct hyp_mmu *mmu, u32 id, const struct hyp_slot **slot)
{
	int ret = slots_by_id(slots_get(mmu), id, slot);

	return ret ? ret : (*slot)->dirty ? 0 : -ENOENT;
}

static int get_log(struct dirty_op *op, unsigned long __user *to)
{
	unsigned long words = BITS_TO_LONGS(op->slot->pages), chunk[CHUNK_WORDS];
	unsigned long i, n, k;

	for (i = 0; i < words; i += n) {
		n = min_t(unsigned long, words - i, CHUNK_WORDS);
		spin_lock(&op->mmu->lock);
		for (k = 0; k < n; k++)
			chunk[k] = take_word(op, i + k, ~0ul);
		spin_unlock(&op->mmu->lock);
		if (!copy_to_user(to + i, chunk, n * sizeof(long)))
			continue;
		/* Nobody heard of these: they stay dirty. */
		spin_lock(&op->mmu->lock);
		for (k = 0; k < n; k++)
			op->slot->dirty[i + k] |= chunk[k];
		spin_unlock(&op->mmu->lock);
		return -EFAULT;
	}
	return 0;
}

int mmu_get_dirty_log(struct hyp_vm *vm, const struct kvm_dirty_log *log)
{
	struct hyp_mmu *mmu = &vm->mmu;
	struct dirty_op op = { .mmu = mmu, .clear = !mmu->manual_dirty };
	int ret;

	mutex_lock(&mmu->slots_lock);
	ret = find_log(mmu, log->slot, &op.slot);
	if (!ret)
		ret = get_log(&op, (unsigned long __user *)log->dirty_bitmap);
	finish(&op);
	mutex_unlock(&mmu->slots_lock);
	return ret;
}

static int clear_log(struct dirty_op *op, unsigned long first, unsigned long pages, const unsigned long __user *from)
{
	unsigned long words = BITS_TO_LONGS(pages), chunk[CHUNK_WORDS];
	unsigned long i, n, k;

	for (i = 0; i < words; i += n) {
		n = min_t(unsigned long, words - i, CHUNK_WORDS);
		if (copy_from_user(chunk, from + i, n * sizeof(long)))
			return -EFAULT;
		/* Bits after the last page mean nothing. */
		if (i + n == words && pages % BITS_PER_LONG)
			chunk[n - 1] &= BITMAP_LAST_WORD_MASK(pages);
		spin_lock(&op->mmu->lock);
		for (k = 0; k < n; k++)
			take_word(op, first / BITS_PER_LONG + i + k, chunk[k]);
		spin_unlock(&op->mmu->lock);
	}
	return 0;
}

int mmu_clear_dirty_log(struct hyp_vm *vm, const struct kvm_clear_dirty_log *log)
{
	struct hyp_mmu *mmu = &vm->mmu;
	struct dirty_op op = { .mmu = mmu, .clear = true };
	u64 rest;
	int ret;

	if (log->first_page & 63)
		return -EINVAL;
	mutex_lock(&mmu->slots_lock);
	ret = find_log(mmu, log->slot, &op.slot);
	if (ret)
		goto out;
	ret = -EINVAL;
	if (log->first_page > op.slot->pages)
		goto out;
	rest = op.slot->pages - log->first_page;
	/* Whole words of 64 pages, but for the slot's end. */
	if (log->num_pages > rest || (log->num_pages < rest && (log->num_pages & 63)))
		goto out;
	ret = clear_log(&op, (unsigned long)log->first_page, log->num_pages,
			(const unsigned long __user *)log->dirty_bitmap);
	finish(&op);
out:
	mutex_unlock(&mmu->slots_lock);
	return ret;
}
