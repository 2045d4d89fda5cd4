/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/migrate/precopy.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/host/clock.h"
#include "vmm/mem/dirty.h"

/* So little goes with the state of the devices. */
#define FEW_PAGES 64
/* So many tell how fast the sink is. */
#define MANY_PAGES 4096
/* What stopping, the devices' state and the answer take besides the pages. */
#define OVERHEAD_NS 3000000ULL
/* Passes that a guest gets before it is slowed down, and by how much each time. */
#define FREE_PASSES 3
#define THROTTLE_STEP 20
#define THROTTLE_MAX 95

struct precopy {
	struct vm *vm;
	const struct vmstate *state;
	struct precopy_sink sink;
	u64 max_downtime_ns;
	u64 *bits[VMSTATE_RAMS];
	u64 dirty;			/* pages in @bits */
	atomic_bool cancelled;
	/* For precopy_progress(). */
	atomic_uint pass, throttle;
	_Atomic(u64) rate, dirty_rate;	/* pages a second, of the last pass */
	_Atomic(u64) done_before;	/* pages that had been sent when this pass began, */
	_Atomic(u64) of;		/* and how many it has */
};

static u64 pages_sent(struct precopy *p, u64 *data)
{
	u64 pages, zero, bytes;

	p->sink.totals(p->sink.opaque, &pages, &zero, &bytes);
	if (data)
		*data = pages - zero;
	return pages;
}

/* Everything that was written since the last time becomes the next pass. */
static int collect(struct precopy *p)
{
	struct accel *a = p->state->accel;
	int ret = 0;

	p->dirty = 0;
	for (unsigned int i = 0; i < p->state->nram && !ret; i++) {
		const struct vmstate_ram *r = &p->state->ram[i];

		dirty_take(vm_dirty(p->vm), r->ipa, p->bits[i]);
		ret = a->ops->dirty_get(a, r->ipa, r->size, p->bits[i]);
		for (u64 w = 0; w < DIRTY_WORDS(r->size); w++)
			p->dirty += (u64)__builtin_popcountll(p->bits[i][w]);
	}
	return ret;
}

static int send_pass(struct precopy *p)
{
	int ret = 0;

	atomic_store(&p->done_before, pages_sent(p, NULL));
	atomic_store(&p->of, p->dirty);
	for (unsigned int i = 0; i < p->state->nram && !ret; i++) {
		const struct vmstate_ram *r = &p->state->ram[i];

		ret = p->sink.send(p->sink.opaque, r, p->bits[i]);
		for (u64 w = 0; w < DIRTY_WORDS(r->size); w++)
			p->bits[i][w] = 0;
	}
	atomic_fetch_add(&p->pass, 1);
	return ret;
}

int precopy_create(struct vm *vm, const struct precopy_sink *sink, unsigned int max_downtime_ms, struct precopy **out)
{
	struct precopy *p = calloc(1, sizeof(*p));
	int ret = p ? 0 : -ENOMEM;

	if (ret)
		return ret;
	p->vm = vm;
	p->state = vm_state(vm);
	p->sink = *sink;
	p->max_downtime_ns = max_downtime_ms * 1000000ULL;
	for (unsigned int i = 0; i < p->state->nram && !ret; i++) {
		u64 size = p->state->ram[i].size;

		p->bits[i] = malloc(DIRTY_WORDS(size) * sizeof(u64));
		if (p->bits[i])
			memset(p->bits[i], 0xff, DIRTY_WORDS(size) * sizeof(u64));
		else
			ret = -ENOMEM;
		p->dirty += size / DIRTY_PAGE;
	}
	if (!ret)
		ret = p->state->accel->ops->dirty_log(p->state->accel, true);
	if (ret) {
		precopy_free(p);
		return ret;
	}
	dirty_log(vm_dirty(vm), true);
	*out = p;
	return 0;
}

void precopy_free(struct precopy *p)
{
	if (!p)
		return;
	dirty_log(vm_dirty(p->vm), false);
	p->state->accel->ops->dirty_log(p->state->accel, false);
	for (unsigned int i = 0; i < p->state->nram; i++)
		free(p->bits[i]);
	free(p);
}

void precopy_cancel(struct precopy *p)
{
	atomic_store(&p->cancelled, true);
}

/* Does what is in @bits fit into the downtime at @rate pages a second? */
static bool fits(const struct precopy *p, u64 rate)
{
	u64 room = p->max_downtime_ns > OVERHEAD_NS ? p->max_downtime_ns - OVERHEAD_NS : 0;

	return p->dirty <= FEW_PAGES || (rate && p->dirty * NS_PER_S / rate <= room);
}

void precopy_slow_down(struct precopy *p)
{
	unsigned int t = atomic_load(&p->throttle) + THROTTLE_STEP;

	atomic_store(&p->throttle, t < THROTTLE_MAX ? t : THROTTLE_MAX);
}

int precopy_run(struct precopy *p)
{
	u64 rate = 0;
	int ret = 0;

	while (!ret && !(rate && fits(p, rate))) {
		u64 start = clock_ns(), before = p->dirty, data, data_after, ns, now;

		if (atomic_load(&p->cancelled))
			return -ECANCELED;
		pages_sent(p, &data);
		ret = send_pass(p);
		/* What is on its way when the guest stops would be downtime, and would look fast. */
		if (!ret && p->sink.settle)
			ret = p->sink.settle(p->sink.opaque);
		if (!ret)
			ret = collect(p);
		ns = clock_ns() - start + 1;
		pages_sent(p, &data_after);
		now = (data_after - data) * NS_PER_S / ns + 1;
		/* A small pass is mostly waiting for its answer, and can only show that more is possible. */
		if (data_after - data > MANY_PAGES || now > rate)
			rate = now;
		atomic_store(&p->rate, rate);
		atomic_store(&p->dirty_rate, p->dirty * NS_PER_S / ns);
		/* A pass that left as much as it began with, or nearly, shows a guest that is faster than we are. */
		if (!fits(p, rate) && atomic_load(&p->pass) >= FREE_PASSES && p->dirty >= before / 2)
			precopy_slow_down(p);
	}
	return ret;
}

int precopy_finish(struct precopy *p)
{
	int ret = collect(p);

	return ret ? ret : send_pass(p);
}

static double mib(u64 pages)
{
	return (double)pages * DIRTY_PAGE / (1 << 20);
}

void precopy_progress(struct precopy *p, char *text, size_t len)
{
	u64 sent = pages_sent(p, NULL) - atomic_load(&p->done_before), of = atomic_load(&p->of);
	u64 rate = atomic_load(&p->rate), left = of > sent ? of - sent : 0;
	unsigned int t = atomic_load(&p->throttle);
	int n;

	n = snprintf(text, len, "pass %u: %.0f of %.0f MiB", atomic_load(&p->pass) + 1, mib(sent), mib(of));
	if (n > 0 && (size_t)n < len && rate)
		n += snprintf(text + n, len - (size_t)n, ", %.0f MiB/s, guest writes %.0f MiB/s, about %.1f s left",
			      mib(rate), mib(atomic_load(&p->dirty_rate)), (double)left / (double)rate);
	if (n > 0 && (size_t)n < len && t)
		snprintf(text + n, len - (size_t)n, ", guest slowed by %u %%", t);
}

unsigned int precopy_throttle(struct precopy *p)
{
	return atomic_load(&p->throttle);
}
