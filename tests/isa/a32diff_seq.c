// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sequences: random instructions in a row with forward branches, IT blocks and
 * at most one loop, for what single instructions cannot show: values that stay
 * in host registers, flags and conditions of earlier instructions, state at a
 * fault or a side exit, changes of the instruction set.
 *
 * A sequence has one or two parts, the second of the other instruction set;
 * branches stay within their part.  Four general registers are written by the
 * sequence's own instructions alone: base points into the window, index is a
 * small offset, count is the loop's, tmp is for addresses of code and values.
 * What the architecture leaves open is not in sequences: single instances show it.
 */
#include <string.h>

#include "isa/a32_checks.h"
#include "tests/isa/a32diff_host.h"

#define MIDDLE 128	/* base is window + MIDDLE, plus something less than 8 in some cases */
#define ROOM 96		/* what one group of instructions needs at most, with the loop's end and the change of set */
#define NONE 0xff	/* in struct a32_insn: the class has no such register */

/* A branch whose target is chosen when all instructions of the part are there. */
enum fixup_kind { FIX_A32_B, FIX_A32_ADR, FIX_B8, FIX_B11, FIX_B20, FIX_B24, FIX_CBZ, FIX_ADR, FIX_BYTE };
struct fixup {
	u16 at, from;	/* from: of the instruction, where @at is an entry of its table */
	u8 kind;
};

struct seq {
	struct d_rand *r;
	u8 *code, *map;
	u64 features;
	unsigned int n;		/* bytes so far */
	unsigned int part;	/* where this part begins */
	enum t_set set;		/* T_A32 or T_T32 */
	bool in_it;
	unsigned int base, idx, count, tmp;
	u32 idx_value;
	bool aligned;		/* base is */
	bool at_end;		/* base is at the end of memory */
	struct fixup fix[T_SEQ_SLOT / 2];
	unsigned int nfix;
};

/* ---- rows ---- */

static bool is_one_of(const char *name, const char *const *list, size_t n)
{
	for (size_t k = 0; k < n; k++)
		if (!strcmp(name, list[k]))
			return true;
	return false;
}

enum t_group t_seq_group(const struct t_row *row)
{
	static const char *const mem[] = {
		"ldst_imm", "ldst_reg", "ldrd_imm", "ldrd_reg", "ldm", "ldrex", "strex", "lda", "swp", "vfp_ldst",
		"vfp_ldm", "neon_multiple", "neon_single", "neon_all_lanes",
	};
	static const char *const sys[] = {
		"mrs", "msr_reg", "msr_imm", "setend", "clrex", "pld_imm", "pld_reg", "hint", "dmb", "dsb", "isb",
	};
	/* Branches are put by hand; what else is here ends the sequence, or is not for User mode. */
	static const char *const no[] = {
		"b", "bl", "blx_imm", "bx", "bxj", "blx_reg", "cbz", "tbb", "it", "bkpt", "udf", "hvc", "smc", "dcps",
		"eret", "rfe", "srs", "cps", "ldm_user", "ldm_eret", "mrs_banked", "msr_banked", "vfp_vmsr",
	};

	if (row->skip || is_one_of(row->cls, no, ARM_ARRAY_SIZE(no)))
		return T_GROUP_NONE;
	if (is_one_of(row->cls, mem, ARM_ARRAY_SIZE(mem)))
		return T_GROUP_MEM;
	if (is_one_of(row->cls, sys, ARM_ARRAY_SIZE(sys)))
		return T_GROUP_SYS;
	return t_is_simd(row) ? T_GROUP_SIMD : T_GROUP_INT;
}

/* ---- instructions ---- */

static enum t_set set_of(const struct seq *q, u32 word)
{
	if (q->set == T_A32)
		return T_A32;
	return word >> 16 ? T_T32 : T_T16;
}

static void put_flagged(struct seq *q, u32 word, u8 flags)
{
	enum t_set set = set_of(q, word);

	t_put_insn(q->code + q->n, set, word);
	q->map[q->n / 2] |= (u8)(set == T_A32 ? T_MAP_A32 : set == T_T32 ? T_MAP_T32 : T_MAP_T16) | flags |
			    (q->in_it ? T_MAP_IT : 0);
	q->n += set == T_T16 ? 2 : 4;
}

static void put(struct seq *q, u32 word)
{
	put_flagged(q, word, 0);
}

/* One that reduction leaves alone: others would go astray without it. */
static void put_kept(struct seq *q, u32 word)
{
	put_flagged(q, word, T_MAP_KEEP);
}

