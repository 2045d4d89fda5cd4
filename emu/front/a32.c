// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver of A32 and T32 translation: which instructions make a block, what
 * their conditions are, and how the block ends.
 *
 * While a block runs, PSTATE.IT is 0 whatever ITSTATE is: that is known at
 * translation time and stands in the INSN operations, where back ends look
 * should an access raise.  It is put into PSTATE around calls of helpers and
 * where a block is left in the middle of an IT block.
 */
#include <string.h>

#include "arm/psr.h"
#include "emu/front/a32.h"

typedef bool tr_fn(struct front *f, const struct a32_insn *i);

static tr_fn *const tr_table[] = {
#define X(cls) [A32_CLASS_##cls] = tr32_##cls,
A32_CLASSES(X)
#undef X
};

static bool stepping(const struct front *f)
{
	return f->b->mode & IR_MODE_STEP;
}

void a32_set_it(struct front *f, unsigned int it)
{
	ir_opx(f->b, IR_STCTL, 32, IR_CTL_PSTATE, PSR32_IT, ir_const(f->b, psr32_set_it(0, it)), IR_NONE, IR_NONE);
}

/* Does PSTATE.IT behind this instruction differ from that of the block's mode, so that no block may follow directly? */
static bool must_leave(const struct front *f)
{
	return f->it_next || (f->b->mode & IR_MODE_IT);
}

/* ---- ends of the block ---- */

static void step_done(struct front *f, ir_ref pc)
{
	if (f->it_next)
		a32_set_it(f, f->it_next);
	ir_call(f->b, IR_HELPER_step_done, pc, ir_const(f->b, f->it_next), IR_NONE);
	ir_leave_set(f->b);
}

static void leave_to(struct front *f, u64 pc)
{
	if (f->it_next)
		a32_set_it(f, f->it_next);
	ir_leave(f->b, pc);
}

void a32_end(struct front *f, u64 pc)
{
	f->done = true;
	if (stepping(f))
		step_done(f, ir_const(f->b, pc));
	else if (must_leave(f))
		leave_to(f, pc);
	else
		ir_goto(f->b, pc);
}

void a32_end_reg(struct front *f, ir_ref pc, enum ir_jump kind)
{
	f->done = true;
	if (stepping(f)) {
		step_done(f, pc);
	} else if (must_leave(f)) {
		ir_call(f->b, IR_HELPER_goto32, pc, IR_NONE, IR_NONE);
		ir_leave_set(f->b);
	} else {
		ir_goto_reg(f->b, pc, kind);
	}
}

void a32_leave(struct front *f)
{
	f->done = true;
	if (stepping(f))
		step_done(f, ir_const(f->b, f->next));
	else
		leave_to(f, f->next);
}

void a32_leave_if(struct front *f, unsigned int cond, ir_ref flags)
{
	if (stepping(f) || must_leave(f))
		a32_leave(f);
	else
		ir_opx(f->b, IR_XLEAVE, 64, cond, f->next, flags, IR_NONE, IR_NONE);
}

void a32_check_pending(struct front *f)
{
	if (stepping(f))
		return;	/* leaves behind each instruction anyhow */
	if (must_leave(f))
		a32_leave(f);
	else
		ir_opx(f->b, IR_XPENDING, 64, 0, f->next, IR_NONE, IR_NONE, IR_NONE);
}

/* ---- conditions ---- */

/* Behind an exit under the opposite condition. */
static void note_holds(struct front *f, unsigned int cond, ir_ref flags)
{
	f->known = flags;
	f->known_cond = (u8)cond;
}

/* Leave for @pc if @cond holds on the flags. */
static void exit_if(struct front *f, unsigned int cond, u64 pc)
{
	note_holds(f, cond ^ 1, f->flags);
	if (!must_leave(f)) {
		ir_exit_if(f->b, IR_XCOND, 64, cond, f->flags, pc);
		return;
	}
	if (f->it_next)
		a32_set_it(f, f->it_next);
	ir_opx(f->b, IR_XLEAVE, 64, cond, pc, f->flags, IR_NONE, IR_NONE);
	if (f->it_next)
		a32_set_it(f, 0);
}

