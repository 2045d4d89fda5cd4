// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFP in AArch32: short programs on a Cortex-A15 in System mode, interpreted and
 * translated, with results worked out by hand.  Single instructions are compared
 * with another implementation by tests/isa/a32diff.py; here are those things that
 * need privilege, more than one instruction, or a mode.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arm/sysreg.h"
#include "emu/emu.h"
#include "emu/front/a32.h"

#define RAM 0x40000000u
#define RAM_SIZE 0x10000u
#define CODE 0x100u
#define STACK (RAM + 0x8000)

static const u32 compare_code[] = {
	0xeef04b00,	/* vmov.f64 d20, #0 */
	0xeef05b08,	/* vmov.f64 d21, #8 */
	0xe3a00000,	/* mov r0, #0 */
	0xeef44b65,	/* vcmp.f64 d20, d21 */
	0xeef1fa10,	/* vmrs APSR_nzcv, fpscr */
	0x42800001,	/* addmi r0, r0, #1 */
	0xeef45b64,	/* vcmp.f64 d21, d20 */
	0xeef1fa10,	/* vmrs APSR_nzcv, fpscr */
	0xc2800002,	/* addgt r0, r0, #2 */
	0xe3500000,	/* cmp r0, #0 */
	0xeef44be4,	/* vcmpe.f64 d20, d20 */
	0x02800c01,	/* addeq r0, r0, #256 */
	0xeef11a10,	/* vmrs r1, fpscr */
	0xeef1fa10,	/* vmrs APSR_nzcv, fpscr */
	0x02800004,	/* addeq r0, r0, #4 */
};

static const u32 unfused_code[] = {
	0xe3002800,	/* movw r2, #2048 */
	0xe3432f80,	/* movt r2, #16256 */
	0xee002a90,	/* vmov s1, r2 */
	0xee012a10,	/* vmov s2, r2 */
	0xe3013000,	/* movw r3, #4096 */
	0xe34b3f80,	/* movt r3, #49024 */
	0xee003a10,	/* vmov s0, r3 */
	0xee013a90,	/* vmov s3, r3 */
	0xee000a81,	/* vmla.f32 s0, s1, s2 */
	0xeee01a81,	/* vfma.f32 s3, s1, s2 */
	0xee100a10,	/* vmov r0, s0 */
	0xee111a90,	/* vmov r1, s3 */
};

static const u32 signs_code[] = {
	0xeeb00b00,	/* vmov.f64 d0, #0 */
	0xeeb01b08,	/* vmov.f64 d1, #8 */
	0xeeb12b00,	/* vmov.f64 d2, #16 */
	0xeeb03b40,	/* vmov.f64 d3, d0 */
	0xeeb04b40,	/* vmov.f64 d4, d0 */
	0xeeb05b40,	/* vmov.f64 d5, d0 */
	0xeeb06b40,	/* vmov.f64 d6, d0 */
	0xee113b42,	/* vnmla.f64 d3, d1, d2 */
	0xee114b02,	/* vnmls.f64 d4, d1, d2 */
	0xee915b42,	/* vfnma.f64 d5, d1, d2 */
	0xee916b02,	/* vfnms.f64 d6, d1, d2 */
	0xee217b42,	/* vnmul.f64 d7, d1, d2 */
	0xeebd0bc3,	/* vcvt.s32.f64 s0, d3 */
	0xeefd0bc4,	/* vcvt.s32.f64 s1, d4 */
	0xeebd1bc5,	/* vcvt.s32.f64 s2, d5 */
	0xeefd1bc6,	/* vcvt.s32.f64 s3, d6 */
	0xeebd2bc7,	/* vcvt.s32.f64 s4, d7 */
	0xec510a10,	/* vmov r0, r1, s0, s1 */
	0xec532a11,	/* vmov r2, r3, s2, s3 */
	0xee124a10,	/* vmov r4, s4 */
};

