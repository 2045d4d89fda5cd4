/* SPDX-License-Identifier: GPL-2.0-only */
/* Whole boards that move: the names of what has state, and interrupts over a move. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/save_rig.h"
#include "vmm/dev/timer.h"
#include "vmm/dev/virtio/virtio.h"
#include "vmm/host/chardev.h"
#include "vmm/host/loop.h"
#include "vmm/machine/machine.h"
#include "vmm/machine/vexpress.h"
#include "vmm/machine/virt.h"
#include "vmm/mem/bus.h"
#include "vmm/mem/ram.h"

#define RAM (1u << 20)
#define RTC_MR 0x04
#define RTC_IMSC 0x10
#define RTC_RIS 0x14

static struct loop *loop;

struct board_rig {
	const struct machine_type *type;
	struct guest_mem *mem;
	struct bus *bus;
	struct dev_clock clock;
	struct virtio_device *virtio[1];
	struct machine *m;
	void *ram;
	bool irq;
	unsigned int raised[160];	/* by an engine that has the GIC */
};

static void wires(void *opaque, unsigned int cpu, bool irq, bool fiq)
{
	struct board_rig *b = opaque;

	(void)fiq;
	if (!cpu)
		b->irq = irq;
}

static void engine_spi(void *opaque, unsigned int spi, bool level)
{
	struct board_rig *b = opaque;

	b->raised[spi] += level;
}

static void board_start(struct board_rig *b, const struct machine_type *type, bool own_gic)
{
	struct machine_env env = {
		.cpus = 1, .loop = loop, .clock = &b->clock, .cpu_wires = wires, .opaque = b, .virtio = b->virtio,
	};

	memset(b, 0, sizeof(*b));
	b->type = type;
	b->clock.loop = loop;
	b->mem = guest_mem_create();
	b->bus = bus_create();
	assert_int_equal(ram_alloc(RAM, &b->ram), 0);
	assert_int_equal(guest_mem_add(b->mem, type->ram_base, RAM, b->ram, false), 0);
	if (type->virtio_slots) {
		assert_int_equal(virtio_rng_create(loop, &b->virtio[0]), 0);
		env.nvirtio = 1;
	}
	env.bus = b->bus;
	env.mem = b->mem;
	if (own_gic)
		env.set_spi = engine_spi;
	assert_int_equal(type->create(&env, &b->m), 0);
	b->m->ops->reset(b->m);
}

static void board_stop(struct board_rig *b)
{
	b->m->ops->free(b->m);
	bus_free(b->bus);
	guest_mem_free(b->mem);
	ram_free(b->ram, RAM);
}

static u64 rd(struct board_rig *b, u64 ipa)
{
	u64 val = 0;

	assert_int_equal(bus_read(b->bus, 0, ipa, 4, &val), ARM_HANDLED);
	return val;
}

static void wr(struct board_rig *b, u64 ipa, u32 val)
{
	assert_int_equal(bus_write(b->bus, 0, ipa, 4, val), ARM_HANDLED);
}

/* Every device of @a to its namesake in @b, in the order of the board. */
static void move_board(struct board_rig *a, struct board_rig *b)
{
	const struct machine_device *from, *to;
	unsigned int n = a->m->ops->devices(a->m, &from);

	memcpy(b->ram, a->ram, RAM);
	assert_int_equal(b->m->ops->devices(b->m, &to), n);
	for (unsigned int i = 0; i < n; i++)
		if (from[i].dev->ops->drain)
			from[i].dev->ops->drain(from[i].dev);
	for (unsigned int i = 0; i < n; i++) {
		assert_string_equal(from[i].name, to[i].name);
		move_device(from[i].dev, to[i].dev);
	}
}

static bool has(struct board_rig *b, const char *name)
{
	const struct machine_device *d;
	unsigned int n = b->m->ops->devices(b->m, &d);

	for (unsigned int i = 0; i < n; i++)
		if (!strcmp(d[i].name, name))
			return true;
	return false;
}

