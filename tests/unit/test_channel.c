/* SPDX-License-Identifier: GPL-2.0-only */
/* Channels: every scheme, both sides, and every way in which the other end can fail. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vmm/host/channel.h"

static char dir[] = "/tmp/test_channel.XXXXXX";

static u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

static void fill(u8 *data, size_t len, unsigned int seed)
{
	for (size_t i = 0; i < len; i++)
		data[i] = (i * 2654435761u + seed) >> 13;
}

/* channel_accept() on a thread of its own. */
struct waiter {
	pthread_t thread;
	const char *uri;
	int cancel, ret;
	struct channel *channel;
	char *err;
};

static void *waiter_run(void *arg)
{
	struct waiter *w = arg;

	w->ret = channel_accept(w->uri, w->cancel, &w->channel, &w->err);
	return NULL;
}

static void waiter_start(struct waiter *w, const char *uri, int cancel)
{
	*w = (struct waiter){ .uri = uri, .cancel = cancel };
	assert_int_equal(pthread_create(&w->thread, NULL, waiter_run, w), 0);
}

/* Tries until somebody listens. */
static struct channel *connect_soon(const char *uri)
{
	u64 end = now_ms() + 60000;
	struct channel *c;
	char *err = NULL;
	int ret;

	do {
		free(err);
		err = NULL;
		ret = channel_connect(uri, -1, &c, &err);
		usleep(2000);
	} while (ret && now_ms() < end);
	if (ret)
		fail_msg("%s: %s", uri, err);
	return c;
}

static unsigned int free_port(int family)
{
	struct sockaddr_storage sa = { .ss_family = family };
	socklen_t len = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (family == AF_INET)
		((struct sockaddr_in *)&sa)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		((struct sockaddr_in6 *)&sa)->sin6_addr = in6addr_loopback;
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, len) || getsockname(fd, (struct sockaddr *)&sa, &len)) {
		close(fd);
		return 0;
	}
	close(fd);
	return ntohs(((struct sockaddr_in *)&sa)->sin_port);
}

struct writer {
	pthread_t thread;
	struct channel *channel;
	const u8 *data;
	size_t len;
	int ret;
};

static void *writer_run(void *arg)
{
	struct writer *w = arg;

	w->ret = channel_write(w->channel, w->data, w->len);
	return NULL;
}

static void writer_start(struct writer *w, struct channel *c, const u8 *data, size_t len)
{
	*w = (struct writer){ .channel = c, .data = data, .len = len };
	assert_int_equal(pthread_create(&w->thread, NULL, writer_run, w), 0);
}

/* Megabytes through @from to @to, read in pieces of all sizes. */
static void pump(struct channel *from, struct channel *to)
{
	static const size_t pieces[] = { 1, 7, 4096, 16383, 16384, 16385, 100000, 3 };
	const size_t len = 3 << 20;
	u8 *data = malloc(len), *got = calloc(1, len);
	struct writer w;
	size_t at = 0, n;

	fill(data, len, 1);
	writer_start(&w, from, data, len);
	for (unsigned int i = 0; at < len; i++, at += n) {
		n = pieces[i % ARM_ARRAY_SIZE(pieces)];
		n = n < len - at ? n : len - at;
		assert_int_equal(channel_read(to, got + at, n), 0);
	}
	pthread_join(w.thread, NULL);
	assert_int_equal(w.ret, 0);
	assert_memory_equal(data, got, len);
	free(data);
	free(got);
}

/* Both directions, then the end of one side. */
static void converse(struct channel *a, struct channel *b)
{
	u8 byte;

	assert_true(channel_is_duplex(a));
	assert_true(channel_is_duplex(b));
	channel_set_timeout(a, 60000);
	channel_set_timeout(b, 60000);
	pump(a, b);
	pump(b, a);
	channel_free(a);
	assert_int_equal(channel_read(b, &byte, 1), -ENODATA);
	channel_free(b);
}

static void check_tcp(const char *listen, const char *connect)
{
	struct channel *a, *b;
	struct waiter w;
	char *err = NULL;

	waiter_start(&w, listen, -1);
	a = connect_soon(connect);
	pthread_join(w.thread, NULL);
	assert_int_equal(w.ret, 0);
	/* It listens no more. */
	assert_int_equal(channel_connect(connect, -1, &b, &err), -ECONNREFUSED);
	assert_non_null(strstr(err, "vambrace receive"));
	free(err);
	converse(a, w.channel);
}

