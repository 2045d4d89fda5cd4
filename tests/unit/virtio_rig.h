/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine for virtio tests: guest memory of two adjacent RAM regions and a
 * ROM, an interrupt line that counts edges, and the driver's half of the
 * rings.  The test provides the guest_mem functions here, so that it includes
 * this file once and does not link vmm/mem.
 */
#ifndef TESTS_UNIT_VIRTIO_RIG_H
#define TESTS_UNIT_VIRTIO_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "vmm/dev/virtio/core.h"
#include "vmm/mem/guest_mem.h"

#define RAM_BASE 0x40000000ULL
#define RAM_SIZE 0x100000ULL		/* of each of the two */
#define RAM2_BASE (RAM_BASE + RAM_SIZE)
#define ROM_BASE 0x08000000ULL
#define ROM_SIZE 0x10000ULL

struct guest_mem {
	u8 *ram;
	u8 *ram2;
	u8 *rom;
	u64 written;		/* atomic: bytes reported by guest_mem_written() */
};

void *guest_mem_ptr(struct guest_mem *mem, u64 ipa, u64 len, bool write)
{
	const struct {
		u64 base, size;
		u8 *p;
		bool rom;
	} regions[] = {
		{ RAM_BASE, RAM_SIZE, mem->ram, false },
		{ RAM2_BASE, RAM_SIZE, mem->ram2, false },
		{ ROM_BASE, ROM_SIZE, mem->rom, true },
	};
	unsigned int i;

	for (i = 0; len && i < ARM_ARRAY_SIZE(regions); i++)
		if (ipa >= regions[i].base && ipa - regions[i].base < regions[i].size &&
		    len <= regions[i].size - (ipa - regions[i].base) && !(write && regions[i].rom))
			return regions[i].p + (ipa - regions[i].base);
	return NULL;
}

void guest_mem_written(struct guest_mem *mem, u64 ipa, u64 len)
{
	/* Only what may be written may be reported. */
	if (len && !guest_mem_ptr(mem, ipa, len, true))
		abort();
	__atomic_fetch_add(&mem->written, len, __ATOMIC_RELAXED);
}

int guest_mem_read(struct guest_mem *mem, u64 ipa, void *buf, u64 len)
{
	void *p = guest_mem_ptr(mem, ipa, len, false);

	if (p)
		memcpy(buf, p, len);
	return p ? 0 : -EFAULT;
}

int guest_mem_write(struct guest_mem *mem, u64 ipa, const void *buf, u64 len)
{
	void *p = guest_mem_ptr(mem, ipa, len, true);

	if (p)
		memcpy(p, buf, len);
	return p ? 0 : -EFAULT;
}

struct rig {
	struct guest_mem mem;
	struct device *dev;
	struct virtio_device *vdev;
	unsigned int level;	/* atomic */
	unsigned int edges;	/* atomic: rising ones */
};

static void rig_irq(void *ctx, unsigned int n, bool level)
{
	struct rig *rig = ctx;

	(void)n;
	if (level && !__atomic_load_n(&rig->level, __ATOMIC_RELAXED))
		__atomic_fetch_add(&rig->edges, 1, __ATOMIC_RELEASE);
	__atomic_store_n(&rig->level, level, __ATOMIC_RELEASE);
}

/* Gives @vdev (NULL: an empty slot) a window and memory. */
__attribute__((unused)) static void rig_init(struct rig *rig, struct virtio_device *vdev)
{
	struct irq_line irq = { .set = rig_irq, .ctx = rig };

	memset(rig, 0, sizeof(*rig));
	/* Separate blocks, so that ASan sees an access that leaves its region. */
	rig->mem.ram = aligned_alloc(4096, RAM_SIZE);
	rig->mem.ram2 = aligned_alloc(4096, RAM_SIZE);
	rig->mem.rom = aligned_alloc(4096, ROM_SIZE);
	memset(rig->mem.ram, 0, RAM_SIZE);
	memset(rig->mem.ram2, 0, RAM_SIZE);
	memset(rig->mem.rom, 0, ROM_SIZE);
	rig->vdev = vdev;
	assert_int_equal(virtio_mmio_create(&rig->mem, irq, vdev, &rig->dev), 0);
}

__attribute__((unused)) static void rig_destroy(struct rig *rig)
{
	if (rig->dev)
		rig->dev->ops->free(rig->dev);
	free(rig->mem.ram);
	free(rig->mem.ram2);
	free(rig->mem.rom);
}

static inline u64 rd_n(struct rig *rig, u64 off, unsigned int size)
{
	u64 val = 0x5555;

	assert_int_equal(rig->dev->ops->read(rig->dev, 0, off, size, &val), ARM_HANDLED);
	return val;
}

static inline u32 rd(struct rig *rig, u64 off)
{
	return rd_n(rig, off, 4);
}

static inline void wr_n(struct rig *rig, u64 off, unsigned int size, u64 val)
{
	assert_int_equal(rig->dev->ops->write(rig->dev, 0, off, size, val), ARM_HANDLED);
}

static inline void wr(struct rig *rig, u64 off, u32 val)
{
	wr_n(rig, off, 4, val);
}

static inline u8 *ram(struct rig *rig, u64 ipa)
{
	return guest_mem_ptr(&rig->mem, ipa, 1, false);
}

