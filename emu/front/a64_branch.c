// SPDX-License-Identifier: GPL-2.0-only
/* Branches, and how blocks end. */
#include "emu/front/front.h"

static bool stepping(const struct front *f)
{
	return f->b->mode & IR_MODE_STEP;
}

/* In software step: the stepped instruction is complete and goes on at @pc. */
static void step_done(struct front *f, ir_ref pc)
{
	ir_call(f->b, IR_HELPER_step_done, pc, IR_NONE, IR_NONE);
	ir_leave_set(f->b);
}

void front_goto(struct front *f, u64 pc)
{
	f->done = true;
	if (stepping(f))
		step_done(f, ir_const(f->b, pc));
	else
		ir_goto(f->b, pc);
}

void front_goto_reg(struct front *f, ir_ref pc, enum ir_jump kind)
{
	f->done = true;
	if (stepping(f))
		step_done(f, pc);
	else
		ir_goto_reg(f->b, pc, kind);
}

void front_leave(struct front *f, u64 pc)
{
	f->done = true;
	if (stepping(f))
		step_done(f, ir_const(f->b, pc));
	else
		ir_leave(f->b, pc);
}

void front_leave_set(struct front *f)
{
	f->done = true;
	ir_leave_set(f->b);
}

/* The condition of ir_exit_if() as flags: true when *cond holds. */
static ir_ref branch_flags(struct front *f, enum ir_op op, unsigned int w, unsigned int *aux, ir_ref v)
{
	struct ir_block *b = f->b;

	if (op == IR_XCOND)
		return v;
	if (op == IR_XBIT0 || op == IR_XBIT1)
		v = ir_op(b, IR_AND, 64, v, ir_const(b, 1ULL << *aux), IR_NONE);
	*aux = op == IR_XNZ || op == IR_XBIT1;	/* NE or EQ */
	return ir_op(b, IR_FL_LOGIC, op == IR_XZ || op == IR_XNZ ? w : 64, v, IR_NONE, IR_NONE);
}

void front_branch_if(struct front *f, enum ir_op op, unsigned int w, unsigned int aux, ir_ref v,
		     u64 target)
{
	struct ir_block *b = f->b;
	ir_ref flags;

	if (stepping(f)) {
		flags = branch_flags(f, op, w, &aux, v);
		v = ir_opx(b, IR_CSEL, 64, aux, 0, flags, ir_const(b, target),
			   ir_const(b, f->pc + 4));
		front_goto_reg(f, v, IR_JUMP_BR);
		return;
	}
	ir_exit_if(b, op, w, aux, v, target);
	/* Behind the end of a loop is seldom what runs next. */
	if (target <= f->pc || ++f->exits >= FRONT_MAX_EXITS)
		front_goto(f, f->pc + 4);
}

bool tr_b_cond(struct front *f, const struct a64_insn *i)
{
	u64 target = f->pc + 4 * (u64)arm_sext(i->imm19, 19);

	if (i->cond >= 14)
		front_goto(f, target);
	else
		front_branch_if(f, IR_XCOND, 64, i->cond, ir_get_f(f->b), target);
	return true;
}

bool tr_b_imm(struct front *f, const struct a64_insn *i)
{
	u64 target = f->pc + 4 * (u64)arm_sext(i->imm26, 26);

	if (i->op == A64_BL) {
		ir_set_x(f->b, 30, ir_const(f->b, f->pc + 4));
		ir_push_ret(f->b, f->pc + 4);
	} else if (target > f->pc && target - f->b->pc < 4 * (u64)f->avail &&
		   !stepping(f)) {
		f->next = target;	/* forward only, so that this ends */
		return true;
	}
	front_goto(f, target);
	return true;
}

bool tr_b_reg(struct front *f, const struct a64_insn *i)
{
	ir_ref target = front_x(f, i->Rn);

	switch (i->op) {
	case A64_BLR:
		ir_set_x(f->b, 30, ir_const(f->b, f->pc + 4));
		ir_push_ret(f->b, f->pc + 4);
		front_goto_reg(f, target, IR_JUMP_CALL);
		break;
	case A64_RET:
		front_goto_reg(f, target, IR_JUMP_RET);
		break;
	default:
		front_goto_reg(f, target, IR_JUMP_BR);
	}
	return true;
}

bool tr_cbz(struct front *f, const struct a64_insn *i)
{
	front_branch_if(f, i->op == A64_CBZ ? IR_XZ : IR_XNZ, front_w(i->sf), 0,
			front_x(f, i->Rt), f->pc + 4 * (u64)arm_sext(i->imm19, 19));
	return true;
}

bool tr_tbz(struct front *f, const struct a64_insn *i)
{
	front_branch_if(f, i->op == A64_TBZ ? IR_XBIT0 : IR_XBIT1, 64, i->b5 << 5 | i->b40,
			front_x(f, i->Rt), f->pc + 4 * (u64)arm_sext(i->imm14, 14));
	return true;
}
