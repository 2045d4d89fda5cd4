// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clean-up of a finished block: one pass from the end finds what nobody reads
 * and which register writes nobody can see, a second one from the start closes
 * the gaps and renumbers.
 */
#include <string.h>

#include "emu/ir/ir_int.h"

struct opt {
	struct ir_block *b;
	/* registers that are written again before anything can look at them */
	u64 dead_xv;		/* bit: enum ir_reg below 64 */
	bool dead_f;
	u64 kept[IR_MAX_INSNS / 64];
	u16 uses[IR_MAX_INSNS];	/* here, not in insns: see struct ir_words */
};

static bool set_dead(struct opt *o, u64 bit)
{
	if (o->dead_xv & bit)
		return true;
	o->dead_xv |= bit;
	return false;
}

/* Must @t stay although nobody reads its result? */
static bool insn_effects(struct opt *o, const struct ir_insn *t, bool used)
{
	unsigned int flags = ir_ops[t->op].flags;
	bool dead;

	if (flags & (IR_F_MEM | IR_F_EXIT | IR_F_CALL)) {
		if (t->op != IR_CALL || !ir_helper_flags[t->imm]) {
			o->dead_xv = 0;
			o->dead_f = false;
		}
		return true;
	}
	switch (t->op) {
	case IR_SETX:
	case IR_SETV:
		return !set_dead(o, 1ULL << t->imm);
	case IR_SETF:
		dead = o->dead_f;
		o->dead_f = true;
		return !dead;
	case IR_GETX:
	case IR_GETV:
		if (used)
			o->dead_xv &= ~(1ULL << t->imm);
		return false;
	case IR_GETF:
		if (used)
			o->dead_f = false;
		return false;
	case IR_LDSYS:
	case IR_LDDAIF:
		return false;
	}
	return !(flags & IR_F_PURE);
}

static void mark(struct opt *o)
{
	const struct ir_block *b = o->b;

	for (unsigned int i = b->n; i-- > 0;) {
		const struct ir_insn *t = &b->insns[i];

		if (!insn_effects(o, t, o->uses[i]) && !o->uses[i])
			continue;
		o->kept[i / 64] |= 1ULL << i % 64;
		/* Only calls have holes among their arguments. */
		if (!t->arg[0] && t->op != IR_CALL)
			continue;
		o->uses[t->arg[0]]++;
		if (!t->arg[1] && t->op != IR_CALL)
			continue;
		o->uses[t->arg[1]]++;
		o->uses[t->arg[2]]++;
	}
	o->uses[0] = 0;	/* absent arguments */
}

static void compact(struct opt *o)
{
	struct ir_block *b = o->b;
	ir_ref map[IR_MAX_INSNS];
	unsigned int n = 0;
	struct ir_words k;

	map[0] = 0;
	for (unsigned int i = 0; i < b->n; i++) {
		if (!(o->kept[i / 64] >> i % 64 & 1))
			continue;
		k = ir_words(&b->insns[i]);
		k.args = ir_args(map[k.args & 0xffff], map[k.args >> 16 & 0xffff],
				 map[k.args >> 32 & 0xffff], o->uses[i]);
		ir_put_words(&b->insns[n], k.head, k.args, k.imm);
		map[i] = n++;
	}
	b->n = n;
}

void ir_optimise(struct ir_block *b)
{
	struct opt o;

	o.b = b;
	o.dead_xv = 0;
	o.dead_f = false;
	memset(o.kept, 0, (b->n + 63) / 64 * sizeof(o.kept[0]));
	memset(o.uses, 0, b->n * sizeof(o.uses[0]));
	mark(&o);
	compact(&o);
	b->optimised = true;
}
