/* SPDX-License-Identifier: GPL-2.0-only */
/* Unpack, compute on a 127-bit significand, round once: arithmetic and order. */
#include "emu/fp/softfloat_int.h"

const struct sf_shape sf_shapes[] = {
	[SF_HALF] = { 16, 10, -14, 0x1f },
	[SF_SINGLE] = { 32, 23, -126, 0xff },
	[SF_DOUBLE] = { 64, 52, -1022, 0x7ff },
};

/* ---- normal form and unpacking ---- */

static unsigned int sf_clz(u128 v)
{
	return v >> 64 ? __builtin_clzll((u64)(v >> 64)) : 64 + __builtin_clzll((u64)v);
}

/* v >> n with everything lost gathered in bit 0. */
static u128 sf_shift_jam(u128 v, unsigned int n)
{
	if (n == 0)
		return v;
	if (n > 127)
		return v != 0;
	return v >> n | ((v << (128 - n)) != 0);
}

/* Bring bit SF_TOP to its place; frac is not zero. */
static void sf_normalise(struct sf_num *n)
{
	int up = (int)sf_clz(n->frac) - (127 - SF_TOP);

	n->frac = up < 0 ? sf_shift_jam(n->frac, -up) : n->frac << up;
	n->exp -= up;
}

struct sf_num sf_make(bool sign, int exp, u128 frac)
{
	struct sf_num n = { SF_ZERO, sign, exp, frac, 0 };

	if (frac) {
		n.class = SF_NORMAL;
		sf_normalise(&n);
	}
	return n;
}

/* FPUnpack: half precision is never flushed (FPUnpackCV). */
struct sf_num sf_unpack(struct sf_ctx *c, enum sf_format f, u64 bits)
{
	const struct sf_shape *s = &sf_shapes[f];
	u64 frac = bits & ARM_MASK(s->frac - 1, 0);
	u64 biased = bits >> s->frac & s->emax;
	struct sf_num n = { .sign = bits & sf_sign_bit(s), .bits = bits };

	if (biased == 0 && frac != 0 && f != SF_HALF && c->fpcr & SF_FPCR_FZ) {
		c->flags |= SF_IDC;
		frac = 0;
	}
	if (biased == s->emax && !(f == SF_HALF && c->fpcr & SF_FPCR_AHP)) {
		if (frac == 0)
			n.class = SF_INF;
		else
			n.class = frac >> (s->frac - 1) ? SF_QNAN : SF_SNAN;
		return n;
	}
	if (biased == 0)
		return sf_make(n.sign, s->emin, (u128)frac << (SF_TOP - s->frac));
	n.class = SF_NORMAL;
	n.exp = (int)biased - 1 + s->emin;
	n.frac = (u128)(frac | 1ULL << s->frac) << (SF_TOP - s->frac);
	return n;
}

/* ---- NaNs ---- */

static u64 sf_nan(struct sf_ctx *c, const struct sf_shape *s, const struct sf_num *n)
{
	if (n->class == SF_SNAN)
		c->flags |= SF_IOC;
	if (c->fpcr & SF_FPCR_DN)
		return sf_default_nan(s);
	return (n->bits & ARM_MASK(s->width - 1, 0)) | 1ULL << (s->frac - 1);
}

/*
 * FPProcessNaNs: the first signalling NaN, else the first quiet one, in the
 * order given.  False: there is none.
 */
static bool sf_nans(struct sf_ctx *c, const struct sf_shape *s, const struct sf_num *n,
		    unsigned int count, u64 *res)
{
	const struct sf_num *found = NULL;
	unsigned int i;

	for (i = 0; i < count; i++)
		if (sf_is_nan(&n[i]) && (!found || n[i].class > found->class))
			found = &n[i];
	if (found)
		*res = sf_nan(c, s, found);
	return found;
}

/* Both operands of a two-operand function; true: a NaN decided the result. */
bool sf_unpack2(struct sf_ctx *c, enum sf_format f, u64 a, u64 b, struct sf_num n[2], u64 *res)
{
	n[0] = sf_unpack(c, f, a);
	n[1] = sf_unpack(c, f, b);
	return sf_nans(c, &sf_shapes[f], n, 2, res);
}

