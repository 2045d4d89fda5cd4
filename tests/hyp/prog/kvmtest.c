// SPDX-License-Identifier: GPL-2.0-only
/* The host side of the KVM tests: VMs, vCPUs and how the guests' ports are served. */
#define _GNU_SOURCE
#include "kvmtest.h"

#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/sysinfo.h>
#include <time.h>

extern const uint8_t guest_image[], guest_image_end[];

void fail(const char *file, int line, const char *fmt, ...)
{
	const char *name = strrchr(file, '/');
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "%s:%d: ", name ? name + 1 : file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	/* All threads, whatever they do. */
	_exit(1);
}

void skip(const char *why)
{
	fprintf(stderr, "skipped: %s\n", why);
	_exit(77);
}

void *anon(size_t size)
{
	const size_t align = 2 << 20;
	uint8_t *p = mmap(NULL, size + align, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			  -1, 0);
	uint8_t *aligned = (uint8_t *)(((uintptr_t)p + align - 1) & ~(align - 1));

	CHECK(p != MAP_FAILED);
	if (aligned > p)
		munmap(p, aligned - p);
	munmap(aligned + size, p + align - aligned);
	return aligned;
}

int vm_slot(struct vm *vm, unsigned int slot, unsigned int flags, uint64_t gpa, size_t size, void *hva)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot, .flags = flags, .guest_phys_addr = gpa, .memory_size = size,
		.userspace_addr = (uintptr_t)hva,
	};

	return call(ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region));
}

void *vm_hva(struct vm *vm, uint32_t gpa)
{
	return vm->ram + (gpa - GUEST_RAM);
}

int attr_set(int fd, unsigned int group, uint64_t attr, const void *value)
{
	struct kvm_device_attr a = { .group = group, .attr = attr, .addr = (uintptr_t)value };

	return call(ioctl(fd, KVM_SET_DEVICE_ATTR, &a));
}

int attr_get(int fd, unsigned int group, uint64_t attr, void *value)
{
	struct kvm_device_attr a = { .group = group, .attr = attr, .addr = (uintptr_t)value };

	return call(ioctl(fd, KVM_GET_DEVICE_ATTR, &a));
}

int attr_has(int fd, unsigned int group, uint64_t attr)
{
	struct kvm_device_attr a = { .group = group, .attr = attr };

	return call(ioctl(fd, KVM_HAS_DEVICE_ATTR, &a));
}

void vm_gic_finish(struct vm *vm, unsigned int nr_irqs)
{
	uint64_t dist = GUEST_GICD, cpu = GUEST_GICC;

	CHECK_EQ(attr_set(vm->gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_DIST, &dist), 0);
	CHECK_EQ(attr_set(vm->gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_CPU, &cpu), 0);
	CHECK_EQ(attr_set(vm->gic, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &nr_irqs), 0);
	CHECK_EQ(attr_set(vm->gic, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL), 0);
}

