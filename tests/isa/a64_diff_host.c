// SPDX-License-Identifier: GPL-2.0-only
/*
 * The front end and the interpreter against results of a64_diff_guest.c:
 *
 *   a64_diff_host CASES RESULTS
 *
 * Prints the first differences with the instructions and the IR.
 *
 *   a64_diff_host --decode
 *
 * Answers each word on standard input with a byte: is it an instruction?
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu/cpu/helpers.h"
#include "emu/front/front.h"
#include "emu/interp/interp.h"
#include "emu/run/mem.h"
#include "isa/a64_disasm.h"
#include "tests/isa/a64_diff.h"

#define MAX_SHOWN 10

static struct diff_case in;
static struct diff_result want;
static struct emu_vcpu cpu;
static struct emu_vm vm;
static struct ir_block blk;
static u8 *ram;

/* ---- memory: one page at DIFF_BUF_ADDR ---- */

static u8 *ram_at(struct emu_vcpu *v, u64 va, u64 len)
{
	if (va >= DIFF_BUF_ADDR && va - DIFF_BUF_ADDR <= DIFF_BUF_SIZE - len)
		return ram + (va - DIFF_BUF_ADDR);
	v->exc.pending = true;
	return NULL;
}

int mem_load(struct emu_vcpu *v, u64 va, unsigned int mop, unsigned int n, void *buf)
{
	u64 len = (u64)n << (mop & IR_MO_SIZE);
	u8 *p = ram_at(v, va, len);

	if (p)
		memcpy(buf, p, len);
	return p ? 0 : -EFAULT;
}

int mem_store(struct emu_vcpu *v, u64 va, unsigned int mop, unsigned int n, const void *buf)
{
	u64 len = (u64)n << (mop & IR_MO_SIZE);
	u8 *p = ram_at(v, va, len);

	if (p)
		memcpy(p, buf, len);
	return p ? 0 : -EFAULT;
}

int mem_load_exclusive(struct emu_vcpu *v, u64 va, unsigned int mop, u64 out[2])
{
	out[0] = out[1] = 0;
	v->excl_addr = va;
	v->excl_size = 1u << (mop & IR_MO_SIZE);
	return mem_load(v, va, mop, 1, out);
}

int mem_store_exclusive(struct emu_vcpu *v, u64 va, unsigned int mop, const u64 val[2], u64 *failed)
{
	*failed = v->excl_addr != va || v->excl_size != 1u << (mop & IR_MO_SIZE);
	v->excl_size = 0;
	return *failed ? 0 : mem_store(v, va, mop, 1, val);
}

int mem_cas(struct emu_vcpu *v, u64 va, unsigned int mop, const u64 expect[2], const u64 val[2], u64 old[2])
{
	old[0] = old[1] = 0;
	if (mem_load(v, va, mop, 1, old))
		return -EFAULT;
	if (memcmp(old, expect, 1u << (mop & IR_MO_SIZE)))
		return 0;
	return mem_store(v, va, mop, 1, val);
}

static u64 atomic_result(enum ir_atomic kind, u64 old, u64 val, unsigned int bits)
{
	s64 so = arm_sext(old, bits), sv = arm_sext(val, bits);

	val &= ~0ULL >> (64 - bits);
	switch (kind) {
	case IR_ATOMIC_ADD: return old + val;
	case IR_ATOMIC_CLR: return old & ~val;
	case IR_ATOMIC_EOR: return old ^ val;
	case IR_ATOMIC_SET: return old | val;
	case IR_ATOMIC_SMAX: return so > sv ? old : val;
	case IR_ATOMIC_SMIN: return so < sv ? old : val;
	case IR_ATOMIC_UMAX: return old > val ? old : val;
	case IR_ATOMIC_UMIN: return old < val ? old : val;
	case IR_ATOMIC_SWP: break;
	}
	return val;
}

int mem_atomic_op(struct emu_vcpu *v, u64 va, unsigned int mop, enum ir_atomic kind, u64 val, u64 *old)
{
	*old = 0;
	if (mem_load(v, va, mop, 1, old))
		return -EFAULT;
	val = atomic_result(kind, *old, val, 8u << (mop & IR_MO_SIZE));
	return mem_store(v, va, mop, 1, &val);
}

/* No case calls a helper; one that does is a failure of the front end. */
static u64 no_helper(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	(void)a, (void)b, (void)c;
	v->exc.pending = true;
	return 0;
}

