// SPDX-License-Identifier: GPL-2.0-only
/*
 * LD1..LD4 and ST1..ST4.  Memory is accessed in whole registers and elements
 * are sorted between registers, as the elements follow each other without
 * gaps.  Everything is loaded before the first register is written.
 */
#include "emu/front/front.h"

#define VEC_REGS 4

struct structs {
	unsigned int n;		/* elements of a structure, registers of LD1/ST1 */
	unsigned int es;	/* element size, log2 bytes */
	enum ir_shape q;
};

/* Register @k of the list that starts at Rt. */
static unsigned int list_reg(const struct a64_insn *i, unsigned int k)
{
	return (i->Rt + k) & 31;
}

static unsigned int stream_mop(const struct a64_insn *i, unsigned int size, unsigned int es)
{
	return size | IR_MO_STREAM | es << 9 | (i->Rn == 31 ? IR_MO_SP : 0);
}

static ir_ref zip(struct ir_block *b, enum ir_op op, const struct structs *s, ir_ref a, ir_ref c)
{
	return ir_vop(b, op, s->es, s->q, 0, a, c, IR_NONE);
}

/* The post-index forms: @bytes, or Xm. */
static void post_index(struct front *f, const struct a64_insn *i, ir_ref base, unsigned int bytes)
{
	ir_ref step = i->Rm == 31 ? ir_const(f->b, bytes) : ir_get_x(f->b, i->Rm);

	front_set_xsp(f, i->Rn, ir_op(f->b, IR_ADD, 64, base, step, IR_NONE));
}

/* ---- structures of three: bytes are picked by index ---- */

/*
 * Where byte @j of output @k comes from, among the bytes of all inputs: when
 * loading, outputs are registers and inputs memory; else the other way round.
 * Above the shape: 0xff, which picks nothing.
 */
static unsigned int three_index(const struct structs *s, bool load, unsigned int k, unsigned int j)
{
	unsigned int bytes = s->q == IR_Q ? 16 : 8, es = s->es, mask = (1u << es) - 1;
	unsigned int elem, pos;

	if (j >= bytes)
		return 0xff;
	if (load) {
		pos = (3 * (j >> es) + k) << es | (j & mask);
	} else {
		pos = k * bytes + j;
		elem = pos >> es;
		pos = (elem % 3) * bytes + ((elem / 3) << es | (j & mask));
	}
	return pos / bytes * 16 + pos % bytes;
}

static ir_ref three_indices(struct ir_block *b, const struct structs *s, bool load, unsigned int k)
{
	u64 d[2] = { 0, 0 };
	ir_ref lo, hi;

	for (unsigned int j = 0; j < 16; j++)
		d[j / 8] |= (u64)three_index(s, load, k, j) << j % 8 * 8;
	lo = ir_vop(b, IR_VCONST, 3, IR_D, d[0], IR_NONE, IR_NONE, IR_NONE);
	hi = ir_vop(b, IR_VCONST, 3, IR_D, d[1], IR_NONE, IR_NONE, IR_NONE);
	return ir_vop(b, IR_VCAT, 3, IR_Q, 0, lo, hi, IR_NONE);
}

static void three(struct ir_block *b, const struct structs *s, bool load, ir_ref v[VEC_REGS])
{
	ir_ref out[3], index;

	for (unsigned int k = 0; k < 3; k++) {
		index = three_indices(b, s, load, k);
		out[k] = ir_vop(b, IR_VCONST, 3, IR_D, 0, IR_NONE, IR_NONE, IR_NONE);
		for (unsigned int m = 0; m < 3; m++)
			out[k] = ir_vop(b, IR_VTBX, 0, IR_Q, 16 * m, out[k], v[m], index);
	}
	for (unsigned int k = 0; k < 3; k++)
		v[k] = out[k];
}

/* ---- sorting ---- */

/* v: memory in order -> registers. */
static void deinterleave(struct ir_block *b, const struct structs *s, ir_ref v[VEC_REGS])
{
	ir_ref t0 = v[0], t1 = v[1], t2, t3;

	switch (s->n) {
	case 2:
		v[0] = zip(b, IR_VUZP1, s, t0, t1);
		v[1] = zip(b, IR_VUZP2, s, t0, t1);
		break;
	case 3:
		three(b, s, true, v);
		break;
	case 4:
		t0 = zip(b, IR_VUZP1, s, v[0], v[1]);	/* 0 2 0 2 */
		t1 = zip(b, IR_VUZP2, s, v[0], v[1]);	/* 1 3 1 3 */
		t2 = zip(b, IR_VUZP1, s, v[2], v[3]);
		t3 = zip(b, IR_VUZP2, s, v[2], v[3]);
		v[0] = zip(b, IR_VUZP1, s, t0, t2);
		v[1] = zip(b, IR_VUZP1, s, t1, t3);
		v[2] = zip(b, IR_VUZP2, s, t0, t2);
		v[3] = zip(b, IR_VUZP2, s, t1, t3);
		break;
	}
}

