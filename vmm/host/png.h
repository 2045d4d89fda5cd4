/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMM_HOST_PNG_H
#define VMM_HOST_PNG_H

#include "arm/base.h"

/* Writes @pixels (0x00RRGGBB, rows from the top) to @path, made or replaced.  0 or -errno. */
int png_save(const char *path, unsigned int width, unsigned int height, const u32 *pixels);

#endif
