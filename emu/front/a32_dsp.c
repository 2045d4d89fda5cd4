// SPDX-License-Identifier: GPL-2.0-only
/* Saturation, packed arithmetic, and the flags Q and GE, which live in PSTATE. */
#include "arm/psr.h"
#include "emu/front/a32.h"
#include "isa/a32_checks.h"

static ir_ref op2(struct front *f, enum ir_op op, unsigned int w, ir_ref a, ir_ref c)
{
	return ir_op(f->b, op, w, a, c, IR_NONE);
}

static ir_ref op_c(struct front *f, enum ir_op op, unsigned int w, ir_ref a, u64 c)
{
	return ir_op(f->b, op, w, a, ir_const(f->b, c), IR_NONE);
}

static ir_ref load_ctl(struct front *f, u32 bits)
{
	return ir_opx(f->b, IR_LDCTL, 32, IR_CTL_PSTATE, bits, IR_NONE, IR_NONE, IR_NONE);
}

static void store_ctl(struct front *f, u32 bits, ir_ref v)
{
	ir_opx(f->b, IR_STCTL, 32, IR_CTL_PSTATE, bits, v, IR_NONE, IR_NONE);
}

void a32_set_q_flag(struct front *f, ir_ref q)
{
	if (a32_conditional(f))
		q = ir_opx(f->b, IR_CSEL, 32, f->cond, 0, f->flags, q, ir_const(f->b, 0));
	store_ctl(f, PSR32_Q, op2(f, IR_OR, 32, load_ctl(f, PSR32_Q), op_c(f, IR_SHL, 32, q, 27)));
}

void a32_set_ge(struct front *f, ir_ref ge)
{
	ge = op_c(f, IR_SHL, 32, ge, PSR32_GE_SHIFT);
	if (a32_conditional(f))
		ge = ir_opx(f->b, IR_CSEL, 32, f->cond, 0, f->flags, ge, load_ctl(f, PSR32_GE));
	store_ctl(f, PSR32_GE, ge);
}

/* ---- saturation ---- */

/* @v (signed 64 bits) within lo..hi; *q becomes 1 where that changes it. */
static ir_ref saturate(struct front *f, ir_ref v, s64 lo, s64 hi, ir_ref *q)
{
	struct ir_block *b = f->b;
	ir_ref min = ir_const(b, (u64)lo), max = ir_const(b, (u64)hi), r, changed;

	r = ir_opx(b, IR_CSEL, 64, 12, 0, op2(f, IR_FL_SUB, 64, v, max), max, v);
	r = ir_opx(b, IR_CSEL, 64, 11, 0, op2(f, IR_FL_SUB, 64, v, min), min, r);
	changed = ir_opx(b, IR_CSEL, 32, 1, 0, op2(f, IR_FL_SUB, 64, r, v), ir_const(b, 1), ir_const(b, 0));
	*q = *q ? op2(f, IR_OR, 32, *q, changed) : changed;
	return r;
}

static ir_ref sext(struct front *f, unsigned int bits, ir_ref v)
{
	return ir_opx(f->b, IR_SEXT, 64, bits, 0, v, IR_NONE, IR_NONE);
}

static ir_ref low(struct front *f, ir_ref v)
{
	return ir_opx(f->b, IR_ZEXT, 64, 32, 0, v, IR_NONE, IR_NONE);
}

/* To sat_bits, signed or unsigned. */
static ir_ref sat_to(struct front *f, const struct a32_insn *i, ir_ref v, ir_ref *q)
{
	if (i->sign)
		return saturate(f, v, -(1LL << (i->sat_bits - 1)), (1LL << (i->sat_bits - 1)) - 1, q);
	return saturate(f, v, 0, (1LL << i->sat_bits) - 1, q);
}

static bool bad_sat(const struct a32_insn *i, unsigned int most)
{
	return i->Rd == 15 || i->sat_bits > most || (i->sign && !i->sat_bits);
}

bool tr32_sat(struct front *f, const struct a32_insn *i)
{
	ir_ref q = IR_NONE, v;

	if (bad_sat(i, 32))
		return false;
	v = a32_shift(f, i->stype, i->samount, a32_get(f, i->Rn));
	v = sat_to(f, i, sext(f, 32, v), &q);
	a32_set_q_flag(f, q);
	a32_set(f, i->Rd, low(f, v));
	return true;
}

bool tr32_sat16(struct front *f, const struct a32_insn *i)
{
	ir_ref q = IR_NONE, n, lo, hi;

	if (bad_sat(i, 16))
		return false;
	n = a32_get(f, i->Rn);
	lo = sat_to(f, i, sext(f, 16, n), &q);
	hi = sat_to(f, i, op_c(f, IR_SAR, 64, sext(f, 32, n), 16), &q);
	a32_set_q_flag(f, q);
	a32_set(f, i->Rd, ir_opx(f->b, IR_BFI, 32, 16, 16, lo, hi, IR_NONE));
	return true;
}

