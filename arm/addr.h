/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Three kinds of address as three types, so that the compiler refuses to mix
 * them: what the guest's program uses, what its stage 1 (or its DMA engine)
 * produces, and what the host's stage 2 maps that to.  Each is 64 bits wide
 * and passed in one register.  Host *pointers* are not addresses in this sense.
 */
#ifndef ARM_ADDR_H
#define ARM_ADDR_H

#include "arm/base.h"

struct gva {
	u64 v;		/* guest virtual address, tag included */
};

struct ipa {
	u64 v;		/* intermediate physical: the guest's physical address */
};

struct hpa {
	u64 v;		/* host physical address */
};

static inline struct gva gva(u64 v)
{
	return (struct gva){ v };
}

static inline struct ipa ipa(u64 v)
{
	return (struct ipa){ v };
}

static inline struct hpa hpa(u64 v)
{
	return (struct hpa){ v };
}

/* Sums wrap at 2^64, as the hardware's do; check ranges with *_in_range(). */
static inline struct gva gva_add(struct gva a, u64 bytes)
{
	return gva(a.v + bytes);
}

static inline struct ipa ipa_add(struct ipa a, u64 bytes)
{
	return ipa(a.v + bytes);
}

static inline struct hpa hpa_add(struct hpa a, u64 bytes)
{
	return hpa(a.v + bytes);
}

/* Is [@v, @v + @len) inside [@base, @base + @size)?  No sum here can wrap. */
static inline bool addr_in_range(u64 v, u64 len, u64 base, u64 size)
{
	return v >= base && v - base <= size && len <= size - (v - base);
}

static inline bool ipa_in_range(struct ipa a, u64 len, struct ipa base, u64 size)
{
	return addr_in_range(a.v, len, base.v, size);
}

/* @align must be a power of two. */
static inline u64 addr_align_down(u64 v, u64 align)
{
	return v & ~(align - 1);
}

static inline bool addr_is_aligned(u64 v, u64 align)
{
	return !(v & (align - 1));
}

#endif
