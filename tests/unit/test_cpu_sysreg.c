/* SPDX-License-Identifier: GPL-2.0-only */
/* MRS, MSR and SYS: access rules, traps, side effects, AT, TLBI, DC, IC. */
#include "tests/unit/cpu_rig.h"

#define E ARM_SYSREG_ENC
#define SCTLR E(3, 0, 1, 0, 0)
#define TTBR0 E(3, 0, 2, 0, 0)
#define TCR E(3, 0, 2, 0, 2)
#define MAIR E(3, 0, 10, 2, 0)
#define CPACR E(3, 0, 1, 0, 2)
#define FPCR E(3, 3, 4, 4, 0)
#define FPSR E(3, 3, 4, 4, 1)
#define DAIF E(3, 3, 4, 2, 1)
#define SPSEL E(3, 0, 4, 2, 0)
#define SP_EL0 E(3, 0, 4, 1, 0)
#define UNDEF_ESR 0x02000000

static u32 sys_esr(u32 enc, unsigned int rt, bool read)
{
	return 0x62000000 | ARM_SYSREG_OP0(enc) << 20 | ARM_SYSREG_OP2(enc) << 17 |
	       ARM_SYSREG_OP1(enc) << 14 | ARM_SYSREG_CRN(enc) << 10 | rt << 5 |
	       ARM_SYSREG_CRM(enc) << 1 | read;
}

static void expect_undef(struct emu_vcpu *v)
{
	assert_true(v->exc.pending);
	assert_int_equal(rig_exc(v).esr, UNDEF_ESR);
}

/*
 * Every row of the table, read and written at EL0 and EL1: the exception, if
 * any, is the one that the row's own columns ask for, and nothing crashes.
 */
static void test_every_row(void **state)
{
	struct emu_vcpu *v = *state;

	for (unsigned int reg = 0; reg < ARM_REGS; reg++) {
		const struct arm_sysreg_row *r = arm_sysreg_row((enum arm_sysreg)reg);

		for (unsigned int i = 0; i < 4; i++) {
			unsigned int el = i & 1, need;
			bool read = i & 2;

			cpu_reset(v);
			rig_el(v, el);
			need = read ? r->rd : r->wr;
			if (read)
				helper_sysreg_read(v, r->enc, 5, 0);
			else
				helper_sysreg_write(v, r->enc, rig_rand(), 5);
			if (need > el) {
				expect_undef(v);
				continue;
			}
			if (v->exc.pending && v->exc.esr != UNDEF_ESR && r->trap != ARM_TRAP_FP)
				assert_int_equal(v->exc.esr, sys_esr(r->enc, 5, read));
			rig_exc(v);
		}
	}
}

/* What reads back of all ones is the write mask, for plain registers. */
static void test_masks(void **state)
{
	struct emu_vcpu *v = *state;
	unsigned int seen = 0;

	for (unsigned int reg = 0; reg < ARM_REGS; reg++) {
		const struct arm_sysreg_row *r = arm_sysreg_row((enum arm_sysreg)reg);
		u64 before;

		if (r->handler != ARM_HND_NONE || r->rd > ARM_ACC_EL1 || r->wr > ARM_ACC_EL1 ||
		    r->slot == ARM_SLOT_NONE || r->feat == ARM_FEAT_GICV3 ||
		    !arm_has(cpu_features(v->vm), r->feat))
			continue;
		before = rig_mrs(v, r->enc);
		rig_msr(v, r->enc, ~0ULL);
		assert_int_equal(rig_mrs(v, r->enc), before | r->wmask);
		rig_msr(v, r->enc, 0);
		assert_int_equal(rig_mrs(v, r->enc), before & ~r->wmask);
		assert_false(v->exc.pending);
		seen++;
	}
	assert_true(seen > 25);
}

