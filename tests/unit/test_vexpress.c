/* SPDX-License-Identifier: GPL-2.0-only */
/* The devices that vexpress-a15 alone has, by their registers, and the board put together. */
#include "tests/unit/dev_rig.h"
#include "tests/unit/timer_rig.h"

#include <libfdt.h>
#include <pthread.h>

#include "emu/emu.h"
#include "vmm/dev/cfi_flash.h"
#include "vmm/dev/sp804.h"
#include "vmm/dev/sp805.h"
#include "vmm/dev/sp810.h"
#include "vmm/dev/vexpress_sys.h"
#include "vmm/host/image.h"
#include "vmm/machine/vexpress.h"
#include "vmm/mem/bus.h"
#include "vmm/mem/ram.h"

static void start(struct dev_rig *r)
{
	memset(r, 0, sizeof(*r));
	rig_loop(r);
}

static void stop(struct dev_rig *r)
{
	r->dev->ops->free(r->dev);
	loop_free(r->loop);
}

static u32 hz_of(void *ctx, unsigned int counter)
{
	return ((u32 *)ctx)[counter];
}

/* With counters of @hz, which the test can change. */
static void start_sp804(struct dev_rig *r, u32 hz[2])
{
	const struct sp804_clock clock = { hz_of, hz };

	start(r);
	assert_int_equal(sp804_create(&r->clock, &clock, rig_irq_line(r, 0), &r->dev), 0);
}

#define T_LOAD 0x00
#define T_VALUE 0x04
#define T_CTRL 0x08
#define T_INTCLR 0x0c
#define T_RIS 0x10
#define T_MIS 0x14
#define T_BGLOAD 0x18
#define T2 0x20

static void sp804_counts(void **state)
{
	u32 hz[2] = { 1000000, 1000000 };
	struct dev_rig r;
	u32 a, b;

	(void)state;
	start_sp804(&r, hz);
	rig_check_id(&r, 0x00141804);
	assert_int_equal(rd(&r, T_CTRL), 0x20);
	assert_int_equal(rd(&r, T_VALUE), 0xffff);
	assert_int_equal(rd(&r, T_LOAD), 0);
	/* Disabled: stands still. */
	wr(&r, T_LOAD, 5000);
	timer_rig_pass_ms(3);
	assert_int_equal(rd(&r, T_VALUE), 5000);
	assert_int_equal(rd(&r, T_BGLOAD), 5000);
	/* Free running, 32 bits, no interrupt: microseconds go down, and past zero. */
	wr(&r, T_CTRL, 0x82);
	wr(&r, T_LOAD, 1000000);
	a = rd(&r, T_VALUE);
	timer_rig_pass_ms(20);
	b = rd(&r, T_VALUE);
	assert_int_equal(a - b, 20000);
	wr(&r, T_LOAD, 100);
	timer_rig_pass_ms(2);
	assert_int_equal(rd(&r, T_VALUE), -1900u);
	assert_int_equal(rd(&r, T_RIS), 1);
	assert_int_equal(rd(&r, T_MIS), 0);
	wr(&r, T_INTCLR, 0);
	assert_int_equal(rd(&r, T_RIS), 0);
	/* The other counter did not move. */
	assert_int_equal(rd(&r, T2 + T_VALUE), 0xffff);
	assert_int_equal(rd(&r, T2 + T_RIS), 0);
	/* Sixteen bits wrap at 65536. */
	wr(&r, T_CTRL, 0x80);
	wr(&r, T_LOAD, 0x12340010);
	assert_int_equal(rd(&r, T_VALUE), 0x10);
	timer_rig_pass_ms(1);
	assert_int_equal(rd(&r, T_VALUE), 0x10010 - 1000);
	/* A prescaler of 256: 3906 ticks a second. */
	wr(&r, T_CTRL, 0x8a);
	wr(&r, T_LOAD, 100000);
	timer_rig_pass_ms(20);
	assert_int_equal(100000 - rd(&r, T_VALUE), 78);
	stop(&r);
}

