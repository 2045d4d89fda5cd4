// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests whose memory is more than the host has: it goes to swap, is merged, thrown away
 * and comes back.  The board has little memory, and swap on a disk: test_memory.py.
 */
#define _GNU_SOURCE
#include <sys/sysinfo.h>

#include "kvmtest.h"

#define STORM_BASE 0x90000000u
#define STORM_MAX  0x30000u	/* pages; as in guest/mem.c */
#define SPARE (2u << 20)	/* behind them, to be thrown away: no data of the guest's */

struct storm {
	struct vm *vm;
	uint8_t *p;
	uint32_t pages, sweeps;
	pthread_t thread;
};

static void *storm_main(void *opaque)
{
	struct storm *s = opaque;

	for (uint32_t i = 0; i <= s->sweeps; i++)
		vcpu_until(&s->vm->vcpu[0], s->pages);
	return NULL;
}

/* A guest that fills @pages pages and then goes over them @sweeps times, in a thread. */
static void storm_start(struct storm *s, uint32_t pages, uint32_t sweeps)
{
	CHECK(pages <= STORM_MAX);
	s->vm = vm_new(1, 0);
	s->pages = pages;
	s->sweeps = sweeps;
	s->p = anon((size_t)pages * 4096 + SPARE);
	madvise(s->p, (size_t)pages * 4096, MADV_MERGEABLE);
	CHECK_EQ(vm_slot(s->vm, 1, 0, STORM_BASE, (size_t)pages * 4096 + SPARE, s->p), 0);
	vcpu_start_at(&s->vm->vcpu[0], GUEST(g_storm), pages, false);
	CHECK_EQ(pthread_create(&s->thread, NULL, storm_main, s), 0);
}

static void storm_free(struct storm *s)
{
	vm_free(s->vm);
	munmap(s->p, (size_t)s->pages * 4096 + SPARE);
}

static void storm_end(struct storm *s)
{
	pthread_join(s->thread, NULL);
	storm_free(s);
}

static long vmstat(const char *name)
{
	char word[64];
	long value;
	FILE *f = fopen("/proc/vmstat", "r");

	CHECK(f);
	while (fscanf(f, "%63s %ld", word, &value) == 2) {
		if (!strcmp(word, name)) {
			fclose(f);
			return value;
		}
	}
	FAIL("/proc/vmstat has no %s", name);
}

TEST_LIMIT(storm_swap, 2400, "two guests whose memory is twice what is free check each page while all is swapped")
{
	long in = vmstat("pswpin"), out = vmstat("pswpout");
	struct sysinfo info;
	struct storm s[2];
	uint32_t pages;

	CHECK_EQ(sysinfo(&info), 0);
	pages = (uint64_t)info.freeram * info.mem_unit / 4096;
	if ((uint64_t)info.freeswap * info.mem_unit / 4096 < 2 * pages)
		skip("needs swap of twice the memory that is free");
	fprintf(stderr, "%u pages are free, each guest has as many", pages);
	for (int i = 0; i < 2; i++)
		storm_start(&s[i], pages, 1);
	for (int i = 0; i < 2; i++)
		storm_end(&s[i]);
	in = vmstat("pswpin") - in;
	out = vmstat("pswpout") - out;
	fprintf(stderr, "; %ld pages went to swap, %ld came back\n", out, in);
	CHECK(out >= (long)pages && in >= (long)pages / 2);
}

static atomic_bool over;

static void *evict(void *opaque)
{
	struct storm *s = opaque;
	uint8_t *spare = s->p + (size_t)s->pages * 4096;
	uint32_t state = 5;

	while (!atomic_load(&over)) {
		uint32_t from = rnd(&state) % s->pages, nr = 1 + rnd(&state) % 256;

		if (from + nr > s->pages)
			nr = s->pages - from;
		madvise(s->p + (size_t)from * 4096, nr * 4096, MADV_PAGEOUT);
		spare[rnd(&state) % SPARE] = 1;
		madvise(spare, SPARE, MADV_DONTNEED);
		if (!(state & 7))
			madvise(s->p + (size_t)from * 4096, nr * 4096, state & 8 ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	}
	return NULL;
}

TEST_LIMIT(storm_pageout, 1200, "pages are sent to swap and spare ones thrown away in a loop under a guest")
{
	long in = vmstat("pswpin"), out = vmstat("pswpout");
	struct storm s;
	pthread_t t;

	storm_start(&s, 2048, 3);
	CHECK_EQ(pthread_create(&t, NULL, evict, &s), 0);
	pthread_join(s.thread, NULL);
	atomic_store(&over, true);
	pthread_join(t, NULL);
	storm_free(&s);
	in = vmstat("pswpin") - in;
	out = vmstat("pswpout") - out;
	fprintf(stderr, "%ld pages went to swap, %ld came back\n", out, in);
	CHECK(out > 2048 && in > 2048);
}

TEST_LIMIT(storm_ksm, 1200, "half of two guests' pages are merged and written again, while they are swapped")
{
	struct sysinfo info;
	struct storm s[2];
	long shared = 0;
	FILE *f;

	CHECK_EQ(sysinfo(&info), 0);
	for (int i = 0; i < 2; i++)
		storm_start(&s[i], (uint64_t)info.freeram * info.mem_unit / 4096 * 3 / 4, 1);
	/* The guests may be done before it has seen them; their pages stay. */
	for (int k = 0; k < 3000 && shared < 100; k++) {
		f = fopen("/sys/kernel/mm/ksm/pages_sharing", "r");
		CHECK(f && fscanf(f, "%ld", &shared) == 1);
		fclose(f);
		pause_us(100000);
	}
	for (int i = 0; i < 2; i++)
		storm_end(&s[i]);
	fprintf(stderr, "KSM merged %ld pages\n", shared);
	CHECK(shared >= 100);
}
