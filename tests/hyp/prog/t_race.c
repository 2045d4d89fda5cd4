// SPDX-License-Identifier: GPL-2.0-only
/* Many VMs, threads that contradict each other, sudden ends, nonsense. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "kvmtest.h"

#define VMS 300

/* Small: a VM with one page of image would not do, so all share one copy and have a page of their own. */
TEST_LIMIT(row_01_vmid_rollover, 180, "300 VMs take turns on two CPUs; each sees only its own page")
{
	static struct vm *vms[VMS];
	uint8_t *image = NULL;

	for (int i = 0; i < VMS; i++) {
		struct vm *vm = vm_new(1, VM_NO_GIC | VM_NO_RAM);

		vms[i] = vm;
		if (!image) {
			struct vm *whole = vm_new(1, VM_NO_GIC);

			image = whole->ram;
		}
		vm->ram = anon(2 << 20);
		memcpy(vm->ram, image, 64 << 10);
		CHECK_EQ(vm_slot(vm, 0, 0, GUEST_RAM, 2 << 20, vm->ram), 0);
		CHECK_EQ(vm_slot(vm, 1, 0, GUEST_FREE, 4096, vm->ram + (1 << 20)), 0);
		vcpu_start_at(&vm->vcpu[0], GUEST(g_own_number), i + 1, false);
		vcpu_until(&vm->vcpu[0], i + 1);
	}
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < VMS; i++) {
			int k = (i * 7 + round * 13) % VMS;

			vcpu_pin(i + round);
			vcpu_until(&vms[k]->vcpu[0], k + 1);
			/* With its number's neighbour of 256 VMs ago. */
			if (k >= 255)
				vcpu_until(&vms[k - 255]->vcpu[0], k - 254);
		}
	}
	_exit(0);
}

static void *number_main(void *opaque)
{
	struct vcpu *v = opaque;

	for (int i = 0; i < 300; i++) {
		vcpu_pin(rand() & 1);
		vcpu_until(v, v->answer);
	}
	return NULL;
}

TEST_LIMIT(row_04_two_on_one_cpu, 60, "two vCPUs with local TLB maintenance on one CPU: no hit of the other's entry")
{
	struct vm *vm = vm_new(2, 0);
	struct kvm_mp_state run = { KVM_MP_STATE_RUNNABLE };

	CHECK_EQ(call(ioctl(vm->vcpu[1].fd, KVM_SET_MP_STATE, &run)), 0);
	vcpu_pin(0);
	for (int i = 0; i < 2; i++)
		vcpu_start_at(&vm->vcpu[i], GUEST(g_private_map), i, true);
	for (int round = 0; round < 200; round++)
		for (int i = 0; i < 2; i++)
			vcpu_until(&vm->vcpu[i], round);
	vm_free(vm);
}

