/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The LAN9118's host bus and system registers; section numbers are those of
 * the data sheet (revision 1.5).  The chip is always ready: commands to MAC, PHY
 * and EEPROM are done when they are written.  The interrupt deassertion
 * interval is kept, not obeyed: it only makes interrupts later.
 */
#include "vmm/dev/lan9118.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/dev/lan9118_impl.h"
#include "vmm/dev/regs.h"
#include "vmm/host/loop.h"
#include "vmm/host/net.h"

#define ID_REV 0x01180001u
#define BYTE_TEST 0x87654321u

#define IRQ_CFG_INT (1u << 12)
#define IRQ_CFG_EN (1u << 8)
#define IRQ_CFG_POL (1u << 4)
#define IRQ_CFG_TYPE (1u << 0)
#define HW_CFG_SRST (1u << 0)
#define HW_CFG_32BIT (1u << 2)
#define HW_CFG_TX_SIZE 0x000f0000u
#define INT_ALL 0x83ffefffu
#define PMT_READY (1u << 0)
#define PMT_PHY_RST (1u << 10)
#define PMT_MODE (3u << 12)
#define RX_FFWD (1u << 31)
#define GPT_EN (1u << 29)
#define CSR_BUSY (1u << 31)
#define CSR_READ (1u << 30)
#define E2P_BUSY (1u << 31)

#define GPT_TICK_NS 100000	/* 10 kHz */
#define FREE_RUN_NS 40		/* 25 MHz */

/* Conditions that set their bit as long as they last (5.3.3). */
static u32 conditions(const struct lan9118 *l)
{
	u32 avail_level = (l->fifo_int >> 24) * 64, txs_level = l->fifo_int >> 16 & 0xff;
	u32 rxs_level = l->fifo_int & 0xff, sts = 0;

	if (lan_tx_free(l) > avail_level)
		sts |= LAN_INT_TX_AVAILABLE;
	if (l->txs_count > txs_level)
		sts |= LAN_INT_TX_STATUS_LEVEL;
	if (l->txs_count == LAN_TX_STATUS)
		sts |= LAN_INT_TX_STATUS_FULL;
	if (l->rxs_count > rxs_level)
		sts |= LAN_INT_RX_STATUS_LEVEL;
	if (l->rxs_count >= lan_rx_status_size(l))
		sts |= LAN_INT_RX_STATUS_FULL;
	if (lan_phy_interrupt(l))
		sts |= LAN_INT_PHY;
	return sts;
}

/* High means asserted only for a push-pull output that is active high (5.3.1). */
bool lan_irq_level(const struct lan9118 *l)
{
	u32 high = IRQ_CFG_POL | IRQ_CFG_TYPE;
	bool asserted = l->irq_cfg & IRQ_CFG_INT && l->irq_cfg & IRQ_CFG_EN;

	return (l->irq_cfg & high) == high ? asserted : !asserted;
}

void lan_update_irq(struct lan9118 *l)
{
	bool level;

	l->int_sts |= conditions(l);
	if (l->int_sts & l->int_en)
		l->irq_cfg |= IRQ_CFG_INT;
	else
		l->irq_cfg &= ~IRQ_CFG_INT;
	level = lan_irq_level(l);
	if (level != l->level)
		irq_set(&l->irq, level);
	l->level = level;
}

/* The general purpose timer: down from its load value, through 0 to 0xffff and on (3.8). */

static u32 gpt_load(const struct lan9118 *l)
{
	return l->gpt_cfg & GPT_EN ? l->gpt_cfg & 0xffff : 0xffff;
}

static u64 gpt_ticks(const struct lan9118 *l)
{
	return (dev_now(l->gpt.clock) - l->gpt_start) / GPT_TICK_NS;
}

static u32 read_gpt_cnt(void *dev)
{
	const struct lan9118 *l = dev;

	return l->gpt_cfg & GPT_EN ? (gpt_load(l) - gpt_ticks(l)) & 0xffff : 0xffff;
}

static void gpt_arm(struct lan9118 *l)
{
	u64 now = dev_now(l->gpt.clock), ticks = (now - l->gpt_start) / GPT_TICK_NS, next = gpt_load(l);

	/* It passes zero after the load value and then each 65536 ticks. */
	if (ticks >= next)
		next += ((ticks - next) / 65536 + 1) * 65536;
	dev_timer_set(&l->gpt, l->gpt_start + next * GPT_TICK_NS - now);
}

