/* SPDX-License-Identifier: GPL-2.0-only */
#include "tests/guest/lib32.h"

#define GICD 0x08000000u
#define GICC 0x08010000u

extern char run_back[], secondary_start[];

static inline void write32(u32 at, u32 v)
{
	*(volatile u32 *)at = v;
}

static inline u32 read32(u32 at)
{
	return *(volatile u32 *)at;
}

/* ---- output ---- */

static unsigned int passed, failed;
const char *volatile context;
volatile u32 context_n;

void print(const char *text)
{
	for (; *text; text++)
		write32(UART, (u8)*text);
}

void print_hex(u32 v)
{
	char text[11] = "0x00000000";

	for (unsigned int i = 9; i >= 2; i--, v >>= 4)
		text[i] = "0123456789abcdef"[v & 15];
	print(text);
}

static void print_dec(u32 v)
{
	char text[11];
	unsigned int n = 10;

	text[n] = 0;
	do
		text[--n] = '0' + v % 10;
	while (v /= 10);
	print(text + n);
}

void check_(bool ok, const char *what, const char *file, int line, u32 got, u32 want)
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
	if (context) {
		print(" in ");
		print(context);
		print(" ");
		print_hex(context_n);
	}
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

volatile struct exc exc[4];
volatile u32 resume_to;
void (*volatile on_irq)(u32 intid);

static void take_irq(struct frame *f)
{
	u32 iar = read32(GICC + 0xc);

	f->lr -= 4;
	if ((iar & 1023) >= 1020)
		return;
	if (on_irq)
		on_irq(iar & 1023);
	write32(GICC + 0x10, iar);
}

/* ITSTATE behind one instruction (DDI 0406C A2.5.2). */
static u32 advance_it(u32 psr)
{
	u32 it = (psr >> 8 & 0xfc) | (psr >> 25 & 3);

	it = it & 7 ? (it & 0xe0) | (it << 1 & 0x1f) : 0;
	return (psr & ~PSR_IT) | (it & 0xfc) << 8 | (it & 3) << 25;
}

/* Address of the instruction that raised; SVC: of the next one. */
static u32 raised_at(const struct frame *f)
{
	bool t = f->spsr & PSR_T;

	switch (f->kind) {
	case K_UNDEF:
		return f->lr - (t ? 2 : 4);
	case K_PABT:
		return f->lr - 4;
	case K_DABT:
		return f->lr - 8;
	}
	return f->lr;
}

static void go_on(struct frame *f)
{
	u32 at = raised_at(f);

	if (resume_to) {
		f->spsr = (f->spsr & ~(PSR_T | PSR_IT)) | (resume_to & 1 ? PSR_T : 0);
		f->lr = resume_to & ~1u;
		return;
	}
	if (f->kind != K_SVC) {
		bool wide = !(f->spsr & PSR_T) || *(u16 *)at >> 11 > 0x1c;

		at += wide ? 4 : 2;
		f->spsr = advance_it(f->spsr);
	}
	f->lr = at;
}

static bool is_end(const struct frame *f)
{
	u32 at = f->lr;

	if (f->kind != K_SVC)
		return false;
	if (f->spsr & PSR_T)
		return *(u16 *)(at - 2) == 0xdfff;
	return *(u32 *)(at - 4) == 0xef0000ff;
}

void on_exception(struct frame *f);
void on_exception(struct frame *f)
{
	volatile struct exc *e = &exc[cpu_id()];

	if (f->kind == K_IRQ) {
		take_irq(f);
		return;
	}
	if (is_end(f)) {
		f->lr = (u32)run_back;
		f->spsr = SVC | PSR_AIF;
		return;
	}
	e->kind = f->kind;
	e->lr = f->lr;
	e->spsr = f->spsr;
	e->cpsr = f->cpsr;
	e->dfsr = mrc(p15, 0, c5, c0, 0);
	e->ifsr = mrc(p15, 0, c5, c0, 1);
	e->dfar = mrc(p15, 0, c6, c0, 0);
	e->ifar = mrc(p15, 0, c6, c0, 2);
	if (++e->count > 100000) {
		print("exceptions without end, at ");
		print_hex(f->lr);
		finish();
	}
	go_on(f);
}

/* ---- interrupts, CPUs ---- */

void gic_on(void)
{
	write32(GICD, 1);
	write32(GICC + 4, 0xf0);
	write32(GICC, 1);
}

void gic_enable(u32 intid)
{
	write32(GICD + 0x100 + intid / 32 * 4, 1u << intid % 32);
}

void gic_sgi(u32 intid)
{
	write32(GICD + 0xf00, 2u << 24 | intid);
}

static struct boot {
	void (*fn)(u32 arg);
	u32 arg, sp;
} boot[4];
static u8 stacks[4][0x10000] __attribute__((aligned(16)));

void start_cpu(unsigned int cpu, void (*fn)(u32 arg), u32 arg)
{
	boot[cpu] = (struct boot){ fn, arg, (u32)stacks[cpu] + sizeof(stacks[0]) };
	dsb();
	CHECK_EQ(psci(0x84000003, cpu, (u32)secondary_start, (u32)&boot[cpu]), 0);
}
