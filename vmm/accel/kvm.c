/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's CPU as an engine: KVM, with the GIC, the timers and PSCI in the
 * kernel.  A vCPU is left by a signal; immediate_exit, set before it is sent, closes
 * the gap before KVM_RUN.  A device access that KVM handed out is finished
 * by the next KVM_RUN, so that a vCPU stops only when that has said EINTR.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/accel/kvm_int.h"
#include "vmm/host/log.h"

static int kvm_map_ram(struct accel *a, u64 ipa, u64 size, void *host, bool readonly)
{
	struct kvm_vm *vm = kvm_vm_of(a);
	int ret;

	if (vm->slots == KVM_MAX_SLOTS)
		return -ENOSPC;
	vm->slot[vm->slots] = (struct kvm_slot){ .ipa = ipa, .size = size, .host = host, .readonly = readonly };
	ret = kvm_set_slot(vm, vm->slots, false);
	if (!ret)
		vm->slots++;
	return ret;
}

static void kvm_event(struct kvm_cpu *cpu, struct kvm_vm *vm, enum accel_event event)
{
	vm->cfg.ops->event(vm->cfg.opaque, cpu->index, event);
}

/* The access gets an external abort where the kernel can do that, else it reads as zero. */
static int kvm_abort_access(struct kvm_vm *vm, struct kvm_cpu *cpu)
{
	struct kvm_vcpu_events events;
	int ret;

	memset(cpu->run->mmio.data, 0, sizeof(cpu->run->mmio.data));
	if (!vm->can_abort)
		return 0;
	ret = kvm_ioctl(cpu->fd, KVM_GET_VCPU_EVENTS, &events);
	if (ret)
		return ret;
	events.exception.ext_dabt_pending = 1;
	return kvm_ioctl(cpu->fd, KVM_SET_VCPU_EVENTS, &events);
}

static int kvm_do_mmio(struct kvm_vm *vm, struct kvm_cpu *cpu)
{
	const struct accel_host_ops *ops = vm->cfg.ops;
	struct kvm_run *run = cpu->run;
	u64 ipa = run->mmio.phys_addr, val = 0;
	u32 len = run->mmio.len;
	enum arm_result res;

	if (len > sizeof(val))
		return -EIO;
	if (run->mmio.is_write) {
		memcpy(&val, run->mmio.data, len);
		res = ops->mmio_write(vm->cfg.opaque, cpu->index, ipa, len, val);
	} else {
		res = ops->mmio_read(vm->cfg.opaque, cpu->index, ipa, len, &val);
		memcpy(run->mmio.data, &val, sizeof(run->mmio.data));
	}
	return res == ARM_HANDLED ? 0 : kvm_abort_access(vm, cpu);
}

static int kvm_system_event(struct kvm_vm *vm, struct kvm_cpu *cpu)
{
	u32 type = cpu->run->system_event.type;

	switch (type) {
	case KVM_SYSTEM_EVENT_SHUTDOWN:
		kvm_event(cpu, vm, ACCEL_EVENT_OFF);
		return 0;
	case KVM_SYSTEM_EVENT_RESET:
		kvm_event(cpu, vm, ACCEL_EVENT_RESET);
		return 0;
	}
	log_warn("kvm: CPU %u: system event %u ends the guest", cpu->index, type);
	kvm_event(cpu, vm, ACCEL_EVENT_FATAL);
	return 0;
}

static int kvm_handle_exit(struct kvm_vm *vm, struct kvm_cpu *cpu)
{
	struct kvm_run *run = cpu->run;

	cpu->exits[run->exit_reason < KVM_EXIT_KINDS ? run->exit_reason : KVM_EXIT_UNKNOWN]++;
	switch (run->exit_reason) {
	case KVM_EXIT_MMIO:
		return kvm_do_mmio(vm, cpu);
	case KVM_EXIT_INTR:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		return 0;
	case KVM_EXIT_SYSTEM_EVENT:
		return kvm_system_event(vm, cpu);
	case KVM_EXIT_ARM_NISV:
		return kvm_abort_access(vm, cpu);
	case KVM_EXIT_FAIL_ENTRY:
		log_warn("kvm: CPU %u: the guest cannot be entered: reason %#llx on host CPU %u", cpu->index,
			 (unsigned long long)run->fail_entry.hardware_entry_failure_reason, run->fail_entry.cpu);
		return -EIO;
	case KVM_EXIT_INTERNAL_ERROR:
		log_warn("kvm: CPU %u: internal error %u of the kernel", cpu->index, run->internal.suberror);
		return -EIO;
	}
	log_warn("kvm: CPU %u: exit %u, which we do not know", cpu->index, run->exit_reason);
	return -EIO;
}

