/* SPDX-License-Identifier: GPL-2.0-only */
/* Entry, exception vectors and the ways between modes of the AArch32 guests. */

	.syntax unified
	.arch armv7-a
	.arch_extension sec
	.arch_extension virt
	.arm

#define FRAME 80

	.section .text.start, "ax"
	.globl _start
_start:
	ldr	sp, =svc_stack
	bl	cpu_setup
	bl	main
	b	power_off

	/* CPU_ON: r0 = struct boot { fn, arg, stacks } */
	.globl	secondary_start
	.type	secondary_start, %function
secondary_start:
	ldr	sp, [r0, #8]
	push	{r0, r1}
	bl	cpu_setup
	pop	{r0, r1}
	ldr	r2, [r0]
	ldr	r0, [r0, #4]
	blx	r2
1:	wfi
	b	1b

	/* Stacks of the other modes are below that of this one; vectors; FP. */
cpu_setup:
	mov	r1, sp
	cps	#0x11
	sub	sp, r1, #0x4000
	cps	#0x12
	sub	sp, r1, #0x6000
	cps	#0x17
	sub	sp, r1, #0x8000
	cps	#0x1b
	sub	sp, r1, #0xa000
	cps	#0x1f
	sub	sp, r1, #0xc000
	cps	#0x13
	ldr	r0, =vectors
	mcr	p15, 0, r0, c12, c0, 0
	mov	r0, #0xf << 20
	mcr	p15, 0, r0, c1, c0, 2
	isb
	bx	lr

	.globl	psci
	.type	psci, %function
psci:
	hvc	#0
	bx	lr

	.globl	power_off
	.type	power_off, %function
power_off:
	ldr	r0, =0x84000008
	hvc	#0
	b	.

	/* All kinds alike: r0..r12, the mode's SP and LR, SPSR, CPSR, kind, to on_exception(frame). */
	.macro	entry kind
	.balign 4
entry_\kind:
	sub	sp, sp, #FRAME
	stmia	sp, {r0-r12}
	str	lr, [sp, #56]
	mov	r1, #\kind
	b	save
	.endm

	.balign 32
	.globl vectors
vectors:
	b	entry_0
	b	entry_1
	b	entry_2
	b	entry_3
	b	entry_4
	b	entry_5
	b	entry_6
	b	entry_7

	entry 0
	entry 1
	entry 2
	entry 3
	entry 4
	entry 5
	entry 6
	entry 7

save:
	add	r0, sp, #FRAME
	str	r0, [sp, #52]
	mrs	r0, spsr
	mrs	r2, cpsr
	str	r0, [sp, #60]
	str	r2, [sp, #64]
	str	r1, [sp, #68]
	clrex
	mov	r0, sp
	mov	r4, sp
	bic	sp, sp, #7
	setend	le
	bl	on_exception
	mov	sp, r4
	ldr	r0, [sp, #60]
	msr	spsr_cxsf, r0
	ldr	lr, [sp, #56]
	ldmia	sp, {r0-r12}
	add	sp, sp, #FRAME
	movs	pc, lr

	/*
	 * u32 run_in(u32 psr, u32 pc, u32 arg): go to @pc (bit 0: T32) with CPSR @psr
	 * and r0 = @arg, until SVC #0xff: its r0.  Not nested.
	 */
	.globl	run_in
	.type	run_in, %function
run_in:
	push	{r4-r12, lr}
	ldr	r3, =run_sp
	str	sp, [r3]
	tst	r1, #1
	orrne	r0, r0, #0x20
	msr	spsr_cxsf, r0
	bic	lr, r1, #1
	mov	r0, r2
	movs	pc, lr
	/* the handler of that SVC returns here, in SVC mode, with r0 as it was */
	.globl run_back
run_back:
	ldr	r3, =run_sp
	ldr	sp, [r3]
	pop	{r4-r12, pc}

	/* Entered in T32 (SCTLR.TE) and from high vectors: to where a table of A32 code is. */
	.globl thumb_vectors
	.thumb
	.balign 32
thumb_vectors:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	b.w	thumb_\n
	.endr
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	.balign 4
thumb_\n:
	bx	pc
	nop
	.arm
	b	entry_\n
	.thumb
	.endr

	.section .note.GNU-stack, "", %progbits

	.bss
	.balign 16
run_sp:
	.skip	16
	.skip	0x10000
	.globl	svc_stack
svc_stack:
	.skip	16
