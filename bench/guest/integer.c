/* SPDX-License-Identifier: GPL-2.0-only */
/* Integer programs, first part: those that look like applications. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

/* --- core: a list, a matrix and a state machine, as embedded benchmarks have them --- */

#define LIST_LEN 96
#define MAT 12

struct item {
	struct item *next;
	s32 key;
	s32 data;
};

static u16 crc16_step(u16 crc, u16 v)
{
	crc ^= v;
	for (int i = 0; i < 8; i++)
		crc = crc & 1 ? (u16)((crc >> 1) ^ 0xa001) : (u16)(crc >> 1);
	return crc;
}

static struct item *list_merge(struct item *a, struct item *b)
{
	struct item head, *tail = &head;

	while (a && b) {
		struct item **from = a->key <= b->key ? &a : &b;

		tail->next = *from;
		tail = *from;
		*from = (*from)->next;
	}
	tail->next = a ? a : b;
	return head.next;
}

static struct item *list_sort(struct item *list)
{
	struct item *slow = list, *fast;

	if (!list || !list->next)
		return list;
	for (fast = list->next; fast && fast->next; fast = fast->next->next)
		slow = slow->next;
	fast = slow->next;
	slow->next = NULL;
	return list_merge(list_sort(list), list_sort(fast));
}

static u64 core_list(u32 *seed)
{
	static struct item items[LIST_LEN];
	struct item *list = NULL;
	u64 sum = 0;

	for (int i = 0; i < LIST_LEN; i++) {
		items[i] = (struct item){ list, (s32)(bench_rand(seed) & 0xfff), i };
		list = &items[i];
	}
	list = list_sort(list);
	for (struct item *p = list; p; p = p->next)
		sum = sum * 31 + (u64)(p->key ^ p->data);
	return sum;
}

static u64 core_matrix(u32 *seed)
{
	static short a[MAT][MAT], b[MAT][MAT];
	static s32 c[MAT][MAT];
	u64 sum = 0;

	for (int i = 0; i < MAT * MAT; i++) {
		a[i / MAT][i % MAT] = (short)bench_rand(seed);
		b[i / MAT][i % MAT] = (short)bench_rand(seed);
	}
	for (int i = 0; i < MAT; i++)
		for (int j = 0; j < MAT; j++) {
			s32 t = 0;

			for (int k = 0; k < MAT; k++)
				t += (s32)((u32)a[i][k] * (u32)b[k][j]) >> 3;
			c[i][j] = t;
			sum += (u64)(u32)t;
		}
	return sum + (u64)(u32)c[3][5];
}

enum number_state { START, SIGN, DIGITS, POINT, FRACTION, EXPONENT, BAD };

static enum number_state number_step(enum number_state s, char c)
{
	switch (s) {
	case START:
		return c == '+' || c == '-' ? SIGN : c >= '0' && c <= '9' ? DIGITS : BAD;
	case SIGN:
		return c >= '0' && c <= '9' ? DIGITS : c == '.' ? POINT : BAD;
	case DIGITS:
		return c >= '0' && c <= '9' ? DIGITS : c == '.' ? POINT : c == 'e' ? EXPONENT : BAD;
	case POINT:
		return c >= '0' && c <= '9' ? FRACTION : BAD;
	case FRACTION:
		return c >= '0' && c <= '9' ? FRACTION : c == 'e' ? EXPONENT : BAD;
	case EXPONENT:
		return c >= '0' && c <= '9' ? EXPONENT : BAD;
	default:
		return BAD;
	}
}

static u64 core_states(u32 *seed)
{
	static const char text[] = "+12.5e3,7,abc,-1.25,99e1,1.x,0.125,--4,31415,2.e1,+7.75e12,";
	u32 counts[BAD + 1] = { 0 };
	enum number_state s = START;
	u64 sum = 0;
	u32 at = bench_rand(seed) % 16;

	for (int i = 0; i < 256; i++) {
		char c = text[at++ % (sizeof(text) - 1)];

		if (c == ',') {
			counts[s]++;
			s = START;
		} else {
			s = number_step(s, c);
		}
	}
	for (int i = 0; i <= BAD; i++)
		sum = sum * 17 + counts[i];
	return sum;
}

static u64 run_core(u64 n)
{
	u32 seed = 1;
	u16 crc = 0xffff;

	while (n--) {
		crc = crc16_step(crc, (u16)core_list(&seed));
		crc = crc16_step(crc, (u16)core_matrix(&seed));
		crc = crc16_step(crc, (u16)core_states(&seed));
	}
	return crc ^ (u64)seed << 16;
}

/* --- sha256 --- */

static u32 sha_k[64];
static u8 sha_buf[4096];

/* The first 32 bits of the fractions of the cube roots of primes, found by bisection in integers. */
static u32 cube_root_fraction(u64 prime)
{
	u64 lo = 0, hi = 8ull << 32;

	while (lo + 1 < hi) {
		u64 mid = (lo + hi) / 2, low, high = bench_umulh(mid, mid, &low);

		/* mid^3 against prime * 2^96, both divided by 2^32 to fit */
		if (bench_umulh(high << 32 | low >> 32, mid, &low) < prime)
			lo = mid;
		else
			hi = mid;
	}
	return (u32)lo;
}

