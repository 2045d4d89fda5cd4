// SPDX-License-Identifier: GPL-2.0-only
/* Integer operations.  Results of width 32 are zero-extended by the host itself. */
#include "emu/x64/jit.h"

static bool flags_live(const struct jit_ctx *c)
{
	ir_ref f = c->eflags;

	return f != IR_NONE && c->val[f].last > c->pos && c->val[f].home == 0xff && c->val[f].slot < 0;
}

/* d = a op b for a two-operand ALU instruction; sets the host flags. */
static void emit_alu2(struct jit_ctx *c, enum x64_alu k, const struct ir_insn *in, ir_ref r)
{
	bool w = in->w != 32;
	unsigned int d, b;
	s32 imm;

	if (jit_imm32(c, in->arg[1], in->w, &imm)) {
		d = jit_def_copy(c, r, in->arg[0]);
		x64_alu_imm(&c->e, k, w, d, imm);
		return;
	}
	b = jit_use(c, in->arg[1]);
	d = jit_def_copy(c, r, in->arg[0]);
	x64_alu(&c->e, k, w, d, b);
}

/* ---- value and flags of one sum ---- */

static enum ir_op partner(enum ir_op op)
{
	switch (op) {
	case IR_ADD: return IR_FL_ADD;
	case IR_SUB: return IR_FL_SUB;
	case IR_ADC: return IR_FL_ADC;
	case IR_SBC: return IR_FL_SBC;
	case IR_FL_ADD: return IR_ADD;
	case IR_FL_SUB: return IR_SUB;
	case IR_FL_ADC: return IR_ADC;
	case IR_FL_SBC: return IR_SBC;
	default: return IR_OP_COUNT;
	}
}

bool jit_fused(struct jit_ctx *c, const struct ir_insn *in)
{
	const struct ir_insn *next = in + 1;
	bool value_first = in->op == IR_ADD || in->op == IR_SUB || in->op == IR_ADC || in->op == IR_SBC;
	ir_ref value = value_first ? c->pos : c->pos + 1, flags = value_first ? c->pos + 1 : c->pos;
	enum ir_op op = value_first ? in->op : next->op;
	static const struct { u8 alu, kind; } how[] = {
		[IR_ADD - IR_ADD] = { ALU_ADD, JIT_FLAGS_ADD },
		[IR_SUB - IR_ADD] = { ALU_SUB, JIT_FLAGS_SUB },
		[IR_ADC - IR_ADD] = { ALU_ADC, JIT_FLAGS_ADD },
		[IR_SBC - IR_ADD] = { ALU_SBB, JIT_FLAGS_SUB },
	};

	if (c->pos + 1u >= c->b->n || partner(in->op) != next->op || in->w != next->w ||
	    memcmp(in->arg, next->arg, sizeof(in->arg)))
		return false;
	c->pos++;
	if (op == IR_ADC || op == IR_SBC) {
		jit_use(c, in->arg[0]);
		jit_use(c, in->arg[1]);
		jit_carry_in(c, in->arg[2], op == IR_SBC);
	} else {
		jit_flags_clobber(c);
	}
	emit_alu2(c, how[op - IR_ADD].alu, next, value);
	jit_flags_def(c, flags, how[op - IR_ADD].kind);
	return true;
}

/* ---- sums ---- */

static void lower_add(struct jit_ctx *c, const struct ir_insn *in)
{
	bool w = in->w != 32;
	unsigned int a, b, d;
	s32 imm;

	if (jit_fused(c, in))
		return;
	if (jit_imm32(c, in->arg[1], 64, &imm) || (in->w == 32 && jit_imm32(c, in->arg[1], 32, &imm))) {
		a = jit_use(c, in->arg[0]);
		if (!flags_live(c) && jit_takes_over(c, in->arg[0])) {
			jit_flags_clobber(c);
			x64_alu_imm(&c->e, ALU_ADD, w, jit_def_copy(c, c->pos, in->arg[0]), imm);
			return;
		}
		d = jit_def(c, c->pos);
		x64_lea(&c->e, w, d, x64_at(a, imm));
		return;
	}
	a = jit_use(c, in->arg[0]);
	b = jit_use(c, in->arg[1]);
	d = jit_def(c, c->pos);
	x64_lea(&c->e, w, d, x64_at_index(a, b, 0, 0));
}

