/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From guest instructions to IR.  Each class of isa/a64.decode has a function
 * tr_<class>() in the a64_*.c file of its kind; for AArch32 see a32.h.
 */
#ifndef EMU_FRONT_FRONT_H
#define EMU_FRONT_FRONT_H

#include "emu/ir/ir.h"
#include "isa/a64.h"

struct front {
	struct ir_block *b;
	u64 pc;		/* of the instruction being translated */
	u64 next;	/* where translation goes on: pc + 4 unless a branch was followed */
	unsigned int avail;	/* code can be read from b->pc up to b->pc + 4 * avail (AArch32: + avail) */
	unsigned int exits;	/* side exits so far */
	bool done;	/* it ended the block */
	/* AArch32: */
	u8 it;		/* ITSTATE of this instruction */
	u8 it_next;	/* and of the one at next */
	u8 cond;	/* what must hold for it; A32_AL: nothing */
	ir_ref flags;	/* NZCV before it, where cond is not A32_AL */
	ir_ref known;	/* flags on which */
	u8 known_cond;	/* this condition holds: the block was not left where it does not */
	u64 nop_next;	/* what follows the last NOP, */
	u8 nops;	/* and how many stand in a row there */
	ir_ref fpscr_nzcv;	/* FPSCR flags as F, if this block has set them last; else IR_NONE */
};

#define FRONT_MAX_EXITS 4	/* side exits in a block, at most */

/* False: the encoding is UNDEFINED after all (a check that the table cannot express). */
#define X(cls) bool tr_##cls(struct front *f, const struct a64_insn *i);
A64_CLASSES(X)
#undef X

/*
 * Fill @b (initialised by ir_block_init()) with the code at @code, which the
 * guest sees at b->pc; @avail instructions can be read, at most @max are
 * translated, and none is looked at behind the first @max that stand there: the
 * caller has marked these as code, and only these.  The block always ends in an operation with IR_F_END.
 */
void front_a64(struct ir_block *b, const u32 *code, unsigned int avail, unsigned int max);

/* Xn as an operand; n = 31 is zero. */
static inline ir_ref front_x(struct front *f, unsigned int n)
{
	return n == 31 ? ir_const(f->b, 0) : ir_get_x(f->b, n);
}

/* Xn or SP. */
static inline ir_ref front_xsp(struct front *f, unsigned int n)
{
	return ir_get_x(f->b, n == 31 ? IR_REG_SP : n);
}

static inline void front_set_x(struct front *f, unsigned int n, ir_ref v)
{
	if (n != 31)
		ir_set_x(f->b, n, v);
}

static inline void front_set_xsp(struct front *f, unsigned int n, ir_ref v)
{
	ir_set_x(f->b, n == 31 ? IR_REG_SP : n, v);
}

/* Width of an sf bit. */
static inline unsigned int front_w(unsigned int sf)
{
	return sf ? 64 : 32;
}

/*
 * An FP or SIMD instruction: if such trap in this block's mode, emits the trap,
 * ends the block and returns true; the caller returns true at once.
 */
bool front_fp_trapped(struct front *f);

/*
 * Ways to end the block.  They stand for ir_goto() and its like because they
 * also know software step (IR_MODE_STEP): then the block ends with a call of
 * step_done, which is told the address of the next instruction.
 */
void front_goto(struct front *f, u64 pc);
void front_goto_reg(struct front *f, ir_ref pc, enum ir_jump kind);
void front_leave(struct front *f, u64 pc);
/* Behind a helper that raised an exception or has set the pc. */
void front_leave_set(struct front *f);
/*
 * A conditional branch to @target; arguments as of ir_exit_if().  The block
 * goes on behind it, or ends there.
 */
void front_branch_if(struct front *f, enum ir_op op, unsigned int w, unsigned int aux, ir_ref v,
		     u64 target);

/* The exception level that the block runs at. */
static inline unsigned int front_el(const struct front *f)
{
	return f->b->mode & IR_MODE_EL;
}

/* The base address for a load or store: SP gets its alignment check where the mode asks for it. */
ir_ref front_base(struct front *f, unsigned int rn);

/* The offset of a register-offset access: Rm, extended by option_name, << scale if S. */
ir_ref front_reg_offset(struct front *f, const struct a64_insn *i, unsigned int scale);

#endif
