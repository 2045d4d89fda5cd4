// SPDX-License-Identifier: GPL-2.0-only
/* The interrupt controller: delivery, registers, its device and its order of calls. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "kvmtest.h"

#define TICKS 625000	/* 10 ms at QEMU's 62.5 MHz */

static int raise_40(struct vcpu *v)
{
	/* An edge: up and down. */
	vm_spi(v->vm, 40, 1);
	vm_spi(v->vm, 40, 0);
	return 0;
}

TEST(abi_spi_edge, "200 edges of an SPI, each one taken once, after WFI")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];

	v->on_sync = raise_40;
	vcpu_start_at(v, GUEST(g_spi_edge), 200, false);
	CHECK_EQ(vcpu_finish(v), 200);
	vm_free(vm);
}

static int level_41(struct vcpu *v)
{
	vm_spi(v->vm, 41, v->value == 1);
	return 0;
}

TEST(row_30_level, "a level SPI is pending again while its line is high, and not when it was lowered before EOI")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];

	v->on_sync = level_41;
	vcpu_start_at(v, GUEST(g_spi_level), TICKS, false);
	CHECK_EQ(vcpu_finish(v), 3);
	vm_free(vm);
}

static int raise_16(struct vcpu *v)
{
	for (int i = 0; i < 16; i++) {
		vm_spi(v->vm, 40 + i, 1);
		vm_spi(v->vm, 40 + i, 0);
	}
	return 0;
}

TEST(row_29_overflow, "16 SPIs pending at once, four list registers: each taken once, by priority")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];

	v->on_sync = raise_16;
	vcpu_start_at(v, GUEST(g_spi_many), TICKS, false);
	CHECK_EQ(vcpu_finish(v), 16);
	vm_free(vm);
}

static int pulse_value(struct vcpu *v)
{
	vm_spi(v->vm, v->value, 1);
	vm_spi(v->vm, v->value, 0);
	return 0;
}

TEST(row_31_active, "acknowledged interrupts are active, pre-emption and running priority")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];

	v->on_sync = pulse_value;
	vcpu_start_at(v, GUEST(g_gic_active), 0, false);
	CHECK_EQ(vcpu_finish(v), 7);
	vm_free(vm);
}

static int line_40(struct vcpu *v)
{
	vm_spi(v->vm, 40, v->value == 1);
	return 0;
}

TEST(row_31_gicd_regs, "distributor registers read as written; pending and active bits of level SPIs")
{
	/* With one CPU the targets read as 0. */
	struct vm *vm = vm_new(2, 0);
	struct vcpu *v = &vm->vcpu[0];

	v->on_sync = line_40;
	vcpu_start_at(v, GUEST(g_gicd_regs), 0, false);
	CHECK_EQ(vcpu_finish(v), 7);
	vm_free(vm);
}

static int raise_40_only_once(struct vcpu *v)
{
	if (v->value == 1)
		raise_40(v);
	return 0;
}

static void *late_42(void *opaque)
{
	struct vcpu *v = opaque;

	pause_us(500000);
	vm_spi(v->vm, 42, 1);
	vm_spi(v->vm, 42, 0);
	return NULL;
}

TEST(row_33_pmr, "WFI sleeps when PMR masks what is pending, and wakes for what it does not")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	uint64_t began = now_us();
	pthread_t t;

	v->on_sync = raise_40_only_once;
	CHECK_EQ(pthread_create(&t, NULL, late_42, v), 0);
	vcpu_start_at(v, GUEST(g_pmr_wake), 0, false);
	CHECK_EQ(vcpu_finish(v), 7);
	CHECK(now_us() - began >= 400000);
	pthread_join(t, NULL);
	vm_free(vm);
}

static void two_cpus(uint32_t fn, uint32_t arg, uint32_t result)
{
	struct vm *vm = vm_new(2, 0);

	vcpu_start_at(&vm->vcpu[0], fn, arg, false);
	vcpu_thread(&vm->vcpu[1]);
	vcpu_thread(&vm->vcpu[0]);
	CHECK_EQ(vcpu_join(&vm->vcpu[0]), result);
	CHECK_EQ(vcpu_join(&vm->vcpu[1]), 0);
	vm_free(vm);
}

TEST_LIMIT(abi_sgi, 40, "500 SGIs to a CPU in WFI")
{
	two_cpus(GUEST(g_sgi_ping), 500, 500);
}

TEST(row_32_sgi_sources, "one SGI pending from two CPUs is taken once for each; SPENDSGIR shows both")
{
	two_cpus(GUEST(g_sgi_sources), TICKS, 7);
}

