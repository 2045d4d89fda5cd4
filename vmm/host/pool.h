/* SPDX-License-Identifier: GPL-2.0-only */
/* A few named threads that run blocking jobs in the order of submission. */
#ifndef VMM_HOST_POOL_H
#define VMM_HOST_POOL_H

#include "arm/base.h"

struct pool;

/* Embedded in what it works on; the pool never touches it once run() or cancel() is called. */
struct pool_job {
	struct pool_job *next;
	void (*run)(struct pool_job *job);	/* on a pool thread; may free the job */
	void (*cancel)(struct pool_job *job);	/* by pool_cancel(), on its thread */
};

/* @name: at most 12 characters, the threads are name/0, name/1, ... */
int pool_create(const char *name, unsigned int nr_threads, struct pool **out);
/* Runs what is queued, then ends the threads. */
void pool_free(struct pool *pool);
/* Any thread; never blocks long, never fails. */
void pool_submit(struct pool *pool, struct pool_job *job);
/* Cancels all jobs that have not begun. */
void pool_cancel(struct pool *pool);

#endif
