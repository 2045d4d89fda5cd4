/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices that move in the middle of their work.  A device is driven at random, its state goes
 * into a new one, and from there on both are driven alike: whatever the table
 * forgets shows as a difference, sooner or later.  Then states that no device comes
 * into: they are refused, or the device lives with them.
 */
#include "tests/unit/dev_rig.h"
#include "tests/unit/timer_rig.h"

#include <linux/input-event-codes.h>
#include <pthread.h>
#include <sys/stat.h>

#include "tests/unit/save_rig.h"
#include "vmm/dev/cfi_flash.h"
#include "vmm/dev/gic.h"
#include "vmm/dev/lan9118.h"
#include "vmm/dev/pl011.h"
#include "vmm/dev/pl031.h"
#include "vmm/dev/pl041.h"
#include "vmm/dev/pl050.h"
#include "vmm/dev/pl061.h"
#include "vmm/dev/pl111.h"
#include "vmm/dev/pl181.h"
#include "vmm/dev/sdcard.h"
#include "vmm/dev/sp804.h"
#include "vmm/dev/sp805.h"
#include "vmm/dev/sp810.h"
#include "vmm/dev/vexpress_sys.h"
#include "vmm/host/chardev.h"
#include "vmm/host/image.h"
#include "vmm/host/net.h"
#include "vmm/mem/ram.h"

#define RAM_BASE 0x80000000ULL
#define RAM_SIZE 0x40000ULL
#define CARD_SIZE (1u << 20)
#define SPIS 64
#define CPUS 2

/* A device with its surroundings. */
struct side {
	struct dev_rig rig;
	struct device *second;		/* of the GIC: the CPU interfaces */
	struct gic *gic;
	struct chardev serial;
	struct netdev *wire;
	size_t room;			/* of the serial line's host, bytes; 0: it takes nothing */
	u64 out;			/* a digest of what went to the host */
	u64 outs;			/* bytes */
	bool spi[SPIS], irq[CPUS], fiq[CPUS];
	char path[40];
	unsigned int resets;
};

/* What both sides do. */
struct op {
	u32 what;
	u64 off, val;
	unsigned int size, cpu;
	u64 seed;
};

struct kind {
	const char *name;
	u64 window;
	void (*create)(struct side *s);
	/* What drivers do first, so that chance need not find it. */
	void (*bring_up)(struct side *s);
	/* Something else than a register access; NULL: there is nothing else. */
	void (*event)(struct side *s, const struct op *op);
	/* A register that shows the host's time of day. */
	u64 clock;
	unsigned int rounds;
	bool async;			/* the loop and threads have work for it */
};

static struct loop *loop;
static struct guest_mem *mem;

static void note(struct side *s, const void *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		s->out = (s->out ^ ((const u8 *)buf)[i]) * 0x100000001b3ULL;
	s->outs += len;
}

static void reg(struct side *s, u64 off, u32 val)
{
	wr(&s->rig, off, val);
}

/* The serial port. */

static size_t serial_write(struct chardev *c, const void *buf, size_t len)
{
	struct side *s = (struct side *)((u8 *)c - offsetof(struct side, serial));

	len = len < s->room ? len : s->room;
	s->room -= len;
	if (len)
		note(s, buf, len);
	return len;
}

static const struct chardev_ops serial_ops = { .write = serial_write };

static void create_pl011(struct side *s)
{
	s->serial.ops = &serial_ops;
	assert_int_equal(pl011_create(loop, &s->serial, true, rig_irq_line(&s->rig, 0), &s->rig.dev), 0);
}

static void up_pl011(struct side *s)
{
	reg(s, 0x2c, 0x70);
	reg(s, 0x30, 0x301);
	reg(s, 0x38, 0x7f0);
}

static void event_pl011(struct side *s, const struct op *op)
{
	size_t room = s->serial.fe.can_receive(s->serial.fe.opaque), len = op->val % 9;
	const u8 text[8] = { op->seed, op->seed >> 8, 3, 4, 5, 6, 7, 8 };

	if (room)
		s->serial.fe.receive(s->serial.fe.opaque, text, len < room ? len : room);
}

