/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands that a machine takes, and the socket that they come through. */
#include "tests/unit/dev_rig.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "vmm/control.h"
#include "vmm/host/control_client.h"
#include "vmm/host/control_socket.h"
#include "vmm/host/log.h"
#include "vmm/host/unix_listen.h"
#include "vmm/host/words.h"
#include "vmm/machine/machine.h"
#include "vmm/migrate/live.h"

/* What the commands did, as text. */
static char did[256];

static int key(struct machine *m, unsigned int code, bool down)
{
	(void)m;
	if (code == 999)
		return -EINVAL;
	sprintf(did + strlen(did), "key %u %d;", code, down);
	return 0;
}

static int mouse(struct machine *m, int dx, int dy, int dz, unsigned int buttons)
{
	(void)m;
	sprintf(did + strlen(did), "mouse %d %d %d %u;", dx, dy, dz, buttons);
	return 0;
}

static void power(struct machine *m)
{
	(void)m;
	strcat(did, "power;");
}

static void screenshot(void *opaque)
{
	strcat(did, opaque);
}

static const struct machine_ops all_ops = { .key = key, .mouse = mouse, .power_button = power };
static const struct machine_ops no_ops;

/* @want: what is done, or after an "!" a part of the message. */
static void check(const struct machine_ops *ops, const char *command, const char *want)
{
	struct machine m = { ops };
	const struct control_config cfg = {
		.machine = &m, .screenshot = ops == &all_ops ? screenshot : NULL, .quit = screenshot, .opaque = "host;",
	};
	struct control *c = control_create(&cfg);
	char line[CONTROL_LINE + 1], *err = NULL;
	int ret;

	assert_non_null(c);
	did[0] = 0;
	strcpy(line, command);
	ret = control_run(c, line, -1, NULL, &err);
	if (*want == '!') {
		assert_true(ret < 0);
		assert_non_null(err);
		if (!strstr(err, want + 1))
			fail_msg("%s: %s", command, err);
		want = "";
	} else {
		assert_int_equal(ret, 0);
		assert_null(err);
	}
	assert_string_equal(did, want);
	free(err);
	control_free(c);
}

static void test_commands(void **state)
{
	static const struct {
		const char *command, *want;
	} rows[] = {
		{ "", "" }, { "  \t", "" }, { "key 30", "key 30 1;key 30 0;" }, { " key  30\tdown\r", "key 30 1;" },
		{ "key 30 up", "key 30 0;" }, { "mouse 3 -4", "mouse 3 -4 0 0;" },
		{ "mouse -1000 1000 -1 7", "mouse -1000 1000 -1 7;" }, { "power", "power;" },
		{ "screenshot", "host;" }, { "quit", "host;" },
		{ "key", "!say key" }, { "key 1 2 3", "!say key" }, { "key 30 sideways", "!up or down" },
		{ "key a", "!not a number" }, { "key 30x", "!not a number" }, { "key 999", "!no such key" },
		{ "key 99999999999999999999", "!not a number" }, { "mouse 1", "!say mouse" },
		{ "mouse 1 2 3 8", "!buttons" }, { "mouse 1 2 3 -1", "!buttons" }, { "mouse 1 1001", "!not a number" },
		{ "power off", "!say power" }, { "Key 30", "!unknown" }, { "1 2 3 4 5 6 7 8 9", "!too many" },
		{ "migrate", "!say migrate" }, { "migrate tcp:a:1 fast", "!unknown" },
		{ "migrate tcp:a:1 max-downtime=0", "!max-downtime" }, { "migrate tcp:a:1 max-downtime=1x", "!max-" },
		{ "migrate fd:7", "!has to come with" }, { "migrate tcp:a:1", "!cannot be moved" },
		{ "snapshot load x", "!say snapshot" }, { "snapshot save .x", "!no name" },
		{ "snapshot save x later", "!say snapshot" }, { "pause", "!no machine" },
		{ "status now", "!say status" },
	};

	(void)state;
	for (size_t i = 0; i < ARM_ARRAY_SIZE(rows); i++)
		check(&all_ops, rows[i].command, rows[i].want);
	check(&no_ops, "key 30", "!no keyboard");
	check(&no_ops, "mouse 1 1", "!no mouse");
	check(&no_ops, "power", "!no power button");
	check(&no_ops, "screenshot", "!--screenshot");
}

/* ---- the socket: a thread turns the loop, the test is a client ---- */

