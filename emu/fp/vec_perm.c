/* SPDX-License-Identifier: GPL-2.0-only */
/* Vector operations that only move data. */
#include <string.h>

#include "emu/fp/lanes.h"

/* ---- between lanes and general registers ---- */

static void vec_fill(struct vec_call *vc, u64 val)
{
	struct arm_vreg r = { { 0, 0 } };
	unsigned int i, n = vec_count(vc);

	for (i = 0; i < n; i++)
		vec_set(&r, vc->es, i, val);
	vc->res = r;
}

void vec_VCONST(struct vec_call *vc)
{
	vc->res.d[0] = vc->imm;
	vc->res.d[1] = vc->q == IR_Q ? vc->imm : 0;
}

void vec_VDUP(struct vec_call *vc)
{
	vec_fill(vc, vec_get(&vc->a, vc->es, (unsigned int)vc->imm));
}

void vec_VSPLAT(struct vec_call *vc)
{
	vec_fill(vc, vc->a.d[0]);
}

void vec_VINS(struct vec_call *vc)
{
	vc->res = vc->a;
	vec_set(&vc->res, vc->es, (unsigned int)vc->imm & 15, vc->b.d[0]);
}

void vec_VINSV(struct vec_call *vc)
{
	u64 lane = vec_get(&vc->b, vc->es, (unsigned int)(vc->imm >> 4) & 15);

	vc->res = vc->a;
	vec_set(&vc->res, vc->es, (unsigned int)vc->imm & 15, lane);
}

void vec_VGETU(struct vec_call *vc)
{
	vc->res.d[0] = vec_get(&vc->a, vc->es, (unsigned int)vc->imm & 15);
	vc->res.d[1] = 0;
}

void vec_VGETS(struct vec_call *vc)
{
	u64 v = vec_get(&vc->a, vc->es, (unsigned int)vc->imm & 15);

	if (vc->es < 3)
		v = (u64)arm_sext(v, 8u << vc->es);
	vc->res.d[0] = vc->w == 32 ? (u32)v : v;
	vc->res.d[1] = 0;
}

void vec_VLOW(struct vec_call *vc)
{
	struct arm_vreg r = { { 0, 0 } };
	unsigned int bytes = vec_bytes(vc);

	memcpy(&r, &vc->a, bytes < sizeof(r) ? bytes : sizeof(r));
	vc->res = r;
}

void vec_VHIGH(struct vec_call *vc)
{
	vc->res.d[0] = vc->a.d[1];
	vc->res.d[1] = 0;
}

void vec_VCAT(struct vec_call *vc)
{
	vc->res.d[0] = vc->a.d[0];
	vc->res.d[1] = vc->b.d[0];
}

/* ---- shuffles ---- */

/* One lane size: r's lanes from those of b:a, where EXPR gives lane j's source, modulo 2n. */
#define VEC_SHUFFLE_LOOP(MEMBER, size, EXPR) do {				\
	const unsigned int n = bytes / (size);					\
	unsigned int j, from;							\
										\
	for (j = 0; j < n; j++) {						\
		from = (EXPR) & (2 * n - 1);					\
		r.MEMBER[j] = from < n ? a.MEMBER[from] : b.MEMBER[from - n];	\
	}									\
} while (0)

/* The expression knows j, the lanes n of the shape, and imm. */
#define VEC_SHUFFLE(NAME, EXPR)							\
static void shuffle_##NAME(struct vec_call *vc, unsigned int es, unsigned int imm)	\
{										\
	const union vec_lanes a = vec_lanes(&vc->a), b = vec_lanes(&vc->b);	\
	const unsigned int bytes = vec_bytes(vc);				\
	union vec_lanes r = { .v = { { 0, 0 } } };				\
										\
	(void)imm;								\
	switch (es) {								\
	case 0:									\
		VEC_SHUFFLE_LOOP(u8, 1, EXPR);					\
		break;								\
	case 1:									\
		VEC_SHUFFLE_LOOP(u16, 2, EXPR);					\
		break;								\
	case 2:									\
		VEC_SHUFFLE_LOOP(u32, 4, EXPR);					\
		break;								\
	default:								\
		VEC_SHUFFLE_LOOP(u64, 8, EXPR);					\
		break;								\
	}									\
	vc->res = r.v;								\
}

#define VEC_SHUFFLE_OP(NAME, EXPR)						\
VEC_SHUFFLE(NAME, EXPR)								\
void vec_##NAME(struct vec_call *vc)						\
{										\
	shuffle_##NAME(vc, vc->es, 0);						\
}

VEC_SHUFFLE_OP(VZIP1, j / 2 + (j & 1) * n)
VEC_SHUFFLE_OP(VZIP2, n / 2 + j / 2 + (j & 1) * n)
VEC_SHUFFLE_OP(VUZP1, 2 * j)
VEC_SHUFFLE_OP(VUZP2, 2 * j + 1)
VEC_SHUFFLE_OP(VTRN1, (j & ~1u) + (j & 1) * n)
VEC_SHUFFLE_OP(VTRN2, (j | 1) + (j & 1) * n)

VEC_SHUFFLE(ext, j + imm)
VEC_SHUFFLE(mirror, j ^ imm)

void vec_VEXT(struct vec_call *vc)
{
	shuffle_ext(vc, 0, vc->imm & 15);
}

/* Lanes of es mirrored within groups of 1 << group bytes. */
static void vec_mirror(struct vec_call *vc, unsigned int group)
{
	unsigned int es = vc->es % group;

	shuffle_mirror(vc, es, (1u << (group - es)) - 1);
}

void vec_VREV16(struct vec_call *vc)
{
	vec_mirror(vc, 1);
}

void vec_VREV32(struct vec_call *vc)
{
	vec_mirror(vc, 2);
}

void vec_VREV64(struct vec_call *vc)
{
	vec_mirror(vc, 3);
}

void vec_VTBX(struct vec_call *vc)
{
	const union vec_lanes a = vec_lanes(&vc->a), b = vec_lanes(&vc->b), c = vec_lanes(&vc->c);
	unsigned int i, n = vc->q == IR_Q ? 16 : 8;
	union vec_lanes r = { .v = { { 0, 0 } } };

	for (i = 0; i < n; i++) {
		u64 index = c.u8[i] - vc->imm;

		r.u8[i] = c.u8[i] >= vc->imm && index < 16 ? b.u8[index] : a.u8[i];
	}
	vc->res = r.v;
}
