/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/migrate/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/host/log.h"

static bool has_line(const struct report *r, const char *text)
{
	for (unsigned int i = 0; i < r->lines; i++)
		if (!strcmp(r->line[i], text))
			return true;
	return false;
}

/* Takes @text. */
static void add_line(struct report *r, char *text)
{
	char **line;

	if (text && has_line(r, text)) {
		free(text);
		return;
	}
	line = !text || r->lines == REPORT_LINES_MAX ? NULL : realloc(r->line, (r->lines + 1) * sizeof(*line));
	if (!line) {
		free(text);
		r->more++;
		return;
	}
	r->line = line;
	r->line[r->lines++] = text;
}

void report_add(struct report *r, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	add_line(r, text);
}

void report_value(struct report *r, const char *what, u64 theirs, u64 ours, u64 mask, const char *remedy)
{
	report_add(r, "%s: the guest has %#llx, this side %#llx (bits %#llx); %s", what, (unsigned long long)theirs,
		   (unsigned long long)ours, (unsigned long long)mask, remedy);
}

void report_to_err(const struct report *r, const char *what, char **err)
{
	size_t size = 0;
	char *text = NULL;
	FILE *f;

	if (!err)
		return;
	f = open_memstream(&text, &size);
	if (!f) {
		err_set(err, 0, "%s: %u reasons, and no memory to tell them", what, r->lines + r->more);
		return;
	}
	fprintf(f, "%s:", what);
	for (unsigned int i = 0; i < r->lines; i++)
		fprintf(f, "%s%s", r->lines + r->more > 1 ? "\n  " : " ", r->line[i]);
	if (r->more)
		fprintf(f, "\n  and %u more", r->more);
	if (fclose(f)) {
		free(text);
		text = NULL;
	}
	*err = text;
}

void report_free(struct report *r)
{
	for (unsigned int i = 0; i < r->lines; i++)
		free(r->line[i]);
	free(r->line);
	*r = (struct report){ 0 };
}
