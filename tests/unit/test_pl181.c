/* SPDX-License-Identifier: GPL-2.0-only */
/* The MMC interface and the SD card in it, driven as drivers do. */
#define _GNU_SOURCE
#include "tests/unit/dev_rig.h"
#include "tests/unit/timer_rig.h"

#include <fcntl.h>

#include "vmm/dev/pl181.h"
#include "vmm/dev/sdcard.h"

enum {
	POWER = 0x00, CLOCK = 0x04, ARG = 0x08, CMD = 0x0c, RESPCMD = 0x10, RESP0 = 0x14,
	TIMER = 0x24, LEN = 0x28, DCTRL = 0x2c, DCNT = 0x30, STATUS = 0x34, CLEAR = 0x38,
	MASK0 = 0x3c, MASK1 = 0x40, FIFOCNT = 0x48, FIFO = 0x80,
};

enum {
	DCRC = 1 << 1, CTIMEOUT = 1 << 2, DTIMEOUT = 1 << 3, RESPEND = 1 << 6, SENT = 1 << 7,
	DATAEND = 1 << 8, TXACT = 1 << 12, RXACT = 1 << 13, TXHALF = 1 << 14, RXHALF = 1 << 15,
	TXFULL = 1 << 16, TXEMPTY = 1 << 18, RXAVAIL = 1 << 21,
};

#define NONE 0
#define SHORT (1u << 6)
#define LONG (3u << 6)
#define MIB (1ULL << 20)
#define STATE(r1) ((r1) >> 9 & 15)

struct fix {
	struct dev_rig rig;
	char path[32];
	u32 rca;
	bool hc;
	int fd;
};

/* A card of @size; sector n of its first 4 MiB holds words n << 8 | i. */
static void make(struct fix *f, u64 size, bool readonly)
{
	struct sdcard *card;
	struct irq_line irq[2] = { rig_irq_line(&f->rig, 0), rig_irq_line(&f->rig, 1) };
	u32 sector[128];

	strcpy(f->path, "/tmp/test_pl181.XXXXXX");
	f->fd = mkstemp(f->path);
	assert_true(f->fd >= 0);
	assert_int_equal(ftruncate(f->fd, size), 0);
	for (u32 n = 0; n < 2048; n++) {
		for (u32 i = 0; i < 128; i++)
			sector[i] = n << 8 | i;
		assert_int_equal(pwrite(f->fd, sector, 512, n * 512), 512);
	}
	rig_loop(&f->rig);
	assert_int_equal(sdcard_create(NULL, f->path, readonly, &card, NULL), 0);
	assert_int_equal(pl181_create(&f->rig.clock, card, irq, &f->rig.dev), 0);
	wr(&f->rig, POWER, 2);
	wr(&f->rig, POWER, 3);
	wr(&f->rig, CLOCK, 0x500);
	wr(&f->rig, TIMER, 0x800000);	/* 350 ms */
}

static int setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));

	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fix *f = *state;

	if (f->rig.dev)
		f->rig.dev->ops->free(f->rig.dev);
	if (f->rig.loop)
		loop_free(f->rig.loop);
	if (f->path[0])
		unlink(f->path);
	if (f->fd > 0)
		close(f->fd);
	free(f);
	return 0;
}

/* Returns the status bits that the command left. */
static u32 cmd(struct fix *f, u32 index, u32 arg, u32 kind)
{
	u32 st;

	wr(&f->rig, CLEAR, 0xc5);
	wr(&f->rig, ARG, arg);
	wr(&f->rig, CMD, 0x400 | kind | index);
	st = rd(&f->rig, STATUS) & 0xc5;
	wr(&f->rig, CLEAR, st);
	return st;
}

static u32 r1(struct fix *f, u32 index, u32 arg)
{
	assert_int_equal(cmd(f, index, arg, SHORT), RESPEND);
	assert_int_equal(rd(&f->rig, RESPCMD), index);
	return rd(&f->rig, RESP0);
}

