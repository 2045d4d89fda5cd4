/* SPDX-License-Identifier: GPL-2.0-only */
/* All registers at once; struct hold of a64.c. */

#define NZCV 248
#define FPCR 256
#define FPSR 264
#define V 272
#define GOT 784

	.arch armv8-a

	/* load, compare and store one X register, unless it is one of those in use */
	.macro each_x what, p, n, t, u
	.irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	.ifnc x\i,\p
	.ifnc x\i,\n
	.ifnc x\i,\t
	.ifnc x\i,\u
	\what \i, \p, \t
	.endif
	.endif
	.endif
	.endif
	.endr
	.endm

	.macro load_x i, p, t
	ldr	x\i, [\p, #8 * \i]
	.endm

	.macro compare_x i, p, t
	ldr	\t, [\p, #8 * \i]
	eor	\t, \t, x\i
	cbnz	\t, 2f
	.endm

	.macro store_x i, p, t
	str	x\i, [\p, #GOT + 8 * \i]
	.endm

	.macro compare_sys reg, off, p, t, u
	mrs	\t, \reg
	ldr	\u, [\p, #\off]
	eor	\t, \t, \u
	cbnz	\t, 2f
	.endm

	.macro store_sys reg, off, p, t
	mrs	\t, \reg
	str	\t, [\p, #GOT + \off]
	.endm

	.macro load_sys reg, off, p, t
	ldr	\t, [\p, #\off]
	msr	\reg, \t
	.endm

	.macro compare_half i, half, p, t, u
	mov	\t, v\i\().d[\half]
	ldr	\u, [\p, #V + 16 * \i + 8 * \half]
	eor	\t, \t, \u
	cbnz	\t, 2f
	.endm

	.macro holder name, p, n, t, u
	.globl	\name
\name:
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	mov	\p, x0
	mov	\n, x1
	load_sys fpcr, FPCR, \p, \t
	load_sys fpsr, FPSR, \p, \t
	load_sys nzcv, NZCV, \p, \t
	.irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	ldr	q\i, [\p, #V + 16 * \i]
	.endr
	each_x	load_x, \p, \n, \t, \u
1:	each_x	compare_x, \p, \n, \t, \u
	compare_sys nzcv, NZCV, \p, \t, \u
	compare_sys fpcr, FPCR, \p, \t, \u
	compare_sys fpsr, FPSR, \p, \t, \u
	.irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	compare_half \i, 0, \p, \t, \u
	compare_half \i, 1, \p, \t, \u
	.endr
	sub	\n, \n, #1
	cbnz	\n, 1b
2:	each_x	store_x, \p, \n, \t, \u
	store_sys nzcv, NZCV, \p, \t
	store_sys fpcr, FPCR, \p, \t
	store_sys fpsr, FPSR, \p, \t
	.irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	str	q\i, [\p, #GOT + V + 16 * \i]
	.endr
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
	ret
	.endm

	.text
	holder	hold_high, x27, x28, x29, x30
	holder	hold_low, x0, x1, x2, x3

	.section .note.GNU-stack, "", %progbits