static void test_unallocated(void **state)
{
	struct emu_vcpu *v = *state;

	rig.vm.log_mask = EMU_LOG_UNIMP;
	rig_mrs(v, E(3, 6, 1, 0, 3));
	expect_undef(v);
	assert_int_equal(rig.logs, 1);
	rig_mrs(v, E(3, 4, 1, 1, 0));	/* HCR_EL2 */
	expect_undef(v);
	rig_mrs(v, E(3, 0, 12, 12, 0));	/* ICC_IAR1_EL1 without a GICv3 */
	expect_undef(v);
	rig_msr(v, E(3, 0, 0, 0, 0), 1);	/* MIDR_EL1 is read-only */
	expect_undef(v);
	helper_sysop(v, E(1, 4, 8, 7, 0), 0, 31);	/* TLBI ALLE2 */
	expect_undef(v);
	helper_sysop(v, E(1, 0, 9, 9, 9), 0, 31);
	expect_undef(v);
	rig_el(v, 0);
	helper_sysop(v, E(1, 0, 8, 7, 0), 0, 31);	/* TLBI VMALLE1 at EL0 */
	expect_undef(v);
	rig_mrs(v, E(3, 0, 0, 4, 0));	/* ID registers at EL0: the kernel emulates them */
	expect_undef(v);
}

/* One control each: trapped with it one way, permitted the other way. */
static void test_el0_controls(void **state)
{
	static const struct {
		u32 enc;
		bool read;
		u16 slot;	/* of the control */
		u64 on;		/* value that permits */
		u64 off;	/* value that traps */
	} c[] = {
		{ DAIF, true, ARM_SLOT_SCTLR_EL1, SCTLR_UMA, 0 },
		{ DAIF, false, ARM_SLOT_SCTLR_EL1, SCTLR_UMA, 0 },
		{ E(3, 3, 0, 0, 1), true, ARM_SLOT_SCTLR_EL1, SCTLR_UCT, 0 },
		{ E(3, 3, 14, 0, 0), true, ARM_SLOT_CNTKCTL_EL1, 1, 0 },
		{ E(3, 3, 14, 0, 0), true, ARM_SLOT_CNTKCTL_EL1, 2, 0x300 },
		{ E(3, 3, 14, 0, 1), true, ARM_SLOT_CNTKCTL_EL1, 1, 2 },
		{ E(3, 3, 14, 0, 2), true, ARM_SLOT_CNTKCTL_EL1, 2, 1 },
		{ E(3, 3, 14, 2, 1), true, ARM_SLOT_CNTKCTL_EL1, 1 << 9, 1 << 8 },
		{ E(3, 3, 14, 2, 2), false, ARM_SLOT_CNTKCTL_EL1, 1 << 9, 3 },
		{ E(3, 3, 14, 3, 0), true, ARM_SLOT_CNTKCTL_EL1, 1 << 8, 1 << 9 },
		{ E(3, 3, 9, 12, 0), true, ARM_SLOT_PMUSERENR_EL0, 1, 0xe },
		{ E(3, 3, 9, 13, 0), true, ARM_SLOT_PMUSERENR_EL0, 4, 0xa },
		{ E(3, 3, 9, 13, 0), false, ARM_SLOT_PMUSERENR_EL0, 1, 0xe },
		{ E(3, 3, 9, 12, 5), false, ARM_SLOT_PMUSERENR_EL0, 8, 6 },
		{ E(3, 3, 14, 8, 0), true, ARM_SLOT_PMUSERENR_EL0, 8, 6 },
		{ E(3, 3, 9, 12, 4), false, ARM_SLOT_PMUSERENR_EL0, 2, 0xc },
		{ E(2, 3, 0, 1, 0), true, ARM_SLOT_MDSCR_EL1, 0, 1 << 12 },
	};
	struct emu_vcpu *v = *state;

	rig_el(v, 0);
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(c); i++) {
		for (int on = 0; on < 2; on++) {
			v->st.sys[c[i].slot] = on ? c[i].on : c[i].off;
			if (c[i].read)
				helper_sysreg_read(v, c[i].enc, 7, 0);
			else
				helper_sysreg_write(v, c[i].enc, 0, 7);
			assert_int_equal(v->exc.pending, !on);
			if (!on)
				assert_int_equal(rig_exc(v).esr, sys_esr(c[i].enc, 7, c[i].read));
		}
	}
	/* EL1 is not concerned */
	rig_el(v, 1);
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(c); i++) {
		v->st.sys[c[i].slot] = c[i].off;
		if (c[i].read)
			helper_sysreg_read(v, c[i].enc, 7, 0);
		else
			helper_sysreg_write(v, c[i].enc, 0, 7);
		assert_false(v->exc.pending);
	}
}

