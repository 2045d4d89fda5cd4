/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AArch32: banked registers of all modes and every way to reach them (CPS, MSR, LDM
 * and STM of User registers, MRS and MSR of banked ones), exception returns (MOVS,
 * SUBS, LDM ^ with pc, RFE, SRS), what User mode may write, SETEND, exclusives.
 */
#include "tests/guest/lib32.h"

#ifndef BANKED
#define BANKED 1	/* MRS and MSR of banked registers: with the virtualization extensions */
#endif

static const u32 modes[] = { SYS, FIQ, IRQ, SVC, ABT, UND };	/* SYS has User's registers */

/* ---- banks ---- */

static u32 bank[6][3];

/* SP and LR, and SPSR where there is one, of every mode, to and from @bank. */
#define SAVE(i, m) \
	__asm__ volatile("mrs r3, cpsr\n cps #" #m "\n mov r0, sp\n mov r1, lr\n msr cpsr_c, r3\n" \
			 "stm %0, {r0, r1}" : : "r"(bank[i]) : "r0", "r1", "r3", "memory")
#define LOAD(i, m) \
	__asm__ volatile("ldm %0, {r0, r1}\n mrs r3, cpsr\n cps #" #m "\n mov sp, r0\n mov lr, r1\n msr cpsr_c, r3" \
			 : : "r"(bank[i]) : "r0", "r1", "r3", "memory")