static bool kvm_stopping(struct kvm_vm *vm)
{
	bool stopping;

	pthread_mutex_lock(&vm->lock);
	stopping = vm->stopping;
	pthread_mutex_unlock(&vm->lock);
	return stopping;
}

/* From here on kicks reach the thread, whatever mask it was born with; with @on false no longer. */
static void kvm_enter(struct kvm_vm *vm, struct kvm_cpu *cpu, bool on)
{
	sigset_t kick;

	sigemptyset(&kick);
	sigaddset(&kick, KVM_KICK_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &kick, NULL);
	pthread_mutex_lock(&vm->lock);
	cpu->thread = pthread_self();
	cpu->in = on;
	pthread_mutex_unlock(&vm->lock);
}

static int kvm_run_loop(struct kvm_vm *vm, struct kvm_cpu *cpu)
{
	for (;;) {
		int ret = kvm_ioctl_num(cpu->fd, KVM_RUN, 0);

		if (ret == -EINTR || ret == -EAGAIN) {
			cpu->kicks++;
			if (kvm_stopping(vm))
				return 0;
			continue;
		}
		if (ret < 0) {
			log_warn("kvm: CPU %u: KVM_RUN: %s", cpu->index, ret == -ENOSYS ?
				 "an access to a device by an instruction that the kernel cannot decode" :
				 strerror(-ret));
			return ret;
		}
		ret = kvm_handle_exit(vm, cpu);
		if (ret)
			return ret;
	}
}

/*
 * The first vCPU to come does it for all: another that runs may send a CPU_ON to one that has not come
 * yet, whose state from before that would then undo it.  The count first: timers are compared with it.
 */
static int kvm_prepare(struct kvm_vm *vm)
{
	int ret;

	pthread_mutex_lock(&vm->prepare_lock);
	ret = kvm_apply_count(vm, false);
	for (unsigned int i = 0; i < vm->cfg.cpus && !ret; i++) {
		if (!vm->cpus[i].has_state)
			continue;
		ret = kvm_state_store(vm, &vm->cpus[i]);
		vm->cpus[i].has_state = ret;
	}
	pthread_mutex_unlock(&vm->prepare_lock);
	return ret;
}

static int kvm_run(struct accel *a, unsigned int index)
{
	struct kvm_vm *vm = kvm_vm_of(a);
	struct kvm_cpu *cpu = &vm->cpus[index];
	int ret = kvm_prepare(vm);

	if (ret)
		return ret;
	vm->has_run = true;
	kvm_enter(vm, cpu, true);
	ret = kvm_run_loop(vm, cpu);
	kvm_enter(vm, cpu, false);
	return ret;
}

static void kvm_stop(struct accel *a)
{
	struct kvm_vm *vm = kvm_vm_of(a);

	pthread_mutex_lock(&vm->lock);
	vm->stopping = true;
	for (unsigned int i = 0; i < vm->cfg.cpus; i++) {
		__atomic_store_n(&vm->cpus[i].run->immediate_exit, 1, __ATOMIC_RELEASE);
		if (vm->cpus[i].in)
			pthread_kill(vm->cpus[i].thread, KVM_KICK_SIGNAL);
	}
	pthread_mutex_unlock(&vm->lock);
}

static void kvm_restart(struct accel *a)
{
	struct kvm_vm *vm = kvm_vm_of(a);

	pthread_mutex_lock(&vm->lock);
	vm->stopping = false;
	for (unsigned int i = 0; i < vm->cfg.cpus; i++)
		__atomic_store_n(&vm->cpus[i].run->immediate_exit, 0, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&vm->lock);
}

/* PSCI: all but the first wait to be switched on. */
static int kvm_init_cpu(struct kvm_vm *vm, unsigned int index)
{
	struct kvm_vcpu_init init = vm->init;

	if (index && !vm->cfg.no_psci)
		init.features[0] |= kvm_port.power_off;
	vm->cpus[index].has_state = false;
	return kvm_ioctl(vm->cpus[index].fd, KVM_ARM_VCPU_INIT, &init);
}

static int kvm_reset(struct accel *a)
{
	struct kvm_vm *vm = kvm_vm_of(a);
	int ret = vm->has_run ? kvm_gic_reset(vm) : 0;

	for (unsigned int i = 0; i < vm->cfg.cpus && !ret; i++)
		ret = kvm_init_cpu(vm, i);
	return ret;
}

static struct arm_state *kvm_state(struct accel *a, unsigned int index)
{
	struct kvm_vm *vm = kvm_vm_of(a);
	struct kvm_cpu *cpu = &vm->cpus[index];

