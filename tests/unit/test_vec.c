/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The vector operations: that the table is whole, that results keep to their
 * shape, and published answers of the cryptographic and checksum ones.  The
 * wide comparison is tests/isa/fpvec_diff.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "emu/fp/softfloat.h"
#include "emu/fp/vec.h"

static u64 seed = 0x2545f4914f6cdd1d;

static u64 next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static struct arm_vreg run(enum ir_op op, unsigned int es, enum ir_shape q, u64 imm,
			   struct arm_vreg a, struct arm_vreg b, struct arm_vreg c, u32 *fpsr)
{
	u32 sink = 0;
	struct vec_call vc = {
		.res = { { ~0ULL, ~0ULL } }, .a = a, .b = b, .c = c, .imm = imm,
		.es = (u8)es, .q = (u8)q, .w = 64, .fpsr = fpsr ? fpsr : &sink,
	};
	struct vec_call before = vc;

	vec_table[op](&vc);
	before.res = vc.res;
	assert_memory_equal(&before, &vc, sizeof(vc));	/* operands stay */
	return vc.res;
}

static struct arm_vreg vreg(u64 high, u64 low)
{
	return (struct arm_vreg){ { low, high } };
}

static void table_is_whole(void **state)
{
	unsigned int op;

	(void)state;
	for (op = 0; op < IR_OP_COUNT; op++) {
		bool ours = (op >= IR_VCONST && op <= IR_SHA256SU1 && op != IR_VSEL) || op == IR_FCMP;

		if (ours != (vec_table[op] != NULL))
			fail_msg("operation %u", op);
	}
}

/* ---- shapes ---- */

/* Operations whose lanes correspond one to one: result lane i depends on lanes i alone. */
struct lanewise {
	enum ir_op op;
	u8 min_es, max_es;
	u8 imm;		/* a shift by 1: valid for all sizes */
};

#define INT3(op) { IR_##op, 0, 3, 1 }
#define FP(op) { IR_##op, 2, 3, 0 }

static const struct lanewise lanewise[] = {
	INT3(VADD), INT3(VSUB), INT3(VMUL), INT3(VMLA), INT3(VMLS), INT3(VNEG), INT3(VABS), INT3(VCMEQ),
	INT3(VCMGT), INT3(VCMGE), INT3(VCMHI), INT3(VCMHS), INT3(VCMTST), INT3(VSMAX), INT3(VSMIN),
	INT3(VUMAX), INT3(VUMIN), INT3(VSABD), INT3(VUABD), INT3(VSHADD), INT3(VUHADD), INT3(VSHSUB),
	INT3(VUHSUB), INT3(VSRHADD), INT3(VURHADD), INT3(VCLS), INT3(VCLZ), INT3(VSHLI), INT3(VSHRI),
	INT3(VSARI), INT3(VURSHRI), INT3(VSRSHRI), INT3(VSLI), INT3(VSRI), INT3(VSSHL), INT3(VUSHL),
	INT3(VSRSHL), INT3(VURSHL), INT3(VSQSHL), INT3(VUQSHL), INT3(VSQRSHL), INT3(VUQRSHL),
	INT3(VSQSHLUI), INT3(VSQADD), INT3(VUQADD), INT3(VSQSUB), INT3(VUQSUB), INT3(VSUQADD),
	INT3(VUSQADD), INT3(VSQABS), INT3(VSQNEG),
	{ IR_VSQDMULH, 1, 2, 0 }, { IR_VSQRDMULH, 1, 2, 0 }, { IR_VSQRDMLAH, 1, 2, 0 },
	{ IR_VSQRDMLSH, 1, 2, 0 }, { IR_VPMUL, 0, 0, 0 }, { IR_VCNT, 0, 0, 0 }, { IR_VRBIT, 0, 0, 0 },
	{ IR_VURECPE, 2, 2, 0 }, { IR_VURSQRTE, 2, 2, 0 },
	FP(VFADD), FP(VFSUB), FP(VFMUL), FP(VFDIV), FP(VFMULX), FP(VFNMUL), FP(VFMLA), FP(VFMLS),
	FP(VFMAX), FP(VFMIN), FP(VFMAXNM), FP(VFMINNM), FP(VFSQRT), FP(VFABS), FP(VFNEG), FP(VFABD),
	FP(VFRECPE), FP(VFRSQRTE), FP(VFRECPS), FP(VFRSQRTS), FP(VFRECPX), FP(VFRINT), FP(VFCMEQ),
	FP(VFCMGE), FP(VFCMGT), FP(VFACGE), FP(VFACGT), FP(VFTOI), FP(VITOF),
};

