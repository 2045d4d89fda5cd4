/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The LAN9118's data and status FIFOs (data sheet 3.12, 3.13).
 *
 * Frames to send wait in the transmit FIFO until the loop's thread takes them,
 * so that its free space is what holds the guest back.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "vmm/dev/lan9118_impl.h"
#include "vmm/host/loop.h"
#include "vmm/host/net.h"

#define FRAME_MIN 60	/* without FCS */

/* TX command A */
#define A_IOC (1u << 31)
#define A_END_ALIGN(a) ((a) >> 24 & 3)
#define A_OFFSET(a) ((a) >> 16 & 0x1f)
#define A_FIRST (1u << 13)
#define A_LAST (1u << 12)
#define A_SIZE(a) ((a) & 0x7ff)
/* TX command B */
#define B_TAG(b) ((b) >> 16)
#define B_NO_CRC (1u << 13)
#define B_NO_PAD (1u << 12)
#define B_LENGTH(b) ((b) & 0x7ff)
/* TX status */
#define TXS_ERROR (1u << 15)
#define TXS_LOST_CARRIER (1u << 11)
#define TXS_NO_CARRIER (1u << 10)
#define TXS_EXCESSIVE (1u << 2)
/* RX status */
#define RXS_FILTER_FAILED (1u << 30)
#define RXS_BROADCAST (1u << 13)
#define RXS_MULTICAST (1u << 10)
#define RXS_TYPE (1u << 5)

/* HW_CFG's TX_FIF_SZ is the KiB of 16 that the transmitter has: 2 to 14. */
static u32 tx_kib(const struct lan9118 *l)
{
	u32 n = l->hw_cfg >> 16 & 0xf;

	return n < 2 ? 2 : n > 14 ? 14 : n;
}

u32 lan_tx_size(const struct lan9118 *l)
{
	return tx_kib(l) * 1024 - 512;
}

/* Of the receiver's share a sixteenth is for statuses. */
u32 lan_rx_size(const struct lan9118 *l)
{
	return (16 - tx_kib(l)) * 960;
}

u32 lan_rx_status_size(const struct lan9118 *l)
{
	return (16 - tx_kib(l)) * 16;
}

/* Words rounded up to the end alignment: 4, 16 or 32 bytes. */
static u32 align_words(u32 words, u32 align)
{
	u32 unit = align == 1 ? 4 : align == 2 ? 8 : 1;

	return (words + unit - 1) / unit * unit;
}

/* Receive. */

static u32 packet_words(const struct lan9118 *l, u32 len)
{
	return align_words(((l->rx_cfg >> 8 & 0x1f) + len + 4 + 3) / 4, l->rx_cfg >> 30);
}

static bool packet_fits(const struct lan9118 *l, u32 len)
{
	return (l->rx_used + packet_words(l, len)) * 4 <= lan_rx_size(l) &&
	       l->pkt_count < LAN_RX_STATUS && l->rxs_count < lan_rx_status_size(l);
}

static void backlog_pop(struct lan9118 *l)
{
	struct lan_rx_frame *f = l->backlog;

	l->backlog = f->next;
	if (!l->backlog)
		l->backlog_tail = &l->backlog;
	l->backlog_frames--;
	free(f);
}

static void rx_lost(struct lan9118 *l)
{
	l->rx_drop++;
	l->int_sts |= LAN_INT_RX_DROPPED;
}

static void backlog_push(struct lan9118 *l, const u8 *data, u32 len, u32 status)
{
	struct lan_rx_frame *f = NULL;

	if (l->backlog_frames < LAN_BACKLOG_FRAMES)
		f = malloc(sizeof(*f) + len);
	if (!f) {
		rx_lost(l);
		return;
	}
	f->next = NULL;
	f->len = len;
	f->status = status;
	memcpy(f->data, data, len);
	*l->backlog_tail = f;
	l->backlog_tail = &f->next;
	l->backlog_frames++;
}

static void rx_put(struct lan9118 *l, const u8 *data, u32 len, u32 status);

/* The guest has made room. */
static void rx_room(struct lan9118 *l)
{
	while (l->backlog && packet_fits(l, l->backlog->len)) {
		rx_put(l, l->backlog->data, l->backlog->len, l->backlog->status);
		backlog_pop(l);
	}
	if (!l->paused || l->backlog)
		return;
	l->paused = false;
	if (!l->poke_queued) {
		l->poke_queued = true;
		loop_call(l->loop, lan_poke_run, l);
	}
}

