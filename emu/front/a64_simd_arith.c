// SPDX-License-Identifier: GPL-2.0-only
/* Integer SIMD whose lanes are as wide in the result as in the operands; pairs and reductions. */
#include "emu/front/a64_simd.h"

static const u16 arith_ops[A64_OP_COUNT] = {
	[A64_ADD_S] = IR_VADD,		[A64_ADD_V] = IR_VADD,
	[A64_SUB_S] = IR_VSUB,		[A64_SUB_V] = IR_VSUB,
	[A64_SHADD] = IR_VSHADD,	[A64_UHADD] = IR_VUHADD,
	[A64_SHSUB] = IR_VSHSUB,	[A64_UHSUB] = IR_VUHSUB,
	[A64_SRHADD] = IR_VSRHADD,	[A64_URHADD] = IR_VURHADD,
	[A64_SQADD_S] = IR_VSQADD,	[A64_SQADD_V] = IR_VSQADD,
	[A64_UQADD_S] = IR_VUQADD,	[A64_UQADD_V] = IR_VUQADD,
	[A64_SUQADD_S] = IR_VSUQADD,	[A64_SUQADD_V] = IR_VSUQADD,
	[A64_USQADD_S] = IR_VUSQADD,	[A64_USQADD_V] = IR_VUSQADD,
	[A64_SQSUB_S] = IR_VSQSUB,	[A64_SQSUB_V] = IR_VSQSUB,
	[A64_UQSUB_S] = IR_VUQSUB,	[A64_UQSUB_V] = IR_VUQSUB,

	[A64_CMEQ_REG_S] = IR_VCMEQ,	[A64_CMEQ_REG_V] = IR_VCMEQ,
	[A64_CMTST_S] = IR_VCMTST,	[A64_CMTST_V] = IR_VCMTST,
	[A64_CMGE_REG_S] = IR_VCMGE,	[A64_CMGE_REG_V] = IR_VCMGE,
	[A64_CMGT_REG_S] = IR_VCMGT,	[A64_CMGT_REG_V] = IR_VCMGT,
	[A64_CMHI_S] = IR_VCMHI,	[A64_CMHI_V] = IR_VCMHI,
	[A64_CMHS_S] = IR_VCMHS,	[A64_CMHS_V] = IR_VCMHS,
	[A64_CMEQ_ZERO_S] = IR_VCMEQ,	[A64_CMEQ_ZERO_V] = IR_VCMEQ,
	[A64_CMGE_ZERO_S] = IR_VCMGE,	[A64_CMGE_ZERO_V] = IR_VCMGE,
	[A64_CMGT_ZERO_S] = IR_VCMGT,	[A64_CMGT_ZERO_V] = IR_VCMGT,
	/* 0 >= x and 0 > x */
	[A64_CMLE_S] = IR_VCMGE,	[A64_CMLE_V] = IR_VCMGE,
	[A64_CMLT_S] = IR_VCMGT,	[A64_CMLT_V] = IR_VCMGT,

	[A64_SMAX] = IR_VSMAX,		[A64_SMIN] = IR_VSMIN,
	[A64_UMAX] = IR_VUMAX,		[A64_UMIN] = IR_VUMIN,
	[A64_SABD] = IR_VSABD,		[A64_UABD] = IR_VUABD,
	[A64_SABA] = IR_VSABD,		[A64_UABA] = IR_VUABD,
	[A64_MUL_VEC] = IR_VMUL,	[A64_PMUL] = IR_VPMUL,
	[A64_MLA_VEC] = IR_VMLA,	[A64_MLS_VEC] = IR_VMLS,
	[A64_SQDMULH_VEC_S] = IR_VSQDMULH,	[A64_SQDMULH_VEC_V] = IR_VSQDMULH,
	[A64_SQRDMULH_VEC_S] = IR_VSQRDMULH,	[A64_SQRDMULH_VEC_V] = IR_VSQRDMULH,
	[A64_SQRDMLAH_VEC_S] = IR_VSQRDMLAH,	[A64_SQRDMLAH_VEC_V] = IR_VSQRDMLAH,
	[A64_SQRDMLSH_VEC_S] = IR_VSQRDMLSH,	[A64_SQRDMLSH_VEC_V] = IR_VSQRDMLSH,

	[A64_ABS_S] = IR_VABS,		[A64_ABS_V] = IR_VABS,
	[A64_NEG_S] = IR_VNEG,		[A64_NEG_V] = IR_VNEG,
	[A64_SQABS_S] = IR_VSQABS,	[A64_SQABS_V] = IR_VSQABS,
	[A64_SQNEG_S] = IR_VSQNEG,	[A64_SQNEG_V] = IR_VSQNEG,
	[A64_CLS_V_CLSZ] = IR_VCLS,	[A64_CLZ_V_CLSZ] = IR_VCLZ,
	[A64_CNT] = IR_VCNT,
	[A64_URECPE] = IR_VURECPE,	[A64_URSQRTE] = IR_VURSQRTE,

	[A64_ADDP_VEC] = IR_VADDP,
	[A64_SMAXP] = IR_VSMAXP,	[A64_SMINP] = IR_VSMINP,
	[A64_UMAXP] = IR_VUMAXP,	[A64_UMINP] = IR_VUMINP,
	[A64_SADDLP] = IR_VSADDLP,	[A64_UADDLP] = IR_VUADDLP,
	[A64_SADALP] = IR_VSADDLP,	[A64_UADALP] = IR_VUADDLP,
	[A64_ADDV] = IR_VADDV,
	[A64_SADDLV] = IR_VSADDLV,	[A64_UADDLV] = IR_VUADDLV,
	[A64_SMAXV] = IR_VSMAXV,	[A64_SMINV] = IR_VSMINV,
	[A64_UMAXV] = IR_VUMAXV,	[A64_UMINV] = IR_VUMINV,
};

