// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFP data processing.  Operations that raise FPSCR bits stand behind
 * a32_unless_skip(); those that only move bits are predicated.  What needs a
 * product that is rounded on its own (VMLA and its kin) is two operations.
 */
#include "emu/front/a32_vfp.h"

/*
 * Of instructions that work on short vectors (DDI 0406C, appendix K): without
 * such support they are UNDEFINED while FPSCR.LEN or STRIDE is not 0.
 */
static bool vfp_no_vectors(const struct front *f)
{
	return f->b->mode & IR_MODE_VEC;
}

/* ---- two and three operands ---- */

/* How the product and the destination, each perhaps negated, make the result. */
struct vfp_acc {
	u16 mul;		/* 0: not this kind */
	u16 add;		/* with the destination as addend; 0: the product is the result */
	bool neg;		/* the addend is negated first */
};

static const struct vfp_acc vfp_accs[A32_OP_COUNT] = {
	[A32_VMLA_VFP] = { IR_VFMUL, IR_VFADD, false },
	[A32_VMLS_VFP] = { IR_VFNMUL, IR_VFADD, false },
	[A32_VNMLA_VFP] = { IR_VFNMUL, IR_VFADD, true },
	[A32_VNMLS_VFP] = { IR_VFMUL, IR_VFADD, true },
	[A32_VFMA_VFP] = { IR_VFMLA, 0, false },
	[A32_VFMS_VFP] = { IR_VFMLS, 0, false },
	[A32_VFNMA_VFP] = { IR_VFMLS, 0, true },
	[A32_VFNMS_VFP] = { IR_VFMLA, 0, true },
};

static const u16 vfp_ops[A32_OP_COUNT] = {
	[A32_VADD_VFP] = IR_VFADD,
	[A32_VSUB_VFP] = IR_VFSUB,
	[A32_VMUL_VFP] = IR_VFMUL,
	[A32_VNMUL_VFP] = IR_VFNMUL,
	[A32_VDIV_VFP] = IR_VFDIV,
	[A32_VMAXNM_VFP] = IR_VFMAXNM,
	[A32_VMINNM_VFP] = IR_VFMINNM,
	[A32_VMOV_VFP] = IR_VLOW,
	[A32_VABS_VFP] = IR_VFABS,
	[A32_VNEG_VFP] = IR_VFNEG,
	[A32_VSQRT_VFP] = IR_VFSQRT,
};

static ir_ref vfp_accumulate(struct front *f, const struct a32_insn *i, const struct vfp_acc *k)
{
	ir_ref d = vfp_get(f, i->sz, i->Vd), n = vfp_get(f, i->sz, i->Vn), m = vfp_get(f, i->sz, i->Vm);
	unsigned int es = vfp_es(i);

	if (!k->add) {
		if (k->neg)
			d = simd_1(f, IR_VFNEG, es, IR_SCALAR, d);
		return simd_3(f, k->mul, es, IR_SCALAR, d, n, m);
	}
	n = simd_2(f, k->mul, es, IR_SCALAR, n, m);
	if (k->neg)
		d = simd_1(f, IR_VFNEG, es, IR_SCALAR, d);
	return simd_2(f, k->add, es, IR_SCALAR, d, n);
}

bool tr32_vfp_arith(struct front *f, const struct a32_insn *i)
{
	bool v8 = i->op == A32_VMAXNM_VFP || i->op == A32_VMINNM_VFP;
	ir_ref v;

	if (a32_fp_trapped(f))
		return true;
	if (!v8 && vfp_no_vectors(f))
		return false;
	a32_unless_skip(f);
	if (vfp_accs[i->op].mul)
		v = vfp_accumulate(f, i, &vfp_accs[i->op]);
	else
		v = simd_2(f, vfp_ops[i->op], vfp_es(i), IR_SCALAR, vfp_get(f, i->sz, i->Vn),
			   vfp_get(f, i->sz, i->Vm));
	vfp_set(f, i->sz, i->Vd, v);
	return true;
}

