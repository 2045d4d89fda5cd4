/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exceptions to AArch32 EL1 (DDI 0406C B1.8, B1.9; DDI 0487 G1.12).  They are
 * raised with the syndrome of AArch64; here it becomes a mode, a vector, and FSRs.
 */
#include "arm/bank32.h"
#include "arm/fsr.h"
#include "emu/cpu/cpu.h"
#include "emu/cpu/helpers.h"

/* DBGDSCR.MOE (C11.11.20), in its place: how a debug exception came to be. */
#define DBGDSCR_MOE_SHIFT 2
enum { MOE_BREAKPOINT = 1, MOE_BKPT = 3, MOE_VECTOR_CATCH = 5, MOE_WATCHPOINT = 10 };

static const struct {
	const char *name;
	u8 mode;
	u8 vec;
	u8 lr[2];	/* LR is the preferred return address plus this: from A32, from T32 (table B1-7) */
	u16 mask;	/* PSTATE bits that are set */
} kinds[] = {
	[EXC32_UND] = { "undef", PSR32_M_UND, 0x04, { 4, 2 }, PSR_I },
	[EXC32_SVC] = { "svc", PSR32_M_SVC, 0x08, { 0, 0 }, PSR_I },
	[EXC32_PABT] = { "prefetch abort", PSR32_M_ABT, 0x0c, { 4, 4 }, PSR_I | PSR_A },
	[EXC32_DABT] = { "data abort", PSR32_M_ABT, 0x10, { 8, 8 }, PSR_I | PSR_A },
	[EXC32_IRQ] = { "irq", PSR32_M_IRQ, 0x18, { 4, 4 }, PSR_I | PSR_A },
	[EXC32_FIQ] = { "fiq", PSR32_M_FIQ, 0x1c, { 4, 4 }, PSR_I | PSR_A | PSR_F },
};

static void enter(struct emu_vcpu *v, enum cpu_exc32 kind, u32 fsr)
{
	const struct vcpu_exception *e = &v->exc;
	struct arm_state *st = &v->st;
	u64 sctlr = cpu_sctlr(v);
	u32 cpsr = cpu_cpsr(v), mode = kinds[kind].mode, from = st->pstate, psr;
	u32 base = sctlr & SCTLR32_V ? HIVECS_BASE : (u32)st->sys[ARM_SLOT_VBAR_EL1];

	if (e->it_valid)
		cpsr = psr32_set_it(cpsr, e->it);
	st->x[bank32_x(mode, 14)] = (u32)((e->ret & ~1ULL) + kinds[kind].lr[cpsr & PSR32_T ? 1 : 0]);
	st->sys[cpu_spsr32_slot(mode)] = cpsr;
	psr = (cpsr & (PSR_NZCV | PSR32_Q | PSR32_GE | PSR32_AIF)) | mode | kinds[kind].mask |
	      (sctlr & SCTLR_EE ? PSR32_E : 0) | (sctlr & SCTLR32_TE ? PSR32_T : 0);
	cpu_set_cpsr(v, psr, base + kinds[kind].vec);
	if (vcpu_logs(v, EMU_LOG_INT))
		emu_log(v->vm, "int: cpu%u %s %s -> %s fsr=%x far=%08x ret=%08x spsr=%08x pc=%08x\n", v->index,
			kinds[kind].name, cpu_psr_name(from), cpu_psr_name(psr), fsr,
			e->far_valid ? (u32)e->far : 0, (u32)e->ret, cpsr, (u32)st->pc);
	v->exc.pending = false;
}

static enum cpu_exc32 kind_of(enum esr_ec ec)
{
	switch (ec) {
	case EC_SVC32:
		return EXC32_SVC;
	case EC_IABT_LOWER:
	case EC_IABT_SAME:
	case EC_PC_ALIGN:
	case EC_BKPT32:
	case EC_BREAKPOINT_LOWER:
	case EC_BREAKPOINT_SAME:
	case EC_VECTOR_CATCH32:
		return EXC32_PABT;
	case EC_DABT_LOWER:
	case EC_DABT_SAME:
	case EC_WATCHPOINT_LOWER:
	case EC_WATCHPOINT_SAME:
	case EC_SERROR:
		return EXC32_DABT;
	default:
		return EXC32_UND;	/* also what EL1 in AArch64 would see as a trap */
	}
}

