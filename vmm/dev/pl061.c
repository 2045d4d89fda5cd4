/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/dev/pl061.h"

#include <pthread.h>
#include <stdlib.h>

#include "vmm/dev/regs.h"

struct pl061 {
	struct device dev;
	struct irq_line irq;
	pthread_mutex_t lock;	/* everything below; then comes the GIC's */
	u32 in;			/* levels from outside; not reset */
	u32 seen;		/* pin levels when edges were looked for last */
	u32 data, dir, is, ibe, iev, ie, ris, afsel;
};

/* Output pins show what was written, input pins what drives them. */
static u32 pins(const struct pl061 *g)
{
	return (g->data & g->dir) | (g->in & ~g->dir);
}

/* DDI 0190B 2.3: level pins follow, edge pins latch; only inputs interrupt. */
static void update(struct pl061 *g)
{
	u32 level = pins(g), changed = level ^ g->seen;
	u32 wanted = g->ibe | ~(level ^ g->iev);
	u32 edges = changed & wanted & ~g->is;
	u32 levels = ~(level ^ g->iev) & g->is;

	g->seen = level;
	g->ris = ((g->ris & ~g->is) | edges | levels) & ~g->dir & 0xff;
	irq_set(&g->irq, g->ris & g->ie);
}

static void changed(void *dev, u32 val)
{
	(void)val;
	update(dev);
}

static u32 read_mis(void *dev)
{
	struct pl061 *g = dev;

	return g->ris & g->ie;
}

static void write_ic(void *dev, u32 val)
{
	struct pl061 *g = dev;

	g->ris &= ~(val & ~g->is);
	update(g);
}

#define FIELD(f) offsetof(struct pl061, f)

static const struct dev_reg regs[] = {
	{ 0x400, FIELD(dir), 0, 0xff, "DIR", NULL, changed },
	{ 0x404, FIELD(is), 0, 0xff, "IS", NULL, changed },
	{ 0x408, FIELD(ibe), 0, 0xff, "IBE", NULL, changed },
	{ 0x40c, FIELD(iev), 0, 0xff, "IEV", NULL, changed },
	{ 0x410, FIELD(ie), 0, 0xff, "IE", NULL, changed },
	{ 0x414, FIELD(ris), 0, 0, "RIS", NULL, NULL },
	{ 0x418, DEV_REG_NO_FIELD, 0, 0, "MIS", read_mis, NULL },
	{ 0x41c, DEV_REG_NO_FIELD, 0, 0, "IC", NULL, write_ic },
	{ 0x420, FIELD(afsel), 0, 0xff, "AFSEL", NULL, NULL },
};

static const u8 periph_id[4] = { 0x61, 0x10, 0x04, 0x00 };

/* Address bits 9:2 of the data register say which pins an access is about. */
static u32 data_mask(u64 off)
{
	return (off >> 2) & 0xff;
}

static enum arm_result pl061_read(struct device *dev, unsigned int cpu, u64 off,
				  unsigned int size, u64 *val)
{
	struct pl061 *g = (struct pl061 *)dev;
	const struct dev_reg *row = dev_reg_find(regs, ARM_ARRAY_SIZE(regs), off);

	(void)cpu;
	if (size == 8)
		return ARM_NOT_MINE;
	*val = 0;
	if (primecell_id(periph_id, off, val))
		return ARM_HANDLED;
	pthread_mutex_lock(&g->lock);
	if (off < 0x400)
		*val = pins(g) & data_mask(off);
	else if (row)
		*val = dev_reg_read(row, g);
	pthread_mutex_unlock(&g->lock);
	return ARM_HANDLED;
}

static enum arm_result pl061_write(struct device *dev, unsigned int cpu, u64 off,
				   unsigned int size, u64 val)
{
	struct pl061 *g = (struct pl061 *)dev;
	const struct dev_reg *row = dev_reg_find(regs, ARM_ARRAY_SIZE(regs), off);

	(void)cpu;
	if (size == 8)
		return ARM_NOT_MINE;
	pthread_mutex_lock(&g->lock);
	if (off < 0x400) {
		u32 mask = data_mask(off) & g->dir;

		g->data = (g->data & ~mask) | (val & mask);
		update(g);
	} else if (row) {
		dev_reg_write(row, g, val);
	}
	pthread_mutex_unlock(&g->lock);
	return ARM_HANDLED;
}

void pl061_set_input(struct device *dev, unsigned int pin, bool level)
{
	struct pl061 *g = (struct pl061 *)dev;
	u32 bit = 1u << (pin & 7);

	pthread_mutex_lock(&g->lock);
	g->in = level ? g->in | bit : g->in & ~bit;
	update(g);
	pthread_mutex_unlock(&g->lock);
}

static void pl061_reset(struct device *dev)
{
	struct pl061 *g = (struct pl061 *)dev;

	pthread_mutex_lock(&g->lock);
	dev_reg_reset(regs, ARM_ARRAY_SIZE(regs), g);
	g->data = 0;
	g->seen = pins(g);
	update(g);
	pthread_mutex_unlock(&g->lock);
}

/* Not the pins' levels from outside: the button is up on the new host, which is an edge if it was not. */
static const struct save_field fields[] = {
	SAVE_MAX(struct pl061, seen, 0xff),
	SAVE_MAX(struct pl061, data, 0xff),
	SAVE_MAX(struct pl061, dir, 0xff),
	SAVE_MAX(struct pl061, is, 0xff),
	SAVE_MAX(struct pl061, ibe, 0xff),
	SAVE_MAX(struct pl061, iev, 0xff),
	SAVE_MAX(struct pl061, ie, 0xff),
	SAVE_MAX(struct pl061, ris, 0xff),
	SAVE_MAX(struct pl061, afsel, 0xff),
	SAVE_LAST,
};

static int pl061_after(void *obj, char **err)
{
	struct pl061 *g = obj;

	(void)err;
	pthread_mutex_lock(&g->lock);
	irq_restore(&g->irq, g->ris & g->ie);
	update(g);
	pthread_mutex_unlock(&g->lock);
	return 0;
}

static const struct save_table table = {
	.name = "pl061", .version = 1, .fields = fields, .after = pl061_after,
};

static void pl061_free(struct device *dev)
{
	struct pl061 *g = (struct pl061 *)dev;

	pthread_mutex_destroy(&g->lock);
	free(g);
}

static const struct device_ops pl061_ops = {
	.name = "pl061",
	.read = pl061_read,
	.write = pl061_write,
	.reset = pl061_reset,
	.free = pl061_free,
	.table = &table,
};

int pl061_create(struct irq_line irq, struct device **out)
{
	struct pl061 *g = calloc(1, sizeof(*g));

	if (!g)
		return -ENOMEM;
	g->dev.ops = &pl061_ops;
	g->irq = irq;
	pthread_mutex_init(&g->lock, NULL);
	*out = &g->dev;
	return 0;
}
