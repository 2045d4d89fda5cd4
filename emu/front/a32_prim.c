// SPDX-License-Identifier: GPL-2.0-only
/* Registers and memory for A32 and T32, predicated: see a32.h. */
#include "arm/bank32.h"
#include "emu/front/a32.h"

/* ---- general registers ---- */

u32 a32_pc(const struct front *f)
{
	return a32_thumb(f) ? (u32)(f->pc - 1 + 4) : (u32)(f->pc + 8);
}

ir_ref a32_get(struct front *f, unsigned int n)
{
	if (n == 15)
		return ir_const(f->b, a32_pc(f));
	return ir_get_x(f->b, bank32_x(a32_mode(f), n));
}

ir_ref a32_get_banked(struct front *f, u32 mode, unsigned int n)
{
	return ir_get_x(f->b, bank32_x(mode, n));
}

void a32_set_banked(struct front *f, u32 mode, unsigned int n, ir_ref v)
{
	unsigned int x = bank32_x(mode, n);

	if (a32_conditional(f))
		v = ir_opx(f->b, IR_CSEL, 32, f->cond, 0, f->flags, v, ir_get_x(f->b, x));
	ir_set_x(f->b, x, v);
}

void a32_set(struct front *f, unsigned int n, ir_ref v)
{
	a32_set_banked(f, a32_mode(f), n, v);
}

void a32_set_loaded(struct front *f, unsigned int n, ir_ref v)
{
	ir_set_x(f->b, bank32_x(a32_mode(f), n), v);
}

void a32_set_flags(struct front *f, ir_ref flags)
{
	if (a32_conditional(f))
		flags = ir_opx(f->b, IR_FL_SEL, 64, f->cond, 0, f->flags, flags, ir_get_f(f->b));
	ir_set_f(f->b, flags);
}

/* ---- memory ---- */

static bool big_endian(const struct front *f, unsigned int mop)
{
	return (f->b->mode & IR_MODE_E) && (mop & IR_MO_SIZE);
}

static ir_ref reverse(struct front *f, unsigned int mop, ir_ref v)
{
	unsigned int size = mop & IR_MO_SIZE;

	if (size == 1)
		return ir_op(f->b, IR_REV16, 32, v, IR_NONE, IR_NONE);
	return ir_op(f->b, IR_REV, size == 3 ? 64 : 32, v, IR_NONE, IR_NONE);
}

static ir_ref load(struct front *f, unsigned int w, unsigned int mop, ir_ref addr, s64 disp, ir_ref old)
{
	if (!a32_conditional(f))
		return ir_mem(f->b, IR_LD, w, mop, disp, addr, IR_NONE, IR_NONE);
	return ir_mem_if(f->b, IR_LDC, w, mop, f->cond, f->flags, disp, addr, old ? old : ir_const(f->b, 0));
}

ir_ref a32_ld(struct front *f, unsigned int w, unsigned int mop, ir_ref addr, s64 disp, ir_ref old)
{
	ir_ref v;

	if (!big_endian(f, mop))
		return load(f, w, mop, addr, disp, old);
	v = reverse(f, mop, load(f, w, mop & ~IR_MO_SIGN, addr, disp, IR_NONE));
	if (mop & IR_MO_SIGN)
		v = ir_opx(f->b, IR_SEXT, w, 8u << (mop & IR_MO_SIZE), 0, v, IR_NONE, IR_NONE);
	if (a32_conditional(f) && old)
		v = ir_opx(f->b, IR_CSEL, w, f->cond, 0, f->flags, v, old);
	return v;
}

void a32_st(struct front *f, unsigned int mop, ir_ref addr, s64 disp, ir_ref v)
{
	unsigned int w = (mop & IR_MO_SIZE) == 3 ? 64 : 32;

	if (big_endian(f, mop))
		v = reverse(f, mop, v);
	if (a32_conditional(f))
		ir_mem_if(f->b, IR_STC, w, mop, f->cond, f->flags, disp, addr, v);
	else
		ir_mem(f->b, IR_ST, w, mop, disp, addr, v, IR_NONE);
}

