/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recorded Advanced SIMD results of AArch32: shared by test_front_neon.c and
 * tests/isa/a32_neon_record.c, as front_simd_rig.h is for A64, whose registers
 * these use: v[0..15] are Q0..Q15; fpsr and fpcr together FPSCR.
 */
#ifndef TESTS_UNIT_FRONT_NEON_RIG_H
#define TESTS_UNIT_FRONT_NEON_RIG_H

#include "tests/unit/front_simd_rig.h"

/* The word, where its registers come from, and what it left. */
struct neon_case {
	uint32_t word, seed;
	uint64_t d_high, d_low;		/* the Q register that has Dd */
	uint64_t m_high, m_low;		/* the one that has Dm */
	uint32_t fpsr;			/* the cumulative bits and QC */
};

#define NEON_FPSR 0x0800009fu

/* The Q register of the D register whose number is in bits @low and @high. */
static inline unsigned int neon_case_q(uint32_t word, unsigned int low, unsigned int high)
{
	return ((word >> high & 1) << 4 | (word >> low & 15)) >> 1;
}

static inline unsigned int neon_case_d(uint32_t word)
{
	return neon_case_q(word, 12, 22);
}

static inline unsigned int neon_case_m(uint32_t word)
{
	return neon_case_q(word, 0, 5);
}

#endif
