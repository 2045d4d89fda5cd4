// SPDX-License-Identifier: GPL-2.0-only
/* The distributor as HYP serves it: a leaf (low.h), so only reads that nobody else hears of. */
#include <linux/spinlock.h>

#include "hyp/hyp.h"

bool vgic_fast_dist(struct hyp_guest *g, u32 offset, unsigned int len, bool write, u32 *val)
{
	struct hyp_vcpu *vcpu = g->vcpu;
	struct hyp_vgic *v = &vcpu->vm->vgic;
	u64 v64 = 0;

	/* Waiting for a lock in HYP would keep this CPU's interrupts off: the kernel half can wait. */
	if (write || vgic_needs_pause(offset) || !arch_spin_trylock(&v->lock))
		return false;
	gicv2_dist_read(v->gic, vcpu->id, offset, len, &v64);
	arch_spin_unlock(&v->lock);
	*val = (u32)v64;
	return true;
}
