// SPDX-License-Identifier: GPL-2.0-only
/* ioeventfd and coalesced MMIO: see io.h. */
#include <linux/eventfd.h>
#include <linux/kernel.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "hyp/compat.h"
#include "hyp/hyp.h"

#define IO_MAX 1000	/* of each kind in a VM, as Linux has it */

struct ioeventfd {
	struct list_head link;
	u64 addr, datamatch;
	u32 len;		/* 0: any */
	bool wildcard;		/* any value */
	struct eventfd_ctx *ctx;
};

struct coalesced_zone {
	struct list_head link;
	u64 addr;
	u32 size;
};

static void ioeventfd_free(struct ioeventfd *e)
{
	held_add(HYP_HELD_ioeventfds, -1);
	kfree(e);
}

static void zone_free(struct coalesced_zone *z)
{
	held_add(HYP_HELD_zones, -1);
	kfree(z);
}

int io_init(struct hyp_vm *vm)
{
	mutex_init(&vm->io.lock);
	INIT_LIST_HEAD(&vm->io.ioeventfds);
	INIT_LIST_HEAD(&vm->io.coalesced);
	spin_lock_init(&vm->io.ring_lock);
	vm->io.ring = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	return vm->io.ring ? 0 : -ENOMEM;
}

void io_destroy(struct hyp_vm *vm)
{
	struct ioeventfd *e, *en;
	struct coalesced_zone *z, *zn;

	list_for_each_entry_safe(e, en, &vm->io.ioeventfds, link) {
		eventfd_ctx_put(e->ctx);
		ioeventfd_free(e);
	}
	list_for_each_entry_safe(z, zn, &vm->io.coalesced, link)
		zone_free(z);
	free_page((unsigned long)vm->io.ring);
}

/* ---- ioeventfd ---- */

static bool same(const struct ioeventfd *a, const struct ioeventfd *b)
{
	return a->addr == b->addr && a->len == b->len && a->wildcard == b->wildcard &&
	       (a->wildcard || a->datamatch == b->datamatch);
}

/* Two would both match one store: then neither may be asked for. */
static bool collides(const struct ioeventfd *a, const struct ioeventfd *b)
{
	return a->addr == b->addr && (!a->len || !b->len || (a->len == b->len &&
	       (a->wildcard || b->wildcard || a->datamatch == b->datamatch)));
}

