// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads hyp/arm/ alone and runs a guest of a few instructions in it: every register of
 * the world switch, VFP beside the kernel's own use of it, each kind of exit, the TLB
 * calls, an exception in HYP.  Prints one line per check; the last is "lowtest: PASS"
 * or "lowtest: FAIL".  The module stays loaded, holding HYP, until it is removed.
 */
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <asm/cputype.h>
#include <asm/hwcap.h>
#include <asm/neon.h>

#include "arm/esr.h"
#include "arm/psci.h"
#include "hyp/arm/percpu.h"
#include "hyp/low.h"

extern const char lowtest_guest[], lowtest_guest_end[];

static bool fault;
module_param(fault, bool, 0);
MODULE_PARM_DESC(fault, "make HYP fault once");
static bool restart;
module_param(restart, bool, 0);
MODULE_PARM_DESC(restart, "ask for the stub's SOFT_RESTART, as kexec does; HYP is the stub's afterwards");
static int count = 4096;
module_param(count, int, 0);
MODULE_PARM_DESC(count, "turns of the loops that are timed");

#define CODE 0x40000000u
#define SHARED 0x40001000u
#define READ_ONLY 0x40002000u
#define S2_RAM (0xfull << 2 | 1ull << 6 | 3ull << 8 | 1ull << 10 | 3)
#define S2_WRITE (1ull << 7)

#define HCR_VM 1u
#define HCR_TEST (HCR_VM | 7u << 3 | 1u << 9 | 3u << 10 | 1u << 19 | 1u << 20 | 1u << 21)

static u64 *level1, *level2, *level3;
static void *code, *read_only;
static u32 *shared;
static struct hyp_guest *g;
static struct psci psci = { .version = PSCI_VERSION_1_1, .cpus = 1 };
static int failures;

static bool check(bool ok, const char *what)
{
	pr_info("lowtest: %s: %s\n", what, ok ? "ok" : "FAILED");
	failures += !ok;
	return ok;
}

static bool same(u32 got, u32 want, const char *what)
{
	if (got != want)
		pr_info("lowtest: %s: %08x, not %08x\n", what, got, want);
	failures += got != want;
	return got == want;
}

static enum hyp_exit enter(void)
{
	unsigned long flags;
	enum hyp_exit exit;

	do {
		local_irq_save(flags);
		exit = hyp_enter(g);
		local_irq_restore(flags);
	} while (exit == HYP_EXIT_IRQ);
	return exit;
}

static void begin(u32 test)
{
	memset(&g->core, 0, sizeof(g->core));
	g->core.cpsr = 0x1d3;
	g->core.pc = CODE + 0x40;
	g->core.r[0] = test;
	g->core.r[11] = !!(elf_hwcap & HWCAP_VFPD32);
	g->core.r[12] = SHARED;
	memset(g->cp15, 0, sizeof(g->cp15));
	g->cp15[HYP_CP15_SCTLR] = 0x00c50078;
	g->cp15[HYP_CP15_CPACR] = 0x00f00000;
	g->cp15[HYP_CP15_VBAR] = CODE;
	g->cp15[HYP_CP15_MIDR] = 0x412fc0f4;
	g->cp15[HYP_CP15_MPIDR] = 0x80000302;
	g->cp15[HYP_CP15_ACTLR] = 0x41;
	g->cp15[HYP_CP15_L2CTLR] = 0x01000042;
	g->hcr = HCR_TEST;
	g->hstr = 0;
	g->virq = 0;
	low_guest_reset(g);
	g->vttbr = virt_to_phys(level1) | 1ull << 48;
	g->psci = &psci;
	g->dist_hpfar = ~0u;
}

static bool hvc(enum hyp_exit exit, u32 imm)
{
	return same(exit, HYP_EXIT_TRAP, "exit") && same(g->hsr, 0x4a000000 | imm, "hsr");
}

