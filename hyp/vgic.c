// SPDX-License-Identifier: GPL-2.0-only
/* The GIC of a VM: hardware side, list registers around entries, wires (see vgic.h). */
#include <linux/cpu_pm.h>
#include <linux/cpuhotplug.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/kernel.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/of_irq.h>
#include <linux/slab.h>

#include "hyp/hyp.h"

struct hyp_vgic_hw vgic_hw;
static enum cpuhp_state online_state;
static DEFINE_PER_CPU(int, maint_cookie);

/* Registers of a GIC node: distributor, CPU interface, GICH, GICV (the binding's order). */
enum { DT_GICH = 2, DT_GICV = 3 };

static const struct of_device_id gic_ids[] = {
	{ .compatible = "arm,cortex-a15-gic" },
	{ .compatible = "arm,cortex-a7-gic" },
	{ .compatible = "arm,gic-400" },
	{}
};

/* ---- The hardware ---- */

/* The exit that it caused did all; the level falls when vgic_sync() empties the registers. */
static irqreturn_t maintenance(int irq, void *cookie)
{
	return IRQ_HANDLED;
}

static int host_cpu_online(unsigned int cpu)
{
	writel_relaxed(0, vgic_hw.gich + GICH_HCR);
	enable_percpu_irq(vgic_hw.maint_irq, IRQ_TYPE_NONE);
	return 0;
}

static void save_resident(void *vcpu);

static int host_cpu_offline(unsigned int cpu)
{
	preempt_disable();
	save_resident(NULL);
	preempt_enable();
	disable_percpu_irq(vgic_hw.maint_irq);
	return 0;
}

/* A CPU that loses power loses its GICH, and what a vCPU left there.  Interrupts are off. */
static int pm_notify(struct notifier_block *nb, unsigned long action, void *unused)
{
	if (action == CPU_PM_ENTER)
		save_resident(NULL);
	else if (action == CPU_PM_EXIT)
		writel_relaxed(0, vgic_hw.gich + GICH_HCR);
	return NOTIFY_OK;
}

static struct notifier_block pm_block = { .notifier_call = pm_notify };

static int take_hardware(struct device_node *node)
{
	struct vgic_res { struct resource gich, gicv; } r;
	int ret;

	if (of_address_to_resource(node, DT_GICH, &r.gich) || of_address_to_resource(node, DT_GICV, &r.gicv)) {
		pr_warn("vambrace: %pOF has no GICH and GICV: no in-kernel GIC\n", node);
		return 0;
	}
	if (!PAGE_ALIGNED(r.gicv.start) || resource_size(&r.gicv) < KVM_VGIC_V2_CPU_SIZE) {
		pr_warn("vambrace: GICV at %pa is not two whole pages: no in-kernel GIC\n", &r.gicv.start);
		return 0;
	}
	vgic_hw.maint_irq = irq_of_parse_and_map(node, 0);
	if (!vgic_hw.maint_irq) {
		pr_warn("vambrace: %pOF names no maintenance interrupt: no in-kernel GIC\n", node);
		return 0;
	}
	vgic_hw.gich = ioremap(r.gich.start, resource_size(&r.gich));
	if (!vgic_hw.gich)
		return -ENOMEM;
	vgic_hw.gicv_pa = r.gicv.start;
	vgic_hw.lrs = (readl_relaxed(vgic_hw.gich + GICH_VTR) & 63) + 1;
	ret = request_percpu_irq(vgic_hw.maint_irq, maintenance, "vambrace-vgic", &maint_cookie);
	if (ret)
		goto unmap;
	ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "vambrace/vgic:online", host_cpu_online, host_cpu_offline);
	if (ret < 0)
		goto irq;
	online_state = ret;
	cpu_pm_register_notifier(&pm_block);
	hyp_fast_dist = vgic_fast_dist;
	vgic_hw.present = true;
	return 0;
irq:
	free_percpu_irq(vgic_hw.maint_irq, &maint_cookie);
unmap:
	iounmap(vgic_hw.gich);
	return ret;
}

