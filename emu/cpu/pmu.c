/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Performance monitors (DDI 0487 D7).  A cycle is a nanosecond of the host's
 * monotonic clock.  Counters are brought up to date when somebody looks, when
 * their configuration or, for a counter that looks at it, the exception level
 * changes, and when the timer thread says that one may have overflowed.
 */
#include "arm/cpu_model.h"
#include "emu/cpu/cpu.h"

#define PMCR_E ARM_BIT(0)
#define PMCR_P ARM_BIT(1)	/* reset the event counters */
#define PMCR_C ARM_BIT(2)	/* reset the cycle counter */
#define PMCR_D ARM_BIT(3)	/* PMCCNTR counts every 64th cycle */
#define PMCR_LC ARM_BIT(6)	/* PMCCNTR overflows at 64 bits */
#define CYCLE_BIT ARM_BIT(31)	/* the cycle counter in the bit sets */
#define CYCLE_SEL 31
#define EVTYPER_P ARM_BIT(31)	/* not at EL1 */
#define EVTYPER_U ARM_BIT(30)	/* not at EL0 */
#define EVENT_MASK 0x3ff

enum { EVENT_SW_INCR = 0x00, EVENT_INST_RETIRED = 0x08, EVENT_CPU_CYCLES = 0x11, EVENT_CHAIN = 0x1e };

/* Bounds of how often the timer thread is asked to look. */
#define POLL_MIN_NS 2000
#define POLL_FILTERED_NS 100000
#define POLL_INSNS_NS 1000000

static unsigned int counters(const struct emu_vcpu *v)
{
	return v->vm->cfg.model->pmu_counters;
}

/* The bits of PMCNTENSET and its like that exist. */
static u64 valid(const struct emu_vcpu *v)
{
	return CYCLE_BIT | (ARM_BIT(counters(v)) - 1);
}

static u64 *cntr(struct emu_vcpu *v, unsigned int i)
{
	return &v->st.sys[ARM_SLOT_PMEVCNTR0_EL0 + i];
}

static u64 type(const struct emu_vcpu *v, unsigned int i)
{
	return v->st.sys[ARM_SLOT_PMEVTYPER0_EL0 + i];
}

static bool filtered(const struct emu_vcpu *v, u64 filter)
{
	return filter & (cpu_el(v) ? EVTYPER_P : EVTYPER_U);
}

/* ---- counting ---- */

static void add_cycles(struct emu_vcpu *v, u64 n)
{
	u64 *sys = v->st.sys, pmcr = sys[ARM_SLOT_PMCR_EL0];
	u64 old = sys[ARM_SLOT_PMCCNTR_EL0], now;

	if (!(pmcr & PMCR_LC) && (pmcr & PMCR_D)) {
		n += v->pmu.frac;
		v->pmu.frac = n & 63;
		n >>= 6;
	}
	now = old + n;
	if (pmcr & PMCR_LC ? now < old : now >> 32 != old >> 32)
		sys[ARM_SLOT_PMOVSSET_EL0] |= CYCLE_BIT;
	sys[ARM_SLOT_PMCCNTR_EL0] = now;
}

/* An even counter that overflows counts one CHAIN event of its odd neighbour. */
static void add_event(struct emu_vcpu *v, unsigned int i, u64 n)
{
	u64 *sys = v->st.sys, sum = *cntr(v, i) + n;

	*cntr(v, i) = (u32)sum;
	if (!(sum >> 32))
		return;
	sys[ARM_SLOT_PMOVSSET_EL0] |= ARM_BIT(i);
	if (!(i & 1) && i + 1 < counters(v) && arm_bit(sys[ARM_SLOT_PMCNTENSET_EL0], i + 1) &&
	    (type(v, i + 1) & EVENT_MASK) == EVENT_CHAIN && !filtered(v, type(v, i + 1)))
		add_event(v, i + 1, sum >> 32);
}

static void set_level(struct emu_vcpu *v)
{
	const u64 *sys = v->st.sys;
	bool level = (sys[ARM_SLOT_PMCR_EL0] & PMCR_E) &&
		     (sys[ARM_SLOT_PMOVSSET_EL0] & sys[ARM_SLOT_PMINTENSET_EL1] & valid(v));

	if (level == v->pmu.level)
		return;
	v->pmu.level = level;
	cpu_set_ppi(v, CPU_PPI_PMU, level);
}

