/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs hand-made blocks of IR as host code: a code cache and a vCPU without a
 * machine around them.  A block has no memory accesses and no calls of helpers
 * that would need one; it ends in a LEAVE.
 */
#ifndef TESTS_X64_RIG_H
#define TESTS_X64_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "emu/fp/vec.h"
#include "emu/run/cache.h"
#include "emu/run/run.h"
#include "emu/x64/glue.h"

#define RIG_PC 0x400000ull

struct x64_rig {
	struct emu_vm vm;
	struct emu_vcpu *v;
	struct tlb_ctx *tlb;
	struct code_page *page;
	struct ir_block *b;		/* being built */
	struct jit_host host;		/* what this machine has */
	struct jit_block *blk;		/* compiled */
};

static u64 rig_seed = 0x853c49e6748fea9b;

static inline u64 rig_random(void)
{
	rig_seed ^= rig_seed << 13;
	rig_seed ^= rig_seed >> 7;
	rig_seed ^= rig_seed << 17;
	return rig_seed;
}

static inline void rig_init(struct x64_rig *r)
{
	memset(r, 0, sizeof(*r));
	r->vm.cfg.engine = EMU_ENGINE_JIT;
	r->vm.cfg.cache_bytes = 4u << 20;
	assert_int_equal(code_cache_create(&r->vm, &r->vm.cache), 0);
	r->v = calloc(1, sizeof(*r->v));
	r->tlb = calloc(1, sizeof(*r->tlb));
	r->page = calloc(1, sizeof(*r->page));
	r->b = malloc(sizeof(*r->b));
	assert_true(r->v && r->tlb && r->page && r->b);
	r->v->vm = &r->vm;
	r->v->tlb = r->tlb;
	r->v->host_mxcsr = 0x1f80;
	r->host = r->vm.cache->jit->host;
}

static inline void rig_free(struct x64_rig *r)
{
	code_cache_free(r->vm.cache);
	free(r->v);
	free(r->tlb);
	free(r->page);
	free(r->b);
}

/* Code from here on uses only @host's features. */
static inline void rig_host(struct x64_rig *r, const struct jit_host *host)
{
	r->vm.cache->jit->host = *host;
	r->vm.cache->buf.avx = host->avx;
}

/* Start a block in r->b. */
static inline void rig_begin(struct x64_rig *r, u32 mode)
{
	ir_block_init(r->b, RIG_PC, mode, 0);
	ir_begin_insn(r->b, RIG_PC, 0);
}

/* End and compile it; what was compiled before is gone.  r->b stays to be looked at. */
static inline void rig_compile(struct x64_rig *r)
{
	struct code_cache *c = r->vm.cache;
	char why[200] = "";

	ir_leave(r->b, RIG_PC + 4);
	if (ir_verify(r->b, why, sizeof(why)))
		fail_msg("%s", why);
	ir_optimise(r->b);
	c->buf.p = c->start;
	c->buf.full = false;
	c->arena_used = 0;
	c->nrec = 1;
	assert_int_equal(jit_compile(c, c->ctx, r->b, r->page, NULL, &r->blk), 0);
}

/* Guest registers in and out by r->v->st. */
static inline void rig_run(struct x64_rig *r)
{
	r->v->st.pc = 0;
	assert_int_equal(jit_run(r->v, r->blk->cold), JIT_LEFT);
	assert_int_equal(r->v->st.pc, RIG_PC + 4);
}

/* Does the host code call C?  Then nothing was gained: for tests that an operation is inline. */
static inline bool rig_calls(const struct x64_rig *r, const u8 *thunk)
{
	const u8 *p = r->vm.cache->start, *end = r->vm.cache->buf.p - 4;
	s32 rel;

	for (; p < end; p++) {
		memcpy(&rel, p + 1, 4);
		if (*p == 0xe8 && code_exec(r->vm.cache, p) + 5 + rel == thunk)
			return true;
	}
	return false;
}

#endif
