/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A byte stream to the user: the terminal, or a file.  Output is buffered and
 * bounded: with nobody reading, old bytes are kept and new ones wait or drop.
 */
#ifndef VMM_HOST_CHARDEV_H
#define VMM_HOST_CHARDEV_H

#include "arm/base.h"

struct chardev;

struct chardev_ops {
	/* Queues up to @len bytes for output, returns how many were taken.  Any thread; never blocks long. */
	size_t (*write)(struct chardev *c, const void *buf, size_t len);
	void (*free)(struct chardev *c);
};

/*
 * The device's end.  receive() is called on the loop's thread with up to
 * can_receive() bytes; after returning 0 from can_receive() the device calls
 * chardev_poke() once it has room.
 */
struct chardev_frontend {
	size_t (*can_receive)(void *opaque);
	void (*receive)(void *opaque, const u8 *buf, size_t len);
	void *opaque;
};

struct chardev {
	const struct chardev_ops *ops;
	struct chardev_frontend fe;
	void (*poke)(struct chardev *c);
};

static inline size_t chardev_write(struct chardev *c, const void *buf, size_t len)
{
	return c ? c->ops->write(c, buf, len) : len;
}

static inline void chardev_poke(struct chardev *c)
{
	if (c && c->poke)
		c->poke(c);
}

#endif
