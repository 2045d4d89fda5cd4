/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NEON kernels.  Where there is no NEON, plain C says what each must give: so the
 * native run checks the results, and shows what a compiler makes of the same work.
 */
#include "bench.h"

#include <string.h>

#ifdef BENCH_NEON
#include <arm_neon.h>
#endif

#define LEN 1024

static u8 bytes_a[LEN], bytes_b[LEN], bytes_c[LEN];
static s32 ints_a[LEN], ints_b[LEN];
static float floats_a[LEN], floats_b[LEN];
static double doubles_a[LEN], doubles_b[LEN];

static void setup(void)
{
	u32 seed = 41;

	for (int i = 0; i < LEN; i++) {
		bytes_a[i] = (u8)bench_rand(&seed);
		bytes_b[i] = (u8)bench_rand(&seed);
		ints_a[i] = (s32)bench_rand(&seed);
		ints_b[i] = (s32)bench_rand(&seed) - 1000;
		floats_a[i] = (float)(bench_rand(&seed) & 1023) * 0.125f;
		floats_b[i] = (float)(bench_rand(&seed) & 255) * 0.0625f - 4;
		doubles_a[i] = (double)floats_a[i] * 0.3;
		doubles_b[i] = (double)floats_b[i] * 0.7;
	}
}

static u64 sum_bytes(const void *p, size_t len)
{
	u64 sum = 0, v;

	for (size_t i = 0; i + 8 <= len; i += 8) {
		memcpy(&v, (const u8 *)p + i, 8);
		sum = bench_mix(sum, v);
	}
	return sum;
}

/* --- axpy_i32: y += a * x --- */

static void axpy_i32(s32 a)
{
#ifdef BENCH_NEON
	int32x4_t va = vdupq_n_s32(a);

	for (int i = 0; i < LEN; i += 8) {
		int32x4_t y0 = vld1q_s32(ints_b + i), y1 = vld1q_s32(ints_b + i + 4);

		y0 = vmlaq_s32(y0, va, vld1q_s32(ints_a + i));
		y1 = vmlaq_s32(y1, va, vld1q_s32(ints_a + i + 4));
		vst1q_s32(ints_b + i, y0);
		vst1q_s32(ints_b + i + 4, y1);
	}
#else
	for (int i = 0; i < LEN; i++)
		ints_b[i] = (s32)((u32)ints_b[i] + (u32)a * (u32)ints_a[i]);
#endif
}

static u64 run_axpy_i32(u64 n)
{
	setup();
	while (n--)
		axpy_i32((s32)(n & 15) - 7);
	return sum_bytes(ints_b, sizeof(ints_b));
}

/* --- dot_i8: widening products --- */

#ifdef BENCH_NEON
static s32 sum_lanes(int32x4_t v)
{
#ifdef BENCH_NEON64
	return vaddvq_s32(v);
#else
	int32x2_t two = vadd_s32(vget_low_s32(v), vget_high_s32(v));

	return vget_lane_s32(vpadd_s32(two, two), 0);
#endif
}

static uint8x16_t lookup(uint8x16_t table, uint8x16_t index)
{
#ifdef BENCH_NEON64
	return vqtbl1q_u8(table, index);
#else
	uint8x8x2_t t = { { vget_low_u8(table), vget_high_u8(table) } };

	return vcombine_u8(vtbl2_u8(t, vget_low_u8(index)), vtbl2_u8(t, vget_high_u8(index)));
#endif
}

static uint8x16_t zip_first(uint8x16_t a, uint8x16_t b)
{
#ifdef BENCH_NEON64
	return vzip1q_u8(a, b);
#else
	return vzipq_u8(a, b).val[0];
#endif
}

static uint8x16_t unzip_second(uint8x16_t a, uint8x16_t b)
{
#ifdef BENCH_NEON64
	return vuzp2q_u8(a, b);
#else
	return vuzpq_u8(a, b).val[1];
#endif
}
#endif

