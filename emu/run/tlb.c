// SPDX-License-Identifier: GPL-2.0-only
#include "emu/run/tlb.h"

#include <stdlib.h>
#include <string.h>

#include "emu/run/cache.h"
#include "emu/run/mem.h"
#include "emu/run/run.h"
#include "emu/run/tlb_ctx.h"

#define DATA_ONLY (~0u)		/* mode of a table that no code runs with: EL0's view at EL1 */

static void entry_clear(struct tlb_ctx *ctx, unsigned int i)
{
	__atomic_store_n(&ctx->entry[i].read, tlb_no_tag(i), __ATOMIC_RELAXED);
	__atomic_store_n(&ctx->entry[i].write, tlb_no_tag(i), __ATOMIC_RELAXED);
}

static void forget_code(struct tlb_ctx *ctx)
{
	memset(ctx->xkey, 0xff, sizeof(ctx->xkey));
	memset(ctx->xpage, 0, sizeof(ctx->xpage));
}

void tlb_flush_ctx(struct tlb_ctx *ctx)
{
	for (unsigned int i = 0; i < ctx->entries; i++)
		entry_clear(ctx, i);
	forget_code(ctx);
	memset(ctx->large, 0, sizeof(ctx->large));
	ctx->small = TLB_PAGE_SIZE;
	ctx->large_sizes = 0;
	ctx->nlarge = 0;
	ctx->misses = 0;
}

void tlb_flush_all(struct emu_vcpu *v)
{
	for (unsigned int i = 0; i < v->tlbs->n; i++)
		tlb_flush_ctx(v->tlbs->ctx[i]);
}

void tlb_forget_code(struct emu_vcpu *v)
{
	for (unsigned int i = 0; i < v->tlbs->n; i++)
		forget_code(v->tlbs->ctx[i]);
}

void tlb_retire_code(struct emu_vcpu *v)
{
	struct code_page *page[CODE_RETIRED];
	unsigned int n;

	if (!code_retired(v->vm->cache, &v->tlbs->retired, page, &n)) {
		tlb_forget_code(v);
		return;
	}
	for (unsigned int k = 0; k < n; k++) {
		unsigned int x = tlb_xindex(page[k]->va);

		for (unsigned int i = 0; i < v->tlbs->n; i++) {
			struct tlb_ctx *ctx = v->tlbs->ctx[i];

			if (ctx->xpage[x].page != page[k])
				continue;
			ctx->xpage[x].page = NULL;
			ctx->xkey[x] = ~0ull;
		}
	}
}

int tlb_create(struct emu_vcpu *v)
{
	v->tlbs = calloc(1, sizeof(*v->tlbs));
	v->queue = calloc(VCPU_QUEUE, sizeof(*v->queue));
	if (!v->tlbs || !v->queue)
		return -ENOMEM;
	pthread_mutex_init(&v->tlbs->lock, NULL);
	return 0;
}

void tlb_destroy(struct emu_vcpu *v)
{
	for (unsigned int i = 0; v->tlbs && i < v->tlbs->n; i++)
		free(v->tlbs->ctx[i]);
	if (v->tlbs)
		pthread_mutex_destroy(&v->tlbs->lock);
	free(v->tlbs);
	free(v->queue);
}

/* ---- contexts ---- */

static struct tlb_ctx *ctx_alloc(u32 entries)
{
	size_t size = sizeof(struct tlb_ctx) + entries * sizeof(struct tlb_entry);
	struct tlb_ctx *ctx = aligned_alloc(64, (size + 63) & ~63ul);

	if (!ctx)
		return NULL;
	memset(ctx, 0, sizeof(*ctx));
	ctx->entries = entries;
	ctx->index_mask = (entries - 1) << TLB_ENTRY_BITS;
	tlb_flush_ctx(ctx);
	return ctx;
}

