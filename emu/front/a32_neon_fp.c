// SPDX-License-Identifier: GPL-2.0-only
/*
 * Floating point in AArch32 Advanced SIMD: singles, always with the standard
 * FPSCR value (IR_FP_STD), of which only the cumulative bits are FPSCR's.
 */
#include "emu/front/a32_neon.h"

#define ES 2	/* singles */

/* op: the IR operation; imm: its imm, or that without the fraction bits of a fixed-point form. */
struct nfp_row {
	u16 op;
	u32 imm;
};

#define TO_INT(round, uns) { IR_VFTOI, IR_CVT(IR_ROUND_##round, 0, uns) }
#define FROM_INT(uns) { IR_VITOF, IR_CVT(0, 0, uns) }

static const struct nfp_row nfp_rows[A32_OP_COUNT] = {
	[A32_VADD_NF] = { IR_VFADD, 0 },
	[A32_VSUB_NF] = { IR_VFSUB, 0 },
	[A32_VPADD_NF] = { IR_VFADDP, 0 },
	[A32_VABD_NF] = { IR_VFABD, 0 },
	[A32_VMUL_NF] = { IR_VFMUL, 0 },
	[A32_VCEQ_NF] = { IR_VFCMEQ, 0 },
	[A32_VCGE_NF] = { IR_VFCMGE, 0 },
	[A32_VCGT_NF] = { IR_VFCMGT, 0 },
	[A32_VACGE_NF] = { IR_VFACGE, 0 },
	[A32_VACGT_NF] = { IR_VFACGT, 0 },
	[A32_VMAX_NF] = { IR_VFMAX, 0 },
	[A32_VMIN_NF] = { IR_VFMIN, 0 },
	[A32_VPMAX_NF] = { IR_VFMAXP, 0 },
	[A32_VPMIN_NF] = { IR_VFMINP, 0 },
	[A32_VMAXNM_NF] = { IR_VFMAXNM, 0 },
	[A32_VMINNM_NF] = { IR_VFMINNM, 0 },
	[A32_VRECPS_NF] = { IR_VFRECPS, 0 },
	[A32_VRSQRTS_NF] = { IR_VFRSQRTS, 0 },

	/* what follows the product, or the fused operation */
	[A32_VMLA_NF] = { IR_VFADD, 0 },	[A32_VMLA_NSF] = { IR_VFADD, 0 },
	[A32_VMLS_NF] = { IR_VFSUB, 0 },	[A32_VMLS_NSF] = { IR_VFSUB, 0 },
	[A32_VFMA_NF] = { IR_VFMLA, 0 },
	[A32_VFMS_NF] = { IR_VFMLS, 0 },

	[A32_VCGT_NFZ] = { IR_VFCMGT, 0 },
	[A32_VCGE_NFZ] = { IR_VFCMGE, 0 },
	[A32_VCEQ_NFZ] = { IR_VFCMEQ, 0 },
	/* 0 >= x and 0 > x */
	[A32_VCLE_NFZ] = { IR_VFCMGE, 0 },
	[A32_VCLT_NFZ] = { IR_VFCMGT, 0 },

	[A32_VABS_NF] = { IR_VFABS, 0 },
	[A32_VNEG_NF] = { IR_VFNEG, 0 },
	[A32_VRECPE_NF] = { IR_VFRECPE, 0 },
	[A32_VRSQRTE_NF] = { IR_VFRSQRTE, 0 },
	[A32_VRINTN_N] = { IR_VFRINT, IR_ROUND_TIEEVEN },
	[A32_VRINTX_N] = { IR_VFRINT, IR_ROUND_TIEEVEN | IR_ROUND_EXACT },
	[A32_VRINTA_N] = { IR_VFRINT, IR_ROUND_TIEAWAY },
	[A32_VRINTZ_N] = { IR_VFRINT, IR_ROUND_ZERO },
	[A32_VRINTM_N] = { IR_VFRINT, IR_ROUND_NEGINF },
	[A32_VRINTP_N] = { IR_VFRINT, IR_ROUND_POSINF },

	[A32_VCVT_N_S32_F32] = TO_INT(ZERO, 0),		[A32_VCVT_N_U32_F32] = TO_INT(ZERO, 1),
	[A32_VCVTA_N_S32] = TO_INT(TIEAWAY, 0),		[A32_VCVTA_N_U32] = TO_INT(TIEAWAY, 1),
	[A32_VCVTN_N_S32] = TO_INT(TIEEVEN, 0),		[A32_VCVTN_N_U32] = TO_INT(TIEEVEN, 1),
	[A32_VCVTP_N_S32] = TO_INT(POSINF, 0),		[A32_VCVTP_N_U32] = TO_INT(POSINF, 1),
	[A32_VCVTM_N_S32] = TO_INT(NEGINF, 0),		[A32_VCVTM_N_U32] = TO_INT(NEGINF, 1),
	[A32_VCVT_N_F32_S32] = FROM_INT(0),		[A32_VCVT_N_F32_U32] = FROM_INT(1),
};

