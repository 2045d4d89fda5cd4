/* SPDX-License-Identifier: GPL-2.0-only */
/* Disks that move: every sector that the guest sees, also of a file that ends in the middle of one. */
#include "tests/unit/stream_rig.h"

#include <fcntl.h>

#include "vmm/host/image.h"
#include "vmm/migrate/disks.h"

struct fix {
	char dir[32], path[64], other[64];
	struct image_set set, copy;
};

static void make(const char *path, u64 size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	close(fd);
}

static void start(struct fix *f, u64 size)
{
	struct image *img;

	*f = (struct fix){ .dir = "/tmp/test_disks.XXXXXX" };
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/disk", f->dir);
	snprintf(f->other, sizeof(f->other), "%s/copy", f->dir);
	make(f->path, size);
	make(f->other, size);
	assert_int_equal(image_open_in(&f->set, f->path, false, &img, NULL), 0);
	assert_int_equal(image_open_in(&f->copy, f->other, false, &img, NULL), 0);
}

static void stop(struct fix *f)
{
	image_close(f->set.image[0]);
	image_close(f->copy.image[0]);
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(unlink(f->other), 0);
	assert_int_equal(rmdir(f->dir), 0);
}

/* Fills or compares the sector at @off. */
static void put(struct image *img, u64 off, u8 with)
{
	u8 data[IMAGE_SECTOR];
	struct iovec iov = { data, sizeof(data) };

	memset(data, with, sizeof(data));
	assert_int_equal(image_writev(img, &iov, 1, off), 0);
}

static void check(struct image *img, u64 off, u8 with)
{
	u8 data[IMAGE_SECTOR];
	struct iovec iov = { data, sizeof(data) };

	assert_int_equal(image_readv(img, &iov, 1, off), 0);
	for (unsigned int i = 0; i < sizeof(data); i++)
		assert_int_equal(data[i], with);
}

/* All that a pass sends goes into the other set. */
static void send_pass(struct fix *f, struct disks_copy *d, struct stream_out *out, struct channel *c, int fd)
{
	struct stream_section s;
	struct channel *from;
	struct stream_in *in;
	char *err = NULL;
	size_t len;
	u8 *data;
	int ret;

	assert_int_equal(disks_copy_pass(d, NULL), 0);
	assert_int_equal(stream_out_flush(out), 0);
	channel_free(c);
	data = rig_take(fd, &len);
	from = rig_source(data, len);
	assert_int_equal(stream_in_create(from, "", &in, &err), 0);
	while (!(ret = stream_in_section(in, &s, &err)))
		if (disks_block(&f->copy, &s.bytes, &err))
			fail_msg("%s", err);
	assert_int_equal(ret, -ENODATA);
	free(err);
	stream_in_free(in);
	channel_free(from);
	free(data);
}

static void copied(void **state)
{
	static const u64 sizes[] = { 1000, IMAGE_SECTOR, IMAGE_BLOCK, IMAGE_BLOCK + 1, 3 * IMAGE_BLOCK + 700 };

	(void)state;
	for (size_t i = 0; i < ARM_ARRAY_SIZE(sizes); i++) {
		u64 last = (sizes[i] - 1) / IMAGE_SECTOR * IMAGE_SECTOR;
		struct disks_copy *d;
		struct stream_out *out;
		struct channel *c;
		struct fix f;
		int fd;

		start(&f, sizes[i]);
		put(f.set.image[0], last, 0x5a);
		c = rig_file(&fd);
		assert_int_equal(stream_out_create(c, "", &out), 0);
		assert_int_equal(disks_copy_create(&f.set, out, &d), 0);
		send_pass(&f, d, out, c, fd);
		check(f.copy.image[0], last, 0x5a);
		disks_copy_free(d);
		stream_out_free(out);
		stop(&f);
	}
}

/* Takes the place of the file that is open as @path by one that cannot be read. */
static void spoil(const char *path)
{
	char link[32], name[64];

	for (int fd = 3; fd < 64; fd++) {
		ssize_t n;

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, name, sizeof(name) - 1);
		if (n > 0 && !strcmp((name[n] = 0, name), path)) {
			int to = open(path, O_WRONLY | O_CLOEXEC);

			assert_int_equal(dup2(to, fd), fd);
			close(to);
			return;
		}
	}
	fail_msg("%s is not open", path);
}

static void unreadable(void **state)
{
	struct disks_copy *d;
	struct stream_out *out;
	struct channel *c;
	char *err = NULL;
	struct fix f;
	int fd;

	(void)state;
	start(&f, IMAGE_BLOCK);
	c = rig_file(&fd);
	assert_int_equal(stream_out_create(c, "", &out), 0);
	assert_int_equal(disks_copy_create(&f.set, out, &d), 0);
	spoil(f.path);
	assert_int_equal(disks_copy_pass(d, &err), -EBADF);
	assert_non_null(err);
	assert_non_null(strstr(err, f.path));
	free(err);
	disks_copy_free(d);
	stream_out_free(out);
	channel_free(c);
	close(fd);
	stop(&f);
}

/* By reference: the same file is the same disk, although writing its last sector made it longer. */
static void referred(void **state)
{
	struct bytes_out b = { 0 };
	struct bytes_in in;
	struct image *img;
	char *err = NULL;
	struct fix f;

	(void)state;
	start(&f, 1000);
	put(f.set.image[0], IMAGE_SECTOR, 0x5a);
	disks_put_state(&f.set, &b);
	assert_int_equal(b.error, 0);
	image_close(f.set.image[0]);
	assert_int_equal(image_open_in(&f.set, f.path, false, &img, NULL), 0);
	in = (struct bytes_in){ .data = b.data, .len = b.len };
	if (disks_check_state(&f.set, &in, &err))
		fail_msg("%s", err);
	/* Written since, and another size. */
	usleep(20000);
	put(img, 0, 1);
	in = (struct bytes_in){ .data = b.data, .len = b.len };
	assert_int_equal(disks_check_state(&f.set, &in, &err), -ESTALE);
	assert_non_null(strstr(err, "written after"));
	free(err);
	err = NULL;
	image_close(img);
	assert_int_equal(truncate(f.path, 2048), 0);
	assert_int_equal(image_open_in(&f.set, f.path, false, &img, NULL), 0);
	in = (struct bytes_in){ .data = b.data, .len = b.len };
	assert_int_equal(disks_check_state(&f.set, &in, &err), -ESTALE);
	assert_non_null(strstr(err, "2048 bytes"));
	free(err);
	bytes_free(&b);
	stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copied),
		cmocka_unit_test(unreadable),
		cmocka_unit_test(referred),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
