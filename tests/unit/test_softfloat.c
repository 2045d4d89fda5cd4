/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * softfloat against the host's SSE where both architectures agree, and against
 * worked cases of DDI 0487 where they do not.  tests/isa/fpvec_diff.py is the
 * wide comparison.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "emu/fp/softfloat.h"

static u64 seed = 0x9e3779b97f4a7c15;

static u64 next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* ---- cases with known answers ---- */

enum fn { ADD, MUL, MULADD, SQRT, MAX, MIN, MAXNM, MULX, DIV, RECPE, RSQRTE, RECPS, RSQRTS, RECPX };

struct known {
	const char *what;
	enum fn fn;
	enum sf_format f;
	u32 fpcr;
	u64 a, b, c;	/* MULADD: a + b * c */
	u64 res;
	u32 flags;
};

#define FZ SF_FPCR_FZ
#define DN SF_FPCR_DN
#define RM(m) ((u32)(m) << 22)

static const struct known known[] = {
	{ "FZ: tiny before rounding", MUL, 2, FZ, 0x00800001, 0x3f7ffffe, 0, 0, SF_UFC },
	{ "the same without FZ", MUL, 2, 0, 0x00800001, 0x3f7ffffe, 0, 0x00800000, SF_UFC | SF_IXC },
	{ "FZ: exact denormal result", MUL, 2, FZ, 0x00800000, 0x3f000000, 0, 0, SF_UFC },
	{ "exact denormal result is no underflow", MUL, 2, 0, 0x00800000, 0x3f000000, 0, 0x00400000, 0 },
	{ "FZ: denormal operand", ADD, 2, FZ, 0x00000001, 0x3f800000, 0, 0x3f800000, SF_IDC },
	{ "FZ: negative denormal result", MUL, 3, FZ, 0x8010000000000000, 0x3fe0000000000000, 0,
	  0x8000000000000000, SF_UFC },
	{ "default NaN is positive", ADD, 2, 0, 0x7f800000, 0xff800000, 0, 0x7fc00000, SF_IOC },
	{ "signalling NaN first", ADD, 2, 0, 0x7fc00001, 0x7f800002, 0, 0x7fc00002, SF_IOC },
	{ "first of two quiet NaNs", ADD, 2, 0, 0xffc00001, 0x7fc00002, 0, 0xffc00001, 0 },
	{ "DN", ADD, 2, DN, 0x3f800000, 0xffc00005, 0, 0x7fc00000, 0 },
	{ "DN with a signalling NaN", ADD, 2, DN, 0x3f800000, 0xff800005, 0, 0x7fc00000, SF_IOC },
	{ "addend's NaN first", MULADD, 2, 0, 0x7fc00003, 0x7fc00001, 0x7fc00002, 0x7fc00003, 0 },
	{ "inf * 0 + qNaN", MULADD, 2, 0, 0x7fc00005, 0x7f800000, 0, 0x7fc00000, SF_IOC },
	{ "inf * 0 + sNaN", MULADD, 2, 0, 0x7f800005, 0x7f800000, 0, 0x7fc00005, SF_IOC },
	{ "inf * 1 - inf", MULADD, 2, 0, 0xff800000, 0x7f800000, 0x3f800000, 0x7fc00000, SF_IOC },
	{ "one rounding", MULADD, 2, 0, 0xbf800002, 0x3f800001, 0x3f800001, 0x28800000, 0 },
	{ "x - x towards minus", MULADD, 2, RM(2), 0xbf800000, 0x3f800000, 0x3f800000, 0x80000000, 0 },
	{ "-0 + -0", ADD, 2, 0, 0x80000000, 0x80000000, 0, 0x80000000, 0 },
	{ "overflow towards zero", MUL, 2, RM(3), 0x7f7fffff, 0x40000000, 0, 0x7f7fffff, SF_OFC | SF_IXC },
	{ "overflow to nearest", MUL, 2, 0, 0x7f7fffff, 0xc0000000, 0, 0xff800000, SF_OFC | SF_IXC },
	{ "max of zeroes", MAX, 2, 0, 0, 0x80000000, 0, 0, 0 },
	{ "min of zeroes", MIN, 2, 0, 0, 0x80000000, 0, 0x80000000, 0 },
	{ "max with a quiet NaN", MAX, 2, 0, 0x7fc00001, 0x3f800000, 0, 0x7fc00001, 0 },
	{ "maxnm with a quiet NaN", MAXNM, 2, 0, 0x7fc00001, 0x3f800000, 0, 0x3f800000, 0 },
	{ "maxnm with a signalling NaN", MAXNM, 2, 0, 0x7f800001, 0x3f800000, 0, 0x7fc00001, SF_IOC },
	{ "inf * 0 of FMULX", MULX, 2, 0, 0xff800000, 0, 0, 0xc0000000, 0 },
	{ "root of -0", SQRT, 3, 0, 0x8000000000000000, 0, 0, 0x8000000000000000, 0 },
	{ "root of -1", SQRT, 3, 0, 0xbff0000000000000, 0, 0, 0x7ff8000000000000, SF_IOC },
	{ "1 / -0", DIV, 3, 0, 0x3ff0000000000000, 0x8000000000000000, 0, 0xfff0000000000000, SF_DZC },
	{ "0 / 0", DIV, 3, 0, 0, 0x8000000000000000, 0, 0x7ff8000000000000, SF_IOC },
	/* estimates: 8 bits, 1 is 256 * 2 / (2 * 256 + 1) rounded = 511 / 512 */
	{ "1 / 1, estimated", RECPE, 2, 0, 0x3f800000, 0, 0, 0x3f7f8000, 0 },
	{ "1 / 0", RECPE, 2, 0, 0x80000000, 0, 0, 0xff800000, SF_DZC },
	{ "1 / 2^-129", RECPE, 2, 0, 0x00100000, 0, 0, 0x7f800000, SF_OFC | SF_IXC },
	{ "1 / 2^-129 towards zero", RECPE, 2, RM(3), 0x00100000, 0, 0, 0x7f7fffff, SF_OFC | SF_IXC },
	{ "1 / 2^127, denormal", RECPE, 2, 0, 0x7f000000, 0, 0, 0x003fe000, 0 },
	{ "1 / 2^127, FZ", RECPE, 2, FZ, 0x7f000000, 0, 0, 0, SF_UFC },
	{ "1 / sqrt(4)", RSQRTE, 3, 0, 0x4010000000000000, 0, 0, 0x3fdff00000000000, 0 },
	{ "1 / sqrt(-1)", RSQRTE, 2, 0, 0xbf800000, 0, 0, 0x7fc00000, SF_IOC },
	{ "2 - inf * 0", RECPS, 2, 0, 0x7f800000, 0, 0, 0x40000000, 0 },
	{ "(3 - inf * 0) / 2", RSQRTS, 2, 0, 0x7f800000, 0, 0, 0x3fc00000, 0 },
	{ "(3 - 3 * 1) / 2", RSQRTS, 2, 0, 0x40400000, 0x3f800000, 0, 0, 0 },
	{ "exponent of a denormal", RECPX, 2, 0, 0x80000001, 0, 0, 0xff000000, 0 },
	{ "exponent of 1", RECPX, 2, 0, 0x3f800000, 0, 0, 0x40000000, 0 },
};

