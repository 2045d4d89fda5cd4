/* SPDX-License-Identifier: GPL-2.0-only */
/* The LAN9118, driven as drivers do; the wire is a list of frames. */
#include "tests/unit/dev_rig.h"
#include "tests/unit/timer_rig.h"

#include <zlib.h>

#include "tests/unit/save_rig.h"
#include "vmm/dev/lan9118.h"
#include "vmm/host/net.h"

enum {
	RXD = 0x00, TXD = 0x20, RXS = 0x40, RXS_PEEK = 0x44, TXS = 0x48, ID = 0x50, IRQ_CFG = 0x54,
	INT_STS = 0x58, INT_EN = 0x5c, BYTE = 0x64, FIFO_INT = 0x68, RX_CFG = 0x6c, TX_CFG = 0x70,
	HW_CFG = 0x74, RX_DP = 0x78, RX_INF = 0x7c, TX_INF = 0x80, PMT = 0x84, GPT_CFG = 0x8c,
	GPT_CNT = 0x90, SWAP = 0x98, FREE_RUN = 0x9c, RX_DROP = 0xa0, CSR_CMD = 0xa4,
	CSR_DATA = 0xa8, E2P_CMD = 0xb0, E2P_DATA = 0xb4,
};

enum { MAC_CR = 1, ADDRH, ADDRL, HASHH, HASHL, MII_ACC, MII_DATA };

#define SW_INT (1u << 31)
#define RXSTOP (1u << 24)
#define IOC (1u << 21)
#define GPT_INT (1u << 19)
#define PHY_INT (1u << 18)
#define TXE (1u << 13)
#define TDFO (1u << 10)
#define TDFA (1u << 9)
#define RSFL (1u << 3)
#define FIRST (1u << 13)
#define LAST (1u << 12)
#define KEPT 2048

struct fake {
	struct netdev nd;
	u8 *frame[KEPT];
	size_t len[KEPT];
	unsigned int n, dones, pokes;
};

struct fix {
	struct dev_rig rig;
	struct fake *wire;	/* freed with the device */
};

static const u8 own[6] = { 2, 0x11, 0x22, 0x33, 0x44, 0x55 };

static void fake_send(struct netdev *nd, const void *frame, size_t len)
{
	struct fake *w = (struct fake *)nd;

	assert_true(w->n < KEPT);
	w->frame[w->n] = malloc(len);
	memcpy(w->frame[w->n], frame, len);
	w->len[w->n++] = len;
}

static void fake_done(struct netdev *nd)
{
	((struct fake *)nd)->dones++;
}

static void fake_poke(struct netdev *nd)
{
	((struct fake *)nd)->pokes++;
}

static void fake_clear(struct fake *w)
{
	while (w->n)
		free(w->frame[--w->n]);
}

static void fake_free(struct netdev *nd)
{
	fake_clear((struct fake *)nd);
	free(nd);
}

static const struct netdev_ops fake_ops = {
	.name = "fake", .send = fake_send, .send_done = fake_done, .poke = fake_poke,
	.free = fake_free,
};

static u32 mac_rd(struct fix *f, u32 index)
{
	wr(&f->rig, CSR_CMD, 3u << 30 | index);
	assert_int_equal(rd(&f->rig, CSR_CMD) >> 31, 0);
	return rd(&f->rig, CSR_DATA);
}

static void mac_wr(struct fix *f, u32 index, u32 val)
{
	wr(&f->rig, CSR_DATA, val);
	wr(&f->rig, CSR_CMD, 1u << 31 | index);
	assert_int_equal(rd(&f->rig, CSR_CMD) >> 31, 0);
}

static u32 phy_rd(struct fix *f, u32 addr, u32 reg)
{
	mac_wr(f, MII_ACC, addr << 11 | reg << 6);
	assert_int_equal(mac_rd(f, MII_ACC) & 1, 0);
	return mac_rd(f, MII_DATA);
}

static void phy_wr(struct fix *f, u32 reg, u32 val)
{
	mac_wr(f, MII_DATA, val);
	mac_wr(f, MII_ACC, 1 << 11 | reg << 6 | 2);
}

