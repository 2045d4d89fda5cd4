/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * emu/cpu/mmu32.c: random short and long tables against a second walker that
 * shares nothing with the first, and what single bits do, by hand.
 */
#include "tests/unit/cpu_rig.h"

#define L1_TABLE (RIG_RAM + 0x4000)	/* aligned to 16 KiB */
#define L2_TABLE (RIG_RAM + 0x10000)

static int setup(void **state)
{
	return rig_setup_a32(state, true);
}

static int setup_v8(void **state)
{
	return rig_setup_a32(state, false);
}

/* ---- the second walker ---- */

struct ref {
	int fsc;	/* -1: none */
	unsigned int domain;
	u64 pa, size;
	bool r, w, x, device, global;
	u8 attr;
};

static u32 bits(u64 v, int hi, int lo)
{
	return (u32)(v >> lo) & (u32)((1ULL << (hi - lo + 1)) - 1);
}

static bool ref_load(struct emu_vcpu *v, u64 pa, unsigned int size, u64 *out)
{
	bool big = v->st.sys[ARM_SLOT_SCTLR_EL1] >> 25 & 1;

	*out = 0;
	if (pa < RIG_RAM || pa >= RIG_RAM + RIG_RAM_SIZE)
		return false;
	for (unsigned int i = 0; i < size; i++) {
		unsigned int at = big ? i : size - 1 - i;

		*out = *out << 8 | rig.ram[pa - RIG_RAM + at];
	}
	return true;
}

/* Table B3-10 and B3.8.3. */
static u8 ref_attr(struct emu_vcpu *v, u32 tex, u32 cb)
{
	static const u8 nib[4] = { 4, 15, 10, 14 };
	u64 mair = v->st.sys[ARM_SLOT_MAIR_EL1];
	u32 n = (tex & 1) << 2 | cb, prrr = (u32)mair, nmrr = mair >> 32;

	if (v->st.sys[ARM_SLOT_SCTLR_EL1] >> 28 & 1) {
		u32 tr = bits(prrr, 2 * n + 1, 2 * n);

		if (tr == 2)
			return nib[bits(nmrr, 17 + 2 * n, 16 + 2 * n)] << 4 | nib[bits(nmrr, 2 * n + 1, 2 * n)];
		return tr == 0 ? 0 : 4;
	}
	if (tex >= 4)
		return nib[tex & 3] << 4 | nib[cb];
	switch (tex << 4 | cb) {
	case 0x01:
	case 0x20:
		return 0x04;
	case 0x02:
		return 0xaa;
	case 0x03:
		return 0xee;
	case 0x10:
		return 0x44;
	case 0x13:
		return 0xff;
	}
	return 0;
}

/* WXN and UWXN, and that only what can be read is executed. */
static void ref_exec(struct emu_vcpu *v, bool xn, bool pxn, bool user_w, unsigned int el, struct ref *o)
{
	u64 sctlr = v->st.sys[ARM_SLOT_SCTLR_EL1];

	o->x = o->r && !xn;
	if ((sctlr >> 19 & 1) && o->w)
		o->x = false;
	if (el == 1 && (pxn || ((sctlr >> 20 & 1) && user_w)))
		o->x = false;
}

/* A leaf of either level as the fields of its descriptors. */
struct fields {
	u32 ap, tex, cb, lvl;
	bool xn, pxn, ng;
};

static void ref_section(u64 d, struct fields *l, struct ref *o)
{
	*l = (struct fields){
		.ap = bits(d, 15, 15) << 2 | bits(d, 11, 10), .tex = bits(d, 14, 12), .cb = bits(d, 3, 2), .lvl = 1,
		.xn = bits(d, 4, 4), .pxn = d & 1, .ng = bits(d, 17, 17),
	};
	o->domain = bits(d, 8, 5);
	o->size = 1 << 20;
	o->pa = (u64)bits(d, 31, 20) << 20;
	if (bits(d, 18, 18)) {
		o->domain = 0;
		o->size = 1 << 24;
		o->pa = (u64)bits(d, 31, 24) << 24 | (u64)bits(d, 23, 20) << 32 | (u64)bits(d, 8, 5) << 36;
	}
}

