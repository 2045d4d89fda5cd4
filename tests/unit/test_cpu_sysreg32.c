/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MRC, MCR, MRRC, MCRR on the engine: every row is walked from PL1 and PL0 of
 * each 32-bit part, and from AArch32 EL0 below AArch64.  What is expected is
 * written down here by encoding, from the manuals, and not taken from the rows.
 */
#include "tests/unit/cp_rig.h"

/* ---- what the manuals say ---- */

/* Registers of Hyp mode and of Secure state, none of which is there. */
static bool higher(u32 enc)
{
	static const u32 secure[] = { E15(0, 1, 1, 0), E15(0, 1, 1, 1), E15(0, 1, 3, 1), E15(0, 12, 0, 1) };
	unsigned int i;

	if (ARM_CP_CP(enc) != 15)
		return false;
	for (i = 0; i < ARM_ARRAY_SIZE(secure); i++) {
		if (enc == secure[i])
			return true;
	}
	if (enc & ARM_CP_64)
		return (ARM_CP_CRM(enc) == 2 && ARM_CP_OPC1(enc) >= 4) ||
		       (ARM_CP_CRM(enc) == 14 && ARM_CP_OPC1(enc) >= 4);
	return ARM_CP_OPC1(enc) == 4 && ARM_CP_CRN(enc) != 15;
}

/* No write: identity, counters, status. */
static bool read_only(u32 enc)
{
	static const u32 ro[] = {
		E15(1, 0, 0, 0), E15(1, 0, 0, 1), E15(1, 0, 0, 7), E15(0, 1, 1, 2), E15(0, 9, 12, 6), E15(0, 9, 12, 7),
		E15(0, 12, 1, 0), W15(0, 14), W15(1, 14), E15(4, 15, 0, 0), E15(1, 15, 3, 0), E15(3, 15, 0, 0),
		E15(3, 15, 0, 1), E15(3, 15, 0, 2), E14(0, 0, 0, 0), E14(0, 0, 1, 0), E14(0, 1, 0, 0),
		E14(0, 1, 1, 4), E14(0, 2, 0, 0), E14(0, 7, 0, 7), E14(0, 7, 1, 7), E14(0, 7, 2, 7), E14(0, 7, 14, 6),
		E14(7, 0, 0, 0), ARM_CP_ENC64(14, 0, 1), ARM_CP_ENC64(14, 0, 2), ARM_CP_ENC_VFP(5),
		ARM_CP_ENC_VFP(6), ARM_CP_ENC_VFP(7),
	};
	unsigned int i;

	for (i = 0; i < ARM_ARRAY_SIZE(ro); i++) {
		if (enc == ro[i])
			return true;
	}
	return ARM_CP_CP(enc) == 15 && !(enc & ARM_CP_64) && !ARM_CP_CRN(enc) && !ARM_CP_OPC1(enc);
}

static bool write_only(u32 enc)
{
	return enc == E15(0, 9, 12, 4) || enc == E14(0, 1, 0, 4);
}

/* PL0 with every enable bit set: thread IDs, PMU, timers, the debug channel, ThumbEE, Jazelle, FPSCR. */
static bool pl0(u32 enc, bool read)
{
	static const u32 any[] = {
		E15(0, 13, 0, 2), E14(0, 0, 5, 0), E14(6, 1, 0, 0), E14(7, 2, 0, 0), ARM_CP_ENC_VFP(1),
		W15(2, 14), W15(3, 14), W15(0, 9),
	};
	static const u32 rd[] = {
		E15(0, 13, 0, 3), E15(0, 9, 14, 0), W15(0, 14), W15(1, 14), E15(0, 14, 0, 0), E14(0, 0, 0, 0),
		E14(0, 0, 1, 0), E14(0, 1, 0, 0), E14(0, 2, 0, 0), E14(6, 0, 0, 0), E14(7, 0, 0, 0),
		ARM_CP_ENC64(14, 0, 1), ARM_CP_ENC64(14, 0, 2),
	};
	unsigned int i, cn = ARM_CP_CRN(enc), cm = ARM_CP_CRM(enc);

	for (i = 0; i < ARM_ARRAY_SIZE(any); i++) {
		if (enc == any[i])
			return true;
	}
	for (i = 0; i < ARM_ARRAY_SIZE(rd) && read; i++) {
		if (enc == rd[i])
			return true;
	}
	if (ARM_CP_CP(enc) != 15 || (enc & ARM_CP_64) || ARM_CP_OPC1(enc))
		return false;
	if (cn == 9)
		return cm == 12 || cm == 13 || enc == E15(0, 9, 14, 3);
	return cn == 14 && (cm == 2 || cm == 3 || cm >= 8);
}

