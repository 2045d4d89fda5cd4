/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * User-mode networking: libslirp as a source of the main loop.
 *
 * Policy towards the host: as users of other machine monitors expect, 10.0.2.2
 * is the host, its loopback services included, unless no_host_loopback is set.
 * Nothing reaches the guest from outside but through the port forwards.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <glib.h>
#include <libslirp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/host/log.h"
#include "vmm/host/loop.h"
#include "vmm/host/loop_glib.h"
#include "vmm/host/net.h"

#define MTU_DEFAULT 65520
#define MTU_MIN 576
#define MTU_MAX 65521		/* libslirp's own limit */
#define FLOWS_MAX 4096u
#define GUEST_ERRORS_LOGGED 4

struct slirp_source {
	GSource base;
	struct slirp_net *net;
};

struct slirp_net {
	struct netdev nd;
	struct loop *loop;
	Slirp *slirp;
	struct slirp_source *source;
	GPtrArray *polls;	/* of GPollFD *, which GLib points to */
	unsigned int nr_polls;	/* in use this round */
	gint64 deadline;	/* of libslirp's timers, microseconds */
	unsigned int max_flows;
	unsigned int guest_errors;
};

struct slirp_timer {
	struct slirp_net *net;
	struct loop_source *src;
	SlirpTimerId id;
	void *opaque;
};

static gushort poll_to_glib(int events)
{
	return (events & SLIRP_POLL_IN ? G_IO_IN : 0) | (events & SLIRP_POLL_OUT ? G_IO_OUT : 0) |
	       (events & SLIRP_POLL_PRI ? G_IO_PRI : 0) | (events & SLIRP_POLL_ERR ? G_IO_ERR : 0) |
	       (events & SLIRP_POLL_HUP ? G_IO_HUP : 0);
}

static int poll_from_glib(gushort ev)
{
	return (ev & G_IO_IN ? SLIRP_POLL_IN : 0) | (ev & G_IO_OUT ? SLIRP_POLL_OUT : 0) |
	       (ev & G_IO_PRI ? SLIRP_POLL_PRI : 0) | (ev & G_IO_ERR ? SLIRP_POLL_ERR : 0) |
	       (ev & G_IO_HUP ? SLIRP_POLL_HUP : 0);
}

/*
 * The sockets to poll hardly change from round to round, so that slot i most
 * often keeps its fd and GLib need not be told.
 */
static int add_poll(int fd, int events, void *opaque)
{
	struct slirp_net *net = opaque;
	GPollFD *p;

	if (net->nr_polls == net->polls->len) {
		p = g_new0(GPollFD, 1);
		p->fd = fd;
		g_ptr_array_add(net->polls, p);
		g_source_add_poll(&net->source->base, p);
	} else {
		p = g_ptr_array_index(net->polls, net->nr_polls);
		if (p->fd != fd) {
			g_source_remove_poll(&net->source->base, p);
			p->fd = fd;
			g_source_add_poll(&net->source->base, p);
		}
	}
	p->events = poll_to_glib(events);
	p->revents = 0;
	return net->nr_polls++;
}

static int get_revents(int idx, void *opaque)
{
	struct slirp_net *net = opaque;

	return poll_from_glib(((GPollFD *)g_ptr_array_index(net->polls, idx))->revents);
}

static gboolean source_prepare(GSource *base, gint *timeout)
{
	struct slirp_net *net = ((struct slirp_source *)base)->net;
	uint32_t ms = UINT32_MAX;
	gint64 now;

	net->nr_polls = 0;
	slirp_pollfds_fill(net->slirp, &ms, add_poll, net);
	while (net->polls->len > net->nr_polls) {
		GPollFD *p = g_ptr_array_index(net->polls, net->polls->len - 1);

		g_source_remove_poll(base, p);
		g_ptr_array_set_size(net->polls, net->polls->len - 1);
		g_free(p);
	}
	/*
	 * libslirp's clock stands still between two of its polls, so that the
	 * rest of the time must count from the first look after a poll.  (And
	 * not g_source_set_ready_time(), which wakes the loop that is just going to sleep.)
	 */
	now = g_get_monotonic_time();
	if (ms <= INT32_MAX && now + (gint64)ms * 1000 < net->deadline)
		net->deadline = now + (gint64)ms * 1000;
	*timeout = net->deadline == INT64_MAX ? -1 :
		   net->deadline <= now ? 0 : (net->deadline - now + 999) / 1000;
	return FALSE;
}

