/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Each round all CPUs set all registers to other values, change memory, count
 * under locks and with exclusives, interrupt each other, and look whether
 * everything is what it was made.  A timer of each ticks all the while.
 *
 * "round N ok at MS" comes every PRINT rounds, by the counter; "FAIL cpu C round N WHAT got X want Y"; at the
 * end "selftest: N rounds, F failed" and power off.  The number of rounds is
 * "rounds=N" on the kernel's command line, else ROUNDS; 0: for ever.  "ticks=N" is how often the timers
 * tick a second, else TICKS: a host that is emulated itself may be too slow for these.
 *
 * With SPOIL=N the N-th thing is made wrong in the fifth round, to see that it is noticed.
 */
#include "tests/migrate/guest/selftest.h"

#ifndef ROUNDS
#define ROUNDS 0
#endif
#define PRINT 10
#define MAX_FAILURES 20
#define TICKS 500u		/* of each CPU's timer, a second */
#define PATIENCE 60u		/* seconds by the counter that an interrupt may take */

#define SLICES 64u
#define SLICE 8192u		/* words of 64 bits */
#define ADDS 200u

#define SGI_BASE 8u		/* SGI_BASE + n comes from CPU n */
#define TIMER_IRQ 27u
#define SPI_BASE 96u		/* 32 that no device has; the first 8 by CPU are made pending by software */
#define SPIS 32u
#define SPI_PENDING (SPI_BASE + 24)	/* these stay what they are */
#define SPI_ACTIVE (SPI_BASE + 25)

struct cpu {
	volatile u32 sgis[MAX_CPUS];	/* by sender */
	volatile u32 spis;
	volatile u32 ticks, spurious;
	u64 timer_start, timer_next;
	u64 seed;			/* of the registers now */
	u32 gicd_banked[8];
	bool has_regs;
} __attribute__((aligned(64)));

static struct cpu cpus[MAX_CPUS];
static unsigned int ncpus;
static u32 rounds = ROUNDS, ticks_per_s = TICKS;
static volatile u32 round_now, failures, print_lock;
static volatile u32 barrier_count, barrier_turn;
static volatile u32 the_lock, exclusive_sum;
static u64 locked_sum, locked_clock;
static u64 area[SLICES][SLICE];
static u32 slice_gen[SLICES];

static u32 gicd_cfg[SPIS / 16], gicd_prio[SPIS / 4], gicd_targets[SPIS / 4], gicc_bpr;

