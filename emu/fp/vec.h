/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exact C versions of the vector and floating-point operations of the IR: what
 * the interpreter executes, and what translated code calls where the host has
 * no equivalent.
 */
#ifndef EMU_FP_VEC_H
#define EMU_FP_VEC_H

#include "arm/state.h"
#include "emu/ir/ir.h"

/*
 * Operands and result of one operation.  I arguments and results are in d[0]
 * of their slot; F results are NZCV in bits 31:28 of res.d[0].
 */
struct vec_call {
	struct arm_vreg res, a, b, c;
	u64 imm;
	u8 es, q, w;
	bool std;		/* IR_FP_STD: VFRECPS and VFRSQRTS as AArch32 has them */
	u32 fpcr;		/* in */
	u32 *fpsr;		/* cumulative bits are ORed in */
};

typedef void (*vec_fn)(struct vec_call *vc);

/*
 * By enum ir_op; NULL for operations outside the vector, FP and crypto sections
 * of ir.def, and for VSEL and FCCMP, which take a condition: vec_call_op().
 */
extern const vec_fn vec_table[IR_OP_COUNT];

/*
 * Carry out @in, an operation of vec_table[], VSEL or FCCMP: the operands, fpcr
 * and fpsr are the caller's; imm, es, q and w are taken from @in, and so is
 * whether the standard value stands in for fpcr (IR_FP_STD).  F arguments are
 * NZCV in bits 31:28, as F results are.
 */
void vec_call_op(const struct ir_insn *in, struct vec_call *vc);

/*
 * AArch32's StandardFPSCRValue: FZ and DN set, round to nearest, AHP as it is
 * in @fpcr.
 */
static inline u32 vec_standard_fpcr(u32 fpcr)
{
	return (fpcr & 1u << 26) | 1u << 25 | 1u << 24;
}

/* ---- scalar functions that every engine needs ---- */

/* CRC32B/H/W/X and their CRC32C forms: the low @bytes (1, 2, 4, 8) of @data into @crc. */
u32 emu_crc32(u32 crc, u64 data, unsigned int bytes, bool castagnoli);
/* Does Arm condition @cond hold for @nzcv (bits 31:28)? */
bool emu_cond(unsigned int cond, u32 nzcv);

#endif
