/* SPDX-License-Identifier: GPL-2.0-only */
/* vambrace host describe */
#ifndef VMM_HOST_DESCRIBE_H
#define VMM_HOST_DESCRIBE_H

#include "arm/base.h"

/*
 * Writes what KVM on this host gives a guest (identity_write()) to @path, NULL: standard
 * output.  @aarch32: a guest that boots in AArch32; on a 32-bit host all do.  0, or -errno after a message.
 */
int host_describe(const char *path, bool aarch32);

#endif
