/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the a32diff host program share. */
#ifndef TESTS_ISA_A32DIFF_HOST_H
#define TESTS_ISA_A32DIFF_HOST_H

#include <stdio.h>

#include "isa/a32.h"
#include "tests/isa/a32diff.h"
#include "tests/isa/a64diff_host.h"	/* random values */

enum t_set { T_A32, T_T32, T_T16 };

struct t_row {
	char name[64], cls[32];
	enum t_set set;
	u32 mask, value;
	unsigned int op;	/* enum a32_op */
	u8 group;		/* enum t_group: what sequences do with it */
	const char *skip;	/* why it is not compared, or NULL */
};

#define T_MAX_ROWS 2048

extern struct t_row t_rows[T_MAX_ROWS];
extern unsigned int t_nrows;
/* Reads isagen's --list; 0 or -errno. */
int t_rows_read(const char *path);

struct t_item {
	u16 row;
	u32 word;
	bool it;		/* in an IT block */
	bool big;		/* behind SETEND BE */
};

struct t_batch_buf {
	unsigned int n, slot_bytes;
	u8 *slots;		/* n * slot_bytes */
	u8 *map;		/* sequences: T_MAP_* of each halfword of the slots */
	struct t_case *cases;	/* T_MAX_CASES */
	struct t_item *items;
};

/* ---- a32diff_gen.c ---- */

/* Case @slot of @b: an instance of row @row for a CPU with @features.  False: none was found. */
bool t_generate(struct d_rand *r, struct t_batch_buf *b, unsigned int slot, unsigned int row, u64 features);

/* A random word of the row; it need not decode to it. */
u32 t_rand_word(struct d_rand *r, const struct t_row *row);
void t_rand_state(struct d_rand *r, unsigned int fp, struct t_case *c);
/* VFP and Advanced SIMD rows, which are listed as A32, and such a word in T32. */
bool t_is_simd(const struct t_row *row);
u32 t_to_t32(u32 word);
/* Instructions that would wait, or whose effect nobody can compare. */
bool t_unwanted(const struct t_row *row, const struct a32_insn *i);
void t_put_insn(u8 *p, enum t_set set, u32 word);
/* A load exclusive that opens the way for the store exclusive @i; it writes Rt, and Rt + 1 if of 64 bits (Rt even). */
u32 t_exclusive_load(enum t_set set, const struct a32_insn *i, u32 rt);

/* ---- a32diff_seq.c: sequences of instructions ---- */

enum t_group { T_GROUP_INT, T_GROUP_SIMD, T_GROUP_MEM, T_GROUP_SYS, T_GROUP_NONE };

/* An instruction begins here: T_MAP_A32, _T32 or _T16, and what else is known of it. */
enum {
	T_MAP_A32 = 1, T_MAP_T32, T_MAP_T16, T_MAP_SET = 3,
	T_MAP_KEEP = 4,		/* reduction leaves it alone: others would go astray without it */
	T_MAP_MOV = 8,		/* and this one is the copy of base for a memory operand */
	T_MAP_IT = 16,		/* in an IT block */
	T_MAP_START = 32,	/* a branch may go here */
};

#define T_SEQ_ROW (T_MAX_ROWS - 1)

enum t_group t_seq_group(const struct t_row *row);
/* Case @slot of @b (slot_bytes is T_SEQ_SLOT): a sequence.  item->row is T_SEQ_ROW. */
void t_generate_sequence(struct d_rand *r, struct t_batch_buf *b, unsigned int slot, u64 features);

/* ---- a32diff_addr.c ---- */

/* @v shifted by @n (0..32) as @type says: enum a32_shift. */
u32 t_shifted(u32 v, unsigned int type, unsigned int n, bool carry);

/*
 * Make @i's operands lead to places that exist in both worlds: sets registers of
 * @c, may change *@word.  False: choose another word.
 */
bool t_address(struct d_rand *r, unsigned int slot, enum t_set set, const struct a32_insn *i, u32 *word,
	       struct t_case *c);
/* The address that the memory operand of @i has, where t_address() made it. */
u32 t_slot_address(unsigned int slot);

/* ---- a32diff_engine.c ---- */

struct t_engine;
struct t_core {
	u8 *blob;		/* T_CORE_SIZE bytes */
	u64 run, vectors;	/* offsets */
};

/* @features: of the CPU; NULL and a message on failure. */
struct t_engine *t_engine_open(const char *name, const struct t_core *core, u64 features, unsigned int log);
void t_engine_close(struct t_engine *e);
int t_engine_run(struct t_engine *e, const struct t_batch_buf *b, struct t_result *res);

/* ---- a32diff_peer.c ---- */

struct t_peer;
struct t_peer *t_peer_open(char *const argv[]);
int t_peer_run(struct t_peer *p, const struct t_batch_buf *b, struct t_result *res);
void t_peer_close(struct t_peer *p);

#endif
