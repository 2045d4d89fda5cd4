/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * emu/cpu/mmu.c: tables built by hand, and random ones against a second walker
 * that shares nothing with the first (it works on input bits, not on levels).
 */
#include "tests/unit/cpu_rig.h"

#define PTE_LEAF_BITS (PTE_AF | (3ULL << 8))	/* AF, inner shareable, AttrIndx 0 */

/* ---- the second walker ---- */

struct ref {
	int fsc;	/* -1: none */
	u64 pa, size;
	bool r, w, x, device, global;
	u8 attr;
};

static u64 bits_of(u64 v, int hi, int lo)
{
	u64 out = 0;

	for (int i = hi; i >= lo; i--)
		out = out << 1 | (v >> i & 1);
	return out;
}

static u64 ref_contiguous(int pbits, int level)
{
	if (pbits == 12)
		return level ? 16 : 1;
	if (pbits == 14)
		return level == 2 ? 32 : level == 3 ? 128 : 1;
	return level >= 2 ? 32 : 1;
}

static void ref_leaf(const u64 *sys, u64 va, u64 desc, int level, int pbits, int lo, int n,
		     u64 tables, unsigned int el, int oabits, struct ref *o)
{
	u64 oa = bits_of(desc, 47, lo) << lo, run = ref_contiguous(pbits, level) << lo;
	bool ap1 = desc >> 6 & 1, ap2 = desc >> 7 & 1, wxn = sys[ARM_SLOT_SCTLR_EL1] >> 19 & 1;

	if (oabits < 48 && oa >> oabits) {
		o->fsc = level;
		return;
	}
	if (!(desc >> 10 & 1)) {
		o->fsc = 8 + level;
		return;
	}
	ap1 &= !(tables >> 61 & 1);
	ap2 |= tables >> 62 & 1;
	o->size = 1ULL << lo;
	if ((desc >> 52 & 1) && run <= 1ULL << n && (oa & (run - 1)) == (va & (run - 1) & ~(o->size - 1)))
		o->size = run;
	o->pa = oa | (va & ((1ULL << lo) - 1));
	if (el) {
		o->r = true;
		o->w = !ap2;
		o->x = !(desc >> 53 & 1) && !(tables >> 59 & 1) && !(ap1 && !ap2);
	} else {
		o->r = ap1;
		o->w = ap1 && !ap2;
		o->x = !(desc >> 54 & 1) && !(tables >> 60 & 1);
	}
	if (wxn && o->w)
		o->x = false;
	o->attr = (u8)(sys[ARM_SLOT_MAIR_EL1] >> 8 * (desc >> 2 & 7));
	o->device = o->attr < 16;
	o->global = !(desc >> 11 & 1);
}

static struct ref ref_walk(struct emu_vcpu *v, u64 va, unsigned int el)
{
	static const int tg[2][4] = { { 12, 16, 14, 12 }, { 12, 14, 12, 16 } };
	static const int ips[8] = { 32, 36, 40, 42, 44, 48, 48, 48 };
	const u64 *sys = v->st.sys;
	u64 tcr = sys[ARM_SLOT_TCR_EL1], table, tables = 0, desc;
	int half = va >> 55 & 1, pbits = tg[half][tcr >> (half ? 30 : 14) & 3], stride = pbits - 3;
	int txsz = tcr >> (half ? 16 : 0) & 63, n, hi, lo, level, oabits = ips[tcr >> 32 & 7];
	struct ref o = { .fsc = -1 };
	u64 ext;

