// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMIDs: the names by which TLBs tell guests apart (DDI 0406C B3.9).  There are 255,
 * for any number of VMs: when they run out, a new generation begins.  Then every
 * vCPU leaves the guest, the TLBs are emptied, and each VM gets a new VMID before
 * it runs again.  0 is the host's.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/smp.h>

#include "hyp/hyp.h"

#define VTTBR_VMID_SHIFT 48
#define VMID_BITS 8u

static unsigned int vmid_bits = VMID_BITS;
module_param(vmid_bits, uint, 0444);
MODULE_PARM_DESC(vmid_bits, "width of VMIDs, 2 to 8; less than 8 is for tests of their reuse");

static DEFINE_SPINLOCK(vmid_lock);	/* generation, next; vttbr and vmid_generation of all VMs */
static atomic64_t generation = ATOMIC64_INIT(1);	/* 0: a VM that has none yet */
static unsigned int next = 1;

static bool is_current(const struct hyp_mmu *mmu)
{
	return atomic64_read(&mmu->vmid_generation) == atomic64_read(&generation);
}

static void leave_guest(void *unused)
{
}

/*
 * First the number, so that a vCPU that is about to enter sees that it is stale; then
 * the interrupts, which take out those that have entered or no longer look.  vmid_lock
 * is held until the TLBs are empty: no number is given out before.
 */
static void new_generation(void)
{
	atomic64_inc(&generation);
	smp_mb__after_atomic();
	on_each_cpu(leave_guest, NULL, 1);
	low_tlb_flush_all();
	next = 1;
}

/* All vCPUs of the VM may come here at once: the first does it. */
static void vmid_assign(struct hyp_mmu *mmu)
{
	spin_lock(&vmid_lock);
	if (!is_current(mmu)) {
		if (next >> vmid_bits)
			new_generation();
		WRITE_ONCE(mmu->vttbr, mmu->s2.pgd_pa | (u64)next++ << VTTBR_VMID_SHIFT);
		smp_wmb();
		atomic64_set(&mmu->vmid_generation, atomic64_read(&generation));
	}
	spin_unlock(&vmid_lock);
	/* Before a walk by the new name: see mmu_flush_tlb(). */
	smp_mb();
}

void mmu_load(struct hyp_vcpu *vcpu)
{
	struct hyp_mmu *mmu = &vcpu->vm->mmu;
	int *last = &mmu->last_vcpu[smp_processor_id()];

	if (unlikely(!is_current(mmu)))
		vmid_assign(mmu);
	smp_rmb();
	/*
	 * On 32-bit hosts two loads.  Only the VMID's half ever changes, and if it does
	 * meanwhile, mmu_stale() says so.
	 */
	vcpu->guest->vttbr = READ_ONCE(mmu->vttbr);
	/* The guest's local TLB maintenance on another CPU did not reach what its other vCPU left here. */
	if (*last != (int)vcpu->id) {
		if (*last >= 0)
			low_tlb_flush_local(vcpu->guest->vttbr);
		*last = (int)vcpu->id;
	}
}

bool mmu_stale(const struct hyp_vcpu *vcpu)
{
	const struct hyp_mmu *mmu = &vcpu->vm->mmu;

	/* As above: the rest of it never changes. */
	return !is_current(mmu) || upper_32_bits(vcpu->guest->vttbr) != upper_32_bits(READ_ONCE(mmu->vttbr));
}

int mmu_module_init(void)
{
	vmid_bits = clamp(vmid_bits, 2u, VMID_BITS);
	return 0;
}

void mmu_module_exit(void)
{
}
