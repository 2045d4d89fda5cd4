/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lifetime.  The first thread runs the loop; each vCPU has a thread.  To stop,
 * anybody records why and tells the engine; the vCPU threads leave it one by
 * one and the last ends the loop.  The loop runs meanwhile, because a vCPU may
 * be waiting for it inside a device.
 */
#include "vmm/vm.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "vmm/accel/accel.h"
#include "vmm/control.h"
#include "vmm/devices.h"
#include "vmm/host/chardev.h"
#include "vmm/host/command_pipe.h"
#include "vmm/host/log.h"
#include "vmm/host/loop.h"
#include "vmm/host/tty.h"
#include "vmm/machine/boot.h"
#include "vmm/machine/machine.h"
#include "vmm/mem/bus.h"
#include "vmm/mem/ram.h"

struct vcpu {
	struct vm *vm;
	unsigned int index;
	pthread_t thread;
	int ret;		/* of the engine */
};

struct vm {
	/* Constant while the guest runs. */
	const struct vm_config *cfg;	/* &@settled, whose strings are the caller's */
	struct vm_config settled;
	struct accel_host host;		/* of the engine kvm */
	const struct machine_type *type;
	struct arm_cpu_model model;
	struct boot *boot;
	struct loop *loop;
	void *ram;
	void *extra_ram[MACHINE_EXTRA_RAM];	/* as in @type */
	struct guest_mem *mem;
	struct bus *bus;
	struct accel *accel;
	struct machine *machine;
	struct devices devices;
	struct chardev *terminal, *serial;
	struct command_pipe *control;
	FILE *log;
	int signal_fd;
	struct loop_source *signals;
	struct vcpu vcpus[ACCEL_MAX_CPUS];

	pthread_mutex_t lock;	/* what follows; nothing is called with it held */
	enum vm_end end;	/* the first reason counts, but quitting beats a reboot */
	unsigned int running;	/* vCPU threads in the engine */
};

/* Records @end and makes the vCPUs leave.  Any thread. */
static void vm_end(struct vm *vm, enum vm_end end)
{
	pthread_mutex_lock(&vm->lock);
	if (vm->end == VM_END_NONE || vm->end == VM_END_RESET)
		vm->end = end;
	pthread_mutex_unlock(&vm->lock);
	vm->accel->ops->stop(vm->accel);
}

void vm_quit(struct vm *vm)
{
	vm_end(vm, VM_END_QUIT);
}

static void press_button(void *opaque)
{
	struct vm *vm = opaque;

	if (vm->machine->ops->power_button)
		vm->machine->ops->power_button(vm->machine);
}

void vm_power_button(struct vm *vm)
{
	loop_call(vm->loop, press_button, vm);
}

static void take_screenshot(void *opaque)
{
	struct vm *vm = opaque;
	const char *path = vm->cfg->screenshot;
	int ret;

	if (!path || !vm->machine->ops->screenshot)
		return;
	ret = vm->machine->ops->screenshot(vm->machine, path);
	if (ret == -ENODATA)
		log_warn("--screenshot %s: the guest's screen is off", path);
	else if (ret)
		log_warn("--screenshot %s: %s", path, strerror(-ret));
}

/* What the engine asks of the machine. */

static enum arm_result host_read(void *opaque, unsigned int cpu, u64 ipa, unsigned int size,
				 u64 *val)
{
	return bus_read(((struct vm *)opaque)->bus, cpu, ipa, size, val);
}

static enum arm_result host_write(void *opaque, unsigned int cpu, u64 ipa, unsigned int size,
				  u64 val)
{
	return bus_write(((struct vm *)opaque)->bus, cpu, ipa, size, val);
}

static void host_ppi(void *opaque, unsigned int cpu, unsigned int intid, bool level)
{
	struct vm *vm = opaque;

	vm->machine->ops->set_ppi(vm->machine, cpu, intid, level);
}

