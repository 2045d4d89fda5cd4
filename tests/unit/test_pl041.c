/* SPDX-License-Identifier: GPL-2.0-only */
/* The audio interface and its codec, driven as drivers do. */
#include "tests/unit/dev_rig.h"
#include "tests/unit/timer_rig.h"

#include "vmm/dev/pl041.h"

enum {
	RXCR = 0x00, TXCR = 0x04, SR = 0x08, ISR = 0x0c, IE = 0x10, SL1RX = 0x50, SL1TX = 0x54,
	SL2RX = 0x58, SL2TX = 0x5c, SLFR = 0x68, INTCLR = 0x74, MAINCR = 0x78, RESET = 0x7c,
	ALLINTS = 0x84, DR1 = 0x90,
};

#define TXU (1 << 9)
#define RXO (1 << 8)
#define TXFF (1 << 5)
#define RXFF (1 << 4)
#define TXHE (1 << 3)
#define RXHF (1 << 2)
#define TXFE (1 << 1)
#define RXFE (1 << 0)
#define INT_UR (1 << 5)
#define INT_RX (1 << 3)
#define INT_TX (1 << 2)
#define MAIN_ON 0x79		/* the interface, slots 1 and 2 in both directions */
#define STEREO (3 << 3)
#define FEN (1 << 16)
#define COMPACT (1 << 15)
#define DEPTH 512

struct fix {
	struct dev_rig rig;
};

static int setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));

	rig_loop(&f->rig);
	assert_int_equal(pl041_create(&f->rig.clock, rig_irq_line(&f->rig, 0), &f->rig.dev), 0);
	wr(&f->rig, MAINCR, MAIN_ON);
	wr(&f->rig, RESET, 0);
	wr(&f->rig, RESET, 1);
	*state = f;
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

static u32 codec_rd(struct fix *f, u32 reg)
{
	wr(&f->rig, SL1TX, reg << 12 | 1 << 19);
	assert_int_equal(rd(&f->rig, SLFR) & 0x3f, 0);
	assert_int_equal(rd(&f->rig, SLFR) & 0x140, 0x140);
	assert_int_equal(rd(&f->rig, SL1RX) >> 12, reg);
	reg = rd(&f->rig, SL2RX) >> 4;
	assert_int_equal(rd(&f->rig, SLFR) & 0x140, 0);
	return reg;
}

static void codec_wr(struct fix *f, u32 reg, u32 val)
{
	wr(&f->rig, SL2TX, val << 4);
	wr(&f->rig, SL1TX, reg << 12);
}

static void test_probe(void **state)
{
	struct fix *f = *state;
	int n;

	rig_check_id(&f->rig, 0x30041041);
	/* The depth, as the driver finds it: enabled without slots nothing leaves. */
	wr(&f->rig, TXCR, FEN | 1);
	for (n = 0; !(rd(&f->rig, SR) & TXFF) && n < 4096; n++)
		wr(&f->rig, DR1 + 4 * (n % 8), 0);
	assert_int_equal(n, DEPTH);
	assert_int_equal(rd(&f->rig, SR), TXFF | RXFE);
	wr(&f->rig, DR1, 0);
	wr(&f->rig, TXCR, 0);
	wr(&f->rig, MAINCR, MAIN_ON & ~1);
	wr(&f->rig, MAINCR, MAIN_ON);
	assert_int_equal(rd(&f->rig, SR), TXFE | TXHE | RXFE);
	assert_int_equal(rd(&f->rig, ALLINTS), 0);
}

static void test_codec(void **state)
{
	struct fix *f = *state;

	assert_int_equal(codec_rd(f, 0x7c), 0x4e53);
	assert_int_equal(codec_rd(f, 0x7e) & 0xff00, 0x4300);
	assert_int_equal(codec_rd(f, 0x02), 0x8000);
	assert_int_equal(codec_rd(f, 0x26) & 0xf, 0xf);
	codec_wr(f, 0x02, 0x3f3f);
	assert_int_equal(codec_rd(f, 0x02), 0x1f1f);
	codec_wr(f, 0x7c, 0);
	assert_int_equal(codec_rd(f, 0x7c), 0x4e53);
	codec_wr(f, 0x26, 0x0300);
	assert_int_equal(codec_rd(f, 0x26), 0x030c);
	/* Rates only with VRA. */
	codec_wr(f, 0x2c, 8000);
	assert_int_equal(codec_rd(f, 0x2c), 48000);
	codec_wr(f, 0x2a, 1);
	codec_wr(f, 0x2c, 8000);
	assert_int_equal(codec_rd(f, 0x2c), 8000);
	codec_wr(f, 0x2c, 50000);
	assert_int_equal(codec_rd(f, 0x2c), 48000);
	codec_wr(f, 0x2c, 0);
	assert_int_equal(codec_rd(f, 0x2c), 4000);
	codec_wr(f, 0x00, 0);
	assert_int_equal(codec_rd(f, 0x2c), 48000);
	assert_int_equal(codec_rd(f, 0x02), 0x8000);
	/* The other three codecs do not answer; nor does this one in reset. */
	wr(&f->rig, MAINCR, MAIN_ON | 1 << 10);
	wr(&f->rig, SL1TX, 0x7c << 12 | 1 << 19);
	assert_int_equal(rd(&f->rig, SLFR) & 0x140, 0);
	wr(&f->rig, MAINCR, MAIN_ON);
	wr(&f->rig, RESET, 0);
	wr(&f->rig, SL1TX, 0x7c << 12 | 1 << 19);
	assert_int_equal(rd(&f->rig, SLFR) & 0x140, 0);
}

