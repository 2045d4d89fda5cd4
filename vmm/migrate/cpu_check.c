/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Values come from a stream, that is from anybody.  A guest could have written most of
 * them itself, and the engines stand that; what a guest cannot write is checked here.
 */
#include "vmm/migrate/cpu_check.h"

#include <stdio.h>

#include "arm/sysreg32.h"
#include "vmm/migrate/identity.h"

#define SCTLR_EE ARM_BIT(25)
#define SCTLR_E0E ARM_BIT(24)
#define FPCR_A64 0x07c00000u	/* AHP, DN, FZ, RMode: no trapped exceptions, no FZ16 */
#define FPCR_A32 0x07f70000u	/* and Stride and Len of FPSCR */
#define FPSR_BITS 0xf800009fu
#define PSTATE_A64 (PSR_NZCV | PSR_SS | PSR_IL | PSR_DAIF | PSR_M_MASK)
#define PSTATE_A32 (PSR_NZCV | PSR32_Q | PSR32_IT | PSR32_GE | PSR32_E | PSR32_AIF | PSR32_T | PSR_M_MASK)

/* ---- which ---- */

static const struct arm_sysreg_row *owner(unsigned int slot)
{
	u16 reg = arm_sysreg_slot_row(slot)->reg;

	return reg == ARM_REGS ? NULL : arm_sysreg_row((enum arm_sysreg)reg);
}

static unsigned int lowest(u8 rd, u8 wr)
{
	return rd < wr ? rd : wr;
}

/* Of the @n registers of a family, from number @from on? */
static bool among(unsigned int slot, unsigned int from, unsigned int n)
{
	return slot - from < n;
}

/* With EL1 in AArch32: those that MRC, MRRC, VMRS and MRS (SPSR) reach. */
static bool moves_a32(const struct arm_cpu_model *model, unsigned int slot)
{
	switch (slot) {
	case ARM_SLOT_SPSR_EL1:
	case ARM_SLOT_SPSR_ABT:
	case ARM_SLOT_SPSR_UND:
	case ARM_SLOT_SPSR_IRQ:
	case ARM_SLOT_SPSR_FIQ:
	case ARM_SLOT_DBGMOE:
		return true;
	}
	for (unsigned int i = 0; i < ARM_REGS32; i++) {
		const struct arm_sysreg32_row *r = arm_sysreg32_row((enum arm_sysreg32)i);

		if (r->slot == slot && r->cls != ARM_CLS_ABSENT && lowest(r->rd, r->wr) <= ARM_ACC_EL1 &&
		    arm_sysreg32_exists(r, model->features))
			return true;
	}
	/* The PMU's counters have no encoding in ARMv7. */
	return arm_has(model->features, ARM_FEAT_PMU) &&
	       (among(slot, ARM_SLOT_PMEVCNTR0_EL0, model->pmu_counters) ||
		among(slot, ARM_SLOT_PMEVTYPER0_EL0, model->pmu_counters) || slot == ARM_SLOT_PMCCFILTR_EL0);
}

static bool moves_a64(const struct arm_cpu_model *model, unsigned int slot)
{
	const struct arm_sysreg_row *r = owner(slot);

	if (!r)
		return slot == ARM_SLOT_SP_EL0 || slot == ARM_SLOT_SP_EL1 || slot == ARM_SLOT_DBGDTRTX_EL0;
	return r->cls != ARM_CLS_ABSENT && lowest(r->rd, r->wr) <= ARM_ACC_EL1 && arm_cpu_model_has_row(model, r);
}

bool cpu_slot_moves(const struct arm_cpu_model *model, unsigned int slot)
{
	const struct arm_sysreg_row *r = owner(slot);

	if (arm_sysreg_slot_row(slot)->mig == ARM_MIG_NONE || (r && r->handler == ARM_HND_CNTVOFF))
		return false;
	return arm_has(model->features, ARM_FEAT_AARCH64) ? moves_a64(model, slot) : moves_a32(model, slot);
}

bool cpu_slot_needed(unsigned int slot)
{
	const struct arm_sysreg_row *r = owner(slot);

	return arm_sysreg_slot_row(slot)->mig != ARM_MIG_IGNORE && !(r && (r->flags & ARM_SRF_UNKNOWN));
}

bool cpu_slot_unknown(unsigned int slot, u64 val)
{
	const struct arm_sysreg_row *r = owner(slot);

	return r && (r->flags & ARM_SRF_UNKNOWN) && val == ARM_SYSREG_UNKNOWN;
}

/* Linux shows CNTx_CTL with ISTATUS. */
u64 cpu_slot_stored(unsigned int slot, u64 val)
{
	const struct arm_sysreg_row *r = owner(slot);

	return r && r->handler == ARM_HND_CNT_CTL ? val & arm_sysreg_slot_row(slot)->mig_mask : val;
}

