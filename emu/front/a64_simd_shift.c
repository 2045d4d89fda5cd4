// SPDX-License-Identifier: GPL-2.0-only
/*
 * SIMD shifts.  The highest set bit of immh gives the element size; immh:immb
 * is esize + n for a shift left by n and 2 * esize - n for one right by n.  For
 * narrowing and widening forms that is the narrow element.
 */
#include "emu/front/a64_simd.h"

/* Not for immh == 0, which the decoder gives to other instructions. */
static unsigned int shift_es(const struct a64_insn *i)
{
	return 31 - (unsigned int)__builtin_clz(i->immh | 1u);
}

static unsigned int shift_left(const struct a64_insn *i)
{
	return (i->immh << 3 | i->immb) - (8u << shift_es(i));
}

static unsigned int shift_right(const struct a64_insn *i)
{
	return (16u << shift_es(i)) - (i->immh << 3 | i->immb);
}

/* op: the shift; then: what follows it, on Vd and the result or as a narrowing. */
struct shift_row {
	u16 op, then;
};

static const struct shift_row shift_rows[A64_OP_COUNT] = {
	[A64_SSHR_S] = { IR_VSARI, 0 },		[A64_SSHR_V] = { IR_VSARI, 0 },
	[A64_USHR_S] = { IR_VSHRI, 0 },		[A64_USHR_V] = { IR_VSHRI, 0 },
	[A64_SRSHR_S] = { IR_VSRSHRI, 0 },	[A64_SRSHR_V] = { IR_VSRSHRI, 0 },
	[A64_URSHR_S] = { IR_VURSHRI, 0 },	[A64_URSHR_V] = { IR_VURSHRI, 0 },
	[A64_SSRA_S] = { IR_VSARI, IR_VADD },	[A64_SSRA_V] = { IR_VSARI, IR_VADD },
	[A64_USRA_S] = { IR_VSHRI, IR_VADD },	[A64_USRA_V] = { IR_VSHRI, IR_VADD },
	[A64_SRSRA_S] = { IR_VSRSHRI, IR_VADD },	[A64_SRSRA_V] = { IR_VSRSHRI, IR_VADD },
	[A64_URSRA_S] = { IR_VURSHRI, IR_VADD },	[A64_URSRA_V] = { IR_VURSHRI, IR_VADD },

	[A64_SHRN] = { IR_VSHRI, IR_VXTN },
	[A64_RSHRN] = { IR_VURSHRI, IR_VXTN },
	[A64_SQSHRN_S] = { IR_VSARI, IR_VSQXTN },	[A64_SQSHRN_V] = { IR_VSARI, IR_VSQXTN },
	[A64_SQRSHRN_S] = { IR_VSRSHRI, IR_VSQXTN },	[A64_SQRSHRN_V] = { IR_VSRSHRI, IR_VSQXTN },
	[A64_UQSHRN_S] = { IR_VSHRI, IR_VUQXTN },	[A64_UQSHRN_V] = { IR_VSHRI, IR_VUQXTN },
	[A64_UQRSHRN_S] = { IR_VURSHRI, IR_VUQXTN },	[A64_UQRSHRN_V] = { IR_VURSHRI, IR_VUQXTN },
	[A64_SQSHRUN_V_SHIFT_RIGHT_NARROW_NONSIMD] = { IR_VSARI, IR_VSQXTUN },
	[A64_SQSHRUN_V_SHIFT_RIGHT_NARROW_NONSISD] = { IR_VSARI, IR_VSQXTUN },
	[A64_SQRSHRUN_V_SHIFT_RIGHT_NARROW_NONSIMD] = { IR_VSRSHRI, IR_VSQXTUN },
	[A64_SQRSHRUN_V_SHIFT_RIGHT_NARROW_NONSISD] = { IR_VSRSHRI, IR_VSQXTUN },

	[A64_SSHLL] = { IR_VSXTL, IR_VSHLI },
	[A64_USHLL] = { IR_VUXTL, IR_VSHLI },

	[A64_SQSHL_IMM_S] = { IR_VSQSHL, 0 },	[A64_SQSHL_IMM_V] = { IR_VSQSHL, 0 },
	[A64_UQSHL_IMM_S] = { IR_VUQSHL, 0 },	[A64_UQSHL_IMM_V] = { IR_VUQSHL, 0 },
	[A64_SQSHLU_S] = { IR_VSQSHLUI, 0 },	[A64_SQSHLU_V] = { IR_VSQSHLUI, 0 },

	[A64_SSHL_S] = { IR_VSSHL, 0 },		[A64_SSHL_V] = { IR_VSSHL, 0 },
	[A64_USHL_S] = { IR_VUSHL, 0 },		[A64_USHL_V] = { IR_VUSHL, 0 },
	[A64_SRSHL_S] = { IR_VSRSHL, 0 },	[A64_SRSHL_V] = { IR_VSRSHL, 0 },
	[A64_URSHL_S] = { IR_VURSHL, 0 },	[A64_URSHL_V] = { IR_VURSHL, 0 },
	[A64_SQSHL_REG_S] = { IR_VSQSHL, 0 },	[A64_SQSHL_REG_V] = { IR_VSQSHL, 0 },
	[A64_UQSHL_REG_S] = { IR_VUQSHL, 0 },	[A64_UQSHL_REG_V] = { IR_VUQSHL, 0 },
	[A64_SQRSHL_S] = { IR_VSQRSHL, 0 },	[A64_SQRSHL_V] = { IR_VSQRSHL, 0 },
	[A64_UQRSHL_S] = { IR_VUQRSHL, 0 },	[A64_UQRSHL_V] = { IR_VUQRSHL, 0 },
};

