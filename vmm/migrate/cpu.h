/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU's section: every register by its architectural name (X0, PC, PSTATE, V0,
 * SCTLR_EL1...), moved by the policy of its row in arm/sysreg.def.
 */
#ifndef VMM_MIGRATE_CPU_H
#define VMM_MIGRATE_CPU_H

#include "vmm/accel/accel.h"
#include "vmm/migrate/bytes.h"
#include "vmm/migrate/report.h"

/* vCPU @cpu, which is not running: registers, power.  0 or -errno; failures of @b stay there. */
int cpu_put(struct bytes_out *b, struct accel *a, unsigned int cpu, const struct arm_cpu_model *model);

/*
 * Into a vCPU that was reset and never ran.  What this side must refuse is in @r with both
 * values; the vCPU's state is then not changed.  @apply false: only checks.
 * -EBADMSG and a sentence in *@err: malformed.
 */
int cpu_get(struct bytes_in *b, struct accel *a, unsigned int cpu, const struct arm_cpu_model *model, bool apply,
	    struct report *r, char **err);

#endif
