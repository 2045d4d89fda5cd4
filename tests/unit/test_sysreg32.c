/* SPDX-License-Identifier: GPL-2.0-only */
/* The AArch32 tables: encodings, the storage behind them, and what the parts reset to. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "arm/cpu_model.h"
#include "arm/state.h"
#include "arm/sysreg32.h"

static void check(bool ok, const char *what, const char *cond)
{
	if (!ok)
		fail_msg("%s: %s", what, cond);
}

#define CHECK(cond, what) check(cond, what, #cond)
#define F(name) ARM_FEAT_BIT(ARM_FEAT_##name)

static const char *const parts[] = { "cortex-a15", "cortex-a7", "cortex-a57" };

static const struct arm_cpu_model *part(unsigned int i)
{
	return arm_cpu_model_find(parts[i]);
}

/* Every row is found by its encoding on its CPU; registers and operations do not meet. */
static void test_lookup(void **state)
{
	bool reg_seen[ARM_REGS32] = { false }, op_seen[ARM_OPS32] = { false };
	unsigned int i;
	u32 enc;

	(void)state;
	for (i = 0; i < ARM_ARRAY_SIZE(parts); i++) {
		u64 f = part(i)->features;

		for (enc = 0; enc < ARM_CP_ENCS + 16; enc++) {
			int reg = arm_sysreg32_index(f, enc), op = arm_sysop32_index(f, enc);

			assert_true(reg < 0 || op < 0);
			if (reg >= 0) {
				assert_int_equal(arm_sysreg32_row(reg)->enc, enc);
				assert_ptr_equal(arm_sysreg32_lookup(f, enc), arm_sysreg32_row(reg));
				reg_seen[reg] = true;
			} else {
				assert_null(arm_sysreg32_lookup(f, enc));
			}
			if (op >= 0) {
				assert_int_equal(arm_sysop32_row(op)->enc, enc);
				op_seen[op] = true;
			}
		}
	}
	for (i = 0; i < ARM_REGS32; i++)
		CHECK(reg_seen[i], arm_sysreg32_name(i));
	for (i = 0; i < ARM_OPS32; i++)
		CHECK(op_seen[i], arm_sysop32_name(i));
}

/* Instruction words as an assembler writes them. */
static void test_enc_fields(void **state)
{
	static const struct {
		u32 word;
		bool wide;
		int reg;
	} insns[] = {
		{ 0xee110f10, false, ARM_REG32_SCTLR },		/* mrc p15, 0, r0, c1, c0, 0 */
		{ 0xee1d0f70, false, ARM_REG32_TPIDRURO },	/* mrc p15, 0, r0, c13, c0, 3 */
		{ 0xee190f1c, false, ARM_REG32_PMCR },		/* mrc p15, 0, r0, c9, c12, 0 */
		{ 0xee100e10, false, ARM_REG32_DBGDIDR },	/* mrc p14, 0, r0, c0, c0, 0 */
		{ 0xee025f50, false, -1 },			/* mcr p15, 0, r5, c2, c0, 2: TTBCR */
		{ 0xee395f50, false, ARM_REG32_A15_L2CTLR },	/* mrc p15, 1, r5, c9, c0, 2 */
		{ 0xeef80a10, false, ARM_REG32_FPEXC },		/* vmrs r0, fpexc */
		{ 0xec510f02, true, ARM_REG32_TTBR0_64 },	/* mrrc p15, 0, r0, r1, c2 */
		{ 0xec510f1e, true, ARM_REG32_CNTVCT },		/* mrrc p15, 1, r0, r1, c14 */
		{ 0xec510e01, true, ARM_REG32_DBGDRAR_64 },	/* mrrc p14, 0, r0, r1, c1 */
	};
	u64 f = part(0)->features;
	unsigned int i;

	(void)state;
	for (i = 0; i < ARM_ARRAY_SIZE(insns); i++) {
		u32 w = insns[i].word, enc = insns[i].wide ? ARM_CP_ENC64_OF_INSN(w) : ARM_CP_ENC_OF_INSN(w);

		assert_int_equal(arm_sysreg32_index(f, enc), insns[i].reg < 0 ? ARM_REG32_TTBCR : insns[i].reg);
		assert_true(ARM_CP_CP(enc) == (w >> 8 & 15));
	}
	assert_int_equal(ARM_CP_ENC_VFP(8), ARM_CP_ENC_OF_INSN(0xeef80a10));
	assert_int_equal(ARM_CP_OPC1(ARM_CP_ENC64(15, 9, 3)), 9);
	assert_int_equal(ARM_CP_CRM(ARM_CP_ENC64(15, 9, 3)), 3);
	assert_int_equal(ARM_CP_INFO_RT(ARM_CP_INFO(3, 7, 14)), 3);
	assert_int_equal(ARM_CP_INFO_RT2(ARM_CP_INFO(3, 7, 14)), 7);
	assert_int_equal(ARM_CP_INFO_COND(ARM_CP_INFO(3, 7, 14)), 14);
}

