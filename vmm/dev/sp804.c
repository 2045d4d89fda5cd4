/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nothing counts: what a counter shows is worked out from the host's clock when
 * somebody looks.  A tick has a number since the counter got its clock, so
 * that periods of a fraction of a nanosecond add up right.
 */
#include "vmm/dev/sp804.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/dev/regs.h"
#include "vmm/dev/timer.h"
#include "vmm/host/clock.h"
#include "vmm/host/log.h"

#define COUNTERS 2

/* CONTROL */
#define CTRL_ENABLE 0x80u
#define CTRL_PERIODIC 0x40u
#define CTRL_INTEN 0x20u
#define CTRL_PRESCALE(c) ((c) >> 2 & 3)
#define CTRL_32BIT 0x02u
#define CTRL_ONESHOT 0x01u
#define CTRL_MASK 0xefu

struct counter {
	u64 epoch_ns;		/* tick 0 was then, */
	u64 age;		/* for the save table: so long ago, */
	u64 rate;		/* and since then there are so many in 256 seconds */
	u64 tick;		/* at this one */
	u64 left;		/* there were so many to the next zero; its low bits are what VALUE shows */
	bool halted;		/* a one-shot that has reached zero */
	u32 load, ctrl, ris;
};

struct sp804 {
	struct device dev;
	struct sp804_clock clock;
	struct irq_line irq;
	pthread_mutex_t lock;		/* everything below; then comes the GIC's */
	struct dev_timer timer;		/* the next zero that interrupts and has not */
	struct counter counter[COUNTERS];
	u32 itcr, itop;
};

/* The largest prescaler is 256, so that a rate is a whole number. */
static u64 rate_of(const struct sp804 *t, unsigned int n)
{
	static const u8 shift[4] = { 0, 4, 8, 8 };

	return (u64)t->clock.hz(t->clock.ctx, n) << 8 >> shift[CTRL_PRESCALE(t->counter[n].ctrl)];
}

static u64 ticks_of(u64 ns, u64 rate)
{
	return dev_muldiv(ns, rate, 0, NS_PER_S << 8);
}

static u64 ns_of(u64 ticks, u64 rate)
{
	return rate ? dev_muldiv(ticks, NS_PER_S << 8, rate - 1, rate) : UINT64_MAX;
}

static u32 mask_of(const struct counter *c)
{
	return c->ctrl & CTRL_32BIT ? ~0u : 0xffff;
}

static bool is_running(const struct counter *c)
{
	return c->ctrl & CTRL_ENABLE && !c->halted;
}

static u32 shown(const struct counter *c)
{
	return c->left & mask_of(c);
}

/* Zero was reached and @late ticks went by since. */
static void wrap(struct counter *c, u64 late)
{
	u64 period = (u64)mask_of(c) + 1;

	if (c->ctrl & CTRL_PERIODIC)
		period = c->load & mask_of(c);
	c->ris = 1;
	c->halted = c->ctrl & CTRL_ONESHOT || !period;
	/* A period is LOAD ticks: the one of zero is that of LOAD. */
	c->left = c->halted ? 0 : period - late % period;
}

/* Brings a counter to the present.  @now was read under the lock, so that it never goes back. */
static void advance(struct counter *c, u64 now)
{
	u64 tick = ticks_of(now - c->epoch_ns, c->rate), passed = tick - c->tick;

	c->tick = tick;
	if (!is_running(c))
		return;
	if (passed < c->left)
		c->left -= passed;
	else
		wrap(c, passed - c->left);
}

static bool out_level(const struct sp804 *t)
{
	u32 out = 0;

	for (unsigned int i = 0; i < COUNTERS; i++)
		out |= t->counter[i].ris && t->counter[i].ctrl & CTRL_INTEN ? 1u << i : 0;
	return t->itcr & 1 ? t->itop & 3 : out;
}

static void update_irq(struct sp804 *t)
{
	irq_set(&t->irq, out_level(t));
}