TEST(row_44_wfe, "WFE is ended by another CPU's SEV")
{
	two_cpus(GUEST(g_wfe_sev), 1000, 1);
}

TEST(row_36_gic_order, "the order of calls around KVM_CREATE_DEVICE, and their errors")
{
	struct vm *vm = vm_new(2, VM_GIC_LATE);
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_ARM_VGIC_V2 };
	uint64_t addr = 0x08000001;
	uint32_t n;

	CHECK_EQ(call(ioctl(vm->fd, KVM_CREATE_DEVICE, &device)), -EEXIST);
	CHECK_EQ(call(ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0)), -EEXIST);
	device.type = KVM_DEV_TYPE_ARM_VGIC_V3;
	CHECK_EQ(call(ioctl(vm->fd, KVM_CREATE_DEVICE, &device)), -ENODEV);
	CHECK_EQ(attr_set(vm->gic, 0, 0, &addr), -EINVAL);
	addr = 1ull << 52;
	CHECK_EQ(attr_set(vm->gic, 0, 0, &addr), -E2BIG);
	n = 33;
	CHECK_EQ(attr_set(vm->gic, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &n), -EINVAL);
	n = 1056;
	CHECK_EQ(attr_set(vm->gic, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &n), -EINVAL);
	n = 96;
	CHECK_EQ(attr_set(vm->gic, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &n), 0);
	CHECK_EQ(attr_set(vm->gic, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &n), -EBUSY);
	addr = GUEST_GICD;
	CHECK_EQ(attr_set(vm->gic, 0, 0, &addr), 0);
	CHECK_EQ(attr_set(vm->gic, 0, 0, &addr), -EEXIST);
	/* Running with the CPU interface nowhere. */
	CHECK_EQ(attr_set(vm->gic, KVM_DEV_ARM_VGIC_GRP_CTRL, 0, NULL), 0);
	CHECK_EQ(attr_set(vm->gic, KVM_DEV_ARM_VGIC_GRP_CTRL, 0, NULL), 0);
	CHECK_EQ(call(ioctl(vm->fd, KVM_CREATE_VCPU, 2)), -EBUSY);
	vcpu_start_at(&vm->vcpu[0], GUEST(g_return), 0, true);
	CHECK_EQ(vcpu_run(&vm->vcpu[0]), EV_ERROR);
	CHECK_EQ(vm->vcpu[0].err, -ENXIO);
	vm_free(vm);
}

TEST(row_36_gic_late_addresses, "CTRL_INIT before the addresses (QEMU's order) works as well")
{
	struct vm *vm = vm_new(1, VM_GIC_LATE);
	uint64_t dist = GUEST_GICD, cpu = GUEST_GICC;
	uint32_t n = 96;
	struct vcpu *v = &vm->vcpu[0];

	CHECK_EQ(attr_set(vm->gic, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &n), 0);
	CHECK_EQ(attr_set(vm->gic, KVM_DEV_ARM_VGIC_GRP_CTRL, 0, NULL), 0);
	CHECK_EQ(attr_set(vm->gic, 0, KVM_VGIC_V2_ADDR_TYPE_CPU, &cpu), 0);
	CHECK_EQ(attr_set(vm->gic, 0, KVM_VGIC_V2_ADDR_TYPE_DIST, &dist), 0);
	v->on_sync = raise_40;
	vcpu_start_at(v, GUEST(g_spi_edge), 3, false);
	CHECK_EQ(vcpu_finish(v), 3);
	vm_free(vm);
}

TEST(abi_irqchip_legacy, "KVM_CREATE_IRQCHIP and KVM_ARM_SET_DEVICE_ADDR")
{
	struct vm *vm = vm_new(1, VM_NO_GIC);
	struct kvm_arm_device_addr addr = {
		.id = KVM_ARM_DEVICE_VGIC_V2 << KVM_ARM_DEVICE_ID_SHIFT | KVM_VGIC_V2_ADDR_TYPE_DIST,
		.addr = GUEST_GICD,
	};
	struct vcpu *v = &vm->vcpu[0];

	CHECK_EQ(call(ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0)), 0);
	CHECK_EQ(call(ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0)), -EEXIST);
	CHECK_EQ(call(ioctl(vm->fd, KVM_ARM_SET_DEVICE_ADDR, &addr)), 0);
	addr.id++;
	addr.addr = GUEST_GICC;
	CHECK_EQ(call(ioctl(vm->fd, KVM_ARM_SET_DEVICE_ADDR, &addr)), 0);
	v->on_sync = raise_40;
	vcpu_start_at(v, GUEST(g_spi_edge), 3, false);
	CHECK_EQ(vcpu_finish(v), 3);
	vm_free(vm);
}

