// SPDX-License-Identifier: GPL-2.0-only
/* PSCI and SMCCC calls, and what user space sees of them. */
#include "kvmtest.h"

static void two_cpus(struct vm *vm, uint32_t fn, uint32_t arg)
{
	vcpu_start_at(&vm->vcpu[0], fn, arg, false);
	for (unsigned int i = vm->nr_vcpus; i--;)
		vcpu_thread(&vm->vcpu[i]);
}

TEST(row_45_cpu_on_race, "two vCPUs switch a third on at once: one succeeds, it starts once")
{
	for (int i = 0; i < 20; i++) {
		struct vm *vm = vm_new(3, 0);

		two_cpus(vm, GUEST(g_psci_race), 0);
		for (int k = 0; k < 3; k++)
			CHECK_EQ(vcpu_join(&vm->vcpu[k]), k ? 0 : 7);
		vm_free(vm);
	}
}

TEST(row_47_psci_calls, "CPU_ON, CPU_OFF, AFFINITY_INFO, MIGRATE_INFO_TYPE and bad arguments")
{
	struct vm *vm = vm_new(2, 0);

	two_cpus(vm, GUEST(g_psci_calls), 0);
	CHECK_EQ(vcpu_join(&vm->vcpu[0]), 55);
	_exit(0);	/* CPU 1 stays switched off in KVM_RUN */
}

static void *off_main(void *opaque)
{
	/* Ends only with the process: it is switched off. */
	vcpu_run(opaque);
	FAIL("the second vCPU left its guest: exit %u", ((struct vcpu *)opaque)->run->exit_reason);
}

static void system_event(uint32_t fn, uint32_t type)
{
	struct vm *vm = vm_new(2, 0);
	struct vcpu *v = &vm->vcpu[0];
	struct kvm_mp_state state;
	pthread_t t;

	vcpu_start_at(v, GUEST(g_psci_calls), fn, false);
	CHECK_EQ(pthread_create(&t, NULL, off_main, &vm->vcpu[1]), 0);
	CHECK_EQ(vcpu_run(v), EV_SYSTEM);
	CHECK_EQ(v->run->system_event.type, type);
	/* All are switched off, and what is left in r0 would be INTERNAL_FAILURE. */
	CHECK_EQ(call(ioctl(v->fd, KVM_GET_MP_STATE, &state)), 0);
	CHECK_EQ(state.mp_state, KVM_MP_STATE_STOPPED);
	CHECK_EQ(reg32(v, CORE(0)), (uint32_t)-6);
	_exit(0);
}

TEST(row_47_system_off, "SYSTEM_OFF is an event for user space, all vCPUs are stopped")
{
	system_event(8, KVM_SYSTEM_EVENT_SHUTDOWN);
}

TEST(row_47_system_reset, "SYSTEM_RESET, the same")
{
	system_event(9, KVM_SYSTEM_EVENT_RESET);
}

TEST(row_48_version, "a VM may be given an older PSCI; 0.1 is refused to a vCPU that has 0.2")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	uint64_t id = KVM_REG_ARM32_FW_REG(KVM_REG_ARM_FW_PSCI_VERSION), version = 2;

	CHECK(reg64(v, id) >= 0x10000);
	CHECK_EQ(reg_set(v, id, &version), 0);
	vcpu_start_at(v, GUEST(g_hvc_version), 0, false);
	CHECK_EQ(vcpu_finish(v), 2);
	version = 1;
	CHECK_EQ(reg_set(v, id, &version), -EINVAL);
	version = 0x00020000;
	CHECK_EQ(reg_set(v, id, &version), -EINVAL);
	vm_free(vm);
}

TEST(abi_psci_01, "without KVM_ARM_VCPU_PSCI_0_2 the numbers of 0.1 hold")
{
	struct vm *vm = vm_new(1, VM_PSCI_01);
	struct vcpu *v = &vm->vcpu[0];

	/* PSCI_VERSION is unknown there. */
	vcpu_start_at(v, GUEST(g_hvc_version), 0, false);
	CHECK_EQ(vcpu_finish(v), (uint32_t)-1);
	vm_free(vm);
}

TEST(abi_smccc, "SMCCC_VERSION, ARCH_FEATURES, PSCI_FEATURES")
{
	struct vm *vm = vm_new(1, 0);

	vcpu_start_at(&vm->vcpu[0], GUEST(g_smccc), 0, false);
	CHECK_EQ(vcpu_finish(&vm->vcpu[0]), 7);
	vm_free(vm);
}

TEST(row_46_cpu_on_thumb, "CPU_ON to an odd address starts in Thumb, with the context in r0, in SVC mode")
{
	struct vm *vm = vm_new(2, 0);
	struct vcpu *a = &vm->vcpu[0], *b = &vm->vcpu[1];
	/* r0-r3 are set: hvc #0; b . */
	const uint32_t caller[] = { 0xe1400070, 0xeafffffe };
	/* str r0, [r0]; b . (the context is a device's address) */
	const uint16_t target[] = { 0x6000, 0xe7fe };

	memcpy(vm_hva(vm, GUEST_FREE), caller, sizeof(caller));
	memcpy(vm_hva(vm, GUEST_FREE + 64), target, sizeof(target));
	reg32_set(a, CORE(0), 0x84000003);
	reg32_set(a, CORE(1), 1);
	reg32_set(a, CORE(2), GUEST_FREE + 64 + 1);
	reg32_set(a, CORE(3), GUEST_HOLE);
	reg32_set(a, CORE_PC, GUEST_FREE);
	vcpu_thread(a);
	CHECK_EQ(vcpu_run(b), EV_MMIO);
	CHECK_EQ(b->run->mmio.phys_addr, GUEST_HOLE);
	CHECK_EQ(reg32(b, CORE_PC), GUEST_FREE + 64);
	CHECK_EQ(reg32(b, CORE_CPSR) & 0x3f, 0x33);
	_exit(0);
}
