// SPDX-License-Identifier: GPL-2.0-only
/* Floating point in the SIMD encodings, scalar forms too: singles (sz 0) and doubles. */
#include "emu/front/a64_simd.h"

/* op: the IR operation; imm: its imm, or that without the fraction bits of a fixed-point form. */
struct vfp_row {
	u16 op;
	u32 imm;
};

#define TO_INT(round, uns) { IR_VFTOI, IR_CVT(IR_ROUND_##round, 0, uns) }
#define FROM_INT(uns) { IR_VITOF, IR_CVT(0, 0, uns) }

static const struct vfp_row vfp_rows[A64_OP_COUNT] = {
	[A64_FADD_V_ADD_FP] = { IR_VFADD, 0 },
	[A64_FADDP_VEC] = { IR_VFADDP, 0 },
	[A64_FSUB_V] = { IR_VFSUB, 0 },
	[A64_FABD_S] = { IR_VFABD, 0 },		[A64_FABD_V] = { IR_VFABD, 0 },
	[A64_FDIV_V_DIV] = { IR_VFDIV, 0 },
	[A64_FMUL_VEC] = { IR_VFMUL, 0 },
	[A64_FMULX_VEC_S] = { IR_VFMULX, 0 },	[A64_FMULX_VEC_V] = { IR_VFMULX, 0 },
	[A64_FMLA_VEC] = { IR_VFMLA, 0 },	[A64_FMLS_VEC] = { IR_VFMLS, 0 },
	[A64_FMAX_V_MAX_MIN_FP_1985] = { IR_VFMAX, 0 },
	[A64_FMIN_V_MAX_MIN_FP_1985] = { IR_VFMIN, 0 },
	[A64_FMAXNM_V_MAX_MIN_FP_2008] = { IR_VFMAXNM, 0 },
	[A64_FMINNM_V_MAX_MIN_FP_2008] = { IR_VFMINNM, 0 },
	[A64_FMAXP_VEC] = { IR_VFMAXP, 0 },	[A64_FMINP_VEC] = { IR_VFMINP, 0 },
	[A64_FMAXNMP_VEC] = { IR_VFMAXNMP, 0 },	[A64_FMINNMP_VEC] = { IR_VFMINNMP, 0 },
	[A64_FRECPS_S] = { IR_VFRECPS, 0 },	[A64_FRECPS_V] = { IR_VFRECPS, 0 },
	[A64_FRSQRTS_S] = { IR_VFRSQRTS, 0 },	[A64_FRSQRTS_V] = { IR_VFRSQRTS, 0 },

	[A64_FACGE_S] = { IR_VFACGE, 0 },	[A64_FACGE_V] = { IR_VFACGE, 0 },
	[A64_FACGT_S] = { IR_VFACGT, 0 },	[A64_FACGT_V] = { IR_VFACGT, 0 },
	[A64_FCMEQ_REG_S] = { IR_VFCMEQ, 0 },	[A64_FCMEQ_REG_V] = { IR_VFCMEQ, 0 },
	[A64_FCMGE_REG_S] = { IR_VFCMGE, 0 },	[A64_FCMGE_REG_V] = { IR_VFCMGE, 0 },
	[A64_FCMGT_REG_S] = { IR_VFCMGT, 0 },	[A64_FCMGT_REG_V] = { IR_VFCMGT, 0 },
	[A64_FCMEQ_ZERO_S] = { IR_VFCMEQ, 0 },	[A64_FCMEQ_ZERO_V] = { IR_VFCMEQ, 0 },
	[A64_FCMGE_ZERO_S] = { IR_VFCMGE, 0 },	[A64_FCMGE_ZERO_V] = { IR_VFCMGE, 0 },
	[A64_FCMGT_ZERO_S] = { IR_VFCMGT, 0 },	[A64_FCMGT_ZERO_V] = { IR_VFCMGT, 0 },
	/* 0 >= x and 0 > x */
	[A64_FCMLE_S] = { IR_VFCMGE, 0 },	[A64_FCMLE_V] = { IR_VFCMGE, 0 },
	[A64_FCMLT_S] = { IR_VFCMGT, 0 },	[A64_FCMLT_V] = { IR_VFCMGT, 0 },

	[A64_FABS_V_DIFF_NEG_FLOAT] = { IR_VFABS, 0 },
	[A64_FNEG_V_DIFF_NEG_FLOAT] = { IR_VFNEG, 0 },
	[A64_FSQRT_V_SPECIAL_SQRT] = { IR_VFSQRT, 0 },
	[A64_FRECPE_S] = { IR_VFRECPE, 0 },	[A64_FRECPE_V] = { IR_VFRECPE, 0 },
	[A64_FRSQRTE_S] = { IR_VFRSQRTE, 0 },	[A64_FRSQRTE_V] = { IR_VFRSQRTE, 0 },
	[A64_FRECPX] = { IR_VFRECPX, 0 },
	[A64_FRINTA_V_FLOAT_ROUND] = { IR_VFRINT, IR_ROUND_TIEAWAY },
	[A64_FRINTI_V_FLOAT_ROUND] = { IR_VFRINT, IR_ROUND_FPCR },
	[A64_FRINTM_V_FLOAT_ROUND] = { IR_VFRINT, IR_ROUND_NEGINF },
	[A64_FRINTN_V_FLOAT_ROUND] = { IR_VFRINT, IR_ROUND_TIEEVEN },
	[A64_FRINTP_V_FLOAT_ROUND] = { IR_VFRINT, IR_ROUND_POSINF },
	[A64_FRINTX_V_FLOAT_ROUND] = { IR_VFRINT, IR_ROUND_FPCR | IR_ROUND_EXACT },
	[A64_FRINTZ_V_FLOAT_ROUND] = { IR_VFRINT, IR_ROUND_ZERO },

	[A64_FCVTAS_S] = TO_INT(TIEAWAY, 0),	[A64_FCVTAS_V] = TO_INT(TIEAWAY, 0),
	[A64_FCVTAU_S] = TO_INT(TIEAWAY, 1),	[A64_FCVTAU_V] = TO_INT(TIEAWAY, 1),
	[A64_FCVTMS_S] = TO_INT(NEGINF, 0),	[A64_FCVTMS_V] = TO_INT(NEGINF, 0),
	[A64_FCVTMU_S] = TO_INT(NEGINF, 1),	[A64_FCVTMU_V] = TO_INT(NEGINF, 1),
	[A64_FCVTNS_S] = TO_INT(TIEEVEN, 0),	[A64_FCVTNS_V] = TO_INT(TIEEVEN, 0),
	[A64_FCVTNU_S] = TO_INT(TIEEVEN, 1),	[A64_FCVTNU_V] = TO_INT(TIEEVEN, 1),
	[A64_FCVTPS_S] = TO_INT(POSINF, 0),	[A64_FCVTPS_V] = TO_INT(POSINF, 0),
	[A64_FCVTPU_S] = TO_INT(POSINF, 1),	[A64_FCVTPU_V] = TO_INT(POSINF, 1),
	[A64_FCVTZS_S] = TO_INT(ZERO, 0),	[A64_FCVTZS_V] = TO_INT(ZERO, 0),
	[A64_FCVTZU_S] = TO_INT(ZERO, 1),	[A64_FCVTZU_V] = TO_INT(ZERO, 1),
	[A64_FCVTZS_FIX_S] = TO_INT(ZERO, 0),	[A64_FCVTZS_FIX_V] = TO_INT(ZERO, 0),
	[A64_FCVTZU_FIX_S] = TO_INT(ZERO, 1),	[A64_FCVTZU_FIX_V] = TO_INT(ZERO, 1),
	[A64_SCVTF_S] = FROM_INT(0),		[A64_SCVTF_V] = FROM_INT(0),
	[A64_UCVTF_S] = FROM_INT(1),		[A64_UCVTF_V] = FROM_INT(1),
	[A64_SCVTF_FIX_S] = FROM_INT(0),	[A64_SCVTF_FIX_V] = FROM_INT(0),
	[A64_UCVTF_FIX_S] = FROM_INT(1),	[A64_UCVTF_FIX_V] = FROM_INT(1),

	/* pairs of one register, low element first */
	[A64_FADDP_PAIR] = { IR_VFADD, 0 },
	[A64_FMAXP_PAIR] = { IR_VFMAX, 0 },	[A64_FMINP_PAIR] = { IR_VFMIN, 0 },
	[A64_FMAXNMP_PAIR] = { IR_VFMAXNM, 0 },	[A64_FMINNMP_PAIR] = { IR_VFMINNM, 0 },
	[A64_FMAXV] = { IR_VFMAXV, 0 },		[A64_FMINV] = { IR_VFMINV, 0 },
	[A64_FMAXNMV] = { IR_VFMAXNMV, 0 },	[A64_FMINNMV] = { IR_VFMINNMV, 0 },
};

