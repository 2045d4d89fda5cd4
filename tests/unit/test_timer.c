/* SPDX-License-Identifier: GPL-2.0-only */
/* Generic timer arithmetic against 128-bit arithmetic done the obvious way. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "arm/timer.h"

static u64 random64(u64 *seed)
{
	u64 z = (*seed += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static const u32 frequencies[] = {
	1, 32768, 1000000, 19200000, 24000000, 62500000, 100000000,
	999999999, 1000000000, 1000000001, 0xffffffff,
};

static void test_ns_to_count(void **state)
{
	u64 seed = 1;

	(void)state;
	assert_int_equal(arm_timer_ns_to_count(1000000000, 62500000), 62500000);
	assert_int_equal(arm_timer_ns_to_count(15, 62500000), 0);
	assert_int_equal(arm_timer_ns_to_count(16, 62500000), 1);
	assert_int_equal(arm_timer_ns_to_count(123456, 0), 0);
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(frequencies) * 2000; i++) {
		u32 hz = frequencies[i % ARM_ARRAY_SIZE(frequencies)];
		u64 ns = random64(&seed) >> (i % 60);
		u64 want = (u64)((u128)ns * hz / 1000000000);

		assert_true(arm_timer_ns_to_count(ns, hz) == want);
	}
	assert_true(arm_timer_ns_to_count(~0ULL, 62500000) ==
		    (u64)((u128)~0ULL * 62500000 / 1000000000));
}

static void test_count_to_ns(void **state)
{
	u64 seed = 2;

	(void)state;
	assert_true(arm_timer_count_to_ns(5, 0) == ARM_TIMER_NEVER);
	assert_true(arm_timer_count_to_ns(~0ULL, 1) == ARM_TIMER_NEVER);
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(frequencies) * 2000; i++) {
		u32 hz = frequencies[i % ARM_ARRAY_SIZE(frequencies)];
		u64 count = random64(&seed) >> (i % 60);
		u128 want = ((u128)count * 1000000000 + hz - 1) / hz;
		u64 got = arm_timer_count_to_ns(count, hz);

		if (want > ~0ULL) {
			assert_true(got == ARM_TIMER_NEVER);
			continue;
		}
		assert_true(got == (u64)want);
		/* The first nanosecond: there, and not one earlier. */
		if ((u128)got * hz / 1000000000 <= ~0ULL && hz <= 1000000000) {
			assert_true(arm_timer_ns_to_count(got, hz) >= count);
			if (got)
				assert_true(arm_timer_ns_to_count(got - 1, hz) < count);
		}
	}
}

static void test_ctl(void **state)
{
	struct arm_timer t = { .cval = 100 };

	(void)state;
	assert_int_equal(arm_timer_read_ctl(&t, 200), 0);
	assert_false(arm_timer_line(&t, 200));
	arm_timer_write_ctl(&t, 0xffffffff);
	assert_int_equal(t.ctl, 3);
	assert_int_equal(arm_timer_read_ctl(&t, 99), 3);
	assert_int_equal(arm_timer_read_ctl(&t, 100), 7);
	assert_false(arm_timer_line(&t, 100));
	arm_timer_write_ctl(&t, ARM_TIMER_ENABLE | ARM_TIMER_ISTATUS);
	assert_int_equal(t.ctl, 1);
	assert_true(arm_timer_line(&t, 100));
	assert_true(arm_timer_line(&t, ~0ULL));
	assert_false(arm_timer_line(&t, 99));
}

static void test_tval(void **state)
{
	struct arm_timer t = { .ctl = ARM_TIMER_ENABLE };

	(void)state;
	arm_timer_write_tval(&t, 1000, 50);
	assert_int_equal(t.cval, 1050);
	assert_int_equal(arm_timer_read_tval(&t, 1000), 50);
	assert_int_equal(arm_timer_read_tval(&t, 1060), (u32)-10);
	arm_timer_write_tval(&t, 1000, (u32)-1);
	assert_int_equal(t.cval, 999);
	assert_true(arm_timer_line(&t, 1000));
	arm_timer_write_tval(&t, 10, 0x80000000);
	assert_true(t.cval == 10 - 0x80000000ULL);
	arm_timer_write_tval(&t, ~0ULL, 2);
	assert_int_equal(t.cval, 1);
}

static void test_ns_until(void **state)
{
	struct arm_timer t = { .cval = 62500000, .ctl = ARM_TIMER_ENABLE };
	u64 seed = 3;

	(void)state;
	assert_int_equal(arm_timer_ns_until(&t, 0, 62500000, 0), 1000000000);
	assert_int_equal(arm_timer_ns_until(&t, 999999999, 62500000, 0), 1);
	assert_int_equal(arm_timer_ns_until(&t, 1000000000, 62500000, 0), 0);
	/* The guest's time began 2 s ago on the host's: it is 62.5M there at 3 s. */
	assert_int_equal(arm_timer_ns_until(&t, 2000000000, 62500000, 125000000), 1000000000);
	/* IMASK holds the line back, not the condition. */
	t.ctl |= ARM_TIMER_IMASK;
	assert_int_equal(arm_timer_ns_until(&t, 0, 62500000, 0), 1000000000);
	t.ctl = 0;
	assert_true(arm_timer_ns_until(&t, 0, 62500000, 0) == ARM_TIMER_NEVER);
	t = (struct arm_timer){ .cval = ~0ULL, .ctl = ARM_TIMER_ENABLE };
	assert_true(arm_timer_ns_until(&t, 5, 62500000, 0) == ARM_TIMER_NEVER);
	assert_true(arm_timer_ns_until(&t, 5, 0, 0) == ARM_TIMER_NEVER);
	for (unsigned int i = 0; i < 5000; i++) {
		u32 hz = frequencies[i % (ARM_ARRAY_SIZE(frequencies) - 2)];
		u64 now = random64(&seed) >> 8;
		u64 offset = random64(&seed);
		u64 count = arm_timer_ns_to_count(now, hz) - offset;
		u64 wait;

		t.cval = count + (random64(&seed) >> (24 + i % 40));
		wait = arm_timer_ns_until(&t, now, hz, offset);
		if (t.cval <= count) {	/* also after wrapping */
			assert_int_equal(wait, 0);
			continue;
		}
		if (wait == ARM_TIMER_NEVER)
			continue;
		assert_true(arm_timer_line(&t, arm_timer_ns_to_count(now + wait, hz) - offset));
		assert_false(arm_timer_line(&t, arm_timer_ns_to_count(now + wait - 1, hz) - offset));
	}
}

static void test_event(void **state)
{
	u64 seed = 4;

	(void)state;
	assert_int_equal(arm_timer_next_event(0, 0, false), 1);
	assert_int_equal(arm_timer_next_event(1, 0, false), 3);
	assert_int_equal(arm_timer_next_event(1, 0, true), 2);
	assert_int_equal(arm_timer_next_event(8, 3, true), 16);
	for (unsigned int i = 0; i < 300; i++) {
		unsigned int bit = i % 9;
		bool falling = i & 1;
		u64 count = random64(&seed) | (i % 3 ? 0 : ~0ULL << 4);
		u64 c = count;

		do {
			c++;
		} while (!(arm_bit(c, bit) == !falling && arm_bit(c - 1, bit) == falling));
		assert_true(arm_timer_next_event(count, bit, falling) == c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ns_to_count),
		cmocka_unit_test(test_count_to_ns),
		cmocka_unit_test(test_ctl),
		cmocka_unit_test(test_tval),
		cmocka_unit_test(test_ns_until),
		cmocka_unit_test(test_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
