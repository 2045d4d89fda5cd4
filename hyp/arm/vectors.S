/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HYP's vectors, one table while the kernel runs and one while a guest does, and the
 * calls that the kernel makes.  Runs at the module's own address, in ARM state
 * whatever the kernel's is (HSCTLR.TE is 0).
 */
#include "hyp/arm/percpu.h"
#include "offsets.h"

	.arch	armv7-a
	.arch_extension virt
	.arm
	.text

/* An exception that HYP takes from itself (DDI 0406C B1.8.1: offsets 0x04-0x10), or none that can be. */
	.macro	panics table, offset
\table\()_panic_\offset:
	mrc	p15, 4, sp, c13, c0, 2		@ HTPIDR
	str	r0, [sp, #CPU_PANIC_R]
	mov	r0, #\offset
	b	hyp_panic
	.endm

	.macro	vectors table, dabt, trap, irq, fiq
	.align	5
	.global	\table
\table:
	b	\table\()_panic_0x00
	b	\table\()_panic_0x04
	b	\table\()_panic_0x08
	b	\table\()_panic_0x0c
	b	\dabt
	b	\trap
	b	\irq
	b	\fiq
	.endm

	vectors	hyp_host_vectors, hyp_host_vectors_panic_0x10, host_call, \
		hyp_host_vectors_panic_0x18, hyp_host_vectors_panic_0x1c
	.irp	offset, 0x00, 0x04, 0x08, 0x0c, 0x10, 0x18, 0x1c
	panics	hyp_host_vectors, \offset
	.endr

	vectors	hyp_guest_vectors, guest_dabt, hyp_guest_trap, hyp_guest_irq, hyp_guest_irq
	.irp	offset, 0x00, 0x04, 0x08, 0x0c, 0x10
	panics	hyp_guest_vectors, \offset
	.endr

/*
 * What the guest taught the branch predictor must not steer HYP or the kernel
 * (CVE-2017-5715).  Cortex-A12 and A17 forget by BPIALL, Cortex-A15 by ICIALLU.
 * Neither instruction looks at its register, which is still the guest's.
 */
	.macro	hardened table, crm, opc2
	.align	5
	.global	\table
\table:
	b	hyp_guest_vectors_panic_0x00
	b	hyp_guest_vectors_panic_0x04
	b	hyp_guest_vectors_panic_0x08
	b	hyp_guest_vectors_panic_0x0c
	b	guest_dabt
	b	1f
	b	2f
	b	2f
1:	mcr	p15, 0, r0, c7, \crm, \opc2
	isb
	b	hyp_guest_trap
2:	mcr	p15, 0, r0, c7, \crm, \opc2
	isb
	b	hyp_guest_irq
	.endm

	hardened hyp_guest_vectors_bpiall, c5, 6
	hardened hyp_guest_vectors_iciallu, c5, 0

/* The one data abort that HYP takes on purpose: switch.S opened the window for it. */
guest_dabt:
	mrs	r2, elr_hyp
	ldr	r3, =hyp_abort_window
	cmp	r2, r3
	blo	hyp_guest_vectors_panic_0x10
	ldr	r3, =hyp_abort_window_end
	cmp	r2, r3
	bhi	hyp_guest_vectors_panic_0x10
	msr	elr_hyp, r3
	@ It ends the run in place of an HVC: the guest is to make that again.
	ldr	r2, [r4, #GUEST_HSR]
	lsr	r2, r2, #ESR_EC_SHIFT
	cmp	r2, #EC_HVC32
	cmpeq	r5, #HYP_EXIT_TRAP
	ldreq	r2, [r4, #GUEST_PC]
	subeq	r2, r2, #4
	streq	r2, [r4, #GUEST_PC]
	mov	r5, #HYP_EXIT_ABORT
	eret

/* HVC by the kernel.  Of its registers r4-r11 and all banked ones must survive. */
host_call:
	ldr	lr, =HYP_CALL_BASE
	subs	lr, r0, lr
	beq	hyp_guest_enter
	cmp	lr, #HYP_CALLS
	bhs	stub_call
	cmp	lr, #HYP_CALL_INIT - HYP_CALL_BASE
	moveq	sp, r1
	@ For hyp_panic.
	stm	sp, {r4-r11}
	mrs	r12, elr_hyp
	str	r12, [sp, #CPU_HOST_ELR]
	mrs	r12, spsr
	str	r12, [sp, #CPU_HOST_ELR + 4]
	ldr	pc, [pc, lr, lsl #2]
	nop
	.word	0			@ HYP_CALL_ENTER
	.word	call_init
	.word	call_leave
	.word	call_tlb_vmid
	.word	call_tlb_local
	.word	call_tlb_all
	.word	call_panic

/* What the kernel's own vectors would have done. */
stub_call:
	cmp	r0, #STUB_SOFT_RESTART
	ldrne	r0, =STUB_ERROR
	moveq	r3, r1
	beq	leave
	eret
call_leave:
	mov	r3, #0
leave:
	mrc	p15, 4, r12, c13, c0, 2
	add	r12, r12, #CPU_BACK
	ldm	r12, {r1, r2, r12}
	bx	r12

call_panic:
	udf	#0

/* One VM's entries on every CPU: there is no invalidation by IPA in ARMv7. */
call_tlb_vmid:
	dsb	ish
	mcrr	p15, 6, r2, r3, c2		@ VTTBR
	isb
	mcr	p15, 0, r0, c8, c3, 0		@ TLBIALLIS
	b	tlb_done
call_tlb_local:
	dsb	ish
	mcrr	p15, 6, r2, r3, c2
	isb
	mcr	p15, 0, r0, c8, c7, 0		@ TLBIALL
	mcr	p15, 0, r0, c7, c5, 0		@ ICIALLU
	b	tlb_done
call_tlb_all:
	dsb	ish
	mcr	p15, 4, r0, c8, c3, 4		@ TLBIALLNSNHIS
	mcr	p15, 0, r0, c7, c1, 0		@ ICIALLUIS
tlb_done:
	dsb	ish
	mov	r0, #0
	mcrr	p15, 6, r0, r0, c2		@ the kernel's own entries have VMID 0
	eret

/* sp is struct hyp_cpu: note how the kernel's configuration is, and what of it is constant. */
call_init:
	mcr	p15, 4, sp, c13, c0, 2		@ HTPIDR
	add	r12, sp, #CPU_CONFIG
	mrc	p15, 4, r0, c1, c1, 0		@ HCR
	mrc	p15, 4, r1, c1, c1, 3		@ HSTR
	mrc	p15, 4, r2, c1, c1, 2		@ HCPTR
	mrc	p15, 4, r3, c1, c1, 1		@ HDCR
	mrc	p15, 4, r4, c14, c1, 0		@ CNTHCTL
	mrrc	p15, 4, r5, r6, c14		@ CNTVOFF
	stm	r12, {r0-r6}
	@ HPMN stays; TPMCR, TPM, TDA, TDOSA, TDRA: the debug and performance registers trap.
	and	r3, r3, #0x1f
	orr	r3, r3, #0x60
	orr	r3, r3, #0xe00
	str	r3, [sp, #CPU_HDCR_GUEST]
	mrc	p15, 4, r0, c12, c0, 0		@ HVBAR
	str	r0, [sp, #CPU_HOST_VECTORS]
	add	r12, sp, #CPU_FIXED
	mrrc	p15, 1, r0, r1, c2		@ TTBR1
	mrc	p15, 0, r2, c10, c2, 0		@ PRRR
	mrc	p15, 0, r3, c10, c2, 1		@ NMRR
	mrc	p15, 0, r4, c10, c3, 0		@ AMAIR0
	mrc	p15, 0, r5, c10, c3, 1		@ AMAIR1
	mrc	p15, 0, r6, c12, c0, 0		@ VBAR
	mrc	p15, 4, r7, c0, c0, 5		@ VMPIDR
	mrc	p15, 4, r8, c0, c0, 0		@ VPIDR
	stm	r12, {r0-r8}
	mov	r0, #0
	str	r0, [sp, #CPU_GUEST]
	mcrr	p15, 6, r0, r0, c2		@ VTTBR
	ldm	sp, {r4-r11}
	eret
	.ltorg

/*
 * r0: vector, the old r0 is saved, sp: struct hyp_cpu.  Writes down what happened
 * and gives the call back to the kernel with HYP_PANIC.
 */
hyp_panic:
	str	r1, [sp, #CPU_PANIC_R + 4]
	add	r1, sp, #CPU_PANIC_R + 8
	stm	r1, {r2-r12, lr}
	add	r1, sp, #CPU_PANIC
	ldr	r2, [r1]
	add	r2, r2, #1
	mov	r3, r0
	mrs	r4, elr_hyp
	mrs	r5, spsr
	mrc	p15, 4, r6, c5, c2, 0		@ HSR
	mrc	p15, 4, r7, c6, c0, 0		@ HDFAR
	mrc	p15, 4, r8, c6, c0, 2		@ HIFAR
	stm	r1, {r2-r8}
	ldr	r5, =HYP_PANIC
	ldr	r4, [sp, #CPU_GUEST]
	cmp	r4, #0
	ldrne	r4, [sp, #CPU_SCRATCH]		@ the guest may be what it faulted on
	bne	hyp_guest_leave
	mov	r0, r5
	add	r12, sp, #CPU_HOST_ELR
	ldm	r12, {r1, r2}
	msr	elr_hyp, r1
	msr	spsr_cxsf, r2
	mov	r2, #0
	mcrr	p15, 6, r2, r2, c2		@ VTTBR
	ldm	sp, {r4-r11}
	eret
	.ltorg
