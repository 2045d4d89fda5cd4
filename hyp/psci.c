// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls: PSCI and SMCCC by the state machine of arm/psci.h (DEN 0022, DEN
 * 0028), under vm->psci_lock.  A vCPU without KVM_ARM_VCPU_PSCI_0_2 has PSCI 0.1
 * with the function ids that KVM's device trees have always named.
 */
#include <linux/sched.h>

#include "arm/esr.h"
#include "arm/psr.h"
#include "hyp/hyp.h"

/* By KVM's ids, for PSCI 0.1 knows none. */
static const u32 psci_0_1_fn[] = {
	PSCI_FN_CPU_SUSPEND, PSCI_FN_CPU_OFF, PSCI_FN_CPU_ON, PSCI_FN_MIGRATE,
};

static enum psci_error op_cpu_on(void *opaque, unsigned int cpu, u64 entry, u64 context, bool aarch32)
{
	struct hyp_vm *vm = opaque;
	struct hyp_vcpu *target = vm->vcpu[cpu];

	if (!target || !target->initialized)
		return PSCI_INVALID_PARAMETERS;
	target->reset.entry = entry;
	target->reset.context = context;
	target->reset.big_endian = vm->psci_caller_be;
	vcpu_request(target, HYP_REQ_RESET);
	return PSCI_SUCCESS;
}

/* All vCPUs are off from now on; the one that called leaves to user space with @event. */
static void system_event(struct hyp_vm *vm, u32 event)
{
	unsigned int i;

	vm->system_event = event;
	for (i = 0; i < vm->psci.cpus; i++) {
		vm->psci_cpu[i].power = PSCI_POWER_OFF;
		if (vm->vcpu[i])
			vcpu_request(vm->vcpu[i], HYP_REQ_STOP);
	}
}

static void op_system_off(void *opaque)
{
	system_event(opaque, KVM_SYSTEM_EVENT_SHUTDOWN);
}

static void op_system_reset(void *opaque, bool warm, u32 type, u64 cookie)
{
	system_event(opaque, KVM_SYSTEM_EVENT_RESET);
}

static const struct psci_ops psci_ops = {
	.cpu_on = op_cpu_on,
	.system_off = op_system_off,
	.system_reset = op_system_reset,
};

int psci_vm_init(struct hyp_vm *vm)
{
	spin_lock_init(&vm->psci_lock);
	return psci_init(&vm->psci, PSCI_VERSION_1_1, vm->psci_cpu, 1, &psci_ops, vm);
}

static u32 function_id(const struct hyp_vcpu *vcpu, u32 id)
{
	if (vcpu->features & 1u << KVM_ARM_VCPU_PSCI_0_2)
		return id;
	/* Only the four of 0.1; anything else is unknown. */
	return id - KVM_PSCI_FN_BASE < ARRAY_SIZE(psci_0_1_fn) ? psci_0_1_fn[id - KVM_PSCI_FN_BASE] : 0;
}

static int system_stop(struct hyp_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	/* What the guest finds if user space lets it go on, which the call does not allow. */
	*guest_reg(vcpu->guest, 0) = (u32)PSCI_INTERNAL_FAILURE;
	clear_bit(HYP_REQ_STOP, &vcpu->requests);
	/* The others have stopped when user space hears of it (row 47). */
	vm_pause(vcpu->vm);
	vm_resume(vcpu->vm);
	memset(&run->system_event, 0, sizeof(run->system_event));
	run->system_event.type = vcpu->vm->system_event;
	run->exit_reason = KVM_EXIT_SYSTEM_EVENT;
	return 0;
}

int psci_trap(struct hyp_vcpu *vcpu)
{
	struct hyp_guest *g = vcpu->guest;
	struct hyp_vm *vm = vcpu->vm;
	struct psci_call call = { .aarch32 = true };
	enum psci_action action;
	unsigned int i;

	vcpu->stats.hvc_exits++;
	/* There is no secure world below: an SMC answers "not supported", as on any KVM. */
	if (esr_ec(g->hsr) == EC_SMC32) {
		*guest_reg(g, 0) = (u32)PSCI_NOT_SUPPORTED;
		guest_skip(g, g->hsr);
		return 1;
	}
	for (i = 0; i < 4; i++)
		call.arg[i] = *guest_reg(g, i);
	call.arg[0] = function_id(vcpu, (u32)call.arg[0]);
	spin_lock(&vm->psci_lock);
	vm->psci_caller_be = g->core.cpsr & PSR32_E;
	action = psci_call(&vm->psci, vcpu->id, &call);
	spin_unlock(&vm->psci_lock);
	if (action == PSCI_SYSTEM_STOP)
		return system_stop(vcpu);
	for (i = 0; i < 4; i++)
		*guest_reg(g, i) = (u32)call.ret[i];
	if (action == PSCI_WAIT)
		vcpu_block(vcpu);
	return 1;
}

void psci_apply_reset(struct hyp_vcpu *vcpu)
{
	struct hyp_vm *vm = vcpu->vm;
	struct hyp_guest *g = vcpu->guest;
	u64 entry, context;
	bool be;

	spin_lock(&vm->psci_lock);
	entry = vcpu->reset.entry;
	context = vcpu->reset.context;
	be = vcpu->reset.big_endian;
	vcpu_reset(vcpu);
	psci_cpu_started(&vm->psci, vcpu->id);
	spin_unlock(&vm->psci_lock);

	g->core.pc = (u32)entry & ~1u;
	if (entry & 1)
		g->core.cpsr |= PSR32_T;
	if (be)
		g->core.cpsr |= PSR32_E;
	g->core.r[0] = (u32)context;
}

void psci_set_power(struct hyp_vcpu *vcpu, bool on)
{
	struct hyp_vm *vm = vcpu->vm;

	spin_lock(&vm->psci_lock);
	vm->psci_cpu[vcpu->id].power = on ? PSCI_POWER_ON : PSCI_POWER_OFF;
	spin_unlock(&vm->psci_lock);
	vcpu_request(vcpu, HYP_REQ_IRQ);
}

void psci_set_mpidr(struct hyp_vcpu *vcpu, u32 mpidr)
{
	struct hyp_vm *vm = vcpu->vm;

	spin_lock(&vm->psci_lock);
	vm->psci_cpu[vcpu->id].mpidr = mpidr & 0xffffff;
	vm->psci.cpus = max(vm->psci.cpus, vcpu->id + 1);
	spin_unlock(&vm->psci_lock);
}
