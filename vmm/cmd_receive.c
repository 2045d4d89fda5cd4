/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a machine moves to. */
#include <stdlib.h>
#include <string.h>

#include "vmm/cmd.h"
#include "vmm/host/log.h"
#include "vmm/migrate/incoming.h"
#include "vmm/options.h"

static const struct options_command options_receive = {
	.name = "receive",
	.synopsis = "receive URI [OPTION]...",
	.about = "Waits for a machine that vambrace migrate sends, and goes on with it.  URI is tcp:[HOST:]PORT\n"
		 "(HOST is 127.0.0.1 unless given), unix:PATH, fd:N, or - for standard input and output.\n\n"
		 "The stream says what machine it is; files, networks and terminals come from the options:\n"
		 "--disk, --sd and --flash as often as the machine has them, --net, -p, --serial.  A kernel is\n"
		 "needed only for the guest's next reboot.\n",
	.word = "URI",
};

static enum status receive(const char *uri, struct vm_config *cfg)
{
	struct incoming *in;
	char *err = NULL;
	int ret;

	if (cfg->verbose)
		log_info("receive %s: waiting", uri);
	ret = incoming_open(uri, &in, &err);
	if (ret)
		log_warn("receive %s: %s", uri, err ? err : strerror(-ret));
	free(err);
	return ret ? STATUS_FAILED : cmd_resume(in, cfg, false, "receive");
}

enum status cmd_receive(int argc, char **argv)
{
	return cmd_with_options(&options_receive, argc, argv, receive);
}