static void gpt_expired(void *opaque)
{
	struct lan9118 *l = opaque;

	l->int_sts |= LAN_INT_GPT;
	gpt_arm(l);
	lan_update_irq(l);
}

static void write_gpt_cfg(void *dev, u32 val)
{
	struct lan9118 *l = dev;

	dev_timer_cancel(&l->gpt);
	if (!(val & GPT_EN)) {
		l->gpt_cfg = 0xffff;
		return;
	}
	l->gpt_start = dev_now(l->gpt.clock);
	gpt_arm(l);
}

static void chip_reset(struct lan9118 *l, bool hard);

static u32 read_id_rev(void *dev)
{
	(void)dev;
	return ID_REV;
}

static u32 read_byte_test(void *dev)
{
	(void)dev;
	return BYTE_TEST;
}

/* Writing it wakes the chip (3.9.2.3). */
static void write_byte_test(void *dev, u32 val)
{
	struct lan9118 *l = dev;

	(void)val;
	l->pmt_ctrl &= ~PMT_MODE;
}

static void write_int_sts(void *dev, u32 val)
{
	struct lan9118 *l = dev;

	l->int_sts &= ~val;
}

/* Enabling the software interrupt is what raises it. */
static void write_int_en(void *dev, u32 val)
{
	struct lan9118 *l = dev;

	if (val & ~l->int_en & LAN_INT_SW)
		l->int_sts |= LAN_INT_SW;
	l->int_en = val & INT_ALL;
}

static void write_rx_cfg(void *dev, u32 val)
{
	if (val & LAN_RX_DUMP)
		lan_rx_dump(dev);
}

static void write_tx_cfg(void *dev, u32 val)
{
	struct lan9118 *l = dev;

	if (val & LAN_TX_STOP) {
		l->tx_cfg &= ~LAN_TX_ON;
		l->int_sts |= LAN_INT_TX_STOP;
	}
	if (val & LAN_TX_DATA_DUMP)
		lan_tx_dump(l);
	if (val & LAN_TX_STATUS_DUMP)
		l->txs_head = l->txs_count = 0;
	lan_tx_kick(l);
}

static u32 read_hw_cfg(void *dev)
{
	const struct lan9118 *l = dev;

	return l->hw_cfg | (l->bus16 ? 0 : HW_CFG_32BIT);
}

/* The sizes may only change with empty FIFOs (5.3.9): now they are. */
static void write_hw_cfg(void *dev, u32 val)
{
	struct lan9118 *l = dev;

	if (val & HW_CFG_SRST) {
		chip_reset(l, false);
		return;
	}
	if ((val ^ l->hw_cfg) & HW_CFG_TX_SIZE) {
		lan_rx_dump(l);
		lan_tx_dump(l);
	}
	l->hw_cfg = val & 0x003ff000;
}

static void write_rx_dp(void *dev, u32 val)
{
	if (val & RX_FFWD)
		lan_rx_forward(dev);
}

static u32 read_rx_inf(void *dev)
{
	const struct lan9118 *l = dev;

	return l->rxs_count << 16 | l->rx_used * 4;
}

static u32 read_tx_inf(void *dev)
{
	const struct lan9118 *l = dev;

	return l->txs_count << 16 | lan_tx_free(l);
}

static u32 read_pmt(void *dev)
{
	return ((struct lan9118 *)dev)->pmt_ctrl | PMT_READY;
}

static void write_pmt(void *dev, u32 val)
{
	if (val & PMT_PHY_RST)
		lan_phy_reset(dev);
}

static u32 read_free_run(void *dev)
{
	const struct lan9118 *l = dev;

	return (dev_now(l->gpt.clock) - l->free_run_start) / FREE_RUN_NS;
}

static u32 read_rx_drop(void *dev)
{
	struct lan9118 *l = dev;
	u32 val = l->rx_drop;

	l->rx_drop = 0;
	return val;
}

static void write_mac_cmd(void *dev, u32 val)
{
	struct lan9118 *l = dev;

	if (!(val & CSR_BUSY))
		return;
	if (val & CSR_READ)
		l->mac_data = lan_mac_read(l, val & 0xff);
	else
		lan_mac_write(l, val & 0xff, l->mac_data);
}