static void create_pl031(struct side *s)
{
	assert_int_equal(pl031_create(loop, rig_irq_line(&s->rig, 0), &s->rig.dev), 0);
}

static void create_pl061(struct side *s)
{
	assert_int_equal(pl061_create(rig_irq_line(&s->rig, 0), &s->rig.dev), 0);
}

static void event_pl061(struct side *s, const struct op *op)
{
	reg(s, 0x400 + (op->val % 9) * 4, op->seed);
	pl061_set_input(s->rig.dev, op->seed >> 8 & 7, op->seed & 0x800);
}

/* Timers. */

static u32 megahertz(void *ctx, unsigned int counter)
{
	(void)ctx;
	return counter ? 32768 : 1000000;
}

static void create_sp804(struct side *s)
{
	const struct sp804_clock clock = { .hz = megahertz };

	assert_int_equal(sp804_create(&s->rig.clock, &clock, rig_irq_line(&s->rig, 0), &s->rig.dev), 0);
}

static void up_sp804(struct side *s)
{
	reg(s, 0x00, 3000);
	reg(s, 0x08, 0xe2);
	reg(s, 0x20, 70);
	reg(s, 0x28, 0xa3);
}

static void bites(void *ctx)
{
	((struct side *)ctx)->resets++;
}

static void create_sp805(struct side *s)
{
	const struct sp805_config cfg = { .clock = &s->rig.clock, .hz = 32768, .reset = bites, .ctx = s };

	assert_int_equal(sp805_create(&cfg, rig_irq_line(&s->rig, 0), &s->rig.dev), 0);
}

static void up_sp805(struct side *s)
{
	reg(s, 0xc00, 0x1acce551);
	reg(s, 0x000, 100000000);
	reg(s, 0x008, 1);
}

/* Registers that stand apart: tests, locks. */
static void event_far(struct side *s, const struct op *op)
{
	static const u16 offs[] = { 0xf00, 0xf04, 0xc00 };

	reg(s, offs[op->seed % ARM_ARRAY_SIZE(offs)], op->val & 0x100 ? 0x1acce551 : op->val);
}

static void create_sp810(struct side *s)
{
	assert_int_equal(sp810_create(NULL, NULL, &s->rig.dev), 0);
}

static void create_sys(struct side *s)
{
	const struct vexpress_sys_config cfg = { .clock = &s->rig.clock, .id = 0x1190f500, .procid = 0x14000237 };

	assert_int_equal(vexpress_sys_create(&cfg, &s->rig.dev), 0);
}

/* Oscillators and voltages. */
static void event_sys(struct side *s, const struct op *op)
{
	reg(s, 0xa0, 25000000 + op->seed % 40000000);
	reg(s, 0xa4, 0x80100000 | (op->val & 1 ? 0x40000000 : 0) | (op->val & 2 ? 0x10000 : 0) | (op->val >> 8 & 7));
}

/* Sound, input, picture. */

static void create_pl041(struct side *s)
{
	assert_int_equal(pl041_create(&s->rig.clock, rig_irq_line(&s->rig, 0), &s->rig.dev), 0);
}

static void up_pl041(struct side *s)
{
	reg(s, 0x7c, 1);
	reg(s, 0x78, 0x79);
	reg(s, 0x04, 0x18019 | 1 << 16);
	reg(s, 0x00, 0x18019 | 1 << 16);
	reg(s, 0x10, 0x3c);
}

static void event_pl041(struct side *s, const struct op *op)
{
	for (unsigned int i = 0; i < op->val % 300; i++)
		reg(s, 0x90, i);
	reg(s, 0x5c, op->seed & 0xffff0);
	reg(s, 0x54, op->seed >> 20 & 0xff000);
}

