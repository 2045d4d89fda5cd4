/* SPDX-License-Identifier: GPL-2.0-only */
/* Hints: WFI, WFE, SEV, SEVL, YIELD (DDI 0487 D1.16). */
#include <sched.h>

#include "emu/cpu/cpu.h"
#include "emu/cpu/helpers.h"

#define WFE_BOUND_NS 100000
#define CNTKCTL_EVNTEN ARM_BIT(2)
#define CNTKCTL_EVNTDIR ARM_BIT(3)

static bool trapped(struct emu_vcpu *v, u64 enable, enum iss_wfx_ti ti)
{
	if (cpu_el(v) || (cpu_sctlr(v) & enable))
		return false;
	vcpu_raise(v, EC_WFX, ISS_COND_ALWAYS | ti);
	return true;
}

/* Neither traps when it would not wait. */
u64 helper_wfi(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	(void)a, (void)b, (void)c;
	if (!cpu_has_work(v) && !trapped(v, SCTLR_NTWI, ISS_WFX_WFI))
		v->wfi = true;
	return 0;
}

u64 helper_wfe(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	(void)a, (void)b, (void)c;
	if (atomic_exchange(&v->event, false))
		return 0;
	if (!trapped(v, SCTLR_NTWE, ISS_WFX_WFE))
		v->wfe = true;
	return 0;
}

u64 cpu_wfe_deadline(const struct emu_vcpu *v)
{
	u64 kctl = v->st.sys[ARM_SLOT_CNTKCTL_EL1], now = cpu_monotonic_ns();
	u64 bound = now + WFE_BOUND_NS, off, edge;

	if (!(kctl & CNTKCTL_EVNTEN))
		return bound;
	off = v->st.sys[ARM_SLOT_CNTVOFF_EL2];
	edge = arm_timer_next_event(timer_count(v->vm) - off, (unsigned int)arm_bits(kctl, 7, 4),
				    kctl & CNTKCTL_EVNTDIR) + off;
	edge = timer_ns_of(v->vm, edge);
	return edge < bound ? edge : bound;
}

u64 helper_sev(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	(void)a, (void)b, (void)c;
	vcpu_send_event(v->vm);
	return 0;
}

u64 helper_sevl(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	(void)a, (void)b, (void)c;
	atomic_store(&v->event, true);
	return 0;
}

/* The lock that this vCPU spins on may belong to one that waits for a host CPU. */
u64 helper_yield(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	(void)a, (void)b, (void)c;
	if (v->vm->cfg.cpus > 1)
		sched_yield();
	return 0;
}
