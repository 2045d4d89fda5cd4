/* SPDX-License-Identifier: GPL-2.0-only */
/* What writes to cp15 do beside storing, its operations, and AArch64 handlers under AArch32 names. */
#include "tests/unit/cp_rig.h"

/* ---- effects ---- */

static void expect_regime(struct emu_vcpu *v, u32 enc, u64 val, bool changed, unsigned int flushes)
{
	v->regime_changed = false;
	rig.invs = 0;
	write_ok(v, enc, val);
	if (v->regime_changed != changed || rig.invs != flushes)
		fail_msg("%05x = %llx: changed %d, %u flushes", enc, (unsigned long long)val,
			 v->regime_changed, rig.invs);
}

static void test_regime(void **state)
{
	struct emu_vcpu *v = *state;
	u64 sctlr;

	go(v, 1);
	sctlr = read_ok(v, E15(0, 1, 0, 0));
	expect_regime(v, E15(0, 1, 0, 0), sctlr, false, 0);
	expect_regime(v, E15(0, 1, 0, 0), sctlr | 4, true, 0);
	expect_regime(v, E15(0, 1, 0, 0), sctlr | 5, true, 1);
	expect_regime(v, E15(0, 1, 0, 0), sctlr | 5 | 1u << 29, true, 1);
	expect_regime(v, E15(0, 1, 0, 0), sctlr | 5 | 3u << 28, true, 1);
	expect_regime(v, E15(0, 1, 0, 0), sctlr | 5 | 7u << 28, true, 0);
	expect_regime(v, E15(0, 2, 0, 0), 0x40004000, true, 0);
	expect_regime(v, E15(0, 2, 0, 0), 0x40004000, false, 0);
	expect_regime(v, W15(1, 2), 0x40008000, true, 0);
	expect_regime(v, E15(0, 2, 0, 2), 1, true, 1);
	expect_regime(v, E15(0, 3, 0, 0), 0x55555555, true, 0);
	expect_regime(v, E15(0, 3, 0, 0), 0x55555555, false, 0);
	expect_regime(v, E15(0, 13, 0, 1), 0x1234, true, 0);
	expect_regime(v, E15(0, 10, 2, 0), 0xff440c00, true, 1);
	expect_regime(v, E15(0, 10, 2, 1), 0xff440c00, true, 1);
	expect_regime(v, E15(0, 12, 0, 0), 0x1000, false, 0);
	expect_regime(v, E15(0, 5, 0, 0), 7, false, 0);
}

static void test_tlb_ops(void **state)
{
	static const struct {
		u8 cm, o2, scope;
		bool broadcast;
	} ops[] = {
		{ 3, 0, TLB_ALL, true }, { 3, 1, TLB_VA, true }, { 3, 2, TLB_ASID, true }, { 3, 3, TLB_VA_ANY, true },
		{ 7, 0, TLB_ALL, false }, { 7, 1, TLB_VA, false }, { 7, 2, TLB_ASID, false },
		{ 7, 3, TLB_VA_ANY, false }, { 5, 0, TLB_ALL, false }, { 5, 1, TLB_VA, false },
		{ 5, 2, TLB_ASID, false }, { 6, 0, TLB_ALL, false }, { 6, 1, TLB_VA, false }, { 6, 2, TLB_ASID, false },
	};
	struct emu_vcpu *v = *state;
	unsigned int i;

	for (i = 0; i < ARM_ARRAY_SIZE(ops); i++) {
		bool va = ops[i].scope == TLB_VA || ops[i].scope == TLB_VA_ANY;
		bool asid = ops[i].scope == TLB_VA || ops[i].scope == TLB_ASID;

		go(v, 1);
		v->st.sys[ARM_SLOT_TCR_EL1] = i & 1 ? ARM_BIT(31) : 0;
		rig.invs = rig.broadcasts = 0;
		memset(&rig.inv, 0, sizeof(rig.inv));
		write_ok(v, E15(0, 8, ops[i].cm, ops[i].o2), 0xc1234f5a);
		assert_int_equal(rig.invs, !ops[i].broadcast);
		assert_int_equal(rig.broadcasts, ops[i].broadcast);
		assert_int_equal(rig.inv.scope, ops[i].scope);
		assert_int_equal(rig.inv.el, 1);
		assert_int_equal(rig.inv.va, va ? 0xc1234000 : 0);
		assert_int_equal(rig.inv.asid, asid ? 0x5a : 0);
		assert_true(!va || rig.inv.size == 4096);
		mrc(v, E15(0, 8, ops[i].cm, ops[i].o2));
		assert_true(undef(v));
		go(v, 0);
		mcr(v, E15(0, 8, ops[i].cm, ops[i].o2), 0);
		assert_true(undef(v));
	}
	/* By last level is ARMv8's; Hyp's are nobody's. */
	go(v, 1);
	mcr(v, E15(0, 8, 7, 5), 0);
	assert_true(undef(v));
	mcr(v, E15(4, 8, 7, 0), 0);
	assert_true(undef(v));
}

