/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory programs: what an address lookup costs, near and far. */
#include "bench.h"

#include <string.h>

#define SMALL (256u << 10)
#define LARGE (16u << 20)

/* A ring through all lines of the area in an order that no prefetcher knows. */
static u32 *chase_area(size_t size)
{
	u32 lines = (u32)(size / 64), *area = bench_alloc(size), *order, seed = 17;

	order = bench_alloc(lines * sizeof(*order));
	for (u32 i = 0; i < lines; i++)
		order[i] = i;
	for (u32 i = lines - 1; i > 0; i--) {
		u32 k = (bench_rand(&seed) << 8 ^ bench_rand(&seed)) % (i + 1), t = order[i];

		order[i] = order[k];
		order[k] = t;
	}
	for (u32 i = 0; i < lines; i++)
		area[order[i] * 16] = order[(i + 1) % lines] * 16;
	return area;
}

static u32 *small_ring, *large_ring;

static void setup_chase_small(void)
{
	small_ring = chase_area(SMALL);
}

static void setup_chase_large(void)
{
	large_ring = chase_area(LARGE);
}

static u64 chase(const u32 *ring, u64 n)
{
	u32 at = 0;
	u64 sum = 0;

	while (n--) {
		at = ring[at];
		sum += at;
	}
	return sum;
}

static u64 run_chase_small(u64 n)
{
	return chase(small_ring, n);
}

static u64 run_chase_large(u64 n)
{
	return chase(large_ring, n);
}

static u8 *area_a, *area_b;

static void setup_areas(void)
{
	u32 seed = 23;

	area_a = bench_alloc(LARGE);
	area_b = bench_alloc(LARGE);
	for (u32 i = 0; i < LARGE; i += 8)
		memcpy(area_a + i, &(u64){ (u64)bench_rand(&seed) << 32 | bench_rand(&seed) }, 8);
}

/* A page further each time: 2048 pages. */
static u64 run_stride(u64 n)
{
	u64 sum = 0;

	for (u64 i = 0; i < n; i++)
		sum += area_a[i * 4160 % (8u << 20)];
	return sum;
}

static u64 run_walk(u64 n)
{
	u64 sum = 0;

	while (n--) {
		const u64 *p = (const u64 *)area_a;

		for (u32 i = 0; i < 4096; i += 2)
			sum += p[i] ^ (p[i + 1] << 1 | sum >> 63);
	}
	return sum;
}

static u64 run_copy_loop(u64 n)
{
	volatile u64 *to = (volatile u64 *)area_b;
	const u64 *from = (const u64 *)area_a;
	u64 sum = 0;

	while (n--) {
		for (u32 i = 0; i < 4096; i++)
			to[i] = from[i] + n;
		sum += to[n & 4095];
	}
	return sum;
}

static u64 run_memcpy_small(u64 n)
{
	u64 sum = 0;

	for (u64 i = 0; i < n; i++) {
		size_t len = 8 + (i * 29) % 248;

		memcpy(area_b + i % 64, area_a + (i * 13) % 4096, len);
		__asm__ volatile("" : : : "memory");
		sum += area_b[i % 64 + len - 1];
	}
	return sum;
}

static u64 run_memcpy_large(u64 n)
{
	u64 sum = 0;

	for (u64 i = 0; i < n; i++) {
		memcpy(area_b + (i & 7) * 4096, area_a + (i & 15) * 8192, 64 << 10);
		__asm__ volatile("" : : : "memory");
		sum += area_b[i * 71 % 4096];
	}
	return sum;
}

static u64 run_memset(u64 n)
{
	u64 sum = 0;

	for (u64 i = 0; i < n; i++) {
		memset(area_b + (i & 63) * 128, (int)i, 3000 + (i & 255) * 8);
		__asm__ volatile("" : : : "memory");
		sum += area_b[(i & 63) * 128 + 999];
	}
	return sum;
}

/* Adds to words all over 8 MiB. */
static u64 run_update(u64 n)
{
	u64 *table = (u64 *)area_b, x = 1, sum = 0;

	memset(table, 0, 4096);
	while (n--) {
		x = x << 1 ^ (x >> 63 ? 7 : 0);
		table[x * 0x9e3779b97f4a7c15 >> 44] ^= x;
		sum += x;
	}
	return sum;
}

const struct bench bench_memory[] = {
	{ "chase_256k", "memory", 20000, setup_chase_small, run_chase_small },
	{ "chase_16m", "memory", 20000, setup_chase_large, run_chase_large },
	{ "stride", "memory", 20000, setup_areas, run_stride },
	{ "walk", "memory", 10, setup_areas, run_walk },
	{ "copy_loop", "memory", 5, setup_areas, run_copy_loop },
	{ "memcpy_small", "memory", 5000, setup_areas, run_memcpy_small },
	{ "memcpy_64k", "memory", 20, setup_areas, run_memcpy_large },
	{ "memset", "memory", 500, setup_areas, run_memset },
	{ "update_8m", "memory", 20000, setup_areas, run_update },
	{ 0 },
};
