/* SPDX-License-Identifier: GPL-2.0-only */
/* VMs for mem.c: some RAM, up to four vCPUs, each a thread that runs a program of mem_guest.S. */
#ifndef MEM_RIG_H
#define MEM_RIG_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "hyp/uapi/kvm.h"

#define RAM_IPA 0x80000000u
#define AREA 0x200000u		/* where stamps begin in RAM; the program is below */
#define PORT 0x10000000u	/* no memory: what the guest has to say */
#define PAGE 4096u
#define BLOCK 0x200000u
#define STAMP_STEP 0x01000193u
#define CORE_REG(n) (0x4020000000100000ULL + (n))
#define REG_PC 15
#define REG_CPSR 16

/* What a stamp may be when it is looked at again; r3 of the guest. */
enum check {
	CHECK_ON = 1,
	ZERO_OK = 2,		/* the page may have been dropped */
	OLDER_OK = 4,		/* a store may have gone nowhere */
};

extern const char guest_stamp[], guest_exec[], guest_peek[], guest_end[];

struct vcpu {
	struct vm *vm;
	int fd;
	struct kvm_run *run;
	pthread_t thread;
	const char *program;
	uint32_t area, pages, check;	/* what it is given */
	volatile uint32_t round;	/* done */
	volatile uint32_t peeked;
	uint32_t bad[3];		/* page, found, wanted */
	volatile unsigned long exits;	/* loads and stores outside of memory */
};

struct vm {
	int fd;
	char *ram;
	size_t size;
	struct vcpu vcpu[4];
	unsigned int vcpus;
	volatile bool stop;
};

static int kvm;
static unsigned int seconds = 5;
static size_t megabytes = 32;

static void die(const char *fmt, ...)
{
	va_list ap;
	int e = errno;

	va_start(ap, fmt);
	printf("FAILED: ");
	vprintf(fmt, ap);
	printf(" (%s)\n", strerror(e));
	va_end(ap);
	fflush(stdout);
	_exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int set_slot(struct vm *vm, unsigned int slot, uint32_t flags, uint64_t ipa, uint64_t size, void *host)
{
	struct kvm_userspace_memory_region r = { slot, flags, ipa, size, (uintptr_t)host };

	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &r);
}

static char *map_aligned(size_t size)
{
	char *p = mmap(NULL, size + BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *a = (char *)(((uintptr_t)p + BLOCK - 1) & ~(uintptr_t)(BLOCK - 1));

	if (p == MAP_FAILED)
		die("mmap of %zu", size);
	munmap(p, (size_t)(a - p));
	munmap(a + size, (size_t)(p + BLOCK - a));
	return a;
}

static void set_reg(struct vcpu *c, unsigned int n, uint32_t val)
{
	struct kvm_one_reg r = { CORE_REG(n), (uintptr_t)&val };

	if (ioctl(c->fd, KVM_SET_ONE_REG, &r))
		die("SET_ONE_REG %u", n);
}

static void vm_open(struct vm *vm, size_t size, unsigned int vcpus)
{
	struct kvm_vcpu_init init = { 0 };
	unsigned int i;

	memset(vm, 0, sizeof(*vm));
	vm->size = size;
	vm->fd = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm->fd < 0)
		die("CREATE_VM");
	vm->ram = map_aligned(size);
	memcpy(vm->ram, guest_stamp, (size_t)(guest_end - guest_stamp));
	if (set_slot(vm, 0, 0, RAM_IPA, size, vm->ram))
		die("memory slot");
	if (ioctl(vm->fd, KVM_ARM_PREFERRED_TARGET, &init))
		die("PREFERRED_TARGET");
	init.features[0] = 1u << KVM_ARM_VCPU_PSCI_0_2;
	vm->vcpus = vcpus;
	for (i = 0; i < vcpus; i++) {
		struct vcpu *c = &vm->vcpu[i];

		c->vm = vm;
		c->fd = ioctl(vm->fd, KVM_CREATE_VCPU, i);
		if (c->fd < 0)
			die("CREATE_VCPU");
		c->run = mmap(NULL, (size_t)ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE,
			      MAP_SHARED, c->fd, 0);
		if (c->run == MAP_FAILED || ioctl(c->fd, KVM_ARM_VCPU_INIT, &init))
			die("VCPU_INIT");
	}
}

