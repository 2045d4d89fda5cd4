/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PSTATE in AArch32: CPSR, SPSRs, banked registers, and the exception returns
 * that they make (DDI 0406C B1.3.3, B9; DDI 0487 G1.9, F5).  What the manual
 * leaves UNPREDICTABLE is UNDEFINED here unless a comment says otherwise.
 */
#include "arm/bank32.h"
#include "arm/cpu_model.h"
#include "emu/cpu/cpu.h"
#include "emu/cpu/helpers.h"

#define FPEXC_EN ARM_BIT(30)
/* CPSR bits that an MSR writes in any mode, and in privileged ones too; the execution state is not among them. */
#define CPSR_USER (PSR_NZCV | PSR32_Q | PSR32_GE | PSR32_E)
#define CPSR_PRIV (PSR32_AIF | PSR_M_MASK)
/* MRS shows the execution state (IT, J, T) as 0, and neither IL nor SS. */
#define CPSR_READ (CPSR_USER | CPSR_PRIV)
#define SPSR_V7 0xff0fffffu
#define FPSCR_CONTROL 0x07f70000u	/* AHP, DN, FZ, RMode, Stride, Len: st.fpcr; traps are not implemented */
#define FPSCR_STATUS 0xf800009fu	/* the flags and QC, IDC..IOC: st.fpsr */

static const struct {
	const char *name;
	u16 spsr;
	bool exists;
} modes[16] = {
	[PSR32_M_USR & 15] = { "usr", ARM_SLOT_NONE, true },
	[PSR32_M_FIQ & 15] = { "fiq", ARM_SLOT_SPSR_FIQ, true },
	[PSR32_M_IRQ & 15] = { "irq", ARM_SLOT_SPSR_IRQ, true },
	[PSR32_M_SVC & 15] = { "svc", ARM_SLOT_SPSR_EL1, true },
	[PSR32_M_MON & 15] = { "mon", ARM_SLOT_NONE, false },
	[PSR32_M_ABT & 15] = { "abt", ARM_SLOT_SPSR_ABT, true },
	[PSR32_M_HYP & 15] = { "hyp", ARM_SLOT_NONE, false },
	[PSR32_M_UND & 15] = { "und", ARM_SLOT_SPSR_UND, true },
	[PSR32_M_SYS & 15] = { "sys", ARM_SLOT_NONE, true },
};

bool cpu_mode32_exists(u32 m)
{
	return (m & PSR_NRW) && modes[m & 15].exists;
}

unsigned int cpu_spsr32_slot(u32 m)
{
	return modes[m & 15].exists ? modes[m & 15].spsr : ARM_SLOT_NONE;
}

const char *cpu_psr_name(u32 psr)
{
	static const char *const levels[16] = {
		"EL0t", NULL, NULL, NULL, "EL1t", "EL1h", NULL, NULL, "EL2t", "EL2h", NULL, NULL, "EL3t", "EL3h",
	};
	const char *s = psr_is_a32(psr) ? modes[psr & 15].name : levels[psr & 15];

	return s ? s : "?";
}

/* ---- CPSR as a whole ---- */

u32 cpu_cpsr(const struct emu_vcpu *v)
{
	return (arm_state_psr(&v->st) & ~PSR32_T) | (v->st.pc & 1 ? PSR32_T : 0);
}

/* PSTATE changes in more than flags: what depends on the level. */
static void before_change(struct emu_vcpu *v, u32 to)
{
	if (psr_el(to) == cpu_el(v))
		return;
	if (v->pmu.by_el)
		pmu_before_el_change(v);
	v->regime_changed = true;
}

void cpu_set_cpsr(struct emu_vcpu *v, u32 cpsr, u32 pc)
{
	struct arm_state *st = &v->st;
	bool t = cpsr & PSR32_T;

	before_change(v, cpsr);
	/* An ITSTATE without T, or that is spent, is none. */
	if (!t || !(psr32_it(cpsr) & 15))
		cpsr &= ~PSR32_IT;
	arm_state_set_psr(st, cpsr & ~(PSR32_T | PSR32_J));
	st->pc = t ? pc | 1 : pc & ~3u;
}

/* v8: an illegal mode sets PSTATE.IL and leaves the mode; before, it is UNPREDICTABLE: it leaves the mode. */
static u32 legal_mode(const struct emu_vcpu *v, u32 psr)
{
	if (cpu_mode32_exists(psr & PSR_M_MASK))
		return psr;
	psr = (psr & ~PSR_M_MASK) | (v->st.pstate & PSR_M_MASK);
	return arm_has(v->vm->cfg.model->features, ARM_FEAT_V8_A32) ? psr | PSR_IL : psr;
}

/* ---- exception return ---- */

