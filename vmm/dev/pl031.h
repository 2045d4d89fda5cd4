/* SPDX-License-Identifier: GPL-2.0-only */
/* PrimeCell real time clock (PL031, DDI 0224C): the host's time of day in seconds. */
#ifndef VMM_DEV_PL031_H
#define VMM_DEV_PL031_H

#include "vmm/dev/device.h"

struct loop;

#define PL031_SIZE 0x1000

/* @loop runs the alarm and outlives the device.  0 or -ENOMEM. */
int pl031_create(struct loop *loop, struct irq_line irq, struct device **out);

#endif