static void ref_page(u64 d1, u64 d, struct fields *l, struct ref *o)
{
	bool large = (d & 3) == 1;

	*l = (struct fields){
		.ap = bits(d, 9, 9) << 2 | bits(d, 5, 4), .cb = bits(d, 3, 2), .lvl = 2,
		.tex = large ? bits(d, 14, 12) : bits(d, 8, 6), .xn = large ? bits(d, 15, 15) : d & 1,
		.pxn = bits(d1, 2, 2), .ng = bits(d, 11, 11),
	};
	o->size = large ? 65536 : 4096;
	o->pa = large ? (u64)bits(d, 31, 16) << 16 : (u64)bits(d, 31, 12) << 12;
}

/* False: o->fsc. */
static bool ref_short_leaf(struct emu_vcpu *v, u32 va, struct fields *l, struct ref *o)
{
	const u64 *sys = v->st.sys;
	u32 tcr = (u32)sys[ARM_SLOT_TCR_EL1], n = tcr & 7;
	bool one = n && bits(va, 31, 32 - (int)n);
	u64 base, d, d1;

	o->fsc = 5;
	if (tcr >> (one ? 5 : 4) & 1)
		return false;
	if (one)
		n = 0;
	base = (u32)sys[one ? ARM_SLOT_TTBR1_EL1 : ARM_SLOT_TTBR0_EL1] >> (14 - n) << (14 - n);
	o->fsc = 0x15;
	if (!ref_load(v, base + 4 * bits(va, 31 - (int)n, 20), 4, &d1))
		return false;
	o->fsc = 5;
	if (!(d1 & 3))
		return false;
	if ((d1 & 3) != 1) {
		ref_section(d1, l, o);
		return true;
	}
	o->domain = bits(d1, 8, 5);
	o->fsc = 0x16;
	if (!ref_load(v, (u64)bits(d1, 31, 10) << 10 | bits(va, 19, 12) << 2, 4, &d))
		return false;
	o->fsc = 6;
	if (!(d & 3))
		return false;
	ref_page(d1, d, l, o);
	return true;
}

/* An o.fsc of 0x100 and more: level << 8, and the permissions decide. */
static struct ref ref_short(struct emu_vcpu *v, u32 va, unsigned int el)
{
	const u64 *sys = v->st.sys;
	struct ref o = { .fsc = -1 };
	struct fields l;

	if (!ref_short_leaf(v, va, &l, &o))
		return o;
	o.pa += va & (o.size - 1);
	o.attr = ref_attr(v, l.tex, l.cb);
	o.device = o.attr == 0 || o.attr == 4;
	o.global = !l.ng;
	o.fsc = 8 + (int)l.lvl;
	if ((sys[ARM_SLOT_SCTLR_EL1] >> 29 & 1) && !(l.ap & 1))
		return o;
	o.fsc = 0x3c + (int)l.lvl;
	switch (bits((u32)sys[ARM_SLOT_DACR32_EL2], 2 * (int)o.domain + 1, 2 * (int)o.domain)) {
	case 0:
	case 2:
		return o;
	case 3:
		o.fsc = -1;
		o.r = o.w = o.x = true;
		return o;
	}
	o.r = el ? l.ap != 0 && l.ap != 4 : l.ap == 2 || l.ap == 3 || l.ap == 6 || l.ap == 7;
	o.w = el ? l.ap >= 1 && l.ap <= 3 : l.ap == 3;
	ref_exec(v, l.xn, l.pxn, l.ap == 3, el, &o);
	o.fsc = (int)l.lvl << 8;
	return o;
}

/* Which table @va is in: its address, the input bits, or false. */
static bool ref_long_table(const u64 *sys, u32 va, u64 *table, int *size)
{
	u64 tcr = sys[ARM_SLOT_TCR_EL1];
	int t0 = tcr & 7, t1 = tcr >> 16 & 7, half = -1, lo;
	u64 top0 = 1ULL << (32 - t0), low1 = (1ULL << 32) - (1ULL << (32 - t1));

	if (va < top0)
		half = 0;
	if (t1 ? va >= low1 : half < 0)
		half = 1;
	if (half < 0 || (tcr >> (half ? 23 : 7) & 1))
		return false;
	*size = 32 - (half ? t1 : t0);
	lo = *size > 30 ? 30 : 21;
	*table = sys[half ? ARM_SLOT_TTBR1_EL1 : ARM_SLOT_TTBR0_EL1] & 0xffffffffffULL;
	*table = *table >> (*size - lo + 3) << (*size - lo + 3);
	return true;
}