#define SHIFT_SCALAR(cls, form)							\
bool tr_##cls(struct front *f, const struct a64_insn *i)			\
{										\
	return shift_##form(f, i, IR_SCALAR);					\
}

#define SHIFT_VECTOR(cls, form)							\
bool tr_##cls(struct front *f, const struct a64_insn *i)			\
{										\
	return shift_##form(f, i, simd_q(i));					\
}

/* ---- by a register ---- */

static bool shift_reg(struct front *f, const struct a64_insn *i, enum ir_shape q)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, simd_2(f, shift_rows[i->op].op, i->size, q, simd_get(f, i->Rn),
					 simd_get(f, i->Rm)));
}

SHIFT_SCALAR(v_shift_scl, reg)
SHIFT_VECTOR(v_shift_vec, reg)

/* ---- right ---- */

static bool shift_right_imm(struct front *f, const struct a64_insn *i, enum ir_shape q)
{
	const struct shift_row *r = &shift_rows[i->op];
	unsigned int es = shift_es(i);
	ir_ref v;

	if (front_fp_trapped(f))
		return true;
	v = simd_imm(f, r->op, es, q, simd_get(f, i->Rn), shift_right(i));
	if (r->then)
		v = simd_2(f, r->then, es, q, simd_get(f, i->Rd), v);
	return simd_set(f, i->Rd, v);
}

SHIFT_SCALAR(v_shift_right_scl, right_imm)
SHIFT_VECTOR(v_shift_right_vec, right_imm)

/* ---- right and narrow ---- */

static ir_ref shift_narrow(struct front *f, const struct a64_insn *i, enum ir_shape q)
{
	const struct shift_row *r = &shift_rows[i->op];
	unsigned int es = shift_es(i);
	ir_ref v = simd_imm(f, r->op, es + 1, q, simd_get(f, i->Rn), shift_right(i));

	return simd_1(f, r->then, es, q, v);
}

static bool shift_narrow_scl(struct front *f, const struct a64_insn *i, enum ir_shape q)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, shift_narrow(f, i, q));
}

/* All 128 bits are read, whatever Q says. */
static bool shift_narrow_vec(struct front *f, const struct a64_insn *i, enum ir_shape q)
{
	(void)q;
	if (front_fp_trapped(f))
		return true;
	return simd_set_narrow(f, i, shift_narrow(f, i, IR_Q));
}

SHIFT_SCALAR(v_shift_right_narrow_scl, narrow_scl)
SHIFT_SCALAR(v_shift_right_narrow_nonsisd, narrow_scl)
SHIFT_VECTOR(v_shift_right_narrow_vec, narrow_vec)
SHIFT_VECTOR(v_shift_right_narrow_nonsimd, narrow_vec)
SHIFT_VECTOR(v_shift_right_narrow_logical, narrow_vec)

/* ---- left ---- */

static bool shift_left_imm(struct front *f, const struct a64_insn *i, enum ir_shape q)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, simd_imm(f, IR_VSHLI, shift_es(i), q, simd_get(f, i->Rn),
					   shift_left(i)));
}

SHIFT_SCALAR(v_shift_left_scl, left_imm)
SHIFT_VECTOR(v_shift_left_vec, left_imm)

/* SQSHL and UQSHL are the shift by a register with the count in every lane. */
static bool shift_left_sat(struct front *f, const struct a64_insn *i, enum ir_shape q)
{
	enum ir_op op = shift_rows[i->op].op;
	unsigned int es = shift_es(i), n = shift_left(i);
	ir_ref v;

	if (front_fp_trapped(f))
		return true;
	v = simd_get(f, i->Rn);
	if (op == IR_VSQSHLUI)
		v = simd_imm(f, op, es, q, v, n);
	else
		v = simd_2(f, op, es, q, v, simd_const(f, q, simd_splat(es, n)));
	return simd_set(f, i->Rd, v);
}

SHIFT_SCALAR(v_shift_left_sat_scl, left_sat)
SHIFT_VECTOR(v_shift_left_sat_vec, left_sat)

bool tr_v_shift_left_long(struct front *f, const struct a64_insn *i)
{
	const struct shift_row *r = &shift_rows[i->op];
	unsigned int es = shift_es(i), n = shift_left(i);
	ir_ref v;

	if (front_fp_trapped(f))
		return true;
	v = simd_1(f, r->op, es, IR_Q, simd_half(f, i, i->Rn));
	if (n)
		v = simd_imm(f, r->then, es + 1, IR_Q, v, n);
	return simd_set(f, i->Rd, v);
}

/* ---- insertion over Vd ---- */

static bool shift_sli(struct front *f, const struct a64_insn *i, enum ir_shape q)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, ir_vop(f->b, IR_VSLI, shift_es(i), q, shift_left(i),
					 simd_get(f, i->Rd), simd_get(f, i->Rn), IR_NONE));
}

static bool shift_sri(struct front *f, const struct a64_insn *i, enum ir_shape q)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, ir_vop(f->b, IR_VSRI, shift_es(i), q, shift_right(i),
					 simd_get(f, i->Rd), simd_get(f, i->Rn), IR_NONE));
}

SHIFT_SCALAR(v_shift_left_insert_scl, sli)
SHIFT_VECTOR(v_shift_left_insert_vec, sli)
SHIFT_SCALAR(v_shift_right_insert_scl, sri)
SHIFT_VECTOR(v_shift_right_insert_vec, sri)
