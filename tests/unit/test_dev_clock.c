/* SPDX-License-Identifier: GPL-2.0-only */
/* The devices' clock stands still with the machine, and so do their timers. */
#include "tests/unit/dev_rig.h"

#include <pthread.h>

#include "vmm/dev/timer.h"

#define MS 1000000ull

static struct dev_rig rig;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct bell {
	struct dev_timer timer;
	unsigned int rung;
};

static void ring(void *opaque)
{
	((struct bell *)opaque)->rung++;
}

static void bell_set(struct bell *b, u64 ns)
{
	pthread_mutex_lock(&lock);
	dev_timer_set(&b->timer, ns);
	pthread_mutex_unlock(&lock);
}

static void bell_make(struct bell *b)
{
	b->rung = 0;
	dev_timer_init(&b->timer, &rig.clock, &lock, ring, b);
}

static bool wait_rung(struct bell *b)
{
	for (int i = 0; i < 5000 && !b->rung; i++)
		rig_run_ms(&rig, 1);
	return b->rung == 1;
}

static void time_stands(void **state)
{
	const struct dev_clock other = { .loop = rig.loop };
	u64 before, then;

	(void)state;
	dev_clock_stop(&rig.clock);
	then = dev_now(&rig.clock);
	before = dev_now(&other);
	usleep(20000);
	assert_true(dev_now(&rig.clock) == then);
	assert_true(dev_now(&other) - before >= 20 * MS);
	dev_clock_stop(&rig.clock);
	assert_true(dev_now(&rig.clock) == then);
	before = rig_ms();
	dev_clock_go(&rig.clock);
	/* Both clocks go on, and the one is not ahead of the other. */
	usleep(20000);
	assert_in_range(dev_now(&rig.clock) - then, 20 * MS, (rig_ms() - before + 2) * MS);
	then = dev_now(&rig.clock);
	dev_clock_go(&rig.clock);
	assert_true(dev_now(&rig.clock) >= then);
}

/* Set before it stops or while it stands; what was due in between comes when the rest of its time is over. */
static void timers_wait(void **state)
{
	struct bell before, after, gone;

	(void)state;
	bell_make(&before);
	bell_make(&after);
	bell_make(&gone);
	bell_set(&before, 30 * MS);
	bell_set(&gone, 30 * MS);
	rig_turn(&rig);
	dev_clock_stop(&rig.clock);
	bell_set(&after, 0);
	rig_run_ms(&rig, 100);
	assert_int_equal(before.rung + after.rung + gone.rung, 0);
	dev_timer_destroy(&gone.timer);
	dev_clock_go(&rig.clock);
	assert_true(wait_rung(&after));
	assert_true(wait_rung(&before));
	rig_run_ms(&rig, 50);
	assert_int_equal(before.rung + after.rung, 2);
	assert_int_equal(gone.rung, 0);
	dev_timer_destroy(&before.timer);
	dev_timer_destroy(&after.timer);
}

static int setup(void **state)
{
	(void)state;
	rig_loop(&rig);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	loop_free(rig.loop);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_stands),
		cmocka_unit_test(timers_wait),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
