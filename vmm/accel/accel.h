/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An engine that runs vCPUs.  State crosses only as struct arm_state (and the
 * GIC and timer structs of arm/).  accel/ never includes dev/.
 */
#ifndef VMM_ACCEL_ACCEL_H
#define VMM_ACCEL_ACCEL_H

#include <stdio.h>

#include "arm/base.h"
#include "arm/state.h"
#include "emu/emu.h"

struct accel;

struct accel_ops {
	const char *name;
	int (*map_ram)(struct accel *a, u64 ipa, u64 size, void *host, bool readonly);
	void (*dma_written)(struct accel *a, u64 ipa, u64 len);
	/* Runs vCPU @cpu on the calling thread until stop(); 0 or -errno. */
	int (*run)(struct accel *a, unsigned int cpu);
	void (*stop)(struct accel *a);
	void (*restart)(struct accel *a);
	void (*reset)(struct accel *a);
	struct arm_state *(*state)(struct accel *a, unsigned int cpu);
	void (*set_line)(struct accel *a, unsigned int cpu, enum emu_line line, bool level);
	void (*print_stats)(struct accel *a, FILE *out);
	void (*free)(struct accel *a);
};

struct accel {
	const struct accel_ops *ops;
};

/* The translator (or interpreter) as an engine.  0 or -errno; *out is the caller's to free. */
int accel_emu_create(const struct emu_config *cfg, struct accel **out);

#endif
