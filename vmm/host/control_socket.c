/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/host/control_socket.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/host/clock.h"
#include "vmm/host/log.h"
#include "vmm/host/loop.h"
#include "vmm/host/unix_listen.h"
#include "vmm/host/words.h"

#define PROGRESS_ROOM 4096	/* bytes of progress that wait for a client */
#define ACCEPT_AGAIN_NS 1000000000ULL
#define LAST_WORDS_MS 1000

/*
 * What goes from whoever carries out a command to its client: a mailbox, with a
 * reference for each side, so that either may go first.
 */
struct control_request {
	pthread_mutex_t lock;		/* what follows, up to the blank line; loop_call() is under it */
	unsigned int refs;
	struct client *client;		/* NULL: it has gone */
	size_t progress_len;
	char progress[PROGRESS_ROOM];	/* whole lines */
	char *answer;			/* the last line; NULL: not yet */
	bool answered;

	/* The loop's thread only. */
	void (*hangup)(void *opaque);
	void *opaque;
};

struct client {
	struct control_socket *socket;
	struct client *next;
	struct loop_source *src;
	int fd;
	int passed;			/* a descriptor for the next line, or -1 */
	bool ended;			/* it will send no more */
	bool skip;			/* to the end of a line that is too long */
	size_t len;
	char in[CONTROL_LINE + 1];
	struct control_request *request;	/* under way; NULL: none */
	size_t out_len, out_at;
	char out[PROGRESS_ROOM + CONTROL_ANSWER];
};

struct control_socket {
	struct loop *loop;
	struct unix_listen *listen;
	struct loop_source *src, *again;
	control_command_fn *fn;
	void *opaque;
	struct client *clients;
	unsigned int nclients;
};

static void request_unref(struct control_request *req)
{
	bool last;

	pthread_mutex_lock(&req->lock);
	last = --req->refs == 0;
	pthread_mutex_unlock(&req->lock);
	if (!last)
		return;
	pthread_mutex_destroy(&req->lock);
	free(req->answer);
	free(req);
}

static void client_serve(struct client *c);

/* Something is in the mailbox. */
static void request_kick(void *opaque)
{
	struct control_request *req = opaque;

	if (req->client)
		client_serve(req->client);
}

void control_progress(struct control_request *req, const char *text)
{
	char line[512] = "progress ";
	size_t len = strlen(line);

	words_pack(line + len, sizeof(line) - len - 1, text);
	len = strlen(line);
	line[len++] = '\n';
	pthread_mutex_lock(&req->lock);
	if (req->client && req->progress_len + len <= sizeof(req->progress)) {
		memcpy(req->progress + req->progress_len, line, len);
		req->progress_len += len;
		loop_call(req->client->socket->loop, request_kick, req);
	}
	pthread_mutex_unlock(&req->lock);
}

void control_answer(struct control_request *req, int ret, const char *text)
{
	const char *word = ret ? "error" : "ok";
	char *line = malloc(CONTROL_ANSWER);
	size_t len;

	if (!text)
		text = ret ? strerror(-ret) : "";
	if (line) {
		len = snprintf(line, CONTROL_ANSWER, *text ? "%s " : "%s", word);
		words_pack(line + len, CONTROL_ANSWER - len - 1, text);
		strcat(line, "\n");
	}
	pthread_mutex_lock(&req->lock);
	req->answer = line;
	req->answered = true;
	if (req->client)
		loop_call(req->client->socket->loop, request_kick, req);
	pthread_mutex_unlock(&req->lock);
	request_unref(req);
}

void control_on_hangup(struct control_request *req, void (*fn)(void *opaque), void *opaque)
{
	req->hangup = fn;
	req->opaque = opaque;
}

/* The client and its request part.  Was it answered?  Then whoever did that is done with it. */
static bool client_drop_request(struct client *c)
{
	struct control_request *req = c->request;
	bool answered;

	pthread_mutex_lock(&req->lock);
	req->client = NULL;
	answered = req->answered;
	pthread_mutex_unlock(&req->lock);
	loop_uncall(c->socket->loop, request_kick, req);
	c->request = NULL;
	request_unref(req);
	return answered;
}