struct server {
	struct loop *loop;
	pthread_t thread;
	struct control_socket *socket;
	struct control_request *held;	/* by "hold" */
	unsigned int hangups;
	int fd;				/* that came with "fd" */
	char dir[32], path[64];
};

static void on_hangup(void *opaque)
{
	struct server *s = opaque;

	control_answer(s->held, -ECANCELED, "too late to be told");
	__atomic_fetch_add(&s->hangups, 1, __ATOMIC_SEQ_CST);
}

static void on_command(void *opaque, struct control_request *req, char *line, int fd)
{
	struct server *s = opaque;

	s->fd = fd;
	if (!strcmp(line, "hold")) {
		control_on_hangup(req, on_hangup, s);
		__atomic_store_n(&s->held, req, __ATOMIC_SEQ_CST);
	} else if (!strcmp(line, "noise")) {
		for (int i = 0; i < 10000; i++)
			control_progress(req, "one of ten thousand");
		control_answer(req, 0, "quiet");
	} else if (!strcmp(line, "long")) {
		char *text = malloc(100001);

		memset(text, '\n', 100000);
		text[100000] = 0;
		control_answer(req, 0, text);
		free(text);
	} else {
		control_progress(req, "a\tb");
		control_answer(req, !strcmp(line, "fail") ? -EINVAL : 0, line);
	}
}

static void *turn(void *opaque)
{
	loop_run(opaque);
	return NULL;
}

static void server_start(struct server *s)
{
	char *err = NULL;

	*s = (struct server){ .dir = "/tmp/test_control.XXXXXX", .fd = -1 };
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->path, sizeof(s->path), "%s/sock", s->dir);
	assert_int_equal(loop_create(&s->loop), 0);
	assert_int_equal(control_socket_create(s->loop, s->path, "--control", on_command, s, &s->socket, &err), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, turn, s->loop), 0);
}

static void server_stop(struct server *s)
{
	if (s->loop) {
		loop_quit(s->loop);
		pthread_join(s->thread, NULL);
		control_socket_free(s->socket);
		loop_free(s->loop);
	}
	assert_int_equal(access(s->path, F_OK), -1);
	assert_int_equal(rmdir(s->dir), 0);
}

