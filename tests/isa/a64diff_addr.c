// SPDX-License-Identifier: GPL-2.0-only
/* Where memory operands and branches point. */
#include "tests/isa/a64diff_host.h"

#define DATA (D_BASE + D_DATA)
#define DATA_END (D_BASE + D_DATA + D_DATA_SIZE)

static s64 sext(u32 v, unsigned int bits)
{
	return arm_sext(v, bits);
}

static u64 *reg(struct d_case *c, unsigned int n)
{
	return n == 31 ? &c->sp : &c->x[n];
}

/* ---- what each class accesses ---- */

static bool pair_class(const struct a64_insn *i, struct d_access *a, bool vector, bool post, bool wb)
{
	unsigned int scale = vector ? 4u << i->opc : (i->opc & 2 ? 8 : 4);

	a->disp = post ? 0 : sext(i->imm7, 7) * (s64)scale;
	a->size = 2 * scale;
	a->align = scale;
	a->unsure = (i->L && i->Rt == i->Rt2) ||
		    (!vector && wb && i->Rn != 31 && (i->Rn == i->Rt || i->Rn == i->Rt2));
	return true;
}

static bool imm9_class(const struct a64_insn *i, struct d_access *a, unsigned int size, bool post, bool wb_gpr)
{
	a->disp = post ? 0 : sext(i->imm9, 9);
	a->size = a->align = size;
	a->unsure = wb_gpr && i->Rn == i->Rt && i->Rn != 31;
	return true;
}

static bool uimm_class(const struct a64_insn *i, struct d_access *a, unsigned int log2)
{
	a->disp = (s64)i->imm12 << log2;
	a->size = a->align = 1u << log2;
	return true;
}

static bool register_class(const struct a64_insn *i, struct d_access *a, unsigned int log2)
{
	a->size = a->align = 1u << log2;
	a->rm = i->Rm;
	a->option = i->option_name;
	a->shift = i->S ? log2 : 0;
	return true;
}

static unsigned int vector_log2(const struct a64_insn *i)
{
	return i->opc & 2 ? 4 : i->size;
}

static bool structures(const struct a64_insn *i, struct d_access *a)
{
	static const u8 regs[16] = { [0] = 4, [2] = 4, [4] = 3, [6] = 3, [7] = 1, [8] = 2, [10] = 2 };

	a->size = regs[i->opcode] * (i->Q ? 16u : 8u);
	a->align = 1u << i->size;
	return true;
}

static bool element(const struct a64_insn *i, struct d_access *a)
{
	unsigned int count = 1 + (i->opcode & 1) * 2 + i->R;
	unsigned int log2 = i->opcode >> 1 == 3 ? i->size : i->opcode >> 1;

	if (i->opcode >> 1 == 2 && (i->size & 1))
		log2 = 3;
	a->align = 1u << log2;
	a->size = count << log2;
	return true;
}

static bool exclusive(const struct a64_insn *i, struct d_access *a, bool pair)
{
	a->align = a->size = pair ? 8u << i->sz : 1u << i->size;
	a->strict = true;
	if (i->L)
		a->unsure = pair && i->Rt == i->Rt2;
	else
		a->unsure = i->Rs == i->Rt || (i->Rs == i->Rn && i->Rn != 31) || (pair && i->Rs == i->Rt2);
	return true;
}

static bool atomic(struct d_access *a, unsigned int size)
{
	a->size = a->align = size;
	a->strict = true;
	return true;
}

bool d_access_of(const struct a64_insn *i, struct d_access *a)
{
	*a = (struct d_access){ .rn = i->Rn, .rm = 32 };
	switch (i->cls) {
	case A64_CLASS_ldp_no_alloc:
	case A64_CLASS_ldp_offset:
		return pair_class(i, a, false, false, false);
	case A64_CLASS_ldp_pre_idx:
		return pair_class(i, a, false, false, true);
	case A64_CLASS_ldp_post_idx:
		return pair_class(i, a, false, true, true);
	case A64_CLASS_ldpv_no_alloc:
	case A64_CLASS_ldpv_offset:
	case A64_CLASS_ldpv_pre_idx:
		return pair_class(i, a, true, false, false);
	case A64_CLASS_ldpv_post_idx:
		return pair_class(i, a, true, true, false);
	case A64_CLASS_ldst_imm9:
	case A64_CLASS_ldst_unpriv:
		return imm9_class(i, a, 1u << i->size, false, false);
	case A64_CLASS_ldst_post:
		return imm9_class(i, a, 1u << i->size, true, true);
	case A64_CLASS_ldst_pre:
		return imm9_class(i, a, 1u << i->size, false, true);
	case A64_CLASS_ldstv_imm9:
	case A64_CLASS_ldstv_pre:
		return imm9_class(i, a, 1u << vector_log2(i), false, false);
	case A64_CLASS_ldstv_post:
		return imm9_class(i, a, 1u << vector_log2(i), true, false);
	case A64_CLASS_ldst_uimm:
		return uimm_class(i, a, i->size);
	case A64_CLASS_ldstv_uimm:
		return uimm_class(i, a, vector_log2(i));
	case A64_CLASS_ldst_register:
	case A64_CLASS_ldst_range:
		return register_class(i, a, i->size);
	case A64_CLASS_ldstv_register:
		return register_class(i, a, vector_log2(i));
	case A64_CLASS_ldvec_multiple_no_wb:
	case A64_CLASS_ldvec_multiple_post_inc:
		return structures(i, a);
	case A64_CLASS_ldvec_single_no_wb:
	case A64_CLASS_ldvec_single_post_inc:
		return element(i, a);
	case A64_CLASS_exclusive_single:
		return exclusive(i, a, false);
	case A64_CLASS_exclusive_pair:
		return exclusive(i, a, true);
	case A64_CLASS_atomic_cas_pair:
		return atomic(a, 8u << i->sz);
	case A64_CLASS_atomic_cas_single:
	case A64_CLASS_atomic_ld:
	case A64_CLASS_atomic_swp:
	case A64_CLASS_ordered:
		return atomic(a, 1u << i->size);
	default:
		return false;
	}
}

