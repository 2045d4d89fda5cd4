/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Section numbers are those of DDI 0205B.  Commands are done when they are
 * written; data moves whenever either side can.  The card waits for the FIFO (the clock
 * stops), so that it neither overruns nor underruns.
 */
#include "vmm/dev/pl181.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/dev/regs.h"
#include "vmm/dev/sdcard.h"
#include "vmm/dev/timer.h"
#include "vmm/host/log.h"

#define FIFO_WORDS 16

/* MCICommand (3.3.4) */
#define CMD_INDEX 0x3f
#define CMD_RESPONSE (1u << 6)
#define CMD_LONG (1u << 7)
#define CMD_PENDING (1u << 9)
#define CMD_ENABLE (1u << 10)
/* MCIDataCtrl (3.3.9) */
#define DATA_ENABLE (1u << 0)
#define DATA_FROM_CARD (1u << 1)
#define DATA_STREAM (1u << 2)
/* MCIStatus (3.3.11) */
#define ST_CMD_CRC_FAIL (1u << 0)
#define ST_DATA_CRC_FAIL (1u << 1)
#define ST_CMD_TIMEOUT (1u << 2)
#define ST_DATA_TIMEOUT (1u << 3)
#define ST_CMD_RESP_END (1u << 6)
#define ST_CMD_SENT (1u << 7)
#define ST_DATA_END (1u << 8)
#define ST_DATA_BLOCK_END (1u << 10)
#define ST_CMD_ACTIVE (1u << 11)
#define ST_TX_ACTIVE (1u << 12)
#define ST_RX_ACTIVE (1u << 13)
#define ST_TX_HALF_EMPTY (1u << 14)
#define ST_RX_HALF_FULL (1u << 15)
#define ST_TX_FULL (1u << 16)
#define ST_RX_FULL (1u << 17)
#define ST_TX_EMPTY (1u << 18)
#define ST_RX_EMPTY (1u << 19)
#define ST_TX_AVAILABLE (1u << 20)
#define ST_RX_AVAILABLE (1u << 21)
#define ST_STATIC 0x7ffu
#define ST_ALL 0x3fffffu

/* MCIClock (3.3.2) */
#define CLOCK_DIV 0xff
#define CLOCK_BYPASS (1u << 10)

#define MCLK 24000000
/* Least times, in ns: the host may take a vCPU away for longer than a driver thinks possible. */
#define TIMEOUT_MIN 10000000
#define TIMEOUT_MIN_NO_COMMAND 2000000000

struct pl181 {
	struct device dev;
	struct sdcard *card;		/* its lock is taken with ours held */
	struct irq_line irq[2];
	pthread_mutex_t lock;		/* everything below; then comes the GIC's */
	struct dev_timer timer;		/* the card does not send */
	u32 power, clock, argument, command, respcmd, response[4];
	u32 datatimer, datalength, datactrl, status, mask[2], select;
	bool cmd_waits;			/* for the end of the data (CMD_PENDING) */
	bool active;			/* the data path is not idle */
	bool commanded;			/* a command has been sent since it left idle */
	u32 datacnt;			/* bytes that the card's side still moves */
	u32 fifocnt;			/* words that the guest may still write */
	u32 head, count;		/* in words */
	u32 part;			/* bytes: of a word on its way in, or of fifo[head] gone out */
	u32 fifo[FIFO_WORDS];
	bool level[2];
	bool has_card;			/* for the save table */
};

static bool receiving(const struct pl181 *p)
{
	return p->datactrl & DATA_FROM_CARD;
}

