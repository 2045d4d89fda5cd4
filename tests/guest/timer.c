/* SPDX-License-Identifier: GPL-2.0-only */
/* Timers and their interrupts, WFI, software step, breakpoints, watchpoints. */
#include "tests/guest/lib.h"

static volatile u32 irqs[32];

static void count_irq(u32 intid)
{
	if (intid < 32)
		irqs[intid]++;
	msr(cntv_ctl_el0, 0);
	msr(cntp_ctl_el0, 0);
}

#define UNMASK() __asm__ volatile("msr daifclr, #2" : : : "memory")
#define MASK() __asm__ volatile("msr daifset, #2" : : : "memory")

static void wait_irq(u32 intid, u32 n)
{
	u64 end = now() + milliseconds(5000);

	while (irqs[intid] < n && now() < end)
		;
	CHECK_EQ(irqs[intid], n);
}

static void test_timers(void)
{
	u64 start, end;

	on_irq = count_irq;
	gic_on();
	gic_enable(27);
	gic_enable(30);
	UNMASK();
	start = now();
	msr(cntv_tval_el0, milliseconds(5));
	msr(cntv_ctl_el0, 1);
	wait_irq(27, 1);
	CHECK(now() - start >= milliseconds(5));
	msr(cntp_cval_el0, mrs(cntpct_el0) + milliseconds(5));
	msr(cntp_ctl_el0, 1);
	wait_irq(30, 1);
	/* masked by the timer: the status is there, the interrupt is not */
	msr(cntv_tval_el0, 0);
	msr(cntv_ctl_el0, 3);
	isb();
	CHECK_EQ(mrs(cntv_ctl_el0), 7);
	end = now() + milliseconds(2);
	while (now() < end)
		;
	CHECK_EQ(irqs[27], 1);
	/* masked by PSTATE: WFI ends, the interrupt comes when it may */
	MASK();
	msr(cntv_tval_el0, milliseconds(3));
	msr(cntv_ctl_el0, 1);
	isb();
	__asm__ volatile("wfi" : : : "memory");
	CHECK_EQ(irqs[27], 1);
	CHECK_EQ(mrs(isr_el1) >> 7 & 1, 1);
	UNMASK();
	isb();
	CHECK_EQ(irqs[27], 2);
	/* WFI with nothing masked */
	for (u32 i = 3; i < 13; i++) {
		MASK();
		msr(cntv_tval_el0, milliseconds(1));
		msr(cntv_ctl_el0, 1);
		isb();
		__asm__ volatile("wfi" : : : "memory");
		UNMASK();
		isb();
		CHECK_EQ(irqs[27], i);
	}
	MASK();
}

static void test_counter(void)
{
	u64 last = now();

	for (unsigned int i = 0; i < 1000; i++) {
		u64 t = now();

		if (t < last)
			CHECK_EQ(t, last);
		last = t;
	}
	CHECK(mrs(cntfrq_el0) > 1000000);
}

/* ---- debug ---- */

#define MDSCR_SS 1ull
#define MDSCR_KDE (1ull << 13)
#define MDSCR_MDE (1ull << 15)
#define SPSR_SS (1ull << 21)

static volatile u64 steps[16];
static volatile u32 nsteps, last_ec;
static u64 after_steps;

static void on_debug(struct frame *f)
{
	last_ec = EC(exc[0].esr);
	if (last_ec == EC_STEP) {
		if (nsteps < 16)
			steps[nsteps] = f->elr;
		nsteps++;
		if (f->elr == after_steps || nsteps >= 16)
			msr(mdscr_el1, mrs(mdscr_el1) & ~MDSCR_SS);
		else
			f->spsr |= SPSR_SS;
		f->spsr |= f->elr == after_steps ? 1ull << 9 : 0;
	} else if (last_ec == EC_BP || last_ec == EC_WP) {
		nsteps++;
		msr(mdscr_el1, mrs(mdscr_el1) & ~MDSCR_MDE);
	} else if (last_ec == EC_BRK) {
		/* begin to step behind the BRK, debug exceptions unmasked */
		f->elr += 4;
		f->spsr = (f->spsr & ~(1ull << 9)) | SPSR_SS;
		msr(mdscr_el1, mrs(mdscr_el1) | MDSCR_SS | MDSCR_KDE);
	} else {
		f->elr += 4;
	}
}

static void test_step(void)
{
	u64 first, sum;

	on_sync = on_debug;
	msr(oslar_el1, 0);
	isb();
	__asm__ volatile("adr %0, 2f; adr %1, 3f; str %1, [%2]; mov %1, #0; brk #0\n"
			 "2: add %1, %1, #1; add %1, %1, #2; b 4f; nop; 4: add %1, %1, #4\n3: nop"
			 : "=&r"(first), "=&r"(sum) : "r"(&after_steps) : "memory");
	CHECK_EQ(sum, 7);
	CHECK_EQ(nsteps, 4);
	CHECK_EQ(steps[0], first + 4);
	CHECK_EQ(steps[1], first + 8);
	CHECK_EQ(steps[2], first + 16);
	CHECK_EQ(steps[3], first + 20);
	CHECK_EQ(steps[3], after_steps);
}

static volatile u64 watched[4] __attribute__((aligned(64)));

static u64 __attribute__((noinline)) target(u64 n)
{
	__asm__ volatile("" : "+r"(n));
	return n + 1;
}

static void debug_on(void)
{
	nsteps = 0;
	last_ec = 0;
	msr(mdscr_el1, mrs(mdscr_el1) | MDSCR_KDE | MDSCR_MDE);
	isb();
	__asm__ volatile("msr daifclr, #8; isb" : : : "memory");
}

static void debug_off(void)
{
	__asm__ volatile("msr daifset, #8; isb" : : : "memory");
	msr(mdscr_el1, mrs(mdscr_el1) & ~MDSCR_MDE);
	isb();
}

static void test_breakpoint(void)
{
	CHECK_EQ(target(1), 2);
	msr(dbgbvr0_el1, (u64)target);
	msr(dbgbcr0_el1, 1 | 1 << 1 | 0xf << 5);	/* E, EL1, all bytes */
	debug_on();
	CHECK_EQ(target(2), 3);
	debug_off();
	CHECK_EQ(nsteps, 1);
	CHECK_EQ(last_ec, EC_BP);
	CHECK_EQ(exc[0].elr, (u64)target);
	msr(dbgbcr0_el1, 0);
	debug_on();
	CHECK_EQ(target(3), 4);
	debug_off();
	CHECK_EQ(nsteps, 0);
}

static void test_watchpoint(void)
{
	watched[0] = 0;
	msr(dbgwvr0_el1, (u64)&watched[1]);
	msr(dbgwcr0_el1, 1 | 1 << 1 | 2 << 3 | 0xff << 5);	/* E, EL1, stores, 8 bytes */
	debug_on();
	watched[0] = 1;
	(void)watched[1];
	watched[2] = 3;
	CHECK_EQ(nsteps, 0);
	watched[1] = 2;
	debug_off();
	CHECK_EQ(nsteps, 1);
	CHECK_EQ(last_ec, EC_WP);
	CHECK_EQ(exc[0].far, (u64)&watched[1]);
	CHECK_EQ(exc[0].esr >> 6 & 1, 1);
	CHECK_EQ(watched[1], 2);
	msr(dbgwcr0_el1, 0);
}

int main(void)
{
	mmu_on();
	test_counter();
	test_timers();
	test_step();
	test_breakpoint();
	test_watchpoint();
	finish();
}
