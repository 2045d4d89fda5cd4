/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct arm_state from and to the kernel.  The kernel's own list says which
 * registers there are; what is equal already is not written, so that identity
 * registers, which refuse a write, stand in nobody's way.
 */
#include <stdlib.h>
#include <string.h>

#include "arm/timer.h"
#include "vmm/accel/kvm_int.h"
#include "vmm/accel/kvm_regs.h"
#include "vmm/host/log.h"

#define MAX_REGS 4096
#define HIDDEN_REGS 2

int kvm_one_reg(struct kvm_cpu *cpu, unsigned long what, u64 id, void *val)
{
	struct kvm_one_reg reg = { id, (uintptr_t)val };

	return kvm_ioctl(cpu->fd, what, &reg);
}

/*
 * The physical timer: our module has its registers without listing them, as the list is that of
 * Linux 5.4, which has neither; Linux lists them from 6.4 on.
 */
static void list_hidden(struct kvm_vm *vm, struct kvm_cpu *cpu)
{
	const u64 ids[HIDDEN_REGS] = { kvm_port.pctl_id, kvm_port.pcval_id };
	u64 listed = vm->regs->n;

	for (unsigned int i = 0; i < HIDDEN_REGS; i++) {
		struct kvm_reg_value v;
		u64 n = 0;

		while (n < listed && vm->regs->reg[n] != ids[i])
			n++;
		if (n == listed && !kvm_one_reg(cpu, KVM_GET_ONE_REG, ids[i], &v))
			vm->regs->reg[vm->regs->n++] = ids[i];
	}
}

static void note_slots(struct kvm_vm *vm)
{
	for (u64 i = 0; i < vm->regs->n; i++) {
		struct kvm_reg_place at = kvm_reg_place(vm->regs->reg[i], vm->cfg.model->features);

		if (at.kind == KREG_SYS)
			vm->has_slot[at.n / 8] |= 1u << at.n % 8;
	}
	if (kvm_port.dczid)
		vm->has_slot[ARM_SLOT_DCZID_EL0 / 8] |= 1u << ARM_SLOT_DCZID_EL0 % 8;
}

int kvm_state_list(struct kvm_vm *vm, struct kvm_cpu *cpu)
{
	struct kvm_reg_list count = { .n = 0 };
	int ret = kvm_ioctl(cpu->fd, KVM_GET_REG_LIST, &count);

	if (ret != -E2BIG)
		return ret ? ret : -EIO;
	if (count.n > MAX_REGS)
		return -E2BIG;
	vm->regs = malloc(sizeof(*vm->regs) + (count.n + HIDDEN_REGS) * sizeof(vm->regs->reg[0]));
	if (!vm->regs)
		return -ENOMEM;
	vm->regs->n = count.n;
	ret = kvm_ioctl(cpu->fd, KVM_GET_REG_LIST, vm->regs);
	if (!ret)
		list_hidden(vm, cpu);
	if (!ret)
		note_slots(vm);
	return ret;
}

bool kvm_state_has_slot(struct accel *a, unsigned int slot)
{
	return kvm_vm_of(a)->has_slot[slot / 8] >> slot % 8 & 1;
}

static int complain(struct kvm_cpu *cpu, const char *what, u64 id, int ret)
{
	log_warn("kvm: CPU %u: register %016llx cannot be %s: %s", cpu->index, (unsigned long long)id, what,
		 strerror(-ret));
	return ret;
}

/* A register that has a place, and is not larger than what we can hold. */
static bool is_state(const struct kvm_vm *vm, u64 id, struct kvm_reg_place *at)
{
	*at = kvm_reg_place(id, vm->cfg.model->features);
	return at->kind != KREG_NONE && KVM_REG_SIZE(id) <= sizeof(struct kvm_reg_value);
}

static bool is_ctl(struct kvm_reg_place at)
{
	return at.kind == KREG_SYS && (at.n == ARM_SLOT_CNTV_CTL_EL0 || at.n == ARM_SLOT_CNTP_CTL_EL0);
}

/*
 * One register between the kernel and cpu->state.
 *
 * In struct arm_state a guest without EL2 has one time: its physical count is its virtual one
 * (CNTVOFF is 0).  In KVM the physical count is the host's, so that what the physical
 * timer is compared with is moved by the difference.  ISTATUS is no state.
 */
static int get_reg(struct kvm_vm *vm, struct kvm_cpu *cpu, u64 id, struct kvm_reg_place at, struct kvm_reg_value *v)
{
	int ret = kvm_one_reg(cpu, KVM_GET_ONE_REG, id, v->d);
	u64 ahead = 0;

	if (!ret && at.kind == KREG_SYS && at.n == ARM_SLOT_CNTP_CVAL_EL0)
		ret = kvm_phys_ahead(vm, cpu, &ahead);
	v->d[0] -= ahead;
	if (is_ctl(at))
		v->d[0] &= ~(u64)ARM_TIMER_ISTATUS;
	return ret;
}