static void exception_return(struct emu_vcpu *v, u32 spsr, u32 pc)
{
	u32 from = v->st.pstate, il = PSR_IL;

	if (!arm_has(v->vm->cfg.model->features, ARM_FEAT_V8_A32))
		il = 0;
	spsr = legal_mode(v, spsr & (PSR_NZCV | PSR32_Q | PSR32_IT | PSR32_GE | PSR32_E | PSR32_AIF | PSR32_T |
				     PSR_M_MASK | il));
	cpu_set_cpsr(v, spsr, pc);
	v->excl_size = 0;
	atomic_store(&v->event, true);
	if (vcpu_logs(v, EMU_LOG_INT))
		emu_log(v->vm, "int: cpu%u return %s -> %s pc=%08x cpsr=%08x\n", v->index, cpu_psr_name(from),
			cpu_psr_name(spsr), (u32)v->st.pc, cpu_cpsr(v));
}

u64 helper_eret32(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	unsigned int slot = cpu_spsr32_slot(v->st.pstate);

	(void)b, (void)c;
	if (slot == ARM_SLOT_NONE)
		vcpu_raise_undef(v);
	else
		exception_return(v, (u32)v->st.sys[slot], (u32)a);
	return 0;
}

u64 helper_rfe32(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	(void)c;
	if (!cpu_el(v))
		vcpu_raise_undef(v);
	else
		exception_return(v, (u32)b, (u32)a);
	return 0;
}

/* ---- MRS, MSR, CPS, SETEND ---- */

u64 helper_cpsr_read(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	(void)a, (void)b, (void)c;
	return arm_state_psr(&v->st) & CPSR_READ;
}

u64 helper_cpsr_write(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	u32 old = arm_state_psr(&v->st), mask = (u32)b & (cpu_el(v) ? CPSR_USER | CPSR_PRIV : CPSR_USER);
	u32 psr = (old & ~mask) | ((u32)a & mask);

	(void)c;
	/* MSR writes a whole byte: a mode that is not asked for is not looked at. */
	if (mask & PSR_M_MASK)
		psr = legal_mode(v, psr);
	before_change(v, psr);
	arm_state_set_psr(&v->st, psr);
	return 0;
}

u64 helper_spsr_read(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	unsigned int slot = cpu_spsr32_slot(v->st.pstate);

	(void)a, (void)b, (void)c;
	if (slot != ARM_SLOT_NONE)
		return (u32)v->st.sys[slot];
	vcpu_raise_undef(v);
	return 0;
}

static void write_spsr(struct emu_vcpu *v, unsigned int slot, u32 val, u32 mask)
{
	u64 *spsr = &v->st.sys[slot];

	mask &= arm_has(v->vm->cfg.model->features, ARM_FEAT_V8_A32) ? SPSR_V7 | PSR_IL : SPSR_V7;
	*spsr = ((u32)*spsr & ~mask) | (val & mask);
}

u64 helper_spsr_write(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	unsigned int slot = cpu_spsr32_slot(v->st.pstate);

	(void)c;
	if (slot == ARM_SLOT_NONE)
		vcpu_raise_undef(v);
	else
		write_spsr(v, slot, (u32)a, (u32)b);
	return 0;
}

/* ---- banked registers ---- */

/*
 * SYSm of MRS and MSR (banked register), DDI 0406C B9.2.3: the mode and the
 * number of the register.  A mode must not name what it has as its own.
 */
static bool banked_reg(u32 current, unsigned int sysm, u32 *m, unsigned int *n)
{
	static const u8 pairs[] = { PSR32_M_IRQ, PSR32_M_SVC, PSR32_M_ABT, PSR32_M_UND };

	if (sysm < 7) {
		*m = PSR32_M_USR;
		*n = 8 + sysm;
		if (sysm < 5)
			return current == PSR32_M_FIQ;
		return current != PSR32_M_SYS;
	}
	if (sysm >= 8 && sysm < 15) {
		*m = PSR32_M_FIQ;
		*n = sysm;
	} else if (sysm >= 16 && sysm < 24) {
		*m = pairs[(sysm - 16) / 2];
		*n = sysm & 1 ? 13 : 14;
	} else {
		return false;
	}
	return current != *m;
}

static unsigned int banked_spsr(u32 current, unsigned int sysm)
{
	u32 m;
	unsigned int n;

	if (sysm != 14 && (sysm & 1 || sysm < 16))
		return ARM_SLOT_NONE;
	return banked_reg(current, sysm, &m, &n) ? cpu_spsr32_slot(m) : ARM_SLOT_NONE;
}

