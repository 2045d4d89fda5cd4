/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The process that runs cases on another AArch32 (qemu-arm-static, or a real
 * CPU): reads batches from standard input, writes results to standard output.
 *
 * Every case ends in a signal.  Its handler finds the state in the frame, puts
 * the next case's state there, and returns into it.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/isa/a32diff.h"

#define VFP_MAGIC 0x56465001

/* In uc_regspace. */
struct vfp_frame {
	uint32_t magic, size;
	uint64_t d[32];
	uint32_t fpscr;
};

static struct {
	struct t_case *next;		/* NULL: none is running */
	struct t_result *result;
	uint64_t left;
	mcontext_t home;		/* of run_batch() */
	struct vfp_frame vfp;
} run;

static struct t_case *cases;
static struct t_result *results;

static void save(int sig, const siginfo_t *si, const mcontext_t *mc, const struct vfp_frame *vfp)
{
	struct t_result *r = run.result++;

	memcpy(r->r, &mc->arm_r0, sizeof(r->r));	/* arm_r0 .. arm_fp, ip, sp, lr stand in a row */
	r->cpsr = mc->arm_cpsr;
	memcpy(r->v, vfp->d, sizeof(r->v));
	r->fpcr = vfp->fpscr & T_FPCR_BITS;
	r->fpsr = vfp->fpscr & T_FPSR_BITS;
	r->where = mc->arm_pc;
	r->far = (uint32_t)(uintptr_t)si->si_addr;
	r->esr = T_SIGNAL((unsigned int)sig);
	memcpy(r->mem, (void *)(uintptr_t)run.next[-1].window, T_MEM_SIZE);
	r->done = T_DONE_MAGIC;
}

static void load(mcontext_t *mc, struct vfp_frame *vfp)
{
	const struct t_case *c = run.next++;

	memcpy((void *)(uintptr_t)c->window, c->mem, T_MEM_SIZE);
	memcpy(&mc->arm_r0, c->r, sizeof(c->r));
	mc->arm_cpsr = c->cpsr;
	mc->arm_pc = c->entry;
	memcpy(vfp->d, c->v, sizeof(c->v));
	vfp->fpscr = c->fpcr | c->fpsr;
}

static void handler(int sig, siginfo_t *si, void *uc_)
{
	ucontext_t *uc = uc_;
	mcontext_t *mc = &uc->uc_mcontext;
	struct vfp_frame *vfp = (struct vfp_frame *)uc->uc_regspace;

	if (vfp->magic != VFP_MAGIC || !cases) {
		static const char text[] = "a32diff_oracle: a signal that no case has caused\n";

		write(2, text, sizeof(text) - 1);
		_exit(1);
	}
	if (!run.next) {	/* the UDF of run_batch() */
		run.next = cases;
		run.home = *mc;
		run.home.arm_pc += 4;
		run.vfp = *vfp;
	} else {
		save(sig, si, mc, vfp);
	}
	if (run.left) {
		run.left--;
		load(mc, vfp);
	} else {
		*mc = run.home;
		*vfp = run.vfp;
	}
}

static void catch(void)
{
	static uint8_t stack[65536];
	static const int sigs[] = { SIGILL, SIGSEGV, SIGBUS, SIGTRAP };
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	sigaltstack(&ss, NULL);
	for (unsigned int i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		sigaction(sigs[i], &sa, NULL);
}

static void *map(uint32_t offset, size_t size)
{
	void *want = (void *)(uintptr_t)(T_BASE + offset);
	void *p = mmap(want, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (p != want) {
		perror("a32diff_oracle: mmap");
		exit(1);
	}
	return p;
}

static void read_all(void *buf, size_t size)
{
	if (fread(buf, 1, size, stdin) != size) {
		fprintf(stderr, "a32diff_oracle: input ends\n");
		exit(1);
	}
}

static void run_batch(uint8_t *slots, uint64_t n, uint64_t slot_bytes)
{
	read_all(cases, n * sizeof(*cases));
	mprotect(slots, T_SLOTS_SIZE, PROT_READ | PROT_WRITE);
	for (unsigned int i = 0; i < T_SLOTS_SIZE / 4; i++)
		((uint32_t *)slots)[i] = T_FILLER;
	read_all(slots, n * slot_bytes);
	mprotect(slots, T_SLOTS_SIZE, PROT_READ | PROT_EXEC);
	__builtin___clear_cache((char *)slots, (char *)slots + T_SLOTS_SIZE);
	memset(results, 0, n * sizeof(*results));
	memset((void *)(T_BASE + T_DATA), 0, T_DATA_SIZE);
	run.next = NULL;
	run.result = results;
	run.left = n;
	__asm__ volatile(".word %c0" : : "i"(T_FILLER) : "memory");
	if (fwrite(results, sizeof(*results), n, stdout) != n || fflush(stdout))
		exit(1);
}

int main(void)
{
	uint8_t *slots = map(T_SLOTS, T_SLOTS_SIZE);
	struct t_batch b;

	map(T_DATA, T_DATA_SIZE);
	cases = malloc(T_CASES_SIZE);
	results = malloc(T_RESULTS_SIZE);
	if (!cases || !results)
		return 1;
	catch();
	for (;;) {
		read_all(&b, sizeof(b));
		if (!b.cases)
			return 0;
		run_batch(slots, b.cases, b.slot_bytes);
	}
}
