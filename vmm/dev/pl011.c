/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/dev/pl011.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/dev/regs.h"
#include "vmm/host/chardev.h"
#include "vmm/host/loop.h"

#define FIFO_DEPTH 32
#define RETRY_NS 2000000	/* between attempts to write to a full host buffer */

/* UARTFR */
#define FR_CTS (1u << 0)
#define FR_DSR (1u << 1)
#define FR_DCD (1u << 2)
#define FR_BUSY (1u << 3)
#define FR_RXFE (1u << 4)
#define FR_TXFF (1u << 5)
#define FR_RXFF (1u << 6)
#define FR_TXFE (1u << 7)
/* UARTLCR_H */
#define LCR_FEN (1u << 4)
/* UARTCR */
#define CR_UARTEN (1u << 0)
#define CR_LBE (1u << 7)
#define CR_RXE (1u << 9)
#define CR_RESET 0x300
/* UARTRIS and its relatives */
#define INT_RX (1u << 4)
#define INT_TX (1u << 5)
#define INT_RT (1u << 6)
#define INT_ALL 0x7ff

struct pl011 {
	struct device dev;
	struct loop *loop;
	struct chardev *chardev;
	struct irq_line irq;
	struct loop_source *retry;	/* the loop's thread only */
	pthread_mutex_t lock;	/* everything below; then comes the GIC's */
	u32 rsr, ilpr, ibrd, fbrd, lcr_h, cr, ifls, imsc, ris, dmacr;
	u32 rx_head, rx_count;
	u8 rx[FIFO_DEPTH];
	/* Empty unless the host does not take bytes for now; tx[0] is the oldest. */
	u32 tx_count;
	u8 tx[FIFO_DEPTH];
	bool live;		/* what is in tx was written here, and not by a guest that may go on elsewhere */
	bool retrying;		/* a call or a timer that will call tx_drain() is under way */
	bool irq_level;
	bool starved;		/* can_receive() said no: poke when there is room */
};

/* Of either FIFO. */
static u32 depth(const struct pl011 *u)
{
	return u->lcr_h & LCR_FEN ? FIFO_DEPTH : 1;
}

/* UARTIFLS (DDI 0183G, 3.3.9): 1/8, 1/4, 1/2, 3/4, 7/8; the rest is reserved. */
static u32 trigger(u32 select)
{
	static const u8 eighths[8] = { 1, 2, 4, 6, 7, 7, 7, 7 };

	return FIFO_DEPTH * eighths[select & 7] / 8;
}

static u32 rx_trigger(const struct pl011 *u)
{
	return u->lcr_h & LCR_FEN ? trigger(u->ifls >> 3) : 1;
}

static u32 tx_trigger(const struct pl011 *u)
{
	return u->lcr_h & LCR_FEN ? trigger(u->ifls) : 0;
}

static void update_irq(struct pl011 *u)
{
	bool level = u->ris & u->imsc;

	/* Most bytes change nothing, and a line costs the GIC's lock. */
	if (level != u->irq_level)
		irq_set(&u->irq, level);
	u->irq_level = level;
}

/*
 * After the receive FIFO has changed.  The host delivers bytes in lumps and the
 * line is idle after each, so the 32 bit times of the receive timeout
 * are over as soon as a byte stays in the FIFO.
 */
static void update_rx(struct pl011 *u)
{
	if (u->rx_count >= rx_trigger(u))
		u->ris |= INT_RX;
	else
		u->ris &= ~INT_RX;
	if (u->rx_count && u->lcr_h & LCR_FEN)
		u->ris |= INT_RT;
	else
		u->ris &= ~INT_RT;
	update_irq(u);
}

static size_t rx_room(const struct pl011 *u)
{
	if (!(u->cr & CR_UARTEN) || !(u->cr & CR_RXE) || u->cr & CR_LBE)
		return 0;
	return u->rx_count < depth(u) ? depth(u) - u->rx_count : 0;
}

