// SPDX-License-Identifier: GPL-2.0-only
/*
 * Saturating vector arithmetic.  Lanes outside the shape must not raise QC, so
 * the operands are cleaned first; zeros never saturate.
 */
#include "emu/x64/lower_vec.h"

static u64 lane_min(unsigned int es)
{
	return vec_rep(es, 1ull << ((8 << es) - 1));
}

/* ---- sums and differences ---- */

struct sat_ops {
	unsigned int a, b, d;
	unsigned int wrap, t;	/* temporaries; VS2 is free, too */
	unsigned int es;
	bool sub;
};

/* The host has them: saturated where it differs from the one that wraps. */
static void sat_host(struct jit_ctx *c, const struct sat_ops *s, bool sign)
{
	static const u32 ops[2][2][2] = {	/* sign, sub, es */
		{ { V_PADDUSB, V_PADDUSW }, { V_PSUBUSB, V_PSUBUSW } },
		{ { V_PADDSB, V_PADDSW }, { V_PSUBSB, V_PSUBSW } },
	};

	v3(c, s->sub ? vec_sub[s->es] : vec_add[s->es], VS2, s->a, s->b);
	v3(c, ops[sign][s->sub][s->es], s->d, s->a, s->b);
	v3(c, V_PXOR, VS2, VS2, s->d);
	vec_qc(c, VS2);
}

/* Overflow: the result's sign is not a's, and b's was the same as a's (of a sum) or not (of a difference). */
static void sat_signed(struct jit_ctx *c, const struct sat_ops *s)
{
	v3(c, s->sub ? vec_sub[s->es] : vec_add[s->es], s->wrap, s->a, s->b);
	v3(c, V_PXOR, s->t, s->a, s->b);
	v3(c, V_PXOR, s->d, s->a, s->wrap);
	v3(c, s->sub ? V_PAND : V_PANDN, s->t, s->t, s->d);
	vzero(c, VS2);
	v3(c, vec_cmpgt[s->es], VS2, VS2, s->t);
	vec_qc(c, VS2);
	vzero(c, s->t);
	v3(c, vec_cmpgt[s->es], s->t, s->t, s->wrap);
	vlit(c, V_PXOR, s->t, s->t, lane_min(s->es), LIT_SAME);
	vec_select(c, s->d, VS2, s->t, s->wrap);
}

/* a + b = min(a, ~b) + b, a - b = max(a, b) - b */
static void sat_unsigned32(struct jit_ctx *c, const struct sat_ops *s)
{
	v3(c, s->sub ? V_PSUBD : V_PADDD, s->wrap, s->a, s->b);
	if (s->sub) {
		v3(c, V_PMAXUD, s->d, s->a, s->b);
		v3(c, V_PSUBD, s->d, s->d, s->b);
	} else {
		vec_not(c, s->d, s->b, 128);
		v3(c, V_PMINUD, s->d, s->d, s->a);
		v3(c, V_PADDD, s->d, s->d, s->b);
	}
	v3(c, V_PXOR, s->wrap, s->wrap, s->d);
	vec_qc(c, s->wrap);
}

/* The carry out of the top bit: (a & b) | ((a | b) & ~sum); the borrow: (~a & b) | (~(a ^ b) & difference). */
static void sat_unsigned64(struct jit_ctx *c, const struct sat_ops *s)
{
	v3(c, s->sub ? V_PSUBQ : V_PADDQ, s->wrap, s->a, s->b);
	v3(c, s->sub ? V_PXOR : V_POR, s->d, s->a, s->b);
	if (s->sub)
		v3(c, V_PANDN, s->t, s->d, s->wrap);
	else
		v3(c, V_PANDN, s->t, s->wrap, s->d);
	v3(c, s->sub ? V_PANDN : V_PAND, VS2, s->a, s->b);
	v3(c, V_POR, s->t, s->t, VS2);
	vzero(c, VS2);
	v3(c, V_PCMPGTQ, VS2, VS2, s->t);
	vec_qc(c, VS2);
	if (s->sub)
		v3(c, V_PANDN, s->d, VS2, s->wrap);
	else
		v3(c, V_POR, s->d, VS2, s->wrap);
}

