/* SPDX-License-Identifier: GPL-2.0-only */
/* Code that changes: by every road there is, seen by the CPU that changes it and by others. */
#include "tests/guest/lib.h"

#ifndef ONE_CPU
#define ONE_CPU 0
#endif

#define RET 0xd65f03c0u
#define MOV_X0(n) (0xd2800000u | (u32)(n) << 5)

static u32 page[1024] __attribute__((aligned(4096)));
static u32 page2[1024] __attribute__((aligned(4096)));

typedef u64 (*fn)(u64 arg);
typedef u64 (*store_fn)(u32 *at, u32 word);

static void put(u32 *at, u32 word)
{
	*(volatile u32 *)at = word;
}

static void test_ic_ivau(void)
{
	for (unsigned int i = 0; i < 200; i++) {
		put(page, MOV_X0(i));
		put(page + 1, RET);
		sync_code(page, 8);
		CHECK_EQ(((fn)page)(0), i);
	}
}

/* What DIC and IDC would promise; this machine keeps it always. */
static void test_plain_stores(void)
{
	for (unsigned int i = 0; i < 200; i++) {
		put(page, MOV_X0(1000 + i));
		dsb();
		isb();
		CHECK_EQ(((fn)page)(0), 1000 + i);
	}
}

/* The instruction two further on, in the same straight line, behind an ISB. */
static void test_own_block(void)
{
	static const u32 code[] = {
		0xb9000001,	/* str w1, [x0] */
		0xd5033b9f,	/* dsb ish */
		0xd5033fdf,	/* isb */
		MOV_X0(1),
		RET,
	};

	for (unsigned int i = 0; i < 50; i++) {
		memcpy(page, code, sizeof(code));
		sync_code(page, sizeof(code));
		CHECK_EQ(((store_fn)page)(page + 3, MOV_X0(7 + i)), 7 + i);
	}
}

/* A loop that counts in a word next to it. */
static void test_data_in_code_page(void)
{
	static const u32 code[] = {
		0xb9400001,	/* ldr w1, [x0] */
		0x11000421,	/* add w1, w1, #1 */
		0xb9000001,	/* str w1, [x0] */
		0x710fa03f,	/* cmp w1, #1000 */
		0x54ffff81,	/* b.ne . - 16 */
		RET,
	};
	volatile u32 *near = &page[8], *far = &page[900];

	memcpy(page, code, sizeof(code));
	sync_code(page, sizeof(code));
	*near = *far = 0;
	((fn)page)((u64)near);
	((fn)page)((u64)far);
	CHECK_EQ(*near, 1000);
	CHECK_EQ(*far, 1000);
}

/* One page at three addresses: a store at one shows at the others. */
static void test_aliases(void)
{
	u32 *a = test_page(0), *b = test_page(1), *w = test_page(2);

	map(0, page, NORMAL | PTE_RO | PTE_UXN);
	map(1, page, NORMAL | PTE_RO | PTE_UXN);
	map(2, page, NORMAL | PTE_PXN | PTE_UXN);
	for (unsigned int i = 0; i < 200; i++) {
		put(w, MOV_X0(i));
		put(w + 1, RET);
		if (i & 1) {
			sync_code(w, 8);
		} else {
			dsb();
			isb();
		}
		CHECK_EQ(((fn)a)(0), i);
		CHECK_EQ(((fn)b)(0), i);
	}
}

/* Another page at the same address. */
static void test_remap(void)
{
	fn f = test_page(3);

	put(page, MOV_X0(1));
	put(page + 1, RET);
	put(page2, MOV_X0(2));
	put(page2 + 1, RET);
	sync_code(page, 8);
	sync_code(page2, 8);
	for (unsigned int i = 0; i < 100; i++) {
		map(3, i & 1 ? page2 : page, NORMAL | PTE_RO | PTE_UXN);
		CHECK_EQ(f(0), 1 + (i & 1));
	}
}

static volatile u64 seen, stop;

static void watcher(u64 arg)
{
	mmu_on();
	while (!stop) {
		isb();
		seen = ((fn)arg)(0);
	}
}

/* Another CPU executes it all the time. */
static void test_other_cpu(void)
{
	put(page2, MOV_X0(0));
	put(page2 + 1, RET);
	sync_code(page2, 8);
	start_cpu(1, watcher, (u64)page2);
	for (unsigned int i = 1; i <= 60; i++) {
		u64 end = now() + milliseconds(5000);

		put(page2, MOV_X0(i));
		sync_code(page2, 4);
		while (seen != i && now() < end)
			;
		CHECK_EQ(seen, i);
		if (seen != i)
			break;
	}
	stop = 1;
}

/*
 * Distinct blocks, more than a small code cache holds: each adds its part and
 * goes on to the next.  Twice, so that evicted ones come back.
 */
#define MANY 60000
static u32 many[2 * MANY + 1] __attribute__((aligned(4096)));

static void test_many_blocks(void)
{
	for (unsigned int i = 0; i < MANY; i++) {
		many[2 * i] = 0x91000400;	/* add x0, x0, #1 */
		many[2 * i + 1] = 0x14000001;	/* b . + 4 */
	}
	many[2 * MANY] = RET;
	dsb();
	__asm__ volatile("ic iallu; dsb sy; isb" : : : "memory");
	for (unsigned int i = 0; i < 3; i++)
		CHECK_EQ(((fn)many)(i), MANY + i);
	/* each entered on its own */
	for (unsigned int i = MANY - 1000; i < MANY; i++)
		CHECK_EQ(((fn)&many[2 * i])(0), MANY - i);
}

int main(void)
{
	test_ic_ivau();
	test_plain_stores();
	test_own_block();
	mmu_on();
	test_ic_ivau();
	test_plain_stores();
	test_own_block();
	test_data_in_code_page();
	test_aliases();
	test_remap();
	test_many_blocks();
	if (!ONE_CPU)
		test_other_cpu();
	finish();
}
