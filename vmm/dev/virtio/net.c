/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The network device: virtio 1.2, 5.1, with one queue pair.
 *
 * Transmit: a kick only wakes the loop's thread.  That takes frames out of the
 * guest's ring, which is the bounded queue between vCPU and loop, in batches:
 * copy and give back under the lock, then feed the back end without it.  While
 * it is at it the guest is asked not to kick.
 *
 * Receive: the back end calls on the loop's thread; frames for which the guest
 * has no buffers wait in a bounded backlog, and one interrupt is raised for all that
 * came in one go.
 */
#include <stdlib.h>
#include <string.h>

#include "vmm/dev/virtio/core.h"
#include "vmm/dev/virtio/net_csum.h"
#include "vmm/host/net.h"
#include "vmm/mem/guest_mem.h"

#define QUEUE_SIZE 256
#define BACKLOG_BYTES (1u << 20)
#define BACKLOG_FRAMES 1024
#define BATCH_FRAMES 64
#define BATCH_BYTES (256u << 10)

/* 5.1.3 */
#define F_CSUM ARM_BIT(0)
#define F_GUEST_CSUM ARM_BIT(1)
#define F_MTU ARM_BIT(3)
#define F_MAC ARM_BIT(5)
#define F_MRG_RXBUF ARM_BIT(15)
#define F_STATUS ARM_BIT(16)

/* 5.1.4 */
enum {
	C_MAC = 0,
	C_STATUS = 6,
	C_MTU = 10,
	C_LEN = 12,
};

#define STATUS_LINK_UP 1

/* 5.1.6, the header before each frame. */
enum {
	H_FLAGS = 0,
	H_GSO_TYPE = 1,
	H_CSUM_START = 6,
	H_CSUM_OFFSET = 8,
	H_NUM_BUFFERS = 10,
	H_LEN = 12,
};

#define H_F_NEEDS_CSUM 1
#define H_F_DATA_VALID 2

enum {
	Q_RX = 0,
	Q_TX = 1,
};

struct frame {
	struct frame *next;
	u32 len;
	u8 data[];
};

struct virtio_net {
	struct virtio_device vdev;
	struct netdev *netdev;
	struct virtio_task tx_task;
	struct virtio_task poke_task;
	bool own_mac;			/* the user has said which */
	/* Under the lock: */
	struct frame *backlog, **backlog_tail;
	u32 backlog_bytes;
	unsigned int backlog_frames;
	bool paused;			/* can_receive() has said no */
	u64 tx_dropped, rx_dropped;
	u8 mac[6];			/* for the save table: what the guest was told */
	struct virtq_chain first;	/* of a received frame */
	/* The loop's thread only: */
	u32 batch_len[BATCH_FRAMES];
	u8 batch[BATCH_BYTES];
};

/*
 * One frame out of the guest, from the chain at hand to @buf.  Returns its
 * length, 0 when it is not one to send.
 */
static u32 tx_take(struct virtio_net *net, const struct virtq_chain *c, u8 *buf)
{
	u8 h[H_LEN];
	u32 len;

	if (c->out_len < H_LEN + NET_FRAME_MIN || c->out_len > H_LEN + NET_FRAME_MAX)
		return 0;
	len = c->out_len - H_LEN;
	virtq_chain_read(c, 0, h, H_LEN);
	/* No segmentation was offered. */
	if (h[H_GSO_TYPE])
		return 0;
	virtq_chain_read(c, H_LEN, buf, len);
	if (!(h[H_FLAGS] & H_F_NEEDS_CSUM))
		return len;
	if (!virtio_has(&net->vdev, F_CSUM) ||
	    !net_csum_fill(buf, len, get_le16(h + H_CSUM_START), get_le16(h + H_CSUM_OFFSET)))
		return 0;
	return len;
}

