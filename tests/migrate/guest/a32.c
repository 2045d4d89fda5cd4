/* SPDX-License-Identifier: GPL-2.0-only */
#include "tests/migrate/guest/selftest.h"

/* Of hold32.S, which has the offsets.  R13 is the stack, always. */
struct hold {
	u32 r[15], cpsr, fpscr, cpsr_mask;
	u64 d[32];
};

/* Until a register is not what @h[0] says, or for @loops; what they are then is in @h[1].  @h[0] is loaded first. */
void hold_high(struct hold *h, u32 loops);	/* but R8..R12, */
void hold_low(struct hold *h, u32 loops);	/* and but R0..R4 */

/* What a mode has of its own; IRQ mode's SP is in use, and so are its LR and SPSR. */
struct bank {
	u32 sp, lr, spsr;
	u32 r8[5];		/* FIQ's r8..r12 */
};

/* With interrupts masked; hold32.S. */
void bank_read(u32 mode, struct bank *b);
void bank_write(u32 mode, const struct bank *b);
void fp_on(void);

#define HOLD_LOOPS 400
#define FLAGS 0xf80f0000u	/* NZCVQ, GE */
#define FPSCR_BITS 0xffc0009fu

#define REG(reg, wmask, ones) { #reg, read_##reg, write_##reg, wmask, ones }
#define CP15(name, crn, op1, crm, op2) \
	static u64 read_##name(void) { return mrc(p15, op1, crn, crm, op2); } \
	static void write_##name(u64 v) { mcr(p15, op1, crn, crm, op2, (u32)v); }

CP15(TPIDRURW, c13, 0, c0, 2)
CP15(TPIDRURO, c13, 0, c0, 3)
CP15(TPIDRPRW, c13, 0, c0, 4)
CP15(CONTEXTIDR, c13, 0, c0, 1)
CP15(PAR, c7, 0, c4, 0)
CP15(PRRR, c10, 0, c2, 0)
CP15(NMRR, c10, 0, c2, 1)
CP15(TTBR1, c2, 0, c0, 1)
CP15(DACR, c3, 0, c0, 0)
CP15(DFSR, c5, 0, c0, 0)
CP15(IFSR, c5, 0, c0, 1)
CP15(DFAR, c6, 0, c0, 0)
CP15(IFAR, c6, 0, c0, 2)
CP15(CSSELR, c0, 2, c0, 0)
CP15(CNTKCTL, c14, 0, c1, 0)

extern char vectors[], secondary_start[];
static u32 table[4096] __attribute__((aligned(16384)));

static u64 read_VBAR(void)
{
	return mrc(p15, 0, c12, c0, 0) == (u32)vectors;
}

static void write_VBAR(u64 v)
{
	(void)v;
}

const struct reg arch_regs[] = {
	REG(TPIDRURW, 0xffffffff, 0),
	REG(TPIDRURO, 0xffffffff, 0),
	REG(TPIDRPRW, 0xffffffff, 0),
	REG(CONTEXTIDR, 0xffffffff, 0),		/* the mappings are global */
	REG(PAR, 0xfffff000, 0),
	REG(PRRR, 0x000fffff, 0),		/* not in use: SCTLR.TRE is 0 */
	REG(NMRR, 0xffffffff, 0),
	REG(TTBR1, 0xffffc000, 0),		/* not in use: TTBCR.N is 0 */
	REG(DACR, 0x55555554, 1),
	REG(DFSR, 0x00001c0f, 0),
	REG(IFSR, 0x0000140f, 0),
	REG(DFAR, 0xffffffff, 0),
	REG(IFAR, 0xffffffff, 0),
	REG(CSSELR, 1, 0),
	REG(CNTKCTL, 0x3fb, 0),
	{ "VBAR as ever", read_VBAR, write_VBAR, 0, 1 },
};

const unsigned int arch_nregs = ARRAY_SIZE(arch_regs);

/* ---- MMU: sections, everything where it is ---- */

