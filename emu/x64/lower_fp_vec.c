// SPDX-License-Identifier: GPL-2.0-only
/* Minimum and maximum, comparison to masks, pairs, and the steps of Newton's method. */
#include "emu/x64/lower_fp.h"

/* ---- minimum and maximum ---- */

/*
 * d = the greater (less) of numbers a and b.  The host gives its second operand
 * for equal ones, which may be zeros of both signs: done both ways round, AND
 * makes the positive zero of them and OR the negative one.  Destroys @t.
 */
static void emit_minmax(struct fp *f, bool max, unsigned int d, unsigned int a, unsigned int b, unsigned int t)
{
	u32 op = max ? FP_MAX : FP_MIN;

	fp_v3(f, op, t, b, a);
	fp_v3(f, op, d, a, b);
	v3(f->c, max ? FP_AND : FP_OR, d, d, t);
}

/* To C when a or b is a NaN: the host's instruction would signal for a quiet one.  Destroys VS2. */
static void check_nans(struct fp *f, unsigned int a, unsigned int b)
{
	if (f->scalar) {
		v2(f->c, fp_packed(f, FP_UCOMI), a, b);
		fp_rare(f, CC_P);
		return;
	}
	fp_compare(f, VS2, a, b, FP_UNORD);
	fp_rare_mask(f, VS2);
}

static bool lower_minmax(struct jit_ctx *c, const struct ir_insn *in, bool max)
{
	unsigned int a, b, d;
	bool a_clean, b_clean;
	struct fp f;

	fp_begin(&f, c, in);
	a_clean = fp_bits(c, in->arg[0]) <= f.bits;
	b_clean = fp_bits(c, in->arg[1]) <= f.bits;
	a = fp_arg(&f, in->arg[0], VS0);
	b = fp_arg(&f, in->arg[1], VS1);
	d = jit_def_v(c, c->pos);
	fp_guard(&f, d, FP_EXP_NORMAL, false);
	check_nans(&f, a, b);
	emit_minmax(&f, max, d, a, b, VS2);
	if (f.scalar && !(max ? a_clean || b_clean : a_clean && b_clean))
		fp_trim(&f, d);
	fp_end(&f);
	return true;
}

/* Four singles to one, neighbours first. */
static bool lower_across(struct jit_ctx *c, const struct ir_insn *in, bool max)
{
	unsigned int a, d;
	struct fp f;

	if (in->es != 2 || in->q != IR_Q || in->aux == IR_FP_STD)
		return false;
	fp_begin(&f, c, in);
	a = jit_use_v(c, in->arg[0]);
	d = jit_def_v(c, c->pos);
	check_nans(&f, a, a);
	v2i(c, V_PSHUFD, VS0, a, 0xb1);
	emit_minmax(&f, max, VS1, a, VS0, VS2);
	v2i(c, V_PSHUFD, VS0, VS1, 0x4e);
	emit_minmax(&f, max, d, VS1, VS0, VS2);
	vec_trim(c, d, d, 32);
	fp_end(&f);
	return true;
}

/* ---- pairs ---- */

/* VS0 = the even lanes of b:a, VS1 = the odd ones, upper bits zero. */
static void emit_pairs(struct fp *f, unsigned int a, unsigned int b)
{
	struct jit_ctx *c = f->c;

	if (f->es == 3) {
		v3(c, V_PUNPCKLQDQ, VS0, a, b);
		v3(c, V_PUNPCKHQDQ, VS1, a, b);
	} else if (f->bits == 64) {
		v3(c, V_PUNPCKLDQ, VS2, a, b);	/* a0 b0 a1 b1 */
		v2(c, V_MOVQ, VS0, VS2);
		vshift_bytes(c, VSH_R, VS1, VS2, 8);
	} else {
		v3i(c, V_SHUFPS, VS0, a, b, 0x88);
		v3i(c, V_SHUFPS, VS1, a, b, 0xdd);
	}
}

static bool lower_pairs(struct jit_ctx *c, const struct ir_insn *in)
{
	bool max = in->op == IR_VFMAXP || in->op == IR_VFMAXNMP;
	unsigned int a, b, d;
	struct fp f;

	if (in->q == IR_SCALAR || (in->es == 3 && in->q != IR_Q))
		return false;
	fp_begin(&f, c, in);
	a = jit_use_v(c, in->arg[0]);
	b = jit_use_v(c, in->arg[1]);
	d = jit_def_v(c, c->pos);
	fp_guard(&f, d, in->op == IR_VFADDP ? fp_exp_sum(&f) : FP_EXP_NORMAL, in->op == IR_VFADDP);
	emit_pairs(&f, a, b);
	if (in->op == IR_VFADDP) {
		f.quick = f.std ? FP_QUICK_DEFAULT : 0;
		fp_v3(&f, FP_ADD, d, VS0, VS1);
		fp_check(&f, d, FP_CHECK_NAN);
	} else {
		check_nans(&f, VS0, VS1);
		emit_minmax(&f, max, d, VS0, VS1, VS2);
	}
	fp_end(&f);
	return true;
}

