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

#include "arm/gic/gicv2.h"
#include "hyp/uapi/kvm.h"

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
	bool created, initialized, mapped;
	u32 irqs;			/* KVM_DEV_ARM_VGIC_GRP_NR_IRQS; 0: the default of 256 */
	u64 dist_base, cpu_base;	/* ~0: not set */
	/* vgic.c's own: see there */
};

struct hyp_vgic_cpu {
	u32 hcr, vmcr, apr;		/* GICH_HCR, GICH_VMCR, GICH_APR while not in the guest */
	u32 lr[64];
	u64 used;			/* list registers in use */
	bool pending;			/* something for this vCPU: HYP_REQ_IRQ was sent */
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
/* KVM_ARM_SET_DEVICE_ADDR, the older way to the same addresses. */
int vgic_set_addr(struct hyp_vm *vm, u32 type, u64 addr);
/* Before the first entry: -ENXIO when an address is missing, maps GICV. */
int vgic_map(struct hyp_vm *vm);
void vgic_vcpu_reset(struct hyp_vcpu *vcpu);

/* Is @ipa in the distributor?  Then *offset is into it. */
bool vgic_dist_at(const struct hyp_vm *vm, u64 ipa, u32 *offset);
/* A guest access to it, 1, 2 or 4 bytes.  Takes the lock, kicks whom it concerns. */
void vgic_dist_access(struct hyp_vcpu *vcpu, u32 offset, unsigned int len, bool write, u32 *val);

/* A wire: PPI 16..31 of @vcpu, SPI from 32 (vcpu ignored).  Any context.  -EINVAL, -ENXIO. */
int vgic_inject(struct hyp_vm *vm, unsigned int vcpu, unsigned int intid, bool level);

/* Around an entry, preemption off; both cheap when nothing is to do. */
void vgic_flush(struct hyp_vcpu *vcpu);
void vgic_sync(struct hyp_vcpu *vcpu);
/* Would the guest get an interrupt (PMR and group enables honoured)? */
bool vgic_pending(struct hyp_vcpu *vcpu);

#endif
