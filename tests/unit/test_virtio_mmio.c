/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The transport and the queue, with a device that hands back every chain:
 * rows 1 to 12 of the bad inputs.
 */
#define _GNU_SOURCE
#include "tests/unit/virtio_rig.h"

#include <pthread.h>
#include <sys/eventfd.h>

#include "vmm/host/loop.h"

#define QBASE RAM_BASE
#define BUF (RAM_BASE + 0x10000)
#define TABLE (RAM_BASE + 0x20000)
#define NUM 16
#define F_DEV 1ULL	/* a feature of the echo device */

struct echo {
	struct virtio_device vdev;
	unsigned int chains;
	unsigned int starts, resets;
	u32 out_len, in_len;	/* of the last chain */
	unsigned int nr_out, nr_in;
	bool keep;		/* take chains, never give back */
};

static void echo_notify(struct virtio_device *vdev, unsigned int n)
{
	struct echo *e = (struct echo *)vdev;
	u8 buf[64];
	size_t len;

	do {
		virtq_notify_off(&vdev->vq[n]);
		while (virtio_pop(vdev, n, &vdev->chain)) {
			e->chains++;
			e->out_len = vdev->chain.out_len;
			e->in_len = vdev->chain.in_len;
			e->nr_out = vdev->chain.nr_out;
			e->nr_in = vdev->chain.nr_in;
			len = virtq_chain_read(&vdev->chain, 0, buf, sizeof(buf));
			len = virtq_chain_write(vdev->mem, &vdev->chain, 0, buf, len);
			if (!e->keep)
				virtq_push(&vdev->vq[n], vdev->chain.head, len);
		}
	} while (virtq_notify_on(&vdev->vq[n]) && virtio_queue_live(vdev, n));
	virtio_publish(vdev, n);
}

static void echo_start(struct virtio_device *vdev)
{
	((struct echo *)vdev)->starts++;
}

static void echo_reset(struct virtio_device *vdev)
{
	((struct echo *)vdev)->resets++;
}

static void echo_free(struct virtio_device *vdev)
{
	virtio_device_destroy(vdev);
	free(vdev);
}

static const struct virtio_device_ops echo_ops = {
	.name = "echo", .start = echo_start, .notify = echo_notify, .reset = echo_reset,
	.free = echo_free,
};

struct fix {
	struct rig rig;
	struct ring q;
	struct echo *e;
};

static void start(struct fix *f, u64 features)
{
	assert_true(rig_negotiate(&f->rig, features | F_V1));
	ring_init(&f->q, &f->rig, 0, NUM, QBASE);
	wr(&f->rig, 0x70, ACK | DRV | FEAT_OK | DRV_OK);
	f->e->chains = 0;
}

static int setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));
	unsigned int i;

	f->e = calloc(1, sizeof(*f->e));
	virtio_device_init(&f->e->vdev, &echo_ops, 42, F_DEV, 10);
	virtio_device_add_queue(&f->e->vdev, 64);
	for (i = 0; i < VIRTIO_CONFIG_MAX; i++)
		f->e->vdev.config[i] = i + 1;
	rig_init(&f->rig, &f->e->vdev);
	start(f, F_INDIRECT);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fix *f = *state;

	rig_destroy(&f->rig);
	free(f);
	return 0;
}

/* The device must have given up, told the guest, and be well after a reset. */
static void expect_broken(struct fix *f)
{
	struct seg s[] = { { BUF, 16, false }, { BUF + 64, 16, true } };

	assert_int_equal(rd(&f->rig, 0x70) & NEEDS_RESET, NEEDS_RESET);
	assert_int_equal(rd(&f->rig, 0x60) & 2, 2);
	assert_int_equal(f->rig.level, 1);
	ring_kick(&f->q);
	start(f, F_INDIRECT);
	assert_int_equal(rd(&f->rig, 0x70) & NEEDS_RESET, 0);
	memset(ram(&f->rig, BUF), 0x77, 16);
	ring_add(&f->q, s, 2);
	ring_kick(&f->q);
	assert_true(ring_wait(&f->q, NULL, NULL));
	assert_int_equal(ram(&f->rig, BUF + 64)[15], 0x77);
}

