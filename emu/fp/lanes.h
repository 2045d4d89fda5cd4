/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lanes of vector registers, and the loops over them.  Inside emu/fp/ only.
 *
 * An operation is one expression over the lanes a, b, c in a wider type and is
 * expanded for every element size, so that the compiler can vectorise it.  The
 * expression also sees
 *   W, U   the type of a, b, c, and an unsigned one of its size (64 bits; 128
 *          for VEC_WIDE with 64-bit lanes)
 *   ESIZE  bits of a lane
 *   imm    vc->imm          sat    set it to raise FPSR.QC
 */
#ifndef EMU_FP_LANES_H
#define EMU_FP_LANES_H

#include "emu/fp/softfloat.h"
#include "emu/fp/vec.h"

/* d[0] is the low half and lanes count from the low end: a little-endian host. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "lane order");

union vec_lanes {
	struct arm_vreg v;
	u8 u8[16];
	s8 s8[16];
	u16 u16[8];
	s16 s16[8];
	u32 u32[4];
	s32 s32[4];
	u64 u64[2];
	s64 s64[2];
};

static inline union vec_lanes vec_lanes(const struct arm_vreg *v)
{
	return (union vec_lanes){ .v = *v };
}

/* Bytes that the shape of an operation covers. */
static inline unsigned int vec_bytes(const struct vec_call *vc)
{
	return vc->q == IR_SCALAR ? 1u << (vc->es & 7) : vc->q == IR_D ? 8 : 16;
}

static inline unsigned int vec_count(const struct vec_call *vc)
{
	return vec_bytes(vc) >> (vc->es & 7);
}

/* One lane as a number; @i counts modulo the register. */
static inline u64 vec_get(const struct arm_vreg *v, unsigned int es, unsigned int i)
{
	unsigned int bit = (i << es) * 8;

	return es > 2 ? v->d[i & 1] : v->d[bit >> 6 & 1] >> (bit & 63) & ARM_MASK((8u << es) - 1, 0);
}

static inline void vec_set(struct arm_vreg *v, unsigned int es, unsigned int i, u64 val)
{
	unsigned int bit = (i << es) * 8;
	u64 mask;

	if (es > 2) {
		v->d[i & 1] = val;
		return;
	}
	mask = ARM_MASK((8u << es) - 1, 0) << (bit & 63);
	v->d[bit >> 6 & 1] = (v->d[bit >> 6 & 1] & ~mask) | (val << (bit & 63) & mask);
}

static inline void vec_raise_qc(struct vec_call *vc, bool sat)
{
	if (sat)
		*vc->fpsr |= SF_QC;
}

/* One size: lanes of type rt from lanes of at, bt, ct. */
#define VEC_LOOP(n, rt, at, bt, ct, wide, uwide, bits, EXPR) do {			\
	typedef wide W;									\
	typedef uwide U;								\
	enum { ESIZE = bits };								\
	unsigned int i;									\
	for (i = 0; i < (n) && i < 128 / ESIZE; i++) {					\
		W a = (W)la.at[i], b = (W)lb.bt[i], c = (W)lc.ct[i];			\
		(void)a; (void)b; (void)c; (void)sizeof(U);				\
		r.rt[i] = (EXPR);							\
	}										\
} while (0)

/*
 * void vec_NAME(vc): rs, as, bs, cs are s or u, the signedness of the lanes; W
 * is W1 for lanes of up to 32 bits, W2 for those of 64, and U alike.
 */
