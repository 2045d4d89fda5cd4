// SPDX-License-Identifier: GPL-2.0-only
/* Makes a case: a word of a row, a state, a slot. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/isa/a32diff_host.h"

#define MAX_TRIES 20000

struct t_row t_rows[T_MAX_ROWS];
unsigned int t_nrows;

/* ---- rows ---- */

static const struct {
	const char *cls, *why;
} skips[] = {
	{ "svc", "a system call to the oracle" },
	{ "hlt", "halting debug or semihosting in the oracle" },
	{ "mcr", "system registers: QEMU's user mode has others" },
	{ "mrc", "system registers: QEMU's user mode has others" },
	{ "mcrr", "system registers: QEMU's user mode has others" },
	{ "mrrc", "system registers: QEMU's user mode has others" },
	{ "ldc", "system registers: QEMU's user mode has others" },
	{ "dbg", "nothing to see" },
};

static const char *skip_reason(const char *cls)
{
	for (size_t i = 0; i < ARM_ARRAY_SIZE(skips); i++)
		if (!strcmp(cls, skips[i].cls))
			return skips[i].why;
	return NULL;
}

static unsigned int op_by_name(const char *name)
{
	static unsigned int last;	/* the list is in enum order */

	for (unsigned int i = last + 1; strcmp(a32_op_name(i), "UNDEFINED"); i++)
		if (!strcmp(a32_op_name(i), name))
			return last = i;
	return A32_UNDEFINED;
}

int t_rows_read(const char *path)
{
	FILE *in = fopen(path, "r");
	char line[300], space[8];

	if (!in)
		return -errno;
	while (fgets(line, sizeof(line), in) && t_nrows < T_SEQ_ROW) {
		struct t_row *r = &t_rows[t_nrows];

		if (sscanf(line, "%63s\t%31s\t%*s\t%7s\t%x\t%x", r->name, r->cls, space, &r->mask, &r->value) != 5)
			continue;
		r->set = !strcmp(space, "t16") ? T_T16 : !strcmp(space, "t32") ? T_T32 : T_A32;
		r->op = op_by_name(r->name);
		r->skip = skip_reason(r->cls);
		r->group = (u8)t_seq_group(r);
		if (r->op == A32_UNDEFINED) {
			fprintf(stderr, "a32diff: row %s is not in the decoder\n", r->name);
			fclose(in);
			return -EINVAL;
		}
		t_nrows++;
	}
	fclose(in);
	return t_nrows ? 0 : -EINVAL;
}

/* ---- words ---- */

/* VFP and Advanced SIMD are listed as A32; in T32 they begin with 1110, or 111U1111 and 11111001. */
u32 t_to_t32(u32 w)
{
	if (w >> 25 == 0x79)		/* 1111001U: data processing */
		return (w & 0x00ffffff) | 0xef000000 | (w >> 24 & 1) << 28;
	if (w >> 24 == 0xf4)		/* loads and stores */
		return (w & 0x00ffffff) | 0xf9000000;
	return w;			/* coprocessor space: cond 14 or 15 */
}

bool t_is_simd(const struct t_row *row)
{
	return !strncmp(row->cls, "vfp_", 4) || !strncmp(row->cls, "neon_", 5);
}

/* Let registers coincide more often than chance does. */
static u32 overlap(struct d_rand *r, u32 mask, u32 word)
{
	static const u8 at[] = { 0, 8, 12, 16 };
	u32 from = at[d_below(r, 4)], to = at[d_below(r, 4)], m = 15u << to & ~mask;

	return (word & ~m) | ((word >> from & 15) << to & m);
}

u32 t_rand_word(struct d_rand *r, const struct t_row *row)
{
	u32 word = row->value | ((u32)d_rand(r) & ~row->mask);

	if (row->set == T_T16)
		return word & 0xffff;
	if (d_one_in(r, 4))
		word = overlap(r, row->mask, word);
	/* Conditions: half of the instances are unconditional. */
	if (row->set == T_A32 && !(row->mask >> 28) && (word >> 28 == 15 || d_one_in(r, 2)))
		word = (word & 0x0fffffff) | 0xe0000000;
	return word;
}

