/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model of our own that answers like a host.  The registers stand as they are; what the
 * translator does follows the fields of them that decide behaviour.
 */
#include <stdio.h>
#include <string.h>

#include "vmm/migrate/identity_reg.h"

#define MIDR_PART 0xff00fff0ULL		/* implementer and part number */

/* ---- the model to begin with ---- */

static u64 value_of(const struct identity *id, enum arm_sysreg reg)
{
	const struct arm_id_value *v = identity_find(id, (u16)reg);

	return v ? v->value : 0;
}

/* ID_ISAR2.LoadStore: LDA and STL are there. */
static bool is_v8(const struct identity *id)
{
	return !id->aarch32 || value_of(id, ARM_REG_ID_AA64PFR0_EL1) ||
	       arm_bits(value_of(id, ARM_REG_ID_ISAR2_EL1), 3, 0) >= 2;
}

static const struct arm_cpu_model *base_model(const struct identity *id)
{
	u64 midr = value_of(id, ARM_REG_MIDR_EL1);
	bool v8 = is_v8(id);
	unsigned int n;
	const struct arm_cpu_model *models = arm_cpu_models(&n);

	for (unsigned int i = 0; i < n; i++)
		if (!((arm_cpu_model_value(&models[i], ARM_REG_MIDR_EL1) ^ midr) & MIDR_PART) &&
		    v8 == arm_has(models[i].features, ARM_FEAT_AARCH64))
			return &models[i];
	/* Of "max" there is no AArch32. */
	return arm_cpu_model_find(!v8 ? "cortex-a15" : id->aarch32 ? "cortex-a57" : "max");
}

/* ---- features ---- */

/* A feature is there when the field is at least @least (@is_signed: 0xf is -1). */
struct feature_field {
	u8 feat;
	u8 shift;
	u8 least;
	bool is_signed;
	u16 reg;
};

static const struct feature_field features_a64[] = {
	{ ARM_FEAT_FP, 16, 0, true, ARM_REG_ID_AA64PFR0_EL1 },
	{ ARM_FEAT_AARCH32_EL0, 0, 2, false, ARM_REG_ID_AA64PFR0_EL1 },
	{ ARM_FEAT_AARCH32_EL1, 4, 2, false, ARM_REG_ID_AA64PFR0_EL1 },
	{ ARM_FEAT_V8_A32, 0, 2, false, ARM_REG_ID_AA64PFR0_EL1 },
	{ ARM_FEAT_LPAE, 0, 2, false, ARM_REG_ID_AA64PFR0_EL1 },
	{ ARM_FEAT_AES, 4, 1, false, ARM_REG_ID_AA64ISAR0_EL1 },
	{ ARM_FEAT_PMULL, 4, 2, false, ARM_REG_ID_AA64ISAR0_EL1 },
	{ ARM_FEAT_SHA1, 8, 1, false, ARM_REG_ID_AA64ISAR0_EL1 },
	{ ARM_FEAT_SHA256, 12, 1, false, ARM_REG_ID_AA64ISAR0_EL1 },
	{ ARM_FEAT_CRC32, 16, 1, false, ARM_REG_ID_AA64ISAR0_EL1 },
	{ ARM_FEAT_LSE, 20, 2, false, ARM_REG_ID_AA64ISAR0_EL1 },
	{ ARM_FEAT_RDM, 28, 1, false, ARM_REG_ID_AA64ISAR0_EL1 },
	{ ARM_FEAT_GRAN16K, 20, 1, false, ARM_REG_ID_AA64MMFR0_EL1 },
	{ ARM_FEAT_GRAN64K, 24, 0, true, ARM_REG_ID_AA64MMFR0_EL1 },
	{ ARM_FEAT_GRAN4K, 28, 0, true, ARM_REG_ID_AA64MMFR0_EL1 },
	{ ARM_FEAT_PMU, 8, 1, true, ARM_REG_ID_AA64DFR0_EL1 },
};

