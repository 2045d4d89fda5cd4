/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where vCPUs begin.  r0: a function, r1: its argument, r2: 1 leaves the MMU off.
 * A vCPU switched on by PSCI comes to guest_secondary with a pointer to these
 * three.  What the function returns is the value of the guest's end.
 */
	.arch	armv7ve
	.arm
	.section .text.start, "ax"

	.globl	guest_start
guest_start:
	cpsid	aif, #0x13
	mrc	p15, 0, r3, c0, c0, 5		@ MPIDR: one stack each
	and	r3, r3, #7
	ldr	sp, =stacks
	add	r3, r3, #1
	add	sp, sp, r3, lsl #13
	ldr	r3, =vectors
	mcr	p15, 0, r3, c12, c0, 0		@ VBAR
	isb
	push	{r0, r1}
	cmp	r2, #1
	blne	mmu_on
	pop	{r1, r2}
	mov	r0, r2
	blx	r1
	b	guest_exit

	.globl	guest_secondary
guest_secondary:
	mov	r3, r0
	ldr	r0, [r3]
	ldr	r1, [r3, #4]
	ldr	r2, [r3, #8]
	b	guest_start

	@ Every exception is taken on the SVC stack of its CPU; r0: which, r1: the
	@ frame {r0-r3, r12, lr, pc, cpsr} that the handler may change.
	.macro	taken, number, adjust
	sub	lr, lr, #\adjust
	srsdb	sp!, #0x13
	cps	#0x13
	push	{r0-r3, r12, lr}
	mov	r0, #\number
	b	taken_common
	.endm

taken_common:
	mov	r1, sp
	and	r2, sp, #4			@ the ABI wants 8 bytes
	sub	sp, sp, r2
	push	{r2, r3}
	bl	guest_exception
	pop	{r2, r3}
	add	sp, sp, r2
	clrex
	pop	{r0-r3, r12, lr}
	rfeia	sp!

	.balign	32
	.globl	vectors
vectors:
	b	.
	b	1f
	b	2f
	b	3f
	b	4f
	b	.
	b	5f
	b	6f
1:	taken	1, 0			@ undefined: at the instruction after it
2:	taken	2, 0			@ SVC: after it
3:	taken	3, 4			@ prefetch abort: at the instruction
4:	taken	4, 8			@ data abort: at the instruction
5:	taken	5, 4			@ IRQ
6:	taken	6, 4			@ FIQ

	.ltorg

	.section .bss.stacks, "aw", %nobits
	.balign	8
stacks:	.space	8 * 8192
