// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory slots.  The array that readers see never changes: a change makes a new one
 * and waits until nobody reads the old (SRCU, so that readers may sleep in a page
 * fault).  What a reader may still have put into the tables is removed after that.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "hyp/memslot.h"

#define MAX_PAGES ((1ul << 31) - 1)

const struct hyp_slots *slots_get(const struct hyp_mmu *mmu)
{
	return srcu_dereference_check(mmu->slots, &mmu->srcu, lockdep_is_held(&mmu->slots_lock));
}

const struct hyp_slot *slots_find(const struct hyp_slots *slots, unsigned long gfn)
{
	unsigned int lo = 0, hi = slots->count, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (gfn < slots->slot[mid].gfn)
			hi = mid;
		else if (gfn - slots->slot[mid].gfn >= slots->slot[mid].pages)
			lo = mid + 1;
		else
			return &slots->slot[mid];
	}
	return NULL;
}

/* The upper half of an id is an address space, of which there is one. */
int slots_by_id(const struct hyp_slots *slots, u32 id, const struct hyp_slot **slot)
{
	unsigned int i;

	if (id >= HYP_MEMSLOTS)
		return -EINVAL;
	for (i = 0; i < slots->count; i++) {
		if (slots->slot[i].id == id) {
			*slot = &slots->slot[i];
			return 0;
		}
	}
	return -ENOENT;
}

struct hyp_slots *slots_alloc(unsigned int count)
{
	struct hyp_slots *slots = kvmalloc(struct_size(slots, slot, count), GFP_KERNEL_ACCOUNT);

	if (slots) {
		slots->count = 0;
		held_add(HYP_HELD_slot_arrays, 1);
	}
	return slots;
}

static void array_free(const struct hyp_slots *slots)
{
	held_add(HYP_HELD_slot_arrays, -1);
	kvfree(slots);
}

void slots_free(struct hyp_mmu *mmu)
{
	const struct hyp_slots *slots = rcu_dereference_protected(mmu->slots, true);
	unsigned int i;

	for (i = 0; i < slots->count; i++)
		dirty_free(slots->slot[i].dirty);
	array_free(slots);
}

/* Publishes the present slots without @old and with @want (either may be NULL); nobody reads the old array after it. */
static int slots_replace(struct hyp_mmu *mmu, const struct hyp_slot *old, const struct hyp_slot *want)
{
	const struct hyp_slots *now = slots_get(mmu);
	struct hyp_slots *next;
	unsigned int i;

	next = slots_alloc(now->count + 1);
	if (!next)
		return -ENOMEM;
	for (i = 0; i < now->count; i++) {
		if (want && want->gfn < now->slot[i].gfn) {
			next->slot[next->count++] = *want;
			want = NULL;
		}
		if (&now->slot[i] != old)
			next->slot[next->count++] = now->slot[i];
	}
	if (want)
		next->slot[next->count++] = *want;
	rcu_assign_pointer(mmu->slots, next);
	synchronize_srcu_expedited(&mmu->srcu);
	array_free(now);
	return 0;
}

static bool overlaps(const struct hyp_slots *slots, const struct hyp_slot *except, const struct hyp_slot *s)
{
	const struct hyp_slot *o;

	for (o = slots->slot; o < slots->slot + slots->count; o++)
		if (o != except && s->gfn < o->gfn + o->pages && o->gfn < s->gfn + s->pages)
			return true;
	return false;
}

/* Sizes and alignments, in the order in which Linux looks: all -EINVAL. */
static int check_region(const struct kvm_userspace_memory_region *r)
{
	if (r->flags & ~(u32)(KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY))
		return -EINVAL;
	if ((r->memory_size | r->guest_phys_addr | r->userspace_addr) & (PAGE_SIZE - 1))
		return -EINVAL;
	if (r->userspace_addr != (unsigned long)r->userspace_addr || r->memory_size != (unsigned long)r->memory_size ||
	    !access_ok((void __user *)(unsigned long)r->userspace_addr, (unsigned long)r->memory_size))
		return -EINVAL;
	if (r->slot >= HYP_MEMSLOTS || r->guest_phys_addr + r->memory_size < r->guest_phys_addr)
		return -EINVAL;
	if (r->memory_size >> PAGE_SHIFT > MAX_PAGES)
		return -EINVAL;
	return 0;
}

/*
 * What is mapped there now must fit: -EPERM for memory that this process itself
 * cannot write, unless the slot is read-only; -EINVAL for a log of device memory.
 * Later changes of the mapping are seen by the faults.
 */
static int check_mappings(struct mm_struct *mm, const struct hyp_slot *s)
{
	unsigned long addr = s->hva, end = s->hva + (s->pages << PAGE_SHIFT);
	struct vm_area_struct *vma;
	int ret = 0;

	mmap_read_lock(mm);
	while (!ret && addr < end) {
		vma = find_vma_intersection(mm, addr, end);
		if (!vma)
			break;
		if (!slot_readonly(s) && !(vma->vm_flags & VM_WRITE))
			ret = -EPERM;
		else if ((vma->vm_flags & VM_PFNMAP) && (s->flags & KVM_MEM_LOG_DIRTY_PAGES))
			ret = -EINVAL;
		addr = vma->vm_end;
	}
	mmap_read_unlock(mm);
	return ret;
}

