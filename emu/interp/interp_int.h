/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of emu/interp/ share. */
#ifndef EMU_INTERP_INTERP_INT_H
#define EMU_INTERP_INTERP_INT_H

#include "emu/interp/interp.h"

/* "Go on with the next operation", beside enum interp_exit. */
#define INTERP_CONTINUE (-1)

/* A block under way. */
struct interp {
	struct emu_vcpu *v;
	const struct ir_block *b;
	unsigned int it;	/* ITSTATE of the guest instruction */
	u64 pair[2];	/* the second element of the LDP or LDVP just done */
	/*
	 * The value of each operation, a V register's worth whatever its type:
	 * I values are in d[0], flags are NZCV in bits 31:28 of d[0].  val[0]
	 * is zero and stands for IR_NONE.
	 */
	struct arm_vreg val[IR_MAX_INSNS];
};

/*
 * Carry out one operation; its value, if any, goes to *res.  INTERP_CONTINUE,
 * or why the block ends.
 */
typedef int (*interp_fn)(struct interp *t, const struct ir_insn *in, struct arm_vreg *res);

#define X(name) int interp_##name(struct interp *t, const struct ir_insn *in, struct arm_vreg *res);
#include "emu/interp/interp_ops.def"
#undef X

/* Argument 0, 1, 2 as an I or F value. */
static inline u64 interp_arg(const struct interp *t, const struct ir_insn *in, unsigned int n)
{
	return t->val[in->arg[n]].d[0];
}

static inline unsigned int interp_width(const struct ir_insn *in)
{
	return in->w == 32 ? 32 : 64;
}

/* @v cut to @w bits. */
static inline u64 interp_cut(unsigned int w, u64 v)
{
	return w == 32 ? (u32)v : v;
}

#endif