/* Count what happened since the last call, all of it at the current level. */
static void sync_counters(struct emu_vcpu *v)
{
	const u64 *sys = v->st.sys;
	u64 now = cpu_monotonic_ns(), ns = now - v->pmu.last_ns;
	u64 insns = v->insn_count - v->pmu.last_insns, on = sys[ARM_SLOT_PMCNTENSET_EL0];
	unsigned int i;

	v->pmu.last_ns = now;
	v->pmu.last_insns = v->insn_count;
	if (!(sys[ARM_SLOT_PMCR_EL0] & PMCR_E))
		return;
	if ((on & CYCLE_BIT) && !filtered(v, sys[ARM_SLOT_PMCCFILTR_EL0]))
		add_cycles(v, ns);
	for (i = 0; i < counters(v); i++) {
		if (!arm_bit(on, i) || filtered(v, type(v, i)))
			continue;
		switch (type(v, i) & EVENT_MASK) {
		case EVENT_CPU_CYCLES:
			add_event(v, i, ns);
			break;
		case EVENT_INST_RETIRED:
			add_event(v, i, insns);
			break;
		}
	}
	set_level(v);
}

/* ---- overflow ---- */

/* Nanoseconds until counter @i (or the cycle counter) may overflow. */
static u64 until_overflow(struct emu_vcpu *v, unsigned int i)
{
	const u64 *sys = v->st.sys;
	u64 pmcr = sys[ARM_SLOT_PMCR_EL0], filter, left;

	if (i == CYCLE_SEL) {
		filter = sys[ARM_SLOT_PMCCFILTR_EL0];
		left = sys[ARM_SLOT_PMCCNTR_EL0];
		left = pmcr & PMCR_LC ? ~left : (u64)(u32)~left;
		if (!(pmcr & PMCR_LC) && (pmcr & PMCR_D))
			left *= 64;
	} else {
		filter = type(v, i);
		left = (u32)~*cntr(v, i);
		if ((filter & EVENT_MASK) == EVENT_INST_RETIRED)
			left = POLL_INSNS_NS;
		else if ((filter & EVENT_MASK) != EVENT_CPU_CYCLES)
			return ARM_TIMER_NEVER;
	}
	if ((filter & (EVTYPER_P | EVTYPER_U)) && left < POLL_FILTERED_NS)
		return POLL_FILTERED_NS;
	return left < POLL_MIN_NS ? POLL_MIN_NS : left;
}

/* A counter matters if its overflow interrupts, or moves a chained one. */
static void set_deadline(struct emu_vcpu *v)
{
	const u64 *sys = v->st.sys;
	u64 on = sys[ARM_SLOT_PMCNTENSET_EL0] & valid(v), want, ns, next = ARM_TIMER_NEVER;
	u64 now = v->pmu.last_ns;
	unsigned int i;

	v->pmu.by_el = false;
	if (!(sys[ARM_SLOT_PMCR_EL0] & PMCR_E))
		on = 0;
	want = sys[ARM_SLOT_PMINTENSET_EL1] | (sys[ARM_SLOT_PMINTENSET_EL1] >> 1 & 0x55555555);
	for (i = 0; i < 32; i++) {
		u64 filter = i == CYCLE_SEL ? sys[ARM_SLOT_PMCCFILTR_EL0] : type(v, i);

		if (!arm_bit(on, i))
			continue;
		if (filter & (EVTYPER_P | EVTYPER_U))
			v->pmu.by_el = true;
		ns = arm_bit(want, i) ? until_overflow(v, i) : ARM_TIMER_NEVER;
		if (ns < ARM_TIMER_NEVER - now && now + ns < next)
			next = now + ns;
	}
	timer_set_pmu_deadline(v, next);
}

void pmu_poll(struct emu_vcpu *v)
{
	atomic_store(&v->pmu_due, false);
	sync_counters(v);
	set_level(v);
	set_deadline(v);
}

void pmu_stop(struct emu_vcpu *v)
{
	sync_counters(v);
}

void pmu_go_on(struct emu_vcpu *v)
{
	v->pmu.last_ns = cpu_monotonic_ns();
	v->pmu.last_insns = v->insn_count;
	pmu_poll(v);
	cpu_set_ppi(v, CPU_PPI_PMU, v->pmu.level);
}

void pmu_before_el_change(struct emu_vcpu *v)
{
	sync_counters(v);
}

