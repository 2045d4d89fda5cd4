/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "vmm/cmd.h"
#include "vmm/host/log.h"
#include "vmm/options.h"
#include "vmm/vm.h"

static enum status run(const char *word, struct vm_config *cfg)
{
	char *err = NULL;
	enum vm_end end;
	struct vm *vm;
	int ret;

	(void)word;
	if (cfg->dump_dtb)
		return vm_dump_dtb(cfg) ? STATUS_FAILED : STATUS_OK;
	ret = vm_create(cfg, &vm, &err);
	if (ret) {
		log_warn("%s", err ? err : strerror(-ret));
		free(err);
		return STATUS_FAILED;
	}
	end = vm_run(vm);
	vm_free(vm);
	return end == VM_END_FATAL ? STATUS_FAILED : STATUS_OK;
}

enum status cmd_with_options(const struct options_command *what, int argc, char **argv,
			     enum status (*fn)(const char *word, struct vm_config *cfg))
{
	enum status status = STATUS_USAGE;
	struct vm_config cfg;
	char *word = NULL;

	config_init(&cfg);
	switch (options_parse(what, argc, argv, &cfg, &word)) {
	case OPTIONS_RUN:
		status = fn(word, &cfg);
		break;
	case OPTIONS_DONE:
		status = STATUS_OK;
		break;
	case OPTIONS_USAGE:
		break;
	}
	config_destroy(&cfg);
	return status;
}

enum status cmd_run(int argc, char **argv)
{
	return cmd_with_options(&options_run, argc, argv, run);
}
