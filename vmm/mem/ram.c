/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/mem/ram.h"

#include <string.h>
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

int ram_map_file(void *host, u64 size, int fd, u64 off)
{
	void *p = mmap(host, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, fd, (off_t)off);

	if (p == MAP_FAILED)
		return -errno;
	madvise(host, size, MADV_DONTDUMP);
	return 0;
}

/* A new mapping, because an old one may be a file's: of that, MADV_DONTNEED would bring back the contents. */
void ram_discard(void *host, u64 size)
{
	if (mmap(host, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) ==
	    MAP_FAILED) {
		/* No room for one more mapping: the hard way. */
		memset(host, 0, size);
		return;
	}
	madvise(host, size, MADV_HUGEPAGE);
	madvise(host, size, MADV_DONTDUMP);
}
