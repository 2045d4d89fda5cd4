/* SPDX-License-Identifier: GPL-2.0-only */
/* GICv2: one behaviour of IHI 0048B per test. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "arm/gic/gicv2.h"

#define SPI 40		/* an SPI of the tests, and another */
#define SPI2 41
#define PPI 27
#define SPURIOUS 1023u

/* ~10 KB and no test runs beside another. */
static struct gicv2 gic;

static u32 dr(unsigned int cpu, u32 offset)
{
	u64 v = 0xbad;

	assert_int_equal(gicv2_dist_read(&gic, cpu, offset, 4, &v), ARM_HANDLED);
	return (u32)v;
}

static void dw(unsigned int cpu, u32 offset, u32 v)
{
	assert_int_equal(gicv2_dist_write(&gic, cpu, offset, 4, v), ARM_HANDLED);
}

static void dw8(unsigned int cpu, u32 offset, u8 v)
{
	assert_int_equal(gicv2_dist_write(&gic, cpu, offset, 1, v), ARM_HANDLED);
}

static u32 cr(unsigned int cpu, u32 offset)
{
	u64 v = 0xbad;

	assert_int_equal(gicv2_cpu_read(&gic, cpu, offset, 4, &v), ARM_HANDLED);
	return (u32)v;
}

static void cw(unsigned int cpu, u32 offset, u32 v)
{
	assert_int_equal(gicv2_cpu_write(&gic, cpu, offset, 4, v), ARM_HANDLED);
}

/* A bit of a one-bit-per-interrupt register. */
static void dbit(unsigned int cpu, u32 reg, unsigned int intid)
{
	dw(cpu, reg + intid / 32 * 4, 1u << intid % 32);
}

static bool is_set(unsigned int cpu, u32 reg, unsigned int intid)
{
	return (dr(cpu, reg + intid / 32 * 4) >> intid % 32) & 1;
}

static void edge(unsigned int intid)
{
	u32 reg = GICD_ICFGR + intid / 16 * 4;

	dw(0, reg, dr(0, reg) | 2u << intid % 16 * 2);
}

/* A GIC as Linux leaves it: everything on, SPI and SPI2 enabled for CPU 0. */
static void setup(unsigned int cpus)
{
	gicv2_init(&gic, cpus, 288);
	dw(0, GICD_CTLR, GIC_CTLR_GRP0);
	for (unsigned int i = 0; i < cpus; i++) {
		cw(i, GICC_PMR, 0xf0);
		cw(i, GICC_CTLR, GIC_CTLR_GRP0);
		for (unsigned int r = 0; r < 32; r += 4)
			dw(i, GICD_IPRIORITYR + r, 0xa0a0a0a0);
		dbit(i, GICD_ISENABLER, PPI);
	}
	for (unsigned int id = SPI; id <= SPI2; id++) {
		dbit(0, GICD_ISENABLER, id);
		dw8(0, GICD_IPRIORITYR + id, 0xa0);
		dw8(0, GICD_ITARGETSR + id, 1);
	}
	gicv2_take_changed(&gic);
}

static void test_identity(void **state)
{
	static const u8 id[12] = { 4, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 5, 0xb1 };

	(void)state;
	setup(4);
	assert_int_equal(dr(0, GICD_TYPER), 3 << 5 | 8);
	assert_int_equal(dr(0, GICD_IIDR), 0x0200143b);
	assert_int_equal(cr(0, GICC_IIDR), 0x0202143b);
	for (unsigned int i = 0; i < 12; i++)
		assert_int_equal(dr(0, GICD_PIDR4 + 4 * i), id[i]);
	gicv2_init(&gic, 100, 5000);
	assert_int_equal(gic.irqs, 1020);
	assert_int_equal(dr(0, GICD_TYPER), 7 << 5 | 31);
	dw(0, GICD_ISENABLER + 31 * 4, ~0u);
	assert_int_equal(dr(0, GICD_ISENABLER + 31 * 4), 0x0fffffff);
	gicv2_init(&gic, 0, 33);
	assert_int_equal(gic.cpus, 1);
	assert_int_equal(gic.irqs, 64);
	gicv2_init(&gic, 2, 993);
	assert_int_equal(gic.irqs, 1020);
	gicv2_init(&gic, 2, 992);
	assert_int_equal(gic.irqs, 992);
}

static void test_reset(void **state)
{
	(void)state;
	setup(2);
	gicv2_set_irq(&gic, SPI, 0, true);
	dw(0, GICD_SGIR, 2 << 24 | 3);
	assert_true(gicv2_irq_level(&gic, 0));
	gicv2_reset(&gic);
	assert_false(gicv2_irq_level(&gic, 0));
	assert_int_equal(dr(0, GICD_CTLR), 0);
	assert_int_equal(dr(0, GICD_ISENABLER), 0xffff);
	assert_int_equal(dr(0, GICD_ICFGR), 0xaaaaaaaa);
	assert_int_equal(dr(0, GICD_SPENDSGIR), 0);
	assert_int_equal(cr(0, GICC_BPR), 2);
	assert_int_equal(cr(0, GICC_ABPR), 3);
	assert_int_equal(cr(0, GICC_RPR), 0xff);
	/* The device still holds its wire. */
	assert_true(is_set(0, GICD_ISPENDR, SPI));
}