/* After every change, and at a zero. */
static void update(void *opaque)
{
	struct sp804 *t = opaque;
	u64 now = dev_now(t->timer.clock), next = UINT64_MAX;

	for (unsigned int i = 0; i < COUNTERS; i++) {
		struct counter *c = &t->counter[i];
		u64 at;

		advance(c, now);
		if (!is_running(c) || c->ris || !(c->ctrl & CTRL_INTEN) || !c->rate)
			continue;
		at = ns_of(c->tick + c->left, c->rate) + c->epoch_ns;
		if (at < next)
			next = at;
	}
	update_irq(t);
	if (next == UINT64_MAX)
		dev_timer_cancel(&t->timer);
	else
		dev_timer_set(&t->timer, next > now ? next - now : 0);
}

/* Ticks are counted anew, at what is the rate now. */
static void new_epoch(struct sp804 *t, unsigned int n, u64 now)
{
	t->counter[n].epoch_ns = now;
	t->counter[n].rate = rate_of(t, n);
	t->counter[n].tick = 0;
}

static void start_at(struct counter *c, u32 value)
{
	c->left = value & mask_of(c);
	c->halted = false;
}

static void write_ctrl(struct sp804 *t, unsigned int n, u32 val, u64 now)
{
	struct counter *c = &t->counter[n];
	u32 old = c->ctrl;

	c->ctrl = val & CTRL_MASK;
	if ((old ^ val) & CTRL_32BIT && !c->halted)
		c->left = shown(c) ? shown(c) : (u64)mask_of(c) + 1;
	if (CTRL_PRESCALE(old) != CTRL_PRESCALE(val) || ~old & val & CTRL_ENABLE)
		new_epoch(t, n, now);
	/* What has stopped goes on when it is no longer a one-shot. */
	if (c->halted && !(c->ctrl & CTRL_ONESHOT))
		start_at(c, c->ctrl & CTRL_PERIODIC ? c->load : ~0u);
}

static u32 counter_read(const struct counter *c, u64 off)
{
	switch (off) {
	case 0x00:
	case 0x18:
		return c->load;
	case 0x04:
		return shown(c);
	case 0x08:
		return c->ctrl;
	case 0x10:
		return c->ris;
	case 0x14:
		return c->ris && c->ctrl & CTRL_INTEN;
	}
	return 0;
}

static void counter_write(struct sp804 *t, unsigned int n, u64 off, u32 val, u64 now)
{
	struct counter *c = &t->counter[n];

	switch (off) {
	case 0x00:
		c->load = val;
		new_epoch(t, n, now);
		start_at(c, val);
		break;
	case 0x08:
		write_ctrl(t, n, val, now);
		break;
	case 0x0c:
		c->ris = 0;
		break;
	case 0x18:
		c->load = val;
		break;
	}
}

static const u8 periph_id[4] = { 0x04, 0x18, 0x14, 0x00 };

static enum arm_result sp804_read(struct device *dev, unsigned int cpu, u64 off, unsigned int size, u64 *val)
{
	struct sp804 *t = (struct sp804 *)dev;
	unsigned int n = off >> 5 & 1;

	(void)cpu;
	if (size == 8)
		return ARM_NOT_MINE;
	*val = 0;
	if (primecell_id(periph_id, off, val))
		return ARM_HANDLED;
	pthread_mutex_lock(&t->lock);
	if (off < 0x40) {
		advance(&t->counter[n], dev_now(t->timer.clock));
		*val = counter_read(&t->counter[n], off & 0x1f);
		/* The timer comes late now and then. */
		update_irq(t);
	} else if (off == 0xf00) {
		*val = t->itcr;
	}
	pthread_mutex_unlock(&t->lock);
	return ARM_HANDLED;
}

static enum arm_result sp804_write(struct device *dev, unsigned int cpu, u64 off, unsigned int size, u64 val)
{
	struct sp804 *t = (struct sp804 *)dev;
	unsigned int n = off >> 5 & 1;
	u64 now;

	(void)cpu;
	if (size == 8)
		return ARM_NOT_MINE;
	pthread_mutex_lock(&t->lock);
	now = dev_now(t->timer.clock);
	if (off < 0x40) {
		advance(&t->counter[n], now);
		counter_write(t, n, off & 0x1f, val, now);
	} else if (off == 0xf00) {
		t->itcr = val & 1;
	} else if (off == 0xf04) {
		t->itop = val & 3;
	}
	update(t);
	pthread_mutex_unlock(&t->lock);
	return ARM_HANDLED;
}

