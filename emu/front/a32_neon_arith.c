// SPDX-License-Identifier: GPL-2.0-only
/* Integer Advanced SIMD of AArch32 whose lanes are as wide in the result as in the operands; pairs. */
#include "emu/front/a32_neon.h"

static const struct neon_ops arith_ops[A32_OP_COUNT] = {
	[A32_VHADD_N] = NEON_SU(HADD),
	[A32_VQADD_N] = NEON_SU(QADD),
	[A32_VRHADD_N] = NEON_SU(RHADD),
	[A32_VHSUB_N] = NEON_SU(HSUB),
	[A32_VQSUB_N] = NEON_SU(QSUB),
	[A32_VCGT_N] = { { IR_VCMGT, IR_VCMHI } },
	[A32_VCGE_N] = { { IR_VCMGE, IR_VCMHS } },
	[A32_VMAX_N] = NEON_SU(MAX),
	[A32_VMIN_N] = NEON_SU(MIN),
	[A32_VABD_N] = NEON_SU(ABD),
	[A32_VABA_N] = NEON_SU(ABD),
	[A32_VADD_N] = NEON_ONE(VADD),
	[A32_VSUB_N] = NEON_ONE(VSUB),
	[A32_VTST_N] = NEON_ONE(VCMTST),
	[A32_VCEQ_N] = NEON_ONE(VCMEQ),
	[A32_VMUL_N] = NEON_ONE(VMUL),
	[A32_VMUL_NP] = NEON_ONE(VPMUL),
	[A32_VPMAX_N] = NEON_SU(MAXP),
	[A32_VPMIN_N] = NEON_SU(MINP),
	[A32_VPADD_N] = NEON_ONE(VADDP),
	[A32_VQDMULH_N] = NEON_ONE(VSQDMULH),
	[A32_VQRDMULH_N] = NEON_ONE(VSQRDMULH),
	[A32_VMLA_N] = NEON_ONE(VMLA),
	[A32_VMLS_N] = NEON_ONE(VMLS),
	[A32_VQRDMLAH_N] = NEON_ONE(VSQRDMLAH),
	[A32_VQRDMLSH_N] = NEON_ONE(VSQRDMLSH),

	[A32_VREV64_N] = NEON_ONE(VREV64),
	[A32_VREV32_N] = NEON_ONE(VREV32),
	[A32_VREV16_N] = NEON_ONE(VREV16),
	[A32_VCLS_N] = NEON_ONE(VCLS),
	[A32_VCLZ_N] = NEON_ONE(VCLZ),
	[A32_VCNT_N] = NEON_ONE(VCNT),
	[A32_VMVN_N] = NEON_ONE(VNOT),
	[A32_VQABS_N] = NEON_ONE(VSQABS),
	[A32_VQNEG_N] = NEON_ONE(VSQNEG),
	[A32_VABS_N] = NEON_ONE(VABS),
	[A32_VNEG_N] = NEON_ONE(VNEG),
	[A32_VRECPE_N] = NEON_ONE(VURECPE),
	[A32_VRSQRTE_N] = NEON_ONE(VURSQRTE),

	[A32_VCGT_NZ] = NEON_ONE(VCMGT),
	[A32_VCGE_NZ] = NEON_ONE(VCMGE),
	[A32_VCEQ_NZ] = NEON_ONE(VCMEQ),
	/* 0 >= x and 0 > x */
	[A32_VCLE_NZ] = NEON_ONE(VCMGE),
	[A32_VCLT_NZ] = NEON_ONE(VCMGT),

	[A32_VPADDL_N] = NEON_SU(ADDLP),
	[A32_VPADAL_N] = NEON_SU(ADDLP),
};

static enum ir_op arith_op(const struct a32_insn *i)
{
	return arith_ops[i->op].op[i->U];
}

bool tr32_neon_arith(struct front *f, const struct a32_insn *i)
{
	enum ir_shape q = neon_q(i);

	if (neon_trapped(f))
		return true;
	return neon_set(f, q, i->Dd, simd_2(f, arith_op(i), i->size, q, neon_get(f, q, i->Dn),
					    neon_get(f, q, i->Dm)));
}

bool tr32_neon_accum(struct front *f, const struct a32_insn *i)
{
	enum ir_shape q = neon_q(i);
	ir_ref d, n, m, v;

	if (neon_trapped(f))
		return true;
	d = neon_get(f, q, i->Dd);
	n = neon_get(f, q, i->Dn);
	m = neon_get(f, q, i->Dm);
	if (i->op == A32_VABA_N)
		v = simd_2(f, IR_VADD, i->size, q, d, simd_2(f, arith_op(i), i->size, q, n, m));
	else
		v = simd_3(f, arith_op(i), i->size, q, d, n, m);
	return neon_set(f, q, i->Dd, v);
}

bool tr32_neon_misc(struct front *f, const struct a32_insn *i)
{
	enum ir_shape q = neon_q(i);

	if (neon_trapped(f))
		return true;
	return neon_set(f, q, i->Dd, simd_1(f, arith_ops[i->op].op[0], i->size, q, neon_get(f, q, i->Dm)));
}

bool tr32_neon_zero(struct front *f, const struct a32_insn *i)
{
	bool less = i->op == A32_VCLE_NZ || i->op == A32_VCLT_NZ;
	enum ir_shape q = neon_q(i);
	ir_ref m, zero;

	if (neon_trapped(f))
		return true;
	m = neon_get(f, q, i->Dm);
	zero = simd_zero(f);
	return neon_set(f, q, i->Dd, simd_2(f, arith_ops[i->op].op[0], i->size, q, less ? zero : m,
					    less ? m : zero));
}

bool tr32_neon_pair_long(struct front *f, const struct a32_insn *i)
{
	enum ir_shape q = neon_q(i);
	ir_ref v;

	if (neon_trapped(f))
		return true;
	v = simd_1(f, arith_op(i), i->size, q, neon_get(f, q, i->Dm));
	if (i->op == A32_VPADAL_N)
		v = simd_2(f, IR_VADD, i->size + 1u, q, neon_get(f, q, i->Dd), v);
	return neon_set(f, q, i->Dd, v);
}
