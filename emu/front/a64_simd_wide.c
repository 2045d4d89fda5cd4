// SPDX-License-Identifier: GPL-2.0-only
/*
 * Integer SIMD between lanes of one size and of twice that size.  The size
 * field, and es of the widening and narrowing operations, is the narrow one;
 * "2" forms (Q) use the upper half of the narrow register.
 */
#include "emu/front/a64_simd.h"

/* op: on the narrow operands; then, if any, acc on Vd and what op gave. */
struct wide_row {
	u16 op, acc;
};

static const struct wide_row wide_rows[A64_OP_COUNT] = {
	[A64_SADDL] = { IR_VSXTL, IR_VADD },	[A64_UADDL] = { IR_VUXTL, IR_VADD },
	[A64_SSUBL] = { IR_VSXTL, IR_VSUB },	[A64_USUBL] = { IR_VUXTL, IR_VSUB },
	[A64_SADDW] = { IR_VSXTL, IR_VADD },	[A64_UADDW] = { IR_VUXTL, IR_VADD },
	[A64_SSUBW] = { IR_VSXTL, IR_VSUB },	[A64_USUBW] = { IR_VUXTL, IR_VSUB },
	[A64_ADDHN] = { IR_VADD, 0 },		[A64_RADDHN] = { IR_VADD, 0 },
	[A64_SUBHN] = { IR_VSUB, 0 },		[A64_RSUBHN] = { IR_VSUB, 0 },
	[A64_SABDL] = { IR_VSABD, 0 },		[A64_UABDL] = { IR_VUABD, 0 },
	[A64_SABAL] = { IR_VSABD, IR_VADD },	[A64_UABAL] = { IR_VUABD, IR_VADD },
	[A64_SMULL_VEC] = { IR_VSMULL, 0 },	[A64_UMULL_VEC] = { IR_VUMULL, 0 },
	[A64_SMLAL_VEC] = { IR_VSMULL, IR_VADD },
	[A64_UMLAL_VEC] = { IR_VUMULL, IR_VADD },
	[A64_SMLSL_VEC] = { IR_VSMULL, IR_VSUB },
	[A64_UMLSL_VEC] = { IR_VUMULL, IR_VSUB },
	[A64_PMULL] = { IR_VPMULL, 0 },
	[A64_SQDMULL_VEC_S] = { IR_VSQDMULL, 0 },
	[A64_SQDMULL_VEC_V] = { IR_VSQDMULL, 0 },
	[A64_SQDMLAL_VEC_S] = { IR_VSQDMULL, IR_VSQADD },
	[A64_SQDMLAL_VEC_V] = { IR_VSQDMULL, IR_VSQADD },
	[A64_SQDMLSL_VEC_S] = { IR_VSQDMULL, IR_VSQSUB },
	[A64_SQDMLSL_VEC_V] = { IR_VSQDMULL, IR_VSQSUB },
	[A64_XTN] = { IR_VXTN, 0 },
	[A64_SQXTN_S] = { IR_VSQXTN, 0 },	[A64_SQXTN_V] = { IR_VSQXTN, 0 },
	[A64_UQXTN_S] = { IR_VUQXTN, 0 },	[A64_UQXTN_V] = { IR_VUQXTN, 0 },
	[A64_SQXTUN_S] = { IR_VSQXTUN, 0 },	[A64_SQXTUN_V] = { IR_VSQXTUN, 0 },
};

/* ---- addition ---- */

/* Both operands narrow. */
bool tr_v_long_add_sub_long(struct front *f, const struct a64_insn *i)
{
	const struct wide_row *r = &wide_rows[i->op];
	ir_ref n, m;

	if (front_fp_trapped(f))
		return true;
	n = simd_1(f, r->op, i->size, IR_Q, simd_half(f, i, i->Rn));
	m = simd_1(f, r->op, i->size, IR_Q, simd_half(f, i, i->Rm));
	return simd_set(f, i->Rd, simd_2(f, r->acc, i->size + 1u, IR_Q, n, m));
}

/* Vn wide, Vm narrow. */
bool tr_v_long_add_sub_wide(struct front *f, const struct a64_insn *i)
{
	const struct wide_row *r = &wide_rows[i->op];
	ir_ref m;

	if (front_fp_trapped(f))
		return true;
	m = simd_1(f, r->op, i->size, IR_Q, simd_half(f, i, i->Rm));
	return simd_set(f, i->Rd, simd_2(f, r->acc, i->size + 1u, IR_Q, simd_get(f, i->Rn), m));
}