static void lower_sub(struct jit_ctx *c, const struct ir_insn *in)
{
	s32 imm;

	if (jit_fused(c, in))
		return;
	if (jit_imm32(c, in->arg[1], in->w, &imm) && imm != (s32)0x80000000) {
		unsigned int a = jit_use(c, in->arg[0]), d = jit_def(c, c->pos);

		x64_lea(&c->e, in->w != 32, d, x64_at(a, -imm));
		return;
	}
	jit_flags_clobber(c);
	emit_alu2(c, ALU_SUB, in, c->pos);
}

static void lower_carry(struct jit_ctx *c, const struct ir_insn *in)
{
	bool sbb = in->op == IR_SBC;

	if (jit_fused(c, in))
		return;
	jit_use(c, in->arg[0]);
	jit_use(c, in->arg[1]);
	jit_carry_in(c, in->arg[2], sbb);
	emit_alu2(c, sbb ? ALU_SBB : ALU_ADC, in, c->pos);
}

static void lower_neg(struct jit_ctx *c, const struct ir_insn *in, unsigned int ext)
{
	unsigned int d;

	if (in->op == IR_NEG)
		jit_flags_clobber(c);
	d = jit_def_copy(c, c->pos, in->arg[0]);
	x64_rr(&c->e, 0xf7, in->w != 32, ext, d);	/* /2 not, /3 neg */
}

/* ---- logic ---- */

static void lower_and(struct jit_ctx *c, const struct ir_insn *in)
{
	const struct ir_insn *next = in + 1;
	bool w = in->w != 32;
	unsigned int a, d;
	u64 v;
	s32 imm;

	if (in->uses == 1 && c->pos + 1u < c->b->n && next->op == IR_FL_LOGIC &&
	    next->arg[0] == c->pos && next->w == in->w) {	/* TST */
		jit_flags_clobber(c);
		a = jit_use(c, in->arg[0]);
		if (jit_imm32(c, in->arg[1], in->w, &imm))
			x64_test_imm(&c->e, w, a, imm);
		else
			x64_test(&c->e, w, a, jit_use(c, in->arg[1]));
		c->pos++;
		jit_flags_def(c, c->pos, JIT_FLAGS_ADD);
		return;
	}
	if (jit_const(c, in->arg[1], &v) && (v == 0xff || v == 0xffff || v == 0xffffffff)) {
		a = jit_use(c, in->arg[0]);
		d = jit_def(c, c->pos);
		if (v == 0xffffffff)
			x64_mov(&c->e, false, d, a);
		else
			x64_rr(&c->e, X_0F | (v == 0xff ? X_B | 0xb6 : 0xb7), false, d, a);
		return;
	}
	jit_flags_clobber(c);
	emit_alu2(c, ALU_AND, in, c->pos);
	c->zn_of = c->pos;
	c->zn_w = in->w;
}

static void lower_logic(struct jit_ctx *c, const struct ir_insn *in, enum x64_alu k)
{
	jit_flags_clobber(c);
	emit_alu2(c, k, in, c->pos);
	c->zn_of = c->pos;
	c->zn_w = in->w;
}

/* a op ~b */
static void lower_logic_not(struct jit_ctx *c, const struct ir_insn *in, enum x64_alu k)
{
	bool w = in->w != 32;
	unsigned int a, b, d;

	jit_flags_clobber(c);
	b = jit_use(c, in->arg[1]);
	if (k == ALU_AND && c->jit->host.bmi1) {
		a = jit_use(c, in->arg[0]);
		d = jit_def(c, c->pos);
		x64_vex_rr(&c->e, X_0F38 | 0xf2, w, d, b, a);	/* andn */
	} else {
		x64_mov(&c->e, w, RAX, b);
		x64_rr(&c->e, 0xf7, w, 2, RAX);
		d = jit_def_copy(c, c->pos, in->arg[0]);
		x64_alu(&c->e, k, w, d, RAX);
	}
	c->zn_of = c->pos;
	c->zn_w = in->w;
}

/* ---- shifts ---- */

