/* SPDX-License-Identifier: GPL-2.0-only */
/* Virtio devices that move with requests in their queues, and what they refuse. */
#define _GNU_SOURCE
#include "tests/unit/virtio_rig.h"

#include <sys/eventfd.h>

#include "tests/unit/save_rig.h"
#include "vmm/host/chardev.h"
#include "vmm/host/loop.h"
#include "vmm/host/net.h"

#define NUM 16
#define QBASE RAM_BASE
#define QBASE1 (RAM_BASE + 0x4000)
#define BUF (RAM_BASE + 0x10000)
#define DISK (1u << 20)

#define F_DISCARD (1ULL << 13)

static struct loop *loop;

static void quit(void *opaque)
{
	loop_quit(opaque);
}

static void turn(void)
{
	for (int i = 0; i < 4; i++) {
		loop_call(loop, quit, loop);
		loop_run(loop);
	}
}

/* The guest's memory comes along before its devices do. */
static void move_ram(struct rig *from, struct rig *to)
{
	memcpy(to->mem.ram, from->mem.ram, RAM_SIZE);
	memcpy(to->mem.ram2, from->mem.ram2, RAM_SIZE);
}

static void move(struct rig *from, struct rig *to)
{
	if (from->dev->ops->drain)
		from->dev->ops->drain(from->dev);
	move_ram(from, to);
	move_device(from->dev, to->dev);
}

/* Moving is refused, with a sentence that has @word in it. */
static void refused(struct rig *from, struct rig *to, const char *word)
{
	struct bytes_out bytes = { 0 };
	char *err = NULL;

	save_device(from->dev, &bytes);
	assert_int_not_equal(load_device(to->dev, &bytes, &err), 0);
	assert_non_null(err);
	if (!strstr(err, word))
		fail_msg("'%s' is not in: %s", word, err);
	free(err);
	bytes_free(&bytes);
	to->dev->ops->reset(to->dev);
}

/* Disks. */

struct disk {
	struct rig rig;
	struct ring ring;
	char path[40];
	int bells[VIRTIO_QUEUES_MAX];
};

/* With one, requests are done in their order. */
static unsigned int threads = 1;

static void disk_open(struct disk *d, u64 size, bool readonly, bool no_discard)
{
	struct virtio_blk_config cfg = { .path = d->path, .readonly = readonly, .no_discard = no_discard,
					 .threads = threads };
	struct virtio_device *vdev;
	char *err = NULL;
	int fd;

	strcpy(d->path, "/tmp/test_save.XXXXXX");
	fd = mkstemp(d->path);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
	assert_int_equal(virtio_blk_create(&cfg, &vdev, &err), 0);
	rig_init(&d->rig, vdev);
}

static void disk_close(struct disk *d)
{
	rig_destroy(&d->rig);
	unlink(d->path);
}

static void disk_start(struct disk *d, u64 features)
{
	assert_true(rig_negotiate(&d->rig, features | F_V1));
	ring_init(&d->ring, &d->rig, 0, NUM, QBASE);
	wr(&d->rig, 0x70, ACK | DRV | FEAT_OK | DRV_OK);
}

/* A write (@type 1) or read (0) of sector @n, with the data at BUF + 0x1000 * n. */
static void disk_request(struct disk *d, u32 type, u64 n)
{
	u64 at = BUF + 0x1000 * n;
	const struct seg segs[] = {
		{ at, 16, false }, { at + 0x200, 512, !type }, { at + 0x600, 1, true },
	};

	memset(ram(&d->rig, at), 0, 16);
	*(u32 *)ram(&d->rig, at) = type;
	*(u64 *)ram(&d->rig, at + 8) = n;
	*ram(&d->rig, at + 0x600) = 0xff;
	ring_add(&d->ring, segs, 3);
}

static void disk_wait(struct disk *d, u64 n)
{
	assert_true(ring_wait(&d->ring, NULL, NULL));
	assert_int_equal(*ram(&d->rig, BUF + 0x1000 * n + 0x600), 0);
}

