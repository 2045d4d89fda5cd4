/* SPDX-License-Identifier: GPL-2.0-only */
/* One pass over the operations of a block, one function for each. */
#include "emu/interp/interp.h"

#include <string.h>

#include "emu/cpu/helpers.h"
#include "emu/fp/vec.h"
#include "emu/interp/interp_int.h"
#include "emu/run/lockstep.h"
#include "emu/run/mem.h"

/* ---- guest registers ---- */

static u64 *interp_xreg(struct interp *t, const struct ir_insn *in)
{
	return in->imm == IR_REG_SP ? &t->v->st.sp : &t->v->st.x[in->imm];
}

int interp_CONST(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	(void)t;
	res->d[0] = in->imm;
	return INTERP_CONTINUE;
}

int interp_GETX(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	res->d[0] = *interp_xreg(t, in);
	return INTERP_CONTINUE;
}

int interp_SETX(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	(void)res;
	*interp_xreg(t, in) = interp_arg(t, in, 0);
	return INTERP_CONTINUE;
}

int interp_GETV(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	*res = t->v->st.v[in->imm - IR_REG_V0];
	return INTERP_CONTINUE;
}

int interp_SETV(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	(void)res;
	t->v->st.v[in->imm - IR_REG_V0] = t->val[in->arg[0]];
	return INTERP_CONTINUE;
}

int interp_GETF(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	(void)in;
	res->d[0] = t->v->st.nzcv;
	return INTERP_CONTINUE;
}

int interp_SETF(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	(void)res;
	t->v->st.nzcv = (u32)interp_arg(t, in, 0) & PSR_NZCV;
	return INTERP_CONTINUE;
}

int interp_LDDAIF(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	(void)in;
	res->d[0] = t->v->st.pstate & PSR_DAIF;
	return INTERP_CONTINUE;
}

int interp_STDAIF(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	struct arm_state *st = &t->v->st;

	(void)res;
	st->pstate = (st->pstate & ~PSR_DAIF) | ((u32)interp_arg(t, in, 0) & PSR_DAIF);
	return INTERP_CONTINUE;
}

static u32 *interp_ctl(struct interp *t, const struct ir_insn *in)
{
	struct arm_state *st = &t->v->st;

	return in->aux == IR_CTL_PSTATE ? &st->pstate : in->aux == IR_CTL_FPSR ? &st->fpsr : &st->fpcr;
}

int interp_LDCTL(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	res->d[0] = *interp_ctl(t, in) & (u32)in->imm;
	return INTERP_CONTINUE;
}

int interp_STCTL(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	u32 *ctl = interp_ctl(t, in), mask = (u32)in->imm;

	(void)res;
	*ctl = (*ctl & ~mask) | ((u32)interp_arg(t, in, 0) & mask);
	return INTERP_CONTINUE;
}

int interp_LDSYS(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	res->d[0] = t->v->st.sys[in->imm];
	return INTERP_CONTINUE;
}

int interp_STSYS(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	(void)res;
	t->v->st.sys[in->imm] = interp_arg(t, in, 0);
	return INTERP_CONTINUE;
}

/* From here to the next INSN or exit, st.pc is right for whoever raises an exception. */
int interp_INSN(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	(void)res;
	t->v->st.pc = t->b->pc + IR_INSN_OFF(in->imm);
	t->it = IR_INSN_IT(in->imm);
	t->v->insn_count++;
	return INTERP_CONTINUE;
}

/* ---- memory ---- */

static unsigned int interp_mem_size(const struct ir_insn *in)
{
	return 1u << (in->mop & IR_MO_SIZE);
}

static u64 interp_wrap(const struct interp *t, u64 va)
{
	return t->b->mode & IR_MODE_A32 ? (u32)va : va;
}

static u64 interp_address(const struct interp *t, const struct ir_insn *in)
{
	return interp_wrap(t, interp_arg(t, in, 0) + in->imm);
}

/* A data access has raised: ITSTATE goes where exceptions look for it. */
static int interp_raised(struct interp *t)
{
	if (t->it)
		t->v->st.pstate = psr32_set_it(t->v->st.pstate, t->it);
	return INTERP_EXCEPTION;
}

/* One element as an I value of the operation's width. */
static u64 interp_extend(const struct ir_insn *in, u64 raw)
{
	unsigned int bits = interp_mem_size(in) * 8;

	if (bits < 64) {
		raw &= ARM_MASK(bits - 1, 0);
		if (in->mop & IR_MO_SIGN)
			raw = (u64)arm_sext(raw, bits);
	}
	return interp_cut(interp_width(in), raw);
}

