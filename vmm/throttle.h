/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest that is slowed down: all of its vCPUs run for a while and stand still for a while, in turns.
 *
 * To stop and to start them takes time, in which some run, others do not, and the guest's counter goes
 * on.  On a busy or slow host that is long.  So a slice begins when the last of them is in, and is
 * longer than both: the guest never sees most of its time go by without having run.
 */
#ifndef VMM_THROTTLE_H
#define VMM_THROTTLE_H

#include "arm/base.h"

/* Of time the vCPUs stand still; more would be a pause. */
#define THROTTLE_PERCENT_MAX 99

/* All zero: not slowed down.  Times are clock_ns(). */
struct throttle {
	unsigned int percent;
	u64 stand;		/* how long they are to stand still; 0: they run */
	u64 asked, woke;	/* when they were to leave, and to come again; 0: that is over */
	u64 leave, enter;	/* how long that took, the last time */
};

/*
 * Is it time to stop them?  Until throttle_goes() they count as asked to.  @since: when the last
 * of them began to run; 0: not all do.
 */
bool throttle_due(struct throttle *t, u64 since, u64 now);
/* They stand, and will for t->stand; then they may go on. */
void throttle_stands(struct throttle *t, u64 now);
void throttle_goes(struct throttle *t, u64 now);

#endif