/* Takes a batch out of the ring.  Returns the number of frames; *@more: there are others. */
static unsigned int tx_batch(struct virtio_net *net, bool *more)
{
	struct virtio_device *vdev = &net->vdev;
	struct virtq *q = &vdev->vq[Q_TX];
	unsigned int frames = 0, chains = 0;
	u32 used = 0, len;

	virtio_lock(vdev);
	*more = false;
	if (!virtio_queue_live(vdev, Q_TX)) {
		virtio_unlock(vdev);
		return 0;
	}
	virtq_notify_off(q);
	for (;;) {
		if (frames == BATCH_FRAMES || chains == QUEUE_SIZE ||
		    used + NET_FRAME_MAX > BATCH_BYTES) {
			*more = true;
			break;
		}
		if (!virtio_pop(vdev, Q_TX, &vdev->chain)) {
			if (virtio_queue_live(vdev, Q_TX) && virtq_notify_on(q)) {
				virtq_notify_off(q);
				continue;
			}
			break;
		}
		chains++;
		len = tx_take(net, &vdev->chain, net->batch + used);
		virtq_push(q, vdev->chain.head, 0);
		if (len) {
			net->batch_len[frames++] = len;
			used += len;
		} else {
			net->tx_dropped++;
		}
	}
	virtio_publish(vdev, Q_TX);
	if (*more)
		virtio_task_arm(&net->tx_task);
	virtio_unlock(vdev);
	return frames;
}

/* On the loop's thread.  One batch a turn, so that the loop's other work has its share. */
static void tx_run(struct virtio_device *vdev)
{
	struct virtio_net *net = (struct virtio_net *)vdev;
	struct netdev *nd = net->netdev;
	unsigned int frames, i;
	bool more;
	u32 off = 0;

	frames = tx_batch(net, &more);
	for (i = 0; i < frames; i++) {
		nd->ops->send(nd, net->batch + off, net->batch_len[i]);
		off += net->batch_len[i];
	}
	if (frames && nd->ops->send_done)
		nd->ops->send_done(nd);
}

enum rx_result {
	RX_DONE,
	RX_NO_BUFFERS,
	RX_DROP,
};

static void rx_header(struct virtio_net *net, unsigned int buffers, u8 *h)
{
	memset(h, 0, H_LEN);
	/* 5.1.6.4: only for a driver that asked for it. */
	if (virtio_has(&net->vdev, F_GUEST_CSUM) && net->netdev->checksums_good)
		h[H_FLAGS] = H_F_DATA_VALID;
	put_le16(h + H_NUM_BUFFERS, buffers);
}

/*
 * Puts one frame into as many of the guest's buffers as it takes (one without
 * MRG_RXBUF), all or none of it.
 */
static enum rx_result rx_put(struct virtio_net *net, const u8 *data, u32 len)
{
	struct virtio_device *vdev = &net->vdev;
	struct virtq *q = &vdev->vq[Q_RX];
	unsigned int max = virtio_has(vdev, F_MRG_RXBUF) ? q->num : 1;
	u16 heads[VIRTQ_SIZE_MAX];
	u32 lens[VIRTQ_SIZE_MAX], done = 0;
	unsigned int n = 0, i;
	u8 h[H_LEN];

	while (done < len) {
		struct virtq_chain *c = n ? &vdev->chain : &net->first;
		u32 skip = n ? 0 : H_LEN;

		if (n == max)
			break;
		if (!virtio_pop(vdev, Q_RX, c)) {
			if (!virtio_queue_live(vdev, Q_RX))
				return RX_DROP;
			virtq_unpop(q, n);
			return RX_NO_BUFFERS;
		}
		heads[n] = c->head;
		lens[n] = skip + virtq_chain_write(vdev->mem, c, skip, data + done, len - done);
		done += lens[n++] - skip;
		if (net->first.in_len < H_LEN)
			break;
	}
	if (done < len) {
		/* Buffers too small for this frame: it is lost, they wait for a smaller one. */
		virtq_unpop(q, n);
		return RX_DROP;
	}
	rx_header(net, n, h);
	virtq_chain_write(vdev->mem, &net->first, 0, h, H_LEN);
	for (i = 0; i < n; i++)
		virtq_push(q, heads[i], lens[i]);
	return RX_DONE;
}