static int line(struct vm *vm, uint32_t irq)
{
	struct kvm_irq_level l = { .irq = irq, .level = 1 };

	return call(ioctl(vm->fd, KVM_IRQ_LINE, &l));
}

TEST(abi_irq_line, "KVM_IRQ_LINE: what is refused with and without a GIC")
{
	struct vm *vm = vm_new(2, 0), *bare = vm_new(1, VM_NO_GIC);

	CHECK_EQ(line(vm, 1u << 24 | 40), 0);
	CHECK_EQ(line(vm, 1u << 24 | 20), -EINVAL);
	CHECK_EQ(line(vm, 1u << 24 | 500), -EINVAL);
	CHECK_EQ(line(vm, 2u << 24 | 1 << 16 | 30), 0);
	CHECK_EQ(line(vm, 2u << 24 | 9 << 16 | 30), -EINVAL);
	CHECK_EQ(line(vm, 2u << 24 | 5), -EINVAL);
	CHECK_EQ(line(vm, 0), -ENXIO);
	CHECK_EQ(line(vm, 3u << 24), -EINVAL);
	CHECK_EQ(line(bare, 1u << 24 | 40), -ENXIO);
	CHECK_EQ(line(bare, 2u << 24 | 30), -ENXIO);
	CHECK_EQ(line(bare, 0), 0);
	CHECK_EQ(line(bare, 2), -EINVAL);
	CHECK_EQ(line(bare, 3 << 16), -EINVAL);
	vm_free(vm);
	vm_free(bare);
}

#define DIST(off)	((uint64_t)(off))
static uint32_t gicd_get(struct vm *vm, unsigned int cpu, uint32_t off)
{
	uint32_t v;
	int err = attr_get(vm->gic, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, (uint64_t)cpu << 32 | off, &v);

	if (err)
		FAIL("GICD %#x of CPU %u: %s", off, cpu, strerror(-err));
	return v;
}

static void gicd_put(struct vm *vm, unsigned int cpu, uint32_t off, uint32_t v)
{
	int err = attr_set(vm->gic, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, (uint64_t)cpu << 32 | off, &v);

	if (err)
		FAIL("GICD %#x of CPU %u: %s", off, cpu, strerror(-err));
}

static void *busy_main(void *opaque)
{
	struct vcpu *v = opaque;

	vcpu_run(v);
	return NULL;
}

TEST(row_35_access, "registers of the GIC's device: EBUSY while a vCPU runs, bad CPUs and offsets")
{
	struct vm *vm = vm_new(2, 0);
	struct vcpu *v = &vm->vcpu[0];
	const uint32_t loop = 0xeafffffe;
	uint32_t value = 0;
	pthread_t t;

	CHECK_EQ(gicd_get(vm, 0, 8), gicd_get(vm, 1, 8));
	CHECK_EQ(attr_get(vm->gic, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 5ull << 32, &value), -EINVAL);
	CHECK_EQ(attr_get(vm->gic, 9, 0, &value), -ENXIO);
	CHECK_EQ(attr_has(vm->gic, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 0), 0);
	CHECK_EQ(attr_has(vm->gic, KVM_DEV_ARM_VGIC_GRP_CPU_REGS, 0xd0), 0);
	memcpy(vm_hva(vm, GUEST_FREE), &loop, 4);
	reg32_set(v, CORE_PC, GUEST_FREE);
	CHECK_EQ(pthread_create(&t, NULL, busy_main, v), 0);
	pause_us(500000);
	CHECK_EQ(attr_get(vm->gic, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 0, &value), -EBUSY);
	_exit(0);	/* with a vCPU in its guest */
}

/* The registers that clients move, in QEMU's order; the count of words per CPU, from the first one. */
/* A register that clears is written in full, then its setting one. */
struct gic_reg { uint32_t off, words; bool banked, clears; };
static const struct gic_reg moved[] = {
	{ 0x000, 1, false, false },
	{ 0x180, 1, true, true }, { 0x100, 1, true, false }, { 0x184, 2, false, true }, { 0x104, 2, false, false },
	{ 0x080, 1, true, false }, { 0x084, 2, false, false }, { 0x820, 16, false, false },
	{ 0xc00, 2, true, false }, { 0xc08, 4, false, false },
	{ 0x280, 1, true, true }, { 0x200, 1, true, false }, { 0x284, 2, false, true }, { 0x204, 2, false, false },
	{ 0x380, 1, true, true }, { 0x300, 1, true, false }, { 0x384, 2, false, true }, { 0x304, 2, false, false },
	{ 0x400, 8, true, false }, { 0x420, 16, false, false }, { 0xf10, 4, true, true }, { 0xf20, 4, true, false },
};
static const uint32_t moved_gicc[] = { 0x0, 0x4, 0x8, 0x1c, 0xd0, 0xd4, 0xd8, 0xdc };

