// SPDX-License-Identifier: GPL-2.0-only
/* Vector operations that only move data. */
#include "emu/x64/lower_vec.h"

/* ---- constants and copies ---- */

static void emit_const(struct jit_ctx *c, unsigned int d, u64 v, bool both)
{
	if (!v)
		vzero(c, d);
	else if (both && v == ~0ull)
		vones(c, d);
	else
		vlit2(c, both ? V_MOVDDUP : V_MOVQ, d, v, LIT_SAME);
}

static void lower_low(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int bits = vec_shape(in);
	struct vec_regs r;

	if (vec_bits(c, in->arg[0]) <= bits || bits == 128) {
		jit_def_copy_v(c, c->pos, in->arg[0]);
		return;
	}
	r = vec_regs1(c, in);
	vec_trim(c, r.d, r.a, bits);
}

/* ---- one lane in all ---- */

/* Lane @lane to the bottom, zeros above. */
static void emit_lane(struct jit_ctx *c, unsigned int d, unsigned int s, unsigned int es, unsigned int lane)
{
	unsigned int byte = lane << es;

	if (es == 2) {
		v3i(c, V_INSERTPS, d, c->e.avx ? s : d, s, lane << 6 | 0x0e);
		return;
	}
	if (byte) {
		vshift_bytes(c, VSH_R, d, s, byte);
		s = d;
	}
	if (!byte || byte + (1u << es) < 16)
		vec_trim(c, d, s, 8u << es);
}

static void dup_word(struct jit_ctx *c, unsigned int d, unsigned int s, unsigned int q, unsigned int lane)
{
	unsigned int high = lane >> 2;

	if (q == IR_Q && !lane && c->jit->host.avx2) {
		v2(c, VOP38(0x79), d, s);		/* vpbroadcastw */
		return;
	}
	v2i(c, high ? V_PSHUFHW : V_PSHUFLW, d, s, (lane & 3) * 0x55);
	if (q == IR_Q || high)
		v2i(c, V_PSHUFD, d, d, high ? 0xaa : 0);
	if (q == IR_D)
		v2(c, V_MOVQ, d, d);
}

void vec_dup(struct jit_ctx *c, unsigned int d, unsigned int s, unsigned int es, unsigned int q,
	     unsigned int lane, bool clean)
{
	if (q == IR_SCALAR || (q == IR_D && es == 3)) {
		emit_lane(c, d, s, es, lane);
		return;
	}
	switch (es) {
	case 0:
		if (q == IR_Q && !lane && c->jit->host.avx2)
			v2(c, VOP38(0x78), d, s);	/* vpbroadcastb */
		else
			vlit(c, V_PSHUFB, d, s, vec_rep(0, lane), q == IR_Q ? LIT_SAME : LIT_80);
		break;
	case 1:
		dup_word(c, d, s, q, lane);
		break;
	case 2:
		/* clean: lane 3 is zero */
		v2i(c, V_PSHUFD, d, s, q == IR_Q ? lane * 0x55 : lane * 5 | 0xf0);
		if (q == IR_D && !clean)
			v2(c, V_MOVQ, d, d);
		break;
	default:
		v2i(c, V_PSHUFD, d, s, lane ? 0xee : 0x44);
	}
}

static void lower_dup(struct jit_ctx *c, const struct ir_insn *in)
{
	struct vec_regs r = vec_regs1(c, in);
	unsigned int lane = in->imm & ((16u >> in->es) - 1);

	vec_dup(c, r.d, r.a, in->es, in->q, lane, vec_bits(c, in->arg[0]) <= 64);
}

