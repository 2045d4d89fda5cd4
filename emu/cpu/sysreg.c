/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MRS, MSR: the rows of arm/sysreg.def, their trap controls as far as EL1 owns
 * them (EL2 and EL3 are absent), and the handlers that are neither timer, PMU
 * nor debug.
 */
#include "arm/cpu_model.h"
#include "arm/pte.h"
#include "emu/cpu/cpu.h"
#include "emu/cpu/helpers.h"
#include "emu/run/tlb.h"

/* Bits of SCTLR_EL1 that cached translations depend on. */
#define SCTLR_TLB_MASK (SCTLR_M | SCTLR_WXN | SCTLR_EE)
#define CNTKCTL_EL0PCTEN ARM_BIT(0)
#define CNTKCTL_EL0VCTEN ARM_BIT(1)
#define CNTKCTL_EL0VTEN ARM_BIT(8)
#define CNTKCTL_EL0PTEN ARM_BIT(9)
#define PMUSERENR_EN ARM_BIT(0)
#define PMUSERENR_SW ARM_BIT(1)
#define PMUSERENR_CR ARM_BIT(2)
#define PMUSERENR_ER ARM_BIT(3)
#define MDSCR_TDCC ARM_BIT(12)
#define DCZID_DZP ARM_BIT(4)
#define ISR_F ARM_BIT(6)
#define ISR_I ARM_BIT(7)
#define ISR_A ARM_BIT(8)

/* ---- traps ---- */

void cpu_trap_sys(struct emu_vcpu *v, u32 enc, unsigned int rt, bool read)
{
	vcpu_raise(v, EC_SYS64, iss_sys(ARM_SYSREG_OP0(enc), ARM_SYSREG_OP1(enc), ARM_SYSREG_CRN(enc),
					ARM_SYSREG_CRM(enc), ARM_SYSREG_OP2(enc), rt, read));
}

bool cpu_el0_permitted(const struct emu_vcpu *v, unsigned int trap, bool read)
{
	const u64 *sys = v->st.sys;
	u64 sctlr = sys[ARM_SLOT_SCTLR_EL1], kctl = sys[ARM_SLOT_CNTKCTL_EL1];
	u64 pm = sys[ARM_SLOT_PMUSERENR_EL0];

	switch (trap) {
	case ARM_TRAP_UMA:
		return sctlr & SCTLR_UMA;
	case ARM_TRAP_UCT:
		return sctlr & SCTLR_UCT;
	case ARM_TRAP_DZE:
		return sctlr & SCTLR_DZE;
	case ARM_TRAP_UCI_POU:
	case ARM_TRAP_UCI_POC:
		return sctlr & SCTLR_UCI;
	case ARM_TRAP_CNT_FRQ:
		return kctl & (CNTKCTL_EL0PCTEN | CNTKCTL_EL0VCTEN);
	case ARM_TRAP_CNT_PCT:
		return kctl & CNTKCTL_EL0PCTEN;
	case ARM_TRAP_CNT_VCT:
		return kctl & CNTKCTL_EL0VCTEN;
	case ARM_TRAP_CNT_PTIMER:
		return kctl & CNTKCTL_EL0PTEN;
	case ARM_TRAP_CNT_VTIMER:
		return kctl & CNTKCTL_EL0VTEN;
	case ARM_TRAP_PMU:
	case ARM_TRAP_PMU_PMCR:
		return pm & PMUSERENR_EN;
	case ARM_TRAP_PMU_ER:
		return (pm & PMUSERENR_EN) || (read && (pm & PMUSERENR_ER));
	case ARM_TRAP_PMU_SEL:
		return pm & (PMUSERENR_EN | PMUSERENR_ER);
	case ARM_TRAP_PMU_CR:
		return (pm & PMUSERENR_EN) || (read && (pm & PMUSERENR_CR));
	case ARM_TRAP_PMU_SW:
		return (pm & PMUSERENR_EN) || (!read && (pm & PMUSERENR_SW));
	case ARM_TRAP_DCC:
		return !(sys[ARM_SLOT_MDSCR_EL1] & MDSCR_TDCC);
	}
	return true;
}

