/* SPDX-License-Identifier: GPL-2.0-only */
/* PSCI and SMCCC discovery over recording ops. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "arm/psci.h"

/* What the ops were asked, and what they are to say. */
struct vm {
	struct psci p;
	struct psci_cpu cpu[6];
	enum psci_error cpu_on_answer;
	unsigned int cpu_on_calls, offs, resets;
	unsigned int cpu_no;
	u64 entry, context, cookie;
	bool aarch32, warm;
	enum psci_action action;
};

static enum psci_error op_cpu_on(void *opaque, unsigned int cpu, u64 entry, u64 context,
				 bool aarch32)
{
	struct vm *vm = opaque;

	vm->cpu_on_calls++;
	vm->cpu_no = cpu;
	vm->entry = entry;
	vm->context = context;
	vm->aarch32 = aarch32;
	return vm->cpu_on_answer;
}

static bool op_entry_ok(void *opaque, u64 entry)
{
	(void)opaque;
	return entry >= 0x40000000;
}

static void op_off(void *opaque)
{
	((struct vm *)opaque)->offs++;
}

static void op_reset(void *opaque, bool warm, u32 type, u64 cookie)
{
	struct vm *vm = opaque;

	(void)type;
	vm->resets++;
	vm->warm = warm;
	vm->cookie = cookie;
}

static const struct psci_ops ops = { op_cpu_on, op_entry_ok, op_off, op_reset };

/* Two clusters: 0.0.0.{0,1,2,3} and 0.0.1.{0,1}, the latter with Aff3 = 1. */
static const u64 mpidrs[6] = { 0, 1, 2, 3, 0x100000100, 0x100000101 };

static void setup(struct vm *vm, u32 version)
{
	*vm = (struct vm){ .cpu_on_answer = PSCI_SUCCESS };
	for (unsigned int i = 0; i < 6; i++)
		vm->cpu[i].mpidr = mpidrs[i];
	assert_int_equal(psci_init(&vm->p, version, vm->cpu, 6, &ops, vm), 0);
}

static s64 call_as(struct vm *vm, unsigned int self, bool aarch32, u64 id, u64 a1, u64 a2, u64 a3)
{
	struct psci_call c = { .arg = { id, a1, a2, a3 }, .aarch32 = aarch32 };

	vm->action = psci_call(&vm->p, self, &c);
	if (aarch32) {
		for (unsigned int i = 0; i < 4; i++)
			assert_true(c.ret[i] >> 32 == 0);
		return (s32)c.ret[0];
	}
	assert_true(c.ret[1] == a1 && c.ret[2] == a2 && c.ret[3] == a3);
	return (s64)c.ret[0];
}

static s64 call(struct vm *vm, u64 id, u64 a1, u64 a2, u64 a3)
{
	return call_as(vm, 0, false, id, a1, a2, a3);
}

#define ENTRY 0x40080000ULL
#define ON64 PSCI_64(PSCI_FN_CPU_ON)
#define INFO64 PSCI_64(PSCI_FN_AFFINITY_INFO)

static void test_init(void **state)
{
	struct vm vm;
	struct psci_ops none = { 0 };

	(void)state;
	setup(&vm, PSCI_VERSION_1_1);
	assert_int_equal(vm.cpu[0].power, PSCI_POWER_ON);
	assert_int_equal(vm.cpu[5].power, PSCI_POWER_OFF);
	assert_int_equal(psci_init(&vm.p, PSCI_VERSION_1_3 + 1, vm.cpu, 6, &ops, &vm), -EINVAL);
	assert_int_equal(psci_init(&vm.p, PSCI_VERSION_1_1, vm.cpu, 0, &ops, &vm), -EINVAL);
	assert_int_equal(psci_init(&vm.p, PSCI_VERSION_1_1, vm.cpu, 6, &none, &vm), -EINVAL);
	setup(&vm, PSCI_VERSION_1_1);
	vm.cpu[2].power = (enum psci_power)7;
	assert_int_equal(psci_validate(&vm.p), -EINVAL);
	vm.cpu[2].power = PSCI_POWER_ON;
	assert_int_equal(psci_validate(&vm.p), 0);
	vm.cpu[2].mpidr = 0x80000002;
	assert_int_equal(psci_validate(&vm.p), -EINVAL);
}