static void test_identity(void **state)
{
	struct fix *f = *state;

	assert_int_equal(rd(&f->rig, 0x0), 0x74726976);
	assert_int_equal(rd(&f->rig, 0x4), 2);
	assert_int_equal(rd(&f->rig, 0x8), 42);
	assert_int_equal(rd(&f->rig, 0x34), 64);
	wr(&f->rig, 0x30, 1);
	assert_int_equal(rd(&f->rig, 0x34), 0);
	assert_int_equal(rd(&f->rig, 0x44), 0);
	assert_int_equal(rd(&f->rig, 0xb0), 0xffffffff);
	assert_int_equal(rd(&f->rig, 0xb4), 0xffffffff);
	assert_int_equal(rig_offered(&f->rig), F_V1 | F_INDIRECT | F_EVENT | F_DEV);
	wr(&f->rig, 0x14, 2);
	assert_int_equal(rd(&f->rig, 0x10), 0);
}

static void test_empty_slot(void **state)
{
	struct rig rig;
	unsigned int off;

	(void)state;
	rig_init(&rig, NULL);
	assert_int_equal(rd(&rig, 0), 0x74726976);
	assert_int_equal(rd(&rig, 4), 2);
	for (off = 8; off < 0x200; off += 4) {
		wr(&rig, off, 0xffffffff);
		assert_int_equal(rd(&rig, off), 0);
	}
	rig.dev->ops->reset(rig.dev);
	rig_destroy(&rig);
}

/* Row 9, and registers at widths that they do not have. */
static void test_config_space(void **state)
{
	struct fix *f = *state;
	static const unsigned int sizes[] = { 1, 2, 4, 8 };
	unsigned int off, i, j;

	for (i = 0; i < 4; i++)
		for (off = 0x100; off < 0x1000; off += sizes[i]) {
			u64 want = 0;

			for (j = 0; j < sizes[i]; j++)
				if (off + j < 0x10a)
					want |= (u64)(off + j - 0x100 + 1) << 8 * j;
			assert_int_equal(rd_n(&f->rig, off, sizes[i]), want);
			wr_n(&f->rig, off, sizes[i], ~0ULL);
			assert_int_equal(rd_n(&f->rig, off, sizes[i]), want);
		}
	assert_int_equal(rd_n(&f->rig, 0xfff, 1), 0);
	assert_int_equal(rd_n(&f->rig, ~0ULL, 8), 0);
	for (off = 0; off < 0x100; off++) {
		assert_int_equal(rd_n(&f->rig, off, 1), 0);
		wr_n(&f->rig, off, 2, 0);
		wr_n(&f->rig, off, 8, 0);
	}
	/* None of that was a reset. */
	assert_int_equal(rd(&f->rig, 0x70), 15);
}

/* Row 10. */
static void test_status_machine(void **state)
{
	struct fix *f = *state;

	/* A feature that was not offered; VERSION_1 missing. */
	assert_false(rig_negotiate(&f->rig, F_V1 | 1ULL << 50));
	assert_false(rig_negotiate(&f->rig, F_DEV));
	assert_true(rig_negotiate(&f->rig, F_V1 | F_DEV));
	/* Settled: later writes change nothing. */
	wr(&f->rig, 0x24, 0);
	wr(&f->rig, 0x20, F_INDIRECT);
	assert_true(f->e->vdev.driver_features == (F_V1 | F_DEV));
	/* Bits cannot be taken back but by a reset, nor can a driver set NEEDS_RESET. */
	wr(&f->rig, 0x70, ACK | NEEDS_RESET);
	assert_int_equal(rd(&f->rig, 0x70), ACK | DRV | FEAT_OK);
	wr(&f->rig, 0x70, 0);
	assert_int_equal(rd(&f->rig, 0x70), 0);
	assert_int_equal(f->e->vdev.driver_features, 0);

	f->e->starts = 0;
	wr(&f->rig, 0x70, ACK | DRV | DRV_OK);
	assert_int_equal(rd(&f->rig, 0x70) & DRV_OK, 0);
	assert_int_equal(rd(&f->rig, 0x70) & NEEDS_RESET, NEEDS_RESET);
	assert_int_equal(f->e->starts, 0);
	/* A kick before DRIVER_OK is nothing. */
	assert_true(rig_negotiate(&f->rig, F_V1));
	ring_init(&f->q, &f->rig, 0, NUM, QBASE);
	ring_show(&f->q, 0);
	ring_kick(&f->q);
	assert_int_equal(f->e->chains, 0);
	wr(&f->rig, 0x70, ACK | DRV | FEAT_OK | 128 | DRV_OK);
	ring_kick(&f->q);
	assert_int_equal(f->e->chains, 0);
}

