// SPDX-License-Identifier: GPL-2.0-only
/* AES, SHA-1 and SHA-256: an IR operation each; operands as ir.def says. */
#include "emu/front/a64_simd.h"

static const u16 crypto_ops[A64_OP_COUNT] = {
	[A64_AESE] = IR_AESE,		[A64_AESD] = IR_AESD,
	[A64_AESMC] = IR_AESMC,		[A64_AESIMC] = IR_AESIMC,
	[A64_SHA1C] = IR_SHA1C,		[A64_SHA1P] = IR_SHA1P,
	[A64_SHA1M] = IR_SHA1M,		[A64_SHA1H] = IR_SHA1H,
	[A64_SHA1SU0] = IR_SHA1SU0,	[A64_SHA1SU1] = IR_SHA1SU1,
	[A64_SHA256H] = IR_SHA256H,	[A64_SHA256H2] = IR_SHA256H2,
	[A64_SHA256SU0] = IR_SHA256SU0,	[A64_SHA256SU1] = IR_SHA256SU1,
};

/* Vd = op(Vn) */
static bool crypto_n(struct front *f, const struct a64_insn *i)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, simd_1(f, crypto_ops[i->op], 0, IR_Q, simd_get(f, i->Rn)));
}

/* Vd = op(Vd, Vn) */
static bool crypto_dn(struct front *f, const struct a64_insn *i)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, simd_2(f, crypto_ops[i->op], 0, IR_Q, simd_get(f, i->Rd),
					 simd_get(f, i->Rn)));
}

/* Vd = op(Vd, Vn, Vm) */
static bool crypto_dnm(struct front *f, const struct a64_insn *i)
{
	if (front_fp_trapped(f))
		return true;
	return simd_set(f, i->Rd, simd_3(f, crypto_ops[i->op], 0, IR_Q, simd_get(f, i->Rd),
					 simd_get(f, i->Rn), simd_get(f, i->Rm)));
}

#define CRYPTO(cls, form)							\
bool tr_##cls(struct front *f, const struct a64_insn *i)			\
{										\
	return crypto_##form(f, i);						\
}

CRYPTO(aes_round, dn)
CRYPTO(aes_mix, n)
CRYPTO(sha1_hash, n)
CRYPTO(sha1_hash_choose, dnm)
CRYPTO(sha1_hash_majority, dnm)
CRYPTO(sha1_hash_parity, dnm)
CRYPTO(sha1_sched0, dnm)
CRYPTO(sha1_sched1, dn)
CRYPTO(sha256_hash, dnm)
CRYPTO(sha256_sched0, dn)
CRYPTO(sha256_sched1, dnm)
