/* SPDX-License-Identifier: GPL-2.0-only */
#define _GNU_SOURCE
#include "tests/unit/virtio_rig.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define SECTORS 2048u
#define QBASE RAM_BASE
#define HDR (RAM_BASE + 0x10000)
#define STATUS (RAM_BASE + 0x11000)
#define DATA (RAM_BASE + 0x20000)
#define NUM 64

enum { T_IN, T_OUT, T_FLUSH = 4, T_ID = 8, T_DISCARD = 11, T_ZEROES = 13 };
enum { OK, IOERR, UNSUPP };

#define F_FLUSH (1ULL << 9)
#define F_RO (1ULL << 5)

struct fix {
	struct rig rig;
	struct ring q;
	char path[64];
	char *err;
};

static void image_make(struct fix *f, u64 size)
{
	int fd;

	strcpy(f->path, "/tmp/test_blk.XXXXXX");
	fd = mkstemp(f->path);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
}

static void blk_open(struct fix *f, struct virtio_blk_config *cfg)
{
	struct virtio_device *vdev;

	cfg->path = f->path;
	assert_int_equal(virtio_blk_create(cfg, &vdev, &f->err), 0);
	rig_init(&f->rig, vdev);
}

static void blk_start(struct fix *f, u64 features)
{
	assert_true(rig_negotiate(&f->rig, features | F_V1));
	ring_init(&f->q, &f->rig, 0, NUM, QBASE);
	wr(&f->rig, 0x70, ACK | DRV | FEAT_OK | DRV_OK);
	assert_int_equal(rd(&f->rig, 0x70), ACK | DRV | FEAT_OK | DRV_OK);
}

static int setup(void **state)
{
	struct virtio_blk_config cfg = { .serial = "vambrace-disk-0123456789" };
	struct fix *f = calloc(1, sizeof(*f));

	image_make(f, SECTORS * 512);
	blk_open(f, &cfg);
	blk_start(f, F_FLUSH | F_INDIRECT);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fix *f = *state;

	rig_destroy(&f->rig);
	unlink(f->path);
	free(f->err);
	free(f);
	return 0;
}

static void header(struct fix *f, u64 at, u32 type, u64 sector)
{
	put_le32(ram(&f->rig, at), type);
	put_le32(ram(&f->rig, at + 4), 0);
	put_le64(ram(&f->rig, at + 8), sector);
}

/* One request with @len bytes at DATA; returns its status, -1 if it never completes. */
static int request(struct fix *f, u32 type, u64 sector, u32 len, bool in, u32 *used)
{
	struct seg s[] = {
		{ HDR, 16, false }, { DATA, len, in }, { STATUS, 1, true },
	};
	u32 id, n;
	u16 head;

	header(f, HDR, type, sector);
	*ram(&f->rig, STATUS) = 0xee;
	if (len) {
		head = ring_add(&f->q, s, 3);
	} else {
		s[1] = s[2];
		head = ring_add(&f->q, s, 2);
	}
	ring_kick(&f->q);
	if (!ring_wait(&f->q, &id, &n))
		return -1;
	assert_int_equal(id, head);
	if (used)
		*used = n;
	return *ram(&f->rig, STATUS);
}

static void pattern(struct fix *f, u32 len, u8 seed)
{
	u32 i;

	for (i = 0; i < len; i++)
		ram(&f->rig, DATA)[i] = seed + i * 7;
}

static void test_write_read(void **state)
{
	struct fix *f = *state;
	u8 *d = ram(&f->rig, DATA), copy[4096];
	u32 used;

	pattern(f, 4096, 1);
	memcpy(copy, d, 4096);
	assert_int_equal(request(f, T_OUT, 5, 4096, false, &used), OK);
	assert_int_equal(used, 1);
	memset(d, 0, 4096);
	__atomic_store_n(&f->rig.mem.written, 0, __ATOMIC_RELAXED);
	assert_int_equal(request(f, T_IN, 5, 4096, true, &used), OK);
	assert_int_equal(used, 4097);
	assert_memory_equal(d, copy, 4096);
	assert_true(__atomic_load_n(&f->rig.mem.written, __ATOMIC_RELAXED) >= 4097);
	assert_int_equal(request(f, T_FLUSH, 0, 0, false, NULL), OK);
}