static void one(struct fix *f)
{
	struct seg s = { BUF, 4, false };

	ring_add(&f->q, &s, 1);
	ring_kick(&f->q);
}

static void ready_fails(struct fix *f, u32 num, u64 desc, u64 avail, u64 used)
{
	assert_true(rig_negotiate(&f->rig, F_V1));
	wr(&f->rig, 0x30, 0);
	wr(&f->rig, 0x38, num);
	queue_addr(&f->rig, 0x80, desc);
	queue_addr(&f->rig, 0x90, avail);
	queue_addr(&f->rig, 0xa0, used);
	wr(&f->rig, 0x44, 1);
	assert_int_equal(rd(&f->rig, 0x44), 0);
	assert_int_equal(rd(&f->rig, 0x70) & NEEDS_RESET, NEEDS_RESET);
	wr(&f->rig, 0x70, ACK | DRV | FEAT_OK | DRV_OK);
	wr(&f->rig, 0x50, 0);
	assert_int_equal(f->e->chains, 0);
}

/* Row 7. */
static void test_queue_setup(void **state)
{
	struct fix *f = *state;
	u64 d = QBASE, a = QBASE + 0x1000, u = QBASE + 0x2000;
	u64 end = RAM_BASE + RAM_SIZE;
	static const u32 bad_num[] = { 0, 3, 48, 65, 128, 65535, 65536, 0x80000000, 0xffffffff };
	unsigned int i;

	for (i = 0; i < ARM_ARRAY_SIZE(bad_num); i++)
		ready_fails(f, bad_num[i], d, a, u);
	ready_fails(f, NUM, d + 8, a, u);
	ready_fails(f, NUM, d, a + 1, u);
	ready_fails(f, NUM, d, a, u + 2);
	ready_fails(f, NUM, 0, 0, 0);
	ready_fails(f, NUM, ROM_BASE, a, u);
	ready_fails(f, NUM, d, ROM_BASE, u);
	ready_fails(f, NUM, d, a, ROM_BASE);
	ready_fails(f, NUM, 0x0a000000, a, u);		/* device registers */
	ready_fails(f, NUM, end - 16, a, u);		/* across two regions */
	ready_fails(f, NUM, RAM2_BASE + RAM_SIZE - 16 * NUM + 16, a, u);
	ready_fails(f, NUM, d, RAM2_BASE + RAM_SIZE - 6, u);
	ready_fails(f, NUM, d, a, ~0ULL - 3);
	ready_fails(f, NUM, ~0ULL - 15, a, u);
	/* QueueReady before FEATURES_OK. */
	wr(&f->rig, 0x70, 0);
	wr(&f->rig, 0x70, ACK | DRV);
	ring_init(&f->q, &f->rig, 0, NUM, QBASE);
	assert_int_equal(rd(&f->rig, 0x44), 0);
	/* Of a queue that is not there. */
	start(f, 0);
	wr(&f->rig, 0x30, 77);
	wr(&f->rig, 0x44, 1);
	wr(&f->rig, 0x38, 8);
	assert_int_equal(rd(&f->rig, 0x44), 0);
	assert_int_equal(rd(&f->rig, 0x70), 15);
	/* Addresses and size stay as they are while the queue runs. */
	wr(&f->rig, 0x30, 0);
	queue_addr(&f->rig, 0x80, 0);
	wr(&f->rig, 0x38, 3);
	one(f);
	assert_int_equal(f->e->chains, 1);
}