static void test_versions(void **state)
{
	struct vm vm;

	(void)state;
	setup(&vm, PSCI_VERSION_0_2);
	assert_int_equal(call(&vm, PSCI_FN_VERSION, 0, 0, 0), 2);
	assert_int_equal(call(&vm, PSCI_FN_FEATURES, PSCI_FN_CPU_ON, 0, 0), -1);
	setup(&vm, PSCI_VERSION_1_0);
	assert_int_equal(call(&vm, PSCI_FN_VERSION, 0, 0, 0), 0x10000);
	assert_int_equal(call(&vm, PSCI_FN_FEATURES, PSCI_FN_CPU_ON, 0, 0), 0);
	assert_int_equal(call(&vm, PSCI_FN_FEATURES, PSCI_FN_SYSTEM_RESET2, 0, 0), -1);
	assert_int_equal(call(&vm, PSCI_FN_SYSTEM_RESET2, 0, 0, 0), -1);
	assert_int_equal(vm.resets, 0);
	setup(&vm, PSCI_VERSION_1_1);
	assert_int_equal(call(&vm, PSCI_FN_VERSION, 0, 0, 0), 0x10001);
	assert_int_equal(call(&vm, PSCI_FN_FEATURES, PSCI_FN_SYSTEM_RESET2, 0, 0), 0);
}

static void test_features(void **state)
{
	static const u32 yes[] = {
		0x84000000, 0x84000001, 0xc4000001, 0x84000002, 0x84000003, 0xc4000003,
		0x84000004, 0xc4000004, 0x84000006, 0x84000008, 0x84000009, 0x8400000a,
		0x84000012, 0xc4000012, 0x80000000,
	};
	static const u32 no[] = {
		0xc4000000, 0xc4000002, 0x84000005, 0x84000007, 0xc4000008, 0x8400000e,
		0x84000013, 0x80000001, 0x80008000, 0x84000050, 0, 0xffffffff, 0xc6000000,
	};
	struct vm vm;

	(void)state;
	setup(&vm, PSCI_VERSION_1_1);
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(yes); i++)
		assert_int_equal(call(&vm, PSCI_FN_FEATURES, yes[i], 0, 0), 0);
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(no); i++)
		assert_int_equal(call(&vm, PSCI_FN_FEATURES, no[i], 0, 0), -1);
	/* An AArch32 caller has no SMC64 functions. */
	assert_int_equal(call_as(&vm, 0, true, PSCI_FN_FEATURES, 0xc4000003, 0, 0), -1);
	assert_int_equal(call_as(&vm, 0, true, PSCI_FN_FEATURES, 0x84000003, 0, 0), 0);
}

static void test_unknown(void **state)
{
	struct vm vm;
	u64 id = 1;

	(void)state;
	setup(&vm, PSCI_VERSION_1_1);
	assert_true(call(&vm, 0, 0, 0, 0) == -1);
	assert_true(call(&vm, 0x84000005, 0, 0, 0) == -1);
	assert_true(call(&vm, 0x8600ff01, 0, 0, 0) == -1);
	assert_true(call(&vm, 0xc4000002, 0, 0, 0) == -1);
	assert_int_equal(call_as(&vm, 0, true, 0xc4000003, 1, ENTRY, 0), -1);
	/* The id is w0: garbage above it does not matter. */
	assert_int_equal(call(&vm, 0xdead000084000000ULL, 0, 0, 0), 0x10001);
	/* A vCPU that is not there does nothing. */
	assert_int_equal(call_as(&vm, 6, false, PSCI_FN_CPU_OFF, 0, 0, 0), -1);
	/* No id may do anything but answer, short of the known ones. */
	for (unsigned int i = 0; i < 20000; i++) {
		id = id * 6364136223846793005ULL + 1442695040888963407ULL;
		if ((((u32)(id >> 32) & ~(1u << 30)) & 0xffffff00) == 0x84000000)
			continue;
		call(&vm, id >> 32, id, id * 3, id * 5);
		assert_int_equal(vm.action, PSCI_RESUME);
	}
	assert_int_equal(vm.cpu_on_calls + vm.offs + vm.resets, 0);
}

