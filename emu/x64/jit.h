/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The x86-64 back end: from an optimised ir_block to host code.
 *
 * While translated code runs:
 *   RBP   struct emu_vcpu + JIT_BIAS, so that X0..SP have one-byte offsets
 *   R15   vcpu->tlb + TLB_BIAS
 *   RSP   16-byte aligned; JIT_FRAME bytes of spill slots and save area above it
 *   MXCSR the guest's rounding mode and cumulative exception flags
 *   RAX, RCX, RDX, XMM13..15  scratch inside the code of one operation
 * All other registers hold values, as the allocator (alloc.c) likes.
 *
 * A block's guest registers are in host registers as its contract says when
 * it is entered at .warm, and all in memory when it is entered at .cold.  What
 * is where at each point that can leave the block is written in a record
 * (struct jit_rec), whose number stands in the code behind the call to a thunk.
 */
#ifndef EMU_X64_JIT_H
#define EMU_X64_JIT_H

#include "emu/ir/ir.h"
#include "emu/run/cache.h"
#include "emu/run/tlb_ctx.h"
#include "emu/vcpu.h"
#include "emu/x64/enc.h"

#define JIT_BIAS 128
#define JIT_STATE RBP
#define JIT_TLB R15

/* Offset of a field of struct emu_vcpu from JIT_STATE. */
#define JIT_OFF(field) ((s32)offsetof(struct emu_vcpu, field) - JIT_BIAS)
#define JIT_VCPU(field) x64_at(JIT_STATE, JIT_OFF(field))

/* Host registers as values know them: 0..15 general, 16..31 XMM. */
#define JIT_XMM 16
#define JIT_REGS 32
#define JIT_GPR_MASK 0x7fc8u		/* RBX RSI RDI R8..R14 */
#define JIT_XMM_MASK 0x1fffu		/* XMM0..12 */
#define VS0 13				/* scratch XMM registers */
#define VS1 14
#define VS2 15

#define JIT_SLOTS 64
#define JIT_SAVE (JIT_SLOTS * 16)	/* struct jit_save above the slots */
#define JIT_FRAME (JIT_SAVE + sizeof(struct jit_save))

/* Host registers as thunks keep them for C. */
struct jit_save {
	u64 gpr[16];
	struct arm_vreg xmm[16];
};

/* Where NZCV is. */
enum jit_flags {
	JIT_FLAGS_MEM,		/* vcpu->flags holds the image: AH of LAHF in bits 15:8, overflow in bit 0, CF = C */
	JIT_FLAGS_ADD,		/* host flags, CF = C */
	JIT_FLAGS_SUB,		/* host flags, CF = !C */
	JIT_FLAGS_FCMP,		/* host flags of UCOMIS */
	JIT_FLAGS_FCMP_SWAP,	/* the same of UCOMIS b, a for a compared with b */
	JIT_FLAGS_FCMP_EQ,	/* FCMP and FCMP_SWAP with ZF clear for unordered operands */
	JIT_FLAGS_FCMP_SWAP_EQ,
};

/* A guest register in a host register. */
struct jit_loc {
	u8 greg;		/* enum ir_reg */
	u8 host : 5;
	u8 dirty : 1;		/* memory is stale */
};

#define JIT_MAX_LOCS 64

/*
 * What the code around a point does not say: a memory operation's operands for
 * its slow path, or an exit's target; and where the guest registers are.
 */
struct jit_rec {
	u64 pc;			/* memory: of the instruction; exit: target */
	struct jit_block *block;
	u8 *jump;		/* exit: rel32 to patch when linked, NULL: never */
	struct jit_block *to;	/* exit: what it is linked to */
	struct jit_rec *origin;	/* where an edge gives up: the record of the exit it belongs to */
	u16 op;			/* enum ir_op */
	u16 mop;
	u8 w, aux;
	u8 res[2];		/* host registers of results and operands, X64_NOREG: none */
	u8 arg[2];
	u8 flags;		/* enum jit_flags */
	bool backward;		/* exit: target not beyond the exit: interrupts are checked */
	u16 insns;		/* guest instructions done when it leaves here */
	u8 nlocs;
	u8 it;			/* memory: ITSTATE of the instruction */
	struct jit_loc loc[];
};

