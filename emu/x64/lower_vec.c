// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vector operations inline: what all of them need, those that are one host
 * instruction, and bits.  The rest by kind: lower_vec_move.c (data movement),
 * lower_vec_arith.c, lower_vec_shift.c, lower_vec_sat.c (saturating) and
 * lower_vec_wide.c (widening, narrowing, pairwise, across lanes).
 */
#include "emu/x64/lower_vec.h"

const u32 vec_add[4] = { V_PADDB, V_PADDW, V_PADDD, V_PADDQ };
const u32 vec_sub[4] = { V_PSUBB, V_PSUBW, V_PSUBD, V_PSUBQ };
const u32 vec_cmpeq[4] = { V_PCMPEQB, V_PCMPEQW, V_PCMPEQD, V_PCMPEQQ };
const u32 vec_cmpgt[4] = { V_PCMPGTB, V_PCMPGTW, V_PCMPGTD, V_PCMPGTQ };

/* ---- literals ---- */

static u64 lit_high(const struct jit_stub *s)
{
	static const struct { u8 times, plus; } how[] = {
		[LIT_SAME] = { 1, 0 }, [LIT_ZERO] = { 0, 0 }, [LIT_04] = { 0, 4 }, [LIT_80] = { 0, 0x80 },
		[LIT_PLUS1] = { 1, 1 }, [LIT_PLUS8] = { 1, 8 }, [LIT_PLUS16] = { 1, 16 },
	};

	return s->data * how[s->kind].times + vec_rep(0, how[s->kind].plus);
}

/* Behind the block; equal ones are shared. */
static void lit_emit(struct jit_ctx *c, struct jit_stub *s)
{
	struct x64_buf *e = &c->e;

	for (struct jit_stub *t = c->stubs; t < s; t++)
		if (t->emit == lit_emit && t->data == s->data && t->kind == s->kind)
			s->back = t->back;
	if (!s->back) {
		while (x64_room(e) && ((uintptr_t)e->p & 15))
			x64_u8(e, 0xcc);
		s->back = e->p;
		x64_u64(e, s->data);
		x64_u64(e, lit_high(s));
	}
	if (!e->full)
		x64_patch(s->from, s->back);
}

/* The instruction just emitted has RBP for its last operand: the literal instead. */
static void lit_operand(struct jit_ctx *c, u64 lo, enum vec_lit hi)
{
	struct x64_buf *e = &c->e;
	struct jit_stub *s = jit_stub(c, lit_emit);

	if (e->full)
		return;
	e->p[-1] &= 0x3f;	/* mod 0, rm 5: RIP-relative */
	x64_u32(e, 0);
	s->from = e->p - 4;
	s->data = lo;
	s->kind = hi;
}

void vlit(struct jit_ctx *c, u32 op, unsigned int d, unsigned int a, u64 lo, enum vec_lit hi)
{
	v3(c, op, d, a, RBP);
	lit_operand(c, lo, hi);
}

void vlit2(struct jit_ctx *c, u32 op, unsigned int d, u64 lo, enum vec_lit hi)
{
	v2(c, op, d, RBP);
	lit_operand(c, lo, hi);
}

/* ---- shapes ---- */

unsigned int vec_shape(const struct ir_insn *in)
{
	return in->q == IR_SCALAR ? 8u << (in->es & 7) : in->q == IR_D ? 64 : 128;
}

static unsigned int scalar_or(const struct ir_insn *in, unsigned int es, unsigned int other)
{
	return in->q == IR_SCALAR ? 8u << es : other;
}