/* What the Linux driver does when the interface goes up. */
static void bring_up(struct fix *f)
{
	wr(&f->rig, HW_CFG, 1);
	assert_int_equal(rd(&f->rig, HW_CFG) & 1, 0);
	wr(&f->rig, HW_CFG, 0x00050000);
	wr(&f->rig, INT_EN, 0);
	wr(&f->rig, INT_STS, 0xffffffff);
	wr(&f->rig, IRQ_CFG, 10u << 24 | 0x111);
	wr(&f->rig, HW_CFG, rd(&f->rig, HW_CFG) | 1 << 20);
	wr(&f->rig, FIFO_INT, 0xff000000);
	wr(&f->rig, RX_CFG, 2 << 8);
	wr(&f->rig, INT_EN, RSFL | TDFA | RXSTOP);
	mac_wr(f, MAC_CR, 0x0010000c);
	wr(&f->rig, TX_CFG, 2);
}

static void make(struct fix *f, bool bus16, bool cable)
{
	struct lan9118_config cfg = { .mac = { 2, 0x11, 0x22, 0x33, 0x44, 0x55 }, .bus16 = bus16 };

	rig_loop(&f->rig);
	cfg.clock = &f->rig.clock;
	if (cable) {
		f->wire = calloc(1, sizeof(*f->wire));
		f->wire->nd.ops = &fake_ops;
		f->wire->nd.mtu = 1500;
		cfg.netdev = &f->wire->nd;
	}
	assert_int_equal(lan9118_create(&cfg, rig_irq_line(&f->rig, 0), &f->rig.dev), 0);
}

static int setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));

	make(f, false, true);
	bring_up(f);
	*state = f;
	return 0;
}

static int setup_bare(void **state)
{
	*state = calloc(1, sizeof(struct fix));
	return 0;
}

static int teardown(void **state)
{
	struct fix *f = *state;

	f->rig.dev->ops->free(f->rig.dev);
	loop_free(f->rig.loop);
	free(f);
	return 0;
}

static void fill(u8 *p, size_t len, u8 seed)
{
	for (size_t i = 0; i < len; i++)
		p[i] = i * 7 + seed;
}

/* One buffer: @align as in command A, data at @off. */
static void tx_buffer(struct fix *f, u32 flags, u32 b, const u8 *p, u32 len, u32 off, u32 align)
{
	static const u32 units[] = { 1, 4, 8 };
	u32 words = (off + len + 3) / 4, unit = units[align];
	u8 buf[2200];

	words = (words + unit - 1) / unit * unit;
	memset(buf, 0xee, sizeof(buf));
	memcpy(buf + off, p, len);
	wr(&f->rig, TXD, flags | align << 24 | off << 16 | len);
	wr(&f->rig, TXD, b);
	for (u32 i = 0; i < words; i++)
		wr(&f->rig, TXD + 4 * (i % 8), buf[4 * i] | buf[4 * i + 1] << 8 | buf[4 * i + 2] << 16 |
						(u32)buf[4 * i + 3] << 24);
}

static void tx(struct fix *f, const u8 *p, u32 len, u32 off)
{
	tx_buffer(f, FIRST | LAST, len << 16 | len, p, len, off, 0);
}

/* A frame from the wire, as back ends bring it. */
static bool arrive(struct fix *f, const u8 *p, size_t len)
{
	struct net_receiver *rx = &f->wire->nd.rx;

	if (!rx->can_receive(rx->opaque))
		return false;
	rx->receive(rx->opaque, p, len);
	rx->receive_done(rx->opaque);
	return true;
}

/* Takes the next frame out of the FIFOs; returns its length without FCS, and checks that. */
static u32 rx(struct fix *f, u8 *p, u32 *status)
{
	u32 off = rd(&f->rig, RX_CFG) >> 8 & 0x1f, len, words, fcs;
	u8 buf[2200];

	assert_true(rd(&f->rig, RX_INF) & 0xff0000);
	assert_int_equal(rd(&f->rig, RXS_PEEK), rd(&f->rig, RXS_PEEK));
	*status = rd(&f->rig, RXS);
	len = *status >> 16 & 0x3fff;
	words = (off + len + 3) / 4;
	for (u32 i = 0; i < words; i++) {
		u32 w = rd(&f->rig, RXD + 4 * (i % 8));

		memcpy(buf + 4 * i, &w, 4);
	}
	memcpy(p, buf + off, len - 4);
	memcpy(&fcs, buf + off + len - 4, 4);
	assert_int_equal(fcs, (u32)crc32(0, p, len - 4));
	return len - 4;
}

