/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * uint32_t regs_hold(uint32_t seed, uint32_t loops): fills r4-r11 and q0-q15 with numbers of
 * their own, waits, and returns how many have changed.
 */
	.arch	armv7-a
	.fpu	neon-vfpv4
	.arm
	.text

	.globl	regs_hold
regs_hold:
	push	{r4-r11, lr}
	sub	sp, sp, #16
	.irp	n, 4, 5, 6, 7, 8, 9, 10, 11
	add	r\n, r0, #\n
	.endr
	mov	r2, r0
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	add	r2, r2, #0x10000
	vdup.32	q\n, r2
	.endr
1:	subs	r1, r1, #1
	bne	1b
	mov	r3, #0
	.irp	n, 4, 5, 6, 7, 8, 9, 10, 11
	add	r2, r0, #\n
	cmp	r\n, r2
	addne	r3, r3, #1
	.endr
	mov	r2, r0
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	add	r2, r2, #0x10000
	vst1.32	{q\n}, [sp]
	.irp	at, 0, 4, 8, 12
	ldr	r12, [sp, #\at]
	cmp	r12, r2
	addne	r3, r3, #1
	.endr
	.endr
	mov	r0, r3
	add	sp, sp, #16
	pop	{r4-r11, pc}

	.globl	vfp_on
vfp_on:
	mrc	p15, 0, r0, c1, c0, 2
	orr	r0, r0, #0xf << 20
	mcr	p15, 0, r0, c1, c0, 2
	isb
	mov	r0, #1 << 30
	vmsr	fpexc, r0
	bx	lr
