/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AArch32 translation: short descriptors, and with LONG the long ones.  Identity
 * for the first 2 GiB; test pages at 2 GiB.  FSR, FAR and LR of every fault;
 * DACR, ASIDs and TTBRs that change without TLB maintenance.
 */
#include "tests/guest/lib32.h"

#ifndef LONG
#define LONG 0
#endif

#define TEST_VA 0x80000000u
#define RAM 0x40000000u

static u32 page_a[1024] __attribute__((aligned(4096))), page_b[1024] __attribute__((aligned(4096)));
static u16 code_pages[4096] __attribute__((aligned(4096)));

/* Reads as User mode would. */
static u32 ldrt(u32 at)
{
	u32 v = 0;

	__asm__ volatile("ldrt %0, [%1]" : "+r"(v) : "r"(at) : "memory");
	return v;
}

static inline u32 rd(u32 at)
{
	u32 v;

	__asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(at) : "memory");
	return v;
}

static inline void wr(u32 at, u32 v)
{
	__asm__ volatile("str %0, [%1]" : : "r"(v), "r"(at) : "memory");
}

static void tlbi_va(u32 va)
{
	dsb();
	mcr(p15, 0, c8, c7, 3, va & ~0xfffu);	/* TLBIMVAA */
	dsb();
	isb();
}

static void tlbi_all(void)
{
	dsb();
	mcr(p15, 0, c8, c7, 0, 0);
	dsb();
	isb();
}

#define TEST(n) (TEST_VA + 4096u * (n))

#if LONG

static u64 l1[4] __attribute__((aligned(32))), l2_ram[512] __attribute__((aligned(4096)));
static u64 l2_test[512] __attribute__((aligned(4096))), l3[512] __attribute__((aligned(4096)));
static u64 l1_other[4] __attribute__((aligned(32))), l2_other[512] __attribute__((aligned(4096)));
static u64 l3_other[512] __attribute__((aligned(4096)));

#define AF (1ull << 10)
#define SH (3ull << 8)
#define PAGE (3 | AF | SH)
#define USER (1ull << 6)
#define RO (1ull << 7)
#define NG (1ull << 11)
#define PXN (1ull << 53)
#define XN (1ull << 54)
#define L3_FAULT(family) (family | 3)

static void map(unsigned int n, const void *page, u64 attrs)
{
	*(volatile u64 *)&l3[n] = attrs ? (u32)page | attrs : 0;
	tlbi_va(TEST(n));
}

static void tables(void)
{
	l1[0] = 0x0ull | 1 | AF | 1 << 2 | XN;
	l1[1] = (u32)l2_ram | 3;
	l1[2] = (u32)l2_test | 3;
	l2_test[0] = (u32)l3 | 3;
	for (u32 i = 0; i < 512; i++)
		l2_ram[i] = (RAM + (i << 21)) | 1 | SH | AF | USER;
	memcpy(l1_other, l1, sizeof(l1));
	memcpy(l2_other, l2_test, sizeof(l2_other));
	l1_other[2] = (u32)l2_other | 3;
	l2_other[0] = (u32)l3_other | 3;
	mcr(p15, 0, c10, c2, 0, 0x000004ff);	/* MAIR0: 0 write-back, 1 device */
	mcr(p15, 0, c2, c0, 2, 1u << 31);
	mcrr(p15, 0, c2, (u64)(u32)l1);
	mcrr(p15, 1, c2, 0ull);
}

static void test_faults(void)
{
	volatile struct exc *e = &exc[0];

	CHECK_EQ(FAULTS(rd(0xc0000004)), 1);
	CHECK_EQ(e->dfsr & 0xa3f, 0x205);
	CHECK_EQ(e->dfar, 0xc0000004);
	CHECK_EQ(FAULTS(rd(TEST_VA + 0x200008)), 1);
	CHECK_EQ(e->dfsr & 0xa3f, 0x206);
	CHECK_EQ(FAULTS(wr(TEST(5) + 12, 0)), 1);
	CHECK_EQ(e->dfsr & 0xa3f, 0xa07);
	map(0, page_a, PAGE & ~AF);
	CHECK_EQ(FAULTS(rd(TEST(0))), 1);
	CHECK_EQ(e->dfsr & 0xa3f, 0x20b);
	map(0, page_a, PAGE | RO);
	CHECK_EQ(FAULTS(wr(TEST(0), 0)), 1);
	CHECK_EQ(e->dfsr & 0xa3f, 0xa0f);
	CHECK_EQ(FAULTS(ldrt(TEST(0))), 1);
	CHECK_EQ(e->dfsr & 0xa3f, 0x20f);
	CHECK_EQ(FAULTS(rd(TEST(0))), 0);
	map(0, page_a, PAGE | USER);
	CHECK_EQ(FAULTS(ldrt(TEST(0))), 0);
	/* APTable: not for User mode, read only */
	l2_test[0] |= 1ull << 61;
	tlbi_all();
	CHECK_EQ(FAULTS(ldrt(TEST(0))), 1);
	l2_test[0] = (u32)l3 | 3 | 1ull << 62;
	tlbi_all();
	CHECK_EQ(FAULTS(wr(TEST(0), 0)), 1);
	CHECK_EQ(FAULTS(rd(TEST(0))), 0);
	l2_test[0] = (u32)l3 | 3;
	/* a table where nothing is */
	l2_test[1] = NOTHING | 3;
	tlbi_all();
	CHECK_EQ(FAULTS(rd(TEST_VA + 0x200000)), 1);
	CHECK_EQ(e->dfsr & 0xa3f, 0x217);
	l2_test[1] = 0;
}

