/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory: slots, stage-2 tables, and staying in step with the process whose
 * memory it is.  Nothing is pinned: an MMU notifier removes what the host takes
 * back, and @seq tells a fault that was looking meanwhile to look again.
 */
#ifndef HYP_MMU_H
#define HYP_MMU_H

#include <linux/atomic.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>

#include "arm/stage2.h"
#include "hyp/uapi/kvm.h"

#define HYP_MEMSLOTS 512
#define HYP_IPA_BITS 40
#define HYP_SPARE_TABLES 4
#define HYP_INVALIDATIONS 32	/* as many are told from each other */

struct hyp_vm;
struct hyp_vcpu;
struct hyp_slots;		/* memslot.h */

struct hyp_mmu {
	struct mutex slots_lock;
	struct srcu_struct srcu;	/* readers of *slots */
	struct hyp_slots __rcu *slots;

	spinlock_t lock;		/* guards what follows, to notifier; no interrupt takes it */
	unsigned long seq;		/* grows with each invalidation that ends; */
	struct {
		unsigned long start, end;
	} ended[HYP_INVALIDATIONS];	/* number n was of these host addresses: [n % HYP_INVALIDATIONS] */
	int invalidating;		/* how many go on now, */
	unsigned long inval_start, inval_end;	/* all within these host addresses: install nothing there */
	struct stage2 s2;
	void *spare[HYP_SPARE_TABLES];	/* zeroed pages: the lock's holder cannot wait for memory */
	unsigned int spares;
	struct {
		u64 ipa, pa, size;
	} device;			/* mmu_set_device() */

	struct mmu_notifier notifier;

	u64 vttbr;			/* s2.pgd_pa | VMID << 48; 0: none yet (changes under vmid.c's lock) */
	atomic64_t vmid_generation;	/* of the VMID in vttbr; written after it */
	int last_vcpu[NR_CPUS];		/* per host CPU: id of the vCPU that ran last, -1 */
	bool manual_dirty;		/* KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 */
	u64 pages;			/* table pages, spare ones too: statistics, leak checks */
};

int mmu_init(struct hyp_vm *vm);	/* the VM's mm must be set */
void mmu_destroy(struct hyp_vm *vm);
int mmu_module_init(void);
void mmu_module_exit(void);

/* KVM_SET_USER_MEMORY_REGION, KVM_GET_DIRTY_LOG, KVM_CLEAR_DIRTY_LOG: errno as Linux 5.4. */
int mmu_set_region(struct hyp_vm *vm, const struct kvm_userspace_memory_region *r);
int mmu_get_dirty_log(struct hyp_vm *vm, const struct kvm_dirty_log *log);
int mmu_clear_dirty_log(struct hyp_vm *vm, const struct kvm_clear_dirty_log *log);

/* A stage-2 abort (data or prefetch), guest->hsr and hpfar say which.  As trap_handle(). */
int mmu_abort(struct hyp_vcpu *vcpu);

/* Before an entry, with preemption off: a valid VMID in guest->vttbr, local flush if needed. */
void mmu_load(struct hyp_vcpu *vcpu);
/* With interrupts off, just before the entry: the VMID was taken away meanwhile. */
bool mmu_stale(const struct hyp_vcpu *vcpu);

/*
 * The one piece of the host's hardware that a guest has: the GIC's virtual CPU
 * interface.  Whole pages; mapped by the first access.  Before the first entry.
 */
void mmu_set_device(struct hyp_vm *vm, u64 ipa, u64 pa, u64 size);

/* Guest physical memory, in the VM's process: 0, or -EFAULT where no slot is. */
int mmu_read(struct hyp_vm *vm, u64 ipa, void *buf, unsigned long len);

/* Set/way maintenance, caches switched on or off: every mapped page to the point of coherency. */
void mmu_flush_vm(struct hyp_vm *vm);
/* The VM is reset (VCPU_INIT after it ran): unmap, so that what was cached is written back. */
void mmu_unmap_vm(struct hyp_vm *vm);

#endif
