/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages of guest RAM that devices have written, for migration; what vCPUs
 * write, their engine knows.  A bit per page of 4 KiB, from bit 0 of word 0 on.
 */
#ifndef VMM_MEM_DIRTY_H
#define VMM_MEM_DIRTY_H

#include "arm/base.h"

#define DIRTY_PAGE 4096u
#define DIRTY_WORDS(bytes) (((bytes) / DIRTY_PAGE + 63) / 64)

struct dirty;

/* NULL on ENOMEM. */
struct dirty *dirty_create(void);
void dirty_free(struct dirty *d);
/* The region [@ipa, @ipa + @size), a multiple of the page; before the log is on.  0, -ENOSPC or -ENOMEM. */
int dirty_add_region(struct dirty *d, u64 ipa, u64 size);

/* Off at first.  When on, it begins empty.  Any thread. */
void dirty_log(struct dirty *d, bool on);
/* Something wrote there.  Any thread; nearly free while the log is off. */
void dirty_mark(struct dirty *d, u64 ipa, u64 len);
/* Adds the marks of the region at @ipa to @bits, and forgets them.  Any thread. */
void dirty_take(struct dirty *d, u64 ipa, u64 *bits);

#endif
