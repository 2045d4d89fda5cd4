// SPDX-License-Identifier: GPL-2.0-only
/*
 * Floating point inline: the checks, arithmetic, and comparison to flags.
 * Minimum and maximum, masks and pairs are in lower_fp_vec.c, rounding and
 * conversion in lower_fp_cvt.c.
 */
#include "emu/x64/lower_fp.h"

/* ---- the way to C ---- */

void fp_init(struct fp *f, struct jit_ctx *c, const struct ir_insn *in)
{
	*f = (struct fp){
		.c = c, .in = in, .es = in->es, .scalar = in->q == IR_SCALAR, .bits = vec_shape(in),
		.std = (c->b->mode & IR_MODE_FP_SLOW) || in->aux == IR_FP_STD,
	};
}

void fp_begin(struct fp *f, struct jit_ctx *c, const struct ir_insn *in)
{
	fp_init(f, c, in);
	jit_flags_clobber(c);
}

static unsigned int stub_xmm(u8 host)
{
	return host - JIT_XMM;
}

/* To C when a result is the smallest normal number. */
static void quick_tiny(struct fp *f, unsigned int d)
{
	fp_abs(f, VS0, d);
	vlit(f->c, vec_cmpeq[f->es], VS0, VS0, fp_rep(f, fp_min_normal(f)), LIT_SAME);
	fp_rare_mask(f, VS0);
}

/*
 * A sum, difference, product or quotient.  Where one operand is a NaN the host
 * gave that, quieted, as Arm does; a NaN that comes from none has the other
 * sign there.  Two NaNs are for C.
 */
static void quick_binary(struct fp *f, unsigned int d, unsigned int a, unsigned int b)
{
	struct jit_ctx *c = f->c;

	fp_compare(f, VS1, a, a, FP_UNORD);
	fp_compare(f, VS2, b, b, FP_UNORD);
	v3(c, FP_AND, VS0, VS1, VS2);
	fp_rare_mask(f, VS0);
	v3(c, FP_OR, VS1, VS1, VS2);
	fp_compare(f, VS0, d, d, FP_UNORD);
	v3(c, V_PANDN, VS1, VS1, VS0);
	fp_lit(f, fp_packed(f, FP_AND), VS1, VS1, fp_sign(f));
	v3(c, V_PANDN, VS1, VS1, d);
	vmov(c, d, VS1);
}

/*
 * A fused operation with finite factors: only the addend can be a NaN.  With
 * others the host may not see that infinity times zero is invalid.
 */
static void quick_fma(struct fp *f, unsigned int a, unsigned int b)
{
	u64 finite = fp_rep(f, (f->es == 3 ? 0x7ff0000000000000 : 0x7f800000) - 1);
	struct jit_ctx *c = f->c;

	fp_abs(f, VS0, a);
	fp_abs(f, VS1, b);
	vlit(c, vec_cmpgt[f->es], VS0, VS0, finite, LIT_SAME);
	vlit(c, vec_cmpgt[f->es], VS1, VS1, finite, LIT_SAME);
	v3(c, FP_OR, VS0, VS0, VS1);
	fp_rare_mask(f, VS0);
}

/* NaNs go through some programs in great numbers: the plain cases without C. */
static void emit_quick(struct jit_ctx *c, struct jit_stub *s)
{
	const struct jit_rare *r = (const struct jit_rare *)(uintptr_t)s->data;
	unsigned int d = stub_xmm(r->res), b = stub_xmm(r->arg[1]);
	struct fp f;

	fp_init(&f, c, &r->in);
	if (s->kind & FP_QUICK_TINY)
		quick_tiny(&f, d);
	if (s->kind & FP_QUICK_FMA)
		quick_fma(&f, b, stub_xmm(r->arg[2]));
	else if (!(s->kind & FP_QUICK_DEFAULT))
		quick_binary(&f, d, stub_xmm(r->arg[0]), b);
	if (s->kind & FP_QUICK_DEFAULT)
		fp_default_nans(&f, d);
	x64_jmp_to(&c->e, s->back);
	for (unsigned int k = 0; k < f.njumps; k++)
		x64_patch(f.jump[k], c->e.p);
}

static void stub_rare(struct jit_ctx *c, struct jit_stub *s)
{
	x64_patch(s->from, c->e.p);
	if (s->kind)
		emit_quick(c, s);
	if (s->kind == FP_QUICK_DEFAULT)
		return;
	x64_mov_imm(&c->e, RAX, s->data);
	x64_call_to(&c->e, code_write(c->cache, c->jit->thunks.rare));
	x64_jmp_to(&c->e, s->back);
}

