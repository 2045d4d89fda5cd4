/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The making of a VM, in the order in which things can fail: what is the user's
 * to mend first, what creates files or touches the terminal last.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "vmm/control.h"
#include "vmm/host/chardev.h"
#include "vmm/host/log.h"
#include "vmm/host/loop.h"
#include "vmm/host/tty.h"
#include "vmm/machine/boot.h"
#include "vmm/mem/bus.h"
#include "vmm/mem/ram.h"
#include "vmm/migrate/live.h"
#include "vmm/vm_int.h"

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
	signal(SIGXFSZ, SIG_IGN);	/* a snapshot that does not fit ends no guest */
	vm->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (vm->signal_fd < 0)
		return -errno;
	vm->signals = loop_add_fd(vm->loop, vm->signal_fd, LOOP_IN, vm_on_signal, vm);
	return vm->signals ? 0 : -ENOMEM;
}

unsigned int vm_nr_extra_ram(const struct vm *vm)
{
	unsigned int n = 0;

	while (n < MACHINE_EXTRA_RAM && vm->type->extra_ram[n].size)
		n++;
	return n;
}

static int add_region(struct vm *vm, u64 ipa, u64 size, void *host)
{
	int ret = guest_mem_add(vm->mem, ipa, size, host, false);

	if (!ret)
		ret = dirty_add_region(vm->dirty, ipa, size);
	if (!ret)
		vm->state.ram[vm->state.nram++] = (struct vmstate_ram){ ipa, size, host };
	return ret;
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
	vm->dirty = dirty_create();
	if (!vm->mem || !vm->bus || !vm->dirty)
		return -ENOMEM;
	guest_mem_on_written(vm->mem, vm_dma_written, vm);
	ret = add_region(vm, vm->type->ram_base, size, vm->ram);
	for (unsigned int i = 0; i < vm_nr_extra_ram(vm) && !ret; i++) {
		const struct machine_ram *r = &vm->type->extra_ram[i];

		ret = ram_alloc(r->size, &vm->extra_ram[i]);
		if (!ret)
			ret = add_region(vm, r->base, r->size, vm->extra_ram[i]);
	}
	return ret;
}

/* What of the user's wishes keeps the host's CPU from running this guest?  NULL: nothing. */
static const char *kvm_unfit(const struct vm_config *cfg, const struct accel_host *host)
{
	const struct machine_type *type = cfg->machine;
	bool is32 = !arm_has(host->model.features, ARM_FEAT_AARCH64);

	if (cfg->cpu_given && !cfg->cpu_host && !cfg->like && strcmp(cfg->model->name, host->model.name))
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
		/* What the host's CPU cannot be told to say, config_check_like() finds. */
		cfg->model = cfg->like ? &cfg->like->model.model : &host->model;
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

/* Where the guest is to go its firmware has that version. */
static int set_psci(struct vm *vm, char **err)
{
	const struct accel_ops *ops = vm->accel->ops;
	u32 version = vm->cfg->like ? vm->cfg->like->id.psci : 0;
	int ret = version && ops->set_psci && !vm->type->no_psci ? ops->set_psci(vm->accel, version) : 0;

	return ret ? err_set(err, ret, "--cpu host-of: PSCI %u.%u is not what this side's firmware can be; change that "
			     "line of the file", version >> 16, version & 0xffff) : 0;
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
		.aarch32 = vm->state.aarch32,
		.cache_bytes = cfg->cache_bytes,
		.count_insns = cfg->stats,
		.no_psci = vm->type->no_psci,
		.identity_forced = cfg->like,
		.counter_hz = cfg->like ? cfg->like->id.counter_hz : 0,
		.log = cfg->log,
		.log_file = vm->log,
		.ops = &vm_host_ops,
		.opaque = vm,
	};
	int ret = accel_create(&engine, &vm->accel, err);

	if (!ret && cfg->engine == ACCEL_KVM)
		ret = config_check_like(cfg, vm->accel, &vm->model, err);
	if (!ret)
		ret = set_psci(vm, err);
	if (ret)
		return ret;
	ret = vm->accel->ops->map_ram(vm->accel, vm->type->ram_base, cfg->memory, vm->ram, false);
	for (unsigned int i = 0; i < vm_nr_extra_ram(vm) && !ret; i++)
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
	vm_take_screenshot(opaque);
}

static void quit_by_key(void *opaque)
{
	vm_quit(opaque);
}