bool sf_unpack1(struct sf_ctx *c, enum sf_format f, u64 a, struct sf_num *n, u64 *res)
{
	*n = sf_unpack(c, f, a);
	return sf_nans(c, &sf_shapes[f], n, 1, res);
}

/* ---- rounding ---- */

/*
 * Split frac * 2^-drop into its integer part and whether that goes up in
 * magnitude under @r; *inexact: something was cut off.
 */
u128 sf_split(u128 frac, unsigned int drop, bool sign, enum sf_round r, bool *inexact)
{
	u128 half, rem, whole;
	bool up = false;

	if (drop == 0) {
		*inexact = false;
		return frac;
	}
	if (drop > 127) {	/* less than a half, whatever it was */
		drop = 127;
		frac = frac != 0;
	}
	half = (u128)1 << (drop - 1);
	rem = frac & ((half << 1) - 1);
	whole = frac >> drop;
	*inexact = rem != 0;
	switch (r) {
	case SF_TIEEVEN:
		up = rem > half || (rem == half && whole & 1);
		break;
	case SF_TIEAWAY:
		up = rem >= half;
		break;
	case SF_POSINF:
		up = rem != 0 && !sign;
		break;
	case SF_NEGINF:
		up = rem != 0 && sign;
		break;
	case SF_ODD:
		return whole | (rem != 0);
	case SF_TOZERO:
		break;
	}
	return whole + up;
}

/* Does an overflow under @r give infinity, or the largest number? */
static bool sf_overflows_to_inf(enum sf_round r, bool sign)
{
	switch (r) {
	case SF_POSINF:
		return !sign;
	case SF_NEGINF:
		return sign;
	case SF_TOZERO:
	case SF_ODD:
		return false;
	default:
		return true;
	}
}

u64 sf_overflow(struct sf_ctx *c, enum sf_format f, bool sign, enum sf_round r)
{
	const struct sf_shape *s = &sf_shapes[f];

	if (f == SF_HALF && c->fpcr & SF_FPCR_AHP) {
		c->flags |= SF_IOC;	/* no infinities there */
		return sf_pack(s, sign, s->emax, ARM_MASK(s->frac - 1, 0));
	}
	c->flags |= SF_OFC | SF_IXC;
	return sf_overflows_to_inf(r, sign) ? sf_pack_inf(s, sign) : sf_pack_max(s, sign);
}

/* FPRound of a number that is not zero. */
u64 sf_round(struct sf_ctx *c, enum sf_format f, const struct sf_num *n, enum sf_round r)
{
	const struct sf_shape *s = &sf_shapes[f];
	unsigned int drop = SF_TOP - s->frac;
	u64 biased = 0, limit = s->emax - 1;
	bool inexact;
	u64 whole;

	if (n->exp < s->emin) {
		if (c->fpcr & SF_FPCR_FZ && f != SF_HALF) {
			c->flags |= SF_UFC;	/* and nothing else: FPRoundBase */
			return sf_pack(s, n->sign, 0, 0);
		}
		drop += s->emin - n->exp;
	} else {
		biased = (u64)(n->exp - s->emin);	/* the leading bit adds the last 1 */
	}
	whole = (u64)sf_split(n->frac, drop, n->sign, r, &inexact);
	if (n->exp < s->emin && inexact)
		c->flags |= SF_UFC;
	if (f == SF_HALF && c->fpcr & SF_FPCR_AHP)
		limit = s->emax;
	/* A carry out of the significand moves on into the exponent by itself. */
	if (biased > limit || (biased << s->frac) + whole >= (limit + 1) << s->frac)
		return sf_overflow(c, f, n->sign, r);
	if (inexact)
		c->flags |= SF_IXC;
	return (n->sign ? sf_sign_bit(s) : 0) | ((biased << s->frac) + whole);
}