static const struct feature_field features_a32[] = {
	{ ARM_FEAT_FP, 4, 1, false, ARM_REG_MVFR0_EL1 },
	{ ARM_FEAT_LPAE, 0, 5, false, ARM_REG_ID_MMFR0_EL1 },
	{ ARM_FEAT_AES, 4, 1, false, ARM_REG_ID_ISAR5_EL1 },
	{ ARM_FEAT_PMULL, 4, 2, false, ARM_REG_ID_ISAR5_EL1 },
	{ ARM_FEAT_SHA1, 8, 1, false, ARM_REG_ID_ISAR5_EL1 },
	{ ARM_FEAT_SHA256, 12, 1, false, ARM_REG_ID_ISAR5_EL1 },
	{ ARM_FEAT_CRC32, 16, 1, false, ARM_REG_ID_ISAR5_EL1 },
	{ ARM_FEAT_RDM, 24, 1, false, ARM_REG_ID_ISAR5_EL1 },
	{ ARM_FEAT_PMU, 24, 1, true, ARM_REG_ID_DFR0_EL1 },
};

static int field(u64 val, unsigned int shift, bool is_signed)
{
	int f = (int)(val >> shift & 0xf);

	return f == 0xf && is_signed ? -1 : f;
}

static u64 features_of(const struct identity *id, const struct arm_cpu_model *base)
{
	const struct feature_field *table = id->aarch32 ? features_a32 : features_a64;
	size_t n = id->aarch32 ? ARM_ARRAY_SIZE(features_a32) : ARM_ARRAY_SIZE(features_a64);
	u64 features = base->features;

	/* Another part has not this one's own registers. */
	if ((value_of(id, ARM_REG_MIDR_EL1) ^ arm_cpu_model_value(base, ARM_REG_MIDR_EL1)) & MIDR_PART)
		features &= ~(ARM_FEAT_BIT(ARM_FEAT_IMPDEF_A57) | ARM_FEAT_BIT(ARM_FEAT_IMPDEF_A15) |
			      ARM_FEAT_BIT(ARM_FEAT_IMPDEF_A7));
	for (size_t i = 0; i < n; i++) {
		const struct feature_field *f = &table[i];

		features &= ~ARM_FEAT_BIT(f->feat);
		if (field(value_of(id, (enum arm_sysreg)f->reg), f->shift, f->is_signed) >= f->least)
			features |= ARM_FEAT_BIT(f->feat);
	}
	return features;
}

/* ---- what the translator lacks ---- */

/*
 * Fields that change nothing for a guest at EL1, or that the model takes over as a number: levels above,
 * the GIC's version (compared apart), predictors, what kinds of memory and of endianness there are.
 */
