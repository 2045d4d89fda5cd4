// SPDX-License-Identifier: GPL-2.0-only
/* Integer vector arithmetic that wraps, comparison, counting of bits. */
#include "emu/x64/lower_vec.h"

#define B_0F 0x0f0f0f0f0f0f0f0f
#define B_80 0x8080808080808080

/* ---- products ---- */

/* d = a * b by lanes; VS1 and VS2 are destroyed; d is no operand. */
static void emit_mul(struct jit_ctx *c, unsigned int d, unsigned int a, unsigned int b, unsigned int es)
{
	if (es) {
		v3(c, es == 1 ? V_PMULLW : V_PMULLD, d, a, b);
		return;
	}
	/* Odd bytes: (a >> 8) * (b & 0xff00) has the product in place already. */
	vshift(c, VSH_R, 1, VS1, a, 8);
	vlit(c, V_PAND, VS2, b, 0xff00ff00ff00ff00, LIT_SAME);
	v3(c, V_PMULLW, VS1, VS1, VS2);
	v3(c, V_PMULLW, d, a, b);
	vlit(c, V_PAND, d, d, 0x00ff00ff00ff00ff, LIT_SAME);
	v3(c, V_POR, d, d, VS1);
}

static bool lower_mul(struct jit_ctx *c, const struct ir_insn *in)
{
	struct vec_regs r;

	if (in->es == 3)
		return false;
	r = vec_regs2(c, in);
	emit_mul(c, r.d, r.a, r.b, in->es);
	vec_finish(c, in, r.d, true);
	return true;
}

static bool lower_mla(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int acc, a, b, d;

	if (in->es == 3)
		return false;
	acc = jit_use_v(c, in->arg[0]);
	a = jit_use_v(c, in->arg[1]);
	b = jit_use_v(c, in->arg[2]);
	d = jit_def_v(c, c->pos);
	emit_mul(c, VS0, a, b, in->es);
	v3(c, in->op == IR_VMLA ? vec_add[in->es] : vec_sub[in->es], d, acc, VS0);
	vec_finish(c, in, d, true);
	return true;
}

/* Bit by bit of b from the top: acc = acc * 2 ^ (a where the bit is set). */
static void lower_pmul(struct jit_ctx *c, const struct ir_insn *in)
{
	struct vec_regs r = vec_regs2(c, in);

	vmov(c, VS0, r.b);
	vzero(c, r.d);
	for (unsigned int i = 0; i < 8; i++) {
		if (i) {
			v3(c, V_PADDB, r.d, r.d, r.d);
			v3(c, V_PADDB, VS0, VS0, VS0);
		}
		vzero(c, VS1);
		v3(c, V_PCMPGTB, VS1, VS1, VS0);
		v3(c, V_PAND, VS1, VS1, r.a);
		v3(c, V_PXOR, r.d, r.d, VS1);
	}
	vec_finish(c, in, r.d, true);
}

/* ---- signs and differences ---- */

static void lower_neg(struct jit_ctx *c, const struct ir_insn *in)
{
	struct vec_regs r = vec_regs1(c, in);

	vzero(c, r.d);
	v3(c, vec_sub[in->es], r.d, r.d, r.a);
	vec_finish(c, in, r.d, true);
}

static void lower_abs(struct jit_ctx *c, const struct ir_insn *in)
{
	static const u32 op[] = { V_PABSB, V_PABSW, V_PABSD };
	struct vec_regs r = vec_regs1(c, in);

	if (in->es < 3) {
		v2(c, op[in->es], r.d, r.a);
	} else {
		vzero(c, VS0);
		v3(c, V_PCMPGTQ, VS0, VS0, r.a);
		v3(c, V_PXOR, r.d, r.a, VS0);
		v3(c, V_PSUBQ, r.d, r.d, VS0);
	}
	vec_finish(c, in, r.d, true);
}

static bool lower_abd(struct jit_ctx *c, const struct ir_insn *in)
{
	bool sign = in->op == IR_VSABD;
	struct vec_regs r;

	if (in->es == 3)
		return false;
	r = vec_regs2(c, in);
	v3(c, vec_minmax(sign ? IR_VSMIN : IR_VUMIN, in->es), VS0, r.a, r.b);
	v3(c, vec_minmax(sign ? IR_VSMAX : IR_VUMAX, in->es), r.d, r.a, r.b);
	v3(c, vec_sub[in->es], r.d, r.d, VS0);
	vec_finish(c, in, r.d, true);
	return true;
}

/* ---- comparison ---- */

