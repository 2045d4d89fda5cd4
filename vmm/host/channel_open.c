/* SPDX-License-Identifier: GPL-2.0-only */
/* How channels come about: one function for each scheme and side. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/host/channel_impl.h"
#include "vmm/host/log.h"
#include "vmm/host/lookup.h"
#include "vmm/host/unix_listen.h"

#define CONNECT_MS 10000	/* for each address of a name */

struct target {
	const char *uri;
	const char *rest;		/* behind the scheme */
	int cancel;
	char **err;
};

static int channel_make(const struct target *t, int in, int out, struct channel **ch)
{
	*ch = channel_of_fds(in, out);
	return *ch ? 0 : err_set(t->err, -ENOMEM, "%s: out of memory", t->uri);
}

/* A connected socket, or what could not be made a channel is closed. */
static int socket_channel(const struct target *t, int fd, struct channel **ch)
{
	int ret = channel_make(t, fd, fd, ch);

	if (ret)
		close(fd);
	return ret;
}

/* tcp: */

struct tcp_address {
	char host[LOOKUP_HOST_MAX + 1];		/* without brackets; empty: not given */
	char port[LOOKUP_PORT_MAX + 1];
};

static int tcp_parse(const struct target *t, struct tcp_address *a)
{
	const char *host = t->rest, *end = strrchr(host, ':'), *port = end ? end + 1 : host;
	size_t len = end ? (size_t)(end - host) : 0;
	size_t digits = strspn(port, "0123456789");
	unsigned long n = !port[digits] && digits <= LOOKUP_PORT_MAX ? strtoul(port, NULL, 10) : 0;

	if (end && host[0] == '[' && len > 2 && host[len - 1] == ']') {
		host++;
		len -= 2;
	} else if (end && (!len || memchr(host, ':', len) || memchr(host, ']', len) || host[0] == '[')) {
		return err_set(t->err, -EINVAL, "%s: no host that can be understood; say tcp:HOST:PORT, and "
			       "tcp:[ADDRESS]:PORT for IPv6", t->uri);
	}
	if (!n || n > 65535)
		return err_set(t->err, -EINVAL, "%s: no port; say a number from 1 to 65535 after the last colon",
			       t->uri);
	if (len >= sizeof(a->host))
		return err_set(t->err, -EINVAL, "%s: the host's name is too long", t->uri);
	memcpy(a->host, host, len);
	a->host[len] = 0;
	strcpy(a->port, port);
	return 0;
}

static int tcp_resolve(const struct target *t, const struct tcp_address *a, const char *host, int flags,
		       struct addrinfo **list)
{
	const char *why;
	int ret = lookup_tcp(host, a->port, flags, t->cancel, list, &why);

	if (ret == -ECANCELED)
		return err_set(t->err, ret, "%s: cancelled", t->uri);
	if (ret == -EHOSTUNREACH)
		return err_set(t->err, ret, "%s: the host cannot be found (%s); is its name right?", t->uri, why);
	return ret ? err_set(t->err, ret, "%s: the host cannot be looked up (%s)", t->uri, strerror(-ret)) : 0;
}

/* No option of these decides whether it works. */
static void tcp_tune(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
}

static int tcp_connect_one(const struct addrinfo *ai, int cancel, int *out)
{
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), ret = 0, error = 0;
	socklen_t len = sizeof(error);

	if (fd < 0)
		return -errno;
	if (connect(fd, ai->ai_addr, ai->ai_addrlen)) {
		ret = errno == EINPROGRESS ? channel_wait(fd, POLLOUT, cancel, CONNECT_MS) : -errno;
		if (!ret)
			ret = getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) ? -errno : -error;
	}
	if (ret) {
		close(fd);
		return ret;
	}
	tcp_tune(fd);
	*out = fd;
	return 0;
}

static int tcp_connect(const struct target *t, struct channel **ch)
{
	struct tcp_address a;
	struct addrinfo *list;
	int ret = tcp_parse(t, &a), fd = -1;

	if (!ret && !a.host[0])
		ret = err_set(t->err, -EINVAL, "%s: no host; say tcp:HOST:PORT", t->uri);
	if (!ret)
		ret = tcp_resolve(t, &a, a.host, 0, &list);
	if (ret)
		return ret;
	ret = -EHOSTUNREACH;
	for (const struct addrinfo *ai = list; ai && fd < 0 && ret != -ECANCELED; ai = ai->ai_next)
		ret = tcp_connect_one(ai, t->cancel, &fd);
	freeaddrinfo(list);
	if (ret == -ECANCELED)
		return err_set(t->err, ret, "%s: cancelled", t->uri);
	if (ret)
		return err_set(t->err, ret, "%s: cannot connect (%s); is `vambrace receive` waiting there?", t->uri,
			       strerror(-ret));
	return socket_channel(t, fd, ch);
}