static void lower_shift(struct jit_ctx *c, const struct ir_insn *in)
{
	static const u8 kind[] = { SHIFT_SHL, SHIFT_SHR, SHIFT_SAR, SHIFT_ROR };
	static const u32 bmi[] = { X_66, X_F2, X_F3 };
	unsigned int k = in->op - IR_SHL, a, b, d;
	bool w = in->w != 32;
	u64 n;

	if (jit_const(c, in->arg[1], &n)) {
		n &= w ? 63 : 31;
		if (n)
			jit_flags_clobber(c);
		d = jit_def_copy(c, c->pos, in->arg[0]);
		if (n)
			x64_shift_imm(&c->e, kind[k], w, d, n);
		else if (!w)
			x64_mov(&c->e, false, d, d);
		return;
	}
	b = jit_use(c, in->arg[1]);
	if (c->jit->host.bmi2 && in->op != IR_ROR) {
		a = jit_use(c, in->arg[0]);
		d = jit_def(c, c->pos);
		x64_vex_rr(&c->e, X_0F38 | bmi[k] | 0xf7, w, d, b, a);	/* shlx, shrx, sarx */
		return;
	}
	jit_flags_clobber(c);
	x64_mov(&c->e, false, RCX, b);
	d = jit_def_copy(c, c->pos, in->arg[0]);
	x64_shift_cl(&c->e, kind[k], w, d);
	if (!w)
		x64_mov(&c->e, false, d, d);	/* a count of 0 writes nothing */
}

static void lower_extr(struct jit_ctx *c, const struct ir_insn *in)
{
	bool w = in->w != 32;
	unsigned int a, d;

	jit_flags_clobber(c);
	a = jit_use(c, in->arg[0]);
	d = jit_def_copy(c, c->pos, in->arg[1]);
	if (in->arg[0] == in->arg[1])
		x64_shift_imm(&c->e, SHIFT_ROR, w, d, in->aux);
	else
		x64_rri8(&c->e, X_0F | 0xac, w, a, d, in->aux);	/* shrd d, a */
}

static void lower_ext(struct jit_ctx *c, const struct ir_insn *in)
{
	bool w = in->w != 32, sign = in->op == IR_SEXT;
	unsigned int bits = in->aux, a, d, up;

	if (bits == 8 || bits == 16 || bits == 32) {
		a = jit_use(c, in->arg[0]);
		d = jit_def(c, c->pos);
		if (bits == 32 && sign && w)
			x64_rr(&c->e, 0x63, true, d, a);	/* movsxd */
		else if (bits == 32)
			x64_mov(&c->e, false, d, a);
		else
			x64_rr(&c->e, X_0F | (sign ? 0xbe : 0xb6) | (bits == 16) | (bits == 8 ? X_B : 0),
			       sign && w, d, a);
		return;
	}
	jit_flags_clobber(c);
	d = jit_def_copy(c, c->pos, in->arg[0]);
	if (!sign && bits < 32) {
		x64_alu_imm(&c->e, ALU_AND, false, d, (1u << bits) - 1);
		return;
	}
	if (bits > 32)
		w = true;
	up = (w ? 64 : 32) - bits;
	x64_shift_imm(&c->e, SHIFT_SHL, w, d, up);
	x64_shift_imm(&c->e, sign ? SHIFT_SAR : SHIFT_SHR, w, d, up);
}

static void lower_bfi(struct jit_ctx *c, const struct ir_insn *in)
{
	struct x64_buf *e = &c->e;
	unsigned int lsb = in->aux, width = in->imm, size = in->w == 32 ? 32 : 64, b, d;
	u64 mask = (width == 64 ? ~0ull : (1ull << width) - 1) << lsb, keep = ~mask;
	bool w = size == 64;

	if (!w)
		keep = (u32)keep;
	jit_flags_clobber(c);
	b = jit_use(c, in->arg[1]);
	x64_mov(e, w, RAX, b);
	if (width != size) {
		x64_shift_imm(e, SHIFT_SHL, w, RAX, size - width);
		if (size - width - lsb)
			x64_shift_imm(e, SHIFT_SHR, w, RAX, size - width - lsb);
	}
	d = jit_def_copy(c, c->pos, in->arg[0]);
	if (!w || (s64)keep == (s32)keep) {
		x64_alu_imm(e, ALU_AND, w, d, (s32)keep);
	} else {
		x64_mov_imm(e, RCX, keep);
		x64_alu(e, ALU_AND, true, d, RCX);
	}
	x64_alu(e, ALU_OR, w, d, RAX);
}

/* ---- products and quotients ---- */

