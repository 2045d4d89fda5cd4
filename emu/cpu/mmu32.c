/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stage 1 where EL1 is AArch32: short and long descriptors (DDI 0406C B3; DDI 0487
 * G5).  As in mmu.c: each descriptor is read once, and run/ caches the results.
 */
#include "arm/addr.h"
#include "arm/cpu_model.h"
#include "arm/fsr.h"
#include "arm/pte32.h"
#include "emu/cpu/cpu.h"
#include "emu/run/mem.h"

/*
 * mmu32_context().  The domains are part of it, so that a kernel that opens and
 * closes its user domain at each entry finds both sets of translations.
 */
#define CTX_MMU ARM_BIT(16)
#define CTX_EL_SHIFT 17
#define CTX_A32 ARM_BIT(20)
#define CTX_LPAE ARM_BIT(21)
#define CTX_DACR_SHIFT 32

#define LONG_TABLE_BITS 9	/* entries of a whole table, log2 */

static int fault_at(struct mmu_fault *f, u32 family, unsigned int level, unsigned int domain)
{
	*f = (struct mmu_fault){ .fsc = (u8)(family | level), .domain = (u8)domain };
	return -EFAULT;
}

static u32 ttbcr(const struct emu_vcpu *v)
{
	return (u32)v->st.sys[ARM_SLOT_TCR_EL1];
}

static u32 dacr(const struct emu_vcpu *v)
{
	return (u32)v->st.sys[ARM_SLOT_DACR32_EL2];
}

/* What both formats say of a page, to decide on an access by. */
struct rights {
	bool user_r, user_w, priv_r, priv_w;
	bool xn, pxn;
};

/* B3.7.2: fetches need the permission to read; WXN and UWXN look at that to write. */
static void set_rights(const struct emu_vcpu *v, const struct rights *a, unsigned int el, struct mmu_page *pg)
{
	u64 sctlr = cpu_sctlr(v);

	pg->r = el ? a->priv_r : a->user_r;
	pg->w = el ? a->priv_w : a->user_w;
	pg->x = pg->r && !a->xn && !((sctlr & SCTLR_WXN) && pg->w);
	if (el && (a->pxn || ((sctlr & SCTLR32_UWXN) && a->user_w)))
		pg->x = false;
}

/* ---- short descriptors ---- */

static int short_read(struct emu_vcpu *v, u64 addr, unsigned int level, unsigned int domain, u32 *desc,
		      struct mmu_fault *f)
{
	const u32 *p = (const u32 *)mem_ram_ptr(v->vm, addr, 4);

	if (!p)
		return fault_at(f, FSC_EXTERNAL_WALK, level, domain);
	*desc = __atomic_load_n(p, __ATOMIC_RELAXED);
	if (cpu_sctlr(v) & SCTLR_EE)
		*desc = __builtin_bswap32(*desc);
	return 0;
}

/* The leaf for @va (B3.5.5), or a fault. */
static int short_walk(struct emu_vcpu *v, u32 va, struct pte32_leaf *leaf, struct mmu_fault *f)
{
	u32 tcr = ttbcr(v), l1, l2;
	unsigned int n = tcr & TTBCR_N, domain;
	bool upper = n && va >> (32 - n);
	u32 base = (u32)v->st.sys[upper ? ARM_SLOT_TTBR1_EL1 : ARM_SLOT_TTBR0_EL1];
	int ret;

	if (upper)
		n = 0;
	if (tcr & (upper ? TTBCR_PD1 : TTBCR_PD0))
		return fault_at(f, FSC_TRANSLATION, 1, 0);
	base &= ~0u << (14 - n);
	ret = short_read(v, base | (va & ~0u >> n) >> 20 << 2, 1, 0, &l1, f);
	if (ret)
		return ret;
	if ((l1 & 3) == L1D_INVALID)
		return fault_at(f, FSC_TRANSLATION, 1, 0);
	if ((l1 & 3) != L1D_TABLE) {
		*leaf = pte32_section(l1);
		return 0;
	}
	domain = L1D_DOMAIN(l1);
	ret = short_read(v, (l1 & L1D_TABLE_BASE) | (va >> 12 & 0xff) << 2, 2, domain, &l2, f);
	if (ret)
		return ret;
	if ((l2 & 3) == L2D_INVALID)
		return fault_at(f, FSC_TRANSLATION, 2, domain);
	*leaf = pte32_page(l1, l2);
	return 0;
}

static void short_attributes(const struct emu_vcpu *v, const struct pte32_leaf *leaf, struct mmu_page *pg)
{
	u64 mair = v->st.sys[ARM_SLOT_MAIR_EL1];
	u32 prrr = (u32)mair, nmrr = (u32)(mair >> 32);

	if (cpu_sctlr(v) & SCTLR32_TRE) {
		pg->attr = pte32_remap_attr(prrr, nmrr, leaf->texcb);
		pg->sh = pte32_remap_sh(prrr, pg->attr, leaf->texcb, leaf->s);
	} else {
		pg->attr = pte32_attr(leaf->texcb);
		pg->sh = leaf->s ? PTE_SH_INNER : PTE_SH_NONE;
	}
	pg->device = mair_is_device(pg->attr);
	if (pg->device || pg->attr == MAIR_NORMAL_NC)
		pg->sh = PTE_SH_OUTER;
	pg->global = !leaf->ng;
}

