// SPDX-License-Identifier: GPL-2.0-only
/*
 * Single loads and stores of A32 and T32, doublewords, exclusive and ordered
 * accesses.  Registers are written behind every access of the instruction, so
 * that a fault finds the state before it.
 */
#include "emu/front/a32.h"

static ir_ref op_c(struct front *f, enum ir_op op, unsigned int w, ir_ref a, u64 c)
{
	return ir_op(f->b, op, w, a, ir_const(f->b, c), IR_NONE);
}

/* Where an instruction accesses memory, and what its base register becomes. */
struct address {
	ir_ref base, wb;
	s64 disp;
};

/* Rn; the pc aligned to 4 for literals. */
static ir_ref base_of(struct front *f, unsigned int n)
{
	return n == 15 ? ir_const(f->b, a32_pc(f) & ~3u) : a32_get(f, n);
}

static struct address address_imm(struct front *f, const struct a32_insn *i)
{
	struct address a = { .base = base_of(f, i->Rn) };
	s64 off = i->add ? (s64)i->imm32 : -(s64)i->imm32;

	if (i->index)
		a.disp = off;
	if (i->wback)
		a.wb = op_c(f, i->add ? IR_ADD : IR_SUB, 32, a.base, i->imm32);
	return a;
}

static struct address address_reg(struct front *f, const struct a32_insn *i, ir_ref off)
{
	struct address a = { .base = base_of(f, i->Rn) };
	ir_ref sum = ir_op(f->b, i->add ? IR_ADD : IR_SUB, 32, a.base, off, IR_NONE);

	if (i->wback)
		a.wb = sum;
	if (i->index)
		a.base = sum;
	return a;
}

static void write_back(struct front *f, const struct a32_insn *i, const struct address *a)
{
	if (i->wback)
		a32_set(f, i->Rn, a->wb);
}

/* ---- bytes, halfwords, words ---- */

/* LDR pc. */
static bool load_pc(struct front *f, const struct a32_insn *i, struct address (*where)(struct front *,
		    const struct a32_insn *))
{
	struct address a;
	ir_ref v;

	if (i->size != 2 || i->unpriv)
		return false;
	a32_unless_skip(f);
	a = where(f, i);
	v = a32_ld(f, 32, 2, a.base, a.disp, IR_NONE);
	write_back(f, i, &a);
	a32_bx(f, v, i->Rn == 13 ? IR_JUMP_RET : IR_JUMP_BR);
	return true;
}

static bool load_store(struct front *f, const struct a32_insn *i, struct address (*where)(struct front *,
		       const struct a32_insn *))
{
	unsigned int mop = i->size;
	struct address a;
	ir_ref v;

	if (i->size > 2 || (i->wback && i->Rn == 15))
		return false;
	if (i->load && i->Rt == 15)
		return load_pc(f, i, where);
	if (i->sign && i->size < 2)
		mop |= IR_MO_SIGN;
	if (i->unpriv && a32_privileged(f))
		mop |= IR_MO_UNPRIV;
	a = where(f, i);
	if (!i->load) {
		a32_st(f, mop & ~IR_MO_SIGN, a.base, a.disp, a32_get(f, i->Rt));
		write_back(f, i, &a);
		return true;
	}
	v = a32_ld(f, 32, mop, a.base, a.disp, a32_conditional(f) ? a32_get(f, i->Rt) : IR_NONE);
	write_back(f, i, &a);
	a32_set_loaded(f, i->Rt, v);
	return true;
}

static struct address address_shifted(struct front *f, const struct a32_insn *i)
{
	return address_reg(f, i, a32_shift(f, i->stype, i->samount, a32_get(f, i->Rm)));
}

bool tr32_ldst_imm(struct front *f, const struct a32_insn *i)
{
	return load_store(f, i, address_imm);
}

bool tr32_ldst_reg(struct front *f, const struct a32_insn *i)
{
	return i->Rm != 15 && load_store(f, i, address_shifted);
}

bool tr32_pld_imm(struct front *f, const struct a32_insn *i)
{
	(void)f, (void)i;
	return true;
}

bool tr32_pld_reg(struct front *f, const struct a32_insn *i)
{
	(void)f, (void)i;
	return true;
}

/* ---- doublewords ---- */

/* Two words in one value, the first in its low half; PSTATE.E turns each of them. */
static ir_ref pair_order(struct front *f, ir_ref v)
{
	return f->b->mode & IR_MODE_E ? ir_op(f->b, IR_REV32, 64, v, IR_NONE, IR_NONE) : v;
}

static ir_ref pair_join(struct front *f, unsigned int rt, unsigned int rt2)
{
	return pair_order(f, ir_opx(f->b, IR_BFI, 64, 32, 32, a32_get(f, rt), a32_get(f, rt2), IR_NONE));
}

static void pair_split(struct front *f, ir_ref v, unsigned int rt, unsigned int rt2)
{
	ir_ref lo, hi;

	v = pair_order(f, v);
	lo = ir_opx(f->b, IR_ZEXT, 64, 32, 0, v, IR_NONE, IR_NONE);
	hi = op_c(f, IR_SHR, 64, v, 32);
	a32_set(f, rt, lo);
	a32_set(f, rt2, hi);
}

/*
 * One access of 8 bytes, as it is single-copy atomic where it is aligned to 8
 * (with LPAE, DDI 0406C A3.5.3); alignment to 4 is asked for.
 */