/* ---- choosing an address ---- */

u64 d_window(struct d_rand *r)
{
	switch (d_below(r, 8)) {
	case 0:
		return DATA + 0x1000 - 64;		/* over the end of a page */
	case 1:
		return DATA + 0x2000 - 64;
	case 2:
		return DATA_END - D_MEM_SIZE;		/* at the end of memory */
	case 3:
		return DATA;
	default:
		return DATA + 64 * (4 + d_below(r, 40));
	}
}

/* Nothing is there, and no address near it is a host address of the oracle. */
static u64 nowhere(struct d_rand *r, unsigned int size)
{
	switch (d_below(r, 3)) {
	case 0:
		return DATA_END + d_below(r, 0x800);
	case 1:
		return DATA - size - d_below(r, 0x800);
	default:
		return d_rand(r) | 1ull << 52;
	}
}

static u64 pick_address(struct d_rand *r, u64 window, unsigned int size, unsigned int align, bool strict)
{
	u64 va = window + d_below(r, D_MEM_SIZE - size + 1);

	if (window == DATA_END - D_MEM_SIZE && d_one_in(r, 3))
		va = DATA_END - d_below(r, size);
	else if (window == DATA && d_one_in(r, 4))
		va = DATA - d_below(r, size);
	else if (d_one_in(r, 24))
		va = nowhere(r, size);
	if (align > 1 && (strict ? !d_one_in(r, 8) : d_one_in(r, 2)))
		va &= ~(u64)(align - 1);
	if (d_one_in(r, 16))
		va = (va & ~(0xffull << 56)) | d_rand(r) << 56;		/* TBI */
	return va;
}

static u64 extend(u64 v, unsigned int option)
{
	switch (option) {
	case 2:
		return (u32)v;
	case 6:
		return (u64)(s64)(s32)v;
	default:
		return v;
	}
}

/* x with x * odd = v. */
static u64 divide(u64 v, u64 odd)
{
	u64 inverse = odd;

	for (unsigned int i = 0; i < 6; i++)
		inverse *= 2 - odd * inverse;
	return v * inverse;
}

/* Set Xn so that Xn + (extended Xn << shift) = va; only when there is such a value. */
static bool solve_same(struct d_case *c, unsigned int n, unsigned int option, unsigned int shift, u64 va)
{
	u64 *x = reg(c, n);

	if (shift)
		*x = divide(va, (1ull << shift) + 1);
	else
		*x = va / 2;
	if (option == 2 || option == 6)
		*x = va - (extend(*x, option) << shift);
	return *x + (extend(*x, option) << shift) == va;
}

static bool set_base(struct d_case *c, const struct d_access *a, u64 va)
{
	u64 off = (u64)a->disp;

	if (a->rm == a->rn && a->rn != 31)
		return solve_same(c, a->rn, a->option, a->shift, va - off);
	if (a->rm < 31)
		off += extend(c->x[a->rm], a->option) << a->shift;
	*reg(c, a->rn) = va - off;
	return true;
}

u32 d_exclusive_load(struct d_rand *r, const struct a64_insn *i)
{
	bool pair = i->cls == A64_CLASS_exclusive_pair;
	unsigned int t[2];

	for (unsigned int k = 0; k < 2; k++)
		do
			t[k] = d_below(r, 31);
		while (t[k] == i->Rn || t[k] == i->Rt || t[k] == i->Rs || (pair && t[k] == i->Rt2) ||
		       (k && t[1] == t[0]));
	if (pair)
		return 0x887f0000 | (u32)i->sz << 30 | t[1] << 10 | (u32)i->Rn << 5 | t[0];
	return 0x085f7c00 | (u32)i->size << 30 | (u32)i->Rn << 5 | t[0];
}

