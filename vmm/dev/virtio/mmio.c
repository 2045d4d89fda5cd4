/* SPDX-License-Identifier: GPL-2.0-only */
/* The virtio-mmio transport, version 2: virtio 1.2, 4.2. */
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vmm/dev/virtio/core.h"
#include "vmm/host/log.h"
#include "vmm/host/loop.h"

/* Register offsets, table 4.1. */
enum {
	R_MAGIC = 0x000,
	R_VERSION = 0x004,
	R_DEVICE_ID = 0x008,
	R_VENDOR_ID = 0x00c,
	R_DEVICE_FEATURES = 0x010,
	R_DEVICE_FEATURES_SEL = 0x014,
	R_DRIVER_FEATURES = 0x020,
	R_DRIVER_FEATURES_SEL = 0x024,
	R_QUEUE_SEL = 0x030,
	R_QUEUE_NUM_MAX = 0x034,
	R_QUEUE_NUM = 0x038,
	R_QUEUE_READY = 0x044,
	R_QUEUE_NOTIFY = VIRTIO_MMIO_QUEUE_NOTIFY,
	R_INTERRUPT_STATUS = 0x060,
	R_INTERRUPT_ACK = 0x064,
	R_STATUS = 0x070,
	R_QUEUE_DESC_LOW = 0x080,
	R_QUEUE_DESC_HIGH = 0x084,
	R_QUEUE_DRIVER_LOW = 0x090,
	R_QUEUE_DRIVER_HIGH = 0x094,
	R_QUEUE_DEVICE_LOW = 0x0a0,
	R_QUEUE_DEVICE_HIGH = 0x0a4,
	R_SHM_LEN_LOW = 0x0b0,
	R_SHM_LEN_HIGH = 0x0b4,
	R_SHM_BASE_LOW = 0x0b8,
	R_SHM_BASE_HIGH = 0x0bc,
	R_CONFIG_GENERATION = 0x0fc,
	R_CONFIG = 0x100,
};

#define MAGIC 0x74726976	/* "virt" */
#define VERSION 2
#define VENDOR 0x42524d56	/* "VMRB" */

/* Status bits that a driver may set; the last is the device's alone. */
#define STATUS_DRIVER_BITS                                                                         \
	(VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER | VIRTIO_S_DRIVER_OK | VIRTIO_S_FEATURES_OK |      \
	 VIRTIO_S_FAILED)

/* A queue's eventfd. */
struct doorbell {
	struct virtio_mmio *m;
	int fd;
	struct loop_source *src;	/* NULL: there is no such */
};

/* One register window; @vdev is NULL for an empty slot. */
struct virtio_mmio {
	struct device dev;
	struct virtio_device *vdev;
	struct doorbell doorbells[VIRTIO_QUEUES_MAX];	/* by queue; constant while the guest runs */
	/* For the save table: what is behind the window, there; 0: nothing. */
	u32 id, queues;
};

static u32 half(u64 v, u32 sel)
{
	return sel == 0 ? v : sel == 1 ? v >> 32 : 0;
}

static void set_low(u64 *reg, u32 v)
{
	*reg = (*reg & ~0xffffffffULL) | v;
}

static void set_high(u64 *reg, u32 v)
{
	*reg = (*reg & 0xffffffffULL) | (u64)v << 32;
}

/* The selected queue, or NULL when there is none of that number. */
static struct virtq *selected(struct virtio_device *vdev)
{
	return vdev->queue_sel < vdev->nr_queues ? &vdev->vq[vdev->queue_sel] : NULL;
}

/* Any width and place: what lies beyond the fields reads as zero. */
static u64 config_read(const struct virtio_device *vdev, u64 off, unsigned int size)
{
	u64 val = 0;
	unsigned int i;

	for (i = 0; i < size; i++)
		if (off + i < vdev->config_len)
			val |= (u64)vdev->config[off + i] << 8 * i;
	return val;
}

static u32 slot_read(u64 off)
{
	return off == R_MAGIC ? MAGIC : off == R_VERSION ? VERSION : 0;
}