static void lower_mul(struct jit_ctx *c, const struct ir_insn *in)
{
	struct x64_buf *e = &c->e;
	unsigned int a, b, d;
	s32 imm;

	jit_flags_clobber(c);
	if (in->op == IR_MUL && jit_imm32(c, in->arg[1], in->w, &imm)) {
		a = jit_use(c, in->arg[0]);
		d = jit_def(c, c->pos);
		x64_rr(e, 0x69, in->w != 32, d, a);
		x64_u32(e, imm);
		return;
	}
	b = jit_use(c, in->arg[1]);
	if (in->op == IR_MUL) {
		d = jit_def_copy(c, c->pos, in->arg[0]);
		x64_rr(e, X_0F | 0xaf, in->w != 32, d, b);
		return;
	}
	a = jit_use(c, in->arg[0]);
	d = jit_def(c, c->pos);
	switch (in->op) {
	case IR_SMULL:
		x64_rr(e, 0x63, true, RAX, a);
		x64_rr(e, 0x63, true, RCX, b);
		x64_rr(e, X_0F | 0xaf, true, RAX, RCX);
		x64_mov(e, true, d, RAX);
		break;
	case IR_UMULL:
		x64_mov(e, false, RAX, a);
		x64_mov(e, false, RCX, b);
		x64_rr(e, X_0F | 0xaf, true, RAX, RCX);
		x64_mov(e, true, d, RAX);
		break;
	default:
		x64_mov(e, true, RAX, a);
		x64_rr(e, 0xf7, true, in->op == IR_SMULH ? 5 : 4, b);
		x64_mov(e, true, d, RDX);
	}
}

static void lower_div(struct jit_ctx *c, const struct ir_insn *in)
{
	struct x64_buf *e = &c->e;
	bool w = in->w != 32, sign = in->op == IR_SDIV;
	unsigned int a, b, d;
	u8 *zero, *minus = NULL, *end = NULL;

	jit_flags_clobber(c);
	a = jit_use(c, in->arg[0]);
	b = jit_use(c, in->arg[1]);
	d = jit_def(c, c->pos);
	x64_alu(e, ALU_XOR, false, RAX, RAX);
	x64_test(e, w, b, b);
	zero = x64_jcc(e, CC_E);
	x64_mov(e, w, RAX, a);
	if (sign) {
		x64_alu_imm(e, ALU_CMP, w, b, -1);	/* MIN / -1 would trap */
		minus = x64_jcc(e, CC_E);
		if (w)
			x64_u8(e, 0x48);
		x64_u8(e, 0x99);			/* cdq, cqo */
		x64_rr(e, 0xf7, w, 7, b);
		end = x64_jmp(e);
		x64_patch(minus, e->p);
		x64_rr(e, 0xf7, w, 3, RAX);		/* neg */
		x64_patch(end, e->p);
	} else {
		x64_alu(e, ALU_XOR, false, RDX, RDX);
		x64_rr(e, 0xf7, w, 6, b);
	}
	x64_patch(zero, e->p);
	x64_mov(e, w, d, RAX);
}

/* ---- bits and bytes ---- */

/* d = leading zeros of s in width w. */
static void emit_clz(struct jit_ctx *c, bool w, unsigned int d, unsigned int s)
{
	struct x64_buf *e = &c->e;

	if (c->jit->host.lzcnt) {
		x64_rr(e, X_0F | X_F3 | 0xbd, w, d, s);
		return;
	}
	x64_mov_imm(e, RDX, w ? 127 : 63);
	x64_rr(e, X_0F | 0xbd, w, RCX, s);		/* bsr; ZF when s is 0 */
	x64_cmov(e, CC_E, w, RCX, RDX);
	x64_alu_imm(e, ALU_XOR, false, RCX, w ? 63 : 31);
	x64_mov(e, false, d, RCX);
}

static void lower_clz(struct jit_ctx *c, const struct ir_insn *in)
{
	struct x64_buf *e = &c->e;
	bool w = in->w != 32;
	unsigned int a, d;

	jit_flags_clobber(c);
	a = jit_use(c, in->arg[0]);
	d = jit_def(c, c->pos);
	if (in->op == IR_CLZ) {
		emit_clz(c, w, d, a);
		return;
	}
	/* CLS: leading zeros of x ^ (x >> 1), one of them does not count */
	x64_mov(e, w, RAX, a);
	x64_shift_imm(e, SHIFT_SAR, w, RAX, 1);
	x64_alu(e, ALU_XOR, w, RAX, a);
	emit_clz(c, w, d, RAX);
	x64_alu_imm(e, ALU_SUB, false, d, 1);
}

