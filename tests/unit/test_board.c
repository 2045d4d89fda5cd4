/* SPDX-License-Identifier: GPL-2.0-only */
/* PL011, PL031, PL061 and the GIC's coat, by their registers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arm/gic/gicv2.h"
#include "vmm/dev/gic.h"
#include "vmm/dev/pl011.h"
#include "vmm/dev/pl031.h"
#include "vmm/dev/pl061.h"
#include "vmm/host/chardev.h"
#include "vmm/host/loop.h"

/* An interrupt line that is looked at. */
struct wire {
	bool level;
	unsigned int changes;
};

static void wire_set(void *ctx, unsigned int n, bool level)
{
	struct wire *w = ctx;

	(void)n;
	w->changes += w->level != level;
	w->level = level;
}

static struct irq_line line_to(struct wire *w)
{
	return (struct irq_line){ .set = wire_set, .ctx = w };
}

static u32 rd(struct device *dev, u64 off)
{
	u64 v = 0xdead;

	assert_int_equal(dev->ops->read(dev, 0, off, 4, &v), ARM_HANDLED);
	return v;
}

static void wr(struct device *dev, u64 off, u32 val)
{
	assert_int_equal(dev->ops->write(dev, 0, off, 4, val), ARM_HANDLED);
}

/* A chardev that keeps what it is given. */
struct sink {
	struct chardev c;
	char out[128];
	size_t len;
	size_t room;		/* takes no more than so many bytes; 0: none, unless open */
	bool limited;
	unsigned int pokes;
};

static size_t sink_write(struct chardev *c, const void *buf, size_t len)
{
	struct sink *s = (struct sink *)c;

	if (s->limited && len > s->room)
		len = s->room;
	for (size_t i = 0; i < len && s->len < sizeof(s->out); i++)
		s->out[s->len++] = ((const char *)buf)[i];
	s->room -= s->limited ? len : 0;
	return len;
}

static void sink_poke(struct chardev *c)
{
	((struct sink *)c)->pokes++;
}

static const struct chardev_ops sink_ops = { .write = sink_write };

/* What a terminal does with typed bytes; returns how many went in. */
static size_t type(struct sink *s, const char *text)
{
	size_t room = s->c.fe.can_receive(s->c.fe.opaque), len = strlen(text);

	if (len > room)
		len = room;
	if (len)
		s->c.fe.receive(s->c.fe.opaque, (const u8 *)text, len);
	return len;
}

#define UART_DR 0x00
#define UART_FR 0x18
#define UART_LCR 0x2c
#define UART_CR 0x30
#define UART_IFLS 0x34
#define UART_IMSC 0x38
#define UART_RIS 0x3c
#define UART_MIS 0x40
#define UART_ICR 0x44
#define FR_RXFE 0x10
#define FR_TXFF 0x20
#define FR_RXFF 0x40
#define FR_TXFE 0x80
#define RX 0x10
#define TX 0x20
#define RT 0x40

