/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Constants of struct a32_insn's members, and what `where` and `let` lines of
 * the AArch32 .decode files may call, without the a32_.
 */
#ifndef ISA_A32_CHECKS_H
#define ISA_A32_CHECKS_H

#include "arm/base.h"
#include "isa/a32.h"

enum a32_shift { A32_LSL, A32_LSR, A32_ASR, A32_ROR, A32_RRX };

enum a32_dp {
	A32_DP_AND, A32_DP_EOR, A32_DP_SUB, A32_DP_RSB, A32_DP_ADD, A32_DP_ADC, A32_DP_SBC, A32_DP_RSC,
	A32_DP_TST, A32_DP_TEQ, A32_DP_CMP, A32_DP_CMN, A32_DP_ORR, A32_DP_MOV, A32_DP_BIC, A32_DP_MVN,
	A32_DP_ORN,
};

enum a32_rev { A32_REV, A32_REV16, A32_REVSH, A32_RBIT };

/* par_op: bits 7:5 of A32; par_kind: bits 22:20. */
enum a32_par_op { A32_PAR_ADD16, A32_PAR_ASX, A32_PAR_SAX, A32_PAR_SUB16, A32_PAR_ADD8, A32_PAR_SUB8 = 7 };
enum a32_par_kind { A32_PAR_S = 1, A32_PAR_Q, A32_PAR_SH, A32_PAR_U = 5, A32_PAR_UQ, A32_PAR_UH };

/* DecodeImmShift(): LSR and ASR by 0 are by 32, ROR by 0 is RRX. */
static inline unsigned int a32_shift_type(unsigned int stype, unsigned int imm5)
{
	return stype == A32_ROR && !imm5 ? A32_RRX : stype;
}

static inline unsigned int a32_shift_amount(unsigned int stype, unsigned int imm5)
{
	if (imm5 || stype == A32_LSL)
		return imm5;
	return stype == A32_ROR ? 1 : 32;
}

static inline u32 a32_sext(u32 v, unsigned int bits)
{
	return (u32)((s32)(v << (32 - bits)) >> (32 - bits));
}

static inline u32 a32_rotr(u32 v, unsigned int n)
{
	return n ? v >> n | v << (32 - n) : v;
}

/* A32 modified immediates: imm12<7:0> rotated right by 2 * imm12<11:8>; rotated, bit 31 is the carry. */
static inline u32 a32_expand(unsigned int imm12)
{
	return a32_rotr(imm12 & 0xff, imm12 >> 8 << 1);
}

static inline unsigned int a32_expand_c(unsigned int imm12)
{
	return imm12 >> 8 ? a32_expand(imm12) >> 31 : 2;
}

/* T32 modified immediates, of i:imm3 and imm8: a byte in a pattern, or 1bbbbbbb rotated by 8 to 31. */
static inline u32 a32_texpand(unsigned int i, unsigned int imm3, unsigned int imm8)
{
	unsigned int n = i << 4 | imm3 << 1 | imm8 >> 7;

	if (n >= 8)
		return a32_rotr(0x80 | (imm8 & 0x7f), n);
	switch (imm3) {
	case 0:
		return imm8;
	case 1:
		return imm8 << 16 | imm8;
	case 2:
		return (u32)imm8 << 24 | imm8 << 8;
	}
	return imm8 * 0x01010101u;
}

static inline unsigned int a32_texpand_c(unsigned int i, unsigned int imm3, unsigned int imm8)
{
	return i || imm3 >= 4 ? a32_texpand(i, imm3, imm8) >> 31 : 2;
}

/* Offsets of T32's B.W, BL, BLX: I1 = NOT(J1 EOR S), I2 likewise; imm is imm10:imm11, without the last 0. */
static inline u32 a32_tbranch(unsigned int s, unsigned int j1, unsigned int j2, unsigned int imm)
{
	return a32_sext(s << 24 | (j1 == s) << 23 | (j2 == s) << 22 | imm << 1, 25);
}

/* Is there a banked register R:sysm for MRS and MSR?  sysm is M:M1 (DDI 0406C B9.2.3). */
static inline bool a32_banked_ok(unsigned int r, unsigned int sysm)
{
	if (r)
		return 0x50554000u >> sysm & 1;
	return 0xf0ff7f7fu >> sysm & 1;
}

/* A32 with a condition, A32 without (bits 31:28 are 1111), T32, T16: each has its own decision tree. */
enum a32_space { A32_SPACE_A32, A32_SPACE_A32U, A32_SPACE_T32, A32_SPACE_T16 };

/*
 * Where to look *@word up.  T32's coprocessor, VFP and Advanced SIMD
 * instructions are turned into their A32 form, which differs by at most a few
 * bits (DDI 0406C A7.1): coprocessor and VFP 111T 11.. are the same word; data
 * processing 111U 1111 is 1111 001U; element loads and stores 1111 1001 xxx0
 * are 1111 0100 xxx0.
 */
static inline enum a32_space a32_space(u32 *word, u64 features)
{
	u32 w = *word;

	if (!(features & A32_THUMB))
		return w >> 28 == 15 ? A32_SPACE_A32U : A32_SPACE_A32;
	if (!(w >> 16))
		return A32_SPACE_T16;
	if ((w & 0xef000000) == 0xef000000) {
		*word = 0xf2000000 | (w >> 28 & 1) << 24 | (w & 0x00ffffff);
		return A32_SPACE_A32U;
	}
	if ((w & 0xff100000) == 0xf9000000) {
		*word = 0xf4000000 | (w & 0x00ffffff);
		return A32_SPACE_A32U;
	}
	if ((w & 0xec000000) == 0xec000000)
		return w >> 28 == 15 ? A32_SPACE_A32U : A32_SPACE_A32;
	return A32_SPACE_T32;
}

#endif
