/* SPDX-License-Identifier: GPL-2.0-only */
/* The split virtqueue, device side: virtio 1.2, 2.7. */
#include <endian.h>
#include <string.h>

#include "vmm/dev/virtio/queue.h"
#include "vmm/mem/guest_mem.h"

/* Descriptor flags, 2.7.5. */
enum {
	DESC_NEXT = 1,
	DESC_WRITE = 2,
	DESC_INDIRECT = 4,
};

#define DESC_SIZE 16u
#define AVAIL_NO_INTERRUPT 1	/* 2.7.6 */
#define USED_NO_NOTIFY 1	/* 2.7.8 */

/* Offsets in the rings: flags, idx, ring[num], event. */
#define RING_FLAGS 0
#define RING_IDX 2
#define RING_ENTRIES 4

struct desc {
	u64 addr;
	u32 len;
	u16 flags;
	u16 next;
};

/* Where a walk reads its descriptors: the ring's own table or an indirect one. */
struct desc_table {
	const u8 *base;
	unsigned int num;
};

/*
 * A load and a store that are ordered against each other and against the same
 * pair on the guest's side, which fences (2.7.7.1, 2.7.10.1): we show an index
 * and look at a wish, or show a wish and look at an index, while the guest
 * does the reverse; without order each could miss the other.  Sequentially
 * consistent accesses do that on every host (x86: xchg; Arm: stlr and ldar).
 */
static u16 ring_load_sc(const u8 *p)
{
	return le16toh(__atomic_load_n((const u16 *)p, __ATOMIC_SEQ_CST));
}

static void ring_store_sc(u8 *p, u16 v)
{
	__atomic_store_n((u16 *)p, htole16(v), __ATOMIC_SEQ_CST);
}

static u16 ring_load(const u8 *p)
{
	return le16toh(__atomic_load_n((const u16 *)p, __ATOMIC_RELAXED));
}

static u8 *avail_event(const struct virtq *q)
{
	return q->used + RING_ENTRIES + 8u * q->num;
}

static const u8 *used_event(const struct virtq *q)
{
	return q->avail + RING_ENTRIES + 2u * q->num;
}

static int queue_fail(struct virtq *q, const char *why)
{
	if (!q->error)
		q->error = why;
	return -EINVAL;
}

/*
 * One load of the guest's bytes.  Only an indirect table may be unaligned; the
 * barrier keeps the compiler from loading twice there.
 */
static void desc_copy_in(const u8 *p, struct desc *d)
{
	if ((uintptr_t)p % sizeof(u64)) {
		memcpy(d, p, DESC_SIZE);
		__asm__ volatile("" : : : "memory");
	} else {
		u64 raw[2] = {
			__atomic_load_n((const u64 *)p, __ATOMIC_RELAXED),
			__atomic_load_n((const u64 *)p + 1, __ATOMIC_RELAXED),
		};

		memcpy(d, raw, DESC_SIZE);
	}
	d->addr = le64toh(d->addr);
	d->len = le32toh(d->len);
	d->flags = le16toh(d->flags);
	d->next = le16toh(d->next);
}

void virtq_reset(struct virtq *q)
{
	*q = (struct virtq){ .num_max = q->num_max, .num = q->num_max };
}

int virtq_enable(struct virtq *q, struct guest_mem *mem, bool event_idx, bool indirect)
{
	unsigned int num = q->num;
	u64 used_len = RING_ENTRIES + 8u * num + 2;

	q->error = NULL;
	if (!num || num > q->num_max || (num & (num - 1)))
		return queue_fail(q, "queue size is not a power of two within the limit");
	/* 2.7: alignment 16, 2 and 4. */
	if ((q->desc_ipa & 15) || (q->avail_ipa & 1) || (q->used_ipa & 3))
		return queue_fail(q, "ring address is not aligned");
	/*
	 * Asking for writable memory also for the parts only the driver
	 * writes: a driver cannot drive a ring that lies in ROM.
	 */
	q->desc = guest_mem_ptr(mem, q->desc_ipa, (u64)DESC_SIZE * num, true);
	q->avail = guest_mem_ptr(mem, q->avail_ipa, RING_ENTRIES + 2u * num + 2, true);
	q->used = guest_mem_ptr(mem, q->used_ipa, used_len, true);
	if (!q->desc || !q->avail || !q->used)
		return queue_fail(q, "ring is not in RAM");
	q->mem = mem;
	q->event_idx = event_idx;
	q->indirect = indirect;
	q->avail_idx = 0;
	q->last_avail = 0;
	q->used_idx = 0;
	q->used_shown = 0;
	q->signalled = 0;
	q->in_flight = 0;
	q->notify_on = true;
	q->ready = true;
	return 0;
}

