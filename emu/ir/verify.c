// SPDX-License-Identifier: GPL-2.0-only
/* What every block must satisfy, whoever made it. */
#include <stdio.h>

#include "emu/ir/ir_int.h"

struct verify {
	const struct ir_block *b;
	unsigned int i;			/* operation at hand */
	unsigned int guest_insns;
	bool wrote;			/* this guest instruction wrote a register */
	u16 uses[IR_MAX_INSNS];
	char *why;
	size_t len;
};

static int fail(struct verify *v, const char *what)
{
	unsigned int op = v->b->insns[v->i].op;

	snprintf(v->why, v->len, "%u %s: %s", v->i, op < IR_OP_COUNT ? ir_ops[op].name : "?", what);
	return -EINVAL;
}

static int verify_args(struct verify *v, const struct ir_insn *t)
{
	const struct ir_op_info *info = &ir_ops[t->op];
	const struct ir_insn *arg;

	for (unsigned int a = 0; a < 3; a++) {
		if (!t->arg[a]) {
			if (a < info->nargs && t->op != IR_CALL)
				return fail(v, "an argument is missing");
			continue;
		}
		if (a >= info->nargs)
			return fail(v, "an argument too many");
		if (t->arg[a] >= v->i)
			return fail(v, "an argument that comes later");
		arg = &v->b->insns[t->arg[a]];
		if (ir_ops[arg->op].res[0] != info->args[a])
			return fail(v, "an argument of the wrong type");
		v->uses[t->arg[a]]++;
	}
	return 0;
}

static bool range_ok(u64 v, u64 lo, u64 hi)
{
	return v >= lo && v <= hi;
}

static int verify_reg(struct verify *v, const struct ir_insn *t)
{
	switch (t->op) {
	case IR_GETX:
	case IR_SETX:
		return t->imm <= IR_REG_SP ? 0 : fail(v, "not a general register");
	case IR_GETV:
	case IR_SETV:
		return range_ok(t->imm, IR_REG_V0, IR_REG_V0 + 31) ? 0 : fail(v, "not a vector register");
	case IR_GETF:
	case IR_SETF:
		return t->imm == IR_REG_NZCV ? 0 : fail(v, "not the flags");
	}
	return 0;
}

static int verify_int(struct verify *v, const struct ir_insn *t)
{
	unsigned int w = t->w;
	bool ok = true;

	switch (t->op) {
	case IR_SEXT:
		ok = range_ok(t->aux, 1, w - 1);
		break;
	case IR_ZEXT:
		ok = range_ok(t->aux, 1, 63);
		break;
	case IR_EXTR:
		ok = range_ok(t->aux, 1, w - 1);
		break;
	case IR_BFI:
		ok = t->imm >= 1 && t->imm <= w && t->aux + t->imm <= w;
		break;
	case IR_CRC32:
	case IR_CRC32C:
		ok = t->aux <= 3;
		break;
	case IR_SMULH: case IR_UMULH: case IR_SMULL: case IR_UMULL: case IR_REV32:
		ok = w == 64;
		break;
	case IR_XBIT0:
	case IR_XBIT1:
		ok = t->aux <= 63;
		break;
	case IR_LDCTL: case IR_STCTL:
		ok = t->aux <= IR_CTL_FPCR && !(t->imm >> 32);
		break;
	case IR_CSEL: case IR_XCOND: case IR_XLEAVE: case IR_FL_SEL:
	case IR_LDC: case IR_STC: case IR_LDVC: case IR_STVC:
		ok = t->aux <= 15;
		break;
	case IR_FL_CCMN: case IR_FL_CCMP:
		ok = t->aux <= 15 && t->imm <= 15;
		break;
	case IR_FL_CONST:
		ok = t->imm <= 15;
		break;
	}
	return ok ? 0 : fail(v, "aux or imm out of range");
}

