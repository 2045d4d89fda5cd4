/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPU models.  Identity values are those of Cortex-A57 r1p0 (DDI 0488),
 * Cortex-A15 r4p0 (DDI 0438) and Cortex-A7 r0p5 (DDI 0464), chapter 4 of each,
 * without the GIC fields, which the machine's choice of GIC decides.
 */
#include "arm/cpu_model.h"

#define ID(name, value) { ARM_REG_##name, value }
#define REG32(name, value, wmask) { ARM_REG32_##name, value, wmask }

/*
 * PMCEID0 names the events that our engines count and no others: SW_INCR,
 * INST_RETIRED and CPU_CYCLES.  An engine in hardware replaces it by what the
 * host's counters do.
 */
#define PMCEID0 (ARM_BIT(0x00) | ARM_BIT(0x08) | ARM_BIT(0x11))

static const struct arm_id_value a57_ids[] = {
	ID(MIDR_EL1, 0x411fd070),
	ID(REVIDR_EL1, 0),
	ID(ID_PFR0_EL1, 0x00000131),
	ID(ID_PFR1_EL1, 0x00011011),
	ID(ID_DFR0_EL1, 0x03010066),
	ID(ID_MMFR0_EL1, 0x10101105),
	ID(ID_MMFR1_EL1, 0x40000000),
	ID(ID_MMFR2_EL1, 0x01260000),
	ID(ID_MMFR3_EL1, 0x02102211),
	ID(ID_ISAR0_EL1, 0x02101110),
	ID(ID_ISAR1_EL1, 0x13112111),
	ID(ID_ISAR2_EL1, 0x21232042),
	ID(ID_ISAR3_EL1, 0x01112131),
	ID(ID_ISAR4_EL1, 0x00011142),
	ID(ID_ISAR5_EL1, 0x00011121),
	ID(MVFR0_EL1, 0x10110222),
	ID(MVFR1_EL1, 0x12111111),
	ID(MVFR2_EL1, 0x00000043),
	ID(ID_AA64PFR0_EL1, 0x00002222),
	ID(ID_AA64DFR0_EL1, 0x10305106),
	ID(ID_AA64ISAR0_EL1, 0x00011120),
	ID(ID_AA64MMFR0_EL1, 0x00001124),
	ID(CLIDR_EL1, 0x0a200023),
	ID(CTR_EL0, 0x8444c004),
	ID(DCZID_EL0, 4),
	ID(PMCR_EL0, 0x41013000),
	ID(PMCEID0_EL0, PMCEID0),
	ID(MDCR_EL2, 6),
	ID(DBGAUTHSTATUS_EL1, 0xaa),
	ID(L2ACTLR_EL1, 0x10),
	ID(CPUECTLR_EL1, 0x1b00000000),
};

/* nTWE, nTWI, SED and ITD instead of ARMv7's Z and SW. */
#define SCTLR_V8_WMASK 0x721d31a7

static const struct arm_reg32_value a57_regs32[] = {
	REG32(SCTLR, 0x00c50838, SCTLR_V8_WMASK),
	REG32(PMCR, 0, 0x7f),
	REG32(PMUSERENR, 0, 0xf),
	REG32(FPSID, 0x41034070, 0),
	REG32(FPEXC, 0x00000700, 0x40000000),
	REG32(DBGDIDR, 0x3516d000, 0),
	REG32(DBGDEVID, 0x00110f13, 0),
	REG32(DBGDEVID1, 0x00000002, 0),
};

static const struct arm_id_value a15_ids[] = {
	ID(MIDR_EL1, 0x414fc0f0),
	ID(ID_PFR0_EL1, 0x00001131),
	ID(ID_PFR1_EL1, 0x00011011),
	ID(ID_DFR0_EL1, 0x02010555),
	ID(ID_MMFR0_EL1, 0x10201105),
	ID(ID_MMFR1_EL1, 0x20000000),
	ID(ID_MMFR2_EL1, 0x01240000),
	ID(ID_MMFR3_EL1, 0x02102211),
	ID(ID_ISAR0_EL1, 0x02101110),
	ID(ID_ISAR1_EL1, 0x13112111),
	ID(ID_ISAR2_EL1, 0x21232041),
	ID(ID_ISAR3_EL1, 0x11112131),
	ID(ID_ISAR4_EL1, 0x10011142),
	ID(MVFR0_EL1, 0x10110222),
	ID(MVFR1_EL1, 0x11111111),
	ID(CLIDR_EL1, 0x0a200023),
	ID(CTR_EL0, 0x8444c004),
	ID(PMCR_EL0, 0x410f3000),
	ID(PMCEID0_EL0, PMCEID0),
	ID(MDCR_EL2, 6),
	ID(DBGAUTHSTATUS_EL1, 0xaa),
};

