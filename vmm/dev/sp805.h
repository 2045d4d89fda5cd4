/* SPDX-License-Identifier: GPL-2.0-only */
/* Watchdog module (SP805, DDI 0270B): an interrupt first, then a reset of the machine. */
#ifndef VMM_DEV_SP805_H
#define VMM_DEV_SP805_H

#include "vmm/dev/device.h"

struct dev_clock;

#define SP805_SIZE 0x1000

struct sp805_config {
	struct dev_clock *clock;	/* outlives the device */
	u32 hz;			/* WDOGCLK */
	void (*reset)(void *ctx);	/* WDOGRES; on the loop's thread, with no lock held */
	void *ctx;
};

/* 0 or -ENOMEM. */
int sp805_create(const struct sp805_config *cfg, struct irq_line irq, struct device **out);

#endif
