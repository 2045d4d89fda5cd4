// SPDX-License-Identifier: GPL-2.0-only
/*
 * Integer Advanced SIMD of AArch32 between lanes of one size and of twice that
 * size, and with a scalar.  i->size is the narrow size.
 */
#include "emu/front/a32_neon.h"

/* op: on the narrow operands, by U; then, if any, acc on Vd and what op gave. */
struct wide_row {
	u16 op[2], acc;
};

#define SXTL { IR_VSXTL, IR_VUXTL }
#define MULL { IR_VSMULL, IR_VUMULL }
#define BOTH(op) { IR_##op, IR_##op }

static const struct wide_row wide_rows[A32_OP_COUNT] = {
	[A32_VADDL_N] = { SXTL, IR_VADD },
	[A32_VSUBL_N] = { SXTL, IR_VSUB },
	[A32_VADDW_N] = { SXTL, IR_VADD },
	[A32_VSUBW_N] = { SXTL, IR_VSUB },
	[A32_VADDHN_N] = { BOTH(VADD), 0 },
	[A32_VRADDHN_N] = { BOTH(VADD), 0 },
	[A32_VSUBHN_N] = { BOTH(VSUB), 0 },
	[A32_VRSUBHN_N] = { BOTH(VSUB), 0 },
	[A32_VABDL_N] = { { IR_VSABD, IR_VUABD }, 0 },
	[A32_VABAL_N] = { { IR_VSABD, IR_VUABD }, IR_VADD },
	[A32_VMULL_N] = { MULL, 0 },
	[A32_VMLAL_N] = { MULL, IR_VADD },
	[A32_VMLSL_N] = { MULL, IR_VSUB },
	[A32_VQDMULL_N] = { BOTH(VSQDMULL), 0 },
	[A32_VQDMLAL_N] = { BOTH(VSQDMULL), IR_VSQADD },
	[A32_VQDMLSL_N] = { BOTH(VSQDMULL), IR_VSQSUB },
	[A32_VMULL_NP8] = { BOTH(VPMULL), 0 },
	[A32_VMULL_NP64] = { BOTH(VPMULL), 0 },

	[A32_VMULL_NS] = { MULL, 0 },
	[A32_VMLAL_NS] = { MULL, IR_VADD },
	[A32_VMLSL_NS] = { MULL, IR_VSUB },
	[A32_VQDMULL_NS] = { BOTH(VSQDMULL), 0 },
	[A32_VQDMLAL_NS] = { BOTH(VSQDMULL), IR_VSQADD },
	[A32_VQDMLSL_NS] = { BOTH(VSQDMULL), IR_VSQSUB },
	[A32_VMUL_NS] = { BOTH(VMUL), 0 },
	[A32_VMLA_NS] = { BOTH(VMLA), 0 },
	[A32_VMLS_NS] = { BOTH(VMLS), 0 },
	[A32_VQDMULH_NS] = { BOTH(VSQDMULH), 0 },
	[A32_VQRDMULH_NS] = { BOTH(VSQRDMULH), 0 },
	[A32_VQRDMLAH_NS] = { BOTH(VSQRDMLAH), 0 },
	[A32_VQRDMLSH_NS] = { BOTH(VSQRDMLSH), 0 },

	[A32_VMOVN_N] = { BOTH(VXTN), 0 },
	[A32_VQMOVN_N] = { { IR_VSQXTN, IR_VUQXTN }, 0 },
	[A32_VQMOVUN_N] = { BOTH(VSQXTUN), 0 },
};

static enum ir_op wide_op(const struct a32_insn *i)
{
	return wide_rows[i->op].op[i->U];
}

/* ---- addition ---- */

bool tr32_neon_long(struct front *f, const struct a32_insn *i)
{
	ir_ref n, m;

	if (neon_trapped(f))
		return true;
	n = simd_1(f, wide_op(i), i->size, IR_Q, a32_get_d(f, i->Dn));
	m = simd_1(f, wide_op(i), i->size, IR_Q, a32_get_d(f, i->Dm));
	return neon_set_q(f, i->Dd, simd_2(f, wide_rows[i->op].acc, i->size + 1u, IR_Q, n, m));
}

