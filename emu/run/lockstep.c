// SPDX-License-Identifier: GPL-2.0-only
/*
 * Both engines on each block; see lockstep.h.  The interpreter's run is the
 * one that counts: memory, devices and helpers see it alone, and the vCPU goes
 * on from its state.  Translated code then starts from the same state with a
 * TLB of its own, which knows the pages of the first run and nothing else:
 * those that were written as copies from before the first store.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "emu/cpu/cpu.h"
#include "emu/interp/interp.h"
#include "emu/run/lockstep_int.h"
#include "emu/run/mem.h"
#include "emu/x64/glue.h"

/* ---- states ---- */

#define FRONT offsetof(struct arm_state, sys)

static void side_take(struct ls_side *s, const struct emu_vcpu *v)
{
	s->sys = lockstep_of(v)->sys;
	memcpy(&s->st, &v->st, s->sys ? sizeof(s->st) : FRONT);
	s->exc = v->exc;
	s->excl_addr = v->excl_addr;
	s->excl_val[0] = v->excl_val[0];
	s->excl_val[1] = v->excl_val[1];
	s->excl_size = v->excl_size;
	s->waiting = v->waiting;
	s->requests = atomic_load_explicit(&v->exit_request, memory_order_relaxed);
	s->regime_changed = v->regime_changed;
	s->wfi = v->wfi;
	s->wfe = v->wfe;
	s->insn_count = v->insn_count;
}

static void side_put(const struct ls_side *s, struct emu_vcpu *v)
{
	memcpy(&v->st, &s->st, s->sys ? sizeof(s->st) : FRONT);
	v->exc = s->exc;
	v->excl_addr = s->excl_addr;
	v->excl_val[0] = s->excl_val[0];
	v->excl_val[1] = s->excl_val[1];
	v->excl_size = s->excl_size;
	v->waiting = s->waiting;
	atomic_store_explicit(&v->exit_request, s->requests, memory_order_relaxed);
	v->regime_changed = s->regime_changed;
	v->wfi = s->wfi;
	v->wfe = s->wfe;
	v->insn_count = s->insn_count;
}

/* The first difference; the run is over after it, whatever it does yet. */
static void differ(struct lockstep *ls, const char *where, struct ls_side *want)
{
	if (ls->where)
		return;
	ls->where = where;
	ls->want = want;
	side_take(&ls->second, ls->v);
	ls->got = &ls->second;
}

/* Bring translated code to the dispatcher: it looks for exceptions after every call of C. */
static int abandon(struct lockstep *ls)
{
	ls->v->exc.pending = true;
	return -EFAULT;
}

/* ---- pages ---- */

static struct ls_page *find_page(struct lockstep *ls, u64 va, bool unpriv)
{
	for (unsigned int i = ls->npages; i-- > 0;)
		if (ls->page[i].va == va && ls->page[i].unpriv == unpriv)
			return &ls->page[i];
	return NULL;
}

static struct ls_shadow *find_shadow(struct lockstep *ls, const u8 *real)
{
	for (unsigned int i = ls->nshadows; i-- > 0;)
		if (ls->shadow[i].real == real || ls->shadow[i].copy == real)
			return &ls->shadow[i];
	return NULL;
}

static u8 *host_page(const u8 *host)
{
	return (u8 *)((uintptr_t)host & TLB_PAGE_MASK);
}

/* @host is about to be written for the first time, maybe. */
static void make_shadow(struct lockstep *ls, const u8 *host)
{
	struct ls_shadow *s;

	if (find_shadow(ls, host_page(host)))
		return;
	if (ls->nshadows == LS_PAGES) {
		ls->skip = true;
		return;
	}
	s = &ls->shadow[ls->nshadows++];
	s->real = host_page(host);
	s->stores[0] = s->stores[1] = 0;
	s->kick_at = LS_NO_KICK;
	memcpy(s->copy, s->real, sizeof(s->copy));
}

static bool is_unpriv(unsigned int mop)
{
	return mop & IR_MO_UNPRIV;
}

/*
 * A TLB that grows asks for the dispatcher.  That may wait for the end of the
 * block: the second run has no TLB misses that could ask again.
 */
static void put_off(struct lockstep *ls)
{
	unsigned int now = atomic_load(&ls->v->exit_request), more = now & ~ls->seen;

	if (!more)
		return;
	atomic_store(&ls->v->exit_request, now & ~more);
	pthread_mutex_lock(&ls->v->sleep_lock);
	ls->late |= more;
	pthread_mutex_unlock(&ls->v->sleep_lock);
}

