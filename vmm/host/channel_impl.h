/* SPDX-License-Identifier: GPL-2.0-only */
/* Between channel.c (bytes) and channel_open.c (URIs). */
#ifndef VMM_HOST_CHANNEL_IMPL_H
#define VMM_HOST_CHANNEL_IMPL_H

#include <sys/types.h>

#include "vmm/host/channel.h"

/* One direction. */
struct channel_end {
	int fd;			/* -1: there is no such direction */
	int flags;		/* of its open file, to be put back; -1: as they were */
	bool socket;
	bool file;		/* a regular one */
};

struct channel {
	struct channel_end in, out;	/* may be the same descriptor */
	bool duplex;
	unsigned int timeout_ms;	/* 0: none */
	int cancel;			/* -1: none */
	pid_t child;			/* exec:, 0: none */
	/* Only the reader's: what came beyond a small read.  Not of files, whose position others may want to know. */
	size_t at, have;
	u8 ahead[16384];
};

/* Descriptors become the channel's; -1 for a direction that it has not.  NULL on ENOMEM: they stay the caller's. */
struct channel *channel_of_fds(int in, int out);

/*
 * Until @fd has one of poll's @events: 0; -ETIMEDOUT after @ms (-1: for ever); -ECANCELED while @cancel (-1: none) is
 * readable, also when both are.
 */
int channel_wait(int fd, short events, int cancel, int ms);

#endif