/* The driver's half of one queue. */
struct ring {
	struct rig *rig;
	unsigned int n;		/* the queue's number */
	unsigned int num;
	u64 desc, avail, used;
	u16 next_desc;
	u16 avail_idx;
	u16 used_idx;		/* next used element to look at */
};

struct seg {
	u64 ipa;
	u32 len;
	bool in;		/* the device writes it */
};

enum { ACK = 1, DRV = 2, DRV_OK = 4, FEAT_OK = 8, NEEDS_RESET = 64 };

/* Reset, acknowledge, negotiate.  Returns what FEATURES_OK reads back as. */
__attribute__((unused)) static bool rig_negotiate(struct rig *rig, u64 features)
{
	wr(rig, 0x70, 0);
	wr(rig, 0x70, ACK);
	wr(rig, 0x70, ACK | DRV);
	wr(rig, 0x24, 0);
	wr(rig, 0x20, features);
	wr(rig, 0x24, 1);
	wr(rig, 0x20, features >> 32);
	wr(rig, 0x70, ACK | DRV | FEAT_OK);
	return rd(rig, 0x70) & FEAT_OK;
}

__attribute__((unused)) static u64 rig_offered(struct rig *rig)
{
	u64 f;

	wr(rig, 0x14, 1);
	f = (u64)rd(rig, 0x10) << 32;
	wr(rig, 0x14, 0);
	return f | rd(rig, 0x10);
}

__attribute__((unused)) static void queue_addr(struct rig *rig, u64 off, u64 ipa)
{
	wr(rig, off, ipa);
	wr(rig, off + 4, ipa >> 32);
}

/* Rings of queue @n at @base: 16 bytes per descriptor, then the others. */
__attribute__((unused)) static void ring_init(struct ring *r, struct rig *rig, unsigned int n,
					      unsigned int num, u64 base)
{
	*r = (struct ring){
		.rig = rig, .n = n, .num = num, .desc = base,
		.avail = base + 16 * num, .used = (base + 16 * num + 6 + 2 * num + 63) & ~63ULL,
	};
	memset(ram(rig, base), 0, 16 * num + 6 + 2 * num + 64 + 6 + 8 * num);
	wr(rig, 0x30, n);
	wr(rig, 0x38, num);
	queue_addr(rig, 0x80, r->desc);
	queue_addr(rig, 0x90, r->avail);
	queue_addr(rig, 0xa0, r->used);
	wr(rig, 0x44, 1);
}

static inline u16 *ring16(struct ring *r, u64 ipa)
{
	return (u16 *)ram(r->rig, ipa);
}

static inline void desc_put(struct rig *rig, u64 table, u16 i, u64 addr, u32 len, u16 flags,
			    u16 next)
{
	u64 *p = (u64 *)ram(rig, table + 16 * i);

	__atomic_store_n(p, addr, __ATOMIC_RELAXED);
	__atomic_store_n(p + 1, (u64)len | (u64)flags << 32 | (u64)next << 48, __ATOMIC_RELAXED);
}

/* Shows descriptor @head to the device, without a kick. */
static inline void ring_show(struct ring *r, u16 head)
{
	__atomic_store_n(ring16(r, r->avail + 4 + 2 * (r->avail_idx % r->num)), head,
			 __ATOMIC_RELAXED);
	r->avail_idx++;
	__atomic_store_n(ring16(r, r->avail + 2), r->avail_idx, __ATOMIC_RELEASE);
}

/* Adds a chain of descriptors; the test keeps within r->num of them.  Returns the head. */
__attribute__((unused)) static u16 ring_add(struct ring *r, const struct seg *s, unsigned int n)
{
	u16 head = r->next_desc % r->num;
	unsigned int i;

	for (i = 0; i < n; i++) {
		u16 d = r->next_desc++ % r->num;

		desc_put(r->rig, r->desc, d, s[i].ipa, s[i].len,
			 (s[i].in ? 2 : 0) | (i + 1 < n ? 1 : 0), r->next_desc % r->num);
	}
	ring_show(r, head);
	return head;
}

__attribute__((unused)) static void ring_kick(struct ring *r)
{
	wr(r->rig, 0x50, r->n);
}

static inline u16 ring_used_idx(struct ring *r)
{
	return __atomic_load_n(ring16(r, r->used + 2), __ATOMIC_ACQUIRE);
}

/* Waits up to 5 s for a used element; false if none came. */
__attribute__((unused)) static bool ring_wait(struct ring *r, u32 *id, u32 *len)
{
	struct timespec ms = { .tv_nsec = 200000 };
	u32 *e = (u32 *)ram(r->rig, r->used + 4 + 8 * (r->used_idx % r->num));
	int i;

	for (i = 0; i < 25000 && ring_used_idx(r) == r->used_idx; i++)
		nanosleep(&ms, NULL);
	if (ring_used_idx(r) == r->used_idx)
		return false;
	r->used_idx++;
	if (id)
		*id = __atomic_load_n(e, __ATOMIC_RELAXED);
	if (len)
		*len = __atomic_load_n(e + 1, __ATOMIC_RELAXED);
	return true;
}

#define F_V1 (1ULL << 32)
#define F_INDIRECT (1ULL << 28)
#define F_EVENT (1ULL << 29)

#endif
