// SPDX-License-Identifier: GPL-2.0-only
/* Guests of t_walk.c: tables of stage 1 where no memory is, or memory that cannot be written. */
#include "guest.h"

#define VA 0xc0000000u
#define TTBCR_EAE (1u << 31)
#define CACHED 0x4au			/* walks: write-back, shareable */

#define DFSR_WNR (1u << 11)
#define DFSR_CM (1u << 13)

/* Short descriptors; memory is normal, write-back, shareable, for PL1. */
#define L1_TABLE 1u
#define L1_RAM 0x11c0eu
#define L1_DEVICE 0x10c16u
#define LONG_RAM 0x741ull		/* a block: AF, inner shareable, attribute 0 */
#define LONG_DEVICE 0x445ull		/* attribute 1 */
#define LONG_TABLE 3ull

/* The status of DFSR and IFSR, in both formats. */
static uint32_t status(void)
{
	return fault_status & (1u << 9) ? fault_status & 0x3f : (fault_status >> 6 & 0x10) | (fault_status & 0xf);
}

static void flush(void)
{
	dsb();
	CP15_WRITE(0, c8, c7, 0, 0);
	dsb();
	isb();
}

/* Each way to make the CPU walk for @va ends with the abort whose status is @want. */
enum access { LOAD, STORE, LOAD_TWO, LOAD_MANY, CLEAN, TRANSLATE, FETCH, ACCESSES };

static void walk_for(enum access access, uint32_t va)
{
	switch (access) {
	case LOAD:
		read32(va);
		break;
	case STORE:
		write32(va, 1);
		break;
	case LOAD_TWO:
		asm volatile("ldrd r0, r1, [%0]" : : "r"(va) : "r0", "r1", "memory");
		break;
	case LOAD_MANY:
		asm volatile("ldmia %0, {r0-r3}" : : "r"(va) : "r0", "r1", "r2", "r3", "memory");
		break;
	case CLEAN:
		CP15_WRITE(0, c7, c14, 1, va);		/* DCCIMVAC */
		break;
	case TRANSLATE:
		CP15_WRITE(0, c7, c8, 0, va);		/* ATS1CPR: an abort, not a result in PAR */
		break;
	default:
		asm volatile("mov lr, pc\n\tbx %0" : : "r"(va) : "r0", "r1", "r2", "r3", "r12", "lr", "cc", "memory");
	}
}

static void every_access(uint32_t va, uint32_t want)
{
	for (enum access access = 0; access < ACCESSES; access++) {
		bool writes = access == STORE || access == CLEAN || access == TRANSLATE;

		fault_status = 0;
		fault_expect(access == FETCH ? VEC_PABT : VEC_DABT);
		walk_for(access, va);
		/* QEMU does nothing for maintenance by address, so that it does not walk either. */
		if (!fault_taken() && access == CLEAN)
			continue;
		if (fault_address != va || status() != want || !!(fault_status & DFSR_WNR) != writes)
			guest_fail(-(int)access - 1, fault_address, fault_status);
		CHECK_EQ(fault_status & DFSR_CM, access == CLEAN || access == TRANSLATE ? DFSR_CM : 0);
	}
}

/* A table of level 2 at @hole, then one of level 1: TTBR0's half of the addresses; PORTs are in it. */
int g_walk_short(uint32_t hole)
{
	uint32_t ttbr0 = CP15_READ(0, c2, c0, 0), seen[3];

	mmu_set_section(VA, hole | L1_TABLE);
	every_access(VA + 0x23010, 0x0e);
	mmu_set_section(VA, VA | L1_DEVICE);
	CP15_WRITE(0, c2, c0, 1, ttbr0);
	CP15_WRITE(0, c2, c0, 2, 1);
	CP15_WRITE(0, c2, c0, 0, hole | CACHED);
	flush();
	fault_expect(VEC_DABT);
	read32(0x20000004);
	seen[0] = fault_taken();
	seen[1] = status();
	seen[2] = fault_address;
	CP15_WRITE(0, c2, c0, 0, ttbr0);
	flush();
	CP15_WRITE(0, c2, c0, 2, 0);
	flush();
	CHECK_EQ(seen[0], 1);
	CHECK_EQ(seen[1], 0x0c);
	CHECK_EQ(seen[2], 0x20000004);
	return 7;
}

/*
 * Long descriptors: a table of level 2 at @hole for 0x40000000, of level 3 for 0xb0000000,
 * and by TTBR1 the first one, which is of level 2, for 0xc0000000.
 */
int g_walk_long(uint32_t hole)
{
	static uint64_t first[4] __attribute__((aligned(32))), second[512] __attribute__((aligned(4096)));

	first[0] = LONG_DEVICE;
	first[1] = hole | LONG_TABLE;
	first[2] = (uint32_t)second | LONG_TABLE;
	for (uint32_t i = 0; i < 512; i++)
		second[i] = (GUEST_RAM + (i << 21)) | LONG_RAM;
	second[384] = hole | LONG_TABLE;
	dsb();
	CP15_WRITE(0, c1, c0, 0, CP15_READ(0, c1, c0, 0) & ~1u);
	isb();
	CP15_WRITE(0, c10, c2, 0, 0x04ff);		/* MAIR0: write-back, device */
	CP15_WRITE(0, c2, c0, 2, TTBCR_EAE | 0x2500 | 2u << 16 | 0x25000000);
	CP15_WRITE64(0, c2, (uint32_t)first);
	CP15_WRITE64(1, c2, hole);
	flush();
	CP15_WRITE(0, c1, c0, 0, CP15_READ(0, c1, c0, 0) | 1);
	flush();
	every_access(0x40000010, 0x16);
	every_access(0xb0001010, 0x17);
	every_access(0xc0201010, 0x16);
	return 7;
}

/* What a device answers is no table; whatever comes of it, it comes to an end. */
int g_walk_device(uint32_t device)
{
	mmu_set_section(VA, device | L1_TABLE);
	for (uint32_t i = 0; i < 4; i++) {
		fault_expect(VEC_DABT);
		read32(VA + i * 4096);
		CHECK_EQ(fault_taken() <= 1, true);
	}
	return 7;
}

/*
 * The host side made tables of both levels at @base, which cannot be written, and changes
 * the second one at each sync: VA + n pages is what it says, and the number there too.
 */
int g_walk_readonly(uint32_t base)
{
	uint32_t (*fn)(void) = (void *)(VA + 0x3000);
	volatile uint32_t *p = (void *)VA;

	CP15_WRITE(0, c2, c0, 0, (base + 0x4000) | CACHED);
	flush();
	for (uint32_t round = 0; round < 40; round++) {
		uint32_t want = guest_ask(), back;

		flush();
		CHECK_EQ(p[0], want);
		p[1] = want + round;
		CHECK_EQ(p[1], want + round);
		asm volatile("ldrex %0, [%1]\n\tstrex r2, %0, [%1]" : "=&r"(back) : "r"(p + 1) : "r2", "memory");
		CHECK_EQ(back, want + round);
		CHECK_EQ(fn(), want);
		CP15_WRITE(0, c7, c8, 1, VA);		/* ATS1CPW */
		isb();
		CHECK_EQ(CP15_READ(0, c7, c4, 0) & ~0xfffu, GUEST_FREE + (want << 12));
		guest_sync(round);
	}
	return 7;
}
