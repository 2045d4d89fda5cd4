/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/mem/ram.h"

#include <sys/mman.h>

#define HUGE_PAGE (2ULL << 20)

/*
 * Reserve one huge page more than asked for and give the ends back, so that
 * guest and host huge pages line up.
 */
int ram_alloc(u64 size, void **out)
{
	u64 room = size + HUGE_PAGE, head;
	u8 *p;

	if (!size || room < size || room > SIZE_MAX)
		return -EINVAL;
	p = mmap(NULL, room, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	head = -(uintptr_t)p & (HUGE_PAGE - 1);
	if (head)
		munmap(p, head);
	if (room - head - size)
		munmap(p + head + size, room - head - size);
	/* Advice: without it the guest merely runs slower. */
	madvise(p + head, size, MADV_HUGEPAGE);
	madvise(p + head, size, MADV_DONTDUMP);
	*out = p + head;
	return 0;
}

void ram_free(void *host, u64 size)
{
	if (host)
		munmap(host, size);
}

void ram_discard(void *host, u64 size)
{
	madvise(host, size, MADV_DONTNEED);
}
