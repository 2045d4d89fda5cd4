/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/dev/timer.h"

#include "vmm/host/clock.h"
#include "vmm/host/loop.h"

#define STANDS ARM_BIT(63)

/* With STANDS: what the time is.  Else how far it is behind the host's. */
static u64 clock_state(const struct dev_clock *c)
{
	return __atomic_load_n(&c->state, __ATOMIC_SEQ_CST);
}

u64 dev_now(const struct dev_clock *c)
{
	u64 state = clock_state(c);

	return state & STANDS ? state & ~STANDS : clock_ns() - state;
}

static void timer_fire(void *opaque);

static void park(struct dev_timer *t)
{
	if (t->is_parked)
		return;
	t->is_parked = true;
	t->next = t->clock->parked;
	t->clock->parked = t;
}

/* On the loop's thread with the lock: makes the loop wake at the deadline. */
static void timer_arm(struct dev_timer *t)
{
	u64 now = dev_now(t->clock);

	if (t->src)
		loop_remove(t->src);
	t->src = NULL;
	t->armed = t->deadline;
	if (!t->deadline)
		return;
	if (clock_state(t->clock) & STANDS) {
		park(t);
		return;
	}
	t->src = loop_add_timer(t->clock->loop, t->deadline > now ? t->deadline - now : 0, 0,
				timer_fire, t);
	/* Out of memory: the next dev_timer_set() tries again. */
	if (!t->src)
		t->armed = 0;
}

static void timer_fire(void *opaque)
{
	struct dev_timer *t = opaque;

	pthread_mutex_lock(t->lock);
	loop_remove(t->src);
	t->src = NULL;
	t->armed = 0;
	if (t->deadline && t->deadline <= dev_now(t->clock)) {
		bool queued = t->queued;

		t->deadline = 0;
		t->queued = true;	/* what is set meanwhile is armed below */
		t->fn(t->opaque);
		t->queued = queued;
	}
	timer_arm(t);
	pthread_mutex_unlock(t->lock);
}

static void timer_call(void *opaque)
{
	struct dev_timer *t = opaque;

	pthread_mutex_lock(t->lock);
	t->queued = false;
	timer_arm(t);
	pthread_mutex_unlock(t->lock);
}

void dev_timer_init(struct dev_timer *t, struct dev_clock *clock, pthread_mutex_t *lock,
		    void (*fn)(void *opaque), void *opaque)
{
	*t = (struct dev_timer){ .clock = clock, .lock = lock, .fn = fn, .opaque = opaque };
}

void dev_clock_stop(struct dev_clock *c)
{
	__atomic_store_n(&c->state, dev_now(c) | STANDS, __ATOMIC_SEQ_CST);
}

void dev_clock_go(struct dev_clock *c)
{
	struct dev_timer *t;

	if (clock_state(c) & STANDS)
		__atomic_store_n(&c->state, clock_ns() - dev_now(c), __ATOMIC_SEQ_CST);
	while ((t = c->parked)) {
		c->parked = t->next;
		t->is_parked = false;
		pthread_mutex_lock(t->lock);
		timer_arm(t);
		pthread_mutex_unlock(t->lock);
	}
}

void dev_timer_destroy(struct dev_timer *t)
{
	struct dev_timer **at;

	for (at = &t->clock->parked; *at; at = &(*at)->next)
		if (*at == t) {
			*at = t->next;
			break;
		}
	loop_uncall(t->clock->loop, timer_call, t);
	loop_remove(t->src);
	t->src = NULL;
}

void dev_timer_set(struct dev_timer *t, u64 delay_ns)
{
	t->deadline = dev_now(t->clock) + delay_ns;
	if (t->queued || (t->armed && t->armed <= t->deadline))
		return;
	t->queued = true;
	loop_call(t->clock->loop, timer_call, t);
}

void dev_timer_cancel(struct dev_timer *t)
{
	t->deadline = 0;
}
