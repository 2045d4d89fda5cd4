/* SPDX-License-Identifier: GPL-2.0-only */
/* What all virtio devices do alike: virtio 1.2, 2 and 3. */
#include <stdlib.h>
#include <string.h>

#include "vmm/dev/virtio/core.h"
#include "vmm/host/log.h"

/* Complaints per device: a guest that resets and errs in a loop must not fill the host's log. */
#define LOG_LINES_MAX 16

void virtio_device_init(struct virtio_device *vdev, const struct virtio_device_ops *ops, u32 id,
			u64 features, unsigned int config_len)
{
	vdev->ops = ops;
	vdev->id = id;
	vdev->features = features | VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC |
			 VIRTIO_F_EVENT_IDX;
	vdev->config_len = config_len;
	pthread_mutex_init(&vdev->lock, NULL);
	pthread_cond_init(&vdev->idle, NULL);
}

void virtio_device_add_queue(struct virtio_device *vdev, u16 num_max)
{
	struct virtq *q = &vdev->vq[vdev->nr_queues++];

	q->num_max = num_max;
	virtq_reset(q);
}

void virtio_device_destroy(struct virtio_device *vdev)
{
	pthread_cond_destroy(&vdev->idle);
	pthread_mutex_destroy(&vdev->lock);
}

void virtio_device_free(struct virtio_device *vdev)
{
	if (!vdev)
		return;
	virtio_lock(vdev);
	virtio_reset(vdev);
	virtio_unlock(vdev);
	vdev->ops->free(vdev);
}

bool virtio_queue_live(const struct virtio_device *vdev, unsigned int n)
{
	u8 must = VIRTIO_S_DRIVER_OK;
	u8 mask = must | VIRTIO_S_NEEDS_RESET | VIRTIO_S_FAILED;

	return (vdev->status & mask) == must && n < vdev->nr_queues && vdev->vq[n].ready &&
	       !vdev->quiescing;
}

/*
 * The interrupt, level and edge at once (4.2.2, InterruptStatus).  The line is
 * high while isr is not 0.  The machine's device tree calls it edge-triggered,
 * so that each event needs a rising edge of its own: with the line high
 * already, it goes low and high again.  An event is then never lost:
 *
 *  - before the guest's handler reads InterruptStatus, it sees the event there;
 *  - between that read and InterruptACK the guest cannot know of the event, so
 *    that the acknowledgment must not clear it: isr_late keeps it set.  The edge has
 *    made the interrupt pending again behind the active one;
 *  - after InterruptACK it is like the first event.
 *
 * The window counts only from a read on, so that a driver which acknowledges without
 * reading is not left with a bit that it cannot clear.
 */
void virtio_raise(struct virtio_device *vdev, u8 bit)
{
	if (vdev->isr)
		irq_set(&vdev->irq, false);
	vdev->isr |= bit;
	if (vdev->isr_read)
		vdev->isr_late |= bit;
	irq_set(&vdev->irq, true);
}

u8 virtio_isr_read(struct virtio_device *vdev)
{
	vdev->isr_read = vdev->isr != 0;
	vdev->isr_late = 0;
	return vdev->isr;
}

void virtio_isr_ack(struct virtio_device *vdev, u8 bits)
{
	bool was = vdev->isr;

	vdev->isr &= ~(bits & ~vdev->isr_late);
	vdev->isr_read = false;
	vdev->isr_late = 0;
	if (was && !vdev->isr)
		irq_set(&vdev->irq, false);
}

void virtio_config_changed(struct virtio_device *vdev)
{
	vdev->config_gen++;
	if (vdev->status & VIRTIO_S_DRIVER_OK)
		virtio_raise(vdev, VIRTIO_INT_CONFIG);
}

void virtio_broken(struct virtio_device *vdev, const char *why)
{
	if (vdev->status & VIRTIO_S_NEEDS_RESET)
		return;
	vdev->status |= VIRTIO_S_NEEDS_RESET;
	if (vdev->log_lines < LOG_LINES_MAX) {
		vdev->log_lines++;
		log_warn("virtio-%s: %s; the device waits for a reset by the guest%s",
			 vdev->ops->name, why,
			 vdev->log_lines == LOG_LINES_MAX ? " (last message of this kind)" : "");
	}
	virtio_config_changed(vdev);	/* 2.1.2 */
}

bool virtio_pop(struct virtio_device *vdev, unsigned int n, struct virtq_chain *c)
{
	struct virtq *q = &vdev->vq[n];
	int ret;

	if (!virtio_queue_live(vdev, n))
		return false;
	ret = virtq_pop(q, c);
	if (ret < 0)
		virtio_broken(vdev, q->error);
	return ret > 0;
}

void virtio_publish(struct virtio_device *vdev, unsigned int n)
{
	if (vdev->vq[n].ready && virtq_publish(&vdev->vq[n]))
		virtio_raise(vdev, VIRTIO_INT_USED);
}

void virtio_busy(struct virtio_device *vdev)
{
	vdev->busy++;
}

void virtio_idle(struct virtio_device *vdev)
{
	if (!--vdev->busy && (vdev->quiescing || vdev->draining))
		pthread_cond_broadcast(&vdev->idle);
}

/*
 * Waits until no request touches guest memory.  A guest's reset is done in
 * place: drivers of virtio-mmio reuse the memory right after the write, without
 * polling Status.  The wait is that for the I/O which threads have begun, since all
 * other requests are cancelled.
 */
void virtio_quiesce(struct virtio_device *vdev)
{
	vdev->quiescing = true;
	if (vdev->ops->quiesce)
		vdev->ops->quiesce(vdev);
	while (vdev->busy)
		pthread_cond_wait(&vdev->idle, &vdev->lock);
	vdev->quiescing = false;
	pthread_cond_broadcast(&vdev->idle);
}

void virtio_reset(struct virtio_device *vdev)
{
	unsigned int i;

	virtio_quiesce(vdev);
	for (i = 0; i < vdev->nr_queues; i++)
		virtq_reset(&vdev->vq[i]);
	vdev->loaded = false;
	vdev->status = 0;
	vdev->driver_features = 0;
	vdev->feature_sel = 0;
	vdev->driver_feature_sel = 0;
	vdev->queue_sel = 0;
	vdev->isr_read = false;
	vdev->isr_late = 0;
	if (vdev->isr) {
		vdev->isr = 0;
		irq_set(&vdev->irq, false);
	}
	if (vdev->ops->reset)
		vdev->ops->reset(vdev);
}
