/* SPDX-License-Identifier: GPL-2.0-only */
/* What a guest can do wrong, and what it must be told: class, status, address, return address. */
#include "tests/guest/lib.h"

static u32 page[1024] __attribute__((aligned(4096)));
static u8 data[3 * 4096] __attribute__((aligned(4096)));

#define LOAD(insn, at) \
	({ u64 v_ = 0; __asm__ volatile(insn : "+r"(v_) : "r"(at) : "memory", "x10", "x11"); v_; })
#define STORE(insn, at) __asm__ volatile(insn : : "r"(0x1122334455667788ull), "r"(at) : "memory")

/* The last exception: @ec, fault status @fsc, write or not, at @far. */
#define CHECK_DABT(fsc, wnr, at) \
	do { \
		CHECK_EQ(EC(exc[0].esr), EC_DABT); \
		CHECK_EQ(FSC(exc[0].esr), fsc); \
		CHECK_EQ(exc[0].esr >> 6 & 1, wnr); \
		CHECK_EQ(exc[0].far, (u64)(at)); \
	} while (0)

#define EXTERNAL 0x10
#define ALIGNMENT 0x21
#define TRANSLATION(level) (4 + (level))
#define PERMISSION(level) (12 + (level))

static void test_nothing_there(void)
{
	CHECK_EQ(FAULTS(LOAD("ldr %0, [%1]", NOTHING)), 1);
	CHECK_DABT(EXTERNAL, 0, NOTHING);
	CHECK_EQ(FAULTS(LOAD("ldrb %w0, [%1]", NOTHING + 3)), 1);
	CHECK_DABT(EXTERNAL, 0, NOTHING + 3);
	CHECK_EQ(FAULTS(STORE("str %0, [%1]", NOTHING + 0x1000)), 1);
	CHECK_DABT(EXTERNAL, 1, NOTHING + 0x1000);
	CHECK_EQ(FAULTS(STORE("stp %0, %0, [%1]", NOTHING)), 1);
	CHECK_DABT(EXTERNAL, 1, NOTHING);
}

/* Jumps: there is nothing, or nothing aligned. */
static void test_bad_jumps(u32 status)
{
	static const u64 odd[] = { 1, 2, 3 };

	resume[0] = RESUME_LR;
	CHECK_EQ(FAULTS(((void (*)(void))NOTHING)()), 1);
	CHECK_EQ(EC(exc[0].esr), EC_IABT);
	CHECK_EQ(FSC(exc[0].esr), status);
	CHECK_EQ(exc[0].far, NOTHING);
	CHECK_EQ(exc[0].elr, NOTHING);
	for (unsigned int i = 0; i < ARRAY_SIZE(odd); i++) {
		CHECK_EQ(FAULTS(((void (*)(void))((u64)page + odd[i]))()), 1);
		CHECK_EQ(EC(exc[0].esr), EC_PC_ALIGN);
		CHECK_EQ(exc[0].far, (u64)page + odd[i]);
		CHECK_EQ(exc[0].elr, (u64)page + odd[i]);
	}
	resume[0] = RESUME_SKIP;
}

static void test_undefined(void)
{
	static const u32 words[] = {
		0x00000000, 0xffffffff, 0x04000000, 0xd53f0000, 0xd50003ff, 0xcb200000 | 7 << 10, 0x7ac00000,
	};

	resume[0] = RESUME_LR;
	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
		page[0] = words[i];
		sync_code(page, 4);
		CHECK_EQ(FAULTS(((void (*)(void))page)()), 1);
		CHECK_EQ(EC(exc[0].esr), EC_UNKNOWN);
		CHECK_EQ(ISS(exc[0].esr), 0);
		CHECK_EQ(exc[0].esr >> 25 & 1, 1);
		CHECK_EQ(exc[0].elr, (u64)page);
	}
	resume[0] = RESUME_SKIP;
	CHECK_EQ(FAULTS(__asm__ volatile("brk #0x1234")), 1);
	CHECK_EQ(EC(exc[0].esr), EC_BRK);
	CHECK_EQ(ISS(exc[0].esr), 0x1234);
}

