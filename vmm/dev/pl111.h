/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PrimeCell colour LCD controller (PL111, DDI 0293C).  Nothing is shown: the
 * picture is made from guest memory when somebody asks for it.
 */
#ifndef VMM_DEV_PL111_H
#define VMM_DEV_PL111_H

#include "vmm/dev/device.h"

struct guest_mem;
struct dev_clock;

#define PL111_SIZE 0x1000
/* PPL and LPP have no room for more; a dual panel has two halves. */
#define PL111_WIDTH_MAX 1024
#define PL111_HEIGHT_MAX 2048

/* @clock runs the frame interrupts; it and @mem (RAM and VRAM) outlive the device.  0 or -ENOMEM. */
int pl111_create(struct dev_clock *clock, struct guest_mem *mem, struct irq_line irq,
		 struct device **out);

/*
 * What the panel shows now, with the hardware cursor: rows from the top, each
 * pixel 0x00RRGGBB.  Guest memory that is not there is black.  Any thread.
 */
struct pl111_picture {
	unsigned int width, height;
	u32 *pixels;		/* width * height; free() it */
};

/* 0, -ENODATA with the controller or the panel's power off, or -ENOMEM. */
int pl111_picture(struct device *dev, struct pl111_picture *out);
/* The same as a PNG file (made or replaced).  As above, or -errno of the file. */
int pl111_screenshot(struct device *dev, const char *path);

#endif
