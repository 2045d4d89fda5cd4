/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest of lowtest.c, at guest physical 0x40000000: its first word is the
 * vector table, and the tests are entered by number in r0.  Each ends with an HVC
 * whose immediate is 0x100 plus the number; r12 points to the page that both see.
 */
	.arch	armv7-a
	.arch_extension virt
	.fpu	neon-vfpv4
	.arm
	.section .rodata, "a"
	.align	5
	.global	lowtest_guest, lowtest_guest_end
lowtest_guest:
	b	.
	b	undef
	b	.
	b	.
	b	dabt
	b	.
	b	virq
	b	vfiq

	.org	lowtest_guest + 0x40		@ the entry
	ldr	pc, [pc, r0, lsl #2]
	nop
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
	.word	0x40000000 + test\n - lowtest_guest
	.endr

undef:	hvc	#0x201
dabt:	hvc	#0x202
virq:	hvc	#0x203
vfiq:	hvc	#0x204

	.macro	each_banked op
	\op	r8_fiq
	\op	r9_fiq
	\op	r10_fiq
	\op	r11_fiq
	\op	r12_fiq
	\op	sp_fiq
	\op	lr_fiq
	\op	SPSR_fiq
	\op	sp_irq
	\op	lr_irq
	\op	SPSR_irq
	\op	sp_abt
	\op	lr_abt
	\op	SPSR_abt
	\op	sp_und
	\op	lr_und
	\op	SPSR_und
	\op	sp_usr
	.endm
	.macro	each_cp15 op
	\op	2, c0, c0, 0
	\op	0, c2, c0, 0
	\op	0, c2, c0, 1
	\op	0, c2, c0, 2
	\op	0, c3, c0, 0
	\op	0, c5, c0, 0
	\op	0, c5, c0, 1
	\op	0, c6, c0, 0
	\op	0, c6, c0, 2
	\op	0, c7, c4, 0
	\op	0, c10, c2, 0
	\op	0, c10, c2, 1
	\op	0, c12, c0, 0
	\op	0, c13, c0, 1
	\op	0, c13, c0, 2
	\op	0, c13, c0, 3
	\op	0, c13, c0, 4
	\op	0, c14, c1, 0
	.endm
	.macro	banked_out reg
	mrs	r0, \reg
	str	r0, [r12], #4
	.endm
	.macro	banked_in reg
	ldr	r0, [r12], #4
	msr	\reg, r0
	.endm
	.macro	cp15_out o1, n, m, o2
	mrc	p15, \o1, r0, \n, \m, \o2
	str	r0, [r12], #4
	.endm
	.macro	cp15_in o1, n, m, o2
	ldr	r0, [r12], #4
	mcr	p15, \o1, r0, \n, \m, \o2
	.endm

test0:					@ an access to nothing, then a plain end
	mov	r1, #0x10000000
	mov	r2, #0x55
	str	r2, [r1, #0x24]
	ldrb	r3, [r1, #0x28]
	hvc	#0x100
test1:					@ what is in the registers, to the page
	each_banked banked_out
	each_cp15 cp15_out
	mrc	p15, 0, r0, c0, c0, 0
	str	r0, [r12], #4
	mrc	p15, 0, r0, c0, c0, 5
	str	r0, [r12], #4
	hvc	#0x101
test2:					@ and from it
	each_banked banked_in
	each_cp15 cp15_in
	hvc	#0x102
test3:	b	test3			@ until an interrupt of the host
test4:					@ VFP: from the page; an exit between; back to it
	mov	r1, r12
	mov	r0, #1 << 30
	vmsr	fpexc, r0
	vldm	r1!, {d0-d15}
	cmp	r11, #0
	vldmne	r1!, {d16-d31}
	hvc	#0x104
	vstm	r1!, {d0-d15}
	cmp	r11, #0
	vstmne	r1!, {d16-d31}
	hvc	#0x104
test5:					@ r1: how often; hypercalls that HYP answers
	mov	r4, r1
1:	ldr	r0, =0x84000000
	hvc	#0
	subs	r4, r4, #1
	bne	1b
	mov	r1, r0
	ldr	r0, =0x80000000
	hvc	#0
	mov	r2, r0
	mrc	p15, 0, r3, c1, c0, 1		@ ACTLR
	mrc	p15, 1, r5, c9, c0, 2		@ L2CTLR
	hvc	#0x105
test6:					@ a write to a page that may only be read
	ldr	r0, [r1, #0x10]
	str	r0, [r1, #0x10]
	hvc	#0x106
test7:					@ the virtual timer: due at once, seen as IRQ
	mov	r0, #0
	mcr	p15, 0, r0, c14, c3, 0		@ CNTV_TVAL
	mov	r0, #1
	mcr	p15, 0, r0, c14, c3, 1		@ CNTV_CTL
	isb
	mrrc	p15, 1, r2, r3, c14		@ CNTVCT
	mrc	p15, 0, r1, c14, c3, 1
	hvc	#0x107
test8:					@ hypercalls for the kernel, without end
	hvc	#0x108
	b	test8
test9:	vmov	s0, r0				@ with FPEXC as the kernel half set it
	hvc	#0x109
	.ltorg
lowtest_guest_end:
