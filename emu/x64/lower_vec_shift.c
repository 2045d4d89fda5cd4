// SPDX-License-Identifier: GPL-2.0-only
/* Vector shifts. */
#include "emu/x64/lower_vec.h"

/* ---- right, with sign, 64-bit lanes: x86 has it for 32-bit ones ---- */

void vec_sar64(struct jit_ctx *c, unsigned int d, unsigned int a, unsigned int n)
{
	if (n >= 63) {
		vzero(c, VS2);
		v3(c, V_PCMPGTQ, d, VS2, a);
	} else if (n >= 32) {
		/* The upper word's shifted is the lower word; its sign the upper. */
		vshift(c, VSH_RA, 2, VS2, a, 31);
		vshift(c, VSH_RA, 2, d, a, n - 32);
		v2i(c, V_PSHUFD, d, d, 0xf5);
		v3i(c, V_PBLENDW, d, d, VS2, 0xcc);
	} else {
		vshift(c, VSH_RA, 2, VS2, a, n);
		vshift(c, VSH_R, 3, d, a, n);
		v3i(c, V_PBLENDW, d, d, VS2, 0xcc);
	}
}

/* ---- by a constant ---- */

/* d = a << n or a >> n; VS2 may be destroyed; d is no operand. */
static void emit_shift(struct jit_ctx *c, enum vec_shift k, unsigned int d, unsigned int a, unsigned int es,
		       unsigned int n)
{
	u64 sign;

	if (k == VSH_RA && es == 3) {
		vec_sar64(c, d, a, n);
		return;
	}
	if (es) {
		vshift(c, k, es, d, a, n);
		return;
	}
	if (k == VSH_RA && n >= 7) {
		vzero(c, d);
		v3(c, V_PCMPGTB, d, d, a);
		return;
	}
	/* Bytes: as words, without what came over from the neighbour. */
	vshift(c, k == VSH_L ? VSH_L : VSH_R, 1, d, a, n);
	vlit(c, V_PAND, d, d, vec_rep(0, k == VSH_L ? 0xff << n : 0xff >> n), LIT_SAME);
	if (k != VSH_RA)
		return;
	sign = vec_rep(0, 0x80 >> n);
	vlit(c, V_PXOR, d, d, sign, LIT_SAME);
	vlit(c, V_PSUBB, d, d, sign, LIT_SAME);
}

static void lower_const(struct jit_ctx *c, const struct ir_insn *in)
{
	static const u8 kind[] = { VSH_L, VSH_R, VSH_RA };
	struct vec_regs r = vec_regs1(c, in);

	emit_shift(c, kind[in->op - IR_VSHLI], r.d, r.a, in->es, in->imm);
	vec_finish(c, in, r.d, true);
}

/* (a >> n) + (bit n - 1 of a): nothing overflows. */
static void lower_round(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int es = in->es, size = 8u << es, n = in->imm;
	struct vec_regs r = vec_regs1(c, in);

	if (es) {
		vshift(c, VSH_L, es, VS0, r.a, size - n);
		vshift(c, VSH_R, es, VS0, VS0, size - 1);
	} else {
		vshift(c, VSH_R, 1, VS0, r.a, n - 1);
		vlit(c, V_PAND, VS0, VS0, vec_rep(0, 1), LIT_SAME);
	}
	emit_shift(c, in->op == IR_VSRSHRI ? VSH_RA : VSH_R, r.d, r.a, es, n);
	v3(c, vec_add[es], r.d, r.d, VS0);
	vec_finish(c, in, r.d, true);
}

/* VSLI, VSRI: ((b shifted ^ a) & kept bits) ^ b shifted */
static void lower_insert(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int es = in->es, size = 8u << es, n = in->imm;
	u64 all = ~0ull >> (64 - size);
	u64 keep = in->op == IR_VSLI ? (1ull << n) - 1 : n == size ? all : all & ~(all >> n);
	struct vec_regs r = vec_regs2(c, in);

	vshift(c, in->op == IR_VSLI ? VSH_L : VSH_R, es ? es : 1, VS0, r.b, n);
	if (es) {
		vlit(c, V_PAND, r.d, r.a, vec_rep(es, keep), LIT_SAME);
		v3(c, V_POR, r.d, r.d, VS0);
	} else {
		v3(c, V_PXOR, r.d, VS0, r.a);
		vlit(c, V_PAND, r.d, r.d, vec_rep(es, keep), LIT_SAME);
		v3(c, V_PXOR, r.d, r.d, VS0);
	}
	vec_finish(c, in, r.d, true);
}

/* ---- by a register ---- */

