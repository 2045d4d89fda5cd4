/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/cmd.h"
#include "vmm/options.h"
#include "vmm/vm.h"

static enum status run(const struct vm_config *cfg)
{
	enum vm_end end = VM_END_FATAL;
	struct vm *vm;

	if (cfg->dump_dtb)
		return vm_dump_dtb(cfg) ? STATUS_FAILED : STATUS_OK;
	if (vm_create(cfg, &vm))
		return STATUS_FAILED;
	end = vm_run(vm);
	vm_free(vm);
	return end == VM_END_FATAL ? STATUS_FAILED : STATUS_OK;
}

enum status cmd_run(int argc, char **argv)
{
	enum status status = STATUS_USAGE;
	struct vm_config cfg;

	config_init(&cfg);
	switch (options_parse(&options_run, argc, argv, &cfg, NULL)) {
	case OPTIONS_RUN:
		status = run(&cfg);
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
