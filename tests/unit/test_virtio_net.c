/* SPDX-License-Identifier: GPL-2.0-only */
#define _GNU_SOURCE
#include "tests/unit/virtio_rig.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "vmm/dev/virtio/net_csum.h"
#include "vmm/host/loop.h"
#include "vmm/host/net.h"

#define RXBASE RAM_BASE
#define TXBASE (RAM_BASE + 0x4000)
#define RXBUF (RAM_BASE + 0x10000)
#define TXBUF RAM2_BASE
#define NUM 64

#define F_CSUM (1ULL << 0)
#define F_GUEST_CSUM (1ULL << 1)
#define F_MRG (1ULL << 15)

#define KEPT 512

/* A back end that keeps what it is sent. */
struct fake {
	struct netdev nd;
	u8 *frame[KEPT];
	size_t len[KEPT];
	unsigned int n;
	unsigned int pokes;
};

struct fix {
	struct rig rig;
	struct loop *loop;
	struct fake *fake;	/* freed with the device */
	struct ring rx, tx;
	unsigned int freed;
};

static void fake_send(struct netdev *nd, const void *frame, size_t len)
{
	struct fake *f = (struct fake *)nd;

	assert_true(f->n < KEPT);
	f->frame[f->n] = malloc(len);
	memcpy(f->frame[f->n], frame, len);
	f->len[f->n++] = len;
}

static void fake_poke(struct netdev *nd)
{
	((struct fake *)nd)->pokes++;
}

static void fake_clear(struct fake *f)
{
	while (f->n)
		free(f->frame[--f->n]);
}

static void fake_free(struct netdev *nd)
{
	fake_clear((struct fake *)nd);
	free(nd);
}

static const struct netdev_ops fake_ops = {
	.name = "fake", .send = fake_send, .poke = fake_poke, .free = fake_free,
};

static void quit(void *opaque)
{
	loop_quit(opaque);
}

/* Runs what is queued on the loop. */
static void settle(struct fix *f)
{
	int i;

	for (i = 0; i < 4; i++) {
		loop_call(f->loop, quit, f->loop);
		loop_run(f->loop);
	}
}

static void start(struct fix *f, u64 features)
{
	assert_true(rig_negotiate(&f->rig, features | F_V1));
	ring_init(&f->rx, &f->rig, 0, NUM, RXBASE);
	ring_init(&f->tx, &f->rig, 1, NUM, TXBASE);
	wr(&f->rig, 0x70, ACK | DRV | FEAT_OK | DRV_OK);
}

static int setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));
	struct virtio_net_config cfg = { .mac = { 2, 0, 0, 1, 2, 3 } };
	struct virtio_device *vdev;

	assert_int_equal(loop_create(&f->loop), 0);
	f->fake = calloc(1, sizeof(*f->fake));
	f->fake->nd.ops = &fake_ops;
	f->fake->nd.mtu = 9000;
	cfg.loop = f->loop;
	cfg.netdev = &f->fake->nd;
	assert_int_equal(virtio_net_create(&cfg, &vdev), 0);
	rig_init(&f->rig, vdev);
	start(f, F_MRG | F_EVENT | F_INDIRECT | F_CSUM);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fix *f = *state;

	rig_destroy(&f->rig);
	loop_free(f->loop);
	free(f);
	return 0;
}

/* Sends @len bytes of frame with a header whose first bytes are @h. */
static void send_frame(struct fix *f, const u8 *h, u32 len)
{
	struct seg s[] = { { TXBUF, 12, false }, { TXBUF + 12, len, false } };

	memset(ram(&f->rig, TXBUF), 0, 12);
	if (h)
		memcpy(ram(&f->rig, TXBUF), h, 10);
	ring_add(&f->tx, s, 2);
	ring_kick(&f->tx);
	settle(f);
	assert_true(ring_wait(&f->tx, NULL, NULL));
}

static void test_config(void **state)
{
	struct fix *f = *state;
	static const u8 mac[] = { 2, 0, 0, 1, 2, 3 };
	int i;

	for (i = 0; i < 6; i++)
		assert_int_equal(rd_n(&f->rig, 0x100 + i, 1), mac[i]);
	assert_int_equal(rd_n(&f->rig, 0x106, 2), 1);
	assert_int_equal(rd_n(&f->rig, 0x10a, 2), 9000);
}