static const struct {
	u16 reg;
	u8 shift;
} harmless[] = {
	{ ARM_REG_ID_PFR0_EL1, 16 },		/* CSV2 */
	{ ARM_REG_ID_PFR1_EL1, 4 },		/* Security */
	{ ARM_REG_ID_PFR1_EL1, 12 },		/* Virtualization */
	{ ARM_REG_ID_PFR1_EL1, 28 },		/* GIC */
	{ ARM_REG_ID_PFR2_EL1, 0 },		/* CSV3 */
	{ ARM_REG_ID_DFR0_EL1, 4 },		/* CopSDbg */
	{ ARM_REG_ID_AA64PFR0_EL1, 8 },		/* EL2 */
	{ ARM_REG_ID_AA64PFR0_EL1, 12 },	/* EL3 */
	{ ARM_REG_ID_AA64PFR0_EL1, 24 },	/* GIC */
	{ ARM_REG_ID_AA64PFR0_EL1, 56 },	/* CSV2 */
	{ ARM_REG_ID_AA64PFR0_EL1, 60 },	/* CSV3 */
	{ ARM_REG_ID_AA64DFR0_EL1, 0 },		/* DebugVer */
	{ ARM_REG_ID_AA64DFR0_EL1, 12 },	/* BRPs */
	{ ARM_REG_ID_AA64DFR0_EL1, 20 },	/* WRPs */
	{ ARM_REG_ID_AA64DFR0_EL1, 28 },	/* CTX_CMPs */
	{ ARM_REG_ID_AA64DFR0_EL1, 36 },	/* DoubleLock */
	{ ARM_REG_ID_AA64MMFR0_EL1, 8 },	/* BigEnd: cpu_slot_load() refuses who uses it */
	{ ARM_REG_ID_AA64MMFR0_EL1, 12 },	/* SNSMem */
	{ ARM_REG_ID_AA64MMFR0_EL1, 16 },	/* BigEndEL0 */
	{ ARM_REG_ID_AA64MMFR0_EL1, 32 },	/* TGran16_2, TGran64_2, TGran4_2: of stage 2 */
	{ ARM_REG_ID_AA64MMFR0_EL1, 36 },
	{ ARM_REG_ID_AA64MMFR0_EL1, 40 },
	{ ARM_REG_ID_AA64MMFR0_EL1, 56 },	/* FGT */
	{ ARM_REG_ID_AA64MMFR1_EL1, 4 },	/* VMIDBits */
	{ ARM_REG_ID_AA64MMFR1_EL1, 8 },	/* VH */
	{ ARM_REG_ID_AA64MMFR1_EL1, 24 },	/* SpecSEI */
	{ ARM_REG_ID_AA64MMFR1_EL1, 28 },	/* XNX */
	{ ARM_REG_ID_AA64MMFR2_EL1, 0 },	/* CnP: a hint */
	{ ARM_REG_ID_AA64MMFR2_EL1, 24 },	/* NV */
};

static bool is_harmless(u16 reg, unsigned int shift)
{
	for (size_t i = 0; i < ARM_ARRAY_SIZE(harmless); i++)
		if (harmless[i].reg == reg && harmless[i].shift == shift)
			return true;
	return false;
}

/* Names of fields that users meet; others are told by their bits. */
static const struct {
	u16 reg;
	u8 shift;
	const char *name;
} field_names[] = {
	{ ARM_REG_ID_AA64PFR0_EL1, 16, "half-precision arithmetic" },
	{ ARM_REG_ID_AA64PFR0_EL1, 20, "half-precision arithmetic" },
	{ ARM_REG_ID_AA64PFR0_EL1, 28, "RAS" },
	{ ARM_REG_ID_AA64PFR0_EL1, 32, "SVE" },
	{ ARM_REG_ID_AA64PFR0_EL1, 48, "DIT" },
	{ ARM_REG_ID_AA64PFR1_EL1, 0, "BTI" },
	{ ARM_REG_ID_AA64PFR1_EL1, 4, "SSBS" },
	{ ARM_REG_ID_AA64PFR1_EL1, 8, "MTE" },
	{ ARM_REG_ID_AA64DFR0_EL1, 8, "events of a later PMU" },
	{ ARM_REG_ID_AA64ISAR0_EL1, 12, "SHA512" },
	{ ARM_REG_ID_AA64ISAR0_EL1, 32, "SHA3" },
	{ ARM_REG_ID_AA64ISAR0_EL1, 44, "dot products" },
	{ ARM_REG_ID_AA64ISAR0_EL1, 52, "FLAGM" },
	{ ARM_REG_ID_AA64ISAR0_EL1, 60, "RNDR" },
	{ ARM_REG_ID_AA64ISAR1_EL1, 0, "DC CVAP" },
	{ ARM_REG_ID_AA64ISAR1_EL1, 4, "pointer authentication" },
	{ ARM_REG_ID_AA64ISAR1_EL1, 8, "pointer authentication" },
	{ ARM_REG_ID_AA64ISAR1_EL1, 12, "JSCVT" },
	{ ARM_REG_ID_AA64ISAR1_EL1, 16, "FCMA" },
	{ ARM_REG_ID_AA64ISAR1_EL1, 20, "LRCPC" },
	{ ARM_REG_ID_AA64MMFR0_EL1, 0, "52-bit physical addresses" },
	{ ARM_REG_ID_AA64MMFR1_EL1, 0, "hardware access flags" },
	{ ARM_REG_ID_AA64MMFR1_EL1, 12, "hierarchical permission disables" },
	{ ARM_REG_ID_AA64MMFR1_EL1, 16, "limited ordering regions" },
	{ ARM_REG_ID_AA64MMFR1_EL1, 20, "PAN" },
	{ ARM_REG_ID_AA64MMFR2_EL1, 4, "UAO" },
	{ ARM_REG_ID_AA64MMFR2_EL1, 12, "IESB" },
	{ ARM_REG_ID_AA64MMFR2_EL1, 16, "52-bit virtual addresses" },
	{ ARM_REG_ID_ISAR6_EL1, 4, "dot products" },
};

