// SPDX-License-Identifier: GPL-2.0-only
/* Helpers by which blocks of A32 and T32 code go on, or do not. */
#include "arm/psr.h"
#include "emu/cpu/helpers.h"

#define SCTLR_SW ARM_BIT(10)	/* SWP and SWPB are enabled */

u64 helper_goto32(struct emu_vcpu *vcpu, u64 a, u64 b, u64 c)
{
	(void)b, (void)c;
	vcpu->st.pc = (u32)a;	/* with the Thumb bit, as emu/cpu/cpu.h has it */
	vcpu->st.pstate &= ~PSR32_IT;
	return 0;
}

u64 helper_step_skip32(struct emu_vcpu *vcpu, u64 a, u64 b, u64 c)
{
	return a ? helper_step_done(vcpu, b, c, 0) : 0;
}
