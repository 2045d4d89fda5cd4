/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the guests of the tests find things: shared by the host side and the guests. */
#ifndef TESTS_HYP_PORTS_H
#define TESTS_HYP_PORTS_H

#define GUEST_RAM	0x80000000u
#define GUEST_RAM_SIZE	0x02000000u
#define GUEST_FREE	0x80800000u	/* above the image, for the tests themselves */
#define GUEST_GICD	0x08000000u
#define GUEST_GICC	0x08010000u
#define GUEST_HOLE	0x10000000u	/* 256 MiB with nothing in it: exits to user space */

/* Words that the host side's run loop answers itself; each is accessed with a plain LDR or STR. */
#define PORT		0x0a000000u
#define PORT_EXIT	(PORT + 0x0)
#define PORT_FAIL	(PORT + 0x4)	/* the line, after A and B */
#define PORT_A		(PORT + 0x8)
#define PORT_B		(PORT + 0xc)
#define PORT_SYNC	(PORT + 0x10)
#define PORT_PUTC	(PORT + 0x14)

#endif