bool cpu_check_trap(struct emu_vcpu *v, unsigned int trap, u32 enc, unsigned int rt, bool read)
{
	unsigned int el = cpu_el(v), fpen;

	switch (trap) {
	case ARM_TRAP_NONE:
		return false;
	case ARM_TRAP_UNDEF:
		vcpu_raise_undef(v);
		return true;
	case ARM_TRAP_FP:
		fpen = (unsigned int)arm_bits(v->st.sys[ARM_SLOT_CPACR_EL1], 21, 20);
		if (fpen == 3 || (fpen == 1 && el))
			return false;
		vcpu_raise(v, EC_FP_ACCESS, ISS_COND_ALWAYS);
		return true;
	}
	if (el || cpu_el0_permitted(v, trap, read))
		return false;
	cpu_trap_sys(v, enc, rt, read);
	return true;
}

/* ---- handlers ---- */

static u64 read_isr(struct emu_vcpu *v)
{
	unsigned int lines = atomic_load(&v->lines);

	return (lines & 1u << EMU_LINE_IRQ ? ISR_I : 0) | (lines & 1u << EMU_LINE_FIQ ? ISR_F : 0) |
	       (atomic_load(&v->serror) ? ISR_A : 0);
}

static u64 read_dczid(struct emu_vcpu *v)
{
	u64 val = v->st.sys[ARM_SLOT_DCZID_EL0];

	return cpu_el(v) || (cpu_sctlr(v) & SCTLR_DZE) ? val : val | DCZID_DZP;
}

/* SP_EL0 while it is the selected one is UNDEFINED (C5.2.17). */
static bool sp_selected(const struct emu_vcpu *v, const struct arm_sysreg_row *r)
{
	return arm_sp_slot(v->st.pstate) == r->slot;
}

static u64 slot_read(struct emu_vcpu *v, const struct arm_sysreg_row *r)
{
	return r->slot == ARM_SLOT_NONE ? 0 : v->st.sys[r->slot];
}

u64 cpu_row_read(struct emu_vcpu *v, const struct arm_sysreg_row *r, bool *undef)
{
	struct arm_state *st = &v->st;

	switch (r->handler) {
	case ARM_HND_NZCV:
		return st->nzcv;
	case ARM_HND_DAIF:
		return st->pstate & PSR_DAIF;
	case ARM_HND_CURRENTEL:
		return cpu_el(v) << 2;
	case ARM_HND_SPSEL:
		return psr_spsel(st->pstate);
	case ARM_HND_FPCR:
		return st->fpcr;
	case ARM_HND_FPSR:
		return st->fpsr;
	case ARM_HND_SP:
		*undef = sp_selected(v, r);
		return slot_read(v, r);
	case ARM_HND_CCSIDR:
		return arm_cpu_model_ccsidr(v->vm->cfg.model, st->sys[ARM_SLOT_CSSELR_EL1]);
	case ARM_HND_DCZID:
		return read_dczid(v);
	case ARM_HND_ISR:
		return read_isr(v);
	case ARM_HND_CNTPCT:
		return timer_count(v->vm);
	case ARM_HND_CNTVCT:
		return timer_count(v->vm) - st->sys[ARM_SLOT_CNTVOFF_EL2];
	case ARM_HND_CNT_TVAL:
	case ARM_HND_CNT_CTL:
	case ARM_HND_CNT_CVAL:
		return timer_read_sysreg(v, r);
	case ARM_HND_NONE:
	case ARM_HND_MIDR:
	case ARM_HND_MPIDR:
	case ARM_HND_RVBAR:
	case ARM_HND_RMR:
	case ARM_HND_SCTLR:
	case ARM_HND_TCR:
	case ARM_HND_TTBR:
	case ARM_HND_MAIR:
	case ARM_HND_CPACR:
	case ARM_HND_CNTFRQ:
	case ARM_HND_CNTKCTL:
		return slot_read(v, r);
	}
	if (r->handler >= ARM_HND_MDSCR && r->handler <= ARM_HND_DBGWP)
		return debug_read(v, r, undef);
	if (r->handler >= ARM_HND_PMCR && r->handler <= ARM_HND_PMEVTYPER)
		return pmu_read(v, r, undef);
	*undef = true;
	return 0;
}

