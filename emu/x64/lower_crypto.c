// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cryptographic operations on the host's own: AES-NI, SHA-NI, PCLMUL.  The steps of the
 * message schedules of SHA-1 are a few plain instructions and need neither.
 */
#include "emu/x64/lower_vec.h"

enum {
	C_AESIMC = VOP38(0xdb), C_AESENC = VOP38(0xdc), C_AESENCLAST = VOP38(0xdd), C_AESDECLAST = VOP38(0xdf),
	C_PCLMULQDQ = VOP3A(0x44),
	/* These have no VEX form: two operands, XMM0 is a third of the first. */
	C_SHA256RNDS2 = X_0F38 | 0xcb, C_SHA256MSG1 = X_0F38 | 0xcc, C_SHA256MSG2 = X_0F38 | 0xcd,
	C_SHA1RNDS4 = X_0F3A | 0xcc,
};

/* ---- AES ---- */

/* The AESMC that alone reads the AESE at the current position, if it comes next; IR_NONE. */
static ir_ref next_mix(const struct jit_ctx *c, const struct ir_insn *in)
{
	for (unsigned int i = c->pos + 1u; in->uses == 1 && i < c->b->n; i++) {
		const struct ir_insn *n = &c->b->insns[i];

		if (n->op == IR_AESMC && n->arg[0] == c->pos)
			return i;
		if (n->op != IR_INSN)
			break;
	}
	return IR_NONE;
}

/*
 * A64 adds the key before the substitution, x86 behind it: a zero key there.
 * AESENC is AESENCLAST with the columns mixed, so AESE and AESMC are one.
 */
static void lower_aes_round(struct jit_ctx *c, const struct ir_insn *in)
{
	ir_ref mix = in->op == IR_AESE ? next_mix(c, in) : IR_NONE;
	unsigned int a = jit_use_v(c, in->arg[0]), b = jit_use_v(c, in->arg[1]), d;

	d = jit_def_v(c, mix != IR_NONE ? mix : c->pos);
	vzero(c, VS0);
	v3(c, V_PXOR, d, a, b);
	v3(c, mix != IR_NONE ? C_AESENC : in->op == IR_AESE ? C_AESENCLAST : C_AESDECLAST, d, d, VS0);
	if (mix != IR_NONE)
		c->val[mix].done = true;
}

static void lower_aes_mix(struct jit_ctx *c, const struct ir_insn *in)
{
	struct vec_regs r = vec_regs1(c, in);

	if (in->op == IR_AESIMC) {
		v2(c, C_AESIMC, r.d, r.a);
		return;
	}
	/* A round whose substitution is undone before. */
	vzero(c, VS0);
	v3(c, C_AESDECLAST, r.d, r.a, VS0);
	v3(c, C_AESENC, r.d, r.d, VS0);
}

/* ---- SHA-1 ---- */

/* d = s rotated left by n in each word; @t is destroyed; d, s and t differ. */
static void emit_rol32(struct jit_ctx *c, unsigned int d, unsigned int s, unsigned int t, unsigned int n)
{
	vshift(c, VSH_L, 2, t, s, n);
	vshift(c, VSH_R, 2, d, s, 32 - n);
	v3(c, V_POR, d, d, t);
}

/*
 * x86 has the words in the other order and adds the round constant itself,
 * which the guest has put into the message words: it is taken off again.
 */
static void lower_sha1_rounds(struct jit_ctx *c, const struct ir_insn *in)
{
	static const u32 k[] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc };
	unsigned int fn = in->op - IR_SHA1C;	/* C, P, M: x86's 0, 1, 2 */
	unsigned int a = jit_use_v(c, in->arg[0]), b = jit_use_v(c, in->arg[1]), w = jit_use_v(c, in->arg[2]);
	unsigned int d = jit_def_v(c, c->pos);

	vlit2(c, V_LOAD, VS0, vec_rep(2, -k[fn]), LIT_SAME);
	v3(c, V_PADDD, VS0, VS0, w);
	v2i(c, V_PSHUFD, VS0, VS0, 0x1b);
	vshift_bytes(c, VSH_L, VS1, b, 12);	/* e goes with the first word */
	v3(c, V_PADDD, VS0, VS0, VS1);
	v2i(c, V_PSHUFD, VS1, a, 0x1b);
	x64_rri8(&c->e, C_SHA1RNDS4, false, VS1, VS0, fn);
	v2i(c, V_PSHUFD, d, VS1, 0x1b);
}