static void disk_moves(void **state)
{
	const u64 features[] = { 0, F_EVENT, F_EVENT | F_INDIRECT };

	(void)state;
	for (size_t i = 0; i < ARM_ARRAY_SIZE(features); i++) {
		struct disk a, b;

		disk_open(&a, DISK, false, false);
		disk_start(&a, features[i]);
		for (u64 n = 0; n < 3; n++) {
			memset(ram(&a.rig, BUF + 0x1000 * n + 0x200), 0x40 + n, 512);
			disk_request(&a, 1, n);
		}
		ring_kick(&a.ring);
		for (u64 n = 0; n < 3; n++)
			disk_wait(&a, n);
		/* Its driver has not yet seen the interrupt; one more is shown, and not kicked. */
		disk_request(&a, 1, 3);
		disk_open(&b, DISK, false, false);
		move(&a.rig, &b.rig);
		assert_int_equal(rd(&b.rig, 0x60), 1);
		assert_int_equal(b.rig.level, 1);
		assert_int_equal(rd(&b.rig, 0x70), ACK | DRV | FEAT_OK | DRV_OK);
		assert_int_equal(rd(&b.rig, 0x44), 1);
		b.ring = a.ring;
		b.ring.rig = &b.rig;
		disk_wait(&b, 3);
		wr(&b.rig, 0x64, rd(&b.rig, 0x60));
		assert_int_equal(b.rig.level, 0);
		/* The rings go on, over their end. */
		for (u64 n = 4; n < 40; n++) {
			disk_request(&b, n & 1, n % 8);
			ring_kick(&b.ring);
			disk_wait(&b, n % 8);
		}
		assert_int_equal(rd(&b.rig, 0x70), ACK | DRV | FEAT_OK | DRV_OK);
		/* And with A, had the move failed: it does the fourth itself when it is next kicked. */
		ring_kick(&a.ring);
		disk_wait(&a, 3);
		disk_close(&a);
		disk_close(&b);
	}
}

/* Requests that threads have are finished, and nothing is dropped. */
static void drain_finishes(void **state)
{
	struct bytes_out bytes = { 0 };
	struct disk a;

	(void)state;
	threads = 4;
	for (int round = 0; round < 50; round++) {
		disk_open(&a, DISK, false, false);
		disk_start(&a, F_EVENT);
		for (u64 n = 0; n < 5; n++)
			disk_request(&a, 1, n);
		ring_kick(&a.ring);
		save_device(a.rig.dev, &bytes);
		assert_int_equal(ring_used_idx(&a.ring), 5);
		for (u64 n = 0; n < 5; n++)
			disk_wait(&a, n);
		bytes_free(&bytes);
		memset(&bytes, 0, sizeof(bytes));
		disk_close(&a);
	}
	threads = 1;
}

static int keep_bell(void *ctx, int fd, unsigned int queue)
{
	((struct disk *)ctx)->bells[queue] = fd;
	return 0;
}

/* A kick that nobody has read from its eventfd is not lost. */
static void doorbell_in_flight(void **state)
{
	struct bytes_out bytes = { 0 };
	struct disk a;

	(void)state;
	disk_open(&a, DISK, false, false);
	assert_int_equal(virtio_mmio_add_doorbells(a.rig.dev, loop, keep_bell, &a), 0);
	disk_start(&a, 0);
	disk_request(&a, 0, 0);
	assert_int_equal(eventfd_write(a.bells[0], 1), 0);
	save_device(a.rig.dev, &bytes);
	assert_int_equal(ring_used_idx(&a.ring), 1);
	bytes_free(&bytes);
	disk_close(&a);
}

static void other_disks(void **state)
{
	struct disk a, b;

	(void)state;
	disk_open(&a, DISK, false, false);
	disk_start(&a, F_DISCARD);
	disk_open(&b, 2 * DISK, false, false);
	refused(&a.rig, &b.rig, "1048576 bytes, and the one here 2097152");
	disk_close(&b);
	disk_open(&b, DISK, true, false);
	refused(&a.rig, &b.rig, "DISCARD");
	disk_close(&b);
	disk_open(&b, DISK, false, true);
	refused(&a.rig, &b.rig, "does not offer: DISCARD");
	disk_close(&b);
	/* One that the guest has not begun with: there is nothing but the disk to compare. */
	wr(&a.rig, 0x70, 0);
	disk_open(&b, DISK, true, false);
	refused(&a.rig, &b.rig, "writable");
	disk_close(&b);
	disk_close(&a);
}

static void other_slots(void **state)
{
	struct virtio_device *vdev;
	struct rig empty, rng;
	struct disk a;

	(void)state;
	disk_open(&a, DISK, false, false);
	rig_init(&empty, NULL);
	assert_int_equal(virtio_rng_create(loop, &vdev), 0);
	rig_init(&rng, vdev);
	refused(&a.rig, &empty, "has a disk in this virtio slot, and here is nothing");
	refused(&a.rig, &rng, "here is a random generator");
	refused(&empty, &a.rig, "has nothing in this");
	move(&rng, &rng);
	rig_destroy(&empty);
	rig_destroy(&rng);
	disk_close(&a);
}