static s32 dot_i8(const u8 *a, const u8 *b)
{
#ifdef BENCH_NEON
	int32x4_t acc = vdupq_n_s32(0);

	for (int i = 0; i < LEN; i += 16) {
		int8x16_t x = vld1q_s8((const int8_t *)a + i), y = vld1q_s8((const int8_t *)b + i);
		int16x8_t lo = vmull_s8(vget_low_s8(x), vget_low_s8(y));
		int16x8_t hi = vmull_s8(vget_high_s8(x), vget_high_s8(y));

		acc = vpadalq_s16(acc, lo);
		acc = vpadalq_s16(acc, hi);
	}
	return sum_lanes(acc);
#else
	s32 acc = 0;

	for (int i = 0; i < LEN; i++)
		acc += (int8_t)a[i] * (int8_t)b[i];
	return acc;
#endif
}

static u64 run_dot_i8(u64 n)
{
	u64 sum = 0;

	setup();
	while (n--) {
		sum = bench_mix(sum, (u64)(s64)dot_i8(bytes_a, bytes_b));
		bytes_a[n % LEN] ^= (u8)n;
	}
	return sum;
}

/* --- shuffle: reversals, table lookups, interleaving --- */

static void shuffle(void)
{
	static const u8 table[16] = { 7, 0, 15, 3, 12, 1, 9, 30, 4, 11, 2, 14, 6, 200, 5, 10 };
#ifdef BENCH_NEON
	uint8x16_t t = vld1q_u8(table);

	for (int i = 0; i < LEN; i += 32) {
		uint8x16_t x = vld1q_u8(bytes_a + i), y = vld1q_u8(bytes_a + i + 16);
		uint8x16_t p = vrev32q_u8(lookup(x, t)), q = vrev64q_u8(vextq_u8(x, y, 5));

		vst1q_u8(bytes_c + i, zip_first(p, q));
		vst1q_u8(bytes_c + i + 16, unzip_second(p, q));
	}
#else
	for (int i = 0; i < LEN; i += 32) {
		u8 p[16], q[16];

		for (int k = 0; k < 16; k++) {
			int from = table[k ^ 3], at = (k ^ 7) + 5;

			p[k] = from < 16 ? bytes_a[i + from] : 0;
			q[k] = bytes_a[i + at];
		}
		for (int k = 0; k < 16; k++) {
			bytes_c[i + k] = k & 1 ? q[k / 2] : p[k / 2];
			bytes_c[i + 16 + k] = k < 8 ? p[k * 2 + 1] : q[(k - 8) * 2 + 1];
		}
	}
#endif
}

static u64 run_shuffle(u64 n)
{
	u64 sum = 0;

	setup();
	while (n--) {
		shuffle();
		bytes_a[n % LEN] += bytes_c[(n * 5) % LEN];
		sum += bytes_c[n % LEN];
	}
	return bench_mix(sum, sum_bytes(bytes_c, LEN));
}

/* --- blend: saturating and narrowing, as in images --- */

static void blend(void)
{
#ifdef BENCH_NEON
	for (int i = 0; i < LEN; i += 16) {
		uint8x16_t x = vld1q_u8(bytes_a + i), y = vld1q_u8(bytes_b + i);
		uint16x8_t lo = vmull_u8(vget_low_u8(x), vget_low_u8(y));
		uint16x8_t hi = vmull_u8(vget_high_u8(x), vget_high_u8(y));
		uint8x16_t m = vcombine_u8(vqrshrn_n_u16(lo, 7), vqrshrn_n_u16(hi, 7));

		m = vqaddq_u8(m, vabdq_u8(x, y));
		m = vmaxq_u8(vminq_u8(m, vdupq_n_u8(240)), vrhaddq_u8(x, y));
		vst1q_u8(bytes_c + i, m);
	}
#else
	for (int i = 0; i < LEN; i++) {
		u32 x = bytes_a[i], y = bytes_b[i], m = (x * y + 64) >> 7, mean = (x + y + 1) >> 1;

		m = m > 255 ? 255 : m;
		m += x > y ? x - y : y - x;
		m = m > 240 ? 240 : m;
		bytes_c[i] = (u8)(m > mean ? m : mean);
	}
#endif
}

static u64 run_blend(u64 n)
{
	setup();
	while (n--) {
		blend();
		bytes_a[n % LEN] = bytes_c[(n * 7) % LEN];
	}
	return sum_bytes(bytes_c, LEN);
}

/* --- find: compare, narrow to a mask, count --- */

