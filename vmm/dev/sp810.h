/* SPDX-License-Identifier: GPL-2.0-only */
/* PrimeXsys system controller (SP810, DDI 0254B): here it chooses the clocks of the timers. */
#ifndef VMM_DEV_SP810_H
#define VMM_DEV_SP810_H

#include "vmm/dev/device.h"

#define SP810_SIZE 0x1000
#define SP810_TIMERS 4

/* @changed: some timer has another clock.  On a vCPU's thread, with no lock held; may be NULL.  0 or -ENOMEM. */
int sp810_create(void (*changed)(void *ctx), void *ctx, struct device **out);
/* Does timer enable @n (0..3) come from TIMCLK, not from REFCLK?  Any thread; takes no lock. */
bool sp810_timer_has_timclk(struct device *dev, unsigned int n);

#endif
