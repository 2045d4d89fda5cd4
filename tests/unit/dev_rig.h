/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tests of memory-mapped devices share: register accesses, an interrupt
 * line that is watched, and a main loop that the test turns by hand.
 */
#ifndef TESTS_UNIT_DEV_RIG_H
#define TESTS_UNIT_DEV_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "vmm/dev/device.h"
#include "vmm/dev/timer.h"
#include "vmm/host/loop.h"

struct dev_rig {
	struct device *dev;
	struct loop *loop;
	struct dev_clock clock;
	bool level[2];
	unsigned int edges[2];	/* rising */
};

static inline void rig_loop(struct dev_rig *r)
{
	assert_int_equal(loop_create(&r->loop), 0);
	r->clock = (struct dev_clock){ .loop = r->loop };
}

static inline void rig_line(void *ctx, unsigned int n, bool level)
{
	struct dev_rig *r = ctx;

	if (level && !__atomic_load_n(&r->level[n], __ATOMIC_SEQ_CST))
		__atomic_fetch_add(&r->edges[n], 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&r->level[n], level, __ATOMIC_SEQ_CST);
}

static inline bool rig_irq(struct dev_rig *r, unsigned int n)
{
	return __atomic_load_n(&r->level[n], __ATOMIC_SEQ_CST);
}

static inline struct irq_line rig_irq_line(struct dev_rig *r, unsigned int n)
{
	return (struct irq_line){ .set = rig_line, .ctx = r, .n = n };
}

static inline u64 rd_n(struct dev_rig *r, u64 off, unsigned int size)
{
	u64 val = 0x5555;

	assert_int_equal(r->dev->ops->read(r->dev, 0, off, size, &val), ARM_HANDLED);
	return val;
}

static inline u32 rd(struct dev_rig *r, u64 off)
{
	return rd_n(r, off, 4);
}

static inline void wr_n(struct dev_rig *r, u64 off, unsigned int size, u64 val)
{
	assert_int_equal(r->dev->ops->write(r->dev, 0, off, size, val), ARM_HANDLED);
}

static inline void wr(struct dev_rig *r, u64 off, u32 val)
{
	wr_n(r, off, 4, val);
}

static inline void rig_quit(void *opaque)
{
	loop_quit(opaque);
}

/* Runs what is ready on the loop. */
static inline void rig_turn(struct dev_rig *r)
{
	for (int i = 0; i < 4; i++) {
		loop_call(r->loop, rig_quit, r->loop);
		loop_run(r->loop);
	}
}

static inline u64 rig_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Turns the loop for @ms. */
static inline void rig_run_ms(struct dev_rig *r, unsigned int ms)
{
	u64 end = rig_ms() + ms;

	do {
		rig_turn(r);
		usleep(200);
	} while (rig_ms() < end);
}

/* Until (reg & mask) == want, or five seconds have gone. */
static inline bool rig_wait(struct dev_rig *r, u64 off, u32 mask, u32 want)
{
	u64 end = rig_ms() + 5000;

	while ((rd(r, off) & mask) != want) {
		if (rig_ms() > end)
			return false;
		rig_turn(r);
		usleep(50);
	}
	return true;
}

/* The four bytes of PeriphID and those of PCellID. */
static inline void rig_check_id(struct dev_rig *r, u32 id)
{
	u32 periph = 0, cell = 0;

	for (int i = 0; i < 4; i++) {
		periph |= rd(r, 0xfe0 + 4 * i) << 8 * i;
		cell |= rd(r, 0xff0 + 4 * i) << 8 * i;
	}
	assert_int_equal(periph, id);
	assert_int_equal(cell, 0xb105f00d);
}

#endif
