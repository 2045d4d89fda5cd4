// SPDX-License-Identifier: GPL-2.0-only
/* SIMD that moves bits and does not calculate: logic, constants, copies, permutations, tables. */
#include "emu/front/a64_simd.h"

static const u16 move_ops[A64_OP_COUNT] = {
	[A64_AND] = IR_VAND,
	[A64_BIC_REG] = IR_VANDN,
	[A64_ORR_REG] = IR_VOR,
	[A64_ORN] = IR_VORN,
	[A64_EOR] = IR_VXOR,
	[A64_ZIP1] = IR_VZIP1,		[A64_ZIP2] = IR_VZIP2,
	[A64_UZP1] = IR_VUZP1,		[A64_UZP2] = IR_VUZP2,
	[A64_TRN1] = IR_VTRN1,		[A64_TRN2] = IR_VTRN2,
	[A64_REV16_V_REV] = IR_VREV16,
	[A64_REV32_V_REV] = IR_VREV32,
	[A64_REV64] = IR_VREV64,
	[A64_NOT] = IR_VNOT,
	[A64_RBIT_V_RBIT] = IR_VRBIT,
};

static bool move_binary(struct front *f, const struct a64_insn *i, unsigned int es)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, simd_2(f, move_ops[i->op], es, simd_q(i), simd_get(f, i->Rn),
					 simd_get(f, i->Rm)));
}

static bool move_unary(struct front *f, const struct a64_insn *i, unsigned int es)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, simd_1(f, move_ops[i->op], es, simd_q(i), simd_get(f, i->Rn)));
}

/* ---- logic ---- */

bool tr_v_logical_and_orr(struct front *f, const struct a64_insn *i)
{
	return move_binary(f, i, 0);
}

/* The three selections differ in which register is the mask, the new bits, the old ones. */
bool tr_v_logical_bsl_eor(struct front *f, const struct a64_insn *i)
{
	ir_ref d, n, m, v;

	if (i->op == A64_EOR)
		return move_binary(f, i, 0);
	if (front_fp_trapped(f))
		return true;
	d = simd_get(f, i->Rd);
	n = simd_get(f, i->Rn);
	m = simd_get(f, i->Rm);
	if (i->op == A64_BSL)
		v = simd_3(f, IR_VBSL, 0, simd_q(i), d, n, m);
	else if (i->op == A64_BIT)
		v = simd_3(f, IR_VBSL, 0, simd_q(i), m, n, d);
	else
		v = simd_3(f, IR_VBSL, 0, simd_q(i), m, d, n);
	return simd_set(f, i->Rd, v);
}

bool tr_v_not(struct front *f, const struct a64_insn *i)
{
	return move_unary(f, i, 0);
}

bool tr_v_rbit(struct front *f, const struct a64_insn *i)
{
	return move_unary(f, i, 0);
}

/* ---- constants ---- */

/* Each bit of imm8 eight times. */
static u64 imm_bytes(u64 imm8)
{
	u64 v = 0;

	for (unsigned int n = 0; n < 8; n++)
		if (imm8 >> n & 1)
			v |= 0xffULL << 8 * n;
	return v;
}

u64 simd_modimm(unsigned int op, unsigned int cmode, u64 imm8)
{
	u64 sign = imm8 >> 7, b = imm8 >> 6 & 1, low = imm8 & 0x3f;

	if (cmode < 8)
		return simd_splat(2, imm8 << 8 * (cmode >> 1));
	if (cmode < 12)
		return simd_splat(1, imm8 << 8 * (cmode >> 1 & 1));
	if (cmode < 14)		/* ones shifted in */
		return simd_splat(2, cmode & 1 ? imm8 << 16 | 0xffff : imm8 << 8 | 0xff);
	if (cmode == 14)
		return op ? imm_bytes(imm8) : simd_splat(0, imm8);
	if (op)
		return sign << 63 | (b ? 0xffULL << 54 : 1ULL << 62) | low << 48;
	return simd_splat(2, sign << 31 | (b ? 0x1fULL << 25 : 1ULL << 30) | low << 19);
}

