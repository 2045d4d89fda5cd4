// SPDX-License-Identifier: GPL-2.0-only
/*
 * VLD1..VLD4 and VST1..VST4.  Memory is accessed in pieces of 16 and 8 bytes and
 * elements are sorted between registers, as the elements follow each other
 * without gaps.  Everything is loaded before the first register is written.
 */
#include "emu/front/a32_neon.h"

#define MAX_REGS 4

/*
 * Access @k of an instruction: each must be aligned to an element where SCTLR.A
 * or the memory asks for that, and the first as the instruction says.
 */
static unsigned int ldst_mop(const struct a32_insn *i, unsigned int size, unsigned int k)
{
	if (!k && i->align)
		return size | IR_MO_ALIGN | IR_MO_STREAM | (unsigned int)i->align << 9;
	return size | IR_MO_STREAM | (unsigned int)i->size << 9;
}

static void write_back(struct front *f, const struct a32_insn *i, ir_ref base, unsigned int bytes)
{
	ir_ref step;

	if (i->Rm == 15)
		return;
	step = i->Rm == 13 ? ir_const(f->b, bytes) : a32_get(f, i->Rm);
	a32_set(f, i->Rn, ir_op(f->b, IR_ADD, 32, base, step, IR_NONE));
}

/* Dd0 and Dd1 = the halves of @v. */
static void set_pair(struct front *f, unsigned int d0, unsigned int d1, ir_ref v)
{
	if (!(d0 & 1) && d1 == d0 + 1) {
		neon_set_q(f, d0, v);
		return;
	}
	a32_set_d(f, d0, simd_1(f, IR_VLOW, 3, IR_D, v));
	a32_set_d(f, d1, simd_1(f, IR_VHIGH, 3, IR_D, v));
}

/* ---- structures of three: bytes are picked by index among the 24 of all inputs ---- */

/* Where byte @j of the output is: registers from memory when loading, else the other way round. */
static unsigned int three_index(unsigned int es, bool load, unsigned int j)
{
	unsigned int mask = (1u << es) - 1, elem = j >> es, per_reg = 8u >> es;

	if (load)
		elem = elem % per_reg * 3 + elem / per_reg;
	else
		elem = elem % 3 * per_reg + elem / 3;
	return elem << es | (j & mask);
}

/* Bytes 16 * k.. of the output; @q: 16 or 8 of them. */
static ir_ref three_part(struct front *f, const struct a32_insn *i, const ir_ref in[2], unsigned int k,
			 enum ir_shape q)
{
	u64 d[2] = { 0, 0 };
	ir_ref idx, v;

	for (unsigned int j = 0; j < 16; j++)
		d[j / 8] |= (u64)three_index(i->size, i->load, (16 * k + j) % 24) << j % 8 * 8;
	idx = simd_const(f, IR_D, d[0]);
	if (q == IR_Q)
		idx = simd_2(f, IR_VCAT, 3, IR_Q, idx, simd_const(f, IR_D, d[1]));
	v = ir_vop(f->b, IR_VTBX, 0, q, 0, simd_zero(f), in[0], idx);
	return ir_vop(f->b, IR_VTBX, 0, q, 16, v, in[1], idx);
}

static void three(struct front *f, const struct a32_insn *i, ir_ref v[2])
{
	ir_ref lo = three_part(f, i, v, 0, IR_Q), hi = three_part(f, i, v, 1, IR_D);

	v[0] = lo;
	v[1] = hi;
}

/* ---- sorting: v is up to 32 bytes, memory on one side and registers in pairs on the other ---- */

static ir_ref sort(struct front *f, const struct a32_insn *i, enum ir_op op, ir_ref a, ir_ref c)
{
	return simd_2(f, op, i->size, IR_Q, a, c);
}

static void deinterleave(struct front *f, const struct a32_insn *i, ir_ref v[2])
{
	ir_ref t0, t1;

	switch (i->elems) {
	case 2:
		if (i->regs == 2) {
			t0 = sort(f, i, IR_VUZP1, v[0], v[0]);
			t1 = sort(f, i, IR_VUZP2, v[0], v[0]);
			v[0] = simd_2(f, IR_VCAT, 3, IR_Q, t0, t1);
			break;
		}
		t0 = sort(f, i, IR_VUZP1, v[0], v[1]);
		v[1] = sort(f, i, IR_VUZP2, v[0], v[1]);
		v[0] = t0;
		break;
	case 3:
		three(f, i, v);
		break;
	case 4:
		t0 = sort(f, i, IR_VUZP1, v[0], v[1]);	/* elements 0 2 0 2 .. */
		t1 = sort(f, i, IR_VUZP2, v[0], v[1]);	/* 1 3 1 3 .. */
		v[0] = sort(f, i, IR_VUZP1, t0, t1);	/* 0 0 .. 1 1 .. */
		v[1] = sort(f, i, IR_VUZP2, t0, t1);
		break;
	}
}

