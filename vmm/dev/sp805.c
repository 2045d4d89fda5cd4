/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/dev/sp805.h"

#include <pthread.h>
#include <stdlib.h>

#include "vmm/dev/regs.h"
#include "vmm/dev/timer.h"
#include "vmm/host/clock.h"
#include "vmm/host/log.h"

#define UNLOCK 0x1acce551
#define CTRL_INTEN 1u
#define CTRL_RESEN 2u

struct sp805 {
	struct device dev;
	struct sp805_config cfg;
	struct irq_line irq;
	pthread_mutex_t lock;		/* everything below; then comes the GIC's */
	struct dev_timer timer;		/* the next zero that counts */
	u64 end_ns;			/* the counter, if it counts, reaches zero then */
	u64 left_ns;			/* for the save table: until then */
	u32 stopped;			/* what it shows when it does not */
	u32 load, ctrl, ris, locked, itcr, itop;
};

static u64 ns_of(const struct sp805 *w, u64 ticks)
{
	return dev_muldiv(ticks, NS_PER_S, 0, w->cfg.hz);
}

static bool out_level(const struct sp805 *w)
{
	return w->itcr ? w->itop & 2 : w->ris && w->ctrl & CTRL_INTEN;
}

static void update_irq(struct sp805 *w)
{
	irq_set(&w->irq, out_level(w));
}

static void reload(struct sp805 *w)
{
	w->end_ns = dev_now(w->timer.clock) + ns_of(w, w->load);
	w->stopped = w->load;
}

/* With the interrupt there and no reset to come, zero changes nothing. */
static bool zero_counts(const struct sp805 *w)
{
	return w->ctrl & CTRL_INTEN && (!w->ris || w->ctrl & CTRL_RESEN);
}

static void update(struct sp805 *w)
{
	u64 now = dev_now(w->timer.clock);

	update_irq(w);
	if (zero_counts(w))
		dev_timer_set(&w->timer, w->end_ns > now ? w->end_ns - now : 0);
	else
		dev_timer_cancel(&w->timer);
}

/* DDI 0270B 2.2: the first zero interrupts, the second with the interrupt still there resets. */
static void zero(void *opaque)
{
	struct sp805 *w = opaque;
	bool reset = false;

	if (w->ctrl & CTRL_INTEN && dev_now(w->timer.clock) >= w->end_ns) {
		reset = w->ris && w->ctrl & CTRL_RESEN;
		w->ris = 1;
		reload(w);
	}
	update(w);
	if (!reset)
		return;
	pthread_mutex_unlock(&w->lock);
	w->cfg.reset(w->cfg.ctx);
	pthread_mutex_lock(&w->lock);
}

/* To the next zero, over periods that nobody was told of because the interrupt was there already. */
static u64 ns_left(const struct sp805 *w)
{
	u64 now = dev_now(w->timer.clock), period = ns_of(w, (u64)w->load + 1);

	return now < w->end_ns ? w->end_ns - now : period - (now - w->end_ns) % (period ? period : 1);
}

static u32 read_value(void *dev)
{
	struct sp805 *w = dev;
	u64 left;

	if (!(w->ctrl & CTRL_INTEN))
		return w->stopped;
	left = dev_muldiv(ns_left(w), w->cfg.hz, 0, NS_PER_S);
	return left > w->load ? w->load : left;
}

static void write_load(void *dev, u32 val)
{
	(void)val;
	reload(dev);
}

static void write_intclr(void *dev, u32 val)
{
	struct sp805 *w = dev;

	(void)val;
	w->ris = 0;
	reload(w);
}

static u32 read_mis(void *dev)
{
	struct sp805 *w = dev;

	return w->ris && w->ctrl & CTRL_INTEN;
}

static void write_lock(void *dev, u32 val)
{
	((struct sp805 *)dev)->locked = val != UNLOCK;
}

#define FIELD(f) offsetof(struct sp805, f)

static const struct dev_reg regs[] = {
	{ 0x000, FIELD(load), ~0u, ~0u, "LOAD", NULL, write_load },
	{ 0x004, DEV_REG_NO_FIELD, 0, 0, "VALUE", read_value, NULL },
	{ 0x008, FIELD(ctrl), 0, CTRL_INTEN | CTRL_RESEN, "CONTROL", NULL, NULL },
	{ 0x00c, DEV_REG_NO_FIELD, 0, 0, "INTCLR", NULL, write_intclr },
	{ 0x010, FIELD(ris), 0, 0, "RIS", NULL, NULL },
	{ 0x014, DEV_REG_NO_FIELD, 0, 0, "MIS", read_mis, NULL },
	{ 0xc00, FIELD(locked), 0, 0, "LOCK", NULL, write_lock },
	{ 0xf00, FIELD(itcr), 0, 1, "ITCR", NULL, NULL },
	{ 0xf04, FIELD(itop), 0, 3, "ITOP", NULL, NULL },
};

