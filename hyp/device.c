// SPDX-License-Identifier: GPL-2.0-only
/* Devices by KVM_CREATE_DEVICE: only the GICv2, so a device file is a VM's file with other ioctls. */
#include <linux/anon_inodes.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "hyp/hyp.h"

static long device_ioctl(struct file *file, unsigned int ioctl, unsigned long arg)
{
	struct hyp_vm *vm = file->private_data;
	struct kvm_device_attr attr;

	if (current->mm != vm->mm)
		return -EIO;
	if (ioctl != KVM_SET_DEVICE_ATTR && ioctl != KVM_GET_DEVICE_ATTR && ioctl != KVM_HAS_DEVICE_ATTR)
		return -ENOTTY;
	if (copy_from_user(&attr, (void __user *)arg, sizeof(attr)))
		return -EFAULT;
	switch (ioctl) {
	case KVM_SET_DEVICE_ATTR:
		return vgic_device_ops.set_attr(vm, &attr);
	case KVM_GET_DEVICE_ATTR:
		return vgic_device_ops.get_attr(vm, &attr);
	}
	return vgic_device_ops.has_attr(vm, &attr);
}

static int device_release(struct inode *inode, struct file *file)
{
	vm_put(file->private_data);
	return 0;
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = device_ioctl,
	.release = device_release,
	.llseek = noop_llseek,
};

int vm_create_device(struct hyp_vm *vm, struct kvm_create_device *cd)
{
	int ret;

	if (cd->type != KVM_DEV_TYPE_ARM_VGIC_V2 || !vgic_hw.present)
		return -ENODEV;
	if (cd->flags & KVM_CREATE_DEVICE_TEST)
		return 0;
	ret = vgic_create(vm);
	if (ret)
		return ret;
	ret = anon_inode_getfd(vgic_device_ops.name, &device_fops, vm_get(vm), O_RDWR | O_CLOEXEC);
	if (ret < 0) {
		vm_put(vm);
		return ret;
	}
	cd->fd = ret;
	return 0;
}
