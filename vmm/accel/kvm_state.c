/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct arm_state from and to the kernel.  The kernel's own list says which
 * registers there are; what is equal already is not written, so that identity
 * registers, which refuse a write, stand in nobody's way.
 */
#include <stdlib.h>
#include <string.h>

#include "vmm/accel/kvm_int.h"
#include "vmm/accel/kvm_regs.h"
#include "vmm/host/log.h"

#define MAX_REGS 4096

static void note_slots(struct kvm_vm *vm)
{
	for (u64 i = 0; i < vm->regs->n; i++) {
		struct kvm_reg_place at = kvm_reg_place(vm->regs->reg[i], vm->cfg.model->features);

		if (at.kind == KREG_SYS)
			vm->has_slot[at.n / 8] |= 1u << at.n % 8;
	}
}

int kvm_state_list(struct kvm_vm *vm, struct kvm_cpu *cpu)
{
	struct kvm_reg_list count = { .n = 0 };
	int ret = kvm_ioctl(cpu->fd, KVM_GET_REG_LIST, &count);

	if (ret != -E2BIG)
		return ret ? ret : -EIO;
	if (count.n > MAX_REGS)
		return -E2BIG;
	vm->regs = malloc(sizeof(*vm->regs) + count.n * sizeof(vm->regs->reg[0]));
	if (!vm->regs)
		return -ENOMEM;
	vm->regs->n = count.n;
	ret = kvm_ioctl(cpu->fd, KVM_GET_REG_LIST, vm->regs);
	if (!ret)
		note_slots(vm);
	return ret;
}

bool kvm_state_has_slot(struct accel *a, unsigned int slot)
{
	const struct kvm_vm *vm = (const struct kvm_vm *)a;

	return vm->has_slot[slot / 8] >> slot % 8 & 1;
}

static int one_reg(struct kvm_cpu *cpu, unsigned long what, u64 id, struct kvm_reg_value *v)
{
	struct kvm_one_reg reg = { id, (uintptr_t)v->d };

	return kvm_ioctl(cpu->fd, what, &reg);
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

int kvm_state_load(struct kvm_vm *vm, struct kvm_cpu *cpu)
{
	struct kvm_reg_place at;

	arm_sysreg_reset(&cpu->state, vm->cfg.model);
	for (u64 i = 0; i < vm->regs->n; i++) {
		struct kvm_reg_value v = { { 0, 0 } };
		u64 id = vm->regs->reg[i];
		int ret;

		if (!is_state(vm, id, &at))
			continue;
		ret = one_reg(cpu, KVM_GET_ONE_REG, id, &v);
		if (ret)
			return complain(cpu, "read", id, ret);
		kvm_reg_set(&cpu->state, at, v);
	}
	arm_state_load_sp(&cpu->state);
	return 0;
}

int kvm_state_store(struct kvm_vm *vm, struct kvm_cpu *cpu)
{
	struct kvm_reg_place at;

	arm_state_save_sp(&cpu->state);
	for (u64 i = 0; i < vm->regs->n; i++) {
		struct kvm_reg_value now = { { 0, 0 } }, v;
		u64 id = vm->regs->reg[i];
		int ret;

		if (!is_state(vm, id, &at))
			continue;
		v = kvm_reg_get(&cpu->state, at);
		ret = one_reg(cpu, KVM_GET_ONE_REG, id, &now);
		if (ret)
			return complain(cpu, "read", id, ret);
		if (!memcmp(&v, &now, KVM_REG_SIZE(id)))
			continue;
		ret = one_reg(cpu, KVM_SET_ONE_REG, id, &v);
		if (ret)
			return complain(cpu, "written", id, ret);
	}
	return 0;
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
	struct kvm_vm *vm = (struct kvm_vm *)a;

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
		ret = one_reg(&vm->cpus[0], KVM_GET_ONE_REG, id, &v);
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
