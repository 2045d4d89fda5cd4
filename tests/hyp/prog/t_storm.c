// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests whose memory is more than the host has: it goes to swap, is merged, thrown away
 * and comes back.  The board has little memory and swap on zram: test_memory.py.
 */
#define _GNU_SOURCE
#include <sys/sysinfo.h>

#include "kvmtest.h"

#define STORM_BASE 0x90000000u

struct storm {
	struct vm *vm;
	uint8_t *p;
	uint32_t pages, sweeps;
};

static void storm_start(struct storm *s, uint32_t pages, uint32_t sweeps)
{
	s->vm = vm_new(1, 0);
	s->pages = pages;
	s->sweeps = sweeps;
	/* One more block: for the storm of MADV_DONTNEED, no data of the guest's. */
	s->p = anon((size_t)pages * 4096 + (2 << 20));
	madvise(s->p, (size_t)pages * 4096, MADV_MERGEABLE);
	CHECK_EQ(vm_slot(s->vm, 1, 0, STORM_BASE, (size_t)pages * 4096 + (2 << 20), s->p), 0);
	vcpu_start_at(&s->vm->vcpu[0], GUEST(g_storm), pages, false);
}

static void *storm_main(void *opaque)
{
	struct storm *s = opaque;

	for (uint32_t i = 0; i <= s->sweeps; i++)
		vcpu_until(&s->vm->vcpu[0], s->pages);
	return NULL;
}

static uint32_t half_of_memory(void)
{
	struct sysinfo info;

	CHECK_EQ(sysinfo(&info), 0);
	if (info.totalswap < info.totalram)
		skip("swap as large as the memory is needed");
	return (uint64_t)info.totalram * info.mem_unit / 4096 / 2;
}

/* Two guests with 60 % of the host's memory each: twice what is free in the end. */
TEST_LIMIT(storm_swap, 900, "two guests, together more than the memory: they check each page while all is swapped")
{
	uint32_t pages = half_of_memory() * 6 / 5;
	struct storm s[2];
	pthread_t t[2];

	for (int i = 0; i < 2; i++) {
		storm_start(&s[i], pages, 2);
		CHECK_EQ(pthread_create(&t[i], NULL, storm_main, &s[i]), 0);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
}

static atomic_bool over;

static void *evict(void *opaque)
{
	struct storm *s = opaque;
	uint8_t *spare = s->p + (size_t)s->pages * 4096;
	uint32_t state = 5;

	while (!atomic_load(&over)) {
		size_t from = rnd(&state) % s->pages, nr = 1 + rnd(&state) % 256;

		if (from + nr > s->pages)
			nr = s->pages - from;
		madvise(s->p + from * 4096, nr * 4096, MADV_PAGEOUT);
		spare[rnd(&state) % (2 << 20)] = 1;
		madvise(spare, 2 << 20, MADV_DONTNEED);
		if (!(state & 7))
			madvise(s->p + from * 4096, nr * 4096, state & 8 ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	}
	return NULL;
}

TEST_LIMIT(storm_pageout, 600, "pages are sent to swap and spare ones thrown away in a loop under a guest")
{
	struct storm s;
	pthread_t t[2];

	storm_start(&s, half_of_memory() / 4, 4);
	CHECK_EQ(pthread_create(&t[0], NULL, storm_main, &s), 0);
	CHECK_EQ(pthread_create(&t[1], NULL, evict, &s), 0);
	pthread_join(t[0], NULL);
	atomic_store(&over, true);
	pthread_join(t[1], NULL);
	vm_free(s.vm);
}

TEST_LIMIT(storm_ksm, 600, "half of two guests' pages are merged and written again")
{
	uint32_t pages = half_of_memory() / 4;
	struct storm s[2];
	pthread_t t[2];
	FILE *f;
	long shared = 0;

	for (int i = 0; i < 2; i++) {
		storm_start(&s[i], pages, 3);
		CHECK_EQ(pthread_create(&t[i], NULL, storm_main, &s[i]), 0);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	f = fopen("/sys/kernel/mm/ksm/pages_sharing", "r");
	CHECK(f && fscanf(f, "%ld", &shared) == 1);
	if (shared < 100)
		FAIL("KSM merged only %ld pages", shared);
}
