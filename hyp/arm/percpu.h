/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the HYP half keeps per host CPU, and the calls that the kernel half makes.
 * Private to hyp/arm/.
 */
#ifndef HYP_ARM_PERCPU_H
#define HYP_ARM_PERCPU_H

/*
 * r0 of `hvc #0`.  Below 16 are the calls of the kernel's own stub, which may still
 * come (kexec, a CPU that goes); the others have arguments in r1, r2, r3 and return
 * in r0.  r1-r3, r12, lr and the flags are lost.
 */
#define HYP_CALL_BASE 0x56420000
#define HYP_CALL_ENTER (HYP_CALL_BASE + 0)	/* r1: guest; returns enum hyp_exit or HYP_PANIC */
#define HYP_CALL_INIT (HYP_CALL_BASE + 1)	/* r1: struct hyp_cpu; once after the MMU is on */
#define HYP_CALL_LEAVE (HYP_CALL_BASE + 2)	/* back to the stub */
#define HYP_CALL_TLB_VMID (HYP_CALL_BASE + 3)	/* r2, r3: VTTBR; on all CPUs */
#define HYP_CALL_TLB_LOCAL (HYP_CALL_BASE + 4)	/* r2, r3: VTTBR; this CPU, instruction cache too */
#define HYP_CALL_TLB_ALL (HYP_CALL_BASE + 5)	/* all VMIDs, all CPUs, instruction caches too */
#define HYP_CALL_PANIC (HYP_CALL_BASE + 6)	/* for the test of the panic path: does as it says */
#define HYP_CALLS 7

/* The kernel's stub (Documentation/virt/kvm/arm/hyp-abi.rst names these values). */
#define STUB_SOFT_RESTART 1
#define STUB_ERROR 0xbadca11

/* Beyond enum hyp_exit: an exception in HYP itself; hyp_cpu.panic tells. */
#define HYP_PANIC 0x100

/* What hyp_fast() says. */
#define HYP_FAST_RESUME 0	/* done: on with the guest */
#define HYP_FAST_KERNEL 1	/* the kernel half must see it */
#define HYP_FAST_VFP 2		/* the guest's first VFP instruction since it was entered */
#define HYP_FAST_ABORT 3	/* an asynchronous abort */

#define HYP_STACK_ORDER 1	/* pages, with struct hyp_cpu at their upper end */

#ifndef __ASSEMBLY__
#include <linux/types.h>

struct hyp_guest;

/* Registers of the host that no kernel changes after a CPU is up: read once, by HYP_CALL_INIT. */
struct hyp_fixed {
	u32 ttbr1[2], prrr, nmrr, amair0, amair1, vbar, vmpidr, vpidr;
};

/*
 * At the upper end of a CPU's HYP stack, in lowmem.  SP_hyp points to it while the
 * kernel runs, HTPIDR always; while a guest runs SP_hyp is its struct hyp_guest.
 */
struct hyp_cpu {
	/* The caller's side of the call in progress. */
	struct {
		u32 r4_r11[8];
		u32 elr, spsr;
		u32 sp_svc, sp_abt, sp_und, sp_irq;
		u32 fiq[7];		/* r8-r14: the FIQ handlers of some boards live in them */
		u32 cp15[11];		/* what differs by task or may change at any time: switch.S */
	} host;
	struct hyp_fixed fixed;
	/* As the stub had them: the kernel runs with these. */
	struct {
		u32 hcr, hstr, hcptr, hdcr, cnthctl;
		u32 cntvoff[2];
	} config;
	u32 hdcr_guest, guest_vectors;
	u32 host_vectors;
	struct hyp_guest *guest;	/* in HYP or in the guest; NULL while the kernel runs */
	u32 has_vfp, has_d32;
	u32 fpexc;			/* the host's, while a guest runs */
	u32 vfp_loaded;			/* the hardware holds the guest's VFP registers */
	struct hyp_guest *scratch;	/* where a guest may be saved to that HYP faulted on */
	struct {
		u64 d[32];
		u32 fpscr;
	} vfp __aligned(8);		/* the host's, while vfp_loaded */

	struct {
		u32 stub_hvbar, stub_hsctlr;	/* what blob.S found, and puts back */
		u32 leave;		/* address of its way out, the same with and without MMU */
	} back;

	/* The exception in HYP that ended a call with HYP_PANIC. */
	struct {
		u32 count;
		u32 vector;		/* offset into the vector table */
		u32 elr, spsr, hsr, hdfar, hifar;
		u32 r[14];		/* r0-r12, lr */
	} panic;
};

/* blob.S: what it loads, written into the copy of it; and where in it the ways in and out are. */
struct hyp_blob {
	u32 httbr, hvbar, hmair0, htcr, vtcr;
};
extern const char hyp_blob_start[], hyp_blob_end[];
extern const char hyp_blob_take[], hyp_blob_leave[], hyp_blob_data[];

/* vectors.S: the vectors while the kernel runs, and while a guest does; two spoil the branch predictor. */
extern const char hyp_host_vectors[];
extern const char hyp_guest_vectors[], hyp_guest_vectors_bpiall[], hyp_guest_vectors_iciallu[];

/* map.c */
struct hyp_map;
int hyp_map_create(void);		/* -ENOMEM, -ENODEV with a message */
void hyp_map_destroy(void);
u32 hyp_map_httbr(void);
void *hyp_map_blob(void);		/* one page, mapped at its physical address and executable */

/* fast.c */
u32 hyp_fast(struct hyp_guest *g, u32 hsr);	/* HYP_FAST_*; called in HYP */
#endif
#endif
