/* SPDX-License-Identifier: GPL-2.0-only */
/* What a guest that is slowed down gets, on hosts that stop and start its vCPUs quickly or slowly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "vmm/throttle.h"

#define MS 1000000ULL
#define LOOK (5 * MS)	/* how often somebody looks whether it is time */

/* A host; what happens on it, and what the guest has of that. */
struct host {
	u64 leave, enter;	/* the most that these take */
	u64 now;
	u64 counted;		/* of the guest's time */
	u64 ran;		/* with all vCPUs in it */
	u64 stood, longest;
	u32 noise;
	unsigned int stops;
};

static u64 up_to(struct host *h, u64 most)
{
	h->noise = h->noise * 1664525 + 1013904223;
	return most / 2 + (most / 2) * (h->noise >> 16) / 0xffff;
}

/* Until they stand again.  The count goes on from when the first may come to when the last has left. */
static void run_once(struct host *h, struct throttle *t)
{
	u64 begin = h->now, since = begin + up_to(h, h->enter), asked, stand;

	while (h->now < since) {
		h->now += LOOK < since - h->now ? LOOK : since - h->now;
		if (h->now < since)
			assert_false(throttle_due(t, 0, h->now));
	}
	while (!throttle_due(t, since, h->now))
		h->now += LOOK;
	asked = h->now;
	h->ran += asked - since;
	h->now += up_to(h, h->leave);
	/* Asked already. */
	assert_false(throttle_due(t, since, h->now));
	h->counted += h->now - begin;
	throttle_stands(t, h->now);
	stand = t->stand;
	h->now += stand;
	h->stood += stand;
	if (stand > h->longest)
		h->longest = stand;
	throttle_goes(t, h->now);
	h->stops++;
}

static void run(struct host *h, unsigned int percent, u64 ns)
{
	struct throttle t = { .percent = percent };

	/* The first slice knows nothing of this host. */
	run_once(h, &t);
	*h = (struct host){ .leave = h->leave, .enter = h->enter, .now = h->now, .noise = h->noise };
	for (u64 end = h->now + ns; h->now < end;)
		run_once(h, &t);
}

/* On an emulated Cortex-A15 that sends a guest away: up to 100 ms until all vCPUs are in, 60 until all are out. */
static void test_own_time(void **state)
{
	static const u64 took[][2] = { { 0, 0 }, { 0, 5 }, { 5, 0 }, { 60, 100 }, { 20, 30 }, { 100, 100 } };

	(void)state;
	for (unsigned int i = 0; i < sizeof(took) / sizeof(took[0]); i++) {
		for (unsigned int percent = 20; percent <= THROTTLE_PERCENT_MAX; percent += percent < 80 ? 20 : 5) {
			struct host h = { .now = MS, .leave = took[i][0] * MS, .enter = took[i][1] * MS };

			run(&h, percent, 60000 * MS);
			assert_true(h.ran * 2 >= h.counted);
			assert_true(h.longest <= 1000 * MS);
		}
	}
}

/* Where stopping costs nothing, it is what was asked for, and few stops. */
static void test_percent(void **state)
{
	(void)state;
	for (unsigned int percent = 20; percent < 100; percent += 15) {
		struct host h = { .now = MS };

		run(&h, percent, 60000 * MS);
		assert_in_range(h.stood * 100 / h.now, percent - 2, percent + 2);
		assert_true(h.stops <= 60 * 50);
	}
}

/* A stop that took very long, because something else was done in it, is soon forgotten. */
static void test_long_stop(void **state)
{
	struct throttle t = { .percent = 95 };
	u64 since = 1000 * MS;

	(void)state;
	assert_true(throttle_due(&t, since, since + 100 * MS));
	throttle_stands(&t, since + 101 * MS);
	throttle_goes(&t, since + 300 * MS);
	since += 3600 * 1000 * MS;
	assert_false(throttle_due(&t, since, since));
	assert_true(throttle_due(&t, since, since + 500 * MS));
	throttle_stands(&t, since + 501 * MS);
	throttle_goes(&t, since + 600 * MS);
	since += 601 * MS;
	assert_true(throttle_due(&t, since, since + 10 * MS));
}

/* Nothing to do: at full speed, when not all run, and with a number that is none. */
static void test_none(void **state)
{
	struct throttle t = { 0 };

	(void)state;
	assert_false(throttle_due(&t, 1, 3600 * 1000 * MS));
	t.percent = 50;
	assert_false(throttle_due(&t, 0, 3600 * 1000 * MS));
	assert_false(throttle_due(&t, 2 * MS, MS));
	t.percent = THROTTLE_PERCENT_MAX + 1;
	assert_false(throttle_due(&t, 1, 3600 * 1000 * MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_time), cmocka_unit_test(test_percent), cmocka_unit_test(test_long_stop),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
