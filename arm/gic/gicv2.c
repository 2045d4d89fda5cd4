/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * GICv2: choosing the interrupt to signal, acknowledging and ending it
 * (IHI 0048B 3.2-3.5).  Registers are in gicv2_dist.c and gicv2_cpu.c.
 *
 * The choice costs no scan of all interrupts: eligible bits per CPU meet bitmaps
 * of the interrupts at each priority, best priority first, and two summary
 * words say which priorities and words are worth looking at.
 */
#include "arm/gic/gicv2_internal.h"

static inline unsigned int lowest_bit(u32 v)
{
	return (unsigned int)__builtin_ctz(v);
}

/* Group of @intid for @cpu: 0 or 1. */
static unsigned int group_of(const struct gicv2 *g, unsigned int cpu, unsigned int intid)
{
	const struct gicv2_word *x = intid < 32 ? &g->priv[cpu] : &g->spi[intid / 32];

	return (x->group >> intid % 32) & 1;
}

/*
 * 3.3.3: the group priority bits of an interrupt of @group.  ABPR is one more
 * than the BPR that would split the same way.
 */
static u32 priority_mask(const struct gicv2_cpu *c, unsigned int group)
{
	unsigned int n = group && !(c->ctlr & GICC_CTLR_CBPR) ? c->abpr - 1u : c->bpr;

	return (0xffu << (n + 1)) & 0xff;
}

u32 gicv2_running_priority(const struct gicv2 *g, unsigned int cpu)
{
	u32 apr = g->cpu[cpu].apr;

	return apr ? lowest_bit(apr) << 3 : GICV2_IDLE_PRIORITY;
}

/* Would @cpu's best pending interrupt interrupt it now (3.3.1, 3.3.2)? */
static bool can_signal(const struct gicv2 *g, unsigned int cpu)
{
	const struct gicv2_cpu *c = &g->cpu[cpu];
	unsigned int best = g->d[cpu].best;
	u32 priority = g->d[cpu].best_priority;
	unsigned int group;

	if (best == GICV2_NO_IRQ)
		return false;
	group = group_of(g, cpu, best);
	return (c->ctlr & (GIC_CTLR_GRP0 << group)) && priority < c->pmr &&
	       (priority & priority_mask(c, group)) < gicv2_running_priority(g, cpu);
}

void gicv2_update_output(struct gicv2 *g, unsigned int cpu)
{
	bool fiq = false, irq = false;

	if (can_signal(g, cpu)) {
		fiq = (g->cpu[cpu].ctlr & GICC_CTLR_FIQEN) &&
		      !group_of(g, cpu, g->d[cpu].best);
		irq = !fiq;
	}
	if (irq != g->d[cpu].irq || fiq != g->d[cpu].fiq)
		g->cpus_changed |= (u8)(1u << cpu);
	g->d[cpu].irq = irq;
	g->d[cpu].fiq = fiq;
}

/* The eligible interrupt of @cpu with priority @level and the lowest id. */
static unsigned int find_at_level(struct gicv2 *g, unsigned int cpu, unsigned int level)
{
	for (u32 left = g->d[cpu].words; left; left &= left - 1) {
		unsigned int w = lowest_bit(left);
		u32 hits = g->d[cpu].eligible[w] & *gicv2_level(g, cpu, level, w);

		if (hits)
			return w * 32 + lowest_bit(hits);
		if (!g->d[cpu].eligible[w])
			g->d[cpu].words &= ~(1u << w);
	}
	return GICV2_NO_IRQ;
}

static void select_best(struct gicv2 *g, unsigned int cpu)
{
	while (g->d[cpu].levels) {
		unsigned int level = lowest_bit(g->d[cpu].levels);
		unsigned int found = find_at_level(g, cpu, level);

		if (found != GICV2_NO_IRQ) {
			g->d[cpu].best = (u16)found;
			g->d[cpu].best_priority = (u8)(level << 3);
			return;
		}
		g->d[cpu].levels &= g->d[cpu].levels - 1;
	}
	g->d[cpu].best = GICV2_NO_IRQ;
	g->d[cpu].best_priority = GICV2_IDLE_PRIORITY;
}

