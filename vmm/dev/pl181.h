/* SPDX-License-Identifier: GPL-2.0-only */
/* PrimeCell multimedia card interface (PL181, DDI 0205B) with an SD card in it, or none. */
#ifndef VMM_DEV_PL181_H
#define VMM_DEV_PL181_H

#include "vmm/dev/device.h"

struct dev_clock;
struct sdcard;

#define PL181_SIZE 0x1000

/*
 * @card (may be NULL: the slot is empty) becomes the device's when 0 is
 * returned.  @clock runs the data timer and outlives the device.  @irq are
 * MCIINTR0 and MCIINTR1.  0 or -ENOMEM.
 */
int pl181_create(struct dev_clock *clock, struct sdcard *card, const struct irq_line irq[2],
		 struct device **out);
/* The switches of the slot, as the board's SYS_MCI shows them. */
bool pl181_card_present(struct device *dev);
bool pl181_card_readonly(struct device *dev);

#endif