static void vm_close(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->vcpus; i++) {
		munmap(vm->vcpu[i].run, (size_t)ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0));
		close(vm->vcpu[i].fd);
	}
	close(vm->fd);
	munmap(vm->ram, vm->size);
}

static void vcpu_setup(struct vcpu *c, const char *program, uint32_t area, uint32_t pages, uint32_t check)
{
	c->program = program;
	c->area = area;
	c->pages = pages;
	set_reg(c, 0, area);
	set_reg(c, 1, pages);
	set_reg(c, 2, 0);
	set_reg(c, 3, check);
	set_reg(c, 4, PORT);
	set_reg(c, REG_CPSR, 0x1d3);
	set_reg(c, REG_PC, RAM_IPA + (uint32_t)(program - guest_stamp));
}

static void vcpu_heard(struct vcpu *c, uint32_t addr, uint32_t val)
{
	switch (addr - PORT) {
	case 0:
		c->round = val;
		break;
	case 4:
		c->bad[0] = val;
		break;
	case 8:
		c->bad[1] = val;
		break;
	case 12:
		c->bad[2] = val;
		die("round %u: page %x holds %x, not %x", c->round, c->bad[0], c->bad[1], c->bad[2]);
		break;
	case 16:
		c->peeked = val;
		break;
	}
}

/* One exit to user space. */
static void vcpu_step(struct vcpu *c)
{
	struct kvm_run *run = c->run;
	uint32_t val;

	if (ioctl(c->fd, KVM_RUN, 0) && errno != EINTR && errno != EAGAIN)
		die("KVM_RUN in round %u", c->round);
	if (run->exit_reason != KVM_EXIT_MMIO)
		return;
	c->exits++;
	memcpy(&val, run->mmio.data, sizeof(val));
	if (run->mmio.is_write)
		vcpu_heard(c, (uint32_t)run->mmio.phys_addr, val);
	else
		memset(run->mmio.data, 0, sizeof(run->mmio.data));
}

static void *vcpu_loop(void *arg)
{
	struct vcpu *c = arg;

	while (!c->vm->stop)
		vcpu_step(c);
	return NULL;
}

static void vm_start(struct vm *vm)
{
	vm->stop = false;
	for (unsigned int i = 0; i < vm->vcpus; i++)
		if (pthread_create(&vm->vcpu[i].thread, NULL, vcpu_loop, &vm->vcpu[i]))
			die("thread");
}

static void vm_stop(struct vm *vm)
{
	vm->stop = true;
	for (unsigned int i = 0; i < vm->vcpus; i++)
		pthread_join(vm->vcpu[i].thread, NULL);
}

/* Each vCPU has its part of the stamped area. */
static void start_stamping(struct vm *vm, uint32_t check)
{
	uint32_t pages = (uint32_t)((vm->size - AREA) / PAGE / vm->vcpus);

	for (unsigned int i = 0; i < vm->vcpus; i++)
		vcpu_setup(&vm->vcpu[i], guest_stamp, RAM_IPA + AREA + i * pages * PAGE, pages, check);
	vm_start(vm);
}

/* The process sees the same memory as the guest: after a full stop, stamps of one round or the next. */
static void check_stamps(struct vm *vm, const char *ram, uint32_t check)
{
	for (unsigned int i = 0; i < vm->vcpus; i++) {
		struct vcpu *c = &vm->vcpu[i];

		for (uint32_t p = 0; p < c->pages; p++) {
			const volatile uint32_t *w =
				(const void *)(ram + (c->area - RAM_IPA) + (size_t)p * PAGE);
			uint32_t want = p * STAMP_STEP + c->round;

			for (unsigned int k = 1; k < 1023; k++)
				if (w[k])
					die("page %x of vCPU %u: word %x is %x, and nobody wrote it", p, i, k, w[k]);
			for (int k = 0; k < 2; k++) {
				uint32_t got = w[k ? 1023 : 0];

				if (got != want && !((check & ZERO_OK) && !got))
					die("after round %u: page %x of vCPU %u holds %x, not %x", c->round, p, i,
					    got, want);
			}
		}
	}
}

#endif
