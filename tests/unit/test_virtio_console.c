/* SPDX-License-Identifier: GPL-2.0-only */
/* The console and entropy devices: rows 25 and 30 of the bad inputs. */
#define _GNU_SOURCE
#include "tests/unit/virtio_rig.h"

#include "vmm/host/chardev.h"
#include "vmm/host/loop.h"

#define RXBASE RAM_BASE
#define TXBASE (RAM_BASE + 0x4000)
#define BUF (RAM_BASE + 0x10000)
#define NUM 32

/* A terminal that takes @room bytes. */
struct fake {
	struct chardev c;
	u8 out[65536];
	size_t len;
	size_t room;
	unsigned int pokes;
};

struct fix {
	struct rig rig;
	struct loop *loop;
	struct fake fake;
	struct ring rx, tx;
};

static size_t fake_write(struct chardev *c, const void *buf, size_t len)
{
	struct fake *f = (struct fake *)c;

	len = len < f->room ? len : f->room;
	if (f->len + len <= sizeof(f->out))
		memcpy(f->out + f->len, buf, len);
	f->len += len;
	f->room -= len;
	return len;
}

static void fake_poke(struct chardev *c)
{
	((struct fake *)c)->pokes++;
}

static const struct chardev_ops fake_ops = { .write = fake_write };

static void quit(void *opaque)
{
	loop_quit(opaque);
}

/* Runs the loop for @ms. */
static void run_for(struct loop *loop, unsigned int ms)
{
	struct loop_source *t = loop_add_timer(loop, ms * 1000000ULL, 0, quit, loop);

	loop_run(loop);
	loop_remove(t);
}

static void start(struct fix *f, bool rng)
{
	assert_true(rig_negotiate(&f->rig, F_V1 | F_EVENT));
	ring_init(&f->rx, &f->rig, 0, NUM, RXBASE);
	if (!rng)
		ring_init(&f->tx, &f->rig, 1, NUM, TXBASE);
	wr(&f->rig, 0x70, ACK | DRV | FEAT_OK | DRV_OK);
}

static int setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));
	struct virtio_device *vdev;

	assert_int_equal(loop_create(&f->loop), 0);
	f->fake.c.ops = &fake_ops;
	f->fake.c.poke = fake_poke;
	f->fake.room = SIZE_MAX;
	assert_int_equal(virtio_console_create(f->loop, &f->fake.c, &vdev), 0);
	rig_init(&f->rig, vdev);
	start(f, false);
	*state = f;
	return 0;
}

static int setup_rng(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));
	struct virtio_device *vdev;

	assert_int_equal(loop_create(&f->loop), 0);
	assert_int_equal(virtio_rng_create(f->loop, &vdev), 0);
	rig_init(&f->rig, vdev);
	start(f, true);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fix *f = *state;

	rig_destroy(&f->rig);
	loop_free(f->loop);
	free(f);
	return 0;
}

static void test_output(void **state)
{
	struct fix *f = *state;
	struct seg s[] = { { BUF, 6, false }, { BUF + 100, 6, false } };
	u32 len;

	memcpy(ram(&f->rig, BUF), "hello ", 6);
	memcpy(ram(&f->rig, BUF + 100), "world\n", 6);
	ring_add(&f->tx, s, 2);
	ring_kick(&f->tx);
	assert_true(ring_wait(&f->tx, NULL, &len));
	assert_int_equal(len, 0);
	assert_int_equal(f->fake.len, 12);
	assert_memory_equal(f->fake.out, "hello world\n", 12);
	/* In the wrong direction there is nothing to print. */
	s[0].in = s[1].in = true;
	ring_add(&f->tx, s, 2);
	ring_kick(&f->tx);
	assert_true(ring_wait(&f->tx, NULL, NULL));
	assert_int_equal(f->fake.len, 12);
}