/* TTBR0 with another ASID and other tables, and back: nothing is invalidated. */
static void test_spaces(void)
{
	page_a[1] = 0xa;
	page_b[1] = 0xb;
	l3[9] = (u32)page_a | PAGE | NG;
	l3_other[9] = (u32)page_b | PAGE | NG;
	tlbi_all();
	for (unsigned int i = 0; i < 10; i++) {
		mcrr(p15, 0, c2, (u32)l1 | 1ull << 48);
		CHECK_EQ(rd(TEST(9) + 4), 0xa);
		mcrr(p15, 0, c2, (u32)l1_other | 2ull << 48);
		CHECK_EQ(rd(TEST(9) + 4), 0xb);
	}
	mcrr(p15, 0, c2, (u64)(u32)l1);
}

/* T1SZ = 1: the upper half by TTBR1. */
static void test_split(void)
{
	static u64 upper[2] __attribute__((aligned(16)));
	u32 tcr = mrc(p15, 0, c2, c0, 2);

	upper[0] = (u32)l2_other | 3;
	upper[1] = (u32)l2_ram | 3;
	l3_other[10] = (u32)page_b | PAGE;
	mcrr(p15, 1, c2, (u64)(u32)upper);
	mcr(p15, 0, c2, c0, 2, tcr | 1 << 16);
	tlbi_all();
	CHECK_EQ(rd(TEST(10) + 4), 0xb);
	CHECK_EQ(rd(((u32)&page_a[1] - RAM) + 0xc0000000), 0xa);
	CHECK_EQ(rd((u32)&page_a[1]), 0xa);
	mcr(p15, 0, c2, c0, 2, tcr | 1 << 16 | 1 << 23);
	tlbi_all();
	CHECK_EQ(FAULTS(rd(TEST(10))), 1);
	mcr(p15, 0, c2, c0, 2, tcr);
	tlbi_all();
}

#else

static u32 l1[4096] __attribute__((aligned(16384))), l2[256] __attribute__((aligned(1024)));
static u32 l1_other[4096] __attribute__((aligned(16384))), l2_other[256] __attribute__((aligned(1024)));

#define SECTION 2u
#define DOMAIN(n) ((n) << 5)
#define S_AP(n) (((n) & 3u) << 10 | ((n) >> 2 & 1u) << 15)
#define S_CACHED (1u << 12 | 3u << 2 | 1u << 16)
/* small pages */
#define P_AP(n) (((n) & 3u) << 4 | ((n) >> 2 & 1u) << 9)
#define P_CACHED (1u << 6 | 3u << 2 | 1u << 10)
#define PAGE (2u | P_CACHED | P_AP(1))
#define USER P_AP(3)
#define RO P_AP(5)
#define NG (1u << 11)
#define XN 1u
#define L3_FAULT(family) (family)

static void map(unsigned int n, const void *page, u32 attrs)
{
	*(volatile u32 *)&l2[n] = attrs ? (u32)page | attrs : 0;
	tlbi_va(TEST(n));
}

static void set_dacr(u32 v)
{
	mcr(p15, 0, c3, c0, 0, v);
}

static void tables(void)
{
	for (u32 i = 0; i < 2048; i++)
		l1[i] = i << 20 | SECTION | S_AP(3) | (i >= RAM >> 20 ? S_CACHED : 1u << 2 | 1u << 4);
	l1[TEST_VA >> 20] = (u32)l2 | DOMAIN(1) | 1;
	memcpy(l1_other, l1, sizeof(l1));
	l1_other[TEST_VA >> 20] = (u32)l2_other | DOMAIN(1) | 1;
	set_dacr(0x5);
	mcr(p15, 0, c2, c0, 2, 0);
	mcr(p15, 0, c2, c0, 0, (u32)l1);
	mcr(p15, 0, c2, c0, 1, 0);
	mcr(p15, 0, c13, c0, 1, 0);
}

