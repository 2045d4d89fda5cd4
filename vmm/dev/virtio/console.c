/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The console device with one port: virtio 1.2, 5.3.  Neither SIZE nor
 * MULTIPORT is offered, so that there is no control queue.
 *
 * Output that the back end does not take at once waits in the guest's own
 * buffers and is offered again; a back end that takes nothing for PATIENCE tries is
 * taken for dead and output is dropped until it takes some again, since Linux
 * spins until the buffer comes back.
 */
#include <stdlib.h>
#include <string.h>

#include "vmm/dev/virtio/core.h"
#include "vmm/host/chardev.h"
#include "vmm/host/loop.h"
#include "vmm/mem/guest_mem.h"

#define QUEUE_SIZE 64
#define CONFIG_LEN 12		/* 5.3.4; nothing in it without features */
#define INPUT_SIZE 1024u
#define OUT_CHUNK 4096u
#define OUT_BUDGET (64u << 10)	/* bytes per turn, so that no turn is long */
#define RETRY_NS 10000000
#define PATIENCE 100

enum {
	Q_RX = 0,
	Q_TX = 1,
};

struct virtio_console {
	struct virtio_device vdev;
	struct chardev *chardev;
	struct virtio_task tx_retry;
	struct virtio_task rx_poke;
	/* Under the lock: */
	struct virtq_chain held;	/* output that waits for the back end */
	bool holding;
	u32 held_off;			/* bytes of it, or of what comes next, already written */
	unsigned int tries;		/* without any progress */
	u8 input[INPUT_SIZE];		/* what the guest has no buffer for */
	u32 input_len;
	bool input_full;		/* can_receive() has said 0 */
};

/* Writes the held chain.  False when the back end wants no more for now. */
static bool held_write(struct virtio_console *con, size_t *budget)
{
	u8 buf[OUT_CHUNK];
	size_t len, n;

	while (con->held_off < con->held.out_len) {
		if (!*budget)
			return false;
		len = virtq_chain_read(&con->held, con->held_off, buf, sizeof(buf));
		if (len > *budget)
			len = *budget;
		n = chardev_write(con->chardev, buf, len);
		if (n)
			con->tries = 0;
		if (n < len && con->tries >= PATIENCE)
			n = len;	/* dropped */
		con->held_off += n;
		*budget -= n;
		if (n < len) {
			con->tries++;
			return false;
		}
	}
	return true;
}

static void tx_serve(struct virtio_console *con)
{
	struct virtio_device *vdev = &con->vdev;
	struct virtq *q = &vdev->vq[Q_TX];
	unsigned int left = QUEUE_SIZE;
	size_t budget = OUT_BUDGET;

	do {
		virtq_notify_off(q);
		while (left) {
			if (!con->holding) {
				if (!virtio_pop(vdev, Q_TX, &con->held))
					break;
				con->holding = true;
				left--;
			}
			if (!held_write(con, &budget))
				left = 0;
			else {
				virtq_push(q, con->held.head, 0);
				con->holding = false;
				con->held_off = 0;
			}
		}
	} while (left && virtio_queue_live(vdev, Q_TX) && virtq_notify_on(q));
	virtio_publish(vdev, Q_TX);
	if (!left)
		virtio_task_arm(&con->tx_retry);
}

static void tx_retry(struct virtio_device *vdev)
{
	virtio_lock(vdev);
	if (virtio_queue_live(vdev, Q_TX))
		tx_serve((struct virtio_console *)vdev);
	virtio_unlock(vdev);
}

/* Input to the guest, as far as it has buffers. */
static void rx_serve(struct virtio_console *con)
{
	struct virtio_device *vdev = &con->vdev;
	struct virtq *q = &vdev->vq[Q_RX];
	unsigned int left = 2 * QUEUE_SIZE;
	size_t done = 0, n;

	/*
	 * Kicks are wanted only when input waits for buffers.  The turns are
	 * bounded for buffers of length 0, which another vCPU might feed for ever.
	 */
	while (done < con->input_len && left--) {
		virtq_notify_off(q);
		if (!virtio_pop(vdev, Q_RX, &vdev->chain)) {
			if (virtio_queue_live(vdev, Q_RX) && virtq_notify_on(q))
				continue;
			break;
		}
		n = virtq_chain_write(vdev->mem, &vdev->chain, 0, con->input + done,
				      con->input_len - done);
		virtq_push(q, vdev->chain.head, n);
		done += n;
	}
	con->input_len -= done;
	memmove(con->input, con->input + done, con->input_len);
	virtio_publish(vdev, Q_RX);
	if (done && con->input_full) {
		con->input_full = false;
		virtio_task_arm(&con->rx_poke);
	}
}

