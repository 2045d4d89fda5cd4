/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs the cases of a batch: at EL0, in a process of another AArch64 or on our
 * emulated CPU.  Position independent, linked at address 0 and put at D_CORE.
 *
 * No register is free around the instruction under test.  TPIDR_EL0 carries
 * X30 over: the slot's first word loads X30 from it, an exit puts X30 there.
 */
#include "tests/isa/a64diff.h"

	.text

.macro ctx_to_x30
	movz	x30, #D_BASE_HI, lsl #32
	movk	x30, #(D_CTX >> 16), lsl #16
.endm

/* Exit k: control left the slot by its word k. */
	.globl	_start
_start:
	.set	k, 0
	.rept	64
	.balign	D_EXIT_STRIDE
	msr	tpidr_el0, x30
	ctx_to_x30
	str	x0, [x30, #D_CTX_S0]
	mov	x0, #k
	b	leave
	.set	k, k + 1
	.endr

	.balign	0x1000
/* Entered by the oracle and by the emulated machine; needs nothing. */
	.globl	core_run
core_run:
	ctx_to_x30
	b	next

/*
 * X30: context, X1: result; X0, X1 and X30 of the case are in the context and
 * in TPIDR_EL0, all else is still in its register.
 */
.macro save_x_and_v
	ldr	x0, [x30, #D_CTX_S0]
	str	x0, [x1, #D_X]
	ldr	x0, [x30, #D_CTX_S1]
	str	x0, [x1, #(D_X + 8)]
	stp	x2, x3, [x1, #(D_X + 16)]
	stp	x4, x5, [x1, #(D_X + 32)]
	stp	x6, x7, [x1, #(D_X + 48)]
	stp	x8, x9, [x1, #(D_X + 64)]
	stp	x10, x11, [x1, #(D_X + 80)]
	stp	x12, x13, [x1, #(D_X + 96)]
	stp	x14, x15, [x1, #(D_X + 112)]
	stp	x16, x17, [x1, #(D_X + 128)]
	stp	x18, x19, [x1, #(D_X + 144)]
	stp	x20, x21, [x1, #(D_X + 160)]
	stp	x22, x23, [x1, #(D_X + 176)]
	stp	x24, x25, [x1, #(D_X + 192)]
	stp	x26, x27, [x1, #(D_X + 208)]
	stp	x28, x29, [x1, #(D_X + 224)]
	mrs	x0, tpidr_el0
	str	x0, [x1, #(D_X + 240)]
	mrs	x0, fpcr
	str	x0, [x1, #D_FPCR]
	mrs	x0, fpsr
	str	x0, [x1, #D_FPSR]
	stp	q0, q1, [x1, #(D_V + 0)]
	stp	q2, q3, [x1, #(D_V + 32)]
	stp	q4, q5, [x1, #(D_V + 64)]
	stp	q6, q7, [x1, #(D_V + 96)]
	stp	q8, q9, [x1, #(D_V + 128)]
	stp	q10, q11, [x1, #(D_V + 160)]
	stp	q12, q13, [x1, #(D_V + 192)]
	stp	q14, q15, [x1, #(D_V + 224)]
	stp	q16, q17, [x1, #(D_V + 256)]
	stp	q18, q19, [x1, #(D_V + 288)]
	stp	q20, q21, [x1, #(D_V + 320)]
	stp	q22, q23, [x1, #(D_V + 352)]
	stp	q24, q25, [x1, #(D_V + 384)]
	stp	q26, q27, [x1, #(D_V + 416)]
	stp	q28, q29, [x1, #(D_V + 448)]
	stp	q30, q31, [x1, #(D_V + 480)]
.endm

/* X0: the exit's number. */
leave:
	str	x1, [x30, #D_CTX_S1]
	ldr	x1, [x30, #D_CTX_RESULT]
	str	x0, [x1, #D_WHERE]
	mrs	x0, nzcv
	str	x0, [x1, #D_NZCV]
	mov	x0, sp
	str	x0, [x1, #D_SP]
	str	xzr, [x1, #D_ESR]
	str	xzr, [x1, #D_FAR]
	save_x_and_v

/* X30: context.  Also where an exception handler goes on. */
	.globl	core_finish
core_finish:
	ldr	x0, [x30, #D_CTX_CASE]
	ldr	x1, [x30, #D_CTX_RESULT]
	ldr	x2, [x0, #D_WINDOW]
	add	x3, x1, #D_MEM
	ldp	q0, q1, [x2, #0]
	stp	q0, q1, [x3, #0]
	ldp	q0, q1, [x2, #32]
	stp	q0, q1, [x3, #32]
	ldp	q0, q1, [x2, #64]
	stp	q0, q1, [x3, #64]
	ldp	q0, q1, [x2, #96]
	stp	q0, q1, [x3, #96]
	mov	x2, #D_DONE_MAGIC
	str	x2, [x1, #D_DONE]
	add	x0, x0, #D_RECORD
	add	x1, x1, #D_RECORD
	stp	x0, x1, [x30, #D_CTX_CASE]
	ldr	x2, [x30, #D_CTX_LEFT]
	sub	x2, x2, #1
	str	x2, [x30, #D_CTX_LEFT]

/* X30: context. */
next:
	ldr	x0, [x30, #D_CTX_LEFT]
	cbz	x0, done
	ldr	x0, [x30, #D_CTX_CASE]
	ldr	x2, [x0, #D_WINDOW]
	add	x3, x0, #D_MEM
	ldp	q0, q1, [x3, #0]
	stp	q0, q1, [x2, #0]
	ldp	q0, q1, [x3, #32]
	stp	q0, q1, [x2, #32]
	ldp	q0, q1, [x3, #64]
	stp	q0, q1, [x2, #64]
	ldp	q0, q1, [x3, #96]
	stp	q0, q1, [x2, #96]
	clrex
	ldp	q0, q1, [x0, #(D_V + 0)]
	ldp	q2, q3, [x0, #(D_V + 32)]
	ldp	q4, q5, [x0, #(D_V + 64)]
	ldp	q6, q7, [x0, #(D_V + 96)]
	ldp	q8, q9, [x0, #(D_V + 128)]
	ldp	q10, q11, [x0, #(D_V + 160)]
	ldp	q12, q13, [x0, #(D_V + 192)]
	ldp	q14, q15, [x0, #(D_V + 224)]
	ldp	q16, q17, [x0, #(D_V + 256)]
	ldp	q18, q19, [x0, #(D_V + 288)]
	ldp	q20, q21, [x0, #(D_V + 320)]
	ldp	q22, q23, [x0, #(D_V + 352)]
	ldp	q24, q25, [x0, #(D_V + 384)]
	ldp	q26, q27, [x0, #(D_V + 416)]
	ldp	q28, q29, [x0, #(D_V + 448)]
	ldp	q30, q31, [x0, #(D_V + 480)]
	ldr	x1, [x0, #D_NZCV]
	msr	nzcv, x1
	ldr	x1, [x0, #D_FPCR]
	msr	fpcr, x1
	ldr	x1, [x0, #D_FPSR]
	msr	fpsr, x1
	ldr	x1, [x0, #D_SP]
	mov	sp, x1
	ldr	x1, [x0, #(D_X + 240)]
	msr	tpidr_el0, x1
	ldr	x30, [x0, #D_ENTRY]
	ldp	x2, x3, [x0, #(D_X + 16)]
	ldp	x4, x5, [x0, #(D_X + 32)]
	ldp	x6, x7, [x0, #(D_X + 48)]
	ldp	x8, x9, [x0, #(D_X + 64)]
	ldp	x10, x11, [x0, #(D_X + 80)]
	ldp	x12, x13, [x0, #(D_X + 96)]
	ldp	x14, x15, [x0, #(D_X + 112)]
	ldp	x16, x17, [x0, #(D_X + 128)]
	ldp	x18, x19, [x0, #(D_X + 144)]
	ldp	x20, x21, [x0, #(D_X + 160)]
	ldp	x22, x23, [x0, #(D_X + 176)]
	ldp	x24, x25, [x0, #(D_X + 192)]
	ldp	x26, x27, [x0, #(D_X + 208)]
	ldp	x28, x29, [x0, #(D_X + 224)]
	ldp	x0, x1, [x0, #D_X]
	br	x30

done:
	ldr	x0, [x30, #D_CTX_BACK]
	br	x0

/* D_CTX_BACK of the emulated machine. */
	.globl	core_stop
core_stop:
	svc	#0
	b	core_stop

/*
 * EL1 of the emulated machine.  SP_EL1 is the context; the only exceptions
 * that are taken are synchronous ones from EL0.
 */
	.balign	0x800
	.globl	core_vectors
core_vectors:
	b	.
	.balign	0x80
	b	.
	.balign	0x80
	b	.
	.balign	0x80
	b	.
	.balign	0x80
	b	bad		/* the current level: our own fault */
	.balign	0x80
	b	bad
	.balign	0x80
	b	bad
	.balign	0x80
	b	bad
	.balign	0x80
	msr	tpidr_el0, x30
	mov	x30, sp
	str	x0, [x30, #D_CTX_S0]
	str	x1, [x30, #D_CTX_S1]
	mrs	x0, esr_el1
	lsr	x1, x0, #26
	cmp	x1, #0x15	/* SVC */
	b.eq	off
	b	trapped
	.balign	0x80
	b	bad
	.balign	0x80
	b	bad
	.balign	0x80
	b	bad

trapped:
	ldr	x1, [x30, #D_CTX_RESULT]
	str	x0, [x1, #D_ESR]
	mrs	x0, far_el1
	str	x0, [x1, #D_FAR]
	mrs	x0, elr_el1
	str	x0, [x1, #D_WHERE]
	mrs	x0, sp_el0
	str	x0, [x1, #D_SP]
	mrs	x0, spsr_el1
	and	x0, x0, #0xf0000000
	str	x0, [x1, #D_NZCV]
	save_x_and_v
	adr	x0, core_finish
	msr	elr_el1, x0
	mov	x0, #0x3c0	/* EL0t, interrupts masked */
	msr	spsr_el1, x0
	eret

/* PSCI SYSTEM_RESET: something is wrong; SYSTEM_OFF: all cases are done. */
bad:
	mov	w0, #0x0009
	movk	w0, #0x8400, lsl #16
	hvc	#0
	b	.
off:
	mov	w0, #0x0008
	movk	w0, #0x8400, lsl #16
	hvc	#0
	b	.