/* What a write to a register of the translation regime does beside storing. */
static void regime_written(struct emu_vcpu *v, u64 changed, bool flush)
{
	static const struct tlb_inval all = { .scope = TLB_ALL, .el = 1 };

	if (!changed)
		return;
	v->regime_changed = true;
	if (flush)
		tlb_invalidate(v, &all);
}

static void select_sp(struct emu_vcpu *v, bool spx)
{
	arm_state_save_sp(&v->st);
	v->st.pstate = (v->st.pstate & ~1u) | spx;
	arm_state_load_sp(&v->st);
}

/*
 * Data is little-endian: EE and E0E stay 0, as ID_AA64MMFR0_EL1.BigEnd == 0
 * (cpu_reset()) allows.
 */
static void write_sctlr(struct emu_vcpu *v, const struct arm_sysreg_row *r, u64 val)
{
	u64 *sctlr = &v->st.sys[r->slot], old = *sctlr, changed;

	if ((val & (SCTLR_EE | SCTLR_E0E)) && vcpu_logs(v, EMU_LOG_UNIMP))
		emu_log(v->vm, "unimp: cpu%u big-endian data (SCTLR_EL1 %llx) at %llx\n", v->index,
			(unsigned long long)val, (unsigned long long)v->st.pc);
	*sctlr = arm_sysreg_merge(r, old, val & ~(SCTLR_EE | SCTLR_E0E));
	changed = old ^ *sctlr;
	regime_written(v, changed, changed & SCTLR_TLB_MASK);
}

/* RMR_EL1: AA64 is fixed, as EL1 has no AArch32; a warm reset is not done. */
static void write_rmr(struct emu_vcpu *v, u64 val)
{
	if ((val & 2) && vcpu_logs(v, EMU_LOG_UNIMP))
		emu_log(v->vm, "unimp: cpu%u warm reset by RMR_EL1 at %llx\n", v->index,
			(unsigned long long)v->st.pc);
}

/* Registers whose value is the slot, merged by the mask; then the side effect. */
static bool write_slot(struct emu_vcpu *v, const struct arm_sysreg_row *r, u64 val)
{
	u64 old = slot_read(v, r), now = arm_sysreg_merge(r, old, val), changed = old ^ now;

	if (r->slot != ARM_SLOT_NONE)
		v->st.sys[r->slot] = now;
	switch (r->handler) {
	case ARM_HND_NONE:
	case ARM_HND_CPACR:
	case ARM_HND_CNTFRQ:
	case ARM_HND_CNTKCTL:
		return true;
	case ARM_HND_TTBR:
		regime_written(v, changed, false);
		return true;
	case ARM_HND_TCR:
	case ARM_HND_MAIR:
		regime_written(v, changed, true);
		return true;
	}
	return false;
}

void cpu_row_write(struct emu_vcpu *v, const struct arm_sysreg_row *r, u64 val, bool *undef)
{
	struct arm_state *st = &v->st;

	switch (r->handler) {
	case ARM_HND_NZCV:
		st->nzcv = (u32)val & PSR_NZCV;
		return;
	case ARM_HND_DAIF:
		st->pstate = (st->pstate & ~PSR_DAIF) | ((u32)val & PSR_DAIF);
		return;
	case ARM_HND_SPSEL:
		select_sp(v, val & 1);
		return;
	case ARM_HND_FPCR:
		st->fpcr = (u32)arm_sysreg_merge(r, 0, val);
		return;
	case ARM_HND_FPSR:
		st->fpsr = (u32)arm_sysreg_merge(r, 0, val);
		return;
	case ARM_HND_SP:
		*undef = sp_selected(v, r);
		if (!*undef)
			st->sys[r->slot] = val;
		return;
	case ARM_HND_SCTLR:
		write_sctlr(v, r, val);
		return;
	case ARM_HND_RMR:
		write_rmr(v, val);
		return;
	case ARM_HND_CNT_TVAL:
	case ARM_HND_CNT_CTL:
	case ARM_HND_CNT_CVAL:
		timer_write_sysreg(v, r, val);
		return;
	}
	if (r->handler >= ARM_HND_MDSCR && r->handler <= ARM_HND_DBGWP)
		debug_write(v, r, val, undef);
	else if (r->handler >= ARM_HND_PMCR && r->handler <= ARM_HND_PMEVTYPER)
		pmu_write(v, r, val, undef);
	else
		*undef = !write_slot(v, r, val);
}

