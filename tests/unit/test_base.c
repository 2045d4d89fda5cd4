/* SPDX-License-Identifier: GPL-2.0-only */
/* The helpers of arm/base.h at their limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "arm/base.h"

static void mask_at_limits(void **state)
{
	(void)state;
	assert_true(ARM_MASK(63, 0) == ~0ULL);
	assert_true(ARM_MASK(0, 0) == 1);
	assert_true(ARM_MASK(63, 63) == 1ULL << 63);
	assert_true(ARM_MASK(15, 8) == 0xff00);
}

static void bits_shift_down(void **state)
{
	(void)state;
	assert_true(arm_bits(0x123456789abcdef0, 63, 60) == 1);
	assert_true(arm_bits(0x123456789abcdef0, 63, 0) == 0x123456789abcdef0);
	assert_true(arm_bits(0x123456789abcdef0, 7, 4) == 0xf);
	assert_true(arm_bit(1ULL << 63, 63));
	assert_false(arm_bit(1ULL << 63, 62));
}

static void sext_at_limits(void **state)
{
	(void)state;
	assert_true(arm_sext(1, 1) == -1);
	assert_true(arm_sext(0x80, 8) == -128);
	assert_true(arm_sext(0x7f, 8) == 127);
	assert_true(arm_sext(~0ULL, 64) == -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mask_at_limits),
		cmocka_unit_test(bits_shift_down),
		cmocka_unit_test(sext_at_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
