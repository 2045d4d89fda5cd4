/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AArch32 programs under an AArch64 kernel: what ERET hands over and exceptions bring
 * back, their syndromes, ITSTATE, interrupts, traps, software step.
 */
#include "tests/guest/lib.h"

#undef NOTHING
#define NOTHING 0x0b000000ull
#define PSR32 0x1d0u	/* User mode, AIF masked */
#define T 0x20u
#define PSR_IT 0x0600fc00ull
#define SVC_END 0xef0000ffu

u64 call_el0_32(const void *pc, u64 arg, u64 spsr, u64 arg1);

static u32 a32_regs[] = {
	0xe2800001,	/* add r0, r0, #1 */
	0xe08d100e,	/* add r1, sp, lr */
	0xe3e02000,	/* mvn r2, #0 */
	SVC_END,
};
static u32 a32_undefined[] = { 0xe7f000f0, SVC_END };
static u32 a32_load[] = { 0xe5901000, SVC_END };
static u32 a32_store[] = { 0xe5801000, SVC_END };
static u32 a32_bkpt[] = { 0xe1200077, SVC_END };
static u32 a32_jump[] = { 0xe12fff10, SVC_END };
static u32 a32_tpidruro[] = { 0xee1d0f70, SVC_END };
static u32 a32_tpidrurw[] = { 0xee0d0f50, 0xee1d0f50, SVC_END };	/* written and read */
static u32 a32_cntvct[] = { 0xec532f1e, SVC_END };	/* mrrc p15, 1, r2, r3, c14 */
static u32 a32_sctlr[] = { 0xee114f10, SVC_END };
static u32 a32_fp[] = { 0xee000a90, 0xf2203800, 0xee130a90, SVC_END };	/* r0 = 2 * r0, by way of s1 and s7 */
static u32 a32_setend[] = { 0xf1010200, 0xe5900000, 0xf1010000, SVC_END };	/* big-endian load from r0 */
static u32 a32_spin[] = { 0xe5901000, 0xe3510000, 0x0afffffc, SVC_END };	/* until [r0] is not 0 */
static u32 a32_cpsr[] = { 0xe10f0000, SVC_END };
static u32 a32_svc[] = { 0xef000005, SVC_END };

/* movs r0, #0; cmp r0, r0; ITETE EQ: add 1; add 16; ldr r2, [r1]; add 32; then add 64 */
static uint16_t t32_it[] __attribute__((aligned(4))) = {
	0x2000, 0x4280, 0xbf0b, 0x3001, 0x3010, 0x680a, 0x3020, 0xf100, 0x0040, 0xdfff,
};
static uint16_t t32_udf[] __attribute__((aligned(4))) = { 0xde00, 0xdfff };
static uint16_t t32_udf_wide[] __attribute__((aligned(4))) = { 0xf7f0, 0xa000, 0xdfff };
static uint16_t t32_bkpt[] __attribute__((aligned(4))) = { 0xbe07, 0xdfff };
/* ldr r1, [r0]; cmp r1, #0; ITTT EQ: add r2, #1 three times; beq back */
static uint16_t t32_spin[] __attribute__((aligned(4))) = {
	0x6801, 0x2900, 0xbf02, 0x3201, 0x3201, 0x3201, 0xd0f8, 0xdfff,
};
/* movs r0, #0; cmp r0, r0; ITEE EQ: svc #3; add 16; add 32; then add 1 */
static uint16_t t32_svc[] __attribute__((aligned(4))) = {
	0x2000, 0x4280, 0xbf0e, 0xdf03, 0x3010, 0x3020, 0x3001, 0xdfff,
};
/* bx pc to A32: add r0, r0, #7; blx to T32: add 1, bx lr; svc */
static uint16_t t32_interwork[] __attribute__((aligned(4))) = {
	0x4778, 0xbf00, 0x0007, 0xe280, 0x0000, 0xfa00, 0x00ff, 0xef00, 0x3001, 0x4770,
};

static u64 regs_seen[15];
static struct exc seen;	/* of the last but the end of the program */
static u32 skip;	/* bytes to skip behind an exception */

static void keep_regs(struct frame *f)
{
	seen = exc[0];
	for (unsigned int i = 0; i < 15; i++)
		regs_seen[i] = f->x[i];
	f->elr += skip;
}

/* One exception of @words in state @t, then on behind it. */
static u64 one(const void *code, bool t, u64 arg, u32 size)
{
	skip = size;
	exc[0].count = 0;
	return call_el0_32(code, arg, PSR32 | (t ? T : 0), 0);
}

