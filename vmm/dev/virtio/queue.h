/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The split virtqueue, device side (virtio 1.2, 2.7).
 *
 * The rings live in guest RAM and the guest may rewrite them at any moment, so
 * every field is loaded exactly once into a local copy and only that copy is
 * checked and used.  All loops are bounded by the queue size; a chain that is
 * wrong in any way makes virtq_pop() fail for good, with the reason in @error.
 *
 * Not locked: the caller holds the device's lock.
 */
#ifndef VMM_DEV_VIRTIO_QUEUE_H
#define VMM_DEV_VIRTIO_QUEUE_H

#include <sys/uio.h>

#include "arm/base.h"

struct guest_mem;

#define VIRTQ_SIZE_MAX 256
/* Longest chain accepted, direct or indirect. */
#define VIRTQ_CHAIN_MAX 256

/*
 * One popped descriptor chain.  Segments [0, nr_out) are for the device to
 * read, [nr_out, nr_out + nr_in) for it to write; all were found to be RAM.
 * Descriptors of length 0 are left out.
 */
struct virtq_chain {
	u16 head;
	unsigned int nr_out;
	unsigned int nr_in;
	u32 out_len;
	u32 in_len;
	struct iovec iov[VIRTQ_CHAIN_MAX];
	u64 ipa[VIRTQ_CHAIN_MAX];
};

struct virtq {
	struct guest_mem *mem;
	/* Registers. */
	u16 num_max;		/* 0: there is no such queue */
	u16 num;
	bool ready;
	u64 desc_ipa;
	u64 avail_ipa;
	u64 used_ipa;
	/* Valid while ready. */
	const u8 *desc;
	const u8 *avail;
	u8 *used;
	bool event_idx;
	bool indirect;
	bool notify_on;		/* the guest's kicks are wanted */
	u16 avail_idx;		/* the guest's index as last seen */
	u16 last_avail;		/* the next entry to take */
	u16 used_idx;		/* ours, may be ahead of what the guest sees */
	u16 used_shown;		/* what the guest sees */
	u16 signalled;		/* used_shown at the last interrupt decision */
	u16 in_flight;		/* popped, not pushed */
	const char *error;	/* why the queue is broken, or NULL */
};

/* As after a device reset; num_max stays. */
void virtq_reset(struct virtq *q);

/*
 * Takes the ring addresses and size into use (QueueReady = 1).  0, or -EINVAL
 * with q->error when something about them is wrong.
 */
int virtq_enable(struct virtq *q, struct guest_mem *mem, bool event_idx, bool indirect);

/* 1: *@c was filled; 0: nothing there; -EINVAL: the queue is broken. */
int virtq_pop(struct virtq *q, struct virtq_chain *c);
/* Gives back the @n chains popped last. */
void virtq_unpop(struct virtq *q, unsigned int n);

/* Puts a used element; the guest sees it after virtq_publish(). */
void virtq_push(struct virtq *q, u16 head, u32 written);
/* Shows all pushed elements.  True if the guest wants an interrupt for them. */
bool virtq_publish(struct virtq *q);

/* Kicks are not needed for now (a hint to the guest). */
void virtq_notify_off(struct virtq *q);
/*
 * Asks for kicks for chains beyond those seen so far.  True when some have
 * come already, for which there may be no kick.
 */
bool virtq_notify_on(struct virtq *q);

/*
 * Copies between a buffer and the readable or writable part of a chain, from
 * byte @off of that part.  Return the number of bytes copied (less than @len
 * at the end of the part).
 */
size_t virtq_chain_read(const struct virtq_chain *c, size_t off, void *buf, size_t len);
size_t virtq_chain_write(struct guest_mem *mem, const struct virtq_chain *c, size_t off,
			 const void *buf, size_t len);

#endif
