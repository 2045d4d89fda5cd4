// SPDX-License-Identifier: GPL-2.0-only
/* Integer operations on constants. */
#include "emu/ir/ir_int.h"

static u64 eval_div(u64 a, u64 c, unsigned int w, bool sign)
{
	s64 x = w == 32 ? (s32)a : (s64)a, y = w == 32 ? (s32)c : (s64)c;

	if (!y)
		return 0;
	if (!sign)
		return ir_trunc(a, w) / ir_trunc(c, w);
	return y == -1 ? 0 - (u64)x : (u64)(x / y);
}

static u64 eval_rbit(u64 a, unsigned int w)
{
	u64 r = 0;

	for (unsigned int i = 0; i < w; i++)
		r |= (a >> i & 1) << (w - 1 - i);
	return r;
}

/* Bytes reversed in each group of @bytes. */
static u64 eval_rev(u64 a, unsigned int w, unsigned int bytes)
{
	u64 r = 0;

	for (unsigned int i = 0; i < w / 8; i++)
		r |= (a >> 8 * i & 0xff) << 8 * (i ^ (bytes - 1));
	return r;
}

static unsigned int eval_clz(u64 a, unsigned int w)
{
	return a ? (unsigned int)__builtin_clzll(a) - (64 - w) : w;
}

static u64 eval_ror(u64 a, unsigned int n, unsigned int w)
{
	return n ? a >> n | a << (w - n) : a;
}

static bool eval_shift(const struct ir_insn *t, u64 a, u64 c, u64 *out)
{
	unsigned int n = c & (t->w - 1);

	switch (t->op) {
	case IR_SHL: *out = a << n; return true;
	case IR_SHR: *out = a >> n; return true;
	case IR_SAR: *out = (u64)(arm_sext(a, t->w) >> n); return true;
	case IR_ROR: *out = eval_ror(a, n, t->w); return true;
	}
	return false;
}

static bool eval_unary(const struct ir_insn *t, u64 a, u64 *out)
{
	unsigned int w = t->w;
	u64 sign;

	switch (t->op) {
	case IR_NOT: *out = ~a; return true;
	case IR_NEG: *out = 0 - a; return true;
	case IR_CLZ: *out = eval_clz(a, w); return true;
	case IR_CLS:
		sign = (u64)(arm_sext(a, w) >> 63);
		*out = eval_clz(ir_trunc(a ^ sign, w), w) - 1;
		return true;
	case IR_RBIT: *out = eval_rbit(a, w); return true;
	case IR_REV: *out = eval_rev(a, w, w / 8); return true;
	case IR_REV16: *out = eval_rev(a, w, 2); return true;
	case IR_REV32: *out = eval_rev(a, w, 4); return true;
	case IR_SEXT: *out = (u64)arm_sext(a, t->aux); return true;
	case IR_ZEXT: *out = a & ARM_MASK(t->aux - 1, 0); return true;
	}
	return false;
}

static bool eval_mul(const struct ir_insn *t, u64 a, u64 c, u64 *out)
{
	switch (t->op) {
	case IR_MUL: *out = a * c; return true;
	case IR_SMULH: *out = (u64)((s128)(s64)a * (s64)c >> 64); return true;
	case IR_UMULH: *out = (u64)((u128)a * c >> 64); return true;
	case IR_SMULL: *out = (u64)((s64)(s32)a * (s32)c); return true;
	case IR_UMULL: *out = (u64)(u32)a * (u32)c; return true;
	case IR_SDIV: *out = eval_div(a, c, t->w, true); return true;
	case IR_UDIV: *out = eval_div(a, c, t->w, false); return true;
	}
	return false;
}

static bool eval_binary(const struct ir_insn *t, u64 a, u64 c, u64 *out)
{
	u64 m;

	switch (t->op) {
	case IR_ADD: *out = a + c; return true;
	case IR_SUB: *out = a - c; return true;
	case IR_AND: *out = a & c; return true;
	case IR_OR: *out = a | c; return true;
	case IR_XOR: *out = a ^ c; return true;
	case IR_ANDN: *out = a & ~c; return true;
	case IR_ORN: *out = a | ~c; return true;
	case IR_XORN: *out = a ^ ~c; return true;
	case IR_EXTR: *out = c >> t->aux | a << (t->w - t->aux); return true;
	case IR_BFI:
		m = ARM_MASK(t->imm - 1, 0) << t->aux;
		*out = (a & ~m) | (c << t->aux & m);
		return true;
	}
	return eval_shift(t, a, c, out) || eval_mul(t, a, c, out);
}

bool ir_eval(const struct ir_insn *t, u64 a, u64 c, u64 *out)
{
	a = ir_trunc(a, t->w);
	c = ir_trunc(c, t->w);
	if (!(t->arg[1] ? eval_binary(t, a, c, out) : eval_unary(t, a, out)))
		return false;
	*out = ir_trunc(*out, t->w);
	return true;
}
