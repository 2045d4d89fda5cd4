/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU that is stopped anywhere goes on from its state, RAM, count and power
 * state alone: programs that use a little of everything are stopped at random
 * moments and moved to another VM, again and again, and end bit for bit as the run
 * that never moved.  And the state may be any other before a VM goes on.
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
#include "arm/psci.h"
#include "emu/emu.h"

#define RAM 0x40000000ull
#define RAM_SIZE (256u << 10)
#define VECTORS 0x2000u
#define USER 0x4000u
#define USER_DATA 0x5000u
#define TABLES 0x10000u		/* 64-bit: one tree with the window at A or B, */
#define OTHER 0x14000u		/* and one with it at C */
#define DATA 0x20000u
#define PAGE_A 0x30000u
#define PAGE_B 0x31000u
#define PAGE_C 0x32000u
#define WINDOW 0x33000u
#define DEVICE 0x09000000ull	/* a store ends the run: to +0 well, +8 not, +16: what the window shows */
#define HZ 100000000u

/*
 * Registers by value, exclusives, FP and SIMD with their flags, a window that is
 * remapped, two ASIDs, calls from EL1 and from EL0, clocks that must not go
 * backwards.  X19: rounds; X20: data; X21: device; X22: the window's descriptor, X23, X24 its
 * values; X25: its address as TLBI takes it; X26: TTBR0; X27: EL0's code, X29 its data; X28: the
 * window; X30: where EL0 comes back to.
 */
static const u32 code64[] = {
	0xca003400,	/* loop: eor x0, x0, x0, lsl #13 */
	0xca401c00,	/* eor x0, x0, x0, lsr #7 */
	0xca004400,	/* eor x0, x0, x0, lsl #17 */
	0xab000021,	/* adds x1, x1, x0 */
	0xba010042,	/* adcs x2, x2, x1 */
	0xfa020063,	/* sbcs x3, x3, x2 */
	0x9a823024,	/* csel x4, x1, x2, cc */
	0x9bc17c05,	/* umulh x5, x0, x1 */
	0x9b0418a6,	/* madd x6, x5, x4, x6 */
	0x9e630000,	/* ucvtf d0, x0 */
	0x1e602821,	/* fadd d1, d1, d0 */
	0x1e61c002,	/* fsqrt d2, d0 */
	0x1e621823,	/* fdiv d3, d1, d2 */
	0x9e790067,	/* fcvtzu x7, d3 */
	0x8b0700c6,	/* add x6, x6, x7 */
	0x4e081c05,	/* mov v5.d[0], x0 */
	0x4e181cc5,	/* mov v5.d[1], x6 */
	0x4ea58484,	/* add v4.4s, v4.4s, v5.4s */
	0x4ea59486,	/* mla v6.4s, v4.4s, v5.4s */
	0x4ea50cc7,	/* sqadd v7.4s, v6.4s, v5.4s */
	0xd53b4428,	/* mrs x8, fpsr */
	0x8b0800c6,	/* add x6, x6, x8 */
	0x927d2c09,	/* and x9, x0, #0x7ff8 */
	0xf8696a8a,	/* ldr x10, [x20, x9] */
	0xca06014a,	/* eor x10, x10, x6 */
	0xf8296a8a,	/* str x10, [x20, x9] */
	0xc85f7e8b,	/* again: ldxr x11, [x20] */
	0x9100056b,	/* add x11, x11, #0x1 */
	0xc80c7e8b,	/* stxr w12, x11, [x20] */
	0x35ffffac,	/* cbnz w12, 68 */
	0xd518d086,	/* msr tpidr_el1, x6 */
	0xd538d08d,	/* mrs x13, tpidr_el1 */
	0xd51bd04d,	/* msr tpidr_el0, x13 */
	0xd518d020,	/* msr contextidr_el1, x0 */
	0xf2400a7f,	/* tst x19, #0x7 */
	0x54000121,	/* b.ne b0 */
	0xaa1703e8,	/* mov x8, x23 */
	0xaa1803f7,	/* mov x23, x24 */
	0xaa0803f8,	/* mov x24, x8 */
	0xf90002d7,	/* str x23, [x22] */
	0xd5033a9f,	/* dsb ishst */
	0xd5088339,	/* tlbi vae1is, x25 */
	0xd5033b9f,	/* dsb ish */
	0xd5033fdf,	/* isb */
	0xf940038e,	/* same: ldr x14, [x28] */
	0x8b1301ce,	/* add x14, x14, x19 */
	0xf900038e,	/* str x14, [x28] */
	0xd250035a,	/* eor x26, x26, #0x1000000000000 */
	0xd518201a,	/* msr ttbr0_el1, x26 */
	0xd5033fdf,	/* isb */
	0xd53be050,	/* mrs x16, cntvct_el0 */
	0xeb11021f,	/* cmp x16, x17 */
	0x54000223,	/* b.cc 114 */
	0xaa1003f1,	/* mov x17, x16 */
	0xd53b9d10,	/* mrs x16, pmccntr_el0 */
	0xeb12021f,	/* cmp x16, x18 */
	0x540001a3,	/* b.cc 114 */
	0xaa1003f2,	/* mov x18, x16 */
	0xd4000021,	/* svc #0x1 */
	0xd518403b,	/* msr elr_el1, x27 */
	0xd518401f,	/* msr spsr_el1, xzr */
	0xd69f03e0,	/* eret */
	0xf1000673,	/* back: subs x19, x19, #0x1 */
	0x54fff821,	/* b.ne 0 */
	0xd2800010,	/* mov x16, #0x0 */
	0xd2800011,	/* mov x17, #0x0 */
	0xd2800012,	/* mov x18, #0x0 */
	0xf90002a0,	/* str x0, [x21] */
	0x14000000,	/* b 110 */
	0xf90006b3,	/* bad: str x19, [x21, #8] */
	0x14000000,	/* b 118 */
	0x8b2063ff,	/* user: add sp, sp, x0 */
	0x910003e8,	/* mov x8, sp */
	0xca0800c6,	/* eor x6, x6, x8 */
	0xf94003a8,	/* ldr x8, [x29] */
	0x8b060108,	/* add x8, x8, x6 */
	0xf90003a8,	/* str x8, [x29] */
	0xd4000041,	/* svc #0x2 */
	0xf9400380,	/* look: ldr x0, [x28] */
	0xf9000aa0,	/* str x0, [x21, #16] */
	0x14000000,	/* b 140 */
};

