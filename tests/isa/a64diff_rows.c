// SPDX-License-Identifier: GPL-2.0-only
/* The rows to compare, and those that cannot be. */
#include <errno.h>
#include <string.h>

#include "tests/isa/a64diff_host.h"

struct d_row d_rows[D_MAX_ROWS];
unsigned int d_nrows;

static const struct {
	const char *name, *why;
} skips[] = {
	{ "SVC", "a system call to the oracle" },
	{ "HLT", "halting debug or semihosting in the oracle" },
	{ "WFI", "waits for an interrupt that does not come" },
	{ "WFET", "FEAT_WFxT: no CPU has it" },
	{ "WFIT", "FEAT_WFxT: no CPU has it" },
};

static const char *skip_reason(const char *name)
{
	for (size_t i = 0; i < ARM_ARRAY_SIZE(skips); i++)
		if (!strcmp(name, skips[i].name))
			return skips[i].why;
	return NULL;
}

static unsigned int op_by_name(const char *name)
{
	static unsigned int last;	/* the list is in enum order */

	for (unsigned int i = last + 1; strcmp(a64_op_name(i), "UNDEFINED"); i++)
		if (!strcmp(a64_op_name(i), name))
			return last = i;
	return A64_UNDEFINED;
}

int d_rows_read(const char *path)
{
	FILE *in = fopen(path, "r");
	char line[300];

	if (!in)
		return -errno;
	while (fgets(line, sizeof(line), in) && d_nrows < D_MAX_ROWS) {
		struct d_row *r = &d_rows[d_nrows];

		if (sscanf(line, "%63s\t%*s\t%*s\t%x\t%x", r->name, &r->mask, &r->value) != 3)
			continue;
		r->op = op_by_name(r->name);
		r->skip = skip_reason(r->name);
		if (r->op == A64_UNDEFINED) {
			fclose(in);
			return -EINVAL;
		}
		d_nrows++;
	}
	fclose(in);
	return d_nrows ? 0 : -EINVAL;
}