/* "Architecturally mapped to" of DDI 0487 G8.2: encoding, slot, half. */
static void test_mapping(void **state)
{
	static const struct {
		u32 enc;
		u16 slot;
		u8 part;
	} map[] = {
#define M32(o1, cn, cm, o2, slot, part)                                                            \
	{ ARM_CP_ENC(15, o1, cn, cm, o2), ARM_SLOT_##slot, ARM_PART_##part }
#define M14(o1, cn, cm, o2, slot, part)                                                            \
	{ ARM_CP_ENC(14, o1, cn, cm, o2), ARM_SLOT_##slot, ARM_PART_##part }
#define M64(o1, cm, slot) { ARM_CP_ENC64(15, o1, cm), ARM_SLOT_##slot, ARM_PART_ALL }
		M32(0, 0, 0, 0, MIDR_EL1, LO), M32(0, 0, 0, 1, CTR_EL0, LO), M32(0, 0, 0, 5, MPIDR_EL1, LO),
		M32(0, 0, 1, 1, ID_PFR1_EL1, LO), M32(0, 0, 1, 4, ID_MMFR0_EL1, LO),
		M32(0, 0, 2, 5, ID_ISAR5_EL1, LO), M32(1, 0, 0, 1, CLIDR_EL1, LO),
		M32(2, 0, 0, 0, CSSELR_EL1, LO), M32(4, 0, 0, 0, VPIDR_EL2, LO),
		M32(0, 1, 0, 0, SCTLR_EL1, LO), M32(0, 1, 0, 1, ACTLR_EL1, LO),
		M32(0, 1, 0, 2, CPACR_EL1, LO), M32(0, 1, 1, 1, SDER32_EL3, LO),
		M32(4, 1, 1, 0, HCR_EL2, LO), M32(4, 1, 1, 4, HCR_EL2, HI), M32(4, 1, 1, 1, MDCR_EL2, LO),
		M32(4, 1, 1, 2, CPTR_EL2, LO), M32(0, 2, 0, 0, TTBR0_EL1, LO),
		M32(0, 2, 0, 1, TTBR1_EL1, LO), M32(0, 2, 0, 2, TCR_EL1, LO), M64(0, 2, TTBR0_EL1),
		M64(1, 2, TTBR1_EL1), M64(4, 2, TTBR0_EL2), M64(6, 2, VTTBR_EL2),
		M32(0, 3, 0, 0, DACR32_EL2, LO), M32(0, 5, 0, 0, ESR_EL1, LO), M32(0, 5, 0, 1, IFSR32_EL2, LO),
		M32(0, 5, 1, 0, AFSR0_EL1, LO), M32(0, 5, 1, 1, AFSR1_EL1, LO), M32(4, 5, 2, 0, ESR_EL2, LO),
		M32(0, 6, 0, 0, FAR_EL1, LO), M32(0, 6, 0, 2, FAR_EL1, HI), M32(4, 6, 0, 0, FAR_EL2, LO),
		M32(4, 6, 0, 2, FAR_EL2, HI), M32(4, 6, 0, 4, HPFAR_EL2, LO), M32(0, 7, 4, 0, PAR_EL1, LO),
		M64(0, 7, PAR_EL1), M32(0, 9, 12, 0, PMCR_EL0, LO), M32(0, 9, 13, 0, PMCCNTR_EL0, LO),
		M64(0, 9, PMCCNTR_EL0), M32(0, 9, 14, 0, PMUSERENR_EL0, LO), M32(0, 14, 10, 5, PMEVCNTR21_EL0, LO),
		M32(0, 14, 15, 6, PMEVTYPER30_EL0, LO), M32(0, 14, 15, 7, PMCCFILTR_EL0, LO),
		M32(0, 10, 2, 0, MAIR_EL1, LO), M32(0, 10, 2, 1, MAIR_EL1, HI), M32(0, 10, 3, 1, AMAIR_EL1, HI),
		M32(4, 10, 2, 1, MAIR_EL2, HI), M32(0, 12, 0, 0, VBAR_EL1, LO), M32(4, 12, 0, 0, VBAR_EL2, LO),
		M32(0, 13, 0, 1, CONTEXTIDR_EL1, LO), M32(0, 13, 0, 2, TPIDR_EL0, LO),
		M32(0, 13, 0, 3, TPIDRRO_EL0, LO), M32(0, 13, 0, 4, TPIDR_EL1, LO),
		M32(4, 13, 0, 2, TPIDR_EL2, LO), M32(0, 14, 0, 0, CNTFRQ_EL0, LO),
		M32(0, 14, 1, 0, CNTKCTL_EL1, LO), M32(0, 14, 2, 1, CNTP_CTL_EL0, LO),
		M32(0, 14, 3, 1, CNTV_CTL_EL0, LO), M64(2, 14, CNTP_CVAL_EL0), M64(3, 14, CNTV_CVAL_EL0),
		M64(4, 14, CNTVOFF_EL2), M64(6, 14, CNTHP_CVAL_EL2), M14(0, 0, 2, 2, MDSCR_EL1, LO),
		M14(0, 0, 7, 0, DBGVCR32_EL2, LO), M14(0, 0, 5, 4, DBGBVR5_EL1, LO),
		M14(0, 1, 5, 1, DBGBVR5_EL1, HI), M14(0, 0, 5, 5, DBGBCR5_EL1, LO), M14(0, 0, 3, 6, DBGWVR3_EL1, LO),
		M14(0, 0, 3, 7, DBGWCR3_EL1, LO), M14(0, 1, 3, 4, OSDLR_EL1, LO), M14(0, 1, 1, 4, OSLSR_EL1, LO),
		M14(0, 7, 9, 6, DBGCLAIMCLR_EL1, LO),
		{ ARM_CP_ENC_VFP(8), ARM_SLOT_FPEXC32_EL2, ARM_PART_LO },
		{ ARM_CP_ENC_VFP(6), ARM_SLOT_MVFR1_EL1, ARM_PART_LO },
	};
	u64 f = part(2)->features;
	unsigned int i;

	(void)state;
	for (i = 0; i < ARM_ARRAY_SIZE(map); i++) {
		const struct arm_sysreg32_row *r = arm_sysreg32_lookup(f, map[i].enc);

		if (!r || r->slot != map[i].slot || r->part != map[i].part)
			fail_msg("encoding %05x: not in %s", map[i].enc, arm_sysreg_slot_name(map[i].slot));
	}
}

/* The mask of a row as bits of its slot. */
static u64 in_slot(const struct arm_sysreg32_row *r, u64 mask)
{
	return r->part == ARM_PART_HI ? mask << 32 : mask;
}

static void test_columns(void **state)
{
	bool hnd[ARM_HNDS32] = { false };
	unsigned int i, m;

	(void)state;
	for (i = 0; i < ARM_REGS32; i++) {
		const struct arm_sysreg32_row *r = arm_sysreg32_row(i);
		const char *n = arm_sysreg32_name(i);
		bool wide = r->enc & ARM_CP_64;

		hnd[r->handler] = true;
		CHECK(r->rd <= ARM_ACC_NO && r->wr <= ARM_ACC_NO && r->trap < ARM_TRAPS32, n);
		CHECK(r->rd == ARM_ACC_NO || r->wr >= r->rd, n);
		CHECK(r->wr != ARM_ACC_NO || !r->wmask, n);
		CHECK(wide || !(r->wmask >> 32 | r->reset >> 32), n);
		CHECK((r->part == ARM_PART_ALL) == wide, n);
		/* Without storage it is computed, or nothing. */
		CHECK(r->slot != ARM_SLOT_NONE || r->handler || r->cls == ARM_CLS_RAZ, n);
		CHECK(r->cls != ARM_CLS_RAZ || (!r->wmask && !r->reset && r->slot == ARM_SLOT_NONE), n);
		CHECK(r->handler != ARM_HND32_OF || r->of != ARM_REGS, n);
		/* The register that it is a view of lies in the same slot. */
		CHECK(r->of == ARM_REGS || arm_sysreg_row(r->of)->slot == r->slot, n);
		CHECK(r->sslot == ARM_SLOT_NONE || r->sslot != r->slot, n);
		CHECK(!(r->flags & ARM_SRF32_RESET) || r->slot != ARM_SLOT_NONE, n);
		/* A higher level's register cannot be trapped by EL1's controls, nor is it ever there for EL1. */
		CHECK(r->rd < ARM_ACC_EL2 || r->rd == ARM_ACC_NO || r->trap == ARM_TRAP_NONE, n);
		/* What a guest can write must migrate; a write-only register is a command. */
		for (m = 0; m < ARM_ARRAY_SIZE(parts) && r->slot != ARM_SLOT_NONE; m++) {
			const struct arm_sysreg_slot_row *s = arm_sysreg_slot_row(r->slot);
			u64 wmask = arm_cpu_model_wmask32(part(m), i);

			if (r->reset)
				wmask |= r->reset;
			CHECK(r->cls == ARM_CLS_ABSENT || r->rd == ARM_ACC_NO ||
				      !(in_slot(r, wmask) & ~s->mig_mask), n);
			CHECK(!wmask || s->mig != ARM_MIG_NONE, n);
		}
	}
	for (i = ARM_HND32_OF; i < ARM_HNDS32; i++) {
		if (!hnd[i])
			fail_msg("handler %u is of no row", i);
	}
	for (i = 0; i < ARM_OPS32; i++) {
		const struct arm_sysop32_row *o = arm_sysop32_row(i);
		const char *n = arm_sysop32_name(i);

		CHECK(o->pl <= ARM_ACC_EL2, n);
		/* What is done by the AArch64 operation is of its kind and needs the same level. */
		CHECK(o->op == ARM_OPS || arm_sysop_row(o->op)->kind == o->kind, n);
		CHECK(o->op == ARM_OPS || o->pl == ARM_ACC_EL1 || o->pl == arm_sysop_row(o->op)->el, n);
		CHECK(o->op != ARM_OPS || o->kind >= ARM_OPK_IMPDEF, n);
	}
}

/* The Secure copies: banked registers of DDI 0406C table B3-33, and no others. */
static void test_banks(void **state)
{
	static const u16 banked[] = {
		ARM_REG32_CSSELR, ARM_REG32_SCTLR, ARM_REG32_ACTLR, ARM_REG32_TTBR0, ARM_REG32_TTBR0_64,
		ARM_REG32_TTBR1, ARM_REG32_TTBR1_64, ARM_REG32_TTBCR, ARM_REG32_DACR, ARM_REG32_DFSR,
		ARM_REG32_IFSR, ARM_REG32_ADFSR, ARM_REG32_AIFSR, ARM_REG32_DFAR, ARM_REG32_IFAR,
		ARM_REG32_PAR, ARM_REG32_PAR_64, ARM_REG32_PRRR, ARM_REG32_NMRR, ARM_REG32_AMAIR0,
		ARM_REG32_AMAIR1, ARM_REG32_VBAR, ARM_REG32_CONTEXTIDR, ARM_REG32_TPIDRURW,
		ARM_REG32_TPIDRURO, ARM_REG32_TPIDRPRW, ARM_REG32_CNTP_TVAL, ARM_REG32_CNTP_CTL,
		ARM_REG32_CNTP_CVAL, ARM_REG32_ICC_AP1R0, ARM_REG32_ICC_AP1R1, ARM_REG32_ICC_AP1R2,
		ARM_REG32_ICC_AP1R3, ARM_REG32_ICC_BPR1, ARM_REG32_ICC_CTLR, ARM_REG32_ICC_SRE,
		ARM_REG32_ICC_IGRPEN1,
	};
	bool want[ARM_REGS32] = { false };
	unsigned int i, j;

	(void)state;
	for (i = 0; i < ARM_ARRAY_SIZE(banked); i++)
		want[banked[i]] = true;
	for (i = 0; i < ARM_REGS32; i++) {
		const struct arm_sysreg32_row *r = arm_sysreg32_row(i);

		CHECK((r->sslot != ARM_SLOT_NONE) == want[i], arm_sysreg32_name(i));
		/* Two registers share a Secure copy where they share the other one. */
		for (j = 0; j < i && want[i]; j++) {
			const struct arm_sysreg32_row *q = arm_sysreg32_row(j);

			CHECK(q->sslot != r->sslot || q->slot == r->slot, arm_sysreg32_name(i));
		}
	}
}

/* DDI 0438, 0464, 0488, chapter 4: reset values; the levels above EL1 are there. */
static void test_reset_values(void **state)
{
	static const struct {
		u16 reg;
		u32 value[3];	/* as parts[] */
	} want[] = {
#define W(name, a15, a7, a57) { ARM_REG32_##name, { a15, a7, a57 } }
		W(MIDR, 0x414fc0f0, 0x410fc075, 0x411fd070),
		W(CTR, 0x8444c004, 0x84448003, 0x8444c004),
		W(TCMTR, 0, 0, 0),
		W(TLBTR, 0, 0, 0),
		W(ID_PFR0, 0x1131, 0x1131, 0x131),
		W(ID_PFR1, 0x11011, 0x11011, 0x11011),
		W(ID_DFR0, 0x02010555, 0x02010555, 0x03010066),
		W(ID_MMFR0, 0x10201105, 0x10101105, 0x10101105),
		W(ID_MMFR1, 0x20000000, 0x40000000, 0x40000000),
		W(ID_MMFR2, 0x01240000, 0x01240000, 0x01260000),
		W(ID_MMFR3, 0x02102211, 0x02102211, 0x02102211),
		W(ID_ISAR0, 0x02101110, 0x02101110, 0x02101110),
		W(ID_ISAR1, 0x13112111, 0x13112111, 0x13112111),
		W(ID_ISAR2, 0x21232041, 0x21232041, 0x21232042),
		W(ID_ISAR3, 0x11112131, 0x11112131, 0x01112131),
		W(ID_ISAR4, 0x10011142, 0x10011142, 0x00011142),
		W(ID_ISAR5, 0, 0, 0x00011121),
		W(CLIDR, 0x0a200023, 0x0a200023, 0x0a200023),
		W(SCTLR, 0x00c50078, 0x00c50878, 0x00c50838),
		W(ACTLR, 0, 0x6000, 0),
		W(CPACR, 0, 0, 0),
		W(TTBCR, 0, 0, 0),
		W(VBAR, 0, 0, 0),
		W(PMCR, 0x410f3000, 0x41072000, 0x41013000),
		W(FPSID, 0x410430f0, 0x41023075, 0x41034070),
		W(FPEXC, 0, 0, 0x700),
		W(MVFR0, 0x10110222, 0x10110222, 0x10110222),
		W(MVFR1, 0x11111111, 0x11111111, 0x12111111),
		W(MVFR2, 0, 0, 0x43),
		W(DBGDIDR, 0x3515f040, 0x3515f005, 0x3516d000),
		W(DBGDEVID, 0x01110f13, 0x01110f13, 0x00110f13),
		W(DBGOSLSR, 0xa, 0xa, 0xa),
		W(PRRR, 0x98aa4, 0x98aa4, 0x98aa4),
		W(NMRR, 0x44e048e0, 0x44e048e0, 0x44e048e0),
	};
	unsigned int i, p;

	(void)state;
	for (i = 0; i < ARM_ARRAY_SIZE(want); i++) {
		for (p = 0; p < 3; p++)
			CHECK(arm_cpu_model_value32(part(p), want[i].reg) == want[i].value[p],
			      arm_sysreg32_name(want[i].reg));
	}
}

/* DBGDIDR says the numbers of the model; without EL3 there is no secure debug. */
static void test_models(void **state)
{
	unsigned int i, j, p;

	(void)state;
	for (p = 0; p < 3; p++) {
		struct arm_cpu_model m = *part(p);
		u64 didr = arm_cpu_model_value32(&m, ARM_REG32_DBGDIDR);

		assert_int_equal(m.watchpoints, (didr >> 28) + 1);
		assert_int_equal(m.breakpoints, (didr >> 24 & 15) + 1);
		assert_int_equal(m.ctx_breakpoints, (didr >> 20 & 15) + 1);
		assert_int_equal(m.pmu_counters, arm_cpu_model_value32(&m, ARM_REG32_PMCR) >> 11 & 31);
		assert_true(didr & 1u << 12);
		for (i = 0; i < m.reg32_count; i++) {
			CHECK(arm_sysreg32_row(m.regs32[i].reg)->flags & ARM_SRF_MODEL,
			      arm_sysreg32_name(m.regs32[i].reg));
			for (j = 0; j < i; j++)
				assert_int_not_equal(m.regs32[j].reg, m.regs32[i].reg);
		}
		m.features &= ~(F(EL2) | F(EL3));
		assert_int_equal(arm_cpu_model_value32(&m, ARM_REG32_DBGDIDR), didr & ~0x5000ULL);
		assert_int_equal(arm_cpu_model_value32(&m, ARM_REG32_ID_PFR1) & 0xf0f0, 0);
		assert_int_equal(arm_cpu_model_value32(&m, ARM_REG32_ID_PFR1) >> 16 & 15, 1);
		assert_int_equal(arm_cpu_model_value32(&m, ARM_REG32_ID_DFR0) & 0xf0, 0);
	}
	for (p = 0; p < 2; p++) {
		assert_false(arm_has(part(p)->features, ARM_FEAT_AARCH64));
		assert_false(arm_has(part(p)->features, ARM_FEAT_V8_A32));
		assert_true(arm_has(part(p)->features, ARM_FEAT_LPAE));
	}
	assert_true(arm_has(part(2)->features, ARM_FEAT_AARCH64));
	assert_true(arm_has(arm_cpu_model_find("max")->features, ARM_FEAT_AARCH64));
}

/* CCSIDR: (sets - 1) << 13 | (ways - 1) << 3 | log2(bytes of a line) - 4, against the sizes in the manuals. */
static void test_cache_sizes(void **state)
{
	static const struct {
		u32 kib;
		u8 ways, line;
	} want[3][3] = {
		{ { 32, 2, 64 }, { 32, 2, 64 }, { 2048, 16, 64 } },
		{ { 32, 4, 64 }, { 32, 2, 32 }, { 512, 8, 64 } },
		{ { 32, 2, 64 }, { 48, 3, 64 }, { 2048, 16, 64 } },
	};
	unsigned int p, c;

	(void)state;
	for (p = 0; p < 3; p++) {
		for (c = 0; c < 3; c++) {
			u32 id = (u32)arm_cpu_model_ccsidr(part(p), c);
			u32 sets = (id >> 13 & 0x7fff) + 1, ways = (id >> 3 & 0x3ff) + 1, line = 16u << (id & 7);

			assert_int_equal(ways, want[p][c].ways);
			assert_int_equal(line, want[p][c].line);
			assert_int_equal(sets * ways * line, want[p][c].kib << 10);
		}
	}
}

/* Storage after a reset: what AArch32 at EL1 has of its own; AArch64 is not disturbed. */
static void test_reset_state(void **state)
{
	static struct arm_state s;
	struct arm_cpu_model a57 = *part(2);
	unsigned int i, p;

	(void)state;
	for (p = 0; p < 2; p++) {
		arm_sysreg_reset(&s, part(p));
		for (i = 0; i < ARM_REGS32; i++) {
			const struct arm_sysreg32_row *r = arm_sysreg32_row(i);

			if (r->slot == ARM_SLOT_NONE || !arm_sysreg32_exists(r, part(p)->features) ||
			    r->rd > ARM_ACC_EL1)
				continue;
			CHECK(arm_sysreg32_read_slot(&s, r) == arm_cpu_model_value32(part(p), i),
			      arm_sysreg32_name(i));
		}
	}
	arm_sysreg_reset(&s, &a57);
	assert_int_equal(s.sys[ARM_SLOT_SCTLR_EL1], 0x30d50838);
	assert_int_equal(s.sys[ARM_SLOT_MAIR_EL1], 0);
	a57.features &= ~F(AARCH64);
	arm_sysreg_reset(&s, &a57);
	assert_int_equal(s.sys[ARM_SLOT_SCTLR_EL1], 0xc50838);
	assert_int_equal(s.sys[ARM_SLOT_MAIR_EL1], 0x44e048e000098aa4);
}

/* One row is there or not by the CPU. */
static void test_exists(void **state)
{
	static const struct {
		u16 reg;
		bool there[3];
	} rows[] = {
#define E(name, a15, a7, a57) { ARM_REG32_##name, { a15, a7, a57 } }
		E(SCTLR, 1, 1, 1), E(TTBR0_64, 1, 1, 1), E(TEECR, 1, 1, 0), E(TEEHBR, 1, 1, 0),
		E(PMEVCNTR0, 0, 0, 1), E(PMCCNTR_64, 0, 0, 1), E(PMOVSSET, 1, 1, 1), E(MVFR2, 0, 0, 1),
		E(A15_L2CTLR, 1, 0, 0), E(A7_L2CTLR, 0, 1, 0), E(A57_L2CTLR, 0, 0, 1), E(HCR2, 0, 0, 1),
		E(DBGDCCINT, 0, 0, 1), E(DBGWFAR, 1, 1, 0), E(ICC_PMR, 0, 0, 0), E(A15_CPUMERRSR, 1, 0, 0),
		E(A57_CPUACTLR, 0, 0, 1),
	};
	unsigned int i, p;

	(void)state;
	for (i = 0; i < ARM_ARRAY_SIZE(rows); i++) {
		for (p = 0; p < 3; p++)
			CHECK(arm_sysreg32_exists(arm_sysreg32_row(rows[i].reg), part(p)->features) ==
				      rows[i].there[p], arm_sysreg32_name(rows[i].reg));
	}
	assert_true(arm_sysreg32_exists(arm_sysreg32_row(ARM_REG32_ICC_PMR), part(0)->features | F(GICV3)));
	assert_false(arm_sysreg32_exists(arm_sysreg32_row(ARM_REG32_PMCR), part(0)->features & ~F(PMU)));
	assert_false(arm_sysreg32_exists(arm_sysreg32_row(ARM_REG32_PMEVCNTR0), part(2)->features & ~F(PMU)));
	/* One encoding, two registers. */
	assert_int_equal(arm_sysreg32_index(part(0)->features, ARM_CP_ENC64(15, 0, 15)), ARM_REG32_A15_CPUMERRSR);
	assert_int_equal(arm_sysreg32_index(part(2)->features, ARM_CP_ENC64(15, 0, 15)), ARM_REG32_A57_CPUACTLR);
	assert_int_equal(arm_sysreg32_index(part(1)->features, ARM_CP_ENC64(15, 0, 15)), -1);
}

static void test_halves(void **state)
{
	static struct arm_state s;
	const struct arm_sysreg32_row *lo = arm_sysreg32_row(ARM_REG32_PRRR);
	const struct arm_sysreg32_row *hi = arm_sysreg32_row(ARM_REG32_NMRR);
	const struct arm_sysreg32_row *all = arm_sysreg32_row(ARM_REG32_TTBR0_64);
	const struct arm_sysreg32_row *low = arm_sysreg32_row(ARM_REG32_TTBR0);

	(void)state;
	arm_sysreg32_write_slot(&s, lo, 0x11111111);
	arm_sysreg32_write_slot(&s, hi, 0x22222222);
	assert_int_equal(s.sys[ARM_SLOT_MAIR_EL1], 0x2222222211111111);
	arm_sysreg32_write_slot(&s, lo, 0xffffffff33333333);
	assert_int_equal(s.sys[ARM_SLOT_MAIR_EL1], 0x2222222233333333);
	assert_int_equal(arm_sysreg32_read_slot(&s, hi), 0x22222222);
	arm_sysreg32_write_slot(&s, all, 0x0012000044445555);
	assert_int_equal(arm_sysreg32_read_slot(&s, low), 0x44445555);
	arm_sysreg32_write_slot(&s, low, 0x66667777);
	assert_int_equal(arm_sysreg32_read_slot(&s, all), 0x0012000066667777);
	assert_int_equal(arm_sysreg32_read_slot(&s, arm_sysreg32_row(ARM_REG32_FCSEIDR)), 0);
	assert_int_equal(arm_cbar32(0x2c000000), 0x2c000000);
	assert_int_equal(arm_cbar32(0x1208000000), 0x08000012);
}

/* What Debian's kernel does with registers often is done in place, and nothing that has an effect is. */
static void test_direct(void **state)
{
	static const struct {
		u16 reg;
		u8 el;
		bool read, direct;
	} cases[] = {
#define D(name, el, read, direct) { ARM_REG32_##name, el, read, direct }
		D(TPIDRURO, 0, true, true), D(TPIDRURO, 0, false, false), D(TPIDRURO, 1, false, true),
		D(TPIDRURW, 0, false, true), D(TPIDRPRW, 0, true, false), D(TPIDRPRW, 1, true, true),
		D(TPIDRPRW, 1, false, true), D(SCTLR, 1, false, false), D(CNTV_CTL, 1, true, false),
		D(PMCCNTR, 1, true, false), D(VBAR, 1, true, true), D(VBAR, 0, true, false),
		D(DBGDIDR, 1, true, false), D(FPEXC, 1, true, false), D(MVBAR, 1, true, false),
		D(TEECR, 1, false, false), D(TEEHBR, 0, true, false),
	};
	struct arm_sysreg32_direct d;
	u64 f = part(0)->features;
	unsigned int i;

	(void)state;
	for (i = 0; i < ARM_ARRAY_SIZE(cases); i++) {
		u32 enc = arm_sysreg32_row(cases[i].reg)->enc;

		CHECK(arm_sysreg32_direct(f, cases[i].el, enc, cases[i].read, &d) == cases[i].direct,
		      arm_sysreg32_name(cases[i].reg));
		if (cases[i].direct)
			CHECK(d.slot == arm_sysreg32_row(cases[i].reg)->slot && d.part == ARM_PART_LO,
			      arm_sysreg32_name(cases[i].reg));
	}
	assert_false(arm_sysreg32_direct(f, 1, ARM_CP_ENC(15, 7, 15, 15, 7), true, &d));
	assert_true(arm_sysreg32_leaves(f, arm_sysreg32_row(ARM_REG32_TTBR0)->enc));
	assert_true(arm_sysreg32_leaves(f, ARM_CP_ENC(15, 0, 8, 7, 0)));
	assert_true(arm_sysreg32_leaves(f, ARM_CP_ENC(15, 0, 7, 5, 4)));
	assert_false(arm_sysreg32_leaves(f, ARM_CP_ENC(15, 0, 7, 10, 1)));
	assert_false(arm_sysreg32_leaves(f, arm_sysreg32_row(ARM_REG32_DFSR)->enc));
}

/* cp, opc1, CRn, CRm, opc2 of what Debian's armmp-lpae executes while it boots on an A15. */
static void test_boot_list(void **state)
{
	static const u8 writes[][5] = {
		{ 14, 0, 0, 3, 5 }, { 14, 0, 0, 2, 2 }, { 14, 0, 0, 3, 6 }, { 14, 0, 0, 3, 7 }, { 14, 0, 0, 7, 0 },
		{ 14, 0, 1, 0, 4 }, { 14, 6, 1, 0, 0 }, { 15, 0, 1, 0, 0 }, { 15, 0, 1, 0, 1 }, { 15, 0, 1, 0, 2 },
		{ 15, 0, 10, 2, 0 }, { 15, 0, 10, 2, 1 }, { 15, 0, 13, 0, 2 }, { 15, 0, 13, 0, 3 },
		{ 15, 0, 13, 0, 4 }, { 15, 0, 14, 1, 0 }, { 15, 0, 14, 2, 1 }, { 15, 0, 14, 3, 1 },
		{ 15, 0, 2, 0, 0 }, { 15, 0, 2, 0, 2 }, { 15, 0, 3, 0, 0 }, { 15, 2, 0, 0, 0 },
		{ 15, 4, 0, 0, 0 }, { 15, 4, 0, 0, 5 }, { 15, 4, 1, 0, 0 }, { 15, 4, 1, 1, 0 },
		{ 15, 4, 1, 1, 1 }, { 15, 4, 1, 1, 2 }, { 15, 4, 1, 1, 3 }, { 15, 4, 12, 0, 0 }, { 15, 4, 14, 1, 0 },
	};
	static const u8 ops[][5] = {
		{ 15, 0, 7, 1, 0 }, { 15, 0, 7, 1, 6 }, { 15, 0, 7, 10, 1 }, { 15, 0, 7, 10, 4 }, { 15, 0, 7, 11, 1 },
		{ 15, 0, 7, 14, 1 }, { 15, 0, 7, 14, 2 }, { 15, 0, 7, 5, 0 }, { 15, 0, 7, 5, 1 }, { 15, 0, 7, 5, 4 },
		{ 15, 0, 7, 5, 6 }, { 15, 0, 7, 6, 2 }, { 15, 0, 8, 3, 0 }, { 15, 0, 8, 3, 3 }, { 15, 0, 8, 7, 0 },
		{ 15, 0, 8, 7, 1 }, { 15, 0, 8, 7, 2 },
	};
	static const u8 reads[][5] = {
		{ 14, 0, 0, 0, 0 }, { 14, 0, 0, 0, 7 }, { 14, 0, 0, 1, 0 }, { 14, 0, 1, 3, 4 }, { 14, 6, 1, 0, 0 },
		{ 15, 0, 0, 0, 0 }, { 15, 0, 0, 0, 1 }, { 15, 0, 0, 0, 5 }, { 15, 0, 0, 0, 6 }, { 15, 0, 0, 1, 0 },
		{ 15, 0, 0, 1, 7 }, { 15, 0, 0, 2, 5 }, { 15, 0, 14, 0, 0 }, { 15, 0, 5, 0, 0 }, { 15, 0, 5, 0, 1 },
		{ 15, 0, 6, 0, 0 }, { 15, 0, 6, 0, 2 }, { 15, 1, 0, 0, 0 }, { 15, 1, 0, 0, 1 },
	};
	u64 f = part(0)->features;
	unsigned int i;

	(void)state;
#define ENC(e) ARM_CP_ENC(e[0], e[1], e[2], e[3], e[4])
	for (i = 0; i < ARM_ARRAY_SIZE(writes); i++)
		assert_true(arm_sysreg32_lookup(f, ENC(writes[i]))->wr != ARM_ACC_NO);
	for (i = 0; i < ARM_ARRAY_SIZE(reads); i++)
		assert_true(arm_sysreg32_lookup(f, ENC(reads[i]))->rd <= ARM_ACC_EL1);
	for (i = 0; i < ARM_ARRAY_SIZE(ops); i++)
		assert_true(arm_sysop32_index(f, ENC(ops[i])) >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_enc_fields),
		cmocka_unit_test(test_mapping),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_banks),
		cmocka_unit_test(test_reset_values),
		cmocka_unit_test(test_models),
		cmocka_unit_test(test_cache_sizes),
		cmocka_unit_test(test_reset_state),
		cmocka_unit_test(test_exists),
		cmocka_unit_test(test_halves),
		cmocka_unit_test(test_direct),
		cmocka_unit_test(test_boot_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
