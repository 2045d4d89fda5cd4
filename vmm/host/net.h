/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Network back ends: Ethernet frames without FCS, in both directions.  Everything
 * behind struct netdev and struct net_receiver runs on the loop's
 * thread, so that a back end needs no lock of its own.
 */
#ifndef VMM_HOST_NET_H
#define VMM_HOST_NET_H

#include <sys/uio.h>

#include "arm/base.h"

struct loop;
struct netdev;

/* Largest frame either side ever passes: 64 KiB of packet and its header. */
#define NET_FRAME_MAX (65535 + 18)
#define NET_FRAME_MIN 14

struct netdev_ops {
	const char *name;
	/* Takes one frame (copies it).  May call the receiver before it returns. */
	void (*send)(struct netdev *nd, const void *frame, size_t len);
	/* After the last send() of a batch; may be NULL. */
	void (*send_done)(struct netdev *nd);
	/* After can_receive() said no: the receiver has room again; may be NULL. */
	void (*poke)(struct netdev *nd);
	/* On the loop's thread, or after the loop has ended. */
	void (*free)(struct netdev *nd);
};

/* The device's end; set before the loop runs. */
struct net_receiver {
	bool (*can_receive)(void *opaque);
	/* One frame; the receiver copies it, or drops it. */
	void (*receive)(void *opaque, const void *frame, size_t len);
	/* The back end has no more frames for now: time to raise one interrupt. */
	void (*receive_done)(void *opaque);
	void *opaque;
};

struct netdev {
	const struct netdev_ops *ops;
	struct net_receiver rx;
	unsigned int mtu;	/* what the back end can carry; 1500 if in doubt */
	/* Its frames never left the host: their checksums need no check by the guest. */
	bool checksums_good;
};

static inline void netdev_free(struct netdev *nd)
{
	if (nd)
		nd->ops->free(nd);
}

/*
 * Switches learn where the guest with this address is now: a reverse ARP request (RFC 903) for
 * it, which nobody need answer.  On the loop's thread.
 */
void netdev_announce(struct netdev *nd, const u8 mac[6]);

/* A port of the host that leads to a port of the guest. */
struct net_forward {
	char addr[16];		/* IPv4 address of the host to listen on */
	bool udp;
	u16 host_port;
	u16 guest_port;
};

/*
 * Parses "[addr:]host:guest[/udp|/tcp]"; addr is a numeric IPv4 address and is
 * 127.0.0.1 unless given; 0.0.0.0 opens the port to the network.  (libslirp
 * cannot lead an IPv6 listener to an IPv4 guest.)  0, or -EINVAL with a
 * sentence for the user in *@err (free() it; @err may be NULL).
 */
int net_forward_parse(const char *spec, struct net_forward *out, char **err);

struct slirp_config {
	const struct net_forward *forwards;
	size_t nr_forwards;
	/* Only forwarded connections: the guest reaches nothing by itself. */
	bool restricted;
	/* Keeps the guest from the host's loopback services at 10.0.2.2 (allowed by default, as users expect). */
	bool no_host_loopback;
	bool no_ipv6;
	const char *hostname;	/* for DHCP; NULL: none */
	unsigned int mtu;	/* 0: the default */
};

/*
 * User-mode network: 10.0.2.0/24 and fec0::/64, gateway and host 10.0.2.2, DNS 10.0.2.3,
 * guest 10.0.2.15 by DHCP.  -EADDRINUSE and friends name the port in *@err.
 * SIGPIPE, if at its default, is ignored from here on: sockets of the guest's peers close at will.
 */
int netdev_slirp_create(struct loop *loop, const struct slirp_config *cfg, struct netdev **out,
			char **err);

/* Attaches to the TAP interface @ifname (made when absent, which needs CAP_NET_ADMIN). */
int netdev_tap_create(struct loop *loop, const char *ifname, struct netdev **out, char **err);

#endif