static const u32 short_vectors_code[] = {
	0xeeb74a00,	/* vmov.f32 s8, #112 */
	0xe3a00803,	/* mov r0, #196608 */
	0xeee10a10,	/* vmsr fpscr, r0 */
	0xee344a04,	/* vadd.f32 s8, s8, s8 */
	0xeeb04a00,	/* vmov.f32 s8, #0 */
	0xeef04a44,	/* vmov.f32 s9, s8 */
	0xeea44a04,	/* vfma.f32 s8, s8, s8 */
	0xeeb44a44,	/* vcmp.f32 s8, s8 */
	0xeebd5ac4,	/* vcvt.s32.f32 s10, s8 */
	0xee152a10,	/* vmov r2, s10 */
	0xeef11a10,	/* vmrs r1, fpscr */
	0xe3a03000,	/* mov r3, #0 */
	0xeee13a10,	/* vmsr fpscr, r3 */
	0xee344a04,	/* vadd.f32 s8, s8, s8 */
	0xee140a10,	/* vmov r0, s8 */
};

static const u32 disabled_code[] = {
	0xeef80a10,	/* vmrs r0, fpexc */
	0xe3a01000,	/* mov r1, #0 */
	0xeee81a10,	/* vmsr fpexc, r1 */
	0xee001a10,	/* vmov s0, r1 */
	0xeef12a10,	/* vmrs r2, fpscr */
	0xeef03a10,	/* vmrs r3, fpsid */
	0xeef74a10,	/* vmrs r4, mvfr0 */
	0xeee80a10,	/* vmsr fpexc, r0 */
	0xee000a10,	/* vmov s0, r0 */
	0xeef81a10,	/* vmrs r1, fpexc */
};

static const u32 fixed16_code[] = {
	0xe3032000,	/* movw r2, #12288 */
	0xe3442700,	/* movt r2, #18176 */
	0xee002a10,	/* vmov s0, r2 */
	0xeebe0a47,	/* vcvt.s16.f32 s0, s0, #2 */
	0xee100a10,	/* vmov r0, s0 */
	0xeef11a10,	/* vmrs r1, fpscr */
	0xe3a03000,	/* mov r3, #0 */
	0xeee13a10,	/* vmsr fpscr, r3 */
	0xeebf1b08,	/* vmov.f64 d1, #248 */
	0xeebe1b67,	/* vcvt.s16.f64 d1, d1, #1 */
	0xec532b11,	/* vmov r2, r3, d1 */
	0xeebf1b08,	/* vmov.f64 d1, #248 */
	0xeebf1b67,	/* vcvt.u16.f64 d1, d1, #1 */
	0xee114a10,	/* vmov r4, s2 */
};

static const u32 collected_code[] = {
	0xeeb70a00,	/* vmov.f32 s0, #112 */
	0xe3a00000,	/* mov r0, #0 */
	0xee000a90,	/* vmov s1, r0 */
	0xee801a20,	/* vdiv.f32 s2, s0, s1 */
	0xeef10a10,	/* vmrs r0, fpscr */
	0xeee10a10,	/* vmsr fpscr, r0 */
	0xee112a10,	/* vmov r2, s2 */
	0xeeb11ac1,	/* vsqrt.f32 s2, s2 */
	0xeeff1a00,	/* vmov.f32 s3, #240 */
	0xeef11ae1,	/* vsqrt.f32 s3, s3 */
	0xeef11a10,	/* vmrs r1, fpscr */
	0xee113a90,	/* vmov r3, s3 */
};

static const u32 rounding_code[] = {
	0xeeb70b00,	/* vmov.f64 d0, #112 */
	0xeeb01b08,	/* vmov.f64 d1, #8 */
	0xee802b01,	/* vdiv.f64 d2, d0, d1 */
	0xe3a00502,	/* mov r0, #8388608 */
	0xe380120f,	/* orr r1, r0, #-268435456 */
	0xeee11a10,	/* vmsr fpscr, r1 */
	0xeeb13b40,	/* vneg.f64 d3, d0 */
	0xee833b01,	/* vdiv.f64 d3, d3, d1 */
	0xeef1fa10,	/* vmrs APSR_nzcv, fpscr */
	0x23a04007,	/* movcs r4, #7 */
	0xe3a01000,	/* mov r1, #0 */
	0xeee11a10,	/* vmsr fpscr, r1 */
	0xec510b12,	/* vmov r0, r1, d2 */
	0xec532b13,	/* vmov r2, r3, d3 */
};

