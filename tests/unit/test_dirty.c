/* SPDX-License-Identifier: GPL-2.0-only */
/* The log of what devices write, and that of what goes to disk images. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/host/image.h"
#include "vmm/mem/dirty.h"
#include "vmm/migrate/disks.h"

#define BASE 0x80000000ull
#define SIZE (130 * DIRTY_PAGE)

static struct dirty *make(void)
{
	struct dirty *d = dirty_create();

	assert_non_null(d);
	assert_int_equal(dirty_add_region(d, BASE, SIZE), 0);
	assert_int_equal(dirty_add_region(d, 0x1000, DIRTY_PAGE), 0);
	return d;
}

static void test_marks(void **state)
{
	u64 bits[DIRTY_WORDS(SIZE)] = { 0 }, low[1] = { 0 };
	struct dirty *d = make();

	(void)state;
	dirty_mark(d, BASE, 1);			/* off: forgotten */
	dirty_log(d, true);
	dirty_take(d, BASE, bits);
	assert_int_equal(bits[0], 0);
	dirty_mark(d, BASE + 4095, 2);		/* over a page's end */
	dirty_mark(d, BASE + 64 * DIRTY_PAGE, DIRTY_PAGE);
	dirty_mark(d, BASE + SIZE - 1, 1);
	dirty_mark(d, BASE + SIZE - 1, 100);	/* and over the region's */
	dirty_mark(d, BASE + SIZE, 1);
	dirty_mark(d, BASE - 1, 1);
	dirty_mark(d, BASE, 0);
	dirty_mark(d, 0x1800, 8);
	bits[1] = 0x100;			/* added to, not replaced */
	dirty_take(d, BASE, bits);
	assert_int_equal(bits[0], 3);
	assert_int_equal(bits[1], 0x101);
	assert_int_equal(bits[2], 2);
	dirty_take(d, 0x1000, low);
	assert_int_equal(low[0], 1);
	memset(bits, 0, sizeof(bits));
	dirty_take(d, BASE, bits);		/* taken is taken */
	assert_int_equal(bits[0] | bits[1] | bits[2], 0);
	dirty_mark(d, BASE, 1);
	dirty_log(d, true);			/* begins empty */
	dirty_take(d, BASE, bits);
	assert_int_equal(bits[0], 0);
	dirty_free(d);
}

static void test_regions(void **state)
{
	struct dirty *d = dirty_create();
	int ret = 0;

	(void)state;
	for (unsigned int i = 0; i < 100 && !ret; i++)
		ret = dirty_add_region(d, i * 0x10000ull, 0x10000);
	assert_int_equal(ret, -ENOSPC);
	dirty_free(d);
}

/* Writers store a number and mark its page; what a reader copies after taking the marks must end up newest. */
struct race {
	struct dirty *d;
	u8 *mem;
	bool stop;
};

static void *writer(void *opaque)
{
	struct race *r = opaque;
	u32 state = (u32)(uintptr_t)&state | 1;

	for (u32 n = 1; !__atomic_load_n(&r->stop, __ATOMIC_RELAXED); n++) {
		u64 page;

		state = state * 1664525 + 1013904223;
		page = state >> 16 & 63;
		__atomic_store_n((u32 *)(r->mem + page * DIRTY_PAGE + (state >> 24 & 0x3f) * 4), n, __ATOMIC_RELAXED);
		dirty_mark(r->d, BASE + page * DIRTY_PAGE, 4);
	}
	return NULL;
}

static void test_race(void **state)
{
	u8 *mem = calloc(64, DIRTY_PAGE), *copy = calloc(64, DIRTY_PAGE);
	struct race r = { make(), mem, false };
	pthread_t t[2];

	(void)state;
	dirty_log(r.d, true);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&t[i], NULL, writer, &r), 0);
	for (int pass = 0; pass <= 2000; pass++) {
		u64 bits[DIRTY_WORDS(SIZE)] = { 0 };

		if (pass == 2000) {
			__atomic_store_n(&r.stop, true, __ATOMIC_RELAXED);
			for (int i = 0; i < 2; i++)
				pthread_join(t[i], NULL);
		}
		dirty_take(r.d, BASE, bits);
		for (unsigned int page = 0; page < 64; page++)
			if (bits[0] & ARM_BIT(page))
				memcpy(copy + page * DIRTY_PAGE, mem + page * DIRTY_PAGE, DIRTY_PAGE);
	}
	assert_memory_equal(copy, mem, 64 * DIRTY_PAGE);
	dirty_free(r.d);
	free(mem);
	free(copy);
}