static void interleave(struct front *f, const struct a32_insn *i, ir_ref v[2])
{
	ir_ref t0, t1;

	switch (i->elems) {
	case 2:
		if (i->regs == 2) {
			v[0] = sort(f, i, IR_VZIP1, v[0], simd_1(f, IR_VHIGH, 3, IR_D, v[0]));
			break;
		}
		t0 = sort(f, i, IR_VZIP1, v[0], v[1]);
		v[1] = sort(f, i, IR_VZIP2, v[0], v[1]);
		v[0] = t0;
		break;
	case 3:
		three(f, i, v);
		break;
	case 4:
		t0 = sort(f, i, IR_VZIP1, v[0], v[1]);	/* 0 2 0 2 .. */
		t1 = sort(f, i, IR_VZIP2, v[0], v[1]);	/* 1 3 1 3 .. */
		v[0] = sort(f, i, IR_VZIP1, t0, t1);
		v[1] = sort(f, i, IR_VZIP2, t0, t1);
		break;
	}
}

/* ---- multiple structures ---- */

/*
 * The register that part @k of the sorted data belongs to: the elements of a
 * structure are inc apart, and VLD2 of four registers takes two neighbours for each.
 */
static unsigned int multiple_reg(const struct a32_insn *i, unsigned int k)
{
	if (i->elems == 1 || i->regs > i->elems)
		return i->Dd + k;
	return i->Dd + k * i->inc;
}

static bool multiple_load(struct front *f, const struct a32_insn *i, ir_ref base)
{
	unsigned int bytes = 8u * i->regs, size;
	ir_ref v[2] = { IR_NONE, IR_NONE };

	for (unsigned int k = 0; 16 * k < bytes; k++) {
		size = bytes - 16 * k >= 16 ? 4 : 3;
		v[k] = a32_ldv(f, ldst_mop(i, size, k), i->size, base, 16 * k, simd_zero(f));
	}
	if (i->elems > 1)
		deinterleave(f, i, v);
	write_back(f, i, base, bytes);
	for (unsigned int k = 0; k < i->regs; k += 2) {
		if (k + 1u < i->regs)
			set_pair(f, multiple_reg(i, k), multiple_reg(i, k + 1), v[k / 2]);
		else
			a32_set_d(f, multiple_reg(i, k), v[k / 2]);
	}
	return true;
}

static bool multiple_store(struct front *f, const struct a32_insn *i, ir_ref base)
{
	unsigned int bytes = 8u * i->regs, size;
	ir_ref v[2] = { IR_NONE, IR_NONE };

	for (unsigned int k = 0; k < i->regs; k += 2) {
		if (k + 1u < i->regs)
			v[k / 2] = neon_get_pair(f, multiple_reg(i, k), multiple_reg(i, k + 1));
		else
			v[k / 2] = a32_get_d(f, multiple_reg(i, k));
	}
	if (i->elems > 1)
		interleave(f, i, v);
	for (unsigned int k = 0; 16 * k < bytes; k++) {
		size = bytes - 16 * k >= 16 ? 4 : 3;
		a32_stv(f, ldst_mop(i, size, k), i->size, base, 16 * k, v[k]);
	}
	write_back(f, i, base, bytes);
	return true;
}

bool tr32_neon_multiple(struct front *f, const struct a32_insn *i)
{
	ir_ref base;

	if (a32_fp_trapped(f))
		return true;
	base = a32_get(f, i->Rn);
	return i->load ? multiple_load(f, i, base) : multiple_store(f, i, base);
}

/* ---- one lane, and all lanes ---- */

/* Lane i->index of D register @d in its Q register. */
static unsigned int lane_in_q(const struct a32_insn *i, unsigned int d)
{
	return i->index + (d & 1) * (8u >> i->size);
}

static void load_elems(struct front *f, const struct a32_insn *i, ir_ref base, ir_ref v[MAX_REGS])
{
	for (unsigned int k = 0; k < i->elems; k++)
		v[k] = a32_ldv(f, ldst_mop(i, i->size, k), i->size, base, k << i->size, simd_zero(f));
}

bool tr32_neon_single(struct front *f, const struct a32_insn *i)
{
	ir_ref v[MAX_REGS], base, q;
	unsigned int d, k;

	if (a32_fp_trapped(f))
		return true;
	base = a32_get(f, i->Rn);
	if (i->load)
		load_elems(f, i, base, v);
	for (k = 0; k < i->elems && !i->load; k++) {
		d = i->Dd + k * i->inc;
		q = simd_imm(f, IR_VDUP, i->size, IR_SCALAR, neon_get_q(f, d), lane_in_q(i, d));
		a32_stv(f, ldst_mop(i, i->size, k), i->size, base, k << i->size, q);
	}
	write_back(f, i, base, (unsigned int)i->elems << i->size);
	for (k = 0; k < i->elems && i->load; k++) {
		d = i->Dd + k * i->inc;
		q = ir_vop(f->b, IR_VINSV, i->size, IR_Q, lane_in_q(i, d), neon_get_q(f, d), v[k], IR_NONE);
		neon_set_q(f, d, q);
	}
	return true;
}

/* VLD1 writes one element to i->regs registers; the others have a register for each element. */
bool tr32_neon_all_lanes(struct front *f, const struct a32_insn *i)
{
	ir_ref v[MAX_REGS], base;

	if (a32_fp_trapped(f))
		return true;
	base = a32_get(f, i->Rn);
	load_elems(f, i, base, v);
	write_back(f, i, base, (unsigned int)i->elems << i->size);
	for (unsigned int k = 0; k < i->regs; k++)
		a32_set_d(f, i->Dd + k * i->inc,
			  simd_imm(f, IR_VDUP, i->size, IR_D, v[i->elems == 1 ? 0 : k], 0));
	return true;
}
