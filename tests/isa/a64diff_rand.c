// SPDX-License-Identifier: GPL-2.0-only
/* Random values, with a liking for those where implementations go wrong. */
#include "tests/isa/a64diff_host.h"

static u64 splitmix(u64 *s)
{
	u64 z = *s += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void d_rand_init(struct d_rand *r, u64 seed, u64 stream)
{
	u64 s = seed * 0xd1342543de82ef95 + stream;

	r->s[0] = splitmix(&s);
	r->s[1] = splitmix(&s) | 1;
}

u64 d_rand(struct d_rand *r)
{
	u64 a = r->s[0], b = r->s[1];

	r->s[0] = b;
	a ^= a << 23;
	r->s[1] = a ^ b ^ a >> 18 ^ b >> 5;
	return r->s[1] + b;
}

unsigned int d_below(struct d_rand *r, unsigned int n)
{
	return (unsigned int)((d_rand(r) >> 32) * n >> 32);
}

bool d_one_in(struct d_rand *r, unsigned int n)
{
	return d_below(r, n) == 0;
}

u64 d_rand_int(struct d_rand *r)
{
	static const u64 special[] = {
		0, 1, 2, ~0ull, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000,
		0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000,
		0xffffffff80000000, 0xffffffff7fffffff, 0x8000000080000000, 0x7fffffff7fffffff,
		0x5555555555555555, 0xaaaaaaaaaaaaaaaa, 0x00ff00ff00ff00ff, 0xff00ff00ff00ff00,
	};

	switch (d_below(r, 8)) {
	case 0:
		return special[d_below(r, ARM_ARRAY_SIZE(special))];
	case 1:
		return (1ull << d_below(r, 64)) + d_below(r, 3) - 1;
	case 2:
		return d_below(r, 70);
	case 3:
		return (u64)(u32)d_rand(r);
	case 4:
		return (u64)((s64)d_rand(r) >> d_below(r, 64));
	default:
		return d_rand(r);
	}
}

/* Mantissa and exponent bits of half, single, double. */
static const struct {
	unsigned int man, exp;
} formats[] = { [1] = { 10, 5 }, [2] = { 23, 8 }, [3] = { 52, 11 } };

/* A mantissa: mostly few bits set at either end, where rounding shows. */
static u64 rand_mantissa(struct d_rand *r, unsigned int man)
{
	u64 all = (1ull << man) - 1;

	switch (d_below(r, 6)) {
	case 0:
		return 0;
	case 1:
		return all;
	case 2:
		return d_rand(r) & all & ~0ull << d_below(r, man);
	case 3:
		return 1ull << d_below(r, man);
	case 4:
		return all - (1ull << d_below(r, man));
	default:
		return d_rand(r) & all;
	}
}

/* A biased exponent of an ordinary number. */
static u64 rand_exponent(struct d_rand *r, unsigned int exp)
{
	unsigned int top = (1u << exp) - 1, bias = top >> 1;

	switch (d_below(r, 10)) {
	case 8:		/* products overflow, or are denormal */
		return d_one_in(r, 3) ? bias + bias / 2 - 1 + d_below(r, 4) :
					bias / 2 + 2 - d_below(r, exp == 5 ? 7 : exp == 8 ? 14 : 28);
	case 0:
		return 1 + d_below(r, 4);			/* about the smallest */
	case 1:
		return top - 1 - d_below(r, 4);			/* the largest */
	case 2:
		return 1 + d_below(r, top - 1);
	case 3:
		return exp == 5 ? bias + d_below(r, 15) : bias + d_below(r, 68);	/* about integers */
	case 4:
		return exp == 5 ? 1 + d_below(r, 29) : bias + (d_one_in(r, 2) ? 30 : 62) + d_below(r, 4);
	default:
		return bias - 2 + d_below(r, 5);		/* about one */
	}
}

u64 d_rand_float(struct d_rand *r, unsigned int es)
{
	unsigned int man = formats[es].man, exp = formats[es].exp;
	u64 sign = (u64)d_below(r, 2) << (man + exp), inf = ((1ull << exp) - 1) << man;
	u64 quiet = 1ull << (man - 1);

	switch (d_below(r, 16)) {
	case 0:
		return sign;
	case 1:
		return sign | inf;
	case 2:
		return sign | inf | quiet | rand_mantissa(r, man);
	case 3:
		return sign | inf | 1 | (rand_mantissa(r, man) & ~quiet);
	case 4:
		return sign | rand_mantissa(r, man);		/* denormal or zero */
	case 5:
		return d_rand(r) & ((1ull << (man + exp) << 1) - 1);
	default:
		return sign | rand_exponent(r, exp) << man | rand_mantissa(r, man);
	}
}

/* One V register of elements of 1 << es bytes. */
static void rand_vreg(struct d_rand *r, u64 v[2], unsigned int es, bool fp)
{
	unsigned int bits = 8u << es;
	bool same = d_one_in(r, 4);
	u64 e = 0;

	v[0] = v[1] = 0;
	for (unsigned int i = 0; i < 128 / bits; i++) {
		if (!i || !same)
			e = fp ? d_rand_float(r, es) : d_rand_int(r);
		if (bits < 64)
			e &= (1ull << bits) - 1;
		v[i * bits / 64] |= e << (i * bits % 64);
	}
}

/* A copy of another register, lanes of 1 << es bytes with another sign or last bit: sums cancel. */
static void similar_vreg(struct d_rand *r, u64 v[2], const u64 from[2], unsigned int es)
{
	unsigned int bits = 8u << es;

	v[0] = from[0];
	v[1] = from[1];
	for (unsigned int i = 0; i < 128 / bits; i++) {
		u64 flip = (u64)d_below(r, 2) << (bits - 1) | d_below(r, 2);

		v[i * bits / 64] ^= flip << (i * bits % 64);
	}
}

static void rand_vregs(struct d_rand *r, struct d_case *c, unsigned int es)
{
	unsigned int kind = d_below(r, 8), size = d_below(r, 4);

	for (unsigned int i = 0; i < 32; i++) {
		if (es && kind < 6 && i && d_one_in(r, 4))
			similar_vreg(r, c->v[i], c->v[d_below(r, i)], es);
		else if (es && kind < 6)
			rand_vreg(r, c->v[i], es, true);
		else if (kind == 7)
			rand_vreg(r, c->v[i], d_below(r, 4), false);
		else if (kind < 4)
			rand_vreg(r, c->v[i], size, false);
		else if (kind < 6)
			rand_vreg(r, c->v[i], 1 + d_below(r, 3), true);
		else
			c->v[i][0] = d_rand(r), c->v[i][1] = d_rand(r);
	}
}

void d_rand_state(struct d_rand *r, struct d_case *c, unsigned int es)
{
	for (unsigned int i = 0; i < 31; i++)
		c->x[i] = d_rand_int(r);
	c->sp = d_rand_int(r);
	rand_vregs(r, c, es);
	c->nzcv = d_rand(r) & 0xf0000000;
	/* RMode; then FZ, DN, AHP in half of the cases. */
	c->fpcr = (u64)d_below(r, 4) << 22;
	if (d_one_in(r, 2))
		c->fpcr |= (u64)d_below(r, 4) << 24 | (u64)d_one_in(r, 4) << 26;
	c->fpsr = d_one_in(r, 8) ? d_rand(r) & 0x0800009f : 0;
	for (unsigned int i = 0; i < D_MEM_SIZE; i++)
		c->mem[i] = (u8)d_rand(r);
}