void a32_unless_skip(struct front *f)
{
	struct ir_block *b = f->b;
	unsigned int fails = f->cond ^ 1;
	ir_ref skip;

	if (!a32_conditional(f))
		return;
	f->cond = A32_AL;
	if (stepping(f)) {
		/* It raises, which ends the block, or does nothing. */
		skip = ir_opx(b, IR_CSEL, 64, fails, 0, f->flags, ir_const(b, 1), ir_const(b, 0));
		if (f->it_next)
			a32_set_it(f, f->it_next);
		ir_call(b, IR_HELPER_step_skip32, skip, ir_const(b, f->next), ir_const(b, f->it_next));
		if (f->it_next)
			a32_set_it(f, 0);
		return;
	}
	exit_if(f, fails, f->next);
	f->exits++;
}

ir_ref a32_call(struct front *f, enum ir_helper h, ir_ref a, ir_ref c, ir_ref d)
{
	ir_ref v;

	if (f->it)
		a32_set_it(f, f->it);
	v = ir_call(f->b, h, a, c, d);
	if (f->it)
		a32_set_it(f, 0);
	return v;
}

void a32_trap(struct front *f, enum ir_helper h, ir_ref a, ir_ref c, ir_ref d)
{
	a32_unless_skip(f);
	if (f->it)
		a32_set_it(f, f->it);
	ir_call(f->b, h, a, c, d);
	f->done = true;
	ir_leave_set(f->b);
}

bool a32_fp_trapped(struct front *f)
{
	if (!(f->b->mode & IR_MODE_FP_TRAP))
		return false;
	a32_trap(f, IR_HELPER_fp_trap, IR_NONE, IR_NONE, IR_NONE);
	return true;
}

/* ---- branches ---- */

/* The condition of ir_exit_if() as a select between the two addresses. */
static ir_ref branch_select(struct front *f, enum ir_op op, unsigned int w, unsigned int aux, ir_ref v, u32 target)
{
	struct ir_block *b = f->b;

	if (op != IR_XCOND) {
		v = ir_op(b, IR_FL_LOGIC, w, v, IR_NONE, IR_NONE);
		aux = op == IR_XNZ;	/* NE or EQ */
	}
	return ir_opx(b, IR_CSEL, 64, aux, 0, v, ir_const(b, target), ir_const(b, f->next));
}

void a32_branch_if(struct front *f, enum ir_op op, unsigned int w, unsigned int aux, ir_ref v, u32 target)
{
	if (stepping(f) || must_leave(f)) {
		a32_end_reg(f, branch_select(f, op, w, aux, v, target), IR_JUMP_BR);
		return;
	}
	ir_exit_if(f->b, op, w, aux, v, target);
	if (op == IR_XCOND)
		note_holds(f, aux ^ 1, v);
	/* Behind the end of a loop is seldom what runs next. */
	if (target <= f->pc || ++f->exits >= FRONT_MAX_EXITS)
		a32_end(f, f->next);
}

/* Forward only, so that this ends; and within the code at hand, in the same instruction set. */
static bool may_follow(const struct front *f, u32 target)
{
	return target > f->pc && target - f->b->pc < f->avail && !((target ^ f->pc) & 1) && !stepping(f) &&
	       !must_leave(f);
}

void a32_goto(struct front *f, u32 target, enum ir_jump kind)
{
	if (a32_conditional(f) && kind == IR_JUMP_BR && !f->it_next)
		a32_branch_if(f, IR_XCOND, 64, f->cond, f->flags, target);
	else if (!a32_conditional(f) && kind == IR_JUMP_BR && may_follow(f, target))
		f->next = target;
	else {
		a32_unless_skip(f);
		f->it_next = 0;
		a32_end(f, target);
	}
}

void a32_bx(struct front *f, ir_ref v, enum ir_jump kind)
{
	u64 target;

	a32_unless_skip(f);
	f->it_next = 0;
	if (ir_is_const(f->b, v, &target))
		a32_end(f, target);
	else
		a32_end_reg(f, v, kind);
}

void a32_alu_pc(struct front *f, ir_ref v)
{
	if (a32_thumb(f))
		v = ir_op(f->b, IR_OR, 32, v, ir_const(f->b, 1), IR_NONE);
	a32_bx(f, v, IR_JUMP_BR);
}

/* ---- instructions ---- */

static unsigned int t32_size(u16 half)
{
	return t32_is_32bit(half) ? 4 : 2;
}

/* The instruction at offset @off; 32-bit T32 with its first halfword in bits 31:16. */
static u32 fetch(const struct front *f, const u8 *code, u64 off, unsigned int *size)
{
	u32 word = 0;
	u16 half;

	*size = 4;
	if (!a32_thumb(f)) {
		memcpy(&word, code + off, 4);
		return word;
	}
	memcpy(&half, code + off, 2);
	*size = t32_size(half);
	if (*size == 2)
		return half;
	if (off + 4 > f->avail)	/* only if the caller has broken his word: then nothing is read */
		return 0;
	word = (u32)half << 16;
	memcpy(&half, code + off + 2, 2);
	return word | half;
}

