/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The HYP half, as the kernel half sees it.
 *
 * HYP runs with its MMU on.  Its tables map all of lowmem (normal memory, no
 * execute) and the module itself at the addresses where the kernel has them, so a
 * pointer means the same on both sides.  Code that runs in HYP may therefore call
 * the module's own leaf functions (arm/, hyp/arm/fast.c) as long as these call
 * nothing of the kernel's: no printk, no trace point, no kernel lock but
 * arch_spinlock_t with interrupts off.  Such objects are built without
 * instrumentation (hyp/Kbuild).  kmalloc'ed and page-allocated memory can be
 * reached, vmalloc'ed memory cannot.
 */
#ifndef HYP_LOW_H
#define HYP_LOW_H

#ifndef __ASSEMBLY__
#include <linux/types.h>

#include "hyp/uapi/kvm.h"

/* Why hyp_enter() came back. */
enum hyp_exit {
	HYP_EXIT_TRAP,		/* guest->hsr tells */
	HYP_EXIT_IRQ,		/* a host interrupt (or FIQ): it is taken when interrupts are enabled */
	/*
	 * An asynchronous abort that the guest caused (or that came while it ran).  What
	 * else ended the run is made again by the guest after it took the abort.
	 */
	HYP_EXIT_ABORT,
	HYP_EXIT_GONE,		/* HYP is not ours on this CPU: hotplug, kexec, or it failed (then with a WARN) */
};

/* cp15 registers that the world switch moves; the list is hyp/arm/cp15_list.h. */
enum hyp_cp15 {
#define HYP_CP15(name) HYP_CP15_##name,
#define HYP_CP15_64(name) HYP_CP15_##name, HYP_CP15_##name##_HI,
#include "hyp/arm/cp15_list.h"
	HYP_CP15_SWITCHED,
	/* Not in hardware while the guest runs: traps read and write these. */
	HYP_CP15_ACTLR = HYP_CP15_SWITCHED,
	HYP_CP15_L2CTLR,
	HYP_CP15_MPIDR,		/* HYP loads it into VMPIDR */
	HYP_CP15_MIDR,		/* HYP loads it into VPIDR */
	HYP_CP15_WORDS
};

#define HYP_NO_IPA (~0ULL)

/* Bits of hyp_guest.virq, by their place in HCR (DDI 0406C B4.1.65). */
#define HCR_VF 6
#define HCR_VI 7
#define HCR_VA 8

struct hyp_vcpu;
struct psci;

/* The world of one vCPU: a zeroed page (or more) of lowmem, known to HYP by address. */
struct hyp_guest {
	/* in/out: the layout of the core registers of KVM_GET_ONE_REG */
	struct kvm_arm32_core core;
	u32 cp15[HYP_CP15_WORDS];
	struct {
		u64 d[32];
		u32 fpexc, fpscr, fpinst, fpinst2;
	} vfp __aligned(8);
	u8 timer_used;		/* in; 0: CNTV is off at entries, and lost at exits */

	/*
	 * in: what HYP loads.  switch.S reads these with one LDM: keep their order.
	 * HCPTR's TCP10 and TCP11 and all of HDCR and CNTHCTL are HYP's own business.
	 */
	u64 vttbr;		/* with the VMID */
	u32 hcr;		/* HCR, all bits but VI, VF, VA, which are in virq */
	u32 virq;		/* HCR.VI, VF, VA; HYP clears VA when the guest took it */
	u32 hstr;
	u32 hcptr;
	u64 cntvoff;
	/* in/out; switch.S: in this order */
	u64 cntv_cval;
	u32 cntv_ctl;

	/* out: of the last exit */
	u32 hsr;
	u32 hxfar;		/* HDFAR or HIFAR, by HSR.EC */
	u32 hpfar;		/* bits 39:12 of the IPA at 31:4; HYP translates it when hardware did not */

	/*
	 * Of a data abort without a valid syndrome: where the instruction is, and where
	 * its second halfword is when that lies in the next page; HYP_NO_IPA: stage 1
	 * no longer maps it.
	 */
	u64 insn_ipa[2];

	/* HYP fast path (hyp/arm/fast.c): exits that end without the kernel */
	struct hyp_vcpu *vcpu;
	const struct psci *psci;	/* in: answers VERSION and FEATURES in HYP; NULL: the kernel half does */
	u32 dist_hpfar;		/* in: the page of GICD as HPFAR has it; ~0: no accesses for hyp_fast_dist */
	u32 fast_exits;		/* counts up; who wants to know since when sets it to 0 */
};

/*
 * Takes HYP mode on every CPU that is or comes online: 0, -ENODEV where the host
 * did not boot in HYP or the CPUs are not of the right kind, after a line in the
 * log that says which and why.
 */
int low_init(void);
/* Gives HYP back.  No vCPU may be in the guest. */
void low_exit(void);

/*
 * Runs the guest of @g on this CPU until it exits.  Interrupts are off, and stay so.
 * All that the host's kernel may have in registers is kept.  @g is 8-byte aligned and
 * core.cpsr holds a mode of PL0 or PL1: who lets user space write it sees to that.
 */
enum hyp_exit hyp_enter(struct hyp_guest *g);

/* Fields of @g that HYP keeps for itself to their state at reset; the vCPU is not in the guest. */
void low_guest_reset(struct hyp_guest *g);

/* TLB maintenance by VMID, on all CPUs of the inner shareable domain; any context. */
void low_tlb_flush_vmid(u64 vttbr);
void low_tlb_flush_ipa(u64 vttbr, u64 ipa);	/* one page or block */
/* Everything of all VMs and the instruction caches: VMID rollover.  All CPUs. */
void low_tlb_flush_all(void);
/* This CPU only: another vCPU of the same VM ran here before. */
void low_tlb_flush_local(u64 vttbr);

/*
 * Guest accesses to the distributor that HYP may serve: vgic.c sets it.  Called in HYP,
 * so it may only try for locks.  false: nothing was done, the kernel half shall see it.
 */
extern bool (*hyp_fast_dist)(struct hyp_guest *g, u32 offset, unsigned int len, bool write, u32 *val);

/* The part: KVM_ARM_TARGET_CORTEX_A15 or A7, by the boot CPU's MIDR. */
u32 low_target(void);

#endif
#endif