static void pl011_output_and_ids(void **state)
{
	struct sink sink = { .c = { .ops = &sink_ops } };
	struct wire wire = { 0, 0 };
	struct loop *loop = *state;
	struct device *dev;
	static const u8 id[8] = { 0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	assert_int_equal(pl011_create(loop, &sink.c, true, line_to(&wire), &dev), 0);
	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(rd(dev, 0xfe0 + 4 * i), id[i]);
	assert_int_equal(rd(dev, UART_CR), 0x300);
	assert_int_equal(rd(dev, UART_IFLS), 0x12);
	assert_int_equal(rd(dev, UART_FR) & (FR_RXFE | FR_RXFF | FR_TXFE), FR_RXFE | FR_TXFE);
	wr(dev, UART_DR, 'o');
	wr(dev, UART_DR, 'k');
	assert_int_equal(sink.len, 2);
	assert_memory_equal(sink.out, "ok", 2);
	assert_int_equal(rd(dev, UART_RIS), TX);
	assert_false(wire.level);
	wr(dev, UART_IMSC, TX);
	assert_true(wire.level);
	assert_int_equal(rd(dev, UART_MIS), TX);
	wr(dev, UART_ICR, TX);
	assert_false(wire.level);
	/* What nobody connected or defined. */
	wr(dev, 0x48, 7);
	assert_int_equal(rd(dev, 0x48), 7);
	wr(dev, 0x500, 1);
	assert_int_equal(rd(dev, 0x500), 0);
	assert_int_equal(dev->ops->write(dev, 0, 0, 8, 'x'), ARM_NOT_MINE);
	assert_int_equal(sink.len, 2);
	dev->ops->free(dev);
	assert_null(sink.c.fe.receive);
}

static void pl011_input(void **state)
{
	struct sink sink = { .c = { .ops = &sink_ops, .poke = sink_poke } };
	struct wire wire = { 0, 0 };
	struct loop *loop = *state;
	struct device *dev;
	const char *text = "0123456789abcdefghijklmnopqrstuvwxyz";

	assert_int_equal(pl011_create(loop, &sink.c, true, line_to(&wire), &dev), 0);
	/* A disabled receiver takes nothing, and asks for it once enabled. */
	assert_int_equal(type(&sink, "a"), 0);
	wr(dev, UART_CR, 0x301);
	assert_int_equal(sink.pokes, 1);
	/* Without FIFOs there is room for one. */
	assert_int_equal(type(&sink, "ab"), 1);
	assert_int_equal(rd(dev, UART_RIS) & (RX | RT), RX);
	assert_int_equal(rd(dev, UART_FR) & (FR_RXFE | FR_RXFF), FR_RXFF);
	assert_int_equal(rd(dev, UART_DR), 'a');
	assert_int_equal(rd(dev, UART_RIS) & (RX | RT), 0);
	/* With them, half of 32 is the trigger; below it the timeout speaks up. */
	wr(dev, UART_LCR, 0x70);
	wr(dev, UART_IMSC, RX | RT);
	assert_int_equal(type(&sink, "xyz"), 3);
	assert_int_equal(rd(dev, UART_MIS), RT);
	assert_true(wire.level);
	assert_int_equal(rd(dev, UART_DR), 'x');
	assert_int_equal(rd(dev, UART_DR), 'y');
	assert_true(wire.level);
	assert_int_equal(rd(dev, UART_DR), 'z');
	assert_false(wire.level);
	assert_int_equal(type(&sink, text), 32);
	assert_int_equal(rd(dev, UART_MIS), RX | RT);
	assert_int_equal(rd(dev, UART_FR) & FR_RXFF, FR_RXFF);
	assert_int_equal(type(&sink, "!"), 0);
	for (unsigned int i = 0; i < 32; i++) {
		assert_int_equal(!!(rd(dev, UART_RIS) & RX), 32 - i >= 16);
		assert_int_equal(rd(dev, UART_DR), text[i]);
	}
	assert_int_equal(sink.pokes, 2);
	assert_int_equal(rd(dev, UART_FR) & FR_RXFE, FR_RXFE);
	assert_int_equal(rd(dev, UART_DR), 0);
	dev->ops->reset(dev);
	assert_int_equal(rd(dev, UART_CR), 0x300);
	assert_int_equal(rd(dev, UART_IMSC) | rd(dev, UART_RIS) | rd(dev, UART_LCR), 0);
	dev->ops->free(dev);
}

static void pl011_loopback(void **state)
{
	struct sink sink = { .c = { .ops = &sink_ops } };
	struct wire wire = { 0, 0 };
	struct loop *loop = *state;
	struct device *dev;

	assert_int_equal(pl011_create(loop, &sink.c, true, line_to(&wire), &dev), 0);
	wr(dev, UART_LCR, 0x10);
	wr(dev, UART_CR, 0x381);
	for (unsigned int i = 0; i < 100; i++)
		wr(dev, UART_DR, i);
	assert_int_equal(sink.len, 0);
	for (unsigned int i = 0; i < 32; i++)
		assert_int_equal(rd(dev, UART_DR), i);
	assert_int_equal(rd(dev, UART_FR) & FR_RXFE, FR_RXFE);
	dev->ops->free(dev);
}

static void pl011_without_anybody(void **state)
{
	struct loop *loop = *state;
	struct device *dev;

	assert_int_equal(pl011_create(loop, NULL, true, (struct irq_line){ 0 }, &dev), 0);
	wr(dev, UART_CR, 0x301);
	wr(dev, UART_IMSC, 0x7ff);
	wr(dev, UART_DR, 'x');
	assert_int_equal(rd(dev, UART_RIS), TX);
	dev->ops->free(dev);
}

static void quit(void *opaque)
{
	loop_quit(opaque);
}

static void run_for(struct loop *loop, u64 ns)
{
	struct loop_source *timer = loop_add_timer(loop, ns, 0, quit, loop);

	loop_run(loop);
	loop_remove(timer);
}

/* A host that takes nothing for a while: the guest sees a full FIFO and loses no byte. */
static void pl011_slow_host(void **state)
{
	struct sink sink = { .c = { .ops = &sink_ops }, .limited = true };
	struct wire wire = { 0, 0 };
	struct loop *loop = *state;
	struct device *dev;

	assert_int_equal(pl011_create(loop, &sink.c, true, line_to(&wire), &dev), 0);
	wr(dev, UART_LCR, 0x10);
	wr(dev, UART_IMSC, TX);
	for (unsigned int i = 0; i < 32; i++) {
		assert_int_equal(rd(dev, UART_FR) & FR_TXFF, 0);
		wr(dev, UART_DR, 'A' + i);
	}
	assert_int_equal(rd(dev, UART_FR) & (FR_TXFF | FR_TXFE), FR_TXFF);
	assert_int_equal(rd(dev, UART_RIS) & TX, 0);
	wr(dev, UART_DR, '!');	/* lost, as the flag has said */
	sink.room = 15;
	run_for(loop, 10000000);
	assert_int_equal(sink.len, 15);
	assert_false(wire.level);	/* 17 left, the trigger is at 16 */
	sink.room = 1;
	run_for(loop, 10000000);
	assert_true(wire.level);
	sink.room = 100;
	run_for(loop, 10000000);
	assert_int_equal(sink.len, 32);
	for (unsigned int i = 0; i < 32; i++)
		assert_int_equal(sink.out[i], 'A' + i);
	assert_int_equal(rd(dev, UART_FR) & (FR_TXFF | FR_TXFE), FR_TXFE);
	/* Freed with a byte waiting. */
	sink.room = 0;
	wr(dev, UART_DR, 'z');
	sink.room = 1;
	dev->ops->free(dev);
	assert_int_equal(sink.out[32], 'z');
}

static void pl031_time_and_alarm(void **state)
{
	struct wire wire = { 0, 0 };
	struct loop *loop = *state;
	struct device *dev;
	u32 now;

	assert_int_equal(pl031_create(loop, line_to(&wire), &dev), 0);
	assert_int_equal(rd(dev, 0xfe0), 0x31);
	now = time(NULL);
	assert_in_range(rd(dev, 0), now, now + 2);
	wr(dev, 0x08, 1000);
	assert_in_range(rd(dev, 0), 1000, 1002);
	assert_int_equal(rd(dev, 0x08), 1000);
	/* An alarm in the past or far away does nothing; one in a second rings. */
	wr(dev, 0x10, 1);
	wr(dev, 0x04, 500);
	run_for(loop, 50000000);
	assert_false(wire.level);
	wr(dev, 0x04, rd(dev, 0) + 1);
	run_for(loop, 1300000000);
	assert_true(wire.level);
	assert_int_equal(rd(dev, 0x14), 1);
	assert_int_equal(rd(dev, 0x18), 1);
	wr(dev, 0x1c, 1);
	assert_false(wire.level);
	assert_int_equal(rd(dev, 0x14), 0);
	/* With a call to arm it still waiting. */
	wr(dev, 0x04, rd(dev, 0) + 100);
	dev->ops->free(dev);
}

static void pl061_pins(void **state)
{
	struct wire wire = { 0, 0 };
	struct device *dev;

	(void)state;
	assert_int_equal(pl061_create(line_to(&wire), &dev), 0);
	assert_int_equal(rd(dev, 0xfe0), 0x61);
	/* Outputs read back what was written, through the mask in the address. */
	wr(dev, 0x400, 0xf0);
	wr(dev, 0x3fc, 0xff);
	assert_int_equal(rd(dev, 0x3fc), 0xf0);
	wr(dev, 0x10 << 2, 0);
	assert_int_equal(rd(dev, 0x3fc), 0xe0);
	assert_int_equal(rd(dev, 0x80 << 2), 0x80);
	/* Inputs show the wires; what is written to them is lost. */
	pl061_set_input(dev, 3, true);
	assert_int_equal(rd(dev, 0x3fc), 0xe8);
	wr(dev, 0x3fc, 0);
	assert_int_equal(rd(dev, 0x3fc), 0x08);
	dev->ops->free(dev);
}

static void pl061_interrupts(void **state)
{
	struct wire wire = { 0, 0 };
	struct device *dev;

	(void)state;
	assert_int_equal(pl061_create(line_to(&wire), &dev), 0);
	/* Both edges of pin 3, as a key wants it. */
	wr(dev, 0x408, 8);
	wr(dev, 0x41c, 0xff);
	wr(dev, 0x410, 8);
	assert_false(wire.level);
	pl061_set_input(dev, 3, true);
	assert_true(wire.level);
	assert_int_equal(rd(dev, 0x418), 8);
	wr(dev, 0x41c, 8);
	assert_false(wire.level);
	pl061_set_input(dev, 3, true);
	assert_false(wire.level);
	pl061_set_input(dev, 3, false);
	assert_true(wire.level);
	wr(dev, 0x41c, 8);
	/* Rising edges only. */
	wr(dev, 0x408, 0);
	wr(dev, 0x40c, 8);
	pl061_set_input(dev, 3, true);
	assert_true(wire.level);
	wr(dev, 0x41c, 8);
	pl061_set_input(dev, 3, false);
	assert_false(wire.level);
	/* High level: clearing does not help while it lasts. */
	wr(dev, 0x404, 8);
	pl061_set_input(dev, 3, true);
	wr(dev, 0x41c, 8);
	assert_true(wire.level);
	pl061_set_input(dev, 3, false);
	assert_false(wire.level);
	/* Pins that are not enabled stay silent but are seen. */
	pl061_set_input(dev, 3, true);
	wr(dev, 0x410, 0);
	assert_false(wire.level);
	assert_int_equal(rd(dev, 0x414), 8);
	dev->ops->reset(dev);
	assert_int_equal(rd(dev, 0x414) | rd(dev, 0x404), 0);
	dev->ops->free(dev);
}

struct cpus {
	bool irq[GICV2_MAX_CPUS];
	unsigned int calls;
};

static void cpu_output(void *opaque, unsigned int cpu, bool irq, bool fiq)
{
	struct cpus *c = opaque;

	assert_false(fiq);
	c->irq[cpu] = irq;
	c->calls++;
}

static void gic_wires(void **state)
{
	struct cpus cpus = { { false }, 0 };
	const struct gic_config cfg = { .cpus = 2, .irqs = 288, .output = cpu_output, .opaque = &cpus };
	struct irq_line spi;
	struct gic *gic;
	u64 v = 0;

	(void)state;
	assert_int_equal(gic_create(&cfg, &gic), 0);
	spi = gic_spi(gic, 1);
	wr(gic_dist(gic), GICD_CTLR, 1);
	wr(gic_dist(gic), GICD_ISENABLER + 4, 2);
	wr(gic_dist(gic), GICD_ITARGETSR + 32, 0x0200);
	for (unsigned int cpu = 0; cpu < 2; cpu++) {
		struct device *dev = gic_cpu_interface(gic);

		assert_int_equal(dev->ops->write(dev, cpu, GICC_PMR, 4, 0xf8), ARM_HANDLED);
		assert_int_equal(dev->ops->write(dev, cpu, GICC_CTLR, 4, 1), ARM_HANDLED);
	}
	irq_set(&spi, true);
	assert_true(!cpus.irq[0] && cpus.irq[1]);
	assert_int_equal(gic_cpu_interface(gic)->ops->read(gic_cpu_interface(gic), 1, GICC_IAR, 4, &v),
			 ARM_HANDLED);
	assert_int_equal(v, 33);
	assert_false(cpus.irq[1]);
	irq_set(&spi, false);
	/* A private timer interrupt of CPU 0. */
	wr(gic_dist(gic), GICD_ISENABLER, 1u << 27);
	gic_set_ppi(gic, 0, 27, true);
	assert_true(cpus.irq[0]);
	gic_set_ppi(gic, 0, 27, false);
	assert_false(cpus.irq[0]);
	irq_set(&spi, true);
	gic_reset(gic);
	assert_true(!cpus.irq[0] && !cpus.irq[1]);
	gic_free(gic);
}

static int make_loop(void **state)
{
	return loop_create((struct loop **)state);
}

static int free_loop(void **state)
{
	loop_free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pl011_output_and_ids),
		cmocka_unit_test(pl011_input),
		cmocka_unit_test(pl011_loopback),
		cmocka_unit_test(pl011_slow_host),
		cmocka_unit_test(pl011_without_anybody),
		cmocka_unit_test(pl031_time_and_alarm),
		cmocka_unit_test(pl061_pins),
		cmocka_unit_test(pl061_interrupts),
		cmocka_unit_test(gic_wires),
	};

	return cmocka_run_group_tests(tests, make_loop, free_loop);
}