static void test_fp(void **state)
{
	struct emu_vcpu *v = *state;

	rig_mrs(v, FPCR);
	assert_int_equal(rig_exc(v).esr, 0x1fe00000);
	rig_msr(v, CPACR, ~0ULL);
	rig_msr(v, FPCR, ~0ULL);
	rig_msr(v, FPSR, ~0ULL);
	assert_int_equal(v->st.fpcr, 0x07c00000);
	assert_int_equal(v->st.fpsr, 0xf800009f);
	assert_int_equal(rig_mrs(v, FPCR), 0x07c00000);
	rig_msr(v, CPACR, 1 << 20);
	assert_int_equal(rig_mrs(v, FPSR), 0xf800009f);
	rig_el(v, 0);
	rig_mrs(v, FPSR);
	assert_int_equal(rig_exc(v).esr, 0x1fe00000);
}

static void test_pstate(void **state)
{
	struct emu_vcpu *v = *state;
	struct arm_state *st = &v->st;

	rig_msr(v, SP_EL0, 0x1110);
	st->sp = 0x2220;
	rig_msr(v, SPSEL, 0);
	assert_int_equal(st->sp, 0x1110);
	assert_int_equal(st->pstate & PSR_M_MASK, PSR_M_EL1T);
	rig_mrs(v, SP_EL0);
	expect_undef(v);
	helper_msr_imm(v, ARM_PSTATE_SPSEL, 1, 0);
	assert_int_equal(st->sp, 0x2220);
	assert_int_equal(rig_mrs(v, SPSEL), 1);
	assert_int_equal(rig_mrs(v, E(3, 0, 4, 2, 2)), 4);

	rig_msr(v, DAIF, 0);
	helper_msr_imm(v, ARM_PSTATE_DAIFSET, 0xa, 0);
	assert_int_equal(rig_mrs(v, DAIF), PSR_D | PSR_I);
	helper_msr_imm(v, ARM_PSTATE_DAIFCLR, 0x3, 0);
	assert_int_equal(rig_mrs(v, DAIF), PSR_D);
	rig_msr(v, E(3, 3, 4, 2, 0), ~0ULL);
	assert_int_equal(st->nzcv, 0xf0000000);

	rig_el(v, 0);
	st->sys[ARM_SLOT_SCTLR_EL1] = 0;
	helper_msr_imm(v, ARM_PSTATE_DAIFSET, 2, 0);
	assert_int_equal(rig_exc(v).esr, sys_esr(E(0, 3, 4, 2, 6), 31, false));
	assert_false(st->pstate & PSR_DAIF);
	st->sys[ARM_SLOT_SCTLR_EL1] = SCTLR_UMA;
	helper_msr_imm(v, ARM_PSTATE_DAIFSET, 2, 0);
	assert_true(st->pstate & PSR_I);
	helper_msr_imm(v, ARM_PSTATE_SPSEL, 1, 0);
	expect_undef(v);
	helper_msr_imm(v, ARM_PSTATE_PAN, 1, 0);
	expect_undef(v);
}