void lan_poke_run(void *opaque)
{
	struct lan9118 *l = opaque;

	pthread_mutex_lock(&l->lock);
	l->poke_queued = false;
	pthread_mutex_unlock(&l->lock);
	if (l->netdev->ops->poke)
		l->netdev->ops->poke(l->netdev);
}

/* Takes @n words of the first packet, which has as many, off the FIFO. */
static void rx_advance(struct lan9118 *l, u32 n)
{
	l->rx_head = (l->rx_head + n) % LAN_RX_WORDS;
	l->rx_used -= n;
	l->pkt_words[l->pkt_head] -= n;
	if (!l->pkt_words[l->pkt_head]) {
		l->pkt_head = (l->pkt_head + 1) % LAN_RX_STATUS;
		l->pkt_count--;
	}
	rx_room(l);
}

/* RX_DMA_CNT counts the words of a DMA controller and interrupts at its end. */
static void rx_dma_count(struct lan9118 *l)
{
	u32 n = l->rx_cfg >> 16 & 0xfff;

	if (!n)
		return;
	l->rx_cfg -= 1u << 16;
	if (n == 1)
		l->int_sts |= LAN_INT_RX_DMA;
}

u32 lan_rx_read(struct lan9118 *l)
{
	u32 val;

	if (!l->pkt_count)
		return 0;
	val = l->rx_words[l->rx_head];
	rx_advance(l, 1);
	rx_dma_count(l);
	return val;
}

void lan_rx_forward(struct lan9118 *l)
{
	if (l->pkt_count)
		rx_advance(l, l->pkt_words[l->pkt_head]);
}

u32 lan_rx_status(struct lan9118 *l, bool take)
{
	u32 val;

	if (!l->rxs_count)
		return 0;
	val = l->rx_status[l->rxs_head];
	if (take) {
		l->rxs_head = (l->rxs_head + 1) % LAN_RX_STATUS;
		l->rxs_count--;
		rx_room(l);
	}
	return val;
}

void lan_rx_dump(struct lan9118 *l)
{
	l->rx_head = l->rx_used = 0;
	l->pkt_head = l->pkt_count = 0;
	l->rxs_head = l->rxs_count = 0;
	while (l->backlog)
		backlog_pop(l);
	rx_room(l);
}

/* A packet as it stands in the FIFO: offset, frame, FCS, up to the end alignment. */
static void packet_put(struct lan9118 *l, const u8 *data, u32 len)
{
	u32 off = l->rx_cfg >> 8 & 0x1f, words = packet_words(l, len);
	u32 tail = (l->rx_head + l->rx_used) % LAN_RX_WORDS, crc = crc32(0, data, len);
	u8 fcs[4] = { crc, crc >> 8, crc >> 16, crc >> 24 };

	for (u32 i = 0; i < words; i++) {
		u32 word = 0;

		for (u32 b = 0; b < 4; b++) {
			u32 at = i * 4 + b - off;

			if (at < len)
				word |= (u32)data[at] << 8 * b;
			else if (at - len < 4)
				word |= (u32)fcs[at - len] << 8 * b;
		}
		l->rx_words[(tail + i) % LAN_RX_WORDS] = word;
	}
	l->rx_used += words;
	l->pkt_words[(l->pkt_head + l->pkt_count++) % LAN_RX_STATUS] = words;
}

static void rx_put(struct lan9118 *l, const u8 *data, u32 len, u32 status)
{
	packet_put(l, data, len);
	l->rx_status[(l->rxs_head + l->rxs_count++) % LAN_RX_STATUS] = status;
}

static u32 rx_status_of(const u8 *data, u32 len, bool failed)
{
	u32 status = (len + 4) << 16;

	if (failed)
		status |= RXS_FILTER_FAILED;
	if (data[0] & 1)
		status |= (data[0] & data[1] & data[2] & data[3] & data[4] & data[5]) == 0xff ?
			  RXS_BROADCAST : RXS_MULTICAST;
	if (data[12] >= 6)
		status |= RXS_TYPE;
	return status;
}

void lan_rx_frame(struct lan9118 *l, const u8 *data, size_t len)
{
	u8 padded[FRAME_MIN] = { 0 };
	bool failed;

	/* Longer ones the wire does not carry; back ends do not pad. */
	if (!(l->mac_cr & LAN_CR_RXEN) || len < NET_FRAME_MIN || len > LAN_FRAME_MAX)
		return;
	if (len < FRAME_MIN) {
		memcpy(padded, data, len);
		data = padded;
		len = FRAME_MIN;
	}
	if (!lan_filter(l, data, &failed))
		return;
	if (l->backlog || !packet_fits(l, len))
		backlog_push(l, data, len, rx_status_of(data, len, failed));
	else
		rx_put(l, data, len, rx_status_of(data, len, failed));
}

