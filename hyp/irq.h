/* SPDX-License-Identifier: GPL-2.0-only */
/* Interrupts from user space and eventfds: KVM_IRQ_LINE, routing, irqfd with resampling. */
#ifndef HYP_IRQ_H
#define HYP_IRQ_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>

#include "hyp/uapi/kvm.h"

#define IRQ_MAX_ROUTES 4096

struct hyp_vm;

struct hyp_irqs {
	struct mutex lock;
	struct srcu_struct srcu;
	void __rcu *routes;		/* irqfd.c's table; NULL: gsi n is SPI n */
	struct list_head irqfds;
	spinlock_t irqfds_lock;
	struct list_head resamplers;
};

int irq_module_init(void);
void irq_module_exit(void);
int irq_vm_init(struct hyp_vm *vm);
/* The VM's file is closed: all irqfds end. */
void irq_vm_release(struct hyp_vm *vm);
void irq_vm_destroy(struct hyp_vm *vm);
int irq_line(struct hyp_vm *vm, const struct kvm_irq_level *l);
int irq_set_routing(struct hyp_vm *vm, const struct kvm_irq_routing __user *r);
int irq_signal_msi(struct hyp_vm *vm, const struct kvm_msi *msi);
int irq_irqfd(struct hyp_vm *vm, const struct kvm_irqfd *f);
/* The guest ended level interrupt @spi (from 32): lower it and tell the resample eventfds. */
void irq_ended(struct hyp_vm *vm, unsigned int spi);

#endif
