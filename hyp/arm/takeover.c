// SPDX-License-Identifier: GPL-2.0-only
/*
 * HYP mode on every CPU: is it there, taking it from the kernel's stub, giving it back
 * whenever the kernel needs the stub or the CPU loses its state, and the calls into it.
 *
 * A CPU is ours between hyp_take() and hyp_give(); both run on it with interrupts
 * off, so code with interrupts off may rely on hyp_taken.
 */
#include <linux/cpu.h>
#include <linux/cpu_pm.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/of.h>
#include <linux/of_irq.h>
#include <linux/percpu.h>
#include <linux/ratelimit.h>
#include <linux/reboot.h>
#include <linux/smp.h>
#include <asm/cputype.h>
#include <asm/hwcap.h>
#include <asm/outercache.h>

#include "hyp/arm/percpu.h"
#include "hyp/low.h"

#define HMAIR0_NORMAL 0xff		/* attribute 0: write-back, read- and write-allocate */
/* RES1 bits; walks write-back, inner shareable; T0SZ 0: 4 GiB. */
#define HTCR_VALUE 0x80803500
/* The same for stage 2: 40 bits of IPA (T0SZ -8), starting at level 1. */
#define VTCR_VALUE 0x80003558

#define FPEXC_EN_BIT (1u << 30)

#define PART_A7 0xc07
#define PART_A12 0xc0d
#define PART_A17 0xc0e
#define PART_A15 0xc0f

static DEFINE_PER_CPU(struct hyp_cpu *, hyp_cpu);
static DEFINE_PER_CPU(bool, hyp_taken);
static DEFINE_PER_CPU(unsigned int, hyp_irq_cookie);
static bool rebooting;
static u32 boot_midr;
static int cpuhp_state;

static inline u32 hyp_call(u32 fn, u32 a1, u32 a2, u32 a3)
{
	register u32 r0 asm("r0") = fn;
	register u32 r1 asm("r1") = a1;
	register u32 r2 asm("r2") = a2;
	register u32 r3 asm("r3") = a3;

	asm volatile(".arch_extension virt\n\thvc #0"
		     : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3) : : "ip", "lr", "cc", "memory");
	return r0;
}

/* The stub's SOFT_RESTART into blob.S, which returns two values. */
static void hyp_call_blob(u32 *hvbar, u32 *hsctlr)
{
	u32 entry = virt_to_phys(hyp_map_blob()) + (hyp_blob_take - hyp_blob_start);
	register u32 r0 asm("r0") = STUB_SOFT_RESTART;
	register u32 r1 asm("r1") = entry;

	asm volatile(".arch_extension virt\n\thvc #0"
		     : "+r"(r0), "+r"(r1) : : "r2", "r3", "ip", "lr", "cc", "memory");
	*hvbar = r0;
	*hsctlr = r1;
}

static u32 part(void)
{
	return read_cpuid_part() >> 4 & 0xfff;
}

/* The vectors for the guest, by what makes this CPU forget its branches. */
static u32 guest_vectors(void)
{
	const char *v = hyp_guest_vectors;

	if (IS_ENABLED(CONFIG_HARDEN_BRANCH_PREDICTOR)) {
		if (part() == PART_A15)
			v = hyp_guest_vectors_iciallu;
		else if (part() == PART_A12 || part() == PART_A17)
			v = hyp_guest_vectors_bpiall;
	}
	return (u32)v;
}

/* NULL, or why HYP mode of this CPU is not for us. */
static const char *cpu_unfit(void)
{
	u32 p = part(), pfr1 = read_cpuid_ext(CPUID_EXT_PFR1), mmfr0 = read_cpuid_ext(CPUID_EXT_MMFR0);

	if (read_cpuid_implementor() != ARM_CPU_IMP_ARM ||
	    (p != PART_A7 && p != PART_A12 && p != PART_A15 && p != PART_A17))
		return "not a Cortex-A7, A12, A15 or A17";
	if ((pfr1 >> 12 & 15) != 1 || (mmfr0 & 15) < 5)
		return "no Virtualization Extensions";
	return NULL;
}

/* Interrupts are off.  The stub answers: it is this CPU's HYP vectors. */
static void hyp_take(void)
{
	struct hyp_cpu *cpu = __this_cpu_read(hyp_cpu);

	hyp_call_blob(&cpu->back.stub_hvbar, &cpu->back.stub_hsctlr);
	cpu->guest_vectors = guest_vectors();
	hyp_call(HYP_CALL_INIT, (u32)cpu, 0, 0);
	__this_cpu_write(hyp_taken, true);
}

static void hyp_give(void)
{
	if (!__this_cpu_read(hyp_taken))
		return;
	__this_cpu_write(hyp_taken, false);
	hyp_call(HYP_CALL_LEAVE, 0, 0, 0);
}

static void give_here(void *unused)
{
	hyp_give();
}

