// SPDX-License-Identifier: GPL-2.0-only
/*
 * Register allocation, in one pass with emission.  A pass from the end first
 * tells for each value when it is read next and how long it is needed: as an
 * argument, or as the content of a guest register at a point that can leave
 * the block (memory access, exit, call).  The pass forward then keeps values
 * in registers, and when none is free evicts the one whose next use is
 * farthest; a guest register's value is spilled to its home in struct
 * arm_state, anything else to a slot on the stack.
 *
 * Invariant: a guest register marked dirty has its value in a host register
 * (or, for NZCV, in the host flags): records can name it.
 */
#include "emu/x64/alloc.h"

/* sp follows x[] in struct arm_state: IR_REG_SP is the 32nd of them. */
_Static_assert(offsetof(struct arm_state, sp) == offsetof(struct arm_state, x) + 31 * 8, "x, sp");

static struct x64_mem slot_mem(int slot)
{
	return x64_at(RSP, slot * 16);
}

static int slot_take(struct jit_ctx *c)
{
	int s;

	if (!~c->slots) {
		c->fail = true;
		return 0;
	}
	s = __builtin_ctzll(~c->slots);
	c->slots |= 1ull << s;
	return s;
}

void jit_slot_drop(struct jit_ctx *c, struct jit_val *v)
{
	if (v->slot >= 0)
		c->slots &= ~(1ull << v->slot);
	v->slot = -1;
}

void jit_reg_drop(struct jit_ctx *c, unsigned int host)
{
	ir_ref r = c->holder[host];

	if (r != IR_NONE)
		c->val[r].reg = X64_NOREG;
	c->holder[host] = IR_NONE;
	c->used &= ~(1u << host);
}

void jit_reg_take(struct jit_ctx *c, unsigned int host, ir_ref r)
{
	c->holder[host] = r;
	c->gregs[host] = 0;
	c->val[r].reg = host;
	c->used |= 1u << host;
	c->locked |= 1u << host;
}

static bool needed(const struct jit_ctx *c, ir_ref r)
{
	return c->val[r].last >= c->pos + c->args_done;
}

static bool is_const(const struct jit_ctx *c, ir_ref r)
{
	return c->b->insns[r].op == IR_CONST;
}

/* Guest registers that hold @r now, as a mask of 0..63; for a value in a register c->gregs[] knows. */
static u64 find_gregs(const struct jit_ctx *c, ir_ref r)
{
	u64 m = 0;

	for (unsigned int g = 0; g < 64; g++)
		if (c->greg[g] == r)
			m |= 1ull << g;
	return m;
}

/* Write the guest registers in @dirty that @host holds home. */
static void write_home(struct jit_ctx *c, unsigned int host, u64 dirty)
{
	ir_ref r = c->holder[host];

	while (dirty) {
		unsigned int g = __builtin_ctzll(dirty);

		dirty &= dirty - 1;
		jit_emit_store(&c->e, jit_home(g), host);
		c->dirty_x &= ~(1ull << g);
		c->val[r].home = g;
	}
}

/* Make @host free: its value goes home, to a slot, or is dropped. */
static void evict(struct jit_ctx *c, unsigned int host)
{
	ir_ref r = c->holder[host];
	struct jit_val *v;

	if (r == IR_NONE) {
		c->used &= ~(1u << host);
		return;
	}
	v = &c->val[r];
	write_home(c, host, c->gregs[host] & c->dirty_x);
	if (needed(c, r) && v->home == 0xff && v->slot < 0 && !is_const(c, r)) {
		v->slot = slot_take(c);
		jit_emit_store(&c->e, slot_mem(v->slot), host);
	}
	/* greg[] keeps naming r: its memory is up to date, a reader reloads it. */
	jit_reg_drop(c, host);
}

/* How gladly a register is given up: the larger the better. */
static unsigned int evict_score(const struct jit_ctx *c, unsigned int host)
{
	ir_ref r = c->holder[host];
	const struct jit_val *v = &c->val[r];
	unsigned int score;
	bool store;

	if (v->last < c->pos)
		score = 3 * JIT_NEVER;
	else if (v->next == JIT_NEVER)
		score = 2 * JIT_NEVER;
	else
		return v->next;
	store = c->gregs[host] & c->dirty_x;
	return score + (store ? 0 : JIT_NEVER / 2);
}

static unsigned int reg_alloc(struct jit_ctx *c, u32 mask)
{
	u32 can = mask & ~c->used;
	unsigned int best = X64_NOREG, best_score = 0;

	if (can)
		return __builtin_ctz(can);
	for (u32 m = mask & ~c->locked; m; m &= m - 1) {
		unsigned int h = __builtin_ctz(m), score = evict_score(c, h);

		if (best == X64_NOREG || score > best_score) {
			best = h;
			best_score = score;
		}
	}
	if (best == X64_NOREG) {	/* an operation locks too many: cannot be */
		c->fail = true;
		return __builtin_ctz(mask);
	}
	evict(c, best);
	return best;
}