static void sp804_interrupts(void **state)
{
	u32 hz[2] = { 1000000, 1000000 };
	struct dev_rig r;

	(void)state;
	start_sp804(&r, hz);
	/* One shot: interrupts once, halts at zero, and goes on with a new load. */
	wr(&r, T2 + T_CTRL, 0xa3);
	wr(&r, T2 + T_LOAD, 2000);
	timer_rig_pass_ms(1);
	assert_int_equal(rd(&r, T2 + T_MIS), 0);
	timer_rig_pass_ms(1);
	assert_int_equal(rd(&r, T2 + T_MIS), 1);
	timer_rig_pass_ms(5);
	assert_true(rig_irq(&r, 0));
	assert_int_equal(rd(&r, T2 + T_VALUE), 0);
	wr(&r, T2 + T_INTCLR, 1);
	assert_false(rig_irq(&r, 0));
	timer_rig_pass_ms(10);
	assert_int_equal(r.edges[0], 1);
	wr(&r, T2 + T_LOAD, 1000);
	timer_rig_pass_ms(10);
	assert_int_equal(r.edges[0], 2);
	wr(&r, T2 + T_CTRL, 0);
	wr(&r, T2 + T_INTCLR, 1);
	/* Periodic: again and again, each time it was cleared. */
	wr(&r, T_CTRL, 0xe2);
	wr(&r, T_LOAD, 1000);
	for (unsigned int i = 0; i < 5; i++) {
		unsigned int edges = r.edges[0];

		timer_rig_pass_ms(1);
		assert_int_equal(r.edges[0], edges + 1);
		assert_in_range(rd(&r, T_VALUE), 1, 1000);
		wr(&r, T_INTCLR, 1);
	}
	/* A load that takes effect at the next zero. */
	wr(&r, T_LOAD, 3000);
	wr(&r, T_INTCLR, 1);
	wr(&r, T_BGLOAD, 500000);
	assert_int_equal(rd(&r, T_VALUE), 3000);
	timer_rig_pass_ms(3);
	assert_int_equal(rd(&r, T_RIS), 1);
	assert_in_range(rd(&r, T_VALUE), 499999, 500000);
	/* A period of nothing interrupts at once, and then stands still. */
	wr(&r, T_INTCLR, 1);
	wr(&r, T_LOAD, 0);
	assert_int_equal(rd(&r, T_RIS), 1);
	wr(&r, T_INTCLR, 1);
	timer_rig_pass_ms(5);
	assert_int_equal(rd(&r, T_RIS), 0);
	assert_int_equal(rd(&r, T_VALUE), 0);
	stop(&r);
}

static void sp804_wires(void **state)
{
	u32 hz[2] = { 1000000, 1000000 };
	struct dev_rig r;

	(void)state;
	start_sp804(&r, hz);
	/* Integration test: the wires by hand. */
	wr(&r, 0xf00, 1);
	assert_false(rig_irq(&r, 0));
	wr(&r, 0xf04, 2);
	assert_true(rig_irq(&r, 0));
	r.dev->ops->reset(r.dev);
	assert_false(rig_irq(&r, 0));
	assert_int_equal(rd(&r, T_CTRL), 0x20);
	timer_rig_pass_ms(2);
	stop(&r);
}

static void sp804_other_clock(void **state)
{
	u32 hz[2] = { 32768, 32768 };
	struct dev_rig r;
	u32 slow, fast;

	(void)state;
	start_sp804(&r, hz);
	wr(&r, T_CTRL, 0x82);
	wr(&r, T_LOAD, 100000000);
	timer_rig_pass_ms(20);
	slow = 100000000 - rd(&r, T_VALUE);
	assert_in_range(slow, 655, 656);
	hz[0] = 1000000;
	sp804_clock_changed(r.dev);
	slow = 100000000 - rd(&r, T_VALUE);
	timer_rig_pass_ms(20);
	fast = 100000000 - rd(&r, T_VALUE) - slow;
	assert_int_equal(fast, 20000);
	stop(&r);
}

static void *load_often(void *opaque)
{
	for (int i = 0; i < 200000; i++)
		wr(opaque, T_LOAD, 1000000000);
	return NULL;
}

/* Two vCPUs that load the counter: no zero is near. */
static void sp804_threads(void **state)
{
	u32 hz[2] = { 1000000, 1000000 };
	struct dev_rig r;
	pthread_t vcpu;

	(void)state;
	start_sp804(&r, hz);
	wr(&r, T_LOAD, 1000000000);
	wr(&r, T_CTRL, 0xe2);
	assert_int_equal(pthread_create(&vcpu, NULL, load_often, &r), 0);
	load_often(&r);
	pthread_join(vcpu, NULL);
	assert_int_equal(rd(&r, T_RIS), 0);
	assert_int_equal(r.edges[0], 0);
	stop(&r);
}