static void setup_sha(void)
{
	u32 seed = 7;
	int n = 0;

	for (u32 p = 2; n < 64; p++) {
		u32 d = 2;

		while (d * d <= p && p % d)
			d++;
		if (d * d > p)
			sha_k[n++] = cube_root_fraction(p);
	}
	for (size_t i = 0; i < sizeof(sha_buf); i++)
		sha_buf[i] = (u8)bench_rand(&seed);
}

static inline u32 ror(u32 x, int n)
{
	return x >> n | x << (32 - n);
}

static void sha_block(u32 h[8], const u8 *p)
{
	u32 w[64], s[8];

	for (int i = 0; i < 16; i++)
		w[i] = (u32)p[i * 4] << 24 | (u32)p[i * 4 + 1] << 16 | (u32)p[i * 4 + 2] << 8 |
		       p[i * 4 + 3];
	for (int i = 16; i < 64; i++) {
		u32 a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + w[i - 7] + (ror(a, 7) ^ ror(a, 18) ^ a >> 3) +
		       (ror(b, 17) ^ ror(b, 19) ^ b >> 10);
	}
	memcpy(s, h, sizeof(s));
	for (int i = 0; i < 64; i++) {
		u32 t1 = s[7] + (ror(s[4], 6) ^ ror(s[4], 11) ^ ror(s[4], 25)) +
			 ((s[4] & s[5]) ^ (~s[4] & s[6])) + sha_k[i] + w[i];
		u32 t2 = (ror(s[0], 2) ^ ror(s[0], 13) ^ ror(s[0], 22)) +
			 ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));

		memmove(s + 1, s, 7 * sizeof(s[0]));
		s[4] += t1;
		s[0] = t1 + t2;
	}
	for (int i = 0; i < 8; i++)
		h[i] += s[i];
}

static u64 run_sha(u64 n)
{
	u32 h[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };

	for (u64 i = 0; i < n; i++)
		sha_block(h, sha_buf + i * 64 % sizeof(sha_buf));
	return (u64)h[0] << 32 | (h[3] ^ h[7]);
}

/* --- aes with tables --- */

static u32 aes_te[4][256];
static u8 aes_sbox[256];
static u32 aes_keys[44];

static u8 gf_mul(u8 a, u8 b)
{
	u8 r = 0;

	for (; b; b >>= 1, a = (u8)(a << 1 ^ (a & 0x80 ? 0x1b : 0)))
		if (b & 1)
			r ^= a;
	return r;
}

static void setup_aes(void)
{
	for (int i = 0; i < 256; i++) {
		u8 inv = 0, s;

		for (int j = 1; i && j < 256; j++)
			if (gf_mul((u8)i, (u8)j) == 1)
				inv = (u8)j;
		s = inv;
		for (int j = 1; j < 5; j++)
			s ^= (u8)(inv << j | inv >> (8 - j));
		s ^= 0x63;
		aes_sbox[i] = s;
		aes_te[0][i] = (u32)gf_mul(s, 2) << 24 | (u32)s << 16 | (u32)s << 8 | gf_mul(s, 3);
		for (int j = 1; j < 4; j++)
			aes_te[j][i] = ror(aes_te[j - 1][i], 8);
	}
	for (u32 i = 0, seed = 3; i < 44; i++)
		aes_keys[i] = bench_rand(&seed) * 2654435761u;
}

static u64 run_aes(u64 n)
{
	u32 s[4] = { 0x00112233, 0x44556677, 0x8899aabb, 0xccddeeff }, t[4];

	while (n--) {
		for (int i = 0; i < 4; i++)
			s[i] ^= aes_keys[i];
		for (int r = 1; r < 10; r++) {
			for (int i = 0; i < 4; i++)
				t[i] = aes_te[0][s[i] >> 24] ^ aes_te[1][s[(i + 1) & 3] >> 16 & 255] ^
				       aes_te[2][s[(i + 2) & 3] >> 8 & 255] ^
				       aes_te[3][s[(i + 3) & 3] & 255] ^ aes_keys[r * 4 + i];
			memcpy(s, t, sizeof(s));
		}
		for (int i = 0; i < 4; i++)
			t[i] = ((u32)aes_sbox[s[i] >> 24] << 24 |
				(u32)aes_sbox[s[(i + 1) & 3] >> 16 & 255] << 16 |
				(u32)aes_sbox[s[(i + 2) & 3] >> 8 & 255] << 8 |
				aes_sbox[s[(i + 3) & 3] & 255]) ^ aes_keys[40 + i];
		memcpy(s, t, sizeof(s));
	}
	return (u64)s[0] << 32 | (s[1] ^ s[2] ^ s[3]);
}

/* --- qsort: the C library's, with its comparison function --- */

#define SORT_LEN 2048

static int compare_u32(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return (x > y) - (x < y);
}

