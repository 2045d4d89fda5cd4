/* SPDX-License-Identifier: GPL-2.0-only */
/* The main loop, the pool, and the terminal on a pseudo-terminal and on pipes. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "vmm/host/loop.h"
#include "vmm/host/pool.h"
#include "vmm/host/tty.h"

/* A busy machine may stop the test at any time: no time here is a lower bound of what was done. */

static u64 now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ULL + ts.tv_nsec / 1000;
}

static u64 now_ms(void)
{
	return now_us() / 1000;
}

struct fix {
	struct loop *loop;
	struct loop_source *src;
	int fd[2];
	unsigned int n;
	unsigned int events;
	/* Of tick_quit(): */
	u64 at[16];		/* in us */
	unsigned int until;
};

static int setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));

	assert_int_equal(loop_create(&f->loop), 0);
	assert_int_equal(pipe2(f->fd, O_NONBLOCK), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fix *f = *state;

	loop_free(f->loop);
	close(f->fd[0]);
	close(f->fd[1]);
	free(f);
	return 0;
}

static void quit(void *opaque)
{
	loop_quit(((struct fix *)opaque)->loop);
}

/* Runs the loop for @ms. */
static void run_for(struct fix *f, unsigned int ms)
{
	struct loop_source *t = loop_add_timer(f->loop, ms * 1000000ULL, 0, quit, f);

	loop_run(f->loop);
	loop_remove(t);
}

/* Runs the loop until nothing counts any more: each round sees all that is ready. */
static void run_idle(struct fix *f)
{
	unsigned int n;

	do {
		n = f->n;
		run_for(f, 1);
	} while (f->n != n);
}

static void on_fd(void *opaque, unsigned int events)
{
	struct fix *f = opaque;
	char c;

	f->events |= events;
	if (events & LOOP_IN)
		f->n += read(f->fd[0], &c, 1) == 1;
	if (events & LOOP_HUP) {
		loop_remove(f->src);
		f->src = NULL;
	}
}

static void test_fd(void **state)
{
	struct fix *f = *state;

	f->src = loop_add_fd(f->loop, f->fd[0], LOOP_IN, on_fd, f);
	run_idle(f);
	assert_int_equal(f->n, 0);
	assert_int_equal(write(f->fd[1], "abc", 3), 3);
	run_idle(f);
	assert_int_equal(f->n, 3);
	loop_mod_fd(f->src, 0);
	assert_int_equal(write(f->fd[1], "de", 2), 2);
	run_idle(f);
	assert_int_equal(f->n, 3);
	loop_mod_fd(f->src, LOOP_IN);
	run_idle(f);
	assert_int_equal(f->n, 5);
	assert_int_equal(f->events, LOOP_IN);
	close(f->fd[1]);
	run_idle(f);
	assert_true(f->events & LOOP_HUP);
	assert_null(f->src);
}

static void tick(void *opaque)
{
	((struct fix *)opaque)->n++;
}

/* Notes the time, and ends the loop with the last tick that is wanted. */
static void tick_quit(void *opaque)
{
	struct fix *f = opaque;

	if (f->n < ARM_ARRAY_SIZE(f->at))
		f->at[f->n] = now_us();
	if (++f->n == f->until)
		loop_quit(f->loop);
}

static void test_timers(void **state)
{
	struct fix *f = *state;
	struct loop_source *once, *never;
	u64 start = now_us();

	f->until = 1;
	once = loop_add_timer(f->loop, 20000000, 0, tick_quit, f);
	never = loop_add_timer(f->loop, 5000000, 0, tick_quit, f);
	loop_remove(never);
	loop_run(f->loop);
	assert_true(f->at[0] - start >= 20000);
	run_for(f, 40);
	assert_int_equal(f->n, 1);
	loop_remove(once);
	/* Its time comes before the loop's: removed, it does not run even when it is due. */
	never = loop_add_timer(f->loop, 0, 0, tick_quit, f);
	loop_remove(never);
	run_for(f, 10);
	assert_int_equal(f->n, 1);
}