/* @n elements of up to 16 bytes; the first to *res, the second to t->pair. */
static int interp_load(struct interp *t, const struct ir_insn *in, unsigned int n, struct arm_vreg *res)
{
	unsigned int size = interp_mem_size(in);
	u8 buf[32];

	res->d[0] = res->d[1] = t->pair[0] = t->pair[1] = 0;
	if (mem_load(t->v, interp_address(t, in), in->mop, n, buf))
		return interp_raised(t);
	memcpy(res, buf, size);
	if (n == 2)
		memcpy(t->pair, buf + size, size);
	return INTERP_CONTINUE;
}

/* Elements are b and c. */
static int interp_store(struct interp *t, const struct ir_insn *in, unsigned int n)
{
	unsigned int size = interp_mem_size(in);
	u8 buf[32];

	memcpy(buf, &t->val[in->arg[1]], size);
	memcpy(buf + size, &t->val[in->arg[2]], size);
	return mem_store(t->v, interp_address(t, in), in->mop, n, buf) ? interp_raised(t) : INTERP_CONTINUE;
}

/* ---- conditional accesses: a is the flags, b the address ---- */

static int interp_load_if(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	u8 buf[16];

	*res = t->val[in->arg[2]];
	if (!emu_cond(in->aux, (u32)interp_arg(t, in, 0)))
		return INTERP_CONTINUE;
	if (mem_load(t->v, interp_wrap(t, interp_arg(t, in, 1) + in->imm), in->mop, 1, buf))
		return interp_raised(t);
	res->d[0] = res->d[1] = 0;
	memcpy(res, buf, interp_mem_size(in));
	if (in->op == IR_LDC)
		res->d[0] = interp_extend(in, res->d[0]);
	return INTERP_CONTINUE;
}

static int interp_store_if(struct interp *t, const struct ir_insn *in)
{
	if (!emu_cond(in->aux, (u32)interp_arg(t, in, 0)))
		return INTERP_CONTINUE;
	if (mem_store(t->v, interp_wrap(t, interp_arg(t, in, 1) + in->imm), in->mop, 1, &t->val[in->arg[2]]))
		return interp_raised(t);
	return INTERP_CONTINUE;
}

int interp_LDC(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	return interp_load_if(t, in, res);
}

int interp_LDVC(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	return interp_load_if(t, in, res);
}

int interp_STC(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	(void)res;
	return interp_store_if(t, in);
}

int interp_STVC(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	(void)res;
	return interp_store_if(t, in);
}

int interp_LD(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	int r = interp_load(t, in, 1, res);

	res->d[0] = interp_extend(in, res->d[0]);
	return r;
}

int interp_LDP(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	int r = interp_load(t, in, 2, res);

	res->d[0] = interp_extend(in, res->d[0]);
	t->pair[0] = interp_extend(in, t->pair[0]);
	return r;
}

int interp_LDV(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	return interp_load(t, in, 1, res);
}

int interp_LDVP(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	return interp_load(t, in, 2, res);
}

int interp_LDP2(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	(void)in;
	res->d[0] = t->pair[0];
	return INTERP_CONTINUE;
}

int interp_LDVP2(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	(void)in;
	res->d[0] = t->pair[0];
	res->d[1] = t->pair[1];
	return INTERP_CONTINUE;
}

#define INTERP_STORE(NAME, n)								\
int interp_##NAME(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)	\
{											\
	(void)res;									\
	return interp_store(t, in, n);							\
}

INTERP_STORE(ST, 1)
INTERP_STORE(STP, 2)
INTERP_STORE(STV, 1)
INTERP_STORE(STVP, 2)

/* a & 15 != 0: the helper raises the fault. */
int interp_SPCHECK(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	(void)res;
	if (!(interp_arg(t, in, 0) & 15))
		return INTERP_CONTINUE;
	helper_table[IR_HELPER_sp_align](t->v, 0, 0, 0);
	return INTERP_EXCEPTION;
}

/* ---- exclusives and atomics; V values are two words ---- */

/*
 * Calls @EXPR, an int that is not 0 after an exception, with va, the words of
 * b and c in val1 and val2, and out.  @ext: the result is an element to extend.
 */
#define INTERP_ATOMIC(NAME, ext, EXPR)							\
int interp_##NAME(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)	\
{											\
	const u64 *val1 = t->val[in->arg[1]].d, *val2 = t->val[in->arg[2]].d;		\
	const u64 va = interp_address(t, in);						\
	u64 out[2] = { 0, 0 };								\
											\
	(void)val1;									\
	(void)val2;									\
	if (EXPR)									\
		return interp_raised(t);						\
	res->d[0] = (ext) ? interp_extend(in, out[0]) : out[0];				\
	res->d[1] = out[1];								\
	return INTERP_CONTINUE;								\
}