static void write_e2p_cmd(void *dev, u32 val)
{
	if (val & E2P_BUSY)
		lan_eeprom_command(dev, val);
}

static u32 read_rx_status(void *dev)
{
	return lan_rx_status(dev, true);
}

static u32 peek_rx_status(void *dev)
{
	return lan_rx_status(dev, false);
}

static u32 read_tx_status(void *dev)
{
	return lan_tx_status(dev, true);
}

static u32 peek_tx_status(void *dev)
{
	return lan_tx_status(dev, false);
}

#define FIELD(f) offsetof(struct lan9118, f)
#define NONE DEV_REG_NO_FIELD

/* 5.3.  What resets to its own value in chip_reset() only is not here. */
static const struct dev_reg regs[] = {
	{ 0x40, NONE, 0, 0, "RX_STATUS_FIFO", read_rx_status, NULL },
	{ 0x44, NONE, 0, 0, "RX_STATUS_FIFO_PEEK", peek_rx_status, NULL },
	{ 0x48, NONE, 0, 0, "TX_STATUS_FIFO", read_tx_status, NULL },
	{ 0x4c, NONE, 0, 0, "TX_STATUS_FIFO_PEEK", peek_tx_status, NULL },
	{ 0x50, NONE, 0, 0, "ID_REV", read_id_rev, NULL },
	{ 0x54, FIELD(irq_cfg), 0, 0xff000111, "IRQ_CFG", NULL, NULL },
	{ 0x58, FIELD(int_sts), 0, 0, "INT_STS", NULL, write_int_sts },
	{ 0x5c, FIELD(int_en), 0, 0, "INT_EN", NULL, write_int_en },
	{ 0x64, NONE, 0, 0, "BYTE_TEST", read_byte_test, write_byte_test },
	{ 0x68, FIELD(fifo_int), 0x48000000, ~0u, "FIFO_INT", NULL, NULL },
	{ 0x6c, FIELD(rx_cfg), 0, 0xcfff1f00, "RX_CFG", NULL, write_rx_cfg },
	{ 0x70, FIELD(tx_cfg), 0, 0x00000006, "TX_CFG", NULL, write_tx_cfg },
	{ 0x74, FIELD(hw_cfg), 0x00050000, 0, "HW_CFG", read_hw_cfg, write_hw_cfg },
	{ 0x78, NONE, 0, 0, "RX_DP_CTRL", NULL, write_rx_dp },
	{ 0x7c, NONE, 0, 0, "RX_FIFO_INF", read_rx_inf, NULL },
	{ 0x80, NONE, 0, 0, "TX_FIFO_INF", read_tx_inf, NULL },
	{ 0x84, FIELD(pmt_ctrl), 0, 0x00003346, "PMT_CTRL", read_pmt, write_pmt },
	{ 0x88, FIELD(gpio_cfg), 0, 0x7777071f, "GPIO_CFG", NULL, NULL },
	{ 0x8c, FIELD(gpt_cfg), 0xffff, 0x2000ffff, "GPT_CFG", NULL, write_gpt_cfg },
	{ 0x90, NONE, 0, 0, "GPT_CNT", read_gpt_cnt, NULL },
	{ 0x98, FIELD(word_swap), 0, ~0u, "WORD_SWAP", NULL, NULL },
	{ 0x9c, NONE, 0, 0, "FREE_RUN", read_free_run, NULL },
	{ 0xa0, FIELD(rx_drop), 0, 0, "RX_DROP", read_rx_drop, NULL },
	{ 0xa4, FIELD(mac_cmd), 0, 0x400000ff, "MAC_CSR_CMD", NULL, write_mac_cmd },
	{ 0xa8, FIELD(mac_data), 0, ~0u, "MAC_CSR_DATA", NULL, NULL },
	{ 0xac, FIELD(afc_cfg), 0, 0x00ffffff, "AFC_CFG", NULL, NULL },
	{ 0xb0, FIELD(e2p_cmd), 0, 0, "E2P_CMD", NULL, write_e2p_cmd },
	{ 0xb4, FIELD(e2p_data), 0, 0xff, "E2P_DATA", NULL, NULL },
};