static u32 app(struct fix *f, u32 index, u32 arg)
{
	assert_true(r1(f, 55, f->rca) & 1 << 5);
	assert_int_equal(cmd(f, index, arg, SHORT), RESPEND);
	return rd(&f->rig, RESP0);
}

/* From power on to the transfer state. */
static void identify(struct fix *f)
{
	u32 ocr;

	f->rca = 0;
	assert_int_equal(cmd(f, 0, 0, NONE), SENT);
	assert_int_equal(r1(f, 8, 0x1aa), 0x1aa);
	ocr = app(f, 41, 0x40ff8000);
	assert_true(ocr >> 31);
	f->hc = ocr >> 30 & 1;
	assert_int_equal(cmd(f, 2, 0, LONG), RESPEND);
	f->rca = r1(f, 3, 0) & 0xffff0000;
	assert_true(f->rca != 0);
	assert_int_equal(STATE(r1(f, 7, f->rca)), 3);
	assert_int_equal(STATE(r1(f, 13, f->rca)), 4);
}

static u32 wait_tran(struct fix *f)
{
	u32 st;
	u64 end = rig_ms() + 5000;

	do {
		st = r1(f, 13, f->rca);
	} while (STATE(st) != 4 && rig_ms() < end && !usleep(100));
	assert_int_equal(STATE(st), 4);
	assert_true(st & 1 << 8);
	return st;
}

static void data(struct fix *f, u32 len, u32 block, bool in)
{
	wr(&f->rig, CLEAR, 0x73a);
	wr(&f->rig, LEN, len);
	wr(&f->rig, DCTRL, 1 | in << 1 | __builtin_ctz(block) << 4);
}

/* Fetches @len bytes with the half-full flag and the counter, as the Linux driver does. */
static void fetch(struct fix *f, void *buf, u32 len)
{
	u32 done = 0, left, word;
	u64 end = rig_ms() + 5000;

	while (done < len) {
		u32 st = rd(&f->rig, STATUS);

		assert_true(rig_ms() < end);
		assert_int_equal(st & (DCRC | DTIMEOUT), 0);
		if (!(st & RXAVAIL))
			continue;
		assert_true(st & RXACT);
		left = len - done - 4 * rd(&f->rig, FIFOCNT);
		for (; left >= 4; left -= 4, done += 4) {
			word = rd(&f->rig, FIFO + (done & 0x3c));
			memcpy((u8 *)buf + done, &word, 4);
		}
	}
	assert_true(rd(&f->rig, STATUS) & DATAEND);
	assert_int_equal(rd(&f->rig, STATUS) & (RXACT | RXAVAIL), 0);
	assert_int_equal(rd(&f->rig, DCNT), 0);
}

/* The data timer runs out in @ms of its clock, and not before. */
static void expect_timeout(struct fix *f, unsigned int ms)
{
	timer_rig_pass_ms(ms - 1);
	assert_int_equal(rd(&f->rig, STATUS) & (RXACT | DTIMEOUT), RXACT);
	timer_rig_pass_ms(1);
	assert_int_equal(rd(&f->rig, STATUS) & (RXACT | DTIMEOUT), DTIMEOUT);
}

static void put(struct fix *f, const void *buf, u32 len)
{
	u32 done = 0, word;
	u64 end = rig_ms() + 5000;

	while (done < len) {
		u32 st = rd(&f->rig, STATUS);

		assert_true(rig_ms() < end);
		assert_int_equal(st & (DCRC | DTIMEOUT), 0);
		for (int i = 0; st & TXHALF && i < 8 && done < len; i++, done += 4) {
			memcpy(&word, (const u8 *)buf + done, 4);
			wr(&f->rig, FIFO, word);
		}
	}
	assert_true(rig_wait(&f->rig, STATUS, DATAEND, DATAEND));
	assert_int_equal(rd(&f->rig, STATUS) & TXACT, 0);
}

static u32 addr(const struct fix *f, u32 sector)
{
	return f->hc ? sector : sector * 512;
}

static void check_sectors(const u32 *buf, u32 first, u32 n)
{
	for (u32 i = 0; i < n * 128; i++)
		assert_int_equal(buf[i], (first + i / 128) << 8 | i % 128);
}

