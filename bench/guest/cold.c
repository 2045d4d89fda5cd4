/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Code that runs once: what a translator needs per instruction it has not seen.
 * An operation is an instruction; making the code and cleaning the caches is not timed.
 */
#include "bench.h"

#include <string.h>
#include <sys/mman.h>

#define CODE_WORDS (256u << 10)		/* 1 MiB: more than one set of blocks, less than any cache */

#if defined(__aarch64__) || defined(__arm__)

static u32 *code;
static u64 buffer[64];

static void setup(void)
{
	code = mmap(NULL, CODE_WORDS * 4, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (code == MAP_FAILED)
		bench_die("mmap");
}

#if defined(__aarch64__)

#define NOP 0xd503201f
#define RET 0xd65f03c0

static const u32 ends[] = {
	0x54000040,	/* b.eq .+8 */
	0xb4000042,	/* cbz x2, .+8 */
	0x14000001,	/* b .+4 */
	0x5400004b,	/* b.lt .+8 */
};

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

#else

#ifdef __thumb__

/* The first halfword is the lower one. */
#define T32(first, second) ((u32)(second) << 16 | (u32)(first))
#define NOP T32(0xf3af, 0x8000)
#define RET T32(0x4770, 0xbf00)
#define CALLEE ((u8 *)code + 1)

static const u32 ends[] = {
	T32(0xf000, 0x8002),	/* beq.w .+8 */
	T32(0xb112, 0xbf00),	/* cbz r2, .+8; nop */
	T32(0xf000, 0xb800),	/* b.w .+4 */
	T32(0xf2c0, 0x8002),	/* blt.w .+8 */
};

/* r1: a buffer; r2..r11 hold values. */
static u32 make_insn(u32 *seed)
{
	u32 r = bench_rand(seed), d = 2 + r % 10, n = 2 + (r >> 4) % 10, m = 2 + (r >> 8) % 10;
	u32 imm = r >> 12 & 255;

	switch (bench_rand(seed) % 12) {
	case 0: return T32(0xf200 | n, d << 8 | imm);		/* add r, r, #imm */
	case 1: return T32(0xeb00 | n, d << 8 | m);		/* add r, r, r */
	case 2: return T32(0xeba0 | n, d << 8 | m);		/* sub r, r, r */
	case 3: return T32(0xea80 | n, d << 8 | m);		/* eor r, r, r */
	case 4: return T32(0xea00 | n, 0x80 | d << 8 | m);	/* and r, r, r, lsl #2 */
	case 5: return T32(0xf8d1, d << 12 | (imm & 63) << 2);	/* ldr r, [r1, #] */
	case 6: return T32(0xf891, d << 12 | imm);		/* ldrb r, [r1, #] */
	case 7: return T32(0xf8c1, d << 12 | (imm & 63) << 2);	/* str r, [r1, #] */
	case 8: return T32(0xf240, d << 8 | imm);		/* movw r, #imm */
	case 9: return T32(0xfb00 | n, 0xf000 | d << 8 | m);	/* mul r, r, r */
	case 10: return T32(0xea4f, 0x1010 | d << 8 | m);	/* lsr r, r, #4 */
	default: return T32(0xebb0 | n, 0x0f00 | m);		/* cmp r, r */
	}
}

#else

#define NOP 0xe320f000
#define RET 0xe12fff1e
#define CALLEE code

static const u32 ends[] = {
	0x0a000000,	/* beq .+8 */
	0x1a000000,	/* bne .+8 */
	0xeaffffff,	/* b .+4 */
	0xba000000,	/* blt .+8 */
};

/* r1: a buffer; r2..r11 hold values. */
static u32 make_insn(u32 *seed)
{
	u32 r = bench_rand(seed), d = 2 + r % 10, n = 2 + (r >> 4) % 10, m = 2 + (r >> 8) % 10;
	u32 imm = r >> 12 & 255;

	switch (bench_rand(seed) % 12) {
	case 0: return 0xe2800000 | n << 16 | d << 12 | imm;	/* add r, r, #imm */
	case 1: return 0xe0800000 | n << 16 | d << 12 | m;	/* add r, r, r */
	case 2: return 0xe0400000 | n << 16 | d << 12 | m;	/* sub r, r, r */
	case 3: return 0xe0200000 | n << 16 | d << 12 | m;	/* eor r, r, r */
	case 4: return 0xe0000100 | n << 16 | d << 12 | m;	/* and r, r, r, lsl #2 */
	case 5: return 0xe5910000 | d << 12 | (imm & 63) << 2;	/* ldr r, [r1, #] */
	case 6: return 0xe5d10000 | d << 12 | imm;		/* ldrb r, [r1, #] */
	case 7: return 0xe5810000 | d << 12 | (imm & 63) << 2;	/* str r, [r1, #] */
	case 8: return 0xe3000000 | d << 12 | imm;		/* movw r, #imm */
	case 9: return 0xe0000090 | d << 16 | m << 8 | n;	/* mul r, r, r */
	case 10: return 0xe1a00220 | d << 12 | m;		/* lsr r, r, #4 */
	default: return 0xe1500000 | n << 16 | m;		/* cmp r, r */
	}
}

#endif

/* All but the two given are saved here: which of them the compiler needs differs by instruction set. */
static void call_code(void)
{
	register void *to __asm__("r0") = CALLEE;
	register u64 *at __asm__("r1") = buffer;

	__asm__ volatile("push {r4-r11, lr}\n"
			 "mov r2, #3\nmov r3, #5\nmov r4, #7\nmov r5, #11\nmov r6, #13\nmov r7, #17\n"
			 "mov r8, #19\nmov r9, #23\nmov r10, #29\nmov r11, #31\n"
			 "blx r0\n"
			 "pop {r4-r11, lr}" : "+r"(to), "+r"(at) : : "r2", "r3", "r12", "memory", "cc");
}

#endif

static void make_code(u32 words, u32 *seed)
{
	u32 i = 0;

	while (i < words - 4) {
		for (u32 k = 3 + bench_rand(seed) % 5; k && i < words - 4; k--)
			code[i++] = make_insn(seed);
		code[i++] = ends[bench_rand(seed) & 3];
	}
	while (i < words - 1)
		code[i++] = NOP;
	code[words - 1] = RET;
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
