/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The code cache: memory for translated code in two mappings (W^X), records,
 * blocks, and which guest pages they came from.
 *
 * Everything here is under cache->lock, except where a line says otherwise.
 * Order: cache->lock, then the lock of a TLB set.
 */
#ifndef EMU_RUN_CACHE_H
#define EMU_RUN_CACHE_H

#include "emu/vcpu.h"
#include "emu/x64/enc.h"

struct jit;
struct jit_block;
struct jit_ctx;
struct jit_rec;
struct ir_block;
struct run_backend;

#define CODE_PAGE_SLOTS (4096 / 2)	/* Thumb; other code uses the first half of them */
#define CODE_CHUNK 32

typedef _Atomic(struct jit_block *) *code_chunk;

/*
 * One guest page of code at one virtual address in one mode.  @id names it in
 * guards; an invalidated page gets a new struct and a new id, so that every
 * link to the old one is dead at once.
 */
struct code_page {
	u64 ipa, va;		/* of the 4 KiB; bit 0 of va: Thumb code */
	u32 mode;
	u32 id;
	const u8 *host;
	struct code_page *hash_next;	/* by (ipa, va, mode) */
	struct code_page *ipa_next;	/* pages of the same ipa */
	/* Blocks by instruction, in chunks made when needed; read without the lock. */
	_Atomic(code_chunk) chunk[CODE_PAGE_SLOTS / CODE_CHUNK];
};

#define CODE_ID_BITS 27
#define CODE_KEY(va, id) ((u64)(va) >> 12 << CODE_ID_BITS | (id))

#define CODE_HASH 16384
#define CODE_RETIRED 64

struct code_cache {
	pthread_mutex_t lock;
	struct emu_vm *vm;
	const struct run_backend *backend;
	struct jit *jit;		/* of the x64 back end */
	struct jit_ctx *ctx;		/* the compiler's scratch state */
	struct ir_block *ir;
	u8 *rw, *rx;			/* the two mappings */
	size_t size;
	struct x64_buf buf;		/* the free part */
	u8 *start;			/* behind thunks */
	u8 *trimmed;			/* pages of rw before it are not mapped until they are written again */
	struct jit_rec **rec;		/* by number */
	u32 nrec, max_rec;
	u8 *arena;			/* records, blocks, pages: freed at a flush only */
	size_t arena_used, arena_size;
	struct code_page *hash[CODE_HASH];
	struct code_page *retired[CODE_RETIRED];	/* the latest, by number */
	u64 nretired;
	u32 next_id;
	u32 generation;			/* of flushes */
	/*
	 * What of RAM has been translated: per region, for each 4 KiB a bit per
	 * 64 bytes.  Set under the lock, read without.
	 */
	_Atomic(u64) *code_map[EMU_MAX_RAM];
	u64 nblocks, ninsns, nflushes, ninvalidations;
};

int code_cache_create(struct emu_vm *vm, struct code_cache **out);
void code_cache_free(struct code_cache *cache);
/* vm->ram[region] was added. */
int code_cache_add_ram(struct code_cache *cache, unsigned int region);
/* From the arena, 8-byte aligned, not cleared; NULL when full. */
void *code_alloc(struct code_cache *cache, size_t size);
/* The number of a new record of @size bytes at *out, or 0 when full (0 is never used). */
u32 code_rec(struct code_cache *cache, size_t size, struct jit_rec **out);

/* The page for guest page @ipa at @va, made if need be; NULL: the cache is full.  Takes cache->lock. */
struct code_page *code_page_get(struct code_cache *cache, u64 ipa, u64 va, u32 mode, const u8 *host);

/* Was anything of [ipa, ipa + len) (within a page) translated?  No lock. */
bool code_is_code(struct emu_vm *vm, u64 ipa, u64 len);
/* Does the page of @ipa hold any translated code?  No lock. */
bool code_in_page(struct emu_vm *vm, u64 ipa);

/*
 * The block at @pc in @page, translated if need be, entered from the exit of
 * @hint (or NULL).  NULL when the cache is full: the caller flushes.  @tail: a
 * T32 instruction at the very end of the page has its second half there, NULL:
 * this is none such.
 */
struct jit_block *code_block(struct emu_vcpu *v, struct code_page *page, u64 pc, const u8 *tail,
			     const struct jit_rec *hint);
/* Link the exit of @rec to @to, if both are still of the present generation. */
void code_link(struct code_cache *cache, struct jit_rec *rec, struct jit_block *to, u32 generation);
/*
 * The pages that were retired since *seen, which is brought up to date; false:
 * too many to tell.  @page holds CODE_RETIRED.
 */
bool code_retired(struct code_cache *cache, u64 *seen, struct code_page **page, unsigned int *n);
/* Drop everything.  All vCPUs are paused. */
void code_flush(struct code_cache *cache);

static inline u8 *code_exec(const struct code_cache *cache, const u8 *rw)
{
	return (u8 *)rw + (cache->rx - cache->rw);
}

static inline u8 *code_write(const struct code_cache *cache, const u8 *rx)
{
	return (u8 *)rx - (cache->rx - cache->rw);
}

#endif
