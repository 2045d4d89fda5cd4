/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The base types of everything under arm/.  This is the only file that asks
 * __KERNEL__: arm/ is compiled into the VMM, the translator and the
 * hypervisor module alike, so nothing here may need a libc or the kernel.
 */
#ifndef ARM_BASE_H
#define ARM_BASE_H

#ifdef __KERNEL__
#include <linux/types.h>
#include <linux/stddef.h>
#include <linux/errno.h>
#else
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
#endif

#ifdef __SIZEOF_INT128__	/* not on 32-bit hosts */
typedef unsigned __int128 u128;
typedef __int128 s128;
#endif

#define ARM_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define ARM_BIT(n) (1ULL << (n))
/* A mask of bits hi..lo, both included; 0 <= lo <= hi <= 63. */
#define ARM_MASK(hi, lo) ((~0ULL >> (63 - (hi))) & (~0ULL << (lo)))

/* Bits hi..lo of v, shifted down. */
static inline u64 arm_bits(u64 v, unsigned int hi, unsigned int lo)
{
	return (v & ARM_MASK(hi, lo)) >> lo;
}

static inline bool arm_bit(u64 v, unsigned int n)
{
	return (v >> n) & 1;
}

/* The low @bits bits of v as a signed number; 1 <= bits <= 64. */
static inline s64 arm_sext(u64 v, unsigned int bits)
{
	return (s64)(v << (64 - bits)) >> (64 - bits);
}

/*
 * What became of a guest access that was offered to somebody: done, not for
 * this one (ask the next), or refused (the guest gets its exception).
 * Nothing a guest does is ever a reason to stop the host.
 */
enum arm_result {
	ARM_HANDLED,
	ARM_NOT_MINE,
	ARM_FORBIDDEN,
};

#endif