static ir_ref nfp_vop(struct front *f, enum ir_op op, enum ir_shape q, u64 imm, ir_ref a, ir_ref c, ir_ref d)
{
	if (ir_ops[op].flags & IR_F_PURE)	/* the sign alone */
		return ir_vop(f->b, op, ES, q, imm, a, c, d);
	return ir_vop_std(f->b, op, ES, q, imm, a, c, d);
}

static bool nfp_binary(struct front *f, const struct a32_insn *i)
{
	enum ir_shape q = neon_q(i);

	if (neon_trapped(f))
		return true;
	return neon_set(f, q, i->Dd, nfp_vop(f, nfp_rows[i->op].op, q, 0, neon_get(f, q, i->Dn),
					     neon_get(f, q, i->Dm), IR_NONE));
}

bool tr32_neon_fp(struct front *f, const struct a32_insn *i)
{
	return nfp_binary(f, i);
}

bool tr32_neon_fp_step(struct front *f, const struct a32_insn *i)
{
	return nfp_binary(f, i);
}

/* VMLA and VMLS round the product, too. */
static bool nfp_accum(struct front *f, const struct a32_insn *i, enum ir_shape q, ir_ref m)
{
	enum ir_op op = nfp_rows[i->op].op;
	ir_ref d = neon_get(f, q, i->Dd), n = neon_get(f, q, i->Dn), v;

	if (op == IR_VFMLA || op == IR_VFMLS) {
		v = nfp_vop(f, op, q, 0, d, n, m);
	} else {
		v = nfp_vop(f, IR_VFMUL, q, 0, n, m, IR_NONE);
		v = nfp_vop(f, op, q, 0, d, v, IR_NONE);
	}
	return neon_set(f, q, i->Dd, v);
}

bool tr32_neon_fp_accum(struct front *f, const struct a32_insn *i)
{
	if (neon_trapped(f))
		return true;
	return nfp_accum(f, i, neon_q(i), neon_get(f, neon_q(i), i->Dm));
}

bool tr32_neon_scalar_fp(struct front *f, const struct a32_insn *i)
{
	enum ir_shape q = neon_q(i);
	ir_ref m;

	if (neon_trapped(f))
		return true;
	m = neon_lane(f, i, ES, q);
	if (i->op != A32_VMUL_NSF)
		return nfp_accum(f, i, q, m);
	return neon_set(f, q, i->Dd, nfp_vop(f, IR_VFMUL, q, 0, neon_get(f, q, i->Dn), m, IR_NONE));
}

bool tr32_neon_fp_zero(struct front *f, const struct a32_insn *i)
{
	bool less = i->op == A32_VCLE_NFZ || i->op == A32_VCLT_NFZ;
	enum ir_shape q = neon_q(i);
	ir_ref m, zero;

	if (neon_trapped(f))
		return true;
	m = neon_get(f, q, i->Dm);
	zero = simd_zero(f);
	return neon_set(f, q, i->Dd, nfp_vop(f, nfp_rows[i->op].op, q, 0, less ? zero : m, less ? m : zero,
					     IR_NONE));
}

bool tr32_neon_fp_misc(struct front *f, const struct a32_insn *i)
{
	const struct nfp_row *r = &nfp_rows[i->op];
	enum ir_shape q = neon_q(i);

	if (neon_trapped(f))
		return true;
	return neon_set(f, q, i->Dd, nfp_vop(f, r->op, q, r->imm, neon_get(f, q, i->Dm), IR_NONE, IR_NONE));
}

/* Fixed point: i->imm fraction bits. */
bool tr32_neon_cvt_fixed(struct front *f, const struct a32_insn *i)
{
	bool to_fixed = i->op == A32_VCVT_N_FIX_F32;
	u64 imm = IR_CVT(to_fixed ? IR_ROUND_ZERO : 0, i->imm, i->U);
	enum ir_shape q = neon_q(i);

	if (neon_trapped(f))
		return true;
	return neon_set(f, q, i->Dd, nfp_vop(f, to_fixed ? IR_VFTOI : IR_VITOF, q, imm,
					     neon_get(f, q, i->Dm), IR_NONE, IR_NONE));
}

bool tr32_neon_cvt_half(struct front *f, const struct a32_insn *i)
{
	ir_ref v;

	if (neon_trapped(f))
		return true;
	if (i->op == A32_VCVT_N_F16_F32) {
		v = ir_vop_std(f->b, IR_VFCVTN, 1, IR_Q, 0, neon_get_q(f, i->Dm), IR_NONE, IR_NONE);
		return neon_set_d(f, i->Dd, v);
	}
	v = ir_vop_std(f->b, IR_VFCVTL, 1, IR_Q, 0, a32_get_d(f, i->Dm), IR_NONE, IR_NONE);
	return neon_set_q(f, i->Dd, v);
}
