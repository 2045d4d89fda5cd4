/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line.  One table gives the parser, the checks and the help text. */
#ifndef VMM_OPTIONS_H
#define VMM_OPTIONS_H

#include "vmm/config.h"

enum options_result {
	OPTIONS_RUN,	/* @cfg says what */
	OPTIONS_DONE,	/* help or version was printed: status 0 */
	OPTIONS_USAGE,	/* a message was printed: status 2 */
};

/* A command that takes the options of a machine. */
struct options_command {
	const char *name;	/* "run" */
	const char *synopsis;	/* for the help: "run --kernel FILE [OPTION]..." */
	const char *about;	/* a few lines of text, with the newlines */
	const char *word;	/* what the help calls the word besides options; NULL: takes none */
};

extern const struct options_command options_run;

/*
 * @argv[0] is the command's name.  @cfg was initialised by config_init(); the caller destroys it whatever comes
 * back.  With cmd->word, *@word is that (in @argv), and what only the whole of @cfg
 * can tell is left to the caller: config_settle() and config_check().
 */
enum options_result options_parse(const struct options_command *cmd, int argc, char **argv, struct vm_config *cfg,
				  char **word);

#endif
