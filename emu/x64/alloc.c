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
#include "emu/x64/jit.h"

#include <stdlib.h>

static s32 home_off(unsigned int greg)
{
	if (greg < IR_REG_V0)
		return JIT_OFF(st.x) + 8 * greg;
	return JIT_OFF(st.v) + 16 * (greg - IR_REG_V0);
}

/* sp follows x[] in struct arm_state: IR_REG_SP is the 32nd of them. */
_Static_assert(offsetof(struct arm_state, sp) == offsetof(struct arm_state, x) + 31 * 8, "x, sp");

static bool is_vec(unsigned int host)
{
	return host >= JIT_XMM;
}

static struct x64_mem slot_mem(int slot)
{
	return x64_at(RSP, slot * 16);
}

static void emit_store(struct jit_ctx *c, struct x64_mem m, unsigned int host)
{
	if (is_vec(host))
		x64_vstore(&c->e, m, host - JIT_XMM);
	else
		x64_store(&c->e, true, m, host);
}

static void emit_load(struct jit_ctx *c, unsigned int host, struct x64_mem m)
{
	if (is_vec(host))
		x64_vload(&c->e, host - JIT_XMM, m);
	else
		x64_load(&c->e, true, host, m);
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

static void slot_drop(struct jit_ctx *c, struct jit_val *v)
{
	if (v->slot >= 0)
		c->slots &= ~(1ull << v->slot);
	v->slot = -1;
}

static void reg_drop(struct jit_ctx *c, unsigned int host)
{
	ir_ref r = c->holder[host];

	if (r != IR_NONE)
		c->val[r].reg = X64_NOREG;
	c->holder[host] = IR_NONE;
	c->used &= ~(1u << host);
}

static void reg_take(struct jit_ctx *c, unsigned int host, ir_ref r)
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
		emit_store(c, x64_at(JIT_STATE, home_off(g)), host);
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
		emit_store(c, slot_mem(v->slot), host);
	}
	/* greg[] keeps naming r: its memory is up to date, a reader reloads it. */
	reg_drop(c, host);
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

#define GPRS ((u32)JIT_GPR_MASK)
#define XMMS ((u32)JIT_XMM_MASK << JIT_XMM)

static void use_note(struct jit_ctx *c, ir_ref r)
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
		reg_take(c, host, r);
		c->gregs[host] = find_gregs(c, r);
		if (is_const(c, r))
			x64_mov_imm(&c->e, host, c->b->insns[r].imm);
		else if (v->slot >= 0)
			emit_load(c, host, slot_mem(v->slot));
		else if (v->home != 0xff)
			emit_load(c, host, x64_at(JIT_STATE, home_off(v->home)));
		else
			c->fail = true;
	}
	c->locked |= 1u << host;
	use_note(c, r);
	return host;
}

unsigned int jit_use(struct jit_ctx *c, ir_ref r)
{
	return use(c, r, GPRS);
}

unsigned int jit_use_v(struct jit_ctx *c, ir_ref r)
{
	return use(c, r, XMMS) - JIT_XMM;
}

static unsigned int def(struct jit_ctx *c, ir_ref r, u32 mask)
{
	unsigned int host = reg_prefer(c, r, mask);

	reg_take(c, host, r);
	return host;
}

unsigned int jit_def(struct jit_ctx *c, ir_ref r)
{
	return def(c, r, GPRS);
}

unsigned int jit_def_v(struct jit_ctx *c, ir_ref r)
{
	return def(c, r, XMMS) - JIT_XMM;
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
	reg_drop(c, host);
	reg_take(c, host, r);
	return true;
}

