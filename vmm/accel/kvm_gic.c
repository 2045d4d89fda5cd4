/* SPDX-License-Identifier: GPL-2.0-only */
/* The interrupt controller in the kernel: attributes of a KVM device (Linux, virt/kvm/devices/arm-vgic*). */
#include <string.h>

#include "vmm/accel/kvm_int.h"
#include "vmm/host/log.h"

int kvm_gic_set_attr(struct kvm_vm *vm, u32 group, u64 attr, const void *val)
{
	struct kvm_device_attr a = { .group = group, .attr = attr, .addr = (uintptr_t)val };

	return kvm_ioctl(vm->gic_fd, KVM_SET_DEVICE_ATTR, &a);
}

int kvm_gic_get_attr(struct kvm_vm *vm, u32 group, u64 attr, void *val)
{
	struct kvm_device_attr a = { .group = group, .attr = attr, .addr = (uintptr_t)val };

	return kvm_ioctl(vm->gic_fd, KVM_GET_DEVICE_ATTR, &a);
}

static int set_address(struct kvm_vm *vm, u64 type, u64 addr)
{
	return kvm_gic_set_attr(vm, KVM_DEV_ARM_VGIC_GRP_ADDR, type, &addr);
}

int kvm_gic_create(struct kvm_vm *vm)
{
	const struct accel_gic *gic = &vm->cfg.gic;
	bool v3 = gic->version == 3;
	struct kvm_create_device dev = { .type = v3 ? KVM_DEV_TYPE_ARM_VGIC_V3 : KVM_DEV_TYPE_ARM_VGIC_V2 };
	int ret = kvm_ioctl(vm->vm_fd, KVM_CREATE_DEVICE, &dev);

	if (ret)
		return ret;
	vm->gic_fd = (int)dev.fd;
	if (v3) {
		ret = set_address(vm, KVM_VGIC_V3_ADDR_TYPE_DIST, gic->dist);
		return ret ? ret : set_address(vm, KVM_VGIC_V3_ADDR_TYPE_REDIST, gic->redist);
	}
	ret = set_address(vm, KVM_VGIC_V2_ADDR_TYPE_CPU, gic->cpu);
	return ret ? ret : set_address(vm, KVM_VGIC_V2_ADDR_TYPE_DIST, gic->dist);
}