static void client_close(struct client *c)
{
	struct control_socket *s = c->socket;
	struct control_request *req = c->request;
	void (*hangup)(void *opaque) = req ? req->hangup : NULL;
	void *opaque = req ? req->opaque : NULL;
	struct client **p = &s->clients;

	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	s->nclients--;
	loop_remove(c->src);
	close(c->fd);
	if (c->passed >= 0)
		close(c->passed);
	/* With an answer that had not left yet there is nothing to give up, and @opaque may be gone. */
	if (req && client_drop_request(c))
		hangup = NULL;
	free(c);
	/* It may answer from in there. */
	if (hangup)
		hangup(opaque);
}

static void client_command(struct client *c, char *line)
{
	struct control_request *req = calloc(1, sizeof(*req));
	int passed = c->passed;

	c->passed = -1;
	if (!req) {
		log_warn("control: no memory for a command");
		if (passed >= 0)
			close(passed);
		c->ended = true;
		return;
	}
	pthread_mutex_init(&req->lock, NULL);
	req->refs = 2;
	req->client = c;
	c->request = req;
	if (line) {
		c->socket->fn(c->socket->opaque, req, line, passed);
		return;
	}
	if (passed >= 0)
		close(passed);
	control_answer(req, -E2BIG, "the line is too long");
}

/* The next line of what was read, if all of it is there and it is its turn. */
static void client_next_line(struct client *c)
{
	char line[CONTROL_LINE + 1], *end = memchr(c->in, '\n', c->len);
	size_t len;
	bool skip = c->skip;

	if (!end) {
		if (c->len > CONTROL_LINE) {
			c->skip = true;
			c->len = 0;
		}
		return;
	}
	len = end - c->in;
	memcpy(line, c->in, len);
	line[len] = 0;
	c->len -= len + 1;
	memmove(c->in, end + 1, c->len);
	c->skip = false;
	client_command(c, skip ? NULL : line);
}

/* Moves to @out what the mailbox has, once what was in @out has left. */
static void client_collect(struct client *c)
{
	struct control_request *req = c->request;
	bool answered;

	if (!req || c->out_at < c->out_len)
		return;
	pthread_mutex_lock(&req->lock);
	memcpy(c->out, req->progress, req->progress_len);
	c->out_len = req->progress_len;
	c->out_at = 0;
	req->progress_len = 0;
	answered = req->answered;
	if (answered) {
		const char *answer = req->answer ? req->answer : "error no memory\n";
		size_t len = strlen(answer);

		memcpy(c->out + c->out_len, answer, len);
		c->out_len += len;
	}
	pthread_mutex_unlock(&req->lock);
	if (answered)
		client_drop_request(c);
}

/* 0, -EAGAIN: not all of it left, or -errno. */
static int client_flush(struct client *c)
{
	while (c->out_at < c->out_len) {
		ssize_t n = send(c->fd, c->out + c->out_at, c->out_len - c->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			return errno == EINTR ? -EAGAIN : -errno;
		c->out_at += n;
	}
	return 0;
}

/* Goes on with the client as far as it goes without waiting; @c may be gone after it. */
static void client_serve(struct client *c)
{
	unsigned int events = 0;
	size_t had;
	int ret;

	do {
		had = c->len;
		client_collect(c);
		ret = client_flush(c);
		if (!ret && !c->request)
			client_next_line(c);
	} while (!ret && c->len != had && !c->request);
	if ((ret && ret != -EAGAIN) || (!ret && !c->request && c->ended)) {
		client_close(c);
		return;
	}
	if (ret)
		events = LOOP_OUT;
	else if (!c->request)
		events = LOOP_IN;
	loop_mod_fd(c->src, events);
}

/* A descriptor that came with @msg is the next line's; of several, the last. */
static void take_passed(struct client *c, struct msghdr *msg)
{
	for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h; h = CMSG_NXTHDR(msg, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at + sizeof(int) <= h->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
			if (c->passed >= 0)
				close(c->passed);
			memcpy(&c->passed, CMSG_DATA(h) + at, sizeof(int));
		}
	}
}