/* Breakpoint n, watchpoint n, context value n: only so many. */
static bool debug_absent(u32 enc)
{
	const struct arm_cpu_model *m = rig.vm.cfg.model;
	unsigned int n = ARM_CP_CRM(enc);

	if (ARM_CP_CP(enc) != 14 || (enc & ARM_CP_64) || ARM_CP_OPC1(enc))
		return false;
	if (ARM_CP_CRN(enc) == 1 && ARM_CP_OPC2(enc) == 1)
		return n >= m->breakpoints || n < (unsigned int)m->breakpoints - m->ctx_breakpoints;
	if (ARM_CP_CRN(enc) || ARM_CP_OPC2(enc) < 4)
		return false;
	return n >= (ARM_CP_OPC2(enc) < 6 ? m->breakpoints : m->watchpoints);
}

static bool expect_undef(u32 enc, unsigned int pl, bool read)
{
	if (higher(enc) || debug_absent(enc) || (read ? write_only(enc) : read_only(enc)))
		return true;
	return !pl && !pl0(enc, read);
}

/* ---- walks ---- */

/* Everything that PL0 may be given. */
static void enable_pl0(struct emu_vcpu *v)
{
	u64 *sys = v->st.sys;

	sys[ARM_SLOT_CNTKCTL_EL1] = 0x303;
	sys[ARM_SLOT_PMUSERENR_EL0] = 0xf;
	sys[ARM_SLOT_MDSCR_EL1] &= ~MDSCR_TDCC;
	sys[ARM_SLOT_CPACR_EL1] = 0x00f00000;
	sys[ARM_SLOT_FPEXC32_EL2] |= ARM_BIT(30);
}

static void walk_one(struct emu_vcpu *v, unsigned int reg, unsigned int pl)
{
	const struct arm_sysreg32_row *r = arm_sysreg32_row(reg);
	bool read, there = arm_sysreg32_exists(r, cpu_features(v->vm)) &&
			   arm_sysreg32_index(cpu_features(v->vm), r->enc) == (int)reg;
	int i;

	for (i = 0; i < 2 && there; i++) {
		read = !i;
		cpu_reset(v);
		go(v, 1);
		enable_pl0(v);
		go(v, pl);
		if (read)
			mrc(v, r->enc);
		else
			mcr(v, r->enc, 0);
		if (undef(v) != expect_undef(r->enc, pl, read))
			fail_msg("%s: %s %s from PL%u", rig.vm.cfg.model->name, arm_sysreg32_name(reg),
				 read ? "read" : "written", pl);
	}
}

static void walk(struct emu_vcpu *v, const char *name)
{
	unsigned int i;

	assert_int_equal(rig_setup_with(model_of(name)), 0);
	for (i = 0; i < ARM_REGS32; i++) {
		walk_one(v, i, 1);
		walk_one(v, i, 0);
	}
}

static void test_access(void **state)
{
	walk(*state, "cortex-a15");
	walk(*state, "cortex-a7");
	walk(*state, "cortex-a57");
}

/* No encoding does anything but what a row says: everything else is UNDEFINED, for both levels. */
static void test_unallocated(void **state)
{
	struct emu_vcpu *v = *state;
	u64 f = cpu_features(v->vm);
	unsigned int cp, pl;
	u32 i, enc;

	for (cp = 14; cp <= 15; cp++) {
		for (i = 0; i < 2 << 15; i++) {
			enc = cp << 15 | (i & 0x7fff) | (i >> 15 ? ARM_CP_64 : 0);
			if (arm_sysreg32_index(f, enc) >= 0 || arm_sysop32_index(f, enc) >= 0)
				continue;
			for (pl = 0; pl < 2; pl++) {
				go(v, pl);
				mrc(v, enc);
				assert_true(undef(v));
				mcr(v, enc, ~0ULL);
				assert_true(undef(v));
			}
		}
	}
}