static void hook_located(struct emu_vcpu *v, u64 va, unsigned int mop, enum mmu_access acc,
			 const struct mem_place *p)
{
	struct lockstep *ls = lockstep_of(v);
	u64 page = va & TLB_PAGE_MASK;
	struct ls_page *e;

	if (ls->run != LS_FIRST)
		return;
	put_off(ls);
	if (acc == MMU_WRITE && p->host && !p->readonly) {
		make_shadow(ls, p->host);
		if (ls->in_helper)
			ls->zeroed = p->host;
	}
	e = find_page(ls, page, is_unpriv(mop));
	if (!e) {
		if (ls->npages == LS_PAGES) {
			ls->skip = true;
			return;
		}
		e = &ls->page[ls->npages++];
		*e = (struct ls_page){ .va = page, .unpriv = is_unpriv(mop), .place = *p };
		e->place.ipa -= va - page;
		if (p->host)
			e->place.host = host_page(p->host);
	}
	/* a TLB entry says less than the walk that made it */
	e->place.readonly |= p->readonly;
	e->place.device |= p->device;
	e->place.watched |= p->watched;
	*(acc == MMU_WRITE ? &e->write : &e->read) = true;
}

/* What the second run may use instead of the real page. */
static u8 *stand_in(struct lockstep *ls, u8 *real)
{
	struct ls_shadow *s = find_shadow(ls, real);

	return s ? s->copy : real;
}

/* The first run had no such access: it must fault, as that one did. */
static int locate_unknown(struct lockstep *ls, u64 va, unsigned int len, unsigned int el, enum mmu_access acc)
{
	struct emu_vcpu *v = ls->v;
	struct mmu_page page;
	struct mmu_fault fault;

	if (mmu_translate(v, va, acc, el, &page, &fault)) {
		mmu_raise(v, va, acc, &fault);
		return -EFAULT;
	}
	if (page.watched && cpu_watchpoint(v, va, len, acc == MMU_WRITE, el))
		return -EFAULT;
	snprintf(ls->what, sizeof(ls->what), "%s of %u bytes at %#llx, which the interpreter does not do",
		 acc == MMU_WRITE ? "store" : "load", len, (unsigned long long)va);
	differ(ls, "memory access", &ls->first);
	return abandon(ls);
}

static int hook_locate(struct emu_vcpu *v, u64 va, unsigned int len, unsigned int mop, enum mmu_access acc,
		       struct mem_place *p)
{
	struct lockstep *ls = lockstep_of(v);
	unsigned int el = is_unpriv(mop) ? 0 : psr_el(v->st.pstate);
	const struct ls_page *e;
	u64 page = va & TLB_PAGE_MASK;

	if (ls->run != LS_SECOND)
		return 1;
	e = find_page(ls, page, is_unpriv(mop));
	if (!e || !(acc == MMU_WRITE ? e->write : e->read))
		return locate_unknown(ls, va, len, el, acc);
	if (e->place.watched && cpu_watchpoint(v, va, len, acc == MMU_WRITE, el))
		return -EFAULT;
	*p = e->place;
	p->ipa += va - page;
	if (p->host)
		p->host = stand_in(ls, p->host) + (va - page);
	return 0;
}

static void hook_stored(struct emu_vcpu *v, const u8 *host, unsigned int requests)
{
	struct lockstep *ls = lockstep_of(v);
	struct ls_shadow *s = ls->run == LS_OUTSIDE || ls->in_helper ? NULL : find_shadow(ls, host_page(host));
	unsigned int nth;

	if (!s)
		return;
	nth = s->stores[ls->run == LS_SECOND]++;
	if (ls->run == LS_FIRST && atomic_load(&v->exit_request) != requests) {
		if (s->kick_at == LS_NO_KICK) {
			s->kick_at = nth;
			s->kick = atomic_load(&v->exit_request);
		}
		ls->seen = atomic_load(&v->exit_request);
	} else if (ls->run == LS_SECOND && nth == s->kick_at) {
		atomic_fetch_or(&v->exit_request, s->kick);
	}
}

static void hook_dma(struct emu_vcpu *v)
{
	atomic_fetch_add(&lockstep_of(v)->dma, 1);
}

/* ---- the TLB of the second run ---- */

