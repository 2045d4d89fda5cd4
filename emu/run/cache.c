// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "emu/run/cache.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu/cpu/cpu.h"
#include "emu/front/a32.h"
#include "emu/run/mem.h"
#include "emu/run/run.h"
#include "emu/run/tlb.h"
#include "emu/run/tlb_ctx.h"

#define CACHE_DEFAULT (32u << 20)	/* twice that for records: more would cost more memory than QEMU has */
#define ARENA_PER_CODE 2	/* bytes of records and blocks per byte of code */
#define CACHE_TRIM (1 << 20)
#define CACHE_RESERVE (64u << 10)	/* one block and its edges never need more */

/* ---- memory ---- */

static int map_code(struct code_cache *c, size_t size)
{
	int fd = memfd_create("vambrace-code", MFD_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, size)) {
		err = -errno;
		goto out;
	}
	c->rw = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	c->rx = mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	if (c->rw == MAP_FAILED || c->rx == MAP_FAILED)
		err = -errno;
	c->size = size;
out:
	close(fd);
	return err;
}

int code_cache_add_ram(struct code_cache *c, unsigned int region)
{
	struct emu_vm *vm = c->vm;
	size_t pages = vm->ram[region].size >> TLB_PAGE_BITS;

	/* calloc of this size is fresh zero pages: only what is used costs memory */
	c->code_map[region] = calloc(pages, sizeof(u64));
	vm->write_map[region] = calloc(pages, sizeof(u16));
	return c->code_map[region] && vm->write_map[region] ? 0 : -ENOMEM;
}

static void cache_reset(struct code_cache *c)
{
	c->nretired += CODE_RETIRED + 1;
	c->buf.p = c->start;
	c->trimmed = c->rw;
	c->buf.full = false;
	c->arena_used = 0;
	c->nrec = 1;
	c->next_id = 1;
	memset(c->hash, 0, sizeof(c->hash));
}

static const struct run_backend *backend_for(enum emu_engine engine)
{
#ifdef __x86_64__
	if (engine == EMU_ENGINE_LOCKSTEP)
		return &run_backend_lockstep;
	if (engine != EMU_ENGINE_INTERP)
		return &run_backend_x64;
#endif
	(void)engine;
	return &run_backend_interp;
}

