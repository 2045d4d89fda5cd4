/* SPDX-License-Identifier: GPL-2.0-only */
/* What a VM has besides struct arm_state: an SError that is pending, and what its firmware says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "arm/cpu_model.h"
#include "arm/psci.h"
#include "emu/emu.h"

#define RAM 0x40000000ull
#define RAM_SIZE 65536u
#define VECTORS 0x800u
#define DEVICE 0x09000000ull	/* a store ends the run */

struct rig {
	struct emu_vm *vm;
	u8 *ram;
	u64 told;
};

static enum arm_result dev_read(void *opaque, unsigned int cpu, u64 ipa, unsigned int size, u64 *val)
{
	(void)opaque, (void)cpu, (void)ipa, (void)size, (void)val;
	return ARM_NOT_MINE;
}

static enum arm_result dev_write(void *opaque, unsigned int cpu, u64 ipa, unsigned int size, u64 val)
{
	struct rig *r = opaque;

	(void)cpu, (void)size;
	if (ipa != DEVICE)
		return ARM_NOT_MINE;
	r->told = val;
	emu_vm_stop(r->vm);
	return ARM_HANDLED;
}

static const struct emu_host_ops ops = { .mmio_read = dev_read, .mmio_write = dev_write };

static void rig_open(struct rig *r, enum emu_engine engine, bool no_psci)
{
	struct emu_config cfg = {
		.model = arm_cpu_model_find("cortex-a57"), .cpus = 1, .engine = engine, .ops = &ops, .opaque = r,
		.no_psci = no_psci,
	};

	*r = (struct rig){ .ram = aligned_alloc(RAM_SIZE, RAM_SIZE) };
	assert_non_null(r->ram);
	memset(r->ram, 0, RAM_SIZE);
	assert_int_equal(emu_vm_create(&cfg, &r->vm), 0);
	assert_int_equal(emu_vm_map_ram(r->vm, RAM, RAM_SIZE, r->ram, false), 0);
	emu_vm_reset(r->vm);
}

static void rig_close(struct rig *r)
{
	emu_vm_free(r->vm);
	free(r->ram);
}

/* From the beginning of RAM, with x0 and the device in x21, until it stores there. */
static u64 run(struct rig *r, u64 x0)
{
	struct emu_vcpu *v = emu_vm_vcpu(r->vm, 0);
	struct arm_state *st = emu_vcpu_state(v);

	st->pc = RAM;
	st->x[0] = x0;
	st->x[21] = DEVICE;
	st->sys[ARM_SLOT_VBAR_EL1] = RAM + VECTORS;
	emu_vm_restart(r->vm);
	assert_int_equal(emu_vcpu_run(v), 0);
	return r->told;
}

static void check_serror(enum emu_engine engine)
{
	static const u32 unmask[] = { 0xd50344ff /* msr daifclr, #4 */, 0x14000000 };
	static const u32 handler[] = { 0xd5385200 /* mrs x0, esr_el1 */, 0xf90002a0 /* str x0, [x21] */, 0x14000000 };
	struct emu_vcpu *v;
	struct rig r;

	rig_open(&r, engine, false);
	memcpy(r.ram, unmask, sizeof(unmask));
	memcpy(r.ram + VECTORS + 0x380, handler, sizeof(handler));
	v = emu_vm_vcpu(r.vm, 0);
	assert_int_equal(emu_vcpu_serror(v), 0);
	emu_vcpu_set_serror(v, EMU_SERROR | 0x123);
	assert_int_equal(emu_vcpu_serror(v), EMU_SERROR | 0x123);
	assert_int_equal(run(&r, 0), 0xbe000123);
	assert_int_equal(emu_vcpu_serror(v), 0);
	/* A reset takes one away. */
	emu_vcpu_set_serror(v, EMU_SERROR);
	emu_vm_reset(r.vm);
	assert_int_equal(emu_vcpu_serror(v), 0);
	rig_close(&r);
}

static void test_serror(void **state)
{
	(void)state;
	check_serror(EMU_ENGINE_JIT);
	check_serror(EMU_ENGINE_INTERP);
}

static void test_psci_version(void **state)
{
	static const u32 ask[] = { 0xd4000002 /* hvc #0 */, 0xf90002a0 /* str x0, [x21] */, 0x14000000 };
	static const u32 versions[] = { PSCI_VERSION_0_2, PSCI_VERSION_1_0, PSCI_VERSION_1_3, PSCI_VERSION_1_1 };
	struct rig r;

	(void)state;
	rig_open(&r, EMU_ENGINE_JIT, false);
	memcpy(r.ram, ask, sizeof(ask));
	assert_int_equal(emu_vm_psci_version(r.vm), PSCI_VERSION_1_1);
	for (size_t i = 0; i < ARM_ARRAY_SIZE(versions); i++) {
		assert_int_equal(emu_vm_set_psci_version(r.vm, versions[i]), 0);
		assert_int_equal(emu_vm_set_psci_version(r.vm, 0x20000), -EINVAL);
		emu_vm_reset(r.vm);
		assert_int_equal(emu_vm_psci_version(r.vm), versions[i]);
		assert_int_equal(run(&r, PSCI_FN_VERSION), versions[i]);
	}
	rig_close(&r);
	rig_open(&r, EMU_ENGINE_JIT, true);
	assert_int_equal(emu_vm_psci_version(r.vm), 0);
	assert_int_equal(emu_vm_set_psci_version(r.vm, PSCI_VERSION_1_1), -EINVAL);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_serror),
		cmocka_unit_test(test_psci_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
