// SPDX-License-Identifier: GPL-2.0-only
/* A VM: its file, its life, its ioctls. */
#include <linux/anon_inodes.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "hyp/hyp.h"

static void vm_free(struct kref *ref)
{
	struct hyp_vm *vm = container_of(ref, struct hyp_vm, ref);
	unsigned int i;

	stats_vm_remove(vm);
	irq_vm_destroy(vm);
	io_destroy(vm);
	for (i = 0; i < HYP_MAX_VCPUS; i++)
		if (vm->vcpu[i])
			vcpu_free(vm->vcpu[i]);
	vgic_destroy(vm);
	mmu_destroy(vm);
	mmdrop(vm->mm);
	kfree(vm);
	held_add(HYP_HELD_vms, -1);
}

struct hyp_vm *vm_get(struct hyp_vm *vm)
{
	kref_get(&vm->ref);
	return vm;
}

void vm_put(struct hyp_vm *vm)
{
	kref_put(&vm->ref, vm_free);
}

static int vm_create(struct hyp_vm **out)
{
	struct hyp_vm *vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!vm)
		return -ENOMEM;
	kref_init(&vm->ref);
	mutex_init(&vm->lock);
	vm->mm = current->mm;
	mmgrab(vm->mm);
	vm->identity = host_identity;
	ret = psci_vm_init(vm);
	if (ret)
		goto free;
	ret = irq_vm_init(vm);
	if (ret)
		goto free;
	ret = io_init(vm);
	if (ret)
		goto irqs;
	vtimer_vm_init(vm);
	vgic_vm_init(vm);
	ret = mmu_init(vm);
	if (ret)
		goto io;
	held_add(HYP_HELD_vms, 1);
	*out = vm;
	return 0;
io:
	io_destroy(vm);
irqs:
	irq_vm_destroy(vm);
free:
	mmdrop(vm->mm);
	kfree(vm);
	return ret;
}

void vm_pause(struct hyp_vm *vm)
{
	unsigned int i;

	atomic_inc(&vm->paused);
	smp_mb__after_atomic();
	for (i = 0; i < HYP_MAX_VCPUS; i++) {
		struct hyp_vcpu *vcpu = READ_ONCE(vm->vcpu[i]);

		if (!vcpu)
			continue;
		vcpu_request(vcpu, HYP_REQ_PAUSE);
		while (READ_ONCE(vcpu->in_guest))
			cpu_relax();
	}
}

void vm_resume(struct hyp_vm *vm)
{
	unsigned int i;

	if (!atomic_dec_and_test(&vm->paused))
		return;
	for (i = 0; i < HYP_MAX_VCPUS; i++)
		if (vm->vcpu[i])
			rcuwait_wake_up(&vm->vcpu[i]->wait);
}

int vm_trylock_vcpus(struct hyp_vm *vm)
{
	unsigned int i;

	for (i = 0; i < HYP_MAX_VCPUS; i++) {
		if (!vm->vcpu[i] || mutex_trylock(&vm->vcpu[i]->mutex))
			continue;
		while (i--)
			if (vm->vcpu[i])
				mutex_unlock(&vm->vcpu[i]->mutex);
		return -EBUSY;
	}
	return 0;
}

void vm_unlock_vcpus(struct hyp_vm *vm)
{
	unsigned int i;

	for (i = 0; i < HYP_MAX_VCPUS; i++)
		if (vm->vcpu[i])
			mutex_unlock(&vm->vcpu[i]->mutex);
}

static int vm_enable_cap(struct hyp_vm *vm, const struct kvm_enable_cap *cap)
{
	if (cap->flags)
		return -EINVAL;
	switch (cap->cap) {
	case KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2:
		if (cap->args[0] & ~(u64)KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE)
			return -EINVAL;
		vm->mmu.manual_dirty = cap->args[0];
		return 0;
	case KVM_CAP_ARM_NISV_TO_USER:
		vm->nisv_to_user = true;
		return 0;
	case VAMBRACE_CAP_IDENTITY:
		vm->identity_open = true;
		return 0;
	}
	return -EINVAL;
}

static int vm_set_device_addr(struct hyp_vm *vm, const struct kvm_arm_device_addr *a)
{
	u32 device = (a->id & KVM_ARM_DEVICE_ID_MASK) >> KVM_ARM_DEVICE_ID_SHIFT;
	u32 type = (a->id & KVM_ARM_DEVICE_TYPE_MASK) >> KVM_ARM_DEVICE_TYPE_SHIFT;

	if (device != KVM_ARM_DEVICE_VGIC_V2)
		return -ENODEV;
	if (!vgic_hw.present)
		return -ENXIO;
	return vgic_set_addr(vm, type, a->addr);
}

static int vm_preferred_target(struct kvm_vcpu_init __user *argp)
{
	struct kvm_vcpu_init init = { .target = low_target() };

	return copy_to_user(argp, &init, sizeof(init)) ? -EFAULT : 0;
}

