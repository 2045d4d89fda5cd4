/* SPDX-License-Identifier: GPL-2.0-only */
/* Batches compressed on several threads.  One thread, the caller's, lists pages and writes to the stream. */
#include <pthread.h>
#include <stdlib.h>

#include "vmm/host/pool.h"
#include "vmm/migrate/ram.h"

/*
 * Pages of one batch: small enough that what is compressed stays in a core's cache and that a short last
 * pass is divided among the threads, large enough to compress well.
 */
#define SEND_PAGES 64
#define SLOTS_PER_THREAD 2

/* A batch on its way: with the caller, a thread of the pool, and the caller again. */
struct slot {
	struct pool_job job;
	struct ram_sender *sender;
	struct slot *next;		/* free, or done */
	struct ram_codec *codec;
	const struct vmstate_ram *ram;
	u64 pages[SEND_PAGES];
	unsigned int n, zero;
	struct bytes_out bytes;
};

struct ram_sender {
	struct stream_out *stream;
	struct pool *pool;
	int level;
	int error;			/* the caller's */
	bool cancelled;			/* atomic */
	struct slot *free;		/* the caller's */
	pthread_mutex_t lock;
	pthread_cond_t some_done;
	struct slot *done;		/* under the lock */
	struct ram_totals totals;	/* under the lock */
	unsigned int slots;
	struct slot slot[];
};

static void slot_run(struct pool_job *job)
{
	struct slot *s = (struct slot *)((char *)job - offsetof(struct slot, job));
	struct ram_sender *r = s->sender;

	s->bytes.len = 0;
	ram_put_batch(s->codec, &s->bytes, s->ram->ipa, s->ram->host, s->pages, s->n, r->level, &s->zero);
	pthread_mutex_lock(&r->lock);
	s->next = r->done;
	r->done = s;
	pthread_cond_signal(&r->some_done);
	pthread_mutex_unlock(&r->lock);
}

int ram_sender_create(struct stream_out *s, unsigned int threads, int level, struct ram_sender **out)
{
	unsigned int n = threads ? threads : RAM_SENDER_THREADS, slots = n * SLOTS_PER_THREAD;
	struct ram_sender *r;
	int ret = 0;

	if (n > RAM_SENDER_THREADS_MAX || level < 0 || level > RAM_LEVEL_MAX)
		return -EINVAL;
	r = calloc(1, sizeof(*r) + slots * sizeof(r->slot[0]));
	if (!r)
		return -ENOMEM;
	r->stream = s;
	r->level = level;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->some_done, NULL);
	for (; r->slots < slots && !ret; r->slots++) {
		struct slot *slot = &r->slot[r->slots];

		ret = ram_codec_create(&slot->codec);
		slot->job.run = slot_run;
		slot->sender = r;
		slot->next = r->free;
		r->free = slot;
	}
	if (!ret)
		ret = pool_create("ram", n, &r->pool);
	if (ret)
		ram_sender_free(r);
	else
		*out = r;
	return ret;
}

void ram_sender_free(struct ram_sender *r)
{
	if (!r)
		return;
	pool_free(r->pool);
	for (unsigned int i = 0; i < r->slots; i++) {
		ram_codec_free(r->slot[i].codec);
		bytes_free(&r->slot[i].bytes);
	}
	pthread_cond_destroy(&r->some_done);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* Where a walk through a bitmap is. */
struct walk {
	const u64 *dirty;
	u64 page, end;
};

static unsigned int next_pages(struct walk *w, u64 *pages)
{
	unsigned int n = 0;
	u64 word;

	while (n < SEND_PAGES && w->page < w->end) {
		word = w->dirty[w->page / 64] >> w->page % 64;
		if (!word) {
			w->page = (w->page | 63) + 1;
			continue;
		}
		w->page += __builtin_ctzll(word);
		if (w->page < w->end)
			pages[n++] = w->page++;
	}
	return n;
}

static void write_slot(struct ram_sender *r, struct slot *s)
{
	if (!r->error && __atomic_load_n(&r->cancelled, __ATOMIC_RELAXED))
		r->error = -ECANCELED;
	if (!r->error)
		r->error = stream_out_section(r->stream, RAM_SECTION, RAM_SECTION_VERSION, &s->bytes);
	if (r->error)
		return;
	pthread_mutex_lock(&r->lock);
	r->totals.pages += s->n;
	r->totals.zero_pages += s->zero;
	r->totals.bytes += s->bytes.len;
	pthread_mutex_unlock(&r->lock);
}

/* Writes what is done; waits until something is. Returns how many slots became free. */
static unsigned int collect_done(struct ram_sender *r)
{
	struct slot *s, *next;
	unsigned int n = 0;

	pthread_mutex_lock(&r->lock);
	while (!r->done)
		pthread_cond_wait(&r->some_done, &r->lock);
	s = r->done;
	r->done = NULL;
	pthread_mutex_unlock(&r->lock);
	for (; s; s = next, n++) {
		next = s->next;
		write_slot(r, s);
		s->next = r->free;
		r->free = s;
	}
	return n;
}

int ram_sender_send(struct ram_sender *r, const struct vmstate_ram *ram, const u64 *dirty)
{
	struct walk w = { .dirty = dirty, .end = ram->size >> RAM_PAGE_SHIFT };
	unsigned int busy = 0;
	bool more = true;
	struct slot *s;

	if (__atomic_load_n(&r->cancelled, __ATOMIC_RELAXED) && !r->error)
		r->error = -ECANCELED;
	while (busy || (more && !r->error)) {
		while (r->free && more && !r->error) {
			s = r->free;
			s->n = next_pages(&w, s->pages);
			more = s->n;
			if (!more)
				break;
			r->free = s->next;
			s->ram = ram;
			pool_submit(r->pool, &s->job);
			busy++;
		}
		if (busy)
			busy -= collect_done(r);
	}
	return r->error;
}

void ram_sender_cancel(struct ram_sender *r)
{
	__atomic_store_n(&r->cancelled, true, __ATOMIC_RELAXED);
}

void ram_sender_totals(struct ram_sender *r, struct ram_totals *out)
{
	pthread_mutex_lock(&r->lock);
	*out = r->totals;
	pthread_mutex_unlock(&r->lock);
}