static void lower_sha1h(struct jit_ctx *c, const struct ir_insn *in)
{
	struct vec_regs r = vec_regs1(c, in);

	emit_rol32(c, r.d, r.a, VS0, 30);
	vec_trim(c, r.d, r.d, 32);
}

/* a ^ (low b : high a) ^ c */
static void lower_sha1su0(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int a = jit_use_v(c, in->arg[0]), b = jit_use_v(c, in->arg[1]), w = jit_use_v(c, in->arg[2]);
	unsigned int d = jit_def_v(c, c->pos);

	v3i(c, V_PALIGNR, d, b, a, 8);
	v3(c, V_PXOR, d, d, a);
	v3(c, V_PXOR, d, d, w);
}

/* The words of a ^ b >> 32 rotated by 1; into the last goes the first, rotated again. */
static void lower_sha1su1(struct jit_ctx *c, const struct ir_insn *in)
{
	struct vec_regs r = vec_regs2(c, in);

	vshift_bytes(c, VSH_R, VS0, r.b, 4);
	v3(c, V_PXOR, VS0, VS0, r.a);
	emit_rol32(c, r.d, VS0, VS1, 1);
	vshift_bytes(c, VSH_L, VS0, r.d, 12);
	emit_rol32(c, VS1, VS0, VS2, 1);
	v3(c, V_PXOR, r.d, r.d, VS1);
}

/* ---- SHA-256 ---- */

#define SHA_LOOK 12	/* operations between SHA256H and its other half, at most */

/*
 * SHA256H and SHA256H2 of the same operands are the two halves of one result;
 * the second one if it follows the one at the current position, or IR_NONE.
 */
static ir_ref other_half(const struct jit_ctx *c, const struct ir_insn *in)
{
	for (unsigned int i = c->pos + 1u; i < c->b->n && i < c->pos + SHA_LOOK; i++) {
		const struct ir_insn *n = &c->b->insns[i];

		if (n->op == (in->op == IR_SHA256H ? IR_SHA256H2 : IR_SHA256H) && n->arg[0] == in->arg[1] &&
		    n->arg[1] == in->arg[0] && n->arg[2] == in->arg[2] && !c->val[i].done)
			return i;
	}
	return IR_NONE;
}

/*
 * x86 keeps a b e f and c d g h in a register each, from the top down.  Two
 * rounds make the new abef, and the old one is the new cdgh.
 */
static void lower_sha256_rounds(struct jit_ctx *c, const struct ir_insn *in)
{
	bool low = in->op == IR_SHA256H;	/* a..d wanted, and in arg[0] */
	ir_ref other = other_half(c, in);
	unsigned int x = jit_use_v(c, in->arg[!low]), y = jit_use_v(c, in->arg[low]), w = jit_use_v(c, in->arg[2]);
	unsigned int d = jit_def_v(c, c->pos);
	bool keep = c->used & 1u << JIT_XMM;

	v3i(c, V_SHUFPS, VS0, y, x, 0xbb);	/* h g d c */
	v3i(c, V_SHUFPS, VS1, y, x, 0x11);	/* f e b a */
	if (keep)
		vmov(c, VS2, 0);
	vmov(c, 0, w);
	x64_rr(&c->e, C_SHA256RNDS2, false, VS0, VS1);
	v2i(c, V_PSHUFD, 0, 0, 0xee);
	x64_rr(&c->e, C_SHA256RNDS2, false, VS1, VS0);
	if (keep)
		vmov(c, 0, VS2);
	v3i(c, V_SHUFPS, d, VS1, VS0, low ? 0xbb : 0x11);
	if (other == IR_NONE)
		return;
	d = jit_def_v(c, other);
	v3i(c, V_SHUFPS, d, VS1, VS0, low ? 0x11 : 0xbb);
	c->val[other].done = true;
}

