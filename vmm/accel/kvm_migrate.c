/* SPDX-License-Identifier: GPL-2.0-only */
/* What migration moves beside registers and the GIC: power, time, and which pages are written. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arm/esr.h"
#include "vmm/accel/kvm_int.h"
#include "vmm/host/log.h"

#define PAGE_4K 4096u

/* ---- Power ---- */

/*
 * The kernel says "runnable" as soon as it has accepted a CPU_ON, also when the vCPU has yet to
 * notice; its registers follow when they are asked for (kvm_state_load()).
 */
int kvm_get_off(struct accel *a, unsigned int cpu, bool *off)
{
	struct kvm_mp_state mp;
	int ret = kvm_ioctl(kvm_vm_of(a)->cpus[cpu].fd, KVM_GET_MP_STATE, &mp);

	if (!ret)
		*off = mp.mp_state == KVM_MP_STATE_STOPPED;
	return ret;
}

int kvm_set_off(struct accel *a, unsigned int cpu, bool off)
{
	struct kvm_mp_state mp = { .mp_state = off ? KVM_MP_STATE_STOPPED : KVM_MP_STATE_RUNNABLE };

	return kvm_ioctl(kvm_vm_of(a)->cpus[cpu].fd, KVM_SET_MP_STATE, &mp);
}

int kvm_get_psci(struct accel *a, u32 *version)
{
	struct kvm_vm *vm = kvm_vm_of(a);
	u64 val = 0;
	int ret = vm->cfg.no_psci ? 0 : kvm_one_reg(&vm->cpus[0], KVM_GET_ONE_REG, kvm_port.psci_id, &val);

	*version = (u32)val;
	/* Before 4.16 there is no such register, and one version. */
	return ret == -ENOENT ? 0 : ret;
}

int kvm_set_psci(struct accel *a, u32 version)
{
	struct kvm_vm *vm = kvm_vm_of(a);
	u64 val = version;

	return vm->cfg.no_psci ? -EINVAL : kvm_one_reg(&vm->cpus[0], KVM_SET_ONE_REG, kvm_port.psci_id, &val);
}

/* ---- SError ---- */

int kvm_get_serror(struct accel *a, unsigned int cpu, u32 *serror)
{
	struct kvm_vm *vm = kvm_vm_of(a);
	struct kvm_vcpu_events events = { .exception.serror_pending = 0 };
	int ret = vm->has_events ? kvm_ioctl(vm->cpus[cpu].fd, KVM_GET_VCPU_EVENTS, &events) : 0;

	*serror = events.exception.serror_pending ? ACCEL_SERROR : 0;
	if (events.exception.serror_has_esr)
		*serror |= events.exception.serror_esr & ESR_ISS_MASK;
	return ret;
}

int kvm_set_serror(struct accel *a, unsigned int cpu, u32 serror)
{
	struct kvm_vm *vm = kvm_vm_of(a);
	struct kvm_vcpu_events events = {
		.exception = { .serror_pending = 1, .serror_has_esr = vm->has_serror_iss },
	};

	if (!serror)
		return 0;
	if (!vm->has_events)
		return -EOPNOTSUPP;
	if (vm->has_serror_iss)
		events.exception.serror_esr = serror & ESR_ISS_MASK;
	return kvm_ioctl(vm->cpus[cpu].fd, KVM_SET_VCPU_EVENTS, &events);
}

/* ---- Time ---- */

/* What the kernel takes from the host's count makes both of the guest's. */
static int set_offset(struct kvm_vm *vm, u64 count)
{
	struct kvm_arm_counter_offset off = { .counter_offset = 0 };
	u64 phys;
	int ret = kvm_one_reg(&vm->cpus[0], KVM_GET_ONE_REG, kvm_port.pcount_id, &phys);

	if (ret)
		return ret;
	off.counter_offset = phys + vm->offset - count;
	ret = kvm_ioctl(vm->vm_fd, KVM_ARM_SET_COUNTER_OFFSET, &off);
	if (!ret)
		vm->offset = off.counter_offset;
	return ret;
}

static int set_vcount(struct kvm_vm *vm, u64 count)
{
	return kvm_one_reg(&vm->cpus[0], KVM_SET_ONE_REG, kvm_port.vcount_id, &count);
}

int kvm_get_count(struct accel *a, u64 *count, u32 *hz)
{
	struct kvm_vm *vm = kvm_vm_of(a);
	int ret = 0;

	pthread_mutex_lock(&vm->lock);
	if (vm->new_count)
		*count = vm->count;
	else
		ret = kvm_one_reg(&vm->cpus[0], KVM_GET_ONE_REG, kvm_port.vcount_id, count);
	pthread_mutex_unlock(&vm->lock);
	if (hz)
		*hz = kvm_port.counter_hz();
	return ret;
}

int kvm_set_count(struct accel *a, u64 count)
{
	struct kvm_vm *vm = kvm_vm_of(a);

	pthread_mutex_lock(&vm->lock);
	vm->count = count;
	vm->new_count = true;
	pthread_mutex_unlock(&vm->lock);
	return 0;
}