static u64 lane(const struct arm_vreg *v, unsigned int es, unsigned int i)
{
	unsigned int bit = (8u << es) * i;

	return v->d[bit / 64] >> (bit % 64) & ARM_MASK((8u << es) - 1, 0);
}

/* Shape Q, and lane by lane as scalars: the same; above D and scalars: zeroes. */
static void lanes_are_independent(void **state)
{
	size_t k;
	int n;

	(void)state;
	for (k = 0; k < ARM_ARRAY_SIZE(lanewise) * 20; k++) {
		const struct lanewise *o = &lanewise[k % ARM_ARRAY_SIZE(lanewise)];
		unsigned int es = o->min_es + (unsigned int)(next() % (o->max_es - o->min_es + 1u)), i;
		struct arm_vreg a = vreg(next(), next()), b = vreg(next(), next()), c = vreg(next(), next());
		u32 flags_all = 0, flags = 0;
		struct arm_vreg all = run(o->op, es, IR_Q, o->imm, a, b, c, &flags_all), one;

		one = run(o->op, es, IR_D, o->imm, a, b, c, NULL);
		assert_true(one.d[0] == all.d[0] && one.d[1] == 0);
		for (i = 0; i < 16u >> es; i++) {
			one = run(o->op, es, IR_SCALAR, o->imm, vreg(0, lane(&a, es, i)),
				  vreg(0, lane(&b, es, i)), vreg(0, lane(&c, es, i)), &flags);
			if (lane(&all, es, i) != one.d[0] || one.d[1])
				fail_msg("operation %d es %u lane %u", o->op, es, i);
		}
		assert_int_equal(flags, flags_all);
	}
	for (n = 0; n < 200; n++) {	/* bits have no lanes */
		struct arm_vreg a = vreg(next(), next()), b = vreg(next(), next()), r;

		r = run(IR_VANDN, 0, IR_Q, 0, a, b, a, NULL);
		assert_true(r.d[0] == (a.d[0] & ~b.d[0]) && r.d[1] == (a.d[1] & ~b.d[1]));
		r = run(IR_VORN, 2, IR_SCALAR, 0, a, b, a, NULL);
		assert_true(r.d[0] == (u32)(a.d[0] | ~b.d[0]) && r.d[1] == 0);
	}
}

/* ---- saturation ---- */

static void saturation(void **state)
{
	struct arm_vreg min8 = vreg(0x8080808080808080, 0x8080808080808080);
	struct arm_vreg one8 = vreg(0x0101010101010101, 0x0101010101010101), r, z = vreg(0, 0);
	u32 fpsr = 0;

	(void)state;
	r = run(IR_VSQSUB, 0, IR_Q, 0, min8, z, z, &fpsr);
	assert_int_equal(fpsr, 0);
	assert_true(r.d[0] == min8.d[0]);
	r = run(IR_VSQSUB, 0, IR_Q, 0, min8, one8, z, &fpsr);
	assert_true(r.d[1] == min8.d[1]);
	assert_int_equal(fpsr, SF_QC);

	fpsr = SF_IOC;
	r = run(IR_VSQDMULH, 1, IR_SCALAR, 0, vreg(0, 0x8000), vreg(0, 0x8000), z, &fpsr);
	assert_true(r.d[0] == 0x7fff);
	assert_int_equal(fpsr, SF_QC | SF_IOC);		/* what was set stays */

	fpsr = 0;	/* QC is not for the lanes above the shape */
	run(IR_VSQADD, 3, IR_SCALAR, 0, vreg(~0ULL >> 1, 1), vreg(1, 1), z, &fpsr);
	assert_int_equal(fpsr, 0);
	r = run(IR_VUQSHL, 3, IR_SCALAR, 0, vreg(0, 3), vreg(0, 63), z, &fpsr);
	assert_true(r.d[0] == ~0ULL);
	assert_int_equal(fpsr, SF_QC);
	fpsr = 0;
	r = run(IR_VSQSHL, 3, IR_SCALAR, 0, z, vreg(0, 127), z, &fpsr);
	assert_true(r.d[0] == 0 && fpsr == 0);
	r = run(IR_VSQXTUN, 0, IR_D, 0, vreg(0xff80007f00ff0100, 0), z, z, &fpsr);
	assert_true(r.d[0] == 0x007fffff00000000 && r.d[1] == 0);
	assert_int_equal(fpsr, SF_QC);
}

