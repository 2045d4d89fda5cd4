/* SPDX-License-Identifier: GPL-2.0-only */
/* A TAP interface of the host's kernel. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/host/log.h"
#include "vmm/host/loop.h"
#include "vmm/host/net.h"

#define RX_BATCH 64

struct tap {
	struct netdev nd;
	struct loop *loop;
	struct loop_source *src;	/* NULL while the receiver has no room */
	int fd;
	u8 buf[NET_FRAME_MAX];
};

static void tap_ready(void *opaque, unsigned int events);

static void tap_pause(struct tap *tap)
{
	loop_remove(tap->src);
	tap->src = NULL;
}

static bool tap_has_room(struct tap *tap)
{
	return !tap->nd.rx.can_receive || tap->nd.rx.can_receive(tap->nd.rx.opaque);
}

static void tap_ready(void *opaque, unsigned int events)
{
	struct tap *tap = opaque;
	unsigned int i;
	ssize_t n;

	(void)events;
	for (i = 0; i < RX_BATCH; i++) {
		/* The kernel's queue is the backlog: it drops at its own end. */
		if (!tap_has_room(tap)) {
			tap_pause(tap);
			break;
		}
		n = read(tap->fd, tap->buf, sizeof(tap->buf));
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			log_warn("network: the TAP interface failed (%s)", strerror(errno));
			tap_pause(tap);
		}
		if (n <= 0)
			break;
		if (n >= NET_FRAME_MIN && tap->nd.rx.receive)
			tap->nd.rx.receive(tap->nd.rx.opaque, tap->buf, n);
	}
	if (tap->nd.rx.receive_done)
		tap->nd.rx.receive_done(tap->nd.rx.opaque);
}

static void tap_send(struct netdev *nd, const void *frame, size_t len)
{
	/* A full queue or an interface that is down: the frame is lost, as on a wire. */
	if (write(((struct tap *)nd)->fd, frame, len) < 0)
		return;
}

static void tap_poke(struct netdev *nd)
{
	struct tap *tap = (struct tap *)nd;

	if (!tap->src)
		tap->src = loop_add_fd(tap->loop, tap->fd, LOOP_IN, tap_ready, tap);
}

static void tap_free(struct netdev *nd)
{
	struct tap *tap = (struct tap *)nd;

	loop_remove(tap->src);
	if (tap->fd >= 0)
		close(tap->fd);
	free(tap);
}

static const struct netdev_ops tap_ops = {
	.name = "tap",
	.send = tap_send,
	.poke = tap_poke,
	.free = tap_free,
};

static int tap_error(const char *ifname, int error, char **err)
{
	switch (error) {
	case ENOENT:
		return err_set(err, -error, "TAP '%s': /dev/net/tun does not exist; load the"
			       " kernel's tun module, or use user networking", ifname);
	case EACCES:
	case EPERM:
		return err_set(err, -error, "TAP '%s': no permission (%s); have it made for you"
			       " with 'ip tuntap add dev %s mode tap user $USER', or use user"
			       " networking", ifname, strerror(error), ifname);
	case EBUSY:
		return err_set(err, -error, "TAP '%s': is in use by another program; stop that"
			       " one or choose another interface", ifname);
	case EINVAL:
		return err_set(err, -error, "TAP '%s': is not a TAP interface; choose another"
			       " name", ifname);
	default:
		return err_set(err, -error, "TAP '%s': %s", ifname, strerror(error));
	}
}

static unsigned int tap_mtu(struct ifreq *ifr)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	unsigned int mtu = 1500;

	if (fd < 0)
		return mtu;
	if (!ioctl(fd, SIOCGIFMTU, ifr) && ifr->ifr_mtu > 0 && ifr->ifr_mtu <= 65535)
		mtu = ifr->ifr_mtu;
	close(fd);
	return mtu;
}

int netdev_tap_create(struct loop *loop, const char *ifname, struct netdev **out, char **err)
{
	struct tap *tap = calloc(1, sizeof(*tap));
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int ret;

	if (!tap)
		return err_set(err, -ENOMEM, "TAP '%s': out of memory", ifname);
	tap->nd.ops = &tap_ops;
	tap->loop = loop;
	tap->fd = -1;
	if (!*ifname || strlen(ifname) >= IFNAMSIZ) {
		ret = err_set(err, -EINVAL, "TAP '%s': an interface name has 1 to %d characters",
			      ifname, IFNAMSIZ - 1);
		goto fail;
	}
	strcpy(ifr.ifr_name, ifname);
	tap->fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (tap->fd < 0 || ioctl(tap->fd, TUNSETIFF, &ifr)) {
		ret = tap_error(ifname, errno, err);
		goto fail;
	}
	tap->nd.mtu = tap_mtu(&ifr);
	tap->src = loop_add_fd(loop, tap->fd, LOOP_IN, tap_ready, tap);
	*out = &tap->nd;
	return 0;
fail:
	tap_free(&tap->nd);
	return ret;
}