unsigned int jit_def_copy(struct jit_ctx *c, ir_ref r, ir_ref src)
{
	unsigned int s, d;
	u64 imm;

	if (c->val[src].reg == X64_NOREG && jit_const(c, src, &imm)) {
		use_note(c, src);
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
	unsigned int h = reg_alloc(c, GPRS);

	c->locked |= 1u << h;
	c->used |= 1u << h;	/* freed in op_done(): no holder */
	return h;
}

unsigned int jit_temp_v(struct jit_ctx *c)
{
	unsigned int h = reg_alloc(c, XMMS);

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
	struct jit_val *v = &c->val[r];

	if (c->eflags == r)
		return c->eflags_kind;
	jit_flags_clobber(c);
	if (v->slot >= 0)
		x64_load(&c->e, false, RAX, slot_mem(v->slot));
	else
		x64_rm(&c->e, X_0F | 0xb7, false, RAX, JIT_VCPU(flags));
	x64_u8(&c->e, 0x04);	/* add al, 127: overflow when AL is 1 */
	x64_u8(&c->e, 0x7f);
	x64_u8(&c->e, 0x9e);	/* sahf */
	c->eflags = r;
	c->eflags_kind = JIT_FLAGS_ADD;
	return JIT_FLAGS_ADD;
}

enum jit_flags jit_flags_take(struct jit_ctx *c, ir_ref r)
{
	enum jit_flags kind;

	jit_flags_load(c, r);
	c->args_done = true;	/* a last use here is no reason to save it */
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
		x64_load(&c->e, true, RAX, x64_at(JIT_STATE, home_off(g)));
		x64_store(&c->e, true, slot_mem(v->slot), RAX);
	} else {
		x64_vload(&c->e, VS0, x64_at(JIT_STATE, home_off(g)));
		x64_vstore(&c->e, slot_mem(v->slot), VS0);
	}
}

static void lower_set(struct jit_ctx *c, const struct ir_insn *in, u32 mask)
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

static void lower_get(struct jit_ctx *c, ir_ref r, unsigned int g, u32 mask)
{
	ir_ref old = c->greg[g];
	unsigned int host;

	if (old != IR_NONE && c->val[old].reg != X64_NOREG) {
		/* In a register since the entry, under a name of its own (see entry_values()). */
		host = c->val[old].reg;
		c->holder[host] = IR_NONE;
		c->val[old].reg = X64_NOREG;
		reg_take(c, host, r);
	} else {
		host = reg_alloc(c, mask);
		reg_take(c, host, r);
		emit_load(c, host, x64_at(JIT_STATE, home_off(g)));
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
	x64_load(&c->e, false, RAX, JIT_VCPU(flags));
	x64_store(&c->e, false, slot_mem(v->slot), RAX);
}

static void lower_setf(struct jit_ctx *c, const struct ir_insn *in)
{
	ir_ref r = in->arg[0], old = c->nzcv;
	struct jit_val *v = &c->val[r];

	use_note(c, r);
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
		x64_load(&c->e, true, scratch, x64_at(JIT_STATE, home_off(v->home)));
	else
		c->fail = true;
	use_note(c, r);
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

/* ---- records ---- */

struct jit_rec *jit_rec(struct jit_ctx *c, u32 *number)
{
	struct jit_loc loc[JIT_MAX_LOCS];
	struct jit_rec *rec;
	unsigned int n = 0;

	for (u32 m = c->used; m; m &= m - 1) {
		unsigned int h = __builtin_ctz(m);
		ir_ref r = c->holder[h];

		if (r == IR_NONE)
			continue;
		for (u64 g = c->gregs[h]; g; g &= g - 1) {
			unsigned int greg = __builtin_ctzll(g);
			bool dirty = c->dirty_x >> greg & 1;

			if (n == JIT_MAX_LOCS) {
				if (dirty)
					c->fail = true;
				continue;
			}
			loc[n++] = (struct jit_loc){ .greg = greg, .host = h, .dirty = dirty };
		}
	}
	*number = code_rec(c->cache, sizeof(*rec) + n * sizeof(loc[0]), &rec);
	if (!*number) {
		c->e.full = true;
		return NULL;
	}
	*rec = (struct jit_rec){
		.block = c->blk, .insns = c->insns, .nlocs = n,
		.res = { X64_NOREG, X64_NOREG }, .arg = { X64_NOREG, X64_NOREG },
		.pc = c->b->pc + c->pc_off,
	};
	memcpy(rec->loc, loc, n * sizeof(loc[0]));
	if (c->nzcv != IR_NONE && c->nzcv_dirty && c->eflags == c->nzcv)
		rec->flags = c->eflags_kind;
	return rec;
}

struct jit_stub *jit_stub(struct jit_ctx *c, void (*emit)(struct jit_ctx *, struct jit_stub *))
{
	static struct jit_stub trash;	/* written when compilation fails anyway */
	struct jit_stub *s = c->nstubs < JIT_MAX_STUBS ? &c->stubs[c->nstubs++] : &trash;

	if (s == &trash)
		c->fail = true;
	*s = (struct jit_stub){ .emit = emit, .ref = c->pos };
	return s;
}

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

static void liveness(struct jit_ctx *c)
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
	u32 mask = (greg < IR_REG_V0 ? GPRS : XMMS) & *free;
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
	u32 free = GPRS | XMMS;
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
		reg_take(c, l->host, r);
		c->greg[l->greg] = r;
		c->gregs[l->host] = 1ull << l->greg;
		if (l->dirty)
			c->dirty_x |= 1ull << l->greg;
		else
			c->val[r].home = l->greg;
	}
	c->locked = 0;
}

