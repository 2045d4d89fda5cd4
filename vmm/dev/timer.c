/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/dev/timer.h"

#include "vmm/host/clock.h"
#include "vmm/host/loop.h"

u64 dev_now(void)
{
	return clock_ns();
}

static void timer_fire(void *opaque);

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

void dev_timer_destroy(struct dev_timer *t)
{
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