static void test_tx(void **state)
{
	struct fix *f = *state;
	u32 i;

	for (i = 0; i < 1500; i++)
		ram(&f->rig, TXBUF + 12)[i] = i * 3;
	send_frame(f, NULL, 1500);
	assert_int_equal(f->fake->n, 1);
	assert_int_equal(f->fake->len[0], 1500);
	assert_memory_equal(f->fake->frame[0], ram(&f->rig, TXBUF + 12), 1500);
}

/* Many frames with one kick: all sent, in order, and the ring's wish for kicks is back. */
static void test_tx_batch(void **state)
{
	struct fix *f = *state;
	unsigned int round, i;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < NUM; i++) {
			struct seg s = { TXBUF + 256 * i, 12 + 60, false };

			memset(ram(&f->rig, s.ipa), 0, 12);
			memset(ram(&f->rig, s.ipa + 12), i, 60);
			ring_add(&f->tx, &s, 1);
		}
		ring_kick(&f->tx);
		settle(f);
		assert_int_equal(f->fake->n, NUM);
		for (i = 0; i < NUM; i++) {
			assert_int_equal(f->fake->frame[i][5], i);
			assert_true(ring_wait(&f->tx, NULL, NULL));
		}
		fake_clear(f->fake);
		/* avail_event asks for the next one. */
		assert_int_equal(*ring16(&f->tx, f->tx.used + 4 + 8 * NUM), f->tx.avail_idx);
	}
}

/* Row 17. */
static void test_tx_bad(void **state)
{
	struct fix *f = *state;
	u8 gso[10] = { 0, 1 }, csum[10] = { 1 };
	struct seg s = { TXBUF, 0, false };
	u32 len;

	send_frame(f, NULL, 0);
	send_frame(f, NULL, 13);
	send_frame(f, NULL, NET_FRAME_MAX + 1);
	send_frame(f, NULL, 0xe0000);
	send_frame(f, gso, 100);
	put_le16(csum + 6, 100);
	send_frame(f, csum, 100);
	put_le16(csum + 6, 99);
	send_frame(f, csum, 100);
	put_le16(csum + 6, 65535);
	put_le16(csum + 8, 65535);
	send_frame(f, csum, 100);
	put_le16(csum + 6, 50);
	put_le16(csum + 8, 49);
	send_frame(f, csum, 100);
	for (len = 0; len < 12; len++) {
		s.len = len;
		ring_add(&f->tx, &s, 1);
		ring_kick(&f->tx);
		settle(f);
		assert_true(ring_wait(&f->tx, NULL, NULL));
	}
	assert_int_equal(f->fake->n, 0);
	assert_int_equal(rd(&f->rig, 0x70) & NEEDS_RESET, 0);
	send_frame(f, NULL, 14);
	send_frame(f, NULL, NET_FRAME_MAX);
	assert_int_equal(f->fake->n, 2);
}

/* RFC 1071's sum, byte by byte. */
static u16 slow_sum(const u8 *p, u32 len)
{
	u32 sum = 0, i;

	for (i = 0; i < len; i++)
		sum += i & 1 ? p[i] : p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void test_tx_csum(void **state)
{
	struct fix *f = *state;
	u8 h[10] = { 1 };
	u32 len, i;

	put_le16(h + 6, 34);
	put_le16(h + 8, 16);
	for (len = 52; len < 60; len++) {
		for (i = 0; i < len; i++)
			ram(&f->rig, TXBUF + 12)[i] = i * 37 + len;
		send_frame(f, h, len);
		assert_int_equal(f->fake->n, 1);
		/*
		 * With the result in place of the partial sum p, all adds up to
		 * the partial sum once more and ~0: sum' = sum - p + ~sum = ~p.
		 */
		i = (u16)~slow_sum(ram(&f->rig, TXBUF + 12) + 50, 2);
		assert_int_equal(slow_sum(f->fake->frame[0] + 34, len - 34), i);
		fake_clear(f->fake);
	}
}

static void rx_buffers(struct fix *f, unsigned int n, u32 len)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct seg s = { RXBUF + (u64)len * i, len, true };

		ring_add(&f->rx, &s, 1);
	}
}