static void names(void **state)
{
	static const char *const in_virt[] = {
		"pl011@9000000", "pl031@9010000", "pl061@9030000", "virtio-mmio@a000000", "virtio-mmio@a003e00",
	};
	static const char *const in_vexpress[] = {
		"cfi-flash@8000000", "cfi-flash@c000000", "lan9118@1a000000", "vexpress-sys@1c010000",
		"sp810@1c020000", "pl041@1c040000", "pl181@1c050000", "pl050@1c060000", "pl050@1c070000",
		"pl011@1c090000", "pl011@1c0c0000", "sp805@1c0f0000", "sp804@1c110000", "sp804@1c120000",
		"pl031@1c170000", "pl111@1c1f0000",
	};
	const struct machine_device *d;
	struct board_rig b;

	(void)state;
	board_start(&b, &machine_virt, false);
	for (size_t i = 0; i < ARM_ARRAY_SIZE(in_virt); i++)
		if (!has(&b, in_virt[i]))
			fail_msg("virt has no %s", in_virt[i]);
	b.m->ops->devices(b.m, &d);
	assert_string_equal(d[0].name, "gic");
	board_stop(&b);
	board_start(&b, &machine_vexpress_a15, false);
	for (size_t i = 0; i < ARM_ARRAY_SIZE(in_vexpress); i++)
		if (!has(&b, in_vexpress[i]))
			fail_msg("vexpress-a15 has no %s", in_vexpress[i]);
	/* Who is asked for the clock of a counter comes before the counters. */
	assert_true(b.m->ops->devices(b.m, &d) < 64);
	while (strncmp(d->name, "sp810", 5))
		assert_int_not_equal(strncmp((d++)->name, "sp804", 5), 0);
	board_stop(&b);
	/* An engine with a GIC saves that itself. */
	board_start(&b, &machine_virt, true);
	assert_false(has(&b, "gic"));
	board_stop(&b);
}

/* The distributor and the CPU interface of CPU 0 let everything through; @spi is triggered by edges. */
static void gic_on(struct board_rig *b, unsigned int spi)
{
	u64 d = b->type->gic.dist, c = b->type->gic.cpu;
	unsigned int id = 32 + spi;

	wr(b, d, 1);
	wr(b, d + 0x100 + id / 32 * 4, 1u << id % 32);
	wr(b, d + 0xc00 + id / 16 * 4, 2u << id % 16 * 2);
	wr(b, c + 4, 0xf0);
	wr(b, c, 1);
}

/* The random generator of slot 0 has done a request, so that its line is high. */
static void raise_rng(struct board_rig *b)
{
	u64 base = VIRT_VIRTIO, ram = b->type->ram_base;
	u32 regs[][2] = {
		{ 0x70, 1 }, { 0x70, 3 }, { 0x24, 1 }, { 0x20, 1 }, { 0x70, 11 }, { 0x30, 0 }, { 0x38, 4 },
		{ 0x80, ram }, { 0x90, ram + 0x100 }, { 0xa0, ram + 0x200 }, { 0x44, 1 }, { 0x70, 15 },
	};
	u64 *desc = b->ram;

	for (size_t i = 0; i < ARM_ARRAY_SIZE(regs); i++)
		wr(b, base + regs[i][0], regs[i][1]);
	desc[0] = ram + 0x1000;
	desc[1] = 64 | 2ULL << 32;
	((u16 *)b->ram)[0x102 / 2] = 1;
	wr(b, base + 0x50, 0);
	assert_int_equal(rd(b, base + 0x60), 1);
}

/*
 * The interrupt of an edge comes once: pending before the move, or taken before
 * it with the line still high.
 */
static void one_edge_one_interrupt(void **state)
{
	(void)state;
	for (int taken = 0; taken < 2; taken++) {
		struct board_rig a, b;
		u64 iar, c = machine_virt.gic.cpu;

		board_start(&a, &machine_virt, false);
		board_start(&b, &machine_virt, false);
		gic_on(&a, VIRT_SPI_VIRTIO);
		raise_rng(&a);
		assert_true(a.irq);
		if (taken)
			assert_int_equal(rd(&a, c + 0xc), 32 + VIRT_SPI_VIRTIO);
		move_board(&a, &b);
		assert_int_equal(b.irq, !taken);
		iar = rd(&b, c + 0xc);
		assert_int_equal(iar, taken ? 1023 : 32 + VIRT_SPI_VIRTIO);
		wr(&b, c + 0x10, 32 + VIRT_SPI_VIRTIO);
		assert_false(b.irq);
		assert_int_equal(rd(&b, c + 0xc), 1023);
		/* The next event is one. */
		wr(&b, VIRT_VIRTIO + 0x64, 1);
		((u16 *)b.ram)[0x102 / 2] = 2;
		wr(&b, VIRT_VIRTIO + 0x50, 0);
		assert_true(b.irq);
		assert_int_equal(rd(&b, c + 0xc), 32 + VIRT_SPI_VIRTIO);
		board_stop(&a);
		board_stop(&b);
	}
}

