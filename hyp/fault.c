// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stage-2 faults.  A page of the process becomes a page of the guest for as long as
 * the process has it: no reference is kept, the MMU notifier ends the mapping.
 *
 * Stage 2 allows writing when the host's own table does (the process would not fault);
 * STAGE2_MARK remembers that in a leaf that is read-only only for the dirty log.
 * Executing is allowed when the guest first does it, after the instruction caches have
 * forgotten what the page was before.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>

#include "arm/esr.h"
#include "hyp/arm/cache.h"
#include "hyp/compat.h"
#include "hyp/memslot.h"
#include "hyp/trace.h"

struct abort {
	u64 ipa;
	enum esr_fsc fsc;		/* without the level */
	bool fetch, write;		/* neither: a read, or a walk of stage 1 */
};

/* What backs a guest page now. */
struct backing {
	unsigned long pfn;
	struct page *page;		/* with a reference; NULL: not the kernel's to count */
	bool writable;
	bool device;
};

enum outcome { ABORT_RETRY = 1, ABORT_NO_MEMORY = 2 };

static struct abort abort_decode(u64 ipa, u32 hsr)
{
	struct abort a = { .ipa = ipa, .fsc = esr_fsc_family(hsr) };

	/* The walker of stage 1 only reads, for whatever access: ARMv7 has no hardware update of flags. */
	if (!(hsr & ISS_ABT_S1PTW)) {
		a.fetch = esr_ec(hsr) == EC_IABT_LOWER;
		a.write = !a.fetch && hsr & ISS_ABT_WNR;
	}
	return a;
}

/* No slot serves it: a device, or nothing. */
static int no_memory(struct hyp_vcpu *vcpu, u64 ipa)
{
	const struct hyp_guest *g = vcpu->guest;

	if (g->hsr & ISS_ABT_S1PTW)
		inject_walk_abort(vcpu, g->hxfar, ipa);
	else if (esr_ec(g->hsr) == EC_IABT_LOWER)
		inject_pabt(vcpu, g->hxfar);
	else
		return mmio_abort(vcpu, ipa);
	return 1;
}

/* The page of @hva by struct page: 0, -EFAULT where it has none, -errno. */
static int host_page(unsigned long hva, bool write, bool may_write, struct backing *b)
{
	long n;

	/* With writing if the process could now without a fault: it saves the guest a second one. */
	b->writable = may_write;
	if (may_write && get_user_pages_fast_only(hva, 1, FOLL_WRITE, &b->page) == 1)
		goto got;
	b->writable = write;
	n = get_user_pages_unlocked(hva, 1, &b->page, write ? FOLL_WRITE : 0);
	if (n != 1) {
		b->page = NULL;
		return n < 0 ? (int)n : -EFAULT;
	}
got:
	b->pfn = page_to_pfn(b->page);
	return 0;
}

/* A mapping that somebody's mmap() made of physical addresses. */
static int host_pfn(struct mm_struct *mm, unsigned long hva, bool write, struct backing *b)
{
	struct vm_area_struct *vma;
	bool unlocked = false;
	int ret = -EFAULT;

	mmap_read_lock(mm);
	vma = find_vma_intersection(mm, hva, hva + 1);
	if (!vma || !(vma->vm_flags & (VM_IO | VM_PFNMAP)) || (write && !(vma->vm_flags & VM_WRITE)))
		goto out;
	ret = compat_follow_pfn(vma, hva, &b->pfn, &b->writable);
	if (ret || (write && !b->writable)) {
		ret = fixup_user_fault(mm, hva, write ? FAULT_FLAG_WRITE : 0, &unlocked);
		if (!ret)
			ret = -EAGAIN;		/* it is there now: look again */
		goto out;
	}
	b->device = !pfn_valid(b->pfn);
out:
	mmap_read_unlock(mm);
	return ret;
}

/* Has the host changed, or is it changing, what was looked up of [@hva, @hva + @size) at @seq?  Under mmu->lock. */
static bool is_stale(const struct hyp_mmu *mmu, unsigned long seq, unsigned long hva, unsigned long size)
{
	unsigned long n;

	if (mmu->invalidating && mmu->inval_start < hva + size && hva < mmu->inval_end)
		return true;
	if (mmu->seq - seq > HYP_INVALIDATIONS)
		return true;
	for (n = seq; n != mmu->seq; n++)
		if (mmu->ended[n % HYP_INVALIDATIONS].start < hva + size && hva < mmu->ended[n % HYP_INVALIDATIONS].end)
			return true;
	return false;
}

/*
 * Does the process itself map the block around @hva as one?  Nothing else tells: a
 * huge page may be mapped in parts.  Under mmu->lock and not stale the tables stay:
 * who takes away a part of this range waits in the notifier.
 */