static int set_reg(struct kvm_vm *vm, struct kvm_cpu *cpu, u64 id, struct kvm_reg_place at, struct kvm_reg_value v)
{
	u64 ahead = 0;
	int ret = 0;

	if (at.kind == KREG_SYS && at.n == ARM_SLOT_CNTP_CVAL_EL0)
		ret = kvm_phys_ahead(vm, cpu, &ahead);
	v.d[0] += ahead;
	return ret ? ret : kvm_one_reg(cpu, KVM_SET_ONE_REG, id, v.d);
}

/*
 * The first access of any register carries out a CPU_ON that the vCPU has not come to yet: Linux does so since
 * 5.15 (and in the stable kernels of that time), our module from the start.
 */
int kvm_state_load(struct kvm_vm *vm, struct kvm_cpu *cpu)
{
	struct kvm_reg_place at;

	arm_sysreg_reset(&cpu->state, vm->cfg.model);
	if (kvm_port.dczid)
		cpu->state.sys[ARM_SLOT_DCZID_EL0] = kvm_port.dczid();
	for (u64 i = 0; i < vm->regs->n; i++) {
		struct kvm_reg_value v = { { 0, 0 } };
		u64 id = vm->regs->reg[i];
		int ret;

		if (!is_state(vm, id, &at))
			continue;
		ret = get_reg(vm, cpu, id, at, &v);
		if (ret)
			return complain(cpu, "read", id, ret);
		kvm_reg_set(&cpu->state, at, v);
	}
	arm_state_load_sp(&cpu->state);
	return 0;
}

/* The registers that turn timers on, or (@ctl false) all others. */
static int store(struct kvm_vm *vm, struct kvm_cpu *cpu, bool ctl)
{
	struct kvm_reg_place at;

	for (u64 i = 0; i < vm->regs->n; i++) {
		struct kvm_reg_value now = { { 0, 0 } }, v;
		u64 id = vm->regs->reg[i];
		int ret;

		if (!is_state(vm, id, &at) || is_ctl(at) != ctl)
			continue;
		v = kvm_reg_get(&cpu->state, at);
		ret = get_reg(vm, cpu, id, at, &now);
		if (ret)
			return complain(cpu, "read", id, ret);
		if (!memcmp(&v, &now, KVM_REG_SIZE(id)))
			continue;
		ret = set_reg(vm, cpu, id, at, v);
		if (ret)
			return complain(cpu, "written", id, ret);
	}
	return 0;
}

/* A timer goes on when it knows for how long: with an old CVAL it would raise its line at once. */
int kvm_state_store(struct kvm_vm *vm, struct kvm_cpu *cpu)
{
	int ret;

	arm_state_save_sp(&cpu->state);
	ret = store(vm, cpu, false);
	return ret ? ret : store(vm, cpu, true);
}

/* A row of arm/sysreg32.def without a slot that @id names, or -1. */
static int slotless32(const struct kvm_vm *vm, u64 id)
{
	int reg = kvm_reg_row32(id, vm->cfg.model->features);

	return reg >= 0 && arm_sysreg32_row((enum arm_sysreg32)reg)->slot == ARM_SLOT_NONE &&
	       arm_sysreg32_row((enum arm_sysreg32)reg)->cls == ARM_CLS_INVARIANT ? reg : -1;
}

/* The debug registers of cp14, which 32-bit hosts let a guest read as zero and do not list. */
static void add_no_debug(struct accel_ids *ids)
{
	static const u16 regs[] = {
		ARM_REG32_DBGDIDR, ARM_REG32_DBGDEVID, ARM_REG32_DBGDEVID1, ARM_REG32_DBGDEVID2,
	};

	for (size_t i = 0; i < ARM_ARRAY_SIZE(regs) && ids->count < ARM_ARRAY_SIZE(ids->reg32); i++)
		ids->reg32[ids->count++] = (struct arm_id_value){ regs[i], 0 };
}

int kvm_state_get_ids(struct accel *a, struct accel_ids *ids)
{
	struct kvm_vm *vm = kvm_vm_of(a);

	*ids = (struct accel_ids){ .count = 0 };
	for (u64 i = 0; i < vm->regs->n; i++) {
		struct kvm_reg_value v = { { 0, 0 } };
		u64 id = vm->regs->reg[i];
		unsigned int n = id & KVM_REG_ARM_DEMUX_VAL_MASK;
		bool demux = (id & KVM_REG_ARM_COPROC_MASK) == KVM_REG_ARM_DEMUX &&
			     (id & KVM_REG_ARM_DEMUX_ID_MASK) == KVM_REG_ARM_DEMUX_ID_CCSIDR && n < ARM_CCSIDRS;
		int reg = demux ? -1 : slotless32(vm, id), ret;

		if (!demux && (reg < 0 || ids->count == ARM_ARRAY_SIZE(ids->reg32)))
			continue;
		ret = kvm_one_reg(&vm->cpus[0], KVM_GET_ONE_REG, id, v.d);
		if (ret)
			return complain(&vm->cpus[0], "read", id, ret);
		if (demux)
			ids->ccsidr[n] = (u32)v.d[0];
		else
			ids->reg32[ids->count++] = (struct arm_id_value){ (u16)reg, (u32)v.d[0] };
	}
	if (!kvm_port.is_64)
		add_no_debug(ids);
	return 0;
}