static void emit_bswap(struct x64_buf *e, bool w, unsigned int r)
{
	if (!x64_room(e))
		return;
	if (w || r >= 8)
		*e->p++ = 0x40 | w << 3 | (r >= 8);
	*e->p++ = 0x0f;
	*e->p++ = 0xc8 | (r & 7);
}

/* RAX = (RAX & mask) << n | (RAX >> n) & mask */
static void emit_swap_bits(struct x64_buf *e, bool w, u64 mask, unsigned int n)
{
	x64_mov(e, w, RDX, RAX);
	x64_mov_imm(e, RCX, w ? mask : (u32)mask);
	x64_shift_imm(e, SHIFT_SHR, w, RDX, n);
	x64_alu(e, ALU_AND, w, RAX, RCX);
	x64_alu(e, ALU_AND, w, RDX, RCX);
	x64_shift_imm(e, SHIFT_SHL, w, RAX, n);
	x64_alu(e, ALU_OR, w, RAX, RDX);
}

static void lower_rev(struct jit_ctx *c, const struct ir_insn *in)
{
	struct x64_buf *e = &c->e;
	bool w = in->w != 32;
	unsigned int d;

	jit_flags_clobber(c);
	jit_arg(c, RAX, in->arg[0]);
	d = jit_def(c, c->pos);
	switch (in->op) {
	case IR_RBIT:
		emit_swap_bits(e, w, 0x5555555555555555, 1);
		emit_swap_bits(e, w, 0x3333333333333333, 2);
		emit_swap_bits(e, w, 0x0f0f0f0f0f0f0f0f, 4);
		emit_bswap(e, w, RAX);
		break;
	case IR_REV:
		emit_bswap(e, w, RAX);
		break;
	case IR_REV16:
		emit_swap_bits(e, w, 0x00ff00ff00ff00ff, 8);
		break;
	case IR_REV32:
		emit_bswap(e, true, RAX);
		x64_shift_imm(e, SHIFT_ROL, true, RAX, 32);
		break;
	}
	x64_mov(e, w, d, RAX);
}

static void lower_csel(struct jit_ctx *c, const struct ir_insn *in)
{
	bool w = in->w != 32;
	enum jit_flags kind;
	enum x64_cc cc;
	unsigned int t, d;
	u64 vt, vf;

	if (in->aux >= 14) {
		d = jit_def_copy(c, c->pos, in->arg[1]);
		if (!w)
			x64_mov(&c->e, false, d, d);
		return;
	}
	if (jit_const(c, in->arg[1], &vt) && jit_const(c, in->arg[2], &vf) && (vt ^ vf) == 1 && vt + vf == 1) {
		kind = jit_flags_load(c, in->arg[0]);
		cc = jit_cond(c, in->aux, &kind);
		d = jit_def(c, c->pos);
		x64_setcc(&c->e, vt ? cc : cc ^ 1, d);
		x64_rr(&c->e, X_0F | X_B | 0xb6, false, d, d);
		return;
	}
	t = jit_use(c, in->arg[1]);
	jit_use(c, in->arg[2]);
	kind = jit_flags_load(c, in->arg[0]);
	cc = jit_cond(c, in->aux, &kind);
	d = jit_def_copy(c, c->pos, in->arg[2]);
	x64_cmov(&c->e, cc, w, d, t);
}

static void lower_crc32c(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int b = jit_use(c, in->arg[1]), d;
	u32 op = X_0F38 | X_F2 | 0xf1;

	if (in->aux == 1)
		jit_flags_clobber(c);
	if (in->arg[0] == in->arg[1]) {	/* one register for both would be changed under way */
		x64_mov(&c->e, true, RDX, b);
		b = RDX;
	}
	d = jit_def_copy(c, c->pos, in->arg[0]);	/* may be b, when both arguments are one value */
	switch (in->aux) {
	case 0:
		x64_rr(&c->e, X_0F38 | X_F2 | X_B | 0xf0, false, d, b);
		break;
	case 1:		/* the 16-bit form has two prefixes: two bytes do as well */
		x64_mov(&c->e, false, RAX, b);
		x64_shift_imm(&c->e, SHIFT_SHR, false, RAX, 8);
		x64_rr(&c->e, X_0F38 | X_F2 | X_B | 0xf0, false, d, b);
		x64_rr(&c->e, X_0F38 | X_F2 | X_B | 0xf0, false, d, RAX);
		break;
	default:
		x64_rr(&c->e, op, in->aux == 3, d, b);
	}
}