static int slot_delete(struct hyp_mmu *mmu, const struct hyp_slot *old)
{
	struct hyp_slot gone = *old;
	int ret = slots_replace(mmu, old, NULL);

	if (ret)
		return ret;
	spin_lock(&mmu->lock);
	mmu_unmap_range(mmu, slot_ipa(&gone), slot_size(&gone), true);
	spin_unlock(&mmu->lock);
	dirty_free(gone.dirty);
	return 0;
}

/* The slot appears, moves, or changes its flags.  @old is NULL or the slot with the same id. */
static int slot_set(struct hyp_vm *vm, const struct hyp_slot *old, struct hyp_slot *want)
{
	struct hyp_mmu *mmu = &vm->mmu;
	bool moved = old && old->gfn != want->gfn;
	unsigned long *log = old ? old->dirty : NULL, *fresh = NULL;
	int ret = 0;

	if (want->flags & KVM_MEM_LOG_DIRTY_PAGES) {
		/* A slot that moves begins a new log: its pages have other names. */
		fresh = log && !moved ? NULL : dirty_alloc(want->pages);
		if (!fresh && (moved || !log))
			return -ENOMEM;
		want->dirty = fresh ? fresh : log;
	}
	ret = check_mappings(vm->mm, want);
	if (!ret && moved) {
		ret = slot_delete(mmu, old);	/* its log, too */
		log = NULL;
		old = NULL;
	}
	if (!ret)
		ret = slots_replace(mmu, old, want);
	if (ret) {
		dirty_free(fresh);
		return ret;
	}
	if (log && want->dirty != log)
		dirty_free(log);
	if (fresh)
		dirty_start(mmu, want);
	return 0;
}

static int set_region(struct hyp_vm *vm, const struct kvm_userspace_memory_region *r)
{
	struct hyp_mmu *mmu = &vm->mmu;
	const struct hyp_slots *slots = slots_get(mmu);
	const struct hyp_slot *old = NULL;
	struct hyp_slot want = {
		.gfn = (unsigned long)(r->guest_phys_addr >> PAGE_SHIFT),
		.pages = (unsigned long)(r->memory_size >> PAGE_SHIFT),
		.hva = (unsigned long)r->userspace_addr,
		.flags = r->flags,
		.id = (u16)r->slot,
	};

	slots_by_id(slots, r->slot, &old);
	if (!want.pages)
		return old ? slot_delete(mmu, old) : -EINVAL;
	if (old && (want.hva != old->hva || want.pages != old->pages || ((want.flags ^ old->flags) & KVM_MEM_READONLY)))
		return -EINVAL;
	if (old && want.gfn == old->gfn && want.flags == old->flags)
		return 0;
	if (r->guest_phys_addr >> HYP_IPA_BITS)
		return -EFAULT;
	if (overlaps(slots, old, &want))
		return -EEXIST;
	if (r->guest_phys_addr + r->memory_size > 1ull << HYP_IPA_BITS)
		return -EFAULT;
	return slot_set(vm, old, &want);
}

int mmu_set_region(struct hyp_vm *vm, const struct kvm_userspace_memory_region *r)
{
	int ret = check_region(r);

	if (ret)
		return ret;
	mutex_lock(&vm->mmu.slots_lock);
	ret = set_region(vm, r);
	mutex_unlock(&vm->mmu.slots_lock);
	return ret;
}

/* What lies in one page. */
static int read_part(struct hyp_mmu *mmu, u64 ipa, void *buf, unsigned long len)
{
	unsigned long gfn = (unsigned long)(ipa >> PAGE_SHIFT);
	const struct hyp_slot *slot = slots_find(slots_get(mmu), gfn);
	unsigned long hva;

	if (!slot)
		return -EFAULT;
	hva = slot->hva + ((gfn - slot->gfn) << PAGE_SHIFT) + offset_in_page(ipa);
	return copy_from_user(buf, (const void __user *)hva, len) ? -EFAULT : 0;
}

int mmu_read(struct hyp_vm *vm, u64 ipa, void *buf, unsigned long len)
{
	struct hyp_mmu *mmu = &vm->mmu;
	unsigned long n;
	int idx, ret = 0;

	if (current->mm != vm->mm || ipa >> HYP_IPA_BITS)
		return -EFAULT;
	idx = srcu_read_lock(&mmu->srcu);
	for (; len && !ret; ipa += n, buf += n, len -= n) {
		n = min(len, (unsigned long)(PAGE_SIZE - offset_in_page(ipa)));
		ret = read_part(mmu, ipa, buf, n);
	}
	srcu_read_unlock(&mmu->srcu, idx);
	return ret;
}