static void gic_copy(struct vm *from, struct vm *to)
{
	for (unsigned int i = 0; i < sizeof(moved) / sizeof(moved[0]); i++) {
		const struct gic_reg *r = &moved[i];

		for (unsigned int cpu = 0; cpu < (r->banked ? from->nr_vcpus : 1); cpu++) {
			for (unsigned int w = 0; w < r->words; w++) {
				uint32_t off = r->off + w * 4, value = r->clears ? ~0u : gicd_get(from, cpu, off);

				gicd_put(to, cpu, off, value);
			}
		}
	}
	for (unsigned int cpu = 0; cpu < from->nr_vcpus; cpu++) {
		for (unsigned int i = 0; i < sizeof(moved_gicc) / 4; i++) {
			uint64_t attr = (uint64_t)cpu << 32 | moved_gicc[i];
			uint32_t v;

			CHECK_EQ(attr_get(from->gic, KVM_DEV_ARM_VGIC_GRP_CPU_REGS, attr, &v), 0);
			CHECK_EQ(attr_set(to->gic, KVM_DEV_ARM_VGIC_GRP_CPU_REGS, attr, &v), 0);
		}
	}
}

static void regs_copy(struct vcpu *from, struct vcpu *to)
{
	struct kvm_reg_list head = { .n = 0 }, *list;

	CHECK_EQ(call(ioctl(from->fd, KVM_GET_REG_LIST, &head)), -E2BIG);
	list = calloc(1, sizeof(*list) + head.n * 8);
	list->n = head.n;
	CHECK_EQ(call(ioctl(from->fd, KVM_GET_REG_LIST, list)), 0);
	for (unsigned int i = 0; i < list->n; i++) {
		uint8_t v[256];
		struct kvm_one_reg reg = { .id = list->reg[i], .addr = (uintptr_t)v };

		CHECK_EQ(call(ioctl(from->fd, KVM_GET_ONE_REG, &reg)), 0);
		if (call(ioctl(to->fd, KVM_SET_ONE_REG, &reg)))
			FAIL("restore of register %#llx: %s", (unsigned long long)list->reg[i], strerror(errno));
	}
	free(list);
}

TEST(row_34_save, "a GIC and its CPU saved with an active interrupt go on in a new VM")
{
	struct vm *a = vm_new(2, 0), *b = vm_new(2, 0);

	/* The first sync comes before 40 is raised, the second with 40 active. */
	vcpu_start_at(&a->vcpu[0], GUEST(g_gic_active), 0, false);
	vcpu_until(&a->vcpu[0], 40);
	vm_spi(a, 40, 1);
	vm_spi(a, 40, 0);
	vcpu_until(&a->vcpu[0], 41);
	/* The access is open until the next run: end it here. */
	a->vcpu[0].run->immediate_exit = 1;
	CHECK_EQ(vcpu_run(&a->vcpu[0]), EV_INTR);
	vm_spi(a, 41, 1);
	vm_spi(a, 41, 0);
	for (unsigned int i = 0; i < 2; i++)
		regs_copy(&a->vcpu[i], &b->vcpu[i]);
	gic_copy(a, b);
	CHECK_EQ(gicd_get(b, 0, 0x304), 0x100);
	CHECK_EQ(gicd_get(b, 0, 0x204), 0x200);
	memcpy(b->ram, a->ram, GUEST_RAM_SIZE);
	vm_free(a);
	CHECK_EQ(vcpu_finish(&b->vcpu[0]), 7);
	vm_free(b);
}

TEST(row_32_sgi_save, "pending SGIs and their sources are in SPENDSGIR of the device")
{
	struct vm *vm = vm_new(2, 0);

	gicd_put(vm, 1, 0xf20, 0x00000300);
	CHECK_EQ(gicd_get(vm, 1, 0xf20), 0x300);
	CHECK_EQ(gicd_get(vm, 0, 0xf20), 0);
	CHECK_EQ(gicd_get(vm, 1, 0x200) & 0xffff, 2);
	gicd_put(vm, 1, 0xf10, 0x00000100);
	CHECK_EQ(gicd_get(vm, 1, 0xf20), 0x200);
	vm_free(vm);
}

