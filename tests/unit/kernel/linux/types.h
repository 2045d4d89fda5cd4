/* SPDX-License-Identifier: GPL-2.0-only */
#include_next <linux/types.h>
#include "tests/unit/kernel/shim.h"
#define __u64 u64	/* one type in a kernel, two on a 64-bit host */