/* Where the engine has the GIC, the lines are driven again. */
static void engines_gic(void **state)
{
	struct board_rig a, b;

	(void)state;
	board_start(&a, &machine_virt, true);
	board_start(&b, &machine_virt, true);
	raise_rng(&a);
	assert_int_equal(a.raised[VIRT_SPI_VIRTIO], 1);
	move_board(&a, &b);
	assert_int_equal(b.raised[VIRT_SPI_VIRTIO], 1);
	board_stop(&a);
	board_stop(&b);
}

static void vexpress_moves(void **state)
{
	u64 t = VEXPRESS_TIMER01;
	struct board_rig a, b;

	(void)state;
	board_start(&a, &machine_vexpress_a15, false);
	board_start(&b, &machine_vexpress_a15, false);
	/* TIMCLK for counter 0, which says 32768 Hz otherwise. */
	wr(&a, VEXPRESS_SP810, 1 << 15 | 1);
	wr(&a, t + 8, 0x82);
	wr(&a, t, 100000000);
	wr(&a, VEXPRESS_SYS + 0x38, 0x1234);
	usleep(20000);
	move_board(&a, &b);
	assert_in_range(rd(&b, t + 4), 90000000, 100000000 - 20000);
	usleep(20000);
	assert_in_range(rd(&b, t + 4), 80000000, 100000000 - 40000);
	assert_int_equal(rd(&b, VEXPRESS_SYS + 0x38), 0x1234);
	board_stop(&a);
	board_stop(&b);
}

static void quit(void *opaque)
{
	loop_quit(opaque);
}

static bool wait_rtc(struct board_rig *b)
{
	for (int i = 0; i < 8000 && !rd(b, VIRT_PL031 + RTC_RIS); i++) {
		loop_call(loop, quit, loop);
		loop_run(loop);
		usleep(1000);
	}
	return rd(b, VIRT_PL031 + RTC_RIS);
}

/* The clock goes on by the host's; an alarm comes, even one that was due on the way. */
static void clock_goes_on(void **state)
{
	struct bytes_out bytes = { 0 };
	const struct machine_device *d, *e;
	struct board_rig a, b;
	char *err = NULL;

	(void)state;
	board_start(&a, &machine_virt, false);
	board_start(&b, &machine_virt, false);
	wr(&a, VIRT_PL031 + 0x08, 1000);
	wr(&a, VIRT_PL031 + RTC_IMSC, 1);
	wr(&a, VIRT_PL031 + RTC_MR, 1002);
	move_board(&a, &b);
	assert_in_range(rd(&b, VIRT_PL031), 1000, 1002);
	assert_true(wait_rtc(&b));
	board_stop(&b);
	/* Saved with the alarm to come, loaded after it. */
	board_start(&b, &machine_virt, false);
	assert_true(wait_rtc(&a));
	wr(&a, VIRT_PL031 + 0x1c, 1);
	wr(&a, VIRT_PL031 + RTC_MR, rd(&a, VIRT_PL031) + 2);
	a.m->ops->devices(a.m, &d);
	b.m->ops->devices(b.m, &e);
	while (strncmp(d->name, "pl031", 5))
		d++, e++;
	save_device(d->dev, &bytes);
	sleep(3);
	assert_int_equal(load_device(e->dev, &bytes, &err), 0);
	assert_true(wait_rtc(&b));
	bytes_free(&bytes);
	board_stop(&a);
	board_stop(&b);
}

static int setup(void **state)
{
	(void)state;
	return loop_create(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(one_edge_one_interrupt),
		cmocka_unit_test(engines_gic),
		cmocka_unit_test(vexpress_moves),
		cmocka_unit_test(clock_goes_on),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