static u32 reg_read(struct virtio_device *vdev, u64 off)
{
	struct virtq *q = selected(vdev);

	switch (off) {
	case R_DEVICE_ID:
		return vdev->id;
	case R_VENDOR_ID:
		return VENDOR;
	case R_DEVICE_FEATURES:
		return half(vdev->features, vdev->feature_sel);
	case R_QUEUE_NUM_MAX:
		return q ? q->num_max : 0;
	case R_QUEUE_READY:
		return q && q->ready;
	case R_INTERRUPT_STATUS:
		return virtio_isr_read(vdev);
	case R_STATUS:
		return vdev->status;
	case R_SHM_LEN_LOW:	/* no shared memory: all ones, 4.2.2.1 */
	case R_SHM_LEN_HIGH:
	case R_SHM_BASE_LOW:
	case R_SHM_BASE_HIGH:
		return UINT32_MAX;
	case R_CONFIG_GENERATION:
		return vdev->config_gen;
	default:
		return slot_read(off);
	}
}

static enum arm_result mmio_read(struct device *dev, unsigned int cpu, u64 off, unsigned int size,
				 u64 *val)
{
	struct virtio_device *vdev = ((struct virtio_mmio *)dev)->vdev;

	(void)cpu;
	*val = 0;
	if (!vdev) {
		if (size == 4)
			*val = slot_read(off);
		return ARM_HANDLED;
	}
	virtio_lock(vdev);
	while (vdev->quiescing)
		pthread_cond_wait(&vdev->idle, &vdev->lock);
	if (off >= R_CONFIG)
		*val = config_read(vdev, off - R_CONFIG, size);
	else if (size == 4)	/* 4.2.2.2: the registers are 32 bits wide */
		*val = reg_read(vdev, off);
	virtio_unlock(vdev);
	return ARM_HANDLED;
}

/* 3.1.1 step 6: do the driver's features make sense? */
static bool features_ok(const struct virtio_device *vdev)
{
	return !(vdev->driver_features & ~vdev->features) && virtio_has(vdev, VIRTIO_F_VERSION_1);
}

static void status_write(struct virtio_device *vdev, u32 val)
{
	u8 set = val & STATUS_DRIVER_BITS & ~vdev->status;

	if (!(val & 0xff)) {
		virtio_reset(vdev);
		return;
	}
	/* A refused FEATURES_OK reads back as 0, 2.2.2. */
	if ((set & VIRTIO_S_FEATURES_OK) && !features_ok(vdev))
		set &= ~VIRTIO_S_FEATURES_OK;
	if ((set & VIRTIO_S_DRIVER_OK) && !((vdev->status | set) & VIRTIO_S_FEATURES_OK)) {
		set &= ~VIRTIO_S_DRIVER_OK;
		virtio_broken(vdev, "DRIVER_OK without FEATURES_OK");
	}
	vdev->status |= set;
	if ((set & VIRTIO_S_DRIVER_OK) && vdev->ops->start)
		vdev->ops->start(vdev);
}

static void driver_features_write(struct virtio_device *vdev, u32 val)
{
	if (vdev->status & VIRTIO_S_FEATURES_OK)	/* 2.2.1: settled */
		return;
	if (vdev->driver_feature_sel == 0)
		set_low(&vdev->driver_features, val);
	else if (vdev->driver_feature_sel == 1)
		set_high(&vdev->driver_features, val);
}

static void queue_ready_write(struct virtio_device *vdev, struct virtq *q, u32 val)
{
	if (!(val & 1)) {
		if (q->ready) {
			virtio_quiesce(vdev);
			q->ready = false;
		}
		return;
	}
	if (q->ready || (vdev->status & VIRTIO_S_NEEDS_RESET))
		return;
	if (!(vdev->status & VIRTIO_S_FEATURES_OK)) {
		virtio_broken(vdev, "queue made ready before FEATURES_OK");
		return;
	}
	if (virtq_enable(q, vdev->mem, virtio_has(vdev, VIRTIO_F_EVENT_IDX),
			 virtio_has(vdev, VIRTIO_F_INDIRECT_DESC)))
		virtio_broken(vdev, q->error);
}

