/* SPDX-License-Identifier: GPL-2.0-only */
/* Estimates and their refinement, integers, and conversions between formats. */
#include "emu/fp/softfloat_int.h"

/* ---- estimates and their refinement ---- */

/* RecipEstimate: the reciprocal of (a + 1/2) / 512, as 9 bits. */
unsigned int sf_recip_table(unsigned int a)
{
	return ((1u << 19) / (a * 2 + 1) + 1) >> 1;
}

/* RecipSqrtEstimate. */
unsigned int sf_rsqrt_table(unsigned int a)
{
	unsigned int b = 512;

	a = a < 256 ? a * 2 + 1 : ((a & ~1u) + 1) * 2;
	while ((u64)a * (b + 1) * (b + 1) < 1u << 28)
		b++;
	return (b + 1) >> 1;
}

u64 sf_recip_estimate(struct sf_ctx *c, enum sf_format f, u64 a)
{
	const struct sf_shape *s = &sf_shapes[f];
	struct sf_num n;
	u64 res;
	int exp;

	if (sf_unpack1(c, f, a, &n, &res))
		return res;
	if (n.class == SF_INF)
		return sf_pack(s, n.sign, 0, 0);
	if (n.class == SF_ZERO)
		return sf_divide_by_zero(c, s, n.sign);
	if (n.exp < s->emin - 2)	/* below 2^-128 (2^-1024) */
		return sf_overflow(c, f, n.sign, sf_mode(c));
	if (c->fpcr & SF_FPCR_FZ && n.exp >= -s->emin) {
		c->flags |= SF_UFC;
		return sf_pack(s, n.sign, 0, 0);
	}
	res = sf_recip_table((unsigned int)(n.frac >> (SF_TOP - 8)));	/* 256..511: 1.xx */
	exp = -n.exp - 1 - s->emin + 1;	/* the result's exponent field; 0 and -1: denormal */
	res <<= s->frac - 8;
	if (exp <= 0)
		return sf_pack(s, n.sign, 0, res >> (1 - exp));
	return sf_pack(s, n.sign, (u64)exp, res & ARM_MASK(s->frac - 1, 0));
}

u64 sf_rsqrt_estimate(struct sf_ctx *c, enum sf_format f, u64 a)
{
	const struct sf_shape *s = &sf_shapes[f];
	unsigned int scaled;
	struct sf_num n;
	u64 res;
	int exp;

	if (sf_unpack1(c, f, a, &n, &res))
		return res;
	if (n.class == SF_ZERO)
		return sf_divide_by_zero(c, s, n.sign);
	if (n.sign)
		return sf_invalid(c, s);
	if (n.class == SF_INF)
		return sf_pack(s, false, 0, 0);
	/* The operand as 1/4 <= x < 1 times an even power of two. */
	scaled = (unsigned int)(n.frac >> (SF_TOP - 8));
	if (!(n.exp & 1))
		scaled >>= 1;
	exp = -((n.exp & 1 ? n.exp + 1 : n.exp + 2) / 2);
	res = (u64)(sf_rsqrt_table(scaled) & 0xff) << (s->frac - 8);
	return sf_pack(s, false, (u64)(exp - s->emin + 1), res);
}

/* (konst - a * b) * 2^scale; infinity times zero is konst * 2^scale. */
static u64 sf_step(struct sf_ctx *c, enum sf_format f, u64 a, u64 b, unsigned int konst, int scale)
{
	const struct sf_shape *s = &sf_shapes[f];
	struct sf_num n[2], p, k = sf_make(false, SF_TOP, konst);
	u64 res;

	if (sf_unpack2(c, f, sf_neg(f, a), b, n, &res))
		return res;
	p = sf_product(&n[0], &n[1]);
	if (sf_inf_zero(&n[0], &n[1]))
		p = sf_make(false, 0, 0);
	else if (sf_any_inf(&n[0], &n[1]))
		return sf_pack_inf(s, p.sign);
	return sf_round_sum(c, f, &k, &p, scale);
}

u64 sf_recip_step(struct sf_ctx *c, enum sf_format f, u64 a, u64 b)
{
	return sf_step(c, f, a, b, 2, 0);
}

u64 sf_rsqrt_step(struct sf_ctx *c, enum sf_format f, u64 a, u64 b)
{
	return sf_step(c, f, a, b, 3, -1);
}

/*
 * AArch32 (DDI 0406C, FPRecipStep and FPRSqrtStep): a multiplication, whose
 * infinity times zero is zero, and a subtraction, which is halved before it is
 * rounded.
 */
static u64 sf_step32(struct sf_ctx *c, enum sf_format f, u64 a, u64 b, unsigned int konst, int scale)
{
	const struct sf_shape *s = &sf_shapes[f];
	struct sf_num n[2], p, k = sf_make(false, SF_TOP, konst);
	u64 res;

	if (sf_unpack2(c, f, a, b, n, &res))
		return res;
	if (sf_inf_zero(&n[0], &n[1]))
		p = sf_make(false, 0, 0);
	else
		p = sf_unpack(c, f, sf_mul(c, f, a, b));
	p.sign = !p.sign;
	if (p.class == SF_INF)
		return sf_pack_inf(s, p.sign);
	return sf_round_sum(c, f, &k, &p, scale);
}

