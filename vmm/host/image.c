/* SPDX-License-Identifier: GPL-2.0-only */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/host/image.h"
#include "vmm/host/log.h"

#define ZERO_CHUNK 65536

struct image {
	int fd;
	char *path;
	struct image_set *set;		/* NULL: none */
	_Atomic(u64) *log;		/* made once; blocks that were written while @logging */
	atomic_bool logging;
	bool readonly;
	bool block_device;
	u64 size;
	unsigned int block_size;
};

/* What open(2) said, in words that help. */
static int open_error(const char *path, bool readonly, int error, char **err)
{
	const char *why = strerror(error);

	switch (error) {
	case ENOENT:
		return err_set(err, -error, "disk image '%s': no such file; make one with"
			       " 'truncate -s 8G %s' or correct the name", path, path);
	case EACCES:
	case EROFS:
	case EPERM:
		return err_set(err, -error, "disk image '%s': cannot be opened for %s (%s);"
			       " change its permissions%s", path, readonly ? "reading" : "writing",
			       why, readonly ? "" : " or attach it read-only");
	case EISDIR:
		return err_set(err, -error, "disk image '%s': is a directory; name the image"
			       " file in it", path);
	default:
		return err_set(err, -error, "disk image '%s': cannot be opened (%s)", path, why);
	}
}

