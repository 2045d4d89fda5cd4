// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stands in for emu/run/: emu.h for one vCPU and the interpreter alone, one
 * instruction at a time, without a TLB.  Useful to look for the cause of a
 * difference without caches, linking and code generation in the way.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "emu/cpu/cpu.h"
#include "emu/front/front.h"
#include "emu/interp/interp.h"
#include "emu/run/mem.h"
#include "emu/run/tlb.h"

static struct ir_block blk;

void emu_log(struct emu_vm *vm, const char *fmt, ...)
{
	va_list ap;

	(void)vm;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
}

void vcpu_kick(struct emu_vcpu *v, enum vcpu_request why) { atomic_fetch_or(&v->exit_request, why); }
void vcpu_send_event(struct emu_vm *vm) { atomic_store(&vm->vcpu[0]->event, true); }
void tlb_invalidate(struct emu_vcpu *v, const struct tlb_inval *inv) { (void)v, (void)inv; }
void tlb_invalidate_broadcast(struct emu_vcpu *v, const struct tlb_inval *inv) { (void)v, (void)inv; }
void code_invalidate(struct emu_vm *vm, u64 ipa, u64 len) { (void)vm, (void)ipa, (void)len; }
void emu_vm_dma_written(struct emu_vm *vm, u64 ipa, u64 len) { (void)vm, (void)ipa, (void)len; }

struct emu_ram *mem_ram(struct emu_vm *vm, u64 ipa, u64 len)
{
	struct emu_ram *r = &vm->ram[0];

	return ipa >= r->ipa && ipa - r->ipa <= r->size - len ? r : NULL;
}

u8 *mem_ram_ptr(struct emu_vm *vm, u64 ipa, u64 len)
{
	struct emu_ram *r = mem_ram(vm, ipa, len);

	return r ? r->host + (ipa - r->ipa) : NULL;
}

static u8 *byte_ptr(struct emu_vcpu *v, u64 va, enum mmu_access acc)
{
	struct mmu_page pg;
	struct mmu_fault f;

	if (!mmu_translate(v, va, acc, cpu_el(v), &pg, &f))
		return mem_ram_ptr(v->vm, pg.ipa + (va & (pg.size - 1)), 1);
	mmu_raise(v, va, acc, &f);
	return NULL;
}

static int access(struct emu_vcpu *v, u64 va, unsigned int mop, unsigned int n, u8 *buf, bool write)
{
	unsigned int size = n << (mop & IR_MO_SIZE);
	u8 *p[32];

	if ((mop & IR_MO_ALIGN) && (va & (size - 1))) {
		mmu_raise_align(v, va, write);
		return -EFAULT;
	}
	for (unsigned int i = 0; i < size; i++) {
		p[i] = byte_ptr(v, va + i, write ? MMU_WRITE : MMU_READ);
		if (!p[i])
			return -EFAULT;
	}
	for (unsigned int i = 0; i < size; i++)
		if (write)
			*p[i] = buf[i];
		else
			buf[i] = *p[i];
	return 0;
}

int mem_load(struct emu_vcpu *v, u64 va, unsigned int mop, unsigned int n, void *buf)
{
	return access(v, va, mop, n, buf, false);
}

int mem_store(struct emu_vcpu *v, u64 va, unsigned int mop, unsigned int n, const void *buf)
{
	return access(v, va, mop, n, (u8 *)buf, true);
}

int mem_atomic(struct emu_vcpu *v, u64 va, unsigned int size, unsigned int mop, bool write, void **host)
{
	(void)mop;
	if (va & (size - 1)) {
		mmu_raise_align(v, va, write);
		return -EFAULT;
	}
	*host = byte_ptr(v, va, write ? MMU_WRITE : MMU_READ);
	return *host ? 0 : -EFAULT;
}

int mem_load_exclusive(struct emu_vcpu *v, u64 va, unsigned int mop, u64 out[2])
{
	unsigned int size = 1u << (mop & IR_MO_SIZE);
	void *host;

	if (mem_atomic(v, va, size, mop, false, &host))
		return -EFAULT;
	out[0] = out[1] = 0;
	memcpy(out, host, size);
	v->excl_addr = va;
	v->excl_size = size;
	return 0;
}

int mem_store_exclusive(struct emu_vcpu *v, u64 va, unsigned int mop, const u64 val[2], u64 *failed)
{
	unsigned int size = 1u << (mop & IR_MO_SIZE);
	void *host;

	if (mem_atomic(v, va, size, mop, true, &host))
		return -EFAULT;
	*failed = v->excl_size != size || v->excl_addr != va;
	v->excl_size = 0;
	if (!*failed)
		memcpy(host, val, size);
	return 0;
}

