/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lockstep engine on a small machine: it agrees where it should, does what
 * the guest does once, and finds translated code that was spoilt on purpose.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "emu/run/cache.h"
#include "emu/run/lockstep.h"
#include "emu/vcpu.h"

#define RAM 0x40000000ULL
#define RAM_SIZE 0x100000ULL
#define DATA (RAM + 0x8000)
#define DEVICE 0x9000000ULL
#define K5 0x1122334455667788ULL
#define K6 0x4445333322221111ULL

struct rig {
	struct emu_vm *vm;
	struct arm_state *st;
	u8 *ram;
	unsigned int reads, fatal;
	FILE *log;
	char *text;
	size_t len;
};

static enum arm_result on_read(void *opaque, unsigned int cpu, u64 ipa, unsigned int size, u64 *val)
{
	struct rig *r = opaque;

	(void)cpu, (void)size;
	if (ipa != DEVICE)
		return ARM_NOT_MINE;
	*val = 100 + r->reads++;	/* never the same twice */
	return ARM_HANDLED;
}

/* A store to DEVICE + 4 ends the run. */
static enum arm_result on_write(void *opaque, unsigned int cpu, u64 ipa, unsigned int size, u64 val)
{
	struct rig *r = opaque;

	(void)cpu, (void)size, (void)val;
	if (ipa != DEVICE + 4)
		return ARM_NOT_MINE;
	emu_vm_stop(r->vm);
	return ARM_HANDLED;
}

static void on_ppi(void *opaque, unsigned int cpu, unsigned int intid, bool level)
{
	(void)opaque, (void)cpu, (void)intid, (void)level;
}

static void on_event(void *opaque, unsigned int cpu, enum emu_event event)
{
	struct rig *r = opaque;

	(void)cpu;
	r->fatal += event == EMU_EVENT_FATAL;
}

static const struct emu_host_ops ops = {
	.mmio_read = on_read, .mmio_write = on_write, .ppi = on_ppi, .event = on_event,
};

static void rig_open_model(struct rig *r, const char *model, const void *code, size_t size)
{
	struct emu_config cfg = {
		.model = arm_cpu_model_find(model), .cpus = 1, .engine = EMU_ENGINE_LOCKSTEP, .ops = &ops, .opaque = r,
	};

	memset(r, 0, sizeof(*r));
	r->log = open_memstream(&r->text, &r->len);
	cfg.log_file = r->log;
	r->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(r->ram, MAP_FAILED);
	assert_int_equal(emu_vm_create(&cfg, &r->vm), 0);
	assert_int_equal(emu_vm_map_ram(r->vm, RAM, RAM_SIZE, r->ram, false), 0);
	emu_vm_reset(r->vm);
	r->st = emu_vcpu_state(emu_vm_vcpu(r->vm, 0));
	memcpy(r->ram, code, size);
}

static void rig_open(struct rig *r, const u32 *code, size_t size)
{
	rig_open_model(r, "max", code, size);
}

static void rig_close(struct rig *r)
{
	emu_vm_free(r->vm);
	munmap(r->ram, RAM_SIZE);
	fclose(r->log);
	free(r->text);
}

static int rig_run(struct rig *r, u64 rounds)
{
	r->st->pc = RAM;
	r->st->x[0] = rounds;
	r->st->x[1] = DATA;
	r->st->x[2] = DEVICE;
	emu_vm_restart(r->vm);
	return emu_vcpu_run(emu_vm_vcpu(r->vm, 0));
}

static u64 data(const struct rig *r, unsigned int n)
{
	u64 v;

	memcpy(&v, r->ram + (DATA - RAM) + 8 * n, 8);
	return v;
}

static const u32 loop_code[] = {
	0xd28ef105, 0xf2aaacc5, 0xf2c66885, 0xf2e22445,	/* x5 = K5 */
	0xd2822226, 0xf2a44446, 0xf2c66666, 0xf2e888a6,	/* x6 = K6 */
	0xf9000426,	/* str x6, [x1, #8] */
	0xd2800006,	/* mov x6, #0 */
	0xd53be047,	/* mrs x7, cntvct_el0 */
	0xb9400048,	/* ldr w8, [x2] */
	0xc85f7c29,	/* ldxr x9, [x1] */
	0x8b050129,	/* add x9, x9, x5 */
	0xc80a7c29,	/* stxr w10, x9, [x1] */
	0xf1000400,	/* subs x0, x0, #1 */
	0x54fffe01,	/* b.ne loop_code */
	0xb9000440,	/* str w0, [x2, #4] */
	0x14000000,	/* b . */
};

static void test_agrees(void **state)
{
	struct lockstep_counts n;
	struct rig r;

	(void)state;
	rig_open(&r, loop_code, sizeof(loop_code));
	assert_int_equal(rig_run(&r, 1000), 0);
	lockstep_counts(r.vm, &n);
	assert_true(n.compared > 1000);
	assert_int_equal(n.raced + n.skipped, 0);
	/* devices and memory saw one run */
	assert_int_equal(r.reads, 1000);
	assert_int_equal(r.st->x[8], 100 + 999);
	assert_int_equal(data(&r, 0), 1000 * K5);
	assert_int_equal(data(&r, 1), K6);
	assert_int_equal(r.fatal, 0);
	rig_close(&r);
}

/* Every immediate @old of @size bytes in the translated code becomes @new. */
static unsigned int spoil(struct rig *r, u64 old, u64 new, size_t size)
{
	struct code_cache *c = r->vm->cache;
	unsigned int n = 0;

	for (u8 *p = c->start; p + size <= c->buf.p; p++) {
		if (memcmp(p, &old, size))
			continue;
		memcpy(p, &new, size);
		n++;
	}
	return n;
}

