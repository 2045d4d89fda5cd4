/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generic timer arithmetic (DDI 0487 D11, DDI 0406C B8).  Pure functions over
 * numbers: who reads the host's clock and who raises the line is the caller's
 * business.
 *
 * Three time bases: host nanoseconds (monotonic, any origin that stays put),
 * the physical count they make at a frequency, and a guest's count, which is
 * the physical count minus an offset (CNTVOFF_EL2) modulo 2^64.
 */
#ifndef ARM_TIMER_H
#define ARM_TIMER_H

#include "arm/base.h"

#define ARM_TIMER_HZ_DEFAULT 62500000u
#define ARM_TIMER_NEVER (~0ULL)		/* nanoseconds: not in this life */

/* CNT{P,V,HP}_CTL */
#define ARM_TIMER_ENABLE (1u << 0)
#define ARM_TIMER_IMASK (1u << 1)
#define ARM_TIMER_ISTATUS (1u << 2)	/* read-only, computed, never stored */

/* One timer.  @ctl holds ENABLE and IMASK only. */
struct arm_timer {
	u64 cval;
	u32 ctl;
};

/*
 * floor(@ns * @hz / 10^9) modulo 2^64, exact for every input: no drift, whatever
 * the uptime.  @hz of 0 gives 0.
 */
u64 arm_timer_ns_to_count(u64 ns, u32 hz);

/*
 * The first nanosecond at which arm_timer_ns_to_count() reaches @count;
 * ARM_TIMER_NEVER if that is out of range or @hz is 0.
 */
u64 arm_timer_count_to_ns(u64 count, u32 hz);

/*
 * Nanoseconds from @now_ns until @t's condition is met, 0 if it is; NEVER if
 * @t is disabled or that lies beyond the end of the count.  IMASK does not
 * matter here.  @offset: CNTVOFF.
 */
u64 arm_timer_ns_until(const struct arm_timer *t, u64 now_ns, u32 hz, u64 offset);

/*
 * CNTKCTL/CNTHCTL event stream (D11.2.5): the first count after @count at which
 * bit @evnti (0..15) changes to 1, or to 0 if @falling.  Wraps modulo 2^64.
 */
u64 arm_timer_next_event(u64 count, unsigned int evnti, bool falling);

/* The offset that makes a guest read @guest_count now that the physical count is @phys. */
static inline u64 arm_timer_offset(u64 phys, u64 guest_count)
{
	return phys - guest_count;
}

/* @count below is the guest's: physical count minus offset. */
static inline bool arm_timer_condition(const struct arm_timer *t, u64 count)
{
	return count >= t->cval;
}

/* ISTATUS is UNKNOWN while disabled; it reads as 0 here. */
static inline u32 arm_timer_read_ctl(const struct arm_timer *t, u64 count)
{
	bool status = (t->ctl & ARM_TIMER_ENABLE) && arm_timer_condition(t, count);

	return t->ctl | (status ? ARM_TIMER_ISTATUS : 0);
}

static inline void arm_timer_write_ctl(struct arm_timer *t, u32 v)
{
	t->ctl = v & (ARM_TIMER_ENABLE | ARM_TIMER_IMASK);
}

/* Level of the timer's interrupt. */
static inline bool arm_timer_line(const struct arm_timer *t, u64 count)
{
	return t->ctl == ARM_TIMER_ENABLE && arm_timer_condition(t, count);
}

/* TVAL is a signed 32-bit view of CVAL - count (D11.2.4). */
static inline u32 arm_timer_read_tval(const struct arm_timer *t, u64 count)
{
	return (u32)(t->cval - count);
}

static inline void arm_timer_write_tval(struct arm_timer *t, u64 count, u32 v)
{
	t->cval = count + (u64)(s64)(s32)v;
}

#endif