/* Ticks keep to the grid: never early, and the best of them not a period late. */
static void test_periodic(void **state)
{
	struct fix *f = *state;
	struct loop_source *often;
	u64 start = now_us(), best = ~0ULL;
	unsigned int i;

	f->until = ARM_ARRAY_SIZE(f->at);
	often = loop_add_timer(f->loop, 0, 5000000, tick_quit, f);
	loop_run(f->loop);
	assert_int_equal(f->n, f->until);
	for (i = 0; i < f->n; i++) {
		assert_true(f->at[i] - start >= i * 5000ULL);
		if (i && f->at[i] - f->at[i - 1] < best)
			best = f->at[i] - f->at[i - 1];
	}
	assert_true(best < 10000);
	loop_remove(often);
	run_for(f, 10);
	assert_int_equal(f->n, f->until);
}

static void *caller(void *arg)
{
	struct fix *f = arg;
	int i;

	for (i = 0; i < 2000; i++)
		loop_call(f->loop, tick, f);
	for (i = 0; i < 200; i++)
		loop_call_wait(f->loop, tick, f);
	loop_quit(f->loop);
	return NULL;
}

static void test_calls(void **state)
{
	struct fix *f = *state;
	pthread_t t;

	assert_int_equal(pthread_create(&t, NULL, caller, f), 0);
	loop_run(f->loop);
	pthread_join(t, NULL);
	assert_int_equal(f->n, 2200);
	/* On the loop's own thread: at once. */
	loop_call_wait(f->loop, tick, f);
	assert_int_equal(f->n, 2201);
	loop_call(f->loop, tick, f);
	loop_call(f->loop, quit, f);
	loop_call(f->loop, tick, f);
	loop_uncall(f->loop, tick, f);
	loop_run(f->loop);
	assert_int_equal(f->n, 2201);
}

static void again(void *opaque)
{
	struct fix *f = opaque;

	if (f->n++ < 100000)
		loop_call(f->loop, again, f);
}

/* A call that queues itself does not keep timers from running. */
static void test_fair(void **state)
{
	struct fix *f = *state;

	loop_call(f->loop, again, f);
	while (f->n < 2)
		run_for(f, 2);
	assert_in_range(f->n, 2, 100000);
	loop_uncall(f->loop, again, f);
}

struct job {
	struct pool_job job;
	unsigned int *ran, *cancelled;
	int gate;
};

static void job_run(struct pool_job *job)
{
	struct job *j = (struct job *)job;
	char c;

	if (j->gate >= 0 && read(j->gate, &c, 1) != 1)
		abort();
	__atomic_fetch_add(j->ran, 1, __ATOMIC_RELAXED);
}

static void job_cancel(struct pool_job *job)
{
	(*((struct job *)job)->cancelled)++;
}

static void test_pool(void **state)
{
	struct job jobs[100];
	unsigned int ran = 0, cancelled = 0, i;
	struct pool *pool;
	int gate[2];

	(void)state;
	assert_int_equal(pipe(gate), 0);
	assert_int_equal(pool_create("test", 2, &pool), 0);
	for (i = 0; i < 100; i++) {
		jobs[i] = (struct job){
			.job = { .run = job_run, .cancel = job_cancel },
			.ran = &ran, .cancelled = &cancelled, .gate = i < 2 ? gate[0] : -1,
		};
		pool_submit(pool, &jobs[i].job);
	}
	/* The two threads are held by the first two jobs, or will be. */
	pool_cancel(pool);
	assert_true(cancelled >= 98);
	assert_int_equal(write(gate[1], "ab", 2), 2);
	for (i = 2; i < 100; i++) {
		jobs[i].gate = -1;
		pool_submit(pool, &jobs[i].job);
	}
	pool_free(pool);
	assert_int_equal(ran + cancelled, 198);
	close(gate[0]);
	close(gate[1]);
}

/* What the guest would have got. */
struct sink {
	u8 buf[8192];
	size_t len;
	size_t room;
	bool quit;
};

static size_t sink_can(void *opaque)
{
	return ((struct sink *)opaque)->room;
}

static void sink_receive(void *opaque, const u8 *buf, size_t len)
{
	struct sink *s = opaque;

	assert_true(len <= s->room && s->len + len <= sizeof(s->buf));
	memcpy(s->buf + s->len, buf, len);
	s->len += len;
	s->room -= len;
}

