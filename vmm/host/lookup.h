/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of hosts, looked up without waiting for a name server longer than the user wants to. */
#ifndef VMM_HOST_LOOKUP_H
#define VMM_HOST_LOOKUP_H

struct addrinfo;

#define LOOKUP_HOST_MAX 255
#define LOOKUP_PORT_MAX 5

/*
 * The TCP addresses of @host (at most LOOKUP_HOST_MAX bytes) and @port (digits, at most LOOKUP_PORT_MAX), with
 * getaddrinfo()'s @flags; freeaddrinfo() them.  0; -ECANCELED once @cancel (-1: none) is readable;
 * -EHOSTUNREACH with the resolver's reason in *@why, a constant; -errno.
 */
int lookup_tcp(const char *host, const char *port, int flags, int cancel, struct addrinfo **out, const char **why);

#endif
