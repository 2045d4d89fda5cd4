/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMSAv8-64 stage 1 of the EL1&0 regime (DDI 0487 D8).  The walker keeps no
 * state; run/ caches what it returns.  The guest may change its tables while
 * they are walked: each descriptor is read once, as one 64-bit load.
 */
#include "arm/addr.h"
#include "arm/cpu_model.h"
#include "arm/pte.h"
#include "emu/cpu/cpu.h"
#include "emu/run/mem.h"

/* mmu_context(): which key of translations applies. */
#define CTX_ASID_MASK 0xffffULL
#define CTX_MMU ARM_BIT(16)	/* stage 1 on */
#define CTX_EL_SHIFT 17		/* 0 or 1, and the EL2, EL3 regimes later */

/* A walk in progress. */
struct walk {
	const struct pte_granule *g;
	unsigned int va_bits;
	unsigned int pa_bits;
	unsigned int level;
	u64 table;	/* address of the table to look in */
	u64 limits;	/* the *Table bits of the tables above, PTE_*_TABLE */
	bool big_endian;
};

static int fault_at(struct mmu_fault *f, enum esr_fsc family, unsigned int level)
{
	*f = (struct mmu_fault){ .fsc = (u8)esr_fsc(family, level) };
	return -EFAULT;
}

static unsigned int effective_pa_bits(const struct emu_vcpu *v, u64 tcr)
{
	unsigned int ips = pte_pa_bits((unsigned int)arm_bits(tcr, 34, 32));
	unsigned int model = v->vm->cfg.model->pa_bits;

	return ips < model ? ips : model;
}

static bool pa_ok(u64 pa, unsigned int pa_bits)
{
	return pa_bits > 63 || !(pa >> pa_bits);
}

/* A granule that the model lacks is a reserved encoding: 4K, as arm/pte.h has it. */
static const struct pte_granule *granule(const struct emu_vcpu *v, u64 tcr, bool upper)
{
	static const u8 feats[PTE_GRANULES] = {
		ARM_FEAT_BASE, ARM_FEAT_GRAN16K, ARM_FEAT_GRAN64K,
	};
	enum pte_granule_id id = tcr_granule(tcr, upper);

	return &pte_granules[arm_has(v->vm->cfg.model->features, feats[id]) ? id : PTE_4K];
}

/*
 * Which half @va belongs to, and where its walk begins.  Bit 55 selects the
 * half; the bits above the input size must equal it, but for a tag (D8.2.1).
 */
static int walk_begin(const struct emu_vcpu *v, u64 va, struct walk *w, struct mmu_fault *f)
{
	const u64 *sys = v->st.sys;
	u64 tcr = sys[ARM_SLOT_TCR_EL1], base;
	bool upper = arm_bit(va, 55);
	unsigned int top, bits;

	w->g = granule(v, tcr, upper);
	w->va_bits = tcr_va_bits(tcr, upper);
	w->pa_bits = effective_pa_bits(v, tcr);
	w->big_endian = sys[ARM_SLOT_SCTLR_EL1] & SCTLR_EE;
	w->limits = 0;
	top = tcr & (upper ? TCR_TBI1 : TCR_TBI0) ? 55 : 63;
	if (arm_bits(va, top, w->va_bits) != (upper ? arm_bits(~0ULL, top, w->va_bits) : 0) ||
	    (tcr & (upper ? TCR_EPD1 : TCR_EPD0)))
		return fault_at(f, FSC_TRANSLATION, 0);

	w->level = pte_start_level(w->g, w->va_bits);
	bits = pte_start_table_bits(w->g, w->va_bits);
	base = sys[upper ? ARM_SLOT_TTBR1_EL1 : ARM_SLOT_TTBR0_EL1] & TTBR_BADDR_MASK;
	if (!pa_ok(base, w->pa_bits))
		return fault_at(f, FSC_ADDRESS_SIZE, 0);
	w->table = addr_align_down(base, ARM_BIT(bits));
	return 0;
}

static int walk_read(struct emu_vcpu *v, const struct walk *w, u64 va, u64 *desc, struct mmu_fault *f)
{
	u64 addr = w->table + 8 * pte_index(w->g, w->level, w->va_bits, va);
	const u64 *p = (const u64 *)mem_ram_ptr(v->vm, addr, 8);

	if (!p)
		return fault_at(f, FSC_EXTERNAL_WALK, w->level);
	*desc = __atomic_load_n(p, __ATOMIC_RELAXED);
	if (w->big_endian)
		*desc = __builtin_bswap64(*desc);
	return 0;
}

/*
 * Size of the run of entries that @desc says map as one (D8.5.1).  An entry
 * whose output does not fit that claim stands for itself alone.
 */