static void test_mmio(void)
{
	begin(0);
	check(enter() == HYP_EXIT_TRAP && same(g->hsr, 0x93820045, "hsr") && same(g->hpfar, 0x10000 << 4, "hpfar") &&
	      same(g->hxfar, 0x10000024, "hdfar") && same(g->core.r[2], 0x55, "r2"), "write to nothing");
	g->core.pc += 4;
	check(enter() == HYP_EXIT_TRAP && same(g->hsr, 0x93030005, "hsr"), "read of nothing");
	g->core.pc += 4;
	g->core.r[3] = 42;
	check(hvc(enter(), 0x100) && same(g->core.r[3], 42, "r3"), "hvc");
}

/* Indices into the page, as guest.S writes it. */
static const struct {
	const char *name;
	size_t off;
	u32 keep;		/* bits that the register has */
} regs[] = {
#define CORE(f, m) { #f, offsetof(struct hyp_guest, core.f), m }
#define CP15(r, m) { #r, offsetof(struct hyp_guest, cp15) + 4 * HYP_CP15_##r, m }
	CORE(fiq[0], ~0u), CORE(fiq[1], ~0u), CORE(fiq[2], ~0u), CORE(fiq[3], ~0u), CORE(fiq[4], ~0u),
	CORE(fiq[5], ~0u), CORE(fiq[6], ~0u), CORE(fiq[7], 0xf80003df),
	CORE(irq[0], ~0u), CORE(irq[1], ~0u), CORE(irq[2], 0xf80003df),
	CORE(abt[0], ~0u), CORE(abt[1], ~0u), CORE(abt[2], 0xf80003df),
	CORE(und[0], ~0u), CORE(und[1], ~0u), CORE(und[2], 0xf80003df),
	CORE(r[13], ~0u),
	CP15(CSSELR, 3), CP15(TTBR0, ~0x7fu), CP15(TTBR1, ~0x7fu), CP15(TTBCR, 7), CP15(DACR, ~0u),
	CP15(DFSR, 0x3c0f), CP15(IFSR, 0x140f), CP15(DFAR, ~0u), CP15(IFAR, ~0u), CP15(PAR, 0xfffff000),
	CP15(PRRR, 0xff0fffff), CP15(NMRR, ~0u), CP15(VBAR, 0xffffffe0), CP15(CONTEXTIDR, ~0u),
	CP15(TPIDRURW, ~0u), CP15(TPIDRURO, ~0u), CP15(TPIDRPRW, ~0u), CP15(CNTKCTL, 0x3ff),
};

static u32 *reg(unsigned int i)
{
	return (u32 *)((char *)g + regs[i].off);
}

static u32 pattern(unsigned int i, u32 seed)
{
	return (0x9e3779b9 * (i + seed)) & regs[i].keep;
}

static void test_regs(void)
{
	unsigned int i;
	int before = failures;
	u32 host[4], now[4];

	begin(1);
	for (i = 0; i < ARRAY_SIZE(regs); i++)
		*reg(i) = pattern(i, 1);
	hvc(enter(), 0x101);
	for (i = 0; i < ARRAY_SIZE(regs); i++) {
		same(shared[i] & regs[i].keep, pattern(i, 1), regs[i].name);
		same(*reg(i) & regs[i].keep, pattern(i, 1), regs[i].name);
	}
	same(shared[i], 0x412fc0f4, "MIDR");
	same(shared[i + 1], 0x80000302, "MPIDR");
	check(failures == before, "registers to the guest");

	before = failures;
	begin(2);
	for (i = 0; i < ARRAY_SIZE(regs); i++)
		shared[i] = pattern(i, 77);
	asm volatile("mrc p15, 0, %0, c13, c0, 2" : "=r"(host[0]));
	asm volatile("mrc p15, 0, %0, c13, c0, 3" : "=r"(host[1]));
	asm volatile("mrc p15, 0, %0, c2, c0, 1" : "=r"(host[2]));
	asm volatile("mrc p15, 0, %0, c10, c2, 0" : "=r"(host[3]));
	hvc(enter(), 0x102);
	asm volatile("mrc p15, 0, %0, c13, c0, 2" : "=r"(now[0]));
	asm volatile("mrc p15, 0, %0, c13, c0, 3" : "=r"(now[1]));
	asm volatile("mrc p15, 0, %0, c2, c0, 1" : "=r"(now[2]));
	asm volatile("mrc p15, 0, %0, c10, c2, 0" : "=r"(now[3]));
	for (i = 0; i < ARRAY_SIZE(regs); i++)
		same(*reg(i) & regs[i].keep, pattern(i, 77), regs[i].name);
	check(failures == before, "registers from the guest");
	check(!memcmp(host, now, sizeof(host)), "the kernel's registers");
	same(read_cpuid_id() != 0x412fc0f4, 1, "the kernel's MIDR");
}

