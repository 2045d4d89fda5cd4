// SPDX-License-Identifier: GPL-2.0-only
/*
 * The GIC as a device of user space: addresses, number of interrupts, and every
 * register for migration.  Groups, order and errors are Linux's.
 */
#include <linux/kernel.h>
#include <linux/uaccess.h>

#include "hyp/hyp.h"

#define GICC_APR_END (GICC_APR0 + 16)

/* KVM's KVM_DEV_ARM_VGIC_GRP_CPU_REGS has GICC_PMR as GICH_VMCR has it: five bits, shifted down. */
#define PMR_SHIFT 3

static void __user *uptr(const struct kvm_device_attr *attr)
{
	return (void __user *)(unsigned long)attr->addr;
}

static int addr_attr(struct hyp_vm *vm, const struct kvm_device_attr *attr, bool set)
{
	u64 addr;

	if (attr->attr > KVM_VGIC_V2_ADDR_TYPE_CPU)
		return -ENODEV;
	if (!set) {
		addr = attr->attr == KVM_VGIC_V2_ADDR_TYPE_DIST ? vm->vgic.dist_base : vm->vgic.cpu_base;
		return copy_to_user(uptr(attr), &addr, sizeof(addr)) ? -EFAULT : 0;
	}
	if (copy_from_user(&addr, uptr(attr), sizeof(addr)))
		return -EFAULT;
	return vgic_set_addr(vm, (u32)attr->attr, addr);
}

static int nr_irqs_attr(struct hyp_vm *vm, const struct kvm_device_attr *attr, bool set)
{
	u32 n;
	int ret = 0;

	if (!set)
		return put_user(vm->vgic.irqs, (u32 __user *)uptr(attr));
	if (get_user(n, (u32 __user *)uptr(attr)))
		return -EFAULT;
	/* At least one SPI word, and whole words. */
	if (n < GICV2_PRIVATE + 32 || n > 1024 || n & 31)
		return -EINVAL;
	mutex_lock(&vm->lock);
	if (vm->vgic.initialized || vm->vgic.irqs)
		ret = -EBUSY;
	else
		vm->vgic.irqs = n;
	mutex_unlock(&vm->lock);
	return ret;
}

/* Registers that the CPU interface has for user space; the others read as zero. */
static bool cpu_reg_known(u32 offset)
{
	switch (offset) {
	case GICC_CTLR:
	case GICC_PMR:
	case GICC_BPR:
	case GICC_ABPR:
	case GICC_IIDR:
		return true;
	}
	return offset >= GICC_APR0 && offset < GICC_APR_END;
}

static int cpu_reg(struct hyp_vm *vm, unsigned int cpu, u32 offset, bool set, u32 *val)
{
	struct gicv2 *g = vm->vgic.gic;
	enum arm_result r;

	if (!cpu_reg_known(offset)) {
		if (!set)
			*val = 0;
		return 0;
	}
	if (set) {
		r = gicv2_cpu_user_write(g, cpu, offset, offset == GICC_PMR ? *val << PMR_SHIFT : *val);
		return r == ARM_HANDLED ? 0 : -EINVAL;
	}
	r = gicv2_cpu_user_read(g, cpu, offset, val);
	if (offset == GICC_PMR)
		*val >>= PMR_SHIFT;
	return r == ARM_HANDLED ? 0 : -ENXIO;
}

static int dist_reg(struct hyp_vm *vm, unsigned int cpu, u32 offset, bool set, u32 *val)
{
	struct gicv2 *g = vm->vgic.gic;
	enum arm_result r = set ? gicv2_dist_user_write(g, cpu, offset, *val) :
				  gicv2_dist_user_read(g, cpu, offset, val);

	if (r == ARM_HANDLED) {
		if (set && offset >= GICD_ISACTIVER && offset < GICD_IPRIORITYR)
			vgic_adopt(vm);
		return 0;
	}
	if (!set)
		*val = 0;
	return set ? -EINVAL : 0;
}

