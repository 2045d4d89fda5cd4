// SPDX-License-Identifier: GPL-2.0-only
/*
 * NZCV on host flags.  After an addition the host's carry is Arm's C, after a
 * subtraction its complement (DDI 0487, AddWithCarry); enum jit_flags says
 * which, and conditions are chosen to fit.
 */
#include "emu/x64/jit.h"

/* Image in AX: SF ZF . . . . . CF in AH as LAHF gives them, overflow in AL bit 0. */
#define IMG_N 0x8000u
#define IMG_Z 0x4000u
#define IMG_C 0x0100u
#define IMG_V 0x0001u

static u32 image_of(unsigned int nzcv)
{
	return (nzcv & 8 ? IMG_N : 0) | (nzcv & 4 ? IMG_Z : 0) | (nzcv & 2 ? IMG_C : 0) | (nzcv & 1 ? IMG_V : 0);
}

void jit_emit_flags_from_ax(struct x64_buf *e)
{
	x64_u8(e, 0x04);	/* add al, 127: overflows when AL is 1 */
	x64_u8(e, 0x7f);
	x64_u8(e, 0x9e);	/* sahf */
}

/*
 * UCOMIS a, b sets ZF PF CF: greater 000, less 001, equal 100, unordered 111.
 * The four images stand in one register in the order of ZF:CF.
 */
static void image_of_fcmp(struct x64_buf *e, bool swap)
{
	const u64 less = IMG_N, equal = IMG_Z | IMG_C, greater = IMG_C, unordered = IMG_C | IMG_V;

	x64_setcc(e, CC_E, RCX);
	x64_rr(e, 0x12, false, RCX, RCX);	/* adc cl, cl */
	x64_rr(e, 0xc0, false, SHIFT_SHL, RCX);	/* shl cl, 4 */
	x64_u8(e, 4);
	x64_mov_imm(e, RAX, unordered << 48 | equal << 32 | (swap ? greater << 16 | less : less << 16 | greater));
	x64_shift_cl(e, SHIFT_SHR, true, RAX);
}

static bool is_fcmp(enum jit_flags kind)
{
	return kind >= JIT_FLAGS_FCMP;
}

static bool is_swapped(enum jit_flags kind)
{
	return kind == JIT_FLAGS_FCMP_SWAP || kind == JIT_FLAGS_FCMP_SWAP_EQ;
}

/* If PF says unordered: ZF (@zf), PF and CF as given; AH is lost. */
static void set_unordered(struct x64_buf *e, bool zf)
{
	x64_u8(e, 0x7b);	/* jnp over the 6 bytes that follow */
	x64_u8(e, 6);
	x64_mov_imm(e, RAX, zf ? 0x4700 : 0x0700);
	x64_u8(e, 0x9e);	/* sahf */
}

/* Emission alone, for edges too. */
void jit_emit_image(struct x64_buf *e, enum jit_flags kind)
{
	if (is_fcmp(kind)) {
		if (kind >= JIT_FLAGS_FCMP_EQ)
			set_unordered(e, true);
		image_of_fcmp(e, is_swapped(kind));
		return;
	}
	if (kind == JIT_FLAGS_SUB)
		x64_u8(e, 0xf5);		/* cmc */
	x64_u8(e, 0x9f);			/* lahf */
	x64_setcc(e, CC_O, RAX);
}

enum jit_flags jit_emit_flags_image(struct jit_ctx *c, enum jit_flags kind)
{
	jit_emit_image(&c->e, kind);
	if (is_fcmp(kind)) {
		/* leave the same in the host flags, AX intact */
		x64_mov(&c->e, false, RCX, RAX);
		jit_emit_flags_from_ax(&c->e);
		x64_mov(&c->e, false, RAX, RCX);
	}
	return JIT_FLAGS_ADD;
}