bool tr_v_logical(struct front *f, const struct a64_insn *i)
{
	enum ir_shape q = simd_q(i);
	u64 imm = i->a << 7 | i->b << 6 | i->c << 5 | i->d << 4 | i->e << 3 | i->f << 2 | i->g << 1 | i->h;
	ir_ref v;

	if (front_fp_trapped(f))
		return true;
	imm = simd_modimm(i->opf, i->cmode, imm);
	if (i->op == A64_MVNI)
		imm = ~imm;
	v = simd_const(f, q, imm);
	if (i->op == A64_ORR_IMM_V_LOGICAL)
		v = simd_2(f, IR_VOR, 0, q, simd_get(f, i->Rd), v);
	else if (i->op == A64_BIC_IMM)
		v = simd_2(f, IR_VANDN, 0, q, simd_get(f, i->Rd), v);
	return simd_set(f, i->Rd, v);
}

/* ---- copies: the lowest set bit of imm5 is the element size, what is above it the lane ---- */

static unsigned int copy_es(const struct a64_insn *i)
{
	return (unsigned int)__builtin_ctz(i->imm5 | 0x10u);
}

static unsigned int copy_lane(const struct a64_insn *i)
{
	return i->imm5 >> (copy_es(i) + 1);
}

bool tr_v_dup(struct front *f, const struct a64_insn *i)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, simd_1(f, IR_VSPLAT, copy_es(i), simd_q(i), front_x(f, i->Rn)));
}

static bool copy_dup(struct front *f, const struct a64_insn *i, enum ir_shape q)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, simd_imm(f, IR_VDUP, copy_es(i), q, simd_get(f, i->Rn),
					   copy_lane(i)));
}

bool tr_v_v_cpy_dup_scl(struct front *f, const struct a64_insn *i)
{
	return copy_dup(f, i, IR_SCALAR);
}

bool tr_v_v_cpy_dup_vec(struct front *f, const struct a64_insn *i)
{
	return copy_dup(f, i, simd_q(i));
}

bool tr_v_insert(struct front *f, const struct a64_insn *i)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, ir_vop(f->b, IR_VINS, copy_es(i), IR_Q, copy_lane(i),
					 simd_get(f, i->Rd), front_x(f, i->Rn), IR_NONE));
}

bool tr_v_v_insert(struct front *f, const struct a64_insn *i)
{
	unsigned int es = copy_es(i), from = i->imm4 >> es;

	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, ir_vop(f->b, IR_VINSV, es, IR_Q, copy_lane(i) | from << 4,
					 simd_get(f, i->Rd), simd_get(f, i->Rn), IR_NONE));
}

static bool copy_to_x(struct front *f, const struct a64_insn *i, enum ir_op op, unsigned int w)
{
	struct ir_insn t = { .op = op, .q = IR_SCALAR };

	if (front_fp_trapped(f))
		return true;
	t.w = w;
	t.es = copy_es(i);
	t.imm = copy_lane(i);
	t.arg[0] = simd_get(f, i->Rn);
	front_set_x(f, i->Rd, ir_emit(f->b, &t));
	return true;
}

bool tr_v_move_signed(struct front *f, const struct a64_insn *i)
{
	return copy_to_x(f, i, IR_VGETS, front_w(i->Q));
}

bool tr_v_move_unsigned(struct front *f, const struct a64_insn *i)
{
	return copy_to_x(f, i, IR_VGETU, 64);
}

/* ---- permutations ---- */

bool tr_v_v_permute_zip(struct front *f, const struct a64_insn *i)
{
	return move_binary(f, i, i->size);
}

bool tr_v_v_permute_unzip(struct front *f, const struct a64_insn *i)
{
	return move_binary(f, i, i->size);
}

bool tr_v_v_permute_transpose(struct front *f, const struct a64_insn *i)
{
	return move_binary(f, i, i->size);
}

bool tr_v_rev(struct front *f, const struct a64_insn *i)
{
	return move_unary(f, i, i->size);
}

bool tr_v_v_extract(struct front *f, const struct a64_insn *i)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, ir_vop(f->b, IR_VEXT, 0, simd_q(i), i->imm4, simd_get(f, i->Rn),
					 simd_get(f, i->Rm), IR_NONE));
}

/* One VTBX for each register of the table; no two of them serve the same index. */
bool tr_v_v_table(struct front *f, const struct a64_insn *i)
{
	ir_ref v, idx;

	if (front_fp_trapped(f))
		return true;
	v = i->op == A64_TBX ? simd_get(f, i->Rd) : simd_zero(f);
	idx = simd_get(f, i->Rm);
	for (unsigned int n = 0; n <= i->len; n++)
		v = ir_vop(f->b, IR_VTBX, 0, simd_q(i), 16 * n, v, simd_get(f, (i->Rn + n) & 31), idx);
	return simd_set(f, i->Rd, v);
}
