// SPDX-License-Identifier: GPL-2.0-only
#include "emu/run/mem.h"

#include <string.h>

#include "emu/cpu/cpu.h"
#include "emu/run/cache.h"
#include "emu/run/dirty.h"
#include "emu/run/lockstep.h"
#include "emu/run/tlb.h"
#include "emu/run/tlb_ctx.h"

struct emu_ram *mem_ram(struct emu_vm *vm, u64 ipa, u64 len)
{
	for (unsigned int i = 0; i < vm->nram; i++) {
		struct emu_ram *r = &vm->ram[i];

		if (ipa >= r->ipa && ipa - r->ipa < r->size && len <= r->size - (ipa - r->ipa))
			return r;
	}
	return NULL;
}

u8 *mem_ram_ptr(struct emu_vm *vm, u64 ipa, u64 len)
{
	struct emu_ram *r = mem_ram(vm, ipa, len);

	return r ? r->host + (ipa - r->ipa) : NULL;
}

/* ---- one page's part of an access ---- */

static struct tlb_ctx *context(struct emu_vcpu *v, unsigned int mop)
{
	return mop & IR_MO_UNPRIV ? v->tlb_unpriv : v->tlb;
}

static int look_up(struct emu_vcpu *v, u64 va, unsigned int len, unsigned int mop, enum mmu_access acc,
		   struct mem_place *p)
{
	struct tlb_ctx *ctx = context(v, mop);
	struct tlb_entry *t = &ctx->entry[tlb_index(ctx, va)];
	struct mmu_page page;
	struct mmu_fault fault;
	struct emu_ram *ram;
	int r;

	*p = (struct mem_place){ .host = NULL };
	if ((acc == MMU_WRITE ? t->write : t->read) == (va & TLB_PAGE_MASK)) {
		p->host = (u8 *)(uintptr_t)(va + t->addend);
		return 0;
	}
	r = tlb_fill(v, ctx, va, acc, &page, &fault);
	if (r < 0) {
		mmu_raise(v, va, acc, &fault);
		return -EFAULT;
	}
	if (page.watched && cpu_watchpoint(v, va, len, acc == MMU_WRITE, ctx->el))
		return -EFAULT;
	p->ipa = page.ipa + (va & (page.size - 1));
	p->device = page.device;
	p->watched = page.watched;
	ram = mem_ram(v->vm, p->ipa & TLB_PAGE_MASK, TLB_PAGE_SIZE);
	if (ram) {
		p->host = ram->host + (p->ipa - ram->ipa);
		p->readonly = ram->readonly;
		/* With a write entry the page is marked already; else it is where the store goes. */
		if (acc == MMU_WRITE && !ram->readonly)
			dirty_log_mark(v->vm, ram, p->ipa);
	}
	return 0;
}

/* Where @va is, for an access of kind @acc to @len bytes in its page; -EFAULT after raising. */
static int locate(struct emu_vcpu *v, u64 va, unsigned int len, unsigned int mop, enum mmu_access acc,
		  struct mem_place *p)
{
	const struct lockstep_hooks *k = lockstep_hooks(v);
	int r = k ? k->locate(v, va, len, mop, acc, p) : 1;

	if (r <= 0)
		return r;
	r = look_up(v, va, len, mop, acc, p);
	if (k && !r)
		k->located(v, va, mop, acc, p);
	return r;
}

static u64 ipa_of(struct emu_vm *vm, const u8 *host)
{
	for (unsigned int i = 0; i < vm->nram; i++)
		if (host >= vm->ram[i].host && host < vm->ram[i].host + vm->ram[i].size)
			return vm->ram[i].ipa + (host - vm->ram[i].host);
	return ~0ull;
}

/* After a store to RAM that did not go through a write entry. */
static void stored(struct emu_vcpu *v, const struct mem_place *p, unsigned int len)
{
	unsigned int requests = atomic_load_explicit(&v->exit_request, memory_order_relaxed);
	u64 ipa = ipa_of(v->vm, p->host);

	if (code_is_code(v->vm, ipa, len))
		code_invalidate(v->vm, ipa, len);
	if (lockstep_hooks(v))
		lockstep_hooks(v)->stored(v, p->host, requests);
}

