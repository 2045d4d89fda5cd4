/* SPDX-License-Identifier: GPL-2.0-only */
#include <glib.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vmm/host/loop.h"
#include "vmm/host/loop_glib.h"

/*
 * A GSource and what it calls.  GLib allocates it and keeps it while it is
 * dispatched, so that a handler may remove its own source.
 */
struct loop_source {
	GSource base;
	gpointer tag;		/* of the fd; NULL for a timer */
	void (*fd_fn)(void *opaque, unsigned int events);
	void (*timer_fn)(void *opaque);
	void *opaque;
	u64 period_us;
	struct loop *loop;
	/* Under loop->lock: */
	struct loop_source *next, **pprev;
};

struct loop_wait {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool done;
};

struct loop_call {
	struct loop_call *next;
	void (*fn)(void *opaque);
	void *opaque;
	struct loop_wait *wait;
};

struct loop {
	GMainContext *ctx;
	int event;			/* wakes the loop for calls and quit */
	struct loop_source *event_src;
	pthread_mutex_t lock;
	/* Under the lock: */
	pthread_t thread;
	struct loop_call *calls, **calls_tail;
	struct loop_source *sources;
	bool quit;
};

GMainContext *loop_context(struct loop *loop)
{
	return loop->ctx;
}

static bool loop_is_mine(struct loop *loop)
{
	bool mine;

	pthread_mutex_lock(&loop->lock);
	mine = pthread_equal(loop->thread, pthread_self());
	pthread_mutex_unlock(&loop->lock);
	return mine;
}

static void loop_wake(struct loop *loop)
{
	u64 one = 1;

	/* Fails only when the counter is full, and then the loop is awake. */
	if (write(loop->event, &one, sizeof(one)) < 0)
		return;
}

static GIOCondition to_glib(unsigned int events)
{
	return (events & LOOP_IN ? G_IO_IN : 0) | (events & LOOP_OUT ? G_IO_OUT : 0) | G_IO_HUP |
	       G_IO_ERR;
}

static unsigned int from_glib(GIOCondition c)
{
	return (c & G_IO_IN ? LOOP_IN : 0) | (c & G_IO_OUT ? LOOP_OUT : 0) |
	       (c & (G_IO_HUP | G_IO_ERR | G_IO_NVAL) ? LOOP_HUP : 0);
}

