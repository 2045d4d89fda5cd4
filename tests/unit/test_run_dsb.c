// SPDX-License-Identifier: GPL-2.0-only
/*
 * TLB maintenance for other vCPUs is done behind DSB: helper_dsb() waits for
 * those that run, for nobody else, and two of them do not wait for each other
 * for ever.  And a guest: behind TLBI and DSB on one vCPU no store of another
 * goes to the page that was mapped before.
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
#include "emu/cpu/helpers.h"
#include "emu/run/run.h"
#include "emu/run/tlb.h"
#include "emu/run/tlb_ctx.h"
#include "emu/vcpu.h"

#define RAM 0x40000000ull
#define RAM_SIZE (256u << 10)
#define TABLES 0x10000u
#define PAGE_A 0x20000u
#define PAGE_B 0x21000u
#define WINDOW 0x30000u		/* mapped to A and to B in turns */
#define DEVICE 0x09000000ull
#define ROUNDS 100

struct rig {
	struct emu_vm *vm;
	struct emu_vcpu *v[2];
	u8 *ram;
	u64 left;		/* rounds, when the guest ended */
};

static enum arm_result dev_read(void *opaque, unsigned int cpu, u64 ipa, unsigned int size, u64 *val)
{
	(void)opaque, (void)cpu, (void)ipa, (void)size, (void)val;
	return ARM_NOT_MINE;
}

static enum arm_result dev_write(void *opaque, unsigned int cpu, u64 ipa, unsigned int size, u64 val)
{
	struct rig *r = opaque;

	(void)cpu, (void)ipa, (void)size;
	r->left = val;
	emu_vm_stop(r->vm);
	return ARM_HANDLED;
}

static void no_ppi(void *opaque, unsigned int cpu, unsigned int intid, bool level)
{
	(void)opaque, (void)cpu, (void)intid, (void)level;
}

static const struct emu_host_ops ops = { .mmio_read = dev_read, .mmio_write = dev_write, .ppi = no_ppi };

static void rig_open(struct rig *r, enum emu_engine engine)
{
	struct emu_config cfg = {
		.model = arm_cpu_model_find("cortex-a57"), .cpus = 2, .engine = engine, .no_psci = true,
		.ops = &ops, .opaque = r,
	};

	memset(r, 0, sizeof(*r));
	assert_int_equal(emu_vm_create(&cfg, &r->vm), 0);
	r->ram = aligned_alloc(65536, RAM_SIZE);
	assert_non_null(r->ram);
	memset(r->ram, 0, RAM_SIZE);
	assert_int_equal(emu_vm_map_ram(r->vm, RAM, RAM_SIZE, r->ram, false), 0);
	emu_vm_reset(r->vm);
	for (unsigned int i = 0; i < 2; i++)
		r->v[i] = emu_vm_vcpu(r->vm, i);
}

static void rig_close(struct rig *r)
{
	emu_vm_free(r->vm);
	free(r->ram);
}

/* ---- helper_dsb() ---- */

struct waiter {
	struct emu_vcpu *v;
	pthread_t thread;
	bool serve;		/* its own queue behind the DSB, as translated code does */
	atomic_bool back;
};

static void *dsb_thread(void *arg)
{
	struct waiter *w = arg;

	helper_dsb(w->v, 0, 0, 0);
	if (w->serve)
		tlb_serve(w->v);
	atomic_store(&w->back, true);
	return NULL;
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 30000000 }, NULL);
}

/* vCPU @v is in translated code, does a TLBI of the IS kind and, on a thread, DSB. */
static void wait_start(struct waiter *w, struct emu_vcpu *v)
{
	const struct tlb_inval inv = { .scope = TLB_ALL, .el = 1 };

	w->v = v;
	atomic_store(&w->back, false);
	tlb_invalidate_broadcast(v, &inv);
	assert_int_equal(pthread_create(&w->thread, NULL, dsb_thread, w), 0);
}

/* Ends only if helper_dsb() returns; Meson's time limit tells otherwise. */
static void wait_end(struct waiter *w)
{
	pthread_join(w->thread, NULL);
	assert_true(atomic_load(&w->back));
	assert_true(atomic_load(&w->v->inside));
}