static void lower_sha256su0(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int b = jit_use_v(c, in->arg[1]), d = jit_def_copy_v(c, c->pos, in->arg[0]);

	x64_rr(&c->e, C_SHA256MSG1, false, d, b);
}

static void lower_sha256su1(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int a = jit_use_v(c, in->arg[0]), b = jit_use_v(c, in->arg[1]), w = jit_use_v(c, in->arg[2]);
	unsigned int d = jit_def_v(c, c->pos);

	v3i(c, V_PALIGNR, d, w, b, 4);
	v3(c, V_PADDD, d, d, a);
	x64_rr(&c->e, C_SHA256MSG2, false, d, w);
}


/* ---- CRC-32 ---- */

/* 0x04c11db7 with its x^32, bit-reflected (x^32 is bit 0), and the inverse of that modulo x^64. */
#define CRC_POLY 0x1db710641
#define CRC_INVERSE 0xb4e5b025f7011641

static void emit_clmul(struct jit_ctx *c, unsigned int d, unsigned int a, u64 b)
{
	vlit2(c, V_LOAD, VS2, b, LIT_ZERO);
	v3i(c, C_PCLMULQDQ, d, a, VS2, 0);
}

/*
 * The message x = crc ^ data of n bits, lowest first, is divided from the low
 * end: q = x / poly modulo x^n makes x ^ q * poly zero in its n low bits; what
 * stands above them is the remainder.
 */
static void lower_crc32(struct jit_ctx *c, const struct ir_insn *in)
{
	unsigned int n = 8u << in->aux, a = jit_use(c, in->arg[0]), b = jit_use(c, in->arg[1]), d;
	static const u32 zext[] = { X_0F | X_B | 0xb6, X_0F | 0xb7, 0x8b, 0x8b | X_W };
	struct x64_buf *e = &c->e;

	jit_flags_clobber(c);
	d = jit_def(c, c->pos);
	x64_mov(e, false, RAX, a);
	x64_rr(e, zext[in->aux], false, RCX, b);
	x64_alu(e, ALU_XOR, true, RAX, RCX);
	v2(c, V_MOVD_TO | X_W, VS0, RAX);
	emit_clmul(c, VS1, VS0, CRC_INVERSE);
	if (n < 64)
		vec_trim(c, VS1, VS1, n);
	emit_clmul(c, VS1, VS1, CRC_POLY);
	if (n < 32) {
		v3(c, V_PXOR, VS1, VS1, VS0);
		vshift(c, VSH_R, 3, VS1, VS1, n);
		v2(c, V_MOVD_FROM, VS1, d);
	} else {
		v2i(c, V_PEXTRD, VS1, d, n / 32);
	}
}

bool jit_lower_crypto(struct jit_ctx *c, const struct ir_insn *in)
{
	const struct jit_host *h = &c->jit->host;

	switch (in->op) {
	case IR_CRC32:
		if (h->pclmul)
			lower_crc32(c, in);
		return h->pclmul;
	case IR_AESE:
	case IR_AESD:
		if (h->aes)
			lower_aes_round(c, in);
		return h->aes;
	case IR_AESMC:
	case IR_AESIMC:
		if (h->aes)
			lower_aes_mix(c, in);
		return h->aes;
	case IR_SHA1H: lower_sha1h(c, in); return true;
	case IR_SHA1SU0: lower_sha1su0(c, in); return true;
	case IR_SHA1SU1: lower_sha1su1(c, in); return true;
	}
	if (!h->sha)
		return false;
	switch (in->op) {
	case IR_SHA1C ... IR_SHA1M: lower_sha1_rounds(c, in); return true;
	case IR_SHA256H:
	case IR_SHA256H2: lower_sha256_rounds(c, in); return true;
	case IR_SHA256SU0: lower_sha256su0(c, in); return true;
	case IR_SHA256SU1: lower_sha256su1(c, in); return true;
	}
	return false;
}
