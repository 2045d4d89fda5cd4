/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtio devices as the machine creates them: a device (blk, net, ...) and the
 * virtio-mmio window (virtio 1.2, 4.2; version 2) that shows it to the guest.
 *
 * Creators return 0 or -errno.  Those with @err also store there, on failure, a
 * sentence for the user (names the thing, the reason, the remedy) to be
 * released with free(); @err may be NULL.
 */
#ifndef VMM_DEV_VIRTIO_VIRTIO_H
#define VMM_DEV_VIRTIO_VIRTIO_H

#include "arm/base.h"
#include "vmm/dev/device.h"

struct guest_mem;
struct image_set;
struct loop;
struct chardev;
struct netdev;
struct virtio_device;

/* Size of the register window; the machine may space windows wider. */
#define VIRTIO_MMIO_SIZE 0x200

/*
 * @dev is owned by the window on success (stays the caller's on failure); NULL
 * makes an empty slot, which reads as DeviceID 0.  @mem must outlive the
 * window.  Any GIC trigger configuration of @irq works: the line is high while
 * InterruptStatus is not 0 and has a new rising edge for each new event.
 */
int virtio_mmio_create(struct guest_mem *mem, struct irq_line irq, struct virtio_device *dev,
		       struct device **out);

/*
 * Lets an engine that can take the guest's queue notifications without stopping
 * its CPU: @set(@ctx, fd, @queue) makes a write of @queue to QueueNotify signal
 * the eventfd fd, which stays the window's.  0, or -errno: then they
 * come as writes, as before.  Before the guest runs; the window's files last as long as it.
 */
#define VIRTIO_MMIO_QUEUE_NOTIFY 0x050
int virtio_mmio_add_doorbells(struct device *dev, struct loop *loop,
			      int (*set)(void *ctx, int fd, unsigned int queue), void *ctx);

/* For a device that no window owns (error paths). */
void virtio_device_free(struct virtio_device *dev);

struct virtio_blk_config {
	struct image_set *images;	/* that it belongs to; NULL: none (vmm/host/image.h) */
	const char *path;	/* a raw image: regular file or block device */
	const char *serial;	/* what GET_ID says, cut at 20 bytes; NULL: none */
	bool readonly;
	bool no_discard;	/* do not offer DISCARD (keep the image fully allocated) */
	unsigned int threads;	/* I/O threads; 0 for the default */
};

/*
 * Opens and locks the image (vmm/host/image.h).  -ENOENT, -EACCES, -EISDIR,
 * -EINVAL (empty, not a disk), -EBUSY (in use by another VM), ...
 */
int virtio_blk_create(const struct virtio_blk_config *cfg, struct virtio_device **out, char **err);

struct virtio_net_config {
	struct loop *loop;
	struct netdev *netdev;	/* owned by the device on success; vmm/host/net.h */
	u8 mac[6];		/* all 0: 52:54:00:12:34:56 */
};

int virtio_net_create(const struct virtio_net_config *cfg, struct virtio_device **out);

/* @c stays the caller's and must outlive the device; NULL swallows output. */
int virtio_console_create(struct loop *loop, struct chardev *c, struct virtio_device **out);

int virtio_rng_create(struct loop *loop, struct virtio_device **out);

#endif