bool t_unwanted(const struct t_row *row, const struct a32_insn *i)
{
	if (!strcmp(row->cls, "hint"))
		return i->hint >= 1 && i->hint <= 3;
	/* FPSID, MVFR and FPEXC are for PL1. */
	if (!strcmp(row->cls, "vfp_vmsr") || !strcmp(row->cls, "vfp_vmrs"))
		return i->reg != 1;
	return false;
}

/* ---- state ---- */

/* The FP element size that the instruction likes; 0: integers. */
static unsigned int fp_size(struct d_rand *r, const struct t_row *row, const struct a32_insn *i)
{
	if (!strncmp(row->cls, "vfp_", 4)) {
		if (strstr(row->name, "VCVT") && d_one_in(r, 3))
			return 1 + d_below(r, 3);
		return 2 + i->sz;
	}
	return strstr(row->cls, "fp") || strstr(row->cls, "cvt") || d_one_in(r, 3) ? 2 : 0;
}

/* No two bytes 0xff in a row: as an address that is the commpage of Linux, where QEMU aborts. */
static void rand_memory(struct d_rand *r, struct t_case *c)
{
	for (unsigned int k = 0; k < T_MEM_SIZE; k++) {
		c->mem[k] = (u8)d_rand(r);
		if (k && c->mem[k] == 0xff && c->mem[k - 1] == 0xff)
			c->mem[k] = 0x7f;
	}
}

/* Registers, flags and memory; @fp: as d_rand_state() has it. */
void t_rand_state(struct d_rand *r, unsigned int fp, struct t_case *c)
{
	struct d_case wide;

	d_rand_state(r, &wide, fp);
	for (unsigned int k = 0; k < 15; k++)
		c->r[k] = (u32)(d_one_in(r, 4) ? wide.x[k] >> 32 : wide.x[k]);
	memcpy(c->v, wide.v, sizeof(c->v));
	c->fpcr = (u32)wide.fpcr;
	c->fpsr = (u32)wide.fpsr | (u32)(d_rand(r) & 0xf0000000);
	c->cpsr = 0x10 | (u32)wide.nzcv | (d_one_in(r, 4) ? 1u << 27 : 0) | (u32)(d_rand(r) & 15) << 16;
	rand_memory(r, c);
}

/* ---- slots ---- */

u32 t_slot_address(unsigned int slot)
{
	return T_BASE + T_SLOTS + slot * T_SLOT;
}

static void put16(u8 *p, u32 v)
{
	p[0] = (u8)v;
	p[1] = (u8)(v >> 8);
}

void t_put_insn(u8 *p, enum t_set set, u32 word)
{
	if (set == T_A32) {
		memcpy(p, &word, 4);
	} else if (set == T_T32) {
		put16(p, word >> 16);
		put16(p + 2, word);
	} else {
		put16(p, word);
	}
}

u32 t_exclusive_load(enum t_set set, const struct a32_insn *i, u32 rt)
{
	static const u32 a32[] = { 0xe1d00f9f, 0xe1f00f9f, 0xe1900f9f, 0xe1b00f9f };
	static const u32 t32[] = { 0xe8d00f4f, 0xe8d00f5f, 0xe8500f00, 0xe8d0007f };
	u32 word = (u32)i->Rn << 16 | rt << 12;

	if (set == T_A32)
		return a32[i->size & 3] | word;
	if (i->size == 3)
		word |= (rt + 1) << 8;
	return t32[i->size & 3] | word | (i->size == 2 ? i->imm32 >> 2 : 0);
}