static void test_level(void **state)
{
	(void)state;
	setup(1);
	gicv2_set_irq(&gic, SPI, 0, true);
	assert_true(gicv2_irq_level(&gic, 0));
	assert_int_equal(gicv2_take_changed(&gic), 1);
	assert_int_equal(gicv2_take_changed(&gic), 0);
	gicv2_set_irq(&gic, SPI, 0, true);
	assert_int_equal(gicv2_take_changed(&gic), 0);
	/* Clearing a pending level does nothing while the wire is high. */
	dbit(0, GICD_ICPENDR, SPI);
	assert_true(is_set(0, GICD_ISPENDR, SPI));
	/* The wire falls before the acknowledge: spurious. */
	gicv2_set_irq(&gic, SPI, 0, false);
	assert_false(gicv2_irq_level(&gic, 0));
	assert_int_equal(cr(0, GICC_IAR), SPURIOUS);
	/* Acknowledged with the wire high: active and pending, not signalled again. */
	gicv2_set_irq(&gic, SPI, 0, true);
	assert_int_equal(cr(0, GICC_IAR), SPI);
	assert_true(is_set(0, GICD_ISACTIVER, SPI) && is_set(0, GICD_ISPENDR, SPI));
	assert_false(gicv2_irq_level(&gic, 0));
	assert_int_equal(cr(0, GICC_IAR), SPURIOUS);
	/* Ended with the wire high: at once again. */
	cw(0, GICC_EOIR, SPI);
	assert_true(gicv2_irq_level(&gic, 0));
	assert_int_equal(cr(0, GICC_IAR), SPI);
	gicv2_set_irq(&gic, SPI, 0, false);
	cw(0, GICC_EOIR, SPI);
	assert_false(gicv2_irq_level(&gic, 0));
}

/* A level-sensitive interrupt made pending by a write stays so without a wire. */
static void test_level_soft(void **state)
{
	(void)state;
	setup(1);
	dbit(0, GICD_ISPENDR, SPI);
	gicv2_set_irq(&gic, SPI, 0, true);
	gicv2_set_irq(&gic, SPI, 0, false);
	assert_true(gicv2_irq_level(&gic, 0));
	assert_int_equal(cr(0, GICC_IAR), SPI);
	assert_false(is_set(0, GICD_ISPENDR, SPI));
	cw(0, GICC_EOIR, SPI);
	assert_false(gicv2_irq_level(&gic, 0));
	dbit(0, GICD_ISPENDR, SPI);
	dbit(0, GICD_ICPENDR, SPI);
	assert_false(gicv2_irq_level(&gic, 0));
}

static void test_edge(void **state)
{
	(void)state;
	setup(1);
	edge(SPI);
	gicv2_set_irq(&gic, SPI, 0, true);
	gicv2_set_irq(&gic, SPI, 0, false);
	assert_true(gicv2_irq_level(&gic, 0));
	assert_int_equal(cr(0, GICC_IAR), SPI);
	/* Another edge while active: pending again afterwards, and once only. */
	gicv2_set_irq(&gic, SPI, 0, true);
	gicv2_set_irq(&gic, SPI, 0, false);
	gicv2_set_irq(&gic, SPI, 0, true);
	assert_false(gicv2_irq_level(&gic, 0));
	cw(0, GICC_EOIR, SPI);
	assert_int_equal(cr(0, GICC_IAR), SPI);
	cw(0, GICC_EOIR, SPI);
	/* The wire is still high, which means nothing. */
	assert_false(gicv2_irq_level(&gic, 0));
	dbit(0, GICD_ISPENDR, SPI);
	dbit(0, GICD_ICPENDR, SPI);
	assert_false(gicv2_irq_level(&gic, 0));
	/* Turned level-sensitive, it does mean something. */
	dw(0, GICD_ICFGR + SPI / 16 * 4, 0);
	assert_true(gicv2_irq_level(&gic, 0));
}