/* ---- masks ---- */

/*
 * The host's LT and LE signal for quiet NaNs, EQ does not: as FCMGT, FCMGE and
 * FCMEQ do.  a > b is b < a.
 */
static bool lower_mask(struct jit_ctx *c, const struct ir_insn *in)
{
	enum fp_cmp k = in->op == IR_VFCMEQ ? FP_EQ : in->op == IR_VFCMGE || in->op == IR_VFACGE ? FP_LE : FP_LT;
	bool of_abs = in->op == IR_VFACGE || in->op == IR_VFACGT;
	bool clean = of_abs || fp_bits(c, in->arg[1]) <= vec_shape(in);
	unsigned int a, b, d;
	struct fp f;

	fp_init(&f, c, in);
	if (f.std)
		jit_flags_clobber(c);
	if (of_abs) {
		fp_abs(&f, VS0, jit_use_v(c, in->arg[0]));
		fp_abs(&f, VS1, jit_use_v(c, in->arg[1]));
		a = VS0;
		b = VS1;
	} else {
		a = fp_arg(&f, in->arg[0], VS0);
		b = fp_arg(&f, in->arg[1], VS1);
	}
	d = jit_def_v(c, c->pos);
	fp_guard(&f, d, FP_EXP_NORMAL, false);
	fp_compare(&f, d, b, a, k);
	if (f.scalar ? !clean : k != FP_LT)
		fp_trim(&f, d);
	fp_end(&f);
	return true;
}

/* ---- Newton steps ---- */

/* d = konst - a * b, konst in d: fused, or under IR_FP_STD, which is AArch32's, rounded twice.  Destroys VS2. */
static void emit_step(struct fp *f, unsigned int d, unsigned int a, unsigned int b)
{
	struct x64_buf *e = &f->c->e;

	if (f->std) {
		fp_v3(f, FP_MUL, VS2, a, b);
		fp_v3(f, FP_SUB, d, d, VS2);
	} else {	/* vfnmadd231 */
		x64_vex_rr(e, X_66 | X_0F38 | (f->scalar ? 0xbd : 0xbc) | (f->es == 3 ? X_W : 0), false, d, a, b);
	}
}

/*
 * 2 - a * b and (3 - a * b) / 2.  Infinity times zero is zero here, and the
 * halving comes before an overflow: numbers of 2^(bias / 2) and above in
 * magnitude go to C before anything is raised.  Below, the result is exact or
 * far from underflow, and the halving exact.
 */
static bool lower_step(struct jit_ctx *c, const struct ir_insn *in)
{
	bool root = in->op == IR_VFRSQRTS;
	unsigned int a, b, d;
	u64 limit, konst;
	struct fp f;

	if (!c->jit->host.fma && in->aux != IR_FP_STD)
		return false;
	fp_begin(&f, c, in);
	limit = fp_rep(&f, fp_power(&f, f.es == 3 ? 511 : 63) - 1);
	konst = fp_power(&f, 1) | (root ? fp_min_normal(&f) >> 1 : 0);
	a = fp_arg(&f, in->arg[0], VS0);
	b = fp_arg(&f, in->arg[1], VS1);
	d = jit_def_v(c, c->pos);
	fp_guard(&f, d, fp_exp_product(&f), true);
	fp_abs(&f, VS2, a);
	fp_abs(&f, d, b);
	vlit(c, vec_cmpgt[f.es], VS2, VS2, limit, LIT_SAME);
	vlit(c, vec_cmpgt[f.es], d, d, limit, LIT_SAME);
	v3(c, V_POR, VS2, VS2, d);
	fp_rare_mask(&f, VS2);
	vlit2(c, FP_MOVA, d, f.scalar ? konst : fp_rep(&f, konst), f.bits == 128 ? LIT_SAME : LIT_ZERO);
	emit_step(&f, d, a, b);
	if (root)
		fp_lit(&f, fp_op(&f, FP_MUL), d, d, fp_power(&f, -1));
	if (f.bits == 64 && !f.scalar)
		fp_trim(&f, d);		/* 0 - 0 is -0 when rounding down */
	fp_end(&f);
	return true;
}

bool jit_lower_fp_vec(struct jit_ctx *c, const struct ir_insn *in)
{
	switch (in->op) {
	case IR_VFMAX:
	case IR_VFMAXNM:
		return lower_minmax(c, in, true);
	case IR_VFMIN:
	case IR_VFMINNM:
		return lower_minmax(c, in, false);
	case IR_VFMAXV:
	case IR_VFMAXNMV:
		return lower_across(c, in, true);
	case IR_VFMINV:
	case IR_VFMINNMV:
		return lower_across(c, in, false);
	case IR_VFADDP ... IR_VFMINNMP:
		return lower_pairs(c, in);
	case IR_VFCMEQ ... IR_VFACGT:
		return lower_mask(c, in);
	case IR_VFRECPS:
	case IR_VFRSQRTS:
		return lower_step(c, in);
	}
	return false;
}