/* The count when all lanes of @r have the same: a signed byte; false: not known. */
static bool uniform(const struct jit_ctx *c, ir_ref r, unsigned int es, int *n)
{
	const struct ir_insn *in = &c->b->insns[r];
	u64 v = in->imm;

	if (in->op == IR_VSPLAT && in->es == es && in->q != IR_SCALAR && jit_const(c, in->arg[0], &v))
		v = vec_rep(es, v);
	else if (in->op != IR_VCONST)
		return false;
	*n = (s8)v;
	for (unsigned int i = 0; i < 8u >> es; i++)
		if ((s8)(v >> (i * (8 << es))) != *n)
			return false;
	return true;
}

/* Every lane of the shape has the same count: as a constant. */
static bool lower_uniform(struct jit_ctx *c, const struct ir_insn *in)
{
	bool sign = in->op == IR_VSSHL || in->op == IR_VSRSHL, round = in->op == IR_VSRSHL || in->op == IR_VURSHL;
	struct ir_insn t = *in;
	int n, size = 8 << in->es;

	/* A constant of 64 bits has other counts, zero, above them. */
	if (!uniform(c, in->arg[1], in->es, &n) || (in->q == IR_Q && c->b->insns[in->arg[1]].q != IR_Q && n))
		return false;
	t.arg[1] = IR_NONE;
	if (n >= size || (n < -size && !sign)) {
		vzero(c, jit_def_v(c, c->pos));
		return true;
	}
	t.imm = n >= 0 ? n : -n > size ? size : -n;
	t.op = n >= 0 ? IR_VSHLI : round ? (sign ? IR_VSRSHRI : IR_VURSHRI) : sign ? IR_VSARI : IR_VSHRI;
	if (n < 0 && round)
		lower_round(c, &t);
	else
		lower_const(c, &t);
	return true;
}

struct var_shift {
	unsigned int es;
	bool sign, round;
};

/*
 * VS1 = a shifted right by VS1 (unsigned counts), 64-bit lanes with sign: as
 * its complement where it is negative.  VS0 and VS2 are destroyed.
 */
static void emit_sarv64(struct jit_ctx *c, unsigned int a)
{
	vzero(c, VS2);
	v3(c, V_PCMPGTQ, VS2, VS2, a);
	v3(c, V_PXOR, VS0, a, VS2);
	v3(c, V_PSRLVD | X_W, VS0, VS0, VS1);
	v3(c, V_PXOR, VS1, VS0, VS2);
}

/*
 * 32- and 64-bit lanes with AVX2, whose shifts give 0 (or signs) for counts
 * beyond the lane: the count, and its negation, modulo 256.  One of them is at
 * least 128 unless the count is 0, when both give the operand.  To round, the
 * shift to the right is by one less, then (x >> 1) + (x & 1).
 */
static void emit_variable(struct jit_ctx *c, const struct var_shift *s, unsigned int d, unsigned int a, unsigned int b)
{
	unsigned int es = s->es;
	u32 w = es == 3 ? X_W : 0;

	vlit(c, V_PAND, VS0, b, vec_rep(es, 0xff), LIT_SAME);
	if (s->round) {
		vlit(c, V_PANDN, VS1, b, vec_rep(es, 0xff), LIT_SAME);
	} else {
		vzero(c, VS1);
		v3(c, V_PSUBB, VS1, VS1, VS0);		/* the upper bytes stay zero */
	}
	v3(c, V_PSLLVD | w, d, a, VS0);
	if (!s->sign)
		v3(c, V_PSRLVD | w, VS1, a, VS1);
	else if (es == 2)
		v3(c, V_PSRAVD, VS1, a, VS1);
	else
		emit_sarv64(c, a);
	if (s->round) {
		vlit(c, V_PAND, VS0, VS1, vec_rep(es, 1), LIT_SAME);
		if (es == 3 && s->sign)
			vec_sar64(c, VS1, VS1, 1);
		else
			vshift(c, s->sign ? VSH_RA : VSH_R, es, VS1, VS1, 1);
		v3(c, vec_add[es], VS1, VS1, VS0);
	}
	if (!s->sign) {
		v3(c, V_POR, d, d, VS1);
		return;
	}
	vshift(c, VSH_L, es, VS0, b, (8 << es) - 8);	/* the count's sign on top */
	x64_v4(&c->e, es == 2 ? V_BLENDVPS : V_BLENDVPD, d, d, VS1, VS0);
}