void fp_rare(struct fp *f, enum x64_cc cc)
{
	f->jump[f->njumps++] = x64_jcc(&f->c->e, cc);
}

void fp_end(struct fp *f)
{
	struct jit_ctx *c = f->c;
	struct jit_rare *r;

	if (!f->njumps && !f->guard[0] && !f->guard[1])
		return;
	r = code_alloc(c->cache, sizeof(*r));
	if (!r) {
		c->e.full = true;
		return;
	}
	*r = (struct jit_rare){ .in = *f->in, .res = c->val[c->pos].reg };
	for (unsigned int k = 0; k < ir_ops[f->in->op].nargs; k++)
		r->arg[k] = c->val[f->in->arg[k]].reg;
	for (unsigned int k = 0; k < f->njumps; k++) {
		struct jit_stub *s = jit_stub(c, stub_rare);

		s->from = f->jump[k];
		s->back = c->e.p;
		s->data = (uintptr_t)r;
		s->kind = f->quick;
	}
	fp_guard_end(f, r);
}

void fp_to_c(struct jit_ctx *c, u8 *jump, const struct jit_rare *r)
{
	struct jit_stub *s = jit_stub(c, stub_rare);

	s->from = jump;
	s->back = c->e.p;
	s->data = (uintptr_t)r;
}

/* ---- pieces ---- */

unsigned int fp_bits(const struct jit_ctx *c, ir_ref r)
{
	const struct ir_insn *in = &c->b->insns[r];

	switch (in->op) {
	case IR_VFADD ... IR_VFRINT:
	case IR_VFTOI:
	case IR_VITOF:
		return vec_shape(in);
	case IR_VFMAXV ... IR_VFMINNMV:
	case IR_ITOF:
		return 8u << in->es;
	case IR_VFCVT:
		return 8u << in->imm;
	case IR_VFCVTN:
		return in->q == IR_SCALAR ? 8u << in->es : 64;
	default:
		return vec_bits(c, r);
	}
}

unsigned int fp_arg(struct fp *f, ir_ref r, unsigned int scratch)
{
	unsigned int reg = jit_use_v(f->c, r);

	if (f->bits != 64 || f->scalar || fp_bits(f->c, r) <= 64)
		return reg;
	vec_trim(f->c, scratch, reg, 64);
	return scratch;
}

void fp_v3(struct fp *f, u32 op, unsigned int d, unsigned int a, unsigned int b)
{
	v3(f->c, fp_op(f, op), d, a, b);
}

void fp_lit(struct fp *f, u32 op, unsigned int d, unsigned int a, u64 v)
{
	u64 lo = f->scalar ? v : fp_rep(f, v);

	vlit(f->c, op, d, a, lo, f->bits == 128 ? LIT_SAME : LIT_ZERO);
}

void fp_abs(struct fp *f, unsigned int d, unsigned int s)
{
	fp_lit(f, fp_packed(f, FP_AND), d, s, fp_sign(f) - 1);
}

void fp_compare(struct fp *f, unsigned int d, unsigned int a, unsigned int b, enum fp_cmp k)
{
	v3i(f->c, fp_op(f, FP_CMP), d, a, b, k);
}

void fp_trim(struct fp *f, unsigned int d)
{
	if (f->bits != 128)
		vec_trim(f->c, d, d, f->bits);
}

/* ---- checks ---- */

void fp_rare_mask(struct fp *f, unsigned int v)
{
	struct x64_buf *e = &f->c->e;

	v2(f->c, fp_packed(f, FP_MOVMSK), RAX, v);
	if (f->scalar)
		x64_test_imm(e, false, RAX, 1);
	else
		x64_test(e, false, RAX, RAX);
	fp_rare(f, CC_NE);
}

static void check_scalar(struct fp *f, unsigned int r, enum fp_check check)
{
	u32 ucomi = fp_packed(f, FP_UCOMI);

	if (check == FP_CHECK_NAN) {
		v2(f->c, ucomi, r, r);
		fp_rare(f, CC_P);
		return;
	}
	fp_abs(f, VS0, r);
	vlit2(f->c, ucomi, VS0, fp_min_normal(f), LIT_ZERO);
	fp_rare(f, CC_E);	/* equal or unordered */
}

