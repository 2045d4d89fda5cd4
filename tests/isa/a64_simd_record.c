// SPDX-License-Identifier: GPL-2.0-only
/*
 * Executes the words of tests/unit/front_simd_cases.h on the CPU it runs on and
 * prints that table with what they did.  So the table can be checked, and
 * grows by rows of which only word and seed are filled in:
 *
 *   aarch64-linux-gnu-gcc -O1 -static -I. tests/isa/a64_simd_record.c
 *   qemu-aarch64-static -cpu max ./a.out > tests/unit/front_simd_cases.h
 */
#include <stdio.h>
#include <sys/mman.h>

#include "tests/unit/front_simd_rig.h"

static const struct simd_case cases[] = {
#include "tests/unit/front_simd_cases.h"
};

void run(struct simd_regs *g, const uint32_t *code);

/* Loads V0..V31, X0..X15, NZCV, FPSR and FPCR from *x0, calls x1, stores all but FPCR. */
__asm__(
	".text\n"
	".global run\n"
	"run:	stp	x29, x30, [sp, #-96]!\n"
	"	stp	x19, x20, [sp, #16]\n"
	"	stp	d8, d9, [sp, #32]\n"
	"	stp	d10, d11, [sp, #48]\n"
	"	stp	d12, d13, [sp, #64]\n"
	"	stp	d14, d15, [sp, #80]\n"
	"	mov	x19, x0\n"
	"	mov	x20, x1\n"
	"	ldr	x2, [x19, #640]\n"
	"	ldr	x3, [x19, #648]\n"
	"	msr	nzcv, x2\n"
	"	msr	fpsr, x3\n"
	"	ldr	x2, [x19, #656]\n"
	"	msr	fpcr, x2\n"
	"	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
	"	ldr	q\\n, [x19, #16 * \\n]\n"
	"	.endr\n"
	"	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"	ldr	x\\n, [x19, #512 + 8 * \\n]\n"
	"	.endr\n"
	"	blr	x20\n"
	"	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"	str	x\\n, [x19, #512 + 8 * \\n]\n"
	"	.endr\n"
	"	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
	"	str	q\\n, [x19, #16 * \\n]\n"
	"	.endr\n"
	"	mrs	x2, nzcv\n"
	"	mrs	x3, fpsr\n"
	"	str	x2, [x19, #640]\n"
	"	str	x3, [x19, #648]\n"
	"	msr	fpcr, xzr\n"
	"	ldp	d14, d15, [sp, #80]\n"
	"	ldp	d12, d13, [sp, #64]\n"
	"	ldp	d10, d11, [sp, #48]\n"
	"	ldp	d8, d9, [sp, #32]\n"
	"	ldp	x19, x20, [sp, #16]\n"
	"	ldp	x29, x30, [sp], #96\n"
	"	ret\n");

int main(void)
{
	uint32_t *code = mmap(NULL, sizeof(cases), PROT_READ | PROT_WRITE | PROT_EXEC,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (code == MAP_FAILED)
		return 1;
	printf("/* SPDX-License-Identifier: GPL-2.0-only */\n"
	       "/* Made by tests/isa/a64_simd_record.c: word, seed; V[d] high and low, X[d], NZCV, FPSR. */\n");
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct simd_case *c = &cases[i];
		struct simd_regs g;

		simd_regs_init(&g, c->seed);
		code[2 * i] = c->word;
		code[2 * i + 1] = 0xd65f03c0;	/* ret */
		__builtin___clear_cache((char *)&code[2 * i], (char *)&code[2 * i + 2]);
		run(&g, &code[2 * i]);
		printf("{ 0x%08x, %u, 0x%llx, 0x%llx, 0x%llx, 0x%x, 0x%x },\n", c->word, c->seed,
		       (unsigned long long)g.v[c->word & 31][1], (unsigned long long)g.v[c->word & 31][0],
		       (unsigned long long)g.x[c->word & 15], (unsigned int)g.nzcv, (unsigned int)g.fpsr);
	}
	return 0;
}