void arch_init(unsigned int cpu)
{
	for (u32 i = 0; cpu == 0 && i < 4096; i++)
		table[i] = i << 20 | 2u | 3u << 10 | (i >= 0x400 ? 1u << 12 | 3u << 2 | 1u << 16 : 1u << 2 | 1u << 4);
	dsb();
	mcr(p15, 0, c3, c0, 0, 1);
	mcr(p15, 0, c2, c0, 2, 0);
	mcr(p15, 0, c2, c0, 0, (u32)table | 0x4a);
	mcr(p15, 0, c8, c7, 0, 0);
	dsb();
	write_sctlr(read_sctlr() | 1 | 4 | 1 << 12);
	fp_on();
}

/* ---- registers ---- */

static struct hold holds[MAX_CPUS][2] __attribute__((aligned(64)));
static u32 irq_sp[MAX_CPUS];

static void fill(struct hold *h, u64 seed)
{
	for (unsigned int i = 0; i < 15; i++)
		h->r[i] = (u32)mix(seed, i);
	h->cpsr = (u32)mix(seed, 40) & FLAGS;
	h->cpsr_mask = FLAGS;
	h->fpscr = (u32)mix(seed, 41) & FPSCR_BITS;
	for (unsigned int i = 0; i < 32; i++)
		h->d[i] = mix(seed, 100 + i);
}

/* What the code itself uses are R@from to R@from + 4. */
static void compare(const struct hold *h, unsigned int from)
{
	for (unsigned int i = 0; i < 15; i++)
		if ((i < from || i > from + 4) && i != 13 && h[1].r[i] != h[0].r[i])
			fail_n("r", i, h[1].r[i], h[0].r[i]);
	if (h[1].cpsr != h[0].cpsr)
		fail("CPSR", h[1].cpsr, h[0].cpsr);
	if (h[1].fpscr != h[0].fpscr)
		fail("FPSCR", h[1].fpscr, h[0].fpscr);
	for (unsigned int i = 0; i < 32; i++)
		if (h[1].d[i] != h[0].d[i])
			fail_n("d", i, h[1].d[i], h[0].d[i]);
}

static const struct {
	const char *name;
	u32 mode;
} modes[] = {
	{ "FIQ mode's ", FIQ }, { "ABT mode's ", ABT }, { "UND mode's ", UND }, { "SYS mode's ", SYS },
	{ "IRQ mode's ", IRQ },
};

static void bank_fill(struct bank *b, unsigned int cpu, unsigned int m, u64 seed)
{
	u32 *words = &b->sp;

	for (unsigned int i = 0; i < sizeof(*b) / 4; i++)
		words[i] = (u32)mix(seed, 300 + 16 * m + i);
	/* Supervisor mode in all, so that nobody minds. */
	b->spsr = (b->spsr & (FLAGS | 0x1c0)) | SVC;
	if (modes[m].mode == IRQ)
		b->sp = irq_sp[cpu];
}

void arch_check_modes(unsigned int cpu, u64 seed)
{
	for (unsigned int m = 0; m < ARRAY_SIZE(modes); m++) {
		struct bank got, want;
		const u32 *g = &got.sp, *w = &want.sp;
		bool irqs = arch_irqs(false);
		unsigned int n = modes[m].mode == FIQ ? 8 : modes[m].mode == SYS ? 2 : modes[m].mode == IRQ ? 1 : 3;

		bank_read(modes[m].mode, &got);
		arch_irqs(irqs);
		bank_fill(&want, cpu, m, seed);
		for (unsigned int i = 0; i < n; i++)
			if (g[i] != w[i])
				fail_n(modes[m].name, i, g[i], w[i]);
	}
}

static void set_modes(unsigned int cpu, u64 seed)
{
	struct bank b;
	bool irqs = arch_irqs(false);

	if (!irq_sp[cpu]) {
		bank_read(IRQ, &b);
		irq_sp[cpu] = b.sp;
	}
	for (unsigned int m = 0; m < ARRAY_SIZE(modes); m++) {
		bank_fill(&b, cpu, m, seed);
		bank_write(modes[m].mode, &b);
	}
	arch_irqs(irqs);
}

