/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs the cases of a batch: at EL1 of our emulated machine, in AArch64, while
 * the instruction under test runs at EL0 in AArch32.  R0..R14 of User mode are
 * X0..X14, so X15..X30 are free here and survive:
 *
 *   X28 result   X29 case   X30 struct t_ctx
 *
 * Position independent, linked at address 0 and put at T_CORE.
 */
#include "tests/isa/a32diff.h"

	.text

.macro q_regs op
	\op	q0, q1, [x27, #0]
	\op	q2, q3, [x27, #32]
	\op	q4, q5, [x27, #64]
	\op	q6, q7, [x27, #96]
	\op	q8, q9, [x27, #128]
	\op	q10, q11, [x27, #160]
	\op	q12, q13, [x27, #192]
	\op	q14, q15, [x27, #224]
.endm

/* The window's 256 bytes from X26 to X27. */
.macro copy_window
	.set	k, 0
	.rept	8
	ldp	q16, q17, [x26, #k]
	stp	q16, q17, [x27, #k]
	.set	k, k + 32
	.endr
.endm

	.globl	core_run
core_run:
	ldr	x0, [x30, #T_CTX_LEFT]
	cbz	x0, off
	sub	x0, x0, #1
	str	x0, [x30, #T_CTX_LEFT]
	ldp	x29, x28, [x30, #T_CTX_CASE]
	add	x26, x29, #T_MEM
	ldr	w27, [x29, #T_WINDOW]
	copy_window
	clrex
	add	x27, x29, #T_V
	q_regs	ldp
	ldr	w0, [x29, #T_FPCR]
	ldr	w1, [x29, #T_FPSR]
	msr	fpcr, x0
	msr	fpsr, x1
	ldr	w0, [x29, #T_CPSR]
	msr	spsr_el1, x0
	ldr	w0, [x29, #T_ENTRY]
	msr	elr_el1, x0
	ldp	w0, w1, [x29, #(T_R + 0)]
	ldp	w2, w3, [x29, #(T_R + 8)]
	ldp	w4, w5, [x29, #(T_R + 16)]
	ldp	w6, w7, [x29, #(T_R + 24)]
	ldp	w8, w9, [x29, #(T_R + 32)]
	ldp	w10, w11, [x29, #(T_R + 40)]
	ldp	w12, w13, [x29, #(T_R + 48)]
	ldr	w14, [x29, #(T_R + 56)]
	eret

trapped:
	stp	w0, w1, [x28, #(T_R + 0)]
	stp	w2, w3, [x28, #(T_R + 8)]
	stp	w4, w5, [x28, #(T_R + 16)]
	stp	w6, w7, [x28, #(T_R + 24)]
	stp	w8, w9, [x28, #(T_R + 32)]
	stp	w10, w11, [x28, #(T_R + 40)]
	stp	w12, w13, [x28, #(T_R + 48)]
	str	w14, [x28, #(T_R + 56)]
	mrs	x0, spsr_el1
	str	w0, [x28, #T_CPSR]
	add	x27, x28, #T_V
	q_regs	stp
	mrs	x0, fpcr
	mrs	x1, fpsr
	str	w0, [x28, #T_FPCR]
	str	w1, [x28, #T_FPSR]
	mrs	x0, elr_el1
	mrs	x1, far_el1
	str	w0, [x28, #T_ENTRY]
	str	w1, [x28, #T_WINDOW]
	mrs	x0, esr_el1
	mov	x1, #T_DONE_MAGIC
	stp	x0, x1, [x28, #T_ESR]
	ldr	w26, [x29, #T_WINDOW]
	add	x27, x28, #T_MEM
	copy_window
	add	x29, x29, #T_RECORD
	add	x28, x28, #T_RECORD
	stp	x29, x28, [x30, #T_CTX_CASE]
	b	core_run

	.balign	0x800
	.globl	core_vectors
core_vectors:
	.rept	12
	b	bad
	.balign	0x80
	.endr
	b	trapped		/* a lower level in AArch32, synchronous */
	.balign	0x80
	.rept	3
	b	bad
	.balign	0x80
	.endr

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
