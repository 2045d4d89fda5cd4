/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of AArch32 in emu/cpu/ share.  Include once, as cpu_rig.h, which this includes. */
#ifndef CPU_RIG32_H
#define CPU_RIG32_H

#include "tests/unit/cpu_rig.h"

#define MODES 7
static const u32 modes[MODES] = { 0x10, 0x11, 0x12, 0x13, 0x17, 0x1b, 0x1f };

static int setup(void **state)
{
	return rig_setup_a32(state, false);
}

static int setup_v7(void **state)
{
	return rig_setup_a32(state, true);
}

static inline u64 *slot_of_spsr(struct emu_vcpu *v, u32 mode)
{
	switch (mode) {
	case 0x11:
		return &v->st.sys[ARM_SLOT_SPSR_FIQ];
	case 0x12:
		return &v->st.sys[ARM_SLOT_SPSR_IRQ];
	case 0x13:
		return &v->st.sys[ARM_SLOT_SPSR_EL1];
	case 0x17:
		return &v->st.sys[ARM_SLOT_SPSR_ABT];
	case 0x1b:
		return &v->st.sys[ARM_SLOT_SPSR_UND];
	}
	return NULL;
}

/* In AArch32 mode @m at @pc (no T bit), in T32 if @t. */
static inline void go(struct emu_vcpu *v, u32 m, bool t, u32 pc)
{
	v->st.pstate = m;
	v->st.nzcv = 0;
	v->st.pc = pc | t;
	v->exc.pending = false;
	v->regime_changed = false;
}

static int teardown(void **state)
{
	(void)state;
	free(rig.ram);
	rig.ram = NULL;
	return 0;
}

/* As ARMv8 and as ARMv7 has it. */
#define TEST32(t) cmocka_unit_test_setup(t, setup), { #t " (v7)", t, setup_v7, NULL, NULL }

#endif
