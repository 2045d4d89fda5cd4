/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/mem/dirty.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "vmm/mem/ram.h"

struct region {
	u64 ipa, size;
	_Atomic(u64) *bits;
};

/* The regions are constant once the log was on. */
struct dirty {
	struct region regions[GUEST_MEM_REGIONS];
	unsigned int nregions;
	atomic_bool on;
};

struct dirty *dirty_create(void)
{
	return calloc(1, sizeof(struct dirty));
}

void dirty_free(struct dirty *d)
{
	if (!d)
		return;
	for (unsigned int i = 0; i < d->nregions; i++)
		free((void *)d->regions[i].bits);
	free(d);
}

int dirty_add_region(struct dirty *d, u64 ipa, u64 size)
{
	struct region *r = &d->regions[d->nregions];

	if (d->nregions == GUEST_MEM_REGIONS)
		return -ENOSPC;
	r->bits = calloc(DIRTY_WORDS(size), sizeof(u64));
	if (!r->bits)
		return -ENOMEM;
	r->ipa = ipa;
	r->size = size;
	d->nregions++;
	return 0;
}

void dirty_log(struct dirty *d, bool on)
{
	for (unsigned int i = 0; on && i < d->nregions; i++)
		for (u64 w = 0; w < DIRTY_WORDS(d->regions[i].size); w++)
			atomic_store_explicit(&d->regions[i].bits[w], 0, memory_order_relaxed);
	atomic_store(&d->on, on);
}

static void mark(struct region *r, u64 first, u64 last)
{
	/*
	 * No look before the locked operation: it orders the caller's writes before
	 * the mark, also where the mark was there already and is being taken.
	 */
	for (u64 page = first; page <= last; page++)
		atomic_fetch_or(&r->bits[page / 64], ARM_BIT(page % 64));
}

void dirty_mark(struct dirty *d, u64 ipa, u64 len)
{
	if (!atomic_load_explicit(&d->on, memory_order_acquire) || !len)
		return;
	for (unsigned int i = 0; i < d->nregions; i++) {
		struct region *r = &d->regions[i];
		u64 off = ipa - r->ipa;

		if (off < r->size)
			mark(r, off / DIRTY_PAGE, (off + (len < r->size - off ? len : r->size - off) - 1) / DIRTY_PAGE);
	}
}

void dirty_take(struct dirty *d, u64 ipa, u64 *bits)
{
	for (unsigned int i = 0; i < d->nregions; i++) {
		struct region *r = &d->regions[i];

		for (u64 w = 0; r->ipa == ipa && w < DIRTY_WORDS(r->size); w++)
			if (atomic_load_explicit(&r->bits[w], memory_order_relaxed))
				bits[w] |= atomic_exchange(&r->bits[w], 0);
	}
}