/* Where @r would like to live: the register that the block's own contract gives its guest register. */
static unsigned int reg_prefer(struct jit_ctx *c, ir_ref r, u32 mask)
{
	const struct ir_insn *n = &c->b->insns[r + 1];

	/* A result that is at once written to a guest register: where that one lives at the entry. */
	for (unsigned int k = 0; k < 2 && r + 1 + k < c->b->n; k++, n++) {
		if ((n->op != IR_SETX && n->op != IR_SETV) || n->arg[0] != r)
			continue;
		for (unsigned int i = 0; i < c->blk->ncontract; i++) {
			unsigned int h = c->blk->contract[i].host;

			if (c->blk->contract[i].greg == n->imm && (mask & ~c->used & 1u << h))
				return h;
		}
	}
	return reg_alloc(c, mask);
}

void jit_use_note(struct jit_ctx *c, ir_ref r)
{
	const struct ir_insn *in = &c->b->insns[c->pos];

	for (unsigned int k = 0; k < 3; k++)
		if (in->arg[k] == r)
			c->val[r].next = c->next[c->pos][k];
}

static unsigned int use(struct jit_ctx *c, ir_ref r, u32 mask)
{
	struct jit_val *v = &c->val[r];
	unsigned int host = v->reg;

	if (host == X64_NOREG) {
		host = reg_alloc(c, mask);
		jit_reg_take(c, host, r);
		c->gregs[host] = find_gregs(c, r);
		if (is_const(c, r))
			x64_mov_imm(&c->e, host, c->b->insns[r].imm);
		else if (v->slot >= 0)
			jit_emit_load(&c->e, host, slot_mem(v->slot));
		else if (v->home != 0xff)
			jit_emit_load(&c->e, host, jit_home(v->home));
		else
			c->fail = true;
	}
	c->locked |= 1u << host;
	jit_use_note(c, r);
	return host;
}

unsigned int jit_use(struct jit_ctx *c, ir_ref r)
{
	return use(c, r, JIT_GPRS);
}

unsigned int jit_use_v(struct jit_ctx *c, ir_ref r)
{
	return use(c, r, JIT_XMMS) - JIT_XMM;
}

static unsigned int def(struct jit_ctx *c, ir_ref r, u32 mask)
{
	unsigned int host = reg_prefer(c, r, mask);

	jit_reg_take(c, host, r);
	return host;
}

unsigned int jit_def(struct jit_ctx *c, ir_ref r)
{
	return def(c, r, JIT_GPRS);
}

unsigned int jit_def_v(struct jit_ctx *c, ir_ref r)
{
	return def(c, r, JIT_XMMS) - JIT_XMM;
}

bool jit_dies(const struct jit_ctx *c, ir_ref r)
{
	return c->val[r].last <= c->pos;
}

/*
 * The source's register for the result, when nothing needs the source any
 * more.  A clean guest register may lose its register, a dirty one that is
 * still current may not.
 */
bool jit_takes_over(const struct jit_ctx *c, ir_ref src)
{
	unsigned int host = c->val[src].reg;

	return host != X64_NOREG && jit_dies(c, src) && !(c->gregs[host] & c->dirty_x);
}

static bool steal(struct jit_ctx *c, ir_ref r, ir_ref src)
{
	unsigned int host = c->val[src].reg;

	if (!jit_takes_over(c, src))
		return false;
	jit_reg_drop(c, host);
	jit_reg_take(c, host, r);
	return true;
}

unsigned int jit_def_copy(struct jit_ctx *c, ir_ref r, ir_ref src)
{
	unsigned int s, d;
	u64 imm;

	if (c->val[src].reg == X64_NOREG && jit_const(c, src, &imm)) {
		jit_use_note(c, src);
		d = jit_def(c, r);
		x64_mov_imm(&c->e, d, imm);
		return d;
	}
	s = jit_use(c, src);
	if (steal(c, r, src))
		return s;
	d = jit_def(c, r);
	x64_mov(&c->e, true, d, s);
	return d;
}

unsigned int jit_def_copy_v(struct jit_ctx *c, ir_ref r, ir_ref src)
{
	unsigned int s = jit_use_v(c, src), d;

	if (steal(c, r, src))
		return s;
	d = jit_def_v(c, r);
	x64_movaps(&c->e, d, s);
	return d;
}

unsigned int jit_temp(struct jit_ctx *c)
{
	unsigned int h = reg_alloc(c, JIT_GPRS);

	c->locked |= 1u << h;
	c->used |= 1u << h;	/* freed in op_done(): no holder */
	return h;
}