/* Transmit. */

u32 lan_tx_free(const struct lan9118 *l)
{
	u32 used = l->tx_queue_space + l->tx_space;

	return used < lan_tx_size(l) ? lan_tx_size(l) - used : 0;
}

u32 lan_tx_status(struct lan9118 *l, bool take)
{
	u32 val;

	if (!l->txs_count)
		return 0;
	val = l->tx_status[l->txs_head];
	if (take) {
		l->txs_head = (l->txs_head + 1) % LAN_TX_STATUS;
		l->txs_count--;
		lan_tx_kick(l);
	}
	return val;
}

static void tx_close(struct lan9118 *l)
{
	l->tx_state = LAN_TX_A;
	l->tx_open = false;
	l->tx_len = l->tx_space = 0;
	l->tx_skip = l->tx_left = l->tx_pad = 0;
}

void lan_tx_dump(struct lan9118 *l)
{
	tx_close(l);
	l->tx_frames = 0;
	l->tx_bytes = l->tx_queue_space = 0;
}

static void status_push(struct lan9118 *l, const struct lan_tx_frame *f, u32 bits)
{
	if (f->flags & LAN_TXF_IOC)
		l->int_sts |= LAN_INT_TX_IOC;
	if (l->txs_count == LAN_TX_STATUS) {
		l->int_sts |= LAN_INT_TX_STATUS_OVERFLOW;
		return;
	}
	l->tx_status[(l->txs_head + l->txs_count++) % LAN_TX_STATUS] = (u32)f->tag << 16 | bits;
}

/* How many of the waiting frames may go. */
static unsigned int sendable(const struct lan9118 *l)
{
	unsigned int room = LAN_TX_STATUS - l->txs_count;

	if (!(l->tx_cfg & LAN_TX_ON) || !(l->mac_cr & LAN_CR_TXEN))
		return 0;
	return l->tx_cfg & LAN_TX_STATUS_OVERRUN || l->tx_frames < room ? l->tx_frames : room;
}

/* Takes the first @n frames to @out and @data.  Returns their bytes. */
static u32 tx_take(struct lan9118 *l, unsigned int n, struct lan_tx_frame *out, u8 *data)
{
	u32 bytes = 0;

	for (unsigned int i = 0; i < n; i++) {
		out[i] = l->tx_frame[i];
		bytes += out[i].len;
		l->tx_queue_space -= out[i].space;
	}
	memcpy(data, l->tx_data, bytes);
	l->tx_frames -= n;
	memmove(l->tx_frame, l->tx_frame + n, l->tx_frames * sizeof(l->tx_frame[0]));
	l->tx_bytes -= bytes;
	memmove(l->tx_data, l->tx_data + bytes, l->tx_bytes + l->tx_len);
	return bytes;
}

/* What the wire carries of a frame: its length, 0 when it cannot go; @buf has LAN_FRAME_MAX bytes. */
static u32 tx_wire(const struct lan_tx_frame *f, const u8 *data, u8 *buf)
{
	u32 len = f->len;

	/* The guest's own FCS: nobody checks it. */
	if (f->flags & LAN_TXF_NO_CRC)
		len = len > 4 ? len - 4 : 0;
	if (len < NET_FRAME_MIN || len > LAN_FRAME_MAX)
		return 0;
	memcpy(buf, data, len);
	if (len < FRAME_MIN && !(f->flags & (LAN_TXF_NO_PAD | LAN_TXF_NO_CRC))) {
		memset(buf + len, 0, FRAME_MIN - len);
		len = FRAME_MIN;
	}
	return len;
}

static void tx_statuses(struct lan9118 *l, const struct lan_tx_frame *out, unsigned int n)
{
	bool carrier = lan_link_up(l) || lan_loopback(l);

	for (unsigned int i = 0; i < n; i++) {
		u32 bits = 0;

		if (!carrier)
			bits = TXS_ERROR | TXS_LOST_CARRIER | TXS_NO_CARRIER;
		else if (out[i].len > LAN_FRAME_MAX + 4)
			bits = TXS_ERROR | TXS_EXCESSIVE;
		status_push(l, &out[i], bits);
	}
}

/* Looped back: drivers wait for it without sleeping, so not by way of the loop. */
static void tx_loop_back(struct lan9118 *l)
{
	struct lan_tx_frame f;
	u8 data[2048], buf[LAN_FRAME_MAX];
	u32 len;

	while (sendable(l)) {
		tx_take(l, 1, &f, data);
		tx_statuses(l, &f, 1);
		len = tx_wire(&f, data, buf);
		if (len)
			lan_rx_frame(l, buf, len);
	}
}

