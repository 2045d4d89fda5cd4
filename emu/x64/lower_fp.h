/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the floating-point lowering share.
 *
 * An operation is the host's instruction, from registers of the arguments that
 * stay as they are to a fresh one, and a check for what the host does not do as
 * Arm does: which NaN comes out, and underflow, which Arm detects before
 * rounding.  Where the check hits, C does the operation again (struct jit_rare).
 * So the host may raise no flag on the way that Arm does not raise for the same
 * operands, and lanes that are not in the shape must not raise any.
 */
#ifndef EMU_X64_LOWER_FP_H
#define EMU_X64_LOWER_FP_H

#include "emu/x64/lower_vec.h"

/* Opcodes without the prefix that says single or double, scalar or packed: fp_op(). */
enum fp_opcode {
	FP_SQRT = X_0F | 0x51, FP_AND = X_0F | 0x54, FP_OR = X_0F | 0x56, FP_XOR = X_0F | 0x57,
	FP_ADD = X_0F | 0x58, FP_MUL = X_0F | 0x59, FP_SUB = X_0F | 0x5c, FP_MIN = X_0F | 0x5d,
	FP_DIV = X_0F | 0x5e, FP_MAX = X_0F | 0x5f, FP_CMP = X_0F | 0xc2,
	FP_UCOMI = X_0F | 0x2e, FP_COMI = X_0F | 0x2f, FP_MOVMSK = X_0F | 0x50, FP_MOVA = X_0F | 0x28,
};

enum fp_cmp { FP_EQ, FP_LT, FP_LE, FP_UNORD, FP_EQ_UQ = 8 /* VEX only */ };

#define FP_JUMPS 7		/* scale_up() and two lanes by emit_to_int() */
#define FP_ARGS 3

/* What is done about a failed check before C is asked. */
enum fp_quick {
	FP_QUICK = 1,		/* two operands: NaNs */
	FP_QUICK_FMA = 2,	/* NaNs that are added */
	FP_QUICK_TINY = 4,	/* the check was FP_CHECK_TINY */
	FP_QUICK_DEFAULT = 8,	/* all NaNs become the default NaN */
};

/* An operation under way. */
struct fp {
	struct jit_ctx *c;
	const struct ir_insn *in;
	unsigned int es;	/* of the arithmetic: 2 or 3; 1 in conversions alone */
	bool scalar;
	unsigned int bits;	/* of the shape */
	u8 quick;		/* enum fp_quick */
	unsigned int njumps;
	u8 *jump[FP_JUMPS];	/* to C */
	bool std;		/* FZ and DN are set: fp_guard() */
	u8 *guard[2];		/* its jumps: on the mode, to C; on the operands, to the closer look at them */
	struct fp_inputs *inputs;	/* for the latter */
};

enum fp_check {
	FP_CHECK_NAN,
	FP_CHECK_TINY,	/* NaN, and a result that may have been below the smallest normal number before rounding */
};

void fp_init(struct fp *f, struct jit_ctx *c, const struct ir_insn *in);
/* The same, and the host flags are free from here on. */
void fp_begin(struct fp *f, struct jit_ctx *c, const struct ir_insn *in);
/* The jumps lead to C, which goes on here. */
void fp_end(struct fp *f);
/* Jump @jump leads to C, which does @r and goes on here. */
void fp_to_c(struct jit_ctx *c, u8 *jump, const struct jit_rare *r);
/* Jump to C on @cc. */
void fp_rare(struct fp *f, enum x64_cc cc);
/* The same when a lane of mask @v is set; the upper lanes of a scalar do not count.  Destroys EAX. */
void fp_rare_mask(struct fp *f, unsigned int v);
/* Check result @r; destroys VS0 and VS1. */
void fp_check(struct fp *f, unsigned int r, enum fp_check check);

/*
 * Flushing to zero (lower_fp_std.c).  The host computes with FZ and DN clear,
 * and that is right as long as no operand is denormal and no result is, not even
 * before rounding.  fp_guard() makes sure of it before the operation, which thus
 * raises no flag too many: operands whose magnitude is below 2^(@exp - bias) go
 * to a closer look, where zeros pass and the rest goes to C.  It comes behind
 * jit_def_v() with @d the result's register, and destroys @d and VS2; VS0 and
 * VS1 may hold copies of operands.  @rounds: the result depends on the rounding
 * mode; @exp 0: whatever the operands are.  Nothing is done unless f->std.
 */
void fp_guard(struct fp *f, unsigned int d, unsigned int exp, bool rounds);
/* For fp_end(): out-of-line code of the guard, whose ways to C do @r. */
void fp_guard_end(struct fp *f, struct jit_rare *r);
/* d = d with the default NaN for each NaN; destroys VS0 and VS1. */
void fp_default_nans(struct fp *f, unsigned int d);
/* Exponent fields: of the smallest normal number; such that sums, products (also fused ones) are normal or 0. */
#define FP_EXP_NORMAL 1
unsigned int fp_exp_sum(const struct fp *f);
unsigned int fp_exp_product(const struct fp *f);

/* Low bits of @r that may be set. */
unsigned int fp_bits(const struct jit_ctx *c, ir_ref r);
/* The register of @r, or for a 64-bit shape @scratch with its low half and zeros above. */
unsigned int fp_arg(struct fp *f, ir_ref r, unsigned int scratch);
/* d = op(a, b) for FP_SQRT.. with the prefix of @f. */
void fp_v3(struct fp *f, u32 op, unsigned int d, unsigned int a, unsigned int b);
/* d = op(a, literal): @v in each lane of the shape, zeros above. */
void fp_lit(struct fp *f, u32 op, unsigned int d, unsigned int a, u64 v);
/* d = |s|, upper bits zero in scalar and 64-bit shapes. */
void fp_abs(struct fp *f, unsigned int d, unsigned int s);
/* d = compare(a, b), a mask. */
void fp_compare(struct fp *f, unsigned int d, unsigned int a, unsigned int b, enum fp_cmp k);
/* Upper bits of @d above the shape are made zero. */
void fp_trim(struct fp *f, unsigned int d);

static inline u32 fp_op(const struct fp *f, u32 op)
{
	static const u32 prefix[2][2] = { { 0, X_66 }, { X_F3, X_F2 } };

	return op | prefix[f->scalar][f->es & 1];
}

/* Logic and compare-to-flags: no scalar prefix. */
static inline u32 fp_packed(const struct fp *f, u32 op)
{
	return op | (f->es & 1 ? X_66 : 0);
}

/* Bits of an element. */
static inline u64 fp_sign(const struct fp *f)
{
	return f->es == 3 ? 1ull << 63 : 1ull << 31;
}

static inline u64 fp_min_normal(const struct fp *f)
{
	return f->es == 3 ? 1ull << 52 : 1ull << 23;
}

/* The number 2^e. */
static inline u64 fp_power(const struct fp *f, int e)
{
	return f->es == 3 ? (u64)(1023 + e) << 52 : (u64)(127 + e) << 23;
}

/* @v in every lane of 64 bits. */
static inline u64 fp_rep(const struct fp *f, u64 v)
{
	return f->es == 3 ? v : v | v << 32;
}

/* One per file; false: not inline. */
bool jit_lower_fp_vec(struct jit_ctx *c, const struct ir_insn *in);
bool jit_lower_fp_cvt(struct jit_ctx *c, const struct ir_insn *in);

#endif