/* By condition 0..13, for CF = C and CF = !C; 0xff: needs CMC first. */
static const u8 cond_add[14] = {
	CC_E, CC_NE, CC_B, CC_AE, CC_S, CC_NS, CC_O, CC_NO, 0xff, 0xff, CC_GE, CC_L, CC_G, CC_LE,
};
static const u8 cond_sub[14] = {
	CC_E, CC_NE, CC_AE, CC_B, CC_S, CC_NS, CC_O, CC_NO, CC_A, CC_BE, CC_GE, CC_L, CC_G, CC_LE,
};
/* After UCOMIS, and with its operands swapped; 0xff: no single condition.  EQ and NE: see jit_cond(). */
static const u8 cond_fcmp[2][14] = {
	{ CC_E, CC_NE, 0xff, 0xff, 0xff, 0xff, CC_P, CC_NP, 0xff, 0xff, CC_AE, CC_B, CC_A, CC_BE },
	{ CC_E, CC_NE, CC_BE, CC_A, CC_A, CC_BE, CC_P, CC_NP, CC_B, CC_AE, 0xff, 0xff, 0xff, 0xff },
};

enum x64_cc jit_cond(struct jit_ctx *c, unsigned int cond, enum jit_flags *kind)
{
	if (is_fcmp(*kind) && cond_fcmp[is_swapped(*kind)][cond] == 0xff)
		*kind = jit_emit_flags_image(c, *kind);
	if (cond < 2 && (*kind == JIT_FLAGS_FCMP || *kind == JIT_FLAGS_FCMP_SWAP)) {
		set_unordered(&c->e, false);
		*kind = *kind == JIT_FLAGS_FCMP ? JIT_FLAGS_FCMP_EQ : JIT_FLAGS_FCMP_SWAP_EQ;
	}
	if (*kind == JIT_FLAGS_ADD && cond_add[cond] == 0xff) {
		x64_u8(&c->e, 0xf5);	/* cmc */
		*kind = JIT_FLAGS_SUB;
	}
	if (c->eflags != IR_NONE)
		c->eflags_kind = *kind;
	if (is_fcmp(*kind))
		return cond_fcmp[is_swapped(*kind)][cond];
	return *kind == JIT_FLAGS_ADD ? cond_add[cond] : cond_sub[cond];
}

/* op a, b for flags alone. */
static void emit_cmp(struct jit_ctx *c, enum x64_alu k, const struct ir_insn *in, ir_ref ra, ir_ref rb)
{
	bool w = in->w != 32;
	unsigned int a = jit_use(c, ra);
	s32 imm;

	if (k == ALU_ADD) {
		x64_mov(&c->e, w, RAX, a);
		a = RAX;
	}
	if (jit_imm32(c, rb, in->w, &imm))
		x64_alu_imm(&c->e, k, w, a, imm);
	else
		x64_alu(&c->e, k, w, a, jit_use(c, rb));
}

static void lower_cmp(struct jit_ctx *c, const struct ir_insn *in)
{
	bool add = in->op == IR_FL_ADD;
	s32 imm;

	jit_use(c, in->arg[0]);
	if (!jit_imm32(c, in->arg[1], in->w, &imm))
		jit_use(c, in->arg[1]);
	jit_flags_clobber(c);
	emit_cmp(c, add ? ALU_ADD : ALU_CMP, in, in->arg[0], in->arg[1]);
	jit_flags_def(c, c->pos, add ? JIT_FLAGS_ADD : JIT_FLAGS_SUB);
}

/* Carry in the polarity that ADC (CF = C) or SBB (CF = !C) needs. */
void jit_carry_in(struct jit_ctx *c, ir_ref f, bool sbb)
{
	enum jit_flags kind = jit_flags_take(c, f);

	if (is_fcmp(kind))
		kind = jit_emit_flags_image(c, kind);
	if ((kind == JIT_FLAGS_SUB) != sbb)
		x64_u8(&c->e, 0xf5);
}

