/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Section numbers are those of DDI 0173B.  The FIFOs hold no samples, only how
 * many there are: nobody hears them.  Time moves them, and it is looked at when
 * the guest looks, and when the next interrupt is due.  The slot interrupts
 * (SLIEN) never come; frames are shifted at once, so that nothing is ever busy.
 */
#include "vmm/dev/pl041.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/dev/ac97.h"
#include "vmm/dev/regs.h"
#include "vmm/dev/timer.h"
#include "vmm/host/log.h"

#define CHANNELS 4
#define FIFO_DEPTH 512		/* samples */
#define FIFO_DEPTH_ID 6		/* as PeriphID3 says it */
#define SECOND 1000000000ull
#define TIMER_MIN_NS 200000	/* bounds the loop's work, whatever the guest does */

/* RXCR and TXCR (3.3.1, 3.3.2) */
#define CR_EN (1u << 0)
#define CR_SLOTS(cr) ((cr) >> 3 & 0x3ff)	/* the ones of samples: 3 to 12 */
#define CR_COMPACT (1u << 15)
#define CR_FEN (1u << 16)
/* SR (3.3.3) */
#define SR_TXU (1u << 9)
#define SR_RXO (1u << 8)
#define SR_TXFF (1u << 5)
#define SR_RXFF (1u << 4)
#define SR_TXHE (1u << 3)
#define SR_RXHF (1u << 2)
#define SR_TXFE (1u << 1)
#define SR_RXFE (1u << 0)
/* ISR and IE (3.3.4) */
#define INT_UR (1u << 5)
#define INT_OR (1u << 4)
#define INT_RX (1u << 3)
#define INT_TX (1u << 2)
#define INT_TXC (1u << 0)
#define INT_ALL 0x7fu
/* SLFR (3.3.9) */
#define SLFR_12TXE (1u << 11)
#define SLFR_2TXE (1u << 9)
#define SLFR_2RXV (1u << 8)
#define SLFR_1TXE (1u << 7)
#define SLFR_1RXV (1u << 6)
/* MAINCR (3.3.12) */
#define MAIN_CODEC(cr) ((cr) >> 10 & 3)
#define MAIN_SL2TXEN (1u << 6)
#define MAIN_SL2RXEN (1u << 5)
#define MAIN_SL1TXEN (1u << 4)
#define MAIN_SL1RXEN (1u << 3)
#define MAIN_EN (1u << 0)
/* Slot 1 */
#define SL1_READ (1u << 19)
#define SL1_REG(v) ((v) >> 12 & 0x7f)

/* One direction of a channel. */
struct fifo {
	u32 count;		/* samples */
	u64 time;		/* ns: up to here they have been moved */
	u64 age;		/* for the save table: of that */
};

struct channel {
	u32 rxcr, txcr, ie, latched;	/* latched: SR_TXU, SR_RXO */
	struct fifo rx, tx;
};

struct pl041 {
	struct device dev;
	struct irq_line irq;
	pthread_mutex_t lock;		/* everything below; then comes the GIC's */
	struct dev_timer timer;
	struct channel ch[CHANNELS];
	struct ac97 codec;
	u32 sl1rx, sl1tx, sl2rx, sl2tx, sl12tx, slien, maincr, nreset, sync;
	bool sl1_valid, sl2_valid;
	bool level;
};

static u32 depth(u32 cr)
{
	return cr & CR_FEN ? FIFO_DEPTH : cr & CR_COMPACT ? 2 : 1;
}

static u32 word_samples(u32 cr)
{
	return cr & CR_COMPACT ? 2 : 1;
}

/* Samples a second through a FIFO; 0 when it stands still. */
static u64 speed(const struct pl041 *a, u32 cr, unsigned int rate)
{
	if (!(a->maincr & MAIN_EN) || !(cr & CR_EN))
		return 0;
	return (u64)rate * __builtin_popcount(CR_SLOTS(cr));
}

/* How many samples have moved since the last time; a second at most. */
static u64 elapsed(struct fifo *f, u64 per_second, u64 now)
{
	u64 n;

	if (!per_second || now - f->time > SECOND) {
		f->time = now;
		return per_second;
	}
	n = (now - f->time) * per_second / SECOND;
	f->time += n * SECOND / per_second;
	return n;
}