/* MMU off: all data is Device memory. */
static void test_alignment(void)
{
	CHECK_EQ(FAULTS(LOAD("ldr %0, [%1]", data + 1)), 1);
	CHECK_DABT(ALIGNMENT, 0, data + 1);
	CHECK_EQ(FAULTS(STORE("str %w0, [%1]", data + 2)), 1);
	CHECK_DABT(ALIGNMENT, 1, data + 2);
	CHECK_EQ(FAULTS(LOAD("ldr %0, [%1]", data + 8)), 0);
}

/* MMU on: Normal memory takes it, devices, exclusives and SCTLR.A do not. */
static void test_alignment_mapped(void)
{
	memset(data, 0, sizeof(data));
	CHECK_EQ(FAULTS(STORE("str %0, [%1]", data + 4093)), 0);
	CHECK_EQ(LOAD("ldr %0, [%1]", data + 4093), 0x1122334455667788);
	CHECK_EQ(data[4093], 0x88);
	CHECK_EQ(data[4096], 0x55);
	CHECK_EQ(FAULTS(LOAD("ldr %w0, [%1]", UART + 0x19)), 1);
	CHECK_DABT(ALIGNMENT, 0, UART + 0x19);
	CHECK_EQ(FAULTS(LOAD("ldxr %0, [%1]", data + 4)), 1);
	CHECK_DABT(ALIGNMENT, 0, data + 4);
	CHECK_EQ(FAULTS(LOAD("ldar %w0, [%1]", data + 2)), 1);
	CHECK_DABT(ALIGNMENT, 0, data + 2);
	CHECK_EQ(FAULTS(LOAD("ldadd x10, %0, [%1]", data + 1)), 1);
	msr(sctlr_el1, mrs(sctlr_el1) | 2);
	isb();
	CHECK_EQ(FAULTS(LOAD("ldr %0, [%1]", data + 4)), 1);
	CHECK_DABT(ALIGNMENT, 0, data + 4);
	msr(sctlr_el1, mrs(sctlr_el1) & ~2ull);
	isb();
	CHECK_EQ(FAULTS(LOAD("ldr %0, [%1]", data + 4)), 0);
}

/* The second half of what crosses a page is not there: nothing of it may happen. */
static void test_second_page(void)
{
	u8 *at = test_page(1);

	map(0, data, NORMAL | PTE_UXN);
	map_page(1, 0);
	tlbi_va((u64)at);
	memset(data, 0x5a, 4096);
	CHECK_EQ(FAULTS(LOAD("ldr %0, [%1]", at - 4)), 1);
	CHECK_DABT(TRANSLATION(3), 0, at);
	CHECK_EQ(FAULTS(STORE("str %0, [%1]", at - 3)), 1);
	CHECK_DABT(TRANSLATION(3), 1, at);
	CHECK_EQ(FAULTS(STORE("stp %0, %0, [%1]", at - 12)), 1);
	CHECK_DABT(TRANSLATION(3), 1, at);
	CHECK_EQ(data[4095], 0x5a);
	/* writeback must not happen either */
	u64 base = (u64)at - 8;

	CHECK_EQ(FAULTS(__asm__ volatile("ldp x10, x11, [%0], #64" : "+r"(base) : : "x10", "x11", "memory")), 1);
	CHECK_EQ(base, (u64)at - 8);
	map(1, data + 4096, NORMAL | PTE_RO | PTE_UXN);
	CHECK_EQ(FAULTS(STORE("str %0, [%1]", at - 4)), 1);
	CHECK_DABT(PERMISSION(3), 1, at);
	CHECK_EQ(data[4092], 0x5a);
	CHECK_EQ(FAULTS(LOAD("ldr %0, [%1]", at - 4)), 0);
}

