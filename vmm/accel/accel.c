/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/accel/accel.h"

int accel_create(const struct accel_config *cfg, struct accel **out, char **err)
{
	return cfg->engine == ACCEL_KVM ? accel_kvm_create(cfg, out, err) : accel_emu_create(cfg, out, err);
}