	txsz = txsz < 16 ? 16 : txsz > 39 ? 39 : txsz;
	n = 64 - txsz;
	ext = half ? va | ~0ULL << 56 : va & ~0ULL >> 8;
	if (!(tcr >> (37 + half) & 1))
		ext = va;
	if (ext >> n != (half ? ~0ULL >> n : 0) || (tcr >> (half ? 23 : 7) & 1)) {
		o.fsc = 4;
		return o;
	}
	/* The input bits above the page are cut into strides from below. */
	for (lo = pbits, level = 3; lo + stride < n; lo += stride)
		level--;
	hi = n - 1;
	table = sys[half ? ARM_SLOT_TTBR1_EL1 : ARM_SLOT_TTBR0_EL1] & 0xfffffffffffe;
	if (oabits < 48 && table >> oabits) {
		o.fsc = 0;
		return o;
	}
	table &= ~((8ULL << (hi - lo + 1)) - 1);
	for (;; level++, hi = lo - 1, lo -= stride) {
		u64 at = table + 8 * bits_of(va, hi, lo);
		u8 *p = mem_ram_ptr(v->vm, at, 8);

		if (!p) {
			o.fsc = 0x14 + level;
			return o;
		}
		memcpy(&desc, p, 8);
		if (!(desc & 1) || (level == 3 && !(desc & 2)) ||
		    (level < 3 && !(desc & 2) && !(level == 2 || (pbits == 12 && level == 1)))) {
			o.fsc = 4 + level;
			return o;
		}
		if (level == 3 || !(desc & 2)) {
			ref_leaf(sys, va, desc, level, pbits, lo, n, tables, el, oabits, &o);
			if (o.fsc < 0)
				o.fsc = -1 - level;	/* the level, for permission faults */
			return o;
		}
		tables |= desc;
		table = bits_of(desc, 47, pbits) << pbits;
		if (oabits < 48 && table >> oabits) {
			o.fsc = level;
			return o;
		}
	}
}

static void compare(struct emu_vcpu *v, u64 va, enum mmu_access acc, unsigned int el)
{
	struct ref o = ref_walk(v, va, el);
	struct mmu_page pg = { 0 };
	struct mmu_fault f = { 0 };
	int ret = mmu_translate(v, va, acc, el, &pg, &f), level = -1 - o.fsc;

	if (o.fsc < 0 && !(acc == MMU_FETCH ? o.x : acc == MMU_WRITE ? o.w : o.r))
		o.fsc = 0xc + level;
	if (o.fsc >= 0) {
		assert_int_equal(ret, -EFAULT);
		assert_int_equal(f.fsc, o.fsc);
		return;
	}
	assert_int_equal(ret, 0);
	assert_int_equal(pg.size, o.size);
	assert_int_equal(pg.ipa & (pg.size - 1), 0);
	assert_int_equal(pg.ipa + (va & (pg.size - 1)), o.pa);
	assert_int_equal(pg.r, o.r);
	assert_int_equal(pg.w, o.w);
	assert_int_equal(pg.x, o.x);
	assert_int_equal(pg.device, o.device);
	assert_int_equal(pg.global, o.global);
	assert_int_equal(pg.attr, o.attr);
}

/* ---- random tables ---- */

/* A descriptor that often leads on: tables inside RAM, few address size faults. */
static u64 random_desc(int pbits)
{
	u64 d = rig_rand() & ~ARM_MASK(47, 12);

	if (rig_rand() % 8)
		d |= 1;
	if (rig_rand() % 4)
		d |= PTE_TABLE;
	if (rig_rand() % 4)
		d |= PTE_AF;
	if (rig_rand() % 16 == 0)
		d |= (rig_rand() & ARM_MASK(47, 12));
	else
		d |= RIG_RAM + ((rig_rand() % RIG_RAM_SIZE) >> pbits << pbits);
	return d;
}

static u64 random_va(const struct emu_vcpu *v)
{
	u64 tcr = v->st.sys[ARM_SLOT_TCR_EL1], va = rig_rand();
	bool upper = rig_rand() & 1;
	unsigned int n = 64 - tcr_txsz(tcr, upper);

	if (rig_rand() % 16 == 0)
		return va;
	n = n < 25 ? 25 : n > 48 ? 48 : n;
	va &= ARM_MASK(n - 1, 0);
	if (upper)
		va |= ~0ULL << n;
	if (rig_rand() % 8 == 0)
		va ^= rig_rand() << 56;
	return va;
}

