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
	unsigned int n;
	u8 *slots;		/* n * T_SLOT */
	struct t_case *cases;	/* T_MAX_CASES */
	struct t_item *items;
};

/* ---- a32diff_gen.c ---- */

/* Case @slot of @b: an instance of row @row for a CPU with @features.  False: none was found. */
bool t_generate(struct d_rand *r, struct t_batch_buf *b, unsigned int slot, unsigned int row, u64 features);

/* ---- a32diff_addr.c ---- */

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