/* @hard: the reset pin; else SRST, which leaves the bus, the PHY and the EEPROM alone (3.11). */
static void chip_reset(struct lan9118 *l, bool hard)
{
	u32 swap = l->word_swap;

	dev_timer_cancel(&l->gpt);
	lan_rx_dump(l);
	lan_tx_dump(l);
	l->txs_head = l->txs_count = 0;
	dev_reg_reset(regs, ARM_ARRAY_SIZE(regs), l);
	l->free_run_start = dev_now(l->gpt.clock);
	lan_mac_reset(l);
	if (hard) {
		lan_phy_reset(l);
		l->half_read = l->half_written = false;
	} else {
		l->word_swap = swap;
	}
}

/* A whole register.  Locked. */
static u32 reg_read(struct lan9118 *l, u64 off)
{
	const struct dev_reg *row;

	if (off < 0x20)
		return lan_rx_read(l);
	row = dev_reg_find(regs, ARM_ARRAY_SIZE(regs), off);
	return row ? dev_reg_read(row, l) : 0;
}

static void reg_write(struct lan9118 *l, u64 off, u32 val)
{
	const struct dev_reg *row;

	if (off >= 0x20 && off < 0x40) {
		lan_tx_write(l, val);
		return;
	}
	row = dev_reg_find(regs, ARM_ARRAY_SIZE(regs), off);
	if (row)
		dev_reg_write(row, l, val);
}

/* Which half of a register is at an even word of a 16-bit bus (3.7). */
static unsigned int half_shift(const struct lan9118 *l, u64 off)
{
	bool high = off & 2;

	return (l->word_swap == ~0u ? !high : high) ? 16 : 0;
}

/*
 * 16-bit bus: the first access to a register latches it, the one to its other
 * half takes the rest; two writes make one.
 */
static u32 half_read(struct lan9118 *l, u64 off)
{
	u64 reg = off & ~3ull;

	if (!l->half_read || l->half_off != (off ^ 2)) {
		l->half_val = reg_read(l, reg);
		l->half_off = off;
		l->half_read = true;
	} else {
		l->half_read = false;
	}
	return l->half_val >> half_shift(l, off) & 0xffff;
}

static void half_write(struct lan9118 *l, u64 off, u32 val)
{
	u32 part = (val & 0xffff) << half_shift(l, off);

	if (!l->half_written || l->half_write_off != (off ^ 2)) {
		l->half_write_val = part;
		l->half_write_off = off;
		l->half_written = true;
	} else {
		l->half_written = false;
		reg_write(l, off & ~3ull, l->half_write_val | part);
	}
}

static u32 word_read(struct lan9118 *l, u64 off)
{
	u32 low;

	if (!l->bus16)
		return reg_read(l, off);
	low = half_read(l, off);
	return low | half_read(l, off + 2) << 16;
}

static void word_write(struct lan9118 *l, u64 off, u32 val)
{
	if (!l->bus16) {
		reg_write(l, off, val);
		return;
	}
	half_write(l, off, val);
	half_write(l, off + 2, val >> 16);
}

/* 64-bit accesses are two on the bus, in this order: the FIFOs' aliases are for such bursts. */
static enum arm_result lan9118_read(struct device *dev, unsigned int cpu, u64 off,
				    unsigned int size, u64 *val)
{
	struct lan9118 *l = (struct lan9118 *)dev;
	u32 word;

	(void)cpu;
	*val = 0;
	if (off >= 0x100)
		return ARM_HANDLED;
	pthread_mutex_lock(&l->lock);
	if (size == 8) {
		*val = word_read(l, off);
		*val |= (u64)word_read(l, off + 4) << 32;
	} else if (size == 4) {
		*val = word_read(l, off);
	} else {
		/* A 32-bit bus has no smaller reads: the CPU takes its lanes. */
		word = l->bus16 ? half_read(l, off & ~1ull) << 8 * (off & 2) : reg_read(l, off & ~3ull);
		*val = word >> 8 * (off & 3) & (size == 2 ? 0xffff : 0xff);
	}
	lan_update_irq(l);
	pthread_mutex_unlock(&l->lock);
	return ARM_HANDLED;
}