/* As rx_put(), and asks for a kick when buffers are missing. */
static bool rx_try(struct virtio_net *net, const u8 *data, u32 len)
{
	struct virtq *q = &net->vdev.vq[Q_RX];
	enum rx_result ret;

	do {
		virtq_notify_off(q);
		ret = rx_put(net, data, len);
	} while (ret == RX_NO_BUFFERS && virtq_notify_on(q));
	if (ret == RX_DROP)
		net->rx_dropped++;
	return ret != RX_NO_BUFFERS;
}

static void backlog_pop(struct virtio_net *net)
{
	struct frame *f = net->backlog;

	net->backlog = f->next;
	if (!net->backlog)
		net->backlog_tail = &net->backlog;
	net->backlog_bytes -= f->len;
	net->backlog_frames--;
	free(f);
}

/* When it is full the oldest goes: a frame that never fits must not block the rest. */
static void backlog_push(struct virtio_net *net, const u8 *data, u32 len)
{
	struct frame *f;

	while (net->backlog_frames >= BACKLOG_FRAMES ||
	       (net->backlog && net->backlog_bytes + len > BACKLOG_BYTES)) {
		backlog_pop(net);
		net->rx_dropped++;
	}
	f = malloc(sizeof(*f) + len);
	if (!f) {
		net->rx_dropped++;
		return;
	}
	f->next = NULL;
	f->len = len;
	memcpy(f->data, data, len);
	*net->backlog_tail = f;
	net->backlog_tail = &f->next;
	net->backlog_bytes += len;
	net->backlog_frames++;
}

static void backlog_serve(struct virtio_net *net)
{
	while (net->backlog && virtio_queue_live(&net->vdev, Q_RX) &&
	       rx_try(net, net->backlog->data, net->backlog->len))
		backlog_pop(net);
	virtio_publish(&net->vdev, Q_RX);
	if (!net->backlog && net->paused) {
		net->paused = false;
		virtio_task_arm(&net->poke_task);
	}
}

static void poke_run(struct virtio_device *vdev)
{
	struct netdev *nd = ((struct virtio_net *)vdev)->netdev;

	if (nd->ops->poke)
		nd->ops->poke(nd);
}

static bool net_can_receive(void *opaque)
{
	struct virtio_net *net = opaque;
	bool room;

	virtio_lock(&net->vdev);
	/* With no driver, frames are taken and dropped: they are not for later. */
	room = !net->backlog || !virtio_queue_live(&net->vdev, Q_RX);
	if (!room)
		net->paused = true;
	virtio_unlock(&net->vdev);
	return room;
}

static void net_receive(void *opaque, const void *data, size_t len)
{
	struct virtio_net *net = opaque;

	virtio_lock(&net->vdev);
	if (!virtio_queue_live(&net->vdev, Q_RX) || len < NET_FRAME_MIN || len > NET_FRAME_MAX)
		net->rx_dropped++;
	else if (net->backlog || !rx_try(net, data, len))
		backlog_push(net, data, len);
	virtio_unlock(&net->vdev);
}

static void net_receive_done(void *opaque)
{
	struct virtio_net *net = opaque;

	virtio_lock(&net->vdev);
	if (virtio_queue_live(&net->vdev, Q_RX))
		virtio_publish(&net->vdev, Q_RX);
	virtio_unlock(&net->vdev);
}

static void net_start(struct virtio_device *vdev)
{
	/* Kicks for receive buffers are wanted only when frames wait. */
	virtq_notify_off(&vdev->vq[Q_RX]);
}

static void net_notify(struct virtio_device *vdev, unsigned int n)
{
	struct virtio_net *net = (struct virtio_net *)vdev;

	if (n == Q_TX)
		virtio_task_arm(&net->tx_task);
	else
		backlog_serve(net);
}

