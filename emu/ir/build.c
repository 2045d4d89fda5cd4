// SPDX-License-Identifier: GPL-2.0-only
/*
 * Building a block.  Every cold guest instruction passes here, so nothing is
 * allocated and nothing searched: a value that is equal to a recent one is
 * found by one probe of a direct-mapped table.  Operations are handled as
 * words, see struct ir_words.
 */
#include <string.h>

#include "emu/ir/ir_int.h"

void ir_block_init(struct ir_block *b, u64 pc, u32 mode, u64 features)
{
	memset(b, 0, offsetof(struct ir_block, insns));
	b->pc = pc;
	b->mode = mode;
	b->features = features;
}

static inline ir_ref append(struct ir_block *b, u64 head, u64 args, u64 imm)
{
	unsigned int n = b->n;

	/*
	 * One guest instruction never needs more than IR_RESERVE operations
	 * (tests hold the front end to that).  Should one do so all the same,
	 * the block is wrong, but memory stays whole.
	 */
	if (n >= IR_MAX_INSNS)
		n = IR_MAX_INSNS - 1;
	ir_put_words(&b->insns[n], head, args, imm);
	b->n = n + 1;
	b->full = n + 1 + IR_RESERVE > IR_MAX_INSNS;
	return n;
}

void ir_begin_insn_it(struct ir_block *b, u64 pc, unsigned int it, u32 word)
{
	b->cur_pc = (u32)(pc - b->pc);
	b->guest_insns++;
	append(b, ir_head(IR_INSN, 0, 64, 0, 0, 0), 0, b->cur_pc | (u64)it << 24 | (u64)word << 32);
}

/* Emit a PURE operation, or find the equal one. */
static inline ir_ref append_cse(struct ir_block *b, u64 head, u64 args, u64 imm)
{
	u64 h = head * 0x9e3779b97f4a7c15ULL ^ (args + (imm >> 29) + imm) * 0xc2b2ae3d27d4eb4fULL;
	ir_ref *slot = &b->cse[(h ^ h >> 32) >> 12 & (IR_CSE_SIZE - 1)];
	struct ir_words o;

	if (*slot) {
		o = ir_words(&b->insns[*slot]);
		if (!((o.head ^ head) | (o.args ^ args) | (o.imm ^ imm)))
			return *slot;
	}
	return *slot = append(b, head, args, imm);
}

static ir_ref emit_pure(struct ir_block *b, u64 head, u64 args, u64 imm, bool chain)
{
	struct ir_insn t;
	struct ir_words k;
	ir_ref r;

	ir_put_words(&t, head, args, imm);
	r = ir_fold(b, &t, chain);
	if (r)
		return r;
	k = ir_words(&t);
	return append_cse(b, k.head, k.args, k.imm);
}

static inline ir_ref emit(struct ir_block *b, u64 head, u64 args, u64 imm, bool chain)
{
	unsigned int flags = ir_ops[head & 0xffff].flags;
	ir_ref r;

	if (flags & IR_F_PURE)
		return emit_pure(b, head, args, imm, chain);
	r = append(b, head, args, imm);
	if ((flags & IR_F_CALL) && !ir_helper_flags[imm])
		memset(b->reg, 0, sizeof(b->reg));
	return r;
}

ir_ref ir_emit(struct ir_block *b, const struct ir_insn *in)
{
	return emit(b, ir_head(in->op, in->mop, in->w ? in->w : 64, in->aux, in->es, in->q),
		    ir_args(in->arg[0], in->arg[1], in->arg[2], 0), in->imm, true);
}

ir_ref ir_const(struct ir_block *b, u64 v)
{
	return append_cse(b, ir_head(IR_CONST, 0, 64, 0, 0, 0), 0, v);
}

bool ir_is_const(const struct ir_block *b, ir_ref r, u64 *v)
{
	const struct ir_insn *t = &b->insns[r];

	if (!r || t->op != IR_CONST)
		return false;
	*v = t->imm;
	return true;
}

/* ---- guest registers: reads see the last write, writes of the same value vanish ---- */

static ir_ref reg_get(struct ir_block *b, enum ir_op op, unsigned int reg)
{
	if (!b->reg[reg])
		b->reg[reg] = append(b, ir_head(op, 0, 64, 0, 0, 0), 0, reg);
	return b->reg[reg];
}

static void reg_set(struct ir_block *b, enum ir_op op, unsigned int reg, ir_ref v)
{
	if (b->reg[reg] == v)
		return;
	b->reg[reg] = v;
	append(b, ir_head(op, 0, 64, 0, 0, 0), ir_args(v, 0, 0, 0), reg);
}

ir_ref ir_get_x(struct ir_block *b, unsigned int reg)
{
	return reg_get(b, IR_GETX, reg);
}