static void test_tcp(void **state)
{
	char listen[64], connect[64];
	unsigned int port = free_port(AF_INET);

	(void)state;
	assert_true(port);
	snprintf(listen, sizeof(listen), "tcp:%u", port);
	snprintf(connect, sizeof(connect), "tcp:127.0.0.1:%u", port);
	check_tcp(listen, connect);
	snprintf(listen, sizeof(listen), "tcp:localhost:%u", free_port(AF_INET));
	check_tcp(listen, listen);
	port = free_port(AF_INET6);
	if (port) {
		snprintf(listen, sizeof(listen), "tcp:[::1]:%u", port);
		check_tcp(listen, listen);
	}
}

static void test_unix(void **state)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char uri[128], *path = uri + 5, *err = NULL;
	struct channel *a, *b;
	struct waiter w;
	struct stat st;
	int fd;

	(void)state;
	snprintf(uri, sizeof(uri), "unix:%s/sock", dir);
	/* One that a dead process left is replaced. */
	strcpy(sun.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(chmod(path, 0777), 0);
	/* But not while somebody listens, who must not notice either. */
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(channel_accept(uri, -1, &a, &err), -EADDRINUSE);
	assert_non_null(strstr(err, "already"));
	free(err);
	err = NULL;
	assert_int_equal(accept(fd, NULL, NULL), -1);
	assert_int_equal(errno, EAGAIN);
	close(fd);
	waiter_start(&w, uri, -1);
	a = connect_soon(uri);
	pthread_join(w.thread, NULL);
	assert_int_equal(w.ret, 0);
	assert_int_equal(access(path, F_OK), -1);
	converse(a, w.channel);
	/* A file of the user's stays. */
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(channel_accept(uri, -1, &b, &err), -EEXIST);
	assert_non_null(strstr(err, "no socket"));
	free(err);
	err = NULL;
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	unlink(path);
	assert_int_equal(channel_connect(uri, -1, &b, &err), -ENOENT);
	free(err);
}

/* Only the owner may connect, and a wait that is cancelled leaves nothing behind. */
static void test_accept_cancel(void **state)
{
	char uri[128], tcp[32], *path = uri + 5;
	int cancel = eventfd(0, EFD_CLOEXEC);
	struct waiter w;
	struct stat st;
	u64 end = now_ms() + 60000;

	(void)state;
	snprintf(uri, sizeof(uri), "unix:%s/sock", dir);
	waiter_start(&w, uri, cancel);
	while (stat(path, &st) && now_ms() < end)
		usleep(2000);
	assert_int_equal(st.st_mode & 0777, 0600);
	eventfd_write(cancel, 1);
	pthread_join(w.thread, NULL);
	assert_int_equal(w.ret, -ECANCELED);
	assert_non_null(strstr(w.err, "cancelled"));
	free(w.err);
	assert_int_equal(access(path, F_OK), -1);
	snprintf(tcp, sizeof(tcp), "tcp:%u", free_port(AF_INET));
	waiter_start(&w, tcp, cancel);
	pthread_join(w.thread, NULL);
	assert_int_equal(w.ret, -ECANCELED);
	free(w.err);
	close(cancel);
}

