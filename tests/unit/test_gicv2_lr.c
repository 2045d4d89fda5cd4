// SPDX-License-Identifier: GPL-2.0-only
/*
 * List registers.  A model of the hardware's virtual CPU interface (IHI 0048B
 * chapter 5) runs what gicv2_lr_fill() gives it; beside it the software CPU
 * interface of the same GIC gets the same wires and the same guest.  Each
 * acknowledge must agree, and all state once the CPUs are out of the guest: no
 * interrupt is lost, none comes twice, none out of order (facts/kvm/05: 29, 30, 32, 33).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "arm/gic/gicv2_lr.h"

#define CPUS 2u
#define IRQS 96u
#define TIMER 27u		/* with a physical interrupt behind it */
#define DEEPEST 32u

/* The virtual interface of one CPU. */
struct hw {
	u32 lr[GICV2_MAX_LRS], vmcr, apr, hcr;
	unsigned int eoicount;
	u32 ended;		/* EISR: bit n, the EOI bit of an LR that ended */
	u32 deactivated;	/* physical interrupts 0..31 */
};

static struct gicv2 real, soft;		/* with list registers; with the software interface */
static struct gicv2_owners owners;
static struct gicv2_lr lists[CPUS];
static struct hw hw[CPUS];
static bool in_guest[CPUS];
static unsigned int lrs;
static u32 taken[CPUS][DEEPEST];	/* what IAR gave and was not ended, oldest first */
static unsigned int depth[CPUS];
static u64 seed;
static unsigned long acks, exits;

