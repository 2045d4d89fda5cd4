// SPDX-License-Identifier: GPL-2.0-only
/* The module: what it takes of the host, /dev/kvm, and what it can (KVM_CHECK_EXTENSION). */
#include <linux/cpumask.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "hyp/hyp.h"

struct cap {
	u32 cap;
	u16 value;
	bool gic;		/* only with a GIC that virtualizes */
};

static const struct cap caps[] = {
	{ KVM_CAP_IRQCHIP, 1, true },
	{ KVM_CAP_USER_MEMORY, 1 },
	{ KVM_CAP_NR_MEMSLOTS, HYP_MEMSLOTS },
	{ KVM_CAP_MP_STATE, 1 },
	{ KVM_CAP_COALESCED_MMIO, 1 },		/* the ring is at page 1 of the vCPU's mapping */
	{ KVM_CAP_SYNC_MMU, 1 },
	{ KVM_CAP_DESTROY_MEMORY_REGION_WORKS, 1 },
	{ KVM_CAP_IRQ_ROUTING, IRQ_MAX_ROUTES, true },
	{ KVM_CAP_JOIN_MEMORY_REGIONS_WORKS, 1 },
	{ KVM_CAP_IRQFD, 1, true },
	{ KVM_CAP_IOEVENTFD, 1 },
	{ KVM_CAP_INTERNAL_ERROR_DATA, 1 },
	{ KVM_CAP_VCPU_EVENTS, 1 },
	{ KVM_CAP_MAX_VCPUS, HYP_MAX_VCPUS },
	{ KVM_CAP_ONE_REG, 1 },
	{ KVM_CAP_SIGNAL_MSI, 1, true },
	{ KVM_CAP_READONLY_MEM, 1 },
	{ KVM_CAP_IRQFD_RESAMPLE, 1, true },
	{ KVM_CAP_ARM_PSCI, 1 },
	{ KVM_CAP_ARM_SET_DEVICE_ADDR, 1 },
	{ KVM_CAP_DEVICE_CTRL, 1 },
	{ KVM_CAP_ENABLE_CAP_VM, 1 },
	{ KVM_CAP_ARM_PSCI_0_2, 1 },
	{ KVM_CAP_CHECK_EXTENSION_VM, 1 },
	{ KVM_CAP_IOEVENTFD_ANY_LENGTH, 1 },
	{ KVM_CAP_MAX_VCPU_ID, HYP_MAX_VCPUS },
	{ KVM_CAP_IMMEDIATE_EXIT, 1 },
	{ KVM_CAP_ARM_USER_IRQ, 1 },
	{ KVM_CAP_COALESCED_PIO, 1 },
	{ KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE },
	{ KVM_CAP_ARM_IRQ_LINE_LAYOUT_2, 1 },
	{ KVM_CAP_ARM_NISV_TO_USER, 1 },
	{ KVM_CAP_ARM_INJECT_EXT_DABT, 1 },
	{ VAMBRACE_CAP_IDENTITY, 1 },
};

long hyp_check_extension(struct hyp_vm *vm, unsigned long cap)
{
	unsigned int i;

	if (cap == KVM_CAP_NR_VCPUS)
		return min_t(unsigned int, num_online_cpus(), HYP_MAX_VCPUS);
	/* No MSIs without an ITS; asked of the device file Linux says that it is the wrong file. */
	if (cap == KVM_CAP_MSI_DEVID)
		return vm ? 0 : -EINVAL;
	for (i = 0; i < ARRAY_SIZE(caps); i++)
		if (caps[i].cap == cap)
			return caps[i].gic && !vgic_hw.present ? 0 : caps[i].value;
	return 0;
}

static long dev_ioctl(struct file *file, unsigned int ioctl, unsigned long arg)
{
	switch (ioctl) {
	case KVM_GET_API_VERSION:
		return arg ? -EINVAL : KVM_API_VERSION;
	case KVM_GET_VCPU_MMAP_SIZE:
		return arg ? -EINVAL : HYP_VCPU_MMAP_PAGES * PAGE_SIZE;
	case KVM_CHECK_EXTENSION:
		return hyp_check_extension(NULL, arg);
	case KVM_CREATE_VM:
		return vm_create_fd(arg);
	}
	return -EINVAL;
}

static const struct file_operations dev_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = dev_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice kvm_dev = {
	.minor = KVM_MINOR,
	.name = "kvm",
	.fops = &dev_fops,
	.mode = 0660,
};

/* In the order in which they are taken; given back in the other. */
static const struct {
	const char *what;
	int (*init)(void);
	void (*exit)(void);
} parts[] = {
	{ "HYP mode", low_init, low_exit },
	{ "the GIC", vgic_module_init, vgic_module_exit },
	{ "the timer", vtimer_module_init, vtimer_module_exit },
	{ "memory", mmu_module_init, mmu_module_exit },
	{ "irqfd", irq_module_init, irq_module_exit },
	{ "statistics", stats_module_init, stats_module_exit },
};

static int __init hyp_init(void)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		ret = parts[i].init();
		if (ret) {
			pr_err("vambrace: no virtualization: %s failed (%d)\n", parts[i].what, ret);
			goto out;
		}
	}
	cp15_module_init();
	run_module_init();
	ret = misc_register(&kvm_dev);
	if (ret)
		pr_err("vambrace: /dev/kvm cannot be made (%d): is another hypervisor loaded?\n", ret);
out:
	while (ret && i--)
		parts[i].exit();
	if (!ret)
		pr_info("vambrace: /dev/kvm is there, %s, up to %u vCPUs a VM\n",
			vgic_hw.present ? "with an in-kernel GIC" : "without an in-kernel GIC", HYP_MAX_VCPUS);
	return ret;
}

static void __exit hyp_exit(void)
{
	unsigned int i = ARRAY_SIZE(parts);

	misc_deregister(&kvm_dev);
	while (i--)
		parts[i].exit();
}

module_init(hyp_init);
module_exit(hyp_exit);
MODULE_DESCRIPTION("Vambrace: KVM for Arm kernels that have none");
MODULE_LICENSE("GPL");
MODULE_ALIAS_MISCDEV(KVM_MINOR);
MODULE_ALIAS("devname:kvm");