unsigned int vec_bits(const struct jit_ctx *c, ir_ref r)
{
	const struct ir_insn *in = &c->b->insns[r];

	switch (in->op) {
	case IR_LDV:
	case IR_LDVP:
	case IR_LDVP2:
		return 8u << (in->mop & IR_MO_SIZE);
	case IR_VCONST:
		return !in->imm ? 8 : in->q == IR_Q ? 128 : 64;
	case IR_VHIGH:
		return 64;
	case IR_VTBX:
		return in->q == IR_Q ? 128 : 64;
	case IR_VINS:
	case IR_VINSV:
	case IR_VCAT:
		return 128;
	case IR_VSXTL ... IR_VSQDMULL:
		return scalar_or(in, in->es + 1u, 128);
	case IR_VXTN ... IR_VSQXTUN:
		return scalar_or(in, in->es, 64);
	case IR_VADDV:
	case IR_VSMAXV ... IR_VUMINV:
		return 8u << in->es;
	case IR_VSADDLV:
	case IR_VUADDLV:
		return 16u << in->es;
	case IR_VDUP ... IR_VSPLAT:
	case IR_VLOW:
	case IR_VEXT ... IR_VTRN2:
	case IR_VREV16 ... IR_VUSQADD:
	case IR_VSQABS ... IR_VSQRDMLSH:
	case IR_VADDP ... IR_VUADDLP:
	case IR_VFADD ... IR_VFRSQRTS:
	case IR_VFCMEQ ... IR_VFMINNMP:
		return vec_shape(in);
	}
	return 128;
}

static const struct {
	u8 bits;
	u8 k;
} shape_consts[] = {
	{ 8, JIT_C_LOW8 }, { 16, JIT_C_LOW16 }, { 32, JIT_C_LOW32 }, { 64, JIT_C_LOW64 }, { 128, JIT_C_ONES },
};

static enum jit_const shape_const(unsigned int bits)
{
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(shape_consts); i++)
		if (shape_consts[i].bits == bits)
			return shape_consts[i].k;
	return JIT_C_ONES;
}

void vec_trim(struct jit_ctx *c, unsigned int d, unsigned int s, unsigned int bits)
{
	switch (bits) {
	case 128:
		vmov(c, d, s);
		break;
	case 64:
		v2(c, V_MOVQ, d, s);
		break;
	case 32:	/* lane 0 of s, the others zeroed: what they were in d does not matter */
		v3i(c, V_INSERTPS, d, c->e.avx ? s : d, s, 0x0e);
		break;
	default:
		jit_v_const(c, V_PAND, d, s, shape_const(bits));
	}
}

void vec_not(struct jit_ctx *c, unsigned int d, unsigned int s, unsigned int bits)
{
	jit_v_const(c, V_PANDN, d, s, shape_const(bits));
}

void vec_finish(struct jit_ctx *c, const struct ir_insn *in, unsigned int d, bool keeps)
{
	unsigned int bits = vec_shape(in);

	for (unsigned int k = 0; k < ir_ops[in->op].nargs && keeps; k++)
		keeps = vec_bits(c, in->arg[k]) <= bits;
	if (bits != 128 && !keeps)
		vec_trim(c, d, d, bits);
}

unsigned int vec_clean(struct jit_ctx *c, ir_ref r, unsigned int bits, unsigned int scratch)
{
	unsigned int reg = jit_use_v(c, r);

	if (vec_bits(c, r) <= bits)
		return reg;
	vec_trim(c, scratch, reg, bits);
	return scratch;
}

/* ---- pieces ---- */

void vec_select(struct jit_ctx *c, unsigned int d, unsigned int mask, unsigned int t, unsigned int f)
{
	if (c->e.avx) {
		x64_v4(&c->e, V_PBLENDVB, d, f, t, mask);
		return;
	}
	v3(c, V_PANDN, d, mask, f);
	v3(c, V_PAND, mask, mask, t);
	v3(c, V_POR, d, d, mask);
}

static void qc_emit(struct jit_ctx *c, struct jit_stub *s)
{
	x64_patch(s->from, c->e.p);
	x64_alu_mem_imm(&c->e, ALU_OR, false, JIT_VCPU(st.fpsr), 1 << 27);
	x64_jmp_to(&c->e, s->back);
}

void vec_qc(struct jit_ctx *c, unsigned int v)
{
	struct jit_stub *s = jit_stub(c, qc_emit);

	v2(c, V_PTEST, v, v);
	s->from = x64_jcc(&c->e, CC_NE);
	s->back = c->e.p;
}

struct vec_regs vec_regs2(struct jit_ctx *c, const struct ir_insn *in)
{
	struct vec_regs r;

	r.a = jit_use_v(c, in->arg[0]);
	r.b = jit_use_v(c, in->arg[1]);
	r.d = jit_def_v(c, c->pos);
	return r;
}

struct vec_regs vec_regs1(struct jit_ctx *c, const struct ir_insn *in)
{
	struct vec_regs r;