static void frame_to(u8 *p, const u8 *dest, size_t len, u8 seed)
{
	fill(p, len, seed);
	memcpy(p, dest, 6);
	p[12] = 8;
	p[13] = 0;
}

static void test_identity(void **state)
{
	struct fix *f = *state;
	u32 t;

	make(f, false, true);
	assert_int_equal(rd(&f->rig, BYTE), 0x87654321);
	assert_int_equal(rd(&f->rig, ID), 0x01180001);
	assert_true(rd(&f->rig, PMT) & 1);
	assert_int_equal(rd(&f->rig, HW_CFG), 0x00050004);
	assert_int_equal(rd_n(&f->rig, BYTE, 2), 0x4321);
	assert_int_equal(rd_n(&f->rig, BYTE + 3, 1), 0x87);
	/* The EEPROM has set the address. */
	assert_int_equal(mac_rd(f, ADDRL), 0x33221102);
	assert_int_equal(mac_rd(f, ADDRH), 0x5544);
	assert_true(rd(&f->rig, E2P_CMD) & 1 << 8);
	t = rd(&f->rig, FREE_RUN);
	timer_rig_pass_ms(2);
	assert_int_equal(rd(&f->rig, FREE_RUN) - t, 50000);
}

static void test_bus16(void **state)
{
	struct fix *f = *state;

	make(f, true, true);
	assert_int_equal(rd(&f->rig, HW_CFG) & 4, 0);
	assert_int_equal(rd_n(&f->rig, BYTE, 2), 0x4321);
	assert_int_equal(rd_n(&f->rig, BYTE + 2, 2), 0x8765);
	assert_int_equal(rd(&f->rig, BYTE), 0x87654321);
	/* A register is written when both halves are there. */
	wr_n(&f->rig, CSR_DATA, 2, 0xbeef);
	assert_int_equal(rd(&f->rig, CSR_DATA), 0);
	wr_n(&f->rig, CSR_DATA + 2, 2, 0xdead);
	assert_int_equal(rd(&f->rig, CSR_DATA), 0xdeadbeef);
	wr_n(&f->rig, SWAP, 2, 0xffff);
	wr_n(&f->rig, SWAP + 2, 2, 0xffff);
	assert_int_equal(rd_n(&f->rig, BYTE, 2), 0x8765);
	assert_int_equal(rd_n(&f->rig, BYTE + 2, 2), 0x4321);
	wr_n(&f->rig, CSR_DATA, 2, 0x1234);
	wr_n(&f->rig, CSR_DATA + 2, 2, 0x5678);
	assert_int_equal(rd_n(&f->rig, CSR_DATA, 2), 0x1234);
	assert_int_equal(rd_n(&f->rig, CSR_DATA + 2, 2), 0x5678);
	/* Small writes to a 32-bit chip do nothing. */
	f->rig.dev->ops->free(f->rig.dev);
	loop_free(f->rig.loop);
	make(f, false, true);
	wr_n(&f->rig, CSR_DATA, 2, 0xbeef);
	wr_n(&f->rig, CSR_DATA + 2, 2, 0xdead);
	assert_int_equal(rd(&f->rig, CSR_DATA), 0);
}

static void test_transmit(void **state)
{
	struct fix *f = *state;
	u8 p[1518];

	fill(p, sizeof(p), 1);
	for (u32 i = 0; i < 4; i++)
		tx(f, p, 100 + i * 400, i);
	assert_int_equal(f->wire->n, 0);	/* not on the vCPU's thread */
	assert_true((rd(&f->rig, TX_INF) & 0xffff) < 4608 - 2800);
	rig_turn(&f->rig);
	assert_int_equal(f->wire->n, 4);
	assert_int_equal(f->wire->dones, 1);
	for (u32 i = 0; i < 4; i++) {
		assert_int_equal(f->wire->len[i], 100 + i * 400);
		assert_memory_equal(f->wire->frame[i], p, 100 + i * 400);
	}
	assert_int_equal(rd(&f->rig, TX_INF), 4 << 16 | 4608);
	for (u32 i = 0; i < 4; i++)
		assert_int_equal(rd(&f->rig, TXS), (100 + i * 400) << 16);
	assert_int_equal(rd(&f->rig, TX_INF), 4608);
	/* Short frames are padded unless that is forbidden. */
	fake_clear(f->wire);
	tx(f, p, 42, 2);
	tx_buffer(f, FIRST | LAST, 1 << 12 | 42, p, 42, 0, 0);
	tx_buffer(f, FIRST | LAST, 3 << 12 | 68, p, 68, 0, 0);
	rig_turn(&f->rig);
	assert_int_equal(f->wire->n, 3);
	assert_int_equal(f->wire->len[0], 60);
	assert_int_equal(f->wire->frame[0][41], p[41]);
	assert_int_equal(f->wire->frame[0][42], 0);
	assert_int_equal(f->wire->len[1], 42);
	assert_int_equal(f->wire->len[2], 64);
}

