// SPDX-License-Identifier: GPL-2.0-only
/* From IR to a block of host code: entries, one operation after the other, stubs; and the records. */
#include "emu/x64/alloc.h"

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
		.block = c->blk, .insns = c->insns, .nlocs = n, .it = c->it,
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
	struct jit_stub *s = &c->stubs[c->nstubs];

	if (c->nstubs < JIT_MAX_STUBS)
		c->nstubs++;
	else
		c->fail = true;		/* the last one is written to and never emitted */
	*s = (struct jit_stub){ .emit = emit, .ref = c->pos };
	return s;
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
			jit_slot_drop(c, &c->val[r]);
			jit_reg_drop(c, h);
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
		c->pc_off = IR_INSN_OFF(in->imm);
		c->it = IR_INSN_IT(in->imm);
		c->insns++;
		break;
	case IR_GETX:
		jit_lower_get(c, c->pos, in->imm, JIT_GPRS);
		break;
	case IR_GETV:
		jit_lower_get(c, c->pos, in->imm, JIT_XMMS);
		break;
	case IR_SETX:
		jit_lower_set(c, in, JIT_GPRS);
		break;
	case IR_SETV:
		jit_lower_set(c, in, JIT_XMMS);
		break;
	case IR_GETF:
		c->val[c->pos].home = IR_REG_NZCV;
		c->nzcv = c->pos;
		c->nzcv_dirty = false;
		break;
	case IR_SETF:
		jit_lower_setf(c, in);
		break;
	case IR_ADD ... IR_CRC32C:
	case IR_LDSYS:
	case IR_STSYS:
	case IR_LDDAIF:
	case IR_STDAIF:
	case IR_LDCTL:
	case IR_STCTL:
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
		const struct ir_insn *in = &c->b->insns[c->pos];

		if (!c->val[c->pos].done)
			lower(c);
		else if (ir_ops[in->op].nargs)	/* emitted by a neighbour */
			jit_use_note(c, in->arg[0]);
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
		jit_emit_load(&c->e, blk->contract[i].host, jit_home(blk->contract[i].greg));
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
	c->it = 0;
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
		.pc = b->pc, .page = page, .guest_insns = b->guest_insns, .flags_dead = jit_flags_dead(b),
	};
	jit_liveness(c);
	jit_contract(c);
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