static void vcpu_create(struct vm *vm, unsigned int id)
{
	struct vcpu *vcpu = &vm->vcpu[id];
	int size = ioctl(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	vcpu->vm = vm;
	vcpu->id = id;
	vcpu->fd = call(ioctl(vm->fd, KVM_CREATE_VCPU, id));
	CHECK(vcpu->fd >= 0);
	vcpu->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	CHECK(vcpu->run != MAP_FAILED);
}

struct vcpu *vcpu_init(struct vm *vm, unsigned int id, unsigned int features)
{
	struct kvm_vcpu_init init;

	CHECK_EQ(call(ioctl(vm->fd, KVM_ARM_PREFERRED_TARGET, &init)), 0);
	init.features[0] |= features;
#ifdef __aarch64__
	init.features[0] |= 1u << KVM_ARM_VCPU_EL1_32BIT;
#endif
	CHECK_EQ(call(ioctl(vm->vcpu[id].fd, KVM_ARM_VCPU_INIT, &init)), 0);
	return &vm->vcpu[id];
}

struct vm *vm_new(unsigned int nr_vcpus, unsigned int flags)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_ARM_VGIC_V2 };

	vm->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm < 0)
		FAIL("/dev/kvm: %s", strerror(errno));
	vm->fd = call(ioctl(vm->kvm, KVM_CREATE_VM, 0));
	if (vm->fd < 0)
		FAIL("KVM_CREATE_VM: %s", strerror(-vm->fd));
	vm->gic = -1;
	vm->nr_vcpus = nr_vcpus;
	vm->psci_features = flags & VM_PSCI_01 ? 0 : 1u << KVM_ARM_VCPU_PSCI_0_2;
	for (unsigned int i = 0; i < nr_vcpus; i++) {
		vcpu_create(vm, i);
		vcpu_init(vm, i, vm->psci_features | (i ? 1u << KVM_ARM_VCPU_POWER_OFF : 0));
	}
	if (!(flags & VM_NO_GIC)) {
		CHECK_EQ(call(ioctl(vm->fd, KVM_CREATE_DEVICE, &device)), 0);
		vm->gic = device.fd;
		if (!(flags & VM_GIC_LATE))
			vm_gic_finish(vm, 96);
	}
	if (!(flags & VM_NO_RAM)) {
		vm->ram = anon(GUEST_RAM_SIZE);
		memcpy(vm->ram, guest_image, guest_image_end - guest_image);
		CHECK_EQ(vm_slot(vm, 0, 0, GUEST_RAM, GUEST_RAM_SIZE, vm->ram), 0);
	}
	return vm;
}

