/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/migrate/disks.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "vmm/host/log.h"

#define LEVEL 1

enum { BLOCK_ZERO, BLOCK_RAW, BLOCK_ZSTD };

struct disks_copy {
	struct image_set *set;
	struct stream_out *s;
	u64 *bits[IMAGE_SET_MAX];	/* NULL: not copied */
	atomic_bool cancelled;
	_Atomic(u64) sent;		/* bytes */
	u8 block[IMAGE_BLOCK];
	u8 packed[IMAGE_BLOCK];
};

static u64 blocks_of(const struct image *img)
{
	return (image_capacity(img) + IMAGE_BLOCK - 1) / IMAGE_BLOCK;
}

/* ---- copying ---- */

int disks_copy_create(struct image_set *set, struct stream_out *s, struct disks_copy **out)
{
	struct disks_copy *d = calloc(1, sizeof(*d));
	int ret = d ? 0 : -ENOMEM;

	if (ret)
		return ret;
	d->set = set;
	d->s = s;
	for (unsigned int i = 0; i < set->n && !ret; i++) {
		struct image *img = set->image[i];

		if (image_is_readonly(img))
			continue;
		d->bits[i] = calloc(IMAGE_WORDS(image_size(img)) + 1, sizeof(u64));
		ret = d->bits[i] ? image_log(img, true) : -ENOMEM;
		for (u64 n = 0; !ret && n < blocks_of(img); n++)
			d->bits[i][n / 64] |= ARM_BIT(n % 64);
	}
	if (ret) {
		disks_copy_free(d);
		return ret;
	}
	*out = d;
	return 0;
}

void disks_copy_free(struct disks_copy *d)
{
	if (!d)
		return;
	for (unsigned int i = 0; i < d->set->n; i++) {
		image_log(d->set->image[i], false);
		free(d->bits[i]);
	}
	free(d);
}

void disks_copy_cancel(struct disks_copy *d)
{
	atomic_store(&d->cancelled, true);
}

u64 disks_copy_collect(struct disks_copy *d)
{
	u64 left = 0;

	for (unsigned int i = 0; i < d->set->n; i++) {
		if (!d->bits[i])
			continue;
		image_log_take(d->set->image[i], d->bits[i]);
		for (u64 w = 0; w < IMAGE_WORDS(image_size(d->set->image[i])); w++)
			left += (u64)__builtin_popcountll(d->bits[i][w]) * IMAGE_BLOCK;
	}
	return left;
}

u64 disks_copy_sent(struct disks_copy *d)
{
	return atomic_load(&d->sent);
}

static bool is_zero(const u8 *p, size_t len)
{
	return !len || (!p[0] && !memcmp(p, p + 1, len - 1));
}

static int send_block(struct disks_copy *d, unsigned int image, u64 block, char **err)
{
	struct image *img = d->set->image[image];
	u64 off = block * IMAGE_BLOCK, len = image_capacity(img) - off;
	struct iovec iov = { d->block, len < IMAGE_BLOCK ? len : IMAGE_BLOCK };
	struct bytes_out b = { 0 };
	size_t packed;
	int ret;

	len = iov.iov_len;
	ret = image_readv(img, &iov, 1, off);
	if (ret)
		return err_set(err, ret, "%s: cannot be read: %s", image_path(img), strerror(-ret));
	bytes_put_u8(&b, (u8)image);
	bytes_put_u64(&b, off);
	bytes_put_u32(&b, (u32)len);
	if (is_zero(d->block, len)) {
		bytes_put_u8(&b, BLOCK_ZERO);
	} else {
		packed = ZSTD_compress(d->packed, sizeof(d->packed), d->block, len, LEVEL);
		if (ZSTD_isError(packed) || packed >= len) {
			bytes_put_u8(&b, BLOCK_RAW);
			bytes_put(&b, d->block, len);
		} else {
			bytes_put_u8(&b, BLOCK_ZSTD);
			bytes_put(&b, d->packed, packed);
		}
	}
	ret = stream_out_section(d->s, DISKS_BLOCK, DISKS_VERSION, &b);
	bytes_free(&b);
	atomic_fetch_add(&d->sent, len);
	return ret;
}

static int send_image(struct disks_copy *d, unsigned int image, char **err)
{
	u64 blocks = blocks_of(d->set->image[image]);
	int ret = 0;

	for (u64 n = 0; n < blocks && !ret; n++) {
		if (!(d->bits[image][n / 64] & ARM_BIT(n % 64)))
			continue;
		ret = atomic_load(&d->cancelled) ? -ECANCELED : send_block(d, image, n, err);
	}
	memset(d->bits[image], 0, IMAGE_WORDS(image_size(d->set->image[image])) * sizeof(u64));
	return ret;
}