/* ---- moving data ---- */

static void movement(void **state)
{
	struct arm_vreg a = vreg(0x0f0e0d0c0b0a0908, 0x0706050403020100), z = vreg(0, 0), r;
	struct arm_vreg b = vreg(0x1f1e1d1c1b1a1918, 0x1716151413121110);

	(void)state;
	r = run(IR_VEXT, 0, IR_Q, 3, a, b, z, NULL);
	assert_true(r.d[0] == 0x0a09080706050403 && r.d[1] == 0x1211100f0e0d0c0b);
	r = run(IR_VEXT, 0, IR_D, 3, a, b, z, NULL);
	assert_true(r.d[0] == 0x1211100706050403 && r.d[1] == 0);
	r = run(IR_VZIP2, 1, IR_Q, 0, a, b, z, NULL);
	assert_true(r.d[0] == 0x1b1a0b0a19180908 && r.d[1] == 0x1f1e0f0e1d1c0d0c);
	r = run(IR_VUZP2, 0, IR_D, 0, a, b, z, NULL);
	assert_true(r.d[0] == 0x1715131107050301 && r.d[1] == 0);
	r = run(IR_VTRN1, 2, IR_Q, 0, a, b, z, NULL);
	assert_true(r.d[0] == 0x1312111003020100 && r.d[1] == 0x1b1a19180b0a0908);
	r = run(IR_VREV64, 1, IR_Q, 0, a, z, z, NULL);
	assert_true(r.d[0] == 0x0100030205040706 && r.d[1] == 0x09080b0a0d0c0f0e);
	/* second register of a table: 16..31 are its bytes, the rest is left */
	r = run(IR_VTBX, 0, IR_Q, 16, a, b, vreg(0x00ff0f101f201112, 0x1f1e1d1c1b1a1918), NULL);
	assert_true(r.d[0] == 0x1f1e1d1c1b1a1918 && r.d[1] == 0x0f0e0d101f0a1112);
	r = run(IR_VADDP, 0, IR_SCALAR, 0, a, z, z, NULL);
	assert_true(r.d[0] == 0x01 && r.d[1] == 0);
	r = run(IR_VINSV, 1, IR_Q, 5 | 2 << 4, a, b, z, NULL);
	assert_true(r.d[0] == a.d[0] && r.d[1] == 0x0f0e0d0c15140908);
}

/* ---- operations that take a condition ---- */

static void conditional(void **state)
{
	const struct ir_insn sel = { .op = IR_VSEL, .aux = 1 /* NE */, .es = 2, .q = IR_SCALAR };
	struct ir_insn ccmp = { .op = IR_FCCMP, .aux = 10 /* GE */, .es = 3, .q = IR_SCALAR, .imm = 16 | 5 };
	struct arm_vreg one = vreg(1, 0x3ff0000000000000), nan = vreg(1, 0x7ff8000000000000);
	struct arm_vreg a = vreg(7, 0x1122334455667788), b = vreg(9, 0x99aabbccddeeff00);
	u32 fpsr = 0;
	struct vec_call vc = { .a = vreg(0, PSR_Z), .b = a, .c = b, .fpsr = &fpsr };

	(void)state;
	vec_call_op(&sel, &vc);
	assert_true(vc.res.d[0] == 0xddeeff00 && vc.res.d[1] == 0);
	vc = (struct vec_call){ .a = vreg(0, PSR_N), .b = a, .c = b, .fpsr = &fpsr };
	vec_call_op(&sel, &vc);
	assert_true(vc.res.d[0] == 0x55667788 && vc.res.d[1] == 0);

	vc = (struct vec_call){ .a = vreg(0, PSR_N), .b = one, .c = nan, .fpsr = &fpsr };
	vec_call_op(&ccmp, &vc);	/* not compared: imm's flags, no exception */
	assert_true(vc.res.d[0] == (PSR_Z | PSR_V) && fpsr == 0);
	vc = (struct vec_call){ .a = vreg(0, 0), .b = one, .c = nan, .fpsr = &fpsr };
	vec_call_op(&ccmp, &vc);
	assert_true(vc.res.d[0] == (PSR_C | PSR_V) && fpsr == SF_IOC);
	fpsr = 0;
	ccmp.imm = 5;			/* FCCMP is silent about quiet NaNs */
	vc = (struct vec_call){ .a = vreg(0, 0), .b = one, .c = nan, .fpsr = &fpsr };
	vec_call_op(&ccmp, &vc);
	assert_true(vc.res.d[0] == (PSR_C | PSR_V) && fpsr == 0);
	vc = (struct vec_call){ .a = vreg(0, 0), .b = vreg(0, 0), .c = one, .fpsr = &fpsr };
	vec_call_op(&ccmp, &vc);
	assert_true(vc.res.d[0] == PSR_N);
}

