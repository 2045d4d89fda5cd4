// SPDX-License-Identifier: GPL-2.0-only
/* Guests of t_gic.c and t_timer.c. */
#include "guest.h"

static volatile uint32_t taken[1020], last[8], order[64], nr_order;

static void note(uint32_t iar)
{
	taken[iar & 0x3ff]++;
	if (nr_order < 64)
		order[nr_order++] = iar;
}

static void wait_for(volatile uint32_t *p, uint32_t value)
{
	while (*p != value)
		;
}

/* Takes @arg edge interrupts of SPI 40, raised by the host side at each sync; asleep between them. */
int g_spi_edge(uint32_t arg)
{
	irq_hook = note;
	gic_init();
	gic_enable(40, false, 0xa0, 1);
	for (uint32_t i = 1; i <= arg; i++) {
		guest_sync(i);
		/* With IRQs masked the wake-up is WFI's, and the interrupt is taken after it. */
		while (taken[40] < i) {
			wfi();
			irq_on();
			isb();
			irq_off();
		}
	}
	return taken[40];
}

/*
 * A level interrupt that stays high is pending again at each EOI; the handler asks
 * the device (a sync) to lower it the third time.
 */
static void level_handler(uint32_t iar)
{
	note(iar);
	if (taken[41] == 3)
		guest_sync(100);
}

int g_spi_level(uint32_t arg)
{
	irq_hook = level_handler;
	gic_init();
	gic_enable(41, true, 0xa0, 1);
	guest_sync(1);
	irq_on();
	wait_for(&taken[41], 3);
	/* Lowered before the EOI: none comes any more. */
	delay(arg);
	CHECK_EQ(taken[41], 3);
	CHECK_EQ(read32(GICC_IAR), 1023);
	return 3;
}

/* 16 SPIs with falling and rising priorities, all pending at once: served by priority. */
int g_spi_many(uint32_t arg)
{
	uint32_t before = 0;

	gic_init();
	irq_hook = note;
	for (uint32_t i = 0; i < 16; i++)
		gic_enable(40 + i, false, 0x40 + (i * 5 % 16) * 8, 1);
	guest_sync(1);
	irq_on();
	wait_for(&nr_order, 16);
	delay(arg);
	CHECK_EQ(nr_order, 16);
	for (uint32_t i = 0; i < 16; i++) {
		uint32_t irq = order[i], priority = ((irq - 40) * 5 % 16) << 3;

		CHECK_EQ(taken[40 + i], 1);
		if (priority < before)
			guest_fail(__LINE__, i << 16 | irq, priority << 8 | before);
		before = priority;
	}
	return 16;
}

/* Acknowledges without ending: active interrupts stay, higher ones pre-empt, IIDR and friends are there. */
int g_gic_active(uint32_t arg)
{
	uint32_t iar;

	(void)arg;
	gic_init();
	gic_enable(40, false, 0xa0, 1);
	gic_enable(41, false, 0x80, 1);
	guest_sync(40);
	iar = read32(GICC_IAR);
	CHECK_EQ(iar, 40);
	CHECK_EQ(read32(GICD(0x304)) & 0x100, 0x100);	/* ISACTIVER1 */
	CHECK_EQ(read32(GICC_IAR), 1023);
	CHECK_EQ(read32(GICC(0x14)), 0xa0);		/* RPR */
	guest_sync(41);
	CHECK_EQ(read32(GICC(0x18)), 41);		/* HPPIR */
	CHECK_EQ(read32(GICC_IAR), 41);
	CHECK_EQ(read32(GICC(0x14)), 0x80);
	write32(GICC_EOIR, 41);
	CHECK_EQ(read32(GICC(0x14)), 0xa0);
	write32(GICC_EOIR, 40);
	CHECK_EQ(read32(GICC(0x14)), 0xff);
	CHECK_EQ(read32(GICD(0x304)) & 0x300, 0);
	return 7;
}

