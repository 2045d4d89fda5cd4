// SPDX-License-Identifier: GPL-2.0-only
/*
 * hypbench: what a guest pays for an operation, in ticks of its virtual counter; one
 * line each: name, ticks of all rounds, rounds.  run.py makes instructions of them.
 */
#include "tests/hyp/prog/kvmtest.h"

struct row {
	const char *name;
	uint32_t fn, arg;
	unsigned int vcpus;
};

static bool answer(struct vcpu *vcpu)
{
	memset(vcpu->run->mmio.data, 0, 8);
	return true;
}

static void measure(const struct row *row)
{
	struct vm *vm = vm_new(row->vcpus, 0);
	struct vcpu *v = &vm->vcpu[0];
	uint32_t rounds;

	v->mmio = answer;
	for (unsigned int i = 1; i < row->vcpus; i++)
		vcpu_thread(&vm->vcpu[i]);
	vcpu_start_at(v, row->fn, row->arg, false);
	rounds = vcpu_finish(v);
	printf("%s\t%llu\t%u\n", row->name, (unsigned long long)v->b << 32 | v->a, rounds);
	fflush(stdout);
	/* A second vCPU sleeps in its guest for good; the process ends it. */
	if (row->vcpus == 1)
		vm_free(vm);
}

int main(void)
{
	const struct row rows[] = {
		{ "empty", GUEST(b_empty), 0, 1 },	{ "hypercall", GUEST(b_hypercall), 0, 1 },
		{ "cp15", GUEST(b_cp15), 0, 1 },	{ "gic", GUEST(b_gicd), 0, 1 },
		{ "mmio", GUEST(b_mmio), 0, 1 },	{ "eoi", GUEST(b_eoi), 0, 1 },
		{ "wfi", GUEST(b_wfi), 12500, 1 },	{ "ipi", GUEST(b_ipi), 0, 2 },
	};

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		measure(&rows[i]);
	return 0;
}
