// SPDX-License-Identifier: GPL-2.0-only
/* Guests of t_mem.c, t_psci.c and t_trap.c. */
#include "guest.h"

/* Adds one to the first word of each of the @arg pages from GUEST_FREE, and syncs; for ever. */
int g_touch_pages(uint32_t arg)
{
	for (;;) {
		for (uint32_t i = 0; i < arg; i++)
			++*(volatile uint32_t *)(GUEST_FREE + i * 4096);
		guest_sync(arg);
	}
}

/* The same at 0x90000000, after a sync of 0: then its own pages are there. */
int g_touch_far(uint32_t arg)
{
	guest_sync(0);
	for (;;) {
		for (uint32_t i = 0; i < arg; i++)
			++*(volatile uint32_t *)(0x90000000 + i * 4096);
		guest_sync(arg);
	}
}

/* Stores to one page, whose number the host side says. */
int g_store_page(uint32_t arg)
{
	for (;;) {
		uint32_t page = guest_ask();

		*(volatile uint32_t *)(GUEST_FREE + page * 4096) = arg;
		guest_sync(page);
	}
}

/* A slot that is read only at GUEST_FREE + 32 MiB: reads, a write that goes to user space, an exclusive. */
int g_readonly(uint32_t base)
{
	uint32_t v;

	CHECK_EQ(read32(base), 0x11223344);
	write32(base + 4, 0xabcd);
	CHECK_EQ(read32(base + 4), 0x55667788);
	/* LDREX/STREX to it must not hang; whether it aborts or goes to user space is the hypervisor's. */
	fault_expect(VEC_DABT);
	asm volatile("ldrex r2, [%1]\n\tstrex %0, r2, [%1]" : "=&r"(v) : "r"(base) : "r2", "memory");
	fault_taken();
	CHECK_EQ(read32(base), 0x11223344);
	return 7;
}

/* Reads the word at @arg for ever; each change is reported. */
int g_watch(uint32_t arg)
{
	uint32_t old = 0;

	for (;;) {
		uint32_t v = read32(arg);

		if (v != old)
			guest_sync(v);
		old = v;
	}
}

/* Each CPU has @arg pages of its own at GUEST_FREE: fills them with a pattern and checks them, 8 rounds. */
static volatile uint32_t done;

static int hammer_one(uint32_t arg)
{
	unsigned int cpu = cpu_id();
	volatile uint32_t *p = (void *)(GUEST_FREE + cpu * arg * 4096);

	for (uint32_t round = 0; round < 8; round++) {
		for (uint32_t i = 0; i < arg; i++)
			p[i * 1024 + cpu] = i << 8 ^ round ^ cpu << 24;
		for (uint32_t i = 0; i < arg; i++)
			CHECK_EQ(p[i * 1024 + cpu], i << 8 ^ round ^ cpu << 24);
	}
	atomic_add(&done, 1);
	return 0;
}

int g_hammer(uint32_t arg)
{
	for (unsigned int cpu = 1; cpu < (arg >> 16); cpu++)
		CHECK_EQ(cpu_on(cpu, hammer_one, arg & 0xffff), 0);
	hammer_one(arg & 0xffff);
	while (done < (arg >> 16))
		;
	return 7;
}

static void check_stamp(uint32_t got, uint32_t page, uint32_t round, uint32_t check)
{
	uint32_t want = STAMP(page, round);

	if (!round || got == want || ((check & STAMP_ZERO_OK) && !got))
		return;
	if ((check & STAMP_OLDER_OK) && got - STAMP(page, 0) <= round)
		return;
	guest_fail(__LINE__, got, want);
}

/* Stamps pages and checks those of the round before, see ports.h; syncs after each round. */
int g_stamp(uint32_t arg)
{
	uint32_t pages = arg & 0xffff, check = arg >> 16;
	uint32_t base = check & STAMP_FAR ? STAMP_FAR_BASE : GUEST_FREE + cpu_id() * pages * 4096;

	for (uint32_t round = 0;; round++) {
		for (uint32_t page = 0; page < pages; page++) {
			uint32_t p = base + page * 4096;

			check_stamp(read32(p), page, round, check);
			check_stamp(read32(p + 4092), page, round, check);
			write32(p, STAMP(page, round + 1));
			write32(p + 4092, STAMP(page, round + 1));
		}
		guest_sync(round + 1);
	}
}

