/* SPDX-License-Identifier: GPL-2.0-only */
/* arm/pte.h, arm/esr.h, arm/addr.h against numbers worked out from DDI 0487. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "arm/addr.h"
#include "arm/esr.h"
#include "arm/pte.h"

/* DDI 0487 D8.2.6-8: granule, input bits, start level, log2 of the first table. */
static void test_start_level(void **state)
{
	static const struct {
		enum pte_granule_id id;
		u8 va_bits, level, table_bits;
	} rows[] = {
		{ PTE_4K, 48, 0, 12 }, { PTE_4K, 40, 0, 4 }, { PTE_4K, 39, 1, 12 },
		{ PTE_4K, 31, 1, 4 }, { PTE_4K, 30, 2, 12 }, { PTE_4K, 25, 2, 7 },
		{ PTE_16K, 48, 0, 4 }, { PTE_16K, 47, 1, 14 }, { PTE_16K, 37, 1, 4 },
		{ PTE_16K, 36, 2, 14 }, { PTE_16K, 25, 3, 14 },
		{ PTE_64K, 48, 1, 9 }, { PTE_64K, 43, 1, 4 }, { PTE_64K, 42, 2, 16 },
		{ PTE_64K, 30, 2, 4 }, { PTE_64K, 29, 3, 16 }, { PTE_64K, 25, 3, 12 },
	};

	(void)state;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(rows); i++) {
		const struct pte_granule *g = &pte_granules[rows[i].id];

		assert_int_equal(pte_start_level(g, rows[i].va_bits), rows[i].level);
		assert_int_equal(pte_start_table_bits(g, rows[i].va_bits), rows[i].table_bits);
	}
}

/* The indexes of all levels, put back together, are the address. */
static void test_index(void **state)
{
	u64 va = 0x0000a5c3f19627b8ULL;

	(void)state;
	for (unsigned int id = 0; id < PTE_GRANULES; id++) {
		const struct pte_granule *g = &pte_granules[id];

		for (unsigned int bits = 25; bits <= 48; bits++) {
			u64 sum = arm_bits(va, g->page_bits - 1, 0);

			for (unsigned int l = pte_start_level(g, bits); l <= 3; l++) {
				u64 n = pte_index(g, l, bits, va);

				assert_true(n < 1ULL << g->level_bits);
				sum += n << pte_level_shift(g, l);
			}
			assert_true(sum == arm_bits(va, bits - 1, 0));
		}
	}
	assert_int_equal(pte_level_shift(&pte_granules[PTE_4K], 1), 30);
	assert_int_equal(pte_level_shift(&pte_granules[PTE_16K], 2), 25);
	assert_int_equal(pte_level_shift(&pte_granules[PTE_64K], 2), 29);
}

static void test_kind(void **state)
{
	const struct pte_granule *g4 = &pte_granules[PTE_4K], *g64 = &pte_granules[PTE_64K];

	(void)state;
	assert_int_equal(pte_kind(g4, 0, 0), PTE_KIND_INVALID);
	assert_int_equal(pte_kind(g4, 0, 1), PTE_KIND_INVALID);	/* no 512 GB blocks */
	assert_int_equal(pte_kind(g4, 0, 3), PTE_KIND_TABLE);
	assert_int_equal(pte_kind(g4, 1, 1), PTE_KIND_LEAF);
	assert_int_equal(pte_kind(g4, 3, 1), PTE_KIND_INVALID);	/* reserved */
	assert_int_equal(pte_kind(g4, 3, 2), PTE_KIND_INVALID);
	assert_int_equal(pte_kind(g4, 3, 3), PTE_KIND_LEAF);
	assert_int_equal(pte_kind(g64, 1, 1), PTE_KIND_INVALID);
	assert_int_equal(pte_kind(g64, 2, 1), PTE_KIND_LEAF);
	assert_true(pte_is_block_level(g64, 1, true));
	assert_true(pte_output(0xffffffffffffffffULL, 30) == 0x0000ffffc0000000ULL);
	assert_true(pte_output_64k_52(0x000012345678a003ULL, 16) == 0x000a123456780000ULL);
}

static void test_tcr(void **state)
{
	u64 tcr = 25 | 16ULL << TCR_T1SZ_SHIFT | 1ULL << TCR_TG0_SHIFT | 1ULL << TCR_TG1_SHIFT;

	(void)state;
	assert_int_equal(tcr_granule(tcr, false), PTE_64K);
	assert_int_equal(tcr_granule(tcr, true), PTE_16K);
	assert_int_equal(tcr_granule(2ULL << 14 | 2ULL << 30, false), PTE_16K);
	assert_int_equal(tcr_granule(2ULL << 14 | 2ULL << 30, true), PTE_4K);
	assert_int_equal(tcr_granule(3ULL << 30, true), PTE_64K);
	assert_int_equal(tcr_granule(0, false), PTE_4K);
	assert_int_equal(tcr_va_bits(tcr, false), 39);
	assert_int_equal(tcr_va_bits(tcr, true), 48);
	assert_int_equal(tcr_va_bits(0, false), 48);
	assert_int_equal(tcr_va_bits(63, false), 25);
	assert_true(tcr_txsz_ok(39) && !tcr_txsz_ok(40) && !tcr_txsz_ok(15));
	assert_int_equal(pte_pa_bits(5), 48);
	assert_int_equal(mair_attr(0x00440c04ffULL, 4), 0);
	assert_int_equal(mair_attr(0x00440c04ffULL, 3), MAIR_NORMAL_NC);
	assert_true(mair_is_device(MAIR_DEVICE_GRE) && !mair_is_device(MAIR_NORMAL_NC));
}

