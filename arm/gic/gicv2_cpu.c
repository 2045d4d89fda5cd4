/* SPDX-License-Identifier: GPL-2.0-only */
/* GICv2 CPU interface registers (IHI 0048B 4.4): a row each, 32-bit accesses only. */
#include "arm/gic/gicv2_internal.h"

#define GICC_IIDR_VALUE 0x0202143bu	/* GIC-400 */

typedef u32 cpu_read_fn(struct gicv2 *g, unsigned int cpu);
typedef void cpu_write_fn(struct gicv2 *g, unsigned int cpu, u32 val);

/* Missing accessors mean what they mean in gicv2_dist.c. */
struct cpu_row {
	cpu_read_fn *read;
	cpu_write_fn *write;
	cpu_read_fn *user_read;
	cpu_write_fn *user_write;
};

static u32 read_ctlr(struct gicv2 *g, unsigned int cpu)
{
	return g->cpu[cpu].ctlr;
}

static void write_ctlr(struct gicv2 *g, unsigned int cpu, u32 val)
{
	g->cpu[cpu].ctlr = val & GICC_CTLR_MASK;
	gicv2_update_output(g, cpu);
}

static u32 read_pmr(struct gicv2 *g, unsigned int cpu)
{
	return g->cpu[cpu].pmr;
}

static void write_pmr(struct gicv2 *g, unsigned int cpu, u32 val)
{
	g->cpu[cpu].pmr = val & GICV2_PRIORITY_MASK;
	gicv2_update_output(g, cpu);
}

static u32 read_bpr(struct gicv2 *g, unsigned int cpu)
{
	return g->cpu[cpu].bpr;
}

/* 4.4.3: a value below the minimum sets the minimum. */
static u8 at_least(u32 val, u32 min)
{
	val &= 7;
	return (u8)(val < min ? min : val);
}

static void write_bpr(struct gicv2 *g, unsigned int cpu, u32 val)
{
	g->cpu[cpu].bpr = at_least(val, GICV2_BPR_MIN);
	gicv2_update_output(g, cpu);
}

static u32 read_abpr(struct gicv2 *g, unsigned int cpu)
{
	return g->cpu[cpu].abpr;
}

static void write_abpr(struct gicv2 *g, unsigned int cpu, u32 val)
{
	g->cpu[cpu].abpr = at_least(val, GICV2_ABPR_MIN);
	gicv2_update_output(g, cpu);
}

static u32 read_iar(struct gicv2 *g, unsigned int cpu)
{
	return gicv2_acknowledge(g, cpu, false);
}

static u32 read_aiar(struct gicv2 *g, unsigned int cpu)
{
	return gicv2_acknowledge(g, cpu, true);
}

static void write_eoir(struct gicv2 *g, unsigned int cpu, u32 val)
{
	gicv2_end(g, cpu, val, false);
}

static void write_aeoir(struct gicv2 *g, unsigned int cpu, u32 val)
{
	gicv2_end(g, cpu, val, true);
}

static u32 read_rpr(struct gicv2 *g, unsigned int cpu)
{
	return gicv2_running_priority(g, cpu);
}

static u32 read_hppir(struct gicv2 *g, unsigned int cpu)
{
	return gicv2_highest_pending(g, cpu, false);
}

static u32 read_ahppir(struct gicv2 *g, unsigned int cpu)
{
	return gicv2_highest_pending(g, cpu, true);
}

static u32 read_apr(struct gicv2 *g, unsigned int cpu)
{
	return g->cpu[cpu].apr;
}

static void write_apr(struct gicv2 *g, unsigned int cpu, u32 val)
{
	g->cpu[cpu].apr = val;
	gicv2_update_output(g, cpu);
}

static u32 read_iidr(struct gicv2 *g, unsigned int cpu)
{
	(void)g;
	(void)cpu;
	return GICC_IIDR_VALUE;
}

#define READ_WRITE(name) { read_##name, write_##name, read_##name, write_##name }
#define READ_ONLY(name) { read_##name, NULL, read_##name, NULL }

