/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running.  The first thread runs the loop; each vCPU has a thread.  To stop,
 * anybody records why and tells the engine; the vCPU threads leave it one by
 * one and the last ends the loop.  The loop runs meanwhile, because a vCPU may
 * be waiting for it inside a device.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "vmm/host/clock.h"
#include "vmm/host/log.h"
#include "vmm/host/loop.h"
#include "vmm/host/tty.h"
#include "vmm/machine/boot.h"
#include "vmm/mem/bus.h"
#include "vmm/mem/ram.h"
#include "vmm/migrate/live.h"
#include "vmm/vm_int.h"

#define BRAKE_NS 5000000ULL	/* how closely it is looked whether a guest has run long enough */

/* Makes vm_run() look at what it is to do next.  Any thread. */
static void vm_interrupt(struct vm *vm)
{
	bool held;

	pthread_mutex_lock(&vm->lock);
	held = !vm->running;
	pthread_cond_broadcast(&vm->wanted);
	pthread_mutex_unlock(&vm->lock);
	vm->accel->ops->stop(vm->accel);
	/* No vCPU is there to end the loop by leaving. */
	if (held)
		loop_quit(vm->loop);
}

/* Records @end and makes the vCPUs leave.  Any thread. */
static void vm_end(struct vm *vm, enum vm_end end)
{
	pthread_mutex_lock(&vm->lock);
	if (vm->end == VM_END_NONE || vm->end == VM_END_RESET)
		vm->end = end;
	pthread_mutex_unlock(&vm->lock);
	vm_interrupt(vm);
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

void vm_take_screenshot(void *opaque)
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

const struct accel_host_ops vm_host_ops = {
	.mmio_read = host_read,
	.mmio_write = host_write,
	.ppi = host_ppi,
	.event = host_event,
};

/* What devices ask of the engine.  Before it is made and after it has gone there is none to tell. */

void vm_cpu_wires(void *opaque, unsigned int cpu, bool irq, bool fiq)
{
	struct accel *a = ((struct vm *)opaque)->accel;

	if (!a)
		return;
	a->ops->set_line(a, cpu, ACCEL_LINE_IRQ, irq);
	a->ops->set_line(a, cpu, ACCEL_LINE_FIQ, fiq);
}

void vm_set_spi(void *opaque, unsigned int spi, bool level)
{
	struct accel *a = ((struct vm *)opaque)->accel;

	if (a)
		a->ops->set_spi(a, spi, level);
}

int vm_set_doorbell(void *opaque, u64 ipa, u32 val, int fd)
{
	struct accel *a = ((struct vm *)opaque)->accel;

	return a->ops->set_doorbell(a, ipa, val, fd);
}

void vm_power(void *opaque, bool reset)
{
	vm_end(opaque, reset ? VM_END_RESET : VM_END_OFF);
}

void vm_dma_written(void *opaque, u64 ipa, u64 len)
{
	struct vm *vm = opaque;
	struct accel *a = vm->accel;

	dirty_mark(vm->dirty, ipa, len);
	if (a && a->ops->dma_written)
		a->ops->dma_written(a, ipa, len);
}

/* Signals to end: the first asks, the second does not wait. */
void vm_on_signal(void *opaque, unsigned int events)
{
	struct vm *vm = opaque;
	struct signalfd_siginfo info;
	bool again;

	(void)events;
	if (read(vm->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGUSR1) {
		vm_take_screenshot(vm);
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

static void vcpu_comes(struct vm *vm)
{
	pthread_mutex_lock(&vm->lock);
	/* Not if one has left again already. */
	if (++vm->came == vm->cfg->cpus && vm->running == vm->came)
		vm->since = clock_ns();
	pthread_mutex_unlock(&vm->lock);
}

static void vcpu_left(struct vm *vm)
{
	bool last;

	pthread_mutex_lock(&vm->lock);
	last = --vm->running == 0;
	vm->since = 0;
	pthread_mutex_unlock(&vm->lock);
	if (last)
		loop_quit(vm->loop);
}

static void *vcpu_thread(void *opaque)
{
	struct vcpu *vcpu = opaque;
	struct accel *a = vcpu->vm->accel;

	vcpu_comes(vcpu->vm);
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

static bool vcpus_run(struct vm *vm)
{
	bool run;

	pthread_mutex_lock(&vm->lock);
	run = vm->running;
	pthread_mutex_unlock(&vm->lock);
	return run;
}

/* Why everything stopped; VM_END_NONE: for a pause. */
static enum vm_end take_end(struct vm *vm)
{
	enum vm_end end;

	pthread_mutex_lock(&vm->lock);
	end = vm->end;
	if (end == VM_END_RESET)
		vm->end = VM_END_NONE;
	pthread_mutex_unlock(&vm->lock);
	return end;
}

/* What a machine that was loaded left for now (struct device_ops). */
static void resume_devices(struct vm *vm)
{
	const struct machine_device *d;
	unsigned int n = vm->machine->ops->devices(vm->machine, &d);

	for (unsigned int i = 0; i < n; i++)
		if (d[i].dev->ops->resume)
			d[i].dev->ops->resume(d[i].dev);
}

/* Runs until all vCPUs have left the engine; returns why. */
static enum vm_end run_once(struct vm *vm)
{
	unsigned int started;
	int ret = 0;

	pthread_mutex_lock(&vm->lock);
	vm->running = vm->cfg->cpus;
	vm->came = 0;
	pthread_mutex_unlock(&vm->lock);
	dev_clock_go(&vm->clock);
	resume_devices(vm);
	for (started = 0; started < vm->cfg->cpus && !ret; started += !ret)
		ret = vcpu_start(vm, started);
	if (ret) {
		log_warn("cannot start a thread for vCPU %u: %s", started, strerror(-ret));
		vm_end(vm, VM_END_FATAL);
		for (unsigned int i = started; i < vm->cfg->cpus; i++)
			vcpu_left(vm);
	}
	/* Who interrupted a machine without vCPUs may have meant the one of before. */
	while (vcpus_run(vm))
		loop_run(vm->loop);
	for (unsigned int i = 0; i < started; i++)
		pthread_join(vm->vcpus[i].thread, NULL);
	dev_clock_stop(&vm->clock);
	return take_end(vm);
}

/* The vCPUs stand still, the loop runs: the user can say when to go on. */
static enum vm_end wait_held(struct vm *vm)
{
	loop_run(vm->loop);
	return take_end(vm);
}

/* Everything as after power-on, with the files as they are now. */
static int vm_reboot(struct vm *vm)
{
	char *err = NULL;
	int ret;

	if (!vm->cfg->kernel) {
		log_warn("the guest reboots, and nobody said what to start: give receive or restore --kernel as well");
		return -ENOENT;
	}
	vm->machine->ops->reset(vm->machine);
	ram_discard(vm->ram, vm->cfg->memory);
	vm_dma_written(vm, vm->type->ram_base, vm->cfg->memory);
	for (unsigned int i = 0; i < vm_nr_extra_ram(vm); i++) {
		ram_discard(vm->extra_ram[i], vm->type->extra_ram[i].size);
		vm_dma_written(vm, vm->type->extra_ram[i].base, vm->type->extra_ram[i].size);
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

/* ---- pauses ---- */

struct vm_pause {
	struct vm_pause *next;
	enum vm_end (*fn)(struct vm *vm, void *opaque);
	void *opaque;
	bool waited_for;	/* by its owner, whose it then is */
	bool done;
	int ret;
};

static void pause_done(struct vm *vm, struct vm_pause *p, int ret)
{
	pthread_mutex_lock(&vm->lock);
	p->ret = ret;
	p->done = true;
	if (!p->waited_for)
		free(p);
	pthread_cond_broadcast(&vm->pause_done);
	pthread_mutex_unlock(&vm->lock);
}

static struct vm_pause *next_pause(struct vm *vm, bool last_call)
{
	struct vm_pause *p;

	pthread_mutex_lock(&vm->lock);
	p = vm->pauses;
	if (p)
		vm->pauses = p->next;
	vm->ended |= last_call;
	pthread_mutex_unlock(&vm->lock);
	return p;
}

int vm_paused(struct vm *vm, enum vm_end (*fn)(struct vm *vm, void *opaque), void *opaque)
{
	struct vm_pause *p = calloc(1, sizeof(*p)), **end;
	int ret = 0;

	if (!p)
		return -ENOMEM;
	*p = (struct vm_pause){ .fn = fn, .opaque = opaque };
	pthread_mutex_lock(&vm->lock);
	if (vm->ended) {
		pthread_mutex_unlock(&vm->lock);
		free(p);
		return -ESHUTDOWN;
	}
	p->waited_for = !pthread_equal(vm->thread, pthread_self());
	for (end = &vm->pauses; *end; end = &(*end)->next)
		;
	*end = p;
	pthread_mutex_unlock(&vm->lock);
	vm_interrupt(vm);
	if (!p->waited_for)
		return 0;
	pthread_mutex_lock(&vm->lock);
	while (!p->done)
		pthread_cond_wait(&vm->pause_done, &vm->lock);
	ret = p->ret;
	pthread_mutex_unlock(&vm->lock);
	free(p);
	return ret;
}

void vm_hold(struct vm *vm, bool on)
{
	pthread_mutex_lock(&vm->lock);
	vm->held = on;
	pthread_mutex_unlock(&vm->lock);
	vm_interrupt(vm);
}

bool vm_is_held(struct vm *vm)
{
	bool held;

	pthread_mutex_lock(&vm->lock);
	held = vm->held;
	pthread_mutex_unlock(&vm->lock);
	return held;
}

static enum vm_end do_pauses(struct vm *vm)
{
	enum vm_end end = VM_END_NONE;
	struct vm_pause *p;

	while (end == VM_END_NONE && (p = next_pause(vm, false))) {
		end = p->fn(vm, p->opaque);
		pause_done(vm, p, 0);
	}
	return end;
}

/* ---- slowing down ---- */

/* Until @ns have passed, or somebody wants something else: the end of a migration does not wait for this one. */
static void stand_still(struct vm *vm, u64 ns)
{
	u64 end = clock_ns() + ns;
	struct timespec ts = { .tv_sec = (time_t)(end / NS_PER_S), .tv_nsec = (long)(end % NS_PER_S) };
	int ret = 0;

	pthread_mutex_lock(&vm->lock);
	while (!ret && !vm->pauses && !vm->held && vm->end == VM_END_NONE)
		ret = pthread_cond_timedwait(&vm->wanted, &vm->lock, &ts);
	pthread_mutex_unlock(&vm->lock);
}

static enum vm_end doze(struct vm *vm, void *opaque)
{
	struct throttle *t = &vm->throttle;

	(void)opaque;
	throttle_stands(t, clock_ns());
	stand_still(vm, t->stand);
	throttle_goes(t, clock_ns());
	return VM_END_NONE;
}

static void brake(void *opaque)
{
	struct vm *vm = opaque;
	u64 since;

	pthread_mutex_lock(&vm->lock);
	since = vm->since;
	pthread_mutex_unlock(&vm->lock);
	if (throttle_due(&vm->throttle, since, clock_ns()) && vm_paused(vm, doze, NULL))
		throttle_goes(&vm->throttle, 0);
}

void vm_slow_down(struct vm *vm, unsigned int percent)
{
	vm->throttle.percent = percent;
	if (percent && !vm->brake)
		vm->brake = loop_add_timer(vm->loop, BRAKE_NS, BRAKE_NS, brake, vm);
	if (!percent && vm->brake) {
		loop_remove(vm->brake);
		vm->brake = NULL;
	}
}

/* ---- running ---- */

/* The counter stands from now on, as the vCPUs do: neither the guest nor who saves it notices the time in between. */
static void stop_count(struct vm *vm)
{
	const struct accel_ops *ops = vm->accel->ops;
	u64 count;

	if (ops->get_count && !ops->get_count(vm->accel, &count, NULL))
		ops->set_count(vm->accel, count);
}

/* Runs, with pauses, until something ends or resets the guest. */
static enum vm_end run_until_end(struct vm *vm)
{
	const struct accel_ops *ops = vm->accel->ops;
	enum vm_end end = VM_END_NONE;
	bool again;

	for (;;) {
		end = do_pauses(vm);
		if (end != VM_END_NONE)
			return end;
		ops->restart(vm->accel);
		/* Who asked for something before the restart stopped nothing. */
		pthread_mutex_lock(&vm->lock);
		again = vm->pauses;
		end = vm->end;
		pthread_mutex_unlock(&vm->lock);
		if (end != VM_END_NONE)
			return take_end(vm);
		if (again)
			continue;
		if (vm_is_held(vm)) {
			end = wait_held(vm);
		} else {
			end = run_once(vm);
			stop_count(vm);
		}
		if (end != VM_END_NONE)
			return end;
	}
}

enum vm_end vm_run(struct vm *vm)
{
	struct vm_pause *p;
	enum vm_end end;

	pthread_mutex_lock(&vm->lock);
	vm->thread = pthread_self();
	pthread_mutex_unlock(&vm->lock);
	for (;;) {
		if (!vm->loaded && enter_guest(vm)) {
			end = VM_END_FATAL;
			break;
		}
		vm->loaded = false;
		end = run_until_end(vm);
		if (end != VM_END_RESET || vm->cfg->no_reboot)
			break;
		if (vm_reboot(vm)) {
			end = VM_END_FATAL;
			break;
		}
	}
	while ((p = next_pause(vm, true)))
		pause_done(vm, p, -ESHUTDOWN);
	if (vm->live) {
		live_cancel(vm->live);
		live_finish(vm->live);
	}
	if (vm->cfg->stats)
		vm->accel->ops->print_stats(vm->accel, stderr);
	return end;
}

const struct vmstate *vm_state(const struct vm *vm)
{
	return &vm->state;
}

struct dirty *vm_dirty(const struct vm *vm)
{
	return vm->dirty;
}

struct loop *vm_loop(const struct vm *vm)
{
	return vm->loop;
}

bool vm_take_live(struct vm *vm, struct live *l)
{
	if (vm->live)
		return false;
	vm->live = l;
	return true;
}

void vm_drop_live(struct vm *vm)
{
	vm_slow_down(vm, 0);
	vm->live = NULL;
}

const struct vm_config *vm_config_of(const struct vm *vm)
{
	return vm->cfg;
}