static int ioeventfd_add(struct hyp_vm *vm, const struct ioeventfd *want)
{
	struct ioeventfd *e, *new;
	unsigned int n = 0;
	int ret = 0;

	new = kmemdup(want, sizeof(*want), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	held_add(HYP_HELD_ioeventfds, 1);
	mutex_lock(&vm->io.lock);
	list_for_each_entry(e, &vm->io.ioeventfds, link) {
		n++;
		if (collides(e, want))
			ret = -EEXIST;
	}
	if (!ret && n >= IO_MAX)
		ret = -ENOSPC;
	if (!ret)
		list_add_tail_rcu(&new->link, &vm->io.ioeventfds);
	mutex_unlock(&vm->io.lock);
	if (ret)
		ioeventfd_free(new);
	return ret;
}

static int ioeventfd_del(struct hyp_vm *vm, const struct ioeventfd *want)
{
	struct ioeventfd *e, *found = NULL;

	mutex_lock(&vm->io.lock);
	list_for_each_entry(e, &vm->io.ioeventfds, link) {
		if (e->ctx != want->ctx || !same(e, want))
			continue;
		found = e;
		list_del_rcu(&e->link);
		break;
	}
	mutex_unlock(&vm->io.lock);
	if (!found)
		return -ENOENT;
	synchronize_srcu(&vm->mmu.srcu);
	eventfd_ctx_put(found->ctx);
	ioeventfd_free(found);
	return 0;
}

int io_ioeventfd(struct hyp_vm *vm, const struct kvm_ioeventfd *a)
{
	struct ioeventfd e = {
		.addr = a->addr,
		.datamatch = a->datamatch,
		.len = a->len,
		.wildcard = !(a->flags & KVM_IOEVENTFD_FLAG_DATAMATCH),
	};
	int ret;

	if (a->flags & ~KVM_IOEVENTFD_VALID_FLAGS || a->flags & KVM_IOEVENTFD_FLAG_VIRTIO_CCW)
		return -EINVAL;
	switch (a->len) {
	case 0:
		if (!e.wildcard)
			return -EINVAL;
		break;
	case 1:
	case 2:
	case 4:
	case 8:
		break;
	default:
		return -EINVAL;
	}
	if (a->addr + a->len < a->addr)
		return -EINVAL;
	e.ctx = eventfd_ctx_fdget(a->fd);
	if (IS_ERR(e.ctx))
		return PTR_ERR(e.ctx);
	ret = a->flags & KVM_IOEVENTFD_FLAG_DEASSIGN ? ioeventfd_del(vm, &e) : ioeventfd_add(vm, &e);
	if (ret || a->flags & KVM_IOEVENTFD_FLAG_DEASSIGN)
		eventfd_ctx_put(e.ctx);
	return ret;
}

static bool matches(const struct ioeventfd *e, u64 ipa, unsigned int len, u64 val)
{
	return e->addr == ipa && (!e->len || e->len == len) && (e->wildcard || e->datamatch == val);
}

/* ---- Coalesced MMIO ---- */

static bool zone_holds(const struct coalesced_zone *z, u64 addr, u64 len)
{
	return addr >= z->addr && addr - z->addr <= z->size && len <= z->size - (addr - z->addr);
}

static int zone_add(struct hyp_vm *vm, const struct kvm_coalesced_mmio_zone *a)
{
	struct coalesced_zone *z, *new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	unsigned int n = 0;

	if (!new)
		return -ENOMEM;
	held_add(HYP_HELD_zones, 1);
	new->addr = a->addr;
	new->size = a->size;
	mutex_lock(&vm->io.lock);
	list_for_each_entry(z, &vm->io.coalesced, link)
		n++;
	if (n < IO_MAX)
		list_add_tail_rcu(&new->link, &vm->io.coalesced);
	mutex_unlock(&vm->io.lock);
	if (n < IO_MAX)
		return 0;
	zone_free(new);
	return -ENOSPC;
}

/* Every zone that holds the given one, as Linux has it. */
static int zone_del(struct hyp_vm *vm, const struct kvm_coalesced_mmio_zone *a)
{
	struct coalesced_zone *z, *zn;

	mutex_lock(&vm->io.lock);
	list_for_each_entry_safe(z, zn, &vm->io.coalesced, link) {
		if (!zone_holds(z, a->addr, a->size))
			continue;
		list_del_rcu(&z->link);
		synchronize_srcu(&vm->mmu.srcu);
		zone_free(z);
	}
	mutex_unlock(&vm->io.lock);
	return 0;
}

int io_coalesce(struct hyp_vm *vm, const struct kvm_coalesced_mmio_zone *a, bool add)
{
	if (a->pio > 1)
		return -EINVAL;
	if (a->pio)
		return 0;	/* there are no ports, so nothing is ever stored there */
	return add ? zone_add(vm, a) : zone_del(vm, a);
}

/* Into the ring, whose lock is held; false when it is full. */
static bool ring_put(struct hyp_vm *vm, u64 ipa, unsigned int len, u64 val)
{
	struct kvm_coalesced_mmio_ring *ring = vm->io.ring;
	const u32 max = (PAGE_SIZE - sizeof(*ring)) / sizeof(ring->coalesced_mmio[0]);
	u32 last = READ_ONCE(ring->last), first = READ_ONCE(ring->first);
	struct kvm_coalesced_mmio *m;

	/* User space can write anything there: only what is in range counts. */
	if (last >= max || first >= max || (last + 1) % max == first)
		return false;
	m = &ring->coalesced_mmio[last];
	m->phys_addr = ipa;
	m->len = len;
	m->pio = 0;
	memcpy(m->data, &val, sizeof(m->data));
	smp_wmb();
	WRITE_ONCE(ring->last, (last + 1) % max);
	return true;
}

static bool coalesce(struct hyp_vm *vm, u64 ipa, unsigned int len, u64 val)
{
	struct hyp_io *io = &vm->io;
	struct coalesced_zone *z;
	bool done = false;

	list_for_each_entry_srcu(z, &io->coalesced, link, srcu_read_lock_held(&vm->mmu.srcu)) {
		if (!zone_holds(z, ipa, len))
			continue;
		spin_lock(&io->ring_lock);
		done = ring_put(vm, ipa, len, val);
		spin_unlock(&io->ring_lock);
		break;
	}
	return done;
}

bool io_write(struct hyp_vcpu *vcpu, u64 ipa, unsigned int len, u64 val)
{
	struct hyp_vm *vm = vcpu->vm;
	struct ioeventfd *e;
	bool done = false;
	int idx;

	if (list_empty(&vm->io.ioeventfds) && list_empty(&vm->io.coalesced))
		return false;
	idx = srcu_read_lock(&vm->mmu.srcu);
	list_for_each_entry_srcu(e, &vm->io.ioeventfds, link, srcu_read_lock_held(&vm->mmu.srcu)) {
		if (!matches(e, ipa, len, val))
			continue;
		compat_eventfd_signal(e->ctx);
		done = true;
		break;
	}
	if (!done)
		done = coalesce(vm, ipa, len, val);
	srcu_read_unlock(&vm->mmu.srcu, idx);
	return done;
}