u64 mix(u64 a, u64 b)
{
	u64 x = a * 0x9e3779b97f4a7c15ull + b;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

/* 32-bit compilers want a library for it. */
static u64 divide(u64 n, u32 d)
{
	u64 q = 0, r = 0;

	for (int i = 63; i >= 0; i--) {
		r = r << 1 | (n >> i & 1);
		if (r >= d) {
			r -= d;
			q |= 1ull << i;
		}
	}
	return q;
}

/* ---- output ---- */

void print(const char *text)
{
	for (; *text; text++) {
		while (rd((u32)UART + 0x18) & 0x20)
			;
		wr((u32)UART, (u8)*text);
	}
}

static void print_x(u64 v)
{
	char text[19];
	unsigned int n = 18;

	text[n] = 0;
	do
		text[--n] = "0123456789abcdef"[v & 15];
	while (v >>= 4);
	text[--n] = 'x';
	text[--n] = '0';
	print(text + n);
}

static void print_d(u32 v)
{
	char text[11];
	unsigned int n = 10;

	text[n] = 0;
	do
		text[--n] = '0' + v % 10;
	while (v /= 10);
	print(text + n);
}

static void end(void) __attribute__((noreturn));
static void end(void)
{
	print("selftest: ");
	print_d(round_now);
	print(" rounds, ");
	print_d(failures);
	print(" failed\n");
	power_off();
}

static void fail_text(const char *what, bool numbered, unsigned int n, u64 got, u64 want)
{
	bool irqs = arch_irqs(false);

	lock(&print_lock);
	print("FAIL cpu ");
	print_d(cpu_id());
	print(" round ");
	print_d(round_now);
	print(" ");
	print(what);
	if (numbered)
		print_d(n);
	print(" got ");
	print_x(got);
	print(" want ");
	print_x(want);
	print("\n");
	if (++failures >= MAX_FAILURES)
		end();
	unlock(&print_lock);
	arch_irqs(irqs);
}

void fail(const char *what, u64 got, u64 want)
{
	fail_text(what, false, 0, got, want);
}

void fail_n(const char *what, unsigned int n, u64 got, u64 want)
{
	fail_text(what, true, n, got, want);
}

/* No lock: who holds it may be the one. */
void unexpected(const char *what, u64 a, u64 b, u64 c)
{
	print("FAIL cpu ");
	print_d(cpu_id());
	print(" ");
	print(what);
	print(" ");
	print_x(a);
	print(" ");
	print_x(b);
	print(" ");
	print_x(c);
	print(" got an exception want none\n");
	failures++;
	end();
}

/* ---- all CPUs ---- */

static void barrier(void)
{
	u32 turn = barrier_turn;

	dmb();
	if (add32(&barrier_count, 1) == ncpus) {
		barrier_count = 0;
		dmb();
		barrier_turn = turn + 1;
		sev();
		return;
	}
	while (barrier_turn == turn)
		wfe();
	dmb();
}

/* ---- time ---- */

static void take_tick(struct cpu *c)
{
	u32 ctl = arch_timer_ctl();
	u64 cval = arch_timer_cval();

	if (cval != c->timer_next)
		fail("CNTV_CVAL", cval, c->timer_next);
	if (!(ctl & 4)) {
		c->spurious++;	/* the line took its time */
		return;
	}
	if (ctl != 5)
		fail("CNTV_CTL", ctl, 5);
	if (arch_count() < cval)
		fail("a tick before its time", arch_count(), cval);
	c->ticks++;
	c->timer_next += arch_hz() / ticks_per_s;
	arch_timer_set(c->timer_next);
}

static void start_timer(struct cpu *c)
{
	c->timer_start = arch_count();
	c->timer_next = c->timer_start + arch_hz() / ticks_per_s;
	arch_timer_set(c->timer_next);
}

/* As many ticks as the counter says: never more, and what is due comes. */
static void check_ticks(struct cpu *c)
{
	u64 begin, due;
	u32 ticks;

	arch_irqs(false);
	ticks = c->ticks;
	begin = arch_count();
	due = divide(begin - c->timer_start, arch_hz() / ticks_per_s);
	arch_irqs(true);
	if (ticks > due)
		fail("ticks", ticks, due);
	while (c->ticks < due) {
		if (arch_count() - begin > (u64)PATIENCE * arch_hz()) {
			fail("ticks lost", c->ticks, due);
			return;
		}
	}
}

/* The count goes forward here, and from CPU to CPU. */
static void check_clock(void)
{
	for (unsigned int i = 0; i < 20; i++) {
		u64 now, last;

		arch_irqs(false);
		lock(&the_lock);
		last = locked_clock;
		now = locked_clock = arch_count();
		unlock(&the_lock);
		arch_irqs(true);
		if (now < last)
			fail("CNTVCT backwards", now, last);
	}
}

/* ---- interrupts ---- */

void irq(void)
{
	struct cpu *c = &cpus[cpu_id()];
	u32 iar = rd(GICC + 0xc), id = iar & 1023, from = iar >> 10 & 7;

	if (id >= 1020)
		return;
	if (id == TIMER_IRQ) {
		take_tick(c);
	} else if (id >= SGI_BASE && id < SGI_BASE + ncpus) {
		if (from != id - SGI_BASE)
			fail("source of SGI", from, id - SGI_BASE);
		c->sgis[id - SGI_BASE]++;
	} else if (id == SPI_BASE + cpu_id()) {
		c->spis++;
	} else {
		fail("interrupt", id, TIMER_IRQ);
	}
	wr(GICC + 0x10, iar);
	sev();
}

/* So many have come until now: none too many. */
static void expect(volatile u32 *n, u32 want, const char *what, unsigned int which)
{
	if (*n == want)
		return;
	fail_n(what, which, *n, want);
	*n = want;
}

/* Until *@n is @want. */
static void await(volatile u32 *n, u32 want, const char *what, unsigned int which)
{
	u64 begin = arch_count();

	while (*n != want) {
		if (*n > want || arch_count() - begin > (u64)PATIENCE * arch_hz()) {
			fail_n(what, which, *n, want);
			*n = want;
		}
	}
}

/* One to each CPU, itself too, and one SPI to the next. */
static void interrupt_others(unsigned int me, u32 round)
{
	unsigned int next = (me + 1) % ncpus;

	for (unsigned int to = 0; to < ncpus; to++) {
		expect(&cpus[to].sgis[me], round - 1, "SGIs before this to cpu ", to);
		dmb();
		wr(GICD + 0xf00, 1u << (16 + to) | (SGI_BASE + me));
		await(&cpus[to].sgis[me], round, "SGIs from this to cpu ", to);
	}
	expect(&cpus[next].spis, round - 1, "SPIs before this to cpu ", next);
	wr(GICD + 0x200 + (SPI_BASE + next) / 32 * 4, 1u << (SPI_BASE + next) % 32);
	await(&cpus[next].spis, round, "SPIs to cpu ", next);
}

static u32 spi_at(u32 reg, unsigned int per_word, unsigned int i)
{
	return GICD + reg + SPI_BASE / per_word * 4 + 4 * i;
}

/* What software may choose, by CPU 0; read back once, as implementations differ in it. */
static void set_up_gicd(void)
{
	wr(GICD, 1);
	wr(spi_at(0x180, 32, 0), ~0u);
	for (unsigned int i = 0; i < SPIS / 16; i++) {
		u32 cfg = (u32)mix(1, i) & 0xaaaaaaaa;

		/* those that are made pending, and stay it, are edges */
		if (i == 0)
			cfg |= 0xaaaa;
		else
			cfg |= 0xa << 16;
		wr(spi_at(0xc00, 16, i), cfg);
		gicd_cfg[i] = rd(spi_at(0xc00, 16, i));
		if ((gicd_cfg[i] ^ cfg) & 0xaaaaaaaa)
			fail("GICD_ICFGR", gicd_cfg[i], cfg);
	}
	for (unsigned int i = 0; i < SPIS / 4; i++) {
		u32 targets = 0, prio = (u32)mix(2, i) & 0x70707070;

		for (unsigned int k = 0; k < 4; k++) {
			unsigned int n = 4 * i + k, mask = (unsigned int)mix(3, n) & ((1u << ncpus) - 1);

			targets |= (n < ncpus ? 1u << n : mask) << 8 * k;
		}
		wr(spi_at(0x400, 4, i), prio);
		wr(spi_at(0x800, 4, i), targets);
		gicd_prio[i] = rd(spi_at(0x400, 4, i));
		gicd_targets[i] = rd(spi_at(0x800, 4, i));
		if ((gicd_prio[i] ^ prio) & 0xf0f0f0f0)
			fail("GICD_IPRIORITYR", gicd_prio[i], prio);
		if (ncpus > 1 && gicd_targets[i] != targets)
			fail("GICD_ITARGETSR", gicd_targets[i], targets);
	}
	wr(spi_at(0x200, 32, 0), 1u << (SPI_PENDING - SPI_BASE));
	wr(spi_at(0x300, 32, 0), 1u << (SPI_ACTIVE - SPI_BASE));
	wr(spi_at(0x100, 32, 0), 0x00ff00ff);
}

static void set_up_gicc(struct cpu *c)
{
	wr(GICD + 0x180, 0xffff0000);
	for (unsigned int i = 0; i < 8; i++) {
		wr(GICD + 0x400 + 4 * i, (u32)mix(4 + cpu_id(), i) & 0x70707070);
		c->gicd_banked[i] = rd(GICD + 0x400 + 4 * i);
	}
	wr(GICD + 0x100, 1u << TIMER_IRQ | 0xffff);
	wr(GICC + 8, 3);
	if (cpu_id() == 0)
		gicc_bpr = rd(GICC + 8);
	wr(GICC + 4, 0xf0);
	wr(GICC, 1);
}

static void check_gicd(void)
{
	static const struct {
		const char *name;
		u32 reg, mask, want;
	} rows[] = {
		{ "GICD_CTLR", 0, 1, 1 },
		{ "GICD_ISENABLER3", 0x100 + SPI_BASE / 8, ~0u, 0x00ff00ff },
		{ "GICD_ISPENDR3", 0x200 + SPI_BASE / 8, 0xff000000, 1u << (SPI_PENDING - SPI_BASE) },
		{ "GICD_ISACTIVER3", 0x300 + SPI_BASE / 8, 0xff000000, 1u << (SPI_ACTIVE - SPI_BASE) },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		u32 got = rd(GICD + rows[i].reg) & rows[i].mask;

		if (got != rows[i].want)
			fail(rows[i].name, got, rows[i].want);
	}
	for (unsigned int i = 0; i < SPIS / 16; i++)
		if (rd(spi_at(0xc00, 16, i)) != gicd_cfg[i])
			fail_n("GICD_ICFGR +", i, rd(spi_at(0xc00, 16, i)), gicd_cfg[i]);
	for (unsigned int i = 0; i < SPIS / 4; i++) {
		if (rd(spi_at(0x400, 4, i)) != gicd_prio[i])
			fail_n("GICD_IPRIORITYR +", i, rd(spi_at(0x400, 4, i)), gicd_prio[i]);
		if (rd(spi_at(0x800, 4, i)) != gicd_targets[i])
			fail_n("GICD_ITARGETSR +", i, rd(spi_at(0x800, 4, i)), gicd_targets[i]);
	}
}

static void check_gic(const struct cpu *c)
{
	u32 want = 1u << TIMER_IRQ | 0xffff;

	if (rd(GICD + 0x100) != want)
		fail("GICD_ISENABLER0", rd(GICD + 0x100), want);
	for (unsigned int i = 0; i < 8; i++)
		if (rd(GICD + 0x400 + 4 * i) != c->gicd_banked[i])
			fail_n("GICD_IPRIORITYR", i, rd(GICD + 0x400 + 4 * i), c->gicd_banked[i]);
	if (rd(GICC) != 1)
		fail("GICC_CTLR", rd(GICC), 1);
	if (rd(GICC + 4) != 0xf0)
		fail("GICC_PMR", rd(GICC + 4), 0xf0);
	if (rd(GICC + 8) != gicc_bpr)
		fail("GICC_BPR", rd(GICC + 8), gicc_bpr);
	if (cpu_id() == 0)
		check_gicd();
}

/* ---- registers ---- */

static u64 reg_value(u64 seed, unsigned int i)
{
	return (mix(seed, 1000 + i) & arch_regs[i].mask) | arch_regs[i].fixed;
}

static void check_regs(unsigned int cpu)
{
	const struct cpu *c = &cpus[cpu];

	if (!c->has_regs)
		return;
	for (unsigned int i = 0; i < arch_nregs; i++) {
		u64 mask = arch_regs[i].mask | arch_regs[i].fixed, got = arch_regs[i].read() & mask;

		if (got != reg_value(c->seed, i))
			fail(arch_regs[i].name, got, reg_value(c->seed, i));
	}
	arch_check_modes(cpu, c->seed);
}

static void set_regs(unsigned int cpu, u32 round)
{
	struct cpu *c = &cpus[cpu];

	c->seed = mix(round, cpu);
	for (unsigned int i = 0; i < arch_nregs; i++)
		arch_regs[i].write(reg_value(c->seed, i));
	c->has_regs = true;
	arch_hold(cpu, c->seed);
}

/* ---- memory ---- */

static u64 next_word(u64 v)
{
	return v * 6364136223846793005ull + 1442695040888963407ull;
}

static void check_slice(unsigned int s)
{
	u64 v = mix(s, slice_gen[s]);

	for (unsigned int i = 0; slice_gen[s] && i < SLICE; i++, v = next_word(v)) {
		if (area[s][i] == v)
			continue;
		fail_n("memory: slice ", s, area[s][i], v);
		fail_n("memory: its word ", i, slice_gen[s], 0);
		break;
	}
}

static void change_slice(unsigned int s)
{
	u64 v = mix(s, ++slice_gen[s]);

	for (unsigned int i = 0; i < SLICE; i++, v = next_word(v))
		area[s][i] = v;
}

/* A quarter of the slices each round, each by another CPU than the last time. */
static void work_on_memory(unsigned int cpu, u32 round)
{
	for (unsigned int s = round % 4; s < SLICES; s += 4) {
		if ((s / 4 + round / 4) % ncpus != cpu)
			continue;
		check_slice(s);
		change_slice(s);
	}
}

static void count_things(void)
{
	for (unsigned int i = 0; i < ADDS; i++) {
		add32(&exclusive_sum, 1);
		if (i % 8)
			continue;
		arch_irqs(false);
		lock(&the_lock);
		locked_sum++;
		unlock(&the_lock);
		arch_irqs(true);
	}
}

static void check_sums(u32 round)
{
	u64 locked = (u64)round * ncpus * (ADDS / 8);

	if (exclusive_sum != round * ncpus * ADDS)
		fail("count by exclusives", exclusive_sum, round * ncpus * ADDS);
	if (locked_sum != locked)
		fail("count under a lock", locked_sum, locked);
}

/* ---- the rounds ---- */

#ifdef SPOIL
static void spoil(unsigned int cpu, u32 round)
{
	struct cpu *c = &cpus[cpu];

	if (round != 5 || cpu)
		return;
	switch (SPOIL) {
	case 0:
		area[round % 4][SLICE / 2] ^= 1;
		slice_gen[round % 4] += !slice_gen[round % 4];
		check_slice(round % 4);
		break;
	case 1:
		arch_regs[0].write(arch_regs[0].read() ^ 1);
		break;
	case 2:
		c->seed++;	/* what only arch_check_modes() and the last of the registers see */
		break;
	case 3:
		c->ticks += 1000000;
		break;
	case 4:
		c->sgis[0]++;
		break;
	case 5:
		locked_sum--;
		break;
	case 6:
		exclusive_sum++;
		break;
	case 7:
		locked_clock = ~0ull;
		break;
	case 8:
		wr(spi_at(0x180, 32, 0), 1u << 16);
		break;
	case 9:
		wr(GICC + 4, 0xe0);
		break;
	case 10:
		wr(spi_at(0x280, 32, 0), 1u << (SPI_PENDING - SPI_BASE));
		break;
	case 11:
		c->timer_next++;
		break;
	case 12:
		wr(GICD + 0x200 + SPI_BASE / 8, 1);
		break;
	}
}
#else
static void spoil(unsigned int cpu, u32 round)
{
	(void)cpu, (void)round;
}
#endif

static void one_round(unsigned int cpu, u32 round)
{
	struct cpu *c = &cpus[cpu];

	check_regs(cpu);
	set_regs(cpu, round);
	work_on_memory(cpu, round);
	count_things();
	spoil(cpu, round);
	interrupt_others(cpu, round);
	check_clock();
	check_ticks(c);
	check_gic(c);
	check_regs(cpu);
}

static void end_of_round(u32 round)
{
	check_sums(round);
	round_now = round;
	if (round % PRINT == 0) {
		bool irqs = arch_irqs(false);

		lock(&print_lock);
		print("round ");
		print_d(round);
		print(failures ? " bad at " : " ok at ");
		print_d((u32)divide(arch_count() * 1000, arch_hz()));
		print("\n");
		unlock(&print_lock);
		arch_irqs(irqs);
	}
	if (!rounds || round < rounds)
		return;
	for (unsigned int s = 0; s < SLICES; s++)
		check_slice(s);
	end();
}

static void run_cpu(unsigned int cpu)
{
	struct cpu *c = &cpus[cpu];

	if (cpu)
		arch_init(cpu);
	set_up_gicc(c);
	barrier();
	if (cpu == 0)
		set_up_gicd();
	barrier();
	start_timer(c);
	arch_irqs(true);
	for (u32 round = 1;; round++) {
		one_round(cpu, round);
		barrier();
		if (cpu == 0)
			end_of_round(round);
		barrier();
	}
}

static u32 be32(const u8 *p)
{
	return (u32)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

/* "@key=N" anywhere in the tree: nothing else there is called so. */
static void read_number(const u8 *fdt, u32 size, const char *key, u32 *n)
{
	for (u32 i = 0; i + 16 < size; i++) {
		unsigned int k = 0;

		while (key[k] && fdt[i + k] == (u8)key[k])
			k++;
		if (key[k])
			continue;
		*n = 0;
		for (i += k; i < size && fdt[i] >= '0' && fdt[i] <= '9'; i++)
			*n = *n * 10 + fdt[i] - '0';
		return;
	}
}

static void read_tree(const u8 *fdt)
{
	if (!fdt || ((unsigned long)fdt & 3) || be32(fdt) != 0xd00dfeed)
		return;
	read_number(fdt, be32(fdt + 4), "rounds=", &rounds);
	read_number(fdt, be32(fdt + 4), "ticks=", &ticks_per_s);
}

/* The tree comes in the first or in the third argument. */
int main(const u8 *x0, unsigned long x1, const u8 *x2);
int main(const u8 *x0, unsigned long x1, const u8 *x2)
{
	(void)x1;
#ifdef __aarch64__
	(void)x2;
	read_tree(x0);
#else
	(void)x0;
	read_tree(x2);
#endif
	ncpus = (rd(GICD + 4) >> 5 & 7) + 1;
	print("selftest: ");
	print_d(ncpus);
	print(" CPUs\n");
	arch_init(0);	/* the others use its tables */
	for (unsigned int i = 1; i < ncpus; i++)
		arch_start(i, run_cpu);
	run_cpu(0);
	return 0;
}
