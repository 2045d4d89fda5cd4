// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory.  The fast path is a lookup in the inline TLB and the access;
 * whatever does not hit (another page, a device, a store to translated code, a
 * misaligned atomic) calls the slow thunk, which finds all it must know in the
 * record behind the call.
 */
#include "emu/x64/jit.h"

/* Bytes of one element, and how many of them. */
static unsigned int elem_size(const struct ir_insn *in)
{
	return 1u << (in->mop & IR_MO_SIZE);
}

static unsigned int elem_count(const struct ir_insn *in)
{
	switch (in->op) {
	case IR_LDP: case IR_STP: case IR_LDVP: case IR_STVP:
		return 2;
	default:
		return 1;
	}
}

/* Alignment that the access must have on the fast path, as a mask. */
static unsigned int align_mask(const struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int size = elem_size(in);

	if (!(in->mop & IR_MO_ALIGN) && !(c->b->mode & (IR_MODE_ALIGN | IR_MODE_MMU_OFF)))
		return 0;
	if (in->mop & IR_MO_STREAM)
		size = 1u << (in->mop >> 9 & 7);
	return size - 1;
}

struct access {
	unsigned int addr;	/* register with the address: the operand's own, or RAX */
	u8 *slow[2];		/* jumps to the slow path */
};

static void stub_slow(struct jit_ctx *c, struct jit_stub *s)
{
	x64_patch(s->from, c->e.p);
	if (s->data >> 32)
		x64_patch((u8 *)c->cache->rw + (u32)(s->data >> 32), c->e.p);
	if ((u8)s->data != RAX)
		x64_mov(&c->e, true, RAX, (u8)s->data);
	x64_call_to(&c->e, code_write(c->cache, c->jit->thunks.slow));
	x64_u32(&c->e, s->rec);
	x64_jmp_to(&c->e, s->back);
}

/* a->addr = what it holds + the displacement; host flags are lost. */
static void emit_disp(struct jit_ctx *c, const struct ir_insn *in, struct access *a)
{
	bool w = !(c->b->mode & IR_MODE_A32);
	s64 disp = (s64)in->imm;

	a->slow[0] = a->slow[1] = NULL;
	if (!disp)
		return;
	if (disp == (s32)disp) {
		x64_lea(&c->e, w, RAX, x64_at(a->addr, disp));
	} else {
		x64_mov_imm(&c->e, RAX, disp);
		x64_alu(&c->e, ALU_ADD, w, RAX, a->addr);
	}
	a->addr = RAX;
}

/* The effective address; the host flags are free afterwards. */
static void emit_addr(struct jit_ctx *c, const struct ir_insn *in, struct access *a)
{
	a->addr = jit_use(c, in->arg[0]);
	jit_flags_clobber(c);
	emit_disp(c, in, a);
}

/* TLB lookup: RCX = addend on a hit. */
static void emit_tlb(struct jit_ctx *c, const struct ir_insn *in, bool write, struct access *a)
{
	struct x64_buf *e = &c->e;
	unsigned int mask = align_mask(c, in), bytes = elem_size(in) * elem_count(in);
	s32 tag = write ? offsetof(struct tlb_entry, write) : offsetof(struct tlb_entry, read), bias = 0;
	unsigned int base = JIT_TLB, index = RCX;

	if (mask) {
		x64_test_imm(e, false, a->addr, mask);
		a->slow[1] = x64_jcc(e, CC_NE);
	}
	x64_mov(e, false, RCX, a->addr);
	x64_shift_imm(e, SHIFT_SHR, false, RCX, TLB_PAGE_BITS - TLB_ENTRY_BITS);
	if (in->mop & IR_MO_UNPRIV) {
		x64_load(e, true, RDX, JIT_VCPU(tlb_unpriv));
		x64_alu_mem(e, ALU_AND, false, RCX, x64_at(RDX, offsetof(struct tlb_ctx, index_mask)));
		x64_alu(e, ALU_ADD, true, RCX, RDX);
		base = RCX;
		index = X64_NOREG;
		bias = TLB_BIAS;
	} else {
		x64_alu_mem(e, ALU_AND, false, RCX,
			    x64_at(JIT_TLB, (s32)offsetof(struct tlb_ctx, index_mask) - TLB_BIAS));
	}
	x64_load(e, true, RDX, x64_at_index(base, index, 0, tag + bias));
	x64_alu(e, ALU_XOR, true, RDX, a->addr);
	x64_alu_imm(e, ALU_CMP, true, RDX, TLB_PAGE_SIZE - bytes);
	a->slow[0] = x64_jcc(e, CC_A);
	x64_load(e, true, RCX, x64_at_index(base, index, 0, offsetof(struct tlb_entry, addend) + bias));
}