/* Distributor registers as software sees them. */
int g_gicd_regs(uint32_t arg)
{
	(void)arg;
	gic_init();
	CHECK_EQ(read32(GICD(4)) & 0x1f, 96 / 32 - 1);	/* TYPER */
	CHECK_EQ(read32(GICD(0x100)) & 0xffff, 0xffff);
	write32(GICD(0x104), 0xffffffff);
	CHECK_EQ(read32(GICD(0x104)), 0xffffffff);
	write32(GICD(0x184), 0xffff);
	CHECK_EQ(read32(GICD(0x104)), 0xffff0000);
	CHECK_EQ(read32(GICD(0x184)), 0xffff0000);
	write32(GICD(0x420), 0x50607080);
	CHECK_EQ(read32(GICD(0x420)), 0x50607080);
	write8(GICD(0x421), 0xa8);
	CHECK_EQ(read32(GICD(0x420)), 0x5060a880);
	write32(GICD(0x820), 0x01010101);
	CHECK_EQ(read32(GICD(0x820)), 0x01010101);
	write32(GICD(0xc08), 0xaaaaaaaa);
	CHECK_EQ(read32(GICD(0xc08)), 0xaaaaaaaa);
	write32(GICD(0xc08), 0);
	CHECK_EQ(read32(GICD(0xc08)), 0);
	/* Pending by software, a level interrupt whose line is low: cleared again by ICPENDR. */
	write32(GICD(0x184), 0xffffffff);
	write32(GICD(0x204), 0x10);
	CHECK_EQ(read32(GICD(0x204)) & 0x10, 0x10);
	write32(GICD(0x284), 0x10);
	CHECK_EQ(read32(GICD(0x204)) & 0x10, 0);
	/* The line is up: ICPENDR changes nothing. */
	guest_sync(1);
	CHECK_EQ(read32(GICD(0x204)) & 0x100, 0x100);
	write32(GICD(0x284), 0x100);
	CHECK_EQ(read32(GICD(0x204)) & 0x100, 0x100);
	guest_sync(2);
	CHECK_EQ(read32(GICD(0x204)) & 0x100, 0);
	/* Active by software, and back. */
	write32(GICD(0x304), 0x20);
	CHECK_EQ(read32(GICD(0x304)), 0x20);
	write32(GICD(0x384), 0x20);
	CHECK_EQ(read32(GICD(0x304)), 0);
	return 7;
}

/* WFI with an interrupt pending that PMR masks must sleep; SPI 42, of high priority, wakes. */
int g_pmr_wake(uint32_t arg)
{
	(void)arg;
	irq_hook = note;
	gic_init();
	gic_enable(40, false, 0xa0, 1);
	gic_enable(42, false, 0x40, 1);
	write32(GICC_PMR, 0x80);
	irq_on();
	guest_sync(1);
	while (!taken[42])
		wfi();
	CHECK_EQ(taken[40], 0);
	return 7;
}

static volatile uint32_t sgis[8][16], sgi_source[8], ready, stop, turns;

static void sgi_note(uint32_t iar)
{
	atomic_add(&sgis[cpu_id()][iar & 15], 1);
	atomic_add(&sgi_source[iar >> 10 & 7], 1);
}

static int sgi_secondary(uint32_t arg)
{
	(void)arg;
	write32(GICC_PMR, 0xf0);
	write32(GICC(0), 1);
	irq_on();
	atomic_add(&ready, 1);
	while (!stop)
		wfi();
	return 0;
}

/* @arg round trips to CPU 1: it is in WFI for each. */
int g_sgi_ping(uint32_t arg)
{
	irq_hook = sgi_note;
	gic_init();
	CHECK_EQ(cpu_on(1, sgi_secondary, 0), 0);
	wait_for(&ready, 1);
	for (uint32_t i = 1; i <= arg; i++) {
		gic_sgi(3, 2);
		wait_for(&sgis[1][3], i);
	}
	stop = 1;
	gic_sgi(4, 2);
	wait_for(&sgis[1][4], 1);
	CHECK_EQ(sgi_source[0], arg + 1);
	return arg;
}

static volatile uint32_t sources_seen;

static void source_note(uint32_t iar)
{
	sources_seen |= 1u << (iar >> 10 & 7);
	atomic_add(&sgis[cpu_id()][iar & 15], 1);
}

static int sgi_sender(uint32_t arg)
{
	(void)arg;
	gic_sgi(5, 1);
	atomic_add(&ready, 1);
	return 0;
}

/* SGI 5 is pending from CPUs 0 and 1 when CPU 0 opens up: once for each. */
int g_sgi_sources(uint32_t arg)
{
	irq_hook = source_note;
	gic_init();
	gic_sgi(5, 1);
	CHECK_EQ(cpu_on(1, sgi_sender, 0), 0);
	wait_for(&ready, 1);
	CHECK_EQ(read32(GICD(0xf24)) >> 8 & 0xff, 3);	/* SPENDSGIR: bytes of SGI 4-7 */
	irq_on();
	wait_for(&sgis[0][5], 2);
	delay(arg);
	CHECK_EQ(sgis[0][5], 2);
	CHECK_EQ(sources_seen, 3);
	return 7;
}

/* The virtual timer: @arg ticks ahead, asleep in WFI. */
int g_vtimer_wfi(uint32_t arg)
{
	uint64_t due;

	gic_init();
	gic_enable(PPI_VTIMER, true, 0xa0, 1);
	for (uint32_t i = 0; i < 20; i++) {
		due = counter() + arg;
		CP15_WRITE64(3, c14, due);
		CP15_WRITE(0, c14, c3, 1, 1);
		isb();
		while (!(CP15_READ(0, c14, c3, 1) & 4))
			wfi();
		CHECK(counter() >= due);
		CHECK_EQ(read32(GICC_IAR), PPI_VTIMER);
		vtimer_stop();
		write32(GICC_EOIR, PPI_VTIMER);
		CHECK_EQ(read32(GICC_IAR), 1023);
	}
	return 20;
}

