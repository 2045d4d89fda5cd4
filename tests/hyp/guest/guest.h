/* SPDX-License-Identifier: GPL-2.0-only */
/* What the guests of the KVM tests have: ports to the host side, a GIC, a timer, PSCI, exceptions. */
#ifndef TESTS_HYP_GUEST_H
#define TESTS_HYP_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/hyp/prog/ports.h"

/* Values that go to the host side: it sees each as an event (kvmtest.h). */
void guest_exit(uint32_t value) __attribute__((noreturn));
void guest_sync(uint32_t value);
uint32_t guest_ask(void);		/* the host side's answer */
void guest_fail(int line, uint32_t a, uint32_t b) __attribute__((noreturn));

#define CHECK(cond)		do { if (!(cond)) guest_fail(__LINE__, 0, 0); } while (0)
#define CHECK_EQ(a, b)                                                                    \
	do {                                                                              \
		uint32_t a_ = (a), b_ = (b);                                              \
		if (a_ != b_)                                                             \
			guest_fail(__LINE__, a_, b_);                                     \
	} while (0)

void mmu_on(void);
void mmu_set_section(uint32_t va, uint32_t descriptor);

/* An exception: number in vectors.  @pc may be moved by a handler. */
struct frame {
	uint32_t r0, r1, r2, r3, r12, lr, pc, cpsr;
};

enum vector { VEC_UNDEF = 1, VEC_SVC, VEC_PABT, VEC_DABT, VEC_IRQ, VEC_FIQ };

/* Who handles exceptions; unset, all but IRQs of an unset handler end the guest with a failure. */
extern void (*exception_hook)(enum vector vector, struct frame *frame);
extern void (*irq_hook)(uint32_t iar);

/* The next @vector is expected: its instruction (4 bytes) is skipped and @fault_count counts it. */
void fault_expect(enum vector vector);
uint32_t fault_taken(void);
extern volatile uint32_t fault_status, fault_address, fault_cpsr, fault_spsr;

static inline uint32_t read32(uintptr_t a)
{
	uint32_t v;

	/*
	 * The plain form, so that there is a syndrome.  Not with lr: QEMU's syndromes for an
	 * EL2 in AArch64 name r14 of the mode as X14, which it is not (DDI 0487 D1.20.1).
	 */
	asm volatile("ldr %0, [%1]" : "=r"(v) : "r"(a) : "memory", "lr");
	return v;
}

static inline void write32(uintptr_t a, uint32_t v)
{
	asm volatile("str %0, [%1]" : : "r"(v), "r"(a) : "memory", "lr");
}

static inline void write8(uintptr_t a, uint32_t v)
{
	asm volatile("strb %0, [%1]" : : "r"(v), "r"(a) : "memory", "lr");
}

#define CP15_READ(op1, crn, crm, op2)                                                             \
	({ uint32_t v_; asm volatile("mrc p15, " #op1 ", %0, " #crn ", " #crm ", " #op2 : "=r"(v_) : : "memory"); v_; })
#define CP15_WRITE(op1, crn, crm, op2, v)                                                         \
	asm volatile("mcr p15, " #op1 ", %0, " #crn ", " #crm ", " #op2 : : "r"(v) : "memory")
#define CP15_READ64(op1, crm)                                                                     \
	({ uint64_t v_; asm volatile("mrrc p15, " #op1 ", %Q0, %R0, " #crm : "=r"(v_) : : "memory"); v_; })
#define CP15_WRITE64(op1, crm, v)                                                                 \
	asm volatile("mcrr p15, " #op1 ", %Q0, %R0, " #crm : : "r"((uint64_t)(v)) : "memory")

static inline unsigned int cpu_id(void)
{
	return CP15_READ(0, c0, c0, 5) & 7;
}

static inline void isb(void)
{
	asm volatile("isb" : : : "memory");
}

static inline void dsb(void)
{
	asm volatile("dsb" : : : "memory");
}

static inline void wfi(void)
{
	asm volatile("dsb\n\twfi" : : : "memory");
}

static inline void irq_on(void)
{
	asm volatile("cpsie i" : : : "memory");
}

static inline void irq_off(void)
{
	asm volatile("cpsid i" : : : "memory");
}

static inline uint64_t counter(void)
{
	isb();
	return CP15_READ64(1, c14);
}

static inline uint32_t atomic_add(volatile uint32_t *p, uint32_t n)
{
	return __atomic_add_fetch(p, n, __ATOMIC_SEQ_CST);
}

/* One PSCI or SMCCC call by HVC; @r[0] is the result. */
uint32_t hvc(uint32_t fn, uint32_t a, uint32_t b, uint32_t c);
uint32_t cpu_on(unsigned int cpu, int (*fn)(uint32_t), uint32_t arg);

/* GICv2: distributor and CPU interface on, all priorities pass. */
void gic_init(void);
void gic_enable(unsigned int irq, bool level, unsigned int priority, unsigned int targets);
void gic_sgi(unsigned int irq, unsigned int targets);

#define GICD(off)	(GUEST_GICD + (off))
#define GICC(off)	(GUEST_GICC + (off))
#define GICC_IAR	GICC(0xc)
#define GICC_EOIR	GICC(0x10)
#define GICC_PMR	GICC(0x4)
#define PPI_VTIMER	27
#define PPI_PTIMER	30

void vtimer_arm(uint64_t ticks);
void vtimer_stop(void);
void delay(uint64_t ticks);

#endif