static struct ref ref_long(struct emu_vcpu *v, u32 va, unsigned int el)
{
	u64 table, d, run;
	int size, lvl, lo;
	bool v8 = arm_has(v->vm->cfg.model->features, ARM_FEAT_V8_A32);
	bool xn = false, pxn = false, ro = false, nouser = false;
	struct ref o = { .fsc = 5 };

	if (!ref_long_table(v->st.sys, va, &table, &size))
		return o;
	lvl = size > 30 ? 1 : 2;
	lo = lvl == 1 ? 30 : 21;
	va &= (u32)((1ULL << size) - 1);
	for (;; lvl++, lo -= 9) {
		o.fsc = 0x14 + lvl;
		if (!ref_load(v, table + (((u64)va >> lo & 511) << 3), 8, &d))
			return o;
		o.fsc = 4 + lvl;
		if (!(d & 1) || (lvl == 3 && !(d & 2)))
			return o;
		o.fsc = lvl;
		if (v8 && (d >> 40 & 0xff))
			return o;
		if (lvl == 3 || !(d & 2))
			break;
		table = d & 0xfffffff000ULL;
		pxn |= d >> 59 & 1;
		xn |= d >> 60 & 1;
		nouser |= d >> 61 & 1;
		ro |= d >> 62 & 1;
	}
	o.fsc = 8 + lvl;
	if (!(d >> 10 & 1))
		return o;
	pxn |= d >> 53 & 1;
	xn |= d >> 54 & 1;
	nouser |= !(d >> 6 & 1);
	ro |= d >> 7 & 1;
	o.size = 1ULL << lo;
	run = o.size * 16;
	o.pa = (d & 0xffffffffffULL & ~(o.size - 1)) | (va & (o.size - 1));
	if ((d >> 52 & 1) && run <= 1ULL << size && (o.pa & (run - 1)) == (va & (run - 1)))
		o.size = run;
	o.attr = (u8)(v->st.sys[ARM_SLOT_MAIR_EL1] >> 8 * (d >> 2 & 7));
	o.device = o.attr < 16;
	o.global = !(d >> 11 & 1);
	o.r = el || !nouser;
	o.w = o.r && !ro;
	ref_exec(v, xn, pxn, !nouser && !ro, el, &o);
	o.fsc = lvl << 8;
	return o;
}

/* Returns whether it translated. */
static bool compare(struct emu_vcpu *v, u32 va, enum mmu_access acc, unsigned int el)
{
	struct ref o = v->st.sys[ARM_SLOT_TCR_EL1] >> 31 & 1 ? ref_long(v, va, el) : ref_short(v, va, el);
	struct mmu_page pg;
	struct mmu_fault f = { 0 };
	bool ok = acc == MMU_FETCH ? o.x : acc == MMU_WRITE ? o.w : o.r;
	int ret = mmu_translate(v, va, acc, el, &pg, &f);

	if (o.fsc >= 256)
		o.fsc = ok || acc == MMU_CACHE ? -1 : 0xc + (o.fsc >> 8);
	if (acc == MMU_CACHE && o.fsc >= 0x3c)
		o.fsc = -1;
	if (o.fsc >= 0) {
		assert_int_equal(ret, -EFAULT);
		assert_int_equal(f.fsc, o.fsc);
		assert_int_equal(f.domain, o.domain);
		return false;
	}
	assert_int_equal(ret, 0);
	assert_int_equal(pg.size, o.size);
	assert_int_equal(pg.ipa & (pg.size - 1), 0);
	assert_int_equal(pg.ipa + (va & (pg.size - 1)), o.pa);
	if (acc != MMU_CACHE) {		/* which asks for no rights */
		assert_int_equal(pg.r, o.r);
		assert_int_equal(pg.w, o.w);
		assert_int_equal(pg.x, o.x);
	}
	assert_int_equal(pg.device, o.device);
	assert_int_equal(pg.global, o.global);
	assert_int_equal(pg.attr, o.attr);
	return true;
}

/* ---- random tables ---- */