unsigned int jit_temp_v(struct jit_ctx *c)
{
	unsigned int h = reg_alloc(c, JIT_XMMS);

	c->locked |= 1u << h;
	c->used |= 1u << h;
	return h - JIT_XMM;
}

bool jit_const(const struct jit_ctx *c, ir_ref r, u64 *v)
{
	if (!is_const(c, r))
		return false;
	*v = c->b->insns[r].imm;
	return true;
}

bool jit_imm32(const struct jit_ctx *c, ir_ref r, unsigned int w, s32 *imm)
{
	u64 v;

	if (!jit_const(c, r, &v))
		return false;
	if (w == 32)
		v = (u64)(s64)(s32)v;
	*imm = (s32)v;
	return (s64)v == (s32)v;
}

/* ---- flags ---- */

/* Save the flags value in the host flags to where it can be found again. */
static void flags_save(struct jit_ctx *c)
{
	struct jit_val *v = &c->val[c->eflags];
	bool current = c->nzcv == c->eflags && c->nzcv_dirty;

	c->eflags_kind = jit_emit_flags_image(c, c->eflags_kind);
	if (current) {
		x64_rm(&c->e, X_66 | 0x89, false, RAX, JIT_VCPU(flags));
		c->nzcv_dirty = false;
		v->home = IR_REG_NZCV;
	} else {
		v->slot = slot_take(c);
		x64_store(&c->e, false, slot_mem(v->slot), RAX);
	}
}

void jit_flags_clobber(struct jit_ctx *c)
{
	ir_ref f = c->eflags;

	if (f != IR_NONE) {
		if (needed(c, f) && c->val[f].home == 0xff && c->val[f].slot < 0)
			flags_save(c);
		else if (c->nzcv == f && c->nzcv_dirty && c->val[f].home == 0xff) {
			/* not looked at before it is overwritten */
			c->nzcv_dirty = false;
			c->nzcv = IR_NONE;
		}
	}
	c->eflags = IR_NONE;
	c->zn_of = IR_NONE;
}

enum jit_flags jit_flags_load(struct jit_ctx *c, ir_ref r)
{
	if (c->eflags == r)
		return c->eflags_kind;
	jit_flags_clobber(c);
	jit_flags_to_ax(c, r);
	jit_emit_flags_from_ax(&c->e);
	c->eflags = r;
	c->eflags_kind = JIT_FLAGS_ADD;
	return JIT_FLAGS_ADD;
}

enum jit_flags jit_flags_take(struct jit_ctx *c, ir_ref r)
{
	bool may_abort = ir_ops[c->b->insns[c->pos].op].flags & IR_F_MEM;
	enum jit_flags kind;

	jit_flags_load(c, r);
	/* A last use here is no reason to save it, unless it is NZCV and an abort of this access would show it. */
	c->args_done = !(may_abort && c->nzcv == r && c->nzcv_dirty);
	kind = c->eflags_kind;
	if (needed(c, r) && c->val[r].home == 0xff && c->val[r].slot < 0) {
		flags_save(c);
		kind = c->eflags_kind;
	}
	jit_flags_clobber(c);
	c->args_done = false;
	return kind;
}

void jit_flags_to_ax(struct jit_ctx *c, ir_ref r)
{
	if (c->eflags == r)
		c->eflags_kind = jit_emit_flags_image(c, c->eflags_kind);
	else if (c->val[r].slot >= 0)
		x64_load(&c->e, false, RAX, slot_mem(c->val[r].slot));
	else
		x64_rm(&c->e, X_0F | 0xb7, false, RAX, JIT_VCPU(flags));
}

void jit_flags_def(struct jit_ctx *c, ir_ref r, enum jit_flags kind)
{
	c->eflags = r;
	c->eflags_kind = kind;
	c->zn_of = IR_NONE;
}

/* ---- guest registers ---- */

/* An old value of @g whose only copy is in memory must move before memory changes. */
static void rescue_old(struct jit_ctx *c, unsigned int g, ir_ref old)
{
	struct jit_val *v = &c->val[old];

	if (v->home != g)
		return;
	v->home = 0xff;
	if (v->last <= c->pos || v->reg != X64_NOREG || v->slot >= 0)
		return;
	v->slot = slot_take(c);
	if (g < IR_REG_V0) {
		x64_load(&c->e, true, RAX, jit_home(g));
		x64_store(&c->e, true, slot_mem(v->slot), RAX);
	} else {
		x64_vload(&c->e, VS0, jit_home(g));
		x64_vstore(&c->e, slot_mem(v->slot), VS0);
	}
}

void jit_lower_set(struct jit_ctx *c, const struct ir_insn *in, u32 mask)
{
	unsigned int g = in->imm;
	ir_ref r = in->arg[0], old = c->greg[g];
	unsigned int host;

	if (old == r)
		return;
	host = use(c, r, mask);
	if (old != IR_NONE) {
		rescue_old(c, g, old);
		if (c->val[old].reg != X64_NOREG)
			c->gregs[c->val[old].reg] &= ~(1ull << g);
	}
	c->greg[g] = r;
	c->gregs[host] |= 1ull << g;
	c->dirty_x |= 1ull << g;
}

