// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts from user space: KVM_IRQ_LINE, the routing table, and eventfds that are
 * interrupts.  An irqfd's wake function runs wherever somebody signals the eventfd,
 * with interrupts off; it only sets a wire.
 */
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/kernel.h>
#include <linux/poll.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include "hyp/compat.h"
#include "hyp/hyp.h"
#include "hyp/trace.h"

struct routes {
	unsigned int n;
	struct kvm_irq_routing_entry e[];
};

struct irqfd {
	struct hyp_vm *vm;
	struct list_head link;		/* vm->irqs.irqfds, under irqfds_lock; empty: going */
	struct list_head resample;	/* vm->irqs.resamplers, SRCU */
	struct eventfd_ctx *ctx, *resample_ctx;
	u32 gsi;
	wait_queue_entry_t wait;
	poll_table poll;
	struct work_struct inject, shutdown;
};

static struct workqueue_struct *cleanup;

int irq_module_init(void)
{
	cleanup = alloc_workqueue("vambrace-irqfd", 0, 0);
	return cleanup ? 0 : -ENOMEM;
}

void irq_module_exit(void)
{
	destroy_workqueue(cleanup);
}

static struct routes *routes_alloc(unsigned int n)
{
	struct routes *r = kvzalloc(struct_size(r, e, n), GFP_KERNEL_ACCOUNT);

	if (!r)
		return NULL;
	held_add(HYP_HELD_routings, 1);
	r->n = n;
	return r;
}

static void routes_free(struct routes *r)
{
	if (r)
		held_add(HYP_HELD_routings, -1);
	kvfree(r);
}

int irq_vm_init(struct hyp_vm *vm)
{
	struct hyp_irqs *q = &vm->irqs;

	mutex_init(&q->lock);
	spin_lock_init(&q->irqfds_lock);
	INIT_LIST_HEAD(&q->irqfds);
	INIT_LIST_HEAD(&q->resamplers);
	return init_srcu_struct(&q->srcu);
}

void irq_vm_destroy(struct hyp_vm *vm)
{
	routes_free(rcu_dereference_protected(vm->irqs.routes, 1));
	cleanup_srcu_struct(&vm->irqs.srcu);
}

/* ---- Wires ---- */

static int vgic_ready(struct hyp_vm *vm)
{
	int ret = 0;

	if (vm->vgic.initialized)
		return 0;
	mutex_lock(&vm->lock);
	ret = vgic_init(vm);
	mutex_unlock(&vm->lock);
	return ret;
}

static int cpu_line(struct hyp_vm *vm, struct hyp_vcpu *vcpu, unsigned int num, bool level)
{
	unsigned int bit = num == KVM_ARM_IRQ_CPU_FIQ ? HCR_VF : HCR_VI;

	if (vm->vgic.gic)
		return -ENXIO;
	if (!vcpu || num > KVM_ARM_IRQ_CPU_FIQ)
		return -EINVAL;
	if (level ? test_and_set_bit(bit, &vcpu->irq_lines) : !test_and_clear_bit(bit, &vcpu->irq_lines))
		return 0;
	vcpu_request(vcpu, HYP_REQ_IRQ);
	return 0;
}