static void host_event(void *opaque, unsigned int cpu, enum accel_event event)
{
	static const enum vm_end ends[] = {
		[ACCEL_EVENT_OFF] = VM_END_OFF,
		[ACCEL_EVENT_RESET] = VM_END_RESET,
		[ACCEL_EVENT_FATAL] = VM_END_FATAL,
	};

	(void)cpu;
	vm_end(opaque, ends[event]);
}

static const struct accel_host_ops host_ops = {
	.mmio_read = host_read,
	.mmio_write = host_write,
	.ppi = host_ppi,
	.event = host_event,
};

/* What devices ask of the engine.  Before it is made and after it has gone there is none to tell. */

static void cpu_wires(void *opaque, unsigned int cpu, bool irq, bool fiq)
{
	struct accel *a = ((struct vm *)opaque)->accel;

	if (!a)
		return;
	a->ops->set_line(a, cpu, ACCEL_LINE_IRQ, irq);
	a->ops->set_line(a, cpu, ACCEL_LINE_FIQ, fiq);
}

static void set_spi(void *opaque, unsigned int spi, bool level)
{
	struct accel *a = ((struct vm *)opaque)->accel;

	if (a)
		a->ops->set_spi(a, spi, level);
}

static int set_doorbell(void *opaque, u64 ipa, u32 val, int fd)
{
	struct accel *a = ((struct vm *)opaque)->accel;

	return a->ops->set_doorbell(a, ipa, val, fd);
}

static void machine_power(void *opaque, bool reset)
{
	vm_end(opaque, reset ? VM_END_RESET : VM_END_OFF);
}

static void dma_written(void *opaque, u64 ipa, u64 len)
{
	struct accel *a = ((struct vm *)opaque)->accel;

	if (a && a->ops->dma_written)
		a->ops->dma_written(a, ipa, len);
}

/* Signals to end: the first asks, the second does not wait. */
static void on_signal(void *opaque, unsigned int events)
{
	struct vm *vm = opaque;
	struct signalfd_siginfo info;
	bool again;

	(void)events;
	if (read(vm->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGUSR1) {
		take_screenshot(vm);
		return;
	}
	pthread_mutex_lock(&vm->lock);
	again = vm->end == VM_END_QUIT;
	pthread_mutex_unlock(&vm->lock);
	if (again) {
		tty_restore();
		_exit(1);
	}
	vm_quit(vm);
}

static int create_signals(struct vm *vm)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (vm->cfg->screenshot)
		sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	vm->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (vm->signal_fd < 0)
		return -errno;
	vm->signals = loop_add_fd(vm->loop, vm->signal_fd, LOOP_IN, on_signal, vm);
	return vm->signals ? 0 : -ENOMEM;
}

static unsigned int nr_extra_ram(const struct vm *vm)
{
	unsigned int n = 0;

	while (n < MACHINE_EXTRA_RAM && vm->type->extra_ram[n].size)
		n++;
	return n;
}

static int create_memory(struct vm *vm, char **err)
{
	u64 size = vm->cfg->memory;
	int ret = ram_alloc(size, &vm->ram);

	if (ret)
		return err_set(err, ret, "--memory: this host cannot reserve %llu MiB (%s); ask for less",
			       (unsigned long long)(size >> 20), strerror(-ret));
	vm->mem = guest_mem_create();
	vm->bus = bus_create();
	if (!vm->mem || !vm->bus)
		return -ENOMEM;
	guest_mem_on_written(vm->mem, dma_written, vm);
	ret = guest_mem_add(vm->mem, vm->type->ram_base, size, vm->ram, false);
	for (unsigned int i = 0; i < nr_extra_ram(vm) && !ret; i++) {
		const struct machine_ram *r = &vm->type->extra_ram[i];

		ret = ram_alloc(r->size, &vm->extra_ram[i]);
		if (!ret)
			ret = guest_mem_add(vm->mem, r->base, r->size, vm->extra_ram[i], false);
	}
	return ret;
}