static void channel_move(struct pl041 *a, struct channel *c, u64 now)
{
	u64 out = elapsed(&c->tx, speed(a, c->txcr, ac97_dac_rate(&a->codec)), now);
	u64 in = elapsed(&c->rx, speed(a, c->rxcr, ac97_adc_rate(&a->codec)), now);
	u32 room = depth(c->rxcr) - c->rx.count;

	/* Said once for each time that it runs dry, not for each silent frame. */
	if (out > c->tx.count && c->tx.count)
		c->latched |= SR_TXU;
	c->tx.count -= out < c->tx.count ? out : c->tx.count;
	if (in > room && room)
		c->latched |= SR_RXO;
	c->rx.count += in < room ? in : room;
}

static u32 channel_sr(const struct channel *c)
{
	u32 tx_depth = depth(c->txcr), rx_depth = depth(c->rxcr), sr = c->latched;

	sr |= c->tx.count + word_samples(c->txcr) > tx_depth ? SR_TXFF : 0;
	sr |= c->tx.count <= tx_depth / 2 ? SR_TXHE : 0;
	sr |= !c->tx.count ? SR_TXFE : 0;
	sr |= c->rx.count == rx_depth ? SR_RXFF : 0;
	sr |= c->rx.count && c->rx.count >= rx_depth / 2 ? SR_RXHF : 0;
	sr |= c->rx.count < word_samples(c->rxcr) ? SR_RXFE : 0;
	return sr;
}

static u32 channel_isr(const struct channel *c)
{
	u32 sr = channel_sr(c), isr = 0;

	if (c->txcr & CR_EN)
		isr |= (sr & SR_TXHE ? INT_TX : 0) | (sr & SR_TXFE ? INT_TXC : 0);
	if (c->rxcr & CR_EN && sr & SR_RXHF)
		isr |= INT_RX;
	isr |= (sr & SR_TXU ? INT_UR : 0) | (sr & SR_RXO ? INT_OR : 0);
	return isr & c->ie;
}

static u32 all_ints(const struct pl041 *a)
{
	u32 ints = 0;

	for (unsigned int i = 0; i < CHANNELS; i++)
		ints |= channel_isr(&a->ch[i]) << 7 * i;
	return ints;
}

/* ns until @samples have moved; nothing ever at speed 0. */
static u64 due(u64 samples, u64 per_second)
{
	return per_second ? samples * SECOND / per_second + 1 : UINT64_MAX;
}

static u64 least(u64 a, u64 b)
{
	return a < b ? a : b;
}

/* The next change of a flag that the channel interrupts for. */
static u64 channel_due(const struct pl041 *a, const struct channel *c)
{
	u64 out = speed(a, c->txcr, ac97_dac_rate(&a->codec));
	u64 in = speed(a, c->rxcr, ac97_adc_rate(&a->codec)), next = UINT64_MAX;
	u32 tx_half = depth(c->txcr) / 2, rx_half = depth(c->rxcr) / 2;

	if (c->ie & INT_TX && c->tx.count > tx_half)
		next = least(next, due(c->tx.count - tx_half, out));
	if (c->ie & (INT_UR | INT_TXC) && c->tx.count)
		next = least(next, due(c->tx.count + 1, out));
	if (c->ie & INT_RX && c->rx.count < rx_half)
		next = least(next, due(rx_half - c->rx.count, in));
	if (c->ie & INT_OR && c->rx.count < depth(c->rxcr))
		next = least(next, due(depth(c->rxcr) - c->rx.count + 1, in));
	return next;
}

static void move(struct pl041 *a)
{
	u64 now = dev_now(a->timer.clock);

	for (unsigned int i = 0; i < CHANNELS; i++)
		channel_move(a, &a->ch[i], now);
}

static void update(struct pl041 *a)
{
	u64 next = UINT64_MAX;
	bool level = all_ints(a);

	for (unsigned int i = 0; i < CHANNELS; i++)
		next = least(next, channel_due(a, &a->ch[i]));
	if (next == UINT64_MAX)
		dev_timer_cancel(&a->timer);
	else
		dev_timer_set(&a->timer, next > TIMER_MIN_NS ? next : TIMER_MIN_NS);
	if (level != a->level)
		irq_set(&a->irq, level);
	a->level = level;
}