static bool host_maps_block(struct mm_struct *mm, unsigned long hva, unsigned long pfn)
{
	pgd_t *pgd = pgd_offset(mm, hva);
	p4d_t *p4d;
	pud_t *pud;
	pmd_t pmd;

	if (pgd_none(*pgd))
		return false;
	p4d = p4d_offset(pgd, hva);
	if (p4d_none(*p4d))
		return false;
	pud = pud_offset(p4d, hva);
	if (pud_none(*pud))
		return false;
	pmd = READ_ONCE(*pmd_offset(pud, hva));
	return pmd_present(pmd) && pmd_leaf(pmd) && pmd_pfn(pmd) == (pfn & ~(PMD_SIZE / PAGE_SIZE - 1));
}

/* Could the block around @gfn be mapped as one, for all that the slot says? */
static bool slot_allows_block(const struct hyp_slot *slot, unsigned long gfn)
{
	const unsigned long pages = PMD_SIZE / PAGE_SIZE;
	unsigned long first = gfn & ~(pages - 1);

	return !slot->dirty && !((slot->hva ^ slot_ipa(slot)) & (PMD_SIZE - 1)) &&
	       first >= slot->gfn && first + pages <= slot->gfn + slot->pages;
}

/*
 * A store to a page that is read-only for the log alone, or a fetch from one that is
 * not executable yet: nothing has to be looked up.
 */
static bool permission_only(struct hyp_mmu *mmu, const struct hyp_slot *slot, const struct abort *a)
{
	struct stage2_leaf leaf;
	bool done = false;

	spin_lock(&mmu->lock);
	if (!stage2_lookup(&mmu->s2, a->ipa, &leaf) || (leaf.prot & STAGE2_DEVICE))
		goto out;
	if (a->fetch) {
		cache_invalidate_icaches();
		done = stage2_touch(&mmu->s2, a->ipa, STAGE2_EXEC);
	} else if (a->write && slot->dirty && (leaf.prot & STAGE2_MARK) && !stage2_split(&mmu->s2, a->ipa)) {
		dirty_mark(slot, (unsigned long)(a->ipa >> PAGE_SHIFT));
		done = stage2_touch(&mmu->s2, a->ipa, STAGE2_WRITE);
	}
out:
	spin_unlock(&mmu->lock);
	return done;
}

/* The access flag was cleared by age(): somebody uses the page after all. */
static void make_young(struct hyp_mmu *mmu, u64 ipa)
{
	struct stage2_leaf leaf;

	spin_lock(&mmu->lock);
	if (stage2_lookup(&mmu->s2, ipa, &leaf)) {
		stage2_touch(&mmu->s2, ipa, 0);
		if (pfn_valid(PHYS_PFN(leaf.pa)))
			mark_page_accessed(pfn_to_page(PHYS_PFN(leaf.pa)));
	}
	spin_unlock(&mmu->lock);
}

static unsigned int leaf_prot(struct hyp_mmu *mmu, const struct hyp_slot *slot, const struct abort *a,
			      const struct backing *b)
{
	unsigned int prot = 0;
	struct stage2_leaf old;

	if (b->device)
		return STAGE2_DEVICE | (b->writable ? STAGE2_WRITE : 0);
	if (b->writable)
		prot |= STAGE2_MARK;
	if (b->writable && (a->write || !slot->dirty))
		prot |= STAGE2_WRITE;
	if (a->fetch || (stage2_lookup(&mmu->s2, a->ipa, &old) && (old.prot & STAGE2_EXEC) &&
			 old.pa >> PAGE_SHIFT <= b->pfn && b->pfn < (old.pa + (1ull << old.shift)) >> PAGE_SHIFT))
		prot |= STAGE2_EXEC;
	return prot;
}

/* Enters @b, looked up at @seq, into the tables: 0, 1: it is not so any more, -errno. */
static int install(struct hyp_vm *vm, const struct hyp_slot *slot, const struct abort *a, const struct backing *b,
		   unsigned long seq)
{
	struct hyp_mmu *mmu = &vm->mmu;
	unsigned long gfn = (unsigned long)(a->ipa >> PAGE_SHIFT);
	unsigned long hva = slot->hva + ((gfn - slot->gfn) << PAGE_SHIFT);
	bool may_block = b->page && PageCompound(b->page) && slot_allows_block(slot, gfn);
	unsigned int shift, cleaned = 0;
	u64 size;
	int ret;

	if (!may_block && !b->device) {
		mmu_clean(b->pfn, PAGE_SHIFT);
		cleaned = PAGE_SHIFT;
	}
again:
	spin_lock(&mmu->lock);
	ret = is_stale(mmu, seq, hva, PAGE_SIZE) ? 1 : 0;
	if (ret)
		goto unlock;
	shift = PAGE_SHIFT;
	if (may_block && !is_stale(mmu, seq, hva & ~(PMD_SIZE - 1), PMD_SIZE) && host_maps_block(vm->mm, hva, b->pfn))
		shift = PMD_SHIFT;
	size = 1ull << shift;
	if (!b->device && cleaned < shift) {
		/* Long for a lock.  The reference keeps the memory; the next look tells if it is still the guest's. */
		spin_unlock(&mmu->lock);
		mmu_clean(b->pfn & ~((1ul << (shift - PAGE_SHIFT)) - 1), shift);
		cleaned = shift;
		goto again;
	}
	if (a->fetch)
		cache_invalidate_icaches();
	ret = stage2_map(&mmu->s2, a->ipa & ~(size - 1), PFN_PHYS((u64)b->pfn) & ~(size - 1), shift,
			 leaf_prot(mmu, slot, a, b));
	if (!ret && a->write)
		dirty_mark(slot, gfn);
	if (!ret)
		shift == PAGE_SHIFT ? vm->stats.pages_4k++ : vm->stats.pages_2m++;
	cache_tables_visible();
unlock:
	spin_unlock(&mmu->lock);
	return ret;
}