static void lower_splat(struct jit_ctx *c, const struct ir_insn *in)
{
	struct x64_buf *e = &c->e;
	unsigned int es = in->es, d, s;
	u64 v;

	if (jit_const(c, in->arg[0], &v)) {
		v = in->q == IR_SCALAR ? v & (~0ull >> (64 - (8 << es))) : vec_rep(es, v);
		emit_const(c, jit_def_v(c, c->pos), v, in->q == IR_Q);
		return;
	}
	s = jit_use(c, in->arg[0]);
	d = jit_def_v(c, c->pos);
	if (in->q == IR_SCALAR && es < 2) {
		x64_rr(e, X_0F | (es ? 0xb7 : X_B | 0xb6), false, RAX, s);
		s = RAX;
	}
	v2(c, V_MOVD_TO | (es == 3 ? X_W : 0), d, s);
	if (in->q != IR_SCALAR && (es != 3 || in->q == IR_Q))
		vec_dup(c, d, d, es, in->q, 0, true);
}

/* ---- single lanes ---- */

static const u32 insert_op[] = { V_PINSRB, V_PINSRW, V_PINSRD, V_PINSRD | X_W };

static void lower_ins(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int s = jit_use(c, in->arg[1]), lane = in->imm & ((16u >> in->es) - 1), a, d;

	if (c->e.avx) {
		a = jit_use_v(c, in->arg[0]);
		d = jit_def_v(c, c->pos);
	} else {
		a = d = jit_def_copy_v(c, c->pos, in->arg[0]);
	}
	v3i(c, insert_op[in->es], d, a, s, lane);
}

/* r = lane @lane of @s, zero-extended. */
static void emit_get(struct jit_ctx *c, unsigned int r, unsigned int s, unsigned int es, unsigned int lane)
{
	switch (es) {
	case 0:
		v2i(c, V_PEXTRB, s, r, lane);
		break;
	case 1:
		v2i(c, V_PEXTRW, r, s, lane);
		break;
	default:
		if (lane)
			v2i(c, V_PEXTRD | (es == 3 ? X_W : 0), s, r, lane);
		else
			v2(c, V_MOVD_FROM | (es == 3 ? X_W : 0), s, r);
	}
}

static void lower_insv(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int n = (16u >> in->es) - 1, to = in->imm & n, from = in->imm >> 4 & n;
	struct vec_regs r = vec_regs2(c, in);

	switch (in->es) {
	case 3:
		if (to == from)
			v3i(c, V_PBLENDW, r.d, r.a, r.b, to ? 0xf0 : 0x0f);
		else if (to)
			v3(c, V_PUNPCKLQDQ, r.d, r.a, r.b);
		else
			v3(c, V_PUNPCKHQDQ, r.d, r.b, r.a);
		break;
	case 2:
		v3i(c, V_INSERTPS, r.d, r.a, r.b, from << 6 | to << 4);
		break;
	case 1:
		if (to == from) {
			v3i(c, V_PBLENDW, r.d, r.a, r.b, 1u << to);
			break;
		}
		/* fallthrough */
	default:
		emit_get(c, RAX, r.b, in->es, from);
		v3i(c, insert_op[in->es], r.d, r.a, RAX, to);
	}
}

static void lower_get(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int s = jit_use_v(c, in->arg[0]), d = jit_def(c, c->pos), es = in->es;
	bool w = in->w != 32;

	emit_get(c, d, s, es, in->imm & ((16u >> es) - 1));
	if (in->op == IR_VGETU)
		return;
	if (es < 2)
		x64_rr(&c->e, X_0F | (es ? 0xbf : X_B | 0xbe), w, d, d);
	else if (es == 2 && w)
		x64_rr(&c->e, 0x63, true, d, d);
	else if (!w)
		x64_mov(&c->e, false, d, d);
}

/* ---- shuffles of two ---- */

static void lower_ext(struct jit_ctx *c, const struct ir_insn *in)
{
	struct vec_regs r = vec_regs2(c, in);
	unsigned int n = in->imm & 15;

	if (in->q == IR_Q) {
		v3i(c, V_PALIGNR, r.d, r.b, r.a, n);
		return;
	}
	v3(c, V_PUNPCKLQDQ, r.d, r.a, r.b);
	if (n & 7)
		vshift_bytes(c, VSH_R, r.d, r.d, n & 7);
	v2(c, V_MOVQ, r.d, r.d);
}

