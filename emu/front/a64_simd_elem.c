// SPDX-License-Identifier: GPL-2.0-only
/*
 * SIMD by element: one lane of Vm stands for every lane of the second operand.
 * The bits H, L and M are the lane, or extend Rm where the lane needs fewer.
 */
#include "emu/front/a64_simd.h"

/* op: on Vn and the lane, or on Vd, Vn and the lane; acc: then on Vd and the product. */
struct elem_row {
	u16 op, acc;
};

static const struct elem_row elem_rows[A64_OP_COUNT] = {
	[A64_MUL_ELT] = { IR_VMUL, 0 },
	[A64_MLA_ELT] = { IR_VMLA, 0 },
	[A64_MLS_ELT] = { IR_VMLS, 0 },
	[A64_SQDMULH_ELT_S] = { IR_VSQDMULH, 0 },
	[A64_SQDMULH_ELT_V] = { IR_VSQDMULH, 0 },
	[A64_SQRDMULH_ELT_S] = { IR_VSQRDMULH, 0 },
	[A64_SQRDMULH_ELT_V] = { IR_VSQRDMULH, 0 },
	[A64_SQRDMLAH_ELT_S] = { IR_VSQRDMLAH, 0 },
	[A64_SQRDMLAH_ELT_V] = { IR_VSQRDMLAH, 0 },
	[A64_SQRDMLSH_ELT_S] = { IR_VSQRDMLSH, 0 },
	[A64_SQRDMLSH_ELT_V] = { IR_VSQRDMLSH, 0 },
	[A64_SMULL_ELT] = { IR_VSMULL, 0 },
	[A64_UMULL_ELT] = { IR_VUMULL, 0 },
	[A64_SMLAL_ELT] = { IR_VSMULL, IR_VADD },
	[A64_UMLAL_ELT] = { IR_VUMULL, IR_VADD },
	[A64_SMLSL_ELT] = { IR_VSMULL, IR_VSUB },
	[A64_UMLSL_ELT] = { IR_VUMULL, IR_VSUB },
	[A64_SQDMULL_ELT_S] = { IR_VSQDMULL, 0 },
	[A64_SQDMULL_ELT_V] = { IR_VSQDMULL, 0 },
	[A64_SQDMLAL_ELT_S] = { IR_VSQDMULL, IR_VSQADD },
	[A64_SQDMLAL_ELT_V] = { IR_VSQDMULL, IR_VSQADD },
	[A64_SQDMLSL_ELT_S] = { IR_VSQDMULL, IR_VSQSUB },
	[A64_SQDMLSL_ELT_V] = { IR_VSQDMULL, IR_VSQSUB },
	[A64_FMUL_ELT_S] = { IR_VFMUL, 0 },	[A64_FMUL_ELT_V] = { IR_VFMUL, 0 },
	[A64_FMULX_ELT_S] = { IR_VFMULX, 0 },	[A64_FMULX_ELT_V] = { IR_VFMULX, 0 },
	[A64_FMLA_ELT_S] = { IR_VFMLA, 0 },	[A64_FMLA_ELT_V] = { IR_VFMLA, 0 },
	[A64_FMLS_ELT_S] = { IR_VFMLS, 0 },	[A64_FMLS_ELT_V] = { IR_VFMLS, 0 },
};

/* The lane of Vm, in every lane of shape q. */
static ir_ref elem_lane(struct front *f, const struct a64_insn *i, unsigned int es, enum ir_shape q)
{
	unsigned int rm = i->M << 4 | i->Rm, lane;

	switch (es) {
	case 1:
		rm = i->Rm;
		lane = i->H << 2 | i->L << 1 | i->M;
		break;
	case 2:
		lane = i->H << 1 | i->L;
		break;
	default:
		lane = i->H;
	}
	return simd_imm(f, IR_VDUP, es, q, simd_get(f, rm), lane);
}

/* ---- the forms ---- */

static bool elem_same(struct front *f, const struct a64_insn *i, unsigned int es, enum ir_shape q)
{
	enum ir_op op = elem_rows[i->op].op;
	ir_ref n, m, v;

	if (front_fp_trapped(f))
		return true;
	n = simd_get(f, i->Rn);
	m = elem_lane(f, i, es, q);
	if (ir_ops[op].nargs == 3)
		v = simd_3(f, op, es, q, simd_get(f, i->Rd), n, m);
	else
		v = simd_2(f, op, es, q, n, m);
	return simd_set(f, i->Rd, v);
}

static bool elem_long(struct front *f, const struct a64_insn *i, enum ir_shape q, ir_ref n)
{
	const struct elem_row *r = &elem_rows[i->op];
	ir_ref v;

	v = simd_2(f, r->op, i->size, q, n, elem_lane(f, i, i->size, q == IR_Q ? IR_D : q));
	if (r->acc)
		v = simd_2(f, r->acc, i->size + 1u, q, simd_get(f, i->Rd), v);
	return simd_set(f, i->Rd, v);
}

static bool elem_int_scl(struct front *f, const struct a64_insn *i)
{
	return elem_same(f, i, i->size, IR_SCALAR);
}

static bool elem_int_vec(struct front *f, const struct a64_insn *i)
{
	return elem_same(f, i, i->size, simd_q(i));
}

static bool elem_fp_scl(struct front *f, const struct a64_insn *i)
{
	return elem_same(f, i, 2u + i->sz, IR_SCALAR);
}

static bool elem_fp_vec(struct front *f, const struct a64_insn *i)
{
	return elem_same(f, i, 2u + i->sz, simd_q(i));
}

static bool elem_long_scl(struct front *f, const struct a64_insn *i)
{
	if (front_fp_trapped(f))
		return true;
	return elem_long(f, i, IR_SCALAR, simd_get(f, i->Rn));
}

static bool elem_long_vec(struct front *f, const struct a64_insn *i)
{
	if (front_fp_trapped(f))
		return true;
	return elem_long(f, i, IR_Q, simd_half(f, i, i->Rn));
}

/* ---- the classes ---- */

#define ELEM(cls, form)								\
bool tr_##cls(struct front *f, const struct a64_insn *i)			\
{										\
	return elem_##form(f, i);						\
}

ELEM(v_elt_mul_int, int_vec)
ELEM(v_elt_mul_acc_int, int_vec)
ELEM(v_elt_mul_high_scl, int_scl)
ELEM(v_elt_mul_high_vec, int_vec)
ELEM(v_elt_mul_acc_high_scl, int_scl)
ELEM(v_elt_mul_acc_high_vec, int_vec)
ELEM(v_elt_mul_fp_scl, fp_scl)
ELEM(v_elt_mul_fp_vec, fp_vec)
ELEM(v_elt_mul_acc_fp_scl, fp_scl)
ELEM(v_elt_mul_acc_fp_vec, fp_vec)
ELEM(v_elt_mul_long, long_vec)
ELEM(v_elt_mul_acc_long, long_vec)
ELEM(v_elt_mul_double_scl, long_scl)
ELEM(v_elt_mul_double_vec, long_vec)
ELEM(v_elt_mul_acc_double_scl, long_scl)
ELEM(v_elt_mul_acc_double_vec, long_vec)