static void rx_push(struct pl011 *u, u8 c)
{
	if (u->rx_count < depth(u))
		u->rx[(u->rx_head + u->rx_count++) % FIFO_DEPTH] = c;
}

static u32 read_dr(void *dev)
{
	struct pl011 *u = dev;
	u32 c;

	if (!u->rx_count)
		return 0;
	c = u->rx[u->rx_head];
	u->rx_head = (u->rx_head + 1) % FIFO_DEPTH;
	u->rx_count--;
	update_rx(u);
	return c;
}

static void tx_later(void *opaque);

/* Gives the host what it takes; what stays is tried again after a while. */
static void tx_drain(struct pl011 *u)
{
	u32 before = u->tx_count, sent = chardev_write(u->chardev, u->tx, u->tx_count);

	memmove(u->tx, u->tx + sent, u->tx_count - sent);
	u->tx_count -= sent;
	if (before > tx_trigger(u) && u->tx_count <= tx_trigger(u))
		u->ris |= INT_TX;
	update_irq(u);
	if (u->tx_count && !u->retrying) {
		u->retrying = true;
		loop_call(u->loop, tx_later, u);
	}
}

static void tx_retry(void *opaque)
{
	struct pl011 *u = opaque;

	loop_remove(u->retry);
	u->retry = NULL;
	pthread_mutex_lock(&u->lock);
	u->retrying = false;
	if (u->tx_count)
		tx_drain(u);
	pthread_mutex_unlock(&u->lock);
}

static void tx_later(void *opaque)
{
	struct pl011 *u = opaque;

	u->retry = loop_add_timer(u->loop, RETRY_NS, 0, tx_retry, u);
}

/*
 * As a rule bytes leave at once, so that the transmit FIFO is empty after each
 * and has just passed its trigger level.  They leave from a disabled UART too:
 * programs written for emulators rely on it.
 */
static void write_dr(void *dev, u32 val)
{
	struct pl011 *u = dev;
	u8 c = val;

	if (u->cr & CR_LBE) {
		rx_push(u, c);
		update_rx(u);
	} else if (u->tx_count || !chardev_write(u->chardev, &c, 1)) {
		u->live = true;
		if (u->tx_count < depth(u))
			u->tx[u->tx_count++] = c;
		if (u->tx_count > tx_trigger(u))
			u->ris &= ~INT_TX;
		tx_drain(u);
		return;
	}
	u->ris |= INT_TX;
	update_irq(u);
}

static u32 read_fr(void *dev)
{
	struct pl011 *u = dev;
	/* The other side is there and ready. */
	u32 fr = FR_CTS | FR_DSR | FR_DCD;

	fr |= u->tx_count ? FR_BUSY : FR_TXFE;
	if (u->tx_count >= depth(u))
		fr |= FR_TXFF;
	if (!u->rx_count)
		fr |= FR_RXFE;
	if (u->rx_count >= depth(u))
		fr |= FR_RXFF;
	return fr;
}

/* Turning the FIFOs off leaves room for one byte; more than that is lost. */
static void write_lcr_h(void *dev, u32 val)
{
	struct pl011 *u = dev;

	(void)val;
	if (u->rx_count > depth(u))
		u->rx_count = 0;
	update_rx(u);
}

static void write_cr(void *dev, u32 val)
{
	(void)val;
	update_rx(dev);
}

static void write_imsc(void *dev, u32 val)
{
	(void)val;
	update_irq(dev);
}

static u32 read_mis(void *dev)
{
	struct pl011 *u = dev;

	return u->ris & u->imsc;
}

static void write_icr(void *dev, u32 val)
{
	struct pl011 *u = dev;

	u->ris &= ~val;
	update_irq(u);
}

static void write_ecr(void *dev, u32 val)
{
	struct pl011 *u = dev;

	(void)val;
	u->rsr = 0;
}

#define FIELD(f) offsetof(struct pl011, f)

