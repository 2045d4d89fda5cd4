// SPDX-License-Identifier: GPL-2.0-only
/* Vector operations between element sizes, on pairs of lanes, and across all lanes. */
#include "emu/x64/lower_vec.h"

/* ---- widening ---- */

static void emit_extend(struct jit_ctx *c, unsigned int d, unsigned int s, unsigned int es, bool sign)
{
	static const u8 add[] = { 0, 3, 5 };	/* bw, wd, dq */

	v2(c, (sign ? V_PMOVSXBW : V_PMOVZXBW) + add[es], d, s);
}

/* The full products of the low 64 bits; d is no operand. */
static void emit_mull(struct jit_ctx *c, unsigned int d, unsigned int a, unsigned int b, unsigned int es, bool sign)
{
	switch (es) {
	case 0:
		emit_extend(c, VS0, a, 0, sign);
		emit_extend(c, VS1, b, 0, sign);
		v3(c, V_PMULLW, d, VS0, VS1);
		break;
	case 1:
		v3(c, sign ? V_PMULHW : V_PMULHUW, VS0, a, b);
		v3(c, V_PMULLW, d, a, b);
		v3(c, V_PUNPCKLWD, d, d, VS0);
		break;
	default:
		v2i(c, V_PSHUFD, VS0, a, 0x50);		/* lanes 0 and 1 to 0 and 2 */
		v2i(c, V_PSHUFD, VS1, b, 0x50);
		v3(c, sign ? V_PMULDQ : V_PMULUDQ, d, VS0, VS1);
	}
}

/* Polynomial, 8 bits to 16: see lower_pmul() of lower_vec_arith.c. */
static void emit_pmull8(struct jit_ctx *c, const struct vec_regs *r)
{
	vzero(c, VS0);
	v3(c, V_PUNPCKLBW, VS0, VS0, r->b);	/* b in the upper bytes */
	v2(c, V_PMOVZXBW, VS2, r->a);
	vzero(c, r->d);
	for (unsigned int i = 0; i < 8; i++) {
		if (i) {
			v3(c, V_PADDW, r->d, r->d, r->d);
			v3(c, V_PADDW, VS0, VS0, VS0);
		}
		vshift(c, VSH_RA, 1, VS1, VS0, 15);
		v3(c, V_PAND, VS1, VS1, VS2);
		v3(c, V_PXOR, r->d, r->d, VS1);
	}
}

static void double_sat(struct jit_ctx *c, unsigned int d, unsigned int es)
{
	v3(c, vec_add[es], d, d, d);
	vlit(c, vec_cmpeq[es], VS2, d, vec_rep(es, 1ull << ((8 << es) - 1)), LIT_SAME);	/* MIN * MIN alone */
	v3(c, V_PXOR, d, d, VS2);
	vec_qc(c, VS2);
}

static bool lower_widen(struct jit_ctx *c, const struct ir_insn *in)
{
	bool sat = in->op == IR_VSQDMULL, poly = in->op == IR_VPMULL;
	struct vec_regs r;

	if (poly ? in->es != 0 && (in->es != 3 || !c->jit->host.pclmul) : in->es == 3 || (sat && !in->es))
		return false;
	if (sat)
		jit_flags_clobber(c);
	r = in->op == IR_VSXTL || in->op == IR_VUXTL ? vec_regs1(c, in) : vec_regs2(c, in);
	switch (in->op) {
	case IR_VSXTL:
	case IR_VUXTL:
		emit_extend(c, r.d, r.a, in->es, in->op == IR_VSXTL);
		break;
	case IR_VPMULL:
		if (in->es == 3) {
			v3i(c, VOP3A(0x44), r.d, r.a, r.b, 0);	/* pclmulqdq */
			return true;
		}
		emit_pmull8(c, &r);
		break;
	default:
		emit_mull(c, r.d, r.a, r.b, in->es, in->op != IR_VUMULL);
	}
	if (in->q == IR_SCALAR)
		vec_trim(c, r.d, r.d, 16u << in->es);
	if (sat)
		double_sat(c, r.d, in->es + 1);
	return true;
}