/* Each of @arg pages has a function that returns the page's number, or the first one ~0: the end. */
int g_call_pages(uint32_t arg)
{
	uint32_t (*fn)(void);

	for (uint32_t round = 0;; round++) {
		for (uint32_t page = 0; page < arg; page++) {
			uint32_t got;

			fn = (void *)(GUEST_FREE + page * 4096);
			got = fn();
			if (!page && got == ~0u)
				return (int)round;
			CHECK_EQ(got, page);
		}
		guest_sync(round + 1);
	}
}

/* What the word at @arg is; again and again. */
int g_peek(uint32_t arg)
{
	for (;;)
		guest_sync(read32(arg));
}

/* A page with a number in it, read again and again: never another number. */
int g_own_number(uint32_t arg)
{
	volatile uint32_t *p = (void *)GUEST_FREE;

	for (;;) {
		*p = arg;
		dsb();
		for (int i = 0; i < 100; i++)
			CHECK_EQ(*p, arg);
		guest_sync(arg);
		CHECK_EQ(*p, arg);
	}
}

/* ---- PSCI ---- */

static volatile uint32_t starts, results[8], go;

static int psci_target(uint32_t arg)
{
	atomic_add(&starts, 1);
	CHECK_EQ(arg, 0x1234);
	return 0;
}

static int psci_racer(uint32_t arg)
{
	(void)arg;
	while (!go)
		;
	results[1] = cpu_on(2, psci_target, 0x1234);
	atomic_add(&done, 1);
	return 0;
}

/* Two CPUs switch CPU 2 on at once: one succeeds. */
int g_psci_race(uint32_t arg)
{
	(void)arg;
	CHECK_EQ(cpu_on(1, psci_racer, 0), 0);
	delay(1000);
	go = 1;
	dsb();
	results[0] = cpu_on(2, psci_target, 0x1234);
	while (done < 1 || starts < 1)
		;
	CHECK((results[0] == 0) != (results[1] == 0));
	/* ALREADY_ON or ON_PENDING */
	CHECK_EQ((results[0] | results[1]) == (uint32_t)-4 || (results[0] | results[1]) == (uint32_t)-5, true);
	CHECK_EQ(starts, 1);
	return 7;
}

static int psci_off(uint32_t arg)
{
	(void)arg;
	atomic_add(&starts, 1);
	hvc(0x84000002, 0, 0, 0);
	return 99;
}

/* CPU_ON, CPU_OFF, AFFINITY_INFO, bad arguments; then SYSTEM_OFF. */
int g_psci_calls(uint32_t arg)
{
	CHECK_EQ(hvc(0x84000004, 1, 0, 0), 1);				/* off */
	CHECK_EQ(cpu_on(1, psci_off, 0), 0);
	while (!starts)
		;
	while (hvc(0x84000004, 1, 0, 0) != 1)
		;
	CHECK_EQ(cpu_on(1, psci_off, 0), 0);				/* and again */
	while (starts < 2)
		;
	CHECK_EQ(hvc(0x84000004, 0, 0, 0), 0);				/* this one is on */
	CHECK_EQ(hvc(0x84000003, 77, 0x80000000, 0), (uint32_t)-2);
	CHECK_EQ(hvc(0x84000003, 0, 0x80000000, 0), (uint32_t)-4);	/* already on */
	CHECK_EQ(hvc(0x84000004, 99, 0, 0), (uint32_t)-2);
	CHECK_EQ(hvc(0x84000004, 0, 5, 0), (uint32_t)-2);
	CHECK_EQ(hvc(0x84000006, 0, 0, 0), 2);				/* MIGRATE_INFO_TYPE */
	CHECK_EQ(hvc(0x8400001f, 0, 0, 0), (uint32_t)-1);		/* none of ours */
	CHECK_EQ(hvc(0xdeadbeef, 0, 0, 0), (uint32_t)-1);
	if (arg)
		hvc(0x84000000 + arg, 0, 0, 0);				/* 8: off, 9: reset */
	/* Only when user space goes on though it was told. */
	return 55;
}

/* SMCCC: the version, and what it says of itself. */
int g_smccc(uint32_t arg)
{
	CHECK_EQ(hvc(0x80000000, 0, 0, 0), 0x10001);
	CHECK_EQ(hvc(0x8400000a, 0x80000000, 0, 0), 0);
	CHECK_EQ(hvc(0x8400000a, 0x84000003, 0, 0), 0);
	CHECK_EQ(hvc(0x8400000a, 0x84001234, 0, 0), (uint32_t)-1);
	(void)arg;
	return 7;
}