/* Row 8. */
static void test_notify_range(void **state)
{
	struct fix *f = *state;
	static const u32 bad[] = { 1, 2, 64, 0x7fffffff, 0x80000000, 0xffffffff, 0x10000 };
	unsigned int i;

	ring_show(&f->q, 0);
	for (i = 0; i < ARM_ARRAY_SIZE(bad); i++)
		wr(&f->rig, 0x50, bad[i]);
	assert_int_equal(f->e->chains, 0);
	assert_int_equal(rd(&f->rig, 0x70), 15);
}

static int take_doorbell(void *ctx, int fd, unsigned int queue)
{
	assert_int_equal(queue, 0);
	*(int *)ctx = fd;
	return 0;
}

static void quit(void *loop)
{
	loop_quit(loop);
}

/* What the loop does with the signals that are there. */
static void run_loop(struct loop *loop)
{
	struct loop_source *end = loop_add_timer(loop, 1000000, 0, quit, loop);

	loop_run(loop);
	loop_remove(end);
}

/* The engine signals an eventfd instead of the guest's write; one too many, after a reset, does nothing. */
static void test_doorbell(void **state)
{
	struct fix *f = *state;
	struct loop *loop;
	int fd = -1;

	assert_int_equal(loop_create(&loop), 0);
	assert_int_equal(virtio_mmio_add_doorbells(f->rig.dev, loop, take_doorbell, &fd), 0);
	assert_true(fd >= 0);
	ring_add(&f->q, &(struct seg){ BUF, 4, false }, 1);
	run_loop(loop);
	assert_int_equal(f->e->chains, 0);
	assert_int_equal(eventfd_write(fd, 1), 0);
	run_loop(loop);
	assert_int_equal(f->e->chains, 1);
	ring_add(&f->q, &(struct seg){ BUF, 4, false }, 1);
	assert_int_equal(eventfd_write(fd, 1), 0);
	wr(&f->rig, 0x70, 0);
	run_loop(loop);
	assert_int_equal(f->e->chains, 1);
	start(f, F_INDIRECT);
	one(f);
	assert_int_equal(f->e->chains, 1);
	f->rig.dev->ops->free(f->rig.dev);
	f->rig.dev = NULL;
	loop_free(loop);
}

/* Row 1. */
static void test_loops(void **state)
{
	struct fix *f = *state;
	unsigned int i, len;

	for (len = 1; len <= NUM; len++) {
		for (i = 0; i < NUM; i++)
			desc_put(&f->rig, f->q.desc, i, BUF, 4, 1, (i + 1) % len);
		f->e->chains = 0;
		ring_show(&f->q, 0);
		ring_kick(&f->q);
		assert_int_equal(f->e->chains, 0);
		expect_broken(f);
		/* The same, of zero length, and in an indirect table. */
		for (i = 0; i < NUM; i++) {
			desc_put(&f->rig, f->q.desc, i, BUF, 0, 1, (i + 1) % len);
			desc_put(&f->rig, TABLE, i, BUF, 0, 1, (i + 1) % len);
		}
		ring_show(&f->q, 0);
		ring_kick(&f->q);
		expect_broken(f);
		desc_put(&f->rig, f->q.desc, 0, TABLE, 16 * NUM, 4, 0);
		ring_show(&f->q, 0);
		ring_kick(&f->q);
		expect_broken(f);
	}
	/* The longest honest chain is fine. */
	for (i = 0; i < NUM; i++)
		desc_put(&f->rig, f->q.desc, i, BUF + 4 * i, 4, i + 1 < NUM, i + 1);
	f->e->chains = 0;
	ring_show(&f->q, 0);
	ring_kick(&f->q);
	assert_int_equal(f->e->chains, 1);
	assert_int_equal(f->e->out_len, 4 * NUM);
}

/* Row 2. */
static void test_indexes(void **state)
{
	struct fix *f = *state;
	static const u16 bad[] = { NUM, NUM + 1, 255, 0x8000, 0xffff };
	unsigned int i;

	for (i = 0; i < ARM_ARRAY_SIZE(bad); i++) {
		desc_put(&f->rig, f->q.desc, 0, BUF, 4, 1, bad[i]);
		ring_show(&f->q, 0);
		ring_kick(&f->q);
		expect_broken(f);
		ring_show(&f->q, bad[i]);
		ring_kick(&f->q);
		expect_broken(f);
		desc_put(&f->rig, TABLE, 0, BUF, 4, 1, bad[i]);
		desc_put(&f->rig, f->q.desc, 0, TABLE, 16 * NUM, 4, 0);
		ring_show(&f->q, 0);
		ring_kick(&f->q);
		expect_broken(f);
	}
}

