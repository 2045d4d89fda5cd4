// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests of kvm_move.c, which takes their VM away and gives them another while they run.  They look whether
 * they could notice.
 */
#include "guest.h"
#include "tests/hyp/move.h"

uint32_t regs_hold(uint32_t seed, uint32_t loops);
void vfp_on(void);

#define SPI_EDGE 40
#define SPI_LEVEL 41
#define SPI_TWICE 42
#define SPI_FALLS 44
#define SGI_MANY 3
#define SGI_OTHER 5

/* GICD by (offset, words, bits that may change by themselves), as far as each CPU sees it. */
static const struct {
	uint16_t offset;
	uint8_t words;
	uint32_t ignore;	/* of the first word */
} dist_words[] = {
	{ 0x000, 1, 0 }, { 0x080, 3, 0 }, { 0x100, 3, 0 }, { 0x200, 1, 1u << PPI_VTIMER | 1u << PPI_PTIMER },
	{ 0x204, 1, 1u << (SPI_FALLS - 32) }, { 0x208, 1, 0 }, { 0x300, 3, 0 }, { 0x400, 24, 0 }, { 0x800, 24, 0 },
	{ 0xc00, 6, 0 }, { 0xf20, 4, 0 },
};
/* CTLR, PMR, BPR, RPR, ABPR, APR0. */
static const uint8_t cpu_words[] = { 0x00, 0x04, 0x08, 0x14, 0x1c, 0xd0 };

struct look {
	uint32_t dist[80], cpu[6], n;
};
static struct look before[2], after[2];
static volatile uint32_t ready, go;

static void look(struct look *l)
{
	l->n = 0;
	for (unsigned int i = 0; i < sizeof(dist_words) / sizeof(dist_words[0]); i++) {
		uint32_t ignore = dist_words[i].ignore;

		/* What pends behind CPU 0's active ones is in its list registers: Linux does not show it to others. */
		if (cpu_id() && dist_words[i].offset == 0x204)
			ignore = ~0u;
		for (unsigned int w = 0; w < dist_words[i].words; w++)
			l->dist[l->n++] = read32(GICD(dist_words[i].offset + 4 * w)) & ~(w ? 0 : ignore);
	}
	for (unsigned int i = 0; i < sizeof(cpu_words); i++)
		l->cpu[i] = read32(GICC(cpu_words[i]));
}

static void same(const struct look *a, const struct look *b)
{
	for (unsigned int i = 0; i < a->n; i++)
		if (a->dist[i] != b->dist[i])
			guest_fail(1000 + (int)i, a->dist[i], b->dist[i]);
	for (unsigned int i = 0; i < sizeof(cpu_words); i++)
		if (a->cpu[i] != b->cpu[i])
			guest_fail(2000 + cpu_words[i], a->cpu[i], b->cpu[i]);
}

/* Until the VM is another. */
static void move(void)
{
	uint32_t moves = guest_ask();

	guest_sync(MOVE_NOW);
	while (guest_ask() == moves)
		;
}

static void take_now(int line, uint32_t iar)
{
	uint32_t got = read32(GICC_IAR);

	if (got != iar)
		guest_fail(line, got, iar);
}
#define take(iar) take_now(__LINE__, iar)

/* An interrupt that another was in the way of: its way to the CPU takes a moment. */
static void take_soon(int line, uint32_t iar)
{
	uint32_t tries = 100000;

	while (read32(GICC(0x18)) != iar && --tries)
		;
	take_now(line, iar);
}

static void __attribute__((noreturn)) sleep_for_ever(void)
{
	for (;;)
		wfi();
}

/* The other CPU: an SGI of CPU 0 waits for it. */
static int gic_other(uint32_t arg)
{
	(void)arg;
	write32(GICC_PMR, 0xc0);
	write32(GICC(0), 1);
	write8(GICD(0x400 + SGI_OTHER), 0x58);
	gic_sgi(SGI_MANY, 1);
	atomic_add(&ready, 1);
	while (go < 1)
		;
	look(&before[1]);
	atomic_add(&ready, 1);
	while (go < 2)
		;
	look(&after[1]);
	same(&before[1], &after[1]);
	take(SGI_OTHER);		/* of CPU 0 */
	write32(GICC_EOIR, SGI_OTHER);
	take(1023);
	atomic_add(&ready, 1);
	sleep_for_ever();
}