static const struct dev_reg regs[] = {
	{ 0x000, DEV_REG_NO_FIELD, 0, 0, "DR", read_dr, write_dr },
	{ 0x004, FIELD(rsr), 0, 0, "RSR", NULL, write_ecr },
	{ 0x018, DEV_REG_NO_FIELD, 0, 0, "FR", read_fr, NULL },
	{ 0x020, FIELD(ilpr), 0, 0xff, "ILPR", NULL, NULL },
	{ 0x024, FIELD(ibrd), 0, 0xffff, "IBRD", NULL, NULL },
	{ 0x028, FIELD(fbrd), 0, 0x3f, "FBRD", NULL, NULL },
	{ 0x02c, FIELD(lcr_h), 0, 0xff, "LCR_H", NULL, write_lcr_h },
	{ 0x030, FIELD(cr), CR_RESET, 0xff87, "CR", NULL, write_cr },
	{ 0x034, FIELD(ifls), 0x12, 0x3f, "IFLS", NULL, write_cr },
	{ 0x038, FIELD(imsc), 0, INT_ALL, "IMSC", NULL, write_imsc },
	{ 0x03c, FIELD(ris), 0, 0, "RIS", NULL, NULL },
	{ 0x040, DEV_REG_NO_FIELD, 0, 0, "MIS", read_mis, NULL },
	{ 0x044, DEV_REG_NO_FIELD, 0, 0, "ICR", NULL, write_icr },
	/* There is no DMA controller to ask. */
	{ 0x048, FIELD(dmacr), 0, 0x7, "DMACR", NULL, NULL },
};

static const u8 periph_id[4] = { 0x11, 0x10, 0x34, 0x00 };

/* Room appeared for bytes that were held back; called without the lock. */
static void feed(struct pl011 *u, bool hungry)
{
	if (hungry)
		chardev_poke(u->chardev);
}

static bool take_hunger(struct pl011 *u)
{
	bool hungry = u->starved && rx_room(u);

	if (hungry)
		u->starved = false;
	return hungry;
}

static enum arm_result pl011_read(struct device *dev, unsigned int cpu, u64 off,
				  unsigned int size, u64 *val)
{
	struct pl011 *u = (struct pl011 *)dev;
	const struct dev_reg *row = dev_reg_find(regs, ARM_ARRAY_SIZE(regs), off);
	bool hungry;

	(void)cpu;
	if (size == 8)
		return ARM_NOT_MINE;
	*val = 0;
	if (!row) {
		primecell_id(periph_id, off, val);
		return ARM_HANDLED;
	}
	pthread_mutex_lock(&u->lock);
	*val = dev_reg_read(row, u);
	hungry = take_hunger(u);
	pthread_mutex_unlock(&u->lock);
	feed(u, hungry);
	return ARM_HANDLED;
}

static enum arm_result pl011_write(struct device *dev, unsigned int cpu, u64 off,
				   unsigned int size, u64 val)
{
	struct pl011 *u = (struct pl011 *)dev;
	const struct dev_reg *row = dev_reg_find(regs, ARM_ARRAY_SIZE(regs), off);
	bool hungry;

	(void)cpu;
	if (size == 8)
		return ARM_NOT_MINE;
	if (!row)
		return ARM_HANDLED;
	pthread_mutex_lock(&u->lock);
	dev_reg_write(row, u, val);
	hungry = take_hunger(u);
	pthread_mutex_unlock(&u->lock);
	feed(u, hungry);
	return ARM_HANDLED;
}

static size_t pl011_can_receive(void *opaque)
{
	struct pl011 *u = opaque;
	size_t room;

	pthread_mutex_lock(&u->lock);
	room = rx_room(u);
	u->starved = !room;
	pthread_mutex_unlock(&u->lock);
	return room;
}

