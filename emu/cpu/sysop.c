/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SYS instructions: cache maintenance, address translation, TLB maintenance
 * (DDI 0487 C5.3 to C5.5).
 *
 * Data caches are not modelled: an operation by address checks what it must
 * and does nothing more.  Instruction caches are: translated code.
 */
#include <string.h>

#include "arm/addr.h"
#include "arm/cpu_model.h"
#include "arm/pte.h"
#include "emu/cpu/cpu.h"
#include "emu/cpu/helpers.h"
#include "emu/run/mem.h"
#include "emu/run/tlb.h"

#define PAR_F ARM_BIT(0)
#define PAR_RES1 ARM_BIT(11)

int cpu_fetch_word(struct emu_vcpu *v, u32 *word)
{
	struct mmu_page pg;
	struct mmu_fault f;
	const u8 *p;
	u64 ipa;

	if (mmu_translate(v, v->st.pc, MMU_FETCH, cpu_el(v), &pg, &f))
		return -EFAULT;
	ipa = pg.ipa + (v->st.pc & (pg.size - 1));
	p = ipa & 3 ? NULL : mem_ram_ptr(v->vm, ipa, 4);
	if (!p)
		return -EFAULT;
	*word = __atomic_load_n((const u32 *)p, __ATOMIC_RELAXED);
	return 0;
}

/* ---- caches ---- */

/*
 * Operations by address can fault.  All need permission to read at EL0; DC IVAC
 * (EL1 only) needs permission to write (D7.5.8).
 */
static int check_va(struct emu_vcpu *v, u64 va, bool write, u64 *ipa)
{
	struct mmu_page pg;
	struct mmu_fault f;

	if (mmu_translate(v, va, write ? MMU_WRITE : MMU_CACHE, cpu_el(v), &pg, &f)) {
		mmu_raise(v, va, MMU_CACHE, &f);
		return -EFAULT;
	}
	if (pg.watched && write && cpu_watchpoint(v, va, 1, true, cpu_el(v)))
		return -EFAULT;
	*ipa = pg.ipa + (va & (pg.size - 1));
	return 0;
}

/*
 * Translations follow every write to their bytes, by stores and by devices, so
 * they are never stale, and the whole cache needs no invalidation: 32-bit
 * kernels ask for that with each page of code that they map.
 */
static void op_ic(struct emu_vcpu *v, enum arm_sysop op, u64 va)
{
	u64 line = ARM_BIT(v->vm->cfg.model->icache_line_log2), ipa;

	if (op == ARM_OP_IC_IVAU && !check_va(v, va, false, &ipa))
		code_invalidate(v->vm, addr_align_down(ipa, line), line);
}

/*
 * Zero one block.  It is aligned, so it lies in one page.  FAR is the address
 * that the instruction gave; Device memory makes it an alignment fault, which
 * the atomic path reports as an unsupported atomic.
 */
static void zero_block(struct emu_vcpu *v, u64 va)
{
	u64 size = ARM_BIT(v->vm->cfg.model->zva_log2), done;
	void *host;

	for (done = 0; done < size; done += 4096) {
		u64 part = size < 4096 ? size : 4096;

		if (mem_atomic(v, addr_align_down(va, size) + done, 16, 4, true, &host)) {
			if (esr_ec(v->exc.esr) != EC_DABT_LOWER && esr_ec(v->exc.esr) != EC_DABT_SAME)
				return;
			v->exc.far = va;
			if ((v->exc.esr & FSC_MASK) == FSC_UNSUPPORTED_ATOMIC)
				v->exc.esr = (v->exc.esr & ~FSC_MASK) | FSC_ALIGNMENT;
			return;
		}
		memset(host, 0, part);
	}
}

u64 helper_dc_zva(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	u32 word = 0;

	(void)b, (void)c;
	if (!cpu_el(v) && !(cpu_sctlr(v) & SCTLR_DZE)) {
		/* The syndrome wants Rt, which only the instruction tells. */
		cpu_fetch_word(v, &word);
		cpu_trap_sys(v, ARM_SYSREG_ENC(1, 3, 7, 4, 1), word & 31, false);
		return 0;
	}
	zero_block(v, a);
	return 0;
}

/* ---- AT ---- */

static u64 par_of(const struct mmu_page *pg, u64 va)
{
	u64 pa = pg->ipa + (va & (pg->size - 1));

	return (pa & ARM_MASK(47, 12)) | (u64)pg->attr << 56 | (u64)pg->sh << 7 | PAR_RES1;
}

static void op_at(struct emu_vcpu *v, enum arm_sysop op, u64 va)
{
	bool write = op == ARM_OP_AT_S1E1W || op == ARM_OP_AT_S1E0W;
	unsigned int el = op == ARM_OP_AT_S1E1R || op == ARM_OP_AT_S1E1W;
	struct mmu_page pg;
	struct mmu_fault f;

	if (!mmu_translate(v, va, write ? MMU_WRITE : MMU_READ, el, &pg, &f)) {
		v->st.sys[ARM_SLOT_PAR_EL1] = par_of(&pg, va);
		return;
	}
	/* An external abort on the walk is taken, not reported (D8.14). */
	if (esr_fsc_family(f.fsc) == FSC_EXTERNAL_WALK)
		mmu_raise(v, va, MMU_CACHE, &f);
	else
		v->st.sys[ARM_SLOT_PAR_EL1] = PAR_F | (u64)f.fsc << 1 | PAR_RES1;
}