/* What of the user's wishes keeps the host's CPU from running this guest?  NULL: nothing. */
static const char *kvm_unfit(const struct vm_config *cfg, const struct accel_host *host)
{
	const struct machine_type *type = cfg->machine;
	bool is32 = !arm_has(host->model.features, ARM_FEAT_AARCH64);

	if (cfg->cpu_given && !cfg->cpu_host && strcmp(cfg->model->name, host->model.name))
		return "KVM gives a guest the host's CPU, which is another; use --cpu host";
	if (type->only_aarch32 && !is32)
		return "the machine has 32-bit CPUs, and this host has not; use --machine virt";
	if (host->gic_version == 3 && !type->gic.redist)
		return "this host gives guests a GICv3 only, for which the machine has no place; use --machine virt";
	if (cfg->log)
		return "-d shows what the translator does";
	return NULL;
}

/*
 * Settles engine, CPU (maybe @host's) and interrupt controller in @cfg.  What an explicit
 * --engine kvm lacks is an error; left to us, it is a reason to emulate.
 */
static int choose_engine(struct vm_config *cfg, struct accel_host *host, char **err)
{
	const char *unfit;
	char *why = NULL;
	int ret;

	cfg->gic_version = 2;
	if (cfg->engine != ACCEL_AUTO && cfg->engine != ACCEL_KVM)
		return 0;
	ret = accel_kvm_host(host, &why);
	unfit = ret ? why ? why : strerror(-ret) : kvm_unfit(cfg, host);
	if (!unfit) {
		cfg->engine = ACCEL_KVM;
		cfg->model = &host->model;
		cfg->gic_version = host->gic_version;
		if (cfg->verbose)
			log_info("engine kvm: this host's CPU (%s), GICv%u", cfg->model->name, cfg->gic_version);
		return 0;
	}
	ret = ret ? ret : -EINVAL;
	if (cfg->engine == ACCEL_KVM || cfg->cpu_host || !accel_has_emu) {
		err_set(err, ret, "%s: %s", cfg->cpu_host ? "--cpu host" : "--engine kvm", unfit);
	} else {
		cfg->engine = ACCEL_EMU;
		ret = 0;
		if (cfg->verbose)
			log_info("engine emu, because of kvm: %s", unfit);
	}
	free(why);
	return ret;
}

static int create_engine(struct vm *vm, char **err)
{
	const struct vm_config *cfg = vm->cfg;
	const struct machine_gic *gic = &vm->type->gic;
	const struct accel_config engine = {
		.engine = cfg->engine,
		.model = &vm->model,
		.cpus = cfg->cpus,
		.gic = { cfg->gic_version, gic->irqs, gic->dist, gic->cpu, gic->redist },
		.aarch32 = boot_is_aarch32(vm->boot),
		.cache_bytes = cfg->cache_bytes,
		.count_insns = cfg->stats,
		.no_psci = vm->type->no_psci,
		.log = cfg->log,
		.log_file = vm->log,
		.ops = &host_ops,
		.opaque = vm,
	};
	int ret = accel_create(&engine, &vm->accel, err);

	if (ret)
		return ret;
	ret = vm->accel->ops->map_ram(vm->accel, vm->type->ram_base, cfg->memory, vm->ram, false);
	for (unsigned int i = 0; i < nr_extra_ram(vm) && !ret; i++)
		ret = vm->accel->ops->map_ram(vm->accel, vm->type->extra_ram[i].base, vm->type->extra_ram[i].size,
					      vm->extra_ram[i], false);
	return ret;
}

static int open_log(struct vm *vm, char **err)
{
	const char *path = vm->cfg->log_path;

	if (!path)
		return 0;
	vm->log = fopen(path, "we");
	return vm->log ? 0 : err_set(err, -errno, "-D %s: %s", path, strerror(errno));
}

