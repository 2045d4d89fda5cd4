// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asks a 32-bit /dev/kvm about 600 questions and prints one line for each:
 * the subject, a tab, the answer.  test_probe.py compares them with linux54.tsv,
 * the answers of the last Linux that had KVM on 32-bit Arm.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hyp/uapi/kvm.h"

static int kvm, vm, vcpu[2], gic;

static const char *answer(int result)
{
	static char text[2][32];
	static int turn;
	char *t = text[turn ^= 1];

	if (result >= 0)
		snprintf(t, sizeof(text[0]), "%d", result);
	else
		snprintf(t, sizeof(text[0]), "%s", strerrorname_np(errno));
	return t;
}

static void say(const char *subject, int result)
{
	printf("%s\t%s\n", subject, answer(result));
}

static int attribute(int fd, unsigned long command, unsigned int group, uint64_t number, void *value)
{
	struct kvm_device_attr a = { .group = group, .attr = number, .addr = (uintptr_t)value };

	return ioctl(fd, command, &a);
}

static int irq_line(int fd, uint32_t irq)
{
	struct kvm_irq_level line = { .irq = irq, .level = 1 };

	return ioctl(fd, KVM_IRQ_LINE, &line);
}

static void probe_system(void)
{
	say("api version", ioctl(kvm, KVM_GET_API_VERSION, 0));
	say("vcpu mapping size", ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0));
	say("vm type 1", ioctl(kvm, KVM_CREATE_VM, 1));
	say("vm type 40", ioctl(kvm, KVM_CREATE_VM, 40));
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	for (int cap = 0; cap < 260; cap++) {
		int a = ioctl(kvm, KVM_CHECK_EXTENSION, cap), b = ioctl(vm, KVM_CHECK_EXTENSION, cap);

		if (a || b)
			printf("capability %d\t%d of the system, %d of the vm\n", cap, a, b);
	}
	say("irq line spi, no chip", irq_line(vm, 1u << 24 | 40));
	say("irq line cpu, no vcpu", irq_line(vm, 0));
}

static int init_vcpu(int fd, uint32_t target, uint32_t features)
{
	struct kvm_vcpu_init init = { .target = target, .features[0] = features };

	return ioctl(fd, KVM_ARM_VCPU_INIT, &init);
}

static void probe_create(void)
{
	struct kvm_vcpu_init init = { 0 };
	struct kvm_reg_list list = { .n = 0 };
	uint32_t word;
	struct kvm_one_reg reg = { .id = KVM_REG_ARM32_CORE(0), .addr = (uintptr_t)&word };
	uint32_t psci = 1u << KVM_ARM_VCPU_PSCI_0_2, t;

	say("preferred target", ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init));
	printf("target and features\t%u %#x\n", init.target, init.features[0]);
	t = init.target;
	say("vcpu id 1000", ioctl(vm, KVM_CREATE_VCPU, 1000));
	vcpu[0] = ioctl(vm, KVM_CREATE_VCPU, 0);
	vcpu[1] = ioctl(vm, KVM_CREATE_VCPU, 1);
	say("vcpu id twice", ioctl(vm, KVM_CREATE_VCPU, 0));
	say("get register before init", ioctl(vcpu[0], KVM_GET_ONE_REG, &reg));
	say("run before init", ioctl(vcpu[0], KVM_RUN, 0));
	say("register list before init", ioctl(vcpu[0], KVM_GET_REG_LIST, &list));
	say("init, bad target", init_vcpu(vcpu[0], 77, 0));
	say("init, unknown feature", init_vcpu(vcpu[0], t, 1u << 31));
	say("init, psci 0.2", init_vcpu(vcpu[0], t, psci));
	say("init, switched off", init_vcpu(vcpu[1], t, psci | 1));
	say("init, other features than before", init_vcpu(vcpu[0], t, psci | 1));
	say("init, the same again", init_vcpu(vcpu[0], t, psci));
}

