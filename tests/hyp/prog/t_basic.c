// SPDX-License-Identifier: GPL-2.0-only
/* The interface itself: files, vCPUs, the run loop and its errors. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>

#include "kvmtest.h"

TEST(abi_run_and_exit, "a guest runs, returns a value; the next run goes on")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];

	vcpu_start_at(v, GUEST(g_return), 41, true);
	CHECK_EQ(vcpu_finish(v), 42);
	vcpu_start_at(v, GUEST(g_return), 1, false);
	CHECK_EQ(vcpu_finish(v), 2);
	vm_free(vm);
}

TEST(abi_sync_and_ask, "values go to user space and back")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];

	vcpu_start_at(v, GUEST(g_talk), 5, false);
	vcpu_until(v, 5);
	vcpu_until(v, 6);
	v->answer = 0xcafe;
	CHECK_EQ(vcpu_finish(v), 0xcafe);
	vm_free(vm);
}

TEST(abi_hypercall, "PSCI_VERSION by HVC is answered in the kernel")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	uint32_t version;

	vcpu_start_at(v, GUEST(g_hvc_version), 0, false);
	version = vcpu_finish(v);
	CHECK_EQ(version, reg64(v, KVM_REG_ARM32_FW_REG(KVM_REG_ARM_FW_PSCI_VERSION)));
	CHECK(version >= 0x10000);
	vm_free(vm);
}

TEST(abi_create, "types of VMs, ids of vCPUs, the order of calls")
{
	struct vm *vm = vm_new(0, VM_NO_GIC | VM_NO_RAM);
	struct kvm_vcpu_init init;
	struct kvm_one_reg reg = { .id = CORE_PC, .addr = (uintptr_t)&init };
	int fd;

	CHECK_EQ(ioctl(vm->kvm, KVM_GET_API_VERSION, 0), 12);
	CHECK_EQ(call(ioctl(vm->kvm, KVM_GET_API_VERSION, 1)), -EINVAL);
	CHECK_EQ(call(ioctl(vm->kvm, KVM_CREATE_VM, 1)), -EINVAL);
	CHECK_EQ(call(ioctl(vm->kvm, KVM_CREATE_VM, 40)), -EINVAL);
	CHECK_EQ(call(ioctl(vm->fd, KVM_CREATE_VCPU, 1000)), -EINVAL);
	fd = ioctl(vm->fd, KVM_CREATE_VCPU, 0);
	CHECK(fd >= 0);
	CHECK_EQ(call(ioctl(vm->fd, KVM_CREATE_VCPU, 0)), -EEXIST);
	CHECK_EQ(call(ioctl(fd, KVM_RUN, 0)), -ENOEXEC);
	CHECK_EQ(call(ioctl(fd, KVM_GET_ONE_REG, &reg)), -ENOEXEC);
	CHECK_EQ(call(ioctl(vm->fd, KVM_ARM_PREFERRED_TARGET, &init)), 0);
	init.features[0] = 1u << 31;
	CHECK_EQ(call(ioctl(fd, KVM_ARM_VCPU_INIT, &init)), -ENOENT);
	init.features[0] = 2;
	init.target = 77;
	CHECK_EQ(call(ioctl(fd, KVM_ARM_VCPU_INIT, &init)), -EINVAL);
	CHECK_EQ(call(ioctl(vm->fd, KVM_ARM_PREFERRED_TARGET, &init)), 0);
	CHECK_EQ(call(ioctl(fd, KVM_ARM_VCPU_INIT, &init)), 0);
	CHECK_EQ(call(ioctl(fd, KVM_ARM_VCPU_INIT, &init)), 0);
	init.features[0] ^= 2;
	CHECK_EQ(call(ioctl(fd, KVM_ARM_VCPU_INIT, &init)), -EINVAL);
	CHECK_EQ(call(ioctl(fd, 0xaead, 0)), -EINVAL);
	close(fd);
	vm_free(vm);
}

static void nothing(int sig)
{
	(void)sig;
}

static void *kick(void *opaque)
{
	pause_us(300000);
	pthread_kill(*(pthread_t *)opaque, SIGUSR1);
	return NULL;
}

TEST(abi_signal, "a signal ends KVM_RUN with EINTR, of a guest that loops and of one that sleeps")
{
	struct sigaction act = { .sa_handler = nothing };
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	pthread_t self = pthread_self(), kicker;
	/* b . and wfi; b .-4, without the image's start */
	const uint32_t loop[] = { 0xeafffffe, 0xe320f003, 0xeafffffd };

	sigaction(SIGUSR1, &act, NULL);
	memcpy(vm_hva(vm, GUEST_FREE), loop, sizeof(loop));
	for (int i = 0; i < 2; i++) {
		reg32_set(v, CORE_PC, GUEST_FREE + i * 4);
		CHECK_EQ(pthread_create(&kicker, NULL, kick, &self), 0);
		CHECK_EQ(vcpu_run(v), EV_INTR);
		CHECK_EQ(v->run->exit_reason, KVM_EXIT_INTR);
		pthread_join(kicker, NULL);
	}
	vm_free(vm);
}

