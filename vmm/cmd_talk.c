/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/cmd.h"
#include "vmm/host/control_client.h"
#include "vmm/host/log.h"
#include "vmm/host/runtime_dir.h"
#include "vmm/host/unix_listen.h"
#include "vmm/host/words.h"

bool cmd_wants_help(int argc, char **argv)
{
	return argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"));
}

void cmd_complain(const char *text)
{
	char *copy = strdup(text), *next = copy, *line;

	while (copy && (line = strsep(&next, "\n")))
		if (*line || !*text)
			log_warn("%s", line);
	free(copy);
}

char *cmd_absolute(const char *path)
{
	char *cwd, *out;
	int n;

	if (*path == '/')
		return strdup(path);
	cwd = get_current_dir_name();
	n = cwd ? asprintf(&out, "%s/%s", cwd, path) : -1;
	free(cwd);
	return n < 0 ? NULL : out;
}

/* The machines that run. */
struct found {
	unsigned int n;
	char *path;		/* of the first */
	char names[256];
};

static int find(void *opaque, const char *name, const char *path)
{
	struct found *f = opaque;
	size_t len = strlen(f->names);
	int fd = unix_connect(path);

	if (fd < 0)
		return 0;
	close(fd);
	snprintf(f->names + len, sizeof(f->names) - len, "%s%s", len ? ", " : "", name);
	if (f->n++)
		return 0;
	f->path = strdup(path);
	return f->path ? 0 : -ENOMEM;
}

static char *find_only(void)
{
	struct found f = { 0 };
	char *err = NULL;
	int ret = runtime_each(find, &f, &err);

	if (ret)
		log_warn("%s", err ? err : strerror(-ret));
	else if (!f.n)
		log_warn("no machine runs under a name; start it with vambrace run --name NAME");
	else if (f.n > 1)
		log_warn("several machines run (%s); say which one", f.names);
	if (f.n != 1 || ret) {
		free(f.path);
		f.path = NULL;
	}
	free(err);
	return f.path;
}

char *cmd_find_machine(const char *name)
{
	char *path = NULL, *err = NULL;
	int ret = 0;

	if (!name)
		return find_only();
	if (strchr(name, '/'))
		path = strdup(name);
	else if (!runtime_name_is_valid(name))
		ret = err_set(&err, -EINVAL, "%s: no name of a machine; see vambrace list", name);
	else
		ret = runtime_socket(name, false, &path, &err);
	if (ret || !path)
		log_warn("%s", err ? err : strerror(ret ? -ret : ENOMEM));
	free(err);
	return path;
}

/* On a terminal it stays on one line. */
struct shown {
	bool terminal, open;
};

static void show_progress(void *opaque, const char *text)
{
	struct shown *s = opaque;

	if (s->terminal)
		fprintf(stderr, "\r\x1b[K%s", text);
	else
		fprintf(stderr, "%s\n", text);
	fflush(stderr);
	s->open = s->terminal;
}

enum status cmd_talk(const char *path, char *const *words, unsigned int n, int pass)
{
	struct shown shown = { .terminal = isatty(STDERR_FILENO) };
	char *line = words_join(words, n), *text = NULL;
	int ret = line ? control_client(path, line, pass, show_progress, &shown, &text) : -ENOMEM;

	if (shown.open)
		fputc('\n', stderr);
	if (!ret && *text)
		puts(text);
	else if (ret == -EREMOTEIO)
		cmd_complain(text);
	else if (ret == -EINTR)
		log_warn("%s: hung up; the machine gives it up, unless it was done already", words[0]);
	else if (ret)
		log_warn("%s: %s", path, text ? text : strerror(-ret));
	free(text);
	free(line);
	return ret ? STATUS_FAILED : STATUS_OK;
}
