// SPDX-License-Identifier: GPL-2.0-only
/* Shifts of AArch32 Advanced SIMD.  i->imm is the count, i->size the narrow element where there are two. */
#include "emu/front/a32_neon.h"

/* op: the shift, by U; then: what follows it, on Vd and the result or as a narrowing. */
struct shift_row {
	u16 op[2], then[2];
};

#define ROW(s, u) { { IR_##s, IR_##u }, { 0, 0 } }
#define ROW_ADD(s, u) { { IR_##s, IR_##u }, { IR_VADD, IR_VADD } }
#define ROW_NARROW(s, u, sn, un) { { IR_##s, IR_##u }, { IR_##sn, IR_##un } }

static const struct shift_row shift_rows[A32_OP_COUNT] = {
	[A32_VSHL_N] = ROW(VSSHL, VUSHL),
	[A32_VQSHL_N] = ROW(VSQSHL, VUQSHL),
	[A32_VRSHL_N] = ROW(VSRSHL, VURSHL),
	[A32_VQRSHL_N] = ROW(VSQRSHL, VUQRSHL),

	[A32_VSHR_N] = ROW(VSARI, VSHRI),
	[A32_VRSHR_N] = ROW(VSRSHRI, VURSHRI),
	[A32_VSRA_N] = ROW_ADD(VSARI, VSHRI),
	[A32_VRSRA_N] = ROW_ADD(VSRSHRI, VURSHRI),

	[A32_VSRI_N] = ROW(VSRI, VSRI),
	[A32_VSLI_N] = ROW(VSLI, VSLI),
	[A32_VSHL_NI] = ROW(VSHLI, VSHLI),
	[A32_VQSHLU_N] = ROW(VSQSHLUI, VSQSHLUI),
	[A32_VQSHL_NI] = ROW(VSQSHL, VUQSHL),

	[A32_VSHRN_N] = ROW_NARROW(VSHRI, VSHRI, VXTN, VXTN),
	[A32_VRSHRN_N] = ROW_NARROW(VURSHRI, VURSHRI, VXTN, VXTN),
	[A32_VQSHRUN_N] = ROW_NARROW(VSARI, VSARI, VSQXTUN, VSQXTUN),
	[A32_VQRSHRUN_N] = ROW_NARROW(VSRSHRI, VSRSHRI, VSQXTUN, VSQXTUN),
	[A32_VQSHRN_N] = ROW_NARROW(VSARI, VSHRI, VSQXTN, VUQXTN),
	[A32_VQRSHRN_N] = ROW_NARROW(VSRSHRI, VURSHRI, VSQXTN, VUQXTN),

	[A32_VSHLL_N] = ROW(VSXTL, VUXTL),
};

static enum ir_op shift_op(const struct a32_insn *i)
{
	return shift_rows[i->op].op[i->U];
}

/* Vm is shifted by the lanes of Vn. */
bool tr32_neon_shift_reg(struct front *f, const struct a32_insn *i)
{
	enum ir_shape q = neon_q(i);

	if (neon_trapped(f))
		return true;
	return neon_set(f, q, i->Dd, simd_2(f, shift_op(i), i->size, q, neon_get(f, q, i->Dm),
					    neon_get(f, q, i->Dn)));
}

bool tr32_neon_shr(struct front *f, const struct a32_insn *i)
{
	enum ir_op then = shift_rows[i->op].then[i->U];
	enum ir_shape q = neon_q(i);
	ir_ref v;

	if (neon_trapped(f))
		return true;
	v = simd_imm(f, shift_op(i), i->size, q, neon_get(f, q, i->Dm), i->imm);
	if (then)
		v = simd_2(f, then, i->size, q, neon_get(f, q, i->Dd), v);
	return neon_set(f, q, i->Dd, v);
}

bool tr32_neon_shift_insert(struct front *f, const struct a32_insn *i)
{
	enum ir_shape q = neon_q(i);

	if (neon_trapped(f))
		return true;
	return neon_set(f, q, i->Dd, ir_vop(f->b, shift_op(i), i->size, q, i->imm, neon_get(f, q, i->Dd),
					    neon_get(f, q, i->Dm), IR_NONE));
}

/* VQSHL is the shift by a register with the count in every lane. */
bool tr32_neon_shl(struct front *f, const struct a32_insn *i)
{
	enum ir_shape q = neon_q(i);
	ir_ref m, v;

	if (neon_trapped(f))
		return true;
	m = neon_get(f, q, i->Dm);
	if (i->op == A32_VQSHL_NI)
		v = simd_2(f, shift_op(i), i->size, q, m, simd_const(f, q, simd_splat(i->size, i->imm)));
	else
		v = simd_imm(f, shift_op(i), i->size, q, m, i->imm);
	return neon_set(f, q, i->Dd, v);
}

bool tr32_neon_shr_narrow(struct front *f, const struct a32_insn *i)
{
	ir_ref v;

	if (neon_trapped(f))
		return true;
	v = simd_imm(f, shift_op(i), i->size + 1u, IR_Q, neon_get_q(f, i->Dm), i->imm);
	return neon_set_d(f, i->Dd, simd_1(f, shift_rows[i->op].then[i->U], i->size, IR_Q, v));
}

/* Widened, then shifted. */
static bool shift_long(struct front *f, const struct a32_insn *i, enum ir_op op, unsigned int count)
{
	ir_ref v;

	if (neon_trapped(f))
		return true;
	v = simd_1(f, op, i->size, IR_Q, a32_get_d(f, i->Dm));
	if (count)
		v = simd_imm(f, IR_VSHLI, i->size + 1u, IR_Q, v, count);
	return neon_set_q(f, i->Dd, v);
}

bool tr32_neon_shl_long(struct front *f, const struct a32_insn *i)
{
	return shift_long(f, i, shift_op(i), i->imm);
}

bool tr32_neon_shll_max(struct front *f, const struct a32_insn *i)
{
	return shift_long(f, i, IR_VUXTL, 8u << i->size);
}