/* ---- access ---- */

static bool row_exists(const struct emu_vcpu *v, const struct arm_sysreg_row *r)
{
	u64 features = cpu_features(v->vm) | ARM_FEAT_BIT(ARM_FEAT_BASE);

	if (!arm_has(features, r->feat))
		return false;
	return !(r->flags & ARM_SRF_HIGHEST) || r->rd == ARM_ACC_EL1;
}

static void undefined(struct emu_vcpu *v, u32 enc, const char *what)
{
	const char *name = arm_sysreg_name(enc);

	if (vcpu_logs(v, EMU_LOG_UNIMP))
		emu_log(v->vm, "unimp: cpu%u EL%u %s %s (%u,%u,%u,%u,%u) at %llx\n", v->index, cpu_el(v),
			what, name ? name : "unallocated", ARM_SYSREG_OP0(enc), ARM_SYSREG_OP1(enc),
			ARM_SYSREG_CRN(enc), ARM_SYSREG_CRM(enc), ARM_SYSREG_OP2(enc),
			(unsigned long long)v->st.pc);
	vcpu_raise_undef(v);
}

/* The row if the access may proceed; NULL after an exception was raised. */
static const struct arm_sysreg_row *access_row(struct emu_vcpu *v, u32 enc, unsigned int rt, bool read)
{
	const struct arm_sysreg_row *r = arm_sysreg_lookup(enc);
	unsigned int el = cpu_el(v);

	if (!r || !row_exists(v, r) || el < (read ? r->rd : r->wr)) {
		undefined(v, enc, read ? "mrs" : "msr");
		return NULL;
	}
	return cpu_check_trap(v, r->trap, enc, rt, read) ? NULL : r;
}

u64 helper_sysreg_read(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	const struct arm_sysreg_row *r = access_row(v, (u32)a, (unsigned int)b, true);
	bool undef = false;
	u64 val;

	(void)c;
	if (!r)
		return 0;
	val = cpu_row_read(v, r, &undef);
	if (undef)
		undefined(v, (u32)a, "mrs");
	return val;
}

u64 helper_sysreg_write(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	const struct arm_sysreg_row *r = access_row(v, (u32)a, (unsigned int)c, false);
	bool undef = false;

	if (!r)
		return 0;
	cpu_row_write(v, r, b, &undef);
	if (undef)
		undefined(v, (u32)a, "msr");
	return 0;
}

/* MSR (immediate), C5.1.3.  Rt is 31 in the syndrome; CRm is the operand. */
u64 helper_msr_imm(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	u32 field = (u32)a, crm = (u32)b & 15, bits = crm << 6;
	u32 enc = ARM_SYSREG_ENC(0, field >> 3, 4, crm, field & 7);

	(void)c;
	switch (field) {
	case ARM_PSTATE_SPSEL:
		if (!cpu_el(v))
			break;
		select_sp(v, crm & 1);
		return 0;
	case ARM_PSTATE_DAIFSET:
		if (!cpu_check_trap(v, ARM_TRAP_UMA, enc, 31, false))
			v->st.pstate |= bits;
		return 0;
	case ARM_PSTATE_DAIFCLR:
		if (!cpu_check_trap(v, ARM_TRAP_UMA, enc, 31, false))
			v->st.pstate &= ~bits;
		return 0;
	}
	vcpu_raise_undef(v);
	return 0;
}
