/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of a whole VM but for its RAM: which sections there are, in which order, and who makes them. */
#ifndef VMM_MIGRATE_VMSTATE_H
#define VMM_MIGRATE_VMSTATE_H

#include "vmm/accel/accel.h"
#include "vmm/machine/machine.h"
#include "vmm/migrate/identity.h"
#include "vmm/migrate/report.h"
#include "vmm/migrate/stream.h"

struct vmstate_ram {
	u64 ipa, size;		/* multiples of 64 KiB */
	u8 *host;
};

#define VMSTATE_RAMS (1 + MACHINE_EXTRA_RAM)

/* A view of a VM; everything is borrowed. */
struct vmstate {
	struct accel *accel;
	const struct arm_cpu_model *model;
	struct machine *machine;
	unsigned int cpus, gic_version;
	bool aarch32;
	unsigned int nram;
	struct vmstate_ram ram[VMSTATE_RAMS];
};

/*
 * The sections "time", "cpu/N", "gic", "device/NAME".  vCPUs and the loop do not run; devices are
 * drained here.  0, or -errno and a sentence in *@err.
 */
int vmstate_save(const struct vmstate *v, struct stream_out *s, char **err);

/* One section of those, into a VM that was made and never ran; -ENOENT: it is none of those.  */
int vmstate_load(const struct vmstate *v, struct stream_section *s, struct report *r, char **err);
/* After the last: was everything there?  Then state goes to the engine.  0, or -errno and *@err. */
int vmstate_loaded(const struct vmstate *v, char **err);

#endif