static void client_read(struct client *c)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { c->in + c->len, sizeof(c->in) - c->len };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(c->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n > 0) {
		take_passed(c, &msg);
		c->len += n;
	} else if (!n || (errno != EAGAIN && errno != EINTR)) {
		c->ended = true;
	}
}

/* It has hung up: the lines that it sent before still count, up to one that takes its time. */
static void client_finish(struct client *c)
{
	size_t had;

	do {
		had = c->len;
		c->out_at = c->out_len;
		client_collect(c);
		if (!c->request)
			client_next_line(c);
	} while (c->len != had);
	client_close(c);
}

static void on_client(void *opaque, unsigned int events)
{
	struct client *c = opaque;

	if ((events & LOOP_HUP) && !(events & LOOP_IN)) {
		client_finish(c);
		return;
	}
	if ((events & LOOP_IN) && !c->request)
		client_read(c);
	client_serve(c);
}

static void accept_again(void *opaque)
{
	struct control_socket *s = opaque;

	loop_remove(s->again);
	s->again = NULL;
	loop_mod_fd(s->src, LOOP_IN);
}

static bool is_welcome(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) && (cred.uid == geteuid() || cred.uid == 0);
}

static void on_connect(void *opaque, unsigned int events)
{
	static const char full[] = "error too many clients; try again when some have gone\n";
	struct control_socket *s = opaque;
	struct client *c = NULL;
	int fd = accept4(unix_listen_fd(s->listen), NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0) {
		/* Out of descriptors: it would be ready again at once. */
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED && !s->again) {
			loop_mod_fd(s->src, 0);
			s->again = loop_add_timer(s->loop, ACCEPT_AGAIN_NS, 0, accept_again, s);
		}
		return;
	}
	if (s->nclients >= CONTROL_CLIENTS) {
		if (send(fd, full, sizeof(full) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			log_warn("control: too many clients");
	} else if (is_welcome(fd)) {
		c = calloc(1, sizeof(*c));
	}
	if (!c) {
		close(fd);
		return;
	}
	c->socket = s;
	c->fd = fd;
	c->passed = -1;
	c->src = loop_add_fd(s->loop, fd, LOOP_IN, on_client, c);
	c->next = s->clients;
	s->clients = c;
	s->nclients++;
}

int control_socket_create(struct loop *loop, const char *path, const char *what, control_command_fn *fn,
			  void *opaque, struct control_socket **out, char **err)
{
	struct control_socket *s = calloc(1, sizeof(*s));
	int ret = -ENOMEM;

	if (!s)
		return ret;
	s->loop = loop;
	s->fn = fn;
	s->opaque = opaque;
	ret = unix_listen(path, what, &s->listen, err);
	if (!ret) {
		s->src = loop_add_fd(loop, unix_listen_fd(s->listen), LOOP_IN, on_connect, s);
		ret = s->src ? 0 : -ENOMEM;
	}
	if (ret)
		control_socket_free(s);
	else
		*out = s;
	return ret;
}

/* The loop runs no more: an answer that was given must leave all the same. */
static void client_last_words(struct client *c, u64 until)
{
	struct pollfd p = { c->fd, POLLOUT, 0 };

	for (;;) {
		bool answered = !c->request;
		u64 now = clock_ms();
		int ret;

		client_collect(c);
		ret = client_flush(c);
		if ((!ret && answered == !c->request && c->out_at == c->out_len) || (ret && ret != -EAGAIN) ||
		    now >= until)
			return;
		if (ret && poll(&p, 1, until - now) < 0 && errno != EINTR)
			return;
	}
}

void control_socket_free(struct control_socket *s)
{
	u64 until = clock_ms() + LAST_WORDS_MS;

	if (!s)
		return;
	while (s->clients) {
		client_last_words(s->clients, until);
		client_close(s->clients);
	}
	loop_remove(s->again);
	loop_remove(s->src);
	unix_listen_free(s->listen);
	free(s);
}