int disks_copy_pass(struct disks_copy *d, char **err)
{
	int ret = 0;

	disks_copy_collect(d);
	for (unsigned int i = 0; i < d->set->n && !ret; i++)
		if (d->bits[i])
			ret = send_image(d, i, err);
	return ret;
}

static int block_data(struct bytes_in *b, u8 *out, u32 len, u8 kind, char **err)
{
	size_t have = b->len, n;
	const u8 *data = bytes_get(b, have);

	if (kind == BLOCK_RAW && have == len) {
		memcpy(out, data, len);
		return 0;
	}
	n = kind == BLOCK_ZSTD && data ? ZSTD_decompress(out, len, data, have) : 0;
	if (!n || ZSTD_isError(n) || n != len)
		return err_set(err, -EBADMSG, "a block of a disk is damaged");
	return 0;
}

int disks_block(struct image_set *set, struct bytes_in *b, char **err)
{
	u8 image = bytes_get_u8(b), kind;
	u64 off = bytes_get_u64(b), size;
	u32 len = bytes_get_u32(b);
	struct iovec iov;
	int ret;

	kind = bytes_get_u8(b);
	if (b->error)
		return b->error;
	if (image >= set->n)
		return err_set(err, -EINVAL, "the guest has more disks than the %u that are given here", set->n);
	size = image_capacity(set->image[image]);
	if (!len || len > IMAGE_BLOCK || off > size || len > size - off)
		return err_set(err, -EINVAL, "%s: the guest's disk is larger; make it as large with truncate -s",
			       image_path(set->image[image]));
	ret = set->unlocked ? image_set_lock(set, err) : 0;
	if (ret)
		return ret;
	if (kind == BLOCK_ZERO) {
		ret = image_write_zeroes(set->image[image], off, len, true);
	} else {
		u8 data[IMAGE_BLOCK];

		ret = block_data(b, data, len, kind, err);
		iov = (struct iovec){ data, len };
		if (!ret)
			ret = image_writev(set->image[image], &iov, 1, off);
	}
	if (ret && ret != -EBADMSG)
		err_set(err, ret, "%s: cannot be written: %s", image_path(set->image[image]), strerror(-ret));
	return ret;
}

/* ---- by reference ---- */

static void real_name(const struct image *img, char out[BYTES_STRING_MAX + 1])
{
	char *real = realpath(image_path(img), NULL);
	const char *name = real ? real : image_path(img);
	size_t len = strlen(name);

	/* Of a long name the end tells more. */
	memcpy(out, name + (len > BYTES_STRING_MAX ? len - BYTES_STRING_MAX : 0),
	       (len > BYTES_STRING_MAX ? BYTES_STRING_MAX : len) + 1);
	free(real);
}

void disks_put_state(struct image_set *set, struct bytes_out *b)
{
	char name[BYTES_STRING_MAX + 1];

	bytes_put_u8(b, (u8)set->n);
	for (unsigned int i = 0; i < set->n; i++) {
		u64 size = 0, mtime = 0;
		int ret = image_generation(set->image[i], &size, &mtime);

		if (ret && !b->error)
			b->error = ret;
		real_name(set->image[i], name);
		bytes_put_string(b, name);
		bytes_put_u64(b, size);
		bytes_put_u64(b, mtime);
	}
}

static int check_one(struct image *img, struct bytes_in *b, char **err)
{
	char then[BYTES_STRING_MAX + 1], now[BYTES_STRING_MAX + 1];
	u64 size, mtime, size_now = 0, mtime_now = 0;
	int ret = image_generation(img, &size_now, &mtime_now);

	bytes_get_string(b, then);
	size = bytes_get_u64(b);
	mtime = bytes_get_u64(b);
	if (ret || b->error)
		return ret ? ret : b->error;
	if (size != size_now)
		return err_set(err, -ESTALE, "%s: has %llu bytes, and had %llu when the snapshot was made; give "
			       "a copy of that time", image_path(img), (unsigned long long)size_now,
			       (unsigned long long)size);
	real_name(img, now);
	if (mtime != mtime_now && !strcmp(then, now))
		return err_set(err, -ESTALE, "%s: was written after the snapshot was made; the guest would not find "
			       "what it has in its caches.  Give a copy of that time as --disk", image_path(img));
	return 0;
}

int disks_check_state(struct image_set *set, struct bytes_in *b, char **err)
{
	u8 n = bytes_get_u8(b);
	int ret = b->error;

	if (!ret && n != set->n)
		return err_set(err, -EINVAL, "the guest has %u disks, and %u are given here", n, set->n);
	for (unsigned int i = 0; i < set->n && !ret; i++)
		ret = check_one(set->image[i], b, err);
	return ret;
}