enum { BACK = 248, USER_AT = 284, LOOK = 312 };	/* bytes from the start */

/* Sync from EL1: counts syndromes; from EL0: back to EL1. */
static const u32 vector_same[] = { 0xd5385208, 0x8b0801ef, 0xd69f03e0 };
static const u32 vector_lower[] = { 0xd518403e, 0xd28078a8, 0xd5184008, 0xd69f03e0 };

/* The same in A32, with the registers of all modes, and with IT blocks.  R10: device; R11: data; R12: rounds. */
static const u32 code32[] = {
	0xe0200680,	/* loop: eor r0, r0, r0, lsl #13 */
	0xe02008a0,	/* eor r0, r0, r0, lsr #17 */
	0xe0200280,	/* eor r0, r0, r0, lsl #5 */
	0xe0911000,	/* adds r1, r1, r0 */
	0xe0b22001,	/* adcs r2, r2, r1 */
	0xe0d33002,	/* sbcs r3, r3, r2 */
	0xe0a54190,	/* umlal r4, r5, r0, r1 */
	0xe6106f91,	/* sadd8 r6, r0, r1 */
	0xe6817fb0,	/* sel r7, r1, r0 */
	0xe1018050,	/* qadd r8, r0, r1 */
	0xe10f9000,	/* mrs r9, CPSR */
	0xe0244009,	/* eor r4, r4, r9 */
	0xee000a10,	/* vmov s0, r0 */
	0xeeb81b40,	/* vcvt.f64.u32 d1, s0 */
	0xee322b01,	/* vadd.f64 d2, d2, d1 */
	0xeeb13bc1,	/* vsqrt.f64 d3, d1 */
	0xee824b03,	/* vdiv.f64 d4, d2, d3 */
	0xeebc5bc4,	/* vcvt.u32.f64 s10, d4 */
	0xee159a10,	/* vmov r9, s10 */
	0xe0244009,	/* eor r4, r4, r9 */
	0xec410b30,	/* vmov d16, r0, r1 */
	0xf26228e0,	/* vadd.i32 q9, q9, q8 */
	0xf26249e0,	/* vmla.i32 q10, q9, q8 */
	0xf26460f0,	/* vqadd.s32 q11, q10, q8 */
	0xeef19a10,	/* vmrs r9, fpscr */
	0xe0255009,	/* eor r5, r5, r9 */
	0xf102001f,	/* cps #31 */
	0xe08dd000,	/* add sp, sp, r0 */
	0xe02ee00d,	/* eor lr, lr, sp */
	0xf1020012,	/* cps #18 */
	0xe08dd001,	/* add sp, sp, r1 */
	0xe02ee00d,	/* eor lr, lr, sp */
	0xe14f9000,	/* mrs r9, SPSR */
	0xe0899000,	/* add r9, r9, r0 */
	0xe16ff009,	/* msr SPSR_fsxc, r9 */
	0xf1020017,	/* cps #23 */
	0xe02dd002,	/* eor sp, sp, r2 */
	0xe08ee00d,	/* add lr, lr, sp */
	0xf102001b,	/* cps #27 */
	0xe02dd003,	/* eor sp, sp, r3 */
	0xe08ee00d,	/* add lr, lr, sp */
	0xf1020011,	/* cps #17 */
	0xe0888000,	/* add r8, r8, r0 */
	0xe0299008,	/* eor r9, r9, r8 */
	0xe08aa009,	/* add sl, sl, r9 */
	0xf1020013,	/* cps #19 */
	0xe1a09aa0,	/* lsr r9, r0, #21 */
	0xe1a09109,	/* lsl r9, r9, #2 */
	0xe79b8009,	/* ldr r8, [fp, r9] */
	0xe0288004,	/* eor r8, r8, r4 */
	0xe78b8009,	/* str r8, [fp, r9] */
	0xe19b8f9f,	/* again: ldrex r8, [fp] */
	0xe2888001,	/* add r8, r8, #1 */
	0xe18b9f98,	/* strex r9, r8, [fp] */
	0xe3590000,	/* cmp r9, #0 */
	0x1afffffa,	/* bne cc */
	0xee0d4f90,	/* mcr 15, 0, r4, cr13, cr0, {4} */
	0xee1d9f90,	/* mrc 15, 0, r9, cr13, cr0, {4} */
	0xee0d9f50,	/* mcr 15, 0, r9, cr13, cr0, {2} */
	0xfa000008,	/* blx 114 */
	0xef000001,	/* svc 0x00000001 */
	0xf1020010,	/* cps #16 */
	0xe08dd005,	/* add sp, sp, r5 */
	0xe026600d,	/* eor r6, r6, sp */
	0xef000002,	/* svc 0x00000002 */
	0xe25cc001,	/* subs ip, ip, #1 */
	0x1affffbc,	/* bne 0 */
	0xe58a0000,	/* str r0, [sl] */
	0xeafffffe,	/* b 110 */
	0x0908f05f,	/* thumb: movs.w r9, #8 */
	0x0f01f010,	/* more: tst.w r0, #1 */
	0x1876bf15,	/* itete ne; addne r6, r6, r1 */
	0x1a3f4056,	/* eoreq r6, r2; subne r7, r7, r0 */
	0xea5f41f7,	/* roreq r7, r6; movs.w r8, r0, lsr #3 */
	0xbf2208d0,	/* ; ittt cs */
	0x40773601,	/* addcs r6, #1; eorcs r7, r6 */
	0xea4f417e,	/* adccs r6, r7; mov.w r0, r0, ror #1 */
	0xf1b90070,	/* ; subs.w r9, r9, #1 */
	0xd1ed0901,	/* ; bne.n 118 */
	0xbf004770,	/* bx lr; nop */
};

