/* SPDX-License-Identifier: GPL-2.0-only */
/* Floating-point operations of the IR, lane by lane through softfloat. */
#include "emu/fp/lanes.h"

static enum sf_format fp_format(const struct vec_call *vc)
{
	return vc->es == 2 ? SF_SINGLE : SF_DOUBLE;
}

static enum sf_round fp_mode(const struct vec_call *vc)
{
	return SF_FPCR_RMODE(vc->fpcr);
}

/* The rounding that imm names: a fixed one, or FPCR's. */
static enum sf_round fp_imm_mode(const struct vec_call *vc)
{
	unsigned int r = IR_CVT_ROUND(vc->imm);

	return r < IR_ROUND_FPCR ? (enum sf_round)r : fp_mode(vc);
}

/* One lane from a, b, c in format f with context x. */
#define VEC_FP(NAME, EXPR)							\
void vec_##NAME(struct vec_call *vc)						\
{										\
	struct sf_ctx ctx = { .fpcr = vc->fpcr }, *const x = &ctx;		\
	enum sf_format f = fp_format(vc);					\
	unsigned int i, n = vec_bytes(vc) >> f;					\
	struct arm_vreg r = { { 0, 0 } };					\
										\
	for (i = 0; i < n; i++) {						\
		u64 a = vec_get(&vc->a, f, i), b = vec_get(&vc->b, f, i);	\
		u64 c = vec_get(&vc->c, f, i);					\
										\
		(void)b;							\
		(void)c;							\
		vec_set(&r, f, i, (EXPR));					\
	}									\
	(void)x;								\
	vc->res = r;								\
	*vc->fpsr |= ctx.flags;							\
}

VEC_FP(VFADD, sf_add(x, f, a, b))
VEC_FP(VFSUB, sf_sub(x, f, a, b))
VEC_FP(VFMUL, sf_mul(x, f, a, b))
VEC_FP(VFDIV, sf_div(x, f, a, b))
VEC_FP(VFMULX, sf_mulx(x, f, a, b))
VEC_FP(VFNMUL, sf_neg(f, sf_mul(x, f, a, b)))
VEC_FP(VFMLA, sf_muladd(x, f, a, b, c))
VEC_FP(VFMLS, sf_muladd(x, f, a, sf_neg(f, b), c))
VEC_FP(VFMAX, sf_max(x, f, a, b))
VEC_FP(VFMIN, sf_min(x, f, a, b))
VEC_FP(VFMAXNM, sf_maxnm(x, f, a, b))
VEC_FP(VFMINNM, sf_minnm(x, f, a, b))
VEC_FP(VFSQRT, sf_sqrt(x, f, a))
VEC_FP(VFABS, sf_abs(f, a))
VEC_FP(VFNEG, sf_neg(f, a))
VEC_FP(VFABD, sf_abs(f, sf_sub(x, f, a, b)))
VEC_FP(VFRECPE, sf_recip_estimate(x, f, a))
VEC_FP(VFRSQRTE, sf_rsqrt_estimate(x, f, a))
VEC_FP(VFRECPS, vc->std ? sf_recip_step32(x, f, a, b) : sf_recip_step(x, f, a, b))
VEC_FP(VFRSQRTS, vc->std ? sf_rsqrt_step32(x, f, a, b) : sf_rsqrt_step(x, f, a, b))
VEC_FP(VFRECPX, sf_recpx(x, f, a))
VEC_FP(VFRINT, sf_round_int(x, f, a, fp_imm_mode(vc), vc->imm & IR_ROUND_EXACT))

/* Masks.  FCMEQ signals on signalling NaNs only, the others on every NaN. */
static u64 fp_ge(struct sf_ctx *x, enum sf_format f, u64 a, u64 b)
{
	enum sf_relation r = sf_compare(x, f, a, b, true);

	return -(u64)(r == SF_GREATER || r == SF_EQUAL);
}

static u64 fp_gt(struct sf_ctx *x, enum sf_format f, u64 a, u64 b)
{
	return -(u64)(sf_compare(x, f, a, b, true) == SF_GREATER);
}

VEC_FP(VFCMEQ, -(u64)(sf_compare(x, f, a, b, false) == SF_EQUAL))
VEC_FP(VFCMGE, fp_ge(x, f, a, b))
VEC_FP(VFCMGT, fp_gt(x, f, a, b))
VEC_FP(VFACGE, fp_ge(x, f, sf_abs(f, a), sf_abs(f, b)))
VEC_FP(VFACGT, fp_gt(x, f, sf_abs(f, a), sf_abs(f, b)))