static gboolean source_dispatch(GSource *base, GSourceFunc callback, gpointer user)
{
	struct loop_source *src = (struct loop_source *)base;
	u64 next, now;

	(void)callback;
	(void)user;
	if (src->tag) {
		src->fd_fn(src->opaque, from_glib(g_source_query_unix_fd(base, src->tag)));
		return G_SOURCE_CONTINUE;
	}
	if (src->period_us) {
		/* On the grid, but late ticks are not made up for. */
		next = g_source_get_ready_time(base) + src->period_us;
		now = g_get_monotonic_time();
		g_source_set_ready_time(base, next > now ? next : now + src->period_us);
	} else {
		g_source_set_ready_time(base, -1);
	}
	src->timer_fn(src->opaque);
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = { .dispatch = source_dispatch };

static struct loop_source *source_new(struct loop *loop, void *opaque)
{
	struct loop_source *src = (struct loop_source *)g_source_new(&source_funcs, sizeof(*src));

	src->opaque = opaque;
	src->loop = loop;
	return src;
}

static void source_attach(struct loop_source *src)
{
	struct loop *loop = src->loop;

	pthread_mutex_lock(&loop->lock);
	src->next = loop->sources;
	if (src->next)
		src->next->pprev = &src->next;
	src->pprev = &loop->sources;
	loop->sources = src;
	pthread_mutex_unlock(&loop->lock);
	g_source_attach(&src->base, loop->ctx);
}

struct loop_source *loop_add_fd(struct loop *loop, int fd, unsigned int events,
				void (*fn)(void *opaque, unsigned int events), void *opaque)
{
	struct loop_source *src = source_new(loop, opaque);

	src->fd_fn = fn;
	src->tag = g_source_add_unix_fd(&src->base, fd, to_glib(events));
	source_attach(src);
	return src;
}

void loop_mod_fd(struct loop_source *src, unsigned int events)
{
	g_source_modify_unix_fd(&src->base, src->tag, to_glib(events));
}

struct loop_source *loop_add_timer(struct loop *loop, u64 delay_ns, u64 period_ns,
				   void (*fn)(void *opaque), void *opaque)
{
	struct loop_source *src = source_new(loop, opaque);

	src->timer_fn = fn;
	/* GLib counts microseconds; a timer must not fire early, nor a period be 0. */
	src->period_us = period_ns / 1000 + (period_ns % 1000 != 0);
	g_source_set_ready_time(&src->base,
				g_get_monotonic_time() + delay_ns / 1000 + (delay_ns % 1000 != 0));
	source_attach(src);
	return src;
}

void loop_remove(struct loop_source *src)
{
	if (!src)
		return;
	pthread_mutex_lock(&src->loop->lock);
	*src->pprev = src->next;
	if (src->next)
		src->next->pprev = src->pprev;
	pthread_mutex_unlock(&src->loop->lock);
	g_source_destroy(&src->base);
	g_source_unref(&src->base);
}

static void call_queue(struct loop *loop, struct loop_call *call)
{
	bool first;

	pthread_mutex_lock(&loop->lock);
	first = !loop->calls;
	*loop->calls_tail = call;
	loop->calls_tail = &call->next;
	pthread_mutex_unlock(&loop->lock);
	if (first)
		loop_wake(loop);
}

static struct loop_call *call_take(struct loop *loop)
{
	struct loop_call *call;

	pthread_mutex_lock(&loop->lock);
	call = loop->calls;
	if (call) {
		loop->calls = call->next;
		if (!call->next)
			loop->calls_tail = &loop->calls;
	}
	pthread_mutex_unlock(&loop->lock);
	return call;
}

static void call_done(struct loop_call *call)
{
	struct loop_wait *w = call->wait;

	free(call);
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->done = true;
	pthread_cond_signal(&w->cond);
	pthread_mutex_unlock(&w->lock);
}

/*
 * Runs the calls queued up to now and leaves those that they queue for the
 * next round, so that descriptors and timers get their turn.
 */
static void run_calls(struct loop *loop)
{
	struct loop_call *call, *last;
	bool more = true;

	pthread_mutex_lock(&loop->lock);
	last = loop->calls ? (struct loop_call *)((char *)loop->calls_tail -
						  offsetof(struct loop_call, next)) : NULL;
	pthread_mutex_unlock(&loop->lock);
	while (last && more) {
		call = call_take(loop);
		if (!call)	/* @last was taken back */
			break;
		more = call != last;
		call->fn(call->opaque);
		call_done(call);
	}
	pthread_mutex_lock(&loop->lock);
	more = loop->calls;
	pthread_mutex_unlock(&loop->lock);
	if (more)
		loop_wake(loop);
}

static void event_ready(void *opaque, unsigned int events)
{
	struct loop *loop = opaque;
	u64 n;

	(void)events;
	if (read(loop->event, &n, sizeof(n)) < 0)
		return;		/* someone woke us for a call that is gone */
	run_calls(loop);
}

void loop_call(struct loop *loop, void (*fn)(void *opaque), void *opaque)
{
	struct loop_call *call = g_new0(struct loop_call, 1);

	call->fn = fn;
	call->opaque = opaque;
	call_queue(loop, call);
}

void loop_uncall(struct loop *loop, void (*fn)(void *opaque), void *opaque)
{
	struct loop_call **p, *call;

	pthread_mutex_lock(&loop->lock);
	for (p = &loop->calls; (call = *p);) {
		if (call->fn == fn && call->opaque == opaque && !call->wait) {
			*p = call->next;
			free(call);
		} else {
			p = &call->next;
		}
	}
	loop->calls_tail = p;
	pthread_mutex_unlock(&loop->lock);
}

void loop_call_wait(struct loop *loop, void (*fn)(void *opaque), void *opaque)
{
	struct loop_wait w = {
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.cond = PTHREAD_COND_INITIALIZER,
	};
	struct loop_call *call;

	if (loop_is_mine(loop)) {
		fn(opaque);
		return;
	}
	call = g_new0(struct loop_call, 1);
	call->fn = fn;
	call->opaque = opaque;
	call->wait = &w;
	call_queue(loop, call);
	pthread_mutex_lock(&w.lock);
	while (!w.done)
		pthread_cond_wait(&w.cond, &w.lock);
	pthread_mutex_unlock(&w.lock);
}

int loop_create(struct loop **out)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return -ENOMEM;
	loop->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->event < 0) {
		int ret = -errno;

		free(loop);
		return ret;
	}
	pthread_mutex_init(&loop->lock, NULL);
	loop->thread = pthread_self();
	loop->calls_tail = &loop->calls;
	loop->ctx = g_main_context_new();
	loop->event_src = loop_add_fd(loop, loop->event, LOOP_IN, event_ready, loop);
	*out = loop;
	return 0;
}

void loop_free(struct loop *loop)
{
	struct loop_call *call;

	if (!loop)
		return;
	while ((call = call_take(loop))) {
		call->fn(call->opaque);
		call_done(call);
	}
	while (loop->sources)
		loop_remove(loop->sources);
	g_main_context_unref(loop->ctx);
	close(loop->event);
	pthread_mutex_destroy(&loop->lock);
	free(loop);
}

static bool loop_ended(struct loop *loop)
{
	bool quit;

	pthread_mutex_lock(&loop->lock);
	quit = loop->quit;
	pthread_mutex_unlock(&loop->lock);
	return quit;
}

void loop_run(struct loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	loop->thread = pthread_self();
	pthread_mutex_unlock(&loop->lock);
	g_main_context_push_thread_default(loop->ctx);
	while (!loop_ended(loop))
		g_main_context_iteration(loop->ctx, TRUE);
	g_main_context_pop_thread_default(loop->ctx);
	pthread_mutex_lock(&loop->lock);
	loop->quit = false;
	pthread_mutex_unlock(&loop->lock);
}

void loop_quit(struct loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	loop->quit = true;
	pthread_mutex_unlock(&loop->lock);
	loop_wake(loop);
}
