/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/dev/timer.h"

u64 dev_muldiv(u64 a, u64 b, u64 c, u64 d)
{
	u64 mid = (a >> 32) * (u32)b, mid2 = (u64)(u32)a * (b >> 32) + (u32)mid;
	u64 low = (u64)(u32)a * (u32)b, lo = a * b, rem = 0, quot = 0;
	u64 hi = (a >> 32) * (b >> 32) + (mid >> 32) + (mid2 >> 32) + (((u64)(u32)mid2 + (low >> 32)) >> 32);

	lo += c;
	hi += lo < c;
	if (!hi)
		return lo / d;
	/* Long division, bit by bit; what the remainder loses at the top is its bit 64. */
	for (int i = 127; i >= 0; i--) {
		bool top = rem >> 63;

		rem = rem << 1 | ((i < 64 ? lo >> i : hi >> (i - 64)) & 1);
		quot <<= 1;
		if (top || rem >= d) {
			rem -= d;
			quot |= 1;
		}
	}
	return quot;
}
