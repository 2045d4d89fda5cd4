// SPDX-License-Identifier: GPL-2.0-only
/* The guest of t_suspend.c: all that a CPU which loses its state could forget, all the time. */
#include "guest.h"

#define CPUS 2
#define TICK 62500u
#define SGI 2u

static volatile uint32_t beats[CPUS], pings[CPUS];

static void beat_handler(uint32_t iar)
{
	if ((iar & 0x3ff) == PPI_VTIMER) {
		vtimer_stop();
		beats[cpu_id()]++;
	} else {
		pings[cpu_id()]++;
	}
}

static void sleep_until(volatile uint32_t *count, uint32_t old)
{
	while (*count == old) {
		wfi();
		irq_on();
		isb();
		irq_off();
	}
}

/* Rounds, each with a sync: a timer's interrupt, one by the other CPU, a page, two VFP registers. */
static int beat(uint32_t arg)
{
	unsigned int cpu = cpu_id(), other = cpu ^ 1;
	volatile uint32_t *p = (void *)(GUEST_FREE + cpu * 4096);

	(void)arg;
	write32(GICC_PMR, 0xf0);
	write32(GICC(0), 1);
	gic_enable(PPI_VTIMER, true, 0xa0, 1);
	CP15_WRITE(0, c1, c0, 2, 0xf << 20);
	isb();
	asm volatile(".fpu neon\n\tmov r4, #0x40000000\n\tvmsr fpexc, r4" : : : "r4");
	for (uint32_t round = 1;; round++) {
		uint32_t ping = pings[cpu], low, high;

		*p = round;
		asm volatile("vmov d3, %0, %1\n\tvmov d20, %1, %0" : : "r"(round), "r"(~round));
		vtimer_arm(TICK);
		sleep_until(&beats[cpu], round - 1);
		CHECK_EQ(beats[cpu], round);
		gic_sgi(SGI, 1 << other);
		if (ping < round)
			sleep_until(&pings[cpu], ping);
		CHECK_EQ(*p, round);
		asm volatile("vmov %0, %1, d3" : "=r"(low), "=r"(high));
		CHECK_EQ(low ^ high, ~0u);
		CHECK_EQ(low, round);
		asm volatile("vmov %0, %1, d20" : "=r"(high), "=r"(low));
		CHECK_EQ(low ^ high, ~0u);
		CHECK_EQ(low, round);
		guest_sync(round);
	}
}

int g_beat(uint32_t arg)
{
	irq_hook = beat_handler;
	gic_init();
	cpu_on(1, beat, arg);
	return beat(arg);
}
