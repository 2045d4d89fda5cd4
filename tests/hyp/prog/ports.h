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

/*
 * g_stamp() writes to both ends of page n, in round r.  Its argument is the number of pages
 * and, from bit 16, how they may have changed since the round before.
 */
#define STAMP(page, round)	((page) * 0x01000193u + (round))
#define STAMP_ZERO_OK	1u	/* the page may have been dropped */
#define STAMP_OLDER_OK	2u	/* a store may have gone nowhere */
#define STAMP_FAR	4u	/* the pages are at STAMP_FAR_BASE, else from GUEST_FREE, for each CPU its own */
#define STAMP_MMU_OFF	8u	/* for the host side: so it is begun */
#define STAMP_FAR_BASE	0x90000000u

#endif