/* ---- narrowing ---- */

static void lower_xtn(struct jit_ctx *c, const struct ir_insn *in)
{
	static const u64 index[] = { 0x0e0c0a0806040200, 0x0d0c090805040100, 0x0b0a090803020100 };
	struct vec_regs r = vec_regs1(c, in);

	if (in->q == IR_SCALAR)
		vec_trim(c, r.d, r.a, 8u << in->es);
	else
		vlit(c, V_PSHUFB, r.d, r.a, index[in->es], LIT_80);
}

/* To bytes and 16 bits: packed by the host; saturated where it does not extend to the operand again. */
static void narrow_pack(struct jit_ctx *c, unsigned int d, unsigned int a, unsigned int es, unsigned int op)
{
	u32 pack = op == IR_VSQXTN ? (es ? V_PACKSSDW : V_PACKSSWB) : es ? V_PACKUSDW : V_PACKUSWB;

	if (op == IR_VUQXTN) {
		vlit(c, vec_minmax(IR_VUMIN, es + 1), VS1, a, vec_rep(es + 1, (1ull << (8 << es)) - 1), LIT_SAME);
		v3(c, pack, d, VS1, VS1);
	} else {
		v3(c, pack, d, a, a);
		emit_extend(c, VS1, d, es, op == IR_VSQXTN);
	}
	v3(c, V_PXOR, VS1, VS1, a);
	vec_qc(c, VS1);
	v2(c, V_MOVQ, d, d);
}

/* 64 bits to 32: the upper word must be zero, or the sign of the lower. */
static void narrow_64(struct jit_ctx *c, unsigned int d, unsigned int a, unsigned int op)
{
	unsigned int sign = jit_temp_v(c);

	vshift(c, VSH_RA, 2, sign, a, 31);
	if (op == IR_VSQXTN)
		v2i(c, V_PSHUFD, VS1, sign, 0xa0);
	else
		vzero(c, VS1);
	v3(c, V_PCMPEQD, VS1, VS1, a);
	v2i(c, V_PSHUFD, VS1, VS1, 0xf5);
	vec_not(c, VS1, VS1, 128);
	vec_qc(c, VS1);
	if (op == IR_VUQXTN) {
		v3(c, V_POR, d, a, VS1);
	} else {
		v2i(c, V_PSHUFD, sign, sign, 0xf5);
		vlit(c, V_PXOR, sign, sign, vec_rep(2, op == IR_VSQXTN ? 0x7fffffff : 0xffffffff), LIT_SAME);
		vec_select(c, d, VS1, sign, a);
	}
	v2i(c, V_PSHUFD, d, d, 0x08);
	v2(c, V_MOVQ, d, d);
}

static bool lower_narrow(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int a, d;

	if (in->es == 3)
		return false;
	if (in->op == IR_VXTN) {
		lower_xtn(c, in);
		return true;
	}
	jit_flags_clobber(c);
	a = vec_clean(c, in->arg[0], in->q == IR_SCALAR ? 16u << in->es : 128, VS0);
	d = jit_def_v(c, c->pos);
	if (in->es == 2)
		narrow_64(c, d, a, in->op);
	else
		narrow_pack(c, d, a, in->es, in->op);
	return true;
}

/* ---- pairs ---- */

/* d = s with the @bytes above the lowest @bytes moved there. */
static void emit_fold(struct jit_ctx *c, unsigned int d, unsigned int s, unsigned int bytes)
{
	switch (bytes) {
	case 8:
		v2i(c, V_PSHUFD, d, s, 0xee);
		break;
	case 4:
		v2i(c, V_PSHUFD, d, s, 0x55);
		break;
	case 2:
		v2i(c, V_PSHUFLW, d, s, 0x55);
		break;
	default:
		vshift(c, VSH_R, 1, d, s, 8);
	}
}