/* There are no byte enables: a write smaller than the bus cannot be meant, and does nothing. */
static enum arm_result lan9118_write(struct device *dev, unsigned int cpu, u64 off,
				     unsigned int size, u64 val)
{
	struct lan9118 *l = (struct lan9118 *)dev;

	(void)cpu;
	if (off >= 0x100)
		return ARM_HANDLED;
	pthread_mutex_lock(&l->lock);
	if (size >= 4)
		word_write(l, off, val);
	if (size == 8)
		word_write(l, off + 4, val >> 32);
	if (size == 2 && l->bus16)
		half_write(l, off, val);
	lan_update_irq(l);
	pthread_mutex_unlock(&l->lock);
	return ARM_HANDLED;
}

static bool lan9118_can_receive(void *opaque)
{
	struct lan9118 *l = opaque;
	bool room;

	pthread_mutex_lock(&l->lock);
	/* With the receiver off, frames are taken and dropped: they are not for later. */
	room = !(l->mac_cr & LAN_CR_RXEN) || !l->backlog;
	l->paused = !room;
	pthread_mutex_unlock(&l->lock);
	return room;
}

static void lan9118_receive(void *opaque, const void *frame, size_t len)
{
	struct lan9118 *l = opaque;

	pthread_mutex_lock(&l->lock);
	if (lan_link_up(l) && !lan_loopback(l))
		lan_rx_frame(l, frame, len);
	pthread_mutex_unlock(&l->lock);
}

static void lan9118_receive_done(void *opaque)
{
	struct lan9118 *l = opaque;

	pthread_mutex_lock(&l->lock);
	lan_update_irq(l);
	pthread_mutex_unlock(&l->lock);
}

static void lan9118_reset(struct device *dev)
{
	struct lan9118 *l = (struct lan9118 *)dev;

	pthread_mutex_lock(&l->lock);
	chip_reset(l, true);
	l->loaded = false;
	lan_update_irq(l);
	pthread_mutex_unlock(&l->lock);
}

/* What the guest had given up for sending goes out here, behind the news that it is here. */
static void lan9118_resume(struct device *dev)
{
	struct lan9118 *l = (struct lan9118 *)dev;
	bool announce;
	u8 mac[6];

	pthread_mutex_lock(&l->lock);
	announce = l->loaded && l->mac_cr & LAN_CR_TXEN && lan_link_up(l) && !lan_loopback(l);
	l->loaded = false;
	for (unsigned int i = 0; i < 6; i++)
		mac[i] = i < 4 ? l->addrl >> 8 * i : l->addrh >> 8 * (i - 4);
	if (l->tx_frames) {
		lan_tx_kick(l);
		lan_update_irq(l);
	}
	pthread_mutex_unlock(&l->lock);
	if (announce)
		netdev_announce(l->netdev, mac);
}

static void lan9118_free(struct device *dev)
{
	struct lan9118 *l = (struct lan9118 *)dev;

	netdev_free(l->netdev);
	loop_uncall(l->loop, lan_tx_run, l);
	dev_timer_destroy(&l->gpt);
	lan_rx_dump(l);
	loop_uncall(l->loop, lan_poke_run, l);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

static const struct device_ops lan9118_ops = {
	.name = "lan9118",
	.read = lan9118_read,
	.write = lan9118_write,
	.reset = lan9118_reset,
	.free = lan9118_free,
	.table = &lan_save_table,
	.resume = lan9118_resume,
};

static void eeprom_init(struct lan9118 *l, const u8 *mac)
{
	static const u8 none[6], mac_default[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

	memset(l->eeprom, 0xff, sizeof(l->eeprom));
	l->eeprom[0] = 0xa5;
	memcpy(l->eeprom + 1, memcmp(mac, none, 6) ? mac : mac_default, 6);
}

int lan9118_create(const struct lan9118_config *cfg, struct irq_line irq, struct device **out)
{
	struct lan9118 *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->dev.ops = &lan9118_ops;
	l->loop = cfg->clock->loop;
	l->netdev = cfg->netdev;
	l->irq = irq;
	l->bus16 = cfg->bus16;
	l->backlog_tail = &l->backlog;
	pthread_mutex_init(&l->lock, NULL);
	dev_timer_init(&l->gpt, cfg->clock, &l->lock, gpt_expired, l);
	eeprom_init(l, cfg->mac);
	chip_reset(l, true);
	if (cfg->netdev)
		cfg->netdev->rx = (struct net_receiver){
			.can_receive = lan9118_can_receive,
			.receive = lan9118_receive,
			.receive_done = lan9118_receive_done,
			.opaque = l,
		};
	*out = &l->dev;
	return 0;
}