static void count_up(void *ctx)
{
	++*(unsigned int *)ctx;
}

static void sp810_clocks(void **state)
{
	unsigned int changes = 0;
	struct dev_rig r;

	(void)state;
	start(&r);
	assert_int_equal(sp810_create(count_up, &changes, &r.dev), 0);
	rig_check_id(&r, 0x00041810);
	assert_int_equal(rd(&r, 0), 0x9);
	for (unsigned int i = 0; i < 4; i++)
		assert_false(sp810_timer_has_timclk(r.dev, i));
	wr(&r, 0, 1 << 15 | 1 << 19);
	assert_int_equal(changes, 1);
	assert_true(sp810_timer_has_timclk(r.dev, 0) && sp810_timer_has_timclk(r.dev, 2));
	assert_false(sp810_timer_has_timclk(r.dev, 1) || sp810_timer_has_timclk(r.dev, 3));
	/* Other bits are none of a timer's business; the mode is reached at once. */
	wr(&r, 0, 1 << 15 | 1 << 19 | 4);
	assert_int_equal(changes, 1);
	assert_int_equal(rd(&r, 0) & 0x7f, 4 | 4 << 3);
	r.dev->ops->reset(r.dev);
	assert_int_equal(changes, 2);
	assert_false(sp810_timer_has_timclk(r.dev, 0));
	stop(&r);
}

static void sp805_bites(void **state)
{
	unsigned int resets = 0;
	struct sp805_config cfg = { .hz = 1000000, .reset = count_up, .ctx = &resets };
	struct dev_rig r;

	(void)state;
	start(&r);
	cfg.clock = &r.clock;
	assert_int_equal(sp805_create(&cfg, rig_irq_line(&r, 0), &r.dev), 0);
	rig_check_id(&r, 0x00141805);
	assert_int_equal(rd(&r, 0), 0xffffffff);
	assert_int_equal(rd(&r, 4), 0xffffffff);
	/* Locked: nothing changes. */
	wr(&r, 0xc00, 1);
	assert_int_equal(rd(&r, 0xc00), 1);
	wr(&r, 0, 1000);
	assert_int_equal(rd(&r, 0), 0xffffffff);
	wr(&r, 0xc00, 0x1acce551);
	assert_int_equal(rd(&r, 0xc00), 0);
	/* An interrupt at the first zero; without RESEN nothing more. */
	wr(&r, 0, 3000);
	wr(&r, 8, 1);
	timer_rig_pass_ms(2);
	assert_int_equal(rd(&r, 0x14), 0);
	timer_rig_pass_ms(2);
	assert_int_equal(rd(&r, 0x14), 1);
	assert_true(rig_irq(&r, 0));
	timer_rig_pass_ms(20);
	assert_int_equal(resets, 0);
	assert_in_range(rd(&r, 4), 0, 3000);
	/* Clearing it starts anew; fed in time it is quiet. */
	wr(&r, 0, 200000);
	wr(&r, 8, 3);
	wr(&r, 0xc, 1);
	assert_false(rig_irq(&r, 0));
	for (unsigned int i = 0; i < 4; i++) {
		timer_rig_pass_ms(5);
		wr(&r, 0xc, 1);
	}
	assert_false(rig_irq(&r, 0));
	/* Starved, it resets at the second zero. */
	wr(&r, 0, 2000);
	timer_rig_pass_ms(3);
	assert_int_equal(resets, 0);
	assert_true(rig_irq(&r, 0));
	timer_rig_pass_ms(2);
	assert_true(resets >= 1 && r.edges[0] >= 2);
	r.dev->ops->reset(r.dev);
	assert_false(rig_irq(&r, 0));
	timer_rig_pass_ms(2);
	resets = 0;
	timer_rig_pass_ms(10);
	assert_int_equal(resets, 0);
	stop(&r);
}

struct power {
	unsigned int off, reset;
	bool card, readonly;
};

static void power(void *ctx, bool reset)
{
	struct power *p = ctx;

	p->off += !reset;
	p->reset += reset;
}

static bool has_card(void *ctx)
{
	return ((struct power *)ctx)->card;
}

static bool has_readonly(void *ctx)
{
	return ((struct power *)ctx)->readonly;
}

