/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exceptions to EL1 and the return from them (DDI 0487 D1.10, D1.11).  Where EL1 is
 * AArch32 exception32.c takes them.
 *
 * -d int prints one line for each:
 *   int: cpu0 sync EL0t -> EL1 esr=56000000 (svc) far=0 elr=... spsr=... vec=...
 *   int: cpu0 eret EL1h -> EL0t pc=... pstate=...
 */
#include "arm/pte.h"
#include "emu/cpu/cpu.h"
#include "emu/cpu/helpers.h"

enum { VEC_SYNC = 0, VEC_IRQ = 0x80, VEC_FIQ = 0x100, VEC_SERROR = 0x180 };

static const char *ec_name(u32 esr)
{
	static const char *const names[64] = {
		[EC_UNKNOWN] = "undefined", [EC_WFX] = "wfx", [EC_FP_ACCESS] = "fp access",
		[EC_ILLEGAL_STATE] = "illegal state", [EC_SVC64] = "svc", [EC_HVC64] = "hvc",
		[EC_SMC64] = "smc", [EC_SYS64] = "sysreg", [EC_IABT_LOWER] = "fetch abort",
		[EC_IABT_SAME] = "fetch abort", [EC_PC_ALIGN] = "pc alignment",
		[EC_DABT_LOWER] = "data abort", [EC_DABT_SAME] = "data abort",
		[EC_SP_ALIGN] = "sp alignment", [EC_SERROR] = "serror",
		[EC_BREAKPOINT_LOWER] = "breakpoint", [EC_BREAKPOINT_SAME] = "breakpoint",
		[EC_STEP_LOWER] = "step", [EC_STEP_SAME] = "step",
		[EC_WATCHPOINT_LOWER] = "watchpoint", [EC_WATCHPOINT_SAME] = "watchpoint",
		[EC_BRK64] = "brk", [EC_SVC32] = "svc32", [EC_BKPT32] = "bkpt32",
		[EC_CP15_32] = "cp15", [EC_CP15_64] = "cp15", [EC_CP14_32] = "cp14", [EC_CP14_64] = "cp14",
	};
	const char *s = names[esr_ec(esr) & 63];

	return s ? s : "?";
}

/* ---- raising ---- */

static void raise_at(struct emu_vcpu *v, u32 esr, u64 ret)
{
	v->exc = (struct vcpu_exception){
		.pending = true, .target_el = 1, .esr = esr, .ret = ret,
	};
}

void vcpu_raise(struct emu_vcpu *v, u32 ec, u32 iss)
{
	raise_at(v, esr_make((enum esr_ec)ec, true, iss), v->st.pc);
}

void vcpu_raise_far(struct emu_vcpu *v, u32 ec, u32 iss, u64 far)
{
	vcpu_raise(v, ec, iss);
	v->exc.far = far;
	v->exc.far_valid = true;
}

void vcpu_raise_undef(struct emu_vcpu *v)
{
	vcpu_raise(v, EC_UNKNOWN, 0);
}

/*
 * An instruction whose exception is its purpose: the preferred return address
 * is behind it, and for software step it has been executed (SSAdvance).
 */
static void raise_call(struct emu_vcpu *v, enum esr_ec ec, u32 imm)
{
	raise_at(v, esr_imm16(ec, true, imm), v->st.pc + 4);
	if (debug_step_active(v))
		v->st.pstate &= ~PSR_SS;
}

/* ---- taking ---- */

static void enter(struct emu_vcpu *v, unsigned int vec, const char *what, bool syndrome)
{
	const struct vcpu_exception *e = &v->exc;
	struct arm_state *st = &v->st;
	unsigned int from = cpu_el(v);
	u32 spsr = arm_state_psr(st), old = st->pstate;
	u64 ret = e->ret;

	if (psr_is_a32(old)) {
		spsr = cpu_cpsr(v);
		if (e->it_valid)
			spsr = psr32_set_it(spsr, e->it);
		ret &= ~1ULL;
		vec += 0x600;
	} else if (from == 0)
		vec += 0x400;
	else if (psr_spsel(st->pstate))
		vec += 0x200;
	if (v->pmu.by_el && from != 1)
		pmu_before_el_change(v);
	st->sys[ARM_SLOT_SPSR_EL1] = spsr;
	st->sys[ARM_SLOT_ELR_EL1] = ret;
	if (syndrome)
		st->sys[ARM_SLOT_ESR_EL1] = e->esr;
	if (e->far_valid)
		st->sys[ARM_SLOT_FAR_EL1] = e->far;

	arm_state_save_sp(st);
	st->pstate = PSR_M_EL1H | PSR_DAIF;
	arm_state_load_sp(st);
	st->pc = st->sys[ARM_SLOT_VBAR_EL1] + vec;
	if (from != 1)
		v->regime_changed = true;
	if (vcpu_logs(v, EMU_LOG_INT))
		emu_log(v->vm, "int: cpu%u %s %s -> EL1 esr=%08x (%s) far=%llx elr=%llx spsr=%08x vec=%x\n",
			v->index, what, cpu_psr_name(old), syndrome ? e->esr : 0, syndrome ? ec_name(e->esr) : what,
			(unsigned long long)(e->far_valid ? e->far : 0), (unsigned long long)ret,
			spsr, vec);
	v->exc.pending = false;
}

