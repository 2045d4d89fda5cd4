/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/machine/machine.h"

#include <string.h>

#include "vmm/machine/vexpress.h"
#include "vmm/machine/virt.h"

static const struct machine_type *const types[] = {
	&machine_virt,
	&machine_vexpress_a15,
};

const struct machine_type *machine_type_at(unsigned int n)
{
	return n < ARM_ARRAY_SIZE(types) ? types[n] : NULL;
}

const struct machine_type *machine_type_find(const char *name)
{
	for (size_t i = 0; i < ARM_ARRAY_SIZE(types); i++)
		if (!strcmp(types[i]->name, name))
			return types[i];
	return NULL;
}