/* One transfer; returns CFGSTAT. */
static u32 config(struct dev_rig *r, bool write, u32 site, u32 function, u32 device, u32 *data)
{
	wr(r, 0xa8, 0);
	if (write)
		wr(r, 0xa0, *data);
	wr(r, 0xa4, 1u << 31 | (write ? 1u << 30 : 0) | function << 20 | site << 16 | device);
	*data = rd(r, 0xa0);
	return rd(r, 0xa8);
}

static void configuration_bus(struct dev_rig *r, struct power *p)
{
	u32 v;

	assert_int_equal(config(r, false, 1, 1, 0, &v), 1);
	assert_int_equal(v, 60000000);
	assert_int_equal(config(r, false, 1, 2, 0, &v), 1);
	assert_int_equal(v, 900000);
	v = 55000000;
	assert_int_equal(config(r, true, 1, 1, 0, &v), 1);
	assert_int_equal(config(r, false, 1, 1, 0, &v), 1);
	assert_int_equal(v, 55000000);
	v = 1;
	assert_int_equal(config(r, true, 1, 1, 0, &v), 3);
	v = 5;
	assert_int_equal(config(r, true, 0, 4, 0, &v), 3);
	assert_int_equal(config(r, false, 2, 1, 0, &v), 3);
	assert_int_equal(config(r, false, 1, 1, 99, &v), 3);
	assert_int_equal(config(r, false, 0, 8, 0, &v), 3);
	assert_int_equal(p->off + p->reset, 0);
	/* Without START nothing happens. */
	wr(r, 0xa4, 1u << 30 | 8 << 20);
	assert_int_equal(p->off, 0);
	config(r, true, 0, 8, 0, &v);
	assert_int_equal(p->off, 1);
	config(r, true, 0, 9, 0, &v);
	config(r, true, 0, 5, 0, &v);
	assert_int_equal(p->reset, 2);
	assert_int_equal(p->off, 1);
}

static void sys_registers(void **state)
{
	struct power p = { .card = true };
	struct dev_rig r;
	const struct vexpress_sys_config cfg = {
		.clock = &r.clock, .id = 0x1190f500, .procid = 0x14000237, .power = power, .card_present = has_card,
		.card_readonly = has_readonly, .ctx = &p,
	};
	u32 a;

	(void)state;
	start(&r);
	assert_int_equal(vexpress_sys_create(&cfg, &r.dev), 0);
	assert_int_equal(rd(&r, 0), 0x1190f500);
	assert_int_equal(rd(&r, 0x84), 0x14000237);
	assert_int_equal(rd(&r, 0x60), 0);
	wr(&r, 8, 0x1a5);
	assert_int_equal(rd(&r, 8), 0xa5);
	/* Flags are set and cleared bit by bit; one set survives a reset. */
	wr(&r, 0x30, 0x80008000);
	wr(&r, 0x30, 0x0000000c);
	assert_int_equal(rd(&r, 0x30), 0x8000800c);
	wr(&r, 0x34, 0x00008004);
	assert_int_equal(rd(&r, 0x30), 0x80000008);
	wr(&r, 0x38, 0xff);
	wr(&r, 0x3c, 0x0f);
	r.dev->ops->reset(r.dev);
	assert_int_equal(rd(&r, 0x30), 0);
	assert_int_equal(rd(&r, 0x38), 0xf0);
	assert_int_equal(rd(&r, 8), 0);
	assert_int_equal(rd(&r, 0x48), 1);
	p.readonly = true;
	assert_int_equal(rd(&r, 0x48), 3);
	a = rd(&r, 0x5c);
	timer_rig_pass_ms(10);
	assert_int_equal(rd(&r, 0x5c) - a, 240000);
	configuration_bus(&r, &p);
	stop(&r);
}

#define SIZE 0x100000u	/* four sectors */

static void flash_status(struct dev_rig *r, u32 want)
{
	wr(r, 0, 0x00700070);
	assert_int_equal(rd(r, 0), want);
	wr(r, 0, 0x00500050);
	wr(r, 0, 0x00ff00ff);
}

static void unlock_block(struct dev_rig *r, u64 off)
{
	wr(r, off, 0x00600060);
	wr(r, off, 0x00d000d0);
	wr(r, off, 0x00ff00ff);
}