static void test_random(void **state)
{
	static const int gran[3] = { 12, 14, 16 };
	struct emu_vcpu *v = *state;
	u64 *sys = v->st.sys, *ram = (u64 *)rig.ram;

	for (int round = 0; round < 60; round++) {
		int pbits = gran[round % 3];

		for (size_t i = 0; i < RIG_RAM_SIZE / 8; i++)
			ram[i] = random_desc(pbits);
		for (int cfg = 0; cfg < 20; cfg++) {
			u64 tcr = rig_rand() & 0x77ffffffbf & ~(TCR_EPD0 | TCR_EPD1);

			tcr &= ~(ARM_MASK(31, 30) | ARM_MASK(15, 14));
			tcr |= pbits == 12 ? 2ULL << 30 : pbits == 14 ? 1ULL << 30 | 2 << 14 : 3ULL << 30 | 1 << 14;
			if (rig_rand() % 16 == 0)
				tcr |= rig_rand() & (TCR_EPD0 | TCR_EPD1);
			if (rig_rand() % 4)
				tcr = (tcr & ~TCR_IPS_MASK) | 5ULL << TCR_IPS_SHIFT;
			sys[ARM_SLOT_TCR_EL1] = tcr;
			sys[ARM_SLOT_MAIR_EL1] = rig_rand() & 0xff44ff0fff0cff00;
			sys[ARM_SLOT_SCTLR_EL1] = 1 | (rig_rand() & SCTLR_WXN);
			sys[ARM_SLOT_TTBR0_EL1] = RIG_RAM | (rig_rand() & 0xffff0000001ffffe);
			sys[ARM_SLOT_TTBR1_EL1] = RIG_RAM | (rig_rand() & 0xffff0000001ffffe);
			for (int i = 0; i < 60; i++)
				compare(v, random_va(v), (enum mmu_access)(rig_rand() % 4), rig_rand() & 1);
		}
	}
}

/* ---- tables by hand ---- */

static void put(u64 table, u64 index, u64 desc)
{
	memcpy(rig.ram + (table - RIG_RAM) + 8 * index, &desc, 8);
}

#define T0 (RIG_RAM + 0x10000)
#define T1 (RIG_RAM + 0x20000)
#define T2 (RIG_RAM + 0x30000)
#define T3 (RIG_RAM + 0x40000)

/* 4K granule, 48 bits, both halves; va 0x0000_0000_0040_3000 maps by @desc at level 3. */
static void map_4k(struct emu_vcpu *v, u64 desc)
{
	u64 *sys = v->st.sys;

	sys[ARM_SLOT_TCR_EL1] = 16 | 16 << 16 | 2ULL << 30 | 5ULL << 32;
	sys[ARM_SLOT_TTBR0_EL1] = T0;
	sys[ARM_SLOT_TTBR1_EL1] = T0;
	sys[ARM_SLOT_MAIR_EL1] = 0x0000000000440cff;
	sys[ARM_SLOT_SCTLR_EL1] |= SCTLR_M;
	put(T0, 0, T1 | 3);
	put(T0, 511, T1 | 3);
	put(T1, 0, T2 | 3);
	put(T2, 2, T3 | 3);
	put(T3, 3, desc);
}

#define VA 0x403000ULL

static int translate(struct emu_vcpu *v, u64 va, enum mmu_access acc, unsigned int el, struct mmu_page *pg)
{
	struct mmu_fault f = { 0 };

	return mmu_translate(v, va, acc, el, pg, &f) ? -(int)f.fsc - 1 : 0;
}

#define FAULT(family, level) (-(int)esr_fsc(family, level) - 1)