static unsigned int leaf_shift(const struct walk *w, u64 desc, u64 va)
{
	unsigned int shift = pte_level_shift(w->g, w->level), run;
	u64 oa = pte_output(desc, shift);

	if (!(desc & PTE_CONTIGUOUS))
		return shift;
	run = shift + w->g->contiguous[w->level];
	if (run > w->va_bits || ((oa ^ va) & (ARM_BIT(run) - ARM_BIT(shift))))
		return shift;
	return run;
}

/* D8.4: what @el may do, with the limits that the tables set. */
static void leaf_permissions(const struct emu_vcpu *v, const struct walk *w, u64 desc, unsigned int el,
			     struct mmu_page *pg)
{
	bool ro = (desc & PTE_AP_RO) || (w->limits & PTE_AP_TABLE_RO);
	bool el0 = (desc & PTE_AP_EL0) && !(w->limits & PTE_AP_TABLE_NO_EL0);
	bool wxn = cpu_sctlr(v) & SCTLR_WXN;

	if (el == 0) {
		pg->r = el0;
		pg->w = el0 && !ro;
		pg->x = !(desc & PTE_UXN) && !(w->limits & PTE_UXN_TABLE) && !(wxn && pg->w);
	} else {
		pg->r = true;
		pg->w = !ro;
		/* What EL0 may write is never executable at EL1. */
		pg->x = !(desc & PTE_PXN) && !(w->limits & PTE_PXN_TABLE) && !(el0 && !ro) &&
			!(wxn && pg->w);
	}
}

static void leaf_attributes(const struct emu_vcpu *v, u64 desc, struct mmu_page *pg)
{
	pg->attr = mair_attr(v->st.sys[ARM_SLOT_MAIR_EL1],
			     (unsigned int)(desc >> PTE_ATTRINDX_SHIFT) & 7);
	pg->device = mair_is_device(pg->attr);
	/* Device and Non-cacheable memory is Outer Shareable whatever SH says. */
	pg->sh = pg->device || pg->attr == MAIR_NORMAL_NC ?
		 PTE_SH_OUTER : (u8)arm_bits(desc, 9, 8);
	pg->global = !(desc & PTE_NG);
}

static int walk_leaf(const struct emu_vcpu *v, const struct walk *w, u64 va, u64 desc,
		     unsigned int el, struct mmu_page *pg, struct mmu_fault *f)
{
	unsigned int own = pte_level_shift(w->g, w->level), shift;

	if (!pa_ok(pte_output(desc, own), w->pa_bits))
		return fault_at(f, FSC_ADDRESS_SIZE, w->level);
	if (!(desc & PTE_AF))
		return fault_at(f, FSC_ACCESS_FLAG, w->level);
	shift = leaf_shift(w, desc, va);
	pg->size = ARM_BIT(shift);
	pg->ipa = addr_align_down(pte_output(desc, own), pg->size);
	leaf_attributes(v, desc, pg);
	leaf_permissions(v, w, desc, el, pg);
	return 0;
}

static int walk(struct emu_vcpu *v, u64 va, unsigned int el, struct mmu_page *pg,
		struct mmu_fault *f, unsigned int *level)
{
	struct walk w;
	u64 desc;
	int ret = walk_begin(v, va, &w, f);

	while (!ret) {
		ret = walk_read(v, &w, va, &desc, f);
		if (ret)
			break;
		*level = w.level;
		switch (pte_kind(w.g, w.level, desc)) {
		case PTE_KIND_INVALID:
			return fault_at(f, FSC_TRANSLATION, w.level);
		case PTE_KIND_LEAF:
			return walk_leaf(v, &w, va, desc, el, pg, f);
		case PTE_KIND_TABLE:
			break;
		}
		w.table = pte_output(desc, w.g->page_bits);
		if (!pa_ok(w.table, w.pa_bits))
			return fault_at(f, FSC_ADDRESS_SIZE, w.level);
		w.limits |= desc & (PTE_PXN_TABLE | PTE_UXN_TABLE | PTE_AP_TABLE_NO_EL0 |
				    PTE_AP_TABLE_RO);
		w.level++;
	}
	return ret;
}

/* D8.2.10: stage 1 off.  Data is Device-nGnRnE; fetches are Normal. */
static int identity(const struct emu_vcpu *v, u64 va, enum mmu_access acc, struct mmu_page *pg,
		    struct mmu_fault *f)
{
	u64 tcr = v->st.sys[ARM_SLOT_TCR_EL1];
	u64 pa = tcr & (arm_bit(va, 55) ? TCR_TBI1 : TCR_TBI0) ? arm_bits(va, 55, 0) : va;

