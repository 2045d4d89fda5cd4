// SPDX-License-Identifier: GPL-2.0-only
/* Rounding to integral values, and conversions. */
#include "emu/x64/lower_fp.h"

/* ROUNDSS and its kin: IR's rounding to theirs; 8: inexact is not raised. */
static const u8 round_imm[] = {
	[IR_ROUND_TIEEVEN] = 0, [IR_ROUND_POSINF] = 2, [IR_ROUND_NEGINF] = 1, [IR_ROUND_ZERO] = 3,
	[IR_ROUND_FPCR] = 4,
};
#define ROUND_QUIET 8

/* d = s as an integral number; upper bits of a scalar are those of @s. */
static void emit_round(struct fp *f, unsigned int d, unsigned int s, u8 imm)
{
	if (f->scalar)
		v3i(f->c, f->es == 3 ? VOP3A(0x0b) : VOP3A(0x0a), d, s, s, imm);
	else
		v2i(f->c, f->es == 3 ? VOP3A(0x09) : VOP3A(0x08), d, s, imm);
}

/*
 * d = s rounded to the nearest, ties away, without inexact; the shape's upper
 * bits are zero.  The host has no such mode: the fraction of |s|, which is
 * exact, decides whether one is added to its integer part.  What has no
 * fraction bits goes to C: infinities and NaNs would signal.  d may be VS0.
 */
static void emit_round_away(struct fp *f, unsigned int d, unsigned int s)
{
	struct jit_ctx *c = f->c;

	fp_abs(f, VS1, s);
	vlit(c, vec_cmpgt[f->es], VS2, VS1, fp_rep(f, fp_power(f, f->es == 3 ? 52 : 23) - 1), LIT_SAME);
	fp_rare_mask(f, VS2);
	emit_round(f, VS2, VS1, round_imm[IR_ROUND_ZERO] | ROUND_QUIET);
	fp_v3(f, FP_SUB, VS1, VS1, VS2);
	vlit2(c, FP_MOVA, VS0, fp_rep(f, fp_power(f, -1)), LIT_SAME);
	fp_compare(f, VS0, VS0, VS1, FP_LE);
	fp_lit(f, fp_packed(f, FP_AND), VS0, VS0, fp_power(f, 0));
	fp_lit(f, fp_packed(f, FP_AND), VS1, s, fp_sign(f));
	fp_v3(f, FP_ADD, VS0, VS0, VS2);
	v3(c, FP_OR, d, VS0, VS1);
}

static bool lower_round(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int round = in->imm & IR_ROUND_MASK, a, d;
	struct fp f;

	if (round == IR_ROUND_TIEAWAY && (in->imm & IR_ROUND_EXACT))
		return false;
	fp_begin(&f, c, in);
	a = fp_arg(&f, in->arg[0], VS0);
	d = jit_def_v(c, c->pos);
	fp_guard(&f, d, FP_EXP_NORMAL, round == IR_ROUND_FPCR);
	if (round == IR_ROUND_TIEAWAY) {
		if (a == VS0) {		/* fp_arg() made a copy: keep it out of the way */
			vmov(c, d, VS0);
			a = d;
		}
		emit_round_away(&f, d, a);
	} else {
		if (f.scalar && fp_bits(c, in->arg[0]) > f.bits) {
			vec_trim(c, d, a, f.bits);
			a = d;
		}
		emit_round(&f, d, a, round_imm[round] | (in->imm & IR_ROUND_EXACT ? 0 : ROUND_QUIET));
		if (f.std) {
			fp_check(&f, d, FP_CHECK_NAN);
			f.quick = FP_QUICK_DEFAULT;
		}
	}
	fp_end(&f);
	return true;
}

/* ---- to integers ---- */

/* CVTT: r = the scalar @s, cut. */
static void emit_cut(struct fp *f, unsigned int r, unsigned int s, bool w)
{
	v2(f->c, (f->es == 3 ? X_F2 : X_F3) | X_0F | 0x2c | (w ? X_W : 0), r, s);
}