/*
 * An operation whose host instructions have met a case where they differ from
 * Arm's: C does it from its operands, which are intact, and puts the result
 * into the register.  No other register changes.
 */
struct jit_rare {
	struct ir_insn in;
	u8 res;			/* host registers */
	u8 arg[3];
};

#define JIT_MAX_CONTRACT 20

struct jit_block {
	u64 pc;
	struct code_page *page;
	u8 *guard;		/* executable addresses: entry that checks the mapping, */
	u8 *cold;		/* all guest registers in memory, */
	u8 *warm;		/* as the contract says */
	u16 guest_insns;
	bool flags_dead;	/* NZCV on entry is never looked at */
	u8 ncontract;
	struct jit_loc contract[JIT_MAX_CONTRACT];
};

/* Host features that the back end may use. */
struct jit_host {
	bool avx, fma, bmi1, bmi2, lzcnt, aes, pclmul, sha, avx2, movbe, avx512vl, f16c;
};
void jit_host_detect(struct jit_host *host);

/* Addresses of the thunks (executable), made once per cache. */
struct jit_thunks {
	u8 *enter;		/* int enter(struct emu_vcpu *, void *code) */
	u8 *leave;		/* state is in memory, pc set: return JIT_LEFT */
	u8 *leave_exc;		/* the same: JIT_EXCEPTION */
	u8 *exit;		/* call; u32 record: leave to record's pc */
	u8 *slow;		/* call; u32 record: memory operation, address in RAX */
	u8 *call;		/* call; u32 enum ir_helper: arguments RAX, RCX, RDX, result RAX */
	u8 *vec;		/* call: RAX = struct ir_insn, operands in vcpu->scratch */
	u8 *rare;		/* call; struct jit_rare in RAX: an operation done again in C, results into registers */
	u8 *indirect;		/* state in memory, target in RAX: look up and go */
	u8 *miss;		/* state in memory, RAX = pc: a guard did not match or a request is pending */
	const u8 *consts;	/* enum jit_const, 16 bytes each (writable mapping) */
};

enum jit_result {
	JIT_LEFT,		/* to the dispatcher, st.pc set */
	JIT_EXCEPTION,		/* vcpu->exc is pending */
	JIT_LINK,		/* by an exit that could be linked: run->exit_rec */
	JIT_INDIRECT,		/* look up st.pc: an indirect jump not in the jump cache */
	JIT_MISS,		/* look up st.pc: a guard failed, or a request is pending */
	JIT_EXIT,		/* look up st.pc: an exit that cannot be linked any more */
};

/* 128-bit constants next to the thunks. */
#define JIT_CONSTS(X) \
	X(ABS32, 0x7fffffff7fffffff, 0x7fffffff7fffffff) \
	X(ABS64, 0x7fffffffffffffff, 0x7fffffffffffffff) \
	X(SIGN32, 0x8000000080000000, 0x8000000080000000) \
	X(SIGN64, 0x8000000000000000, 0x8000000000000000) \
	X(ONES, ~0ull, ~0ull) \
	X(LOW8, 0xff, 0) \
	X(LOW16, 0xffff, 0) \
	X(LOW32, 0xffffffff, 0) \
	X(LOW64, ~0ull, 0)

enum jit_const {
#define X(name, lo, hi) JIT_C_##name,
	JIT_CONSTS(X)
#undef X
	JIT_CONST_COUNT
};

struct jit {
	struct jit_host host;
	struct jit_thunks thunks;
	bool count_insns;	/* keep vcpu->insn_count */
};

/* thunks.c: emits thunks and constants at @e. */
void jit_thunks_emit(struct jit *jit, struct x64_buf *e);

/* ---- the compiler's state for one block ---- */