static bool load_store_pair(struct front *f, const struct a32_insn *i, const struct address *a)
{
	unsigned int mop = 3 | IR_MO_ALIGN | IR_MO_STREAM | 2 << 9;
	struct ir_block *b = f->b;
	ir_ref v;

	if (!i->load) {
		v = pair_join(f, i->Rt, i->Rt2);
		if (a32_conditional(f))
			ir_mem_if(b, IR_STC, 64, mop, f->cond, f->flags, a->disp, a->base, v);
		else
			ir_mem(b, IR_ST, 64, mop, a->disp, a->base, v, IR_NONE);
		write_back(f, i, a);
		return true;
	}
	if (a32_conditional(f))
		v = ir_mem_if(b, IR_LDC, 64, mop, f->cond, f->flags, a->disp, a->base, ir_const(b, 0));
	else
		v = ir_mem(b, IR_LD, 64, mop, a->disp, a->base, IR_NONE, IR_NONE);
	write_back(f, i, a);
	pair_split(f, v, i->Rt, i->Rt2);
	return true;
}

static bool bad_pair(const struct a32_insn *i)
{
	return a32_is_pc(i->Rt, i->Rt2, 0, 0) || (i->wback && i->Rn == 15);
}

bool tr32_ldrd_imm(struct front *f, const struct a32_insn *i)
{
	struct address a;

	if (bad_pair(i))
		return false;
	a = address_imm(f, i);
	return load_store_pair(f, i, &a);
}

bool tr32_ldrd_reg(struct front *f, const struct a32_insn *i)
{
	struct address a;

	if (bad_pair(i) || i->Rm == 15)
		return false;
	a = address_reg(f, i, a32_get(f, i->Rm));
	return load_store_pair(f, i, &a);
}

/* ---- exclusive, ordered, SWP: always naturally aligned ---- */

static ir_ref order(struct front *f, unsigned int size, ir_ref v)
{
	if (!(f->b->mode & IR_MODE_E) || !size)
		return v;
	return ir_op(f->b, size == 1 ? IR_REV16 : IR_REV, 32, v, IR_NONE, IR_NONE);
}

bool tr32_ldrex(struct front *f, const struct a32_insn *i)
{
	unsigned int mop = i->size | IR_MO_ALIGN | (i->acquire ? IR_MO_ACQ : 0);
	ir_ref v;

	if (a32_is_pc(i->Rt, i->Rn, i->size == 3 ? i->Rt2 : 0, 0) || (i->size == 3 && i->Rt == i->Rt2))
		return false;
	a32_unless_skip(f);
	v = ir_mem(f->b, IR_LDX, i->size == 3 ? 64 : 32, mop, (s64)i->imm32, a32_get(f, i->Rn), IR_NONE, IR_NONE);
	if (i->size == 3)
		pair_split(f, v, i->Rt, i->Rt2);
	else
		a32_set(f, i->Rt, order(f, i->size, v));
	return true;
}

bool tr32_strex(struct front *f, const struct a32_insn *i)
{
	unsigned int mop = i->size | IR_MO_ALIGN | (i->release ? IR_MO_REL : 0);
	bool pair = i->size == 3;
	ir_ref v;

	if (a32_is_pc(i->Rd, i->Rt, i->Rn, pair ? i->Rt2 : 0) || i->Rd == i->Rn || i->Rd == i->Rt ||
	    (pair && i->Rd == i->Rt2))
		return false;
	a32_unless_skip(f);
	v = pair ? pair_join(f, i->Rt, i->Rt2) : order(f, i->size, a32_get(f, i->Rt));
	v = ir_mem(f->b, IR_STX, pair ? 64 : 32, mop, (s64)i->imm32, a32_get(f, i->Rn), v, IR_NONE);
	a32_set(f, i->Rd, v);
	return true;
}

bool tr32_lda(struct front *f, const struct a32_insn *i)
{
	if (a32_is_pc(i->Rt, i->Rn, 0, 0) || i->size > 2)
		return false;
	a32_unless_skip(f);
	if (i->load)
		a32_set(f, i->Rt, a32_ld(f, 32, i->size | IR_MO_ALIGN | IR_MO_ACQ, a32_get(f, i->Rn), 0, IR_NONE));
	else
		a32_st(f, i->size | IR_MO_ALIGN | IR_MO_REL, a32_get(f, i->Rn), 0, a32_get(f, i->Rt));
	return true;
}

bool tr32_clrex(struct front *f, const struct a32_insn *i)
{
	(void)i;
	a32_unless_skip(f);
	ir_op(f->b, IR_CLREX, 64, IR_NONE, IR_NONE, IR_NONE);
	return true;
}

/* SWP, SWPB: where SCTLR.SW enables them, which the helper looks at; ARMv8 has none. */
bool tr32_swp(struct front *f, const struct a32_insn *i)
{
	struct ir_insn t = { .op = IR_ATOMIC, .aux = IR_ATOMIC_SWP, .w = 32, .mop = i->size | IR_MO_ALIGN };

	if (a32_is_pc(i->Rt, i->Rt2, i->Rn, 0) || i->Rn == i->Rt || i->Rn == i->Rt2)
		return false;
	a32_unless_skip(f);
	a32_call(f, IR_HELPER_swp_enabled, ir_const(f->b, i->word), IR_NONE, IR_NONE);
	t.arg[0] = a32_get(f, i->Rn);
	t.arg[1] = order(f, i->size, a32_get(f, i->Rt2));
	a32_set(f, i->Rt, order(f, i->size, ir_emit(f->b, &t)));
	return true;
}