static void wait_ready(uint32_t n)
{
	while (ready < n)
		;
}

/* SPIs 64 and on are enabled, configured, in groups; none comes. */
static void gic_patterns(void)
{
	for (uint32_t i = 64; i < 96; i++) {
		write8(GICD(0x400 + i), i * 40 & 0xf8);
		write8(GICD(0x800 + i), 1 + i % 3);
	}
	write32(GICD(0xc10), 0x8a2a80aa);
	write32(GICD(0xc14), 0x2aa8a08a);
	write32(GICD(0x108), 0xa5a5c3c3);
	write32(GICD(0x88), 0x0ff0a55a);
	write8(GICD(0x400 + SGI_MANY), 0xb0);
	write8(GICD(0x400 + 9), 0x38);
}

/* What is left of the physical timer's time, and the virtual count of that moment. */
static uint32_t ptimer_left(uint64_t *count)
{
	uint32_t left;
	uint64_t c;

	do {
		c = counter();
		left = CP15_READ(0, c14, c2, 0);
		isb();
		*count = counter();
	} while (*count - c > 100000);
	return left;
}

static void ptimer_check(uint32_t left, uint64_t count)
{
	uint64_t now;
	uint32_t passed = left - ptimer_left(&now), virt = (uint32_t)(now - count);

	if (passed - virt + 400000 > 800000)
		guest_fail(__LINE__, passed, virt);
}

/* Three active of falling priority, one of them pending again; a level; SGIs of two senders; the timers. */
static void gic_fill(void)
{
	gic_init();
	write32(GICC_PMR, 0xe8);
	write32(GICC(8), 3);
	gic_patterns();
	CHECK_EQ(cpu_on(1, gic_other, 0), 0);
	wait_ready(1);
	gic_enable(SPI_EDGE, false, 0xa0, 1);
	gic_enable(SPI_LEVEL, true, 0x80, 1);
	gic_enable(SPI_TWICE, false, 0x60, 1);
	gic_enable(SPI_FALLS, true, 0xd0, 1);
	guest_sync(MOVE_PULSE + SPI_EDGE);
	take(SPI_EDGE);
	guest_sync(MOVE_RAISE + SPI_LEVEL);
	take(SPI_LEVEL);
	guest_sync(MOVE_PULSE + SPI_TWICE);
	take(SPI_TWICE);
	guest_sync(MOVE_PULSE + SPI_TWICE);
	guest_sync(MOVE_RAISE_UNTIL + SPI_FALLS);
	gic_sgi(SGI_MANY, 1);
	gic_sgi(SGI_OTHER, 2);
	CHECK_EQ(read32(GICC(0x14)), 0x60);
}

static void gic_end_all(void)
{
	CHECK_EQ(read32(GICD(0x204)) & 1u << (SPI_FALLS - 32), 0);
	write32(GICC_EOIR, SPI_TWICE);
	take_soon(__LINE__, SPI_TWICE);
	write32(GICC_EOIR, SPI_TWICE);
	write32(GICC_EOIR, SPI_LEVEL);
	take_soon(__LINE__, SPI_LEVEL);			/* still high */
	guest_sync(MOVE_LOWER + SPI_LEVEL);
	write32(GICC_EOIR, SPI_LEVEL);
	CHECK_EQ(read32(GICC(0x14)), 0xa0);
	write32(GICC_EOIR, SPI_EDGE);
	CHECK_EQ(read32(GICC(0x14)), 0xff);
	take_soon(__LINE__, SGI_MANY);
	write32(GICC_EOIR, SGI_MANY);
	take_soon(__LINE__, SGI_MANY | 1 << 10);		/* the other sender's */
	write32(GICC_EOIR, SGI_MANY | 1 << 10);
	take(1023);
}