#define SPSR_IN(m, val) \
	__asm__ volatile("mrs r3, cpsr\n cps #" #m "\n msr spsr_cxsf, %0\n msr cpsr_c, r3" : : "r"(val) : "r3")
#define SPSR_OUT(m) ({ u32 v_; \
	__asm__ volatile("mrs r3, cpsr\n cps #" #m "\n mrs %0, spsr\n msr cpsr_c, r3" : "=r"(v_) : : "r3"); v_; })

/* Supervisor mode's own are in use: the others. */
static void test_banks(void)
{
	static u32 saved[6][3];

	SAVE(0, 0x1f);
	SAVE(1, 0x11);
	SAVE(2, 0x12);
	SAVE(4, 0x17);
	SAVE(5, 0x1b);
	memcpy(saved, bank, sizeof(bank));
	for (unsigned int i = 0; i < 6; i++)
		for (unsigned int k = 0; k < 2; k++)
			bank[i][k] = 0x1000 * (i + 1) + k * 0x10;
	LOAD(0, 0x1f);
	LOAD(1, 0x11);
	LOAD(2, 0x12);
	LOAD(4, 0x17);
	LOAD(5, 0x1b);
	memset(bank, 0, sizeof(bank));
	SAVE(5, 0x1b);
	SAVE(4, 0x17);
	SAVE(2, 0x12);
	SAVE(1, 0x11);
	SAVE(0, 0x1f);
	for (unsigned int i = 0; i < 6; i++)
		for (unsigned int k = 0; k < 2 && i != 3; k++)
			CHECK_EQ(bank[i][k], 0x1000 * (i + 1) + k * 0x10);
	memcpy(bank, saved, sizeof(bank));
	LOAD(0, 0x1f);
	LOAD(1, 0x11);
	LOAD(2, 0x12);
	LOAD(4, 0x17);
	LOAD(5, 0x1b);
	/* SPSRs */
	SPSR_IN(0x11, 0xf0000011);
	SPSR_IN(0x12, 0xe0000012);
	SPSR_IN(0x13, 0xd0000013);
	SPSR_IN(0x17, 0xc0000017);
	SPSR_IN(0x1b, 0xb800003b);
	CHECK_EQ(SPSR_OUT(0x11), 0xf0000011);
	CHECK_EQ(SPSR_OUT(0x12), 0xe0000012);
	CHECK_EQ(SPSR_OUT(0x13), 0xd0000013);
	CHECK_EQ(SPSR_OUT(0x17), 0xc0000017);
	CHECK_EQ(SPSR_OUT(0x1b), 0xb800003b);
	/* bytes of it */
	__asm__ volatile("msr spsr_f, %0\n msr spsr_c, %1" : : "r"(0x5fffffff), "r"(0xffffff10));
	CHECK_EQ(SPSR_OUT(0x13), 0x5f000010);
}

/* R8_fiq..R12_fiq, by CPS and by LDM and STM of the User registers in FIQ mode. */
static void test_fiq_bank(void)
{
	static u32 user[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, out[8], fiq[8];

	__asm__ volatile(
		"push	{r4-r12, lr}\n"
		"mov	r4, %0\n"
		"mov	r5, %1\n"
		"mov	r6, %2\n"
		"mrs	r7, cpsr\n"
		"cps	#0x11\n"
		"mov	r8, #0x80\n"
		"mov	r9, #0x90\n"
		"mov	r10, #0xa0\n"
		"mov	r11, #0xb0\n"
		"mov	r12, #0xc0\n"
		"ldmia	r4, {r8-r12}^\n"	/* User's */
		"nop\n"
		"stmia	r6, {r8-r12}\n"		/* FIQ's are as they were */
		"stmia	r5, {r8-r12}^\n"
		"nop\n"
		"msr	cpsr_c, r7\n"
		"str	r8, [r5, #20]\n"
		"str	r12, [r5, #24]\n"
		"pop	{r4-r12, lr}"
		: : "r"(user), "r"(out), "r"(fiq) : "memory");
	for (u32 i = 0; i < 5; i++) {
		CHECK_EQ(fiq[i], 0x80 + 0x10 * i);
		CHECK_EQ(out[i], i + 1);
	}
	CHECK_EQ(out[5], 1);
	CHECK_EQ(out[6], 5);
}

static void test_user_regs(void)
{
	u32 in[2] = { 0x1234, 0x5678 }, out[2] = { 0, 0 }, old[2];
	u32 sp_before, sp_after;

	__asm__ volatile("stmia %0, {sp, lr}^" : : "r"(old) : "memory");
	__asm__ volatile("mov %0, sp" : "=r"(sp_before));
	__asm__ volatile("ldmia %0, {sp, lr}^\n nop" : : "r"(in) : "memory");
	__asm__ volatile("mov %0, sp" : "=r"(sp_after));
	CHECK_EQ(sp_before, sp_after);
	__asm__ volatile("stmia %0, {sp, lr}^" : : "r"(out) : "memory");
	CHECK_EQ(out[0], 0x1234);
	CHECK_EQ(out[1], 0x5678);
	__asm__ volatile("ldmia %0, {sp, lr}^\n nop" : : "r"(old) : "memory");
}

#if BANKED
static void test_banked_moves(void)
{
	u32 v, old;

#define ONE(reg, val) \
	__asm__ volatile("mrs %0, " reg "\n msr " reg ", %2\n mrs %1, " reg "\n msr " reg ", %0" \
			 : "=&r"(old), "=&r"(v) : "r"(val)); \
	CHECK_EQ(v, val)
	ONE("sp_usr", 0x101);
	ONE("lr_usr", 0x102);
	ONE("r8_fiq", 0x103);
	ONE("r12_fiq", 0x104);
	ONE("sp_fiq", 0x105);
	ONE("lr_fiq", 0x106);
	ONE("sp_irq", 0x107);
	ONE("lr_irq", 0x108);
	ONE("sp_abt", 0x109);
	ONE("lr_abt", 0x10a);
	ONE("sp_und", 0x10b);
	ONE("lr_und", 0x10c);
	ONE("SPSR_fiq", 0x60000011);
	ONE("SPSR_irq", 0x60000012);
	ONE("SPSR_abt", 0x60000017);
	ONE("SPSR_und", 0x6000001b);
	__asm__ volatile("mrs r3, cpsr\n mov r2, #0x77\n cps #0x1b\n mov r4, lr\n mov lr, r2\n msr cpsr_c, r3\n"
			 "mrs %0, lr_und\n cps #0x1b\n mov lr, r4\n msr cpsr_c, r3" : "=&r"(v) : : "r2", "r3", "r4");
	CHECK_EQ(v, 0x77);
}
#endif

/* ---- CPSR ---- */

static void test_cpsr(void)
{
	u32 v;

	__asm__ volatile("msr cpsr_f, %1\n mrs %0, cpsr" : "=r"(v) : "r"(0xf8ffffffu) : "cc");
	CHECK_EQ(v, 0xf8000000 | SVC | PSR_AIF);
	__asm__ volatile("msr cpsr_s, %1\n mrs %0, cpsr" : "=r"(v) : "r"(0x000f0000));
	CHECK_EQ(v & 0x000f0000, 0x000f0000);
	/* the execution state is not written */
	__asm__ volatile("msr cpsr_fsxc, %1\n mrs %0, cpsr"
			 : "=r"(v) : "r"(SVC | PSR_AIF | PSR_T | PSR_IT | 1u << 24) : "cc");
	CHECK_EQ(v, SVC | PSR_AIF);
	__asm__ volatile("cpsie af\n mrs %0, cpsr\n cpsid af" : "=r"(v));
	CHECK_EQ(v & 0x0fffffff, SVC | 0x80);
	__asm__ volatile("cpsid f, #0x1f\n mrs %0, cpsr\n cps #0x13" : "=r"(v));
	CHECK_EQ(v & 0x0fffffff, SYS | PSR_AIF);
}

/* User mode: flags and GE, no more. */
NAKED __attribute__((target("arm"))) static void user_msr(void)
{
	__asm__ volatile("msr cpsr_fsxc, r0\n mrs r0, cpsr\n svc #0xff");
}

NAKED __attribute__((target("arm"))) static void user_cps(void)
{
	__asm__ volatile("cps #0x13\n cpsie aif\n mrs r0, cpsr\n svc #0xff");
}

static void test_user(void)
{
	CHECK_EQ(run_in(USR | PSR_AIF, (u32)user_msr, 0xf80f0013) & 0xf80f001f, 0xf80f0010);
	CHECK_EQ(run_in(USR, (u32)user_msr, 0x000001df) & 0x1f, USR);
	CHECK_EQ(run_in(USR | PSR_AIF, (u32)user_cps, 0) & 0x1f, USR);
}

/* ---- exception returns ---- */

/*
 * From mode @m to System mode by instruction @kind, with SPSR @psr; 1: A32 was
 * reached, 2: T32; and where CPSR is not as asked << 4.
 */
NAKED __attribute__((target("arm"))) static u32 return_by(u32 kind, u32 m, u32 psr, u32 *target)
{
	__asm__ volatile(
		"push	{r4-r11, lr}\n"
		"adr	r9, 10f\n"
		"tst	r2, #0x20\n"
		"addne	r9, r9, #(11f - 10f)\n"
		"mrs	r10, cpsr\n"
		"mov	r11, sp\n"
		"cmp	r1, #0x11\n"			/* FIQ mode has its own R8 to R12 */
		"bne	1f\n"
		"mov	r4, r9\n"
		"msr	cpsr_c, #0xd1\n"
		"mov	r9, r4\n"
		"msr	cpsr_c, #0xd3\n"
		"1:	orr	r1, r1, #0x1c0\n"
		"msr	cpsr_c, r1\n"
		"str	r9, [r3]\n"
		"str	r2, [r3, #4]\n"
		"msr	spsr_cxsf, r2\n"
		"cmp	r0, #1\n"
		"blo	1f\n"
		"beq	2f\n"
		"cmp	r0, #3\n"
		"blo	3f\n"
		"beq	4f\n"
		"str	r9, [r3, #4]\n"		/* LDM ^ of a register and pc, with writeback */
		"ldmia	r3!, {r4, pc}^\n"
		"1:	mov	lr, r9\n"
		"	movs	pc, lr\n"
		"2:	add	lr, r9, #4\n"
		"	subs	pc, lr, #4\n"
		"3:	ldmia	r3, {pc}^\n"
		"4:	rfeia	r3\n"
		"	.thumb\n"
		"	.balign 4\n"
		"11:	mov	r0, #2\n"
		"	mrs	r1, cpsr\n"
		"	bx	pc\n"
		"	nop\n"
		"	.arm\n"
		"	b	12f\n"
		"	.balign 4\n"
		"10:	mov	r0, #1\n"
		"	mrs	r1, cpsr\n"
		"12:	msr	cpsr_c, r10\n"
		"	mov	sp, r11\n"
		"	eor	r1, r1, r2\n"		/* MRS shows no T */
		"	bic	r1, r1, #0x20\n"
		"	orr	r0, r0, r1, lsl #4\n"
		"	pop	{r4-r11, pc}");
}

static void test_returns(void)
{
	const u32 psr = SYS | PSR_AIF | 0x60000000;
	u32 target[2];

	for (unsigned int i = 1; i < ARRAY_SIZE(modes); i++) {
		for (u32 kind = 0; kind < 5; kind++) {
			context = "return";
			context_n = modes[i] << 8 | kind;
			CHECK_EQ(return_by(kind, modes[i], psr, target), 1);
			CHECK_EQ(return_by(kind, modes[i], psr | PSR_T, target), 2);
		}
	}
	context = 0;
}

/* SRS of LR and SPSR to another mode's stack, and RFE from there. */
static void test_srs(void)
{
	static u32 stack[8] __attribute__((aligned(8)));
	u32 sp, old;

	__asm__ volatile(
		"mrs	r3, cpsr\n"
		"mov	r2, lr\n"
		"cps	#0x1f\n"
		"mov	%1, sp\n"
		"mov	sp, %2\n"
		"msr	cpsr_c, r3\n"
		"ldr	lr, =0x12345678\n"
		"ldr	r1, =0x600001d3\n"
		"msr	spsr_cxsf, r1\n"
		"srsdb	#0x1f!\n"
		"mov	lr, r2\n"
		"cps	#0x1f\n"
		"mov	%0, sp\n"
		"mov	sp, %1\n"
		"msr	cpsr_c, r3"
		: "=&r"(sp), "=&r"(old) : "r"(stack + 4) : "r1", "r2", "r3", "memory");
	CHECK_EQ(sp, (u32)(stack + 2));
	CHECK_EQ(stack[2], 0x12345678);
	CHECK_EQ(stack[3], 0x600001d3);
}

/* ---- data ---- */

static void test_setend(void)
{
	static u32 words[2] = { 0x11223344, 0x55667788 };
	u32 a, b, c;

	__asm__ volatile("setend be\n ldr %0, [%3]\n ldrh %1, [%3]\n mrs %2, cpsr\n setend le"
			 : "=&r"(a), "=&r"(b), "=&r"(c) : "r"(words) : "memory");
	CHECK_EQ(a, 0x44332211);
	CHECK_EQ(b, 0x4433);
	CHECK_EQ(c & PSR_E, PSR_E);
	__asm__ volatile("setend be\n ldrd r2, r3, [%2]\n setend le\n mov %0, r2\n mov %1, r3"
			 : "=&r"(a), "=&r"(b) : "r"(words) : "r2", "r3", "memory");
	CHECK_EQ(a, 0x44332211);
	CHECK_EQ(b, 0x88776655);
	__asm__ volatile("setend be\n str %0, [%1, #4]\n setend le" : : "r"(0x01020304), "r"(words) : "memory");
	CHECK_EQ(words[1], 0x04030201);
	__asm__ volatile("setend be\n ldm %2, {r2, r3}\n setend le\n mov %0, r2\n mov %1, r3"
			 : "=&r"(a), "=&r"(b) : "r"(words) : "r2", "r3", "memory");
	CHECK_EQ(a, 0x44332211);
	CHECK_EQ(b, 0x01020304);
}

static void test_exclusive(void)
{
	static u32 word[2] __attribute__((aligned(8)));
	u32 old, fail, fail2;

	word[0] = 5;
	__asm__ volatile("ldrex %0, [%2]\n add %0, %0, #1\n strex %1, %0, [%2]"
			 : "=&r"(old), "=&r"(fail) : "r"(word) : "memory");
	CHECK_EQ(fail, 0);
	CHECK_EQ(word[0], 6);
	__asm__ volatile("ldrex %0, [%2]\n clrex\n strex %1, %0, [%2]"
			 : "=&r"(old), "=&r"(fail) : "r"(word) : "memory");
	CHECK_EQ(fail, 1);
	/* the handler's CLREX closes the monitor */
	__asm__ volatile("ldrex %0, [%3]\n udf #0\n strex %1, %0, [%3]\n strex %2, %0, [%3]"
			 : "=&r"(old), "=&r"(fail), "=&r"(fail2) : "r"(word) : "memory");
	CHECK_EQ(fail, 1);
	CHECK_EQ(fail2, 1);
	__asm__ volatile("ldrexb %0, [%2]\n strexb %1, %3, [%2]" : "=&r"(old), "=&r"(fail)
			 : "r"((u32)word + 1), "r"(0xab) : "memory");
	CHECK_EQ(fail, 0);
	CHECK_EQ(word[0], 0xab06);
	__asm__ volatile("ldrexd r2, r3, [%1]\n mov r2, #1\n mov r3, #2\n strexd %0, r2, r3, [%1]"
			 : "=&r"(fail) : "r"(word) : "r2", "r3", "memory");
	CHECK_EQ(fail, 0);
	CHECK_EQ(word[0], 1);
	CHECK_EQ(word[1], 2);
}

int main(void)
{
	test_banks();
	test_fiq_bank();
	test_user_regs();
#if BANKED
	test_banked_moves();
#endif
	test_cpsr();
	test_user();
	test_returns();
	test_srs();
	test_setend();
	test_exclusive();
	finish();
}