/* ---- what this side's engine lacks ---- */

/*
 * Bits that would be missed where the engine has no such register: what makes it do something.  The rest
 * of debug and of the PMU is numbers for things that are off.
 */
static u64 missed_bits(unsigned int slot)
{
	const struct arm_sysreg_row *r = owner(slot);

	switch (slot) {
	case ARM_SLOT_MDSCR_EL1:
		return 1;			/* SS; MDE alone asks for nothing */
	case ARM_SLOT_PMCNTENSET_EL0:
		return ~0ULL;
	case ARM_SLOT_CNTP_CTL_EL0:
		return 1;			/* ENABLE */
	case ARM_SLOT_CNTP_CVAL_EL0:
	case ARM_SLOT_DBGMOE:
	case ARM_SLOT_DBGWFAR:
	case ARM_SLOT_DBGDTRTX_EL0:
		return 0;
	}
	if (!r)
		return ~0ULL;
	if (among(slot, ARM_SLOT_DBGBCR0_EL1, 16) || among(slot, ARM_SLOT_DBGWCR0_EL1, 16))
		return 1;			/* E */
	/* Debug is op0 2; else by feature. */
	return ARM_SYSREG_OP0(r->enc) == 2 || r->feat == ARM_FEAT_PMU ? 0 : ~0ULL;
}

static void check_lost(const struct arm_state *s, unsigned int slot, u64 val, unsigned int cpu, struct report *r)
{
	u64 bad = (val ^ s->sys[slot]) & missed_bits(slot);
	char what[80];

	if (!bad || arm_sysreg_slot_row(slot)->mig == ARM_MIG_IGNORE ||
	    arm_sysreg_slot_row(slot)->mig == ARM_MIG_TRANSLATE)
		return;
	snprintf(what, sizeof(what), "CPU %u: %s, which this engine does not have", cpu, arm_sysreg_slot_name(slot));
	report_value(r, what, val, s->sys[slot], bad, "let the guest end what uses it (perf, a debugger), or move to "
		     "--engine emu");
}

/* ---- values ---- */

/* Bits that a guest cannot write and that say what the part is. */
static u64 fixed_bits(const struct arm_sysreg_row *r)
{
	if (r->handler == ARM_HND_MPIDR)
		return ~0ULL;
	return r->handler == ARM_HND_PMCR ? 0xfffff800 : 0;
}

/* Breakpoints past the last, and data that only some engines have in big-endian order. */
static u64 refused_bits(const struct arm_cpu_model *m, const struct accel *a, unsigned int slot)
{
	if (among(slot, ARM_SLOT_DBGBCR0_EL1 + m->breakpoints, 16 - m->breakpoints) ||
	    among(slot, ARM_SLOT_DBGWCR0_EL1 + m->watchpoints, 16 - m->watchpoints))
		return 1;
	if (slot == ARM_SLOT_SCTLR_EL1 && a->ops->little_endian && arm_has(m->features, ARM_FEAT_AARCH64))
		return SCTLR_EE | SCTLR_E0E;
	return 0;
}

/*
 * Bits outside the mask are for features that the identity denies: RES0, and kept by some parts
 * as they were written (Linux sets SCTLR_EL1.EPAN without asking).  They mean nothing, here as there.
 */
static void load_copy(struct arm_state *s, struct accel *a, const struct arm_cpu_model *model, unsigned int slot,
		      u64 val, unsigned int cpu, struct report *r)
{
	const struct arm_sysreg_slot_row *sr = arm_sysreg_slot_row(slot);
	const struct arm_sysreg_row *row = owner(slot);
	u64 bad = val & refused_bits(model, a, slot);
	char what[80];

	if (row)
		bad |= (val ^ s->sys[slot]) & fixed_bits(row);
	if (!bad) {
		s->sys[slot] = (s->sys[slot] & ~sr->mig_mask) | (val & sr->mig_mask);
		return;
	}
	snprintf(what, sizeof(what), "CPU %u: %s", cpu, arm_sysreg_slot_name(slot));
	report_value(r, what, val, s->sys[slot], bad, "this side cannot hold that; move to a host like the guest's");
}