/* @arg: MOVE_PTIMER, the physical timer moves as well. */
int g_move_gic(uint32_t arg)
{
	uint32_t hz = CP15_READ(0, c14, c0, 0), left = 0;
	uint64_t due = counter() + (uint64_t)hz * 20, began, phys = 0;

	gic_fill();
	CP15_WRITE64(3, c14, due);
	CP15_WRITE(0, c14, c3, 1, 1);
	if (arg & MOVE_PTIMER) {
		CP15_WRITE(0, c14, c2, 0, hz * 20);
		CP15_WRITE(0, c14, c2, 1, 1);
		isb();
		left = ptimer_left(&phys);
	}
	go = 1;
	wait_ready(2);
	look(&before[0]);
	began = counter();
	move();
	/* The host side waits for MOVE_SECONDS, which must not show. */
	CHECK(counter() >= began);
	CHECK(counter() - began < (uint64_t)hz * MOVE_SECONDS);
	if (arg & MOVE_PTIMER)
		ptimer_check(left, phys);
	CHECK(CP15_READ64(3, c14) == due);
	look(&after[0]);
	same(&before[0], &after[0]);
	go = 2;
	wait_ready(3);
	gic_end_all();
	/* The timer goes on: its interrupt comes at its time. */
	CP15_WRITE64(3, c14, counter() + hz / 50);
	gic_enable(PPI_VTIMER, true, 0x50, 1);
	while (read32(GICC(0x18)) != PPI_VTIMER)
		CHECK(counter() < due + (uint64_t)hz * 60);
	CHECK(CP15_READ(0, c14, c3, 1) & 4);
	take(PPI_VTIMER);
	/* Active, and its level high, in a VM that has yet to learn of both. */
	move();
	CHECK_EQ(read32(GICD(0x300)) >> PPI_VTIMER & 1, 1);
	vtimer_stop();
	write32(GICC_EOIR, PPI_VTIMER);
	take(1023);
	return 7;
}

static int on_other(uint32_t arg)
{
	(void)arg;
	atomic_add(&ready, 1);
	sleep_for_ever();
}

static int off_other(uint32_t arg)
{
	(void)arg;
	atomic_add(&ready, 1);
	hvc(0x84000002, 0, 0, 0);
	guest_fail(__LINE__, 0, 0);
}

static uint32_t other_is_off(void)
{
	return hvc(0x84000004, 1, 0, 0);
}

/*
 * CPU_ON was accepted, and the VM goes before that CPU has heard of it; a CPU that is
 * off stays so and can come again.
 */
int g_move_power(uint32_t arg)
{
	CHECK_EQ(cpu_on(1, off_other, 0), 0);
	move();
	wait_ready(1);
	while (other_is_off() != 1)
		;
	move();
	CHECK_EQ(other_is_off(), 1);
	CHECK_EQ(cpu_on(1, on_other, arg), 0);
	wait_ready(2);
	return (int)arg;
}

/* ---- Under load, moved at any moment ---- */

static volatile uint32_t ping, pong, levels, ticks[2], spurious, end;
static volatile uint64_t latest[2];

static void load_irq(uint32_t iar)
{
	unsigned int cpu = cpu_id();

	switch (iar & 0x3ff) {
	case 1:
		ping++;
		break;
	case 2:
		pong++;
		break;
	case SPI_LEVEL:
		guest_sync(MOVE_LOWER + SPI_LEVEL);
		levels++;
		break;
	case PPI_VTIMER:
		if (!(CP15_READ(0, c14, c3, 1) & 4))
			atomic_add(&spurious, 1);
		ticks[cpu]++;
		vtimer_arm(CP15_READ(0, c14, c0, 0) / 100);
		break;
	default:
		guest_fail(__LINE__, iar, cpu);
	}
}

static volatile uint32_t polling;

/* In the place of exceptions. */
static void poll(void)
{
	uint32_t iar;

	while (polling && (iar = read32(GICC_IAR)) != 1023) {
		load_irq(iar);
		write32(GICC_EOIR, iar);
	}
}

