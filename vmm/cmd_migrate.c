/* SPDX-License-Identifier: GPL-2.0-only */
/* Moving a running machine, from the side that asks for it. */
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cmd.h"
#include "vmm/host/log.h"
#include "vmm/migrate/live.h"

static const char help[] =
	"Usage: vambrace migrate [NAME] DEST [OPTION]...\n"
	"Moves a running machine to a vambrace receive, which may be of another engine and on\n"
	"another host.  NAME is that of run --name, or a socket's path; it may be left out when one\n"
	"machine runs.  DEST is tcp:HOST:PORT, unix:PATH, fd:N (a descriptor of this process) or\n"
	"exec:COMMAND, for instance 'exec:ssh host vambrace receive -'.\n\n"
	"  --max-downtime MS   how long the guest may stand still (default 50)\n"
	"  --with-disks        copy the disks' contents too; else both sides share them\n"
	"  --check             move nothing: list all that the other side would refuse\n\n"
	"Ctrl-C gives it up: the guest goes on where it is.  Exit status: 0 when it has moved (with\n"
	"--check: when it could), 1 when not, 2 for a wrong command line.";

struct options {
	char *name, *dest;
	char *words[6];		/* of the command */
	unsigned int nwords;
	char downtime[32];
	bool help;
};

static int complain(const char *word, const char *why)
{
	log_warn("%s: %s; see vambrace migrate --help", word, why);
	return -EINVAL;
}

static int set_downtime(struct options *o, const char *text)
{
	char *end;
	unsigned long ms = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || ms < 1 || ms > LIVE_DOWNTIME_MAX_MS) {
		log_warn("--max-downtime %s: not a number of milliseconds from 1 to %d", text,
			 LIVE_DOWNTIME_MAX_MS);
		return -EINVAL;
	}
	snprintf(o->downtime, sizeof(o->downtime), "max-downtime=%lu", ms);
	return 0;
}

static int parse(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "max-downtime", required_argument, NULL, 'm' }, { "with-disks", no_argument, NULL, 'd' },
		{ "check", no_argument, NULL, 'c' }, { "help", no_argument, NULL, 'h' }, { 0 },
	};
	bool disks = false, check = false;
	int c;

	opterr = 0;
	optind = 0;	/* glibc: start anew */
	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		if (c == ':' || c == '?')
			return complain(argv[optind - 1], c == ':' ? "a value is missing" : "unknown option");
		if (c == 'm' && set_downtime(o, optarg))
			return -EINVAL;
		disks |= c == 'd';
		check |= c == 'c';
		o->help |= c == 'h';
	}
	if (o->help)
		return 0;
	if (optind == argc)
		return complain("migrate", "nobody said where to");
	if (argc - optind > 2)
		return complain(argv[optind + 2], "one word too many");
	if (argc - optind == 2)
		o->name = argv[optind++];
	o->dest = argv[optind];
	o->words[o->nwords++] = "migrate";
	o->words[o->nwords++] = o->dest;
	if (*o->downtime)
		o->words[o->nwords++] = o->downtime;
	if (disks)
		o->words[o->nwords++] = "with-disks";
	if (check)
		o->words[o->nwords++] = "check";
	return 0;
}

/* The descriptor that DEST names, or -1: none.  -EINVAL after a message. */
static int take_fd(const char *dest, int *fd)
{
	char *end;
	unsigned long n;

	*fd = -1;
	if (strncmp(dest, "fd:", 3))
		return 0;
	n = strtoul(dest + 3, &end, 10);
	if (dest[3] < '0' || dest[3] > '9' || *end || n > INT_MAX || fcntl(n, F_GETFD) < 0) {
		log_warn("%s: no open descriptor of this process; for instance fd:3 3<>...", dest);
		return -EINVAL;
	}
	*fd = n;
	return 0;
}

static int check_scheme(const char *dest)
{
	static const char *const schemes[] = { "tcp:", "unix:", "fd:", "exec:" };

	for (size_t i = 0; i < ARM_ARRAY_SIZE(schemes); i++)
		if (!strncmp(dest, schemes[i], strlen(schemes[i])) && dest[strlen(schemes[i])])
			return 0;
	if (!strncmp(dest, "file:", 5))
		return complain(dest, "a machine is put into a file by vambrace snapshot save");
	return complain(dest, "no destination; it is tcp:HOST:PORT, unix:PATH, fd:N or exec:COMMAND");
}

enum status cmd_migrate(int argc, char **argv)
{
	enum status status = STATUS_FAILED;
	struct options o = { 0 };
	char *path = NULL, *full = NULL, *uri = NULL;
	int fd;

	if (parse(&o, argc, argv))
		return STATUS_USAGE;
	if (o.help) {
		puts(help);
		return STATUS_OK;
	}
	if (check_scheme(o.dest) || take_fd(o.dest, &fd))
		return STATUS_USAGE;
	/* The machine may have been started in another directory. */
	if (!strncmp(o.dest, "unix:", 5)) {
		full = cmd_absolute(o.dest + 5);
		if (!full || asprintf(&uri, "unix:%s", full) < 0) {
			log_warn("migrate: %s", strerror(ENOMEM));
			goto out;
		}
		o.words[1] = uri;
	}
	path = cmd_find_machine(o.name);
	if (path)
		status = cmd_talk(path, o.words, o.nwords, fd);
out:
	free(path);
	free(uri);
	free(full);
	return status;
}
