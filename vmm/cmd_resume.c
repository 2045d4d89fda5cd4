/* SPDX-License-Identifier: GPL-2.0-only */
/* A machine that ran elsewhere: who it is comes from its stream, what it has here from the user. */
#include <stdlib.h>
#include <string.h>

#include "vmm/cmd.h"
#include "vmm/config.h"
#include "vmm/host/log.h"
#include "vmm/migrate/identity.h"
#include "vmm/migrate/incoming.h"
#include "vmm/migrate/shape.h"
#include "vmm/vm.h"

/* What the user has to put right; the sender is told too. */
static int settle(struct incoming *in, struct vm_config *cfg, bool paths, char **err)
{
	const struct identity *id = incoming_identity(in);
	struct report lacking = { 0 };
	struct shape shape = { 0 };
	size_t len;
	const char *text = incoming_config(in, &len);
	int ret = shape_read(text, len, &shape, err);

	if (!ret)
		ret = shape_merge(&shape, cfg, paths, err);
	if (!ret)
		ret = config_set_identity(cfg, id, &lacking);
	if (ret == -EINVAL && !*err)
		report_to_err(&lacking, "the guest's CPU cannot be had here", err);
	cfg->aarch32 = id->aarch32;
	if (!ret)
		ret = config_check(cfg, err);
	report_free(&lacking);
	shape_free(&shape);
	return ret;
}

static int complain(const char *what, int ret, const char *err)
{
	char *text;

	if (!err || !strchr(err, '\n')) {
		log_warn("%s: %s", what, err ? err : strerror(-ret));
	} else if (asprintf(&text, "%s: not with these options:\n%s", what, err) >= 0) {
		cmd_complain(text);
		free(text);
	}
	return ret;
}

/* 1: it was only to be tried. */
static int load(struct incoming *in, struct vm_config *cfg, const char *what, struct vm **out)
{
	char *err = NULL;
	int ret = vm_create(cfg, out, &err);

	if (ret)
		incoming_refuse(in, err ? err : strerror(-ret));
	else
		ret = incoming_load(in, *out, &err);
	if (ret < 0)
		complain(what, ret, err);
	free(err);
	return ret;
}

enum status cmd_resume(struct incoming *in, struct vm_config *cfg, bool paths, const char *what)
{
	enum vm_end end = VM_END_NONE;
	struct vm *vm = NULL;
	char *err = NULL;
	int ret = settle(in, cfg, paths, &err);

	if (ret) {
		complain(what, ret, err);
		incoming_refuse(in, err ? err : strerror(-ret));
	} else {
		ret = load(in, cfg, what, &vm);
	}
	/* Now: a command between the sides is to end, and not with the guest. */
	incoming_close(in);
	if (ret == 1)
		log_info("%s: the sender only asked whether it could, and it can", what);
	else if (!ret)
		end = vm_run(vm);
	vm_free(vm);
	free(err);
	return ret < 0 || end == VM_END_FATAL ? STATUS_FAILED : STATUS_OK;
}
