/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Four CPUs on the same memory: atomics lose nothing, locks exclude, and the
 * outcomes that barriers forbid do not come.
 */
#include "tests/guest/lib.h"

#define CPUS 4
#define ROUNDS 20000

static volatile u64 counters[8] __attribute__((aligned(64)));
static volatile u64 plain __attribute__((aligned(64))), late __attribute__((aligned(64)));
static volatile u32 lock __attribute__((aligned(64)));
static volatile u64 phase __attribute__((aligned(64))), arrived __attribute__((aligned(64)));
static volatile u64 x __attribute__((aligned(64))), y __attribute__((aligned(64)));
static volatile u64 got[CPUS][8] __attribute__((aligned(64)));

static u64 add_exclusive(volatile u64 *p, u64 n)
{
	u64 v;
	u32 failed;

	__asm__ volatile("1: ldxr %0, [%2]; add %0, %0, %3; stxr %w1, %0, [%2]; cbnz %w1, 1b"
			 : "=&r"(v), "=&r"(failed) : "r"(p), "r"(n) : "memory");
	return v;
}

static u64 add_acq_rel(volatile u64 *p, u64 n)
{
	u64 v;
	u32 failed;

	__asm__ volatile("1: ldaxr %0, [%2]; add %0, %0, %3; stlxr %w1, %0, [%2]; cbnz %w1, 1b"
			 : "=&r"(v), "=&r"(failed) : "r"(p), "r"(n) : "memory");
	return v;
}

#define LSE_CLOBBER(insn, p, v) \
	__asm__ volatile(".arch_extension lse\n\t" insn : : "r"(v), "r"(p) : "memory", "x10")

/* Everybody is here; the last one opens the next phase. */
static void meet(void)
{
	u64 mine = phase;

	if (add_acq_rel(&arrived, 1) == CPUS) {
		arrived = 0;
		dsb();
		phase = mine + 1;
		__asm__ volatile("dsb ish; sev");
	}
	while (phase == mine)
		__asm__ volatile("wfe");
	__asm__ volatile("dmb ish" : : : "memory");
}

static void take(void)
{
	u32 v, failed;

	__asm__ volatile("sevl; 1: wfe; 2: ldaxr %w0, [%2]; cbnz %w0, 1b; stxr %w1, %w3, [%2]; cbnz %w1, 2b"
			 : "=&r"(v), "=&r"(failed) : "r"(&lock), "r"(1) : "memory");
}

static void release(void)
{
	__asm__ volatile("stlr wzr, [%0]" : : "r"(&lock) : "memory");
}

static void count(unsigned int cpu, bool lse)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		add_exclusive(&counters[0], 1);
		add_acq_rel(&counters[1], cpu + 1);
		if (!lse)
			continue;
		LSE_CLOBBER("ldadd %0, x10, [%1]", &counters[2], 1ull);
		LSE_CLOBBER("ldaddal %w0, w10, [%1]", &counters[3], 3ull);
		LSE_CLOBBER("ldumax %0, x10, [%1]", &counters[4], (u64)(i * CPUS + cpu));
		LSE_CLOBBER("ldeor %0, x10, [%1]", &counters[5], 1ull << cpu);
	}
	/* a CAS loop, and pairs: both halves move together */
	for (unsigned int i = 0; lse && i < ROUNDS / 4; i++) {
		u64 old, was;

		do {
			old = was = counters[6];
			__asm__ volatile(".arch_extension lse\n\tcasal %0, %1, [%2]"
					 : "+r"(was) : "r"(old + 1), "r"(&counters[6]) : "memory");
		} while (was != old);
	}
}

static volatile u64 pair[2] __attribute__((aligned(16)));
static volatile u64 torn;

static void count_pairs(void)
{
	for (unsigned int i = 0; i < ROUNDS / 4; i++) {
		u64 lo, hi;
		u32 failed;

		do {
			__asm__ volatile("ldaxp %0, %1, [%2]" : "=&r"(lo), "=&r"(hi) : "r"(pair) : "memory");
			__asm__ volatile("stlxp %w0, %1, %2, [%3]"
					 : "=&r"(failed) : "r"(lo + 1), "r"(hi - 1), "r"(pair) : "memory");
		} while (failed);
		if (lo + hi != ~0ull)
			torn = 1;
	}
}

static void locked(void)
{
	for (unsigned int i = 0; i < ROUNDS / 10; i++) {
		take();
		plain = plain + 1;
		release();
	}
}

/* ---- litmus: CPU 0 and 1 run, CPU 0 looks at the outcome ---- */

static volatile u64 forbidden[6], turn[2][64 / 8] __attribute__((aligned(64)));

static void rendezvous(unsigned int cpu, u64 n)
{
	turn[cpu][0] = n;
	while (turn[!cpu][0] < n)
		;
}

enum { SB_DMB, SB_ACQREL, LB_DATA, MP_DMB, MP_ACQREL, MP_ADDR };

static u64 ldar(volatile u64 *p)
{
	u64 v;

	__asm__ volatile("ldar %0, [%1]" : "=r"(v) : "r"(p) : "memory");
	return v;
}

