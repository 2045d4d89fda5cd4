// SPDX-License-Identifier: GPL-2.0-only
/*
 * Executes the words of tests/unit/front_neon_cases.h on the CPU it runs on and
 * prints that table with what they did.  So the table can be checked, and
 * grows by rows of which only word and seed are filled in:
 *
 *   arm-linux-gnueabihf-gcc -O1 -marm -static -I. tests/isa/a32_neon_record.c
 *   qemu-arm-static -cpu max ./a.out > tests/unit/front_neon_cases.h
 */
#include <stdio.h>
#include <sys/mman.h>

#include "tests/unit/front_neon_rig.h"

static const struct neon_case cases[] = {
#include "tests/unit/front_neon_cases.h"
};

uint32_t run(uint64_t v[16][2], const uint32_t *code, uint32_t fpscr);

/* Loads Q0..Q15 from *r0 and FPSCR from r2, calls r1, stores the registers, gives FPSCR. */
__asm__(
	".text\n"
	".arm\n"
	".fpu neon\n"
	".global run\n"
	"run:	push	{r4, r5, r6, lr}\n"
	"	vpush	{d8-d15}\n"
	"	mov	r4, r0\n"
	"	mov	r5, r1\n"
	"	vldmia	r0!, {d0-d15}\n"
	"	vldmia	r0, {d16-d31}\n"
	"	vmsr	fpscr, r2\n"
	"	blx	r5\n"
	"	vmrs	r0, fpscr\n"
	"	mov	r1, #0\n"
	"	vmsr	fpscr, r1\n"
	"	vstmia	r4!, {d0-d15}\n"
	"	vstmia	r4, {d16-d31}\n"
	"	vpop	{d8-d15}\n"
	"	pop	{r4, r5, r6, pc}\n");

int main(void)
{
	uint32_t *code = mmap(NULL, sizeof(cases), PROT_READ | PROT_WRITE | PROT_EXEC,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (code == MAP_FAILED)
		return 1;
	printf("/* SPDX-License-Identifier: GPL-2.0-only */\n"
	       "/* Made by tests/isa/a32_neon_record.c: word, seed; Qd high and low, Qm high and low, FPSR. */\n");
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct neon_case *c = &cases[i];
		unsigned int d = neon_case_d(c->word), m = neon_case_m(c->word);
		struct simd_regs g;
		uint32_t fpsr;

		simd_regs_init(&g, c->seed);
		code[2 * i] = c->word;
		code[2 * i + 1] = 0xe12fff1e;	/* bx lr */
		__builtin___clear_cache((char *)&code[2 * i], (char *)&code[2 * i + 2]);
		fpsr = run(g.v, &code[2 * i], (uint32_t)g.fpcr) & NEON_FPSR;
		printf("{ 0x%08x, %u, 0x%llx, 0x%llx, 0x%llx, 0x%llx, 0x%x },\n", (unsigned int)c->word,
		       (unsigned int)c->seed, (unsigned long long)g.v[d][1], (unsigned long long)g.v[d][0],
		       (unsigned long long)g.v[m][1], (unsigned long long)g.v[m][0], (unsigned int)fpsr);
	}
	return 0;
}
