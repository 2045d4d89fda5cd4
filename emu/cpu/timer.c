/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The generic timers of all vCPUs of a VM (DDI 0487 D11.2): one counter made
 * from CLOCK_MONOTONIC, and one thread that sleeps until the earliest timer of
 * any vCPU is due.
 *
 * CVAL and CTL live in the vCPU's st.sys[]; v->timer[] is the copy that the
 * thread sees, written by the vCPU under timer_lock together with the level.
 * Levels go to ops->ppi under timer_lock too, so that an old level of one
 * thread cannot overwrite the new one of another; the interrupt controller
 * must not call back into the timers.
 *
 * Only the EL1 physical and virtual timers raise interrupts: the others belong
 * to exception levels that this engine does not have.
 */
#include <time.h>

#include "emu/cpu/cpu.h"

#define NS_PER_S 1000000000ULL

static const struct timer_desc {
	u16 ctl, cval;		/* slots */
	u8 ppi;
	bool virtual;		/* counts minus CNTVOFF_EL2 */
	bool live;		/* its exception level is implemented */
} timers[] = {
	[VCPU_TIMER_PHYS] = { ARM_SLOT_CNTP_CTL_EL0, ARM_SLOT_CNTP_CVAL_EL0, CPU_PPI_TIMER_PHYS, false, true },
	[VCPU_TIMER_VIRT] = { ARM_SLOT_CNTV_CTL_EL0, ARM_SLOT_CNTV_CVAL_EL0, CPU_PPI_TIMER_VIRT, true, true },
	[VCPU_TIMER_HYP] = { ARM_SLOT_CNTHP_CTL_EL2, ARM_SLOT_CNTHP_CVAL_EL2, CPU_PPI_TIMER_HYP, false, false },
	[VCPU_TIMER_SEC] = { ARM_SLOT_CNTPS_CTL_EL1, ARM_SLOT_CNTPS_CVAL_EL1, CPU_PPI_TIMER_SEC, false, false },
};

u64 cpu_monotonic_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * NS_PER_S + (u64)ts.tv_nsec;
}

/*
 * The physical count.  Two divisions by 10^9 and two multiplications, whatever
 * the frequency, and a fraction of what reading the host's clock takes.
 */
static u64 count_at(const struct emu_vm *vm, u64 now_ns)
{
	if (vm->counter_held)
		return vm->counter_base + vm->vcpu[0]->st.sys[ARM_SLOT_CNTVOFF_EL2];
	return vm->counter_base + arm_timer_ns_to_count(now_ns - vm->counter_base_ns, cpu_counter_hz(vm));
}

u64 timer_count(const struct emu_vm *vm)
{
	return count_at(vm, cpu_monotonic_ns());
}

u64 timer_ns_of(const struct emu_vm *vm, u64 count)
{
	u64 ns = arm_timer_count_to_ns(count - vm->counter_base, cpu_counter_hz(vm));

	return ns > ARM_TIMER_NEVER - vm->counter_base_ns ? ARM_TIMER_NEVER : ns + vm->counter_base_ns;
}

u64 timer_virtual_count(struct emu_vm *vm)
{
	u64 count;

	pthread_mutex_lock(&vm->timer_lock);
	count = timer_count(vm) - vm->vcpu[0]->st.sys[ARM_SLOT_CNTVOFF_EL2];
	pthread_mutex_unlock(&vm->timer_lock);
	return count;
}

/* ---- levels and deadlines; all under timer_lock ---- */

static u64 offset_of(const struct emu_vcpu *v, unsigned int i)
{
	return timers[i].virtual ? v->cntvoff : 0;
}

/* In how many ns @t, which is not due, will be; NEVER while the count is held. */
static u64 ns_until(const struct emu_vcpu *v, unsigned int i, u64 now_ns)
{
	const struct emu_vm *vm = v->vm;

	if (vm->counter_held)
		return ARM_TIMER_NEVER;
	return arm_timer_ns_until(&v->timer[i], now_ns - vm->counter_base_ns, cpu_counter_hz(vm),
				  offset_of(v, i) - vm->counter_base);
}