static void test_id_and_reset(void **state)
{
	struct fix *f = *state;

	make(f, 16 * MIB, false);
	rig_check_id(&f->rig, 0x00041181);
	assert_true(pl181_card_present(f->rig.dev));
	assert_false(pl181_card_readonly(f->rig.dev));
	wr(&f->rig, MASK0, 0xffffffff);
	assert_int_equal(rd(&f->rig, MASK0), 0x3fffff);
	wr(&f->rig, LEN, 0xffffffff);
	assert_int_equal(rd(&f->rig, LEN), 0xffff);
	f->rig.dev->ops->reset(f->rig.dev);
	assert_int_equal(rd(&f->rig, MASK0), 0);
	assert_int_equal(rd(&f->rig, POWER), 0);
}

static void test_size(void **state)
{
	struct fix *f = *state;
	struct sdcard *card;
	char *err = NULL;

	assert_true(sdcard_size_ok(1 * MIB));
	assert_true(sdcard_size_ok(2ULL << 40));
	assert_false(sdcard_size_ok(4ULL << 40));
	assert_false(sdcard_size_ok(MIB / 2));
	assert_false(sdcard_size_ok(3 * MIB));
	assert_false(sdcard_size_ok(0));
	strcpy(f->path, "/tmp/test_pl181.XXXXXX");
	f->fd = mkstemp(f->path);
	assert_int_equal(ftruncate(f->fd, 3 * MIB), 0);
	assert_int_equal(sdcard_create(NULL, f->path, false, &card, &err), -EINVAL);
	assert_non_null(strstr(err, "power of two"));
	assert_null(strchr(err, '\n'));
	free(err);
	assert_int_equal(sdcard_create(NULL, "/nonexistent", false, &card, &err), -ENOENT);
	free(err);
}

/* Sizes as a driver computes them from the CSD. */
static void check_csd(void **state, u64 size)
{
	struct fix *f = *state;
	u32 csd[4];
	u64 got;

	make(f, size, false);
	identify(f);
	assert_int_equal(f->hc, size > 2048 * MIB);
	assert_int_equal(cmd(f, 7, 0, NONE), SENT);
	assert_int_equal(cmd(f, 9, f->rca, LONG), RESPEND);
	assert_int_equal(rd(&f->rig, RESPCMD), 0x3f);
	for (int i = 0; i < 4; i++)
		csd[i] = rd(&f->rig, RESP0 + 4 * i);
	if (f->hc) {
		assert_int_equal(csd[0] >> 30, 1);
		got = ((csd[1] & 0x3f) << 16 | csd[2] >> 16) + 1ULL;
		got <<= 19;
	} else {
		assert_int_equal(csd[0] >> 30, 0);
		got = ((csd[1] & 0x3ff) << 2 | csd[2] >> 30) + 1ULL;
		got <<= (csd[2] >> 15 & 7) + 2 + (csd[1] >> 16 & 0xf);
	}
	assert_true(got == size);
}

static void test_csd_1m(void **state)
{
	check_csd(state, MIB);
}

static void test_csd_2g(void **state)
{
	check_csd(state, 2048 * MIB);
}

static void test_csd_4g(void **state)
{
	check_csd(state, 4096 * MIB);
}

static void test_csd_1t(void **state)
{
	check_csd(state, 1ULL << 40);
}