#define RANDOM_SCTLR (SCTLR_EE | SCTLR_WXN | SCTLR32_UWXN | SCTLR32_AFE | SCTLR32_TRE)

static void put32(struct emu_vcpu *v, u64 pa, u32 d)
{
	if (cpu_sctlr(v) & SCTLR_EE)
		d = __builtin_bswap32(d);
	memcpy(rig.ram + (pa - RIG_RAM), &d, 4);
}

static void put64(struct emu_vcpu *v, u64 pa, u64 d)
{
	if (cpu_sctlr(v) & SCTLR_EE)
		d = __builtin_bswap64(d);
	memcpy(rig.ram + (pa - RIG_RAM), &d, 8);
}

/* Any word is a first- or second-level entry; tables are in RAM but for a few. */
static void fill_short(struct emu_vcpu *v)
{
	for (u64 pa = RIG_RAM; pa < RIG_RAM + RIG_RAM_SIZE; pa += 4) {
		u32 d = (u32)rig_rand();

		if (rig_rand() % 8 && (d & 3) == 1)
			d = (d & 0x3ff) | (u32)RIG_RAM | ((u32)rig_rand() & (RIG_RAM_SIZE - 1) & ~0x3ffu);
		put32(v, pa, d);
	}
}

static void fill_long(struct emu_vcpu *v)
{
	for (u64 pa = RIG_RAM; pa < RIG_RAM + RIG_RAM_SIZE; pa += 8) {
		u64 d = rig_rand() & ~ARM_MASK(47, 12);

		if (rig_rand() % 8)
			d |= 1;
		if (rig_rand() % 4)
			d |= 2;
		if (rig_rand() % 4)
			d |= PTE_AF;
		if (rig_rand() % 16 == 0)
			d |= rig_rand() & ARM_MASK(47, 12);
		else
			d |= RIG_RAM + (rig_rand() % RIG_RAM_SIZE & ~4095ULL);
		put64(v, pa, d);
	}
}

static void random_round(struct emu_vcpu *v, bool lpae, unsigned int *good)
{
	u64 *sys = v->st.sys;

	sys[ARM_SLOT_SCTLR_EL1] = 1 | (rig_rand() & RANDOM_SCTLR);
	if (lpae)
		fill_long(v);
	else
		fill_short(v);
	for (unsigned int cfg = 0; cfg < 40; cfg++) {
		/* EE stays as the tables are */
		sys[ARM_SLOT_SCTLR_EL1] = 1 | (sys[ARM_SLOT_SCTLR_EL1] & SCTLR_EE) |
					  (rig_rand() & RANDOM_SCTLR & ~SCTLR_EE);
		sys[ARM_SLOT_TCR_EL1] = lpae ? 1u << 31 | (rig_rand() & 0x00470007) : rig_rand() & 7;
		if (rig_rand() % 8 == 0)
			sys[ARM_SLOT_TCR_EL1] |= rig_rand() & (lpae ? 0x00800080 : 0x30);
		sys[ARM_SLOT_TTBR0_EL1] = RIG_RAM | (rig_rand() & 0xff0000001fffff);
		sys[ARM_SLOT_TTBR1_EL1] = RIG_RAM | (rig_rand() & 0xff0000001fffff);
		sys[ARM_SLOT_MAIR_EL1] = rig_rand();
		sys[ARM_SLOT_DACR32_EL2] = rig_rand() | (cfg & 1 ? 0x55555555 : 0);
		for (unsigned int i = 0; i < 100; i++) {
			u32 va = (u32)rig_rand();

			if (i & 1)
				va >>= rig_rand() % 8;
			*good += compare(v, va, (enum mmu_access)(rig_rand() % 4), rig_rand() & 1);
		}
	}
}

static void test_random(void **state)
{
	unsigned int good = 0;

	for (unsigned int i = 0; i < 16; i++)
		random_round(*state, i & 1, &good);
	/* the tables must not be so random that little is compared */
	assert_true(good > 10000);
}

/* ---- by hand: short ---- */

#define SECTION 2u
#define AP(n) (((n) & 3u) << 10 | ((n) >> 2 & 1u) << 15)

static int translate(struct emu_vcpu *v, u32 va, enum mmu_access acc, unsigned int el, struct mmu_page *pg)
{
	struct mmu_fault f = { 0 };

	return mmu_translate(v, va, acc, el, pg, &f) ? f.fsc : 0;
}