static void net_reset(struct virtio_device *vdev)
{
	struct virtio_net *net = (struct virtio_net *)vdev;

	while (net->backlog)
		backlog_pop(net);
	if (net->paused) {
		net->paused = false;
		virtio_task_arm(&net->poke_task);
	}
}

static void net_free(struct virtio_device *vdev)
{
	struct virtio_net *net = (struct virtio_net *)vdev;

	netdev_free(net->netdev);
	virtio_task_destroy(&net->tx_task);
	virtio_task_destroy(&net->poke_task);
	virtio_device_destroy(vdev);
	free(net);
}

/* Frames of the backlog do not move: networks lose frames. */
static const struct save_field fields[] = {
	SAVE_BUFFER(struct virtio_net, mac),
	SAVE_LAST,
};

static void net_before(void *obj)
{
	struct virtio_net *net = obj;

	memcpy(net->mac, net->vdev.config + C_MAC, sizeof(net->mac));
}

static int net_after(void *obj, char **err)
{
	struct virtio_net *net = obj;

	(void)err;
	if (!net->own_mac)
		memcpy(net->vdev.config + C_MAC, net->mac, sizeof(net->mac));
	return 0;
}

static const struct save_table table = {
	.name = "virtio-net", .version = 1, .fields = fields, .before = net_before, .after = net_after,
};

static void net_resumed(struct virtio_device *vdev)
{
	if (vdev->status & VIRTIO_S_DRIVER_OK)
		netdev_announce(((struct virtio_net *)vdev)->netdev, vdev->config + C_MAC);
}

static const struct virtio_feature_name feature_names[] = {
	{ F_CSUM, "CSUM", NULL },
	{ F_GUEST_CSUM, "GUEST_CSUM", NULL },
	{ F_MTU, "MTU", "give the destination's --net the same kind of network" },
	{ F_MAC, "MAC", NULL },
	{ F_MRG_RXBUF, "MRG_RXBUF", NULL },
	{ F_STATUS, "STATUS", NULL },
	{ 0, NULL, NULL },
};

static const struct virtio_device_ops net_ops = {
	.name = "net",
	.start = net_start,
	.notify = net_notify,
	.reset = net_reset,
	.free = net_free,
	.feature_names = feature_names,
	.table = &table,
	.resumed = net_resumed,
};

int virtio_net_create(const struct virtio_net_config *cfg, struct virtio_device **out)
{
	static const u8 none[6], mac_default[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };
	bool own_mac = memcmp(cfg->mac, none, 6);
	const u8 *mac = own_mac ? cfg->mac : mac_default;
	u64 features = F_CSUM | F_GUEST_CSUM | F_MAC | F_MRG_RXBUF | F_STATUS;
	struct virtio_net *net = calloc(1, sizeof(*net));
	struct virtio_device *vdev;

	if (!net)
		return -ENOMEM;
	vdev = &net->vdev;
	net->netdev = cfg->netdev;
	net->own_mac = own_mac;
	net->backlog_tail = &net->backlog;
	if (cfg->netdev->mtu > 1500)
		features |= F_MTU;
	virtio_device_init(vdev, &net_ops, VIRTIO_ID_NET, features, C_LEN);
	virtio_device_add_queue(vdev, QUEUE_SIZE);
	virtio_device_add_queue(vdev, QUEUE_SIZE);
	memcpy(vdev->config + C_MAC, mac, 6);
	put_le16(vdev->config + C_STATUS, STATUS_LINK_UP);
	put_le16(vdev->config + C_MTU, cfg->netdev->mtu);
	virtio_task_init(&net->tx_task, vdev, cfg->loop, 0, tx_run);
	virtio_task_init(&net->poke_task, vdev, cfg->loop, 0, poke_run);
	cfg->netdev->rx = (struct net_receiver){
		.can_receive = net_can_receive,
		.receive = net_receive,
		.receive_done = net_receive_done,
		.opaque = net,
	};
	*out = vdev;
	return 0;
}
