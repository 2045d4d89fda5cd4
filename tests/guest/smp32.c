/* SPDX-License-Identifier: GPL-2.0-only */
/* AArch32 on two CPUs: CPU_ON in either instruction set, exclusives, SGIs, WFE and SEV, CPU_OFF. */
#include "tests/guest/lib32.h"

#define ROUNDS 20000

static u32 l1[4096] __attribute__((aligned(16384)));
static volatile u32 ready, counter, stop_cpu, sgis, turn;
static u64 wide;

/* Exclusives want Normal memory, which there is with the MMU only. */
static void mmu_on(void)
{
	for (u32 i = 0; i < 4096 && !l1[i]; i++)
		l1[i] = i << 20 | 2u | 3u << 10 | (i >= 0x400 ? 1u << 12 | 3u << 2 | 1u << 16 : 1u << 2 | 1u << 4);
	mcr(p15, 0, c3, c0, 0, 1);
	mcr(p15, 0, c2, c0, 2, 0);
	mcr(p15, 0, c2, c0, 0, (u32)l1 | 0x4a);
	mcr(p15, 0, c8, c7, 0, 0);
	dsb();
	write_sctlr(read_sctlr() | 1 | 4 | 1 << 12);
}

static void add(volatile u32 *p)
{
	u32 v, fail;

	do
		__asm__ volatile("ldrex %0, [%2]\n add %0, %0, #1\n strex %1, %0, [%2]"
				 : "=&r"(v), "=&r"(fail) : "r"(p) : "memory");
	while (fail);
}

static void add_wide(u64 *p)
{
	u32 fail;

	do
		__asm__ volatile("ldrexd r2, r3, [%1]\n adds r2, r2, #1\n adc r3, r3, #0x10\n strexd %0, r2, r3, [%1]"
				 : "=&r"(fail) : "r"(p) : "r2", "r3", "cc", "memory");
	while (fail);
}

/* Each waits for its number, by WFE. */
static void ping_pong(u32 me)
{
	for (u32 i = 0; i < 500; i++) {
		while (turn % 2 != me)
			__asm__ volatile("wfe" : : : "memory");
		turn++;
		__asm__ volatile("dsb\n sev" : : : "memory");
	}
}

static void other_irq(u32 intid)
{
	if (cpu_id() == 1 && intid == 5)
		sgis++;
}

static void other(u32 arg)
{
	mmu_on();
	CHECK_EQ(arg, 0x1234);
	CHECK_EQ(cpu_id(), 1);
	gic_on();
	gic_enable(5);
	__asm__ volatile("cpsie i");
	ready = 1;
	__asm__ volatile("dsb\n sev" : : : "memory");
	for (u32 i = 0; i < ROUNDS; i++) {
		add(&counter);
		add_wide(&wide);
	}
	ready = 2;
	ping_pong(1);
	while (!stop_cpu)
		__asm__ volatile("wfe" : : : "memory");
	psci(0x84000002, 0, 0, 0);
	print("CPU_OFF came back\n");
}

static void run(void)
{
	u32 again;

	start_cpu(1, other, 0x1234);
	again = psci(0x84000003, 1, 0x40200000, 0);
	CHECK(again == (u32)-4 || again == (u32)-5);	/* on, or being turned on */
	while (!ready)
		__asm__ volatile("wfe" : : : "memory");
	for (u32 i = 0; i < ROUNDS; i++) {
		add(&counter);
		add_wide(&wide);
	}
	while (ready != 2)
		;
	CHECK_EQ(counter, 2 * ROUNDS);
	CHECK_EQ((u32)wide, 2 * ROUNDS);
	CHECK_EQ((u32)(wide >> 32), 2 * ROUNDS * 0x10);
	ping_pong(0);
	while (turn != 1000)	/* the other's last */
		;
	for (u32 i = 0; i < 20; i++) {
		u32 before = sgis;

		*(volatile u32 *)0x08000f00 = 2u << 16 | 5;
		while (sgis == before)
			;
	}
	CHECK_EQ(sgis, 20);
	stop_cpu = 1;
	__asm__ volatile("dsb\n sev" : : : "memory");
	while (psci(0x84000004, 1, 0, 0) != 1)	/* AFFINITY_INFO: OFF */
		;
}

int main(void)
{
	mmu_on();
	gic_on();
	on_irq = other_irq;
	CHECK_EQ(psci(0x84000003, 1, 0x40200002, 0), (u32)-9);	/* no address of A32 code */
	CHECK_EQ(psci(0x84000003, 9, 0x40200000, 0), (u32)-2);
	run();
	/* again, from power off */
	ready = counter = stop_cpu = sgis = turn = 0;
	wide = 0;
	run();
	finish();
}