static void probe_state(void)
{
	uint8_t room[1024] = { 0 };
	struct kvm_guest_debug *debug = (void *)room;
	struct kvm_mp_state mp;
	struct kvm_vcpu_events events = { 0 };

	say("get regs", ioctl(vcpu[0], _IOR(KVMIO, 0x81, char[72]), room));
	say("get sregs", ioctl(vcpu[0], _IOR(KVMIO, 0x83, char[4]), room));
	memset(room, 0, sizeof(room));
	say("guest debug off", ioctl(vcpu[0], KVM_SET_GUEST_DEBUG, debug));
	debug->control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP;
	say("guest debug single step", ioctl(vcpu[0], KVM_SET_GUEST_DEBUG, debug));
	for (int i = 0; i < 2; i++) {
		say("get mp state", ioctl(vcpu[i], KVM_GET_MP_STATE, &mp));
		printf("mp state of vcpu %d\t%u\n", i, mp.mp_state);
	}
	mp.mp_state = 1;
	say("set mp state 1", ioctl(vcpu[0], KVM_SET_MP_STATE, &mp));
	say("get events", ioctl(vcpu[0], KVM_GET_VCPU_EVENTS, &events));
	events.exception.serror_has_esr = events.exception.serror_pending = 1;
	say("set events, serror with syndrome", ioctl(vcpu[0], KVM_SET_VCPU_EVENTS, &events));
	memset(&events, 0, sizeof(events));
	events.reserved[0] = 1;
	say("set events, reserved", ioctl(vcpu[0], KVM_SET_VCPU_EVENTS, &events));
}

static void probe_register(uint64_t id)
{
	uint64_t value[32] = { 0 }, other[32];
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)value };
	bool got = !ioctl(vcpu[0], KVM_GET_ONE_REG, &reg), same, flipped;
	const char *why_same, *why_flipped;

	same = !ioctl(vcpu[0], KVM_SET_ONE_REG, &reg);
	why_same = same ? "ok" : strerrorname_np(errno);
	memcpy(other, value, sizeof(other));
	other[0] ^= 1;
	reg.addr = (uintptr_t)other;
	flipped = !ioctl(vcpu[0], KVM_SET_ONE_REG, &reg);
	why_flipped = flipped ? "ok" : strerrorname_np(errno);
	reg.addr = (uintptr_t)value;
	ioctl(vcpu[0], KVM_SET_ONE_REG, &reg);
	printf("register %016llx\t%016llx get %s, same %s, flipped %s\n", (unsigned long long)id,
	       (unsigned long long)value[0], got ? "ok" : "fails", why_same, why_flipped);
}

static void probe_registers(void)
{
	struct kvm_reg_list head = { .n = 0 }, *list;

	say("register list of none", ioctl(vcpu[0], KVM_GET_REG_LIST, &head));
	printf("registers\t%llu\n", (unsigned long long)head.n);
	list = calloc(1, sizeof(*list) + 8 * head.n);
	list->n = head.n;
	ioctl(vcpu[0], KVM_GET_REG_LIST, list);
	for (unsigned int i = 0; i < list->n; i++)
		probe_register(list->reg[i]);
}

struct step {
	const char *subject;
	unsigned int group, number;
	uint64_t value;
};

static const struct step gic_steps[] = {
	{ "gic, distributor misaligned", 0, 0, 0x08000001 }, { "gic, distributor beyond ipa", 0, 0, 1ull << 52 },
	{ "gic, 33 irqs", 3, 0, 33 }, { "gic, 1056 irqs", 3, 0, 1056 }, { "gic, 96 irqs", 3, 0, 96 },
	{ "gic, 96 irqs twice", 3, 0, 96 }, { "gic, distributor", 0, 0, 0x08000000 },
	{ "gic, distributor twice", 0, 0, 0x08000000 }, { "gic, cpu interface", 0, 1, 0x08010000 },
};

