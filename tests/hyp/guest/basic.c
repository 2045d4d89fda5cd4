// SPDX-License-Identifier: GPL-2.0-only
/* Guests of t_basic.c and t_mmio.c. */
#include "guest.h"

int g_return(uint32_t arg)
{
	return arg + 1;
}

int g_hvc_version(uint32_t arg)
{
	(void)arg;
	return hvc(0x84000000, 0, 0, 0);
}

/* Two syncs, one question. */
int g_talk(uint32_t arg)
{
	guest_sync(arg);
	guest_sync(arg + 1);
	return guest_ask();
}

/* Device reads of each width, signed ones too, at GUEST_HOLE; the host side answers 0x8899aabb. */
int g_mmio_read(uint32_t arg)
{
	int32_t v;

	(void)arg;
	CHECK_EQ(read32(GUEST_HOLE), 0x8899aabb);
	asm volatile("ldrb %0, [%1]" : "=r"(v) : "r"(GUEST_HOLE));
	CHECK_EQ(v, 0xbb);
	asm volatile("ldrh %0, [%1]" : "=r"(v) : "r"(GUEST_HOLE));
	CHECK_EQ(v, 0xaabb);
	asm volatile("ldrsb %0, [%1]" : "=r"(v) : "r"(GUEST_HOLE));
	CHECK_EQ(v, 0xffffffbb);
	asm volatile("ldrsh %0, [%1]" : "=r"(v) : "r"(GUEST_HOLE));
	CHECK_EQ(v, 0xffffaabb);
	return 7;
}

/* The same as a big-endian guest: the bytes on the bus are the same, the register's are not. */
int g_mmio_read_be(uint32_t arg)
{
	int32_t word, half, signed_half, byte;

	(void)arg;
	asm volatile("setend be\n\t"
		     "ldr %0, [%4]\n\tldrh %1, [%4]\n\tldrsh %2, [%4]\n\tldrb %3, [%4]\n\t"
		     "setend le"
		     : "=&r"(word), "=&r"(half), "=&r"(signed_half), "=&r"(byte)
		     : "r"(GUEST_HOLE));
	CHECK_EQ(word, 0xbbaa9988);
	CHECK_EQ(half, 0xbbaa);
	CHECK_EQ(signed_half, 0xffffbbaa);
	CHECK_EQ(byte, 0xbb);
	asm volatile("setend be\n\tstr %0, [%1]\n\tsetend le" : : "r"(0x11223344), "r"(GUEST_HOLE + 16) : "memory");
	return 7;
}

int g_mmio_write(uint32_t arg)
{
	write32(GUEST_HOLE, arg);
	write8(GUEST_HOLE + 4, arg);
	asm volatile("strh %0, [%1]" : : "r"(arg), "r"(GUEST_HOLE + 8) : "memory");
	return 0;
}

/* Instructions without a syndrome; the host side keeps 4 KiB of memory at GUEST_HOLE. */
int g_mmio_nosyndrome(uint32_t arg)
{
	uint32_t base = GUEST_HOLE + 0x100, a, b, c, d;
	uint64_t v;

	(void)arg;
	asm volatile("mov r4, #0x11\n\tmov r5, #0x22\n\tmov r6, #0x33\n\tstmia %0!, {r4, r5, r6}"
		     : "+r"(base) : : "r4", "r5", "r6", "memory");
	CHECK_EQ(base, GUEST_HOLE + 0x10c);
	CHECK_EQ(read32(GUEST_HOLE + 0x104), 0x22);
	asm volatile("ldmdb %0!, {r4, r5, r6}\n\tmov %1, r4\n\tmov %2, r5\n\tmov %3, r6"
		     : "+r"(base), "=&r"(a), "=&r"(b), "=&r"(c) : : "r4", "r5", "r6", "memory");
	CHECK_EQ(base, GUEST_HOLE + 0x100);
	CHECK_EQ(a, 0x11);
	CHECK_EQ(b, 0x22);
	CHECK_EQ(c, 0x33);
	asm volatile("str %1, [%0, #8]!" : "+r"(base) : "r"(0x44) : "memory");
	CHECK_EQ(base, GUEST_HOLE + 0x108);
	asm volatile("ldr %1, [%0], #-8" : "+r"(base), "=&r"(d) : : "memory");
	CHECK_EQ(d, 0x44);
	CHECK_EQ(base, GUEST_HOLE + 0x100);
	asm volatile("mov r4, #1\n\tmov r5, #2\n\tstrd r4, r5, [%0]" : : "r"(base) : "r4", "r5", "memory");
	asm volatile("ldrd r4, r5, [%1]\n\tmov %Q0, r4\n\tmov %R0, r5" : "=r"(v) : "r"(base) : "r4", "r5", "memory");
	CHECK(v == 0x200000001ull);
	/* Where HYP serves single loads itself. */
	asm volatile("ldmia %2, {r4, r5}\n\tmov %0, r4\n\tmov %1, r5"
		     : "=&r"(a), "=&r"(b) : "r"(GICD(0)) : "r4", "r5", "memory");
	CHECK_EQ(a, read32(GICD(0)));
	CHECK_EQ(b, read32(GICD(4)));
	return 7;
}

int g_mmio_vfp(uint32_t arg)
{
	uint32_t lo, hi;

	(void)arg;
	CP15_WRITE(0, c1, c0, 2, 0xf << 20);
	isb();
	asm volatile(".fpu neon\n\tmov r4, #0x40000000\n\tvmsr fpexc, r4\n\t"
		     "vmov d5, %2, %3\n\tvstr d5, [%4, #16]\n\tvldr d6, [%4, #16]\n\tvmov %0, %1, d6"
		     : "=&r"(lo), "=&r"(hi) : "r"(0x1234), "r"(0x5678), "r"(GUEST_HOLE + 0x200) : "r4", "memory");
	CHECK_EQ(lo, 0x1234);
	CHECK_EQ(hi, 0x5678);
	return 7;
}

/* An access that the host side answers with an abort. */
int g_mmio_abort(uint32_t arg)
{
	uint32_t v = 0x55;

	(void)arg;
	fault_expect(VEC_DABT);
	asm volatile("ldr %0, [%1]" : "+r"(v) : "r"(GUEST_HOLE) : "memory");
	CHECK_EQ(fault_taken(), 1);
	CHECK_EQ(v, 0x55);
	CHECK_EQ(fault_address, GUEST_HOLE);
	return 7;
}