/* ---- the forms; es is the size field ---- */

/* Vd = op(Vn) */
static bool arith_unary(struct front *f, const struct a64_insn *i, enum ir_shape q)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, simd_1(f, arith_ops[i->op], i->size, q, simd_get(f, i->Rn)));
}

/* Vd = op(Vn, Vm) */
static bool arith_binary(struct front *f, const struct a64_insn *i, enum ir_shape q)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, simd_2(f, arith_ops[i->op], i->size, q, simd_get(f, i->Rn),
					 simd_get(f, i->Rm)));
}

/* Vd = op(Vd, Vn, Vm) */
static bool arith_accum(struct front *f, const struct a64_insn *i, enum ir_shape q)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, simd_3(f, arith_ops[i->op], i->size, q, simd_get(f, i->Rd),
					 simd_get(f, i->Rn), simd_get(f, i->Rm)));
}

#define ARITH_SCALAR(cls, form)							\
bool tr_##cls(struct front *f, const struct a64_insn *i)			\
{										\
	return arith_##form(f, i, IR_SCALAR);					\
}

#define ARITH_VECTOR(cls, form)							\
bool tr_##cls(struct front *f, const struct a64_insn *i)			\
{										\
	return arith_##form(f, i, simd_q(i));					\
}

/* ---- addition, subtraction, multiplication ---- */

ARITH_SCALAR(v_add_wrapping_single_scl, binary)
ARITH_VECTOR(v_add_wrapping_single_vec, binary)
ARITH_VECTOR(v_add_halving_rounding, binary)
ARITH_VECTOR(v_add_halving_truncating, binary)
ARITH_VECTOR(v_sub_int, binary)
ARITH_SCALAR(v_sub_saturating_scl, binary)
ARITH_VECTOR(v_sub_saturating_vec, binary)
ARITH_VECTOR(v_mul_int_product, binary)
ARITH_VECTOR(v_mul_int_accum, accum)
ARITH_SCALAR(v_mul_int_doubling_scl, binary)
ARITH_VECTOR(v_mul_int_doubling_vec, binary)
ARITH_SCALAR(v_mul_int_doubling_accum_scl, accum)
ARITH_VECTOR(v_mul_int_doubling_accum_vec, accum)

/* SUQADD and USQADD add Vn to Vd; the other two are plain. */
static bool arith_add_sat(struct front *f, const struct a64_insn *i, enum ir_shape q)
{
	enum ir_op op = arith_ops[i->op];

	if (op != IR_VSUQADD && op != IR_VUSQADD)
		return arith_binary(f, i, q);
	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, simd_2(f, op, i->size, q, simd_get(f, i->Rd), simd_get(f, i->Rn)));
}

