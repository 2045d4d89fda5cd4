// SPDX-License-Identifier: GPL-2.0-only
/* The driver of A64 translation: which instructions make a block. */
#include "emu/front/front.h"

typedef bool tr_fn(struct front *f, const struct a64_insn *i);

static tr_fn *const tr_table[] = {
#define X(cls) [A64_CLASS_##cls] = tr_##cls,
A64_CLASSES(X)
#undef X
};

static void front_undefined(struct front *f, u32 word)
{
	ir_call(f->b, IR_HELPER_undefined, ir_const(f->b, word), IR_NONE, IR_NONE);
	front_leave_set(f);
}

static void translate_insn(struct front *f, u32 word)
{
	struct a64_insn i;

	ir_begin_insn(f->b, f->pc, word);
	if (f->b->mode & IR_MODE_IL) {
		ir_call(f->b, IR_HELPER_illegal_state, IR_NONE, IR_NONE, IR_NONE);
		front_leave_set(f);
	} else if (a64_decode(word, f->b->features, &i) == A64_UNDEFINED ||
		   !tr_table[i.cls](f, &i)) {
		front_undefined(f, word);
	}
}

void front_a64(struct ir_block *b, const u32 *code, unsigned int avail, unsigned int max)
{
	struct front f = { .b = b, .next = b->pc };
	u64 index;

	if (max > IR_MAX_GUEST)
		max = IR_MAX_GUEST;
	if (b->mode & IR_MODE_STEP)
		max = 1;
	f.avail = avail < max ? avail : max;
	do {
		f.pc = f.next;
		f.next = f.pc + 4;
		translate_insn(&f, code[(f.pc - b->pc) / 4]);
		if (f.done)
			return;
		index = (f.next - b->pc) / 4;
	} while (b->guest_insns < max && !b->full && index < f.avail);
	front_goto(&f, f.next);
}
