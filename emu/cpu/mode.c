/* SPDX-License-Identifier: GPL-2.0-only */
/* Reset, the translator's view of the state, and the helper table. */
#include <string.h>

#include "arm/cpu_model.h"
#include "emu/cpu/cpu.h"
#include "emu/cpu/helpers.h"

/* Mixed-endian support at EL1 and at EL0: there is none (sysreg.c, write_sctlr()). */
#define MMFR0_BIGEND (ARM_MASK(11, 8) | ARM_MASK(19, 16))
#define FPCR_RMODE ARM_MASK(23, 22)
#define FPCR_SLOW (ARM_BIT(26) | ARM_BIT(25) | ARM_BIT(24) | ARM_BIT(19)) /* AHP, DN, FZ, FZ16 */
#define FPCR_VEC (ARM_MASK(21, 20) | ARM_MASK(18, 16))	/* FPSCR.Stride, Len */
#define FPCR_BITS (ARM_MASK(26, 22) | FPCR_VEC)
#define FPSR_BITS (ARM_MASK(31, 27) | ARM_BIT(7) | ARM_MASK(4, 0))
/* What of PSTATE there is, beside the flags. */
#define PSTATE_A64 (PSR_SS | PSR_IL | PSR_DAIF | PSR_M_MASK)
#define PSTATE_A32 (PSR32_Q | PSR32_IT | PSR_SS | PSR_IL | PSR32_GE | PSR32_E | PSR32_AIF | PSR32_T | PSR_M_MASK)

u64 (*const helper_table[IR_HELPER_COUNT])(struct emu_vcpu *v, u64 a, u64 b, u64 c) = {
#define X(name, flags) [IR_HELPER_##name] = helper_##name,
#include "emu/ir/helpers.def"
#undef X
};

u64 cpu_features(const struct emu_vm *vm)
{
	u64 features = vm->cfg.model->features & ~(ARM_FEAT_BIT(ARM_FEAT_EL2) | ARM_FEAT_BIT(ARM_FEAT_EL3));

	/* EL1 cannot change its state while it runs: it is AArch64 if it can be. */
	if (arm_has(features, ARM_FEAT_AARCH64))
		features &= ~ARM_FEAT_BIT(ARM_FEAT_AARCH32_EL1);
	return features;
}

u64 cpu_mpidr(unsigned int index)
{
	return ARM_BIT(31) | (u64)(index / 8) << 8 | index % 8;
}

/* What only AArch32 has. */
static u32 mode_a32(const struct emu_vcpu *v)
{
	u32 ps = v->st.pstate, mode = IR_MODE_A32;
	u64 sctlr = cpu_sctlr(v);

	mode |= (ps & 15) << IR_MODE_M_SHIFT | psr32_it(ps) << IR_MODE_IT_SHIFT;
	if (ps & PSR32_E)
		mode |= IR_MODE_E;
	if (v->st.fpcr & FPCR_VEC)
		mode |= IR_MODE_VEC;
	/* Advanced SIMD rounds to nearest all the same: translated code then has to look (lower_fp_std.c). */
	if (v->st.fpcr & FPCR_RMODE)
		mode |= IR_MODE_FP_SLOW;
	if (cpu_fp_disabled(v))
		mode |= IR_MODE_FP_TRAP;
	if (arm_has(v->vm->cfg.model->features, ARM_FEAT_V8_A32)) {
		if (sctlr & SCTLR_SED)
			mode |= IR_MODE_SED;
		if (sctlr & SCTLR_ITD)
			mode |= IR_MODE_ITD;
	}
	return mode;
}

static u32 mode_a64(const struct emu_vcpu *v, unsigned int el)
{
	u32 mode = psr_spsel(v->st.pstate) ? IR_MODE_SPSEL : 0;

	if (cpu_sctlr(v) & (el ? SCTLR_SA : SCTLR_SA0))
		mode |= IR_MODE_SP_CHECK;
	return mode;
}

u32 cpu_mode(struct emu_vcpu *v)
{
	u32 ps = v->st.pstate;
	unsigned int el = psr_el(ps);
	u64 sctlr = cpu_sctlr(v);
	u32 mode = el | (psr_is_a32(ps) ? mode_a32(v) : mode_a64(v, el));

	if (cpu_fp_trapped(v))
		mode |= IR_MODE_FP_TRAP;
	if (v->st.fpcr & FPCR_SLOW)
		mode |= IR_MODE_FP_SLOW;
	if (sctlr & SCTLR_A)
		mode |= IR_MODE_ALIGN;
	if (ps & PSR_IL)
		mode |= IR_MODE_IL;
	if (debug_step_mode(v))
		mode |= IR_MODE_STEP;
	if (!(sctlr & SCTLR_M))
		mode |= IR_MODE_MMU_OFF;
	return mode;
}