static u64 call(const struct known *k, struct sf_ctx *c)
{
	switch (k->fn) {
	case ADD:	return sf_add(c, k->f, k->a, k->b);
	case MUL:	return sf_mul(c, k->f, k->a, k->b);
	case MULADD:	return sf_muladd(c, k->f, k->a, k->b, k->c);
	case SQRT:	return sf_sqrt(c, k->f, k->a);
	case MAX:	return sf_max(c, k->f, k->a, k->b);
	case MIN:	return sf_min(c, k->f, k->a, k->b);
	case MAXNM:	return sf_maxnm(c, k->f, k->a, k->b);
	case MULX:	return sf_mulx(c, k->f, k->a, k->b);
	case DIV:	return sf_div(c, k->f, k->a, k->b);
	case RECPE:	return sf_recip_estimate(c, k->f, k->a);
	case RSQRTE:	return sf_rsqrt_estimate(c, k->f, k->a);
	case RECPS:	return sf_recip_step(c, k->f, k->a, k->b);
	case RSQRTS:	return sf_rsqrt_step(c, k->f, k->a, k->b);
	case RECPX:	return sf_recpx(c, k->f, k->a);
	}
	return 0;
}

static void known_answers(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARM_ARRAY_SIZE(known); i++) {
		struct sf_ctx c = { .fpcr = known[i].fpcr };
		u64 got = call(&known[i], &c);

		if (got != known[i].res || c.flags != known[i].flags)
			fail_msg("%s: %llx flags %x, expected %llx flags %x", known[i].what,
				 (unsigned long long)got, c.flags,
				 (unsigned long long)known[i].res, known[i].flags);
	}
}

struct conversion {
	enum sf_format from, to;
	u32 fpcr;
	enum sf_round r;
	u64 in, out;
	u32 flags;
};

