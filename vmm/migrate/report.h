/* SPDX-License-Identifier: GPL-2.0-only */
/* Why a VM cannot go there: every reason, not only the first, each with both values and a remedy. */
#ifndef VMM_MIGRATE_REPORT_H
#define VMM_MIGRATE_REPORT_H

#include "arm/base.h"

#define REPORT_LINES_MAX 200	/* what comes after is counted only */

struct report {
	char **line;
	unsigned int lines, more;
};

/* One reason, a sentence; the same one twice is one.  What cannot be stored for lack of memory is counted in @more. */
void report_add(struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The usual one: @theirs is the guest's value, @ours this side's, @mask the bits that object. */
void report_value(struct report *r, const char *what, u64 theirs, u64 ours, u64 mask, const char *remedy);
static inline bool report_is_empty(const struct report *r)
{
	return !r->lines && !r->more;
}
/* All lines as one text for *@err, "what: " in front; does nothing when @err is NULL. */
void report_to_err(const struct report *r, const char *what, char **err);
void report_free(struct report *r);

#endif