static bool lower_pairs(struct jit_ctx *c, const struct ir_insn *in)
{
	u32 op = in->op == IR_VADDP ? vec_add[in->es] : vec_minmax(in->op - IR_VSMAXP + IR_VSMAX, in->es);
	struct vec_regs r;

	if (!op)
		return false;
	r = vec_regs2(c, in);
	if (in->q == IR_SCALAR || (in->q == IR_D && in->es == 3)) {	/* lanes 0 and 1 of a */
		emit_fold(c, VS0, r.a, 1u << in->es);
		v3(c, op, r.d, r.a, VS0);
		vec_trim(c, r.d, r.d, vec_shape(in));
		return true;
	}
	if (in->q == IR_D) {
		v3(c, V_PUNPCKLQDQ, VS0, r.a, r.b);
		r.a = r.b = VS0;
	}
	if (in->op == IR_VADDP && (in->es == 1 || in->es == 2)) {
		v3(c, VOP38(in->es), r.d, r.a, r.b);	/* phaddw, phaddd */
	} else {
		vec_unzip(c, r.d, r.a, r.b, in->es, false);
		vec_unzip(c, VS2, r.a, r.b, in->es, true);
		v3(c, op, r.d, r.d, VS2);
	}
	if (in->q == IR_D)
		v2(c, V_MOVQ, r.d, r.d);
	return true;
}

/* d = sums of adjacent lanes of a, twice as wide. */
static void emit_add_long(struct jit_ctx *c, unsigned int d, unsigned int a, unsigned int es, bool sign)
{
	static const u64 low[] = { 0, 0x0000ffff0000ffff, 0x00000000ffffffff };

	if (es == 0 && sign) {
		vlit2(c, V_LOAD, VS0, vec_rep(0, 1), LIT_SAME);
		v3(c, V_PMADDUBSW, d, VS0, a);		/* unsigned by signed */
	} else if (es == 0) {
		vlit(c, V_PMADDUBSW, d, a, vec_rep(0, 1), LIT_SAME);
	} else if (es == 1 && sign) {
		vlit(c, V_PMADDWD, d, a, vec_rep(1, 1), LIT_SAME);
	} else {
		vshift(c, VSH_R, es + 1, VS0, a, 8 << es);
		if (sign) {
			vlit(c, V_PMULDQ, VS0, VS0, 1, LIT_SAME);	/* a sign extension */
			vlit(c, V_PMULDQ, d, a, 1, LIT_SAME);
		} else {
			vlit(c, V_PAND, d, a, low[es], LIT_SAME);
		}
		v3(c, vec_add[es + 1], d, d, VS0);
	}
}

static bool lower_add_long(struct jit_ctx *c, const struct ir_insn *in)
{
	struct vec_regs r;

	if (in->es == 3 || in->q == IR_SCALAR)
		return false;
	r = vec_regs1(c, in);
	emit_add_long(c, r.d, r.a, in->es, in->op == IR_VSADDLP);
	vec_finish(c, in, r.d, true);
	return true;
}

/* ---- across all lanes ---- */

/* d = op over all lanes of es of s (may be d) in lane 0; what is above is left over. */
static void emit_reduce(struct jit_ctx *c, u32 op, unsigned int d, unsigned int s, unsigned int es, unsigned int q)
{
	for (unsigned int n = q == IR_Q ? 8 : 4; n >= 1u << es; n /= 2) {
		emit_fold(c, VS0, s, n);
		v3(c, op, d, s, VS0);
		s = d;
	}
	vmov(c, d, s);
}

/* The sum of all bytes, by their absolute differences from zero; signed ones are biased by 128. */
static void sum_bytes(struct jit_ctx *c, const struct ir_insn *in, const struct vec_regs *r)
{
	bool sign = in->op == IR_VSADDLV;
	unsigned int s = r->a, n = in->q == IR_Q ? 16 : 8;

	if (sign) {
		vlit(c, V_PXOR, VS1, s, vec_rep(0, 0x80), LIT_SAME);
		s = VS1;
	}
	vzero(c, VS0);
	v3(c, V_PSADBW, r->d, s, VS0);
	if (in->q == IR_Q) {
		emit_fold(c, VS0, r->d, 8);
		v3(c, V_PADDQ, r->d, r->d, VS0);
	}
	if (sign)
		vlit(c, V_PADDW, r->d, r->d, (u16)-(128 * n), LIT_ZERO);
	vec_trim(c, r->d, r->d, in->op == IR_VADDV ? 8 : 16);
}

