/* SPDX-License-Identifier: GPL-2.0-only */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/host/log.h"
#include "vmm/host/net.h"

void netdev_announce(struct netdev *nd, const u8 mac[6])
{
	/* Type, then hardware, protocol, the lengths of their addresses, and the operation. */
	static const u8 head[] = { 0x80, 0x35, 0, 1, 8, 0, 6, 4, 0, 3 };
	u8 frame[60] = { 0 };

	memset(frame, 0xff, 6);
	memcpy(frame + 6, mac, 6);
	memcpy(frame + 12, head, sizeof(head));
	memcpy(frame + 22, mac, 6);	/* sender, and */
	memcpy(frame + 32, mac, 6);	/* whom it asks for */
	nd->ops->send(nd, frame, sizeof(frame));
	if (nd->ops->send_done)
		nd->ops->send_done(nd);
}

/* A decimal port at *@s, which then points behind it. */
static bool port_parse(const char **s, u16 *port)
{
	unsigned int v = 0;
	const char *p;

	for (p = *s; *p >= '0' && *p <= '9' && p - *s < 5; p++)
		v = v * 10 + (*p - '0');
	if (p == *s || !v || v > 65535)
		return false;
	*s = p;
	*port = v;
	return true;
}

/* The address before the ports, if there is one; NULL when it is wrong. */
static const char *addr_parse(const char *s, char *addr, size_t size)
{
	const char *last = strrchr(s, ':');
	struct in_addr in;
	const char *mid;

	strcpy(addr, "127.0.0.1");
	if (!last)
		return s;
	for (mid = last; mid > s && mid[-1] != ':';)
		mid--;
	if (mid == s)	/* one colon: no address */
		return s;
	if ((size_t)(mid - s) > size)
		return NULL;
	memcpy(addr, s, mid - 1 - s);
	addr[mid - 1 - s] = 0;
	return inet_pton(AF_INET, addr, &in) == 1 ? mid : NULL;
}

int net_forward_parse(const char *spec, struct net_forward *out, char **err)
{
	const char *s;

	memset(out, 0, sizeof(*out));
	s = addr_parse(spec, out->addr, sizeof(out->addr));
	if (!s)
		return err_set(err, -EINVAL, "port forward '%s': the address is not a numeric"
			       " IPv4 address; write it like 127.0.0.1:2222:22", spec);
	if (!port_parse(&s, &out->host_port) || *s++ != ':' || !port_parse(&s, &out->guest_port))
		goto bad;
	if (!strcmp(s, "/udp"))
		out->udp = true;
	else if (*s && strcmp(s, "/tcp"))
		goto bad;
	return 0;
bad:
	return err_set(err, -EINVAL, "port forward '%s': expected [address:]host-port:guest-port"
		       "[/udp], like 2222:22, with ports from 1 to 65535", spec);
}
