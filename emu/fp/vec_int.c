/* SPDX-License-Identifier: GPL-2.0-only */
/* Integer vector operations: bits, arithmetic, shifts, saturation, changes of size. */
#include "emu/fp/lanes.h"

/* ---- bits: es counts for the scalar shape alone ---- */

static void vec_set_masked(struct vec_call *vc, u64 low, u64 high)
{
	unsigned int bytes = vec_bytes(vc);

	vc->res.d[0] = bytes < 8 ? low & ARM_MASK(bytes * 8 - 1, 0) : low;
	vc->res.d[1] = bytes > 8 ? high : 0;
}

#define VEC_BITS(NAME, EXPR)						\
void vec_##NAME(struct vec_call *vc)					\
{									\
	u64 r[2], a, b, c;						\
	unsigned int i;							\
									\
	for (i = 0; i < 2; i++) {					\
		a = vc->a.d[i];						\
		b = vc->b.d[i];						\
		c = vc->c.d[i];						\
		(void)b;						\
		(void)c;						\
		r[i] = (EXPR);						\
	}								\
	vec_set_masked(vc, r[0], r[1]);					\
}

VEC_BITS(VAND, a & b)
VEC_BITS(VOR, a | b)
VEC_BITS(VXOR, a ^ b)
VEC_BITS(VANDN, a & ~b)
VEC_BITS(VORN, a | ~b)
VEC_BITS(VNOT, ~a)
VEC_BITS(VBSL, (b & a) | (c & ~a))

/* ---- arithmetic that wraps, comparison ---- */

VEC_PLAIN_U(VADD, a + b)
VEC_PLAIN_U(VSUB, a - b)
VEC_PLAIN_U(VMUL, a * b)
VEC_PLAIN_U(VMLA, a + b * c)
VEC_PLAIN_U(VMLS, a - b * c)
VEC_PLAIN_U(VNEG, -a)
VEC_PLAIN_S(VABS, a < 0 ? -(U)a : (U)a)
VEC_PLAIN_U(VCMEQ, -(U)(a == b))
VEC_PLAIN_S(VCMGT, -(W)(a > b))
VEC_PLAIN_S(VCMGE, -(W)(a >= b))
VEC_PLAIN_U(VCMHI, -(U)(a > b))
VEC_PLAIN_U(VCMHS, -(U)(a >= b))
VEC_PLAIN_U(VCMTST, -(U)((a & b) != 0))
VEC_PLAIN_S(VSMAX, a > b ? a : b)
VEC_PLAIN_S(VSMIN, a < b ? a : b)
VEC_PLAIN_U(VUMAX, a > b ? a : b)
VEC_PLAIN_U(VUMIN, a < b ? a : b)
VEC_PLAIN_S(VSABD, a > b ? (U)a - (U)b : (U)b - (U)a)
VEC_PLAIN_U(VUABD, a > b ? a - b : b - a)
VEC_WIDE_S(VSHADD, (a + b) >> 1)
VEC_WIDE_U(VUHADD, (a + b) >> 1)
VEC_WIDE_S(VSHSUB, (a - b) >> 1)
VEC_WIDE_U(VUHSUB, (a - b) >> 1)
VEC_WIDE_S(VSRHADD, (a + b + 1) >> 1)
VEC_WIDE_U(VURHADD, (a + b + 1) >> 1)

/* ---- counting and reversing bits, estimates ---- */

static u64 vec_polynomial(u64 a, u64 b, unsigned int bits)
{
	u64 r = 0;
	unsigned int i;

	for (i = 0; i < bits; i++)
		r ^= (a << i) & -(b >> i & 1);
	return r;
}

static u8 vec_reverse_byte(u64 v)
{
	v = (v & 0xf0) >> 4 | (v & 0x0f) << 4;
	v = (v & 0xcc) >> 2 | (v & 0x33) << 2;
	return (u8)((v & 0xaa) >> 1 | (v & 0x55) << 1);
}