/* SVC: back to where it came from, in Supervisor mode. */
static const u32 vector_svc[] = { 0xe14f9000, 0xe3899013, 0xe161f009, 0xe1b0f00e };

struct machine {
	struct emu_vm *vm;
	u8 *ram;
};

struct rig {
	const char *model;
	enum emu_engine engine;
	unsigned int cpus;
	struct machine m[2];
	unsigned int now;	/* which one runs */
	bool ended, bad;
	u64 seen, told[2];
};

static enum arm_result dev_read(void *opaque, unsigned int cpu, u64 ipa, unsigned int size, u64 *val)
{
	(void)opaque, (void)cpu, (void)ipa, (void)size, (void)val;
	return ARM_NOT_MINE;
}

static enum arm_result dev_write(void *opaque, unsigned int cpu, u64 ipa, unsigned int size, u64 val)
{
	struct rig *r = opaque;

	(void)size;
	switch (ipa - DEVICE) {
	case 0:
		r->ended = true;
		break;
	case 8:
		r->bad = true;
		break;
	case 16:
		r->seen = val;
		break;
	default:
		return ARM_NOT_MINE;
	}
	if (cpu < 2)
		r->told[cpu] = val;
	emu_vm_stop(r->m[r->now].vm);
	return ARM_HANDLED;
}

