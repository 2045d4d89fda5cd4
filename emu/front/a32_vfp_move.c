// SPDX-License-Identifier: GPL-2.0-only
/* VFP: constants, moves between core registers and S, D or elements, VMRS and VMSR. */
#include "emu/front/a32_vfp.h"

#define VFP_REG_FPSCR 1

static ir_ref low32(struct front *f, ir_ref v)
{
	return ir_opx(f->b, IR_ZEXT, 64, 32, 0, v, IR_NONE, IR_NONE);
}

/* VFPExpandImm: as FMOV (immediate) of A64. */
bool tr32_vfp_mov_imm(struct front *f, const struct a32_insn *i)
{
	u64 sign = i->imm8 >> 7, b = i->imm8 >> 6 & 1, low = i->imm8 & 0x3f, v;

	if (a32_fp_trapped(f))
		return true;
	if (f->b->mode & IR_MODE_VEC)
		return false;
	if (i->sz)
		v = sign << 63 | (b ? 0xffULL << 54 : 1ULL << 62) | low << 48;
	else
		v = sign << 31 | (b ? 0x1fULL << 25 : 1ULL << 30) | low << 19;
	vfp_set(f, i->sz, i->Vd, simd_const(f, IR_D, v));
	return true;
}

bool tr32_vfp_mov_core_s(struct front *f, const struct a32_insn *i)
{
	if (a32_fp_trapped(f))
		return true;
	if (i->to_core)
		a32_set(f, i->Rt, vfp_bits_s(f, i->Vn));
	else
		vfp_set_bits_s(f, i->Vn, a32_get(f, i->Rt));
	return true;
}

bool tr32_vfp_mov_core_ss(struct front *f, const struct a32_insn *i)
{
	if (a32_fp_trapped(f))
		return true;
	if (i->to_core) {
		a32_set(f, i->Rt, vfp_bits_s(f, i->Vm));
		a32_set(f, i->Rt2, vfp_bits_s(f, i->Vm + 1u));
	} else {
		vfp_set_bits_s(f, i->Vm, a32_get(f, i->Rt));
		vfp_set_bits_s(f, i->Vm + 1u, a32_get(f, i->Rt2));
	}
	return true;
}

bool tr32_vfp_mov_core_d(struct front *f, const struct a32_insn *i)
{
	struct ir_block *b = f->b;
	ir_ref v;

	if (a32_fp_trapped(f))
		return true;
	if (i->to_core) {
		v = vfp_bits_d(f, i->Vm);
		a32_set(f, i->Rt, low32(f, v));
		a32_set(f, i->Rt2, ir_op(b, IR_SHR, 64, v, ir_const(b, 32), IR_NONE));
	} else {
		v = ir_op(b, IR_SHL, 64, a32_get(f, i->Rt2), ir_const(b, 32), IR_NONE);
		vfp_set_bits_d(f, i->Vm, ir_op(b, IR_OR, 64, v, a32_get(f, i->Rt), IR_NONE));
	}
	return true;
}

/* Number of the element @lane of D<n> in its Q register. */
static unsigned int lane_of_q(unsigned int n, unsigned int es, unsigned int lane)
{
	return (n & 1) * (8u >> es) + lane;
}

bool tr32_vfp_mov_to_lane(struct front *f, const struct a32_insn *i)
{
	if (a32_fp_trapped(f))
		return true;
	vfp_set_lane(f, i->Vd >> 1, i->es, lane_of_q(i->Vd, i->es, i->lane), a32_get(f, i->Rt));
	return true;
}

bool tr32_vfp_mov_from_lane(struct front *f, const struct a32_insn *i)
{
	struct ir_insn t = { .op = i->uns ? IR_VGETU : IR_VGETS, .w = 32, .es = i->es };

	if (a32_fp_trapped(f))
		return true;
	t.imm = lane_of_q(i->Vn, i->es, i->lane);
	t.arg[0] = a32_get_q(f, i->Vn >> 1);
	a32_set(f, i->Rt, ir_emit(f->b, &t));
	return true;
}

bool tr32_vfp_dup(struct front *f, const struct a32_insn *i)
{
	ir_ref v;

	if (a32_fp_trapped(f))
		return true;
	v = simd_1(f, IR_VSPLAT, i->es, i->Q ? IR_Q : IR_D, a32_get(f, i->Rt));
	if (i->Q)
		a32_set_q(f, i->Vd >> 1, v);
	else
		a32_set_d(f, i->Vd, v);
	return true;
}

/* The flags of FPSCR to those of APSR. */
static void vfp_flags(struct front *f)
{
	ir_ref v = f->fpscr_nzcv;

	if (!v) {
		v = ir_opx(f->b, IR_LDCTL, 64, IR_CTL_FPSR, VFP_FPSCR_NZCV, IR_NONE, IR_NONE, IR_NONE);
		v = ir_op(f->b, IR_FL_MAKE, 64, v, IR_NONE, IR_NONE);
	}
	a32_set_flags(f, v);
}

/* Registers other than FPSCR can be reached while FPEXC.EN is 0: the helper checks. */
bool tr32_vfp_vmrs(struct front *f, const struct a32_insn *i)
{
	if (i->reg == VFP_REG_FPSCR && a32_fp_trapped(f))
		return true;
	if (i->Rt == 15) {
		vfp_flags(f);
		return true;
	}
	a32_unless_skip(f);
	a32_set(f, i->Rt, a32_call(f, IR_HELPER_vmrs, ir_const(f->b, i->reg), IR_NONE, IR_NONE));
	return true;
}

/* FPEXC.EN and FPSCR's modes are part of the block's mode. */
bool tr32_vfp_vmsr(struct front *f, const struct a32_insn *i)
{
	ir_ref v;

	if (i->reg == VFP_REG_FPSCR && a32_fp_trapped(f))
		return true;
	a32_unless_skip(f);
	v = a32_get(f, i->Rt);
	a32_call(f, IR_HELPER_vmsr, ir_const(f->b, i->reg), v, IR_NONE);
	a32_leave(f);
	return true;
}
