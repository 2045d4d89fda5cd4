/* SPDX-License-Identifier: GPL-2.0-only */
/* The translator and the interpreter as an engine: a thin coat over emu/. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "emu/emu.h"
#include "vmm/accel/accel.h"
#include "vmm/host/log.h"

_Static_assert(ACCEL_MAX_CPUS <= EMU_MAX_CPUS, "every machine fits the engine");

const bool accel_has_emu = true;

struct accel_emu {
	struct accel accel;
	struct emu_vm *vm;
	const struct accel_host_ops *ops;
	void *opaque;
};

static struct emu_vm *vm_of(struct accel *a)
{
	return ((struct accel_emu *)a)->vm;
}

static int accel_emu_map_ram(struct accel *a, u64 ipa, u64 size, void *host, bool readonly)
{
	return emu_vm_map_ram(vm_of(a), ipa, size, host, readonly);
}

static void accel_emu_dma_written(struct accel *a, u64 ipa, u64 len)
{
	emu_vm_dma_written(vm_of(a), ipa, len);
}

static int accel_emu_run(struct accel *a, unsigned int cpu)
{
	return emu_vcpu_run(emu_vm_vcpu(vm_of(a), cpu));
}

static void accel_emu_stop(struct accel *a)
{
	emu_vm_stop(vm_of(a));
}

static void accel_emu_restart(struct accel *a)
{
	emu_vm_restart(vm_of(a));
}

static int accel_emu_reset(struct accel *a)
{
	emu_vm_reset(vm_of(a));
	return 0;
}

static struct arm_state *accel_emu_state(struct accel *a, unsigned int cpu)
{
	return emu_vcpu_state(emu_vm_vcpu(vm_of(a), cpu));
}

static int accel_emu_get_off(struct accel *a, unsigned int cpu, bool *off)
{
	*off = emu_vcpu_off(emu_vm_vcpu(vm_of(a), cpu));
	return 0;
}

static int accel_emu_set_off(struct accel *a, unsigned int cpu, bool off)
{
	return emu_vcpu_set_off(emu_vm_vcpu(vm_of(a), cpu), off);
}

_Static_assert(ACCEL_SERROR == EMU_SERROR, "one layout");

static int accel_emu_get_serror(struct accel *a, unsigned int cpu, u32 *serror)
{
	*serror = emu_vcpu_serror(emu_vm_vcpu(vm_of(a), cpu));
	return 0;
}

static int accel_emu_set_serror(struct accel *a, unsigned int cpu, u32 serror)
{
	emu_vcpu_set_serror(emu_vm_vcpu(vm_of(a), cpu), serror);
	return 0;
}

static int accel_emu_get_psci(struct accel *a, u32 *version)
{
	*version = emu_vm_psci_version(vm_of(a));
	return 0;
}

static int accel_emu_set_psci(struct accel *a, u32 version)
{
	return emu_vm_set_psci_version(vm_of(a), version);
}

static int accel_emu_get_count(struct accel *a, u64 *count, u32 *hz)
{
	*count = emu_vm_count(vm_of(a), hz);
	return 0;
}

static int accel_emu_set_count(struct accel *a, u64 count)
{
	emu_vm_set_count(vm_of(a), count);
	return 0;
}

static int accel_emu_dirty_log(struct accel *a, bool on)
{
	return emu_vm_dirty_log(vm_of(a), on);
}

static int accel_emu_dirty_get(struct accel *a, u64 ipa, u64 size, u64 *bits)
{
	return emu_vm_dirty_get(vm_of(a), ipa, size, bits);
}

static void accel_emu_set_line(struct accel *a, unsigned int cpu, enum accel_line line, bool level)
{
	emu_vcpu_set_line(emu_vm_vcpu(vm_of(a), cpu), line == ACCEL_LINE_FIQ ? EMU_LINE_FIQ : EMU_LINE_IRQ, level);
}

static void accel_emu_print_stats(struct accel *a, FILE *out)
{
	struct emu_stats s;
	const char *name;

	emu_vm_stats(vm_of(a), &s);
	const struct {
		const char *name;
		u64 value;
	} rows[] = {
		{ "guest instructions", s.insns },
		{ "blocks translated", s.blocks },
		{ "instructions translated", s.block_insns },
		{ "bytes of code", s.code_bytes },
		{ "code cache flushes", s.flushes },
		{ "code pages invalidated", s.invalidations },
		{ "TLB misses", s.tlb_misses },
		{ "exceptions", s.exceptions },
		{ "interrupts", s.interrupts },
		{ "device accesses", s.mmio },
	};

	for (size_t i = 0; i < ARM_ARRAY_SIZE(rows); i++)
		fprintf(out, "%-28s %16" PRIu64 "\n", rows[i].name, rows[i].value);
	for (size_t i = 0; i < ARM_ARRAY_SIZE(s.exits) && (name = emu_exit_name(i)); i++)
		fprintf(out, "exit: %-22s %16" PRIu64 "\n", name, s.exits[i]);
}

static void accel_emu_free(struct accel *a)
{
	emu_vm_free(vm_of(a));
	free(a);
}

static const struct accel_ops accel_emu_ops = {
	.name = "emu",
	.little_endian = true,
	.map_ram = accel_emu_map_ram,
	.dma_written = accel_emu_dma_written,
	.run = accel_emu_run,
	.stop = accel_emu_stop,
	.restart = accel_emu_restart,
	.reset = accel_emu_reset,
	.state = accel_emu_state,
	.get_off = accel_emu_get_off,
	.set_off = accel_emu_set_off,
	.get_serror = accel_emu_get_serror,
	.set_serror = accel_emu_set_serror,
	.get_psci = accel_emu_get_psci,
	.set_psci = accel_emu_set_psci,
	.get_count = accel_emu_get_count,
	.set_count = accel_emu_set_count,
	.dirty_log = accel_emu_dirty_log,
	.dirty_get = accel_emu_dirty_get,
	.set_line = accel_emu_set_line,
	.print_stats = accel_emu_print_stats,
	.free = accel_emu_free,
};

/* What the emulated CPUs ask of the machine. */

