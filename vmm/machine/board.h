/* SPDX-License-Identifier: GPL-2.0-only */
/* What boards have alike: a GIC, devices in the order of their creation, virtio slots. */
#ifndef VMM_MACHINE_BOARD_H
#define VMM_MACHINE_BOARD_H

#include "vmm/dev/gic.h"
#include "vmm/machine/machine.h"

#define BOARD_MAX_DEVICES 48

/* Embedded first in each board's struct. */
struct board {
	struct machine machine;
	struct bus *bus;
	struct gic *gic;		/* NULL: the engine has it, */
	void (*set_spi)(void *opaque, unsigned int spi, bool level);	/* and this drives its lines */
	void *opaque;
	/* Freed backwards.  The GIC is apart: all others need it. */
	struct device *devices[BOARD_MAX_DEVICES];
	unsigned int ndevices;
	/* Those with state, and the GIC. */
	struct machine_device named[BOARD_MAX_DEVICES + 1];
	unsigned int nnamed;
};

/* 0 or -errno; after a failure board_destroy() frees what is there. */
int board_init(struct board *b, const struct machine_env *env, const struct machine_gic *gic);
/* A line that drives shared interrupt @spi (0: interrupt id 32). */
struct irq_line board_spi(struct board *b, unsigned int spi);
/* @dev belongs to @b from here on, whatever comes back: 0 or -errno. */
int board_add(struct board *b, u64 base, u64 size, struct device *dev);
/* Slot 0 is the first that guests find, so devices fill the slots upwards. */
int board_add_virtio(struct board *b, const struct machine_env *env, u64 base, u64 stride, unsigned int spi,
		     unsigned int slots);
/* All but the struct itself. */
void board_destroy(struct board *b);

/* For struct machine_ops. */
void board_reset(struct machine *m);
unsigned int board_devices(struct machine *m, const struct machine_device **out);
void board_set_ppi(struct machine *m, unsigned int cpu, unsigned int intid, bool level);

#endif