/* mov rd, rm */
static void put_mov(struct seq *q, unsigned int rd, unsigned int rm)
{
	u32 word = q->set == T_A32 ? 0xe1a00000 | rd << 12 | rm : 0x4600 | rd >> 3 << 7 | rm << 3 | (rd & 7);

	put_flagged(q, word, T_MAP_KEEP | T_MAP_MOV);
}

static bool decode(const struct seq *q, u32 word, struct a32_insn *i)
{
	u64 features = q->features | (q->set == T_A32 ? 0 : A32_THUMB) | (q->in_it ? A32_IN_IT : 0);

	memset(i, NONE, sizeof(*i));
	return a32_decode(word, features, i) != A32_UNDEFINED;
}

static bool reserved(const struct seq *q, unsigned int n)
{
	return n == q->base || n == q->idx || n == q->count || n == q->tmp;
}

/* May R15 be where the instruction has it? */
static bool pc_ok(const struct a32_insn *i)
{
	switch (i->cls) {
	case A32_CLASS_dp_imm:
	case A32_CLASS_dp_reg:
		return i->Rd != 15;
	case A32_CLASS_bfi:
		return i->Rd != 15;			/* BFC */
	case A32_CLASS_vfp_vmrs:
		return true;				/* APSR_nzcv */
	case A32_CLASS_neon_multiple:
	case A32_CLASS_neon_single:
	case A32_CLASS_neon_all_lanes:
		return i->Rn != 15;			/* Rm: no writeback */
	}
	return false;
}

static bool registers_ok(const struct seq *q, const struct a32_insn *i)
{
	const u8 all[] = { i->Rd, i->RdHi, i->RdLo, i->Ra, i->Rm, i->Rn, i->Rs, i->Rt, i->Rt2 };
	const u8 written[] = { i->Rd, i->RdHi, i->RdLo, i->Rt, i->Rt2 };

	for (size_t k = 0; k < sizeof(all); k++)
		if (all[k] == 15 && !pc_ok(i))
			return false;
	for (size_t k = 0; k < sizeof(written); k++)
		if (reserved(q, written[k]))
			return false;
	return i->RdHi == NONE || i->RdHi != i->RdLo;
}

/* A row of @group and a word of it that this place may have; false: try again. */
static bool pick_word(struct seq *q, enum t_group group, u32 *word, struct a32_insn *i)
{
	const struct t_row *row = &t_rows[d_below(q->r, t_nrows)];
	bool simd = t_is_simd(row);

	if (row->group != group || (row->set == T_A32 ? q->set != T_A32 && !simd : q->set == T_A32))
		return false;
	*word = t_rand_word(q->r, row);
	if (simd && q->in_it && row->mask >> 28 == 15)
		return false;
	if (simd && q->set != T_A32)
		*word = row->mask >> 28 == 15 ? t_to_t32(*word) : (*word & 0x0fffffff) | 0xe0000000;
	if (group == T_GROUP_MEM && row->set != T_T16 && !(row->mask & 0x000f0000) && d_one_in(q->r, 2))
		*word = (*word & 0xfff0ffff) | q->base << 16;
	if (group == T_GROUP_MEM && d_one_in(q->r, 2))
		*word &= ~(0xf80u & ~row->mask);	/* small offsets, in some encodings */
	if (group == T_GROUP_MEM && strstr(row->cls, "_reg") && row->set != T_T16)
		*word = (*word & ~15u) | q->idx;
	return decode(q, *word, i) && i->op == row->op && !t_unwanted(row, i);
}

/* ---- memory ---- */

/* Offsets from Rn: the first byte and that behind the last. */
struct extent {
	int low, high;
	bool aligned;	/* the access must be */
	bool several;	/* there are several: if one faults, others may have been done */
};

static void extent_at(struct extent *e, int off, unsigned int size, bool aligned)
{
	*e = (struct extent){ off, off + (int)size, aligned, size > 8 };
}

static void extent_list(struct extent *e, const struct a32_insn *i, unsigned int bytes)
{
	extent_at(e, i->add ? 0 : -(int)bytes, bytes + 8, true);
}