static void test_faults(void)
{
	volatile struct exc *e = &exc[0];

	CHECK_EQ(FAULTS(rd(0xc0000004)), 1);
	CHECK_EQ(e->dfsr & 0xe0f, 0x005);
	CHECK_EQ(e->dfar, 0xc0000004);
	CHECK_EQ(FAULTS(wr(TEST(5) + 12, 0)), 1);
	CHECK_EQ(e->dfsr & 0xeff, 0x817);
	map(0, page_a, PAGE | RO);
	CHECK_EQ(FAULTS(wr(TEST(0), 0)), 1);
	CHECK_EQ(e->dfsr & 0xe0f, 0x80f);
	CHECK_EQ(FAULTS(rd(TEST(0))), 0);
	map(0, page_a, PAGE);
	CHECK_EQ(FAULTS(ldrt(TEST(0))), 1);
	CHECK_EQ(e->dfsr & 0xe0f, 0x00f);
	map(0, page_a, PAGE | USER);
	CHECK_EQ(FAULTS(ldrt(TEST(0))), 0);
	/* a section, and a table where nothing is */
	l1[0x900] = RAM | SECTION | S_CACHED | DOMAIN(1) | S_AP(5);
	l1[0x901] = NOTHING | 1;
	tlbi_all();
	CHECK_EQ(FAULTS(rd(0x90000000)), 0);
	CHECK_EQ(FAULTS(wr(0x90000000, 0)), 1);
	CHECK_EQ(e->dfsr & 0xe0f, 0x80d);
	CHECK_EQ(FAULTS(rd(0x90100000)), 1);
	CHECK_EQ(e->dfsr & 0xe0f, 0x00e);
	l1[0x900] = l1[0x901] = 0;
	tlbi_all();
}

/* The same page as DACR changes, with no TLB maintenance; each way twice. */
/* DCCMVAU, then ICIMVAU */
static void clean_va(u32 va)
{
	__asm__ volatile("mcr p15, 0, %0, c7, c11, 1\n"
			 "mcr p15, 0, %0, c7, c5, 1" : : "r"(va) : "memory");
}

static void test_domains(void)
{
	volatile struct exc *e = &exc[0];

	map(1, page_a, PAGE | RO | XN);
	page_a[0] = 0x1234;
	for (unsigned int i = 0; i < 4; i++) {
		CHECK_EQ(FAULTS(CHECK_EQ(rd(TEST(1)), i ? 0x5678u : 0x1234u)), 0);
		CHECK_EQ(FAULTS(wr(TEST(1), 0)), 1);
		CHECK_EQ(e->dfsr & 0xe0f, 0x80f);
		set_dacr(0x1);
		CHECK_EQ(FAULTS(rd(TEST(1))), 1);
		CHECK_EQ(e->dfsr & 0xeff, 0x01b);
		CHECK_EQ(FAULTS(wr(TEST(1), 0)), 1);
		CHECK_EQ(e->dfsr & 0xeff, 0x81b);
		CHECK_EQ(FAULTS(clean_va(TEST(1))), 0);	/* needs no access */
		set_dacr(0xd);
		CHECK_EQ(FAULTS(wr(TEST(1), 0x5678)), 0);
		CHECK_EQ(FAULTS(ldrt(TEST(1))), 0);
		set_dacr(0x5);
	}
	/* sections of sixteen domains */
	for (u32 d = 1; d < 16; d++)
		l1[0x900 + d] = RAM | SECTION | S_CACHED | DOMAIN(d) | S_AP(3);
	tlbi_all();
	for (u32 d = 1; d < 16; d++) {
		set_dacr(0x55555555 & ~(3u << 2 * d));
		for (u32 k = 1; k < 16; k++)
			CHECK_EQ(FAULTS(rd(0x90000000 + (k << 20))), k == d);
		CHECK_EQ(e->dfsr & 0xeff, 0x009 | d << 4);
	}
	set_dacr(0x5);
	for (u32 d = 1; d < 16; d++)
		l1[0x900 + d] = 0;
	tlbi_all();
}

