/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The benchmark programs: one binary, a table of programs in groups.
 *
 * A program's run() does n operations from a fixed start, so that run(n) gives
 * the same checksum on every machine.  Floating point is done without contraction
 * and without libm, so that this holds for it too.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

struct bench {
	const char *name;
	const char *group;
	u64 prefix;		/* the checksum is run(prefix): small, it runs on the slowest engine too */
	void (*setup)(void);	/* once per process, untimed; may be NULL */
	u64 (*run)(u64 n);	/* n operations; returns the checksum */
};

/* One table per file, ended by a row without a name. */
extern const struct bench bench_integer[], bench_integer2[], bench_memory[], bench_double[],
	bench_neon[], bench_crypto[], bench_system[], bench_cold[];

/* Nanoseconds that a run() spent on what it does not measure: taken off its time. */
extern u64 bench_untimed_ns;
/* The tiny program that fork+exec starts. */
extern const char *bench_tiny;

u64 bench_now_ns(void);
void *bench_alloc(size_t size);		/* zeroed, never NULL */
void bench_die(const char *what) __attribute__((noreturn));

/* NEON intrinsics: all of it, or what AArch32 has. */
#if defined(__aarch64__)
#define BENCH_NEON64 1
#endif
#if defined(__aarch64__) || defined(__ARM_NEON)
#define BENCH_NEON 1
#endif

/* The product of two words in 128 bits, which 32-bit compilers have no type for. */
static inline u64 bench_umulh(u64 x, u64 y, u64 *low)
{
#ifdef __SIZEOF_INT128__
	unsigned __int128 p = (unsigned __int128)x * y;

	*low = (u64)p;
	return (u64)(p >> 64);
#else
	u64 ll = (u64)(u32)x * (u32)y, lh = (u64)(u32)x * (u32)(y >> 32);
	u64 hl = (u64)(u32)(x >> 32) * (u32)y, hh = (u64)(u32)(x >> 32) * (u32)(y >> 32);
	u64 mid = (ll >> 32) + (u32)lh + hl;

	*low = mid << 32 | (u32)ll;
	return hh + (lh >> 32) + (mid >> 32);
#endif
}

static inline u64 bench_mix(u64 sum, u64 v)
{
	sum = (sum ^ v) * 0x9e3779b97f4a7c15u;
	return sum ^ (sum >> 29);
}

static inline u32 bench_rand(u32 *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static inline u64 bench_bits(double d)
{
	union { double d; u64 u; } v = { .d = d };

	return v.u;
}

#endif