static void read_write(struct fix *f)
{
	u32 buf[128 * 100], r;

	identify(f);
	/* One block. */
	data(f, 512, 512, true);
	assert_int_equal(STATE(r1(f, 17, addr(f, 5))), 4);
	fetch(f, buf, 512);
	check_sectors(buf, 5, 1);
	assert_int_equal(STATE(r1(f, 13, f->rca)), 4);
	/* Many, more than a chunk of the card's. */
	data(f, 100 * 512, 512, true);
	r1(f, 18, addr(f, 1000));
	fetch(f, buf, 100 * 512);
	check_sectors(buf, 1000, 100);
	assert_int_equal(STATE(r1(f, 12, 0)), 5);
	/* Write them somewhere else, then one more. */
	app(f, 23, 100);
	r1(f, 25, addr(f, 1500));
	data(f, 100 * 512, 512, false);
	put(f, buf, 100 * 512);
	assert_int_equal(STATE(r1(f, 12, 0)), 6);
	wait_tran(f);
	r1(f, 24, addr(f, 7));
	data(f, 512, 512, false);
	put(f, buf + 128, 512);
	wait_tran(f);
	/* How many were written by the last command. */
	data(f, 4, 4, true);
	app(f, 22, 0);
	fetch(f, &r, 4);
	assert_int_equal(r, 0x01000000);
	assert_int_equal(pread(f->fd, buf, 512, 7 * 512), 512);
	check_sectors(buf, 1001, 1);
	assert_int_equal(pread(f->fd, buf, 51200, 1500 * 512), 51200);
	check_sectors(buf, 1000, 100);
	assert_int_equal(pread(f->fd, buf, 512, 1600 * 512), 512);
	check_sectors(buf, 1600, 1);
}

static void test_standard(void **state)
{
	make(*state, 64 * MIB, false);
	read_write(*state);
}

static void test_high_capacity(void **state)
{
	make(*state, 4096 * MIB, false);
	read_write(*state);
}

/* The first line gets what MASK0 asks for, the second what MASK1 does. */
static void test_interrupts(void **state)
{
	struct fix *f = *state;
	u32 buf[128];
	u64 end = rig_ms() + 5000;

	make(f, 16 * MIB, false);
	identify(f);
	wr(&f->rig, MASK0, RESPEND | SENT | CTIMEOUT);
	wr(&f->rig, ARG, 0);
	wr(&f->rig, MASK1, RXHALF);
	data(f, 512, 512, true);
	assert_false(rig_irq(&f->rig, 0));
	wr(&f->rig, CMD, 0x400 | SHORT | 17);
	assert_true(rig_irq(&f->rig, 0));
	wr(&f->rig, CLEAR, RESPEND);
	assert_false(rig_irq(&f->rig, 0));
	/* The data comes from another thread, with nobody touching the registers. */
	while (!rig_irq(&f->rig, 1) && rig_ms() < end)
		usleep(100);
	assert_true(rig_irq(&f->rig, 1));
	fetch(f, buf, 512);
	check_sectors(buf, 0, 1);
	assert_false(rig_irq(&f->rig, 1));
	assert_false(rig_irq(&f->rig, 0));
	wr(&f->rig, MASK0, DATAEND);
	assert_true(rig_irq(&f->rig, 0));
	wr(&f->rig, CLEAR, 0x500);
	assert_false(rig_irq(&f->rig, 0));
}

static void test_registers_on_data_lines(void **state)
{
	struct fix *f = *state;
	u8 scr[8], ssr[64], sw[64];

	make(f, 4096 * MIB, false);
	identify(f);
	data(f, 8, 8, true);
	app(f, 51, 0);
	fetch(f, scr, 8);
	assert_int_equal(scr[0] & 15, 2);
	assert_int_equal(scr[1] & 15, 5);
	app(f, 6, 2);
	data(f, 64, 64, true);
	app(f, 13, 0);
	fetch(f, ssr, 64);
	assert_int_equal(ssr[0] >> 6, 2);
	data(f, 64, 64, true);
	r1(f, 6, 0x00fffff1);
	fetch(f, sw, 64);
	assert_true(sw[13] & 2);
	assert_int_equal(sw[16] & 15, 1);
	data(f, 64, 64, true);
	r1(f, 6, 0x80fffff1);
	fetch(f, sw, 64);
	assert_int_equal(sw[16] & 15, 1);
	data(f, 64, 64, true);
	r1(f, 6, 0x80fffff5);
	fetch(f, sw, 64);
	assert_int_equal(sw[16] & 15, 15);
}