static bool address_memory(struct d_rand *r, const struct a64_insn *i, const struct d_access *a,
			   struct d_case *c, struct d_item *item)
{
	if (a->unsure)
		return false;
	c->window = d_window(r);
	if (!set_base(c, a, pick_address(r, c->window, a->size, a->align, a->strict)))
		return false;
	/* Before a store exclusive: mostly, load exclusively from there. */
	if ((i->cls == A64_CLASS_exclusive_single || i->cls == A64_CLASS_exclusive_pair) && !i->L &&
	    !d_one_in(r, 8))
		item->prep = d_exclusive_load(r, i);
	return true;
}

/* DC, IC: any byte of the line or block. */
static bool address_line(struct d_rand *r, const struct a64_insn *i, struct d_case *c)
{
	u64 va;

	c->window = d_window(r) & ~127ull;
	va = c->window + d_below(r, D_MEM_SIZE);
	if (d_one_in(r, 16))
		va = nowhere(r, 64);
	if (i->Rt != 31)
		c->x[i->Rt] = va;
	return true;
}

/* ---- branches and literals ---- */

static bool exit_word(unsigned int w)
{
	return w != D_SLOT_ENTRY && w != D_SLOT_PREP && w != D_SLOT_INSN;
}

/* Word number, from the first slot, of a landing place within +-@reach words of @slot's instruction. */
static s64 pick_landing(struct d_rand *r, unsigned int nslots, unsigned int slot, unsigned int reach)
{
	s64 span = reach / D_SLOT_WORDS - 1, s = slot;
	unsigned int w;

	if (!d_one_in(r, 3)) {
		s += (s64)d_below(r, (unsigned int)(2 * span)) - span;
		if (s < 0 || s >= (s64)nslots)
			s = slot;
	}
	do
		w = d_below(r, D_SLOT_WORDS);
	while (!exit_word(w));
	return s * D_SLOT_WORDS + w;
}

static bool branch_imm(struct d_rand *r, const struct d_batch_buf *b, unsigned int slot, u32 *word,
		       unsigned int lsb, unsigned int width)
{
	s64 here = (s64)slot * D_SLOT_WORDS + D_SLOT_INSN;
	unsigned int reach = width > 20 ? 1u << 19 : 1u << (width - 1);
	u32 mask = ((1u << width) - 1) << lsb;
	s64 diff = pick_landing(r, b->n, slot, reach) - here;

	*word = (*word & ~mask) | ((u32)diff << lsb & mask);
	return true;
}

static bool branch_reg(struct d_rand *r, const struct d_batch_buf *b, unsigned int slot,
		       const struct a64_insn *i, struct d_case *c)
{
	u64 to = D_BASE + D_SLOTS + (u64)pick_landing(r, b->n, slot, 1u << 19) * 4;

	if (d_one_in(r, 16))
		to += 1 + d_below(r, 3);		/* PC alignment fault */
	else if (d_one_in(r, 16))
		to = DATA_END + 4 * d_below(r, 64);	/* nothing there */
	if (d_one_in(r, 16))
		to |= d_rand(r) << 56;			/* TBI */
	if (i->Rn != 31)
		c->x[i->Rn] = to;
	return true;
}

/* A literal is a word of some slot; two more follow it in any case. */
static bool literal(struct d_rand *r, const struct d_batch_buf *b, unsigned int slot, u32 *word)
{
	s64 here = (s64)slot * D_SLOT_WORDS + D_SLOT_INSN;
	s64 to = d_below(r, (b->n - 1) * D_SLOT_WORDS);

	if (b->n < 2)
		return false;
	*word = (*word & ~(0x7ffffu << 5)) | ((u32)(to - here) & 0x7ffff) << 5;
	return true;
}

bool d_address(struct d_rand *r, const struct d_batch_buf *b, unsigned int slot, u32 *word,
	       struct d_case *c, struct d_item *item)
{
	struct a64_insn i;
	struct d_access a;

	a64_decode(*word, D_FEATURES, &i);
	if (d_access_of(&i, &a))
		return address_memory(r, &i, &a, c, item);
	switch (i.cls) {
	case A64_CLASS_b_imm:
		return branch_imm(r, b, slot, word, 0, 26);
	case A64_CLASS_b_cond:
		return branch_imm(r, b, slot, word, 5, 19);
	case A64_CLASS_cbz:
		if (i.Rt != 31 && d_one_in(r, 3))
			c->x[i.Rt] = d_one_in(r, 2) ? 0 : d_rand(r) << 32;
		return branch_imm(r, b, slot, word, 5, 19);
	case A64_CLASS_tbz:
		return branch_imm(r, b, slot, word, 5, 14);
	case A64_CLASS_b_reg:
		return branch_reg(r, b, slot, &i, c);
	case A64_CLASS_ldr_lit:
	case A64_CLASS_ldrv_lit:
		return literal(r, b, slot, word);
	case A64_CLASS_sys:
		return address_line(r, &i, c);
	default:
		return true;
	}
}
