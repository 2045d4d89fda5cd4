/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a register of KVM_GET_ONE_REG lies in struct arm_state.  Nothing here is
 * listed twice: system registers come from the rows of arm/sysreg.def and
 * arm/sysreg32.def by their encoding, which the id contains.
 *
 * Linux' arm64 has ids of AArch64 registers only, also for a guest in AArch32, whose
 * state is in them as struct arm_state has it.  On arm ids are of the
 * core's words, of VFP and of cp15.
 */
#ifndef VMM_ACCEL_KVM_REGS_H
#define VMM_ACCEL_KVM_REGS_H

#include "arm/state.h"

enum kvm_reg_kind {
	KREG_NONE,	/* the host's business: firmware, caches, the count of the timer */
	KREG_X,		/* x[n] */
	KREG_PC,
	KREG_PSR,	/* pstate and nzcv */
	KREG_V,		/* v[n] */
	KREG_D,		/* AArch32 D<n>: half of a v[] */
	KREG_FPCR,
	KREG_FPSR,
	KREG_FPSCR,	/* AArch32: both of those */
	KREG_SYS,	/* sys[n] */
};

struct kvm_reg_place {
	u8 kind;	/* enum kvm_reg_kind */
	u8 part;	/* enum arm_part, for KREG_SYS */
	u16 n;
};

/* The place of @id on a CPU with @features. */
struct kvm_reg_place kvm_reg_place(u64 id, u64 features);
/* The row (enum arm_sysreg32) of an id of arm's cp15 or VFP registers, or -1. */
int kvm_reg_row32(u64 id, u64 features);

/*
 * Whether @id is constant for a guest, a part of its CPU's identity: then *@val is what
 * @m has there.
 */
struct arm_cpu_model;
bool kvm_reg_identity(u64 id, const struct arm_cpu_model *m, u64 *val);

/* The value of a register, as KVM moves it: 4, 8 or 16 bytes, little endian, the rest zero. */
struct kvm_reg_value {
	u64 d[2];
};

/* @s has the selected stack pointer in sys[] (arm_state_save_sp()). */
struct kvm_reg_value kvm_reg_get(const struct arm_state *s, struct kvm_reg_place at);
void kvm_reg_set(struct arm_state *s, struct kvm_reg_place at, struct kvm_reg_value v);

#endif
