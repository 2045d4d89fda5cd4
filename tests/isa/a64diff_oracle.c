/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The process that runs cases on another AArch64 (qemu-aarch64-static, or a
 * real CPU): reads the core, then batches from standard input, writes results
 * to standard output.  Exceptions arrive as signals; their frames hold the
 * state that results need.
 *
 *   a64diff_oracle RUN FINISH     offsets of core_run and core_finish
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/isa/a64diff.h"

static struct d_ctx *ctx;
static uint64_t finish;
static struct sigaction dfl;

/*
 * Saves what the procedure call standard wants kept and the C library's thread
 * pointer, runs the core, comes back at oracle_back.
 */
void oracle_enter(uint64_t run);
extern char oracle_back[];
__asm__(
"	.pushsection .text\n"
"	.globl oracle_enter, oracle_back\n"
"oracle_enter:\n"
"	stp	x29, x30, [sp, #-176]!\n"
"	stp	x19, x20, [sp, #16]\n"
"	stp	x21, x22, [sp, #32]\n"
"	stp	x23, x24, [sp, #48]\n"
"	stp	x25, x26, [sp, #64]\n"
"	stp	x27, x28, [sp, #80]\n"
"	stp	d8, d9, [sp, #96]\n"
"	stp	d10, d11, [sp, #112]\n"
"	stp	d12, d13, [sp, #128]\n"
"	stp	d14, d15, [sp, #144]\n"
"	mrs	x1, tpidr_el0\n"
"	str	x1, [sp, #160]\n"
"	adrp	x1, oracle_sp\n"
"	mov	x2, sp\n"
"	str	x2, [x1, :lo12:oracle_sp]\n"
"	br	x0\n"
"oracle_back:\n"
"	adrp	x1, oracle_sp\n"
"	ldr	x2, [x1, :lo12:oracle_sp]\n"
"	mov	sp, x2\n"
"	msr	fpcr, xzr\n"
"	ldr	x1, [sp, #160]\n"
"	msr	tpidr_el0, x1\n"
"	ldp	d14, d15, [sp, #144]\n"
"	ldp	d12, d13, [sp, #128]\n"
"	ldp	d10, d11, [sp, #112]\n"
"	ldp	d8, d9, [sp, #96]\n"
"	ldp	x27, x28, [sp, #80]\n"
"	ldp	x25, x26, [sp, #64]\n"
"	ldp	x23, x24, [sp, #48]\n"
"	ldp	x21, x22, [sp, #32]\n"
"	ldp	x19, x20, [sp, #16]\n"
"	ldp	x29, x30, [sp], #176\n"
"	ret\n"
"	.popsection\n"
"	.pushsection .bss\n"
"	.balign	8\n"
"oracle_sp: .skip 8\n"
"	.popsection\n");

/* Neither TLS nor stack protector here: TPIDR_EL0 is the case's. */
static void handler(int sig, siginfo_t *si, void *uc_)
{
	ucontext_t *uc = uc_;
	mcontext_t *mc = &uc->uc_mcontext;
	struct d_result *r = (struct d_result *)ctx->next_result;
	struct fpsimd_context *fp = (struct fpsimd_context *)mc->__reserved;

	if (fp->head.magic != FPSIMD_MAGIC || ctx->left == 0) {
		sigaction(sig, &dfl, NULL);
		return;
	}
	for (unsigned int i = 0; i < 31; i++)
		r->x[i] = mc->regs[i];
	r->sp = mc->sp;
	memcpy(r->v, fp->vregs, sizeof(r->v));
	r->nzcv = mc->pstate & 0xf0000000;
	r->fpcr = fp->fpcr;
	r->fpsr = fp->fpsr;
	r->where = mc->pc;
	r->esr = D_SIGNAL(sig);
	r->far = (uint64_t)si->si_addr;
	mc->regs[30] = D_BASE + D_CTX;
	mc->pc = finish;
	fp->fpcr = 0;
}

static void catch(void)
{
	static uint8_t stack[65536];
	static const int sigs[] = { SIGILL, SIGSEGV, SIGBUS, SIGTRAP };
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };

	sigaltstack(&ss, NULL);
	for (unsigned int i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		sigaction(sigs[i], &sa, NULL);
}

static void *map(uint64_t offset, size_t size, int prot)
{
	void *want = (void *)(D_BASE + offset);
	void *p = mmap(want, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (p != want) {
		perror("a64diff_oracle: mmap");
		exit(1);
	}
	return p;
}

static void read_all(void *buf, size_t size)
{
	if (fread(buf, 1, size, stdin) != size) {
		fprintf(stderr, "a64diff_oracle: input ends\n");
		exit(1);
	}
}

static void run_batch(const struct d_batch *b, uint64_t run)
{
	uint8_t *slots = (uint8_t *)(D_BASE + D_SLOTS);
	struct d_result *res = (struct d_result *)(D_BASE + D_RESULTS);

	read_all(slots, b->slot_bytes);
	read_all((void *)(D_BASE + D_CASES), b->cases * D_RECORD);
	__builtin___clear_cache((char *)slots, (char *)slots + b->slot_bytes);
	memset(res, 0, b->cases * D_RECORD);
	*ctx = (struct d_ctx){
		.next_case = D_BASE + D_CASES, .next_result = D_BASE + D_RESULTS, .left = b->cases,
		.back = (uint64_t)oracle_back,
	};
	oracle_enter(run);
	if (fwrite(res, D_RECORD, b->cases, stdout) != b->cases || fflush(stdout))
		exit(1);
}

int main(int argc, char **argv)
{
	const int rwx = PROT_READ | PROT_WRITE | PROT_EXEC, rw = PROT_READ | PROT_WRITE;
	struct d_batch b;
	uint8_t *core;

	if (argc != 3)
		return 2;
	core = map(D_CORE, D_CORE_SIZE, rwx);
	map(D_SLOTS, D_SLOTS_SIZE, rwx);
	map(D_CASES, D_CASES_SIZE, rw);
	map(D_RESULTS, D_RESULTS_SIZE, rw);
	map(D_DATA, D_DATA_SIZE, rw);
	ctx = map(D_CTX, D_CTX_SIZE, rw);
	read_all(core, D_CORE_SIZE);
	__builtin___clear_cache((char *)core, (char *)core + D_CORE_SIZE);
	finish = D_BASE + D_CORE + strtoull(argv[2], NULL, 0);
	catch();
	for (;;) {
		read_all(&b, sizeof(b));
		if (!b.cases)
			return 0;
		run_batch(&b, D_BASE + D_CORE + strtoull(argv[1], NULL, 0));
	}
}