static void test_unmapped(void)
{
	CHECK_EQ(FAULTS(LOAD("ldr %0, [%1]", 0xc0000000ull)), 1);
	CHECK_DABT(TRANSLATION(1), 0, 0xc0000000ull);
	CHECK_EQ(FAULTS(LOAD("ldr %0, [%1]", TEST_VA + 0x200000)), 1);
	CHECK_DABT(TRANSLATION(2), 0, TEST_VA + 0x200000);
	CHECK_EQ(FAULTS(LOAD("ldr %0, [%1]", 1ull << 45)), 1);
	CHECK_DABT(TRANSLATION(0), 0, 1ull << 45);
	/* TTBR1 walks are disabled */
	CHECK_EQ(FAULTS(LOAD("ldr %0, [%1]", ~0xfffull)), 1);
	CHECK_DABT(TRANSLATION(0), 0, ~0xfffull);
	resume[0] = RESUME_LR;
	CHECK_EQ(FAULTS(((void (*)(void))test_page(100))()), 1);
	CHECK_EQ(EC(exc[0].esr), EC_IABT);
	CHECK_EQ(FSC(exc[0].esr), TRANSLATION(3));
	CHECK_EQ(exc[0].far, (u64)test_page(100));
	map(4, data, NORMAL | PTE_PXN);
	CHECK_EQ(FAULTS(((void (*)(void))test_page(4))()), 1);
	CHECK_EQ(FSC(exc[0].esr), PERMISSION(3));
	resume[0] = RESUME_SKIP;
	/* a table where there is no memory */
	l1_table[4] = NOTHING | 3;
	dsb();
	CHECK_EQ(FAULTS(LOAD("ldr %0, [%1]", 4ull << 30)), 1);
	CHECK_DABT(0x16, 0, 4ull << 30);
	/* an address beyond the physical ones */
	map_page(5, 0x0000f00000000000ull | NORMAL);
	tlbi_va((u64)test_page(5));
	CHECK_EQ(FAULTS(LOAD("ldr %0, [%1]", test_page(5))), 1);
	CHECK_EQ(FSC(exc[0].esr), 3);	/* address size, level 3 */
	/* no access flag */
	map_page(6, ((u64)data | NORMAL) & ~PTE_AF);
	tlbi_va((u64)test_page(6));
	CHECK_EQ(FAULTS(LOAD("ldr %0, [%1]", test_page(6))), 1);
	CHECK_DABT(8 + 3, 0, test_page(6));
}

static void test_sp_alignment(void)
{
	/* at EL0: the exception has a good stack */
	static const u32 code[] = {
		0x910013ff,	/* add sp, sp, #4 */
		0xf94003e1,	/* ldr x1, [sp] */
		0x910033ff,	/* add sp, sp, #12 */
		0xd4000001,	/* svc #0 */
	};

	memcpy(page, code, sizeof(code));
	sync_code(page, sizeof(code));
	map(8, page, NORMAL | PTE_EL0 | PTE_RO);
	map(9, data, NORMAL | PTE_EL0 | PTE_UXN | PTE_PXN);
	msr(sctlr_el1, mrs(sctlr_el1) | 1 << 4);
	isb();
	exc[0].count = 0;
	call_el0((u64)test_page(8), 0, (u64)test_page(9));
	CHECK_EQ(exc[0].count, 1);
	/* the SVC came last; SP alignment has no FAR, and nothing else was taken */
	msr(sctlr_el1, mrs(sctlr_el1) & ~(1ull << 4));
	isb();
	exc[0].count = 0;
	call_el0((u64)test_page(8), 0, (u64)test_page(9));
	CHECK_EQ(exc[0].count, 0);
}

static void test_illegal_return(void)
{
	/* ERET to EL2: PSTATE.IL, and the next instruction traps */
	u64 elr;

	__asm__ volatile("adr %0, 1f; msr elr_el1, %0; mov x10, #0x3c9; msr spsr_el1, x10; eret; 1: nop"
			 : "=&r"(elr) : : "x10", "memory");
	CHECK_EQ(EC(exc[0].esr), EC_ILLEGAL);
	CHECK_EQ(exc[0].elr, elr);
	CHECK_EQ(exc[0].spsr >> 20 & 1, 1);
}

static void clear_il(struct frame *f)
{
	f->spsr &= ~(1ull << 20);
	f->elr += 4;
}

int main(void)
{
	test_nothing_there();
	test_bad_jumps(EXTERNAL);
	test_undefined();
	test_alignment();
	mmu_on();
	test_nothing_there();
	test_bad_jumps(PERMISSION(1));	/* mapped as a device: execute never */
	test_alignment_mapped();
	test_second_page();
	test_unmapped();
	test_sp_alignment();
	on_sync = clear_il;
	test_illegal_return();
	finish();
}
