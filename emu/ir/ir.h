/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The intermediate representation: one straight line of operations in SSA form
 * for a block of guest instructions, with side exits.  A value is named by the
 * index of the operation that makes it.  Guest registers are read by GETX/
 * GETV/GETF and written by SETX/SETV/SETF; a write takes effect where it
 * stands, so that the state at every operation that can raise an exception is
 * known from the order alone.  See ir.def for the operations, docs/ir.md for
 * an example.
 */
#ifndef EMU_IR_IR_H
#define EMU_IR_IR_H

#include <stdio.h>

#include "arm/base.h"

typedef u16 ir_ref;	/* index into ir_block.insns; IR_NONE: no value */
#define IR_NONE 0	/* insns[0] is never a value: the first operation is INSN */

enum ir_op {
#define X(name, res, args, flags) IR_##name,
#include "emu/ir/ir.def"
#undef X
	IR_OP_COUNT
};

enum ir_flag {
	IR_F_PURE = 1, IR_F_MEM = 2, IR_F_EXIT = 4, IR_F_END = 8,
	IR_F_CALL = 16, IR_F_COMM = 32, IR_F_FP = 64, IR_F_QC = 128,
};

enum ir_helper {
#define X(name, flags) IR_HELPER_##name,
#include "emu/ir/helpers.def"
#undef X
	IR_HELPER_COUNT
};

/* Guest registers as GET and SET name them. */
enum ir_reg {
	IR_REG_X0 = 0,		/* .. X30 = 30 */
	IR_REG_SP = 31,
	IR_REG_V0 = 32,		/* .. V31 = 63 */
	IR_REG_NZCV = 64,
	IR_REG_COUNT
};

enum ir_shape { IR_SCALAR, IR_D, IR_Q };

/* Condition codes are Arm's: 0 EQ .. 13 LE, 14 and 15 always. */

enum ir_mop {
	IR_MO_SIZE = 7,		/* log2 of the bytes of one element, 0..4 */
	IR_MO_SIGN = 1 << 3,	/* sign-extend to w */
	IR_MO_ALIGN = 1 << 4,	/* natural alignment is required whatever SCTLR.A says */
	IR_MO_ACQ = 1 << 5,
	IR_MO_REL = 1 << 6,
	IR_MO_UNPRIV = 1 << 7,	/* LDTR, STTR: with the permissions of EL0 */
	IR_MO_STREAM = 1 << 8,	/* LD1..4, LDM, VLDM: alignment, where asked for, is that of the size in bits 11:9 */
	IR_MO_SP = 1 << 12,	/* base is SP: SCTLR.SA was checked by the front end */
};

/* Control words for LDCTL and STCTL. */
enum ir_ctl { IR_CTL_PSTATE, IR_CTL_FPSR, IR_CTL_FPCR };

#define IR_FP_STD 0x80	/* aux of FP operations; no condition, which FCCMP has there */

enum ir_atomic {
	IR_ATOMIC_ADD, IR_ATOMIC_CLR, IR_ATOMIC_EOR, IR_ATOMIC_SET,
	IR_ATOMIC_SMAX, IR_ATOMIC_SMIN, IR_ATOMIC_UMAX, IR_ATOMIC_UMIN,
	IR_ATOMIC_SWP,
};

enum ir_barrier {
	IR_BARRIER_LD,		/* loads before, anything after */
	IR_BARRIER_ST,		/* stores before, stores after */
	IR_BARRIER_FULL,
	IR_BARRIER_ISB,		/* context synchronisation; XPENDING follows */
};

enum ir_jump { IR_JUMP_BR, IR_JUMP_CALL, IR_JUMP_RET };

enum ir_round {
	IR_ROUND_TIEEVEN, IR_ROUND_POSINF, IR_ROUND_NEGINF, IR_ROUND_ZERO,	/* FPCR.RMode's numbers */
	IR_ROUND_TIEAWAY,
	IR_ROUND_FPCR,		/* as FPCR.RMode says at run time */
	IR_ROUND_MASK = 7,
	IR_ROUND_EXACT = 8,
};

/* imm of VFTOI, VITOF, FTOI, ITOF. */
#define IR_CVT(round, fbits, uns) ((u64)(round) | (u64)(fbits) << 8 | (u64)(uns) << 16)
#define IR_CVT_ROUND(imm) ((unsigned int)((imm) & IR_ROUND_MASK))
#define IR_CVT_FBITS(imm) ((unsigned int)((imm) >> 8 & 0xff))
#define IR_CVT_UNSIGNED(imm) ((bool)((imm) >> 16 & 1))