/* Put @ctx in place @i.  tlb_protect() of another vCPU may be looking at the old one: it holds the lock. */
static void ctx_replace(struct emu_vcpu *v, unsigned int i, struct tlb_ctx *ctx)
{
	struct tlb_ctx *old = v->tlbs->ctx[i];

	pthread_mutex_lock(&v->tlbs->lock);
	v->tlbs->ctx[i] = ctx;
	pthread_mutex_unlock(&v->tlbs->lock);
	if (v->tlb == old)
		v->tlb = NULL;
	if (v->tlb_unpriv == old)
		v->tlb_unpriv = NULL;
	free(old);
}

/* A table for a new context: a fresh one while there is room, else the one unused longest. */
static struct tlb_ctx *ctx_take(struct emu_vcpu *v)
{
	struct tlb_set *s = v->tlbs;
	unsigned int old = TLB_CONTEXTS;

	if (s->n < TLB_CONTEXTS) {
		struct tlb_ctx *ctx = ctx_alloc(TLB_MIN_ENTRIES);

		if (ctx) {
			pthread_mutex_lock(&s->lock);
			s->ctx[s->n++] = ctx;
			pthread_mutex_unlock(&s->lock);
			return ctx;
		}
	}
	for (unsigned int i = 0; i < s->n; i++)
		if (s->ctx[i] != v->tlb && (old == TLB_CONTEXTS || s->ctx[i]->used < s->ctx[old]->used))
			old = i;
	if (s->ctx[old]->entries > TLB_MIN_ENTRIES) {
		struct tlb_ctx *ctx = ctx_alloc(TLB_MIN_ENTRIES);

		if (ctx) {
			ctx_replace(v, old, ctx);
			return ctx;
		}
	}
	tlb_flush_ctx(s->ctx[old]);
	return s->ctx[old];
}

/* More entries for @i, which start empty. */
static void ctx_grow(struct emu_vcpu *v, unsigned int i)
{
	struct tlb_ctx *old = v->tlbs->ctx[i], *ctx = ctx_alloc(old->entries * 4);

	old->grow = false;
	if (!ctx)
		return;
	memcpy(ctx->xkey, old->xkey, sizeof(ctx->xkey));
	memcpy(ctx->xpage, old->xpage, sizeof(ctx->xpage));
	memcpy(ctx->large, old->large, sizeof(ctx->large));
	ctx->small = old->small;
	ctx->large_sizes = old->large_sizes;
	ctx->nlarge = old->nlarge;
	ctx->key = old->key;
	ctx->mode = old->mode;
	ctx->el = old->el;
	ctx->used = old->used;
	ctx_replace(v, i, ctx);
}

static bool ctx_is(const struct tlb_ctx *ctx, u64 key, u32 mode, unsigned int el)
{
	return ctx->key == key && ctx->mode == mode && ctx->el == el;
}

static unsigned int ctx_index(struct emu_vcpu *v, u64 key, u32 mode, unsigned int el)
{
	struct tlb_set *s = v->tlbs;
	u8 *hint = &s->hint[(key ^ key >> 17 ^ mode << 1 ^ el << 4) & (TLB_HINTS - 1)];

	if (*hint >= s->n || !ctx_is(s->ctx[*hint], key, mode, el)) {
		for (*hint = 0; *hint < s->n; ++*hint)
			if (ctx_is(s->ctx[*hint], key, mode, el))
				break;
	}
	return *hint;
}

static struct tlb_ctx *ctx_find(struct emu_vcpu *v, u64 key, u32 mode, unsigned int el)
{
	struct tlb_set *s = v->tlbs;
	unsigned int i = ctx_index(v, key, mode, el);
	struct tlb_ctx *ctx;

	if (i < s->n) {
		if (s->ctx[i]->grow)
			ctx_grow(v, i);
		ctx = s->ctx[i];
	} else {
		ctx = ctx_take(v);
		ctx->key = key;
		ctx->mode = mode;
		ctx->el = el;
	}
	ctx->used = ++s->stamp;
	return ctx;
}

void tlb_select(struct emu_vcpu *v)
{
	unsigned int el = psr_el(v->st.pstate);

	v->mode = cpu_mode(v);
	v->tlb = ctx_find(v, mmu_context(v, el), v->mode & ~IR_MODE_IT, el);
	v->tlb_unpriv = el == 1 ? ctx_find(v, mmu_context(v, 0), DATA_ONLY, 0) : v->tlb;
	v->regime_changed = false;
}

