/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PSCI over HVC: the threads around arm/psci.c.
 *
 * Power states change under psci_lock only.  It is innermost, so what an op
 * wants done to another vCPU or to the machine is noted under it and done when
 * it is free.
 */
#include <stdlib.h>

#include "emu/cpu/cpu.h"

#define NO_CPU (~0u)

struct psci_state {
	struct psci psci;
	struct psci_cpu cpu[EMU_MAX_CPUS];
	struct emu_vm *vm;
	/* What the ops ask for during one call. */
	unsigned int kick;
	bool off, reset;
};

static enum psci_error op_cpu_on(void *opaque, unsigned int cpu, u64 entry, u64 context, bool aarch32)
{
	struct psci_state *ps = opaque;
	struct emu_vcpu *t = ps->vm->vcpu[cpu];

	if (!t || aarch32 != cpu_el1_a32(t))
		return PSCI_INTERNAL_FAILURE;
	t->psci_on.entry = entry;
	t->psci_on.context = context;
	atomic_store(&t->start, true);
	atomic_store(&t->on, true);
	ps->kick = cpu;
	return PSCI_SUCCESS;
}

static void op_system_off(void *opaque)
{
	((struct psci_state *)opaque)->off = true;
}

static void op_system_reset(void *opaque, bool warm, u32 type, u64 cookie)
{
	(void)warm, (void)type, (void)cookie;
	((struct psci_state *)opaque)->reset = true;
}

static const struct psci_ops ops = {
	.cpu_on = op_cpu_on,
	.system_off = op_system_off,
	.system_reset = op_system_reset,
};

int cpu_psci_init(struct emu_vm *vm)
{
	struct psci_state *ps = calloc(1, sizeof(*ps));
	unsigned int i;
	int ret;

	if (!ps)
		return -ENOMEM;
	ps->vm = vm;
	ps->kick = NO_CPU;
	for (i = 0; i < vm->cfg.cpus; i++)
		ps->cpu[i].mpidr = cpu_mpidr(i) & (ARM_MASK(39, 32) | ARM_MASK(23, 0));
	ret = psci_init(&ps->psci, PSCI_VERSION_1_1, ps->cpu, vm->cfg.cpus, &ops, ps);
	if (ret)
		free(ps);
	else
		vm->psci = ps;
	return ret;
}

void cpu_psci_free(struct emu_vm *vm)
{
	free(vm->psci);
	vm->psci = NULL;
}

void cpu_psci_reset(struct emu_vm *vm)
{
	unsigned int i;

	pthread_mutex_lock(&vm->psci_lock);
	psci_reset(&vm->psci->psci);
	for (i = 0; i < vm->cfg.cpus; i++) {
		if (!vm->vcpu[i])
			continue;
		atomic_store(&vm->vcpu[i]->start, false);
		atomic_store(&vm->vcpu[i]->on, i == 0 || vm->cfg.no_psci);
	}
	pthread_mutex_unlock(&vm->psci_lock);
}

void cpu_psci_power_on(struct emu_vcpu *v)
{
	struct emu_vm *vm = v->vm;
	u64 entry, context;

	pthread_mutex_lock(&vm->psci_lock);
	atomic_store(&v->start, false);
	entry = v->psci_on.entry;
	context = v->psci_on.context;
	psci_cpu_started(&vm->psci->psci, v->index);
	pthread_mutex_unlock(&vm->psci_lock);
	cpu_reset(v);
	v->st.pc = entry;	/* bit 0 of a 32-bit one is the Thumb bit, as st.pc has it while running */
	v->st.x[0] = context;
	if (vcpu_logs(v, EMU_LOG_INT))
		emu_log(vm, "int: cpu%u powered on at %llx context=%llx\n", v->index,
			(unsigned long long)entry, (unsigned long long)context);
}

/*
 * Whoever looks at the state of a vCPU that does not run sees what a CPU_ON has
 * made of it, so that no entry point is state of its own.
 */
bool cpu_psci_off(struct emu_vcpu *v)
{
	if (atomic_load(&v->start)) {
		cpu_psci_power_on(v);
		cpu_unsync_state(v);
	}
	return !atomic_load(&v->on);
}

int cpu_psci_set_off(struct emu_vcpu *v, bool off)
{
	struct emu_vm *vm = v->vm;

	if (off && vm->cfg.no_psci)
		return -EINVAL;
	pthread_mutex_lock(&vm->psci_lock);
	vm->psci->cpu[v->index].power = off ? PSCI_POWER_OFF : PSCI_POWER_ON;
	atomic_store(&v->start, false);
	atomic_store(&v->on, !off);
	pthread_mutex_unlock(&vm->psci_lock);
	return 0;
}

u32 cpu_psci_version(struct emu_vm *vm)
{
	return vm->cfg.no_psci ? 0 : vm->psci->psci.version;
}

int cpu_psci_set_version(struct emu_vm *vm, u32 version)
{
	struct psci *p = &vm->psci->psci;
	u32 was;
	int ret;

	if (vm->cfg.no_psci)
		return -EINVAL;
	pthread_mutex_lock(&vm->psci_lock);
	was = p->version;
	p->version = version;
	ret = psci_validate(p);
	if (ret)
		p->version = was;
	pthread_mutex_unlock(&vm->psci_lock);
	return ret;
}

void cpu_psci_call(struct emu_vcpu *v)
{
	struct emu_vm *vm = v->vm;
	struct psci_state *ps = vm->psci;
	struct psci_call call = { .aarch32 = cpu_is_a32(v) };
	enum psci_action action;
	unsigned int i, kick;
	bool off, reset;

	for (i = 0; i < 4; i++)
		call.arg[i] = v->st.x[i];
	pthread_mutex_lock(&vm->psci_lock);
	action = psci_call(&ps->psci, v->index, &call);
	if (action == PSCI_CPU_STOP || action == PSCI_SYSTEM_STOP)
		atomic_store(&v->on, false);
	kick = ps->kick;
	off = ps->off;
	reset = ps->reset;
	ps->kick = NO_CPU;
	ps->off = ps->reset = false;
	pthread_mutex_unlock(&vm->psci_lock);

	for (i = 0; i < 4; i++)
		v->st.x[i] = call.ret[i];
	if (action == PSCI_WAIT)
		v->wfi = true;
	if (action == PSCI_CPU_STOP || action == PSCI_SYSTEM_STOP)
		vcpu_kick(v, VCPU_REQ_KICK);
	if (kick != NO_CPU)
		vcpu_kick(vm->vcpu[kick], VCPU_REQ_KICK);
	if ((off || reset) && vm->cfg.ops && vm->cfg.ops->event)
		vm->cfg.ops->event(vm->cfg.opaque, v->index,
				   off ? EMU_EVENT_SYSTEM_OFF : EMU_EVENT_SYSTEM_RESET);
}
