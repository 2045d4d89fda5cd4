// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is known of a block before its code is made: how long each value is
 * needed, and which guest registers the block wants to find in host registers.
 */
#include "emu/x64/alloc.h"

/* ---- liveness ---- */

struct live {
	u16 expose[IR_REG_COUNT];	/* last exposure before the next write of the register */
	u64 none_x;			/* registers without one so far */
	bool none_f;
};

static void live_expose(struct live *l, unsigned int pos)
{
	for (u64 m = l->none_x; m; m &= m - 1)
		l->expose[__builtin_ctzll(m)] = pos;
	l->none_x = 0;
	if (l->none_f)
		l->expose[IR_REG_NZCV] = pos;
	l->none_f = false;
}

static bool exposes(const struct ir_insn *in)
{
	u8 f = ir_ops[in->op].flags;

	return f & (IR_F_MEM | IR_F_EXIT | IR_F_CALL);
}

static void live_set(struct jit_ctx *c, struct live *l, const struct ir_insn *in)
{
	unsigned int g = in->imm;
	bool none;

	if (in->op == IR_SETF) {
		g = IR_REG_NZCV;
		none = l->none_f;
		l->none_f = true;
	} else {
		none = l->none_x >> g & 1;
		l->none_x |= 1ull << g;
	}
	if (!none && c->val[in->arg[0]].last < l->expose[g])
		c->val[in->arg[0]].last = l->expose[g];
}

void jit_liveness(struct jit_ctx *c)
{
	const struct ir_block *b = c->b;
	struct live l = { .none_x = 0, .none_f = false };

	for (unsigned int i = 0; i < b->n; i++)
		c->val[i] = (struct jit_val){ .reg = X64_NOREG, .home = 0xff, .slot = -1, .next = JIT_NEVER };
	l.none_x = ~0ull;
	l.none_f = true;
	for (unsigned int i = b->n; i-- > 0;) {
		const struct ir_insn *in = &b->insns[i];

		if (in->op == IR_SETX || in->op == IR_SETV || in->op == IR_SETF)
			live_set(c, &l, in);
		if (exposes(in))
			live_expose(&l, i);
		for (unsigned int k = 0; k < ir_ops[in->op].nargs; k++) {
			ir_ref a = in->arg[k];

			c->next[i][k] = c->val[a].next;
			if (a != IR_NONE && c->val[a].last < i)
				c->val[a].last = i;
		}
		for (unsigned int k = 0; k < ir_ops[in->op].nargs; k++)
			c->val[in->arg[k]].next = i;
	}
}

/* ---- the contract ---- */

static const struct jit_loc *hint_loc(const struct jit_rec *hint, unsigned int greg)
{
	for (unsigned int i = 0; hint && i < hint->nlocs; i++)
		if (hint->loc[i].greg == greg)
			return &hint->loc[i];
	return NULL;
}

static void contract_add(struct jit_ctx *c, unsigned int greg, u32 *free, u64 written)
{
	struct jit_block *blk = c->blk;
	u32 mask = (greg < IR_REG_V0 ? JIT_GPRS : JIT_XMMS) & *free;
	const struct jit_loc *l = hint_loc(c->hint, greg);
	unsigned int host;

	if (!mask || blk->ncontract == JIT_MAX_CONTRACT)
		return;
	host = l && (mask >> l->host & 1) ? l->host : (unsigned int)__builtin_ctz(mask);
	*free &= ~(1u << host);
	blk->contract[blk->ncontract++] = (struct jit_loc){
		.greg = greg, .host = host, .dirty = (l && l->dirty) || (written >> greg & 1),
	};
}

/*
 * Which guest registers the block expects where: those that it reads, in the
 * hosts that the first predecessor has them in; then, as far as registers
 * reach, those that the predecessor holds, so that they survive the passage.
 * What the block writes and a loop brings back may be dirty.
 */
static void contract_make(struct jit_ctx *c)
{
	const struct ir_block *b = c->b;
	u32 free = JIT_GPRS | JIT_XMMS;
	u64 read = 0, written = 0;
	bool loop = false;
	unsigned int nx = 0, nv = 0;

	for (unsigned int i = 1; i < b->n; i++) {
		const struct ir_insn *in = &b->insns[i];

		if ((ir_ops[in->op].flags & IR_F_EXIT) && in->op != IR_GOTOR && in->imm == b->pc)
			loop = true;
		else if (in->op == IR_SETX || in->op == IR_SETV)
			written |= 1ull << in->imm;
	}
	if (!loop)
		written = 0;
	for (unsigned int i = 1; i < b->n; i++) {
		const struct ir_insn *in = &b->insns[i];

		if (in->op == IR_CALL && !loop)
			break;
		if ((in->op == IR_GETX && nx < 8) || (in->op == IR_GETV && nv < 10)) {
			if (read >> in->imm & 1)
				continue;
			read |= 1ull << in->imm;
			nx += in->op == IR_GETX;
			nv += in->op == IR_GETV;
			contract_add(c, in->imm, &free, written);
		}
	}
	for (unsigned int i = 0; c->hint && i < c->hint->nlocs; i++) {
		unsigned int g = c->hint->loc[i].greg;

		if ((read >> g & 1) || (g < IR_REG_V0 ? nx++ >= 7 : nv++ >= 8))
			continue;
		read |= 1ull << g;
		contract_add(c, g, &free, 0);
	}
	for (unsigned int g = 0; loop && g < 64; g++)
		if ((written >> g & 1) && !(read >> g & 1) && (g < 32 ? nx++ < 8 : nv++ < 8))
			contract_add(c, g, &free, written);
}

/*
 * Each register of the contract holds a value that no operation has made: the
 * index of an INSN or SET near the start would do, but a name of its own is
 * needed.  Those are taken from the top of val[], which blocks never reach.
 */
static void entry_values(struct jit_ctx *c)
{
	for (unsigned int i = 0; i < c->blk->ncontract; i++) {
		const struct jit_loc *l = &c->blk->contract[i];
		ir_ref r = IR_MAX_INSNS - 1 - i;

		c->val[r] = (struct jit_val){ .reg = X64_NOREG, .home = 0xff, .slot = -1, .next = JIT_NEVER };
		/* needed until read or overwritten: dirty ones always, see evict() */
		c->val[r].last = 0;
		for (unsigned int k = 1; k < c->b->n; k++) {
			const struct ir_insn *in = &c->b->insns[k];

			if ((in->op == IR_GETX || in->op == IR_GETV) && in->imm == l->greg) {
				c->val[r].next = k;
				c->val[r].last = k;
				break;
			}
		}
		jit_reg_take(c, l->host, r);
		c->greg[l->greg] = r;
		c->gregs[l->host] = 1ull << l->greg;
		if (l->dirty)
			c->dirty_x |= 1ull << l->greg;
		else
			c->val[r].home = l->greg;
	}
	c->locked = 0;
}

bool jit_flags_dead(const struct ir_block *b)
{
	for (unsigned int i = 1; i < b->n; i++) {
		const struct ir_insn *in = &b->insns[i];

		if (in->op == IR_SETF)
			return true;
		if (in->op == IR_GETF || exposes(in))
			return false;
	}
	return false;
}

void jit_contract(struct jit_ctx *c)
{
	contract_make(c);
	entry_values(c);
}