/* Lanes above the shape are zero. */
static void check_packed(struct fp *f, unsigned int r, enum fp_check check)
{
	u64 min = fp_rep(f, fp_min_normal(f));

	if (check == FP_CHECK_NAN) {
		fp_compare(f, VS0, r, r, FP_UNORD);
	} else if (f->c->e.avx) {
		fp_abs(f, VS0, r);
		vlit2(f->c, FP_MOVA, VS1, min, LIT_SAME);
		fp_compare(f, VS0, VS0, VS1, FP_EQ_UQ);
	} else {
		fp_abs(f, VS0, r);
		vlit(f->c, vec_cmpeq[f->es], VS0, VS0, min, LIT_SAME);
		fp_compare(f, VS1, r, r, FP_UNORD);
		v3(f->c, FP_OR, VS0, VS0, VS1);
	}
	fp_rare_mask(f, VS0);
}

void fp_check(struct fp *f, unsigned int r, enum fp_check check)
{
	if (f->scalar)
		check_scalar(f, r, check);
	else
		check_packed(f, r, check);
}

/* ---- arithmetic ---- */

/*
 * d = a op b of scalars.  The host copies the upper bits of the first operand:
 * of the two of a sum or product the one that has none comes first.  A
 * difference is the sum with the negated number: the loop that sums up waits
 * for that less than for an upper half to be cleared.
 */
static void scalar_op(struct fp *f, u32 op, unsigned int d, ir_ref ra, ir_ref rb)
{
	struct jit_ctx *c = f->c;
	unsigned int a = jit_use_v(c, ra), b = jit_use_v(c, rb);
	bool clean = fp_bits(c, ra) <= f->bits, other = fp_bits(c, rb) <= f->bits;

	if (clean) {
		fp_v3(f, op, d, a, b);
	} else if (other && (op == FP_ADD || op == FP_MUL)) {
		fp_v3(f, op, d, b, a);
	} else if (other && op == FP_SUB && c->e.avx) {
		f->quick = 0;	/* a NaN of b comes out with the wrong sign */
		fp_lit(f, fp_packed(f, FP_XOR), d, b, fp_sign(f));
		fp_v3(f, FP_ADD, d, d, a);
	} else {
		vec_trim(c, d, a, f->bits);
		fp_v3(f, op, d, d, b);
	}
}

/* The same lane by lane; upper bits come out zero. */
static void packed_op(struct fp *f, u32 op, unsigned int d, ir_ref ra, ir_ref rb)
{
	struct jit_ctx *c = f->c;
	unsigned int a = fp_arg(f, ra, VS0), b;

	if (f->bits == 64 && op == FP_DIV) {	/* not zero by zero */
		vlit2(c, FP_MOVA, VS1, fp_rep(f, fp_power(f, 0)), LIT_SAME);
		b = VS2;
		v3(c, V_PUNPCKLQDQ, b, jit_use_v(c, rb), VS1);
	} else {
		b = fp_arg(f, rb, VS1);
	}
	fp_v3(f, op, d, a, b);
	if (f->bits == 64 && op == FP_SUB)
		fp_trim(f, d);		/* 0 - 0 is -0 when rounding down */
}

static void emit_op(struct fp *f, u32 op, unsigned int d, ir_ref ra, ir_ref rb)
{
	if (f->scalar)
		scalar_op(f, op, d, ra, rb);
	else
		packed_op(f, op, d, ra, rb);
}

static bool lower_binary(struct jit_ctx *c, const struct ir_insn *in, u32 op, enum fp_check check)
{
	unsigned int d;
	struct fp f;

	fp_begin(&f, c, in);
	jit_use_v(c, in->arg[0]);
	jit_use_v(c, in->arg[1]);
	d = jit_def_v(c, c->pos);
	fp_guard(&f, d, op == FP_MUL ? fp_exp_product(&f) : fp_exp_sum(&f), true);
	/* The lanes above a 64-bit shape are not clean in the arguments; FNMUL negates NaNs. */
	if ((f.scalar || f.bits == 128) && in->op != IR_VFNMUL)
		f.quick = FP_QUICK | (check == FP_CHECK_TINY ? FP_QUICK_TINY : 0);
	if (f.std) {
		f.quick = FP_QUICK_DEFAULT;
		check = FP_CHECK_NAN;
	}
	emit_op(&f, op, d, in->arg[0], in->arg[1]);
	if (in->op == IR_VFABD)
		fp_abs(&f, d, d);
	fp_check(&f, d, check);
	if (in->op == IR_VFNMUL)
		fp_lit(&f, fp_packed(&f, FP_XOR), d, d, fp_sign(&f));
	fp_end(&f);
	return true;
}