static void pl011_receive(void *opaque, const u8 *buf, size_t len)
{
	struct pl011 *u = opaque;

	pthread_mutex_lock(&u->lock);
	for (size_t i = 0; i < len; i++)
		rx_push(u, buf[i]);
	update_rx(u);
	pthread_mutex_unlock(&u->lock);
}

static void pl011_reset(struct device *dev)
{
	struct pl011 *u = (struct pl011 *)dev;

	pthread_mutex_lock(&u->lock);
	dev_reg_reset(regs, ARM_ARRAY_SIZE(regs), u);
	u->rx_head = u->rx_count = 0;
	/* What the guest has written still goes out. */
	if (!u->live)
		u->tx_count = 0;
	update_rx(u);
	pthread_mutex_unlock(&u->lock);
}

/* rx_head and both counts are within the arrays: all that the code above relies on. */
static const struct save_field fields[] = {
	SAVE(struct pl011, rsr),
	SAVE(struct pl011, ilpr),
	SAVE(struct pl011, ibrd),
	SAVE(struct pl011, fbrd),
	SAVE(struct pl011, lcr_h),
	SAVE(struct pl011, cr),
	SAVE(struct pl011, ifls),
	SAVE(struct pl011, imsc),
	SAVE(struct pl011, ris),
	SAVE(struct pl011, dmacr),
	SAVE_MAX(struct pl011, rx_head, FIFO_DEPTH - 1),
	SAVE_MAX(struct pl011, rx_count, FIFO_DEPTH),
	SAVE_BUFFER(struct pl011, rx),
	SAVE_MAX(struct pl011, tx_count, FIFO_DEPTH),
	SAVE_BUFFER(struct pl011, tx),
	SAVE_LAST,
};

static int pl011_after(void *obj, char **err)
{
	struct pl011 *u = obj;

	(void)err;
	pthread_mutex_lock(&u->lock);
	u->irq_level = u->ris & u->imsc;
	irq_restore(&u->irq, u->irq_level);
	pthread_mutex_unlock(&u->lock);
	return 0;
}

static const struct save_table table = {
	.name = "pl011", .version = 1, .fields = fields, .after = pl011_after,
};

/* The bytes that wait go out here, and what was typed here comes in. */
static void pl011_resume(struct device *dev)
{
	struct pl011 *u = (struct pl011 *)dev;
	bool hungry;

	pthread_mutex_lock(&u->lock);
	u->live = true;
	if (u->tx_count)
		tx_drain(u);
	hungry = take_hunger(u);
	pthread_mutex_unlock(&u->lock);
	feed(u, hungry);
}

static void pl011_free(struct device *dev)
{
	struct pl011 *u = (struct pl011 *)dev;

	if (u->chardev && u->chardev->fe.opaque == u)
		u->chardev->fe = (struct chardev_frontend){ 0 };
	loop_uncall(u->loop, tx_later, u);
	if (u->retry)
		loop_remove(u->retry);
	/* The last chance of what is left, as when the guest has just powered off. */
	if (u->live)
		chardev_write(u->chardev, u->tx, u->tx_count);
	pthread_mutex_destroy(&u->lock);
	free(u);
}

static const struct device_ops pl011_ops = {
	.name = "pl011",
	.read = pl011_read,
	.write = pl011_write,
	.reset = pl011_reset,
	.free = pl011_free,
	.table = &table,
	.resume = pl011_resume,
};

int pl011_create(struct loop *loop, struct chardev *c, bool input, struct irq_line irq,
		 struct device **out)
{
	struct pl011 *u = calloc(1, sizeof(*u));

	if (!u)
		return -ENOMEM;
	u->dev.ops = &pl011_ops;
	u->loop = loop;
	u->chardev = c;
	u->irq = irq;
	pthread_mutex_init(&u->lock, NULL);
	dev_reg_reset(regs, ARM_ARRAY_SIZE(regs), u);
	if (c && input)
		c->fe = (struct chardev_frontend){ pl011_can_receive, pl011_receive, u };
	*out = &u->dev;
	return 0;
}
