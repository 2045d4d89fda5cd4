/* SPDX-License-Identifier: GPL-2.0-only */
/* Formatters of Advanced SIMD: what neon.decode's templates name. */
#include <inttypes.h>

#include "isa/a32_text.h"

/* The generated table of formatters declares them for itself alone. */
#define FMT(name)			\
	A32_FMT(name);			\
	A32_FMT(name)

/* ---- registers: {nv?} as Q says, {nd?} a D register, {nq?} the Q register that begins with it ---- */

static void put_v(struct a32_text *t, bool quad, unsigned int d)
{
	a32_put(t, "%c%u", quad ? 'q' : 'd', quad ? d >> 1 : d);
}

FMT(nvd) { put_v(t, o->Q, o->Dd); }
FMT(nvn) { put_v(t, o->Q, o->Dn); }
FMT(nvm) { put_v(t, o->Q, o->Dm); }
FMT(ndd) { put_v(t, false, o->Dd); }
FMT(ndn) { put_v(t, false, o->Dn); }
FMT(ndm) { put_v(t, false, o->Dm); }
FMT(nqd) { put_v(t, true, o->Dd); }
FMT(nqn) { put_v(t, true, o->Dn); }
FMT(nqm) { put_v(t, true, o->Dm); }
FMT(nscalar) { a32_put(t, "d%u[%u]", o->Dm, o->index); }

/* The table of VTBL. */
FMT(ntable)
{
	for (unsigned int k = 0; k <= o->len; k++)
		a32_put(t, "%sd%u", k ? ", " : "{", o->Dn + k);
	a32_put(t, "}");
}

/* ---- types and immediates ---- */

FMT(nsu) { a32_put(t, "%c", v ? 'u' : 's'); }
FMT(nbits) { a32_put(t, "%u", 8u << v); }
FMT(nwide) { a32_put(t, "%u", 16u << v); }
FMT(ndec) { a32_put(t, "%u", v); }

/* Each bit of imm8 eight times. */
static u64 bytes_of_bits(u32 imm8)
{
	u64 v = 0;

	for (unsigned int n = 0; n < 8; n++)
		if (imm8 >> n & 1)
			v |= 0xffULL << 8 * n;
	return v;
}

/* One element of what a modified immediate expands to, before VMVN and VBIC turn it over. */
FMT(nimm)
{
	u64 imm = v;

	if (o->op == A32_VMOV_N_I64)
		imm = bytes_of_bits(v);
	else if (o->cmode < 8)
		imm <<= 8 * (o->cmode >> 1);
	else if (o->cmode < 12)
		imm <<= 8 * (o->cmode >> 1 & 1);
	else if (o->cmode < 14)
		imm = o->cmode & 1 ? imm << 16 | 0xffff : imm << 8 | 0xff;
	a32_put(t, "0x%" PRIx64, imm);
}

/* VFPExpandImm: sign, three bits of exponent, four of fraction. */
FMT(nfpimm)
{
	int exponent = (int)(v >> 4 & 7) ^ 4;
	double value = (16 + (v & 15)) / 16.0 * (1 << exponent) / 8.0;

	a32_put(t, "%.8f", v & 0x80 ? -value : value);
}

/* ---- element and structure accesses ---- */

/* Registers that the list names, how far they are apart, and what stands behind each of them. */
FMT(nstructs)
{
	unsigned int n = o->elems, inc = o->inc;

	if (o->cls != A32_CLASS_neon_single && o->regs > n) {	/* VLD1 of several; VLD2 of four */
		n = o->regs;
		inc = 1;
	}
	for (unsigned int k = 0; k < n; k++) {
		a32_put(t, "%sd%u", k ? ", " : "{", o->Dd + k * inc);
		if (o->cls == A32_CLASS_neon_single)
			a32_put(t, "[%u]", o->index);
		else if (o->cls == A32_CLASS_neon_all_lanes)
			a32_put(t, "[]");
	}
	a32_put(t, "}");
}

FMT(nmem)
{
	a32_put(t, "[%s", a32_reg_name(o->Rn));
	if (o->align)
		a32_put(t, ":%u", 8u << o->align);
	a32_put(t, "]");
	if (o->Rm == 13)
		a32_put(t, "!");
	else if (o->Rm != 15)
		a32_put(t, ", %s", a32_reg_name(o->Rm));
}
