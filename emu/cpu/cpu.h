/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What cpu/ offers run/ beyond emu/vcpu.h, and what its files share.
 *
 * The engine implements EL0 and EL1, and each in AArch64 or AArch32:
 * cpu_features() is what of the model's features remains.  All functions run on
 * the vCPU's own thread unless they say otherwise.
 *
 * State in AArch32.  While a vCPU runs, st.pc is an address of code as BX has
 * it: bit 0 is PSTATE.T, and that bit of st.pstate is 0.  ITSTATE in st.pstate
 * is valid between blocks and where an exception was raised.  Registers of all
 * modes are X registers (arm/bank32.h) with bits 63:32 zero; st.sp and the
 * SP_ELx slots keep what AArch64 left in them.  cpu_sync_state() and
 * cpu_unsync_state() convert to and from the form of arm/state.h.
 */
#ifndef EMU_CPU_CPU_H
#define EMU_CPU_CPU_H

#include "arm/esr.h"
#include "arm/sysreg32.h"
#include "emu/vcpu.h"

/* PPIs of the cores, as every machine here wires them (BSA 4.2.2). */
enum cpu_ppi {
	CPU_PPI_PMU = 23,
	CPU_PPI_TIMER_HYP = 26,
	CPU_PPI_TIMER_VIRT = 27,
	CPU_PPI_TIMER_SEC = 29,
	CPU_PPI_TIMER_PHYS = 30,
};

#define SCTLR_M ARM_BIT(0)
#define SCTLR_A ARM_BIT(1)
#define SCTLR_SA ARM_BIT(3)
#define SCTLR_SA0 ARM_BIT(4)
#define SCTLR_ITD ARM_BIT(7)
#define SCTLR_SED ARM_BIT(8)
#define SCTLR_UMA ARM_BIT(9)
#define SCTLR_DZE ARM_BIT(14)
#define SCTLR_UCT ARM_BIT(15)
#define SCTLR_NTWI ARM_BIT(16)
#define SCTLR_NTWE ARM_BIT(18)
#define SCTLR_WXN ARM_BIT(19)
#define SCTLR_E0E ARM_BIT(24)
#define SCTLR_EE ARM_BIT(25)
#define SCTLR_UCI ARM_BIT(26)
/* AArch32 only */
#define SCTLR32_SW ARM_BIT(10)	/* SWP is enabled */
#define SCTLR32_V ARM_BIT(13)	/* vectors at HIVECS_BASE */
#define SCTLR32_UWXN ARM_BIT(20)
#define SCTLR32_TRE ARM_BIT(28)
#define SCTLR32_AFE ARM_BIT(29)
#define SCTLR32_TE ARM_BIT(30)	/* exceptions are taken to T32 */
#define HIVECS_BASE 0xffff0000u

#define MDSCR_SS ARM_BIT(0)
#define MDSCR_TDCC ARM_BIT(12)
#define MDSCR_KDE ARM_BIT(13)
#define MDSCR_MDE ARM_BIT(15)

/* ---- for run/ ---- */

/*
 * CPU_ON was accepted for @v (v->start): reset it and set pc and x0.  run/ calls
 * it on the vCPU's own thread when it sees v->start, before it looks at v->on.
 */
void cpu_psci_power_on(struct emu_vcpu *v);

/*
 * st was filled from outside (emu_vcpu_state(), migration): bring everything
 * that is derived from it up to date.  Call at the start of emu_vcpu_run().
 * -EINVAL: this engine has not got the mode that PSTATE says.
 */
int cpu_sync_state(struct emu_vcpu *v);
/*
 * The vCPU stops running: what was raised is taken, and st becomes what
 * arm/state.h says.  Call at the end of emu_vcpu_run().
 */
void cpu_unsync_state(struct emu_vcpu *v);

/*
 * Blocks of IR_MODE_STEP hold one instruction and are not linked.  Before such
 * a block: true if a debug exception was raised instead (breakpoint, or a step
 * that is pending); run/ then takes it.  The block ends in CALL step_done, which
 * raises the step exception.  The mode is also used while hardware breakpoints are enabled
 * for the current level, so that no other code need know of them.
 */
bool cpu_step_begin(struct emu_vcpu *v);