/* Row 3. */
static void test_avail_jump(void **state)
{
	struct fix *f = *state;
	static const u16 bad[] = { NUM + 1, 0x7fff, 0x8000, 0xffff };
	unsigned int i;

	for (i = 0; i < ARM_ARRAY_SIZE(bad); i++) {
		*ring16(&f->q, f->q.avail + 2) = f->q.avail_idx + bad[i];
		ring_kick(&f->q);
		expect_broken(f);
	}
}

/* Row 4. */
static void test_in_flight(void **state)
{
	struct fix *f = *state;
	unsigned int i;

	f->e->keep = true;
	desc_put(&f->rig, f->q.desc, 0, BUF, 4, 0, 0);
	for (i = 0; i < 10 * NUM; i++) {
		ring_show(&f->q, 0);
		ring_kick(&f->q);
	}
	assert_int_equal(f->e->chains, NUM);
	f->e->keep = false;
	expect_broken(f);
}

/* Row 5. */
static void test_indirect(void **state)
{
	struct fix *f = *state;
	static const u32 bad_len[] = { 0, 1, 15, 17, 24, 0xfffffff0, 0xffffffff, 16 << 17 };
	unsigned int i;

	for (i = 0; i < 4; i++)
		desc_put(&f->rig, TABLE, i, BUF + 8 * i, 8, i < 3, i + 1);
	desc_put(&f->rig, f->q.desc, 0, BUF + 100, 5, 1, 1);
	desc_put(&f->rig, f->q.desc, 1, TABLE, 64, 4 | 2, 99);
	ring_show(&f->q, 0);
	ring_kick(&f->q);
	assert_int_equal(f->e->chains, 1);
	assert_int_equal(f->e->out_len, 37);
	assert_int_equal(f->e->nr_out, 5);

	for (i = 0; i < ARM_ARRAY_SIZE(bad_len); i++) {
		desc_put(&f->rig, f->q.desc, 0, TABLE, bad_len[i], 4, 0);
		ring_show(&f->q, 0);
		ring_kick(&f->q);
		expect_broken(f);
	}
	/* A table in a table, NEXT beside INDIRECT, tables outside RAM. */
	desc_put(&f->rig, TABLE, 0, TABLE, 16, 4, 0);
	desc_put(&f->rig, f->q.desc, 0, TABLE, 16, 4, 0);
	ring_show(&f->q, 0);
	ring_kick(&f->q);
	expect_broken(f);
	desc_put(&f->rig, TABLE, 0, BUF, 8, 0, 0);
	desc_put(&f->rig, f->q.desc, 0, TABLE, 16, 4 | 1, 1);
	ring_show(&f->q, 0);
	ring_kick(&f->q);
	expect_broken(f);
	desc_put(&f->rig, f->q.desc, 0, ~0ULL - 15, 32, 4, 0);
	ring_show(&f->q, 0);
	ring_kick(&f->q);
	expect_broken(f);
	/* Not negotiated. */
	start(f, 0);
	desc_put(&f->rig, f->q.desc, 0, TABLE, 16, 4, 0);
	ring_show(&f->q, 0);
	ring_kick(&f->q);
	expect_broken(f);
}

/* A chain of more than VIRTQ_CHAIN_MAX in a table. */
static void test_long_table(void **state)
{
	struct fix *f = *state;
	unsigned int n, i;

	for (n = VIRTQ_CHAIN_MAX; n <= VIRTQ_CHAIN_MAX + 1; n++) {
		for (i = 0; i < n; i++)
			desc_put(&f->rig, TABLE, i, BUF, 1, i + 1 < n, i + 1);
		desc_put(&f->rig, f->q.desc, 0, TABLE, 16 * n, 4, 0);
		ring_show(&f->q, 0);
		ring_kick(&f->q);
		if (n == VIRTQ_CHAIN_MAX)
			assert_int_equal(f->e->out_len, n);
		else
			expect_broken(f);
	}
}