static bool extent_of(const struct seq *q, const struct a32_insn *i, struct extent *e)
{
	u32 off = i->imm32;

	switch (i->cls) {
	case A32_CLASS_ldst_reg:
	case A32_CLASS_ldrd_reg:
		if (i->Rm != q->idx || (i->cls == A32_CLASS_ldst_reg && i->stype == A32_RRX))
			return false;
		off = q->idx_value;
		if (i->cls == A32_CLASS_ldst_reg)
			off = t_shifted(off, i->stype, i->samount, false);
		/* fallthrough */
	case A32_CLASS_ldst_imm:
	case A32_CLASS_ldrd_imm:
		if (off > MIDDLE)
			return false;
		extent_at(e, !i->index ? 0 : i->add ? (int)off : -(int)off, 8,
			  i->cls == A32_CLASS_ldrd_reg || i->cls == A32_CLASS_ldrd_imm);
		e->several = e->aligned;
		return true;
	case A32_CLASS_vfp_ldst:
		extent_at(e, i->add ? (int)off : -(int)off, 8, true);
		return true;
	case A32_CLASS_ldm:
		extent_list(e, i, 4 * (unsigned int)__builtin_popcount(i->reglist));
		return true;
	case A32_CLASS_vfp_ldm:
		extent_list(e, i, off);
		return true;
	case A32_CLASS_ldrex:
	case A32_CLASS_strex:
		extent_at(e, (int)off, 8, true);
		return true;
	case A32_CLASS_lda:
	case A32_CLASS_swp:
		extent_at(e, 0, 4, true);
		return true;
	default:
		extent_at(e, 0, 32, i->align != 0);
		return i->align != 5;		/* of which QEMU checks half */
	}
}

/* Lists and pairs of registers that say what the architecture does. */
static bool transfers_ok(const struct seq *q, const struct a32_insn *i)
{
	u32 keep = 1u << q->base | 1u << q->idx | 1u << q->count | 1u << q->tmp;
	bool wback = i->wback && i->wback != NONE, thumb = q->set != T_A32;

	switch (i->cls) {
	case A32_CLASS_ldm:
		return !(i->reglist >> 15) && !(i->load && (i->reglist & keep)) &&
		       !(wback && i->reglist >> i->Rn & 1) && !(thumb && i->reglist >> 13 & 1);
	case A32_CLASS_ldst_imm:
	case A32_CLASS_ldst_reg:
		return !(wback && i->Rt == i->Rn);
	case A32_CLASS_ldrd_imm:
	case A32_CLASS_ldrd_reg:
		return i->Rt != i->Rt2 && i->Rn != i->Rt && i->Rn != i->Rt2;
	case A32_CLASS_strex:
		return i->Rd != i->Rt && i->Rd != i->Rt2 && i->Rd != i->Rn &&
		       !(thumb && (i->Rd == 13 || i->Rt == 13 || i->Rt2 == 13));
	case A32_CLASS_ldrex:
		return !(thumb && (i->Rt == 13 || i->Rt2 == 13)) && (i->size != 3 || i->Rt != i->Rt2);
	}
	return true;
}

/* Rn is base, or is made a copy of it right before. */
static bool put_memory(struct seq *q, u32 word, const struct a32_insn *i)
{
	bool wback = i->wback && i->wback != NONE;
	struct extent e;
	u32 rt = 0;

	if (i->Rn == 15 || !extent_of(q, i, &e) || e.low < -MIDDLE || e.high > MIDDLE - 16 || !transfers_ok(q, i))
		return false;
	if ((e.aligned && !q->aligned && !d_one_in(q->r, 16)) || (e.several && q->at_end))
		return false;
	/* A store exclusive behind a load exclusive of another size may or may not store. */
	if (i->cls == A32_CLASS_strex && q->in_it)
		return false;
	if (i->Rn == q->base ? wback || (i->Rm != NONE && i->Rm < 15 && i->Rm != q->idx) :
	    reserved(q, i->Rn) || q->in_it)
		return false;
	if (i->Rn != q->base)
		put_mov(q, i->Rn, q->base);
	if (i->cls == A32_CLASS_strex) {
		do
			rt = d_below(q->r, 6) * 2;
		while (reserved(q, rt) || reserved(q, rt + 1) || rt == i->Rn || rt + 1 == i->Rn);
		put(q, t_exclusive_load(q->set, i, rt));
	}
	put(q, word);
	return true;
}

/* ---- branches ---- */

static void put_forward(struct seq *q, u32 word, enum fixup_kind kind)
{
	q->fix[q->nfix++] = (struct fixup){ (u16)q->n, (u16)q->n, (u8)kind };
	put(q, word);
}

static u32 peek(const struct seq *q, unsigned int at, bool wide)
{
	const u8 *p = q->code + at;
	u32 first = p[0] | (u32)p[1] << 8, second = p[2] | (u32)p[3] << 8;

	if (q->set == T_A32)
		return first | second << 16;
	return wide ? first << 16 | second : first;
}