static void test_regime(void **state)
{
	static const struct {
		u32 enc;
		u64 val;
		bool changed, flush;
	} w[] = {
		{ TTBR0, 0x40000000, true, false },
		{ TTBR0, 0x40000000, false, false },
		{ TCR, 0x510, true, true },
		{ TCR, 0x510, false, false },
		{ MAIR, 0xff, true, true },
		{ SCTLR, 0x30d50839, true, true },	/* M */
		{ SCTLR, 0x30d5083b, true, false },	/* A */
		{ SCTLR, 0x30dd083b, true, true },	/* WXN */
		{ SCTLR, 0x30dd083b, false, false },
		{ E(3, 0, 13, 0, 1), 5, false, false },	/* CONTEXTIDR_EL1 */
	};
	struct emu_vcpu *v = *state;

	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(w); i++) {
		rig.invs = 0;
		v->regime_changed = false;
		rig_msr(v, w[i].enc, w[i].val);
		assert_int_equal(v->regime_changed, w[i].changed);
		assert_int_equal(rig.invs, w[i].flush);
		if (w[i].flush)
			assert_int_equal(rig.inv.scope, TLB_ALL);
		assert_int_equal(rig_mrs(v, w[i].enc), w[i].val);
	}
	/* no big-endian data, and the ID register says so */
	rig_msr(v, SCTLR, 0x33dd083b);
	assert_int_equal(rig_mrs(v, SCTLR), 0x30dd083b);
	assert_int_equal(rig_mrs(v, E(3, 0, 0, 7, 0)) & 0xf0f00, 0);
}

static void test_identity(void **state)
{
	struct emu_vcpu *v = *state;

	assert_int_equal(rig_mrs(v, E(3, 0, 0, 0, 0)), 0x411fd070);
	rig_msr(v, E(3, 2, 0, 0, 0), 2);
	assert_int_equal(rig_mrs(v, E(3, 1, 0, 0, 0)), 0x70ffe07a);
	v->st.sys[ARM_SLOT_SCTLR_EL1] = 0;
	assert_int_equal(rig_mrs(v, E(3, 3, 0, 0, 7)), 4);
	rig_el(v, 0);
	assert_int_equal(rig_mrs(v, E(3, 3, 0, 0, 7)), 0x14);
	v->st.sys[ARM_SLOT_SCTLR_EL1] = SCTLR_DZE;
	assert_int_equal(rig_mrs(v, E(3, 3, 0, 0, 7)), 4);
}

static void test_oslock(void **state)
{
	struct emu_vcpu *v = *state;
	const u32 oslar = E(2, 0, 1, 0, 4), oslsr = E(2, 0, 1, 1, 4), mdscr = E(2, 0, 0, 2, 2);

	assert_int_equal(rig_mrs(v, oslsr), 0xa);
	rig_msr(v, mdscr, ~0ULL);
	assert_int_equal(rig_mrs(v, mdscr), 0x6ce0f041);
	rig_msr(v, mdscr, 0);
	rig_msr(v, oslar, 0);
	assert_int_equal(rig_mrs(v, oslsr), 8);
	rig_msr(v, mdscr, ~0ULL);
	assert_int_equal(rig_mrs(v, mdscr), 0xb001);
	rig_mrs(v, oslar);
	expect_undef(v);
	rig_msr(v, E(2, 0, 7, 8, 6), 0x105);	/* DBGCLAIMSET */
	assert_int_equal(rig_mrs(v, E(2, 0, 7, 8, 6)), 0xff);
	assert_int_equal(rig_mrs(v, E(2, 0, 7, 9, 6)), 5);
	rig_msr(v, E(2, 0, 7, 9, 6), 1);
	assert_int_equal(rig_mrs(v, E(2, 0, 7, 9, 6)), 4);
}

/* ---- SYS ---- */

