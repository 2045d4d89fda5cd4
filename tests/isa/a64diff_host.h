/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the a64diff host program share. */
#ifndef TESTS_ISA_A64DIFF_HOST_H
#define TESTS_ISA_A64DIFF_HOST_H

#include <stdio.h>

#include "arm/base.h"
#include "isa/a64.h"
#include "tests/isa/a64diff.h"

#define D_MAX_ROWS 1024

struct d_row {
	char name[64];
	u32 mask, value;
	unsigned int op;	/* enum a64_op */
	const char *skip;	/* why it is not compared, or NULL */
};

/* A case as the host remembers it. */
struct d_item {
	u16 row;
	u32 word, prep;		/* prep: the word before it, NOP unless it is an exclusive load */
};

struct d_batch_buf {
	unsigned int n, slot_words;
	u32 *slots;		/* n * slot_words */
	struct d_case *cases;	/* D_MAX_CASES */
	struct d_item *items;
};

/* ---- a64diff_rows.c ---- */

extern struct d_row d_rows[D_MAX_ROWS];
extern unsigned int d_nrows;
/* Reads isagen's --list; 0 or -errno. */
int d_rows_read(const char *path);

/* ---- a64diff_rand.c: everything random follows from the seed ---- */

struct d_rand {
	u64 s[2];
};

void d_rand_init(struct d_rand *r, u64 seed, u64 stream);
u64 d_rand(struct d_rand *r);
/* 0..n-1; n > 0. */
unsigned int d_below(struct d_rand *r, unsigned int n);
/* True once in n times. */
bool d_one_in(struct d_rand *r, unsigned int n);
/* An interesting integer. */
u64 d_rand_int(struct d_rand *r);
/* An interesting floating-point number of 1 << es bytes, es 1..3. */
u64 d_rand_float(struct d_rand *r, unsigned int es);
/* The registers, flags and FPCR; @es: the FP element size that the instruction likes, 0: none. */
void d_rand_state(struct d_rand *r, struct d_case *c, unsigned int es);

/* ---- a64diff_addr.c: where memory operands, branches and the like point ---- */

/*
 * Make the operands of @i, at slot @slot of @b, lead to places that exist in
 * both worlds; may change @word's immediate and registers of the case, and set
 * the item's prep.  False: choose another word.
 */
bool d_address(struct d_rand *r, const struct d_batch_buf *b, unsigned int slot, u32 *word,
	       struct d_case *c, struct d_item *item);

/* An access: [Xn|SP + disp + (extended Xm << shift)]. */
struct d_access {
	s64 disp;
	unsigned int size;	/* bytes in all */
	unsigned int align;	/* that it must have, or likes to have */
	unsigned int rn, rm;	/* rm 32: none */
	unsigned int option, shift;
	bool strict;		/* misalignment faults */
	bool unsure;		/* CONSTRAINED UNPREDICTABLE register use (DDI 0487 K1.2) */
};

/* False: @i is not a load or store with a base register. */
bool d_access_of(const struct a64_insn *i, struct d_access *a);
/* Where the bytes lie that are filled before a case and looked at after it. */
u64 d_window(struct d_rand *r);
/* A load that makes the store exclusive @i succeed; it writes none of its registers. */
u32 d_exclusive_load(struct d_rand *r, const struct a64_insn *i);

/* ---- a64diff_gen.c ---- */

#define D_FEATURES (~0ull & ~(A64_FEAT_FP16 | A64_FEAT_WFXT | A64_FEAT_PAN | A64_FEAT_UAO))

/* Case @slot of @b: an instance of row @row.  False: none was found. */
bool d_generate(struct d_rand *r, struct d_batch_buf *b, unsigned int slot, unsigned int row);

#define D_NOP 0xd503201fu
#define D_MRS_X30_TPIDR 0xd53bd05eu

/* A random word of the row; it need not decode to it. */
u32 d_rand_word(struct d_rand *r, const struct d_row *row);
/* B to exit @w from word @at of the slots. */
u32 d_exit_branch(unsigned int at, unsigned int w);

/* ---- a64diff_seq.c: sequences of instructions ---- */

#define D_SEQ_WORDS 64

/* Case @slot of @b (slot_words is D_SEQ_WORDS): a sequence.  item->row is D_SEQ_ROW. */
void d_generate_sequence(struct d_rand *r, struct d_batch_buf *b, unsigned int slot);
#define D_SEQ_ROW (D_MAX_ROWS - 1)

/* ---- a64diff_engine.c ---- */

struct d_engine;
struct d_core {
	u8 *blob;		/* D_CORE_SIZE bytes */
	u64 run, finish, stop, vectors;	/* offsets */
};

/* @name: "interp" or "jit"; @log: enum emu_log; NULL and a message on failure. */
struct d_engine *d_engine_open(const char *name, const struct d_core *core, unsigned int log);
void d_engine_close(struct d_engine *e);
/* 0 or -errno. */
int d_engine_run(struct d_engine *e, const struct d_batch_buf *b, struct d_result *res);

/* ---- a64diff_peer.c: the other AArch64 ---- */

struct d_peer;
/* @argv: the command that runs a64diff_oracle. */
struct d_peer *d_peer_open(char *const argv[], const struct d_core *core);
int d_peer_run(struct d_peer *p, const struct d_batch_buf *b, struct d_result *res);
void d_peer_close(struct d_peer *p);

#endif