	r.a = r.b = jit_use_v(c, in->arg[0]);
	r.d = jit_def_v(c, c->pos);
	return r;
}

unsigned int vec_simple(struct jit_ctx *c, u32 op, ir_ref ra, ir_ref rb, bool commutes)
{
	unsigned int a, b, d;

	if (c->e.avx) {
		a = jit_use_v(c, ra);
		b = jit_use_v(c, rb);
		d = jit_def_v(c, c->pos);
		v3(c, op, d, a, b);
		return d;
	}
	if (commutes && jit_dies(c, rb) && !jit_dies(c, ra)) {
		ir_ref t = ra;

		ra = rb;
		rb = t;
	}
	b = jit_use_v(c, rb);
	d = jit_def_copy_v(c, c->pos, ra);
	v3(c, op, d, d, b);
	return d;
}

u32 vec_minmax(unsigned int op, unsigned int es)
{
	static const u32 ops[4][3] = {
		{ V_PMAXSB, V_PMAXSW, V_PMAXSD }, { V_PMINSB, V_PMINSW, V_PMINSD },
		{ V_PMAXUB, V_PMAXUW, V_PMAXUD }, { V_PMINUB, V_PMINUW, V_PMINUD },
	};

	return es < 3 ? ops[op - IR_VSMAX][es] : 0;
}

/* ---- one host instruction ---- */

#define ROW_KEEPS 1	/* zero upper bits of the arguments give such of the result */
#define ROW_SWAP 2	/* the arguments the other way round */

#define ALL(op) { op, op, op, op }

static const struct row {
	u32 op[4];	/* by es; 0: none */
	u8 flags;
} rows[IR_VUSQADD - IR_VAND + 1] = {
#define ROW(name) [IR_##name - IR_VAND]
	ROW(VAND) = { ALL(V_PAND), ROW_KEEPS },
	ROW(VOR) = { ALL(V_POR), ROW_KEEPS },
	ROW(VXOR) = { ALL(V_PXOR), ROW_KEEPS },
	ROW(VANDN) = { ALL(V_PANDN), ROW_KEEPS | ROW_SWAP },
	ROW(VADD) = { { V_PADDB, V_PADDW, V_PADDD, V_PADDQ }, ROW_KEEPS },
	ROW(VSUB) = { { V_PSUBB, V_PSUBW, V_PSUBD, V_PSUBQ }, ROW_KEEPS },
	ROW(VMUL) = { { 0, V_PMULLW, V_PMULLD, 0 }, ROW_KEEPS },
	ROW(VCMEQ) = { { V_PCMPEQB, V_PCMPEQW, V_PCMPEQD, V_PCMPEQQ }, 0 },
	ROW(VCMGT) = { { V_PCMPGTB, V_PCMPGTW, V_PCMPGTD, V_PCMPGTQ }, ROW_KEEPS },
	ROW(VSMAX) = { { V_PMAXSB, V_PMAXSW, V_PMAXSD, 0 }, ROW_KEEPS },
	ROW(VSMIN) = { { V_PMINSB, V_PMINSW, V_PMINSD, 0 }, ROW_KEEPS },
	ROW(VUMAX) = { { V_PMAXUB, V_PMAXUW, V_PMAXUD, 0 }, ROW_KEEPS },
	ROW(VUMIN) = { { V_PMINUB, V_PMINUW, V_PMINUD, 0 }, ROW_KEEPS },
	ROW(VURHADD) = { { V_PAVGB, V_PAVGW, 0, 0 }, ROW_KEEPS },
#undef ROW
};

/*
 * The upper bits of an AND are zero when those of one argument are: so are
 * those of a & ~b when a's are.
 */
static bool and_is_clean(const struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int bits = vec_shape(in);

	return ((in->op == IR_VAND || in->op == IR_VANDN) && vec_bits(c, in->arg[0]) <= bits) ||
	       (in->op == IR_VAND && vec_bits(c, in->arg[1]) <= bits);
}

static bool lower_row(struct jit_ctx *c, const struct ir_insn *in)
{
	const struct row *r = &rows[in->op - IR_VAND];
	bool swap = r->flags & ROW_SWAP;
	unsigned int d;

	if (in->es > 3 || !r->op[in->es])
		return false;
	d = vec_simple(c, r->op[in->es], in->arg[swap], in->arg[!swap], ir_ops[in->op].flags & IR_F_COMM);
	if (!and_is_clean(c, in))
		vec_finish(c, in, d, r->flags & ROW_KEEPS);
	return true;
}

