/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor module: a VM, a vCPU, and what the rooms of hyp/ are to each
 * other.  This half is the kernel's: threads, files, memory.  The other half runs
 * in HYP mode and is small: hyp/arm/, seen from here only through hyp/low.h.
 *
 *   file descriptors   main.c vm.c vcpu.c reg.c device.c
 *   the run loop       run.c -> low.h -> trap.c (cp15.c mmio.c psci.c inject.c stage1.c)
 *   memory             mmu.c memslot.c fault.c notifier.c dirty.c vmid.c   (mmu.h)
 *   interrupts, time   vgic.c vgic_attr.c vgic_fast.c vtimer.c irqfd.c  (vgic.h vtimer.h irq.h)
 *   stores             io.c                                          (io.h)
 *
 * Locks, outermost first:
 *   vcpu->mutex      held through every vCPU ioctl, KVM_RUN among them
 *   vm->lock         configuration: vCPUs, devices, addresses
 *   mmu->slots_lock  changes of memory slots
 *   vm->psci_lock    power states
 *   mmu->lock        stage-2 tables (spinlock; taken in MMU notifiers)
 *   vgic->lock       the GIC (irqs off; also taken in HYP, see low.h)
 */
#ifndef HYP_HYP_H
#define HYP_HYP_H

#include <linux/bitops.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcuwait.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "arm/mmio_decode.h"
#include "arm/psci.h"
#include "hyp/cp15.h"
#include "hyp/io.h"
#include "hyp/irq.h"
#include "hyp/low.h"
#include "hyp/mmu.h"
#include "hyp/stats.h"
#include "hyp/uapi/kvm.h"
#include "hyp/vgic.h"
#include "hyp/vtimer.h"

#define HYP_MAX_VCPUS GICV2_MAX_CPUS
#define HYP_VCPU_MMAP_PAGES 2	/* kvm_run, and the VM's ring of coalesced MMIO */

/* Why a vCPU must leave the guest, or do something before it enters: bits of vcpu->requests. */
enum hyp_request {
	HYP_REQ_IRQ,		/* the GIC or a line changed: look again */
	HYP_REQ_RESET,		/* PSCI CPU_ON: begin at vcpu->reset */
	HYP_REQ_PAUSE,		/* stay out until vm->paused is 0 */
	HYP_REQ_STOP,		/* the system was switched off or reset: leave to user space */
	HYP_REQ_TIMER,		/* a deadline passed while the vCPU was out of the guest */
};

struct hyp_vm;

/* A device access under way (mmio.c). */
struct hyp_mmio {
	bool valid;		/* beat @next is with user space: KVM_RUN brings the answer */
	u8 next;
	u64 ipa;		/* of beat 0 */
	struct mmio_access access;
	u64 data[MMIO_BEATS];	/* what loads have got */
};

struct hyp_vcpu {
	struct hyp_vm *vm;
	unsigned int id;		/* index into vm->vcpu; the GIC's CPU number */
	struct mutex mutex;
	struct kvm_run *run;		/* one page, shared with user space: read each field once */

	/*
	 * What HYP reads and writes: a page of its own in lowmem (low.h).  The
	 * guest's registers are there whenever the vCPU is not in the guest.
	 */
	struct hyp_guest *guest;

	bool initialized;		/* KVM_ARM_VCPU_INIT succeeded */
	bool has_run;			/* entered the guest since creation */
	bool ready;			/* first_run() of run.c succeeded */
	u32 target;			/* KVM_ARM_TARGET_* */
	u32 features;			/* of KVM_ARM_VCPU_INIT */

	unsigned long requests;		/* enum hyp_request, atomic bits */
	unsigned long irq_lines;	/* KVM_ARM_IRQ_TYPE_CPU: HCR.VF and VI, atomic bits */
	/*
	 * In the guest: set with interrupts off before the requests are looked at
	 * a last time, so that who sets a request and sees it sends an IPI.
	 */
	bool in_guest;
	int cpu;			/* host CPU that it ran on last, -1: none */
	struct rcuwait wait;		/* who sleeps in WFI, PSCI off or pause */
	u64 halt_poll_ns;
	unsigned long rcu_told;		/* in jiffies */

	struct hyp_mmio mmio;

	struct {
		u64 entry, context;
		bool big_endian;
	} reset;			/* for HYP_REQ_RESET; written under vm->psci_lock */
	bool sigset_active;
	sigset_t sigset;		/* KVM_SET_SIGNAL_MASK */

	struct hyp_vgic_cpu vgic;
	struct hyp_vtimer_cpu timer;
	struct hyp_vcpu_stats stats;
};

struct hyp_vm {
	struct kref ref;		/* the VM file, each vCPU and device file */
	struct mm_struct *mm;		/* whose memory it is; all ioctls come from it (-EIO otherwise) */
	struct list_head link;		/* of all VMs: stats.c */
	struct mutex lock;
	unsigned int vcpus;		/* created so far; vcpu[] is published before it grows */
	struct hyp_vcpu *vcpu[HYP_MAX_VCPUS];	/* by id; NULL: not created */
	atomic_t paused;		/* > 0: no vCPU enters the guest (vm_pause()) */

	spinlock_t psci_lock;
	struct psci psci;		/* its version is KVM_REG_ARM_PSCI_VERSION */
	struct psci_cpu psci_cpu[HYP_MAX_VCPUS];	/* by vCPU id */
	bool psci_caller_be;		/* for the CPU_ON that is served now */
	u32 system_event;		/* KVM_SYSTEM_EVENT_* of the last SYSTEM_OFF or _RESET */

