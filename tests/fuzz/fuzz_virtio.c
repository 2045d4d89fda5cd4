/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libFuzzer: a hostile guest in front of each virtio device.  The input is a
 * device number and a list of operations: register accesses, stores to RAM,
 * whole descriptors, kicks, events of the host's side.
 *
 * clang -fsanitize=fuzzer,address,undefined -I. tests/fuzz/fuzz_virtio.c
 *	vmm/dev/virtio/[a-z]*.c vmm/host/{loop,log,pool,image}.c
 *	$(pkg-config --cflags --libs glib-2.0)
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/dev/virtio/core.h"
#include "vmm/host/chardev.h"
#include "vmm/host/loop.h"
#include "vmm/host/net.h"
#include "vmm/mem/guest_mem.h"

#define RAM_BASE 0x40000000ULL
#define RAM_SIZE 0x20000ULL
#define ROM_BASE 0x1000ULL
#define ROM_SIZE 0x1000ULL

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct guest_mem {
	u8 *ram;
	u8 *rom;
};

enum { BLK, NET, CONSOLE, RNG, DEVICES };

/* libFuzzer gives the functions no context. */
static struct guest_mem mem;
static struct loop *loop;
static struct device *devices[DEVICES];
static struct chardev terminal;
static struct netdev *wire;
static size_t terminal_room;

/* The input, taken from the front; zeros when it is used up. */
struct input {
	const u8 *p;
	size_t len;
};

void *guest_mem_ptr(struct guest_mem *m, u64 ipa, u64 len, bool write)
{
	if (!len)
		return NULL;
	if (ipa >= RAM_BASE && ipa - RAM_BASE < RAM_SIZE && len <= RAM_SIZE - (ipa - RAM_BASE))
		return m->ram + (ipa - RAM_BASE);
	if (!write && ipa >= ROM_BASE && ipa - ROM_BASE < ROM_SIZE &&
	    len <= ROM_SIZE - (ipa - ROM_BASE))
		return m->rom + (ipa - ROM_BASE);
	return NULL;
}

void guest_mem_written(struct guest_mem *m, u64 ipa, u64 len)
{
	/* A device may report only what it may write. */
	if (len && !guest_mem_ptr(m, ipa, len, true))
		abort();
}

static u64 take(struct input *in, unsigned int bytes)
{
	u64 v = 0;
	unsigned int i;

	for (i = 0; i < bytes && in->len; i++, in->len--)
		v |= (u64)*in->p++ << 8 * i;
	return v;
}

static void line_set(void *ctx, unsigned int n, bool level)
{
	(void)ctx;
	(void)n;
	(void)level;
}

static size_t terminal_write(struct chardev *c, const void *buf, size_t len)
{
	u8 sum = 0;
	size_t i;

	(void)c;
	for (i = 0; i < len; i++)	/* all of it must be readable */
		sum += ((const u8 *)buf)[i];
	len = len < terminal_room ? len : terminal_room;
	terminal_room -= len;
	return len + (sum & 0);
}

static void wire_send(struct netdev *nd, const void *frame, size_t len)
{
	u8 *copy = malloc(len);

	(void)nd;
	if (len < NET_FRAME_MIN || len > NET_FRAME_MAX)
		abort();
	memcpy(copy, frame, len);
	free(copy);
}

static void wire_free(struct netdev *nd)
{
	free(nd);
}

static void make_blk(struct virtio_device **vdev)
{
	char path[] = "/tmp/fuzz_virtio.XXXXXX";
	struct virtio_blk_config cfg = { .path = path, .serial = "fuzz", .threads = 2 };
	int fd = mkstemp(path);

	if (fd < 0 || ftruncate(fd, 100000) || virtio_blk_create(&cfg, vdev, NULL))
		abort();
	close(fd);
	unlink(path);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const struct chardev_ops terminal_ops = { .write = terminal_write };
	static const struct netdev_ops wire_ops = { .send = wire_send, .free = wire_free };
	struct irq_line irq = { .set = line_set };
	struct virtio_net_config net = { 0 };
	struct virtio_device *vdev[DEVICES];
	unsigned int i;

	(void)argc;
	(void)argv;
	mem.ram = calloc(1, RAM_SIZE);
	mem.rom = calloc(1, ROM_SIZE);
	if (loop_create(&loop))
		abort();
	terminal.ops = &terminal_ops;
	wire = calloc(1, sizeof(*wire));
	wire->ops = &wire_ops;
	wire->mtu = 65520;
	wire->checksums_good = true;
	net.loop = loop;
	net.netdev = wire;
	make_blk(&vdev[BLK]);
	if (virtio_net_create(&net, &vdev[NET]) ||
	    virtio_console_create(loop, &terminal, &vdev[CONSOLE]) ||
	    virtio_rng_create(loop, &vdev[RNG]))
		abort();
	for (i = 0; i < DEVICES; i++)
		if (virtio_mmio_create(&mem, irq, vdev[i], &devices[i]))
			abort();
	return 0;
}

static void quit(void *opaque)
{
	loop_quit(opaque);
}

static void reg(struct device *dev, u64 off, u32 val)
{
	dev->ops->write(dev, 0, off, 4, val);
}

static void reg_addr(struct device *dev, u64 off, u64 ipa)
{
	reg(dev, off, ipa);
	reg(dev, off + 4, ipa >> 32);
}

#define RING(q) (RAM_BASE + 0x4000 * (q))
#define AVAIL(q) (RING(q) + 0x1000)
#define USED(q) (RING(q) + 0x2000)