static void create_keyboard(struct side *s)
{
	assert_int_equal(pl050_create(&s->rig.clock, PL050_KEYBOARD, rig_irq_line(&s->rig, 0), &s->rig.dev), 0);
}

static void create_mouse(struct side *s)
{
	assert_int_equal(pl050_create(&s->rig.clock, PL050_MOUSE, rig_irq_line(&s->rig, 0), &s->rig.dev), 0);
}

static void up_pl050(struct side *s)
{
	static const u8 bytes[] = { 0xff, 0xf3, 200, 0xf3, 100, 0xf4 };

	reg(s, 0x00, 0x14);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		reg(s, 0x08, bytes[i]);
		for (int n = 0; n < 4; n++)
			rd(&s->rig, 0x08);
	}
}

static void event_keyboard(struct side *s, const struct op *op)
{
	pl050_key(s->rig.dev, op->val % KEY_DELETE, op->seed & 1);
}

static void event_mouse(struct side *s, const struct op *op)
{
	pl050_mouse_move(s->rig.dev, (s8)op->val, (s8)(op->val >> 8), (s8)(op->val >> 16) / 16, op->seed);
}

static void create_pl111(struct side *s)
{
	assert_int_equal(pl111_create(&s->rig.clock, mem, rig_irq_line(&s->rig, 0), &s->rig.dev), 0);
}

static void up_pl111(struct side *s)
{
	reg(s, 0x00, 0x14);
	reg(s, 0x04, 31);
	reg(s, 0x10, RAM_BASE);
	reg(s, 0x18, 0x829);
	reg(s, 0x1c, 0xc);
}

/* Twelve of the controller's registers, six of the cursor's; pictures. */
static void event_pl111(struct side *s, const struct op *op)
{
	struct pl111_picture pic;
	u32 row = op->seed >> 32 & 0x1f;

	if (op->val & 0x100)
		reg(s, row < 12 ? row * 4 : 0xc00 + (row - 12) * 4, op->seed);
	rd(&s->rig, row < 13 ? row * 4 : 0xc00 + (row - 13) * 4);
	if (op->val & 3 || pl111_picture(s->rig.dev, &pic))
		return;
	note(s, pic.pixels, (size_t)pic.width * pic.height * 4);
	free(pic.pixels);
}

/* The card. */

static void make_file(struct side *s, u64 size)
{
	int fd;

	strcpy(s->path, "/tmp/test_save.XXXXXX");
	fd = mkstemp(s->path);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	for (u32 i = 0; i < 64; i++)
		assert_int_equal(pwrite(fd, &i, sizeof(i), i * 509), sizeof(i));
	close(fd);
}

static void create_pl181(struct side *s)
{
	const struct irq_line irq[2] = { rig_irq_line(&s->rig, 0), rig_irq_line(&s->rig, 1) };
	struct sdcard *card;

	make_file(s, CARD_SIZE);
	assert_int_equal(sdcard_create(NULL, s->path, false, &card, NULL), 0);
	assert_int_equal(pl181_create(&s->rig.clock, card, irq, &s->rig.dev), 0);
}

static void settle(struct side *s);

static void command(struct side *s, u32 index, u32 arg)
{
	reg(s, 0x08, arg);
	reg(s, 0x0c, index | 0x400);
	settle(s);
}

static void up_pl181(struct side *s)
{
	u32 rca;

	reg(s, 0x00, 3);
	reg(s, 0x24, 100000000);
	command(s, 0, 0);
	command(s, 8 | 0x40, 0x1aa);
	command(s, 55 | 0x40, 0);
	command(s, 41 | 0x40, 0x40ff8000);
	command(s, 2 | 0xc0, 0);
	command(s, 3 | 0x40, 0);
	rca = rd(&s->rig, 0x14) & 0xffff0000;
	command(s, 7 | 0x40, rca);
	reg(s, 0x3c, 0x5ff);
	reg(s, 0x40, 0x3fc000);
}

