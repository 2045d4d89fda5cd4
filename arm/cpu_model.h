/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPU models: what a part says of itself.  A model is constant; a machine that
 * wants it changed (no EL3, a GICv3, no crypto) copies the struct, changes the
 * feature bits and keeps the copy as long as its vCPUs live.
 */
#ifndef ARM_CPU_MODEL_H
#define ARM_CPU_MODEL_H

#include "arm/base.h"
#include "arm/features.h"
#include "arm/sysreg.h"
#include "arm/sysreg32.h"

/* Reset value of one row with ARM_SRF_MODEL; rows not listed: the row's own. */
struct arm_id_value {
	u16 reg;			/* enum arm_sysreg */
	u64 value;
};

/*
 * What a part has instead of the reset value and the write mask of a row of
 * arm/sysreg32.def with ARM_SRF_MODEL.  The value counts for rows with
 * ARM_SRF32_RESET and for those without storage (as arm_cpu_model_value32()).
 */
struct arm_reg32_value {
	u16 reg;			/* enum arm_sysreg32 */
	u64 value;
	u64 wmask;
};

#define ARM_CCSIDRS 14			/* CSSELR_EL1.{Level,InD}: 7 levels, D/U and I */

struct arm_cpu_model {
	const char *name;		/* as the command line names it */
	const char *compatible;		/* device-tree "compatible" of the cpu node */
	u64 features;			/* bit n: enum arm_feature n */
	bool exact;			/* @ids and @regs32 are a host's: features change no ID field */
	const struct arm_id_value *ids;
	u16 id_count;
	u16 reg32_count;
	const struct arm_reg32_value *regs32;
	u8 breakpoints;			/* 2..16 */
	u8 watchpoints;			/* 2..16 */
	u8 ctx_breakpoints;		/* the last so many breakpoints match contexts */
	u8 pmu_counters;		/* event counters, 0..31 */
	u8 pa_bits;			/* 32..48 */
	u8 asid_bits;			/* 8 or 16 */
	u8 vmid_bits;
	u8 dcache_line_log2;		/* of bytes: smallest line, CTR_EL0.DminLine */
	u8 icache_line_log2;
	u8 zva_log2;			/* of bytes: DC ZVA block */
	u8 gic_pri_bits;		/* GICv3 CPU interface: priority bits */
	u8 gic_vpri_bits;
	u8 gic_list_regs;		/* 1..16 */
	u32 ccsidr[ARM_CCSIDRS];	/* by CSSELR_EL1 value; 0: no such cache */
};

/* All models; *@count is set.  The array and what it points to are static. */
const struct arm_cpu_model *arm_cpu_models(unsigned int *count);
/* The model called @name, or NULL. */
const struct arm_cpu_model *arm_cpu_model_find(const char *name);

/*
 * The reset value of an owning row for @m: the model's value or the row's, with
 * the ID fields that @m->features decide (ELs, GICv3, PMU, crypto, ...) made to
 * agree with the features, unless @m->exact.
 */
u64 arm_cpu_model_value(const struct arm_cpu_model *m, enum arm_sysreg reg);

/*
 * The reset value of an AArch32 register for @m when EL1 is AArch32, and the bits of it that
 * a guest may write.  0 for registers that are computed.
 */
u64 arm_cpu_model_value32(const struct arm_cpu_model *m, enum arm_sysreg32 reg);
u64 arm_cpu_model_wmask32(const struct arm_cpu_model *m, enum arm_sysreg32 reg);

/* CCSIDR_EL1 for a CSSELR_EL1 value; 0 (UNKNOWN) for a cache that is not there. */
u64 arm_cpu_model_ccsidr(const struct arm_cpu_model *m, u64 csselr);

/*
 * Whether row @r exists in @m: its feature, and for rows with ARM_SRF_HIGHEST
 * that no higher EL is implemented.
 */
bool arm_cpu_model_has_row(const struct arm_cpu_model *m, const struct arm_sysreg_row *r);

/* The highest implemented exception level, 1..3. */
static inline unsigned int arm_cpu_model_highest_el(const struct arm_cpu_model *m)
{
	if (arm_has(m->features, ARM_FEAT_EL3))
		return 3;
	return arm_has(m->features, ARM_FEAT_EL2) ? 2 : 1;
}

#endif