static void test_irq(void)
{
	unsigned long flags;
	enum hyp_exit exit;

	begin(3);
	local_irq_save(flags);
	exit = hyp_enter(g);
	local_irq_restore(flags);
	check(exit == HYP_EXIT_IRQ && (g->core.pc & ~0xfffu) == CODE, "interrupt of the host");
}

static void test_vfp(void)
{
	const unsigned int n = elf_hwcap & HWCAP_VFPD32 ? 32 : 16;
	u64 *d = (u64 *)shared;
	unsigned int i;
	int before = failures;
	u32 host = 0;

	if (!(elf_hwcap & HWCAP_VFP))
		return;
	for (i = 0; i < n; i++)
		d[i] = 0x0123456789abcdefull * (i + 1);
	memset(&g->vfp, 0, sizeof(g->vfp));
	begin(4);
	kernel_neon_begin();
	asm volatile(".fpu neon\n\tvmov.i32 d7, #0x5a");
	hvc(enter(), 0x104);
	asm volatile(".fpu neon\n\tvmov %0, s14" : "=r"(host));
	kernel_neon_end();
	same(host, 0x5a, "the kernel's d7");
	for (i = 0; i < n; i++)
		failures += g->vfp.d[i] != 0x0123456789abcdefull * (i + 1);
	same(g->vfp.fpexc, 1u << 30, "FPEXC");
	hvc(enter(), 0x104);
	for (i = 0; i < n; i++)
		failures += d[i] != d[n + i];
	check(failures == before, "VFP registers");
	/* Switched off by the guest: its exception, not a trap. */
	begin(9);
	g->vfp.fpexc = 0;
	check(hvc(enter(), 0x201), "VFP that is off");
	begin(9);
	g->vfp.fpexc = 1u << 30;
	check(hvc(enter(), 0x109), "VFP that is on");
}

static void test_fast(void)
{
	int before = failures;

	begin(5);
	g->core.r[1] = 10;
	hvc(enter(), 0x105);
	same(g->core.r[1], PSCI_VERSION_1_1, "PSCI version");
	same(g->core.r[2], SMCCC_VERSION_1_1, "SMCCC version");
	same(g->core.r[3], 0x41, "ACTLR");
	/* QEMU 7.2 does not know HCR.TIDCP: the guest sees the board's L2CTLR there. */
	if (g->fast_exits != 12)
		check(same(g->core.r[5], 0x01000042, "L2CTLR") && same(g->fast_exits, 13, "fast exits"), "L2CTLR");
	check(failures == before, "exits that end in HYP");
}

static void test_permission(void)
{
	begin(6);
	g->core.r[1] = READ_ONLY;
	g->cp15[HYP_CP15_PAR] = 0x12345000;
	check(enter() == HYP_EXIT_TRAP && same(g->hsr, 0x9380004f, "hsr") && same(g->hpfar, READ_ONLY >> 8, "hpfar") &&
	      same(g->hxfar, READ_ONLY + 0x10, "hdfar") && same(g->cp15[HYP_CP15_PAR], 0x12345000, "PAR"),
	      "write to a page that may be read");
	level3[2] |= S2_WRITE;
	low_tlb_flush_ipa(g->vttbr, READ_ONLY);
	check(hvc(enter(), 0x106), "and after it may be written");
	level3[2] &= ~S2_WRITE;
	low_tlb_flush_vmid(g->vttbr);
	begin(6);
	g->core.r[1] = READ_ONLY;
	check(enter() == HYP_EXIT_TRAP && same(esr_ec(g->hsr), EC_DABT_LOWER, "ec"), "flush by VMID");
	low_tlb_flush_all();
	low_tlb_flush_local(g->vttbr);
}