static void test_fd(void **state)
{
	char in[16], out[16], *err = NULL;
	struct channel *a, *b;
	int p[2], s[2];
	u8 byte = 0;

	(void)state;
	/* A pipe has one direction, and its open file is as it was afterwards. */
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	snprintf(in, sizeof(in), "fd:%d", p[0]);
	snprintf(out, sizeof(out), "fd:%d", p[1]);
	s[0] = fcntl(p[0], F_DUPFD_CLOEXEC, 0);
	assert_int_equal(channel_connect(in, -1, &a, &err), -EBADF);
	assert_non_null(strstr(err, "written to"));
	free(err);
	err = NULL;
	assert_int_equal(channel_accept(out, -1, &a, &err), -EBADF);
	assert_non_null(strstr(err, "read"));
	free(err);
	err = NULL;
	assert_int_equal(channel_connect(out, -1, &a, &err), 0);
	assert_int_equal(channel_accept(in, -1, &b, &err), 0);
	assert_true(fcntl(s[0], F_GETFL) & O_NONBLOCK);
	assert_false(channel_is_duplex(a));
	assert_int_equal(channel_read(a, &byte, 1), -EBADF);
	assert_int_equal(channel_write(b, &byte, 1), -EBADF);
	pump(a, b);
	channel_free(a);
	assert_int_equal(channel_read(b, &byte, 1), -ENODATA);
	channel_free(b);
	assert_false(fcntl(s[0], F_GETFL) & O_NONBLOCK);
	close(s[0]);
	assert_int_equal(channel_connect(out, -1, &a, &err), -EBADF);
	assert_non_null(strstr(err, "no such descriptor"));
	free(err);
	/* A socket has two. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s), 0);
	a = channel_of_fd(s[0]);
	b = channel_of_fd(s[1]);
	assert_non_null(a);
	assert_non_null(b);
	converse(a, b);
}

static void test_exec(void **state)
{
	char path[64], uri[128], text[32] = { 0 };
	struct channel *c;
	u8 byte;
	FILE *f;

	(void)state;
	assert_int_equal(channel_connect("exec:cat", -1, &c, NULL), 0);
	assert_true(channel_is_duplex(c));
	channel_set_timeout(c, 60000);
	pump(c, c);
	channel_free(c);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);	/* reaped */
	/* What was written is there when the command has been waited for. */
	snprintf(path, sizeof(path), "%s/out", dir);
	snprintf(uri, sizeof(uri), "exec:cat > %s", path);
	assert_int_equal(channel_connect(uri, -1, &c, NULL), 0);
	assert_int_equal(channel_write(c, "hello", 5), 0);
	channel_free(c);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	unlink(path);
	assert_string_equal(text, "hello");
	/* It goes at once: the end for a reader. */
	assert_int_equal(channel_connect("exec:exit 0", -1, &c, NULL), 0);
	assert_int_equal(channel_read(c, &byte, 1), -ENODATA);
	channel_free(c);
	/* In the middle. */
	assert_int_equal(channel_connect("exec:printf abc", -1, &c, NULL), 0);
	assert_int_equal(channel_read(c, text, 4), -EPIPE);
	channel_free(c);
}

/* A command that does not go is ended, and a shell finds SIGPIPE as always. */
static void test_exec_stubborn(void **state)
{
	struct channel *c;
	char text[3] = { 0 };
	u64 start;

	(void)state;
	assert_int_equal(channel_connect("exec:exec sleep 1000", -1, &c, NULL), 0);
	start = now_ms();
	channel_free(c);
	assert_true(now_ms() - start >= 4900);
	assert_true(now_ms() - start < 60000);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(channel_connect("exec:sh -c 'kill -PIPE $$; printf no'; printf ok; exec cat", -1, &c, NULL),
			 0);
	assert_int_equal(channel_read(c, text, 2), 0);
	assert_string_equal(text, "ok");
	channel_free(c);
}

static void test_file(void **state)
{
	char uri[96], *path = uri + 5, *err = NULL;
	struct channel *c;
	u8 *data = malloc(3 << 20), *got = malloc(3 << 20);
	struct stat st;
	int fd;

	(void)state;
	snprintf(uri, sizeof(uri), "file:%s/file", dir);
	for (unsigned int turn = 0; turn < 2; turn++) {	/* the second time over what is there */
		size_t len = turn ? 100000 : 3 << 20;

		fill(data, len, turn);
		assert_int_equal(channel_connect(uri, -1, &c, &err), 0);
		assert_false(channel_is_duplex(c));
		assert_int_equal(channel_write(c, data, 5), 0);
		assert_int_equal(channel_write(c, data + 5, len - 5), 0);
		assert_int_equal(channel_read(c, data, 1), -EBADF);
		channel_free(c);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_size, len);
		assert_int_equal(st.st_mode & 0777, 0600);
		assert_int_equal(channel_accept(uri, -1, &c, &err), 0);
		assert_false(channel_is_duplex(c));
		assert_int_equal(channel_read(c, got, len - 3), 0);
		assert_int_equal(channel_read(c, got + len - 3, 4), -EPIPE);
		channel_free(c);
		assert_memory_equal(data, got, len - 3);
	}
	/* Its position is that of what was read: somebody else may move it. */
	fd = open(path, O_RDWR | O_CLOEXEC);
	c = channel_of_fd(dup(fd));
	assert_int_equal(channel_read(c, got, 10), 0);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 10);
	assert_int_equal(lseek(fd, 1000, SEEK_SET), 1000);
	assert_int_equal(channel_read(c, got, 10), 0);
	assert_memory_equal(data + 1000, got, 10);
	channel_free(c);
	close(fd);
	unlink(path);
	assert_int_equal(channel_accept(uri, -1, &c, &err), -ENOENT);
	assert_non_null(strstr(err, "cannot be read"));
	free(err);
	err = NULL;
	*strrchr(uri, '/') = 0;
	assert_int_equal(channel_accept(uri, -1, &c, &err), -EISDIR);
	free(err);
	/* A full disk is said at once. */
	assert_int_equal(channel_connect("file:/dev/full", -1, &c, NULL), 0);
	assert_int_equal(channel_write(c, data, 1), -ENOSPC);
	channel_free(c);
	free(data);
	free(got);
}