static void sink_quit(void *opaque)
{
	((struct sink *)opaque)->quit = true;
}

/*
 * Runs the loop until @len bytes came, and then some, for bytes that should not
 * come: the kernel passes them through a terminal in its own time.
 */
static void run_until(struct fix *f, const struct sink *s, size_t len)
{
	u64 limit = now_ms() + 20000;

	while (s->len < len && now_ms() < limit)
		run_for(f, 5);
	run_for(f, 20);
	assert_int_equal(s->len, len);
}

static struct chardev *tty_on(struct fix *f, int in, int out, struct sink *s)
{
	struct tty_config cfg = { .in_fd = in, .out_fd = out, .quit = sink_quit, .opaque = s };
	struct chardev *c;

	memset(s, 0, sizeof(*s));
	s->room = 4096;
	assert_int_equal(chardev_tty_create(f->loop, &cfg, &c), 0);
	c->fe = (struct chardev_frontend){ sink_can, sink_receive, s };
	return c;
}

/* Reads until @text was there; @buf has room for a 0. */
static void read_until(int fd, char *buf, size_t size, const char *text)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t n = 0;
	ssize_t got;

	buf[0] = 0;
	while (!strstr(buf, text)) {
		assert_int_equal(poll(&p, 1, 20000), 1);
		got = read(fd, buf + n, size - 1 - n);
		assert_true(got > 0);
		n += got;
		buf[n] = 0;
	}
}

static void test_tty(void **state)
{
	struct fix *f = *state;
	struct termios before, raw, after;
	char buf[256];
	struct chardev *c, *second;
	struct sink s;
	struct tty_config cfg = { .out_fd = 1 };
	int master, slave;
	size_t n;

	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	assert_int_equal(tcgetattr(slave, &before), 0);
	c = tty_on(f, slave, slave, &s);
	assert_int_equal(tcgetattr(slave, &raw), 0);
	assert_int_equal(raw.c_lflag & (ICANON | ECHO | ISIG), 0);
	assert_int_equal(fcntl(slave, F_GETFL) & O_NONBLOCK, 0);
	cfg.in_fd = slave;
	assert_int_equal(chardev_tty_create(f->loop, &cfg, &second), -EBUSY);

	assert_int_equal(write(master, "ls\r\x03\x01\x01" "\x01" "a\x01z.", 11), 11);
	run_until(f, &s, 7);
	assert_memory_equal(s.buf, "ls\r\x03\x01\x01.", 7);
	assert_false(s.quit);
	/* Help, then output. */
	assert_int_equal(write(master, "\x01h!", 3), 3);
	run_until(f, &s, 8);
	assert_int_equal(chardev_write(c, "hello\n", 6), 6);
	read_until(master, buf, sizeof(buf), "hello\r\n");
	assert_non_null(strstr(buf, "Ctrl-A x"));
	/* A guest that does not listen cannot keep the user from leaving. */
	s.room = 0;
	for (n = 0; n < 100; n++) {
		assert_int_equal(write(master, buf, 100), 100);
		run_for(f, 1);
	}
	assert_int_equal(write(master, "\x01x", 2), 2);
	for (n = 0; n < 2000 && !s.quit; n++)
		run_for(f, 10);
	assert_true(s.quit);
	chardev_free(c);
	assert_int_equal(tcgetattr(slave, &after), 0);
	assert_memory_equal(&before.c_lflag, &after.c_lflag, sizeof(after.c_lflag));
	assert_memory_equal(&before.c_iflag, &after.c_iflag, sizeof(after.c_iflag));
	tty_restore();
	close(master);
	close(slave);
}

/* The terminal is put back when the process dies. */
static void tty_dies(void **state, int sig)
{
	struct fix *f = *state;
	struct termios before, t;
	int master, slave, status;
	struct sink s;
	pid_t pid;

	(void)f;
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	assert_int_equal(tcgetattr(slave, &before), 0);
	pid = fork();
	if (!pid) {
		signal(sig ? sig : SIGTERM, SIG_DFL);
		tty_on(f, slave, slave, &s);
		if (!tcgetattr(slave, &t) && (t.c_lflag & ICANON))
			_exit(3);
		if (sig)
			raise(sig);
		exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (sig)
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == sig);
	else
		assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	assert_int_equal(tcgetattr(slave, &t), 0);
	assert_int_equal(t.c_lflag, before.c_lflag);
	close(master);
	close(slave);
}

