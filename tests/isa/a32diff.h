/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of a32diff share: the host program (a32diff*.c), the program
 * that runs under another AArch32 (a32diff_oracle.c), and the driver of our
 * emulated machine (a32diff_core.S), which is AArch64 code at EL1 so that the
 * instruction under test is all that runs in AArch32.
 *
 * A batch is a set of cases: the state before one instruction, the instruction
 * in a slot of its own, and room for the state after it.  Slots and data lie
 * at the same virtual addresses in both worlds.
 */
#ifndef TESTS_ISA_A32DIFF_H
#define TESTS_ISA_A32DIFF_H

/* Virtual addresses: T_BASE and offsets from it; the first two exist in both worlds. */
#define T_BASE 0x60000000
#define T_SLOTS 0x00000000		/* the instructions; the rest up to T_SLOTS_SIZE is filler */
#define T_SLOTS_SIZE 0x00100000
#define T_DATA 0x00800000		/* what loads and stores reach; the pages around are not mapped */
#define T_DATA_SIZE 0x4000
#define T_CORE 0x01000000		/* the emulated machine's own */
#define T_CORE_SIZE 0x4000
#define T_CTX 0x01100000
#define T_CTX_SIZE 0x1000
#define T_CASES 0x02000000
#define T_CASES_SIZE 0x00800000
#define T_RESULTS 0x03000000
#define T_RESULTS_SIZE 0x00800000
#define T_TABLES 0x04000000
#define T_SIZE 0x04800000

/*
 * A slot is 64 bytes of filler, which is UDF in A32 and, from any halfword on,
 * in T32 too (the upper one branches to the next word).  So wherever control
 * goes, an exception tells.  At T_SLOT_INSN is the instruction, before it there
 * may be one that prepares something (IT, SETEND, an exclusive load).
 */
#define T_SLOT 64
#define T_SLOT_INSN 32
#define T_FILLER 0xe7ffdefe
/* A sequence has a slot of its own size; it begins at the slot's start and ends in filler. */
#define T_SEQ_SLOT 512

/* struct t_case and struct t_result, offsets. */
#define T_R 0
#define T_CPSR 60
#define T_V 64
#define T_FPCR 320
#define T_FPSR 324
#define T_ENTRY 328		/* case: where execution starts; result: where the exception was */
#define T_WINDOW 332		/* case: address of the memory window; result: FAR */
#define T_ESR 336		/* result: ESR_EL1, or T_SIGNAL(n) */
#define T_DONE 344		/* result: T_DONE_MAGIC once it is complete */
#define T_MEM 352
#define T_MEM_SIZE 256
#define T_RECORD 640

#define T_DONE_MAGIC 0x600d
#define T_MAX_CASES 8192

/* struct t_ctx, offsets. */
#define T_CTX_CASE 0
#define T_CTX_RESULT 8
#define T_CTX_LEFT 16

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

#define T_SIGNAL(n) (0x100000000ull | (n))

/* FPSCR as AArch64 divides it. */
#define T_FPCR_BITS 0x07f79f00u
#define T_FPSR_BITS 0xf800009fu

struct t_case {
	uint32_t r[15], cpsr;
	uint64_t v[16][2];
	uint32_t fpcr, fpsr, entry, window;
	uint64_t pad0[2];
	uint8_t mem[T_MEM_SIZE];
	uint64_t pad1[4];
};

struct t_result {
	uint32_t r[15], cpsr;
	uint64_t v[16][2];
	uint32_t fpcr, fpsr, where, far;
	uint64_t esr, done;
	uint8_t mem[T_MEM_SIZE];
	uint64_t pad1[4];
};

struct t_ctx {
	uint64_t next_case, next_result, left;
};

/* Before each batch on the oracle's standard input; slots and cases follow, then results come back. */
struct t_batch {
	uint64_t cases;		/* 0: end */
	uint64_t slot_bytes;	/* of each */
};

_Static_assert(sizeof(struct t_case) == T_RECORD, "asm offsets");
_Static_assert(sizeof(struct t_result) == T_RECORD, "asm offsets");
_Static_assert(offsetof(struct t_case, cpsr) == T_CPSR, "asm offsets");
_Static_assert(offsetof(struct t_case, v) == T_V, "asm offsets");
_Static_assert(offsetof(struct t_case, entry) == T_ENTRY, "asm offsets");
_Static_assert(offsetof(struct t_case, mem) == T_MEM, "asm offsets");
_Static_assert(offsetof(struct t_result, esr) == T_ESR, "asm offsets");
_Static_assert(offsetof(struct t_result, mem) == T_MEM, "asm offsets");
_Static_assert(T_MAX_CASES * T_RECORD <= T_CASES_SIZE, "area");
_Static_assert(T_MAX_CASES * T_SLOT <= T_SLOTS_SIZE, "area");

#endif
#endif
