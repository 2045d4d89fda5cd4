// SPDX-License-Identifier: GPL-2.0-only
/* Packed arithmetic of A32 and T32: PURE helpers. */
#include "emu/cpu/helpers.h"
#include "isa/a32_checks.h"

/* ---- parallel addition and subtraction (DDI 0406C A4.4.5) ---- */

/* Lanes of one instruction: which of Rm goes with which of Rn, and what is done. */
struct par {
	unsigned int kind, bits;
	u64 ge;
};

static s32 par_lane(u32 v, unsigned int kind, unsigned int bits, unsigned int lane)
{
	v = v >> (lane * bits) & (u32)ARM_MASK(bits - 1, 0);
	return kind < A32_PAR_U ? (s32)arm_sext(v, bits) : (s32)v;
}

static s32 par_clamp(s32 v, s32 lo, s32 hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

/* One lane: x + y or x - y, put at @lane of the result. */
static u32 par_do(struct par *p, unsigned int lane, bool sub, s32 x, s32 y)
{
	u32 mask = (u32)ARM_MASK(p->bits - 1, 0), ones = p->bits == 16 ? 3 : 1;
	s32 v = sub ? x - y : x + y;
	bool ge = v >= 0;

	switch (p->kind) {
	case A32_PAR_U:
		ge = sub ? v >= 0 : v > (s32)mask;
		break;
	case A32_PAR_Q:
		v = par_clamp(v, -(1 << (p->bits - 1)), (1 << (p->bits - 1)) - 1);
		break;
	case A32_PAR_UQ:
		v = par_clamp(v, 0, (s32)mask);
		break;
	case A32_PAR_SH:
	case A32_PAR_UH:
		v >>= 1;
		break;
	}
	if (ge)
		p->ge |= (u64)ones << (p->bits == 16 ? 2 * lane : lane);
	return ((u32)v & mask) << (lane * p->bits);
}

u64 helper_par32(struct emu_vcpu *vcpu, u64 n, u64 m, u64 what)
{
	unsigned int op = what & 7, lanes = op & 4 ? 4 : 2;
	struct par p = { .kind = what >> 4 & 7, .bits = 32 / lanes };
	bool cross = op == A32_PAR_ASX || op == A32_PAR_SAX, sub;
	u32 r = 0;

	(void)vcpu;
	for (unsigned int i = 0; i < lanes; i++) {
		sub = cross ? i == (op == A32_PAR_SAX) : op == A32_PAR_SUB16 || op == A32_PAR_SUB8;
		r |= par_do(&p, i, sub, par_lane((u32)n, p.kind, p.bits, i),
			    par_lane((u32)m, p.kind, p.bits, cross ? 1 - i : i));
	}
	return r | p.ge << 32;
}

u64 helper_usad8(struct emu_vcpu *vcpu, u64 n, u64 m, u64 c)
{
	u32 sum = 0;

	(void)vcpu, (void)c;
	for (unsigned int i = 0; i < 32; i += 8) {
		s32 d = (s32)(n >> i & 0xff) - (s32)(m >> i & 0xff);

		sum += (u32)(d < 0 ? -d : d);
	}
	return sum;
}
