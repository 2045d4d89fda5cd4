/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of SIMD and floating-point translation share.
 *
 * Rows of a class mostly differ in one IR operation alone; each file has a
 * table from the row (enum a64_op) to that operation, and the functions of the
 * classes say how operands and result go around it.
 */
#ifndef EMU_FRONT_A64_SIMD_H
#define EMU_FRONT_A64_SIMD_H

#include "emu/front/front.h"

/* AdvSIMDExpandImm (DDI 0487; DDI 0406C A7.4.6 is the same), before MVNI and BIC turn it over. */
u64 simd_modimm(unsigned int op, unsigned int cmode, u64 imm8);

/* The shape of a vector form by its Q bit. */
static inline enum ir_shape simd_q(const struct a64_insn *i)
{
	return i->Q ? IR_Q : IR_D;
}

static inline ir_ref simd_get(struct front *f, unsigned int n)
{
	return ir_get_v(f->b, n);
}

/* The whole register: operations leave zero above their shape. */
static inline bool simd_set(struct front *f, unsigned int n, ir_ref v)
{
	ir_set_v(f->b, n, v);
	return true;
}

static inline ir_ref simd_1(struct front *f, enum ir_op op, unsigned int es, enum ir_shape q, ir_ref a)
{
	return ir_vop(f->b, op, es, q, 0, a, IR_NONE, IR_NONE);
}

static inline ir_ref simd_2(struct front *f, enum ir_op op, unsigned int es, enum ir_shape q, ir_ref a,
			    ir_ref c)
{
	return ir_vop(f->b, op, es, q, 0, a, c, IR_NONE);
}

static inline ir_ref simd_3(struct front *f, enum ir_op op, unsigned int es, enum ir_shape q, ir_ref a,
			    ir_ref c, ir_ref d)
{
	return ir_vop(f->b, op, es, q, 0, a, c, d);
}

/* One operand and a constant. */
static inline ir_ref simd_imm(struct front *f, enum ir_op op, unsigned int es, enum ir_shape q, ir_ref a,
			      u64 imm)
{
	return ir_vop(f->b, op, es, q, imm, a, IR_NONE, IR_NONE);
}

/* 64 bits, twice for a shape of 128. */
static inline ir_ref simd_const(struct front *f, enum ir_shape q, u64 v)
{
	return ir_vop(f->b, IR_VCONST, 3, q == IR_Q ? IR_Q : IR_D, v, IR_NONE, IR_NONE, IR_NONE);
}

static inline ir_ref simd_zero(struct front *f)
{
	return simd_const(f, IR_D, 0);
}

/* An element of 8 << es bits in every lane of 64 bits. */
static inline u64 simd_splat(unsigned int es, u64 v)
{
	static const u64 ones[] = { 0x0101010101010101, 0x0001000100010001, 0x0000000100000001, 1 };

	return (es < 3 ? v & ARM_MASK((8u << es) - 1, 0) : v) * ones[es & 3];
}

/* The half of Vn that a widening form reads, in the low 64 bits: the upper one for "2" forms. */
static inline ir_ref simd_half(struct front *f, const struct a64_insn *i, unsigned int n)
{
	return i->Q ? simd_1(f, IR_VHIGH, 3, IR_D, simd_get(f, n)) : simd_get(f, n);
}

/* Vd = a narrow result in the low 64 bits of v; "2" forms keep the low half and write the upper. */
static inline bool simd_set_narrow(struct front *f, const struct a64_insn *i, ir_ref v)
{
	if (i->Q)
		v = simd_2(f, IR_VCAT, 3, IR_Q, simd_get(f, i->Rd), v);
	return simd_set(f, i->Rd, v);
}

#endif