static void test_cpu_on(void **state)
{
	struct vm vm;

	(void)state;
	setup(&vm, PSCI_VERSION_1_1);
	assert_int_equal(call(&vm, ON64, 0x100000101, ENTRY, 0x1234567890abcdefULL), 0);
	assert_int_equal(vm.action, PSCI_RESUME);
	assert_int_equal(vm.cpu_on_calls, 1);
	assert_int_equal(vm.cpu_no, 5);
	assert_true(vm.entry == ENTRY && vm.context == 0x1234567890abcdefULL && !vm.aarch32);
	/* The loser of the race, before and after the target begins. */
	assert_int_equal(call_as(&vm, 1, false, ON64, 0x100000101, ENTRY, 0), PSCI_ON_PENDING);
	assert_int_equal(call(&vm, INFO64, 0x100000101, 0, 0), 2);
	psci_cpu_started(&vm.p, 5);
	assert_int_equal(call_as(&vm, 1, false, ON64, 0x100000101, ENTRY, 0), PSCI_ALREADY_ON);
	assert_int_equal(call(&vm, INFO64, 0x100000101, 0, 0), 0);
	assert_int_equal(vm.cpu_on_calls, 1);
	/* Itself. */
	assert_int_equal(call(&vm, ON64, 0, ENTRY, 0), PSCI_ALREADY_ON);
	/* Off and on again. */
	assert_int_equal(call_as(&vm, 5, false, PSCI_FN_CPU_OFF, 0, 0, 0), PSCI_DENIED);
	assert_int_equal(vm.action, PSCI_CPU_STOP);
	assert_int_equal(call(&vm, INFO64, 0x100000101, 0, 0), 1);
	psci_cpu_started(&vm.p, 5);	/* not pending: nothing */
	assert_int_equal(vm.cpu[5].power, PSCI_POWER_OFF);
	psci_cpu_started(&vm.p, 60);
	assert_int_equal(call(&vm, ON64, 0x100000101, ENTRY, 0), 0);
	assert_int_equal(vm.cpu_on_calls, 2);
}

static void test_cpu_on_errors(void **state)
{
	struct vm vm;

	(void)state;
	setup(&vm, PSCI_VERSION_1_1);
	assert_int_equal(call(&vm, ON64, 4, ENTRY, 0), PSCI_INVALID_PARAMETERS);
	assert_int_equal(call(&vm, ON64, 0x80000001, ENTRY, 0), PSCI_INVALID_PARAMETERS);
	assert_int_equal(call(&vm, ON64, 1ULL << 63 | 1, ENTRY, 0), PSCI_INVALID_PARAMETERS);
	assert_int_equal(call(&vm, ON64, 1, 0x1000, 0), PSCI_INVALID_ADDRESS);
	assert_int_equal(call(&vm, ON64, 1, ENTRY + 2, 0), PSCI_INVALID_ADDRESS);
	assert_int_equal(call(&vm, ON64, 1, ENTRY + 1, 0), PSCI_INVALID_ADDRESS);
	assert_int_equal(vm.cpu_on_calls, 0);
	assert_int_equal(vm.cpu[1].power, PSCI_POWER_OFF);
	/* The VM refuses: the CPU stays off and may be tried again. */
	vm.cpu_on_answer = PSCI_INTERNAL_FAILURE;
	assert_int_equal(call(&vm, ON64, 1, ENTRY, 0), PSCI_INTERNAL_FAILURE);
	assert_int_equal(vm.cpu[1].power, PSCI_POWER_OFF);
	vm.cpu_on_answer = PSCI_SUCCESS;
	assert_int_equal(call(&vm, ON64, 1, ENTRY, 0), 0);
	/* 0.2 has no INVALID_ADDRESS. */
	setup(&vm, PSCI_VERSION_0_2);
	assert_int_equal(call(&vm, ON64, 1, 0x1000, 0), PSCI_INVALID_PARAMETERS);
}

/* SMC32: arguments are 32 bits wide, whatever the registers hold above. */
static void test_widths(void **state)
{
	struct vm vm;

	(void)state;
	setup(&vm, PSCI_VERSION_1_1);
	assert_int_equal(call(&vm, PSCI_FN_CPU_ON, 0xffffffff00000001ULL,
			      0xabcd00000000ULL | ENTRY, 0x1234567890abcdefULL), 0);
	assert_true(vm.cpu_no == 1 && vm.entry == ENTRY && vm.context == 0x90abcdef);
	/* A CPU beyond 32 bits of MPIDR cannot be named that way. */
	assert_int_equal(call(&vm, PSCI_FN_CPU_ON, 0x100000100, ENTRY, 0),
			 PSCI_INVALID_PARAMETERS);
	/* AArch32: Thumb entry is legal, ARM entry must be word-aligned. */
	assert_int_equal(call_as(&vm, 0, true, PSCI_FN_CPU_ON, 2, ENTRY + 1, 7), 0);
	assert_true(vm.aarch32 && vm.entry == ENTRY + 1 && vm.context == 7);
	assert_int_equal(call_as(&vm, 0, true, PSCI_FN_CPU_ON, 3, ENTRY + 2, 7),
			 PSCI_INVALID_ADDRESS);
	assert_int_equal(call_as(&vm, 0, true, PSCI_FN_CPU_ON, 3, ENTRY + 3, 7), 0);
}