/* d = a > b of unsigned 64-bit lanes. */
static void emit_above64(struct jit_ctx *c, unsigned int d, unsigned int a, unsigned int b)
{
	jit_v_const(c, V_PXOR, d, a, JIT_C_SIGN64);
	jit_v_const(c, V_PXOR, VS0, b, JIT_C_SIGN64);
	v3(c, V_PCMPGTQ, d, d, VS0);
}

static void lower_compare(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int es = in->es, bits = vec_shape(in);
	struct vec_regs r = vec_regs2(c, in);

	switch (in->op) {
	case IR_VCMGE:		/* not b > a */
		v3(c, vec_cmpgt[es], r.d, r.b, r.a);
		vec_not(c, r.d, r.d, bits);
		return;
	case IR_VCMHI:
		if (es == 3) {
			emit_above64(c, r.d, r.a, r.b);
			vec_finish(c, in, r.d, true);
			return;
		}
		v3(c, vec_minmax(IR_VUMAX, es), r.d, r.a, r.b);		/* not max(a, b) == b */
		v3(c, vec_cmpeq[es], r.d, r.d, r.b);
		vec_not(c, r.d, r.d, bits);
		return;
	case IR_VCMHS:
		if (es == 3) {
			emit_above64(c, r.d, r.b, r.a);
			vec_not(c, r.d, r.d, bits);
			return;
		}
		v3(c, vec_minmax(IR_VUMAX, es), r.d, r.a, r.b);
		v3(c, vec_cmpeq[es], r.d, r.d, r.a);
		vec_finish(c, in, r.d, false);
		return;
	default:		/* CMTST */
		vzero(c, VS0);
		v3(c, V_PAND, r.d, r.a, r.b);
		v3(c, vec_cmpeq[es], r.d, r.d, VS0);
		vec_not(c, r.d, r.d, bits);
	}
}

/* ---- halving ---- */

/* a + b = 2 * (a & b) + (a ^ b) = 2 * (a | b) - (a ^ b); a - b = (a ^ b) - 2 * (~a & b) */
static void emit_half(struct jit_ctx *c, const struct vec_regs *r, unsigned int op, unsigned int es)
{
	bool sign = op == IR_VSHADD || op == IR_VSHSUB || op == IR_VSRHADD;

	v3(c, V_PXOR, VS0, r->a, r->b);
	vshift(c, sign ? VSH_RA : VSH_R, es, VS0, VS0, 1);
	switch (op) {
	case IR_VSHADD:
	case IR_VUHADD:
		v3(c, V_PAND, r->d, r->a, r->b);
		v3(c, vec_add[es], r->d, r->d, VS0);
		break;
	case IR_VSRHADD:
	case IR_VURHADD:
		v3(c, V_POR, r->d, r->a, r->b);
		v3(c, vec_sub[es], r->d, r->d, VS0);
		break;
	default:
		v3(c, V_PANDN, VS1, r->a, r->b);
		v3(c, vec_sub[es], r->d, VS0, VS1);
	}
}

/*
 * Bytes by PAVGB, (a + b + 1) >> 1 unsigned: a signed operand is biased by
 * 0x80; b is taken as 255 - b for a difference, and one half too much is taken
 * off by (a ^ b) & 1 where nothing is to be rounded.
 */
static void emit_half_bytes(struct jit_ctx *c, const struct vec_regs *r, unsigned int op)
{
	bool sign = op == IR_VSHADD || op == IR_VSHSUB || op == IR_VSRHADD;
	bool sub = op == IR_VSHSUB || op == IR_VUHSUB;
	unsigned int a = r->a, b = r->b;
	u64 flip = (sign ? B_80 : 0) ^ (sub ? ~0ull : 0);

	if (sign) {
		vlit(c, V_PXOR, VS0, a, B_80, LIT_SAME);
		a = VS0;
	}
	if (flip) {
		vlit(c, V_PXOR, VS1, b, flip, LIT_SAME);
		b = VS1;
	}
	v3(c, V_PAVGB, r->d, a, b);
	if (op == IR_VSHADD || op == IR_VUHADD) {
		v3(c, V_PXOR, VS2, r->a, r->b);
		vlit(c, V_PAND, VS2, VS2, vec_rep(0, 1), LIT_SAME);
		v3(c, V_PSUBB, r->d, r->d, VS2);
	}
	/* The difference came out with 256 added before halving, the signed sum with its bias. */
	if (sign || sub)
		vlit(c, V_PXOR, r->d, r->d, B_80, LIT_SAME);
}

static bool lower_half(struct jit_ctx *c, const struct ir_insn *in)
{
	struct vec_regs r;

	if (in->es == 3)
		return false;
	r = vec_regs2(c, in);
	if (in->es)
		emit_half(c, &r, in->op, in->es);
	else
		emit_half_bytes(c, &r, in->op);
	vec_finish(c, in, r.d, true);
	return true;
}

