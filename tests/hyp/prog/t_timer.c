// SPDX-License-Identifier: GPL-2.0-only
/* Timers, counters, sleeping and waking, and guests without an in-kernel GIC. */
#define _GNU_SOURCE
#include <time.h>

#include "kvmtest.h"

#define MS 62500	/* ticks of QEMU's 62.5 MHz */

static void one_cpu(uint32_t fn, uint32_t arg, uint32_t result)
{
	struct vm *vm = vm_new(1, 0);

	vcpu_start_at(&vm->vcpu[0], fn, arg, false);
	CHECK_EQ(vcpu_finish(&vm->vcpu[0]), result);
	vm_free(vm);
}

TEST(row_40_vtimer_wfi, "the virtual timer wakes WFI, never early")
{
	one_cpu(GUEST(g_vtimer_wfi), 3 * MS, 20);
}

TEST(row_41_vtimer_periodic, "a timer reprogrammed in its handler: one interrupt each time")
{
	one_cpu(GUEST(g_vtimer_periodic), 100, 1);
}

TEST(row_41_vtimer_mask, "expired under IMASK: nothing; unmasked: once; stopped: nothing")
{
	one_cpu(GUEST(g_vtimer_mask), 5 * MS, 7);
}

TEST(abi_ptimer, "the physical timer wakes WFI, too")
{
	one_cpu(GUEST(g_ptimer_wfi), 3 * MS, 10);
}

static void *wander(void *opaque)
{
	pthread_t *t = opaque;
	cpu_set_t set;

	for (unsigned int i = 0; i < 400; i++) {
		CPU_ZERO(&set);
		CPU_SET(i % host_cpus(), &set);
		pthread_setaffinity_np(*t, sizeof(set), &set);
		pause_us(5000);
	}
	return NULL;
}

TEST_LIMIT(row_40_migrating, 60, "the timer fires while its thread moves between CPUs")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	pthread_t mover;

	vcpu_start_at(v, GUEST(g_vtimer_periodic), 1000, false);
	vcpu_thread(v);
	CHECK_EQ(pthread_create(&mover, NULL, wander, &v->thread), 0);
	CHECK_EQ(vcpu_join(v), 1);
	vm_free(vm);
	_exit(0);
}

static uint64_t guest_counter(struct vcpu *v)
{
	vcpu_until(v, 0);
	return v->a | (uint64_t)v->b << 32;
}

TEST(row_37_cntvoff, "KVM_REG_ARM_TIMER_CNT moves the counter of all vCPUs")
{
	struct vm *vm = vm_new(2, 0);
	struct kvm_mp_state run = { KVM_MP_STATE_RUNNABLE };
	const uint64_t there = 0x123456789abcull;
	uint64_t a, b, c;

	CHECK_EQ(call(ioctl(vm->vcpu[1].fd, KVM_SET_MP_STATE, &run)), 0);
	for (int i = 0; i < 2; i++)
		vcpu_start_at(&vm->vcpu[i], GUEST(g_counter), 0, true);
	a = guest_counter(&vm->vcpu[0]);
	b = guest_counter(&vm->vcpu[1]);
	c = guest_counter(&vm->vcpu[0]);
	CHECK(a < b && b < c);
	CHECK(a < 1ull << 40);
	reg64_set(&vm->vcpu[1], KVM_REG_ARM32_TIMER_CNT, there);
	a = guest_counter(&vm->vcpu[0]);
	b = guest_counter(&vm->vcpu[1]);
	CHECK(a > there && a < there + 10000ull * MS);
	CHECK(b > a && b < a + 10000ull * MS);
	CHECK(reg64(&vm->vcpu[0], KVM_REG_ARM32_TIMER_CNT) > b);
	vm_free(vm);
}

static void *pulses(void *opaque)
{
	struct vcpu *v = opaque;
	volatile uint32_t *count = vm_hva(v->vm, GUEST_FREE);
	uint32_t state = 1;

	for (uint32_t i = 0; i < 5000; i++) {
		uint64_t began;

		/* Between the look for work and the sleep: at a different moment each time. */
		for (volatile uint32_t n = rnd(&state) % 3000; n; n--)
			;
		began = now_us();
		vm_spi(v->vm, 40, 1);
		vm_spi(v->vm, 40, 0);
		while (*count <= i)
			if (now_us() - began > 5000000)
				FAIL("interrupt %u was not seen for 5 s", i);
	}
	return NULL;
}