static void test_ppi(void **state)
{
	(void)state;
	setup(3);
	gicv2_set_irq(&gic, PPI, 1, true);
	assert_int_equal(gicv2_take_changed(&gic), 2);
	assert_true(gicv2_irq_level(&gic, 1) && !gicv2_irq_level(&gic, 0));
	assert_int_equal(dr(0, GICD_ISPENDR), 0);
	assert_int_equal(dr(1, GICD_ISPENDR), 1u << PPI);
	assert_int_equal(cr(0, GICC_IAR), SPURIOUS);
	assert_int_equal(cr(1, GICC_IAR), PPI);
	assert_int_equal(dr(0, GICD_ISACTIVER), 0);
	/* PPIs of absent CPUs, SGI wires and interrupts beyond the end: no such wire. */
	gicv2_set_irq(&gic, PPI, 3, true);
	gicv2_set_irq(&gic, PPI, ~0u, true);
	gicv2_set_irq(&gic, 5, 0, true);
	gicv2_set_irq(&gic, 288, 0, true);
	gicv2_set_irq(&gic, 1023, 0, true);
	gicv2_set_irq(&gic, ~0u, 0, true);
	assert_int_equal(dr(0, GICD_ISPENDR), 0);
	/* Their configuration is fixed, their targets are their CPU. */
	dw(0, GICD_ICFGR, 0);
	dw(0, GICD_ICFGR + 4, ~0u);
	assert_int_equal(dr(0, GICD_ICFGR), 0xaaaaaaaa);
	assert_int_equal(dr(0, GICD_ICFGR + 4), 0);
	dw(1, GICD_ITARGETSR + 28, ~0u);
	assert_int_equal(dr(1, GICD_ITARGETSR + 28), 0x02020202);
	assert_int_equal(dr(2, GICD_ITARGETSR), 0x04040404);
}

/* badinputs row 27: absent CPUs and reserved filters do nothing, extra bits are masked. */
static void test_sgi_targets(void **state)
{
	(void)state;
	setup(4);
	dw(1, GICD_SGIR, 0x05 << 16 | 3);
	assert_true(gicv2_irq_level(&gic, 0) && gicv2_irq_level(&gic, 2));
	assert_false(gicv2_irq_level(&gic, 1) || gicv2_irq_level(&gic, 3));
	assert_int_equal(gicv2_take_changed(&gic), 5);
	assert_int_equal(cr(0, GICC_IAR), 1 << 10 | 3);
	assert_int_equal(cr(2, GICC_IAR), 1 << 10 | 3);
	cw(0, GICC_EOIR, 1 << 10 | 3);
	cw(2, GICC_EOIR, 1 << 10 | 3);
	dw(2, GICD_SGIR, 1 << 24 | 0xff << 16 | 4);	/* all but me */
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(cr(i, GICC_IAR), i == 2 ? SPURIOUS : (2 << 10 | 4));
	dw(3, GICD_SGIR, 2 << 24 | 5);			/* me */
	assert_int_equal(cr(2, GICC_IAR), SPURIOUS);
	setup(4);
	dw(0, GICD_SGIR, 3u << 24 | 0xff << 16 | 5);	/* reserved */
	dw(0, GICD_SGIR, 0xf0 << 16 | 5);		/* absent CPUs */
	assert_int_equal(gicv2_take_changed(&gic), 0);
	dw(0, GICD_SGIR, 0x01 << 16 | 0xfff7);		/* id 7, junk above it */
	assert_int_equal(cr(0, GICC_IAR), 7);
	gicv2_dist_write(&gic, 0, GICD_SGIR, 1, 0xff);
	gicv2_dist_write(&gic, 0, GICD_SGIR + 2, 2, 0xffff);
	assert_int_equal(gicv2_take_changed(&gic) & ~1, 0);
	assert_int_equal(dr(0, GICD_SGIR), 0);
}

static void test_sgi_sources(void **state)
{
	(void)state;
	setup(4);
	dw(2, GICD_SGIR, 1 << 16 | 6);
	dw(1, GICD_SGIR, 1 << 16 | 6);
	dw(1, GICD_SGIR, 1 << 16 | 6);		/* a second one from CPU 1 is lost */
	assert_int_equal(dr(0, GICD_SPENDSGIR + 4), 0x06 << 16);
	assert_int_equal(dr(0, GICD_CPENDSGIR + 4), 0x06 << 16);
	assert_true(is_set(0, GICD_ISPENDR, 6));
	assert_int_equal(cr(0, GICC_HPPIR), 1 << 10 | 6);
	assert_int_equal(cr(0, GICC_IAR), 1 << 10 | 6);
	assert_true(is_set(0, GICD_ISPENDR, 6) && is_set(0, GICD_ISACTIVER, 6));
	assert_int_equal(cr(0, GICC_IAR), SPURIOUS);
	cw(0, GICC_EOIR, 1 << 10 | 6);
	assert_int_equal(cr(0, GICC_IAR), 2 << 10 | 6);
	assert_false(is_set(0, GICD_ISPENDR, 6));
	cw(0, GICC_EOIR, 2 << 10 | 6);
	assert_int_equal(cr(0, GICC_IAR), SPURIOUS);
	/* By hand, a byte at a time; absent sources do not stick. */
	dw8(3, GICD_SPENDSGIR + 9, 0xff);
	assert_int_equal(dr(3, GICD_SPENDSGIR + 8), 0x0f00);
	dw8(3, GICD_CPENDSGIR + 9, 0x07);
	assert_int_equal(cr(3, GICC_IAR), 3 << 10 | 9);
	/* ISPENDR and ICPENDR cannot touch SGIs. */
	dw(3, GICD_ISPENDR, 0xffff);
	assert_int_equal(dr(3, GICD_ISPENDR), 0);
	dw8(3, GICD_SPENDSGIR + 2, 1);
	dw(3, GICD_ICPENDR, 0xffff);
	assert_int_equal(dr(3, GICD_ISPENDR), 4);
	dw(3, GICD_ICENABLER, 4);
	assert_false(gicv2_irq_level(&gic, 3));
}