struct ir_insn {
	u16 op;			/* enum ir_op */
	u16 mop;		/* memory operations: enum ir_mop */
	u8 w;			/* integer width: 32 or 64 (0: 64) */
	u8 aux;			/* condition, bit number, kind: see ir.def */
	u8 es;			/* vectors: element size, log2 bytes */
	u8 q;			/* vectors: enum ir_shape */
	ir_ref arg[3];		/* a, b, c */
	u16 uses;		/* number of readers; filled by ir_optimise() */
	u64 imm;
};

#define IR_MAX_INSNS 2048	/* operations in a block, at most */
#define IR_MAX_GUEST 128	/* guest instructions in a block, at most */
#define IR_RESERVE 256		/* operations that one guest instruction may need, at most */
#define IR_CSE_SIZE 128		/* a power of two */

/*
 * What a block was translated for, beside its address: enum ir_mode bits.
 * A block runs only while the vCPU's mode is the same.
 */
enum ir_mode {
	IR_MODE_EL = 3,			/* exception level */
	IR_MODE_FP_TRAP = 1 << 2,	/* FP/SIMD accesses trap */
	IR_MODE_FP_SLOW = 1 << 3,	/* FPCR.FZ, DN or AHP, in AArch32 also RMode: FP mostly by the software path */
	IR_MODE_ALIGN = 1 << 4,		/* SCTLR.A */
	IR_MODE_SP_CHECK = 1 << 5,	/* SCTLR.SA or SA0 for this level */
	IR_MODE_IL = 1 << 6,		/* PSTATE.IL: every instruction traps */
	IR_MODE_STEP = 1 << 7,		/* software step active: one instruction, then step_done */
	IR_MODE_MMU_OFF = 1 << 8,	/* stage 1 off: data is Device memory, aligned accesses only */
	IR_MODE_SPSEL = 1 << 9,		/* PSTATE.SP; part of the mode so that MSR SPSel and MRS are simple */
	/*
	 * AArch32.  The block's pc then has bit 0 set for Thumb code, as the
	 * operand of BX has it, and so has every pc that a block leaves to.
	 */
	IR_MODE_A32 = 1 << 10,
	IR_MODE_M = 15 << 11,		/* PSTATE.M[3:0] */
	IR_MODE_E = 1 << 15,		/* PSTATE.E: big-endian data */
	IR_MODE_IT = 0xff << 16,	/* ITSTATE of the first instruction; such blocks are left by LEAVE only */
	IR_MODE_VEC = 1 << 24,		/* FPSCR.LEN or STRIDE is not 0: short vectors */
	IR_MODE_SED = 1 << 25,		/* SCTLR.SED: SETEND is undefined */
	IR_MODE_ITD = 1 << 26,		/* SCTLR.ITD: only simple IT blocks are defined */
};
#define IR_MODE_M_SHIFT 11
#define IR_MODE_IT_SHIFT 16

/* The AArch32 mode (PSR32_M_*) that a block runs in. */
#define IR_MODE32(mode) (0x10u | (((mode) & IR_MODE_M) >> IR_MODE_M_SHIFT))

struct ir_block {
	u64 pc;			/* of the first guest instruction */
	u32 mode;		/* enum ir_mode */
	u64 features;		/* of the CPU model, for the decoder */
	unsigned int guest_insns;
	unsigned int n;		/* operations */
	bool full;		/* no room for another guest instruction */
	u32 cur_pc;		/* offset of the instruction being translated */
	bool optimised;		/* ir_insn.uses is filled */
	/* SP alignment is known for values that are sp_checked + sp_off modulo 16 (IR_NONE: for none) */
	ir_ref sp_checked;
	u8 sp_off;
	/* what each guest register holds now, IR_NONE: not read or written yet */
	ir_ref reg[IR_REG_COUNT];
	ir_ref cse[IR_CSE_SIZE];	/* recent PURE values by hash */
	struct ir_insn insns[IR_MAX_INSNS];
};

/* The fields of INSN's imm. */
#define IR_INSN_OFF(imm) ((u32)(imm) & 0xffffff)
#define IR_INSN_IT(imm) ((unsigned int)((imm) >> 24 & 0xff))
#define IR_INSN_WORD(imm) ((u32)((imm) >> 32))

struct ir_op_info {
	const char *name;
	const char *res;	/* "", "I", "V" or "F" */
	const char *args;
	u8 nargs;
	u8 flags;		/* enum ir_flag */
};
extern const struct ir_op_info ir_ops[IR_OP_COUNT];
extern const char *const ir_helper_names[IR_HELPER_COUNT];
extern const u8 ir_helper_flags[IR_HELPER_COUNT];	/* 0 or IR_F_PURE */

