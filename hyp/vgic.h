/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's GICv2: the distributor is the state machine of arm/gic/, the CPU
 * interface is the hardware's virtual one (IHI 0048 chapter 5).  Before an entry
 * pending interrupts go into list registers, after it what the guest did with them
 * comes back (arm/gic/gicv2_lr.h does the arithmetic).
 */
#ifndef HYP_VGIC_H
#define HYP_VGIC_H

#include <linux/spinlock.h>

#include "arm/gic/gicv2_lr.h"
#include "hyp/uapi/kvm.h"

struct hyp_guest;
struct hyp_vm;
struct hyp_vcpu;

/* What the GIC's hardware side looks like; constant after vgic_module_init(). */
struct hyp_vgic_hw {
	void __iomem *gich;		/* hypervisor control registers, for this CPU */
	u64 gicv_pa;			/* the virtual CPU interface: mapped into the guest */
	unsigned int lrs;
	int maint_irq;			/* Linux number of the maintenance PPI */
	bool present;			/* no: no in-kernel GIC, KVM_CAP_IRQCHIP is 0 */
};
extern struct hyp_vgic_hw vgic_hw;

struct hyp_vgic {
	/* Taken with interrupts off, also by HYP's fast path: not a kernel lock. */
	arch_spinlock_t lock;
	struct gicv2 *gic;		/* kmalloc'ed at creation; NULL: no in-kernel GIC */
	struct gicv2_owners *owners;
	bool initialized;		/* the number of CPUs and interrupts is fixed */
	bool mapped;			/* GICV is in the guest's memory map */
	u32 irqs;			/* KVM_DEV_ARM_VGIC_GRP_NR_IRQS; 0: not said */
	u64 dist_base, cpu_base;	/* VGIC_ADDR_UNDEF: not set */
};

#define VGIC_ADDR_UNDEF (~0ULL)
#define VGIC_DEFAULT_IRQS 256

struct hyp_vgic_cpu {
	struct gicv2_lr lr;		/* what is or was in the list registers */
	/*
	 * The host CPU whose GICH has this vCPU's VMCR and APR, -1: the model has them.
	 * They stay there between runs, for most exits need neither.
	 */
	int on_cpu;
	bool entered;			/* list registers are filled: between flush and sync */
};

int vgic_module_init(void);		/* finds the hardware; 0 also when there is none */
void vgic_module_exit(void);

void vgic_vm_init(struct hyp_vm *vm);

/* KVM_CREATE_DEVICE (V2) and KVM_CREATE_IRQCHIP: -EEXIST, -EBUSY (a vCPU ran), -ENODEV. */
int vgic_create(struct hyp_vm *vm);
void vgic_destroy(struct hyp_vm *vm);
/* The number of vCPUs is fixed: no more of them (vm->lock held). */
bool vgic_frozen(const struct hyp_vm *vm);
extern const struct hyp_device_ops vgic_device_ops;	/* vgic_attr.c */
/* Fixes the configuration: KVM_DEV_ARM_VGIC_CTRL_INIT, or the first use.  vm->lock held. */
int vgic_init(struct hyp_vm *vm);
unsigned long vgic_lock(struct hyp_vm *vm);
void vgic_unlock(struct hyp_vm *vm, unsigned long flags);
/* After any change of the model, the lock held: who has something to take is told. */
void vgic_kick(struct hyp_vm *vm);
/* Active bits were written from outside. */
void vgic_adopt(struct hyp_vm *vm);
/* KVM_ARM_SET_DEVICE_ADDR, the older way to the same addresses. */
int vgic_set_addr(struct hyp_vm *vm, u32 type, u64 addr);
/* Before the first entry: -ENXIO when an address is missing, maps GICV. */
int vgic_map(struct hyp_vm *vm);

/*
 * Physical PPI @phys stands behind the guest's PPI @intid of @vcpu: the guest's end of
 * interrupt deactivates it (arm/gic/gicv2_lr.h).
 */
void vgic_map_phys(struct hyp_vcpu *vcpu, unsigned int intid, unsigned int phys);

/* Is @ipa in the distributor? */
bool vgic_dist_at(const struct hyp_vm *vm, u64 ipa);
/* A guest access to it, 1, 2 or 4 bytes.  Takes the lock, kicks whom it concerns. */
void vgic_dist_access(struct hyp_vcpu *vcpu, u32 offset, unsigned int len, bool write, u32 *val);

/*
 * A wire: PPI 16..31 of @vcpu, SPI from 32 (vcpu ignored).  Any context.  -EINVAL, or
 * -EAGAIN before vgic_init().
 */
int vgic_inject(struct hyp_vm *vm, unsigned int vcpu, unsigned int intid, bool level);

/* The CPU interface's registers to this CPU: preemption off, interrupts on, for it may ask another CPU. */
void vgic_load(struct hyp_vcpu *vcpu);
/* Around an entry, interrupts off; both cheap when nothing is to do. */
void vgic_flush(struct hyp_vcpu *vcpu);
void vgic_sync(struct hyp_vcpu *vcpu);
/* Later, with interrupts on: who waits for the end of a level interrupt hears of it. */
void vgic_notify_ended(struct hyp_vcpu *vcpu);
/* The CPU interface's registers from wherever they are to the model.  Not while in the guest; may sleep. */
void vgic_fetch(struct hyp_vcpu *vcpu);
void vgic_vcpu_init(struct hyp_vcpu *vcpu);
/* HYP's: reads of the distributor without the kernel (vgic_fast.c). */
bool vgic_fast_dist(struct hyp_guest *g, u32 offset, unsigned int len, bool write, u32 *val);
/* Accesses that need all vCPUs out of the guest: what is in flight has its bits in list registers (row 31). */
static inline bool vgic_needs_pause(u32 offset)
{
	return (offset >= GICD_ISPENDR && offset < GICD_IPRIORITYR) ||
	       (offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR + 0x10);
}

/* Would the guest get an interrupt (PMR and group enables honoured)? */
bool vgic_pending(struct hyp_vcpu *vcpu);

#endif