static void deliver(struct fix *f, const u8 *frame, size_t len)
{
	struct net_receiver *rx = &f->fake->nd.rx;

	rx->receive(rx->opaque, frame, len);
	rx->receive_done(rx->opaque);
}

static void test_rx(void **state)
{
	struct fix *f = *state;
	u8 frame[600];
	u32 id, len, i;

	for (i = 0; i < sizeof(frame); i++)
		frame[i] = i * 5;
	rx_buffers(f, 4, 2048);
	deliver(f, frame, 600);
	assert_true(ring_wait(&f->rx, &id, &len));
	assert_int_equal(id, 0);
	assert_int_equal(len, 612);
	assert_memory_equal(ram(&f->rig, RXBUF + 12), frame, 600);
	assert_int_equal(get_le16(ram(&f->rig, RXBUF + 10)), 1);
	assert_int_equal(*ram(&f->rig, RXBUF), 0);
	assert_int_equal(f->rig.edges, 1);
}

/* A frame over several buffers, the header itself split. */
static void test_rx_merge(void **state)
{
	struct fix *f = *state;
	static const u32 sizes[] = { 12, 13, 100, 1 };
	u8 frame[2000];
	u32 len, i, j;

	for (i = 0; i < sizeof(frame); i++)
		frame[i] = i * 11;
	for (j = 0; j < 4; j++) {
		u32 size = sizes[j], need, done = 0;

		start(f, F_MRG | F_GUEST_CSUM);
		if (size == 1)
			size = 40;
		need = (12 + 2000 + size - 1) / size;
		if (need > NUM) {
			/* More buffers than the ring has: the frame is dropped. */
			rx_buffers(f, NUM, size);
			deliver(f, frame, 2000);
			assert_int_equal(ring_used_idx(&f->rx), 0);
			deliver(f, frame, 14);
			assert_true(ring_wait(&f->rx, NULL, NULL));
			continue;
		}
		rx_buffers(f, NUM, size);
		deliver(f, frame, 2000);
		assert_int_equal(get_le16(ram(&f->rig, RXBUF + 10)), need);
		for (i = 0; i < need; i++) {
			u32 skip = i ? 0 : 12;

			assert_true(ring_wait(&f->rx, NULL, &len));
			assert_memory_equal(ram(&f->rig, RXBUF + size * i + skip), frame + done,
					    len - skip);
			done += len - skip;
		}
		assert_int_equal(done, 2000);
		assert_int_equal(ring_used_idx(&f->rx), need);
	}
}

/* Row 18. */
static void test_rx_bad(void **state)
{
	struct fix *f = *state;
	u8 frame[3000] = { 0 };
	unsigned int i;

	/* Buffers smaller than the header, then without merging a frame too long. */
	rx_buffers(f, 4, 11);
	deliver(f, frame, 60);
	assert_int_equal(ring_used_idx(&f->rx), 0);
	start(f, 0);
	rx_buffers(f, 4, 1500);
	deliver(f, frame, 1489);
	assert_int_equal(ring_used_idx(&f->rx), 0);
	deliver(f, frame, 1488);
	assert_int_equal(ring_used_idx(&f->rx), 1);
	/* Frames that no network has. */
	deliver(f, frame, 0);
	deliver(f, frame, 13);
	assert_int_equal(ring_used_idx(&f->rx), 1);
	/* No buffers at all, without end. */
	start(f, F_MRG);
	for (i = 0; i < 5000; i++)
		deliver(f, frame, 3000);
	assert_int_equal(ring_used_idx(&f->rx), 0);
	/* Readable buffers in the receive queue. */
	start(f, F_MRG);
	{
		struct seg s = { RXBUF, 2048, false };

		ring_add(&f->rx, &s, 1);
		deliver(f, frame, 60);
		assert_int_equal(ring_used_idx(&f->rx), 0);
	}
	assert_int_equal(rd(&f->rig, 0x70) & NEEDS_RESET, 0);
}

