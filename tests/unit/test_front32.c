// SPDX-License-Identifier: GPL-2.0-only
/*
 * A32 and T32: the front end's IR, run by the interpreter.  Random words give IR
 * that the verifier accepts; conditions and IT blocks, branches, multiple and
 * big-endian accesses, shifts and status registers do what the manual says.
 * Results of whole instructions against another implementation: tests/isa/a32diff.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/front32_rig.h"

#define ALL_FEATURES (~(ARM_FEAT_BIT(62) | ARM_FEAT_BIT(63)))
#define LR_END 0x20001000u	/* behind the code */

static u64 seed = 0x9e3779b97f4a7c15;

static u32 rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (u32)(seed * 0x2545f4914f6cdd1d >> 32);
}

static void reset(u32 cpsr)
{
	memset(&rig32.cpu.st, 0, sizeof(rig32.cpu.st));
	memset(rig32.code, 0, sizeof(rig32.code));
	memset(rig32.data, 0, sizeof(rig32.data));
	rig_set_cpsr(cpsr);
	rig32.cpu.excl_size = 0;
	rig32.mode = 0;
	rig32.max = 64;
	rig32.features = ALL_FEATURES;
	for (unsigned int i = 0; i < 15; i++)
		rig_set(i, 0x1000 + i);
}

static void arm(const u32 *words, unsigned int n)
{
	memcpy(rig32.code, words, 4 * n);
	rig32.cpu.st.pc = RIG_CODE;
}

static void thumb(const u16 *halves, unsigned int n)
{
	memcpy(rig32.code, halves, 2 * n);
	rig32.cpu.st.pc = RIG_CODE | 1;
}

#define ARM(...) arm((const u32[]){ __VA_ARGS__ }, ARM_ARRAY_SIZE(((const u32[]){ __VA_ARGS__ })))
#define THUMB(...) thumb((const u16[]){ __VA_ARGS__ }, ARM_ARRAY_SIZE(((const u16[]){ __VA_ARGS__ })))
#define RUN_ARM(...) (ARM(__VA_ARGS__), rig_run(4 * ARM_ARRAY_SIZE(((const u32[]){ __VA_ARGS__ }))))
#define RUN_THUMB(...) (THUMB(__VA_ARGS__), rig_run(2 * ARM_ARRAY_SIZE(((const u16[]){ __VA_ARGS__ }))))

static u32 word_at(unsigned int off)
{
	u32 v;

	memcpy(&v, rig32.data + off, 4);
	return v;
}

static void set_word(unsigned int off, u32 v)
{
	memcpy(rig32.data + off, &v, 4);
}

static unsigned int count(unsigned int op)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < rig32.blk.n; i++)
		n += rig32.blk.insns[i].op == op;
	return n;
}

/* ---- any words ---- */

static const u32 modes[] = { PSR32_M_USR, PSR32_M_FIQ, PSR32_M_IRQ, PSR32_M_SVC, PSR32_M_UND, PSR32_M_SYS };

static u32 random_mode(bool in_thumb)
{
	u32 m = modes[rnd() % ARM_ARRAY_SIZE(modes)];
	u32 mode = IR_MODE_A32 | (m & 15) << IR_MODE_M_SHIFT | psr_el(m);

	if (in_thumb && !(rnd() & 3))
		mode |= (0x10u | rnd() % 0xd0 | 1u << rnd() % 4) << IR_MODE_IT_SHIFT;
	if (!(rnd() & 3))
		mode |= IR_MODE_E;
	if (!(rnd() & 7))
		mode |= rnd() & (IR_MODE_FP_TRAP | IR_MODE_FP_SLOW | IR_MODE_ALIGN | IR_MODE_VEC | IR_MODE_SED |
				 IR_MODE_ITD);
	return mode | (rnd() % 16 == 0 ? IR_MODE_STEP : 0) | (rnd() % 64 == 0 ? IR_MODE_IL : 0);
}

static unsigned int translate_random(unsigned int bytes, unsigned int max)
{
	bool in_thumb = rnd() & 1;
	u8 *code = malloc(bytes);	/* exactly, so that a sanitizer sees a read behind it */
	u32 word;

	assert_non_null(code);
	for (unsigned int i = 0; i < bytes; i += 4) {
		word = rnd();
		if (!in_thumb && rnd() & 3)
			word = (word & 0x0fffffff) | 0xe0000000;
		if (in_thumb && rnd() & 1)
			word |= 0xe800;
		memcpy(code + i, &word, 4);
	}
	ir_block_init(&rig32.blk, RIG_CODE | in_thumb, random_mode(in_thumb), ALL_FEATURES);
	front_a32(&rig32.blk, code, bytes, max);
	free(code);
	rig32.stop = RIG_END;
	rig_check("built");
	word = rig32.blk.n;
	ir_optimise(&rig32.blk);
	rig_check("optimised");
	assert_int_equal(rig32.stop, RIG_END);
	return word;
}

static void any_word(void **state)
{
	unsigned int most = 0, n;

	(void)state;
	for (unsigned int i = 0; i < 300000; i++) {
		n = translate_random(4, 1);
		assert_int_equal(rig32.blk.guest_insns, 1);
		if (n > most)
			most = n;
	}
	print_message("longest instruction: %u operations\n", most);
	assert_in_range(most, 1, IR_RESERVE);
}

