/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The user's terminal as a chardev.
 *
 * The terminal is shared with the shell and with whatever else runs on it, so
 * that O_NONBLOCK must not be set on it.  Input is read only when poll() says
 * that there is some; output goes through a buffer to a thread that may block.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "vmm/host/loop.h"
#include "vmm/host/tty.h"
#include "vmm/host/tty_raw.h"

#define OUT_SIZE (256u << 10)
#define OUT_CHUNK 4096u
#define IN_SIZE 4096u
#define CTRL_A 1
#define FLUSH_SECONDS 1
#define BACKGROUND_NS 500000000

struct tty {
	struct chardev base;
	struct loop *loop;
	struct tty_config cfg;
	bool raw;			/* input is a terminal, which is ours */
	/* The loop's thread only: */
	struct loop_source *in_src;	/* NULL while not reading */
	struct loop_source *background;	/* looks whether we came to the foreground */
	bool in_eof;
	bool escape;			/* the last byte was Ctrl-A */
	u8 in[IN_SIZE];
	size_t in_len;
	/* Output: */
	pthread_t writer;
	pthread_mutex_t lock;
	pthread_cond_t cond;		/* something to write, all written, or the end */
	/* Under the lock: */
	u8 out[OUT_SIZE];
	size_t out_pos, out_len;
	bool out_dead;			/* nobody will ever read */
	bool ending;
	bool abandoned;			/* the writer owns this struct */
};

static void input_ready(void *opaque, unsigned int events);

static void tty_destroy(struct tty *tty)
{
	pthread_cond_destroy(&tty->cond);
	pthread_mutex_destroy(&tty->lock);
	free(tty);
}

/* One write(2) of what is at the front; the lock is held but not meanwhile. */
static void writer_step(struct tty *tty)
{
	size_t len = OUT_SIZE - tty->out_pos;
	u8 buf[OUT_CHUNK];
	ssize_t n;
	int error;

	len = len < tty->out_len ? len : tty->out_len;
	len = len < OUT_CHUNK ? len : OUT_CHUNK;
	memcpy(buf, tty->out + tty->out_pos, len);
	pthread_mutex_unlock(&tty->lock);
	n = write(tty->cfg.out_fd, buf, len);
	error = n < 0 ? errno : 0;
	if (error == EAGAIN) {	/* another program's O_NONBLOCK */
		struct pollfd p = { .fd = tty->cfg.out_fd, .events = POLLOUT };

		poll(&p, 1, 100);
	}
	pthread_mutex_lock(&tty->lock);
	if (n >= 0) {
		tty->out_pos = (tty->out_pos + n) % OUT_SIZE;
		tty->out_len -= n;
	} else if (error != EAGAIN && error != EINTR) {
		tty->out_dead = true;
		tty->out_len = 0;
	}
}

static void *writer_thread(void *arg)
{
	struct tty *tty = arg;
	bool abandoned;

	pthread_mutex_lock(&tty->lock);
	for (;;) {
		while (!tty->out_len && !tty->ending)
			pthread_cond_wait(&tty->cond, &tty->lock);
		if (!tty->out_len || tty->abandoned)
			break;
		writer_step(tty);
		if (!tty->out_len)
			pthread_cond_broadcast(&tty->cond);
	}
	abandoned = tty->abandoned;
	pthread_mutex_unlock(&tty->lock);
	if (abandoned)
		tty_destroy(tty);
	return NULL;
}

static size_t tty_write(struct chardev *c, const void *buf, size_t len)
{
	struct tty *tty = (struct tty *)c;
	size_t i, pos;
	bool wake;

	pthread_mutex_lock(&tty->lock);
	if (tty->out_dead) {
		pthread_mutex_unlock(&tty->lock);
		return len;
	}
	if (len > OUT_SIZE - tty->out_len)
		len = OUT_SIZE - tty->out_len;
	pos = (tty->out_pos + tty->out_len) % OUT_SIZE;
	for (i = 0; i < len; i++)
		tty->out[(pos + i) % OUT_SIZE] = ((const u8 *)buf)[i];
	wake = !tty->out_len;
	tty->out_len += len;
	if (wake && len)
		pthread_cond_broadcast(&tty->cond);
	pthread_mutex_unlock(&tty->lock);
	return len;
}

static void tty_help(struct tty *tty)
{
	static const char text[] = "\r\nCtrl-A x  quit\r\n"
				   "Ctrl-A h  this help\r\n"
				   "Ctrl-A a  send Ctrl-A\r\n";
	static const char more[] = "Ctrl-A s  write a screenshot\r\n";

	tty_write(&tty->base, text, sizeof(text) - 1);
	if (tty->cfg.screenshot)
		tty_write(&tty->base, more, sizeof(more) - 1);
}

/* Takes one typed byte; what belongs to the guest goes to @in. */
static void input_byte(struct tty *tty, u8 b)
{
	if (tty->raw && !tty->cfg.no_escape) {
		if (!tty->escape && b == CTRL_A) {
			tty->escape = true;
			return;
		}
		if (tty->escape) {
			tty->escape = false;
			if (b == 'x' && tty->cfg.quit)
				tty->cfg.quit(tty->cfg.opaque);
			if (b == 's' && tty->cfg.screenshot)
				tty->cfg.screenshot(tty->cfg.opaque);
			if (b == 'h' || b == '?')
				tty_help(tty);
			if (b != CTRL_A && b != 'a')
				return;
			b = CTRL_A;
		}
	}
	/* A guest that does not listen loses what is typed; the escapes go on working. */
	if (tty->in_len < IN_SIZE)
		tty->in[tty->in_len++] = b;
}