static gboolean source_check(GSource *base)
{
	struct slirp_net *net = ((struct slirp_source *)base)->net;
	unsigned int i;

	for (i = 0; i < net->nr_polls; i++)
		if (((GPollFD *)g_ptr_array_index(net->polls, i))->revents)
			return TRUE;
	return g_get_monotonic_time() >= net->deadline;
}

static void received_all(struct slirp_net *net)
{
	if (net->nd.rx.receive_done)
		net->nd.rx.receive_done(net->nd.rx.opaque);
}

static gboolean source_dispatch(GSource *base, GSourceFunc callback, gpointer user)
{
	struct slirp_net *net = ((struct slirp_source *)base)->net;

	(void)callback;
	(void)user;
	net->deadline = INT64_MAX;
	slirp_pollfds_poll(net->slirp, 0, get_revents, net);
	received_all(net);
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = {
	.prepare = source_prepare,
	.check = source_check,
	.dispatch = source_dispatch,
};

static ssize_t cb_send_packet(const void *buf, size_t len, void *opaque)
{
	struct slirp_net *net = opaque;

	if (net->nd.rx.receive)
		net->nd.rx.receive(net->nd.rx.opaque, buf, len);
	return len;
}

static void cb_guest_error(const char *msg, void *opaque)
{
	struct slirp_net *net = opaque;

	if (net->guest_errors++ < GUEST_ERRORS_LOGGED)
		log_warn("network: the guest sent something strange: %s", msg);
}

static int64_t cb_clock(void *opaque)
{
	(void)opaque;
	return g_get_monotonic_time() * 1000;
}

static void timer_fired(void *opaque)
{
	struct slirp_timer *t = opaque;

	slirp_handle_timer(t->net->slirp, t->id, t->opaque);
	received_all(t->net);
}

static void *cb_timer_new(SlirpTimerId id, void *timer_opaque, void *opaque)
{
	struct slirp_timer *t = g_new0(struct slirp_timer, 1);

	t->net = opaque;
	t->id = id;
	t->opaque = timer_opaque;
	return t;
}

static void cb_timer_free(void *timer, void *opaque)
{
	struct slirp_timer *t = timer;

	(void)opaque;
	loop_remove(t->src);
	g_free(t);
}

static void cb_timer_mod(void *timer, int64_t expire_ms, void *opaque)
{
	struct slirp_timer *t = timer;
	int64_t delay = expire_ms * 1000000 - cb_clock(opaque);

	loop_remove(t->src);
	t->src = loop_add_timer(t->net->loop, delay > 0 ? delay : 0, 0, timer_fired, t);
}

/* Sockets are found anew each round, and all calls are on the loop's thread: nothing to do. */
static void cb_poll_fd(int fd, void *opaque)
{
	(void)fd;
	(void)opaque;
}

static void cb_notify(void *opaque)
{
	(void)opaque;
}

static const SlirpCb callbacks = {
	.send_packet = cb_send_packet,
	.guest_error = cb_guest_error,
	.clock_get_ns = cb_clock,
	.timer_free = cb_timer_free,
	.timer_mod = cb_timer_mod,
	.register_poll_fd = cb_poll_fd,
	.unregister_poll_fd = cb_poll_fd,
	.notify = cb_notify,
	.timer_new_opaque = cb_timer_new,
};

/*
 * Would this frame make a new flow, as far as one can see?  Only asked when
 * there are too many: then TCP may not open connections and UDP loses packets, as on a
 * full link.
 */
static bool opens_flow(const u8 *f, size_t len)
{
	size_t ip = NET_FRAME_MIN, l4;
	u8 proto;

	if (len < ip + 40)
		return false;
	if (f[12] == 0x08 && f[13] == 0x00) {
		proto = f[ip + 9];
		l4 = ip + (f[ip] & 15) * 4;
	} else if (f[12] == 0x86 && f[13] == 0xdd) {
		proto = f[ip + 6];
		l4 = ip + 40;
	} else {
		return false;
	}
	if (proto == IPPROTO_TCP)
		return l4 + 13 < len && (f[l4 + 13] & 0x12) == 0x02;	/* SYN without ACK */
	return proto == IPPROTO_UDP || proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

static void slirp_send(struct netdev *nd, const void *frame, size_t len)
{
	struct slirp_net *net = (struct slirp_net *)nd;

	if (net->nr_polls >= net->max_flows && opens_flow(frame, len))
		return;
	slirp_input(net->slirp, frame, len);
}

static void slirp_send_done(struct netdev *nd)
{
	received_all((struct slirp_net *)nd);
}

static void slirp_free(struct netdev *nd)
{
	struct slirp_net *net = (struct slirp_net *)nd;
	unsigned int i;

	net->nd.rx = (struct net_receiver){ 0 };
	if (net->source) {
		g_source_destroy(&net->source->base);
		g_source_unref(&net->source->base);
	}
	if (net->slirp)
		slirp_cleanup(net->slirp);
	for (i = 0; i < net->polls->len; i++)
		g_free(g_ptr_array_index(net->polls, i));
	g_ptr_array_free(net->polls, TRUE);
	g_free(net);
}

static const struct netdev_ops slirp_ops = {
	.name = "user",
	.send = slirp_send,
	.send_done = slirp_send_done,
	.free = slirp_free,
};

static int forward_error(const struct net_forward *f, int error, char **err)
{
	const char *proto = f->udp ? "udp" : "tcp";

	if (error == EADDRINUSE)
		return err_set(err, -error, "port forward: %s port %u of %s is in use by another"
			       " program; choose another host port", proto, f->host_port, f->addr);
	if (error == EACCES || error == EPERM)
		return err_set(err, -error, "port forward: no permission to listen on %s port %u;"
			       " choose a host port of 1024 or above", proto, f->host_port);
	if (error == EADDRNOTAVAIL)
		return err_set(err, -error, "port forward: %s is no address of this host (%s port"
			       " %u); use 127.0.0.1 or 0.0.0.0", f->addr, proto, f->host_port);
	return err_set(err, error ? -error : -EIO, "port forward: cannot listen on %s port %u of"
		       " %s (%s)", proto, f->host_port, f->addr, strerror(error));
}

/*
 * libslirp binds with SO_REUSEADDR, with which two programs can share a UDP port and only
 * one gets the packets.  Trying without it first finds that out.
 */
static int udp_probe(const struct sockaddr_in *addr)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int ret = 0;

	if (fd < 0)
		return errno;
	if (bind(fd, (const struct sockaddr *)addr, sizeof(*addr)))
		ret = errno;
	close(fd);
	return ret;
}

/*
 * libslirp listens with room for one waiting connection, so that of a burst of them some
 * are made only as the client sends again, minutes later, or never.  Its sockets can
 * be seen here alone; listen() may be called a second time.
 */
static int raise_backlog(int fd, int events, void *opaque)
{
	int listening = 0;
	socklen_t len = sizeof(listening);

	(void)events;
	(void)opaque;
	if (!getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) && listening)
		listen(fd, SOMAXCONN);
	return -1;
}