/* ---- images ---- */

#define IMAGE_SIZE (5 * IMAGE_BLOCK + 512)

static void make_file(char *path, u64 size)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	close(fd);
}

static void put(struct image *img, u64 off, u8 val, size_t len)
{
	u8 *data = malloc(len);
	struct iovec iov = { data, len };

	memset(data, val, len);
	assert_int_equal(image_writev(img, &iov, 1, off), 0);
	free(data);
}

static void test_image_log(void **state)
{
	char path[] = "/tmp/vambrace-image-XXXXXX";
	u64 bits[IMAGE_WORDS(IMAGE_SIZE)] = { 0 };
	struct image *img;

	(void)state;
	make_file(path, IMAGE_SIZE);
	assert_int_equal(image_open(path, false, &img, NULL), 0);
	put(img, 0, 1, 512);
	image_log_take(img, bits);
	assert_int_equal(bits[0], 0);
	assert_int_equal(image_log(img, true), 0);
	put(img, IMAGE_BLOCK - 512, 1, 1024);
	assert_int_equal(image_write_zeroes(img, 3 * IMAGE_BLOCK, 512, false), 0);
	put(img, 5 * IMAGE_BLOCK, 2, 512);
	image_log_take(img, bits);
	assert_int_equal(bits[0], 0x2b);
	bits[0] = 0;
	assert_int_equal(image_discard(img, IMAGE_BLOCK, IMAGE_BLOCK), 0);
	image_log_take(img, bits);
	assert_int_equal(bits[0], 2);
	image_log(img, false);
	put(img, 0, 1, 512);
	bits[0] = 0;
	image_log_take(img, bits);
	assert_int_equal(bits[0], 0);
	image_close(img);
	unlink(path);
}

static void test_image_set(void **state)
{
	char path[] = "/tmp/vambrace-image-XXXXXX";
	struct image_set here = { .n = 0 }, there = { .unlocked = true };
	struct image *a, *b;
	char *err = NULL;

	(void)state;
	make_file(path, IMAGE_SIZE);
	assert_int_equal(image_open_in(&here, path, false, &a, NULL), 0);
	assert_int_equal(image_open_in(&there, path, false, &b, NULL), 0);
	assert_int_equal(image_set_lock(&there, &err), -EBUSY);
	assert_non_null(strstr(err, "in use"));
	free(err);
	assert_int_equal(image_set_unlock(&here), 0);
	assert_int_equal(image_set_lock(&there, NULL), 0);
	assert_int_equal(image_set_lock(&here, NULL), -EBUSY);
	image_close(b);
	assert_int_equal(there.n, 0);
	assert_int_equal(image_set_lock(&here, NULL), 0);
	image_close(a);
	unlink(path);
}

static void test_generation(void **state)
{
	char path[] = "/tmp/vambrace-image-XXXXXX", copy[] = "/tmp/vambrace-image-XXXXXX";
	struct image_set set = { .n = 0 }, other = { .n = 0 };
	struct timespec later[2] = { { 1, 0 }, { 1, 0 } };
	struct bytes_out b = { 0 };
	struct image *img, *two;
	char *err = NULL;

	(void)state;
	make_file(path, IMAGE_SIZE);
	make_file(copy, IMAGE_SIZE);
	assert_int_equal(image_open_in(&set, path, false, &img, NULL), 0);
	assert_int_equal(image_open_in(&other, copy, false, &two, NULL), 0);
	disks_put_state(&set, &b);
	assert_int_equal(b.error, 0);
	assert_int_equal(disks_check_state(&set, &(struct bytes_in){ b.data, b.len, 0 }, NULL), 0);
	/* Another file is the user's word. */
	assert_int_equal(disks_check_state(&other, &(struct bytes_in){ b.data, b.len, 0 }, NULL), 0);
	assert_int_equal(utimensat(AT_FDCWD, path, later, 0), 0);
	assert_int_equal(disks_check_state(&set, &(struct bytes_in){ b.data, b.len, 0 }, &err), -ESTALE);
	assert_non_null(strstr(err, "written after"));
	free(err);
	for (size_t len = 0; len < b.len; len++)
		assert_int_not_equal(disks_check_state(&other, &(struct bytes_in){ b.data, len, 0 }, NULL), 0);
	bytes_free(&b);
	image_close(img);
	image_close(two);
	unlink(path);
	unlink(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marks), cmocka_unit_test(test_regions), cmocka_unit_test(test_race),
		cmocka_unit_test(test_image_log), cmocka_unit_test(test_image_set), cmocka_unit_test(test_generation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
