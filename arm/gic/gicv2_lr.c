// SPDX-License-Identifier: GPL-2.0-only
/* Between the distributor model and the list registers (IHI 0048B 5.2, 5.3). */
#include "arm/gic/gicv2_internal.h"
#include "arm/gic/gicv2_lr.h"

/* GICH_VMCR (5.3.5). */
#define VMCR_CTLR 0x1fu			/* groups, AckCtl, FIQEn, CBPR as in GICC_CTLR */
#define VMCR_EOIMODE (1u << 9)
#define VMCR_ABP_SHIFT 18
#define VMCR_BP_SHIFT 21
#define VMCR_PMR_SHIFT 27

static u32 vmcr_of(const struct gicv2_cpu *c)
{
	return (c->ctlr & (VMCR_CTLR | GICC_CTLR_EOIMODE)) | (u32)c->abpr << VMCR_ABP_SHIFT |
	       (u32)c->bpr << VMCR_BP_SHIFT | (u32)(c->pmr >> 3) << VMCR_PMR_SHIFT;
}

u32 gicv2_lr_vmcr(const struct gicv2 *g, unsigned int cpu)
{
	return vmcr_of(&g->cpu[cpu]);
}

static void take_vmcr(struct gicv2_cpu *c, u32 vmcr)
{
	u32 bpr = vmcr >> VMCR_BP_SHIFT & 7, abpr = vmcr >> VMCR_ABP_SHIFT & 7;

	c->ctlr = (c->ctlr & ~(VMCR_CTLR | GICC_CTLR_EOIMODE)) | (vmcr & (VMCR_CTLR | VMCR_EOIMODE));
	c->pmr = (u8)((vmcr >> VMCR_PMR_SHIFT) << 3);
	c->bpr = (u8)(bpr < GICV2_BPR_MIN ? GICV2_BPR_MIN : bpr);
	c->abpr = (u8)(abpr < GICV2_ABPR_MIN ? GICV2_ABPR_MIN : abpr);
}

void gicv2_lr_take(struct gicv2 *g, unsigned int cpu, u32 vmcr, u32 apr)
{
	take_vmcr(&g->cpu[cpu], vmcr);
	g->cpu[cpu].apr = apr;
	gicv2_update_output(g, cpu);
}

/* The list register's constant part for @intid. */
static u32 lr_base(struct gicv2 *g, unsigned int cpu, unsigned int intid)
{
	u32 lr = intid | (u32)(*gicv2_priority(g, cpu, intid) >> 3) << GICH_LR_PRIORITY_SHIFT;

	if (gicv2_word(g, cpu, intid / 32)->group >> intid % 32 & 1)
		lr |= GICH_LR_GROUP1;
	return lr;
}

static bool is_edge(struct gicv2 *g, unsigned int cpu, unsigned int intid)
{
	return gicv2_word(g, cpu, intid / 32)->edge >> intid % 32 & 1;
}

static void changed(struct gicv2 *g, unsigned int cpu, unsigned int intid)
{
	gicv2_update_word(g, gicv2_word_cpus(g, cpu, intid / 32), intid / 32);
}

/* A wire with a physical interrupt behind it: the guest's end deactivates that (5.2.1). */
static u32 lr_hw(const struct gicv2_lr *l, unsigned int intid)
{
	if (intid >= GICV2_PRIVATE || !l->phys[intid])
		return 0;
	return GICH_LR_HW | (u32)l->phys[intid] << GICH_LR_PHYS_SHIFT;
}

/* Pending interrupt @intid goes into a list register. */
static u32 send_pending(struct gicv2 *g, unsigned int cpu, unsigned int intid, const struct gicv2_lr *l)
{
	struct gicv2_word *x = gicv2_word(g, cpu, intid / 32);
	u32 lr = lr_base(g, cpu, intid) | GICH_LR_PENDING, bit = 1u << intid % 32;

	x->active |= bit;
	if (intid < GICV2_SGIS) {
		/* One source at a time: two list registers of one id are not allowed (5.2.1). */
		u8 *source = &g->sgi_source[cpu][intid];

		lr |= (u32)__builtin_ctz(*source) << GICH_LR_PHYS_SHIFT;
		*source &= (u8)(*source - 1);
		if (*source)
			lr |= GICH_LR_EOI;
		else
			x->latch &= ~bit;
	} else if (x->edge & bit) {
		x->latch &= ~bit;
	} else {
		/* The end shows whether the wire is still high. */
		lr |= lr_hw(l, intid) ? lr_hw(l, intid) : GICH_LR_EOI;
	}
	changed(g, cpu, intid);
	return lr;
}

