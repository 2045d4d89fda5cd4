/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of emu/ir/ share among themselves. */
#ifndef EMU_IR_IR_INT_H
#define EMU_IR_IR_INT_H

#include "emu/ir/ir.h"

/*
 * Simplify @t, a PURE operation.  Returns an older value that is equal to it,
 * or IR_NONE: emit @t, which may have been rewritten.  @chain: arguments may be
 * changed, as (x + c1) + c2 to x + (c1 + c2); not so for ir_op_flags().
 */
ir_ref ir_fold(struct ir_block *b, struct ir_insn *t, bool chain);

/* Upper bound of the number of significant low bits of the integer @r, 1..64. */
unsigned int ir_bits(const struct ir_block *b, ir_ref r);

/*
 * If @r is x + c in 64 bits with a constant c: x, and c is added to *off;
 * otherwise @r itself.
 */
ir_ref ir_split_add(const struct ir_block *b, ir_ref r, u64 *off);

/* Low bits of a vector that may be other than zero; 128 when nothing is known. */
unsigned int ir_vec_bits(const struct ir_block *b, ir_ref r);

/* As ir_fold(), for operations that read or insert one lane. */
ir_ref ir_fold_lane(struct ir_block *b, struct ir_insn *t);

/* Result of the integer operation on constants; false: not for this operation. */
bool ir_eval(const struct ir_insn *t, u64 a, u64 c, u64 *out);

/*
 * An operation as three words.  Written and read as these, and not field by
 * field, it passes through the store buffer of the CPU without stalls, which
 * cost more than everything else that is done with it.
 */
struct ir_words {
	u64 head;	/* op, mop, w, aux, es, q */
	u64 args;	/* a, b, c, uses */
	u64 imm;
};

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "ir_head() and ir_args() know the byte order");

static inline u64 ir_head(unsigned int op, unsigned int mop, unsigned int w, unsigned int aux,
			  unsigned int es, unsigned int q)
{
	return op | (u64)mop << 16 | (u64)w << 32 | (u64)aux << 40 | (u64)es << 48 | (u64)q << 56;
}

static inline u64 ir_args(ir_ref a, ir_ref c, ir_ref d, unsigned int uses)
{
	return a | (u64)c << 16 | (u64)d << 32 | (u64)uses << 48;
}

static inline struct ir_words ir_words(const struct ir_insn *t)
{
	struct ir_words k;

	__builtin_memcpy(&k.head, t, 8);
	__builtin_memcpy(&k.args, (const char *)t + 8, 8);
	__builtin_memcpy(&k.imm, (const char *)t + 16, 8);
	return k;
}

static inline void ir_put_words(struct ir_insn *t, u64 head, u64 args, u64 imm)
{
	__builtin_memcpy(t, &head, 8);
	__builtin_memcpy((char *)t + 8, &args, 8);
	__builtin_memcpy((char *)t + 16, &imm, 8);
}

static inline bool ir_is_arith(unsigned int op)
{
	return op >= IR_ADD && op <= IR_CRC32C;
}

static inline u64 ir_trunc(u64 v, unsigned int w)
{
	return w == 32 ? (u32)v : v;
}

#endif
