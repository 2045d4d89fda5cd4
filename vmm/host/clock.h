/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMM_HOST_CLOCK_H
#define VMM_HOST_CLOCK_H

#include <time.h>

#include "arm/base.h"

#define NS_PER_S 1000000000ull

/* Nanoseconds of CLOCK_MONOTONIC. */
static inline u64 clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * NS_PER_S + (u64)ts.tv_nsec;
}

static inline u64 clock_ms(void)
{
	return clock_ns() / 1000000;
}

#endif