static void test_state(void)
{
	u64 r;

	exc[0].count = 0;
	r = call_el0_32(a32_regs, 0xffffffff00000041, PSR32 | 0xf0000000, 0);
	CHECK_EQ(r, 0x42);
	CHECK_EQ(exc[0].spsr, PSR32 | 0xf0000000);
	CHECK_EQ(exc[0].kind, 12);
	CHECK_EQ(exc[0].elr, (u64)(a32_regs + 4));
	CHECK_EQ(exc[0].esr, 0x11u << 26 | 1u << 25 | 0xff);
	/* GE and Q are kept too, and E */
	call_el0_32(a32_regs, 0, PSR32 | 0x080f0000 | 0x200, 0);
	CHECK_EQ(exc[0].spsr, PSR32 | 0x080f0000 | 0x200);
	CHECK_EQ(call_el0_32(t32_interwork, 1, PSR32 | T, 0), 9);
	CHECK_EQ(exc[0].spsr & T, 0);
	CHECK_EQ(call_el0_32(a32_cpsr, 0, PSR32 | 0x60000000, 0) & 0xf80f001f, 0x60000010);
	/* another SVC, and what the registers are */
	one(a32_svc, false, 0xabc, 0);
	CHECK_EQ(exc[0].count, 1);
	CHECK_EQ(seen.esr, 0x11u << 26 | 1u << 25 | 5);
	CHECK_EQ(seen.elr, (u64)(a32_svc + 1));
	CHECK_EQ(regs_seen[0], 0xabc);
	for (unsigned int i = 0; i < 15; i++)
		CHECK_EQ(regs_seen[i] >> 32, 0);
}

static void test_syndromes(void)
{
	one(a32_undefined, false, 0, 4);
	CHECK_EQ(exc[0].count, 1);
	CHECK_EQ(seen.esr, 1u << 25);
	CHECK_EQ(seen.elr, (u64)a32_undefined);
	one(t32_udf, true, 0, 2);
	CHECK_EQ(seen.esr, 1u << 25);
	CHECK_EQ(seen.spsr, PSR32 | T);
	CHECK_EQ(seen.elr, (u64)t32_udf);
	one(t32_udf_wide, true, 0, 4);
	CHECK_EQ(seen.elr, (u64)t32_udf_wide);
	one(a32_bkpt, false, 0, 4);
	CHECK_EQ(seen.esr, 0x38u << 26 | 1u << 25 | 7);
	one(t32_bkpt, true, 0, 2);
	CHECK_EQ(seen.esr, 0x38u << 26 | 7);
	one(a32_load, false, NOTHING + 8, 4);
	CHECK_EQ(seen.esr, 0x24u << 26 | 1u << 25 | 0x10);
	CHECK_EQ(seen.far, NOTHING + 8);
	CHECK_EQ(seen.elr, (u64)a32_load);
	one(a32_store, false, NOTHING + 8, 4);
	CHECK_EQ(seen.esr, 0x24u << 26 | 1u << 25 | 0x50);
	one(a32_load, false, (u64)a32_load + 1, 4);	/* MMU off: Device memory */
	CHECK_EQ(seen.esr, 0x24u << 26 | 1u << 25 | 0x21);
}

static void fetch_fault(struct frame *f)
{
	seen = exc[0];
	f->elr = (u64)(a32_jump + 1);
	f->spsr = PSR32;
}

static void test_fetch(void)
{
	on_sync = fetch_fault;
	for (u32 t = 0; t < 2; t++) {
		one(a32_jump, false, NOTHING + t, 0);
		CHECK_EQ(exc[0].count, 1);
		CHECK_EQ(seen.esr, 0x20u << 26 | 1u << 25 | 0x10);
		CHECK_EQ(seen.far, NOTHING);
		CHECK_EQ(seen.elr, NOTHING);
		CHECK_EQ(seen.spsr, PSR32 | (t ? T : 0));
	}
	on_sync = keep_regs;
}

/* Skip an instruction of an IT block: ITSTATE goes on. */
static void skip_in_it(struct frame *f)
{
	u64 it = (f->spsr >> 8 & 0xfc) | (f->spsr >> 25 & 3);

	seen = exc[0];
	it = it & 7 ? (it & 0xe0) | (it << 1 & 0x1f) : 0;
	f->elr += 2;
	f->spsr = (f->spsr & ~PSR_IT) | (it & 0xfc) << 8 | (it & 3) << 25;
}

static void test_it(void)
{
	on_sync = skip_in_it;
	exc[0].count = 0;
	CHECK_EQ(call_el0_32(t32_it, 0, PSR32 | T, NOTHING), 65);
	CHECK_EQ(exc[0].count, 1);
	CHECK_EQ(seen.far, NOTHING);
	CHECK_EQ(seen.spsr & PSR_IT, 0x0c00);	/* ITETE EQ is 0x0b, 0x16, and for its third 0x0c */
	on_sync = keep_regs;
	skip = 0;
	exc[0].count = 0;
	CHECK_EQ(call_el0_32(t32_svc, 0, PSR32 | T, 0), 1);
	CHECK_EQ(exc[0].count, 1);
}

