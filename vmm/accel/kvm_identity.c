/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the guest's CPU says of itself, where the kernel lets us say: our own
 * module all of it, Linux' arm64 what it has made writable over the years
 * (Linux, virt/kvm/api, "ARM64: writable ID registers").
 */
#include "vmm/accel/kvm_int.h"
#include "vmm/accel/kvm_regs.h"

/* Before there are vCPUs: the kernel is told that we shall write.  One that cannot says so, and that is all right. */
void kvm_identity_open(struct kvm_vm *vm)
{
	static const u32 caps[] = { VAMBRACE_CAP_IDENTITY, KVM_CAP_ARM_WRITABLE_IMP_ID_REGS };

	for (size_t i = 0; i < ARM_ARRAY_SIZE(caps) && vm->cfg.identity_forced; i++) {
		struct kvm_enable_cap cap = { .cap = caps[i] };

		if (kvm_ioctl_num(vm->sys_fd, KVM_CHECK_EXTENSION, caps[i]) > 0)
			kvm_ioctl(vm->vm_fd, KVM_ENABLE_CAP, &cap);
	}
}

/* Only what the CPU can do: a feature that it lacks would be believed. */
bool kvm_identity_may(const struct kvm_vm *vm, u64 id, u64 want, u64 now)
{
	struct kvm_reg_place at = kvm_reg_place(id, vm->cfg.model->features);
	const struct arm_sysreg_row *r;
	unsigned int reg;

	if (at.kind != KREG_SYS)
		return true;
	reg = arm_sysreg_slot_row(at.n)->reg;
	r = reg < ARM_REGS ? arm_sysreg_row((enum arm_sysreg)reg) : NULL;
	return !r || r->mig != ARM_MIG_SUBSET || !arm_sysreg_migrate_bad(r, want, now);
}

/* For the VM, so on one vCPU.  A register that the kernel keeps as it is shows in state(). */
void kvm_identity_set(struct kvm_vm *vm)
{
	const struct arm_cpu_model *m = vm->cfg.model;

	for (u64 i = 0; i < vm->regs->n && vm->cfg.identity_forced; i++) {
		u64 id = vm->regs->reg[i], want, now = 0;

		if (KVM_REG_SIZE(id) > sizeof(now) || !kvm_reg_identity(id, m, &want) ||
		    kvm_one_reg(&vm->cpus[0], KVM_GET_ONE_REG, id, &now) || now == want)
			continue;
		if (kvm_identity_may(vm, id, want, now))
			kvm_one_reg(&vm->cpus[0], KVM_SET_ONE_REG, id, &want);
	}
}
