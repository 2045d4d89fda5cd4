/* SPDX-License-Identifier: GPL-2.0-only */
/* MRC and MCR for the tests of emu/cpu/, on top of cpu_rig.h.  Include once. */
#ifndef CP_RIG_H
#define CP_RIG_H

#include "arm/sysreg32.h"
#include "tests/unit/cpu_rig.h"

#define E15(o1, cn, cm, o2) ARM_CP_ENC(15, o1, cn, cm, o2)
#define E14(o1, cn, cm, o2) ARM_CP_ENC(14, o1, cn, cm, o2)
#define W15(o1, cm) ARM_CP_ENC64(15, o1, cm)
#define INFO ARM_CP_INFO(3, 4, 14)
#define F(name) ARM_FEAT_BIT(ARM_FEAT_##name)

/* Cortex-A57 is the one with EL1 in AArch32. */
static inline const struct arm_cpu_model *model_of(const char *name)
{
	static struct arm_cpu_model a57_32;

	if (strcmp(name, "cortex-a57"))
		return arm_cpu_model_find(name);
	a57_32 = *arm_cpu_model_find(name);
	a57_32.features &= ~F(AARCH64);
	return &a57_32;
}

/* PL1 (Supervisor) or PL0 in AArch32. */
static inline void go(struct emu_vcpu *v, unsigned int pl)
{
	v->st.pstate = pl ? PSR32_M_SVC : PSR32_M_USR;
	v->exc.pending = false;
}

static inline u64 mrc(struct emu_vcpu *v, u32 enc)
{
	return helper_mrc(v, enc, INFO, 0);
}

static inline void mcr(struct emu_vcpu *v, u32 enc, u64 val)
{
	helper_mcr(v, enc, val, INFO);
}

static inline bool undef(struct emu_vcpu *v)
{
	struct vcpu_exception e = rig_exc(v);

	assert_true(!e.pending || esr_ec(e.esr) == EC_UNKNOWN);
	return e.pending;
}

static inline u64 read_ok(struct emu_vcpu *v, u32 enc)
{
	u64 val = mrc(v, enc);

	if (undef(v))
		fail_msg("read of %05x is UNDEFINED", enc);
	return val;
}

static inline void write_ok(struct emu_vcpu *v, u32 enc, u64 val)
{
	mcr(v, enc, val);
	if (undef(v))
		fail_msg("write of %05x is UNDEFINED", enc);
}

static inline int setup(void **state)
{
	*state = &rig.cpu[0];
	return rig_setup_with(arm_cpu_model_find("cortex-a15"));
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

#endif