static void any_block(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 10000; i++)
		translate_random(4 + rnd() % 64 * 4, 1 + rnd() % 64);
}

/* ---- conditions and IT blocks ---- */

#define A_ADDEQ 0x02800001	/* addeq r0, r0, #1 */
#define A_LDREQ 0x05910000	/* ldreq r0, [r1] */
#define A_STREQ 0x05810000	/* streq r0, [r1] */

static void conditional_arm(void **state)
{
	(void)state;
	for (unsigned int z = 0; z < 2; z++) {
		reset(PSR32_M_USR | (z ? PSR_Z : 0));
		rig_set(1, RIG_DATA);
		set_word(0, 77);
		assert_int_equal(RUN_ARM(A_LDREQ, A_ADDEQ, 0x05810004), RIG_END);	/* streq r0, [r1, #4] */
		assert_int_equal(rig_get(0), z ? 78 : 0x1000);
		assert_int_equal(word_at(4), z ? 78 : 0);
		assert_int_equal(rig32.blocks, 1);
		/* what would fault does not where it is not executed */
		reset(PSR32_M_USR | (z ? PSR_Z : 0));
		assert_int_equal(RUN_ARM(A_ADDEQ, A_LDREQ), z ? RIG_FAULT : RIG_END);
		assert_int_equal(rig_get(0), 0x1000 + z);
		if (z)
			assert_int_equal(rig32.fault_pc, RIG_CODE + 4);
		reset(PSR32_M_USR | (z ? PSR_Z : 0));
		assert_int_equal(RUN_ARM(0x0891001c), z ? RIG_ALIGN : RIG_END);	/* ldmeq r1, {r2, r3, r4} */
		reset(PSR32_M_USR | (z ? PSR_Z : 0));
		assert_int_equal(RUN_ARM(0x0f000005, A_ADDEQ), z ? RIG_HELPER : RIG_END);	/* svceq #5 */
		assert_int_equal(rig32.helper == IR_HELPER_svc32, z);
		assert_int_equal(rig_get(0), 0x1000);
		if (z)
			assert_int_equal(rig32.b, RIG_CODE + 4);
		/* an undefined word whose condition fails is none */
		reset(PSR32_M_USR | (z ? PSR_Z : 0));
		assert_int_equal(RUN_ARM(0x07f000f0, A_ADDEQ), z ? RIG_UNDEF : RIG_END);
	}
}

/* The flags an instruction is conditional on are those before it. */
static void conditional_flags(void **state)
{
	(void)state;
	reset(PSR32_M_USR | PSR_Z);
	rig_set(0, 0xffffffff);
	assert_int_equal(RUN_ARM(0x02900002, 0x12811001), RIG_END);	/* addseq r0, r0, #2; addne r1, r1, #1 */
	assert_int_equal(rig_get(0), 1);
	assert_int_equal(rig_cpsr() & PSR_NZCV, PSR_C);
	assert_int_equal(rig_get(1), 0x1002);
	reset(PSR32_M_USR | PSR_V);
	assert_int_equal(RUN_ARM(0x02900002), RIG_END);
	assert_int_equal(rig_cpsr() & PSR_NZCV, PSR_V);
}

#define T_ITE_EQ 0xbf0c
#define T_ITT_EQ 0xbf04
#define T_IT_EQ 0xbf08
#define T_ITTTT_EQ 0xbf01
#define T_LDR 0x6808		/* ldr r0, [r1] */
#define T_ADD 0x3001		/* add(s) r0, #1 */
#define T_NOP 0xbf00
#define T_SVC 0xdf05
#define T_UDF 0xde01

/* Wherever blocks end, an IT block means the same. */
static void it_blocks(void **state)
{
	(void)state;
	for (unsigned int max = 1; max < 6; max++) {
		for (unsigned int z = 0; z < 2; z++) {
			reset(PSR32_M_USR | (z ? PSR_Z : 0));
			rig32.max = max;
			rig_set(1, RIG_DATA + 8);
			set_word(8, 40);
			/* cmp inside sets flags that do not matter to the rest: ittee eq */
			assert_int_equal(RUN_THUMB(0xbf07, T_LDR, T_ADD, T_ADD, 0x3102, T_ADD), RIG_END);
			assert_int_equal(rig_get(0), z ? 42 : 0x1002);
			assert_int_equal(rig_get(1), RIG_DATA + 8 + (z ? 0 : 2));
			assert_int_equal(rig_cpsr() & PSR32_IT, 0);
			assert_int_equal(rig_cpsr() & PSR_NZCV, 0);	/* the last ADDS set them */
		}
	}
	reset(PSR32_M_USR | PSR_Z);
	assert_int_equal(RUN_THUMB(T_ITTTT_EQ, T_ADD, 0x2800, T_ADD, T_ADD), RIG_END);	/* cmp r0, #0 clears Z */
	assert_int_equal(rig_get(0), 0x1001);	/* so EQ holds no more */
	assert_int_equal(rig_cpsr() & PSR_NZCV, PSR_C);
}