/* The branch @f to offset @to. */
static void patch(struct seq *q, const struct fixup *f, unsigned int to)
{
	unsigned int off = to - f->from - (q->set == T_A32 ? 8 : 4);
	bool wide = f->kind == FIX_B20 || f->kind == FIX_B24 || f->kind == FIX_ADR;
	u32 word = peek(q, f->at, wide);

	switch ((enum fixup_kind)f->kind) {
	case FIX_A32_B:
		word |= off >> 2 & 0xffffff;
		break;
	case FIX_A32_ADR:
		word |= off & 0xff;
		break;
	case FIX_B8:
		word |= off >> 1 & 0xff;
		break;
	case FIX_B11:
		word |= off >> 1 & 0x7ff;
		break;
	case FIX_B20:
	case FIX_B24:
		word |= off >> 1 & 0x7ff;
		break;
	case FIX_CBZ:
		word |= (off >> 6 & 1) << 9 | (off >> 1 & 31) << 3;
		break;
	case FIX_ADR:		/* with the Thumb bit, from Align(PC, 4) */
		word |= (to + 1 - ((f->from + 4) & ~3u)) & 0xff;
		break;
	case FIX_BYTE:
		q->code[f->at] = (u8)(off >> 1);
		return;
	}
	t_put_insn(q->code + f->at, q->set == T_A32 ? T_A32 : wide ? T_T32 : T_T16, word);
}

/* Each branch of this part goes a little ahead, at most behind its last instruction. */
static void set_targets(struct seq *q)
{
	for (unsigned int k = 0; k < q->nfix; k++) {
		const struct fixup *f = &q->fix[k];
		unsigned int to = f->from + (f->kind == FIX_BYTE ? 12 : f->kind <= FIX_A32_ADR ? 8 : 6);

		to += 2 * d_below(q->r, 20);
		while (to < q->n && !(q->map[to / 2] & T_MAP_START))
			to += 2;
		patch(q, f, to < q->n ? to : q->n);
	}
	q->nfix = 0;
}

static void put_branch_a32(struct seq *q)
{
	static const u32 jumps[] = { 0xe12fff10, 0xe12fff30, 0xe1a0f000 };	/* bx, blx, mov pc */
	struct d_rand *r = q->r;

	switch (d_below(r, 4)) {
	case 0:
		put_forward(q, 0x0b000000 | d_below(r, 15) << 28, FIX_A32_B);		/* bl */
		break;
	case 1:
		put_forward(q, 0xe28f0000 | q->tmp << 12, FIX_A32_ADR);
		q->map[q->n / 2 - 2] |= T_MAP_KEEP;
		put(q, jumps[d_below(r, 3)] | q->tmp);
		break;
	default:
		put_forward(q, 0x0a000000 | d_below(r, 15) << 28, FIX_A32_B);
	}
}

static void put_branch_t32(struct seq *q)
{
	static const u32 jumps[] = { 0x4700, 0x4780, 0x4687 };			/* bx, blx, mov pc */
	struct d_rand *r = q->r;

	switch (d_below(r, 9)) {
	case 0:
		put_forward(q, 0xf000f800, FIX_B24);					/* bl */
		break;
	case 1:
		put_forward(q, 0xf20f0000 | q->tmp << 8, FIX_ADR);
		q->map[q->n / 2 - 2] |= T_MAP_KEEP;
		put(q, jumps[d_below(r, 3)] | q->tmp << 3);
		break;
	case 2:
		put_forward(q, 0xe000, FIX_B11);
		break;
	case 3:
		put_forward(q, 0xf000b800, FIX_B24);
		break;
	case 4:
		put_forward(q, 0xf0008000 | d_below(r, 14) << 22, FIX_B20);
		break;
	case 5:
	case 6:
		put_forward(q, 0xb100 | d_below(r, 2) << 11 | d_below(r, 8), FIX_CBZ);
		break;
	case 7:		/* tbb [pc, idx] */
		put_kept(q, 0xe8dff000 | q->idx);
		for (unsigned int k = 0; k < 8; k++, q->n++)
			q->fix[q->nfix++] = (struct fixup){ (u16)q->n, (u16)(q->n - 4 - k), FIX_BYTE };
		break;
	default:
		put_forward(q, 0xd000 | d_below(r, 14) << 8, FIX_B8);
	}
}

/* ---- system ---- */