static void test_sizes(void)
{
	for (u32 i = 0; i < 16; i++) {
		l2[0x40 + i] = ((u32)page_a & 0xffff0000) | 1u | 1u << 12 | 3u << 2 | P_AP(1);
		l1[0x910 + i] = (RAM & 0xff000000) | SECTION | 1u << 18 | S_CACHED | S_AP(1);
	}
	tlbi_all();
	page_a[7] = 0x777;
	CHECK_EQ(rd(TEST_VA + 0x40000 + ((u32)&page_a[7] & 0xffff)), 0x777);
	CHECK_EQ(rd(0x91000000 + ((u32)&page_a[7] & 0xffffff)), 0x777);
	/* AFE: AP[0] is the access flag */
	write_sctlr(read_sctlr() | 1u << 29);
	map(3, page_a, (PAGE & ~P_AP(1)));
	CHECK_EQ(FAULTS(rd(TEST(3))), 1);
	CHECK_EQ(exc[0].dfsr & 0xe0f, 0x006);
	map(3, page_a, PAGE);
	CHECK_EQ(FAULTS(rd(TEST(3))), 0);
	write_sctlr(read_sctlr() & ~(1u << 29));
	for (u32 i = 0; i < 16; i++)
		l1[0x910 + i] = 0;
	tlbi_all();
}

static void test_spaces(void)
{
	page_a[1] = 0xa;
	page_b[1] = 0xb;
	l2[9] = (u32)page_a | PAGE | NG;
	l2_other[9] = (u32)page_b | PAGE | NG;
	tlbi_all();
	for (unsigned int i = 0; i < 10; i++) {
		mcr(p15, 0, c2, c0, 0, (u32)l1);
		mcr(p15, 0, c13, c0, 1, 1);
		CHECK_EQ(rd(TEST(9) + 4), 0xa);
		mcr(p15, 0, c2, c0, 0, (u32)l1_other);
		mcr(p15, 0, c13, c0, 1, 2);
		CHECK_EQ(rd(TEST(9) + 4), 0xb);
	}
	mcr(p15, 0, c2, c0, 0, (u32)l1);
	mcr(p15, 0, c13, c0, 1, 0);
}

/* TTBCR.N = 1: the upper half by TTBR1. */
static void test_split(void)
{
	l2_other[10] = (u32)page_b | PAGE;
	mcr(p15, 0, c2, c0, 1, (u32)l1_other);
	mcr(p15, 0, c2, c0, 2, 1);
	tlbi_all();
	CHECK_EQ(rd(TEST(10) + 4), 0xb);
	CHECK_EQ(rd((u32)&page_a[1]), 0xa);
	mcr(p15, 0, c2, c0, 2, 1 | 1 << 5);
	tlbi_all();
	CHECK_EQ(FAULTS(rd(TEST(10))), 1);
	CHECK_EQ(exc[0].dfsr & 0xe0f, 0x005);
	mcr(p15, 0, c2, c0, 2, 0);
	tlbi_all();
}

#endif

/* ---- both ---- */

static u32 ifsr(void)
{
	return exc[0].ifsr & (LONG ? 0x23f : 0x60f);
}

#ifdef __thumb__
#define THUMB 1
#else
#define THUMB 0
#endif
#define I_PERM (LONG ? 0x20f : 0x00f)
#define I_TRANS (LONG ? 0x207 : 0x007)

/* "bx lr", and for User mode "svc #0xff", in both instruction sets. */
static void test_fetch(void)
{
	volatile struct exc *e = &exc[0];
	u32 back;

	code_pages[0] = 0xff1e;
	code_pages[1] = 0xe12f;
	code_pages[2] = 0x00ff;
	code_pages[3] = 0xef00;
	dsb();
	mcr(p15, 0, c7, c5, 0, 0);
	map(20, code_pages, PAGE);
	CHECK_EQ(FAULTS(((void (*)(void))TEST(20))()), 0);
	map(20, code_pages, PAGE | XN);
	__asm__ volatile("adr %0, 1f\n orr %0, %0, %3\n str %0, [%1]\n mov %0, %2\n blx %0\n .balign 4\n 1: nop"
			 : "=&r"(back) : "r"(&resume_to), "r"(TEST(20)), "r"(THUMB) : "lr", "memory");
	(void)back;
	resume_to = 0;
	CHECK_EQ(e->kind, K_PABT);
	CHECK_EQ(e->lr, TEST(20) + 4);
	CHECK_EQ(e->ifar, TEST(20));
	CHECK_EQ(ifsr(), I_PERM);
	/* User mode, in a page of its own */
	map(20, code_pages, PAGE | USER);
	e->count = 0;
	run_in(USR | PSR_AIF, TEST(20) + 4, 0);
	CHECK_EQ(e->count, 0);
	map(20, code_pages, PAGE);
	resume_to = (u32)code_pages + 4;
	run_in(USR | PSR_AIF, TEST(20) + 4, 0);
	CHECK_EQ(e->count, 1);
	CHECK_EQ(e->spsr, USR | PSR_AIF);
	CHECK_EQ(ifsr(), I_PERM);
	resume_to = 0;
}