#define VEC_DEFINE(NAME, rs, as, bs, cs, W1, U1, W2, U2, EXPR)				\
void vec_##NAME(struct vec_call *vc)							\
{											\
	const union vec_lanes la = vec_lanes(&vc->a), lb = vec_lanes(&vc->b),		\
			      lc = vec_lanes(&vc->c);					\
	const unsigned int n = vec_count(vc), imm = (unsigned int)vc->imm;		\
	union vec_lanes r = { .v = { { 0, 0 } } };					\
	bool sat = false;								\
	(void)imm;									\
	switch (vc->es) {								\
	case 0:										\
		VEC_LOOP(n, rs##8, as##8, bs##8, cs##8, W1, U1, 8, EXPR);		\
		break;									\
	case 1:										\
		VEC_LOOP(n, rs##16, as##16, bs##16, cs##16, W1, U1, 16, EXPR);		\
		break;									\
	case 2:										\
		VEC_LOOP(n, rs##32, as##32, bs##32, cs##32, W1, U1, 32, EXPR);		\
		break;									\
	case 3:										\
		VEC_LOOP(n, rs##64, as##64, bs##64, cs##64, W2, U2, 64, EXPR);		\
		break;									\
	}										\
	vec_raise_qc(vc, sat);								\
	vc->res = r.v;									\
}

/* Unsigned arithmetic modulo the lane. */
#define VEC_PLAIN_U(NAME, EXPR) VEC_DEFINE(NAME, u, u, u, u, u64, u64, u64, u64, EXPR)
/* No arithmetic on 64-bit lanes but what cannot overflow: the expression casts to U. */
#define VEC_PLAIN_S(NAME, EXPR) VEC_DEFINE(NAME, s, s, s, s, s64, u64, s64, u64, EXPR)
/* Nothing overflows W.  VEC_WIDE_R: signedness of the lanes one by one. */
#define VEC_WIDE_R(NAME, rs, as, bs, cs, EXPR) VEC_DEFINE(NAME, rs, as, bs, cs, s64, u64, s128, u128, EXPR)
#define VEC_WIDE_S(NAME, EXPR) VEC_WIDE_R(NAME, s, s, s, s, EXPR)
#define VEC_WIDE_U(NAME, EXPR) VEC_WIDE_R(NAME, u, u, u, u, EXPR)

/* Results of half or twice the size: rt from at lanes, ES 0..2 of the narrow one. */
#define VEC_RESIZE(NAME, n, r0, a0, r1, a1, r2, a2, EXPR)				\
void vec_##NAME(struct vec_call *vc)							\
{											\
	const union vec_lanes la = vec_lanes(&vc->a), lb = vec_lanes(&vc->b), lc = lb;	\
	const unsigned int scalar = vc->q == IR_SCALAR;					\
	union vec_lanes r = { .v = { { 0, 0 } } };					\
	bool sat = false;								\
	switch (vc->es) {								\
	case 0:										\
		VEC_LOOP(scalar ? 1 : (n) / 8u, r0, a0, a0, a0, s64, u64, 8, EXPR);	\
		break;									\
	case 1:										\
		VEC_LOOP(scalar ? 1 : (n) / 16u, r1, a1, a1, a1, s64, u64, 16, EXPR);	\
		break;									\
	case 2:										\
		VEC_LOOP(scalar ? 1 : (n) / 32u, r2, a2, a2, a2, s128, u128, 32, EXPR);	\
		break;									\
	}										\
	vec_raise_qc(vc, sat);								\
	vc->res = r.v;									\
}

/* v held to the range of a lane; sat is set when it was outside. */
#define VEC_CLAMP(v, lo, hi, sat) ({							\
	__auto_type v_ = (v);								\
	if (v_ < (__typeof__(v_))(lo) || v_ > (__typeof__(v_))(hi)) {			\
		v_ = v_ < (__typeof__(v_))(lo) ? (lo) : (hi);				\
		(sat) = true;								\
	}										\
	v_;										\
})
#define VEC_SMAX(bits) ((s64)(~0ULL >> (65 - (bits))))
#define VEC_SMIN(bits) (-VEC_SMAX(bits) - 1)
#define VEC_UMAX(bits) (~0ULL >> (64 - (bits)))
#define VEC_SAT_S(v) VEC_CLAMP(v, VEC_SMIN(ESIZE), VEC_SMAX(ESIZE), sat)
#define VEC_SAT_U(v) VEC_CLAMP(v, 0, VEC_UMAX(ESIZE), sat)

/* vec_<operation>(): the rows of vec_table[]. */
#define X(name) void vec_##name(struct vec_call *vc);
#include "emu/fp/vec_ops.def"
#undef X

#endif