int irq_line(struct hyp_vm *vm, const struct kvm_irq_level *l)
{
	unsigned int type = l->irq >> KVM_ARM_IRQ_TYPE_SHIFT & KVM_ARM_IRQ_TYPE_MASK;
	unsigned int id = l->irq >> KVM_ARM_IRQ_VCPU_SHIFT & KVM_ARM_IRQ_VCPU_MASK;
	unsigned int num = l->irq & KVM_ARM_IRQ_NUM_MASK;
	struct hyp_vcpu *vcpu;
	int ret;

	id += (l->irq >> KVM_ARM_IRQ_VCPU2_SHIFT & KVM_ARM_IRQ_VCPU2_MASK) * (KVM_ARM_IRQ_VCPU_MASK + 1);
	vcpu = id < HYP_MAX_VCPUS ? READ_ONCE(vm->vcpu[id]) : NULL;
	trace_kvm_irq_line(type, id, num, l->level);
	if (type == KVM_ARM_IRQ_TYPE_CPU)
		return cpu_line(vm, vcpu, num, l->level);
	if (type != KVM_ARM_IRQ_TYPE_SPI && type != KVM_ARM_IRQ_TYPE_PPI)
		return -EINVAL;
	if (!vm->vgic.gic)
		return -ENXIO;
	if (type == KVM_ARM_IRQ_TYPE_PPI && (!vcpu || num < GICV2_SGIS || num >= GICV2_PRIVATE))
		return -EINVAL;
	if (type == KVM_ARM_IRQ_TYPE_SPI && num < GICV2_PRIVATE)
		return -EINVAL;
	ret = vgic_ready(vm);
	return ret ? ret : vgic_inject(vm, id, num, l->level);
}

/* ---- Routing ---- */

/* A route must name something: pin n of chip 0 is SPI n.  MSIs are kept, but lead nowhere (no ITS). */
static bool route_ok(const struct kvm_irq_routing_entry *e)
{
	switch (e->type) {
	case KVM_IRQ_ROUTING_IRQCHIP:
		return !e->flags && e->u.irqchip.irqchip < KVM_NR_IRQCHIPS &&
		       e->u.irqchip.pin < GICV2_MAX_IRQS - GICV2_PRIVATE;
	case KVM_IRQ_ROUTING_MSI:
		return !(e->flags & ~KVM_MSI_VALID_DEVID);
	}
	return false;
}

int irq_set_routing(struct hyp_vm *vm, const struct kvm_irq_routing __user *user)
{
	struct hyp_irqs *q = &vm->irqs;
	struct kvm_irq_routing head;
	struct routes *new, *old;
	unsigned int i;
	int ret = 0;

	if (copy_from_user(&head, user, sizeof(head)))
		return -EFAULT;
	if (head.nr > IRQ_MAX_ROUTES || head.flags)
		return -EINVAL;
	new = routes_alloc(head.nr);
	if (!new)
		return -ENOMEM;
	if (copy_from_user(new->e, user->entries, head.nr * sizeof(new->e[0])))
		ret = -EFAULT;
	for (i = 0; i < new->n && !ret; i++)
		if (!route_ok(&new->e[i]) || new->e[i].gsi >= IRQ_MAX_ROUTES)
			ret = -EINVAL;
	if (ret) {
		routes_free(new);
		return ret;
	}
	mutex_lock(&q->lock);
	old = rcu_replace_pointer(q->routes, new, lockdep_is_held(&q->lock));
	mutex_unlock(&q->lock);
	synchronize_srcu(&q->srcu);
	routes_free(old);
	return 0;
}

/* The SPI of @gsi, or -EINVAL.  Under the SRCU. */
static int route(struct hyp_vm *vm, u32 gsi)
{
	struct routes *r = srcu_dereference(vm->irqs.routes, &vm->irqs.srcu);
	unsigned int i;

	if (!r)		/* nobody said: gsi n is pin n */
		return gsi < GICV2_MAX_IRQS - GICV2_PRIVATE ? (int)(gsi + GICV2_PRIVATE) : -EINVAL;
	for (i = 0; i < r->n; i++)
		if (r->e[i].gsi == gsi && r->e[i].type == KVM_IRQ_ROUTING_IRQCHIP)
			return r->e[i].u.irqchip.pin + GICV2_PRIVATE;
	return -EINVAL;
}

int irq_signal_msi(struct hyp_vm *vm, const struct kvm_msi *msi)
{
	if (!vm->vgic.gic || msi->flags)
		return -EINVAL;
	return -ENODEV;		/* no ITS, no GICv2m */
}