/* What R:SYSm names in st, or false after UNDEFINED was raised. */
static bool banked(struct emu_vcpu *v, unsigned int r_sysm, unsigned int *x, unsigned int *slot)
{
	u32 current = v->st.pstate & PSR_M_MASK, m;
	unsigned int n;
	bool ok = false;

	*slot = ARM_SLOT_NONE;
	if (cpu_el(v) && r_sysm & 32) {
		*slot = banked_spsr(current, r_sysm & 31);
		ok = *slot != ARM_SLOT_NONE;
	} else if (cpu_el(v)) {
		ok = banked_reg(current, r_sysm & 31, &m, &n);
		if (ok)
			*x = bank32_x(m, n);
	}
	if (!ok)
		vcpu_raise_undef(v);
	return ok;
}

u64 helper_mrs_banked(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	unsigned int x = 0, slot;

	(void)b, (void)c;
	if (!banked(v, (unsigned int)a, &x, &slot))
		return 0;
	return slot == ARM_SLOT_NONE ? (u32)v->st.x[x] : (u32)v->st.sys[slot];
}

u64 helper_msr_banked(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	unsigned int x = 0, slot;

	(void)c;
	if (!banked(v, (unsigned int)a, &x, &slot))
		return 0;
	if (slot == ARM_SLOT_NONE)
		v->st.x[x] = (u32)b;
	else
		write_spsr(v, slot, (u32)b, ~0u);
	return 0;
}

/* ---- the system registers of VFP ---- */

enum { VFP_FPSID, VFP_FPSCR, VFP_MVFR2 = 5, VFP_MVFR1, VFP_MVFR0, VFP_FPEXC };

/* CPACR.cp10 and FPEN have one place and one meaning; cp11 follows cp10. */
bool cpu_fp_trapped(const struct emu_vcpu *v)
{
	unsigned int fpen = (unsigned int)arm_bits(v->st.sys[ARM_SLOT_CPACR_EL1], 21, 20);

	return !(fpen & 1) || (fpen == 1 && !cpu_el(v));
}

/* With EL1 in AArch64 FPEXC is not there for EL0 (DDI 0487 G8.2.53). */
bool cpu_fp_disabled(const struct emu_vcpu *v)
{
	return cpu_el1_a32(v) && !(v->st.sys[ARM_SLOT_FPEXC32_EL2] & FPEXC_EN);
}

/* B1.11.3: FPSCR needs FPEXC.EN; the others need PL1. */
static bool vfp_reg_ok(struct emu_vcpu *v, unsigned int reg)
{
	bool v8 = arm_has(v->vm->cfg.model->features, ARM_FEAT_V8_A32);

	if (!arm_has(v->vm->cfg.model->features, ARM_FEAT_FP) || (reg == VFP_MVFR2 && !v8)) {
		vcpu_raise_undef(v);
		return false;
	}
	if (cpu_fp_trapped(v)) {
		vcpu_raise(v, EC_FP_ACCESS, ISS_COND_ALWAYS);
		return false;
	}
	if (reg == VFP_FPSCR ? cpu_fp_disabled(v) : !cpu_el(v)) {
		vcpu_raise_undef(v);
		return false;
	}
	return true;
}

u64 helper_vmrs(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	const struct arm_state *st = &v->st;

	(void)b, (void)c;
	if (!vfp_reg_ok(v, (unsigned int)a))
		return 0;
	switch (a) {
	case VFP_FPSID:
		return arm_cpu_model_value32(v->vm->cfg.model, ARM_REG32_FPSID);
	case VFP_FPSCR:
		return (st->fpcr & FPSCR_CONTROL) | (st->fpsr & FPSCR_STATUS);
	case VFP_MVFR2:
		return st->sys[ARM_SLOT_MVFR2_EL1];
	case VFP_MVFR1:
		return st->sys[ARM_SLOT_MVFR1_EL1];
	case VFP_MVFR0:
		return st->sys[ARM_SLOT_MVFR0_EL1];
	case VFP_FPEXC:
		return st->sys[ARM_SLOT_FPEXC32_EL2];
	}
	vcpu_raise_undef(v);
	return 0;
}

u64 helper_vmsr(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	struct arm_state *st = &v->st;
	u64 *fpexc = &st->sys[ARM_SLOT_FPEXC32_EL2];

	(void)c;
	if (!vfp_reg_ok(v, (unsigned int)a))
		return 0;
	switch (a) {
	case VFP_FPSID:
		break;		/* a write serialises, no more */
	case VFP_FPSCR:
		st->fpcr = (u32)b & FPSCR_CONTROL;
		st->fpsr = (u32)b & FPSCR_STATUS;
		break;
	case VFP_FPEXC:
		*fpexc = (*fpexc & ~FPEXC_EN) | (b & FPEXC_EN);
		break;
	default:
		vcpu_raise_undef(v);
	}
	return 0;
}

/* SWP and SWPB are there only while SCTLR.SW says so (DDI 0406C A8.8.229). */
u64 helper_swp_enabled(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	(void)a, (void)b, (void)c;
	if (!(cpu_sctlr(v) & SCTLR32_SW))
		vcpu_raise_undef(v);
	return 0;
}
