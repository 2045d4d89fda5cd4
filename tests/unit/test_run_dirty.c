/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dirty log: vCPUs store wherever they like, in every way that there is, while
 * the log is read again and again and what it names is copied.  When they have
 * stopped, the copy is what their RAM is, byte for byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arm/cpu_model.h"
#include "emu/emu.h"

#define RAM 0x40000000ull
#define DATA_SIZE (4u << 20)
#define RAM_SIZE (DATA_SIZE + (2u << 20))
#define TABLES (DATA_SIZE + (1u << 20))
#define CODE (RAM + DATA_SIZE + 0x800)	/* what the last of the ways stores to is on its page */
#define EXTRA 0x80000000ull
#define EXTRA_SIZE (64u << 10)
#define PAGES (RAM_SIZE / 4096)
#define MAX_CPUS 4

/* X0: random; X1, X2: base and mask of the addresses; X9: in the page of this code. */
static const u32 code[] = {
	0xca003400,	/* loop: eor x0, x0, x0, lsl #13 */
	0xca401c00,	/* eor x0, x0, x0, lsr #7 */
	0xca004400,	/* eor x0, x0, x0, lsl #17 */
	0x8a020003,	/* and x3, x0, x2 */
	0x8b010063,	/* add x3, x3, x1 */
	0xd368fc05,	/* lsr x5, x0, #40 */
	0x36400045,	/* tbz w5, #8, 20 */
	0xf9400067,	/* ldr x7, [x3] */
	0x924008a5,	/* and x5, x5, #0x7 */
	0x10000066,	/* adr x6, 30 */
	0x8b0510c6,	/* add x6, x6, x5, lsl #4 */
	0xd61f00c0,	/* br x6 */
	0xf9000060,	/* ways: str x0, [x3] */
	0x17fffff3,	/* b 0 */
	0xd503201f,	/* nop */
	0xd503201f,	/* nop */
	0xa9011460,	/* stp x0, x5, [x3, #16] */
	0x17ffffef,	/* b 0 */
	0xd503201f,	/* nop */
	0xd503201f,	/* nop */
	0xc85f7c67,	/* ldxr x7, [x3] */
	0xc8087c60,	/* stxr w8, x0, [x3] */
	0x17ffffea,	/* b 0 */
	0xd503201f,	/* nop */
	0xd50b7423,	/* dc zva, x3 */
	0x17ffffe7,	/* b 0 */
	0xd503201f,	/* nop */
	0xd503201f,	/* nop */
	0xb2402c64,	/* orr x4, x3, #0xfff */
	0xf81fd080,	/* stur x0, [x4, #-3] */
	0x17ffffe2,	/* b 0 */
	0xd503201f,	/* nop */
	0xf8e00067,	/* ldaddal x0, x7, [x3] */
	0x17ffffdf,	/* b 0 */
	0xd503201f,	/* nop */
	0xd503201f,	/* nop */
	0x3d800860,	/* str q0, [x3, #32] */
	0x17ffffdb,	/* b 0 */
	0xd503201f,	/* nop */
	0xd503201f,	/* nop */
	0xc8e7fc60,	/* casal x7, x0, [x3] */
	0xf9000120,	/* str x0, [x9] */
	0x17ffffd6,	/* b 0 */
};

struct rig {
	struct emu_vm *vm;
	unsigned int cpus;
	pthread_t thread[MAX_CPUS];
	u8 *ram, *copy, *extra;
	u64 harvested;
};

static enum arm_result no_read(void *opaque, unsigned int cpu, u64 ipa, unsigned int size, u64 *val)
{
	(void)opaque, (void)cpu, (void)ipa, (void)size, (void)val;
	return ARM_NOT_MINE;
}

static enum arm_result no_write(void *opaque, unsigned int cpu, u64 ipa, unsigned int size, u64 val)
{
	(void)opaque, (void)cpu, (void)ipa, (void)size, (void)val;
	return ARM_NOT_MINE;
}

static void fatal(void *opaque, unsigned int cpu, enum emu_event event)
{
	(void)opaque, (void)cpu, (void)event;
	abort();
}

static const struct emu_host_ops ops = { .mmio_read = no_read, .mmio_write = no_write, .event = fatal };

static u8 *pages_alloc(size_t size)
{
	u8 *p = aligned_alloc(65536, size);

	assert_non_null(p);
	memset(p, 0, size);
	return p;
}

