/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RAM, while the guest goes on writing it: passes over what was written since the
 * pass before, until the rest can be sent while the guest stands still.
 */
#ifndef VMM_MIGRATE_PRECOPY_H
#define VMM_MIGRATE_PRECOPY_H

#include "vmm/migrate/vmstate.h"
#include "vmm/vm.h"

struct precopy;

/* Where pages go: to a stream, or into a file. */
struct precopy_sink {
	/* Those of @ram whose bits are set (bits beyond the region mean nothing); 0 or -errno. */
	int (*send)(void *opaque, const struct vmstate_ram *ram, const u64 *bits);
	/* Waits until all of that has arrived; 0 or -errno.  NULL: it has when send() returns. */
	int (*settle)(void *opaque);
	/* So far; any thread. */
	void (*totals)(void *opaque, u64 *pages, u64 *zero_pages, u64 *bytes);
	void *opaque;
};

/* @vm outlives it.  Turns the dirty logs on; 0 or -errno. */
int precopy_create(struct vm *vm, const struct precopy_sink *sink, unsigned int max_downtime_ms, struct precopy **out);
/* Turns them off. */
void precopy_free(struct precopy *p);

/*
 * Passes until the rest fits into the downtime.  A guest that writes faster than
 * the sink takes is throttled more and more.  0, or what the sink says.
 */
int precopy_run(struct precopy *p);
/* The rest; the guest stands still. */
int precopy_finish(struct precopy *p);
/* Makes precopy_run() return -ECANCELED at its next look.  Any thread. */
void precopy_cancel(struct precopy *p);

/* Throttles the guest more than before, for something else that it writes too fast.  The thread of precopy_run(). */
void precopy_slow_down(struct precopy *p);

/* Any thread; @text is one line for the user. */
void precopy_progress(struct precopy *p, char *text, size_t len);
/* For how many of the next 100 ms the vCPUs are to stand still.  Any thread. */
unsigned int precopy_throttle(struct precopy *p);

#endif