bool tr32_qadd(struct front *f, const struct a32_insn *i)
{
	const s64 lo = -(1LL << 31), hi = (1LL << 31) - 1;
	ir_ref q = IR_NONE, n, m, v;

	if (i->Rd == 15)
		return false;
	n = sext(f, 32, a32_get(f, i->Rn));
	m = sext(f, 32, a32_get(f, i->Rm));
	if (i->dbl)
		n = saturate(f, op2(f, IR_ADD, 64, n, n), lo, hi, &q);
	v = saturate(f, op2(f, i->sub ? IR_SUB : IR_ADD, 64, m, n), lo, hi, &q);
	a32_set_q_flag(f, q);
	a32_set(f, i->Rd, low(f, v));
	return true;
}

/* ---- parallel addition and subtraction, SEL ---- */

#define SIGNS 0x80808080u

/* Bits 31, 23, 15 and 7 as bits 3..0. */
static ir_ref gather_signs(struct front *f, ir_ref v)
{
	v = op_c(f, IR_AND, 32, op_c(f, IR_SHR, 32, v, 7), 0x01010101);
	return op_c(f, IR_SHR, 32, op_c(f, IR_MUL, 32, v, 0x10204080), 28);
}

/*
 * UADD8 and USUB8, which string functions live on: the low seven bits of the
 * bytes added without carries between bytes, the top bits by hand.
 */
static void par_u8(struct front *f, const struct a32_insn *i, ir_ref n, ir_ref m)
{
	ir_ref v, any, ge;

	if (i->par_op == A32_PAR_ADD8) {
		v = op2(f, IR_ADD, 32, op_c(f, IR_AND, 32, n, ~SIGNS), op_c(f, IR_AND, 32, m, ~SIGNS));
		v = op2(f, IR_XOR, 32, v, op_c(f, IR_AND, 32, op2(f, IR_XOR, 32, n, m), SIGNS));
		any = op2(f, IR_ANDN, 32, op2(f, IR_OR, 32, n, m), v);
		ge = op2(f, IR_OR, 32, op2(f, IR_AND, 32, n, m), any);		/* carry out */
	} else {
		v = op2(f, IR_SUB, 32, op_c(f, IR_OR, 32, n, SIGNS), op_c(f, IR_AND, 32, m, ~SIGNS));
		v = op2(f, IR_XOR, 32, v, op_c(f, IR_AND, 32, op2(f, IR_XORN, 32, n, m), SIGNS));
		any = op2(f, IR_ANDN, 32, op2(f, IR_ORN, 32, n, m), v);
		ge = op2(f, IR_OR, 32, op2(f, IR_ANDN, 32, n, m), any);		/* no borrow */
	}
	a32_set_ge(f, gather_signs(f, ge));
	a32_set(f, i->Rd, v);
}

bool tr32_par_addsub(struct front *f, const struct a32_insn *i)
{
	ir_ref n, m, v;

	if (i->Rd == 15)
		return false;
	n = a32_get(f, i->Rn);
	m = a32_get(f, i->Rm);
	if (i->par_kind == A32_PAR_U && i->par_op >= A32_PAR_ADD8) {
		par_u8(f, i, n, m);
		return true;
	}
	v = ir_call(f->b, IR_HELPER_par32, n, m, ir_const(f->b, i->par_op | i->par_kind << 4));
	if (i->par_kind == A32_PAR_S || i->par_kind == A32_PAR_U)
		a32_set_ge(f, op_c(f, IR_SHR, 64, v, 32));
	a32_set(f, i->Rd, low(f, v));
	return true;
}

/* Bytes of Rn where GE is set, of Rm where not. */
bool tr32_sel(struct front *f, const struct a32_insn *i)
{
	ir_ref ge, mask;

	if (i->Rd == 15)
		return false;
	ge = op_c(f, IR_SHR, 32, load_ctl(f, PSR32_GE), PSR32_GE_SHIFT);
	/* GE bit k to bit 8 * k, then that bit to its whole byte */
	mask = op_c(f, IR_AND, 32, op_c(f, IR_MUL, 32, ge, 0x00204081), 0x01010101);
	mask = op_c(f, IR_MUL, 32, mask, 0xff);
	a32_set(f, i->Rd, op2(f, IR_OR, 32, op2(f, IR_AND, 32, a32_get(f, i->Rn), mask),
			      op2(f, IR_ANDN, 32, a32_get(f, i->Rm), mask)));
	return true;
}