static void test_tlb_ops_v8(void **state)
{
	struct emu_vcpu *v = *state;

	rig_setup_with(model_of("cortex-a57"));
	go(v, 1);
	write_ok(v, E15(0, 8, 7, 5), 0x80001012);
	assert_int_equal(rig.inv.scope, TLB_VA);
	assert_int_equal(rig.inv.asid, 0x12);
	write_ok(v, E15(0, 8, 3, 7), 0x80001012);
	assert_int_equal(rig.inv.scope, TLB_VA_ANY);
	assert_int_equal(rig.broadcasts, 1);
}

static void test_caches(void **state)
{
	static const u32 nops[] = {
		E15(0, 7, 1, 6), E15(0, 7, 5, 6), E15(0, 7, 5, 7), E15(0, 7, 6, 2), E15(0, 7, 10, 2), E15(0, 7, 14, 2),
		E15(0, 7, 0, 4), E15(0, 7, 13, 1), E15(0, 15, 4, 0),
	};
	static const u32 by_va[] = {
		E15(0, 7, 6, 1), E15(0, 7, 10, 1), E15(0, 7, 11, 1), E15(0, 7, 14, 1),
	};
	struct emu_vcpu *v = *state;
	unsigned int i;

	go(v, 1);
	for (i = 0; i < ARM_ARRAY_SIZE(nops); i++)
		write_ok(v, nops[i], RIG_RAM);
	for (i = 0; i < ARM_ARRAY_SIZE(by_va); i++)
		write_ok(v, by_va[i], RIG_RAM + 0x40);
	assert_int_equal(rig.codes, 0);
	write_ok(v, E15(0, 7, 5, 0), 0);
	write_ok(v, E15(0, 7, 1, 0), 0);
	assert_int_equal(rig.codes, 0);
	write_ok(v, E15(0, 7, 5, 1), RIG_RAM + 0x1234);
	assert_int_equal(rig.codes, 1);
	assert_int_equal(rig.code_ipa, RIG_RAM + 0x1200);
	assert_int_equal(rig.code_len, 64);
	go(v, 0);
	for (i = 0; i < ARM_ARRAY_SIZE(nops); i++) {
		mcr(v, nops[i], 0);
		assert_true(undef(v));
	}
}

/* CP15ISB, DSB and DMB: from PL0 too, as SCTLR.CP15BEN says. */
static void test_barriers(void **state)
{
	static const u32 enc[] = { E15(0, 7, 5, 4), E15(0, 7, 10, 4), E15(0, 7, 10, 5) };
	struct emu_vcpu *v = *state;
	unsigned int i, pl;

	for (i = 0; i < 6; i++) {
		pl = i & 1;
		go(v, 1);
		write_ok(v, E15(0, 1, 0, 0), 0x20);
		go(v, pl);
		write_ok(v, enc[i / 2], 0);
		go(v, 1);
		write_ok(v, E15(0, 1, 0, 0), 0);
		go(v, pl);
		mcr(v, enc[i / 2], 0);
		assert_true(undef(v));
	}
}

/* ---- address translation: sections at 0x40000000 and page by page ---- */

static void put32(u64 ipa, u32 val)
{
	memcpy(mem_ram_ptr(&rig.vm, ipa, 4), &val, 4);
}

