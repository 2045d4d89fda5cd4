// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs cases (struct diff_case on standard input) on an AArch64 CPU, real or
 * emulated, and writes a struct diff_result for each.  Static, for
 * qemu-aarch64-static or a native machine.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "a64_diff.h"

/* Offsets that the assembly below uses. */
_Static_assert(offsetof(struct diff_regs, sp) == 248, "sp");
_Static_assert(offsetof(struct diff_regs, nzcv) == 256, "nzcv");
_Static_assert(offsetof(struct diff_regs, fpsr) == 264, "fpsr");
_Static_assert(offsetof(struct diff_regs, v) == 272, "v");

extern uint32_t diff_code[DIFF_WORDS];
void diff_run(struct diff_regs *regs);

/* x28 points to the registers throughout. */
__asm__(
"	.pushsection .difftext, \"awx\", %progbits\n"
"	.balign 16\n"
"	.globl diff_run, diff_code\n"
"diff_run:\n"
"	stp x29, x30, [sp, #-176]!\n"
"	stp x19, x20, [sp, #16]\n"
"	stp x21, x22, [sp, #32]\n"
"	stp x23, x24, [sp, #48]\n"
"	stp x25, x26, [sp, #64]\n"
"	stp x27, x28, [sp, #80]\n"
"	stp d8, d9, [sp, #96]\n"
"	stp d10, d11, [sp, #112]\n"
"	stp d12, d13, [sp, #128]\n"
"	stp d14, d15, [sp, #144]\n"
"	mov x28, x0\n"
"	mov x1, sp\n"
"	adr x2, diff_sp\n"
"	str x1, [x2]\n"
"	add x3, x28, #272\n"
"	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
"	ldr q\\n, [x3], #16\n"
"	.endr\n"
"	ldp x1, x2, [x28, #248]\n"
"	mov sp, x1\n"
"	msr nzcv, x2\n"
"	ldr x1, [x28, #264]\n"
"	msr fpsr, x1\n"
"	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,29,30\n"
"	ldr x\\n, [x28, #8 * \\n]\n"
"	.endr\n"
"diff_code:\n"
"	.rept 8\n"
"	nop\n"
"	.endr\n"
"	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,29,30\n"
"	str x\\n, [x28, #8 * \\n]\n"
"	.endr\n"
"	mrs x2, nzcv\n"
"	mov x1, sp\n"
"	stp x1, x2, [x28, #248]\n"
"	mrs x1, fpsr\n"
"	str x1, [x28, #264]\n"
"	add x3, x28, #272\n"
"	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
"	str q\\n, [x3], #16\n"
"	.endr\n"
"	ldr x1, diff_sp\n"
"	mov sp, x1\n"
"	ldp x19, x20, [sp, #16]\n"
"	ldp x21, x22, [sp, #32]\n"
"	ldp x23, x24, [sp, #48]\n"
"	ldp x25, x26, [sp, #64]\n"
"	ldp x27, x28, [sp, #80]\n"
"	ldp d8, d9, [sp, #96]\n"
"	ldp d10, d11, [sp, #112]\n"
"	ldp d12, d13, [sp, #128]\n"
"	ldp d14, d15, [sp, #144]\n"
"	ldp x29, x30, [sp], #176\n"
"	ret\n"
"	.balign 8\n"
"diff_sp:\n"
"	.quad 0\n"
"	.popsection\n");

static struct diff_case in;
static struct diff_result out;

int main(void)
{
	uint8_t *buf = mmap((void *)DIFF_BUF_ADDR, DIFF_BUF_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (buf == MAP_FAILED)
		return 1;
	while (fread(&in, sizeof(in), 1, stdin) == 1) {
		memcpy(diff_code, in.words, sizeof(in.words));
		__builtin___clear_cache((char *)diff_code, (char *)(diff_code + DIFF_WORDS));
		memcpy(buf, in.buf, DIFF_BUF_SIZE);
		out.regs = in.regs;
		diff_run(&out.regs);
		out.pc = (uintptr_t)diff_code;
		memcpy(out.buf, buf, DIFF_BUF_SIZE);
		if (fwrite(&out, sizeof(out), 1, stdout) != 1)
			return 1;
	}
	return 0;
}