static const u32 multiple_code[] = {
	0xe1a0500d,	/* mov r5, sp */
	0xeeb78b00,	/* vmov.f64 d8, #112 */
	0xeeb09b00,	/* vmov.f64 d9, #0 */
	0xeeb0ab08,	/* vmov.f64 d10, #8 */
	0xe24dd004,	/* sub sp, sp, #4 */
	0xed2d8b06,	/* vpush {d8-d10} */
	0xe045400d,	/* sub r4, r5, sp */
	0xeeb18b04,	/* vmov.f64 d8, #20 */
	0xecbd1a03,	/* vpop {s2-s4} */
	0xee110a90,	/* vmov r0, s3 */
	0xec9d9b04,	/* vldmia sp, {d9-d10} */
	0xe24dd00a,	/* sub sp, sp, #10 */
	0xed9d0a00,	/* vldr s0, [sp] */
	0xecbd0b02,	/* vpop {d0} */
	0xe045300d,	/* sub r3, r5, sp */
	0xe1a0d005,	/* mov sp, r5 */
	0xec521b1a,	/* vmov r1, r2, d10 */
};

static const u32 big_endian_code[] = {
	0xe24d5010,	/* sub r5, sp, #16 */
	0xeeb70b00,	/* vmov.f64 d0, #112 */
	0xf1010200,	/* setend be */
	0xed850b00,	/* vstr d0, [r5] */
	0xed952b00,	/* vldr d2, [r5] */
	0xf1010000,	/* setend le */
	0xe5950000,	/* ldr r0, [r5] */
	0xe5951004,	/* ldr r1, [r5, #4] */
	0xedd51a00,	/* vldr s3, [r5] */
	0xee112a90,	/* vmov r2, s3 */
	0xeeb40b42,	/* vcmp.f64 d0, d2 */
	0xeef1fa10,	/* vmrs APSR_nzcv, fpscr */
	0x03a03001,	/* moveq r3, #1 */
};

static const u32 conditional_code[] = {
	0xe3a00000,	/* mov r0, #0 */
	0xee000a10,	/* vmov s0, r0 */
	0xeef70a00,	/* vmov.f32 s1, #112 */
	0xeeb12a00,	/* vmov.f32 s4, #16 */
	0xe24d5010,	/* sub r5, sp, #16 */
	0xe5850000,	/* str r0, [r5] */
	0xe3500000,	/* cmp r0, #0 */
	0x1e801a80,	/* vdivne.f32 s2, s1, s0 */
	0x0ec01aa0,	/* vdiveq.f32 s3, s1, s1 */
	0x1dc50a00,	/* vstrne s1, [r5] */
	0x0d952a00,	/* vldreq s4, [r5] */
	0x1dd00a00,	/* vldrne s1, [r0] */
	0x1ef01a40,	/* vmovne.f32 s3, s0 */
	0x0ef02a60,	/* vmoveq.f32 s5, s1 */
	0xeef11a10,	/* vmrs r1, fpscr */
	0xe5952000,	/* ldr r2, [r5] */
	0xee113a90,	/* vmov r3, s3 */
	0xee124a10,	/* vmov r4, s4 */
	0xee100a90,	/* vmov r0, s1 */
};

/* Undefined Instruction counts in R10, Data Abort in R11; both go on behind the instruction. */
static const u32 vectors[] = {
	0xeafffffe,	/* b . */
	0xea000005,	/* b 0x20 */
	0xeafffffe,	/* b . */
	0xeafffffe,	/* b . */
	0xea000004,	/* b 0x28 */
	0xeafffffe,	/* b . */
	0xeafffffe,	/* b . */
	0xeafffffe,	/* b . */
	0xe28aa001,	/* add r10, r10, #1 */
	0xe1b0f00e,	/* movs pc, lr */
	0xe28bb001,	/* add r11, r11, #1 */
	0xe25ef004,	/* subs pc, lr, #4 */
};

/* PSCI SYSTEM_OFF; R0 is kept in R12. */
static const u32 epilogue[] = {
	0xe1a0c000,	/* mov r12, r0 */
	0xe3000008,	/* movw r0, #8 */
	0xe3480400,	/* movt r0, #0x8400 */
	0xe1400070,	/* hvc #0 */
};