static void test_partial_blocks(void **state)
{
	struct fix *f = *state;
	u32 buf[128];

	make(f, 16 * MIB, false);
	identify(f);
	r1(f, 16, 16);
	data(f, 16, 16, true);
	r1(f, 17, 512 * 3 + 32);
	fetch(f, buf, 16);
	assert_int_equal(buf[0], 3 << 8 | 8);
	/* Across a boundary; and no partial writes. */
	assert_true(r1(f, 17, 512 * 3 + 500) & 1 << 30);
	assert_true(r1(f, 24, 512) & 1 << 29);
	assert_true(r1(f, 16, 513) & 1 << 29);
	r1(f, 16, 512);
	assert_true(r1(f, 24, 511) & 1 << 30);
	/* A host with another idea of the length sees a bad CRC. */
	data(f, 512, 64, true);
	r1(f, 17, 0);
	assert_true(rig_wait(&f->rig, STATUS, DCRC, DCRC));
	r1(f, 12, 0);
	/* And lengths that are reserved. */
	wr(&f->rig, CLEAR, 0x7ff);
	wr(&f->rig, DCTRL, 0xf3);
	assert_int_equal(rd(&f->rig, STATUS), DCRC);
}

static void test_limits(void **state)
{
	struct fix *f = *state;
	u32 buf[256];
	u64 start = dev_now(&f->rig.clock), end;

	make(f, MIB, false);
	identify(f);
	assert_true(r1(f, 17, MIB) & 1u << 31);
	assert_true(r1(f, 25, 0xfffffe00) & 1u << 31);
	/* Over the end: the blocks that are there come, then the timer ends it. */
	data(f, 1536, 512, true);
	r1(f, 18, MIB - 1024);
	for (u32 i = 0; i < 256; i++) {
		assert_true(rig_wait(&f->rig, STATUS, RXAVAIL, RXAVAIL));
		buf[i] = rd(&f->rig, FIFO);
	}
	check_sectors(buf, 2046, 2);
	/* The card has a thread of its own, so that the timer may not have started yet. */
	for (end = rig_ms() + 5000; !(rd(&f->rig, STATUS) & DTIMEOUT) && rig_ms() < end; usleep(50))
		timer_rig_pass_ms(1);
	assert_int_equal(rd(&f->rig, STATUS) & (RXACT | DTIMEOUT), DTIMEOUT);
	assert_true(dev_now(&f->rig.clock) - start >= 349000000);
	assert_true(r1(f, 12, 0) & 1u << 31);
	assert_int_equal(wait_tran(f) & 1u << 31, 0);
	/* A write over the end is not acknowledged. */
	r1(f, 25, MIB - 512);
	data(f, 1024, 512, false);
	for (u32 i = 0; i < 256; i++)
		wr(&f->rig, FIFO, 0xabcd0000 | i);
	assert_true(rig_wait(&f->rig, STATUS, DCRC | DATAEND, DCRC));
	r1(f, 12, 0);
	wait_tran(f);
	assert_int_equal(pread(f->fd, buf, 512, MIB - 512), 512);
	assert_int_equal(buf[127], 0xabcd007f);
	assert_int_equal(lseek(f->fd, 0, SEEK_END), MIB);
}

/* A driver whose CPU was away between enabling the data path and the command. */
static void test_late_command(void **state)
{
	struct fix *f = *state;
	u32 buf[128];

	make(f, 16 * MIB, false);
	identify(f);
	wr(&f->rig, TIMER, 1);
	for (int i = 0; i < 3; i++) {
		data(f, 8, 8, true);
		timer_rig_pass_ms(1999);
		assert_int_equal(rd(&f->rig, STATUS) & DTIMEOUT, 0);
		app(f, 51, 0);
		fetch(f, buf, 8);
		data(f, 512, 512, true);
		timer_rig_pass_ms(1999);
		r1(f, 17, addr(f, 7));
		fetch(f, buf, 512);
		check_sectors(buf, 7, 1);
	}
	/* A command that brings no data is a timeout, and so is no command in the end. */
	data(f, 512, 512, true);
	timer_rig_pass_ms(1500);
	r1(f, 13, f->rca);
	expect_timeout(f, 10);
	data(f, 512, 512, true);
	expect_timeout(f, 2000);
}