static const struct conversion conversions[] = {
	{ 2, 1, 0, SF_TIEEVEN, 0x477ff000, 0x7c00, SF_OFC | SF_IXC },	/* 65520 */
	{ 2, 1, SF_FPCR_AHP, SF_TIEEVEN, 0x477ff000, 0x7c00, SF_IXC },	/* 65536 there */
	{ 2, 1, SF_FPCR_AHP, SF_TIEEVEN, 0xc8000000, 0xffff, SF_IOC },	/* -131072: too large */
	{ 2, 1, SF_FPCR_AHP, SF_TIEEVEN, 0x7f800000, 0x7fff, SF_IOC },
	{ 2, 1, SF_FPCR_AHP, SF_TIEEVEN, 0xffc00000, 0x8000, SF_IOC },	/* no NaNs */
	{ 1, 2, SF_FPCR_AHP, SF_TIEEVEN, 0x7fff, 0x47ffe000, 0 },
	{ 1, 2, 0, SF_TIEEVEN, 0xfe01, 0xffc02000, 0 },
	{ 1, 2, 0, SF_TIEEVEN, 0x7c01, 0x7fc02000, SF_IOC },
	{ 1, 2, SF_FPCR_FZ, SF_TIEEVEN, 0x0001, 0x33800000, 0 },	/* FZ is not for half precision */
	{ 2, 1, SF_FPCR_FZ, SF_TIEEVEN, 0x33800000, 0x0001, 0 },
	{ 3, 2, 0, SF_ODD, 0x3ff0000000000001, 0x3f800001, SF_IXC },
	{ 3, 2, 0, SF_ODD, 0x7fe0000000000000, 0x7f7fffff, SF_OFC | SF_IXC },
	{ 3, 2, 0, SF_ODD, 0x0010000000000000, 0x00000001, SF_UFC | SF_IXC },
	{ 3, 2, SF_FPCR_FZ, SF_TIEEVEN, 0x380fffffffffffff, 0, SF_UFC },
	{ 3, 2, 0, SF_TIEEVEN, 0x7ff0000020000000, 0x7fc00001, SF_IOC },
};

static void between_formats(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARM_ARRAY_SIZE(conversions); i++) {
		const struct conversion *v = &conversions[i];
		struct sf_ctx c = { .fpcr = v->fpcr };
		u64 got = sf_convert(&c, v->from, v->to, v->in, v->r);

		if (got != v->out || c.flags != v->flags)
			fail_msg("row %zu: %llx flags %x", i, (unsigned long long)got, c.flags);
	}
}

struct to_int {
	u64 in;		/* double */
	unsigned int width, fbits;
	bool uns;
	enum sf_round r;
	u64 out;
	u32 flags;
};

static const struct to_int to_ints[] = {
	{ 0x41e65a0bc0000000, 32, 0, false, SF_TOZERO, 0x7fffffff, SF_IOC },		/* 3e9 */
	{ 0x41e65a0bc0000000, 32, 0, true, SF_TOZERO, 3000000000, 0 },
	{ 0xbff0000000000000, 32, 0, true, SF_TOZERO, 0, SF_IOC },
	{ 0xbfe0000000000000, 32, 0, true, SF_TOZERO, 0, SF_IXC },
	{ 0x7ff8000000000000, 64, 0, false, SF_TOZERO, 0, SF_IOC },
	{ 0xfff0000000000000, 64, 0, false, SF_TOZERO, 1ULL << 63, SF_IOC },
	{ 0xc3e0000000000000, 64, 0, false, SF_TOZERO, 1ULL << 63, 0 },			/* -2^63 */
	{ 0x43e0000000000000, 64, 0, false, SF_TOZERO, ~0ULL >> 1, SF_IOC },
	{ 0x43efffffffffffff, 64, 0, true, SF_TOZERO, 0xfffffffffffff800, 0 },
	{ 0x43f0000000000000, 64, 0, true, SF_TOZERO, ~0ULL, SF_IOC },
	{ 0x4004000000000000, 64, 0, false, SF_TIEEVEN, 2, SF_IXC },			/* 2.5 */
	{ 0x4004000000000000, 64, 0, false, SF_TIEAWAY, 3, SF_IXC },
	{ 0xc004000000000000, 64, 0, false, SF_TIEAWAY, -3ULL, SF_IXC },
	{ 0xc004000000000000, 64, 0, false, SF_POSINF, -2ULL, SF_IXC },
	{ 0xc004000000000000, 64, 0, false, SF_NEGINF, -3ULL, SF_IXC },
	{ 0x3ff8000000000000, 32, 32, true, SF_TOZERO, 0xffffffff, SF_IOC },
	{ 0x3fe8000000000000, 32, 32, true, SF_TOZERO, 0xc0000000, 0 },
	{ 0x0000000000000001, 64, 64, true, SF_POSINF, 1, SF_IXC },
};