/* Bring the lines of @v up to date; the CLOCK_MONOTONIC time of its next change by itself. */
static u64 update_levels(struct emu_vcpu *v, u64 now_ns)
{
	u64 count = count_at(v->vm, now_ns), next = ARM_TIMER_NEVER, ns;
	unsigned int i;

	for (i = 0; i < ARM_ARRAY_SIZE(timers); i++) {
		const struct arm_timer *t = &v->timer[i];
		bool level, was = v->timer_levels & 1u << i;

		if (!timers[i].live)
			continue;
		level = arm_timer_line(t, count - offset_of(v, i));
		if (level != was) {
			v->timer_levels ^= 1u << i;
			cpu_set_ppi(v, (enum cpu_ppi)timers[i].ppi, level);
		}
		/* Masked or already met: nothing happens by itself (until the count wraps). */
		if (level || t->ctl != ARM_TIMER_ENABLE)
			continue;
		ns = ns_until(v, i, now_ns);
		if (ns != ARM_TIMER_NEVER && now_ns + ns > now_ns && now_ns + ns < next)
			next = now_ns + ns;
	}
	return next;
}

/* Make the thread wake by @deadline. */
static void want_wakeup(struct emu_vm *vm, u64 deadline)
{
	if (deadline >= vm->timer_deadline_ns)
		return;
	vm->timer_deadline_ns = deadline;
	if (vm->timer_running)
		pthread_cond_signal(&vm->timer_cond);
}

void timer_update(struct emu_vcpu *v)
{
	const u64 *sys = v->st.sys;
	struct emu_vm *vm = v->vm;
	unsigned int i;

	pthread_mutex_lock(&vm->timer_lock);
	for (i = 0; i < ARM_ARRAY_SIZE(timers); i++)
		v->timer[i] = (struct arm_timer){
			.cval = sys[timers[i].cval],
			.ctl = (u32)sys[timers[i].ctl] & (ARM_TIMER_ENABLE | ARM_TIMER_IMASK),
		};
	v->cntvoff = sys[ARM_SLOT_CNTVOFF_EL2];
	want_wakeup(vm, update_levels(v, cpu_monotonic_ns()));
	pthread_mutex_unlock(&vm->timer_lock);
}

void timer_drive(struct emu_vcpu *v)
{
	unsigned int i;

	timer_update(v);
	pthread_mutex_lock(&v->vm->timer_lock);
	for (i = 0; i < ARM_ARRAY_SIZE(timers); i++) {
		if (timers[i].live)
			cpu_set_ppi(v, (enum cpu_ppi)timers[i].ppi, v->timer_levels >> i & 1);
	}
	pthread_mutex_unlock(&v->vm->timer_lock);
}

void timer_hold(struct emu_vm *vm, u64 count)
{
	pthread_mutex_lock(&vm->timer_lock);
	vm->counter_base = count;
	vm->counter_held = true;
	pthread_mutex_unlock(&vm->timer_lock);
}

/* The other vCPUs' timers are what they were; timer_drive() of each comes before it runs. */
void timer_release(struct emu_vm *vm)
{
	pthread_mutex_lock(&vm->timer_lock);
	if (vm->counter_held) {
		u64 now = cpu_monotonic_ns();

		vm->counter_base = count_at(vm, now);
		vm->counter_base_ns = now;
		vm->counter_held = false;
		vm->timer_deadline_ns = 0;
		if (vm->timer_running)
			pthread_cond_signal(&vm->timer_cond);
	}
	pthread_mutex_unlock(&vm->timer_lock);
}

void timer_set_pmu_deadline(struct emu_vcpu *v, u64 deadline_ns)
{
	pthread_mutex_lock(&v->vm->timer_lock);
	v->pmu_deadline = deadline_ns;
	want_wakeup(v->vm, deadline_ns);
	pthread_mutex_unlock(&v->vm->timer_lock);
}

/* ---- registers ---- */

static unsigned int timer_of_slot(unsigned int slot)
{
	unsigned int i;

	for (i = 0; i < ARM_ARRAY_SIZE(timers) - 1; i++) {
		if (slot == timers[i].ctl || slot == timers[i].cval)
			break;
	}
	return i;
}

/* @t as the architecture sees it now, and its own count. */
static u64 load(const struct emu_vcpu *v, unsigned int i, struct arm_timer *t)
{
	const u64 *sys = v->st.sys;

	t->cval = sys[timers[i].cval];
	t->ctl = (u32)sys[timers[i].ctl];
	return timer_count(v->vm) - (timers[i].virtual ? sys[ARM_SLOT_CNTVOFF_EL2] : 0);
}

