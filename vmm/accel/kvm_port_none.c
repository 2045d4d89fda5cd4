/* SPDX-License-Identifier: GPL-2.0-only */
/* Another architecture: its KVM cannot run our guests. */
#include "vmm/accel/kvm_int.h"

const struct kvm_port kvm_port = {
	.is_arm = false,
};
