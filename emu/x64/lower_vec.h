/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the vector lowering share: opcodes, short forms of the
 * emitters, and what is known about the upper bits of values.
 *
 * Rule of the emitters (see x64_v3()): without AVX the destination is first
 * loaded with operand a, so it must not be operand b unless it is a, too.
 * Results that are made in several steps go to a fresh register, never to one
 * of an argument.
 */
#ifndef EMU_X64_LOWER_VEC_H
#define EMU_X64_LOWER_VEC_H

#include "emu/x64/jit.h"

#define VOP(n) (X_66 | X_0F | (n))
#define VOP38(n) (X_66 | X_0F38 | (n))
#define VOP3A(n) (X_66 | X_0F3A | (n))

enum vec_op {
	V_PADDB = VOP(0xfc), V_PADDW = VOP(0xfd), V_PADDD = VOP(0xfe), V_PADDQ = VOP(0xd4),
	V_PSUBB = VOP(0xf8), V_PSUBW = VOP(0xf9), V_PSUBD = VOP(0xfa), V_PSUBQ = VOP(0xfb),
	V_PADDSB = VOP(0xec), V_PADDSW = VOP(0xed), V_PADDUSB = VOP(0xdc), V_PADDUSW = VOP(0xdd),
	V_PSUBSB = VOP(0xe8), V_PSUBSW = VOP(0xe9), V_PSUBUSB = VOP(0xd8), V_PSUBUSW = VOP(0xd9),
	V_PAND = VOP(0xdb), V_PANDN = VOP(0xdf), V_POR = VOP(0xeb), V_PXOR = VOP(0xef),
	V_PCMPEQB = VOP(0x74), V_PCMPEQW = VOP(0x75), V_PCMPEQD = VOP(0x76), V_PCMPEQQ = VOP38(0x29),
	V_PCMPGTB = VOP(0x64), V_PCMPGTW = VOP(0x65), V_PCMPGTD = VOP(0x66), V_PCMPGTQ = VOP38(0x37),
	V_PMAXSB = VOP38(0x3c), V_PMAXSW = VOP(0xee), V_PMAXSD = VOP38(0x3d),
	V_PMAXUB = VOP(0xde), V_PMAXUW = VOP38(0x3e), V_PMAXUD = VOP38(0x3f),
	V_PMINSB = VOP38(0x38), V_PMINSW = VOP(0xea), V_PMINSD = VOP38(0x39),
	V_PMINUB = VOP(0xda), V_PMINUW = VOP38(0x3a), V_PMINUD = VOP38(0x3b),
	V_PABSB = VOP38(0x1c), V_PABSW = VOP38(0x1d), V_PABSD = VOP38(0x1e),
	V_PAVGB = VOP(0xe0), V_PAVGW = VOP(0xe3), V_PSADBW = VOP(0xf6), V_PHMINPOSUW = VOP38(0x41),
	V_PMULLW = VOP(0xd5), V_PMULHW = VOP(0xe5), V_PMULHUW = VOP(0xe4), V_PMULLD = VOP38(0x40),
	V_PMULHRSW = VOP38(0x0b), V_PMULDQ = VOP38(0x28), V_PMULUDQ = VOP(0xf4),
	V_PMADDWD = VOP(0xf5), V_PMADDUBSW = VOP38(0x04),
	V_PUNPCKLBW = VOP(0x60), V_PUNPCKLWD = VOP(0x61), V_PUNPCKLDQ = VOP(0x62), V_PUNPCKLQDQ = VOP(0x6c),
	V_PUNPCKHBW = VOP(0x68), V_PUNPCKHWD = VOP(0x69), V_PUNPCKHDQ = VOP(0x6a), V_PUNPCKHQDQ = VOP(0x6d),
	V_PACKSSWB = VOP(0x63), V_PACKSSDW = VOP(0x6b), V_PACKUSWB = VOP(0x67), V_PACKUSDW = VOP38(0x2b),
	V_PSHUFB = VOP38(0x00), V_PSHUFD = VOP(0x70), V_PSHUFHW = X_F3 | X_0F | 0x70, V_PSHUFLW = X_F2 | X_0F | 0x70,
	V_SHUFPS = X_0F | 0xc6, V_PALIGNR = VOP3A(0x0f), V_PBLENDW = VOP3A(0x0e), V_INSERTPS = VOP3A(0x21),
	V_PMOVSXBW = VOP38(0x20), V_PMOVZXBW = VOP38(0x30),	/* + 3: wd, + 5: dq */
	V_PSRLVD = VOP38(0x45), V_PSRAVD = VOP38(0x46), V_PSLLVD = VOP38(0x47),	/* AVX2; X_W: 64-bit lanes */
	V_PTEST = VOP38(0x17), V_MOVQ = X_F3 | X_0F | 0x7e, V_MOVDDUP = X_F2 | X_0F | 0x12,
	V_MOVD_TO = VOP(0x6e), V_MOVD_FROM = VOP(0x7e),		/* with X_W: 64 bits */
	V_PINSRB = VOP3A(0x20), V_PINSRW = VOP(0xc4), V_PINSRD = VOP3A(0x22),
	V_PEXTRB = VOP3A(0x14), V_PEXTRW = VOP(0xc5), V_PEXTRD = VOP3A(0x16),
	V_PBLENDVB = VOP3A(0x4c), V_BLENDVPS = VOP3A(0x4a), V_BLENDVPD = VOP3A(0x4b),	/* VEX only: x64_v4() */
};