static enum arm_result host_read(void *opaque, unsigned int cpu, u64 ipa, unsigned int size, u64 *val)
{
	struct accel_emu *e = opaque;

	return e->ops->mmio_read(e->opaque, cpu, ipa, size, val);
}

static enum arm_result host_write(void *opaque, unsigned int cpu, u64 ipa, unsigned int size, u64 val)
{
	struct accel_emu *e = opaque;

	return e->ops->mmio_write(e->opaque, cpu, ipa, size, val);
}

static void host_ppi(void *opaque, unsigned int cpu, unsigned int intid, bool level)
{
	struct accel_emu *e = opaque;

	e->ops->ppi(e->opaque, cpu, intid, level);
}

static void host_event(void *opaque, unsigned int cpu, enum emu_event event)
{
	static const enum accel_event events[] = {
		[EMU_EVENT_SYSTEM_OFF] = ACCEL_EVENT_OFF,
		[EMU_EVENT_SYSTEM_RESET] = ACCEL_EVENT_RESET,
		[EMU_EVENT_FATAL] = ACCEL_EVENT_FATAL,
	};
	struct accel_emu *e = opaque;

	e->ops->event(e->opaque, cpu, events[event]);
}

static const struct emu_host_ops host_ops = {
	.mmio_read = host_read,
	.mmio_write = host_write,
	.ppi = host_ppi,
	.event = host_event,
};

static enum emu_engine engine_of(enum accel_engine engine)
{
	switch (engine) {
	case ACCEL_JIT:
		return EMU_ENGINE_JIT;
	case ACCEL_INTERP:
		return EMU_ENGINE_INTERP;
	case ACCEL_LOCKSTEP:
		return EMU_ENGINE_LOCKSTEP;
	default:
		return EMU_ENGINE_AUTO;
	}
}

int accel_emu_create(const struct accel_config *cfg, struct accel **out, char **err)
{
	struct accel_emu *e = calloc(1, sizeof(*e));
	const struct emu_config emu = {
		.model = cfg->model,
		.cpus = cfg->cpus,
		.engine = engine_of(cfg->engine),
		.cache_bytes = cfg->cache_bytes,
		.count_insns = cfg->count_insns,
		.no_psci = cfg->no_psci,
		.counter_hz = cfg->counter_hz,
		.log = cfg->log,
		.log_file = cfg->log_file,
		.ops = &host_ops,
		.opaque = e,
	};
	int ret;

	if (!e)
		return -ENOMEM;
	e->accel.ops = &accel_emu_ops;
	e->ops = cfg->ops;
	e->opaque = cfg->opaque;
	ret = emu_vm_create(&emu, &e->vm);
	if (ret) {
		free(e);
		return err_set(err, ret, "--engine: %s", ret == -ENOTSUP || ret == -ENOSYS ?
			       "this host has no translator; use --engine interp" : strerror(-ret));
	}
	*out = &e->accel;
	return 0;
}