static void test_transmit_buffers(void **state)
{
	struct fix *f = *state;
	u8 p[1000];
	u32 b = 7 << 16 | 1000;

	fill(p, sizeof(p), 9);
	tx_buffer(f, FIRST, b, p, 333, 3, 1);
	tx_buffer(f, 0, b, p + 333, 1, 31, 2);
	tx_buffer(f, 0, b, p + 334, 600, 0, 2);
	tx_buffer(f, LAST | 1u << 31, b, p + 934, 66, 17, 0);
	assert_int_equal(rd(&f->rig, INT_STS) & IOC, 0);
	rig_turn(&f->rig);
	assert_int_equal(f->wire->n, 1);
	assert_int_equal(f->wire->len[0], 1000);
	assert_memory_equal(f->wire->frame[0], p, 1000);
	assert_int_equal(rd(&f->rig, TXS), 7 << 16);
	assert_true(rd(&f->rig, INT_STS) & IOC);
	assert_int_equal(rd(&f->rig, INT_STS) & TXE, 0);
	/* The lengths disagree; a second frame opens within the first. */
	tx_buffer(f, FIRST | LAST, 200, p, 100, 0, 0);
	assert_true(rd(&f->rig, INT_STS) & TXE);
	wr(&f->rig, INT_STS, TXE);
	tx_buffer(f, FIRST, 100, p, 50, 0, 0);
	assert_int_equal(rd(&f->rig, INT_STS) & TXE, 0);
	tx_buffer(f, FIRST | LAST, 100, p, 100, 0, 0);
	assert_true(rd(&f->rig, INT_STS) & TXE);
	wr(&f->rig, INT_STS, TXE);
	tx_buffer(f, LAST, 100, p, 100, 0, 0);
	assert_true(rd(&f->rig, INT_STS) & TXE);
	/* Too long for the wire: an error in its status. */
	fake_clear(f->wire);
	wr(&f->rig, TX_CFG, 0xc002);
	tx_buffer(f, FIRST, 5 << 16 | 2000, p, 1000, 0, 0);
	tx_buffer(f, LAST, 5 << 16 | 2000, p, 1000, 0, 0);
	rig_turn(&f->rig);
	assert_int_equal(f->wire->n, 0);
	assert_int_equal(rd(&f->rig, TXS) >> 15, 5 << 1 | 1);
}

static void test_transmit_limits(void **state)
{
	struct fix *f = *state;
	u8 p[1514];
	u32 n;

	fill(p, sizeof(p), 3);
	/* With nobody sending, the FIFO fills and says so, and TDFA waits for room. */
	wr(&f->rig, TX_CFG, 1);
	for (n = 0; (rd(&f->rig, TX_INF) & 0xffff) > 1514 + 32; n++)
		tx(f, p, 1514, 2);
	assert_int_equal(n, 3);
	wr(&f->rig, FIFO_INT, 0x32000000);
	wr(&f->rig, INT_STS, 0xffffffff);
	assert_int_equal(rd(&f->rig, INT_STS) & (TDFA | TDFO), 0);
	wr(&f->rig, TX_CFG, 2);
	rig_turn(&f->rig);
	assert_int_equal(f->wire->n, 3);
	assert_true(rd(&f->rig, INT_STS) & TDFA);
	wr(&f->rig, TX_CFG, 1);
	for (n = 0; n < 20000; n++)
		wr(&f->rig, TXD, 0xffffffff);
	assert_true(rd(&f->rig, INT_STS) & TDFO);
	assert_true((rd(&f->rig, TX_INF) & 0xffff) < 4);
	wr(&f->rig, TX_CFG, 0xc002);
	assert_int_equal(rd(&f->rig, TX_INF), 4608);
	/* Statuses that nobody fetches stop it at 128. */
	fake_clear(f->wire);
	for (n = 0; n < 200; n++) {
		tx(f, p, 60, 0);
		rig_turn(&f->rig);
	}
	assert_int_equal(f->wire->n, 128);
	assert_int_equal(rd(&f->rig, TX_INF) >> 16, 128);
	for (n = 0; n < 128; n++)
		assert_int_equal(rd(&f->rig, TXS), 60 << 16);
	rig_turn(&f->rig);
	assert_true(f->wire->n > 128 + 50);
}

