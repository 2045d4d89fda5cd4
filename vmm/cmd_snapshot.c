/* SPDX-License-Identifier: GPL-2.0-only */
/* Machines in files: saved while they run, listed, brought back. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vmm/cmd.h"
#include "vmm/host/log.h"
#include "vmm/migrate/incoming.h"
#include "vmm/migrate/shape.h"
#include "vmm/migrate/snapshot.h"
#include "vmm/migrate/store.h"
#include "vmm/options.h"

static const char help[] =
	"Usage: vambrace snapshot COMMAND...\n"
	"A running machine as it is at one moment, in a file.\n\n"
	"  save [MACHINE] NAME|FILE [--quit]   save a running machine, which goes on, or ends (--quit)\n"
	"  list                                show those that have a name\n"
	"  restore NAME|FILE [OPTION]...       go on with one; see vambrace snapshot restore --help\n"
	"  delete NAME...                      forget them\n"
	"  export NAME|FILE TO                 write one to the file TO, compressed, to be carried away\n\n"
	"MACHINE is the name of run --name, or a socket's path; it may be left out when one machine runs.\n"
	"What has a slash or ends in .vsnap is a FILE.  Named ones are in ~/.local/share/vambrace/snapshots,\n"
	"or in $XDG_DATA_HOME/vambrace/snapshots.  Disks are not in it: it must find them unchanged.";

/* For errors of calls that leave a sentence in @err. */
static enum status failed(int ret, char *err)
{
	if (ret)
		log_warn("snapshot: %s", err ? err : strerror(-ret));
	free(err);
	return ret ? STATUS_FAILED : STATUS_OK;
}

static enum status wrong(const char *word, const char *why)
{
	log_warn("snapshot %s: %s; see vambrace snapshot --help", word, why);
	return STATUS_USAGE;
}

/* ---- save ---- */

static enum status do_save(int argc, char **argv)
{
	char *words[] = { "snapshot", "save", NULL, "quit" }, *machine = NULL, *path = NULL, *full = NULL, *err = NULL;
	bool quit = argc > 1 && !strcmp(argv[argc - 1], "--quit");
	enum status status;
	int ret;

	argc -= quit;
	if (argc < 2 || argc > 3)
		return wrong("save", argc < 2 ? "nobody said where to" : "too many words");
	ret = store_path(argv[argc - 1], true, &path, &err);
	/* The machine may stand in another directory. */
	if (!ret)
		full = cmd_absolute(path);
	if (!ret && !full)
		ret = -ENOMEM;
	status = failed(ret, err);
	if (!ret) {
		status = STATUS_FAILED;
		machine = cmd_find_machine(argc == 3 ? argv[1] : NULL);
	}
	if (machine) {
		words[2] = full;
		status = cmd_talk(machine, words, quit ? 4 : 3, -1);
	}
	free(machine);
	free(full);
	free(path);
	return status;
}

/* ---- list ---- */

static void size_text(char *out, size_t room, u64 bytes)
{
	static const char units[] = "KMGT";
	double v = bytes / 1024.0;
	int unit = 0;

	for (; v >= 1000 && units[unit + 1]; unit++)
		v /= 1024;
	snprintf(out, room, v < 10 ? "%.1f%c" : "%.0f%c", v, units[unit]);
}

/* What it says of itself. */
static int look(const char *path, struct shape *shape, char **err)
{
	struct incoming *in;
	const char *text;
	size_t len;
	int ret = incoming_open_file(path, &in, err);

	if (ret)
		return ret;
	text = incoming_config(in, &len);
	ret = shape_read(text, len, shape, err);
	incoming_close(in);
	return ret;
}

static int show(void *opaque, const struct store_entry *e)
{
	time_t when = e->mtime;
	struct shape shape = { 0 };
	unsigned int *shown = opaque;
	char date[32] = "?", size[16], *err = NULL;
	struct tm tm;
	int ret = look(e->path, &shape, &err);

	if (!ret && shape.saved)
		when = shape.saved;
	if (localtime_r(&when, &tm))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M", &tm);
	size_text(size, sizeof(size), e->bytes);
	if (!(*shown)++)
		puts("NAME                 DATE              SIZE    MACHINE       CPU         CPUS  MEMORY   ENGINE");
	printf("%-20s %-17s %-7s ", e->name, date, size);
	if (ret)
		printf("cannot be read: %s\n", err ? err : strerror(-ret));
	else
		printf("%-13s %-11s %-5u %6lluM  %s\n", shape.machine->name, shape.cpu, shape.cpus,
		       (unsigned long long)(shape.memory >> 20), shape.engine);
	shape_free(&shape);
	free(err);
	return 0;
}