static const struct arm_reg32_value a15_regs32[] = {
	REG32(ACTLR, 0, 0xffffffff),
	REG32(ADFSR, 0, 0xffffffff),
	REG32(AIFSR, 0, 0xffffffff),
	REG32(FPSID, 0x410430f0, 0),
	REG32(DBGDIDR, 0x3515f040, 0),
	REG32(DBGDEVID, 0x01110f13, 0),
};

static const struct arm_id_value a7_ids[] = {
	ID(MIDR_EL1, 0x410fc075),
	ID(ID_PFR0_EL1, 0x00001131),
	ID(ID_PFR1_EL1, 0x00011011),
	ID(ID_DFR0_EL1, 0x02010555),
	ID(ID_MMFR0_EL1, 0x10101105),
	ID(ID_MMFR1_EL1, 0x40000000),
	ID(ID_MMFR2_EL1, 0x01240000),
	ID(ID_MMFR3_EL1, 0x02102211),
	ID(ID_ISAR0_EL1, 0x02101110),
	ID(ID_ISAR1_EL1, 0x13112111),
	ID(ID_ISAR2_EL1, 0x21232041),
	ID(ID_ISAR3_EL1, 0x11112131),
	ID(ID_ISAR4_EL1, 0x10011142),
	ID(MVFR0_EL1, 0x10110222),
	ID(MVFR1_EL1, 0x11111111),
	ID(CLIDR_EL1, 0x0a200023),
	ID(CTR_EL0, 0x84448003),
	ID(PMCR_EL0, 0x41072000),
	ID(PMCEID0_EL0, PMCEID0),
	ID(MDCR_EL2, 4),
	ID(DBGAUTHSTATUS_EL1, 0xaa),
};

/* SCTLR.Z is RAO/WI: branch prediction is always on. */
static const struct arm_reg32_value a7_regs32[] = {
	REG32(SCTLR, 0x00c50878, 0x72183427),
	REG32(ACTLR, 0x00006000, 0x1000fc40),
	REG32(FPSID, 0x41023075, 0),
	REG32(DBGDIDR, 0x3515f005, 0),
	REG32(DBGDEVID, 0x01110f13, 0),
	REG32(DBGDEVID1, 0x00000001, 0),
};

/*
 * Everything the decoder knows.  Implementer 0 is Arm's "reserved for software
 * use", so no kernel applies an erratum workaround to it.  AArch64 only, hence
 * no AArch32 ID registers.
 */
static const struct arm_id_value max_ids[] = {
	ID(MIDR_EL1, 0x000f5ab0),
	ID(ID_AA64PFR0_EL1, 0x00001111),
	ID(ID_AA64DFR0_EL1, 0x10305106),
	ID(ID_AA64ISAR0_EL1, 0x10211120),
	ID(ID_AA64MMFR0_EL1, 0x00101125),
	ID(CLIDR_EL1, 0x0a200023),
	ID(CTR_EL0, 0x8444c004),
	ID(DCZID_EL0, 4),
	ID(PMCR_EL0, 0x00003000),
	ID(PMCEID0_EL0, PMCEID0),
	ID(MDCR_EL2, 6),
	ID(DBGAUTHSTATUS_EL1, 0xaa),
};

#define F(name) ARM_FEAT_BIT(ARM_FEAT_##name)