/* The flags that follow the FIFO and the state machines. */
static u32 status(const struct pl181 *p)
{
	u32 st = p->status;

	if (p->cmd_waits)
		st |= ST_CMD_ACTIVE;
	if (!p->active)
		return st;
	if (receiving(p)) {
		st |= ST_RX_ACTIVE | (p->count ? ST_RX_AVAILABLE : ST_RX_EMPTY);
		st |= p->count >= FIFO_WORDS / 2 ? ST_RX_HALF_FULL : 0;
		st |= p->count == FIFO_WORDS ? ST_RX_FULL : 0;
	} else {
		st |= ST_TX_ACTIVE | (p->count ? ST_TX_AVAILABLE : ST_TX_EMPTY);
		st |= p->count <= FIFO_WORDS / 2 ? ST_TX_HALF_EMPTY : 0;
		st |= p->count == FIFO_WORDS ? ST_TX_FULL : 0;
	}
	return st;
}

static void update_irq(struct pl181 *p)
{
	u32 st = status(p);

	for (unsigned int i = 0; i < 2; i++) {
		bool level = st & p->mask[i];

		/* Most words change nothing, and a line costs the GIC's lock. */
		if (level != p->level[i])
			irq_set(&p->irq[i], level);
		p->level[i] = level;
	}
}

static void command_run(struct pl181 *p);

/* The data path becomes idle, with @bits in the status. */
static void data_end(struct pl181 *p, u32 bits)
{
	p->status |= bits;
	p->active = false;
	p->datactrl &= ~DATA_ENABLE;
	p->count = p->part = p->fifocnt = 0;
	dev_timer_cancel(&p->timer);
	if (p->cmd_waits) {
		p->cmd_waits = false;
		command_run(p);
	}
}

static u32 tail(const struct pl181 *p)
{
	return (p->head + p->count) % FIFO_WORDS;
}

static void take_byte(struct pl181 *p, u8 byte)
{
	if (!p->part)
		p->fifo[tail(p)] = 0;
	p->fifo[tail(p)] |= (u32)byte << 8 * p->part;
	if (++p->part == 4) {
		p->part = 0;
		p->count++;
	}
}

static u32 card_hz(const struct pl181 *p)
{
	return p->clock & CLOCK_BYPASS ? MCLK : MCLK / (2 * ((p->clock & CLOCK_DIV) + 1));
}

/*
 * The card does not send: it may never do, and then the data timer says so
 * (2.2.5).  Drivers enable the data path before they send the command, so that
 * until then nothing is late but the driver.
 */
static void wait_for_card(struct pl181 *p)
{
	u64 ns = (u64)p->datatimer * 1000000000 / card_hz(p);
	u64 least = p->commanded ? TIMEOUT_MIN : TIMEOUT_MIN_NO_COMMAND;

	if (!dev_timer_pending(&p->timer))
		dev_timer_set(&p->timer, ns > least ? ns : least);
}

static void data_receive(struct pl181 *p)
{
	u8 buf[FIFO_WORDS * 4];
	ssize_t n, i;
	size_t room;

	while (p->datacnt && p->count < FIFO_WORDS) {
		room = (FIFO_WORDS - p->count) * 4 - p->part;
		n = sdcard_read(p->card, buf, room < p->datacnt ? room : p->datacnt);
		if (n == -EIO) {
			data_end(p, ST_DATA_CRC_FAIL);
			return;
		}
		if (n < 0) {
			wait_for_card(p);
			return;
		}
		/* A card that fetches its data from the image is not late, however long that takes. */
		dev_timer_cancel(&p->timer);
		if (!n)
			return;
		for (i = 0; i < n; i++)
			take_byte(p, buf[i]);
		p->datacnt -= n;
		if (p->datacnt)
			continue;
		p->status |= ST_DATA_END | ST_DATA_BLOCK_END;
		p->count += p->part != 0;
		p->part = 0;
	}
	/* Active as long as there is something to fetch: drivers look at that. */
	if (!p->datacnt && !p->count)
		data_end(p, 0);
}