bool tr32_vfp_unary(struct front *f, const struct a32_insn *i)
{
	if (a32_fp_trapped(f))
		return true;
	if (vfp_no_vectors(f))
		return false;
	if (i->op == A32_VSQRT_VFP)
		a32_unless_skip(f);
	vfp_set(f, i->sz, i->Vd, simd_1(f, vfp_ops[i->op], vfp_es(i), IR_SCALAR, vfp_get(f, i->sz, i->Vm)));
	return true;
}

bool tr32_vfp_rint(struct front *f, const struct a32_insn *i)
{
	if (a32_fp_trapped(f))
		return true;
	a32_unless_skip(f);
	vfp_set(f, i->sz, i->Vd, simd_imm(f, IR_VFRINT, vfp_es(i), IR_SCALAR, vfp_get(f, i->sz, i->Vm),
					  i->round));
	return true;
}

/* ---- comparison and selection ---- */

bool tr32_vfp_sel(struct front *f, const struct a32_insn *i)
{
	struct ir_insn t = { .op = IR_VSEL, .q = IR_SCALAR, .es = vfp_es(i), .aux = i->vcc };

	if (a32_fp_trapped(f))
		return true;
	t.arg[0] = ir_get_f(f->b);
	t.arg[1] = vfp_get(f, i->sz, i->Vn);
	t.arg[2] = vfp_get(f, i->sz, i->Vm);
	vfp_set(f, i->sz, i->Vd, ir_emit(f->b, &t));
	return true;
}

/*
 * The flags go to FPSCR; as nearly always VMRS APSR_nzcv follows, their value
 * is kept for it as well.
 */
bool tr32_vfp_cmp(struct front *f, const struct a32_insn *i)
{
	ir_ref m, flags;

	if (a32_fp_trapped(f))
		return true;
	a32_unless_skip(f);
	m = i->zero ? simd_zero(f) : vfp_get(f, i->sz, i->Vm);
	flags = ir_vop(f->b, IR_FCMP, vfp_es(i), IR_SCALAR, i->signal, vfp_get(f, i->sz, i->Vd), m, IR_NONE);
	ir_opx(f->b, IR_STCTL, 64, IR_CTL_FPSR, VFP_FPSCR_NZCV,
	       ir_op(f->b, IR_FL_GET, 64, flags, IR_NONE, IR_NONE), IR_NONE, IR_NONE);
	f->fpscr_nzcv = flags;
	return true;
}

/* ---- conversion between formats ---- */

bool tr32_vfp_cvt_fp(struct front *f, const struct a32_insn *i)
{
	if (a32_fp_trapped(f))
		return true;
	a32_unless_skip(f);
	vfp_set(f, !i->sz, i->Vd, simd_imm(f, IR_VFCVT, vfp_es(i), IR_SCALAR, vfp_get(f, i->sz, i->Vm),
					   2 + !i->sz));
	return true;
}

bool tr32_vfp_cvt_half(struct front *f, const struct a32_insn *i)
{
	unsigned int s = i->to_half ? i->Vd : i->Vm;	/* the register that has the half */
	unsigned int lane = (s & 3) * 2 + i->top;
	ir_ref v;

	if (a32_fp_trapped(f))
		return true;
	a32_unless_skip(f);
	if (i->to_half) {
		v = simd_imm(f, IR_VFCVT, vfp_es(i), IR_SCALAR, vfp_get(f, i->sz, i->Vm), 1);
		a32_set_q(f, s >> 2, ir_vop(f->b, IR_VINSV, 1, IR_Q, lane, a32_get_q(f, s >> 2), v, IR_NONE));
	} else {
		v = simd_imm(f, IR_VDUP, 1, IR_SCALAR, a32_get_q(f, s >> 2), lane);
		vfp_set(f, i->sz, i->Vd, simd_imm(f, IR_VFCVT, 1, IR_SCALAR, v, vfp_es(i)));
	}
	return true;
}