static void test_receive(void **state)
{
	struct fix *f = *state;
	u8 p[1518], got[2200];
	u32 status;

	assert_false(rig_irq(&f->rig, 0));
	frame_to(p, own, 1514, 5);
	assert_true(arrive(f, p, 1514));
	assert_true(rig_irq(&f->rig, 0));
	assert_int_equal(rd(&f->rig, RX_INF), 1 << 16 | 1520);
	assert_int_equal(rx(f, got, &status), 1514);
	assert_memory_equal(got, p, 1514);
	assert_int_equal(status, 1518 << 16 | 1 << 5);
	/* The level is seen again after each acknowledgement while it lasts, and no longer. */
	wr(&f->rig, INT_STS, RSFL);
	assert_false(rig_irq(&f->rig, 0));
	assert_true(arrive(f, p, 60));
	wr(&f->rig, INT_STS, RSFL);
	assert_true(rig_irq(&f->rig, 0));
	assert_int_equal(rx(f, got, &status), 60);
	/* Back ends do not pad. */
	assert_true(arrive(f, p, 42));
	assert_int_equal(rx(f, got, &status), 60);
	assert_int_equal(got[42], 0);
	/* With the largest offset and alignment the FIFO stays in step. */
	wr(&f->rig, RX_CFG, 2u << 30 | 31 << 8);
	for (u32 i = 0; i < 50; i++) {
		assert_true(arrive(f, p, 60 + i));
		assert_int_equal(rx(f, got, &status), 60 + i);
		while (rd(&f->rig, RX_INF) & 0xffff)
			rd(&f->rig, RXD);
		assert_memory_equal(got, p, 60 + i);
	}
	wr(&f->rig, RX_CFG, 0);
	/* Fast forward throws one packet away. */
	arrive(f, p, 100);
	arrive(f, p, 200);
	rd(&f->rig, RXS);
	rd(&f->rig, RXD);
	wr(&f->rig, RX_DP, 1u << 31);
	assert_int_equal(rd(&f->rig, RX_DP) >> 31, 0);
	assert_int_equal(rx(f, got, &status), 200);
	assert_memory_equal(got, p, 200);
	/* Nothing is there. */
	assert_int_equal(rd(&f->rig, RXS), 0);
	assert_int_equal(rd(&f->rig, RXD), 0);
	wr(&f->rig, RX_DP, 1u << 31);
	/* Frames that cannot be. */
	arrive(f, p, 13);
	arrive(f, p, 1519);
	assert_int_equal(rd(&f->rig, RX_INF), 0);
}

