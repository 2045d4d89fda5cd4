// SPDX-License-Identifier: GPL-2.0-only
/* The guest's own tables, for what HSR does not say of them. */
#include <linux/mm.h>

#include "hyp/hyp.h"

#define TTBCR_LONG (1u << 31)
#define TTBCR_N 7u			/* short descriptors; T0SZ of long ones */
#define TTBCR_T1SZ_SHIFT 16

#define DESC_TABLE 0xfffffff000ull

static bool same_page(u64 a, u64 b)
{
	return a >> PAGE_SHIFT == b >> PAGE_SHIFT;
}

/* DDI 0406C B3.5.5: the first table is that of TTBR1 unless the N highest bits of @va are 0. */
static unsigned int level_short(const struct hyp_guest *g, u32 va, u64 ipa)
{
	unsigned int n = g->cp15[HYP_CP15_TTBCR] & TTBCR_N;
	u32 table = g->cp15[HYP_CP15_TTBR0];

	if (n && va >> (32 - n)) {
		table = g->cp15[HYP_CP15_TTBR1];
		n = 0;
	}
	table &= ~(0x3fffu >> n);
	return same_page(table | (va << n >> n >> 20) * 4, ipa) ? 1 : 2;
}

/* B3.6.5-6: TTBR0 has the 2^(32 - T0SZ) lowest addresses, TTBR1 the highest, or all that TTBR0 has not. */
static unsigned int level_long(struct hyp_vcpu *vcpu, u32 va, u64 ipa)
{
	const u32 *cp15 = vcpu->guest->cp15;
	unsigned int sz = cp15[HYP_CP15_TTBCR] & TTBCR_N, sz1 = cp15[HYP_CP15_TTBCR] >> TTBCR_T1SZ_SHIFT & TTBCR_N;
	const u32 *ttbr = &cp15[HYP_CP15_TTBR0];
	unsigned int level, shift;
	u64 table, desc;

	if (sz ? va >> (32 - sz) : sz1 && ~va >> (32 - sz1) == 0) {
		ttbr = &cp15[HYP_CP15_TTBR1];
		sz = sz1;
	}
	table = (u64)(ttbr[1] & 0xff) << 32 | ttbr[0];
	va = va << sz >> sz;
	level = sz < 2 ? 1 : 2;
	/* The first table may be smaller than a page: @va has no more bits than index it. */
	table &= ~((8ull << (32 - sz - (level == 1 ? 30 : 21))) - 1);
	for (; level < 3; level++) {
		shift = level == 1 ? 30 : 21;
		table += (u64)(va >> shift) * 8;
		if (same_page(table, ipa) || mmu_read(vcpu->vm, table, &desc, sizeof(desc)))
			break;
		table = desc & DESC_TABLE;
		va &= (1u << shift) - 1;
	}
	return level;
}

unsigned int stage1_level(struct hyp_vcpu *vcpu, u32 va, u64 ipa)
{
	if (vcpu->guest->cp15[HYP_CP15_TTBCR] & TTBCR_LONG)
		return level_long(vcpu, va, ipa);
	return level_short(vcpu->guest, va, ipa);
}
