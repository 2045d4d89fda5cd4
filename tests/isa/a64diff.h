/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of a64diff share: the host program (a64diff_*.c), the program
 * that runs under another AArch64 (a64diff_oracle.c) and the code that both
 * worlds run (a64diff_core.S).
 *
 * A batch is a set of cases: the state before one instruction, the instruction
 * in a slot of its own, and room for the state after it.  Everything lies at
 * the same virtual addresses in the oracle process and in our emulated machine,
 * so that addresses in results compare equal.
 */
#ifndef TESTS_ISA_A64DIFF_H
#define TESTS_ISA_A64DIFF_H

/* Virtual addresses: D_BASE and offsets from it. */
#define D_BASE_HI 0x10			/* bits 47:32; bits 31:0 are zero */
#define D_CORE 0x00000000		/* code of a64diff_core.S */
#define D_CORE_SIZE 0x10000
#define D_SLOTS 0x00100000		/* the instructions */
#define D_SLOTS_SIZE 0x00200000
#define D_CTX 0x01000000		/* struct d_ctx */
#define D_CTX_SIZE 0x1000
#define D_CASES 0x02000000
#define D_CASES_SIZE 0x01000000
#define D_RESULTS 0x04000000
#define D_RESULTS_SIZE 0x01000000
/* Pages that loads and stores go to; the pages around them are not mapped. */
#define D_DATA 0x06000000
#define D_DATA_SIZE 0x4000
#define D_TABLES 0x06800000		/* page tables of the emulated machine */
#define D_SIZE 0x07000000

/*
 * A slot is 16 words.  Execution enters at word D_SLOT_ENTRY, which loads X30;
 * word D_SLOT_PREP may prepare something (an exclusive load), the instruction
 * is word D_SLOT_INSN.  All other words, w, are branches to exit w: where
 * control came out is known from the exit alone.  Exits are D_EXIT_STRIDE bytes
 * apart, from the start of the core.
 */
#define D_SLOT_WORDS 16
#define D_SLOT_ENTRY 6
#define D_SLOT_PREP 7
#define D_SLOT_INSN 8
#define D_EXIT_STRIDE 32
/* Sequences have slots of their own size: entry, then instructions, then exits to the end. */

/* struct d_case and struct d_result, offsets. */
#define D_X 0
#define D_SP 248
#define D_V 256
#define D_NZCV 768
#define D_FPCR 776
#define D_FPSR 784
#define D_ENTRY 792		/* case: address of the slot's entry */
#define D_WHERE 792		/* result: number of the exit; the PC if it was an exception */
#define D_WINDOW 800		/* case: address of the memory window */
#define D_ESR 800		/* result: 0, or ESR_EL1, or D_SIGNAL(n) */
#define D_FAR 808
#define D_DONE 816		/* result: D_DONE_MAGIC once it is complete */
#define D_MEM 832
#define D_MEM_SIZE 128
#define D_RECORD 1024

#define D_DONE_MAGIC 0x600d

/* struct d_ctx, offsets; the code saves registers in the scratch words. */
#define D_CTX_CASE 0
#define D_CTX_RESULT 8
#define D_CTX_LEFT 16
#define D_CTX_S0 24
#define D_CTX_S1 32
#define D_CTX_BACK 40		/* where to go when no case is left */

#define D_MAX_CASES (D_CASES_SIZE / D_RECORD)

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

#define D_BASE ((uint64_t)D_BASE_HI << 32)
#define D_SIGNAL(n) (0x100000000ull | (n))

/* The state before an instruction. */
struct d_case {
	uint64_t x[31], sp;
	uint64_t v[32][2];
	uint64_t nzcv, fpcr, fpsr;
	uint64_t entry, window;
	uint64_t pad0[3];
	uint8_t mem[D_MEM_SIZE];
	uint64_t pad1[8];
};

/* The state after it. */
struct d_result {
	uint64_t x[31], sp;
	uint64_t v[32][2];
	uint64_t nzcv, fpcr, fpsr;
	uint64_t where, esr, far, done;
	uint64_t pad0[1];
	uint8_t mem[D_MEM_SIZE];
	uint64_t pad1[8];
};

struct d_ctx {
	uint64_t next_case, next_result, left, scratch[2], back;
};

/* Before each batch on the oracle's standard input; slots and cases follow, then results come back. */
struct d_batch {
	uint64_t cases;		/* 0: end */
	uint64_t slot_bytes;
};

_Static_assert(sizeof(struct d_case) == D_RECORD, "asm offsets");
_Static_assert(sizeof(struct d_result) == D_RECORD, "asm offsets");
_Static_assert(offsetof(struct d_case, entry) == D_ENTRY, "asm offsets");
_Static_assert(offsetof(struct d_case, mem) == D_MEM, "asm offsets");
_Static_assert(offsetof(struct d_result, done) == D_DONE, "asm offsets");
_Static_assert(offsetof(struct d_result, mem) == D_MEM, "asm offsets");
_Static_assert(offsetof(struct d_ctx, back) == D_CTX_BACK, "asm offsets");

#endif
#endif