static unsigned int vfp_es(const struct a64_insn *i)
{
	return 2u + i->sz;
}

/* ---- the forms ---- */

static bool vfp_unary(struct front *f, const struct a64_insn *i, enum ir_shape q)
{
	const struct vfp_row *r = &vfp_rows[i->op];

	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, simd_imm(f, r->op, vfp_es(i), q, simd_get(f, i->Rn), r->imm));
}

static bool vfp_binary(struct front *f, const struct a64_insn *i, enum ir_shape q)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, simd_2(f, vfp_rows[i->op].op, vfp_es(i), q, simd_get(f, i->Rn),
					 simd_get(f, i->Rm)));
}

static bool vfp_accum(struct front *f, const struct a64_insn *i, enum ir_shape q)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, simd_3(f, vfp_rows[i->op].op, vfp_es(i), q, simd_get(f, i->Rd),
					 simd_get(f, i->Rn), simd_get(f, i->Rm)));
}

/* Compare with zero; less is zero compared with Vn. */
static bool vfp_zero(struct front *f, const struct a64_insn *i, enum ir_shape q, bool less)
{
	enum ir_op op = vfp_rows[i->op].op;
	ir_ref n, zero;

	if (front_fp_trapped(f))
		return true;
	n = simd_get(f, i->Rn);
	zero = simd_zero(f);
	return simd_set(f, i->Rd, simd_2(f, op, vfp_es(i), q, less ? zero : n, less ? n : zero));
}

