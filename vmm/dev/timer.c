/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/dev/timer.h"

#include "vmm/host/clock.h"
#include "vmm/host/loop.h"

#define STANDS ARM_BIT(63)

/* With STANDS: what the time is.  Else how far it is behind the host's. */
static u64 dev_clock;
/* Those that wait for it to go on; the loop's thread only. */
static struct dev_timer *parked;

static u64 clock_state(void)
{
	return __atomic_load_n(&dev_clock, __ATOMIC_SEQ_CST);
}

u64 dev_now(void)
{
	u64 state = clock_state();

	return state & STANDS ? state & ~STANDS : clock_ns() - state;
}

static void timer_fire(void *opaque);

static void park(struct dev_timer *t)
{
	if (t->is_parked)
		return;
	t->is_parked = true;
	t->next = parked;
	parked = t;
}

/* On the loop's thread with the lock: makes the loop wake at the deadline. */
static void timer_arm(struct dev_timer *t)
{
	u64 now = dev_now();

	if (t->src)
		loop_remove(t->src);
	t->src = NULL;
	t->armed = t->deadline;
	if (!t->deadline)
		return;
	if (clock_state() & STANDS) {
		park(t);
		return;
	}
	t->src = loop_add_timer(t->loop, t->deadline > now ? t->deadline - now : 0, 0,
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
	if (t->deadline && t->deadline <= dev_now()) {
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

void dev_timer_init(struct dev_timer *t, struct loop *loop, pthread_mutex_t *lock,
		    void (*fn)(void *opaque), void *opaque)
{
	*t = (struct dev_timer){ .loop = loop, .lock = lock, .fn = fn, .opaque = opaque };
}

void dev_clock_stop(void)
{
	__atomic_store_n(&dev_clock, dev_now() | STANDS, __ATOMIC_SEQ_CST);
}

void dev_clock_go(void)
{
	struct dev_timer *t;

	if (clock_state() & STANDS)
		__atomic_store_n(&dev_clock, clock_ns() - dev_now(), __ATOMIC_SEQ_CST);
	while ((t = parked)) {
		parked = t->next;
		t->is_parked = false;
		pthread_mutex_lock(t->lock);
		timer_arm(t);
		pthread_mutex_unlock(t->lock);
	}
}

void dev_timer_destroy(struct dev_timer *t)
{
	struct dev_timer **at;

	for (at = &parked; *at; at = &(*at)->next)
		if (*at == t) {
			*at = t->next;
			break;
		}
	loop_uncall(t->loop, timer_call, t);
	loop_remove(t->src);
	t->src = NULL;
}

void dev_timer_set(struct dev_timer *t, u64 delay_ns)
{
	t->deadline = dev_now() + delay_ns;
	if (t->queued || (t->armed && t->armed <= t->deadline))
		return;
	t->queued = true;
	loop_call(t->loop, timer_call, t);
}

void dev_timer_cancel(struct dev_timer *t)
{
	t->deadline = 0;
}
