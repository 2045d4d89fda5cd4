// SPDX-License-Identifier: GPL-2.0-only
/* The interpreter as a back end: a block is a copy of its IR. */
#include <string.h>

#include "emu/interp/interp.h"
#include "emu/run/run.h"

static int backend_init(struct code_cache *cache)
{
	(void)cache;
	return 0;
}

static void backend_free(struct code_cache *cache)
{
	(void)cache;
}

static int backend_compile(struct emu_vcpu *v, struct code_page *page, const struct jit_rec *hint,
			   struct jit_block **out)
{
	struct code_cache *cache = v->vm->cache;
	const struct ir_block *ir = cache->ir;
	size_t size = offsetof(struct ir_block, insns) + ir->n * sizeof(ir->insns[0]);
	void *copy = code_alloc(cache, size);

	(void)page;
	(void)hint;
	if (!copy)
		return -ENOSPC;
	memcpy(copy, ir, size);
	*out = copy;
	return 0;
}

static void backend_link(struct code_cache *cache, struct jit_rec *rec, struct jit_block *to)
{
	(void)cache;
	(void)rec;
	(void)to;
}

static enum run_result backend_execute(struct emu_vcpu *v, struct jit_block *blk)
{
	static const u8 result[] = {
		[INTERP_NEXT] = RUN_NEXT, [INTERP_LEAVE] = RUN_LEFT, [INTERP_EXCEPTION] = RUN_EXCEPTION,
	};

	return result[interp_block(v, (const struct ir_block *)blk)];
}

const struct run_backend run_backend_interp = {
	.init = backend_init,
	.free = backend_free,
	.compile = backend_compile,
	.link = backend_link,
	.execute = backend_execute,
};