static const struct arm_cpu_model models[] = {
	{
		.name = "cortex-a57",
		.compatible = "arm,cortex-a57",
		.features = F(BASE) | F(FP) | F(AES) | F(PMULL) | F(SHA1) | F(SHA256) | F(CRC32) |
			    F(GRAN4K) | F(GRAN64K) | F(AARCH64) | F(AARCH32_EL0) |
			    F(AARCH32_EL1) | F(V8_A32) | F(LPAE) | F(EL2) | F(EL3) | F(PMU) |
			    F(IMPDEF_A57),
		.ids = a57_ids,
		.id_count = ARM_ARRAY_SIZE(a57_ids),
		.regs32 = a57_regs32,
		.reg32_count = ARM_ARRAY_SIZE(a57_regs32),
		.breakpoints = 6,
		.watchpoints = 4,
		.ctx_breakpoints = 2,
		.pmu_counters = 6,
		.pa_bits = 44,
		.asid_bits = 16,
		.vmid_bits = 8,
		.dcache_line_log2 = 6,
		.icache_line_log2 = 6,
		.zva_log2 = 6,
		.gic_pri_bits = 5,
		.gic_vpri_bits = 5,
		.gic_list_regs = 4,
		/* 32 KB 2-way data, 48 KB 3-way instruction, 2 MB 16-way L2 */
		.ccsidr = { 0x701fe00a, 0x201fe012, 0x70ffe07a },
	},
	{
		.name = "max",
		.compatible = "arm,armv8",
		.features = F(BASE) | F(FP) | F(AES) | F(PMULL) | F(SHA1) | F(SHA256) | F(CRC32) |
			    F(LSE) | F(RDM) | F(GRAN4K) | F(GRAN16K) | F(GRAN64K) | F(AARCH64) |
			    F(EL2) | F(EL3) | F(PMU),
		.ids = max_ids,
		.id_count = ARM_ARRAY_SIZE(max_ids),
		.breakpoints = 6,
		.watchpoints = 4,
		.ctx_breakpoints = 2,
		.pmu_counters = 6,
		.pa_bits = 48,
		.asid_bits = 16,
		.vmid_bits = 8,
		.dcache_line_log2 = 6,
		.icache_line_log2 = 6,
		.zva_log2 = 6,
		.gic_pri_bits = 5,
		.gic_vpri_bits = 5,
		.gic_list_regs = 4,
		.ccsidr = { 0x701fe00a, 0x201fe012, 0x70ffe07a },
	},
	{
		.name = "cortex-a15",
		.compatible = "arm,cortex-a15",
		.features = F(BASE) | F(FP) | F(AARCH32_EL0) | F(AARCH32_EL1) | F(LPAE) |
			    F(GRAN4K) | F(EL2) | F(EL3) | F(PMU) | F(IMPDEF_A15),
		.ids = a15_ids,
		.id_count = ARM_ARRAY_SIZE(a15_ids),
		.regs32 = a15_regs32,
		.reg32_count = ARM_ARRAY_SIZE(a15_regs32),
		.breakpoints = 6,
		.watchpoints = 4,
		.ctx_breakpoints = 2,
		.pmu_counters = 6,
		.pa_bits = 40,
		.asid_bits = 8,
		.vmid_bits = 8,
		.dcache_line_log2 = 6,
		.icache_line_log2 = 6,
		.zva_log2 = 6,
		.gic_pri_bits = 5,
		.gic_vpri_bits = 5,
		.gic_list_regs = 4,
		/* 32 KB 2-way data and instruction, 2 MB 16-way L2 */
		.ccsidr = { 0x701fe00a, 0x201fe00a, 0x70ffe07a },
	},
	{
		.name = "cortex-a7",
		.compatible = "arm,cortex-a7",
		.features = F(BASE) | F(FP) | F(AARCH32_EL0) | F(AARCH32_EL1) | F(LPAE) |
			    F(GRAN4K) | F(EL2) | F(EL3) | F(PMU) | F(IMPDEF_A7),
		.ids = a7_ids,
		.id_count = ARM_ARRAY_SIZE(a7_ids),
		.regs32 = a7_regs32,
		.reg32_count = ARM_ARRAY_SIZE(a7_regs32),
		.breakpoints = 6,
		.watchpoints = 4,
		.ctx_breakpoints = 2,
		.pmu_counters = 4,
		.pa_bits = 40,
		.asid_bits = 8,
		.vmid_bits = 8,
		.dcache_line_log2 = 6,
		.icache_line_log2 = 5,
		.zva_log2 = 6,
		.gic_pri_bits = 5,
		.gic_vpri_bits = 5,
		.gic_list_regs = 4,
		/* 32 KB 4-way data, 2-way instruction (lines of 32 bytes), 512 KB 8-way L2 */
		.ccsidr = { 0x700fe01a, 0x203fe009, 0x707fe03a },
	},
};