static void test_levels(void **state)
{
	struct emu_vcpu *v = *state;
	struct mmu_page pg;

	map_4k(v, 0x51234000 | PTE_LEAF_BITS | 3);
	assert_int_equal(translate(v, VA + 0x567, MMU_READ, 1, &pg), 0);
	assert_int_equal(pg.ipa, 0x51234000);
	assert_int_equal(pg.size, 4096);
	assert_int_equal(pg.sh, PTE_SH_INNER);
	assert_int_equal(pg.attr, 0xff);
	assert_true(pg.global && !pg.device && pg.w && pg.x);
	/* the same tables at the top of the address space */
	assert_int_equal(translate(v, 0xffffff8000000000 + VA, MMU_READ, 1, &pg), 0);
	/* an invalid entry at each level, and addresses out of range */
	assert_int_equal(translate(v, VA + 0x1000, MMU_READ, 1, &pg), FAULT(FSC_TRANSLATION, 3));
	assert_int_equal(translate(v, 0x1000000, MMU_READ, 1, &pg), FAULT(FSC_TRANSLATION, 2));
	assert_int_equal(translate(v, 0x7f00000000, MMU_READ, 1, &pg), FAULT(FSC_TRANSLATION, 1));
	assert_int_equal(translate(v, 0x0000700000000000, MMU_READ, 1, &pg), FAULT(FSC_TRANSLATION, 0));
	assert_int_equal(translate(v, 0x0001000000000000, MMU_READ, 1, &pg), FAULT(FSC_TRANSLATION, 0));
	assert_int_equal(translate(v, 0x0100000000000000 | VA, MMU_READ, 1, &pg), FAULT(FSC_TRANSLATION, 0));
	v->st.sys[ARM_SLOT_TCR_EL1] |= TCR_TBI0;
	assert_int_equal(translate(v, 0x0100000000000000 | VA, MMU_READ, 1, &pg), 0);
	v->st.sys[ARM_SLOT_TCR_EL1] |= TCR_EPD0;
	assert_int_equal(translate(v, VA, MMU_READ, 1, &pg), FAULT(FSC_TRANSLATION, 0));
	assert_int_equal(translate(v, 0xffffff8000000000 + VA, MMU_READ, 1, &pg), 0);
}

static void test_faults(void **state)
{
	struct emu_vcpu *v = *state;
	struct mmu_page pg;

	map_4k(v, 0x51234000 | 3);
	assert_int_equal(translate(v, VA, MMU_READ, 1, &pg), FAULT(FSC_ACCESS_FLAG, 3));
	map_4k(v, 0x51234000 | PTE_AF | 1);
	assert_int_equal(translate(v, VA, MMU_READ, 1, &pg), FAULT(FSC_TRANSLATION, 3));
	/* 44 bits of physical address on the A57, whatever IPS says */
	map_4k(v, 1ULL << 44 | PTE_AF | 3);
	assert_int_equal(translate(v, VA, MMU_READ, 1, &pg), FAULT(FSC_ADDRESS_SIZE, 3));
	map_4k(v, 1ULL << 43 | PTE_AF | 3);
	assert_int_equal(translate(v, VA, MMU_READ, 1, &pg), 0);
	v->st.sys[ARM_SLOT_TCR_EL1] &= ~TCR_IPS_MASK;
	assert_int_equal(translate(v, VA, MMU_READ, 1, &pg), FAULT(FSC_ADDRESS_SIZE, 3));
	v->st.sys[ARM_SLOT_TTBR0_EL1] = 1ULL << 36;
	assert_int_equal(translate(v, VA, MMU_READ, 1, &pg), FAULT(FSC_ADDRESS_SIZE, 0));
	v->st.sys[ARM_SLOT_TTBR0_EL1] = 0x1000;
	assert_int_equal(translate(v, VA, MMU_READ, 1, &pg), FAULT(FSC_EXTERNAL_WALK, 0));
	map_4k(v, 0);
	put(T1, 0, 0x2000 | 3);
	assert_int_equal(translate(v, VA, MMU_READ, 1, &pg), FAULT(FSC_EXTERNAL_WALK, 2));
}

