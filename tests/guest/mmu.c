/* SPDX-License-Identifier: GPL-2.0-only */
/* Translation: permissions by level, maintenance, address spaces, tags, granules, AT. */
#include "tests/guest/lib.h"

#ifndef ONE_CPU
#define ONE_CPU 0
#endif

static u64 a[512] __attribute__((aligned(4096))), b[512] __attribute__((aligned(4096)));
static u32 el0_page[1024] __attribute__((aligned(4096)));
static u64 stack0[512] __attribute__((aligned(4096)));

static u64 load(const void *at)
{
	return *(const volatile u64 *)at;
}

#define UNPRIV_LOAD(at) ({ u64 v_ = 0; __asm__ volatile("ldtr %0, [%1]" : "+r"(v_) : "r"(at) : "memory"); v_; })
#define UNPRIV_STORE(at) __asm__ volatile("sttr xzr, [%0]" : : "r"(at) : "memory")
#define TRY_LOAD(at) FAULTS((void)load(at))
#define TRY_STORE(at) FAULTS(*(volatile u64 *)(at) = 0)

static void test_permissions(void)
{
	static const struct {
		u64 attr;
		u8 el1_read, el1_write, el0_read, el0_write;	/* 1: faults */
	} rows[] = {
		{ 0, 0, 0, 1, 1 }, { PTE_EL0, 0, 0, 0, 0 }, { PTE_RO, 0, 1, 1, 1 }, { PTE_RO | PTE_EL0, 0, 1, 0, 1 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		map(0, a, NORMAL | PTE_UXN | PTE_PXN | rows[i].attr);
		CHECK_EQ(TRY_LOAD(test_page(0)), rows[i].el1_read);
		CHECK_EQ(TRY_STORE(test_page(0)), rows[i].el1_write);
		CHECK_EQ(FAULTS((void)UNPRIV_LOAD(test_page(0))), rows[i].el0_read);
		CHECK_EQ(FAULTS(UNPRIV_STORE(test_page(0))), rows[i].el0_write);
		if (rows[i].el0_write) {
			CHECK_EQ(EC(exc[0].esr), EC_DABT);	/* from EL1, whatever the permissions */
			CHECK_EQ(FSC(exc[0].esr), 15);
			CHECK_EQ(exc[0].far, TEST_VA);
		}
	}
}

/* EL0 itself. */
static void test_el0(void)
{
	static const u32 code[] = {
		0xf9000001,	/* str x1, [x0] */
		0xf9400000,	/* ldr x0, [x0] */
		0xd4000001,	/* svc #0 */
	};

	memcpy(el0_page, code, sizeof(code));
	sync_code(el0_page, sizeof(code));
	map(1, el0_page, NORMAL | PTE_EL0 | PTE_RO | PTE_PXN);
	map(2, stack0, NORMAL | PTE_EL0 | PTE_UXN);
	map(0, a, NORMAL | PTE_UXN);
	exc[0].count = 0;
	call_el0((u64)test_page(1), (u64)test_page(0), (u64)test_page(2));
	CHECK_EQ(exc[0].count, 2);	/* store and load */
	map(0, a, NORMAL | PTE_UXN | PTE_EL0);
	exc[0].count = 0;
	call_el0((u64)test_page(1), (u64)test_page(0), (u64)test_page(2));
	CHECK_EQ(exc[0].count, 0);
	/* not executable at EL1, and at EL0 only without UXN */
	resume[0] = RESUME_LR;
	CHECK_EQ(FAULTS(((void (*)(void))test_page(1))()), 1);
	CHECK_EQ(EC(exc[0].esr), EC_IABT);
	resume[0] = RESUME_SKIP;
}

/* An old translation may live until it is invalidated; after that it must not. */
static void test_tlbi(void)
{
	a[0] = 1;
	b[0] = 2;
	for (unsigned int i = 0; i < 200; i++) {
		map(3, i & 1 ? b : a, NORMAL | PTE_UXN);
		CHECK_EQ(load(test_page(3)), 1 + (i & 1));
	}
	map_page(3, 0);
	tlbi_va((u64)test_page(3));
	CHECK_EQ(TRY_LOAD(test_page(3)), 1);
	CHECK_EQ(FSC(exc[0].esr), 7);
	/* invalid to valid needs no maintenance */
	map_page(3, (u64)a | NORMAL | PTE_UXN);
	dsb();
	isb();
	CHECK_EQ(load(test_page(3)), 1);
	/* a whole 2 MiB block, from any address in it */
	u64 *l2 = (u64 *)(l1_table[2] & ~0xfffull);

	l2[1] = RAM_BASE | 1 | PTE_SH | PTE_AF | PTE_UXN;
	dsb();
	isb();
	CHECK_EQ(load((void *)(TEST_VA + 0x200000 + 0x3000)), load((void *)(RAM_BASE + 0x3000)));
	l2[1] = 0;
	tlbi_va(TEST_VA + 0x200000 + 0x10000);
	CHECK_EQ(TRY_LOAD((void *)(TEST_VA + 0x200000 + 0x3000)), 1);
}

static void set_asid(u64 asid)
{
	msr(ttbr0_el1, (u64)l1_table | asid << 48);
	isb();
}

static void test_asids(void)
{
	a[0] = 11;
	b[0] = 22;
	set_asid(1);
	map(4, a, NORMAL | PTE_NG | PTE_UXN);
	CHECK_EQ(load(test_page(4)), 11);
	set_asid(2);
	map_page(4, (u64)b | NORMAL | PTE_NG | PTE_UXN);
	__asm__ volatile("dsb ishst; tlbi aside1is, %0; dsb ish; isb" : : "r"(2ull << 48) : "memory");
	CHECK_EQ(load(test_page(4)), 22);
	set_asid(1);
	/* its old entry may be there; by ASID and address it goes */
	__asm__ volatile("tlbi vae1is, %0; dsb ish; isb" : : "r"(1ull << 48 | (u64)test_page(4) >> 12) : "memory");
	CHECK_EQ(load(test_page(4)), 22);
	for (u64 i = 0; i < 100; i++) {	/* more spaces than tables */
		set_asid(i & 0xff);
		CHECK_EQ(load(test_page(4)), 22);
	}
	set_asid(0);
	__asm__ volatile("tlbi vmalle1is; dsb ish; isb" : : : "memory");
}

static void test_tags(void)
{
	map(5, a, NORMAL | PTE_UXN);
	a[0] = 77;
	CHECK_EQ(load((void *)((u64)test_page(5) | 0xa5ull << 56)), 77);
	*(volatile u64 *)((u64)test_page(5) | 0x12ull << 56) = 78;
	CHECK_EQ(a[0], 78);
	/* the tag is in FAR */
	map_page(5, 0);
	tlbi_va((u64)test_page(5));
	CHECK_EQ(TRY_LOAD((void *)((u64)test_page(5) | 0xa5ull << 56)), 1);
	CHECK_EQ(exc[0].far, (u64)test_page(5) | 0xa5ull << 56);
	msr(tcr_el1, mrs(tcr_el1) & ~(1ull << 37));
	isb();
	map(5, a, NORMAL | PTE_UXN);
	CHECK_EQ(TRY_LOAD((void *)((u64)test_page(5) | 0xa5ull << 56)), 1);
	msr(tcr_el1, mrs(tcr_el1) | 1ull << 37);
	isb();
}

#define AT(op, va) ({ __asm__ volatile("at " #op ", %0; isb" : : "r"(va) : "memory"); mrs(par_el1); })
#define PA(par) ((par) & 0xfffffffff000ull)

static void test_at(void)
{
	map(6, a, NORMAL | PTE_UXN | PTE_RO);
	map_page(7, 0);
	tlbi_va((u64)test_page(7));
	CHECK_EQ(AT(s1e1r, test_page(6)) & 1, 0);
	CHECK_EQ(PA(AT(s1e1r, (u8 *)test_page(6) + 0x123)), (u64)a);
	CHECK_EQ(AT(s1e1r, test_page(6)) >> 56, 0xff);
	CHECK_EQ(AT(s1e1w, test_page(6)) & 0x7f, 1 | 15 << 1);
	CHECK_EQ(AT(s1e0r, test_page(6)) & 0x7f, 1 | 15 << 1);
	CHECK_EQ(AT(s1e1r, test_page(7)) & 0x7f, 1 | 7 << 1);
	CHECK_EQ(AT(s1e1r, UART) >> 56, 0x04);
}

/* Tables of another granule: the RAM's first 32 MiB (16K) or 512 MiB (64K) as one block, one page apart. */
static u64 g_l2[8192] __attribute__((aligned(65536))), g_l3[8192] __attribute__((aligned(65536)));
static u64 big[8192] __attribute__((aligned(65536)));

static void test_granule(unsigned int bits, u64 tg)
{
	unsigned int block = bits + (bits - 3);		/* of level 2 */
	u64 tcr = mrs(tcr_el1), ttbr = mrs(ttbr0_el1), size = 1ull << block, va = 3 * size;

	for (unsigned int i = 0; i < 8192; i++)
		g_l2[i] = g_l3[i] = 0;
	for (u64 i = 0; i < 0x50000000; i += size)	/* identity: devices and RAM */
		g_l2[i >> block] = i | 1 | PTE_AF | PTE_SH | (i < RAM_BASE && i + size <= RAM_BASE ? PTE_DEVICE : 0);
	va = 0x60000000 & ~(size - 1);
	g_l2[va >> block] = (u64)g_l3 | 3;
	g_l3[1] = (u64)big | NORMAL | PTE_UXN;
	/* level 2 must be the first: 16K: 36 bits, 2048 entries; 64K: 42 bits, 8192 */
	u64 t0sz = bits == 14 ? 28 : 22;

	__asm__ volatile("msr sctlr_el1, %0; isb" : : "r"(mrs(sctlr_el1) & ~1ull) : "memory");
	msr(tcr_el1, (tcr & ~(0x3full | 3ull << 14)) | t0sz | tg << 14);
	msr(ttbr0_el1, (u64)g_l2);
	__asm__ volatile("isb; tlbi vmalle1; dsb nsh; isb" : : : "memory");
	__asm__ volatile("msr sctlr_el1, %0; isb" : : "r"(mrs(sctlr_el1) | 1ull) : "memory");
	big[0] = 0x1234;
	big[(1u << bits) / 8 - 1] = 0x5678;
	CHECK_EQ(load((void *)(va + (1ull << bits))), 0x1234);
	CHECK_EQ(load((void *)(va + (2ull << bits) - 8)), 0x5678);
	CHECK_EQ(TRY_LOAD((void *)(va + (2ull << bits))), 1);
	CHECK_EQ(FSC(exc[0].esr), 7);
	CHECK_EQ(TRY_LOAD((void *)va), 1);
	g_l3[1] = 0;
	tlbi_va(va + (1ull << bits));
	CHECK_EQ(TRY_LOAD((void *)(va + (1ull << bits) + 0x2000)), 1);
	__asm__ volatile("msr sctlr_el1, %0; isb" : : "r"(mrs(sctlr_el1) & ~1ull) : "memory");
	msr(tcr_el1, tcr);
	msr(ttbr0_el1, ttbr);
	__asm__ volatile("isb; tlbi vmalle1; dsb nsh; isb" : : : "memory");
	__asm__ volatile("msr sctlr_el1, %0; isb" : : "r"(mrs(sctlr_el1) | 1ull) : "memory");
}

static volatile u64 sum, stop, go;

static void reader(u64 arg)
{
	(void)arg;
	mmu_on();
	while (!stop) {
		u64 v = load(test_page(8));

		__asm__ volatile("" : : : "memory");
		sum = v;
		go = 1;
	}
	go = 2;
}

/* Another CPU reads through a translation all the time: after the TLBI it sees the new one. */
static void test_other_cpu(void)
{
	static u64 c[512] __attribute__((aligned(4096)));
	u64 end = now() + milliseconds(10000);

	a[0] = 0;
	map(8, a, NORMAL | PTE_UXN);
	start_cpu(1, reader, 0);
	while (!go && now() < end)
		;
	for (u64 i = 1; i <= 60 && now() < end; i++) {
		u64 *next = i & 1 ? c : a;

		*(volatile u64 *)next = i;
		map(8, next, NORMAL | PTE_UXN);
		/* no store through the old page is seen any more */
		*(volatile u64 *)(i & 1 ? a : c) = ~0ull;
		while (sum != i && sum != ~0ull && now() < end)
			;
		CHECK_EQ(sum, i);
		sum = 0;
	}
	stop = 1;
	while (go != 2 && now() < end)
		;
	CHECK_EQ(go, 2);
}

int main(void)
{
	u64 mmfr0 = mrs(id_aa64mmfr0_el1);

	mmu_on();
	test_permissions();
	test_el0();
	test_tlbi();
	test_asids();
	test_tags();
	test_at();
	if (mmfr0 >> 20 & 15)
		test_granule(14, 2);
	if (!(mmfr0 >> 24 & 15))
		test_granule(16, 1);
#ifdef ALL_GRANULES
	CHECK((mmfr0 >> 20 & 15) && !(mmfr0 >> 24 & 15));
#endif
	if (!ONE_CPU)
		test_other_cpu();
	finish();
}