static void test_traps(void)
{
	u64 sctlr = mrs(sctlr_el1), kctl = mrs(cntkctl_el1);

	msr(tpidrro_el0, 0x1122334455667788);
	CHECK_EQ(one(a32_tpidruro, false, 0, 4), 0x55667788);
	CHECK_EQ(exc[0].count, 0);
	msr(tpidr_el0, 0xffffffff00000000);
	CHECK_EQ(one(a32_tpidrurw, false, 0x4321, 4), 0x4321);
	CHECK_EQ((u32)mrs(tpidr_el0), 0x4321);
	/* MRRC of the counter: a trap tells which, and with which registers */
	msr(cntkctl_el1, 0);
	isb();
	one(a32_cntvct, false, 0, 4);
	CHECK_EQ(exc[0].count, 1);
	CHECK_EQ(seen.esr, 0x04u << 26 | 1u << 25 | 0x1eu << 20 | 1u << 16 | 3u << 10 | 2u << 5 | 14u << 1 | 1);
	msr(cntkctl_el1, 2);
	isb();
	one(a32_cntvct, false, 0, 4);
	CHECK_EQ(exc[0].count, 0);
	msr(cntkctl_el1, kctl);
	/* EL1's own registers are UNDEFINED, not trapped */
	one(a32_sctlr, false, 0, 4);
	CHECK_EQ(seen.esr, 1u << 25);
	/* FP, permitted and not */
	CHECK_EQ(one(a32_fp, false, 0x21, 4), 0x42);
	CHECK_EQ(exc[0].count, 0);
	msr(cpacr_el1, 1u << 20);
	isb();
	one(a32_fp, false, 0x21, 4);
	CHECK_EQ(exc[0].count, 3);
	CHECK_EQ(EC(seen.esr), 7);
	msr(cpacr_el1, 3u << 20);
	/* SETEND: as SCTLR_EL1.SED says */
	msr(sctlr_el1, sctlr & ~0x100ull);
	isb();
	CHECK_EQ(one(a32_setend, false, (u64)a32_svc, 4), 0x050000ef);
	CHECK_EQ(exc[0].count, 0);
	msr(sctlr_el1, sctlr | 0x100);
	isb();
	CHECK_EQ(one(a32_setend, false, (u64)a32_svc, 4), 0xef000005);
	CHECK_EQ(exc[0].count, 2);
	CHECK_EQ(seen.esr, 1u << 25);
	msr(sctlr_el1, sctlr);
	isb();
}

static volatile u32 irqs;

static void count_irq(u32 intid)
{
	irqs += intid == 3;
}

static void test_irq(void)
{
	gic_on();
	gic_enable(3);
	on_irq = count_irq;
	for (unsigned int i = 0; i < 4; i++) {
		irqs = 0;
		*(volatile u32 *)0x08000f00 = 2u << 24 | 3;
		call_el0_32(i & 1 ? (void *)t32_spin : (void *)a32_spin, (u64)&irqs,
			    (PSR32 & ~0x80u) | (i & 1 ? T : 0), 0);
		CHECK_EQ(irqs, 1);
	}
}

/* Every instruction of an IT block, those that do not count too, is a step. */
static u64 stepped[16];
static unsigned int steps;

static void on_step(struct frame *f)
{
	if (EC(exc[0].esr) != EC_STEP_LOWER) {
		skip_in_it(f);
		return;
	}
	if (steps < ARRAY_SIZE(stepped))
		stepped[steps] = f->elr;
	steps++;
	f->spsr |= 1 << 21;
}

static void test_step(void)
{
	on_sync = on_step;
	steps = 0;
	msr(oslar_el1, 0);
	msr(mdscr_el1, 1);
	isb();
	CHECK_EQ(call_el0_32(t32_svc, 0, PSR32 | T | 1 << 21, 0), 1);
	msr(mdscr_el1, 0);
	isb();
	/* movs, cmp, it; svc is not skipped but returned to behind: two adds that do not count, adds */
	CHECK(steps >= 6);
	CHECK_EQ(stepped[0], (u64)(t32_svc + 1));
	CHECK_EQ(stepped[1], (u64)(t32_svc + 2));
	CHECK_EQ(stepped[2], (u64)(t32_svc + 3));
	on_sync = keep_regs;
}

int main(void)
{
	on_sync = keep_regs;
	test_state();
	test_syndromes();
	test_fetch();
	test_it();
	test_traps();
	test_irq();
	test_step();
	finish();
}
