/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <string.h>

#include "vmm/cmd.h"
#include "vmm/host/log.h"

static const struct command {
	const char *name, *help;
	cmd_fn *fn;
} commands[] = {
	{ "run", "run an Arm virtual machine", cmd_run },
	{ "list", "show the machines that run", cmd_list },
	{ "control", "talk to one: status, pause, resume, power, quit...", cmd_control },
	{ "host", "say what guests of this host see of its CPU", cmd_host },
	{ "migrate", "move one to another process or host while it runs", cmd_migrate },
	{ "receive", "wait for one that is moved here, and run it", cmd_receive },
	{ "snapshot", "put a running one into a file, and bring it back", cmd_snapshot },
};

static void show_help(void)
{
	puts("Usage: vambrace COMMAND [WORD]...\n"
	     "Runs Arm virtual machines.\n");
	for (size_t i = 0; i < ARM_ARRAY_SIZE(commands); i++)
		printf("  %-10s %s\n", commands[i].name, commands[i].help);
	puts("\nvambrace COMMAND --help tells more; vambrace --version is the version.");
}

static enum status run(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : NULL;

	if (!word) {
		log_warn("no command; try vambrace run --kernel FILE, or vambrace --help");
		return STATUS_USAGE;
	}
	if (!strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help")) {
		show_help();
		return STATUS_OK;
	}
	if (!strcmp(word, "--version")) {
		puts("vambrace " VAMBRACE_VERSION);
		return STATUS_OK;
	}
	for (size_t i = 0; i < ARM_ARRAY_SIZE(commands); i++)
		if (!strcmp(word, commands[i].name))
			return commands[i].fn(argc - 1, argv + 1);
	log_warn("%s: unknown command; see vambrace --help, or run a machine: vambrace run --kernel FILE ...", word);
	return STATUS_USAGE;
}

int main(int argc, char **argv)
{
	enum status status = run(argc, argv);

	if (fflush(stdout))
		status = STATUS_FAILED;
	return status;
}
