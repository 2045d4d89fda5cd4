/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Translation of A32 and T32.  Both decode to struct a32_insn with one set of
 * classes, so one function per class serves both.
 *
 * Conditional execution.  The driver puts the condition of the instruction
 * (from its word or from ITSTATE) into f->cond; 14 is always.  The a32_*()
 * primitives below are predicated: with a condition they select between the
 * old and the new value, and loads and stores become LDC and STC.  So a class
 * that only uses them needs not know.  A class that does anything else (calls
 * helpers, raises FP flags, exclusives, ends the block) first calls
 * a32_unless_skip(), behind which the instruction is unconditional.
 *
 * The pc.  f->pc and f->next have bit 0 set for Thumb (IR_MODE_A32).
 */
#ifndef EMU_FRONT_A32_H
#define EMU_FRONT_A32_H

#include "emu/front/front.h"
#include "isa/a32.h"

/* False: the encoding is UNDEFINED after all. */
#define X(cls) bool tr32_##cls(struct front *f, const struct a32_insn *i);
A32_CLASSES(X)
#undef X

/*
 * As front_a64(): fill @b with the code at @code, of which @avail bytes can be
 * read.  b->pc has bit 0 set for Thumb.  @avail is at least one instruction.
 */
void front_a32(struct ir_block *b, const void *code, unsigned int avail, unsigned int max);

#define A32_AL 14

static inline bool a32_thumb(const struct front *f)
{
	return f->pc & 1;
}

/* The instruction stands in an IT block (flag-setting of 16-bit forms). */
static inline bool a32_in_it(const struct front *f)
{
	return f->it & 15;
}

/* The mode (PSR32_M_*) that the block runs in, and whether that is a privileged one. */
static inline u32 a32_mode(const struct front *f)
{
	return IR_MODE32(f->b->mode);
}

static inline bool a32_privileged(const struct front *f)
{
	return front_el(f) != 0;
}

/* What an instruction reads as R15: its address + 8, or + 4 in Thumb; bit 0 clear. */
u32 a32_pc(const struct front *f);
/* Rn, zero-extended; R15 as a32_pc(). */
ir_ref a32_get(struct front *f, unsigned int n);
/* Rn of another mode (LDM/STM of User registers, banked MRS). */
ir_ref a32_get_banked(struct front *f, u32 mode, unsigned int n);
/* Rn = v (zero-extended 32 bits), n < 15; predicated. */
void a32_set(struct front *f, unsigned int n, ir_ref v);
void a32_set_banked(struct front *f, u32 mode, unsigned int n, ir_ref v);
/* Rn = v whatever the condition: for what a32_ld() gave with Rn as the old value. */
void a32_set_loaded(struct front *f, unsigned int n, ir_ref v);
/* NZCV = flags; predicated. */
void a32_set_flags(struct front *f, ir_ref flags);

/*
 * Branches; they end the block, and they respect the condition.
 * a32_goto: to a known @target (bit 0: Thumb).
 * a32_bx: BXWritePC (interworking by bit 0 of v) and LoadWritePC.
 * a32_alu_pc: ALUWritePC: interworking in A32, plain in T32.
 */
void a32_goto(struct front *f, u32 target, enum ir_jump kind);
void a32_bx(struct front *f, ir_ref v, enum ir_jump kind);
void a32_alu_pc(struct front *f, ir_ref v);

/*
 * Data accesses at addr + disp (32-bit wrap), predicated.  @mop: enum ir_mop;
 * alignment beyond SCTLR.A by IR_MO_ALIGN.  PSTATE.E is respected.  A load gives
 * a zero-extended value (@w 32, or 64 for doublewords); without a condition @old may be IR_NONE.
 */
ir_ref a32_ld(struct front *f, unsigned int w, unsigned int mop, ir_ref addr, s64 disp, ir_ref old);
void a32_st(struct front *f, unsigned int mop, ir_ref addr, s64 disp, ir_ref v);
/* The same for 1, 2, 4, 8 or 16 bytes of a vector register (elements of 1 << es bytes for PSTATE.E). */
ir_ref a32_ldv(struct front *f, unsigned int mop, unsigned int es, ir_ref addr, s64 disp, ir_ref old);
void a32_stv(struct front *f, unsigned int mop, unsigned int es, ir_ref addr, s64 disp, ir_ref v);