/* Reset values at PL1, as the parts have them with neither Security nor Virtualization Extensions. */
static void test_reset_values(void **state)
{
	static const char *const names[] = { "cortex-a15", "cortex-a7", "cortex-a57" };
	static const struct {
		u32 enc;
		u32 value[3];
	} want[] = {
		{ E15(0, 0, 0, 0), { 0x414fc0f0, 0x410fc075, 0x411fd070 } },
		{ E15(0, 0, 0, 1), { 0x8444c004, 0x84448003, 0x8444c004 } },
		{ E15(0, 0, 0, 2), { 0, 0, 0 } },
		{ E15(0, 0, 0, 3), { 0, 0, 0 } },
		{ E15(0, 0, 0, 4), { 0x414fc0f0, 0x410fc075, 0x411fd070 } },
		{ E15(0, 0, 0, 5), { 0x80000000, 0x80000000, 0x80000000 } },
		{ E15(0, 0, 0, 6), { 0, 0, 0 } },
		{ E15(0, 0, 0, 7), { 0x414fc0f0, 0x410fc075, 0x411fd070 } },
		{ E15(0, 0, 1, 0), { 0x1131, 0x1131, 0x131 } },
		{ E15(0, 0, 1, 1), { 0x10001, 0x10001, 0x10001 } },
		{ E15(0, 0, 1, 2), { 0x02010505, 0x02010505, 0x03010006 } },
		{ E15(0, 0, 1, 4), { 0x10201105, 0x10101105, 0x10101105 } },
		{ E15(0, 0, 2, 0), { 0x02101110, 0x02101110, 0x02101110 } },
		{ E15(0, 0, 7, 7), { 0, 0, 0 } },
		{ E15(1, 0, 0, 0), { 0x701fe00a, 0x700fe01a, 0x701fe00a } },
		{ E15(1, 0, 0, 1), { 0x0a200023, 0x0a200023, 0x0a200023 } },
		{ E15(0, 1, 0, 0), { 0x00c50078, 0x00c50878, 0x00c50838 } },
		{ E15(0, 1, 0, 1), { 0, 0x6000, 0 } },
		{ E15(0, 1, 0, 2), { 0, 0, 0 } },
		{ E15(0, 1, 1, 2), { 0xc00, 0xc00, 0xc00 } },
		{ E15(0, 2, 0, 2), { 0, 0, 0 } },
		{ E15(1, 9, 0, 2), { 0x01800000, 0x01800000, 0x01000000 } },
		{ E15(0, 9, 12, 0), { 0x410f3000, 0x41072000, 0x41013000 } },
		{ E15(0, 10, 2, 0), { 0x98aa4, 0x98aa4, 0x98aa4 } },
		{ E15(0, 10, 2, 1), { 0x44e048e0, 0x44e048e0, 0x44e048e0 } },
		{ E15(0, 12, 0, 0), { 0, 0, 0 } },
		{ E15(0, 13, 0, 0), { 0, 0, 0 } },
		{ E14(0, 0, 0, 0), { 0x3515a040, 0x3515a005, 0x35168000 } },
		{ E14(0, 1, 1, 4), { 0xa, 0xa, 0xa } },
		{ E14(0, 7, 2, 7), { 0x01110f13, 0x01110f13, 0x00110f13 } },
	};
	struct emu_vcpu *v = *state;
	unsigned int i, p;

	for (p = 0; p < 3; p++) {
		assert_int_equal(rig_setup_with(model_of(names[p])), 0);
		go(v, 1);
		for (i = 0; i < ARM_ARRAY_SIZE(want); i++) {
			u64 val = read_ok(v, want[i].enc);

			if (val != want[i].value[p])
				fail_msg("%s %05x: %llx", names[p], want[i].enc, (unsigned long long)val);
		}
		assert_int_equal(v->st.pstate & PSR_M_MASK, PSR32_M_SVC);
	}
}

/* Which of the rows are storage that is read back as written, under the mask. */
static bool is_plain(const struct arm_sysreg32_row *r)
{
	switch (r->handler) {
	case ARM_HND_NONE:
	case ARM_HND32_SCTLR:
	case ARM_HND32_TTBR:
	case ARM_HND32_TTBCR:
	case ARM_HND32_MAIR:
	case ARM_HND32_DACR:
	case ARM_HND32_CONTEXTIDR:
	case ARM_HND32_CPACR:
	case ARM_HND32_L2CTLR:
		return true;
	}
	return false;
}

