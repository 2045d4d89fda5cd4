// SPDX-License-Identifier: GPL-2.0-only
/* Traps of instructions, injected exceptions, registers and their list. */
#include "kvmtest.h"

static void one_cpu(uint32_t fn, uint32_t arg, uint32_t result)
{
	struct vm *vm = vm_new(1, 0);

	vcpu_start_at(&vm->vcpu[0], fn, arg, false);
	CHECK_EQ(vcpu_finish(&vm->vcpu[0]), result);
	vm_free(vm);
}

TEST(row_10_condition, "trapped instructions whose condition fails are skipped")
{
	one_cpu(GUEST(g_cond_fail), 0, 7);
}

TEST(row_53_cp15, "cp15 and cp14: what a kernel touches works, nonsense is undefined")
{
	one_cpu(GUEST(g_cp15), 0, 7);
}

TEST(row_52_prefetch_abort, "a fetch from a hole is a prefetch abort with its address")
{
	one_cpu(GUEST(g_fetch_hole), GUEST_HOLE, 7);
}

TEST(row_55_vfp, "VFP and NEON registers of two VMs on one CPU, over exits and preemption")
{
	struct vm *a = vm_new(1, 0), *b = vm_new(1, 0);
	struct vcpu *v[2] = { &a->vcpu[0], &b->vcpu[0] };

	vcpu_start_at(v[0], GUEST(g_vfp), 0x11110000, false);
	vcpu_start_at(v[1], GUEST(g_vfp), 0x22220040, false);
	for (uint32_t i = 0; i < 50; i++) {
		vcpu_until(v[0], i);
		vcpu_until(v[1], i);
	}
	CHECK_EQ(vcpu_finish(v[0]), 7);
	CHECK_EQ(vcpu_finish(v[1]), 7);
	vm_free(a);
	vm_free(b);
}

TEST(row_55_vfp_threads, "the same in four threads")
{
	struct vm *vm[4];

	for (int i = 0; i < 4; i++) {
		vm[i] = vm_new(1, 0);
		vcpu_start_at(&vm[i]->vcpu[0], GUEST(g_vfp), 0x33330000 + i * 0x01010010, false);
	}
	for (int i = 0; i < 4; i++) {
		struct vcpu *v = &vm[i]->vcpu[0];

		for (uint32_t n = 0; n < 10; n++)
			vcpu_until(v, n);
		v->on_sync = NULL;
	}
	for (uint32_t n = 10; n < 50; n++)
		for (int i = 0; i < 4; i++)
			vcpu_until(&vm[(i + n) % 4]->vcpu[0], n);
	for (int i = 0; i < 4; i++) {
		vcpu_thread(&vm[i]->vcpu[0]);
		CHECK_EQ(vcpu_join(&vm[i]->vcpu[0]), 7);
	}
}

TEST(row_50_reg_list, "every listed register reads; the list is the same for each vCPU and in its order")
{
	struct vm *vm = vm_new(2, 0);
	struct kvm_reg_list head = { .n = 0 }, *list[2];
	struct kvm_one_reg bad = { .id = KVM_REG_ARM | KVM_REG_SIZE_U32 | 0x0fff0000ull, .addr = (uintptr_t)&head };

	for (int i = 0; i < 2; i++) {
		head.n = 0;
		CHECK_EQ(call(ioctl(vm->vcpu[i].fd, KVM_GET_REG_LIST, &head)), -E2BIG);
		CHECK(head.n > 100);
		list[i] = calloc(1, sizeof(head) + head.n * 8);
		list[i]->n = head.n - 1;
		CHECK_EQ(call(ioctl(vm->vcpu[i].fd, KVM_GET_REG_LIST, list[i])), -E2BIG);
		CHECK_EQ(list[i]->n, head.n);
		CHECK_EQ(call(ioctl(vm->vcpu[i].fd, KVM_GET_REG_LIST, list[i])), 0);
	}
	CHECK(!memcmp(list[0]->reg, list[1]->reg, head.n * 8));
	for (unsigned int i = 0; i < head.n; i++) {
		uint8_t v[256];
		struct kvm_one_reg reg = { .id = list[0]->reg[i], .addr = (uintptr_t)v };

		CHECK_EQ(call(ioctl(vm->vcpu[0].fd, KVM_GET_ONE_REG, &reg)), 0);
		if (call(ioctl(vm->vcpu[0].fd, KVM_SET_ONE_REG, &reg)))
			FAIL("register %#llx, set to its value: %s", (unsigned long long)reg.id, strerror(errno));
		for (unsigned int k = 0; k < i; k++)
			CHECK(list[0]->reg[k] != reg.id);
	}
	CHECK_EQ(call(ioctl(vm->vcpu[0].fd, KVM_GET_ONE_REG, &bad)), -ENOENT);
	bad.id = KVM_REG_ARM | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE;
	CHECK(call(ioctl(vm->vcpu[0].fd, KVM_GET_ONE_REG, &bad)) < 0);
	bad.id = CORE(0);
	bad.addr = 8;
	CHECK_EQ(call(ioctl(vm->vcpu[0].fd, KVM_GET_ONE_REG, &bad)), -EFAULT);
	CHECK_EQ(call(ioctl(vm->vcpu[0].fd, KVM_SET_ONE_REG, &bad)), -EFAULT);
	vm_free(vm);
}