/* HCR.VI, VF and VA, with the guest's masks open, then closed. */
static void test_virtual(void)
{
	static const struct { u32 bit, imm, left; } v[] = { { 1u << 7, 0x203, 1u << 7 }, { 1u << 6, 0x204, 1u << 6 },
							    { 1u << 8, 0x202, 0 } };
	int before = failures;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		begin(8);
		g->virq = v[i].bit;
		hvc(enter(), 0x108);		/* masked */
		same(g->virq, v[i].bit, "virq, masked");
		g->core.cpsr &= ~0x1c0;
		hvc(enter(), v[i].imm);
		same(g->virq, v[i].left, "virq, taken");
	}
	check(failures == before, "virtual interrupts and abort");
}

static void test_timer(void)
{
	u32 ctl;

	begin(7);
	g->timer_used = 1;
	g->cntvoff = 0x1000;
	g->cntv_ctl = 0;
	g->cntv_cval = 0;
	check(hvc(enter(), 0x107) && same(g->core.r[1], 5, "CNTV_CTL in the guest") &&
	      same(g->cntv_ctl, 5, "CNTV_CTL saved") && g->cntv_cval, "virtual timer");
	asm volatile("mrc p15, 0, %0, c14, c3, 1" : "=r"(ctl));
	same(ctl & 1, 0, "the kernel's CNTV_CTL");
	g->timer_used = 0;
}

static void test_cost(void)
{
	u64 t[2];
	int i;

	if (failures)
		return;

	begin(8);
	enter();
	local_irq_disable();
	asm volatile("isb\n\tmrrc p15, 0, %Q0, %R0, c14" : "=r"(t[0]));
	for (i = 0; i < count;) {
		if (hyp_enter(g) == HYP_EXIT_TRAP) {
			i++;
		} else {
			local_irq_enable();
			local_irq_disable();
		}
	}
	asm volatile("isb\n\tmrrc p15, 0, %Q0, %R0, c14" : "=r"(t[1]));
	local_irq_enable();
	pr_info("lowtest: %u counts in %u world switches and back\n", (u32)(t[1] - t[0]), count);
	begin(5);
	g->core.r[1] = count;
	asm volatile("isb\n\tmrrc p15, 0, %Q0, %R0, c14" : "=r"(t[0]));
	enter();
	asm volatile("isb\n\tmrrc p15, 0, %Q0, %R0, c14" : "=r"(t[1]));
	pr_info("lowtest: %u counts in %u fast hypercalls\n", (u32)(t[1] - t[0]), count);
}

static void test_panic(void)
{
	unsigned long flags;

	/* A guest that does not exist: HYP faults half way into it. */
	local_irq_save(flags);
	check(hyp_enter((struct hyp_guest *)0x1000) == HYP_EXIT_GONE, "HYP survives itself");
	local_irq_restore(flags);
	test_mmio();
}