static void lower_adc(struct jit_ctx *c, const struct ir_insn *in)
{
	bool sbb = in->op == IR_FL_SBC, w = in->w != 32;
	unsigned int a = jit_use(c, in->arg[0]), b = jit_use(c, in->arg[1]);

	jit_carry_in(c, in->arg[2], sbb);
	x64_mov(&c->e, w, RDX, a);
	x64_alu(&c->e, sbb ? ALU_SBB : ALU_ADC, w, RDX, b);
	jit_flags_def(c, c->pos, sbb ? JIT_FLAGS_SUB : JIT_FLAGS_ADD);
}

static void lower_logic(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int a;

	if (c->zn_of == in->arg[0] && c->zn_of != IR_NONE && c->zn_w == in->w) {
		jit_flags_def(c, c->pos, JIT_FLAGS_ADD);
		return;
	}
	a = jit_use(c, in->arg[0]);
	jit_flags_clobber(c);
	x64_test(&c->e, in->w != 32, a, a);
	jit_flags_def(c, c->pos, JIT_FLAGS_ADD);
}

/* FL_NZ, FL_LOGICC: N and Z of a; C and V of older flags, or C of an integer. */
static void lower_nz(struct jit_ctx *c, const struct ir_insn *in)
{
	bool logicc = in->op == IR_FL_LOGICC;
	struct x64_buf *e = &c->e;
	unsigned int a = jit_use(c, in->arg[0]), b = logicc ? jit_use(c, in->arg[1]) : X64_NOREG;

	jit_flags_to_ax(c, in->arg[logicc ? 2 : 1]);
	x64_mov(e, false, RDX, RAX);
	c->args_done = true;
	jit_flags_clobber(c);		/* may use RAX, RCX */
	x64_alu_imm(e, ALU_AND, false, RDX, logicc ? IMG_V : IMG_C | IMG_V);
	if (logicc) {
		x64_mov(e, false, RCX, b);
		x64_alu_imm(e, ALU_AND, false, RCX, 1);
		x64_shift_imm(e, SHIFT_SHL, false, RCX, 8);
		x64_alu(e, ALU_OR, false, RDX, RCX);
	}
	x64_test(e, in->w != 32, a, a);
	x64_u8(e, 0x9f);		/* lahf */
	x64_alu_imm(e, ALU_AND, false, RAX, IMG_N | IMG_Z);
	x64_alu(e, ALU_OR, false, RAX, RDX);
	jit_emit_flags_from_ax(e);
	jit_flags_def(c, c->pos, JIT_FLAGS_ADD);
}

static void lower_make(struct jit_ctx *c, const struct ir_insn *in)
{
	struct x64_buf *e = &c->e;
	unsigned int a = jit_use(c, in->arg[0]);

	jit_flags_clobber(c);
	x64_mov(e, false, RAX, a);
	x64_shift_imm(e, SHIFT_SHR, false, RAX, 16);	/* N 15, Z 14, C 13, V 12 */
	x64_mov(e, false, RCX, RAX);
	x64_mov(e, false, RDX, RAX);
	x64_alu_imm(e, ALU_AND, false, RAX, IMG_N | IMG_Z);
	x64_shift_imm(e, SHIFT_SHR, false, RDX, 5);
	x64_alu_imm(e, ALU_AND, false, RDX, IMG_C);
	x64_alu(e, ALU_OR, false, RAX, RDX);
	x64_shift_imm(e, SHIFT_SHR, false, RCX, 12);
	x64_alu_imm(e, ALU_AND, false, RCX, IMG_V);
	x64_alu(e, ALU_OR, false, RAX, RCX);
	jit_emit_flags_from_ax(e);
	jit_flags_def(c, c->pos, JIT_FLAGS_ADD);
}