static void test_priority(void **state)
{
	(void)state;
	setup(1);
	gicv2_set_irq(&gic, SPI, 0, true);
	gicv2_set_irq(&gic, SPI2, 0, true);
	assert_int_equal(cr(0, GICC_HPPIR), SPI);	/* equal: lowest id */
	dw8(0, GICD_IPRIORITYR + SPI2, 0x9f);
	assert_int_equal(dr(0, GICD_IPRIORITYR + SPI), 0x98a0);	/* five bits */
	assert_int_equal(cr(0, GICC_HPPIR), SPI2);
	/* PMR: strictly higher only.  HPPIR does not care. */
	cw(0, GICC_PMR, 0x98);
	assert_false(gicv2_irq_level(&gic, 0));
	assert_int_equal(cr(0, GICC_HPPIR), SPI2);
	assert_int_equal(cr(0, GICC_IAR), SPURIOUS);
	cw(0, GICC_PMR, 0xa7);
	assert_int_equal(cr(0, GICC_PMR), 0xa0);
	assert_true(gicv2_irq_level(&gic, 0));
	assert_int_equal(cr(0, GICC_IAR), SPI2);
	assert_int_equal(cr(0, GICC_RPR), 0x98);
	/* Halfword access to byte registers. */
	gicv2_dist_write(&gic, 0, GICD_IPRIORITYR + SPI, 2, 0x1020);
	assert_int_equal(dr(0, GICD_IPRIORITYR + SPI), 0x1020);
}

static void test_preemption(void **state)
{
	(void)state;
	setup(1);
	gicv2_set_irq(&gic, SPI, 0, true);
	assert_int_equal(cr(0, GICC_IAR), SPI);
	gicv2_set_irq(&gic, SPI2, 0, true);
	assert_false(gicv2_irq_level(&gic, 0));		/* equal priority */
	dw8(0, GICD_IPRIORITYR + SPI2, 0x80);
	assert_true(gicv2_irq_level(&gic, 0));
	assert_int_equal(cr(0, GICC_IAR), SPI2);
	assert_int_equal(cr(0, GICC_RPR), 0x80);
	assert_int_equal(cr(0, GICC_APR0), 1u << (0xa0 >> 3) | 1u << (0x80 >> 3));
	gicv2_set_irq(&gic, SPI2, 0, false);
	cw(0, GICC_EOIR, SPI2);
	assert_int_equal(cr(0, GICC_RPR), 0xa0);
	cw(0, GICC_EOIR, SPI);
	assert_int_equal(cr(0, GICC_RPR), 0xff);
	/* BPR 5: group priority is bits 7:6; 0xa0 and 0x80 are one, 0x78 is not. */
	cw(0, GICC_BPR, 5);
	assert_int_equal(cr(0, GICC_IAR), SPI);
	assert_int_equal(cr(0, GICC_RPR), 0x80);
	gicv2_set_irq(&gic, SPI2, 0, true);
	assert_false(gicv2_irq_level(&gic, 0));
	dw8(0, GICD_IPRIORITYR + SPI2, 0x78);
	assert_true(gicv2_irq_level(&gic, 0));
	assert_int_equal(cr(0, GICC_IAR), SPI2);
	assert_int_equal(cr(0, GICC_RPR), 0x40);
	gicv2_set_irq(&gic, SPI2, 0, false);
	cw(0, GICC_EOIR, SPI2);
	cw(0, GICC_EOIR, SPI);
	/* BPR 7: nothing preempts anything, but an idle CPU is interrupted. */
	cw(0, GICC_BPR, 7);
	gicv2_set_irq(&gic, SPI, 0, false);
	gicv2_set_irq(&gic, SPI, 0, true);
	assert_int_equal(cr(0, GICC_IAR), SPI);
	dw8(0, GICD_IPRIORITYR + SPI2, 0);
	gicv2_set_irq(&gic, SPI2, 0, true);
	assert_false(gicv2_irq_level(&gic, 0));
	cw(0, GICC_BPR, 0);
	assert_int_equal(cr(0, GICC_BPR), 2);
	cw(0, GICC_ABPR, 0);
	assert_int_equal(cr(0, GICC_ABPR), 3);
}