/* EQ .. LE as the manual's table C1-1 words them. */
static void conditions(void **state)
{
	u32 f;

	(void)state;
	for (f = 0; f < 16; f++) {
		bool n = f & 8, z = f & 4, c = f & 2, v = f & 1;
		const bool want[16] = { z, !z, c, !c, n, !n, v, !v, c && !z, !(c && !z), n == v, n != v,
					!z && n == v, z || n != v, true, true };
		unsigned int i;

		for (i = 0; i < 16; i++)
			assert_int_equal(emu_cond(i, f << 28), want[i]);
	}
}

/* ---- checksums and ciphers ---- */

static void crc_check_values(void **state)
{
	static const char digits[] = "123456789";
	u32 crc = ~0u, crcc = ~0u;
	u64 eight;

	(void)state;
	memcpy(&eight, digits, 8);
	crc = emu_crc32(emu_crc32(crc, eight, 8, false), '9', 1, false);
	crcc = emu_crc32(emu_crc32(crcc, eight, 8, true), '9', 1, true);
	assert_int_equal(~crc, 0xcbf43926);
	assert_int_equal(~crcc, 0xe3069283);
	assert_int_equal(emu_crc32(emu_crc32(5, 0x1234, 2, true), 0x5678, 2, true),
			 emu_crc32(5, 0x56781234, 4, true));
}

static struct arm_vreg load(const void *bytes)
{
	struct arm_vreg v;

	memcpy(&v, bytes, sizeof(v));
	return v;
}

/* FIPS 197 appendix B, round 1: start of round + round key -> after MixColumns. */
static void aes_round_of_the_standard(void **state)
{
	static const u8 start[16] = { 0x32, 0x43, 0xf6, 0xa8, 0x88, 0x5a, 0x30, 0x8d,
				      0x31, 0x31, 0x98, 0xa2, 0xe0, 0x37, 0x07, 0x34 };
	static const u8 key[16] = { 0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
				    0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c };
	static const u8 mixed[16] = { 0x04, 0x66, 0x81, 0xe5, 0xe0, 0xcb, 0x19, 0x9a,
				      0x48, 0xf8, 0xd3, 0x7a, 0x28, 0x06, 0x26, 0x4c };
	struct arm_vreg z = vreg(0, 0), s, v;

	(void)state;
	s = run(IR_AESE, 0, IR_Q, 0, load(start), load(key), z, NULL);
	v = run(IR_AESMC, 0, IR_Q, 0, s, z, z, NULL);
	assert_memory_equal(&v, mixed, 16);
	v = run(IR_AESIMC, 0, IR_Q, 0, v, z, z, NULL);
	assert_memory_equal(&v, &s, 16);
	v = run(IR_AESD, 0, IR_Q, 0, v, z, z, NULL);	/* undoes SubBytes and ShiftRows */
	s = run(IR_VXOR, 0, IR_Q, 0, load(start), load(key), z, NULL);
	assert_memory_equal(&v, &s, 16);
}

/* The padded message "abc" as big-endian words. */
static const u32 abc[16] = { 0x61626380, [15] = 24 };

static void words_to_vregs(const u32 *w, struct arm_vreg *v, unsigned int n)
{
	memcpy(v, w, n * sizeof(*v));
}