/* CPU hotplug: on the CPU itself, before other tasks come to it and after they left. */
static int hyp_cpu_online(unsigned int cpu)
{
	const char *why;
	unsigned long flags;
	int ret = 0;

	local_irq_save(flags);
	if (rebooting || __this_cpu_read(hyp_taken))
		goto out;
	why = cpu_unfit();
	if (!why && hyp_call(STUB_ERROR, 0, 0, 0) != STUB_ERROR)
		why = "HYP mode is in somebody else's hands";
	if (why) {
		pr_err("vambrace: CPU%u (MIDR %08x): %s\n", cpu, read_cpuid_id(), why);
		ret = -ENODEV;
		goto out;
	}
	hyp_take();
out:
	local_irq_restore(flags);
	return ret;
}

static int hyp_cpu_offline(unsigned int cpu)
{
	unsigned long flags;

	local_irq_save(flags);
	hyp_give();
	local_irq_restore(flags);
	return 0;
}

/* Suspend and deep idle states: the CPU forgets HYP's registers, and wakes with the stub. */
static int pm_notify(struct notifier_block *nb, unsigned long action, void *unused)
{
	static DEFINE_PER_CPU(bool, was_taken);

	switch (action) {
	case CPU_PM_ENTER:
		__this_cpu_write(was_taken, __this_cpu_read(hyp_taken));
		hyp_give();
		break;
	case CPU_PM_ENTER_FAILED:
	case CPU_PM_EXIT:
		if (__this_cpu_read(was_taken) && !rebooting)
			hyp_take();
		__this_cpu_write(was_taken, false);
		break;
	}
	return NOTIFY_OK;
}

/* The next kernel, or firmware, finds HYP as this kernel left it. */
static int reboot_notify(struct notifier_block *nb, unsigned long code, void *unused)
{
	WRITE_ONCE(rebooting, true);
	on_each_cpu(give_here, NULL, 1);
	return NOTIFY_OK;
}

static struct notifier_block pm_block = { .notifier_call = pm_notify };
static struct notifier_block reboot_block = { .notifier_call = reboot_notify };

static irqreturn_t no_handler(int irq, void *unused)
{
	return IRQ_NONE;
}

/*
 * Did the kernel boot in HYP mode?  An HVC may not be tried where somebody else may
 * own HYP or nobody does.  But a kernel in HYP uses the physical timer, and one that
 * is not uses the virtual timer: then that one's interrupt is taken.
 */
static bool booted_in_hyp(void)
{
	static const char *const timers[] = { "arm,armv7-timer", "arm,armv8-timer" };
	struct device_node *node = NULL;
	unsigned int i, irq;
	int ret;

	for (i = 0; i < ARRAY_SIZE(timers) && !node; i++)
		node = of_find_compatible_node(NULL, NULL, timers[i]);
	irq = node ? irq_of_parse_and_map(node, 2) : 0;
	of_node_put(node);
	if (!irq) {
		pr_err("vambrace: no generic timer with a virtual timer interrupt in the device tree\n");
		return false;
	}
	ret = request_percpu_irq(irq, no_handler, "vambrace", &hyp_irq_cookie);
	if (!ret) {
		free_percpu_irq(irq, &hyp_irq_cookie);
		return true;
	}
	if (ret == -EBUSY)
		pr_err("vambrace: the kernel was not started in HYP mode\n");
	else
		pr_err("vambrace: virtual timer interrupt %u: error %d\n", irq, ret);
	return false;
}

/* Main memory up to date, for a reader without caches. */
static void clean_to_poc(void *p, unsigned long size)
{
	unsigned long line = 4ul << (read_cpuid_cachetype() >> 16 & 15), a;

	for (a = (unsigned long)p & ~(line - 1); a < (unsigned long)p + size; a += line)
		asm volatile("mcr p15, 0, %0, c7, c14, 1" : : "r"(a) : "memory");	/* DCCIMVAC */
	dsb();
	outer_flush_range(virt_to_phys(p), virt_to_phys(p) + size);
}

static void prepare_blob(void)
{
	const struct hyp_blob data = {
		.httbr = hyp_map_httbr(),
		.hvbar = (u32)hyp_host_vectors,
		.hmair0 = HMAIR0_NORMAL,
		.htcr = HTCR_VALUE,
		.vtcr = VTCR_VALUE,
	};
	void *blob = hyp_map_blob();

	memcpy(blob, hyp_blob_start, hyp_blob_end - hyp_blob_start);
	memcpy(blob + (hyp_blob_data - hyp_blob_start), &data, sizeof(data));
	clean_to_poc(blob, PAGE_SIZE);
}

static void free_cpus(void)
{
	int i;

	for_each_possible_cpu(i) {
		struct hyp_cpu *cpu = per_cpu(hyp_cpu, i);

		if (cpu)
			free_pages((unsigned long)(cpu + 1) - (PAGE_SIZE << HYP_STACK_ORDER), HYP_STACK_ORDER);
		per_cpu(hyp_cpu, i) = NULL;
	}
}