static void test_eoi_mode(void **state)
{
	(void)state;
	setup(2);
	/* Mode 0: DIR does nothing. */
	gicv2_set_irq(&gic, SPI, 0, true);
	assert_int_equal(cr(0, GICC_IAR), SPI);
	cw(0, GICC_DIR, SPI);
	assert_true(is_set(0, GICD_ISACTIVER, SPI));
	cw(0, GICC_EOIR, SPI);
	assert_false(is_set(0, GICD_ISACTIVER, SPI));
	/* Mode 1: EOIR drops the priority, DIR, also from elsewhere, deactivates. */
	for (unsigned int i = 0; i < 2; i++)
		cw(i, GICC_CTLR, GIC_CTLR_GRP0 | GICC_CTLR_EOIMODE);
	assert_int_equal(cr(0, GICC_IAR), SPI);
	gicv2_set_irq(&gic, SPI2, 0, true);
	assert_false(gicv2_irq_level(&gic, 0));
	cw(0, GICC_EOIR, SPI);
	assert_int_equal(cr(0, GICC_RPR), 0xff);
	assert_true(is_set(0, GICD_ISACTIVER, SPI));
	assert_int_equal(cr(0, GICC_IAR), SPI2);	/* not SPI, which is active */
	cw(0, GICC_EOIR, SPI2);
	assert_int_equal(cr(0, GICC_IAR), SPURIOUS);
	cw(1, GICC_DIR, SPI);
	assert_int_equal(cr(0, GICC_IAR), SPI);
	/* Nonsense ends nothing. */
	cw(0, GICC_EOIR, 1023);
	cw(0, GICC_EOIR, 1022);
	cw(0, GICC_EOIR, 288);
	cw(0, GICC_DIR, 1023);
	assert_int_equal(cr(0, GICC_RPR), 0xa0);
	cw(1, GICC_EOIR, SPI);				/* nothing active there */
	assert_int_equal(cr(1, GICC_RPR), 0xff);
}

static void test_groups(void **state)
{
	(void)state;
	setup(1);
	dw(0, GICD_CTLR, GIC_CTLR_GRP0 | GIC_CTLR_GRP1);
	cw(0, GICC_CTLR, GIC_CTLR_GRP0 | GIC_CTLR_GRP1 | GICC_CTLR_FIQEN);
	dbit(0, GICD_IGROUPR, SPI2);
	gicv2_set_irq(&gic, SPI, 0, true);
	assert_true(gicv2_fiq_level(&gic, 0) && !gicv2_irq_level(&gic, 0));
	assert_int_equal(cr(0, GICC_AHPPIR), SPURIOUS);
	assert_int_equal(cr(0, GICC_AIAR), SPURIOUS);
	cw(0, GICC_CTLR, GIC_CTLR_GRP0 | GIC_CTLR_GRP1);
	assert_true(gicv2_irq_level(&gic, 0) && !gicv2_fiq_level(&gic, 0));
	gicv2_set_irq(&gic, SPI, 0, false);
	/* Group 1: 1022 from IAR without AckCtl, and not acknowledged by that. */
	gicv2_set_irq(&gic, SPI2, 0, true);
	cw(0, GICC_CTLR, GIC_CTLR_GRP0 | GIC_CTLR_GRP1 | GICC_CTLR_FIQEN);
	assert_true(gicv2_irq_level(&gic, 0) && !gicv2_fiq_level(&gic, 0));
	assert_int_equal(cr(0, GICC_HPPIR), 1022);
	assert_int_equal(cr(0, GICC_IAR), 1022);
	assert_true(gicv2_irq_level(&gic, 0));
	assert_int_equal(cr(0, GICC_AHPPIR), SPI2);
	assert_int_equal(cr(0, GICC_AIAR), SPI2);
	cw(0, GICC_AEOIR, SPI2);
	assert_int_equal(cr(0, GICC_RPR), 0xff);
	/* AckCtl lets IAR do it. */
	cw(0, GICC_CTLR, GIC_CTLR_GRP0 | GIC_CTLR_GRP1 | GICC_CTLR_ACKCTL);
	assert_int_equal(cr(0, GICC_IAR), SPI2);
	cw(0, GICC_EOIR, SPI2);
	assert_true(gicv2_irq_level(&gic, 0));
	/* AEOIR is not for Group 0. */
	gicv2_set_irq(&gic, SPI2, 0, false);
	gicv2_set_irq(&gic, SPI, 0, true);
	assert_int_equal(cr(0, GICC_IAR), SPI);
	cw(0, GICC_AEOIR, SPI);
	assert_true(is_set(0, GICD_ISACTIVER, SPI));
	assert_int_equal(cr(0, GICC_RPR), 0xa0);
	cw(0, GICC_EOIR, SPI);
	/* A signalled interrupt that changes its group changes its wire. */
	cw(0, GICC_CTLR, GIC_CTLR_GRP0 | GIC_CTLR_GRP1 | GICC_CTLR_FIQEN);
	gicv2_take_changed(&gic);
	dbit(0, GICD_IGROUPR, SPI);
	assert_true(gicv2_irq_level(&gic, 0) && !gicv2_fiq_level(&gic, 0));
	assert_int_equal(gicv2_take_changed(&gic), 1);
}