/* v: registers -> memory in order. */
static void interleave(struct ir_block *b, const struct structs *s, ir_ref v[VEC_REGS])
{
	ir_ref t0 = v[0], t1 = v[1], t2, t3;

	switch (s->n) {
	case 2:
		v[0] = zip(b, IR_VZIP1, s, t0, t1);
		v[1] = zip(b, IR_VZIP2, s, t0, t1);
		break;
	case 3:
		three(b, s, false, v);
		break;
	case 4:
		t0 = zip(b, IR_VZIP1, s, v[0], v[2]);
		t1 = zip(b, IR_VZIP1, s, v[1], v[3]);
		t2 = zip(b, IR_VZIP2, s, v[0], v[2]);
		t3 = zip(b, IR_VZIP2, s, v[1], v[3]);
		v[0] = zip(b, IR_VZIP1, s, t0, t1);
		v[1] = zip(b, IR_VZIP2, s, t0, t1);
		v[2] = zip(b, IR_VZIP1, s, t2, t3);
		v[3] = zip(b, IR_VZIP2, s, t2, t3);
		break;
	}
}

/* ---- multiple structures ---- */

/* Registers in the list, and whether they are sorted (LD2..4, not LD1). */
static unsigned int multiple_regs(unsigned int opcode, bool *sorted)
{
	static const u8 regs[16] = { [0] = 4, [2] = 4, [4] = 3, [6] = 3, [7] = 1, [8] = 2, [10] = 2 };

	*sorted = !(opcode & 2);
	return regs[opcode & 15];
}

static bool multiple(struct front *f, const struct a64_insn *i, bool post)
{
	struct ir_block *b = f->b;
	struct structs s = { .es = i->size, .q = i->Q ? IR_Q : IR_D };
	unsigned int size = 3u + i->Q, mop = stream_mop(i, size, i->size);
	ir_ref v[VEC_REGS] = { IR_NONE }, base;
	bool sorted;

	if (front_fp_trapped(f))
		return true;
	s.n = multiple_regs(i->opcode, &sorted);
	base = front_base(f, i->Rn);
	for (unsigned int k = 0; k < s.n && !i->L; k++)
		v[k] = ir_get_v(b, list_reg(i, k));
	if (sorted && !i->L)
		interleave(b, &s, v);
	for (unsigned int k = 0; k < s.n; k++) {
		if (i->L)
			v[k] = ir_mem(b, IR_LDV, 64, mop, k << size, base, IR_NONE, IR_NONE);
		else
			ir_mem(b, IR_STV, 64, mop, k << size, base, v[k], IR_NONE);
	}
	if (sorted && i->L)
		deinterleave(b, &s, v);
	if (post)
		post_index(f, i, base, s.n << size);
	for (unsigned int k = 0; k < s.n && i->L; k++)
		ir_set_v(b, list_reg(i, k), v[k]);
	return true;
}

bool tr_ldvec_multiple_no_wb(struct front *f, const struct a64_insn *i)
{
	return multiple(f, i, false);
}

bool tr_ldvec_multiple_post_inc(struct front *f, const struct a64_insn *i)
{
	return multiple(f, i, true);
}

/* ---- single structures ---- */

struct lane {
	unsigned int es, index;
	bool all;		/* load and replicate */
};

/* DDI 0487, LD1 (single structure): the lane is as much of Q:S:size as the element leaves. */
static struct lane single_lane(const struct a64_insn *i)
{
	unsigned int qss = i->Q << 3 | i->S << 2 | i->size;
	struct lane l = { .es = i->opcode >> 1 };

	if (l.es == 3) {
		l.all = true;
		l.es = i->size;
	} else if (l.es == 2 && (i->size & 1)) {
		l.es = 3;
		l.index = i->Q;
	} else {
		l.index = qss >> l.es;
	}
	return l;
}

static ir_ref single_load(struct ir_block *b, const struct a64_insn *i, const struct lane *l,
			  unsigned int k, ir_ref elem)
{
	if (l->all)
		return ir_vop(b, IR_VDUP, l->es, i->Q ? IR_Q : IR_D, 0, elem, IR_NONE, IR_NONE);
	return ir_vop(b, IR_VINSV, l->es, IR_Q, l->index, ir_get_v(b, list_reg(i, k)), elem, IR_NONE);
}

static bool single(struct front *f, const struct a64_insn *i, bool post)
{
	struct ir_block *b = f->b;
	struct lane l = single_lane(i);
	unsigned int n = ((i->opcode & 1) << 1 | i->R) + 1, mop = stream_mop(i, l.es, l.es);
	ir_ref v[VEC_REGS], base;

	if (front_fp_trapped(f))
		return true;
	base = front_base(f, i->Rn);
	for (unsigned int k = 0; k < n; k++) {
		if (i->L) {
			v[k] = ir_mem(b, IR_LDV, 64, mop, k << l.es, base, IR_NONE, IR_NONE);
			continue;
		}
		v[k] = ir_get_v(b, list_reg(i, k));
		if (l.index)
			v[k] = ir_vop(b, IR_VDUP, l.es, IR_SCALAR, l.index, v[k], IR_NONE, IR_NONE);
		ir_mem(b, IR_STV, 64, mop, k << l.es, base, v[k], IR_NONE);
	}
	for (unsigned int k = 0; k < n && i->L; k++)
		v[k] = single_load(b, i, &l, k, v[k]);
	if (post)
		post_index(f, i, base, n << l.es);
	for (unsigned int k = 0; k < n && i->L; k++)
		ir_set_v(b, list_reg(i, k), v[k]);
	return true;
}

bool tr_ldvec_single_no_wb(struct front *f, const struct a64_insn *i)
{
	return single(f, i, false);
}

bool tr_ldvec_single_post_inc(struct front *f, const struct a64_insn *i)
{
	return single(f, i, true);
}