/*
 * ID fields that a feature bit decides.  KEEP: the model's own value stands.
 * Applied in order, so a later line may refine an earlier one.
 */
#define KEEP 0x10

static const struct id_field {
	u8 feat;
	u8 shift;
	u8 with, without;
	u16 reg;
} id_fields[] = {
	{ ARM_FEAT_AARCH32_EL0, 0, KEEP, 1, ARM_REG_ID_AA64PFR0_EL1 },
	{ ARM_FEAT_AARCH32_EL1, 4, KEEP, 1, ARM_REG_ID_AA64PFR0_EL1 },
	/* A level above one without AArch32 has none either (DDI 0487, D1). */
	{ ARM_FEAT_AARCH32_EL1, 8, KEEP, 1, ARM_REG_ID_AA64PFR0_EL1 },
	{ ARM_FEAT_AARCH32_EL1, 12, KEEP, 1, ARM_REG_ID_AA64PFR0_EL1 },
	{ ARM_FEAT_EL2, 8, KEEP, 0, ARM_REG_ID_AA64PFR0_EL1 },
	{ ARM_FEAT_EL3, 12, KEEP, 0, ARM_REG_ID_AA64PFR0_EL1 },
	{ ARM_FEAT_FP, 16, KEEP, 0xf, ARM_REG_ID_AA64PFR0_EL1 },
	{ ARM_FEAT_FP, 20, KEEP, 0xf, ARM_REG_ID_AA64PFR0_EL1 },
	{ ARM_FEAT_GICV3, 24, 1, 0, ARM_REG_ID_AA64PFR0_EL1 },
	{ ARM_FEAT_GICV3, 28, 1, 0, ARM_REG_ID_PFR1_EL1 },
	{ ARM_FEAT_EL3, 4, KEEP, 0, ARM_REG_ID_PFR1_EL1 },
	{ ARM_FEAT_EL2, 12, KEEP, 0, ARM_REG_ID_PFR1_EL1 },
	/* Secure debug through cp14. */
	{ ARM_FEAT_EL3, 4, KEEP, 0, ARM_REG_ID_DFR0_EL1 },
	{ ARM_FEAT_PMU, 8, KEEP, 0, ARM_REG_ID_AA64DFR0_EL1 },
	{ ARM_FEAT_PMU, 24, KEEP, 0, ARM_REG_ID_DFR0_EL1 },
	/* AES is 2 with PMULL and 1 without it. */
	{ ARM_FEAT_PMULL, 4, KEEP, 1, ARM_REG_ID_AA64ISAR0_EL1 },
	{ ARM_FEAT_AES, 4, KEEP, 0, ARM_REG_ID_AA64ISAR0_EL1 },
	{ ARM_FEAT_SHA1, 8, KEEP, 0, ARM_REG_ID_AA64ISAR0_EL1 },
	{ ARM_FEAT_SHA256, 12, KEEP, 0, ARM_REG_ID_AA64ISAR0_EL1 },
	{ ARM_FEAT_CRC32, 16, KEEP, 0, ARM_REG_ID_AA64ISAR0_EL1 },
	{ ARM_FEAT_LSE, 20, KEEP, 0, ARM_REG_ID_AA64ISAR0_EL1 },
	{ ARM_FEAT_RDM, 28, KEEP, 0, ARM_REG_ID_AA64ISAR0_EL1 },
	{ ARM_FEAT_PMULL, 4, KEEP, 1, ARM_REG_ID_ISAR5_EL1 },
	{ ARM_FEAT_AES, 4, KEEP, 0, ARM_REG_ID_ISAR5_EL1 },
	{ ARM_FEAT_SHA1, 8, KEEP, 0, ARM_REG_ID_ISAR5_EL1 },
	{ ARM_FEAT_SHA256, 12, KEEP, 0, ARM_REG_ID_ISAR5_EL1 },
	{ ARM_FEAT_CRC32, 16, KEEP, 0, ARM_REG_ID_ISAR5_EL1 },
	{ ARM_FEAT_RDM, 24, KEEP, 0, ARM_REG_ID_ISAR5_EL1 },
	{ ARM_FEAT_GRAN16K, 20, KEEP, 0, ARM_REG_ID_AA64MMFR0_EL1 },
	{ ARM_FEAT_GRAN64K, 24, KEEP, 0xf, ARM_REG_ID_AA64MMFR0_EL1 },
	{ ARM_FEAT_GRAN4K, 28, KEEP, 0xf, ARM_REG_ID_AA64MMFR0_EL1 },
};

