// SPDX-License-Identifier: GPL-2.0-only
/*
 * Floating point inline under FZ and DN: the standard FPSCR value of AArch32
 * Advanced SIMD (IR_FP_STD), and FPCR with just these two set.
 *
 * Underflow under FZ raises UFC alone, where the host would raise inexact, too,
 * and a denormal operand raises IDC and counts as zero.  Neither can be put
 * right afterwards, as inexact may have been set before.  So a few instructions
 * look at the operands first.
 */
#include "emu/x64/lower_fp.h"

#define FPCR_RMODE (3u << 22)
#define FPCR_FZ_DN (3u << 24)
#define FPCR_AHP (1u << 26)

/* What the closer look needs to know. */
struct fp_inputs {
	struct fp f;
	const struct jit_rare *rare;
	u8 *resume;		/* where the operation goes on if all is well */
	u64 min;		/* smallest magnitude */
	u8 n, reg[FP_ARGS], temp;
};

/* ---- limits ---- */

static unsigned int frac_bits(const struct fp *f)
{
	return f->es == 3 ? 52 : 23;
}

static unsigned int bias(const struct fp *f)
{
	return f->es == 3 ? 1023 : 127;
}

/* The last bit of such a number is not below the smallest normal number, so neither is that of a sum. */
unsigned int fp_exp_sum(const struct fp *f)
{
	return frac_bits(f) + 1;
}

/*
 * Two of half the range.  For a fused operation, too: only an addend of nearly the
 * product's size can cancel it, so its last bit is not below 2^-(bias / 2 + 2 *
 * frac_bits + 2), a normal number.
 */
unsigned int fp_exp_product(const struct fp *f)
{
	return bias(f) / 2 + 1;
}

/* ---- which operands ---- */

/* Never between zero and the limit in magnitude? */
static bool harmless(const struct fp *f, ir_ref r, unsigned int exp)
{
	const struct ir_insn *in = &f->c->b->insns[r];

	if (in->op == IR_VCONST && !in->imm)
		return true;
	if (in->op == IR_VITOF && in->es == f->es)	/* 2^-32 at least; of doubles 2^-64 */
		return true;
	/* A result under FZ is not denormal. */
	return exp == FP_EXP_NORMAL && in->aux == IR_FP_STD && in->es == f->es &&
	       in->op >= IR_VFADD && in->op <= IR_VFSQRT;
}

static void choose_inputs(struct fp *f, struct fp_inputs *s, unsigned int exp)
{
	struct jit_ctx *c = f->c;

	for (unsigned int k = 0; k < ir_ops[f->in->op].nargs; k++) {
		unsigned int reg = jit_use_v(c, f->in->arg[k]);
		bool seen = harmless(f, f->in->arg[k], exp);

		for (unsigned int j = 0; j < s->n; j++)
			seen |= s->reg[j] == reg;
		if (!seen)
			s->reg[s->n++] = reg;
	}
}

/* ---- the look at all of them at once ---- */

/* Any lane's sign bit in @v?  Flags NE then. */
static void test_signs(struct fp *f, unsigned int v)
{
	unsigned int lanes = f->scalar ? 1 : f->bits >> (3 + f->es);

	v2(f->c, fp_packed(f, FP_MOVMSK), RAX, v);
	if (lanes << f->es == 16)
		x64_test(&f->c->e, false, RAX, RAX);
	else
		x64_test_imm(&f->c->e, false, RAX, (1 << lanes) - 1);
}

static u32 sub_op(const struct fp *f)
{
	return f->es == 3 ? V_PSUBQ : V_PSUBD;
}

/* d = |s|, all lanes. */
static void emit_magnitude(struct fp *f, unsigned int d, unsigned int s)
{
	vlit(f->c, V_PAND, d, s, fp_rep(f, fp_sign(f) - 1), LIT_SAME);
}

/* Flags NE when a magnitude is below the limit: its difference to that is negative. */
static void emit_look(struct fp *f, const struct fp_inputs *s)
{
	struct jit_ctx *c = f->c;
	u64 min = fp_rep(f, s->min);

	emit_magnitude(f, VS2, s->reg[0]);
	if (f->es == 3)
		vlit(c, V_PSUBQ, VS2, VS2, min, LIT_SAME);
	for (unsigned int k = 1; k < s->n; k++) {
		emit_magnitude(f, s->temp, s->reg[k]);
		if (f->es == 3) {
			vlit(c, V_PSUBQ, s->temp, s->temp, min, LIT_SAME);
			v3(c, V_POR, VS2, VS2, s->temp);
		} else {
			v3(c, V_PMINSD, VS2, VS2, s->temp);
		}
	}
	if (f->es != 3)
		vlit(c, V_PSUBD, VS2, VS2, min, LIT_SAME);
	test_signs(f, VS2);
}