static void test_permissions(void **state)
{
	/* AP[2:1] -> what EL1 and EL0 may do */
	static const struct {
		const char *el1, *el0;
	} want[4] = { { "rwx", "x" }, { "rw", "rwx" }, { "rx", "x" }, { "rx", "rx" } };
	static const char names[] = "rwx";
	static const enum mmu_access accs[] = { MMU_READ, MMU_WRITE, MMU_FETCH };
	struct emu_vcpu *v = *state;
	struct mmu_page pg;

	for (unsigned int ap = 0; ap < 4; ap++) {
		map_4k(v, 0x51234000 | PTE_LEAF_BITS | ap << 6 | 3);
		for (unsigned int a = 0; a < 3; a++) {
			assert_int_equal(translate(v, VA, accs[a], 1, &pg),
					 strchr(want[ap].el1, names[a]) ? 0 : FAULT(FSC_PERMISSION, 3));
			assert_int_equal(translate(v, VA, accs[a], 0, &pg),
					 strchr(want[ap].el0, names[a]) ? 0 : FAULT(FSC_PERMISSION, 3));
		}
	}
	map_4k(v, 0x51234000 | PTE_LEAF_BITS | PTE_UXN | 3);
	assert_int_equal(translate(v, VA, MMU_FETCH, 0, &pg), FAULT(FSC_PERMISSION, 3));
	assert_int_equal(translate(v, VA, MMU_FETCH, 1, &pg), 0);
	map_4k(v, 0x51234000 | PTE_LEAF_BITS | PTE_PXN | 3);
	assert_int_equal(translate(v, VA, MMU_FETCH, 0, &pg), 0);
	assert_int_equal(translate(v, VA, MMU_FETCH, 1, &pg), FAULT(FSC_PERMISSION, 3));
	/* hierarchical limits */
	map_4k(v, 0x51234000 | PTE_LEAF_BITS | PTE_AP_EL0 | 3);
	put(T1, 0, T2 | PTE_AP_TABLE_RO | PTE_UXN_TABLE | 3);
	assert_int_equal(translate(v, VA, MMU_WRITE, 1, &pg), FAULT(FSC_PERMISSION, 3));
	assert_int_equal(translate(v, VA, MMU_FETCH, 0, &pg), FAULT(FSC_PERMISSION, 3));
	assert_int_equal(translate(v, VA, MMU_FETCH, 1, &pg), 0);
	put(T1, 0, T2 | PTE_AP_TABLE_NO_EL0 | PTE_PXN_TABLE | 3);
	assert_int_equal(translate(v, VA, MMU_READ, 0, &pg), FAULT(FSC_PERMISSION, 3));
	assert_int_equal(translate(v, VA, MMU_FETCH, 1, &pg), FAULT(FSC_PERMISSION, 3));
	/* WXN */
	map_4k(v, 0x51234000 | PTE_LEAF_BITS | 3);
	v->st.sys[ARM_SLOT_SCTLR_EL1] |= SCTLR_WXN;
	assert_int_equal(translate(v, VA, MMU_FETCH, 1, &pg), FAULT(FSC_PERMISSION, 3));
	assert_int_equal(translate(v, VA, MMU_FETCH, 0, &pg), 0);
}

static void test_blocks(void **state)
{
	struct emu_vcpu *v = *state;
	struct mmu_page pg;

	map_4k(v, 0);
	put(T2, 5, 0x50200000 | PTE_LEAF_BITS | PTE_NG | 1 << 2 | 1);
	assert_int_equal(translate(v, 0xa12345, MMU_READ, 1, &pg), 0);
	assert_int_equal(pg.ipa, 0x50200000);
	assert_int_equal(pg.size, 2 << 20);
	assert_true(pg.device && !pg.global);
	assert_int_equal(pg.sh, PTE_SH_OUTER);
	put(T1, 1, 0x80000000 | PTE_LEAF_BITS | 1);
	assert_int_equal(translate(v, 0x40000000 + 0x123456, MMU_READ, 1, &pg), 0);
	assert_int_equal(pg.size, 1 << 30);
	assert_int_equal(pg.ipa, 0x80000000);
	/* a run of 16 pages, and an entry that only claims to be in one */
	put(T3, 0x25, 0x50005000 | PTE_LEAF_BITS | PTE_CONTIGUOUS | 3);
	assert_int_equal(translate(v, 0x425010, MMU_READ, 1, &pg), 0);
	assert_int_equal(pg.size, 0x10000);
	assert_int_equal(pg.ipa, 0x50000000);
	put(T3, 0x26, 0x50005000 | PTE_LEAF_BITS | PTE_CONTIGUOUS | 3);
	assert_int_equal(translate(v, 0x426010, MMU_READ, 1, &pg), 0);
	assert_int_equal(pg.size, 0x1000);
	assert_int_equal(pg.ipa, 0x50005000);
	/* big-endian tables */
	put(T3, 3, __builtin_bswap64(0x51234000 | PTE_LEAF_BITS | 3));
	put(T0, 0, __builtin_bswap64(T1 | 3));
	put(T1, 0, __builtin_bswap64(T2 | 3));
	put(T2, 2, __builtin_bswap64(T3 | 3));
	v->st.sys[ARM_SLOT_SCTLR_EL1] |= SCTLR_EE;
	assert_int_equal(translate(v, VA, MMU_READ, 1, &pg), 0);
	assert_int_equal(pg.ipa, 0x51234000);
}

