/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/host/unix_listen.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "vmm/host/log.h"

#define LOCK_TRIES 100		/* of 10 ms */

struct unix_listen {
	int fd;
	dev_t dev;		/* of the path, to know it by */
	ino_t ino;
	char path[];
};

static int make_address(const char *path, struct sockaddr_un *addr)
{
	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(addr->sun_path))
		return -ENAMETOOLONG;
	strcpy(addr->sun_path, path);
	return 0;
}

int unix_connect(const char *path)
{
	struct sockaddr_un addr;
	int ret = make_address(path, &addr), fd;

	if (ret)
		return ret;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* Not to wait for one that does not accept; what follows may. */
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) || fcntl(fd, F_SETFL, 0)) {
		ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}

/*
 * Whoever looks whether a socket is dead and then replaces it holds a lock on its directory:
 * of two that start at once, one would remove what the other has just made.
 * Where the lock cannot be had (another user's directory), that risk is taken.
 */
static int lock_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash ? strndup(path, slash - path + 1) : strdup(".");
	int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	free(dir);
	for (int i = 0; i < LOCK_TRIES && fd >= 0 && flock(fd, LOCK_EX | LOCK_NB); i++)
		usleep(10000);
	return fd;
}

/*
 * Does somebody listen there?  0, -ECONNREFUSED: nobody, or another -errno.  A datagram socket asks without
 * being noticed by who listens: it is refused for its type.
 */
static int ask(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret = 0;

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) && errno != EPROTOTYPE)
		ret = -errno;
	close(fd);
	return ret;
}

/* Makes room at @addr. */
static int remove_dead(const struct sockaddr_un *addr, const char *what, char **err)
{
	const char *path = addr->sun_path;
	struct stat st;
	int ret;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : err_set(err, -errno, "%s %s: %s", what, path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, -EEXIST, "%s %s: is there already and no socket; name another file", what, path);
	ret = ask(addr);
	if (!ret)
		return -EADDRINUSE;
	if (ret != -ECONNREFUSED)
		return err_set(err, ret, "%s %s: is a socket that gives no answer (%s); remove it", what, path,
			       strerror(-ret));
	if (unlink(path))
		return err_set(err, -errno, "%s %s: is left from a program that has gone, and cannot be removed "
			       "(%s)", what, path, strerror(errno));
	return 0;
}

/*
 * Under another name first, if that is not too long: who sees the socket where it belongs can connect
 * to it.  The caller holds the directory's lock.
 */
static int listen_at(struct unix_listen *l, const struct sockaddr_un *addr, const char *what, char **err)
{
	struct sockaddr_un first = *addr;
	size_t len = strlen(addr->sun_path);
	struct stat st;

	if (len + 2 <= sizeof(first.sun_path)) {
		memcpy(first.sun_path + len, "~", 2);
		unlink(first.sun_path);
	}
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The mode before there is a path: it must not be open to others for a moment. */
	if (l->fd < 0 || fchmod(l->fd, 0600) || bind(l->fd, (const struct sockaddr *)&first, sizeof(first)))
		return err_set(err, -errno, "%s %s: cannot be made (%s)", what, l->path, strerror(errno));
	if (listen(l->fd, 16) || rename(first.sun_path, addr->sun_path)) {
		int ret = -errno;

		unlink(first.sun_path);
		return err_set(err, ret, "%s %s: cannot be made (%s)", what, l->path, strerror(-ret));
	}
	if (!lstat(l->path, &st)) {
		l->dev = st.st_dev;
		l->ino = st.st_ino;
	}
	return 0;
}

int unix_listen(const char *path, const char *what, struct unix_listen **out, char **err)
{
	struct unix_listen *l = calloc(1, sizeof(*l) + strlen(path) + 1);
	struct sockaddr_un addr;
	int ret, lock = -1;

	if (!l)
		return -ENOMEM;
	strcpy(l->path, path);
	l->fd = -1;
	ret = make_address(path, &addr);
	if (ret)
		err_set(err, ret, "%s %s: a socket's path has at most %zu characters; choose a shorter one", what,
			path, sizeof(addr.sun_path) - 1);
	if (!ret) {
		lock = lock_directory(path);
		ret = remove_dead(&addr, what, err);
	}
	if (!ret)
		ret = listen_at(l, &addr, what, err);
	if (ret)
		unix_listen_free(l);
	else
		*out = l;
	if (lock >= 0)
		close(lock);
	return ret;
}

int unix_listen_fd(const struct unix_listen *l)
{
	return l->fd;
}

void unix_listen_free(struct unix_listen *l)
{
	struct stat st;

	if (!l)
		return;
	if (l->ino && !lstat(l->path, &st) && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
	if (l->fd >= 0)
		close(l->fd);
	free(l);
}
