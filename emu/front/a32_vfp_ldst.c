// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFP loads and stores.  Addresses must be multiples of 4 whatever SCTLR.A says
 * (MemA[] of words), also for doublewords and for the pairs of them that are
 * accessed together here.
 */
#include "emu/front/a32_vfp.h"

/* An access to 1 << log2 bytes, aligned to 4. */
#define VFP_MOP(log2) ((log2) | IR_MO_ALIGN | IR_MO_STREAM | 2u << 9)

static ir_ref vfp_load(struct front *f, bool sz, unsigned int n, ir_ref addr, s64 disp)
{
	ir_ref old = f->cond == A32_AL ? IR_NONE : vfp_get(f, sz, n);

	return a32_ldv(f, VFP_MOP(2u + sz), 2u + sz, addr, disp, old);
}

static void vfp_store(struct front *f, bool sz, unsigned int n, ir_ref addr, s64 disp)
{
	a32_stv(f, VFP_MOP(2u + sz), 2u + sz, addr, disp, vfp_get(f, sz, n));
}

/* Rn, and *disp += offset; the PC is aligned, and then all is a constant. */
static ir_ref vfp_base(struct front *f, unsigned int rn, s64 *disp)
{
	u32 base;

	if (rn != 15)
		return a32_get(f, rn);
	base = (a32_pc(f) & ~3u) + (u32)*disp;
	*disp = 0;
	return ir_const(f->b, base);
}

bool tr32_vfp_ldst(struct front *f, const struct a32_insn *i)
{
	s64 disp = i->add ? (s64)i->imm32 : -(s64)i->imm32;
	ir_ref addr;

	if (a32_fp_trapped(f))
		return true;
	addr = vfp_base(f, i->Rn, &disp);
	if (i->load)
		vfp_set(f, i->sz, i->Vd, vfp_load(f, i->sz, i->Vd, addr, disp));
	else
		vfp_store(f, i->sz, i->Vd, addr, disp);
	return true;
}

/* How many registers from S<n> or D<n> on are accessed at once: two D registers, if they are a Q register. */
static unsigned int vfp_step(bool sz, unsigned int n, unsigned int end)
{
	return sz && !(n & 1) && end - n >= 2 ? 2 : 1;
}

/* All that may fault comes before the first register is written. */
static void vfp_load_list(struct front *f, const struct a32_insn *i, ir_ref addr, s64 disp)
{
	unsigned int end = i->Vd + i->nregs, step, k = 0;
	ir_ref v[32], old;

	for (unsigned int n = i->Vd; n < end; n += step) {
		step = vfp_step(i->sz, n, end);
		if (step == 2) {
			old = f->cond == A32_AL ? IR_NONE : a32_get_q(f, n >> 1);
			v[k++] = a32_ldv(f, VFP_MOP(4), 3, addr, disp, old);
		} else {
			v[k++] = vfp_load(f, i->sz, n, addr, disp);
		}
		disp += (s64)step << (2 + i->sz);
	}
	k = 0;
	for (unsigned int n = i->Vd; n < end; n += step) {
		step = vfp_step(i->sz, n, end);
		if (step == 2)
			a32_set_q(f, n >> 1, v[k++]);
		else
			vfp_set(f, i->sz, n, v[k++]);
	}
}

static void vfp_store_list(struct front *f, const struct a32_insn *i, ir_ref addr, s64 disp)
{
	unsigned int end = i->Vd + i->nregs, step;

	for (unsigned int n = i->Vd; n < end; n += step) {
		step = vfp_step(i->sz, n, end);
		if (step == 2)
			a32_stv(f, VFP_MOP(4), 3, addr, disp, a32_get_q(f, n >> 1));
		else
			vfp_store(f, i->sz, n, addr, disp);
		disp += (s64)step << (2 + i->sz);
	}
}

/* The base is written last: a fault leaves it, and the instruction starts again. */
bool tr32_vfp_ldm(struct front *f, const struct a32_insn *i)
{
	s64 disp = i->add ? 0 : -(s64)i->imm32;
	ir_ref addr, rn;

	if (a32_fp_trapped(f))
		return true;
	if (i->nregs > 4)
		a32_unless_skip(f);
	addr = vfp_base(f, i->Rn, &disp);
	if (i->load)
		vfp_load_list(f, i, addr, disp);
	else
		vfp_store_list(f, i, addr, disp);
	if (i->wback) {
		rn = ir_const(f->b, i->imm32);
		a32_set(f, i->Rn, ir_op(f->b, i->add ? IR_ADD : IR_SUB, 32, addr, rn, IR_NONE));
	}
	return true;
}