static int verify_mem(struct verify *v, const struct ir_insn *t)
{
	unsigned int size = t->mop & IR_MO_SIZE, max = 3, min = 0;

	switch (t->op) {
	case IR_SPCHECK:
		return t->mop ? fail(v, "mop") : 0;
	case IR_LDP: case IR_STP:
		min = 2;
		break;
	case IR_LDV: case IR_STV: case IR_LDVC: case IR_STVC:
		max = 4;
		break;
	case IR_LDVP: case IR_STVP:
		min = 2;
		max = 4;
		break;
	case IR_LDXV: case IR_STXV: case IR_CASV:
		min = max = 4;
		break;
	case IR_ATOMIC:
		if (t->aux > IR_ATOMIC_SWP)
			return fail(v, "unknown kind");
		break;
	}
	if (!range_ok(size, min, max))
		return fail(v, "size");
	if ((t->mop & IR_MO_SIGN) && (t->op == IR_LD || t->op == IR_LDP || t->op == IR_LDC) && (8u << size) >= t->w)
		return fail(v, "sign extension to no more bits");
	return 0;
}

/* Helpers that raise nothing but what comes behind a complete instruction: it may have written registers. */
static bool ends_insn(u64 helper)
{
	return helper == IR_HELPER_step_done || helper == IR_HELPER_goto32 || helper == IR_HELPER_eret32 ||
	       helper == IR_HELPER_rfe32;
}

/* The order of operations: pairs, and writes behind what may fault. */
static int verify_order(struct verify *v, const struct ir_insn *t)
{
	unsigned int flags = ir_ops[t->op].flags;
	bool last = v->i + 1 == v->b->n;

	if (!!(flags & IR_F_END) != last)
		return fail(v, last ? "does not end the block" : "an end before the end");
	switch (t->op) {
	case IR_INSN:
		v->wrote = false;
		v->guest_insns++;
		return t->imm & (v->b->mode & IR_MODE_A32 ? 1 : 3) ? fail(v, "misaligned pc") : 0;
	case IR_SETX: case IR_SETV: case IR_SETF: case IR_STSYS:
		v->wrote = true;
		return 0;
	case IR_LDP2:
	case IR_LDVP2:
		if (t->arg[0] != v->i - 1 || v->b->insns[v->i - 1].op != t->op - 1)
			return fail(v, "not behind its first half");
		return 0;
	case IR_CALL:
		if (t->imm >= IR_HELPER_COUNT)
			return fail(v, "unknown helper");
		if (ends_insn(t->imm) || ir_helper_flags[t->imm])
			return 0;
		break;
	}
	if (v->wrote && (flags & (IR_F_MEM | IR_F_CALL)))
		return fail(v, "may fault behind a register write of its instruction");
	return 0;
}

static int verify_insn(struct verify *v)
{
	const struct ir_insn *t = &v->b->insns[v->i];
	int err;

	if (t->op >= IR_OP_COUNT)
		return fail(v, "unknown operation");
	if (t->w != 32 && t->w != 64 && t->op != IR_INSN)
		return fail(v, "width");
	if (t->es > 4 || t->q > IR_Q)
		return fail(v, "element size or shape");
	err = verify_args(v, t);
	if (!err)
		err = verify_order(v, t);
	if (!err)
		err = verify_reg(v, t);
	if (!err)
		err = verify_int(v, t);
	if (!err && (ir_ops[t->op].flags & IR_F_MEM))
		err = verify_mem(v, t);
	return err;
}

int ir_verify(const struct ir_block *b, char *why, size_t len)
{
	struct verify v = { .b = b, .why = why, .len = len };
	int err;

	if (!b->n || b->n > IR_MAX_INSNS || b->insns[0].op != IR_INSN)
		return fail(&v, "the block does not begin with INSN, or its size is wrong");
	for (; v.i < b->n; v.i++) {
		err = verify_insn(&v);
		if (err)
			return err;
	}
	v.i = 0;
	if (v.guest_insns != b->guest_insns || v.guest_insns > IR_MAX_GUEST)
		return fail(&v, "number of guest instructions");
	for (; b->optimised && v.i < b->n; v.i++)
		if (v.uses[v.i] != b->insns[v.i].uses)
			return fail(&v, "number of uses");
	return 0;
}