bool tr32_neon_wide(struct front *f, const struct a32_insn *i)
{
	ir_ref m;

	if (neon_trapped(f))
		return true;
	m = simd_1(f, wide_op(i), i->size, IR_Q, a32_get_d(f, i->Dm));
	return neon_set_q(f, i->Dd, simd_2(f, wide_rows[i->op].acc, i->size + 1u, IR_Q,
					   neon_get_q(f, i->Dn), m));
}

/* The upper half of each sum or difference, rounded for the R forms (U). */
bool tr32_neon_narrow(struct front *f, const struct a32_insn *i)
{
	unsigned int es = i->size + 1u, bits = 8u << i->size;
	ir_ref v;

	if (neon_trapped(f))
		return true;
	v = simd_2(f, wide_op(i), es, IR_Q, neon_get_q(f, i->Dn), neon_get_q(f, i->Dm));
	if (i->U)
		v = simd_2(f, IR_VADD, es, IR_Q, v, simd_const(f, IR_Q, simd_splat(es, 1ULL << (bits - 1))));
	v = simd_imm(f, IR_VSHRI, es, IR_Q, v, bits);
	return neon_set_d(f, i->Dd, simd_1(f, IR_VXTN, i->size, IR_Q, v));
}

/* The difference fits an unsigned narrow lane exactly. */
bool tr32_neon_long_diff(struct front *f, const struct a32_insn *i)
{
	enum ir_op acc = wide_rows[i->op].acc;
	ir_ref v;

	if (neon_trapped(f))
		return true;
	v = simd_2(f, wide_op(i), i->size, IR_D, a32_get_d(f, i->Dn), a32_get_d(f, i->Dm));
	v = simd_1(f, IR_VUXTL, i->size, IR_Q, v);
	if (acc)
		v = simd_2(f, acc, i->size + 1u, IR_Q, neon_get_q(f, i->Dd), v);
	return neon_set_q(f, i->Dd, v);
}

/* ---- multiplication ---- */

static bool wide_mul(struct front *f, const struct a32_insn *i, unsigned int es, ir_ref m)
{
	enum ir_op acc = wide_rows[i->op].acc;
	ir_ref v = simd_2(f, wide_op(i), es, IR_Q, a32_get_d(f, i->Dn), m);

	if (acc)
		v = simd_2(f, acc, es + 1, IR_Q, neon_get_q(f, i->Dd), v);
	return neon_set_q(f, i->Dd, v);
}

bool tr32_neon_long_mul(struct front *f, const struct a32_insn *i)
{
	if (neon_trapped(f))
		return true;
	return wide_mul(f, i, i->op == A32_VMULL_NP64 ? 3 : i->size, a32_get_d(f, i->Dm));
}

bool tr32_neon_scalar_long(struct front *f, const struct a32_insn *i)
{
	if (neon_trapped(f))
		return true;
	return wide_mul(f, i, i->size, neon_lane(f, i, i->size, IR_D));
}

bool tr32_neon_scalar(struct front *f, const struct a32_insn *i)
{
	enum ir_op op = wide_rows[i->op].op[0];
	enum ir_shape q = neon_q(i);
	ir_ref n, m, v;

	if (neon_trapped(f))
		return true;
	n = neon_get(f, q, i->Dn);
	m = neon_lane(f, i, i->size, q);
	if (ir_ops[op].nargs == 3)
		v = simd_3(f, op, i->size, q, neon_get(f, q, i->Dd), n, m);
	else
		v = simd_2(f, op, i->size, q, n, m);
	return neon_set(f, q, i->Dd, v);
}

/* ---- narrowing ---- */

bool tr32_neon_move_narrow(struct front *f, const struct a32_insn *i)
{
	if (neon_trapped(f))
		return true;
	return neon_set_d(f, i->Dd, simd_1(f, wide_op(i), i->size, IR_Q, neon_get_q(f, i->Dm)));
}