/* Waits for one peer at a socket that listens. */
static int accept_one(const struct target *t, int listener, int *out)
{
	int ret, fd = -1;

	/* Somebody who hung up again does not count. */
	do {
		ret = channel_wait(listener, POLLIN, t->cancel, -1);
		if (ret)
			break;
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		ret = fd < 0 ? -errno : 0;
	} while (ret == -EAGAIN || ret == -ECONNABORTED || ret == -EINTR);
	if (ret == -ECANCELED)
		return err_set(t->err, ret, "%s: cancelled", t->uri);
	if (ret)
		return err_set(t->err, ret, "%s: cannot take a connection (%s)", t->uri, strerror(-ret));
	*out = fd;
	return 0;
}

static int tcp_listen_one(const struct addrinfo *ai, int *out)
{
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1, ret = 0;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) || listen(fd, 1))
		ret = -errno;
	if (ret)
		close(fd);
	else
		*out = fd;
	return ret;
}

static int tcp_accept(const struct target *t, struct channel **ch)
{
	struct tcp_address a;
	struct addrinfo *list;
	int ret = tcp_parse(t, &a), listener = -1, fd;

	if (!ret)
		ret = tcp_resolve(t, &a, a.host[0] ? a.host : "127.0.0.1", AI_PASSIVE, &list);
	if (ret)
		return ret;
	ret = -EADDRNOTAVAIL;
	for (const struct addrinfo *ai = list; ai && listener < 0; ai = ai->ai_next)
		ret = tcp_listen_one(ai, &listener);
	freeaddrinfo(list);
	if (ret)
		return err_set(t->err, ret, "%s: cannot listen there (%s); the address must be one of this host, and "
			       "the port free", t->uri, strerror(-ret));
	ret = accept_one(t, listener, &fd);
	close(listener);
	if (ret)
		return ret;
	tcp_tune(fd);
	return socket_channel(t, fd, ch);
}

/* unix: */

static int connect_unix(const struct target *t, struct channel **ch)
{
	int fd;

	if (!*t->rest)
		return err_set(t->err, -EINVAL, "%s: no path; say unix:PATH", t->uri);
	fd = unix_connect(t->rest);
	if (fd < 0)
		return err_set(t->err, fd, "%s: cannot connect (%s); is `vambrace receive` waiting there?", t->uri,
			       strerror(-fd));
	return socket_channel(t, fd, ch);
}

static int accept_unix(const struct target *t, struct channel **ch)
{
	struct unix_listen *l;
	int ret, fd;

	if (!*t->rest)
		return err_set(t->err, -EINVAL, "%s: no path; say unix:PATH", t->uri);
	ret = unix_listen(t->rest, "socket", &l, t->err);
	if (ret == -EADDRINUSE)
		return err_set(t->err, ret, "%s: somebody is there already; use another name", t->uri);
	if (ret)
		return ret;
	ret = accept_one(t, unix_listen_fd(l), &fd);
	unix_listen_free(l);
	return ret ? ret : socket_channel(t, fd, ch);
}

/* fd: */

static int fd_take(const struct target *t, int wrong_mode, const char *what, struct channel **ch)
{
	size_t len = strlen(t->rest);
	int fd = len && len < 8 && strspn(t->rest, "0123456789") == len ? atoi(t->rest) : -1, mode;

	if (fd < 0)
		return err_set(t->err, -EINVAL, "%s: no number of a file descriptor; say fd:N", t->uri);
	mode = fcntl(fd, F_GETFL);
	if (mode < 0)
		return err_set(t->err, -errno, "%s: there is no such descriptor; whoever starts vambrace has to hand "
			       "it down open", t->uri);
	if ((mode & O_ACCMODE) == wrong_mode)
		return err_set(t->err, -EBADF, "%s: the descriptor cannot be %s", t->uri, what);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	*ch = channel_of_fd(fd);
	return *ch ? 0 : err_set(t->err, -ENOMEM, "%s: out of memory", t->uri);
}

static int fd_connect(const struct target *t, struct channel **ch)
{
	return fd_take(t, O_RDONLY, "written to", ch);
}

static int fd_accept(const struct target *t, struct channel **ch)
{
	return fd_take(t, O_WRONLY, "read", ch);
}

/* "-": stdin and stdout.  Their places are filled, so that nothing that prints gets into the stream. */
static int stdio_accept(const struct target *t, struct channel **ch)
{
	int in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3), out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), ret = 0;

	if (*t->rest)
		ret = err_set(t->err, -EINVAL, "%s: not understood; \"-\" alone is stdin and stdout", t->uri);
	else if (in < 0)
		ret = err_set(t->err, -errno, "-: there is no stdin (%s)", strerror(errno));
	if (!ret)
		ret = channel_make(t, in, out, ch);
	if (!ret) {
		dup2(null, STDIN_FILENO);
		dup2(fcntl(STDERR_FILENO, F_GETFD) < 0 ? null : STDERR_FILENO, STDOUT_FILENO);
	} else {
		if (in >= 0)
			close(in);
		if (out >= 0)
			close(out);
	}
	if (null >= 0)
		close(null);
	return ret;
}

/* exec: */

