/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's generic timers: the virtual one in hardware, the physical one by traps and an hrtimer. */
#ifndef HYP_VTIMER_H
#define HYP_VTIMER_H

#include <linux/hrtimer.h>

#include "arm/timer.h"
#include "hyp/uapi/kvm.h"

struct hyp_vm;
struct hyp_vcpu;

struct hyp_vtimer_vm {
	u64 cntvoff;			/* written under vm->lock with all vCPUs out */
};

struct hyp_vtimer_cpu {
	struct hrtimer wake;		/* while not in the guest: the next deadline of either timer */
	struct arm_timer phys;		/* CNTP; no offset */
	u32 virt_irq, phys_irq;		/* interrupt ids of the guest: 27 and 30 */
	bool virt_level, phys_level;	/* as last told to the GIC or to user space */
	struct hyp_vcpu *vcpu;
};

int vtimer_module_init(void);		/* -ENODEV with a message: no usable timer */
void vtimer_module_exit(void);
void vtimer_vm_init(struct hyp_vm *vm);
void vtimer_vcpu_init(struct hyp_vcpu *vcpu);
void vtimer_vcpu_reset(struct hyp_vcpu *vcpu);
void vtimer_vcpu_destroy(struct hyp_vcpu *vcpu);

/* Before the first entry: -EINVAL when the timers' PPIs clash. */
int vtimer_start(struct hyp_vcpu *vcpu);

/* Before an entry, preemption off: the lines' levels, and no host interrupt for what the guest has. */
void vtimer_flush(struct hyp_vcpu *vcpu);
/* Around a sleep: arms and cancels the hrtimer. */
void vtimer_block(struct hyp_vcpu *vcpu);
void vtimer_unblock(struct hyp_vcpu *vcpu);
bool vtimer_pending(struct hyp_vcpu *vcpu);	/* a line is high now */

/* cp15 traps of CNTP_{CTL,CVAL,TVAL}, CNTPCT, and ONE_REG of both timers. */
enum hyp_timer_reg { HYP_TIMER_CTL, HYP_TIMER_CVAL, HYP_TIMER_TVAL, HYP_TIMER_CNT };
u64 vtimer_read(struct hyp_vcpu *vcpu, bool phys, enum hyp_timer_reg reg);
void vtimer_write(struct hyp_vcpu *vcpu, bool phys, enum hyp_timer_reg reg, u64 val);

/* KVM_ARM_VCPU_TIMER_CTRL of a vCPU file. */
int vtimer_set_attr(struct hyp_vcpu *vcpu, const struct kvm_device_attr *attr);
int vtimer_get_attr(struct hyp_vcpu *vcpu, const struct kvm_device_attr *attr);
int vtimer_has_attr(struct hyp_vcpu *vcpu, const struct kvm_device_attr *attr);
/* ARM_USER_IRQ: run->s.regs.device_irq_level must be told; true when it changed. */
bool vtimer_user_update(struct hyp_vcpu *vcpu);

#endif
