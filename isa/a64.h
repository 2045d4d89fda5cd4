/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The A64 instruction decoder.
 *
 * isa/a64.decode has a row per instruction; tools/isagen.py makes from it the
 * header included below and the decoder behind a64_decode():
 *
 *   enum a64_op        A64_UNDEFINED (0) and A64_<ROW> for every row
 *   enum a64_class     A64_CLASS_NONE (0) and A64_CLASS_<class> per [class]
 *   A64_CLASSES(X)     X(class) for every class once, in enum order
 *   struct a64_insn    word, op, cls, and one unsigned member per field name of
 *                      the table: u8, u16 or u32 by the widest use.  Only the
 *                      field called `op` in the table has another name here:
 *                      `opf`, as `op` is the row number (enum a64_op).
 *   A64_FIELDS(X)      X(member) for every such member
 *   A64_FEAT_<NAME>    the bits of @features that matter here.  They are those
 *                      of arm/features.h, and a few above that no CPU has yet.
 *   A64_FEATURES(X)    X(name, bit) for each of them
 */
#ifndef ISA_A64_H
#define ISA_A64_H

#include "arm/base.h"
#include "isa/a64_gen.h"

/*
 * Decodes @word for a CPU that has @features (bit n: enum arm_feature n, as in
 * struct arm_cpu_model; bits that the decoder does not ask about may be set).
 * Returns the row (also in @out->op), or A64_UNDEFINED for everything that is
 * unallocated, reserved, or belongs to a feature not given: the guest takes an
 * Undefined Instruction exception.  (UDF, which is always undefined, is a row:
 * A64_UDF_PERM_UNDEF.)  Words whose behaviour is CONSTRAINED UNPREDICTABLE
 * decode to their row unless a should-be bit is wrong.
 *
 * Only word, op, cls and the members that are fields of the row are written
 * (those fixed by the row as well); all others keep what they had, so do not
 * look at them.  Any 32-bit value may be given; the function has no other
 * inputs and no state.
 */
unsigned int a64_decode(u32 word, u64 features, struct a64_insn *out);

/* The name of a row as in a64.decode, "UNDEFINED" for 0 and bad numbers. */
const char *a64_op_name(unsigned int op);

#endif