/* Entry @d for the first megabyte at @va, all domains client. */
static void section(struct emu_vcpu *v, u32 va, u32 d)
{
	v->st.sys[ARM_SLOT_SCTLR_EL1] |= 1;
	v->st.sys[ARM_SLOT_TTBR0_EL1] = L1_TABLE;
	v->st.sys[ARM_SLOT_DACR32_EL2] = 0x55555555;
	put32(v, L1_TABLE + 4 * (va >> 20), d);
}

static void test_short_leaves(void **state)
{
	struct emu_vcpu *v = *state;
	struct mmu_page pg;

	section(v, 0xc0100000, 0x80500000 | AP(3) | SECTION);
	assert_int_equal(translate(v, 0xc01abcde, MMU_READ, 0, &pg), 0);
	assert_int_equal(pg.ipa, 0x80500000);
	assert_int_equal(pg.size, 1 << 20);
	assert_true(pg.device && pg.global);
	/* a supersection at 0x9a_0100_0000, nG, of which any of the 16 entries will do */
	section(v, 0xc0200000, 0x01000000 | 0xa << 20 | 9 << 5 | 1 << 18 | 1 << 17 | AP(3) | SECTION);
	assert_int_equal(translate(v, 0xc02abcde, MMU_READ, 0, &pg), 0);
	assert_int_equal(pg.ipa, 0x9a01000000);
	assert_int_equal(pg.size, 1 << 24);
	assert_false(pg.global);
	/* pages of both sizes */
	section(v, 0x00300000, (u32)L2_TABLE | 3 << 5 | 1);
	put32(v, L2_TABLE + 4 * 0x10, 0x80610000 | 3 << 4 | 0xc | 1);
	put32(v, L2_TABLE + 4 * 0xff, 0x80700000 | 3 << 4 | 0xc | 2);
	assert_int_equal(translate(v, 0x00310123, MMU_WRITE, 0, &pg), 0);
	assert_int_equal(pg.ipa, 0x80610000);
	assert_int_equal(pg.size, 65536);
	assert_false(pg.device);
	assert_int_equal(translate(v, 0x003ff123, MMU_FETCH, 0, &pg), 0);
	assert_int_equal(pg.ipa, 0x80700000);
	assert_int_equal(pg.size, 4096);
	assert_int_equal(translate(v, 0x00320000, MMU_READ, 1, &pg), 0x06);
	assert_int_equal(translate(v, 0x00400000, MMU_READ, 1, &pg), 0x05);
}

static void test_short_split(void **state)
{
	struct emu_vcpu *v = *state;
	struct mmu_page pg;
	u64 *sys = v->st.sys;

	for (unsigned int n = 1; n < 8; n++) {
		u32 top = 1u << (32 - n);

		section(v, 0, 0x80000000 | AP(3) | SECTION);
		sys[ARM_SLOT_TTBR0_EL1] = L1_TABLE + (0x4000 >> n);	/* aligned to its size and no more */
		sys[ARM_SLOT_TTBR1_EL1] = RIG_RAM + 0x8000;
		sys[ARM_SLOT_TCR_EL1] = n;
		put32(v, L1_TABLE + (0x4000 >> n) + 4 * ((top - 1) >> 20), 0x80100000 | AP(3) | SECTION);
		put32(v, RIG_RAM + 0x8000 + 4 * (top >> 20), 0x80200000 | AP(3) | SECTION);
		assert_int_equal(translate(v, top - 1, MMU_READ, 1, &pg), 0);
		assert_int_equal(pg.ipa, 0x80100000);
		assert_int_equal(translate(v, top, MMU_READ, 1, &pg), 0);
		assert_int_equal(pg.ipa, 0x80200000);
		sys[ARM_SLOT_TCR_EL1] = n | 1 << 4;
		assert_int_equal(translate(v, top - 1, MMU_READ, 1, &pg), 5);
		assert_int_equal(translate(v, top, MMU_READ, 1, &pg), 0);
		sys[ARM_SLOT_TCR_EL1] = n | 1 << 5;
		assert_int_equal(translate(v, top - 1, MMU_READ, 1, &pg), 0);
		assert_int_equal(translate(v, top, MMU_READ, 1, &pg), 5);
	}
}