u64 (*const helper_table[IR_HELPER_COUNT])(struct emu_vcpu *v, u64 a, u64 b, u64 c) = {
#define X(name, flags) no_helper,
#include "emu/ir/helpers.def"
#undef X
};

/* ---- running ---- */

static void regs_in(void)
{
	memset(&cpu, 0, sizeof(cpu));
	cpu.vm = &vm;
	memcpy(cpu.st.x, in.regs.x, sizeof(cpu.st.x));
	cpu.st.sp = in.regs.sp;
	cpu.st.nzcv = (u32)in.regs.nzcv;
	cpu.st.fpsr = (u32)in.regs.fpsr;
	memcpy(cpu.st.v, in.regs.v, sizeof(cpu.st.v));
	cpu.st.pc = want.pc;
	memcpy(ram, in.buf, DIFF_BUF_SIZE);
}

/* Runs the words, with branches among them; true: reached the end. */
static bool run(void)
{
	char why[100];
	u64 end = want.pc + sizeof(in.words);

	for (unsigned int steps = 0; cpu.st.pc != end; steps++) {
		u64 off = cpu.st.pc - want.pc;

		if (off >= sizeof(in.words) || steps > 100)
			return false;
		ir_block_init(&blk, cpu.st.pc, 0, ~0ULL);
		front_a64(&blk, in.words + off / 4, DIFF_WORDS - (unsigned int)off / 4, 64);
		ir_optimise(&blk);
		if (ir_verify(&blk, why, sizeof(why))) {
			printf("verifier: %s\n", why);
			return false;
		}
		interp_block(&cpu, &blk);
		if (cpu.exc.pending)
			return false;
	}
	return true;
}

static unsigned int differ(const char *what, unsigned int n, u64 got, u64 expected)
{
	if (got == expected)
		return 0;
	printf("  %s%u: %016" PRIx64 ", expected %016" PRIx64 "\n", what, n, got, expected);
	return 1;
}

static unsigned int compare(void)
{
	unsigned int bad = 0;

	for (unsigned int i = 0; i < 31; i++)
		if (i != 28)
			bad += differ("x", i, cpu.st.x[i], want.regs.x[i]);
	bad += differ("sp", 0, cpu.st.sp, want.regs.sp);
	bad += differ("nzcv", 0, cpu.st.nzcv, want.regs.nzcv);
	bad += differ("fpsr", 0, cpu.st.fpsr, want.regs.fpsr);
	for (unsigned int i = 0; i < 32; i++) {
		bad += differ("v lo", i, cpu.st.v[i].d[0], want.regs.v[i][0]);
		bad += differ("v hi", i, cpu.st.v[i].d[1], want.regs.v[i][1]);
	}
	for (unsigned int i = 0; i < DIFF_BUF_SIZE; i++)
		bad += differ("mem ", i, ram[i], want.buf[i]);
	return bad;
}

static void show(unsigned long n)
{
	char text[128];

	printf("case %lu:\n", n);
	for (unsigned int i = 0; i < DIFF_WORDS; i++) {
		a64_disasm(in.words[i], want.pc + 4 * i, ~0ULL, text, sizeof(text));
		printf("    %08x  %s\n", in.words[i], text);
	}
	ir_dump(&blk, stdout);
}

static int decode_words(void)
{
	struct a64_insn i;
	u32 word;

	while (fread(&word, sizeof(word), 1, stdin) == 1) {
		putchar(a64_decode(word, ~0ULL, &i) != A64_UNDEFINED);
		fflush(stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	FILE *cases = argc == 3 ? fopen(argv[1], "rb") : NULL;
	FILE *results = argc == 3 ? fopen(argv[2], "rb") : NULL;
	unsigned long n = 0, bad = 0;
	bool ok;

	if (argc == 2 && !strcmp(argv[1], "--decode"))
		return decode_words();
	ram = malloc(DIFF_BUF_SIZE);
	if (!cases || !results || !ram)
		return 2;
	for (; fread(&in, sizeof(in), 1, cases) == 1; n++) {
		if (fread(&want, sizeof(want), 1, results) != 1) {
			printf("no result for case %lu\n", n);
			return 2;
		}
		regs_in();
		ok = run();
		if (!ok)
			printf("did not reach the end\n");
		if ((compare() || !ok) && bad++ < MAX_SHOWN)
			show(n);
		if (bad >= MAX_SHOWN)
			break;
	}
	printf("%lu cases, %lu differ\n", n, bad);
	return bad ? 1 : !n;
}
