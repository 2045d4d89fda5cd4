/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cache maintenance from the kernel half.  The data caches of ARMv7 cores with
 * HYP are physically tagged, so that any mapping will do (DDI 0438 7.2).
 */
#ifndef HYP_ARM_CACHE_H
#define HYP_ARM_CACHE_H

#include <asm/barrier.h>
#include <asm/cacheflush.h>
#include <asm/outercache.h>

/* One mapped page @va, at @pa, written back to memory and out of all caches. */
static inline void cache_flush_page(void *va, phys_addr_t pa)
{
	__cpuc_flush_dcache_area(va, PAGE_SIZE);
	outer_flush_range(pa, pa + PAGE_SIZE);
}

/* ICIALLUIS: all instruction caches and branch predictors (DDI 0406C B4.2.1). */
static inline void cache_invalidate_icaches(void)
{
	asm volatile("mcr p15, 0, %0, c7, c1, 0" :: "r" (0) : "memory");
	dsb(ish);
	isb();
}

/* Stores to translation tables so far are seen by every walker: TLB maintenance may follow. */
static inline void cache_tables_visible(void)
{
	dsb(ishst);
}

#endif