TEST_LIMIT(row_43_wfi_wake, 400, "5,000 wake-ups from WFI by another thread, none is lost")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	pthread_t t;

	vcpu_start_at(v, GUEST(g_wfi_count), 5000, false);
	vcpu_until(v, 1);
	CHECK_EQ(pthread_create(&t, NULL, pulses, v), 0);
	CHECK_EQ(vcpu_finish(v), 5000);
	pthread_join(t, NULL);
	vm_free(vm);
}

static int cpu_line(struct vcpu *v, unsigned int number, int level)
{
	struct kvm_irq_level line = { .irq = v->id << KVM_ARM_IRQ_VCPU_SHIFT | number, .level = level };

	return call(ioctl(v->vm->fd, KVM_IRQ_LINE, &line));
}

static int raw_lines(struct vcpu *v)
{
	/* 1, 2: asks for an IRQ, an FIQ; the vector's number comes back from its handler. */
	if (v->value == 1)
		return cpu_line(v, KVM_ARM_IRQ_CPU_IRQ, 1);
	if (v->value == 2)
		return cpu_line(v, KVM_ARM_IRQ_CPU_FIQ, 1);
	if (v->value == 5)
		return cpu_line(v, KVM_ARM_IRQ_CPU_IRQ, 0);
	return cpu_line(v, KVM_ARM_IRQ_CPU_FIQ, 0);
}

TEST(abi_cpu_lines, "without a GIC: KVM_IRQ_LINE drives IRQ and FIQ of the CPU")
{
	struct vm *vm = vm_new(1, VM_NO_GIC);
	struct vcpu *v = &vm->vcpu[0];

	v->on_sync = raw_lines;
	vcpu_start_at(v, GUEST(g_user_irq), 1, false);
	CHECK_EQ(vcpu_finish(v), 7);
	vm_free(vm);
}

TEST(row_42_user_vtimer, "without a GIC: KVM_RUN returns when the virtual timer's level changes")
{
	struct vm *vm = vm_new(1, VM_NO_GIC);
	struct vcpu *v = &vm->vcpu[0];

	if (ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_ARM_USER_IRQ) <= 0)
		skip("no KVM_CAP_ARM_USER_IRQ");
	vcpu_start_at(v, GUEST(g_user_vtimer), 10 * MS, false);
	CHECK_EQ(vcpu_run(v), EV_INTR);
	CHECK_EQ(v->run->s.regs.device_irq_level & KVM_ARM_DEV_EL1_VTIMER, KVM_ARM_DEV_EL1_VTIMER);
	vm_free(vm);
}

TEST(abi_timer_attr, "the timers' interrupts: vCPU attributes")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	uint32_t irq;

	CHECK_EQ(attr_has(v->fd, KVM_ARM_VCPU_TIMER_CTRL, KVM_ARM_VCPU_TIMER_IRQ_VTIMER), 0);
	CHECK_EQ(attr_get(v->fd, KVM_ARM_VCPU_TIMER_CTRL, KVM_ARM_VCPU_TIMER_IRQ_VTIMER, &irq), 0);
	CHECK_EQ(irq, 27);
	CHECK_EQ(attr_get(v->fd, KVM_ARM_VCPU_TIMER_CTRL, KVM_ARM_VCPU_TIMER_IRQ_PTIMER, &irq), 0);
	CHECK_EQ(irq, 30);
	CHECK_EQ(attr_has(v->fd, KVM_ARM_VCPU_TIMER_CTRL, 7), -ENXIO);
	irq = 40;
	CHECK_EQ(attr_set(v->fd, KVM_ARM_VCPU_TIMER_CTRL, KVM_ARM_VCPU_TIMER_IRQ_VTIMER, &irq), -EINVAL);
	irq = 26;
	CHECK_EQ(attr_set(v->fd, KVM_ARM_VCPU_TIMER_CTRL, KVM_ARM_VCPU_TIMER_IRQ_VTIMER, &irq), 0);
	vcpu_start_at(v, GUEST(g_return), 1, true);
	CHECK_EQ(vcpu_finish(v), 2);
	CHECK_EQ(attr_set(v->fd, KVM_ARM_VCPU_TIMER_CTRL, KVM_ARM_VCPU_TIMER_IRQ_VTIMER, &irq), -EBUSY);
	vm_free(vm);
}