static bool vfp_less(struct front *f, const struct a64_insn *i, enum ir_shape q)
{
	return vfp_zero(f, i, q, true);
}

/* Of the four rows, op and U are both set for FCMLE alone. */
static bool vfp_cmp(struct front *f, const struct a64_insn *i, enum ir_shape q)
{
	return vfp_zero(f, i, q, i->U && i->opf);
}

/* The two low elements of Vn. */
static bool vfp_pair(struct front *f, const struct a64_insn *i, enum ir_shape q)
{
	unsigned int es = vfp_es(i);
	ir_ref n;

	if (front_fp_trapped(f))
		return true;
	n = simd_get(f, i->Rn);
	return simd_set(f, i->Rd, simd_2(f, vfp_rows[i->op].op, es, q, n,
					 simd_imm(f, IR_VDUP, es, q, n, 1)));
}

/*
 * Fixed point: element size and fraction bits as in a shift right by immh:immb.
 * Below words it is half precision, which is UNDEFINED.
 */
static bool vfp_fixed(struct front *f, const struct a64_insn *i, enum ir_shape q)
{
	const struct vfp_row *r = &vfp_rows[i->op];
	unsigned int es = i->immh & 8 ? 3 : 2, fbits = (16u << es) - (i->immh << 3 | i->immb);

	if (front_fp_trapped(f))
		return true;
	if (i->immh < 4)
		return false;
	return simd_set(f, i->Rd, simd_imm(f, r->op, es, q, simd_get(f, i->Rn),
					   r->imm | IR_CVT(0, fbits, 0)));
}

/* ---- the classes ---- */

#define VFP_SCALAR(cls, form)							\
bool tr_##cls(struct front *f, const struct a64_insn *i)			\
{										\
	return vfp_##form(f, i, IR_SCALAR);					\
}