static void test_group_enables(void **state)
{
	(void)state;
	setup(1);
	dbit(0, GICD_IGROUPR, SPI2);
	dw8(0, GICD_IPRIORITYR + SPI2, 0x40);
	gicv2_set_irq(&gic, SPI, 0, true);
	gicv2_set_irq(&gic, SPI2, 0, true);
	/* Group 1 stays in the distributor: SPI is seen. */
	assert_int_equal(cr(0, GICC_HPPIR), SPI);
	assert_true(gicv2_irq_level(&gic, 0));
	/* It is forwarded, and the interface does not pass it on: it hides SPI. */
	dw(0, GICD_CTLR, 0xffffffff);
	assert_int_equal(dr(0, GICD_CTLR), 3);
	assert_int_equal(cr(0, GICC_HPPIR), SPURIOUS);
	assert_false(gicv2_irq_level(&gic, 0));
	cw(0, GICC_CTLR, GIC_CTLR_GRP0 | GIC_CTLR_GRP1);
	assert_int_equal(cr(0, GICC_IAR), 1022);
	/* Distributor off, interface off: silence, but pending is kept. */
	dw(0, GICD_CTLR, 0);
	assert_false(gicv2_irq_level(&gic, 0));
	assert_true(is_set(0, GICD_ISPENDR, SPI));
	dw(0, GICD_CTLR, 1);
	assert_true(gicv2_irq_level(&gic, 0));
	cw(0, GICC_CTLR, 0);
	assert_false(gicv2_irq_level(&gic, 0));
	assert_int_equal(cr(0, GICC_IAR), SPURIOUS);
}

/* ABPR splits Group 1 one bit further left than BPR; CBPR gives BPR to both. */
static void test_abpr(void **state)
{
	(void)state;
	setup(1);
	dw(0, GICD_CTLR, 3);
	dw(0, GICD_IGROUPR + SPI / 32 * 4, ~0u);
	cw(0, GICC_CTLR, 3 | GICC_CTLR_ACKCTL);
	cw(0, GICC_ABPR, 6);		/* group: bits 7:6 */
	gicv2_set_irq(&gic, SPI, 0, true);
	assert_int_equal(cr(0, GICC_IAR), SPI);
	assert_int_equal(cr(0, GICC_RPR), 0x80);	/* the group priority */
	dw8(0, GICD_IPRIORITYR + SPI2, 0x80);
	gicv2_set_irq(&gic, SPI2, 0, true);
	assert_false(gicv2_irq_level(&gic, 0));
	dw8(0, GICD_IPRIORITYR + SPI2, 0x78);
	assert_true(gicv2_irq_level(&gic, 0));
	cw(0, GICC_BPR, 7);
	assert_true(gicv2_irq_level(&gic, 0));
	gicv2_set_irq(&gic, SPI2, 0, false);
	cw(0, GICC_EOIR, SPI);
	cw(0, GICC_CTLR, 3 | GICC_CTLR_ACKCTL | GICC_CTLR_CBPR);
	assert_int_equal(cr(0, GICC_IAR), SPI);
	assert_int_equal(cr(0, GICC_RPR), 0);
	gicv2_set_irq(&gic, SPI2, 0, true);
	assert_false(gicv2_irq_level(&gic, 0));
}

static void test_targets(void **state)
{
	(void)state;
	setup(4);
	gicv2_set_irq(&gic, SPI, 0, true);
	gicv2_take_changed(&gic);
	/* Moved while pending. */
	dw8(0, GICD_ITARGETSR + SPI, 0x04);
	assert_int_equal(gicv2_take_changed(&gic), 5);
	assert_true(gicv2_irq_level(&gic, 2) && !gicv2_irq_level(&gic, 0));
	/* Several targets: the first to read IAR has it (1-N). */
	dw8(0, GICD_ITARGETSR + SPI, 0xff);
	assert_int_equal(dr(0, GICD_ITARGETSR + SPI), 0x010f);
	for (unsigned int i = 0; i < 4; i++)
		assert_true(gicv2_irq_level(&gic, i));
	assert_int_equal(cr(3, GICC_IAR), SPI);
	for (unsigned int i = 0; i < 4; i++) {
		assert_false(gicv2_irq_level(&gic, i));
		assert_int_equal(cr(i, GICC_IAR), SPURIOUS);
	}
	/* No target, no interrupt, and the EOI of the old one still counts. */
	dw8(0, GICD_ITARGETSR + SPI, 0xf0);
	cw(3, GICC_EOIR, SPI);
	assert_false(gicv2_irq_level(&gic, 3));
	assert_true(is_set(0, GICD_ISPENDR, SPI));
	dw8(0, GICD_ITARGETSR + SPI, 0x02);
	assert_true(gicv2_irq_level(&gic, 1));
	/* One CPU: RAZ/WI, all is CPU 0's. */
	setup(1);
	dw8(0, GICD_ITARGETSR + SPI, 0);
	assert_int_equal(dr(0, GICD_ITARGETSR + SPI), 0);
	assert_int_equal(dr(0, GICD_ITARGETSR), 0);
	gicv2_set_irq(&gic, SPI, 0, true);
	assert_true(gicv2_irq_level(&gic, 0));
}