/*
 * An access of @len bytes at @va by level @el (0 for unprivileged ones) to a
 * page with mmu_page.watched: true if a watchpoint matched and was raised.
 */
bool cpu_watchpoint(struct emu_vcpu *v, u64 va, u64 len, bool write, unsigned int el);

/*
 * WFE that sleeps (v->wfe) ends at this CLOCK_MONOTONIC time at the latest: the
 * next edge of the event stream, and never later than 100 us from now.  WFE may
 * complete at any time, so the bound is allowed; it makes lost events harmless.
 */
u64 cpu_wfe_deadline(const struct emu_vcpu *v);

/* Make an SError pending with @iss.  Any thread; kicks @v. */
void cpu_inject_serror(struct emu_vcpu *v, u32 iss);

/* Where a branch to @pc leads at level @el: the tag is dropped (AArch64.BranchAddr). */
u64 cpu_branch_addr(const struct emu_vcpu *v, unsigned int el, u64 pc);

/* MPIDR_EL1 of vCPU @index. */
u64 cpu_mpidr(unsigned int index);

/* ---- within cpu/ ---- */

/* Feature bits of the model that this engine implements. */
u64 cpu_features(const struct emu_vm *vm);

static inline unsigned int cpu_el(const struct emu_vcpu *v)
{
	return psr_el(v->st.pstate);
}

static inline u64 cpu_sctlr(const struct emu_vcpu *v)
{
	return v->st.sys[ARM_SLOT_SCTLR_EL1];
}

/* EL1 is AArch32: EL0 is too. */
static inline bool cpu_el1_a32(const struct emu_vcpu *v)
{
	return !arm_has(v->vm->cfg.model->features, ARM_FEAT_AARCH64);
}

static inline bool cpu_is_a32(const struct emu_vcpu *v)
{
	return psr_is_a32(v->st.pstate);
}

/* The complete CPSR (with T and NZCV) of a vCPU that runs in AArch32. */
u32 cpu_cpsr(const struct emu_vcpu *v);
/*
 * All of PSTATE := @cpsr, in AArch32, and go on at @pc (its low bits are dropped
 * as the T bit of @cpsr asks).  The mode must be one that exists.
 */
void cpu_set_cpsr(struct emu_vcpu *v, u32 cpsr, u32 pc);
/* Mode @m (PSR32_M_*) exists here. */
bool cpu_mode32_exists(u32 m);
/* Slot of the SPSR of mode @m, or ARM_SLOT_NONE (User and System). */
unsigned int cpu_spsr32_slot(u32 m);
/* "usr", "svc", ..., or "EL0t", "EL1h" for AArch64; for logs. */
const char *cpu_psr_name(u32 psr);
/* Accesses to FP/SIMD registers are not permitted (CPACR, not FPEXC). */
bool cpu_fp_trapped(const struct emu_vcpu *v);
/* FPEXC.EN is 0 and counts: FP instructions other than VMRS and VMSR of FPEXC and the ID registers are UNDEFINED. */
bool cpu_fp_disabled(const struct emu_vcpu *v);
/* TTBCR.EAE: long descriptors and the long FSR format.  Of AArch32 EL1. */
static inline bool cpu_lpae_active(const struct emu_vcpu *v)
{
	return v->st.sys[ARM_SLOT_TCR_EL1] >> 31 & 1;
}

u64 cpu_monotonic_ns(void);

static inline u32 cpu_counter_hz(const struct emu_vm *vm)
{
	return vm->cfg.counter_hz ? vm->cfg.counter_hz : ARM_TIMER_HZ_DEFAULT;
}

/* A machine without an interrupt controller has no ops->ppi. */
static inline void cpu_set_ppi(struct emu_vcpu *v, enum cpu_ppi intid, bool level)
{
	const struct emu_host_ops *ops = v->vm->cfg.ops;

	if (ops && ops->ppi)
		ops->ppi(v->vm->cfg.opaque, v->index, intid, level);
}

/* MSR, MRS or SYS of @enc was trapped to EL1: EC 0x18. */
void cpu_trap_sys(struct emu_vcpu *v, u32 enc, unsigned int rt, bool read);
/*
 * Evaluate the controls of @trap (enum arm_sysreg_trap) for an access of @enc
 * from the current level: true if it trapped (raised).
 */