/* ---- irqfd ---- */

/* A pulse; with a resampler the wire stays high until the guest ends the interrupt. */
static int set_wire(struct irqfd *f)
{
	struct hyp_vm *vm = f->vm;
	int idx = srcu_read_lock(&vm->irqs.srcu), spi = route(vm, f->gsi), ret;

	ret = spi < 0 ? spi : vgic_inject(vm, 0, spi, true);
	if (!ret && !f->resample_ctx)
		vgic_inject(vm, 0, spi, false);
	srcu_read_unlock(&vm->irqs.srcu, idx);
	return ret;
}

static void inject_work(struct work_struct *work)
{
	struct irqfd *f = container_of(work, struct irqfd, inject);

	if (!vgic_ready(f->vm))
		set_wire(f);
}

static void irqfd_free(struct irqfd *f)
{
	held_add(HYP_HELD_irqfds, -1);
	kfree(f);
}

static void shutdown_work(struct work_struct *work)
{
	struct irqfd *f = container_of(work, struct irqfd, shutdown);
	struct hyp_vm *vm = f->vm;
	u64 count;

	eventfd_ctx_remove_wait_queue(f->ctx, &f->wait, &count);
	cancel_work_sync(&f->inject);
	if (f->resample_ctx) {
		mutex_lock(&vm->irqs.lock);
		list_del_rcu(&f->resample);
		mutex_unlock(&vm->irqs.lock);
		synchronize_srcu(&vm->irqs.srcu);
		eventfd_ctx_put(f->resample_ctx);
	}
	eventfd_ctx_put(f->ctx);
	irqfd_free(f);
}

/* Off the list, once; the rest may sleep.  irqfds_lock held. */
static void deactivate(struct irqfd *f)
{
	if (list_empty(&f->link))
		return;
	list_del_init(&f->link);
	queue_work(cleanup, &f->shutdown);
}

static int wake(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct irqfd *f = container_of(wait, struct irqfd, wait);
	__poll_t flags = key_to_poll(key);
	unsigned long irqflags;
	int ret = 0;
	u64 count;

	if (flags & EPOLLIN) {
		eventfd_ctx_do_read(f->ctx, &count);
		/* Before the first run the GIC has yet to be made, which sleeps. */
		if (set_wire(f) == -EAGAIN)
			schedule_work(&f->inject);
		ret = 1;
	}
	if (flags & EPOLLHUP) {
		spin_lock_irqsave(&f->vm->irqs.irqfds_lock, irqflags);
		deactivate(f);
		spin_unlock_irqrestore(&f->vm->irqs.irqfds_lock, irqflags);
	}
	return ret;
}

static void queue(struct file *file, wait_queue_head_t *head, poll_table *table)
{
	struct irqfd *f = container_of(table, struct irqfd, poll);

	add_wait_queue_priority(head, &f->wait);
}

/* Under q->lock until the eventfd has been polled: nobody takes it away half made. */
static int add_to_vm(struct irqfd *f)
{
	struct hyp_irqs *q = &f->vm->irqs;
	struct irqfd *other;
	int ret = 0;

	spin_lock_irq(&q->irqfds_lock);
	list_for_each_entry(other, &q->irqfds, link)
		if (other->ctx == f->ctx)
			ret = -EBUSY;
	if (!ret)
		list_add_tail(&f->link, &q->irqfds);
	spin_unlock_irq(&q->irqfds_lock);
	if (!ret && f->resample_ctx)
		list_add_rcu(&f->resample, &q->resamplers);
	return ret;
}