static int create_device(int fd, uint32_t type, uint32_t flags)
{
	struct kvm_create_device device = { .type = type, .flags = flags };
	int result = ioctl(fd, KVM_CREATE_DEVICE, &device);

	if (!result && !flags)
		gic = device.fd;
	return result;
}

static void probe_gic_registers(unsigned int group, const char *name, unsigned int end)
{
	for (unsigned int off = 0; off < end; off += 4) {
		uint32_t value = 0;
		bool id = group == 1 && (off < 0x20 || off >= 0xfd0);

		if (attribute(gic, KVM_GET_DEVICE_ATTR, group, off, &value))
			printf("%s %04x\t%s\n", name, off, strerrorname_np(errno));
		else if (value || id)
			printf("%s %04x\t%08x\n", name, off, value);
	}
}

static void probe_gic(void)
{
	say("test vgic v3", create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V3, KVM_CREATE_DEVICE_TEST));
	say("test its", create_device(vm, KVM_DEV_TYPE_ARM_VGIC_ITS, KVM_CREATE_DEVICE_TEST));
	say("test vgic v2", create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V2, KVM_CREATE_DEVICE_TEST));
	say("create vgic v2", create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V2, 0));
	say("create vgic v2 twice", create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V2, 0));
	say("create irqchip after it", ioctl(vm, KVM_CREATE_IRQCHIP, 0));
	for (unsigned int i = 0; i < sizeof(gic_steps) / sizeof(gic_steps[0]); i++) {
		uint64_t value = gic_steps[i].value;

		say(gic_steps[i].subject,
		    attribute(gic, KVM_SET_DEVICE_ATTR, gic_steps[i].group, gic_steps[i].number, &value));
	}
	for (unsigned int group = 0; group < 10; group++)
		for (unsigned int number = 0; number < 6; number++)
			if (!attribute(gic, KVM_HAS_DEVICE_ATTR, group, number, NULL))
				printf("gic has group %u attribute %u\tyes\n", group, number);
	say("gic init", attribute(gic, KVM_SET_DEVICE_ATTR, 4, 0, NULL));
	say("gic init twice", attribute(gic, KVM_SET_DEVICE_ATTR, 4, 0, NULL));
	say("vcpu after gic init", ioctl(vm, KVM_CREATE_VCPU, 2));
	probe_gic_registers(1, "gicd", 0x1000);
	probe_gic_registers(2, "gicc", 0x2000);
	say("irq line spi 40", irq_line(vm, 1u << 24 | 40));
	say("irq line spi 20", irq_line(vm, 1u << 24 | 20));
	say("irq line spi 500", irq_line(vm, 1u << 24 | 500));
	say("irq line ppi 30 of vcpu 1", irq_line(vm, 2u << 24 | 1 << 16 | 30));
	say("irq line ppi 30 of vcpu 9", irq_line(vm, 2u << 24 | 9 << 16 | 30));
	say("irq line cpu, with chip", irq_line(vm, 0));
	say("irq line ppi 5", irq_line(vm, 2u << 24 | 5));
	for (unsigned int group = 0; group < 4; group++) {
		for (unsigned int number = 0; number < 4; number++) {
			uint32_t value = 0;

			if (!attribute(vcpu[0], KVM_HAS_DEVICE_ATTR, group, number, NULL))
				printf("vcpu attribute %u %u\t%s, %u\n", group, number,
				       answer(attribute(vcpu[0], KVM_GET_DEVICE_ATTR, group, number, &value)), value);
		}
	}
}

static int slot(unsigned int number, unsigned int flags, uint64_t gpa, uint64_t size, void *hva)
{
	struct kvm_userspace_memory_region region = { number, flags, gpa, size, (uintptr_t)hva };

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
}

/* Stores to a hole, to memory, to a read-only slot; a load from it; a STM to a hole; b . */
static const uint32_t code[] = {
	0xe3a01a01, 0xe5810000, 0xe3a02102, 0xe2822a01, 0xe5820000,
	0xe3a03209, 0xe5834000, 0xe5935000, 0xe8a10003, 0xeafffffe,
};

