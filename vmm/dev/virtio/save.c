/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of a virtio device moves to another host.  Requests do not: those that
 * were taken out of a queue are finished first, the others lie in guest memory.  So a queue is its
 * registers and its indexes, and the other side looks at it once as if it had been kicked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/dev/virtio/core.h"
#include "vmm/host/log.h"

#define STATUS_ALL                                                                                            \
	(VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER | VIRTIO_S_DRIVER_OK | VIRTIO_S_FEATURES_OK |                 \
	 VIRTIO_S_NEEDS_RESET | VIRTIO_S_FAILED)

static const struct virtio_feature_name common_names[] = {
	{ VIRTIO_F_INDIRECT_DESC, "INDIRECT_DESC", NULL },
	{ VIRTIO_F_EVENT_IDX, "EVENT_IDX", NULL },
	{ VIRTIO_F_VERSION_1, "VERSION_1", NULL },
	{ 0, NULL, NULL },
};

static const struct virtio_feature_name *name_of(const struct virtio_device *vdev, u64 bit)
{
	const struct virtio_feature_name *n = vdev->ops->feature_names;

	for (; n && n->name; n++)
		if (n->bit == bit)
			return n;
	for (n = common_names; n->name; n++)
		if (n->bit == bit)
			return n;
	return NULL;
}

/* The guest has agreed on features that are not here. */
static int refuse_features(const struct virtio_device *vdev, char **err)
{
	u64 missing = vdev->driver_features & ~vdev->features;
	const char *remedy = NULL;
	char list[512] = "";
	size_t len = 0;

	for (u64 bit = 1; bit; bit <<= 1) {
		const struct virtio_feature_name *n = name_of(vdev, bit);

		if (!(missing & bit) || len >= sizeof(list))
			continue;
		if (n)
			len += snprintf(list + len, sizeof(list) - len, "%s%s", len ? ", " : "", n->name);
		else
			len += snprintf(list + len, sizeof(list) - len, "%sbit %d", len ? ", " : "",
					__builtin_ctzll(bit));
		if (n && n->remedy && !remedy)
			remedy = n->remedy;
	}
	return err_set(err, -EINVAL, "virtio-%s: the guest uses features that the device here does not offer: %s; %s",
		       vdev->ops->name, list, remedy ? remedy : "use the same version of vambrace on both sides");
}

static int check_status(const struct virtio_device *vdev, char **err)
{
	u8 s = vdev->status;

	if (s & ~STATUS_ALL || (s & VIRTIO_S_DRIVER_OK && !(s & VIRTIO_S_FEATURES_OK)))
		return err_set(err, -EINVAL, "virtio-%s: status 0x%02x is none that a device reaches; the stream is"
			       " damaged", vdev->ops->name, s);
	if (!(s & VIRTIO_S_FEATURES_OK))
		return 0;
	if (vdev->driver_features & ~vdev->features)
		return refuse_features(vdev, err);
	if (!virtio_has(vdev, VIRTIO_F_VERSION_1))
		return err_set(err, -EINVAL, "virtio-%s: features 0x%llx without VERSION_1; the stream is damaged",
			       vdev->ops->name, (unsigned long long)vdev->driver_features);
	return 0;
}

/* Everything that was popped has been pushed and shown; only a broken device may have lost some. */
static bool indexes_ok(const struct virtio_device *vdev, const struct virtq *q)
{
	if (vdev->status & VIRTIO_S_NEEDS_RESET)
		return true;
	return (u16)(q->avail_idx - q->last_avail) <= q->num && q->used_idx == q->last_avail &&
	       q->used_shown == q->used_idx;
}