static void test_interrupt(void **state)
{
	struct fix *f = *state;

	assert_int_equal(request(f, T_FLUSH, 0, 0, false, NULL), OK);
	while (!__atomic_load_n(&f->rig.level, __ATOMIC_ACQUIRE))
		usleep(100);
	assert_int_equal(rd(&f->rig, 0x60), 1);
	wr(&f->rig, 0x64, 1);
	assert_int_equal(f->rig.level, 0);
	assert_int_equal(rd(&f->rig, 0x60), 0);
}

static void test_id(void **state)
{
	struct fix *f = *state;
	u32 used;

	assert_int_equal(request(f, T_ID, 0, 20, true, &used), OK);
	assert_int_equal(used, 21);
	assert_memory_equal(ram(&f->rig, DATA), "vambrace-disk-012345", 20);
	/* A short buffer gets what fits. */
	memset(ram(&f->rig, DATA), 0xaa, 20);
	assert_int_equal(request(f, T_ID, 0, 4, true, &used), OK);
	assert_memory_equal(ram(&f->rig, DATA), "vamb\xaa", 5);
}

static void test_config(void **state)
{
	struct fix *f = *state;

	assert_int_equal(rd(&f->rig, 0x100), SECTORS);
	assert_int_equal(rd(&f->rig, 0x104), 0);
	assert_int_equal(rd_n(&f->rig, 0x100, 8), SECTORS);
	assert_int_equal(rd(&f->rig, 0x100 + 12), 254);
	assert_int_equal(rd(&f->rig, 0x100 + 20), 512);
	assert_int_equal(rd_n(&f->rig, 0x100 + 56, 1), 1);
	assert_int_equal(rd(&f->rig, 0x8), 2);
}

/* Rows 13 and 14 of the bad inputs. */
static void test_bad_requests(void **state)
{
	struct fix *f = *state;
	u32 used;

	assert_int_equal(request(f, T_IN, 0, 0, true, &used), IOERR);
	assert_int_equal(used, 1);
	assert_int_equal(request(f, T_OUT, 0, 0, false, NULL), IOERR);
	assert_int_equal(request(f, T_IN, 0, 511, true, NULL), IOERR);
	assert_int_equal(request(f, T_OUT, 0, 513, false, NULL), IOERR);
	assert_int_equal(request(f, T_IN, SECTORS - 1, 512, true, NULL), OK);
	assert_int_equal(request(f, T_IN, SECTORS - 1, 1024, true, NULL), IOERR);
	assert_int_equal(request(f, T_IN, SECTORS, 512, true, NULL), IOERR);
	assert_int_equal(request(f, T_OUT, 1ULL << 55, 512, false, NULL), IOERR);
	assert_int_equal(request(f, T_OUT, ~0ULL, 1024, false, NULL), IOERR);
	assert_int_equal(request(f, T_OUT, ~0ULL / 512 + 1, 1024, false, NULL), IOERR);
	assert_int_equal(request(f, 99, 0, 512, true, &used), UNSUPP);
	assert_int_equal(used, 1);
	assert_int_equal(request(f, ~0u, 0, 0, false, NULL), UNSUPP);
	/* The device is as well as before. */
	assert_int_equal(rd(&f->rig, 0x70) & NEEDS_RESET, 0);
	assert_int_equal(request(f, T_IN, 0, 512, true, NULL), OK);
}

static void test_short_header(void **state)
{
	struct fix *f = *state;
	struct seg s[] = { { HDR, 15, false }, { STATUS, 1, true } };

	header(f, HDR, T_FLUSH, 0);
	*ram(&f->rig, STATUS) = 0xee;
	ring_add(&f->q, s, 2);
	ring_kick(&f->q);
	assert_true(ring_wait(&f->q, NULL, NULL));
	assert_int_equal(*ram(&f->rig, STATUS), IOERR);
}