static int add_forward(struct slirp_net *net, const struct net_forward *f, char **err)
{
	struct sockaddr_in host = { .sin_family = AF_INET, .sin_port = htons(f->host_port) };
	struct in_addr guest = { 0 };	/* the first DHCP address */
	int ret;

	if (inet_pton(AF_INET, f->addr, &host.sin_addr) != 1)
		return forward_error(f, EADDRNOTAVAIL, err);
	if (f->udp) {
		ret = udp_probe(&host);
		if (ret)
			return forward_error(f, ret, err);
	}
	errno = 0;
	if (slirp_add_hostfwd(net->slirp, f->udp, host.sin_addr, f->host_port, guest,
			      f->guest_port) < 0)
		return forward_error(f, errno, err);
	return 0;
}

static Slirp *slirp_make(struct slirp_net *net, const struct slirp_config *cfg)
{
	unsigned int mtu = cfg->mtu ? cfg->mtu : MTU_DEFAULT;
	SlirpConfig sc = {
		.version = 4,
		.restricted = cfg->restricted,
		.in_enabled = true,
		.in6_enabled = !cfg->no_ipv6,
		.vprefix_len = 64,
		.vhostname = cfg->hostname,
		.disable_host_loopback = cfg->no_host_loopback,
	};

	mtu = mtu < MTU_MIN ? MTU_MIN : mtu > MTU_MAX ? MTU_MAX : mtu;
	inet_pton(AF_INET, "10.0.2.0", &sc.vnetwork);
	inet_pton(AF_INET, "255.255.255.0", &sc.vnetmask);
	inet_pton(AF_INET, "10.0.2.2", &sc.vhost);
	inet_pton(AF_INET, "10.0.2.15", &sc.vdhcp_start);
	inet_pton(AF_INET, "10.0.2.3", &sc.vnameserver);
	inet_pton(AF_INET6, "fec0::", &sc.vprefix_addr6);
	inet_pton(AF_INET6, "fec0::2", &sc.vhost6);
	inet_pton(AF_INET6, "fec0::3", &sc.vnameserver6);
	sc.if_mtu = mtu;
	sc.if_mru = mtu;
	net->nd.mtu = mtu;
	net->nd.checksums_good = true;
	return slirp_new(&sc, &callbacks, net);
}