/* Is NZCV written before anything can look at it? */
static bool flags_dead(const struct ir_block *b)
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

/* ---- the driver ---- */

static void op_done(struct jit_ctx *c)
{
	c->locked = 0;
	c->args_done = false;
	for (u32 m = c->used; m; m &= m - 1) {
		unsigned int h = __builtin_ctz(m);
		ir_ref r = c->holder[h];

		if (r == IR_NONE) {
			c->used &= ~(1u << h);
			continue;
		}
		/* Dead and not what a guest register holds: free.  (Slots too.) */
		if (c->val[r].last <= c->pos && !c->gregs[h]) {
			slot_drop(c, &c->val[r]);
			reg_drop(c, h);
		}
	}
}

static void lower_vector(struct jit_ctx *c, const struct ir_insn *in)
{
	if (in->op >= IR_AESE ? jit_lower_crypto(c, in) :
	    in->op >= IR_VFADD || in->op == IR_FCMP || in->op == IR_FCCMP ? jit_lower_fp(c, in) : jit_lower_vec(c, in))
		return;
	jit_lower_control(c, in);	/* calls the C version */
}

static void lower(struct jit_ctx *c)
{
	const struct ir_insn *in = &c->b->insns[c->pos];

	switch (in->op) {
	case IR_CONST:
		break;
	case IR_INSN:
		if (c->pc_off != (u32)in->imm || c->pos == 0) {
			c->pc_off = (u32)in->imm;
		}
		c->insns++;
		break;
	case IR_GETX:
		lower_get(c, c->pos, in->imm, GPRS);
		break;
	case IR_GETV:
		lower_get(c, c->pos, in->imm, XMMS);
		break;
	case IR_SETX:
		lower_set(c, in, GPRS);
		break;
	case IR_SETV:
		lower_set(c, in, XMMS);
		break;
	case IR_GETF:
		c->val[c->pos].home = IR_REG_NZCV;
		c->nzcv = c->pos;
		c->nzcv_dirty = false;
		break;
	case IR_SETF:
		lower_setf(c, in);
		break;
	case IR_ADD ... IR_CRC32C:
	case IR_LDSYS:
	case IR_STSYS:
	case IR_LDDAIF:
	case IR_STDAIF:
		jit_lower_int(c, in);
		break;
	case IR_FL_ADD ... IR_FL_SEL:
		jit_lower_flags(c, in);
		break;
	case IR_LD ... IR_SPCHECK:
		jit_lower_mem(c, in);
		break;
	case IR_XCOND ... IR_CALL:
		jit_lower_control(c, in);
		break;
	default:
		lower_vector(c, in);
	}
}

