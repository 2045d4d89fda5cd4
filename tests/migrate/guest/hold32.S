/* SPDX-License-Identifier: GPL-2.0-only */
/* All registers at once, and those of the other modes; struct hold and struct bank of a32.c. */

#define CPSR 60
#define FPSCR 64
#define MASK 68
#define D 72
#define GOT 328

	.syntax unified
	.arch armv7-a
	.fpu neon
	.arm

	.macro each_r what, p, t, u, w, x
	.irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,14
	.ifnc r\i,\p
	.ifnc r\i,\t
	.ifnc r\i,\u
	.ifnc r\i,\w
	.ifnc r\i,\x
	\what \i, \p, \t, \u
	.endif
	.endif
	.endif
	.endif
	.endif
	.endr
	.endm

	.macro load_r i, p, t, u
	ldr	r\i, [\p, #4 * \i]
	.endm

	.macro compare_r i, p, t, u
	ldr	\t, [\p, #4 * \i]
	eor	\t, \t, r\i
	orr	\u, \u, \t
	.endm

	.macro store_r i, p, t, u
	str	r\i, [\p, #GOT + 4 * \i]
	.endm

	@ u collects what differs, as there is no way to branch that leaves the flags alone
	.macro holder name, p, t, u, w, x
	.globl	\name
	.type	\name, %function
\name:
	push	{r1, r4-r12, lr}
	mov	\p, r0
	add	\t, \p, #D
	vldm	\t!, {d0-d15}
	vldm	\t, {d16-d31}
	ldr	\t, [\p, #FPSCR]
	vmsr	fpscr, \t
	each_r	load_r, \p, \t, \u, \w, \x
1:	ldr	\w, [\p, #CPSR]
	msr	cpsr_fs, \w
	mov	\u, #0
	each_r	compare_r, \p, \t, \u, \w, \x
	.irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	vmov	\t, \w, d\i
	ldr	\x, [\p, #D + 8 * \i]
	eor	\t, \t, \x
	orr	\u, \u, \t
	ldr	\x, [\p, #D + 8 * \i + 4]
	eor	\w, \w, \x
	orr	\u, \u, \w
	.endr
	vmrs	\t, fpscr
	ldr	\w, [\p, #FPSCR]
	eor	\t, \t, \w
	orr	\u, \u, \t
	mrs	\t, cpsr
	ldr	\w, [\p, #MASK]
	and	\t, \t, \w
	str	\t, [\p, #GOT + CPSR]
	ldr	\w, [\p, #CPSR]
	eor	\t, \t, \w
	orrs	\u, \u, \t
	bne	2f
	ldr	\t, [sp]
	subs	\t, \t, #1
	str	\t, [sp]
	bne	1b
2:	each_r	store_r, \p, \t, \u, \w, \x
	vmrs	\t, fpscr
	str	\t, [\p, #GOT + FPSCR]
	add	\t, \p, #GOT
	add	\t, \t, #D
	vstm	\t!, {d0-d15}
	vstm	\t, {d16-d31}
	pop	{r1, r4-r12, pc}
	.endm

	.text
	holder	hold_high, r8, r9, r10, r11, r12
	holder	hold_low, r0, r1, r2, r3, r4

	.globl	fp_on
	.type	fp_on, %function
fp_on:
	mov	r0, #1 << 30
	vmsr	fpexc, r0
	bx	lr

	@ void bank_read(mode, bank): interrupts stay masked; SYS mode has no SPSR, only FIQ r8 and so on
	.globl	bank_read
	.type	bank_read, %function
bank_read:
	mrs	r2, cpsr
	orr	r3, r0, #0xc0
	msr	cpsr_c, r3
	str	sp, [r1]
	str	lr, [r1, #4]
	cmp	r0, #0x1f
	mrsne	r3, spsr
	strne	r3, [r1, #8]
	cmp	r0, #0x11
	addeq	r3, r1, #12
	stmiaeq	r3, {r8-r12}
	msr	cpsr_c, r2
	bx	lr

	.globl	bank_write
	.type	bank_write, %function
bank_write:
	mrs	r2, cpsr
	orr	r3, r0, #0xc0
	msr	cpsr_c, r3
	ldr	sp, [r1]
	ldr	lr, [r1, #4]
	cmp	r0, #0x1f
	ldrne	r3, [r1, #8]
	msrne	spsr_cxsf, r3
	cmp	r0, #0x11
	addeq	r3, r1, #12
	ldmiaeq	r3, {r8-r12}
	msr	cpsr_c, r2
	bx	lr

	.section .note.GNU-stack, "", %progbits