/* Syndromes as Linux guests print them. */
static void test_esr(void **state)
{
	u32 iss;

	(void)state;
	/* Kernel write to an unmapped page, level 2; user read without permission, level 3. */
	assert_int_equal(esr_data_abort(true, ISS_ABT_WNR, esr_fsc(FSC_TRANSLATION, 2)), 0x96000046);
	assert_int_equal(esr_data_abort(false, 0, esr_fsc(FSC_PERMISSION, 3)), 0x9200000f);
	assert_int_equal(esr_inst_abort(false, ISS_ABT_WNR, esr_fsc(FSC_TRANSLATION, 3)), 0x82000007);
	/* 32-bit store of w1 to a device. */
	iss = iss_abort_access(2, false, 1, false, false) | ISS_ABT_WNR;
	assert_int_equal(esr_data_abort(false, iss, esr_fsc(FSC_TRANSLATION, 1)), 0x93810045);
	assert_int_equal(iss_abort_sas(iss), 2);
	assert_int_equal(iss_abort_srt(iss), 1);
	assert_int_equal(esr_imm16(EC_SVC64, true, 0), 0x56000000);
	assert_int_equal(esr_imm16(EC_BRK64, true, 0x12345), 0xf2002345);
	assert_int_equal(esr_imm16(EC_SVC32, false, 5), 0x44000005);
	assert_int_equal(esr_plain(EC_UNKNOWN), 0x02000000);
	assert_int_equal(esr_plain(EC_ILLEGAL_STATE), 0x3a000000);
	assert_int_equal(esr_fp_access(), 0x1fe00000);
	assert_int_equal(esr_wfx(ISS_WFX_WFE), 0x07e00001);
	assert_int_equal(esr_step(false, true, true), 0xcb000062);
	assert_int_equal(esr_watchpoint(true, false, true), 0xd6000062);
	/* MRS x5, CTR_EL0 = S3_3_C0_C0_1 */
	iss = iss_sys(3, 3, 0, 0, 1, 5, true);
	assert_int_equal(iss, 0x32c0a1);
	assert_int_equal(esr_sys(3, 3, 0, 0, 1, 5, true), 0x6232c0a1);
	iss = iss_sys(2, 5, 14, 9, 6, 30, false);
	assert_int_equal(iss_sys_op0(iss) << 16 | iss_sys_op1(iss) << 12 | iss_sys_crn(iss) << 8 |
			 iss_sys_crm(iss) << 4 | iss_sys_op2(iss), 0x25e96);
	assert_int_equal(iss_sys_rt(iss), 30);
	assert_false(iss_sys_is_read(iss));
	assert_int_equal(iss & ~ISS_SYS_REG_MASK, 30 << ISS_SYS_RT_SHIFT);
	assert_int_equal(esr_ec(0x96000046), EC_DABT_SAME);
	assert_int_equal(esr_fsc_family(0x46 & FSC_MASK), FSC_TRANSLATION);
	assert_int_equal(esr_fsc_level(0x46 & FSC_MASK), 2);
	/* MRC p15, 0, r3, c1, c0, 2 (CPACR), always; MRRC p15, 1, r4, r5, c14 (CNTVCT). */
	assert_int_equal(iss_cp32(14, 0, 1, 0, 2, 3, true), 0x1e40461);
	iss = iss_cp64(14, 1, 14, 4, 5, true);
	assert_int_equal(iss, 0x1e1149d);
	assert_int_equal(iss_cp64_rt2(iss), 5);
}

static void test_addr(void **state)
{
	(void)state;
	assert_true(addr_in_range(0x1000, 0x1000, 0x1000, 0x1000));
	assert_false(addr_in_range(0x1001, 0x1000, 0x1000, 0x1000));
	assert_false(addr_in_range(0xfff, 1, 0x1000, 0x1000));
	assert_true(addr_in_range(0x2000, 0, 0x1000, 0x1000));
	assert_false(addr_in_range(0x1800, ~0ULL, 0x1000, 0x1000));
	assert_true(ipa_in_range(ipa(~0ULL), 1, ipa(~0ULL - 15), 16));
	assert_false(ipa_in_range(ipa(~0ULL), 2, ipa(~0ULL - 15), 16));
	assert_true(ipa_add(ipa(~0ULL), 1).v == 0);
	assert_true(addr_align_down(0x12345, 0x1000) == 0x12000);
	assert_true(addr_is_aligned(0x12000, 0x1000) && !addr_is_aligned(0x12001, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_level),
		cmocka_unit_test(test_index),
		cmocka_unit_test(test_kind),
		cmocka_unit_test(test_tcr),
		cmocka_unit_test(test_esr),
		cmocka_unit_test(test_addr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