/* Hands input to the device as far as it takes it. */
static void input_deliver(struct tty *tty)
{
	struct chardev_frontend *fe = &tty->base.fe;
	size_t n;

	while (tty->in_len && fe->receive) {
		n = fe->can_receive ? fe->can_receive(fe->opaque) : tty->in_len;
		if (!n)
			break;
		n = n < tty->in_len ? n : tty->in_len;
		fe->receive(fe->opaque, tty->in, n);
		tty->in_len -= n;
		memmove(tty->in, tty->in + n, tty->in_len);
	}
}

/*
 * Starts or stops reading.  A pipe or file is left alone while the buffer is
 * full (nothing gets lost); a terminal is always read, for the escapes.
 */
static void input_update(struct tty *tty)
{
	bool want = !tty->in_eof && !tty->background && (tty->raw || tty->in_len < IN_SIZE);

	if (want && !tty->in_src) {
		tty->in_src = loop_add_fd(tty->loop, tty->cfg.in_fd, LOOP_IN, input_ready, tty);
	} else if (!want && tty->in_src) {
		loop_remove(tty->in_src);
		tty->in_src = NULL;
	}
}

static void background_check(void *opaque)
{
	struct tty *tty = opaque;

	if (!tty_raw_foreground(tty->cfg.in_fd))
		return;
	loop_remove(tty->background);
	tty->background = NULL;
	tty_raw_enter();
	input_update(tty);
}

static void input_ready(void *opaque, unsigned int events)
{
	struct tty *tty = opaque;
	u8 buf[IN_SIZE];
	size_t room = tty->raw ? IN_SIZE : IN_SIZE - tty->in_len;
	ssize_t n, i;

	(void)events;
	if (tty->raw && !tty_raw_foreground(tty->cfg.in_fd)) {
		/* Typed for the shell; reading it would stop us. */
		tty->background = loop_add_timer(tty->loop, BACKGROUND_NS, BACKGROUND_NS,
						 background_check, tty);
		input_update(tty);
		return;
	}
	n = read(tty->cfg.in_fd, buf, room);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0)
		tty->in_eof = true;
	for (i = 0; i < n; i++)
		input_byte(tty, buf[i]);
	input_deliver(tty);
	input_update(tty);
}

static void poke_run(void *opaque)
{
	struct tty *tty = opaque;

	input_deliver(tty);
	input_update(tty);
}

/* Never calls back at once: the device may hold its lock. */
static void tty_poke(struct chardev *c)
{
	loop_call(((struct tty *)c)->loop, poke_run, c);
}

/*
 * Lets the writer finish, but not for ever: a terminal may be stopped.  Then
 * the thread, which nothing can wake, is left behind with the struct.
 */
static void writer_stop(struct tty *tty)
{
	struct timespec end;
	int ret = 0;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += FLUSH_SECONDS;
	pthread_mutex_lock(&tty->lock);
	tty->ending = true;
	pthread_cond_broadcast(&tty->cond);
	while (tty->out_len && !ret)
		ret = pthread_cond_timedwait(&tty->cond, &tty->lock, &end);
	if (tty->out_len) {
		tty->abandoned = true;
		pthread_detach(tty->writer);
		pthread_mutex_unlock(&tty->lock);
		return;
	}
	pthread_mutex_unlock(&tty->lock);
	pthread_join(tty->writer, NULL);
	tty_destroy(tty);
}

static void tty_free(struct chardev *c)
{
	struct tty *tty = (struct tty *)c;

	loop_uncall(tty->loop, poke_run, tty);
	loop_remove(tty->in_src);
	loop_remove(tty->background);
	if (tty->raw)
		tty_raw_release();
	writer_stop(tty);
}

static const struct chardev_ops tty_ops = {
	.write = tty_write,
	.free = tty_free,
};

static int writer_start(struct tty *tty)
{
	sigset_t all, old;
	int ret;

	/* Without signals: SIGPIPE becomes EPIPE, and handlers run elsewhere. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = -pthread_create(&tty->writer, NULL, writer_thread, tty);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!ret)
		pthread_setname_np(tty->writer, "tty");
	return ret;
}

int chardev_tty_create(struct loop *loop, const struct tty_config *cfg, struct chardev **out)
{
	struct tty *tty = calloc(1, sizeof(*tty));
	int ret;

	if (!tty)
		return -ENOMEM;
	tty->base.ops = &tty_ops;
	tty->base.poke = tty_poke;
	tty->loop = loop;
	tty->cfg = *cfg;
	pthread_mutex_init(&tty->lock, NULL);
	pthread_cond_init(&tty->cond, NULL);
	if (cfg->in_fd < 0) {
		tty->in_eof = true;
	} else if (isatty(cfg->in_fd)) {
		ret = tty_raw_claim(cfg->in_fd);
		if (ret)
			goto fail;
		tty->raw = true;
		if (tty_raw_foreground(cfg->in_fd))
			tty_raw_enter();
		else
			tty->background = loop_add_timer(loop, BACKGROUND_NS, BACKGROUND_NS,
							 background_check, tty);
	}
	ret = writer_start(tty);
	if (ret)
		goto fail;
	input_update(tty);
	*out = &tty->base;
	return 0;
fail:
	loop_remove(tty->background);
	if (tty->raw)
		tty_raw_release();
	tty_destroy(tty);
	return ret;
}
