// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timers.  The virtual one runs in hardware while its vCPU is in the guest; HYP
 * turns it off at the exit, so its interrupt only ever ends a stay in the guest.
 * While the line is high the physical interrupt is kept active at the host's GIC:
 * it does not fire again until the guest, by ending its virtual one, deactivates it.
 * Outside the guest an hrtimer stands in, and always for the physical timer.
 */
#include <linux/cpuhotplug.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/of.h>
#include <linux/of_irq.h>
#include <linux/uaccess.h>
#include <asm/arch_timer.h>

#include "hyp/hyp.h"

#define VIRT_IRQ_DEFAULT 27
#define PHYS_IRQ_DEFAULT 30
/* The binding's order: secure, non-secure, virtual, hypervisor. */
#define DT_VIRT_INTERRUPT 2

/* An hrtimer is set for no longer than this; then it looks again. */
#define HORIZON_S 10

static int host_irq;		/* Linux number of the virtual timer's PPI */
static unsigned int host_ppi;	/* its interrupt id */
static u32 hz;
static enum cpuhp_state online_state;
static DEFINE_PER_CPU(int, cookie);
/* The host PPI was made active for some vCPU that ran here. */
static DEFINE_PER_CPU(bool, active);

static irqreturn_t vtimer_interrupt(int irq, void *dev)
{
	return IRQ_HANDLED;	/* it ended a stay in the guest; vtimer_flush() does the rest */
}

static int host_cpu_online(unsigned int cpu)
{
	enable_percpu_irq(host_irq, IRQ_TYPE_NONE);
	return 0;
}

static int host_cpu_offline(unsigned int cpu)
{
	disable_percpu_irq(host_irq);
	return 0;
}

int vtimer_module_init(void)
{
	struct device_node *node = of_find_compatible_node(NULL, NULL, "arm,armv7-timer");
	int ret;

	if (node)
		host_irq = irq_of_parse_and_map(node, DT_VIRT_INTERRUPT);
	of_node_put(node);
	hz = arch_timer_get_cntfrq();
	if (!host_irq || !hz) {
		pr_err("vambrace: no timer: arm,armv7-timer needs a third interrupt, and CNTFRQ a value\n");
		return -ENODEV;
	}
	host_ppi = irqd_to_hwirq(irq_get_irq_data(host_irq));
	ret = request_percpu_irq(host_irq, vtimer_interrupt, "vambrace-vtimer", &cookie);
	if (ret)
		return ret;
	ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "vambrace/vtimer:online", host_cpu_online, host_cpu_offline);
	if (ret < 0) {
		free_percpu_irq(host_irq, &cookie);
		return ret;
	}
	online_state = ret;
	return 0;
}

void vtimer_module_exit(void)
{
	cpuhp_remove_state(online_state);
	free_percpu_irq(host_irq, &cookie);
}

/* CNTPCT. */
static u64 phys_count(void)
{
	u64 v;

	isb();
	asm volatile("mrrc p15, 0, %Q0, %R0, c14" : "=r" (v));
	return v;
}

static u64 virt_count(struct hyp_vcpu *vcpu)
{
	return phys_count() - vcpu->guest->cntvoff;
}

static bool virt_line(struct hyp_vcpu *vcpu)
{
	const struct hyp_guest *g = vcpu->guest;

	return (g->cntv_ctl & (ARM_TIMER_ENABLE | ARM_TIMER_IMASK)) == ARM_TIMER_ENABLE &&
	       virt_count(vcpu) >= g->cntv_cval;
}

static bool phys_line(struct hyp_vcpu *vcpu)
{
	struct arm_timer *t = &vcpu->timer.phys;

	return t->ctl == ARM_TIMER_ENABLE && arm_timer_line(t, phys_count());
}

/* Counts until the next line would rise, ~0: never. */
static u64 counts_left(struct hyp_vcpu *vcpu, bool virt, bool phys)
{
	const struct hyp_guest *g = vcpu->guest;
	const struct arm_timer *t = &vcpu->timer.phys;
	u64 left = ~0ULL, now = phys_count();

	if (virt && (g->cntv_ctl & (ARM_TIMER_ENABLE | ARM_TIMER_IMASK)) == ARM_TIMER_ENABLE)
		left = g->cntv_cval > now - g->cntvoff ? g->cntv_cval - (now - g->cntvoff) : 0;
	if (phys && t->ctl == ARM_TIMER_ENABLE)
		left = min(left, t->cval > now ? t->cval - now : 0);
	return left;
}

/* One count more, so that the line is high when the hrtimer comes. */
static ktime_t to_ktime(u64 counts)
{
	return ns_to_ktime(div_u64((min_t(u64, counts, (u64)hz * HORIZON_S) + 1) * NSEC_PER_SEC, hz));
}

