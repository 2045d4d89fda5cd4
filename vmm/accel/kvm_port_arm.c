/* SPDX-License-Identifier: GPL-2.0-only */
/* 32-bit Arm: the hypervisor of hyp/, or Linux up to 5.6. */
#include "vmm/accel/kvm_int.h"

const struct kvm_port kvm_port = {
	.is_arm = true,
	.psci_0_2 = 1u << KVM_ARM_VCPU_PSCI_0_2,
	.power_off = 1u << KVM_ARM_VCPU_POWER_OFF,
	.midr_id = KVM_REG_ARM_CP15_32(0, 0, 0, 0),
};
