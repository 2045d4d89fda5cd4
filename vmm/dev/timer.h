/* SPDX-License-Identifier: GPL-2.0-only */
/* The time of the board's devices, and timers in it. */
#ifndef VMM_DEV_TIMER_H
#define VMM_DEV_TIMER_H

#include <pthread.h>

#include "arm/base.h"

struct loop;
struct loop_source;

/*
 * The devices' time: the host's CLOCK_MONOTONIC in ns, less the time for which the machine stood
 * still.  A guest that is held, slowed down or on its way does not see to its watchdog.
 * It begins with its loop alone, and going; nothing is to be freed.
 */
struct dev_clock {
	struct loop *loop;
	u64 state;			/* timer.c; any thread reads it */
	struct dev_timer *parked;	/* those that wait for it to go on; the loop's thread only */
};

/* Any thread. */
u64 dev_now(const struct dev_clock *c);
/* On the loop's thread while no vCPU runs.  Again is nothing. */
void dev_clock_stop(struct dev_clock *c);
void dev_clock_go(struct dev_clock *c);

/*
 * A one-shot timer of a device: set on any thread under the device's lock,
 * runs on the loop's thread.  Setting it often costs little: a timer that is set later
 * again and again wakes the loop once per period, not per call.
 */
struct dev_timer {
	struct dev_clock *clock;
	pthread_mutex_t *lock;		/* the device's */
	/* With the lock held; may drop it meanwhile, and set the timer again. */
	void (*fn)(void *opaque);
	void *opaque;
	/* Under the lock, in ns of the clock; 0: none. */
	u64 deadline;
	u64 armed;			/* when the loop will wake */
	u64 left;			/* for save tables: ns to the deadline and 1 more; 0: none */
	bool queued;			/* a call to the loop is under way */
	/* The loop's thread only. */
	struct loop_source *src;
	struct dev_timer *next;		/* parked */
	bool is_parked;
};

/* @clock outlives the timer. */
void dev_timer_init(struct dev_timer *t, struct dev_clock *clock, pthread_mutex_t *lock,
		    void (*fn)(void *opaque), void *opaque);
/* On the loop's thread, or when the loop has ended; the lock is not held. */
void dev_timer_destroy(struct dev_timer *t);
/* The following with the lock held.  @delay_ns 0: as soon as possible. */
void dev_timer_set(struct dev_timer *t, u64 delay_ns);
void dev_timer_cancel(struct dev_timer *t);
static inline bool dev_timer_pending(const struct dev_timer *t)
{
	return t->deadline;
}

/*
 * For save tables.  A point in time moves as what has gone by since (a field with
 * DEV_AGE_MAX as its max), a timer as its field left (DEV_LEFT_MAX): a machine that is moved
 * does not notice how long that took.
 */
#define DEV_AGE_MAX (1ULL << 62)
#define DEV_LEFT_MAX (1ULL << 60)

/* Both ways: a time to its age, an age to its time. */
static inline u64 dev_age(const struct dev_clock *c, u64 then)
{
	return dev_now(c) - then;
}

/* In before(). */
static inline void dev_timer_save(struct dev_timer *t)
{
	u64 now = dev_now(t->clock);

	t->left = !t->deadline ? 0 : t->deadline > now ? t->deadline - now + 1 : 1;
}

/* In after(), with the lock held. */
static inline void dev_timer_load(struct dev_timer *t)
{
	if (t->left)
		dev_timer_set(t, t->left - 1);
	else
		dev_timer_cancel(t);
}

/* floor((@a * @b + @c) / @d) modulo 2^64, exact on hosts of any width; @d is not 0. */
u64 dev_muldiv(u64 a, u64 b, u64 c, u64 d);

#endif