/* A fault inside finds ITSTATE, and the rest runs when the instruction is tried again. */
static void it_fault(void **state)
{
	(void)state;
	for (unsigned int max = 1; max < 6; max++) {
		reset(PSR32_M_USR | PSR_Z);
		rig32.max = max;
		assert_int_equal(RUN_THUMB(T_ITTTT_EQ, T_ADD, T_LDR, T_ADD, T_ADD, T_ADD), RIG_FAULT);
		assert_int_equal(rig32.fault_pc, (RIG_CODE + 4) | 1);
		assert_int_equal(psr32_it(rig_cpsr()), 0x02);	/* EQ; itstate 0001 shifted once */
		assert_int_equal(rig_get(0), 0x1001);
		rig_set(1, RIG_DATA);
		set_word(0, 7);
		assert_int_equal(rig_run(12), RIG_END);
		assert_int_equal(rig_get(0), 10);
		assert_int_equal(psr32_it(rig_cpsr()), 0);
	}
}

static void it_helpers(void **state)
{
	(void)state;
	reset(PSR32_M_USR | PSR_Z);
	assert_int_equal(RUN_THUMB(T_ITTTT_EQ, T_ADD, T_SVC, T_ADD, T_ADD), RIG_HELPER);
	assert_int_equal(rig32.helper, IR_HELPER_svc32);
	assert_int_equal(rig32.b, (RIG_CODE + 6) | 1);
	assert_int_equal(rig32.c, 0x04);
	assert_int_equal(psr32_it(rig32.cpsr_at_fault), 0x02);
	/* skipped in the middle of an IT block */
	reset(PSR32_M_USR);
	assert_int_equal(RUN_THUMB(T_ITE_EQ, T_SVC, T_ADD, T_ADD), RIG_END);
	assert_int_equal(rig_get(0), 0x1002);
	reset(PSR32_M_USR);
	assert_int_equal(RUN_THUMB(T_ITTTT_EQ, T_SVC, T_SVC, T_UDF, T_SVC, T_ADD), RIG_END);
	assert_int_equal(rig_get(0), 0x1001);
	assert_int_equal(psr32_it(rig_cpsr()), 0);
	reset(PSR32_M_USR | PSR_Z);
	assert_int_equal(RUN_THUMB(T_ITTTT_EQ, T_ADD, T_UDF, T_ADD, T_ADD), RIG_UNDEF);
	assert_int_equal(psr32_it(rig32.cpsr_at_fault), 0x02);
	/* bkpt does not look at the condition */
	reset(PSR32_M_USR);
	assert_int_equal(RUN_THUMB(T_IT_EQ, 0xbe03), RIG_HELPER);
	assert_int_equal(rig32.helper, IR_HELPER_bkpt32);
}

static void it_unpredictable(void **state)
{
	static const u16 bad[][4] = {
		{ T_IT_EQ, 0xd006, T_NOP, T_NOP },	/* beq */
		{ T_IT_EQ, 0xb111, T_NOP, T_NOP },	/* cbz */
		{ T_IT_EQ, T_IT_EQ, T_NOP, T_NOP },
	};

	(void)state;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(bad); i++) {
		reset(PSR32_M_USR | PSR_Z);
		assert_int_equal(RUN_THUMB(bad[i][0], bad[i][1], bad[i][2], bad[i][3]), RIG_UNDEF);
		assert_int_equal(rig32.fault_pc, (RIG_CODE + 2) | 1);
	}
	/* bx lr in the middle: the rest of the block goes with it */
	for (unsigned int z = 0; z < 2; z++) {
		reset(PSR32_M_USR | (z ? PSR_Z : 0));
		rig_set(14, RIG_CODE + 0xb);
		assert_int_equal(RUN_THUMB(T_ITTTT_EQ, 0x4770, T_ADD, T_ADD, T_ADD, T_ADD), RIG_END);
		assert_int_equal(rig_get(0), 0x1001);
	}
	reset(PSR32_M_USR);
	rig32.mode = IR_MODE_ITD;
	assert_int_equal(RUN_THUMB(T_ITE_EQ, T_ADD, T_ADD), RIG_UNDEF);
	reset(PSR32_M_USR | PSR_Z);
	rig32.mode = IR_MODE_ITD;
	assert_int_equal(RUN_THUMB(T_IT_EQ, T_ADD, T_ADD), RIG_END);
	assert_int_equal(rig_get(0), 0x1002);
	reset(PSR32_M_USR | PSR_Z);
	rig32.mode = IR_MODE_ITD;
	assert_int_equal(RUN_THUMB(T_IT_EQ, 0xf8d1, 0x0000), RIG_UNDEF);	/* ldr.w */
}

/* ---- branches ---- */

struct branch {
	u32 word;		/* T32: first halfword above; T16: below 0x10000 */
	bool thumb;
	u32 psr;
	u32 pc;			/* where it goes, with the Thumb bit */
	u32 lr;			/* 0: as before */
};