/* A T32 instruction of four bytes over the end of a page. */
static void test_across(void)
{
	volatile struct exc *e = &exc[0];
	u16 *end = code_pages + 2048;

	end[-1] = 0xf04f;	/* mov.w r0, #42 */
	end[0] = 0x002a;
	end[1] = 0xdfff;	/* svc #0xff */
	dsb();
	mcr(p15, 0, c7, c5, 0, 0);
	map(20, code_pages, PAGE | USER);
	map(21, end, PAGE | USER);
	CHECK_EQ(run_in(SYS | PSR_AIF, TEST(21) - 1, 0), 42);
	map(21, 0, 0);
	e->count = 0;
	resume_to = (u32)(end + 1) | 1;
	run_in(SYS | PSR_AIF, TEST(21) - 1, 0);
	resume_to = 0;
	CHECK_EQ(e->count, 1);
	CHECK_EQ(e->kind, K_PABT);
	CHECK_EQ(e->lr, TEST(21) + 2);
	CHECK_EQ(e->ifar, TEST(21));
	CHECK_EQ(ifsr(), I_TRANS);
	/* the second half from elsewhere, in the same virtual place */
	page_b[0] = 0xdfff0007;
	map(21, page_b, PAGE | USER);
	CHECK_EQ(run_in(SYS | PSR_AIF, TEST(21) - 1, 0), 7);
	page_b[0] = 0;
}

static void test_pages(void)
{
	u64 v;

	map(4, page_a, PAGE);
	wr(TEST(4) + 8, 0xcafe);
	CHECK_EQ(page_a[2], 0xcafe);
	map(4, page_b, PAGE);
	wr(TEST(4) + 8, 0xbeef);
	CHECK_EQ(page_a[2], 0xcafe);
	CHECK_EQ(page_b[2], 0xbeef);
	/* Normal memory may be accessed at any address, also over two pages */
	map(5, page_a, PAGE);
	page_b[1023] = 0x11223344;
	page_a[0] = 0x55667788;
	CHECK_EQ(FAULTS(v = rd(TEST(5) - 2)), 0);
	CHECK_EQ(v, 0x77881122);
	CHECK_EQ(FAULTS(wr(TEST(5) - 1, 0xaabbccdd)), 0);
	CHECK_EQ(page_b[1023], 0xdd223344);
	CHECK_EQ(page_a[0], 0x55aabbcc);
	/* the second page is not there: DFAR is in it, and nothing was written */
	map(5, 0, 0);
	CHECK_EQ(FAULTS(wr(TEST(5) - 1, 0)), 1);
	CHECK_EQ(exc[0].dfar, TEST(5));
	CHECK_EQ(page_b[1023], 0xdd223344);
	/* SCTLR.A */
	write_sctlr(read_sctlr() | 2);
	CHECK_EQ(FAULTS(rd(TEST(4) + 1)), 1);
	CHECK_EQ(exc[0].dfsr & (LONG ? 0xa3f : 0xe0f), LONG ? 0x221 : 0x001);
	write_sctlr(read_sctlr() & ~2u);
}

/* VA to PA (ATS1CPR, ATS1CPW, ATS1CUR). */
static void test_at(void)
{
	map(6, page_a, PAGE | RO);
	mcr(p15, 0, c7, c8, 0, TEST(6) + 0x123);
	CHECK_EQ(mrc(p15, 0, c7, c4, 0) & 0xfffff001, (u32)page_a);
	mcr(p15, 0, c7, c8, 1, TEST(6));
	CHECK_EQ(mrc(p15, 0, c7, c4, 0) & 1, 1);
	mcr(p15, 0, c7, c8, 2, TEST(6));
	CHECK_EQ(mrc(p15, 0, c7, c4, 0) & 1, 1);
	map(6, 0, 0);
	mcr(p15, 0, c7, c8, 0, TEST(6));
	CHECK_EQ(mrc(p15, 0, c7, c4, 0) & 0x7f, 0x0f);
}

int main(void)
{
	tables();
	tlbi_all();
	write_sctlr(read_sctlr() | 1 | 4 | 1 << 12);
	test_faults();
#if !LONG
	test_domains();
	test_sizes();
#endif
	test_spaces();
	test_split();
	test_pages();
	test_fetch();
	test_across();
	test_at();
	finish();
}