/* Bits in the mask stick, all others keep what they were; for every writable row. */
static void test_masks(void **state)
{
	static const char *const names[] = { "cortex-a15", "cortex-a7", "cortex-a57" };
	struct emu_vcpu *v = *state;
	unsigned int p, i, n = 0;

	for (p = 0; p < 3; p++) {
		assert_int_equal(rig_setup_with(model_of(names[p])), 0);
		go(v, 1);
		for (i = 0; i < ARM_REGS32; i++) {
			const struct arm_sysreg32_row *r = arm_sysreg32_row(i);
			u64 mask = arm_cpu_model_wmask32(rig.vm.cfg.model, i), old, val;

			if (!is_plain(r) || r->wr > ARM_ACC_EL1 || !arm_sysreg32_exists(r, cpu_features(v->vm)) ||
			    arm_sysreg32_index(cpu_features(v->vm), r->enc) != (int)i)
				continue;
			old = read_ok(v, r->enc);
			write_ok(v, r->enc, ~0ULL);
			val = read_ok(v, r->enc);
			if (val != (old | mask))
				fail_msg("%s: ones give %llx", arm_sysreg32_name(i), (unsigned long long)val);
			write_ok(v, r->enc, 0);
			val = read_ok(v, r->enc);
			if (val != (old & ~mask))
				fail_msg("%s: zeros give %llx", arm_sysreg32_name(i), (unsigned long long)val);
			write_ok(v, r->enc, old);
			n++;
		}
	}
	assert_true(n > 100);
}

/* The masks that matter, as the manuals give them. */
static void test_known_masks(void **state)
{
	static const struct {
		u32 enc;
		u64 ones;
	} want[] = {
		{ E15(0, 1, 0, 0), 0x72dd3c7f },	/* SCTLR: TE AFE TRE EE UWXN WXN V I Z SW CP15BEN C A M */
		{ E15(0, 1, 0, 2), 0x00f00000 },	/* CPACR */
		{ E15(0, 2, 0, 2), 0xbfc73fb7 },	/* TTBCR */
		{ W15(0, 2), 0x00ff00ffffffffff },	/* TTBR0 */
		{ E15(0, 5, 0, 1), 0x163f },		/* IFSR */
		{ E15(0, 12, 0, 0), 0xffffffe0 },	/* VBAR */
		{ E15(2, 0, 0, 0), 0xf },		/* CSSELR */
		{ E15(0, 14, 1, 0), 0x3ff },		/* CNTKCTL */
		{ E15(0, 9, 12, 5), 0x1f },		/* PMSELR */
		{ E15(0, 13, 0, 0), 0 },		/* FCSEIDR */
		{ E15(0, 10, 3, 0), 0 },		/* AMAIR0 */
		{ E14(0, 0, 7, 0), 0xde },		/* DBGVCR */
		{ E14(6, 0, 0, 0), 1 },			/* TEECR */
		{ E14(7, 1, 0, 0), 0 },			/* JOSCR */
	};
	struct emu_vcpu *v = *state;
	unsigned int i;

	go(v, 1);
	for (i = 0; i < ARM_ARRAY_SIZE(want); i++) {
		write_ok(v, want[i].enc, ~0ULL);
		if (read_ok(v, want[i].enc) != want[i].ones)
			fail_msg("%05x: %llx", want[i].enc, (unsigned long long)read_ok(v, want[i].enc));
	}
	write_ok(v, E15(0, 1, 0, 0), 0);
	assert_int_equal(read_ok(v, E15(0, 1, 0, 0)), 0x00c50058);
}

/* ---- views ---- */

static void test_views(void **state)
{
	struct emu_vcpu *v = *state;
	u64 *sys = v->st.sys;

	go(v, 1);
	write_ok(v, W15(0, 2), 0x0034001240004000);
	assert_int_equal(read_ok(v, E15(0, 2, 0, 0)), 0x40004000);
	write_ok(v, E15(0, 2, 0, 0), 0x4000806a);
	assert_int_equal(read_ok(v, W15(0, 2)), 0x003400124000806a);
	assert_int_equal(sys[ARM_SLOT_TTBR0_EL1], 0x003400124000806a);
	write_ok(v, W15(0, 7), 0x123456789abcdef0);
	assert_int_equal(read_ok(v, E15(0, 7, 4, 0)), 0x9abcdef0);
	write_ok(v, E15(0, 6, 0, 0), 0x1000);
	write_ok(v, E15(0, 6, 0, 2), 0x2000);
	assert_int_equal(sys[ARM_SLOT_FAR_EL1], 0x0000200000001000);
	assert_int_equal(read_ok(v, E15(0, 6, 0, 0)), 0x1000);
	assert_int_equal(read_ok(v, E15(0, 6, 0, 2)), 0x2000);
	sys[ARM_SLOT_TPIDRRO_EL0] = 0xffffffff12345678;
	go(v, 0);
	assert_int_equal(read_ok(v, E15(0, 13, 0, 3)), 0x12345678);
	/* The upper half belongs to AArch64 and stays. */
	sys[ARM_SLOT_TPIDR_EL0] = 0xaaaaaaaa00000000;
	write_ok(v, E15(0, 13, 0, 2), 0xfffffffff0f0f0f0);
	assert_int_equal(sys[ARM_SLOT_TPIDR_EL0], 0xaaaaaaaaf0f0f0f0);
	go(v, 1);
	write_ok(v, E14(0, 0, 5, 4), 0x87654321);
	write_ok(v, E14(0, 1, 5, 1), 0xff);
	assert_int_equal(sys[ARM_SLOT_DBGBVR0_EL1 + 5], 0x000000ff87654321);
	assert_int_equal(read_ok(v, E14(0, 0, 5, 4)), 0x87654321);
}