static struct tlb_ctx *make_tlb(void)
{
	size_t size = sizeof(struct tlb_ctx) + TLB_MIN_ENTRIES * sizeof(struct tlb_entry);
	struct tlb_ctx *ctx = aligned_alloc(64, (size + 63) & ~63ul);

	if (!ctx)
		return NULL;
	memset(ctx, 0, sizeof(*ctx));
	ctx->entries = TLB_MIN_ENTRIES;
	ctx->index_mask = (TLB_MIN_ENTRIES - 1) << TLB_ENTRY_BITS;
	tlb_flush_ctx(ctx);
	return ctx;
}

static struct tlb_ctx *tlb_for(struct lockstep *ls, const struct ls_page *e)
{
	return e->unpriv && psr_el(ls->begin.st.pstate) == 1 ? ls->tlb_unpriv : ls->tlb;
}

static void show_pages(struct lockstep *ls)
{
	for (unsigned int i = 0; i < ls->npages; i++) {
		const struct ls_page *e = &ls->page[i];
		struct tlb_ctx *ctx = tlb_for(ls, e);
		struct tlb_entry *t = &ctx->entry[tlb_index(ctx, e->va)];
		const struct ls_shadow *s;

		/* Device memory: translated code checks the alignment itself only with the MMU off. */
		if (!e->place.host || e->place.watched ||
		    (e->place.device && (e->unpriv || !(ls->v->mode & IR_MODE_MMU_OFF))))
			continue;
		s = find_shadow(ls, e->place.host);
		t->addend = (uintptr_t)(s ? s->copy : e->place.host) - e->va;
		t->read = e->read ? e->va : tlb_no_tag(tlb_index(ctx, e->va));
		/* stores that hit code are counted, so C does them */
		t->write = e->write && s && s->kick_at == LS_NO_KICK ? e->va : tlb_no_tag(tlb_index(ctx, e->va));
	}
}

static void hide_pages(struct lockstep *ls)
{
	for (unsigned int i = 0; i < ls->npages; i++) {
		struct tlb_ctx *ctx = tlb_for(ls, &ls->page[i]);
		unsigned int n = tlb_index(ctx, ls->page[i].va);

		ctx->entry[n].read = ctx->entry[n].write = tlb_no_tag(n);
	}
}

/* ---- devices ---- */

static enum arm_result device_first(struct lockstep *ls, u64 ipa, unsigned int size, bool write, u64 *val)
{
	struct emu_vm *vm = ls->v->vm;
	const struct emu_host_ops *ops = vm->cfg.ops;
	enum arm_result r = write ? ops->mmio_write(vm->cfg.opaque, ls->v->index, ipa, size, *val) :
				    ops->mmio_read(vm->cfg.opaque, ls->v->index, ipa, size, val);

	ls->seen = atomic_load(&ls->v->exit_request);
	if (ls->run != LS_FIRST || ls->in_helper)
		return r;
	if (ls->ndevice[0] == LS_DEVICE)
		ls->skip = true;
	else
		ls->device[ls->ndevice[0]++] = (struct ls_device){
			.ipa = ipa, .val = *val, .size = size, .write = write, .result = r, .requests = ls->seen,
		};
	return r;
}

static enum arm_result hook_device(struct emu_vcpu *v, u64 ipa, unsigned int size, bool write, u64 *val)
{
	struct lockstep *ls = lockstep_of(v);
	const struct ls_device *d;

	if (ls->run != LS_SECOND)
		return device_first(ls, ipa, size, write, val);
	d = &ls->device[ls->ndevice[1]];
	if (ls->ndevice[1] == ls->ndevice[0] || d->ipa != ipa || d->size != size || d->write != write ||
	    (write && d->val != *val)) {
		snprintf(ls->what, sizeof(ls->what),
			 "%s of %u bytes at %#llx (value %#llx), which the interpreter does not do",
			 write ? "store" : "load", size, (unsigned long long)ipa, write ? (unsigned long long)*val : 0);
		differ(ls, "device access", &ls->first);
		return ARM_NOT_MINE;
	}
	ls->ndevice[1]++;
	*val = d->val;
	atomic_store(&v->exit_request, d->requests);
	return d->result;
}

/* ---- helpers ---- */