static void test_receive_limits(void **state)
{
	struct fix *f = *state;
	struct net_receiver *r = &f->wire->nd.rx;
	u8 p[1514], got[2200];
	u32 n, status;

	frame_to(p, own, sizeof(p), 5);
	for (n = 0; arrive(f, p, 1514); n++)
		assert_true(n < 100);
	assert_int_equal(n, 10560 / 1520 + 1);	/* the last one waits */
	/* Who does not ask is heard too, up to a limit; what is lost is counted. */
	for (n = 0; n < 999; n++) {
		p[20] = n;
		r->receive(r->opaque, p, 1514);
	}
	assert_int_equal(rd(&f->rig, RX_DROP), 999 + 1 - 512);
	assert_int_equal(rd(&f->rig, RX_DROP), 0);
	assert_int_equal(rd(&f->rig, RX_INF) & 0xffff, 10560 / 1520 * 1520);
	rig_turn(&f->rig);
	assert_int_equal(f->wire->pokes, 0);
	for (n = 0; rd(&f->rig, RX_INF) >> 16; n++) {
		rx(f, got, &status);
		assert_int_equal(got[20], n < 7 ? (u8)(20 * 7 + 5) : (u8)(n - 7));
	}
	assert_int_equal(n, 6 + 512);
	rig_turn(&f->rig);
	assert_int_equal(f->wire->pokes, 1);
	assert_true(arrive(f, p, 1514));
	wr(&f->rig, RX_CFG, 1 << 15);
	assert_int_equal(rd(&f->rig, RX_INF), 0);
	/* By statuses: (16 - 5) * 16. */
	for (n = 0; arrive(f, p, 60); n++)
		for (u32 i = 0; i < 17; i++)
			rd(&f->rig, RXD);
	assert_int_equal(n, 176 + 1);
	wr(&f->rig, RX_CFG, 1 << 15);
	/* A larger transmit FIFO leaves less. */
	wr(&f->rig, HW_CFG, 14 << 16);
	assert_int_equal(rd(&f->rig, TX_INF), 14 * 1024 - 512);
	for (n = 0; arrive(f, p, 1514); n++)
		assert_true(n < 100);
	assert_int_equal(n, 1 + 1);
}

/* The bit as Linux computes it: reflected CRC, upper six bits. */
static u32 hash_bit(const u8 *a)
{
	u32 crc = ~0u;

	for (int i = 0; i < 6; i++)
		for (int b = 0; b < 8; b++) {
			u32 in = (crc >> 31 ^ a[i] >> b) & 1;

			crc = crc << 1 ^ (in ? 0x04c11db7 : 0);
		}
	return crc >> 26;
}

static bool accepted(struct fix *f, u32 cr, const u8 *dest)
{
	u8 p[60], got[2200];
	u32 status;

	frame_to(p, dest, 60, 0);
	mac_wr(f, MAC_CR, cr | 4);
	arrive(f, p, 60);
	if (!(rd(&f->rig, RX_INF) >> 16))
		return false;
	rx(f, got, &status);
	return true;
}

static void test_filter(void **state)
{
	struct fix *f = *state;
	static const u8 all[6] = { 255, 255, 255, 255, 255, 255 };
	static const u8 other[6] = { 2, 0x11, 0x22, 0x33, 0x44, 0x56 };
	static const u8 group[6] = { 1, 0, 0x5e, 0, 0, 1 }, group2[6] = { 1, 0, 0x5e, 0, 0, 2 };
	const u32 prms = 1 << 18, mcpas = 1 << 19, inv = 1 << 17, ho = 1 << 15, hp = 1 << 13;
	u32 bit = hash_bit(group), status;
	u8 p[60], got[2200];

	assert_int_equal(bit, 31);
	assert_true(accepted(f, 0, own));
	assert_false(accepted(f, 0, other));
	assert_true(accepted(f, 0, all));
	assert_false(accepted(f, 1 << 11, all));
	assert_false(accepted(f, 0, group));
	assert_true(accepted(f, prms, other) && accepted(f, prms, group));
	assert_true(accepted(f, mcpas, group));
	assert_false(accepted(f, mcpas, other));
	assert_true(accepted(f, inv, other));
	assert_false(accepted(f, inv, own));
	mac_wr(f, bit & 32 ? HASHH : HASHL, 1u << (bit & 31));
	assert_true(accepted(f, hp, group) && accepted(f, hp, own));
	assert_false(accepted(f, hp, group2));
	assert_false(accepted(f, hp | ho, own));
	bit = hash_bit(own);
	mac_wr(f, HASHL, 0);
	mac_wr(f, HASHH, 0);
	mac_wr(f, bit & 32 ? HASHH : HASHL, 1u << (bit & 31));
	assert_true(accepted(f, hp | ho, own));
	assert_true(accepted(f, 1u << 31, other));
	/* With RXALL the status tells; with the receiver off there is nothing. */
	frame_to(p, other, 60, 0);
	arrive(f, p, 60);
	rx(f, got, &status);
	assert_true(status >> 30);
	frame_to(p, own, 60, 0);
	arrive(f, p, 60);
	rx(f, got, &status);
	assert_int_equal(status >> 30, 0);
	wr(&f->rig, INT_STS, RXSTOP);
	mac_wr(f, MAC_CR, 0);
	assert_true(rd(&f->rig, INT_STS) & RXSTOP);
	assert_true(arrive(f, p, 60));
	assert_int_equal(rd(&f->rig, RX_INF) >> 16, 0);
}

