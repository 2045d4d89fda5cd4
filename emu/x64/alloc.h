/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the allocator share: alloc.c, live.c, compile.c, edge.c. */
#ifndef EMU_X64_ALLOC_H
#define EMU_X64_ALLOC_H

#include "emu/x64/jit.h"

/* Allocatable host registers, as masks of 0..31. */
#define JIT_GPRS ((u32)JIT_GPR_MASK)
#define JIT_XMMS ((u32)JIT_XMM_MASK << JIT_XMM)

/* Where a guest register (not NZCV) lives in struct arm_state. */
static inline struct x64_mem jit_home(unsigned int greg)
{
	if (greg < IR_REG_V0)
		return x64_at(JIT_STATE, JIT_OFF(st.x) + 8 * (s32)greg);
	return x64_at(JIT_STATE, JIT_OFF(st.v) + 16 * (s32)(greg - IR_REG_V0));
}

static inline void jit_emit_store(struct x64_buf *e, struct x64_mem m, unsigned int host)
{
	if (host >= JIT_XMM)
		x64_vstore(e, m, host - JIT_XMM);
	else
		x64_store(e, true, m, host);
}

static inline void jit_emit_load(struct x64_buf *e, unsigned int host, struct x64_mem m)
{
	if (host >= JIT_XMM)
		x64_vload(e, host - JIT_XMM, m);
	else
		x64_load(e, true, host, m);
}

/* ---- alloc.c ---- */

void jit_slot_drop(struct jit_ctx *c, struct jit_val *v);
void jit_reg_drop(struct jit_ctx *c, unsigned int host);
void jit_reg_take(struct jit_ctx *c, unsigned int host, ir_ref r);
/* The current operation reads @r: its next use is another one now. */
void jit_use_note(struct jit_ctx *c, ir_ref r);
void jit_lower_set(struct jit_ctx *c, const struct ir_insn *in, u32 mask);
void jit_lower_get(struct jit_ctx *c, ir_ref r, unsigned int greg, u32 mask);
void jit_lower_setf(struct jit_ctx *c, const struct ir_insn *in);

/* ---- live.c ---- */

/* Fills val[].last, val[].next and next[][]. */
void jit_liveness(struct jit_ctx *c);
/* Chooses blk->contract and gives its registers their values. */
void jit_contract(struct jit_ctx *c);
/* NZCV is written before anything can look at it. */
bool jit_flags_dead(const struct ir_block *b);

#endif