/* DDI 0406C B1.9.1: Supervisor mode, at the vectors of SCTLR.V, in T32 and big-endian as TE and EE say. */
static void reset_a32(struct arm_state *st)
{
	u64 sctlr = st->sys[ARM_SLOT_SCTLR_EL1];

	st->pstate = PSR32_M_SVC | PSR32_AIF | (sctlr & SCTLR_EE ? PSR32_E : 0) |
		     (sctlr & SCTLR32_TE ? PSR32_T : 0);
	st->pc = sctlr & SCTLR32_V ? HIVECS_BASE : st->sys[ARM_SLOT_RVBAR_EL1];
}

/* Everything that is kept beside st. */
static void derive(struct emu_vcpu *v)
{
	v->regime_changed = true;
	debug_derive(v);
	timer_update(v);
	pmu_poll(v);
}

void cpu_reset(struct emu_vcpu *v)
{
	struct arm_cpu_model model = *v->vm->cfg.model;
	struct arm_state *st = &v->st;

	model.features = cpu_features(v->vm);
	memset(st, 0, sizeof(*st));
	arm_sysreg_reset(st, &model);
	v->mpidr = cpu_mpidr(v->index);
	st->sys[ARM_SLOT_MPIDR_EL1] = v->mpidr;
	/* A guest that moves keeps what it saw; migration refuses one that uses it. */
	if (!model.exact)
		st->sys[ARM_SLOT_ID_AA64MMFR0_EL1] &= ~MMFR0_BIGEND;
	st->sys[ARM_SLOT_CNTFRQ_EL0] = cpu_counter_hz(v->vm);
	if (cpu_el1_a32(v)) {
		reset_a32(st);
	} else {
		st->pstate = PSR_M_EL1H | PSR_DAIF;
		st->pc = st->sys[ARM_SLOT_RVBAR_EL1];
		arm_state_load_sp(st);
	}

	v->exc.pending = false;
	v->wfi = v->wfe = false;
	v->excl_size = 0;
	atomic_store(&v->event, false);
	atomic_store(&v->serror, 0);
	pmu_reset(v);
	derive(v);
}

static bool mode_exists(const struct emu_vcpu *v)
{
	u32 m = v->st.pstate & PSR_M_MASK;

	if (cpu_el1_a32(v))
		return cpu_mode32_exists(m);
	if (m == PSR32_M_USR)
		return arm_has(cpu_features(v->vm), ARM_FEAT_AARCH32_EL0);
	return m == PSR_M_EL0T || m == PSR_M_EL1T || m == PSR_M_EL1H;
}

/* A PSTATE of the form that st has while the vCPU runs: what chooses code must be sound. */
static void sync_pstate32(struct arm_state *st)
{
	unsigned int i;

	st->pc = (u32)st->pc | (st->pstate & PSR32_T ? 1 : 0);
	st->pstate &= PSTATE_A32 & ~PSR32_T;
	if (!(st->pc & 1))
		st->pstate &= ~PSR32_IT;	/* DDI 0406C A2.5.2: IT blocks are Thumb's */
	for (i = 0; i < ARM_ARRAY_SIZE(st->x); i++)
		st->x[i] = (u32)st->x[i];
}

/* Idempotent, as a vCPU may be stopped and run again with nothing changed between. */
int cpu_sync_state(struct emu_vcpu *v)
{
	struct arm_state *st = &v->st;

	if (!mode_exists(v))
		return -EINVAL;
	if (psr_is_a32(st->pstate))
		sync_pstate32(st);
	else
		st->pstate &= PSTATE_A64;
	st->nzcv &= PSR_NZCV;
	st->fpcr &= FPCR_BITS;
	st->fpsr &= FPSR_BITS;
	v->excl_size = 0;
	v->regime_changed = true;
	debug_derive(v);
	timer_drive(v);
	pmu_go_on(v);
	return 0;
}

void cpu_unsync_state(struct emu_vcpu *v)
{
	struct arm_state *st = &v->st;

	cpu_take_exception(v);
	pmu_stop(v);
	if (!psr_is_a32(st->pstate) || !(st->pc & 1))
		return;
	st->pstate |= PSR32_T;
	st->pc &= ~1ULL;
}