static void branches(void **state)
{
	const u32 r1 = 0x20000801, r2 = 0x100, lr = 0x20000c00, code = RIG_CODE + 0x200;
	static const struct branch b[] = {
		{ 0x0a000002, false, PSR_Z, 0x20000210, 0 },		/* beq */
		{ 0x0a000002, false, 0, 0x20000204, 0 },
		{ 0xea000002, false, 0, 0x20000210, 0 },
		{ 0xeb000002, false, 0, 0x20000210, 0x20000204 },	/* bl */
		{ 0x0b000002, false, 0, 0x20000204, 0 },		/* bleq */
		{ 0xfb000002, false, 0, 0x20000213, 0x20000204 },	/* blx, H = 1 */
		{ 0xe12fff11, false, 0, 0x20000801, 0 },		/* bx r1 */
		{ 0x112fff11, false, PSR_Z, 0x20000204, 0 },		/* bxne r1 */
		{ 0xe12fff1e, false, 0, 0x20000c00, 0 },		/* bx lr */
		{ 0xe12fff31, false, 0, 0x20000801, 0x20000204 },	/* blx r1 */
		{ 0x012fff31, false, 0, 0x20000204, 0 },		/* blxeq r1 */
		{ 0xe081f002, false, 0, 0x20000901, 0 },		/* add pc, r1, r2: interworks */
		{ 0xe28ff004, false, 0, 0x2000020c, 0 },		/* add pc, pc, #4 */
		{ 0xe1a0f00e, false, 0, 0x20000c00, 0 },		/* mov pc, lr */
		{ 0xd006, true, PSR_Z, 0x20000211, 0 },			/* beq */
		{ 0xd006, true, 0, 0x20000203, 0 },
		{ 0xf000807e, true, PSR_Z, 0x20000301, 0 },		/* beq.w */
		{ 0xe006, true, 0, 0x20000211, 0 },
		{ 0xf000f87e, true, 0, 0x20000301, 0x20000205 },	/* bl */
		{ 0xf000e87e, true, 0, 0x20000300, 0x20000205 },	/* blx */
		{ 0xb111, true, 0, 0x20000203, 0 },			/* cbz r1 */
		{ 0xb911, true, 0, 0x20000209, 0 },			/* cbnz r1 */
		{ 0x4770, true, 0, 0x20000c00, 0 },			/* bx lr: to A32 */
		{ 0x4788, true, 0, 0x20000801, 0x20000203 },		/* blx r1 */
		{ 0x468f, true, 0, 0x20000801, 0 },			/* mov pc, r1 */
		{ 0x46f7, true, 0, 0x20000c01, 0 },			/* mov pc, lr: stays T32 */
		{ 0x4497, true, 0, 0x20000305, 0 },			/* add pc, r2 */
	};

	(void)state;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(b); i++) {
		u32 w = b[i].word;

		reset(PSR32_M_USR | b[i].psr);
		rig_set(1, r1);
		rig_set(2, r2);
		rig_set(14, lr);
		if (b[i].thumb && w >> 16)
			w = w << 16 | w >> 16;
		memcpy(rig32.code + 0x200, &w, 4);
		rig32.cpu.st.pc = code | b[i].thumb;
		rig32.max = 1;
		ir_block_init(&rig32.blk, rig32.cpu.st.pc, rig_mode(), ALL_FEATURES);
		front_a32(&rig32.blk, rig32.code + 0x200, 4, 1);
		rig_check("branch");
		assert_int_equal(rig32.blk.guest_insns, 1);
		ir_optimise(&rig32.blk);
		assert_int_equal(interp_block(&rig32.cpu, &rig32.blk), INTERP_NEXT);
		if ((u32)rig32.cpu.st.pc != b[i].pc)
			fail_msg("%08x: to %08x, expected %08x", b[i].word, (u32)rig32.cpu.st.pc, b[i].pc);
		assert_int_equal(rig_get(14), b[i].lr ? b[i].lr : lr);
	}
}

/* Loads of the pc interwork. */
static void load_pc(void **state)
{
	(void)state;
	reset(PSR32_M_USR);
	rig_set(1, RIG_DATA);
	rig_set(13, RIG_DATA + 8);
	set_word(0, LR_END | 1);
	set_word(8, 5);
	set_word(12, LR_END + 0x10);
	assert_int_equal(RUN_ARM(0xe591f000), RIG_END);		/* ldr pc, [r1] */
	assert_int_equal(rig32.cpu.st.pc, LR_END | 1);
	assert_int_equal(RUN_THUMB(0xbd10), RIG_END);		/* pop {r4, pc} */
	assert_int_equal(rig32.cpu.st.pc, LR_END + 0x10);
	assert_int_equal(rig_get(4), 5);
	assert_int_equal(rig_get(13), RIG_DATA + 16);
	rig_set(13, RIG_DATA);
	assert_int_equal(RUN_ARM(0xe49df004), RIG_END);		/* ldr pc, [sp], #4 */
	assert_int_equal(rig_get(13), RIG_DATA + 4);
	assert_int_equal(rig32.cpu.st.pc, LR_END | 1);
	assert_int_equal(rig32.blk.insns[rig32.blk.n - 1].aux, IR_JUMP_RET);
	/* tbb [r0, r1], tbh [r0, r1, lsl #1] */
	reset(PSR32_M_USR);
	rig_set(0, RIG_DATA);
	rig_set(1, 3);
	rig32.data[3] = 0x40;
	assert_int_equal(RUN_THUMB(0xe8d0, 0xf001), RIG_END);
	assert_int_equal(rig32.cpu.st.pc, (RIG_CODE + 4 + 0x80) | 1);
	rig32.data[6] = 1;
	rig32.data[7] = 1;
	assert_int_equal(RUN_THUMB(0xe8d0, 0xf011), RIG_END);
	assert_int_equal(rig32.cpu.st.pc, (RIG_CODE + 4 + 0x202) | 1);
}