static void test_no_status(void **state)
{
	struct fix *f = *state;
	struct seg s[] = { { HDR, 16, false }, { STATUS, 1, false } };

	header(f, HDR, T_FLUSH, 0);
	ring_add(&f->q, s, 2);
	ring_kick(&f->q);
	assert_int_equal(rd(&f->rig, 0x70) & NEEDS_RESET, NEEDS_RESET);
	assert_int_equal(rd(&f->rig, 0x60) & 2, 2);
	/* A reset heals it. */
	blk_start(f, F_FLUSH);
	assert_int_equal(request(f, T_IN, 0, 512, true, NULL), OK);
}

/* Header, data and status in arbitrary pieces, through an indirect table. */
static void test_framing(void **state)
{
	struct fix *f = *state;
	u64 table = RAM_BASE + 0x18008;	/* not aligned to 16 */
	u8 *d = ram(&f->rig, DATA);
	struct seg s[] = {
		{ HDR, 3, false }, { HDR + 3, 0, false }, { HDR + 3, 13, false },
		{ DATA, 1, true }, { DATA + 1, 510, true }, { DATA + 511, 514, true },
	};
	unsigned int i;

	pattern(f, 1024, 9);
	assert_int_equal(request(f, T_OUT, 7, 1024, false, NULL), OK);
	memset(d, 0, 2048);
	header(f, HDR, T_IN, 7);
	for (i = 0; i < 6; i++) {
		u8 *p = ram(&f->rig, table + 16 * i);

		put_le64(p, s[i].ipa);
		put_le32(p + 8, s[i].len);
		put_le16(p + 12, (s[i].in ? 2 : 0) | (i < 5));
		put_le16(p + 14, i + 1);
	}
	desc_put(&f->rig, f->q.desc, 60, table, 16 * 6, 4, 0);
	d[1024] = 0xee;
	ring_show(&f->q, 60);
	ring_kick(&f->q);
	assert_true(ring_wait(&f->q, NULL, NULL));
	assert_int_equal(d[1024], OK);
	for (i = 0; i < 1024; i++)
		assert_int_equal(d[i], (u8)(9 + i * 7));
}

static int ranges(struct fix *f, u32 type, u32 n, u64 sector, u32 sectors, u32 flags)
{
	u32 i;

	for (i = 0; i < n; i++) {
		put_le64(ram(&f->rig, DATA + 16 * i), sector + (u64)i * sectors);
		put_le32(ram(&f->rig, DATA + 16 * i + 8), sectors);
		put_le32(ram(&f->rig, DATA + 16 * i + 12), flags);
	}
	return request(f, type, 0, 16 * n, false, NULL);
}

static void test_zeroes_discard(void **state)
{
	struct fix *f = *state;
	u8 *d = ram(&f->rig, DATA);
	u32 i;

	pattern(f, 65536, 3);
	assert_int_equal(request(f, T_OUT, 0, 65536, false, NULL), OK);
	assert_int_equal(ranges(f, T_ZEROES, 2, 9, 3, 0), OK);
	assert_int_equal(ranges(f, T_ZEROES, 1, 32, 8, 1), OK);
	assert_int_equal(ranges(f, T_DISCARD, 1, 64, 8, 0), OK);
	memset(d, 0, 65536);
	assert_int_equal(request(f, T_IN, 0, 65536, true, NULL), OK);
	for (i = 0; i < 65536; i++) {
		u32 sec = i / 512;
		bool zero = (sec >= 9 && sec < 15) || (sec >= 32 && sec < 40);

		if (sec < 64 || sec >= 72)
			assert_int_equal(d[i], zero ? 0 : (u8)(3 + i * 7));
	}
	/* Row 14. */
	assert_int_equal(ranges(f, T_ZEROES, 1, SECTORS - 1, 2, 0), IOERR);
	assert_int_equal(ranges(f, T_ZEROES, 1, ~0ULL, 1, 0), IOERR);
	assert_int_equal(ranges(f, T_DISCARD, 1, ~0ULL - 1, 4, 0), IOERR);
	assert_int_equal(ranges(f, T_DISCARD, 1, 0, ~0u, 0), IOERR);
	assert_int_equal(ranges(f, T_DISCARD, 1, 0, 1, 1), UNSUPP);
	assert_int_equal(ranges(f, T_ZEROES, 1, 0, 1, 2), UNSUPP);
	assert_int_equal(ranges(f, T_ZEROES, 17, 0, 1, 0), IOERR);
	assert_int_equal(request(f, T_ZEROES, 0, 0, false, NULL), IOERR);
	assert_int_equal(request(f, T_ZEROES, 0, 15, false, NULL), IOERR);
	assert_int_equal(ranges(f, T_ZEROES, 16, 0, 1, 0), OK);
}