static void test_tlbi(void **state)
{
	static const struct {
		u8 crm, op2;
		enum tlb_scope scope;
	} ops[] = {
		{ 0, 0, TLB_ALL }, { 0, 1, TLB_VA }, { 0, 2, TLB_ASID }, { 0, 3, TLB_VA_ANY },
		{ 0, 5, TLB_VA }, { 0, 7, TLB_VA_ANY },
	};
	struct emu_vcpu *v = *state;
	u64 xt = 0x1234ULL << 48 | 0xffff0000401ULL;	/* VA 0xffff_ff00_0040_1000 */

	v->st.sys[ARM_SLOT_TCR_EL1] = TCR_AS | 2ULL << 30;	/* TG1: 4K */
	for (unsigned int is = 0; is < 2; is++) {
		for (unsigned int i = 0; i < ARM_ARRAY_SIZE(ops); i++) {
			bool va = ops[i].scope == TLB_VA || ops[i].scope == TLB_VA_ANY;

			rig.invs = rig.broadcasts = 0;
			helper_sysop(v, E(1, 0, 8, is ? 3 : 7, ops[i].op2), xt, 1);
			assert_false(v->exc.pending);
			assert_int_equal(rig.invs, !is);
			assert_int_equal(rig.broadcasts, is);
			assert_int_equal(rig.inv.scope, ops[i].scope);
			assert_int_equal(rig.inv.el, 1);
			if (va) {
				assert_int_equal(rig.inv.va, 0xffffff0000401000);
				assert_int_equal(rig.inv.size, 4096);
			}
			if (ops[i].scope == TLB_VA || ops[i].scope == TLB_ASID)
				assert_int_equal(rig.inv.asid, 0x1234);
		}
	}
	/* 8-bit ASIDs, 64K granule in the lower half */
	v->st.sys[ARM_SLOT_TCR_EL1] = 1 << 14;
	helper_sysop(v, E(1, 0, 8, 7, 1), 0xff34ULL << 48 | 0x12345, 1);
	assert_int_equal(rig.inv.asid, 0x34);
	assert_int_equal(rig.inv.va, 0x12340000);
	assert_int_equal(rig.inv.size, 0x10000);
}

static void put(u64 table, u64 index, u64 desc)
{
	memcpy(rig.ram + (table - RIG_RAM) + 8 * index, &desc, 8);
}

/* 64K granule, 42 bits: one table of pages of 64K at VA 0. */
static void tables_64k(struct emu_vcpu *v)
{
	v->st.sys[ARM_SLOT_TCR_EL1] = 22 | 22 << 16 | 1 << 14 | 3ULL << 30 | 5ULL << 32;
	v->st.sys[ARM_SLOT_TTBR0_EL1] = RIG_RAM;
	v->st.sys[ARM_SLOT_TTBR1_EL1] = RIG_RAM;
	v->st.sys[ARM_SLOT_MAIR_EL1] = 0x440cff;
	v->st.sys[ARM_SLOT_SCTLR_EL1] |= SCTLR_M;
	put(RIG_RAM, 0, (RIG_RAM + 0x10000) | 3);
	put(RIG_RAM + 0x10000, 1, (RIG_RAM + 0x50000) | 0x703 | PTE_AP_EL0);
	put(RIG_RAM + 0x10000, 2, (RIG_RAM + 0x60000) | 0x703 | PTE_AP_RO);
	put(RIG_RAM + 0x10000, 3, 0x09000000 | 0x703 | 1 << 2);
	put(RIG_RAM + 0x10000, 4, (RIG_RAM + 0x60000) | 0x303);
	put(RIG_RAM + 0x10000, 5, 0x09000000 | 0x703);
	put(RIG_RAM + 0x10000, 6, (RIG_RAM + 0x60000) | 0x703 | PTE_AP_RO | PTE_AP_EL0);
	put(RIG_RAM, 1, 0x2000 << 16 | 3);
}

static u64 at(struct emu_vcpu *v, unsigned int op2, u64 va)
{
	helper_sysop(v, E(1, 0, 7, 8, op2), va, 1);
	return rig_mrs(v, E(3, 0, 7, 4, 0));
}