static void sockets(struct channel **a, struct channel **b)
{
	int s[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s), 0);
	*a = channel_of_fd(s[0]);
	*b = channel_of_fd(s[1]);
}

static void pipes(struct channel **a, struct channel **b)
{
	int p[2];

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	*a = channel_of_fd(p[1]);
	*b = channel_of_fd(p[0]);
}

/* Nothing moves: both sides give up after their time, and not before. */
static void check_timeout(void (*make)(struct channel **a, struct channel **b))
{
	struct channel *a, *b;
	u8 *data = calloc(1, 8 << 20);
	u64 start;

	make(&a, &b);
	channel_set_timeout(a, 200);
	channel_set_timeout(b, 200);
	start = now_ms();
	assert_int_equal(channel_read(b, data, 1), -ETIMEDOUT);
	assert_true(now_ms() - start >= 199);
	start = now_ms();
	assert_int_equal(channel_write(a, data, 8 << 20), -ETIMEDOUT);
	assert_true(now_ms() - start >= 199);
	channel_free(a);
	channel_free(b);
	free(data);
}

/* Bytes that trickle keep it alive: the limit is for silence, not for the whole. */
static void *trickle(void *arg)
{
	for (unsigned int i = 0; i < 10; i++) {
		usleep(260000);
		channel_write(arg, "x", 1);
	}
	return NULL;
}

static void test_timeout(void **state)
{
	struct channel *a, *b;
	pthread_t thread;
	u8 data[10];
	u64 start;

	(void)state;
	check_timeout(sockets);
	check_timeout(pipes);
	sockets(&a, &b);
	start = now_ms();
	channel_set_timeout(b, 2590);
	assert_int_equal(pthread_create(&thread, NULL, trickle, a), 0);
	assert_int_equal(channel_read(b, data, 10), 0);
	assert_true(now_ms() - start >= 2600);
	pthread_join(thread, NULL);
	channel_free(a);
	channel_free(b);
}

static void *ring(void *arg)
{
	usleep(100000);
	eventfd_write(*(int *)arg, 1);
	return NULL;
}

/* Somebody listens and takes nobody: with its queue full the handshake stays open, as with a host that is not there. */
static void test_connect_cancel(void **state)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), cancel = eventfd(0, EFD_CLOEXEC), queued[8];
	socklen_t len = sizeof(sa);
	struct channel *c = NULL;
	char uri[32], *err = NULL;
	pthread_t thread;
	u64 start;

	(void)state;
	assert_int_equal(bind(listener, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(listener, 0), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&sa, &len), 0);
	for (size_t i = 0; i < ARM_ARRAY_SIZE(queued); i++) {
		queued[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		connect(queued[i], (struct sockaddr *)&sa, sizeof(sa));
	}
	snprintf(uri, sizeof(uri), "tcp:127.0.0.1:%u", ntohs(sa.sin_port));
	start = now_ms();
	assert_int_equal(pthread_create(&thread, NULL, ring, &cancel), 0);
	assert_int_equal(channel_connect(uri, cancel, &c, &err), -ECANCELED);
	assert_in_range(now_ms() - start, 100, 8000);
	assert_non_null(strstr(err, "cancelled"));
	pthread_join(thread, NULL);
	for (size_t i = 0; i < ARM_ARRAY_SIZE(queued); i++)
		close(queued[i]);
	free(err);
	close(listener);
	close(cancel);
}

/* Of the resolver of this program: a name server that says nothing until the test is through with it. */
static struct {
	atomic_bool answers;
	atomic_uint asked, answered;
} server;

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
		dlsym(RTLD_NEXT, "getaddrinfo");

	if (strcmp(node, "silent.test"))
		return real(node, service, hints, list);
	atomic_fetch_add(&server.asked, 1);
	for (int i = 0; i < 10000 && !atomic_load(&server.answers); i++)
		usleep(1000);
	atomic_fetch_add(&server.answered, 1);
	return real("127.0.0.1", service, hints, list);
}

