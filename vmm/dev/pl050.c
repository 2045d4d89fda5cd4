/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Section numbers are those of DDI 0143C.  Bytes take no time on the cable: what is
 * written has arrived, and when a byte has been read the next one is there.
 */
#include "vmm/dev/pl050.h"

#include <stdlib.h>

#include "vmm/dev/ps2.h"
#include "vmm/dev/regs.h"
#include "vmm/host/log.h"

/* KMICR (3.3.1) */
#define CR_CLOCK_LOW (1u << 0)
#define CR_EN (1u << 2)
#define CR_TX_INT (1u << 3)
#define CR_RX_INT (1u << 4)
/* KMISTAT (3.3.2) */
#define ST_LINES 0x3u	/* both idle */
#define ST_PARITY (1u << 2)
#define ST_RX_FULL (1u << 4)
#define ST_TX_BUSY (1u << 5)
#define ST_TX_EMPTY (1u << 6)
/* KMIIR (3.3.5) */
#define IR_RX (1u << 0)
#define IR_TX (1u << 1)

struct pl050 {
	struct device dev;
	struct irq_line irq;
	pthread_mutex_t lock;		/* everything below; then comes the GIC's */
	struct dev_timer timer;
	struct ps2 ps2;
	u32 cr, clkdiv;
	bool rx_full, tx_full;
	u8 rx, tx;
	bool level;
};

/* Does the cable carry anything?  A host that holds the clock low keeps the device silent. */
static bool running(const struct pl050 *k)
{
	return k->cr & CR_EN && !(k->cr & CR_CLOCK_LOW);
}

static u32 read_ir(void *dev)
{
	const struct pl050 *k = dev;

	return (k->rx_full && k->cr & CR_RX_INT ? IR_RX : 0) |
	       (!k->tx_full && k->cr & CR_EN && k->cr & CR_TX_INT ? IR_TX : 0);
}

/* Moves what can be moved.  After every change of either side. */
static void step(struct pl050 *k)
{
	bool level;

	if (running(k) && k->tx_full) {
		k->tx_full = false;
		ps2_receive(&k->ps2, k->tx);
	}
	if (running(k) && !k->rx_full)
		k->rx_full = ps2_send(&k->ps2, &k->rx);
	level = read_ir(k);
	if (level != k->level)
		irq_set(&k->irq, level);
	k->level = level;
}

static void timer_run(void *opaque)
{
	struct pl050 *k = opaque;

	ps2_timer(&k->ps2);
	step(k);
}

/* The parity is odd: the bit makes the number of ones so. */
static u32 read_stat(void *dev)
{
	const struct pl050 *k = dev;

	return ST_LINES | (__builtin_parity(k->rx) ? 0 : ST_PARITY) |
	       (k->rx_full ? ST_RX_FULL : 0) | (k->tx_full ? ST_TX_BUSY : ST_TX_EMPTY);
}

static u32 read_data(void *dev)
{
	struct pl050 *k = dev;

	k->rx_full = false;
	return k->rx;
}

static void write_data(void *dev, u32 val)
{
	struct pl050 *k = dev;

	k->tx = val;
	k->tx_full = true;
}

#define FIELD(f) offsetof(struct pl050, f)

static const struct dev_reg regs[] = {
	{ 0x00, FIELD(cr), 0, 0x3f, "KMICR", NULL, NULL },
	{ 0x04, DEV_REG_NO_FIELD, 0, 0, "KMISTAT", read_stat, NULL },
	{ 0x08, DEV_REG_NO_FIELD, 0, 0, "KMIDATA", read_data, write_data },
	{ 0x0c, FIELD(clkdiv), 0, 0xf, "KMICLKDIV", NULL, NULL },
	{ 0x10, DEV_REG_NO_FIELD, 0, 0, "KMIIR", read_ir, NULL },
};

static const u8 periph_id[4] = { 0x50, 0x10, 0x04, 0x00 };

static enum arm_result pl050_read(struct device *dev, unsigned int cpu, u64 off, unsigned int size,
				  u64 *val)
{
	struct pl050 *k = (struct pl050 *)dev;
	const struct dev_reg *row = dev_reg_find(regs, ARM_ARRAY_SIZE(regs), off);

	(void)cpu;
	if (size == 8)
		return ARM_NOT_MINE;
	*val = 0;
	if (!row) {
		primecell_id(periph_id, off, val);
		return ARM_HANDLED;
	}
	pthread_mutex_lock(&k->lock);
	*val = dev_reg_read(row, k);
	step(k);
	pthread_mutex_unlock(&k->lock);
	return ARM_HANDLED;
}