/* Row 6. */
static void test_addresses(void **state)
{
	struct fix *f = *state;
	u64 end = RAM2_BASE + RAM_SIZE;
	const struct {
		u64 ipa;
		u32 len;
		bool in;
	} bad[] = {
		{ ~0ULL, 2, false }, { ~0ULL - 0xff, 0x101, false }, { ~0ULL - 0xff, 0x100, true },
		{ end - 1, 2, false }, { end, 1, false }, { end - 16, 17, true },
		{ RAM2_BASE - 1, 2, false }, { RAM2_BASE - 8, 16, true },
		{ RAM_BASE - 1, 2, false }, { RAM_BASE, 0xffffffff, false },
		{ 0x0a000000, 4, true }, { 0x08000000, 4, true }, { 0x08010000, 4, false },
		{ 0, 1, false },
	};
	unsigned int i;

	for (i = 0; i < ARM_ARRAY_SIZE(bad); i++) {
		desc_put(&f->rig, f->q.desc, 0, bad[i].ipa, bad[i].len, bad[i].in ? 2 : 0, 0);
		ring_show(&f->q, 0);
		ring_kick(&f->q);
		assert_int_equal(f->e->chains, 0);
		expect_broken(f);
		f->e->chains = 0;
	}
	/* ROM can be read; the ends of RAM are RAM. */
	struct seg ok[] = { { ROM_BASE, 4, false }, { end - 4, 4, true } };

	ring_add(&f->q, ok, 2);
	ring_kick(&f->q);
	assert_int_equal(f->e->chains, 1);
	/* Readable after writable; 4 GiB in one chain. */
	struct seg order[] = { { BUF, 4, true }, { BUF, 4, false } };

	ring_add(&f->q, order, 2);
	ring_kick(&f->q);
	expect_broken(f);
	for (i = 0; i < VIRTQ_CHAIN_MAX; i++)
		desc_put(&f->rig, TABLE, i, RAM2_BASE, RAM_SIZE, i + 1 < VIRTQ_CHAIN_MAX, i + 1);
	desc_put(&f->rig, f->q.desc, 0, TABLE, 16 * VIRTQ_CHAIN_MAX, 4, 0);
	ring_show(&f->q, 0);
	ring_kick(&f->q);
	assert_int_equal(rd(&f->rig, 0x70) & NEEDS_RESET, 0);	/* 256 MiB are fine */
	assert_int_equal(f->e->out_len, VIRTQ_CHAIN_MAX * RAM_SIZE);
}

struct race {
	struct fix *f;
	int stop;
};

/* The second vCPU of row 12: descriptors flip between good and bad. */
static void *flipper(void *arg)
{
	struct race *r = arg;
	struct fix *f = r->f;
	unsigned int i = 0;

	while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
		desc_put(&f->rig, QBASE, 0, i % 2 ? BUF : ~0ULL - 7, i % 3 ? 16 : 0xfffffff0,
			 i % 5 ? 2 : 1, i % 7 ? 0 : 0xffff);
		i++;
	}
	return NULL;
}

static void test_double_fetch(void **state)
{
	struct fix *f = *state;
	struct race r = { .f = f };
	unsigned int i;
	pthread_t t;

	assert_int_equal(pthread_create(&t, NULL, flipper, &r), 0);
	for (i = 0; i < 3000; i++) {
		ring_show(&f->q, 0);
		ring_kick(&f->q);
		if (rd(&f->rig, 0x70) & NEEDS_RESET) {
			assert_true(rig_negotiate(&f->rig, F_V1));
			f->q.avail_idx = 0;
			*ring16(&f->q, f->q.avail + 2) = 0;
			wr(&f->rig, 0x30, 0);
			wr(&f->rig, 0x38, NUM);
			queue_addr(&f->rig, 0x80, f->q.desc);
			queue_addr(&f->rig, 0x90, f->q.avail);
			queue_addr(&f->rig, 0xa0, f->q.used);
			wr(&f->rig, 0x44, 1);
			wr(&f->rig, 0x70, ACK | DRV | FEAT_OK | DRV_OK);
		}
	}
	__atomic_store_n(&r.stop, 1, __ATOMIC_RELAXED);
	pthread_join(t, NULL);
}

