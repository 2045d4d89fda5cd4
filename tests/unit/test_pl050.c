/* SPDX-License-Identifier: GPL-2.0-only */
/* The keyboard/mouse interface and the two devices, driven as drivers do. */
#include "tests/unit/dev_rig.h"
#include "tests/unit/timer_rig.h"

#include <linux/input-event-codes.h>

#include "vmm/dev/pl050.h"

enum { CR = 0x00, STAT = 0x04, DATA = 0x08, CLKDIV = 0x0c, IR = 0x10 };

#define EN 4
#define TXINT 8
#define RXINT 16
#define RXFULL 16
#define TXEMPTY 64

struct fix {
	struct dev_rig rig;
};

static struct fix *make(enum pl050_kind kind)
{
	struct fix *f = calloc(1, sizeof(*f));

	rig_loop(&f->rig);
	assert_int_equal(pl050_create(&f->rig.clock, kind, rig_irq_line(&f->rig, 0), &f->rig.dev), 0);
	return f;
}

static int setup_kbd(void **state)
{
	*state = make(PL050_KEYBOARD);
	return 0;
}

static int setup_mouse(void **state)
{
	*state = make(PL050_MOUSE);
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

/* Everything the device has to say must be @want. */
static void expect(struct fix *f, const u8 *want, unsigned int n)
{
	u8 got[64];
	unsigned int i;

	for (i = 0; i < sizeof(got) && rd(&f->rig, STAT) & RXFULL; i++)
		got[i] = rd_n(&f->rig, DATA, 1);
	assert_int_equal(i, n);
	assert_memory_equal(got, want, n);
}

#define EXPECT(f, ...) expect(f, (const u8[]){ __VA_ARGS__ }, sizeof((const u8[]){ __VA_ARGS__ }))
#define EXPECT_NOTHING(f) expect(f, NULL, 0)

static void send(struct fix *f, u8 byte)
{
	assert_true(rd(&f->rig, STAT) & TXEMPTY);
	wr_n(&f->rig, DATA, 1, byte);
}

static void start(struct fix *f)
{
	wr_n(&f->rig, CLKDIV, 1, 2);
	wr_n(&f->rig, CR, 1, EN | RXINT);
}

static void press(struct fix *f, unsigned int key)
{
	assert_int_equal(pl050_key(f->rig.dev, key, true), 0);
}

static void release(struct fix *f, unsigned int key)
{
	assert_int_equal(pl050_key(f->rig.dev, key, false), 0);
}

static void test_interface(void **state)
{
	struct fix *f = *state;

	rig_check_id(&f->rig, 0x00041050);
	assert_int_equal(rd(&f->rig, STAT), 0x47);	/* idle; the parity of 0 is 1 */
	assert_false(rig_irq(&f->rig, 0));
	/* Off, nothing goes either way. */
	send(f, 0xee);
	assert_int_equal(rd(&f->rig, STAT) & (TXEMPTY | RXFULL), 0);
	wr(&f->rig, CR, EN);
	assert_true(rd(&f->rig, STAT) & TXEMPTY);
	assert_false(rig_irq(&f->rig, 0));
	assert_int_equal(rd(&f->rig, IR), 0);
	wr(&f->rig, CR, EN | RXINT);
	assert_true(rig_irq(&f->rig, 0));
	assert_int_equal(rd(&f->rig, IR), 1);
	EXPECT(f, 0xee);		/* the result of the self test was not waited for */
	assert_false(rig_irq(&f->rig, 0));
	assert_int_equal(rd(&f->rig, STAT) & 4, 4);	/* 0xee has six ones */
	wr(&f->rig, CR, EN | TXINT);
	assert_true(rig_irq(&f->rig, 0));
	assert_int_equal(rd(&f->rig, IR), 2);
	f->rig.dev->ops->reset(f->rig.dev);
	assert_false(rig_irq(&f->rig, 0));
	assert_int_equal(rd(&f->rig, CR), 0);
}

static void test_keyboard_commands(void **state)
{
	struct fix *f = *state;

	start(f);
	EXPECT(f, 0xaa);
	send(f, 0xff);
	EXPECT(f, 0xfa, 0xaa);
	send(f, 0xf2);
	EXPECT(f, 0xfa, 0xab, 0x83);
	send(f, 0xee);
	EXPECT(f, 0xee);
	send(f, 0xed);
	EXPECT(f, 0xfa);
	send(f, 0x05);
	EXPECT(f, 0xfa);
	assert_int_equal(pl050_leds(f->rig.dev), PL050_LED_SCROLL | PL050_LED_CAPS);
	send(f, 0xf0);
	EXPECT(f, 0xfa);
	send(f, 0);
	EXPECT(f, 0xfa, 2);
	send(f, 0xf0);
	EXPECT(f, 0xfa);
	send(f, 3);
	EXPECT(f, 0xfe);
	send(f, 0xf3);
	EXPECT(f, 0xfa);
	send(f, 0);
	EXPECT(f, 0xfa);
	/* A command where an argument should be; one that is none; once more. */
	send(f, 0xed);
	EXPECT(f, 0xfa);
	send(f, 0xf4);
	EXPECT(f, 0xfa);
	assert_int_equal(pl050_leds(f->rig.dev), 5);
	send(f, 0x12);
	EXPECT(f, 0xfe);
	send(f, 0xf2);
	EXPECT(f, 0xfa, 0xab, 0x83);
	send(f, 0xfe);
	EXPECT(f, 0x83);
	send(f, 0xff);
	EXPECT(f, 0xfa, 0xaa);
	assert_int_equal(pl050_leds(f->rig.dev), 0);
}

static void test_keys(void **state)
{
	struct fix *f = *state;
	static const u8 pause[] = { 0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77 };

	start(f);
	EXPECT(f, 0xaa);
	press(f, KEY_A);
	assert_true(rig_irq(&f->rig, 0));
	release(f, KEY_A);
	EXPECT(f, 0x1c, 0xf0, 0x1c);
	press(f, KEY_LEFTSHIFT);
	press(f, KEY_UP);
	release(f, KEY_UP);
	release(f, KEY_LEFTSHIFT);
	EXPECT(f, 0x12, 0xe0, 0x75, 0xe0, 0xf0, 0x75, 0xf0, 0x12);
	press(f, KEY_F7);
	release(f, KEY_F7);
	EXPECT(f, 0x83, 0xf0, 0x83);
	press(f, KEY_PAUSE);
	release(f, KEY_PAUSE);
	expect(f, pause, 8);
	assert_int_equal(pl050_key(f->rig.dev, KEY_RESERVED, true), -EINVAL);
	assert_int_equal(pl050_key(f->rig.dev, 100000, true), -EINVAL);
	assert_int_equal(pl050_key(f->rig.dev, BTN_LEFT, true), -EINVAL);
	assert_int_equal(pl050_mouse_move(f->rig.dev, 1, 1, 1, 0), -EINVAL);
	/* Disabled, then enabled. */
	send(f, 0xf5);
	EXPECT(f, 0xfa);
	press(f, KEY_B);
	EXPECT_NOTHING(f);
	send(f, 0xf4);
	EXPECT(f, 0xfa);
	press(f, KEY_C);
	EXPECT(f, 0x21);
	release(f, KEY_C);
	EXPECT(f, 0xf0, 0x21);
	/* A reply does not come into the middle of a key's code. */
	press(f, KEY_LEFT);
	assert_int_equal(rd(&f->rig, DATA), 0xe0);
	press(f, KEY_X);
	send(f, 0xee);
	EXPECT(f, 0x6b, 0xee, 0x22);
}

/* A host that does not fetch; the buffer keeps the oldest. */
static void test_overflow(void **state)
{
	struct fix *f = *state;
	unsigned int n;

	start(f);
	EXPECT(f, 0xaa);
	for (n = 0; n < 1000; n++) {
		press(f, KEY_A);
		release(f, KEY_A);
	}
	assert_int_equal(rd(&f->rig, DATA), 0x1c);
	for (n = 1; rd(&f->rig, STAT) & RXFULL; n++)
		rd(&f->rig, DATA);
	assert_true(n >= 16 && n < 64);
	for (n = 0; n < 100; n++)
		send(f, 0xf2);
	for (n = 0; rd(&f->rig, STAT) & RXFULL; n++)
		rd(&f->rig, DATA);
	assert_true(n <= 4);
}

static void test_typematic(void **state)
{
	struct fix *f = *state;

	start(f);
	EXPECT(f, 0xaa);
	send(f, 0xf3);
	send(f, 0x00);		/* after 250 ms, every 33 ms */
	rd(&f->rig, DATA);
	rd(&f->rig, DATA);
	press(f, KEY_D);
	EXPECT(f, 0x23);
	timer_rig_pass_ms(249);
	EXPECT_NOTHING(f);
	timer_rig_pass_ms(1);
	EXPECT(f, 0x23);
	timer_rig_pass_ms(33);
	EXPECT_NOTHING(f);
	timer_rig_pass_ms(1);
	EXPECT(f, 0x23);
	release(f, KEY_D);
	EXPECT(f, 0xf0, 0x23);
	timer_rig_pass_ms(80);
	EXPECT_NOTHING(f);
	/* The last key down is the one that repeats, until it is up. */
	press(f, KEY_D);
	press(f, KEY_E);
	release(f, KEY_E);
	EXPECT(f, 0x23, 0x24, 0xf0, 0x24);
	timer_rig_pass_ms(350);
	EXPECT_NOTHING(f);
}

static void test_mouse_commands(void **state)
{
	struct fix *f = *state;

	start(f);
	EXPECT(f, 0xaa, 0x00);
	send(f, 0xff);
	EXPECT(f, 0xfa, 0xaa, 0x00);
	send(f, 0xf2);
	EXPECT(f, 0xfa, 0x00);
	send(f, 0xe8);
	send(f, 3);
	EXPECT(f, 0xfa, 0xfa);
	send(f, 0xf3);
	EXPECT(f, 0xfa);
	send(f, 40);
	EXPECT(f, 0xfa);
	send(f, 0xe7);
	EXPECT(f, 0xfa);
	send(f, 0xf4);
	EXPECT(f, 0xfa);
	pl050_mouse_move(f->rig.dev, 0, 0, 0, PL050_BUTTON_RIGHT);
	EXPECT(f, 0x0a, 0, 0);
	send(f, 0xe9);
	EXPECT(f, 0xfa, 0x31, 3, 40);
	send(f, 0xf6);
	EXPECT(f, 0xfa);
	send(f, 0xe9);
	EXPECT(f, 0xfa, 0x01, 2, 100);
	send(f, 0xe8);
	EXPECT(f, 0xfa);
	send(f, 4);
	EXPECT(f, 0xfe);
	send(f, 0xee);
	EXPECT(f, 0xfa);
	send(f, 0xf4);
	EXPECT(f, 0xf4);
	send(f, 0xec);
	EXPECT(f, 0xfa);
	send(f, 0x01);
	EXPECT(f, 0xfe);
	assert_int_equal(pl050_key(f->rig.dev, KEY_A, true), -EINVAL);
}

static void rate(struct fix *f, u8 n)
{
	send(f, 0xf3);
	EXPECT(f, 0xfa);
	send(f, n);
	EXPECT(f, 0xfa);
}

static void test_mouse_stream(void **state)
{
	struct fix *f = *state;

	start(f);
	EXPECT(f, 0xaa, 0x00);
	/* Not before it is enabled, and that forgets what was. */
	pl050_mouse_move(f->rig.dev, 5, 5, 0, 0);
	EXPECT_NOTHING(f);
	rate(f, 200);
	send(f, 0xf4);
	EXPECT(f, 0xfa);
	EXPECT_NOTHING(f);
	pl050_mouse_move(f->rig.dev, 10, -3, 0, PL050_BUTTON_LEFT);
	assert_true(rig_irq(&f->rig, 0));
	EXPECT(f, 0x29, 10, 0xfd);
	/* Far moves come in several reports. */
	timer_rig_pass_ms(10);
	pl050_mouse_move(f->rig.dev, -300, 0, 0, 0);
	EXPECT(f, 0x18, 0x01, 0);
	timer_rig_pass_ms(10);
	EXPECT(f, 0x18, 0xd3, 0);
	timer_rig_pass_ms(110);
	EXPECT_NOTHING(f);
	/* A click within one sample (of 100 ms) is two reports. */
	rate(f, 10);
	timer_rig_pass_ms(110);
	pl050_mouse_move(f->rig.dev, 0, 0, 0, PL050_BUTTON_MIDDLE);
	EXPECT(f, 0x0c, 0, 0);
	pl050_mouse_move(f->rig.dev, 0, 0, 0, 0);
	pl050_mouse_move(f->rig.dev, 0, 0, 0, PL050_BUTTON_LEFT);
	EXPECT(f, 0x08, 0, 0);
	timer_rig_pass_ms(110);
	EXPECT(f, 0x09, 0, 0);
	/* Sums that are absurd, and a host that does not fetch. */
	for (int i = 0; i < 1000; i++)
		pl050_mouse_move(f->rig.dev, INT32_MIN, INT32_MAX, INT32_MIN, i);
	timer_rig_pass_ms(110);
	assert_true(rd(&f->rig, STAT) & RXFULL);
	send(f, 0xff);
	while (rd(&f->rig, STAT) & RXFULL)
		rd(&f->rig, DATA);
}

static void test_mouse_remote(void **state)
{
	struct fix *f = *state;

	start(f);
	EXPECT(f, 0xaa, 0x00);
	send(f, 0xf0);
	EXPECT(f, 0xfa);
	send(f, 0xf4);
	EXPECT(f, 0xfa);
	pl050_mouse_move(f->rig.dev, 1, 2, 0, 0);
	pl050_mouse_move(f->rig.dev, 3, 4, 0, 0);
	EXPECT_NOTHING(f);
	send(f, 0xeb);
	EXPECT(f, 0xfa, 0x08, 4, 6);
	send(f, 0xeb);
	EXPECT(f, 0xfa, 0x08, 0, 0);
	send(f, 0xea);
	EXPECT(f, 0xfa);
	pl050_mouse_move(f->rig.dev, 1, 1, 0, 0);
	EXPECT(f, 0x08, 1, 1);
}

static void test_mouse_wheel(void **state)
{
	struct fix *f = *state;

	start(f);
	EXPECT(f, 0xaa, 0x00);
	/* The wrong knock, then the right one. */
	rate(f, 200);
	rate(f, 80);
	rate(f, 100);
	send(f, 0xf2);
	EXPECT(f, 0xfa, 0);
	rate(f, 200);
	rate(f, 200);
	rate(f, 100);
	rate(f, 80);
	send(f, 0xf2);
	EXPECT(f, 0xfa, 3);
	rate(f, 200);
	send(f, 0xf4);
	EXPECT(f, 0xfa);
	pl050_mouse_move(f->rig.dev, 0, 0, -1, 0);
	EXPECT(f, 0x08, 0, 0, 0xff);
	timer_rig_pass_ms(10);
	pl050_mouse_move(f->rig.dev, 0, 0, 9, 0);
	EXPECT(f, 0x08, 0, 0, 7);
	timer_rig_pass_ms(10);
	EXPECT(f, 0x08, 0, 0, 2);
	send(f, 0xf6);
	EXPECT(f, 0xfa);
	send(f, 0xf2);
	EXPECT(f, 0xfa, 3);
	send(f, 0xff);
	EXPECT(f, 0xfa, 0xaa, 0);
	send(f, 0xf2);
	EXPECT(f, 0xfa, 0);
}

/* 2:1 scaling is for stream mode only. */
static void test_mouse_scale(void **state)
{
	struct fix *f = *state;

	start(f);
	EXPECT(f, 0xaa, 0x00);
	rate(f, 200);
	send(f, 0xe7);
	EXPECT(f, 0xfa);
	send(f, 0xf4);
	EXPECT(f, 0xfa);
	pl050_mouse_move(f->rig.dev, 4, -2, 0, 0);
	EXPECT(f, 0x28, 6, 0xff);
	timer_rig_pass_ms(10);
	pl050_mouse_move(f->rig.dev, 127, -10, 0, 0);
	EXPECT(f, 0x28, 254, 0xec);
	pl050_mouse_move(f->rig.dev, 4, 0, 0, 0);
	send(f, 0xeb);
	EXPECT(f, 0xfa, 0x08, 4, 0);
}

#define KBD(name) cmocka_unit_test_setup_teardown(name, setup_kbd, teardown)
#define MOUSE(name) cmocka_unit_test_setup_teardown(name, setup_mouse, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		KBD(test_interface), KBD(test_keyboard_commands), KBD(test_keys), KBD(test_overflow),
		KBD(test_typematic), MOUSE(test_mouse_commands), MOUSE(test_mouse_stream),
		MOUSE(test_mouse_remote), MOUSE(test_mouse_wheel), MOUSE(test_mouse_scale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