/* Indexes that cannot be, addresses that are not RAM. */
static void bad_queues(void **state)
{
	struct disk a, b;

	(void)state;
	for (int i = 0; i < 7; i++) {
		struct virtq *q;

		disk_open(&a, DISK, false, false);
		disk_open(&b, DISK, false, false);
		disk_start(&a, 0);
		q = &a.rig.vdev->vq[0];
		switch (i) {
		case 0:
			q->avail_idx = q->last_avail + NUM + 1;
			break;
		case 1:
			q->used_idx++;
			q->used_shown++;
			break;
		case 2:
			q->last_avail--;
			break;
		case 3:
			q->desc_ipa = ROM_BASE;
			break;
		case 4:
			q->num = 512;
			break;
		case 5:
			a.rig.vdev->status = ACK | DRV;
			break;
		case 6:
			a.rig.vdev->status = ACK | DRV | FEAT_OK | DRV_OK | 0x10;
			break;
		}
		refused(&a.rig, &b.rig, "virtio-blk: ");
		assert_int_equal(rd(&b.rig, 0x44), 0);
		disk_close(&b);
		disk_close(&a);
	}
}

/* A device that waits for a reset waits there, too. */
static void broken_moves(void **state)
{
	const struct seg no_status[] = { { BUF, 16, false } };
	struct disk a, b;

	(void)state;
	disk_open(&a, DISK, false, false);
	disk_open(&b, DISK, false, false);
	disk_start(&a, 0);
	ring_add(&a.ring, no_status, 1);
	ring_kick(&a.ring);
	assert_true(rd(&a.rig, 0x70) & NEEDS_RESET);
	move(&a.rig, &b.rig);
	assert_true(rd(&b.rig, 0x70) & NEEDS_RESET);
	assert_int_equal(rd(&b.rig, 0x60) & 2, 2);
	disk_start(&b, 0);
	disk_request(&b, 0, 1);
	ring_kick(&b.ring);
	disk_wait(&b, 1);
	disk_close(&a);
	disk_close(&b);
}

/* The console. */

struct term {
	struct chardev c;
	char out[64];
	size_t len, room;
};

static size_t term_write(struct chardev *c, const void *buf, size_t len)
{
	struct term *t = (struct term *)c;

	len = len < t->room ? len : t->room;
	assert_true(t->len + len <= sizeof(t->out));
	memcpy(t->out + t->len, buf, len);
	t->len += len;
	t->room -= len;
	return len;
}

static const struct chardev_ops term_ops = { .write = term_write };

static void console_open(struct rig *rig, struct term *t)
{
	struct virtio_device *vdev;

	*t = (struct term){ .c = { .ops = &term_ops } };
	assert_int_equal(virtio_console_create(loop, &t->c, &vdev), 0);
	rig_init(rig, vdev);
}

static void console_moves(void **state)
{
	const struct seg text = { BUF, 10, false }, room = { BUF + 0x1000, 64, true };
	struct term ta, tb;
	struct rig a, b;
	struct ring rx, tx;
	u32 len;

	(void)state;
	console_open(&a, &ta);
	console_open(&b, &tb);
	assert_true(rig_negotiate(&a, F_V1 | F_EVENT));
	ring_init(&rx, &a, 0, NUM, QBASE);
	ring_init(&tx, &a, 1, NUM, QBASE1);
	wr(&a, 0x70, ACK | DRV | FEAT_OK | DRV_OK);
	memcpy(ram(&a, BUF), "0123456789", 10);
	/* The terminal takes four bytes; four were typed and wait for a buffer. */
	ta.room = 4;
	ring_add(&tx, &text, 1);
	ring_add(&tx, &text, 1);
	ring_kick(&tx);
	ta.c.fe.receive(ta.c.fe.opaque, (const u8 *)"type", 4);
	assert_int_equal(ring_used_idx(&tx), 0);
	tb.room = 64;
	move(&a, &b);
	tx.rig = rx.rig = &b;
	assert_int_equal(tb.len, 16);
	assert_memory_equal(tb.out, "4567890123456789", 16);
	assert_int_equal(ring_used_idx(&tx), 2);
	ring_add(&rx, &room, 1);
	ring_kick(&rx);
	assert_true(ring_wait(&rx, NULL, &len));
	assert_int_equal(len, 4);
	assert_memory_equal(ram(&b, BUF + 0x1000), "type", 4);
	/* The source goes on when the move fails, at the same byte. */
	ta.room = 60;
	ring_kick(&(struct ring){ .rig = &a, .n = 1 });
	assert_int_equal(ta.len, 20);
	assert_memory_equal(ta.out, "01234567890123456789", 20);
	rig_destroy(&a);
	rig_destroy(&b);
}

