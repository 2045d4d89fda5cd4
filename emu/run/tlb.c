// SPDX-License-Identifier: GPL-2.0-only
#include "emu/run/tlb.h"

#include <stdlib.h>
#include <string.h>

#include "emu/cpu/helpers.h"
#include "emu/run/cache.h"
#include "emu/run/dirty.h"
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
	if (ctx->empty)
		return;
	for (unsigned int i = 0; i < ctx->entries; i++)
		entry_clear(ctx, i);
	forget_code(ctx);
	memset(ctx->large, 0, sizeof(ctx->large));
	ctx->small = TLB_PAGE_SIZE;
	ctx->large_sizes = 0;
	ctx->nlarge = 0;
	ctx->misses = 0;
	ctx->empty = true;
}

void tlb_flush_all(struct emu_vcpu *v)
{
	struct tlb_set *s = v->tlbs;

	for (unsigned int i = 0; i < s->n; i++)
		tlb_flush_ctx(s->ctx[i]);
	memset(s->seen, 0, sizeof(s->seen));
	s->seen_sizes = 0;
	s->nseen = 0;
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
	ctx->empty = false;
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
	u8 *hint = &s->hint[(key ^ key >> 17 ^ key >> 34 ^ mode << 1 ^ mode >> 11 ^ el << 4) & (TLB_HINTS - 1)];

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

static void select_for(struct emu_vcpu *v, u32 mode)
{
	unsigned int el = psr_el(v->st.pstate);

	v->tlb = ctx_find(v, mmu_context(v, el), mode & ~IR_MODE_IT, el);
	v->tlb_unpriv = el == 1 ? ctx_find(v, mmu_context(v, 0), DATA_ONLY, 0) : v->tlb;
}

void tlb_select(struct emu_vcpu *v)
{
	v->mode = cpu_mode(v);
	select_for(v, v->mode);
	v->regime_changed = false;
}

/*
 * Domains are part of the context, so a kernel that opens and closes User
 * memory by DACR around each access to it changes tables, and nothing else:
 * the block that runs is of a page that stays executable (its own domain's
 * change is not for its next instructions to see: DDI 0406C B3.7.3 wants an
 * ISB between).
 */
u64 helper_dacr_write(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	u64 *dacr = &v->st.sys[ARM_SLOT_DACR32_EL2];

	(void)b, (void)c;
	if ((u32)*dacr == (u32)a)
		return 0;
	*dacr = (*dacr & ~0xffffffffull) | (u32)a;
	select_for(v, v->mode);
	return 0;
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

/* ---- the filter ---- */

static unsigned int seen_bit(u64 va, u64 size)
{
	return (unsigned int)(((untag(va) & ~(size - 1)) + size) * 0x9e3779b97f4a7c15ull >> 48) & (TLB_SEEN - 1);
}

static bool seen(const struct tlb_set *s, u64 va, u64 size)
{
	unsigned int n = seen_bit(va, size);

	return s->seen[n / 64] >> n % 64 & 1;
}

static void see(struct tlb_set *s, u64 va, u64 size)
{
	unsigned int n = seen_bit(va, size);

	s->nseen += !seen(s, va, size);
	s->seen[n / 64] |= 1ull << n % 64;
}

/* May some table hold a translation of @va? */
static bool may_hold(const struct tlb_set *s, const struct tlb_inval *inv)
{
	if (inv->size > TLB_PAGE_SIZE || seen(s, inv->va, TLB_PAGE_SIZE))
		return true;
	for (u64 m = s->seen_sizes; m; m &= m - 1)
		if (seen(s, inv->va, m & -m))
			return true;
	return false;
}

static void note_size(struct tlb_set *s, struct tlb_ctx *ctx, u64 va, u64 size)
{
	u64 key = (untag(va) & ~(size - 1)) | 1;
	unsigned int i;

	ctx->empty = false;
	see(s, va, TLB_PAGE_SIZE);
	if (size > TLB_PAGE_SIZE) {
		see(s, va, size);
		s->seen_sizes |= size;
	}
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

/* May the table hold parts of a translation of @size, a large one, that @va lies in? */
static bool in_large(const struct tlb_ctx *ctx, u64 va, u64 size)
{
	return ctx->large[large_slot(ctx, (untag(va) & ~(size - 1)) | 1)];
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
	note_size(v->tlbs, ctx, va, page->size);
	if (page->r)
		__atomic_store_n(&t->read, va & TLB_PAGE_MASK, __ATOMIC_RELAXED);
	if (acc == MMU_WRITE && !ram->readonly)
		dirty_log_mark(v->vm, ram, ipa);
	if (page->w && !ram->readonly && dirty_log_may_write(v->vm, ram, ipa)) {
		__atomic_store_n(&t->write, va & TLB_PAGE_MASK, __ATOMIC_SEQ_CST);
		if (!write_allowed(v->vm, ram, ipa, va))
			__atomic_store_n(&t->write, tlb_no_tag(i), __ATOMIC_RELAXED);
	}
	return 0;
}

void tlb_note_code(struct emu_vcpu *v, u64 va, struct code_page *page, u64 size_global)
{
	struct tlb_ctx *ctx = v->tlb;
	unsigned int x = tlb_xindex(va);

	ctx->xpage[x] = (struct tlb_xpage){ .va = va, .page = page, .size_global = size_global };
	ctx->xkey[x] = CODE_KEY(va, page->id);
	note_size(v->tlbs, ctx, va, size_global & ~1ull);
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

void tlb_drop_writes(struct emu_vcpu *v)
{
	for (unsigned int c = 0; c < v->tlbs->n; c++) {
		struct tlb_ctx *ctx = v->tlbs->ctx[c];

		for (unsigned int i = 0; i < ctx->entries && !ctx->empty; i++)
			__atomic_store_n(&ctx->entry[i].write, tlb_no_tag(i), __ATOMIC_RELAXED);
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

static void inval_range(struct tlb_ctx *ctx, u64 va, u64 size, const struct tlb_inval *inv)
{
	for (u64 end = va + size; va != end; va += TLB_PAGE_SIZE) {
		inval_one(ctx, tlb_index(ctx, va), inv);
		inval_code(ctx, tlb_xindex(va), inv);
		inval_code(ctx, tlb_xindex(va | 1), inv);
	}
}

static void inval_everywhere(struct tlb_ctx *ctx, const struct tlb_inval *inv)
{
	for (unsigned int i = 0; i < ctx->entries; i++)
		inval_one(ctx, i, inv);
	for (unsigned int x = 0; x < TLB_XKEYS; x++)
		inval_code(ctx, x, inv);
}

/*
 * The entries of a translation are at places that are known: a few of a small
 * one (with granules of 16K and 64K, and contiguous pages, they are more than
 * one), many of a large one that @inv's address lies in.
 */
static void inval_va(struct tlb_ctx *ctx, const struct tlb_inval *inv)
{
	u64 span = inv->size > ctx->small ? inv->size : ctx->small;

	if (span > TLB_SMALL || ctx->nlarge == TLB_LARGE_MAX) {
		inval_everywhere(ctx, inv);
		return;
	}
	inval_range(ctx, inv->va & ~(span - 1), span, inv);
	for (u64 m = ctx->large_sizes; m; m &= m - 1) {
		u64 size = m & -m;

		if (!in_large(ctx, inv->va, size))
			continue;
		if (size >> TLB_PAGE_BITS >= TLB_XKEYS)
			inval_everywhere(ctx, inv);
		else
			inval_range(ctx, inv->va & ~(size - 1), size, inv);
	}
}

void tlb_invalidate(struct emu_vcpu *v, const struct tlb_inval *inv)
{
	if (inv->scope == TLB_ALL || v->tlbs->nseen > TLB_SEEN * 3 / 4) {
		tlb_flush_all(v);
		return;
	}
	if (inv->scope != TLB_ASID && !may_hold(v->tlbs, inv))
		return;
	for (unsigned int i = 0; i < v->tlbs->n; i++) {
		struct tlb_ctx *ctx = v->tlbs->ctx[i];
		bool asid = mmu_context_asid(ctx->key) == inv->asid;

		switch (inv->scope) {
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
 * To wait here for the others would take a time slice of the host for each,
 * where there are more vCPUs than host CPUs; 32-bit kernels invalidate large
 * ranges page by page, with one DSB behind them.
 */
void tlb_invalidate_broadcast(struct emu_vcpu *v, const struct tlb_inval *inv)
{
	struct emu_vm *vm = v->vm;

	tlb_invalidate(v, inv);
	if (vm->cfg.cpus == 1)
		return;
	for (unsigned int c = 0; c < vm->cfg.cpus; c++)
		if (vm->vcpu[c] != v)
			v->broadcast[c] = enqueue(vm->vcpu[c], inv);
	v->broadcasts = true;
}

/*
 * The caller counts as outside while it waits, so that two that wait for each
 * other both go on; it touches no translation until it has served its own
 * queue (the block is left behind the DSB if there is something in it).  It
 * stays in_code: what it returns to must not be flushed meanwhile.
 */
u64 helper_dsb(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	struct emu_vm *vm = v->vm;
	bool was = atomic_load(&v->inside);

	(void)a, (void)b, (void)c;
	if (!v->broadcasts)
		return 0;
	v->broadcasts = false;
	atomic_store(&v->inside, false);
	vcpu_awaited(v);
	for (unsigned int n = 0; n < vm->cfg.cpus; n++) {
		if (vm->vcpu[n] != v)
			vcpu_await(vm->vcpu[n], served, v->broadcast[n]);
	}
	atomic_store(&v->inside, was);
	return 0;
}