/* A transfer that begins, or words of one. */
static void event_pl181(struct side *s, const struct op *op)
{
	static const u8 commands[] = { 17, 18, 24, 25, 12, 32, 33, 38, 13, 51, 27, 6, 55, 16 };
	u32 index = commands[op->val % sizeof(commands)], n = op->seed >> 8 & 0x3f;
	bool read = index != 24 && index != 25 && index != 27;

	if (op->val & 0x1000) {
		for (u32 i = 0; i < n; i++) {
			u32 word = 0;

			if (op->val & 0x2000)
				word = rd(&s->rig, 0x80);
			else
				reg(s, 0x80, op->seed + i);
			note(s, &word, sizeof(word));
			settle(s);
		}
		return;
	}
	reg(s, 0x2c, 0);
	reg(s, 0x28, op->val & 0x4000 ? 512 * (1 + n % 4) : n);
	command(s, index | 0x40, index == 16 ? 512 : (op->seed & 0xff) << 9);
	if (index != 12 && index != 13)
		reg(s, 0x2c, 1 | (read ? 2 : 0) | 9 << 4);
}

/* Ethernet. */

struct wire {
	struct netdev nd;
	struct side *side;
};

static void wire_send(struct netdev *nd, const void *frame, size_t len)
{
	const u8 *p = frame;

	/* That it is here now, only one of the two has to say. */
	if (p[12] == 0x80 && p[13] == 0x35)
		return;
	note(((struct wire *)nd)->side, frame, len);
}

static void wire_free(struct netdev *nd)
{
	free(nd);
}

static void create_ether(struct side *s, bool bus16)
{
	static const struct netdev_ops ops = { .send = wire_send, .free = wire_free };
	struct lan9118_config cfg = { .clock = &s->rig.clock, .bus16 = bus16 };
	struct wire *w = calloc(1, sizeof(*w));

	w->nd.ops = &ops;
	w->side = s;
	s->wire = cfg.netdev = &w->nd;
	assert_int_equal(lan9118_create(&cfg, rig_irq_line(&s->rig, 0), &s->rig.dev), 0);
}

static void create_lan9118(struct side *s)
{
	create_ether(s, false);
}

static void create_lan9118_16(struct side *s)
{
	create_ether(s, true);
}

static void up_lan9118(struct side *s)
{
	reg(s, 0xa8, 0x0004000c);
	reg(s, 0xa4, 0x80000001);
	reg(s, 0x70, 2);
	reg(s, 0x5c, 0x3ffefff);
	reg(s, 0x54, 0x111);
	reg(s, 0x8c, 0x20000050);
}

static void event_lan9118(struct side *s, const struct op *op)
{
	u32 len = 14 + op->val % 600;
	u8 frame[1024];

	if (op->val & 0x10000) {
		memset(frame, op->seed, sizeof(frame));
		memset(frame, 0xff, 6);
		s->wire->rx.receive(s->wire->rx.opaque, frame, len);
		s->wire->rx.receive_done(s->wire->rx.opaque);
		return;
	}
	reg(s, 0x20, 0x80003000 | len);
	reg(s, 0x20, (u32)op->seed << 16 | len);
	/* Some frames stay unfinished. */
	for (u32 i = 0; i < (op->val & 0x20000 ? len / 8 : (len + 3) / 4); i++)
		reg(s, 0x20, op->seed * i);
}

/* Flash in a file that both sides have: as if it were shared. */

static void create_flash(struct side *s)
{
	struct image *img;

	make_file(s, 2 * CFI_FLASH_SECTOR);
	assert_int_equal(image_open(s->path, false, &img, NULL), 0);
	assert_int_equal(cfi_flash_create(img, 2 * CFI_FLASH_SECTOR, &s->rig.dev), 0);
}