void cpu_take_exception(struct emu_vcpu *v)
{
	if (!v->exc.pending)
		return;
	v->stats.exceptions++;
	if (cpu_el1_a32(v))
		exception32_take(v);
	else
		enter(v, v->exc.serror ? VEC_SERROR : VEC_SYNC, v->exc.serror ? "serror" : "sync", true);
}

static bool interrupt(struct emu_vcpu *v, unsigned int vec, const char *what)
{
	v->exc = (struct vcpu_exception){ .pending = true, .target_el = 1, .ret = v->st.pc };
	v->stats.interrupts++;
	if (cpu_el1_a32(v))
		exception32_interrupt(v, vec == VEC_FIQ ? EXC32_FIQ : EXC32_IRQ);
	else
		enter(v, vec, what, false);
	return true;
}

/*
 * At EL0 and EL1 PSTATE masks all interrupts that go to EL1.  The order of
 * simultaneous ones is IMPLEMENTATION DEFINED: SError, FIQ, IRQ.
 */
bool cpu_take_interrupt(struct emu_vcpu *v)
{
	u32 masked = v->st.pstate;
	unsigned int lines, serror;

	if (atomic_load_explicit(&v->pmu_due, memory_order_acquire))
		pmu_poll(v);
	serror = atomic_load_explicit(&v->serror, memory_order_acquire);
	if ((serror & EMU_SERROR) && !(masked & PSR_A)) {
		atomic_store(&v->serror, 0);
		raise_at(v, esr_make(EC_SERROR, true, serror & ESR_ISS_MASK), v->st.pc);
		v->exc.serror = true;
		cpu_take_exception(v);
		return true;
	}
	lines = atomic_load_explicit(&v->lines, memory_order_acquire);
	if ((lines & 1u << EMU_LINE_FIQ) && !(masked & PSR_F))
		return interrupt(v, VEC_FIQ, "fiq");
	if ((lines & 1u << EMU_LINE_IRQ) && !(masked & PSR_I))
		return interrupt(v, VEC_IRQ, "irq");
	return false;
}

bool cpu_has_work(struct emu_vcpu *v)
{
	if (atomic_load_explicit(&v->pmu_due, memory_order_acquire))
		return true;
	return atomic_load_explicit(&v->lines, memory_order_acquire) ||
	       (atomic_load_explicit(&v->serror, memory_order_acquire) & EMU_SERROR);
}

void cpu_inject_serror(struct emu_vcpu *v, u32 iss)
{
	atomic_store(&v->serror, EMU_SERROR | (iss & ESR_ISS_MASK));
	vcpu_kick(v, VCPU_REQ_KICK);
}

/* ---- returning ---- */

/* D1.11.3, with EL2 and EL3 absent: to AArch32 only in User mode. */
static bool illegal_return(const struct emu_vcpu *v, u32 spsr)
{
	u32 m = spsr & PSR_M_MASK;

	if (m == PSR32_M_USR)
		return !arm_has(cpu_features(v->vm), ARM_FEAT_AARCH32_EL0);
	return m != PSR_M_EL0T && m != PSR_M_EL1T && m != PSR_M_EL1H;
}

u64 cpu_branch_addr(const struct emu_vcpu *v, unsigned int el, u64 pc)
{
	u64 tcr = v->st.sys[ARM_SLOT_TCR_EL1];

	if (el > 1 || !(tcr & (arm_bit(pc, 55) ? TCR_TBI1 : TCR_TBI0)))
		return pc;
	return (u64)arm_sext(pc, 56);
}