static void test_waits_for_running(void **state)
{
	struct waiter w = { .serve = false };
	struct rig r;

	(void)state;
	rig_open(&r, EMU_ENGINE_INTERP);
	vcpu_enter(r.v[0]);
	vcpu_enter(r.v[1]);
	wait_start(&w, r.v[0]);
	nap();
	assert_false(atomic_load(&w.back));
	assert_true(atomic_load(&r.v[1]->exit_request) & VCPU_REQ_TLB);
	/* Whoever waits here must itself hold up nobody, but what it returns to must stay. */
	assert_false(atomic_load(&r.v[0]->inside));
	assert_true(atomic_load(&r.v[0]->in_code));
	tlb_serve(r.v[1]);
	wait_end(&w);
	/* One DSB is enough. */
	assert_int_equal(helper_dsb(r.v[0], 0, 0, 0), 0);
	rig_close(&r);
}

static void test_end_of_waiting(void **state)
{
	struct waiter w = { .serve = false };
	struct rig r;

	(void)state;
	rig_open(&r, EMU_ENGINE_INTERP);
	vcpu_enter(r.v[0]);
	/* The other one does not run: it will serve its queue when it enters. */
	wait_start(&w, r.v[0]);
	wait_end(&w);
	/* It leaves. */
	vcpu_enter(r.v[1]);
	wait_start(&w, r.v[0]);
	nap();
	assert_false(atomic_load(&w.back));
	vcpu_exit(r.v[1]);
	wait_end(&w);
	/* The machine stops. */
	vcpu_enter(r.v[1]);
	wait_start(&w, r.v[0]);
	nap();
	assert_false(atomic_load(&w.back));
	emu_vm_stop(r.vm);
	wait_end(&w);
	rig_close(&r);
}

/* No broadcast, no waiting: not for a TLBI of one's own, not for what others have asked. */
static void test_waits_not(void **state)
{
	const struct tlb_inval inv = { .scope = TLB_ALL, .el = 1 };
	struct rig r;

	(void)state;
	rig_open(&r, EMU_ENGINE_INTERP);
	vcpu_enter(r.v[0]);
	vcpu_enter(r.v[1]);
	tlb_invalidate(r.v[0], &inv);
	assert_int_equal(helper_dsb(r.v[0], 0, 0, 0), 0);
	tlb_invalidate_broadcast(r.v[1], &inv);
	assert_int_equal(helper_dsb(r.v[0], 0, 0, 0), 0);
	assert_false(atomic_load(&r.v[1]->exit_request) & VCPU_REQ_TLB);
	assert_true(atomic_load(&r.v[0]->exit_request) & VCPU_REQ_TLB);
	rig_close(&r);
}

static void test_both_wait(void **state)
{
	struct waiter w[2] = { { .serve = true }, { .serve = true } };
	struct rig r;

	(void)state;
	rig_open(&r, EMU_ENGINE_INTERP);
	for (unsigned int round = 0; round < 200; round++) {
		for (unsigned int i = 0; i < 2; i++)
			vcpu_enter(r.v[i]);
		for (unsigned int i = 0; i < 2; i++)
			wait_start(&w[i], r.v[i]);
		for (unsigned int i = 0; i < 2; i++)
			wait_end(&w[i]);
		for (unsigned int i = 0; i < 2; i++)
			vcpu_exit(r.v[i]);
	}
	rig_close(&r);
}

/* ---- a guest ---- */

/*
 * X1: the window's descriptor; X2, X3: its values for A and B, B's is next; X4:
 * the window's address as TLBI takes it; X5: the page that loses the window,
 * X6: the other; X7: rounds; X8: the device.
 */
