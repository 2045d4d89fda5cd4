/* SPDX-License-Identifier: GPL-2.0-only */
/* Generic timer arithmetic; see arm/timer.h. */
#include "arm/timer.h"

#define NS_PER_S 1000000000u

struct quotient {
	u64 q;
	u32 r;
};

/*
 * 64 / 32 division.  A 32-bit kernel module has no library routine behind the
 * operator, so there it is done a bit at a time (some 200 cycles; only timer
 * programming comes here, not counter reads).  @d is not 0.
 */
static struct quotient divide(u64 n, u32 d)
{
	struct quotient res = { 0, 0 };
	u64 r = 0;

	if (sizeof(long) == 8) {
		res.q = n / d;
		res.r = (u32)(n - res.q * d);
		return res;
	}
	for (int i = 63; i >= 0; i--) {
		r = r << 1 | ((n >> i) & 1);
		if (r >= d) {
			r -= d;
			res.q |= 1ULL << i;
		}
	}
	res.r = (u32)r;
	return res;
}

/*
 * With ns = s * 10^9 + r, ns * hz / 10^9 = s * hz + r * hz / 10^9 and the first
 * term is whole, so flooring the second alone is exact.  r * hz < 2^62.
 */
u64 arm_timer_ns_to_count(u64 ns, u32 hz)
{
	struct quotient s = divide(ns, NS_PER_S);

	return s.q * hz + divide((u64)s.r * hz, NS_PER_S).q;
}

u64 arm_timer_count_to_ns(u64 count, u32 hz)
{
	struct quotient s, part;
	u64 whole, rest;

	if (!hz)
		return ARM_TIMER_NEVER;
	s = divide(count, hz);
	part = divide((u64)s.r * NS_PER_S, hz);
	rest = part.q + (part.r != 0);
	if (__builtin_mul_overflow(s.q, (u64)NS_PER_S, &whole) ||
	    __builtin_add_overflow(whole, rest, &whole))
		return ARM_TIMER_NEVER;
	return whole;
}

u64 arm_timer_ns_until(const struct arm_timer *t, u64 now_ns, u32 hz, u64 offset)
{
	u64 phys = arm_timer_ns_to_count(now_ns, hz);
	u64 count = phys - offset;
	u64 due;

	if (!(t->ctl & ARM_TIMER_ENABLE))
		return ARM_TIMER_NEVER;
	if (arm_timer_condition(t, count))
		return 0;
	if (__builtin_add_overflow(phys, t->cval - count, &phys))
		return ARM_TIMER_NEVER;
	due = arm_timer_count_to_ns(phys, hz);
	return due == ARM_TIMER_NEVER ? ARM_TIMER_NEVER : due - now_ns;
}

u64 arm_timer_next_event(u64 count, unsigned int evnti, bool falling)
{
	u64 half = 1ULL << (evnti & 15);
	u64 period = half << 1;
	u64 ahead = ((falling ? 0 : half) - count) & (period - 1);

	return count + (ahead ? ahead : period);
}
