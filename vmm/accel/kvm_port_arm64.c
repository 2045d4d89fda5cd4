/* SPDX-License-Identifier: GPL-2.0-only */
/* 64-bit Arm: Linux' own KVM, or the hypervisor of hyp/. */
#include "vmm/accel/kvm_int.h"

const struct kvm_port kvm_port = {
	.is_arm = true,
	.is_64 = true,
	.psci_0_2 = 1u << KVM_ARM_VCPU_PSCI_0_2,
	.power_off = 1u << KVM_ARM_VCPU_POWER_OFF,
	.el1_32bit = 1u << KVM_ARM_VCPU_EL1_32BIT,
	.midr_id = KVM_REG_ARM64_SYS_REG(3, 0, 0, 0, 0),
};