static void rec_operands(const struct ir_insn *in, struct jit_rec *rec, const u8 *res, const u8 *arg)
{
	rec->op = in->op;
	rec->mop = in->mop;
	rec->w = in->w;
	rec->aux = in->aux;
	memcpy(rec->res, res, 2);
	memcpy(rec->arg, arg, 2);
}

/* The slow path for @a, which goes on where the code now stands. */
static void emit_slow(struct jit_ctx *c, const struct ir_insn *in, const struct access *a,
		      const u8 *res, const u8 *arg)
{
	struct jit_stub *s = jit_stub(c, stub_slow);
	struct jit_rec *rec = jit_rec(c, &s->rec);

	if (!rec)
		return;
	rec_operands(in, rec, res, arg);
	s->from = a->slow[0];
	s->back = c->e.p;
	s->data = a->addr;
	if (a->slow[1])
		s->data |= (u64)(a->slow[1] - c->cache->rw) << 32;
}

/* No fast path: the call stands in the code. */
static void emit_slow_here(struct jit_ctx *c, const struct ir_insn *in, const struct access *a,
			   const u8 *res, const u8 *arg)
{
	u32 number;
	struct jit_rec *rec = jit_rec(c, &number);

	if (!rec)
		return;
	rec_operands(in, rec, res, arg);
	if (a->addr != RAX)
		x64_mov(&c->e, true, RAX, a->addr);
	x64_call_to(&c->e, code_write(c->cache, c->jit->thunks.slow));
	x64_u32(&c->e, number);
}

#define OPERANDS(name, r0, r1) const u8 name[2] = { (r0), (r1) }

static void emit_load_int(struct x64_buf *e, const struct ir_insn *in, unsigned int d, struct x64_mem m)
{
	bool sign = in->mop & IR_MO_SIGN, w = in->w != 32;

	switch (in->mop & IR_MO_SIZE) {
	case 0:
		x64_rm(e, X_0F | (sign ? 0xbe : 0xb6), sign && w, d, m);
		break;
	case 1:
		x64_rm(e, X_0F | (sign ? 0xbf : 0xb7), sign && w, d, m);
		break;
	case 2:
		if (sign && w)
			x64_rm(e, 0x63, true, d, m);
		else
			x64_load(e, false, d, m);
		break;
	default:
		x64_load(e, true, d, m);
	}
}

static void emit_store_int(struct x64_buf *e, unsigned int log2, struct x64_mem m, unsigned int s)
{
	static const u32 op[] = { X_B | 0x88, X_66 | 0x89, 0x89, 0x89 };

	x64_rm(e, op[log2], log2 == 3, s, m);
}

static void lower_load(struct jit_ctx *c, const struct ir_insn *in)
{
	bool pair = in->op == IR_LDP;
	unsigned int d, d2 = X64_NOREG;
	struct access a;

	emit_addr(c, in, &a);
	d = jit_def(c, c->pos);
	if (pair && in[1].op == IR_LDP2 && in[1].arg[0] == c->pos) {
		d2 = jit_def(c, c->pos + 1);
		c->val[c->pos + 1].done = true;
	}
	OPERANDS(res, d, d2);
	OPERANDS(arg, X64_NOREG, X64_NOREG);
	emit_tlb(c, in, false, &a);
	if (d2 != X64_NOREG) {
		/* d2 first: RCX and the address stay, d may not be either */
		emit_load_int(&c->e, in, d2, x64_at_index(RCX, a.addr, 0, elem_size(in)));
	}
	emit_load_int(&c->e, in, d, x64_at_index(RCX, a.addr, 0, 0));
	emit_slow(c, in, &a, res, arg);
}