/* A monitor that is enabled, as Linux leaves it, is nothing to look out for until there is a breakpoint. */
static void test_armed(void **state)
{
	struct emu_vcpu *v = *state;

	go(v, 1);
	v->st.sys[ARM_SLOT_MDSCR_EL1] = 1u << 15;
	assert_false(debug_armed(v));
	write_ok(v, E14(0, 0, 2, 5), 0x1e4);
	assert_false(debug_armed(v));
	write_ok(v, E14(0, 0, 3, 5), 0x1e5);
	assert_true(debug_armed(v));
	v->st.sys[ARM_SLOT_MDSCR_EL1] = 0;
	assert_false(debug_armed(v));
	v->st.sys[ARM_SLOT_MDSCR_EL1] = 1u << 15;
	write_ok(v, E14(0, 0, 3, 5), 0x1e4);
	assert_false(debug_armed(v));
}

static void test_ccsidr(void **state)
{
	struct emu_vcpu *v = *state;

	go(v, 1);
	write_ok(v, E15(2, 0, 0, 0), 1);
	assert_int_equal(read_ok(v, E15(1, 0, 0, 0)), 0x201fe00a);
	write_ok(v, E15(2, 0, 0, 0), 2);
	assert_int_equal(read_ok(v, E15(1, 0, 0, 0)), 0x70ffe07a);
	write_ok(v, E15(2, 0, 0, 0), 15);
	assert_int_equal(read_ok(v, E15(1, 0, 0, 0)), 0);
}

/* ---- what PL0 is given and refused ---- */

static void test_pl0_controls(void **state)
{
	static const struct {
		u32 enc;
		u16 slot;
		u32 bit;
		bool inverted, write;
	} c[] = {
		{ W15(0, 14), ARM_SLOT_CNTKCTL_EL1, 1, false, false },
		{ W15(1, 14), ARM_SLOT_CNTKCTL_EL1, 2, false, false },
		{ E15(0, 14, 0, 0), ARM_SLOT_CNTKCTL_EL1, 2, false, false },
		{ W15(3, 14), ARM_SLOT_CNTKCTL_EL1, 0x100, false, true },
		{ E15(0, 14, 2, 1), ARM_SLOT_CNTKCTL_EL1, 0x200, false, true },
		{ E15(0, 9, 12, 0), ARM_SLOT_PMUSERENR_EL0, 1, false, true },
		{ E15(0, 9, 13, 0), ARM_SLOT_PMUSERENR_EL0, 1, false, false },
		{ E14(0, 0, 0, 0), ARM_SLOT_MDSCR_EL1, 0x1000, true, false },
		{ E14(0, 0, 1, 0), ARM_SLOT_MDSCR_EL1, 0x1000, true, false },
		{ ARM_CP_ENC64(14, 0, 1), ARM_SLOT_MDSCR_EL1, 0x1000, true, false },
		{ E14(6, 1, 0, 0), ARM_SLOT_TEECR, 1, true, true },
	};
	struct emu_vcpu *v = *state;
	unsigned int i, on;

	for (i = 0; i < ARM_ARRAY_SIZE(c); i++) {
		for (on = 0; on < 2; on++) {
			go(v, 0);
			v->st.sys[c[i].slot] = on ? c[i].bit : 0;
			mrc(v, c[i].enc);
			assert_int_equal(undef(v), on == c[i].inverted);
			if (c[i].write) {
				mcr(v, c[i].enc, 0);
				assert_int_equal(undef(v), on == c[i].inverted);
			}
			/* PL1 never asks. */
			go(v, 1);
			read_ok(v, c[i].enc);
		}
		v->st.sys[c[i].slot] = 0;
	}
}