static int signal_fd(struct vcpu *v)
{
	uint64_t one = 1;

	if (v->value == 1 || v->value < 100)
		CHECK_EQ(write((int)v->answer, &one, 8), 8);
	return 0;
}

TEST(abi_irqfd, "an eventfd raises an SPI")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	struct kvm_irqfd irqfd = { .fd = eventfd(0, EFD_CLOEXEC), .gsi = 8 };

	CHECK_EQ(call(ioctl(vm->fd, KVM_IRQFD, &irqfd)), 0);
	CHECK_EQ(call(ioctl(vm->fd, KVM_IRQFD, &irqfd)), -EBUSY);
	v->answer = irqfd.fd;
	v->on_sync = signal_fd;
	vcpu_start_at(v, GUEST(g_spi_edge), 20, false);
	CHECK_EQ(vcpu_finish(v), 20);
	irqfd.flags = KVM_IRQFD_FLAG_DEASSIGN;
	CHECK_EQ(call(ioctl(vm->fd, KVM_IRQFD, &irqfd)), 0);
	irqfd.flags = 1u << 7;
	CHECK_EQ(call(ioctl(vm->fd, KVM_IRQFD, &irqfd)), -EINVAL);
	vm_free(vm);
}

/* The device lowers its line when it hears of the EOI: it sees three, then signals no more. */
static void *resampler(void *opaque)
{
	int *fds = opaque;
	uint64_t n, one = 1;

	for (int i = 0; i < 3; i++) {
		CHECK_EQ(read(fds[1], &n, 8), 8);
		if (i < 2)
			CHECK_EQ(write(fds[0], &one, 8), 8);
	}
	return NULL;
}

static int resample_sync(struct vcpu *v)
{
	return v->value == 1 ? signal_fd(v) : 0;
}

TEST(row_30_resample, "irqfd with resample: the device hears of each EOI")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	int fds[2] = { eventfd(0, 0), eventfd(0, 0) };
	struct kvm_irqfd irqfd = {
		.fd = fds[0], .gsi = 9, .flags = KVM_IRQFD_FLAG_RESAMPLE, .resamplefd = fds[1],
	};
	pthread_t t;

	CHECK_EQ(call(ioctl(vm->fd, KVM_IRQFD, &irqfd)), 0);
	CHECK_EQ(pthread_create(&t, NULL, resampler, fds), 0);
	v->answer = fds[0];
	v->on_sync = resample_sync;
	vcpu_start_at(v, GUEST(g_spi_level), TICKS, false);
	CHECK_EQ(vcpu_finish(v), 3);
	pthread_join(t, NULL);
	vm_free(vm);
}

TEST(abi_ioeventfd, "a store signals an eventfd and does not leave the kernel")
{
	struct vm *vm = vm_new(1, 0);
	struct vcpu *v = &vm->vcpu[0];
	struct kvm_ioeventfd io = {
		.addr = GUEST_HOLE, .len = 4, .fd = eventfd(0, EFD_NONBLOCK), .datamatch = 0x1234,
		.flags = KVM_IOEVENTFD_FLAG_DATAMATCH,
	};
	uint64_t n;

	CHECK_EQ(call(ioctl(vm->fd, KVM_IOEVENTFD, &io)), 0);
	CHECK_EQ(call(ioctl(vm->fd, KVM_IOEVENTFD, &io)), -EEXIST);
	vcpu_start_at(v, GUEST(g_mmio_write), 0x1234, false);
	CHECK_EQ(vcpu_run(v), EV_MMIO);
	CHECK_EQ(v->run->mmio.phys_addr, GUEST_HOLE + 4);
	CHECK_EQ(read(io.fd, &n, 8), 8);
	CHECK_EQ(n, 1);
	vcpu_start_at(v, GUEST(g_mmio_write), 0x1235, false);
	/* The open access ends first; then another value goes to user space. */
	CHECK_EQ(vcpu_run(v), EV_MMIO);
	CHECK_EQ(v->run->mmio.phys_addr, GUEST_HOLE);
	io.flags |= KVM_IOEVENTFD_FLAG_DEASSIGN;
	CHECK_EQ(call(ioctl(vm->fd, KVM_IOEVENTFD, &io)), 0);
	CHECK_EQ(call(ioctl(vm->fd, KVM_IOEVENTFD, &io)), -ENOENT);
	io.flags = 0;
	io.len = 3;
	CHECK_EQ(call(ioctl(vm->fd, KVM_IOEVENTFD, &io)), -EINVAL);
	vm_free(vm);
}
