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
 * Opens and locks @path: many readers or one writer, also between processes
 * (open-file-description locks).  0, or -errno and a sentence for the user in *@err (free() it; may be NULL).
 */
int image_open(const char *path, bool readonly, struct image **out, char **err);
void image_close(struct image *img);

u64 image_size(const struct image *img);	/* bytes, as it was when opened */
unsigned int image_block_size(const struct image *img);	/* the host's, for I/O hints */

/*
 * The following block; any thread, several at once.  0 or -errno.  The range
 * must lie within image_size() rounded up to 512: what lies past the end of
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