/* URECPE and URSQRTE: operands below 1/2 and 1/4 saturate. */
static u64 vec_urecpe(u64 a)
{
	return a >> 31 ? (u64)sf_recip_table((unsigned int)(a >> 23)) << 23 : 0xffffffff;
}

static u64 vec_ursqrte(u64 a)
{
	return a >> 30 ? (u64)sf_rsqrt_table((unsigned int)(a >> 23)) << 23 : 0xffffffff;
}

VEC_PLAIN_U(VPMUL, vec_polynomial(a, b, ESIZE))
VEC_PLAIN_S(VCLS, __builtin_clzll((U)(a ^ (a >> 63)) << 1 | 1) - (64 - ESIZE))
VEC_PLAIN_U(VCLZ, a ? __builtin_clzll(a) - (64 - ESIZE) : ESIZE)
VEC_PLAIN_U(VCNT, __builtin_popcountll(a))
VEC_PLAIN_U(VRBIT, vec_reverse_byte(a))		/* es = 0 */
VEC_PLAIN_U(VURECPE, vec_urecpe(a & 0xffffffff))	/* es = 2 */
VEC_PLAIN_U(VURSQRTE, vec_ursqrte(a & 0xffffffff))

/* ---- shifts by a constant; right by imm: 1..ESIZE, in two steps ---- */

VEC_PLAIN_U(VSHLI, a << (imm & 63))
VEC_PLAIN_U(VSHRI, a >> ((imm - 1) & 63) >> 1)
VEC_PLAIN_S(VSARI, a >> ((imm - 1) & 63) >> 1)
VEC_WIDE_U(VURSHRI, ((a >> ((imm - 1) & 63)) + 1) >> 1)
VEC_WIDE_S(VSRSHRI, ((a >> ((imm - 1) & 63)) + 1) >> 1)
VEC_PLAIN_U(VSLI, b << (imm & 63) | (a & ((1ULL << (imm & 63)) - 1)))
VEC_PLAIN_U(VSRI, b >> ((imm - 1) & 63) >> 1 | (a & ~(VEC_UMAX(ESIZE) >> ((imm - 1) & 63) >> 1)))

/* ---- shifts by the signed low byte of b ---- */

/* Right by n > 0; beyond ESIZE + 1 nothing changes any more, rounding or not. */
#define VEC_RIGHT(v, n, round) ({					\
	unsigned int n_ = (n) > ESIZE + 1 ? ESIZE + 1 : (unsigned int)(n);	\
	((v) + ((round) ? (W)1 << (n_ - 1) : 0)) >> n_;			\
})
#define VEC_SHIFT(round) ({						\
	int s_ = (s8)b;							\
	s_ < 0 ? VEC_RIGHT(a, -s_, round) :				\
	s_ >= ESIZE ? 0 : (W)((U)a << s_);				\
})
#define VEC_SATURATED(v) (sat = true, (v))
/* Left by less than ESIZE cannot overflow W, or U where the lanes are unsigned. */
#define VEC_SHIFT_SAT_S(round) ({					\
	int s_ = (s8)b;							\
	s_ < 0 ? VEC_RIGHT(a, -s_, round) :				\
	s_ < ESIZE ? VEC_SAT_S((W)((U)a << s_)) :			\
	a == 0 ? 0 : VEC_SATURATED(a < 0 ? VEC_SMIN(ESIZE) : VEC_SMAX(ESIZE));	\
})
#define VEC_SHIFT_SAT_U(round) ({					\
	int s_ = (s8)b;							\
	s_ < 0 ? VEC_RIGHT(a, -s_, round) :				\
	a == 0 ? 0 :							\
	s_ < ESIZE && (U)a << s_ <= VEC_UMAX(ESIZE) ? (W)((U)a << s_) :	\
	VEC_SATURATED((W)VEC_UMAX(ESIZE));				\
})