void vec_FCMP(struct vec_call *vc)
{
	static const u32 nzcv[] = {
		[SF_LESS] = PSR_N, [SF_EQUAL] = PSR_Z | PSR_C,
		[SF_GREATER] = PSR_C, [SF_UNORDERED] = PSR_C | PSR_V,
	};
	struct sf_ctx ctx = { .fpcr = vc->fpcr };
	enum sf_format f = fp_format(vc);

	vc->res.d[0] = nzcv[sf_compare(&ctx, f, vc->a.d[0], vc->b.d[0], vc->imm & 1)];
	vc->res.d[1] = 0;
	*vc->fpsr |= ctx.flags;
}

/* ---- across lanes: neighbours first, as Reduce() halves the vector ---- */

typedef u64 (*fp_binary)(struct sf_ctx *c, enum sf_format f, u64 a, u64 b);

static void fp_across(struct vec_call *vc, fp_binary fn)
{
	struct sf_ctx ctx = { .fpcr = vc->fpcr };
	enum sf_format f = fp_format(vc);
	unsigned int i, n = vec_bytes(vc) >> f;
	u64 lane[4];

	for (i = 0; i < n; i++)
		lane[i] = vec_get(&vc->a, f, i);
	for (; n > 1; n /= 2)
		for (i = 0; i < n / 2; i++)
			lane[i] = fn(&ctx, f, lane[2 * i], lane[2 * i + 1]);
	vc->res.d[0] = lane[0];
	vc->res.d[1] = 0;
	*vc->fpsr |= ctx.flags;
}

#define VEC_FP_ACROSS(NAME, FN) void vec_##NAME(struct vec_call *vc) { fp_across(vc, FN); }

VEC_FP_ACROSS(VFMAXV, sf_max)
VEC_FP_ACROSS(VFMINV, sf_min)
VEC_FP_ACROSS(VFMAXNMV, sf_maxnm)
VEC_FP_ACROSS(VFMINNMV, sf_minnm)

/* ---- between formats ---- */

static void fp_convert(struct vec_call *vc, unsigned int from, unsigned int to,
		       unsigned int lanes, enum sf_round mode)
{
	struct sf_ctx ctx = { .fpcr = vc->fpcr };
	struct arm_vreg r = { { 0, 0 } };
	unsigned int i;

	if (from < SF_HALF || from > SF_DOUBLE || to < SF_HALF || to > SF_DOUBLE)
		lanes = 0;
	for (i = 0; i < lanes; i++)
		vec_set(&r, to, i, sf_convert(&ctx, from, to, vec_get(&vc->a, from, i), mode));
	vc->res = r;
	*vc->fpsr |= ctx.flags;
}

/* Lanes of a conversion between es and twice that. */
static unsigned int fp_resize_lanes(const struct vec_call *vc)
{
	return vc->q == IR_SCALAR ? 1 : 8u >> (vc->es & 3);
}

void vec_VFCVT(struct vec_call *vc)
{
	fp_convert(vc, vc->es, (unsigned int)vc->imm, 1, fp_mode(vc));
}

void vec_VFCVTL(struct vec_call *vc)
{
	fp_convert(vc, vc->es, vc->es + 1u, fp_resize_lanes(vc), fp_mode(vc));
}

void vec_VFCVTN(struct vec_call *vc)
{
	fp_convert(vc, vc->es + 1u, vc->es, fp_resize_lanes(vc), fp_mode(vc));
}

void vec_VFCVTXN(struct vec_call *vc)
{
	fp_convert(vc, vc->es + 1u, vc->es, fp_resize_lanes(vc), SF_ODD);
}

/* ---- integers ---- */

VEC_FP(VFTOI, sf_to_fixed(x, f, a, 8u << f, IR_CVT_FBITS(vc->imm), IR_CVT_UNSIGNED(vc->imm),
			  fp_imm_mode(vc)))
VEC_FP(VITOF, sf_from_fixed(x, f, a, 8u << f, IR_CVT_FBITS(vc->imm), IR_CVT_UNSIGNED(vc->imm),
			    fp_mode(vc)))

void vec_FTOI(struct vec_call *vc)
{
	struct sf_ctx ctx = { .fpcr = vc->fpcr };

	vc->res.d[0] = sf_to_fixed(&ctx, fp_format(vc), vc->a.d[0], vc->w == 32 ? 32 : 64,
				   IR_CVT_FBITS(vc->imm), IR_CVT_UNSIGNED(vc->imm), fp_imm_mode(vc));
	vc->res.d[1] = 0;
	*vc->fpsr |= ctx.flags;
}

void vec_ITOF(struct vec_call *vc)
{
	struct sf_ctx ctx = { .fpcr = vc->fpcr };

	vc->res.d[0] = sf_from_fixed(&ctx, fp_format(vc), vc->a.d[0], vc->w == 32 ? 32 : 64,
				     IR_CVT_FBITS(vc->imm), IR_CVT_UNSIGNED(vc->imm), fp_mode(vc));
	vc->res.d[1] = 0;
	*vc->fpsr |= ctx.flags;
}