static bool lower_zip(struct jit_ctx *c, const struct ir_insn *in)
{
	static const u32 low[] = { V_PUNPCKLBW, V_PUNPCKLWD, V_PUNPCKLDQ, V_PUNPCKLQDQ };
	static const u32 high[] = { V_PUNPCKHBW, V_PUNPCKHWD, V_PUNPCKHDQ, V_PUNPCKHQDQ };
	bool second = in->op == IR_VZIP2;
	struct vec_regs r = vec_regs2(c, in);

	v3(c, second && in->q == IR_Q ? high[in->es] : low[in->es], r.d, r.a, r.b);
	if (in->q == IR_Q)
		return true;
	if (second)
		vshift_bytes(c, VSH_R, r.d, r.d, 8);
	else
		v2(c, V_MOVQ, r.d, r.d);
	return true;
}

/* Words or bytes: to the bottom of lanes of twice the size, and packed. */
static void unzip_pack(struct jit_ctx *c, unsigned int d, unsigned int a, unsigned int b, unsigned int es, bool odd)
{
	unsigned int from[2] = { a, b }, to[2] = { d, VS1 };

	for (unsigned int k = 0; k < (a == b ? 1 : 2); k++) {
		if (odd)
			vshift(c, VSH_R, es + 1, to[k], from[k], 8 << es);
		else
			vlit(c, V_PAND, to[k], from[k], es ? 0x0000ffff0000ffff : 0x00ff00ff00ff00ff, LIT_SAME);
	}
	v3(c, es ? V_PACKUSDW : V_PACKUSWB, d, d, a == b ? d : VS1);
}

void vec_unzip(struct jit_ctx *c, unsigned int d, unsigned int a, unsigned int b, unsigned int es, bool odd)
{
	switch (es) {
	case 3:
		v3(c, odd ? V_PUNPCKHQDQ : V_PUNPCKLQDQ, d, a, b);
		break;
	case 2:
		v3i(c, V_SHUFPS, d, a, b, odd ? 0xdd : 0x88);
		break;
	default:
		unzip_pack(c, d, a, b, es, odd);
	}
}

static void lower_unzip(struct jit_ctx *c, const struct ir_insn *in)
{
	struct vec_regs r = vec_regs2(c, in);
	bool odd = in->op == IR_VUZP2;

	if (in->q == IR_Q) {
		vec_unzip(c, r.d, r.a, r.b, in->es, odd);
		return;
	}
	v3(c, V_PUNPCKLQDQ, VS0, r.a, r.b);
	vec_unzip(c, r.d, VS0, VS0, in->es, odd);
	v2(c, V_MOVQ, r.d, r.d);
}

static void lower_trn(struct jit_ctx *c, const struct ir_insn *in)
{
	struct vec_regs r = vec_regs2(c, in);
	unsigned int es = in->es, bits = 8u << es;
	bool second = in->op == IR_VTRN2;

	if (es == 3) {
		v3(c, second ? V_PUNPCKHQDQ : V_PUNPCKLQDQ, r.d, r.a, r.b);
		return;
	}
	/* Even lanes from a (shifted down for TRN2), odd ones from b (shifted up for TRN1). */
	vshift(c, second ? VSH_R : VSH_L, es + 1, VS0, second ? r.a : r.b, bits);
	if (es == 0) {
		vlit(c, V_PAND, r.d, second ? r.b : r.a, second ? 0xff00ff00ff00ff00 : 0x00ff00ff00ff00ff, LIT_SAME);
		v3(c, V_POR, r.d, r.d, VS0);
	} else if (second) {
		v3i(c, V_PBLENDW, r.d, VS0, r.b, es == 2 ? 0xcc : 0xaa);
	} else {
		v3i(c, V_PBLENDW, r.d, r.a, VS0, es == 2 ? 0xcc : 0xaa);
	}
	vec_finish(c, in, r.d, true);
}

/* ---- tables ---- */

