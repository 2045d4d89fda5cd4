/* SPDX-License-Identifier: GPL-2.0-only */
/* The subcommands; each has the shape of main(): argv[0] is its name, and what comes back is the exit status. */
#ifndef VMM_CMD_H
#define VMM_CMD_H

#include "arm/base.h"

struct incoming;
struct options_command;
struct vm_config;

enum status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
};

typedef enum status cmd_fn(int argc, char **argv);
cmd_fn cmd_run, cmd_control, cmd_list, cmd_migrate, cmd_receive, cmd_snapshot, cmd_host;

/* ---- what they share: cmd_run.c, cmd_talk.c, cmd_resume.c ---- */

/* For those that take run's options: calls @fn with what was said, and the command's own word (NULL: it has none). */
enum status cmd_with_options(const struct options_command *what, int argc, char **argv,
			     enum status (*fn)(const char *word, struct vm_config *cfg));

/* Is this what the user wrote instead of options: --help? */
bool cmd_wants_help(int argc, char **argv);
/* @text has lines, each of which is logged. */
void cmd_complain(const char *text);

/*
 * The socket of the machine @name, which is a path if it has a slash; NULL: of the one machine that runs.
 * malloc'd; NULL after a message.
 */
char *cmd_find_machine(const char *name);

/*
 * Has the machine at @path carry out a command of @n @words, and @pass goes with it unless it is -1.  Progress goes to
 * standard error, the answer to standard output.
 */
enum status cmd_talk(const char *path, char *const *words, unsigned int n, int pass);

/*
 * Makes the machine that @in is, of what the user said in @cfg, and runs it.  @paths: see shape_merge().
 * @what begins the messages.  @in is closed.
 */
enum status cmd_resume(struct incoming *in, struct vm_config *cfg, bool paths, const char *what);

/* @path, absolute, for a process that stands elsewhere; malloc'd, NULL on ENOMEM. */
char *cmd_absolute(const char *path);

#endif