int vgic_module_init(void)
{
	struct device_node *node = of_find_matching_node(NULL, gic_ids);
	int ret = 0;

	if (node)
		ret = take_hardware(node);
	else
		pr_warn("vambrace: no GICv2 in the device tree: no in-kernel GIC\n");
	of_node_put(node);
	return ret;
}

void vgic_module_exit(void)
{
	if (!vgic_hw.present)
		return;
	cpu_pm_unregister_notifier(&pm_block);
	cpuhp_remove_state(online_state);
	free_percpu_irq(vgic_hw.maint_irq, &maint_cookie);
	iounmap(vgic_hw.gich);
	vgic_hw.present = false;
}

/* ---- A VM's GIC ---- */

unsigned long vgic_lock(struct hyp_vm *vm)
{
	unsigned long flags;

	local_irq_save(flags);
	arch_spin_lock(&vm->vgic.lock);
	return flags;
}

void vgic_unlock(struct hyp_vm *vm, unsigned long flags)
{
	arch_spin_unlock(&vm->vgic.lock);
	local_irq_restore(flags);
}

void vgic_vm_init(struct hyp_vm *vm)
{
	vm->vgic.lock = (arch_spinlock_t)__ARCH_SPIN_LOCK_UNLOCKED;
	vm->vgic.dist_base = VGIC_ADDR_UNDEF;
	vm->vgic.cpu_base = VGIC_ADDR_UNDEF;
}

int vgic_create(struct hyp_vm *vm)
{
	struct hyp_vgic *v = &vm->vgic;
	unsigned int i;
	int ret = -EEXIST;

	mutex_lock(&vm->lock);
	if (v->gic)
		goto out;
	ret = -EBUSY;
	for (i = 0; i < HYP_MAX_VCPUS; i++)
		if (vm->vcpu[i] && vm->vcpu[i]->has_run)
			goto out;
	ret = -ENOMEM;
	v->owners = kzalloc(sizeof(*v->owners), GFP_KERNEL_ACCOUNT);
	v->gic = kzalloc(sizeof(*v->gic), GFP_KERNEL_ACCOUNT);
	ret = v->gic && v->owners ? 0 : -ENOMEM;
	if (ret)
		vgic_destroy(vm);
	else
		held_add(HYP_HELD_gics, 1);
out:
	mutex_unlock(&vm->lock);
	return ret;
}

void vgic_destroy(struct hyp_vm *vm)
{
	if (vm->vgic.gic && vm->vgic.owners)
		held_add(HYP_HELD_gics, -1);
	kfree(vm->vgic.gic);
	kfree(vm->vgic.owners);
	vm->vgic.gic = NULL;
	vm->vgic.owners = NULL;
}

bool vgic_frozen(const struct hyp_vm *vm)
{
	return vm->vgic.initialized;
}

int vgic_init(struct hyp_vm *vm)
{
	struct hyp_vgic *v = &vm->vgic;
	unsigned int w, cpus = 0, i;
	unsigned long flags;
	int ret;

	if (!v->gic)
		return -ENODEV;
	if (v->initialized)
		return 0;
	for (i = 0; i < HYP_MAX_VCPUS; i++)
		if (vm->vcpu[i])
			cpus = i + 1;
	if (!cpus || cpus != vm->vcpus)
		return -EBUSY;		/* ids with holes: a GIC has none */
	flags = vgic_lock(vm);
	gicv2_init(v->gic, cpus, v->irqs ? v->irqs : VGIC_DEFAULT_IRQS);
	/* KVM's SPIs have always begun as edge-triggered; guests set what they need. */
	for (w = 1; w * 32 < v->gic->irqs; w++)
		v->gic->spi[w].edge = v->gic->irqs - w * 32 < 32 ? (1u << v->gic->irqs % 32) - 1 : ~0u;
	/* SPIs that nobody has targeted yet are CPU 0's. */
	for (i = GICV2_PRIVATE; i < v->gic->irqs; i++)
		v->gic->target[i] = 1;
	ret = gicv2_validate(v->gic);
	v->initialized = !ret;
	vgic_unlock(vm, flags);
	return ret;
}