static void flash_commands(void **state)
{
	struct dev_rig r;

	(void)state;
	start(&r);
	assert_int_equal(cfi_flash_create(NULL, SIZE, &r.dev), 0);
	assert_int_equal(rd(&r, 0x1234), 0xffffffff);
	/* Both chips answer the query and show their identity. */
	wr(&r, 0x55 * 4, 0x00980098);
	assert_int_equal(rd(&r, 0x10 * 4), 'Q' | 'Q' << 16);
	assert_int_equal(rd(&r, 0x11 * 4), 'R' | 'R' << 16);
	assert_int_equal(rd(&r, 0x12 * 4), 'Y' | 'Y' << 16);
	assert_int_equal(rd_n(&r, 0x13 * 4, 2), 1);
	assert_int_equal(rd_n(&r, 0x27 * 4, 2), 19);
	assert_int_equal(rd_n(&r, 0x2d * 4, 2), 3);
	assert_int_equal(rd_n(&r, 0x30 * 4 + 2, 2), 2);
	assert_int_equal(rd_n(&r, 0x31 * 4, 1), 'P');
	wr(&r, 0, 0x00900090);
	assert_int_equal(rd(&r, 0), 0x00890089);
	assert_int_equal(rd(&r, 4), 0x89198919);
	assert_int_equal(rd(&r, 0x40008), 0x00010001);
	wr(&r, 0, 0x00ff00ff);
	/* Blocks are locked after a reset. */
	wr(&r, 0x100, 0x00400040);
	wr(&r, 0x100, 0x12345678);
	assert_int_equal(rd(&r, 0x100), 0x00920092);
	flash_status(&r, 0x00920092);
	assert_int_equal(rd(&r, 0x100), 0xffffffff);
	unlock_block(&r, 0);
	/* Programming clears bits only. */
	wr(&r, 0x100, 0x00400040);
	wr(&r, 0x100, 0xf0f0f0f0);
	wr(&r, 0x100, 0x00400040);
	wr(&r, 0x100, 0x3c3cffff);
	flash_status(&r, 0x00800080);
	assert_int_equal(rd(&r, 0x100), 0x3030f0f0);
	/* One chip alone. */
	wr_n(&r, 0x106, 2, 0x40);
	wr_n(&r, 0x106, 2, 0xabcd);
	wr_n(&r, 0x106, 2, 0xff);
	assert_int_equal(rd(&r, 0x104), 0xabcdffff);
	/* An erase of another block leaves this one; of this, blanks it; without its confirmation, neither. */
	unlock_block(&r, 0x40000);
	wr(&r, 0x40000, 0x00200020);
	wr(&r, 0x40000, 0x00d000d0);
	flash_status(&r, 0x00800080);
	assert_int_equal(rd(&r, 0x100), 0x3030f0f0);
	wr(&r, 0, 0x00200020);
	wr(&r, 0, 0x00ff00ff);
	flash_status(&r, 0x00b000b0);
	assert_int_equal(rd(&r, 0x100), 0x3030f0f0);
	wr(&r, 0, 0x00200020);
	wr(&r, 0, 0x00d000d0);
	flash_status(&r, 0x00800080);
	assert_int_equal(rd(&r, 0x100), 0xffffffff);
	stop(&r);
}

static void flash_buffer(void **state)
{
	struct dev_rig r;

	(void)state;
	start(&r);
	assert_int_equal(cfi_flash_create(NULL, SIZE, &r.dev), 0);
	unlock_block(&r, 0);
	wr(&r, 0x200, 0x00e800e8);
	assert_int_equal(rd(&r, 0x200), 0x00800080);
	wr(&r, 0x200, 0x000f000f);
	for (unsigned int i = 0; i < 16; i++)
		wr(&r, 0x200 + 4 * i, i * 0x01010101);
	wr(&r, 0x200, 0x00d000d0);
	flash_status(&r, 0x00800080);
	for (unsigned int i = 0; i < 16; i++)
		assert_int_equal(rd(&r, 0x200 + 4 * i), i * 0x01010101);
	/* The largest, into the next block: refused. */
	wr(&r, 0x3ff00, 0x00e800e8);
	wr(&r, 0x3ff00, 0xffffffff);
	for (unsigned int i = 0; i < 256; i++)
		wr(&r, 0x3ff00 + 4 * i, 0);
	wr(&r, 0x3ff00, 0x00d000d0);
	flash_status(&r, 0x00900090);
	assert_int_equal(rd(&r, 0x3ff00), 0);
	assert_int_equal(rd(&r, 0x40000), 0xffffffff);
	/* Not confirmed: nothing is written. */
	wr(&r, 0x1000, 0x00e800e8);
	wr(&r, 0x1000, 0);
	wr(&r, 0x1000, 0);
	wr(&r, 0x1000, 0x00700070);
	flash_status(&r, 0x00b000b0);
	assert_int_equal(rd(&r, 0x1000), 0xffffffff);
	stop(&r);
}