static void test_disable_and_active(void **state)
{
	(void)state;
	setup(1);
	gicv2_set_irq(&gic, SPI, 0, true);
	dbit(0, GICD_ICENABLER, SPI);
	assert_false(gicv2_irq_level(&gic, 0));
	assert_true(is_set(0, GICD_ISPENDR, SPI));
	dbit(0, GICD_ISENABLER, SPI);
	assert_int_equal(cr(0, GICC_IAR), SPI);
	/* Disabled while active: the end comes through, nothing else does. */
	dbit(0, GICD_ICENABLER, SPI);
	cw(0, GICC_EOIR, SPI);
	assert_false(is_set(0, GICD_ISACTIVER, SPI));
	assert_false(gicv2_irq_level(&gic, 0));
	dbit(0, GICD_ISENABLER, SPI);
	assert_true(gicv2_irq_level(&gic, 0));
	/* Active by hand keeps it away; inactive by hand brings it back. */
	dbit(0, GICD_ISACTIVER, SPI);
	assert_false(gicv2_irq_level(&gic, 0));
	dbit(0, GICD_ICACTIVER, SPI);
	assert_true(gicv2_irq_level(&gic, 0));
	/* Deactivated by hand while handled: priority stays active. */
	assert_int_equal(cr(0, GICC_IAR), SPI);
	dbit(0, GICD_ICACTIVER, SPI);
	assert_false(gicv2_irq_level(&gic, 0));
	assert_int_equal(cr(0, GICC_RPR), 0xa0);
	cw(0, GICC_APR0, 0);
	assert_true(gicv2_irq_level(&gic, 0));
}

static void test_bad_access(void **state)
{
	static const unsigned int sizes[] = { 0, 1, 2, 3, 5, 8, 16, ~0u };
	u64 v;

	(void)state;
	setup(2);
	gicv2_set_irq(&gic, SPI, 0, true);
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(sizes); i++) {
		v = 0xbad;
		assert_int_equal(gicv2_cpu_read(&gic, 0, GICC_IAR, sizes[i], &v), ARM_HANDLED);
		assert_true(v == 0);
		v = 0xbad;
		assert_int_equal(gicv2_dist_read(&gic, 0, GICD_TYPER, sizes[i], &v), ARM_HANDLED);
		assert_true(v == 0);
		gicv2_dist_write(&gic, 0, GICD_CTLR, sizes[i], 0);
		gicv2_cpu_write(&gic, 0, GICC_CTLR, sizes[i], 0);
	}
	assert_int_equal(cr(0, GICC_IAR), SPI);
	gicv2_cpu_write(&gic, 0, GICC_EOIR + 1, 4, SPI);
	gicv2_dist_write(&gic, 0, GICD_CTLR + 2, 4, 0);
	assert_int_equal(cr(0, GICC_RPR), 0xa0);
	assert_int_equal(dr(0, GICD_CTLR), 1);
	/* Reserved space, NSACR and the unused APRs are RAZ/WI. */
	dw(0, GICD_NSACR, ~0u);
	assert_int_equal(dr(0, GICD_NSACR), 0);
	assert_int_equal(dr(0, 0xfc), 0);
	cw(0, GICC_NSAPR0, ~0u);
	cw(0, GICC_APR0 + 4, ~0u);
	assert_int_equal(cr(0, GICC_APR0 + 4), 0);
	assert_int_equal(cr(0, GICC_NSAPR0), 0);
	assert_int_equal(cr(0, GICC_DIR), 0);
	assert_int_equal(cr(0, GICC_DIR + 4), 0);
	/* Outside. */
	assert_int_equal(gicv2_dist_read(&gic, 0, 0x1000, 4, &v), ARM_NOT_MINE);
	assert_int_equal(gicv2_cpu_read(&gic, 0, 0x2000, 4, &v), ARM_NOT_MINE);
	assert_int_equal(gicv2_dist_write(&gic, 2, 0, 4, 0), ARM_NOT_MINE);
	assert_int_equal(gicv2_cpu_write(&gic, 0, 0xfffffffc, 4, 0), ARM_NOT_MINE);
}

