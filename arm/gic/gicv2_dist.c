/* SPDX-License-Identifier: GPL-2.0-only */
/* GICv2 distributor registers (IHI 0048B 4.3): a row each. */
#include "arm/gic/gicv2_internal.h"

/* Access sizes in bytes; the numbers are their own mask bits. */
#define SIZE_WORD 4
#define SIZE_ANY (1 | 2 | 4)	/* 4.1.4: byte-accessible; halfwords come free */

#define GICD_IIDR_VALUE 0x0200143bu	/* GIC-400 */

struct dist_row;

/* One access, worked out from its offset. */
struct dist_access {
	const struct dist_row *row;
	unsigned int cpu;
	unsigned int intid;	/* the first interrupt it touches */
	unsigned int count;	/* how many; 0 for registers without */
	u32 reg;		/* offset from the start of the row */
};

typedef u32 dist_read_fn(struct gicv2 *g, const struct dist_access *a);
typedef void dist_write_fn(struct gicv2 *g, const struct dist_access *a, u32 val);

/*
 * No read: RAZ.  No write: ignored.  No user_read: FORBIDDEN.  No user_write:
 * only what user_read gives may be written.  Offsets in no row are RAZ/WI:
 * among them GICD_NSACR, which exists with Security Extensions only.
 */
struct dist_row {
	u16 start;
	u16 end;		/* first offset behind it */
	u8 bits;		/* per interrupt; 0: not about interrupts */
	u8 sizes;
	u8 field;		/* in struct gicv2_word, if bits is 1 */
	u32 writable;		/* of word 0, if bits is 1 */
	dist_read_fn *read;
	dist_write_fn *write;
	dist_read_fn *user_read;
	dist_write_fn *user_write;
};

static u32 *word_field(struct gicv2 *g, const struct dist_access *a)
{
	u8 *x = (u8 *)gicv2_word(g, a->cpu, a->intid / 32);

	return (u32 *)(void *)(x + a->row->field);
}

static u32 writable_bits(const struct gicv2 *g, const struct dist_access *a)
{
	unsigned int w = a->intid / 32;

	return w ? gicv2_implemented(g, w) : a->row->writable;
}

static void word_changed(struct gicv2 *g, const struct dist_access *a)
{
	unsigned int w = a->intid / 32;

	gicv2_update_word(g, gicv2_word_cpus(g, a->cpu, w), w);
}

static u32 read_bits(struct gicv2 *g, const struct dist_access *a)
{
	return *word_field(g, a);
}

static void write_bits(struct gicv2 *g, const struct dist_access *a, u32 val)
{
	u32 mask = writable_bits(g, a);
	u32 *f = word_field(g, a);

	*f = (*f & ~mask) | (val & mask);
	word_changed(g, a);
}

static void set_bits(struct gicv2 *g, const struct dist_access *a, u32 val)
{
	*word_field(g, a) |= val & writable_bits(g, a);
	word_changed(g, a);
}

static void clear_bits(struct gicv2 *g, const struct dist_access *a, u32 val)
{
	*word_field(g, a) &= ~(val & writable_bits(g, a));
	word_changed(g, a);
}

/* Pending is more than the latch: a high level-sensitive line shows as well. */
static u32 read_pending(struct gicv2 *g, const struct dist_access *a)
{
	return gicv2_pending(gicv2_word(g, a->cpu, a->intid / 32));
}

static u32 read_priority(struct gicv2 *g, const struct dist_access *a)
{
	u32 val = 0;

	for (unsigned int i = 0; i < a->count && a->intid + i < g->irqs; i++)
		val |= (u32)*gicv2_priority(g, a->cpu, a->intid + i) << i * 8;
	return val;
}

static void write_priority(struct gicv2 *g, const struct dist_access *a, u32 val)
{
	for (unsigned int i = 0; i < a->count && a->intid + i < g->irqs; i++)
		gicv2_set_priority(g, a->cpu, a->intid + i, (u8)(val >> i * 8));
}

/* 4.3.12: for SGIs and PPIs, the reader itself; RAZ/WI with one CPU. */
static u32 read_target(struct gicv2 *g, const struct dist_access *a)
{
	u32 val = 0;

	if (g->cpus == 1)
		return 0;
	for (unsigned int i = 0; i < a->count && a->intid + i < g->irqs; i++) {
		u32 cpus = a->intid < GICV2_PRIVATE ? 1u << a->cpu : g->target[a->intid + i];

		val |= cpus << i * 8;
	}
	return val;
}

static void write_target(struct gicv2 *g, const struct dist_access *a, u32 val)
{
	if (a->intid < GICV2_PRIVATE)
		return;
	for (unsigned int i = 0; i < a->count && a->intid + i < g->irqs; i++)
		gicv2_set_target(g, a->intid + i, (u8)(val >> i * 8));
}