static bool lower_sqrt(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int a, d;
	struct fp f;

	fp_begin(&f, c, in);
	a = fp_arg(&f, in->arg[0], VS0);
	d = jit_def_v(c, c->pos);
	if (!f.scalar) {
		v2(c, fp_op(&f, FP_SQRT), d, a);
	} else if (c->e.avx && fp_bits(c, in->arg[0]) <= f.bits) {
		fp_v3(&f, FP_SQRT, d, a, a);
	} else {
		vzero(c, d);
		fp_v3(&f, FP_SQRT, d, d, a);
	}
	fp_check(&f, d, FP_CHECK_NAN);
	fp_end(&f);
	return true;
}

static bool lower_sign(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int a = jit_use_v(c, in->arg[0]), d = jit_def_v(c, c->pos);
	struct fp f;

	fp_init(&f, c, in);
	if (in->op == IR_VFABS) {
		fp_abs(&f, d, a);
	} else if (fp_bits(c, in->arg[0]) <= f.bits) {
		fp_lit(&f, fp_packed(&f, FP_XOR), d, a, fp_sign(&f));
	} else {
		vec_trim(c, d, a, f.bits);
		fp_lit(&f, fp_packed(&f, FP_XOR), d, d, fp_sign(&f));
	}
	return true;
}

/* ---- fused multiplication and addition ---- */

enum { FMA_213 = 0xa8, FMA_231 = 0xb8, FMA_NEGATED = 4, FMA_SCALAR = 1 };

/* 213: d = a * d + b; 231: d = a * b + d.  The upper bits of a scalar are those of d. */
static void emit_fma(struct fp *f, unsigned int form, unsigned int d, unsigned int a, unsigned int b)
{
	u32 op = X_66 | X_0F38 | (form + (f->scalar ? FMA_SCALAR : 0) + (f->in->op == IR_VFMLS ? FMA_NEGATED : 0));

	x64_vex_rr(&f->c->e, op | (f->es == 3 ? X_W : 0), false, d, a, b);
}

static bool lower_fma(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int acc, a, b, d;
	struct fp f;

	if (!c->jit->host.fma)
		return false;
	fp_begin(&f, c, in);
	acc = jit_use_v(c, in->arg[0]);
	a = fp_arg(&f, in->arg[1], VS0);
	b = fp_arg(&f, in->arg[2], VS1);
	d = jit_def_v(c, c->pos);
	fp_guard(&f, d, fp_exp_product(&f), true);
	if (fp_bits(c, in->arg[0]) <= f.bits) {
		vmov(c, d, acc);
		emit_fma(&f, FMA_231, d, a, b);
	} else if (f.scalar && fp_bits(c, in->arg[1]) <= f.bits) {
		vmov(c, d, a);
		emit_fma(&f, FMA_213, d, b, acc);
	} else if (f.scalar && fp_bits(c, in->arg[2]) <= f.bits) {
		vmov(c, d, b);
		emit_fma(&f, FMA_213, d, a, acc);
	} else {
		vec_trim(c, d, acc, f.bits);
		emit_fma(&f, FMA_231, d, a, b);
	}
	if (f.bits == 64 && !f.scalar && in->op == IR_VFMLS)
		fp_trim(&f, d);		/* 0 - 0 is -0 when rounding down */
	fp_check(&f, d, f.std ? FP_CHECK_NAN : FP_CHECK_TINY);
	f.quick = FP_QUICK_FMA | (f.std ? FP_QUICK_DEFAULT : FP_QUICK_TINY);
	fp_end(&f);
	return true;
}

/* ---- comparison to flags ---- */

/* Do conditions that the first reader of flags @r asks for fit swapped operands better? */
static bool wants_swap(const struct jit_ctx *c, ir_ref r)
{
	for (unsigned int i = r + 1u; i < c->b->n; i++) {
		const struct ir_insn *in = &c->b->insns[i];

		if (in->op == IR_SETF || ir_ops[in->op].nargs == 0 || in->arg[0] != r ||
		    ir_ops[in->op].args[0] != 'F')
			continue;
		/* CS CC MI PL, HI LS */
		return (in->aux >= 2 && in->aux <= 5) || in->aux == 8 || in->aux == 9;
	}
	return false;
}

/* UCOMIS and COMIS signal for the same NaNs as FCMP and FCMPE. */
static void emit_compare(struct jit_ctx *c, const struct ir_insn *in, unsigned int a, unsigned int b, bool signal)
{
	v2(c, (signal ? FP_COMI : FP_UCOMI) | (in->es == 3 ? X_66 : 0), a, b);
}