static void screenshot_by_key(void *opaque)
{
	take_screenshot(opaque);
}

static void quit_by_key(void *opaque)
{
	vm_quit(opaque);
}

static void run_command(void *opaque, char *line)
{
	struct vm *vm = opaque;
	const struct control control = {
		.machine = vm->machine, .screenshot = vm->cfg->screenshot ? take_screenshot : NULL,
		.quit = quit_by_key, .opaque = vm,
	};
	char *err = NULL;

	if (control_run(&control, line, &err))
		log_warn("--control: %s", err ? err : strerror(ENOMEM));
	free(err);
}

static int open_control(struct vm *vm, char **err)
{
	if (!vm->cfg->control)
		return 0;
	return command_pipe_create(vm->loop, vm->cfg->control, run_command, vm, &vm->control, err);
}

/*
 * The terminal belongs to the serial port, or to the virtio console; then the
 * serial port still shows there what firmware and early kernels say.
 */
static int open_terminal(struct vm *vm, char **err)
{
	const struct vm_config *cfg = vm->cfg;
	const struct tty_config tty = {
		.in_fd = STDIN_FILENO,
		.out_fd = STDOUT_FILENO,
		.quit = quit_by_key,
		.screenshot = cfg->screenshot ? screenshot_by_key : NULL,
		.opaque = vm,
	};
	int ret = 0;

	if (cfg->serial == SERIAL_FILE) {
		ret = chardev_file_create(cfg->serial_path, &vm->serial, err);
		if (ret && !*err)
			err_set(err, ret, "--serial file:%s: %s", cfg->serial_path, strerror(-ret));
	}
	if (ret || (cfg->serial != SERIAL_STDIO && cfg->console != CONSOLE_VIRTIO))
		return ret;
	ret = chardev_tty_create(vm->loop, &tty, &vm->terminal);
	return ret ? err_set(err, ret, "the terminal: %s", strerror(-ret)) : 0;
}

static int create_machine(struct vm *vm)
{
	const struct vm_config *cfg = vm->cfg;
	struct machine_env env = {
		.cpus = cfg->cpus,
		.loop = vm->loop,
		.bus = vm->bus,
		.mem = vm->mem,
		.serial = cfg->serial == SERIAL_STDIO ? vm->terminal : vm->serial,
		.serial_input = cfg->serial == SERIAL_STDIO && cfg->console != CONSOLE_VIRTIO,
		.virtio = vm->devices.virtio,
		.parts = &vm->devices.parts,
		.cpu_wires = cpu_wires,
		.set_spi = vm->accel->ops->set_spi ? set_spi : NULL,
		.set_doorbell = vm->accel->ops->set_doorbell ? set_doorbell : NULL,
		.power = machine_power,
		.opaque = vm,
	};
	int ret = 0;

	if (cfg->console == CONSOLE_VIRTIO)
		ret = devices_add_console(&vm->devices, vm->loop, vm->terminal);
	env.nvirtio = vm->devices.nvirtio;
	return ret ? ret : vm->type->create(&env, &vm->machine);
}

/*
 * What can fail for a reason of the user's comes first, and what creates files
 * or touches the terminal comes last.
 */
static int vm_build(struct vm *vm, char **err)
{
	int ret = choose_engine(&vm->settled, &vm->host, err);

	if (ret)
		return ret;
	vm->model = *vm->cfg->model;
	vm->type->fit_model(&vm->model);
	ret = boot_open(vm->cfg, vm->type, &vm->boot, err);
	if (!ret && boot_is_aarch32(vm->boot))
		vm->model.features &= ~ARM_FEAT_BIT(ARM_FEAT_AARCH64);
	if (!ret)
		ret = loop_create(&vm->loop);
	if (!ret)
		ret = create_signals(vm);
	if (!ret)
		ret = create_memory(vm, err);
	if (!ret)
		ret = devices_create(&vm->devices, vm->cfg, vm->loop, err);
	if (!ret)
		ret = open_log(vm, err);
	if (!ret)
		ret = create_engine(vm, err);
	/* A broken gzip stream shows only here. */
	if (!ret)
		ret = boot_load(vm->boot, vm->mem, err);
	if (!ret)
		ret = open_control(vm, err);
	if (!ret)
		ret = open_terminal(vm, err);
	return ret ? ret : create_machine(vm);
}