static void time_passed(void *opaque)
{
	move(opaque);
	update(opaque);
}

/* The codec, by slots 1 and 2: only the first of four is there. */

static void write_sl1tx(void *dev, u32 val)
{
	struct pl041 *a = dev;
	u32 need = MAIN_EN | MAIN_SL1TXEN;

	if ((a->maincr & need) != need || MAIN_CODEC(a->maincr) || !a->nreset)
		return;
	if (!(val & SL1_READ)) {
		if (a->maincr & MAIN_SL2TXEN)
			ac97_write(&a->codec, SL1_REG(val), a->sl2tx >> 4);
		return;
	}
	if (a->maincr & MAIN_SL1RXEN) {
		a->sl1rx = SL1_REG(val) << 12;
		a->sl1_valid = true;
	}
	if (a->maincr & MAIN_SL2RXEN) {
		a->sl2rx = (u32)ac97_read(&a->codec, SL1_REG(val)) << 4;
		a->sl2_valid = true;
	}
}

static u32 read_sl1rx(void *dev)
{
	struct pl041 *a = dev;

	a->sl1_valid = false;
	return a->sl1rx;
}

static u32 read_sl2rx(void *dev)
{
	struct pl041 *a = dev;

	a->sl2_valid = false;
	return a->sl2rx;
}

static u32 read_slfr(void *dev)
{
	const struct pl041 *a = dev;

	return SLFR_12TXE | SLFR_2TXE | SLFR_1TXE | (a->sl2_valid ? SLFR_2RXV : 0) |
	       (a->sl1_valid ? SLFR_1RXV : 0);
}

/* 3.3.11: a bit for each channel, of each kind of error. */
static void write_intclr(void *dev, u32 val)
{
	struct pl041 *a = dev;

	for (unsigned int i = 0; i < CHANNELS; i++) {
		if (val >> (1 + i) & 1)
			a->ch[i].latched &= ~SR_RXO;
		if (val >> (5 + i) & 1)
			a->ch[i].latched &= ~SR_TXU;
	}
}

/* Turning the interface off empties it. */
static void write_maincr(void *dev, u32 val)
{
	struct pl041 *a = dev;

	for (unsigned int i = 0; !(val & MAIN_EN) && i < CHANNELS; i++) {
		a->ch[i].tx.count = a->ch[i].rx.count = 0;
		a->ch[i].latched = 0;
	}
}

static void write_reset(void *dev, u32 val)
{
	if (!(val & 1))
		ac97_reset(&((struct pl041 *)dev)->codec);
}

static u32 read_allints(void *dev)
{
	return all_ints(dev);
}

#define FIELD(f) offsetof(struct pl041, f)
#define NONE DEV_REG_NO_FIELD

/* The channels' registers, below 0x50, and the FIFOs' windows from 0x90 on are not here. */
static const struct dev_reg regs[] = {
	{ 0x50, NONE, 0, 0, "AACISL1RX", read_sl1rx, NULL },
	{ 0x54, FIELD(sl1tx), 0, 0xff000, "AACISL1TX", NULL, write_sl1tx },
	{ 0x58, NONE, 0, 0, "AACISL2RX", read_sl2rx, NULL },
	{ 0x5c, FIELD(sl2tx), 0, 0xffff0, "AACISL2TX", NULL, NULL },
	{ 0x60, NONE, 0, 0, "AACISL12RX", NULL, NULL },
	{ 0x64, FIELD(sl12tx), 0, 0xfffff, "AACISL12TX", NULL, NULL },
	{ 0x68, NONE, 0, 0, "AACISLFR", read_slfr, NULL },
	{ 0x6c, NONE, 0, 0, "AACISLISTAT", NULL, NULL },
	{ 0x70, FIELD(slien), 0, 0xff, "AACISLIEN", NULL, NULL },
	{ 0x74, NONE, 0, 0, "AACIINTCLR", NULL, write_intclr },
	{ 0x78, FIELD(maincr), 0, 0xfff, "AACIMAINCR", NULL, write_maincr },
	{ 0x7c, FIELD(nreset), 0, 1, "AACIRESET", NULL, write_reset },
	{ 0x80, FIELD(sync), 0, 1, "AACISYNC", NULL, NULL },
	{ 0x84, NONE, 0, 0, "AACIALLINTS", read_allints, NULL },
	{ 0x88, NONE, 0, 0, "AACIMAINFR", NULL, NULL },
};