static void set_moe(struct emu_vcpu *v, enum esr_ec ec)
{
	u64 moe;

	switch (ec) {
	case EC_BKPT32:
		moe = MOE_BKPT;
		break;
	case EC_BREAKPOINT_LOWER:
	case EC_BREAKPOINT_SAME:
		moe = MOE_BREAKPOINT;
		break;
	case EC_VECTOR_CATCH32:
		moe = MOE_VECTOR_CATCH;
		break;
	case EC_WATCHPOINT_LOWER:
	case EC_WATCHPOINT_SAME:
		moe = MOE_WATCHPOINT;
		break;
	default:
		return;
	}
	v->st.sys[ARM_SLOT_DBGMOE] = moe << DBGDSCR_MOE_SHIFT;
}

/* The FSR: the ISS has the code, but where an exception class is all there is. */
static u32 fsr_of(const struct emu_vcpu *v)
{
	const struct vcpu_exception *e = &v->exc;
	bool lpae = cpu_lpae_active(v);

	switch (esr_ec(e->esr)) {
	case EC_PC_ALIGN:
		return fsr_make(lpae, FSC_ALIGNMENT, 0, 0);
	case EC_BKPT32:
		return fsr_make(lpae, FSC_DEBUG, 0, 0);
	case EC_SERROR:
		return fsr_make(lpae, FSC_ASYNC_EXTERNAL, e->esr & ISS_ABT_EA ? FSR_EXT : 0, 0);
	default:
		return fsr_of_iss(lpae, esr_iss(e->esr), e->domain);
	}
}

/* IFSR32_EL2 and ESR_EL1 are IFSR and DFSR; FAR_EL1 is IFAR:DFAR (DDI 0487 D1.20). */
void exception32_take(struct emu_vcpu *v)
{
	const struct vcpu_exception *e = &v->exc;
	enum esr_ec ec = esr_ec(e->esr);
	enum cpu_exc32 kind = kind_of(ec);
	u64 *sys = v->st.sys, *far = &sys[ARM_SLOT_FAR_EL1];
	u32 fsr = 0;

	set_moe(v, ec);
	if (kind == EXC32_PABT) {
		fsr = fsr_of(v) & ~(FSR_WNR | FSR_CM | (cpu_lpae_active(v) ? 0 : 15u << FSR_DOMAIN_SHIFT));
		sys[ARM_SLOT_IFSR32_EL2] = fsr;
		if (e->far_valid)
			*far = (u32)*far | e->far << 32;
	} else if (kind == EXC32_DABT) {
		fsr = fsr_of(v);
		sys[ARM_SLOT_ESR_EL1] = fsr;
		if (e->far_valid)
			*far = (*far & ~0xffffffffULL) | (u32)e->far;
	}
	enter(v, kind, fsr);
}

void exception32_interrupt(struct emu_vcpu *v, enum cpu_exc32 kind)
{
	enter(v, kind, 0);
}

/* ---- the instructions that raise ---- */

u64 helper_svc32(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	u64 len = (b & ~1ULL) - (v->st.pc & ~1ULL);

	vcpu_raise(v, EC_SVC32, (u32)a & ISS_IMM16_MASK);
	v->exc.ret = b;
	v->exc.it = (u8)c;
	v->exc.it_valid = true;
	if (len == 2)
		v->exc.esr &= ~ESR_IL;
	if (debug_step_active(v))
		v->st.pstate &= ~PSR_SS;
	return 0;
}

u64 helper_bkpt32(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	(void)b, (void)c;
	vcpu_raise(v, EC_BKPT32, (u32)a & ISS_IMM16_MASK);
	if (v->st.pc & 1)
		v->exc.esr &= ~ESR_IL;
	return 0;
}
