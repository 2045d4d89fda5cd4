/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/host/command_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/host/log.h"
#include "vmm/host/loop.h"

struct command_pipe {
	struct loop_source *src;
	void (*fn)(void *opaque, char *line);
	void *opaque;
	int fd;
	bool made;
	bool skip;			/* to the end of a line that is too long */
	size_t len;
	char line[COMMAND_PIPE_LINE + 1];
	char path[];
};

static void take_char(struct command_pipe *p, char c)
{
	if (c == '\n') {
		p->line[p->len] = 0;
		if (!p->skip)
			p->fn(p->opaque, p->line);
		p->len = 0;
		p->skip = false;
	} else if (p->len < COMMAND_PIPE_LINE) {
		p->line[p->len++] = c;
	} else if (!p->skip) {
		log_warn("--control: a line is longer than %d characters", COMMAND_PIPE_LINE);
		p->skip = true;
	}
}

/* What there is now, up to a bound: a writer without end must not hold up the loop. */
static void on_input(void *opaque, unsigned int events)
{
	struct command_pipe *p = opaque;
	char buf[1024];
	ssize_t n = read(p->fd, buf, sizeof(buf));

	(void)events;
	for (ssize_t i = 0; i < n; i++)
		take_char(p, buf[i]);
}

/* Open for writing too: it never sees the end of the file when the last writer goes. */
static int pipe_open(struct command_pipe *p, char **err)
{
	struct stat st;

	if (!mkfifo(p->path, 0600))
		p->made = true;
	else if (errno != EEXIST)
		return err_set(err, -errno, "--control %s: cannot be made (%s)", p->path, strerror(errno));
	p->fd = open(p->path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (p->fd < 0)
		return err_set(err, -errno, "--control %s: cannot be opened (%s)", p->path, strerror(errno));
	if (fstat(p->fd, &st) || !S_ISFIFO(st.st_mode))
		return err_set(err, -EINVAL, "--control %s: is no named pipe; name a new file, or make one with "
			       "mkfifo", p->path);
	return 0;
}

int command_pipe_create(struct loop *loop, const char *path, void (*fn)(void *opaque, char *line), void *opaque,
			struct command_pipe **out, char **err)
{
	struct command_pipe *p = calloc(1, sizeof(*p) + strlen(path) + 1);
	int ret;

	if (!p)
		return -ENOMEM;
	p->fn = fn;
	p->opaque = opaque;
	p->fd = -1;
	strcpy(p->path, path);
	ret = pipe_open(p, err);
	if (!ret) {
		p->src = loop_add_fd(loop, p->fd, LOOP_IN, on_input, p);
		ret = p->src ? 0 : -ENOMEM;
	}
	if (ret)
		command_pipe_free(p);
	else
		*out = p;
	return ret;
}

void command_pipe_free(struct command_pipe *p)
{
	if (!p)
		return;
	if (p->src)
		loop_remove(p->src);
	if (p->fd >= 0)
		close(p->fd);
	if (p->made)
		unlink(p->path);
	free(p);
}