/* The instruction, what stands before it, and the state to enter with. */
static void fill_slot(struct d_rand *r, struct t_batch_buf *b, unsigned int slot, enum t_set set,
		      const struct a32_insn *i, unsigned int cond)
{
	struct t_item *it = &b->items[slot];
	struct t_case *c = &b->cases[slot];
	u8 *p = b->slots + slot * T_SLOT;

	for (unsigned int k = 0; k < T_SLOT; k += 4)
		memcpy(p + k, &(u32){ T_FILLER }, 4);
	t_put_insn(p + T_SLOT_INSN, set, it->word);
	/* Behind IT: ADDS Rn, #1 (ADD in the IT block). */
	for (unsigned int k = 0; k < 4 && !strcmp(t_rows[it->row].cls, "it"); k++)
		put16(p + T_SLOT_INSN + 2 + 2 * k, 0x3001 | k << 8);
	c->entry = t_slot_address(slot) + T_SLOT_INSN;
	if (set != T_A32)
		c->cpsr |= 1u << 5;
	if (it->big && set == T_A32) {
		t_put_insn(p + T_SLOT_INSN - 4, T_A32, 0xf1010200);
		c->entry -= 4;
	} else if (it->big) {
		put16(p + T_SLOT_INSN - 2, 0xb658);
		c->entry -= 2;
	} else if (!it->it && i->cls == A32_CLASS_strex && !d_one_in(r, 4)) {
		t_put_insn(p + T_SLOT_INSN - 4, set, t_exclusive_load(set, i, i->Rn < 2 ? 2 : 0));
		c->entry -= 4;
	} else if (it->it && d_one_in(r, 2)) {
		put16(p + T_SLOT_INSN - 2, 0xbf08 | cond << 4);
		c->entry -= 2;
	} else if (it->it) {
		/* ITSTATE cond:1000: bits 7:2 in CPSR 15:10, bits 1:0 in 26:25. */
		c->cpsr |= (cond << 4 | 8) >> 2 << 10;
	}
}

static bool may_be_in_it(const struct t_row *row)
{
	static const char *const no[] = { "it", "cbz", "cps", "setend", "b", "rfe", "srs", "eret" };

	for (size_t k = 0; k < ARM_ARRAY_SIZE(no); k++)
		if (!strcmp(row->cls, no[k]))
			return false;
	return true;
}

static bool in_memory(const struct t_row *row)
{
	return strstr(row->cls, "ld") == row->cls || strstr(row->cls, "_ld") || strstr(row->cls, "strex") ||
	       strstr(row->cls, "_vld") || strstr(row->cls, "_vst");
}

static bool generate(struct d_rand *r, struct t_batch_buf *b, unsigned int slot, unsigned int row, u64 features)
{
	const struct t_row *want = &t_rows[row];
	struct t_item *item = &b->items[slot];
	struct t_case *c = &b->cases[slot];
	enum t_set set = want->set;
	u32 word = t_rand_word(r, want);
	struct a32_insn i;

	*item = (struct t_item){ .row = (u16)row };
	if (set == T_A32 && t_is_simd(want) && (word >> 28 >= 14) && d_one_in(r, 2)) {
		word = t_to_t32(word);
		set = T_T32;
	}
	item->it = set != T_A32 && may_be_in_it(want) && !(t_is_simd(want) && word >> 28 == 15) && d_one_in(r, 3);
	item->big = !item->it && in_memory(want) && d_one_in(r, 8);
	if (set != T_A32)
		features |= A32_THUMB | (item->it ? A32_IN_IT : 0);
	if (a32_decode(word, features, &i) != want->op || t_unwanted(want, &i))
		return false;
	memset(c, 0, sizeof(*c));
	t_rand_state(r, t_is_simd(want) ? fp_size(r, want, &i) : 0, c);
	/* With FPSCR.LEN other than 0 the oracle's own handler would be UNDEFINED. */
	if (i.cls == A32_CLASS_vfp_vmsr && !(features & A32_FEAT_V8_A32))
		c->r[i.Rt] &= ~0x370000u;
	c->window = T_BASE + T_DATA + 0x800 + (d_one_in(r, 8) ? 0x780 : 0);	/* the latter crosses a page */
	if (!t_address(r, slot, set, &i, &word, c))
		return false;
	if (a32_decode(word, features, &i) != want->op)
		return false;
	item->word = word;
	fill_slot(r, b, slot, set, &i, d_below(r, 14));
	return true;
}

bool t_generate(struct d_rand *r, struct t_batch_buf *b, unsigned int slot, unsigned int row, u64 features)
{
	for (unsigned int try = 0; try < MAX_TRIES; try++)
		if (generate(r, b, slot, row, features))
			return true;
	return false;
}