static u32 find_byte(const u8 *p, u8 c)
{
#ifdef BENCH_NEON
	uint8x16_t want = vdupq_n_u8(c);

	for (u32 i = 0; i < LEN; i += 16) {
		uint8x16_t eq = vceqq_u8(vld1q_u8(p + i), want);
		u64 mask = vget_lane_u64(vreinterpret_u64_u8(
			vshrn_n_u16(vreinterpretq_u16_u8(eq), 4)), 0);

		if (mask)
			return i + (u32)__builtin_ctzll(mask) / 4;
	}
	return LEN;
#else
	for (u32 i = 0; i < LEN; i++)
		if (p[i] == c)
			return i;
	return LEN;
#endif
}

static u64 run_find(u64 n)
{
	u64 sum = 0;

	setup();
	for (u64 i = 0; i < n; i++) {
		sum = sum * 3 + find_byte(bytes_a, (u8)(i * 5));
		bytes_a[i * 9 % LEN] = (u8)(i >> 3);
	}
	return sum;
}

/* --- axpy_f32, clamp_f32 --- */

static u64 run_axpy_f32(u64 n)
{
	setup();
	while (n--) {
		float a = (float)(n & 7) * 0.001f - 0.0035f;

#ifdef BENCH_NEON
		for (int i = 0; i < LEN; i += 4)
			vst1q_f32(floats_b + i, vaddq_f32(vld1q_f32(floats_b + i),
							  vmulq_n_f32(vld1q_f32(floats_a + i), a)));
#else
		for (int i = 0; i < LEN; i++)
			floats_b[i] = floats_b[i] + floats_a[i] * a;
#endif
	}
	return sum_bytes(floats_b, sizeof(floats_b));
}

static u64 run_clamp_f32(u64 n)
{
	u64 sum = 0;

	setup();
	while (n--) {
		float top = 60.0f + (float)(n & 31);

#ifdef BENCH_NEON
		for (int i = 0; i < LEN; i += 4) {
			float32x4_t x = vld1q_f32(floats_a + i), y = vld1q_f32(floats_b + i);
			uint32x4_t above = vcgtq_f32(x, vdupq_n_f32(50.0f));

			x = vminq_f32(vbslq_f32(above, vsubq_f32(x, y), vabsq_f32(y)), vdupq_n_f32(top));
			vst1q_s32(ints_a + i, vcvtq_s32_f32(vmulq_f32(x, vdupq_n_f32(8.0f))));
		}
#else
		for (int i = 0; i < LEN; i++) {
			float x = floats_a[i], y = floats_b[i];

			x = x > 50.0f ? x - y : __builtin_fabsf(y);
			x = x < top ? x : top;
			ints_a[i] = (s32)(x * 8.0f);
		}
#endif
		sum += (u64)ints_a[n % LEN];
	}
	return bench_mix(sum, sum_bytes(ints_a, sizeof(ints_a)));
}

/* --- mat4_f32: 4x4 matrices with fused multiply-adds by lane --- */

static void mat4(const float *a, const float *b, float *c)
{
#ifdef BENCH_NEON
	float32x4_t col[4];

	for (int i = 0; i < 4; i++)
		col[i] = vld1q_f32(a + 4 * i);
	for (int i = 0; i < 4; i++) {
		float32x4_t v = vld1q_f32(b + 4 * i), r;

#ifdef BENCH_NEON64
		r = vmulq_laneq_f32(col[0], v, 0);
		r = vfmaq_laneq_f32(r, col[1], v, 1);
		r = vfmaq_laneq_f32(r, col[2], v, 2);
		r = vfmaq_laneq_f32(r, col[3], v, 3);
#else
		/* AArch32 fuses whole vectors only. */
		r = vmulq_lane_f32(col[0], vget_low_f32(v), 0);
		r = vfmaq_f32(r, col[1], vdupq_lane_f32(vget_low_f32(v), 1));
		r = vfmaq_f32(r, col[2], vdupq_lane_f32(vget_high_f32(v), 0));
		r = vfmaq_f32(r, col[3], vdupq_lane_f32(vget_high_f32(v), 1));
#endif
		vst1q_f32(c + 4 * i, r);
	}
#else
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < 4; k++) {
			float r = a[k] * b[4 * i];

			for (int j = 1; j < 4; j++)
				r = __builtin_fmaf(a[4 * j + k], b[4 * i + j], r);
			c[4 * i + k] = r;
		}
#endif
}