static int alloc_cpus(void)
{
	u32 leave = virt_to_phys(hyp_map_blob()) + (hyp_blob_leave - hyp_blob_start);
	int i;

	BUILD_BUG_ON(sizeof(struct hyp_cpu) % 8);
	for_each_possible_cpu(i) {
		unsigned long stack = __get_free_pages(GFP_KERNEL | __GFP_ZERO, HYP_STACK_ORDER);
		struct hyp_cpu *cpu = (struct hyp_cpu *)(stack + (PAGE_SIZE << HYP_STACK_ORDER)) - 1;

		if (!stack)
			return -ENOMEM;
		cpu->has_vfp = !!(elf_hwcap & HWCAP_VFP);
		cpu->has_d32 = !!(elf_hwcap & HWCAP_VFPD32);
		cpu->fpexc = FPEXC_EN_BIT;
		cpu->back.leave = leave;
		cpu->scratch = (struct hyp_guest *)stack;
		per_cpu(hyp_cpu, i) = cpu;
	}
	return 0;
}

int low_init(void)
{
	const char *why = cpu_unfit();
	int ret;

	BUILD_BUG_ON(IS_ENABLED(CONFIG_CPU_BIG_ENDIAN));
	if (why) {
		pr_err("vambrace: CPU with MIDR %08x: %s\n", read_cpuid_id(), why);
		return -ENODEV;
	}
	boot_midr = read_cpuid_id();
	if (!booted_in_hyp())
		return -ENODEV;
	ret = hyp_map_create();
	if (ret)
		return ret;
	ret = alloc_cpus();
	if (ret)
		goto fail;
	prepare_blob();
	rebooting = false;
	ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "vambrace:online", hyp_cpu_online, hyp_cpu_offline);
	if (ret < 0)
		goto fail;
	cpuhp_state = ret;
	cpu_pm_register_notifier(&pm_block);
	register_reboot_notifier(&reboot_block);
	return 0;
fail:
	free_cpus();
	hyp_map_destroy();
	return ret;
}

void low_exit(void)
{
	unregister_reboot_notifier(&reboot_block);
	cpu_pm_unregister_notifier(&pm_block);
	cpuhp_remove_state(cpuhp_state);
	free_cpus();
	hyp_map_destroy();
}

/* HYP ran into an exception of its own: a bug in hyp/arm.  The guest's run is over, the host goes on. */
static void report_panic(void)
{
	const struct hyp_cpu *cpu = __this_cpu_read(hyp_cpu);

	WARN_RATELIMIT(1, "vambrace: exception in HYP mode, vector %02x: elr %pS spsr %08x hsr %08x far %08x %08x\n",
		       cpu->panic.vector, (void *)cpu->panic.elr, cpu->panic.spsr, cpu->panic.hsr,
		       cpu->panic.hdfar, cpu->panic.hifar);
	print_hex_dump(KERN_ERR, "vambrace: r0-r12, lr ", DUMP_PREFIX_NONE, 32, 4, cpu->panic.r,
		       sizeof(cpu->panic.r), false);
}

enum hyp_exit hyp_enter(struct hyp_guest *g)
{
	u32 ret = HYP_EXIT_GONE;

	if (likely(__this_cpu_read(hyp_taken)))
		ret = hyp_call(HYP_CALL_ENTER, (u32)g, 0, 0);
	if (unlikely(ret == HYP_PANIC)) {
		report_panic();
		ret = HYP_EXIT_GONE;
	}
	return ret;
}

void low_guest_reset(struct hyp_guest *g)
{
	g->hcptr = 1u << 20;		/* TTA: no trace registers */
	g->fast_exits = 0;
}

/* For calls that must be made even while this CPU is on its way down: then HYP is borrowed. */
static void hyp_call_always(u32 fn, u64 vttbr)
{
	unsigned long flags;
	bool borrow;

	local_irq_save(flags);
	borrow = !__this_cpu_read(hyp_taken);
	if (likely(!READ_ONCE(rebooting) || !borrow)) {
		if (borrow)
			hyp_take();
		if (hyp_call(fn, 0, (u32)vttbr, vttbr >> 32) == HYP_PANIC)
			report_panic();
		if (borrow)
			hyp_give();
	}
	local_irq_restore(flags);
}

void low_tlb_flush_vmid(u64 vttbr)
{
	hyp_call_always(HYP_CALL_TLB_VMID, vttbr);
}

void low_tlb_flush_ipa(u64 vttbr, u64 ipa)
{
	/* ARMv7 cannot invalidate by IPA, and entries may combine both stages. */
	hyp_call_always(HYP_CALL_TLB_VMID, vttbr);
}

void low_tlb_flush_all(void)
{
	hyp_call_always(HYP_CALL_TLB_ALL, 0);
}

void low_tlb_flush_local(u64 vttbr)
{
	hyp_call_always(HYP_CALL_TLB_LOCAL, vttbr);
}

u32 low_target(void)
{
	return (boot_midr >> 4 & 0xfff) == PART_A7 ? KVM_ARM_TARGET_CORTEX_A7 : KVM_ARM_TARGET_CORTEX_A15;
}
