/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's GICv2 to and from the model of arm/gic/, register by register through
 * the views that both have for user space (Linux, virt/kvm/devices/arm-vgic).
 *
 * Where the kernel's view is another than the model's:
 * - ISPENDR of Linux has the input lines in it, the model's only latches; a line
 *   that were latched would interrupt once more after it has fallen;
 * - GICC_PMR is GICH_VMCR's field, five bits shifted down;
 * - Linux keeps one enable bit in GICD_CTLR, for both groups, and lets groups
 *   be written only after IIDR was;
 * - nobody has a place for the sender of an active SGI, nor for which CPU acknowledged an active
 *   SPI: an end that names the sender, or comes from a CPU that is not the target any
 *   more, is a matter of the hardware's tolerance, as with any KVM.
 */
#include <stdlib.h>
#include <string.h>

#include "vmm/accel/kvm_int.h"
#include "vmm/host/log.h"

#define PMR_SHIFT 3
/* The timers' PPIs: levels, which the kernel's timers drive by themselves. */
#define TIMER_PPIS (1u << 27 | 1u << 30)

enum {
	NO_SGI = 1,		/* bits 15:0 of the first word are not moved: they have registers of their own */
	SPI_ONLY = 2,		/* constant for private interrupts */
	CLEARS = 4,		/* writing ones clears; read by the row that sets */
};

struct dist_row {
	u16 offset;
	u8 bits;		/* per interrupt */
	u8 sgis;		/* 1: only interrupts 0..15 have it */
	u8 flags;
};

/*
 * In the order of writing.  First all are disabled, and what was there is gone; then what an interrupt is; then
 * its state; only then it is enabled.
 */
static const struct dist_row dist_rows[] = {
	{ GICD_ICENABLER, 1, 0, CLEARS },
	{ GICD_ICPENDR, 1, 0, CLEARS },
	{ GICD_ICACTIVER, 1, 0, CLEARS },
	{ GICD_CPENDSGIR, 8, 1, CLEARS },
	{ GICD_IGROUPR, 1, 0, 0 },
	{ GICD_ICFGR, 2, 0, SPI_ONLY },
	{ GICD_IPRIORITYR, 8, 0, 0 },
	{ GICD_ITARGETSR, 8, 0, SPI_ONLY },
	{ GICD_ISPENDR, 1, 0, NO_SGI },
	{ GICD_SPENDSGIR, 8, 1, 0 },
	{ GICD_ISACTIVER, 1, 0, 0 },
	{ GICD_ISENABLER, 1, 0, 0 },
};

static const u8 cpu_regs[] = { GICC_PMR, GICC_BPR, GICC_ABPR, GICC_APR0, GICC_CTLR };

/* One way through the registers. */
struct pass {
	struct kvm_vm *vm;
	struct gicv2 *g;
	bool set;		/* from the model to the kernel */
};

static u64 attr_of(unsigned int cpu, u32 offset)
{
	return (u64)cpu << KVM_DEV_ARM_VGIC_CPUID_SHIFT | offset;
}

static int complain(const struct pass *p, const char *block, unsigned int cpu, u32 offset, int ret)
{
	log_warn("kvm: the GIC's register %s+%#x of CPU %u cannot be %s: %s", block, offset, cpu,
		 p->set ? "written" : "read", strerror(-ret));
	return ret;
}

static int dist_attr(const struct pass *p, unsigned int cpu, u32 offset, u32 *val)
{
	u64 attr = attr_of(cpu, offset);
	int ret = p->set ? kvm_gic_set_attr(p->vm, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, attr, val) :
			   kvm_gic_get_attr(p->vm, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, attr, val);

	return ret ? complain(p, "GICD", cpu, offset, ret) : 0;
}

/* The lines in word @word, as far as they are levels that pend by themselves. */
static u32 lines(const struct pass *p, unsigned int word)
{
	if (!word)
		return TIMER_PPIS;
	return __atomic_load_n(&p->vm->spi_line[word - 1], __ATOMIC_RELAXED) & ~p->g->spi[word].edge;
}