static void test_lookup_cancel(void **state)
{
	int cancel = eventfd(0, EFD_CLOEXEC);
	struct channel *c = NULL;
	char *err = NULL;
	pthread_t thread;

	(void)state;
	for (unsigned int i = 1; i <= 2; i++) {
		/* The second time it is cancelled before. */
		if (i == 1)
			assert_int_equal(pthread_create(&thread, NULL, ring, &cancel), 0);
		assert_int_equal(channel_connect("tcp:silent.test:9", cancel, &c, &err), -ECANCELED);
		assert_int_equal(atomic_load(&server.answered), 0);
		assert_non_null(strstr(err, "cancelled"));
		free(err);
		err = NULL;
	}
	pthread_join(thread, NULL);
	/* An answer that nobody waits for any more. */
	atomic_store(&server.answers, true);
	for (int i = 0; i < 10000 && atomic_load(&server.answered) < 2; i++)
		usleep(1000);
	assert_int_equal(atomic_load(&server.answered), 2);
	assert_int_equal(atomic_load(&server.asked), 2);
	close(cancel);
}

static void check_cancel(void (*make)(struct channel **a, struct channel **b))
{
	int cancel = eventfd(0, EFD_CLOEXEC);
	struct channel *a, *b;
	u8 *data = calloc(1, 8 << 20);
	pthread_t thread;
	eventfd_t n;

	make(&a, &b);
	for (unsigned int side = 0; side < 2; side++) {
		channel_set_cancel(side ? a : b, cancel);
		assert_int_equal(pthread_create(&thread, NULL, ring, &cancel), 0);
		assert_int_equal(side ? channel_write(a, data, 8 << 20) : channel_read(b, data, 1), -ECANCELED);
		pthread_join(thread, NULL);
		/* As long as it is readable; also where nothing would have to wait. */
		assert_int_equal(side ? channel_write(a, data, 1) : channel_read(b, data, 1), -ECANCELED);
		eventfd_read(cancel, &n);
	}
	/* And no longer: what got through before can be read. */
	assert_int_equal(channel_read(b, data, 1), 0);
	eventfd_write(cancel, 1);
	assert_int_equal(channel_read(b, data, 1), -ECANCELED);
	channel_set_cancel(b, -1);
	assert_int_equal(channel_read(b, data, 1), 0);
	channel_free(a);
	channel_free(b);
	close(cancel);
	free(data);
}

static void test_cancel(void **state)
{
	(void)state;
	check_cancel(sockets);
	check_cancel(pipes);
}

static void check_death(void (*make)(struct channel **a, struct channel **b))
{
	struct channel *a, *b;
	u8 data[4] = { 0 };
	struct writer w;
	u8 *much = calloc(1, 8 << 20);

	/* A read that got a part; then one that gets nothing. */
	make(&a, &b);
	assert_int_equal(channel_write(a, data, 3), 0);
	channel_free(a);
	assert_int_equal(channel_read(b, data, 4), -EPIPE);
	assert_int_equal(channel_read(b, data, 4), -ENODATA);
	channel_free(b);
	/* A write that waits, and one that begins. */
	make(&a, &b);
	writer_start(&w, a, much, 8 << 20);
	usleep(50000);
	channel_free(b);
	pthread_join(w.thread, NULL);
	assert_int_equal(w.ret, -EPIPE);
	assert_int_equal(channel_write(a, data, 1), -EPIPE);
	channel_free(a);
	free(much);
}

static void test_death(void **state)
{
	(void)state;
	check_death(sockets);
	check_death(pipes);
}

/* stdin and stdout, in a process of its own; what it prints afterwards must not arrive. */
static void test_stdio(void **state)
{
	char text[6] = { 0 };
	int in[2], out[2], status;
	struct channel *c;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		dup2(in[0], 0);
		dup2(out[1], 1);
		dup2(null, 2);
		if (channel_accept("-", -1, &c, NULL) || !channel_is_duplex(c) || write(1, "noise", 5) != 5 ||
		    read(0, text, 5) || channel_read(c, text, 5) || channel_write(c, text, 5))
			_exit(1);
		channel_free(c);
		_exit(0);
	}
	close(in[0]);
	close(out[1]);
	assert_int_equal(write(in[1], "hello", 5), 5);
	assert_int_equal(read(out[0], text, 5), 5);
	assert_string_equal(text, "hello");
	assert_int_equal(read(out[0], text, 1), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(in[1]);
	close(out[0]);
}