static u64 helper_first(struct lockstep *ls, enum ir_helper h, const u64 arg[3])
{
	struct ls_helper *r = &ls->helper[ls->nhelpers[0]];
	u64 ret;

	if (ls->nhelpers[0] == LS_HELPERS) {
		ls->skip = true;
		return helper_table[h](ls->v, arg[0], arg[1], arg[2]);
	}
	ls->nhelpers[0]++;
	r->helper = h;
	memcpy(r->arg, arg, sizeof(r->arg));
	side_take(&r->before, ls->v);
	ls->zeroed = NULL;
	ls->in_helper = true;
	ret = helper_table[h](ls->v, arg[0], arg[1], arg[2]);
	ls->in_helper = false;
	r->zeroed = ls->v->exc.pending ? NULL : ls->zeroed;
	r->ret = ret;
	side_take(&r->after, ls->v);
	ls->seen = r->after.requests;
	return ret;
}

static void zero_again(struct lockstep *ls, u8 *host)
{
	u64 size = ARM_BIT(ls->v->vm->cfg.model->zva_log2);
	struct ls_shadow *s = find_shadow(ls, host_page(host));

	if (s)
		memset(s->copy + (host - s->real), 0, size < TLB_PAGE_SIZE ? size : TLB_PAGE_SIZE);
}

/* How many arguments mean something; the interpreter gives 0 for the others, translated code anything. */
static const u8 helper_args[IR_HELPER_COUNT] = {
	[IR_HELPER_undefined] = 1, [IR_HELPER_svc] = 1, [IR_HELPER_hvc] = 1, [IR_HELPER_smc] = 1,
	[IR_HELPER_brk] = 1, [IR_HELPER_pc_align] = 1, [IR_HELPER_sysreg_read] = 2,
	[IR_HELPER_sysreg_write] = 3, [IR_HELPER_sysop] = 3, [IR_HELPER_msr_imm] = 2,
	[IR_HELPER_dc_zva] = 1, [IR_HELPER_step_done] = 1,
};

static u64 helper_second(struct lockstep *ls, enum ir_helper h, const u64 arg[3])
{
	struct ls_helper *r = &ls->helper[ls->nhelpers[1]];

	if (ls->where) {
		abandon(ls);
		return 0;
	}
	if (ls->nhelpers[1] == ls->nhelpers[0] || r->helper != h ||
	    memcmp(r->arg, arg, helper_args[h] * sizeof(arg[0]))) {
		snprintf(ls->what, sizeof(ls->what), "%s(%#llx, %#llx, %#llx), which the interpreter does not do",
			 ir_helper_names[h], (unsigned long long)arg[0], (unsigned long long)arg[1],
			 (unsigned long long)arg[2]);
		differ(ls, "helper call", ls->nhelpers[1] == ls->nhelpers[0] ? &ls->first : &r->before);
		abandon(ls);
		return 0;
	}
	side_take(&ls->second, ls->v);
	if (!ls_same(&r->before, &ls->second, ls->what, sizeof(ls->what))) {
		differ(ls, "before a helper", &r->before);
		abandon(ls);
		return 0;
	}
	ls->nhelpers[1]++;
	side_put(&r->after, ls->v);
	if (r->zeroed)
		zero_again(ls, r->zeroed);
	return r->ret;
}

static u64 hook_helper(struct emu_vcpu *v, enum ir_helper h, u64 a, u64 b, u64 c)
{
	struct lockstep *ls = lockstep_of(v);
	const u64 arg[3] = { a, b, c };

	if (ls->run == LS_OUTSIDE)
		return helper_table[h](v, a, b, c);
	return ls->run == LS_FIRST ? helper_first(ls, h, arg) : helper_second(ls, h, arg);
}

/* ---- requests of other threads wait until the block is over ---- */

static void hook_kick(struct emu_vcpu *v, enum vcpu_request why)
{
	struct lockstep *ls = lockstep_of(v);

	pthread_mutex_lock(&v->sleep_lock);
	if (ls->running && !pthread_equal(pthread_self(), ls->thread))
		ls->late |= why;
	else
		atomic_fetch_or(&v->exit_request, why);
	pthread_mutex_unlock(&v->sleep_lock);
}

static void runs_begin(struct lockstep *ls)
{
	pthread_mutex_lock(&ls->v->sleep_lock);
	ls->thread = pthread_self();
	ls->running = true;
	ls->late = 0;
	pthread_mutex_unlock(&ls->v->sleep_lock);
}

