/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the virtio devices share and what the transport needs from them.
 *
 * Locks: vdev->lock guards everything in struct virtio_device and in the
 * devices that embed it, unless a field says otherwise.  Order: vdev->lock,
 * then the interrupt controller's (through irq), the pool's and the loop's own
 * locks.  Nobody calls into a network or character back end with it held,
 * except chardev_write(), which takes only its own buffer's lock.
 */
#ifndef VMM_DEV_VIRTIO_CORE_H
#define VMM_DEV_VIRTIO_CORE_H

#include <pthread.h>

#include "vmm/dev/device.h"
#include "vmm/dev/virtio/queue.h"
#include "vmm/dev/virtio/virtio.h"

/* Device IDs, virtio 1.2, 5. */
enum {
	VIRTIO_ID_NET = 1,
	VIRTIO_ID_BLOCK = 2,
	VIRTIO_ID_CONSOLE = 3,
	VIRTIO_ID_ENTROPY = 4,
};

/* Device status bits, 2.1. */
enum {
	VIRTIO_S_ACKNOWLEDGE = 1,
	VIRTIO_S_DRIVER = 2,
	VIRTIO_S_DRIVER_OK = 4,
	VIRTIO_S_FEATURES_OK = 8,
	VIRTIO_S_NEEDS_RESET = 64,
	VIRTIO_S_FAILED = 128,
};

/* Reserved feature bits, 6. */
#define VIRTIO_F_INDIRECT_DESC ARM_BIT(28)
#define VIRTIO_F_EVENT_IDX ARM_BIT(29)
#define VIRTIO_F_VERSION_1 ARM_BIT(32)

/* InterruptStatus bits, 4.2.2. */
enum {
	VIRTIO_INT_USED = 1,
	VIRTIO_INT_CONFIG = 2,
};

#define VIRTIO_QUEUES_MAX 2
#define VIRTIO_CONFIG_MAX 64

struct virtio_device;

/* A feature bit as the specification calls it, and what to do where it is missing (may be NULL). */
struct virtio_feature_name {
	u64 bit;
	const char *name;
	const char *remedy;
};

/* All but free() and resumed() are called with vdev->lock held. */
struct virtio_device_ops {
	const char *name;
	/* DRIVER_OK was set: the queues that are ready may be used from now on.  May be NULL. */
	void (*start)(struct virtio_device *vdev);
	/* The guest kicked queue @n, which is ready, and the device runs. */
	void (*notify)(struct virtio_device *vdev, unsigned int n);
	/*
	 * Stop what uses guest memory without the lock: drop what has not
	 * begun.  The caller then waits until vdev->busy is 0.  May be NULL.
	 */
	void (*quiesce)(struct virtio_device *vdev);
	/* Back to the state after creation; no request is in flight.  May be NULL. */
	void (*reset)(struct virtio_device *vdev);
	/* Ends threads, frees the device's struct; it was reset before. */
	void (*free)(struct virtio_device *vdev);

	/* For migration; each may be NULL. */
	const struct virtio_feature_name *feature_names;	/* up to one without a name */
	const struct save_table *table;	/* of the device's own struct */
	/* With nothing busy: gives back what was popped and waits for the host. */
	void (*drain)(struct virtio_device *vdev);
	/* It was loaded, and its queues have just been looked at; on the loop's thread. */
	void (*resumed)(struct virtio_device *vdev);
};

/* Embedded first in each device's own struct. */
struct virtio_device {
	const struct virtio_device_ops *ops;
	struct guest_mem *mem;		/* constant once the transport has it */
	struct irq_line irq;		/* likewise */
	u64 features;			/* offered; constant */
	u32 id;
	unsigned int nr_queues;
	unsigned int config_len;

	pthread_mutex_t lock;
	pthread_cond_t idle;		/* busy became 0, or quiescing ended */
	unsigned int busy;		/* requests that use guest memory without the lock */
	bool quiescing;			/* register accesses wait */
	bool draining;			/* somebody waits for @idle, and nothing is dropped */
	bool loaded;			/* and not yet resumed */