static void stlr(volatile u64 *p, u64 v)
{
	__asm__ volatile("stlr %0, [%1]" : : "r"(v), "r"(p) : "memory");
}

#define DMB(kind) __asm__ volatile("dmb " #kind : : : "memory")

static void litmus(unsigned int cpu, unsigned int which)
{
	volatile u64 *mine = cpu ? &y : &x, *other = cpu ? &x : &y;
	u64 v;

	switch (which) {
	case SB_DMB:
		*mine = 1;
		DMB(ish);
		got[cpu][0] = *other;
		break;
	case SB_ACQREL:
		stlr(mine, 1);
		got[cpu][0] = ldar(other);
		break;
	case LB_DATA:
		v = *other;
		got[cpu][0] = v;
		*mine = 1 + (v & 0);
		break;
	case MP_DMB:
		if (cpu) {
			got[1][0] = y;
			DMB(ishld);
			got[1][1] = x;
		} else {
			x = 1;
			DMB(ishst);
			y = 1;
		}
		break;
	default:
		if (cpu) {
			got[1][0] = ldar(&y);
			got[1][1] = which == MP_ADDR ? *(&x + (got[1][0] & 0)) : x;
		} else {
			x = 1;
			stlr(&y, 1);
		}
	}
}

static bool is_forbidden(unsigned int which)
{
	switch (which) {
	case SB_DMB:
	case SB_ACQREL:
		return !got[0][0] && !got[1][0];
	case LB_DATA:
		return got[0][0] && got[1][0];
	default:
		return got[1][0] && !got[1][1];
	}
}

static void run_litmus(unsigned int cpu)
{
	u64 n = 0;

	for (unsigned int which = 0; which < 6; which++) {
		u64 end = now() + milliseconds(150);

		for (unsigned int i = 0; i < 20000; i++) {
			if (!cpu) {
				x = y = 0;
				/* out of time: both must hear it */
				late = now() > end;
			}
			DMB(ish);
			rendezvous(cpu, ++n);
			if (late)
				break;
			rendezvous(cpu, ++n);
			litmus(cpu, which);
			DMB(ish);
			rendezvous(cpu, ++n);
			if (!cpu)
				forbidden[which] += is_forbidden(which);
		}
		rendezvous(cpu, ++n);
	}
}

static void work(u64 cpu)
{
	bool lse = mrs(id_aa64isar0_el1) >> 20 & 15;

	mmu_on();
	meet();
	count(cpu, lse);
	count_pairs();
	meet();
	locked();
	meet();
	if (cpu < 2)
		run_litmus(cpu);
	meet();
}

static void check_counts(void)
{
	CHECK_EQ(counters[0], CPUS * ROUNDS);
	CHECK_EQ(counters[1], ROUNDS * (1 + 2 + 3 + 4));
	if (mrs(id_aa64isar0_el1) >> 20 & 15) {
		CHECK_EQ(counters[2], CPUS * ROUNDS);
		CHECK_EQ(counters[3], 3ull * CPUS * ROUNDS);
		CHECK_EQ(counters[4], ROUNDS * CPUS - 1);
		CHECK_EQ(counters[5], 0);
		CHECK_EQ(counters[6], CPUS * (ROUNDS / 4));
	}
	CHECK_EQ(pair[0], CPUS * (ROUNDS / 4));
	CHECK_EQ(pair[1], ~0ull - CPUS * (ROUNDS / 4));
	CHECK_EQ(torn, 0);
	for (unsigned int i = 0; i < 6; i++)
		CHECK_EQ(forbidden[i], 0);
}

/* A store exclusive without, or after a lost, reservation. */
static void test_monitor(void)
{
	u64 v;
	u32 failed;

	__asm__ volatile("clrex; stxr %w0, xzr, [%1]" : "=&r"(failed) : "r"(&x) : "memory");
	CHECK_EQ(failed, 1);
	__asm__ volatile("ldxr %0, [%2]; clrex; stxr %w1, %0, [%2]" : "=&r"(v), "=&r"(failed) : "r"(&x) : "memory");
	CHECK_EQ(failed, 1);
	__asm__ volatile("ldxr %0, [%2]; stxr %w1, %0, [%2]; stxr %w1, %0, [%2]"
			 : "=&r"(v), "=&r"(failed) : "r"(&x) : "memory");
	CHECK_EQ(failed, 1);
	__asm__ volatile("ldxr %0, [%2]; stxr %w1, %0, [%2]" : "=&r"(v), "=&r"(failed) : "r"(&x) : "memory");
	CHECK_EQ(failed, 0);
}

int main(void)
{
	pair[1] = ~0ull;
	mmu_on();
	test_monitor();
	dsb();
	for (unsigned int cpu = 1; cpu < CPUS; cpu++)
		start_cpu(cpu, work, cpu);
	work(0);
	check_counts();
	/* on already, and not there */
	CHECK_EQ(psci(0xc4000003, 1, 0, 0), (u64)-4);
	CHECK_EQ(psci(0xc4000003, 9, 0, 0), (u64)-2);
	CHECK_EQ(plain, CPUS * (ROUNDS / 10));
	finish();
}
