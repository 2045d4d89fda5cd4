// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scalar floating point.  Half precision exists for conversion only: where the
 * decoder lets other forms of ftype 3 through, they are UNDEFINED here.
 */
#include "emu/front/a64_simd.h"

#define FP_HALF 1	/* element sizes as in struct ir_insn */
#define FP_SINGLE 2
#define FP_DOUBLE 3

/* Element size of ftype, or of the opc of FCVT; 2 is no type (the decoder refuses it). */
static unsigned int fp_es(unsigned int ftype)
{
	static const u8 es[] = { FP_SINGLE, FP_DOUBLE, 0, FP_HALF };

	return es[ftype & 3];
}

/* Element size of an instruction that has no half-precision form here; 0: there is none. */
static unsigned int fp_es_arith(const struct a64_insn *i)
{
	return i->ftype < 2 ? fp_es(i->ftype) : 0;
}

static const u16 fp_ops[A64_OP_COUNT] = {
	[A64_FADD_FP_ADD_SUB] = IR_VFADD,
	[A64_FSUB] = IR_VFSUB,
	[A64_FMUL] = IR_VFMUL,
	[A64_FNMUL] = IR_VFNMUL,
	[A64_FDIV_FP_DIV] = IR_VFDIV,
	[A64_FMAX_FP_MAX_MIN] = IR_VFMAX,
	[A64_FMIN_FP_MAX_MIN] = IR_VFMIN,
	[A64_FMAXNM_FP_MAX_MIN] = IR_VFMAXNM,
	[A64_FMINNM_FP_MAX_MIN] = IR_VFMINNM,
	[A64_FMOV_FP_UNARY] = IR_VLOW,
	[A64_FABS_FP_UNARY] = IR_VFABS,
	[A64_FNEG_FP_UNARY] = IR_VFNEG,
	[A64_FSQRT_FP_UNARY] = IR_VFSQRT,
};

/* ---- arithmetic ---- */

static bool fp_binary(struct front *f, const struct a64_insn *i)
{
	unsigned int es = fp_es_arith(i);

	if (front_fp_trapped(f))
		return true;
	if (!es)
		return false;
	return simd_set(f, i->Rd, simd_2(f, fp_ops[i->op], es, IR_SCALAR, simd_get(f, i->Rn),
					 simd_get(f, i->Rm)));
}

bool tr_fp_add_sub(struct front *f, const struct a64_insn *i)
{
	return fp_binary(f, i);
}

bool tr_fp_mul_product(struct front *f, const struct a64_insn *i)
{
	return fp_binary(f, i);
}

bool tr_fp_div(struct front *f, const struct a64_insn *i)
{
	return fp_binary(f, i);
}

bool tr_fp_max_min(struct front *f, const struct a64_insn *i)
{
	return fp_binary(f, i);
}

bool tr_fp_unary(struct front *f, const struct a64_insn *i)
{
	unsigned int es = fp_es_arith(i);

	if (front_fp_trapped(f))
		return true;
	if (!es)
		return false;
	return simd_set(f, i->Rd, simd_1(f, fp_ops[i->op], es, IR_SCALAR, simd_get(f, i->Rn)));
}

/*
 * o1 negates the addend, and o0 != o1 the product.  Operands are negated before
 * the operation, NaNs too (DDI 0487, FMADD to FNMSUB), which is what VFMLS does
 * with its second one.
 */
bool tr_fp_mul_add_sub(struct front *f, const struct a64_insn *i)
{
	unsigned int es = fp_es_arith(i);
	ir_ref a;

	if (front_fp_trapped(f))
		return true;
	if (!es)
		return false;
	a = simd_get(f, i->Ra);
	if (i->o1)
		a = simd_1(f, IR_VFNEG, es, IR_SCALAR, a);
	return simd_set(f, i->Rd, simd_3(f, i->o0 != i->o1 ? IR_VFMLS : IR_VFMLA, es, IR_SCALAR, a,
					 simd_get(f, i->Rn), simd_get(f, i->Rm)));
}

/* ---- comparison and selection ---- */

bool tr_fp_cmp_uncond(struct front *f, const struct a64_insn *i)
{
	unsigned int es = fp_es_arith(i);
	ir_ref m;

	if (front_fp_trapped(f))
		return true;
	if (!es)
		return false;
	m = i->opc & 1 ? simd_zero(f) : simd_get(f, i->Rm);
	ir_set_f(f->b, ir_vop(f->b, IR_FCMP, es, IR_SCALAR, i->opc >> 1, simd_get(f, i->Rn), m,
			      IR_NONE));
	return true;
}

bool tr_fp_cmp_cond(struct front *f, const struct a64_insn *i)
{
	struct ir_insn t = { .op = IR_FCCMP, .q = IR_SCALAR };

	if (front_fp_trapped(f))
		return true;
	t.es = fp_es_arith(i);
	if (!t.es)
		return false;
	t.aux = i->cond;
	t.imm = i->nzcv | i->opf << 4;
	t.arg[0] = ir_get_f(f->b);
	t.arg[1] = simd_get(f, i->Rn);
	t.arg[2] = simd_get(f, i->Rm);
	ir_set_f(f->b, ir_emit(f->b, &t));
	return true;
}

