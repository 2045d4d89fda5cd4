/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/accel/kvm_regs.h"

#include <string.h>

#include "arm/bank32.h"
#include "arm/cpu_model.h"
#include "arm/sysreg32.h"
#include "hyp/uapi/kvm.h"

/* What AArch32 calls FPSCR is FPCR and FPSR: the first has the modes, and the vector length. */
#define FPSCR_FPCR 0x07f79f00u

/* What 32-bit KVM fills registers with (docs/facts/kvm-registers.md); arm64's is ARM_SYSREG_UNKNOWN. */
#define KVM_ARM32_UNKNOWN 0xdecafbadULL
#define KVM_ARM32_UNKNOWN64 0xd0c0ffeedecafbadULL

#define PLACE(k, i) ((struct kvm_reg_place){ .kind = (k), .part = ARM_PART_ALL, .n = (i) })
#define CORE64(member) (offsetof(struct kvm_arm64_core, member) / 4)
#define CORE32(member) (offsetof(struct kvm_arm32_core, member) / 4)

static const struct kvm_reg_place nowhere = { KREG_NONE, ARM_PART_ALL, 0 };

static struct kvm_reg_place core64(unsigned int word)
{
	static const u16 spsr[KVM_NR_SPSR] = {
		ARM_SLOT_SPSR_EL1, ARM_SLOT_SPSR_ABT, ARM_SLOT_SPSR_UND, ARM_SLOT_SPSR_IRQ, ARM_SLOT_SPSR_FIQ,
	};

	if (word < CORE64(sp))
		return PLACE(KREG_X, word / 2);
	if (word >= CORE64(spsr) && word < CORE64(reserved))
		return PLACE(KREG_SYS, spsr[(word - CORE64(spsr)) / 2]);
	if (word >= CORE64(v) && word < CORE64(fpsr))
		return PLACE(KREG_V, (word - CORE64(v)) / 4);
	switch (word) {
	case CORE64(sp):
		return PLACE(KREG_SYS, ARM_SLOT_SP_EL0);
	case CORE64(pc):
		return PLACE(KREG_PC, 0);
	case CORE64(pstate):
		return PLACE(KREG_PSR, 0);
	case CORE64(sp_el1):
		return PLACE(KREG_SYS, ARM_SLOT_SP_EL1);
	case CORE64(elr_el1):
		return PLACE(KREG_SYS, ARM_SLOT_ELR_EL1);
	case CORE64(fpsr):
		return PLACE(KREG_FPSR, 0);
	case CORE64(fpcr):
		return PLACE(KREG_FPCR, 0);
	}
	return nowhere;
}

static struct kvm_reg_place core32(unsigned int word)
{
	/* sp, lr, spsr of each mode, from CORE32(svc) on. */
	static const struct {
		u8 mode;
		u16 spsr;
	} banks[] = {
		{ PSR32_M_SVC, ARM_SLOT_SPSR_EL1 },
		{ PSR32_M_ABT, ARM_SLOT_SPSR_ABT },
		{ PSR32_M_UND, ARM_SLOT_SPSR_UND },
		{ PSR32_M_IRQ, ARM_SLOT_SPSR_IRQ },
	};
	unsigned int bank;

	if (word < CORE32(pc))
		return PLACE(KREG_X, bank32_x(PSR32_M_USR, word));
	if (word >= CORE32(fiq) && word < CORE32(fiq) + 7)
		return PLACE(KREG_X, bank32_x(PSR32_M_FIQ, 8 + word - CORE32(fiq)));
	if (word == CORE32(fiq) + 7)
		return PLACE(KREG_SYS, ARM_SLOT_SPSR_FIQ);
	if (word == CORE32(pc))
		return PLACE(KREG_PC, 0);
	if (word == CORE32(cpsr))
		return PLACE(KREG_PSR, 0);
	if (word < CORE32(svc) || word >= CORE32(fiq))
		return nowhere;
	bank = (word - CORE32(svc)) / 3;
	word = (word - CORE32(svc)) % 3;
	return word == 2 ? PLACE(KREG_SYS, banks[bank].spsr) :
	       PLACE(KREG_X, bank32_x(banks[bank].mode, 13 + word));
}

static struct kvm_reg_place sysreg64(u64 id)
{
	const struct arm_sysreg_row *r;

