/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libFuzzer: a hostile guest in front of the devices of the vexpress
 * motherboard.  The input is a device number and a list of operations: register
 * accesses, sequences that drivers use, events of the host's side.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/dev/lan9118.h"
#include "vmm/dev/pl041.h"
#include "vmm/dev/pl050.h"
#include "vmm/dev/pl111.h"
#include "vmm/dev/pl181.h"
#include "vmm/dev/sdcard.h"
#include "vmm/dev/timer.h"
#include "vmm/host/loop.h"
#include "vmm/host/net.h"
#include "vmm/mem/guest_mem.h"

#define RAM_BASE 0x80000000ULL
#define RAM_SIZE 0x40000ULL

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct guest_mem {
	u8 *ram;
};

enum { LCD, KEYBOARD, MOUSE, AUDIO, CARD, CARD_HC, ETHER, ETHER16, DEVICES };

/* libFuzzer gives the functions no context. */
static struct guest_mem mem;
static struct loop *loop;
static struct dev_clock devices_clock;
static struct device *devices[DEVICES];
static struct netdev *wires[2];

/* The input, taken from the front; zeros when it is used up. */
struct input {
	const u8 *p;
	size_t len;
};

void *guest_mem_ptr(struct guest_mem *m, u64 ipa, u64 len, bool write)
{
	(void)write;
	if (!len || ipa < RAM_BASE || ipa - RAM_BASE >= RAM_SIZE ||
	    len > RAM_SIZE - (ipa - RAM_BASE))
		return NULL;
	return m->ram + (ipa - RAM_BASE);
}

int guest_mem_read(struct guest_mem *m, u64 ipa, void *buf, u64 len)
{
	const void *p = guest_mem_ptr(m, ipa, len, false);

	if (!p)
		return -EFAULT;
	memcpy(buf, p, len);
	return 0;
}

static u64 take(struct input *in, unsigned int bytes)
{
	u64 v = 0;

	for (unsigned int i = 0; i < bytes && in->len; i++, in->len--)
		v |= (u64)*in->p++ << 8 * i;
	return v;
}

static void line_set(void *ctx, unsigned int n, bool level)
{
	(void)ctx;
	(void)n;
	(void)level;
}

static void wire_send(struct netdev *nd, const void *frame, size_t len)
{
	u8 *copy = malloc(len);

	if (len < NET_FRAME_MIN || len > NET_FRAME_MAX)
		abort();
	memcpy(copy, frame, len);
	/* Some peers answer before send() returns. */
	if (copy[0] & 2 && nd->rx.can_receive(nd->rx.opaque))
		nd->rx.receive(nd->rx.opaque, copy, len);
	free(copy);
}

static void wire_free(struct netdev *nd)
{
	free(nd);
}

static struct device *make_card(u64 size)
{
	static const struct irq_line irq[2] = { { .set = line_set }, { .set = line_set } };
	char path[] = "/tmp/fuzz_vexpress.XXXXXX";
	int fd = mkstemp(path);
	struct sdcard *card;
	struct device *dev;

	if (fd < 0 || ftruncate(fd, size) || sdcard_create(NULL, path, false, &card, NULL) ||
	    pl181_create(&devices_clock, card, irq, &dev))
		abort();
	close(fd);
	unlink(path);
	return dev;
}