/* The instruction at f->next is there as a whole. */
static bool available(const struct front *f, const u8 *code)
{
	u64 off = f->next - f->b->pc;
	u16 half;

	if (!(f->next & 1))
		return off + 4 <= f->avail;
	if (off + 2 > f->avail)
		return false;
	memcpy(&half, code + off, 2);
	return off + t32_size(half) <= f->avail;
}

/* ITAdvance(), DDI 0406C A2.5.2. */
static unsigned int it_advance(unsigned int it)
{
	return it & 7 ? (it & 0xe0) | (it << 1 & 0x1f) : 0;
}

static unsigned int decode(const struct front *f, u32 word, struct a32_insn *i)
{
	u64 features = f->b->features;

	if (a32_thumb(f))
		features |= A32_THUMB | (f->it ? A32_IN_IT : 0);
	return a32_decode(word, features, i);
}

/*
 * A T32 instruction across two pages, a block of its own: on the second page
 * there may be something else by now, which the helper finds out.
 */
static void check_tail(struct front *f, u32 word)
{
	struct ir_block *b = f->b;
	ir_ref same;

	/* PSTATE.IT is still as the dispatcher knows it. */
	same = ir_call(b, IR_HELPER_code_tail, ir_const(b, word & 0xffff), IR_NONE, IR_NONE);
	same = ir_op(b, IR_FL_LOGIC, 32, same, IR_NONE, IR_NONE);
	ir_opx(b, IR_XLEAVE, 64, 0, f->pc, same, IR_NONE, IR_NONE);
}

/* The condition of the instruction, as far as it is not known to hold. */
static void set_cond(struct front *f, unsigned int cond)
{
	f->cond = cond < A32_AL ? (u8)cond : A32_AL;
	f->flags = a32_conditional(f) ? ir_get_f(f->b) : IR_NONE;
	if (!a32_conditional(f) || f->flags != f->known || cond != f->known_cond)
		return;
	f->cond = A32_AL;
	f->flags = IR_NONE;
}

static void translate_insn(struct front *f, u32 word, unsigned int size)
{
	struct a32_insn i = { .cond = A32_AL };
	unsigned int op;

	ir_begin_insn_it(f->b, f->pc, f->it, word);
	if (size == 4 && (f->pc & 0xfff) == 0xfff)
		check_tail(f, word);
	if (f->b->guest_insns == 1 && f->it)
		a32_set_it(f, 0);
	if (f->b->mode & IR_MODE_IL) {
		f->cond = A32_AL;
		a32_trap(f, IR_HELPER_illegal_state, IR_NONE, IR_NONE, IR_NONE);
		return;
	}
	op = decode(f, word, &i);
	if (op == A32_UNDEFINED && !a32_thumb(f))
		i.cond = (u8)(word >> 28);	/* has a condition all the same */
	set_cond(f, f->it ? f->it >> 4 : i.cond);
	if (op == A32_UNDEFINED || (f->it && !a32_it_ok(f, word, size)) || !tr_table[i.cls](f, &i))
		a32_trap(f, IR_HELPER_undefined, ir_const(f->b, word), IR_NONE, IR_NONE);
}

void front_a32(struct ir_block *b, const void *code, unsigned int avail, unsigned int max)
{
	struct front f = { .b = b, .next = b->pc };
	unsigned int size;
	u32 word;

	if (max > IR_MAX_GUEST)
		max = IR_MAX_GUEST;
	if (b->mode & IR_MODE_STEP)
		max = 1;
	f.avail = avail < 4 * max ? avail : 4 * max;
	f.it_next = (b->mode & IR_MODE_IT) >> IR_MODE_IT_SHIFT;
	do {
		f.pc = f.next;
		f.it = f.it_next;
		f.it_next = it_advance(f.it);
		word = fetch(&f, code, f.pc - b->pc, &size);
		f.next = f.pc + size;
		translate_insn(&f, word, size);
		if (f.done)
			return;
		/* A block from the middle of an IT block ends with that; one with many exits not in such a place. */
		if (!f.it_next && ((b->mode & IR_MODE_IT) || f.exits >= FRONT_MAX_EXITS))
			break;
	} while (b->guest_insns < max && !b->full && available(&f, code));
	a32_end(&f, f.next);
}
