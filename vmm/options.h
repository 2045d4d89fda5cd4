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

/* @cfg was initialised by config_init(); the caller destroys it whatever comes back. */
enum options_result options_parse(int argc, char **argv, struct vm_config *cfg);

#endif
