/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/host/runtime_dir.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/host/log.h"

#define SUFFIX ".sock"

bool runtime_name_is_valid(const char *name)
{
	size_t n = 0;

	if (!isalnum((unsigned char)*name))
		return false;
	for (; name[n]; n++)
		if (!isalnum((unsigned char)name[n]) && !strchr("-_.", name[n]))
			return false;
	return n <= RUNTIME_NAME_MAX;
}

static char *directory(void)
{
	const char *base = getenv("XDG_RUNTIME_DIR");
	char *dir;
	int n = base && *base == '/' ? asprintf(&dir, "%s/vambrace", base) :
				       asprintf(&dir, "/tmp/vambrace-%u", (unsigned int)geteuid());

	return n < 0 ? NULL : dir;
}

/* In /tmp anybody may have made it first; who owns it reads along and answers in our name. */
static int check_owner(const char *dir, char **err)
{
	struct stat st;

	if (lstat(dir, &st))
		return -errno;
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return err_set(err, -EPERM, "%s: is no directory of yours; remove it, or set XDG_RUNTIME_DIR", dir);
	if (st.st_mode & 077)
		return err_set(err, -EPERM, "%s: others can use it; chmod 700 it", dir);
	return 0;
}

static int open_directory(bool make, char **dir, char **err)
{
	int ret;

	*dir = directory();
	if (!*dir)
		return -ENOMEM;
	if (make && mkdir(*dir, 0700) && errno != EEXIST)
		return err_set(err, -errno, "%s: cannot be made (%s); machines are found by name there", *dir,
			       strerror(errno));
	ret = check_owner(*dir, err);
	if (ret == -ENOENT || ret == -ENOTDIR)
		return ret;
	return ret && err && !*err ? err_set(err, ret, "%s: %s", *dir, strerror(-ret)) : ret;
}

int runtime_socket(const char *name, bool make, char **path, char **err)
{
	char *dir;
	int ret = open_directory(make, &dir, err);

	if (ret == -ENOENT || ret == -ENOTDIR)
		err_set(err, ret, "no machine of the name %s runs", name);
	else if (!ret && asprintf(path, "%s/%s" SUFFIX, dir, name) < 0)
		ret = -ENOMEM;
	free(dir);
	return ret;
}

static int is_socket(const struct dirent *e)
{
	size_t len = strlen(e->d_name), tail = strlen(SUFFIX);

	return len > tail && !strcmp(e->d_name + len - tail, SUFFIX);
}

static int visit(const char *dir, const char *file, int (*fn)(void *opaque, const char *name, const char *path),
		 void *opaque)
{
	char *path, *name = strndup(file, strlen(file) - strlen(SUFFIX));
	int ret = -ENOMEM;

	if (name && asprintf(&path, "%s/%s", dir, file) >= 0) {
		ret = runtime_name_is_valid(name) ? fn(opaque, name, path) : 0;
		free(path);
	}
	free(name);
	return ret;
}

int runtime_each(int (*fn)(void *opaque, const char *name, const char *path), void *opaque, char **err)
{
	struct dirent **list = NULL;
	char *dir;
	int ret = open_directory(false, &dir, err), n = 0;

	if (!ret) {
		n = scandir(dir, &list, is_socket, alphasort);
		if (n < 0)
			ret = err_set(err, -errno, "%s: %s", dir, strerror(errno));
	} else if (ret == -ENOENT || ret == -ENOTDIR) {
		ret = 0;
	}
	for (int i = 0; i < n; i++) {
		if (!ret)
			ret = visit(dir, list[i]->d_name, fn, opaque);
		free(list[i]);
	}
	free(list);
	free(dir);
	return ret;
}