void vm_free(struct vm *vm)
{
	int size = ioctl(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	for (unsigned int i = 0; i < vm->nr_vcpus; i++) {
		munmap(vm->vcpu[i].run, size);
		close(vm->vcpu[i].fd);
	}
	if (vm->gic >= 0)
		close(vm->gic);
	close(vm->fd);
	close(vm->kvm);
	if (vm->ram)
		munmap(vm->ram, GUEST_RAM_SIZE);
	free(vm);
}

static void irq_line(struct vm *vm, uint32_t irq, int level)
{
	struct kvm_irq_level line = { .irq = irq, .level = level };

	CHECK_EQ(call(ioctl(vm->fd, KVM_IRQ_LINE, &line)), 0);
}

void vm_spi(struct vm *vm, unsigned int irq, int level)
{
	irq_line(vm, KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT | irq, level);
}

void vm_ppi(struct vm *vm, unsigned int vcpu, unsigned int irq, int level)
{
	irq_line(vm, KVM_ARM_IRQ_TYPE_PPI << KVM_ARM_IRQ_TYPE_SHIFT | vcpu << KVM_ARM_IRQ_VCPU_SHIFT | irq, level);
}

#ifdef __aarch64__
/*
 * KVM of arm64 is a second subject: it shows that a test asks for what Linux does.
 * Its AArch32 guests have r0-r14, PC and CPSR in X registers, PC and PSTATE.
 */
static uint64_t reg_id(uint64_t id, bool *wide)
{
	uint64_t core = id - CORE(0), word = core < 15 ? core * 2 : core == 15 ? 64 : 66;

	*wide = core <= 16;
	if (*wide)
		return KVM_REG_ARM64_CORE(KVM_REG_SIZE_U64, word);
	if (id == KVM_REG_ARM32_TIMER_CNT)
		return KVM_REG_ARM64_TIMER_CNT;
	if ((id & ~0xffffull) == KVM_REG_ARM32_FW_REG(0))
		return KVM_REG_ARM64_FW_REG(id & 0xffff);
	skip("a register that arm64 has elsewhere");
}
#else
static uint64_t reg_id(uint64_t id, bool *wide)
{
	*wide = false;
	return id;
}
#endif

int reg_get(struct vcpu *vcpu, uint64_t id, void *value)
{
	uint64_t v;
	bool wide;
	struct kvm_one_reg reg = { .id = reg_id(id, &wide), .addr = (uintptr_t)(wide ? &v : value) };
	int err = call(ioctl(vcpu->fd, KVM_GET_ONE_REG, &reg));

	if (wide && !err)
		memcpy(value, &v, 4);
	return err;
}

int reg_set(struct vcpu *vcpu, uint64_t id, const void *value)
{
	uint64_t v = 0;
	bool wide;
	struct kvm_one_reg reg = { .id = reg_id(id, &wide), .addr = (uintptr_t)(wide ? &v : value) };

	if (wide)
		memcpy(&v, value, 4);
	return call(ioctl(vcpu->fd, KVM_SET_ONE_REG, &reg));
}

uint32_t reg32(struct vcpu *vcpu, uint64_t id)
{
	uint32_t v;
	int err = reg_get(vcpu, id, &v);

	if (err)
		FAIL("register %#llx: %s", (unsigned long long)id, strerror(-err));
	return v;
}

uint64_t reg64(struct vcpu *vcpu, uint64_t id)
{
	uint64_t v;
	int err = reg_get(vcpu, id, &v);

	if (err)
		FAIL("register %#llx: %s", (unsigned long long)id, strerror(-err));
	return v;
}

void reg32_set(struct vcpu *vcpu, uint64_t id, uint32_t value)
{
	int err = reg_set(vcpu, id, &value);

	if (err)
		FAIL("register %#llx = %#x: %s", (unsigned long long)id, value, strerror(-err));
}

void reg64_set(struct vcpu *vcpu, uint64_t id, uint64_t value)
{
	int err = reg_set(vcpu, id, &value);

	if (err)
		FAIL("register %#llx = %#llx: %s", (unsigned long long)id, (unsigned long long)value, strerror(-err));
}

void vcpu_start_at(struct vcpu *vcpu, uint32_t fn, uint32_t arg, bool mmu_off)
{
	reg32_set(vcpu, CORE(0), fn);
	reg32_set(vcpu, CORE(1), arg);
	reg32_set(vcpu, CORE(2), mmu_off);
	reg32_set(vcpu, CORE_CPSR, 0x1d3);
	reg32_set(vcpu, CORE_PC, GUEST_RAM);
}

/* The guest accessed a port: -> the event, or -1 to go on. */
static int serve_port(struct vcpu *vcpu, uint32_t port)
{
	struct kvm_run *run = vcpu->run;
	uint32_t data;

	memcpy(&data, run->mmio.data, 4);
	if (run->mmio.len != 4)
		FAIL("vcpu %u: port %#x accessed with %u bytes", vcpu->id, port, run->mmio.len);
	if (!run->mmio.is_write) {
		if (port != PORT_SYNC)
			FAIL("vcpu %u: port %#x read", vcpu->id, port);
		memcpy(run->mmio.data, &vcpu->answer, 4);
		return EV_ASK;
	}
	switch (port) {
	case PORT_A:
		vcpu->a = data;
		return -1;
	case PORT_B:
		vcpu->b = data;
		return -1;
	case PORT_PUTC:
		fputc((int)data, stderr);
		return -1;
	case PORT_EXIT:
		vcpu->value = data;
		return EV_EXIT;
	case PORT_SYNC:
		vcpu->value = data;
		return EV_SYNC;
	}
	FAIL("vcpu %u: the guest failed in line %d: %#x, %#x", vcpu->id, (int)data, vcpu->a, vcpu->b);
}

enum event vcpu_run(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	for (;;) {
		/* The exit reason is left alone: by it KVM knows that an access is to be completed. */
		vcpu->err = call(ioctl(vcpu->fd, KVM_RUN, 0));
		if (vcpu->err == -EINTR)
			return EV_INTR;
		if (vcpu->err < 0)
			return EV_ERROR;
		if (run->exit_reason == KVM_EXIT_SYSTEM_EVENT)
			return EV_SYSTEM;
		if (run->exit_reason != KVM_EXIT_MMIO)
			return EV_OTHER;
		if (run->mmio.phys_addr >= PORT && run->mmio.phys_addr < PORT + 0x1000) {
			int event = serve_port(vcpu, run->mmio.phys_addr);

			if (event >= 0)
				return event;
		} else if (!vcpu->mmio || !vcpu->mmio(vcpu)) {
			return EV_MMIO;
		}
	}
}

static const char *event_name(struct vcpu *vcpu, enum event event)
{
	static _Thread_local char text[120];
	struct kvm_run *run = vcpu->run;

	switch (event) {
	case EV_MMIO:
		snprintf(text, sizeof(text), "an MMIO %s of %u bytes at %#llx, pc %#x",
			 run->mmio.is_write ? "write" : "read", run->mmio.len,
			 (unsigned long long)run->mmio.phys_addr, reg32(vcpu, CORE_PC));
		return text;
	case EV_ERROR:
		snprintf(text, sizeof(text), "KVM_RUN: %s, pc %#x", strerror(-vcpu->err), reg32(vcpu, CORE_PC));
		return text;
	case EV_SYNC:
		snprintf(text, sizeof(text), "sync %u", vcpu->value);
		return text;
	case EV_EXIT:
		snprintf(text, sizeof(text), "guest_exit(%u)", vcpu->value);
		return text;
	default:
		snprintf(text, sizeof(text), "event %d, exit reason %u", event, run->exit_reason);
		return text;
	}
}

uint32_t vcpu_finish(struct vcpu *vcpu)
{
	for (;;) {
		enum event event = vcpu_run(vcpu);

		if (event == EV_EXIT)
			return vcpu->value;
		if (event == EV_SYNC && vcpu->on_sync && !vcpu->on_sync(vcpu))
			continue;
		if (event != EV_ASK)
			FAIL("vcpu %u: %s", vcpu->id, event_name(vcpu, event));
	}
}

void vcpu_until(struct vcpu *vcpu, uint32_t value)
{
	enum event event = vcpu_run(vcpu);

	if (event != EV_SYNC || vcpu->value != value)
		FAIL("vcpu %u: %s, not sync %u", vcpu->id, event_name(vcpu, event), value);
}

static void *vcpu_main(void *opaque)
{
	struct vcpu *vcpu = opaque;

	return (void *)(uintptr_t)vcpu_finish(vcpu);
}

void vcpu_thread(struct vcpu *vcpu)
{
	CHECK_EQ(pthread_create(&vcpu->thread, NULL, vcpu_main, vcpu), 0);
	vcpu->threaded = true;
}

uint32_t vcpu_join(struct vcpu *vcpu)
{
	void *value;

	CHECK_EQ(pthread_join(vcpu->thread, &value), 0);
	vcpu->threaded = false;
	return (uint32_t)(uintptr_t)value;
}

void vcpu_pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu % host_cpus(), &set);
	CHECK_EQ(sched_setaffinity(0, sizeof(set), &set), 0);
}

uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void pause_us(unsigned int us)
{
	struct timespec t = { us / 1000000, (long)(us % 1000000) * 1000 };

	while (nanosleep(&t, &t))
		;
}

unsigned int host_cpus(void)
{
	return get_nprocs();
}

uint32_t rnd(uint32_t *state)
{
	/* xorshift */
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void echo(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		FAIL("%s: %s", path, strerror(errno));
	close(fd);
}

/*
 * Free pages of the host after its caches were dropped, and those that its CPUs keep at
 * hand: hundreds, as a huge page may be one of them.
 */
static long host_free_pages(void)
{
	char line[120];
	long sum = 0, n;
	FILE *f;

	/* What is freed after a grace period is no loss. */
	pause_us(300000);
	echo("/proc/sys/vm/drop_caches", "3");
	echo("/proc/sys/vm/stat_refresh", "1");		/* CPUs hold a part of the counters, too */
	f = fopen("/proc/zoneinfo", "r");
	CHECK(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " nr_free_pages %ld", &n) == 1 || sscanf(line, " count: %ld", &n) == 1)
			sum += n;
	fclose(f);
	CHECK(sum > 0);
	return sum;
}

void check_no_loss(void (*batch)(void *arg), void *arg, long slack)
{
	long before, now = 0, first;

	batch(arg);
	first = before = host_free_pages();
	for (int i = 0; i < 4; i++) {
		batch(arg);
		/* Files and notifiers go back some grace periods later. */
		for (int k = 0; k < 5; k++) {
			now = host_free_pages();
			if (now >= before - slack)
				return;
		}
		before = now;
	}
	FAIL("4 times more than %ld pages were lost, %ld in all", slack, first - now);
}