/* Frames wait for buffers, in order; the back end is held off and called again. */
static void test_rx_backlog(void **state)
{
	struct fix *f = *state;
	struct net_receiver *rx = &f->fake->nd.rx;
	u8 frame[100];
	unsigned int i;

	for (i = 0; i < 10; i++) {
		memset(frame, i, sizeof(frame));
		deliver(f, frame, sizeof(frame));
	}
	assert_int_equal(ring_used_idx(&f->rx), 0);
	assert_false(rx->can_receive(rx->opaque));
	/* avail_event asks for a kick. */
	assert_int_equal(*ring16(&f->rx, f->rx.used + 4 + 8 * NUM), 0);
	rx_buffers(f, 10, 256);
	ring_kick(&f->rx);
	assert_int_equal(ring_used_idx(&f->rx), 10);
	for (i = 0; i < 10; i++)
		assert_int_equal(*ram(&f->rig, RXBUF + 256 * i + 12), i);
	settle(f);
	assert_int_equal(f->fake->pokes, 1);
	assert_true(rx->can_receive(rx->opaque));
}

/* A frame that needs more buffers than there are waits for the kick that brings the rest. */
static void test_rx_partial(void **state)
{
	struct fix *f = *state;
	u8 frame[1000];

	memset(frame, 7, sizeof(frame));
	rx_buffers(f, 3, 256);
	deliver(f, frame, sizeof(frame));
	assert_int_equal(ring_used_idx(&f->rx), 0);
	/* The event is behind the three buffers seen, or the guest would not kick. */
	assert_int_equal(*ring16(&f->rx, f->rx.used + 4 + 8 * NUM), 3);
	rx_buffers(f, 1, 256);
	ring_kick(&f->rx);
	assert_int_equal(ring_used_idx(&f->rx), 4);
}

static void test_reset(void **state)
{
	struct fix *f = *state;
	u8 frame[100] = { 0 };
	struct seg s = { TXBUF, 100, false };
	unsigned int i;

	for (i = 0; i < 100; i++) {
		deliver(f, frame, sizeof(frame));
		ring_add(&f->tx, &s, 1);
		ring_kick(&f->tx);
		wr(&f->rig, 0x70, 0);
		if (i % 2)
			settle(f);
		start(f, F_MRG);
	}
	wr(&f->rig, 0x70, 0);
	settle(f);
	assert_int_equal(f->fake->n, 0);
}

static void parse_ok(const char *spec, const char *addr, u16 host, u16 guest, bool udp)
{
	struct net_forward fw;

	assert_int_equal(net_forward_parse(spec, &fw, NULL), 0);
	assert_string_equal(fw.addr, addr);
	assert_int_equal(fw.host_port, host);
	assert_int_equal(fw.guest_port, guest);
	assert_int_equal(fw.udp, udp);
}

static void test_forward_parse(void **state)
{
	static const char *const bad[] = {
		"", ":", "22", "22:", ":22", "a:b", "1:65536", "0:1", "1:0", "123456:1", "1:2/",
		"1:2/sctp", "1:2:3", "localhost:1:2", "256.1.1.1:1:2", "::1:2", "[::1]:1:2",
		"1.2.3.4:1", "1.2.3.4:1:2:3", "-1:2", " 1:2", "1 :2", "1:2 ", "1:2/udpx",
		"1111111111111111111111111111111111111111111111111111:1:2",
	};
	struct net_forward fw;
	unsigned int i;
	char *err;

	(void)state;
	parse_ok("2222:22", "127.0.0.1", 2222, 22, false);
	parse_ok("1:65535/udp", "127.0.0.1", 1, 65535, true);
	parse_ok("0.0.0.0:80:8080/tcp", "0.0.0.0", 80, 8080, false);
	parse_ok("192.168.100.200:80:8080/udp", "192.168.100.200", 80, 8080, true);
	for (i = 0; i < ARM_ARRAY_SIZE(bad); i++) {
		err = NULL;
		assert_int_equal(net_forward_parse(bad[i], &fw, &err), -EINVAL);
		assert_non_null(strstr(err, bad[i]));
		free(err);
	}
}