/* At the end of an IT block; also when the block began inside. */
static void branches_in_it(void **state)
{
	(void)state;
	for (unsigned int max = 1; max < 4; max++) {
		for (unsigned int z = 0; z < 2; z++) {
			reset(PSR32_M_USR | (z ? PSR_Z : 0));
			rig32.max = max;
			rig_set(14, LR_END);
			assert_int_equal(RUN_THUMB(T_ITT_EQ, T_ADD, 0x4770, 0x3120), RIG_END);
			assert_int_equal(rig_get(0), 0x1000 + z);
			assert_int_equal(rig32.cpu.st.pc, z ? LR_END : (RIG_CODE + 8) | 1);
			assert_int_equal(rig_get(1), z ? 0x1001 : 0x1021);
			reset(PSR32_M_USR | (z ? PSR_Z : 0));
			rig32.max = max;
			assert_int_equal(RUN_THUMB(T_IT_EQ, 0xe7fd, 0x3120), z ? RIG_STUCK : RIG_END);
		}
	}
}

static void follows(void **state)
{
	(void)state;
	reset(PSR32_M_USR);
	assert_int_equal(RUN_ARM(0xea000000, 0xe7f000f0, 0xe2800001), RIG_END);	/* b over udf */
	assert_int_equal(rig32.blocks, 1);
	assert_int_equal(rig_get(0), 0x1001);
	reset(PSR32_M_USR);
	assert_int_equal(RUN_ARM(0x0a000003, 0x0a000002, 0x0a000001, 0x0a000000, 0xe2800001), RIG_END);
	assert_int_equal(count(IR_XCOND), 0);	/* the fifth is in the second block */
	assert_int_equal(rig_get(0), 0x1001);
}

/* The condition of an instruction that is jumped over holds for what follows, until the flags change. */
static void known_conditions(void **state)
{
	(void)state;
	for (u32 n = 0; n < 24; n += 4) {
		bool first = n >= 8, second = n >= 16;

		reset(PSR32_M_USR);
		set_word(0, 0);
		set_word(8, 0);
		rig_set(1, 0x11);
		rig_set(2, n);
		rig_set(3, RIG_DATA);
		rig_set(4, 7);
		rig_set(12, 0x22);
		/* subs r2, #8; stmiacs r3!, {r1, ip}; subscs r2, #8; stmiacs r3!, {r1, ip}; */
		/* addcs r4, #1; addcc r4, #16; movs r5, r4; addcs r4, #1 */
		assert_int_equal(RUN_ARM(0xe2522008, 0x28a31002, 0x22522008, 0x28a31002, 0x22844001, 0x32844010,
					 0xe1b05004, 0x22844001), RIG_END);
		assert_int_equal(word_at(0), first ? 0x11 : 0);
		assert_int_equal(word_at(12), second ? 0x22 : 0);
		assert_int_equal(rig_get(2), first ? n - 16 : n - 8);
		assert_int_equal(rig_get(3), RIG_DATA + 8 * first + 8 * second);
		assert_int_equal(rig_get(4), second ? 9 : 7 + 16);
		if (!second)
			continue;
		assert_int_equal(rig32.blocks, 1);
		assert_int_equal(count(IR_XCOND), 2);
		assert_int_equal(count(IR_CSEL), 2);	/* addcc and the addcs behind movs */
	}
}

/* ---- multiple accesses ---- */

static void ldm_stm(void **state)
{
	(void)state;
	reset(PSR32_M_USR);
	for (unsigned int i = 0; i < 64; i += 4)
		set_word(i, 100 + i);
	rig_set(1, RIG_DATA + 16);
	assert_int_equal(RUN_ARM(0xe8910007), RIG_END);		/* ldm r1, {r0-r2}: base in the list */
	assert_int_equal(rig_get(0), 116);
	assert_int_equal(rig_get(1), 120);
	assert_int_equal(rig_get(2), 124);
	rig_set(1, RIG_DATA + 16);
	assert_int_equal(RUN_ARM(0xe811000c), RIG_END);		/* ldmda r1, {r2, r3} */
	assert_int_equal(rig_get(2), 112);
	assert_int_equal(rig_get(3), 116);
	assert_int_equal(RUN_ARM(0xe991000c), RIG_END);		/* ldmib */
	assert_int_equal(rig_get(2), 120);
	rig_set(1, RIG_DATA + 16);
	rig_set(2, 7);
	assert_int_equal(RUN_ARM(0xe8a10006), RIG_END);		/* stm r1!, {r1, r2}: the old base */
	assert_int_equal(word_at(16), RIG_DATA + 16);
	assert_int_equal(word_at(20), 7);
	assert_int_equal(rig_get(1), RIG_DATA + 24);
	assert_int_equal(RUN_ARM(0xe9218004), RIG_END);		/* stmdb r1!, {r2, pc} */
	assert_int_equal(word_at(16), 7);
	assert_int_equal(word_at(20), RIG_CODE + 8);
	assert_int_equal(rig_get(1), RIG_DATA + 16);
	set_word(16, 0x55);
	assert_int_equal(RUN_ARM(0xe8b10006), RIG_END);		/* ldm r1!, {r1, r2}: the loaded value stays */
	assert_int_equal(rig_get(1), 0x55);
	rig_set(1, RIG_DATA + 16);
	set_word(16, 7);
	assert_int_equal(RUN_THUMB(0xc906), RIG_END);		/* T16: ldm r1, {r1, r2} does not write back */
	assert_int_equal(rig_get(1), 7);
	/* alignment, and a fault in the middle: nothing is loaded, the base stays */
	rig_set(1, RIG_DATA + 2);
	assert_int_equal(RUN_ARM(0xe8910007), RIG_ALIGN);
	rig_set(1, RIG_DATA + RIG_DATA_SIZE - 8);
	rig_set(0, 1);
	assert_int_equal(RUN_ARM(0xe8b1001d), RIG_FAULT);	/* ldm r1!, {r0, r2, r3, r4} */
	assert_int_equal(rig_get(0), 1);
	assert_int_equal(rig_get(1), RIG_DATA + RIG_DATA_SIZE - 8);
}