static void runs_end(struct lockstep *ls)
{
	pthread_mutex_lock(&ls->v->sleep_lock);
	ls->running = false;
	atomic_fetch_or(&ls->v->exit_request, ls->late);
	pthread_mutex_unlock(&ls->v->sleep_lock);
}

static const struct lockstep_hooks hooks = {
	.helper = hook_helper,
	.device = hook_device,
	.locate = hook_locate,
	.located = hook_located,
	.stored = hook_stored,
	.kick = hook_kick,
	.dma = hook_dma,
};

/* ---- the two runs ---- */

static int run_first(struct lockstep *ls, const struct ls_block *blk)
{
	int why;

	ls->npages = ls->nshadows = 0;
	memset(ls->ndevice, 0, sizeof(ls->ndevice));
	memset(ls->nhelpers, 0, sizeof(ls->nhelpers));
	ls->skip = false;
	ls->where = NULL;
	ls->sys = blk->sys;
	side_take(&ls->begin, ls->v);
	ls->seen = ls->begin.requests;
	ls->run = LS_FIRST;
	why = interp_block(ls->v, blk->ir);
	put_off(ls);
	side_take(&ls->first, ls->v);
	return why;
}

static enum jit_result run_second(struct lockstep *ls, const struct jit_block *blk)
{
	struct emu_vcpu *v = ls->v;
	struct tlb_ctx *tlb = v->tlb, *tlb_unpriv = v->tlb_unpriv;
	enum jit_result r;

	show_pages(ls);
	side_put(&ls->begin, v);
	v->tlb_unpriv = tlb_unpriv == tlb ? ls->tlb : ls->tlb_unpriv;
	v->tlb = ls->tlb;
	ls->run = LS_SECOND;
	r = jit_run(v, blk->cold);
	ls->run = LS_OUTSIDE;
	v->tlb = tlb;
	v->tlb_unpriv = tlb_unpriv;
	hide_pages(ls);
	return r;
}

static enum interp_exit exit_of(const struct emu_vcpu *v, enum jit_result r)
{
	if (v->exc.pending)
		return INTERP_EXCEPTION;	/* after a helper the result only says that it left */
	return r == JIT_LEFT ? INTERP_LEAVE : INTERP_NEXT;
}

static void compare_memory(struct lockstep *ls)
{
	for (unsigned int i = 0; i < ls->nshadows && !ls->where; i++) {
		const struct ls_shadow *s = &ls->shadow[i];

		if (!memcmp(s->copy, s->real, sizeof(s->copy)))
			continue;
		snprintf(ls->what, sizeof(ls->what), "a page that was written (below)");
		differ(ls, "memory", &ls->first);
	}
}

static void compare(struct lockstep *ls, int why, enum jit_result r)
{
	if (ls->where)
		return;
	side_take(&ls->second, ls->v);
	if (!ls_same(&ls->first, &ls->second, ls->what, sizeof(ls->what))) {
		differ(ls, "state behind it", &ls->first);
	} else if (exit_of(ls->v, r) != (enum interp_exit)why) {
		snprintf(ls->what, sizeof(ls->what), "%d in the interpreter, %d in translated code", why,
			 exit_of(ls->v, r));
		differ(ls, "how it ended (enum interp_exit)", &ls->first);
	} else if (ls->ndevice[0] != ls->ndevice[1] || ls->nhelpers[0] != ls->nhelpers[1]) {
		snprintf(ls->what, sizeof(ls->what), "device accesses %u and %u, helpers %u and %u", ls->ndevice[0],
			 ls->ndevice[1], ls->nhelpers[0], ls->nhelpers[1]);
		differ(ls, "what it did", &ls->first);
	} else {
		compare_memory(ls);
	}
}

/*
 * Devices write RAM whenever they like, maybe between the two runs.  They
 * report it afterwards: after a moment it is known.
 */
static bool raced(struct lockstep *ls, unsigned int dma)
{
	const struct timespec t = { .tv_nsec = 20000000 };

	nanosleep(&t, NULL);
	return atomic_load(&ls->dma) != dma;
}

static enum run_result lockstep_execute(struct emu_vcpu *v, struct jit_block *opaque)
{
	static const u8 result[] = {
		[INTERP_NEXT] = RUN_NEXT, [INTERP_LEAVE] = RUN_LEFT, [INTERP_EXCEPTION] = RUN_EXCEPTION,
	};
	const struct ls_block *blk = (const struct ls_block *)opaque;
	struct lockstep *ls = lockstep_of(v);
	unsigned int dma = atomic_load(&ls->dma);
	enum jit_result r = JIT_EXIT;
	int why;

