/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of AArch32 Advanced SIMD translation share.
 *
 * As for A64, each file has a table from the row (enum a32_op) to IR operations,
 * and the functions of the classes say how operands and result go around them.
 * i->Dd, i->Dn and i->Dm number D registers also where Q registers are meant.
 */
#ifndef EMU_FRONT_A32_NEON_H
#define EMU_FRONT_A32_NEON_H

#include "emu/front/a32.h"
#include "emu/front/a64_simd.h"

/* Operations of a row with U = 0 and U = 1. */
struct neon_ops {
	u16 op[2];
};

#define NEON_SU(name) { { IR_VS##name, IR_VU##name } }
#define NEON_ONE(name) { { IR_##name, IR_##name } }

/*
 * The start of every class.  True: the instruction traps, the block has ended
 * and the caller returns true; else it is unconditional from here on.
 */
static inline bool neon_trapped(struct front *f)
{
	if (a32_fp_trapped(f))
		return true;
	a32_unless_skip(f);
	return false;
}

static inline enum ir_shape neon_q(const struct a32_insn *i)
{
	return i->Q ? IR_Q : IR_D;
}

/* Q register that begins with D register @d, or in the form of shape @q that one alone. */
static inline ir_ref neon_get_q(struct front *f, unsigned int d)
{
	return a32_get_q(f, d >> 1);
}

static inline ir_ref neon_get(struct front *f, enum ir_shape q, unsigned int d)
{
	return q == IR_Q ? neon_get_q(f, d) : a32_get_d(f, d);
}

static inline bool neon_set_q(struct front *f, unsigned int d, ir_ref v)
{
	a32_set_q(f, d >> 1, v);
	return true;
}

static inline bool neon_set_d(struct front *f, unsigned int d, ir_ref v)
{
	a32_set_d(f, d, v);
	return true;
}

static inline bool neon_set(struct front *f, enum ir_shape q, unsigned int d, ir_ref v)
{
	return q == IR_Q ? neon_set_q(f, d, v) : neon_set_d(f, d, v);
}

/* The lane of Dm that a scalar form names, in every lane of shape @q. */
static inline ir_ref neon_lane(struct front *f, const struct a32_insn *i, unsigned int es, enum ir_shape q)
{
	return simd_imm(f, IR_VDUP, es, q, a32_get_d(f, i->Dm), i->index);
}

/* D registers @d0 and @d1 as one value. */
static inline ir_ref neon_get_pair(struct front *f, unsigned int d0, unsigned int d1)
{
	if (!(d0 & 1) && d1 == d0 + 1)
		return neon_get_q(f, d0);
	return simd_2(f, IR_VCAT, 3, IR_Q, a32_get_d(f, d0), a32_get_d(f, d1));
}

#endif