/* Several requests in flight, completed in any order, each once. */
static void test_many(void **state)
{
	struct fix *f = *state;
	unsigned int round, i;
	u32 id;

	for (round = 0; round < 50; round++) {
		u64 seen = 0;

		for (i = 0; i < NUM / 4; i++) {
			struct seg s[] = {
				{ HDR + 16 * i, 16, false },
				{ DATA + 1024 * i, 512, round % 2 },
				{ DATA + 1024 * i + 512, 512, round % 2 },
				{ STATUS + i, 1, true },
			};

			header(f, HDR + 16 * i, round % 2 ? T_IN : T_OUT, 2 * i);
			if (!(round % 2))
				memset(ram(&f->rig, DATA + 1024 * i), round + i, 1024);
			else
				memset(ram(&f->rig, DATA + 1024 * i), 0xff, 1024);
			*ram(&f->rig, STATUS + i) = 0xee;
			ring_add(&f->q, s, 4);
		}
		ring_kick(&f->q);
		for (i = 0; i < NUM / 4; i++) {
			assert_true(ring_wait(&f->q, &id, NULL));
			assert_int_equal(id % 4, 0);
			assert_false(seen & 1ULL << id);
			seen |= 1ULL << id;
		}
		for (i = 0; i < NUM / 4; i++) {
			assert_int_equal(*ram(&f->rig, STATUS + i), OK);
			if (round % 2) {
				assert_int_equal(*ram(&f->rig, DATA + 1024 * i), (u8)(round - 1 + i));
				assert_int_equal(*ram(&f->rig, DATA + 1024 * i + 1023),
						 (u8)(round - 1 + i));
			}
		}
	}
}

/* Row 10 and 11: reset while I/O is in flight, again and again. */
static void test_reset_in_flight(void **state)
{
	struct fix *f = *state;
	unsigned int round, i;

	for (round = 0; round < 300; round++) {
		for (i = 0; i < NUM / 3; i++) {
			struct seg s[] = {
				{ HDR, 16, false }, { DATA + 4096 * i, 4096, true },
				{ STATUS + i, 1, true },
			};

			header(f, HDR, T_IN, 8 * i);
			ring_add(&f->q, s, 3);
		}
		ring_kick(&f->q);
		wr(&f->rig, 0x70, 0);
		assert_int_equal(rd(&f->rig, 0x70), 0);
		assert_int_equal(f->rig.level, 0);
		/* The memory is the guest's own again: nothing may still write to it. */
		memset(ram(&f->rig, DATA), round, 4096 * (NUM / 3));
		blk_start(f, F_FLUSH);
	}
	assert_int_equal(request(f, T_IN, 0, 512, true, NULL), OK);
	for (i = 0; i < 10000; i++)
		wr(&f->rig, 0x70, 0);
}