/* ---- filling ---- */

/* Without the top byte, which may be a tag: DDI 0487, D8.8 address tagging. */
static u64 untag(u64 va)
{
	return va & ~(0xffull << 56);
}

/* The slot of a large translation at @va (not 0: bit 0 is set), or the free one where it would go. */
static unsigned int large_slot(const struct tlb_ctx *ctx, u64 key)
{
	unsigned int i = (key >> 16 ^ key >> 25) & (TLB_LARGE - 1);

	while (ctx->large[i] && ctx->large[i] != key)
		i = (i + 1) & (TLB_LARGE - 1);
	return i;
}

static void note_size(struct tlb_ctx *ctx, u64 va, u64 size)
{
	u64 key = (untag(va) & ~(size - 1)) | 1;
	unsigned int i;

	if (size <= TLB_SMALL && size > ctx->small)
		ctx->small = size;
	if (size <= TLB_SMALL || ctx->nlarge == TLB_LARGE_MAX)
		return;
	i = large_slot(ctx, key);
	if (ctx->large[i])
		return;
	ctx->large[i] = key;
	ctx->large_sizes |= size;
	ctx->nlarge++;
}

/* May the table hold parts of a large translation that @va lies in? */
static bool in_large(const struct tlb_ctx *ctx, u64 va)
{
	if (ctx->nlarge == TLB_LARGE_MAX)
		return true;
	for (u64 m = ctx->large_sizes; m; m &= m - 1) {
		u64 size = m & -m;

		if (ctx->large[large_slot(ctx, (untag(va) & ~(size - 1)) | 1)])
			return true;
	}
	return false;
}

/*
 * vm->write_map: for each page of RAM where it was last made writable in some
 * TLB: 0 nowhere, a hash of the one virtual page, or WRITE_MANY.
 */
#define WRITE_MANY 0xffffu
#define WRITE_HASH(va) ((u16)((va) >> TLB_PAGE_BITS & (TLB_MAX_ENTRIES - 1)) + 1u)
_Static_assert(TLB_MAX_ENTRIES < WRITE_MANY, "hash and index share their bits");

static bool write_allowed(struct emu_vm *vm, const struct emu_ram *ram, u64 ipa, u64 va)
{
	u64 n = (ipa - ram->ipa) >> TLB_PAGE_BITS;
	u16 hash = WRITE_HASH(va), old = atomic_load(&vm->write_map[ram - vm->ram][n]);

	if (ram->readonly)
		return false;
	/* remember at which address: see tlb_protect() */
	if (old != hash && old != WRITE_MANY)
		atomic_compare_exchange_strong(&vm->write_map[ram - vm->ram][n], &old, old ? WRITE_MANY : hash);
	return !code_in_page(vm, ipa);
}

int tlb_fill(struct emu_vcpu *v, struct tlb_ctx *ctx, u64 va, enum mmu_access acc,
	     struct mmu_page *page, struct mmu_fault *fault)
{
	unsigned int i = tlb_index(ctx, va);
	struct tlb_entry *t = &ctx->entry[i];
	struct emu_ram *ram;
	u64 ipa;

	v->stats.tlb_misses++;
	if (++ctx->misses > 2 * ctx->entries && ctx->entries < TLB_MAX_ENTRIES && !ctx->grow) {
		ctx->grow = true;
		v->regime_changed = true;	/* tlb_select() comes by */
		atomic_fetch_or(&v->exit_request, VCPU_REQ_KICK);
	}
	if (mmu_translate(v, va, acc, ctx->el, page, fault))
		return -EFAULT;
	ipa = (page->ipa + (va & (page->size - 1))) & TLB_PAGE_MASK;
	ram = mem_ram(v->vm, ipa, TLB_PAGE_SIZE);
	/* Device memory in RAM: each access has its alignment checked, unless the block's code does that. */
	if (!ram || page->watched || (page->device && (ctx->mode == DATA_ONLY || !(ctx->mode & IR_MODE_MMU_OFF))))
		return 1;
	entry_clear(ctx, i);
	t->addend = (u64)(uintptr_t)ram->host + (ipa - ram->ipa) - (va & TLB_PAGE_MASK);
	t->size_global = page->size | page->global;
	note_size(ctx, va, page->size);
	if (page->r)
		__atomic_store_n(&t->read, va & TLB_PAGE_MASK, __ATOMIC_RELAXED);
	if (page->w && !ram->readonly) {
		__atomic_store_n(&t->write, va & TLB_PAGE_MASK, __ATOMIC_SEQ_CST);
		if (!write_allowed(v->vm, ram, ipa, va))
			__atomic_store_n(&t->write, tlb_no_tag(i), __ATOMIC_RELAXED);
	}
	return 0;
}

