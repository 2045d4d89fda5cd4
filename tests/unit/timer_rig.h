/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices' timers on a clock that the test moves: this takes the place of
 * vmm/dev/timer.c in the test's program, so that waiting costs nothing and no
 * load of the host makes a timer late.  Include it in one file.
 */
#ifndef TESTS_UNIT_TIMER_RIG_H
#define TESTS_UNIT_TIMER_RIG_H

#include "vmm/dev/timer.h"

#define TIMER_RIG_MAX 64

static struct {
	u64 now;		/* ns; other threads read it */
	struct dev_timer *timers[TIMER_RIG_MAX];
} timer_rig = { .now = 1 };

u64 dev_now(const struct dev_clock *c)
{
	(void)c;
	return __atomic_load_n(&timer_rig.now, __ATOMIC_SEQ_CST);
}

void dev_timer_init(struct dev_timer *t, struct dev_clock *clock, pthread_mutex_t *lock,
		    void (*fn)(void *opaque), void *opaque)
{
	*t = (struct dev_timer){ .clock = clock, .lock = lock, .fn = fn, .opaque = opaque };
	for (int i = 0; i < TIMER_RIG_MAX; i++) {
		if (!timer_rig.timers[i]) {
			timer_rig.timers[i] = t;
			return;
		}
	}
	abort();
}

void dev_timer_destroy(struct dev_timer *t)
{
	for (int i = 0; i < TIMER_RIG_MAX; i++)
		if (timer_rig.timers[i] == t)
			timer_rig.timers[i] = NULL;
}

void dev_timer_set(struct dev_timer *t, u64 delay_ns)
{
	t->deadline = dev_now(NULL) + delay_ns;
}

void dev_timer_cancel(struct dev_timer *t)
{
	t->deadline = 0;
}

/* The timer that is due first, until @*at, which becomes the time when it is. */
static inline struct dev_timer *timer_rig_next(u64 *at)
{
	struct dev_timer *next = NULL;

	for (int i = 0; i < TIMER_RIG_MAX; i++) {
		struct dev_timer *t = timer_rig.timers[i];
		u64 deadline = 0;

		if (t) {
			pthread_mutex_lock(t->lock);
			deadline = t->deadline;
			pthread_mutex_unlock(t->lock);
		}
		if (deadline && deadline <= *at) {
			next = t;
			*at = deadline;
		}
	}
	return next;
}

static inline void timer_rig_set_now(u64 now)
{
	__atomic_store_n(&timer_rig.now, now, __ATOMIC_SEQ_CST);
}

/* @ms go by; what becomes due meanwhile runs at its time. */
static inline void timer_rig_pass_ms(unsigned int ms)
{
	u64 end = dev_now(NULL) + ms * 1000000ull, at = end;
	struct dev_timer *t;

	for (; (t = timer_rig_next(&at)); at = end) {
		timer_rig_set_now(at > dev_now(NULL) ? at : dev_now(NULL));
		pthread_mutex_lock(t->lock);
		if (t->deadline && t->deadline <= at) {
			t->deadline = 0;
			t->fn(t->opaque);
		}
		pthread_mutex_unlock(t->lock);
	}
	timer_rig_set_now(end);
}

#endif