/* ---- TLBI ---- */

struct tlbi_form {
	u8 op;		/* enum arm_sysop */
	u8 scope;	/* enum tlb_scope */
	bool broadcast;
};

static const struct tlbi_form tlbi_forms[] = {
	{ ARM_OP_TLBI_VMALLE1IS, TLB_ALL, true },
	{ ARM_OP_TLBI_VAE1IS, TLB_VA, true },
	{ ARM_OP_TLBI_ASIDE1IS, TLB_ASID, true },
	{ ARM_OP_TLBI_VAAE1IS, TLB_VA_ANY, true },
	{ ARM_OP_TLBI_VALE1IS, TLB_VA, true },
	{ ARM_OP_TLBI_VAALE1IS, TLB_VA_ANY, true },
	{ ARM_OP_TLBI_VMALLE1, TLB_ALL, false },
	{ ARM_OP_TLBI_VAE1, TLB_VA, false },
	{ ARM_OP_TLBI_ASIDE1, TLB_ASID, false },
	{ ARM_OP_TLBI_VAAE1, TLB_VA_ANY, false },
	{ ARM_OP_TLBI_VALE1, TLB_VA, false },
	{ ARM_OP_TLBI_VAALE1, TLB_VA_ANY, false },
};

/* Xt: ASID in 63:48, VA[55:12] in 43:0; bits below the granule are ignored. */
static void tlbi_decode(const struct emu_vcpu *v, enum tlb_scope scope, u64 xt, struct tlb_inval *inv)
{
	u64 tcr = v->st.sys[ARM_SLOT_TCR_EL1];
	u64 va = (u64)arm_sext(arm_bits(xt, 43, 0) << 12, 56);
	u64 asid = xt >> 48;

	if (!(tcr & TCR_AS) || v->vm->cfg.model->asid_bits < 16)
		asid &= 0xff;
	*inv = (struct tlb_inval){ .scope = scope, .el = 1, .asid = (u16)asid };
	if (scope == TLB_VA || scope == TLB_VA_ANY) {
		inv->size = ARM_BIT(pte_granules[tcr_granule(tcr, arm_bit(va, 55))].page_bits);
		inv->va = addr_align_down(va, inv->size);
	}
	if (scope == TLB_ALL || scope == TLB_VA_ANY)
		inv->asid = 0;
}

static void op_tlbi(struct emu_vcpu *v, enum arm_sysop op, u64 xt)
{
	struct tlb_inval inv;
	size_t i;

	for (i = 0; i < ARM_ARRAY_SIZE(tlbi_forms) && tlbi_forms[i].op != op; i++)
		;
	if (i == ARM_ARRAY_SIZE(tlbi_forms)) {
		vcpu_raise_undef(v);
		return;
	}
	tlbi_decode(v, (enum tlb_scope)tlbi_forms[i].scope, xt, &inv);
	if (vcpu_logs(v, EMU_LOG_MMU))
		emu_log(v->vm, "mmu: cpu%u tlbi scope=%d%s va=%llx asid=%x\n", v->index, inv.scope,
			tlbi_forms[i].broadcast ? " is" : "", (unsigned long long)inv.va, inv.asid);
	if (tlbi_forms[i].broadcast)
		tlb_invalidate_broadcast(v, &inv);
	else
		tlb_invalidate(v, &inv);
}

/* ---- dispatch ---- */

void cpu_sysop_execute(struct emu_vcpu *v, enum arm_sysop op, u64 xt)
{
	u64 ipa;

	switch (arm_sysop_row(op)->kind) {
	case ARM_OPK_IC:
		op_ic(v, op, xt);
		break;
	case ARM_OPK_DC:
		check_va(v, xt, op == ARM_OP_DC_IVAC, &ipa);
		break;
	case ARM_OPK_DC_ZVA:
		zero_block(v, xt);
		break;
	case ARM_OPK_AT:
		op_at(v, op, xt);
		break;
	case ARM_OPK_TLBI:
		op_tlbi(v, op, xt);
		break;
	case ARM_OPK_DC_SW:
	case ARM_OPK_IMPDEF:
		break;
	}
}

u64 helper_sysop(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	int op = arm_sysop_index((u32)a);
	const struct arm_sysop_row *r = op < 0 ? NULL : arm_sysop_row((enum arm_sysop)op);

	if (!r || r->el > 1 || !arm_has(cpu_features(v->vm) | ARM_FEAT_BIT(ARM_FEAT_BASE), r->feat)) {
		if (vcpu_logs(v, EMU_LOG_UNIMP))
			emu_log(v->vm, "unimp: cpu%u sys op %llx (%s) at %llx\n", v->index,
				(unsigned long long)a, r ? arm_sysop_name((u32)a) : "unallocated",
				(unsigned long long)v->st.pc);
		vcpu_raise_undef(v);
	} else if (r->el > cpu_el(v)) {
		vcpu_raise_undef(v);
	} else if (!cpu_check_trap(v, r->trap, (u32)a, (unsigned int)c, false)) {
		cpu_sysop_execute(v, (enum arm_sysop)op, b);
	}
	return 0;
}
