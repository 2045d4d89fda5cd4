// SPDX-License-Identifier: GPL-2.0-only
/* AArch32 Advanced SIMD that moves bits: logic, constants, permutations, tables; and cryptography. */
#include "emu/front/a32_neon.h"

static const u16 move_ops[A32_OP_COUNT] = {
	[A32_VAND_N] = IR_VAND,
	[A32_VBIC_N] = IR_VANDN,
	[A32_VORR_N] = IR_VOR,
	[A32_VORN_N] = IR_VORN,
	[A32_VEOR_N] = IR_VXOR,

	[A32_AESE_N] = IR_AESE,		[A32_AESD_N] = IR_AESD,
	[A32_AESMC_N] = IR_AESMC,	[A32_AESIMC_N] = IR_AESIMC,
	[A32_SHA1C_N] = IR_SHA1C,	[A32_SHA1P_N] = IR_SHA1P,
	[A32_SHA1M_N] = IR_SHA1M,	[A32_SHA1H_N] = IR_SHA1H,
	[A32_SHA1SU0_N] = IR_SHA1SU0,	[A32_SHA1SU1_N] = IR_SHA1SU1,
	[A32_SHA256H_N] = IR_SHA256H,	[A32_SHA256H2_N] = IR_SHA256H2,
	[A32_SHA256SU0_N] = IR_SHA256SU0,	[A32_SHA256SU1_N] = IR_SHA256SU1,
};

/* ---- logic: the three selections differ in which register is the mask, the new bits, the old ones ---- */

bool tr32_neon_logic(struct front *f, const struct a32_insn *i)
{
	enum ir_shape q = neon_q(i);
	ir_ref d, n, m, v;

	if (neon_trapped(f))
		return true;
	n = neon_get(f, q, i->Dn);
	m = neon_get(f, q, i->Dm);
	if (move_ops[i->op])
		return neon_set(f, q, i->Dd, simd_2(f, move_ops[i->op], 0, q, n, m));
	d = neon_get(f, q, i->Dd);
	if (i->op == A32_VBSL_N)
		v = simd_3(f, IR_VBSL, 0, q, d, n, m);
	else if (i->op == A32_VBIT_N)
		v = simd_3(f, IR_VBSL, 0, q, m, n, d);
	else
		v = simd_3(f, IR_VBSL, 0, q, m, d, n);
	return neon_set(f, q, i->Dd, v);
}

/* ---- constants ---- */

bool tr32_neon_imm(struct front *f, const struct a32_insn *i)
{
	enum ir_shape q = neon_q(i);
	u64 imm = simd_modimm(i->op == A32_VMOV_N_I64, i->cmode, i->imm);
	ir_ref v;

	if (neon_trapped(f))
		return true;
	switch (i->op) {
	case A32_VMVN_N_I32:
	case A32_VMVN_N_I16:
	case A32_VMVN_N_ONES:
		v = simd_const(f, q, ~imm);
		break;
	case A32_VORR_N_I32:
	case A32_VORR_N_I16:
		v = simd_2(f, IR_VOR, 0, q, neon_get(f, q, i->Dd), simd_const(f, q, imm));
		break;
	case A32_VBIC_N_I32:
	case A32_VBIC_N_I16:
		v = simd_2(f, IR_VANDN, 0, q, neon_get(f, q, i->Dd), simd_const(f, q, imm));
		break;
	default:
		v = simd_const(f, q, imm);
	}
	return neon_set(f, q, i->Dd, v);
}

bool tr32_neon_dup(struct front *f, const struct a32_insn *i)
{
	enum ir_shape q = neon_q(i);

	if (neon_trapped(f))
		return true;
	return neon_set(f, q, i->Dd, neon_lane(f, i, i->size, q));
}

/* ---- permutations ---- */

struct swap_row {
	u16 d, m;	/* the new Vd and Vm, of both old ones */
};

static const struct swap_row swap_rows[A32_OP_COUNT] = {
	[A32_VTRN_N] = { IR_VTRN1, IR_VTRN2 },
	[A32_VUZP_N] = { IR_VUZP1, IR_VUZP2 },
	[A32_VZIP_N] = { IR_VZIP1, IR_VZIP2 },
};

/* With Vd = Vm the result is UNKNOWN: here that of Vm. */
bool tr32_neon_swap(struct front *f, const struct a32_insn *i)
{
	const struct swap_row *r = &swap_rows[i->op];
	enum ir_shape q = neon_q(i);
	ir_ref d, m, t;

	if (neon_trapped(f))
		return true;
	t = d = neon_get(f, q, i->Dd);
	m = neon_get(f, q, i->Dm);
	if (r->d) {
		d = simd_2(f, r->m, i->size, q, t, m);
		m = simd_2(f, r->d, i->size, q, t, m);
	}
	neon_set(f, q, i->Dd, m);
	return neon_set(f, q, i->Dm, d);
}

bool tr32_neon_ext(struct front *f, const struct a32_insn *i)
{
	enum ir_shape q = neon_q(i);

	if (neon_trapped(f))
		return true;
	return neon_set(f, q, i->Dd, ir_vop(f->b, IR_VEXT, 0, q, i->imm, neon_get(f, q, i->Dn),
					    neon_get(f, q, i->Dm), IR_NONE));
}

/*
 * Two registers of the list make a table of 16 bytes.  Half a table, at the end
 * of an odd list, must not be asked for what is above: such indices become 255.
 */
bool tr32_neon_table(struct front *f, const struct a32_insn *i)
{
	unsigned int regs = i->len + 1u;
	ir_ref v, idx, t;

	if (neon_trapped(f))
		return true;
	v = i->op == A32_VTBX_N ? a32_get_d(f, i->Dd) : simd_zero(f);
	idx = a32_get_d(f, i->Dm);
	if (regs & 1) {
		t = simd_2(f, IR_VCMHI, 0, IR_D, idx, simd_const(f, IR_D, simd_splat(0, 8 * regs - 1)));
		idx = simd_2(f, IR_VOR, 0, IR_D, idx, t);
	}
	for (unsigned int n = 0; n < regs; n += 2) {
		if (n + 1 < regs)
			t = neon_get_pair(f, i->Dn + n, i->Dn + n + 1);
		else
			t = a32_get_d(f, i->Dn + n);
		v = ir_vop(f->b, IR_VTBX, 0, IR_D, 8 * n, v, t, idx);
	}
	return neon_set_d(f, i->Dd, v);
}

/* ---- AES, SHA-1, SHA-256: operands as ir.def says ---- */

bool tr32_neon_crypto2(struct front *f, const struct a32_insn *i)
{
	enum ir_op op = move_ops[i->op];
	ir_ref m, v;

	if (neon_trapped(f))
		return true;
	m = neon_get_q(f, i->Dm);
	if (ir_ops[op].nargs == 1)
		v = simd_1(f, op, 0, IR_Q, m);
	else
		v = simd_2(f, op, 0, IR_Q, neon_get_q(f, i->Dd), m);
	return neon_set_q(f, i->Dd, v);
}

bool tr32_neon_sha3(struct front *f, const struct a32_insn *i)
{
	if (neon_trapped(f))
		return true;
	return neon_set_q(f, i->Dd, simd_3(f, move_ops[i->op], 0, IR_Q, neon_get_q(f, i->Dd),
					   neon_get_q(f, i->Dn), neon_get_q(f, i->Dm)));
}
