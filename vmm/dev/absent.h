/* SPDX-License-Identifier: GPL-2.0-only */
/* A window where something is not fitted: reads give zero, writes are lost. */
#ifndef VMM_DEV_ABSENT_H
#define VMM_DEV_ABSENT_H

#include "vmm/dev/device.h"

/* 0 or -ENOMEM. */
int absent_create(struct device **out);

#endif
