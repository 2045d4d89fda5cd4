/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interrupt controller of the emulated machines: the GICv2 state machine of
 * arm/gic/ with its lock.  Its outputs go to the CPUs by a callback, because
 * devices know nothing of engines.
 */
#ifndef VMM_DEV_GIC_H
#define VMM_DEV_GIC_H

#include "vmm/dev/device.h"

struct gic;

/*
 * The state of a struct gicv2 (arm/gic/gicv2.h), which has its number of CPUs
 * and interrupts already.  Not the levels of its inputs: who drives them drives them again, by
 * irq_restore().
 */
extern const struct save_table gic_save_table;

#define GIC_WINDOW 0x10000

struct gic_config {
	unsigned int cpus;
	unsigned int irqs;	/* SGIs and PPIs included */
	/*
	 * The wires to @cpu have these levels now.  Called with the GIC's lock
	 * held, so that the last call is the truth; must not come back here.
	 */
	void (*output)(void *opaque, unsigned int cpu, bool irq, bool fiq);
	void *opaque;
};

/*
 * The distributor's and the CPU interfaces' windows are the two devices; both
 * live as long as the GIC.  0 or -ENOMEM.
 */
int gic_create(const struct gic_config *cfg, struct gic **out);
void gic_free(struct gic *gic);
/* This one stands for the whole in a migration. */
struct device *gic_dist(struct gic *gic);
struct device *gic_cpu_interface(struct gic *gic);
void gic_reset(struct gic *gic);

/* A line that drives shared interrupt @spi (0: interrupt id 32). */
struct irq_line gic_spi(struct gic *gic, unsigned int spi);
/* Private interrupt @intid (16..31) of @cpu.  Any thread. */
void gic_set_ppi(struct gic *gic, unsigned int cpu, unsigned int intid, bool level);

#endif