static u32 rnd(u32 below)
{
	u64 z = (seed += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return (u32)((z ^ (z >> 31)) >> 16) % below;
}

/* ---- the hardware ---- */

static unsigned int priority_of(u32 lr)
{
	return (lr >> 23 & 31) << 3;
}

static unsigned int vmcr_field(const struct hw *h, unsigned int at, unsigned int bits)
{
	return h->vmcr >> at & ((1u << bits) - 1);
}

/* The pending list register of highest priority, or -1. */
static int highest(const struct hw *h)
{
	int best = -1;

	for (unsigned int i = 0; i < lrs; i++)
		if ((h->lr[i] >> 28 & 3) == 1 &&
		    (best < 0 || priority_of(h->lr[i]) < priority_of(h->lr[best])))
			best = (int)i;
	return best;
}

static unsigned int group_priority(const struct hw *h, u32 lr)
{
	bool group1 = lr & GICH_LR_GROUP1;
	unsigned int point = group1 && !vmcr_field(h, 4, 1) ? vmcr_field(h, 18, 3) - 1 : vmcr_field(h, 21, 3);

	return priority_of(lr) & (0xffu << (point + 1));
}

static u32 hw_ack(struct hw *h)
{
	int n = highest(h);
	u32 lr, running = h->apr ? (u32)__builtin_ctz(h->apr) << 3 : 0xff;

	if (n < 0)
		return 1023;
	lr = h->lr[n];
	if (!(h->vmcr >> !!(lr & GICH_LR_GROUP1) & 1) || priority_of(lr) >= vmcr_field(h, 27, 5) << 3 ||
	    group_priority(h, lr) >= running)
		return 1023;
	if (lr & GICH_LR_GROUP1 && !vmcr_field(h, 2, 1))
		return 1022;
	h->apr |= 1u << (group_priority(h, lr) >> 3);
	h->lr[n] = (lr & ~GICH_LR_PENDING) | GICH_LR_ACTIVE;
	return lr & GICH_LR_HW ? lr & 0x3ff : lr & (lr & 0x3f0 ? 0x3ff : 0x1fff);
}

static void hw_deactivate(struct hw *h, u32 id)
{
	for (unsigned int i = 0; i < lrs; i++) {
		u32 lr = h->lr[i];

		if ((lr & 0x3ff) != (id & 0x3ff) || !(lr & GICH_LR_ACTIVE))
			continue;
		/* The sender is part of an SGI's name (4.4.5). */
		if ((id & 0x3ff) < 16)
			assert_int_equal(lr >> 10 & 7, id >> 10 & 7);
		h->lr[i] &= ~GICH_LR_ACTIVE;
		if (lr & GICH_LR_HW)
			h->deactivated |= 1u << (lr >> 10 & 31);
		else if (lr & GICH_LR_EOI)
			h->ended |= 1u << i;
		return;
	}
	h->eoicount++;
}

static void hw_eoi(struct hw *h, u32 id)
{
	if (!h->apr)
		return;
	h->apr &= h->apr - 1;
	if (!(h->vmcr & 1u << 9))
		hw_deactivate(h, id);
}

/* Is the maintenance interrupt up (GICH_MISR, 5.3.4)? */
static bool maintenance(const struct hw *h)
{
	unsigned int valid = 0;

	for (unsigned int i = 0; i < lrs; i++)
		valid += (h->lr[i] >> 28 & 3) != 0;
	return h->ended || (h->hcr & GICH_HCR_LRENPIE && h->eoicount) || (h->hcr & GICH_HCR_UIE && valid < 2) ||
	       (h->hcr & GICH_HCR_NPIE && highest(h) < 0);
}

/* ---- what hyp/vgic.c does with it ---- */

static void enter(unsigned int cpu)
{
	struct gicv2_lr *l = &lists[cpu];
	struct hw *h = &hw[cpu];

	assert_false(in_guest[cpu]);
	gicv2_lr_fill(&real, &owners, cpu, lrs, l);
	assert_true(l->used <= lrs);
	memset(h->lr, 0, sizeof(h->lr));
	memcpy(h->lr, l->lr, l->used * sizeof(l->lr[0]));
	for (unsigned int i = 0; i < l->used; i++)
		for (unsigned int j = 0; j < i; j++)
			assert_int_not_equal(h->lr[i] & 0x3ff, h->lr[j] & 0x3ff);
	h->vmcr = l->vmcr;
	h->apr = l->apr;
	h->hcr = (l->more ? GICH_HCR_NPIE : 0) | (l->active ? GICH_HCR_LRENPIE : 0);
	h->eoicount = h->ended = 0;
	in_guest[cpu] = true;
	/* Else the guest never executes an instruction. */
	assert_false(maintenance(h));
}

static void leave(unsigned int cpu)
{
	struct gicv2_lr *l = &lists[cpu];

	if (!in_guest[cpu])
		return;
	in_guest[cpu] = false;
	exits++;
	memcpy(l->lr, hw[cpu].lr, l->used * sizeof(l->lr[0]));
	l->vmcr = hw[cpu].vmcr;
	l->apr = hw[cpu].apr;
	gicv2_lr_fold(&real, &owners, cpu, l->active ? hw[cpu].eoicount : 0, l);
}

static void leave_all(void)
{
	for (unsigned int i = 0; i < CPUS; i++)
		leave(i);
}

/* Who has something to take, or holds what changed, comes out. */
static void kick(int intid, unsigned int cpu)
{
	int holder = intid < 0 ? -1 : gicv2_lr_holder(&real, &owners, cpu, (unsigned int)intid);

	if (holder >= 0)
		leave((unsigned int)holder);
	for (unsigned int i = 0; i < CPUS; i++)
		if (real.d[i].best != GICV2_NO_IRQ)
			leave(i);
}

/* Exits by maintenance, and by a physical interrupt that may fire again. */
static void settle(void)
{
	for (unsigned int i = 0; i < CPUS; i++) {
		if (in_guest[i] && (maintenance(&hw[i]) || hw[i].deactivated & real.priv[i].line))
			leave(i);
		hw[i].deactivated = 0;
	}
	kick(-1, 0);
}

/* ---- both ---- */

static void dist(unsigned int cpu, u32 offset, unsigned int size, u32 val)
{
	gicv2_dist_write(&real, cpu, offset, size, val);
	gicv2_dist_write(&soft, cpu, offset, size, val);
	if (offset >= GICD_ISACTIVER && offset < GICD_IPRIORITYR) {
		gicv2_lr_adopt(&real, &owners);
		for (unsigned int i = 0; i < CPUS; i++)
			lists[i].active = gicv2_lr_count_active(&real, &owners, i);
	}
}

/* A write that concerns what may be in flight. */
static void dist_out(unsigned int cpu, u32 offset, unsigned int size, u32 val)
{
	leave_all();
	dist(cpu, offset, size, val);
}

static void wire(unsigned int cpu, unsigned int intid, bool level)
{
	gicv2_set_irq(&real, intid, cpu, level);
	gicv2_set_irq(&soft, intid, cpu, level);
	kick((int)intid, cpu);
}

static void sgi(unsigned int cpu, u32 val)
{
	leave(cpu);
	dist(cpu, GICD_SGIR, 4, val);
	for (unsigned int i = 0; i < CPUS; i++)
		kick((int)(val & 15), i);
}

static void cpu_reg(unsigned int cpu, u32 offset, u32 val)
{
	leave(cpu);
	gicv2_cpu_write(&real, cpu, offset, 4, val);
	gicv2_cpu_write(&soft, cpu, offset, 4, val);
}

static void run(unsigned int cpu)
{
	settle();
	if (!in_guest[cpu])
		enter(cpu);
}

static u32 ack(unsigned int cpu)
{
	u32 got;
	u64 want;

	run(cpu);
	gicv2_cpu_read(&soft, cpu, GICC_IAR, 4, &want);
	got = hw_ack(&hw[cpu]);
	assert_int_equal(got, want);
	settle();
	if (got < 1020 || (got & 0x3ff) < 16) {
		acks++;
		assert_true(depth[cpu] < DEEPEST);
		taken[cpu][depth[cpu]++] = got;
	}
	return got;
}

/* Ends the one that was taken last. */
static void end(unsigned int cpu)
{
	u32 id = taken[cpu][--depth[cpu]];

	run(cpu);
	gicv2_cpu_write(&soft, cpu, GICC_EOIR, 4, id);
	hw_eoi(&hw[cpu], id);
	settle();
}

static void same(void)
{
	leave_all();
	for (unsigned int w = 0; w < IRQS / 32; w++)
		for (unsigned int c = 0; c < (w ? 1 : CPUS); c++) {
			struct gicv2_word *a = w ? &real.spi[w] : &real.priv[c], *b = w ? &soft.spi[w] : &soft.priv[c];

			assert_memory_equal(a, b, sizeof(*a));
		}
	assert_memory_equal(real.sgi_source, soft.sgi_source, sizeof(real.sgi_source));
	for (unsigned int c = 0; c < CPUS; c++) {
		assert_memory_equal(&real.cpu[c], &soft.cpu[c], sizeof(real.cpu[c]));
		assert_int_equal(real.d[c].best, soft.d[c].best);
		assert_int_equal(gicv2_irq_level(&real, c), gicv2_irq_level(&soft, c));
		assert_int_equal(lists[c].active, gicv2_lr_count_active(&real, &owners, c));
	}
}

/* Everything enabled at priority 0xa0, SPIs level and CPU 0's. */
static void start(unsigned int n)
{
	lrs = n;
	memset(&owners, 0, sizeof(owners));
	memset(lists, 0, sizeof(lists));
	memset(hw, 0, sizeof(hw));
	memset(in_guest, 0, sizeof(in_guest));
	memset(depth, 0, sizeof(depth));
	gicv2_init(&real, CPUS, IRQS);
	gicv2_init(&soft, CPUS, IRQS);
	dist(0, GICD_CTLR, 4, 1);
	for (unsigned int c = 0; c < CPUS; c++) {
		lists[c].phys[TIMER] = TIMER;
		dist(c, GICD_ISENABLER, 4, ~0u);
		for (u32 i = 0; i < 32; i++)
			dist(c, GICD_IPRIORITYR + i, 1, 0xa0);
		cpu_reg(c, GICC_CTLR, 1);
		cpu_reg(c, GICC_PMR, 0xf0);
	}
	for (u32 i = 32; i < IRQS; i++) {
		dist(0, GICD_IPRIORITYR + i, 1, 0xa0);
		dist(0, GICD_ITARGETSR + i, 1, 1);
	}
	for (u32 w = 1; w < IRQS / 32; w++)
		dist(0, GICD_ISENABLER + 4 * w, 4, ~0u);
}

/* ---- directed ---- */

static void test_level(void **state)
{
	(void)state;
	start(4);
	wire(0, 40, true);
	assert_int_equal(ack(0), 40);
	assert_int_equal(ack(0), 1023);
	end(0);
	assert_int_equal(ack(0), 40);		/* still high: again, at once */
	wire(0, 40, false);
	end(0);
	assert_int_equal(ack(0), 1023);
	/* Lowered before anybody took it: nothing comes. */
	wire(0, 40, true);
	run(0);
	wire(0, 40, false);
	assert_int_equal(ack(0), 1023);
	same();
}

static void test_ended(void **state)
{
	(void)state;
	start(4);
	wire(0, 41, true);
	ack(0);
	run(0);
	depth[0]--;
	gicv2_cpu_write(&soft, 0, GICC_EOIR, 4, 41);
	hw_eoi(&hw[0], 41);
	assert_true(maintenance(&hw[0]));	/* so that a resampler hears of it */
	leave(0);
	assert_int_equal(lists[0].ended_count, 1);
	assert_int_equal(lists[0].ended[0], 41);
	/* Its eventfd lowers the wire before the next entry: no spurious one. */
	wire(0, 41, false);
	assert_int_equal(ack(0), 1023);
	same();
}

static void test_edge(void **state)
{
	(void)state;
	start(4);
	dist(0, GICD_ICFGR + 8, 4, ~0u);
	wire(0, 33, true);
	wire(0, 33, false);
	assert_int_equal(ack(0), 33);
	/* Another edge while it is active: the guest hears of it right after the end. */
	run(0);
	wire(0, 33, true);
	assert_int_equal(ack(0), 1023);
	end(0);
	assert_int_equal(ack(0), 33);
	end(0);
	assert_int_equal(ack(0), 1023);
	same();
}

/* Row 32: each sender shows once, also when it sends while another's is active. */
static void test_sgi(void **state)
{
	(void)state;
	start(4);
	sgi(0, 1u << 16 | 5);
	sgi(1, 1u << 16 | 5);
	assert_int_equal(ack(0), 5);
	end(0);
	assert_int_equal(ack(0), 5 | 1 << 10);
	sgi(1, 1u << 16 | 5);
	run(0);
	leave(0);				/* the active one goes out and in with its sender */
	end(0);
	assert_int_equal(ack(0), 5 | 1 << 10);
	end(0);
	assert_int_equal(ack(0), 1023);
	same();
}

/* Row 29: more pending than list registers, any priorities. */
static void overflow(unsigned int n)
{
	unsigned int last = 0;

	start(n);
	for (u32 i = 0; i < 16; i++) {
		dist(0, GICD_IPRIORITYR + 48 + i, 1, 0x20 + (i * 7 % 16) * 8);
		wire(0, 48 + i, true);
	}
	for (unsigned int i = 0; i < 16; i++) {
		u32 id = ack(0), priority = soft.spi_priority[id];

		assert_true(priority > last);
		last = priority;
		wire(0, id, false);
		end(0);
	}
	assert_int_equal(ack(0), 1023);
	same();
}

static void test_overflow(void **state)
{
	(void)state;
	overflow(1);
	overflow(2);
	overflow(4);
	overflow(16);
}

/* Nested deeper than there are list registers: ends of what is in none are counted. */
static void test_nested(void **state)
{
	(void)state;
	start(4);
	for (u32 i = 0; i < 10; i++) {
		dist(0, GICD_IPRIORITYR + 40 + i, 1, 0xc0 - i * 8);
		wire(0, 40 + i, true);
		assert_int_equal(ack(0), 40 + i);
		wire(0, 40 + i, false);
		leave(0);
	}
	while (depth[0])
		end(0);
	assert_int_equal(ack(0), 1023);
	same();
	assert_int_equal(lists[0].active, 0);
	assert_int_equal(real.cpu[0].apr, 0);
}

/* The guest's end deactivates the physical interrupt, and no maintenance is needed. */
static void test_hw(void **state)
{
	(void)state;
	start(4);
	wire(1, TIMER, true);
	assert_int_equal(ack(1), TIMER);
	leave(1);
	run(1);
	assert_int_equal(hw[1].lr[0] >> 10 & 0x3ff, TIMER);
	assert_true(hw[1].lr[0] & GICH_LR_HW);
	depth[1]--;
	gicv2_cpu_write(&soft, 1, GICC_EOIR, 4, TIMER);
	hw_eoi(&hw[1], TIMER);
	assert_false(maintenance(&hw[1]));
	assert_int_equal(hw[1].deactivated, 1u << TIMER);
	wire(1, TIMER, false);
	assert_int_equal(ack(1), 1023);
	same();
}

/* Row 33: what PMR masks is not pending for WFI; row 34: an active one from elsewhere is ended here. */
static void test_mask_and_restore(void **state)
{
	(void)state;
	start(4);
	wire(0, 40, true);
	run(0);
	hw[0].vmcr = (hw[0].vmcr & ~(31u << 27)) | (0x80u >> 3) << 27;
	gicv2_cpu_write(&soft, 0, GICC_PMR, 4, 0x80);
	leave(0);
	assert_false(gicv2_irq_level(&real, 0));
	assert_int_equal(ack(0), 1023);
	same();

	start(4);
	dist_out(0, GICD_ISACTIVER + 4, 4, 1u << 8);
	cpu_reg(0, GICC_APR0, 1u << (0xa0 >> 3));
	taken[0][depth[0]++] = 40;
	wire(0, 40, true);
	assert_int_equal(ack(0), 1023);
	end(0);
	assert_int_equal(ack(0), 40);
	same();
}

/* ---- any actions ---- */

static unsigned int random_spi(void)
{
	return rnd(4) ? 32 + rnd(12) : 32 + rnd(IRQS - 32);
}

static void random_config(void)
{
	u32 spi = random_spi(), cpu = rnd(CPUS), n = rnd(32);

	switch (rnd(8)) {
	/*
	 * Not of an active one: hardware counts ends of what is in no list register,
	 * and the order of priorities tells which these were.
	 */
	case 0:
		if (!(soft.spi[spi / 32].active >> spi % 32 & 1))
			dist_out(0, GICD_IPRIORITYR + spi, 1, rnd(30) * 8);
		break;
	case 1:
		if (!(soft.priv[cpu].active >> n & 1))
			dist_out(cpu, GICD_IPRIORITYR + n, 1, rnd(30) * 8);
		break;
	case 2:
		dist_out(0, (rnd(3) ? GICD_ISENABLER : GICD_ICENABLER) + spi / 32 * 4, 4, 1u << spi % 32);
		break;
	case 3:
		dist_out(cpu, rnd(3) ? GICD_ISENABLER : GICD_ICENABLER, 4, 1u << n);
		break;
	case 4:
		dist_out(0, (rnd(2) ? GICD_ISPENDR : GICD_ICPENDR) + spi / 32 * 4, 4, 1u << spi % 32);
		break;
	case 5:
		dist_out(cpu, rnd(2) ? GICD_ISPENDR : GICD_ICPENDR, 4, 1u << n);
		break;
	case 6:
		/* While it is active, its end is still its old CPU's. */
		dist_out(0, GICD_ITARGETSR + spi, 1, 1u << rnd(CPUS));
		break;
	case 7:
		dist_out(cpu, GICD_SPENDSGIR + rnd(16), 1, rnd(4));
		break;
	}
}

/* The guest writes its CPU interface, which is hardware's. */
static void random_mask(unsigned int cpu)
{
	u32 pmr = rnd(4) ? 0xf0 : rnd(31) * 8, bpr = 2 + rnd(6);

	run(cpu);
	hw[cpu].vmcr = (hw[cpu].vmcr & ~(31u << 27)) | (pmr >> 3) << 27;
	gicv2_cpu_write(&soft, cpu, GICC_PMR, 4, pmr);
	/*
	 * Not under what is active, and not if the groups' points may differ: there a
	 * lower priority can preempt a higher one, see random_config().
	 */
	if (depth[cpu] || real.dist_ctlr == 3 || rnd(8))
		return;
	hw[cpu].vmcr = (hw[cpu].vmcr & ~(7u << 21)) | bpr << 21;
	gicv2_cpu_write(&soft, cpu, GICC_BPR, 4, bpr);
}

static void step(void)
{
	u32 cpu = rnd(CPUS), spi = random_spi();

	switch (rnd(12)) {
	case 0:
	case 1:
		wire(0, spi, rnd(2));
		break;
	case 2:
		wire(cpu, 16 + rnd(16), rnd(2));
		break;
	case 3:
		sgi(cpu, rnd(4) << 16 | (rnd(3) ? 0 : rnd(3)) << 24 | rnd(4));
		break;
	case 4:
	case 5:
	case 6:
		if (depth[cpu] < DEEPEST)
			ack(cpu);
		break;
	case 7:
	case 8:
		if (depth[cpu])
			end(cpu);
		break;
	case 9:
		random_config();
		break;
	case 10:
		random_mask(cpu);
		break;
	case 11:
		leave(rnd(CPUS));
		break;
	}
}

static void test_random(void **state)
{
	static const u8 sizes[] = { 1, 2, 4, 4, 4, 16, 64 };

	(void)state;
	acks = exits = 0;
	for (unsigned int round = 0; round < 600; round++) {
		seed = round;
		start(sizes[round % sizeof(sizes)]);
		for (u32 i = 32; i < IRQS; i++) {
			dist(0, GICD_IPRIORITYR + i, 1, rnd(30) * 8);
			dist(0, GICD_ITARGETSR + i, 1, 1u << rnd(CPUS));
		}
		for (u32 w = 2; w < IRQS / 16; w++)
			dist(0, GICD_ICFGR + 4 * w, 4, rnd(2) ? 0 : ~0u);
		if (round & 1) {	/* both groups, each acknowledged by IAR */
			dist(0, GICD_CTLR, 4, 3);
			for (unsigned int c = 0; c < CPUS; c++) {
				dist(c, GICD_IGROUPR, 4, rnd(0xffffffff));
				cpu_reg(c, GICC_CTLR, 7 | rnd(2) << 4);
			}
			dist(0, GICD_IGROUPR + 4, 4, rnd(0xffffffff));
		}
		for (unsigned int i = 0; i < 1500; i++) {
			step();
			if (!rnd(16))
				same();
		}
		same();
	}
	print_message("%lu interrupts, %lu exits\n", acks, exits);
	assert_true(acks > 50000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_ended),
		cmocka_unit_test(test_edge),
		cmocka_unit_test(test_sgi),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_hw),
		cmocka_unit_test(test_mask_and_restore),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
