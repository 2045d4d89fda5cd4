/* SPDX-License-Identifier: GPL-2.0-only */
/* The store of snapshots: names, files that are there when they are complete, the list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/migrate/store.h"

static char home[32], seen[256];

static int setup(void **state)
{
	(void)state;
	strcpy(home, "/tmp/test_store.XXXXXX");
	seen[0] = 0;
	return mkdtemp(home) && !setenv("XDG_DATA_HOME", home, 1) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", home);
	return system(command);
}

static unsigned int files_in(const char *dir)
{
	DIR *d = opendir(dir);
	unsigned int n = 0;

	for (struct dirent *e; d && (e = readdir(d));)
		n += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return n;
}

static void names(void **state)
{
	static const char *const bad[] = { "", ".a", "..", "-a", "a b", "a\nb", "a;b", "\xc3\xa9" };
	char long_name[STORE_NAME_MAX + 2], *path = NULL, *err = NULL, want[128];

	(void)state;
	for (size_t i = 0; i < ARM_ARRAY_SIZE(bad); i++) {
		assert_false(store_name_is_valid(bad[i]));
		assert_int_equal(store_path(bad[i], true, &path, &err), -EINVAL);
		assert_non_null(strstr(err, "no name"));
		free(err);
		err = NULL;
	}
	memset(long_name, 'a', sizeof(long_name));
	long_name[STORE_NAME_MAX] = 0;
	assert_true(store_name_is_valid(long_name));
	strcat(long_name, "a");
	assert_false(store_name_is_valid(long_name));
	assert_true(store_name_is_valid("a.b-c_D9"));
	assert_int_equal(files_in(home), 0);
	assert_true(store_is_file("a/b") && store_is_file("./a") && store_is_file("a.vsnap"));
	assert_false(store_is_file("a") || store_is_file(".vsnap") || store_is_file("a.vsnap.x"));
	assert_int_equal(store_path("x/y", true, &path, &err), 0);
	assert_string_equal(path, "x/y");
	free(path);
	assert_int_equal(store_path("y", true, &path, &err), 0);
	snprintf(want, sizeof(want), "%s/vambrace/snapshots/y.vsnap", home);
	assert_string_equal(path, want);
	free(path);
	/* The default, and nowhere. */
	unsetenv("XDG_DATA_HOME");
	setenv("HOME", home, 1);
	assert_int_equal(store_path("y", true, &path, &err), 0);
	snprintf(want, sizeof(want), "%s/.local/share/vambrace/snapshots/y.vsnap", home);
	assert_string_equal(path, want);
	free(path);
	unsetenv("HOME");
	assert_int_equal(store_path("y", true, &path, &err), -ENOENT);
	assert_non_null(strstr(err, "HOME"));
	free(err);
}

static char *make(const char *name, const char *text)
{
	struct store_file *f;
	char *path, *err = NULL;

	assert_int_equal(store_path(name, true, &path, &err), 0);
	assert_int_equal(store_create(path, &f, &err), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(write(store_fd(f), text, strlen(text)), strlen(text));
	assert_int_equal(store_commit(f, &err), 0);
	assert_int_equal(access(path, F_OK), 0);
	return path;
}

static int note(void *opaque, const struct store_entry *e)
{
	const char *stop = opaque;

	assert_non_null(strstr(e->path, e->name));
	assert_true(e->mtime > 0);
	strcat(seen, e->name);
	strcat(seen, " ");
	return stop && !strcmp(stop, e->name) ? 7 : 0;
}

static void listing(void **state)
{
	char path[128], *err = NULL;

	(void)state;
	assert_int_equal(store_each(note, NULL, &err), 0);
	assert_string_equal(seen, "");
	free(make("b", "1"));
	free(make("a.1", "1"));
	free(make("c", "1"));
	/* None of ours. */
	snprintf(path, sizeof(path), "%s/vambrace/snapshots/d.vsnap", home);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/vambrace/snapshots/.e.vsnap", home);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	snprintf(path, sizeof(path), "%s/vambrace/snapshots/c.vsnap.AbCdEf", home);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(store_each(note, NULL, &err), 0);
	assert_string_equal(seen, "a.1 b c ");
	seen[0] = 0;
	assert_int_equal(store_each(note, "b", &err), 7);
	assert_string_equal(seen, "a.1 b ");
	assert_int_equal(store_delete("b", &err), 0);
	assert_int_equal(store_delete("b", &err), -ENOENT);
	assert_non_null(strstr(err, "no such snapshot"));
	free(err);
	err = NULL;
	assert_int_equal(store_delete("../b", &err), -EINVAL);
	free(err);
	seen[0] = 0;
	assert_int_equal(store_each(note, NULL, NULL), 0);
	assert_string_equal(seen, "a.1 c ");
}

static void creating(void **state)
{
	struct store_file *f, *g;
	char *path = make("x", "first"), *err = NULL, dir[128];
	struct stat st;

	(void)state;
	snprintf(dir, sizeof(dir), "%s/vambrace/snapshots", home);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(store_create(path, &f, &err), -EEXIST);
	free(err);
	err = NULL;
	/* What is given up leaves nothing. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(store_create(path, &f, &err), 0);
	assert_int_equal(write(store_fd(f), "second", 6), 6);
	store_discard(f);
	assert_int_equal(files_in(dir), 0);
	/* Two at once: the second to end is told. */
	assert_int_equal(store_create(path, &f, &err), 0);
	assert_int_equal(store_create(path, &g, &err), 0);
	assert_int_equal(store_commit(g, &err), 0);
	assert_int_equal(store_commit(f, &err), -EEXIST);
	assert_non_null(strstr(err, "meanwhile"));
	free(err);
	err = NULL;
	assert_int_equal(files_in(dir), 1);
	free(path);
	assert_int_equal(store_create("/nonexistent/x.vsnap", &f, &err), -ENOENT);
	assert_non_null(strstr(err, "/nonexistent/x.vsnap"));
	free(err);
}

/* Whoever writes one and is killed leaves nothing. */
static void killed(void **state)
{
	char dir[] = "/dev/shm/test_store.XXXXXX", path[64], *err = NULL;
	struct store_file *f;
	pid_t pid;
	int status;

	(void)state;
	/* Not every file system has files without a name, but this one. */
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x.vsnap", dir);
	pid = fork();
	if (!pid) {
		if (!store_create(path, &f, &err) && write(store_fd(f), "half", 4) == 4)
			raise(SIGKILL);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(rmdir(dir), 0);
}

static void full(void **state)
{
	static const int rets[] = { -ENOSPC, -EDQUOT, -EFBIG, -EIO };
	static const char *const words[] = { "disk is full", "disk is full", "ulimit", "Input/output" };
	char path[64], *err = NULL;
	struct store_file *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/f.vsnap", home);
	assert_int_equal(store_create(path, &f, &err), 0);
	for (size_t i = 0; i < ARM_ARRAY_SIZE(rets); i++) {
		assert_int_equal(store_explain(f, rets[i], &err), rets[i]);
		assert_non_null(strstr(err, words[i]));
		assert_non_null(strstr(err, path));
		free(err);
		err = NULL;
	}
	store_discard(f);
	assert_int_equal(files_in(home), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names, setup, teardown),
		cmocka_unit_test_setup_teardown(listing, setup, teardown),
		cmocka_unit_test_setup_teardown(creating, setup, teardown),
		cmocka_unit_test(killed),
		cmocka_unit_test_setup_teardown(full, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