ARITH_SCALAR(v_add_saturating_scl, add_sat)
ARITH_VECTOR(v_add_saturating_vec, add_sat)

/* ---- maximum, difference ---- */

ARITH_VECTOR(v_max_min_single, binary)

bool tr_v_diff(struct front *f, const struct a64_insn *i)
{
	ir_ref v;

	if (front_fp_trapped(f))
		return true;
	v = simd_2(f, arith_ops[i->op], i->size, simd_q(i), simd_get(f, i->Rn), simd_get(f, i->Rm));
	if (i->ac)
		v = simd_2(f, IR_VADD, i->size, simd_q(i), simd_get(f, i->Rd), v);
	return simd_set(f, i->Rd, v);
}

/* ---- comparison ---- */

ARITH_SCALAR(v_cmp_bitwise_scl, binary)
ARITH_VECTOR(v_cmp_bitwise_vec, binary)

/* Vd = op(Vn, 0) */
static bool arith_zero(struct front *f, const struct a64_insn *i, enum ir_shape q)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, simd_2(f, arith_ops[i->op], i->size, q, simd_get(f, i->Rn),
					 simd_zero(f)));
}

/* Vd = op(0, Vn) */
static bool arith_from_zero(struct front *f, const struct a64_insn *i, enum ir_shape q)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, simd_2(f, arith_ops[i->op], i->size, q, simd_zero(f),
					 simd_get(f, i->Rn)));
}

static bool arith_cmp(struct front *f, const struct a64_insn *i, enum ir_shape q)
{
	switch (i->op) {
	case A64_CMEQ_ZERO_S:
	case A64_CMEQ_ZERO_V:
	case A64_CMGE_ZERO_S:
	case A64_CMGE_ZERO_V:
	case A64_CMGT_ZERO_S:
	case A64_CMGT_ZERO_V:
		return arith_zero(f, i, q);
	case A64_CMLE_S:
	case A64_CMLE_V:
		return arith_from_zero(f, i, q);
	}
	return arith_binary(f, i, q);
}

ARITH_SCALAR(v_cmp_int_scl, cmp)
ARITH_VECTOR(v_cmp_int_vec, cmp)
ARITH_SCALAR(v_cmp_int_lessthan_scl, from_zero)
ARITH_VECTOR(v_cmp_int_lessthan_vec, from_zero)

/* ---- one operand ---- */

ARITH_SCALAR(v_diff_neg_int_scl, unary)
ARITH_VECTOR(v_diff_neg_int_vec, unary)
ARITH_SCALAR(v_diff_neg_sat_scl, unary)
ARITH_VECTOR(v_diff_neg_sat_vec, unary)
ARITH_VECTOR(v_clsz, unary)
ARITH_VECTOR(v_cnt, unary)

/* URECPE and URSQRTE: sz is 0, for words. */
static bool arith_estimate(struct front *f, const struct a64_insn *i, enum ir_shape q)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, simd_1(f, arith_ops[i->op], 2, q, simd_get(f, i->Rn)));
}

ARITH_VECTOR(v_special_recip_int, estimate)
ARITH_VECTOR(v_special_sqrt_est_int, estimate)

/* ---- pairs and all lanes ---- */

ARITH_VECTOR(v_add_wrapping_pair, binary)
ARITH_VECTOR(v_max_min_pair, binary)
ARITH_VECTOR(v_reduce_add_vec, unary)
ARITH_VECTOR(v_reduce_add_long, unary)
ARITH_VECTOR(v_reduce_int_max, unary)

bool tr_v_reduce_add_scl(struct front *f, const struct a64_insn *i)
{
	ir_ref n;

	if (front_fp_trapped(f))
		return true;
	n = simd_get(f, i->Rn);
	return simd_set(f, i->Rd, simd_2(f, IR_VADD, 3, IR_SCALAR, n,
					 simd_1(f, IR_VHIGH, 3, IR_D, n)));
}

bool tr_v_add_pairwise(struct front *f, const struct a64_insn *i)
{
	ir_ref v;

	if (front_fp_trapped(f))
		return true;
	v = simd_1(f, arith_ops[i->op], i->size, simd_q(i), simd_get(f, i->Rn));
	if (i->opf)
		v = simd_2(f, IR_VADD, i->size + 1u, simd_q(i), simd_get(f, i->Rd), v);
	return simd_set(f, i->Rd, v);
}
