/* SPDX-License-Identifier: GPL-2.0-only */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/host/log.h"
#include "vmm/host/tty.h"

struct chardev_file {
	struct chardev base;
	int fd;
	int failed;	/* atomic: the user has been told */
	char path[];
};

static size_t file_write(struct chardev *c, const void *buf, size_t len)
{
	struct chardev_file *f = (struct chardev_file *)c;
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = write(f->fd, (const u8 *)buf + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			/* The guest cannot help a full disk: it goes on, its log has a gap. */
			if (!__atomic_exchange_n(&f->failed, 1, __ATOMIC_RELAXED))
				log_warn("log file '%s': %s; output is lost", f->path,
					 strerror(errno));
			return len;
		}
		done += n;
	}
	return done;
}

static void file_free(struct chardev *c)
{
	struct chardev_file *f = (struct chardev_file *)c;

	close(f->fd);
	free(f);
}

static const struct chardev_ops file_ops = {
	.write = file_write,
	.free = file_free,
};

int chardev_file_create(const char *path, struct chardev **out, char **err)
{
	struct chardev_file *f = calloc(1, sizeof(*f) + strlen(path) + 1);
	int ret;

	if (!f)
		return err_set(err, -ENOMEM, "log file '%s': out of memory", path);
	strcpy(f->path, path);
	f->base.ops = &file_ops;
	f->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
	if (f->fd < 0) {
		ret = err_set(err, -errno, "log file '%s': cannot be written (%s); choose a file"
			      " in a directory that you may write to", path, strerror(errno));
		free(f);
		return ret;
	}
	*out = &f->base;
	return 0;
}
