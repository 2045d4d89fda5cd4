/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/host/lookup.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vmm/host/channel_impl.h"

/* Of the one who asks and the thread that looks: whoever is the last to need it frees it. */
struct lookup {
	atomic_uint users;
	char host[LOOKUP_HOST_MAX + 1], port[LOOKUP_PORT_MAX + 1];
	int flags;
	int done;			/* an eventfd, when what follows is there */
	int error;			/* EAI_* */
	struct addrinfo *list;
};

static void lookup_put(struct lookup *l)
{
	if (atomic_fetch_sub(&l->users, 1) > 1)
		return;
	if (l->list)
		freeaddrinfo(l->list);
	close(l->done);
	free(l);
}

/* getaddrinfo() cannot be interrupted: who does not wait for it any more leaves it behind. */
static void *lookup_main(void *opaque)
{
	struct lookup *l = opaque;
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = l->flags };

	l->error = getaddrinfo(l->host, l->port, &hints, &l->list);
	eventfd_write(l->done, 1);
	lookup_put(l);
	return NULL;
}

static int lookup_start(const char *host, const char *port, int flags, struct lookup **out)
{
	struct lookup *l = calloc(1, sizeof(*l));
	pthread_attr_t attr;
	pthread_t thread;
	int ret;

	if (!l)
		return -ENOMEM;
	strncpy(l->host, host, LOOKUP_HOST_MAX);
	strncpy(l->port, port, LOOKUP_PORT_MAX);
	l->flags = flags;
	atomic_init(&l->users, 2);
	l->done = eventfd(0, EFD_CLOEXEC);
	ret = l->done < 0 ? -errno : -pthread_attr_init(&attr);
	if (!ret) {
		pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
		ret = -pthread_create(&thread, &attr, lookup_main, l);
		pthread_attr_destroy(&attr);
	}
	if (ret) {
		if (l->done >= 0)
			close(l->done);
		free(l);
	} else {
		*out = l;
	}
	return ret;
}

int lookup_tcp(const char *host, const char *port, int flags, int cancel, struct addrinfo **out, const char **why)
{
	struct lookup *l;
	int ret = lookup_start(host, port, flags, &l);

	if (ret)
		return ret;
	ret = channel_wait(l->done, POLLIN, cancel, -1);
	if (!ret && l->error) {
		*why = gai_strerror(l->error);
		ret = l->error == EAI_MEMORY ? -ENOMEM : -EHOSTUNREACH;
	} else if (!ret) {
		*out = l->list;
		l->list = NULL;
	}
	lookup_put(l);
	return ret;
}
