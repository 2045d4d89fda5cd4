// SPDX-License-Identifier: GPL-2.0-only
/* To be preloaded: each transfer of a disk takes SLOWDISK_MS longer, as on a disk that is far away. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

typedef ssize_t transfer(int fd, const struct iovec *iov, int n, off64_t off);

static ssize_t late(const char *name, int fd, const struct iovec *iov, int n, off64_t off)
{
	transfer *real = (transfer *)dlsym(RTLD_NEXT, name);
	const char *ms = getenv("SLOWDISK_MS");

	usleep(ms ? (useconds_t)atoi(ms) * 1000 : 0);
	return real(fd, iov, n, off);
}

ssize_t preadv64(int fd, const struct iovec *iov, int n, off64_t off)
{
	return late("preadv64", fd, iov, n, off);
}

ssize_t pwritev64(int fd, const struct iovec *iov, int n, off64_t off)
{
	return late("pwritev64", fd, iov, n, off);
}