/* Takes a fresh look at the guest's index. */
static int avail_refresh(struct virtq *q)
{
	u16 idx = ring_load_sc(q->avail + RING_IDX);	/* also acquires what it announces */

	/* Also true when it went backwards. */
	if ((u16)(idx - q->last_avail) > q->num)
		return queue_fail(q, "available index moved by more than the queue size");
	q->avail_idx = idx;
	return 0;
}

/* Adds what one descriptor describes to the chain. */
static int chain_add(struct virtq *q, struct virtq_chain *c, const struct desc *d)
{
	bool write = d->flags & DESC_WRITE;
	u32 *total = write ? &c->in_len : &c->out_len;
	unsigned int i = c->nr_out + c->nr_in;
	void *p;

	if (!write && c->nr_in)	/* 2.7.4.2 */
		return queue_fail(q, "readable descriptor after a writable one");
	if (!d->len)
		return 0;
	if (i == VIRTQ_CHAIN_MAX)
		return queue_fail(q, "chain is too long");
	if (d->len > UINT32_MAX - c->out_len - c->in_len)	/* 2.7.5.2 */
		return queue_fail(q, "chain has 4 GiB or more");
	p = d->addr + d->len < d->addr ? NULL : guest_mem_ptr(q->mem, d->addr, d->len, write);
	if (!p)
		return queue_fail(q, "buffer is not in RAM");
	c->iov[i] = (struct iovec){ .iov_base = p, .iov_len = d->len };
	c->ipa[i] = d->addr;
	*total += d->len;
	if (write)
		c->nr_in++;
	else
		c->nr_out++;
	return 0;
}

/* 2.7.5.3 */
static int indirect_table(struct virtq *q, const struct desc *d, struct desc_table *t)
{
	if (!q->indirect)
		return queue_fail(q, "indirect descriptor without the feature");
	if (d->flags & DESC_NEXT)
		return queue_fail(q, "indirect descriptor with a next one");
	if (!d->len || d->len % DESC_SIZE || d->len / DESC_SIZE > UINT16_MAX + 1u)
		return queue_fail(q, "indirect table has a bad length");
	if (d->addr + d->len < d->addr)
		return queue_fail(q, "indirect table is not in RAM");
	t->base = guest_mem_ptr(q->mem, d->addr, d->len, false);
	t->num = d->len / DESC_SIZE;
	return t->base ? 0 : queue_fail(q, "indirect table is not in RAM");
}

/*
 * Follows a chain from entry @i of @t.  A loop ends at the number of steps an
 * honest chain can have: the queue size, then the length accepted.
 */
static int chain_walk(struct virtq *q, struct virtq_chain *c, struct desc_table t, u16 i)
{
	bool indirect = false;
	unsigned int left = t.num;
	struct desc d;
	int ret;

	for (;;) {
		if (i >= t.num)
			return queue_fail(q, "descriptor index is out of range");
		if (!left--)
			return queue_fail(q, "chain is too long, or a loop");
		desc_copy_in(t.base + DESC_SIZE * i, &d);
		if (d.flags & DESC_INDIRECT) {
			if (indirect)
				return queue_fail(q, "indirect table in an indirect table");
			ret = indirect_table(q, &d, &t);
			if (ret)
				return ret;
			indirect = true;
			left = VIRTQ_CHAIN_MAX;
			i = 0;
			continue;
		}
		ret = chain_add(q, c, &d);
		if (ret)
			return ret;
		if (!(d.flags & DESC_NEXT))
			return 0;
		i = d.next;
	}
}

int virtq_pop(struct virtq *q, struct virtq_chain *c)
{
	struct desc_table t = { .base = q->desc, .num = q->num };
	int ret;

	if (q->error)
		return -EINVAL;
	if (!q->ready)
		return 0;
	if (q->avail_idx == q->last_avail) {
		ret = avail_refresh(q);
		if (ret)
			return ret;
		if (q->avail_idx == q->last_avail)
			return 0;
	}
	/* A chain has at least one of q->num descriptors, so more cannot be honest. */
	if (q->in_flight >= q->num)
		return queue_fail(q, "more buffers in flight than the queue has descriptors");
	c->head = ring_load(q->avail + RING_ENTRIES + 2u * (q->last_avail & (q->num - 1)));
	c->nr_out = 0;
	c->nr_in = 0;
	c->out_len = 0;
	c->in_len = 0;
	ret = chain_walk(q, c, t, c->head);
	if (ret)
		return ret;
	q->last_avail++;
	q->in_flight++;
	return 1;
}