static void event_flash(struct side *s, const struct op *op)
{
	static const u32 first[] = { 0x70, 0x90, 0x98, 0x40, 0x20, 0x60, 0xe8, 0x50, 0xff };
	u32 cmd = first[op->val % ARM_ARRAY_SIZE(first)], n = op->seed & 7;
	u64 at = op->off & 0xff;

	reg(s, at * 4, 0x60 * 0x10001u);
	reg(s, at * 4, op->val & 0x100 ? 0x00d000d0 : 0x00010001);
	reg(s, at * 4, cmd * 0x10001u);
	if (cmd != 0xe8)
		return;
	reg(s, at * 4, n * 0x10001u);
	for (u32 i = 0; i <= n && i < (op->val >> 12 & 15); i++)
		reg(s, (at + i) * 4, op->seed >> i);
	if (op->val & 0x200)
		reg(s, at * 4, 0x00d000d0);
}

/* The interrupt controller: its lines are the events. */

static void wires(void *opaque, unsigned int cpu, bool irq, bool fiq)
{
	struct side *s = opaque;

	s->irq[cpu] = irq;
	s->fiq[cpu] = fiq;
}

static void create_gic(struct side *s)
{
	const struct gic_config cfg = { .cpus = CPUS, .irqs = 32 + SPIS, .output = wires, .opaque = s };

	assert_int_equal(gic_create(&cfg, &s->gic), 0);
	s->rig.dev = gic_dist(s->gic);
	s->second = gic_cpu_interface(s->gic);
}

static void up_gic(struct side *s)
{
	u64 val;

	reg(s, 0x000, 3);
	for (u64 i = 0; i < SPIS; i += 4) {
		reg(s, 0x820 + i, 0x03020103);
		reg(s, 0x420 + i, 0x80a0c060);
	}
	for (u64 i = 4; i < 12; i += 4)
		reg(s, 0x100 + i, ~0u);
	reg(s, 0xc08, 0xaaaaaaaa);
	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		s->second->ops->write(s->second, cpu, 0x00, 4, 0x7);
		s->second->ops->write(s->second, cpu, 0x04, 4, 0xf0);
		s->second->ops->read(s->second, cpu, 0x0c, 4, &val);
	}
}

static void event_gic(struct side *s, const struct op *op)
{
	unsigned int spi = op->val % SPIS;
	struct irq_line line = gic_spi(s->gic, spi);
	u64 val = 0;

	switch (op->seed % 4) {
	case 0:
	case 1:
		s->spi[spi] = op->val & 0x100;
		irq_set(&line, s->spi[spi]);
		break;
	case 2:
		s->second->ops->read(s->second, op->cpu, 0x0c, 4, &val);
		note(s, &val, sizeof(val));
		break;
	case 3:
		s->second->ops->write(s->second, op->cpu, 0x10, 4, op->val % (32 + SPIS));
		break;
	}
}

static void restore_lines(struct side *s, const struct side *from)
{
	memcpy(s->spi, from->spi, sizeof(s->spi));
	for (unsigned int i = 0; s->gic && i < SPIS; i++) {
		struct irq_line line = gic_spi(s->gic, i);

		irq_restore(&line, s->spi[i]);
	}
}

static const struct kind kinds[] = {
	{ "gic", 0x1000, create_gic, up_gic, event_gic, 0, 100, false },
	{ "pl011", 0x60, create_pl011, up_pl011, event_pl011, 0, 60, true },
	{ "pl031", 0x20, create_pl031, NULL, NULL, 0x01, 40, false },
	{ "pl061", 0x424, create_pl061, NULL, event_pl061, 0, 60, false },
	{ "sp804", 0x40, create_sp804, up_sp804, event_far, 0, 100, false },
	{ "sp805", 0x20, create_sp805, up_sp805, event_far, 0, 60, false },
	{ "sp810", 0x34, create_sp810, NULL, event_far, 0, 50, false },
	{ "vexpress-sys", 0xac, create_sys, NULL, event_sys, 0, 50, false },
	{ "pl041", 0xb0, create_pl041, up_pl041, event_pl041, 0, 60, false },
	{ "keyboard", 0x14, create_keyboard, up_pl050, event_keyboard, 0, 100, false },
	{ "mouse", 0x14, create_mouse, up_pl050, event_mouse, 0, 100, false },
	{ "pl111", 0xc30, create_pl111, up_pl111, event_pl111, 0, 60, false },
	{ "pl181", 0x4c, create_pl181, up_pl181, event_pl181, 0, 40, true },
	{ "lan9118", 0xb8, create_lan9118, up_lan9118, event_lan9118, 0, 60, true },
	{ "lan9118-16", 0xb8, create_lan9118_16, NULL, event_lan9118, 0, 25, true },
	{ "cfi-flash", 0x400, create_flash, NULL, event_flash, 0, 50, false },
};