/* Is active interrupt @intid this CPU's? */
static bool owns(const struct gicv2_owners *o, unsigned int cpu, unsigned int intid)
{
	return intid < GICV2_PRIVATE || o->spi[intid] == cpu + 1;
}

/* Calls for the active interrupts of @cpu that are not in flight, ascending; stops at false. */
static void each_active(struct gicv2 *g, const struct gicv2_owners *o, unsigned int cpu,
			bool (*fn)(struct gicv2 *g, unsigned int intid, void *arg), void *arg)
{
	unsigned int w;
	u32 left;

	for (w = 0; w * 32 < g->irqs; w++) {
		for (left = gicv2_word(g, cpu, w)->active; left; left &= left - 1) {
			unsigned int intid = w * 32 + (unsigned int)__builtin_ctz(left);

			if (owns(o, cpu, intid) && !fn(g, intid, arg))
				return;
		}
	}
}

struct fill {
	struct gicv2_lr *l;
	unsigned int cpu, max;
};

static bool send_active(struct gicv2 *g, unsigned int intid, void *arg)
{
	struct fill *f = arg;
	struct gicv2_word *x = gicv2_word(g, f->cpu, intid / 32);
	u32 bit = 1u << intid % 32, lr = lr_base(g, f->cpu, intid) | GICH_LR_ACTIVE;

	if (f->l->used >= f->max)
		return false;
	/*
	 * What pends behind an active one stays in the model, where it can still be
	 * disabled or sent elsewhere; the end brings it out.
	 */
	if (x->latch & bit)
		lr |= GICH_LR_EOI;
	else if (!(x->edge & bit))
		lr |= lr_hw(f->l, intid) ? lr_hw(f->l, intid) : GICH_LR_EOI;
	if (intid < GICV2_SGIS)
		lr |= (u32)f->l->sender[intid] << GICH_LR_PHYS_SHIFT;
	f->l->active--;
	f->l->lr[f->l->used++] = lr;
	return true;
}

void gicv2_lr_fill(struct gicv2 *g, struct gicv2_owners *o, unsigned int cpu, unsigned int max,
		   struct gicv2_lr *l)
{
	/* What is active can wait for its end (see fold), what is pending cannot: one is kept for that. */
	struct fill f = { .l = l, .cpu = cpu, .max = g->d[cpu].best != GICV2_NO_IRQ ? max - 1 : max };

	l->used = 0;
	l->fresh = 0;
	if (l->active)
		each_active(g, o, cpu, send_active, &f);
	while (l->used < max && g->d[cpu].best != GICV2_NO_IRQ) {
		unsigned int intid = g->d[cpu].best;

		if (intid >= GICV2_PRIVATE)
			o->spi[intid] = (u8)(cpu + 1);
		l->fresh |= 1ULL << l->used;
		l->lr[l->used++] = send_pending(g, cpu, intid, l);
	}
	l->more = g->d[cpu].best != GICV2_NO_IRQ;
	l->vmcr = vmcr_of(&g->cpu[cpu]);
	l->apr = g->cpu[cpu].apr;
}

static void note_ended(struct gicv2_lr *l, unsigned int intid)
{
	if (intid >= GICV2_PRIVATE && l->ended_count < GICV2_MAX_LRS)
		l->ended[l->ended_count++] = (u16)intid;
}

/* What became of the interrupt in list register @n. */
static void fold_one(struct gicv2 *g, struct gicv2_owners *o, unsigned int cpu, unsigned int n,
		     struct gicv2_lr *l)
{
	u32 lr = l->lr[n];
	unsigned int intid = lr & GICH_LR_VIRT;
	struct gicv2_word *x = gicv2_word(g, cpu, intid / 32);
	u32 bit = 1u << intid % 32;
	bool edge = is_edge(g, cpu, intid), pending = lr & GICH_LR_PENDING;

