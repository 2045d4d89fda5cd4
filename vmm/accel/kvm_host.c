/* SPDX-License-Identifier: GPL-2.0-only */
/* What this host's /dev/kvm can do, found out before anything is built on it. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "vmm/accel/kvm_int.h"
#include "vmm/host/log.h"

#define DEVICE "/dev/kvm"

/* What the engine rests on.  The names are for the user to look up. */
static const struct {
	unsigned int cap;
	const char *name;
} needs[] = {
	{ KVM_CAP_USER_MEMORY, "USER_MEMORY" },
	{ KVM_CAP_DESTROY_MEMORY_REGION_WORKS, "DESTROY_MEMORY_REGION_WORKS" },
	{ KVM_CAP_SYNC_MMU, "SYNC_MMU" },
	{ KVM_CAP_ONE_REG, "ONE_REG" },
	{ KVM_CAP_ARM_PSCI_0_2, "ARM_PSCI_0_2" },
	{ KVM_CAP_IMMEDIATE_EXIT, "IMMEDIATE_EXIT" },
	{ KVM_CAP_DEVICE_CTRL, "DEVICE_CTRL" },
	{ KVM_CAP_IRQCHIP, "IRQCHIP" },
};

static int open_error(int ret, char **err)
{
	switch (ret) {
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		return err_set(err, ret, "this host has no " DEVICE "; load the hypervisor module, or start a kernel "
			       "with KVM in HYP mode or EL2");
	case -EACCES:
	case -EPERM:
		return err_set(err, ret, DEVICE " is not yours to open; ask to be in the group that owns it (kvm)");
	}
	return err_set(err, ret, DEVICE ": %s", strerror(-ret));
}

int kvm_open(char **err)
{
	int fd, ret;

	if (!kvm_port.is_arm)
		return err_set(err, -ENOTSUP, "this host is no Arm machine, so that its KVM cannot run Arm guests; use "
			       "--engine emu");
	fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return open_error(-errno, err);
	ret = kvm_ioctl_num(fd, KVM_GET_API_VERSION, 0);
	if (ret != KVM_API_VERSION) {
		close(fd);
		return ret < 0 ? err_set(err, ret, DEVICE " is no KVM: %s", strerror(-ret)) :
		       err_set(err, -ENOTSUP, DEVICE " speaks version %d of the interface, and we %d", ret,
			       KVM_API_VERSION);
	}
	for (size_t i = 0; i < ARM_ARRAY_SIZE(needs); i++) {
		if (kvm_ioctl_num(fd, KVM_CHECK_EXTENSION, needs[i].cap) > 0)
			continue;
		close(fd);
		return err_set(err, -ENOTSUP, DEVICE " lacks KVM_CAP_%s; use a newer kernel or module%s", needs[i].name,
			       needs[i].cap == KVM_CAP_IRQCHIP ? ", and a board whose GIC has virtualization" : "");
	}
	return fd;
}

int kvm_create_vm(int sys_fd, char **err)
{
	/* Where it says nothing, and for type 0, an IPA has 40 bits. */
	int bits = kvm_ioctl_num(sys_fd, KVM_CHECK_EXTENSION, KVM_CAP_ARM_VM_IPA_SIZE), ret;

	do {
		ret = kvm_ioctl_num(sys_fd, KVM_CREATE_VM,
				    bits > 0 && bits < 40 ? KVM_VM_TYPE_ARM_IPA_SIZE((unsigned int)bits) : 0);
	} while (ret == -EINTR);
	return ret < 0 ? err_set(err, ret, DEVICE " makes no VM: %s", strerror(-ret)) : ret;
}

/* A GICv2 where there is the choice: the emulated machines have it, so that guests can move. */
static unsigned int find_gic(int vm_fd)
{
	static const struct {
		u32 type;
		unsigned int version;
	} types[] = { { KVM_DEV_TYPE_ARM_VGIC_V2, 2 }, { KVM_DEV_TYPE_ARM_VGIC_V3, 3 } };

	for (size_t i = 0; i < ARM_ARRAY_SIZE(types); i++) {
		struct kvm_create_device dev = { .type = types[i].type, .flags = KVM_CREATE_DEVICE_TEST };

		if (!kvm_ioctl(vm_fd, KVM_CREATE_DEVICE, &dev))
			return types[i].version;
	}
	return 0;
}

static int read_midr(int vm_fd, u64 *midr, char **err)
{
	struct kvm_vcpu_init init;
	const struct kvm_one_reg reg = { kvm_port.midr_id, (uintptr_t)midr };
	int ret = kvm_ioctl(vm_fd, KVM_ARM_PREFERRED_TARGET, &init), cpu;

	if (ret)
		return err_set(err, ret, DEVICE " does not know this host's CPU (%s)", strerror(-ret));
	cpu = kvm_ioctl_num(vm_fd, KVM_CREATE_VCPU, 0);
	if (cpu < 0)
		return err_set(err, cpu, DEVICE " makes no vCPU: %s", strerror(-cpu));
	*midr = 0;
	ret = kvm_ioctl(cpu, KVM_ARM_VCPU_INIT, &init);
	if (!ret)
		ret = kvm_ioctl(cpu, KVM_GET_ONE_REG, (void *)&reg);
	close(cpu);
	return ret ? err_set(err, ret, DEVICE ": a vCPU cannot be set up: %s", strerror(-ret)) : 0;
}

/*
 * The model with this part number, or something that says no more than we know.
 * A 32-bit host is one of the Cortex-A15's kind, the only ones that the module takes.
 */
static void find_model(u64 midr, bool el1_32bit, struct arm_cpu_model *out)
{
	const u64 part = 0xff00fff0, aarch32 = ARM_FEAT_BIT(ARM_FEAT_AARCH32_EL0) | ARM_FEAT_BIT(ARM_FEAT_AARCH32_EL1);
	unsigned int n;
	const struct arm_cpu_model *models = arm_cpu_models(&n);

	*out = *arm_cpu_model_find(kvm_port.is_64 ? "max" : "cortex-a15");
	out->name = "host";
	out->compatible = kvm_port.is_64 ? "arm,armv8" : "arm,cortex-a15";
	for (unsigned int i = 0; i < n; i++)
		if (!((arm_cpu_model_value(&models[i], ARM_REG_MIDR_EL1) ^ midr) & part) &&
		    kvm_port.is_64 == arm_has(models[i].features, ARM_FEAT_AARCH64))
			*out = models[i];
	if (!kvm_port.is_64)
		return;
	if (el1_32bit)
		out->features |= aarch32;
	else
		out->features &= ~ARM_FEAT_BIT(ARM_FEAT_AARCH32_EL1);
}

int accel_kvm_host(struct accel_host *out, char **err)
{
	int sys_fd = kvm_open(err), vm_fd, ret;
	u64 midr;

	if (sys_fd < 0)
		return sys_fd;
	vm_fd = kvm_create_vm(sys_fd, err);
	if (vm_fd < 0) {
		close(sys_fd);
		return vm_fd;
	}
	ret = read_midr(vm_fd, &midr, err);
	if (!ret) {
		find_model(midr, kvm_ioctl_num(sys_fd, KVM_CHECK_EXTENSION, KVM_CAP_ARM_EL1_32BIT) > 0, &out->model);
		out->gic_version = find_gic(vm_fd);
		if (!out->gic_version)
			ret = err_set(err, -ENOTSUP, DEVICE " has no GIC for guests; use a board whose GIC has "
				      "virtualization");
	}
	close(vm_fd);
	close(sys_fd);
	return ret;
}