static void test_short_permissions(void **state)
{
	/* table B3-8: AP[2:0] -> PL1, PL0 */
	static const struct {
		const char *pl1, *pl0;
	} want[8] = {
		{ "", "" }, { "rwx", "" }, { "rwx", "rx" }, { "rwx", "rwx" }, { "", "" }, { "rx", "" }, { "rx", "rx" },
		{ "rx", "rx" },
	};
	static const enum mmu_access accs[] = { MMU_READ, MMU_WRITE, MMU_FETCH };
	struct emu_vcpu *v = *state;
	struct mmu_page pg;

	for (unsigned int ap = 0; ap < 8; ap++) {
		section(v, 0, 0x80000000 | AP(ap) | 4 << 5 | SECTION);
		for (unsigned int a = 0; a < 3; a++) {
			assert_int_equal(translate(v, 0, accs[a], 1, &pg), strchr(want[ap].pl1, "rwx"[a]) ? 0 : 0x0d);
			assert_int_equal(translate(v, 0, accs[a], 0, &pg), strchr(want[ap].pl0, "rwx"[a]) ? 0 : 0x0d);
		}
	}
	/* XN, PXN */
	section(v, 0, 0x80000000 | AP(3) | 1 << 4 | SECTION);
	assert_int_equal(translate(v, 0, MMU_FETCH, 0, &pg), 0x0d);
	section(v, 0, 0x80000000 | AP(3) | SECTION | 1);
	assert_int_equal(translate(v, 0, MMU_FETCH, 0, &pg), 0);
	assert_int_equal(translate(v, 0, MMU_FETCH, 1, &pg), 0x0d);
	/* WXN, UWXN */
	section(v, 0, 0x80000000 | AP(3) | SECTION);
	v->st.sys[ARM_SLOT_SCTLR_EL1] = 1 | SCTLR32_UWXN;
	assert_int_equal(translate(v, 0, MMU_FETCH, 1, &pg), 0x0d);
	assert_int_equal(translate(v, 0, MMU_FETCH, 0, &pg), 0);
	v->st.sys[ARM_SLOT_SCTLR_EL1] = 1 | SCTLR_WXN;
	assert_int_equal(translate(v, 0, MMU_FETCH, 0, &pg), 0x0d);
	/* AFE: AP[0] is the access flag */
	v->st.sys[ARM_SLOT_SCTLR_EL1] = 1 | SCTLR32_AFE;
	section(v, 0, 0x80000000 | AP(2) | SECTION);
	assert_int_equal(translate(v, 0, MMU_READ, 0, &pg), 0x09);
	section(v, 0, (u32)L2_TABLE | 1);
	put32(v, L2_TABLE, 0x80000000 | 2 << 4 | 2);
	assert_int_equal(translate(v, 0, MMU_READ, 0, &pg), 0x0a);
}

static void test_domains(void **state)
{
	struct emu_vcpu *v = *state;
	struct mmu_page pg;

	for (unsigned int d = 0; d < 16; d++) {
		for (unsigned int page = 0; page < 2; page++) {
			for (u32 field = 0; field < 4; field++) {
				int want = field == 3 ? 0 : field == 1 ? 0x0d + (int)page : 0x3d + (int)page;

				/* nobody may write or execute it, but for managers */
				if (page)
					section(v, 0, (u32)L2_TABLE | d << 5 | 1);
				else
					section(v, 0, 0x80000000 | AP(7) | 1 << 4 | d << 5 | SECTION);
				put32(v, L2_TABLE, 0x80000000 | 1 << 9 | 3 << 4 | 3);
				v->st.sys[ARM_SLOT_DACR32_EL2] = 0x55555555 ^ (1ULL ^ field) << 2 * d;
				assert_int_equal(translate(v, 0, MMU_WRITE, 0, &pg), want);
				assert_int_equal(translate(v, 0, MMU_FETCH, 1, &pg), want);
				assert_int_equal(translate(v, 0, MMU_CACHE, 1, &pg), 0);
				assert_int_equal(pg.ipa, 0x80000000);
			}
		}
	}
}

