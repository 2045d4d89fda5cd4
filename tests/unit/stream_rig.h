/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests of streams share: bytes in memory behind a channel. */
#ifndef TESTS_UNIT_STREAM_RIG_H
#define TESTS_UNIT_STREAM_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "vmm/host/channel.h"
#include "vmm/migrate/stream.h"

/* A channel to a new file in memory, whose descriptor for rig_take() is in *@fd. */
static inline struct channel *rig_file(int *fd)
{
	struct channel *c;

	*fd = memfd_create("stream", MFD_CLOEXEC);
	assert_true(*fd >= 0);
	c = channel_of_fd(dup(*fd));
	assert_non_null(c);
	return c;
}

/* What was written there, malloc'd. */
static inline u8 *rig_take(int fd, size_t *len)
{
	off_t end = lseek(fd, 0, SEEK_END);
	u8 *data = malloc(end ? end : 1);

	*len = end;
	assert_int_equal(pread(fd, data, end, 0), end);
	close(fd);
	return data;
}

/* A channel from which @data can be read. */
static inline struct channel *rig_source(const u8 *data, size_t len)
{
	int fd = memfd_create("stream", MFD_CLOEXEC);
	struct channel *c;

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, data, len, 0), len);
	c = channel_of_fd(fd);
	assert_non_null(c);
	return c;
}

/* A generator of our own: the same everywhere. */
static inline u32 rig_random(u64 *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return *seed >> 33;
}

#endif