static inline void v3(struct jit_ctx *c, u32 op, unsigned int d, unsigned int a, unsigned int b)
{
	x64_v3(&c->e, op, d, a, b);
}

static inline void v3i(struct jit_ctx *c, u32 op, unsigned int d, unsigned int a, unsigned int b, u8 imm)
{
	x64_v3i(&c->e, op, d, a, b, imm);
}

static inline void v2(struct jit_ctx *c, u32 op, unsigned int d, unsigned int s)
{
	x64_v2(&c->e, op, d, s);
}

static inline void v2i(struct jit_ctx *c, u32 op, unsigned int d, unsigned int s, u8 imm)
{
	x64_v2i(&c->e, op, d, s, imm);
}

static inline void vmov(struct jit_ctx *c, unsigned int d, unsigned int s)
{
	if (d != s)
		x64_movaps(&c->e, d, s);
}

/* All zeros; all ones. */
static inline void vzero(struct jit_ctx *c, unsigned int d)
{
	v3(c, V_PXOR, d, d, d);
}

static inline void vones(struct jit_ctx *c, unsigned int d)
{
	v3(c, V_PCMPEQD, d, d, d);
}

enum vec_shift { VSH_R = 2, VSH_RA = 4, VSH_L = 6 };	/* the /digit; bytes of the whole register: + 1 */

/* Lanes of es 1..3 by n (0 .. and beyond their size); VSH_RA not for es = 3.  In one step. */
static inline void vshift(struct jit_ctx *c, enum vec_shift k, unsigned int es, unsigned int d, unsigned int a,
			  unsigned int n)
{
	x64_vshift(&c->e, VOP(0x70 + es), k, d, a, n);
}

/* The whole register by n bytes. */
static inline void vshift_bytes(struct jit_ctx *c, enum vec_shift k, unsigned int d, unsigned int a, unsigned int n)
{
	x64_vshift(&c->e, VOP(0x73), k + 1, d, a, n);
}

/* What the upper 64 bits of a literal are. */
enum vec_lit {
	LIT_SAME, LIT_ZERO,
	LIT_04, LIT_80,			/* that in each byte */
	LIT_PLUS1, LIT_PLUS8, LIT_PLUS16,	/* the low ones with that added to each byte */
};

#define V_LOAD (X_0F | 0x28)	/* movaps */