static void on_event(void *opaque, unsigned int cpu, enum emu_event event)
{
	(void)opaque, (void)cpu, (void)event;
	abort();
}

static const struct emu_host_ops ops = { .mmio_read = dev_read, .mmio_write = dev_write, .event = on_event };

static void machine_open(struct rig *r, struct machine *m)
{
	struct emu_config cfg = {
		.model = arm_cpu_model_find(r->model), .cpus = r->cpus, .engine = r->engine, .ops = &ops, .opaque = r,
		.counter_hz = HZ,
	};

	assert_int_equal(emu_vm_create(&cfg, &m->vm), 0);
	m->ram = aligned_alloc(65536, RAM_SIZE);
	assert_non_null(m->ram);
	memset(m->ram, 0, RAM_SIZE);
	assert_int_equal(emu_vm_map_ram(m->vm, RAM, RAM_SIZE, m->ram, false), 0);
	emu_vm_reset(m->vm);
}

static void rig_open(struct rig *r, const char *model, enum emu_engine engine, unsigned int cpus)
{
	*r = (struct rig){ .model = model, .engine = engine, .cpus = cpus };
	for (unsigned int i = 0; i < 2; i++)
		machine_open(r, &r->m[i]);
}

static void rig_close(struct rig *r)
{
	for (unsigned int i = 0; i < 2; i++) {
		emu_vm_free(r->m[i].vm);
		free(r->m[i].ram);
	}
}

static struct arm_state *state_of(struct machine *m, unsigned int cpu)
{
	return emu_vcpu_state(emu_vm_vcpu(m->vm, cpu));
}

/* All that there is of a VM, by its public face, into one that ran other things before. */
static void move(struct rig *r)
{
	struct machine *from = &r->m[r->now], *to = &r->m[!r->now];
	u32 hz;
	u64 count = emu_vm_count(from->vm, &hz);

	assert_int_equal(hz, HZ);
	emu_vm_reset(to->vm);
	for (unsigned int i = 0; i < r->cpus; i++) {
		bool off = emu_vcpu_off(emu_vm_vcpu(from->vm, i));

		*state_of(to, i) = *state_of(from, i);
		assert_int_equal(emu_vcpu_set_off(emu_vm_vcpu(to->vm, i), off), 0);
	}
	memcpy(to->ram, from->ram, RAM_SIZE);
	emu_vm_set_count(to->vm, count);
	assert_true(emu_vm_count(to->vm, &hz) == count);
	emu_vm_restart(to->vm);
	r->now = !r->now;
}

/* ---- the programs ---- */

static void put(struct machine *m, unsigned int at, const u32 *words, size_t bytes)
{
	memcpy(m->ram + at, words, bytes);
}

/* 39 bits of address: the device in a block, RAM by pages, not global; what EL0 uses is open to it. */
static void tables64(struct machine *m, unsigned int at, unsigned int window)
{
	u64 *l1 = (u64 *)(m->ram + at), *l2 = l1 + 512, *l3 = l2 + 512, page = 3 << 8 | 1 << 10 | 1 << 11 | 3;

	l1[0] = 1 << 2 | 1 << 10 | 1;
	l1[1] = (RAM + at + 0x1000) | 3;
	l2[0] = (RAM + at + 0x2000) | 3;
	for (unsigned int i = 0; i < RAM_SIZE / 4096; i++)
		l3[i] = (RAM + i * 4096) | page;
	l3[WINDOW / 4096] = (RAM + window) | page;
	l3[USER / 4096] |= 1 << 6;
	l3[USER_DATA / 4096] |= 1 << 6;
}