static void test_affinity_info(void **state)
{
	struct vm vm;

	(void)state;
	setup(&vm, PSCI_VERSION_1_1);
	assert_int_equal(call(&vm, INFO64, 0, 0, 0), 0);
	assert_int_equal(call(&vm, INFO64, 1, 0, 0), 1);
	assert_int_equal(call(&vm, INFO64, 4, 0, 0), PSCI_INVALID_PARAMETERS);
	assert_int_equal(call(&vm, INFO64, 0x80000000, 0, 0), PSCI_INVALID_PARAMETERS);
	assert_int_equal(call(&vm, INFO64, 0, 4, 0), PSCI_INVALID_PARAMETERS);
	assert_int_equal(call(&vm, INFO64, 0, 1ULL << 40, 0), PSCI_INVALID_PARAMETERS);
	assert_int_equal(call_as(&vm, 0, true, PSCI_FN_AFFINITY_INFO, 0, 3, 0),
			 PSCI_INVALID_PARAMETERS);
	/* Cluster 0.0.0 is on through CPU 0, however its own Aff0 is spelt. */
	assert_int_equal(call(&vm, INFO64, 0x55, 1, 0), 0);
	/* Cluster 1.0.1 is off, then pending, then on. */
	assert_int_equal(call(&vm, INFO64, 0x100000100, 1, 0), 1);
	assert_int_equal(call(&vm, ON64, 0x100000101, ENTRY, 0), 0);
	assert_int_equal(call(&vm, INFO64, 0x100000100, 1, 0), 2);
	assert_int_equal(call(&vm, ON64, 0x100000100, ENTRY, 0), 0);
	psci_cpu_started(&vm.p, 4);
	assert_int_equal(call(&vm, INFO64, 0x100000100, 1, 0), 0);
	assert_int_equal(call(&vm, INFO64, 0x100000000, 2, 0), 0);
	assert_int_equal(call(&vm, INFO64, 0x1ffffff00 & 0x100ffff00, 2, 0),
			 PSCI_INVALID_PARAMETERS);
	assert_int_equal(call(&vm, INFO64, 0x100ffff00, 3, 0), 0);
	assert_int_equal(call(&vm, INFO64, 0x200000000, 3, 0), PSCI_INVALID_PARAMETERS);
}

static void test_suspend(void **state)
{
	struct vm vm;

	(void)state;
	setup(&vm, PSCI_VERSION_1_1);
	assert_int_equal(call(&vm, PSCI_64(PSCI_FN_CPU_SUSPEND), 0, 0, 0), 0);
	assert_int_equal(vm.action, PSCI_WAIT);
	assert_int_equal(call(&vm, PSCI_FN_CPU_SUSPEND, 0x1010000, ENTRY, 0), 0);
	assert_int_equal(vm.action, PSCI_WAIT);
	assert_int_equal(call(&vm, PSCI_FN_CPU_SUSPEND, 0x80000000, 0, 0),
			 PSCI_INVALID_PARAMETERS);
	assert_int_equal(vm.action, PSCI_RESUME);
	assert_int_equal(call(&vm, PSCI_64(PSCI_FN_CPU_SUSPEND), 1ULL << 32, 0, 0),
			 PSCI_INVALID_PARAMETERS);
	assert_int_equal(vm.cpu[0].power, PSCI_POWER_ON);
}