	struct hyp_identity identity;	/* the host's, unless user space was allowed to change it */
	bool identity_open;		/* VAMBRACE_CAP_IDENTITY */
	struct hyp_mmu mmu;
	struct hyp_vgic vgic;
	struct hyp_vtimer_vm timer;
	struct hyp_io io;
	struct hyp_irqs irqs;
	struct hyp_vm_stats stats;
	struct dentry *debugfs;
	bool nisv_to_user;		/* KVM_CAP_ARM_NISV_TO_USER */
};

/* main.c: the value of a capability; @vm may be NULL. */
long hyp_check_extension(struct hyp_vm *vm, unsigned long cap);

/* vm.c */
struct hyp_vm *vm_get(struct hyp_vm *vm);
void vm_put(struct hyp_vm *vm);
int vm_create_fd(unsigned long type);
/* All vCPUs leave the guest and stay out until vm_resume(); counts.  Process context. */
void vm_pause(struct hyp_vm *vm);
void vm_resume(struct hyp_vm *vm);
/* Takes the mutex of every vCPU, or -EBUSY if one is in use (device attributes). */
int vm_trylock_vcpus(struct hyp_vm *vm);
void vm_unlock_vcpus(struct hyp_vm *vm);

/* vcpu.c */
int vcpu_create_fd(struct hyp_vm *vm, unsigned long id);
void vcpu_free(struct hyp_vcpu *vcpu);
u32 vcpu_mpidr(unsigned int id);
/* Registers to their reset values (cp15_reset() and core); the caller holds vcpu->mutex. */
void vcpu_reset(struct hyp_vcpu *vcpu);

/* run.c */
void run_module_init(void);
long vcpu_run(struct hyp_vcpu *vcpu);
/* Sets @req; wakes the vCPU, or takes it out of the guest.  Any context. */
void vcpu_request(struct hyp_vcpu *vcpu, enum hyp_request req);
/* WFI: sleeps until the guest has something to do; polls first. */
void vcpu_block(struct hyp_vcpu *vcpu);

/* reg.c: KVM_GET_ONE_REG, KVM_SET_ONE_REG, KVM_GET_REG_LIST */
int vcpu_get_reg(struct hyp_vcpu *vcpu, const struct kvm_one_reg *reg);
int vcpu_set_reg(struct hyp_vcpu *vcpu, const struct kvm_one_reg *reg);
int vcpu_get_reg_list(struct hyp_vcpu *vcpu, struct kvm_reg_list __user *list);

/* device.c: KVM_CREATE_DEVICE and attributes of vCPUs and VMs */
struct hyp_device_ops {
	const char *name;
	int (*set_attr)(struct hyp_vm *vm, const struct kvm_device_attr *attr);
	int (*get_attr)(struct hyp_vm *vm, const struct kvm_device_attr *attr);
	int (*has_attr)(struct hyp_vm *vm, const struct kvm_device_attr *attr);
};
int vm_create_device(struct hyp_vm *vm, struct kvm_create_device *cd);

/* trap.c: what the exit means.  > 0: go on, 0: to user space, < 0: -errno of KVM_RUN. */
int trap_handle(struct hyp_vcpu *vcpu, enum hyp_exit exit);

/* mmio.c: an access that stage 2 refused and no slot serves (mmu.h calls it). */
int mmio_abort(struct hyp_vcpu *vcpu, u64 ipa);
/* KVM_RUN came back with the data: finish the instruction.  As trap_handle(). */
int mmio_finish(struct hyp_vcpu *vcpu);

/* inject.c: exceptions for the guest; its registers must be in vcpu->guest. */
void inject_undef(struct hyp_vcpu *vcpu);
void inject_dabt(struct hyp_vcpu *vcpu, u32 addr);
void inject_pabt(struct hyp_vcpu *vcpu, u32 addr);
/* An external abort of stage 1's walk of @addr, which found nothing at @ipa; data or prefetch by HSR.EC. */
void inject_walk_abort(struct hyp_vcpu *vcpu, u32 addr, u64 ipa);
void inject_serror(struct hyp_vcpu *vcpu);
/* The condition of the trapped instruction holds (HSR.CV, else CPSR.IT). */
bool guest_cond_holds(const struct hyp_guest *g, u32 hsr);
/* Over the trapped instruction: pc by HSR.IL, IT advanced. */
void guest_skip(struct hyp_guest *g, u32 hsr);
/* Register r0..r14 of the guest's current mode, r15 is pc. */
u32 *guest_reg(struct hyp_guest *g, unsigned int reg);
u32 *guest_spsr(struct hyp_guest *g);	/* NULL in User and System mode */

/* stage1.c: the level at which the guest's walk of @va reads in the page of @ipa; HSR has stage 2's. */
unsigned int stage1_level(struct hyp_vcpu *vcpu, u32 va, u64 ipa);

/* psci.c: HVC (and SMC); PSCI 0.1 to 1.1, SMCCC */
int psci_trap(struct hyp_vcpu *vcpu);
int psci_vm_init(struct hyp_vm *vm);
void psci_apply_reset(struct hyp_vcpu *vcpu);	/* HYP_REQ_RESET */
void psci_set_power(struct hyp_vcpu *vcpu, bool on);
void psci_set_mpidr(struct hyp_vcpu *vcpu, u32 mpidr);

/* Also while CPU_ON has yet to say where to begin: power changes before the request comes. */
static inline bool psci_is_off(struct hyp_vcpu *vcpu)
{
	enum psci_power power = READ_ONCE(vcpu->vm->psci_cpu[vcpu->id].power);

	return power == PSCI_POWER_OFF ||
	       (power == PSCI_POWER_ON_PENDING && !test_bit(HYP_REQ_RESET, &vcpu->requests));
}

#endif