static void emit_full_barrier(struct x64_buf *e)
{
	x64_u8(e, 0xf0);	/* lock or dword [rsp], 0 */
	x64_alu_mem_imm(e, ALU_OR, false, x64_at(RSP, 0), 0);
}

static void lower_store(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int b, b2 = X64_NOREG, log2 = in->mop & IR_MO_SIZE;
	struct access a;

	b = jit_use(c, in->arg[1]);
	if (in->op == IR_STP)
		b2 = jit_use(c, in->arg[2]);
	emit_addr(c, in, &a);
	OPERANDS(res, X64_NOREG, X64_NOREG);
	OPERANDS(arg, b, b2);
	emit_tlb(c, in, true, &a);
	emit_store_int(&c->e, log2, x64_at_index(RCX, a.addr, 0, 0), b);
	if (b2 != X64_NOREG)
		emit_store_int(&c->e, log2, x64_at_index(RCX, a.addr, 0, 1 << log2), b2);
	emit_slow(c, in, &a, res, arg);
	if (in->mop & IR_MO_REL)
		emit_full_barrier(&c->e);	/* before a later LDAR, which is a plain load */
}

static void emit_load_vec(struct x64_buf *e, unsigned int log2, unsigned int d, struct x64_mem m)
{
	switch (log2) {
	case 0:
	case 1:
		x64_rm(e, X_0F | (log2 ? 0xb7 : 0xb6), false, RDX, m);
		x64_v2(e, X_0F | X_66 | 0x6e, d, RDX);		/* movd */
		break;
	case 2:
		x64_v2_mem(e, X_0F | X_66 | 0x6e, d, m);
		break;
	case 3:
		x64_v2_mem(e, X_0F | X_F3 | 0x7e, d, m);	/* movq */
		break;
	default:
		x64_vload(e, d, m);
	}
}

static void emit_store_vec(struct x64_buf *e, unsigned int log2, struct x64_mem m, unsigned int s)
{
	switch (log2) {
	case 0:
	case 1:
		x64_v2_mem(e, X_0F3A | X_66 | (log2 ? 0x15 : 0x14), s, m);	/* pextrw, pextrb */
		x64_u8(e, 0);
		break;
	case 2:
		x64_v2_mem(e, X_0F | X_66 | 0x7e, s, m);
		break;
	case 3:
		x64_v2_mem(e, X_0F | X_66 | 0xd6, s, m);
		break;
	default:
		x64_vstore(e, m, s);
	}
}

static void lower_load_vec(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int d, d2 = X64_NOREG, log2 = in->mop & IR_MO_SIZE;
	struct access a;

	emit_addr(c, in, &a);
	d = jit_def_v(c, c->pos);
	if (in->op == IR_LDVP && in[1].op == IR_LDVP2 && in[1].arg[0] == c->pos) {
		d2 = jit_def_v(c, c->pos + 1);
		c->val[c->pos + 1].done = true;
	}
	OPERANDS(res, d + JIT_XMM, d2 == X64_NOREG ? X64_NOREG : d2 + JIT_XMM);
	OPERANDS(arg, X64_NOREG, X64_NOREG);
	emit_tlb(c, in, false, &a);
	emit_load_vec(&c->e, log2, d, x64_at_index(RCX, a.addr, 0, 0));
	if (d2 != X64_NOREG)
		emit_load_vec(&c->e, log2, d2, x64_at_index(RCX, a.addr, 0, 1 << log2));
	emit_slow(c, in, &a, res, arg);
}

static void lower_store_vec(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int b, b2 = X64_NOREG, log2 = in->mop & IR_MO_SIZE;
	struct access a;

	b = jit_use_v(c, in->arg[1]);
	if (in->op == IR_STVP)
		b2 = jit_use_v(c, in->arg[2]);
	emit_addr(c, in, &a);
	OPERANDS(res, X64_NOREG, X64_NOREG);
	OPERANDS(arg, b + JIT_XMM, b2 == X64_NOREG ? X64_NOREG : b2 + JIT_XMM);
	emit_tlb(c, in, true, &a);
	emit_store_vec(&c->e, log2, x64_at_index(RCX, a.addr, 0, 0), b);
	if (b2 != X64_NOREG)
		emit_store_vec(&c->e, log2, x64_at_index(RCX, a.addr, 0, 1 << log2), b2);
	emit_slow(c, in, &a, res, arg);
}