void lan_tx_kick(struct lan9118 *l)
{
	if (!sendable(l))
		return;
	if (lan_loopback(l)) {
		tx_loop_back(l);
	} else if (!l->tx_queued) {
		l->tx_queued = true;
		loop_call(l->loop, lan_tx_run, l);
	}
}

void lan_tx_run(void *opaque)
{
	struct lan9118 *l = opaque;
	struct netdev *nd = l->netdev;
	const u8 *data = l->out_data;
	unsigned int n = 0;
	u8 buf[LAN_FRAME_MAX];
	bool up;

	pthread_mutex_lock(&l->lock);
	l->tx_queued = false;
	up = lan_link_up(l);
	if (lan_loopback(l)) {
		lan_tx_kick(l);
	} else {
		n = sendable(l);
		tx_take(l, n, l->out, l->out_data);
		tx_statuses(l, l->out, n);
	}
	lan_update_irq(l);
	pthread_mutex_unlock(&l->lock);
	for (unsigned int i = 0; up && i < n; i++) {
		u32 len = tx_wire(&l->out[i], data, buf);

		if (len)
			nd->ops->send(nd, buf, len);
		data += l->out[i].len;
	}
	if (up && n && nd->ops->send_done)
		nd->ops->send_done(nd);
}

/* The last buffer of a frame is in. */
static void tx_complete(struct lan9118 *l)
{
	u32 a = l->cmd_a, b = l->cmd_b;

	if (l->tx_len != B_LENGTH(b) || !l->tx_len || l->tx_frames == LAN_TX_STATUS) {
		l->int_sts |= l->tx_frames == LAN_TX_STATUS ? LAN_INT_TX_OVERRUN : LAN_INT_TX_ERROR;
	} else {
		l->tx_frame[l->tx_frames++] = (struct lan_tx_frame){
			.len = l->tx_len,
			.tag = B_TAG(b),
			.space = l->tx_space,
			.flags = (a & A_IOC ? LAN_TXF_IOC : 0) | (b & B_NO_CRC ? LAN_TXF_NO_CRC : 0) |
				 (b & B_NO_PAD ? LAN_TXF_NO_PAD : 0),
		};
		l->tx_bytes += l->tx_len;
		l->tx_queue_space += l->tx_space;
	}
	tx_close(l);
	lan_tx_kick(l);
}

/* Both commands of a buffer are in. */
static void tx_buffer(struct lan9118 *l, u32 b)
{
	u32 a = l->cmd_a, words;

	/* 3.12.2: the first buffer opens a frame, and all of its commands B are equal. */
	if (!(a & A_FIRST) != l->tx_open || (l->tx_open && l->cmd_b != b)) {
		l->int_sts |= LAN_INT_TX_ERROR;
		l->tx_len = l->tx_space = 0;
	}
	l->tx_open = true;
	l->cmd_b = b;
	l->tx_skip = A_OFFSET(a);
	l->tx_left = A_SIZE(a);
	words = (l->tx_skip + l->tx_left + 3) / 4;
	l->tx_pad = align_words(words, A_END_ALIGN(a)) - words;
	l->tx_state = LAN_TX_DATA;
}

static void tx_bytes(struct lan9118 *l, u32 val)
{
	for (u32 i = 0; i < 4 && (l->tx_skip || l->tx_left); i++, val >>= 8) {
		if (l->tx_skip) {
			l->tx_skip--;
			continue;
		}
		l->tx_left--;
		/* A frame longer than 11 bits can say is one that tx_complete() refuses. */
		if (l->tx_len <= 0x7ff)
			l->tx_data[l->tx_bytes + l->tx_len++] = val;
	}
}

void lan_tx_write(struct lan9118 *l, u32 val)
{
	if (lan_tx_free(l) < 4) {
		l->int_sts |= LAN_INT_TX_OVERRUN;
		return;
	}
	l->tx_space += 4;
	switch (l->tx_state) {
	case LAN_TX_A:
		l->cmd_a = val;
		l->tx_state = LAN_TX_B;
		return;
	case LAN_TX_B:
		tx_buffer(l, val);
		break;
	case LAN_TX_DATA:
		if (l->tx_skip || l->tx_left)
			tx_bytes(l, val);
		else if (l->tx_pad)
			l->tx_pad--;
		break;
	}
	if (l->tx_skip || l->tx_left || l->tx_pad)
		return;
	l->tx_state = LAN_TX_A;
	if (l->cmd_a & A_LAST)
		tx_complete(l);
}