/* The upper half of each sum or difference, rounded for the R forms. */
bool tr_v_long_add_sub_narrow(struct front *f, const struct a64_insn *i)
{
	unsigned int es = i->size + 1u, bits = 8u << i->size;
	ir_ref v;

	if (front_fp_trapped(f))
		return true;
	v = simd_2(f, wide_rows[i->op].op, es, IR_Q, simd_get(f, i->Rn), simd_get(f, i->Rm));
	if (i->U)
		v = simd_2(f, IR_VADD, es, IR_Q, v,
			   simd_const(f, IR_Q, simd_splat(es, 1ULL << (bits - 1))));
	v = simd_imm(f, IR_VSHRI, es, IR_Q, v, bits);
	return simd_set_narrow(f, i, simd_1(f, IR_VXTN, i->size, IR_Q, v));
}

/* ---- difference: it fits an unsigned narrow lane exactly ---- */

bool tr_v_long_diff(struct front *f, const struct a64_insn *i)
{
	const struct wide_row *r = &wide_rows[i->op];
	ir_ref v;

	if (front_fp_trapped(f))
		return true;
	v = simd_2(f, r->op, i->size, IR_D, simd_half(f, i, i->Rn), simd_half(f, i, i->Rm));
	v = simd_1(f, IR_VUXTL, i->size, IR_Q, v);
	if (r->acc)
		v = simd_2(f, r->acc, i->size + 1u, IR_Q, simd_get(f, i->Rd), v);
	return simd_set(f, i->Rd, v);
}

/* ---- multiplication ---- */

static bool wide_mul(struct front *f, const struct a64_insn *i, enum ir_shape q, ir_ref n, ir_ref m)
{
	const struct wide_row *r = &wide_rows[i->op];
	ir_ref v = simd_2(f, r->op, i->size, q, n, m);

	if (r->acc)
		v = simd_2(f, r->acc, i->size + 1u, q, simd_get(f, i->Rd), v);
	return simd_set(f, i->Rd, v);
}

static bool wide_mul_vec(struct front *f, const struct a64_insn *i)
{
	if (front_fp_trapped(f))
		return true;
	return wide_mul(f, i, IR_Q, simd_half(f, i, i->Rn), simd_half(f, i, i->Rm));
}

static bool wide_mul_scl(struct front *f, const struct a64_insn *i)
{
	if (front_fp_trapped(f))
		return true;
	return wide_mul(f, i, IR_SCALAR, simd_get(f, i->Rn), simd_get(f, i->Rm));
}

#define WIDE(cls, form)								\
bool tr_##cls(struct front *f, const struct a64_insn *i)			\
{										\
	return wide_##form(f, i);						\
}

WIDE(v_long_mul_product, mul_vec)
WIDE(v_long_mul_accum, mul_vec)
WIDE(v_long_mul_poly, mul_vec)
WIDE(v_long_mul_double_vec, mul_vec)
WIDE(v_long_mul_dmacc_vec, mul_vec)
WIDE(v_long_mul_double_scl, mul_scl)
WIDE(v_long_mul_dmacc_scl, mul_scl)

/* ---- narrowing ---- */

static bool wide_narrow_vec(struct front *f, const struct a64_insn *i)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set_narrow(f, i, simd_1(f, wide_rows[i->op].op, i->size, IR_Q,
					    simd_get(f, i->Rn)));
}

static bool wide_narrow_scl(struct front *f, const struct a64_insn *i)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, simd_1(f, wide_rows[i->op].op, i->size, IR_SCALAR,
					 simd_get(f, i->Rn)));
}

WIDE(v_extract_nosat, narrow_vec)
WIDE(v_extract_sat_vec, narrow_vec)
WIDE(v_extract_sqxtun_vec, narrow_vec)
WIDE(v_extract_sat_scl, narrow_scl)
WIDE(v_extract_sqxtun_scl, narrow_scl)

/* ---- SHLL: widened and shifted left by the narrow size ---- */

bool tr_v_shift(struct front *f, const struct a64_insn *i)
{
	ir_ref v;

	if (front_fp_trapped(f))
		return true;
	v = simd_1(f, IR_VUXTL, i->size, IR_Q, simd_half(f, i, i->Rn));
	return simd_set(f, i->Rd, simd_imm(f, IR_VSHLI, i->size + 1u, IR_Q, v, 8u << i->size));
}