u64 sf_recip_step32(struct sf_ctx *c, enum sf_format f, u64 a, u64 b)
{
	return sf_step32(c, f, a, b, 2, 0);
}

u64 sf_rsqrt_step32(struct sf_ctx *c, enum sf_format f, u64 a, u64 b)
{
	return sf_step32(c, f, a, b, 3, -1);
}

/* FPRecpX: the exponent inverted, for scaling. */
u64 sf_recpx(struct sf_ctx *c, enum sf_format f, u64 a)
{
	const struct sf_shape *s = &sf_shapes[f];
	u64 biased = a >> s->frac & s->emax;
	struct sf_num n;
	u64 res;

	if (sf_unpack1(c, f, a, &n, &res))
		return res;
	return sf_pack(s, n.sign, biased ? ~biased & s->emax : s->emax - 1, 0);
}

/* ---- integers ---- */

u64 sf_round_int(struct sf_ctx *c, enum sf_format f, u64 a, enum sf_round r, bool exact)
{
	const struct sf_shape *s = &sf_shapes[f];
	struct sf_num n;
	bool inexact;
	u64 res;

	if (sf_unpack1(c, f, a, &n, &res))
		return res;
	if (n.class == SF_INF)
		return sf_pack_inf(s, n.sign);
	if (n.class == SF_ZERO)
		return sf_pack(s, n.sign, 0, 0);
	if (n.exp >= s->frac)
		return sf_round(c, f, &n, r);	/* integral as it stands */
	res = (u64)sf_split(n.frac, (unsigned int)(SF_TOP - n.exp), n.sign, r, &inexact);
	if (inexact && exact)
		c->flags |= SF_IXC;
	n = sf_make(n.sign, SF_TOP, res);
	return n.class == SF_ZERO ? sf_pack(s, n.sign, 0, 0) : sf_round(c, f, &n, SF_TOZERO);
}

/* The largest magnitude of a number of @width bits with that sign. */
static u64 sf_int_limit(unsigned int width, bool uns, bool sign)
{
	if (uns)
		return sign ? 0 : ARM_MASK(width - 1, 0);
	return (1ULL << (width - 1)) - !sign;
}

u64 sf_to_fixed(struct sf_ctx *c, enum sf_format f, u64 a, unsigned int width,
		unsigned int fbits, bool uns, enum sf_round r)
{
	struct sf_num n = sf_unpack(c, f, a);
	u64 limit = sf_int_limit(width, uns, n.sign);
	bool inexact = false, saturated;
	u128 whole = 0;

	if (sf_is_nan(&n)) {
		c->flags |= SF_IOC;
		return 0;
	}
	n.exp += (int)fbits;
	saturated = n.class == SF_INF || (n.class == SF_NORMAL && n.exp > 64);
	if (!saturated && n.class == SF_NORMAL)
		whole = sf_split(n.frac, (unsigned int)(SF_TOP - n.exp), n.sign, r, &inexact);
	if (saturated || whole > limit) {
		c->flags |= SF_IOC;
		whole = limit;
	} else if (inexact) {
		c->flags |= SF_IXC;
	}
	return (n.sign ? -(u64)whole : (u64)whole) & ARM_MASK(width - 1, 0);
}

u64 sf_from_fixed(struct sf_ctx *c, enum sf_format f, u64 v, unsigned int width,
		  unsigned int fbits, bool uns, enum sf_round r)
{
	bool sign = !uns && v >> (width - 1) & 1;
	struct sf_num n;

	v = (sign ? -v : v) & ARM_MASK(width - 1, 0);
	n = sf_make(sign, SF_TOP - (int)fbits, v);
	return n.class == SF_ZERO ? 0 : sf_round(c, f, &n, r);
}

/* ---- between formats ---- */

/* FPConvertNaN: the leading bits of the payload, quieted. */
static u64 sf_convert_nan(const struct sf_shape *from, const struct sf_shape *to, const struct sf_num *n)
{
	u64 frac = n->bits & ARM_MASK(from->frac - 1, 0);

	frac = from->frac > to->frac ? frac >> (from->frac - to->frac) : frac << (to->frac - from->frac);
	return sf_pack(to, n->sign, to->emax, frac | 1ULL << (to->frac - 1));
}

u64 sf_convert(struct sf_ctx *c, enum sf_format from, enum sf_format to, u64 a, enum sf_round r)
{
	const struct sf_shape *s = &sf_shapes[to];
	bool alt = to == SF_HALF && c->fpcr & SF_FPCR_AHP;
	struct sf_num n = sf_unpack(c, from, a);

	if (sf_is_nan(&n)) {
		if (n.class == SF_SNAN || alt)
			c->flags |= SF_IOC;
		if (alt)
			return sf_pack(s, n.sign, 0, 0);
		return c->fpcr & SF_FPCR_DN ? sf_default_nan(s) : sf_convert_nan(&sf_shapes[from], s, &n);
	}
	if (n.class == SF_INF)
		return alt ? sf_overflow(c, to, n.sign, r) : sf_pack_inf(s, n.sign);
	if (n.class == SF_ZERO)
		return sf_pack(s, n.sign, 0, 0);
	return sf_round(c, to, &n, r);
}