void virtq_unpop(struct virtq *q, unsigned int n)
{
	q->last_avail -= n;
	q->in_flight -= n;
}

void virtq_push(struct virtq *q, u16 head, u32 written)
{
	u8 *p = q->used + RING_ENTRIES + 8u * (q->used_idx & (q->num - 1));
	u32 id = htole32(head), len = htole32(written);

	__atomic_store_n((u32 *)p, id, __ATOMIC_RELAXED);
	__atomic_store_n((u32 *)(p + 4), len, __ATOMIC_RELAXED);
	q->used_idx++;
	q->in_flight--;
}

/* 2.7.10: an event index in (old, new]. */
static bool event_passed(u16 event, u16 new, u16 old)
{
	return (u16)(new - event - 1) < (u16)(new - old);
}

bool virtq_publish(struct virtq *q)
{
	u16 old = q->signalled;

	if (q->used_idx == q->used_shown)
		return false;
	ring_store_sc(q->used + RING_IDX, q->used_idx);	/* also releases the elements */
	q->used_shown = q->used_idx;
	/*
	 * The elements and the index: one report for the whole ring is cheaper
	 * than its pieces, and the ring is small.
	 */
	guest_mem_written(q->mem, q->used_ipa, RING_ENTRIES + 8u * q->num);
	if (!q->event_idx)
		return !(ring_load_sc(q->avail + RING_FLAGS) & AVAIL_NO_INTERRUPT);
	q->signalled = q->used_idx;
	return event_passed(ring_load_sc(used_event(q)), q->used_idx, old);
}

void virtq_notify_off(struct virtq *q)
{
	if (!q->ready || !q->notify_on)
		return;
	q->notify_on = false;
	/* With event indexes, not moving ours has the same effect. */
	if (!q->event_idx) {
		ring_store_sc(q->used + RING_FLAGS, USED_NO_NOTIFY);
		guest_mem_written(q->mem, q->used_ipa + RING_FLAGS, 2);
	}
}

bool virtq_notify_on(struct virtq *q)
{
	u16 seen = q->avail_idx;

	if (!q->ready || q->error)
		return false;
	if (q->event_idx) {
		ring_store_sc(avail_event(q), seen);
		guest_mem_written(q->mem, q->used_ipa + RING_ENTRIES + 8u * q->num, 2);
	} else if (!q->notify_on) {
		ring_store_sc(q->used + RING_FLAGS, 0);
		guest_mem_written(q->mem, q->used_ipa + RING_FLAGS, 2);
	}
	q->notify_on = true;
	/* An error counts as news, so that virtq_pop() is called and reports it. */
	return avail_refresh(q) || q->avail_idx != seen;
}

/* Copies between @buf and @nr segments, from byte @off of them on. */
static size_t segs_copy(const struct iovec *iov, unsigned int nr, size_t off, u8 *buf, size_t len,
			bool to_guest)
{
	size_t done = 0, n;
	unsigned int i;

	for (i = 0; i < nr && done < len; i++) {
		if (off >= iov[i].iov_len) {
			off -= iov[i].iov_len;
			continue;
		}
		n = iov[i].iov_len - off;
		if (n > len - done)
			n = len - done;
		if (to_guest)
			memcpy((u8 *)iov[i].iov_base + off, buf + done, n);
		else
			memcpy(buf + done, (u8 *)iov[i].iov_base + off, n);
		done += n;
		off = 0;
	}
	if (!to_guest)
		__asm__ volatile("" : : : "memory");
	return done;
}

size_t virtq_chain_read(const struct virtq_chain *c, size_t off, void *buf, size_t len)
{
	return segs_copy(c->iov, c->nr_out, off, buf, len, false);
}

size_t virtq_chain_write(struct guest_mem *mem, const struct virtq_chain *c, size_t off,
			 const void *buf, size_t len)
{
	const struct iovec *iov = c->iov + c->nr_out;
	const u64 *ipa = c->ipa + c->nr_out;
	size_t done, n, left;
	unsigned int i;

	done = segs_copy(iov, c->nr_in, off, (u8 *)(uintptr_t)buf, len, true);
	for (i = 0, left = done; i < c->nr_in && left; i++) {
		if (off >= iov[i].iov_len) {
			off -= iov[i].iov_len;
			continue;
		}
		n = iov[i].iov_len - off < left ? iov[i].iov_len - off : left;
		guest_mem_written(mem, ipa[i] + off, n);
		left -= n;
		off = 0;
	}
	return done;
}