static int vm_create_device_user(struct hyp_vm *vm, struct kvm_create_device __user *argp)
{
	struct kvm_create_device cd;
	int ret;

	if (copy_from_user(&cd, argp, sizeof(cd)))
		return -EFAULT;
	ret = vm_create_device(vm, &cd);
	if (!ret && copy_to_user(argp, &cd, sizeof(cd)))
		ret = -EFAULT;
	return ret;
}

/* The ioctls whose argument is a structure that is only read. */
union vm_arg {
	struct kvm_userspace_memory_region region;
	struct kvm_dirty_log log;
	struct kvm_clear_dirty_log clear;
	struct kvm_coalesced_mmio_zone zone;
	struct kvm_irqfd irqfd;
	struct kvm_ioeventfd ioeventfd;
	struct kvm_irq_level line;
	struct kvm_enable_cap cap;
	struct kvm_arm_device_addr addr;
	struct kvm_msi msi;
};

static long vm_ioctl_struct(struct hyp_vm *vm, unsigned int ioctl, const union vm_arg *a)
{
	switch (ioctl) {
	case KVM_SET_USER_MEMORY_REGION:
		return mmu_set_region(vm, &a->region);
	case KVM_GET_DIRTY_LOG:
		return mmu_get_dirty_log(vm, &a->log);
	case KVM_CLEAR_DIRTY_LOG:
		return mmu_clear_dirty_log(vm, &a->clear);
	case KVM_REGISTER_COALESCED_MMIO:
		return io_coalesce(vm, &a->zone, true);
	case KVM_UNREGISTER_COALESCED_MMIO:
		return io_coalesce(vm, &a->zone, false);
	case KVM_IRQFD:
		return irq_irqfd(vm, &a->irqfd);
	case KVM_IOEVENTFD:
		return io_ioeventfd(vm, &a->ioeventfd);
	case KVM_IRQ_LINE:
		return irq_line(vm, &a->line);
	case KVM_ENABLE_CAP:
		return vm_enable_cap(vm, &a->cap);
	case KVM_ARM_SET_DEVICE_ADDR:
		return vm_set_device_addr(vm, &a->addr);
	case KVM_SIGNAL_MSI:
		return irq_signal_msi(vm, &a->msi);
	}
	return -EINVAL;
}

static long vm_ioctl(struct file *file, unsigned int ioctl, unsigned long arg)
{
	struct hyp_vm *vm = file->private_data;
	void __user *argp = (void __user *)arg;
	union vm_arg a = {};

	if (current->mm != vm->mm)
		return -EIO;
	switch (ioctl) {
	case KVM_CREATE_VCPU:
		return vcpu_create_fd(vm, arg);
	case KVM_CHECK_EXTENSION:
		return hyp_check_extension(vm, arg);
	case KVM_CREATE_IRQCHIP:
		return vgic_hw.present ? vgic_create(vm) : -ENXIO;
	case KVM_SET_GSI_ROUTING:
		return irq_set_routing(vm, argp);
	case KVM_CREATE_DEVICE:
		return vm_create_device_user(vm, argp);
	case KVM_ARM_PREFERRED_TARGET:
		return vm_preferred_target(argp);
	case KVM_SET_USER_MEMORY_REGION:
	case KVM_GET_DIRTY_LOG:
	case KVM_CLEAR_DIRTY_LOG:
	case KVM_REGISTER_COALESCED_MMIO:
	case KVM_UNREGISTER_COALESCED_MMIO:
	case KVM_IRQFD:
	case KVM_IOEVENTFD:
	case KVM_IRQ_LINE:
	case KVM_ENABLE_CAP:
	case KVM_ARM_SET_DEVICE_ADDR:
	case KVM_SIGNAL_MSI:
		break;
	default:
		return -EINVAL;
	}
	if (copy_from_user(&a, argp, _IOC_SIZE(ioctl)))
		return -EFAULT;
	return vm_ioctl_struct(vm, ioctl, &a);
}

static int vm_release(struct inode *inode, struct file *file)
{
	struct hyp_vm *vm = file->private_data;

	irq_vm_release(vm);	/* irqfds hold no reference: they end with the file */
	vm_put(vm);
	return 0;
}

static const struct file_operations vm_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = vm_ioctl,
	.release = vm_release,
	.llseek = noop_llseek,
};

int vm_create_fd(unsigned long type)
{
	struct hyp_vm *vm;
	int ret, fd;

	if (type)	/* the IPA has 40 bits, and that is 0 */
		return -EINVAL;
	ret = vm_create(&vm);
	if (ret)
		return ret;
	fd = anon_inode_getfd("kvm-vm", &vm_fops, vm_get(vm), O_RDWR | O_CLOEXEC);
	if (fd < 0)
		vm_put(vm);
	else
		stats_vm_add(vm, fd);	/* another thread may have closed the file by now */
	vm_put(vm);
	return fd;
}