static void load_begin(void)
{
	vfp_on();
	write32(GICC_PMR, 0xf0);
	write32(GICC(0), 1);
	gic_enable(PPI_VTIMER, true, 0x80, 1);
	vtimer_arm(1000);
	if (!polling)
		irq_on();
}

static void load_step(uint32_t seed)
{
	unsigned int cpu = cpu_id();
	uint64_t now;
	uint32_t bad = regs_hold(seed * 0x10001 + cpu, 300);

	if (bad)
		guest_fail(__LINE__, bad, cpu);
	now = counter();
	CHECK(now >= latest[cpu]);
	latest[cpu] = now;
	poll();
}

static int load_other(uint32_t arg)
{
	uint32_t seen = 0;

	(void)arg;
	load_begin();
	while (!end) {
		load_step(seen);
		if (ping == seen)
			continue;
		CHECK_EQ(ping, ++seen);
		gic_sgi(2, 1);
	}
	irq_off();
	vtimer_stop();
	atomic_add(&ready, 1);
	sleep_for_ever();
}

/* Until it was moved @arg times (MOVE_POLL aside). */
int g_move_load(uint32_t arg)
{
	uint32_t round = 0, raised = 0;

	polling = arg & MOVE_POLL;
	arg &= ~MOVE_POLL;
	irq_hook = load_irq;
	gic_init();
	gic_enable(SPI_LEVEL, true, 0xa0, 1);
	CHECK_EQ(cpu_on(1, load_other, 0), 0);
	load_begin();
	do {
		gic_sgi(1, 2);
		round++;
		while (pong < round)
			load_step(round);
		CHECK_EQ(pong, round);
		if (round % 4)
			continue;
		guest_sync(MOVE_RAISE + SPI_LEVEL);
		raised++;
		while (levels < raised)
			load_step(~round);
		CHECK_EQ(levels, raised);
	} while (guest_ask() < arg);
	irq_off();
	vtimer_stop();
	end = 1;
	wait_ready(1);
	CHECK_EQ(spurious, 0);
	CHECK(ticks[0] && ticks[1]);
	write32(PORT_A, ticks[0] + ticks[1]);
	return (int)round;
}

/* LDM and STM to a device: each beat once, in order, wherever the VM is stopped.  @arg rounds of 4 words. */
int g_move_beats(uint32_t arg)
{
	uint32_t next = 0;

	for (uint32_t i = 0; i < arg; i++) {
		uint32_t a, b, c, d;

		asm volatile("mov r8, %4\n\tldmia r8, {r4-r7}\n\tstmia r8, {r4-r7}\n\t"
			     "mov %0, r4\n\tmov %1, r5\n\tmov %2, r6\n\tmov %3, r7"
			     : "=r"(a), "=r"(b), "=r"(c), "=r"(d) : "r"(MOVE_FIFO)
			     : "r4", "r5", "r6", "r7", "r8", "memory");
		CHECK_EQ(a, next);
		CHECK_EQ(b, next + 1);
		CHECK_EQ(c, next + 2);
		CHECK_EQ(d, next + 3);
		next += 4;
	}
	return (int)next;
}

/* The same with a word at a time, for kernels that carry out no more. */
int g_move_words(uint32_t arg)
{
	for (uint32_t i = 0; i < arg * 4; i++) {
		uint32_t v = read32(MOVE_FIFO);

		CHECK_EQ(v, i);
		write32(MOVE_FIFO, v);
	}
	return (int)arg * 4;
}

/* At each sync the pages GUEST_FREE + @arg * i, i < 40, are written, from the next page of each on. */
int g_move_dirty(uint32_t arg)
{
	for (uint32_t round = 1; round <= 3; round++) {
		for (uint32_t i = 0; i < MOVE_DIRTY_PAGES; i++)
			*(volatile uint32_t *)(GUEST_FREE + (arg * i + round) * 4096 + i * 4) = round;
		dsb();
		guest_sync(MOVE_DIRTY + round);
		while (guest_ask() < round)
			;
	}
	return 3;
}
