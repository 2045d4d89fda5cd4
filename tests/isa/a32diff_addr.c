// SPDX-License-Identifier: GPL-2.0-only
/* Where memory operands and branches point. */
#include <string.h>

#include "isa/a32_checks.h"
#include "tests/isa/a32diff_host.h"

/* An address in the window: mostly aligned, mostly with room behind and before it. */
static u32 target(struct d_rand *r, const struct t_case *c)
{
	u32 a = c->window + 64 + d_below(r, T_MEM_SIZE - 128);

	if (d_one_in(r, 24))
		return T_BASE + 0xa00000 + ((u32)d_rand(r) & 0x3fffff);		/* nothing there */
	return d_one_in(r, 5) ? a : d_one_in(r, 2) ? a & ~7u : a & ~3u;
}

u32 t_shifted(u32 v, unsigned int type, unsigned int n, bool carry)
{
	switch (type) {
	case A32_LSL:
		return n < 32 ? v << n : 0;
	case A32_LSR:
		return n < 32 ? v >> n : 0;
	case A32_ASR:
		return (u32)((s32)v >> (n < 32 ? n : 31));
	case A32_ROR:
		return n & 31 ? v >> (n & 31) | v << (32 - (n & 31)) : v;
	default:
		return v >> 1 | (u32)carry << 31;
	}
}

/* Rn so that Rn + off is in the window; with the PC as base it is where it is, within the slots. */
static bool base(struct d_rand *r, struct t_case *c, unsigned int rn, u32 off)
{
	if (rn != 15)
		c->r[rn] = target(r, c) - off;
	return true;
}

static bool address_reg(struct d_rand *r, const struct a32_insn *i, u32 pc, struct t_case *c)
{
	u32 off;

	if (i->Rm == 15 || i->Rm == i->Rn)
		return false;
	if (d_one_in(r, 2))
		c->r[i->Rm] = d_below(r, 64);
	off = t_shifted(c->r[i->Rm], i->stype, i->samount, c->cpsr >> 29 & 1);
	off = !i->index ? 0 : i->add ? off : 0 - off;
	/* Elsewhere there may be memory of the oracle's own. */
	return i->Rn == 15 ? pc + off - T_BASE < T_SIZE : base(r, c, i->Rn, off);
}

/* Classes whose operand is [Rn +- imm32], and those with [Rn] alone. */
static bool has_imm(unsigned int cls)
{
	return cls == A32_CLASS_ldst_imm || cls == A32_CLASS_ldrd_imm || cls == A32_CLASS_vfp_ldst;
}

static bool has_reg(unsigned int cls)
{
	return cls == A32_CLASS_ldst_reg || cls == A32_CLASS_ldrd_reg;
}

/* TBB, TBH: a short table in the window. */
static bool address_table(struct d_rand *r, const struct a32_insn *i, struct t_case *c)
{
	if (i->Rm == 15 || i->Rn == 13 || (i->Rn != 15 && i->Rn == i->Rm))
		return false;
	c->r[i->Rm] = d_below(r, 8);
	for (unsigned int k = 0; k < T_MEM_SIZE; k++)
		c->mem[k] = (u8)(i->half ? (k & 1 ? 0 : 4 + d_below(r, 8)) : 4 + d_below(r, 8));
	if (i->Rn != 15)
		c->r[i->Rn] = (c->window + 64 + d_below(r, 64)) & ~1u;
	return i->Rn != 15;
}

/* Any word of the filler behind or before the instruction. */
static u32 in_slot(struct d_rand *r, unsigned int slot)
{
	u32 at = d_one_in(r, 2) ? d_below(r, 6) * 4 : T_SLOT_INSN + 8 + d_below(r, 6) * 4;

	return t_slot_address(slot) + at;
}

/* Is there nothing but filler, or no code at all? */
static bool harmless(unsigned int slot, u32 addr)
{
	u32 off = addr - t_slot_address(slot);

	if (addr - T_BASE - T_SLOTS >= T_SLOTS_SIZE)
		return addr - T_BASE >= T_SIZE || addr - T_BASE >= T_DATA;
	return off < T_SLOT_INSN - 8 || (off >= T_SLOT_INSN + 4 && off < T_SLOT);
}