VEC_WIDE_S(VSSHL, VEC_SHIFT(false))
VEC_WIDE_R(VUSHL, u, u, s, u, VEC_SHIFT(false))
VEC_WIDE_S(VSRSHL, VEC_SHIFT(true))
VEC_WIDE_R(VURSHL, u, u, s, u, VEC_SHIFT(true))
VEC_WIDE_S(VSQSHL, VEC_SHIFT_SAT_S(false))
VEC_WIDE_R(VUQSHL, u, u, s, u, VEC_SHIFT_SAT_U(false))
VEC_WIDE_S(VSQRSHL, VEC_SHIFT_SAT_S(true))
VEC_WIDE_R(VUQRSHL, u, u, s, u, VEC_SHIFT_SAT_U(true))
VEC_WIDE_R(VSQSHLUI, u, s, s, s, VEC_SAT_U((W)((U)a << (imm & (ESIZE - 1)))))

/* ---- saturating arithmetic ---- */

VEC_WIDE_S(VSQADD, VEC_SAT_S(a + b))
VEC_WIDE_U(VUQADD, VEC_SAT_U(a + b))
VEC_WIDE_S(VSQSUB, VEC_SAT_S(a - b))
VEC_WIDE_U(VUQSUB, VEC_SAT_U(a - b))
VEC_WIDE_R(VSUQADD, s, s, u, s, VEC_SAT_S(a + b))
VEC_WIDE_R(VUSQADD, u, u, s, u, VEC_SAT_U(a + b))
VEC_WIDE_S(VSQABS, VEC_SAT_S(a < 0 ? -a : a))
VEC_WIDE_S(VSQNEG, VEC_SAT_S(-a))

/* The doubled product's high half: the factor 2 is taken from the shift, so that W holds it. */
#define VEC_HALF_ULP ((W)1 << (ESIZE - 2))
VEC_WIDE_S(VSQDMULH, VEC_SAT_S((a * b) >> (ESIZE - 1)))
VEC_WIDE_S(VSQRDMULH, VEC_SAT_S((a * b + VEC_HALF_ULP) >> (ESIZE - 1)))
VEC_WIDE_S(VSQRDMLAH, VEC_SAT_S((a * ((W)1 << (ESIZE - 1)) + b * c + VEC_HALF_ULP) >> (ESIZE - 1)))
VEC_WIDE_S(VSQRDMLSH, VEC_SAT_S((a * ((W)1 << (ESIZE - 1)) - b * c + VEC_HALF_ULP) >> (ESIZE - 1)))

/* ---- widening: 64 bits of narrow lanes in ---- */

#define VEC_WIDEN_S(NAME, EXPR) VEC_RESIZE(NAME, 64, s16, s8, s32, s16, s64, s32, EXPR)
#define VEC_WIDEN_U(NAME, EXPR) VEC_RESIZE(NAME, 64, u16, u8, u32, u16, u64, u32, EXPR)

VEC_WIDEN_S(VSXTL, a)
VEC_WIDEN_U(VUXTL, a)
VEC_WIDEN_S(VSMULL, a * b)
VEC_WIDEN_U(VUMULL, (U)a * (U)b)
VEC_WIDEN_S(VSQDMULL, VEC_CLAMP(2 * a * b, VEC_SMIN(2 * ESIZE), VEC_SMAX(2 * ESIZE), sat))

static void vec_pmull64(struct vec_call *vc)
{
	u64 a = vc->a.d[0], b = vc->b.d[0];
	u128 r = 0;
	unsigned int i;

	for (i = 0; i < 64; i++)
		r ^= ((u128)a << i) & -(u128)(b >> i & 1);
	vc->res.d[0] = (u64)r;
	vc->res.d[1] = (u64)(r >> 64);
}

static VEC_WIDEN_U(pmull8, vec_polynomial((u64)a, (u64)b, ESIZE))

void vec_VPMULL(struct vec_call *vc)
{
	if (vc->es == 3)
		vec_pmull64(vc);
	else
		vec_pmull8(vc);
}

/* ---- narrowing: 128 bits of wide lanes in; the loop's types go by the narrow size ---- */

#define VEC_NARROW_S(NAME, rs, EXPR) VEC_RESIZE(NAME, 64, rs##8, s16, rs##16, s32, rs##32, s64, EXPR)
#define VEC_NARROW_U(NAME, EXPR) VEC_RESIZE(NAME, 64, u8, u16, u16, u32, u32, u64, EXPR)