static void test_bad_uris(void **state)
{
	static const struct {
		const char *uri, *connect, *accept;	/* a part of the message; NULL: not tried */
	} rows[] = {
		{ "", "say tcp:", "say tcp:" }, { "http://x", "exec:COMMAND", "stdin and stdout" },
		{ "TCP:localhost:1", "not understood", "not understood" },
		{ "tcp", "not understood", "not understood" },
		{ "tcp:", "no port", "no port" }, { "tcp:localhost", "no port", "no port" },
		{ "tcp:localhost:", "no port", "no port" }, { "tcp:localhost:0", "1 to 65535", "1 to 65535" },
		{ "tcp:localhost:65536", "1 to 65535", "1 to 65535" }, { "tcp:localhost:1x", "no port", "no port" },
		{ "tcp:localhost:-1", "no port", "no port" }, { "tcp:1:2:3", "[ADDRESS]", "[ADDRESS]" },
		{ "tcp:::1:5", "[ADDRESS]", "[ADDRESS]" }, { "tcp:[::1:5", "[ADDRESS]", "[ADDRESS]" },
		{ "tcp:[]:5", "[ADDRESS]", "[ADDRESS]" }, { "tcp::5", "[ADDRESS]", "[ADDRESS]" },
		{ "tcp:5", "no host", NULL }, { "tcp:no such host:5", "cannot be found", "cannot be found" },
		{ "tcp:192.0.2.1:5", NULL, "cannot listen" },
		{ "unix:", "no path", "no path" }, { "unix:/nonexistent/x", "cannot connect", "cannot be made" },
		{ "fd:", "no number", "no number" }, { "fd:x", "no number", "no number" },
		{ "fd:-1", "no number", "no number" }, { "fd:1 ", "no number", "no number" },
		{ "fd:99999999999", "no number", "no number" },
		{ "fd:98765", "no such descriptor", "no such descriptor" },
		{ "exec:", "no command", "not possible" }, { "exec:true", NULL, "| vambrace receive -" },
		{ "file:", "no path", "no path" }, { "file:/nonexistent/x", "cannot be written", "cannot be read" },
		{ "-", "to send", NULL }, { "-x", "to send", "alone" },
	};
	char uri[300];
	struct channel *c = NULL;
	char *err;

	(void)state;
	for (size_t i = 0; i < 2 * ARM_ARRAY_SIZE(rows); i++) {
		bool accept = i % 2;
		const char *want = accept ? rows[i / 2].accept : rows[i / 2].connect;
		int ret;

		if (!want)
			continue;
		err = NULL;
		ret = accept ? channel_accept(rows[i / 2].uri, -1, &c, &err) :
			       channel_connect(rows[i / 2].uri, -1, &c, &err);
		if (ret >= 0 || !err || !strstr(err, want))
			fail_msg("%s, %s: %d, %s", rows[i / 2].uri, accept ? "accept" : "connect", ret, err);
		free(err);
	}
	memset(uri, 'a', sizeof(uri));
	memcpy(uri, "unix:", 5);
	uri[5 + 108] = 0;
	assert_int_equal(channel_accept(uri, -1, &c, &err), -ENAMETOOLONG);
	assert_non_null(strstr(err, "107"));
	free(err);
	memcpy(uri, "tcp:aaaaa", 9);
	uri[5 + 108] = 'a';
	strcpy(uri + sizeof(uri) - 3, ":1");
	assert_int_equal(channel_connect(uri, -1, &c, &err), -EINVAL);
	free(err);
	assert_null(c);
	channel_free(NULL);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);		/* fails if something was left behind */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp), cmocka_unit_test(test_unix), cmocka_unit_test(test_accept_cancel),
		cmocka_unit_test(test_fd), cmocka_unit_test(test_exec), cmocka_unit_test(test_exec_stubborn),
		cmocka_unit_test(test_file), cmocka_unit_test(test_timeout), cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_connect_cancel), cmocka_unit_test(test_lookup_cancel),
		cmocka_unit_test(test_death), cmocka_unit_test(test_stdio), cmocka_unit_test(test_bad_uris),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
