// SPDX-License-Identifier: GPL-2.0-only
/* Branches of A32 and T32, and IT. */
#include "emu/front/a32.h"

/* @pc with the Thumb bit of this code. */
static u32 here(const struct front *f, u32 pc)
{
	return pc | (u32)(f->pc & 1);
}

/* LR = the address behind this instruction, whose condition holds. */
static void link(struct front *f)
{
	a32_set(f, 14, ir_const(f->b, (u32)f->next));
	ir_push_ret(f->b, (u32)f->next);
}

bool tr32_b(struct front *f, const struct a32_insn *i)
{
	/* B<c> has a condition of its own and stands in no IT block. */
	if (f->it && i->cond < A32_AL)
		return false;
	a32_goto(f, here(f, a32_pc(f) + i->imm32), IR_JUMP_BR);
	return true;
}

bool tr32_bl(struct front *f, const struct a32_insn *i)
{
	a32_unless_skip(f);
	link(f);
	a32_goto(f, here(f, a32_pc(f) + i->imm32), IR_JUMP_CALL);
	return true;
}

bool tr32_blx_imm(struct front *f, const struct a32_insn *i)
{
	u32 target = (a32_pc(f) & ~3u) + i->imm32;

	a32_unless_skip(f);
	link(f);
	a32_goto(f, a32_thumb(f) ? target & ~3u : target | 1, IR_JUMP_CALL);
	return true;
}

bool tr32_bx(struct front *f, const struct a32_insn *i)
{
	ir_ref v = i->Rm == 15 ? ir_const(f->b, a32_pc(f) & ~3u) : a32_get(f, i->Rm);

	a32_bx(f, v, i->Rm == 14 ? IR_JUMP_RET : IR_JUMP_BR);
	return true;
}

/* Jazelle is trivial: BXJ is BX (DDI 0406C B1.11). */
bool tr32_bxj(struct front *f, const struct a32_insn *i)
{
	return i->Rm != 15 && tr32_bx(f, i);
}

bool tr32_blx_reg(struct front *f, const struct a32_insn *i)
{
	ir_ref v;

	if (i->Rm == 15)
		return false;
	a32_unless_skip(f);
	v = a32_get(f, i->Rm);
	link(f);
	a32_bx(f, v, IR_JUMP_CALL);
	return true;
}

bool tr32_cbz(struct front *f, const struct a32_insn *i)
{
	if (f->it)
		return false;
	a32_branch_if(f, i->nonzero ? IR_XNZ : IR_XZ, 32, 0, a32_get(f, i->Rn), here(f, a32_pc(f) + i->imm32));
	return true;
}

bool tr32_tbb(struct front *f, const struct a32_insn *i)
{
	struct ir_block *b = f->b;
	ir_ref m, v;

	if (i->Rm == 15)
		return false;
	a32_unless_skip(f);
	m = a32_get(f, i->Rm);
	if (i->half)
		m = ir_op(b, IR_SHL, 32, m, ir_const(b, 1), IR_NONE);
	v = ir_op(b, IR_ADD, 32, a32_get(f, i->Rn), m, IR_NONE);
	v = a32_ld(f, 32, i->half, v, 0, IR_NONE);
	v = ir_op(b, IR_SHL, 32, v, ir_const(b, 1), IR_NONE);
	v = ir_op(b, IR_ADD, 32, v, ir_const(b, a32_pc(f) | 1), IR_NONE);
	f->it_next = 0;
	a32_end_reg(f, v, IR_JUMP_BR);
	return true;
}

/* ---- IT ---- */

bool tr32_it(struct front *f, const struct a32_insn *i)
{
	bool single = !(i->mask & (i->mask - 1));

	if (f->it || !i->mask || i->firstcond == 15 || (i->firstcond == A32_AL && !single))
		return false;
	if ((f->b->mode & IR_MODE_ITD) && i->mask != 8)
		return false;
	f->it_next = (u8)(i->firstcond << 4 | i->mask);
	return true;
}

/*
 * SCTLR.ITD takes from IT blocks all but simple 16-bit instructions (DDI 0487,
 * CheckITEnabled).
 */
bool a32_it_ok(const struct front *f, u32 word, unsigned int size)
{
	static const struct { u16 mask, value; } rows[] = {
		{ 0xc000, 0xc000 }, { 0xf000, 0xb000 }, { 0xf800, 0xa000 }, { 0xf800, 0x4800 },
		{ 0xfc78, 0x4478 }, { 0xfc87, 0x4487 },
	};

	if (!(f->b->mode & IR_MODE_ITD))
		return true;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(rows); i++)
		if ((word & rows[i].mask) == rows[i].value)
			return false;
	return size == 2;
}