static u64 run_mat4(u64 n)
{
	static float out[LEN];

	setup();
	while (n--) {
		for (int i = 0; i < LEN; i += 16)
			mat4(floats_a + i, floats_b + (i + 16) % LEN, out + i);
		floats_a[n % LEN] = out[n * 3 % LEN] * 0.01f;
	}
	return sum_bytes(out, sizeof(out));
}

/* --- fma_f32: a polynomial of vectors --- */

static u64 run_fma_f32(u64 n)
{
	static const float c[] = { 1, 0.5f, 0.1666f, 0.04166f, 0.00833f };

	setup();
	while (n--) {
#ifdef BENCH_NEON
		for (int i = 0; i < LEN; i += 4) {
			float32x4_t x = vmulq_n_f32(vld1q_f32(floats_b + i), 0.125f), r = vdupq_n_f32(c[4]);

			for (int k = 3; k >= 0; k--)
				r = vfmaq_f32(vdupq_n_f32(c[k]), r, x);
			vst1q_f32(floats_a + i, r);
		}
#else
		for (int i = 0; i < LEN; i++) {
			float x = floats_b[i] * 0.125f, r = c[4];

			for (int k = 3; k >= 0; k--)
				r = __builtin_fmaf(r, x, c[k]);
			floats_a[i] = r;
		}
#endif
		floats_b[n % LEN] = floats_a[n * 3 % LEN];
	}
	return sum_bytes(floats_a, sizeof(floats_a));
}

/* --- dot_f64, fma_f64: not in AArch32, whose vectors hold no doubles --- */

#ifndef __arm__
static u64 run_dot_f64(u64 n)
{
	double sum = 0;

	setup();
	while (n--) {
		double lane[2] = { 0, 0 };

#ifdef BENCH_NEON64
		float64x2_t acc = vdupq_n_f64(0);

		for (int i = 0; i < LEN; i += 2)
			acc = vaddq_f64(acc, vmulq_f64(vld1q_f64(doubles_a + i), vld1q_f64(doubles_b + i)));
		vst1q_f64(lane, acc);
#else
		for (int i = 0; i < LEN; i++)
			lane[i & 1] += doubles_a[i] * doubles_b[i];
#endif
		sum += lane[0] + lane[1];
		doubles_a[n % LEN] = sum * 1e-9;
	}
	return bench_bits(sum);
}

static u64 run_fma_f64(u64 n)
{
	static const double c[] = { 1, 0.5, 0.1666, 0.04166, 0.00833, 0.00138 };

	setup();
	while (n--) {
#ifdef BENCH_NEON64
		for (int i = 0; i < LEN; i += 2) {
			float64x2_t x = vmulq_n_f64(vld1q_f64(doubles_a + i), 0.01), r = vdupq_n_f64(c[5]);

			for (int k = 4; k >= 0; k--)
				r = vfmaq_f64(vdupq_n_f64(c[k]), r, x);
			vst1q_f64(doubles_b + i, r);
		}
#else
		for (int i = 0; i < LEN; i++) {
			double x = doubles_a[i] * 0.01, r = c[5];

			for (int k = 4; k >= 0; k--)
				r = __builtin_fma(r, x, c[k]);
			doubles_b[i] = r;
		}
#endif
		doubles_a[n % LEN] = doubles_b[n * 3 % LEN];
	}
	return sum_bytes(doubles_b, sizeof(doubles_b));
}
#endif

const struct bench bench_neon[] = {
	{ "axpy_i32", "neon", 5, setup, run_axpy_i32 },
	{ "dot_i8", "neon", 5, setup, run_dot_i8 },
	{ "shuffle", "neon", 5, setup, run_shuffle },
	{ "blend", "neon", 5, setup, run_blend },
	{ "find", "neon", 50, setup, run_find },
	{ "axpy_f32", "neon", 5, setup, run_axpy_f32 },
	{ "clamp_f32", "neon", 5, setup, run_clamp_f32 },
	{ "mat4_f32", "neon", 5, setup, run_mat4 },
	{ "fma_f32", "neon", 5, setup, run_fma_f32 },
#ifndef __arm__
	{ "dot_f64", "neon", 5, setup, run_dot_f64 },
	{ "fma_f64", "neon", 5, setup, run_fma_f64 },
#endif
	{ 0 },
};