static void to_integers(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARM_ARRAY_SIZE(to_ints); i++) {
		const struct to_int *v = &to_ints[i];
		struct sf_ctx c = { .fpcr = 0 };
		u64 got = sf_to_fixed(&c, SF_DOUBLE, v->in, v->width, v->fbits, v->uns, v->r);

		if (got != v->out || c.flags != v->flags)
			fail_msg("row %zu: %llx flags %x", i, (unsigned long long)got, c.flags);
	}
}

/* A number that is integral stays; from integer to double and back is the identity below 2^53. */
static void integers_and_back(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		struct sf_ctx c = { .fpcr = (u32)(next() & 3) << 22 };
		u64 v = (u64)((s64)next() >> (11 + next() % 52)), d;

		d = sf_from_fixed(&c, SF_DOUBLE, v, 64, 0, false, SF_FPCR_RMODE(c.fpcr));
		assert_true(sf_to_fixed(&c, SF_DOUBLE, d, 64, 0, false, SF_TIEAWAY) == v);
		assert_true(sf_round_int(&c, SF_DOUBLE, d, SF_NEGINF, true) == d);
		assert_int_equal(c.flags, 0);
	}
}

/* The tables, by their definition: the nearest 9-bit number, ties up. */
static void estimate_tables(void **state)
{
	unsigned int a;

	(void)state;
	for (a = 256; a < 512; a++) {
		unsigned int e = sf_recip_table(a);

		/* |e / 512 - 1 / (2 * (a + .5) / 512)| <= 1 / 1024 */
		assert_in_range(e, 256, 511);
		assert_true(e * (2 * a + 1) <= (1u << 18) + a + 1);
		assert_true((e + 1) * (2 * a + 1) + a + 1 >= 1u << 18);
	}
	for (a = 128; a < 512; a++)
		assert_in_range(sf_rsqrt_table(a), 256, 511);
	assert_int_equal(sf_rsqrt_table(128), 511);
	assert_int_equal(sf_rsqrt_table(511), 256);
}

/* ---- the host ---- */

#ifdef __x86_64__

static u64 any_float(enum sf_format f)
{
	unsigned int frac = f == SF_SINGLE ? 23 : 52, width = f == SF_SINGLE ? 32 : 64;
	u64 bias = f == SF_SINGLE ? 127 : 1023, v = next(), exp;

	switch (next() % 8) {
	case 0:
		v &= ~ARM_MASK(width - 2, frac);		/* denormal, zero */
		break;
	case 1:
		v |= ARM_MASK(width - 2, frac);			/* NaN */
		break;
	case 2:
		v = (v & 1ULL << (width - 1)) | ARM_MASK(width - 2, frac);	/* infinity */
		break;
	case 3:
		break;
	default:
		exp = next() & 1 ? bias : bias / 2;
		v = (v & ~ARM_MASK(width - 2, frac)) | (exp + next() % 5) << frac;
		if (next() & 1)
			v &= ~ARM_MASK(frac - 4, 0);
		break;
	}
	return v & ARM_MASK(width - 1, 0);
}

/* MXCSR's flags as FPSR has them; DE has no counterpart. */
static u32 host_flags(void)
{
	u32 m = _mm_getcsr();

	return (m & 1 ? SF_IOC : 0) | (m & 4 ? SF_DZC : 0) | (m & 8 ? SF_OFC : 0) |
	       (m & 16 ? SF_UFC : 0) | (m & 32 ? SF_IXC : 0);
}

