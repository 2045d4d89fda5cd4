/* SPDX-License-Identifier: GPL-2.0-only */
/* Integer and flag operations: computed in 64 bits, cut to the width at the end. */
#include "emu/fp/vec.h"
#include "emu/interp/interp_int.h"

static s64 alu_signed(unsigned int w, u64 v)
{
	return w == 32 ? (s32)v : (s64)v;
}

/* ---- flags ---- */

/* AddWithCarry's flags; a subtraction adds ~b. */
static u64 alu_flags_add(unsigned int w, u64 a, u64 b, bool carry)
{
	u64 r = interp_cut(w, a + b + carry);
	u32 f = arm_bit(r, w - 1) ? PSR_N : 0;

	a = interp_cut(w, a);
	if (r == 0)
		f |= PSR_Z;
	if (r < a || (carry && r == a))
		f |= PSR_C;
	if (arm_bit((a ^ r) & (b ^ r), w - 1))
		f |= PSR_V;
	return f;
}

static u64 alu_flags_logic(unsigned int w, u64 a)
{
	return (arm_bit(a, w - 1) ? PSR_N : 0) | (interp_cut(w, a) == 0 ? PSR_Z : 0);
}

/* ---- one operand ---- */

static u64 alu_clz(unsigned int w, u64 a)
{
	a = interp_cut(w, a);
	return a ? (u64)__builtin_clzll(a) - (64 - w) : w;
}

/* The leading bits that equal the sign bit, itself not counted. */
static u64 alu_cls(unsigned int w, u64 a)
{
	return alu_clz(w, (a ^ (u64)(alu_signed(w, a) >> (w - 1))) << 1 | 1);
}

static u64 alu_rbit(unsigned int w, u64 a)
{
	u64 r = 0;
	unsigned int i;

	for (i = 0; i < w; i++)
		r |= (a >> i & 1) << (w - 1 - i);
	return r;
}

static u64 alu_rev(unsigned int w, u64 a)
{
	return w == 32 ? __builtin_bswap32((u32)a) : __builtin_bswap64(a);
}

static u64 alu_rev16(u64 a)
{
	return (a & 0x00ff00ff00ff00ff) << 8 | (a >> 8 & 0x00ff00ff00ff00ff);
}

static u64 alu_rev32(u64 a)
{
	a = __builtin_bswap64(a);
	return a << 32 | a >> 32;
}

/* aux is 1..63 for these two. */
static u64 alu_sext(unsigned int bits, u64 a)
{
	return (u64)arm_sext(a, bits);
}

static u64 alu_zext(unsigned int bits, u64 a)
{
	return a & ARM_MASK(bits - 1, 0);
}

/* ---- two operands ---- */

static u64 alu_ror(unsigned int w, u64 a, unsigned int n)
{
	a = interp_cut(w, a);
	return n ? a >> n | a << (w - n) : a;
}

static u64 alu_sdiv(unsigned int w, u64 a, u64 b)
{
	s64 x = alu_signed(w, a), y = alu_signed(w, b);

	if (y == 0)
		return 0;
	return y == -1 ? -(u64)x : (u64)(x / y);
}

static u64 alu_udiv(unsigned int w, u64 a, u64 b)
{
	b = interp_cut(w, b);
	return b ? interp_cut(w, a) / b : 0;
}

static u64 alu_extr(unsigned int w, u64 a, u64 b, unsigned int lsb)
{
	return a << (w - lsb) | interp_cut(w, b) >> lsb;
}

static u64 alu_bfi(u64 a, u64 b, unsigned int lsb, unsigned int width)
{
	u64 mask = ARM_MASK(width - 1, 0) << lsb;

	return (a & ~mask) | (b << lsb & mask);
}

/* ---- the operations; n: the shift count in b, carry: C of the flags in c ---- */

#define ALU(NAME, EXPR)									\
int interp_##NAME(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)	\
{											\
	const unsigned int w = interp_width(in), aux = in->aux;				\
	const u64 a = interp_arg(t, in, 0), b = interp_arg(t, in, 1);			\
	const u64 c = interp_arg(t, in, 2);						\
	const unsigned int n = (unsigned int)b & (w - 1);				\
	const bool carry = c & PSR_C;							\
											\
	(void)aux;									\
	(void)a;									\
	(void)n;									\
	(void)carry;									\
	res->d[0] = interp_cut(w, (EXPR));						\
	return INTERP_CONTINUE;								\
}

ALU(ADD, a + b)
ALU(SUB, a - b)
ALU(ADC, a + b + carry)
ALU(SBC, a - b - !carry)
ALU(AND, a & b)
ALU(OR, a | b)
ALU(XOR, a ^ b)
ALU(ANDN, a & ~b)
ALU(ORN, a | ~b)
ALU(XORN, a ^ ~b)
ALU(NOT, ~a)
ALU(NEG, -a)
ALU(SHL, a << n)
ALU(SHR, interp_cut(w, a) >> n)
ALU(SAR, (u64)(alu_signed(w, a) >> n))
ALU(ROR, alu_ror(w, a, n))
ALU(MUL, a * b)
ALU(SMULH, (u64)((s128)(s64)a * (s64)b >> 64))
ALU(UMULH, (u64)((u128)a * b >> 64))
ALU(SMULL, (u64)((s64)(s32)a * (s32)b))
ALU(UMULL, (u64)(u32)a * (u32)b)
ALU(SDIV, alu_sdiv(w, a, b))
ALU(UDIV, alu_udiv(w, a, b))
ALU(CLZ, alu_clz(w, a))
ALU(CLS, alu_cls(w, a))
ALU(RBIT, alu_rbit(w, a))
ALU(REV, alu_rev(w, a))
ALU(REV16, alu_rev16(a))
ALU(REV32, alu_rev32(a))
ALU(SEXT, alu_sext(aux, a))
ALU(ZEXT, alu_zext(aux, a))
ALU(EXTR, alu_extr(w, a, b, aux))
ALU(BFI, alu_bfi(a, b, aux, (unsigned int)in->imm))
ALU(CSEL, emu_cond(aux, (u32)a) ? b : c)
ALU(CRC32, emu_crc32((u32)a, b, 1u << (aux & 3), false))
ALU(CRC32C, emu_crc32((u32)a, b, 1u << (aux & 3), true))

ALU(FL_ADD, alu_flags_add(w, a, b, false))
ALU(FL_SUB, alu_flags_add(w, a, ~b, true))
ALU(FL_ADC, alu_flags_add(w, a, b, carry))
ALU(FL_SBC, alu_flags_add(w, a, ~b, carry))
ALU(FL_LOGIC, alu_flags_logic(w, a))
ALU(FL_NZ, alu_flags_logic(w, a) | (b & (PSR_C | PSR_V)))
ALU(FL_LOGICC, alu_flags_logic(w, a) | (b & 1 ? PSR_C : 0) | (c & PSR_V))
ALU(FL_CONST, (in->imm & 15) << 28)
ALU(FL_MAKE, a & PSR_NZCV)
ALU(FL_GET, a & PSR_NZCV)
ALU(FL_CCMN, emu_cond(aux, (u32)a) ? alu_flags_add(w, b, c, false) : (in->imm & 15) << 28)
ALU(FL_CCMP, emu_cond(aux, (u32)a) ? alu_flags_add(w, b, ~c, true) : (in->imm & 15) << 28)
ALU(FL_SEL, emu_cond(aux, (u32)a) ? b : c)