int vm_create(const struct vm_config *cfg, struct vm **out)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	char *err = NULL;
	int ret;

	if (!vm)
		return -ENOMEM;
	pthread_mutex_init(&vm->lock, NULL);
	vm->settled = *cfg;
	vm->cfg = &vm->settled;
	vm->type = cfg->machine;
	vm->signal_fd = -1;
	ret = vm_build(vm, &err);
	if (ret) {
		vm_free(vm);
		log_warn("%s", err ? err : strerror(-ret));
		free(err);
		return ret;
	}
	*out = vm;
	return 0;
}

/*
 * Engine and machine call each other from threads of their own (timers, I/O).
 * A reset leaves the devices idle; then the engine can go, and then they.
 */
static void free_engine(struct vm *vm)
{
	struct accel *a = vm->accel;

	if (vm->machine)
		vm->machine->ops->reset(vm->machine);
	vm->accel = NULL;
	if (a)
		a->ops->free(a);
}

void vm_free(struct vm *vm)
{
	if (!vm)
		return;
	command_pipe_free(vm->control);
	free_engine(vm);
	if (vm->machine)
		vm->machine->ops->free(vm->machine);
	devices_free(&vm->devices);
	chardev_free(vm->serial);
	chardev_free(vm->terminal);
	if (vm->log)
		fclose(vm->log);
	bus_free(vm->bus);
	guest_mem_free(vm->mem);
	ram_free(vm->ram, vm->cfg->memory);
	for (unsigned int i = 0; i < nr_extra_ram(vm); i++)
		ram_free(vm->extra_ram[i], vm->type->extra_ram[i].size);
	if (vm->signals)
		loop_remove(vm->signals);
	if (vm->signal_fd >= 0)
		close(vm->signal_fd);
	loop_free(vm->loop);
	boot_close(vm->boot);
	pthread_mutex_destroy(&vm->lock);
	free(vm);
}

static void vcpu_left(struct vm *vm)
{
	bool last;

	pthread_mutex_lock(&vm->lock);
	last = --vm->running == 0;
	pthread_mutex_unlock(&vm->lock);
	if (last)
		loop_quit(vm->loop);
}

static void *vcpu_thread(void *opaque)
{
	struct vcpu *vcpu = opaque;
	struct accel *a = vcpu->vm->accel;

	vcpu->ret = a->ops->run(a, vcpu->index);
	if (vcpu->ret)
		vm_end(vcpu->vm, VM_END_FATAL);
	vcpu_left(vcpu->vm);
	return NULL;
}

static int vcpu_start(struct vm *vm, unsigned int index)
{
	struct vcpu *vcpu = &vm->vcpus[index];
	char name[16];
	int ret;

	vcpu->vm = vm;
	vcpu->index = index;
	ret = pthread_create(&vcpu->thread, NULL, vcpu_thread, vcpu);
	if (ret)
		return -ret;
	snprintf(name, sizeof(name), "vcpu%u", index);
	pthread_setname_np(vcpu->thread, name);
	return 0;
}

/* Runs until all vCPUs have left the engine; returns why. */
static enum vm_end run_once(struct vm *vm)
{
	unsigned int started;
	enum vm_end end;
	int ret = 0;