/* The bytes that stand in the FIFO, at most what is to be sent. */
static u32 fifo_bytes(const struct pl181 *p, u8 *buf)
{
	u32 n = 0, i;

	for (i = p->part; i < p->count * 4 && n < p->datacnt; i++)
		buf[n++] = p->fifo[(p->head + i / 4) % FIFO_WORDS] >> 8 * (i % 4);
	return n;
}

static void data_send(struct pl181 *p)
{
	u8 buf[FIFO_WORDS * 4];
	ssize_t n;
	u32 len;

	while ((len = fifo_bytes(p, buf))) {
		n = sdcard_write(p->card, buf, len);
		if (n < 0) {
			/* Nobody acknowledges the block (2.2.5). */
			data_end(p, ST_DATA_CRC_FAIL);
			return;
		}
		if (!n)
			return;
		p->part += n;
		p->head = (p->head + p->part / 4) % FIFO_WORDS;
		p->count -= p->part / 4;
		p->part %= 4;
		p->datacnt -= n;
	}
	if (p->datacnt)
		return;
	sdcard_write_end(p->card);
	data_end(p, ST_DATA_END | ST_DATA_BLOCK_END);
}

/* A block of another length than the card's has its CRC in the wrong place. */
static bool block_matches(const struct pl181 *p)
{
	u32 len = sdcard_block_len(p->card);

	return p->datactrl & DATA_STREAM || !p->datacnt || !len ||
	       len == 1u << (p->datactrl >> 4 & 0xf);
}

/* Moves what can be moved. */
static void data_step(struct pl181 *p)
{
	if (!p->active)
		return;
	if (!p->card) {
		/* Nothing on the lines: reads time out, writes are not acknowledged. */
		if (receiving(p))
			wait_for_card(p);
		else if (p->count)
			data_end(p, ST_DATA_CRC_FAIL);
		return;
	}
	if (!block_matches(p))
		data_end(p, ST_DATA_CRC_FAIL);
	else if (receiving(p))
		data_receive(p);
	else
		data_send(p);
}

static void data_timeout(void *opaque)
{
	struct pl181 *p = opaque;

	/* Once more: a card that still does not send starts the timer again. */
	data_step(p);
	if (dev_timer_pending(&p->timer))
		data_end(p, ST_DATA_TIMEOUT);
	update_irq(p);
}

/* By the card, on its thread. */
static void card_ready(void *opaque)
{
	struct pl181 *p = opaque;

	pthread_mutex_lock(&p->lock);
	data_step(p);
	update_irq(p);
	pthread_mutex_unlock(&p->lock);
}

static bool powered(const struct pl181 *p)
{
	return (p->power & 3) == 3;
}

static void response_take(struct pl181 *p, const u8 *resp, unsigned int words)
{
	for (unsigned int i = 0; i < words; i++)
		p->response[i] = (u32)resp[4 * i] << 24 | resp[4 * i + 1] << 16 |
				 resp[4 * i + 2] << 8 | resp[4 * i + 3];
	/* Bit 0 of the last is the end bit, which is not kept (3.3.6). */
	if (words == 4)
		p->response[3] &= ~1u;
}

static void command_run(struct pl181 *p)
{
	unsigned int len = 0, want = p->command & CMD_LONG ? 16 : 4;
	u32 index = p->command & CMD_INDEX;
	u8 resp[16];

	/* The time that the card has for its data counts from here. */
	p->commanded = true;
	dev_timer_cancel(&p->timer);
	if (p->card && powered(p))
		len = sdcard_command(p->card, index, p->argument, resp);
	if (!(p->command & CMD_RESPONSE)) {
		p->status |= ST_CMD_SENT;
	} else if (!len) {
		p->status |= ST_CMD_TIMEOUT;
	} else {
		p->respcmd = want == 16 ? 0x3f : index;
		response_take(p, resp, want == 16 && len == 16 ? 4 : 1);
		p->status |= len == want ? ST_CMD_RESP_END : ST_CMD_CRC_FAIL;
	}
}