/* The network. */

struct wire {
	struct netdev nd;
	u8 frame[8][128];
	size_t len[8];
	unsigned int n;
};

static void wire_send(struct netdev *nd, const void *frame, size_t len)
{
	struct wire *w = (struct wire *)nd;

	assert_true(w->n < 8 && len <= 128);
	memcpy(w->frame[w->n], frame, len);
	w->len[w->n++] = len;
}

static void wire_free(struct netdev *nd)
{
	free(nd);
}

static struct wire *net_open(struct rig *rig, const u8 *mac, unsigned int mtu)
{
	static const struct netdev_ops ops = { .send = wire_send, .free = wire_free };
	struct virtio_net_config cfg = { .loop = loop };
	struct wire *w = calloc(1, sizeof(*w));
	struct virtio_device *vdev;

	w->nd.ops = &ops;
	w->nd.mtu = mtu;
	cfg.netdev = &w->nd;
	memcpy(cfg.mac, mac, 6);
	assert_int_equal(virtio_net_create(&cfg, &vdev), 0);
	rig_init(rig, vdev);
	return w;
}

static void net_moves(void **state)
{
	static const u8 mac[6] = { 2, 0, 0, 9, 8, 7 }, none[6];
	const struct seg out = { BUF, 12 + 60, false }, in = { BUF + 0x1000, 256, true };
	struct wire *wa, *wb;
	struct rig a, b, c;
	struct ring rx, tx;
	u8 frame[64];
	u32 len;

	(void)state;
	wa = net_open(&a, mac, 9000);
	wb = net_open(&b, none, 9000);
	assert_true(rig_negotiate(&a, F_V1 | 1 << 3));
	ring_init(&rx, &a, 0, NUM, QBASE);
	ring_init(&tx, &a, 1, NUM, QBASE1);
	wr(&a, 0x70, ACK | DRV | FEAT_OK | DRV_OK);
	ring_add(&rx, &in, 1);
	memset(ram(&a, BUF), 0, 12);
	memset(ram(&a, BUF + 12), 0x77, 60);
	/* Kicked, but the loop has not run: the frame goes out on the other side. */
	ring_add(&tx, &out, 1);
	ring_kick(&tx);
	move(&a, &b);
	tx.rig = rx.rig = &b;
	turn();
	assert_int_equal(wa->n, 1);	/* this turn of the loop is A's, too: had the move failed */
	assert_int_equal(wb->n, 2);
	/* First the announcement with the guest's address, which came along. */
	assert_int_equal(wb->len[0], 60);
	assert_memory_equal(wb->frame[0], "\xff\xff\xff\xff\xff\xff\x02\0\0\x09\x08\x07\x80\x35", 14);
	assert_memory_equal(wb->frame[1], ram(&b, BUF + 12), 60);
	assert_int_equal(rd_n(&b, 0x105, 1), 7);
	assert_int_equal(ring_used_idx(&tx), 1);
	memset(frame, 0x33, sizeof(frame));
	assert_true(wb->nd.rx.can_receive(wb->nd.rx.opaque));
	wb->nd.rx.receive(wb->nd.rx.opaque, frame, sizeof(frame));
	wb->nd.rx.receive_done(wb->nd.rx.opaque);
	assert_true(ring_wait(&rx, NULL, &len));
	assert_int_equal(len, 12 + sizeof(frame));
	/* A network with small frames is not for a guest that counts on large ones. */
	net_open(&c, none, 1500);
	refused(&a, &c, "MTU; give the destination's --net the same kind of network");
	rig_destroy(&a);
	rig_destroy(&b);
	rig_destroy(&c);
}