static u64 run_qsort(u64 n)
{
	static u32 v[SORT_LEN];
	u32 seed = 5;
	u64 sum = 0;

	while (n--) {
		for (int i = 0; i < SORT_LEN; i++)
			v[i] = bench_rand(&seed);
		qsort(v, SORT_LEN, sizeof(v[0]), compare_u32);
		sum = bench_mix(sum, v[SORT_LEN / 3] ^ (u64)v[SORT_LEN - 1] << 32);
	}
	return sum;
}

/* --- quick: a quicksort of our own, no calls but its own --- */

static void quick(u32 *lo, u32 *hi)
{
	while (hi - lo > 12) {
		u32 pivot = lo[(hi - lo) / 2], *i = lo - 1, *j = hi;

		for (;;) {
			while (*++i < pivot)
				;
			while (*--j > pivot)
				;
			if (i >= j)
				break;
			u32 t = *i;
			*i = *j;
			*j = t;
		}
		quick(lo, j + 1);
		lo = j + 1;
	}
	for (u32 *i = lo + 1; i < hi; i++) {
		u32 v = *i, *j = i;

		for (; j > lo && j[-1] > v; j--)
			*j = j[-1];
		*j = v;
	}
}

static u64 run_quick(u64 n)
{
	static u32 v[SORT_LEN];
	u32 seed = 5;
	u64 sum = 0;

	while (n--) {
		for (int i = 0; i < SORT_LEN; i++)
			v[i] = bench_rand(&seed);
		quick(v, v + SORT_LEN);
		sum = bench_mix(sum, v[SORT_LEN / 3] ^ (u64)v[SORT_LEN - 1] << 32);
	}
	return sum;
}

/* --- lz: compress and expand 8 KiB --- */

#define LZ_LEN 8192

static u8 lz_in[LZ_LEN], lz_packed[2 * LZ_LEN], lz_out[LZ_LEN];

static void setup_lz(void)
{
	static const char *const words[] = {
		"translator ", "register ", "of ", "the ", "guest ", "memory", ", ", "page ",
		"and ", "a ", "block ", "is ", "linked\n", "to ", "exception ", "0x1f",
	};
	u32 seed = 11;

	for (size_t at = 0; at < LZ_LEN;) {
		const char *w = words[bench_rand(&seed) & 15];

		while (*w && at < LZ_LEN)
			lz_in[at++] = (u8)*w++;
	}
}

/* Tokens: 0..127 that many + 1 literals follow; 128.. length - 125, then two bytes of distance. */
static size_t lz_pack(void)
{
	static u16 heads[4096];
	size_t out = 0, literal = 0, i = 0;

	memset(heads, 0, sizeof(heads));
	while (i < LZ_LEN) {
		u32 h = 0, len = 0;
		size_t from = 0;

		if (i + 3 < LZ_LEN) {
			h = (lz_in[i] << 16 | lz_in[i + 1] << 8 | lz_in[i + 2]) * 2654435761u >> 20;
			from = heads[h];
			heads[h] = (u16)i;
			while (from < i && len < 130 && i + len < LZ_LEN && lz_in[from + len] == lz_in[i + len])
				len++;
		}
		if (len >= 4 || i - literal == 128) {
			if (i > literal) {
				lz_packed[out++] = (u8)(i - literal - 1);
				memcpy(lz_packed + out, lz_in + literal, i - literal);
				out += i - literal;
			}
			literal = i;
		}
		if (len < 4) {
			i++;
			continue;
		}
		lz_packed[out++] = (u8)(len + 125);
		lz_packed[out++] = (u8)(i - from);
		lz_packed[out++] = (u8)((i - from) >> 8);
		i += len;
		literal = i;
	}
	if (i > literal) {
		lz_packed[out++] = (u8)(i - literal - 1);
		memcpy(lz_packed + out, lz_in + literal, i - literal);
		out += i - literal;
	}
	return out;
}

static size_t lz_expand(size_t len)
{
	size_t out = 0;

	for (size_t i = 0; i < len;) {
		u8 t = lz_packed[i++];

		if (t < 128) {
			for (int k = 0; k <= t; k++)
				lz_out[out++] = lz_packed[i++];
		} else {
			size_t d = lz_packed[i] | (size_t)lz_packed[i + 1] << 8;

			i += 2;
			for (int k = 0; k < t - 125; k++, out++)
				lz_out[out] = lz_out[out - d];
		}
	}
	return out;
}

static u64 run_lz(u64 n)
{
	u64 sum = 0;

	while (n--) {
		size_t packed = lz_pack();
		size_t len = lz_expand(packed);

		if (len != LZ_LEN || memcmp(lz_in, lz_out, LZ_LEN))
			return 0;
		sum = bench_mix(sum, packed);
		lz_in[sum % LZ_LEN] ^= (u8)(n & 1);
	}
	setup_lz();
	return sum;
}

const struct bench bench_integer[] = {
	{ "core", "integer", 20, NULL, run_core },
	{ "sha256", "integer", 100, setup_sha, run_sha },
	{ "aes_table", "integer", 1000, setup_aes, run_aes },
	{ "qsort", "integer", 2, NULL, run_qsort },
	{ "quick", "integer", 2, NULL, run_quick },
	{ "lz", "integer", 4, setup_lz, run_lz },
	{ 0 },
};
