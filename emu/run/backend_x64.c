// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include "emu/run/run.h"
#include "emu/x64/glue.h"

static int backend_init(struct code_cache *cache)
{
	cache->jit = calloc(1, sizeof(*cache->jit));
	cache->ctx = malloc(sizeof(*cache->ctx));
	if (!cache->jit || !cache->ctx)
		return -ENOMEM;
	jit_host_detect(&cache->jit->host);
	cache->jit->count_insns = cache->vm->cfg.count_insns;
	cache->buf.avx = cache->jit->host.avx;
	jit_thunks_emit(cache->jit, &cache->buf);
	return 0;
}

static void backend_free(struct code_cache *cache)
{
	free(cache->jit);
	free(cache->ctx);
}

static void log_code(struct emu_vcpu *v, const struct jit_block *blk, const u8 *from, const u8 *to)
{
	struct emu_vm *vm = v->vm;

	if (!vcpu_logs(v, EMU_LOG_OUT))
		return;
	emu_log(vm, "OUT: pc %#llx, %u bytes at %p\n", (unsigned long long)blk->pc, (unsigned int)(to - from),
		(const void *)code_exec(vm->cache, from));
	for (const u8 *p = from; p < to; p += 32) {
		char line[100];
		int n = 0;

		for (int k = 0; k < 32 && p + k < to; k++)
			n += snprintf(line + n, sizeof(line) - n, "%02x", p[k]);
		emu_log(vm, "  %s\n", line);
	}
}

static int backend_compile(struct emu_vcpu *v, struct code_page *page, const struct jit_rec *hint,
			   struct jit_block **out)
{
	struct code_cache *cache = v->vm->cache;
	const u8 *from = cache->buf.p;
	int err = jit_compile(cache, cache->ctx, cache->ir, page, hint, out);

	if (!err)
		log_code(v, *out, from, cache->buf.p);
	return err;
}

static void backend_link(struct code_cache *cache, struct jit_rec *rec, struct jit_block *to)
{
	jit_link(cache, rec, to);
}

static enum run_result backend_execute(struct emu_vcpu *v, struct jit_block *blk)
{
	static const u8 result[] = {
		[JIT_LEFT] = RUN_LEFT, [JIT_EXCEPTION] = RUN_EXCEPTION,
		[JIT_LINK] = RUN_LINK, [JIT_EXIT] = RUN_NEXT,
		[JIT_INDIRECT] = RUN_INDIRECT, [JIT_MISS] = RUN_MISS,
	};

	bool a32 = v->mode & IR_MODE_A32;

	v->jump_cache[VCPU_JUMP_INDEX(blk->pc, a32)] = (struct vcpu_rsb_entry){ .pc = blk->pc, .host = blk->guard };
	return result[jit_run(v, blk->cold)];
}

const struct run_backend run_backend_x64 = {
	.host_code = true,
	.init = backend_init,
	.free = backend_free,
	.compile = backend_compile,
	.link = backend_link,
	.execute = backend_execute,
};
