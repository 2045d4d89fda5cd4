/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The entropy device: virtio 1.2, 5.4.
 *
 * Requests are served where the guest kicks, at most CHUNK bytes each (a device
 * may fill less than was asked for) and RATE bytes a second in all, so that a
 * guest can keep neither a vCPU thread in here nor the host's generator busy.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/random.h>

#include "vmm/dev/virtio/core.h"
#include "vmm/host/clock.h"
#include "vmm/mem/guest_mem.h"

#define QUEUE_SIZE 64
#define CHUNK 4096u
#define RATE (4u << 20)
#define BURST (256u << 10)
#define RETRY_NS 10000000

struct virtio_rng {
	struct virtio_device vdev;
	struct virtio_task retry;
	u64 tokens;		/* bytes that may be given out now */
	u64 refilled_ns;
};

static void tokens_refill(struct virtio_rng *rng)
{
	u64 now = clock_ns(), add;

	add = (now - rng->refilled_ns) / 1000 * RATE / 1000000;
	if (!add)
		return;
	rng->refilled_ns = now;
	rng->tokens = rng->tokens + add < BURST ? rng->tokens + add : BURST;
}

/* Fills @c; returns the bytes written.  0 only when the host has no randomness to give. */
static u32 chain_fill(struct virtio_device *vdev, const struct virtq_chain *c)
{
	u32 want = c->in_len < CHUNK ? c->in_len : CHUNK;
	u8 buf[CHUNK];
	u32 done = 0;
	ssize_t n;

	while (done < want) {
		n = getrandom(buf + done, want - done, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		done += n;
	}
	virtq_chain_write(vdev->mem, c, 0, buf, done);
	return done;
}

static void rng_serve(struct virtio_device *vdev)
{
	struct virtio_rng *rng = (struct virtio_rng *)vdev;
	struct virtq *q = &vdev->vq[0];
	/*
	 * A request costs at least this much, so that a million of one byte
	 * (or none) are bounded as well.
	 */
	u32 cost = 64, n;

	tokens_refill(rng);
	do {
		virtq_notify_off(q);
		while (rng->tokens >= CHUNK && virtio_pop(vdev, 0, &vdev->chain)) {
			n = chain_fill(vdev, &vdev->chain);
			virtq_push(q, vdev->chain.head, n);
			rng->tokens -= n < cost ? cost : n;
		}
	} while (rng->tokens >= CHUNK && virtio_queue_live(vdev, 0) && virtq_notify_on(q));
	virtio_publish(vdev, 0);
	if (rng->tokens < CHUNK && virtio_queue_live(vdev, 0))
		virtio_task_arm(&rng->retry);
}

static void rng_retry(struct virtio_device *vdev)
{
	virtio_lock(vdev);
	if (virtio_queue_live(vdev, 0))
		rng_serve(vdev);
	virtio_unlock(vdev);
}

static void rng_notify(struct virtio_device *vdev, unsigned int n)
{
	(void)n;
	rng_serve(vdev);
}

static void rng_free(struct virtio_device *vdev)
{
	struct virtio_rng *rng = (struct virtio_rng *)vdev;

	virtio_task_destroy(&rng->retry);
	virtio_device_destroy(vdev);
	free(rng);
}

static const struct virtio_device_ops rng_ops = {
	.name = "rng",
	.notify = rng_notify,
	.free = rng_free,
};

int virtio_rng_create(struct loop *loop, struct virtio_device **out)
{
	struct virtio_rng *rng = calloc(1, sizeof(*rng));

	if (!rng)
		return -ENOMEM;
	virtio_device_init(&rng->vdev, &rng_ops, VIRTIO_ID_ENTROPY, 0, 0);
	virtio_device_add_queue(&rng->vdev, QUEUE_SIZE);
	virtio_task_init(&rng->retry, &rng->vdev, loop, RETRY_NS, rng_retry);
	*out = &rng->vdev;
	return 0;
}