static void program64(struct rig *r, unsigned int rounds)
{
	struct machine *m = &r->m[r->now];
	struct arm_state *st = state_of(m, 0);
	u64 page = RAM | 3 << 8 | 1 << 10 | 1 << 11 | 3;

	put(m, 0, code64, sizeof(code64));
	put(m, VECTORS + 0x200, vector_same, sizeof(vector_same));
	put(m, VECTORS + 0x400, vector_lower, sizeof(vector_lower));
	memcpy(m->ram + USER, (const u8 *)code64 + USER_AT, LOOK - USER_AT);
	tables64(m, TABLES, PAGE_A);
	tables64(m, OTHER, PAGE_C);
	*(u64 *)(m->ram + PAGE_C) = 0x0c0c0c0c;
	st->sys[ARM_SLOT_TTBR0_EL1] = RAM + TABLES;
	st->sys[ARM_SLOT_TCR_EL1] = 25ull | 1ull << 8 | 1ull << 10 | 3ull << 12 | 1ull << 23;
	st->sys[ARM_SLOT_MAIR_EL1] = 0x00ff;
	st->sys[ARM_SLOT_SCTLR_EL1] |= 1 << 0 | 1 << 2 | 1 << 12;
	st->sys[ARM_SLOT_CPACR_EL1] = 3 << 20;
	st->sys[ARM_SLOT_VBAR_EL1] = RAM + VECTORS;
	st->sys[ARM_SLOT_PMCR_EL0] |= 1 << 6 | 1 << 0;
	st->sys[ARM_SLOT_PMCNTENSET_EL0] = 1u << 31;
	st->pc = RAM;
	for (unsigned int i = 0; i < 16; i++)
		st->x[i] = 0x9e3779b97f4a7c15ull * (i + 1);
	st->x[17] = st->x[18] = 0;
	st->x[19] = rounds;
	st->x[20] = RAM + DATA;
	st->x[21] = DEVICE;
	st->x[22] = RAM + TABLES + 0x2000 + WINDOW / 4096 * 8;
	st->x[23] = page + PAGE_A;
	st->x[24] = page + PAGE_B;
	st->x[25] = (RAM + WINDOW) >> 12;
	st->x[26] = RAM + TABLES;
	st->x[27] = RAM + USER;
	st->x[28] = RAM + WINDOW;
	st->x[29] = RAM + USER_DATA;
	st->x[30] = RAM + BACK;
}

/* Sections of 1 MiB where they are: the device's, and RAM for everybody. */
static void program32(struct rig *r, unsigned int rounds)
{
	struct machine *m = &r->m[r->now];
	struct arm_state *st = state_of(m, 0);
	u32 *l1 = (u32 *)(m->ram + TABLES);

	put(m, 0, code32, sizeof(code32));
	put(m, VECTORS + 8, vector_svc, sizeof(vector_svc));
	l1[DEVICE >> 20] = (u32)DEVICE | 3 << 10 | 1 << 2 | 2;
	l1[RAM >> 20] = (u32)RAM | 3 << 10 | 3 << 2 | 2;
	st->sys[ARM_SLOT_TTBR0_EL1] = RAM + TABLES;
	st->sys[ARM_SLOT_DACR32_EL2] = 1;
	st->sys[ARM_SLOT_SCTLR_EL1] |= 1 << 0 | 1 << 2 | 1 << 12;
	st->sys[ARM_SLOT_CPACR_EL1] |= 15 << 20;
	st->sys[ARM_SLOT_FPEXC32_EL2] = 1u << 30;
	st->sys[ARM_SLOT_VBAR_EL1] = RAM + VECTORS;
	st->pc = RAM;
	for (unsigned int i = 0; i < 9; i++)
		st->x[i] = (u32)(0x9e3779b97f4a7c15ull * (i + 1) >> 32);
	st->x[10] = DEVICE;
	st->x[11] = RAM + DATA;
	st->x[12] = rounds;
}

/* ---- running ---- */

struct stopper {
	struct emu_vm *vm;
	unsigned int us;
};

static void *stop_thread(void *arg)
{
	struct stopper *s = arg;

	nanosleep(&(struct timespec){ .tv_nsec = s->us * 1000l }, NULL);
	emu_vm_stop(s->vm);
	return NULL;
}

static void run(struct rig *r)
{
	assert_int_equal(emu_vcpu_run(emu_vm_vcpu(r->m[r->now].vm, 0)), 0);
	assert_false(r->bad);
}

/* Until the program ends or @us are over. */
static void run_for(struct rig *r, unsigned int us)
{
	struct stopper s = { r->m[r->now].vm, us };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, stop_thread, &s), 0);
	run(r);
	pthread_join(thread, NULL);
}

/* A moment of a program that may do anything. */
static void run_junk(struct rig *r)
{
	struct stopper s = { r->m[r->now].vm, 500 };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, stop_thread, &s), 0);
	assert_int_equal(emu_vcpu_run(emu_vm_vcpu(r->m[r->now].vm, 0)), 0);
	pthread_join(thread, NULL);
}

static unsigned int random_us(void)
{
	static u32 s = 2463534242u;

	s ^= s << 13;
	s ^= s >> 17;
	s ^= s << 5;
	return s % 1500;
}