/* FPSCR = rounding, FZ, DN, AHP and no flags; or an instruction of the group. */
static void put_system(struct seq *q)
{
	struct d_rand *r = q->r;
	u32 mode = d_below(r, 32) & (d_one_in(r, 2) ? 3 : 31), word;
	struct a32_insn i;

	if (d_one_in(r, 2) && q->set == T_A32) {
		put_kept(q, 0xe3a00500 | q->tmp << 12 | mode);			/* mov tmp, #mode << 22 */
		put(q, 0xeee10a10 | q->tmp << 12);
	} else if (d_one_in(r, 2) && q->set != T_A32) {
		put_kept(q, 0xf2400000 | q->tmp << 8);				/* movw tmp, #0 */
		put_kept(q, 0xf2c00000 | q->tmp << 8 | (mode << 6 & 0x700) << 4 | (mode << 6 & 0xff));
		put(q, 0xeee10a10 | q->tmp << 12);
	} else {
		while (!pick_word(q, T_GROUP_SYS, &word, &i) || !registers_ok(q, &i) ||
		       ((i.cls == A32_CLASS_mrs || i.cls == A32_CLASS_msr_reg || i.cls == A32_CLASS_msr_imm) && i.spsr))
			;
		put(q, word);
	}
}

/* ---- sequences ---- */

/* How often each group, out of 16, the rest are branches and system; a sequence has one of these mixtures. */
static const u8 mixtures[][3] = {
	{ 8, 2, 4 }, { 3, 8, 3 }, { 2, 14, 0 }, { 12, 0, 2 }, { 4, 2, 9 }, { 5, 5, 3 },
};

static void put_row(struct seq *q, enum t_group group)
{
	struct a32_insn i;
	u32 word;

	for (;;) {
		if (!pick_word(q, group, &word, &i) || !registers_ok(q, &i))
			continue;
		if (q->in_it && i.cls == A32_CLASS_crc32)
			continue;
		if (i.cls == A32_CLASS_neon_swap && i.Dd == i.Dm)
			continue;
		if (group != T_GROUP_MEM)
			put(q, word);
		else if (!put_memory(q, word, &i))
			continue;
		return;
	}
}

static enum t_group pick_group(struct seq *q, const u8 *mix)
{
	unsigned int k = d_below(q->r, 16);
	enum t_group g = T_GROUP_INT;

	while (g <= T_GROUP_MEM && k >= mix[g])
		k -= mix[g++];
	return g;
}

/* IT and one to four instructions; the last may be a branch. */
static void put_it(struct seq *q, const u8 *mix)
{
	struct d_rand *r = q->r;
	unsigned int cond = d_below(r, 15), n = 1 + d_below(r, 4), mask = 8u >> (n - 1);

	for (unsigned int k = 1; k < n; k++)
		mask |= ((cond == 14 || d_one_in(r, 2) ? cond : ~cond) & 1) << (4 - k);
	put_kept(q, 0xbf00 | cond << 4 | mask);
	q->in_it = true;
	for (unsigned int k = 0; k < n; k++) {
		enum t_group g = pick_group(q, mix);

		if (g <= T_GROUP_MEM)
			put_row(q, g);
		else if (k + 1 < n)
			put_row(q, T_GROUP_INT);
		else if (d_one_in(r, 2))
			put_forward(q, 0xe000, FIX_B11);
		else
			put_forward(q, 0xf000b800, FIX_B24);
	}
	q->in_it = false;
}

static void put_some(struct seq *q, const u8 *mix)
{
	enum t_group g;

	if (q->set != T_A32 && d_one_in(q->r, 5)) {
		put_it(q, mix);
		return;
	}
	g = pick_group(q, mix);
	if (g <= T_GROUP_MEM)
		put_row(q, g);
	else if (d_one_in(q->r, 3))
		put_system(q);
	else if (q->set == T_A32)
		put_branch_a32(q);
	else
		put_branch_t32(q);
}

/* subs count, count, #1; bne top */
static void put_loop_end(struct seq *q, unsigned int top)
{
	u32 off;

	put_kept(q, (q->set == T_A32 ? 0xe2500001 | q->count << 12 : 0xf1b00001 | q->count << 8) | q->count << 16);
	off = top - q->n - (q->set == T_A32 ? 8 : 4);
	if (q->set == T_A32)
		put_kept(q, 0x1a000000 | (off >> 2 & 0xffffff));
	else
		put_kept(q, 0xf47fa800 | (off >> 1 & 0x7ff));
}