/* One interrupt's work, as the driver does it.  Returns the bytes written. */
static u32 feed(struct fix *f)
{
	u32 done = 0;

	for (;;) {
		u32 sr = rd(&f->rig, SR), len = DEPTH * 2;

		if (!(sr & TXHE))
			return done;
		if (!(sr & TXFE))
			len /= 2;
		for (u32 i = 0; i < len; i += 4)
			wr(&f->rig, DR1, 0x12345678);
		done += len;
	}
}

/* Plays @ms of stereo by interrupts; returns the bytes per second. */
static u32 play(struct fix *f, u32 ms)
{
	u32 bytes = 0;

	wr(&f->rig, IE, INT_TX | INT_UR);
	wr(&f->rig, TXCR, FEN | COMPACT | STEREO | 1);
	assert_true(rig_irq(&f->rig, 0));
	assert_true(rd(&f->rig, ALLINTS) & INT_TX);
	for (u32 i = 0; i < ms; i++) {
		if (rig_irq(&f->rig, 0)) {
			assert_int_equal(rd(&f->rig, ISR), INT_TX);
			bytes += feed(f);
			assert_false(rig_irq(&f->rig, 0));
		}
		timer_rig_pass_ms(1);
	}
	bytes = (u64)bytes * 1000 / ms;
	wr(&f->rig, IE, 0);
	wr(&f->rig, TXCR, 0);
	return bytes;
}

static void test_play(void **state)
{
	struct fix *f = *state;
	u32 fast, slow;

	/* 48 kHz, two channels, two bytes; and what the FIFO holds. */
	fast = play(f, 300);
	assert_in_range(fast, 192000, 192000 + 2 * DEPTH * 1000 / 300);
	codec_wr(f, 0x2a, 1);
	codec_wr(f, 0x2c, 8000);
	slow = play(f, 300);
	assert_in_range(slow, 32000, 32000 + 2 * DEPTH * 1000 / 300);
	assert_false(rig_irq(&f->rig, 0));
}

static void test_underrun(void **state)
{
	struct fix *f = *state;

	wr(&f->rig, IE, INT_UR);
	wr(&f->rig, TXCR, FEN | COMPACT | STEREO | 1);
	for (int i = 0; i < DEPTH / 2; i++)
		wr(&f->rig, DR1, 0);
	timer_rig_pass_ms(30);
	assert_true(rig_irq(&f->rig, 0));
	assert_int_equal(rd(&f->rig, ISR), INT_UR);
	assert_true(rd(&f->rig, SR) & TXU);
	wr(&f->rig, INTCLR, 1 << 5);
	assert_false(rig_irq(&f->rig, 0));
	/* Said once, not for every frame of silence. */
	timer_rig_pass_ms(30);
	assert_int_equal(f->rig.edges[0], 1);
}

static void test_record(void **state)
{
	struct fix *f = *state;
	int n;

	wr(&f->rig, IE, INT_RX);
	wr(&f->rig, RXCR, FEN | COMPACT | STEREO | 1);
	assert_false(rig_irq(&f->rig, 0));
	for (n = 0; n < 5000 && !rig_irq(&f->rig, 0); n++)
		timer_rig_pass_ms(1);
	assert_int_equal(rd(&f->rig, ALLINTS), INT_RX);
	assert_true(rd(&f->rig, SR) & RXHF);
	timer_rig_pass_ms(20);
	assert_true(rd(&f->rig, SR) & RXFF);
	assert_true(rd(&f->rig, SR) & RXO);
	wr(&f->rig, INTCLR, 1 << 1);
	wr(&f->rig, RXCR, FEN | COMPACT | STEREO);	/* no more */
	assert_int_equal(rd(&f->rig, SR) & RXO, 0);
	for (n = 0; !(rd(&f->rig, SR) & RXFE); n++)
		assert_int_equal(rd(&f->rig, DR1), 0);
	assert_int_equal(n, DEPTH / 2);
	assert_false(rig_irq(&f->rig, 0));
}

/* The channels are four, each with its bits. */
static void test_channels(void **state)
{
	struct fix *f = *state;

	for (u32 i = 0; i < 4; i++) {
		wr(&f->rig, TXCR + 0x14 * i, FEN | 1);
		wr(&f->rig, IE + 0x14 * i, INT_TX);
		assert_int_equal(rd(&f->rig, ALLINTS), INT_TX << 7 * i);
		for (u32 n = 0; n < DEPTH; n++)
			wr(&f->rig, DR1 + 0x20 * i, 0);
		assert_int_equal(rd(&f->rig, ALLINTS), 0);
	}
	f->rig.dev->ops->reset(f->rig.dev);
	assert_int_equal(rd(&f->rig, TXCR), 0);
	assert_int_equal(rd(&f->rig, SR), TXFE | TXHE | RXFE);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_probe), T(test_codec), T(test_play), T(test_underrun), T(test_record),
		T(test_channels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