	/* The two that Linux has confused; what is counted is the host's. */
	if (id == KVM_REG_ARM64_TIMER_CNT || id == KVM_REG_ARM64_PTIMER_CNT)
		return nowhere;
	if (id == KVM_REG_ARM64_TIMER_CVAL)
		return PLACE(KREG_SYS, ARM_SLOT_CNTV_CVAL_EL0);
	r = arm_sysreg_lookup(id & 0xffff);
	return r && r->slot != ARM_SLOT_NONE ? PLACE(KREG_SYS, r->slot) : nowhere;
}

static int cp15_row(u64 id, u64 features)
{
	unsigned int opc1 = (id & KVM_REG_ARM_OPC1_MASK) >> KVM_REG_ARM_OPC1_SHIFT;
	unsigned int crm = (id & KVM_REG_ARM_CRM_MASK) >> KVM_REG_ARM_CRM_SHIFT;
	unsigned int crn = (id & KVM_REG_ARM_32_CRN_MASK) >> KVM_REG_ARM_32_CRN_SHIFT;
	bool wide = (id & KVM_REG_SIZE_MASK) == KVM_REG_SIZE_U64;

	return arm_sysreg32_index(features, wide ? ARM_CP_ENC64(15, opc1, crm) :
				  ARM_CP_ENC(15, opc1, crn, crm, id & KVM_REG_ARM_OPC2_MASK));
}

int kvm_reg_row32(u64 id, u64 features)
{
	unsigned int n = id & KVM_REG_ARM_VFP_MASK;

	if ((id & KVM_REG_ARCH_MASK) != KVM_REG_ARM || id == KVM_REG_ARM32_TIMER_CNT || id == KVM_REG_ARM32_PTIMER_CNT)
		return -1;
	switch (id & KVM_REG_ARM_COPROC_MASK) {
	case 15ULL << KVM_REG_ARM_COPROC_SHIFT:
		return cp15_row(id, features);
	case KVM_REG_ARM_VFP:
		/* The ids of VMRS' registers have its numbers; FPINST and FPINST2 are not known. */
		return n >= KVM_REG_ARM_VFP_FPSID && n < KVM_REG_ARM_VFP_FPSID + 16 ?
		       arm_sysreg32_index(features, ARM_CP_ENC_VFP(n - KVM_REG_ARM_VFP_FPSID)) : -1;
	}
	return -1;
}

static struct kvm_reg_place sysreg32(u64 id, u64 features)
{
	int reg = kvm_reg_row32(id, features);
	const struct arm_sysreg32_row *r = reg < 0 ? NULL : arm_sysreg32_row((enum arm_sysreg32)reg);

	if (!r || r->slot == ARM_SLOT_NONE)
		return nowhere;
	return (struct kvm_reg_place){ KREG_SYS, r->part, r->slot };
}

static struct kvm_reg_place vfp32(u64 id, u64 features)
{
	unsigned int n = id & KVM_REG_ARM_VFP_MASK;

	if (n < 32)
		return PLACE(KREG_D, n);
	if (n == KVM_REG_ARM_VFP_FPSCR)
		return PLACE(KREG_FPSCR, 0);
	return sysreg32(id, features);
}

struct kvm_reg_place kvm_reg_place(u64 id, u64 features)
{
	bool is64 = (id & KVM_REG_ARCH_MASK) == KVM_REG_ARM64;

	switch (id & KVM_REG_ARM_COPROC_MASK) {
	case KVM_REG_ARM_CORE:
		return is64 ? core64(id & 0xffff) : core32(id & 0xffff);
	case KVM_REG_ARM64_SYSREG:
		return is64 ? sysreg64(id) : nowhere;
	case 15ULL << KVM_REG_ARM_COPROC_SHIFT:
		return is64 ? nowhere : sysreg32(id, features);
	case KVM_REG_ARM_VFP:
		return is64 ? nowhere : vfp32(id, features);
	}
	return nowhere;
}

static bool identity64(u64 id, const struct arm_cpu_model *m, u64 *val)
{
	const struct arm_sysreg_row *r = arm_sysreg_lookup(id & 0xffff);

	if (!r || r->slot == ARM_SLOT_NONE || r->cls != ARM_CLS_INVARIANT)
		return false;
	*val = arm_cpu_model_value(m, (enum arm_sysreg)arm_sysreg_slot_row(r->slot)->reg);
	return true;
}