static int map_memory(struct hyp_vm *vm, const struct hyp_slot *slot, const struct abort *a)
{
	struct hyp_mmu *mmu = &vm->mmu;
	unsigned long gfn = (unsigned long)(a->ipa >> PAGE_SHIFT);
	unsigned long hva = slot->hva + ((gfn - slot->gfn) << PAGE_SHIFT), seq;
	struct backing b = {};
	int ret = mmu_fill_spares(mmu);

	if (ret)
		return ret;
	seq = READ_ONCE(mmu->seq);
	smp_rmb();
	ret = host_page(hva, a->write, !slot_readonly(slot), &b);
	if (ret == -EFAULT)
		ret = host_pfn(vm->mm, hva, a->write, &b);
	if (ret)	/* a signal is for the run loop to see */
		return ret == -EAGAIN || signal_pending(current) ? ABORT_RETRY : ret;
	if (b.device && a->fetch)
		return ABORT_NO_MEMORY;
	if (slot_readonly(slot))
		b.writable = false;
	ret = install(vm, slot, a, &b, seq);
	if (b.page) {
		/* Its contents are the guest's to change, without a dirty bit of the host's to tell. */
		if (b.writable && !PageDirty(b.page))
			set_page_dirty_lock(b.page);
		mark_page_accessed(b.page);
		put_page(b.page);
	}
	/* -ENOMEM: other vCPUs took the spare tables. */
	return ret < 0 && ret != -ENOMEM ? ret : ABORT_RETRY;
}

static bool in_device(const struct hyp_mmu *mmu, u64 ipa)
{
	return ipa >= mmu->device.ipa && ipa - mmu->device.ipa < mmu->device.size;
}

static int map_device(struct hyp_mmu *mmu, u64 ipa)
{
	int ret = mmu_fill_spares(mmu);

	if (ret)
		return ret;
	ipa &= ~(u64)(PAGE_SIZE - 1);
	spin_lock(&mmu->lock);
	ret = stage2_map(&mmu->s2, ipa, mmu->device.pa + (ipa - mmu->device.ipa), PAGE_SHIFT,
			 STAGE2_DEVICE | STAGE2_WRITE);
	cache_tables_visible();
	spin_unlock(&mmu->lock);
	return ret && ret != -ENOMEM ? ret : ABORT_RETRY;
}

/* The GIC's own page, or @slot.  Not inline: accesses to devices find neither, and need no frame for all this. */
static noinline int resolve(struct hyp_vcpu *vcpu, const struct hyp_slot *slot, u64 ipa)
{
	struct abort a = abort_decode(ipa, vcpu->guest->hsr);
	struct hyp_mmu *mmu = &vcpu->vm->mmu;

	if (in_device(mmu, ipa))
		return a.fetch ? ABORT_NO_MEMORY : map_device(mmu, ipa);
	if (a.write && slot_readonly(slot))
		return ABORT_NO_MEMORY;
	if (a.fsc == FSC_ACCESS_FLAG) {
		make_young(mmu, ipa);
		return ABORT_RETRY;
	}
	if (a.fsc == FSC_PERMISSION && permission_only(mmu, slot, &a))
		return ABORT_RETRY;
	return map_memory(vcpu->vm, slot, &a);
}

int mmu_abort(struct hyp_vcpu *vcpu)
{
	const struct hyp_guest *g = vcpu->guest;
	struct hyp_mmu *mmu = &vcpu->vm->mmu;
	u64 ipa = (u64)(g->hpfar & ~0xfu) << 8 | (g->hxfar & 0xfff);
	enum esr_fsc fsc = esr_fsc_family(g->hsr);
	int idx, ret = ABORT_NO_MEMORY;
	const struct hyp_slot *slot;

	trace_kvm_guest_fault(g->core.pc, g->hsr, g->hxfar, ipa);
	if (fsc != FSC_TRANSLATION && fsc != FSC_ACCESS_FLAG && fsc != FSC_PERMISSION) {
		/* An external abort of a walk, or worse: not of the guest's making, but it must know. */
		inject_serror(vcpu);
		return 1;
	}
	idx = srcu_read_lock(&mmu->srcu);
	slot = slots_find(slots_get(mmu), (unsigned long)(ipa >> PAGE_SHIFT));
	if (slot || in_device(mmu, ipa))
		ret = resolve(vcpu, slot, ipa);
	srcu_read_unlock(&mmu->srcu, idx);
	if (ret == ABORT_NO_MEMORY)
		return no_memory(vcpu, ipa);
	if (ret > 0)
		vcpu->stats.fault_exits++;
	return ret;
}
