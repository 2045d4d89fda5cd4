/* SPDX-License-Identifier: GPL-2.0-only */
/* Guest stores that end in the kernel: ioeventfd, coalesced MMIO. */
#ifndef HYP_IO_H
#define HYP_IO_H

#include <linux/list.h>
#include <linux/mutex.h>

#include "hyp/uapi/kvm.h"

struct hyp_vm;
struct hyp_vcpu;

struct hyp_io {
	struct mutex lock;		/* changes of both lists; readers: SRCU of the mmu */
	struct list_head ioeventfds;
	struct list_head coalesced;
	spinlock_t ring_lock;
	struct kvm_coalesced_mmio_ring *ring;	/* one for all vCPUs: clients map only the first's */
};

int io_init(struct hyp_vm *vm);
void io_destroy(struct hyp_vm *vm);
int io_ioeventfd(struct hyp_vm *vm, const struct kvm_ioeventfd *e);
int io_coalesce(struct hyp_vm *vm, const struct kvm_coalesced_mmio_zone *z, bool add);
/* A store of @len bytes (0: any length matches); true: done, nobody else need know. */
bool io_write(struct hyp_vcpu *vcpu, u64 ipa, unsigned int len, u64 val);

#endif
