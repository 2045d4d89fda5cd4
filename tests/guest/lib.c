/* SPDX-License-Identifier: GPL-2.0-only */
#include "tests/guest/lib.h"

#define GICD 0x08000000ull
#define GICC 0x08010000ull

extern char el0_back[], secondary_start[];

static inline void write32(u64 at, u32 v)
{
	*(volatile u32 *)at = v;
}

static inline u32 read32(u64 at)
{
	return *(volatile u32 *)at;
}

/* ---- output ---- */

static unsigned int passed, failed;

void print(const char *text)
{
	for (; *text; text++)
		write32(UART, (u8)*text);
}

void print_hex(u64 v)
{
	char text[19] = "0x0000000000000000";

	for (unsigned int i = 17; i >= 2; i--, v >>= 4)
		text[i] = "0123456789abcdef"[v & 15];
	print(text);
}

static void print_dec(u64 v)
{
	char text[21];
	unsigned int n = 20;

	text[n] = 0;
	do
		text[--n] = '0' + v % 10;
	while (v /= 10);
	print(text + n);
}

void check_(bool ok, const char *what, const char *file, int line, u64 got, u64 want)
{
	if (ok) {
		passed++;
		return;
	}
	failed++;
	print("FAILED ");
	print(file);
	print(":");
	print_dec(line);
	print(": ");
	print(what);
	print(": got ");
	print_hex(got);
	print(" want ");
	print_hex(want);
	print("\n");
}

void finish(void)
{
	print_dec(passed);
	print(" passed, ");
	print_dec(failed);
	print(" failed\n");
	power_off();
}

/* ---- exceptions ---- */

volatile struct exc exc[8];
volatile enum resume resume[8];
void (*volatile on_irq)(u32 intid);
void (*volatile on_sync)(struct frame *f);

static void take_irq(void)
{
	u32 iar = read32(GICC + 0xc);

	if ((iar & 1023) >= 1020)
		return;
	if (on_irq)
		on_irq(iar & 1023);
	write32(GICC + 0x10, iar);
}

void on_exception(struct frame *f, u64 kind);
void on_exception(struct frame *f, u64 kind)
{
	volatile struct exc *e = &exc[cpu_id()];

	if ((kind & 3) == 1) {
		take_irq();
		return;
	}
	e->esr = mrs(esr_el1);
	e->far = mrs(far_el1);
	e->elr = f->elr;
	e->spsr = f->spsr;
	e->kind = kind;
	if ((kind == 8 && EC(e->esr) == EC_SVC) || (kind == 12 && EC(e->esr) == EC_SVC32 && ISS(e->esr) == 0xff)) {
		/* the end of call_el0(), call_el0_32() */
		f->elr = (u64)el0_back;
		f->spsr = 0x3c5;
		return;
	}
	e->count++;
	if (on_sync) {
		on_sync(f);
		return;
	}
	if (e->count > 1000000) {
		print("exceptions without end\n");
		finish();
	}
	if (resume[cpu_id()] == RESUME_LR)
		f->elr = f->x[30];
	else if (resume[cpu_id()] == RESUME_SKIP)
		f->elr += 4;
}

/* ---- MMU ---- */

u64 l1_table[512] __attribute__((aligned(4096)));
static u64 ram_table[512] __attribute__((aligned(4096)));
static u64 test_l2[512] __attribute__((aligned(4096)));
static u64 test_l3[512] __attribute__((aligned(4096)));

u64 *test_table(void)
{
	return test_l3;
}

/* 39-bit addresses, 4 KiB, TTBR0 alone; 16-bit ASIDs stay off; TBI0 on; 40-bit physical. */
#define TCR (25ull | 1ull << 8 | 1ull << 10 | 3ull << 12 | 1ull << 23 | 2ull << 32 | 1ull << 37)

void mmu_on(void)
{
	if (!l1_table[0]) {
		l1_table[0] = 0x0ull | 1 | PTE_DEVICE | PTE_AF | PTE_UXN | PTE_PXN;
		l1_table[1] = (u64)ram_table | 3;
		l1_table[2] = (u64)test_l2 | 3;
		test_l2[0] = (u64)test_l3 | 3;
		for (u64 i = 0; i < 512; i++)
			ram_table[i] = (RAM_BASE + (i << 21)) | 1 | PTE_SH | PTE_AF | PTE_UXN;
	}
	msr(mair_el1, 0x04ffull);
	msr(tcr_el1, TCR);
	msr(ttbr0_el1, (u64)l1_table);
	isb();
	__asm__ volatile("tlbi vmalle1; dsb nsh; isb" : : : "memory");
	msr(sctlr_el1, mrs(sctlr_el1) | 1 | 1 << 2 | 1 << 12);
	isb();
}

void mmu_off(void)
{
	msr(sctlr_el1, mrs(sctlr_el1) & ~1ull);
	isb();
}

void map_page(unsigned int n, u64 desc)
{
	*(volatile u64 *)&test_l3[n] = desc;
}

void tlbi_va(u64 va)
{
	__asm__ volatile("dsb ishst; tlbi vaae1is, %0; dsb ish; isb" : : "r"(va >> 12 & 0xfffffffffffull) : "memory");
}

void map(unsigned int n, const void *page, u64 attrs)
{
	map_page(n, (u64)page | attrs);
	tlbi_va((u64)test_page(n));
}

/* ---- the rest ---- */

struct boot {
	void (*fn)(u64 arg);
	u64 arg, sp;
};

static struct boot boots[8];
static u8 stacks[8][16384] __attribute__((aligned(16)));

void start_cpu(unsigned int cpu, void (*fn)(u64 arg), u64 arg)
{
	boots[cpu] = (struct boot){ fn, arg, (u64)(stacks[cpu] + sizeof(stacks[cpu])) };
	dsb();
	CHECK_EQ(psci(0xc4000003, cpu, (u64)secondary_start, (u64)&boots[cpu]), 0);
}

void gic_on(void)
{
	write32(GICD, 1);
	write32(GICC + 4, 0xff);
	write32(GICC, 1);
}

void gic_enable(u32 intid)
{
	write32(GICD + 0x100 + intid / 32 * 4, 1u << intid % 32);
}

void sync_code(const void *p, unsigned int len)
{
	u64 ctr = mrs(ctr_el0), dline = 4ull << (ctr >> 16 & 15), iline = 4ull << (ctr & 15);

	for (u64 a = (u64)p & ~(dline - 1); a < (u64)p + len; a += dline)
		__asm__ volatile("dc cvau, %0" : : "r"(a) : "memory");
	__asm__ volatile("dsb ish" : : : "memory");
	for (u64 a = (u64)p & ~(iline - 1); a < (u64)p + len; a += iline)
		__asm__ volatile("ic ivau, %0" : : "r"(a) : "memory");
	__asm__ volatile("dsb ish; isb" : : : "memory");
}

u64 now(void)
{
	isb();
	return mrs(cntvct_el0);
}

u64 milliseconds(u64 n)
{
	return mrs(cntfrq_el0) * n / 1000;
}