/* The integral number in VS0, not negative, as an unsigned one in r. */
static void emit_unsigned(struct fp *f, unsigned int r, bool w)
{
	struct jit_ctx *c = f->c;
	struct x64_buf *e = &c->e;

	if (w) {	/* 2^63 and above: the host would signal */
		vlit2(c, FP_MOVA, VS1, fp_power(f, 63), LIT_ZERO);
		v2(c, fp_packed(f, FP_UCOMI), VS1, VS0);
		fp_rare(f, CC_BE);
	}
	emit_cut(f, r, VS0, true);
	if (w) {
		x64_test(e, true, r, r);
		fp_rare(f, CC_S);
	} else {
		x64_mov(e, false, RAX, r);
		x64_alu(e, ALU_CMP, true, RAX, r);
		fp_rare(f, CC_NE);
	}
}

/*
 * r = the scalar @s as an integer of 64 (@w) or 32 bits.  Arm raises inexact
 * only where the result is in range.  So except in the simplest form the number
 * is rounded quietly first, and a conversion of the number itself that cannot
 * fail any more raises inexact.  The host's answer to what it cannot do, the
 * least integer, goes to C: it may be right.
 */
static void emit_to_int(struct fp *f, unsigned int r, unsigned int s, bool w)
{
	struct x64_buf *e = &f->c->e;
	unsigned int round = IR_CVT_ROUND(f->in->imm);
	bool uns = IR_CVT_UNSIGNED(f->in->imm);

	if (round == IR_ROUND_ZERO && !uns) {
		emit_cut(f, r, s, w);
		x64_alu_imm(e, ALU_CMP, w, r, 1);
		fp_rare(f, CC_O);
		return;
	}
	if (round == IR_ROUND_TIEAWAY)
		emit_round_away(f, VS0, s);
	else
		emit_round(f, VS0, s, round_imm[round] | ROUND_QUIET);
	if (uns) {
		emit_unsigned(f, r, w);
	} else {
		emit_cut(f, r, VS0, w);
		x64_alu_imm(e, ALU_CMP, w, r, 1);
		fp_rare(f, CC_O);
	}
	emit_cut(f, RAX, s, true);
}

/* What scale_up() needs: taken before the first branch to C, as making room may store a guest register. */
static unsigned int scale_temp(struct fp *f)
{
	return IR_CVT_FBITS(f->in->imm) ? jit_temp_v(f->c) : 0;
}

/*
 * The register of @a times 2^fbits, which is exact: @t, if it is not @a.  Numbers
 * of 2^63 and above, which do not fit anyway and could overflow, go to C first.
 */
static unsigned int scale_up(struct fp *f, unsigned int a, unsigned int t)
{
	unsigned int fbits = IR_CVT_FBITS(f->in->imm);

	if (!fbits)
		return a;
	fp_abs(f, VS1, a);
	vlit(f->c, vec_cmpgt[f->es], VS1, VS1, fp_rep(f, fp_power(f, 63) - 1), LIT_SAME);
	fp_rare_mask(f, VS1);
	fp_lit(f, fp_op(f, FP_MUL), t, a, fp_power(f, (int)fbits));
	return t;
}

static bool lower_ftoi(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int a, d;
	struct fp f;

	fp_begin(&f, c, in);
	f.scalar = true;
	f.bits = 8u << in->es;
	a = jit_use_v(c, in->arg[0]);
	d = jit_def(c, c->pos);
	emit_to_int(&f, d, scale_up(&f, a, scale_temp(&f)), in->w != 32);
	fp_end(&f);
	return true;
}