static int image_stat(struct image *img, const char *path, char **err)
{
	struct stat st;
	u64 bytes;

	if (fstat(img->fd, &st))
		return err_set(err, -errno, "disk image '%s': %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return open_error(path, img->readonly, EISDIR, err);
	img->block_size = 512;
	if (S_ISBLK(st.st_mode)) {
		unsigned int phys;

		if (ioctl(img->fd, BLKGETSIZE64, &bytes))
			return err_set(err, -errno, "disk '%s': its size cannot be read (%s)",
				       path, strerror(errno));
		if (!ioctl(img->fd, BLKPBSZGET, &phys) && phys)
			img->block_size = phys;
		img->block_device = true;
		img->size = bytes;
	} else if (S_ISREG(st.st_mode)) {
		if (st.st_blksize >= 512)
			img->block_size = st.st_blksize;
		img->size = st.st_size;
	} else {
		return err_set(err, -EINVAL, "disk image '%s': is neither a regular file nor a"
			       " block device; name one of those", path);
	}
	if (!img->size)
		return err_set(err, -EINVAL, "disk image '%s': is empty; give it a size first,"
			       " for instance with 'truncate -s 8G %s'", path, path);
	return 0;
}

/*
 * One writer or many readers.  The locks belong to the open file description,
 * so that they also work between two disks of one VM and end with the fd.
 */
static int set_lock(struct image *img, short type)
{
	struct flock fl = { .l_type = type, .l_whence = SEEK_SET };

	return fcntl(img->fd, F_OFD_SETLK, &fl) ? -errno : 0;
}

static int image_lock(struct image *img, const char *path, char **err)
{
	if (!set_lock(img, img->readonly ? F_RDLCK : F_WRLCK))
		return 0;
	if (errno == EAGAIN || errno == EACCES)
		return err_set(err, -EBUSY, "disk image '%s': is in use by another virtual"
			       " machine or program; stop that one, use a copy, or attach it"
			       " read-only in both", path);
	log_warn("disk image '%s': cannot be locked (%s); see to it that nothing else uses it",
		 path, strerror(errno));
	return 0;
}

/* Formats that would not work as raw data, for a hint only: the guest may write such bytes itself. */
static void image_hint(struct image *img, const char *path)
{
	static const struct {
		const char *magic;
		const char *name;
	} formats[] = {
		{ "QFI\xfb", "qcow2" },
		{ "KDMV", "VMDK" },
		{ "conectix", "VHD" },
		{ "vhdxfile", "VHDX" },
		{ "\x1f\x8b", "gzip" },
		{ "\xfd" "7zXZ", "xz" },
		{ "\x28\xb5\x2f\xfd", "zstd" },
	};
	char buf[8] = "";
	unsigned int i;

	if (pread(img->fd, buf, sizeof(buf), 0) <= 0)
		return;
	for (i = 0; i < ARM_ARRAY_SIZE(formats); i++)
		if (!memcmp(buf, formats[i].magic, strlen(formats[i].magic)))
			log_warn("disk image '%s' looks like %s but is used as raw data; convert"
				 " it first if that is not intended", path, formats[i].name);
}

int image_open_in(struct image_set *set, const char *path, bool readonly, struct image **out, char **err)
{
	struct image *img = calloc(1, sizeof(*img));
	int ret;

	if (!img)
		return err_set(err, -ENOMEM, "disk image '%s': out of memory", path);
	img->readonly = readonly;
	img->path = strdup(path);
	/* O_NONBLOCK: a FIFO must be refused, not waited for. */
	img->fd = open(path, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (img->fd < 0) {
		ret = open_error(path, readonly, errno, err);
		goto fail;
	}
	ret = image_stat(img, path, err);
	if (!ret && !img->path)
		ret = -ENOMEM;
	if (!ret && !(set && set->unlocked))
		ret = image_lock(img, path, err);
	if (!ret && set && set->n == IMAGE_SET_MAX)
		ret = -ENOSPC;
	if (ret)
		goto fail;
	image_hint(img, path);
	if (set) {
		img->set = set;
		set->image[set->n++] = img;
	}
	*out = img;
	return 0;
fail:
	image_close(img);
	return ret;
}

int image_open(const char *path, bool readonly, struct image **out, char **err)
{
	return image_open_in(NULL, path, readonly, out, err);
}

static void leave_set(struct image *img)
{
	struct image_set *set = img->set;
	unsigned int i = 0;

	while (set && i < set->n && set->image[i] != img)
		i++;
	if (!set || i == set->n)
		return;
	set->n--;
	memmove(&set->image[i], &set->image[i + 1], (set->n - i) * sizeof(set->image[0]));
}

void image_close(struct image *img)
{
	if (!img)
		return;
	leave_set(img);
	if (img->fd >= 0)
		close(img->fd);
	free((void *)img->log);
	free(img->path);
	free(img);
}

/* ---- sets ---- */

static void unlock_all(struct image_set *set)
{
	for (unsigned int i = 0; i < set->n; i++)
		set_lock(set->image[i], F_UNLCK);
	set->unlocked = true;
}

int image_set_lock(struct image_set *set, char **err)
{
	int ret = 0;

	for (unsigned int i = 0; i < set->n && !ret; i++)
		ret = image_lock(set->image[i], set->image[i]->path, err);
	if (ret)
		unlock_all(set);
	else
		set->unlocked = false;
	return ret;
}

int image_set_flush(struct image_set *set)
{
	int ret = 0;

	for (unsigned int i = 0; i < set->n && !ret; i++)
		ret = image_flush(set->image[i]);
	return ret;
}

int image_set_unlock(struct image_set *set)
{
	int ret = image_set_flush(set);

	if (!ret)
		unlock_all(set);
	return ret;
}

/* ---- the log ---- */

int image_log(struct image *img, bool on)
{
	if (on && !img->log)
		img->log = calloc(IMAGE_WORDS(img->size) + 1, sizeof(u64));
	if (on && !img->log)
		return -ENOMEM;
	for (u64 i = 0; on && i < IMAGE_WORDS(img->size); i++)
		atomic_store(&img->log[i], 0);
	atomic_store(&img->logging, on);
	return 0;
}

/* Behind the write: who has taken the bit before sees another. */
static void mark(struct image *img, u64 off, u64 len)
{
	if (!atomic_load(&img->logging) || !len)
		return;
	for (u64 n = off / IMAGE_BLOCK; n <= (off + len - 1) / IMAGE_BLOCK && n / 64 < IMAGE_WORDS(img->size); n++)
		atomic_fetch_or(&img->log[n / 64], 1ull << n % 64);
}

void image_log_take(struct image *img, u64 *bits)
{
	for (u64 i = 0; img->log && i < IMAGE_WORDS(img->size); i++)
		bits[i] |= atomic_exchange(&img->log[i], 0);
}

bool image_is_readonly(const struct image *img)
{
	return img->readonly;
}

const char *image_path(const struct image *img)
{
	return img->path;
}

int image_generation(struct image *img, u64 *size, u64 *mtime_ns)
{
	struct stat st;

	if (fstat(img->fd, &st))
		return -errno;
	/* A file that ends in a sector becomes longer when that is written, and is the same disk. */
	*size = image_capacity(img);
	*mtime_ns = (u64)st.st_mtim.tv_sec * 1000000000 + (u64)st.st_mtim.tv_nsec;
	return 0;
}

u64 image_size(const struct image *img)
{
	return img->size;
}

u64 image_capacity(const struct image *img)
{
	return (img->size + IMAGE_SECTOR - 1) / IMAGE_SECTOR * IMAGE_SECTOR;
}

unsigned int image_block_size(const struct image *img)
{
	return img->block_size;
}

/* Drops the first @n bytes of a vector. */
static void iov_advance(struct iovec **iov, unsigned int *nr, size_t n)
{
	while (*nr && n >= (*iov)->iov_len) {
		n -= (*iov)->iov_len;
		(*iov)++;
		(*nr)--;
	}
	if (*nr) {
		(*iov)->iov_base = (u8 *)(*iov)->iov_base + n;
		(*iov)->iov_len -= n;
	}
}

static void iov_zero(struct iovec *iov, unsigned int nr)
{
	for (; nr; iov++, nr--)
		memset(iov->iov_base, 0, iov->iov_len);
}

static int image_io(struct image *img, struct iovec *iov, unsigned int nr, u64 off, bool write)
{
	ssize_t n;

	iov_advance(&iov, &nr, 0);
	while (nr) {
		int cnt = nr < IOV_MAX ? nr : IOV_MAX;

		n = write ? pwritev(img->fd, iov, cnt, off) : preadv(img->fd, iov, cnt, off);
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (!n) {
			/* Past the end that we know of: the last, partial sector. */
			if (write || off < img->size)
				return -EIO;
			iov_zero(iov, nr);
			return 0;
		}
		off += n;
		iov_advance(&iov, &nr, n);
	}
	return 0;
}

int image_readv(struct image *img, struct iovec *iov, unsigned int nr, u64 off)
{
	return image_io(img, iov, nr, off, false);
}

int image_writev(struct image *img, struct iovec *iov, unsigned int nr, u64 off)
{
	u64 len = 0;
	int ret;

	if (img->readonly)
		return -EROFS;
	for (unsigned int i = 0; i < nr; i++)
		len += iov[i].iov_len;
	ret = image_io(img, iov, nr, off, true);
	mark(img, off, len);
	return ret;
}

int image_flush(struct image *img)
{
	if (img->readonly)
		return 0;
	while (fdatasync(img->fd))
		if (errno != EINTR)
			return -errno;
	return 0;
}

static int image_fallocate(struct image *img, int mode, u64 off, u64 len)
{
	while (fallocate(img->fd, mode | FALLOC_FL_KEEP_SIZE, off, len))
		if (errno != EINTR)
			return -errno;
	return 0;
}

static bool not_supported(int ret)
{
	return ret == -EOPNOTSUPP || ret == -ENOSYS || ret == -EINVAL || ret == -ENODEV;
}

int image_discard(struct image *img, u64 off, u64 len)
{
	int ret;

	if (img->readonly)
		return -EROFS;
	if (!len)
		return 0;
	ret = image_fallocate(img, FALLOC_FL_PUNCH_HOLE, off, len);
	mark(img, off, len);
	return not_supported(ret) ? 0 : ret;
}

static int write_zero_bytes(struct image *img, u64 off, u64 len)
{
	static const u8 zeros[ZERO_CHUNK];
	int ret;

	while (len) {
		struct iovec iov = {
			.iov_base = (void *)(uintptr_t)zeros,
			.iov_len = len < ZERO_CHUNK ? len : ZERO_CHUNK,
		};
		u64 n = iov.iov_len;

		ret = image_io(img, &iov, 1, off, true);
		if (ret)
			return ret;
		off += n;
		len -= n;
	}
	return 0;
}

int image_write_zeroes(struct image *img, u64 off, u64 len, bool unmap)
{
	int ret = -EOPNOTSUPP;

	if (img->readonly)
		return -EROFS;
	if (!len)
		return 0;
	if (unmap)
		ret = image_fallocate(img, FALLOC_FL_PUNCH_HOLE, off, len);
	if (not_supported(ret))
		ret = image_fallocate(img, FALLOC_FL_ZERO_RANGE, off, len);
	if (not_supported(ret))
		ret = write_zero_bytes(img, off, len);
	mark(img, off, len);
	return ret;
}