/* Clocks are their own. */
static void compare(struct rig *a, struct rig *b)
{
	struct arm_state x = *state_of(&a->m[a->now], 0), y = *state_of(&b->m[b->now], 0);

	x.sys[ARM_SLOT_PMCCNTR_EL0] = y.sys[ARM_SLOT_PMCCNTR_EL0] = 0;
	assert_memory_equal(&x, &y, sizeof(x));
	assert_memory_equal(a->m[a->now].ram, b->m[b->now].ram, RAM_SIZE);
}

/* In the middle: other tables under the same ASID, another place; then as if nothing had been. */
static void visit(struct rig *r)
{
	struct machine *m = &r->m[r->now];
	struct arm_state *st = state_of(m, 0), saved = *st;

	if (!arm_has(arm_cpu_model_find(r->model)->features, ARM_FEAT_AARCH64))
		return;
	st->pstate = PSR_M_EL1H | PSR_DAIF;
	st->sys[ARM_SLOT_TTBR0_EL1] = (st->sys[ARM_SLOT_TTBR0_EL1] & ~0xffffffffull) | (RAM + OTHER);
	st->pc = RAM + LOOK;
	emu_vm_restart(m->vm);
	run(r);
	assert_int_equal(r->seen, 0x0c0c0c0c);
	*st = saved;
}

/* How often it moved before it ended. */
static unsigned int check_once(const char *model, enum emu_engine engine, unsigned int rounds,
			       void (*program)(struct rig *r, unsigned int rounds))
{
	struct rig still, moving;
	unsigned int moves = 0;

	rig_open(&still, model, engine, 1);
	program(&still, rounds);
	run(&still);
	assert_true(still.ended);

	rig_open(&moving, model, engine, 1);
	program(&moving, rounds);
	for (;;) {
		run_for(&moving, random_us());
		if (moving.ended)
			break;
		if (moves % 3 == 1)
			visit(&moving);
		move(&moving);
		moves++;
	}
	compare(&still, &moving);
	rig_close(&still);
	rig_close(&moving);
	return moves;
}

/* A fast host is through before it has moved often: then it gets more to do. */
static void check(const char *model, enum emu_engine engine, unsigned int rounds,
		  void (*program)(struct rig *r, unsigned int rounds))
{
	unsigned int moves = 0;

	for (unsigned int n = 0; n < 6 && moves <= 5; n++)
		moves = check_once(model, engine, rounds << n, program);
	assert_true(moves > 5);
}

static void test_a64(void **state)
{
	(void)state;
	check("cortex-a57", EMU_ENGINE_JIT, 150000, program64);
	check("cortex-a57", EMU_ENGINE_INTERP, 12000, program64);
}

static void test_a32(void **state)
{
	(void)state;
	check("cortex-a15", EMU_ENGINE_JIT, 150000, program32);
	check("cortex-a15", EMU_ENGINE_INTERP, 12000, program32);
}

/* The cycle counter is up to date in a state, and the time between two runs is not in it. */
static void test_pmu(void **state)
{
	struct arm_state *st;
	struct rig r;
	u64 before, after;

	(void)state;
	rig_open(&r, "cortex-a57", EMU_ENGINE_JIT, 1);
	program64(&r, ~0u);
	run_for(&r, 5000);
	st = state_of(&r.m[0], 0);
	before = st->sys[ARM_SLOT_PMCCNTR_EL0];
	assert_true(before > st->x[18]);
	nanosleep(&(struct timespec){ .tv_nsec = 300000000 }, NULL);
	run(&r);	/* it is still told to stop */
	after = state_of(&r.m[0], 0)->sys[ARM_SLOT_PMCCNTR_EL0];
	assert_true(after >= before && after - before < 200000000);
	rig_close(&r);
}

/* ---- power ---- */