/* Row 11. */
static void test_reset_storm(void **state)
{
	struct fix *f = *state;
	unsigned int i;

	for (i = 0; i < 1000000; i++)
		wr(&f->rig, 0x70, 0);
	assert_int_equal(f->rig.level, 0);
	start(f, 0);
}

/* Every event makes an edge, also with the line high; see virtio_raise(). */
static void test_edges(void **state)
{
	struct fix *f = *state;

	one(f);
	assert_int_equal(f->rig.edges, 1);
	assert_int_equal(f->rig.level, 1);
	one(f);
	assert_int_equal(f->rig.edges, 2);
	/* Between the guest's read and its acknowledgment. */
	assert_int_equal(rd(&f->rig, 0x60), 1);
	one(f);
	assert_int_equal(f->rig.edges, 3);
	wr(&f->rig, 0x64, 1);
	assert_int_equal(f->rig.level, 1);
	assert_int_equal(rd(&f->rig, 0x60), 1);
	wr(&f->rig, 0x64, 1);
	assert_int_equal(f->rig.level, 0);
	assert_int_equal(rd(&f->rig, 0x60), 0);
	/* A driver that never reads can acknowledge all the same. */
	one(f);
	one(f);
	wr(&f->rig, 0x64, 3);
	assert_int_equal(f->rig.level, 0);
	/* Two causes: the line stays high until both are acknowledged. */
	virtio_lock(&f->e->vdev);
	virtio_config_changed(&f->e->vdev);
	virtio_unlock(&f->e->vdev);
	one(f);
	assert_int_equal(rd(&f->rig, 0x60), 3);
	wr(&f->rig, 0x64, 1);
	assert_int_equal(f->rig.level, 1);
	assert_int_equal(rd(&f->rig, 0x60), 2);
	wr(&f->rig, 0x64, 2);
	assert_int_equal(f->rig.level, 0);
	wr(&f->rig, 0x64, 0xffffffff);
	assert_int_equal(f->rig.level, 0);
}

static void test_config_generation(void **state)
{
	struct fix *f = *state;
	u32 gen = rd(&f->rig, 0xfc);

	virtio_lock(&f->e->vdev);
	virtio_config_changed(&f->e->vdev);
	virtio_unlock(&f->e->vdev);
	assert_int_not_equal(rd(&f->rig, 0xfc), gen);
	assert_int_equal(rd(&f->rig, 0x60), 2);
}

static void test_no_interrupt_flag(void **state)
{
	struct fix *f = *state;

	*ring16(&f->q, f->q.avail) = 1;
	one(f);
	assert_int_equal(ring_used_idx(&f->q), 1);
	assert_int_equal(f->rig.edges, 0);
	*ring16(&f->q, f->q.avail) = 0;
	one(f);
	assert_int_equal(f->rig.edges, 1);
}

/* used_event: an interrupt exactly when it is passed; all around the index's wrap. */
static void test_event_idx(void **state)
{
	struct fix *f = *state;
	unsigned int i, want = 0;

	start(f, F_EVENT);
	f->rig.edges = 0;
	for (i = 0; i < 70000; i++) {
		u16 used = ring_used_idx(&f->q);

		/* Ask for the element after next, twice in three. */
		if (i % 3 == 0)
			__atomic_store_n(ring16(&f->q, f->q.avail + 4 + 2 * NUM), used + 1,
					 __ATOMIC_RELAXED);
		want += i % 3 == 1;
		one(f);
		assert_int_equal(ring_used_idx(&f->q), (u16)(used + 1));
		assert_int_equal(f->rig.edges, want);
		/* avail_event says: kick for the next one. */
		assert_int_equal(*ring16(&f->q, f->q.used + 4 + 8 * NUM), f->q.avail_idx);
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_identity), cmocka_unit_test(test_empty_slot), T(test_config_space),
		T(test_status_machine), T(test_queue_setup), T(test_notify_range), T(test_doorbell), T(test_loops),
		T(test_indexes), T(test_avail_jump), T(test_in_flight), T(test_indirect),
		T(test_long_table), T(test_addresses), T(test_double_fetch), T(test_reset_storm),
		T(test_edges), T(test_config_generation), T(test_no_interrupt_flag),
		T(test_event_idx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
