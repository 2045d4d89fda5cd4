/* SPDX-License-Identifier: GPL-2.0-only */
/* 64-bit Arm: Linux' own KVM, or the hypervisor of hyp/. */
#include "vmm/accel/kvm_int.h"

/* CNTFRQ_EL0, which Linux lets programs read. */
static u32 counter_hz(void)
{
	u64 hz;

	__asm__ volatile("mrs %0, cntfrq_el0" : "=r" (hz));
	return (u32)hz;
}

/* Programs may read it; DZP is how it is for them, and no part of the identity. */
static u64 dczid(void)
{
	u64 val;

	__asm__ volatile("mrs %0, dczid_el0" : "=r" (val));
	return val & 0xf;
}

const struct kvm_port kvm_port = {
	.is_arm = true,
	.is_64 = true,
	.psci_0_2 = 1u << KVM_ARM_VCPU_PSCI_0_2,
	.power_off = 1u << KVM_ARM_VCPU_POWER_OFF,
	.el1_32bit = 1u << KVM_ARM_VCPU_EL1_32BIT,
	.midr_id = KVM_REG_ARM64_SYS_REG(3, 0, 0, 0, 0),
	.vcount_id = KVM_REG_ARM64_TIMER_CNT,
	.pcount_id = KVM_REG_ARM64_PTIMER_CNT,
	.pctl_id = KVM_REG_ARM64_PTIMER_CTL,
	.pcval_id = KVM_REG_ARM64_PTIMER_CVAL,
	.psci_id = KVM_REG_ARM64_FW_REG(KVM_REG_ARM_FW_PSCI_VERSION),
	.counter_hz = counter_hz,
	.dczid = dczid,
};