void tlb_note_code(struct tlb_ctx *ctx, u64 va, struct code_page *page, u64 size_global)
{
	unsigned int x = tlb_xindex(va);

	ctx->xpage[x] = (struct tlb_xpage){ .va = va, .page = page, .size_global = size_global };
	ctx->xkey[x] = CODE_KEY(va, page->id);
	note_size(ctx, va, size_global & ~1ull);
}

/* ---- code pages against writes ---- */

static void protect_entry(struct tlb_ctx *ctx, unsigned int i, const u8 *host)
{
	u64 tag = __atomic_load_n(&ctx->entry[i].write, __ATOMIC_RELAXED);

	if (tag != tlb_no_tag(i) && tag + ctx->entry[i].addend == (uintptr_t)host)
		__atomic_store_n(&ctx->entry[i].write, tlb_no_tag(i), __ATOMIC_RELAXED);
}

static void protect_ctx(struct tlb_ctx *ctx, const u8 *host, u16 hash)
{
	if (hash != WRITE_MANY) {
		protect_entry(ctx, (hash - 1u) & (ctx->entries - 1), host);
		return;
	}
	for (unsigned int i = 0; i < ctx->entries; i++)
		protect_entry(ctx, i, host);
}

void tlb_protect(struct emu_vm *vm, const u8 *host)
{
	u16 hash = WRITE_MANY;

	for (unsigned int r = 0; r < vm->nram; r++) {
		u64 n = (u64)(host - vm->ram[r].host) >> TLB_PAGE_BITS;

		if (host < vm->ram[r].host || host >= vm->ram[r].host + vm->ram[r].size)
			continue;
		hash = atomic_exchange(&vm->write_map[r][n], 0);
		if (!hash)
			return;
	}
	for (unsigned int c = 0; c < vm->cfg.cpus; c++) {
		struct tlb_set *s = vm->vcpu[c]->tlbs;

		pthread_mutex_lock(&s->lock);
		for (unsigned int i = 0; i < s->n; i++)
			protect_ctx(s->ctx[i], host, hash);
		pthread_mutex_unlock(&s->lock);
	}
}

/* ---- invalidation ---- */

static bool hits(u64 va, u64 size_global, const struct tlb_inval *inv)
{
	u64 size = size_global & ~1ull;

	if (size < inv->size)
		size = inv->size;
	return !(untag(va ^ inv->va) & ~(size - 1));
}

static void inval_one(struct tlb_ctx *ctx, unsigned int i, const struct tlb_inval *inv)
{
	struct tlb_entry *t = &ctx->entry[i];
	u64 va = t->read != tlb_no_tag(i) ? t->read : t->write;

	if (va != tlb_no_tag(i) && hits(va, t->size_global, inv))
		entry_clear(ctx, i);
}

static void inval_code(struct tlb_ctx *ctx, unsigned int x, const struct tlb_inval *inv)
{
	if (ctx->xpage[x].page && hits(ctx->xpage[x].va, ctx->xpage[x].size_global, inv)) {
		ctx->xpage[x].page = NULL;
		ctx->xkey[x] = ~0ull;
	}
}

/*
 * Small translations are a few entries, at places that are known (with granules
 * of 16K and 64K, and contiguous pages, all of them are more than one); what may
 * belong to a larger one, or covers more itself, can be anywhere in the table.
 */