/* ---- building (build.c): folds constants and simplifies as it goes ---- */

void ir_block_init(struct ir_block *b, u64 pc, u32 mode, u64 features);
/* A guest instruction begins at @pc; @it: its ITSTATE. */
void ir_begin_insn_it(struct ir_block *b, u64 pc, unsigned int it, u32 word);
static inline void ir_begin_insn(struct ir_block *b, u64 pc, u32 word)
{
	ir_begin_insn_it(b, pc, 0, word);
}

/* The general form; the rest are shorthands.  Returns the new (or an equal older) value. */
ir_ref ir_emit(struct ir_block *b, const struct ir_insn *in);
/*
 * The same for the value of a flag-setting ADD or SUB: it is not folded into an
 * older x + constant, so that it keeps the arguments of the FL_ADD or FL_SUB
 * that is emitted right behind it and a back end can make one operation of both.
 */
ir_ref ir_op_flags(struct ir_block *b, enum ir_op op, unsigned int w, ir_ref a, ir_ref c);

ir_ref ir_const(struct ir_block *b, u64 v);
/* True and *v set when @r is a constant. */
bool ir_is_const(const struct ir_block *b, ir_ref r, u64 *v);

ir_ref ir_get_x(struct ir_block *b, unsigned int reg);	/* 0..30, IR_REG_SP */
void ir_set_x(struct ir_block *b, unsigned int reg, ir_ref v);
ir_ref ir_get_v(struct ir_block *b, unsigned int n);	/* 0..31 */
void ir_set_v(struct ir_block *b, unsigned int n, ir_ref v);
ir_ref ir_get_f(struct ir_block *b);
void ir_set_f(struct ir_block *b, ir_ref f);

/* Integer operation of width @w on up to three values (IR_NONE for absent ones). */
ir_ref ir_op(struct ir_block *b, enum ir_op op, unsigned int w, ir_ref a, ir_ref c, ir_ref d);
/* The same with aux and imm. */
ir_ref ir_opx(struct ir_block *b, enum ir_op op, unsigned int w, unsigned int aux, u64 imm,
	      ir_ref a, ir_ref c, ir_ref d);
/* Vector operation. */
ir_ref ir_vop(struct ir_block *b, enum ir_op op, unsigned int es, enum ir_shape q, u64 imm,
	      ir_ref a, ir_ref c, ir_ref d);
/* The same with IR_FP_STD. */
ir_ref ir_vop_std(struct ir_block *b, enum ir_op op, unsigned int es, enum ir_shape q, u64 imm,
		  ir_ref a, ir_ref c, ir_ref d);
/* Memory operation at a + disp. */
ir_ref ir_mem(struct ir_block *b, enum ir_op op, unsigned int w, unsigned int mop, s64 disp,
	      ir_ref a, ir_ref c, ir_ref d);
/* LDC, LDVC (@c: the value when @cond does not hold on @f) or STC, STVC (@c: what is stored) at @a + @disp. */
ir_ref ir_mem_if(struct ir_block *b, enum ir_op op, unsigned int w, unsigned int mop, unsigned int cond,
		 ir_ref f, s64 disp, ir_ref a, ir_ref c);
ir_ref ir_call(struct ir_block *b, enum ir_helper h, ir_ref a, ir_ref c, ir_ref d);

/* Side exit to @pc: @op is XCOND (v = flags, aux = condition), XZ, XNZ (w), XBIT0, XBIT1 (aux = bit). */
void ir_exit_if(struct ir_block *b, enum ir_op op, unsigned int w, unsigned int aux, ir_ref v, u64 pc);
void ir_goto(struct ir_block *b, u64 pc);
void ir_goto_reg(struct ir_block *b, ir_ref pc, enum ir_jump kind);
void ir_push_ret(struct ir_block *b, u64 pc);
void ir_leave(struct ir_block *b, u64 pc);
void ir_leave_set(struct ir_block *b);

/* ---- after building ---- */

/*
 * Dead code, dead flags, dead register writes; fills ir_insn.uses.  Operations
 * get new numbers, so nothing can be added to the block afterwards.
 */
void ir_optimise(struct ir_block *b);
/* Checks every invariant; 0, or -EINVAL with a line in @why. */
int ir_verify(const struct ir_block *b, char *why, size_t len);
void ir_dump(const struct ir_block *b, FILE *out);
/* The assembly text of the guest instruction that the INSN @t begins, at @pc; 128 bytes are enough. */
void ir_insn_text(const struct ir_block *b, const struct ir_insn *t, u64 pc, char *text, size_t len);

#endif