static void test_at(void **state)
{
	struct emu_vcpu *v = *state;

	tables_64k(v);
	assert_int_equal(at(v, 0, 0x12345), 0xff00000000000800 | 0x180 | (RIG_RAM + 0x52000));
	assert_int_equal(at(v, 3, 0x12345), 0xff00000000000800 | 0x180 | (RIG_RAM + 0x52000));
	assert_int_equal(at(v, 0, 0x30000), 0x0c00000000000900 | 0x09000000);
	assert_int_equal(at(v, 1, 0x20000), 0x801 | 0xf << 1);	/* permission, level 3 */
	assert_int_equal(at(v, 2, 0x20000), 0x801 | 0xf << 1);
	assert_int_equal(at(v, 0, 0x20000) & 1, 0);
	assert_int_equal(at(v, 0, 0x40000), 0x801 | 0xb << 1);	/* access flag */
	assert_int_equal(at(v, 0, 0x80000), 0x801 | 7 << 1);
	assert_false(v->exc.pending);
	/* an external abort on the walk is an exception */
	v->st.sys[ARM_SLOT_PAR_EL1] = 0x77;
	at(v, 0, 0x20000000);
	assert_int_equal(rig_exc(v).esr, 0x96000157);
	assert_int_equal(v->st.sys[ARM_SLOT_PAR_EL1], 0x77);
}

static void test_zva(void **state)
{
	struct emu_vcpu *v = *state;
	u8 *p = rig.ram + 0x50000;
	struct vcpu_exception e;
	u32 insn = 0xd50b7420 | 9;	/* dc zva, x9 */

	tables_64k(v);
	memset(p, 0xff, 256);
	helper_dc_zva(v, 0x10000 + 0x67, 0, 0);
	assert_false(v->exc.pending);
	for (int i = 0; i < 256; i++)
		assert_int_equal(p[i], i >= 64 && i < 128 ? 0 : 0xff);
	helper_dc_zva(v, 0x20000 + 0x67, 0, 0);
	e = rig_exc(v);
	assert_int_equal(e.esr, 0x9600004f);
	assert_int_equal(e.far, 0x20067);
	helper_dc_zva(v, 0x30011, 0, 0);	/* Device */
	e = rig_exc(v);
	assert_int_equal(e.esr, 0x96000061);
	assert_int_equal(e.far, 0x30011);
	helper_dc_zva(v, 0x50011, 0, 0);	/* nothing there */
	assert_int_equal(rig_exc(v).esr, 0x96000050);
	rig_el(v, 0);
	v->st.sys[ARM_SLOT_SCTLR_EL1] &= ~SCTLR_DZE;
	memcpy(rig.ram + 0x60000, &insn, 4);
	v->st.pc = 0x60000;
	helper_dc_zva(v, 0x10000, 0, 0);
	assert_int_equal(rig_exc(v).esr, sys_esr(E(1, 3, 7, 4, 1), 9, false));
}

static void test_caches(void **state)
{
	struct emu_vcpu *v = *state;
	const u32 ivau = E(1, 3, 7, 5, 1), civac = E(1, 3, 7, 14, 1), ivac = E(1, 0, 7, 6, 1);

	tables_64k(v);
	helper_sysop(v, ivau, 0x10123, 2);
	assert_int_equal(rig.codes, 1);
	assert_int_equal(rig.code_ipa, RIG_RAM + 0x50100);
	assert_int_equal(rig.code_len, 64);
	helper_sysop(v, E(1, 0, 7, 5, 0), 0, 31);
	assert_int_equal(rig.codes, 1);
	helper_sysop(v, civac, 0x20000, 2);
	helper_sysop(v, E(1, 0, 7, 14, 2), 0x20000, 2);		/* by set and way */
	assert_false(v->exc.pending);
	helper_sysop(v, civac, 0x80000, 2);
	assert_int_equal(rig_exc(v).esr, 0x96000147);
	helper_sysop(v, ivac, 0x20000, 2);			/* needs to write */
	assert_int_equal(rig_exc(v).esr, 0x9600014f);
	helper_sysop(v, ivau, 0x80000, 2);
	assert_int_equal(rig_exc(v).esr, 0x96000147);
	assert_int_equal(rig.codes, 1);

	rig_el(v, 0);
	v->st.sys[ARM_SLOT_SCTLR_EL1] &= ~SCTLR_UCI;
	helper_sysop(v, civac, 0x10000, 2);
	assert_int_equal(rig_exc(v).esr, sys_esr(civac, 2, false));
	v->st.sys[ARM_SLOT_SCTLR_EL1] |= SCTLR_UCI;
	helper_sysop(v, civac, 0x10000, 2);
	assert_false(v->exc.pending);
	helper_sysop(v, civac, 0x20000, 2);
	assert_int_equal(rig_exc(v).esr, 0x9200014f);
	helper_sysop(v, ivac, 0x10000, 2);
	expect_undef(v);
}