/* CPU_ON was accepted, and CPU 1 is moved before it has begun. */
static void check_cpu_on(enum emu_engine engine)
{
	static const u32 caller[] = { 0xd4000002 /* hvc #0 */, 0xf90002a0 /* str x0, [x21] */, 0x14000000 };
	static const u32 callee[] = { 0xf9400015 /* ldr x21, [x0] */, 0xf90002a0 /* str x0, [x21] */, 0x14000000 };
	struct arm_state *st;
	struct rig r;
	bool off;

	rig_open(&r, "cortex-a57", engine, 2);
	put(&r.m[0], 0, caller, sizeof(caller));
	put(&r.m[0], 0x100, callee, sizeof(callee));
	*(u64 *)(r.m[0].ram + DATA) = DEVICE;
	st = state_of(&r.m[0], 0);
	st->pc = RAM;
	st->x[0] = PSCI_64(PSCI_FN_CPU_ON);
	st->x[1] = 1;
	st->x[2] = RAM + 0x100;
	st->x[3] = RAM + DATA;
	st->x[21] = DEVICE;
	assert_true(emu_vcpu_off(emu_vm_vcpu(r.m[0].vm, 1)));
	run(&r);
	assert_true(r.ended);
	assert_int_equal(r.told[0], PSCI_SUCCESS);
	st = state_of(&r.m[0], 1);
	assert_true(st->pc == RAM + 0x100 && st->x[0] == RAM + DATA);
	off = emu_vcpu_off(emu_vm_vcpu(r.m[0].vm, 1));
	assert_false(off);
	move(&r);
	assert_int_equal(emu_vcpu_run(emu_vm_vcpu(r.m[1].vm, 1)), 0);
	assert_int_equal(r.told[1], RAM + DATA);

	/* On is on to PSCI too, and off is off. */
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(emu_vcpu_set_off(emu_vm_vcpu(r.m[1].vm, 1), i), 0);
		assert_int_equal(emu_vcpu_off(emu_vm_vcpu(r.m[1].vm, 1)), i);
		st = state_of(&r.m[1], 0);
		st->pc = RAM;
		st->x[0] = PSCI_64(PSCI_FN_AFFINITY_INFO);
		st->x[1] = 1;
		st->x[2] = 0;
		emu_vm_restart(r.m[1].vm);
		run(&r);
		assert_int_equal(r.told[0], i);
	}
	rig_close(&r);
}

static void test_power(void **state)
{
	(void)state;
	check_cpu_on(EMU_ENGINE_JIT);
	check_cpu_on(EMU_ENGINE_INTERP);
}

/* ---- states that there cannot be ---- */

static unsigned int fatal_events;

static void note_event(void *opaque, unsigned int cpu, enum emu_event event)
{
	(void)opaque, (void)cpu;
	fatal_events += event == EMU_EVENT_FATAL;
}

static void test_no_such_mode(void **state)
{
	static const struct emu_host_ops quiet = {
		.mmio_read = dev_read, .mmio_write = dev_write, .event = note_event,
	};
	static const struct {
		const char *model;
		u32 pstate;
	} rows[] = {
		{ "cortex-a57", PSR_M_EL2H }, { "cortex-a57", PSR_M_EL3H }, { "cortex-a57", 2 },
		{ "cortex-a57", PSR32_M_SVC }, { "cortex-a15", PSR_M_EL1H }, { "cortex-a15", PSR32_M_MON },
		{ "cortex-a15", PSR32_M_HYP }, { "cortex-a15", 0x1d },
	};

	(void)state;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(rows); i++) {
		FILE *log = tmpfile();
		struct emu_config cfg = {
			.model = arm_cpu_model_find(rows[i].model), .cpus = 1, .ops = &quiet, .log_file = log,
		};
		struct emu_vm *vm;

		assert_non_null(log);
		assert_int_equal(emu_vm_create(&cfg, &vm), 0);
		emu_vm_reset(vm);
		emu_vcpu_state(emu_vm_vcpu(vm, 0))->pstate = rows[i].pstate;
		fatal_events = 0;
		assert_int_equal(emu_vcpu_run(emu_vm_vcpu(vm, 0)), -EINVAL);
		assert_int_equal(fatal_events, 1);
		assert_true(ftell(log) > 0);
		emu_vm_free(vm);
		fclose(log);
	}
}

/* Whatever a stream says is in the registers, the engine goes on, and stops when it is told. */
static void check_junk(const char *model, enum emu_engine engine, const u32 *modes, unsigned int nmodes)
{
	static u64 seed = 0x9e3779b97f4a7c15;
	struct rig r;

	rig_open(&r, model, engine, 1);
	for (unsigned int turn = 0; turn < 60; turn++) {
		struct arm_state *st;
		u8 *bytes;

		emu_vm_reset(r.m[0].vm);
		if (arm_has(arm_cpu_model_find(model)->features, ARM_FEAT_AARCH64))
			program64(&r, ~0u);
		else
			program32(&r, ~0u);
		st = state_of(&r.m[0], 0);
		bytes = (u8 *)st->sys;
		for (size_t i = 0; i < sizeof(st->sys); i++) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			if (turn % 3 == 0 || (seed >> 40) % 100 < turn)
				bytes[i] = seed >> 56;
		}
		st->pstate = (u32)(seed >> 20 & ~0x1full) | modes[turn % nmodes];
		st->nzcv = st->fpcr = st->fpsr = (u32)(seed >> 16);
		st->pc = turn % 2 ? RAM + (seed >> 50 & 0xff) : seed;
		emu_vm_restart(r.m[0].vm);
		assert_int_equal(emu_vcpu_set_off(emu_vm_vcpu(r.m[0].vm, 0), false), 0);
		r.bad = false;
		run_junk(&r);
	}
	rig_close(&r);
}