/* What the kernel does on its way into kexec: HYP mode with its MMU off, at an address of its choice. */
static void test_restart(void)
{
	/* mrc p15, 4, r0, c12, c0, 0 (HVBAR); mrc p15, 4, r1, c1, c0, 0 (HSCTLR); eret */
	static const u32 insn[] = { 0xee9c0f10, 0xee911f10, 0xe160006e };
	u32 entry = virt_to_phys(code);
	register u32 r0 asm("r0") = STUB_SOFT_RESTART;
	register u32 r1 asm("r1") = entry;
	void *p;

	memcpy(code, insn, sizeof(insn));
	for (p = code; p < code + sizeof(insn); p += 4)
		asm volatile("mcr p15, 0, %0, c7, c14, 1" : : "r"(p) : "memory");
	dsb();
	r0 = STUB_SOFT_RESTART;
	r1 = entry;
	asm volatile(".arch_extension virt\n\thvc #0" : "+r"(r0), "+r"(r1) : : "r2", "r3", "ip", "lr", "cc", "memory");
	check(r0 != (u32)hyp_host_vectors && !(r1 & 1), "SOFT_RESTART");
	r0 = 0x77;
	asm volatile(".arch_extension virt\n\thvc #0" : "+r"(r0) : : "r1", "r2", "r3", "ip", "lr", "cc", "memory");
	check(r0 == STUB_ERROR, "the stub is back");
}

static int make_guest(void)
{
	void *p;

	level1 = (u64 *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, 1);
	level2 = (u64 *)get_zeroed_page(GFP_KERNEL);
	level3 = (u64 *)get_zeroed_page(GFP_KERNEL);
	code = (void *)get_zeroed_page(GFP_KERNEL);
	shared = (u32 *)get_zeroed_page(GFP_KERNEL);
	read_only = (void *)get_zeroed_page(GFP_KERNEL);
	g = (struct hyp_guest *)get_zeroed_page(GFP_KERNEL);
	if (!level1 || !level2 || !level3 || !code || !shared || !read_only || !g)
		return -ENOMEM;
	level1[1] = virt_to_phys(level2) | 3;
	level2[0] = virt_to_phys(level3) | 3;
	level3[0] = virt_to_phys(code) | S2_RAM | S2_WRITE;
	level3[1] = virt_to_phys(shared) | S2_RAM | S2_WRITE;
	level3[2] = virt_to_phys(read_only) | S2_RAM;
	memcpy(code, lowtest_guest, lowtest_guest_end - lowtest_guest);
	/* The guest runs with its caches off. */
	for (p = code; p < code + PAGE_SIZE; p += 4)
		asm volatile("mcr p15, 0, %0, c7, c14, 1" : : "r"(p) : "memory");
	dsb();
	return 0;
}

static void free_guest(void)
{
	free_pages((unsigned long)level1, 1);
	free_page((unsigned long)level2);
	free_page((unsigned long)level3);
	free_page((unsigned long)code);
	free_page((unsigned long)shared);
	free_page((unsigned long)read_only);
	free_page((unsigned long)g);
}

/* On the CPU that calls. */
static void test_all(void)
{
	preempt_disable();
	test_mmio();
	test_regs();
	test_irq();
	test_vfp();
	test_fast();
	test_permission();
	test_virtual();
	test_timer();
	preempt_enable();
}

/* Any write to parameters/again: once more, on this CPU; -EIO for what fails. */
static int set_again(const char *val, const struct kernel_param *kp)
{
	int before = failures;

	if (!g)
		return -ENXIO;
	test_all();
	pr_info("lowtest: again, on CPU%u: %s\n", raw_smp_processor_id(), failures == before ? "PASS" : "FAIL");
	return failures == before ? 0 : -EIO;
}

static const struct kernel_param_ops again_ops = { .set = set_again };
module_param_cb(again, &again_ops, NULL, 0200);

static int __init lowtest_init(void)
{
	int ret = low_init();

	if (ret)
		return ret;
	ret = make_guest();
	if (ret) {
		free_guest();
		low_exit();
		return ret;
	}
	test_all();
	test_cost();
	if (fault)
		test_panic();
	if (restart) {
		preempt_disable();
		test_restart();
		preempt_enable();
	}
	pr_info("lowtest: %s\n", failures ? "FAIL" : "PASS");
	return 0;
}

static void __exit lowtest_exit(void)
{
	low_exit();
	free_guest();
}
module_init(lowtest_init);
module_exit(lowtest_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test of hyp/arm");