static void put_start(struct seq *q)
{
	q->map[q->n / 2] |= T_MAP_START;
}

/* Instructions up to offset @end, perhaps with a loop. */
static void put_part(struct seq *q, const u8 *mix, unsigned int end, bool loop)
{
	unsigned int top = loop ? q->n + d_below(q->r, end - q->n) / 4 * 4 : 0;

	while (q->n < end) {
		put_start(q);
		put_some(q, mix);
	}
	put_start(q);
	if (q->set != T_A32)
		put(q, 0xbf00);		/* CBZ cannot reach what is right behind it */
	put_start(q);
	if (loop) {
		while (!(q->map[top / 2] & T_MAP_START))
			top += 2;
		put_loop_end(q, top);
		put_start(q);
	}
	set_targets(q);
}

/* On in the other instruction set, by BX or BLX. */
static void change_set(struct seq *q)
{
	bool blx = d_one_in(q->r, 2);

	if (q->set == T_A32 && blx) {
		put_kept(q, 0xfaffffff);
	} else if (q->set == T_A32) {
		put_kept(q, 0xe28f0001 | q->tmp << 12);
		put_kept(q, 0xe12fff10 | q->tmp);
	} else {
		if (q->n & 2)
			put_kept(q, 0xbf00);
		if (blx) {
			put_kept(q, 0xf000e800);
		} else {
			put_kept(q, 0x4778);
			put_kept(q, 0xbf00);
		}
	}
	q->set = q->set == T_A32 ? T_T32 : T_A32;
}

static unsigned int other_register(const struct seq *q, unsigned int below)
{
	unsigned int n;

	do
		n = d_below(q->r, below);
	while (reserved(q, n));
	return n;
}

static void choose_registers(struct seq *q)
{
	q->base = q->idx = q->count = q->tmp = NONE;
	q->base = other_register(q, d_one_in(q->r, 2) ? 8 : 13);
	q->idx = other_register(q, d_one_in(q->r, 2) ? 8 : 13);
	q->count = other_register(q, 13);
	q->tmp = other_register(q, 13);
}

static void fill_state(struct seq *q, struct t_case *c)
{
	struct d_rand *r = q->r;
	unsigned int slack = d_one_in(r, 8) ? d_below(r, 8) : 0;

	memset(c, 0, sizeof(*c));
	t_rand_state(r, d_one_in(r, 4) ? 0 : 2 + d_below(r, 2), c);
	c->window = T_BASE + T_DATA + 0x800 + (d_one_in(r, 8) ? 0x780 : 0);
	q->aligned = !slack;
	c->r[q->base] = c->window + MIDDLE + slack;
	q->at_end = d_one_in(r, 24);
	if (q->at_end) {		/* some accesses fault */
		c->window = T_BASE + T_DATA + T_DATA_SIZE - T_MEM_SIZE;
		c->r[q->base] = c->window + T_MEM_SIZE - 8 + slack;
	}
	c->r[q->idx] = q->idx_value = d_below(r, 8);
	c->r[q->count] = 1 + d_below(r, 4);
}

void t_generate_sequence(struct d_rand *r, struct t_batch_buf *b, unsigned int slot, u64 features)
{
	struct seq q = {
		.r = r, .code = b->slots + slot * T_SEQ_SLOT, .map = b->map + slot * (T_SEQ_SLOT / 2),
		.features = features, .set = d_one_in(r, 2) ? T_A32 : T_T32,
	};
	const u8 *mix = mixtures[d_below(r, ARM_ARRAY_SIZE(mixtures))];
	unsigned int end = 16 + d_below(r, T_SEQ_SLOT - ROOM - 16), loop = d_below(r, 6);
	struct t_case *c = &b->cases[slot];

	for (unsigned int k = 0; k < T_SEQ_SLOT; k += 4)
		memcpy(q.code + k, &(u32){ T_FILLER }, 4);
	memset(q.map, 0, T_SEQ_SLOT / 2);
	choose_registers(&q);
	fill_state(&q, c);
	c->entry = T_BASE + T_SLOTS + slot * T_SEQ_SLOT;
	c->cpsr |= q.set == T_A32 ? 0 : 1u << 5;
	b->items[slot] = (struct t_item){ .row = T_SEQ_ROW };
	if (d_one_in(r, 3)) {
		put_part(&q, mix, end / 2, loop == 0);
		change_set(&q);
		if (q.n < end)
			put_part(&q, mix, end, loop == 1);
	} else {
		put_part(&q, mix, end, loop < 2);
	}
}