/* Two bits each, of which the upper says edge-triggered; the lower is RES0. */
static u32 read_config(struct gicv2 *g, const struct dist_access *a)
{
	const struct gicv2_word *x = gicv2_word(g, a->cpu, a->intid / 32);
	u32 val = 0;

	for (unsigned int i = 0; i < 16; i++)
		val |= ((x->edge >> (a->intid % 32 + i)) & 1) << (2 * i + 1);
	return val;
}

static void write_config(struct gicv2 *g, const struct dist_access *a, u32 val)
{
	struct gicv2_word *x = gicv2_word(g, a->cpu, a->intid / 32);
	u32 edge = 0;

	if (a->intid < GICV2_PRIVATE)
		return;
	for (unsigned int i = 0; i < 16; i++)
		edge |= ((val >> (2 * i + 1)) & 1) << i;
	edge = (x->edge & ~(0xffffu << a->intid % 32)) | edge << a->intid % 32;
	x->edge = edge & gicv2_implemented(g, a->intid / 32);
	word_changed(g, a);
}

static u32 read_ctlr(struct gicv2 *g, const struct dist_access *a)
{
	(void)a;
	return g->dist_ctlr;
}

static void write_ctlr(struct gicv2 *g, const struct dist_access *a, u32 val)
{
	(void)a;
	g->dist_ctlr = val & GICD_CTLR_MASK;
	gicv2_update_all(g);
}

/* No Security Extensions, no lockable SPIs. */
static u32 read_typer(struct gicv2 *g, const struct dist_access *a)
{
	(void)a;
	return (g->cpus - 1) << 5 | ((g->irqs + 31) / 32 - 1);
}

static u32 read_iidr(struct gicv2 *g, const struct dist_access *a)
{
	(void)g;
	(void)a;
	return GICD_IIDR_VALUE;
}

/* GIC-400: part 0x390, designer Arm, architecture 2; CIDR: PrimeCell. */
static u32 read_id(struct gicv2 *g, const struct dist_access *a)
{
	static const u8 id[12] = {
		0x04, 0x00, 0x00, 0x00,		/* PIDR4-7 */
		0x90, 0xb4, 0x2b, 0x00,		/* PIDR0-3 */
		0x0d, 0xf0, 0x05, 0xb1,		/* CIDR0-3 */
	};

	(void)g;
	return id[a->reg / 4];
}

/* 4.3.15.  NSATT means nothing without Security Extensions. */
static void write_sgir(struct gicv2 *g, const struct dist_access *a, u32 val)
{
	unsigned int id = val & 0xf;
	u8 self = (u8)(1u << a->cpu);
	u8 targets[4] = { (u8)(val >> 16), (u8)~self, self, 0 };
	u8 cpus = targets[(val >> 24) & 3] & gicv2_cpu_mask(g);

	for (unsigned int i = 0; i < g->cpus; i++) {
		if ((cpus >> i) & 1)
			gicv2_set_sgi(g, i, id, g->sgi_source[i][id] | self);
	}
}

static u32 read_sgi(struct gicv2 *g, const struct dist_access *a)
{
	u32 val = 0;

	for (unsigned int i = 0; i < a->count; i++)
		val |= (u32)g->sgi_source[a->cpu][a->intid + i] << i * 8;
	return val;
}

static void set_sgi(struct gicv2 *g, const struct dist_access *a, u32 val)
{
	for (unsigned int i = 0; i < a->count; i++) {
		unsigned int id = a->intid + i;
		u8 sources = (u8)(val >> i * 8) & gicv2_cpu_mask(g);

		gicv2_set_sgi(g, a->cpu, id, g->sgi_source[a->cpu][id] | sources);
	}
}

static void clear_sgi(struct gicv2 *g, const struct dist_access *a, u32 val)
{
	for (unsigned int i = 0; i < a->count; i++) {
		unsigned int id = a->intid + i;

		gicv2_set_sgi(g, a->cpu, id,
			      g->sgi_source[a->cpu][id] & (u8)~(val >> i * 8));
	}
}

#define FIELD(f) offsetof(struct gicv2_word, f)
#define PPI_BITS (~GICV2_SGI_MASK)
/* Not about interrupts; bits; bytes. */
#define PLAIN(at, n, ...) { at, (at) + 4 * (n), 0, SIZE_WORD, 0, 0, __VA_ARGS__ }
#define BITS(at, f, writable, ...) { at, (at) + 0x80, 1, SIZE_WORD, FIELD(f), writable, __VA_ARGS__ }
#define BYTES(at, n, ...) { at, (at) + (n), 8, SIZE_ANY, 0, 0, __VA_ARGS__ }