static enum status do_list(int argc, char **argv)
{
	unsigned int shown = 0;
	char *err = NULL;
	int ret;

	if (argc > 1)
		return wrong("list", argv[1]);
	ret = store_each(show, &shown, &err);
	return failed(ret, err);
}

/* ---- delete, export ---- */

static enum status do_delete(int argc, char **argv)
{
	enum status status = STATUS_OK;

	if (argc < 2)
		return wrong("delete", "nobody said which");
	for (int i = 1; i < argc; i++) {
		char *err = NULL;
		int ret = store_is_file(argv[i]) ? err_set(&err, -EINVAL, "%s: is a file; use rm", argv[i]) :
						   store_delete(argv[i], &err);

		if (failed(ret, err))
			status = STATUS_FAILED;
	}
	return status;
}

static int export_to(const char *from, const char *to, char **err)
{
	struct store_file *f = NULL;
	int fd = open(from, O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return err_set(err, -errno, "%s: %s", from, strerror(errno));
	ret = store_create(to, &f, err);
	if (!ret) {
		ret = snapshot_export(fd, store_fd(f), err);
		if (!ret) {
			ret = store_commit(f, err);
		} else {
			if (!*err)
				store_explain(f, ret, err);
			store_discard(f);
		}
	}
	close(fd);
	return ret;
}

static enum status do_export(int argc, char **argv)
{
	char *from = NULL, *err = NULL;
	int ret;

	if (argc != 3)
		return wrong("export", "say which, and where to");
	ret = store_path(argv[1], false, &from, &err);
	if (!ret)
		ret = export_to(from, argv[2], &err);
	free(from);
	return failed(ret, err);
}

/* ---- restore ---- */

static const struct options_command options_restore = {
	.name = "snapshot restore",
	.synopsis = "snapshot restore NAME|FILE [OPTION]...",
	.about = "Goes on with a machine that was saved; the snapshot stays as it is, for the next time.\n"
		 "One that has a name finds its disks where they were, unless --disk, --sd or --flash say\n"
		 "otherwise.  One in a file may come from anybody, and names no files here: say them all.\n"
		 "Networks and terminals come from the options; a kernel is needed only for a reboot.\n",
	.word = "NAME|FILE",
};

static enum status go_on(const char *word, struct vm_config *cfg)
{
	struct incoming *in = NULL;
	char *path = NULL, *err = NULL;
	int ret = store_path(word, false, &path, &err);

	if (!ret && !store_is_file(word) && access(path, F_OK))
		ret = err_set(&err, -ENOENT, "%s: no such snapshot; see vambrace snapshot list", word);
	if (!ret)
		ret = incoming_open_file(path, &in, &err);
	free(path);
	if (failed(ret, err))
		return STATUS_FAILED;
	return cmd_resume(in, cfg, !store_is_file(word), "snapshot restore");
}

static enum status do_restore(int argc, char **argv)
{
	return cmd_with_options(&options_restore, argc, argv, go_on);
}

enum status cmd_snapshot(int argc, char **argv)
{
	static const struct {
		const char *name;
		cmd_fn *fn;
	} commands[] = {
		{ "save", do_save }, { "list", do_list }, { "restore", do_restore },
		{ "delete", do_delete }, { "export", do_export },
	};

	if (argc < 2) {
		log_warn("snapshot: save, list, restore, delete or export? See vambrace snapshot --help");
		return STATUS_USAGE;
	}
	if (cmd_wants_help(argc, argv) || (cmd_wants_help(argc - 1, argv + 1) && strcmp(argv[1], "restore"))) {
		puts(help);
		return STATUS_OK;
	}
	for (size_t i = 0; i < ARM_ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].fn(argc - 1, argv + 1);
	return wrong(argv[1], "unknown; there are save, list, restore, delete and export");
}