/* SCTLR.ITD: may the instruction stand in an IT block? */
bool a32_it_ok(const struct front *f, u32 word, unsigned int size);
/* One of the register numbers is 15: for some that is UNPREDICTABLE, and UNDEFINED here (docs/unpredictable.md). */
static inline bool a32_is_pc(unsigned int r1, unsigned int r2, unsigned int r3, unsigned int r4)
{
	return r1 == 15 || r2 == 15 || r3 == 15 || r4 == 15;
}

/* Rm shifted as an instruction says: stype (enum a32_shift) and 0..32. */
ir_ref a32_shift(struct front *f, unsigned int stype, unsigned int n, ir_ref m);
/* PSTATE.Q |= q (0 or 1), PSTATE.GE = ge (4 bits); predicated. */
void a32_set_q_flag(struct front *f, ir_ref q);
void a32_set_ge(struct front *f, ir_ref ge);
/* Looks for requests and interrupts behind this instruction, or ends the block.  Behind a32_unless_skip(). */
void a32_check_pending(struct front *f);

/* Skip the rest of the instruction unless its condition holds; from here on f->cond is A32_AL. */
void a32_unless_skip(struct front *f);
/* Call a helper (behind a32_unless_skip()); it finds ITSTATE in PSTATE, should it raise. */
ir_ref a32_call(struct front *f, enum ir_helper h, ir_ref a, ir_ref c, ir_ref d);
/* A helper that raises an exception or sets the pc; ends the block.  Respects the condition. */
void a32_trap(struct front *f, enum ir_helper h, ir_ref a, ir_ref c, ir_ref d);
/* Back to the dispatcher, behind this instruction; ends the block.  Behind a32_unless_skip(). */
void a32_leave(struct front *f);
/* The same if @cond holds on @flags; where that cannot be told apart, always: then f->done is set. */
void a32_leave_if(struct front *f, unsigned int cond, ir_ref flags);
/*
 * Branches in the middle of an IT block are UNPREDICTABLE; here ITSTATE is
 * discarded where they are taken.
 */
/* End the block here, and go on at a known pc or one in a register. */
void a32_end(struct front *f, u64 pc);
void a32_end_reg(struct front *f, ir_ref pc, enum ir_jump kind);
/*
 * A branch to @target; arguments as of ir_exit_if().  Neither this instruction
 * has a condition, nor is another one of its IT block behind it.
 */
void a32_branch_if(struct front *f, enum ir_op op, unsigned int w, unsigned int aux, ir_ref v, u32 target);

/* Does the instruction have a condition that may fail? */
static inline bool a32_conditional(const struct front *f)
{
	return f->cond < A32_AL;
}

/* PSTATE.IT = it. */
void a32_set_it(struct front *f, unsigned int it);

/*
 * VFP or Advanced SIMD: if such trap or are disabled in this block's mode
 * (IR_MODE_FP_TRAP: CPACR, HCPTR or FPEXC.EN), emits the exception, ends the
 * block and returns true; the caller returns true at once.
 */
bool a32_fp_trapped(struct front *f);

/*
 * Registers of VFP and Advanced SIMD: Qn is V<n>, n < 16; D<2n> and D<2n+1> its
 * halves; S<4n>..S<4n+3> (n < 8) its words.  Reads give the value in the low
 * bits, the rest zero.  Writes keep the rest of the Q register; they are predicated.
 */
ir_ref a32_get_q(struct front *f, unsigned int n);
ir_ref a32_get_d(struct front *f, unsigned int n);
ir_ref a32_get_s(struct front *f, unsigned int n);
void a32_set_q(struct front *f, unsigned int n, ir_ref v);
void a32_set_d(struct front *f, unsigned int n, ir_ref v);
void a32_set_s(struct front *f, unsigned int n, ir_ref v);

#endif