struct program {
	const char *name;
	const u32 *code;
	unsigned int words;
	u32 r[5];
	unsigned int undefined, aborts;
};

#define PROGRAM(name, r0, r1, r2, r3, r4, undefined, aborts) \
	{ #name, name##_code, ARM_ARRAY_SIZE(name##_code), { r0, r1, r2, r3, r4 }, undefined, aborts }

static const struct program programs[] = {
	PROGRAM(compare, 7, 0x60000000, 0, 0, 0, 0, 0),
	PROGRAM(unfused, 0, 0x33800000, 0x3f800800, 0xbf801000, 0, 0, 0),
	PROGRAM(signs, (u32)-14, 10, (u32)-14, 10, (u32)-12, 0, 0),
	PROGRAM(short_vectors, 0x40000000, 0x60030000, 1, 0, 0, 4, 0),
	PROGRAM(disabled, 0x40000000, 0x40000000, 0, 0x410430f0, 0x10110222, 2, 0),
	PROGRAM(fixed16, 0x7fff, 1, 0xfffffffd, 0xffffffff, 0, 0, 0),
	PROGRAM(collected, 2, 3, 0x7f800000, 0x7fc00000, 0, 0, 0),
	PROGRAM(rounding, 0x55555555, 0x3fd55555, 0x55555556, 0xbfd55555, 7, 0, 0),
	PROGRAM(multiple, 0x3ff00000, 0x40080000, 0, 26, 28, 0, 2),
	PROGRAM(big_endian, 0xf03f, 0, 0xf03f, 1, 0, 0, 0),
	PROGRAM(conditional, 0x3f800000, 0, 0, 0x3f800000, 0, 0, 0),
};

struct machine {
	struct emu_vm *vm;
	u8 *ram;
	enum emu_event event;
	bool stopped;
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

static void no_ppi(void *opaque, unsigned int cpu, unsigned int intid, bool level)
{
	(void)opaque, (void)cpu, (void)intid, (void)level;
}

static void on_event(void *opaque, unsigned int cpu, enum emu_event event)
{
	struct machine *m = opaque;

	(void)cpu;
	m->event = event;
	m->stopped = true;
	emu_vm_stop(m->vm);
}

static const struct emu_host_ops ops = {
	.mmio_read = no_read, .mmio_write = no_write, .ppi = no_ppi, .event = on_event,
};

static void load(struct machine *m, const struct program *p)
{
	struct arm_state *st = emu_vcpu_state(emu_vm_vcpu(m->vm, 0));
	u8 *at = m->ram + CODE;

	memcpy(m->ram, vectors, sizeof(vectors));
	memcpy(at, p->code, p->words * 4);
	memcpy(at + p->words * 4, epilogue, sizeof(epilogue));
	st->sys[ARM_SLOT_VBAR_EL1] = RAM;
	st->sys[ARM_SLOT_CPACR_EL1] = 15u << 20;
	st->sys[ARM_SLOT_FPEXC32_EL2] = 1u << 30;
	arm_state_set_psr(st, PSR32_M_SYS | (PSR_DAIF & ~PSR32_E));
	for (unsigned int i = 0; i < 15; i++)
		st->x[i] = 0;
	st->x[13] = STACK;
	st->pc = RAM + CODE;
}

static void check(const struct machine *m, const struct program *p, const char *engine)
{
	const struct arm_state *st = emu_vcpu_state(emu_vm_vcpu(m->vm, 0));

	for (unsigned int i = 0; i < 5; i++)
		if ((u32)st->x[i ? i : 12] != p->r[i])
			fail_msg("%s, %s: r%u is %#x, not %#x", p->name, engine, i, (u32)st->x[i ? i : 12], p->r[i]);
	if (st->x[10] != p->undefined || st->x[11] != p->aborts)
		fail_msg("%s, %s: %u Undefined Instruction exceptions, not %u; %u aborts, not %u", p->name, engine,
			 (unsigned int)st->x[10], p->undefined, (unsigned int)st->x[11], p->aborts);
}

static void run(const struct program *p, enum emu_engine engine, const char *name)
{
	struct machine m = { .ram = aligned_alloc(4096, RAM_SIZE) };
	struct emu_config cfg = {
		.model = arm_cpu_model_find("cortex-a15"), .cpus = 1, .ops = &ops, .opaque = &m, .engine = engine,
	};

	assert_non_null(m.ram);
	memset(m.ram, 0, RAM_SIZE);
	assert_int_equal(emu_vm_create(&cfg, &m.vm), 0);
	assert_int_equal(emu_vm_map_ram(m.vm, RAM, RAM_SIZE, m.ram, false), 0);
	emu_vm_reset(m.vm);
	load(&m, p);
	assert_int_equal(emu_vcpu_run(emu_vm_vcpu(m.vm, 0)), 0);
	assert_true(m.stopped);
	assert_int_equal(m.event, EMU_EVENT_SYSTEM_OFF);
	check(&m, p, name);
	emu_vm_free(m.vm);
	free(m.ram);
}

static void interpreted(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(programs); i++)
		run(&programs[i], EMU_ENGINE_INTERP, "interpreted");
}

static void translated(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(programs); i++)
		run(&programs[i], EMU_ENGINE_AUTO, "translated");
}

