// SPDX-License-Identifier: GPL-2.0-only
/* The guest of the micro-benchmark: loops around the virtual counter. */
#include "tests/hyp/guest/guest.h"

#define ROUNDS 4096u

static volatile uint32_t pings, pongs;

/* Ticks for ROUNDS times @what; they go to the ports A and B. */
#define LOOP(what)                                                       \
	({                                                               \
		uint64_t t_ = counter();                                 \
		for (uint32_t i_ = 0; i_ < ROUNDS; i_++) {               \
			what;                                            \
		}                                                        \
		counter() - t_;                                          \
	})

static int report(uint64_t ticks)
{
	write32(PORT_A, ticks);
	write32(PORT_B, ticks >> 32);
	return ROUNDS;
}

int b_empty(uint32_t arg)
{
	(void)arg;
	return report(LOOP(asm volatile("")));
}

int b_hypercall(uint32_t arg)
{
	(void)arg;
	return report(LOOP(hvc(0x84000000, 0, 0, 0)));
}

int b_cp15(uint32_t arg)
{
	(void)arg;
	return report(LOOP(CP15_READ(0, c1, c0, 1)));
}

int b_gicd(uint32_t arg)
{
	(void)arg;
	return report(LOOP(read32(GICD(8))));
}

int b_mmio(uint32_t arg)
{
	(void)arg;
	return report(LOOP(read32(GUEST_HOLE)));
}

int b_eoi(uint32_t arg)
{
	(void)arg;
	gic_init();
	return report(LOOP(write32(GICC_EOIR, 1023)));
}

static void ping_handler(uint32_t iar)
{
	(void)iar;
	pongs++;
}

static int ping_peer(uint32_t arg)
{
	(void)arg;
	write32(GICC_PMR, 0xf0);
	write32(GICC(0), 1);
	irq_on();
	pings = 1;
	while (pings)
		wfi();
	return 0;
}

static void ping(uint32_t n)
{
	gic_sgi(1, 2);
	/* On a host with one CPU only a sleeping sender lets the other one run. */
	while (pongs != n)
		asm volatile("wfe");
}

int b_ipi(uint32_t arg)
{
	uint32_t n = 0;

	(void)arg;
	gic_init();
	irq_hook = ping_handler;
	cpu_on(1, ping_peer, 0);
	while (!pings)
		asm volatile("wfe");
	return report(LOOP(ping(++n)));
}

/* From the moment that the timer is due to the one after WFI. */
int b_wfi(uint32_t arg)
{
	uint64_t late = 0;

	gic_init();
	gic_enable(PPI_VTIMER, true, 0xa0, 1);
	for (uint32_t i = 0; i < 256; i++) {
		uint64_t due = counter() + arg;

		CP15_WRITE64(3, c14, due);
		CP15_WRITE(0, c14, c3, 1, 1);
		isb();
		while (!(CP15_READ(0, c14, c3, 1) & 4))
			wfi();
		late += counter() - due;
		vtimer_stop();
		write32(GICC_EOIR, read32(GICC_IAR));
	}
	report(late);
	return 256;
}