static int short_translate(struct emu_vcpu *v, u32 va, unsigned int el, struct mmu_page *pg,
			   struct mmu_fault *f, unsigned int *level, unsigned int *domain)
{
	bool afe = cpu_sctlr(v) & SCTLR32_AFE;
	struct pte32_leaf leaf;
	struct rights rights;
	unsigned int may;
	int ret = short_walk(v, va, &leaf, f);

	if (ret)
		return ret;
	*level = leaf.level;
	*domain = leaf.domain;
	if (afe && !(leaf.ap & 1))
		return fault_at(f, FSC_ACCESS_FLAG, leaf.level, leaf.domain);
	pg->size = ARM_BIT(leaf.shift);
	pg->ipa = leaf.pa;
	short_attributes(v, &leaf, pg);
	switch (pte32_domain(dacr(v), leaf.domain)) {
	case DOMAIN_CLIENT:
		break;
	case DOMAIN_MANAGER:	/* neither AP nor XN count */
		pg->r = pg->w = pg->x = true;
		return 0;
	default:
		return fault_at(f, FSC_DOMAIN, leaf.level, leaf.domain);
	}
	may = pte32_ap(leaf.ap);
	rights = (struct rights){
		.priv_r = may & 1, .priv_w = may & 2, .user_r = may & 4, .user_w = may & 8,
		.xn = leaf.xn, .pxn = leaf.pxn,
	};
	set_rights(v, &rights, el, pg);
	return 0;
}

/* ---- long descriptors ---- */

struct long_walk {
	u64 table;		/* address, where the entry of level @level is looked up */
	unsigned int va_bits;	/* input bits that this walk is of */
	unsigned int level;
	u64 limits;		/* PTE_*_TABLE bits of the tables above */
};

static unsigned int long_shift(unsigned int level)
{
	return 12 + LONG_TABLE_BITS * (3 - level);
}

/* B3.6.4, B3.6.5: which TTBR, and the level of its table.  With both regions away from @va it is in none. */
static int long_begin(const struct emu_vcpu *v, u32 va, struct long_walk *w, struct mmu_fault *f)
{
	u32 tcr = ttbcr(v);
	unsigned int t0 = TTBCR_T0SZ(tcr), t1 = TTBCR_T1SZ(tcr), t;
	bool lower = !t0 || !(va >> (32 - t0));
	bool upper = t1 ? !(~va >> (32 - t1)) : !lower;

	if ((!lower && !upper) || (tcr & (upper ? TCR_EPD1 : TCR_EPD0)))
		return fault_at(f, FSC_TRANSLATION, 1, 0);
	t = upper ? t1 : t0;
	w->va_bits = 32 - t;
	w->level = t < 2 ? 1 : 2;
	w->limits = 0;
	w->table = v->st.sys[upper ? ARM_SLOT_TTBR1_EL1 : ARM_SLOT_TTBR0_EL1];
	w->table &= ARM_MASK(PTE32_LONG_PA_BITS - 1, w->va_bits - long_shift(w->level) + 3);
	return 0;
}

static int long_read(struct emu_vcpu *v, const struct long_walk *w, u32 va, u64 *desc, struct mmu_fault *f)
{
	u64 index = (va & (ARM_BIT(w->va_bits) - 1)) >> long_shift(w->level);
	u64 addr = w->table + 8 * (index & (ARM_BIT(LONG_TABLE_BITS) - 1));
	const u64 *p = (const u64 *)mem_ram_ptr(v->vm, addr, 8);

	if (!p)
		return fault_at(f, FSC_EXTERNAL_WALK, w->level, 0);
	*desc = __atomic_load_n(p, __ATOMIC_RELAXED);
	if (cpu_sctlr(v) & SCTLR_EE)
		*desc = __builtin_bswap64(*desc);
	return 0;
}

/* ARMv8 has a fault for output addresses past 40 bits; before, those bits are ignored. */
static int long_output(const struct emu_vcpu *v, u64 desc, unsigned int level, u64 *pa, struct mmu_fault *f)
{
	*pa = desc & ARM_MASK(PTE32_LONG_PA_BITS - 1, 12);
	if (arm_has(v->vm->cfg.model->features, ARM_FEAT_V8_A32) && (desc & ARM_MASK(47, PTE32_LONG_PA_BITS)))
		return fault_at(f, FSC_ADDRESS_SIZE, level, 0);
	return 0;
}

/* Bytes that @desc says map as one; an output that does not fit the claim stands for itself. */
static unsigned int long_leaf_shift(const struct long_walk *w, u64 desc, u32 va)
{
	unsigned int shift = long_shift(w->level), run = shift + pte_granules[PTE_4K].contiguous[w->level];

	if (!(desc & PTE_CONTIGUOUS) || run > w->va_bits || ((desc ^ va) & (ARM_BIT(run) - ARM_BIT(shift))))
		return shift;
	return run;
}

