/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of run/ share, and the seam to the back ends. */
#ifndef EMU_RUN_RUN_H
#define EMU_RUN_RUN_H

#include "emu/ir/ir.h"
#include "emu/run/cache.h"
#include "emu/vcpu.h"

/* How a block ended, whatever executed it. */
enum run_result {
	RUN_NEXT,	/* st.pc is set; nothing but the pc changed */
	RUN_INDIRECT,	/* the same, by an indirect jump */
	RUN_MISS,	/* the same: a guard failed or a request is pending */
	RUN_LINK,	/* the same, and v->exit_rec can be linked to what is there */
	RUN_LEFT,	/* the mode or mappings may have changed */
	RUN_EXCEPTION,	/* vcpu->exc is pending */
	RUN_FATAL,	/* the engine cannot go on; it has said why */
};

/*
 * What turns IR into something that runs.  struct jit_block is the back end's
 * own; it lives in the cache's arena.
 */
struct run_backend {
	bool host_code;		/* needs the code mappings */
	int (*init)(struct code_cache *cache);
	void (*free)(struct code_cache *cache);
	/* cache->ir -> *out.  cache->lock is held.  0, -ENOSPC or -E2BIG. */
	int (*compile)(struct emu_vcpu *v, struct code_page *page, const struct jit_rec *hint,
		       struct jit_block **out);
	void (*link)(struct code_cache *cache, struct jit_rec *rec, struct jit_block *to);
	enum run_result (*execute)(struct emu_vcpu *v, struct jit_block *blk);
};

extern const struct run_backend run_backend_x64;	/* on x86-64 hosts */
extern const struct run_backend run_backend_interp;
extern const struct run_backend run_backend_lockstep;	/* on x86-64 hosts */

/* -d in; ir, opt. */
void run_log_insns(struct emu_vcpu *v, const struct ir_block *b);
void run_log_ir(struct emu_vcpu *v, const struct ir_block *b, enum emu_log class);

/* The code page at @pc; NULL: an exception is pending, or (*full) the cache is full. */
struct code_page *fetch_page(struct emu_vcpu *v, u64 pc, bool *full);
/*
 * Where a T32 instruction that begins in the last halfword of its page goes on.
 * NULL with no exception pending: it is none of 32 bits.
 */
const u8 *fetch_tail(struct emu_vcpu *v, const struct code_page *page, u64 pc);

/* The vCPU may use translations from here on; waits while another has paused all. */
void vcpu_enter(struct emu_vcpu *v);
void vcpu_exit(struct emu_vcpu *v);
/*
 * Wait until @done(@w, @arg), which depends on @w's inside, in_code and queue_done:
 * a short spin, then sleep, for the host may have given @w's core to somebody else.
 * Whoever changes those calls vcpu_awaited() behind the change.
 */
void vcpu_await(struct emu_vcpu *w, bool (*done)(struct emu_vcpu *w, u64 arg), u64 arg);
void vcpu_awaited(struct emu_vcpu *w);
/* All other vCPUs are outside until vcpu_resume_all(); the caller is too. */
void vcpu_pause_all(struct emu_vcpu *v);
void vcpu_resume_all(struct emu_vcpu *v);

#endif