static void flash_file(void **state)
{
	char name[] = "/tmp/vambrace-test-XXXXXX", *err = NULL;
	u32 word = 0x11223344, back = 0;
	u8 *blank = malloc(SIZE);
	struct image *img;
	struct dev_rig r;
	int fd = mkstemp(name);

	(void)state;
	assert_true(fd >= 0);
	memset(blank, 0xff, SIZE);
	memcpy(blank + 0x800, &word, 4);
	assert_int_equal(write(fd, blank, SIZE), SIZE);
	start(&r);
	assert_int_equal(image_open(name, false, &img, &err), 0);
	assert_int_equal(cfi_flash_create(img, SIZE / 2, &r.dev), -EFBIG);
	assert_int_equal(cfi_flash_create(img, SIZE, &r.dev), 0);
	assert_int_equal(rd(&r, 0x800), word);
	unlock_block(&r, 0);
	wr(&r, 0x804, 0x00400040);
	wr(&r, 0x804, 0x55667788);
	assert_int_equal(pread(fd, &back, 4, 0x804), 4);
	assert_int_equal(back, 0x55667788);
	wr(&r, 0, 0x00200020);
	wr(&r, 0, 0x00d000d0);
	assert_int_equal(pread(fd, &back, 4, 0x800), 4);
	assert_int_equal(back, 0xffffffff);
	stop(&r);
	unlink(name);
	close(fd);
	free(blank);
}

static void nothing(void *opaque, unsigned int cpu, bool irq, bool fiq)
{
	(void)opaque, (void)cpu, (void)irq, (void)fiq;
}

static u32 bus_word(struct bus *bus, u64 ipa)
{
	u64 v = 0x1234;

	assert_int_equal(bus_read(bus, 0, ipa, 4, &v), ARM_HANDLED);
	return v;
}

/* The bytes that a KMI has for its driver, the last four at most, the last one lowest. */
static u32 kmi_bytes(struct bus *bus, u64 kmi)
{
	u32 bytes = 0;

	while (bus_word(bus, kmi + 4) & 0x10)
		bytes = bytes << 8 | bus_word(bus, kmi + 8);
	return bytes;
}

/* What the user does arrives at the right one of the two. */
static void check_user(struct machine *m, struct bus *bus)
{
	static const u64 kbd = VEXPRESS_KMI0, mouse = VEXPRESS_KMI1;

	assert_int_equal(bus_write(bus, 0, kbd, 4, 4), ARM_HANDLED);
	assert_int_equal(bus_write(bus, 0, mouse, 4, 4), ARM_HANDLED);
	assert_int_equal(kmi_bytes(bus, kbd), 0xaa);
	assert_int_equal(kmi_bytes(bus, mouse), 0xaa00);
	assert_int_equal(bus_write(bus, 0, mouse + 8, 4, 0xf4), ARM_HANDLED);
	assert_int_equal(kmi_bytes(bus, mouse), 0xfa);
	assert_int_equal(m->ops->key(m, 30, true), 0);
	assert_int_equal(m->ops->key(m, 30, false), 0);
	assert_int_equal(kmi_bytes(bus, kbd), 0x1cf01c);
	assert_int_equal(m->ops->key(m, 4000, true), -EINVAL);
	assert_int_equal(m->ops->mouse(m, 2, 3, 0, 1), 0);
	assert_int_equal(kmi_bytes(bus, mouse), 0x090203);
	assert_int_equal(kmi_bytes(bus, kbd), 0);
}