static void test_tty_exit(void **state)
{
	tty_dies(state, 0);
}

static void test_tty_term(void **state)
{
	tty_dies(state, SIGTERM);
}

static void test_tty_abort(void **state)
{
	tty_dies(state, SIGABRT);
}

/* Pipes: no escapes, no loss, the end of input is no end. */
static void test_pipes(void **state)
{
	struct fix *f = *state;
	char big[6000], buf[64];
	struct chardev *c;
	struct sink s;
	int out[2];
	size_t i;

	assert_int_equal(pipe(out), 0);
	for (i = 0; i < sizeof(big); i++)
		big[i] = i % 251;
	c = tty_on(f, f->fd[0], out[1], &s);
	assert_int_equal(write(f->fd[1], big, sizeof(big)), sizeof(big));
	close(f->fd[1]);
	f->fd[1] = -1;
	run_until(f, &s, 4096);
	s.room = 4096;
	chardev_poke(c);
	run_until(f, &s, sizeof(big));
	assert_memory_equal(s.buf, big, sizeof(big));
	assert_false(s.quit);
	assert_int_equal(chardev_write(c, "still here", 10), 10);
	read_until(out[0], buf, sizeof(buf), "still here");
	chardev_free(c);
	close(out[0]);
	close(out[1]);
}

/* Nobody reads: the buffer is bounded, writers do not wait, and the end comes in time. */
static void test_output_bounded(void **state)
{
	struct fix *f = *state;
	char block[4096] = { 0 };
	struct chardev *c;
	struct sink s;
	size_t taken = 0;
	unsigned int i;
	int out[2];
	u64 t;

	assert_int_equal(pipe(out), 0);
	/* An fd of its own, never closed: the writer that is stuck on it is left behind. */
	c = tty_on(f, -1, dup(out[1]), &s);
	t = now_ms();
	for (i = 0; i < 1000; i++)
		taken += chardev_write(c, block, sizeof(block));
	assert_true(now_ms() - t < 1000);
	assert_true(taken < 1 << 20);
	t = now_ms();
	chardev_free(c);
	assert_true(now_ms() - t < 3000);
	/* A reader that has gone: everything is swallowed. */
	close(out[0]);
	c = tty_on(f, -1, out[1], &s);
	t = now_ms();
	/* more than any buffer, in one go */
	for (taken = 0; taken < 1 << 20;) {
		if (chardev_write(c, block, sizeof(block)) == sizeof(block)) {
			taken += sizeof(block);
			continue;
		}
		taken = 0;
		assert_true(now_ms() - t < 20000);
		usleep(1000);
	}
	chardev_free(c);
	close(out[1]);
}

static void test_file(void **state)
{
	char path[] = "/tmp/test_chardev.XXXXXX", buf[32] = "";
	struct chardev *c;
	char *err = NULL;
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(chardev_file_create(path, &c, NULL), 0);
	assert_int_equal(chardev_write(c, "one ", 4), 4);
	chardev_free(c);
	assert_int_equal(chardev_file_create(path, &c, NULL), 0);
	assert_int_equal(chardev_write(c, "two", 3), 3);
	chardev_free(c);
	assert_int_equal(read(fd, buf, sizeof(buf)), 7);
	assert_string_equal(buf, "one two");
	close(fd);
	unlink(path);
	assert_int_equal(chardev_file_create("/no/such/dir/log", &c, &err), -ENOENT);
	assert_non_null(strstr(err, "/no/such/dir/log"));
	free(err);
	/* A full disk swallows output; the guest goes on. */
	assert_int_equal(chardev_file_create("/dev/full", &c, NULL), 0);
	assert_int_equal(chardev_write(c, "lost", 4), 4);
	assert_int_equal(chardev_write(c, "lost", 4), 4);
	chardev_free(c);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_fd), T(test_timers), T(test_periodic), T(test_calls), T(test_fair), T(test_pool), T(test_tty),
		T(test_tty_exit), T(test_tty_term), T(test_tty_abort), T(test_pipes),
		T(test_output_bounded), T(test_file),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