/* ---- PMU ---- */

#define PMCR E(3, 3, 9, 12, 0)
#define PMCNTENSET E(3, 3, 9, 12, 1)
#define PMCNTENCLR E(3, 3, 9, 12, 2)
#define PMOVSCLR E(3, 3, 9, 12, 3)
#define PMSWINC E(3, 3, 9, 12, 4)
#define PMSELR E(3, 3, 9, 12, 5)
#define PMCCNTR E(3, 3, 9, 13, 0)
#define PMXEVTYPER E(3, 3, 9, 13, 1)
#define PMXEVCNTR E(3, 3, 9, 13, 2)
#define PMINTENSET E(3, 0, 9, 14, 1)
#define PMEVCNTR0 E(3, 3, 14, 8, 0)
#define PMEVCNTR1 E(3, 3, 14, 8, 1)
#define PMEVTYPER0 E(3, 3, 14, 12, 0)
#define PMEVTYPER1 E(3, 3, 14, 12, 1)

static void test_pmu_cycles(void **state)
{
	struct emu_vcpu *v = *state;
	u64 a, b, ns;

	assert_int_equal(rig_mrs(v, PMCR), 0x41013000);
	rig_msr(v, PMCNTENSET, ~0ULL);
	assert_int_equal(rig_mrs(v, PMCNTENSET), 0x8000003f);
	assert_int_equal(rig_mrs(v, PMCCNTR), rig_mrs(v, PMCCNTR));	/* off */
	rig_msr(v, PMCR, 0x41);
	ns = cpu_monotonic_ns();
	a = rig_mrs(v, PMCCNTR);
	while (cpu_monotonic_ns() - ns < 1000000)
		;
	b = rig_mrs(v, PMCCNTR);
	assert_in_range(b - a, 900000, cpu_monotonic_ns() - ns);
	/* not at EL1 */
	rig_msr(v, E(3, 3, 14, 15, 7), 1ULL << 31);
	a = rig_mrs(v, PMCCNTR);
	assert_int_equal(rig_mrs(v, PMCCNTR), a);
	assert_true(v->pmu.by_el);
	v->st.sys[ARM_SLOT_SPSR_EL1] = PSR_M_EL0T;
	helper_eret(v, 0, 0, 0);
	ns = cpu_monotonic_ns();
	while (cpu_monotonic_ns() - ns < 100000)
		;
	helper_svc(v, 0, 0, 0);
	cpu_take_exception(v);
	b = rig_mrs(v, PMCCNTR);
	assert_true(b - a >= 100000);
	assert_int_equal(rig_mrs(v, PMCCNTR), b);
	rig_msr(v, PMCR, 0x45);
	assert_int_equal(rig_mrs(v, PMCCNTR), 0);
	/* one in 64, and none of them lost between looks */
	rig_msr(v, E(3, 3, 14, 15, 7), 0);
	rig_msr(v, PMCR, 0x0d);
	ns = cpu_monotonic_ns();
	while (cpu_monotonic_ns() - ns < 3000000)
		rig_mrs(v, PMCCNTR);
	b = rig_mrs(v, PMCCNTR);
	assert_in_range(b, 3000000 / 64, (cpu_monotonic_ns() - ns) / 64 + 100);
}