/* A slow reader gets everything, in order, while the guest's buffer waits. */
static void test_output_slow(void **state)
{
	struct fix *f = *state;
	struct seg s = { BUF, 10000, false };
	unsigned int i;

	for (i = 0; i < 10000; i++)
		ram(&f->rig, BUF)[i] = i * 13;
	f->fake.room = 3000;
	ring_add(&f->tx, &s, 1);
	ring_kick(&f->tx);
	assert_int_equal(ring_used_idx(&f->tx), 0);
	assert_int_equal(f->fake.len, 3000);
	for (i = 0; i < 20 && f->fake.len < 10000; i++) {
		f->fake.room = 2500;
		run_for(f->loop, 30);
	}
	assert_int_equal(f->fake.len, 10000);
	assert_memory_equal(f->fake.out, ram(&f->rig, BUF), 10000);
	assert_true(ring_wait(&f->tx, NULL, NULL));
}

/* Row 25: nobody reads.  The guest goes on after a while, the host keeps nothing. */
static void test_output_dead(void **state)
{
	struct fix *f = *state;
	struct seg s = { RAM2_BASE, RAM_SIZE, false };
	unsigned int i;

	f->fake.room = 0;
	ring_add(&f->tx, &s, 1);
	ring_kick(&f->tx);
	for (i = 0; i < 40 && !ring_used_idx(&f->tx); i++)
		run_for(f->loop, 100);
	assert_true(ring_wait(&f->tx, NULL, NULL));
	assert_int_equal(f->fake.len, 0);
	/* From now on at once. */
	s.len = 100;
	ring_add(&f->tx, &s, 1);
	ring_kick(&f->tx);
	assert_true(ring_wait(&f->tx, NULL, NULL));
	/* A reader again. */
	f->fake.room = SIZE_MAX;
	ring_add(&f->tx, &s, 1);
	ring_kick(&f->tx);
	assert_true(ring_wait(&f->tx, NULL, NULL));
	assert_int_equal(f->fake.len, 100);
}

/* A gigabyte from one descriptor table, in turns that are bounded. */
static void test_output_flood(void **state)
{
	struct fix *f = *state;
	struct seg s = { RAM2_BASE, RAM_SIZE, false };
	unsigned int round, i;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < NUM; i++)
			ring_add(&f->tx, &s, 1);
		ring_kick(&f->tx);
		assert_true(f->fake.len <= (round * NUM + 1) * RAM_SIZE);
		/* Reset in the middle of it. */
		start(f, false);
		f->fake.len = 0;
	}
	run_for(f->loop, 30);
	assert_int_equal(f->fake.len, 0);
}

static void type(struct fix *f, const char *s)
{
	struct chardev_frontend *fe = &f->fake.c.fe;
	size_t len = strlen(s), n;

	while (len && (n = fe->can_receive(fe->opaque))) {
		n = n < len ? n : len;
		fe->receive(fe->opaque, (const u8 *)s, n);
		s += n;
		len -= n;
	}
}

static void test_input(void **state)
{
	struct fix *f = *state;
	struct seg s[] = { { BUF, 3, true }, { BUF + 100, 64, true } };
	u32 len;

	ring_add(&f->rx, s, 2);
	type(f, "abcdef");
	assert_true(ring_wait(&f->rx, NULL, &len));
	assert_int_equal(len, 6);
	assert_memory_equal(ram(&f->rig, BUF), "abc", 3);
	assert_memory_equal(ram(&f->rig, BUF + 100), "def", 3);
	/* Without a buffer it waits, and the guest is asked to kick. */
	type(f, "xyz");
	assert_int_equal(ring_used_idx(&f->rx), 1);
	assert_int_equal(*ring16(&f->rx, f->rx.used + 4 + 8 * NUM), f->rx.avail_idx);
	ring_add(&f->rx, s, 1);
	ring_kick(&f->rx);
	assert_true(ring_wait(&f->rx, NULL, &len));
	assert_int_equal(len, 3);
	assert_memory_equal(ram(&f->rig, BUF), "xyz", 3);
}

