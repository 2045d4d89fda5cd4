/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/host/control_client.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/host/control_socket.h"
#include "vmm/host/log.h"
#include "vmm/host/unix_listen.h"
#include "vmm/host/words.h"

struct answers {
	void (*progress)(void *opaque, const char *text);
	void *opaque;
	size_t len;
	char line[CONTROL_ANSWER + 1];
};

static bool takes(const char *line, const char *word, const char **text)
{
	size_t n = strlen(word);

	if (strncmp(line, word, n) || (line[n] && line[n] != ' '))
		return false;
	*text = line + n + (line[n] == ' ');
	return true;
}

/* 1: another line is to come; 0, -EREMOTEIO: it was the last. */
static int take_line(struct answers *a, char **last)
{
	const char *text;
	int ret;

	if (takes(a->line, "progress", &text)) {
		if (a->progress)
			a->progress(a->opaque, text);
		return 1;
	}
	if (takes(a->line, "ok", &text))
		ret = 0;
	else if (takes(a->line, "error", &text))
		ret = -EREMOTEIO;
	else
		return err_set(last, -EPROTO, "gives an answer that is none of ours");
	*last = strdup(text);
	if (!*last)
		return -ENOMEM;
	words_unpack(*last);
	return ret;
}

/* As take_line(), with all the whole lines that there are. */
static int take_answers(struct answers *a, int fd, char **last)
{
	ssize_t n = recv(fd, a->line + a->len, sizeof(a->line) - a->len, 0);
	int ret = 1;
	char *end;

	if (n < 0)
		return errno == EINTR ? 1 : -errno;
	if (!n)
		return err_set(last, -ECONNRESET, "has gone without an answer");
	a->len += n;
	while (ret == 1 && (end = memchr(a->line, '\n', a->len))) {
		*end = 0;
		ret = take_line(a, last);
		a->len -= end + 1 - a->line;
		memmove(a->line, end + 1, a->len);
	}
	if (ret == 1 && a->len == sizeof(a->line))
		return err_set(last, -EPROTO, "gives an answer without end");
	return ret;
}

static int wait_answers(int fd, int signals, struct answers *a, char **last)
{
	struct pollfd p[] = { { fd, POLLIN, 0 }, { signals, POLLIN, 0 } };
	int ret = 1;

	while (ret == 1) {
		if (poll(p, 2, -1) < 0)
			return errno == EINTR ? -EINTR : -errno;
		if (p[1].revents)
			return -EINTR;
		ret = take_answers(a, fd, last);
	}
	return ret;
}

static int send_line(int fd, const char *line, int pass)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov[] = { { (char *)line, strlen(line) }, { "\n", 1 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	struct cmsghdr *h;
	ssize_t n;

	if (pass >= 0) {
		msg.msg_control = control;
		msg.msg_controllen = CMSG_LEN(sizeof(int));
		h = CMSG_FIRSTHDR(&msg);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(h), &pass, sizeof(int));
	}
	n = sendmsg(fd, &msg, MSG_NOSIGNAL);
	if (n < 0)
		return -errno;
	/* A line is smaller than any socket's buffer. */
	return (size_t)n == iov[0].iov_len + 1 ? 0 : -EIO;
}

int control_client(const char *path, const char *line, int pass,
		   void (*progress)(void *opaque, const char *text), void *opaque, char **text)
{
	struct answers *a = calloc(1, sizeof(*a));
	int ret = -ENOMEM, fd = -1, signals = -1;
	sigset_t set, old;

	*text = NULL;
	if (!a)
		return ret;
	a->progress = progress;
	a->opaque = opaque;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, &old);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	fd = unix_connect(path);
	if (strlen(line) > CONTROL_LINE)
		ret = err_set(text, -E2BIG, "takes at most %d characters at once", CONTROL_LINE);
	else if (fd == -ECONNREFUSED || fd == -ENOENT)
		ret = err_set(text, fd, "no machine runs there");
	else
		ret = fd < 0 ? fd : signals < 0 ? -errno : send_line(fd, line, pass);
	if (!ret)
		ret = wait_answers(fd, signals, a, text);
	if (ret && ret != -EINTR && !*text)
		err_set(text, ret, "%s", strerror(-ret));
	if (fd >= 0)
		close(fd);
	if (signals >= 0)
		close(signals);
	/* A signal that was for this command ends no more than it. */
	if (ret == -EINTR) {
		struct timespec now = { 0 };

		while (sigtimedwait(&set, NULL, &now) > 0)
			continue;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	free(a);
	return ret;
}