static void lower_get(struct jit_ctx *c, const struct ir_insn *in)
{
	struct x64_buf *e = &c->e;
	unsigned int d;

	d = jit_def(c, c->pos);
	jit_flags_to_ax(c, in->arg[0]);
	x64_mov(e, false, RDX, RAX);
	c->args_done = true;
	jit_flags_clobber(c);		/* may use RAX, RCX */
	x64_mov(e, false, RAX, RDX);
	x64_mov(e, false, d, RDX);
	x64_alu_imm(e, ALU_AND, false, d, IMG_N | IMG_Z);
	x64_shift_imm(e, SHIFT_SHL, false, d, 16);
	x64_alu_imm(e, ALU_AND, false, RDX, IMG_C);
	x64_shift_imm(e, SHIFT_SHL, false, RDX, 29 - 8);
	x64_alu(e, ALU_OR, false, d, RDX);
	x64_alu_imm(e, ALU_AND, false, RAX, IMG_V);
	x64_shift_imm(e, SHIFT_SHL, false, RAX, 28);
	x64_alu(e, ALU_OR, false, d, RAX);
}

static void lower_ccmp(struct jit_ctx *c, const struct ir_insn *in)
{
	struct x64_buf *e = &c->e;
	bool add = in->op == IR_FL_CCMN;
	u32 image = image_of(in->imm);
	enum jit_flags kind;
	enum x64_cc cc;
	u8 *yes, *end;
	s32 imm;

	jit_use(c, in->arg[1]);
	if (!jit_imm32(c, in->arg[2], in->w, &imm))
		jit_use(c, in->arg[2]);
	kind = jit_flags_take(c, in->arg[0]);
	if (in->aux < 14) {
		cc = jit_cond(c, in->aux, &kind);
		yes = x64_jcc(e, cc);
		if (!add)
			image ^= IMG_C;		/* the other path ends in CF = !C */
		x64_mov_imm(e, RAX, image);
		jit_emit_flags_from_ax(e);
		end = x64_jmp(e);
		x64_patch(yes, e->p);
		emit_cmp(c, add ? ALU_ADD : ALU_CMP, in, in->arg[1], in->arg[2]);
		x64_patch(end, e->p);
	} else {
		emit_cmp(c, add ? ALU_ADD : ALU_CMP, in, in->arg[1], in->arg[2]);
	}
	jit_flags_def(c, c->pos, add ? JIT_FLAGS_ADD : JIT_FLAGS_SUB);
}

static void lower_sel(struct jit_ctx *c, const struct ir_insn *in)
{
	struct x64_buf *e = &c->e;
	unsigned int b = jit_temp(c), d = jit_temp(c);
	enum jit_flags kind;

	jit_flags_to_ax(c, in->arg[1]);
	x64_mov(e, false, b, RAX);
	jit_flags_to_ax(c, in->arg[2]);
	x64_mov(e, false, d, RAX);
	kind = jit_flags_take(c, in->arg[0]);
	x64_cmov(e, jit_cond(c, in->aux < 14 ? in->aux : 0, &kind), false, d, b);
	x64_mov(e, false, RAX, in->aux < 14 ? d : b);
	jit_emit_flags_from_ax(e);
	jit_flags_def(c, c->pos, JIT_FLAGS_ADD);
}

void jit_lower_flags(struct jit_ctx *c, const struct ir_insn *in)
{
	if (jit_fused(c, in))
		return;
	switch (in->op) {
	case IR_FL_ADD:
	case IR_FL_SUB:
		lower_cmp(c, in);
		break;
	case IR_FL_ADC:
	case IR_FL_SBC:
		lower_adc(c, in);
		break;
	case IR_FL_LOGIC:
		lower_logic(c, in);
		break;
	case IR_FL_CONST:
		jit_flags_clobber(c);
		x64_mov_imm(&c->e, RAX, image_of(in->imm));
		jit_emit_flags_from_ax(&c->e);
		jit_flags_def(c, c->pos, JIT_FLAGS_ADD);
		break;
	case IR_FL_NZ:
	case IR_FL_LOGICC:
		lower_nz(c, in);
		break;
	case IR_FL_MAKE:
		lower_make(c, in);
		break;
	case IR_FL_GET:
		lower_get(c, in);
		break;
	case IR_FL_CCMN:
	case IR_FL_CCMP:
		lower_ccmp(c, in);
		break;
	case IR_FL_SEL:
		lower_sel(c, in);
		break;
	}
}