static const u8 periph_id[4] = { 0x41, 0x10, 0x04, FIFO_DEPTH_ID << 3 };

static u32 channel_read(const struct channel *c, u64 off)
{
	switch (off) {
	case 0x00:
		return c->rxcr;
	case 0x04:
		return c->txcr;
	case 0x08:
		return channel_sr(c);
	case 0x0c:
		return channel_isr(c);
	default:
		return c->ie;
	}
}

/* A FIFO that is turned off, or packed in another way, is empty. */
static void control_write(u32 *cr, struct fifo *f, u32 val, u32 mask, u64 now)
{
	u32 changed = *cr ^ val;

	*cr = val & mask;
	if (changed & (CR_FEN | CR_COMPACT))
		f->count = 0;
	if (changed & CR_EN)
		f->time = now;
}

static void channel_write(struct channel *c, u64 off, u32 val, u64 now)
{
	if (off == 0x00)
		control_write(&c->rxcr, &c->rx, val, 0x1fffffff, now);
	else if (off == 0x04)
		control_write(&c->txcr, &c->tx, val, 0x1ffff, now);
	else if (off == 0x10)
		c->ie = val & INT_ALL;
}

/* Recording is silence. */
static void fifo_read(struct channel *c)
{
	if (c->rx.count >= word_samples(c->rxcr))
		c->rx.count -= word_samples(c->rxcr);
}

static void fifo_write(struct pl041 *a, struct channel *c)
{
	u32 n = word_samples(c->txcr);

	if (a->maincr & MAIN_EN && c->tx.count + n <= depth(c->txcr))
		c->tx.count += n;
}

static bool is_fifo(u64 off)
{
	return off >= 0x90 && off < 0x90 + 0x20 * CHANNELS;
}

static enum arm_result pl041_read(struct device *dev, unsigned int cpu, u64 off, unsigned int size,
				  u64 *val)
{
	struct pl041 *a = (struct pl041 *)dev;
	const struct dev_reg *row = dev_reg_find(regs, ARM_ARRAY_SIZE(regs), off);

	(void)cpu;
	if (size == 8)
		return ARM_NOT_MINE;
	*val = 0;
	if (primecell_id(periph_id, off, val))
		return ARM_HANDLED;
	pthread_mutex_lock(&a->lock);
	move(a);
	if (off < 0x50 && !(off & 3))
		*val = channel_read(&a->ch[off / 0x14], off % 0x14);
	else if (is_fifo(off))
		fifo_read(&a->ch[(off - 0x90) / 0x20]);
	else if (row)
		*val = dev_reg_read(row, a);
	update(a);
	pthread_mutex_unlock(&a->lock);
	return ARM_HANDLED;
}

static enum arm_result pl041_write(struct device *dev, unsigned int cpu, u64 off, unsigned int size,
				   u64 val)
{
	struct pl041 *a = (struct pl041 *)dev;
	const struct dev_reg *row = dev_reg_find(regs, ARM_ARRAY_SIZE(regs), off);

	(void)cpu;
	if (size == 8)
		return ARM_NOT_MINE;
	pthread_mutex_lock(&a->lock);
	move(a);
	if (off < 0x50 && !(off & 3))
		channel_write(&a->ch[off / 0x14], off % 0x14, val, dev_now(a->timer.clock));
	else if (is_fifo(off))
		fifo_write(a, &a->ch[(off - 0x90) / 0x20]);
	else if (row)
		dev_reg_write(row, a, val);
	update(a);
	pthread_mutex_unlock(&a->lock);
	return ARM_HANDLED;
}