/* ---- integers ---- */

static ir_ref vfp_to_int(struct front *f, unsigned int es, ir_ref v, u64 imm)
{
	struct ir_insn t = { .op = IR_FTOI, .q = IR_SCALAR, .es = es, .w = 32, .imm = imm };

	t.arg[0] = v;
	return ir_emit(f->b, &t);
}

static ir_ref vfp_from_int(struct front *f, unsigned int es, ir_ref v, u64 imm, unsigned int aux)
{
	struct ir_insn t = { .op = IR_ITOF, .q = IR_SCALAR, .es = es, .w = 32, .imm = imm, .aux = aux };

	t.arg[0] = v;
	return ir_emit(f->b, &t);
}

bool tr32_vfp_cvt_from_int(struct front *f, const struct a32_insn *i)
{
	if (a32_fp_trapped(f))
		return true;
	a32_unless_skip(f);
	vfp_set(f, i->sz, i->Vd, vfp_from_int(f, vfp_es(i), vfp_bits_s(f, i->Vm), IR_CVT(0, 0, !i->sign), 0));
	return true;
}

bool tr32_vfp_cvt_to_int(struct front *f, const struct a32_insn *i)
{
	ir_ref v;

	if (a32_fp_trapped(f))
		return true;
	a32_unless_skip(f);
	v = vfp_to_int(f, vfp_es(i), vfp_get(f, i->sz, i->Vm), IR_CVT(i->round, 0, !i->sign));
	vfp_set_bits_s(f, i->Vd, v);
	return true;
}

/*
 * 16 bits: the conversion saturates to them, and what it raises depends on
 * that, so C does it.
 */
static ir_ref vfp_to_fixed(struct front *f, const struct a32_insn *i)
{
	ir_ref v = vfp_get(f, i->sz, i->Vd), spec;

	if (i->sx)
		return vfp_to_int(f, vfp_es(i), v, IR_CVT(IR_ROUND_ZERO, i->fbits, i->uns));
	spec = ir_const(f->b, vfp_es(i) | (u64)i->fbits << 8 | (u64)i->uns << 16);
	v = simd_imm(f, IR_VGETU, vfp_es(i), IR_SCALAR, v, 0);
	return a32_call(f, IR_HELPER_vcvt_fixed16, v, spec, IR_NONE);
}

/*
 * To floating point rounds to nearest whatever FPSCR says; as there are no NaNs
 * and nothing is denormal, the standard FPSCR value is just that.
 */
static ir_ref vfp_from_fixed(struct front *f, const struct a32_insn *i)
{
	ir_ref v = i->sz ? vfp_bits_d(f, i->Vd) : vfp_bits_s(f, i->Vd);

	if (!i->sx)
		v = ir_opx(f->b, i->uns ? IR_ZEXT : IR_SEXT, i->uns ? 64 : 32, 16, 0, v, IR_NONE, IR_NONE);
	return vfp_from_int(f, vfp_es(i), v, IR_CVT(0, i->fbits, i->uns), IR_FP_STD);
}

bool tr32_vfp_cvt_fix(struct front *f, const struct a32_insn *i)
{
	ir_ref v;

	if (a32_fp_trapped(f))
		return true;
	a32_unless_skip(f);
	if (!i->to_fixed) {
		vfp_set(f, i->sz, i->Vd, vfp_from_fixed(f, i));
		return true;
	}
	v = vfp_to_fixed(f, i);
	/* The result fills the register: sign- or zero-extended. */
	if (!i->sz)
		vfp_set_bits_s(f, i->Vd, v);
	else
		vfp_set_bits_d(f, i->Vd, ir_opx(f->b, i->uns ? IR_ZEXT : IR_SEXT, 64, 32, 0, v, IR_NONE, IR_NONE));
	return true;
}
