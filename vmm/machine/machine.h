/* SPDX-License-Identifier: GPL-2.0-only */
/* A board: it lays out addresses and creates devices, in an order that stands in its file. */
#ifndef VMM_MACHINE_MACHINE_H
#define VMM_MACHINE_MACHINE_H

#include "arm/base.h"
#include "arm/cpu_model.h"
#include "vmm/machine/fdt.h"

struct bus;
struct chardev;
struct dev_clock;
struct device;
struct guest_mem;
struct image;
struct loop;
struct machine;
struct netdev;
struct sdcard;
struct virtio_device;

#define MACHINE_FLASHES 2
#define MACHINE_EXTRA_RAM 4

/*
 * What the user plugs into the board's own devices; a board without the device
 * has machine_type say so.  An entry becomes NULL once the machine owns it.
 */
struct machine_parts {
	struct netdev *lan;		/* NULL: no cable */
	struct sdcard *sd;		/* NULL: an empty slot */
	struct image *flash[MACHINE_FLASHES];	/* NULL: blank, and forgotten at the end */
};

struct machine_env {
	unsigned int cpus;
	struct loop *loop;
	struct dev_clock *clock;	/* of @loop */
	struct bus *bus;
	struct guest_mem *mem;
	struct chardev *serial;		/* NULL: nobody listens */
	bool serial_input;		/* what is typed goes to the serial port */
	/* In the order in which guests are to find them.  An entry becomes NULL once the machine owns it. */
	struct virtio_device **virtio;
	unsigned int nvirtio;
	struct machine_parts *parts;	/* NULL: none */
	/* The interrupt wires to @cpu; see struct gic_config. */
	void (*cpu_wires)(void *opaque, unsigned int cpu, bool irq, bool fiq);
	/* Not NULL: the engine has the interrupt controller; a line of it (gic_spi()). */
	void (*set_spi)(void *opaque, unsigned int spi, bool level);
	/* Not NULL: the engine turns writes of @val to @ipa into signals of the eventfd @fd; 0 or -errno. */
	int (*set_doorbell)(void *opaque, u64 ipa, u32 val, int fd);
	/* A device switches the machine off, or resets it.  Any thread. */
	void (*power)(void *opaque, bool reset);
	void *opaque;
};

/* A device under the name that streams know it by: kind and address, "pl011@9000000". */
struct machine_device {
	char name[32];
	struct device *dev;
};

struct machine_ops {
	/* Every device as after power-on; vCPUs are stopped; on the loop's thread. */
	void (*reset)(struct machine *m);
	/* A private interrupt, from the engine.  Any thread. */
	void (*set_ppi)(struct machine *m, unsigned int cpu, unsigned int intid, bool level);
	/* The user presses the power button; NULL: there is none.  On the loop's thread. */
	void (*power_button)(struct machine *m);
	/* The picture on the screen as a PNG file; 0, -ENODATA when it is dark, or -errno.  NULL: no screen. */
	int (*screenshot)(struct machine *m, const char *path);
	/* The user at the machine's keyboard and mouse, as in vmm/dev/pl050.h; NULL: there is none.  Any thread. */
	int (*key)(struct machine *m, unsigned int keycode, bool down);
	int (*mouse)(struct machine *m, int dx, int dy, int dz, unsigned int buttons);
	/*
	 * For migration: what has state, in the order in which it is to be loaded (the
	 * interrupt controller, where it is the machine's, first and as "gic").  Returns how many; the
	 * array is the machine's.
	 */
	unsigned int (*devices)(struct machine *m, const struct machine_device **out);
	/* vCPUs are gone; on the loop's thread. */
	void (*free)(struct machine *m);
};

struct machine {
	const struct machine_ops *ops;
};

/* Memory besides the main one; in guest physical addresses, 64 KiB aligned. */
struct machine_ram {
	u64 base, size;
};

/* Where secondary CPUs wait, and what they use there (vmm/machine/pen.h). */
struct machine_pen {
	u64 at;				/* in extra_ram */
	u64 gicd, gicc;
	u64 flags;			/* the register that tells them where to go */
};

/* Where the interrupt controller is: a GICv2, or a GICv3 where an engine brings one. */
struct machine_gic {
	unsigned int irqs;		/* SGIs and PPIs included */
	u64 dist, dist_size;
	u64 cpu, cpu_size;
	u64 redist, redist_size;	/* 0: the board cannot have a GICv3 */
};

struct machine_type {
	const char *name;
	const char *default_cpu;	/* a name for arm_cpu_model_find() */
	unsigned int max_cpus;
	u64 ram_base;			/* a multiple of 128 MiB, as 32-bit kernels want it */
	u64 max_memory;
	struct machine_gic gic;
	struct machine_ram extra_ram[MACHINE_EXTRA_RAM];	/* up to the first without size */
	unsigned int virtio_slots;
	unsigned int flashes;		/* how many --flash, */
	u64 flash_size;			/* and of what size each */
	bool has_sd, has_lan, has_screen;
	bool only_aarch32;		/* the board of a 32-bit CPU */
	bool no_psci;			/* there is no firmware: secondary CPUs begin in the pen */
	struct machine_pen pen;
	u64 private_base;		/* of the CPUs' private region, for their CBAR; 0: it is not one */
	/* Takes away what this board's CPUs do not have. */
	void (*fit_model)(struct arm_cpu_model *model);
	int (*make_fdt)(const struct fdt_params *p, struct fdt_blob *out);
	/*
	 * Puts what the board adds into a user's tree of @room bytes, after a check
	 * that it is one for this board.  0, or -errno and a sentence in *@err.  NULL: nothing.
	 */
	int (*fit_fdt)(void *fdt, const struct fdt_params *p, char **err);
	/* 0 or -errno; what was added to the bus and not freed is nobody's business: free the bus. */
	int (*create)(const struct machine_env *env, struct machine **out);
};

/* The boards, by number; NULL past the last. */
const struct machine_type *machine_type_at(unsigned int n);
const struct machine_type *machine_type_find(const char *name);

#endif