/* What is under way on the host's side comes to an end. */
static void settle(struct side *s)
{
	/* A call that is queued now runs before the one that ends the loop. */
	loop_call(loop, rig_quit, loop);
	loop_run(loop);
	if (!s->rig.dev->ops->drain)
		return;
	s->rig.dev->ops->drain(s->rig.dev);
	loop_call(loop, rig_quit, loop);
	loop_run(loop);
}

static void side_start(struct side *s, const struct kind *k)
{
	memset(s, 0, sizeof(*s));
	s->rig.loop = s->rig.clock.loop = loop;
	s->room = 2;
	k->create(s);
	s->rig.dev->ops->reset(s->rig.dev);
}

static void side_stop(struct side *s)
{
	if (s->gic)
		gic_free(s->gic);
	else
		s->rig.dev->ops->free(s->rig.dev);
	if (s->path[0])
		unlink(s->path);
}

static struct op choose_op(const struct kind *k, u64 *seed)
{
	struct op op = { .what = save_random(seed) % 16, .off = save_random(seed), .val = save_random(seed),
			 .cpu = save_random(seed) % CPUS, .seed = save_random(seed) };

	op.size = save_random(seed) % 8 ? 4 : 1u << save_random(seed) % 3;
	op.off = op.off % k->window & ~(u64)(op.size - 1);
	if (save_random(seed) % 2)
		op.val &= 0xffff;
	return op;
}

/* The value that was read, or 0. */
static u64 do_op(const struct kind *k, struct side *s, const struct op *op)
{
	struct device *dev = s->second && op->val & 4 ? s->second : s->rig.dev;
	u64 val = 0;

	if (op->what < 6)
		dev->ops->read(dev, op->cpu, op->off, op->size, &val);
	else if (op->what < 11 || !k->event)
		dev->ops->write(dev, op->cpu, op->off, op->size, op->val);
	else if (op->what < 15)
		k->event(s, op);
	if (k->async)
		settle(s);
	return val;
}

/* Time goes by for all at once. */
static void pass_time(const struct op *op)
{
	if (op->what == 15)
		timer_rig_pass_ms(op->val % (op->seed & 1 ? 400 : 10));
}

static void check_alike(const struct kind *k, struct side *a, struct side *b, u64 seed, int step)
{
	if (memcmp(a->rig.level, b->rig.level, sizeof(a->rig.level)) || memcmp(a->irq, b->irq, sizeof(a->irq)) ||
	    memcmp(a->fiq, b->fiq, sizeof(a->fiq)))
		fail_msg("%s, seed %#llx: after %d steps the interrupt lines differ", k->name, (unsigned long long)seed,
			 step);
	if (a->out != b->out || a->outs != b->outs)
		fail_msg("%s, seed %#llx: after %d steps the host got something else", k->name,
			 (unsigned long long)seed, step);
}

