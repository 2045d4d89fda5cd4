/* SPDX-License-Identifier: GPL-2.0-only */
/* Talking to running machines: one command, or a list of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cmd.h"
#include "vmm/host/control_client.h"
#include "vmm/host/log.h"
#include "vmm/host/runtime_dir.h"
#include "vmm/host/words.h"

static const char control_help[] =
	"Usage: vambrace control NAME|PATH COMMAND [WORD]...\n"
	"Has a running machine carry out a command: NAME is that of run --name, PATH (with a\n"
	"slash) that of run --control.\n\n"
	"  status                           what it does, and what it is\n"
	"  pause, resume                    stop its CPUs and its clock; go on\n"
	"  power                            press the power button (virt)\n"
	"  quit                             end it at once\n"
	"  key NUMBER [down|up]             a key of the keyboard (vexpress-a15)\n"
	"  mouse RIGHT UP [WHEEL [BUTTONS]] the mouse (vexpress-a15)\n"
	"  screenshot                       write the screen to the file of run --screenshot\n"
	"  migrate URI [max-downtime=MS] [with-disks] [check]\n"
	"  snapshot save NAME|FILE [quit]   as vambrace migrate and vambrace snapshot do\n\n"
	"Exit status: 0 when it was done, 1 when not, 2 for a wrong command line.";

enum status cmd_control(int argc, char **argv)
{
	enum status status = STATUS_FAILED;
	char *path;

	if (cmd_wants_help(argc, argv)) {
		puts(control_help);
		return STATUS_OK;
	}
	if (argc < 3) {
		log_warn("control: a machine and a command are needed; see vambrace control --help");
		return STATUS_USAGE;
	}
	path = cmd_find_machine(argv[1]);
	if (path)
		status = cmd_talk(path, argv + 2, argc - 2, -1);
	free(path);
	return status;
}

/* The value of "NAME=..." among @n @words; "?" for none. */
static const char *value_of(char *const *words, int n, const char *name)
{
	size_t len = strlen(name);

	for (int i = 0; i < n; i++)
		if (!strncmp(words[i], name, len) && words[i][len] == '=')
			return words[i] + len + 1;
	return "?";
}

static int show(void *opaque, const char *name, const char *path)
{
	static const char *const columns[] = { "state", "machine", "cpu", "cpus", "memory", "engine", "pid" };
	unsigned int *shown = opaque;
	char *text = NULL, *words[16];
	int ret = control_client(path, "status", -1, NULL, NULL, &text), n = 0;

	if (!ret)
		n = words_split(text, words, ARM_ARRAY_SIZE(words));
	/* Gone, but its socket is there: nobody's concern. */
	if (ret == -ECONNREFUSED || ret == -ENOENT || ret == -EINTR)
		goto out;
	if (!(*shown)++)
		puts("NAME             STATE      MACHINE       CPU         CPUS  MEMORY   ENGINE  PID");
	printf("%-16s", name);
	for (size_t i = 0; i < ARM_ARRAY_SIZE(columns) && n > 0; i++) {
		static const int width[] = { 10, 13, 11, 5, 8, 7, 0 };

		printf(" %-*s", width[i], value_of(words, n, columns[i]));
	}
	puts(n > 0 ? "" : " gives no answer");
	ret = 0;
out:
	free(text);
	return ret == -EINTR ? ret : 0;
}

enum status cmd_list(int argc, char **argv)
{
	unsigned int shown = 0;
	char *err = NULL;
	int ret;

	if (cmd_wants_help(argc, argv)) {
		puts("Usage: vambrace list\nShows the running machines that were given a name (run --name).");
		return STATUS_OK;
	}
	if (argc > 1) {
		log_warn("%s: list takes nothing; see vambrace list --help", argv[1]);
		return STATUS_USAGE;
	}
	ret = runtime_each(show, &shown, &err);
	if (ret)
		log_warn("%s", err ? err : strerror(-ret));
	free(err);
	return ret ? STATUS_FAILED : STATUS_OK;
}
