// SPDX-License-Identifier: GPL-2.0-only
#include "emu/run/dirty.h"

#include <stdlib.h>

#include "emu/run/run.h"
#include "emu/run/tlb_ctx.h"

static u64 words(u64 size)
{
	return (size / TLB_PAGE_SIZE + 63) / 64;
}

void dirty_log_serve(struct emu_vcpu *v)
{
	u64 seq = atomic_load(&v->vm->dirty_seq);

	tlb_drop_writes(v);
	atomic_store(&v->dirty_done, seq);
	vcpu_awaited(v);
}

/* One that is outside looks at its requests before it enters guest code again. */
static bool dropped(struct emu_vcpu *w, u64 seq)
{
	return !atomic_load(&w->inside) || atomic_load(&w->dirty_done) >= seq;
}

/* Behind it no vCPU stores through a write entry, or on the strength of a bit, of before. */
static void drop_writes(struct emu_vm *vm)
{
	u64 seq = atomic_fetch_add(&vm->dirty_seq, 1) + 1;

	for (unsigned int i = 0; i < vm->cfg.cpus; i++)
		vcpu_kick(vm->vcpu[i], VCPU_REQ_DIRTY);
	for (unsigned int i = 0; i < vm->cfg.cpus; i++)
		vcpu_await(vm->vcpu[i], dropped, seq);
}

static bool take(_Atomic(u64) *map, u64 size, u64 *bits)
{
	bool any = false;

	for (u64 i = 0; i < words(size); i++) {
		u64 w = atomic_load_explicit(&map[i], memory_order_relaxed) ? atomic_exchange(&map[i], 0) : 0;

		if (!w)
			continue;
		any = true;
		if (bits)
			bits[i] |= w;
	}
	return any;
}

/* The maps stay once they are there: a vCPU may still look when the log is switched off. */
static int prepare(struct emu_vm *vm)
{
	for (unsigned int r = 0; r < vm->nram; r++) {
		if (vm->dirty_map[r])
			take(vm->dirty_map[r], vm->ram[r].size, NULL);
		else
			vm->dirty_map[r] = calloc(words(vm->ram[r].size), sizeof(u64));
		if (!vm->dirty_map[r])
			return -ENOMEM;
	}
	return 0;
}

int emu_vm_dirty_log(struct emu_vm *vm, bool on)
{
	int ret = 0;

	pthread_mutex_lock(&vm->dirty_lock);
	if (!on) {
		atomic_store(&vm->dirty_on, false);
		goto out;
	}
	ret = prepare(vm);
	if (ret)
		goto out;
	atomic_store(&vm->dirty_on, true);
	drop_writes(vm);
out:
	pthread_mutex_unlock(&vm->dirty_lock);
	return ret;
}

int emu_vm_dirty_get(struct emu_vm *vm, u64 ipa, u64 size, u64 *bits)
{
	int ret = -EINVAL;

	pthread_mutex_lock(&vm->dirty_lock);
	for (unsigned int r = 0; r < vm->nram && atomic_load(&vm->dirty_on); r++) {
		if (vm->ram[r].ipa != ipa || vm->ram[r].size != size)
			continue;
		ret = 0;
		/* No bits, no write entries. */
		if (take(vm->dirty_map[r], size, bits))
			drop_writes(vm);
	}
	pthread_mutex_unlock(&vm->dirty_lock);
	return ret;
}

void dirty_log_free(struct emu_vm *vm)
{
	for (unsigned int r = 0; r < vm->nram; r++)
		free((void *)vm->dirty_map[r]);
}