void cpu_slot_load(struct arm_state *s, struct accel *a, const struct arm_cpu_model *model, unsigned int slot, u64 val,
		   unsigned int cpu, struct report *r)
{
	const struct arm_sysreg_slot_row *sr = arm_sysreg_slot_row(slot);
	const struct arm_sysreg_row *row = owner(slot);
	u64 bad;

	if (!cpu_slot_moves(model, slot) || (a->ops->has_slot && !a->ops->has_slot(a, slot))) {
		check_lost(s, slot, val, cpu, r);
		return;
	}
	if (cpu_slot_unknown(slot, val))
		return;
	switch (sr->mig) {
	case ARM_MIG_COPY:
		load_copy(s, a, model, slot, val, cpu, r);
		break;
	case ARM_MIG_MATCH:
	case ARM_MIG_SUBSET:
		bad = identity_bad((enum arm_sysreg)sr->reg, val, s->sys[slot]);
		if (bad)
			report_value(r, arm_sysreg_slot_name(slot), val, s->sys[slot], bad, IDENTITY_REMEDY);
		break;
	case ARM_MIG_IGNORE:
		/* What the part fixes stays as this side has it. */
		if (!row || (!(row->flags & ARM_SRF_CONST) && row->cls != ARM_CLS_INVARIANT))
			s->sys[slot] = val & sr->mig_mask;
		break;
	case ARM_MIG_TRANSLATE:
		/* The frequency: the guest's own copy of it, the engine has been told apart. */
		s->sys[slot] = val & sr->mig_mask;
		break;
	}
}

/* ---- what is no slot ---- */

static bool mode_exists(const struct arm_cpu_model *m, u32 psr)
{
	bool a64 = arm_has(m->features, ARM_FEAT_AARCH64);

	switch (psr & PSR_M_MASK) {
	case PSR_M_EL0T:
	case PSR_M_EL1T:
	case PSR_M_EL1H:
		return a64;
	case PSR32_M_USR:
		return !a64 || arm_has(m->features, ARM_FEAT_AARCH32_EL0);
	case PSR32_M_FIQ:
	case PSR32_M_IRQ:
	case PSR32_M_SVC:
	case PSR32_M_ABT:
	case PSR32_M_UND:
	case PSR32_M_SYS:
		return !a64;
	}
	return false;
}

static void check_pstate(u32 psr, const struct arm_cpu_model *m, unsigned int cpu, struct report *r)
{
	u32 known = psr_is_a32(psr) ? PSTATE_A32 : PSTATE_A64;

	if (psr_is_a32(psr) && arm_has(m->features, ARM_FEAT_AARCH64))
		known |= PSR_SS;
	if (psr_is_a32(psr) && arm_has(m->features, ARM_FEAT_V8_A32))
		known |= PSR_IL;
	if (!psr_is_a32(psr) && arm_has(m->features, ARM_FEAT_PAN))
		known |= PSR_PAN;
	if (!mode_exists(m, psr))
		report_add(r, "CPU %u: PSTATE %#x: mode %#x does not exist on a %s; move to a CPU that has it", cpu,
			   psr, psr & PSR_M_MASK, m->name);
	else if (psr & ~known)
		report_add(r, "CPU %u: PSTATE %#x: bits %#x do not exist on a %s; move to a CPU that has them", cpu,
			   psr, psr & ~known, m->name);
	else if (psr_is_a32(psr) && psr32_it(psr) && (!(psr & PSR32_T) || !(psr32_it(psr) & 15)))
		report_add(r, "CPU %u: PSTATE %#x: an IT block outside of T32 or without instructions", cpu, psr);
}

static void check_a32(const struct arm_state *s, u32 psr, bool el1_a32, unsigned int cpu, struct report *r)
{
	u64 align = psr & PSR32_T ? 1 : 3;

	if (s->pc >> 32 || s->pc & align)
		report_add(r, "CPU %u: PC %#llx: no address of an instruction in AArch32", cpu,
			   (unsigned long long)s->pc);
	for (unsigned int i = 0; i < 31; i++)
		if (el1_a32 && s->x[i] >> 32)
			report_add(r, "CPU %u: X%u %#llx: a 32-bit CPU has 32 bits", cpu, i,
				   (unsigned long long)s->x[i]);
}

void cpu_check_core(const struct arm_state *s, const struct arm_cpu_model *model, unsigned int cpu, struct report *r)
{
	bool el1_a32 = !arm_has(model->features, ARM_FEAT_AARCH64);
	/* A program in AArch32 leaves Stride and Len to its kernel in AArch64. */
	u32 psr = arm_state_psr(s), fpcr = arm_has(model->features, ARM_FEAT_AARCH32_EL0) ? FPCR_A32 : FPCR_A64;

	check_pstate(psr, model, cpu, r);
	if (psr_is_a32(psr))
		check_a32(s, psr, el1_a32, cpu, r);
	if (s->fpcr & ~fpcr)
		report_value(r, "FPCR", s->fpcr, 0, s->fpcr & ~fpcr, "no engine here has these bits");
	if (s->fpsr & ~FPSR_BITS)
		report_value(r, "FPSR", s->fpsr, 0, s->fpsr & ~FPSR_BITS, "no engine here has these bits");
}
