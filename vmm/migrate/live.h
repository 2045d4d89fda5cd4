/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The source's side: a running guest is sent to another process, or written to a
 * snapshot, by a thread of its own while the guest goes on.
 */
#ifndef VMM_MIGRATE_LIVE_H
#define VMM_MIGRATE_LIVE_H

#include "arm/base.h"

struct live;
struct vm;

#define LIVE_DOWNTIME_MS 50		/* unless the user says otherwise */
#define LIVE_DOWNTIME_MAX_MS 3600000

/* Strings are borrowed until live_start() returns. */
struct live_config {
	const char *uri;		/* for channel_connect(); "fd:": @fd is the channel */
	int fd;				/* else -1; live_start() owns it, whatever it returns */
	unsigned int max_downtime_ms;	/* not 0 */
	bool with_disks;		/* the disks' blocks go too */
	bool check;			/* a dry run: nothing moves */
	/*
	 * A snapshot: @uri is NULL, @fd an empty file open for reading and writing, and the guest goes on.  Who
	 * called makes the file last when done() says 0.
	 */
	bool snapshot;
	/*
	 * Set: the guest ends once it is in the file, if this, which makes the file last, says 0.  After -errno, and
	 * maybe a sentence in *@err, it goes on.  On the loop's thread; done() follows.
	 */
	int (*keep)(void *opaque, char **err);

	/*
	 * On the loop's thread, and not from within live_start().  @text is one line, for a terminal.
	 */
	void (*progress)(void *opaque, const char *text);
	/*
	 * Once, the last of all; the struct live is gone when it returns.  0: @text sums it up, and a
	 * machine that moved ends by itself.  Else -errno (-ECANCELED after live_cancel()), @text says
	 * why, in lines if there are several reasons, and the guest goes on here.
	 */
	void (*done)(void *opaque, int ret, const char *text);
	void *opaque;
};

/*
 * On the loop's thread.  0: done() will be called.  -EBUSY: another one is under way.
 * Else -errno and a sentence in *@err; no callback is called then.
 */
int live_start(struct vm *vm, const struct live_config *cfg, struct live **out, char **err);
/*
 * Asks it to end; on the loop's thread, until done().  It comes too late once the other side
 * runs the guest: done() tells.
 */
void live_cancel(struct live *l);
/* Waits for its thread and calls done(); on the loop's thread, or when the loop runs no more. */
void live_finish(struct live *l);

#endif