static void tell_gic(struct hyp_vcpu *vcpu, u32 irq, bool *told, bool level)
{
	if (*told == level || !vcpu->vm->vgic.initialized)
		return;
	*told = level;
	vgic_inject(vcpu->vm, vcpu->id, irq, level);
}

static void update_lines(struct hyp_vcpu *vcpu)
{
	struct hyp_vtimer_cpu *t = &vcpu->timer;

	tell_gic(vcpu, t->virt_irq, &t->virt_level, virt_line(vcpu));
	tell_gic(vcpu, t->phys_irq, &t->phys_level, phys_line(vcpu));
}

static enum hrtimer_restart deadline(struct hrtimer *timer)
{
	/*
	 * The registers are the vCPU's, which may be changing them, and the timer too: it
	 * looks itself.  WFI may end for no reason (B1.8.14), at the horizon as anywhere.
	 */
	vcpu_request(container_of(timer, struct hyp_vtimer_cpu, wake)->vcpu, HYP_REQ_TIMER);
	return HRTIMER_NORESTART;
}

void vtimer_vm_init(struct hyp_vm *vm)
{
	/* The guest's time begins with it. */
	vm->timer.cntvoff = phys_count();
}

void vtimer_vcpu_init(struct hyp_vcpu *vcpu)
{
	struct hyp_vtimer_cpu *t = &vcpu->timer;

	t->vcpu = vcpu;
	t->virt_irq = VIRT_IRQ_DEFAULT;
	t->phys_irq = PHYS_IRQ_DEFAULT;
	hrtimer_init(&t->wake, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
	t->wake.function = deadline;
	vcpu->guest->cntvoff = vcpu->vm->timer.cntvoff;
	vcpu->guest->timer_used = true;
}

void vtimer_vcpu_reset(struct hyp_vcpu *vcpu)
{
	vcpu->guest->cntv_ctl = 0;
	vcpu->guest->cntv_cval = 0;
	vcpu->timer.phys = (struct arm_timer){};
	update_lines(vcpu);
}

void vtimer_vcpu_destroy(struct hyp_vcpu *vcpu)
{
	hrtimer_cancel(&vcpu->timer.wake);
}

int vtimer_start(struct hyp_vcpu *vcpu)
{
	struct hyp_vtimer_cpu *t = &vcpu->timer;

	if (!vcpu->vm->vgic.gic)
		return 0;
	if (t->virt_irq == t->phys_irq)
		return -EINVAL;
	vgic_map_phys(vcpu, t->virt_irq, host_ppi);
	return 0;
}

void vtimer_flush(struct hyp_vcpu *vcpu)
{
	struct hyp_vtimer_cpu *t = &vcpu->timer;
	bool level;
	u64 left;

	update_lines(vcpu);
	level = vcpu->vm->vgic.initialized ? t->virt_level : virt_line(vcpu);
	if (level || __this_cpu_read(active)) {
		irq_set_irqchip_state(host_irq, IRQCHIP_STATE_ACTIVE, level);
		__this_cpu_write(active, level);
	}
	if (t->phys.ctl == ARM_TIMER_ENABLE && !t->phys_level) {
		left = counts_left(vcpu, false, true);
		hrtimer_start(&t->wake, ktime_add(ktime_get(), to_ktime(left)), HRTIMER_MODE_ABS_HARD);
	}
}

void vtimer_block(struct hyp_vcpu *vcpu)
{
	u64 left;

	update_lines(vcpu);
	left = counts_left(vcpu, !vcpu->timer.virt_level, !vcpu->timer.phys_level);
	if (left != ~0ULL)
		hrtimer_start(&vcpu->timer.wake, ktime_add(ktime_get(), to_ktime(left)), HRTIMER_MODE_ABS_HARD);
}

void vtimer_unblock(struct hyp_vcpu *vcpu)
{
	hrtimer_cancel(&vcpu->timer.wake);
	clear_bit(HYP_REQ_TIMER, &vcpu->requests);
	update_lines(vcpu);
}

/* What user space was last told, against what is: without an in-kernel GIC. */
static u32 user_levels(struct hyp_vcpu *vcpu)
{
	return (virt_line(vcpu) ? KVM_ARM_DEV_EL1_VTIMER : 0) | (phys_line(vcpu) ? KVM_ARM_DEV_EL1_PTIMER : 0);
}

bool vtimer_pending(struct hyp_vcpu *vcpu)
{
	if (vcpu->vm->vgic.gic)
		return false;	/* the GIC was told */
	return user_levels(vcpu) != (u32)vcpu->run->s.regs.device_irq_level;
}

bool vtimer_user_update(struct hyp_vcpu *vcpu)
{
	u32 now = user_levels(vcpu);

	if (now == (u32)vcpu->run->s.regs.device_irq_level)
		return false;
	vcpu->run->s.regs.device_irq_level = now;
	return true;
}

/* ---- Registers ---- */

u64 vtimer_read(struct hyp_vcpu *vcpu, bool phys, enum hyp_timer_reg reg)
{
	struct hyp_guest *g = vcpu->guest;
	struct arm_timer virt = { .cval = g->cntv_cval, .ctl = g->cntv_ctl & 3 };
	const struct arm_timer *t = phys ? &vcpu->timer.phys : &virt;
	u64 count = phys ? phys_count() : virt_count(vcpu);

	switch (reg) {
	case HYP_TIMER_CTL:
		return arm_timer_read_ctl(t, count);
	case HYP_TIMER_CVAL:
		return t->cval;
	case HYP_TIMER_TVAL:
		return arm_timer_read_tval(t, count);
	case HYP_TIMER_CNT:
		return count;
	}
	return 0;
}

/* All vCPUs of a VM have one counter (row 37). */
static void set_count(struct hyp_vm *vm, u64 count)
{
	unsigned int i;

	mutex_lock(&vm->lock);
	vm_pause(vm);
	vm->timer.cntvoff = phys_count() - count;
	for (i = 0; i < HYP_MAX_VCPUS; i++)
		if (vm->vcpu[i])
			vm->vcpu[i]->guest->cntvoff = vm->timer.cntvoff;
	vm_resume(vm);
	mutex_unlock(&vm->lock);
}

void vtimer_write(struct hyp_vcpu *vcpu, bool phys, enum hyp_timer_reg reg, u64 val)
{
	struct hyp_guest *g = vcpu->guest;
	struct arm_timer virt = { .cval = g->cntv_cval, .ctl = g->cntv_ctl };
	struct arm_timer *t = phys ? &vcpu->timer.phys : &virt;

	switch (reg) {
	case HYP_TIMER_CTL:
		arm_timer_write_ctl(t, (u32)val);
		break;
	case HYP_TIMER_CVAL:
		t->cval = val;
		break;
	case HYP_TIMER_TVAL:
		arm_timer_write_tval(t, phys ? phys_count() : virt_count(vcpu), (u32)val);
		break;
	case HYP_TIMER_CNT:
		if (!phys)	/* the physical counter is the host's: nothing moves it */
			set_count(vcpu->vm, val);
		return;
	}
	g->cntv_cval = virt.cval;
	g->cntv_ctl = virt.ctl;
	update_lines(vcpu);
}

/* ---- KVM_ARM_VCPU_TIMER_CTRL ---- */

int vtimer_has_attr(struct hyp_vcpu *vcpu, const struct kvm_device_attr *attr)
{
	return attr->attr == KVM_ARM_VCPU_TIMER_IRQ_VTIMER || attr->attr == KVM_ARM_VCPU_TIMER_IRQ_PTIMER ?
	       0 : -ENXIO;
}

int vtimer_get_attr(struct hyp_vcpu *vcpu, const struct kvm_device_attr *attr)
{
	u32 irq = attr->attr == KVM_ARM_VCPU_TIMER_IRQ_VTIMER ? vcpu->timer.virt_irq : vcpu->timer.phys_irq;

	if (vtimer_has_attr(vcpu, attr))
		return -ENXIO;
	return put_user((int)irq, (int __user *)(unsigned long)attr->addr);
}

int vtimer_set_attr(struct hyp_vcpu *vcpu, const struct kvm_device_attr *attr)
{
	struct hyp_vm *vm = vcpu->vm;
	unsigned int i;
	int irq, ret = 0;

	if (!vm->vgic.gic)
		return -EINVAL;
	if (get_user(irq, (int __user *)(unsigned long)attr->addr))
		return -EFAULT;
	if (irq < 16 || irq > 31)
		return -EINVAL;
	if (vtimer_has_attr(vcpu, attr))
		return -ENXIO;
	/* The number is the VM's: all vCPUs have it, and none has run. */
	mutex_lock(&vm->lock);
	for (i = 0; i < HYP_MAX_VCPUS; i++)
		if (vm->vcpu[i] && vm->vcpu[i]->ready)
			ret = -EBUSY;
	for (i = 0; i < HYP_MAX_VCPUS && !ret; i++) {
		if (!vm->vcpu[i])
			continue;
		if (attr->attr == KVM_ARM_VCPU_TIMER_IRQ_VTIMER)
			vm->vcpu[i]->timer.virt_irq = irq;
		else
			vm->vcpu[i]->timer.phys_irq = irq;
	}
	mutex_unlock(&vm->lock);
	return ret;
}