static void test_stop_in_flight(void **state)
{
	struct fix *f = *state;
	struct seg s[] = { { HDR, 16, false }, { DATA, 65536, true }, { STATUS, 1, true } };
	unsigned int round;

	for (round = 0; round < 100; round++) {
		header(f, HDR, T_IN, 0);
		ring_add(&f->q, s, 3);
		ring_kick(&f->q);
		wr(&f->rig, 0x44, 0);
		assert_int_equal(rd(&f->rig, 0x44), 0);
		memset(ram(&f->rig, DATA), 1, 65536);
		ring_init(&f->q, &f->rig, 0, NUM, QBASE);
		assert_int_equal(rd(&f->rig, 0x44), 1);
	}
	assert_int_equal(request(f, T_IN, 0, 512, true, NULL), OK);
}

static void *resetter(void *arg)
{
	struct fix *f = arg;
	int i;

	for (i = 0; i < 200; i++) {
		wr(&f->rig, 0x70, 0);
		rd(&f->rig, 0x70);
		wr(&f->rig, 0x70, ACK);
	}
	return NULL;
}

/* Two vCPUs reset and kick at once. */
static void test_reset_race(void **state)
{
	struct fix *f = *state;
	struct seg s[] = { { HDR, 16, false }, { DATA, 4096, true }, { STATUS, 1, true } };
	pthread_t t;
	int i;

	header(f, HDR, T_IN, 0);
	ring_add(&f->q, s, 3);
	assert_int_equal(pthread_create(&t, NULL, resetter, f), 0);
	for (i = 0; i < 200; i++) {
		ring_kick(&f->q);
		wr(&f->rig, 0x70, ACK | DRV | FEAT_OK | DRV_OK);
		rd_n(&f->rig, 0x100, 8);
	}
	pthread_join(t, NULL);
}

/* An image that is not a multiple of the sector size. */
static void test_odd_size(void **state)
{
	struct virtio_blk_config cfg = { 0 };
	struct fix f = { 0 };
	struct stat st;
	u8 *d;
	u32 i;

	(void)state;
	image_make(&f, 1000);
	assert_int_equal(truncate(f.path, 1000), 0);
	blk_open(&f, &cfg);
	blk_start(&f, F_FLUSH);
	assert_int_equal(rd(&f.rig, 0x100), 2);
	d = ram(&f.rig, DATA);
	memset(d, 0xaa, 1024);
	assert_int_equal(request(&f, T_IN, 0, 1024, true, NULL), OK);
	for (i = 0; i < 1024; i++)
		assert_int_equal(d[i], 0);
	memset(d, 0x5a, 1024);
	assert_int_equal(request(&f, T_OUT, 0, 1024, false, NULL), OK);
	memset(d, 0, 1024);
	assert_int_equal(request(&f, T_IN, 0, 1024, true, NULL), OK);
	for (i = 0; i < 1024; i++)
		assert_int_equal(d[i], 0x5a);
	assert_int_equal(stat(f.path, &st), 0);
	assert_int_equal(st.st_size, 1024);
	/* Someone cuts the file short: an error, not zeros nor a crash. */
	assert_int_equal(truncate(f.path, 0), 0);
	assert_int_equal(request(&f, T_IN, 0, 512, true, NULL), IOERR);
	rig_destroy(&f.rig);
	unlink(f.path);
}

static void test_readonly(void **state)
{
	struct virtio_blk_config cfg = { .readonly = true };
	struct fix f = { 0 };

	(void)state;
	image_make(&f, 8192);
	blk_open(&f, &cfg);
	assert_true(rig_offered(&f.rig) & F_RO);
	assert_false(rig_offered(&f.rig) & (1ULL << 13 | 1ULL << 14));
	/* Also when the driver does not know that feature. */
	blk_start(&f, F_FLUSH);
	assert_int_equal(request(&f, T_OUT, 0, 512, false, NULL), IOERR);
	assert_int_equal(ranges(&f, T_ZEROES, 1, 0, 1, 0), IOERR);
	assert_int_equal(ranges(&f, T_DISCARD, 1, 0, 1, 0), IOERR);
	assert_int_equal(request(&f, T_IN, 0, 512, true, NULL), OK);
	assert_int_equal(request(&f, T_FLUSH, 0, 0, false, NULL), OK);
	rig_destroy(&f.rig);
	unlink(f.path);
}