static void test_write_protect(void **state)
{
	struct fix *f = *state;
	u32 csd[4];

	make(f, 16 * MIB, true);
	assert_true(pl181_card_readonly(f->rig.dev));
	identify(f);
	assert_true(r1(f, 24, 0) & 1 << 26);
	r1(f, 32, 0);
	r1(f, 33, 512);
	assert_true(r1(f, 38, 0) & 1 << 26);
	assert_int_equal(cmd(f, 7, 0, NONE), SENT);
	assert_int_equal(cmd(f, 9, f->rca, LONG), RESPEND);
	for (int i = 0; i < 4; i++)
		csd[i] = rd(&f->rig, RESP0 + 4 * i);
	assert_true(csd[3] & 1 << 13);
}

static u8 crc7(const u8 *p, int len)
{
	u32 crc = 0;

	for (int i = 0; i < len * 8; i++) {
		crc = crc << 1 | (p[i / 8] >> (7 - i % 8) & 1);
		if (crc & 0x80)
			crc ^= 0x89;
	}
	for (int i = 0; i < 7; i++) {
		crc <<= 1;
		if (crc & 0x80)
			crc ^= 0x89;
	}
	return crc << 1 | 1;
}

/* CMD27 with the card's own CSD, but for the temporary write protection. */
static void test_program_csd(void **state)
{
	struct fix *f = *state;
	u8 csd[16];

	make(f, 16 * MIB, false);
	identify(f);
	assert_int_equal(cmd(f, 7, 0, NONE), SENT);
	assert_int_equal(cmd(f, 9, f->rca, LONG), RESPEND);
	for (int i = 0; i < 16; i++)
		csd[i] = rd(&f->rig, RESP0 + i / 4 * 4) >> 8 * (3 - i % 4);
	assert_int_equal(csd[15] | 1, crc7(csd, 15));
	r1(f, 7, f->rca);
	csd[14] |= 0x10;
	r1(f, 27, 0);
	data(f, 16, 16, false);
	put(f, csd, 16);	/* its CRC is not that of the new contents */
	assert_true(r1(f, 13, f->rca) & 1 << 16);
	csd[15] = crc7(csd, 15);
	r1(f, 27, 0);
	data(f, 16, 16, false);
	put(f, csd, 16);
	assert_int_equal(r1(f, 13, f->rca) & 1 << 16, 0);
	assert_true(r1(f, 24, 0) & 1 << 26);
	/* The size is not for change. */
	csd[8] ^= 1;
	csd[15] = crc7(csd, 15);
	r1(f, 27, 0);
	data(f, 16, 16, false);
	put(f, csd, 16);
	assert_true(r1(f, 13, f->rca) & 1 << 16);
}

static void test_erase(void **state)
{
	struct fix *f = *state;
	u32 buf[128 * 4];

	make(f, 16 * MIB, false);
	identify(f);
	assert_true(r1(f, 38, 0) & 1 << 28);
	assert_true(r1(f, 33, 512) & 1 << 28);
	r1(f, 32, 512 * 11);
	r1(f, 33, 512 * 12);
	r1(f, 38, 0);
	wait_tran(f);
	assert_int_equal(pread(f->fd, buf, 2048, 10 * 512), 2048);
	check_sectors(buf, 10, 1);
	check_sectors(buf + 384, 13, 1);
	for (int i = 128; i < 384; i++)
		assert_int_equal(buf[i], 0);
	/* Another command between ends the sequence. */
	r1(f, 32, 512 * 11);
	assert_true(r1(f, 16, 512) & 1 << 13);
	assert_true(r1(f, 33, 512 * 12) & 1 << 28);
	/* Backwards. */
	r1(f, 32, 512 * 12);
	r1(f, 33, 512 * 11);
	assert_true(r1(f, 38, 0) & 1 << 27);
}

