// SPDX-License-Identifier: GPL-2.0-only
/* The stage-2 tables of a VM: where their memory comes from, and operations on the whole. */
#include <linux/highmem.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "hyp/arm/cache.h"
#include "hyp/memslot.h"

/* How much is unmapped or cleaned before others may have the lock. */
#define STRIDE (32ull << 20)

static struct hyp_vm *vm_of(struct hyp_mmu *mmu)
{
	return container_of(mmu, struct hyp_vm, mmu);
}

static void count_pages(struct hyp_mmu *mmu, int n)
{
	mmu->pages += n;
	held_add(HYP_HELD_table_pages, n);
}

static void *table_alloc(void *ctx, unsigned int bits)
{
	struct hyp_mmu *mmu = ctx;
	void *table;

	if (bits <= PAGE_SHIFT)
		return mmu->spares ? mmu->spare[--mmu->spares] : NULL;
	table = (void *)__get_free_pages(GFP_KERNEL_ACCOUNT | __GFP_ZERO, bits - PAGE_SHIFT);
	if (table)
		count_pages(mmu, 1 << (bits - PAGE_SHIFT));
	return table;
}

static void table_free(void *ctx, void *table, unsigned int bits)
{
	struct hyp_mmu *mmu = ctx;
	unsigned int order = bits > PAGE_SHIFT ? bits - PAGE_SHIFT : 0;

	count_pages(mmu, -(1 << order));
	free_pages((unsigned long)table, order);
}

static u64 table_pa(void *ctx, const void *table)
{
	return virt_to_phys((void *)table);
}

static void *table_va(void *ctx, u64 pa)
{
	return phys_to_virt(pa);
}

/*
 * Walkers read through the caches (VTCR.IRGN0, ORGN0, SH0), so only order matters:
 * a table before the entry that leads to it.  Single entries wait for the flush.
 */
static void table_visible(void *ctx, const void *start, size_t len)
{
	if (len > sizeof(u64))
		cache_tables_visible();
}

/*
 * The barrier also orders the tables' change before the look at vttbr; vmid_assign()
 * has the other half: a vCPU whose VMID we do not see yet sees the change.
 */
void mmu_flush_tlb(struct hyp_mmu *mmu)
{
	u64 vttbr;

	cache_tables_visible();
	smp_mb();
	vttbr = READ_ONCE(mmu->vttbr);
	if (vttbr)
		low_tlb_flush_vmid(vttbr);
	vm_of(mmu)->stats.remote_tlb_flush++;
}

static void table_flush(void *ctx, u64 ipa, u64 len)
{
	struct hyp_mmu *mmu = ctx;
	u64 vttbr;

	if (len > PMD_SIZE) {
		mmu_flush_tlb(mmu);
		return;
	}
	cache_tables_visible();
	smp_mb();
	vttbr = READ_ONCE(mmu->vttbr);
	if (vttbr)
		low_tlb_flush_ipa(vttbr, ipa);
}

static const struct stage2_ops table_ops = {
	.alloc = table_alloc,
	.free = table_free,
	.pa = table_pa,
	.va = table_va,
	.visible = table_visible,
	.flush = table_flush,
};

int mmu_fill_spares(struct hyp_mmu *mmu)
{
	void *page;

	while (READ_ONCE(mmu->spares) < HYP_SPARE_TABLES) {
		page = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
		if (!page)
			return -ENOMEM;
		spin_lock(&mmu->lock);
		if (mmu->spares < HYP_SPARE_TABLES) {
			mmu->spare[mmu->spares++] = page;
			count_pages(mmu, 1);
			page = NULL;
		}
		spin_unlock(&mmu->lock);
		if (page)
			free_page((unsigned long)page);
	}
	return 0;
}

void mmu_unmap_range(struct hyp_mmu *mmu, u64 ipa, u64 len, bool may_sleep)
{
	u64 n;

	for (; len; ipa += n, len -= n) {
		n = min(len, STRIDE - (ipa & (STRIDE - 1)));
		stage2_unmap(&mmu->s2, ipa, n);
		if (may_sleep)
			cond_resched_lock(&mmu->lock);
	}
}