/* ---- alignment ---- */

static int check_align(struct emu_vcpu *v, u64 va, unsigned int mop, bool write, bool device)
{
	unsigned int size = 1u << (mop & IR_MO_SIZE);

	if (!(mop & IR_MO_ALIGN) && !device && !(v->mode & (IR_MODE_ALIGN | IR_MODE_MMU_OFF)))
		return 0;
	if (mop & IR_MO_STREAM)
		size = 1u << (mop >> 9 & 7);
	if (!(va & (size - 1)))
		return 0;
	mmu_raise_align(v, va, write);
	return -EFAULT;
}

/* ---- RAM, with the single-copy atomicity of aligned accesses (DDI 0487, B2.2.1) ---- */

static void ram_copy(void *to, const void *from, unsigned int len)
{
	uintptr_t a = (uintptr_t)to | (uintptr_t)from;

	if (len == 8 && !(a & 7))
		__atomic_store_n((u64 *)to, __atomic_load_n((const u64 *)from, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
	else if (len == 4 && !(a & 3))
		__atomic_store_n((u32 *)to, __atomic_load_n((const u32 *)from, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
	else if (len == 2 && !(a & 1))
		__atomic_store_n((u16 *)to, __atomic_load_n((const u16 *)from, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
	else
		memcpy(to, from, len);
}

/* ---- devices ---- */

static enum arm_result bus_access(struct emu_vcpu *v, u64 ipa, unsigned int size, bool write, u64 *val)
{
	const struct emu_host_ops *ops = v->vm->cfg.ops;

	if (lockstep_hooks(v))
		return lockstep_hooks(v)->device(v, ipa, size, write, val);
	return write ? ops->mmio_write(v->vm->cfg.opaque, v->index, ipa, size, *val) :
		       ops->mmio_read(v->vm->cfg.opaque, v->index, ipa, size, val);
}

static int device_access(struct emu_vcpu *v, u64 va, u64 ipa, unsigned int size, bool write, void *buf)
{
	enum arm_result r = ARM_HANDLED;
	u8 *b = buf;

	v->stats.mmio++;
	for (unsigned int done = 0; done < size && r == ARM_HANDLED; done += 8) {
		unsigned int n = size - done < 8 ? size - done : 8;
		u64 val = 0;

		if (write)
			memcpy(&val, b + done, n);
		r = bus_access(v, ipa + done, n, write, &val);
		if (!write)
			memcpy(b + done, &val, n);
	}
	if (r == ARM_HANDLED)
		return 0;
	if (vcpu_logs(v, EMU_LOG_GUEST_ERRORS))
		emu_log(v->vm, "cpu%u: %s of %u bytes at %#llx: no device there\n", v->index,
			write ? "store" : "load", size, (unsigned long long)ipa);
	mmu_raise_external(v, va, write ? MMU_WRITE : MMU_READ);
	return -EFAULT;
}

/* @len bytes at @va, all in one page and at most one element unless RAM. */
static int part(struct emu_vcpu *v, u64 va, const struct mem_place *p, unsigned int mop, unsigned int len,
		bool write, u8 *buf)
{
	unsigned int size = 1u << (mop & IR_MO_SIZE);
	int err = 0;

	if (p->host && !(write && p->readonly)) {
		for (unsigned int i = 0; i < len; i += size) {
			unsigned int n = len - i < size ? len - i : size;

			write ? ram_copy(p->host + i, buf + i, n) : ram_copy(buf + i, p->host + i, n);
		}
		if (write)
			stored(v, p, len);
		return 0;
	}
	for (unsigned int i = 0; i < len && !err; i += size)
		err = device_access(v, va + i, p->ipa + i, size, write, buf + i);
	return err;
}

static int access(struct emu_vcpu *v, u64 va, unsigned int mop, unsigned int n, bool write, void *buf)
{
	enum mmu_access acc = write ? MMU_WRITE : MMU_READ;
	unsigned int size = 1u << (mop & IR_MO_SIZE), len = n * size;
	unsigned int room = TLB_PAGE_SIZE - (va & (TLB_PAGE_SIZE - 1));
	struct mem_place p[2];
	u64 next;

	if (check_align(v, va, mop, write, false) || locate(v, va, len < room ? len : room, mop, acc, &p[0]) ||
	    check_align(v, va, mop, write, p[0].device))
		return -EFAULT;
	if (len <= room)
		return part(v, va, &p[0], mop, len, write, buf);
	/* Both pages must be good before anything is written. */
	next = v->mode & IR_MODE_A32 ? (u32)(va + room) : va + room;
	if (locate(v, next, len - room, mop, acc, &p[1]) || check_align(v, va, mop, write, p[1].device))
		return -EFAULT;
	if ((!p[0].host || !p[1].host) && (va & (size - 1))) {
		mmu_raise_align(v, va, write);	/* no device takes half an element */
		return -EFAULT;
	}
	/* locate() of the second page may have replaced the first entry, not the places. */
	if (part(v, va, &p[0], mop, room, write, buf))
		return -EFAULT;
	return part(v, next, &p[1], mop, len - room, write, (u8 *)buf + room);
}

int mem_load(struct emu_vcpu *v, u64 va, unsigned int mop, unsigned int n, void *buf)
{
	int err = access(v, va, mop, n, false, buf);

	if (mop & IR_MO_ACQ)
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return err;
}

int mem_store(struct emu_vcpu *v, u64 va, unsigned int mop, unsigned int n, const void *buf)
{
	int err;

	if (mop & IR_MO_REL)
		__atomic_thread_fence(__ATOMIC_RELEASE);
	err = access(v, va, mop, n, true, (void *)buf);
	if (mop & IR_MO_REL)
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return err;
}

/* ---- exclusives and atomics ---- */

int mem_atomic(struct emu_vcpu *v, u64 va, unsigned int size, unsigned int mop, bool write, void **host)
{
	struct mem_place p;

	if (va & (size - 1)) {
		mmu_raise_align(v, va, write);
		return -EFAULT;
	}
	if (locate(v, va, size, mop, write ? MMU_WRITE : MMU_READ, &p))
		return -EFAULT;
	if (!p.host || (write && p.readonly)) {
		/* No exclusive monitor and no atomics outside RAM: DDI 0487, B2.9.2 allows an external abort. */
		mmu_raise_external(v, va, write ? MMU_WRITE : MMU_READ);
		return -EFAULT;
	}
	*host = p.host;
	if (write)
		stored(v, &p, size);
	return 0;
}

static u64 load_sized(const void *p, unsigned int log2)
{
	switch (log2) {
	case 0: return __atomic_load_n((const u8 *)p, __ATOMIC_SEQ_CST);
	case 1: return __atomic_load_n((const u16 *)p, __ATOMIC_SEQ_CST);
	case 2: return __atomic_load_n((const u32 *)p, __ATOMIC_SEQ_CST);
	default: return __atomic_load_n((const u64 *)p, __ATOMIC_SEQ_CST);
	}
}

static bool cas_sized(void *p, unsigned int log2, u64 *expect, u64 val)
{
	switch (log2) {
#define CASE(n, type) \
	case n: { \
		type e = *expect; \
		bool ok = __atomic_compare_exchange_n((type *)p, &e, (type)val, false, \
						      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
		*expect = e; \
		return ok; \
	}
	CASE(0, u8)
	CASE(1, u16)
	CASE(2, u32)
#undef CASE
	default:
		return __atomic_compare_exchange_n((u64 *)p, expect, val, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	}
}

/* 16 bytes, aligned; true when @val was stored, *expect is what was there. */
static bool cas_wide(void *p, u64 expect[2], const u64 val[2])
{
#ifdef __x86_64__
	bool ok;

	__asm__ volatile("lock cmpxchg16b %1"
			 : "=@ccz"(ok), "+m"(*(u128 *)p), "+a"(expect[0]), "+d"(expect[1])
			 : "b"(val[0]), "c"(val[1]) : "memory");
	return ok;
#else
	u128 e = (u128)expect[1] << 64 | expect[0], n = (u128)val[1] << 64 | val[0];
	bool ok = __atomic_compare_exchange_n((u128 *)p, &e, n, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);

	expect[0] = e;
	expect[1] = e >> 64;
	return ok;
#endif
}

/*
 * A 16-byte load that is one access.  Compare-and-swap needs a writable page;
 * one that is only readable is not being written by this VM's atomics either,
 * so two halves that did not change between two looks are one value.
 */
static void load_wide(const void *p, u64 out[2])
{
	const u64 *q = p;
	u64 again;

	do {
		out[0] = __atomic_load_n(&q[0], __ATOMIC_SEQ_CST);
		out[1] = __atomic_load_n(&q[1], __ATOMIC_SEQ_CST);
		again = __atomic_load_n(&q[0], __ATOMIC_SEQ_CST);
	} while (again != out[0]);
}

int mem_load_exclusive(struct emu_vcpu *v, u64 va, unsigned int mop, u64 out[2])
{
	unsigned int log2 = mop & IR_MO_SIZE, size = 1u << log2;
	void *p;

	if (mem_atomic(v, va, size, mop, false, &p))
		return -EFAULT;
	out[1] = 0;
	if (log2 == 4)
		load_wide(p, out);
	else
		out[0] = load_sized(p, log2);
	v->excl_addr = va;
	v->excl_val[0] = out[0];
	v->excl_val[1] = out[1];
	v->excl_size = size;
	return 0;
}

int mem_store_exclusive(struct emu_vcpu *v, u64 va, unsigned int mop, const u64 val[2], u64 *failed)
{
	unsigned int log2 = mop & IR_MO_SIZE, size = 1u << log2;
	u64 expect[2] = { v->excl_val[0], v->excl_val[1] };
	void *p;

	*failed = 1;
	/* Faults come whether the monitor is open or not: DDI 0487, C6.2 STXR. */
	if (mem_atomic(v, va, size, mop, true, &p))
		return -EFAULT;
	if (v->excl_size == size && v->excl_addr == va)
		*failed = !(log2 == 4 ? cas_wide(p, expect, val) : cas_sized(p, log2, expect, val[0]));
	v->excl_size = 0;
	return 0;
}

int mem_cas(struct emu_vcpu *v, u64 va, unsigned int mop, const u64 expect[2], const u64 val[2], u64 old[2])
{
	unsigned int log2 = mop & IR_MO_SIZE;
	void *p;

	if (mem_atomic(v, va, 1u << log2, mop, true, &p))
		return -EFAULT;
	old[0] = expect[0];
	old[1] = log2 == 4 ? expect[1] : 0;
	if (log2 == 4)
		cas_wide(p, old, val);
	else
		cas_sized(p, log2, old, val[0]);
	return 0;
}

static u64 atomic_result(enum ir_atomic kind, unsigned int log2, u64 old, u64 val)
{
	unsigned int bits = 8u << log2;
	s64 so = arm_sext(old, bits), sv = arm_sext(val, bits);
	u64 mask = ARM_MASK(bits - 1, 0), uo = old & mask, uv = val & mask;

	switch (kind) {
	case IR_ATOMIC_ADD: return old + val;
	case IR_ATOMIC_CLR: return old & ~val;
	case IR_ATOMIC_EOR: return old ^ val;
	case IR_ATOMIC_SET: return old | val;
	case IR_ATOMIC_SMAX: return so > sv ? old : val;
	case IR_ATOMIC_SMIN: return so < sv ? old : val;
	case IR_ATOMIC_UMAX: return uo > uv ? old : val;
	case IR_ATOMIC_UMIN: return uo < uv ? old : val;
	default: return val;
	}
}

int mem_atomic_op(struct emu_vcpu *v, u64 va, unsigned int mop, enum ir_atomic kind, u64 val, u64 *old)
{
	unsigned int log2 = mop & IR_MO_SIZE;
	void *p;

	if (mem_atomic(v, va, 1u << log2, mop, true, &p))
		return -EFAULT;
	*old = load_sized(p, log2);
	while (!cas_sized(p, log2, old, atomic_result(kind, log2, *old, val)))
		;
	return 0;
}
