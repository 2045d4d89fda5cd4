/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All architectural state of one vCPU: the contract between engines, and what
 * migration moves.  An engine may keep parts elsewhere while it runs; whenever
 * another part of the program looks, this is the truth.
 */
#ifndef ARM_STATE_H
#define ARM_STATE_H

#include "arm/base.h"
#include "arm/psr.h"
#include "arm/sysreg.h"

/* One V register: d[0] holds bits 63:0, d[1] bits 127:64. */
struct arm_vreg {
	u64 d[2];
} __attribute__((aligned(16)));

struct arm_state {
	/*
	 * X0..X30.  In AArch32 R0..R14 of all modes live here (arm/bank32.h); sp
	 * is not used then, and pc is without the Thumb bit, which is PSTATE.T.
	 */
	u64 x[31];
	/*
	 * The stack pointer that PSTATE.{EL,SP} selects.  The copy of that one
	 * in sys[] (SP_EL0..SP_EL3) is stale until the selection changes:
	 * arm_state_save_sp() and arm_state_load_sp() move it.
	 */
	u64 sp;
	u64 pc;
	u32 pstate;		/* SPSR layout without NZCV (AArch32: CPSR with Q, GE, IT); see arm/psr.h */
	u32 nzcv;		/* bits 31:28, the other bits zero */
	u32 fpcr;
	u32 fpsr;		/* bits 31:28: the flags of the AArch32 FPSCR */
	struct arm_vreg v[32];	/* AArch32: Qn is v[n], n < 16 */
	/* System registers by slot: enum arm_sysreg_slot of arm/sysreg.h. */
	u64 sys[ARM_SYSREG_SLOTS];
};

/* Slot of the banked SP that @pstate selects. */
static inline unsigned int arm_sp_slot(u32 pstate)
{
	return psr_spsel(pstate) ? ARM_SLOT_SP_EL0 + psr_el(pstate) : ARM_SLOT_SP_EL0;
}

static inline void arm_state_save_sp(struct arm_state *s)
{
	s->sys[arm_sp_slot(s->pstate)] = s->sp;
}

static inline void arm_state_load_sp(struct arm_state *s)
{
	s->sp = s->sys[arm_sp_slot(s->pstate)];
}

/* PSTATE with its flags, as SPSR_ELx and the debugger show it. */
static inline u32 arm_state_psr(const struct arm_state *s)
{
	return (s->pstate & ~PSR_NZCV) | (s->nzcv & PSR_NZCV);
}

static inline void arm_state_set_psr(struct arm_state *s, u32 psr)
{
	s->pstate = psr & ~PSR_NZCV;
	s->nzcv = psr & PSR_NZCV;
}

#endif