static const u8 periph_id[4] = { 0x05, 0x18, 0x14, 0x00 };

static enum arm_result sp805_read(struct device *dev, unsigned int cpu, u64 off, unsigned int size, u64 *val)
{
	struct sp805 *w = (struct sp805 *)dev;
	const struct dev_reg *row = dev_reg_find(regs, ARM_ARRAY_SIZE(regs), off);

	(void)cpu;
	if (size == 8)
		return ARM_NOT_MINE;
	*val = 0;
	if (!row) {
		primecell_id(periph_id, off, val);
		return ARM_HANDLED;
	}
	pthread_mutex_lock(&w->lock);
	*val = dev_reg_read(row, w);
	pthread_mutex_unlock(&w->lock);
	return ARM_HANDLED;
}

static enum arm_result sp805_write(struct device *dev, unsigned int cpu, u64 off, unsigned int size, u64 val)
{
	struct sp805 *w = (struct sp805 *)dev;
	const struct dev_reg *row = dev_reg_find(regs, ARM_ARRAY_SIZE(regs), off);
	u32 shows, old;

	(void)cpu;
	if (size == 8)
		return ARM_NOT_MINE;
	if (!row)
		return ARM_HANDLED;
	pthread_mutex_lock(&w->lock);
	if (!w->locked || row->off == 0xc00) {
		shows = read_value(w);
		old = w->ctrl;
		dev_reg_write(row, w, val);
		/* Enabling begins at LOAD; what is disabled stands still. */
		if (~old & w->ctrl & CTRL_INTEN)
			reload(w);
		else if (old & ~w->ctrl & CTRL_INTEN)
			w->stopped = shows;
		update(w);
	}
	pthread_mutex_unlock(&w->lock);
	return ARM_HANDLED;
}

static void sp805_reset(struct device *dev)
{
	struct sp805 *w = (struct sp805 *)dev;

	pthread_mutex_lock(&w->lock);
	dev_reg_reset(regs, ARM_ARRAY_SIZE(regs), w);
	w->stopped = ~0u;
	update(w);
	pthread_mutex_unlock(&w->lock);
}

static const struct save_field fields[] = {
	SAVE(struct sp805, left_ns),
	SAVE(struct sp805, stopped),
	SAVE(struct sp805, load),
	SAVE_MAX(struct sp805, ctrl, CTRL_INTEN | CTRL_RESEN),
	SAVE_MAX(struct sp805, ris, 1),
	SAVE_MAX(struct sp805, locked, 1),
	SAVE_MAX(struct sp805, itcr, 1),
	SAVE_MAX(struct sp805, itop, 3),
	SAVE_LAST,
};

/* A zero that is due and was not yet seen is due there at once. */
static void sp805_before(void *obj)
{
	struct sp805 *w = obj;

	pthread_mutex_lock(&w->lock);
	w->left_ns = zero_counts(w) && dev_now(w->timer.clock) >= w->end_ns ? 0 : ns_left(w);
	pthread_mutex_unlock(&w->lock);
}

static int sp805_after(void *obj, char **err)
{
	struct sp805 *w = obj;

	if (w->left_ns > ns_of(w, (u64)w->load + 1))
		return err_set(err, -EINVAL, "sp805: %llu ns are left of a period that is shorter; the stream is"
			       " damaged", (unsigned long long)w->left_ns);
	pthread_mutex_lock(&w->lock);
	w->end_ns = dev_now(w->timer.clock) + w->left_ns;
	irq_restore(&w->irq, out_level(w));
	update(w);
	pthread_mutex_unlock(&w->lock);
	return 0;
}

static const struct save_table table = {
	.name = "sp805", .version = 1, .fields = fields, .before = sp805_before, .after = sp805_after,
};

static void sp805_free(struct device *dev)
{
	struct sp805 *w = (struct sp805 *)dev;

	dev_timer_destroy(&w->timer);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

static const struct device_ops sp805_ops = {
	.name = "sp805",
	.read = sp805_read,
	.write = sp805_write,
	.reset = sp805_reset,
	.free = sp805_free,
	.table = &table,
};

int sp805_create(const struct sp805_config *cfg, struct irq_line irq, struct device **out)
{
	struct sp805 *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->dev.ops = &sp805_ops;
	w->cfg = *cfg;
	w->irq = irq;
	pthread_mutex_init(&w->lock, NULL);
	dev_timer_init(&w->timer, cfg->clock, &w->lock, zero, w);
	dev_reg_reset(regs, ARM_ARRAY_SIZE(regs), w);
	w->stopped = ~0u;
	*out = &w->dev;
	return 0;
}