	runs_begin(ls);
	why = run_first(ls, blk);
	if (!ls->skip) {
		r = run_second(ls, blk->jit);
		compare(ls, why, r);
	}
	ls->run = LS_OUTSIDE;
	side_put(&ls->first, v);
	runs_end(ls);
	if (ls->where && !raced(ls, dma)) {
		ls_report(ls, blk);
		return RUN_FATAL;
	}
	ls->counts.skipped += ls->skip;
	ls->counts.raced += ls->where != NULL;
	ls->counts.compared += !ls->skip && !ls->where;
	/* nothing is linked, but what an exit knows makes the next block's contract */
	return why == INTERP_NEXT && r == JIT_LINK && !ls->where ? RUN_LINK : result[why];
}

/* ---- the back end ---- */

/* Exceptions change it too, but when they are taken, and that is later. */
static bool changes_sys(const struct ir_block *b)
{
	for (unsigned int i = 0; i < b->n; i++)
		if (b->insns[i].op == IR_CALL || b->insns[i].op == IR_STSYS)
			return true;
	return false;
}

static int lockstep_compile(struct emu_vcpu *v, struct code_page *page, const struct jit_rec *hint,
			    struct jit_block **out)
{
	struct code_cache *cache = v->vm->cache;
	const struct ir_block *ir = cache->ir;
	size_t size = offsetof(struct ir_block, insns) + ir->n * sizeof(ir->insns[0]);
	const u8 *from = cache->buf.p;
	struct ls_block *blk;
	struct jit_block *jit;
	int err = run_backend_x64.compile(v, page, hint, &jit);

	if (err)
		return err;
	blk = code_alloc(cache, sizeof(*blk));
	if (!blk)
		return -ENOSPC;
	*blk = (struct ls_block){ .jit = jit, .code = from, .code_end = cache->buf.p, .ir = code_alloc(cache, size),
				  .sys = changes_sys(ir) };
	if (!blk->ir)
		return -ENOSPC;
	memcpy(blk->ir, ir, size);
	*out = (struct jit_block *)blk;
	return 0;
}

static void lockstep_link(struct code_cache *cache, struct jit_rec *rec, struct jit_block *to)
{
	(void)cache, (void)rec, (void)to;	/* one block at a time */
}

static void lockstep_free(struct code_cache *cache)
{
	struct emu_vcpu *v = cache->vm->vcpu[0];
	struct lockstep *ls = v ? lockstep_of(v) : NULL;

	run_backend_x64.free(cache);
	if (!ls)
		return;
	emu_log(cache->vm, "lockstep: %llu blocks agreed, %llu raced with a device, %llu were too long to compare\n",
		(unsigned long long)ls->counts.compared, (unsigned long long)ls->counts.raced,
		(unsigned long long)ls->counts.skipped);
	v->run = NULL;
	free(ls->tlb);
	free(ls->tlb_unpriv);
	free(ls->helper);
	if (ls->shadow)
		munmap(ls->shadow, LS_PAGES * sizeof(*ls->shadow));
	free(ls);
}

static int lockstep_init(struct code_cache *cache)
{
	struct lockstep *ls = calloc(1, sizeof(*ls));
	void *shadow;

	if (!ls)
		return -ENOMEM;
	ls->hooks = hooks;
	ls->v = cache->vm->vcpu[0];
	ls->v->run = ls;
	ls->helper = calloc(LS_HELPERS, sizeof(*ls->helper));
	ls->tlb = make_tlb();
	ls->tlb_unpriv = make_tlb();
	shadow = mmap(NULL, LS_PAGES * sizeof(*ls->shadow), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (shadow == MAP_FAILED)
		return -ENOMEM;
	ls->shadow = shadow;
	if (!ls->helper || !ls->tlb || !ls->tlb_unpriv)
		return -ENOMEM;
	return run_backend_x64.init(cache);
}

void lockstep_counts(const struct emu_vm *vm, struct lockstep_counts *out)
{
	*out = lockstep_of(vm->vcpu[0])->counts;
}

const struct run_backend run_backend_lockstep = {
	.host_code = true,
	.init = lockstep_init,
	.free = lockstep_free,
	.compile = lockstep_compile,
	.link = lockstep_link,
	.execute = lockstep_execute,
};