/* Word @n of row @r. */
static int move_word(const struct pass *p, const struct dist_row *r, unsigned int cpu, unsigned int n)
{
	u32 offset = r->offset + 4 * n, val = ~0u, mask = r->flags & NO_SGI && !n ? 0xffff0000u : ~0u;
	int ret;

	if (p->set) {
		if (!(r->flags & CLEARS) && gicv2_dist_user_read(p->g, cpu, offset, &val) != ARM_HANDLED)
			return -EIO;
		val &= mask;
		/* Ones that set: a word of zeros says nothing. */
		if (!val && (r->offset == GICD_ISPENDR || r->offset == GICD_ISACTIVER || r->offset == GICD_SPENDSGIR))
			return 0;
		return dist_attr(p, cpu, offset, &val);
	}
	if (r->flags & CLEARS)
		return gicv2_dist_user_write(p->g, cpu, offset, val) == ARM_HANDLED ? 0 : -EIO;
	ret = dist_attr(p, cpu, offset, &val);
	if (ret)
		return ret;
	if (r->offset == GICD_ISPENDR)
		val &= ~lines(p, n);
	return gicv2_dist_user_write(p->g, cpu, offset, val & mask) == ARM_HANDLED ? 0 : -EIO;
}

/* All of row @r: each CPU's own interrupts, then the shared ones. */
static int move_row(const struct pass *p, const struct dist_row *r)
{
	unsigned int per_word = 32u / r->bits, own = (r->sgis ? GICV2_SGIS : GICV2_PRIVATE) / per_word;
	unsigned int end = r->sgis ? own : (p->g->irqs + per_word - 1) / per_word;
	int ret = 0;

	for (unsigned int cpu = 0; cpu < p->g->cpus && !(r->flags & SPI_ONLY); cpu++)
		for (unsigned int n = 0; n < own && !ret; n++)
			ret = move_word(p, r, cpu, n);
	for (unsigned int n = own; n < end && !ret; n++)
		ret = move_word(p, r, 0, n);
	return ret;
}

static int move_cpu_reg(const struct pass *p, unsigned int cpu, u32 offset)
{
	unsigned int shift = offset == GICC_PMR ? PMR_SHIFT : 0;
	u64 attr = attr_of(cpu, offset);
	u32 val = 0;
	int ret;

	if (p->set) {
		if (gicv2_cpu_user_read(p->g, cpu, offset, &val) != ARM_HANDLED)
			return -EIO;
		val >>= shift;
		ret = kvm_gic_set_attr(p->vm, KVM_DEV_ARM_VGIC_GRP_CPU_REGS, attr, &val);
		return ret ? complain(p, "GICC", cpu, offset, ret) : 0;
	}
	ret = kvm_gic_get_attr(p->vm, KVM_DEV_ARM_VGIC_GRP_CPU_REGS, attr, &val);
	if (ret)
		return complain(p, "GICC", cpu, offset, ret);
	return gicv2_cpu_user_write(p->g, cpu, offset, val << shift) == ARM_HANDLED ? 0 : -EIO;
}

static int move_cpus(const struct pass *p)
{
	int ret = 0;

	for (unsigned int cpu = 0; cpu < p->g->cpus; cpu++)
		for (size_t i = 0; i < ARM_ARRAY_SIZE(cpu_regs) && !ret; i++)
			ret = move_cpu_reg(p, cpu, cpu_regs[i]);
	return ret;
}

static int move_rows(const struct pass *p)
{
	int ret = 0;

	for (size_t i = 0; i < ARM_ARRAY_SIZE(dist_rows) && !ret; i++)
		ret = move_row(p, &dist_rows[i]);
	return ret;
}

int kvm_get_gic(struct accel *a, struct gicv2 *g)
{
	struct pass p = { .vm = kvm_vm_of(a), .g = g };
	u32 ctlr;
	int ret;

	if (p.vm->cfg.gic.version != 2)
		return -EOPNOTSUPP;
	gicv2_init(g, p.vm->cfg.cpus, p.vm->cfg.gic.irqs);
	ret = move_rows(&p);
	if (!ret)
		ret = move_cpus(&p);
	if (!ret)
		ret = dist_attr(&p, 0, GICD_CTLR, &ctlr);
	if (!ret)
		ret = gicv2_dist_user_write(g, 0, GICD_CTLR, ctlr) == ARM_HANDLED ? gicv2_validate(g) : -EIO;
	return ret;
}

/* IIDR as it is: Linux takes this for a sign that groups are meant to be written. */
static int show_iidr(struct kvm_vm *vm)
{
	struct pass p = { .vm = vm };
	u32 iidr;
	int ret = dist_attr(&p, 0, GICD_IIDR, &iidr);

	p.set = true;
	return ret ? ret : dist_attr(&p, 0, GICD_IIDR, &iidr);
}

static int differ(const char *what, unsigned int n, u32 want, u32 got)
{
	if (want == got)
		return 0;
	log_warn("kvm: the GIC of this kernel does not take %s %u: %#x is sent, %#x is there", what, n, want, got);
	return -EINVAL;
}