u64 timer_read_sysreg(struct emu_vcpu *v, const struct arm_sysreg_row *r)
{
	struct arm_timer t;
	u64 count = load(v, timer_of_slot(r->slot), &t);

	if (r->handler == ARM_HND_CNT_TVAL)
		return arm_timer_read_tval(&t, count);
	return r->handler == ARM_HND_CNT_CTL ? arm_timer_read_ctl(&t, count) : t.cval;
}

void timer_write_sysreg(struct emu_vcpu *v, const struct arm_sysreg_row *r, u64 val)
{
	unsigned int i = timer_of_slot(r->slot);
	struct arm_timer t;
	u64 count = load(v, i, &t);

	if (r->handler == ARM_HND_CNT_TVAL)
		arm_timer_write_tval(&t, count, (u32)val);
	else if (r->handler == ARM_HND_CNT_CTL)
		arm_timer_write_ctl(&t, (u32)val);
	else
		t.cval = val;
	v->st.sys[timers[i].cval] = t.cval;
	v->st.sys[timers[i].ctl] = t.ctl;
	timer_update(v);
}

/* ---- the thread ---- */

/* Everything that is due now; the next deadline. */
static u64 run_due(struct emu_vm *vm, u64 now)
{
	u64 next = ARM_TIMER_NEVER, at;
	unsigned int i;

	for (i = 0; i < vm->cfg.cpus; i++) {
		struct emu_vcpu *v = vm->vcpu[i];

		if (!v)
			continue;
		at = update_levels(v, now);
		if (v->pmu_deadline <= now) {
			v->pmu_deadline = ARM_TIMER_NEVER;
			atomic_store(&v->pmu_due, true);
			vcpu_kick(v, VCPU_REQ_KICK);
		}
		if (v->pmu_deadline < at)
			at = v->pmu_deadline;
		if (at < next)
			next = at;
	}
	return next;
}

static void *timer_main(void *arg)
{
	struct emu_vm *vm = arg;

	pthread_mutex_lock(&vm->timer_lock);
	while (vm->timer_running) {
		u64 now = cpu_monotonic_ns(), at;

		at = vm->timer_deadline_ns;
		if (at <= now && !vm->counter_held) {
			vm->timer_deadline_ns = run_due(vm, now);
			continue;
		}
		if (at == ARM_TIMER_NEVER || vm->counter_held) {
			pthread_cond_wait(&vm->timer_cond, &vm->timer_lock);
		} else {
			struct timespec ts = {
				.tv_sec = (time_t)(at / NS_PER_S), .tv_nsec = (long)(at % NS_PER_S),
			};

			pthread_cond_timedwait(&vm->timer_cond, &vm->timer_lock, &ts);
		}
	}
	pthread_mutex_unlock(&vm->timer_lock);
	return NULL;
}

int timer_start(struct emu_vm *vm)
{
	pthread_condattr_t attr;
	int err;

	err = pthread_condattr_init(&attr);
	if (err)
		return -err;
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	err = pthread_cond_init(&vm->timer_cond, &attr);
	pthread_condattr_destroy(&attr);
	if (err)
		return -err;
	pthread_mutex_lock(&vm->timer_lock);
	if (!vm->counter_base_ns)
		vm->counter_base_ns = cpu_monotonic_ns();
	vm->timer_deadline_ns = 0;	/* the first pass computes it */
	vm->timer_running = true;
	pthread_mutex_unlock(&vm->timer_lock);
	err = pthread_create(&vm->timer_thread, NULL, timer_main, vm);
	if (err) {
		vm->timer_running = false;
		pthread_cond_destroy(&vm->timer_cond);
	}
	return -err;
}

void timer_stop(struct emu_vm *vm)
{
	bool running;

	pthread_mutex_lock(&vm->timer_lock);
	running = vm->timer_running;
	vm->timer_running = false;
	if (running)
		pthread_cond_signal(&vm->timer_cond);
	pthread_mutex_unlock(&vm->timer_lock);
	if (running) {
		pthread_join(vm->timer_thread, NULL);
		pthread_cond_destroy(&vm->timer_cond);
	}
}
