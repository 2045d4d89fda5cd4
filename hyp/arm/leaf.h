/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included before everything else in what HYP mode runs: the functions that the
 * compiler calls on its own are leaf.c's, for the kernel's are not mapped in HYP.
 */
#ifndef HYP_ARM_LEAF_H
#define HYP_ARM_LEAF_H

void *memset(void *p, int c, __SIZE_TYPE__ n) __asm__("hyp_memset");
void *memcpy(void *to, const void *from, __SIZE_TYPE__ n) __asm__("hyp_memcpy");

#endif
