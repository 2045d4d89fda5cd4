/* SPDX-License-Identifier: GPL-2.0-only */
/* What lockstep.c (running) and lockstep_report.c (comparing, printing) share. */
#ifndef EMU_RUN_LOCKSTEP_INT_H
#define EMU_RUN_LOCKSTEP_INT_H

#include "emu/run/cache.h"
#include "emu/run/lockstep.h"
#include "emu/run/run.h"
#include "emu/run/tlb_ctx.h"
#include "emu/x64/jit.h"

#define LS_PAGES 1024		/* pages that one block may touch, */
#define LS_DEVICE 1024		/* its device accesses */
#define LS_HELPERS 160		/* and helper calls; more, and it is not compared */
#define LS_NO_KICK (~0u)

/* Everything of a vCPU that a block can change and that means something after it. */
struct ls_side {
	bool sys;		/* st.sys[] was taken; most blocks cannot change it */
	struct arm_state st;
	struct vcpu_exception exc;
	u64 excl_addr, excl_val[2];
	u32 excl_size;
	u32 waiting;
	unsigned int requests;
	bool regime_changed, wfi, wfe;
	u64 insn_count;
};

/* A page as the first run saw it. */
struct ls_page {
	u64 va;
	bool unpriv, read, write;
	struct mem_place place;		/* of va; host is the real memory */
};

/* A copy of a page that is written: before the first store, then as the second run makes it. */
struct ls_shadow {
	u8 copy[TLB_PAGE_SIZE] __attribute__((aligned(TLB_PAGE_SIZE)));	/* found by its page */
	u8 *real;
	unsigned int stores[2];		/* C stores to it in each run */
	unsigned int kick_at;		/* the store that hit translated code; LS_NO_KICK */
	unsigned int kick;		/* what it asked for */
};

struct ls_device {
	u64 ipa, val;
	u8 size, result;
	bool write;
	unsigned int requests;		/* after it */
};

struct ls_helper {
	enum ir_helper helper;
	u64 arg[3], ret;
	struct ls_side before, after;
	u8 *zeroed;			/* DC ZVA: host memory, or NULL */
};

enum ls_run { LS_OUTSIDE, LS_FIRST, LS_SECOND };

struct lockstep {
	struct lockstep_hooks hooks;	/* first */
	struct emu_vcpu *v;
	pthread_t thread;		/* that runs the vCPU */
	bool running;			/* under v->sleep_lock */
	unsigned int late;		/* requests for after the block; under v->sleep_lock */
	atomic_uint dma;		/* writes by devices */
	enum ls_run run;
	bool skip;			/* the record is full */
	bool in_helper;
	u8 *zeroed;			/* by the helper that runs */
	unsigned int seen;		/* exit_request as this thread left it */
	bool sys;			/* the block may change st.sys[] */
	struct tlb_ctx *tlb, *tlb_unpriv;	/* of the second run */
	struct ls_side begin, first, second;
	const char *where;		/* what differs, NULL: nothing; */
	struct ls_side *want, *got;	/* these states */
	char what[160];
	unsigned int npages, nshadows, ndevice[2], nhelpers[2];
	struct ls_page page[LS_PAGES];
	struct ls_device device[LS_DEVICE];
	struct ls_helper *helper;	/* LS_HELPERS */
	struct ls_shadow *shadow;	/* LS_PAGES, untouched memory until used */
	struct lockstep_counts counts;
};

/* What the code cache calls a jit_block with this engine. */
struct ls_block {
	struct jit_block *jit;
	const u8 *code, *code_end;	/* writable mapping */
	struct ir_block *ir;		/* cut behind insns[n] */
	bool sys;			/* it holds what can change st.sys[] */
};

static inline struct lockstep *lockstep_of(const struct emu_vcpu *v)
{
	return v->run;
}

/* ---- lockstep_report.c ---- */

/* Do they agree?  If not, *field names the first that differs. */
bool ls_same(const struct ls_side *a, const struct ls_side *b, char *what, size_t len);
/* The block and both states. */
void ls_report(struct lockstep *ls, const struct ls_block *blk);

#endif