/* d = op(a, 128-bit literal); vlit2: d = op(literal). */
void vlit(struct jit_ctx *c, u32 op, unsigned int d, unsigned int a, u64 lo, enum vec_lit hi);
void vlit2(struct jit_ctx *c, u32 op, unsigned int d, u64 lo, enum vec_lit hi);

/* @v in every element of es of 64 bits. */
static inline u64 vec_rep(unsigned int es, u64 v)
{
	static const u64 ones[] = { 0x0101010101010101, 0x0001000100010001, 0x100000001, 1 };

	return (es < 3 ? v & ((1ull << (8 << es)) - 1) : v) * ones[es];
}

/* Bits that the shape of @in covers; low bits of @r that may be set. */
unsigned int vec_shape(const struct ir_insn *in);
unsigned int vec_bits(const struct jit_ctx *c, ir_ref r);
/* d = the low @bits (8 << 0..4) of s. */
void vec_trim(struct jit_ctx *c, unsigned int d, unsigned int s, unsigned int bits);
/* d = ~s in the low @bits, the rest zero. */
void vec_not(struct jit_ctx *c, unsigned int d, unsigned int s, unsigned int bits);
/* Trim @d to the shape, unless the arguments' upper bits are zero and the operation keeps them so. */
void vec_finish(struct jit_ctx *c, const struct ir_insn *in, unsigned int d, bool keeps);
/* @r with its upper bits zero: its own register, or @scratch. */
unsigned int vec_clean(struct jit_ctx *c, ir_ref r, unsigned int bits, unsigned int scratch);
/* d = f where the bits of @mask are 0, else t; @mask is destroyed; d is no operand. */
void vec_select(struct jit_ctx *c, unsigned int d, unsigned int mask, unsigned int t, unsigned int f);
/* Raise QC when @v is not zero; jit_flags_clobber() came before. */
void vec_qc(struct jit_ctx *c, unsigned int v);

/* The operands of a one-instruction form: registers of the arguments, and of the result. */
struct vec_regs {
	unsigned int a, b, d;
};

/* All three apart. */
struct vec_regs vec_regs2(struct jit_ctx *c, const struct ir_insn *in);
struct vec_regs vec_regs1(struct jit_ctx *c, const struct ir_insn *in);
/* One host instruction; gives the register of the result. */
unsigned int vec_simple(struct jit_ctx *c, u32 op, ir_ref a, ir_ref b, bool commutes);

/* d = every lane of es, q = lane @lane of s.  @clean: s has no bits above 64. */
void vec_dup(struct jit_ctx *c, unsigned int d, unsigned int s, unsigned int es, unsigned int q,
	     unsigned int lane, bool clean);
/* d = even (or @odd) lanes of b:a, 128 bits each; destroys VS1 and VS2; d is no operand. */
void vec_unzip(struct jit_ctx *c, unsigned int d, unsigned int a, unsigned int b, unsigned int es, bool odd);
/* d = a >> n with sign, es = 3; destroys VS2. */
void vec_sar64(struct jit_ctx *c, unsigned int d, unsigned int a, unsigned int n);

/* One per file; false: not here. */
bool jit_lower_vec_move(struct jit_ctx *c, const struct ir_insn *in);
bool jit_lower_vec_arith(struct jit_ctx *c, const struct ir_insn *in);
bool jit_lower_vec_shift(struct jit_ctx *c, const struct ir_insn *in);
bool jit_lower_vec_sat(struct jit_ctx *c, const struct ir_insn *in);
bool jit_lower_vec_wide(struct jit_ctx *c, const struct ir_insn *in);

/* Opcodes by element size; 0: none. */
extern const u32 vec_add[4], vec_sub[4], vec_cmpeq[4], vec_cmpgt[4];
/* The opcode of a minimum or maximum. */
u32 vec_minmax(unsigned int op, unsigned int es);

#endif