/* Integers in the vector register: each lane by way of RDX; @high is a temporary for the second. */
static void vtoi_lanes(struct fp *f, unsigned int d, unsigned int a, unsigned int high)
{
	struct jit_ctx *c = f->c;
	bool w = f->es == 3;

	emit_to_int(f, RDX, a, w);
	v2(c, V_MOVD_TO | (w ? X_W : 0), d, RDX);
	if (f->bits != 128)
		return;
	v3(c, V_PUNPCKHQDQ, high, a, a);
	emit_to_int(f, RDX, high, w);
	v2(c, V_MOVD_TO | X_W, VS0, RDX);
	v3(c, V_PUNPCKLQDQ, d, d, VS0);
}

/*
 * Singles.  Unsigned ones of 2^31 and above, and those that are negative when
 * rounded, go to C.
 */
static void vtoi_singles(struct fp *f, unsigned int d, unsigned int a)
{
	struct jit_ctx *c = f->c;
	unsigned int round = IR_CVT_ROUND(f->in->imm);
	bool uns = IR_CVT_UNSIGNED(f->in->imm), simple = round == IR_ROUND_ZERO && !uns;
	const u32 cut = X_F3 | X_0F | 0x5b;	/* cvttps2dq */

	if (round == IR_ROUND_TIEAWAY)
		emit_round_away(f, VS0, a);
	else if (!simple)
		emit_round(f, VS0, a, round_imm[round] | ROUND_QUIET);
	if (uns) {
		vlit2(c, FP_MOVA, VS1, fp_rep(f, fp_power(f, 31)), LIT_SAME);
		fp_compare(f, VS1, VS1, VS0, FP_LE);
		fp_rare_mask(f, VS1);
		v2(c, cut, d, VS0);
		fp_rare_mask(f, d);
	} else {
		v2(c, cut, d, simple ? a : VS0);
		vlit(c, V_PCMPEQD, VS1, d, 0x8000000080000000, LIT_SAME);
		fp_rare_mask(f, VS1);
	}
	if (!simple)
		v2(c, cut, VS0, a);	/* raises inexact */
}

static bool lower_vftoi(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int a, d, scaled, high = 0;
	bool lanes = in->q == IR_SCALAR || in->es == 3;
	struct fp f;

	fp_begin(&f, c, in);
	a = jit_use_v(c, in->arg[0]);
	if (f.bits == 64 && !f.scalar && fp_bits(c, in->arg[0]) > 64) {
		unsigned int t = jit_temp_v(c);

		vec_trim(c, t, a, 64);
		a = t;
	}
	d = jit_def_v(c, c->pos);
	if (lanes && f.bits == 128)
		high = jit_temp_v(c);
	scaled = scale_temp(&f);
	fp_guard(&f, d, FP_EXP_NORMAL, IR_CVT_ROUND(in->imm) == IR_ROUND_FPCR);
	a = scale_up(&f, a, scaled);
	if (lanes) {
		f.scalar = true;	/* one by one, the shape is in f.bits */
		vtoi_lanes(&f, d, a, high);
	} else {
		vtoi_singles(&f, d, a);
	}
	fp_end(&f);
	return true;
}

/* ---- from integers ---- */

/* d = r as a scalar, upper bits zero; destroys RAX and RCX. */
static void emit_from_int(struct fp *f, unsigned int d, unsigned int r, bool w, bool uns)
{
	struct jit_ctx *c = f->c;
	struct x64_buf *e = &c->e;
	u32 op = (f->es == 3 ? X_F2 : X_F3) | X_0F | 0x2a;
	u8 *big, *end;

	vzero(c, d);
	if (!uns) {
		v3(c, op | (w ? X_W : 0), d, d, r);
		return;
	}
	if (!w) {
		x64_mov(e, false, RAX, r);
		v3(c, op | X_W, d, d, RAX);
		return;
	}
	x64_test(e, true, r, r);
	big = x64_jcc(e, CC_S);
	v3(c, op | X_W, d, d, r);
	end = x64_jmp(e);
	/* Half of it, the lost bit kept in sight for the rounding, and that twice. */
	x64_patch(big, e->p);
	x64_mov(e, true, RCX, r);
	x64_mov(e, true, RAX, r);
	x64_shift_imm(e, SHIFT_SHR, true, RAX, 1);
	x64_alu_imm(e, ALU_AND, false, RCX, 1);
	x64_alu(e, ALU_OR, true, RAX, RCX);
	v3(c, op | X_W, d, d, RAX);
	v3(c, (f->es == 3 ? X_F2 : X_F3) | FP_ADD, d, d, d);
	x64_patch(end, e->p);
}

