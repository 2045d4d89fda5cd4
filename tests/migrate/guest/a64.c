/* SPDX-License-Identifier: GPL-2.0-only */
#include "tests/migrate/guest/selftest.h"

/* Of hold64.S, which has the offsets. */
struct hold {
	u64 x[31], nzcv, fpcr, fpsr;
	struct {
		u64 d[2];
	} v[32];
};

/* Until a register is not what @h[0] says, or for @loops; what they are then is in @h[1].  @h[0] is loaded first. */
void hold_high(struct hold *h, u64 loops);	/* but X27..X30, */
void hold_low(struct hold *h, u64 loops);	/* and but X0..X3 */

#define HOLD_LOOPS 400
#define REG(reg, wmask, ones) { #reg, read_##reg, write_##reg, wmask, ones }
#define ACCESS(reg) \
	static u64 read_##reg(void) { return mrs(reg); } \
	static void write_##reg(u64 v) { msr(reg, v); isb(); }

ACCESS(tpidr_el0)
ACCESS(tpidrro_el0)
ACCESS(tpidr_el1)
ACCESS(contextidr_el1)
ACCESS(sp_el0)
ACCESS(par_el1)
ACCESS(mair_el1)
ACCESS(far_el1)
ACCESS(esr_el1)
ACCESS(ttbr1_el1)
ACCESS(csselr_el1)
ACCESS(cntkctl_el1)

static u64 tables[MAX_CPUS][512] __attribute__((aligned(4096)));
extern char vectors[], secondary_start[];

static u64 read_ttbr0(void)
{
	return mrs(ttbr0_el1);
}

/* Another ASID each time; the mappings are global. */
static void write_ttbr0(u64 v)
{
	msr(ttbr0_el1, v | (u64)tables[0]);
	isb();
}

static u64 read_vbar(void)
{
	return mrs(vbar_el1) == (u64)vectors;
}

static void write_vbar(u64 v)
{
	(void)v;
}

const struct reg arch_regs[] = {
	REG(tpidr_el0, ~0ull, 0),
	REG(tpidrro_el0, ~0ull, 0),
	REG(tpidr_el1, ~0ull, 0),
	REG(contextidr_el1, 0xffffffff, 0),
	REG(sp_el0, ~0ull, 0),
	REG(par_el1, 0x0000fffffffff000ull, 0),
	REG(mair_el1, 0xffffffffffff0000ull, 0x04ff),	/* but those of what is mapped */
	REG(far_el1, ~0ull, 0),
	REG(esr_el1, 0xffffffff, 0),
	REG(ttbr1_el1, 0x00fffffffffff000ull, 0),		/* TCR.EPD1 */
	REG(csselr_el1, 1, 0),
	REG(cntkctl_el1, 0x3fb, 0),
	{ "ttbr0_el1", read_ttbr0, write_ttbr0, 0xffull << 48, 0 },
	{ "vbar_el1 as ever", read_vbar, write_vbar, 0, 1 },
};

const unsigned int arch_nregs = ARRAY_SIZE(arch_regs);

/* ---- MMU: 39 bits, 1 GiB of devices and the rest RAM ---- */

void arch_init(unsigned int cpu)
{
	if (cpu == 0) {
		tables[0][0] = 0x0ull | 1 | PTE_DEVICE | PTE_AF | PTE_UXN | PTE_PXN;
		for (u64 i = 1; i < 4; i++)
			tables[0][i] = i << 30 | 1 | PTE_SH | PTE_AF | PTE_UXN;
		dsb();
	}
	msr(mair_el1, 0x04ffull);
	msr(tcr_el1, 25ull | 1ull << 8 | 1ull << 10 | 3ull << 12 | 1ull << 23 | 2ull << 32);
	msr(ttbr0_el1, (u64)tables[0]);
	isb();
	__asm__ volatile("tlbi vmalle1\n dsb nsh\n isb" : : : "memory");
	msr(sctlr_el1, mrs(sctlr_el1) | 1 | 1 << 2 | 1 << 12);
	isb();
}

/* ---- registers ---- */

static struct hold holds[MAX_CPUS][2] __attribute__((aligned(64)));

static void fill(struct hold *h, u64 seed)
{
	for (unsigned int i = 0; i < 31; i++)
		h->x[i] = mix(seed, i);
	h->nzcv = mix(seed, 40) & 0xf0000000;
	h->fpcr = mix(seed, 41) & 0x07c00000;
	h->fpsr = mix(seed, 42) & 0x0800009f;
	for (unsigned int i = 0; i < 32; i++) {
		h->v[i].d[0] = mix(seed, 100 + i);
		h->v[i].d[1] = mix(seed, 200 + i);
	}
}