/* FIQ mode has most registers of its own. */
static void banks(void **state)
{
	(void)state;
	reset(PSR32_M_FIQ);
	rig32.cpu.st.x[bank32_x(PSR32_M_USR, 13)] = 0xabc;
	rig_set(1, RIG_DATA);
	assert_int_equal(RUN_ARM(0xe8c12004), RIG_END);		/* stm r1, {r2, sp}^ */
	assert_int_equal(word_at(4), 0xabc);
	set_word(4, 0xdef);
	assert_int_equal(RUN_ARM(0xe8d12004), RIG_END);		/* ldm r1, {r2, sp}^ */
	assert_int_equal(rig32.cpu.st.x[13], 0xdef);
	assert_int_equal(rig_get(13), 0x100d);
	assert_int_equal(RUN_ARM(0xe2888001), RIG_END);		/* add r8, r8, #1 */
	assert_int_equal(rig32.cpu.st.x[24], 0x1009);
	assert_int_equal(rig32.cpu.st.x[8], 0);
	for (unsigned int i = 0; i < 2; i++) {
		reset(i ? PSR32_M_SYS : PSR32_M_USR);
		rig_set(1, RIG_DATA);
		assert_int_equal(RUN_ARM(0xe8c12004), RIG_UNDEF);
		assert_int_equal(RUN_ARM(0xe8f18004), RIG_UNDEF);	/* ldm r1!, {r2, pc}^ */
	}
	reset(PSR32_M_SVC);
	rig_set(1, RIG_DATA);
	set_word(0, 5);
	set_word(4, 0x1234);
	assert_int_equal(RUN_ARM(0xe8f18004), RIG_HELPER);
	assert_int_equal(rig32.helper, IR_HELPER_eret32);
	assert_int_equal(rig32.a, 0x1234);
	assert_int_equal(rig_get(2), 5);
	assert_int_equal(rig_get(1), RIG_DATA + 8);
	assert_int_equal(RUN_ARM(0xe25ef004), RIG_HELPER);		/* subs pc, lr, #4 */
	assert_int_equal(rig32.helper, IR_HELPER_eret32);
	assert_int_equal(rig32.a, 0x100e - 4);
	rig_set(1, RIG_DATA);
	assert_int_equal(RUN_ARM(0xf8b10a00), RIG_HELPER);		/* rfeia r1! */
	assert_int_equal(rig32.helper, IR_HELPER_rfe32);
	assert_int_equal(rig32.a, 5);
	assert_int_equal(rig32.b, 0x1234);
	assert_int_equal(rig_get(1), RIG_DATA + 8);
}

/* ---- PSTATE.E ---- */