/* Scaling down is exact: 2^-64 is far from underflow. */
static void emit_scale(struct fp *f, unsigned int d)
{
	unsigned int fbits = IR_CVT_FBITS(f->in->imm);

	if (fbits)
		fp_lit(f, fp_op(f, FP_MUL), d, d, fp_power(f, -(int)fbits));
}

static bool lower_itof(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int r, d;
	struct fp f;

	fp_begin(&f, c, in);
	f.scalar = true;
	f.bits = 8u << in->es;
	r = jit_use(c, in->arg[0]);
	d = jit_def_v(c, c->pos);
	emit_from_int(&f, d, r, in->w != 32, IR_CVT_UNSIGNED(in->imm));
	emit_scale(&f, d);
	return true;
}

/* Doubles, and a lone single. */
static void vitof_lanes(struct fp *f, unsigned int d, unsigned int a)
{
	struct jit_ctx *c = f->c;
	bool w = f->es == 3, uns = IR_CVT_UNSIGNED(f->in->imm);

	v2(c, V_MOVD_FROM | (w ? X_W : 0), a, RDX);
	emit_from_int(f, d, RDX, w, uns);
	if (f->bits != 128)
		return;
	v2i(c, V_PEXTRD | X_W, a, RDX, 1);
	emit_from_int(f, VS0, RDX, w, uns);
	v3(c, V_PUNPCKLQDQ, d, d, VS0);
}

/* Unsigned ones in two halves, each exact; the sum is rounded. */
static void vitof_singles(struct fp *f, unsigned int d, unsigned int a)
{
	struct jit_ctx *c = f->c;
	const u32 from = X_0F | 0x5b;	/* cvtdq2ps */

	if (!IR_CVT_UNSIGNED(f->in->imm)) {
		v2(c, from, d, a);
		return;
	}
	vlit(c, V_PAND, VS1, a, 0x0000ffff0000ffff, LIT_SAME);
	vshift(c, VSH_R, 2, d, a, 16);
	v2(c, from, VS1, VS1);
	v2(c, from, d, d);
	vlit(c, FP_MUL, d, d, fp_rep(f, fp_power(f, 16)), LIT_SAME);
	v3(c, FP_ADD, d, d, VS1);
}

static bool lower_vitof(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int a, d;
	struct fp f;

	fp_begin(&f, c, in);
	a = fp_arg(&f, in->arg[0], VS0);
	d = jit_def_v(c, c->pos);
	fp_guard(&f, d, 0, true);
	if (f.scalar || f.es == 3)
		vitof_lanes(&f, d, a);
	else
		vitof_singles(&f, d, a);
	emit_scale(&f, d);
	fp_end(&f);
	return true;
}

/* ---- between formats ---- */

/* The host converts NaNs as Arm does; only underflow needs a look. */
static bool lower_cvt(struct jit_ctx *c, const struct ir_insn *in)
{
	bool narrow = in->es == 3 && in->imm == 2;
	unsigned int a, d;
	struct fp f;

	if (!narrow && !(in->es == 2 && in->imm == 3))
		return false;
	fp_begin(&f, c, in);
	f.scalar = true;
	f.es = in->imm;
	f.bits = 8u << f.es;
	a = jit_use_v(c, in->arg[0]);
	d = jit_def_v(c, c->pos);
	vzero(c, d);
	v3(c, (narrow ? X_F2 : X_F3) | X_0F | 0x5a, d, d, a);
	if (narrow)
		fp_check(&f, d, FP_CHECK_TINY);
	fp_end(&f);
	return true;
}