bool tr_fp_mov_fp_select(struct front *f, const struct a64_insn *i)
{
	struct ir_insn t = { .op = IR_VSEL, .q = IR_SCALAR };

	if (front_fp_trapped(f))
		return true;
	t.es = fp_es_arith(i);
	if (!t.es)
		return false;
	t.aux = i->cond;
	t.arg[0] = ir_get_f(f->b);
	t.arg[1] = simd_get(f, i->Rn);
	t.arg[2] = simd_get(f, i->Rm);
	return simd_set(f, i->Rd, ir_emit(f->b, &t));
}

/* ---- constants, rounding, conversion between formats ---- */

/*
 * VFPExpandImm (DDI 0487): the sign, an exponent of NOT(b) : b repeated : c d,
 * and the fraction e f g h, for 8 or 11 bits of exponent.
 */
bool tr_fp_mov_fp_imm(struct front *f, const struct a64_insn *i)
{
	unsigned int es = fp_es_arith(i);
	u64 sign = i->imm8 >> 7, b = i->imm8 >> 6 & 1, low = i->imm8 & 0x3f, v;

	if (front_fp_trapped(f))
		return true;
	if (!es)
		return false;
	if (es == FP_DOUBLE)
		v = sign << 63 | (b ? 0xffULL << 54 : 1ULL << 62) | low << 48;
	else
		v = sign << 31 | (b ? 0x1fULL << 25 : 1ULL << 30) | low << 19;
	return simd_set(f, i->Rd, simd_const(f, IR_D, v));
}

bool tr_fp_round_frint(struct front *f, const struct a64_insn *i)
{
	static const u8 modes[] = {
		IR_ROUND_TIEEVEN, IR_ROUND_POSINF, IR_ROUND_NEGINF, IR_ROUND_ZERO,
		IR_ROUND_TIEAWAY, 0 /* no row */, IR_ROUND_FPCR | IR_ROUND_EXACT, IR_ROUND_FPCR,
	};
	unsigned int es = fp_es_arith(i);

	if (front_fp_trapped(f))
		return true;
	if (!es)
		return false;
	return simd_set(f, i->Rd, simd_imm(f, IR_VFRINT, es, IR_SCALAR, simd_get(f, i->Rn),
					   modes[i->rmode & 7]));
}

bool tr_fp_cvt_fp(struct front *f, const struct a64_insn *i)
{
	unsigned int from = fp_es(i->ftype), to = fp_es(i->opc);

	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, simd_imm(f, IR_VFCVT, from, IR_SCALAR, simd_get(f, i->Rn), to));
}

/* ---- to and from general registers ---- */

static bool fp_to_int(struct front *f, const struct a64_insn *i, unsigned int es, u64 imm)
{
	struct ir_insn t = { .op = IR_FTOI, .q = IR_SCALAR, .es = es, .imm = imm };

	t.w = front_w(i->sf);
	t.arg[0] = simd_get(f, i->Rn);
	front_set_x(f, i->Rd, ir_emit(f->b, &t));
	return true;
}

static bool fp_from_int(struct front *f, const struct a64_insn *i, unsigned int es, u64 imm)
{
	struct ir_insn t = { .op = IR_ITOF, .q = IR_SCALAR, .es = es, .imm = imm };

	t.w = front_w(i->sf);
	t.arg[0] = front_x(f, i->Rn);
	return simd_set(f, i->Rd, ir_emit(f->b, &t));
}

bool tr_fp_cvt_fix(struct front *f, const struct a64_insn *i)
{
	unsigned int es = fp_es_arith(i), fbits = 64 - i->scale, uns = i->opcode & 1;

	if (front_fp_trapped(f))
		return true;
	if (!es)
		return false;
	if (i->op == A64_SCVTF_FIX || i->op == A64_UCVTF_FIX)
		return fp_from_int(f, i, es, IR_CVT(0, fbits, uns));
	return fp_to_int(f, i, es, IR_CVT(IR_ROUND_ZERO, fbits, uns));
}

/* The bits of a general register and of an element, lane 0 or D[1]. */
static bool fp_mov_int(struct front *f, const struct a64_insn *i)
{
	unsigned int es = i->sf ? FP_DOUBLE : FP_SINGLE, lane = i->rmode & 1;
	ir_ref v;

	if (i->ftype == 3)
		return false;
	if (!(i->opcode & 1)) {
		front_set_x(f, i->Rd, simd_imm(f, IR_VGETU, es, IR_SCALAR, simd_get(f, i->Rn), lane));
		return true;
	}
	if (lane)
		v = ir_vop(f->b, IR_VINS, es, IR_Q, lane, simd_get(f, i->Rd), front_x(f, i->Rn), IR_NONE);
	else
		v = simd_1(f, IR_VSPLAT, es, IR_SCALAR, front_x(f, i->Rn));
	return simd_set(f, i->Rd, v);
}

bool tr_fp_cvt_int(struct front *f, const struct a64_insn *i)
{
	unsigned int es, round = i->rmode, uns = i->opcode & 1;

	if (front_fp_trapped(f))
		return true;
	if (i->op == A64_FMOV_FP_CVT_INT)
		return fp_mov_int(f, i);
	es = fp_es_arith(i);
	if (!es)
		return false;
	if (i->op == A64_SCVTF || i->op == A64_UCVTF)
		return fp_from_int(f, i, es, IR_CVT(0, 0, uns));
	if (i->op == A64_FCVTAS || i->op == A64_FCVTAU)
		round = IR_ROUND_TIEAWAY;
	return fp_to_int(f, i, es, IR_CVT(round, 0, uns));
}