static void probe_run(struct kvm_run *run)
{
	uint32_t pc = 0x80000000;
	struct kvm_one_reg reg = { .id = KVM_REG_ARM32_CORE(15), .addr = (uintptr_t)&pc };

	say("set pc", ioctl(vcpu[0], KVM_SET_ONE_REG, &reg));
	for (int i = 0; i < 3; i++) {
		int result = ioctl(vcpu[0], KVM_RUN, 0), err = errno;

		ioctl(vcpu[0], KVM_GET_ONE_REG, &reg);
		errno = err;
		printf("run %d\t%s, exit %u, pc %08x", i, answer(result), run->exit_reason, pc);
		if (!result && run->exit_reason == KVM_EXIT_MMIO)
			printf(", %s %#llx, %u bytes", run->mmio.is_write ? "write" : "read",
			       (unsigned long long)run->mmio.phys_addr, run->mmio.len);
		putchar('\n');
	}
}

static void probe_memory(void)
{
	const size_t size = 0x10000;
	uint8_t *ram = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint8_t *ro = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct kvm_run *run = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu[0], 0);
	uint64_t map[4] = { 0 };
	struct kvm_dirty_log log = { .slot = 0, .dirty_bitmap = map };

	say("slot, unaligned size", slot(0, 0, 0x80000000, size + 0x100, ram));
	say("slot", slot(0, 0, 0x80000000, size, ram));
	say("slot, overlapping", slot(1, 0, 0x80000000, size, ram));
	say("slot, beyond ipa", slot(1, 0, 1ull << 45, size, ram));
	say("slot, read only and logged", slot(2, KVM_MEM_READONLY | KVM_MEM_LOG_DIRTY_PAGES, 0x90000000, size, ro));
	say("slot, log on", slot(0, KVM_MEM_LOG_DIRTY_PAGES, 0x80000000, size, ram));
	memcpy(ram, code, sizeof(code));
	probe_run(run);
	say("dirty log", ioctl(vm, KVM_GET_DIRTY_LOG, &log));
	printf("dirty\t%016llx\n", (unsigned long long)map[0]);
	ioctl(vm, KVM_GET_DIRTY_LOG, &log);
	printf("dirty again\t%016llx\n", (unsigned long long)map[0]);
	run->immediate_exit = 1;
	say("run, immediate exit", ioctl(vcpu[0], KVM_RUN, 0));
}

/* Another VM whose GIC has no CPU interface. */
static void probe_half_gic(void)
{
	int other = ioctl(kvm, KVM_CREATE_VM, 0), cpu = ioctl(other, KVM_CREATE_VCPU, 0);
	uint64_t dist = 0x08000000;
	struct kvm_vcpu_init init;
	struct kvm_mp_state mp;

	ioctl(other, KVM_ARM_PREFERRED_TARGET, &init);
	init.features[0] |= 1u << KVM_ARM_VCPU_PSCI_0_2;
	ioctl(cpu, KVM_ARM_VCPU_INIT, &init);
	say("second vm, gic", create_device(other, KVM_DEV_TYPE_ARM_VGIC_V2, 0));
	attribute(gic, KVM_SET_DEVICE_ATTR, 0, 0, &dist);
	say("second vm, run without cpu interface", ioctl(cpu, KVM_RUN, 0));
	say("second vm, mp state after that", ioctl(cpu, KVM_GET_MP_STATE, &mp));
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(60);
	kvm = open("/dev/kvm", O_RDWR);
	if (kvm < 0) {
		perror("/dev/kvm");
		return 1;
	}
	probe_system();
	probe_create();
	probe_state();
	probe_registers();
	probe_gic();
	probe_memory();
	probe_half_gic();
	puts("end\t.");
	return 0;
}
