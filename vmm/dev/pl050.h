/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PrimeCell keyboard/mouse interface (PL050, DDI 0143C) with what is plugged
 * into it: a PS/2 keyboard, or a mouse with a wheel.
 */
#ifndef VMM_DEV_PL050_H
#define VMM_DEV_PL050_H

#include "vmm/dev/device.h"

struct dev_clock;

#define PL050_SIZE 0x1000

enum pl050_kind {
	PL050_KEYBOARD,
	PL050_MOUSE,
};

/* @clock runs typematic repeat and mouse reports, and outlives the device.  0 or -ENOMEM. */
int pl050_create(struct dev_clock *clock, enum pl050_kind kind, struct irq_line irq,
		 struct device **out);

/*
 * What a user does.  Any thread.  Events that the guest does not fetch are lost
 * as a real device loses them: its buffer is bounded.
 */

/* @keycode: as in linux/input-event-codes.h (KEY_*); -EINVAL when the keyboard has no such key. */
int pl050_key(struct device *dev, unsigned int keycode, bool down);

#define PL050_BUTTON_LEFT 1u
#define PL050_BUTTON_RIGHT 2u
#define PL050_BUTTON_MIDDLE 4u
/* Counts to the right, up and of the wheel (towards the user), and the buttons held now. */
int pl050_mouse_move(struct device *dev, int dx, int dy, int dz, unsigned int buttons);

#define PL050_LED_SCROLL 1u
#define PL050_LED_NUM 2u
#define PL050_LED_CAPS 4u
/* The keyboard's lamps, PL050_LED_*. */
unsigned int pl050_leds(struct device *dev);

#endif