/* A socket bound to a free port of the loopback. */
static int bound(int type, u16 *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, type, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static void test_slirp_port_in_use(void **state)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	struct net_forward fw = { .addr = "127.0.0.1", .guest_port = 22 };
	struct slirp_config cfg = { .forwards = &fw, .nr_forwards = 1 };
	struct netdev *nd;
	struct loop *loop;
	char *err, port[8];
	int i, fd;

	(void)state;
	assert_int_equal(loop_create(&loop), 0);
	for (i = 0; i < 2; i++) {
		fd = bound(types[i], &fw.host_port);
		fw.udp = types[i] == SOCK_DGRAM;
		err = NULL;
		assert_int_equal(netdev_slirp_create(loop, &cfg, &nd, &err), -EADDRINUSE);
		snprintf(port, sizeof(port), "%u", fw.host_port);
		assert_non_null(strstr(err, port));
		assert_non_null(strstr(err, "in use"));
		free(err);
		close(fd);
		assert_int_equal(netdev_slirp_create(loop, &cfg, &nd, NULL), 0);
		netdev_free(nd);
	}
	strcpy(fw.addr, "192.0.2.1");
	err = NULL;
	assert_int_equal(netdev_slirp_create(loop, &cfg, &nd, &err), -EADDRNOTAVAIL);
	assert_non_null(strstr(err, "192.0.2.1"));
	free(err);
	loop_free(loop);
}

static void test_tap_errors(void **state)
{
	struct netdev *nd;
	struct loop *loop;
	char *err = NULL;

	(void)state;
	assert_int_equal(loop_create(&loop), 0);
	assert_int_equal(netdev_tap_create(loop, "this-name-is-too-long", &nd, &err), -EINVAL);
	assert_non_null(strstr(err, "this-name-is-too-long"));
	free(err);
	err = NULL;
	/* The loopback interface is not a TAP; without rights or /dev/net/tun it fails earlier. */
	assert_true(netdev_tap_create(loop, "lo", &nd, &err) < 0);
	assert_non_null(strstr(err, "'lo'"));
	free(err);
	loop_free(loop);
}

/* What the guest's side of the user network sees. */
struct peer {
	struct loop *loop;
	u8 last[2048];
	size_t len;
	u16 want;		/* ethertype to quit on */
};

static void peer_receive(void *opaque, const void *frame, size_t len)
{
	struct peer *p = opaque;
	const u8 *f = frame;

	if ((f[12] << 8 | f[13]) != p->want || len > sizeof(p->last))
		return;
	memcpy(p->last, frame, len);
	p->len = len;
	loop_quit(p->loop);
}

static void send_junk(struct netdev *nd, const u8 *good, size_t len)
{
	u8 frame[256];
	unsigned int i, j, seed = 1;

	for (i = 0; i < 3000; i++) {
		size_t n = 14 + i % (sizeof(frame) - 14);

		for (j = 0; j < n; j++)
			frame[j] = (seed = seed * 1103515245 + 12345) >> 16;
		memcpy(frame, good, i % 3 == 0 ? 14 : i % 3 == 1 ? 0 : n < len ? n : len);
		if (i % 3 == 0) {
			frame[12] = 8;
			frame[13] = i % 2 ? 0 : 6;
			frame[14] = 0x45;
		}
		nd->ops->send(nd, frame, n);
	}
	nd->ops->send_done(nd);
}

/* ARP and a connection to a server on the host through 10.0.2.2. */
static void test_slirp_arp(void **state)
{
	static const u8 arp[42] = {
		255, 255, 255, 255, 255, 255, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 8, 6,
		0, 1, 8, 0, 6, 4, 0, 1, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 10, 0, 2, 15,
		0, 0, 0, 0, 0, 0, 10, 0, 2, 2,
	};
	struct slirp_config cfg = { .no_ipv6 = true };
	struct peer peer = { .want = 0x0806 };
	struct netdev *nd;

	(void)state;
	assert_int_equal(loop_create(&peer.loop), 0);
	assert_int_equal(netdev_slirp_create(peer.loop, &cfg, &nd, NULL), 0);
	nd->rx = (struct net_receiver){ .receive = peer_receive, .opaque = &peer };
	send_junk(nd, arp, sizeof(arp));
	peer.len = 0;
	nd->ops->send(nd, arp, sizeof(arp));
	loop_run(peer.loop);
	assert_true(peer.len >= 42);
	assert_int_equal(peer.last[21], 2);	/* a reply */
	assert_memory_equal(peer.last + 28, arp + 38, 4);
	netdev_free(nd);
	loop_free(peer.loop);
}