static int word_differs(const struct gicv2_word *want, const struct gicv2_word *got, unsigned int n)
{
	int ret = differ("group word", n, want->group, got->group);

	ret = ret ? ret : differ("enable word", n, want->enabled, got->enabled);
	/* What is not shown for fear that it be a line, is there. */
	ret = ret ? ret : differ("pending word", n, want->latch & got->latch, got->latch);
	ret = ret ? ret : differ("active word", n, want->active, got->active);
	return ret ? ret : differ("configuration word", n, want->edge, got->edge);
}

/* What a guest has of bypass bits in GICC_CTLR does nothing (gicv2.h), and Linux drops them. */
static int cpu_differs(const struct gicv2 *want, const struct gicv2 *got, unsigned int cpu)
{
	const struct gicv2_cpu *w = &want->cpu[cpu], *g = &got->cpu[cpu];
	int ret = differ("GICC_CTLR", cpu, w->ctlr & ~GICC_CTLR_BYPASS, g->ctlr & ~GICC_CTLR_BYPASS);

	ret = ret ? ret : differ("GICC_PMR", cpu, w->pmr, g->pmr);
	ret = ret ? ret : differ("GICC_BPR", cpu, w->bpr, g->bpr);
	ret = ret ? ret : differ("GICC_ABPR", cpu, w->abpr, g->abpr);
	ret = ret ? ret : differ("GICC_APR", cpu, w->apr, g->apr);
	ret = ret ? ret : word_differs(&want->priv[cpu], &got->priv[cpu], 0);
	for (unsigned int i = 0; i < GICV2_PRIVATE && !ret; i++)
		ret = differ("priority", i, want->priv_priority[cpu][i], got->priv_priority[cpu][i]);
	for (unsigned int i = 0; i < GICV2_SGIS && !ret; i++)
		ret = differ("senders of SGI", i, want->sgi_source[cpu][i], got->sgi_source[cpu][i]);
	return ret;
}

/* Did the kernel take it all? */
static int check(const struct gicv2 *want, const struct gicv2 *got)
{
	int ret = 0;

	/* One bit serves both groups there; it must not turn on what was off. */
	if (want->dist_ctlr != got->dist_ctlr && !(want->dist_ctlr & got->dist_ctlr & GIC_CTLR_GRP0))
		ret = differ("GICD_CTLR", 0, want->dist_ctlr, got->dist_ctlr);
	for (unsigned int cpu = 0; cpu < want->cpus && !ret; cpu++)
		ret = cpu_differs(want, got, cpu);
	for (unsigned int w = 1; w * 32 < want->irqs && !ret; w++)
		ret = word_differs(&want->spi[w], &got->spi[w], w);
	for (unsigned int i = GICV2_PRIVATE; i < want->irqs && !ret; i++) {
		ret = differ("priority", i, want->spi_priority[i], got->spi_priority[i]);
		if (!ret && want->cpus > 1)
			ret = differ("target", i, want->target[i], got->target[i]);
	}
	return ret;
}

/*
 * GICD_CTLR goes before the interrupts: while it is 0, Linux does not queue one that becomes pending or
 * enabled, and it does not look for them when the distributor is turned on.
 */
static int set_gic(struct pass *p)
{
	u32 ctlr = p->g->dist_ctlr;
	int ret = show_iidr(p->vm);

	if (!ret)
		ret = dist_attr(p, 0, GICD_CTLR, &ctlr);
	if (!ret)
		ret = move_cpus(p);
	return ret ? ret : move_rows(p);
}

int kvm_set_gic(struct accel *a, const struct gicv2 *g)
{
	struct pass p = { .vm = kvm_vm_of(a), .set = true };
	struct gicv2 *copy;
	int ret = -EINVAL;

	if (p.vm->cfg.gic.version != 2)
		return -EOPNOTSUPP;
	/* The second is for looking at what came of it. */
	copy = malloc(2 * sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	copy[0] = *g;
	p.g = &copy[0];
	gicv2_init(&copy[1], p.vm->cfg.cpus, p.vm->cfg.gic.irqs);
	if (!gicv2_validate(p.g) && p.g->cpus == copy[1].cpus && p.g->irqs == copy[1].irqs)
		ret = set_gic(&p);
	if (!ret)
		ret = kvm_get_gic(a, &copy[1]);
	if (!ret)
		ret = check(&copy[0], &copy[1]);
	free(copy);
	return ret;
}