/* Zero as the exact difference of equal numbers. */
static u64 sf_exact_zero(struct sf_ctx *c, const struct sf_shape *s)
{
	return sf_pack(s, sf_mode(c) == SF_NEGINF, 0, 0);
}

/* ---- sums and products of finite numbers ---- */

static struct sf_num sf_sum(const struct sf_num *a, const struct sf_num *b)
{
	const struct sf_num *t;
	u128 low;

	if (b->class == SF_ZERO)
		return *a;
	if (a->class == SF_ZERO)
		return *b;
	if (a->exp < b->exp || (a->exp == b->exp && a->frac < b->frac)) {
		t = a;
		a = b;
		b = t;
	}
	low = sf_shift_jam(b->frac, (unsigned int)(a->exp - b->exp));
	return sf_make(a->sign, a->exp, a->sign == b->sign ? a->frac + low : a->frac - low);
}

/* Operands have at most 64 bits. */
struct sf_num sf_product(const struct sf_num *a, const struct sf_num *b)
{
	u128 p = (u128)(u64)(a->frac >> 63) * (u64)(b->frac >> 63);

	return sf_make(a->sign ^ b->sign, a->exp + b->exp, p);
}

/* a + b, rounded, where at least one may be zero. */
u64 sf_round_sum(struct sf_ctx *c, enum sf_format f, const struct sf_num *a,
		 const struct sf_num *b, int scale)
{
	struct sf_num n;

	if (a->class == SF_ZERO && b->class == SF_ZERO && a->sign == b->sign)
		return sf_pack(&sf_shapes[f], a->sign, 0, 0);
	n = sf_sum(a, b);
	if (n.class == SF_ZERO)
		return sf_exact_zero(c, &sf_shapes[f]);
	n.exp += scale;
	return sf_round(c, f, &n, sf_mode(c));
}

static u64 sf_add_signed(struct sf_ctx *c, enum sf_format f, u64 a, u64 b, bool negate)
{
	const struct sf_shape *s = &sf_shapes[f];
	struct sf_num n[2];
	u64 res;

	if (sf_unpack2(c, f, a, b, n, &res))
		return res;
	n[1].sign ^= negate;
	if (n[0].class == SF_INF && n[1].class == SF_INF && n[0].sign != n[1].sign)
		return sf_invalid(c, s);
	if (n[0].class == SF_INF)
		return sf_pack_inf(s, n[0].sign);
	if (n[1].class == SF_INF)
		return sf_pack_inf(s, n[1].sign);
	return sf_round_sum(c, f, &n[0], &n[1], 0);
}

u64 sf_add(struct sf_ctx *c, enum sf_format f, u64 a, u64 b)
{
	return sf_add_signed(c, f, a, b, false);
}

u64 sf_sub(struct sf_ctx *c, enum sf_format f, u64 a, u64 b)
{
	return sf_add_signed(c, f, a, b, true);
}

static u64 sf_mul_any(struct sf_ctx *c, enum sf_format f, u64 a, u64 b, bool extended)
{
	const struct sf_shape *s = &sf_shapes[f];
	struct sf_num n[2], p;
	bool sign;
	u64 res;

	if (sf_unpack2(c, f, a, b, n, &res))
		return res;
	sign = n[0].sign ^ n[1].sign;
	if (sf_inf_zero(&n[0], &n[1])) {
		if (extended)	/* 2.0 */
			return sf_pack(s, sign, (u64)(1 - s->emin + 1), 0);
		return sf_invalid(c, s);
	}
	if (sf_any_inf(&n[0], &n[1]))
		return sf_pack_inf(s, sign);
	p = sf_product(&n[0], &n[1]);
	if (p.class == SF_ZERO)
		return sf_pack(s, sign, 0, 0);
	return sf_round(c, f, &p, sf_mode(c));
}

u64 sf_mul(struct sf_ctx *c, enum sf_format f, u64 a, u64 b)
{
	return sf_mul_any(c, f, a, b, false);
}

u64 sf_mulx(struct sf_ctx *c, enum sf_format f, u64 a, u64 b)
{
	return sf_mul_any(c, f, a, b, true);
}