static void make_ether(unsigned int i, struct irq_line irq)
{
	static const struct netdev_ops ops = { .send = wire_send, .free = wire_free };
	struct lan9118_config cfg = { .clock = &devices_clock, .bus16 = i };

	wires[i] = calloc(1, sizeof(*wires[i]));
	wires[i]->ops = &ops;
	wires[i]->mtu = 1500;
	cfg.netdev = wires[i];
	if (lan9118_create(&cfg, irq, &devices[ETHER + i]))
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct irq_line irq = { .set = line_set };

	(void)argc;
	(void)argv;
	mem.ram = calloc(1, RAM_SIZE);
	if (loop_create(&loop))
		abort();
	devices_clock.loop = loop;
	if (pl111_create(&devices_clock, &mem, irq, &devices[LCD]) ||
	    pl050_create(&devices_clock, PL050_KEYBOARD, irq, &devices[KEYBOARD]) ||
	    pl050_create(&devices_clock, PL050_MOUSE, irq, &devices[MOUSE]) ||
	    pl041_create(&devices_clock, irq, &devices[AUDIO]))
		abort();
	devices[CARD] = make_card(1 << 20);
	devices[CARD_HC] = make_card(4ULL << 30);
	make_ether(0, irq);
	make_ether(1, irq);
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

static void command(struct device *dev, u32 cmd, u32 arg)
{
	reg(dev, 0x08, arg);
	reg(dev, 0x0c, cmd | 0x400);
}

/* The honest beginnings, so that the fuzzer need not find them. */
static void bring_up_card(struct device *dev)
{
	u64 rca = 0;

	reg(dev, 0x00, 3);
	reg(dev, 0x24, 0);
	command(dev, 0, 0);
	command(dev, 8 | 0x40, 0x1aa);
	command(dev, 55 | 0x40, 0);
	command(dev, 41 | 0x40, 0x40ff8000);
	command(dev, 2 | 0xc0, 0);
	command(dev, 3 | 0x40, 0);
	dev->ops->read(dev, 0, 0x14, 4, &rca);
	command(dev, 7 | 0x40, rca & 0xffff0000);
}

static void bring_up_ether(struct device *dev)
{
	reg(dev, 0xa8, 0x8010000c);
	reg(dev, 0xa4, 0x80000001);
	reg(dev, 0x70, 2);
}

static void bring_up_lcd(struct device *dev, struct input *in)
{
	reg(dev, 0x18, 0);
	reg(dev, 0x10, RAM_BASE + take(in, 3));
	reg(dev, 0x18, 0x801 | take(in, 2) << 1);
}

static void bring_up(unsigned int n, struct device *dev, struct input *in)
{
	if (n == CARD || n == CARD_HC)
		bring_up_card(dev);
	else if (n >= ETHER)
		bring_up_ether(dev);
	else if (n == LCD)
		bring_up_lcd(dev, in);
	else if (n == AUDIO)
		reg(dev, 0x78, 0x79);
	else
		reg(dev, 0x00, 0x14);
}

/* A transfer, and words for the FIFO. */
static void data(struct device *dev, struct input *in)
{
	u32 n = take(in, 1), index = take(in, 1) & 0x3f;
	u64 val;

	reg(dev, 0x28, take(in, 2));
	if (n & 1)
		reg(dev, 0x2c, 1 | take(in, 1) << 1);
	command(dev, index | 0x40, take(in, 4) & 0xfffff);
	if (!(n & 1))
		reg(dev, 0x2c, 1 | take(in, 1) << 1);
	for (u32 i = 0; i < n * 4; i++)
		n & 2 ? (void)dev->ops->read(dev, 0, 0x80, 4, &val) : reg(dev, 0x80, i);
}

static void packet(struct device *dev, struct input *in)
{
	u32 a = take(in, 4), words = ((a >> 16 & 0x1f) + (a & 0x7ff) + 3) / 4;

	reg(dev, 0x20, a | (take(in, 1) & 1 ? 0x3000 : 0));
	reg(dev, 0x20, take(in, 1) & 1 ? (a & 0x7ff) : take(in, 4));
	for (u32 i = 0; i < words; i++)
		reg(dev, 0x20, i ? i : take(in, 4));
}

static void sequence(unsigned int n, struct device *dev, struct input *in)
{
	if (n == CARD || n == CARD_HC)
		data(dev, in);
	else if (n >= ETHER)
		packet(dev, in);
}

static void host_event(unsigned int n, struct device *dev, struct input *in)
{
	struct pl111_picture pic;
	u8 frame[2048];
	u32 a = take(in, 4), b = take(in, 4);

	switch (n) {
	case LCD:
		if (!pl111_picture(dev, &pic)) {
			if (!pic.width || pic.width > PL111_WIDTH_MAX || pic.height > PL111_HEIGHT_MAX)
				abort();
			free(pic.pixels);
		}
		break;
	case KEYBOARD:
		pl050_key(dev, a % (KEY_MAX + 10), b & 1);
		break;
	case MOUSE:
		pl050_mouse_move(dev, a, b, a >> 8, b >> 8);
		break;
	case ETHER:
	case ETHER16:
		memset(frame, a, sizeof(frame));
		wires[n - ETHER]->rx.can_receive(wires[n - ETHER]->rx.opaque);
		wires[n - ETHER]->rx.receive(wires[n - ETHER]->rx.opaque, frame, b % sizeof(frame));
		wires[n - ETHER]->rx.receive_done(wires[n - ETHER]->rx.opaque);
		break;
	}
}

static void one_operation(unsigned int n, struct device *dev, struct input *in)
{
	u8 op = take(in, 1);
	unsigned int size = 1u << (op >> 4) % 4;
	u64 off, val;

	switch (op % 8) {
	case 0:
	case 1:
		off = take(in, 2) & 0xffc;
		reg(dev, op & 8 ? off & 0xfc : off, take(in, 4));
		break;
	case 2:
		off = take(in, 2) & 0xfff & ~(size - 1);
		dev->ops->read(dev, 0, off, size, &val);
		break;
	case 3:
		off = take(in, 2) & 0xfff & ~(size - 1);
		dev->ops->write(dev, 0, off, size, take(in, 8));
		break;
	case 4:
		bring_up(n, dev, in);
		break;
	case 5:
		host_event(n, dev, in);
		break;
	case 6:
		sequence(n, dev, in);
		break;
	case 7:
		loop_call(loop, quit, loop);
		loop_run(loop);
		break;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { .p = data, .len = size };
	unsigned int n = take(&in, 1) % DEVICES;

	devices[n]->ops->reset(devices[n]);
	for (unsigned int i = 0; i < 128 && in.len; i++)
		one_operation(n, devices[n], &in);
	return 0;
}