static void check_found(u64 old, u64 new, const char *text)
{
	struct rig r;

	rig_open(&r, loop_code, sizeof(loop_code));
	assert_int_equal(rig_run(&r, 3), 0);
	assert_true(spoil(&r, old, new, 8) > 0);
	assert_int_equal(rig_run(&r, 3), -EIO);
	assert_int_equal(r.fatal, 1);
	fflush(r.log);
	assert_non_null(strstr(r.text, text));
	/* the block is shown in all its forms */
	assert_non_null(strstr(r.text, "mrs\tx7, CNTVCT_EL0"));
	assert_non_null(strstr(r.text, "CALL sysreg_read"));
	assert_non_null(strstr(r.text, "lockstep: host code"));
	rig_close(&r);
}

static void test_finds_register(void **state)
{
	(void)state;
	check_found(K5, K5 ^ 1ULL << 40, "* x5 ");
}

static void test_finds_memory(void **state)
{
	(void)state;
	check_found(K6, K6 ^ 0x80, "+0x8: 11 91");
}

/* movw r5, #0x7788; movt r5, #0x5566; str r0, [r2, #4]; b . */
static const u16 thumb_code[] = { 0xf247, 0x7588, 0xf2c5, 0x5566, 0x6050, 0xe7fe };

/* Who looks at the state of a vCPU that failed finds it in the form of arm/state.h. */
static void test_state_after_failure(void **state)
{
	struct rig r;

	(void)state;
	rig_open_model(&r, "cortex-a15", thumb_code, sizeof(thumb_code));
	r.st->pstate |= PSR32_T;
	assert_int_equal(rig_run(&r, 0), 0);
	assert_int_equal(r.st->x[5], 0x55667788);
	assert_true(spoil(&r, 0x55667788, 0x55667789, 4) > 0);
	r.st->pstate |= PSR32_T;
	assert_int_equal(rig_run(&r, 0), -EIO);
	assert_int_equal(r.fatal, 1);
	assert_int_equal(r.st->pc & 1, 0);
	assert_int_equal(r.st->pc - RAM < sizeof(thumb_code), 1);
	assert_true(r.st->pstate & PSR32_T);
	rig_close(&r);
}

/*
 * Flags of a comparison that are used by a conditional access alone, and set
 * anew behind it: they are in SPSR all the same when the access aborts.
 */
static void test_flags_at_fault(void **state)
{
	static const u32 code[] = {
		[0x10 / 4] = 0xe14f4000, 0xe5824004, 0xeafffffe,	/* mrs r4, spsr; str r4, [r2, #4]; b . */
		[0x40 / 4] = 0xe1700000,	/* cmn r0, r0 */
		0x55891000,			/* strpl r1, [r9] */
		0xe2533001,			/* subs r3, r3, #1 */
		0xeafffffe,			/* b . */
	};
	struct rig r;

	(void)state;
	rig_open_model(&r, "cortex-a15", code, sizeof(code));
	r.st->sys[ARM_SLOT_VBAR_EL1] = RAM;
	r.st->x[9] = 0x1000;
	r.st->x[2] = DEVICE;
	r.st->pc = RAM + 0x40;
	emu_vm_restart(r.vm);
	if (emu_vcpu_run(emu_vm_vcpu(r.vm, 0))) {
		fflush(r.log);
		print_error("%s", r.text);
		fail();
	}
	assert_int_equal(r.st->x[4] >> 28, 4);
	rig_close(&r);
}

static const u32 smc_code[] = {
	0xf940042a,	/* ldr x10, [x1, #8] */
	0xb9000023,	/* str w3, [x1] */
	0xd5033fdf,	/* isb */
	0xd503201f, 0xd503201f, 0xd503201f, 0xd503201f, 0xd503201f, 0xd503201f, 0xd503201f,
	0xd503201f, 0xd503201f, 0xd503201f, 0xd503201f, 0xd503201f, 0xd503201f,
	0xd2800024,	/* mov x4, #1 */
	0xb9000440,	/* str w0, [x2, #4] */
	0x14000000,	/* b . */
};

/* Code that changes code further down its own block. */
static void test_modified_code(void **state)
{
	static const u32 mov[] = { 0xd2800044, 0xd2800024 };	/* mov x4, #2; #1 */
	struct rig r;

	(void)state;
	rig_open(&r, smc_code, sizeof(smc_code));
	for (unsigned int i = 0; i < 8; i++) {
		r.st->x[3] = mov[i & 1];
		r.st->pc = RAM;
		r.st->x[1] = RAM + 0x40;
		r.st->x[2] = DEVICE;
		emu_vm_restart(r.vm);
		assert_int_equal(emu_vcpu_run(emu_vm_vcpu(r.vm, 0)), 0);
		assert_int_equal(r.st->x[4], i & 1 ? 1 : 2);
	}
	assert_int_equal(r.fatal, 0);
	rig_close(&r);
}

static void test_one_cpu(void **state)
{
	struct emu_config cfg = {
		.model = arm_cpu_model_find("max"), .cpus = 2, .engine = EMU_ENGINE_LOCKSTEP, .ops = &ops,
	};
	struct emu_vm *vm;

	(void)state;
	assert_int_equal(emu_vm_create(&cfg, &vm), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agrees),
		cmocka_unit_test(test_finds_register),
		cmocka_unit_test(test_finds_memory),
		cmocka_unit_test(test_state_after_failure),
		cmocka_unit_test(test_flags_at_fault),
		cmocka_unit_test(test_modified_code),
		cmocka_unit_test(test_one_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