static void test_at_short(void **state)
{
	struct emu_vcpu *v = *state;
	u64 l1 = RIG_RAM + 0x4000;

	go(v, 1);
	/* 0x40000000: section, WBWA shareable (TEX 1 C 1 B 1 S 1), AP 01: PL1 only; 0x401: Device; 0x402: none. */
	put32(l1 + 0x400 * 4, (u32)RIG_RAM | 0x1140e | 1 << 10);
	put32(l1 + 0x401 * 4, 0x1c000000 | 0x00406);
	put32(l1 + 0x402 * 4, 0);
	put32(l1 + 0x403 * 4, 0x1c000000 | 0x00406 | 1 << 5);
	write_ok(v, E15(0, 2, 0, 0), l1);
	write_ok(v, E15(0, 3, 0, 0), 1);
	write_ok(v, E15(0, 1, 0, 0), 0x21);
	write_ok(v, E15(0, 7, 8, 0), 0x40012345);
	assert_int_equal(read_ok(v, E15(0, 7, 4, 0)) & 0xfffff003, 0x40012000);
	assert_int_equal(read_ok(v, E15(0, 7, 4, 0)) >> 2 & 0x1f, 5 << 2 | 1);
	assert_true(read_ok(v, E15(0, 7, 4, 0)) & 0x80);
	write_ok(v, E15(0, 7, 8, 1), 0x40112345);
	assert_int_equal(read_ok(v, E15(0, 7, 4, 0)) & 0xfffff07f, 0x1c012000 | 3 << 4);
	/* From PL0: permission fault of a section; then no translation, and no domain. */
	write_ok(v, E15(0, 7, 8, 2), 0x40012345);
	assert_int_equal(read_ok(v, E15(0, 7, 4, 0)), 1 | 0xd << 1);
	write_ok(v, E15(0, 7, 8, 0), 0x40212345);
	assert_int_equal(read_ok(v, E15(0, 7, 4, 0)), 1 | 0x5 << 1);
	write_ok(v, E15(0, 7, 8, 0), 0x40312345);
	assert_int_equal(read_ok(v, E15(0, 7, 4, 0)), 1 | 0x9 << 1);
	go(v, 0);
	mcr(v, E15(0, 7, 8, 0), 0);
	assert_true(undef(v));
	/* Secure and Hyp: not for this level. */
	go(v, 1);
	mcr(v, E15(0, 7, 8, 4), 0);
	assert_true(undef(v));
	mcr(v, E15(4, 7, 8, 0), 0);
	assert_true(undef(v));
}

static void put64(u64 ipa, u64 val)
{
	memcpy(mem_ram_ptr(&rig.vm, ipa, 8), &val, 8);
}

static void test_at_long(void **state)
{
	struct emu_vcpu *v = *state;
	u64 l1 = RIG_RAM + 0x4000, l2 = RIG_RAM + 0x5000;

	go(v, 1);
	put64(l1 + 8, l2 | 3);
	put64(l2, RIG_RAM | 0x709);		/* 2 MB at 0x40000000, AttrIndx 2, AF, inner shareable, AP 00, nG 0 */
	write_ok(v, E15(0, 10, 2, 0), 0x00ff0000);
	write_ok(v, W15(0, 2), l1);
	write_ok(v, E15(0, 2, 0, 2), 1u << 31);
	write_ok(v, E15(0, 1, 0, 0), 0x21);
	write_ok(v, E15(0, 7, 8, 0), 0x40012345);
	assert_int_equal(read_ok(v, W15(0, 7)) & 0xff000000fffff801, 0xff00000040012800);
	assert_int_equal(read_ok(v, W15(0, 7)) >> 7 & 3, 3);
	write_ok(v, E15(0, 7, 8, 0), 0x80000000);
	assert_int_equal(read_ok(v, E15(0, 7, 4, 0)), 0x801 | 5 << 1);
}

/* ---- handlers of AArch64 under AArch32 names ---- */

static void test_timer(void **state)
{
	struct emu_vcpu *v = *state;
	u64 t0, t1;

	go(v, 1);
	assert_int_equal(read_ok(v, E15(0, 14, 0, 0)), ARM_TIMER_HZ_DEFAULT);
	t0 = read_ok(v, W15(0, 14));
	t1 = read_ok(v, W15(1, 14));
	assert_true(t1 >= t0);
	write_ok(v, W15(3, 14), 0x123456789abcdef0);
	assert_int_equal(v->st.sys[ARM_SLOT_CNTV_CVAL_EL0], 0x123456789abcdef0);
	write_ok(v, E15(0, 14, 3, 1), 3);
	assert_int_equal(read_ok(v, E15(0, 14, 3, 1)), 3);
	/* TVAL is 32 bits, signed, relative to now: this one is in the past. */
	write_ok(v, E15(0, 14, 3, 0), 0xfffffff0);
	assert_int_equal(read_ok(v, E15(0, 14, 3, 1)), 7);
	assert_true(v->st.sys[ARM_SLOT_CNTV_CVAL_EL0] < read_ok(v, W15(1, 14)));
	write_ok(v, E15(0, 14, 2, 0), 1000000);
	assert_true(read_ok(v, E15(0, 14, 2, 0)) <= 1000000);
	write_ok(v, E15(0, 14, 3, 1), 0);
}