/* ---- conditional accesses ---- */

/* A jump over the access for when the condition does not hold, NULL: it always does. */
static u8 *emit_unless(struct jit_ctx *c, const struct ir_insn *in)
{
	enum jit_flags kind = jit_flags_take(c, in->arg[0]);

	return in->aux < 14 ? x64_jcc(&c->e, jit_cond(c, in->aux, &kind) ^ 1) : NULL;
}

static void lower_load_if(struct jit_ctx *c, const struct ir_insn *in)
{
	bool vec = in->op == IR_LDVC;
	struct access a = { .addr = jit_use(c, in->arg[1]) };
	unsigned int d = vec ? jit_def_copy_v(c, c->pos, in->arg[2]) : jit_def_copy(c, c->pos, in->arg[2]);
	u8 *skip = emit_unless(c, in);

	OPERANDS(res, vec ? d + JIT_XMM : d, X64_NOREG);
	OPERANDS(arg, X64_NOREG, X64_NOREG);
	emit_disp(c, in, &a);
	emit_tlb(c, in, false, &a);
	if (vec)
		emit_load_vec(&c->e, in->mop & IR_MO_SIZE, d, x64_at_index(RCX, a.addr, 0, 0));
	else
		emit_load_int(&c->e, in, d, x64_at_index(RCX, a.addr, 0, 0));
	emit_slow(c, in, &a, res, arg);
	if (skip)
		x64_patch(skip, c->e.p);
}

static void lower_store_if(struct jit_ctx *c, const struct ir_insn *in)
{
	bool vec = in->op == IR_STVC;
	unsigned int b = vec ? jit_use_v(c, in->arg[2]) : jit_use(c, in->arg[2]);
	struct access a = { .addr = jit_use(c, in->arg[1]) };
	u8 *skip = emit_unless(c, in);

	OPERANDS(res, X64_NOREG, X64_NOREG);
	OPERANDS(arg, vec ? b + JIT_XMM : b, X64_NOREG);
	emit_disp(c, in, &a);
	emit_tlb(c, in, true, &a);
	if (vec)
		emit_store_vec(&c->e, in->mop & IR_MO_SIZE, x64_at_index(RCX, a.addr, 0, 0), b);
	else
		emit_store_int(&c->e, in->mop & IR_MO_SIZE, x64_at_index(RCX, a.addr, 0, 0), b);
	emit_slow(c, in, &a, res, arg);
	if (skip)
		x64_patch(skip, c->e.p);
}

/* ---- exclusives and atomics ---- */

static void lower_ldx(struct jit_ctx *c, const struct ir_insn *in)
{
	struct x64_buf *e = &c->e;
	unsigned int d;
	struct access a;

	emit_addr(c, in, &a);
	d = jit_def(c, c->pos);
	OPERANDS(res, d, X64_NOREG);
	OPERANDS(arg, X64_NOREG, X64_NOREG);
	emit_tlb(c, in, false, &a);
	emit_load_int(e, in, d, x64_at_index(RCX, a.addr, 0, 0));
	x64_store(e, true, JIT_VCPU(excl_addr), a.addr);
	x64_store(e, true, JIT_VCPU(excl_val), d);
	x64_store_imm(e, false, JIT_VCPU(excl_size), elem_size(in));
	emit_slow(c, in, &a, res, arg);
}

/* lock cmpxchg [m], s of 1 << log2 bytes */
static void emit_cmpxchg(struct x64_buf *e, unsigned int log2, struct x64_mem m, unsigned int s)
{
	static const u32 op[] = { X_0F | X_B | 0xb0, X_0F | X_66 | 0xb1, X_0F | 0xb1, X_0F | 0xb1 };

	x64_u8(e, 0xf0);
	x64_rm(e, op[log2], log2 == 3, s, m);
}

