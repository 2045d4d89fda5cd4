/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of the GICv2 model; not for others. */
#ifndef ARM_GIC_GICV2_INTERNAL_H
#define ARM_GIC_GICV2_INTERNAL_H

#include "arm/gic/gicv2.h"

#define GICV2_IDLE_PRIORITY 0xffu
#define GICV2_GROUP1_PENDING 1022u	/* what IAR says of an interrupt for AIAR */
#define GICV2_BPR_MIN 2u
#define GICV2_ABPR_MIN 3u
#define GICV2_SGI_MASK 0xffffu		/* of interrupts 0..31 */

/* Word @w of one-bit state as CPU @cpu sees it. */
static inline struct gicv2_word *gicv2_word(struct gicv2 *g, unsigned int cpu, unsigned int w)
{
	return w ? &g->spi[w] : &g->priv[cpu];
}

static inline u8 *gicv2_priority(struct gicv2 *g, unsigned int cpu, unsigned int intid)
{
	return intid < GICV2_PRIVATE ? &g->priv_priority[cpu][intid] : &g->spi_priority[intid];
}

/* Bitmap of the interrupts with priority @level in word @w. */
static inline u32 *gicv2_level(struct gicv2 *g, unsigned int cpu, unsigned int level,
			       unsigned int w)
{
	return w ? &g->spi_level[level][w] : &g->d[cpu].priv_level[level];
}

/* The bits of word @w that stand for interrupts. */
static inline u32 gicv2_implemented(const struct gicv2 *g, unsigned int w)
{
	unsigned int left = g->irqs > w * 32 ? g->irqs - w * 32 : 0;

	return left >= 32 ? ~0u : (1u << left) - 1;
}

static inline u32 gicv2_pending(const struct gicv2_word *x)
{
	return x->latch | (x->line & ~x->edge);
}

static inline u8 gicv2_cpu_mask(const struct gicv2 *g)
{
	return (u8)((1u << g->cpus) - 1);
}

/* gicv2.c: the selection; each ends with right outputs. */

/* Word @w changed in any way: look again for the CPUs in @cpus. */
void gicv2_update_word(struct gicv2 *g, u32 cpus, unsigned int w);
/* GICD_CTLR changed. */
void gicv2_update_all(struct gicv2 *g);
/* A register of @cpu's interface changed. */
void gicv2_update_output(struct gicv2 *g, unsigned int cpu);
/* The CPUs that a change of word @w, made by @cpu, can concern. */
static inline u32 gicv2_word_cpus(const struct gicv2 *g, unsigned int cpu, unsigned int w)
{
	return w ? gicv2_cpu_mask(g) : 1u << cpu;
}

void gicv2_set_priority(struct gicv2 *g, unsigned int cpu, unsigned int intid, u8 priority);
/* @intid >= 32; on a uniprocessor nothing happens: all SPIs go to CPU 0. */
void gicv2_set_target(struct gicv2 *g, unsigned int intid, u8 cpus);
void gicv2_set_sgi(struct gicv2 *g, unsigned int cpu, unsigned int id, u8 sources);

/* gicv2.c: the life of an interrupt. */

/* HPPIR, or AHPPIR if @alias; PMR and the running priority do not matter. */
u32 gicv2_highest_pending(const struct gicv2 *g, unsigned int cpu, bool alias);
/* IAR, or AIAR if @alias. */
u32 gicv2_acknowledge(struct gicv2 *g, unsigned int cpu, bool alias);
/* EOIR, or AEOIR if @alias. */
void gicv2_end(struct gicv2 *g, unsigned int cpu, u32 val, bool alias);
/* DIR */
void gicv2_deactivate(struct gicv2 *g, unsigned int cpu, u32 val);
u32 gicv2_running_priority(const struct gicv2 *g, unsigned int cpu);

#endif