TEST(abi_immediate_exit, "immediate_exit: EINTR at once, and the guest has not moved")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];

	vcpu_start_at(v, GUEST(g_return), 1, true);
	v->run->immediate_exit = 1;
	CHECK_EQ(vcpu_run(v), EV_INTR);
	CHECK_EQ(reg32(v, CORE_PC), GUEST_RAM);
	v->run->immediate_exit = 0;
	CHECK_EQ(vcpu_finish(v), 2);
	vm_free(vm);
}

TEST(abi_signal_mask, "KVM_SET_SIGNAL_MASK: a signal blocked outside may end KVM_RUN")
{
	struct { struct kvm_signal_mask head; uint8_t set[8]; } __attribute__((packed)) mask = { .head.len = 8 };
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	const uint32_t loop = 0xeafffffe;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	CHECK_EQ(call(ioctl(v->fd, KVM_SET_SIGNAL_MASK, &mask)), 0);
	memcpy(vm_hva(vm, GUEST_FREE), &loop, 4);
	reg32_set(v, CORE_PC, GUEST_FREE);
	raise(SIGUSR1);
	CHECK_EQ(vcpu_run(v), EV_INTR);
	mask.head.len = 4;
	CHECK_EQ(call(ioctl(v->fd, KVM_SET_SIGNAL_MASK, &mask)), -EINVAL);
	vm_free(vm);
}

TEST(abi_mp_state, "KVM_GET_MP_STATE and KVM_SET_MP_STATE")
{
	struct vm *vm = vm_new(2, 0);
	struct kvm_mp_state state;

	CHECK_EQ(call(ioctl(vm->vcpu[0].fd, KVM_GET_MP_STATE, &state)), 0);
	CHECK_EQ(state.mp_state, KVM_MP_STATE_RUNNABLE);
	CHECK_EQ(call(ioctl(vm->vcpu[1].fd, KVM_GET_MP_STATE, &state)), 0);
	CHECK_EQ(state.mp_state, KVM_MP_STATE_STOPPED);
	state.mp_state = KVM_MP_STATE_RUNNABLE;
	CHECK_EQ(call(ioctl(vm->vcpu[1].fd, KVM_SET_MP_STATE, &state)), 0);
	vcpu_start_at(&vm->vcpu[1], GUEST(g_return), 3, true);
	CHECK_EQ(vcpu_finish(&vm->vcpu[1]), 4);
	state.mp_state = 1;
	CHECK_EQ(call(ioctl(vm->vcpu[0].fd, KVM_SET_MP_STATE, &state)), -EINVAL);
	vm_free(vm);
}

static void reinit_some(void *arg)
{
	struct vm *vm = arg;
	struct vcpu *v = &vm->vcpu[0];

	for (int i = 0; i < 500; i++) {
		vcpu_init(vm, 0, vm->psci_features);
		CHECK_EQ(reg32(v, CORE_CPSR), 0x1d3);
		vcpu_start_at(v, GUEST(g_return), i, i & 1);
		CHECK_EQ(vcpu_finish(v), i + 1);
	}
}

TEST_LIMIT(row_49_reinit, 300, "KVM_ARM_VCPU_INIT and run again, 1000 times; no pages are lost")
{
	struct vm *vm = vm_new(1, 0);

	check_no_loss(reinit_some, vm, 50);
	vm_free(vm);
}

static void vms_come_and_go(void *unused)
{
	(void)unused;
	for (int i = 0; i < 60; i++) {
		struct vm *vm = vm_new(2, 0);

		vcpu_start_at(&vm->vcpu[0], GUEST(g_return), i, true);
		CHECK_EQ(vcpu_finish(&vm->vcpu[0]), i + 1);
		vm_free(vm);
	}
}

TEST_LIMIT(abi_many_vms, 200, "120 VMs made, run once and closed; no pages are lost")
{
	check_no_loss(vms_come_and_go, NULL, 20);
}