void ir_set_x(struct ir_block *b, unsigned int reg, ir_ref v)
{
	reg_set(b, IR_SETX, reg, v);
}

ir_ref ir_get_v(struct ir_block *b, unsigned int n)
{
	return reg_get(b, IR_GETV, IR_REG_V0 + n);
}

void ir_set_v(struct ir_block *b, unsigned int n, ir_ref v)
{
	reg_set(b, IR_SETV, IR_REG_V0 + n, v);
}

ir_ref ir_get_f(struct ir_block *b)
{
	return reg_get(b, IR_GETF, IR_REG_NZCV);
}

void ir_set_f(struct ir_block *b, ir_ref f)
{
	reg_set(b, IR_SETF, IR_REG_NZCV, f);
}

/* ---- operations ---- */

ir_ref ir_op(struct ir_block *b, enum ir_op op, unsigned int w, ir_ref a, ir_ref c, ir_ref d)
{
	return emit(b, ir_head(op, 0, w ? w : 64, 0, 0, 0), ir_args(a, c, d, 0), 0, true);
}

ir_ref ir_opx(struct ir_block *b, enum ir_op op, unsigned int w, unsigned int aux, u64 imm,
	      ir_ref a, ir_ref c, ir_ref d)
{
	return emit(b, ir_head(op, 0, w ? w : 64, aux, 0, 0), ir_args(a, c, d, 0), imm, true);
}

ir_ref ir_op_flags(struct ir_block *b, enum ir_op op, unsigned int w, ir_ref a, ir_ref c)
{
	return emit(b, ir_head(op, 0, w ? w : 64, 0, 0, 0), ir_args(a, c, 0, 0), 0, false);
}

ir_ref ir_vop(struct ir_block *b, enum ir_op op, unsigned int es, enum ir_shape q, u64 imm,
	      ir_ref a, ir_ref c, ir_ref d)
{
	return emit(b, ir_head(op, 0, 64, 0, es, q), ir_args(a, c, d, 0), imm, true);
}

ir_ref ir_vop_std(struct ir_block *b, enum ir_op op, unsigned int es, enum ir_shape q, u64 imm,
		  ir_ref a, ir_ref c, ir_ref d)
{
	return emit(b, ir_head(op, 0, 64, IR_FP_STD, es, q), ir_args(a, c, d, 0), imm, true);
}

ir_ref ir_mem(struct ir_block *b, enum ir_op op, unsigned int w, unsigned int mop, s64 disp,
	      ir_ref a, ir_ref c, ir_ref d)
{
	u64 off = disp;
	ir_ref base = ir_split_add(b, a, &off);

	/* Back ends take 32-bit displacements; some room is left for the second of a pair. */
	if ((s64)off < -(1LL << 30) || (s64)off > 1LL << 30) {
		base = a;
		off = disp;
	}
	return append(b, ir_head(op, mop, w ? w : 64, 0, 0, 0), ir_args(base, c, d, 0), off);
}

ir_ref ir_mem_if(struct ir_block *b, enum ir_op op, unsigned int w, unsigned int mop, unsigned int cond,
		 ir_ref f, s64 disp, ir_ref a, ir_ref c)
{
	return append(b, ir_head(op, mop, w ? w : 64, cond, 0, 0), ir_args(f, a, c, 0), disp);
}

ir_ref ir_call(struct ir_block *b, enum ir_helper h, ir_ref a, ir_ref c, ir_ref d)
{
	return ir_opx(b, IR_CALL, 64, 0, h, a, c, d);
}

/* ---- control ---- */

void ir_exit_if(struct ir_block *b, enum ir_op op, unsigned int w, unsigned int aux, ir_ref v, u64 pc)
{
	ir_opx(b, op, w, aux, pc, v, IR_NONE, IR_NONE);
}

void ir_goto(struct ir_block *b, u64 pc)
{
	ir_opx(b, IR_GOTO, 64, 0, pc, IR_NONE, IR_NONE, IR_NONE);
}

void ir_goto_reg(struct ir_block *b, ir_ref pc, enum ir_jump kind)
{
	ir_opx(b, IR_GOTOR, 64, kind, 0, pc, IR_NONE, IR_NONE);
}

void ir_push_ret(struct ir_block *b, u64 pc)
{
	ir_opx(b, IR_PUSHRET, 64, 0, pc, IR_NONE, IR_NONE, IR_NONE);
}

void ir_leave(struct ir_block *b, u64 pc)
{
	ir_opx(b, IR_LEAVE, 64, 0, pc, IR_NONE, IR_NONE, IR_NONE);
}

void ir_leave_set(struct ir_block *b)
{
	ir_opx(b, IR_LEAVE_SET, 64, 0, 0, IR_NONE, IR_NONE, IR_NONE);
}