static void test_user(void **state)
{
	u32 v;

	(void)state;
	setup(2);
	gicv2_set_irq(&gic, SPI, 0, true);
	/* A read for migration does not acknowledge, and the line is not state. */
	assert_int_equal(gicv2_cpu_user_read(&gic, 0, GICC_IAR, &v), ARM_FORBIDDEN);
	assert_int_equal(gicv2_cpu_user_write(&gic, 0, GICC_EOIR, SPI), ARM_FORBIDDEN);
	assert_int_equal(gicv2_cpu_user_write(&gic, 0, GICC_DIR, SPI), ARM_FORBIDDEN);
	assert_int_equal(gicv2_dist_user_write(&gic, 0, GICD_SGIR, 0), ARM_FORBIDDEN);
	assert_int_equal(gicv2_dist_user_read(&gic, 0, GICD_ISPENDR + 4, &v), ARM_HANDLED);
	assert_int_equal(v, 0);
	assert_int_equal(dr(0, GICD_ISPENDR + 4), 1u << (SPI - 32));
	/* Identity must agree. */
	assert_int_equal(gicv2_dist_user_write(&gic, 0, GICD_IIDR, 0x0200143b), ARM_HANDLED);
	assert_int_equal(gicv2_dist_user_write(&gic, 0, GICD_IIDR, 0x4b00143b), ARM_FORBIDDEN);
	assert_int_equal(gicv2_dist_user_write(&gic, 0, GICD_TYPER, 0), ARM_FORBIDDEN);
	/* What is RAZ takes zero only. */
	assert_int_equal(gicv2_cpu_user_write(&gic, 0, GICC_APR0 + 4, 0), ARM_HANDLED);
	assert_int_equal(gicv2_cpu_user_write(&gic, 0, GICC_APR0 + 4, 1), ARM_FORBIDDEN);
	assert_int_equal(gicv2_dist_user_write(&gic, 2, GICD_CTLR, 0), ARM_NOT_MINE);
	assert_int_equal(gicv2_dist_user_write(&gic, 0, GICD_CTLR + 1, 0), ARM_NOT_MINE);
	/* Writing state has its effect: the source's active SPI, half handled. */
	assert_int_equal(gicv2_dist_user_write(&gic, 0, GICD_ISACTIVER + 4, 1u << (SPI - 32)),
			 ARM_HANDLED);
	assert_int_equal(gicv2_cpu_user_write(&gic, 0, GICC_APR0, 1u << 20), ARM_HANDLED);
	assert_false(gicv2_irq_level(&gic, 0));
	assert_int_equal(cr(0, GICC_RPR), 0xa0);
	cw(0, GICC_EOIR, SPI);
	assert_true(gicv2_irq_level(&gic, 0));
}

/* One defect at a time is refused. */
static void test_validate(void **state)
{
#define REFUSED(change) do {						\
		setup(2);						\
		assert_int_equal(gicv2_validate(&gic), 0);		\
		change;							\
		assert_int_equal(gicv2_validate(&gic), -EINVAL);	\
	} while (0)

	(void)state;
	REFUSED(gic.cpus = 9);
	REFUSED(gic.cpus = 0);
	REFUSED(gic.irqs = 1024);
	REFUSED(gic.irqs = 287);
	REFUSED(gic.irqs = 0);
	REFUSED(gic.dist_ctlr = 4);
	REFUSED(gic.cpu[1].ctlr = 0x400);
	REFUSED(gic.cpu[1].pmr = 1);
	REFUSED(gic.cpu[0].bpr = 1);
	REFUSED(gic.cpu[0].bpr = 8);
	REFUSED(gic.cpu[0].abpr = 2);
	REFUSED(gic.spi[9].latch = 1);
	REFUSED(gic.spi[31].active = 1);
	REFUSED(gic.priv[0].edge = 0);
	REFUSED(gic.priv[1].line = 1);
	REFUSED(gic.priv[1].latch = 1);
	REFUSED(gic.sgi_source[1][3] = 1);
	REFUSED(gic.sgi_source[1][3] = 4; gic.priv[1].latch = 8);
	REFUSED(gic.spi_priority[40] = 4);
	REFUSED(gic.priv_priority[1][4] = 1);
	REFUSED(gic.target[40] = 4);
	/* Good state from outside takes effect. */
	setup(2);
	gic.priv[1].latch |= 8;
	gic.sgi_source[1][3] = 1;
	gic.spi[1].latch |= 1u << (SPI - 32);
	assert_false(gicv2_irq_level(&gic, 1));
	assert_int_equal(gicv2_validate(&gic), 0);
	assert_int_equal(gicv2_take_changed(&gic), 3);
	assert_true(gicv2_irq_level(&gic, 0) && gicv2_irq_level(&gic, 1));
	assert_int_equal(cr(1, GICC_IAR), 3);
	assert_int_equal(cr(0, GICC_IAR), SPI);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_level_soft),
		cmocka_unit_test(test_edge),
		cmocka_unit_test(test_ppi),
		cmocka_unit_test(test_sgi_targets),
		cmocka_unit_test(test_sgi_sources),
		cmocka_unit_test(test_priority),
		cmocka_unit_test(test_preemption),
		cmocka_unit_test(test_eoi_mode),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_group_enables),
		cmocka_unit_test(test_abpr),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_disable_and_active),
		cmocka_unit_test(test_bad_access),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_validate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