static void test_junk(void **state)
{
	static const u32 modes64[] = { PSR_M_EL0T, PSR_M_EL1T, PSR_M_EL1H, PSR32_M_USR };
	static const u32 modes32[] = {
		PSR32_M_USR, PSR32_M_FIQ, PSR32_M_IRQ, PSR32_M_SVC, PSR32_M_ABT, PSR32_M_UND, PSR32_M_SYS,
	};

	(void)state;
	check_junk("cortex-a57", EMU_ENGINE_JIT, modes64, ARM_ARRAY_SIZE(modes64));
	check_junk("cortex-a57", EMU_ENGINE_INTERP, modes64, ARM_ARRAY_SIZE(modes64));
	check_junk("cortex-a15", EMU_ENGINE_JIT, modes32, ARM_ARRAY_SIZE(modes32));
	check_junk("cortex-a15", EMU_ENGINE_INTERP, modes32, ARM_ARRAY_SIZE(modes32));
}

/* ---- the count ---- */

static void test_hz(void **state)
{
	static const u32 code[] = {
		0xd53be000,	/* mrs x0, cntfrq_el0 */
		0xd53be041,	/* loop: mrs x1, cntvct_el0 */
		0xeb02003f,	/* cmp x1, x2 */
		0x54ffffc3,	/* b.lo loop */
		0xf90002a0,	/* str x0, [x21] */
		0x14000000,	/* b . */
	};
	static const u32 hz[] = { 1, 24000000, 62500000, 99999989, 1000000000, EMU_MAX_HZ };
	struct emu_config cfg = { .model = arm_cpu_model_find("cortex-a57"), .cpus = 1, .ops = &ops };
	struct emu_vm *vm;

	(void)state;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(hz); i++) {
		/* Behind a wrap of 32 bits, and of 64 for the last. */
		u64 begin = i == 5 ? ~0ull - 1000 : 0xfffffff0, wait = hz[i] / 50, count;
		struct rig r = { .model = "cortex-a57", .cpus = 1 };
		struct timespec a, b;
		struct arm_state *st;
		u32 got;
		double s;

		cfg.counter_hz = hz[i];
		cfg.opaque = &r;
		assert_int_equal(emu_vm_create(&cfg, &r.m[0].vm), 0);
		vm = r.m[0].vm;
		r.m[0].ram = aligned_alloc(65536, RAM_SIZE);
		assert_int_equal(emu_vm_map_ram(vm, RAM, RAM_SIZE, r.m[0].ram, false), 0);
		emu_vm_reset(vm);
		put(&r.m[0], 0, code, sizeof(code));
		st = state_of(&r.m[0], 0);
		st->pc = RAM;
		st->x[2] = i == 5 ? 0 : begin + wait;
		st->x[21] = DEVICE;
		emu_vm_set_count(vm, begin);
		nanosleep(&(struct timespec){ .tv_nsec = 3000000 }, NULL);
		assert_true(emu_vm_count(vm, &got) == begin && got == hz[i]);
		clock_gettime(CLOCK_MONOTONIC, &a);
		run(&r);
		count = emu_vm_count(vm, &got);
		clock_gettime(CLOCK_MONOTONIC, &b);
		s = (b.tv_sec - a.tv_sec) + (b.tv_nsec - a.tv_nsec) / 1e9;
		assert_int_equal(r.told[0], hz[i]);
		assert_true(count - begin <= s * hz[i] + 1);
		assert_true(count - begin >= (i == 5 ? 0 : wait));
		/* Stopped, it goes on; set, it stands. */
		nanosleep(&(struct timespec){ .tv_nsec = 3000000 }, NULL);
		assert_true(hz[i] == 1 || emu_vm_count(vm, &got) > count);
		emu_vm_free(vm);
		free(r.m[0].ram);
	}
	cfg.counter_hz = EMU_MAX_HZ + 1;
	assert_int_equal(emu_vm_create(&cfg, &vm), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a64),
		cmocka_unit_test(test_a32),
		cmocka_unit_test(test_pmu),
		cmocka_unit_test(test_power),
		cmocka_unit_test(test_no_such_mode),
		cmocka_unit_test(test_junk),
		cmocka_unit_test(test_hz),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