static void big_endian(void **state)
{
	static const u8 bytes[] = { 0x81, 2, 3, 4, 5, 6, 7, 8 };

	(void)state;
	reset(PSR32_M_USR | PSR32_E);
	memcpy(rig32.data, bytes, 8);
	rig_set(1, RIG_DATA);
	assert_int_equal(RUN_ARM(0xe5910000), RIG_END);		/* ldr r0, [r1] */
	assert_int_equal(rig_get(0), 0x81020304);
	assert_int_equal(RUN_ARM(0xe1d100b0), RIG_END);		/* ldrh */
	assert_int_equal(rig_get(0), 0x8102);
	assert_int_equal(RUN_ARM(0xe1d100f0), RIG_END);		/* ldrsh */
	assert_int_equal(rig_get(0), 0xffff8102);
	assert_int_equal(RUN_ARM(0xe1c120d0), RIG_END);		/* ldrd r2, r3, [r1] */
	assert_int_equal(rig_get(2), 0x81020304);
	assert_int_equal(rig_get(3), 0x05060708);
	assert_int_equal(RUN_ARM(0xe891000c), RIG_END);		/* ldm r1, {r2, r3} */
	assert_int_equal(rig_get(3), 0x05060708);
	assert_int_equal(RUN_ARM(0xe1b12f9f, 0xe1a10f92), RIG_END);	/* ldrexd r2, r3; strexd */
	assert_int_equal(rig_get(2), 0x81020304);
	assert_int_equal(rig_get(0), 0);
	assert_memory_equal(rig32.data, bytes, 8);
	rig_set(0, 0x11223344);
	assert_int_equal(RUN_ARM(0xe5810008, 0xe1c100bc), RIG_END);	/* str [r1, #8]; strh [r1, #12] */
	assert_int_equal(word_at(8), 0x44332211);
	assert_int_equal(word_at(12), 0x4433);
	assert_int_equal(RUN_ARM(0xe1c120f0), RIG_END);		/* strd r2, r3, [r1] */
	assert_memory_equal(rig32.data, bytes, 8);
	/* conditional loads keep what was there */
	assert_int_equal(RUN_ARM(A_LDREQ), RIG_END);
	assert_int_equal(rig_get(0), 0x11223344);
	rig_set_cpsr(PSR32_M_USR | PSR32_E | PSR_Z);
	assert_int_equal(RUN_ARM(A_LDREQ), RIG_END);
	assert_int_equal(rig_get(0), 0x81020304);
}

/* ---- shifts ---- */

/* DDI 0406C A2.2.1, Shift_C(), bit by bit. */
static u32 shift_c(u32 v, unsigned int type, unsigned int n, bool *carry)
{
	while (n--) {
		switch (type) {
		case 0:
			*carry = v >> 31;
			v <<= 1;
			break;
		case 1:
			*carry = v & 1;
			v >>= 1;
			break;
		case 2:
			*carry = v & 1;
			v = v >> 1 | (v & 0x80000000);
			break;
		default:
			*carry = v & 1;
			v = v >> 1 | v << 31;
		}
	}
	return v;
}

static void check_shift(u32 word, u32 v, unsigned int type, unsigned int n, bool c)
{
	bool carry = c;
	u32 want = shift_c(v, type, n, &carry);

	rig_set(1, v);
	rig_set_cpsr(PSR32_M_USR | PSR_V | (c ? PSR_C : 0));
	assert_int_equal(RUN_ARM(word), RIG_END);
	if (rig_get(0) != want)
		fail_msg("%08x of %08x by %u: %08x, expected %08x", word, v, n, rig_get(0), want);
	assert_int_equal(rig_cpsr() & PSR_NZCV,
			 (want & PSR_N) | (want ? 0 : PSR_Z) | (carry ? PSR_C : 0) | PSR_V);
}

static void shifts(void **state)
{
	static const u32 values[] = { 0, 1, 0x80000000, 0x80000001, 0x7fffffff, 0xffffffff, 0x12345678 };

	(void)state;
	reset(PSR32_M_USR);
	for (unsigned int k = 0; k < ARM_ARRAY_SIZE(values); k++) {
		for (unsigned int n = 0; n < 256; n++) {
			for (unsigned int type = 0; type < 4; type++) {
				/* only the low byte counts */
				rig_set(2, n | rnd() << 8);
				check_shift(0xe1b00211 | type << 5, values[k], type, n, n & 1);
				check_shift(0xe1b00211 | type << 5, values[k], type, n, !(n & 1));
			}
		}
		for (unsigned int n = 0; n < 32; n++) {
			for (unsigned int type = 0; type < 3; type++)
				check_shift(0xe1b00001 | n << 7 | type << 5, values[k], type,
					    n || !type ? n : 32, n & 1);
			if (n)
				check_shift(0xe1b00061 | n << 7, values[k], 3, n, n & 1);
		}
	}
	/* rrx */
	rig_set(1, 3);
	rig_set_cpsr(PSR32_M_USR | PSR_C);
	assert_int_equal(RUN_ARM(0xe1b00061), RIG_END);
	assert_int_equal(rig_get(0), 0x80000001);
	assert_int_equal(rig_cpsr() & PSR_NZCV, PSR_N | PSR_C);
}

/* ---- status registers ---- */

