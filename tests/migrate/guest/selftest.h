/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest that checks itself for as long as it runs: whatever a migration loses,
 * doubles or delays it finds out and says.  selftest.c is the program; the rest here is what
 * each of a64.c and a32.c has for it.  It runs on machine virt.
 */
#ifndef TESTS_MIGRATE_SELFTEST_H
#define TESTS_MIGRATE_SELFTEST_H

#ifdef __aarch64__
#include "tests/guest/lib.h"
#else
#include "tests/guest/lib32.h"
#endif

#define MAX_CPUS 8
#define GICD 0x08000000u
#define GICC 0x08010000u

/* A register that keeps what is written to it, in the bits of @mask; the others are @fixed, or not looked at. */
struct reg {
	const char *name;
	u64 (*read)(void);
	void (*write)(u64 val);
	u64 mask, fixed;
};

extern const struct reg arch_regs[];
extern const unsigned int arch_nregs;

/* MMU, FP; once on each CPU. */
void arch_init(unsigned int cpu);
/*
 * Registers that C has no hold of: all general and FP registers have values of
 * @seed for a while, and those of the other modes until the next call.
 */
void arch_hold(unsigned int cpu, u64 seed);
/* Are the latter still what the last call made them? */
void arch_check_modes(unsigned int cpu, u64 seed);
void arch_start(unsigned int cpu, void (*fn)(unsigned int cpu));
bool arch_irqs(bool on);		/* as they were */
/* From the caches to memory, for a CPU that has not got its MMU on. */
void arch_clean(const void *p, unsigned int len);

u64 arch_count(void);
u32 arch_hz(void);
u64 arch_timer_cval(void);
void arch_timer_set(u64 cval);		/* and on */
u32 arch_timer_ctl(void);

u32 add32(volatile u32 *p, u32 n);	/* the sum; by exclusives */
void lock(volatile u32 *l);
void unlock(volatile u32 *l);
#define wfe() __asm__ volatile("wfe" : : : "memory")
#define sev() __asm__ volatile("dsb sy\n sev" : : : "memory")
#define dmb() __asm__ volatile("dmb sy" : : : "memory")

/* For vectors: an IRQ came; something else did, which never returns. */
void irq(void);
void unexpected(const char *what, u64 a, u64 b, u64 c) __attribute__((noreturn));

void fail(const char *what, u64 got, u64 want);
/* A name with a number behind it, "x7". */
void fail_n(const char *what, unsigned int n, u64 got, u64 want);
u64 mix(u64 a, u64 b);

static inline u32 rd(u32 at)
{
	return *(volatile u32 *)(unsigned long)at;
}

static inline void wr(u32 at, u32 val)
{
	*(volatile u32 *)(unsigned long)at = val;
}

#endif