/*
 * By offset / 4.  The rest is RAZ/WI: APR1-3, since 32 priorities fit into
 * APR0, and NSAPR0-3, which exist with Security Extensions only.
 */
static const struct cpu_row cpu_rows[0x100 / 4] = {
	[GICC_CTLR / 4]		= READ_WRITE(ctlr),
	[GICC_PMR / 4]		= READ_WRITE(pmr),
	[GICC_BPR / 4]		= READ_WRITE(bpr),
	[GICC_IAR / 4]		= { read_iar, NULL, NULL, NULL },
	[GICC_EOIR / 4]		= { NULL, write_eoir, NULL, NULL },
	[GICC_RPR / 4]		= READ_ONLY(rpr),
	[GICC_HPPIR / 4]	= READ_ONLY(hppir),
	[GICC_ABPR / 4]		= READ_WRITE(abpr),
	[GICC_AIAR / 4]		= { read_aiar, NULL, NULL, NULL },
	[GICC_AEOIR / 4]	= { NULL, write_aeoir, NULL, NULL },
	[GICC_AHPPIR / 4]	= READ_ONLY(ahppir),
	[GICC_APR0 / 4]		= READ_WRITE(apr),
	[GICC_IIDR / 4]		= READ_ONLY(iidr),
};

static const struct cpu_row dir_row = { NULL, gicv2_deactivate, NULL, NULL };

/* The row of a register, or null for what is RAZ/WI. */
static const struct cpu_row *find_row(u32 offset, unsigned int size)
{
	const struct cpu_row *row = NULL;

	if (size != 4 || offset % 4)
		return NULL;
	if (offset == GICC_DIR)
		row = &dir_row;
	else if (offset / 4 < ARM_ARRAY_SIZE(cpu_rows))
		row = &cpu_rows[offset / 4];
	return row && (row->read || row->write) ? row : NULL;
}

enum arm_result gicv2_cpu_read(struct gicv2 *g, unsigned int cpu, u32 offset,
			       unsigned int size, u64 *val)
{
	const struct cpu_row *row;

	if (cpu >= g->cpus || offset >= GICV2_CPU_SIZE)
		return ARM_NOT_MINE;
	row = find_row(offset, size);
	*val = row && row->read ? row->read(g, cpu) : 0;
	return ARM_HANDLED;
}

enum arm_result gicv2_cpu_write(struct gicv2 *g, unsigned int cpu, u32 offset,
				unsigned int size, u64 val)
{
	const struct cpu_row *row;

	if (cpu >= g->cpus || offset >= GICV2_CPU_SIZE)
		return ARM_NOT_MINE;
	row = find_row(offset, size);
	if (row && row->write)
		row->write(g, cpu, (u32)val);
	return ARM_HANDLED;
}

enum arm_result gicv2_cpu_user_read(struct gicv2 *g, unsigned int cpu, u32 offset, u32 *val)
{
	const struct cpu_row *row;

	if (cpu >= g->cpus || offset >= GICV2_CPU_SIZE || offset % 4)
		return ARM_NOT_MINE;
	*val = 0;
	row = find_row(offset, 4);
	if (!row)
		return ARM_HANDLED;
	if (!row->user_read)
		return ARM_FORBIDDEN;
	*val = row->user_read(g, cpu);
	return ARM_HANDLED;
}

enum arm_result gicv2_cpu_user_write(struct gicv2 *g, unsigned int cpu, u32 offset, u32 val)
{
	const struct cpu_row *row;

	if (cpu >= g->cpus || offset >= GICV2_CPU_SIZE || offset % 4)
		return ARM_NOT_MINE;
	row = find_row(offset, 4);
	if (!row)
		return val ? ARM_FORBIDDEN : ARM_HANDLED;
	if (row->user_write) {
		row->user_write(g, cpu, val);
		return ARM_HANDLED;
	}
	if (!row->user_read || row->user_read(g, cpu) != val)
		return ARM_FORBIDDEN;
	return ARM_HANDLED;
}