	pthread_mutex_lock(&vm->lock);
	vm->running = vm->cfg->cpus;
	pthread_mutex_unlock(&vm->lock);
	for (started = 0; started < vm->cfg->cpus && !ret; started += !ret)
		ret = vcpu_start(vm, started);
	if (ret) {
		log_warn("cannot start a thread for vCPU %u: %s", started, strerror(-ret));
		vm_end(vm, VM_END_FATAL);
		for (unsigned int i = started; i < vm->cfg->cpus; i++)
			vcpu_left(vm);
	}
	loop_run(vm->loop);
	for (unsigned int i = 0; i < started; i++)
		pthread_join(vm->vcpus[i].thread, NULL);
	pthread_mutex_lock(&vm->lock);
	end = vm->end;
	if (end == VM_END_RESET)
		vm->end = VM_END_NONE;
	pthread_mutex_unlock(&vm->lock);
	return end;
}

/* Everything as after power-on, with the files as they are now. */
static int vm_reboot(struct vm *vm)
{
	char *err = NULL;
	int ret;

	vm->machine->ops->reset(vm->machine);
	ram_discard(vm->ram, vm->cfg->memory);
	dma_written(vm, vm->type->ram_base, vm->cfg->memory);
	for (unsigned int i = 0; i < nr_extra_ram(vm); i++) {
		ram_discard(vm->extra_ram[i], vm->type->extra_ram[i].size);
		dma_written(vm, vm->type->extra_ram[i].base, vm->type->extra_ram[i].size);
	}
	ret = boot_load(vm->boot, vm->mem, &err);
	if (ret)
		log_warn("the guest rebooted: %s", err ? err : strerror(-ret));
	free(err);
	return ret;
}

/* The CPUs as after power-on, those that firmware would start at the kernel's entry. */
static int enter_guest(struct vm *vm)
{
	struct accel *a = vm->accel;
	int ret = a->ops->reset(a);

	for (unsigned int i = 0; !ret && i < (vm->type->no_psci ? vm->cfg->cpus : 1); i++) {
		struct arm_state *s = a->ops->state(a, i);

		if (s)
			boot_enter(vm->boot, i, s);
		else
			ret = -EIO;
	}
	if (ret)
		log_warn("the CPUs cannot be reset: %s", strerror(-ret));
	return ret;
}

enum vm_end vm_run(struct vm *vm)
{
	struct accel *a = vm->accel;
	enum vm_end end;

	do {
		if (enter_guest(vm)) {
			end = VM_END_FATAL;
			break;
		}
		end = run_once(vm);
		if (end != VM_END_RESET || vm->cfg->no_reboot)
			break;
		if (vm_reboot(vm)) {
			end = VM_END_FATAL;
			break;
		}
		a->ops->restart(a);
		/* Who asked for the end before the restart stopped nothing. */
		pthread_mutex_lock(&vm->lock);
		end = vm->end;
		pthread_mutex_unlock(&vm->lock);
	} while (end == VM_END_NONE);
	if (vm->cfg->stats)
		a->ops->print_stats(a, stderr);
	return end;
}

int vm_dump_dtb(const struct vm_config *cfg)
{
	struct fdt_blob fdt = { 0 };
	struct boot *boot = NULL;
	char *err = NULL;
	struct vm_config settled = *cfg;
	struct accel_host host;
	FILE *f = NULL;
	int ret = choose_engine(&settled, &host, &err);

	if (!ret)
		ret = boot_open(&settled, cfg->machine, &boot, &err);
	if (!ret)
		ret = boot_make_fdt(boot, &fdt, &err);
	if (!ret) {
		f = fopen(cfg->dump_dtb, "we");
		if (!f || fwrite(fdt.blob, fdt.size, 1, f) != 1)
			ret = -errno;
	}
	if (f && fclose(f) && !ret)
		ret = -errno;
	if (ret && err)
		log_warn("%s", err);
	else if (ret)
		log_warn("--dump-dtb %s: %s", cfg->dump_dtb, strerror(-ret));
	free(err);
	free(fdt.blob);
	boot_close(boot);
	return ret;
}
