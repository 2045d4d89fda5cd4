/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/dev/pl031.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "vmm/dev/regs.h"
#include "vmm/host/loop.h"

struct pl031 {
	struct device dev;
	struct loop *loop;
	struct irq_line irq;
	struct loop_source *timer;	/* the loop's thread only */
	pthread_mutex_t lock;		/* everything below; then comes the GIC's */
	u32 offset;			/* guest seconds minus host seconds */
	u32 mr, lr, cr, imsc, ris;
	bool alarm;			/* MR is still to come */
};

static u64 host_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (u64)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static u32 now(const struct pl031 *r)
{
	return host_ns() / 1000000000 + r->offset;
}

static void update_irq(struct pl031 *r)
{
	irq_set(&r->irq, r->ris & r->imsc & 1);
}

/* With the lock: MR or the time was set.  More than half of the range away is the past: DR does not come there. */
static void alarm_set(struct pl031 *r)
{
	r->alarm = (s32)(r->mr - now(r)) > 0;
}

static void alarm_fire(struct pl031 *r)
{
	r->alarm = false;
	r->ris = 1;
	update_irq(r);
}

/* On the loop's thread: is it the second in which DR becomes MR?  Else wait for it. */
static void alarm_check(void *opaque)
{
	struct pl031 *r = opaque;
	u64 wait_ns;
	u32 wait_s;
	bool wait;

	pthread_mutex_lock(&r->lock);
	wait_s = r->mr - now(r);
	wait_ns = (u64)wait_s * 1000000000 - host_ns() % 1000000000;
	/* A wait may be too short: the time of day was set back meanwhile. */
	if (r->alarm && (s32)wait_s <= 0)
		alarm_fire(r);
	wait = r->alarm;
	pthread_mutex_unlock(&r->lock);
	if (r->timer)
		loop_remove(r->timer);
	r->timer = wait ? loop_add_timer(r->loop, wait_ns, 0, alarm_check, r) : NULL;
}

static u32 read_dr(void *dev)
{
	return now(dev);
}

static void write_mr(void *dev, u32 val)
{
	struct pl031 *r = dev;

	if (val == now(r))
		alarm_fire(r);
	else
		alarm_set(r);
	loop_call(r->loop, alarm_check, r);
}

static void write_lr(void *dev, u32 val)
{
	struct pl031 *r = dev;

	r->offset = 0;
	r->offset = val - now(r);
	alarm_set(r);
	loop_call(r->loop, alarm_check, r);
}

/* The clock cannot be stopped: writing 1 again "resets" it to zero, which nobody wants. */
static u32 read_cr(void *dev)
{
	(void)dev;
	return 1;
}

static void write_imsc(void *dev, u32 val)
{
	(void)val;
	update_irq(dev);
}

static u32 read_mis(void *dev)
{
	struct pl031 *r = dev;

	return r->ris & r->imsc;
}

static void write_icr(void *dev, u32 val)
{
	struct pl031 *r = dev;

	r->ris &= ~val;
	update_irq(r);
}

#define FIELD(f) offsetof(struct pl031, f)

static const struct dev_reg regs[] = {
	{ 0x00, DEV_REG_NO_FIELD, 0, 0, "DR", read_dr, NULL },
	{ 0x04, FIELD(mr), 0, ~0u, "MR", NULL, write_mr },
	{ 0x08, FIELD(lr), 0, ~0u, "LR", NULL, write_lr },
	{ 0x0c, FIELD(cr), 0, 0, "CR", read_cr, NULL },
	{ 0x10, FIELD(imsc), 0, 1, "IMSC", NULL, write_imsc },
	{ 0x14, FIELD(ris), 0, 0, "RIS", NULL, NULL },
	{ 0x18, DEV_REG_NO_FIELD, 0, 0, "MIS", read_mis, NULL },
	{ 0x1c, DEV_REG_NO_FIELD, 0, 0, "ICR", NULL, write_icr },
};

static const u8 periph_id[4] = { 0x31, 0x10, 0x04, 0x00 };

static enum arm_result pl031_read(struct device *dev, unsigned int cpu, u64 off,
				  unsigned int size, u64 *val)
{
	struct pl031 *r = (struct pl031 *)dev;
	const struct dev_reg *row = dev_reg_find(regs, ARM_ARRAY_SIZE(regs), off);

	(void)cpu;
	if (size == 8)
		return ARM_NOT_MINE;
	*val = 0;
	if (!row) {
		primecell_id(periph_id, off, val);
		return ARM_HANDLED;
	}
	pthread_mutex_lock(&r->lock);
	*val = dev_reg_read(row, r);
	pthread_mutex_unlock(&r->lock);
	return ARM_HANDLED;
}

static enum arm_result pl031_write(struct device *dev, unsigned int cpu, u64 off,
				   unsigned int size, u64 val)
{
	struct pl031 *r = (struct pl031 *)dev;
	const struct dev_reg *row = dev_reg_find(regs, ARM_ARRAY_SIZE(regs), off);

	(void)cpu;
	if (size == 8)
		return ARM_NOT_MINE;
	if (row) {
		pthread_mutex_lock(&r->lock);
		dev_reg_write(row, r, val);
		pthread_mutex_unlock(&r->lock);
	}
	return ARM_HANDLED;
}

/* The time goes on over a reset, like that of a clock with a battery. */
static void pl031_reset(struct device *dev)
{
	struct pl031 *r = (struct pl031 *)dev;

	pthread_mutex_lock(&r->lock);
	dev_reg_reset(regs, ARM_ARRAY_SIZE(regs), r);
	r->alarm = false;
	update_irq(r);
	pthread_mutex_unlock(&r->lock);
	loop_call(r->loop, alarm_check, r);
}

/*
 * The guest's clock goes on by the time of day of the new host; an alarm that was due on the way
 * is due there.
 */
static const struct save_field fields[] = {
	SAVE(struct pl031, offset),
	SAVE(struct pl031, mr),
	SAVE(struct pl031, lr),
	SAVE(struct pl031, cr),
	SAVE(struct pl031, imsc),
	SAVE(struct pl031, ris),
	SAVE(struct pl031, alarm),
	SAVE_LAST,
};

static int pl031_after(void *obj, char **err)
{
	struct pl031 *r = obj;

	(void)err;
	pthread_mutex_lock(&r->lock);
	irq_restore(&r->irq, r->ris & r->imsc & 1);
	pthread_mutex_unlock(&r->lock);
	loop_call(r->loop, alarm_check, r);
	return 0;
}

static const struct save_table table = {
	.name = "pl031", .version = 1, .fields = fields, .after = pl031_after,
};

static void pl031_free(struct device *dev)
{
	struct pl031 *r = (struct pl031 *)dev;

	loop_uncall(r->loop, alarm_check, r);
	if (r->timer)
		loop_remove(r->timer);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static const struct device_ops pl031_ops = {
	.name = "pl031",
	.read = pl031_read,
	.write = pl031_write,
	.reset = pl031_reset,
	.free = pl031_free,
	.table = &table,
};

int pl031_create(struct loop *loop, struct irq_line irq, struct device **out)
{
	struct pl031 *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->dev.ops = &pl031_ops;
	r->loop = loop;
	r->irq = irq;
	pthread_mutex_init(&r->lock, NULL);
	*out = &r->dev;
	return 0;
}