static int reg_attr_locked(struct hyp_vm *vm, const struct kvm_device_attr *attr, bool set, u32 *val)
{
	unsigned int cpu = (attr->attr & KVM_DEV_ARM_VGIC_CPUID_MASK) >> KVM_DEV_ARM_VGIC_CPUID_SHIFT;
	u32 offset = attr->attr & KVM_DEV_ARM_VGIC_OFFSET_MASK;
	bool dist = attr->group == KVM_DEV_ARM_VGIC_GRP_DIST_REGS;
	unsigned long flags;
	int ret = vgic_init(vm);

	if (ret)
		return ret;
	if (cpu >= vm->vgic.gic->cpus)
		return -EINVAL;
	if (offset & 3 || offset >= (dist ? KVM_VGIC_V2_DIST_SIZE : KVM_VGIC_V2_CPU_SIZE))
		return -ENXIO;
	ret = vm_trylock_vcpus(vm);
	if (ret)
		return ret;
	if (!dist)
		vgic_fetch(vm->vcpu[cpu]);
	flags = vgic_lock(vm);
	ret = dist ? dist_reg(vm, cpu, offset, set, val) : cpu_reg(vm, cpu, offset, set, val);
	vgic_unlock(vm, flags);
	vm_unlock_vcpus(vm);
	return ret;
}

static int reg_attr(struct hyp_vm *vm, const struct kvm_device_attr *attr, bool set)
{
	u32 val = 0;
	int ret;

	if (set && get_user(val, (u32 __user *)uptr(attr)))
		return -EFAULT;
	mutex_lock(&vm->lock);
	ret = reg_attr_locked(vm, attr, set, &val);
	mutex_unlock(&vm->lock);
	return !ret && !set && put_user(val, (u32 __user *)uptr(attr)) ? -EFAULT : ret;
}

static int any_attr(struct hyp_vm *vm, const struct kvm_device_attr *attr, bool set)
{
	switch (attr->group) {
	case KVM_DEV_ARM_VGIC_GRP_ADDR:
		return addr_attr(vm, attr, set);
	case KVM_DEV_ARM_VGIC_GRP_NR_IRQS:
		return nr_irqs_attr(vm, attr, set);
	case KVM_DEV_ARM_VGIC_GRP_DIST_REGS:
	case KVM_DEV_ARM_VGIC_GRP_CPU_REGS:
		return reg_attr(vm, attr, set);
	}
	return -ENXIO;
}

static int vgic_set_attr(struct hyp_vm *vm, const struct kvm_device_attr *attr)
{
	int ret;

	if (attr->group != KVM_DEV_ARM_VGIC_GRP_CTRL)
		return any_attr(vm, attr, true);
	if (attr->attr != KVM_DEV_ARM_VGIC_CTRL_INIT)
		return -ENXIO;
	mutex_lock(&vm->lock);
	ret = vgic_init(vm);
	mutex_unlock(&vm->lock);
	return ret;
}

static int vgic_get_attr(struct hyp_vm *vm, const struct kvm_device_attr *attr)
{
	return any_attr(vm, attr, false);
}

static int vgic_has_attr(struct hyp_vm *vm, const struct kvm_device_attr *attr)
{
	u32 offset = attr->attr & KVM_DEV_ARM_VGIC_OFFSET_MASK;

	switch (attr->group) {
	case KVM_DEV_ARM_VGIC_GRP_ADDR:
		return attr->attr <= KVM_VGIC_V2_ADDR_TYPE_CPU ? 0 : -ENXIO;
	case KVM_DEV_ARM_VGIC_GRP_DIST_REGS:
		return offset & 3 || offset >= KVM_VGIC_V2_DIST_SIZE ? -ENXIO : 0;
	case KVM_DEV_ARM_VGIC_GRP_CPU_REGS:
		return cpu_reg_known(offset) && !(offset & 3) ? 0 : -ENXIO;
	case KVM_DEV_ARM_VGIC_GRP_NR_IRQS:
		return 0;
	case KVM_DEV_ARM_VGIC_GRP_CTRL:
		return attr->attr == KVM_DEV_ARM_VGIC_CTRL_INIT ? 0 : -ENXIO;
	}
	return -ENXIO;
}

const struct hyp_device_ops vgic_device_ops = {
	.name = "kvm-arm-vgic-v2",
	.set_attr = vgic_set_attr,
	.get_attr = vgic_get_attr,
	.has_attr = vgic_has_attr,
};
