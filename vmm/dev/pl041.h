/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PrimeCell advanced audio CODEC interface (PL041, DDI 0173B) with an AC'97
 * codec (LM4549).  No sound leaves it: playback is consumed at the rate that
 * the codec is set to, and recording is silence.
 */
#ifndef VMM_DEV_PL041_H
#define VMM_DEV_PL041_H

#include "vmm/dev/device.h"

struct dev_clock;

#define PL041_SIZE 0x1000

/* @clock is that of the samples; it outlives the device.  0 or -ENOMEM. */
int pl041_create(struct dev_clock *clock, struct irq_line irq, struct device **out);

#endif