static void test_phy(void **state)
{
	struct fix *f = *state;

	assert_int_equal(phy_rd(f, 1, 2), 0x0007);
	assert_int_equal(phy_rd(f, 1, 3) >> 4, 0xc0d);
	assert_int_equal(phy_rd(f, 2, 2), 0xffff);
	assert_int_equal(phy_rd(f, 1, 1) & 0x24, 0x24);
	assert_int_equal(phy_rd(f, 1, 5) & phy_rd(f, 1, 4) & 0x1e0, 0x1e0);
	/* Negotiation ends at once, and an interrupt says so. */
	phy_rd(f, 1, 29);
	phy_wr(f, 30, 1 << 6);
	wr(&f->rig, INT_STS, 0xffffffff);
	wr(&f->rig, INT_EN, PHY_INT);
	assert_false(rig_irq(&f->rig, 0));
	phy_wr(f, 0, 0x1200);
	assert_true(rig_irq(&f->rig, 0));
	assert_int_equal(phy_rd(f, 1, 0), 0x1000);
	assert_int_equal(phy_rd(f, 1, 29), 1 << 6);
	wr(&f->rig, INT_STS, PHY_INT);
	assert_false(rig_irq(&f->rig, 0));
	phy_wr(f, 0, 0x0800);
	assert_int_equal(phy_rd(f, 1, 1) & 4, 0);
	phy_wr(f, 0, 0x8000);
	assert_int_equal(phy_rd(f, 1, 0), 0x3000);
	wr(&f->rig, PMT, 1 << 10);
	assert_int_equal(rd(&f->rig, PMT) & 1 << 10, 0);
}

/* The test with which the Linux driver begins. */
static void test_loopback(void **state)
{
	struct fix *f = *state;
	u8 p[64], got[2200];
	u32 status;

	memset(p, 0xff, 6);
	fill(p + 6, 58, 6);
	phy_wr(f, 0, 0x4100);
	tx(f, p, 64, 0);
	assert_int_equal(rd(&f->rig, TXS), 64 << 16);
	assert_int_equal(rx(f, got, &status), 64);
	assert_memory_equal(got, p, 64);
	assert_true(status & 1 << 13);
	rig_turn(&f->rig);
	assert_int_equal(f->wire->n, 0);
}

static void test_no_cable(void **state)
{
	struct fix *f = *state;
	u8 p[60] = { 0 };

	make(f, false, false);
	bring_up(f);
	assert_int_equal(phy_rd(f, 1, 1) & 0x24, 0);
	tx(f, p, 60, 0);
	rig_turn(&f->rig);
	assert_int_equal(rd(&f->rig, TXS), 60 << 16 | 0x8c00);
}

static void test_interrupt_pin(void **state)
{
	struct fix *f = *state;

	wr(&f->rig, INT_EN, 0);
	wr(&f->rig, INT_STS, 0xffffffff);
	assert_false(rig_irq(&f->rig, 0));
	wr(&f->rig, INT_EN, SW_INT);
	assert_true(rig_irq(&f->rig, 0));
	assert_true(rd(&f->rig, IRQ_CFG) & 1 << 12);
	wr(&f->rig, IRQ_CFG, 0x011);
	assert_false(rig_irq(&f->rig, 0));
	/* Active low. */
	wr(&f->rig, IRQ_CFG, 0x101);
	assert_false(rig_irq(&f->rig, 0));
	wr(&f->rig, INT_STS, SW_INT);
	assert_true(rig_irq(&f->rig, 0));
	wr(&f->rig, IRQ_CFG, 0x111);
	assert_false(rig_irq(&f->rig, 0));
	/* Only enabling raises it. */
	wr(&f->rig, INT_EN, SW_INT);
	assert_false(rig_irq(&f->rig, 0));
}