static void pl041_reset(struct device *dev)
{
	struct pl041 *a = (struct pl041 *)dev;

	pthread_mutex_lock(&a->lock);
	dev_reg_reset(regs, ARM_ARRAY_SIZE(regs), a);
	memset(a->ch, 0, sizeof(a->ch));
	a->sl1rx = a->sl2rx = 0;
	a->sl1_valid = a->sl2_valid = false;
	ac97_reset(&a->codec);
	update(a);
	pthread_mutex_unlock(&a->lock);
}

static const struct save_field fifo_fields[] = {
	SAVE_MAX(struct fifo, count, FIFO_DEPTH),
	SAVE_MAX(struct fifo, age, DEV_AGE_MAX),
	SAVE_LAST,
};

static const struct save_field channel_fields[] = {
	SAVE(struct channel, rxcr),
	SAVE(struct channel, txcr),
	SAVE_MAX(struct channel, ie, INT_ALL),
	SAVE_MAX(struct channel, latched, SR_TXU | SR_RXO),
	SAVE_SUB(struct channel, rx, fifo_fields),
	SAVE_SUB(struct channel, tx, fifo_fields),
	SAVE_LAST,
};

static const struct save_field codec_fields[] = {
	SAVE_ARRAY(struct ac97, reg),
	SAVE_LAST,
};

static const struct save_field fields[] = {
	SAVE_SUBS(struct pl041, ch, channel_fields),
	SAVE_SUB(struct pl041, codec, codec_fields),
	SAVE(struct pl041, sl1rx),
	SAVE(struct pl041, sl1tx),
	SAVE(struct pl041, sl2rx),
	SAVE(struct pl041, sl2tx),
	SAVE(struct pl041, sl12tx),
	SAVE(struct pl041, slien),
	SAVE(struct pl041, maincr),
	SAVE(struct pl041, nreset),
	SAVE(struct pl041, sync),
	SAVE(struct pl041, sl1_valid),
	SAVE(struct pl041, sl2_valid),
	SAVE_LAST,
};

static void pl041_before(void *obj)
{
	struct pl041 *a = obj;

	pthread_mutex_lock(&a->lock);
	for (unsigned int i = 0; i < CHANNELS; i++) {
		a->ch[i].rx.age = dev_age(a->timer.clock, a->ch[i].rx.time);
		a->ch[i].tx.age = dev_age(a->timer.clock, a->ch[i].tx.time);
	}
	pthread_mutex_unlock(&a->lock);
}

static int pl041_after(void *obj, char **err)
{
	struct pl041 *a = obj;

	for (unsigned int i = 0; i < CHANNELS; i++) {
		struct channel *c = &a->ch[i];

		if (c->rx.count > depth(c->rxcr) || c->tx.count > depth(c->txcr))
			return err_set(err, -EINVAL, "pl041: more samples in a FIFO of channel %u than it has room for;"
				       " the stream is damaged", i + 1);
		c->rx.time = dev_age(a->timer.clock, c->rx.age);
		c->tx.time = dev_age(a->timer.clock, c->tx.age);
	}
	pthread_mutex_lock(&a->lock);
	a->level = all_ints(a);
	irq_restore(&a->irq, a->level);
	time_passed(a);
	pthread_mutex_unlock(&a->lock);
	return 0;
}

static const struct save_table table = {
	.name = "pl041", .version = 1, .fields = fields, .before = pl041_before, .after = pl041_after,
};

static void pl041_free(struct device *dev)
{
	struct pl041 *a = (struct pl041 *)dev;

	dev_timer_destroy(&a->timer);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

static const struct device_ops pl041_ops = {
	.name = "pl041",
	.read = pl041_read,
	.write = pl041_write,
	.reset = pl041_reset,
	.free = pl041_free,
	.table = &table,
};

int pl041_create(struct dev_clock *clock, struct irq_line irq, struct device **out)
{
	struct pl041 *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->dev.ops = &pl041_ops;
	a->irq = irq;
	pthread_mutex_init(&a->lock, NULL);
	dev_timer_init(&a->timer, clock, &a->lock, time_passed, a);
	ac97_reset(&a->codec);
	*out = &a->dev;
	return 0;
}