/* The command's signals are as a shell expects them, whatever this thread has done with its own. */
static int exec_start(const char *command, int fd, pid_t *pid)
{
	char *argv[] = { "sh", "-c", (char *)command, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, pipe;
	int ret;

	sigemptyset(&none);
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	ret = posix_spawn_file_actions_init(&files);
	if (ret)
		return -ret;
	ret = posix_spawnattr_init(&attr);
	if (!ret) {
		posix_spawnattr_setsigmask(&attr, &none);
		posix_spawnattr_setsigdefault(&attr, &pipe);
		posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
		ret = posix_spawn_file_actions_adddup2(&files, fd, STDIN_FILENO);
		if (!ret)
			ret = posix_spawn_file_actions_adddup2(&files, fd, STDOUT_FILENO);
		if (!ret)
			ret = posix_spawn(pid, "/bin/sh", &files, &attr, argv, environ);
		posix_spawnattr_destroy(&attr);
	}
	posix_spawn_file_actions_destroy(&files);
	return -ret;
}

static int exec_connect(const struct target *t, struct channel **ch)
{
	int fds[2], ret;
	pid_t pid;

	if (!*t->rest)
		return err_set(t->err, -EINVAL, "%s: no command; say exec:COMMAND", t->uri);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return err_set(t->err, -errno, "%s: no socket can be made (%s)", t->uri, strerror(errno));
	ret = socket_channel(t, fds[0], ch);
	if (!ret) {
		ret = exec_start(t->rest, fds[1], &pid);
		if (ret) {
			channel_free(*ch);
			*ch = NULL;
			err_set(t->err, ret, "%s: /bin/sh cannot be started (%s)", t->uri, strerror(-ret));
		} else {
			(*ch)->child = pid;
		}
	}
	close(fds[1]);
	return ret;
}

/* file: */

static int file_open(const struct target *t, int flags, const char *what, int *out)
{
	struct stat st;
	int fd;

	if (!*t->rest)
		return err_set(t->err, -EINVAL, "%s: no path; say file:PATH", t->uri);
	fd = open(t->rest, flags | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0)
		return err_set(t->err, -errno, "%s: cannot be %s (%s)", t->uri, what, strerror(errno));
	if (!fstat(fd, &st) && S_ISDIR(st.st_mode)) {
		close(fd);
		return err_set(t->err, -EISDIR, "%s: is a directory; say which file in it", t->uri);
	}
	*out = fd;
	return 0;
}

static int file_connect(const struct target *t, struct channel **ch)
{
	int ret, fd;

	ret = file_open(t, O_WRONLY | O_CREAT | O_TRUNC, "written", &fd);
	if (ret)
		return ret;
	ret = channel_make(t, -1, fd, ch);
	if (ret)
		close(fd);
	return ret;
}

static int file_accept(const struct target *t, struct channel **ch)
{
	int ret, fd;

	ret = file_open(t, O_RDONLY, "read", &fd);
	if (ret)
		return ret;
	ret = channel_make(t, fd, -1, ch);
	if (ret)
		close(fd);
	return ret;
}

static const struct scheme {
	const char *prefix;
	int (*connect)(const struct target *t, struct channel **ch);
	int (*accept)(const struct target *t, struct channel **ch);
	const char *why_not;		/* the one that is NULL */
} schemes[] = {
	{ "tcp:", tcp_connect, tcp_accept, NULL },
	{ "unix:", connect_unix, accept_unix, NULL },
	{ "fd:", fd_connect, fd_accept, NULL },
	{ "exec:", exec_connect, NULL, "a command's output comes through a pipe: COMMAND | vambrace receive -" },
	{ "file:", file_connect, file_accept, NULL },
	{ "-", NULL, stdio_accept, "say exec:COMMAND, fd:N or file:PATH to send" },
};

static int open_scheme(struct target *t, bool accept, struct channel **out)
{
	int (*fn)(const struct target *t, struct channel **ch);
	const struct scheme *s;

	for (s = schemes; s < schemes + ARM_ARRAY_SIZE(schemes); s++) {
		if (strncmp(t->uri, s->prefix, strlen(s->prefix)))
			continue;
		t->rest = t->uri + strlen(s->prefix);
		fn = accept ? s->accept : s->connect;
		return fn ? fn(t, out) : err_set(t->err, -EINVAL, "%s: not possible on this side; %s", t->uri,
						 s->why_not);
	}
	return err_set(t->err, -EINVAL, "%s: not understood; say %s", t->uri,
		       accept ? "tcp:[HOST:]PORT, unix:PATH, fd:N, file:PATH or - (stdin and stdout)" :
				"tcp:HOST:PORT, unix:PATH, fd:N, exec:COMMAND or file:PATH");
}

static int channel_open(const char *uri, bool accept, int cancel, struct channel **out, char **err)
{
	struct target t = { .uri = uri, .cancel = cancel, .err = err };
	int ret = open_scheme(&t, accept, out);

	if (!ret)
		channel_set_cancel(*out, cancel);
	return ret;
}

int channel_connect(const char *uri, int cancel, struct channel **out, char **err)
{
	return channel_open(uri, false, cancel, out, err);
}

int channel_accept(const char *uri, int cancel, struct channel **out, char **err)
{
	return channel_open(uri, true, cancel, out, err);
}
