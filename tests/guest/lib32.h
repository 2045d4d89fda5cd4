/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the AArch32 guests share: machine virt, Supervisor mode.  As lib.h: a line
 * for each check that fails and "N passed, N failed" at the end.
 */
#ifndef TESTS_GUEST_LIB32_H
#define TESTS_GUEST_LIB32_H

#include <stdbool.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define NOTHING 0x0b000000u		/* no device, no RAM */
#define UART 0x09000000u
#define NAKED __attribute__((naked, noinline, used))

void print(const char *text);
void print_hex(u32 v);
void check_(bool ok, const char *what, const char *file, int line, u32 got, u32 want);
void finish(void) __attribute__((noreturn));
/* Told with each failure. */
extern const char *volatile context;
extern volatile u32 context_n;

#define CHECK(cond) check_((cond), #cond, __FILE__, __LINE__, 0, 0)
#define CHECK_EQ(a, b) \
	do { \
		u32 a_ = (u32)(a), b_ = (u32)(b); \
		check_(a_ == b_, #a, __FILE__, __LINE__, a_, b_); \
	} while (0)

#define mrc(p, op1, crn, crm, op2) ({ u32 v_; \
	__asm__ volatile("mrc " #p ", " #op1 ", %0, " #crn ", " #crm ", " #op2 : "=r"(v_)); v_; })
#define mcr(p, op1, crn, crm, op2, val) \
	__asm__ volatile("mcr " #p ", " #op1 ", %0, " #crn ", " #crm ", " #op2 "\n isb" : : "r"((u32)(val)) : "memory")
#define mcrr(p, op1, crm, val) \
	__asm__ volatile("mcrr " #p ", " #op1 ", %Q0, %R0, " #crm "\n isb" : : "r"((u64)(val)) : "memory")
#define dsb() __asm__ volatile("dsb sy" : : : "memory")
#define isb() __asm__ volatile("isb" : : : "memory")
#define read_sctlr() mrc(p15, 0, c1, c0, 0)
#define write_sctlr(v) mcr(p15, 0, c1, c0, 0, v)

enum { USR = 0x10, FIQ, IRQ, SVC, ABT = 0x17, UND = 0x1b, SYS = 0x1f };
enum { K_RESET, K_UNDEF, K_SVC, K_PABT, K_DABT, K_HYP, K_IRQ, K_FIQ };
#define PSR_T 0x20u
#define PSR_E 0x200u
#define PSR_AIF 0x1c0u
#define PSR_IT 0x0600fc00u

struct frame {
	u32 r[13], sp, lr, spsr, cpsr, kind;
	u32 pad[2];
};

/* What the last exception of a CPU said; IRQs and the end of run_in() are not among them. */
struct exc {
	u32 kind, lr, spsr, cpsr, dfsr, dfar, ifsr, ifar, count;
};
extern volatile struct exc exc[4];
/* Where to go on, with a Thumb bit; 0: behind the instruction, with ITSTATE advanced. */
extern volatile u32 resume_to;
extern void (*volatile on_irq)(u32 intid);

static inline unsigned int cpu_id(void)
{
	return mrc(p15, 0, c0, c0, 5) & 3;
}

/* Exceptions that @stmt took. */
#define FAULTS(stmt) ({ volatile struct exc *e_ = &exc[cpu_id()]; e_->count = 0; { stmt; } e_->count; })

u32 psci(u32 fn, u32 a, u32 b, u32 c);
void power_off(void) __attribute__((noreturn));
u32 run_in(u32 psr, u32 pc, u32 arg);
void start_cpu(unsigned int cpu, void (*fn)(u32 arg), u32 arg);
void gic_on(void);
void gic_enable(u32 intid);
void gic_sgi(u32 intid);
void *memcpy(void *to, const void *from, unsigned int n);
void *memset(void *to, int c, unsigned int n);

#endif