static void test_walk_external(void **state)
{
	struct emu_vcpu *v = *state;
	struct mmu_page pg;

	section(v, 0, 0x10000000 | 1);
	assert_int_equal(translate(v, 0, MMU_READ, 1, &pg), 0x16);
	v->st.sys[ARM_SLOT_TTBR0_EL1] = 0x10000000;
	assert_int_equal(translate(v, 0, MMU_READ, 1, &pg), 0x15);
	v->st.sys[ARM_SLOT_TCR_EL1] = 1u << 31;
	assert_int_equal(translate(v, 0, MMU_READ, 1, &pg), 0x15);
	v->st.sys[ARM_SLOT_TCR_EL1] |= 2;
	assert_int_equal(translate(v, 0, MMU_READ, 1, &pg), 0x16);
}

/* TRE with what Linux puts in PRRR and NMRR. */
static void test_remap(void **state)
{
	struct emu_vcpu *v = *state;
	struct mmu_page pg;

	v->st.sys[ARM_SLOT_SCTLR_EL1] = 1 | SCTLR32_TRE;
	v->st.sys[ARM_SLOT_MAIR_EL1] = 0x40e040e0ff0a81a8;
	section(v, 0, 0x80000000 | AP(3) | 0 << 2 | SECTION);
	assert_int_equal(translate(v, 0, MMU_READ, 1, &pg), 0);
	assert_int_equal(pg.attr, 0x00);
	section(v, 0, 0x80000000 | AP(3) | 1 << 2 | 1 << 16 | SECTION);
	assert_int_equal(translate(v, 0, MMU_READ, 1, &pg), 0);
	assert_int_equal(pg.attr, 0x44);
	section(v, 0, 0x80000000 | AP(3) | 1 << 12 | 3 << 2 | 1 << 16 | SECTION);
	assert_int_equal(translate(v, 0, MMU_READ, 1, &pg), 0);
	assert_int_equal(pg.attr, 0xff);
	assert_int_equal(pg.sh, PTE_SH_INNER);
	section(v, 0, 0x80000000 | AP(3) | 1 << 12 | 3 << 2 | SECTION);
	assert_int_equal(translate(v, 0, MMU_READ, 1, &pg), 0);
	assert_int_equal(pg.sh, PTE_SH_NONE);
	section(v, 0, 0x80000000 | AP(3) | 1 << 12 | 0 << 2 | SECTION);
	assert_int_equal(translate(v, 0, MMU_READ, 1, &pg), 0);
	assert_int_equal(pg.attr, 0x04);
}

/* ---- by hand: long, as Linux lays it out: T1SZ 0 and 1, a third-level page ---- */

static void test_long(void **state)
{
	struct emu_vcpu *v = *state;
	struct mmu_page pg;
	u64 *sys = v->st.sys;

	sys[ARM_SLOT_SCTLR_EL1] |= 1;
	sys[ARM_SLOT_TCR_EL1] = 1u << 31 | 1 << 16;	/* TTBR1: from 0x80000000 */
	sys[ARM_SLOT_TTBR0_EL1] = RIG_RAM + 0x1000;
	sys[ARM_SLOT_TTBR1_EL1] = RIG_RAM + 0x1010;	/* two entries */
	sys[ARM_SLOT_MAIR_EL1] = 0xff440400;
	put64(v, RIG_RAM + 0x1000, (RIG_RAM + 0x2000) | 3);
	put64(v, RIG_RAM + 0x1010 + 8, (RIG_RAM + 0x2000) | 3);
	put64(v, RIG_RAM + 0x2000, 0xff80000000 | 3 << 2 | PTE_AF | PTE_NG | 1);
	put64(v, RIG_RAM + 0x2008, (RIG_RAM + 0x3000) | 3);
	put64(v, RIG_RAM + 0x3008, 0x8812345000 | 1 << 6 | PTE_AF | 3);
	assert_int_equal(translate(v, 0x00000000, MMU_READ, 1, &pg), 0);
	assert_int_equal(pg.ipa, 0xff80000000);
	assert_int_equal(pg.size, 2 << 20);
	assert_true(!pg.global && !pg.device);
	assert_int_equal(translate(v, 0x00000000, MMU_READ, 0, &pg), 0x0e);
	assert_int_equal(translate(v, 0xc0201123, MMU_WRITE, 0, &pg), 0);
	assert_int_equal(pg.ipa, 0x8812345000);
	assert_true(pg.device);
	assert_int_equal(translate(v, 0xc0202000, MMU_WRITE, 0, &pg), 0x07);
	assert_int_equal(translate(v, 0x80000000, MMU_WRITE, 0, &pg), 0x05);
	/* contiguous: sixteen pages as one */
	put64(v, RIG_RAM + 0x3000 + 8 * 0x15, 0x8812345000 | PTE_CONTIGUOUS | PTE_AF | 3);
	assert_int_equal(translate(v, 0xc0215123, MMU_READ, 1, &pg), 0);
	assert_int_equal(pg.size, 65536);
	assert_int_equal(pg.ipa, 0x8812340000);
	/* a gap between the halves belongs to none */
	sys[ARM_SLOT_TCR_EL1] = 1u << 31 | 2 << 16 | 2;
	assert_int_equal(translate(v, 0x40000000, MMU_READ, 1, &pg), 0x05);
	assert_int_equal(translate(v, 0xbfffffff, MMU_READ, 1, &pg), 0x05);
}