/* The map: what is fitted says what it is, what is not reads as zero, and nothing else answers. */
static void board(void **state)
{
	static const struct {
		u64 base;
		u32 part;
	} cells[] = {
		{ 0x1c020000, 0x810 }, { 0x1c040000, 0x041 }, { 0x1c050000, 0x181 }, { 0x1c060000, 0x050 },
		{ 0x1c070000, 0x050 }, { 0x1c090000, 0x011 }, { 0x1c0a0000, 0x011 }, { 0x1c0b0000, 0x011 },
		{ 0x1c0c0000, 0x011 }, { 0x1c0f0000, 0x805 }, { 0x1c110000, 0x804 }, { 0x1c120000, 0x804 },
		{ 0x1c170000, 0x031 }, { 0x1c1f0000, 0x111 }, { 0x2b0a0000, 0 }, { 0x7ffb0000, 0 },
		{ 0x7ffd0000, 0 }, { 0x1c030000, 0 }, { 0x1c160000, 0 }, { 0x2b000000, 0 },
	};
	struct machine_parts parts = { .sd = NULL };
	struct guest_mem *mem = guest_mem_create();
	struct bus *bus = bus_create();
	struct dev_clock clock = { .loop = NULL };
	struct machine_env env = {
		.cpus = 2, .clock = &clock, .bus = bus, .mem = mem, .parts = &parts, .cpu_wires = nothing,
	};
	struct machine *m;
	u64 v;

	(void)state;
	assert_int_equal(loop_create(&env.loop), 0);
	clock.loop = env.loop;
	assert_int_equal(machine_vexpress_a15.create(&env, &m), 0);
	m->ops->reset(m);
	for (size_t i = 0; i < ARM_ARRAY_SIZE(cells); i++) {
		u32 id = bus_word(bus, cells[i].base + 0xfe0) | bus_word(bus, cells[i].base + 0xfe4) << 8;

		if ((id & 0xfff) != cells[i].part)
			fail_msg("%llx: %x", (unsigned long long)cells[i].base, id);
		assert_int_equal(bus_word(bus, cells[i].base + 0xffc), cells[i].part ? 0xb1 : 0);
	}
	assert_int_equal(bus_word(bus, 0x1c010000), 0x1190f500);
	assert_int_equal(bus_word(bus, 0x08000000), 0xffffffff);
	assert_int_equal(bus_word(bus, 0x00000000), 0xffffffff);
	assert_int_equal(bus_word(bus, 0x0ffffffc), 0xffffffff);
	assert_int_equal(bus_word(bus, 0x1a000064), 0x87654321);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(bus_word(bus, 0x1c130000 + 0x200 * i), 0x74726976);
	/* 160 interrupts, two CPUs. */
	assert_int_equal(bus_word(bus, 0x2c001004) & 0xff, 1 << 5 | 4);
	/* GICC_IIDR, and GICC_DIR's page. */
	assert_int_equal(bus_word(bus, 0x2c0020fc) & 0xfff, 0x43b);
	assert_int_equal(bus_read(bus, 0, 0x2c003000, 4, &v), ARM_HANDLED);
	assert_int_equal(bus_read(bus, 0, 0x1c130800, 4, &v), ARM_NOT_MINE);
	assert_int_equal(bus_read(bus, 0, 0x20000000, 4, &v), ARM_NOT_MINE);
	check_user(m, bus);
	m->ops->free(m);
	loop_free(env.loop);
	bus_free(bus);
	guest_mem_free(mem);
}

static const struct fdt_params params = {
	.ram_base = VEXPRESS_RAM,
	.ram_size = 1ULL << 30,
	.cpus = 3,
	.cpu_compatible = "arm,cortex-a15",
	.aarch32 = true,
	.armv7 = true,
	.bootargs = "a b",
};

static u32 cell(const void *fdt, const char *path, const char *name, int index)
{
	int len, node = fdt_path_offset(fdt, path);
	const fdt32_t *p = fdt_getprop(fdt, node, name, &len);

	if (node < 0 || !p || len < 4 * (index + 1))
		fail_msg("%s has no %s[%d]", path, name, index);
	return fdt32_ld(p + index);
}