TEST_LIMIT(row_01_vmid_threads, 60, "four VMs in four threads that change CPUs all the time")
{
	struct vm *vm[4];

	for (int i = 0; i < 4; i++) {
		vm[i] = vm_new(1, VM_NO_GIC);
		vm[i]->vcpu[0].answer = 0x100 + i;
		vcpu_start_at(&vm[i]->vcpu[0], GUEST(g_own_number), 0x100 + i, false);
	}
	for (int i = 0; i < 4; i++)
		CHECK_EQ(pthread_create(&vm[i]->vcpu[0].thread, NULL, number_main, &vm[i]->vcpu[0]), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(vm[i]->vcpu[0].thread, NULL);
}

/* What a process does until it is killed. */
static void victim(unsigned int kind)
{
	struct vm *vm = vm_new(2, 0);
	struct vcpu *v = &vm->vcpu[0];
	static const uint32_t wfi[] = { 0xe320f003, 0xeafffffd }, spin = 0xeafffffe;

	switch (kind % 6) {
	case 0:
		memcpy(vm_hva(vm, GUEST_FREE), &spin, 4);
		reg32_set(v, CORE_PC, GUEST_FREE);
		vcpu_run(v);
		break;
	case 1:
		memcpy(vm_hva(vm, GUEST_FREE), wfi, sizeof(wfi));
		reg32_set(v, CORE_PC, GUEST_FREE);
		vcpu_run(v);
		break;
	case 2:
		vcpu_start_at(v, GUEST(g_touch_pages), 4096, false);
		for (;;)
			vcpu_run(v);
	case 3:
		vcpu_start_at(v, GUEST(g_hammer), 2 << 16 | 2000, false);
		vcpu_thread(&vm->vcpu[1]);
		vcpu_finish(v);
		break;
	case 4:
		vcpu_run(&vm->vcpu[1]);		/* switched off */
		break;
	case 5:
		for (;;)
			vm_free(vm_new(2, 0));
	}
	for (;;)
		pause();
}

static void kill_some(void *arg)
{
	static uint32_t state = 1;
	unsigned int *nr = arg;

	for (unsigned int i = *nr; i < *nr + 40; i++) {
		pid_t pid = fork();

		if (!pid)
			victim(i);
		pause_us(rnd(&state) % 120000);
		kill(pid, SIGKILL);
		CHECK_EQ(waitpid(pid, NULL, 0), pid);
	}
	*nr += 40;
}

TEST_LIMIT(row_61_sigkill, 240, "SIGKILL at any moment, 120 times: pages come back")
{
	unsigned int nr = 0;

	kill_some(&nr);
	check_no_loss(kill_some, &nr, 20);
}

/* ioctls of all kinds with all kinds of arguments on all files at once. */
static const unsigned long commands[] = {
	KVM_GET_API_VERSION, KVM_CREATE_VM, KVM_CHECK_EXTENSION, KVM_GET_VCPU_MMAP_SIZE, KVM_CREATE_VCPU,
	KVM_GET_DIRTY_LOG, KVM_SET_USER_MEMORY_REGION, KVM_CREATE_IRQCHIP, KVM_IRQ_LINE, KVM_REGISTER_COALESCED_MMIO,
	KVM_UNREGISTER_COALESCED_MMIO, KVM_SET_GSI_ROUTING, KVM_IRQFD, KVM_IOEVENTFD, KVM_ENABLE_CAP, KVM_SIGNAL_MSI,
	KVM_ARM_SET_DEVICE_ADDR, KVM_CLEAR_DIRTY_LOG, KVM_CREATE_DEVICE, KVM_SET_DEVICE_ATTR, KVM_GET_DEVICE_ATTR,
	KVM_HAS_DEVICE_ATTR, KVM_SET_SIGNAL_MASK, KVM_GET_MP_STATE, KVM_SET_MP_STATE, KVM_SET_GUEST_DEBUG,
	KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS, KVM_GET_ONE_REG, KVM_SET_ONE_REG, KVM_ARM_VCPU_INIT,
	KVM_ARM_PREFERRED_TARGET, KVM_GET_REG_LIST, KVM_ARM_VCPU_FINALIZE, KVM_RUN, _IOR(KVMIO, 0x81, char[72]), 0xae00,
};

struct fuzz {
	struct vm *vm;
	uint32_t seed;
	unsigned int calls;
	pthread_t thread;
};

static void fuzz_argument(uint32_t *state, struct fuzz *f, uint64_t *arg, unsigned int words)
{
	for (unsigned int i = 0; i < words; i++) {
		uint32_t r = rnd(state);

		switch (r >> 28 & 7) {
		case 0:
			arg[i] = 0;
			break;
		case 1:
			arg[i] = r & 0xff;
			break;
		case 2:
			arg[i] = (uintptr_t)f->vm->ram + (r & 0xfff000);
			break;
		case 3:
			arg[i] = GUEST_RAM + (r & 0x3f000);
			break;
		case 4:
			arg[i] = KVM_REG_ARM | (uint64_t)(r & 0xf) << 52 | (r >> 4 & 0x1fffff);
			break;
		case 5:
			arg[i] = (uint64_t)r << 32 | rnd(state);
			break;
		case 6:
			arg[i] = 1ull << (r & 63);
			break;
		case 7:
			arg[i] = (uintptr_t)arg;
			break;
		}
	}
}

static void *fuzz_main(void *opaque)
{
	struct fuzz *f = opaque;
	uint32_t state = f->seed;
	uint64_t arg[64];

	for (unsigned int i = 0; i < f->calls; i++) {
		int fds[] = { f->vm->kvm, f->vm->fd, f->vm->vcpu[0].fd, f->vm->vcpu[1].fd, f->vm->gic };
		unsigned int which = rnd(&state) % 5;
		unsigned long command = commands[rnd(&state) % (sizeof(commands) / sizeof(commands[0]))];
		int fd;

		if (command == KVM_RUN) {
			/* It must come back whatever the registers are by now. */
			f->vm->vcpu[0].run->immediate_exit = 1;
			f->vm->vcpu[1].run->immediate_exit = 1;
		}
		fuzz_argument(&state, f, arg, rnd(&state) % 64);
		/* A kernel pointer, a hole, a small number, or the words. */
		switch (rnd(&state) & 15) {
		case 0:
			fd = ioctl(fds[which], command, 0xc0000000);
			break;
		case 1:
			fd = ioctl(fds[which], command, rnd(&state) & 0xffff);
			break;
		default:
			fd = ioctl(fds[which], command, arg);
		}
		/* Files that came of it: closed, or there would be thousands. */
		if (fd > 2 && (command == KVM_CREATE_VM || command == KVM_CREATE_VCPU))
			close(fd);
	}
	return NULL;
}

static void fuzz_process(uint32_t seed)
{
	struct fuzz f[4];
	struct vm *vm = vm_new(2, 0);

	for (int i = 0; i < 4; i++) {
		f[i] = (struct fuzz){ vm, seed * 16 + i + 1, 1500, 0 };
		CHECK_EQ(pthread_create(&f[i].thread, NULL, fuzz_main, &f[i]), 0);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(f[i].thread, NULL);
	_exit(0);
}

static void fuzz_some(void *arg)
{
	uint32_t *round = arg;

	for (int i = 0; i < 6; i++, ++*round) {
		pid_t pid = fork();
		int status;

		if (!pid) {
			alarm(30);
			fuzz_process(*round);
		}
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		/* Its memory may be written over by what it asks for; but it must end. */
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
			FAIL("round %u hangs", *round);
	}
}

TEST_LIMIT(row_62_fuzz, 240, "ioctls with random arguments from four threads, in processes that end anyhow")
{
	uint32_t round = 0;

	check_no_loss(fuzz_some, &round, 20);
}

TEST_LIMIT(row_62_guest_fuzz, 120, "guests of random instructions: user space and the host survive")
{
	uint32_t state = 4711;

	for (int round = 0; round < 60; round++) {
		struct vm *vm = vm_new(1, 0);
		struct vcpu *v = &vm->vcpu[0];
		pid_t pid;

		for (unsigned int i = 0; i < 4096; i++) {
			uint32_t r = rnd(&state);

			/* Mostly system and coprocessor instructions. */
			switch (r >> 29) {
			case 0:
				r = 0xee000f10 | (r & 0x00f0f0ef) | (r & 0x1fe000) >> 4;
				break;
			case 1:
				r = 0xec400f00 | (r & 0x001ff0ff);
				break;
			case 2:
				r = 0xe1000070 | (r & 0x006fff0f);
				break;
			case 3:
				r = 0xe320f000 | (r & 7);
				break;
			}
			((uint32_t *)vm_hva(vm, GUEST_FREE))[i] = r;
		}
		pid = fork();
		if (!pid) {
			/* A VM belongs to its process: made again in the child. */
			struct vm *own = vm_new(1, 0);

			v = &own->vcpu[0];
			memcpy(vm_hva(own, GUEST_FREE), vm_hva(vm, GUEST_FREE), 16384);
			for (unsigned int i = 0; i < 15; i++)
				reg32_set(v, CORE(i), i & 1 ? GUEST_FREE + (rnd(&state) & 0xffc) : rnd(&state));
			reg32_set(v, CORE_PC, GUEST_FREE + (rnd(&state) & 0x3ffc));
			for (int i = 0; i < 2000; i++)
				if (vcpu_run(v) == EV_ERROR)
					break;
			_exit(0);
		}
		pause_us(150000);
		kill(pid, SIGKILL);
		CHECK_EQ(waitpid(pid, NULL, 0), pid);
		vm_free(vm);
	}
}

TEST(row_61_foreign_process, "a vCPU run by another process than its VM's maker: EIO, and no harm")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	int status;
	pid_t pid;

	vcpu_start_at(v, GUEST(g_return), 1, true);
	pid = fork();
	if (!pid)
		_exit(call(ioctl(v->fd, KVM_RUN, 0)) == -EIO ? 0 : 3);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_EQ(vcpu_finish(v), 2);
	vm_free(vm);
}