/* What the host cannot write is the guest's I/O error, and only that request's. */
static void test_host_error(void **state)
{
	struct fix *f = *state;
	struct rlimit old, small;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 512 * 1024;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(request(f, T_OUT, 1024, 4096, false, NULL), IOERR);
	assert_int_equal(request(f, T_OUT, 1000, 4096, false, NULL), OK);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(request(f, T_OUT, 1024, 4096, false, NULL), OK);
}

/* A driver without FLUSH: writes go through, and work. */
static void test_write_through(void **state)
{
	struct fix *f = *state;

	blk_start(f, 0);
	pattern(f, 1024, 77);
	assert_int_equal(request(f, T_OUT, 3, 1024, false, NULL), OK);
	memset(ram(&f->rig, DATA), 0, 1024);
	assert_int_equal(request(f, T_IN, 3, 1024, true, NULL), OK);
	assert_int_equal(ram(&f->rig, DATA)[1], 77 + 7);
	assert_int_equal(ranges(f, T_ZEROES, 1, 3, 1, 0), OK);
}

static void expect_err(const char *path, bool ro, int want, const char *word)
{
	struct virtio_blk_config cfg = { .path = path, .readonly = ro };
	struct virtio_device *vdev;
	char *err = NULL;

	assert_int_equal(virtio_blk_create(&cfg, &vdev, &err), want);
	assert_non_null(err);
	if (!strstr(err, path) || !strstr(err, word))
		fail_msg("message '%s' lacks '%s' or '%s'", err, path, word);
	free(err);
	/* Without asking for the message. */
	assert_int_equal(virtio_blk_create(&cfg, &vdev, NULL), want);
}

static void test_create_errors(void **state)
{
	struct fix *f = *state;
	char path[80];

	snprintf(path, sizeof(path), "%s.none", f->path);
	expect_err(path, false, -ENOENT, "truncate");
	expect_err("/tmp", false, -EISDIR, "directory");
	expect_err("/tmp", true, -EISDIR, "directory");
	expect_err("/dev/null", false, -EINVAL, "regular file");
	snprintf(path, sizeof(path), "%s.empty", f->path);
	close(open(path, O_CREAT | O_RDWR, 0600));
	expect_err(path, false, -EINVAL, "empty");
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	expect_err(path, true, -EINVAL, "regular file");
	unlink(path);
	/* In use by the fixture. */
	expect_err(f->path, false, -EBUSY, "in use");
	expect_err(f->path, true, -EBUSY, "in use");
	if (geteuid()) {
		snprintf(path, sizeof(path), "%s.noperm", f->path);
		close(open(path, O_CREAT | O_RDWR, 0));
		expect_err(path, false, -EACCES, "permission");
		unlink(path);
	}
}

static void test_shared_readers(void **state)
{
	struct fix f = { 0 };
	struct virtio_blk_config cfg = { .readonly = true };
	struct virtio_device *a, *b;

	(void)state;
	image_make(&f, 4096);
	cfg.path = f.path;
	assert_int_equal(virtio_blk_create(&cfg, &a, NULL), 0);
	assert_int_equal(virtio_blk_create(&cfg, &b, NULL), 0);
	expect_err(f.path, false, -EBUSY, "in use");
	virtio_device_free(a);
	virtio_device_free(b);
	cfg.readonly = false;
	assert_int_equal(virtio_blk_create(&cfg, &a, NULL), 0);
	virtio_device_free(a);
	unlink(f.path);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_write_read), T(test_interrupt), T(test_id), T(test_config),
		T(test_bad_requests), T(test_short_header), T(test_no_status), T(test_framing),
		T(test_zeroes_discard), T(test_many), T(test_reset_in_flight),
		T(test_stop_in_flight), T(test_reset_race), T(test_host_error), T(test_write_through),
		T(test_create_errors),
		cmocka_unit_test(test_odd_size), cmocka_unit_test(test_readonly),
		cmocka_unit_test(test_shared_readers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