static const char *field_name(u16 reg, unsigned int shift)
{
	for (size_t i = 0; i < ARM_ARRAY_SIZE(field_names); i++)
		if (field_names[i].reg == reg && field_names[i].shift == shift)
			return field_names[i].name;
	return "a later extension";
}

/* The most of our models: what they say is what the translator does. */
static int most(u16 reg, unsigned int shift, bool aarch32, bool is_signed)
{
	unsigned int n;
	const struct arm_cpu_model *models = arm_cpu_models(&n);
	int best = is_signed ? -1 : 0;

	for (unsigned int i = 0; i < n; i++) {
		int f = field(arm_cpu_model_value(&models[i], (enum arm_sysreg)reg), shift, is_signed);

		if (arm_has(models[i].features, aarch32 ? ARM_FEAT_AARCH32_EL1 : ARM_FEAT_AARCH64) && f > best)
			best = f;
	}
	return best;
}

/* @val without what the translator lacks. */
static u64 fit_value(const struct identity *id, u16 reg, u64 val, struct report *r)
{
	const struct arm_sysreg_row *row = arm_sysreg_row((enum arm_sysreg)reg);
	bool is_signed = row->flags & ARM_SRF_SIGNED;
	char what[48];

	if (row->mig != ARM_MIG_SUBSET)
		return val;
	for (unsigned int shift = 0; shift < 64; shift += 4) {
		int has = field(val, shift, is_signed), can = most(reg, shift, id->aarch32, is_signed);

		if (has <= can || is_harmless(reg, shift))
			continue;
		snprintf(what, sizeof(what), "%s[%u:%u]", identity_reg_name(reg), shift + 3, shift);
		report_add(r, "%s (%s) is %d in the guest, and the translator has %d; start guests that are to come "
			   "here with --cpu host-of=FILE, which leaves it out, or move to hardware", what,
			   field_name(reg, shift), has, can);
		val = (val & ~(0xfULL << shift)) | (u64)(can & 0xf) << shift;
	}
	return val;
}

/* ---- numbers ---- */

/* A field that counts bytes of a line or block as log2 of words. */
static u8 line_log2(const char *what, u64 words_log2, struct report *r)
{
	if (words_log2 > 9) {
		report_add(r, "%s: %llu bytes are more than the translator handles (2048)", what,
			   4ull << words_log2);
		words_log2 = 9;
	}
	return (u8)(2 + words_log2);
}

static void set_debug(const struct identity *id, struct arm_cpu_model *m)
{
	u64 dfr = value_of(id, ARM_REG_ID_AA64DFR0_EL1), didr = 0;

	for (unsigned int i = 0; i < id->nids32; i++)
		if (id->id32[i].reg == ARM_REG32_DBGDIDR)
			didr = id->id32[i].value;
	if (!id->aarch32) {
		m->breakpoints = (u8)(1 + arm_bits(dfr, 15, 12));
		m->watchpoints = (u8)(1 + arm_bits(dfr, 23, 20));
		m->ctx_breakpoints = (u8)(1 + arm_bits(dfr, 31, 28));
	} else if (didr) {
		m->breakpoints = (u8)(1 + arm_bits(didr, 27, 24));
		m->watchpoints = (u8)(1 + arm_bits(didr, 31, 28));
		m->ctx_breakpoints = (u8)(1 + arm_bits(didr, 23, 20));
	}
	if (m->ctx_breakpoints > m->breakpoints)
		m->ctx_breakpoints = m->breakpoints;
}