/* 39 bits of address: everything where it is, Normal memory by pages. */
static void make_tables(struct rig *r)
{
	u64 *l1 = (u64 *)(r->ram + TABLES), *l2 = l1 + 512;

	l1[1] = (RAM + TABLES + 0x1000) | 3;
	for (unsigned int m = 0; m < RAM_SIZE >> 21; m++) {
		u64 at = TABLES + 0x2000 + m * 0x1000;
		u64 *l3 = (u64 *)(r->ram + at);

		l2[m] = (RAM + at) | 3;
		for (unsigned int i = 0; i < 512; i++)
			l3[i] = (RAM + m * (2u << 20) + i * 4096) | 3 << 8 | 1 << 10 | 3;
	}
}

static void set_up(struct rig *r, unsigned int cpu)
{
	struct arm_state *st = emu_vcpu_state(emu_vm_vcpu(r->vm, cpu));

	st->sys[ARM_SLOT_TTBR0_EL1] = RAM + TABLES;
	st->sys[ARM_SLOT_TCR_EL1] = 25ull | 1ull << 8 | 1ull << 10 | 3ull << 12 | 1ull << 23;
	st->sys[ARM_SLOT_MAIR_EL1] = 0xff;
	st->sys[ARM_SLOT_SCTLR_EL1] |= 1 << 0 | 1 << 2 | 1 << 12;
	st->sys[ARM_SLOT_CPACR_EL1] = 3 << 20;
	st->pc = CODE;
	st->x[0] = 0x9e3779b97f4a7c15ull * (cpu + 1);
	st->x[1] = RAM;
	st->x[2] = (DATA_SIZE - 1) & ~63u;
	st->x[9] = CODE - 0x40 + 8 * cpu;
}

static void rig_open(struct rig *r, enum emu_engine engine, unsigned int cpus)
{
	struct emu_config cfg = {
		.model = arm_cpu_model_find("max"), .cpus = cpus, .engine = engine, .no_psci = true,
		.ops = &ops, .opaque = r,
	};

	memset(r, 0, sizeof(*r));
	r->cpus = cpus;
	assert_int_equal(emu_vm_create(&cfg, &r->vm), 0);
	r->ram = pages_alloc(RAM_SIZE);
	r->copy = pages_alloc(RAM_SIZE);
	r->extra = pages_alloc(EXTRA_SIZE);
	assert_int_equal(emu_vm_map_ram(r->vm, RAM, RAM_SIZE, r->ram, false), 0);
	assert_int_equal(emu_vm_map_ram(r->vm, EXTRA, EXTRA_SIZE, r->extra, false), 0);
	emu_vm_reset(r->vm);
	memcpy(r->ram + (CODE - RAM), code, sizeof(code));
	make_tables(r);
	for (unsigned int i = 0; i < cpus; i++)
		set_up(r, i);
}

static void rig_close(struct rig *r)
{
	emu_vm_free(r->vm);
	free(r->ram);
	free(r->copy);
	free(r->extra);
}

static void *run_thread(void *arg)
{
	return (void *)(intptr_t)emu_vcpu_run(arg);
}

static void start(struct rig *r)
{
	emu_vm_restart(r->vm);
	for (unsigned int i = 0; i < r->cpus; i++)
		assert_int_equal(pthread_create(&r->thread[i], NULL, run_thread, emu_vm_vcpu(r->vm, i)), 0);
}

static void stop(struct rig *r)
{
	void *err;

	emu_vm_stop(r->vm);
	for (unsigned int i = 0; i < r->cpus; i++) {
		pthread_join(r->thread[i], &err);
		assert_null(err);
	}
}

/* As a copier does it: byte by byte is right where nobody promises more. */
static unsigned int harvest(struct rig *r)
{
	u64 bits[(PAGES + 63) / 64] = { 0 };
	unsigned int n = 0;

	assert_int_equal(emu_vm_dirty_get(r->vm, RAM, RAM_SIZE, bits), 0);
	for (unsigned int i = 0; i < PAGES; i++) {
		if (!(bits[i / 64] >> i % 64 & 1))
			continue;
		memcpy(r->copy + i * 4096, r->ram + i * 4096, 4096);
		n++;
	}
	r->harvested += n;
	return n;
}