int vgic_map(struct hyp_vm *vm)
{
	struct hyp_vgic *v = &vm->vgic;
	int ret;

	if (!v->gic || v->mapped)
		return 0;
	if (v->dist_base == VGIC_ADDR_UNDEF || v->cpu_base == VGIC_ADDR_UNDEF) {
		pr_warn_ratelimited("vambrace: KVM_RUN needs the GIC's addresses: set KVM_DEV_ARM_VGIC_GRP_ADDR\n");
		return -ENXIO;
	}
	ret = vgic_init(vm);
	if (ret)
		return ret;
	mmu_set_device(vm, v->cpu_base, vgic_hw.gicv_pa, KVM_VGIC_V2_CPU_SIZE);
	v->mapped = true;
	return 0;
}

int vgic_set_addr(struct hyp_vm *vm, u32 type, u64 addr)
{
	struct hyp_vgic *v = &vm->vgic;
	u64 size = type == KVM_VGIC_V2_ADDR_TYPE_DIST ? KVM_VGIC_V2_DIST_SIZE : KVM_VGIC_V2_CPU_SIZE;
	u64 other_size = type == KVM_VGIC_V2_ADDR_TYPE_DIST ? KVM_VGIC_V2_CPU_SIZE : KVM_VGIC_V2_DIST_SIZE;
	u64 *mine, other;
	int ret = 0;

	if (type != KVM_VGIC_V2_ADDR_TYPE_DIST && type != KVM_VGIC_V2_ADDR_TYPE_CPU)
		return -ENODEV;
	if (addr & (KVM_VGIC_V2_DIST_SIZE - 1))
		return -EINVAL;
	if (addr >> HYP_IPA_BITS || (addr + size - 1) >> HYP_IPA_BITS)
		return -E2BIG;
	mutex_lock(&vm->lock);
	mine = type == KVM_VGIC_V2_ADDR_TYPE_DIST ? &v->dist_base : &v->cpu_base;
	other = type == KVM_VGIC_V2_ADDR_TYPE_DIST ? v->cpu_base : v->dist_base;
	if (!v->gic)
		ret = -ENODEV;
	else if (*mine != VGIC_ADDR_UNDEF)
		ret = -EEXIST;
	else if (other != VGIC_ADDR_UNDEF && addr < other + other_size && other < addr + size)
		ret = -EINVAL;
	else
		*mine = addr;
	mutex_unlock(&vm->lock);
	return ret;
}

void vgic_map_phys(struct hyp_vcpu *vcpu, unsigned int intid, unsigned int phys)
{
	vcpu->vgic.lr.phys[intid] = (u16)phys;
}

/* ---- Wires and the distributor's registers ---- */

void vgic_kick(struct hyp_vm *vm)
{
	struct gicv2 *g = vm->vgic.gic;
	unsigned int i;

	gicv2_take_changed(g);
	/*
	 * What the guest has in its CPU interface now, masks and priorities, we do
	 * not know while it runs: everything eligible is worth an exit.
	 */
	for (i = 0; i < g->cpus; i++)
		if (g->d[i].best != GICV2_NO_IRQ)
			vcpu_request(vm->vcpu[i], HYP_REQ_IRQ);
}

/* Interrupt @intid changed, and may be in flight. */
static void recall(struct hyp_vm *vm, unsigned int cpu, unsigned int intid)
{
	int holder = gicv2_lr_holder(vm->vgic.gic, vm->vgic.owners, cpu, intid);

	if (holder >= 0)
		vcpu_request(vm->vcpu[holder], HYP_REQ_IRQ);
}

/* A wire changed: only a level that rises finds its way alone, at the end of what is active. */
static void wire_changed(struct hyp_vm *vm, unsigned int cpu, unsigned int intid, bool level)
{
	const struct gicv2 *g = vm->vgic.gic;

	if (level)
		vgic_kick(vm);
	if (!level || (intid >= GICV2_PRIVATE && g->spi[intid / 32].edge >> intid % 32 & 1))
		recall(vm, cpu, intid);
}

