/* SPDX-License-Identifier: GPL-2.0-only */
/* A migration under way, for live.c (to another process) and snapshot.c (to a file). */
#ifndef VMM_MIGRATE_LIVE_INT_H
#define VMM_MIGRATE_LIVE_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "vmm/migrate/disks.h"
#include "vmm/migrate/live.h"
#include "vmm/migrate/precopy.h"
#include "vmm/migrate/ram.h"
#include "vmm/migrate/wire.h"
#include "vmm/vm.h"

/* What a stream of ours may need of its reader. */
#define LIVE_FEATURES RAM_FEATURE

struct live {
	/* Constant. */
	struct vm *vm;
	struct loop *loop;
	struct live_config cfg;
	char *uri;
	int cancel;			/* eventfd: readable once it is cancelled */
	pthread_t thread;
	struct loop_source *tick;	/* the loop's thread only */

	/* The thread's, and of whoever has joined it. */
	struct channel *c;
	struct stream_out *out;
	struct stream_in *in;		/* the answers; NULL before the first */
	u64 answered_ms;		/* when the last one came, by clock_ms() */
	char *why;			/* what sink_settle() found */
	struct ram_sender *sender;
	int file;			/* cfg.fd, of a snapshot */
	struct identity id;
	struct vmstate_image image;
	u64 downtime_ns;
	bool undecided;			/* "go" was sent, and then nothing was heard */
	int ret;
	char *text;			/* for done() */

	pthread_mutex_t lock;
	struct disks_copy *disks;	/* NULL: they are shared; set once, and */
	struct precopy *copy;		/* this too, under the lock, because the tick looks */
	atomic_bool cancelled;		/* written under the lock */
};

/* live.c, for snapshot.c.  0 or -errno. */
int live_send(struct live *l, const char *name, const struct bytes_out *b);	/* NULL: an empty section */
int live_look(struct live *l, char **err);	/* l->id and l->image */
int live_introduce(struct live *l, enum wire_intent intent);
int live_start_copy(struct live *l, const struct precopy_sink *sink);
/* While the machine stands still, drained. */
int live_send_state(struct live *l, char **err);

/* snapshot.c: on the thread. */
int live_snapshot(struct live *l, char **err);

#endif
