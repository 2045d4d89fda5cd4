/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * GICv2 against a slow model written from the manual's tables: a struct per
 * interrupt, a scan of all of them for every question.  Random operations go to
 * both; every answer and every wire must agree after each.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "arm/gic/gicv2.h"

struct ref_irq {
	bool group, enabled, line, latch, active, edge;
	u8 priority, target, source;	/* source: SGIs, which then have no latch */
};

struct ref {
	unsigned int cpus, irqs;
	u32 ctlr;
	struct ref_irq priv[8][32];
	struct ref_irq spi[1020];
	struct {
		u32 ctlr, pmr, bpr, abpr;
		bool running[256];	/* active group priorities */
	} cpu[8];
};

static struct gicv2 gic, copy;
static struct ref ref;
static u64 seed;

static u32 rnd(u32 below)
{
	u64 z = (seed += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	z ^= z >> 31;
	return (u32)((z >> 16) % below);
}

static u32 rnd32(void)
{
	return rnd(0xffffffff);
}

/* ---- the model ---- */

static struct ref_irq *irq_of(unsigned int cpu, unsigned int id)
{
	return id < 32 ? &ref.priv[cpu][id] : &ref.spi[id];
}

static void ref_init(unsigned int cpus, unsigned int irqs)
{
	memset(&ref, 0, sizeof(ref));
	ref.cpus = cpus;
	ref.irqs = irqs;
	for (unsigned int c = 0; c < 8; c++) {
		ref.cpu[c].bpr = 2;
		ref.cpu[c].abpr = 3;
		for (unsigned int i = 0; i < 16; i++)
			ref.priv[c][i].enabled = ref.priv[c][i].edge = true;
	}
}

static bool is_pending(unsigned int cpu, unsigned int id)
{
	struct ref_irq *i = irq_of(cpu, id);

	if (id < 16)
		return i->source;
	return i->latch || (!i->edge && i->line);
}

static bool is_targeted(unsigned int cpu, unsigned int id)
{
	return id < 32 || ref.cpus == 1 || (ref.spi[id].target >> cpu) & 1;
}

/* 1023 or the highest priority pending interrupt the distributor forwards. */
static unsigned int highest(unsigned int cpu)
{
	unsigned int best = 1023, best_priority = 256;

	for (unsigned int id = 0; id < ref.irqs; id++) {
		struct ref_irq *i = irq_of(cpu, id);

		if (is_pending(cpu, id) && i->enabled && !i->active && is_targeted(cpu, id) &&
		    (ref.ctlr & (i->group ? 2 : 1)) && i->priority < best_priority) {
			best = id;
			best_priority = i->priority;
		}
	}
	return best;
}

static unsigned int running(unsigned int cpu)
{
	for (unsigned int p = 0; p < 256; p++) {
		if (ref.cpu[cpu].running[p])
			return p;
	}
	return 255;
}

/* Table 3-2: the binary point splits [7:n+1] from [n:0]; ABPR is off by one. */
static unsigned int group_priority(unsigned int cpu, unsigned int id)
{
	struct ref_irq *i = irq_of(cpu, id);
	unsigned int point = ref.cpu[cpu].bpr;

	if (i->group && !(ref.cpu[cpu].ctlr & 0x10))
		point = ref.cpu[cpu].abpr - 1;
	return i->priority / (2u << point) * (2u << point);
}

static bool signalled(unsigned int cpu)
{
	unsigned int id = highest(cpu);

	return id != 1023 && (ref.cpu[cpu].ctlr & (irq_of(cpu, id)->group ? 2 : 1)) &&
	       irq_of(cpu, id)->priority < ref.cpu[cpu].pmr &&
	       group_priority(cpu, id) < running(cpu);
}

static u32 ref_hppir(unsigned int cpu, bool alias)
{
	unsigned int id = highest(cpu);
	bool group;
	u32 source = 0;

	if (id == 1023)
		return id;
	group = irq_of(cpu, id)->group;
	if (!(ref.cpu[cpu].ctlr & (group ? 2 : 1)))
		return 1023;
	if (alias && !group)
		return 1023;
	if (!alias && group && !(ref.cpu[cpu].ctlr & 4))
		return 1022;
	if (id < 16) {
		while (!((irq_of(cpu, id)->source >> source) & 1))
			source++;
	}
	return id + source * 1024;
}

static u32 ref_iar(unsigned int cpu, bool alias)
{
	u32 v = signalled(cpu) ? ref_hppir(cpu, alias) : 1023;
	unsigned int id = v % 1024;
	struct ref_irq *i;

	if (id >= 1020)
		return v;
	i = irq_of(cpu, id);
	ref.cpu[cpu].running[group_priority(cpu, id)] = true;
	i->active = true;
	i->latch = false;
	if (id < 16)
		i->source &= ~(1u << v / 1024);
	return v;
}

static void ref_eoir(unsigned int cpu, u32 v, bool alias)
{
	unsigned int id = v % 1024;

	if (id >= ref.irqs || (alias && !irq_of(cpu, id)->group))
		return;
	ref.cpu[cpu].running[running(cpu)] = false;
	if (!(ref.cpu[cpu].ctlr & 0x200))
		irq_of(cpu, id)->active = false;
}

static u32 ref_apr(unsigned int cpu)
{
	u32 v = 0;

	for (unsigned int p = 0; p < 256; p += 8)
		v |= (u32)ref.cpu[cpu].running[p] << p / 8;
	return v;
}

static u32 ref_cpu_read(unsigned int cpu, u32 offset, unsigned int size)
{
	if (size != 4 || offset % 4)
		return 0;
	switch (offset) {
	case 0x00: return ref.cpu[cpu].ctlr;
	case 0x04: return ref.cpu[cpu].pmr;
	case 0x08: return ref.cpu[cpu].bpr;
	case 0x0c: return ref_iar(cpu, false);
	case 0x14: return running(cpu);
	case 0x18: return ref_hppir(cpu, false);
	case 0x1c: return ref.cpu[cpu].abpr;
	case 0x20: return ref_iar(cpu, true);
	case 0x28: return ref_hppir(cpu, true);
	case 0xd0: return ref_apr(cpu);
	case 0xfc: return 0x0202143b;
	}
	return 0;
}

static void ref_cpu_write(unsigned int cpu, u32 offset, unsigned int size, u32 v)
{
	if (size != 4 || offset % 4)
		return;
	switch (offset) {
	case 0x00:
		ref.cpu[cpu].ctlr = v & 0x3ff;
		break;
	case 0x04:
		ref.cpu[cpu].pmr = v & 0xf8;
		break;
	case 0x08:
		ref.cpu[cpu].bpr = (v & 7) < 2 ? 2 : v & 7;
		break;
	case 0x10:
		ref_eoir(cpu, v, false);
		break;
	case 0x1c:
		ref.cpu[cpu].abpr = (v & 7) < 3 ? 3 : v & 7;
		break;
	case 0x24:
		ref_eoir(cpu, v, true);
		break;
	case 0xd0:
		for (unsigned int p = 0; p < 32; p++)
			ref.cpu[cpu].running[8 * p] = (v >> p) & 1;
		break;
	case 0x1000:
		if (v % 1024 < ref.irqs && (ref.cpu[cpu].ctlr & 0x200))
			irq_of(cpu, v % 1024)->active = false;
		break;
	}
}

/* One bit of the registers 0x080-0x3ff. */
static bool ref_bit(u32 reg, unsigned int cpu, unsigned int id)
{
	struct ref_irq *i = irq_of(cpu, id);

	switch (reg) {
	case 0x080: return i->group;
	case 0x100: case 0x180: return i->enabled;
	case 0x200: case 0x280: return is_pending(cpu, id);
	case 0x300: case 0x380: return i->active;
	}
	return false;
}

static void ref_set_bit(u32 reg, unsigned int cpu, unsigned int id, bool one)
{
	struct ref_irq *i = irq_of(cpu, id);

	if (reg == 0x080)
		i->group = one;
	if (reg == 0x080 || !one)
		return;
	switch (reg) {
	case 0x100: i->enabled = true; break;
	case 0x180: i->enabled = false; break;
	case 0x200: i->latch |= id >= 16; break;
	case 0x280: i->latch &= id < 16; break;
	case 0x300: i->active = true; break;
	case 0x380: i->active = false; break;
	}
}

static u8 ref_byte(u32 reg, unsigned int cpu, unsigned int id)
{
	struct ref_irq *i = irq_of(cpu, id);

	switch (reg) {
	case 0x400: return i->priority;
	case 0x800: return ref.cpus == 1 ? 0 : id < 32 ? 1u << cpu : i->target;
	}
	return id < 16 ? i->source : 0;
}

static void ref_set_byte(u32 reg, unsigned int cpu, unsigned int id, u8 v)
{
	struct ref_irq *i = irq_of(cpu, id);
	u8 all = (u8)((1u << ref.cpus) - 1);

	switch (reg) {
	case 0x400: i->priority = v & 0xf8; break;
	case 0x800: i->target = ref.cpus == 1 || id < 32 ? i->target : v & all; break;
	case 0xf10: i->source &= ~v; break;
	case 0xf20: i->source |= v & all; break;
	}
}

/* Start and bits per interrupt of the register at @offset; 0 bits: something else. */
static unsigned int ref_kind(u32 offset, u32 *start)
{
	static const struct { u32 start, end; unsigned int bits; } kinds[] = {
		{ 0x400, 0x800, 8 }, { 0x800, 0xc00, 8 }, { 0xc00, 0xd00, 2 },
		{ 0xf10, 0xf20, 8 }, { 0xf20, 0xf30, 8 },
	};

	if (offset >= 0x80 && offset < 0x400) {
		*start = offset & ~0x7fu;
		return 1;
	}
	for (unsigned int k = 0; k < ARM_ARRAY_SIZE(kinds); k++) {
		if (offset >= kinds[k].start && offset < kinds[k].end) {
			*start = kinds[k].start;
			return kinds[k].bits;
		}
	}
	return 0;
}

static bool ref_size_ok(u32 offset, unsigned int size, unsigned int bits)
{
	if (size == 4 || (bits == 8 && (size == 1 || size == 2)))
		return offset % size == 0;
	return false;
}

static u32 ref_dist_read(unsigned int cpu, u32 offset, unsigned int size)
{
	static const u8 ids[12] = { 4, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 5, 0xb1 };
	u32 start = 0, v = 0;
	unsigned int bits = ref_kind(offset, &start);

	if (!ref_size_ok(offset, size, bits))
		return 0;
	if (offset == 0)
		return ref.ctlr;
	if (offset == 4)
		return (ref.irqs + 31) / 32 - 1 + ((ref.cpus - 1) << 5);
	if (offset == 8)
		return 0x0200143b;
	if (offset >= 0xfd0)
		return ids[(offset - 0xfd0) / 4];
	for (unsigned int n = 0; bits && n < size * 8 / bits; n++) {
		unsigned int id = (offset - start) * 8 / bits + n;
		u32 field;

		if (id >= ref.irqs)
			break;
		field = bits == 1 ? ref_bit(start, cpu, id) :
			bits == 2 ? irq_of(cpu, id)->edge * 2u : ref_byte(start, cpu, id);
		v |= field << n * bits;
	}
	return v;
}

static void ref_sgir(unsigned int cpu, u32 v)
{
	for (unsigned int c = 0; c < ref.cpus; c++) {
		bool hit = false;

		switch ((v >> 24) & 3) {
		case 0: hit = (v >> (16 + c)) & 1; break;
		case 1: hit = c != cpu; break;
		case 2: hit = c == cpu; break;
		}
		if (hit)
			ref.priv[c][v & 15].source |= 1u << cpu;
	}
}

static void ref_dist_write(unsigned int cpu, u32 offset, unsigned int size, u32 v)
{
	u32 start = 0;
	unsigned int bits = ref_kind(offset, &start);

	if (!ref_size_ok(offset, size, bits))
		return;
	if (offset == 0)
		ref.ctlr = v & 3;
	if (offset == 0xf00)
		ref_sgir(cpu, v);
	for (unsigned int n = 0; bits && n < size * 8 / bits; n++) {
		unsigned int id = (offset - start) * 8 / bits + n;

		if (id >= ref.irqs)
			break;
		if (bits == 1)
			ref_set_bit(start, cpu, id, (v >> n) & 1);
		else if (bits == 2 && id >= 32)
			irq_of(cpu, id)->edge = (v >> (2 * n + 1)) & 1;
		else if (bits == 8)
			ref_set_byte(start, cpu, id, (u8)(v >> 8 * n));
	}
}

static void ref_set_irq(unsigned int id, unsigned int cpu, bool level)
{
	struct ref_irq *i;

	if (id < 16 || id >= ref.irqs || (id < 32 && cpu >= ref.cpus))
		return;
	i = irq_of(cpu, id);
	if (level && !i->line && i->edge)
		i->latch = true;
	i->line = level;
}

/* ---- random operations ---- */

/* Few interrupts meet often; now and then any. */
static unsigned int some_irq(void)
{
	switch (rnd(8)) {
	case 0: return rnd(1100);
	case 1: return rnd(16);
	case 2: return 16 + rnd(16);
	case 3: return ref.irqs - 1 - rnd(4);
	default: return 32 + rnd(6);
	}
}

static u32 some_value(void)
{
	switch (rnd(4)) {
	case 0: return rnd32();
	case 1: return 1u << rnd(32);
	case 2: return rnd(2) ? ~0u : 0;
	default: return rnd32() & rnd32() & rnd32();
	}
}

static u32 some_dist_offset(unsigned int *size)
{
	static const u32 bit_regs[] = { 0x80, 0x100, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380 };
	unsigned int id = some_irq();

	*size = 4;
	switch (rnd(10)) {
	case 0:
		*size = 1u << rnd(4);
		return rnd(0x1000);
	case 1:
		return rnd(0x40) * 4;
	case 2:
		return rnd(4) ? 0x100 : 0;
	case 3:
		return 0xf00 + rnd(0x30) / 4 * 4;
	case 4:
		return 0xc00 + id / 16 * 4;
	case 5:
	case 6:
		*size = 1u << rnd(3);
		return ((rnd(3) ? 0x400 : 0x800) + id) & ~(*size - 1);
	default:
		return bit_regs[rnd(8)] + id / 32 * 4;
	}
}

static u32 some_cpu_offset(unsigned int *size)
{
	static const u32 regs[] = { 0x0c, 0x0c, 0x0c, 0x10, 0x10, 0x10, 0x18, 0x20, 0x24, 0x28,
				    0x14, 0xd0, 0x1000 };

	*size = rnd(50) ? 4 : rnd(9);
	if (!rnd(20))
		return rnd(0x2000);
	return rnd(6) ? regs[rnd(ARM_ARRAY_SIZE(regs))] : rnd(0x10) * 4;
}

/* An interface that lets interrupts through more often than a random one. */
static u32 cpu_value(u32 offset)
{
	if (offset == 0x00)
		return rnd(8) ? (3 | (rnd32() & 0x21c)) : rnd32();
	if (offset == 0x04)
		return rnd(4) ? 0xf8 : rnd(256);
	if (offset == 0x10 || offset == 0x24 || offset == 0x1000) {
		for (unsigned int n = 0; n < 40; n++) {
			unsigned int id = some_irq();

			if (id < ref.irqs && irq_of(0, id)->active)
				return id | rnd(8) << 10;
		}
	}
	return some_value();
}

static void compare(unsigned int step)
{
	u8 changed = gicv2_take_changed(&gic);
	static bool irq[8], fiq[8];

	if (!step) {
		memset(irq, 0, sizeof(irq));
		memset(fiq, 0, sizeof(fiq));
		changed = 0;
	}
	for (unsigned int c = 0; c < ref.cpus; c++) {
		bool on = signalled(c);
		bool to_fiq = on && (ref.cpu[c].ctlr & 8) && !irq_of(c, highest(c))->group;

		assert_int_equal(gicv2_irq_level(&gic, c), on && !to_fiq);
		assert_int_equal(gicv2_fiq_level(&gic, c), to_fiq);
		/* A change is told; what is told need not be one after several. */
		if (irq[c] != (on && !to_fiq) || fiq[c] != to_fiq)
			assert_true((changed >> c) & 1);
		irq[c] = on && !to_fiq;
		fiq[c] = to_fiq;
	}
	assert_int_equal(changed >> ref.cpus, 0);
}

static void one_step(void)
{
	unsigned int cpu = rnd(ref.cpus), size, id = some_irq();
	bool level = rnd(2);
	u32 offset, v;
	u64 got = 0;

	switch (rnd(6)) {
	case 0:
	case 1:
		cpu = rnd(20) ? cpu : rnd(20);
		gicv2_set_irq(&gic, id, cpu, level);
		ref_set_irq(id, cpu, level);
		break;
	case 2:
		offset = some_dist_offset(&size);
		v = offset == 0 ? rnd(4) ? 3 : rnd32() : some_value();
		assert_int_equal(gicv2_dist_write(&gic, cpu, offset, size, v), ARM_HANDLED);
		ref_dist_write(cpu, offset, size, v);
		break;
	case 3:
		offset = some_dist_offset(&size);
		assert_int_equal(gicv2_dist_read(&gic, cpu, offset, size, &got), ARM_HANDLED);
		assert_int_equal(got, ref_dist_read(cpu, offset, size));
		break;
	case 4:
		offset = some_cpu_offset(&size);
		v = cpu_value(offset);
		assert_int_equal(gicv2_cpu_write(&gic, cpu, offset, size, v), ARM_HANDLED);
		ref_cpu_write(cpu, offset, size, v);
		break;
	case 5:
		offset = some_cpu_offset(&size);
		assert_int_equal(gicv2_cpu_read(&gic, cpu, offset, size, &got), ARM_HANDLED);
		assert_int_equal(got, ref_cpu_read(cpu, offset, size));
		break;
	}
}

static void copy_dist(unsigned int cpu, u32 offset)
{
	u32 v;

	assert_int_equal(gicv2_dist_user_read(&gic, cpu, offset, &v), ARM_HANDLED);
	assert_int_equal(gicv2_dist_user_write(&copy, cpu, offset, v), ARM_HANDLED);
}

/* Everything through the migration registers into a fresh GIC, which goes on. */
static void migrate(void)
{
	static const u32 cpu_regs[] = { 0x00, 0x04, 0x08, 0x1c, 0xd0, 0xd4, 0xd8, 0xdc, 0xfc };
	u32 v;

	gicv2_init(&copy, ref.cpus, ref.irqs);
	for (unsigned int c = 0; c < ref.cpus; c++) {
		for (unsigned int id = 16; id < ref.irqs; id++)
			gicv2_set_irq(&copy, id, c, irq_of(c, id)->line);
		gicv2_dist_user_write(&copy, c, GICD_ICENABLER, ~0u);
		for (u32 offset = 0; offset < 0x1000; offset += 4) {
			if (offset != GICD_SGIR && (offset & 0xf80) != GICD_ICENABLER &&
			    (offset & 0xf80) != GICD_ICPENDR && (offset & 0xf80) != GICD_ICACTIVER &&
			    (offset & 0xff0) != GICD_CPENDSGIR)
				copy_dist(c, offset);
		}
		for (unsigned int i = 0; i < ARM_ARRAY_SIZE(cpu_regs); i++) {
			assert_int_equal(gicv2_cpu_user_read(&gic, c, cpu_regs[i], &v), 0);
			assert_int_equal(gicv2_cpu_user_write(&copy, c, cpu_regs[i], v), 0);
		}
	}
	gic = copy;
}

/* Rebuilding what is derived must give what the increments gave. */
static void revalidate(void)
{
	copy = gic;
	assert_int_equal(gicv2_validate(&copy), 0);
	for (unsigned int c = 0; c < ref.cpus; c++) {
		assert_memory_equal(copy.d[c].eligible, gic.d[c].eligible, sizeof(gic.d[c].eligible));
		assert_int_equal(copy.d[c].best, gic.d[c].best);
		assert_int_equal(copy.d[c].irq, gic.d[c].irq);
		assert_int_equal(copy.d[c].fiq, gic.d[c].fiq);
	}
	gic = copy;
}

static void run(unsigned int cpus, unsigned int irqs, u64 with_seed, unsigned int steps)
{
	seed = with_seed;
	gicv2_init(&gic, cpus, irqs);
	ref_init(gic.cpus, gic.irqs);
	for (unsigned int i = 0; i < ref.irqs / 32; i++) {
		gicv2_dist_write(&gic, 0, GICD_ISENABLER + 4 * i, 4, ~0u);
		ref_dist_write(0, GICD_ISENABLER + 4 * i, 4, ~0u);
	}
	for (unsigned int step = 0; step < steps; step++) {
		if (step)
			one_step();
		compare(step);
		if (step % 997 == 996)
			migrate();
		if (step % 499 == 498)
			revalidate();
	}
}

static void test_one_cpu(void **state)
{
	(void)state;
	run(1, 64, 1, 20000);
	run(1, 32, 2, 5000);
}

static void test_some_cpus(void **state)
{
	(void)state;
	run(2, 96, 3, 20000);
	run(4, 64, 4, 20000);
}

static void test_all_cpus(void **state)
{
	(void)state;
	run(8, 288, 5, 4000);
	run(8, 1020, 6, 1500);
}

/*
 * State from a hostile stream: whatever validate accepts must then stand any
 * operation.  The sanitizers are the judge.
 */
static void test_hostile_state(void **state)
{
	unsigned int accepted = 0;
	u64 v;

	(void)state;
	seed = 7;
	for (unsigned int round = 0; round < 300; round++) {
		gicv2_init(&gic, 1 + rnd(8), 32 + rnd(200));
		for (unsigned int i = 1 + rnd(3); i; i--)
			((u8 *)&gic)[rnd(sizeof(gic))] ^= (u8)(1u << rnd(8));
		if (gicv2_validate(&gic))
			continue;
		accepted++;
		ref.cpus = gic.cpus;
		ref.irqs = gic.irqs;
		for (unsigned int i = 0; i < 200; i++) {
			unsigned int size;
			u32 offset = some_dist_offset(&size);

			gicv2_dist_write(&gic, rnd(8), offset, size, some_value());
			gicv2_set_irq(&gic, some_irq(), rnd(9), rnd(2));
			offset = some_cpu_offset(&size);
			gicv2_cpu_write(&gic, rnd(8), offset, size, some_value());
			gicv2_cpu_read(&gic, rnd(8), some_cpu_offset(&size), 4, &v);
		}
		assert_int_equal(gicv2_validate(&gic), 0);
	}
	assert_true(accepted > 20);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_cpu),
		cmocka_unit_test(test_some_cpus),
		cmocka_unit_test(test_all_cpus),
		cmocka_unit_test(test_hostile_state),
	};

	/* For a longer search: test_gicv2_model SEED STEPS */
	if (argc == 3) {
		unsigned int n = 0;

		sscanf(argv[1], "%u", &n);
		seed = n;
		sscanf(argv[2], "%u", &n);
		run(1 + (unsigned int)seed % 8, 32 + (unsigned int)seed % 3 * 40, seed, n);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
