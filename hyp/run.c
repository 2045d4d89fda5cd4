// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_RUN: in and out of the guest until something is for user space.
 *
 * A request (enum hyp_request) is set first and in_guest looked at second; the
 * loop sets in_guest first and looks at the requests second, with interrupts off.
 * So either the loop sees the request, or the sender sees the guest running and
 * its IPI ends the run.
 */
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/moduleparam.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include <linux/signal.h>
#include <linux/smp.h>
#include <linux/vtime.h>

#include "hyp/hyp.h"
#define CREATE_TRACE_POINTS
#include "hyp/trace.h"

static unsigned int halt_poll_ns = 500000;
module_param(halt_poll_ns, uint, 0644);
MODULE_PARM_DESC(halt_poll_ns, "longest time that a WFI polls before it sleeps, in ns (0: never)");

/* First poll, and the factor by which it grows when a wake-up came soon after it. */
#define HALT_POLL_START 10000
#define HALT_POLL_GROW 2

/*
 * By host CPU, not by vCPU: one that is busy has an interrupt under way to that very
 * CPU, which is as good, and no vCPU's memory is waited for when it is freed.  Who
 * sets @kick_busy may use @kick: several senders, or one and an interrupt above it,
 * would else queue it twice.
 */
static DEFINE_PER_CPU(call_single_data_t, kick);
static DEFINE_PER_CPU(atomic_t, kick_busy);

static void kicked(void *unused)
{
	/* The interrupt took the vCPU out of the guest: that was all. */
	atomic_set_release(this_cpu_ptr(&kick_busy), 0);
}

static void send_kick(int cpu)
{
	atomic_t *busy = &per_cpu(kick_busy, cpu);

	if (atomic_xchg(busy, 1))
		return;
	/* A CPU that went offline runs no guest. */
	if (smp_call_function_single_async(cpu, &per_cpu(kick, cpu)))
		atomic_set_release(busy, 0);
}

/* A static initializer would be a null pointer: before 6.13 modules' per-CPU data are not relocated. */
void run_module_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		INIT_CSD(&per_cpu(kick, cpu), kicked, NULL);
}

void vcpu_request(struct hyp_vcpu *vcpu, enum hyp_request req)
{
	int cpu;

	set_bit(req, &vcpu->requests);
	smp_mb__after_atomic();
	if (rcuwait_wake_up(&vcpu->wait))
		return;
	if (!READ_ONCE(vcpu->in_guest))
		return;
	/* Here it is not in the guest: what sends this interrupted it, or is its own thread. */
	cpu = READ_ONCE(vcpu->cpu);
	if (get_cpu() != cpu)
		send_kick(cpu);
	put_cpu();
}

/* Is there an interrupt (or FIQ, SError) that the guest would take or WFI wake for? */
static bool runnable(struct hyp_vcpu *vcpu)
{
	return vcpu->guest->virq || READ_ONCE(vcpu->irq_lines) || vtimer_pending(vcpu) || vgic_pending(vcpu);
}

/* Is there a reason not to sleep on? */
static bool wake(struct hyp_vcpu *vcpu)
{
	return runnable(vcpu) || READ_ONCE(vcpu->requests) & ~BIT(HYP_REQ_IRQ) ||
	       signal_pending(current);
}

static bool poll(struct hyp_vcpu *vcpu, ktime_t start)
{
	u64 limit = min_t(u64, vcpu->halt_poll_ns, halt_poll_ns);

	if (!limit)
		return false;
	vcpu->stats.halt_attempted_poll++;
	do {
		if (wake(vcpu)) {
			vcpu->stats.halt_successful_poll++;
			return true;
		}
		cpu_relax();
	} while (single_task_running() && !need_resched() && ktime_to_ns(ktime_sub(ktime_get(), start)) < limit);
	return false;
}

void vcpu_block(struct hyp_vcpu *vcpu)
{
	ktime_t start = ktime_get();
	bool slept = false;
	u64 ns;

	vgic_fetch(vcpu);
	vtimer_block(vcpu);
	if (!poll(vcpu, start)) {
		slept = true;
		prepare_to_rcuwait(&vcpu->wait);
		for (;;) {
			set_current_state(TASK_INTERRUPTIBLE);
			if (wake(vcpu))
				break;
			schedule();
		}
		finish_rcuwait(&vcpu->wait);
		vcpu->stats.halt_wakeup++;
	}
	vtimer_unblock(vcpu);
	ns = ktime_to_ns(ktime_sub(ktime_get(), start));
	trace_kvm_vcpu_wakeup(ns, slept);
	/* Sleeps that would have been short polls make the next poll longer; long sleeps end it. */
	if (slept && ns > halt_poll_ns)
		vcpu->halt_poll_ns = 0;
	else if (slept)
		vcpu->halt_poll_ns = max_t(u64, HALT_POLL_START, vcpu->halt_poll_ns * HALT_POLL_GROW);
}

/* Sleeps while @off says so.  false: a signal came first. */
static bool sleep_while(struct hyp_vcpu *vcpu, bool (*off)(struct hyp_vcpu *vcpu))
{
	bool ok = true;

	prepare_to_rcuwait(&vcpu->wait);
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (!off(vcpu))
			break;
		if (signal_pending(current)) {
			ok = false;
			break;
		}
		schedule();
	}
	finish_rcuwait(&vcpu->wait);
	return ok;
}

static bool paused(struct hyp_vcpu *vcpu)
{
	return atomic_read(&vcpu->vm->paused) > 0;
}