static void test_illegal(void **state)
{
	struct fix *f = *state;

	make(f, 4096 * MIB, false);
	/* What Linux tries first: no SDIO, no MMC. */
	assert_int_equal(cmd(f, 52, 0x80000c08, SHORT), CTIMEOUT);
	assert_int_equal(cmd(f, 5, 0, SHORT), CTIMEOUT);
	assert_int_equal(cmd(f, 1, 0x40ff8000, SHORT), CTIMEOUT);
	assert_true(r1(f, 55, 0) & 1 << 22);
	/* A host that does not know large cards. */
	assert_int_equal(cmd(f, 41, 0x00ff8000, SHORT), RESPEND);
	assert_int_equal(rd(&f->rig, RESP0), 0x00ff8000);
	assert_int_equal(cmd(f, 8, 0x5aa, SHORT), CTIMEOUT);
	assert_int_equal(cmd(f, 17, 0, SHORT), CTIMEOUT);
	identify(f);
	assert_int_equal(cmd(f, 13, f->rca ^ 0x10000, SHORT), CTIMEOUT);
	assert_int_equal(cmd(f, 2, 0, LONG), CTIMEOUT);
	assert_true(r1(f, 13, f->rca) & 1 << 22);
	assert_int_equal(r1(f, 13, f->rca) & 1 << 22, 0);
	/* Nobody is addressed, nobody answers. */
	assert_int_equal(cmd(f, 15, f->rca, NONE), SENT);
	assert_int_equal(cmd(f, 13, f->rca, SHORT), CTIMEOUT);
	assert_int_equal(cmd(f, 0, 0, NONE), SENT);
	assert_int_equal(cmd(f, 8, 0x1aa, SHORT), CTIMEOUT);
	wr(&f->rig, POWER, 0);
	wr(&f->rig, POWER, 3);
	identify(f);
}

static void test_no_card(void **state)
{
	struct fix *f = *state;
	struct irq_line irq[2] = { rig_irq_line(&f->rig, 0), rig_irq_line(&f->rig, 1) };

	rig_loop(&f->rig);
	assert_int_equal(pl181_create(&f->rig.clock, NULL, irq, &f->rig.dev), 0);
	assert_false(pl181_card_present(f->rig.dev));
	wr(&f->rig, POWER, 3);
	assert_int_equal(cmd(f, 0, 0, NONE), SENT);
	assert_int_equal(cmd(f, 8, 0x1aa, SHORT), CTIMEOUT);
	data(f, 512, 512, true);
	expect_timeout(f, 2000);
	data(f, 512, 512, false);
	wr(&f->rig, FIFO, 1);
	assert_true(rd(&f->rig, STATUS) & DCRC);
}

/* The guest resets or turns away in the middle of things. */
static void test_abandoned(void **state)
{
	struct fix *f = *state;
	u32 buf[128];

	make(f, 16 * MIB, false);
	for (int i = 0; i < 200; i++) {
		identify(f);
		data(f, 512 * 64, 512, i & 1);
		r1(f, i & 1 ? 18 : 25, 512 * 16);
		for (int n = 0; n < i; n++)
			i & 1 ? (void)rd(&f->rig, FIFO) : wr(&f->rig, FIFO, 0);
		wr(&f->rig, DCTRL, 0);
		if (i & 2)
			f->rig.dev->ops->reset(f->rig.dev);
		wr(&f->rig, POWER, 3);
		if (i & 4)
			wr(&f->rig, POWER, 0);
		wr(&f->rig, POWER, 3);
	}
	identify(f);
	data(f, 512, 512, true);
	r1(f, 17, 512 * 9);
	fetch(f, buf, 512);
	check_sectors(buf, 9, 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_id_and_reset), T(test_size), T(test_csd_1m), T(test_csd_2g), T(test_csd_4g),
		T(test_csd_1t), T(test_standard), T(test_high_capacity), T(test_interrupts),
		T(test_registers_on_data_lines), T(test_partial_blocks), T(test_limits),
		T(test_late_command), T(test_write_protect), T(test_program_csd), T(test_erase), T(test_illegal),
		T(test_no_card), T(test_abandoned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
