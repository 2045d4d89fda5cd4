/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of a whole VM but for its RAM: which sections there are, in which order, and who makes them. */
#ifndef VMM_MIGRATE_VMSTATE_H
#define VMM_MIGRATE_VMSTATE_H

#include "vmm/accel/accel.h"
#include "vmm/host/image.h"
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
	struct image_set *images;
	unsigned int cpus, gic_version, gic_irqs;
	bool aarch32;
	unsigned int nram;
	struct vmstate_ram ram[VMSTATE_RAMS];
};

struct vmstate_part {
	char name[STREAM_NAME_MAX + 1];
	u32 version;
	struct bytes_out bytes;
};

/* Sections in memory: a machine stands still only while they are made, not while they are sent. */
struct vmstate_image {
	struct vmstate_part *part;
	unsigned int parts;
};

/*
 * With vCPUs and the loop at rest: waits until all that the guest has asked its devices for is done.  Until here
 * transfers that end write memory and disks, so that the last of both must not be copied before.
 */
void vmstate_drain(const struct vmstate *v);
/*
 * The sections "time", "gic", "device/NAME", "cpu/N", in that order, behind vmstate_drain().  0, or -errno and a
 * sentence in *@err; vmstate_image_free() in any case.
 */
int vmstate_save(const struct vmstate *v, struct vmstate_image *out, char **err);
int vmstate_image_send(const struct vmstate_image *img, struct stream_out *s);
void vmstate_image_free(struct vmstate_image *img);

/*
 * The other direction, into a VM that was made and reset, and never ran.  One load
 * sees all sections once.  With @apply false it finds out what would be refused, and leaves
 * devices that vmstate_in_end() resets.
 */
struct vmstate_in {
	const struct vmstate *v;
	bool apply;
	bool time, gic;
	u32 cpus;		/* bits: seen */
	u64 devices;		/* bits by their number: seen */
	struct report report;	/* what is refused */
	struct gicv2 *engine_gic;	/* for the engine, once the devices have driven their lines */
};

void vmstate_in_begin(struct vmstate_in *in, const struct vmstate *v, bool apply);
/* -ENOENT: it is none of those sections; else 0 or -errno and a sentence in *@err.  Refusals go to the report. */
int vmstate_in_section(struct vmstate_in *in, struct stream_section *s, char **err);
/*
 * After the last: is everything there, and nothing refused?  Then state goes to the engine.  0, or -errno
 * and *@err.  Frees what vmstate_in_free() does.
 */
int vmstate_in_end(struct vmstate_in *in, char **err);
/* In place of the end: something went wrong before. */
void vmstate_in_free(struct vmstate_in *in);

#endif