static void test_timer(void **state)
{
	struct fix *f = *state;

	assert_int_equal(rd(&f->rig, GPT_CNT), 0xffff);
	wr(&f->rig, INT_EN, GPT_INT);
	wr(&f->rig, GPT_CFG, 1 << 29 | 2000);	/* 200 ms */
	assert_true(rd(&f->rig, GPT_CNT) <= 2000);
	timer_rig_pass_ms(199);
	assert_false(rig_irq(&f->rig, 0));
	timer_rig_pass_ms(2);
	assert_true(rig_irq(&f->rig, 0));
	/* It has gone through zero and on. */
	assert_true(rd(&f->rig, GPT_CNT) > 0x8000);
	wr(&f->rig, GPT_CFG, 0);
	wr(&f->rig, INT_STS, GPT_INT);
	assert_int_equal(rd(&f->rig, GPT_CNT), 0xffff);
	assert_false(rig_irq(&f->rig, 0));
	wr(&f->rig, GPT_CFG, 1 << 29 | 20);
	wr(&f->rig, GPT_CFG, 0);
	timer_rig_pass_ms(10);
	assert_false(rig_irq(&f->rig, 0));
}

static u32 eeprom(struct fix *f, u32 op, u32 addr)
{
	wr(&f->rig, E2P_CMD, 1u << 31 | op << 28 | addr);
	assert_int_equal(rd(&f->rig, E2P_CMD) >> 31, 0);
	return rd(&f->rig, E2P_CMD) & 1 << 9;
}

static void test_eeprom(void **state)
{
	struct fix *f = *state;

	assert_int_equal(eeprom(f, 0, 0), 0);
	assert_int_equal(rd(&f->rig, E2P_DATA), 0xa5);
	eeprom(f, 0, 6);
	assert_int_equal(rd(&f->rig, E2P_DATA), 0x55);
	/* Protected until EWEN. */
	wr(&f->rig, E2P_DATA, 0x77);
	assert_true(eeprom(f, 3, 6));
	eeprom(f, 2, 0);
	wr(&f->rig, E2P_DATA, 0x77);
	assert_int_equal(eeprom(f, 3, 6), 0);
	mac_wr(f, ADDRH, 0);
	eeprom(f, 7, 0);
	assert_int_equal(mac_rd(f, ADDRH), 0x7744);
	eeprom(f, 5, 0);
	eeprom(f, 0, 0);
	assert_int_equal(rd(&f->rig, E2P_DATA), 0xff);
	eeprom(f, 7, 0);
	assert_int_equal(rd(&f->rig, E2P_CMD) & 1 << 8, 0);
	/* Erasing all of it stays over a reset. */
	eeprom(f, 6, 255);
	f->rig.dev->ops->reset(f->rig.dev);
	assert_int_equal(mac_rd(f, ADDRL), 0xffffffff);
}

/* Switches learn at once where it is now, by a reverse ARP request; but once, and not of a card that is off. */
static void test_announcement(void **state)
{
	static const u8 head[] = { 0x80, 0x35, 0, 1, 8, 0, 6, 4, 0, 3 };
	struct fix *f = *state, to = { 0 };
	const u8 *p;

	make(&to, false, true);
	move_device(f->rig.dev, to.rig.dev);
	assert_int_equal(to.wire->n, 1);
	assert_int_equal(to.wire->len[0], 60);
	p = to.wire->frame[0];
	for (int i = 0; i < 6; i++)
		assert_int_equal(p[i], 0xff);
	assert_memory_equal(p + 6, own, 6);
	assert_memory_equal(p + 12, head, sizeof(head));
	assert_memory_equal(p + 22, own, 6);
	assert_memory_equal(p + 32, own, 6);
	to.rig.dev->ops->resume(to.rig.dev);
	assert_int_equal(to.wire->n, 1);
	fake_clear(to.wire);
	mac_wr(f, MAC_CR, 0);
	move_device(f->rig.dev, to.rig.dev);
	assert_int_equal(to.wire->n, 0);
	to.rig.dev->ops->free(to.rig.dev);
	loop_free(to.rig.loop);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define BARE(name) cmocka_unit_test_setup_teardown(name, setup_bare, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BARE(test_identity), BARE(test_bus16), T(test_transmit), T(test_transmit_buffers),
		T(test_transmit_limits), T(test_receive), T(test_receive_limits), T(test_filter),
		T(test_phy), T(test_loopback), BARE(test_no_cable), T(test_interrupt_pin),
		T(test_timer), T(test_eeprom), T(test_announcement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