INTERP_ATOMIC(LDX, true, mem_load_exclusive(t->v, va, in->mop, out))
INTERP_ATOMIC(LDXV, false, mem_load_exclusive(t->v, va, in->mop, out))
INTERP_ATOMIC(STX, false, mem_store_exclusive(t->v, va, in->mop, val1, out))
INTERP_ATOMIC(STXV, false, mem_store_exclusive(t->v, va, in->mop, val1, out))
INTERP_ATOMIC(CAS, true, mem_cas(t->v, va, in->mop, val1, val2, out))
INTERP_ATOMIC(CASV, false, mem_cas(t->v, va, in->mop, val1, val2, out))
INTERP_ATOMIC(ATOMIC, true, mem_atomic_op(t->v, va, in->mop, (enum ir_atomic)in->aux, val1[0], out))

int interp_CLREX(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	(void)in;
	(void)res;
	t->v->excl_size = 0;
	return INTERP_CONTINUE;
}

/* DMB ISHLD and ISHST order less than an acquire or release fence does. */
int interp_BARRIER(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	(void)t;
	(void)res;
	if (in->aux == IR_BARRIER_LD)
		atomic_thread_fence(memory_order_acquire);
	else if (in->aux == IR_BARRIER_ST)
		atomic_thread_fence(memory_order_release);
	else
		atomic_thread_fence(memory_order_seq_cst);
	return INTERP_CONTINUE;
}

/* ---- control ---- */

static int interp_exit_to(struct interp *t, u64 pc, int why)
{
	t->v->st.pc = pc;
	return why;
}

/* a: the argument cut to the width. */
#define INTERP_EXIT(NAME, COND)								\
int interp_##NAME(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)	\
{											\
	const u64 a = interp_cut(interp_width(in), interp_arg(t, in, 0));		\
											\
	(void)a;									\
	(void)res;									\
	return (COND) ? interp_exit_to(t, in->imm, INTERP_NEXT) : INTERP_CONTINUE;	\
}

INTERP_EXIT(XCOND, emu_cond(in->aux, (u32)a))
INTERP_EXIT(XZ, a == 0)
INTERP_EXIT(XNZ, a != 0)
INTERP_EXIT(XBIT0, !arm_bit(interp_arg(t, in, 0), in->aux & 63))
INTERP_EXIT(XBIT1, arm_bit(interp_arg(t, in, 0), in->aux & 63))
int interp_XPENDING(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	struct emu_vcpu *v = t->v;

	(void)res;
	if (!v->waiting && !atomic_load_explicit(&v->exit_request, memory_order_relaxed))
		return INTERP_CONTINUE;
	return interp_exit_to(t, in->imm, INTERP_LEAVE);
}

int interp_XLEAVE(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	(void)res;
	if (!emu_cond(in->aux, (u32)interp_arg(t, in, 0)))
		return INTERP_CONTINUE;
	return interp_exit_to(t, in->imm, INTERP_LEAVE);
}

INTERP_EXIT(PUSHRET, false)	/* nobody keeps a return stack here */
INTERP_EXIT(GOTO, true)

int interp_GOTOR(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	(void)res;
	return interp_exit_to(t, interp_arg(t, in, 0), INTERP_NEXT);
}

int interp_LEAVE(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	(void)res;
	return interp_exit_to(t, in->imm, INTERP_LEAVE);
}

int interp_LEAVE_SET(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	(void)t;
	(void)in;
	(void)res;
	return INTERP_LEAVE;
}

int interp_CALL(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	res->d[0] = lockstep_helper(t->v, (enum ir_helper)in->imm, interp_arg(t, in, 0), interp_arg(t, in, 1),
				    interp_arg(t, in, 2));
	return t->v->exc.pending ? INTERP_EXCEPTION : INTERP_CONTINUE;
}

/* ---- vectors ---- */

static int interp_vector(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	struct vec_call vc = {
		.a = t->val[in->arg[0]], .b = t->val[in->arg[1]], .c = t->val[in->arg[2]],
		.fpcr = t->v->st.fpcr, .fpsr = &t->v->st.fpsr,
	};

	vec_call_op(in, &vc);
	*res = vc.res;
	return INTERP_CONTINUE;
}

int interp_VSEL(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	return interp_vector(t, in, res);
}

int interp_FCCMP(struct interp *t, const struct ir_insn *in, struct arm_vreg *res)
{
	return interp_vector(t, in, res);
}

static const interp_fn interp_table[IR_OP_COUNT] = {
#define X(name) [IR_##name] = interp_##name,
#include "emu/interp/interp_ops.def"
#undef X
#define X(name) [IR_##name] = interp_vector,
#include "emu/fp/vec_ops.def"
#undef X
};

int interp_block(struct emu_vcpu *v, const struct ir_block *b)
{
	struct interp t;	/* of val, what is read was written before: ir_verify() */
	unsigned int i;
	int why;

	t.v = v;
	t.b = b;
	t.val[IR_NONE] = (struct arm_vreg){ { 0, 0 } };
	for (i = 0; i < b->n; i++) {
		why = interp_table[b->insns[i].op](&t, &b->insns[i], &t.val[i]);
		if (why != INTERP_CONTINUE)
			return why;
	}
	return INTERP_LEAVE;	/* not reached: the last operation ends the block */
}