/* ---- Traps ---- */

static volatile uint32_t undefs;

static void undef_hook(enum vector vector, struct frame *frame)
{
	if (vector != VEC_UNDEF)
		guest_fail(__LINE__, vector, frame->pc);
	/* The return address of an undefined ARM instruction is the next one's. */
	undefs++;
}

/* Conditions that fail: HVC, MCR, WFI and a device access are skipped, not emulated. */
int g_cond_fail(uint32_t arg)
{
	uint32_t v = 0x77;

	(void)arg;
	asm volatile(".arch_extension virt\n\t"
		     "cmp %0, %0\n\t"
		     "mov r0, #0x84000000\n\t"
		     "add r0, r0, #8\n\t"
		     "bne 1f\n\t"
		     "wfine\n\t"
		     "ldrne %0, [%1]\n\t"
		     "strne %0, [%1]\n\t"
		     "mcrne p15, 0, r0, c1, c0, 1\n\t"
		     "mrcne p15, 0, %0, c1, c0, 1\n"
		     "1:"
		     : "+r"(v) : "r"(GUEST_HOLE) : "r0", "r1", "r2", "r3", "cc", "memory");
	CHECK_EQ(v, 0x77);
	return 7;
}

/* cp15 that does not exist is undefined; what a stock kernel touches is not. */
int g_cp15(uint32_t arg)
{
	(void)arg;
	exception_hook = undef_hook;
	CP15_READ(0, c1, c0, 1);			/* ACTLR */
	CP15_READ(1, c9, c0, 2);			/* L2CTLR */
	CP15_READ(1, c9, c0, 3);			/* L2ECTLR */
	CP15_READ(0, c9, c12, 0);			/* PMCR */
	CP15_WRITE(0, c9, c12, 2, 1);			/* PMCNTENCLR */
	CP15_READ(0, c9, c13, 0);			/* PMCCNTR */
	CP15_READ(4, c15, c0, 0);			/* CBAR */
	CP15_WRITE(0, c7, c14, 2, 0);			/* DCCISW */
	CP15_WRITE(0, c7, c10, 2, 0);			/* DCCSW */
	CP15_WRITE(0, c7, c6, 2, 0);			/* DCISW */
	CHECK_EQ(undefs, 0);
	CP15_READ(7, c15, c15, 7);
	CHECK_EQ(undefs, 1);
	CP15_WRITE(0, c0, c0, 0, 0);			/* MIDR cannot be written */
	CHECK_EQ(undefs, 2);
	asm volatile("mrc p14, 0, r0, c0, c1, 0" : : : "r0");	/* DBGDSCRint */
	CHECK_EQ(undefs <= 3, true);
	return 7;
}

/* What the identity registers say goes to the host side, to be compared with ONE_REG. */
int g_identity(uint32_t arg)
{
	(void)arg;
	guest_sync(CP15_READ(0, c0, c0, 0));
	guest_sync(CP15_READ(0, c0, c0, 5));
	guest_sync(CP15_READ(0, c0, c0, 1));
	guest_sync(CP15_READ(0, c0, c1, 0));
	guest_sync(CP15_READ(0, c0, c2, 0));
	guest_sync(CP15_READ(1, c0, c0, 1));
	return 7;
}

/* VFP registers keep their values over exits; @arg seeds them. */
int g_vfp(uint32_t arg)
{
	uint32_t lo, hi;

	CP15_WRITE(0, c1, c0, 2, 0xf << 20);
	isb();
	asm volatile(".fpu neon\n\tmov r4, #0x40000000\n\tvmsr fpexc, r4" : : : "r4");
	for (uint32_t i = 0; i < 50; i++) {
		uint32_t seed = arg + i;

		asm volatile("vdup.32 q0, %0\n\tvadd.i32 q1, q0, q0\n\tvmov q8, q1\n\tvmov q15, q0" : : "r"(seed));
		guest_sync(i);
		delay(arg & 0xff);
		asm volatile("vmov %0, %1, d31" : "=r"(lo), "=r"(hi));
		CHECK_EQ(lo, seed);
		CHECK_EQ(hi, seed);
		asm volatile("vmov %0, %1, d16" : "=r"(lo), "=r"(hi));
		CHECK_EQ(lo, seed * 2);
		asm volatile("vmov %0, %1, d3" : "=r"(lo), "=r"(hi));
		CHECK_EQ(hi, seed * 2);
		asm volatile("vmrs %0, fpscr" : "=r"(lo));
		asm volatile("vmsr fpscr, %0" : : "r"(lo ^ 0x03c00000));
	}
	return 7;
}

