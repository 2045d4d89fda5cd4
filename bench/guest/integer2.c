/* SPDX-License-Identifier: GPL-2.0-only */
/* Integer programs, second part: one kind of code each. */
#include "bench.h"

#include <string.h>

/* --- interp: a bytecode interpreter's switch --- */

enum op { PUSH, ADD, SUB, MUL, XOR, DUP, SWAP, LOAD, STORE, JNZ, SHR, AND, END };

static const u8 program[] = {
	PUSH, 200, STORE, 0, PUSH, 1, STORE, 1,
	/* 8: the loop: var1 = (var1 * 31 + var0) ^ (var1 >> 7), 200 times */
	LOAD, 1, PUSH, 31, MUL, LOAD, 0, ADD, LOAD, 1, PUSH, 7, SHR, XOR, STORE, 1,
	LOAD, 2, LOAD, 1, PUSH, 15, AND, ADD, STORE, 2,
	LOAD, 0, PUSH, 1, SUB, DUP, STORE, 0, JNZ, 8,
	LOAD, 1, LOAD, 2, SWAP, XOR, END,
};

static u32 interpret(const u8 *code, u32 start)
{
	u32 stack[16], vars[4] = { 0, 0, start, 0 }, *sp = stack;

	for (const u8 *pc = code;;) {
		switch (*pc++) {
		case PUSH: *sp++ = *pc++; break;
		case ADD: sp--; sp[-1] += sp[0]; break;
		case SUB: sp--; sp[-1] -= sp[0]; break;
		case MUL: sp--; sp[-1] *= sp[0]; break;
		case XOR: sp--; sp[-1] ^= sp[0]; break;
		case AND: sp--; sp[-1] &= sp[0]; break;
		case SHR: sp--; sp[-1] >>= sp[0] & 31; break;
		case DUP: sp[0] = sp[-1]; sp++; break;
		case SWAP: { u32 t = sp[-1]; sp[-1] = sp[-2]; sp[-2] = t; break; }
		case LOAD: *sp++ = vars[*pc++ & 3]; break;
		case STORE: vars[*pc++ & 3] = *--sp; break;
		case JNZ: pc = *--sp ? code + *pc : pc + 1; break;
		default: return sp[-1];
		}
	}
}

static u64 run_interp(u64 n)
{
	u32 v = 1;

	while (n--)
		v = interpret(program, v);
	return v;
}

/* --- indirect: calls through pointers that change each time --- */

typedef u32 (*step_fn)(u32);

#define STEP(n, expr) __attribute__((noinline)) static u32 step##n(u32 x) { return expr; }
STEP(0, x + 0x9e3779b9)
STEP(1, x ^ x >> 3)
STEP(2, x * 5 + 1)
STEP(3, x << 7 | x >> 25)
STEP(4, x - 77)
STEP(5, ~x)
STEP(6, x ^ 0x5bd1e995)
STEP(7, x + (x << 3))

static step_fn volatile steps[8] = { step0, step1, step2, step3, step4, step5, step6, step7 };

static u64 run_indirect(u64 n)
{
	u32 x = 12345;

	while (n--)
		x = steps[(x ^ x >> 7 ^ n) & 7](x);
	return x;
}

/* --- fib: calls and returns --- */

