/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world switch.  Registers go in groups through r2-r12 and lr, so that a group
 * is one LDM or STM and one instruction for each register.  The order in memory is
 * that of struct hyp_guest and struct hyp_cpu; offsets.c checks what is assumed.
 *
 * No barrier stands between the writes: none of them concerns HYP itself, and ERET
 * synchronises (DDI 0406C B1.3.3, B5.6.3).
 */
#include "hyp/arm/percpu.h"
#include "offsets.h"

#define HCPTR_TCP10_11 (3 << 10)
#define FPEXC_EN (1 << 30)
#define ISR_A (1 << 8)

	.arch	armv7-a
	.arch_extension virt
	.fpu	neon-vfpv4
	.arm
	.text

/* Guest cp15, as cp15_list.h orders it, in three groups; @op64, @op: mrrc, mrc or mcrr, mcr. */
	.macro	cp15_group1 op64, op
	\op	p15, 2, r2, c0, c0, 0		@ CSSELR
	\op	p15, 0, r3, c1, c0, 0		@ SCTLR
	\op	p15, 0, r4, c1, c0, 2		@ CPACR
	\op64	p15, 0, r5, r6, c2		@ TTBR0
	\op64	p15, 1, r7, r8, c2		@ TTBR1
	\op	p15, 0, r9, c2, c0, 2		@ TTBCR
	\op	p15, 0, r10, c3, c0, 0		@ DACR
	\op	p15, 0, r11, c5, c0, 0		@ DFSR
	.endm
	.macro	cp15_group2 op64, op
	\op	p15, 0, r2, c5, c0, 1		@ IFSR
	\op	p15, 0, r3, c5, c1, 0		@ ADFSR
	\op	p15, 0, r4, c5, c1, 1		@ AIFSR
	\op	p15, 0, r5, c6, c0, 0		@ DFAR
	\op	p15, 0, r6, c6, c0, 2		@ IFAR
	\op64	p15, 0, r7, r8, c7		@ PAR
	\op	p15, 0, r9, c10, c2, 0		@ PRRR or MAIR0: after TTBCR
	\op	p15, 0, r10, c10, c2, 1		@ NMRR or MAIR1
	\op	p15, 0, r11, c10, c3, 0		@ AMAIR0
	.endm
	.macro	cp15_group3 op
	\op	p15, 0, r2, c10, c3, 1		@ AMAIR1
	\op	p15, 0, r3, c12, c0, 0		@ VBAR
	\op	p15, 0, r4, c13, c0, 1		@ CONTEXTIDR
	\op	p15, 0, r5, c13, c0, 2		@ TPIDRURW
	\op	p15, 0, r6, c13, c0, 3		@ TPIDRURO
	\op	p15, 0, r7, c13, c0, 4		@ TPIDRPRW
	\op	p15, 0, r8, c14, c1, 0		@ CNTKCTL
	.endm

/*
 * The kernel's cp15, r3-r12 and lr, of struct hyp_cpu.host.  Fault status and
 * address, PAR and CSSELR are not among it: the kernel reads them with interrupts
 * off right after what wrote them, and never calls us in between.
 */
	.macro	cp15_host op64, op
	\op	p15, 0, r3, c1, c0, 0		@ SCTLR
	\op	p15, 0, r4, c1, c0, 2		@ CPACR
	\op64	p15, 0, r5, r6, c2		@ TTBR0
	\op	p15, 0, r7, c2, c0, 2		@ TTBCR
	\op	p15, 0, r8, c3, c0, 0		@ DACR
	\op	p15, 0, r9, c13, c0, 1		@ CONTEXTIDR
	\op	p15, 0, r10, c13, c0, 2		@ TPIDRURW
	\op	p15, 0, r11, c13, c0, 3		@ TPIDRURO
	\op	p15, 0, r12, c13, c0, 4		@ TPIDRPRW
	\op	p15, 0, lr, c14, c1, 0		@ CNTKCTL
	.endm

/* The VFP registers from or to @base, which moves behind D0-D31; r3: D16-D31 exist. */
	.macro	vfp_regs op, base
	\op	\base!, {d0-d15}
	cmp	r3, #0
	\op\()ne \base!, {d16-d31}
	addeq	\base, \base, #128
	.endm

/*
 * The kernel's registers are kept only where it may have something in them: SPSRs
 * and LRs of its exception modes are dead outside its entry code, lr_svc is lost to
 * the HVC, the User registers are on its stack.
 */
	.global	hyp_guest_enter