/* Fetches from where no memory is: a prefetch abort. */
int g_fetch_hole(uint32_t arg)
{
	fault_expect(VEC_PABT);
	asm volatile("mov lr, pc\n\tbx %0" : : "r"(arg) : "r0", "r1", "r2", "r3", "r12", "lr", "cc", "memory");
	CHECK_EQ(fault_taken(), 1);
	CHECK_EQ(fault_address, arg);
	return 7;
}

/*
 * The two CPUs map one address to pages of their own, by tables of their own, with
 * entries that are not global to anything but their VMID; the maintenance is local.
 */
static uint32_t private_table[2][4096] __attribute__((aligned(16384), section(".bss.table")));

int g_private_map(uint32_t arg)
{
	volatile uint32_t *p = (void *)0xc0000000;
	uint32_t *table = private_table[arg];

	for (uint32_t i = 0; i < 4096; i++)
		table[i] = i << 20 | (i >= GUEST_RAM >> 20 && i < 0xa00 ? 0x11c0e : 0x10c16);
	table[0xc00] = (GUEST_FREE + (arg << 20)) | 0x11c0e;
	dsb();
	CP15_WRITE(0, c8, c7, 0, 0);
	CP15_WRITE(0, c2, c0, 2, 0);
	CP15_WRITE(0, c3, c0, 0, 1);
	CP15_WRITE(0, c2, c0, 0, (uint32_t)table | 0x4a);
	dsb();
	isb();
	CP15_WRITE(0, c1, c0, 0, CP15_READ(0, c1, c0, 0) | 0x1005);
	isb();
	for (uint32_t round = 0;; round++) {
		p[0] = arg << 16 | round;
		CP15_WRITE(0, c8, c7, 1, 0xc0000000);	/* TLBIMVA, this CPU's */
		dsb();
		isb();
		CHECK_EQ(p[0], arg << 16 | round);
		guest_sync(round);
		CHECK_EQ(p[0], arg << 16 | round);
	}
}

/*
 * A program that checks itself over @arg pages from 0x90000000: each has a header that
 * says its number and generation, and a body that half of the pages share (KSM merges
 * those).  Pages of another generation than noted, or other bodies, are failures.
 */
#define STORM_BASE 0x90000000u
#define STORM_MAX  0x30000u

static uint8_t generation[STORM_MAX];

static uint32_t storm_word(uint32_t page, uint32_t gen, uint32_t i)
{
	uint32_t seed = page & 1 ? page * 2654435761u + gen * 40503u : 0x5a5a5a5au;

	return seed ^ i * 0x01010101u;
}

static void storm_write(uint32_t page)
{
	volatile uint32_t *p = (void *)(STORM_BASE + page * 4096);
	uint32_t gen = ++generation[page];

	if (page & 1)
		p[0] = page << 8 ^ gen;
	for (uint32_t i = 1; i < 1024; i += 31)
		p[i] = storm_word(page, gen, i);
}

static void storm_check(uint32_t page)
{
	volatile uint32_t *p = (void *)(STORM_BASE + page * 4096);
	uint32_t gen = generation[page];

	if (page & 1)
		CHECK_EQ(p[0], page << 8 ^ gen);
	for (uint32_t i = 1; i < 1024; i += 31)
		CHECK_EQ(p[i], storm_word(page, gen, i));
}

int g_storm(uint32_t arg)
{
	uint32_t state = arg;

	for (uint32_t page = 0; page < arg; page++)
		storm_write(page);
	for (;;) {
		guest_sync(arg);
		for (uint32_t n = 0; n < arg; n++) {
			uint32_t page;

			state ^= state << 13;
			state ^= state >> 17;
			state ^= state << 5;
			/* A sweep; some pages change, of them some far away. */
			storm_check(n);
			page = n & 8 ? n : state % arg;
			if (!(n & 7)) {
				storm_check(page);
				storm_write(page);
			}
		}
	}
}