/* Recompute @cpu's eligible bits in word @w; true if they changed. */
static bool refresh_word(struct gicv2 *g, unsigned int cpu, unsigned int w)
{
	const struct gicv2_word *x = gicv2_word(g, cpu, w);
	u32 forwarded = (g->dist_ctlr & GIC_CTLR_GRP0 ? ~x->group : 0) |
			(g->dist_ctlr & GIC_CTLR_GRP1 ? x->group : 0);
	u32 targeted = w ? g->d[cpu].targeted[w] : ~0u;
	u32 now = gicv2_pending(x) & x->enabled & ~x->active & forwarded & targeted;
	u32 before = g->d[cpu].eligible[w];

	if (now == before)
		return false;
	g->d[cpu].eligible[w] = now;
	if (now)
		g->d[cpu].words |= 1u << w;
	for (u32 added = now & ~before; added; added &= added - 1) {
		unsigned int intid = w * 32 + lowest_bit(added);

		g->d[cpu].levels |= 1u << (*gicv2_priority(g, cpu, intid) >> 3);
	}
	return true;
}

void gicv2_update_word(struct gicv2 *g, u32 cpus, unsigned int w)
{
	for (; cpus; cpus &= cpus - 1) {
		unsigned int cpu = lowest_bit(cpus);

		/* None of these SPIs is or was this CPU's: most CPUs, mostly. */
		if (w && !g->d[cpu].targeted[w] && !g->d[cpu].eligible[w])
			continue;
		if (refresh_word(g, cpu, w))
			select_best(g, cpu);
		gicv2_update_output(g, cpu);
	}
}

void gicv2_update_all(struct gicv2 *g)
{
	for (unsigned int cpu = 0; cpu < g->cpus; cpu++) {
		for (unsigned int w = 0; w * 32 < g->irqs; w++)
			refresh_word(g, cpu, w);
		select_best(g, cpu);
		gicv2_update_output(g, cpu);
	}
}

void gicv2_set_priority(struct gicv2 *g, unsigned int cpu, unsigned int intid, u8 priority)
{
	u8 *p = gicv2_priority(g, cpu, intid);
	unsigned int w = intid / 32;
	u32 bit = 1u << intid % 32;
	unsigned int level = (priority & GICV2_PRIORITY_MASK) >> 3;

	*gicv2_level(g, cpu, *p >> 3, w) &= ~bit;
	*p = (u8)(level << 3);
	*gicv2_level(g, cpu, level, w) |= bit;
	for (u32 cpus = gicv2_word_cpus(g, cpu, w); cpus; cpus &= cpus - 1) {
		unsigned int i = lowest_bit(cpus);

		if (!(g->d[i].eligible[w] & bit))
			continue;
		g->d[i].levels |= 1u << level;
		select_best(g, i);
		gicv2_update_output(g, i);
	}
}

/* 4.3.12: on a uniprocessor ITARGETSR is RAZ/WI and every SPI is CPU 0's. */
static void transpose_target(struct gicv2 *g, unsigned int intid)
{
	u32 cpus = g->cpus == 1 ? 1 : g->target[intid];
	u32 bit = 1u << intid % 32;

	for (unsigned int i = 0; i < g->cpus; i++) {
		u32 *t = &g->d[i].targeted[intid / 32];

		*t = (cpus >> i) & 1 ? *t | bit : *t & ~bit;
	}
}

void gicv2_set_target(struct gicv2 *g, unsigned int intid, u8 cpus)
{
	if (g->cpus == 1)
		return;
	g->target[intid] = cpus & gicv2_cpu_mask(g);
	transpose_target(g, intid);
	gicv2_update_word(g, gicv2_cpu_mask(g), intid / 32);
}

void gicv2_set_sgi(struct gicv2 *g, unsigned int cpu, unsigned int id, u8 sources)
{
	struct gicv2_word *x = &g->priv[cpu];

	g->sgi_source[cpu][id] = sources;
	x->latch = sources ? x->latch | 1u << id : x->latch & ~(1u << id);
	gicv2_update_word(g, 1u << cpu, 0);
}

/* The CPUs that a change of the state of @intid, made by @cpu, concerns. */
static u32 irq_cpus(const struct gicv2 *g, unsigned int cpu, unsigned int intid)
{
	if (intid < GICV2_PRIVATE)
		return 1u << cpu;
	return g->cpus == 1 ? 1 : g->target[intid];
}

void gicv2_set_irq(struct gicv2 *g, unsigned int intid, unsigned int cpu, bool level)
{
	u32 bit = 1u << intid % 32;
	struct gicv2_word *x;

	if (intid < GICV2_SGIS || intid >= g->irqs ||
	    (intid < GICV2_PRIVATE && cpu >= g->cpus))
		return;
	x = gicv2_word(g, cpu, intid / 32);
	if (!(x->line & bit) == !level)
		return;
	x->line ^= bit;
	if (level)
		x->latch |= bit & x->edge;
	gicv2_update_word(g, irq_cpus(g, cpu, intid), intid / 32);
}