static void one_move(const struct kind *k, u64 seed)
{
	u64 s = seed;
	struct side a, b;
	struct op op;

	side_start(&a, k);
	if (k->bring_up)
		k->bring_up(&a);
	for (u64 n = save_random(&s) % 120; n; n--) {
		op = choose_op(k, &s);
		do_op(k, &a, &op);
		pass_time(&op);
	}
	side_start(&b, k);
	if (b.path[0]) {
		char cmd[128];

		settle(&a);
		snprintf(cmd, sizeof(cmd), "cp %s %s", a.path, b.path);
		assert_int_equal(system(cmd), 0);
	}
	b.out = a.out;
	b.outs = a.outs;
	a.room = b.room = SIZE_MAX;
	move_device(a.rig.dev, b.rig.dev);
	restore_lines(&b, &a);
	/* The pins' levels are the new host's. */
	if (k->event == event_pl061)
		for (unsigned int pin = 0; pin < 8; pin++)
			pl061_set_input(a.rig.dev, pin, false);
	/* A's tries again after a while, B's at once. */
	if (a.serial.ops)
		rig_run_ms(&a.rig, 10);
	settle(&a);
	settle(&b);
	/* An edge that A has seen is no edge for B. */
	assert_true(b.rig.edges[0] <= 1 && b.rig.edges[1] <= 1);
	for (int step = 0; step < 150; step++) {
		u64 va, vb;

		op = choose_op(k, &s);
		va = do_op(k, &a, &op);
		vb = do_op(k, &b, &op);
		if (va != vb && op.off + 1 != k->clock)
			fail_msg("%s, seed %#llx: step %d reads %#llx and %#llx at %#llx", k->name,
				 (unsigned long long)seed, step, (unsigned long long)va, (unsigned long long)vb,
				 (unsigned long long)op.off);
		pass_time(&op);
		check_alike(k, &a, &b, seed, step);
	}
	side_stop(&a);
	side_stop(&b);
}

static void devices_go_on(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARM_ARRAY_SIZE(kinds); i++)
		for (unsigned int n = 0; n < kinds[i].rounds; n++)
			one_move(&kinds[i], 0x9e3779b97f4a7c15ULL * (n + 1) + i);
}

/* Random numbers in a state; the device then lives, or refuses it and lives after a reset. */
static void one_hostile(const struct kind *k, u64 seed, unsigned int *taken)
{
	struct bytes_out bytes = { 0 };
	u64 s = seed;
	struct side a, b;
	char *err = NULL;

	side_start(&a, k);
	if (k->bring_up)
		k->bring_up(&a);
	for (u64 n = save_random(&s) % 60; n; n--) {
		struct op op = choose_op(k, &s);

		do_op(k, &a, &op);
	}
	save_spoilt(a.rig.dev, &bytes, &s, 1u << save_random(&s) % 16);
	side_start(&b, k);
	if (load_device(b.rig.dev, &bytes, &err)) {
		assert_non_null(err);
		assert_true(strlen(err) > 30);
		b.rig.dev->ops->reset(b.rig.dev);
		if (b.gic)
			gic_reset(b.gic);
	} else {
		*taken += 1;
		if (b.rig.dev->ops->resume)
			b.rig.dev->ops->resume(b.rig.dev);
	}
	free(err);
	for (int step = 0; step < 100; step++) {
		struct op op = choose_op(k, &s);

		do_op(k, &b, &op);
		pass_time(&op);
	}
	bytes_free(&bytes);
	side_stop(&a);
	side_stop(&b);
}

static void hostile_states(void **state)
{
	unsigned int taken;

	(void)state;
	for (size_t i = 0; i < ARM_ARRAY_SIZE(kinds); i++) {
		taken = 0;
		for (unsigned int n = 0; n < 2 * kinds[i].rounds; n++)
			one_hostile(&kinds[i], 0xd1342543de82ef95ULL * (n + 1) + i, &taken);
		/* Else nothing was tested but refusals. */
		if (!taken)
			fail_msg("%s: no state was taken", kinds[i].name);
	}
}

static int setup(void **state)
{
	static void *ram;

	(void)state;
	mem = guest_mem_create();
	if (!mem || ram_alloc(RAM_SIZE, &ram))
		return -1;
	for (u64 i = 0; i < RAM_SIZE; i++)
		((u8 *)ram)[i] = i * 7 >> 3;
	return guest_mem_add(mem, RAM_BASE, RAM_SIZE, ram, false) || loop_create(&loop) ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_go_on),
		cmocka_unit_test(hostile_states),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