static void test_input_full(void **state)
{
	struct fix *f = *state;
	char line[2001];
	struct seg s = { BUF, 2048, true };
	u32 len;

	memset(line, 'q', 2000);
	line[2000] = 0;
	type(f, line);
	assert_int_equal(f->fake.c.fe.can_receive(f->fake.c.fe.opaque), 0);
	ring_add(&f->rx, &s, 1);
	ring_kick(&f->rx);
	assert_true(ring_wait(&f->rx, NULL, &len));
	assert_int_equal(len, 1024);
	run_for(f->loop, 5);
	assert_int_equal(f->fake.pokes, 1);
	/* Buffers that hold nothing. */
	s.in = false;
	ring_add(&f->rx, &s, 1);
	type(f, "a");
	assert_true(ring_wait(&f->rx, NULL, &len));
	assert_int_equal(len, 0);
}

/* Typed ahead of the driver. */
static void test_input_early(void **state)
{
	struct fix *f = *state;
	struct seg s = { BUF, 16, true };
	u32 len;

	wr(&f->rig, 0x70, 0);
	type(f, "early");
	start(f, false);
	ring_add(&f->rx, &s, 1);
	ring_kick(&f->rx);
	assert_true(ring_wait(&f->rx, NULL, &len));
	assert_int_equal(len, 5);
	assert_memory_equal(ram(&f->rig, BUF), "early", 5);
}

static void test_rng(void **state)
{
	struct fix *f = *state;
	struct seg s[] = { { BUF, 32, true }, { BUF + 64, 32, true } };
	u8 zeros[96] = { 0 };
	u32 len;

	ring_add(&f->rx, s, 2);
	ring_kick(&f->rx);
	assert_true(ring_wait(&f->rx, NULL, &len));
	assert_int_equal(len, 64);
	assert_memory_not_equal(ram(&f->rig, BUF), zeros, 32);
	assert_memory_not_equal(ram(&f->rig, BUF + 64), zeros, 32);
	assert_memory_not_equal(ram(&f->rig, BUF), ram(&f->rig, BUF + 64), 32);
	/* Only what was asked for. */
	assert_memory_equal(ram(&f->rig, BUF + 32), zeros, 32);
	assert_memory_equal(ram(&f->rig, BUF + 96), zeros, 32);
}

/* Row 30. */
static void test_rng_flood(void **state)
{
	struct fix *f = *state;
	struct seg big = { RAM2_BASE, RAM_SIZE, true }, out = { BUF, 64, false };
	struct timespec a, b;
	u64 bytes = 0, ms;
	unsigned int i;
	u32 len;

	clock_gettime(CLOCK_MONOTONIC, &a);
	for (i = 0; i < 20000; i++) {
		if ((u16)(f->rx.avail_idx - f->rx.used_idx) < NUM)
			ring_add(&f->rx, i % 2 ? &big : &out, 1);
		ring_kick(&f->rx);
		while (ring_used_idx(&f->rx) != f->rx.used_idx) {
			assert_true(ring_wait(&f->rx, NULL, &len));
			assert_true(len <= 4096);
			bytes += len;
		}
	}
	run_for(f->loop, 200);
	while (ring_used_idx(&f->rx) != f->rx.used_idx) {
		assert_true(ring_wait(&f->rx, NULL, &len));
		bytes += len;
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
	assert_true(bytes <= (256u << 10) + (ms + 20) * (4 << 20) / 1000);
	assert_true(bytes > 100000);
	/* It recovers by itself. */
	run_for(f->loop, 200);
	assert_int_equal(ring_used_idx(&f->rx), f->rx.avail_idx);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define R(name) cmocka_unit_test_setup_teardown(name, setup_rng, teardown)
	const struct CMUnitTest tests[] = {
		T(test_output), T(test_output_slow), T(test_output_dead), T(test_output_flood),
		T(test_input), T(test_input_full), T(test_input_early), R(test_rng),
		R(test_rng_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