/* Requests that wait for more randomness are served on the other side. */
static void rng_moves(void **state)
{
	const struct seg all = { BUF, 4096, true };
	struct virtio_device *va, *vb;
	struct rig a, b;
	struct ring ring;
	unsigned int done;

	(void)state;
	assert_int_equal(virtio_rng_create(loop, &va), 0);
	assert_int_equal(virtio_rng_create(loop, &vb), 0);
	rig_init(&a, va);
	rig_init(&b, vb);
	assert_true(rig_negotiate(&a, F_V1));
	ring_init(&ring, &a, 0, 64, QBASE);
	wr(&a, 0x70, ACK | DRV | FEAT_OK | DRV_OK);
	for (int i = 0; i < 128; i++) {
		ring_add(&ring, &all, 1);
		if (i == 63) {
			ring_kick(&ring);
			assert_int_equal(ring_used_idx(&ring), 64);
		}
	}
	ring_kick(&ring);
	done = ring_used_idx(&ring);
	assert_true(done < 128);
	move(&a, &b);
	ring.rig = &b;
	for (int i = 0; i < 5000 && ring_used_idx(&ring) != 128; i++) {
		turn();
		usleep(1000);
	}
	assert_int_equal(ring_used_idx(&ring), 128);
	rig_destroy(&a);
	rig_destroy(&b);
}

/* Random states: refused, or lived with. */

static void hostile_one(struct rig *a, struct rig *b, u64 *seed, unsigned int *taken)
{
	struct bytes_out bytes = { 0 };
	char *err = NULL;

	b->vdev->log_lines = 1000;	/* it has said enough */
	save_spoilt(a->dev, &bytes, seed, 1u << save_random(seed) % 8);
	move_ram(a, b);
	for (int i = 0; i < 64; i++)
		b->mem.ram[save_random(seed) % 0x8000] = save_random(seed);
	if (load_device(b->dev, &bytes, &err)) {
		assert_non_null(err);
		b->dev->ops->reset(b->dev);
	} else {
		*taken += 1;
		b->dev->ops->resume(b->dev);
	}
	free(err);
	for (int i = 0; i < 60; i++) {
		u64 r = save_random(seed), val;

		if (r & 1)
			b->dev->ops->write(b->dev, 0, (r >> 8 & 0xff) & ~3ULL, 4, r & 2 ? r >> 60 : r >> 32);
		else if (r & 2)
			wr(b, 0x50, r >> 8 & 1);
		else
			b->dev->ops->read(b->dev, 0, (r >> 8 & 0x1ff) & ~3ULL, 4, &val);
	}
	turn();
	if (b->dev->ops->drain)
		b->dev->ops->drain(b->dev);
	bytes_free(&bytes);
}

static void hostile_states(void **state)
{
	static const u8 none[6];
	u64 seed = 88172645463325252ULL;
	unsigned int taken[3] = { 0 };

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct term ta, tb;
		struct disk da, db;
		struct rig a, b;

		disk_open(&da, DISK, false, false);
		disk_open(&db, DISK, false, false);
		disk_start(&da, F_EVENT);
		disk_request(&da, 1, 2);
		ring_kick(&da.ring);
		disk_wait(&da, 2);
		hostile_one(&da.rig, &db.rig, &seed, &taken[0]);
		disk_close(&da);
		disk_close(&db);
		console_open(&a, &ta);
		console_open(&b, &tb);
		tb.room = 0;
		assert_true(rig_negotiate(&a, F_V1));
		ring_init(&da.ring, &a, 1, NUM, QBASE);
		wr(&a, 0x70, ACK | DRV | FEAT_OK | DRV_OK);
		hostile_one(&a, &b, &seed, &taken[1]);
		rig_destroy(&a);
		rig_destroy(&b);
		net_open(&a, none, 1500);
		net_open(&b, none, 1500)->n = 0;
		assert_true(rig_negotiate(&a, F_V1));
		ring_init(&da.ring, &a, 0, NUM, QBASE);
		ring_init(&db.ring, &a, 1, NUM, QBASE1);
		wr(&a, 0x70, ACK | DRV | FEAT_OK | DRV_OK);
		hostile_one(&a, &b, &seed, &taken[2]);
		rig_destroy(&a);
		rig_destroy(&b);
	}
	assert_true(taken[0] && taken[1] && taken[2]);
}

static int setup(void **state)
{
	(void)state;
	return loop_create(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(disk_moves),
		cmocka_unit_test(drain_finishes),
		cmocka_unit_test(doorbell_in_flight),
		cmocka_unit_test(other_disks),
		cmocka_unit_test(other_slots),
		cmocka_unit_test(bad_queues),
		cmocka_unit_test(broken_moves),
		cmocka_unit_test(console_moves),
		cmocka_unit_test(net_moves),
		cmocka_unit_test(rng_moves),
		cmocka_unit_test(hostile_states),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
