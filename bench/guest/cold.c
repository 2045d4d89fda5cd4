/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Code that runs once: what a translator needs per instruction it has not seen.
 * An operation is an instruction; making the code and cleaning the caches is not timed.
 */
#include "bench.h"

#include <string.h>
#include <sys/mman.h>

#define CODE_WORDS (256u << 10)		/* 1 MiB: more than one set of blocks, less than any cache */

#ifdef __aarch64__

static u32 *code;

static void setup(void)
{
	code = mmap(NULL, CODE_WORDS * 4, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (code == MAP_FAILED)
		bench_die("mmap");
}

/* x1: a buffer; x2..x15 hold values.  Every form is one that compilers emit often. */
static u32 make_insn(u32 *seed)
{
	u32 r = bench_rand(seed), d = 2 + r % 14, n = 2 + (r >> 4) % 14, m = 2 + (r >> 8) % 14;
	u32 imm = r >> 12 & 255;

	switch (bench_rand(seed) % 12) {
	case 0: return 0x91000000 | imm << 10 | n << 5 | d;	/* add x, x, #imm */
	case 1: return 0x8b000000 | m << 16 | n << 5 | d;	/* add x, x, x */
	case 2: return 0x4b000000 | m << 16 | n << 5 | d;	/* sub w, w, w */
	case 3: return 0xca000000 | m << 16 | n << 5 | d;	/* eor x, x, x */
	case 4: return 0x8a000800 | m << 16 | n << 5 | d;	/* and x, x, x, lsl #2 */
	case 5: return 0xf9400000 | (imm & 63) << 10 | 1 << 5 | d;	/* ldr x, [x1, #] */
	case 6: return 0xb9400000 | (imm & 63) << 10 | 1 << 5 | d;	/* ldr w, [x1, #] */
	case 7: return 0xf9000000 | (imm & 63) << 10 | 1 << 5 | d;	/* str x, [x1, #] */
	case 8: return 0x52800000 | imm << 5 | d;		/* mov w, #imm */
	case 9: return 0x9b007c00 | m << 16 | n << 5 | d;	/* mul x, x, x */
	case 10: return 0xd344fc00 | n << 5 | d;		/* lsr x, x, #4 */
	default: return 0xeb00001f | m << 16 | n << 5;		/* cmp x, x */
	}
}

static void make_code(u32 words, u32 *seed)
{
	static const u32 ends[] = {
		0x54000040,	/* b.eq .+8 */
		0xb4000042,	/* cbz x2, .+8 */
		0x14000001,	/* b .+4 */
		0x5400004b,	/* b.lt .+8 */
	};
	u32 i = 0;

	while (i < words - 4) {
		for (u32 k = 3 + bench_rand(seed) % 5; k && i < words - 4; k--)
			code[i++] = make_insn(seed);
		code[i++] = ends[bench_rand(seed) & 3];
	}
	while (i < words - 1)
		code[i++] = 0xd503201f;		/* nop */
	code[words - 1] = 0xd65f03c0;		/* ret */
}

static u64 buffer[64];

static void call_code(void)
{
	__asm__ volatile("mov x1, %0\n"
			 "mov x2, #3\nmov x3, #5\nmov x4, #7\nmov x5, #11\nmov x6, #13\nmov x7, #17\n"
			 "mov x8, #19\nmov x9, #23\nmov x10, #29\nmov x11, #31\nmov x12, #37\n"
			 "mov x13, #41\nmov x14, #43\nmov x15, #47\n"
			 "blr %1" : : "r"(buffer), "r"(code)
			 : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
			   "x12", "x13", "x14", "x15", "x30", "memory", "cc");
}

static u64 run_cold(u64 n)
{
	u32 seed = 47;
	u64 sum = 0;

	memset(buffer, 0, sizeof(buffer));
	while (n) {
		u32 words = n > CODE_WORDS ? CODE_WORDS : (u32)n;
		u64 start = bench_now_ns();

		if (words < 16)
			break;
		make_code(words, &seed);
		__builtin___clear_cache((char *)code, (char *)(code + words));
		bench_untimed_ns += bench_now_ns() - start;
		call_code();
		for (int i = 0; i < 64; i++)
			sum = bench_mix(sum, buffer[i]);
		n -= words;
	}
	return sum;
}

const struct bench bench_cold[] = {
	{ "cold", "cold", 4096, setup, run_cold },
	{ 0 },
};

#else

/* Arm code cannot run natively here: there is nothing to compare with. */
const struct bench bench_cold[] = { { 0 } };

#endif