/* A direct branch: near ones are made by replacing the immediate. */
static bool branch(struct d_rand *r, unsigned int slot, enum t_set set, const struct a32_insn *i, u32 *word)
{
	u32 pc = t_slot_address(slot) + T_SLOT_INSN + (set == T_A32 ? 8 : 4), off;

	if (i->cls != A32_CLASS_cbz && set != T_T16 && d_one_in(r, 2)) {
		off = in_slot(r, slot) - pc;
		if (set == T_A32)
			*word = (*word & 0xff000000) | (off >> 2 & 0xffffff);
		else if (*word & 0x1000)	/* J1 = J2 = 1, the upper bits are the sign */
			*word = (*word & ~0x07ff2fffu) | (off >> 31 ? 0x07ff0000 : 0) | 0x2800 | (off >> 1 & 0x7ff);
		else if (i->cls == A32_CLASS_b)	/* B.W with a condition */
			*word = (*word & ~0x043f2fffu) | (off >> 31 ? 0x043f2800 : 0) | (off >> 1 & 0x7ff);
		else
			*word = (*word & ~0x07ff2fffu) | (off >> 31 ? 0x07ff0000 : 0) | 0x2800 | (off >> 1 & 0x7fe);
		return true;
	}
	return harmless(slot, pc + i->imm32) && harmless(slot, (pc & ~3u) + i->imm32);
}

/* Rm for BX and its like: into the slot in either instruction set, or nowhere. */
static bool branch_reg(struct d_rand *r, unsigned int slot, const struct a32_insn *i, struct t_case *c)
{
	if (i->Rm == 15)
		return true;
	if (!d_one_in(r, 4))
		c->r[i->Rm] = in_slot(r, slot) | (d_one_in(r, 2) ? 0 : 1 + d_below(r, 2) * 2);
	return harmless(slot, c->r[i->Rm]);
}

/*
 * Data processing with the PC as result: behind the instruction, or where there
 * is nothing, as long as no operand is the PC.  It is never the instruction
 * itself, which would be an endless loop.
 */
static bool computed_branch(struct d_rand *r, unsigned int slot, const struct a32_insn *i, u32 pc, struct t_case *c)
{
	bool by_reg = i->cls == A32_CLASS_dp_reg;

	if (i->Rn != 15 && (!by_reg || i->Rm != 15))
		return true;
	if (i->S || (i->dp != A32_DP_ADD && i->dp != A32_DP_SUB))
		return false;
	if (!by_reg)
		return harmless(slot, i->dp == A32_DP_ADD ? pc + i->imm32 : pc - i->imm32);
	if (i->Rn != 15 || i->Rm == 15 || i->dp == A32_DP_SUB || i->stype != A32_LSL || i->samount > 2)
		return false;
	c->r[i->Rm] = d_below(r, 4) * 2;
	return true;
}

bool t_address(struct d_rand *r, unsigned int slot, enum t_set set, const struct a32_insn *i, u32 *word,
	       struct t_case *c)
{
	u32 pc = t_slot_address(slot) + T_SLOT_INSN + (set == T_A32 ? 8 : 4);

	if (has_imm(i->cls))
		return base(r, c, i->Rn, !i->index && i->cls != A32_CLASS_vfp_ldst ? 0 :
					 i->add ? i->imm32 : 0 - i->imm32);
	if (has_reg(i->cls))
		return address_reg(r, i, pc, c);
	switch (i->cls) {
	case A32_CLASS_ldm:
	case A32_CLASS_ldm_user:
	case A32_CLASS_ldm_eret:
	case A32_CLASS_ldrex:
	case A32_CLASS_strex:
	case A32_CLASS_lda:
	case A32_CLASS_swp:
	case A32_CLASS_vfp_ldm:
		return base(r, c, i->Rn, i->cls == A32_CLASS_ldrex || i->cls == A32_CLASS_strex ? i->imm32 : 0);
	case A32_CLASS_tbb:
		return address_table(r, i, c);
	case A32_CLASS_dp_imm:
	case A32_CLASS_dp_reg:
		return i->Rd != 15 || computed_branch(r, slot, i, pc, c);
	case A32_CLASS_b:
	case A32_CLASS_bl:
	case A32_CLASS_blx_imm:
	case A32_CLASS_cbz:
		return branch(r, slot, set, i, word);
	case A32_CLASS_bx:
	case A32_CLASS_bxj:
	case A32_CLASS_blx_reg:
		return branch_reg(r, slot, i, c);
	}
	if (!strncmp(a32_op_name(i->op), "VLD", 3) || !strncmp(a32_op_name(i->op), "VST", 3))
		return base(r, c, i->Rn, 0);
	return true;
}
