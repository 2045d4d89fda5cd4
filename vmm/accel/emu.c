/* SPDX-License-Identifier: GPL-2.0-only */
/* The translator and the interpreter as an engine: a thin coat over emu/. */
#include <inttypes.h>
#include <stdlib.h>

#include "vmm/accel/accel.h"

struct accel_emu {
	struct accel accel;
	struct emu_vm *vm;
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

static void accel_emu_reset(struct accel *a)
{
	emu_vm_reset(vm_of(a));
}

static struct arm_state *accel_emu_state(struct accel *a, unsigned int cpu)
{
	return emu_vcpu_state(emu_vm_vcpu(vm_of(a), cpu));
}

static void accel_emu_set_line(struct accel *a, unsigned int cpu, enum emu_line line, bool level)
{
	emu_vcpu_set_line(emu_vm_vcpu(vm_of(a), cpu), line, level);
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
	.map_ram = accel_emu_map_ram,
	.dma_written = accel_emu_dma_written,
	.run = accel_emu_run,
	.stop = accel_emu_stop,
	.restart = accel_emu_restart,
	.reset = accel_emu_reset,
	.state = accel_emu_state,
	.set_line = accel_emu_set_line,
	.print_stats = accel_emu_print_stats,
	.free = accel_emu_free,
};

int accel_emu_create(const struct emu_config *cfg, struct accel **out)
{
	struct accel_emu *e = calloc(1, sizeof(*e));
	int ret;

	if (!e)
		return -ENOMEM;
	e->accel.ops = &accel_emu_ops;
	ret = emu_vm_create(cfg, &e->vm);
	if (ret) {
		free(e);
		return ret;
	}
	*out = &e->accel;
	return 0;
}
