/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines for the user on stderr; any thread, one write(2) per line. */
#ifndef VMM_HOST_LOG_H
#define VMM_HOST_LOG_H

#include <stdarg.h>

/* "vambrace: " is put in front and a newline behind. */
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_vwarn(const char *fmt, va_list ap);

/* A malloc'd sentence for *@err; does nothing when @err is NULL.  Returns @ret. */
int err_set(char **err, int ret, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