int code_cache_create(struct emu_vm *vm, struct code_cache **out)
{
	struct code_cache *c = calloc(1, sizeof(*c));
	size_t size = vm->cfg.cache_bytes ? vm->cfg.cache_bytes : CACHE_DEFAULT;
	int err = -ENOMEM;

	if (!c)
		return err;
	*out = c;
	pthread_mutex_init(&c->lock, NULL);
	c->vm = vm;
	size = (size < (1u << 20) ? 1u << 20 : size + 4095) & ~4095ul;
	c->arena_size = size * ARENA_PER_CODE;
	c->max_rec = size / 24;
	/* all three are address space until they are used */
	c->arena = mmap(NULL, c->arena_size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	c->rec = mmap(NULL, c->max_rec * sizeof(*c->rec), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	c->ir = malloc(sizeof(*c->ir));
	if (c->arena == MAP_FAILED || c->rec == MAP_FAILED || !c->ir)
		return err;
	c->backend = backend_for(vm->cfg.engine);
	if (c->backend->host_code) {
		err = map_code(c, size);
		if (err)
			return err;
		c->buf = (struct x64_buf){ .p = c->rw, .end = c->rw + size - 4096, .exec = c->rx - c->rw };
	}
	err = c->backend->init(c);
	if (err)
		return err;
	c->start = c->buf.p;
	cache_reset(c);
	return 0;
}

void code_cache_free(struct code_cache *c)
{
	if (!c)
		return;
	for (unsigned int i = 0; i < c->vm->nram; i++) {
		free((void *)c->code_map[i]);
		free((void *)c->vm->write_map[i]);
	}
	if (c->rw && c->rw != MAP_FAILED)
		munmap(c->rw, c->size);
	if (c->rx && c->rx != MAP_FAILED)
		munmap(c->rx, c->size);
	munmap(c->arena, c->arena_size);
	munmap(c->rec, c->max_rec * sizeof(*c->rec));
	if (c->backend)
		c->backend->free(c);
	free(c->ir);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

void *code_alloc(struct code_cache *c, size_t size)
{
	void *p = c->arena + c->arena_used;

	size = (size + 7) & ~7ul;
	if (size > c->arena_size - c->arena_used)
		return NULL;
	c->arena_used += size;
	return p;
}

u32 code_rec(struct code_cache *c, size_t size, struct jit_rec **out)
{
	*out = c->nrec < c->max_rec ? code_alloc(c, size) : NULL;
	if (!*out)
		return 0;
	c->rec[c->nrec] = *out;
	return c->nrec++;
}

/* ---- which RAM is code ---- */

static _Atomic(u64) *lines_of(struct emu_vm *vm, u64 ipa)
{
	struct emu_ram *r = mem_ram(vm, ipa, 1);

	return r ? &vm->cache->code_map[r - vm->ram][(ipa - r->ipa) >> TLB_PAGE_BITS] : NULL;
}

/* The 64-byte lines of its page that [ipa, ipa + len) touches. */
static u64 line_mask(u64 ipa, u64 len)
{
	unsigned int first = ipa >> 6 & 63, last = (ipa + len - 1) >> 6 & 63;

	return ARM_MASK(last, first);
}

bool code_is_code(struct emu_vm *vm, u64 ipa, u64 len)
{
	_Atomic(u64) *lines = lines_of(vm, ipa);

	return lines && (atomic_load_explicit(lines, memory_order_relaxed) & line_mask(ipa, len));
}

bool code_in_page(struct emu_vm *vm, u64 ipa)
{
	_Atomic(u64) *lines = lines_of(vm, ipa);

	return lines && atomic_load(lines);
}

/* ---- pages ---- */

static unsigned int page_hash(u64 ipa)
{
	u64 n = ipa >> TLB_PAGE_BITS;

	return (n ^ n >> 14) & (CODE_HASH - 1);
}

static struct code_page *page_find(struct code_cache *c, u64 ipa, u64 va, u32 mode)
{
	struct code_page *p;

	for (p = c->hash[page_hash(ipa)]; p; p = p->hash_next)
		if (p->ipa == ipa && p->va == va && p->mode == mode)
			return p;
	return NULL;
}

struct code_page *code_page_get(struct code_cache *c, u64 ipa, u64 va, u32 mode, const u8 *host)
{
	struct code_page *p;

	pthread_mutex_lock(&c->lock);
	p = page_find(c, ipa, va, mode);
	if (p || c->next_id >> CODE_ID_BITS)
		goto out;
	p = code_alloc(c, sizeof(*p));
	if (!p)
		goto out;
	memset(p, 0, sizeof(*p));
	p->ipa = ipa;
	p->va = va;
	p->mode = mode;
	p->host = host;
	p->id = c->next_id++;
	p->hash_next = c->hash[page_hash(ipa)];
	c->hash[page_hash(ipa)] = p;
out:
	pthread_mutex_unlock(&c->lock);
	return p;
}

/* ---- blocks ---- */

/*
 * Mark before reading the code: a store that comes later finds the mark, one
 * that came earlier is seen.
 */
static void mark_code(struct code_cache *c, struct code_page *page, unsigned int off, unsigned int bytes)
{
	_Atomic(u64) *lines = lines_of(c->vm, page->ipa);
	u64 mask = line_mask(off, bytes);

	if (!(atomic_fetch_or(lines, mask)))
		tlb_protect(c->vm, page->host);
}

/*
 * A T32 instruction across two pages is a block of its own.  What it has on
 * the second page may change, and so may the page there, with nobody telling
 * this block: it looks itself, each time.
 */
static void translate_across(struct code_cache *c, const u8 *head, const u8 *tail)
{
	u8 code[4] = { head[0], head[1], tail[0], tail[1] };

	front_a32(c->ir, code, sizeof(code), 1);
}

static int translate(struct emu_vcpu *v, struct code_page *page, u64 pc, const u8 *tail, unsigned int max,
		     const struct jit_rec *hint, struct jit_block **out)
{
	struct code_cache *c = v->vm->cache;
	unsigned int off = pc & (TLB_PAGE_SIZE - 2), avail = TLB_PAGE_SIZE - off;
	int err;

	ir_block_init(c->ir, pc, page->mode, cpu_features(v->vm));
	/* Blocks only go forward, and no further than this: what it may read is marked first. */
	mark_code(c, page, off, avail < 4 * max ? avail : 4 * max);
	if (!(page->mode & IR_MODE_A32))
		front_a64(c->ir, (const u32 *)(page->host + off), avail / 4, max);
	else if (tail)
		translate_across(c, page->host + off, tail);
	else
		front_a32(c->ir, page->host + off, avail, max);
	run_log_insns(v, c->ir);
	run_log_ir(v, c->ir, EMU_LOG_IR);
	ir_optimise(c->ir);
	run_log_ir(v, c->ir, EMU_LOG_OPT);
	err = c->backend->compile(v, page, hint, out);
	if (err)
		return err;
	c->nblocks++;
	c->ninsns += c->ir->guest_insns;
	return 0;
}

/*
 * What is written is seldom written again: its pages in the writable mapping
 * are given back, the contents stay in the other one.
 */
static void trim(struct code_cache *c)
{
	for (; c->rw && c->buf.p - c->trimmed >= CACHE_TRIM; c->trimmed += CACHE_TRIM)
		madvise(c->trimmed, CACHE_TRIM, MADV_DONTNEED);
}

static struct jit_block *find_block(struct code_page *page, unsigned int at)
{
	code_chunk chunk = atomic_load_explicit(&page->chunk[at / CODE_CHUNK], memory_order_acquire);

	return chunk ? atomic_load_explicit(&chunk[at % CODE_CHUNK], memory_order_acquire) : NULL;
}

static code_chunk make_chunk(struct code_cache *c, struct code_page *page, unsigned int at)
{
	code_chunk chunk = atomic_load(&page->chunk[at / CODE_CHUNK]);

	if (chunk)
		return chunk;
	chunk = code_alloc(c, CODE_CHUNK * sizeof(*chunk));
	if (chunk) {
		memset((void *)chunk, 0, CODE_CHUNK * sizeof(*chunk));
		atomic_store_explicit(&page->chunk[at / CODE_CHUNK], chunk, memory_order_release);
	}
	return chunk;
}

static unsigned int block_slot(u64 pc)
{
	return pc & 1 ? pc >> 1 & (CODE_PAGE_SLOTS - 1) : pc >> 2 & (CODE_PAGE_SLOTS / 2 - 1);
}

struct jit_block *code_block(struct emu_vcpu *v, struct code_page *page, u64 pc, const u8 *tail,
			     const struct jit_rec *hint)
{
	struct code_cache *c = v->vm->cache;
	unsigned int at = block_slot(pc), max = v->mode & IR_MODE_STEP ? 1 : IR_MAX_GUEST;
	struct jit_block *blk = find_block(page, at);
	code_chunk chunk;
	int err = -ENOSPC;

	if (blk)
		return blk;
	pthread_mutex_lock(&c->lock);
	blk = find_block(page, at);
	if (blk)
		goto out;
	chunk = make_chunk(c, page, at);
	while (chunk && (!c->rw || c->buf.end - c->buf.p >= (ptrdiff_t)CACHE_RESERVE)) {
		err = translate(v, page, pc, tail, max, hint, &blk);
		if (err != -E2BIG || max == 1)
			break;
		max /= 2;
	}
	if (!err)
		atomic_store_explicit(&chunk[at % CODE_CHUNK], blk, memory_order_release);
	else
		blk = NULL;
	trim(c);
out:
	pthread_mutex_unlock(&c->lock);
	return blk;
}

void code_link(struct code_cache *c, struct jit_rec *rec, struct jit_block *to, u32 generation)
{
	pthread_mutex_lock(&c->lock);
	if (generation == c->generation && c->rw && c->buf.end - c->buf.p >= 8192)
		c->backend->link(c, rec, to);
	pthread_mutex_unlock(&c->lock);
}

void code_flush(struct code_cache *c)
{
	struct emu_vm *vm = c->vm;

	pthread_mutex_lock(&c->lock);
	for (unsigned int i = 0; i < CODE_HASH; i++)
		for (struct code_page *p = c->hash[i]; p; p = p->hash_next)
			atomic_store(lines_of(vm, p->ipa), 0);
	cache_reset(c);
	c->generation++;
	for (unsigned int i = 0; i < vm->cfg.cpus; i++) {
		struct emu_vcpu *v = vm->vcpu[i];

		tlb_forget_code(v);
		memset(v->jump_cache, 0xff, sizeof(v->jump_cache));
		memset(v->rsb, 0xff, sizeof(v->rsb));
		v->exit_rec = NULL;
	}
	pthread_mutex_unlock(&c->lock);
}

/* ---- invalidation ---- */

/* Take the pages of @ipa out of the hash: nothing finds or enters them any more. */
static bool retire(struct code_cache *c, u64 ipa)
{
	struct code_page **pp = &c->hash[page_hash(ipa)];
	bool any = false;

	while (*pp) {
		if ((*pp)->ipa == ipa) {
			c->retired[c->nretired++ % CODE_RETIRED] = *pp;
			*pp = (*pp)->hash_next;
			any = true;
		} else {
			pp = &(*pp)->hash_next;
		}
	}
	return any;
}

static bool retire_all(struct code_cache *c)
{
	bool any = false;

	for (unsigned int i = 0; i < CODE_HASH; i++) {
		for (struct code_page *p = c->hash[i]; p; p = p->hash_next) {
			atomic_store(lines_of(c->vm, p->ipa), 0);
			any = true;
		}
		c->hash[i] = NULL;
	}
	c->nretired += CODE_RETIRED + 1;	/* too many to tell */
	return any;
}

bool code_retired(struct code_cache *c, u64 *seen, struct code_page **page, unsigned int *n)
{
	u64 first;
	bool ok;

	pthread_mutex_lock(&c->lock);
	first = *seen;
	ok = c->nretired - first <= CODE_RETIRED;
	*seen = c->nretired;
	*n = c->nretired - first;
	for (unsigned int k = 0; ok && k < *n; k++)
		page[k] = c->retired[(first + k) % CODE_RETIRED];
	pthread_mutex_unlock(&c->lock);
	return ok;
}

void code_invalidate(struct emu_vm *vm, u64 ipa, u64 len)
{
	struct code_cache *c = vm->cache;
	bool any = false;

	if (len != ~0ull) {
		bool marked = false;

		for (u64 p = ipa & TLB_PAGE_MASK; p < ipa + len; p += TLB_PAGE_SIZE) {
			u64 first = p > ipa ? p : ipa, end = p + TLB_PAGE_SIZE;

			if (end > ipa + len)
				end = ipa + len;

			marked |= code_is_code(vm, first, end - first);
		}
		if (!marked)
			return;
	}
	pthread_mutex_lock(&c->lock);
	if (len == ~0ull) {
		any = retire_all(c);
	} else {
		for (u64 p = ipa & TLB_PAGE_MASK; p < ipa + len; p += TLB_PAGE_SIZE) {
			_Atomic(u64) *lines = lines_of(vm, p);

			if (lines && atomic_exchange(lines, 0))
				any |= retire(c, p);
		}
	}
	c->ninvalidations += any;
	pthread_mutex_unlock(&c->lock);
	if (!any)
		return;
	for (unsigned int i = 0; i < vm->cfg.cpus; i++)
		vcpu_kick(vm->vcpu[i], VCPU_REQ_CODE);
}