static int assign(struct hyp_vm *vm, const struct kvm_irqfd *a)
{
	struct fd file = fdget(a->fd);
	struct irqfd *f;
	int ret;

	if (!compat_fd_file(file))
		return -EBADF;
	f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	ret = -ENOMEM;
	if (!f)
		goto put_file;
	held_add(HYP_HELD_irqfds, 1);
	f->vm = vm;
	f->gsi = a->gsi;
	INIT_LIST_HEAD(&f->link);
	INIT_WORK(&f->inject, inject_work);
	INIT_WORK(&f->shutdown, shutdown_work);
	f->ctx = eventfd_ctx_fileget(compat_fd_file(file));
	ret = PTR_ERR_OR_ZERO(f->ctx);
	if (ret)
		goto free;
	if (a->flags & KVM_IRQFD_FLAG_RESAMPLE) {
		f->resample_ctx = eventfd_ctx_fdget(a->resamplefd);
		ret = PTR_ERR_OR_ZERO(f->resample_ctx);
		if (ret)
			goto put_ctx;
	}
	init_waitqueue_func_entry(&f->wait, wake);
	init_poll_funcptr(&f->poll, queue);
	mutex_lock(&vm->irqs.lock);
	ret = add_to_vm(f);
	if (ret)
		goto unlock;
	/* What was signalled before is an interrupt too. */
	if (vfs_poll(compat_fd_file(file), &f->poll) & EPOLLIN)
		schedule_work(&f->inject);
	mutex_unlock(&vm->irqs.lock);
	fdput(file);
	return 0;
unlock:
	mutex_unlock(&vm->irqs.lock);
	if (f->resample_ctx)
		eventfd_ctx_put(f->resample_ctx);
put_ctx:
	eventfd_ctx_put(f->ctx);
free:
	irqfd_free(f);
put_file:
	fdput(file);
	return ret;
}

static int deassign(struct hyp_vm *vm, const struct kvm_irqfd *a)
{
	struct eventfd_ctx *ctx = eventfd_ctx_fdget(a->fd);
	struct irqfd *f, *fn;

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	mutex_lock(&vm->irqs.lock);
	spin_lock_irq(&vm->irqs.irqfds_lock);
	list_for_each_entry_safe(f, fn, &vm->irqs.irqfds, link)
		if (f->ctx == ctx && f->gsi == a->gsi)
			deactivate(f);
	spin_unlock_irq(&vm->irqs.irqfds_lock);
	mutex_unlock(&vm->irqs.lock);
	eventfd_ctx_put(ctx);
	flush_workqueue(cleanup);	/* no interrupt of it after this */
	return 0;
}

int irq_irqfd(struct hyp_vm *vm, const struct kvm_irqfd *a)
{
	if (a->flags & ~(KVM_IRQFD_FLAG_DEASSIGN | KVM_IRQFD_FLAG_RESAMPLE) || a->gsi >= IRQ_MAX_ROUTES)
		return -EINVAL;
	if (a->flags & KVM_IRQFD_FLAG_DEASSIGN)
		return deassign(vm, a);
	return vm->vgic.gic ? assign(vm, a) : -EAGAIN;
}

void irq_vm_release(struct hyp_vm *vm)
{
	struct irqfd *f, *fn;

	spin_lock_irq(&vm->irqs.irqfds_lock);
	list_for_each_entry_safe(f, fn, &vm->irqs.irqfds, link)
		deactivate(f);
	spin_unlock_irq(&vm->irqs.irqfds_lock);
	flush_workqueue(cleanup);
}

void irq_ended(struct hyp_vm *vm, unsigned int spi)
{
	struct irqfd *f;
	bool lowered = false;
	int idx;

	if (list_empty(&vm->irqs.resamplers))
		return;
	idx = srcu_read_lock(&vm->irqs.srcu);
	list_for_each_entry_srcu(f, &vm->irqs.resamplers, resample, srcu_read_lock_held(&vm->irqs.srcu)) {
		if (route(vm, f->gsi) != (int)spi)
			continue;
		if (!lowered)
			vgic_inject(vm, 0, spi, false);
		lowered = true;
		compat_eventfd_signal(f->resample_ctx);
	}
	srcu_read_unlock(&vm->irqs.srcu, idx);
}