	if (!pa_ok(pa, v->vm->cfg.model->pa_bits))
		return fault_at(f, FSC_ADDRESS_SIZE, 0);
	*pg = (struct mmu_page){
		.ipa = addr_align_down(pa, 4096), .size = 4096,
		.r = true, .w = true, .x = true, .global = true,
		.device = acc != MMU_FETCH,
		.attr = acc == MMU_FETCH ? MAIR_NORMAL_NC : MAIR_DEVICE_NGNRNE,
		.sh = PTE_SH_OUTER,
	};
	return 0;
}

static void page_watched(const struct emu_vcpu *v, u64 va, enum mmu_access acc, struct mmu_page *page)
{
	page->watched = acc != MMU_FETCH && debug_watched(v, va & ~4095ULL, 4096);
	if (page->watched) {
		page->ipa += va & (page->size - 1) & ~4095ULL;
		page->size = 4096;
	}
}

int mmu_translate(struct emu_vcpu *v, u64 va, enum mmu_access acc, unsigned int el,
		  struct mmu_page *page, struct mmu_fault *fault)
{
	unsigned int level = 0;
	int ret;

	if (cpu_el1_a32(v)) {
		ret = mmu32_translate(v, (u32)va, acc, el, page, fault);
		if (!ret)
			page_watched(v, va, acc, page);
		return ret;
	}
	if (cpu_sctlr(v) & SCTLR_M)
		ret = walk(v, va, el, page, fault, &level);
	else
		ret = identity(v, va, acc, page, fault);
	if (ret)
		return ret;
	if (!(acc == MMU_FETCH ? page->x : acc == MMU_WRITE ? page->w : page->r))
		return fault_at(fault, FSC_PERMISSION, level);
	page_watched(v, va, acc, page);
	return 0;
}

/* Target EL1 always: "lower" means from EL0. */
void mmu_raise(struct emu_vcpu *v, u64 va, enum mmu_access acc, const struct mmu_fault *fault)
{
	bool same = cpu_el(v) == 1;
	u32 flags = (fault->ea ? ISS_ABT_EA : 0) | (fault->s1ptw ? ISS_ABT_S1PTW : 0);
	u32 esr;

	if (cpu_is_a32(v))
		va = acc == MMU_FETCH ? va & 0xfffffffe : (u32)va;
	if (vcpu_logs(v, EMU_LOG_MMU))
		emu_log(v->vm, "mmu: cpu%u EL%u %s va=%llx fsc=%02x pc=%llx\n", v->index, cpu_el(v),
			acc == MMU_FETCH ? "fetch" : acc == MMU_WRITE ? "write" :
			acc == MMU_CACHE ? "cache" : "read",
			(unsigned long long)va, fault->fsc, (unsigned long long)v->st.pc);
	if (acc == MMU_FETCH) {
		esr = esr_inst_abort(same, flags, fault->fsc);
	} else {
		if (acc == MMU_CACHE)
			flags |= ISS_ABT_CM | ISS_ABT_WNR;
		else if (acc == MMU_WRITE)
			flags |= ISS_ABT_WNR;
		esr = esr_data_abort(same, flags, fault->fsc);
	}
	vcpu_raise_far(v, esr_ec(esr), esr_iss(esr), va);
	v->exc.domain = fault->domain;
	/* In T32 the half of an instruction that faults may be its second one. */
	if (acc == MMU_FETCH && !cpu_is_a32(v))
		v->exc.ret = va;
}

void mmu_raise_align(struct emu_vcpu *v, u64 va, bool write)
{
	struct mmu_fault f = { .fsc = FSC_ALIGNMENT };

	mmu_raise(v, va, write ? MMU_WRITE : MMU_READ, &f);
}

void mmu_raise_external(struct emu_vcpu *v, u64 va, enum mmu_access acc)
{
	struct mmu_fault f = { .fsc = FSC_SYNC_EXTERNAL };

	mmu_raise(v, va, acc, &f);
}

u64 mmu_context(const struct emu_vcpu *v, unsigned int el)
{
	const u64 *sys = v->st.sys;
	u64 tcr = sys[ARM_SLOT_TCR_EL1], asid, key = (u64)el << CTX_EL_SHIFT;

	if (cpu_el1_a32(v))
		return mmu32_context(v, el);
	if (!(sys[ARM_SLOT_SCTLR_EL1] & SCTLR_M))
		return key;
	asid = sys[tcr & TCR_A1 ? ARM_SLOT_TTBR1_EL1 : ARM_SLOT_TTBR0_EL1] >> TTBR_ASID_SHIFT;
	if (!(tcr & TCR_AS) || v->vm->cfg.model->asid_bits < 16)
		asid &= 0xff;
	return key | CTX_MMU | (asid & CTX_ASID_MASK);
}

u16 mmu_context_asid(u64 key)
{
	return key & CTX_ASID_MASK;
}