/* ---- bits ---- */

static void lower_not(struct jit_ctx *c, const struct ir_insn *in)
{
	struct vec_regs r = vec_regs1(c, in);

	vec_not(c, r.d, r.a, vec_shape(in));
}

static void lower_orn(struct jit_ctx *c, const struct ir_insn *in)
{
	struct vec_regs r = vec_regs2(c, in);
	unsigned int bits = vec_shape(in);

	vec_not(c, r.d, r.b, bits);
	v3(c, V_POR, r.d, r.d, r.a);
	if (vec_bits(c, in->arg[0]) > bits)
		vec_finish(c, in, r.d, false);
}

/* (b & a) | (c & ~a) = ((b ^ c) & a) ^ c */
static void lower_bsl(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int a = jit_use_v(c, in->arg[0]), t = jit_use_v(c, in->arg[1]), f = jit_use_v(c, in->arg[2]);
	unsigned int d = jit_def_v(c, c->pos);

	v3(c, V_PXOR, d, t, f);
	v3(c, V_PAND, d, d, a);
	v3(c, V_PXOR, d, d, f);
	vec_finish(c, in, d, true);
}

/* One element: through general registers, so that no branch is mispredicted. */
static void lower_sel_scalar(struct jit_ctx *c, const struct ir_insn *in, unsigned int t, unsigned int f)
{
	struct x64_buf *e = &c->e;
	enum jit_flags kind = jit_flags_load(c, in->arg[0]);
	enum x64_cc cc = jit_cond(c, in->aux, &kind);
	unsigned int d = jit_def_v(c, c->pos);
	u32 w = in->es == 3 ? X_W : 0;

	x64_v2(e, V_MOVD_FROM | w, f, RAX);
	x64_v2(e, V_MOVD_FROM | w, t, RCX);
	x64_cmov(e, cc, w, RAX, RCX);
	if (in->es < 2)
		x64_rr(e, X_0F | (in->es ? 0xb7 : X_B | 0xb6), false, RAX, RAX);
	x64_v2(e, V_MOVD_TO | w, d, RAX);
}

static void lower_sel(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int t = jit_use_v(c, in->arg[1]), f = jit_use_v(c, in->arg[2]), d;
	enum jit_flags kind;
	enum x64_cc cc;
	u8 *over;

	if (in->aux >= 14) {
		d = jit_def_v(c, c->pos);
		vec_trim(c, d, t, vec_shape(in));
		return;
	}
	if (in->q == IR_SCALAR) {
		lower_sel_scalar(c, in, t, f);
		return;
	}
	kind = jit_flags_load(c, in->arg[0]);
	cc = jit_cond(c, in->aux, &kind);
	d = jit_def_v(c, c->pos);
	vec_trim(c, d, t, vec_shape(in));
	over = x64_jcc(&c->e, cc);
	vec_trim(c, d, f, vec_shape(in));
	x64_patch(over, c->e.p);
}

/* ---- dispatch ---- */

bool jit_lower_vec(struct jit_ctx *c, const struct ir_insn *in)
{
	if (in->es > 3)
		return false;
	switch (in->op) {
	case IR_VCONST ... IR_VREV64:
		return jit_lower_vec_move(c, in);
	case IR_VNOT:
		lower_not(c, in);
		return true;
	case IR_VORN:
		lower_orn(c, in);
		return true;
	case IR_VBSL:
		lower_bsl(c, in);
		return true;
	case IR_VSEL:
		lower_sel(c, in);
		return true;
	case IR_VAND ... IR_VXOR:
	case IR_VANDN:
		return lower_row(c, in);
	case IR_VADD ... IR_VURSQRTE:
		return lower_row(c, in) || jit_lower_vec_arith(c, in);
	case IR_VSHLI ... IR_VUQRSHL:
		return jit_lower_vec_shift(c, in);
	case IR_VSQSHLUI ... IR_VSQRDMLSH:
		return jit_lower_vec_sat(c, in);
	case IR_VSXTL ... IR_VUMINV:
		return jit_lower_vec_wide(c, in);
	}
	return false;
}
