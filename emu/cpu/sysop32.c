/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operations of cp15: caches, TLBs, address translation, barriers (DDI 0406C
 * B3.18.6, B4.2).  Most are the AArch64 operation with another operand.
 */
#include "arm/fsr.h"
#include "emu/cpu/cpu.h"
#include "emu/cpu/helpers.h"

/* PAR with the short-descriptor format (DDI 0406C B4.1.112). */
#define PAR_F 1u
#define PAR_SS ARM_BIT(1)
#define PAR_OUTER_SHIFT 2
#define PAR_INNER_SHIFT 4
#define PAR_FS_SHIFT 1
#define PAR_FS_EXT ARM_BIT(6)
#define PAR_SH ARM_BIT(7)
#define PAR_NOS ARM_BIT(10)
#define SUPERSECTION (16u << 20)

/* ---- address translation ---- */

/* Half a MAIR byte of Normal memory: 0 non-cacheable, 1 write-back allocating, 2 write-through, 3 write-back. */
static unsigned int cacheability(unsigned int attr)
{
	if ((attr & 0xc) == 4 && (attr & 3) == 0)
		return 0;
	if (!(attr & 4))
		return 2;
	return attr & 1 ? 1 : 3;
}

static u32 par_attr(u8 attr)
{
	/* Inner[2:0] by cacheability(): Non-cacheable, WB-WA, WT, WB. */
	static const u8 inner[4] = { 0, 5, 6, 7 };

	if (!(attr & 0xf0))	/* nGnRnE is Strongly-ordered, all else is Device */
		return (attr & 0xc ? 3u : 1u) << PAR_INNER_SHIFT;
	return cacheability(attr >> 4) << PAR_OUTER_SHIFT |
	       (u32)inner[cacheability(attr & 15)] << PAR_INNER_SHIFT;
}

static u32 par_short(const struct mmu_page *pg, u32 va)
{
	u64 pa = pg->ipa + (va & (pg->size - 1));
	u32 par = par_attr(pg->attr) | (pg->sh ? PAR_SH : 0) | (pg->sh == 3 ? 0 : PAR_NOS);

	if (pg->size == SUPERSECTION)
		return par | PAR_SS | (u32)(pa & 0xff000000) | (u32)(pa >> 32 & 0xff) << 16;
	return par | (u32)(pa & 0xfffff000);
}

static void op_at(struct emu_vcpu *v, enum arm_sysop op, u32 va)
{
	bool write = op == ARM_OP_AT_S1E1W || op == ARM_OP_AT_S1E0W;
	unsigned int el = op == ARM_OP_AT_S1E1R || op == ARM_OP_AT_S1E1W;
	struct mmu_page pg;
	struct mmu_fault f;

	if (cpu_lpae_active(v)) {	/* the same PAR as in AArch64 */
		cpu_sysop_execute(v, op, va);
		return;
	}
	if (!mmu_translate(v, va, write ? MMU_WRITE : MMU_READ, el, &pg, &f)) {
		v->st.sys[ARM_SLOT_PAR_EL1] = par_short(&pg, va);
		return;
	}
	/* An external abort on the walk is taken, not reported. */
	if (esr_fsc_family(f.fsc) == FSC_EXTERNAL_WALK)
		mmu_raise(v, va, MMU_CACHE, &f);
	else
		v->st.sys[ARM_SLOT_PAR_EL1] = PAR_F | fsr_short_code(f.fsc) << PAR_FS_SHIFT |
					      (f.ea ? PAR_FS_EXT : 0);
}

/* ---- TLBs ---- */

/* Rt: MVA[31:12] and ASID[7:0]; an operation that wants only one of them ignores the other. */
static void op_tlbi(struct emu_vcpu *v, enum arm_sysop op, u32 rt)
{
	cpu_sysop_execute(v, op, (u64)(rt & 0xff) << 48 | rt >> 12);
}

void sysop32_execute(struct emu_vcpu *v, const struct arm_sysop32_row *r, u32 rt)
{
	switch (r->kind) {
	case ARM_OPK_IC:
	case ARM_OPK_DC:
	case ARM_OPK_DC_SW:
		cpu_sysop_execute(v, (enum arm_sysop)r->op, rt);
		return;
	case ARM_OPK_AT:
		op_at(v, (enum arm_sysop)r->op, rt);
		return;
	case ARM_OPK_TLBI:
		op_tlbi(v, (enum arm_sysop)r->op, rt);
		return;
	case ARM_OPK32_BARRIER:
		helper_dsb(v, 0, 0, 0);
		return;
	}
	/* Branch predictors are not modelled, data caches need nothing.  The block ends behind barriers. */
}