/* Size and addresses: only while the queue is not in use, 4.2.2.2. */
static void queue_setup_write(struct virtq *q, u64 off, u32 val)
{
	if (q->ready)
		return;
	switch (off) {
	case R_QUEUE_NUM:
		q->num = val <= UINT16_MAX ? val : 0;
		break;
	case R_QUEUE_DESC_LOW:
		set_low(&q->desc_ipa, val);
		break;
	case R_QUEUE_DESC_HIGH:
		set_high(&q->desc_ipa, val);
		break;
	case R_QUEUE_DRIVER_LOW:
		set_low(&q->avail_ipa, val);
		break;
	case R_QUEUE_DRIVER_HIGH:
		set_high(&q->avail_ipa, val);
		break;
	case R_QUEUE_DEVICE_LOW:
		set_low(&q->used_ipa, val);
		break;
	case R_QUEUE_DEVICE_HIGH:
		set_high(&q->used_ipa, val);
		break;
	}
}

static void queue_notify(struct virtio_device *vdev, u32 n)
{
	if (virtio_queue_live(vdev, n))
		vdev->ops->notify(vdev, n);
}

static void reg_write(struct virtio_device *vdev, u64 off, u32 val)
{
	struct virtq *q = selected(vdev);

	switch (off) {
	case R_DEVICE_FEATURES_SEL:
		vdev->feature_sel = val;
		break;
	case R_DRIVER_FEATURES_SEL:
		vdev->driver_feature_sel = val;
		break;
	case R_DRIVER_FEATURES:
		driver_features_write(vdev, val);
		break;
	case R_QUEUE_SEL:
		vdev->queue_sel = val;
		break;
	case R_QUEUE_READY:
		if (q)
			queue_ready_write(vdev, q, val);
		break;
	case R_QUEUE_NOTIFY:
		queue_notify(vdev, val);
		break;
	case R_INTERRUPT_ACK:
		virtio_isr_ack(vdev, val);
		break;
	case R_STATUS:
		status_write(vdev, val);
		break;
	default:
		if (q)
			queue_setup_write(q, off, val);
		break;
	}
}

static enum arm_result mmio_write(struct device *dev, unsigned int cpu, u64 off, unsigned int size,
				  u64 val)
{
	struct virtio_device *vdev = ((struct virtio_mmio *)dev)->vdev;

	(void)cpu;
	/* None of our devices has a writable config field. */
	if (!vdev || size != 4 || off >= R_CONFIG)
		return ARM_HANDLED;
	virtio_lock(vdev);
	while (vdev->quiescing)
		pthread_cond_wait(&vdev->idle, &vdev->lock);
	reg_write(vdev, off, val);
	virtio_unlock(vdev);
	return ARM_HANDLED;
}

static void mmio_reset(struct device *dev)
{
	struct virtio_device *vdev = ((struct virtio_mmio *)dev)->vdev;

	if (!vdev)
		return;
	virtio_lock(vdev);
	virtio_reset(vdev);
	virtio_unlock(vdev);
}

/* A ring from before a reset of the device is one too many, which does no harm. */
static void on_doorbell(void *opaque, unsigned int events)
{
	struct doorbell *bell = opaque;
	struct virtio_device *vdev = bell->m->vdev;
	eventfd_t count;

	(void)events;
	if (eventfd_read(bell->fd, &count))
		return;
	virtio_lock(vdev);
	queue_notify(vdev, bell - bell->m->doorbells);
	virtio_unlock(vdev);
}

/* Migration. */

static const struct save_field slot_fields[] = {
	SAVE(struct virtio_mmio, id),
	SAVE(struct virtio_mmio, queues),
	SAVE_LAST,
};

static void slot_before(void *obj)
{
	struct virtio_mmio *m = obj;

	m->id = m->vdev ? m->vdev->id : 0;
	m->queues = m->vdev ? m->vdev->nr_queues : 0;
}