static void test_pmu_events(void **state)
{
	struct emu_vcpu *v = *state;

	rig_msr(v, PMCR, 1);
	rig_msr(v, PMSELR, 0);
	rig_msr(v, PMXEVTYPER, 0);	/* SW_INCR */
	rig_msr(v, PMEVTYPER1, 0x1e);	/* CHAIN */
	rig_msr(v, PMCNTENSET, 3);
	rig_msr(v, PMXEVCNTR, 0xfffffffe);
	rig_msr(v, PMINTENSET, 1);
	rig_msr(v, PMSWINC, 1);
	assert_int_equal(rig_mrs(v, PMEVCNTR0), 0xffffffff);
	assert_false(rig.ppi[0][23]);
	rig_msr(v, PMSWINC, 1);
	assert_int_equal(rig_mrs(v, PMEVCNTR0), 0);
	assert_int_equal(rig_mrs(v, PMEVCNTR1), 1);
	assert_true(rig.ppi[0][23]);
	assert_int_equal(rig_mrs(v, PMOVSCLR), 1);
	rig_msr(v, PMOVSCLR, 1);
	assert_false(rig.ppi[0][23]);
	/* the last pair chains as well */
	rig_msr(v, E(3, 3, 14, 12, 4), 0);
	rig_msr(v, E(3, 3, 14, 12, 5), 0x1e);
	rig_msr(v, E(3, 3, 14, 8, 4), 0xffffffff);
	rig_msr(v, PMCNTENSET, 0x30);
	rig_msr(v, PMSWINC, 0x30);
	assert_int_equal(rig_mrs(v, E(3, 3, 14, 8, 5)), 1);
	/* instructions */
	rig_msr(v, PMEVTYPER0, 8);
	rig_msr(v, PMEVCNTR0, 10);
	v->insn_count += 1000;
	assert_int_equal(rig_mrs(v, PMEVCNTR0), 1010);
	rig_msr(v, PMCNTENCLR, 1);
	v->insn_count += 1000;
	assert_int_equal(rig_mrs(v, PMEVCNTR0), 1010);
	/* registers that do not exist */
	rig_msr(v, PMSELR, 6);
	rig_msr(v, PMXEVCNTR, 5);
	assert_int_equal(rig_mrs(v, PMXEVCNTR), 0);
	assert_false(v->exc.pending);
	/* not announced, as nobody counts; announced where somebody does */
	assert_int_equal(rig_mrs(v, E(3, 3, 9, 12, 6)), 0x20001);
	v->insn_counted = true;
	cpu_reset(v);
	assert_int_equal(rig_mrs(v, E(3, 3, 9, 12, 6)), 0x20101);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_every_row, rig_setup),
		cmocka_unit_test_setup(test_masks, rig_setup),
		cmocka_unit_test_setup(test_unallocated, rig_setup),
		cmocka_unit_test_setup(test_el0_controls, rig_setup),
		cmocka_unit_test_setup(test_fp, rig_setup),
		cmocka_unit_test_setup(test_pstate, rig_setup),
		cmocka_unit_test_setup(test_regime, rig_setup),
		cmocka_unit_test_setup(test_identity, rig_setup),
		cmocka_unit_test_setup(test_oslock, rig_setup),
		cmocka_unit_test_setup(test_tlbi, rig_setup),
		cmocka_unit_test_setup(test_at, rig_setup),
		cmocka_unit_test_setup(test_zva, rig_setup),
		cmocka_unit_test_setup(test_caches, rig_setup),
		cmocka_unit_test_setup(test_pmu_cycles, rig_setup),
		cmocka_unit_test_setup(test_pmu_events, rig_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