int vgic_inject(struct hyp_vm *vm, unsigned int cpu, unsigned int intid, bool level)
{
	struct gicv2 *g = vm->vgic.gic;
	unsigned long flags;

	if (!vm->vgic.initialized)
		return -EAGAIN;
	if (intid < GICV2_SGIS || intid >= g->irqs || (intid < GICV2_PRIVATE && cpu >= g->cpus))
		return -EINVAL;
	flags = vgic_lock(vm);
	gicv2_set_irq(g, intid, cpu, level);
	wire_changed(vm, cpu, intid, level);
	vgic_unlock(vm, flags);
	return 0;
}

bool vgic_dist_at(const struct hyp_vm *vm, u64 ipa)
{
	return vm->vgic.gic && ipa - vm->vgic.dist_base < KVM_VGIC_V2_DIST_SIZE;
}

static bool writes_active(u32 offset)
{
	return offset >= GICD_ISACTIVER && offset < GICD_IPRIORITYR;
}

void vgic_adopt(struct hyp_vm *vm)
{
	struct hyp_vgic *v = &vm->vgic;
	unsigned int i;

	gicv2_lr_adopt(v->gic, v->owners);
	for (i = 0; i < v->gic->cpus; i++)
		vm->vcpu[i]->vgic.lr.active = gicv2_lr_count_active(v->gic, v->owners, i);
}

/* The targets may have the same SGI in flight, of this sender or another. */
static void sgi_sent(struct hyp_vm *vm, unsigned int id)
{
	unsigned int i;

	for (i = 0; i < vm->vgic.gic->cpus; i++)
		recall(vm, i, id);
}

void vgic_dist_access(struct hyp_vcpu *vcpu, u32 offset, unsigned int len, bool write, u32 *val)
{
	struct hyp_vm *vm = vcpu->vm;
	struct gicv2 *g = vm->vgic.gic;
	unsigned long flags;
	u64 v = *val;

	if (vgic_needs_pause(offset))
		vm_pause(vm);
	flags = vgic_lock(vm);
	if (write) {
		gicv2_dist_write(g, vcpu->id, offset, len, v);
		if (writes_active(offset))
			vgic_adopt(vm);
		if (offset == GICD_SGIR)
			sgi_sent(vm, v & 15);
		vgic_kick(vm);
	} else {
		gicv2_dist_read(g, vcpu->id, offset, len, &v);
		*val = (u32)v;
	}
	vgic_unlock(vm, flags);
	if (vgic_needs_pause(offset))
		vm_resume(vm);
}

/* ---- Around an entry ---- */

/* Who has VMCR and APR in this CPU's GICH. */
static DEFINE_PER_CPU(struct hyp_vcpu *, resident);

/*
 * On the CPU where they are, preemption off.  Interrupts too: another CPU's call of this
 * in the middle would let the vCPU run there, and then this would put back the old values.
 */
static void save_resident(void *arg)
{
	struct hyp_vcpu *vcpu;
	unsigned long irqs, flags;

	local_irq_save(irqs);
	vcpu = __this_cpu_read(resident);
	if (vcpu && (!arg || arg == vcpu)) {
		writel_relaxed(0, vgic_hw.gich + GICH_HCR);
		flags = vgic_lock(vcpu->vm);
		/* Not a fold: its list of ended interrupts may still be unread. */
		gicv2_lr_take(vcpu->vm->vgic.gic, vcpu->id, readl_relaxed(vgic_hw.gich + GICH_VMCR),
			      readl_relaxed(vgic_hw.gich + GICH_APR));
		__this_cpu_write(resident, NULL);
		vgic_unlock(vcpu->vm, flags);
		smp_store_release(&vcpu->vgic.on_cpu, -1);
	}
	local_irq_restore(irqs);
}

void vgic_fetch(struct hyp_vcpu *vcpu)
{
	int cpu = smp_load_acquire(&vcpu->vgic.on_cpu);

	if (cpu >= 0)
		smp_call_function_single(cpu, save_resident, vcpu, 1);
}

void vgic_vcpu_init(struct hyp_vcpu *vcpu)
{
	vcpu->vgic.on_cpu = -1;
}

