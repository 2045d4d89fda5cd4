/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A raw disk image: a regular file or a block device.  Never probed for other
 * formats, so that nothing the guest writes can change how it is read.
 */
#ifndef VMM_HOST_IMAGE_H
#define VMM_HOST_IMAGE_H

#include <sys/uio.h>

#include "arm/base.h"

struct image;

/*
 * The images of one VM, so that they can be handed to another process together: only one
 * at a time may have the lock of an image that it writes.  Not locked itself: the loop's thread, or with
 * the VM paused.
 */
#define IMAGE_SET_MAX 32
struct image_set {
	struct image *image[IMAGE_SET_MAX];
	unsigned int n;
	bool unlocked;		/* those that are opened get no lock until image_set_lock() */
};

/* As image_open(), in @set (NULL: in none), which it leaves when it is closed.  -ENOSPC. */
int image_open_in(struct image_set *set, const char *path, bool readonly, struct image **out, char **err);
/* All of them.  0, or -EBUSY and a sentence in *@err: then none is locked. */
int image_set_lock(struct image_set *set, char **err);
/* What was written is on the disk.  0 or -errno. */
int image_set_flush(struct image_set *set);
/* The same, and others may lock them.  0 or -errno: then they stay locked. */
int image_set_unlock(struct image_set *set);

/*
 * The log of what is written, in blocks of IMAGE_BLOCK: off at first; when switched on it begins empty.
 * image_log_take() adds the bits to @bits and forgets them.  Any thread.
 */
#define IMAGE_BLOCK 65536u
#define IMAGE_WORDS(bytes) (((bytes) + 64ull * IMAGE_BLOCK - 1) / (64ull * IMAGE_BLOCK))
int image_log(struct image *img, bool on);	/* 0 or -ENOMEM */
void image_log_take(struct image *img, u64 *bits);
bool image_is_readonly(const struct image *img);
const char *image_path(const struct image *img);
/* Changes whenever somebody has written it: of a file, its capacity and time of modification. */
int image_generation(struct image *img, u64 *size, u64 *mtime_ns);

/*
 * Opens and locks @path: many readers or one writer, also between processes
 * (open-file-description locks).  0, or -errno and a sentence for the user in *@err (free() it; may be NULL).
 */
int image_open(const char *path, bool readonly, struct image **out, char **err);
void image_close(struct image *img);

u64 image_size(const struct image *img);	/* bytes, as it was when opened */
u64 image_capacity(const struct image *img);	/* as a disk: the last sector of IMAGE_SECTOR bytes is whole */
#define IMAGE_SECTOR 512u
unsigned int image_block_size(const struct image *img);	/* the host's, for I/O hints */

/*
 * The following block; any thread, several at once.  0 or -errno.  The range
 * must lie within image_capacity(): what lies past the end of
 * the file reads as zeros, and writing it makes the file that much longer.
 * @iov is clobbered.
 */
int image_readv(struct image *img, struct iovec *iov, unsigned int nr, u64 off);
int image_writev(struct image *img, struct iovec *iov, unsigned int nr, u64 off);
int image_flush(struct image *img);
/* Contents become undefined (zeros, as it happens).  0 also when the host cannot: it is a hint. */
int image_discard(struct image *img, u64 off, u64 len);
/* @unmap: may also give the blocks back. */
int image_write_zeroes(struct image *img, u64 off, u64 len, bool unmap);

#endif