void gicv2_restore_line(struct gicv2 *g, unsigned int intid, bool level)
{
	u32 bit = 1u << intid % 32;

	if (intid < GICV2_PRIVATE || intid >= g->irqs)
		return;
	g->spi[intid / 32].line &= ~bit;
	g->spi[intid / 32].line |= level ? bit : 0;
	gicv2_update_word(g, irq_cpus(g, 0, intid), intid / 32);
}

u32 gicv2_highest_pending(const struct gicv2 *g, unsigned int cpu, bool alias)
{
	const struct gicv2_cpu *c = &g->cpu[cpu];
	unsigned int best = g->d[cpu].best;
	unsigned int group;

	if (best == GICV2_NO_IRQ)
		return GICV2_NO_IRQ;
	group = group_of(g, cpu, best);
	if (!(c->ctlr & (GIC_CTLR_GRP0 << group)) || (alias && !group))
		return GICV2_NO_IRQ;
	if (!alias && group && !(c->ctlr & GICC_CTLR_ACKCTL))
		return GICV2_GROUP1_PENDING;
	if (best < GICV2_SGIS)
		return best | lowest_bit(g->sgi_source[cpu][best]) << 10;
	return best;
}

/*
 * 3.2.1: the interrupt becomes active, its latch is spent; a level that is
 * still high, or another source of the same SGI, keeps it pending as well.
 */
u32 gicv2_acknowledge(struct gicv2 *g, unsigned int cpu, bool alias)
{
	u32 val = can_signal(g, cpu) ? gicv2_highest_pending(g, cpu, alias) : GICV2_NO_IRQ;
	unsigned int id = val & 0x3ff;
	struct gicv2_cpu *c = &g->cpu[cpu];
	struct gicv2_word *x;
	u32 bit, group_priority;

	if (id >= GICV2_MAX_IRQS)
		return val;
	x = gicv2_word(g, cpu, id / 32);
	bit = 1u << id % 32;
	group_priority = g->d[cpu].best_priority & priority_mask(c, group_of(g, cpu, id));
	c->apr |= 1u << (group_priority >> 3);
	x->active |= bit;
	if (id < GICV2_SGIS) {
		u8 *source = &g->sgi_source[cpu][id];

		*source &= (u8)(*source - 1);
		gicv2_set_sgi(g, cpu, id, *source);
		return val;
	}
	x->latch &= ~bit;
	gicv2_update_word(g, irq_cpus(g, cpu, id), id / 32);
	return val;
}

static void clear_active(struct gicv2 *g, unsigned int cpu, unsigned int intid)
{
	gicv2_word(g, cpu, intid / 32)->active &= ~(1u << intid % 32);
	gicv2_update_word(g, irq_cpus(g, cpu, intid), intid / 32);
}

/*
 * The priority drop takes the highest active priority, whatever @val names:
 * ends must come in reverse order of acknowledges, else 4.4.5 promises nothing.
 */
void gicv2_end(struct gicv2 *g, unsigned int cpu, u32 val, bool alias)
{
	unsigned int id = val & 0x3ff;
	struct gicv2_cpu *c = &g->cpu[cpu];

	if (id >= g->irqs || (alias && !group_of(g, cpu, id)))
		return;
	c->apr &= c->apr - 1;
	if (!(c->ctlr & GICC_CTLR_EOIMODE))
		clear_active(g, cpu, id);
	gicv2_update_output(g, cpu);
}

void gicv2_deactivate(struct gicv2 *g, unsigned int cpu, u32 val)
{
	unsigned int id = val & 0x3ff;

	if (id < g->irqs && (g->cpu[cpu].ctlr & GICC_CTLR_EOIMODE))
		clear_active(g, cpu, id);
}

static void zero(void *at, size_t bytes)
{
	for (u8 *p = at; bytes; bytes--)
		*p++ = 0;
}

