/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/dev/sp810.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "vmm/dev/regs.h"

/* SCCTRL */
#define MODE_CTRL 7u
#define MODE_STATUS_SHIFT 3
#define TIMER_SEL(n) (1u << (15 + 2 * (n)))
#define TIMER_SELS (TIMER_SEL(0) | TIMER_SEL(1) | TIMER_SEL(2) | TIMER_SEL(3))
#define CTRL_MASK (MODE_CTRL | 0x1ffff00u)
#define CTRL_RESET 0x9			/* DOZE, reached */

struct sp810 {
	struct device dev;
	void (*changed)(void *ctx);
	void *ctx;
	atomic_uint sel;		/* the TIMER_SELS of ctrl */
	pthread_mutex_t lock;		/* everything below */
	u32 ctrl, imctrl, imstat, xtal, pll, pllf, per0, per1, peren, itcr;
};

/* The mode that was asked for is reached at once: NORMAL, SLOW, DOZE or SLEEP by its highest bit. */
static u32 read_ctrl(void *dev)
{
	struct sp810 *c = dev;
	u32 want = c->ctrl & MODE_CTRL;
	u32 status = want & 4 ? 4 : want & 2 ? 2 : want & 1;

	return (c->ctrl & ~(15u << MODE_STATUS_SHIFT)) | status << MODE_STATUS_SHIFT;
}

static void write_peren(void *dev, u32 val)
{
	struct sp810 *c = dev;

	c->peren |= val;
}

static void write_perdis(void *dev, u32 val)
{
	struct sp810 *c = dev;

	c->peren &= ~val;
}

static u32 read_peren(void *dev)
{
	return ((struct sp810 *)dev)->peren;
}

#define FIELD(f) offsetof(struct sp810, f)

/* DDI 0254B 3.2 */
static const struct dev_reg regs[] = {
	{ 0x00, FIELD(ctrl), CTRL_RESET, CTRL_MASK, "CTRL", read_ctrl, NULL },
	{ 0x08, FIELD(imctrl), 0, 0x8f, "IMCTRL", NULL, NULL },
	{ 0x0c, FIELD(imstat), 0, 1, "IMSTAT", NULL, NULL },
	{ 0x10, FIELD(xtal), 0, 0x7ffff, "XTALCTRL", NULL, NULL },
	{ 0x14, FIELD(pll), 0, 0xfffffff, "PLLCTRL", NULL, NULL },
	{ 0x18, FIELD(pllf), 0, ~0u, "PLLFCTRL", NULL, NULL },
	{ 0x1c, FIELD(per0), 0, ~0u, "PERCTRL0", NULL, NULL },
	{ 0x20, FIELD(per1), 0, ~0u, "PERCTRL1", NULL, NULL },
	{ 0x24, DEV_REG_NO_FIELD, 0, 0, "PEREN", NULL, write_peren },
	{ 0x28, DEV_REG_NO_FIELD, 0, 0, "PERDIS", NULL, write_perdis },
	{ 0x2c, FIELD(peren), ~0u, 0, "PERCLKEN", NULL, NULL },
	{ 0x30, DEV_REG_NO_FIELD, 0, 0, "PERSTAT", read_peren, NULL },
	{ 0xf00, FIELD(itcr), 0, 1, "ITCR", NULL, NULL },
};

static const u8 periph_id[4] = { 0x10, 0x18, 0x04, 0x00 };

static enum arm_result sp810_read(struct device *dev, unsigned int cpu, u64 off, unsigned int size, u64 *val)
{
	struct sp810 *c = (struct sp810 *)dev;
	const struct dev_reg *row = dev_reg_find(regs, ARM_ARRAY_SIZE(regs), off);

	(void)cpu;
	if (size == 8)
		return ARM_NOT_MINE;
	*val = 0;
	if (!row) {
		primecell_id(periph_id, off, val);
		return ARM_HANDLED;
	}
	pthread_mutex_lock(&c->lock);
	*val = dev_reg_read(row, c);
	pthread_mutex_unlock(&c->lock);
	return ARM_HANDLED;
}

/* Outside of our lock: a timer asks back which clock it has. */
static void publish(struct sp810 *c, u32 sel)
{
	if (atomic_exchange(&c->sel, sel) != sel && c->changed)
		c->changed(c->ctx);
}

static enum arm_result sp810_write(struct device *dev, unsigned int cpu, u64 off, unsigned int size, u64 val)
{
	struct sp810 *c = (struct sp810 *)dev;
	const struct dev_reg *row = dev_reg_find(regs, ARM_ARRAY_SIZE(regs), off);
	u32 sel;

	(void)cpu;
	if (size == 8)
		return ARM_NOT_MINE;
	if (!row)
		return ARM_HANDLED;
	pthread_mutex_lock(&c->lock);
	dev_reg_write(row, c, val);
	sel = c->ctrl & TIMER_SELS;
	pthread_mutex_unlock(&c->lock);
	publish(c, sel);
	return ARM_HANDLED;
}

bool sp810_timer_has_timclk(struct device *dev, unsigned int n)
{
	return atomic_load(&((struct sp810 *)dev)->sel) & TIMER_SEL(n & (SP810_TIMERS - 1));
}

static void sp810_reset(struct device *dev)
{
	struct sp810 *c = (struct sp810 *)dev;

	pthread_mutex_lock(&c->lock);
	dev_reg_reset(regs, ARM_ARRAY_SIZE(regs), c);
	pthread_mutex_unlock(&c->lock);
	publish(c, 0);
}

static const struct save_field fields[] = {
	SAVE(struct sp810, ctrl),
	SAVE(struct sp810, imctrl),
	SAVE(struct sp810, imstat),
	SAVE(struct sp810, xtal),
	SAVE(struct sp810, pll),
	SAVE(struct sp810, pllf),
	SAVE(struct sp810, per0),
	SAVE(struct sp810, per1),
	SAVE(struct sp810, peren),
	SAVE(struct sp810, itcr),
	SAVE_LAST,
};

static int sp810_after(void *obj, char **err)
{
	struct sp810 *c = obj;

	(void)err;
	publish(c, c->ctrl & TIMER_SELS);
	return 0;
}

static const struct save_table table = {
	.name = "sp810", .version = 1, .fields = fields, .after = sp810_after,
};

static void sp810_free(struct device *dev)
{
	struct sp810 *c = (struct sp810 *)dev;

	pthread_mutex_destroy(&c->lock);
	free(c);
}

static const struct device_ops sp810_ops = {
	.name = "sp810",
	.read = sp810_read,
	.write = sp810_write,
	.reset = sp810_reset,
	.free = sp810_free,
	.table = &table,
};

int sp810_create(void (*changed)(void *ctx), void *ctx, struct device **out)
{
	struct sp810 *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->dev.ops = &sp810_ops;
	c->changed = changed;
	c->ctx = ctx;
	pthread_mutex_init(&c->lock, NULL);
	dev_reg_reset(regs, ARM_ARRAY_SIZE(regs), c);
	*out = &c->dev;
	return 0;
}