static bool lower_fcmp(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int a = jit_use_v(c, in->arg[0]), b = jit_use_v(c, in->arg[1]);
	bool swap = wants_swap(c, c->pos);

	jit_flags_clobber(c);
	emit_compare(c, in, swap ? b : a, swap ? a : b, in->imm & 1);
	jit_flags_def(c, c->pos, swap ? JIT_FLAGS_FCMP_SWAP : JIT_FLAGS_FCMP);
	return true;
}

/*
 * The flags for a false condition stand in AH as SAHF wants them.  Only those
 * that a comparison can give fit into its form of flags; for others the
 * comparison's flags are brought into the common form.
 */
static bool lower_fccmp(struct jit_ctx *c, const struct ir_insn *in)
{
	static const u8 as_fcmp[16] = { [2] = 0x02, [3] = 0x47, [6] = 0x42, [8] = 0x03 };
	struct x64_buf *e = &c->e;
	unsigned int nzcv = in->imm & 15, a, b;
	enum jit_flags kind, result = as_fcmp[nzcv] ? JIT_FLAGS_FCMP : JIT_FLAGS_ADD;
	bool signal = in->imm >> 4 & 1;
	u8 *yes, *end;

	a = jit_use_v(c, in->arg[1]);
	b = jit_use_v(c, in->arg[2]);
	kind = jit_flags_take(c, in->arg[0]);
	if (in->aux >= 14) {
		emit_compare(c, in, a, b, signal);
		jit_flags_def(c, c->pos, JIT_FLAGS_FCMP);
		return true;
	}
	yes = x64_jcc(e, jit_cond(c, in->aux, &kind));
	if (result == JIT_FLAGS_FCMP) {
		x64_mov_imm(e, RAX, as_fcmp[nzcv] << 8);
		x64_u8(e, 0x9e);	/* sahf */
	} else {
		x64_mov_imm(e, RAX, (nzcv & 12) << 12 | (nzcv & 2) << 7 | (nzcv & 1));
		jit_emit_flags_from_ax(e);
	}
	end = x64_jmp(e);
	x64_patch(yes, e->p);
	emit_compare(c, in, a, b, signal);
	if (result != JIT_FLAGS_FCMP)
		jit_emit_flags_image(c, JIT_FLAGS_FCMP);
	x64_patch(end, e->p);
	jit_flags_def(c, c->pos, result);
	return true;
}

/* What is also inline in blocks of IR_MODE_FP_SLOW, for the case that FZ and DN are set and no more. */
static bool runs_fast(const struct ir_insn *in)
{
	switch (in->op) {
	case IR_VFADD: case IR_VFSUB: case IR_VFMUL: case IR_VFMLA: case IR_VFMLS:
		return true;
	}
	return false;
}

bool jit_lower_fp(struct jit_ctx *c, const struct ir_insn *in)
{
	if (in->es > 3 || (in->es < 2 && !(in->es == 1 && in->op >= IR_VFCVT && in->op <= IR_VFCVTN)))
		return false;
	if (in->op == IR_VFABS || in->op == IR_VFNEG)
		return lower_sign(c, in);
	if (in->aux != IR_FP_STD && (c->b->mode & IR_MODE_FP_SLOW) && !runs_fast(in))
		return false;
	switch (in->op) {
	case IR_FCMP:
		return lower_fcmp(c, in);
	case IR_FCCMP:
		return lower_fccmp(c, in);
	case IR_VFADD:
		return lower_binary(c, in, FP_ADD, FP_CHECK_NAN);
	case IR_VFSUB:
	case IR_VFABD:
		return lower_binary(c, in, FP_SUB, FP_CHECK_NAN);
	case IR_VFNMUL:
		if (in->aux == IR_FP_STD)
			return false;
		__attribute__((fallthrough));
	case IR_VFMUL:
		return lower_binary(c, in, FP_MUL, FP_CHECK_TINY);
	case IR_VFDIV:
		return in->aux != IR_FP_STD && lower_binary(c, in, FP_DIV, FP_CHECK_TINY);
	case IR_VFMLA:
	case IR_VFMLS:
		return lower_fma(c, in);
	case IR_VFSQRT:
		return in->aux != IR_FP_STD && lower_sqrt(c, in);
	default:
		return jit_lower_fp_vec(c, in) || jit_lower_fp_cvt(c, in);
	}
}