/* Everything below "Derived" from everything above it. */
static void rebuild(struct gicv2 *g)
{
	zero(g->d, sizeof(g->d));
	zero(g->spi_level, sizeof(g->spi_level));
	for (unsigned int cpu = 0; cpu < g->cpus; cpu++) {
		for (unsigned int i = 0; i < GICV2_PRIVATE; i++)
			*gicv2_level(g, cpu, g->priv_priority[cpu][i] >> 3, 0) |= 1u << i;
	}
	for (unsigned int i = GICV2_PRIVATE; i < g->irqs; i++) {
		*gicv2_level(g, 0, g->spi_priority[i] >> 3, i / 32) |= 1u << i % 32;
		transpose_target(g, i);
	}
	gicv2_update_all(g);
	g->cpus_changed = gicv2_cpu_mask(g);
}

static void reset_word(struct gicv2_word *x)
{
	*x = (struct gicv2_word){ .line = x->line };
}

void gicv2_reset(struct gicv2 *g)
{
	g->dist_ctlr = 0;
	for (unsigned int cpu = 0; cpu < GICV2_MAX_CPUS; cpu++) {
		reset_word(&g->priv[cpu]);
		g->priv[cpu].enabled = GICV2_SGI_MASK;
		g->priv[cpu].edge = GICV2_SGI_MASK;
		g->cpu[cpu] = (struct gicv2_cpu){ .bpr = GICV2_BPR_MIN, .abpr = GICV2_ABPR_MIN };
	}
	for (unsigned int w = 0; w < GICV2_WORDS; w++)
		reset_word(&g->spi[w]);
	zero(g->priv_priority, sizeof(g->priv_priority));
	zero(g->spi_priority, sizeof(g->spi_priority));
	zero(g->target, sizeof(g->target));
	zero(g->sgi_source, sizeof(g->sgi_source));
	rebuild(g);
}

void gicv2_init(struct gicv2 *g, unsigned int cpus, unsigned int irqs)
{
	zero(g, sizeof(*g));
	g->cpus = cpus < 1 ? 1 : cpus > GICV2_MAX_CPUS ? GICV2_MAX_CPUS : cpus;
	irqs = irqs < GICV2_PRIVATE ? GICV2_PRIVATE : irqs;
	g->irqs = irqs > GICV2_MAX_IRQS - 28 ? GICV2_MAX_IRQS : (irqs + 31) & ~31u;
	gicv2_reset(g);
}

static bool word_ok(const struct gicv2_word *x, u32 implemented)
{
	return !((x->group | x->enabled | x->latch | x->line | x->active | x->edge) &
		 ~implemented);
}

static bool cpu_ok(const struct gicv2 *g, unsigned int cpu)
{
	const struct gicv2_cpu *c = &g->cpu[cpu];
	const struct gicv2_word *x = &g->priv[cpu];

	if ((c->ctlr & ~GICC_CTLR_MASK) || (c->pmr & ~GICV2_PRIORITY_MASK) ||
	    c->bpr < GICV2_BPR_MIN || c->bpr > 7 || c->abpr < GICV2_ABPR_MIN || c->abpr > 7 ||
	    x->edge != GICV2_SGI_MASK || (x->line & GICV2_SGI_MASK))
		return false;
	for (unsigned int i = 0; i < GICV2_PRIVATE; i++) {
		if (g->priv_priority[cpu][i] & ~GICV2_PRIORITY_MASK)
			return false;
	}
	for (unsigned int i = 0; i < GICV2_SGIS; i++) {
		u8 source = g->sgi_source[cpu][i];

		if ((source & ~gicv2_cpu_mask(g)) || (source != 0) != ((x->latch >> i) & 1))
			return false;
	}
	return true;
}

int gicv2_validate(struct gicv2 *g)
{
	if (g->cpus < 1 || g->cpus > GICV2_MAX_CPUS || g->irqs < GICV2_PRIVATE ||
	    g->irqs > GICV2_MAX_IRQS || (g->irqs % 32 && g->irqs != GICV2_MAX_IRQS) ||
	    (g->dist_ctlr & ~GICD_CTLR_MASK))
		return -EINVAL;
	for (unsigned int cpu = 0; cpu < g->cpus; cpu++) {
		if (!cpu_ok(g, cpu))
			return -EINVAL;
	}
	for (unsigned int w = 1; w < GICV2_WORDS; w++) {
		if (!word_ok(&g->spi[w], gicv2_implemented(g, w)))
			return -EINVAL;
	}
	for (unsigned int i = GICV2_PRIVATE; i < GICV2_MAX_IRQS; i++) {
		if ((g->spi_priority[i] & ~GICV2_PRIORITY_MASK) ||
		    (g->target[i] & ~gicv2_cpu_mask(g)))
			return -EINVAL;
	}
	rebuild(g);
	return 0;
}