static bool lower_resize(struct jit_ctx *c, const struct ir_insn *in)
{
	bool narrow = in->op == IR_VFCVTN;
	unsigned int a, d;
	struct fp f;

	if (in->es != 2 || in->q == IR_SCALAR)
		return false;
	fp_begin(&f, c, in);
	f.bits = narrow ? 64 : 128;
	a = jit_use_v(c, in->arg[0]);
	d = jit_def_v(c, c->pos);
	v2(c, (narrow ? X_66 : 0) | X_0F | 0x5a, d, a);
	if (narrow)
		fp_check(&f, d, FP_CHECK_TINY);
	fp_end(&f);
	return true;
}

/*
 * Half precision, four lanes or one.  The host's conversions know neither
 * alternative half precision nor flushing: FPCR.AHP and FZ do not come here.
 */
static void emit_from_half(struct fp *f, unsigned int d, unsigned int s)
{
	v2(f->c, VOP38(0x13), d, s);		/* vcvtph2ps */
}

static void emit_to_half(struct fp *f, unsigned int d, unsigned int s)
{
	struct jit_ctx *c = f->c;

	v2i(c, VOP3A(0x1d), s, d, round_imm[IR_ROUND_FPCR]);	/* vcvtps2ph: d is the last operand */
	vlit(c, V_PAND, VS1, d, 0x7fff7fff7fff7fff, LIT_SAME);
	vlit(c, V_PCMPEQW, VS1, VS1, 0x0400040004000400, LIT_SAME);	/* the smallest normal number */
	v2(c, VOP(0xd7), RAX, VS1);		/* pmovmskb */
	x64_test(&c->e, false, RAX, RAX);
	fp_rare(f, CC_NE);
}

static bool lower_half(struct jit_ctx *c, const struct ir_insn *in)
{
	bool narrow = in->op == IR_VFCVTN || (in->op == IR_VFCVT && in->imm == 1);
	bool one = in->op == IR_VFCVT || in->q == IR_SCALAR;
	unsigned int bits = one ? narrow ? 32 : 16 : narrow ? 128 : 64, a, d;
	struct fp f;

	/* from double: rounded once */
	if (!c->jit->host.f16c || (in->op == IR_VFCVT && in->es == 3))
		return false;
	fp_begin(&f, c, in);
	a = vec_clean(c, in->arg[0], bits, VS0);
	d = jit_def_v(c, c->pos);
	if (narrow)
		emit_to_half(&f, d, a);
	else
		emit_from_half(&f, d, a);
	if (in->op == IR_VFCVT && in->imm == 3) {
		vmov(c, VS0, d);
		vzero(c, d);
		v3(c, X_F3 | X_0F | 0x5a, d, d, VS0);
	}
	fp_end(&f);
	return true;
}

static bool is_half(const struct ir_insn *in)
{
	return in->es == 1 || (in->op == IR_VFCVT && in->imm == 1);
}

bool jit_lower_fp_cvt(struct jit_ctx *c, const struct ir_insn *in)
{
	switch (in->op) {
	case IR_VFRINT:
		return lower_round(c, in);
	case IR_VFTOI:
		return lower_vftoi(c, in);
	case IR_VITOF:
		return lower_vitof(c, in);
	}
	if (in->aux == IR_FP_STD)	/* of Advanced SIMD only half precision comes here */
		return false;
	switch (in->op) {
	case IR_FTOI:
		return lower_ftoi(c, in);
	case IR_ITOF:
		return lower_itof(c, in);
	case IR_VFCVT:
		return is_half(in) ? lower_half(c, in) : lower_cvt(c, in);
	case IR_VFCVTL:
	case IR_VFCVTN:
		return is_half(in) ? lower_half(c, in) : lower_resize(c, in);
	}
	return false;
}