void mmu_unmap_vm(struct hyp_vm *vm)
{
	struct hyp_mmu *mmu = &vm->mmu;
	const struct hyp_slots *slots;
	unsigned int i;
	int idx;

	idx = srcu_read_lock(&mmu->srcu);
	slots = slots_get(mmu);
	spin_lock(&mmu->lock);
	for (i = 0; i < slots->count; i++)
		mmu_unmap_range(mmu, slot_ipa(&slots->slot[i]), slot_size(&slots->slot[i]), true);
	spin_unlock(&mmu->lock);
	srcu_read_unlock(&mmu->srcu, idx);
}

void mmu_clean(unsigned long pfn, unsigned int shift)
{
	unsigned long end = pfn + (1ul << (shift - PAGE_SHIFT));
	void *va;

	for (; pfn < end; pfn++) {
		va = kmap_local_page(pfn_to_page(pfn));
		cache_flush_page(va, PFN_PHYS(pfn));
		kunmap_local(va);
	}
}

static void clean_leaf(void *arg, const struct stage2_leaf *leaf)
{
	if (!(leaf->prot & STAGE2_DEVICE))
		mmu_clean(PHYS_PFN(leaf->pa), leaf->shift);
}

void mmu_flush_vm(struct hyp_vm *vm)
{
	struct hyp_mmu *mmu = &vm->mmu;
	const struct hyp_slots *slots;
	u64 ipa, end, n;
	unsigned int i;
	int idx;

	idx = srcu_read_lock(&mmu->srcu);
	slots = slots_get(mmu);
	spin_lock(&mmu->lock);
	for (i = 0; i < slots->count; i++) {
		end = slot_ipa(&slots->slot[i]) + slot_size(&slots->slot[i]);
		for (ipa = slot_ipa(&slots->slot[i]); ipa < end; ipa += n) {
			/* A block is cleaned whole, so steps are no smaller than one. */
			n = min(end, (ipa & ~(u64)(PMD_SIZE - 1)) + PMD_SIZE) - ipa;
			stage2_each(&mmu->s2, ipa, n, clean_leaf, NULL);
			cond_resched_lock(&mmu->lock);
		}
	}
	spin_unlock(&mmu->lock);
	srcu_read_unlock(&mmu->srcu, idx);
}

void mmu_set_device(struct hyp_vm *vm, u64 ipa, u64 pa, u64 size)
{
	struct hyp_mmu *mmu = &vm->mmu;

	spin_lock(&mmu->lock);
	mmu->device.ipa = ipa;
	mmu->device.pa = pa;
	mmu->device.size = size;
	spin_unlock(&mmu->lock);
}

int mmu_init(struct hyp_vm *vm)
{
	struct hyp_mmu *mmu = &vm->mmu;
	struct stage2_geometry geo;
	struct hyp_slots *none = slots_alloc(0);
	unsigned int i;
	int ret = -ENOMEM;

	if (!none)
		return ret;
	mutex_init(&mmu->slots_lock);
	spin_lock_init(&mmu->lock);
	RCU_INIT_POINTER(mmu->slots, none);
	for (i = 0; i < NR_CPUS; i++)
		mmu->last_vcpu[i] = -1;
	ret = init_srcu_struct(&mmu->srcu);
	if (ret)
		goto free;
	ret = stage2_shape(&geo, PAGE_SHIFT, HYP_IPA_BITS);
	if (!ret)
		ret = stage2_init(&mmu->s2, &geo, &table_ops, mmu);
	if (ret)
		goto srcu;
	mmu->notifier.ops = &mmu_notifier_ops;
	ret = mmu_notifier_register(&mmu->notifier, vm->mm);
	if (!ret)
		return 0;
	stage2_destroy(&mmu->s2);
srcu:
	cleanup_srcu_struct(&mmu->srcu);
free:
	slots_free(mmu);
	return ret;
}

/* The last user of the VM: nobody is in the guest, no ioctl runs. */
void mmu_destroy(struct hyp_vm *vm)
{
	struct hyp_mmu *mmu = &vm->mmu;

	mmu_notifier_unregister(&mmu->notifier, vm->mm);
	stage2_destroy(&mmu->s2);
	while (mmu->spares)
		table_free(mmu, mmu->spare[--mmu->spares], PAGE_SHIFT);
	slots_free(mmu);
	cleanup_srcu_struct(&mmu->srcu);
}