	if (!cpu->has_state && kvm_state_load(vm, cpu))
		return NULL;
	cpu->has_state = true;
	return &cpu->state;
}

/* The next run() does it again: the count has been put back by then, and what is compared with the host's has moved. */
static int kvm_put_state(struct accel *a, unsigned int index)
{
	struct kvm_vm *vm = kvm_vm_of(a);
	int ret = kvm_apply_count(vm, true);

	return ret || !vm->cpus[index].has_state ? ret : kvm_state_store(vm, &vm->cpus[index]);
}

static int kvm_set_doorbell(struct accel *a, u64 ipa, u32 val, int fd)
{
	struct kvm_ioeventfd io = {
		.datamatch = val,
		.addr = ipa,
		.len = sizeof(val),
		.fd = fd,
		.flags = KVM_IOEVENTFD_FLAG_DATAMATCH,
	};

	return kvm_ioctl(kvm_vm_of(a)->vm_fd, KVM_IOEVENTFD, &io);
}

static void kvm_print_stats(struct accel *a, FILE *out)
{
	static const char *const names[KVM_EXIT_KINDS] = {
		[KVM_EXIT_UNKNOWN] = "unknown", [KVM_EXIT_MMIO] = "device access", [KVM_EXIT_INTR] = "signal",
		[KVM_EXIT_SYSTEM_EVENT] = "system event", [KVM_EXIT_ARM_NISV] = "undecoded access",
	};
	struct kvm_vm *vm = kvm_vm_of(a);
	u64 kicks = 0;

	for (unsigned int i = 0; i < vm->cfg.cpus; i++)
		kicks += vm->cpus[i].kicks;
	fprintf(out, "%-28s %16" PRIu64 "\n", "interrupted runs", kicks);
	for (unsigned int reason = 0; reason < KVM_EXIT_KINDS; reason++) {
		u64 n = 0;

		for (unsigned int i = 0; i < vm->cfg.cpus; i++)
			n += vm->cpus[i].exits[reason];
		if (n)
			fprintf(out, "exit: %-22s %16" PRIu64 "\n", names[reason] ? names[reason] : "other", n);
	}
}

static void kvm_free(struct accel *a)
{
	struct kvm_vm *vm = kvm_vm_of(a);

	for (unsigned int i = 0; i < vm->cfg.cpus; i++) {
		if (vm->cpus[i].run)
			munmap(vm->cpus[i].run, vm->run_size);
		if (vm->cpus[i].fd >= 0)
			close(vm->cpus[i].fd);
	}
	if (vm->gic_fd >= 0)
		close(vm->gic_fd);
	if (vm->vm_fd >= 0)
		close(vm->vm_fd);
	if (vm->sys_fd >= 0)
		close(vm->sys_fd);
	pthread_mutex_destroy(&vm->lock);
	pthread_mutex_destroy(&vm->prepare_lock);
	free(vm->regs);
	free(vm);
}

static const struct accel_ops kvm_ops = {
	.name = "kvm",
	.map_ram = kvm_map_ram,
	.run = kvm_run,
	.stop = kvm_stop,
	.restart = kvm_restart,
	.reset = kvm_reset,
	.state = kvm_state,
	.has_slot = kvm_state_has_slot,
	.get_ids = kvm_state_get_ids,
	.put_state = kvm_put_state,
	.get_off = kvm_get_off,
	.set_off = kvm_set_off,
	.get_serror = kvm_get_serror,
	.set_serror = kvm_set_serror,
	.get_psci = kvm_get_psci,
	.set_psci = kvm_set_psci,
	.get_count = kvm_get_count,
	.set_count = kvm_set_count,
	.get_gic = kvm_get_gic,
	.set_gic = kvm_set_gic,
	.dirty_log = kvm_dirty_log,
	.dirty_get = kvm_dirty_get,
	.set_spi = kvm_gic_set_spi,
	.set_doorbell = kvm_set_doorbell,
	.print_stats = kvm_print_stats,
	.free = kvm_free,
};

static int create_cpu(struct kvm_vm *vm, unsigned int index, char **err)
{
	struct kvm_cpu *cpu = &vm->cpus[index];
	int ret = 0;

	cpu->index = index;
	cpu->fd = kvm_ioctl_num(vm->vm_fd, KVM_CREATE_VCPU, index);
	if (cpu->fd < 0)
		return err_set(err, cpu->fd, "--cpus: KVM makes no CPU %u: %s", index, strerror(-cpu->fd));
	cpu->run = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu->fd, 0);
	if (cpu->run == MAP_FAILED) {
		ret = -errno;
		cpu->run = NULL;
		return err_set(err, ret, "kvm: CPU %u: mmap: %s", index, strerror(-ret));
	}
	ret = kvm_init_cpu(vm, index);
	return ret ? err_set(err, ret, "kvm: CPU %u: %s", index, strerror(-ret)) : 0;
}

