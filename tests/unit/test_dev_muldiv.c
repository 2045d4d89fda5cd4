/* SPDX-License-Identifier: GPL-2.0-only */
/* The devices' 128-bit arithmetic against the compiler's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "vmm/dev/timer.h"

static void check(u64 a, u64 b, u64 c, u64 d)
{
	assert_int_equal(dev_muldiv(a, b, c, d), (u64)(((u128)a * b + c) / d));
}

static void muldiv(void **ctx)
{
	static const u64 odd[] = { 0, 1, 2, 0xffffffff, 0x100000000, 0x1000000ff, 1ULL << 63, ~0ULL - 1, ~0ULL };
	const size_t n = ARM_ARRAY_SIZE(odd);
	u64 x = 88172645463325252ULL, v[4];

	(void)ctx;
	for (size_t i = 0; i < n * n * n * n; i++)
		if (odd[i % n])
			check(odd[i / n % n], odd[i / n / n % n], odd[i / n / n / n], odd[i % n]);
	for (unsigned int i = 0; i < 100000; i++) {
		for (unsigned int j = 0; j < 4; j++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			v[j] = x >> (x & 63);
		}
		check(v[0], v[1], v[2], v[3] | 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(muldiv) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