/* FPMulAdd looks at the addend first, then at the factors. */
u64 sf_muladd(struct sf_ctx *c, enum sf_format f, u64 acc, u64 a, u64 b)
{
	const struct sf_shape *s = &sf_shapes[f];
	struct sf_num n[3], p;
	bool undefined, inf;
	u64 res;

	n[0] = sf_unpack(c, f, acc);
	n[1] = sf_unpack(c, f, a);
	n[2] = sf_unpack(c, f, b);
	undefined = sf_inf_zero(&n[1], &n[2]);
	if (sf_nans(c, s, n, 3, &res)) {
		/* Infinity times zero plus a quiet NaN is not that NaN. */
		if (n[0].class == SF_QNAN && undefined)
			return sf_invalid(c, s);
		return res;
	}
	p = sf_product(&n[1], &n[2]);
	inf = sf_any_inf(&n[1], &n[2]);
	if (undefined || (inf && n[0].class == SF_INF && n[0].sign != p.sign))
		return sf_invalid(c, s);
	if (n[0].class == SF_INF)
		return sf_pack_inf(s, n[0].sign);
	if (inf)
		return sf_pack_inf(s, p.sign);
	return sf_round_sum(c, f, &n[0], &p, 0);
}

u64 sf_div(struct sf_ctx *c, enum sf_format f, u64 a, u64 b)
{
	const struct sf_shape *s = &sf_shapes[f];
	struct sf_num n[2], q;
	u128 num;
	u64 den, res;
	bool sign;

	if (sf_unpack2(c, f, a, b, n, &res))
		return res;
	sign = n[0].sign ^ n[1].sign;
	if (n[0].class == n[1].class && n[0].class != SF_NORMAL)
		return sf_invalid(c, s);	/* 0 / 0 and infinity / infinity */
	if (n[0].class == SF_INF)
		return sf_pack_inf(s, sign);
	if (n[1].class == SF_ZERO)
		return sf_divide_by_zero(c, s, sign);
	if (n[0].class == SF_ZERO || n[1].class == SF_INF)
		return sf_pack(s, sign, 0, 0);
	/* A dividend below 2^126 over a divisor of at least 2^63: 63 or 64 bits. */
	num = n[0].frac;
	den = (u64)(n[1].frac >> 63);
	q = sf_make(sign, n[0].exp - n[1].exp, (num / den) << 63 | (num % den != 0));
	return sf_round(c, f, &q, sf_mode(c));
}

/*
 * The leading @bits (at most 60) bits of the square root of v >= 2^126, digit
 * by digit; *rest: it has more.
 */
static u64 sf_isqrt(u128 v, unsigned int bits, bool *rest)
{
	u64 root = 0, rem = 0, t;
	unsigned int i;

	for (i = 0; i < bits; i++) {
		rem = rem << 2 | (u64)(v >> 126);
		v <<= 2;
		t = root << 2 | 1;
		root <<= 1;
		if (rem >= t) {
			rem -= t;
			root |= 1;
		}
	}
	*rest = rem != 0 || v != 0;
	return root;
}

u64 sf_sqrt(struct sf_ctx *c, enum sf_format f, u64 a)
{
	const struct sf_shape *s = &sf_shapes[f];
	const unsigned int bits = s->frac + 3;	/* the result, a rounding bit, one to spare */
	struct sf_num n;
	bool rest;
	u64 res;

	if (sf_unpack1(c, f, a, &n, &res))
		return res;
	if (n.class == SF_ZERO)
		return sf_pack(s, n.sign, 0, 0);
	if (n.sign)
		return sf_invalid(c, s);
	if (n.class == SF_INF)
		return sf_pack_inf(s, false);
	if (n.exp & 1) {
		n.frac <<= 1;
		n.exp--;
	}
	res = sf_isqrt(n.frac, bits, &rest);
	n = sf_make(false, n.exp / 2, (u128)res << (SF_TOP + 1 - bits) | rest);
	return sf_round(c, f, &n, sf_mode(c));
}

