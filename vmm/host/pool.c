/* SPDX-License-Identifier: GPL-2.0-only */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "vmm/host/pool.h"

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t work;
	/* Under the lock: */
	struct pool_job *head;
	struct pool_job **tail;
	unsigned int sleeping;
	bool ending;
	/* Constant: */
	unsigned int nr_threads;
	pthread_t threads[];
};

static void *pool_thread(void *arg)
{
	struct pool *pool = arg;
	struct pool_job *job;

	pthread_mutex_lock(&pool->lock);
	for (;;) {
		job = pool->head;
		if (!job) {
			if (pool->ending)
				break;
			pool->sleeping++;
			pthread_cond_wait(&pool->work, &pool->lock);
			pool->sleeping--;
			continue;
		}
		pool->head = job->next;
		if (!pool->head)
			pool->tail = &pool->head;
		pthread_mutex_unlock(&pool->lock);
		job->run(job);
		pthread_mutex_lock(&pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* The pool's threads take no signals: those are for the loop's and the vCPUs'. */
static int thread_start(struct pool *pool, const char *name, unsigned int i)
{
	sigset_t all, old;
	char full[16];
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = -pthread_create(&pool->threads[i], NULL, pool_thread, pool);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret)
		return ret;
	snprintf(full, sizeof(full), "%.12s/%u", name, i % 100);
	pthread_setname_np(pool->threads[i], full);
	pool->nr_threads++;
	return 0;
}

int pool_create(const char *name, unsigned int nr_threads, struct pool **out)
{
	struct pool *pool;
	unsigned int i;
	int ret;

	pool = calloc(1, sizeof(*pool) + nr_threads * sizeof(pool->threads[0]));
	if (!pool)
		return -ENOMEM;
	pool->tail = &pool->head;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	for (i = 0; i < nr_threads; i++) {
		ret = thread_start(pool, name, i);
		if (ret) {
			pool_free(pool);
			return ret;
		}
	}
	*out = pool;
	return 0;
}

void pool_free(struct pool *pool)
{
	unsigned int i;

	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->ending = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	for (i = 0; i < pool->nr_threads; i++)
		pthread_join(pool->threads[i], NULL);
	pthread_cond_destroy(&pool->work);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

void pool_submit(struct pool *pool, struct pool_job *job)
{
	bool wake;

	job->next = NULL;
	pthread_mutex_lock(&pool->lock);
	*pool->tail = job;
	pool->tail = &job->next;
	wake = pool->sleeping;
	pthread_mutex_unlock(&pool->lock);
	if (wake)
		pthread_cond_signal(&pool->work);
}

void pool_cancel(struct pool *pool)
{
	struct pool_job *job, *next;

	pthread_mutex_lock(&pool->lock);
	job = pool->head;
	pool->head = NULL;
	pool->tail = &pool->head;
	pthread_mutex_unlock(&pool->lock);
	for (; job; job = next) {
		next = job->next;
		job->cancel(job);
	}
}