#define VFP_VECTOR(cls, form)							\
bool tr_##cls(struct front *f, const struct a64_insn *i)			\
{										\
	return vfp_##form(f, i, simd_q(i));					\
}

VFP_VECTOR(v_add_fp, binary)
VFP_SCALAR(v_sub_fp_scl, binary)
VFP_VECTOR(v_sub_fp_vec, binary)
VFP_VECTOR(v_div, binary)
VFP_VECTOR(v_mul_fp_product, binary)
VFP_SCALAR(v_mul_fp_extended_scl, binary)
VFP_VECTOR(v_mul_fp_extended_vec, binary)
VFP_VECTOR(v_mul_fp_fused, accum)
VFP_VECTOR(v_max_min_fp_1985, binary)
VFP_VECTOR(v_max_min_fp_2008, binary)
VFP_SCALAR(v_recps_scl, binary)
VFP_VECTOR(v_recps_vec, binary)
VFP_SCALAR(v_rsqrts_scl, binary)
VFP_VECTOR(v_rsqrts_vec, binary)

VFP_SCALAR(v_cmp_fp_scl, binary)
VFP_VECTOR(v_cmp_fp_vec, binary)
VFP_SCALAR(v_cmp_float_scl, cmp)
VFP_VECTOR(v_cmp_float_vec, cmp)
VFP_SCALAR(v_cmp_float_lessthan_scl, less)
VFP_VECTOR(v_cmp_float_lessthan_vec, less)

VFP_VECTOR(v_diff_neg_float, unary)
VFP_VECTOR(v_special_sqrt, unary)
VFP_SCALAR(v_special_frecpx, unary)
VFP_SCALAR(v_special_recip_float_scl, unary)
VFP_VECTOR(v_special_recip_float_vec, unary)
VFP_SCALAR(v_special_sqrt_est_float_scl, unary)
VFP_VECTOR(v_special_sqrt_est_float_vec, unary)
VFP_VECTOR(v_float_round, unary)

VFP_SCALAR(v_fcvt_int_scl, unary)
VFP_VECTOR(v_fcvt_int_vec, unary)
VFP_SCALAR(v_fcvt_int_tieaway_scl, unary)
VFP_VECTOR(v_fcvt_int_tieaway_vec, unary)
VFP_SCALAR(v_int_cvt_f_scl, unary)
VFP_VECTOR(v_int_cvt_f_vec, unary)
VFP_SCALAR(v_shift_conv_float_scl, fixed)
VFP_VECTOR(v_shift_conv_float_vec, fixed)
VFP_SCALAR(v_shift_conv_int_scl, fixed)
VFP_VECTOR(v_shift_conv_int_vec, fixed)

VFP_SCALAR(v_reduce_fp_add_scl, pair)
VFP_SCALAR(v_reduce_fp_max_scl, pair)
VFP_SCALAR(v_reduce_fp_maxnm_scl, pair)
VFP_VECTOR(v_reduce_fp_max_vec, unary)
VFP_VECTOR(v_reduce_fp_maxnm_vec, unary)

/* ---- between formats: sz 0 is half and single, 1 single and double ---- */

bool tr_v_float_widen(struct front *f, const struct a64_insn *i)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, simd_1(f, IR_VFCVTL, 1u + i->sz, IR_Q, simd_half(f, i, i->Rn)));
}

bool tr_v_float_narrow(struct front *f, const struct a64_insn *i)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set_narrow(f, i, simd_1(f, IR_VFCVTN, 1u + i->sz, IR_Q, simd_get(f, i->Rn)));
}

bool tr_v_float_xtn_scl(struct front *f, const struct a64_insn *i)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, simd_1(f, IR_VFCVTXN, 2, IR_SCALAR, simd_get(f, i->Rn)));
}

bool tr_v_float_xtn_vec(struct front *f, const struct a64_insn *i)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set_narrow(f, i, simd_1(f, IR_VFCVTXN, 2, IR_Q, simd_get(f, i->Rn)));
}
