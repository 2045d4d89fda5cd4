/* SPDX-License-Identifier: GPL-2.0-only */
/* A board: it lays out addresses and creates devices, in an order that stands in its file. */
#ifndef VMM_MACHINE_MACHINE_H
#define VMM_MACHINE_MACHINE_H

#include "arm/base.h"
#include "arm/cpu_model.h"
#include "vmm/machine/fdt.h"

struct bus;
struct chardev;
struct guest_mem;
struct loop;
struct machine;
struct virtio_device;

struct machine_env {
	unsigned int cpus;
	struct loop *loop;
	struct bus *bus;
	struct guest_mem *mem;
	struct chardev *serial;		/* NULL: nobody listens */
	bool serial_input;		/* what is typed goes to the serial port */
	/* In the order in which guests are to find them.  An entry becomes NULL once the machine owns it. */
	struct virtio_device **virtio;
	unsigned int nvirtio;
	/* The interrupt wires to @cpu; see struct gic_config. */
	void (*cpu_wires)(void *opaque, unsigned int cpu, bool irq, bool fiq);
	void *opaque;
};

struct machine_ops {
	/* Every device as after power-on; vCPUs are stopped; on the loop's thread. */
	void (*reset)(struct machine *m);
	/* A private interrupt, from the engine.  Any thread. */
	void (*set_ppi)(struct machine *m, unsigned int cpu, unsigned int intid, bool level);
	/* The user presses the power button.  On the loop's thread. */
	void (*power_button)(struct machine *m);
	/* vCPUs are gone; on the loop's thread. */
	void (*free)(struct machine *m);
};

struct machine {
	const struct machine_ops *ops;
};

struct machine_type {
	const char *name;
	u64 ram_base;
	unsigned int virtio_slots;
	/* Takes away what this board's CPUs do not have. */
	void (*fit_model)(struct arm_cpu_model *model);
	int (*make_fdt)(const struct fdt_params *p, struct fdt_blob *out);
	/* 0 or -errno; what was added to the bus and not freed is nobody's business: free the bus. */
	int (*create)(const struct machine_env *env, struct machine **out);
};

#endif