/* A client of a forwarded port: the guest is looked for and gets the connection. */
static void test_slirp_forward(void **state)
{
	static const u8 reply[42] = {
		0x52, 0x55, 10, 0, 2, 2, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 8, 6,
		0, 1, 8, 0, 6, 4, 0, 2, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 10, 0, 2, 15,
		0x52, 0x55, 10, 0, 2, 2, 10, 0, 2, 2,
	};
	struct net_forward fw = { .addr = "127.0.0.1", .guest_port = 4242 };
	struct slirp_config cfg = { .forwards = &fw, .nr_forwards = 1, .restricted = true };
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct peer peer = { .want = 0x0806 };
	struct netdev *nd;
	int fd;

	(void)state;
	close(bound(SOCK_STREAM, &fw.host_port));
	assert_int_equal(loop_create(&peer.loop), 0);
	assert_int_equal(netdev_slirp_create(peer.loop, &cfg, &nd, NULL), 0);
	nd->rx = (struct net_receiver){ .receive = peer_receive, .opaque = &peer };
	fd = socket(AF_INET, SOCK_STREAM, 0);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons(fw.host_port);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	loop_run(peer.loop);	/* who has 10.0.2.15? */
	assert_int_equal(peer.last[21], 1);
	assert_memory_equal(peer.last + 38, reply + 28, 4);
	peer.want = 0x0800;
	nd->ops->send(nd, reply, sizeof(reply));
	nd->ops->send_done(nd);
	while (peer.len < 54 || peer.last[12] != 8 || peer.last[13])
		loop_run(peer.loop);
	assert_memory_equal(peer.last, reply + 6, 6);
	assert_int_equal(peer.last[23], 6);
	assert_memory_equal(peer.last + 30, reply + 28, 4);
	assert_int_equal(peer.last[36] << 8 | peer.last[37], 4242);
	assert_int_equal(peer.last[47], 2);	/* SYN */
	close(fd);
	netdev_free(nd);
	loop_free(peer.loop);
}

/* A TAP interface in a network of our own: the kernel answers for its address. */
static void tap_child(void)
{
	static const u8 arp[42] = {
		255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 8, 6,
		0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 192, 0, 2, 2,
		0, 0, 0, 0, 0, 0, 192, 0, 2, 1,
	};
	struct peer peer = { .want = 0x0806 };
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct ifreq ifr = { .ifr_name = "vmbtest0" };
	struct netdev *nd;
	int fd;

	if (unshare(CLONE_NEWNET) || loop_create(&peer.loop) ||
	    netdev_tap_create(peer.loop, ifr.ifr_name, &nd, NULL))
		_exit(77);
	nd->rx = (struct net_receiver){ .receive = peer_receive, .opaque = &peer };
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	inet_pton(AF_INET, "192.0.2.1", &in.sin_addr);
	memcpy(&ifr.ifr_addr, &in, sizeof(in));
	if (ioctl(fd, SIOCSIFADDR, &ifr))
		_exit(2);
	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &ifr))
		_exit(3);
	nd->ops->send(nd, arp, sizeof(arp));
	alarm(5);
	loop_run(peer.loop);
	if (peer.len < 42 || peer.last[21] != 2 || memcmp(peer.last + 28, arp + 38, 4))
		_exit(4);
	netdev_free(nd);
	loop_free(peer.loop);
	_exit(0);
}

static void test_tap(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (!pid)
		tap_child();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();		/* needs root and /dev/net/tun */
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_config), T(test_tx), T(test_tx_batch), T(test_tx_bad), T(test_tx_csum),
		T(test_rx), T(test_rx_merge), T(test_rx_bad), T(test_rx_backlog),
		T(test_rx_partial), T(test_reset),
		cmocka_unit_test(test_forward_parse), cmocka_unit_test(test_slirp_port_in_use),
		cmocka_unit_test(test_tap_errors), cmocka_unit_test(test_slirp_arp),
		cmocka_unit_test(test_slirp_forward),
		cmocka_unit_test(test_tap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