static u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void nap_us(unsigned int us)
{
	nanosleep(&(struct timespec){ .tv_nsec = us * 1000l }, NULL);
}

static void check_copy(struct rig *r)
{
	for (unsigned int i = 0; i < PAGES; i++) {
		if (memcmp(r->copy + i * 4096, r->ram + i * 4096, 4096))
			fail_msg("page %u is not what the log made of it", i);
	}
}

/* @ms of copying what changes, in the middle of the guest's run, stopped now and then. */
static void follow(struct rig *r, unsigned int ms)
{
	u64 end;
	unsigned int n = 0;

	start(r);
	nap_us(3000);
	assert_int_equal(emu_vm_dirty_log(r->vm, true), 0);
	memcpy(r->copy, r->ram, RAM_SIZE);
	for (end = now_ms() + ms; now_ms() < end || n < 20; n++) {
		harvest(r);
		if (n % 4 == 0)
			nap_us(n % 1000);
		if (n % 32)
			continue;
		stop(r);
		harvest(r);
		check_copy(r);
		assert_int_equal(harvest(r), 0);
		start(r);
	}
	stop(r);
	harvest(r);
	check_copy(r);
	assert_true(r->harvested > 100);
}

static void check(enum emu_engine engine, unsigned int cpus)
{
	u64 bits[EXTRA_SIZE / 4096 / 64 + 1] = { 0 };
	struct rig r;

	rig_open(&r, engine, cpus);
	follow(&r, 400);
	/* Nobody stores there; and regions are asked for as they are. */
	assert_int_equal(emu_vm_dirty_get(r.vm, EXTRA, EXTRA_SIZE, bits), 0);
	assert_int_equal(bits[0], 0);
	assert_int_equal(emu_vm_dirty_get(r.vm, RAM + 4096, EXTRA_SIZE, bits), -EINVAL);
	/* Off and on again: what was written meanwhile is not in the log. */
	assert_int_equal(emu_vm_dirty_log(r.vm, false), 0);
	assert_int_equal(emu_vm_dirty_get(r.vm, RAM, RAM_SIZE, bits), -EINVAL);
	start(&r);
	nap_us(20000);
	stop(&r);
	assert_int_equal(emu_vm_dirty_log(r.vm, true), 0);
	assert_int_equal(harvest(&r), 0);
	follow(&r, 200);
	rig_close(&r);
}

static void test_jit(void **state)
{
	(void)state;
	check(EMU_ENGINE_JIT, 1);
	check(EMU_ENGINE_JIT, 4);
}

static void test_interp(void **state)
{
	(void)state;
	check(EMU_ENGINE_INTERP, 3);
}

static void test_lockstep(void **state)
{
	(void)state;
	check(EMU_ENGINE_LOCKSTEP, 1);
}

/* What is only read is not in the log, and a page is there once for each time the log is read. */
static void test_reads(void **state)
{
	static const u32 reader[] = {
		0xf9400023,	/* loop: ldr x3, [x1] */
		0xf9000044,	/* str x4, [x2] */
		0x91000484,	/* add x4, x4, #1 */
		0x17fffffd,	/* b loop */
	};
	u64 bits[(PAGES + 63) / 64];
	struct arm_state *st;
	struct rig r;

	(void)state;
	rig_open(&r, EMU_ENGINE_JIT, 1);
	memcpy(r.ram + (CODE - RAM), reader, sizeof(reader));
	st = emu_vcpu_state(emu_vm_vcpu(r.vm, 0));
	st->x[1] = RAM + 5 * 4096;
	st->x[2] = RAM + 9 * 4096;
	start(&r);
	assert_int_equal(emu_vm_dirty_log(r.vm, true), 0);
	for (unsigned int n = 0; n < 20; n++) {
		nap_us(10000);
		memset(bits, 0, sizeof(bits));
		assert_int_equal(emu_vm_dirty_get(r.vm, RAM, RAM_SIZE, bits), 0);
		for (unsigned int i = 1; i < ARM_ARRAY_SIZE(bits); i++)
			assert_int_equal(bits[i], 0);
		assert_false(bits[0] & ~(1ull << 9));
		r.harvested += bits[0] >> 9;
	}
	stop(&r);
	assert_true(r.harvested > 0);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_jit),
		cmocka_unit_test(test_interp),
		cmocka_unit_test(test_lockstep),
		cmocka_unit_test(test_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
