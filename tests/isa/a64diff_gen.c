// SPDX-License-Identifier: GPL-2.0-only
/* Makes a case: a word of a row, a state, a slot. */
#include <string.h>

#include "tests/isa/a64diff_host.h"

#define MAX_TRIES 20000

/* System registers as op0..op2 in bits 20:5 of MRS and MSR; what EL0 may use, and what it may not. */
#define ENC(op0, op1, crn, crm, op2) \
	((u32)(op0) << 19 | (op1) << 16 | (crn) << 12 | (crm) << 8 | (op2) << 5)

static const u32 user_regs[] = {
	ENC(3, 3, 4, 2, 0),	/* NZCV */
	ENC(3, 3, 4, 4, 0),	/* FPCR */
	ENC(3, 3, 4, 4, 1),	/* FPSR */
	ENC(3, 3, 13, 0, 2),	/* TPIDR_EL0 */
	ENC(3, 3, 0, 0, 7),	/* DCZID_EL0 */
};

static const u32 kernel_regs[] = {
	ENC(3, 0, 1, 0, 0),	/* SCTLR_EL1 */
	ENC(3, 0, 4, 1, 0),	/* SP_EL0 */
	ENC(3, 0, 4, 0, 0),	/* SPSR_EL1 */
	ENC(3, 0, 4, 0, 1),	/* ELR_EL1 */
	ENC(3, 0, 4, 2, 0),	/* SPSel */
	ENC(3, 0, 12, 0, 0),	/* VBAR_EL1 */
	ENC(3, 0, 2, 0, 0),	/* TTBR0_EL1 */
	ENC(3, 3, 4, 2, 1),	/* DAIF */
	ENC(3, 4, 1, 1, 0),	/* HCR_EL2 */
	ENC(3, 6, 1, 1, 0),	/* SCR_EL3 */
};

static const u32 user_ops[] = {
	ENC(1, 3, 7, 4, 1),	/* DC ZVA, twice as often */
	ENC(1, 3, 7, 4, 1),
	ENC(1, 3, 7, 10, 1),	/* DC CVAC */
	ENC(1, 3, 7, 11, 1),	/* DC CVAU */
	ENC(1, 3, 7, 14, 1),	/* DC CIVAC */
	ENC(1, 3, 7, 5, 1),	/* IC IVAU */
};

static const u32 kernel_ops[] = {
	ENC(1, 0, 8, 7, 0),	/* TLBI VMALLE1 */
	ENC(1, 0, 7, 5, 0),	/* IC IALLU */
	ENC(1, 0, 7, 6, 1),	/* DC IVAC */
	ENC(1, 0, 7, 8, 0),	/* AT S1E1R */
	ENC(1, 4, 8, 7, 0),	/* TLBI ALLE2 */
};

static u32 pick_enc(struct d_rand *r, bool op)
{
	if (op)
		return d_one_in(r, 4) ? kernel_ops[d_below(r, ARM_ARRAY_SIZE(kernel_ops))] :
					user_ops[d_below(r, ARM_ARRAY_SIZE(user_ops))];
	return d_one_in(r, 4) ? kernel_regs[d_below(r, ARM_ARRAY_SIZE(kernel_regs))] :
				user_regs[d_below(r, ARM_ARRAY_SIZE(user_regs))];
}

/* Words whose free choice is the name of a system register or operation. */
static u32 system_word(struct d_rand *r, const struct d_row *row, u32 word)
{
	switch (row->op) {
	case A64_MRS:
	case A64_MSR_REG:
		return row->value | pick_enc(r, false) | (word & 31);
	case A64_SYS:
		return row->value | pick_enc(r, true) | (word & 31);
	default:
		return word;
	}
}

/* Let registers coincide more often than chance does. */
static u32 overlap(struct d_rand *r, u32 mask, u32 word)
{
	static const u8 at[] = { 0, 5, 10, 16 };
	u32 from = at[d_below(r, 4)], to = at[d_below(r, 4)], m = 31u << to & ~mask;

	return (word & ~m) | ((word >> from & 31) << to & m);
}

u32 d_rand_word(struct d_rand *r, const struct d_row *row)
{
	u32 word = row->value | ((u32)d_rand(r) & ~row->mask);

	if (d_one_in(r, 4))
		word = overlap(r, row->mask, word);
	return system_word(r, row, word);
}

/* The size of FP elements that the instruction probably works on; 0: not FP. */
static unsigned int fp_size(struct d_rand *r, const struct d_row *row, u32 word)
{
	bool fp = row->name[0] == 'F' || strstr(row->name, "CVTF");

	if (!fp)
		return 0;
	if (strstr(row->name, "FCVT") && d_one_in(r, 3))
		return 1 + d_below(r, 3);
	return (word >> 22 & 3) == 3 && (word >> 24 & 31) == 0x1e ? 1 : 2 + (word >> 22 & 1);
}

u32 d_exit_branch(unsigned int at, unsigned int w)
{
	s64 from = D_SLOTS + (s64)at * 4, to = D_CORE + (s64)w * D_EXIT_STRIDE;

	return 0x14000000 | ((u32)((to - from) / 4) & 0x3ffffff);
}

static void fill_slot(u32 *slot, unsigned int index, u32 prep, u32 word)
{
	for (unsigned int w = 0; w < D_SLOT_WORDS; w++)
		slot[w] = d_exit_branch(index * D_SLOT_WORDS + w, w);
	slot[D_SLOT_ENTRY] = D_MRS_X30_TPIDR;
	slot[D_SLOT_PREP] = prep;
	slot[D_SLOT_INSN] = word;
}

bool d_generate(struct d_rand *r, struct d_batch_buf *b, unsigned int slot, unsigned int row)
{
	const struct d_row *want = &d_rows[row];
	struct d_item *item = &b->items[slot];
	struct d_case *c = &b->cases[slot];
	struct a64_insn i;

	for (unsigned int try = 0; try < MAX_TRIES; try++) {
		u32 word = d_rand_word(r, want);

		if (a64_decode(word, D_FEATURES, &i) != want->op)
			continue;
		memset(c, 0, sizeof(*c));
		d_rand_state(r, c, fp_size(r, want, word));
		c->entry = D_BASE + D_SLOTS + (u64)slot * D_SLOT_WORDS * 4 + D_SLOT_ENTRY * 4;
		c->window = D_BASE + D_DATA + 0x800;
		*item = (struct d_item){ .row = (u16)row, .prep = D_NOP };
		if (!d_address(r, b, slot, &word, c, item))
			continue;
		item->word = word;
		fill_slot(b->slots + slot * D_SLOT_WORDS, slot, item->prep, word);
		return true;
	}
	return false;
}
