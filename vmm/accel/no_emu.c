/* SPDX-License-Identifier: GPL-2.0-only */
/* In the place of emu.c where emu/ is not built. */
#include "vmm/accel/accel.h"
#include "vmm/host/log.h"

const bool accel_has_emu;

int accel_emu_create(const struct accel_config *cfg, struct accel **out, char **err)
{
	(void)cfg;
	(void)out;
	return err_set(err, -ENOTSUP, "--engine: this program was built without emulation; use --engine kvm");
}
