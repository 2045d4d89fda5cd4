/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests that never end on their own; STORM says which.  The host must stay
 * small, take no more CPU time than the guest has reason for, and end at once
 * when it is told to.
 */
#define BRANCH 1	/* branch to itself, everything masked */
#define WFI 2		/* nothing will ever come: must sleep */
#define WFI_STORM 3	/* WFI with an interrupt pending: a loop */
#define VECTORS 4	/* the vectors are nowhere: an exception without end */
#define RECURSION 5	/* the stack grows down until there is no memory, and in the handler */
#define BLOCKS 6	/* distinct blocks without end */
#define UNDEFINED 7	/* an undefined instruction is the handler of itself */
#define WFE 8
#define EXCLUSIVE 9	/* a store exclusive that never succeeds */

	.section .text.start, "ax"
	.globl _start
_start:
	mov	x1, #0x09000000
	mov	w2, #'!'
	str	w2, [x1]
#if STORM == BRANCH
	b	.
#elif STORM == WFI
1:	wfi
	b	1b
#elif STORM == WFE
1:	wfe
	b	1b
#elif STORM == WFI_STORM
	/* the virtual timer's level, seen by the core through the GIC: pending, masked by PSTATE */
	mov	x0, #0x08000000
	mov	w1, #1
	str	w1, [x0]
	mov	w1, #1 << 27
	str	w1, [x0, #0x100]
	add	x0, x0, #0x10000
	mov	w1, #0xff
	str	w1, [x0, #4]
	mov	w1, #1
	str	w1, [x0]
	msr	cntv_cval_el0, xzr
	mov	x0, #1
	msr	cntv_ctl_el0, x0
	isb
1:	wfi
	b	1b
#elif STORM == VECTORS
	mov	x0, #0x30000000
	msr	vbar_el1, x0
	isb
	udf	#0
#elif STORM == UNDEFINED
	adr	x0, 1f
	bic	x0, x0, #0x7ff
	msr	vbar_el1, x0
	isb
	udf	#0
	.balign 2048
	.skip 0x200
1:	udf	#0
#elif STORM == RECURSION
	adr	x0, vectors
	msr	vbar_el1, x0
	adrp	x0, vectors
	mov	sp, x0
	isb
1:	sub	sp, sp, #4096
	stp	x29, x30, [sp]
	bl	1b
	.balign 2048
vectors:
	.rept	16
	.balign 128
	stp	x0, x1, [sp, #-16]!
	mrs	x0, esr_el1
	b	.
	.endr
#elif STORM == BLOCKS
	/* x0: where; each block adds and goes on, then the same memory gets other code */
	mov	x5, #0
1:	adrp	x0, _start
	add	x0, x0, #0x100000
	mov	x3, x0
	mov	x4, #0x20000
	mov	w1, #0x0400		/* add x0, x0, #imm12 with a changing imm12 */
	movk	w1, #0x9100, lsl #16
	bfi	w1, w5, #10, #12
	mov	w2, #1			/* b . + 4 */
	movk	w2, #0x1400, lsl #16
2:	stp	w1, w2, [x3], #8
	subs	x4, x4, #1
	b.ne	2b
	ldr	w1, =0xd65f03c0
	str	w1, [x3]
	dsb	sy
	ic	iallu
	dsb	sy
	isb
	blr	x0
	add	x5, x5, #1
	b	1b
#elif STORM == EXCLUSIVE
	adrp	x0, _start
	add	x0, x0, #0x100000
1:	ldxr	x1, [x0]
	clrex
	stxr	w2, x1, [x0]
	cbnz	w2, 1b
	b	.
#endif
