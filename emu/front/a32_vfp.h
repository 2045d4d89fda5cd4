/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of VFP translation share. */
#ifndef EMU_FRONT_A32_VFP_H
#define EMU_FRONT_A32_VFP_H

#include "emu/front/a32.h"
#include "emu/front/a64_simd.h"

#define VFP_FPSCR_NZCV 0xf0000000u

/* Element size of the operands that sz is about. */
static inline unsigned int vfp_es(const struct a32_insn *i)
{
	return 2 + i->sz;
}

/*
 * S<n>, or D<n> where @sz, in the low bits, for operations and stores that look
 * at these alone: above them can be anything.
 */
static inline ir_ref vfp_get(struct front *f, bool sz, unsigned int n)
{
	ir_ref v = sz ? a32_get_d(f, n) : a32_get_s(f, n);
	const struct ir_insn *t = &f->b->insns[v];

	return t->op == IR_VLOW ? t->arg[0] : v;
}

static inline void vfp_set(struct front *f, bool sz, unsigned int n, ir_ref v)
{
	sz ? a32_set_d(f, n, v) : a32_set_s(f, n, v);
}

/* An element of Qn, of 8 << es bits, as an integer, zero-extended. */
static inline ir_ref vfp_lane(struct front *f, unsigned int q, unsigned int es, unsigned int lane)
{
	return simd_imm(f, IR_VGETU, es, IR_SCALAR, a32_get_q(f, q), lane);
}

static inline void vfp_set_lane(struct front *f, unsigned int q, unsigned int es, unsigned int lane, ir_ref v)
{
	a32_set_q(f, q, ir_vop(f->b, IR_VINS, es, IR_Q, lane, a32_get_q(f, q), v, IR_NONE));
}

/* The bits of S<n> and D<n>. */
static inline ir_ref vfp_bits_s(struct front *f, unsigned int n)
{
	return vfp_lane(f, n >> 2, 2, n & 3);
}

static inline ir_ref vfp_bits_d(struct front *f, unsigned int n)
{
	return vfp_lane(f, n >> 1, 3, n & 1);
}

static inline void vfp_set_bits_s(struct front *f, unsigned int n, ir_ref v)
{
	vfp_set_lane(f, n >> 2, 2, n & 3, v);
}

static inline void vfp_set_bits_d(struct front *f, unsigned int n, ir_ref v)
{
	vfp_set_lane(f, n >> 1, 3, n & 1, v);
}

#endif