static void lower_sum(struct jit_ctx *c, const struct ir_insn *in)
{
	bool sign = in->op == IR_VSQADD || in->op == IR_VSQSUB;
	unsigned int bits = vec_shape(in);
	struct sat_ops s = { .es = in->es, .sub = in->op == IR_VSQSUB || in->op == IR_VUQSUB };

	s.a = vec_clean(c, in->arg[0], bits, VS0);
	s.b = vec_clean(c, in->arg[1], bits, VS1);
	s.d = jit_def_v(c, c->pos);
	if (in->es < 2) {
		sat_host(c, &s, sign);
		return;
	}
	s.wrap = jit_temp_v(c);
	s.t = jit_temp_v(c);
	if (sign)
		sat_signed(c, &s);
	else if (in->es == 2)
		sat_unsigned32(c, &s);
	else
		sat_unsigned64(c, &s);
}

/* ---- results of which one value is too large by one: MIN stands for -MIN ---- */

static void fix_min(struct jit_ctx *c, unsigned int d, unsigned int es)
{
	vlit(c, vec_cmpeq[es], VS2, d, lane_min(es), LIT_SAME);
	v3(c, V_PXOR, d, d, VS2);
	vec_qc(c, VS2);
}

static void lower_abs_neg(struct jit_ctx *c, const struct ir_insn *in)
{
	static const u32 abs[] = { V_PABSB, V_PABSW, V_PABSD };
	unsigned int a = vec_clean(c, in->arg[0], vec_shape(in), VS0), d = jit_def_v(c, c->pos), es = in->es;

	if (in->op == IR_VSQNEG) {
		vzero(c, d);
		v3(c, vec_sub[es], d, d, a);
	} else if (es < 3) {
		v2(c, abs[es], d, a);
	} else {
		vzero(c, VS1);
		v3(c, V_PCMPGTQ, VS1, VS1, a);
		v3(c, V_PXOR, d, a, VS1);
		v3(c, V_PSUBQ, d, d, VS1);
	}
	fix_min(c, d, es);
}

static void double_high16(struct jit_ctx *c, unsigned int d, unsigned int a, unsigned int b, bool round)
{
	if (round) {
		v3(c, V_PMULHRSW, d, a, b);
		return;
	}
	v3(c, V_PMULHW, VS2, a, b);
	v3(c, V_PMULLW, d, a, b);
	vshift(c, VSH_R, 1, d, d, 15);
	v3(c, V_PADDW, VS2, VS2, VS2);
	v3(c, V_POR, d, d, VS2);
}

static void double_high32(struct jit_ctx *c, unsigned int d, unsigned int a, unsigned int b, bool round)
{
	unsigned int t = jit_temp_v(c);

	v3(c, V_PMULDQ, VS2, a, b);
	v3(c, V_PADDQ, VS2, VS2, VS2);
	vshift(c, VSH_R, 3, d, a, 32);
	vshift(c, VSH_R, 3, t, b, 32);
	v3(c, V_PMULDQ, d, d, t);
	v3(c, V_PADDQ, d, d, d);
	if (round) {
		vlit(c, V_PADDQ, VS2, VS2, 0x80000000, LIT_SAME);
		vlit(c, V_PADDQ, d, d, 0x80000000, LIT_SAME);
	}
	vshift(c, VSH_R, 3, VS2, VS2, 32);
	v3i(c, V_PBLENDW, d, d, VS2, 0x33);
}

static bool lower_double_high(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int bits = vec_shape(in), a, b, d;
	bool round = in->op == IR_VSQRDMULH;

	if (in->es != 1 && in->es != 2)
		return false;
	a = vec_clean(c, in->arg[0], bits, VS0);
	b = vec_clean(c, in->arg[1], bits, VS1);
	d = jit_def_v(c, c->pos);
	if (in->es == 1)
		double_high16(c, d, a, b, round);
	else
		double_high32(c, d, a, b, round);
	fix_min(c, d, in->es);	/* MIN * MIN */
	return true;
}

bool jit_lower_vec_sat(struct jit_ctx *c, const struct ir_insn *in)
{
	switch (in->op) {
	case IR_VSQADD ... IR_VUQSUB:
		jit_flags_clobber(c);
		lower_sum(c, in);
		return true;
	case IR_VSQABS:
	case IR_VSQNEG:
		jit_flags_clobber(c);
		lower_abs_neg(c, in);
		return true;
	case IR_VSQDMULH:
	case IR_VSQRDMULH:
		jit_flags_clobber(c);
		return lower_double_high(c, in);
	}
	return false;
}
