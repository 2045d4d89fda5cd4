// SPDX-License-Identifier: GPL-2.0-only
/* What all guests share. */
#include "guest.h"

static uint32_t table[4096] __attribute__((aligned(16384), section(".bss.table")));
static volatile uint32_t table_ready;

void (*exception_hook)(enum vector vector, struct frame *frame);
void (*irq_hook)(uint32_t iar);

static volatile uint32_t fault_wanted[8], fault_count[8];
volatile uint32_t fault_status, fault_address, fault_cpsr, fault_spsr;

void guest_exit(uint32_t value)
{
	for (;;)
		write32(PORT_EXIT, value);
}

void guest_sync(uint32_t value)
{
	write32(PORT_SYNC, value);
}

uint32_t guest_ask(void)
{
	return read32(PORT_SYNC);
}

void guest_fail(int line, uint32_t a, uint32_t b)
{
	write32(PORT_A, a);
	write32(PORT_B, b);
	for (;;)
		write32(PORT_FAIL, line);
}

/* Sections: RAM normal, write-back and shareable, the rest device and never executed. */
static void table_fill(void)
{
	for (uint32_t i = 0; i < 4096; i++) {
		bool ram = i >= GUEST_RAM >> 20 && i < (GUEST_RAM + 0x40000000) >> 20;

		table[i] = i << 20 | (ram ? 0x11c0e : 0x10c16);
	}
	dsb();
}

void mmu_set_section(uint32_t va, uint32_t descriptor)
{
	table[va >> 20] = descriptor;
	dsb();
	CP15_WRITE(0, c8, c3, 0, 0);		/* TLBIALLIS */
	dsb();
	isb();
}

void mmu_on(void)
{
	/* Only the first CPU writes, with its caches off; the others find the table in memory. */
	if (!table_ready) {
		table_fill();
		table_ready = 1;
	}
	CP15_WRITE(0, c8, c7, 0, 0);		/* TLBIALL */
	CP15_WRITE(0, c7, c5, 0, 0);		/* ICIALLU */
	CP15_WRITE(0, c2, c0, 2, 0);		/* TTBCR */
	CP15_WRITE(0, c3, c0, 0, 1);		/* DACR: clients of domain 0 */
	CP15_WRITE(0, c2, c0, 0, (uint32_t)table | 0x4a);	/* walks cacheable, shareable */
	dsb();
	isb();
	CP15_WRITE(0, c1, c0, 0, CP15_READ(0, c1, c0, 0) | 0x1005);	/* I, C, M */
	isb();
}

void fault_expect(enum vector vector)
{
	unsigned int cpu = cpu_id();

	fault_count[cpu] = 0;
	fault_wanted[cpu] = vector;
}

uint32_t fault_taken(void)
{
	unsigned int cpu = cpu_id();

	fault_wanted[cpu] = 0;
	return fault_count[cpu];
}

static void fault_note(enum vector vector, struct frame *frame)
{
	if (vector == VEC_DABT) {
		fault_status = CP15_READ(0, c5, c0, 0);
		fault_address = CP15_READ(0, c6, c0, 0);
	} else if (vector == VEC_PABT) {
		fault_status = CP15_READ(0, c5, c0, 1);
		fault_address = CP15_READ(0, c6, c0, 2);
	}
	asm volatile("mrs %0, cpsr" : "=r"(fault_cpsr));
	fault_spsr = frame->cpsr;
}

/* Called from start.S on the SVC stack. */
void guest_exception(enum vector vector, struct frame *frame)
{
	unsigned int cpu = cpu_id();

	fault_note(vector, frame);
	if (fault_wanted[cpu] == vector) {
		fault_count[cpu]++;
		/* A call into nowhere returns to its caller; data aborts go past the access. */
		if (vector == VEC_PABT)
			frame->pc = frame->lr;
		else if (vector == VEC_DABT)
			frame->pc += 4;
		return;
	}
	if (exception_hook) {
		exception_hook(vector, frame);
		return;
	}
	if (vector == VEC_IRQ && irq_hook) {
		uint32_t iar = read32(GICC_IAR);

		irq_hook(iar);
		if ((iar & 0x3ff) < 1020)
			write32(GICC_EOIR, iar);
		return;
	}
	guest_fail(-(int)vector, frame->pc, fault_address);
}

uint32_t hvc(uint32_t fn, uint32_t a, uint32_t b, uint32_t c)
{
	register uint32_t r0 asm("r0") = fn;
	register uint32_t r1 asm("r1") = a;
	register uint32_t r2 asm("r2") = b;
	register uint32_t r3 asm("r3") = c;

	asm volatile(".arch_extension virt\n\thvc #0" : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3) : : "memory");
	return r0;
}

void guest_secondary(void);

uint32_t cpu_on(unsigned int cpu, int (*fn)(uint32_t), uint32_t arg)
{
	static struct { uint32_t fn, arg, mmu_off; } start[8];

	start[cpu].fn = (uint32_t)fn;
	start[cpu].arg = arg;
	/* It reads this with its caches off: clean the line to the point of coherency. */
	dsb();
	CP15_WRITE(0, c7, c14, 1, (uint32_t)&start[cpu]);
	dsb();
	return hvc(0x84000003, cpu, (uint32_t)guest_secondary, (uint32_t)&start[cpu]);
}

void gic_init(void)
{
	write32(GICD(0), 1);
	write32(GICC_PMR, 0xf0);
	write32(GICC(0), 1);
}

void gic_enable(unsigned int irq, bool level, unsigned int priority, unsigned int targets)
{
	uintptr_t cfg = GICD(0xc00 + irq / 16 * 4);
	uint32_t bit = 2u << (irq % 16 * 2);

	if (irq >= 32) {
		write32(cfg, level ? read32(cfg) & ~bit : read32(cfg) | bit);
		write8(GICD(0x800 + irq), targets);
	}
	write8(GICD(0x400 + irq), priority);
	write32(GICD(0x100 + irq / 32 * 4), 1u << (irq % 32));
}

void gic_sgi(unsigned int irq, unsigned int targets)
{
	dsb();
	write32(GICD(0xf00), targets << 16 | irq);
}

void vtimer_arm(uint64_t ticks)
{
	CP15_WRITE64(3, c14, counter() + ticks);
	CP15_WRITE(0, c14, c3, 1, 1);
	isb();
}

void vtimer_stop(void)
{
	CP15_WRITE(0, c14, c3, 1, 0);
	isb();
}

void delay(uint64_t ticks)
{
	uint64_t end = counter() + ticks;

	while (counter() < end)
		;
}