static u64 host_op(enum sf_format f, unsigned int op, u64 a, u64 b)
{
	__m128d x = _mm_castsi128_pd(_mm_cvtsi64_si128((long long)a));
	__m128d y = _mm_castsi128_pd(_mm_cvtsi64_si128((long long)b));
	__m128 xs = _mm_castpd_ps(x), ys = _mm_castpd_ps(y);
	bool single = f == SF_SINGLE;

	switch (op) {
	case 0:
		xs = _mm_add_ss(xs, ys);
		x = single ? _mm_castps_pd(xs) : _mm_add_sd(x, y);
		break;
	case 1:
		xs = _mm_sub_ss(xs, ys);
		x = single ? _mm_castps_pd(xs) : _mm_sub_sd(x, y);
		break;
	case 2:
		xs = _mm_mul_ss(xs, ys);
		x = single ? _mm_castps_pd(xs) : _mm_mul_sd(x, y);
		break;
	case 3:
		xs = _mm_div_ss(xs, ys);
		x = single ? _mm_castps_pd(xs) : _mm_div_sd(x, y);
		break;
	default:
		xs = _mm_sqrt_ss(xs);
		x = single ? _mm_castps_pd(xs) : _mm_sqrt_sd(x, x);
		break;
	}
	a = (u64)_mm_cvtsi128_si64(_mm_castpd_si128(x));
	return single ? (u32)a : a;
}

/* The host operation alone between the accesses to MXCSR: both formats compute, one counts. */
static u64 host_run(enum sf_format f, unsigned int op, u64 a, u64 b, u32 mode, u32 *flags)
{
	static const u32 rounding[4] = { 0, 0x4000, 0x2000, 0x6000 };
	u32 saved = _mm_getcsr();
	volatile u64 res;

	_mm_setcsr(0x1f80 | rounding[mode]);
	res = host_op(f, op, a, b);
	*flags = host_flags();
	_mm_setcsr(saved);
	return res;
}

static bool is_nan(enum sf_format f, u64 v)
{
	return f == SF_SINGLE ? (v & 0x7fffffff) > 0x7f800000 : v << 1 > 0xffe0000000000000;
}

typedef u64 (*binary)(struct sf_ctx *c, enum sf_format f, u64 a, u64 b);

static u64 sqrt_of_first(struct sf_ctx *c, enum sf_format f, u64 a, u64 b)
{
	(void)b;
	return sf_sqrt(c, f, a);
}

static void against_sse_format(enum sf_format f)
{
	static const binary ours[] = { sf_add, sf_sub, sf_mul, sf_div, sqrt_of_first };
	u64 least = f == SF_SINGLE ? 0x00800000 : 0x0010000000000000;
	int i;

	for (i = 0; i < 400000; i++) {
		unsigned int op = next() % 5;
		u32 mode = (u32)(next() & 3), flags, check = ~0u;
		struct sf_ctx c = { .fpcr = mode << 22 };
		u64 a = any_float(f), b = any_float(f);
		u64 want = host_run(f, op, a, b, mode, &flags), got = ours[op](&c, f, a, b);

		if (sf_abs(f, want) == least)
			check &= ~SF_UFC;	/* found tiny after rounding there, before it here */
		if (is_nan(f, want) ? !is_nan(f, got) : got != want)
			fail_msg("op %u mode %u %llx %llx: %llx, host %llx", op, mode, (unsigned long long)a,
				 (unsigned long long)b, (unsigned long long)got, (unsigned long long)want);
		if ((c.flags ^ flags) & check)
			fail_msg("op %u mode %u %llx %llx: flags %x, host %x", op, mode,
				 (unsigned long long)a, (unsigned long long)b, c.flags, flags);
	}
}

static void against_sse_single(void **state)
{
	(void)state;
	against_sse_format(SF_SINGLE);
}

static void against_sse_double(void **state)
{
	(void)state;
	against_sse_format(SF_DOUBLE);
}

/* libm's fma() is fused on every host; nearest only, results only. */
static void against_fma(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 100000; i++) {
		struct sf_ctx c = { .fpcr = 0 };
		u64 bits[3] = { any_float(SF_DOUBLE), any_float(SF_DOUBLE), any_float(SF_DOUBLE) };
		u64 got = sf_muladd(&c, SF_DOUBLE, bits[0], bits[1], bits[2]), want;
		double d[3], r;

		memcpy(d, bits, sizeof(d));
		r = __builtin_fma(d[1], d[2], d[0]);
		memcpy(&want, &r, sizeof(want));
		if (is_nan(SF_DOUBLE, want) ? !is_nan(SF_DOUBLE, got) : got != want)
			fail_msg("%llx + %llx * %llx: %llx, host %llx", (unsigned long long)bits[0],
				 (unsigned long long)bits[1], (unsigned long long)bits[2],
				 (unsigned long long)got, (unsigned long long)want);
	}
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(between_formats),
		cmocka_unit_test(to_integers),
		cmocka_unit_test(integers_and_back),
		cmocka_unit_test(estimate_tables),
#ifdef __x86_64__
		cmocka_unit_test(against_sse_single),
		cmocka_unit_test(against_sse_double),
		cmocka_unit_test(against_fma),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
