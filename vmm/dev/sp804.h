/* SPDX-License-Identifier: GPL-2.0-only */
/* Dual timer module (SP804, DDI 0271D): two counters that count down. */
#ifndef VMM_DEV_SP804_H
#define VMM_DEV_SP804_H

#include "vmm/dev/device.h"

struct dev_clock;

#define SP804_SIZE 0x1000

/*
 * The rate of counter 0 or 1 in Hz before its prescaler, as the board's system controller has it; called
 * with the device's lock held.
 */
struct sp804_clock {
	u32 (*hz)(void *ctx, unsigned int counter);
	void *ctx;
};

/* @time runs the timers and outlives the device.  @irq is TIMINTC.  0 or -ENOMEM. */
int sp804_create(struct dev_clock *time, const struct sp804_clock *clock, struct irq_line irq,
		 struct device **out);
/* The clock of a counter is another one from now on.  Any thread; not from within hz(). */
void sp804_clock_changed(struct device *dev);

#endif