#ifdef __arm__
/* c0 registers of KVM_REG_ARM_CP15_32: crn 0. */
TEST(row_50_identity, "the guest reads what ONE_REG says, and none of it can be changed")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	const uint64_t ids[] = {
		KVM_REG_ARM_CP15_32(0, 0, 0, 0), KVM_REG_ARM_CP15_32(0, 0, 0, 5), KVM_REG_ARM_CP15_32(0, 0, 0, 1),
		KVM_REG_ARM_CP15_32(0, 0, 1, 0), KVM_REG_ARM_CP15_32(0, 0, 2, 0), KVM_REG_ARM_CP15_32(0, 1, 0, 1),
	};

	vcpu_start_at(v, GUEST(g_identity), 0, false);
	for (unsigned int i = 0; i < 6; i++) {
		uint32_t value = reg32(v, ids[i]), other = value ^ 1;

		vcpu_until(v, value);
		if (i != 1)
			CHECK_EQ(reg_set(v, ids[i], &other), -EINVAL);
	}
	CHECK_EQ(vcpu_finish(v), 7);
	vm_free(vm);
}

TEST(abi_identity, "VAMBRACE_CAP_IDENTITY: written through one vCPU, each finds the other part's registers")
{
	struct vm *vm = vm_new(2, 0);
	struct kvm_enable_cap cap = { .cap = VAMBRACE_CAP_IDENTITY };
	/* By VPIDR and by HCR.TID2.  QEMU 7.2 has no TID3 for ARMv7: a part's ID_* need hardware. */
	const uint64_t midr = KVM_REG_ARM_CP15_32(0, 0, 0, 0), clidr = KVM_REG_ARM_CP15_32(0, 1, 0, 1);
	uint32_t part = reg32(&vm->vcpu[0], midr) ^ 1, caches = reg32(&vm->vcpu[0], clidr) ^ 1u << 27;
	struct kvm_mp_state on = { KVM_MP_STATE_RUNNABLE };

	CHECK_EQ(reg_set(&vm->vcpu[0], midr, &part), -EINVAL);
	CHECK_EQ(call(ioctl(vm->fd, KVM_ENABLE_CAP, &cap)), 0);
	CHECK_EQ(reg_set(&vm->vcpu[0], midr, &part), 0);
	CHECK_EQ(reg_set(&vm->vcpu[0], clidr, &caches), 0);
	CHECK_EQ(call(ioctl(vm->vcpu[1].fd, KVM_SET_MP_STATE, &on)), 0);
	for (int i = 0; i < 2; i++) {
		struct vcpu *v = &vm->vcpu[i];

		vcpu_start_at(v, GUEST(g_identity), 0, i);
		vcpu_until(v, part);
		for (int skip = 0; skip < 4; skip++)	/* MPIDR, CTR, ID_PFR0, ID_ISAR0 */
			CHECK_EQ(vcpu_run(v), EV_SYNC);
		vcpu_until(v, caches);
		CHECK_EQ(vcpu_finish(v), 7);
	}
	vm_free(vm);
}

TEST(row_51_cpsr, "modes that a guest must not have are refused; banked registers are the modes' own")
{
	static const uint32_t bad[] = { 0x1d6, 0x1da, 0x1c0, 0x1d5 };
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];

	for (unsigned int i = 0; i < 4; i++)
		CHECK_EQ(reg_set(v, CORE_CPSR, &bad[i]), -EINVAL);
	for (unsigned int word = 0; word < 38; word++)
		if (word != 16)
			reg32_set(v, CORE(word), 0x1000 + word * 4);
	for (unsigned int word = 0; word < 38; word++)
		if (word != 16)
			CHECK_EQ(reg32(v, CORE(word)), 0x1000 + word * 4);
	CHECK_EQ(reg32(v, CORE_CPSR), 0x1d3);
	vm_free(vm);
}

TEST(row_54_ttbr, "TTBR0 and TTBR1 as 32 and 64 bits: restored in the list's order nothing is lost")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];

	reg64_set(v, KVM_REG_ARM_CP15_64(0, 2), 0x0000001234567000ull);
	reg64_set(v, KVM_REG_ARM_CP15_64(1, 2), 0x0000009876543000ull);
	CHECK_EQ(reg32(v, KVM_REG_ARM_CP15_32(2, 0, 0, 0)), 0x34567000);
	{
		struct kvm_reg_list head = { .n = 0 }, *list;
		static uint64_t values[256];

		ioctl(v->fd, KVM_GET_REG_LIST, &head);
		list = calloc(1, sizeof(head) + head.n * 8);
		list->n = head.n;
		CHECK_EQ(call(ioctl(v->fd, KVM_GET_REG_LIST, list)), 0);
		for (unsigned int i = 0; i < list->n; i++)
			CHECK_EQ(reg_get(v, list->reg[i], &values[i]), 0);
		vcpu_init(vm, 0, vm->psci_features);
		for (unsigned int i = 0; i < list->n; i++)
			CHECK_EQ(reg_set(v, list->reg[i], &values[i]), 0);
	}
	CHECK_EQ(reg64(v, KVM_REG_ARM_CP15_64(0, 2)), 0x0000001234567000ull);
	CHECK_EQ(reg64(v, KVM_REG_ARM_CP15_64(1, 2)), 0x0000009876543000ull);
	vm_free(vm);
}
#endif