/* ---- AArch32 EL0 below AArch64 EL1 ---- */

static void expect_esr(struct emu_vcpu *v, u32 esr)
{
	struct vcpu_exception e = rig_exc(v);

	assert_true(e.pending);
	assert_int_equal(e.esr, esr);
	assert_int_equal(e.target_el, 1);
}

static void test_below_aarch64(void **state)
{
	struct emu_vcpu *v = *state;

	rig_setup_with(arm_cpu_model_find("cortex-a57"));
	go(v, 0);
	write_ok(v, E15(0, 13, 0, 2), 0x1234);
	assert_int_equal(v->st.sys[ARM_SLOT_TPIDR_EL0], 0x1234);
	/* What belongs to PL1 is UNDEFINED; what EL1 may allow is trapped, with the instruction. */
	mrc(v, E15(0, 1, 0, 0));
	expect_esr(v, 0x02000000);
	mrc(v, E15(0, 0, 0, 1));
	expect_esr(v, 0x02000000);
	helper_mrc(v, E15(0, 9, 12, 0), ARM_CP_INFO(7, 0, 1), 0);
	expect_esr(v, 0x0d000000 | 1u << 25 | 1 << 24 | 1 << 20 | 9 << 10 | 7 << 5 | 12 << 1 | 1);
	helper_mcr(v, E15(0, 9, 13, 2), 0, ARM_CP_INFO(2, 0, 14));
	expect_esr(v, 0x0d000000 | 1u << 25 | 1 << 24 | 14 << 20 | 2 << 17 | 9 << 10 | 2 << 5 | 13 << 1);
	helper_mrc(v, W15(1, 14), ARM_CP_INFO(2, 3, 14), 0);
	expect_esr(v, 0x10000000 | 1u << 25 | 1 << 24 | 14 << 20 | 1 << 16 | 3 << 10 | 2 << 5 | 14 << 1 | 1);
	v->st.sys[ARM_SLOT_MDSCR_EL1] |= MDSCR_TDCC;
	helper_mrc(v, E14(0, 0, 1, 0), ARM_CP_INFO(5, 0, 14), 0);
	expect_esr(v, 0x14000000 | 1u << 25 | 1 << 24 | 14 << 20 | 5 << 5 | 1 << 1 | 1);
	helper_mrc(v, ARM_CP_ENC64(14, 0, 1), ARM_CP_INFO(5, 6, 14), 0);
	expect_esr(v, 0x30000000 | 1u << 25 | 1 << 24 | 14 << 20 | 6 << 10 | 5 << 5 | 1 << 1 | 1);
	v->st.sys[ARM_SLOT_CNTKCTL_EL1] = 2;
	read_ok(v, W15(1, 14));
	/* The barriers go by SCTLR_EL1.CP15BEN, which is set at reset. */
	write_ok(v, E15(0, 7, 10, 5), 0);
	v->st.sys[ARM_SLOT_SCTLR_EL1] &= ~ARM_BIT(5);
	mcr(v, E15(0, 7, 10, 5), 0);
	expect_esr(v, 0x02000000);
}

/* Anything at all, from both levels: no crash, no effect on what is not the guest's. */
static void test_random(void **state)
{
	struct emu_vcpu *v = *state;
	unsigned int i;

	for (i = 0; i < 200000; i++) {
		u64 r = rig_rand();
		u32 enc = (u32)(r & (ARM_CP_ENCS - 1));

		if (i & 1)
			enc = arm_sysreg32_row((r >> 20) % ARM_REGS32)->enc;
		go(v, i >> 1 & 1);
		v->st.pstate |= r >> 40 & PSR32_AIF;
		if (i & 4)
			mrc(v, enc);
		else
			mcr(v, enc, rig_rand());
		v->exc.pending = false;
		assert_int_equal(v->st.sys[ARM_SLOT_MIDR_EL1], 0x414fc0f0);
		assert_int_equal(v->st.sys[ARM_SLOT_HCR_EL2], 0);
		assert_int_equal(v->st.sys[ARM_SLOT_SCR_EL3], 0x30);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_access), TEST(test_unallocated), TEST(test_reset_values), TEST(test_masks),
		TEST(test_known_masks), TEST(test_views), TEST(test_armed), TEST(test_ccsidr), TEST(test_pl0_controls),
		TEST(test_below_aarch64), TEST(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
