// SPDX-License-Identifier: GPL-2.0-only
/* Exits, jumps, and calls of C. */
#include "emu/x64/jit.h"

/* Call a thunk that reads a number behind the call. */
static void emit_call_number(struct jit_ctx *c, const u8 *thunk, u32 number)
{
	x64_call_to(&c->e, code_write(c->cache, thunk));
	x64_u32(&c->e, number);
}

/* ---- exits ---- */

static void stub_exit(struct jit_ctx *c, struct jit_stub *s)
{
	x64_patch(s->from, c->e.p);
	emit_call_number(c, c->jit->thunks.exit, s->rec);
}

/* The jump at @at leaves to @pc; the record is taken from the present state. */
static void add_exit(struct jit_ctx *c, const struct ir_insn *in, u8 *at, u64 pc)
{
	struct jit_stub *s = jit_stub(c, stub_exit);
	struct jit_rec *rec = jit_rec(c, &s->rec);

	s->from = at;
	if (!rec)
		return;
	rec->op = in->op;
	rec->backward = pc <= c->b->pc + c->pc_off;
	rec->pc = pc;
	rec->jump = in->op == IR_XPENDING || in->op == IR_XLEAVE ? NULL : at;
}

static void lower_xcond(struct jit_ctx *c, const struct ir_insn *in)
{
	enum jit_flags kind;
	enum x64_cc cc;

	if (in->aux >= 14) {
		x64_align_rel32(&c->e, 1);
		add_exit(c, in, x64_jmp(&c->e), in->imm);
		return;
	}
	kind = jit_flags_load(c, in->arg[0]);
	cc = jit_cond(c, in->aux, &kind);
	x64_align_rel32(&c->e, 2);
	add_exit(c, in, x64_jcc(&c->e, cc), in->imm);
}

static void lower_xtest(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int a = jit_use(c, in->arg[0]);
	enum x64_cc cc;

	jit_flags_clobber(c);
	switch (in->op) {
	case IR_XZ:
	case IR_XNZ:
		x64_test(&c->e, in->w != 32, a, a);
		cc = in->op == IR_XZ ? CC_E : CC_NE;
		break;
	default:
		if (in->aux < 7) {
			x64_test_imm(&c->e, false, a, 1 << in->aux);
			cc = in->op == IR_XBIT0 ? CC_E : CC_NE;
		} else {
			x64_rri8(&c->e, X_0F | 0xba, in->aux >= 32, 4, a, in->aux & 63);	/* bt */
			cc = in->op == IR_XBIT0 ? CC_AE : CC_B;
		}
	}
	x64_align_rel32(&c->e, 2);
	add_exit(c, in, x64_jcc(&c->e, cc), in->imm);
}

static void lower_xpending(struct jit_ctx *c, const struct ir_insn *in)
{
	jit_flags_clobber(c);
	x64_load(&c->e, false, RAX, JIT_VCPU(exit_request));
	x64_alu_mem(&c->e, ALU_OR, false, RAX, JIT_VCPU(waiting));
	add_exit(c, in, x64_jcc(&c->e, CC_NE), in->imm);
}

static void count_insns(struct jit_ctx *c)
{
	if (c->jit->count_insns)
		x64_alu_mem_imm(&c->e, ALU_ADD, true, JIT_VCPU(insn_count), c->insns);
}

static void lower_leave(struct jit_ctx *c, const struct ir_insn *in)
{
	jit_sync(c);
	jit_flags_clobber(c);
	count_insns(c);
	if (in->op == IR_LEAVE) {
		x64_mov_imm(&c->e, RAX, in->imm);
		x64_store(&c->e, true, JIT_VCPU(st.pc), RAX);
	}
	x64_jmp_to(&c->e, code_write(c->cache, c->jit->thunks.leave));
}

/* ---- indirect jumps and the return stack ---- */

#define RSB_MASK ((VCPU_RSB_SIZE - 1) * 16)

_Static_assert(sizeof(struct vcpu_rsb_entry) == 16, "indexed by shifted numbers");

/*
 * The return point of a call: reached by a predicted return, with everything
 * in memory.  Until it is linked it leaves to its pc.
 */
static void stub_return(struct jit_ctx *c, struct jit_stub *s)
{
	struct jit_rec *rec;
	u32 number = code_rec(c->cache, sizeof(*rec), &rec);

	if (!number) {
		c->e.full = true;
		return;
	}
	x64_patch(s->from, c->e.p);
	x64_align_rel32(&c->e, 1);
	*rec = (struct jit_rec){
		.pc = s->data, .block = c->blk, .op = IR_PUSHRET, .jump = x64_jmp(&c->e),
	};
	x64_patch(rec->jump, c->e.p);
	emit_call_number(c, c->jit->thunks.exit, number);
}

static void lower_pushret(struct jit_ctx *c, const struct ir_insn *in)
{
	struct x64_buf *e = &c->e;
	struct jit_stub *s = jit_stub(c, stub_return);

	jit_flags_clobber(c);
	x64_load(e, false, RCX, JIT_VCPU(rsb_top));
	x64_mov_imm(e, RAX, in->imm);
	x64_alu_imm(e, ALU_ADD, false, RCX, 16);
	x64_alu_imm(e, ALU_AND, false, RCX, RSB_MASK);
	x64_store(e, false, JIT_VCPU(rsb_top), RCX);
	x64_store(e, true, x64_at_index(JIT_STATE, RCX, 0, JIT_OFF(rsb)), RAX);
	/* lea rax, [rip + stub]: mod 0, rm 5 */
	x64_u8(e, 0x48);
	x64_u8(e, 0x8d);
	x64_u8(e, 0x05);
	x64_u32(e, 0);
	s->from = e->p - 4;
	s->data = in->imm;
	x64_store(e, true, x64_at_index(JIT_STATE, RCX, 0, JIT_OFF(rsb) + 8), RAX);
}

