/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a device is to the machine: a window of registers, reached by offset,
 * and interrupt lines that it drives.  A device knows neither its address nor
 * its interrupt number.
 */
#ifndef VMM_DEV_DEVICE_H
#define VMM_DEV_DEVICE_H

#include "arm/base.h"
#include "vmm/dev/save.h"

/* An interrupt line as its driver sees it. */
struct irq_line {
	/* Any thread; takes the interrupt controller's lock, so that a device
	 * may call it with its own lock held (order: device, then GIC). */
	void (*set)(void *ctx, unsigned int n, bool level);
	void *ctx;
	unsigned int n;
	/* As set(), but the level was there before the machine came here: it is no edge.  NULL: set() does. */
	void (*restore)(void *ctx, unsigned int n, bool level);
};

static inline void irq_set(const struct irq_line *line, bool level)
{
	if (line->set)
		line->set(line->ctx, line->n, level);
}

/* In after() of a save table, for the level that the loaded state has. */
static inline void irq_restore(const struct irq_line *line, bool level)
{
	if (line->restore)
		line->restore(line->ctx, line->n, level);
	else
		irq_set(line, level);
}

struct device;

struct device_ops {
	const char *name;
	/*
	 * @off is within the window; @size is 1, 2, 4 or 8 and the access is
	 * naturally aligned.  Called on vCPU threads, several at once: the
	 * device has its own lock.  @cpu is the vCPU that asks.
	 */
	enum arm_result (*read)(struct device *dev, unsigned int cpu, u64 off,
				unsigned int size, u64 *val);
	enum arm_result (*write)(struct device *dev, unsigned int cpu, u64 off,
				 unsigned int size, u64 val);
	void (*reset)(struct device *dev);	/* vCPUs are stopped */
	/* Stops its threads, closes its files, frees dev.  vCPUs are gone. */
	void (*free)(struct device *dev);
	/*
	 * For migration: waits until nothing that the guest has asked for is under way on
	 * other threads, and drops nothing.  vCPUs and the loop do not run.  NULL: nothing ever is.
	 */
	void (*drain)(struct device *dev);
	/* Its state, if all of that is in its own struct. */
	const struct save_table *table;
	/* Else the objects that hold it, SAVE_PARTS at most; returns how many.  Neither: it has none. */
	unsigned int (*parts)(struct device *dev, struct save_part *parts);
	/*
	 * Loaded, and about to run: does on the host's side what the guest had asked for
	 * before it came.  Until here a loaded device has touched no disk, network or
	 * terminal, so that the other side may still go on.  Without loaded state it
	 * does nothing.  On the loop's thread before the loop runs.  NULL: nothing to do.
	 */
	void (*resume)(struct device *dev);
};

/* Embedded first in each device's own struct. */
struct device {
	const struct device_ops *ops;
};

/* What of it migration moves: how many objects are in @parts, which has room for SAVE_PARTS. */
static inline unsigned int device_parts(struct device *dev, struct save_part *parts)
{
	if (dev->ops->parts)
		return dev->ops->parts(dev, parts);
	if (!dev->ops->table)
		return 0;
	parts[0] = (struct save_part){ dev->ops->table, dev };
	return 1;
}

#endif
