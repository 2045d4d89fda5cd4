/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/host/channel_impl.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vmm/host/clock.h"
#include "vmm/host/log.h"

#define CHILD_PATIENCE_MS 5000
/* So that a long write to a file, which never waits, can be cancelled. */
#define CHUNK (1u << 20)

int channel_wait(int fd, short events, int cancel, int ms)
{
	struct pollfd p[2] = { { .fd = fd, .events = events }, { .fd = cancel, .events = POLLIN } };
	u64 end = ms > 0 ? clock_ms() + ms : 0, now;
	int n;

	for (;;) {
		n = poll(p, 2, ms);
		if (n > 0)
			return p[1].revents ? -ECANCELED : 0;
		if (!n)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
		if (ms > 0) {
			now = clock_ms();
			ms = now < end ? (int)(end - now) : 0;
		}
	}
}

static bool is_cancelled(const struct channel *c)
{
	return c->cancel >= 0 && channel_wait(-1, 0, c->cancel, 0) == -ECANCELED;
}

static int wait_for(const struct channel *c, int fd, short events)
{
	return channel_wait(fd, events, c->cancel, c->timeout_ms ? (int)c->timeout_ms : -1);
}

/*
 * Nothing may block but poll().  Sockets can be asked each time; for pipes and
 * terminals it is a property of the open file, which another process may share: it is put
 * back at the end.  Regular files never wait.
 */
static void end_init(struct channel_end *e, int fd)
{
	struct stat st;

	*e = (struct channel_end){ .fd = fd, .flags = -1 };
	if (fd < 0 || fstat(fd, &st))
		return;
	e->socket = S_ISSOCK(st.st_mode);
	e->file = S_ISREG(st.st_mode);
	if (e->socket || e->file)
		return;
	e->flags = fcntl(fd, F_GETFL);
	if (e->flags >= 0 && (e->flags & O_NONBLOCK || fcntl(fd, F_SETFL, e->flags | O_NONBLOCK)))
		e->flags = -1;
}

static void end_close(struct channel_end *e)
{
	if (e->fd < 0)
		return;
	if (e->flags >= 0)
		fcntl(e->fd, F_SETFL, e->flags);
	close(e->fd);
}

static bool is_pipe_or_socket(int fd)
{
	struct stat st;

	return fd >= 0 && !fstat(fd, &st) && (S_ISSOCK(st.st_mode) || S_ISFIFO(st.st_mode));
}

struct channel *channel_of_fds(int in, int out)
{
	struct channel *c = calloc(1, sizeof(*c));
	struct sigaction sa;

	if (!c)
		return NULL;
	/* A peer that goes is an error, not the end of the process. */
	if (!sigaction(SIGPIPE, NULL, &sa) && !(sa.sa_flags & SA_SIGINFO) && sa.sa_handler == SIG_DFL)
		signal(SIGPIPE, SIG_IGN);
	c->cancel = -1;
	end_init(&c->in, in);
	end_init(&c->out, out);
	c->duplex = is_pipe_or_socket(in) && is_pipe_or_socket(out);
	return c;
}

struct channel *channel_of_fd(int fd)
{
	int mode = fcntl(fd, F_GETFL) & O_ACCMODE;

	return channel_of_fds(mode == O_WRONLY ? -1 : fd, mode == O_RDONLY ? -1 : fd);
}

/* The command has seen the end of its input; what it said last, or how it ended, is worth a line. */
static void child_reap(pid_t pid)
{
	u64 end = clock_ms() + CHILD_PATIENCE_MS;
	struct timespec nap = { .tv_nsec = 2000000 };
	int status;
	pid_t ret;

	for (;;) {
		ret = waitpid(pid, &status, WNOHANG);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret || clock_ms() >= end)
			break;
		nanosleep(&nap, NULL);
		if (nap.tv_nsec < 50000000)
			nap.tv_nsec *= 2;
	}
	if (!ret) {
		log_warn("the command of exec: did not end within %d s after its input; it is killed",
			 CHILD_PATIENCE_MS / 1000);
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	} else if (ret > 0 && WIFEXITED(status) && WEXITSTATUS(status)) {
		log_warn("the command of exec: ended with status %d", WEXITSTATUS(status));
	} else if (ret > 0 && WIFSIGNALED(status)) {
		log_warn("the command of exec: was ended by signal %d", WTERMSIG(status));
	}
}

void channel_leave_command(struct channel *c)
{
	c->child = 0;
}

void channel_free(struct channel *c)
{
	if (!c)
		return;
	if (c->out.fd != c->in.fd)
		end_close(&c->out);
	end_close(&c->in);
	if (c->child)
		child_reap(c->child);
	free(c);
}

bool channel_is_duplex(const struct channel *c)
{
	return c->duplex;
}

void channel_set_timeout(struct channel *c, unsigned int ms)
{
	c->timeout_ms = ms < INT32_MAX ? ms : INT32_MAX;
}

void channel_set_cancel(struct channel *c, int fd)
{
	c->cancel = fd;
}

static int failure(int error)
{
	return error == ECONNRESET ? -EPIPE : -error;
}

static ssize_t end_write(const struct channel_end *e, const void *data, size_t len)
{
	len = len < CHUNK ? len : CHUNK;
	return e->socket ? send(e->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL) : write(e->fd, data, len);
}

static ssize_t end_read(const struct channel_end *e, void *data, size_t len)
{
	len = len < CHUNK ? len : CHUNK;
	return e->socket ? recv(e->fd, data, len, MSG_DONTWAIT) : read(e->fd, data, len);
}

int channel_write(struct channel *c, const void *data, size_t len)
{
	const u8 *at = data;
	ssize_t n;
	int ret;

	if (c->out.fd < 0)
		return -EBADF;
	while (len) {
		if (is_cancelled(c))
			return -ECANCELED;
		n = end_write(&c->out, at, len);
		if (n > 0) {
			at += n;
			len -= n;
			continue;
		}
		if (!n)
			return -EIO;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return failure(errno);
		ret = wait_for(c, c->out.fd, POLLOUT);
		if (ret)
			return ret;
	}
	return 0;
}

/* Some bytes, to @data or, for a small read, to c->ahead, from where they are taken next.  0 at the end. */
static ssize_t read_some(struct channel *c, u8 *data, size_t len)
{
	ssize_t n;

	if (len >= sizeof(c->ahead) || c->in.file)
		return end_read(&c->in, data, len);
	n = end_read(&c->in, c->ahead, sizeof(c->ahead));
	if (n <= 0)
		return n;
	c->at = 0;
	c->have = n;
	len = len < c->have ? len : c->have;
	memcpy(data, c->ahead, len);
	c->at += len;
	c->have -= len;
	return len;
}

int channel_read(struct channel *c, void *data, size_t len)
{
	size_t got = 0;
	ssize_t n;
	int ret;

	if (c->in.fd < 0)
		return -EBADF;
	if (is_cancelled(c))
		return -ECANCELED;
	got = len < c->have ? len : c->have;
	memcpy(data, c->ahead + c->at, got);
	c->at += got;
	c->have -= got;
	while (got < len) {
		n = read_some(c, (u8 *)data + got, len - got);
		if (n > 0) {
			got += n;
		} else if (!n) {
			return got ? -EPIPE : -ENODATA;
		} else if (errno == EAGAIN) {
			ret = wait_for(c, c->in.fd, POLLIN);
			if (ret)
				return ret;
		} else if (errno != EINTR) {
			return failure(errno);
		}
		if (got < len && is_cancelled(c))
			return -ECANCELED;
	}
	return 0;
}