static void test_pmu(void **state)
{
	struct emu_vcpu *v = *state;

	go(v, 1);
	write_ok(v, E15(0, 9, 12, 1), 0x80000003);
	assert_int_equal(read_ok(v, E15(0, 9, 12, 2)), 0x80000003);
	write_ok(v, E15(0, 9, 12, 2), 1);
	assert_int_equal(read_ok(v, E15(0, 9, 12, 1)), 0x80000002);
	write_ok(v, E15(0, 9, 14, 1), 1);
	assert_int_equal(read_ok(v, E15(0, 9, 14, 2)), 1);
	write_ok(v, E15(0, 9, 12, 5), 1);
	write_ok(v, E15(0, 9, 13, 1), 0);	/* counter 1: software increments */
	write_ok(v, E15(0, 9, 12, 0), 1);
	write_ok(v, E15(0, 9, 12, 4), 2);
	write_ok(v, E15(0, 9, 12, 4), 2);
	assert_int_equal(read_ok(v, E15(0, 9, 13, 2)), 2);
	/* PMCR: E, D, X and DP stick; P and C act; LC is PMUv3's. */
	write_ok(v, E15(0, 9, 12, 0), ~0u);
	assert_int_equal(read_ok(v, E15(0, 9, 12, 0)), 0x410f3039);
	assert_int_equal(read_ok(v, E15(0, 9, 13, 2)), 0);
	write_ok(v, E15(0, 9, 12, 0), 0);
	write_ok(v, E15(0, 9, 13, 0), 0x12345);
	assert_int_equal(read_ok(v, E15(0, 9, 13, 0)), 0x12345);
}

static void test_debug(void **state)
{
	struct emu_vcpu *v = *state;
	u64 *sys = v->st.sys;

	go(v, 1);
	/* The OS lock is set at reset, and opens by anything but the key. */
	assert_true(sys[ARM_SLOT_OSLSR_EL1] & 2);
	write_ok(v, E14(0, 1, 0, 4), 1);
	assert_int_equal(read_ok(v, E14(0, 1, 1, 4)), 8);
	write_ok(v, E14(0, 1, 0, 4), 0xc5acce55);
	assert_int_equal(read_ok(v, E14(0, 1, 1, 4)), 0xa);
	write_ok(v, E14(0, 1, 0, 4), 0);
	/* DBGDSCRext: MDBGen and UDCCdis; SS and KDE are not there and stay. */
	write_ok(v, E14(0, 0, 2, 2), ~0u);
	assert_int_equal(sys[ARM_SLOT_MDSCR_EL1], 0x9000);
	assert_int_equal(read_ok(v, E14(0, 0, 1, 0)), 0x49000);
	sys[ARM_SLOT_MDSCR_EL1] |= 0x28;	/* MOE: a watchpoint */
	assert_int_equal(read_ok(v, E14(0, 0, 1, 0)), 0x49028);
	sys[ARM_SLOT_MDSCR_EL1] |= MDSCR_KDE | MDSCR_SS;
	write_ok(v, E14(0, 0, 2, 2), 0);
	assert_int_equal(sys[ARM_SLOT_MDSCR_EL1], MDSCR_KDE | MDSCR_SS | 0x28);
	write_ok(v, E14(0, 7, 8, 6), 0x81);
	assert_int_equal(read_ok(v, E14(0, 7, 9, 6)), 0x81);
	assert_int_equal(read_ok(v, E14(0, 7, 8, 6)), 0xff);
	write_ok(v, E14(0, 7, 9, 6), 0x80);
	assert_int_equal(read_ok(v, E14(0, 7, 9, 6)), 1);
	write_ok(v, E14(0, 0, 3, 7), ~0u);
	assert_int_equal(read_ok(v, E14(0, 0, 3, 7)), 0x1f1fffff);
	assert_int_equal(read_ok(v, E14(0, 1, 0, 0)), 0);
}

static void test_vfp(void **state)
{
	struct emu_vcpu *v = *state;

	go(v, 1);
	write_ok(v, E15(0, 1, 0, 2), 0x00f00000);
	assert_int_equal(read_ok(v, ARM_CP_ENC_VFP(0)), 0x410430f0);
	assert_int_equal(read_ok(v, ARM_CP_ENC_VFP(7)), 0x10110222);
	mrc(v, ARM_CP_ENC_VFP(1));
	assert_true(undef(v));
	write_ok(v, ARM_CP_ENC_VFP(8), ~0u);
	assert_int_equal(read_ok(v, ARM_CP_ENC_VFP(8)), 0x40000000);
	write_ok(v, ARM_CP_ENC_VFP(1), ~0u);
	assert_int_equal(read_ok(v, ARM_CP_ENC_VFP(1)), 0xfff7009f);
	write_ok(v, ARM_CP_ENC_VFP(1), 0);
	mrc(v, ARM_CP_ENC_VFP(5));
	assert_true(undef(v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_regime), TEST(test_tlb_ops), TEST(test_tlb_ops_v8), TEST(test_caches),
		TEST(test_barriers), TEST(test_at_short), TEST(test_at_long), TEST(test_timer),
		TEST(test_pmu), TEST(test_debug), TEST(test_vfp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
