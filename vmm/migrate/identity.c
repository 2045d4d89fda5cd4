/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/migrate/identity.h"

#include <stdio.h>
#include <string.h>
#if defined(__arm__)
#endif

#include "vmm/host/log.h"
#include "vmm/migrate/identity_reg.h"

/* CTR_EL0 (DDI 0487 D17.2.34): smallest lines as log2 of words, and how the instruction cache is tagged. */
#define CTR_IMINLINE 0
#define CTR_L1IP 14
#define CTR_DMINLINE 16
/* TLBTR.nU, FPSID's subarchitecture. */
#define TLBTR_NU 1
#define FPSID_SUBARCH 0x007f0000
/* CCSIDR.LineSize */
#define CCSIDR_LINE 7

/* ---- which registers ---- */

bool identity_has_reg(enum arm_sysreg reg)
{
	const struct arm_sysreg_row *r = arm_sysreg_row(reg);

	return r->mig == ARM_MIG_MATCH || r->mig == ARM_MIG_SUBSET ||
	       (r->mig == ARM_MIG_IGNORE && r->cls == ARM_CLS_INVARIANT);
}

bool identity_has_reg32(enum arm_sysreg32 reg)
{
	const struct arm_sysreg32_row *r = arm_sysreg32_row(reg);

	return r->slot == ARM_SLOT_NONE && (r->flags & ARM_SRF_MODEL);
}

int identity_reg_by_name(const char *name)
{
	int enc = arm_sysreg_by_name(name);
	int reg = enc < 0 ? -1 : arm_sysreg_index((u32)enc);

	return reg < 0 || !identity_has_reg((enum arm_sysreg)reg) ? -ENOENT : reg;
}

int identity_reg32_by_name(const char *name)
{
	for (unsigned int i = 0; i < ARM_REGS32; i++)
		if (identity_has_reg32((enum arm_sysreg32)i) && !strcmp(arm_sysreg32_name((enum arm_sysreg32)i), name))
			return (int)i;
	return -ENOENT;
}

const char *identity_reg_name(u16 reg)
{
	return arm_sysreg_name(arm_sysreg_row((enum arm_sysreg)reg)->enc);
}

static bool seen_by_a32(enum arm_sysreg reg)
{
	for (unsigned int i = 0; i < ARM_REGS32; i++)
		if (arm_sysreg32_row((enum arm_sysreg32)i)->of == reg)
			return true;
	return false;
}

/* An ARMv7 part has the registers that have AArch32 names. */
static bool part_has(const struct arm_cpu_model *m, enum arm_sysreg reg)
{
	const u64 v8 = ARM_FEAT_BIT(ARM_FEAT_AARCH64) | ARM_FEAT_BIT(ARM_FEAT_V8_A32);

	return identity_has_reg(reg) && arm_cpu_model_has_row(m, arm_sysreg_row(reg)) &&
	       ((m->features & v8) || seen_by_a32(reg));
}

const struct arm_id_value *identity_find(const struct identity *id, u16 reg)
{
	for (unsigned int i = 0; i < id->nids; i++)
		if (id->id[i].reg == reg)
			return &id->id[i];
	return NULL;
}

static const struct arm_id_value *find32(const struct identity *id, u16 reg)
{
	for (unsigned int i = 0; i < id->nids32; i++)
		if (id->id32[i].reg == reg)
			return &id->id32[i];
	return NULL;
}

int identity_add(struct identity *id, u16 reg, u64 value)
{
	if (identity_find(id, reg))
		return -EEXIST;
	if (id->nids == ARM_ARRAY_SIZE(id->id))
		return -ENOSPC;
	id->id[id->nids++] = (struct arm_id_value){ reg, value };
	return 0;
}

int identity_add32(struct identity *id, u16 reg, u64 value)
{
	if (find32(id, reg))
		return -EEXIST;
	if (id->nids32 == ARM_ARRAY_SIZE(id->id32))
		return -ENOSPC;
	id->id32[id->nids32++] = (struct arm_id_value){ reg, value };
	return 0;
}

/* ---- of an engine ---- */

static int read_ids(struct accel *a, const struct arm_cpu_model *model, struct identity *out)
{
	struct accel_ids ids = { .count = 0 };
	int ret = a->ops->get_ids ? a->ops->get_ids(a, &ids) : 0;

	if (ret)
		return ret;
	memcpy(out->ccsidr, a->ops->get_ids ? ids.ccsidr : model->ccsidr, sizeof(out->ccsidr));
	for (unsigned int i = 0; i < ids.count && !ret; i++)
		if (identity_has_reg32((enum arm_sysreg32)ids.reg32[i].reg))
			ret = identity_add32(out, ids.reg32[i].reg, ids.reg32[i].value);
	for (unsigned int i = 0; i < ARM_REGS32 && !ret; i++) {
		enum arm_sysreg32 reg = (enum arm_sysreg32)i;

		/* What the engine does not tell is what it plays for the model. */
		if (identity_has_reg32(reg) && !find32(out, (u16)i) && arm_has(model->features, ARM_FEAT_AARCH32_EL0) &&
		    arm_sysreg32_exists(arm_sysreg32_row(reg), model->features))
			ret = identity_add32(out, (u16)i, arm_cpu_model_value32(model, reg));
	}
	return ret;
}

