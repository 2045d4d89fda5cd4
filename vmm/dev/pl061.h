/* SPDX-License-Identifier: GPL-2.0-only */
/* PrimeCell general purpose input/output (PL061, DDI 0190B): eight pins. */
#ifndef VMM_DEV_PL061_H
#define VMM_DEV_PL061_H

#include "vmm/dev/device.h"

#define PL061_SIZE 0x1000

/* 0 or -ENOMEM. */
int pl061_create(struct irq_line irq, struct device **out);
/* What is connected to @pin (0..7) drives it to @level.  Any thread. */
void pl061_set_input(struct device *dev, unsigned int pin, bool level);

#endif
