/* SPDX-License-Identifier: GPL-2.0-only */
/* Reset, the translator's view of the state, and the helper table. */
#include <string.h>

#include "arm/cpu_model.h"
#include "emu/cpu/cpu.h"
#include "emu/cpu/helpers.h"

/* Mixed-endian support at EL1 and at EL0: there is none (sysreg.c, write_sctlr()). */
#define MMFR0_BIGEND (ARM_MASK(11, 8) | ARM_MASK(19, 16))
#define FPCR_SLOW (ARM_BIT(26) | ARM_BIT(25) | ARM_BIT(24) | ARM_BIT(19)) /* AHP, DN, FZ, FZ16 */

u64 (*const helper_table[IR_HELPER_COUNT])(struct emu_vcpu *v, u64 a, u64 b, u64 c) = {
#define X(name, flags) [IR_HELPER_##name] = helper_##name,
#include "emu/ir/helpers.def"
#undef X
};

u64 cpu_features(const struct emu_vm *vm)
{
	return vm->cfg.model->features &
	       ~(ARM_FEAT_BIT(ARM_FEAT_EL2) | ARM_FEAT_BIT(ARM_FEAT_EL3) |
		 ARM_FEAT_BIT(ARM_FEAT_AARCH32_EL0) | ARM_FEAT_BIT(ARM_FEAT_AARCH32_EL1));
}

u64 cpu_mpidr(unsigned int index)
{
	return ARM_BIT(31) | (u64)(index / 8) << 8 | index % 8;
}

/* CPACR_EL1.FPEN: 0 and 2 trap both levels, 1 traps EL0. */
static bool fp_trapped(const struct emu_vcpu *v, unsigned int el)
{
	unsigned int fpen = arm_bits(v->st.sys[ARM_SLOT_CPACR_EL1], 21, 20);

	return !(fpen & 1) || (fpen == 1 && el == 0);
}

u32 cpu_mode(struct emu_vcpu *v)
{
	u32 ps = v->st.pstate;
	unsigned int el = psr_el(ps);
	u64 sctlr = cpu_sctlr(v);
	u32 mode = el;

	if (fp_trapped(v, el))
		mode |= IR_MODE_FP_TRAP;
	if (v->st.fpcr & FPCR_SLOW)
		mode |= IR_MODE_FP_SLOW;
	if (sctlr & SCTLR_A)
		mode |= IR_MODE_ALIGN;
	if (sctlr & (el ? SCTLR_SA : SCTLR_SA0))
		mode |= IR_MODE_SP_CHECK;
	if (ps & PSR_IL)
		mode |= IR_MODE_IL;
	if (debug_step_mode(v))
		mode |= IR_MODE_STEP;
	if (!(sctlr & SCTLR_M))
		mode |= IR_MODE_MMU_OFF;
	if (psr_spsel(ps))
		mode |= IR_MODE_SPSEL;
	return mode;
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
	st->sys[ARM_SLOT_ID_AA64MMFR0_EL1] &= ~MMFR0_BIGEND;
	st->sys[ARM_SLOT_CNTFRQ_EL0] = ARM_TIMER_HZ_DEFAULT;
	st->pstate = PSR_M_EL1H | PSR_DAIF;
	st->pc = st->sys[ARM_SLOT_RVBAR_EL1];
	arm_state_load_sp(st);

	v->exc.pending = false;
	v->wfi = v->wfe = false;
	v->excl_size = 0;
	atomic_store(&v->event, false);
	atomic_store(&v->serror, 0);
	pmu_reset(v);
	cpu_sync_state(v);
}

void cpu_sync_state(struct emu_vcpu *v)
{
	v->regime_changed = true;
	timer_update(v);
	pmu_poll(v);
}