static enum arm_result pl050_write(struct device *dev, unsigned int cpu, u64 off, unsigned int size,
				   u64 val)
{
	struct pl050 *k = (struct pl050 *)dev;
	const struct dev_reg *row = dev_reg_find(regs, ARM_ARRAY_SIZE(regs), off);

	(void)cpu;
	if (size == 8)
		return ARM_NOT_MINE;
	if (!row)
		return ARM_HANDLED;
	pthread_mutex_lock(&k->lock);
	dev_reg_write(row, k, val);
	step(k);
	pthread_mutex_unlock(&k->lock);
	return ARM_HANDLED;
}

int pl050_key(struct device *dev, unsigned int keycode, bool down)
{
	struct pl050 *k = (struct pl050 *)dev;
	int ret;

	if (k->ps2.kind != PL050_KEYBOARD)
		return -EINVAL;
	pthread_mutex_lock(&k->lock);
	ret = ps2_keyboard_key(&k->ps2, keycode, down);
	step(k);
	pthread_mutex_unlock(&k->lock);
	return ret;
}

int pl050_mouse_move(struct device *dev, int dx, int dy, int dz, unsigned int buttons)
{
	struct pl050 *k = (struct pl050 *)dev;

	if (k->ps2.kind != PL050_MOUSE)
		return -EINVAL;
	pthread_mutex_lock(&k->lock);
	ps2_mouse_move(&k->ps2, dx, dy, dz, buttons);
	step(k);
	pthread_mutex_unlock(&k->lock);
	return 0;
}

unsigned int pl050_leds(struct device *dev)
{
	struct pl050 *k = (struct pl050 *)dev;
	unsigned int leds;

	pthread_mutex_lock(&k->lock);
	leds = k->ps2.kbd.leds;
	pthread_mutex_unlock(&k->lock);
	return leds;
}

/* Locked. */
static void power_on(struct pl050 *k)
{
	dev_reg_reset(regs, ARM_ARRAY_SIZE(regs), k);
	k->rx_full = k->tx_full = false;
	k->rx = 0;
	ps2_power_on(&k->ps2);
	step(k);
}

static void pl050_reset(struct device *dev)
{
	struct pl050 *k = (struct pl050 *)dev;

	pthread_mutex_lock(&k->lock);
	power_on(k);
	pthread_mutex_unlock(&k->lock);
}

static const struct save_field fields[] = {
	SAVE(struct pl050, cr),
	SAVE(struct pl050, clkdiv),
	SAVE(struct pl050, rx_full),
	SAVE(struct pl050, tx_full),
	SAVE(struct pl050, rx),
	SAVE(struct pl050, tx),
	SAVE_SUB(struct pl050, ps2, ps2_fields),
	SAVE_MAX(struct pl050, timer.left, DEV_LEFT_MAX),
	SAVE_LAST,
};

static void pl050_before(void *obj)
{
	struct pl050 *k = obj;

	pthread_mutex_lock(&k->lock);
	ps2_before(&k->ps2);
	dev_timer_save(&k->timer);
	pthread_mutex_unlock(&k->lock);
}

static int pl050_after(void *obj, char **err)
{
	struct pl050 *k = obj;
	const char *wrong;

	pthread_mutex_lock(&k->lock);
	wrong = ps2_after(&k->ps2);
	if (!wrong) {
		k->level = read_ir(k);
		irq_restore(&k->irq, k->level);
		dev_timer_load(&k->timer);
	}
	pthread_mutex_unlock(&k->lock);
	return wrong ? err_set(err, -EINVAL, "pl050: %s; the stream is damaged", wrong) : 0;
}

static const struct save_table table = {
	.name = "pl050", .version = 1, .fields = fields, .before = pl050_before, .after = pl050_after,
};

static void pl050_free(struct device *dev)
{
	struct pl050 *k = (struct pl050 *)dev;

	dev_timer_destroy(&k->timer);
	pthread_mutex_destroy(&k->lock);
	free(k);
}

static const struct device_ops pl050_ops = {
	.name = "pl050",
	.read = pl050_read,
	.write = pl050_write,
	.reset = pl050_reset,
	.free = pl050_free,
	.table = &table,
};

int pl050_create(struct dev_clock *clock, enum pl050_kind kind, struct irq_line irq, struct device **out)
{
	struct pl050 *k = calloc(1, sizeof(*k));

	if (!k)
		return -ENOMEM;
	k->dev.ops = &pl050_ops;
	k->irq = irq;
	pthread_mutex_init(&k->lock, NULL);
	dev_timer_init(&k->timer, clock, &k->lock, timer_run, k);
	k->ps2.kind = kind;
	k->ps2.timer = &k->timer;
	power_on(k);
	*out = &k->dev;
	return 0;
}