#define JIT_NEVER 0xffff	/* no further use */

struct jit_val {
	u8 reg;			/* host register, X64_NOREG: none */
	u8 home;		/* guest register whose memory holds it, 0xff: none */
	s8 slot;		/* spill slot, -1: none */
	bool done;		/* emitted early by a fused neighbour */
	u16 last;		/* last operation that needs it */
	u16 next;		/* next operation that reads it, JIT_NEVER */
};

struct jit_ctx;

struct jit_stub {		/* out-of-line code, emitted behind the block */
	u8 kind;
	u8 *from;		/* rel32 that leads here */
	u8 *back;		/* where to go on */
	u32 rec;
	ir_ref ref;
	u64 data;
	void (*emit)(struct jit_ctx *c, struct jit_stub *s);
};

#define JIT_MAX_STUBS 2048

struct jit_ctx {
	struct x64_buf e;
	struct jit *jit;
	struct code_cache *cache;
	const struct ir_block *b;
	struct jit_block *blk;
	const struct jit_rec *hint;	/* the exit that led here, or NULL */
	unsigned int pos;		/* operation being lowered */
	bool args_done;			/* the operation has read its arguments */
	bool fail;			/* resources ran out: retry with a shorter block */
	u32 pc_off;			/* of the current guest instruction */
	u8 it;				/* its ITSTATE */
	u16 insns;			/* guest instructions begun before the current one */

	u32 used;			/* host registers that hold something */
	u32 locked;			/* must not be evicted during this operation */
	ir_ref holder[JIT_REGS];
	u64 gregs[JIT_REGS];		/* guest registers 0..63 whose value is in this host register */
	u64 slots;			/* busy spill slots */
	ir_ref greg[IR_REG_COUNT];	/* current value of each guest register, IR_NONE: in memory */
	u64 dirty_x;			/* bit n: guest register n (0..63) is newer than memory */
	ir_ref nzcv;			/* current flags value, IR_NONE: in memory */
	bool nzcv_dirty;
	ir_ref eflags;			/* flags value in the host flags, IR_NONE */
	enum jit_flags eflags_kind;
	ir_ref zn_of;			/* value whose sign and zero the host flags show, CF = OF = 0 */
	u8 zn_w;			/* at this width */

	unsigned int nstubs;
	struct jit_stub stubs[JIT_MAX_STUBS + 1];
	struct jit_val val[IR_MAX_INSNS];
	u16 next[IR_MAX_INSNS][3];	/* next use of each argument after this operation */
	u8 *fixup[IR_MAX_INSNS];
};

/*
 * Compile @b into @cache; 0 and *out, -ENOSPC when the cache is full, -E2BIG
 * when the block is too long for the allocator.  cache->lock is held.
 */
int jit_compile(struct code_cache *cache, struct jit_ctx *c, const struct ir_block *b,
		struct code_page *page, const struct jit_rec *hint, struct jit_block **out);

/* edge.c: make the exit of @rec go to @to.  cache->lock is held. */
void jit_link(struct code_cache *cache, struct jit_rec *rec, struct jit_block *to);

/* ---- alloc.c, for the lowering ---- */

/* The host register that holds @r, loaded if need be; stays put until the operation is done. */
unsigned int jit_use(struct jit_ctx *c, ir_ref r);	/* I */
unsigned int jit_use_v(struct jit_ctx *c, ir_ref r);	/* V: XMM number */
/* A register for the result of the current (or given) operation. */
unsigned int jit_def(struct jit_ctx *c, ir_ref r);
unsigned int jit_def_v(struct jit_ctx *c, ir_ref r);
/* The same, with a copy of @src in it; @src's own register when it dies here. */
unsigned int jit_def_copy(struct jit_ctx *c, ir_ref r, ir_ref src);
unsigned int jit_def_copy_v(struct jit_ctx *c, ir_ref r, ir_ref src);
/* A scratch general or XMM register beside the fixed ones, free again after the operation. */
unsigned int jit_temp(struct jit_ctx *c);
unsigned int jit_temp_v(struct jit_ctx *c);
/* @r is a constant that fits a sign-extended 32-bit immediate at width @w. */
bool jit_imm32(const struct jit_ctx *c, ir_ref r, unsigned int w, s32 *imm);
bool jit_const(const struct jit_ctx *c, ir_ref r, u64 *v);
/* Is @r dead after the current operation? */
bool jit_dies(const struct jit_ctx *c, ir_ref r);
/* Would jit_def_copy() give the result @src's own register? */
bool jit_takes_over(const struct jit_ctx *c, ir_ref src);