static const struct dist_row dist_rows[] = {
	PLAIN(GICD_CTLR, 1, read_ctlr, write_ctlr, read_ctlr, write_ctlr),
	PLAIN(GICD_TYPER, 1, read_typer, NULL, read_typer, NULL),
	PLAIN(GICD_IIDR, 1, read_iidr, NULL, read_iidr, NULL),
	BITS(GICD_IGROUPR, group, ~0u, read_bits, write_bits, read_bits, write_bits),
	BITS(GICD_ISENABLER, enabled, ~0u, read_bits, set_bits, read_bits, set_bits),
	BITS(GICD_ICENABLER, enabled, ~0u, read_bits, clear_bits, read_bits, clear_bits),
	BITS(GICD_ISPENDR, latch, PPI_BITS, read_pending, set_bits, read_bits, set_bits),
	BITS(GICD_ICPENDR, latch, PPI_BITS, read_pending, clear_bits, read_bits, clear_bits),
	BITS(GICD_ISACTIVER, active, ~0u, read_bits, set_bits, read_bits, set_bits),
	BITS(GICD_ICACTIVER, active, ~0u, read_bits, clear_bits, read_bits, clear_bits),
	BYTES(GICD_IPRIORITYR, 0x400, read_priority, write_priority, read_priority, write_priority),
	BYTES(GICD_ITARGETSR, 0x400, read_target, write_target, read_target, write_target),
	{ GICD_ICFGR, GICD_ICFGR + 0x100, 2, SIZE_WORD, 0, 0,
	  read_config, write_config, read_config, write_config },
	PLAIN(GICD_SGIR, 1, NULL, write_sgir, NULL, NULL),
	BYTES(GICD_CPENDSGIR, 0x10, read_sgi, clear_sgi, read_sgi, clear_sgi),
	BYTES(GICD_SPENDSGIR, 0x10, read_sgi, set_sgi, read_sgi, set_sgi),
	PLAIN(GICD_PIDR4, 12, read_id, NULL, read_id, NULL),
};

/*
 * Fill @a for an access that reaches a register: aligned, of a size the row
 * allows, at interrupts that exist.  False means RAZ/WI.
 */
static bool decode(const struct gicv2 *g, unsigned int cpu, u32 offset, unsigned int size,
		   struct dist_access *a)
{
	const struct dist_row *row;

	if ((size != 1 && size != 2 && size != 4) || offset % size)
		return false;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(dist_rows); i++) {
		row = &dist_rows[i];
		if (offset < row->start || offset >= row->end)
			continue;
		if (!(row->sizes & size))
			return false;
		*a = (struct dist_access){ .row = row, .cpu = cpu, .reg = offset - row->start };
		if (row->bits) {
			a->intid = a->reg * 8 / row->bits;
			a->count = size * 8 / row->bits;
		}
		return a->intid < g->irqs;
	}
	return false;
}

enum arm_result gicv2_dist_read(struct gicv2 *g, unsigned int cpu, u32 offset,
				unsigned int size, u64 *val)
{
	struct dist_access a;

	if (cpu >= g->cpus || offset >= GICV2_DIST_SIZE)
		return ARM_NOT_MINE;
	*val = decode(g, cpu, offset, size, &a) && a.row->read ? a.row->read(g, &a) : 0;
	return ARM_HANDLED;
}

enum arm_result gicv2_dist_write(struct gicv2 *g, unsigned int cpu, u32 offset,
				 unsigned int size, u64 val)
{
	struct dist_access a;

	if (cpu >= g->cpus || offset >= GICV2_DIST_SIZE)
		return ARM_NOT_MINE;
	if (decode(g, cpu, offset, size, &a) && a.row->write)
		a.row->write(g, &a, (u32)val);
	return ARM_HANDLED;
}

enum arm_result gicv2_dist_user_read(struct gicv2 *g, unsigned int cpu, u32 offset, u32 *val)
{
	struct dist_access a;

	if (cpu >= g->cpus || offset >= GICV2_DIST_SIZE || offset % 4)
		return ARM_NOT_MINE;
	*val = 0;
	if (!decode(g, cpu, offset, 4, &a))
		return ARM_HANDLED;
	if (!a.row->user_read)
		return ARM_FORBIDDEN;
	*val = a.row->user_read(g, &a);
	return ARM_HANDLED;
}

enum arm_result gicv2_dist_user_write(struct gicv2 *g, unsigned int cpu, u32 offset, u32 val)
{
	struct dist_access a;

	if (cpu >= g->cpus || offset >= GICV2_DIST_SIZE || offset % 4)
		return ARM_NOT_MINE;
	if (!decode(g, cpu, offset, 4, &a))
		return val ? ARM_FORBIDDEN : ARM_HANDLED;
	if (a.row->user_write) {
		a.row->user_write(g, &a, val);
		return ARM_HANDLED;
	}
	if (!a.row->user_read || a.row->user_read(g, &a) != val)
		return ARM_FORBIDDEN;
	return ARM_HANDLED;
}