/* The honest beginning, so that the fuzzer need not find it. */
static void bring_up(struct device *dev, struct input *in)
{
	u32 features = take(in, 4), num = 1u << take(in, 1) % 9;
	unsigned int q;

	reg(dev, 0x70, 0);
	reg(dev, 0x70, 3);
	reg(dev, 0x24, 0);
	reg(dev, 0x20, features);
	reg(dev, 0x24, 1);
	reg(dev, 0x20, 1);
	reg(dev, 0x70, 11);
	memset(mem.ram, 0, 0x8000);
	for (q = 0; q < 2; q++) {
		reg(dev, 0x30, q);
		reg(dev, 0x38, num);
		reg_addr(dev, 0x80, RING(q));
		reg_addr(dev, 0x90, AVAIL(q));
		reg_addr(dev, 0xa0, USED(q));
		reg(dev, 0x44, 1);
	}
	reg(dev, 0x70, 15);
}

static void put_descriptor(struct input *in)
{
	u8 where = take(in, 1), kind = take(in, 1);
	u64 off = RING(where & 1) - RAM_BASE + 16 * (where >> 1);
	u64 addr = kind & 1 ? take(in, 8) : RAM_BASE + (take(in, 2) << 1);

	if (kind & 2)	/* into an indirect table */
		off = 0x8000 + 16 * where;
	put_le64(mem.ram + off, addr);
	put_le32(mem.ram + off + 8, take(in, kind & 4 ? 4 : 2));
	put_le16(mem.ram + off + 12, kind >> 4 | (kind & 8 ? 4 : 0));
	put_le16(mem.ram + off + 14, take(in, 1));
}

/*
 * A chain as a driver makes it: 16 bytes to read (a block request, or the
 * start of a frame), data in either direction, a byte to write.
 */
static void put_request(struct input *in)
{
	u8 *header = mem.ram + 0xc000, *desc = mem.ram + (take(in, 1) & 1) * 0x4000;
	u8 in_data = take(in, 1) & 1 ? 2 : 0;

	memset(header, 0, 64);
	put_le32(header, take(in, 1));
	put_le64(header + 8, take(in, 1));
	put_le64(header + 16, take(in, 1));	/* the first range of a discard */
	put_le32(header + 24, take(in, 1));
	put_le32(header + 28, take(in, 1) & 1);
	put_le64(desc, RAM_BASE + 0xc000);
	put_le64(desc + 8, 16 | 1ULL << 32 | 1ULL << 48);
	put_le64(desc + 16, RAM_BASE + 0xc010);
	put_le64(desc + 24, take(in, 2) << 4 | (in_data | 1ULL) << 32 | 2ULL << 48);
	put_le64(desc + 32, RAM_BASE + 0xbfff);
	put_le64(desc + 40, 1 | 2ULL << 32);
}

static void show_and_kick(struct device *dev, struct input *in)
{
	u8 q = take(in, 1) & 1;
	u16 *idx = (u16 *)(mem.ram + (AVAIL(q) - RAM_BASE) + 2);
	unsigned int n = take(in, 1) % 8, i;

	for (i = 0; i < n; i++)
		put_le16((u8 *)(idx + 1 + (*idx + i) % 256), take(in, 1));
	__atomic_store_n(idx, *idx + n, __ATOMIC_RELEASE);
	reg(dev, 0x50, q);
}

static void store(struct input *in)
{
	u64 off = take(in, 3) % RAM_SIZE;
	size_t n = take(in, 1);

	n = n < in->len ? n : in->len;
	n = n < RAM_SIZE - off ? n : RAM_SIZE - off;
	memcpy(mem.ram + off, in->p, n);
	in->p += n;
	in->len -= n;
}

static void host_event(struct input *in)
{
	u8 buf[4096];
	size_t n = take(in, 2) % sizeof(buf), room;
	u8 what = take(in, 1);

	memset(buf, what, sizeof(buf));
	terminal_room = what & 1 ? what * 16u : SIZE_MAX;
	room = terminal.fe.can_receive(terminal.fe.opaque);
	terminal.fe.receive(terminal.fe.opaque, buf, n < room ? n : room);
	wire->rx.can_receive(wire->rx.opaque);
	wire->rx.receive(wire->rx.opaque, buf, n);
	wire->rx.receive_done(wire->rx.opaque);
}

static void one_operation(struct device *dev, struct input *in)
{
	u8 op = take(in, 1);
	u64 off, val;

	switch (op % 9) {
	case 0:
		off = take(in, 2) & 0x1fc;
		reg(dev, off, take(in, 4));
		break;
	case 1:
		off = take(in, 2);
		dev->ops->read(dev, 0, off, 1u << (op >> 3) % 4, &val);
		break;
	case 2:
		off = take(in, 2);
		dev->ops->write(dev, 0, off, 1u << (op >> 3) % 4, take(in, 8));
		break;
	case 3:
		bring_up(dev, in);
		break;
	case 4:
		put_descriptor(in);
		break;
	case 5:
		show_and_kick(dev, in);
		break;
	case 6:
		store(in);
		break;
	case 8:
		put_request(in);
		break;
	case 7:
		host_event(in);
		loop_call(loop, quit, loop);
		loop_run(loop);
		break;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { .p = data, .len = size };
	struct device *dev = devices[take(&in, 1) % DEVICES];
	unsigned int i;

	memset(mem.ram, 0, RAM_SIZE);
	for (i = 0; i < 256 && in.len; i++)
		one_operation(dev, &in);
	/* Waits for what is in flight. */
	reg(dev, 0x70, 0);
	return 0;
}