static void lower_daif(struct jit_ctx *c, const struct ir_insn *in)
{
	struct x64_buf *e = &c->e;
	unsigned int r;

	jit_flags_clobber(c);
	if (in->op == IR_LDDAIF) {
		r = jit_def(c, c->pos);
		x64_load(e, false, r, JIT_VCPU(st.pstate));
		x64_alu_imm(e, ALU_AND, false, r, PSR_DAIF);
		return;
	}
	r = jit_use(c, in->arg[0]);
	x64_mov(e, false, RAX, r);
	x64_alu_imm(e, ALU_AND, false, RAX, PSR_DAIF);
	x64_load(e, false, RCX, JIT_VCPU(st.pstate));
	x64_alu_imm(e, ALU_AND, false, RCX, ~PSR_DAIF);
	x64_alu(e, ALU_OR, false, RAX, RCX);
	x64_store(e, false, JIT_VCPU(st.pstate), RAX);
}

static struct x64_mem ctl_mem(const struct ir_insn *in)
{
	return in->aux == IR_CTL_PSTATE ? JIT_VCPU(st.pstate) :
	       in->aux == IR_CTL_FPSR ? JIT_VCPU(st.fpsr) : JIT_VCPU(st.fpcr);
}

static void lower_ctl(struct jit_ctx *c, const struct ir_insn *in)
{
	struct x64_buf *e = &c->e;
	u32 mask = (u32)in->imm;
	unsigned int r;

	jit_flags_clobber(c);
	if (in->op == IR_LDCTL) {
		r = jit_def(c, c->pos);
		x64_load(e, false, r, ctl_mem(in));
		x64_alu_imm(e, ALU_AND, false, r, (s32)mask);
		return;
	}
	jit_arg(c, RAX, in->arg[0]);
	x64_alu_imm(e, ALU_AND, false, RAX, (s32)mask);
	x64_load(e, false, RCX, ctl_mem(in));
	x64_alu_imm(e, ALU_AND, false, RCX, (s32)~mask);
	x64_alu(e, ALU_OR, false, RAX, RCX);
	x64_store(e, false, ctl_mem(in), RAX);
}

void jit_lower_int(struct jit_ctx *c, const struct ir_insn *in)
{
	switch (in->op) {
	case IR_LDSYS:
		x64_load(&c->e, true, jit_def(c, c->pos), x64_at(JIT_STATE, JIT_OFF(st.sys) + 8 * (s32)in->imm));
		break;
	case IR_STSYS:
		x64_store(&c->e, true, x64_at(JIT_STATE, JIT_OFF(st.sys) + 8 * (s32)in->imm),
			  jit_use(c, in->arg[0]));
		break;
	case IR_LDDAIF:
	case IR_STDAIF: lower_daif(c, in); break;
	case IR_LDCTL:
	case IR_STCTL: lower_ctl(c, in); break;
	case IR_ADD: lower_add(c, in); break;
	case IR_SUB: lower_sub(c, in); break;
	case IR_ADC:
	case IR_SBC: lower_carry(c, in); break;
	case IR_AND: lower_and(c, in); break;
	case IR_OR: lower_logic(c, in, ALU_OR); break;
	case IR_XOR: lower_logic(c, in, ALU_XOR); break;
	case IR_ANDN: lower_logic_not(c, in, ALU_AND); break;
	case IR_ORN: lower_logic_not(c, in, ALU_OR); break;
	case IR_XORN: lower_logic_not(c, in, ALU_XOR); break;
	case IR_NOT: lower_neg(c, in, 2); break;
	case IR_NEG: lower_neg(c, in, 3); break;
	case IR_SHL ... IR_ROR: lower_shift(c, in); break;
	case IR_MUL ... IR_UMULL: lower_mul(c, in); break;
	case IR_SDIV:
	case IR_UDIV: lower_div(c, in); break;
	case IR_CLZ:
	case IR_CLS: lower_clz(c, in); break;
	case IR_RBIT ... IR_REV32: lower_rev(c, in); break;
	case IR_SEXT:
	case IR_ZEXT: lower_ext(c, in); break;
	case IR_EXTR: lower_extr(c, in); break;
	case IR_BFI: lower_bfi(c, in); break;
	case IR_CSEL: lower_csel(c, in); break;
	case IR_CRC32C: lower_crc32c(c, in); break;
	case IR_CRC32:
		if (!jit_lower_crypto(c, in))
			jit_lower_control(c, in);
		break;
	default: c->fail = true;
	}
}