static void sha1_of_abc(void **state)
{
	static const u32 init[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
	static const u32 sum[5] = { 0xa9993e36, 0x4706816a, 0xba3e2571, 0x7850c26c, 0x9cd0d89d };
	static const u32 k[4] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6 };
	static const enum ir_op op[4] = { IR_SHA1C, IR_SHA1P, IR_SHA1M, IR_SHA1P };
	struct arm_vreg w[20], x, e = vreg(0, 0xc3d2e1f0), z = vreg(0, 0), kw, old;
	unsigned int i;
	u32 got[4];

	(void)state;
	words_to_vregs(abc, w, 4);
	for (i = 4; i < 20; i++) {
		w[i] = run(IR_SHA1SU0, 0, IR_Q, 0, w[i - 4], w[i - 3], w[i - 2], NULL);
		w[i] = run(IR_SHA1SU1, 0, IR_Q, 0, w[i], w[i - 1], z, NULL);
	}
	x = load(init);
	for (i = 0; i < 20; i++) {
		kw = run(IR_VSPLAT, 2, IR_Q, 0, vreg(0, k[i / 5]), z, z, NULL);
		kw = run(IR_VADD, 2, IR_Q, 0, w[i], kw, z, NULL);
		old = x;
		x = run(op[i / 5], 0, IR_Q, 0, x, e, kw, NULL);
		e = run(IR_SHA1H, 0, IR_Q, 0, old, z, z, NULL);
	}
	x = run(IR_VADD, 2, IR_Q, 0, x, load(init), z, NULL);
	memcpy(got, &x, sizeof(got));
	assert_memory_equal(got, sum, sizeof(got));
	assert_int_equal((u32)e.d[0] + 0xc3d2e1f0, sum[4]);
}

static void sha256_of_abc(void **state)
{
	static const u32 init[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
				     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
	static const u32 sum[8] = { 0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223,
				    0xb00361a3, 0x96177a9c, 0xb410ff61, 0xf20015ad };
	static const u32 k[64] = {
		0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
		0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
		0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
		0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
		0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
		0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
		0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
		0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
	};
	struct arm_vreg w[16], x, y, z = vreg(0, 0), kw, old;
	unsigned int i;

	(void)state;
	words_to_vregs(abc, w, 4);
	for (i = 4; i < 16; i++) {
		w[i] = run(IR_SHA256SU0, 0, IR_Q, 0, w[i - 4], w[i - 3], z, NULL);
		w[i] = run(IR_SHA256SU1, 0, IR_Q, 0, w[i], w[i - 2], w[i - 1], NULL);
	}
	x = load(init);
	y = load(init + 4);
	for (i = 0; i < 16; i++) {
		kw = run(IR_VADD, 2, IR_Q, 0, w[i], load(k + 4 * i), z, NULL);
		old = x;
		x = run(IR_SHA256H, 0, IR_Q, 0, x, y, kw, NULL);
		y = run(IR_SHA256H2, 0, IR_Q, 0, y, old, kw, NULL);
	}
	x = run(IR_VADD, 2, IR_Q, 0, x, load(init), z, NULL);
	y = run(IR_VADD, 2, IR_Q, 0, y, load(init + 4), z, NULL);
	assert_memory_equal(&x, sum, 16);
	assert_memory_equal(&y, sum + 4, 16);
}

static void carryless_product(void **state)
{
	struct arm_vreg r = run(IR_VPMULL, 3, IR_Q, 0, vreg(7, ~0ULL), vreg(9, ~0ULL), vreg(0, 0), NULL);

	(void)state;
	assert_true(r.d[0] == 0x5555555555555555 && r.d[1] == 0x5555555555555555);
}

/* ---- nothing a translator can ask may go wrong ---- */

/* Every operation in every size and shape with wild immediates; for the sanitizers. */
static void any_operand(void **state)
{
	unsigned int op, n;

	(void)state;
	for (op = 0; op < IR_OP_COUNT; op++)
		for (n = 0; vec_table[op] && n < 400; n++) {
			u32 fpsr = 0;
			struct vec_call vc = {
				.a = vreg(next(), next()), .b = vreg(next(), next()), .c = vreg(next(), next()),
				.es = next() & 3, .q = next() % 3, .w = next() & 1 ? 32 : 64,
				.fpcr = (u32)next() & 0x07c00000, .fpsr = &fpsr,
			};

			vc.imm = op >= IR_VFADD ? IR_CVT(next() & 15, next() % 65, next() & 1) : next() & 0xff;
			vec_table[op](&vc);
			assert_int_equal(fpsr & ~0x0800009fu, 0);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_is_whole),
		cmocka_unit_test(lanes_are_independent),
		cmocka_unit_test(saturation),
		cmocka_unit_test(movement),
		cmocka_unit_test(conditional),
		cmocka_unit_test(conditions),
		cmocka_unit_test(crc_check_values),
		cmocka_unit_test(aes_round_of_the_standard),
		cmocka_unit_test(sha1_of_abc),
		cmocka_unit_test(sha256_of_abc),
		cmocka_unit_test(carryless_product),
		cmocka_unit_test(any_operand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
