/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/migrate/store.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/host/log.h"

struct store_file {
	int fd;
	char *path;
	char *tmp;		/* what it is called until then; NULL: it has no name */
};

static bool has_suffix(const char *word)
{
	size_t n = strlen(word), tail = strlen(STORE_SUFFIX);

	return n > tail && !strcmp(word + n - tail, STORE_SUFFIX);
}

bool store_is_file(const char *word)
{
	return strchr(word, '/') || has_suffix(word);
}

bool store_name_is_valid(const char *name)
{
	size_t n = 0;

	if (*name == '.' || *name == '-')
		return false;
	for (; name[n]; n++)
		if (!isalnum((unsigned char)name[n]) && !strchr("-_.", name[n]))
			return false;
	return n && n <= STORE_NAME_MAX;
}

static char *directory(void)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	char *dir;
	int n = -1;

	if (data && *data == '/')
		n = asprintf(&dir, "%s/vambrace/snapshots", data);
	else if (home && *home == '/')
		n = asprintf(&dir, "%s/.local/share/vambrace/snapshots", home);
	return n < 0 ? NULL : dir;
}

static int no_directory(char **err)
{
	return err_set(err, -ENOENT, "neither XDG_DATA_HOME nor HOME says where snapshots are; give a file, "
		       "for instance ./guest" STORE_SUFFIX);
}

/* With all that leads to it, as far as it is not there. */
static int make_directory(char *dir, char **err)
{
	for (char *slash = strchr(dir + 1, '/');; slash = strchr(slash + 1, '/')) {
		if (slash)
			*slash = 0;
		if (mkdir(dir, 0700) && errno != EEXIST)
			return err_set(err, -errno, "%s: cannot be made (%s); snapshots are kept there", dir,
				       strerror(errno));
		if (!slash)
			return 0;
		*slash = '/';
	}
}

static int check_name(const char *name, char **err)
{
	if (store_name_is_valid(name))
		return 0;
	return err_set(err, -EINVAL, "'%s': no name for a snapshot; it has letters, digits, '-', '_' and '.', "
		       "begins with none of '-' and '.', and has at most %d of them", name, STORE_NAME_MAX);
}

int store_path(const char *word, bool make, char **path, char **err)
{
	char *dir;
	int ret;

	if (store_is_file(word)) {
		*path = strdup(word);
		return *path ? 0 : -ENOMEM;
	}
	ret = check_name(word, err);
	if (ret)
		return ret;
	dir = directory();
	if (!dir)
		return no_directory(err);
	ret = make ? make_directory(dir, err) : 0;
	if (!ret && asprintf(path, "%s/%s" STORE_SUFFIX, dir, word) < 0)
		ret = -ENOMEM;
	free(dir);
	return ret;
}

/* NULL on ENOMEM. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? strndup(path, slash - path + 1) : strdup(".");
}

/* Whatever ends us leaves nothing of a file that has no name.  -1: it needs one here. */
static int open_nameless(const char *path)
{
	char *dir = directory_of(path);
	int fd = dir && !access("/proc/self/fd", X_OK) ? open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;

	free(dir);
	return fd;
}

/* Under a name that is not @f->path. */
static int open_named(struct store_file *f)
{
	int ret;

	if (asprintf(&f->tmp, "%s.XXXXXX", f->path) < 0) {
		f->tmp = NULL;
		return -ENOMEM;
	}
	f->fd = mkostemp(f->tmp, O_CLOEXEC);
	if (f->fd >= 0)
		return 0;
	ret = -errno;
	free(f->tmp);
	f->tmp = NULL;
	return ret;
}

int store_create(const char *path, struct store_file **out, char **err)
{
	struct store_file *f;
	int ret;

	/* Before minutes go into it, not after. */
	if (!access(path, F_OK))
		return err_set(err, -EEXIST, "%s: is there already; delete it first, or take another name", path);
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->path = strdup(path);
	f->fd = open_nameless(path);
	ret = !f->path ? -ENOMEM : f->fd < 0 ? open_named(f) : 0;
	if (ret) {
		store_discard(f);
		return err_set(err, ret, "%s: cannot be made (%s)", path, strerror(-ret));
	}
	*out = f;
	return 0;
}