static const u32 remap_code[] = {
	0xf94000cd,	/* loop: ldr x13, [x6] */
	0xf9000023,	/* str x3, [x1] */
	0xd5033a9f,	/* dsb ishst */
	0xd5088324,	/* tlbi vae1is, x4 */
	0xd5033b9f,	/* dsb ish */
	0xf94000a9,	/* ldr x9, [x5] */
	0xd2807d0b,	/* mov x11, #1000 */
	0xf100056b,	/* subs x11, x11, #1 */
	0x54ffffe1,	/* b.ne -4 */
	0xf94000aa,	/* ldr x10, [x5] */
	0xeb0a013f,	/* cmp x9, x10 */
	0x54000181,	/* b.ne bad */
	0xf94000c9,	/* ldr x9, [x6]: until something is stored there */
	0xeb0d013f,	/* cmp x9, x13 */
	0x54ffffc0,	/* b.eq -8 */
	0xaa0203ec, 0xaa0303e2, 0xaa0c03e3,	/* swap x2, x3 */
	0xaa0503ec, 0xaa0603e5, 0xaa0c03e6,	/* swap x5, x6 */
	0xf10004e7,	/* subs x7, x7, #1 */
	0x54fffd41,	/* b.ne loop */
	0xf9000107,	/* bad: str x7, [x8] */
	0x14000000,	/* b . */
};

#define STORE_CODE 0x1000u
static const u32 store_code[] = {
	0x91000400,	/* add x0, x0, #1 */
	0xf9000020,	/* str x0, [x1] */
	0x17fffffe,	/* b -2 */
};

static u64 page_desc(u64 ipa)
{
	return ipa | 3 << 8 | 1 << 10 | 3;	/* inner shareable, AF */
}

/* 39 bits of address, 4 KiB pages: the device in a block, RAM page by page as it is. */
static void make_tables(struct rig *r)
{
	u64 *l1 = (u64 *)(r->ram + TABLES), *l2 = l1 + 512, *l3 = l2 + 512;

	l1[0] = 1 << 2 | 1 << 10 | 1;
	l1[1] = (RAM + TABLES + 0x1000) | 3;
	l2[0] = (RAM + TABLES + 0x2000) | 3;
	for (unsigned int i = 0; i < RAM_SIZE / 4096; i++)
		l3[i] = page_desc(RAM + i * 4096);
	l3[WINDOW / 4096] = page_desc(RAM + PAGE_A);
}

static void set_up(struct emu_vcpu *v, u64 pc)
{
	struct arm_state *st = emu_vcpu_state(v);

	st->sys[ARM_SLOT_TTBR0_EL1] = RAM + TABLES;
	st->sys[ARM_SLOT_TCR_EL1] = 25ull | 1ull << 8 | 1ull << 10 | 3ull << 12 | 1ull << 23;
	st->sys[ARM_SLOT_MAIR_EL1] = 0x00ff;	/* 0: normal, 1: Device-nGnRnE */
	st->sys[ARM_SLOT_SCTLR_EL1] |= 1 << 0 | 1 << 2 | 1 << 12;
	st->pc = pc;
}

static void *run_thread(void *arg)
{
	return (void *)(intptr_t)emu_vcpu_run(arg);
}

static void check_guest(enum emu_engine engine)
{
	pthread_t thread[2];
	struct arm_state *st;
	void *err;
	struct rig r;

	rig_open(&r, engine);
	memcpy(r.ram, remap_code, sizeof(remap_code));
	memcpy(r.ram + STORE_CODE, store_code, sizeof(store_code));
	make_tables(&r);
	set_up(r.v[0], RAM);
	set_up(r.v[1], RAM + STORE_CODE);
	st = emu_vcpu_state(r.v[0]);
	st->x[1] = RAM + TABLES + 0x2000 + WINDOW / 4096 * 8;
	st->x[2] = page_desc(RAM + PAGE_A);
	st->x[3] = page_desc(RAM + PAGE_B);
	st->x[4] = (RAM + WINDOW) >> 12;
	st->x[5] = RAM + PAGE_A;
	st->x[6] = RAM + PAGE_B;
	st->x[7] = ROUNDS;
	st->x[8] = DEVICE;
	emu_vcpu_state(r.v[1])->x[1] = RAM + WINDOW;
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, run_thread, r.v[i]), 0);
	for (unsigned int i = 0; i < 2; i++) {
		pthread_join(thread[i], &err);
		assert_null(err);
	}
	assert_int_equal(r.left, 0);
	rig_close(&r);
}

static void test_guest(void **state)
{
	(void)state;
	check_guest(EMU_ENGINE_JIT);
	check_guest(EMU_ENGINE_INTERP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits_for_running),
		cmocka_unit_test(test_end_of_waiting),
		cmocka_unit_test(test_waits_not),
		cmocka_unit_test(test_both_wait),
		cmocka_unit_test(test_guest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