	if (lr & GICH_LR_ACTIVE) {
		l->active++;
		if (intid < GICV2_SGIS)
			l->sender[intid] = lr >> GICH_LR_PHYS_SHIFT & 7;
	} else {
		x->active &= ~bit;
		if (intid >= GICV2_PRIVATE)
			o->spi[intid] = 0;
	}
	if (intid < GICV2_SGIS) {
		if (pending) {
			g->sgi_source[cpu][intid] |= (u8)(1u << (lr >> GICH_LR_PHYS_SHIFT & 7));
			x->latch |= bit;
		}
	} else if (edge) {
		x->latch |= pending ? bit : 0;
	} else if (!pending) {
		if (l->fresh >> n & 1)
			x->latch &= ~bit;	/* what software had set was acknowledged */
		if (!(lr & GICH_LR_ACTIVE))
			note_ended(l, intid);
	}
	changed(g, cpu, intid);
}

struct best_active {
	const struct gicv2_lr *l;
	unsigned int cpu, intid;
	u8 priority;
};

static bool listed(const struct gicv2_lr *l, unsigned int intid)
{
	unsigned int i;

	for (i = 0; i < l->used; i++)
		if ((l->lr[i] & GICH_LR_VIRT) == intid)
			return true;
	return false;
}

static bool look(struct gicv2 *g, unsigned int intid, void *arg)
{
	struct best_active *b = arg;
	u8 priority = *gicv2_priority(g, b->cpu, intid);

	if (!listed(b->l, intid) && (b->intid == GICV2_NO_IRQ || priority < b->priority)) {
		b->intid = intid;
		b->priority = priority;
	}
	return true;
}

/* An end whose interrupt was in no list register: ends come highest priority first. */
static void end_unlisted(struct gicv2 *g, struct gicv2_owners *o, unsigned int cpu, struct gicv2_lr *l)
{
	struct best_active b = { .l = l, .cpu = cpu, .intid = GICV2_NO_IRQ };

	each_active(g, o, cpu, look, &b);
	if (b.intid == GICV2_NO_IRQ)
		return;
	gicv2_word(g, cpu, b.intid / 32)->active &= ~(1u << b.intid % 32);
	if (b.intid >= GICV2_PRIVATE)
		o->spi[b.intid] = 0;
	if (!is_edge(g, cpu, b.intid))
		note_ended(l, b.intid);
	l->active--;
	changed(g, cpu, b.intid);
}

void gicv2_lr_fold(struct gicv2 *g, struct gicv2_owners *o, unsigned int cpu, unsigned int eoicount,
		   struct gicv2_lr *l)
{
	unsigned int i, used = l->used;

	l->ended_count = 0;
	for (; eoicount && l->active; eoicount--)
		end_unlisted(g, o, cpu, l);
	for (i = 0; i < used; i++)
		fold_one(g, o, cpu, i, l);
	l->used = 0;
	gicv2_lr_take(g, cpu, l->vmcr, l->apr);
}

int gicv2_lr_holder(struct gicv2 *g, const struct gicv2_owners *o, unsigned int cpu, unsigned int intid)
{
	if (!(gicv2_word(g, cpu, intid / 32)->active >> intid % 32 & 1))
		return -ENOENT;
	if (intid < GICV2_PRIVATE)
		return (int)cpu;
	return o->spi[intid] ? o->spi[intid] - 1 : -ENOENT;
}

/* The CPU that gets an active SPI which nobody acknowledged here. */
static u8 new_owner(const struct gicv2 *g, unsigned int intid)
{
	u8 targets = g->cpus == 1 ? 1 : g->target[intid];

	return (u8)(targets ? __builtin_ctz(targets) + 1 : 1);
}

void gicv2_lr_adopt(struct gicv2 *g, struct gicv2_owners *o)
{
	unsigned int intid;

	for (intid = GICV2_PRIVATE; intid < g->irqs; intid++) {
		if (!(g->spi[intid / 32].active >> intid % 32 & 1))
			o->spi[intid] = 0;
		else if (!o->spi[intid])
			o->spi[intid] = new_owner(g, intid);
	}
}

static bool count(struct gicv2 *g, unsigned int intid, void *arg)
{
	u32 *n = arg;

	(void)g;
	(void)intid;
	++*n;
	return true;
}

u32 gicv2_lr_count_active(struct gicv2 *g, const struct gicv2_owners *o, unsigned int cpu)
{
	u32 n = 0;

	each_active(g, o, cpu, count, &n);
	return n;
}
