/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/mem/guest_mem.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/mem/ram.h"

struct region {
	u64 ipa;
	u64 size;
	u8 *host;
	bool readonly;
};

/* Constant once the VM runs, so that it needs no lock. */
struct guest_mem {
	struct region regions[GUEST_MEM_REGIONS];
	unsigned int nregions;
	void (*written)(void *opaque, u64 ipa, u64 len);
	void *opaque;
};

struct guest_mem *guest_mem_create(void)
{
	return calloc(1, sizeof(struct guest_mem));
}

void guest_mem_free(struct guest_mem *mem)
{
	free(mem);
}

int guest_mem_add(struct guest_mem *mem, u64 ipa, u64 size, void *host, bool readonly)
{
	if (!size || ipa + size - 1 < ipa)
		return -EINVAL;
	for (unsigned int i = 0; i < mem->nregions; i++) {
		const struct region *r = &mem->regions[i];

		if (ipa <= r->ipa + (r->size - 1) && r->ipa <= ipa + (size - 1))
			return -EEXIST;
	}
	if (mem->nregions == GUEST_MEM_REGIONS)
		return -ENOSPC;
	mem->regions[mem->nregions++] = (struct region){ ipa, size, host, readonly };
	return 0;
}

void guest_mem_on_written(struct guest_mem *mem, void (*fn)(void *opaque, u64 ipa, u64 len),
			  void *opaque)
{
	mem->written = fn;
	mem->opaque = opaque;
}

void *guest_mem_ptr(struct guest_mem *mem, u64 ipa, u64 len, bool write)
{
	if (!len)
		return NULL;
	for (unsigned int i = 0; i < mem->nregions; i++) {
		const struct region *r = &mem->regions[i];
		u64 off = ipa - r->ipa;

		/* An @ipa below the region wraps to a huge @off. */
		if (off < r->size && len <= r->size - off)
			return write && r->readonly ? NULL : r->host + off;
	}
	return NULL;
}

void guest_mem_written(struct guest_mem *mem, u64 ipa, u64 len)
{
	if (mem->written && len)
		mem->written(mem->opaque, ipa, len);
}

int guest_mem_read(struct guest_mem *mem, u64 ipa, void *buf, u64 len)
{
	const void *p = guest_mem_ptr(mem, ipa, len, false);

	if (!p)
		return len ? -EFAULT : 0;
	memcpy(buf, p, len);
	return 0;
}

int guest_mem_write(struct guest_mem *mem, u64 ipa, const void *buf, u64 len)
{
	void *p = guest_mem_ptr(mem, ipa, len, true);

	if (!p)
		return len ? -EFAULT : 0;
	memcpy(p, buf, len);
	guest_mem_written(mem, ipa, len);
	return 0;
}