const struct arm_cpu_model *arm_cpu_models(unsigned int *count)
{
	*count = ARM_ARRAY_SIZE(models);
	return models;
}

/* arm/ has no libc. */
static bool same_name(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

const struct arm_cpu_model *arm_cpu_model_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARM_ARRAY_SIZE(models); i++) {
		if (same_name(models[i].name, name))
			return &models[i];
	}
	return NULL;
}

u64 arm_cpu_model_value(const struct arm_cpu_model *m, enum arm_sysreg reg)
{
	const struct arm_sysreg_row *row = arm_sysreg_row(reg);
	u64 val = row->reset;
	unsigned int i;

	if (!(row->flags & ARM_SRF_MODEL))
		return val;
	for (i = 0; i < m->id_count; i++) {
		if (m->ids[i].reg == reg)
			val = m->ids[i].value;
	}
	/* A part without AArch32 has no AArch32 ID registers to adjust. */
	if (!val || m->exact)
		return val;
	for (i = 0; i < ARM_ARRAY_SIZE(id_fields); i++) {
		const struct id_field *f = &id_fields[i];
		u8 field = arm_has(m->features, f->feat) ? f->with : f->without;

		if (f->reg != reg || field == KEEP)
			continue;
		val &= ~(0xfULL << f->shift);
		val |= (u64)field << f->shift;
	}
	return val;
}

static const struct arm_reg32_value *override32(const struct arm_cpu_model *m, enum arm_sysreg32 reg)
{
	unsigned int i;

	if (!(arm_sysreg32_row(reg)->flags & ARM_SRF_MODEL))
		return NULL;
	for (i = 0; i < m->reg32_count; i++) {
		if (m->regs32[i].reg == reg)
			return &m->regs32[i];
	}
	return NULL;
}

#define DBGDIDR_SECURE (ARM_BIT(14) | ARM_BIT(12))	/* nSUHD_imp, SE_imp */

u64 arm_cpu_model_value32(const struct arm_cpu_model *m, enum arm_sysreg32 reg)
{
	const struct arm_sysreg32_row *row = arm_sysreg32_row(reg);
	const struct arm_reg32_value *o = override32(m, reg);
	const struct arm_sysreg_slot_row *slot;
	u64 val = o ? o->value : row->reset;

	if (reg == ARM_REG32_DBGDIDR && !m->exact && !arm_has(m->features, ARM_FEAT_EL3))
		val &= ~DBGDIDR_SECURE;
	if (row->slot == ARM_SLOT_NONE || (row->flags & ARM_SRF32_RESET))
		return val;
	slot = arm_sysreg_slot_row(row->slot);
	val = slot->reg == ARM_REGS ? slot->reset : arm_cpu_model_value(m, (enum arm_sysreg)slot->reg);
	return arm_part_get((enum arm_part)row->part, val);
}

u64 arm_cpu_model_wmask32(const struct arm_cpu_model *m, enum arm_sysreg32 reg)
{
	const struct arm_reg32_value *o = override32(m, reg);

	return o ? o->wmask : arm_sysreg32_row(reg)->wmask;
}

u64 arm_cpu_model_ccsidr(const struct arm_cpu_model *m, u64 csselr)
{
	return csselr < ARM_CCSIDRS ? m->ccsidr[csselr] : 0;
}

bool arm_cpu_model_has_row(const struct arm_cpu_model *m, const struct arm_sysreg_row *r)
{
	if (!arm_has(m->features, r->feat))
		return false;
	/* Of the registers that an EL may have, only the highest one's exist. */
	if (r->flags & ARM_SRF_HIGHEST)
		return r->rd == arm_cpu_model_highest_el(m);
	return true;
}