static void write_command(void *dev, u32 val)
{
	struct pl181 *p = dev;

	(void)val;
	p->cmd_waits = false;
	if (!(p->command & CMD_ENABLE))
		return;
	if (p->command & CMD_PENDING && p->active)
		p->cmd_waits = true;
	else
		command_run(p);
	data_step(p);
}

static void write_datactrl(void *dev, u32 val)
{
	struct pl181 *p = dev;

	(void)val;
	if (!(p->datactrl & DATA_ENABLE)) {
		if (p->active)
			data_end(p, 0);
		return;
	}
	if (p->active)
		return;
	p->count = p->head = p->part = 0;
	p->datacnt = p->datalength;
	p->fifocnt = (p->datalength + 3) / 4;
	p->active = true;
	p->commanded = false;
	/* Blocks of more than 2048 bytes are reserved; one of them cannot come right. */
	if (!(p->datactrl & DATA_STREAM) && (p->datactrl >> 4 & 0xf) > 11)
		data_end(p, ST_DATA_CRC_FAIL);
	else if (!p->datacnt)
		data_end(p, ST_DATA_END | ST_DATA_BLOCK_END);
	data_step(p);
}

/* Without power the card forgets everything. */
static void write_power(void *dev, u32 val)
{
	struct pl181 *p = dev;

	if (!(val & 3) && p->card)
		sdcard_reset(p->card);
}

static u32 read_status(void *dev)
{
	data_step(dev);
	return status(dev);
}

static void write_clear(void *dev, u32 val)
{
	struct pl181 *p = dev;

	p->status &= ~(val & ST_STATIC);
}

/* What has not gone through the FIFO yet, seen from the card on receive (3.3.13). */
static u32 read_fifocnt(void *dev)
{
	const struct pl181 *p = dev;

	if (p->active && receiving(p))
		return (p->datacnt + p->part + 3) / 4;
	return p->fifocnt;
}

/*
 * Each move of data costs the card's lock, so that it is done for half a FIFO
 * or when somebody looks; at once for interrupts that tell the last word from the one before.
 */
static bool lazy(const struct pl181 *p)
{
	return !((p->mask[0] | p->mask[1]) & (ST_TX_EMPTY | ST_RX_FULL));
}

static u32 fifo_read(struct pl181 *p)
{
	u32 val;

	if (!p->active || !receiving(p) || !p->count)
		return 0;
	val = p->fifo[p->head];
	p->head = (p->head + 1) % FIFO_WORDS;
	p->count--;
	if (p->count < FIFO_WORDS / 2 || !lazy(p))
		data_step(p);
	return val;
}

static void fifo_write(struct pl181 *p, u32 val)
{
	if (!p->active || receiving(p) || p->count == FIFO_WORDS || !p->fifocnt)
		return;
	p->fifo[tail(p)] = val;
	p->count++;
	p->fifocnt--;
	if (p->count >= FIFO_WORDS / 2 || !p->fifocnt || !lazy(p))
		data_step(p);
}

#define FIELD(f) offsetof(struct pl181, f)