/*
 * IR_FP_STD replaces FPCR, but the host rounds as FPCR says: blocks that are not
 * of IR_MODE_FP_SLOW round to nearest if they are AArch32's.
 */
static void emit_mode_check(struct fp *f, bool rounds)
{
	struct x64_buf *e = &f->c->e;
	bool replaced = f->in->aux == IR_FP_STD;

	if (replaced && (!rounds || !(f->c->b->mode & IR_MODE_FP_SLOW)))
		return;
	x64_load(e, false, RAX, JIT_VCPU(st.fpcr));
	x64_alu_imm(e, ALU_AND, false, RAX, FPCR_RMODE | (replaced ? 0 : FPCR_FZ_DN | FPCR_AHP));
	if (!replaced)
		x64_alu_imm(e, ALU_CMP, false, RAX, FPCR_FZ_DN);
	f->guard[0] = x64_jcc(e, CC_NE);
}

void fp_guard(struct fp *f, unsigned int d, unsigned int exp, bool rounds)
{
	struct jit_ctx *c = f->c;
	struct fp_inputs *s;

	if (!f->std)
		return;
	emit_mode_check(f, rounds);
	if (!exp)
		return;
	s = code_alloc(c->cache, sizeof(*s));
	if (!s) {
		c->e.full = true;
		return;
	}
	*s = (struct fp_inputs){ .f = *f, .min = (u64)exp << frac_bits(f), .temp = d };
	choose_inputs(f, s, exp);
	if (!s->n)
		return;
	emit_look(f, s);
	f->guard[1] = x64_jcc(&c->e, CC_NE);
	s->resume = c->e.p;
	f->inputs = s;
}

/* ---- the closer look ---- */

static void stub_inputs(struct jit_ctx *c, struct jit_stub *stub)
{
	struct fp_inputs *s = (struct fp_inputs *)(uintptr_t)stub->data;
	struct fp *f = &s->f;
	u8 *fail[FP_ARGS];

	f->c = c;
	f->in = &s->rare->in;
	x64_patch(stub->from, c->e.p);
	for (unsigned int k = 0; k < s->n; k++) {
		emit_magnitude(f, VS2, s->reg[k]);
		vzero(c, s->temp);
		v3(c, vec_cmpeq[f->es], s->temp, s->temp, VS2);
		vlit(c, sub_op(f), VS2, VS2, fp_rep(f, s->min), LIT_SAME);
		v3(c, V_PANDN, s->temp, s->temp, VS2);
		test_signs(f, s->temp);
		fail[k] = x64_jcc(&c->e, CC_NE);
	}
	x64_jmp_to(&c->e, s->resume);
	for (unsigned int k = 0; k < s->n; k++)
		x64_patch(fail[k], c->e.p);
	x64_mov_imm(&c->e, RAX, (uintptr_t)s->rare);
	x64_call_to(&c->e, code_write(c->cache, c->jit->thunks.rare));
	x64_jmp_to(&c->e, stub->back);
}

void fp_guard_end(struct fp *f, struct jit_rare *r)
{
	struct jit_stub *stub;

	if (f->guard[0])
		fp_to_c(f->c, f->guard[0], r);
	if (!f->guard[1])
		return;
	f->inputs->rare = r;
	stub = jit_stub(f->c, stub_inputs);
	stub->from = f->guard[1];
	stub->back = f->c->e.p;
	stub->data = (uintptr_t)f->inputs;
}

/* ---- NaNs ---- */

/* Lanes above the shape are zero, no NaNs. */
void fp_default_nans(struct fp *f, unsigned int d)
{
	struct jit_ctx *c = f->c;
	u64 nan = fp_rep(f, f->es == 3 ? 0x7ff8000000000000 : 0x7fc00000);

	v3i(c, fp_packed(f, FP_CMP), VS0, d, d, FP_UNORD);
	v3(c, V_PANDN, VS1, VS0, d);
	vlit(c, V_PAND, VS0, VS0, nan, LIT_SAME);
	v3(c, V_POR, VS0, VS0, VS1);
	vmov(c, d, VS0);
}