static void both(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(programs); i++)
		run(&programs[i], EMU_ENGINE_LOCKSTEP, "lockstep");
}

/* ---- every encoding, in every mode ---- */

static struct ir_block blk;

/* One instruction as A32, or as T32 in an IT block, in @mode. */
static void translate_word(u32 word, u32 mode, bool thumb)
{
	const u16 half[2] = { (u16)(word >> 16), (u16)word };
	char why[100] = "";

	ir_block_init(&blk, 0x8000 | thumb, mode | IR_MODE_A32 | IR_MODE_M, ~0ull & ~(A32_THUMB | A32_IN_IT));
	front_a32(&blk, thumb ? (const void *)half : &word, 4, 1);
	if (ir_verify(&blk, why, sizeof(why))) {
		ir_dump(&blk, stderr);
		fail_msg("%08x, mode %x: %s", word, mode, why);
	}
	ir_optimise(&blk);
	if (ir_verify(&blk, why, sizeof(why)))
		fail_msg("%08x, mode %x, optimised: %s", word, mode, why);
}

static bool is_vfp(unsigned int op)
{
	return strstr(a32_op_name(op), "_VFP") != NULL;
}

static void well_formed(void **state)
{
	static const u32 modes[] = {
		1, 0, 1 | IR_MODE_E, 1 | IR_MODE_FP_TRAP, 1 | IR_MODE_VEC, 1 | IR_MODE_FP_SLOW | IR_MODE_ALIGN,
		1 | IR_MODE_STEP,
	};
	static u8 seen[A32_OP_COUNT];
	unsigned int rows = 0, hit = 0;
	struct a32_insn i;
	u32 seed = 7, word;

	(void)state;
	for (unsigned int n = 0; n < 400000; n++) {
		seed = seed * 1664525 + 1013904223;
		word = (seed ^ seed >> 15) * 0x9e3779b1;
		word = (word & ~0x0e000e00u) | 0x0c000a00 | (word >> 7 & 1) << 25;
		if (n & 1)	/* the rare ones: VCVT, VRINT, VMRS, VMOV */
			word = (word & ~0x03800000u) | 0x02800000 | (word & 2) << 19;
		if (!is_vfp(a32_decode(word, ~0ull & ~(A32_THUMB | A32_IN_IT), &i)) || seen[i.op] > 60)
			continue;
		seen[i.op]++;
		for (unsigned int m = 0; m < ARM_ARRAY_SIZE(modes); m++) {
			translate_word(word, modes[m], false);
			if (word >> 28 == 14)
				translate_word(word, modes[m] | 0x18u << IR_MODE_IT_SHIFT, true);
		}
	}
	for (unsigned int op = 1; op < A32_OP_COUNT; op++) {
		rows += is_vfp(op);
		hit += is_vfp(op) && seen[op];
		if (is_vfp(op) && !seen[op])
			print_message("%s was not met\n", a32_op_name(op));
	}
	assert_int_equal(hit, rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(well_formed),
		cmocka_unit_test(interpreted),
		cmocka_unit_test(translated),
		cmocka_unit_test(both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
