/* SPDX-License-Identifier: GPL-2.0-only */
/* The crypto extension; where it is missing, the same in plain C. */
#include "bench.h"

#ifdef __arm__

/* The parts with AArch32 that we compare have no crypto extension. */
const struct bench bench_crypto[] = { { 0 } };

#else

#include <string.h>

#ifdef __aarch64__
#include <arm_acle.h>
#include <arm_neon.h>
#endif

static u8 keys[11][16], sbox[256];

static u8 gf_mul(u8 a, u8 b)
{
	u8 r = 0;

	for (; b; b >>= 1, a = (u8)(a << 1 ^ (a & 0x80 ? 0x1b : 0)))
		if (b & 1)
			r ^= a;
	return r;
}

static void setup(void)
{
	u32 seed = 43;

	for (int i = 0; i < 176; i++)
		keys[i / 16][i % 16] = (u8)bench_rand(&seed);
	for (int i = 0; i < 256; i++) {
		u8 inv = 0;

		for (int j = 1; i && j < 256; j++)
			if (gf_mul((u8)i, (u8)j) == 1)
				inv = (u8)j;
		sbox[i] = inv ^ 0x63;
		for (int j = 1; j < 5; j++)
			sbox[i] ^= (u8)(inv << j | inv >> (8 - j));
	}
}

static void aes_block(u8 s[16])
{
#ifdef __aarch64__
	uint8x16_t x = vld1q_u8(s);

	for (int r = 0; r < 9; r++)
		x = vaesmcq_u8(vaeseq_u8(x, vld1q_u8(keys[r])));
	x = veorq_u8(vaeseq_u8(x, vld1q_u8(keys[9])), vld1q_u8(keys[10]));
	vst1q_u8(s, x);
#else
	for (int r = 0; r < 10; r++) {
		u8 t[16];

		for (int i = 0; i < 16; i++)
			t[i] = sbox[s[i * 5 & 15] ^ keys[r][i * 5 & 15]];
		for (int c = 0; c < 16; c += 4)
			for (int i = 0; i < 4; i++)
				s[c + i] = r == 9 ? t[c + i] :
					   gf_mul(t[c + i], 2) ^ gf_mul(t[c + (i + 1) % 4], 3) ^
					   t[c + (i + 2) % 4] ^ t[c + (i + 3) % 4];
	}
	for (int i = 0; i < 16; i++)
		s[i] ^= keys[10][i];
#endif
}

static u64 run_aes(u64 n)
{
	u8 s[16] = { 1, 2, 3 };
	u64 v;

	while (n--)
		aes_block(s);
	memcpy(&v, s + 4, 8);
	return v;
}

/* sha256 rounds over a message schedule that feeds itself; the constants are our own. */
static void sha_rounds(u32 h[8], u32 w[16])
{
#ifdef __aarch64__
	uint32x4_t a = vld1q_u32(h), e = vld1q_u32(h + 4), a0 = a, e0 = e, m[4];

	for (int i = 0; i < 4; i++)
		m[i] = vld1q_u32(w + 4 * i);
	for (int i = 0; i < 16; i++) {
		uint32x4_t t = vaddq_u32(m[i & 3], vdupq_n_u32(0x428a2f98u * (u32)(i + 1))), old = a;

		a = vsha256hq_u32(a, e, t);
		e = vsha256h2q_u32(e, old, t);
		m[i & 3] = vsha256su1q_u32(vsha256su0q_u32(m[i & 3], m[(i + 1) & 3]),
					   m[(i + 2) & 3], m[(i + 3) & 3]);
	}
	vst1q_u32(h, vaddq_u32(a, a0));
	vst1q_u32(h + 4, vaddq_u32(e, e0));
	for (int i = 0; i < 4; i++)
		vst1q_u32(w + 4 * i, m[i]);
#else
#define ROR(x, n) ((x) >> (n) | (x) << (32 - (n)))
	u32 s[8];

	memcpy(s, h, sizeof(s));
	for (int i = 0; i < 64; i++) {
		u32 k = 0x428a2f98u * (u32)(i / 4 + 1), x = w[(i + 1) & 15], y = w[(i + 14) & 15];
		u32 t1 = s[7] + (ROR(s[4], 6) ^ ROR(s[4], 11) ^ ROR(s[4], 25)) +
			 ((s[4] & s[5]) ^ (~s[4] & s[6])) + k + w[i & 15];
		u32 t2 = (ROR(s[0], 2) ^ ROR(s[0], 13) ^ ROR(s[0], 22)) +
			 ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));

		memmove(s + 1, s, 7 * sizeof(s[0]));
		s[4] += t1;
		s[0] = t1 + t2;
		w[i & 15] += w[(i + 9) & 15] + (ROR(x, 7) ^ ROR(x, 18) ^ x >> 3) +
			     (ROR(y, 17) ^ ROR(y, 19) ^ y >> 10);
	}
	for (int i = 0; i < 8; i++)
		h[i] += s[i];
#endif
}

static u64 run_sha(u64 n)
{
	u32 h[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, w[16];

	for (u32 i = 0; i < 16; i++)
		w[i] = i * 0x9e3779b9u;
	while (n--)
		sha_rounds(h, w);
	return (u64)h[0] << 32 | (h[5] ^ w[3]);
}

static u64 run_crc(u64 n)
{
	u32 crc = ~0u;

	for (u64 i = 0; i < n; i++) {
#ifdef __aarch64__
		crc = __crc32d(crc, i * 0x9e3779b97f4a7c15);
#else
		u64 v = i * 0x9e3779b97f4a7c15;

		for (int b = 0; b < 64; b++, v >>= 1)
			crc = (crc ^ (u32)v) & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
#endif
	}
	return crc;
}

static u64 run_pmull(u64 n)
{
	u64 lo = 0x123456789abcdef1, hi = 0x0fedcba987654321;

	while (n--) {
#ifdef __aarch64__
		poly128_t p = vmull_p64(lo, hi | 1);
		u64 l = (u64)p, h = (u64)(p >> 64);
#else
		u64 l = 0, h = 0, k = hi | 1;

		for (int b = 0; b < 64; b++)
			if (k >> b & 1) {
				l ^= lo << b;
				h ^= b ? lo >> (64 - b) : 0;
			}
#endif
		lo = l ^ (h << 3);
		hi = h + l;
	}
	return lo ^ hi;
}

const struct bench bench_crypto[] = {
	{ "aes_ce", "crypto", 500, setup, run_aes },
	{ "sha256_ce", "crypto", 100, NULL, run_sha },
	{ "crc32_ce", "crypto", 2000, NULL, run_crc },
	{ "pmull_ce", "crypto", 2000, NULL, run_pmull },
	{ 0 },
};

#endif
