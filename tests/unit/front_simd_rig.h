/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recorded SIMD and floating-point results: shared by test_front_simd.c, which
 * checks translated code against them, and tests/isa/a64_simd_record.c, which
 * executes the same words on an Arm CPU (or one that QEMU plays) and prints
 * front_simd_cases.h anew.  Freestanding but for <stdint.h>.
 */
#ifndef TESTS_UNIT_FRONT_SIMD_RIG_H
#define TESTS_UNIT_FRONT_SIMD_RIG_H

#include <stdint.h>

/* Registers an instruction may see.  The recorder's assembly knows the offsets. */
struct simd_regs {
	uint64_t v[32][2];	/* low half first */
	uint64_t x[16];
	uint64_t nzcv, fpsr, fpcr;
};

/* The word, where its registers come from, and what it left. */
struct simd_case {
	uint32_t word, seed;
	uint64_t high, low;	/* V[word<4:0>] */
	uint64_t x;		/* X[word<3:0>] */
	uint32_t nzcv, fpsr;
};

static inline uint64_t simd_random(uint64_t *s)
{
	uint64_t z = *s += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* 64 bits of a kind where something may go wrong. */
static inline uint64_t simd_value(uint64_t *s, unsigned int kind)
{
	static const uint16_t f16[] = {
		0x0000, 0x8000, 0x0001, 0x83ff, 0x0400, 0x3c00, 0xbe00, 0x7bff, 0x7c00, 0xfc00, 0x7d01, 0x7e00,
	};
	static const uint8_t bytes[] = { 0, 1, 2, 16, 31, 0x7f, 0x80, 0x81, 0xfe, 0xff };
	static const uint32_t f32[] = {
		0x00000000, 0x80000000, 0x00000001, 0x807fffff, 0x00800000, 0x33800000, 0x3f000000, 0x3f800000,
		0xbfc00000, 0x40200000, 0x4b000001, 0x4f000000, 0xcf000000, 0x5f000000, 0x7f7fffff, 0x7f800000,
		0xff800000, 0x7f800001, 0xffa00000, 0x7fc00000, 0xffc00001,
	};
	uint64_t r = simd_random(s), v = 0;

	switch (kind % 6) {
	case 0:		/* doubles and singles that matter */
		v = f32[r % 21];
		return r >> 60 & 1 ? v << 32 | f32[(r >> 8) % 21] :
		       (v & 0xff800000) << 32 >> (v << 33 ? 3 : 0) | (v & 0x80000000) << 32 | (v & 1);
	case 1:
		for (unsigned int i = 0; i < 4; i++, r >>= 8)
			v = v << 16 | f16[(r & 0xff) % 12];
		return v;
	case 2:
		for (unsigned int i = 0; i < 8; i++, r >>= 8)
			v = v << 8 | bytes[(r & 0xff) % 10];
		return v;
	case 3:		/* doubles of moderate size */
		return (r & 0x800fffffffffffff) | (0x3ebULL + (r >> 52 & 31)) << 52;
	case 4:		/* pairs of such singles */
		return (r & 0x878fffff878fffff) | 0x3800000038000000;
	}
	return r;
}

static inline void simd_regs_init(struct simd_regs *g, uint32_t seed)
{
	uint64_t s = seed;
	unsigned int kind = (unsigned int)simd_random(&s);

	for (unsigned int i = 0; i < 64; i++)
		g->v[i / 2][i & 1] = simd_value(&s, simd_random(&s) & 3 ? kind : (unsigned int)simd_random(&s));
	for (unsigned int i = 0; i < 16; i++)
		g->x[i] = simd_value(&s, (unsigned int)simd_random(&s));
	g->nzcv = simd_random(&s) & 0xf0000000;
	g->fpsr = 0;
	/* any rounding; now and then FZ, DN, AHP */
	g->fpcr = simd_random(&s) & 0x00c00000;
	if (!(simd_random(&s) & 3))
		g->fpcr |= simd_random(&s) & 0x07000000;
}

#endif
