/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The main loop: a GLib main context that runs on one thread (the program's
 * first).  Devices get their host events here; handlers must not block.
 */
#ifndef VMM_HOST_LOOP_H
#define VMM_HOST_LOOP_H

#include "arm/base.h"

struct loop;
struct loop_source;

enum loop_events {
	LOOP_IN = 1,
	LOOP_OUT = 2,
	LOOP_HUP = 4,	/* always reported */
};

/* Returns 0 or -errno. */
int loop_create(struct loop **out);
void loop_free(struct loop *loop);
/* Runs handlers until loop_quit(). */
void loop_run(struct loop *loop);
/* Any thread. */
void loop_quit(struct loop *loop);

/*
 * Sources belong to whoever added them until loop_remove(), also after a
 * one-shot timer has fired or an fd was closed; those left at loop_free() are freed with the loop.
 */

/* Calls @fn on the loop's thread while @fd is ready.  The fd stays the caller's.  NULL on ENOMEM. */
struct loop_source *loop_add_fd(struct loop *loop, int fd, unsigned int events,
				void (*fn)(void *opaque, unsigned int events), void *opaque);
void loop_mod_fd(struct loop_source *src, unsigned int events);
/* One-shot or periodic (@period_ns != 0) timer on CLOCK_MONOTONIC. */
struct loop_source *loop_add_timer(struct loop *loop, u64 delay_ns, u64 period_ns,
				   void (*fn)(void *opaque), void *opaque);
/* No handler of @src runs after this returns when called on the loop's thread. */
void loop_remove(struct loop_source *src);
/* Run @fn once on the loop's thread.  Any thread. */
void loop_call(struct loop *loop, void (*fn)(void *opaque), void *opaque);
/* Forgets the queued loop_call()s of @fn with @opaque; on the loop's thread: none runs after this. */
void loop_uncall(struct loop *loop, void (*fn)(void *opaque), void *opaque);
/* As loop_call(); returns when @fn has run (direct call on the loop's own thread). */
void loop_call_wait(struct loop *loop, void (*fn)(void *opaque), void *opaque);

#endif