bool cpu_check_trap(struct emu_vcpu *v, unsigned int trap, u32 enc, unsigned int rt, bool read);
/* May EL0 make this access as far as @trap goes?  Only rows that EL0 can reach at all come here. */
bool cpu_el0_permitted(const struct emu_vcpu *v, unsigned int trap, bool read);
/* Row @r without access checks; *@undef is set when it is not there after all. */
u64 cpu_row_read(struct emu_vcpu *v, const struct arm_sysreg_row *r, bool *undef);
void cpu_row_write(struct emu_vcpu *v, const struct arm_sysreg_row *r, u64 val, bool *undef);
/* A SYS operation without access checks. */
void cpu_sysop_execute(struct emu_vcpu *v, enum arm_sysop op, u64 xt);
/* The same of AArch32 (sysop32.c). */
void sysop32_execute(struct emu_vcpu *v, const struct arm_sysop32_row *r, u32 rt);
/* The instruction word at st.pc; -EFAULT if it cannot be read. */
int cpu_fetch_word(struct emu_vcpu *v, u32 *word);

/* timer.c: reads and writes by the slot of the row (its CVAL's or CTL's). */
u64 timer_read_sysreg(struct emu_vcpu *v, const struct arm_sysreg_row *r);
void timer_write_sysreg(struct emu_vcpu *v, const struct arm_sysreg_row *r, u64 val);
/* Let the timer thread set v->pmu_due at @deadline_ns. */
void timer_set_pmu_deadline(struct emu_vcpu *v, u64 deadline_ns);

/* pmu.c */
u64 pmu_read(struct emu_vcpu *v, const struct arm_sysreg_row *r, bool *undef);
void pmu_write(struct emu_vcpu *v, const struct arm_sysreg_row *r, u64 val, bool *undef);
void pmu_reset(struct emu_vcpu *v);
/* Count up to now, before the exception level changes (only if v->pmu.by_el). */
void pmu_before_el_change(struct emu_vcpu *v);
/* The deadline has passed: count, raise the overflow interrupt. */
void pmu_poll(struct emu_vcpu *v);
/* The vCPU stops: count up to now.  It goes on: the time between does not count, and the line is driven. */
void pmu_stop(struct emu_vcpu *v);
void pmu_go_on(struct emu_vcpu *v);

/* exception32.c: what takes exceptions to AArch32 EL1. */
enum cpu_exc32 { EXC32_UND, EXC32_SVC, EXC32_PABT, EXC32_DABT, EXC32_IRQ, EXC32_FIQ };
/* Take v->exc, which is not an interrupt. */
void exception32_take(struct emu_vcpu *v);
void exception32_interrupt(struct emu_vcpu *v, enum cpu_exc32 kind);

/* mmu32.c: mmu_translate() and mmu_context() where EL1 is AArch32. */
int mmu32_translate(struct emu_vcpu *v, u32 va, enum mmu_access acc, unsigned int el,
		    struct mmu_page *page, struct mmu_fault *fault);
u64 mmu32_context(const struct emu_vcpu *v, unsigned int el);

/* debug.c */
u64 debug_read(struct emu_vcpu *v, const struct arm_sysreg_row *r, bool *undef);
void debug_write(struct emu_vcpu *v, const struct arm_sysreg_row *r, u64 val, bool *undef);
/* Debug exceptions from @pstate's level to EL1 are enabled (D2.3). */
bool debug_enabled_from(const struct emu_vcpu *v, u32 pstate);
/* What is kept of the breakpoints' registers (vcpu->breakpoints), after st.sys[] was written past debug_write(). */
void debug_derive(struct emu_vcpu *v);
/* A change of PSTATE may make software step or a breakpoint active. */
bool debug_armed(const struct emu_vcpu *v);
/* Software step or a breakpoint is active at the current level. */
bool debug_step_mode(const struct emu_vcpu *v);
bool debug_step_active(const struct emu_vcpu *v);
/* PSTATE.SS after an exception return with @spsr (DebugExceptionReturnSS). */
u32 debug_return_ss(const struct emu_vcpu *v, u32 spsr);
/* Watchpoints are on and one that is enabled covers a byte of [va, va + len). */
bool debug_watched(const struct emu_vcpu *v, u64 va, u64 len);

#endif