static void rx_poke(struct virtio_device *vdev)
{
	chardev_poke(((struct virtio_console *)vdev)->chardev);
}

static size_t console_can_receive(void *opaque)
{
	struct virtio_console *con = opaque;
	size_t room;

	virtio_lock(&con->vdev);
	room = INPUT_SIZE - con->input_len;
	con->input_full = !room;
	virtio_unlock(&con->vdev);
	return room;
}

static void console_receive(void *opaque, const u8 *buf, size_t len)
{
	struct virtio_console *con = opaque;

	virtio_lock(&con->vdev);
	if (len > INPUT_SIZE - con->input_len)
		len = INPUT_SIZE - con->input_len;
	memcpy(con->input + con->input_len, buf, len);
	con->input_len += len;
	if (virtio_queue_live(&con->vdev, Q_RX))
		rx_serve(con);
	virtio_unlock(&con->vdev);
}

static void console_notify(struct virtio_device *vdev, unsigned int n)
{
	struct virtio_console *con = (struct virtio_console *)vdev;

	if (n == Q_RX)
		rx_serve(con);
	else
		tx_serve(con);
}

static void console_start(struct virtio_device *vdev)
{
	/* What was typed before the driver was there. */
	if (virtio_queue_live(vdev, Q_RX))
		rx_serve((struct virtio_console *)vdev);
}

static void console_quiesce(struct virtio_device *vdev)
{
	struct virtio_console *con = (struct virtio_console *)vdev;

	con->holding = false;
	con->held_off = 0;
	con->tries = 0;
}

/* What is held goes back into the queue, without what of it has been written. */
static void console_drain(struct virtio_device *vdev)
{
	struct virtio_console *con = (struct virtio_console *)vdev;

	if (con->holding)
		virtq_unpop(&vdev->vq[Q_TX], 1);
	con->holding = false;
}

static const struct save_field fields[] = {
	SAVE(struct virtio_console, held_off),
	SAVE_BUFFER(struct virtio_console, input),
	SAVE_MAX(struct virtio_console, input_len, INPUT_SIZE),
	SAVE_LAST,
};

static const struct save_table table = { .name = "virtio-console", .version = 1, .fields = fields };

static void console_free(struct virtio_device *vdev)
{
	struct virtio_console *con = (struct virtio_console *)vdev;

	if (con->chardev)
		con->chardev->fe = (struct chardev_frontend){ 0 };
	virtio_task_destroy(&con->tx_retry);
	virtio_task_destroy(&con->rx_poke);
	virtio_device_destroy(vdev);
	free(con);
}

static const struct virtio_device_ops console_ops = {
	.name = "console",
	.start = console_start,
	.notify = console_notify,
	.quiesce = console_quiesce,
	.free = console_free,
	.table = &table,
	.drain = console_drain,
};

int virtio_console_create(struct loop *loop, struct chardev *c, struct virtio_device **out)
{
	struct virtio_console *con = calloc(1, sizeof(*con));

	if (!con)
		return -ENOMEM;
	con->chardev = c;
	virtio_device_init(&con->vdev, &console_ops, VIRTIO_ID_CONSOLE, 0, CONFIG_LEN);
	virtio_device_add_queue(&con->vdev, QUEUE_SIZE);
	virtio_device_add_queue(&con->vdev, QUEUE_SIZE);
	virtio_task_init(&con->tx_retry, &con->vdev, loop, RETRY_NS, tx_retry);
	virtio_task_init(&con->rx_poke, &con->vdev, loop, 0, rx_poke);
	if (c)
		c->fe = (struct chardev_frontend){
			.can_receive = console_can_receive,
			.receive = console_receive,
			.opaque = con,
		};
	*out = &con->vdev;
	return 0;
}
