/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Binary floating point in integers, as AArch64 defines it bit by bit: FPCR's
 * FZ, DN, AHP and RMode, the NaN that survives, underflow found before
 * rounding, every cumulative flag.  (DDI 0487, shared/functions/float.)
 *
 * Numbers are passed as their encodings in the low bits of a u64; what lies
 * above the format's width is ignored on the way in and zero on the way out.
 * Nothing here keeps state but the caller's struct sf_ctx.
 */
#ifndef EMU_FP_SOFTFLOAT_H
#define EMU_FP_SOFTFLOAT_H

#include "arm/base.h"

/* Equal to the element sizes of the IR.  Half precision: sf_convert() only. */
enum sf_format { SF_HALF = 1, SF_SINGLE = 2, SF_DOUBLE = 3 };

/* The first five are enum ir_round's numbers. */
enum sf_round {
	SF_TIEEVEN, SF_POSINF, SF_NEGINF, SF_TOZERO, SF_TIEAWAY, SF_ODD,
};

#define SF_FPCR_RMODE(fpcr) ((enum sf_round)((fpcr) >> 22 & 3))
#define SF_FPCR_FZ (1u << 24)
#define SF_FPCR_DN (1u << 25)
#define SF_FPCR_AHP (1u << 26)

/* FPSR. */
#define SF_IOC (1u << 0)
#define SF_DZC (1u << 1)
#define SF_OFC (1u << 2)
#define SF_UFC (1u << 3)
#define SF_IXC (1u << 4)
#define SF_IDC (1u << 7)
#define SF_QC (1u << 27)

struct sf_ctx {
	u32 fpcr;	/* in */
	u32 flags;	/* FPSR bits are ORed in */
};

/* Relations of sf_compare(). */
enum sf_relation { SF_LESS, SF_EQUAL, SF_GREATER, SF_UNORDERED };

u64 sf_add(struct sf_ctx *c, enum sf_format f, u64 a, u64 b);
u64 sf_sub(struct sf_ctx *c, enum sf_format f, u64 a, u64 b);
u64 sf_mul(struct sf_ctx *c, enum sf_format f, u64 a, u64 b);
/* FMULX: infinity times zero is 2.0. */
u64 sf_mulx(struct sf_ctx *c, enum sf_format f, u64 a, u64 b);
u64 sf_div(struct sf_ctx *c, enum sf_format f, u64 a, u64 b);
/* acc + a * b, rounded once. */
u64 sf_muladd(struct sf_ctx *c, enum sf_format f, u64 acc, u64 a, u64 b);
u64 sf_sqrt(struct sf_ctx *c, enum sf_format f, u64 a);
u64 sf_max(struct sf_ctx *c, enum sf_format f, u64 a, u64 b);
u64 sf_min(struct sf_ctx *c, enum sf_format f, u64 a, u64 b);
u64 sf_maxnm(struct sf_ctx *c, enum sf_format f, u64 a, u64 b);
u64 sf_minnm(struct sf_ctx *c, enum sf_format f, u64 a, u64 b);
u64 sf_abs(enum sf_format f, u64 a);
u64 sf_neg(enum sf_format f, u64 a);
u64 sf_recip_estimate(struct sf_ctx *c, enum sf_format f, u64 a);
u64 sf_rsqrt_estimate(struct sf_ctx *c, enum sf_format f, u64 a);
/* 2 - a * b and (3 - a * b) / 2, fused. */
u64 sf_recip_step(struct sf_ctx *c, enum sf_format f, u64 a, u64 b);
u64 sf_rsqrt_step(struct sf_ctx *c, enum sf_format f, u64 a, u64 b);
/* The same as AArch32 has them: the product is rounded. */
u64 sf_recip_step32(struct sf_ctx *c, enum sf_format f, u64 a, u64 b);
u64 sf_rsqrt_step32(struct sf_ctx *c, enum sf_format f, u64 a, u64 b);
u64 sf_recpx(struct sf_ctx *c, enum sf_format f, u64 a);
/* To an integral value; @exact: inexact is raised. */
u64 sf_round_int(struct sf_ctx *c, enum sf_format f, u64 a, enum sf_round r, bool exact);
/* @signal: a quiet NaN is an invalid operation, too. */
enum sf_relation sf_compare(struct sf_ctx *c, enum sf_format f, u64 a, u64 b, bool signal);
/* a * 2^@fbits as an integer of @width (16, 32, 64) bits, saturated. */
u64 sf_to_fixed(struct sf_ctx *c, enum sf_format f, u64 a, unsigned int width,
		unsigned int fbits, bool uns, enum sf_round r);
/* The low @width bits of @v as a number times 2^-@fbits. */
u64 sf_from_fixed(struct sf_ctx *c, enum sf_format f, u64 v, unsigned int width,
		  unsigned int fbits, bool uns, enum sf_round r);
u64 sf_convert(struct sf_ctx *c, enum sf_format from, enum sf_format to, u64 a, enum sf_round r);

/* The 8-bit estimates behind the above and URECPE, URSQRTE: 256..511. */
unsigned int sf_recip_table(unsigned int a);	/* a: 256..511 */
unsigned int sf_rsqrt_table(unsigned int a);	/* a: 128..511 */

#endif
