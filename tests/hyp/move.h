/* SPDX-License-Identifier: GPL-2.0-only */
/* What guest/move.c and kvm_move.c have in common: values of guest_sync(), and addresses. */
#ifndef TESTS_HYP_MOVE_H
#define TESTS_HYP_MOVE_H

#include "tests/hyp/prog/ports.h"

#define MOVE_NOW	1u	/* guest_ask() then tells how often */
#define MOVE_RAISE	0x1000u	/* + interrupt id: its line; so the next three */
#define MOVE_LOWER	0x2000u
#define MOVE_PULSE	0x3000u	/* up and down */
#define MOVE_RAISE_UNTIL 0x4000u	/* the device lowers it while the VM moves */
#define MOVE_DIRTY	0x5000u	/* + round: so many pages were written */

#define MOVE_PTIMER	1u	/* argument of g_move_gic */
#define MOVE_POLL	0x1000u	/* of g_move_load: interrupts are asked for, not taken */
#define MOVE_SECONDS	6u	/* how long a move takes at least, when it is asked for */
#define MOVE_FIFO	(GUEST_HOLE + 0x100u)	/* 4 words: reads count up, writes are to be what was read */
#define MOVE_DIRTY_PAGES 40u

#endif