static void make_resident(struct hyp_vcpu *vcpu)
{
	vgic_fetch(vcpu);		/* from another CPU */
	save_resident(NULL);		/* who was here */
	writel_relaxed(gicv2_lr_vmcr(vcpu->vm->vgic.gic, vcpu->id), vgic_hw.gich + GICH_VMCR);
	writel_relaxed(vcpu->vm->vgic.gic->cpu[vcpu->id].apr, vgic_hw.gich + GICH_APR);
	writel_relaxed(GICH_HCR_EN, vgic_hw.gich + GICH_HCR);
	__this_cpu_write(resident, vcpu);
	WRITE_ONCE(vcpu->vgic.on_cpu, smp_processor_id());
}

void vgic_load(struct hyp_vcpu *vcpu)
{
	if (vcpu->vm->vgic.initialized && __this_cpu_read(resident) != vcpu)
		make_resident(vcpu);
}

/* Nothing goes in and nothing is in.  Without the lock: who changes that sends a request afterwards. */
static bool is_idle(const struct hyp_vcpu *vcpu)
{
	return READ_ONCE(vcpu->vm->vgic.gic->d[vcpu->id].best) == GICV2_NO_IRQ && !vcpu->vgic.lr.active;
}

void vgic_flush(struct hyp_vcpu *vcpu)
{
	struct hyp_vm *vm = vcpu->vm;
	struct gicv2_lr *l = &vcpu->vgic.lr;
	void __iomem *gich = vgic_hw.gich;
	u32 hcr = GICH_HCR_EN;
	unsigned long flags;
	unsigned int i;

	/* Not loaded: the GIC came to life a moment ago. */
	if (__this_cpu_read(resident) != vcpu || is_idle(vcpu))
		return;
	flags = vgic_lock(vm);
	gicv2_lr_fill(vm->vgic.gic, vm->vgic.owners, vcpu->id, min(vgic_hw.lrs, GICV2_MAX_LRS), l);
	vgic_unlock(vm, flags);
	if (l->more)
		hcr |= GICH_HCR_NPIE;	/* not UIE: active ones may fill what is left */
	if (l->active)
		hcr |= GICH_HCR_LRENPIE;
	for (i = 0; i < l->used; i++)
		writel_relaxed(l->lr[i], gich + GICH_LR0 + 4 * i);
	writel_relaxed(hcr, gich + GICH_HCR);
	vcpu->vgic.entered = true;
}

void vgic_sync(struct hyp_vcpu *vcpu)
{
	struct hyp_vm *vm = vcpu->vm;
	struct gicv2_lr *l = &vcpu->vgic.lr;
	void __iomem *gich = vgic_hw.gich;
	unsigned long flags;
	unsigned int i, eoicount = 0;

	if (!vcpu->vgic.entered)
		return;
	vcpu->vgic.entered = false;
	if (l->active)
		eoicount = readl_relaxed(gich + GICH_HCR) >> GICH_HCR_EOICOUNT_SHIFT;
	writel_relaxed(GICH_HCR_EN, gich + GICH_HCR);
	for (i = 0; i < l->used; i++) {
		l->lr[i] = readl_relaxed(gich + GICH_LR0 + 4 * i);
		writel_relaxed(0, gich + GICH_LR0 + 4 * i);
	}
	/* VMCR and APR stay with the hardware: l has what the model has. */
	flags = vgic_lock(vm);
	gicv2_lr_fold(vm->vgic.gic, vm->vgic.owners, vcpu->id, eoicount, l);
	/* What came back pending may be for another CPU as well. */
	if (l->ended_count || vm->vgic.gic->cpus_changed)
		vgic_kick(vm);
	vgic_unlock(vm, flags);
}

/* Resamplers may sleep or take locks: after the exit, with interrupts on. */
void vgic_notify_ended(struct hyp_vcpu *vcpu)
{
	struct gicv2_lr *l = &vcpu->vgic.lr;
	unsigned int i, n = l->ended_count;

	l->ended_count = 0;
	for (i = 0; i < n; i++)
		irq_ended(vcpu->vm, l->ended[i]);
}

bool vgic_pending(struct hyp_vcpu *vcpu)
{
	const struct gicv2 *g = vcpu->vm->vgic.gic;

	return vcpu->vm->vgic.initialized &&
	       (gicv2_irq_level(g, vcpu->id) || gicv2_fiq_level(g, vcpu->id));
}