/* What KVM_ARM_VCPU_INIT shall make: the host's kind of CPU, in the guest's state, with PSCI in the kernel. */
static int choose_init(struct kvm_vm *vm, char **err)
{
	int ret = kvm_ioctl(vm->vm_fd, KVM_ARM_PREFERRED_TARGET, &vm->init);

	if (ret)
		return err_set(err, ret, "kvm: this host's CPU: %s", strerror(-ret));
	if (vm->cfg.aarch32)
		vm->init.features[0] |= kvm_port.el1_32bit;
	vm->init.features[0] |= kvm_port.psci_0_2;
	return 0;
}

/* Optional things of the kernel. */
static void choose_options(struct kvm_vm *vm)
{
	struct kvm_enable_cap nisv = { .cap = KVM_CAP_ARM_NISV_TO_USER };

	vm->can_abort = kvm_has(vm, KVM_CAP_ARM_INJECT_EXT_DABT);
	vm->has_events = kvm_has(vm, KVM_CAP_VCPU_EVENTS);
	vm->has_serror_iss = kvm_has(vm, KVM_CAP_ARM_INJECT_SERROR_ESR);
	/* From the first run on: a guest that reads the physical count reads one that can move. */
	vm->one_time = vm->new_count = kvm_has(vm, KVM_CAP_COUNTER_OFFSET);
	/* Else such an access ends the guest, but for our own module, which carries it out. */
	if (vm->can_abort && !kvm_has(vm, VAMBRACE_CAP_IDENTITY) && kvm_has(vm, KVM_CAP_ARM_NISV_TO_USER))
		kvm_ioctl(vm->vm_fd, KVM_ENABLE_CAP, &nisv);
}

static void on_kick(int sig)
{
	(void)sig;
}

static int build_vm(struct kvm_vm *vm, char **err)
{
	const struct sigaction kick = { .sa_handler = on_kick };
	int ret, max;

	vm->sys_fd = kvm_open(err);
	if (vm->sys_fd < 0)
		return vm->sys_fd;
	vm->vm_fd = kvm_create_vm(vm->sys_fd, err);
	if (vm->vm_fd < 0)
		return vm->vm_fd;
	max = kvm_ioctl_num(vm->sys_fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS);
	if (max > 0 && vm->cfg.cpus > (unsigned int)max)
		return err_set(err, -EINVAL, "--cpus: KVM on this host gives a guest %d at most", max);
	ret = kvm_ioctl_num(vm->sys_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (ret < (int)sizeof(struct kvm_run))
		return err_set(err, -EIO, "kvm: the page of a vCPU has %d bytes", ret);
	vm->run_size = (size_t)ret;
	choose_options(vm);
	kvm_identity_open(vm);
	sigaction(KVM_KICK_SIGNAL, &kick, NULL);
	ret = choose_init(vm, err);
	if (ret)
		return ret;
	ret = kvm_gic_create(vm);
	if (ret)
		return err_set(err, ret, "kvm: the GICv%u: %s", vm->cfg.gic.version, strerror(-ret));
	for (unsigned int i = 0; i < vm->cfg.cpus && !ret; i++)
		ret = create_cpu(vm, i, err);
	if (ret)
		return ret;
	ret = kvm_gic_init(vm);
	if (ret)
		return err_set(err, ret, "kvm: the GICv%u: %s", vm->cfg.gic.version, strerror(-ret));
	ret = kvm_state_list(vm, &vm->cpus[0]);
	if (ret)
		return err_set(err, ret, "kvm: the list of registers: %s", strerror(-ret));
	kvm_identity_set(vm);
	return 0;
}

int accel_kvm_create(const struct accel_config *cfg, struct accel **out, char **err)
{
	struct kvm_vm *vm = calloc(1, sizeof(*vm));
	int ret;

	if (!vm)
		return -ENOMEM;
	vm->accel.ops = &kvm_ops;
	vm->cfg = *cfg;
	vm->sys_fd = vm->vm_fd = vm->gic_fd = -1;
	for (unsigned int i = 0; i < ACCEL_MAX_CPUS; i++)
		vm->cpus[i].fd = -1;
	pthread_mutex_init(&vm->lock, NULL);
	pthread_mutex_init(&vm->prepare_lock, NULL);
	ret = build_vm(vm, err);
	if (ret) {
		kvm_free(&vm->accel);
		return ret;
	}
	*out = &vm->accel;
	return 0;
}