int kvm_gic_init(struct kvm_vm *vm)
{
	u32 irqs = vm->cfg.gic.irqs;
	int ret = kvm_gic_set_attr(vm, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &irqs);

	return ret ? ret : kvm_gic_set_attr(vm, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
}

/* Registers as after power-on; a row's are @per_irq bits for each interrupt, or one word (0). */
struct gic_reset {
	u32 offset;
	u32 value;
	u8 per_irq;
};

/* The distributor (IHI 0048 4.3).  Pending bits of a GICv3 are written as they shall be. */
static const struct gic_reset dist_v2[] = {
	{ 0x000, 0, 0 }, { 0x180, ~0u, 1 }, { 0x280, ~0u, 1 }, { 0x380, ~0u, 1 }, { 0x400, 0, 8 },
	{ 0xf10, ~0u, 0 }, { 0xf14, ~0u, 0 }, { 0xf18, ~0u, 0 }, { 0xf1c, ~0u, 0 },
};
static const struct gic_reset dist_v3[] = {
	{ 0x000, 0, 0 }, { 0x180, ~0u, 1 }, { 0x200, 0, 1 }, { 0x380, ~0u, 1 }, { 0x400, 0, 8 },
};
/* What of it a CPU has for itself; of a GICv3 in the redistributor, whose second frame begins at 64 KiB. */
#define GICR_SGI_FRAME 0x10000
/* The CPU interface: CTLR, PMR, BPR, ABPR, APR0. */
static const u32 cpu_v2[] = { 0x00, 0x04, 0x08, 0x1c, 0xd0 };
/* PMR, AP0R0, AP1R0, IGRPEN0, IGRPEN1 (IHI 0069 8.2). */
static const u16 cpu_v3[] = {
	ARM_SYSREG_ENC(3, 0, 4, 6, 0), ARM_SYSREG_ENC(3, 0, 12, 8, 4), ARM_SYSREG_ENC(3, 0, 12, 9, 0),
	ARM_SYSREG_ENC(3, 0, 12, 12, 6), ARM_SYSREG_ENC(3, 0, 12, 12, 7),
};

/* Words of interrupts [@first, @end) of row @r; @attr has the rest of the attribute. */
static int reset_words(struct kvm_vm *vm, u32 group, u64 attr, const struct gic_reset *r, unsigned int first,
		       unsigned int end)
{
	unsigned int per_word = r->per_irq ? 32 / r->per_irq : 0;
	int ret = 0;

	if (!per_word)
		return first ? 0 : kvm_gic_set_attr(vm, group, attr | r->offset, &r->value);
	for (unsigned int irq = first; irq < end && !ret; irq += per_word)
		ret = kvm_gic_set_attr(vm, group, attr | (r->offset + irq / per_word * 4), &r->value);
	return ret;
}

static int reset_cpu_v2(struct kvm_vm *vm, unsigned int cpu)
{
	u64 attr = (u64)cpu << KVM_DEV_ARM_VGIC_CPUID_SHIFT;
	u32 zero = 0;
	int ret = 0;

	for (size_t i = 0; i < ARM_ARRAY_SIZE(dist_v2) && !ret; i++)
		ret = reset_words(vm, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, attr, &dist_v2[i], 0, 32);
	for (size_t i = 0; i < ARM_ARRAY_SIZE(cpu_v2) && !ret; i++)
		ret = kvm_gic_set_attr(vm, KVM_DEV_ARM_VGIC_GRP_CPU_REGS, attr | cpu_v2[i], &zero);
	return ret;
}

static int reset_cpu_v3(struct kvm_vm *vm, unsigned int cpu)
{
	/* Linux numbers guest CPUs so: Aff0 has 16, then Aff1. */
	u64 attr = (u64)((cpu & 15) | (cpu >> 4) << 8) << KVM_DEV_ARM_VGIC_V3_MPIDR_SHIFT, zero = 0;
	int ret = 0;

	for (size_t i = 1; i < ARM_ARRAY_SIZE(dist_v3) && !ret; i++)
		ret = reset_words(vm, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, attr | GICR_SGI_FRAME, &dist_v3[i], 0, 32);
	for (size_t i = 0; i < ARM_ARRAY_SIZE(cpu_v3) && !ret; i++)
		ret = kvm_gic_set_attr(vm, KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS, attr | cpu_v3[i], &zero);
	return ret;
}

int kvm_gic_reset(struct kvm_vm *vm)
{
	bool v3 = vm->cfg.gic.version == 3;
	const struct gic_reset *dist = v3 ? dist_v3 : dist_v2;
	size_t n = v3 ? ARM_ARRAY_SIZE(dist_v3) : ARM_ARRAY_SIZE(dist_v2);
	int ret = 0;

	for (unsigned int cpu = 0; cpu < vm->cfg.cpus && !ret; cpu++)
		ret = v3 ? reset_cpu_v3(vm, cpu) : reset_cpu_v2(vm, cpu);
	for (size_t i = 0; i < n && !ret; i++)
		ret = reset_words(vm, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 0, &dist[i], dist[i].per_irq ? 32 : 0,
				  vm->cfg.gic.irqs);
	return ret;
}

void kvm_gic_set_spi(struct accel *a, unsigned int spi, bool level)
{
	struct kvm_vm *vm = (struct kvm_vm *)a;
	struct kvm_irq_level line = {
		.irq = KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT | (32 + spi) << KVM_ARM_IRQ_NUM_SHIFT,
		.level = level,
	};
	u32 *lines = spi / 32 < KVM_MAX_SPI_WORDS ? &vm->spi_line[spi / 32] : NULL, bit = 1u << spi % 32;
	int ret;

	/* What the kernel shows as pending has the line in it (kvm_get_gic()). */
	if (lines && level)
		__atomic_fetch_or(lines, bit, __ATOMIC_RELAXED);
	else if (lines)
		__atomic_fetch_and(lines, ~bit, __ATOMIC_RELAXED);
	ret = kvm_ioctl(vm->vm_fd, KVM_IRQ_LINE, &line);
	if (ret)
		log_warn("kvm: interrupt %u: %s", 32 + spi, strerror(-ret));
}