/* ---- order ---- */

/* Of numbers that are no NaNs: -1, 0, 1. */
static int sf_order(const struct sf_num *a, const struct sf_num *b)
{
	int m;

	if (a->class == SF_ZERO && b->class == SF_ZERO)
		return 0;
	if (a->class == SF_ZERO)
		return b->sign ? 1 : -1;
	if (b->class == SF_ZERO || a->sign != b->sign)
		return a->sign ? -1 : 1;
	if (a->class != b->class)
		m = a->class == SF_INF ? 1 : -1;
	else if (a->class == SF_INF)
		m = 0;
	else if (a->exp != b->exp)
		m = a->exp > b->exp ? 1 : -1;
	else
		m = (a->frac > b->frac) - (a->frac < b->frac);
	return a->sign ? -m : m;
}

enum sf_relation sf_compare(struct sf_ctx *c, enum sf_format f, u64 a, u64 b, bool signal)
{
	struct sf_num x = sf_unpack(c, f, a), y = sf_unpack(c, f, b);
	int o;

	if (sf_is_nan(&x) || sf_is_nan(&y)) {
		if (signal || x.class == SF_SNAN || y.class == SF_SNAN)
			c->flags |= SF_IOC;
		return SF_UNORDERED;
	}
	o = sf_order(&x, &y);
	return o < 0 ? SF_LESS : o > 0 ? SF_GREATER : SF_EQUAL;
}

/* @want: 1 the greater, -1 the less.  Of two zeroes the sign decides. */
static u64 sf_pick(struct sf_ctx *c, enum sf_format f, u64 a, u64 b, int want)
{
	const struct sf_shape *s = &sf_shapes[f];
	struct sf_num n[2];
	const struct sf_num *p;
	u64 res;
	int o;

	if (sf_unpack2(c, f, a, b, n, &res))
		return res;
	o = sf_order(&n[0], &n[1]);
	if (o == 0 && n[0].class == SF_ZERO)
		return sf_pack(s, want > 0 ? n[0].sign && n[1].sign : n[0].sign || n[1].sign, 0, 0);
	p = &n[o == want ? 0 : 1];
	if (p->class == SF_ZERO)
		return sf_pack(s, p->sign, 0, 0);
	if (p->class == SF_INF)
		return sf_pack_inf(s, p->sign);
	return sf_round(c, f, p, SF_TIEEVEN);	/* exact */
}

u64 sf_max(struct sf_ctx *c, enum sf_format f, u64 a, u64 b)
{
	return sf_pick(c, f, a, b, 1);
}

u64 sf_min(struct sf_ctx *c, enum sf_format f, u64 a, u64 b)
{
	return sf_pick(c, f, a, b, -1);
}

/* FPMaxNum, FPMinNum: a quiet NaN beside a number gives way to the number. */
static u64 sf_pick_num(struct sf_ctx *c, enum sf_format f, u64 a, u64 b, int want)
{
	bool qa = sf_unpack(c, f, a).class == SF_QNAN;
	bool qb = sf_unpack(c, f, b).class == SF_QNAN;
	u64 losing = sf_pack_inf(&sf_shapes[f], want > 0);

	if (qa && !qb)
		a = losing;
	else if (qb && !qa)
		b = losing;
	return sf_pick(c, f, a, b, want);
}

u64 sf_maxnm(struct sf_ctx *c, enum sf_format f, u64 a, u64 b)
{
	return sf_pick_num(c, f, a, b, 1);
}

u64 sf_minnm(struct sf_ctx *c, enum sf_format f, u64 a, u64 b)
{
	return sf_pick_num(c, f, a, b, -1);
}

u64 sf_abs(enum sf_format f, u64 a)
{
	return a & ARM_MASK(sf_shapes[f].width - 2, 0);
}

u64 sf_neg(enum sf_format f, u64 a)
{
	const struct sf_shape *s = &sf_shapes[f];

	return (a ^ sf_sign_bit(s)) & ARM_MASK(s->width - 1, 0);
}