static void set_numbers(const struct identity *id, struct arm_cpu_model *m, struct report *r)
{
	static const u8 pa_bits[] = { 32, 36, 40, 42, 44, 48 };
	u64 mmfr0 = value_of(id, ARM_REG_ID_AA64MMFR0_EL1), ctr = value_of(id, ARM_REG_CTR_EL0);
	const struct arm_id_value *dczid = identity_find(id, ARM_REG_DCZID_EL0);

	if (!id->aarch32) {
		u64 range = arm_bits(mmfr0, 3, 0);

		m->pa_bits = pa_bits[range < ARM_ARRAY_SIZE(pa_bits) ? range : ARM_ARRAY_SIZE(pa_bits) - 1];
		m->asid_bits = arm_bits(mmfr0, 7, 4) == 2 ? 16 : 8;
	}
	if (ctr) {
		m->dcache_line_log2 = line_log2("CTR_EL0.DminLine", arm_bits(ctr, 19, 16), r);
		m->icache_line_log2 = line_log2("CTR_EL0.IminLine", arm_bits(ctr, 3, 0), r);
	}
	if (dczid && !id->aarch32)
		m->zva_log2 = line_log2("DCZID_EL0.BS", arm_bits(dczid->value, 3, 0), r);
	set_debug(id, m);
	memcpy(m->ccsidr, id->ccsidr, sizeof(m->ccsidr));
}

/* ---- all of it ---- */

static void set_id(struct identity_model *out, u16 reg, u64 value)
{
	unsigned int i;

	for (i = 0; i < out->model.id_count && out->ids[i].reg != reg; i++)
		;
	if (i == ARM_ARRAY_SIZE(out->ids))
		return;		/* cannot be: it has room for every row of an identity and those of a model */
	out->ids[i] = (struct arm_id_value){ reg, value };
	if (i == out->model.id_count)
		out->model.id_count++;
}

static void set_reg32(struct identity_model *out, u16 reg, u64 value)
{
	unsigned int i;

	for (i = 0; i < out->model.reg32_count && out->regs32[i].reg != reg; i++)
		;
	if (i == ARM_ARRAY_SIZE(out->regs32))
		return;
	out->regs32[i] = (struct arm_reg32_value){ reg, value, 0 };
	if (i == out->model.reg32_count)
		out->model.reg32_count++;
}

int identity_to_model(const struct identity *id, struct identity_model *out, struct report *r)
{
	const struct arm_cpu_model *base = base_model(id);

	if (!base || base->id_count > ARM_ARRAY_SIZE(out->ids) || base->reg32_count > ARM_ARRAY_SIZE(out->regs32))
		return -EINVAL;
	out->model = *base;
	out->model.exact = true;
	out->model.ids = out->ids;
	out->model.regs32 = out->regs32;
	memcpy(out->ids, base->ids, base->id_count * sizeof(out->ids[0]));
	if (base->reg32_count)
		memcpy(out->regs32, base->regs32, base->reg32_count * sizeof(out->regs32[0]));
	out->model.features = features_of(id, base);
	for (unsigned int i = 0; i < id->nids; i++)
		set_id(out, id->id[i].reg, fit_value(id, id->id[i].reg, id->id[i].value, r));
	for (unsigned int i = 0; i < id->nids32; i++)
		set_reg32(out, id->id32[i].reg, id->id32[i].value);
	set_numbers(id, &out->model, r);
	return 0;
}
