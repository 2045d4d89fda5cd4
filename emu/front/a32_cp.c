// SPDX-License-Identifier: GPL-2.0-only
/* Coprocessors 14 and 15: MRC, MCR, MRRC, MCRR, LDC, STC.  See arm/sysreg32.h. */
#include "arm/sysreg32.h"
#include "emu/front/a32.h"

#define DACR ARM_CP_ENC(15, 0, 3, 0, 0)

/* The register or operation that is accessed, and what a syndrome says about it. */
struct cp_access {
	u32 enc, info;
};

static struct cp_access access_of(const struct front *f, const struct a32_insn *i, bool wide)
{
	struct cp_access a = { .info = ARM_CP_INFO(i->Rt, wide ? i->Rt2 : 0, f->cond) };

	a.enc = wide ? ARM_CP_ENC64(i->coproc, i->opc1, i->CRm) :
		       ARM_CP_ENC(i->coproc, i->opc1, i->CRn, i->CRm, i->opc2);
	return a;
}

static ir_ref op_c(struct front *f, enum ir_op op, ir_ref a, u64 c)
{
	return ir_op(f->b, op, 64, a, ir_const(f->b, c), IR_NONE);
}

static ir_ref load_slot(struct front *f, unsigned int slot)
{
	return ir_opx(f->b, IR_LDSYS, 64, 0, slot, IR_NONE, IR_NONE, IR_NONE);
}

static ir_ref read_direct(struct front *f, const struct arm_sysreg32_direct *d)
{
	ir_ref v = load_slot(f, d->slot);

	if (d->part == ARM_PART_LO)
		return ir_opx(f->b, IR_ZEXT, 64, 32, 0, v, IR_NONE, IR_NONE);
	return d->part == ARM_PART_HI ? op_c(f, IR_SHR, v, 32) : v;
}

/* The register's bits of its slot under the write mask; the others stay. */
static void write_direct(struct front *f, const struct arm_sysreg32_direct *d, ir_ref v)
{
	u64 mask = d->part == ARM_PART_ALL ? d->wmask : (u32)d->wmask;
	ir_ref old;

	if (d->part == ARM_PART_HI) {
		mask <<= 32;
		v = op_c(f, IR_SHL, v, 32);
	}
	if (~mask) {
		old = op_c(f, IR_AND, load_slot(f, d->slot), ~mask);
		v = ir_op(f->b, IR_OR, 64, op_c(f, IR_AND, v, mask), old, IR_NONE);
	}
	ir_opx(f->b, IR_STSYS, 64, 0, d->slot, v, IR_NONE, IR_NONE);
}

/* The value, 64 bits for MRRC.  From here on the instruction has no condition. */
static ir_ref cp_read(struct front *f, const struct cp_access *a)
{
	struct arm_sysreg32_direct d;

	a32_unless_skip(f);
	if (arm_sysreg32_direct(f->b->features, front_el(f), a->enc, true, &d))
		return read_direct(f, &d);
	return a32_call(f, IR_HELPER_mrc, ir_const(f->b, a->enc), ir_const(f->b, a->info), IR_NONE);
}

static void cp_write(struct front *f, const struct cp_access *a, ir_ref v)
{
	struct arm_sysreg32_direct d;

	a32_unless_skip(f);
	if (arm_sysreg32_direct(f->b->features, front_el(f), a->enc, false, &d)) {
		write_direct(f, &d, v);
		return;
	}
	a32_call(f, IR_HELPER_mcr, ir_const(f->b, a->enc), v, ir_const(f->b, a->info));
	if (arm_sysreg32_leaves(f->b->features, a->enc))
		a32_leave(f);
}

bool tr32_mrc(struct front *f, const struct a32_insn *i)
{
	struct cp_access a = access_of(f, i, false);
	ir_ref v = cp_read(f, &a);

	if (i->Rt == 15)
		a32_set_flags(f, ir_op(f->b, IR_FL_MAKE, 64, v, IR_NONE, IR_NONE));
	else
		a32_set(f, i->Rt, ir_opx(f->b, IR_ZEXT, 64, 32, 0, v, IR_NONE, IR_NONE));
	return true;
}

bool tr32_mcr(struct front *f, const struct a32_insn *i)
{
	struct cp_access a = access_of(f, i, false);

	if (i->Rt == 15)
		return false;
	if (a.enc == DACR && a32_privileged(f)) {
		a32_unless_skip(f);
		a32_call(f, IR_HELPER_dacr_write, a32_get(f, i->Rt), IR_NONE, IR_NONE);
		return true;
	}
	cp_write(f, &a, a32_get(f, i->Rt));
	return true;
}

bool tr32_mrrc(struct front *f, const struct a32_insn *i)
{
	struct cp_access a = access_of(f, i, true);
	ir_ref v, lo, hi;

	if (a32_is_pc(i->Rt, i->Rt2, 0, 0) || i->Rt == i->Rt2)
		return false;
	v = cp_read(f, &a);
	lo = ir_opx(f->b, IR_ZEXT, 64, 32, 0, v, IR_NONE, IR_NONE);
	hi = op_c(f, IR_SHR, v, 32);
	a32_set(f, i->Rt, lo);
	a32_set(f, i->Rt2, hi);
	return true;
}

bool tr32_mcrr(struct front *f, const struct a32_insn *i)
{
	struct cp_access a = access_of(f, i, true);
	ir_ref v;

	if (a32_is_pc(i->Rt, i->Rt2, 0, 0))
		return false;
	v = ir_opx(f->b, IR_BFI, 64, 32, 32, a32_get(f, i->Rt), a32_get(f, i->Rt2), IR_NONE);
	cp_write(f, &a, v);
	return true;
}

/* LDC and STC p14, c5: DBGDTRTXint and DBGDTRRXint. */
bool tr32_ldc(struct front *f, const struct a32_insn *i)
{
	struct cp_access a = { .enc = ARM_CP_ENC(14, 0, 0, 5, 0), .info = ARM_CP_INFO(0, 0, f->cond) };
	struct ir_block *b = f->b;
	s64 off = i->add ? (s64)i->imm32 : -(s64)i->imm32;
	ir_ref base;

	if (i->Rn == 15 && i->wback)
		return false;
	a32_unless_skip(f);
	base = i->Rn == 15 ? ir_const(b, a32_pc(f) & ~3u) : a32_get(f, i->Rn);
	if (i->load)
		a32_call(f, IR_HELPER_mcr, ir_const(b, a.enc),
			 a32_ld(f, 32, 2 | IR_MO_ALIGN, base, i->index ? off : 0, IR_NONE), ir_const(b, a.info));
	else
		a32_st(f, 2 | IR_MO_ALIGN, base, i->index ? off : 0, cp_read(f, &a));
	if (i->wback)
		a32_set(f, i->Rn, ir_op(b, IR_ADD, 32, base, ir_const(b, (u32)off), IR_NONE));
	return true;
}
