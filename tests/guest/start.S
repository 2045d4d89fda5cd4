/* SPDX-License-Identifier: GPL-2.0-only */
/* Entry, exception vectors and the ways between levels of the bare-metal guests. */

#define FRAME 272

	.section .text.start, "ax"
	.globl _start
_start:
	adrp	x1, boot_stack_top
	add	x1, x1, :lo12:boot_stack_top
	mov	sp, x1
	bl	cpu_setup
	bl	main
	bl	power_off

	/* CPU_ON: x0 = struct boot { fn, arg, sp } */
	.globl secondary_start
secondary_start:
	ldr	x1, [x0, #16]
	mov	sp, x1
	stp	x0, xzr, [sp, #-16]!
	bl	cpu_setup
	ldp	x1, xzr, [sp], #16
	ldr	x2, [x1]
	ldr	x0, [x1, #8]
	blr	x2
1:	wfi
	b	1b

cpu_setup:
	adrp	x1, vectors
	add	x1, x1, :lo12:vectors
	msr	vbar_el1, x1
	mov	x1, #3 << 20
	msr	cpacr_el1, x1
	isb
	ret

	/* void exit_call(fn): HVC as PSCI has it: u64 psci(u64 fn, u64 a, u64 b, u64 c) */
	.globl psci
psci:
	hvc	#0
	ret

	.globl power_off
power_off:
	ldr	x0, =0x84000008
	hvc	#0
	b	.

	.macro vector kind
	.balign 128
	sub	sp, sp, #FRAME
	stp	x0, x1, [sp]
	mov	x1, #\kind
	b	save
	.endm

	.balign 2048
	.globl vectors
vectors:
	vector 0
	vector 1
	vector 2
	vector 3
	vector 4
	vector 5
	vector 6
	vector 7
	vector 8
	vector 9
	vector 10
	vector 11
	vector 12
	vector 13
	vector 14
	vector 15

save:
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	mrs	x2, elr_el1
	mrs	x3, spsr_el1
	stp	x30, x2, [sp, #240]
	str	x3, [sp, #256]
	mov	x0, sp
	bl	on_exception
	ldp	x30, x2, [sp, #240]
	ldr	x3, [sp, #256]
	msr	elr_el1, x2
	msr	spsr_el1, x3
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x19, [sp, #144]
	ldp	x20, x21, [sp, #160]
	ldp	x22, x23, [sp, #176]
	ldp	x24, x25, [sp, #192]
	ldp	x26, x27, [sp, #208]
	ldp	x28, x29, [sp, #224]
	ldp	x0, x1, [sp]
	add	sp, sp, #FRAME
	eret

	/* u64 call_el0(pc, arg, sp): until SVC; the handler comes back to el0_back with x0 */
	.globl call_el0
call_el0:
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	msr	elr_el1, x0
	msr	sp_el0, x2
	mov	x3, #0x3c0
	msr	spsr_el1, x3
	mov	x0, x1
	eret
	/* u64 call_el0_32(pc, arg, spsr, arg1): the same in AArch32, until its SVC #0xff; R1 is arg1 */
	.globl call_el0_32
call_el0_32:
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	msr	elr_el1, x0
	msr	spsr_el1, x2
	mov	x0, x1
	mov	x1, x3
	eret
	.globl el0_back
el0_back:
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
	ret

	.bss
	.balign 16
	.skip 65536
boot_stack_top:
