// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linking.  The exit of one block jumps to another block's warm entry over an
 * edge: code made when both ends are known, which brings every guest register
 * from where the exit has it to where the entry wants it.  An edge is empty
 * where they agree and nothing has to be checked.
 *
 * Checked on the way: a jump backwards looks at vcpu->exit_request (each loop
 * has one), a jump to another page compares the mapping (CODE_KEY).
 */
#include "emu/x64/alloc.h"

static void emit_move(struct x64_buf *e, unsigned int d, unsigned int s)
{
	if (d >= JIT_XMM)
		x64_movaps(e, d - JIT_XMM, s - JIT_XMM);
	else
		x64_mov(e, true, d, s);
}

static const struct jit_loc *find(const struct jit_loc *loc, unsigned int n, unsigned int greg)
{
	for (unsigned int i = 0; i < n; i++)
		if (loc[i].greg == greg)
			return &loc[i];
	return NULL;
}

/* Parallel moves: to[d] = s; chains first, then cycles through a scratch register. */
static void emit_moves(struct x64_buf *e, u8 *from)
{
	for (;;) {
		u32 wanted = 0;
		bool moved = false;
		unsigned int cycle = X64_NOREG;

		for (unsigned int d = 0; d < JIT_REGS; d++)
			if (from[d] != X64_NOREG)
				wanted |= 1u << from[d];
		for (unsigned int d = 0; d < JIT_REGS; d++) {
			if (from[d] == X64_NOREG)
				continue;
			if (wanted >> d & 1) {
				cycle = d;
				continue;
			}
			emit_move(e, d, from[d]);
			from[d] = X64_NOREG;
			moved = true;
			break;
		}
		if (moved)
			continue;
		if (cycle == X64_NOREG)
			return;
		/* Everybody waits for somebody: take one value out of the ring. */
		unsigned int spare = cycle >= JIT_XMM ? JIT_XMM + VS0 : RAX;

		emit_move(e, spare, cycle);
		for (unsigned int d = 0; d < JIT_REGS; d++)
			if (from[d] == cycle)
				from[d] = spare;
	}
}

/* Registers of @rec to where @to wants them; true when code was needed. */
static void emit_conform(struct x64_buf *e, const struct jit_rec *rec, const struct jit_block *to)
{
	u8 from[JIT_REGS];

	memset(from, X64_NOREG, sizeof(from));
	for (unsigned int i = 0; i < rec->nlocs; i++) {
		const struct jit_loc *have = &rec->loc[i];
		const struct jit_loc *want = find(to->contract, to->ncontract, have->greg);

		if (have->dirty && !(want && want->dirty))
			jit_emit_store(e, jit_home(have->greg), have->host);
		if (want && want->host != have->host)
			from[want->host] = have->host;
	}
	emit_moves(e, from);
	for (unsigned int i = 0; i < to->ncontract; i++)
		if (!find(rec->loc, rec->nlocs, to->contract[i].greg))
			jit_emit_load(e, to->contract[i].host, jit_home(to->contract[i].greg));
}

/* Where the edge gives up: the exit's own state, flags in memory by now. */
static u32 fail_record(struct code_cache *cache, struct jit_rec *rec)
{
	size_t size = sizeof(*rec) + rec->nlocs * sizeof(rec->loc[0]);
	struct jit_rec *copy;
	u32 number = code_rec(cache, size, &copy);

	if (number) {
		memcpy(copy, rec, size);
		copy->flags = JIT_FLAGS_MEM;
		copy->origin = rec;
		copy->insns = 0;	/* counted by the edge */
	}
	return number;
}

static bool needs_edge(const struct jit_rec *rec, const struct jit_block *to, bool guard, bool count)
{
	if (guard || rec->backward || count || (rec->flags != JIT_FLAGS_MEM && !to->flags_dead))
		return true;
	for (unsigned int i = 0; i < rec->nlocs; i++) {
		const struct jit_loc *want = find(to->contract, to->ncontract, rec->loc[i].greg);

		if (rec->loc[i].dirty && !(want && want->dirty))
			return true;
		if (want && want->host != rec->loc[i].host)
			return true;
	}
	for (unsigned int i = 0; i < to->ncontract; i++)
		if (!find(rec->loc, rec->nlocs, to->contract[i].greg))
			return true;
	return false;
}

static void emit_edge(struct code_cache *cache, struct x64_buf *e, struct jit_rec *rec,
		      const struct jit_block *to, bool guard)
{
	u8 *fail[2] = { NULL, NULL };
	bool check = guard || rec->backward;
	u32 number = 0;

	if (rec->flags != JIT_FLAGS_MEM && (check || !to->flags_dead)) {
		jit_emit_image(e, rec->flags);
		x64_rm(e, X_66 | 0x89, false, RAX, JIT_VCPU(flags));
	}
	if (cache->jit->count_insns)
		x64_alu_mem_imm(e, ALU_ADD, true, JIT_VCPU(insn_count), rec->insns);
	if (guard) {
		x64_mov_imm(e, RAX, CODE_KEY(to->pc, to->page->id));
		x64_rm(e, 0x3b, true, RAX, x64_at(JIT_TLB,
			(s32)offsetof(struct tlb_ctx, xkey) - TLB_BIAS + 8 * (s32)tlb_xindex(to->pc)));
		fail[0] = x64_jcc(e, CC_NE);
	}
	if (rec->backward) {
		x64_alu_mem_imm(e, ALU_CMP, false, JIT_VCPU(exit_request), 0);
		fail[1] = x64_jcc(e, CC_NE);
	}
	emit_conform(e, rec, to);
	x64_jmp_to(e, code_write(cache, to->warm));
	if (!check)
		return;
	number = fail_record(cache, rec);
	if (!number) {
		e->full = true;
		return;
	}
	x64_patch(fail[0], e->p);
	x64_patch(fail[1], e->p);
	x64_call_to(e, code_write(cache, cache->jit->thunks.exit));
	x64_u32(e, number);
}

/*
 * An exit is linked again when its target was translated anew: the old target's
 * page was retired, so that the guard of the edge to it fails for ever.
 */
void jit_link(struct code_cache *cache, struct jit_rec *rec, struct jit_block *to)
{
	struct x64_buf e = cache->buf;
	bool guard;

	if (rec->origin)
		rec = rec->origin;
	if (!rec->jump || rec->to == to)
		return;
	guard = rec->block->page != to->page;
	if (rec->op == IR_PUSHRET) {	/* everything is in memory, and the target's own guard checks */
		x64_patch(rec->jump, code_write(cache, to->guard));
	} else if (!needs_edge(rec, to, guard, cache->jit->count_insns)) {
		x64_patch(rec->jump, code_write(cache, to->warm));
	} else {
		emit_edge(cache, &e, rec, to, guard);
		if (e.full)
			return;		/* stays as it is; the next translation flushes */
		x64_patch(rec->jump, cache->buf.p);
		cache->buf.p = e.p;
	}
	rec->to = to;
}
