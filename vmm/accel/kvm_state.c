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
	return kvm_ioctl(cpu->fd, KVM_GET_REG_LIST, vm->regs);
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