/* The first vCPU to come does it for all: the kernel moves every vCPU's count, and none runs before it was here. */
int kvm_apply_count(struct kvm_vm *vm, bool keep)
{
	int ret = 0;

	pthread_mutex_lock(&vm->lock);
	if (vm->new_count) {
		ret = vm->one_time ? set_offset(vm, vm->count) : set_vcount(vm, vm->count);
		if (ret)
			log_warn("kvm: the guest's counter cannot be set: %s", strerror(-ret));
		vm->new_count = ret || keep;
		vm->knows_ahead = false;
	}
	pthread_mutex_unlock(&vm->lock);
	return ret;
}

/* Measured once for each offset of the kernel's, so that what is read and written back has not moved. */
int kvm_phys_ahead(struct kvm_vm *vm, struct kvm_cpu *cpu, u64 *ahead)
{
	u64 before, phys, after;
	int ret = 0;

	pthread_mutex_lock(&vm->lock);
	if (!vm->knows_ahead && !vm->one_time) {
		ret = kvm_one_reg(cpu, KVM_GET_ONE_REG, kvm_port.vcount_id, &before);
		if (!ret)
			ret = kvm_one_reg(cpu, KVM_GET_ONE_REG, kvm_port.pcount_id, &phys);
		if (!ret)
			ret = kvm_one_reg(cpu, KVM_GET_ONE_REG, kvm_port.vcount_id, &after);
		if (!ret)
			vm->ahead = phys - (before + (after - before) / 2);
		vm->knows_ahead = !ret;
	}
	*ahead = vm->ahead;
	pthread_mutex_unlock(&vm->lock);
	return ret;
}

/* ---- Memory ---- */

int kvm_set_slot(struct kvm_vm *vm, unsigned int n, bool log)
{
	const struct kvm_slot *s = &vm->slot[n];
	struct kvm_userspace_memory_region region = {
		.slot = n,
		.flags = (s->readonly ? KVM_MEM_READONLY : 0) | (log ? KVM_MEM_LOG_DIRTY_PAGES : 0),
		.guest_phys_addr = s->ipa,
		.memory_size = s->size,
		.userspace_addr = (uintptr_t)s->host,
	};

	return kvm_ioctl(vm->vm_fd, KVM_SET_USER_MEMORY_REGION, &region);
}

/* The kernel protects what it logs at once, and begins with an empty log.  Nobody writes to a read-only slot. */
int kvm_dirty_log(struct accel *a, bool on)
{
	struct kvm_vm *vm = kvm_vm_of(a);
	int ret = 0;

	for (unsigned int n = 0; n < vm->slots && !ret; n++) {
		if (!vm->slot[n].readonly)
			ret = kvm_set_slot(vm, n, on);
		for (unsigned int i = 0; ret && on && i < n; i++)
			if (!vm->slot[i].readonly)
				kvm_set_slot(vm, i, false);
	}
	return ret;
}

/* Bit @i of @log stands for 1 << @shift of ours. */
static void add_pages(u64 *bits, const u64 *log, u64 pages, unsigned int shift)
{
	u64 words = (pages + 63) / 64;

	if (!shift) {
		for (u64 i = 0; i < words; i++)
			bits[i] |= log[i];
		return;
	}
	for (u64 i = 0; i < pages; i++)
		if (log[i >> shift >> 6] >> ((i >> shift) & 63) & 1)
			bits[i / 64] |= 1ULL << i % 64;
}

static const struct kvm_slot *find_slot(struct kvm_vm *vm, u64 ipa, u64 size)
{
	for (unsigned int n = 0; n < vm->slots; n++)
		if (vm->slot[n].ipa == ipa && vm->slot[n].size == size)
			return &vm->slot[n];
	return NULL;
}

int kvm_dirty_get(struct accel *a, u64 ipa, u64 size, u64 *bits)
{
	struct kvm_vm *vm = kvm_vm_of(a);
	const struct kvm_slot *slot = find_slot(vm, ipa, size);
	/* The kernel's bits are pages of the host. */
	unsigned int shift = (unsigned int)__builtin_ctzl((unsigned long)sysconf(_SC_PAGESIZE) / PAGE_4K);
	u64 pages = size / PAGE_4K;
	struct kvm_dirty_log get;
	u64 *log;
	int ret;

	if (!slot)
		return -EINVAL;
	if (slot->readonly)
		return 0;
	log = calloc((size_t)((pages >> shift) / 64 + 1), sizeof(*log));
	if (!log)
		return -ENOMEM;
	get = (struct kvm_dirty_log){ .slot = (u32)(slot - vm->slot), .dirty_bitmap = log };
	ret = kvm_ioctl(vm->vm_fd, KVM_GET_DIRTY_LOG, &get);
	if (!ret)
		add_pages(bits, log, pages, shift);
	free(log);
	return ret;
}