/* What has to be done before the guest may run.  As trap_handle(). */
static int serve_requests(struct hyp_vcpu *vcpu)
{
	/* Others switched the system off or reset it; this vCPU is off by psci.c's doing. */
	clear_bit(HYP_REQ_STOP, &vcpu->requests);
	if (psci_is_off(vcpu) && !sleep_while(vcpu, psci_is_off))
		return -EINTR;
	if (test_and_clear_bit(HYP_REQ_RESET, &vcpu->requests))
		psci_apply_reset(vcpu);
	clear_bit(HYP_REQ_PAUSE, &vcpu->requests);
	if (paused(vcpu) && !sleep_while(vcpu, paused))
		return -EINTR;
	clear_bit(HYP_REQ_TIMER, &vcpu->requests);	/* vtimer_flush() looks itself */
	return 1;
}

/* The guest's time counts as such, and RCU need not wait for it: once a tick tells it that. */
static void guest_time_begin(struct hyp_vcpu *vcpu)
{
	vtime_account_guest_enter();
	if (vcpu->rcu_told == jiffies)
		return;
	vcpu->rcu_told = jiffies;
	rcu_note_context_switch(false);
}

/*
 * One stay in the guest, and what came of it, as trap_handle().  1 as well when a request
 * or the scheduler came first; -EINTR: a signal did.
 */
static int run_once(struct hyp_vcpu *vcpu)
{
	enum hyp_exit exit = HYP_EXIT_GONE;
	int ret = 0;

	preempt_disable();
	WRITE_ONCE(vcpu->cpu, smp_processor_id());
	mmu_load(vcpu);
	vgic_load(vcpu);
	local_irq_disable();
	/* From here on list registers may hold what the model does not show: vm_pause() waits. */
	WRITE_ONCE(vcpu->in_guest, true);
	smp_mb();
	if (READ_ONCE(vcpu->requests) & BIT(HYP_REQ_IRQ)) {
		clear_bit(HYP_REQ_IRQ, &vcpu->requests);
		smp_mb__after_atomic();
	}
	vtimer_flush(vcpu);
	vgic_flush(vcpu);
	if (signal_pending(current))
		ret = -EINTR;
	else if (!READ_ONCE(vcpu->requests) && !need_resched() && !mmu_stale(vcpu))
		ret = 1;
	if (ret == 1) {
		vcpu->guest->virq = (vcpu->guest->virq & BIT(HCR_VA)) | READ_ONCE(vcpu->irq_lines);
		trace_kvm_entry(vcpu->guest->core.pc);
		guest_time_begin(vcpu);
		exit = hyp_enter(vcpu->guest);
		vcpu->has_run = true;
	}
	vgic_sync(vcpu);
	smp_store_release(&vcpu->in_guest, false);	/* vm_pause() finds everything folded back */
	/* A host interrupt that ended the run is taken here, as the guest's time. */
	local_irq_enable();
	if (ret == 1)
		vtime_account_guest_exit();
	preempt_enable();
	if (unlikely(vcpu->vgic.lr.ended_count))
		vgic_notify_ended(vcpu);
	if (ret == 1)
		return trap_handle(vcpu, exit);
	return ret ? ret : 1;
}

/* What user space must hear before the guest goes on: line changes without an in-kernel GIC. */
static bool user_irq_changed(struct hyp_vcpu *vcpu)
{
	return !vcpu->vm->vgic.gic && vtimer_user_update(vcpu);
}

static int run_loop(struct hyp_vcpu *vcpu)
{
	int ret = 1;

	for (;;) {
		if (unlikely(vcpu->requests & ~BIT(HYP_REQ_IRQ)) || psci_is_off(vcpu) || paused(vcpu)) {
			ret = serve_requests(vcpu);
			if (ret <= 0)
				break;
		}
		ret = run_once(vcpu);
		if (ret <= 0)
			break;
		if (user_irq_changed(vcpu)) {
			ret = -EINTR;
			break;
		}
		/* Who comes from user space or goes there does this on the way. */
		cond_resched();
	}
	return ret;
}

static noinline int run_masked(struct hyp_vcpu *vcpu)
{
	sigset_t saved;
	int ret;

	sigprocmask(SIG_SETMASK, &vcpu->sigset, &saved);
	ret = run_loop(vcpu);
	sigprocmask(SIG_SETMASK, &saved, NULL);
	return ret;
}

/* What can be done only once everything is configured. */
static noinline int first_run(struct hyp_vcpu *vcpu)
{
	struct hyp_vm *vm = vcpu->vm;
	int ret;

	mutex_lock(&vm->lock);
	ret = vgic_map(vm);
	if (!ret)
		ret = vtimer_start(vcpu);
	vcpu->ready = !ret;
	if (!ret) {
		cp15_identity_changed(vcpu);	/* it is the VM's: any vCPU may have been told */
		/* What HYP answers by itself (low.h). */
		vcpu->guest->psci = vcpu->features & 1u << KVM_ARM_VCPU_PSCI_0_2 ? &vm->psci : NULL;
		if (vm->vgic.gic)
			vcpu->guest->dist_hpfar = (u32)(vm->vgic.dist_base >> 12) << 4;
	}
	mutex_unlock(&vm->lock);
	return ret;
}

long vcpu_run(struct hyp_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	int ret = vcpu->ready ? 0 : first_run(vcpu);

	if (ret)
		return ret;
	if (vcpu->mmio.valid) {
		ret = mmio_finish(vcpu);
		if (ret <= 0)
			return ret;
	}
	if (READ_ONCE(run->immediate_exit))
		return -EINTR;
	run->exit_reason = KVM_EXIT_UNKNOWN;
	ret = vcpu->sigset_active ? run_masked(vcpu) : run_loop(vcpu);
	if (ret == -EINTR) {
		run->exit_reason = KVM_EXIT_INTR;
		vcpu->stats.signal_exits++;
	}
	trace_kvm_userspace_exit(run->exit_reason, ret);
	return ret;
}