/* Bytes and 16-bit lanes as 32-bit ones, four at a time. */
static void emit_variable_narrow(struct jit_ctx *c, const struct var_shift *s, const struct vec_regs *r, bool both)
{
	unsigned int t = jit_temp_v(c), u = jit_temp_v(c), out[4] = { r->d }, n = (both ? 4 : 2) >> s->es;
	const struct var_shift wide = { .es = 2, .sign = s->sign, .round = s->round };
	unsigned int ext = s->es ? 3 : 1;	/* wd, bd */

	for (unsigned int k = 0; k < n; k++) {
		unsigned int a = r->a, b = r->b;

		if (k) {
			out[k] = jit_temp_v(c);
			v2i(c, V_PSHUFD, t, a, s->es ? 0xee : k * 0x55);
			v2i(c, V_PSHUFD, u, b, s->es ? 0xee : k * 0x55);
			a = t;
			b = u;
		}
		v2(c, (s->sign ? V_PMOVSXBW : V_PMOVZXBW) + ext, t, a);
		v2(c, V_PMOVZXBW + ext, u, b);
		emit_variable(c, &wide, out[k], t, u);
		vlit(c, V_PAND, out[k], out[k], vec_rep(2, s->es ? 0xffff : 0xff), LIT_SAME);
	}
	vzero(c, VS0);
	v3(c, V_PACKUSDW, r->d, r->d, n > 1 ? out[1] : VS0);
	if (s->es)
		return;
	if (n > 2)
		v3(c, V_PACKUSDW, out[2], out[2], out[3]);
	v3(c, V_PACKUSWB, r->d, r->d, n > 2 ? out[2] : VS0);
}

/* The lowest 64-bit lane alone. */
static void emit_one64(struct jit_ctx *c, const struct vec_regs *r)
{
	vec_trim(c, VS0, r->b, 8);
	vzero(c, VS1);
	v3(c, V_PSUBB, VS1, VS1, VS0);
	v3(c, VOP(0xf3), r->d, r->a, VS0);	/* psllq */
	v3(c, VOP(0xd3), VS2, r->a, VS1);	/* psrlq */
	v3(c, V_POR, r->d, r->d, VS2);
}

static bool lower_reg(struct jit_ctx *c, const struct ir_insn *in)
{
	const struct var_shift s = {
		.es = in->es, .sign = in->op == IR_VSSHL || in->op == IR_VSRSHL,
		.round = in->op == IR_VSRSHL || in->op == IR_VURSHL,
	};
	bool one = in->es == 3 && in->q != IR_Q && !s.sign && !s.round;
	struct vec_regs r;

	if (lower_uniform(c, in))
		return true;
	if (!c->jit->host.avx2 && !one)
		return false;
	r = vec_regs2(c, in);
	if (!c->jit->host.avx2)
		emit_one64(c, &r);
	else if (in->es < 2)
		emit_variable_narrow(c, &s, &r, in->q == IR_Q);
	else
		emit_variable(c, &s, r.d, r.a, r.b);
	vec_finish(c, in, r.d, in->es > 1);
	return true;
}

/* Saturating, left by a constant: what does not come back when it is shifted back has lost bits. */
static bool lower_sat(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int es = in->es, a, d, t;
	bool sign = in->op == IR_VSQSHL || in->op == IR_VSQRSHL;
	int n;

	if (!uniform(c, in->arg[1], es, &n) || n < 0 || n >= 8 << es ||
	    (in->q == IR_Q && c->b->insns[in->arg[1]].q != IR_Q && n))
		return false;
	jit_flags_clobber(c);
	a = vec_clean(c, in->arg[0], vec_shape(in), VS0);
	d = jit_def_v(c, c->pos);
	t = jit_temp_v(c);
	emit_shift(c, VSH_L, t, a, es, n);
	emit_shift(c, sign ? VSH_RA : VSH_R, VS1, t, es, n);
	v3(c, vec_cmpeq[es], VS1, VS1, a);
	vec_not(c, VS1, VS1, 128);
	vec_qc(c, VS1);
	if (!sign) {
		v3(c, V_POR, d, t, VS1);
		return true;
	}
	vzero(c, VS2);
	v3(c, vec_cmpgt[es], VS2, VS2, a);
	vlit(c, V_PXOR, VS2, VS2, vec_rep(es, ~0ull >> (65 - (8 << es))), LIT_SAME);
	vec_select(c, d, VS1, VS2, t);
	return true;
}

bool jit_lower_vec_shift(struct jit_ctx *c, const struct ir_insn *in)
{
	switch (in->op) {
	case IR_VSHLI:
	case IR_VSHRI:
	case IR_VSARI: lower_const(c, in); return true;
	case IR_VURSHRI:
	case IR_VSRSHRI: lower_round(c, in); return true;
	case IR_VSLI:
	case IR_VSRI: lower_insert(c, in); return true;
	case IR_VSSHL ... IR_VURSHL: return lower_reg(c, in);
	case IR_VSQSHL ... IR_VUQRSHL: return lower_sat(c, in);
	}
	return false;
}