static const char *kind(u32 id)
{
	static const char *const names[] = {
		[0] = "nothing",
		[VIRTIO_ID_NET] = "a network card",
		[VIRTIO_ID_BLOCK] = "a disk",
		[VIRTIO_ID_CONSOLE] = "a console",
		[VIRTIO_ID_ENTROPY] = "a random generator",
	};

	return id < ARM_ARRAY_SIZE(names) ? names[id] : "an unknown device";
}

static int slot_after(void *obj, char **err)
{
	struct virtio_mmio *m = obj;
	u32 id = m->id, queues = m->queues;

	slot_before(m);
	if (id != m->id)
		return err_set(err, -EINVAL, "the guest has %s in this virtio slot, and here is %s; give the"
			       " destination the same --disk, --net and other devices, in the same order", kind(id),
			       kind(m->id));
	if (queues != m->queues)
		return err_set(err, -EINVAL, "virtio-%s: the guest's has %u queues, and the one here %u; use the same"
			       " version of vambrace on both sides", m->vdev->ops->name, queues, m->queues);
	return 0;
}

static const struct save_table slot_table = {
	.name = "virtio-slot", .version = 1, .fields = slot_fields, .before = slot_before, .after = slot_after,
};

static unsigned int mmio_parts(struct device *dev, struct save_part *parts)
{
	struct virtio_mmio *m = (struct virtio_mmio *)dev;
	unsigned int n = 0;

	parts[n++] = (struct save_part){ &slot_table, m };
	if (m->vdev)
		parts[n++] = (struct save_part){ &virtio_core_table, m->vdev };
	if (m->vdev && m->vdev->ops->table)
		parts[n++] = (struct save_part){ m->vdev->ops->table, m->vdev };
	return n;
}

/* A kick that waits in an eventfd is one that the guest has made. */
static void mmio_drain(struct device *dev)
{
	struct virtio_mmio *m = (struct virtio_mmio *)dev;

	if (!m->vdev)
		return;
	for (unsigned int i = 0; i < VIRTIO_QUEUES_MAX; i++)
		if (m->doorbells[i].src)
			on_doorbell(&m->doorbells[i], LOOP_IN);
	virtio_drain(m->vdev);
}

static void mmio_resume(struct device *dev)
{
	struct virtio_device *vdev = ((struct virtio_mmio *)dev)->vdev;

	if (vdev)
		virtio_resume(vdev);
}

int virtio_mmio_add_doorbells(struct device *dev, struct loop *loop,
			      int (*set)(void *ctx, int fd, unsigned int queue), void *ctx)
{
	struct virtio_mmio *m = (struct virtio_mmio *)dev;

	for (unsigned int i = 0; m->vdev && i < m->vdev->nr_queues; i++) {
		struct doorbell *bell = &m->doorbells[i];
		int ret, fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

		if (fd < 0)
			return -errno;
		*bell = (struct doorbell){ m, fd, loop_add_fd(loop, fd, LOOP_IN, on_doorbell, bell) };
		ret = bell->src ? set(ctx, fd, i) : -ENOMEM;
		if (ret) {
			loop_remove(bell->src);
			bell->src = NULL;
			close(fd);
			return ret;
		}
	}
	return 0;
}

static void mmio_free(struct device *dev)
{
	struct virtio_mmio *m = (struct virtio_mmio *)dev;

	for (unsigned int i = 0; i < VIRTIO_QUEUES_MAX; i++)
		if (m->doorbells[i].src) {
			loop_remove(m->doorbells[i].src);
			close(m->doorbells[i].fd);
		}
	virtio_device_free(m->vdev);
	free(m);
}

static const struct device_ops mmio_ops = {
	.name = "virtio-mmio",
	.read = mmio_read,
	.write = mmio_write,
	.reset = mmio_reset,
	.free = mmio_free,
	.drain = mmio_drain,
	.parts = mmio_parts,
	.resume = mmio_resume,
};

int virtio_mmio_create(struct guest_mem *mem, struct irq_line irq, struct virtio_device *vdev,
		       struct device **out)
{
	struct virtio_mmio *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->dev.ops = &mmio_ops;
	m->vdev = vdev;
	if (vdev) {
		vdev->mem = mem;
		vdev->irq = irq;
	}
	*out = &m->dev;
	return 0;
}
