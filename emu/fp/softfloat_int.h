/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The unpacked number that all of softfloat computes with.  Inside emu/fp/ only.
 *
 * A finite number other than zero is frac * 2^(exp - SF_TOP) with bit SF_TOP of
 * frac set; bits that are shifted out below stay visible as bit 0 ("jammed").
 * That is exact for every operation here: products have 106 bits, so that one
 * right shift of a cancelling operand loses nothing, and where more is lost the
 * result keeps at least 70 bits above the jammed one.
 */
#ifndef EMU_FP_SOFTFLOAT_INT_H
#define EMU_FP_SOFTFLOAT_INT_H

#include "emu/fp/softfloat.h"

#define SF_TOP 126

enum sf_class { SF_ZERO, SF_NORMAL, SF_INF, SF_QNAN, SF_SNAN };

struct sf_num {
	enum sf_class class;
	bool sign;
	int exp;
	u128 frac;	/* 0 unless SF_NORMAL */
	u64 bits;	/* the encoding, for NaNs */
};

struct sf_shape {
	u8 width, frac;
	int emin;	/* exponent of the smallest normal number */
	u64 emax;	/* the all-ones exponent field */
};

/* By enum sf_format. */
extern const struct sf_shape sf_shapes[];

/* sign * frac * 2^(exp - SF_TOP), brought to its normal form; zero for frac = 0. */
struct sf_num sf_make(bool sign, int exp, u128 frac);
/* FPUnpack: flushes denormal inputs under FZ, but never half precision (FPUnpackCV). */
struct sf_num sf_unpack(struct sf_ctx *c, enum sf_format f, u64 bits);
/* With the treatment of NaNs; true: a NaN decided the result, *res. */
bool sf_unpack1(struct sf_ctx *c, enum sf_format f, u64 a, struct sf_num *n, u64 *res);
bool sf_unpack2(struct sf_ctx *c, enum sf_format f, u64 a, u64 b, struct sf_num n[2], u64 *res);
/*
 * frac * 2^-drop as an integer, rounded in magnitude under @r; *inexact:
 * something was cut off.
 */
u128 sf_split(u128 frac, unsigned int drop, bool sign, enum sf_round r, bool *inexact);
/* FPRound of a number that is not zero. */
u64 sf_round(struct sf_ctx *c, enum sf_format f, const struct sf_num *n, enum sf_round r);
/* The result of an overflow under @r, and its flags. */
u64 sf_overflow(struct sf_ctx *c, enum sf_format f, bool sign, enum sf_round r);
/* Of numbers with at most 64 significant bits; an infinity counts as zero: ask before. */
struct sf_num sf_product(const struct sf_num *a, const struct sf_num *b);
/* (a + b) * 2^scale, rounded, of finite numbers. */
u64 sf_round_sum(struct sf_ctx *c, enum sf_format f, const struct sf_num *a,
		 const struct sf_num *b, int scale);

static inline u64 sf_sign_bit(const struct sf_shape *s)
{
	return 1ULL << (s->width - 1);
}

static inline u64 sf_pack(const struct sf_shape *s, bool sign, u64 biased, u64 frac)
{
	return (sign ? sf_sign_bit(s) : 0) | biased << s->frac | frac;
}

static inline u64 sf_pack_inf(const struct sf_shape *s, bool sign)
{
	return sf_pack(s, sign, s->emax, 0);
}

static inline u64 sf_pack_max(const struct sf_shape *s, bool sign)
{
	return sf_pack(s, sign, s->emax - 1, ARM_MASK(s->frac - 1, 0));
}

static inline u64 sf_default_nan(const struct sf_shape *s)
{
	return sf_pack(s, false, s->emax, 1ULL << (s->frac - 1));
}

/* The result of an invalid operation. */
static inline u64 sf_invalid(struct sf_ctx *c, const struct sf_shape *s)
{
	c->flags |= SF_IOC;
	return sf_default_nan(s);
}

static inline u64 sf_divide_by_zero(struct sf_ctx *c, const struct sf_shape *s, bool sign)
{
	c->flags |= SF_DZC;
	return sf_pack_inf(s, sign);
}

static inline bool sf_is_nan(const struct sf_num *n)
{
	return n->class >= SF_QNAN;
}

static inline enum sf_round sf_mode(const struct sf_ctx *c)
{
	return SF_FPCR_RMODE(c->fpcr);
}

static inline bool sf_inf_zero(const struct sf_num *a, const struct sf_num *b)
{
	return (a->class == SF_INF && b->class == SF_ZERO) ||
	       (a->class == SF_ZERO && b->class == SF_INF);
}

static inline bool sf_any_inf(const struct sf_num *a, const struct sf_num *b)
{
	return a->class == SF_INF || b->class == SF_INF;
}

#endif