static void own_tree(void **state)
{
	struct fdt_blob t;
	char path[64];

	(void)state;
	assert_int_equal(fdt_make_vexpress(&params, &t), 0);
	assert_int_equal(fdt_check_full(t.blob, t.size), 0);
	assert_int_equal(fdt_node_check_compatible(t.blob, 0, "arm,vexpress"), 0);
	assert_int_equal(cell(t.blob, "/interrupt-controller@2c001000", "reg", 5), 0x2c002000);
	assert_int_equal(cell(t.blob, "/serial@1c0b0000", "interrupts", 1), 7);
	assert_int_equal(cell(t.blob, "/timer@1c120000", "interrupts", 1), 3);
	assert_int_equal(cell(t.blob, "/mmc@1c050000", "interrupts", 4), 10);
	assert_int_equal(cell(t.blob, "/memory@80000000", "reg", 3), 1 << 30);
	for (unsigned int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "/virtio_mmio@%x", 0x1c130000 + 0x200 * i);
		assert_int_equal(cell(t.blob, path, "interrupts", 1), 40 + i);
		snprintf(path, sizeof(path), "/cpus/cpu@%u", i);
		assert_int_equal(fdt_path_offset(t.blob, path) >= 0, i < 3);
	}
	free(t.blob);
}

/* A tree like Debian's: for two CPUs, without virtio. */
static struct fdt_blob board_tree(const char *compatible)
{
	struct fdt_blob t = { malloc(4096), 4096 };
	int node;

	fdt_create_empty_tree(t.blob, 4096);
	fdt_setprop_u32(t.blob, 0, "#address-cells", 2);
	fdt_setprop_u32(t.blob, 0, "#size-cells", 2);
	fdt_setprop_string(t.blob, 0, "compatible", compatible);
	node = fdt_add_subnode(t.blob, 0, "cpus");
	fdt_add_subnode(t.blob, node, "cpu@1");
	node = fdt_path_offset(t.blob, "/cpus");
	fdt_add_subnode(t.blob, node, "cpu@0");
	fdt_pack(t.blob);
	t.size = fdt_totalsize(t.blob);
	return t;
}

static void users_tree(void **state)
{
	struct fdt_params p = params;
	struct fdt_blob in = board_tree("arm,vexpress,v2p-ca15"), out;
	char *err = NULL, path[64];
	int last = 0;

	(void)state;
	for (p.cpus = 1; p.cpus <= 4; p.cpus++) {
		assert_int_equal(fdt_patch(&in, &p, fdt_fit_vexpress, &out, &err), 0);
		assert_int_equal(fdt_check_full(out.blob, out.size), 0);
		for (unsigned int i = 0; i < 8; i++) {
			snprintf(path, sizeof(path), "/cpus/cpu@%u", i);
			assert_int_equal(fdt_path_offset(out.blob, path) >= 0, i < p.cpus);
		}
		assert_int_equal(cell(out.blob, "/memory@80000000", "reg", 1), 0x80000000);
		free(out.blob);
	}
	p.cpus = 2;
	assert_int_equal(fdt_patch(&in, &p, fdt_fit_vexpress, &out, &err), 0);
	for (unsigned int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "/virtio_mmio@%x", 0x1c130000 + 0x200 * i);
		assert_int_equal(cell(out.blob, path, "reg", 1), 0x1c130000 + 0x200 * i);
		assert_int_equal(cell(out.blob, path, "reg", 3), 0x200);
		assert_int_equal(cell(out.blob, path, "interrupts", 1), 40 + i);
		assert_true(fdt_path_offset(out.blob, path) > last);
		last = fdt_path_offset(out.blob, path);
	}
	/* What has them is left as it is. */
	free(in.blob);
	in = out;
	assert_int_equal(fdt_patch(&in, &p, fdt_fit_vexpress, &out, &err), 0);
	free(out.blob);
	free(in.blob);
	in = board_tree("arm,vexpress,v2p-ca9");
	assert_int_equal(fdt_patch(&in, &p, fdt_fit_vexpress, &out, &err), -EINVAL);
	assert_non_null(strstr(err, "another board (arm,vexpress,v2p-ca9)"));
	free(err);
	free(in.blob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sp804_counts),
		cmocka_unit_test(sp804_interrupts),
		cmocka_unit_test(sp804_wires),
		cmocka_unit_test(sp804_other_clock),
		cmocka_unit_test(sp804_threads),
		cmocka_unit_test(sp810_clocks),
		cmocka_unit_test(sp805_bites),
		cmocka_unit_test(sys_registers),
		cmocka_unit_test(flash_commands),
		cmocka_unit_test(flash_buffer),
		cmocka_unit_test(flash_file),
		cmocka_unit_test(board),
		cmocka_unit_test(own_tree),
		cmocka_unit_test(users_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
