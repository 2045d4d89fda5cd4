// SPDX-License-Identifier: GPL-2.0-only
/* Exclusive, ordered and atomic accesses.  All of them want natural alignment. */
#include "emu/front/front.h"

static unsigned int mop_of(const struct a64_insn *i, unsigned int size, bool acq, bool rel)
{
	return size | IR_MO_ALIGN | (acq ? IR_MO_ACQ : 0) | (rel ? IR_MO_REL : 0) |
	       (i->Rn == 31 ? IR_MO_SP : 0);
}

static unsigned int width_of(unsigned int size)
{
	return size == 3 ? 64 : 32;
}

bool tr_ordered(struct front *f, const struct a64_insn *i)
{
	unsigned int w = width_of(i->size);
	ir_ref base = front_base(f, i->Rn);

	if (i->L)
		front_set_x(f, i->Rt, ir_mem(f->b, IR_LD, w, mop_of(i, i->size, true, false), 0,
					     base, IR_NONE, IR_NONE));
	else
		ir_mem(f->b, IR_ST, w, mop_of(i, i->size, false, true), 0, base,
		       front_x(f, i->Rt), IR_NONE);
	return true;
}

bool tr_exclusive_single(struct front *f, const struct a64_insn *i)
{
	unsigned int w = width_of(i->size);
	ir_ref base = front_base(f, i->Rn);

	if (i->L)
		front_set_x(f, i->Rt, ir_mem(f->b, IR_LDX, w, mop_of(i, i->size, i->o0, false), 0,
					     base, IR_NONE, IR_NONE));
	else
		front_set_x(f, i->Rs, ir_mem(f->b, IR_STX, w, mop_of(i, i->size, false, i->o0), 0,
					     base, front_x(f, i->Rt), IR_NONE));
	return true;
}

/* ---- pairs: of words as one doubleword, of doublewords as one vector ---- */

static ir_ref pair_join(struct front *f, unsigned int sz, unsigned int rt, unsigned int rt2)
{
	struct ir_block *b = f->b;
	ir_ref lo = front_x(f, rt), hi = front_x(f, rt2), v;

	if (!sz)
		return ir_opx(b, IR_BFI, 64, 32, 32, lo, hi, IR_NONE);
	v = ir_vop(b, IR_VSPLAT, 3, IR_SCALAR, 0, lo, IR_NONE, IR_NONE);
	return ir_vop(b, IR_VINS, 3, IR_Q, 1, v, hi, IR_NONE);
}

static void pair_split(struct front *f, unsigned int sz, ir_ref v, unsigned int rt, unsigned int rt2)
{
	struct ir_block *b = f->b;
	ir_ref lo, hi;

	if (sz) {
		lo = ir_vop(b, IR_VGETU, 3, IR_SCALAR, 0, v, IR_NONE, IR_NONE);
		hi = ir_vop(b, IR_VGETU, 3, IR_SCALAR, 1, v, IR_NONE, IR_NONE);
	} else {
		lo = ir_opx(b, IR_ZEXT, 64, 32, 0, v, IR_NONE, IR_NONE);
		hi = ir_op(b, IR_SHR, 64, v, ir_const(b, 32), IR_NONE);
	}
	front_set_x(f, rt, lo);
	front_set_x(f, rt2, hi);
}

bool tr_exclusive_pair(struct front *f, const struct a64_insn *i)
{
	struct ir_block *b = f->b;
	ir_ref base = front_base(f, i->Rn), v;

	if (i->L) {
		v = ir_mem(b, i->sz ? IR_LDXV : IR_LDX, 64, mop_of(i, 3 + i->sz, i->o0, false), 0,
			   base, IR_NONE, IR_NONE);
		pair_split(f, i->sz, v, i->Rt, i->Rt2);
	} else {
		v = pair_join(f, i->sz, i->Rt, i->Rt2);
		v = ir_mem(b, i->sz ? IR_STXV : IR_STX, 64, mop_of(i, 3 + i->sz, false, i->o0), 0,
			   base, v, IR_NONE);
		front_set_x(f, i->Rs, v);
	}
	return true;
}

bool tr_atomic_cas_pair(struct front *f, const struct a64_insn *i)
{
	struct ir_block *b = f->b;
	ir_ref base = front_base(f, i->Rn);
	ir_ref old = pair_join(f, i->sz, i->Rs, i->Rs + 1u);
	ir_ref new = pair_join(f, i->sz, i->Rt, i->Rt + 1u);

	old = ir_mem(b, i->sz ? IR_CASV : IR_CAS, 64, mop_of(i, 3 + i->sz, i->L, i->o0), 0, base,
		     old, new);
	pair_split(f, i->sz, old, i->Rs, i->Rs + 1u);
	return true;
}

/* ---- LSE ---- */

bool tr_atomic_cas_single(struct front *f, const struct a64_insn *i)
{
	ir_ref base = front_base(f, i->Rn);

	front_set_x(f, i->Rs, ir_mem(f->b, IR_CAS, width_of(i->size),
				     mop_of(i, i->size, i->L, i->o0), 0, base,
				     front_x(f, i->Rs), front_x(f, i->Rt)));
	return true;
}

static bool atomic(struct front *f, const struct a64_insn *i, enum ir_atomic kind)
{
	/* A is ignored when the value read goes nowhere (DDI 0487, LDADD, SWP). */
	struct ir_insn t = {
		.op = IR_ATOMIC, .aux = kind, .w = width_of(i->size),
		.mop = mop_of(i, i->size, i->A && i->Rt != 31, i->R),
	};

	t.arg[0] = front_base(f, i->Rn);
	t.arg[1] = front_x(f, i->Rs);
	front_set_x(f, i->Rt, ir_emit(f->b, &t));
	return true;
}

bool tr_atomic_ld(struct front *f, const struct a64_insn *i)
{
	return atomic(f, i, (enum ir_atomic)i->opc);
}

bool tr_atomic_swp(struct front *f, const struct a64_insn *i)
{
	return atomic(f, i, IR_ATOMIC_SWP);
}