static int long_leaf(struct emu_vcpu *v, const struct long_walk *w, u32 va, u64 desc, unsigned int el,
		     struct mmu_page *pg, struct mmu_fault *f)
{
	bool ro = (desc & PTE_AP_RO) || (w->limits & PTE_AP_TABLE_RO);
	bool user = (desc & PTE_AP_EL0) && !(w->limits & PTE_AP_TABLE_NO_EL0);
	struct rights rights = {
		.priv_r = true, .priv_w = !ro, .user_r = user, .user_w = user && !ro,
		.xn = (desc & PTE_UXN) || (w->limits & PTE_UXN_TABLE),	/* of both levels */
		.pxn = (desc & PTE_PXN) || (w->limits & PTE_PXN_TABLE),
	};
	u64 pa;
	int ret = long_output(v, desc, w->level, &pa, f);

	if (ret)
		return ret;
	if (!(desc & PTE_AF))
		return fault_at(f, FSC_ACCESS_FLAG, w->level, 0);
	pg->size = ARM_BIT(long_leaf_shift(w, desc, va));
	pg->ipa = addr_align_down(pa, pg->size);
	pg->attr = mair_attr(v->st.sys[ARM_SLOT_MAIR_EL1], (unsigned int)(desc >> PTE_ATTRINDX_SHIFT) & 7);
	pg->device = mair_is_device(pg->attr);
	pg->sh = pg->device || pg->attr == MAIR_NORMAL_NC ? PTE_SH_OUTER : (u8)arm_bits(desc, 9, 8);
	pg->global = !(desc & PTE_NG);
	set_rights(v, &rights, el, pg);
	return 0;
}

static int long_translate(struct emu_vcpu *v, u32 va, unsigned int el, struct mmu_page *pg,
			  struct mmu_fault *f, unsigned int *level)
{
	struct long_walk w;
	u64 desc;
	int ret = long_begin(v, va, &w, f);

	while (!ret) {
		ret = long_read(v, &w, va, &desc, f);
		if (ret)
			break;
		*level = w.level;
		switch (pte_kind(&pte_granules[PTE_4K], w.level, desc)) {
		case PTE_KIND_INVALID:
			return fault_at(f, FSC_TRANSLATION, w.level, 0);
		case PTE_KIND_LEAF:
			return long_leaf(v, &w, va, desc, el, pg, f);
		case PTE_KIND_TABLE:
			break;
		}
		ret = long_output(v, desc, w.level, &w.table, f);
		w.limits |= desc & (PTE_PXN_TABLE | PTE_UXN_TABLE | PTE_AP_TABLE_NO_EL0 | PTE_AP_TABLE_RO);
		w.level++;
	}
	return ret;
}

/* ---- both ---- */

/* B3.2.1: data is Strongly-ordered, fetches are Normal. */
static void identity(u32 va, enum mmu_access acc, struct mmu_page *pg)
{
	*pg = (struct mmu_page){
		.ipa = va & ~4095u, .size = 4096, .r = true, .w = true, .x = true, .global = true,
		.device = acc != MMU_FETCH, .attr = acc == MMU_FETCH ? MAIR_NORMAL_NC : MAIR_DEVICE_NGNRNE,
		.sh = PTE_SH_OUTER,
	};
}

int mmu32_translate(struct emu_vcpu *v, u32 va, enum mmu_access acc, unsigned int el,
		    struct mmu_page *page, struct mmu_fault *fault)
{
	unsigned int level = 0, domain = 0;
	int ret;

	if (!(cpu_sctlr(v) & SCTLR_M)) {
		identity(va, acc, page);
		return 0;
	}
	*page = (struct mmu_page){ .size = 0 };
	if (cpu_lpae_active(v))
		ret = long_translate(v, va, el, page, fault, &level);
	else
		ret = short_translate(v, va, el, page, fault, &level, &domain);
	/*
	 * Maintenance by VA needs the address, no rights to what is there: Linux
	 * cleans pages of user space while their domain is closed.
	 */
	if (acc == MMU_CACHE && ret && esr_fsc_family(fault->fsc) == FSC_DOMAIN)
		return 0;
	if (ret)
		return ret;
	if (acc == MMU_CACHE)
		return 0;
	if (!(acc == MMU_FETCH ? page->x : acc == MMU_WRITE ? page->w : page->r))
		return fault_at(fault, FSC_PERMISSION, level, domain);
	return 0;
}

u64 mmu32_context(const struct emu_vcpu *v, unsigned int el)
{
	const u64 *sys = v->st.sys;
	u64 key = CTX_A32 | (u64)el << CTX_EL_SHIFT;

	if (!(cpu_sctlr(v) & SCTLR_M))
		return key;
	key |= CTX_MMU;
	if (cpu_lpae_active(v))
		return key | CTX_LPAE |
		       TTBR32_ASID(sys[ttbcr(v) & TCR_A1 ? ARM_SLOT_TTBR1_EL1 : ARM_SLOT_TTBR0_EL1]);
	return key | (u64)dacr(v) << CTX_DACR_SHIFT | (sys[ARM_SLOT_CONTEXTIDR_EL1] & 0xff);
}