/* ---- off, contexts ---- */

static void test_off(void **state)
{
	struct emu_vcpu *v = *state;
	struct mmu_page pg;

	v->st.sys[ARM_SLOT_SCTLR_EL1] &= ~1ULL;
	assert_int_equal(translate(v, 0xfffff123, MMU_WRITE, 1, &pg), 0);
	assert_int_equal(pg.ipa, 0xfffff000);
	assert_true(pg.device && pg.r && pg.w && pg.x);
	assert_int_equal(translate(v, 0xfffff123, MMU_FETCH, 0, &pg), 0);
	assert_false(pg.device);
}

static void test_context(void **state)
{
	struct emu_vcpu *v = *state;
	u64 *sys = v->st.sys, key, other;

	sys[ARM_SLOT_SCTLR_EL1] = 0;
	sys[ARM_SLOT_CONTEXTIDR_EL1] = 0x12345678;
	sys[ARM_SLOT_DACR32_EL2] = 0x55;
	key = mmu_context(v, 1);
	assert_int_equal(mmu_context_asid(key), 0);
	sys[ARM_SLOT_DACR32_EL2] = 0x51;
	assert_int_equal(mmu_context(v, 1), key);
	assert_int_not_equal(mmu_context(v, 0), key);
	sys[ARM_SLOT_SCTLR_EL1] = 1;
	other = mmu_context(v, 1);
	assert_int_not_equal(other, key);
	assert_int_equal(mmu_context_asid(other), 0x78);
	assert_int_not_equal(mmu_context(v, 0), other);
	/* the domains tell contexts apart, and only there */
	sys[ARM_SLOT_DACR32_EL2] = 0xffffffff;
	assert_int_not_equal(mmu_context(v, 1), other);
	assert_int_equal(mmu_context_asid(mmu_context(v, 1)), 0x78);
	sys[ARM_SLOT_DACR32_EL2] = 0x51;
	assert_int_equal(mmu_context(v, 1), other);
	/* long: the ASID is in a TTBR, and DACR is nothing */
	sys[ARM_SLOT_TCR_EL1] = 1u << 31;
	sys[ARM_SLOT_TTBR0_EL1] = 0x12ULL << 48;
	sys[ARM_SLOT_TTBR1_EL1] = 0x34ULL << 48;
	key = mmu_context(v, 1);
	assert_int_equal(mmu_context_asid(key), 0x12);
	sys[ARM_SLOT_DACR32_EL2] = 0;
	assert_int_equal(mmu_context(v, 1), key);
	sys[ARM_SLOT_TCR_EL1] |= 1 << 22;
	assert_int_equal(mmu_context_asid(mmu_context(v, 1)), 0x34);
}

static int teardown(void **state)
{
	(void)state;
	free(rig.ram);
	rig.ram = NULL;
	return 0;
}

#define TEST(t) cmocka_unit_test_setup(t, setup), { #t " (v8)", t, setup_v8, NULL, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_random), TEST(test_short_leaves), TEST(test_short_split), TEST(test_short_permissions),
		TEST(test_domains), TEST(test_walk_external), TEST(test_remap), TEST(test_long), TEST(test_off),
		TEST(test_context),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