static int load_queue(struct virtio_device *vdev, unsigned int n, char **err)
{
	struct virtq *q = &vdev->vq[n], was = *q;

	if (!q->ready)
		return 0;
	q->ready = false;
	if (n >= vdev->nr_queues || !(vdev->status & VIRTIO_S_FEATURES_OK) || !indexes_ok(vdev, q))
		return err_set(err, -EINVAL, "virtio-%s: queue %u cannot be in use with indexes %u, %u, %u, %u of %u;"
			       " the stream is damaged", vdev->ops->name, n, q->avail_idx, q->last_avail, q->used_idx,
			       q->used_shown, q->num);
	if (virtq_enable(q, vdev->mem, virtio_has(vdev, VIRTIO_F_EVENT_IDX), virtio_has(vdev, VIRTIO_F_INDIRECT_DESC)))
		return err_set(err, -EINVAL, "virtio-%s: queue %u: %s; give the destination as much --memory as the"
			       " source has", vdev->ops->name, n, q->error);
	q->avail_idx = was.avail_idx;
	q->last_avail = was.last_avail;
	q->used_idx = was.used_idx;
	q->used_shown = was.used_shown;
	q->signalled = was.signalled;
	q->notify_on = was.notify_on;
	return 0;
}

static int core_after(void *obj, char **err)
{
	struct virtio_device *vdev = obj;
	unsigned int n;
	int ret;

	virtio_lock(vdev);
	ret = check_status(vdev, err);
	for (n = 0; n < VIRTIO_QUEUES_MAX && !ret; n++)
		ret = load_queue(vdev, n, err);
	/* What was not looked at has no pointers. */
	for (n = ret ? 0 : n; n < VIRTIO_QUEUES_MAX; n++)
		vdev->vq[n].ready = false;
	vdev->loaded = !ret;
	if (!ret)
		irq_restore(&vdev->irq, vdev->isr);
	virtio_unlock(vdev);
	return ret;
}

static const struct save_field queue_fields[] = {
	SAVE(struct virtq, num),
	SAVE(struct virtq, ready),
	SAVE(struct virtq, desc_ipa),
	SAVE(struct virtq, avail_ipa),
	SAVE(struct virtq, used_ipa),
	SAVE(struct virtq, notify_on),
	SAVE(struct virtq, avail_idx),
	SAVE(struct virtq, last_avail),
	SAVE(struct virtq, used_idx),
	SAVE(struct virtq, used_shown),
	SAVE(struct virtq, signalled),
	SAVE_LAST,
};

static const struct save_field core_fields[] = {
	SAVE(struct virtio_device, driver_features),
	SAVE(struct virtio_device, config_gen),
	SAVE(struct virtio_device, feature_sel),
	SAVE(struct virtio_device, driver_feature_sel),
	SAVE(struct virtio_device, queue_sel),
	SAVE(struct virtio_device, status),
	SAVE_MAX(struct virtio_device, isr, VIRTIO_INT_USED | VIRTIO_INT_CONFIG),
	SAVE_MAX(struct virtio_device, isr_late, VIRTIO_INT_USED | VIRTIO_INT_CONFIG),
	SAVE(struct virtio_device, isr_read),
	SAVE_SUBS(struct virtio_device, vq, queue_fields),
	SAVE_LAST,
};

const struct save_table virtio_core_table = {
	.name = "virtio", .version = 1, .fields = core_fields, .after = core_after,
};

void virtio_drain(struct virtio_device *vdev)
{
	virtio_lock(vdev);
	vdev->draining = true;
	while (vdev->busy)
		pthread_cond_wait(&vdev->idle, &vdev->lock);
	vdev->draining = false;
	if (vdev->ops->drain)
		vdev->ops->drain(vdev);
	for (unsigned int n = 0; n < vdev->nr_queues; n++)
		virtio_publish(vdev, n);
	virtio_unlock(vdev);
}

void virtio_resume(struct virtio_device *vdev)
{
	bool loaded;

	virtio_lock(vdev);
	loaded = vdev->loaded;
	vdev->loaded = false;
	for (unsigned int n = 0; loaded && n < vdev->nr_queues; n++)
		if (virtio_queue_live(vdev, n))
			vdev->ops->notify(vdev, n);
	virtio_unlock(vdev);
	if (loaded && vdev->ops->resumed)
		vdev->ops->resumed(vdev);
}