int mem_cas(struct emu_vcpu *v, u64 va, unsigned int mop, const u64 expect[2], const u64 val[2], u64 old[2])
{
	unsigned int size = 1u << (mop & IR_MO_SIZE);
	void *host;

	if (mem_atomic(v, va, size, mop, true, &host))
		return -EFAULT;
	old[0] = old[1] = 0;
	memcpy(old, host, size);
	if (!memcmp(host, expect, size))
		memcpy(host, val, size);
	return 0;
}

static u64 combine(enum ir_atomic kind, unsigned int bits, u64 a, u64 b)
{
	s64 sa = arm_sext(a, bits), sb = arm_sext(b, bits);

	switch (kind) {
	case IR_ATOMIC_ADD:
		return a + b;
	case IR_ATOMIC_CLR:
		return a & ~b;
	case IR_ATOMIC_EOR:
		return a ^ b;
	case IR_ATOMIC_SET:
		return a | b;
	case IR_ATOMIC_SMAX:
		return sa > sb ? a : b;
	case IR_ATOMIC_SMIN:
		return sa < sb ? a : b;
	case IR_ATOMIC_UMAX:
		return a > b ? a : b;
	case IR_ATOMIC_UMIN:
		return a < b ? a : b;
	default:
		return b;
	}
}

int mem_atomic_op(struct emu_vcpu *v, u64 va, unsigned int mop, enum ir_atomic kind, u64 val, u64 *old)
{
	unsigned int size = 1u << (mop & IR_MO_SIZE);
	u64 mask = size == 8 ? ~0ull : (1ull << size * 8) - 1, new;
	void *host;

	if (mem_atomic(v, va, size, mop, true, &host))
		return -EFAULT;
	*old = 0;
	memcpy(old, host, size);
	new = combine(kind, size * 8, *old, val & mask);
	memcpy(host, &new, size);
	return 0;
}

int emu_vm_create(const struct emu_config *cfg, struct emu_vm **out)
{
	struct emu_vm *vm = calloc(1, sizeof(*vm));
	struct emu_vcpu *v = aligned_alloc(64, (sizeof(*v) + 63) & ~63ul);

	if (cfg->engine != EMU_ENGINE_INTERP || !vm || !v)
		return -EINVAL;
	memset(v, 0, sizeof(*v));
	vm->cfg = *cfg;
	vm->vcpu[0] = v;
	v->vm = vm;
	pthread_mutex_init(&vm->timer_lock, NULL);
	pthread_mutex_init(&vm->psci_lock, NULL);
	*out = vm;
	return cpu_psci_init(vm);
}

void emu_vm_free(struct emu_vm *vm)
{
	cpu_psci_free(vm);
	free(vm->vcpu[0]);
	free(vm);
}

int emu_vm_map_ram(struct emu_vm *vm, u64 ipa, u64 size, void *host, bool readonly)
{
	vm->ram[vm->nram++] = (struct emu_ram){ ipa, size, host, readonly };
	return 0;
}

struct emu_vcpu *emu_vm_vcpu(struct emu_vm *vm, unsigned int index) { return vm->vcpu[index]; }
struct arm_state *emu_vcpu_state(struct emu_vcpu *vcpu) { return &vcpu->st; }
void emu_vm_stop(struct emu_vm *vm) { atomic_store(&vm->stop, true); }
void emu_vm_restart(struct emu_vm *vm) { atomic_store(&vm->stop, false); }

void emu_vm_reset(struct emu_vm *vm)
{
	cpu_psci_reset(vm);
	cpu_reset(vm->vcpu[0]);
}

static void step(struct emu_vcpu *v)
{
	u64 pc = v->st.pc;
	u8 *p;

	pc = cpu_branch_addr(v, cpu_el(v), pc);
	v->st.pc = pc;
	if (pc & 3) {
		vcpu_raise_far(v, EC_PC_ALIGN, 0, pc);
		return;
	}
	p = byte_ptr(v, pc, MMU_FETCH);
	if (!p)
		return;
	ir_block_init(&blk, pc, cpu_mode(v), cpu_features(v->vm));
	front_a64(&blk, (u32 *)p, 1, 1);
	interp_block(v, &blk);
}

int emu_vcpu_run(struct emu_vcpu *v)
{
	cpu_sync_state(v);
	while (!atomic_load(&v->vm->stop)) {
		step(v);
		if (v->exc.pending)
			cpu_take_exception(v);
	}
	return 0;
}