VEC_NARROW_U(VXTN, a)
VEC_NARROW_S(VSQXTN, s, VEC_SAT_S(a))
VEC_NARROW_U(VUQXTN, VEC_SAT_U(a))
VEC_NARROW_S(VSQXTUN, u, VEC_SAT_U(a))

/* ---- pairs and whole registers ---- */

/* b:a split into its even and its odd lanes, then @fn; scalar: lanes 0 and 1 of a. */
static void vec_pairwise(struct vec_call *vc, vec_fn fn)
{
	struct vec_call pair = *vc;
	unsigned int i, n = vec_count(vc), es = vc->es;

	for (i = 0; i < n; i++) {
		const struct arm_vreg *from = 2 * i < n || n == 1 ? &vc->a : &vc->b;
		unsigned int lane = n == 1 ? 0 : 2 * i % n;

		vec_set(&pair.a, es, i, vec_get(from, es, lane));
		vec_set(&pair.b, es, i, vec_get(from, es, lane + 1));
	}
	fn(&pair);
	vc->res = pair.res;
}

#define VEC_PAIRWISE(NAME, OP) void vec_##NAME(struct vec_call *vc) { vec_pairwise(vc, vec_##OP); }

VEC_PAIRWISE(VADDP, VADD)
VEC_PAIRWISE(VSMAXP, VSMAX)
VEC_PAIRWISE(VSMINP, VSMIN)
VEC_PAIRWISE(VUMAXP, VUMAX)
VEC_PAIRWISE(VUMINP, VUMIN)
VEC_PAIRWISE(VFADDP, VFADD)
VEC_PAIRWISE(VFMAXP, VFMAX)
VEC_PAIRWISE(VFMINP, VFMIN)
VEC_PAIRWISE(VFMAXNMP, VFMAXNM)
VEC_PAIRWISE(VFMINNMP, VFMINNM)

static u64 vec_lane(const struct vec_call *vc, unsigned int i, bool sign)
{
	u64 v = vec_get(&vc->a, vc->es, i);

	return sign && vc->es < 3 ? (u64)arm_sext(v, 8u << vc->es) : v;
}

static void vec_add_long_pairs(struct vec_call *vc, bool sign)
{
	struct arm_vreg r = { { 0, 0 } };
	unsigned int i, n = vec_bytes(vc) >> (vc->es + 1);

	for (i = 0; i < n; i++)
		vec_set(&r, vc->es + 1, i, vec_lane(vc, 2 * i, sign) + vec_lane(vc, 2 * i + 1, sign));
	vc->res = r;
}

void vec_VSADDLP(struct vec_call *vc)
{
	vec_add_long_pairs(vc, true);
}

void vec_VUADDLP(struct vec_call *vc)
{
	vec_add_long_pairs(vc, false);
}

#define VEC_ACROSS(NAME, sign, res_es, EXPR)				\
void vec_##NAME(struct vec_call *vc)					\
{									\
	u64 r = vec_lane(vc, 0, sign), v;				\
	unsigned int i;							\
									\
	for (i = 1; i < vec_count(vc); i++) {				\
		v = vec_lane(vc, i, sign);				\
		r = (EXPR);						\
	}								\
	vc->res = (struct arm_vreg){ { 0, 0 } };			\
	vec_set(&vc->res, res_es, 0, r);				\
}

VEC_ACROSS(VADDV, false, vc->es, r + v)
VEC_ACROSS(VSADDLV, true, vc->es + 1, r + v)
VEC_ACROSS(VUADDLV, false, vc->es + 1, r + v)
VEC_ACROSS(VSMAXV, true, vc->es, (s64)v > (s64)r ? v : r)
VEC_ACROSS(VSMINV, true, vc->es, (s64)v < (s64)r ? v : r)
VEC_ACROSS(VUMAXV, false, vc->es, v > r ? v : r)
VEC_ACROSS(VUMINV, false, vc->es, v < r ? v : r)