static void test_system(void **state)
{
	struct vm vm;

	(void)state;
	setup(&vm, PSCI_VERSION_1_1);
	call(&vm, ON64, 1, ENTRY, 0);
	assert_int_equal(call(&vm, PSCI_FN_SYSTEM_OFF, 0, 0, 0), PSCI_INTERNAL_FAILURE);
	assert_int_equal(vm.action, PSCI_SYSTEM_STOP);
	assert_int_equal(vm.offs, 1);
	/* Nobody may begin to run after that: the pending CPU is not started. */
	psci_cpu_started(&vm.p, 1);
	for (unsigned int i = 0; i < 6; i++)
		assert_int_equal(vm.cpu[i].power, PSCI_POWER_OFF);
	psci_reset(&vm.p);
	assert_int_equal(vm.cpu[0].power, PSCI_POWER_ON);
	assert_int_equal(call(&vm, PSCI_FN_SYSTEM_RESET, 0, 0, 0), PSCI_INTERNAL_FAILURE);
	assert_true(vm.resets == 1 && !vm.warm && vm.action == PSCI_SYSTEM_STOP);
	psci_reset(&vm.p);
	assert_int_equal(call(&vm, PSCI_64(PSCI_FN_SYSTEM_RESET2), 0, 0x123456789a, 0),
			 PSCI_INTERNAL_FAILURE);
	assert_true(vm.resets == 2 && vm.warm && vm.cookie == 0x123456789a);
	psci_reset(&vm.p);
	assert_int_equal(call(&vm, PSCI_FN_SYSTEM_RESET2, 1, 0, 0), PSCI_INVALID_PARAMETERS);
	assert_int_equal(call(&vm, PSCI_FN_SYSTEM_RESET2, 0x80000000, 0, 0),
			 PSCI_INVALID_PARAMETERS);
	assert_int_equal(vm.resets, 2);
	assert_int_equal(vm.action, PSCI_RESUME);
}

static void test_smccc(void **state)
{
	struct vm vm;

	(void)state;
	setup(&vm, PSCI_VERSION_1_1);
	assert_int_equal(call(&vm, SMCCC_FN_VERSION, 0, 0, 0), 0x10001);
	assert_int_equal(call(&vm, SMCCC_FN_ARCH_FEATURES, SMCCC_FN_VERSION, 0, 0), 0);
	assert_int_equal(call(&vm, SMCCC_FN_ARCH_FEATURES, SMCCC_FN_ARCH_FEATURES, 0, 0), 0);
	assert_int_equal(call(&vm, SMCCC_FN_ARCH_FEATURES, SMCCC_FN_ARCH_WORKAROUND_1, 0, 0), 1);
	assert_int_equal(call(&vm, SMCCC_FN_ARCH_FEATURES, SMCCC_FN_ARCH_WORKAROUND_2, 0, 0), -2);
	assert_int_equal(call(&vm, SMCCC_FN_ARCH_FEATURES, SMCCC_FN_ARCH_WORKAROUND_3, 0, 0), 1);
	assert_int_equal(call(&vm, SMCCC_FN_ARCH_FEATURES, 0x80000002, 0, 0), -1);
	assert_int_equal(call(&vm, SMCCC_FN_ARCH_FEATURES, PSCI_FN_CPU_ON, 0, 0), -1);
	assert_int_equal(call(&vm, SMCCC_FN_ARCH_WORKAROUND_1, 0, 0, 0), 0);
	assert_int_equal(call(&vm, SMCCC_FN_ARCH_WORKAROUND_3, 0, 0, 0), 0);
	assert_int_equal(call(&vm, SMCCC_FN_ARCH_WORKAROUND_2, 1, 0, 0), -1);
	assert_int_equal(call_as(&vm, 0, true, SMCCC_FN_VERSION, 0, 0, 0), 0x10001);
	vm.p.workaround[0] = SMCCC_WA_NOT_SUPPORTED;
	assert_int_equal(call(&vm, SMCCC_FN_ARCH_FEATURES, SMCCC_FN_ARCH_WORKAROUND_1, 0, 0), -1);
	assert_int_equal(call(&vm, SMCCC_FN_ARCH_WORKAROUND_1, 0, 0, 0), -1);
	vm.p.workaround[0] = 2;
	assert_int_equal(psci_validate(&vm.p), -EINVAL);
	assert_int_equal(call(&vm, PSCI_FN_MIGRATE_INFO_TYPE, 0, 0, 0), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_init),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_features),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_cpu_on),
		cmocka_unit_test(test_cpu_on_errors),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_affinity_info),
		cmocka_unit_test(test_suspend),
		cmocka_unit_test(test_system),
		cmocka_unit_test(test_smccc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