hyp_guest_enter:				@ r1: guest, sp: struct hyp_cpu
	stm	sp, {r4-r11}
	add	r0, sp, #CPU_HOST_ELR
	mrs	r2, elr_hyp
	mrs	r3, spsr
	mrs	r4, sp_svc
	mrs	r5, sp_abt
	mrs	r6, sp_und
	mrs	r7, sp_irq
	mrs	r8, r8_fiq
	mrs	r9, r9_fiq
	mrs	r10, r10_fiq
	mrs	r11, r11_fiq
	mrs	r12, r12_fiq
	mrs	lr, sp_fiq
	stm	r0!, {r2-r12, lr}
	mrs	r2, lr_fiq
	cp15_host mrrc, mrc
	stm	r0, {r2-r12, lr}
	str	r1, [sp, #CPU_GUEST]

	@ The guest's first VFP instruction traps by HCPTR, which is looked at after FPEXC.
	ldr	r2, [sp, #CPU_HAS_VFP]
	cmp	r2, #0
	beq	1f
	vmrs	r2, fpexc
	str	r2, [sp, #CPU_FPEXC]
	tst	r2, #FPEXC_EN
	orreq	r2, r2, #FPEXC_EN
	vmsreq	fpexc, r2
1:
	add	r0, r1, #GUEST_VTTBR
	ldm	r0, {r2-r9}			@ vttbr, hcr, virq, hstr, hcptr, cntvoff
	ldrd	r10, r11, [sp, #CPU_HDCR_GUEST]	@ and the guest's vectors
	orr	r4, r4, r5
	orr	r7, r7, #HCPTR_TCP10_11
	mov	r12, #1				@ CNTHCTL.PL1PCTEN; the physical timer traps
	mcrr	p15, 6, r2, r3, c2		@ VTTBR
	mcr	p15, 4, r4, c1, c1, 0		@ HCR
	mcr	p15, 4, r6, c1, c1, 3		@ HSTR
	mcr	p15, 4, r7, c1, c1, 2		@ HCPTR
	mcrr	p15, 4, r8, r9, c14		@ CNTVOFF
	mcr	p15, 4, r10, c1, c1, 1		@ HDCR
	mcr	p15, 4, r11, c12, c0, 0		@ HVBAR
	mcr	p15, 4, r12, c14, c1, 0		@ CNTHCTL

	ldrb	r2, [r1, #GUEST_TIMER_USED]
	cmp	r2, #0
	beq	2f
	add	r0, r1, #GUEST_CNTV_CVAL
	ldm	r0, {r2, r3, r4}
	mcrr	p15, 3, r2, r3, c14		@ CNTV_CVAL
	mcr	p15, 0, r4, c14, c3, 1		@ CNTV_CTL
2:
	add	r0, r1, #GUEST_CP15
	ldm	r0!, {r2-r11}
	cp15_group1 mcrr, mcr
	ldm	r0!, {r2-r11}
	cp15_group2 mcrr, mcr
	ldm	r0, {r2-r12}			@ ACTLR and L2CTLR, r9 and r10, only pass by
	cp15_group3 mcr
	mcr	p15, 4, r11, c0, c0, 5		@ VMPIDR
	mcr	p15, 4, r12, c0, c0, 0		@ VPIDR

	add	r0, r1, #GUEST_SVC
	ldm	r0!, {r2-r12, lr}
	msr	sp_svc, r2
	msr	lr_svc, r3
	msr	spsr_svc, r4
	msr	sp_abt, r5
	msr	lr_abt, r6
	msr	spsr_abt, r7
	msr	sp_und, r8
	msr	lr_und, r9
	msr	spsr_und, r10
	msr	sp_irq, r11
	msr	lr_irq, r12
	msr	spsr_irq, lr
	ldm	r0, {r2-r9}
	msr	r8_fiq, r2
	msr	r9_fiq, r3
	msr	r10_fiq, r4
	msr	r11_fiq, r5
	msr	r12_fiq, r6
	msr	sp_fiq, r7
	msr	lr_fiq, r8
	msr	spsr_fiq, r9
	add	r0, r1, #GUEST_SP
	ldm	r0, {r2, r3, r4, r5}
	msr	sp_usr, r2
	mov	lr, r3
	msr	elr_hyp, r4
	msr	spsr_cxsf, r5
	clrex					@ a STREX of the guest must not meet the kernel's LDREX
	mov	sp, r1
	ldm	sp, {r0-r12}
	eret

/* Exits.  sp: guest; LR is the guest's lr_usr. */
	.global	hyp_guest_trap
hyp_guest_trap:
	stm	sp, {r0-r12}
	str	lr, [sp, #GUEST_LR]
	mov	r4, sp
	mov	r0, sp
	mrc	p15, 4, sp, c13, c0, 2		@ HTPIDR
	mrc	p15, 4, r1, c5, c2, 0		@ HSR
	ldr	r2, =hyp_fast			@ may be Thumb code
	blx	r2
	cmp	r0, #HYP_FAST_RESUME
	bne	4f
3:	ldr	lr, [r4, #GUEST_LR]
	mov	sp, r4
	ldm	sp, {r0-r12}
	eret
4:	cmp	r0, #HYP_FAST_VFP
	bne	8f
	ldr	r2, [sp, #CPU_VFP_LOADED]
	cmp	r2, #0				@ a second time it is another coprocessor
	beq	vfp_load
8:	cmp	r0, #HYP_FAST_ABORT
	mov	r5, #HYP_EXIT_TRAP
	moveq	r5, #HYP_EXIT_ABORT
	b	guest_exit

	.global	hyp_guest_irq
hyp_guest_irq:
	stm	sp, {r0-r12}
	str	lr, [sp, #GUEST_LR]
	mov	r4, sp
	mrc	p15, 4, sp, c13, c0, 2
	mov	r5, #HYP_EXIT_IRQ

guest_exit:					@ r4: guest, r5: enum hyp_exit
	mrs	r6, sp_usr
	mrs	r8, elr_hyp
	mrs	r9, spsr
	str	r6, [r4, #GUEST_SP]
	strd	r8, r9, [r4, #GUEST_PC]
	@ An asynchronous abort of what the guest wrote: not the kernel's.
	dsb
	mrc	p15, 0, r2, c12, c1, 0		@ ISR
	tst	r2, #ISR_A
	beq	5f
	.global	hyp_abort_window, hyp_abort_window_end
hyp_abort_window:
	cpsie	a
	isb
hyp_abort_window_end:
	cpsid	a
5:
	mov	r1, r4
	mov	lr, r5
	add	r0, r1, #GUEST_CP15
	cp15_group1 mrrc, mrc
	stm	r0!, {r2-r11}
	cp15_group2 mrrc, mrc
	stm	r0!, {r2-r11}
	cp15_group3 mrc
	stm	r0, {r2-r8}
	mov	r4, r1
	mov	r5, lr

	add	r0, r1, #GUEST_SVC
	mrs	r2, sp_svc
	mrs	r3, lr_svc
	mrs	r6, spsr_svc
	mrs	r7, sp_abt
	mrs	r8, lr_abt
	mrs	r9, spsr_abt
	stm	r0!, {r2, r3, r6-r9}
	mrs	r2, sp_und
	mrs	r3, lr_und
	mrs	r6, spsr_und
	mrs	r7, sp_irq
	mrs	r8, lr_irq
	mrs	r9, spsr_irq
	stm	r0!, {r2, r3, r6-r9}
	mrs	r2, r8_fiq
	mrs	r3, r9_fiq
	mrs	r6, r10_fiq
	mrs	r7, r11_fiq
	mrs	r8, r12_fiq
	mrs	r9, sp_fiq
	mrs	r10, lr_fiq
	mrs	r11, spsr_fiq
	stm	r0, {r2, r3, r6-r11}

	ldrb	r2, [r4, #GUEST_TIMER_USED]
	cmp	r2, #0
	beq	6f
	mrrc	p15, 3, r6, r7, c14		@ CNTV_CVAL
	mrc	p15, 0, r8, c14, c3, 1		@ CNTV_CTL
	add	r0, r4, #GUEST_CNTV_CVAL
	stm	r0, {r6-r8}
6:
	@ HCR.VA is cleared when the guest takes the abort.
	ldr	r2, [r4, #GUEST_VIRQ]
	tst	r2, #VIRQ_VA
	beq	hyp_guest_leave
	mrc	p15, 4, r3, c1, c1, 0		@ HCR
	tst	r3, #VIRQ_VA
	biceq	r2, r2, #VIRQ_VA
	streq	r2, [r4, #GUEST_VIRQ]

/* The guest is saved, or given up (hyp_panic).  r4: guest, or memory like one, r5: what to return. */
	.global	hyp_guest_leave
hyp_guest_leave:
	mov	r2, #0
	mcr	p15, 0, r2, c14, c3, 1		@ CNTV_CTL: its interrupt is for guests alone
	ldr	r2, [sp, #CPU_VFP_LOADED]
	cmp	r2, #0
	bne	vfp_give_back
	ldr	r2, [sp, #CPU_FPEXC]
	tst	r2, #FPEXC_EN
	beq	fpexc_give_back
7:
	mov	r0, r5
	add	r12, sp, #CPU_CONFIG
	ldm	r12, {r1-r7}
	ldr	r9, [sp, #CPU_HOST_VECTORS]
	mov	r8, #0
	mcr	p15, 4, r1, c1, c1, 0		@ HCR
	mcr	p15, 4, r2, c1, c1, 3		@ HSTR
	mcr	p15, 4, r3, c1, c1, 2		@ HCPTR
	mcr	p15, 4, r4, c1, c1, 1		@ HDCR
	mcr	p15, 4, r5, c14, c1, 0		@ CNTHCTL
	mcrr	p15, 4, r6, r7, c14		@ CNTVOFF
	mcrr	p15, 6, r8, r8, c2		@ VTTBR: the kernel's TLB entries have VMID 0
	mcr	p15, 4, r9, c12, c0, 0		@ HVBAR
	str	r8, [sp, #CPU_GUEST]

	add	r1, sp, #CPU_HOST_LR_FIQ
	ldm	r1, {r2-r12, lr}
	msr	lr_fiq, r2
	cp15_host mcrr, mcr
	add	r1, sp, #CPU_FIXED
	ldm	r1, {r2-r10}
	mcrr	p15, 1, r2, r3, c2		@ TTBR1
	mcr	p15, 0, r4, c10, c2, 0		@ PRRR
	mcr	p15, 0, r5, c10, c2, 1		@ NMRR
	mcr	p15, 0, r6, c10, c3, 0		@ AMAIR0
	mcr	p15, 0, r7, c10, c3, 1		@ AMAIR1
	mcr	p15, 0, r8, c12, c0, 0		@ VBAR
	mcr	p15, 4, r9, c0, c0, 5		@ VMPIDR
	mcr	p15, 4, r10, c0, c0, 0		@ VPIDR
	add	r1, sp, #CPU_HOST_ELR
	ldm	r1, {r2-r12, lr}
	msr	elr_hyp, r2
	msr	spsr_cxsf, r3
	msr	sp_svc, r4
	msr	sp_abt, r5
	msr	sp_und, r6
	msr	sp_irq, r7
	msr	r8_fiq, r8
	msr	r9_fiq, r9
	msr	r10_fiq, r10
	msr	r11_fiq, r11
	msr	r12_fiq, r12
	msr	sp_fiq, lr
	ldm	sp, {r4-r11}
	eret

/*
 * The guest wants VFP: r4: guest.  HCPTR's trap goes off for HYP too, and FPEXC.EN is
 * set since the entry.  No CPU with the Virtualization Extensions has FPINST.
 */
vfp_load:
	ldr	r2, [r4, #GUEST_HCPTR]
	mcr	p15, 4, r2, c1, c1, 2		@ HCPTR
	isb
	ldr	r3, [sp, #CPU_HAS_D32]
	add	r0, sp, #CPU_VFP
	vfp_regs vstm, r0
	vmrs	r2, fpscr
	str	r2, [r0]
	add	r0, r4, #GUEST_VFP
	vfp_regs vldm, r0
	ldrd	r6, r7, [r0]			@ fpexc, fpscr
	vmsr	fpscr, r7
	vmsr	fpexc, r6
	mov	r2, #1
	str	r2, [sp, #CPU_VFP_LOADED]
	b	3b

vfp_give_back:					@ keeps r4, r5
	vmrs	r6, fpexc
	orr	r2, r6, #FPEXC_EN
	vmsr	fpexc, r2
	vmrs	r7, fpscr
	ldr	r3, [sp, #CPU_HAS_D32]
	add	r0, r4, #GUEST_VFP
	vfp_regs vstm, r0
	strd	r6, r7, [r0]
	add	r0, sp, #CPU_VFP
	vfp_regs vldm, r0
	ldr	r2, [r0]
	vmsr	fpscr, r2
	ldr	r2, [sp, #CPU_FPEXC]
	vmsr	fpexc, r2
	mov	r2, #0
	str	r2, [sp, #CPU_VFP_LOADED]
	b	7b

fpexc_give_back:				@ r2: the kernel's, with EN clear
	ldr	r3, [r4, #GUEST_HCPTR]
	mcr	p15, 4, r3, c1, c1, 2		@ HCPTR
	isb
	vmsr	fpexc, r2
	b	7b
	.ltorg