__attribute__((noinline)) static u64 fib(u32 n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static u64 run_fib(u64 n)
{
	volatile u32 depth = 18;
	u64 sum = 0;

	while (n--)
		sum = sum * 3 + fib(depth);
	return sum;
}

/* --- mul64: a chain of multiplications, high halves too --- */

static u64 smulh(u64 x, u64 y)
{
#ifdef __SIZEOF_INT128__
	return (u64)((__int128)(s64)x * (s64)y >> 64);
#else
	u64 low, high = bench_umulh(x, y, &low);

	return high - ((s64)x < 0 ? y : 0) - ((s64)y < 0 ? x : 0);
#endif
}

static u64 run_mul(u64 n)
{
	u64 x = 0x123456789abcdef1, y = 0xfedcba9876543211;

	while (n--) {
		u64 low, high = bench_umulh(x, y | 1, &low);

		x = high ^ low;
		y = y * 0x9e3779b97f4a7c15 + smulh(x, y);
	}
	return x ^ y;
}

/* --- gcd: division and remainder --- */

static u64 gcd64(u64 a, u64 b)
{
	while (b) {
		u64 t = a % b;

		a = b;
		b = t;
	}
	return a;
}

static u64 run_gcd(u64 n)
{
	u32 seed = 9;
	u64 sum = 0;

	while (n--) {
		u64 a = (u64)bench_rand(&seed) << 20 | 1, b = (u64)bench_rand(&seed) << 12 | 3;

		sum = bench_mix(sum, gcd64(a, b) + (u64)((s32)a / (s32)(b | 1)));
	}
	return sum;
}

/* --- crc32: a bit at a time --- */

static u64 run_crc(u64 n)
{
	u32 crc = ~0u;

	for (u64 i = 0; i < n; i++) {
		crc ^= (u8)i;
		for (int k = 0; k < 8; k++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
	}
	return crc;
}

/* --- strings: lengths, comparison, search, a hash of each --- */

#define STRINGS 256

static char strings[STRINGS][80];

static void setup_strings(void)
{
	u32 seed = 13;

	for (int i = 0; i < STRINGS; i++) {
		u32 len = 8 + bench_rand(&seed) % 64;

		memset(strings[i], 'x', 4);
		for (u32 k = 4; k < len; k++)
			strings[i][k] = (char)('a' + bench_rand(&seed) % 26);
	}
}

static u32 string_hash(const char *s)
{
	u32 h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (u8)*s) * 16777619u;
	return h;
}

static u64 run_strings(u64 n)
{
	u64 sum = 0;

	for (u64 i = 0; i < n; i++) {
		const char *a = strings[i % STRINGS], *b = strings[(i * 7 + 1) % STRINGS];
		const char *found = strchr(a, 'q');

		sum += strlen(a) + string_hash(b) + (u64)(strcmp(a, b) < 0);
		sum += found ? (u64)(found - a) : 99;
	}
	return sum;
}

/* --- bignum: additions with carry --- */

#define LIMBS 32

static u64 run_bignum(u64 n)
{
	u64 a[LIMBS], b[LIMBS], sum = 0;

	for (int i = 0; i < LIMBS; i++) {
		a[i] = 0x9e3779b97f4a7c15u * (u64)(i + 1);
		b[i] = ~a[i] + (u64)i;
	}
	while (n--) {
		u64 carry = 0;

		for (int i = 0; i < LIMBS; i++) {
#ifdef __SIZEOF_INT128__
			unsigned __int128 t = (unsigned __int128)a[i] + b[i] + carry;

			b[i] = a[i];
			a[i] = (u64)t;
			carry = (u64)(t >> 64);
#else
			u64 t = a[i] + b[i], over = t < a[i];

			b[i] = a[i];
			a[i] = t + carry;
			carry = over | (a[i] < t);
#endif
		}
		a[0] += carry;
		sum ^= a[LIMBS - 1];
	}
	return sum ^ a[7];
}

/* --- queens: recursion with bit masks --- */

static u32 queens(u32 all, u32 columns, u32 left, u32 right)
{
	u32 count = 0;

	if (columns == all)
		return 1;
	for (u32 free = all & ~(columns | left | right); free; free &= free - 1) {
		u32 bit = free & -free;

		count += queens(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
	}
	return count;
}

static u64 run_queens(u64 n)
{
	volatile u32 board = 8;
	u64 sum = 0;

	while (n--)
		sum = sum * 5 + queens((1u << board) - 1, 0, 0, 0);
	return sum;
}

/* --- sieve: bytes in a loop --- */

static u64 run_sieve(u64 n)
{
	static u8 composite[16384];
	u64 sum = 0;

	while (n--) {
		memset(composite, 0, sizeof(composite));
		for (u32 i = 2; i < sizeof(composite); i++) {
			if (composite[i])
				continue;
			sum += i;
			for (u32 k = i * 2; k < sizeof(composite); k += i)
				composite[k] = 1;
		}
	}
	return sum;
}

const struct bench bench_integer2[] = {
	{ "interp", "integer", 5, NULL, run_interp },
	{ "indirect", "integer", 10000, NULL, run_indirect },
	{ "fib", "integer", 3, NULL, run_fib },
	{ "mul64", "integer", 10000, NULL, run_mul },
	{ "gcd", "integer", 500, NULL, run_gcd },
	{ "crc32", "integer", 2000, NULL, run_crc },
	{ "strings", "integer", 1000, setup_strings, run_strings },
	{ "bignum", "integer", 300, NULL, run_bignum },
	{ "queens", "integer", 1, NULL, run_queens },
	{ "sieve", "integer", 1, NULL, run_sieve },
	{ 0 },
};