int store_fd(const struct store_file *f)
{
	return f->fd;
}

void store_discard(struct store_file *f)
{
	if (!f)
		return;
	if (f->fd >= 0)
		close(f->fd);
	if (f->tmp)
		unlink(f->tmp);
	free(f->tmp);
	free(f->path);
	free(f);
}

int store_explain(const struct store_file *f, int ret, char **err)
{
	switch (ret) {
	case -ENOSPC:
	case -EDQUOT:
		return err_set(err, ret, "%s: the disk is full (%s); make room or choose a file on another one",
			       f->path, strerror(-ret));
	case -EFBIG:
		return err_set(err, ret, "%s: the file system, or a limit (ulimit -f), forbids files of that size; "
			       "choose another one", f->path);
	default:
		return err_set(err, ret, "%s: %s", f->path, strerror(-ret));
	}
}

/* The name in its directory must survive too. */
static int sync_directory(const char *path)
{
	char *dir = directory_of(path);
	int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1, ret = 0;

	/* Some file systems cannot, and those need it not. */
	if (fd >= 0 && fsync(fd) && errno != EINVAL && errno != EROFS)
		ret = -errno;
	if (fd >= 0)
		close(fd);
	free(dir);
	return ret;
}

/* A link does not replace what somebody made meanwhile; where there are none, renaming has to do. */
static int name_it(struct store_file *f)
{
	char fd[32];

	snprintf(fd, sizeof(fd), "/proc/self/fd/%d", f->fd);
	if (!linkat(AT_FDCWD, f->tmp ? f->tmp : fd, AT_FDCWD, f->path, AT_SYMLINK_FOLLOW))
		return 0;
	if (errno == EEXIST || !f->tmp || rename(f->tmp, f->path))
		return -errno;
	free(f->tmp);
	f->tmp = NULL;
	return 0;
}

int store_commit(struct store_file *f, char **err)
{
	int ret = fsync(f->fd) ? -errno : name_it(f);

	if (!ret)
		ret = sync_directory(f->path);
	if (ret == -EEXIST)
		err_set(err, ret, "%s: has been made by somebody else meanwhile; take another name", f->path);
	else if (ret)
		store_explain(f, ret, err);
	store_discard(f);
	return ret;
}

static int is_snapshot(const struct dirent *e)
{
	return e->d_name[0] != '.' && has_suffix(e->d_name);
}

static int visit(const char *dir, const char *file, int (*fn)(void *opaque, const struct store_entry *e),
		 void *opaque)
{
	struct store_entry e = { 0 };
	struct stat st;
	char *path = NULL, *name = strndup(file, strlen(file) - strlen(STORE_SUFFIX));
	int ret = -ENOMEM;

	if (name && asprintf(&path, "%s/%s", dir, file) >= 0) {
		ret = 0;
		/* Gone since the directory was read, or nothing of ours. */
		if (!stat(path, &st) && S_ISREG(st.st_mode) && store_name_is_valid(name)) {
			e = (struct store_entry){ name, path, st.st_blocks * 512ULL, st.st_mtime };
			ret = fn(opaque, &e);
		}
		free(path);
	}
	free(name);
	return ret;
}

int store_each(int (*fn)(void *opaque, const struct store_entry *e), void *opaque, char **err)
{
	struct dirent **list = NULL;
	char *dir = directory();
	int ret = 0, n;

	if (!dir)
		return no_directory(err);
	n = scandir(dir, &list, is_snapshot, alphasort);
	if (n < 0 && errno != ENOENT)
		ret = err_set(err, -errno, "%s: %s", dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		if (!ret)
			ret = visit(dir, list[i]->d_name, fn, opaque);
		free(list[i]);
	}
	free(list);
	free(dir);
	return ret;
}

int store_delete(const char *name, char **err)
{
	char *path;
	int ret = check_name(name, err);

	if (ret)
		return ret;
	ret = store_path(name, false, &path, err);
	if (ret)
		return ret;
	if (unlink(path))
		ret = errno == ENOENT ?
			err_set(err, -ENOENT, "%s: no such snapshot; see vambrace snapshot list", name) :
			err_set(err, -errno, "%s: %s", path, strerror(errno));
	free(path);
	return ret;
}
