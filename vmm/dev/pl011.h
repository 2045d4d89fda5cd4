/* SPDX-License-Identifier: GPL-2.0-only */
/* PrimeCell UART (PL011, DDI 0183G), revision r1p5: 32-byte FIFOs. */
#ifndef VMM_DEV_PL011_H
#define VMM_DEV_PL011_H

#include "vmm/dev/device.h"

struct chardev;
struct loop;

#define PL011_SIZE 0x1000

/*
 * @c (may be NULL: nobody listens) stays the caller's; it and @loop outlive the device.
 * @input: become its front end; without, somebody else reads what the user types.
 * 0 or -ENOMEM.
 */
int pl011_create(struct loop *loop, struct chardev *c, bool input, struct irq_line irq,
		 struct device **out);

#endif