/* Is what earlier steps of the same table look-up left where this one's indices hit zero? */
static bool table_is_clear(const struct jit_ctx *c, const struct ir_insn *in)
{
	const struct ir_insn *t = &c->b->insns[in->arg[0]];

	while (t->op == IR_VTBX && t->arg[2] == in->arg[2] && t->imm != in->imm && !((t->imm | in->imm) & 15))
		t = &c->b->insns[t->arg[0]];
	return t->op == IR_VCONST && !t->imm;
}

static void lower_tbx(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int acc = jit_use_v(c, in->arg[0]), table = jit_use_v(c, in->arg[1]), idx = jit_use_v(c, in->arg[2]);
	unsigned int d = jit_def_v(c, c->pos);
	const struct ir_insn *a = &c->b->insns[in->arg[0]];

	/* Indices that are not 0..15 get bit 7, for which PSHUFB gives 0. */
	if (in->imm) {
		vlit(c, V_PSUBB, VS0, idx, vec_rep(0, in->imm), LIT_SAME);
		idx = VS0;
	}
	vlit(c, V_PADDUSB, VS0, idx, vec_rep(0, 0x70), LIT_SAME);
	v3(c, V_PSHUFB, d, table, VS0);
	if (a->op == IR_VCONST && !a->imm) {
		/* d is it */
	} else if (table_is_clear(c, in)) {
		v3(c, V_POR, d, d, acc);
	} else if (c->e.avx) {
		x64_v4(&c->e, V_PBLENDVB, d, d, acc, VS0);
	} else {
		vzero(c, VS1);
		v3(c, V_PCMPGTB, VS1, VS1, VS0);
		v3(c, V_PAND, VS1, VS1, acc);
		v3(c, V_POR, d, d, VS1);
	}
	if (in->q != IR_Q)
		v2(c, V_MOVQ, d, d);
}

/* ---- reversal within groups ---- */

static void lower_rev(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int group = in->op - IR_VREV16 + 1, es = in->es % group, flip = (1u << (group - es)) - 1;
	struct vec_regs r = vec_regs1(c, in);
	u64 index = 0;

	if (es == 2 && in->q == IR_Q) {
		v2i(c, V_PSHUFD, r.d, r.a, 0xb1);
		return;
	}
	for (unsigned int i = 0; i < 8; i++)
		index |= (u64)(((i >> es ^ flip) << es) | (i & ((1u << es) - 1))) << (8 * i);
	vlit(c, V_PSHUFB, r.d, r.a, index, in->q == IR_Q ? LIT_PLUS8 : LIT_80);
}

bool jit_lower_vec_move(struct jit_ctx *c, const struct ir_insn *in)
{
	struct vec_regs r;

	switch (in->op) {
	case IR_VCONST:
		emit_const(c, jit_def_v(c, c->pos), in->imm, in->q == IR_Q);
		return true;
	case IR_VDUP: lower_dup(c, in); return true;
	case IR_VSPLAT: lower_splat(c, in); return true;
	case IR_VINS: lower_ins(c, in); return true;
	case IR_VINSV: lower_insv(c, in); return true;
	case IR_VGETU:
	case IR_VGETS: lower_get(c, in); return true;
	case IR_VLOW: lower_low(c, in); return true;
	case IR_VHIGH:
		r = vec_regs1(c, in);
		vshift_bytes(c, VSH_R, r.d, r.a, 8);
		return true;
	case IR_VCAT:
		r = vec_regs2(c, in);
		v3(c, V_PUNPCKLQDQ, r.d, r.a, r.b);
		return true;
	case IR_VTBX: lower_tbx(c, in); return true;
	}
	/* The rest shuffles lanes: of one there is nothing to shuffle. */
	if (in->q == IR_SCALAR || (in->q == IR_D && in->es == 3 && in->op != IR_VEXT))
		return false;
	switch (in->op) {
	case IR_VEXT: lower_ext(c, in); return true;
	case IR_VZIP1:
	case IR_VZIP2: return lower_zip(c, in);
	case IR_VUZP1:
	case IR_VUZP2: lower_unzip(c, in); return true;
	case IR_VTRN1:
	case IR_VTRN2: lower_trn(c, in); return true;
	default: lower_rev(c, in); return true;
	}
}