void sp804_clock_changed(struct device *dev)
{
	struct sp804 *t = (struct sp804 *)dev;
	u64 now;

	pthread_mutex_lock(&t->lock);
	now = dev_now(t->timer.clock);
	for (unsigned int i = 0; i < COUNTERS; i++) {
		advance(&t->counter[i], now);
		new_epoch(t, i, now);
	}
	update(t);
	pthread_mutex_unlock(&t->lock);
}

/* DDI 0271D 3.2 */
static void counters_reset(struct sp804 *t)
{
	memset(t->counter, 0, sizeof(t->counter));
	for (unsigned int i = 0; i < COUNTERS; i++) {
		t->counter[i].ctrl = CTRL_INTEN;
		t->counter[i].left = ~0u;
		new_epoch(t, i, dev_now(t->timer.clock));
	}
	t->itcr = t->itop = 0;
}

static void sp804_reset(struct device *dev)
{
	struct sp804 *t = (struct sp804 *)dev;

	pthread_mutex_lock(&t->lock);
	counters_reset(t);
	update(t);
	pthread_mutex_unlock(&t->lock);
}

/* The rate follows from the prescaler and the board's clock, which has been loaded before. */
static const struct save_field counter_fields[] = {
	SAVE_MAX(struct counter, age, DEV_AGE_MAX),
	SAVE(struct counter, tick),
	SAVE_MAX(struct counter, left, 1ull << 32),
	SAVE(struct counter, halted),
	SAVE(struct counter, load),
	SAVE_MAX(struct counter, ctrl, CTRL_MASK),
	SAVE_MAX(struct counter, ris, 1),
	SAVE_LAST,
};

static const struct save_field fields[] = {
	SAVE_SUBS(struct sp804, counter, counter_fields),
	SAVE_MAX(struct sp804, itcr, 1),
	SAVE_MAX(struct sp804, itop, 3),
	SAVE_LAST,
};

static void sp804_before(void *obj)
{
	struct sp804 *t = obj;

	pthread_mutex_lock(&t->lock);
	for (unsigned int i = 0; i < COUNTERS; i++)
		t->counter[i].age = dev_age(t->timer.clock, t->counter[i].epoch_ns);
	pthread_mutex_unlock(&t->lock);
}

static int sp804_after(void *obj, char **err)
{
	struct sp804 *t = obj;
	int ret = 0;

	pthread_mutex_lock(&t->lock);
	for (unsigned int i = 0; i < COUNTERS && !ret; i++) {
		struct counter *c = &t->counter[i];

		c->rate = rate_of(t, i);
		c->epoch_ns = dev_age(t->timer.clock, c->age);
		if (c->tick > ticks_of(c->age, c->rate))
			ret = err_set(err, -EINVAL, "sp804: counter %u is at tick %llu, which is yet to come; the"
				      " stream is damaged", i, (unsigned long long)c->tick);
	}
	if (!ret) {
		irq_restore(&t->irq, out_level(t));
		update(t);
	}
	pthread_mutex_unlock(&t->lock);
	return ret;
}

static const struct save_table table = {
	.name = "sp804", .version = 1, .fields = fields, .before = sp804_before, .after = sp804_after,
};

static void sp804_free(struct device *dev)
{
	struct sp804 *t = (struct sp804 *)dev;

	dev_timer_destroy(&t->timer);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static const struct device_ops sp804_ops = {
	.name = "sp804",
	.read = sp804_read,
	.write = sp804_write,
	.reset = sp804_reset,
	.free = sp804_free,
	.table = &table,
};

int sp804_create(struct dev_clock *time, const struct sp804_clock *clock, struct irq_line irq, struct device **out)
{
	struct sp804 *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->dev.ops = &sp804_ops;
	t->clock = *clock;
	t->irq = irq;
	pthread_mutex_init(&t->lock, NULL);
	dev_timer_init(&t->timer, time, &t->lock, update, t);
	counters_reset(t);
	*out = &t->dev;
	return 0;
}