/* The host flags are about to change: save what is still needed of them. */
void jit_flags_clobber(struct jit_ctx *c);
/* @r is in the host flags when this returns; its kind. */
enum jit_flags jit_flags_load(struct jit_ctx *c, ir_ref r);
/* The host flags hold @r now (after jit_flags_clobber() and the emission). */
void jit_flags_def(struct jit_ctx *c, ir_ref r, enum jit_flags kind);
/* Host condition for Arm's @cond on flags of @kind; may emit CMC or a conversion, *kind follows. */
enum x64_cc jit_cond(struct jit_ctx *c, unsigned int cond, enum jit_flags *kind);
/* Host flags of @kind -> image in AX; the kind of the host flags afterwards. */
enum jit_flags jit_emit_flags_image(struct jit_ctx *c, enum jit_flags kind);

/*
 * @r is in the host flags for the emission that follows, which may destroy
 * them: what is needed later has been saved.  Its kind.
 */
enum jit_flags jit_flags_take(struct jit_ctx *c, ir_ref r);
/* The image of @r in AX. */
void jit_flags_to_ax(struct jit_ctx *c, ir_ref r);
/* AX, as made above, into the host flags; they are of kind JIT_FLAGS_ADD then. */
void jit_emit_flags_from_ax(struct x64_buf *e);

/* All dirty guest registers to memory. */
void jit_sync(struct jit_ctx *c);
/* Around calls of C, see alloc.c.  @state: C sees and changes guest registers. */
void jit_call_prepare(struct jit_ctx *c);
void jit_arg(struct jit_ctx *c, unsigned int scratch, ir_ref r);
void jit_call_clobber(struct jit_ctx *c, bool state);

/* A record with the present state; the number goes behind a thunk call. */
struct jit_rec *jit_rec(struct jit_ctx *c, u32 *number);
struct jit_stub *jit_stub(struct jit_ctx *c, void (*emit)(struct jit_ctx *, struct jit_stub *));

/* Address of a constant as a RIP-relative operand: v = op(v, const). */
void jit_v_const(struct jit_ctx *c, u32 op, unsigned int d, unsigned int a, enum jit_const k);

/* Emission of the image alone, host flags undefined afterwards (edges). */
void jit_emit_image(struct x64_buf *e, enum jit_flags kind);
/* Host carry as ADC (@sbb false) or SBB wants it, from the flags value @f. */
void jit_carry_in(struct jit_ctx *c, ir_ref f, bool sbb);
/* The operation and its neighbour are value and flags of the same sum: both are emitted, pos is advanced. */
bool jit_fused(struct jit_ctx *c, const struct ir_insn *in);

/* ---- lowering, by kind ---- */
void jit_lower_int(struct jit_ctx *c, const struct ir_insn *in);
void jit_lower_flags(struct jit_ctx *c, const struct ir_insn *in);
void jit_lower_mem(struct jit_ctx *c, const struct ir_insn *in);
void jit_lower_control(struct jit_ctx *c, const struct ir_insn *in);
/* False: no inline form here (fp_slow, shape, host); the C version is called. */
bool jit_lower_vec(struct jit_ctx *c, const struct ir_insn *in);
bool jit_lower_fp(struct jit_ctx *c, const struct ir_insn *in);
bool jit_lower_crypto(struct jit_ctx *c, const struct ir_insn *in);

#endif