/* d = RAX as a zero-extended value of 1 << log2 bytes */
static void emit_result(struct x64_buf *e, unsigned int log2, unsigned int d)
{
	if (log2 < 2)
		x64_rr(e, X_0F | (log2 ? 0xb7 : X_B | 0xb6), false, d, RAX);
	else
		x64_mov(e, log2 == 3, d, RAX);
}

static void lower_stx(struct jit_ctx *c, const struct ir_insn *in)
{
	struct x64_buf *e = &c->e;
	unsigned int b, d, log2 = in->mop & IR_MO_SIZE;
	u8 *fail1, *fail2;
	struct access a;

	b = jit_use(c, in->arg[1]);
	emit_addr(c, in, &a);
	d = jit_def(c, c->pos);
	OPERANDS(res, d, X64_NOREG);
	OPERANDS(arg, b, X64_NOREG);
	emit_tlb(c, in, true, &a);
	x64_mov_imm(e, d, 1);
	x64_rm(e, 0x3b, true, a.addr, JIT_VCPU(excl_addr));
	fail1 = x64_jcc(e, CC_NE);
	x64_alu_mem_imm(e, ALU_CMP, false, JIT_VCPU(excl_size), elem_size(in));
	fail2 = x64_jcc(e, CC_NE);
	if (a.addr == RAX) {	/* not from A64, which has no offset here */
		x64_mov(e, true, RDX, RAX);
		a.addr = RDX;
	}
	x64_load(e, true, RAX, JIT_VCPU(excl_val));
	emit_cmpxchg(e, log2, x64_at_index(RCX, a.addr, 0, 0), b);
	x64_setcc(e, CC_NE, d);
	x64_rr(e, X_0F | X_B | 0xb6, false, d, d);
	x64_patch(fail1, e->p);
	x64_patch(fail2, e->p);
	x64_store_imm(e, false, JIT_VCPU(excl_size), 0);
	if (in->imm)
		a.addr = RAX;
	emit_slow(c, in, &a, res, arg);
}

static void lower_cas(struct jit_ctx *c, const struct ir_insn *in)
{
	struct x64_buf *e = &c->e;
	unsigned int b, s, d, log2 = in->mop & IR_MO_SIZE;
	struct access a;

	b = jit_use(c, in->arg[1]);
	s = jit_use(c, in->arg[2]);
	emit_addr(c, in, &a);
	d = jit_def(c, c->pos);
	OPERANDS(res, d, X64_NOREG);
	OPERANDS(arg, b, s);
	if (a.addr == RAX) {
		emit_slow_here(c, in, &a, res, arg);
		return;
	}
	emit_tlb(c, in, true, &a);
	x64_mov(e, true, RAX, b);
	emit_cmpxchg(e, log2, x64_at_index(RCX, a.addr, 0, 0), s);
	emit_result(e, log2, d);
	emit_slow(c, in, &a, res, arg);
}

static void emit_atomic_loop(struct jit_ctx *c, const struct ir_insn *in, struct x64_mem m, unsigned int b)
{
	static const u8 alu[] = { [IR_ATOMIC_CLR] = ALU_AND, [IR_ATOMIC_EOR] = ALU_XOR, [IR_ATOMIC_SET] = ALU_OR };
	struct x64_buf *e = &c->e;
	unsigned int log2 = in->mop & IR_MO_SIZE;
	struct ir_insn load = *in;
	const u8 *again;

	load.mop &= ~IR_MO_SIGN;
	emit_load_int(e, &load, RAX, m);
	again = e->p;
	x64_mov(e, true, RDX, b);
	if (in->aux == IR_ATOMIC_CLR)
		x64_rr(e, 0xf7, true, 2, RDX);
	x64_alu(e, alu[in->aux], true, RDX, RAX);
	emit_cmpxchg(e, log2, m, RDX);
	x64_jcc_to(e, CC_NE, again);
}