static void test_off(void **state)
{
	struct emu_vcpu *v = *state;
	struct mmu_page pg;

	assert_int_equal(translate(v, 0x9000123, MMU_READ, 1, &pg), 0);
	assert_int_equal(pg.ipa, 0x9000000);
	assert_true(pg.device && pg.r && pg.w && pg.global);
	assert_int_equal(pg.attr, MAIR_DEVICE_NGNRNE);
	assert_int_equal(translate(v, RIG_RAM, MMU_FETCH, 1, &pg), 0);
	assert_true(pg.x && !pg.device);
	assert_int_equal(translate(v, 1ULL << 44, MMU_READ, 1, &pg), FAULT(FSC_ADDRESS_SIZE, 0));
	v->st.sys[ARM_SLOT_TCR_EL1] = TCR_TBI0;
	assert_int_equal(translate(v, 0x7700000009000123, MMU_READ, 1, &pg), 0);
	assert_int_equal(pg.ipa, 0x9000000);
}

static void test_raise(void **state)
{
	struct emu_vcpu *v = *state;
	struct mmu_fault f = { .fsc = esr_fsc(FSC_PERMISSION, 3) };
	struct vcpu_exception e;

	v->st.pc = 0x1000;
	mmu_raise(v, 0x8000000000001234, MMU_WRITE, &f);
	e = rig_exc(v);
	assert_true(e.pending && e.far_valid);
	assert_int_equal(e.esr, 0x9600004f);
	assert_int_equal(e.far, 0x8000000000001234);
	assert_int_equal(e.ret, 0x1000);
	rig_el(v, 0);
	mmu_raise(v, 0x1234, MMU_READ, &f);
	assert_int_equal(rig_exc(v).esr, 0x9200000f);
	mmu_raise(v, 0x1234, MMU_CACHE, &f);
	assert_int_equal(rig_exc(v).esr, 0x9200014f);
	mmu_raise(v, 0x2000, MMU_FETCH, &f);
	e = rig_exc(v);
	assert_int_equal(e.esr, 0x8200000f);
	assert_int_equal(e.ret, 0x2000);
	mmu_raise_align(v, 3, false);
	assert_int_equal(rig_exc(v).esr, 0x92000021);
	rig_el(v, 1);
	mmu_raise_external(v, 3, MMU_WRITE);
	assert_int_equal(rig_exc(v).esr, 0x96000050);
}

static void test_context(void **state)
{
	struct emu_vcpu *v = *state;
	u64 *sys = v->st.sys, off = mmu_context(v, 1), a, b;

	sys[ARM_SLOT_TTBR0_EL1] = 0x1234ULL << 48;
	sys[ARM_SLOT_TTBR1_EL1] = 0x5634ULL << 48;
	assert_int_equal(mmu_context(v, 1), off);
	sys[ARM_SLOT_SCTLR_EL1] |= SCTLR_M;
	a = mmu_context(v, 1);
	assert_int_not_equal(a, off);
	assert_int_not_equal(a, mmu_context(v, 0));
	sys[ARM_SLOT_TTBR0_EL1] |= 0xabc0000;
	assert_int_equal(mmu_context(v, 1), a);
	/* 8-bit ASIDs: the upper half does not count, and both have 0x34 */
	sys[ARM_SLOT_TCR_EL1] |= TCR_A1;
	assert_int_equal(mmu_context(v, 1), a);
	sys[ARM_SLOT_TCR_EL1] |= TCR_AS;
	b = mmu_context(v, 1);
	assert_int_not_equal(a, b);
	sys[ARM_SLOT_TCR_EL1] &= ~TCR_A1;
	assert_int_not_equal(mmu_context(v, 1), b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_levels, rig_setup),
		cmocka_unit_test_setup(test_faults, rig_setup),
		cmocka_unit_test_setup(test_permissions, rig_setup),
		cmocka_unit_test_setup(test_blocks, rig_setup),
		cmocka_unit_test_setup(test_off, rig_setup),
		cmocka_unit_test_setup(test_raise, rig_setup),
		cmocka_unit_test_setup(test_context, rig_setup),
		cmocka_unit_test_setup(test_random, rig_setup_max),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