static void emit_body(struct jit_ctx *c)
{
	for (c->pos = 0; c->pos < c->b->n && !c->fail && !c->e.full; c->pos++) {
		if (!c->val[c->pos].done)
			lower(c);
		op_done(c);
	}
	for (unsigned int i = 0; i < c->nstubs && !c->fail && !c->e.full; i++)
		c->stubs[i].emit(c, &c->stubs[i]);
}

/* The guarded and the cold entry. */
static void emit_entries(struct jit_ctx *c)
{
	struct jit_block *blk = c->blk;
	struct x64_buf *e = &c->e;
	s32 key = (s32)offsetof(struct tlb_ctx, xkey) - TLB_BIAS + 8 * (s32)tlb_xindex(blk->pc);
	u8 *miss1, *miss2, *guard;

	/* miss: comes first so that both jumps to it are short to encode alike */
	miss1 = e->p;
	x64_mov_imm(e, RAX, blk->pc);
	x64_jmp_to(e, code_write(c->cache, c->jit->thunks.miss));
	while ((uintptr_t)e->p & 15)
		x64_u8(e, 0x90);
	guard = e->p;
	x64_mov_imm(e, RAX, CODE_KEY(blk->pc, blk->page->id));
	x64_rm(e, 0x3b, true, RAX, x64_at(JIT_TLB, key));
	x64_jcc_to(e, CC_NE, miss1);
	x64_alu_mem_imm(e, ALU_CMP, false, JIT_VCPU(exit_request), 0);
	miss2 = miss1;
	x64_jcc_to(e, CC_NE, miss2);
	blk->guard = code_exec(c->cache, guard);
	blk->cold = code_exec(c->cache, e->p);
	for (unsigned int i = 0; i < blk->ncontract; i++)
		emit_load(c, blk->contract[i].host, x64_at(JIT_STATE, home_off(blk->contract[i].greg)));
	blk->warm = code_exec(c->cache, e->p);
}

static void ctx_init(struct jit_ctx *c, struct code_cache *cache, const struct ir_block *b,
		     const struct jit_rec *hint)
{
	c->e = cache->buf;
	c->jit = cache->jit;
	c->cache = cache;
	c->b = b;
	c->hint = hint;
	c->fail = false;
	c->pos = 0;
	c->pc_off = 0;
	c->insns = 0;
	c->used = c->locked = 0;
	memset(c->holder, 0, sizeof(c->holder));
	c->slots = 0;
	memset(c->greg, 0, sizeof(c->greg));
	c->dirty_x = 0;
	c->nzcv = c->eflags = c->zn_of = IR_NONE;
	c->nzcv_dirty = false;
	c->args_done = false;
	c->nstubs = 0;
}

int jit_compile(struct code_cache *cache, struct jit_ctx *c, const struct ir_block *b,
		struct code_page *page, const struct jit_rec *hint, struct jit_block **out)
{
	size_t arena = cache->arena_used;
	u32 nrec = cache->nrec;
	int err = -ENOSPC;

	ctx_init(c, cache, b, hint);
	if (b->n + JIT_MAX_CONTRACT >= IR_MAX_INSNS)
		return -E2BIG;
	c->blk = code_alloc(cache, sizeof(*c->blk));
	if (!c->blk)
		goto out;
	*c->blk = (struct jit_block){
		.pc = b->pc, .page = page, .guest_insns = b->guest_insns, .flags_dead = flags_dead(b),
	};
	liveness(c);
	contract_make(c);
	entry_values(c);
	emit_entries(c);
	emit_body(c);
	if (c->e.full)
		goto out;
	err = -E2BIG;
	if (c->fail)
		goto out;
	cache->buf.p = c->e.p;
	*out = c->blk;
	return 0;
out:
	cache->arena_used = arena;
	cache->nrec = nrec;
	return err;
}