/* The bytes of each element of 1 << es bytes reversed. */
static ir_ref reverse_v(struct front *f, unsigned int mop, unsigned int es, ir_ref v)
{
	static const enum ir_op ops[] = { IR_VREV16, IR_VREV32, IR_VREV64 };

	if (!(f->b->mode & IR_MODE_E) || !es)
		return v;
	return ir_vop(f->b, ops[es - 1], 0, (mop & IR_MO_SIZE) == 4 ? IR_Q : IR_D, 0, v, IR_NONE, IR_NONE);
}

static ir_ref select_v(struct front *f, enum ir_shape q, unsigned int es, ir_ref yes, ir_ref no)
{
	struct ir_insn t = {
		.op = IR_VSEL, .w = 64, .aux = f->cond, .es = es, .q = q, .arg = { f->flags, yes, no },
	};

	return ir_emit(f->b, &t);
}

ir_ref a32_ldv(struct front *f, unsigned int mop, unsigned int es, ir_ref addr, s64 disp, ir_ref old)
{
	struct ir_block *b = f->b;
	bool swap = (b->mode & IR_MODE_E) && es;
	ir_ref v, none;

	if (!a32_conditional(f)) {
		v = ir_mem(b, IR_LDV, 64, mop, disp, addr, IR_NONE, IR_NONE);
		return reverse_v(f, mop, es, v);
	}
	none = old && !swap ? old : ir_vop(b, IR_VCONST, 3, IR_Q, 0, IR_NONE, IR_NONE, IR_NONE);
	v = ir_mem_if(b, IR_LDVC, 64, mop, f->cond, f->flags, disp, addr, none);
	v = reverse_v(f, mop, es, v);
	return swap && old ? select_v(f, IR_Q, 3, v, old) : v;
}

void a32_stv(struct front *f, unsigned int mop, unsigned int es, ir_ref addr, s64 disp, ir_ref v)
{
	v = reverse_v(f, mop, es, v);
	if (a32_conditional(f))
		ir_mem_if(f->b, IR_STVC, 64, mop, f->cond, f->flags, disp, addr, v);
	else
		ir_mem(f->b, IR_STV, 64, mop, disp, addr, v, IR_NONE);
}

/* ---- registers of VFP and Advanced SIMD ---- */

ir_ref a32_get_q(struct front *f, unsigned int n)
{
	return ir_get_v(f->b, n);
}

ir_ref a32_get_d(struct front *f, unsigned int n)
{
	ir_ref v = ir_get_v(f->b, n / 2);

	if (n & 1)
		return ir_vop(f->b, IR_VHIGH, 3, IR_D, 0, v, IR_NONE, IR_NONE);
	return ir_vop(f->b, IR_VLOW, 3, IR_D, 0, v, IR_NONE, IR_NONE);
}

ir_ref a32_get_s(struct front *f, unsigned int n)
{
	return ir_vop(f->b, IR_VDUP, 2, IR_SCALAR, n % 4, ir_get_v(f->b, n / 4), IR_NONE, IR_NONE);
}

void a32_set_q(struct front *f, unsigned int n, ir_ref v)
{
	if (a32_conditional(f))
		v = select_v(f, IR_Q, 3, v, ir_get_v(f->b, n));
	ir_set_v(f->b, n, v);
}

/* Lane @lane of Vn = v, whose old value is @old. */
static void set_lane(struct front *f, unsigned int n, unsigned int es, unsigned int lane, ir_ref v, ir_ref old)
{
	if (a32_conditional(f))
		v = select_v(f, IR_SCALAR, es, v, old);
	ir_set_v(f->b, n, ir_vop(f->b, IR_VINSV, es, IR_Q, lane, ir_get_v(f->b, n), v, IR_NONE));
}

void a32_set_d(struct front *f, unsigned int n, ir_ref v)
{
	set_lane(f, n / 2, 3, n % 2, v, a32_conditional(f) ? a32_get_d(f, n) : IR_NONE);
}

void a32_set_s(struct front *f, unsigned int n, ir_ref v)
{
	set_lane(f, n / 4, 2, n % 4, v, a32_conditional(f) ? a32_get_s(f, n) : IR_NONE);
}