/* AArch32 sees the low halves of X0..X14 only, and relies on nothing above them. */
static void eret_to_a32(struct emu_vcpu *v, u32 psr, u32 spsr)
{
	unsigned int i;

	psr |= spsr & (PSR32_Q | PSR32_IT | PSR32_GE | PSR32_E | PSR32_T);
	arm_state_save_sp(&v->st);
	for (i = 0; i < 15; i++)
		v->st.x[i] = (u32)v->st.x[i];
	cpu_set_cpsr(v, psr, (u32)v->st.sys[ARM_SLOT_ELR_EL1]);
	arm_state_load_sp(&v->st);
}

static void eret_to_a64(struct emu_vcpu *v, u32 psr)
{
	struct arm_state *st = &v->st;
	bool same = psr_el(psr) == cpu_el(v);

	if (v->pmu.by_el && !same)
		pmu_before_el_change(v);
	arm_state_save_sp(st);
	arm_state_set_psr(st, psr);
	arm_state_load_sp(st);
	st->pc = cpu_branch_addr(v, psr_el(psr), st->sys[ARM_SLOT_ELR_EL1]);
	if (!same)
		v->regime_changed = true;
}

u64 helper_eret(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	struct arm_state *st = &v->st;
	u32 spsr = (u32)st->sys[ARM_SLOT_SPSR_EL1], psr = spsr & (PSR_NZCV | PSR_DAIF | PSR_IL);
	u32 from = st->pstate;

	(void)a, (void)b, (void)c;
	if (!cpu_el(v) || psr_is_a32(from)) {
		vcpu_raise_undef(v);
		return 0;
	}
	psr |= debug_return_ss(v, spsr);
	if (illegal_return(v, spsr))
		psr |= PSR_IL | (from & PSR_M_MASK);
	else
		psr |= spsr & PSR_M_MASK;
	if (psr_is_a32(psr))
		eret_to_a32(v, psr, spsr);
	else
		eret_to_a64(v, psr);
	v->excl_size = 0;
	atomic_store(&v->event, true);
	if (vcpu_logs(v, EMU_LOG_INT))
		emu_log(v->vm, "int: cpu%u eret %s -> %s pc=%llx pstate=%08x\n", v->index, cpu_psr_name(from),
			cpu_psr_name(psr), (unsigned long long)st->pc, psr);
	return 0;
}

/* ---- the instructions that raise ---- */

u64 helper_undefined(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	(void)b, (void)c;
	if (vcpu_logs(v, EMU_LOG_UNIMP))
		emu_log(v->vm, "unimp: cpu%u undefined instruction %08x at %llx\n", v->index, (u32)a,
			(unsigned long long)v->st.pc);
	vcpu_raise_undef(v);
	return 0;
}

u64 helper_svc(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	(void)b, (void)c;
	raise_call(v, EC_SVC64, (u32)a);
	return 0;
}

/*
 * With EL2 and EL3 absent HVC is UNDEFINED to the architecture: here it is
 * PSCI's conduit, and an instruction that completes.
 */
u64 helper_hvc(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	(void)b, (void)c;
	if (!cpu_el(v) || a || !v->vm->psci || v->vm->cfg.no_psci) {
		vcpu_raise_undef(v);
		return 0;
	}
	cpu_psci_call(v);
	return helper_step_done(v, v->st.pc + 4, 0, 0);
}

u64 helper_smc(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	(void)a, (void)b, (void)c;
	vcpu_raise_undef(v);
	return 0;
}

u64 helper_brk(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	(void)b, (void)c;
	vcpu_raise(v, EC_BRK64, (u32)a & ISS_IMM16_MASK);
	return 0;
}

u64 helper_fp_trap(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	(void)a, (void)b, (void)c;
	vcpu_raise(v, EC_FP_ACCESS, ISS_COND_ALWAYS);
	return 0;
}

u64 helper_illegal_state(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	(void)a, (void)b, (void)c;
	vcpu_raise(v, EC_ILLEGAL_STATE, 0);
	return 0;
}

u64 helper_pc_align(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	(void)a, (void)b, (void)c;
	vcpu_raise_far(v, EC_PC_ALIGN, 0, v->st.pc);
	return 0;
}

u64 helper_sp_align(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	(void)a, (void)b, (void)c;
	vcpu_raise(v, EC_SP_ALIGN, 0);
	return 0;
}