/* Half of what files we may open is for the guest's connections. */
static unsigned int flows_limit(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) || rl.rlim_cur / 2 > FLOWS_MAX)
		return FLOWS_MAX;
	return rl.rlim_cur / 2;
}

int netdev_slirp_create(struct loop *loop, const struct slirp_config *cfg, struct netdev **out,
			char **err)
{
	struct slirp_net *net = g_new0(struct slirp_net, 1);
	uint32_t ms = UINT32_MAX;
	struct sigaction sa;
	size_t i;
	int ret;

	net->nd.ops = &slirp_ops;
	net->loop = loop;
	net->polls = g_ptr_array_new();
	net->max_flows = flows_limit();
	net->deadline = INT64_MAX;
	net->slirp = slirp_make(net, cfg);
	if (!net->slirp) {
		ret = err_set(err, -EINVAL, "user network: libslirp refused its settings");
		goto fail;
	}
	for (i = 0; i < cfg->nr_forwards; i++) {
		ret = add_forward(net, &cfg->forwards[i], err);
		if (ret)
			goto fail;
	}
	slirp_pollfds_fill(net->slirp, &ms, raise_backlog, NULL);
	if (!sigaction(SIGPIPE, NULL, &sa) && !(sa.sa_flags & SA_SIGINFO) &&
	    sa.sa_handler == SIG_DFL)
		signal(SIGPIPE, SIG_IGN);
	net->source = (struct slirp_source *)g_source_new(&source_funcs, sizeof(*net->source));
	net->source->net = net;
	g_source_attach(&net->source->base, loop_context(loop));
	*out = &net->nd;
	return 0;
fail:
	slirp_free(&net->nd);
	return ret;
}
