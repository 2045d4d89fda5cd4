/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The decoder of AArch32: A32, T32 (32-bit and 16-bit encodings), VFP and
 * Advanced SIMD.
 *
 * isa/a32.decode, t32.decode, vfp.decode and neon.decode have a row per
 * encoding; tools/isagen.py makes from them the header included below and the
 * decoder behind a32_decode():
 *
 *   enum a32_op        A32_UNDEFINED (0) and A32_<ROW> for every row
 *   enum a32_class     A32_CLASS_NONE (0) and A32_CLASS_<class>; the rows of a
 *                      class may be of A32, T32 and T16
 *   A32_CLASSES(X)     X(class) for every class once, in enum order
 *   struct a32_insn    word, op, cls, and the members that the top of a32.decode
 *                      (and of vfp.decode and neon.decode) explains by class
 *   A32_FIELDS(X)      X(member) for every member but word, op and cls
 *   A32_FEAT_<NAME>    the bits of @features that matter here: those of
 *                      arm/features.h and the two pseudo-features below
 *   A32_FEATURES(X)    X(name, bit) for each of them
 */
#ifndef ISA_A32_H
#define ISA_A32_H

#include "arm/base.h"
#include "isa/a32_gen.h"

/* The word is T32: one of 16 bits in bits 15:0 (the rest 0), or first halfword << 16 | second. */
#define A32_THUMB A32_FEAT_THUMB
/* The word stands in an IT block (only with A32_THUMB). */
#define A32_IN_IT A32_FEAT_IN_IT

/* Is @hw1 the first half of a 32-bit T32 instruction? */
static inline bool t32_is_32bit(u16 hw1)
{
	return hw1 >= 0xe800;
}

/*
 * Decodes @word for a CPU that has @features (bit n: enum arm_feature n), with
 * A32_THUMB and A32_IN_IT as they apply.  Returns the row (also in @out->op), or
 * A32_UNDEFINED for all that is not an instruction of that CPU, for words whose
 * should-be bits are wrong, and for those UNPREDICTABLE ones that
 * docs/unpredictable.md lists: the guest takes an Undefined Instruction
 * exception.  (UDF is a row of its own.)
 *
 * @out->cond is the condition of the encoding, 14 if it has none: an instruction
 * in an IT block has that of ITSTATE, which this function does not know.  Of
 * the other members exactly those of the class are written, whatever the row.
 * Any value may be given as @word; there is no other input and no state.
 */
unsigned int a32_decode(u32 word, u64 features, struct a32_insn *out);

/* The name of a row as in the .decode files, "UNDEFINED" for 0 and bad numbers. */
const char *a32_op_name(unsigned int op);

#endif