static int dial(struct server *s)
{
	int fd = unix_connect(s->path);

	assert_true(fd >= 0);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Reads until it has @want, or the end. */
static void hear(int fd, const char *want)
{
	char got[1024] = "";
	size_t n = 0;
	ssize_t r = 1;

	while (n < strlen(want) && r > 0) {
		r = recv(fd, got + n, strlen(want) - n, 0);
		n += r > 0 ? r : 0;
		got[n] = 0;
	}
	assert_string_equal(got, want);
}

static void test_lines(void **state)
{
	char text[CONTROL_LINE + 3];
	struct server s;
	struct stat st;
	int a, b;

	(void)state;
	server_start(&s);
	assert_int_equal(lstat(s.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	a = dial(&s);
	b = dial(&s);
	/* Lines come in pieces, and several at once; answers in their order. */
	say(a, "on");
	say(b, "fail\n");
	hear(b, "progress a?b\nerror fail\n");
	say(a, "e\ntwo\n\nfo");
	hear(a, "progress a?b\nok one\nprogress a?b\nok two\nprogress a?b\nok\n");
	say(a, "ur\n");
	hear(a, "progress a?b\nok four\n");
	/* The longest line, and one more character. */
	memset(text, 'x', sizeof(text));
	strcpy(text + CONTROL_LINE, "\n");
	say(b, text);
	strcpy(text + CONTROL_LINE, "");
	hear(b, "progress a?b\nok x");
	close(b);
	memcpy(text + CONTROL_LINE, "x\n", 3);
	say(a, text);
	hear(a, "error the line is too long\n");
	say(a, "next\n");
	hear(a, "progress a?b\nok next\n");
	/* It closes one direction, and still gets its answer, and then the end. */
	say(a, "last\n");
	shutdown(a, SHUT_WR);
	hear(a, "progress a?b\nok last\n");
	assert_int_equal(recv(a, text, 1, 0), 0);
	close(a);
	server_stop(&s);
}

/* What a client can make us keep is bounded, whatever it does. */
static void test_bounds(void **state)
{
	int fds[CONTROL_CLIENTS], more;
	char *text = NULL, c;
	struct server s;

	(void)state;
	server_start(&s);
	/* Progress that nobody reads is dropped, the answer is not. */
	assert_int_equal(control_client(s.path, "noise", -1, NULL, NULL, &text), 0);
	assert_string_equal(text, "quiet");
	free(text);
	assert_int_equal(control_client(s.path, "long", -1, NULL, NULL, &text), 0);
	assert_in_range(strlen(text), CONTROL_ANSWER / 2 - 10, CONTROL_ANSWER);
	assert_int_equal(strspn(text, "\n"), strlen(text));
	free(text);
	/* Requests without end, and answers that nobody takes: the writer has to wait. */
	more = dial(&s);
	for (int i = 0; i < 100000 && send(more, "long\n", 5, MSG_DONTWAIT | MSG_NOSIGNAL) == 5; i++)
		assert_true(i < 99999);
	close(more);
	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		fds[i] = dial(&s);
		say(fds[i], "hi\n");
		hear(fds[i], "progress a?b\nok hi\n");
	}
	more = dial(&s);
	hear(more, "error too many clients");
	while (recv(more, &c, 1, 0) == 1)
		;
	close(more);
	for (int i = 0; i < CONTROL_CLIENTS; i++)
		close(fds[i]);
	server_stop(&s);
}

static void wait_held(struct server *s)
{
	while (!__atomic_load_n(&s->held, __ATOMIC_SEQ_CST))
		usleep(1000);
}

static void test_later(void **state)
{
	struct server s;
	int a, b;

	(void)state;
	server_start(&s);
	/* Answered by another thread, and what follows waits for that. */
	a = dial(&s);
	say(a, "hold\nafter\n");
	wait_held(&s);
	control_progress(s.held, "half");
	hear(a, "progress half\n");
	control_progress(s.held, "all");
	control_answer(s.held, 0, "one\ntwo \\");
	hear(a, "progress all\nok one\\ntwo \\\\\nprogress a?b\nok after\n");
	/* The client goes before the answer; another one does not notice. */
	s.held = NULL;
	b = dial(&s);
	say(b, "hold\n");
	wait_held(&s);
	close(b);
	while (!__atomic_load_n(&s.hangups, __ATOMIC_SEQ_CST))
		usleep(1000);
	say(a, "still\n");
	hear(a, "progress a?b\nok still\n");
	/* An answer without a loop leaves all the same. */
	s.held = NULL;
	say(a, "hold\n");
	wait_held(&s);
	loop_quit(s.loop);
	pthread_join(s.thread, NULL);
	control_answer(s.held, 0, "the end");
	control_socket_free(s.socket);
	loop_free(s.loop);
	s.loop = NULL;
	hear(a, "ok the end\n");
	assert_int_equal(s.hangups, 1);
	close(a);
	server_stop(&s);
}

/* Freed with a client that waits: its owner is told, and may answer into the void. */
static void test_freed(void **state)
{
	struct server s;
	char c;
	int a;

	(void)state;
	server_start(&s);
	a = dial(&s);
	say(a, "hold\n");
	wait_held(&s);
	server_stop(&s);
	assert_int_equal(s.hangups, 1);
	assert_int_equal(recv(a, &c, 1, 0), 0);
	close(a);
}

static void test_descriptor(void **state)
{
	struct server s;
	char *text = NULL, c = 0;
	int p[2];

	(void)state;
	server_start(&s);
	assert_int_equal(pipe(p), 0);
	assert_int_equal(control_client(s.path, "fd", p[1], NULL, NULL, &text), 0);
	free(text);
	close(p[1]);
	assert_true(s.fd >= 0);
	assert_int_equal(write(s.fd, "x", 1), 1);
	close(s.fd);
	assert_int_equal(read(p[0], &c, 1), 1);
	assert_int_equal(c, 'x');
	/* No copy of it is left with the server: that was the last writer. */
	assert_int_equal(read(p[0], &c, 1), 0);
	close(p[0]);
	assert_int_equal(control_client(s.path, "none", -1, NULL, NULL, &text), 0);
	free(text);
	assert_int_equal(s.fd, -1);
	server_stop(&s);
}

static void test_places(void **state)
{
	struct control_socket *other;
	char file[80], *err = NULL;
	struct server s;

	(void)state;
	server_start(&s);
	/* One that lives stays. */
	assert_int_equal(control_socket_create(s.loop, s.path, "--control", on_command, &s, &other, &err),
			 -EADDRINUSE);
	assert_null(err);
	/* A dead one is replaced. */
	snprintf(file, sizeof(file), "%s/dead", s.dir);
	assert_int_equal(rename(s.path, file), 0);
	loop_quit(s.loop);
	pthread_join(s.thread, NULL);
	control_socket_free(s.socket);
	assert_int_equal(access(file, F_OK), 0);
	assert_int_equal(unix_connect(file), -ECONNREFUSED);
	assert_int_equal(control_socket_create(s.loop, file, "--control", on_command, &s, &other, &err), 0);
	control_socket_free(other);
	assert_int_equal(access(file, F_OK), -1);
	/* Another kind of file is not touched. */
	close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(control_socket_create(s.loop, file, "--control", on_command, &s, &other, &err), -EEXIST);
	assert_non_null(strstr(err, "no socket"));
	free(err);
	err = NULL;
	assert_int_equal(unlink(file), 0);
	snprintf(file, sizeof(file), "%s/a/b", s.dir);
	assert_int_equal(control_socket_create(s.loop, file, "--control", on_command, &s, &other, &err), -ENOENT);
	free(err);
	loop_free(s.loop);
	s.loop = NULL;
	server_stop(&s);
}

static void test_words(void **state)
{
	char *words[] = { "a", "", "b c", "d\\e", "\n\t-", "\\-" }, *line = words_join(words, 6), *at[6];
	char text[] = "one\ntwo\\n\x1b[2J\x7f", packed[64], small[6];

	(void)state;
	assert_null(strchr(line, '\n'));
	assert_int_equal(words_split(line, at, 6), 6);
	for (int i = 0; i < 6; i++)
		assert_string_equal(at[i], words[i]);
	free(line);
	line = words_join(words, 6);
	assert_int_equal(words_split(line, at, 5), -E2BIG);
	free(line);
	words_pack(packed, sizeof(packed), text);
	assert_string_equal(packed, "one\\ntwo\\\\n?[2J?");
	words_unpack(packed);
	assert_string_equal(packed, "one\ntwo\\n?[2J?");
	/* It is never cut in the middle of a pair. */
	words_pack(small, sizeof(small), "abcd\n");
	assert_string_equal(small, "abcd");
}

/* ---- migration and snapshots ---- */

struct live {
	struct live_config cfg;
	unsigned int cancels;
	char uri[64];
};

static struct live the_live;

static int live_begin(struct vm *vm, const struct live_config *cfg, struct live **out, char **err)
{
	(void)vm;
	the_live = (struct live){ .cfg = *cfg };
	if (cfg->uri && !strcmp(cfg->uri, "tcp:no:1"))
		return err_set(err, -EOPNOTSUPP, "not this one");
	snprintf(the_live.uri, sizeof(the_live.uri), "%s", cfg->uri ? cfg->uri : "");
	*out = &the_live;
	return 0;
}

static void live_end(struct live *l)
{
	l->cancels++;
}

struct mover {
	struct dev_rig rig;
	struct control *c;
	char dir[32], path[64];
	int fd;
};

static void mover_start(struct mover *m)
{
	static struct machine machine = { &no_ops };
	const struct control_config cfg = {
		.machine = &machine, .live_start = live_begin, .live_cancel = live_end,
	};
	char *err = NULL;

	*m = (struct mover){ .dir = "/tmp/test_control.XXXXXX" };
	assert_non_null(mkdtemp(m->dir));
	snprintf(m->path, sizeof(m->path), "%s/sock", m->dir);
	assert_int_equal(loop_create(&m->rig.loop), 0);
	m->c = control_create(&cfg);
	assert_int_equal(control_listen(m->c, m->rig.loop, m->path, NULL, &err), 0);
	m->fd = unix_connect(m->path);
	assert_true(m->fd >= 0);
	rig_turn(&m->rig);
}

static void mover_stop(struct mover *m)
{
	control_free(m->c);
	close(m->fd);
	loop_free(m->rig.loop);
	assert_int_equal(rmdir(m->dir), 0);
}

static void ask(struct mover *m, const char *line)
{
	say(m->fd, line);
	rig_turn(&m->rig);
	rig_turn(&m->rig);
}

static void finish(struct mover *m, int ret, const char *text)
{
	the_live.cfg.done(the_live.cfg.opaque, ret, text);
	rig_turn(&m->rig);
	rig_turn(&m->rig);
}

static void test_migrate(void **state)
{
	struct mover m;
	int other;

	(void)state;
	mover_start(&m);
	ask(&m, "migrate tcp:no:1\n");
	hear(m.fd, "error not this one\n");
	ask(&m, "migrate exec:a\\ b check max-downtime=7 with-disks\n");
	assert_string_equal(the_live.uri, "exec:a b");
	assert_true(the_live.cfg.check && the_live.cfg.with_disks && !the_live.cfg.snapshot);
	assert_int_equal(the_live.cfg.max_downtime_ms, 7);
	assert_int_equal(the_live.cfg.fd, -1);
	/* One at a time. */
	other = unix_connect(m.path);
	say(other, "migrate tcp:a:1\n");
	rig_turn(&m.rig);
	rig_turn(&m.rig);
	hear(other, "error the machine is being moved already; wait for that, or end it with Ctrl-C there\n");
	the_live.cfg.progress(the_live.cfg.opaque, "12 MB");
	finish(&m, -EREMOTEIO, "no: a\nno: b");
	hear(m.fd, "progress 12 MB\nerror no: a\\nno: b\n");
	ask(&m, "migrate tcp:a:1\n");
	assert_int_equal(the_live.cfg.max_downtime_ms, LIVE_DOWNTIME_MS);
	finish(&m, 0, "moved");
	hear(m.fd, "ok moved\n");
	/* Hanging up cancels; the end is told to nobody. */
	say(other, "migrate tcp:a:1\n");
	rig_turn(&m.rig);
	close(other);
	rig_turn(&m.rig);
	assert_int_equal(the_live.cancels, 1);
	finish(&m, -ECANCELED, "cancelled");
	/* So does the end of the machine, whatever comes later. */
	ask(&m, "migrate tcp:a:1\n");
	mover_stop(&m);
	assert_int_equal(the_live.cancels, 1);
	the_live.cfg.done(the_live.cfg.opaque, -ECANCELED, "cancelled");
}

/* A client that has stopped reading goes after the end: there is nothing left to cancel. */
static void test_deaf(void **state)
{
	struct mover m;

	(void)state;
	mover_start(&m);
	ask(&m, "migrate tcp:a:1\n");
	/* More than a socket holds. */
	for (int i = 0; i < 4000; i++) {
		the_live.cfg.progress(the_live.cfg.opaque, "pass 1: 12 of 256 MiB, 100 MiB/s");
		rig_turn(&m.rig);
	}
	finish(&m, 0, "moved");
	mover_stop(&m);
	assert_int_equal(the_live.cancels, 0);
}

static void test_save(void **state)
{
	char path[80], line[128], got[5] = "", *err = NULL;
	struct mover m;
	int fd;

	(void)state;
	mover_start(&m);
	snprintf(path, sizeof(path), "%s/s.vsnap", m.dir);
	snprintf(line, sizeof(line), "snapshot save %s\n", path);
	/* It is there when all of it is, and not before. */
	ask(&m, line);
	assert_true(the_live.cfg.snapshot && !the_live.cfg.keep && !the_live.cfg.uri);
	assert_int_equal(write(the_live.cfg.fd, "data", 4), 4);
	close(the_live.cfg.fd);
	assert_int_equal(access(path, F_OK), -1);
	finish(&m, 0, "4 bytes");
	hear(m.fd, "ok 4 bytes\n");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, got, 4), 4);
	assert_string_equal(got, "data");
	close(fd);
	/* Not over another one. */
	ask(&m, line);
	hear(m.fd, "error ");
	hear(m.fd, path);
	hear(m.fd, ": is there already; delete it first, or take another name\n");
	unlink(path);
	/* What fails leaves nothing. */
	snprintf(line, sizeof(line), "snapshot save %s quit\n", path);
	ask(&m, line);
	assert_non_null(the_live.cfg.keep);
	close(the_live.cfg.fd);
	finish(&m, -ENOSPC, "wrote less");
	hear(m.fd, "error ");
	hear(m.fd, path);
	hear(m.fd, ": the disk is full (No space left on device); make room or choose a file on another one\n");
	/* A guest that is to end has its file before, or goes on. */
	ask(&m, line);
	close(the_live.cfg.fd);
	assert_int_equal(the_live.cfg.keep(the_live.cfg.opaque, &err), 0);
	assert_int_equal(access(path, F_OK), 0);
	finish(&m, 0, "");
	hear(m.fd, "ok\n");
	unlink(path);
	ask(&m, line);
	close(the_live.cfg.fd);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(the_live.cfg.keep(the_live.cfg.opaque, &err), -EEXIST);
	finish(&m, -EEXIST, err);
	hear(m.fd, "error ");
	hear(m.fd, err);
	free(err);
	unlink(path);
	mover_stop(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands), cmocka_unit_test(test_lines), cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_later), cmocka_unit_test(test_freed), cmocka_unit_test(test_descriptor),
		cmocka_unit_test(test_places), cmocka_unit_test(test_words), cmocka_unit_test(test_migrate),
		cmocka_unit_test(test_deaf), cmocka_unit_test(test_save),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
