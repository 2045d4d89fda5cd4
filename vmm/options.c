/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/host/log.h"

enum special {
	NOT_SPECIAL,
	SHOW_HELP,
	SHOW_VERSION,
};

/*
 * A row has one of: set (a value to understand), string (the offset of a
 * char * that the value is copied to), flag (the offset of a bool) or special.
 */
struct option_row {
	const char *name;	/* without dashes; one letter: a short option */
	const char *value;	/* what the help calls the value; NULL: takes none */
	const char *help;
	config_set_fn *set;
	size_t string;
	size_t flag;
	enum special special;
	bool many;
};

#define NONE ((size_t)-1)
#define SET(n, v, fn, h) { n, v, h, fn, NONE, NONE, NOT_SPECIAL, false }
#define MANY(n, v, fn, h) { n, v, h, fn, NONE, NONE, NOT_SPECIAL, true }
#define STRING(n, v, field, h) \
	{ n, v, h, NULL, offsetof(struct vm_config, field), NONE, NOT_SPECIAL, false }
#define FLAG(n, field, h) \
	{ n, NULL, h, NULL, NONE, offsetof(struct vm_config, field), NOT_SPECIAL, false }
#define SPECIAL(n, what, h) { n, NULL, h, NULL, NONE, NONE, what, true }

static config_set_fn set_lockstep;

static const struct option_row rows[] = {
	STRING("kernel", "FILE", kernel, "Arm kernel: Image, Image.gz, zImage or ELF"),
	STRING("initrd", "FILE", initrd, "initial RAM disk"),
	STRING("append", "TEXT", append, "kernel command line"),
	STRING("dtb", "FILE", dtb, "device tree to use instead of the machine's own"),
	STRING("dump-dtb", "FILE", dump_dtb, "write the device tree to FILE and exit"),
	SET("machine", "NAME", config_set_machine, "machine: virt (default) or vexpress-a15"),
	SET("cpu", "NAME[,aarch64=off][,like=FILE]", config_set_cpu,
	    "CPU model: cortex-a57 (default), cortex-a15, cortex-a7, max; host under kvm;\n"
	    "                                      host-of=FILE: as vambrace host describe saw it"),
	SET("cpus", "N", config_set_cpus, "number of CPUs, 1 to 8 (default 1)"),
	SET("memory", "SIZE", config_set_memory, "memory, for instance 512M (default) or 2G"),
	MANY("disk", "FILE[,readonly][,serial=NAME]", config_add_disk,
	     "raw disk image; the first is vda"),
	SET("sd", "FILE[,readonly]", config_set_sd, "raw image of the SD card (vexpress-a15)"),
	MANY("flash", "FILE[,readonly]", config_add_flash, "contents of a NOR flash (vexpress-a15)"),
	SET("net", "none|user|tap[,model=M][,ifname=X]", config_set_net,
	    "network (default user); model virtio, or lan9118 (vexpress-a15)"),
	MANY("p", "[ADDR:]HOST:GUEST[/udp]", config_add_forward,
	     "forward a port of this host to the guest (--net user)"),
	SET("serial", "stdio|file:PATH|none", config_set_serial, "where the serial port goes"),
	SET("console", "virtio|none", config_set_console,
	    "virtio: a console hvc0 on the terminal, instead of the serial port"),
	SET("rng", "on|off", config_set_rng, "random numbers from the host (default on)"),
	STRING("screenshot", "FILE", screenshot, "Ctrl-A s and SIGUSR1 write the screen to FILE (PNG)"),
	SET("name", "NAME", config_set_name, "what vambrace control, list, migrate and snapshot call it"),
	STRING("control", "FILE", control, "a socket of its own for vambrace control"),
	FLAG("no-reboot", no_reboot, "end when the guest reboots"),
	SET("engine", "auto|kvm|emu|jit|interp", config_set_engine,
	    "how guest code runs: on the host's CPU (kvm), translated (emu), ..."),
	SET("lockstep", NULL, set_lockstep, "run translator and interpreter and compare them"),
	SET("cache", "SIZE", config_set_cache, "memory for translated code"),
	SET("d", "CLASSES", config_set_log, "log, a comma list of:"),
	STRING("D", "FILE", log_path, "where -d writes (default: standard error)"),
	FLAG("stats", stats, "print counters at the end"),
	FLAG("v", verbose, "say what was chosen, and why"),
	SPECIAL("help", SHOW_HELP, "show this text"),
	SPECIAL("version", SHOW_VERSION, "show the version"),
};

#define NROWS ARM_ARRAY_SIZE(rows)

static int set_lockstep(struct vm_config *cfg, const char *text, char **err)
{
	(void)text;
	(void)err;
	cfg->engine = ACCEL_LOCKSTEP;
	return 0;
}

static const char *dashes(const struct option_row *row)
{
	return row->name[1] ? "--" : "-";
}

const struct options_command options_run = {
	.name = "run",
	.synopsis = "run --kernel FILE [OPTION]...",
	.about = "Runs an Arm virtual machine.\n",
};

static void show_help(const struct options_command *cmd)
{
	printf("Usage: vambrace %s\n%s\n", cmd->synopsis, cmd->about);
	for (const struct option_row *r = rows; r < rows + NROWS; r++) {
		char left[64];

		snprintf(left, sizeof(left), "%s%s%s%s", dashes(r), r->name,
			 r->value ? " " : "", r->value ? r->value : "");
		printf("  %-36s%s%s", left, strlen(left) > 35 ? "\n                                      " : "",
		       r->help);
		for (unsigned int n = 0; !strcmp(r->name, "d") && config_log_class(n); n++)
			printf("%s%s", n ? "," : "\n                                      ",
			       config_log_class(n));
		putchar('\n');
	}
	puts("\nSizes take K, M, G; a bare number counts MiB.  In the terminal, Ctrl-A x leaves\n"
	     "and Ctrl-A h shows help.  Exit status: 0 when the guest powered off or rebooted\n"
	     "under --no-reboot, 1 when something failed, 2 for a wrong command line.");
}