/* What the code itself uses are X@from to X@from + 3. */
static void compare(const struct hold *h, unsigned int from)
{
	for (unsigned int i = 0; i < 31; i++)
		if ((i < from || i > from + 3) && h[1].x[i] != h[0].x[i])
			fail_n("x", i, h[1].x[i], h[0].x[i]);
	if (h[1].nzcv != h[0].nzcv)
		fail("NZCV", h[1].nzcv, h[0].nzcv);
	if (h[1].fpcr != h[0].fpcr)
		fail("FPCR", h[1].fpcr, h[0].fpcr);
	if (h[1].fpsr != h[0].fpsr)
		fail("FPSR", h[1].fpsr, h[0].fpsr);
	for (unsigned int i = 0; i < 32; i++) {
		if (h[1].v[i].d[0] != h[0].v[i].d[0])
			fail_n("low half of v", i, h[1].v[i].d[0], h[0].v[i].d[0]);
		if (h[1].v[i].d[1] != h[0].v[i].d[1])
			fail_n("high half of v", i, h[1].v[i].d[1], h[0].v[i].d[1]);
	}
}

void arch_hold(unsigned int cpu, u64 seed)
{
	struct hold *h = holds[cpu];

	fill(h, seed);
	hold_high(h, HOLD_LOOPS);
	compare(h, 27);
	hold_low(h, HOLD_LOOPS);
	compare(h, 0);
}

/* There is one mode. */
void arch_check_modes(unsigned int cpu, u64 seed)
{
	(void)cpu, (void)seed;
}

/* ---- CPUs, interrupts, time ---- */

struct boot {
	void (*fn)(unsigned int cpu);
	u64 cpu, sp;
};

static struct boot boots[MAX_CPUS] __attribute__((aligned(64)));
static u8 stacks[MAX_CPUS][16384] __attribute__((aligned(16)));

void arch_clean(const void *p, unsigned int len)
{
	for (u64 a = (u64)p & ~63ull; a < (u64)p + len; a += 64)
		__asm__ volatile("dc civac, %0" : : "r"(a) : "memory");
	dsb();
}

void arch_start(unsigned int cpu, void (*fn)(unsigned int cpu))
{
	u64 ret;

	boots[cpu] = (struct boot){ fn, cpu, (u64)(stacks[cpu] + sizeof(stacks[cpu])) };
	arch_clean(&boots[cpu], sizeof(boots[cpu]));
	ret = psci(0xc4000003, cpu, (u64)secondary_start, (u64)&boots[cpu]);
	if (ret)
		unexpected("CPU_ON", cpu, ret, 0);
}

bool arch_irqs(bool on)
{
	bool was = !(mrs(daif) & 0x80);

	if (on)
		__asm__ volatile("msr daifclr, #2" : : : "memory");
	else
		__asm__ volatile("msr daifset, #2" : : : "memory");
	return was;
}

u64 arch_count(void)
{
	isb();
	return mrs(cntvct_el0);
}

u32 arch_hz(void)
{
	return mrs(cntfrq_el0);
}

u64 arch_timer_cval(void)
{
	return mrs(cntv_cval_el0);
}

void arch_timer_set(u64 cval)
{
	msr(cntv_cval_el0, cval);
	msr(cntv_ctl_el0, 1);
	isb();
}

u32 arch_timer_ctl(void)
{
	return mrs(cntv_ctl_el0);
}

u32 add32(volatile u32 *p, u32 n)
{
	u32 v, failed;

	do
		__asm__ volatile("ldaxr %w0, [%2]\n add %w0, %w0, %w3\n stlxr %w1, %w0, [%2]"
				 : "=&r"(v), "=&r"(failed) : "r"(p), "r"(n) : "memory");
	while (failed);
	return v;
}

void lock(volatile u32 *l)
{
	u32 v;

	do {
		__asm__ volatile("ldaxr %w0, [%1]" : "=&r"(v) : "r"(l) : "memory");
		if (v)
			wfe();
		else
			__asm__ volatile("stxr %w0, %w2, [%1]" : "=&r"(v) : "r"(l), "r"(1) : "memory");
	} while (v);
}

void unlock(volatile u32 *l)
{
	__asm__ volatile("stlr wzr, [%0]\n dsb sy\n sev" : : "r"(l) : "memory");
}

/* ---- vectors, of tests/guest/start.S ---- */

void on_exception(struct frame *f, u64 kind);
void on_exception(struct frame *f, u64 kind)
{
	if ((kind & 3) != 1)
		unexpected("exception: ESR, FAR, ELR", mrs(esr_el1), mrs(far_el1), f->elr);
	irq();
}
