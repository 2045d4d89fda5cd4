/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device writes over code that has been executed, and over its translation
 * with it: without cache maintenance by the guest the next call runs what the
 * device wrote (emu_vm_dma_written()).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "arm/cpu_model.h"
#include "emu/emu.h"

#define RAM 0x40000000ull
#define RAM_SIZE (64u << 10)
#define ROUNDS 40

static const u32 caller[] = {
	0xd2a20013,	/* movz x19, #0x1000, lsl #16 */
	0x94000000,	/* bl func (patched) */
	0xb9000260,	/* str w0, [x19] */
	0x17fffffe,	/* b -2 */
};

struct rig {
	struct emu_vm *vm;
	u8 *ram;
	unsigned int body;	/* offset in RAM of what the device writes over: the function, or where it branches */
	unsigned int calls;
	u32 seen[ROUNDS];
};

static void put(struct rig *r, unsigned int off, u32 word)
{
	memcpy(r->ram + off, &word, 4);
}

/* The function is MOVZ W0, #n; RET. */
static u32 movz(unsigned int n)
{
	return 0x52800000 | n << 5;
}

static enum arm_result dev_read(void *opaque, unsigned int cpu, u64 ipa, unsigned int size, u64 *val)
{
	(void)opaque, (void)cpu, (void)ipa, (void)size, (void)val;
	return ARM_NOT_MINE;
}

/* The device: it takes note of the value and writes the next function. */
static enum arm_result dev_write(void *opaque, unsigned int cpu, u64 ipa, unsigned int size, u64 val)
{
	struct rig *r = opaque;

	(void)cpu, (void)ipa, (void)size;
	if (r->calls < ROUNDS)
		r->seen[r->calls] = (u32)val;
	/* Every third call nothing changes: the translation is found again. */
	if (++r->calls % 3) {
		put(r, r->body, movz(r->calls));
		emu_vm_dma_written(r->vm, RAM + r->body, 4);
	}
	if (r->calls >= ROUNDS)
		emu_vm_stop(r->vm);
	return ARM_HANDLED;
}

static const struct emu_host_ops ops = { .mmio_read = dev_read, .mmio_write = dev_write };

/* The function at @func begins with a branch to @body, unless they are the same. */
static void run(enum emu_engine engine, unsigned int func, unsigned int body)
{
	struct rig r = { .body = body };
	struct emu_config cfg = {
		.model = arm_cpu_model_find("cortex-a57"), .cpus = 1, .engine = engine, .ops = &ops, .opaque = &r,
	};
	u32 want = 0;

	assert_int_equal(emu_vm_create(&cfg, &r.vm), 0);
	r.ram = aligned_alloc(65536, RAM_SIZE);
	assert_non_null(r.ram);
	memset(r.ram, 0, RAM_SIZE);
	assert_int_equal(emu_vm_map_ram(r.vm, RAM, RAM_SIZE, r.ram, false), 0);
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(caller); i++)
		put(&r, 4 * i, caller[i]);
	put(&r, 4, caller[1] | (func - 4) / 4);
	put(&r, func, 0x14000000 | (body - func) / 4);	/* b body */
	put(&r, body, movz(0));
	put(&r, body + 4, 0xd65f03c0);	/* ret */
	emu_vm_reset(r.vm);
	emu_vcpu_state(emu_vm_vcpu(r.vm, 0))->pc = RAM;
	assert_int_equal(emu_vcpu_run(emu_vm_vcpu(r.vm, 0)), 0);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		if (i && i % 3)
			want = i;
		assert_int_equal(r.seen[i], want);
	}
	emu_vm_free(r.vm);
	free(r.ram);
}

static void test_other_page(void **state)
{
	(void)state;
	run(EMU_ENGINE_JIT, 0x3000, 0x3000);
	run(EMU_ENGINE_INTERP, 0x3000, 0x3000);
}

/* The function stands behind the loop that calls it, on its page. */
static void test_same_page(void **state)
{
	(void)state;
	run(EMU_ENGINE_JIT, 0x800, 0x800);
	run(EMU_ENGINE_INTERP, 0x800, 0x800);
}

/* Translation goes on where a branch goes, with which a block can be longer than its instructions are many. */
static void test_followed(void **state)
{
	(void)state;
	for (unsigned int body = 0x3040; body < 0x4000; body += 0x40) {
		run(EMU_ENGINE_JIT, 0x3000, body);
		run(EMU_ENGINE_INTERP, 0x3000, body);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_other_page),
		cmocka_unit_test(test_same_page),
		cmocka_unit_test(test_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