static void status(void **state)
{
	(void)state;
	reset(PSR32_M_SVC | PSR_I | PSR_C | PSR32_Q | 5u << PSR32_GE_SHIFT);
	assert_int_equal(RUN_ARM(0xe10f0000), RIG_END);		/* mrs r0, cpsr */
	assert_int_equal(rig_get(0), PSR32_M_SVC | PSR_I | PSR_C | PSR32_Q | 5u << PSR32_GE_SHIFT);
	assert_int_equal(count(IR_CALL), 0);
	assert_int_equal(RUN_ARM(0xf10c00c0), RIG_END);		/* cpsid if */
	assert_int_equal(rig_cpsr() & PSR32_AIF, PSR_I | PSR_F);
	assert_int_equal(RUN_ARM(0xf1080080), RIG_END);		/* cpsie i */
	assert_int_equal(rig_cpsr() & PSR32_AIF, PSR_F);
	assert_int_equal(count(IR_XPENDING), 1);
	/* the same mode: the block goes on */
	rig_set(0, PSR32_M_SVC | PSR_I);
	assert_int_equal(RUN_ARM(0xe121f000, 0xe2800001), RIG_END);	/* msr cpsr_c, r0 */
	assert_int_equal(rig32.blocks, 1);
	assert_int_equal(rig_cpsr() & 0xff, PSR32_M_SVC | PSR_I);
	rig_set(0, PSR32_M_IRQ | PSR_I);
	assert_int_equal(RUN_ARM(0xe121f000, 0xe28dd001), RIG_END);	/* another one: add sp, sp, #1 is IRQ's */
	assert_int_equal(rig32.blocks, 2);
	assert_int_equal(rig32.cpu.st.x[17], 1);
	assert_int_equal(RUN_ARM(0xf1020013), RIG_END);		/* cps #0x13 */
	assert_int_equal(rig_cpsr() & 0x1f, PSR32_M_SVC);
	assert_int_equal(RUN_ARM(0xf1010200), RIG_END);		/* setend be */
	assert_true(rig_cpsr() & PSR32_E);
	/* User mode: flags only, and CPS does nothing */
	reset(PSR32_M_USR);
	rig_set(0, 0xf80f00d3);
	assert_int_equal(RUN_ARM(0xe121f000, 0xf10c00c0), RIG_END);
	assert_int_equal(rig_cpsr(), PSR32_M_USR);
	assert_int_equal(RUN_ARM(0xe12cf000), RIG_END);		/* msr cpsr_fs, r0 */
	assert_int_equal(rig_cpsr(), PSR32_M_USR | 0xf80f0000);
	rig_set(0, 0);
	rig32.mode = IR_MODE_SED;
	assert_int_equal(RUN_ARM(0xf1010200), RIG_UNDEF);
	assert_int_equal(RUN_ARM(0xe1400071), RIG_UNDEF);	/* hvc at PL0 */
}

static void coprocessors(void **state)
{
	(void)state;
	reset(PSR32_M_USR);
	rig32.cpu.st.sys[ARM_SLOT_TPIDRRO_EL0] = 0xffffffff00001234;
	assert_int_equal(RUN_ARM(0xee1d0f70), RIG_END);		/* mrc p15, 0, r0, c13, c0, 3 */
	assert_int_equal(rig_get(0), 0x1234);
	assert_int_equal(count(IR_CALL), 0);
	assert_int_equal(RUN_ARM(0xee010f10), RIG_HELPER);	/* SCTLR */
	assert_int_equal(rig32.helper, IR_HELPER_mcr);
	assert_int_equal(rig32.b, 0x1234);
	assert_int_equal(RUN_ARM(0x0e010f10), RIG_END);
}

/* ---- software step ---- */

static void step(void **state)
{
	static const struct { u16 half; u32 psr; u32 to; unsigned int it; } t[] = {
		{ T_ADD, 0, 2, 0 }, { T_IT_EQ, 0, 2, 0x08 }, { T_ITTTT_EQ, 0, 2, 0x01 }, { 0xd006, PSR_Z, 16, 0 },
		{ 0xd006, 0, 2, 0 }, { 0xe006, 0, 16, 0 },
	};

	(void)state;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(t); i++) {
		reset(PSR32_M_USR | t[i].psr);
		rig32.mode = IR_MODE_STEP;
		assert_int_equal(RUN_THUMB(t[i].half, T_ADD, T_ADD), RIG_HELPER);
		assert_int_equal(rig32.helper, IR_HELPER_step_done);
		assert_int_equal(rig32.a, (RIG_CODE + t[i].to) | 1);
		assert_int_equal(rig32.b, t[i].it);
		assert_int_equal(psr32_it(rig_cpsr()), t[i].it);
	}
	/* skipped, and not, in the middle of an IT block: ITSTATE moves on */
	for (unsigned int z = 0; z < 2; z++) {
		reset(psr32_set_it(PSR32_M_USR | (z ? PSR_Z : 0), 0x04));
		rig32.mode = IR_MODE_STEP;
		assert_int_equal(RUN_THUMB(T_SVC, T_ADD), RIG_HELPER);
		assert_int_equal(rig32.helper, z ? IR_HELPER_svc32 : IR_HELPER_step_skip32);
		assert_int_equal(rig32.c, z ? 0x08 : 0x08);
		if (!z)
			assert_int_equal(psr32_it(rig_cpsr()), 0x08);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_word),
		cmocka_unit_test(any_block),
		cmocka_unit_test(conditional_arm),
		cmocka_unit_test(conditional_flags),
		cmocka_unit_test(it_blocks),
		cmocka_unit_test(it_fault),
		cmocka_unit_test(it_helpers),
		cmocka_unit_test(it_unpredictable),
		cmocka_unit_test(branches),
		cmocka_unit_test(load_pc),
		cmocka_unit_test(branches_in_it),
		cmocka_unit_test(follows),
		cmocka_unit_test(known_conditions),
		cmocka_unit_test(ldm_stm),
		cmocka_unit_test(banks),
		cmocka_unit_test(big_endian),
		cmocka_unit_test(shifts),
		cmocka_unit_test(status),
		cmocka_unit_test(coprocessors),
		cmocka_unit_test(step),
	};

	return cmocka_run_group_tests_name("front32", tests, NULL, NULL);
}