/* Last of all: who gives a command finds the machine. */
static int open_control(struct vm *vm, char **err)
{
	const struct control_config control = {
		.machine = vm->machine, .vm = vm, .screenshot = vm->cfg->screenshot ? vm_take_screenshot : NULL,
		.quit = quit_by_key, .opaque = vm,
		.live_start = live_start, .live_cancel = live_cancel,
	};

	if (!vm->cfg->control && !vm->cfg->name)
		return 0;
	vm->control = control_create(&control);
	return vm->control ? control_listen(vm->control, vm->loop, vm->cfg->control, vm->cfg->name, err) : -ENOMEM;
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
		.clock = &vm->clock,
		.bus = vm->bus,
		.mem = vm->mem,
		.serial = cfg->serial == SERIAL_STDIO ? vm->terminal : vm->serial,
		.serial_input = cfg->serial == SERIAL_STDIO && cfg->console != CONSOLE_VIRTIO,
		.virtio = vm->devices.virtio,
		.parts = &vm->devices.parts,
		.cpu_wires = vm_cpu_wires,
		.set_spi = vm->accel->ops->set_spi ? vm_set_spi : NULL,
		.set_doorbell = vm->accel->ops->set_doorbell ? vm_set_doorbell : NULL,
		.power = vm_power,
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
	/* A guest that ran has found what its CPU has; hardware is asked in create_engine(). */
	if (vm->cfg->incoming && vm->cfg->engine != ACCEL_KVM && vm->cfg->like && vm->cfg->like->lacking)
		return err_set(err, -EINVAL, "%s", vm->cfg->like->lacking);
	vm->model = *vm->cfg->model;
	vm->type->fit_model(&vm->model);
	ret = boot_open(vm->cfg, vm->type, &vm->boot, err);
	vm->state.aarch32 = vm->cfg->incoming ? vm->cfg->aarch32 : !ret && boot_is_aarch32(vm->boot);
	if (vm->state.aarch32)
		vm->model.features &= ~ARM_FEAT_BIT(ARM_FEAT_AARCH64);
	if (!ret)
		ret = loop_create(&vm->loop);
	if (!ret)
		ret = create_signals(vm);
	if (!ret)
		ret = create_memory(vm, err);
	vm->clock.loop = vm->loop;
	/* Until the vCPUs run, also while what comes from elsewhere is loaded. */
	dev_clock_stop(&vm->clock);
	if (!ret)
		ret = devices_create(&vm->devices, vm->cfg, vm->loop, err);
	if (!ret)
		ret = open_log(vm, err);
	if (!ret)
		ret = create_engine(vm, err);
	/* A broken gzip stream shows only here. */
	if (!ret)
		ret = vm->cfg->incoming ? 0 : boot_load(vm->boot, vm->mem, err);
	if (!ret)
		ret = open_terminal(vm, err);
	if (!ret)
		ret = create_machine(vm);
	if (!ret && vm->cfg->incoming) {
		vm->loaded = true;
		ret = vm->accel->ops->reset(vm->accel);
	}
	return ret ? ret : open_control(vm, err);
}

/* For migration; @vm is complete. */
static void fill_state(struct vm *vm)
{
	vm->state.accel = vm->accel;
	vm->state.model = &vm->model;
	vm->state.machine = vm->machine;
	vm->state.images = &vm->devices.images;
	vm->state.cpus = vm->cfg->cpus;
	vm->state.gic_version = vm->cfg->gic_version;
	vm->state.gic_irqs = vm->type->gic.irqs;
}

int vm_create(const struct vm_config *cfg, struct vm **out, char **err)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	pthread_condattr_t attr;
	int ret;

	if (!vm)
		return -ENOMEM;
	pthread_mutex_init(&vm->lock, NULL);
	pthread_cond_init(&vm->pause_done, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&vm->wanted, &attr);
	pthread_condattr_destroy(&attr);
	vm->thread = pthread_self();
	vm->settled = *cfg;
	vm->cfg = &vm->settled;
	vm->type = cfg->machine;
	vm->signal_fd = -1;
	ret = vm_build(vm, err);
	if (ret) {
		vm_free(vm);
		return ret;
	}
	fill_state(vm);
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
	control_free(vm->control);
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
	dirty_free(vm->dirty);
	ram_free(vm->ram, vm->cfg->memory);
	for (unsigned int i = 0; i < vm_nr_extra_ram(vm); i++)
		ram_free(vm->extra_ram[i], vm->type->extra_ram[i].size);
	if (vm->signals)
		loop_remove(vm->signals);
	if (vm->signal_fd >= 0)
		close(vm->signal_fd);
	loop_free(vm->loop);
	boot_close(vm->boot);
	pthread_cond_destroy(&vm->pause_done);
	pthread_cond_destroy(&vm->wanted);
	pthread_mutex_destroy(&vm->lock);
	free(vm);
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