static volatile uint32_t ticks;

static void vtimer_handler(uint32_t iar)
{
	CHECK_EQ(iar & 0x3ff, PPI_VTIMER);
	atomic_add(&ticks, 1);
	/* Reprogrammed before the EOI: the level falls, then rises at the new time only. */
	vtimer_arm(62500);
}

/* One interrupt for each expiry, @arg of them. */
int g_vtimer_periodic(uint32_t arg)
{
	uint64_t began = counter();

	irq_hook = vtimer_handler;
	gic_init();
	gic_enable(PPI_VTIMER, true, 0xa0, 1);
	vtimer_arm(62500);
	irq_on();
	while (ticks < arg)
		wfi();
	irq_off();
	/* No more interrupts than time allows. */
	CHECK((counter() - began) / 64 >= (uint64_t)ticks * 62500 / 64);
	vtimer_stop();
	return ticks >= arg;
}

/* Expired while masked by IMASK: nothing; unmasked: exactly one. */
int g_vtimer_mask(uint32_t arg)
{
	gic_init();
	gic_enable(PPI_VTIMER, true, 0xa0, 1);
	CP15_WRITE64(3, c14, counter());
	CP15_WRITE(0, c14, c3, 1, 3);
	isb();
	delay(arg);
	CHECK_EQ(read32(GICC_IAR), 1023);
	CP15_WRITE(0, c14, c3, 1, 1);
	isb();
	delay(arg);
	CHECK_EQ(read32(GICC_IAR), PPI_VTIMER);
	CP15_WRITE(0, c14, c3, 1, 0);
	isb();
	write32(GICC_EOIR, PPI_VTIMER);
	delay(arg);
	CHECK_EQ(read32(GICC_IAR), 1023);
	return 7;
}

/* The same of the physical timer, which is emulated. */
int g_ptimer_wfi(uint32_t arg)
{
	gic_init();
	gic_enable(PPI_PTIMER, true, 0xa0, 1);
	for (uint32_t i = 0; i < 10; i++) {
		uint64_t due = CP15_READ64(0, c14) + arg;

		CP15_WRITE64(2, c14, due);
		CHECK(CP15_READ64(2, c14) == due);
		CP15_WRITE(0, c14, c2, 1, 1);
		isb();
		while (!(CP15_READ(0, c14, c2, 1) & 4))
			wfi();
		CHECK(CP15_READ64(0, c14) >= due);
		CHECK_EQ(read32(GICC_IAR), PPI_PTIMER);
		CP15_WRITE(0, c14, c2, 1, 0);
		isb();
		write32(GICC_EOIR, PPI_PTIMER);
		CHECK_EQ(read32(GICC_IAR), 1023);
	}
	return 10;
}

/* Without an interrupt controller: the timer's level goes to user space, IRQs come from there. */
static void raw_irq(enum vector vector, struct frame *frame)
{
	(void)frame;
	CHECK(vector == VEC_IRQ || vector == VEC_FIQ);
	taken[vector]++;
	guest_sync(vector);
}

int g_user_irq(uint32_t arg)
{
	exception_hook = raw_irq;
	asm volatile("cpsie if");
	guest_sync(1);
	wait_for(&taken[VEC_IRQ], arg);
	guest_sync(2);
	wait_for(&taken[VEC_FIQ], arg);
	return 7;
}

int g_user_vtimer(uint32_t arg)
{
	vtimer_arm(arg);
	while (!(CP15_READ(0, c14, c3, 1) & 4))
		;
	for (;;)
		isb();
}

int g_counter(uint32_t arg)
{
	(void)arg;
	for (;;) {
		uint64_t c = counter();

		write32(PORT_A, c);
		write32(PORT_B, c >> 32);
		guest_sync(0);
	}
}

/* WFI until SPI 40, @arg times; each is counted in RAM for the host side. */
int g_wfi_count(uint32_t arg)
{
	volatile uint32_t *count = (void *)GUEST_FREE;

	gic_init();
	gic_enable(40, false, 0xa0, 1);
	guest_sync(1);
	while (*count < arg) {
		uint32_t iar;

		wfi();
		iar = read32(GICC_IAR);
		if (iar == 40) {
			write32(GICC_EOIR, iar);
			++*count;
		}
	}
	return arg;
}

/* WFE: the event of another CPU, or anything, ends it; counted for both. */
static int wfe_peer(uint32_t arg)
{
	atomic_add(&ready, 1);
	while (turns < arg) {
		asm volatile("wfe");
		atomic_add(&turns, 0);
	}
	return 0;
}

int g_wfe_sev(uint32_t arg)
{
	CHECK_EQ(cpu_on(1, wfe_peer, arg), 0);
	wait_for(&ready, 1);
	for (uint32_t i = 0; i < arg; i++) {
		atomic_add(&turns, 1);
		asm volatile("dsb\n\tsev");
	}
	return turns == arg;
}
