/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The holding pen of boards without firmware: secondary CPUs sleep there until
 * the guest writes an address to the board's flags register and sends them an interrupt.
 */
#ifndef VMM_MACHINE_PEN_H
#define VMM_MACHINE_PEN_H

#include "vmm/machine/machine.h"

#define PEN_WORDS 20

/* The code that goes to @pen->at. */
void pen_code(const struct machine_pen *pen, u32 code[PEN_WORDS]);
/* Writes it there; 0 or -EFAULT. */
int pen_load(const struct machine_pen *pen, struct guest_mem *mem);

#endif