static void lower_atomic(struct jit_ctx *c, const struct ir_insn *in)
{
	static const u32 xadd[] = { X_0F | X_B | 0xc0, X_0F | X_66 | 0xc1, X_0F | 0xc1, X_0F | 0xc1 };
	static const u32 xchg[] = { X_B | 0x86, X_66 | 0x87, 0x87, 0x87 };
	struct x64_buf *e = &c->e;
	unsigned int b, d, log2 = in->mop & IR_MO_SIZE;
	struct access a;
	struct x64_mem m;

	b = jit_use(c, in->arg[1]);
	emit_addr(c, in, &a);
	d = jit_def(c, c->pos);
	OPERANDS(res, d, X64_NOREG);
	OPERANDS(arg, b, X64_NOREG);
	if (a.addr == RAX || (in->aux >= IR_ATOMIC_SMAX && in->aux <= IR_ATOMIC_UMIN)) {
		emit_slow_here(c, in, &a, res, arg);
		return;
	}
	emit_tlb(c, in, true, &a);
	m = x64_at_index(RCX, a.addr, 0, 0);
	if (in->aux == IR_ATOMIC_ADD) {
		x64_mov(e, true, RAX, b);
		x64_u8(e, 0xf0);
		x64_rm(e, xadd[log2], log2 == 3, RAX, m);
	} else if (in->aux == IR_ATOMIC_SWP) {
		x64_mov(e, true, RAX, b);
		x64_rm(e, xchg[log2], log2 == 3, RAX, m);
	} else {
		emit_atomic_loop(c, in, m, b);
	}
	emit_result(e, log2, d);
	emit_slow(c, in, &a, res, arg);
}

/* 16-byte exclusives and compare-and-swap: C does them. */
static void lower_wide(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int r = X64_NOREG, b = X64_NOREG, s = X64_NOREG;
	struct access a;

	if (in->op != IR_LDXV)
		b = jit_use_v(c, in->arg[1]) + JIT_XMM;
	if (in->op == IR_CASV)
		s = jit_use_v(c, in->arg[2]) + JIT_XMM;
	emit_addr(c, in, &a);
	r = in->op == IR_STXV ? jit_def(c, c->pos) : jit_def_v(c, c->pos) + JIT_XMM;
	OPERANDS(res, r, X64_NOREG);
	OPERANDS(arg, b, s);
	emit_slow_here(c, in, &a, res, arg);
}

static void lower_spcheck(struct jit_ctx *c, const struct ir_insn *in)
{
	OPERANDS(none, X64_NOREG, X64_NOREG);
	struct access a = { .addr = jit_use(c, in->arg[0]) };

	jit_flags_clobber(c);
	x64_test_imm(&c->e, false, a.addr, 15);
	a.slow[0] = x64_jcc(&c->e, CC_NE);
	emit_slow(c, in, &a, none, none);
}

void jit_lower_mem(struct jit_ctx *c, const struct ir_insn *in)
{
	switch (in->op) {
	case IR_LD:
	case IR_LDP: lower_load(c, in); break;
	case IR_ST:
	case IR_STP: lower_store(c, in); break;
	case IR_LDV:
	case IR_LDVP: lower_load_vec(c, in); break;
	case IR_STV:
	case IR_STVP: lower_store_vec(c, in); break;
	case IR_LDC:
	case IR_LDVC: lower_load_if(c, in); break;
	case IR_STC:
	case IR_STVC: lower_store_if(c, in); break;
	case IR_LDX: lower_ldx(c, in); break;
	case IR_STX: lower_stx(c, in); break;
	case IR_CAS: lower_cas(c, in); break;
	case IR_ATOMIC: lower_atomic(c, in); break;
	case IR_LDXV:
	case IR_STXV:
	case IR_CASV: lower_wide(c, in); break;
	case IR_SPCHECK: lower_spcheck(c, in); break;
	case IR_CLREX:
		x64_store_imm(&c->e, false, JIT_VCPU(excl_size), 0);
		break;
	case IR_BARRIER:
		if (in->aux == IR_BARRIER_FULL || in->aux == IR_BARRIER_ISB) {
			jit_flags_clobber(c);
			emit_full_barrier(&c->e);
		}
		break;
	default:
		c->fail = true;
	}
}
