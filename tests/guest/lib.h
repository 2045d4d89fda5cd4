/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the bare-metal guests share.  They run on machine virt, EL1, and print
 * a line for each check that fails and "N passed, N failed" at the end.
 */
#ifndef TESTS_GUEST_LIB_H
#define TESTS_GUEST_LIB_H

#include <stdbool.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define RAM_BASE 0x40000000ull
#define NOTHING 0x30000000ull		/* no device, no RAM */
#define UART 0x09000000ull

void print(const char *text);
void print_hex(u64 v);
void check_(bool ok, const char *what, const char *file, int line, u64 got, u64 want);
/* Prints the totals and powers off. */
void finish(void) __attribute__((noreturn));

#define CHECK(cond) check_((cond), #cond, __FILE__, __LINE__, 0, 0)
#define CHECK_EQ(a, b) \
	do { \
		u64 a_ = (u64)(a), b_ = (u64)(b); \
		check_(a_ == b_, #a, __FILE__, __LINE__, a_, b_); \
	} while (0)

#define mrs(reg) ({ u64 v_; __asm__ volatile("mrs %0, " #reg : "=r"(v_)); v_; })
#define msr(reg, val) __asm__ volatile("msr " #reg ", %0" : : "r"((u64)(val)) : "memory")
#define isb() __asm__ volatile("isb" : : : "memory")
#define dsb() __asm__ volatile("dsb sy" : : : "memory")

/* ---- exceptions ---- */

struct frame {
	u64 x[31], elr, spsr, pad;
};

/* What the last synchronous exception of a CPU said. */
struct exc {
	u64 esr, far, elr, spsr;
	u32 kind;	/* number of the vector, 0..15 */
	u32 count;
};

enum resume { RESUME_SKIP, RESUME_LR, RESUME_HERE };

extern volatile struct exc exc[8];
extern volatile enum resume resume[8];	/* behind the instruction; at X30; at it again */
extern void (*volatile on_irq)(u32 intid);
extern void (*volatile on_sync)(struct frame *f);	/* before anything else, if set */

static inline unsigned int cpu_id(void)
{
	return mrs(mpidr_el1) & 7;
}

#define EC(esr) ((u32)((esr) >> 26 & 63))
#define FSC(esr) ((u32)((esr) & 63))
#define ISS(esr) ((u32)((esr) & 0x1ffffff))
enum { EC_UNKNOWN = 0, EC_ILLEGAL = 0xe, EC_SVC32 = 0x11, EC_SVC = 0x15, EC_IABT_LOWER = 0x20, EC_IABT = 0x21,
	EC_PC_ALIGN = 0x22,
       EC_DABT_LOWER = 0x24, EC_DABT = 0x25, EC_SP_ALIGN = 0x26, EC_BP_LOWER = 0x30, EC_BP = 0x31, EC_STEP_LOWER = 0x32,
       EC_STEP = 0x33, EC_WP = 0x35, EC_BRK = 0x3c };

/* Exceptions that @stmt took. */
#define FAULTS(stmt) ({ volatile struct exc *e_ = &exc[cpu_id()]; e_->count = 0; { stmt; } e_->count; })

/* ---- MMU: identity for the first 2 GiB, test pages at 2 GiB ---- */

#define TEST_VA 0x80000000ull
#define PTE_VALID 3ull
#define PTE_DEVICE (1ull << 2)
#define PTE_EL0 (1ull << 6)
#define PTE_RO (1ull << 7)
#define PTE_SH (3ull << 8)
#define PTE_AF (1ull << 10)
#define PTE_NG (1ull << 11)
#define PTE_PXN (1ull << 53)
#define PTE_UXN (1ull << 54)
#define NORMAL (PTE_VALID | PTE_SH | PTE_AF)

void mmu_on(void);
void mmu_off(void);
void map_page(unsigned int n, u64 desc);	/* TEST_VA + 4096 n; no TLB maintenance */
void map(unsigned int n, const void *page, u64 attrs);	/* with it */
void tlbi_va(u64 va);
extern u64 l1_table[512];
u64 *test_table(void);

static inline void *test_page(unsigned int n)
{
	return (void *)(TEST_VA + 4096ull * n);
}

/* ---- the rest ---- */

u64 psci(u64 fn, u64 a, u64 b, u64 c);
void power_off(void) __attribute__((noreturn));
u64 call_el0(u64 pc, u64 arg, u64 sp);
void start_cpu(unsigned int cpu, void (*fn)(u64 arg), u64 arg);
void gic_on(void);
void gic_enable(u32 intid);
void sync_code(const void *p, unsigned int len);	/* DC CVAU, IC IVAU, barriers */
void *memcpy(void *to, const void *from, unsigned long n);
void *memset(void *to, int c, unsigned long n);
u64 now(void);
u64 milliseconds(u64 n);	/* in units of now() */

#endif
