/* SPDX-License-Identifier: GPL-2.0-only */
/* 32-bit Arm: the hypervisor of hyp/, or Linux up to 5.6. */
#include "vmm/accel/kvm_int.h"

/* CNTFRQ, which Linux lets programs read. */
static u32 counter_hz(void)
{
	u32 hz;

	__asm__ volatile("mrc p15, 0, %0, c14, c0, 0" : "=r" (hz));
	return hz;
}

const struct kvm_port kvm_port = {
	.is_arm = true,
	.psci_0_2 = 1u << KVM_ARM_VCPU_PSCI_0_2,
	.power_off = 1u << KVM_ARM_VCPU_POWER_OFF,
	.midr_id = KVM_REG_ARM_CP15_32(0, 0, 0, 0),
	.vcount_id = KVM_REG_ARM32_TIMER_CNT,
	.pcount_id = KVM_REG_ARM32_PTIMER_CNT,
	.pctl_id = KVM_REG_ARM32_PTIMER_CTL,
	.pcval_id = KVM_REG_ARM32_PTIMER_CVAL,
	.psci_id = KVM_REG_ARM32_FW_REG(KVM_REG_ARM_FW_PSCI_VERSION),
	.counter_hz = counter_hz,
};
