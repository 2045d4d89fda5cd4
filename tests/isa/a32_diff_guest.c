// SPDX-License-Identifier: GPL-2.0-only
/* Executes the cases of standard input; see a32_diff.h.  For Arm; build with -marm -static. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "a32_diff.h"

extern uint32_t diff_regs[15], diff_cpsr, diff_target;
void diff_enter(void);
extern char diff_done[];

/* The case starts with all its registers and comes back with all its own: the pc is what loads and stores go by. */
__asm__(".section .diff, \"awx\", %progbits\n"
	".arm\n.balign 4\n"
	".global diff_enter, diff_done, diff_regs, diff_cpsr, diff_target\n"
	"diff_enter:\n"
	"	push {r4-r12, lr}\n"
	"	str sp, diff_sp\n"
	"	ldr r0, diff_cpsr\n"
	"	msr APSR_nzcvqg, r0\n"
	"	adr r0, diff_regs\n"
	"	.word 0xe8907fff\n"	/* ldm r0, {r0-r14} */
	"	ldr pc, diff_target\n"
	"diff_done:\n"
	"	str r0, diff_regs\n"
	"	adr r0, diff_regs\n"
	"	.word 0xe9807ffe\n"	/* stmib r0, {r1-r14} */
	"	mrs r0, cpsr\n"
	"	str r0, diff_cpsr\n"
	"	ldr sp, diff_sp\n"
	"	pop {r4-r12, pc}\n"
	"diff_sp: .word 0\n"
	"diff_cpsr: .word 0\n"
	"diff_target: .word 0\n"
	"diff_regs: .space 60\n"
	".text\n");

static sigjmp_buf back;

static void handler(int sig)
{
	siglongjmp(back, sig);
}

/* Behind the code: ldr pc, =diff_done, and that address. */
static void place(uint8_t *code, const struct a32_case *c)
{
	uint32_t done = (uint32_t)diff_done, at = c->bytes;
	static const uint16_t t_ldr[] = { 0xf8df, 0xf000 };	/* ldr.w pc, [pc, #0] */
	static const uint32_t a_ldr = 0xe51ff004;		/* ldr pc, [pc, #-4] */

	memset(code, 0, 128);
	memcpy(code, c->code, c->bytes);
	memcpy(code + at, c->thumb ? (const void *)t_ldr : (const void *)&a_ldr, 4);
	at = (at + 4 + 3) & ~3u;
	memcpy(code + at, &done, 4);
	__builtin___clear_cache((char *)code, (char *)code + 128);
}

int main(void)
{
	static uint8_t stack[65536];
	stack_t alt = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_ONSTACK | SA_NODEFER };
	uint8_t *code = mmap((void *)A32_DIFF_CODE, A32_DIFF_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	uint8_t *data = mmap((void *)A32_DIFF_DATA, A32_DIFF_SIZE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	static struct a32_case c;
	static struct a32_result r;

	if (code == MAP_FAILED || data == MAP_FAILED)
		return 2;
	sigaltstack(&alt, NULL);
	sigaction(SIGILL, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	sigaction(SIGTRAP, &sa, NULL);
	while (fread(&c, sizeof(c), 1, stdin) == 1) {
		memset(&r, 0, sizeof(r));
		a32_fill(data, c.seed);
		place(code, &c);
		diff_cpsr = c.cpsr;
		diff_target = A32_DIFF_CODE + c.thumb;
		memcpy(diff_regs, c.r, sizeof(c.r));
		r.signal = (uint32_t)sigsetjmp(back, 1);
		if (!r.signal) {
			diff_enter();
			r.cpsr = diff_cpsr;
			memcpy(r.r, diff_regs, sizeof(r.r));
		}
		r.data = a32_hash(data);
		fwrite(&r, sizeof(r), 1, stdout);
		fflush(stdout);
	}
	return 0;
}
