/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/throttle.h"

#define MS 1000000ULL
/* A short stop costs as much as a long one; but nobody wants a guest that does nothing for seconds. */
#define STAND_MIN (20 * MS)
#define STAND_MAX (1000 * MS)
#define SLICE_MIN (10 * MS)
#define SLICE_MAX (500 * MS)
/* A slice is so many times as long as leaving and coming: the guest has 2/3 of what its counter says, or more. */
#define SLICE_SHARE 2

static u64 slice(const struct throttle *t)
{
	u64 least = STAND_MIN * (100 - t->percent) / t->percent, share = (t->leave + t->enter) * SLICE_SHARE;

	least = least > SLICE_MIN ? least : SLICE_MIN;
	share = share < SLICE_MAX ? share : SLICE_MAX;
	return share > least ? share : least;
}

bool throttle_due(struct throttle *t, u64 since, u64 now)
{
	u64 stand;

	if (!t->percent || t->percent > THROTTLE_PERCENT_MAX || !since || t->stand)
		return false;
	if (t->woke) {
		t->enter = since > t->woke ? since - t->woke : 0;
		t->woke = 0;
	}
	if (now < since || now - since < slice(t))
		return false;
	stand = (now - since) * t->percent / (100 - t->percent);
	t->stand = stand < STAND_MAX ? stand : STAND_MAX;
	t->asked = now;
	return true;
}

void throttle_stands(struct throttle *t, u64 now)
{
	t->leave = now - t->asked;
}

void throttle_goes(struct throttle *t, u64 now)
{
	t->stand = 0;
	t->woke = now;
}
