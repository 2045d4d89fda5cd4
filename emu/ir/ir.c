// SPDX-License-Identifier: GPL-2.0-only
/* The tables of operations and helpers. */
#include "emu/ir/ir.h"

/* The flags as ir.def and helpers.def write them. */
enum {
	PURE = IR_F_PURE, MEM = IR_F_MEM, EXIT = IR_F_EXIT, END = IR_F_END,
	CALL = IR_F_CALL, COMM = IR_F_COMM, FP = IR_F_FP, QC = IR_F_QC,
};

const struct ir_op_info ir_ops[IR_OP_COUNT] = {
#define X(name, res, args, flags) { #name, res, args, sizeof(args) - 1, flags },
#include "emu/ir/ir.def"
#undef X
};

const char *const ir_helper_names[IR_HELPER_COUNT] = {
#define X(name, flags) #name,
#include "emu/ir/helpers.def"
#undef X
};

const u8 ir_helper_flags[IR_HELPER_COUNT] = {
#define X(name, flags) flags,
#include "emu/ir/helpers.def"
#undef X
};

/* fold.c and opt.c test for integer arithmetic by range; insns are compared as words. */
_Static_assert(IR_CRC32C - IR_ADD == 35, "integer operations are consecutive");
_Static_assert(sizeof(struct ir_insn) == 24, "struct ir_insn is three words, see ir_int.h");
_Static_assert(IR_MAX_INSNS <= 0xffff, "ir_ref is 16 bits");