static bool lower_sum(struct jit_ctx *c, const struct ir_insn *in)
{
	bool wide = in->op != IR_VADDV;
	unsigned int es = in->es;
	struct vec_regs r;

	if (es == 3 || in->q == IR_SCALAR)
		return false;
	r = vec_regs1(c, in);
	if (es == 0) {
		sum_bytes(c, in, &r);
		return true;
	}
	if (wide || es == 1) {		/* the sum of 16-bit lanes modulo 2^16 can be had so, too */
		emit_add_long(c, r.d, r.a, es, in->op != IR_VUADDLV);
		emit_reduce(c, vec_add[es + 1], r.d, r.d, es + 1, in->q);
	} else {
		emit_reduce(c, vec_add[es], r.d, r.a, es, in->q);
	}
	vec_trim(c, r.d, r.d, wide ? 16u << es : 8u << es);
	return true;
}

/*
 * PHMINPOSUW finds the smallest of 8 unsigned 16-bit lanes; other orders and
 * bytes are brought to it by flipping bits.
 */
static void reduce_minpos(struct jit_ctx *c, const struct ir_insn *in, const struct vec_regs *r)
{
	static const u16 flip[] = { 0x7fff, 0x8000, 0xffff, 0 };	/* SMAXV SMINV UMAXV UMINV */
	unsigned int s = r->a, bits = 8u << in->es;
	u64 key = flip[in->op - IR_VSMAXV] >> (16 - bits);	/* 0x7f, 0x80, 0xff */

	if (in->q != IR_Q) {
		v2i(c, V_PSHUFD, VS0, s, 0x44);
		s = VS0;
	}
	if (key) {
		vlit(c, V_PXOR, VS0, s, vec_rep(in->es, key), LIT_SAME);
		s = VS0;
	}
	if (bits == 8) {		/* the upper byte becomes zero */
		vshift(c, VSH_R, 1, VS1, s, 8);
		v3(c, V_PMINUB, VS1, VS1, s);
		s = VS1;
	}
	v2(c, V_PHMINPOSUW, r->d, s);
	if (key)
		vlit(c, V_PXOR, r->d, r->d, key, LIT_ZERO);
	vec_trim(c, r->d, r->d, bits);	/* the place stands above */
}

static bool lower_extreme(struct jit_ctx *c, const struct ir_insn *in)
{
	struct vec_regs r;

	if (in->es == 3 || in->q == IR_SCALAR)
		return false;
	r = vec_regs1(c, in);
	if (in->es == 2) {
		emit_reduce(c, vec_minmax(in->op - IR_VSMAXV + IR_VSMAX, 2), r.d, r.a, 2, in->q);
		vec_trim(c, r.d, r.d, 32);
	} else {
		reduce_minpos(c, in, &r);
	}
	return true;
}

bool jit_lower_vec_wide(struct jit_ctx *c, const struct ir_insn *in)
{
	switch (in->op) {
	case IR_VSXTL ... IR_VSQDMULL: return lower_widen(c, in);
	case IR_VXTN ... IR_VSQXTUN: return lower_narrow(c, in);
	case IR_VADDP ... IR_VUMINP: return lower_pairs(c, in);
	case IR_VSADDLP:
	case IR_VUADDLP: return lower_add_long(c, in);
	case IR_VADDV:
	case IR_VSADDLV:
	case IR_VUADDLV: return lower_sum(c, in);
	case IR_VSMAXV ... IR_VUMINV: return lower_extreme(c, in);
	}
	return false;
}