void arch_hold(unsigned int cpu, u64 seed)
{
	struct hold *h = holds[cpu];

	set_modes(cpu, seed);
	fill(h, seed);
	hold_high(h, HOLD_LOOPS);
	compare(h, 8);
	hold_low(h, HOLD_LOOPS);
	compare(h, 0);
}

/* ---- CPUs, interrupts, time ---- */

struct boot {
	void (*fn)(unsigned int cpu);
	u32 cpu, sp;
};

static struct boot boots[MAX_CPUS] __attribute__((aligned(64)));
static u8 stacks[MAX_CPUS][0x10000] __attribute__((aligned(16)));

void arch_clean(const void *p, unsigned int len)
{
	for (u32 a = (u32)p & ~63u; a < (u32)p + len; a += 64)
		mcr(p15, 0, c7, c14, 1, a);	/* DCCIMVAC */
	dsb();
}

void arch_start(unsigned int cpu, void (*fn)(unsigned int cpu))
{
	u32 ret;

	boots[cpu] = (struct boot){ fn, cpu, (u32)stacks[cpu] + sizeof(stacks[0]) };
	arch_clean(&boots[cpu], sizeof(boots[cpu]));
	ret = psci(0x84000003, cpu, (u32)secondary_start, (u32)&boots[cpu]);
	if (ret)
		unexpected("CPU_ON", cpu, ret, 0);
}

bool arch_irqs(bool on)
{
	u32 was;

	__asm__ volatile("mrs %0, cpsr" : "=r"(was) : : "memory");
	if (on)
		__asm__ volatile("cpsie i" : : : "memory");
	else
		__asm__ volatile("cpsid i" : : : "memory");
	return !(was & 0x80);
}

u64 arch_count(void)
{
	u32 low, high;

	isb();
	__asm__ volatile("mrrc p15, 1, %0, %1, c14" : "=r"(low), "=r"(high));
	return (u64)high << 32 | low;
}

u32 arch_hz(void)
{
	return mrc(p15, 0, c14, c0, 0);
}

u64 arch_timer_cval(void)
{
	u32 low, high;

	__asm__ volatile("mrrc p15, 3, %0, %1, c14" : "=r"(low), "=r"(high));
	return (u64)high << 32 | low;
}

void arch_timer_set(u64 cval)
{
	mcrr(p15, 3, c14, cval);
	mcr(p15, 0, c14, c3, 1, 1);
}

u32 arch_timer_ctl(void)
{
	return mrc(p15, 0, c14, c3, 1);
}

u32 add32(volatile u32 *p, u32 n)
{
	u32 v, failed;

	dmb();
	do
		__asm__ volatile("ldrex %0, [%2]\n add %0, %0, %3\n strex %1, %0, [%2]"
				 : "=&r"(v), "=&r"(failed) : "r"(p), "r"(n) : "memory");
	while (failed);
	dmb();
	return v;
}

void lock(volatile u32 *l)
{
	u32 v;

	do {
		__asm__ volatile("ldrex %0, [%1]" : "=&r"(v) : "r"(l) : "memory");
		if (v)
			wfe();
		else
			__asm__ volatile("strex %0, %2, [%1]" : "=&r"(v) : "r"(l), "r"(1) : "memory");
	} while (v);
	dmb();
}

void unlock(volatile u32 *l)
{
	dmb();
	*l = 0;
	sev();
}

/* ---- vectors, of tests/guest/start32.S ---- */

void on_exception(struct frame *f);
void on_exception(struct frame *f)
{
	if (f->kind != K_IRQ)
		unexpected("exception: kind, LR, DFAR", f->kind, f->lr, mrc(p15, 0, c6, c0, 0));
	f->lr -= 4;
	irq();
}