bool kvm_reg_identity(u64 id, const struct arm_cpu_model *m, u64 *val)
{
	bool is64 = (id & KVM_REG_ARCH_MASK) == KVM_REG_ARM64;
	int reg;

	switch (id & KVM_REG_ARM_COPROC_MASK) {
	case KVM_REG_ARM_DEMUX:
		if ((id & KVM_REG_ARM_DEMUX_ID_MASK) != KVM_REG_ARM_DEMUX_ID_CCSIDR)
			return false;
		*val = arm_cpu_model_ccsidr(m, id & KVM_REG_ARM_DEMUX_VAL_MASK);
		return *val;
	case KVM_REG_ARM64_SYSREG:
		return is64 && identity64(id, m, val);
	}
	reg = kvm_reg_row32(id, m->features);
	if (reg < 0 || arm_sysreg32_row(reg)->cls != ARM_CLS_INVARIANT)
		return false;
	*val = arm_cpu_model_value32(m, (enum arm_sysreg32)reg);
	return true;
}

struct kvm_reg_value kvm_reg_get(const struct arm_state *s, struct kvm_reg_place at)
{
	struct kvm_reg_value v = { { 0, 0 } };

	switch (at.kind) {
	case KREG_X:
		v.d[0] = s->x[at.n];
		break;
	case KREG_PC:
		v.d[0] = s->pc;
		break;
	case KREG_PSR:
		v.d[0] = arm_state_psr(s);
		break;
	case KREG_V:
		v.d[0] = s->v[at.n].d[0];
		v.d[1] = s->v[at.n].d[1];
		break;
	case KREG_D:
		v.d[0] = s->v[at.n / 2].d[at.n & 1];
		break;
	case KREG_FPCR:
		v.d[0] = s->fpcr;
		break;
	case KREG_FPSR:
		v.d[0] = s->fpsr;
		break;
	case KREG_FPSCR:
		v.d[0] = s->fpcr | s->fpsr;
		break;
	case KREG_SYS:
		v.d[0] = arm_part_get((enum arm_part)at.part, s->sys[at.n]);
		break;
	}
	return v;
}

/*
 * No value: nobody has written the register yet.  arm has poison of its own, of 32 and of 64
 * bits, and registers that it takes from the reset of the part.
 */
static bool is_unknown(struct kvm_reg_place at, u64 val)
{
	u16 reg = arm_sysreg_slot_row(at.n)->reg;

	if (reg == ARM_REGS || !(arm_sysreg_row((enum arm_sysreg)reg)->flags & ARM_SRF_UNKNOWN))
		return false;
	if (at.part != ARM_PART_ALL || !(val >> 32))
		return val == KVM_ARM32_UNKNOWN || val == VAMBRACE_UNKNOWN;
	return val == ARM_SYSREG_UNKNOWN || val == KVM_ARM32_UNKNOWN64 ||
	       val == ((u64)VAMBRACE_UNKNOWN << 32 | VAMBRACE_UNKNOWN);
}

void kvm_reg_set(struct arm_state *s, struct kvm_reg_place at, struct kvm_reg_value v)
{
	switch (at.kind) {
	case KREG_X:
		s->x[at.n] = v.d[0];
		break;
	case KREG_PC:
		s->pc = v.d[0];
		break;
	case KREG_PSR:
		arm_state_set_psr(s, (u32)v.d[0]);
		break;
	case KREG_V:
		s->v[at.n].d[0] = v.d[0];
		s->v[at.n].d[1] = v.d[1];
		break;
	case KREG_D:
		s->v[at.n / 2].d[at.n & 1] = v.d[0];
		break;
	case KREG_FPCR:
		s->fpcr = (u32)v.d[0];
		break;
	case KREG_FPSR:
		s->fpsr = (u32)v.d[0];
		break;
	case KREG_FPSCR:
		s->fpcr = (u32)v.d[0] & FPSCR_FPCR;
		s->fpsr = (u32)v.d[0] & ~FPSCR_FPCR;
		break;
	case KREG_SYS:
		if (is_unknown(at, v.d[0]))
			v.d[0] = 0;
		s->sys[at.n] = arm_part_set((enum arm_part)at.part, s->sys[at.n], v.d[0]);
		break;
	}
}