static void lower_gotor(struct jit_ctx *c, const struct ir_insn *in)
{
	struct x64_buf *e = &c->e;
	s32 cache = JIT_OFF(jump_cache);
	unsigned int shift = c->b->mode & IR_MODE_A32 ? 1 : 2;
	u8 *other;

	jit_sync(c);
	jit_flags_clobber(c);
	jit_arg(c, RAX, in->arg[0]);
	count_insns(c);
	if (in->aux == IR_JUMP_RET) {
		x64_load(e, false, RCX, JIT_VCPU(rsb_top));
		x64_rm(e, 0x3b, true, RAX, x64_at_index(JIT_STATE, RCX, 0, JIT_OFF(rsb)));
		other = x64_jcc(e, CC_NE);
		x64_load(e, true, RDX, x64_at_index(JIT_STATE, RCX, 0, JIT_OFF(rsb) + 8));
		x64_alu_imm(e, ALU_SUB, false, RCX, 16);
		x64_alu_imm(e, ALU_AND, false, RCX, RSB_MASK);
		x64_store(e, false, JIT_VCPU(rsb_top), RCX);
		x64_rr(e, 0xff, false, 4, RDX);		/* jmp rdx */
		x64_patch(other, e->p);
	}
	/* VCPU_JUMP_INDEX: (pc >> shift & mask) * 16 = (pc & mask << shift) * (16 >> shift) */
	x64_mov(e, false, RCX, RAX);
	x64_alu_imm(e, ALU_AND, false, RCX, (VCPU_JUMP_CACHE - 1) << shift);
	x64_rm(e, 0x3b, true, RAX, x64_at_index(JIT_STATE, RCX, 4 - shift, cache));
	x64_jcc_to(e, CC_NE, code_write(c->cache, c->jit->thunks.indirect));
	x64_rm(e, 0xff, false, 4, x64_at_index(JIT_STATE, RCX, 4 - shift, cache + 8));
}

/* ---- calls of C ---- */

static void lower_call(struct jit_ctx *c, const struct ir_insn *in)
{
	static const u8 scratch[] = { RAX, RCX, RDX };
	struct x64_buf *e = &c->e;

	jit_call_prepare(c);
	x64_mov_imm(e, RAX, c->b->pc + c->pc_off);
	x64_store(e, true, JIT_VCPU(st.pc), RAX);
	for (unsigned int k = 0; k < 3; k++)
		if (in->arg[k] != IR_NONE)
			jit_arg(c, scratch[k], in->arg[k]);
	jit_call_clobber(c, true);
	emit_call_number(c, c->jit->thunks.call, in->imm);
	if (in[1].op != IR_LEAVE_SET) {
		x64_rm(e, 0x80, false, 7, JIT_VCPU(exc.pending));	/* cmp byte, 0 */
		x64_u8(e, 0);
		x64_jcc_to(e, CC_NE, code_write(c->cache, c->jit->thunks.leave));
	}
	if (in->uses)
		x64_mov(e, true, jit_def(c, c->pos), RAX);
}

/* A vector or FP operation (or CRC32) in C: operands through vcpu->scratch. */
static void lower_c(struct jit_ctx *c, const struct ir_insn *in)
{
	const struct ir_op_info *op = &ir_ops[in->op];
	struct x64_buf *e = &c->e;
	struct ir_insn *desc = code_alloc(c->cache, sizeof(*desc));

	if (!desc) {
		e->full = true;
		return;
	}
	*desc = *in;
	for (unsigned int k = 0; k < op->nargs; k++) {
		struct x64_mem m = x64_at(JIT_STATE, JIT_OFF(scratch) + 16 * (k + 1));

		switch (op->args[k]) {
		case 'V':
			x64_vstore(e, m, jit_use_v(c, in->arg[k]));
			break;
		case 'F':
			jit_flags_to_ax(c, in->arg[k]);
			x64_store(e, true, m, RAX);
			break;
		default:
			jit_arg(c, RAX, in->arg[k]);
			x64_store(e, true, m, RAX);
		}
	}
	jit_call_clobber(c, false);
	x64_mov_imm(e, RAX, (uintptr_t)desc);
	x64_call_to(e, code_write(c->cache, c->jit->thunks.vec));
	switch (op->res[0]) {
	case 'V':
		x64_vload(e, jit_def_v(c, c->pos), JIT_VCPU(scratch));
		break;
	case 'F':
		x64_load(e, false, RAX, JIT_VCPU(scratch));
		jit_emit_flags_from_ax(e);
		jit_flags_def(c, c->pos, JIT_FLAGS_ADD);
		break;
	default:
		x64_load(e, true, jit_def(c, c->pos), JIT_VCPU(scratch));
	}
}

void jit_lower_control(struct jit_ctx *c, const struct ir_insn *in)
{
	switch (in->op) {
	case IR_XCOND:
	case IR_XLEAVE:
		lower_xcond(c, in);
		break;
	case IR_XZ ... IR_XBIT1:
		lower_xtest(c, in);
		break;
	case IR_XPENDING:
		lower_xpending(c, in);
		break;
	case IR_PUSHRET:
		lower_pushret(c, in);
		break;
	case IR_GOTO:
		x64_align_rel32(&c->e, 1);
		add_exit(c, in, x64_jmp(&c->e), in->imm);
		break;
	case IR_GOTOR:
		lower_gotor(c, in);
		break;
	case IR_LEAVE:
	case IR_LEAVE_SET:
		lower_leave(c, in);
		break;
	case IR_CALL:
		lower_call(c, in);
		break;
	default:
		lower_c(c, in);
	}
}