/* ---- bits of bytes, by nibbles ---- */

struct table {
	u64 lo;
	enum vec_lit hi;
};

/* VS2 = low[low nibbles of s], VS0 = high[high nibbles of s]; VS1 is destroyed. */
static void emit_nibbles(struct jit_ctx *c, unsigned int s, struct table low, struct table high)
{
	vshift(c, VSH_R, 1, VS1, s, 4);
	vlit(c, V_PAND, VS0, s, B_0F, LIT_SAME);
	vlit(c, V_PAND, VS1, VS1, B_0F, LIT_SAME);
	vlit2(c, V_LOAD, VS2, low.lo, low.hi);
	v3(c, V_PSHUFB, VS2, VS2, VS0);
	vlit2(c, V_LOAD, VS0, high.lo, high.hi);
	v3(c, V_PSHUFB, VS0, VS0, VS1);
}

static const struct table count4 = { 0x0302020102010100, LIT_PLUS1 };
static const struct table reverse4 = { 0x0e060a020c040800, LIT_PLUS1 };
static const struct table reverse4_up = { 0xe060a020c0408000, LIT_PLUS16 };	/* in the high nibble */
/* Leading zeros of a byte: the smaller of these, where a zero high nibble does not count. */
static const struct table lead_low = { 0x0505050506060708, LIT_04 }, lead_high = { 0x0101010102020308, LIT_ZERO };

static void lower_bytes(struct jit_ctx *c, const struct ir_insn *in)
{
	struct vec_regs r = vec_regs1(c, in);
	bool count = in->op == IR_VCNT;

	emit_nibbles(c, r.a, count ? count4 : reverse4_up, count ? count4 : reverse4);
	v3(c, count ? V_PADDB : V_POR, r.d, VS0, VS2);
	vec_finish(c, in, r.d, true);
}

/* d = leading zeros of the lanes of s, up to 32 bits, which may be d. */
static void emit_clz(struct jit_ctx *c, unsigned int d, unsigned int s, unsigned int es)
{
	emit_nibbles(c, s, lead_low, lead_high);
	v3(c, V_PMINUB, d, VS0, VS2);
	/* Lanes of twice the size: the upper half's, and the lower half's where the upper is all zeros. */
	for (unsigned int k = 0; k < es; k++) {
		vlit(c, vec_cmpeq[k], VS0, d, vec_rep(k, 8u << k), LIT_SAME);
		vshift(c, VSH_R, k + 1, VS0, VS0, 8 << k);
		v3(c, V_PAND, VS0, VS0, d);
		vshift(c, VSH_R, k + 1, d, d, 8 << k);
		v3(c, vec_add[k + 1], d, d, VS0);
	}
}

static bool lower_clz(struct jit_ctx *c, const struct ir_insn *in)
{
	struct vec_regs r;

	if (in->es == 3)
		return false;
	r = vec_regs1(c, in);
	if (in->op == IR_VCLZ) {
		emit_clz(c, r.d, r.a, in->es);
	} else {
		/* Sign bits become leading zeros, one of which does not count. */
		vzero(c, r.d);
		v3(c, vec_cmpgt[in->es], r.d, r.d, r.a);
		v3(c, V_PXOR, r.d, r.d, r.a);
		emit_clz(c, r.d, r.d, in->es);
		jit_v_const(c, vec_add[in->es], r.d, r.d, JIT_C_ONES);
	}
	vec_finish(c, in, r.d, false);
	return true;
}

bool jit_lower_vec_arith(struct jit_ctx *c, const struct ir_insn *in)
{
	switch (in->op) {
	case IR_VMUL: return lower_mul(c, in);
	case IR_VMLA:
	case IR_VMLS: return lower_mla(c, in);
	case IR_VPMUL:
		if (in->es)
			return false;
		lower_pmul(c, in);
		return true;
	case IR_VNEG: lower_neg(c, in); return true;
	case IR_VABS: lower_abs(c, in); return true;
	case IR_VCMGE ... IR_VCMTST: lower_compare(c, in); return true;
	case IR_VSABD:
	case IR_VUABD: return lower_abd(c, in);
	case IR_VSHADD ... IR_VURHADD: return lower_half(c, in);
	case IR_VCLS:
	case IR_VCLZ: return lower_clz(c, in);
	case IR_VCNT:
	case IR_VRBIT:
		if (in->es)
			return false;
		lower_bytes(c, in);
		return true;
	}
	return false;
}