void jit_lower_get(struct jit_ctx *c, ir_ref r, unsigned int g, u32 mask)
{
	ir_ref old = c->greg[g];
	unsigned int host;

	if (old != IR_NONE && c->val[old].reg != X64_NOREG) {
		/* In a register since the entry, under a name of its own (see entry_values()). */
		host = c->val[old].reg;
		c->holder[host] = IR_NONE;
		c->val[old].reg = X64_NOREG;
		jit_reg_take(c, host, r);
	} else {
		host = reg_alloc(c, mask);
		jit_reg_take(c, host, r);
		jit_emit_load(&c->e, host, jit_home(g));
	}
	if (!(c->dirty_x >> g & 1))
		c->val[r].home = g;
	c->greg[g] = r;
	c->gregs[host] = 1ull << g;
}

/* A flags value whose only copy is vcpu->flags moves to a slot before that changes. */
static void rescue_flags(struct jit_ctx *c, ir_ref f)
{
	struct jit_val *v = &c->val[f];

	if (v->home != IR_REG_NZCV)
		return;
	v->home = 0xff;
	if (v->last <= c->pos || c->eflags == f || v->slot >= 0)
		return;
	v->slot = slot_take(c);
	x64_rm(&c->e, X_0F | 0xb7, false, RAX, JIT_VCPU(flags));	/* no wider than flags_save() stored */
	x64_store(&c->e, false, slot_mem(v->slot), RAX);
}

void jit_lower_setf(struct jit_ctx *c, const struct ir_insn *in)
{
	ir_ref r = in->arg[0], old = c->nzcv;
	struct jit_val *v = &c->val[r];

	jit_use_note(c, r);
	if (old == r)
		return;
	if (old != IR_NONE)
		rescue_flags(c, old);
	c->nzcv = r;
	c->nzcv_dirty = true;
	if (c->eflags != r) {	/* in a slot: an exit could not find it there */
		x64_load(&c->e, false, RAX, slot_mem(v->slot));
		x64_rm(&c->e, X_66 | 0x89, false, RAX, JIT_VCPU(flags));
		v->home = IR_REG_NZCV;
		c->nzcv_dirty = false;
	}
}

void jit_sync(struct jit_ctx *c)
{
	if (c->nzcv != IR_NONE && c->nzcv_dirty && c->eflags == c->nzcv)
		flags_save(c);
	for (u64 m = c->dirty_x; m; m &= m - 1) {
		unsigned int g = __builtin_ctzll(m);

		write_home(c, c->val[c->greg[g]].reg, 1ull << g);
	}
}

/*
 * A C call, in three steps: jit_call_prepare(), or nothing when C does not
 * look at guest registers; arguments by jit_arg(); jit_call_clobber().
 */
void jit_call_prepare(struct jit_ctx *c)
{
	jit_sync(c);
	jit_flags_clobber(c);
	/* The callee may write the homes: values that live on need a slot of their own. */
	for (unsigned int g = 0; g < 64; g++) {
		ir_ref r = c->greg[g];

		if (r != IR_NONE && c->val[r].last > c->pos && c->val[r].home == g && !is_const(c, r)) {
			rescue_old(c, g, r);
			if (c->val[r].slot < 0 && c->val[r].reg == X64_NOREG)
				c->fail = true;
		}
	}
	if (c->nzcv != IR_NONE)
		rescue_flags(c, c->nzcv);
}

void jit_arg(struct jit_ctx *c, unsigned int scratch, ir_ref r)
{
	const struct jit_val *v = &c->val[r];
	u64 imm;

	if (v->reg != X64_NOREG)
		x64_mov(&c->e, true, scratch, v->reg);
	else if (jit_const(c, r, &imm))
		x64_mov_imm(&c->e, scratch, imm);
	else if (v->slot >= 0)
		x64_load(&c->e, true, scratch, slot_mem(v->slot));
	else if (v->home != 0xff)
		x64_load(&c->e, true, scratch, jit_home(v->home));
	else
		c->fail = true;
	jit_use_note(c, r);
}

void jit_call_clobber(struct jit_ctx *c, bool state)
{
	c->args_done = true;
	if (!state)
		jit_flags_clobber(c);
	for (u32 m = c->used; m; m &= m - 1)
		evict(c, __builtin_ctz(m));
	if (!state)
		return;
	memset(c->greg, 0, sizeof(c->greg));
	memset(c->gregs, 0, sizeof(c->gregs));
	c->nzcv = IR_NONE;
	c->nzcv_dirty = false;
}