/* 0, or -errno with a message printed. */
static int apply(const struct option_row *row, const char *value, struct vm_config *cfg)
{
	char *err = NULL;
	int ret = 0;

	if (row->flag != NONE) {
		*(bool *)((char *)cfg + row->flag) = true;
		return 0;
	}
	if (row->string != NONE) {
		char **p = (char **)((char *)cfg + row->string);

		if (!*value) {
			log_warn("%s%s: the value is empty", dashes(row), row->name);
			return -EINVAL;
		}
		*p = strdup(value);
		ret = *p ? 0 : -ENOMEM;
	} else {
		ret = row->set(cfg, value, &err);
	}
	if (ret)
		log_warn("%s%s%s%s: %s", dashes(row), row->name, value ? " " : "",
			 value ? value : "", err ? err : strerror(-ret));
	free(err);
	return ret;
}

static void make_getopt_tables(struct option *longs, char *shorts, bool words)
{
	if (!words)
		*shorts++ = '+';	/* stop at the first word that is no option */
	*shorts++ = ':';	/* tell a missing value from an unknown option */
	for (size_t i = 0; i < NROWS; i++) {
		int arg = rows[i].value ? required_argument : no_argument;

		if (rows[i].name[1]) {
			*longs++ = (struct option){ rows[i].name, arg, NULL, 256 + (int)i };
		} else {
			*shorts++ = rows[i].name[0];
			if (rows[i].value)
				*shorts++ = ':';
		}
	}
	*shorts = 0;
	*longs = (struct option){ 0 };
}

static const struct option_row *row_of(int c)
{
	if (c >= 256)
		return &rows[c - 256];
	for (size_t i = 0; i < NROWS; i++)
		if (!rows[i].name[1] && rows[i].name[0] == c)
			return &rows[i];
	return NULL;
}

static bool was_seen(u64 seen, const char *name)
{
	for (size_t i = 0; i < NROWS; i++)
		if (!strcmp(rows[i].name, name))
			return seen & ARM_BIT(i);
	return false;
}

/* --append may be empty: it is the same as none. */
static bool is_empty_append(const struct option_row *row)
{
	return row->string == offsetof(struct vm_config, append) && !*optarg;
}

static enum options_result complain(const struct options_command *cmd, const char *word, int c, int opt)
{
	log_warn("%s: %s; see vambrace %s --help", word,
		 c == ':' ? "a value is missing" :
		 opt >= 256 ? "takes no value" : "unknown option", cmd->name);
	return OPTIONS_USAGE;
}

/* What is left of the line when the options are taken. */
static enum options_result parse_words(const struct options_command *cmd, int argc, char **argv, char **word)
{
	if (cmd->word && optind == argc) {
		log_warn("%s: %s is missing; see vambrace %s --help", cmd->name, cmd->word, cmd->name);
		return OPTIONS_USAGE;
	}
	if (cmd->word)
		*word = argv[optind++];
	if (optind < argc) {
		log_warn("%s: not an option; see vambrace %s --help", argv[optind], cmd->name);
		return OPTIONS_USAGE;
	}
	return OPTIONS_RUN;
}

static enum options_result parse(const struct options_command *cmd, int argc, char **argv, struct vm_config *cfg,
				 char **extra)
{
	struct option longs[NROWS + 1];
	char shorts[2 * NROWS + 3];
	u64 seen = 0;
	int c;

	_Static_assert(NROWS <= 64, "seen has a bit per row");
	make_getopt_tables(longs, shorts, cmd->word);
	opterr = 0;
	optind = 0;	/* glibc: start anew */
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct option_row *row = row_of(c);
		const char *word = argv[optind - 1];

		if (c == ':' || c == '?' || !row)
			return complain(cmd, word, c, optopt);
		if (row->special == SHOW_HELP) {
			show_help(cmd);
			return OPTIONS_DONE;
		}
		if (row->special == SHOW_VERSION) {
			puts("vambrace " VAMBRACE_VERSION);
			return OPTIONS_DONE;
		}
		if (!row->many && (seen & ARM_BIT(row - rows))) {
			log_warn("%s%s: given twice; give it once", dashes(row), row->name);
			return OPTIONS_USAGE;
		}
		seen |= ARM_BIT(row - rows);
		if (!is_empty_append(row) && apply(row, optarg, cfg))
			return OPTIONS_USAGE;
	}
	/* Both say how code runs; which came last must not matter. */
	if (was_seen(seen, "lockstep") && was_seen(seen, "engine")) {
		log_warn("--lockstep: runs both engines; leave --engine away");
		return OPTIONS_USAGE;
	}
	return parse_words(cmd, argc, argv, extra);
}

enum options_result options_parse(const struct options_command *cmd, int argc, char **argv, struct vm_config *cfg,
				  char **word)
{
	enum options_result result = parse(cmd, argc, argv, cfg, word);
	char *err = NULL;

	if (result != OPTIONS_RUN || cmd->word)
		return result;
	config_settle(cfg);
	if (config_check(cfg, &err)) {
		log_warn("%s", err ? err : strerror(ENOMEM));
		free(err);
		return OPTIONS_USAGE;
	}
	return OPTIONS_RUN;
}