	u64 driver_features;
	u32 config_gen;
	u32 feature_sel;
	u32 driver_feature_sel;
	u32 queue_sel;
	u8 status;
	u8 isr;				/* InterruptStatus */
	u8 isr_late;			/* set again after the guest had read them */
	bool isr_read;			/* the guest has read isr and not yet acknowledged */
	unsigned int log_lines;		/* what the guest made us say, bounded */
	struct virtq vq[VIRTIO_QUEUES_MAX];
	u8 config[VIRTIO_CONFIG_MAX];	/* little endian */
	struct virtq_chain chain;	/* scratch for whoever holds the lock */
};

void virtio_device_init(struct virtio_device *vdev, const struct virtio_device_ops *ops, u32 id,
			u64 features, unsigned int config_len);
/* Next queue, of up to @num_max (a power of two) entries. */
void virtio_device_add_queue(struct virtio_device *vdev, u16 num_max);
/* Undoes virtio_device_init(). */
void virtio_device_destroy(struct virtio_device *vdev);

static inline void virtio_lock(struct virtio_device *vdev)
{
	pthread_mutex_lock(&vdev->lock);
}

static inline void virtio_unlock(struct virtio_device *vdev)
{
	pthread_mutex_unlock(&vdev->lock);
}

/* The rest: with the lock held. */

/* May queue @n be used (device started, not broken, queue ready)? */
bool virtio_queue_live(const struct virtio_device *vdev, unsigned int n);

static inline bool virtio_has(const struct virtio_device *vdev, u64 feature)
{
	return vdev->driver_features & feature;
}

/* Pops from queue @n; a broken queue counts as empty, after telling the guest. */
bool virtio_pop(struct virtio_device *vdev, unsigned int n, struct virtq_chain *c);
/* Shows what was pushed to queue @n and interrupts if the guest wants it. */
void virtio_publish(struct virtio_device *vdev, unsigned int n);
/* The guest broke a rule: DEVICE_NEEDS_RESET, a config interrupt and one log line. */
void virtio_broken(struct virtio_device *vdev, const char *why);
/* The config space has changed. */
void virtio_config_changed(struct virtio_device *vdev);
/* One request that uses guest memory without the lock begins / has ended. */
void virtio_busy(struct virtio_device *vdev);
void virtio_idle(struct virtio_device *vdev);

/*
 * Work of a device on the loop's thread, at once or after a delay.  Armed any
 * number of times it runs once.
 */
struct virtio_task {
	struct virtio_device *vdev;
	struct loop *loop;
	u64 delay_ns;
	void (*fn)(struct virtio_device *vdev);	/* without the lock */
	bool armed;				/* under the lock */
	struct loop_source *timer;		/* the loop's thread only */
};

void virtio_task_init(struct virtio_task *task, struct virtio_device *vdev, struct loop *loop,
		      u64 delay_ns, void (*fn)(struct virtio_device *vdev));
/* On the loop's thread, or when the loop runs no more; without the lock. */
void virtio_task_destroy(struct virtio_task *task);
/* With the lock held. */
void virtio_task_arm(struct virtio_task *task);

/* For the transport; these three without the lock. */
void virtio_drain(struct virtio_device *vdev);
void virtio_resume(struct virtio_device *vdev);
extern const struct save_table virtio_core_table;	/* of struct virtio_device */

/* For the transport; with the lock. */
void virtio_raise(struct virtio_device *vdev, u8 bit);
u8 virtio_isr_read(struct virtio_device *vdev);
void virtio_isr_ack(struct virtio_device *vdev, u8 bits);
void virtio_quiesce(struct virtio_device *vdev);
void virtio_reset(struct virtio_device *vdev);

static inline void put_le16(u8 *p, u16 v)
{
	p[0] = v;
	p[1] = v >> 8;
}

static inline void put_le32(u8 *p, u32 v)
{
	put_le16(p, v);
	put_le16(p + 2, v >> 16);
}

static inline void put_le64(u8 *p, u64 v)
{
	put_le32(p, v);
	put_le32(p + 4, v >> 32);
}

static inline u16 get_le16(const u8 *p)
{
	return p[0] | p[1] << 8;
}

static inline u32 get_le32(const u8 *p)
{
	return get_le16(p) | (u32)get_le16(p + 2) << 16;
}

static inline u64 get_le64(const u8 *p)
{
	return get_le32(p) | (u64)get_le32(p + 4) << 32;
}

#endif