int identity_of(struct accel *a, const struct arm_cpu_model *model, bool aarch32, unsigned int gic_version,
		struct identity *out)
{
	const struct arm_state *s = a->ops->state(a, 0);
	u64 count;
	int ret = 0;

	if (!s)
		return -EIO;
	*out = (struct identity){ .aarch32 = aarch32, .gic_version = (u8)gic_version };
	snprintf(out->cpu, sizeof(out->cpu), "%s", model->name);
	for (unsigned int i = 0; i < ARM_REGS && !ret; i++) {
		unsigned int slot = arm_sysreg_row((enum arm_sysreg)i)->slot;

		if (part_has(model, (enum arm_sysreg)i) && (!a->ops->has_slot || a->ops->has_slot(a, slot)))
			ret = identity_add(out, (u16)i, s->sys[slot]);
	}
	if (!ret)
		ret = read_ids(a, model, out);
	if (!ret && a->ops->get_count)
		ret = a->ops->get_count(a, &count, &out->counter_hz);
	if (!ret && a->ops->get_psci)
		ret = a->ops->get_psci(a, &out->psci);
	return ret;
}

/* ---- comparing ---- */

static u64 ctr_bad(u64 guest, u64 host)
{
	static const struct {
		u8 shift, bits;
	} fields[] = { { CTR_IMINLINE, 4 }, { CTR_L1IP, 2 }, { CTR_DMINLINE, 4 } };
	u64 bad = 0;

	/*
	 * A guest goes through memory in steps of a line: longer ones are well with that.  L1Ip is ordered: AIVIVT,
	 * VIPT, PIPT ask for less and less maintenance.
	 */
	for (size_t i = 0; i < ARM_ARRAY_SIZE(fields); i++) {
		unsigned int hi = fields[i].shift + fields[i].bits - 1, lo = fields[i].shift;

		if (arm_bits(guest, hi, lo) > arm_bits(host, hi, lo))
			bad |= ARM_MASK(hi, lo);
	}
	return bad;
}

u64 identity_bad(enum arm_sysreg reg, u64 guest, u64 host)
{
	return reg == ARM_REG_CTR_EL0 ? ctr_bad(guest, host) : arm_sysreg_migrate_bad(arm_sysreg_row(reg), guest, host);
}

/* The others are told by registers above, or are of debug, which is checked where it is used. */
static u64 bad32(u16 reg, u64 guest, u64 host)
{
	switch (reg) {
	case ARM_REG32_TCMTR:
		return guest ^ host;
	case ARM_REG32_TLBTR:
		return (guest ^ host) & TLBTR_NU;
	case ARM_REG32_FPSID:
		return (guest ^ host) & FPSID_SUBARCH;
	}
	return 0;
}

static void check_caches(const struct identity *guest, const struct identity *host, struct report *r)
{
	char what[24];

	for (unsigned int i = 0; i < ARM_CCSIDRS; i++) {
		snprintf(what, sizeof(what), "CCSIDR[%u]", i);
		/* How many caches there are says CLIDR. */
		if (guest->ccsidr[i] && host->ccsidr[i] &&
		    (guest->ccsidr[i] & CCSIDR_LINE) > (host->ccsidr[i] & CCSIDR_LINE))
			report_value(r, what, guest->ccsidr[i], host->ccsidr[i], CCSIDR_LINE, IDENTITY_REMEDY);
	}
}

static void check_platform(const struct identity *guest, const struct identity *host, struct report *r)
{
	if (guest->aarch32 != host->aarch32)
		report_add(r, "the guest's EL1 is AArch%u, this side's AArch%u; move to a host that offers the guest's",
			   guest->aarch32 ? 32 : 64, host->aarch32 ? 32 : 64);
	if (guest->counter_hz && host->counter_hz && guest->counter_hz != host->counter_hz)
		report_add(r, "the counter: the guest's runs at %u Hz, this side's at %u Hz; %s", guest->counter_hz,
			   host->counter_hz, IDENTITY_REMEDY);
	if (guest->gic_version != host->gic_version)
		report_add(r, "the interrupt controller: the guest's is a GICv%u, this side's a GICv%u; move to a host "
			   "with the guest's", guest->gic_version, host->gic_version);
}

void identity_check(const struct identity *guest, const struct identity *host, struct report *r)
{
	check_platform(guest, host, r);
	for (unsigned int i = 0; i < guest->nids; i++) {
		enum arm_sysreg reg = (enum arm_sysreg)guest->id[i].reg;
		const struct arm_id_value *h = identity_find(host, reg);
		u64 has = h ? h->value : 0, bad = identity_bad(reg, guest->id[i].value, has);

		if (bad && (!guest->aarch32 || seen_by_a32(reg)))
			report_value(r, identity_reg_name(reg), guest->id[i].value, has, bad, IDENTITY_REMEDY);
	}
	for (unsigned int i = 0; i < guest->nids32; i++) {
		u16 reg = guest->id32[i].reg;
		const struct arm_id_value *h = find32(host, reg);
		u64 has = h ? h->value : 0, bad = bad32(reg, guest->id32[i].value, has);

		if (bad && guest->aarch32)
			report_value(r, arm_sysreg32_name((enum arm_sysreg32)reg), guest->id32[i].value, has, bad,
				     IDENTITY_REMEDY);
	}
	check_caches(guest, host, r);
}
