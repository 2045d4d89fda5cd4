/* SPDX-License-Identifier: GPL-2.0-only */
/* The guests of mem.c: run anywhere, with the MMU off. */
	.section .rodata
	.arm
	.balign 4
	.global guest_stamp, guest_exec, guest_peek, guest_end

/*
 * r0 area, r1 pages, r2 round, r3 enum check, r4 port.  A stamp is page * STAMP_STEP +
 * round, at the first and the last word of the page.
 */
guest_stamp:
	ldr r10, =0x01000193
1:	mov r5, #0
2:	add r6, r0, r5, lsl #12
	mul r11, r5, r10
	add r7, r11, r2
	ldr r8, [r6]
	bl 5f
	ldr r8, [r6, #0xffc]
	bl 5f
	add r7, r7, #1
	str r7, [r6]
	str r7, [r6, #0xffc]
	add r5, r5, #1
	cmp r5, r1
	blo 2b
	add r2, r2, #1
	orr r3, r3, #1
	str r2, [r4]
	b 1b
5:	tst r3, #1
	bxeq lr
	cmp r8, r7
	bxeq lr
	tst r3, #2
	beq 6f
	cmp r8, #0
	bxeq lr
6:	tst r3, #4
	beq 7f
	sub r9, r8, r11
	cmp r9, r2
	bxls lr
7:	str r5, [r4, #4]
	str r8, [r4, #8]
	str r7, [r4, #12]
8:	b 8b
	.ltorg
/* Calls a function at the start of each page, which returns the page's number in r8. */
guest_exec:
1:	mov r5, #0
2:	add r6, r0, r5, lsl #12
	blx r6
	mov r7, r5
	cmp r8, r5
	bne 3f
	add r5, r5, #1
	cmp r5, r1
	blo 2b
	add r2, r2, #1
	str r2, [r4]
	b 1b
3:	str r5, [r4, #4]
	str r8, [r4, #8]
	str r7, [r4, #12]
4:	b 4b
/* Reads a word and tells it. */
guest_peek:
1:	ldr r8, [r0]
	str r8, [r4, #16]
	b 1b
guest_end:
	.section .note.GNU-stack,"",%progbits