static const struct dev_reg regs[] = {
	{ 0x00, FIELD(power), 0, 0xff, "MCIPower", NULL, write_power },
	{ 0x04, FIELD(clock), 0, 0x1fff, "MCIClock", NULL, NULL },
	{ 0x08, FIELD(argument), 0, ~0u, "MCIArgument", NULL, NULL },
	{ 0x0c, FIELD(command), 0, 0x7ff, "MCICommand", NULL, write_command },
	{ 0x10, FIELD(respcmd), 0, 0, "MCIRespCmd", NULL, NULL },
	{ 0x14, FIELD(response[0]), 0, 0, "MCIResponse0", NULL, NULL },
	{ 0x18, FIELD(response[1]), 0, 0, "MCIResponse1", NULL, NULL },
	{ 0x1c, FIELD(response[2]), 0, 0, "MCIResponse2", NULL, NULL },
	{ 0x20, FIELD(response[3]), 0, 0, "MCIResponse3", NULL, NULL },
	{ 0x24, FIELD(datatimer), 0, ~0u, "MCIDataTimer", NULL, NULL },
	{ 0x28, FIELD(datalength), 0, 0xffff, "MCIDataLength", NULL, NULL },
	{ 0x2c, FIELD(datactrl), 0, 0xff, "MCIDataCtrl", NULL, write_datactrl },
	{ 0x30, FIELD(datacnt), 0, 0, "MCIDataCnt", NULL, NULL },
	{ 0x34, FIELD(status), 0, 0, "MCIStatus", read_status, NULL },
	{ 0x38, DEV_REG_NO_FIELD, 0, 0, "MCIClear", NULL, write_clear },
	{ 0x3c, FIELD(mask[0]), 0, ST_ALL, "MCIMask0", NULL, NULL },
	{ 0x40, FIELD(mask[1]), 0, ST_ALL, "MCIMask1", NULL, NULL },
	{ 0x44, FIELD(select), 0, 0xf, "MCISelect", NULL, NULL },
	{ 0x48, FIELD(fifocnt), 0, 0, "MCIFifoCnt", read_fifocnt, NULL },
};

static const u8 periph_id[4] = { 0x81, 0x11, 0x04, 0x00 };

static bool is_fifo(u64 off)
{
	return off >= 0x80 && off < 0xc0;
}

static enum arm_result pl181_read(struct device *dev, unsigned int cpu, u64 off, unsigned int size,
				  u64 *val)
{
	struct pl181 *p = (struct pl181 *)dev;
	const struct dev_reg *row = dev_reg_find(regs, ARM_ARRAY_SIZE(regs), off);

	(void)cpu;
	if (size == 8)
		return ARM_NOT_MINE;
	*val = 0;
	if (primecell_id(periph_id, off, val))
		return ARM_HANDLED;
	pthread_mutex_lock(&p->lock);
	if (is_fifo(off))
		*val = fifo_read(p);
	else if (row)
		*val = dev_reg_read(row, p);
	update_irq(p);
	pthread_mutex_unlock(&p->lock);
	return ARM_HANDLED;
}

static enum arm_result pl181_write(struct device *dev, unsigned int cpu, u64 off, unsigned int size,
				   u64 val)
{
	struct pl181 *p = (struct pl181 *)dev;
	const struct dev_reg *row = dev_reg_find(regs, ARM_ARRAY_SIZE(regs), off);

	(void)cpu;
	if (size == 8)
		return ARM_NOT_MINE;
	pthread_mutex_lock(&p->lock);
	if (is_fifo(off))
		fifo_write(p, val);
	else if (row)
		dev_reg_write(row, p, val);
	update_irq(p);
	pthread_mutex_unlock(&p->lock);
	return ARM_HANDLED;
}

bool pl181_card_present(struct device *dev)
{
	return ((struct pl181 *)dev)->card;
}

bool pl181_card_readonly(struct device *dev)
{
	struct pl181 *p = (struct pl181 *)dev;

	return p->card && sdcard_readonly(p->card);
}

static void pl181_reset(struct device *dev)
{
	struct pl181 *p = (struct pl181 *)dev;

	pthread_mutex_lock(&p->lock);
	p->cmd_waits = false;
	data_end(p, 0);
	dev_reg_reset(regs, ARM_ARRAY_SIZE(regs), p);
	p->head = 0;
	if (p->card)
		sdcard_reset(p->card);
	update_irq(p);
	pthread_mutex_unlock(&p->lock);
}

static const struct save_field fields[] = {
	SAVE(struct pl181, has_card),
	SAVE(struct pl181, power),
	SAVE(struct pl181, clock),
	SAVE(struct pl181, argument),
	SAVE(struct pl181, command),
	SAVE(struct pl181, respcmd),
	SAVE_ARRAY(struct pl181, response),
	SAVE(struct pl181, datatimer),
	SAVE_MAX(struct pl181, datalength, 0xffff),
	SAVE(struct pl181, datactrl),
	SAVE_MAX(struct pl181, status, ST_STATIC),
	SAVE_ARRAY_MAX(struct pl181, mask, ST_ALL),
	SAVE(struct pl181, select),
	SAVE(struct pl181, cmd_waits),
	SAVE(struct pl181, active),
	SAVE(struct pl181, commanded),
	SAVE_MAX(struct pl181, datacnt, 0xffff),
	SAVE_MAX(struct pl181, fifocnt, 0x4000),
	SAVE_MAX(struct pl181, head, FIFO_WORDS - 1),
	SAVE_MAX(struct pl181, count, FIFO_WORDS),
	SAVE_MAX(struct pl181, part, 3),
	SAVE_ARRAY(struct pl181, fifo),
	SAVE_MAX(struct pl181, timer.left, DEV_LEFT_MAX),
	SAVE_LAST,
};

static void pl181_before(void *obj)
{
	struct pl181 *p = obj;

	pthread_mutex_lock(&p->lock);
	p->has_card = p->card;
	dev_timer_save(&p->timer);
	pthread_mutex_unlock(&p->lock);
}

static int pl181_after(void *obj, char **err)
{
	struct pl181 *p = obj;

	if (p->has_card != !!p->card)
		return err_set(err, -EINVAL, "pl181: the guest has %s card in its slot, and here is %s; start the"
			       " destination %s --sd", p->has_card ? "a" : "no", p->card ? "one" : "none",
			       p->has_card ? "with the same" : "without");
	/* A word that is half in needs room; one that is half out is there. */
	if (p->part && (receiving(p) ? p->count == FIFO_WORDS : !p->count))
		return err_set(err, -EINVAL, "pl181: a part of a word is in a FIFO of %u words; the stream is damaged",
			       p->count);
	pthread_mutex_lock(&p->lock);
	for (unsigned int i = 0; i < 2; i++) {
		p->level[i] = status(p) & p->mask[i];
		irq_restore(&p->irq[i], p->level[i]);
	}
	dev_timer_load(&p->timer);
	pthread_mutex_unlock(&p->lock);
	return 0;
}

static const struct save_table table = {
	.name = "pl181", .version = 1, .fields = fields, .before = pl181_before, .after = pl181_after,
};

static unsigned int pl181_parts(struct device *dev, struct save_part *parts)
{
	struct pl181 *p = (struct pl181 *)dev;
	unsigned int n = 0;

	parts[n++] = (struct save_part){ &table, p };
	if (p->card)
		parts[n++] = sdcard_part(p->card);
	return n;
}

static void pl181_drain(struct device *dev)
{
	struct pl181 *p = (struct pl181 *)dev;

	if (p->card)
		sdcard_drain(p->card);
}

static void pl181_free(struct device *dev)
{
	struct pl181 *p = (struct pl181 *)dev;

	sdcard_free(p->card);
	dev_timer_destroy(&p->timer);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static const struct device_ops pl181_ops = {
	.name = "pl181",
	.read = pl181_read,
	.write = pl181_write,
	.reset = pl181_reset,
	.free = pl181_free,
	.drain = pl181_drain,
	.parts = pl181_parts,
};

int pl181_create(struct dev_clock *clock, struct sdcard *card, const struct irq_line irq[2],
		 struct device **out)
{
	struct pl181 *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->dev.ops = &pl181_ops;
	p->card = card;
	p->irq[0] = irq[0];
	p->irq[1] = irq[1];
	pthread_mutex_init(&p->lock, NULL);
	dev_timer_init(&p->timer, clock, &p->lock, data_timeout, p);
	if (card)
		sdcard_set_host(card, card_ready, p);
	*out = &p->dev;
	return 0;
}