void pmu_reset(struct emu_vcpu *v)
{
	/* INST_RETIRED is announced where it is counted only. */
	if (!v->insn_counted)
		v->st.sys[ARM_SLOT_PMCEID0_EL0] &= ~ARM_BIT(EVENT_INST_RETIRED);
	v->pmu.last_ns = cpu_monotonic_ns();
	v->pmu.last_insns = v->insn_count;
	v->pmu.frac = 0;
	set_level(v);
}

/* ---- registers ---- */

/* PMSELR selects an event counter, the cycle counter's filter (31), or nothing. */
static unsigned int selected(const struct emu_vcpu *v)
{
	return (unsigned int)v->st.sys[ARM_SLOT_PMSELR_EL0] & 31;
}

/*
 * The slot behind a counter or type register, ARM_SLOT_NONE for one that does
 * not exist (CONSTRAINED UNPREDICTABLE: here RAZ/WI).
 */
static unsigned int slot_of(const struct emu_vcpu *v, const struct arm_sysreg_row *r)
{
	unsigned int n;

	switch (r->handler) {
	case ARM_HND_PMXEVTYPER:
		n = selected(v);
		if (n == CYCLE_SEL)
			return ARM_SLOT_PMCCFILTR_EL0;
		return n < counters(v) ? ARM_SLOT_PMEVTYPER0_EL0 + n : ARM_SLOT_NONE;
	case ARM_HND_PMXEVCNTR:
		n = selected(v);
		return n < counters(v) ? ARM_SLOT_PMEVCNTR0_EL0 + n : ARM_SLOT_NONE;
	case ARM_HND_PMEVCNTR:
		return r->slot < ARM_SLOT_PMEVCNTR0_EL0 + counters(v) ? r->slot : ARM_SLOT_NONE;
	case ARM_HND_PMEVTYPER:
		return r->slot < ARM_SLOT_PMEVTYPER0_EL0 + counters(v) ? r->slot : ARM_SLOT_NONE;
	}
	return r->slot;
}

u64 pmu_read(struct emu_vcpu *v, const struct arm_sysreg_row *r, bool *undef)
{
	unsigned int slot = slot_of(v, r);

	(void)undef;
	sync_counters(v);
	return slot == ARM_SLOT_NONE ? 0 : v->st.sys[slot];
}

static void write_pmcr(struct emu_vcpu *v, const struct arm_sysreg_row *r, u64 val)
{
	u64 *sys = v->st.sys;
	unsigned int i;

	sys[r->slot] = arm_sysreg_merge(r, sys[r->slot], val);
	for (i = 0; (val & PMCR_P) && i < counters(v); i++)
		*cntr(v, i) = 0;
	if (val & PMCR_C) {
		sys[ARM_SLOT_PMCCNTR_EL0] = 0;
		v->pmu.frac = 0;
	}
}

static void software_increment(struct emu_vcpu *v, u64 val)
{
	const u64 *sys = v->st.sys;
	unsigned int i;

	if (!(sys[ARM_SLOT_PMCR_EL0] & PMCR_E))
		return;
	val &= sys[ARM_SLOT_PMCNTENSET_EL0];
	for (i = 0; i < counters(v); i++) {
		if (arm_bit(val, i) && (type(v, i) & EVENT_MASK) == EVENT_SW_INCR && !filtered(v, type(v, i)))
			add_event(v, i, 1);
	}
}

void pmu_write(struct emu_vcpu *v, const struct arm_sysreg_row *r, u64 val, bool *undef)
{
	u64 *sys = v->st.sys;
	unsigned int slot = slot_of(v, r);

	(void)undef;
	sync_counters(v);
	switch (r->handler) {
	case ARM_HND_PMCR:
		write_pmcr(v, r, val);
		break;
	case ARM_HND_PMCNTENSET:
	case ARM_HND_PMOVSSET:
	case ARM_HND_PMINTENSET:
		sys[slot] |= val & valid(v);
		break;
	case ARM_HND_PMCNTENCLR:
	case ARM_HND_PMOVSCLR:
	case ARM_HND_PMINTENCLR:
		sys[slot] &= ~val;
		break;
	case ARM_HND_PMSWINC:
		software_increment(v, val);
		break;
	default:
		if (slot == ARM_SLOT_NONE)
			break;
		/* PMCCFILTR has no event number, however it is reached. */
		if (slot == ARM_SLOT_PMCCFILTR_EL0)
			val &= ~(u64)EVENT_MASK;
		sys[slot] = arm_sysreg_merge(r, sys[slot], val);
	}
	set_level(v);
	set_deadline(v);
}