static void inval_va(struct tlb_ctx *ctx, const struct tlb_inval *inv)
{
	u64 span = inv->size > ctx->small ? inv->size : ctx->small;

	if (span <= TLB_SMALL && !in_large(ctx, inv->va)) {
		u64 va = inv->va & ~(span - 1);

		for (u64 n = span >> TLB_PAGE_BITS; n; n--, va += TLB_PAGE_SIZE) {
			inval_one(ctx, tlb_index(ctx, va), inv);
			inval_code(ctx, tlb_xindex(va), inv);
			inval_code(ctx, tlb_xindex(va | 1), inv);
		}
		return;
	}
	for (unsigned int i = 0; i < ctx->entries; i++)
		inval_one(ctx, i, inv);
	for (unsigned int x = 0; x < TLB_XKEYS; x++)
		inval_code(ctx, x, inv);
}

void tlb_invalidate(struct emu_vcpu *v, const struct tlb_inval *inv)
{
	for (unsigned int i = 0; i < v->tlbs->n; i++) {
		struct tlb_ctx *ctx = v->tlbs->ctx[i];
		bool asid = mmu_context_asid(ctx->key) == inv->asid;

		switch (inv->scope) {
		case TLB_ALL:
			tlb_flush_ctx(ctx);
			break;
		case TLB_ASID:
			if (asid)
				tlb_flush_ctx(ctx);
			break;
		default:
			/* Global entries live in the tables of all ASIDs. */
			inval_va(ctx, inv);
		}
	}
}

/* ---- between vCPUs ---- */

static u64 enqueue(struct emu_vcpu *to, const struct tlb_inval *inv)
{
	u64 seq;

	pthread_mutex_lock(&to->queue_lock);
	if (to->nqueue < VCPU_QUEUE)
		to->queue[to->nqueue++] = *inv;
	else
		to->queue[0].scope = TLB_ALL;
	seq = ++to->queue_seq;
	pthread_mutex_unlock(&to->queue_lock);
	atomic_fetch_or(&to->exit_request, VCPU_REQ_TLB);
	return seq;
}

void tlb_serve(struct emu_vcpu *v)
{
	struct tlb_inval queue[VCPU_QUEUE];
	unsigned int n;
	u64 seq;

	pthread_mutex_lock(&v->queue_lock);
	n = v->nqueue;
	memcpy(queue, v->queue, n * sizeof(queue[0]));
	v->nqueue = 0;
	seq = v->queue_seq;
	pthread_mutex_unlock(&v->queue_lock);
	for (unsigned int i = 0; i < n; i++)
		tlb_invalidate(v, &queue[i]);
	atomic_store(&v->queue_done, seq);
	vcpu_awaited(v);
}

static bool served(struct emu_vcpu *w, u64 seq)
{
	return !atomic_load(&w->inside) || atomic_load(&w->queue_done) >= seq || atomic_load(&w->vm->stop);
}

/*
 * The caller counts as outside while it waits, so that two that wait for each
 * other both go on; it touches no translation until it has served its own
 * queue (the instruction ends its block).  It stays in_code: what it returns
 * to must not be flushed meanwhile.
 */
void tlb_invalidate_broadcast(struct emu_vcpu *v, const struct tlb_inval *inv)
{
	struct emu_vm *vm = v->vm;
	u64 seq[EMU_MAX_CPUS];
	bool was = atomic_load(&v->inside);

	tlb_invalidate(v, inv);
	if (vm->cfg.cpus == 1)
		return;
	for (unsigned int c = 0; c < vm->cfg.cpus; c++)
		if (vm->vcpu[c] != v)
			seq[c] = enqueue(vm->vcpu[c], inv);
	atomic_store(&v->inside, false);
	vcpu_awaited(v);
	for (unsigned int c = 0; c < vm->cfg.cpus; c++) {
		struct emu_vcpu *w = vm->vcpu[c];

		if (w != v)
			vcpu_await(w, served, seq[c]);
	}
	atomic_store(&v->inside, was);
}
