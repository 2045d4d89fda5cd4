// SPDX-License-Identifier: GPL-2.0-only
/*
 * Singles under FZ and DN with tiny operands or results, by the host's
 * instructions: programs whose numbers fade away do nothing else for a while.
 *
 * Differences (facts/isa/fp-arm-vs-sse.txt): a denormal operand raises IDC here
 * and nothing there (DAZ); a result that is flushed raises UFC here, and
 * inexact as well there; and one that only rounding makes normal is flushed
 * here and not there.
 */
#include <emmintrin.h>

#include "emu/fp/softfloat.h"
#include "emu/x64/glue.h"

#define MXCSR_FTZ 0x9f80u	/* everything masked, nearest */
#define MXCSR_UE 0x10u
#define MXCSR_PE 0x20u
#define EXPONENT 0x7f800000
#define MAGNITUDE 0x7fffffff

struct operands {
	__m128i a, b, c;
};

static __m128i lanes(u32 v)
{
	return _mm_set1_epi32((int)v);
}

/* Mask of the lanes of @x whose bits under @mask are those of @v. */
static __m128i match(__m128i x, u32 mask, u32 v)
{
	return _mm_cmpeq_epi32(_mm_and_si128(x, lanes(mask)), lanes(v));
}

static bool any(__m128i mask)
{
	return _mm_movemask_epi8(mask);
}

/* *@x with zeros of the same sign for denormal numbers; those lanes. */
static __m128i flush(__m128i *x)
{
	__m128i small = match(*x, EXPONENT, 0);

	small = _mm_andnot_si128(match(*x, MAGNITUDE, 0), small);
	*x = _mm_andnot_si128(_mm_and_si128(small, lanes(MAGNITUDE)), *x);
	return small;
}

/* One instruction: the flags that it raises to *@m.  False: not one of these. */
static bool host_op(unsigned int op, const struct operands *o, __m128i *r, u32 *m)
{
	__m128i x = o->a;

	*m = MXCSR_FTZ;
	switch (op) {
	case IR_VFADD:
		__asm__ volatile("ldmxcsr %1\n\taddps %2, %0\n\tstmxcsr %1" : "+x"(x), "+m"(*m) : "x"(o->b));
		break;
	case IR_VFSUB:
		__asm__ volatile("ldmxcsr %1\n\tsubps %2, %0\n\tstmxcsr %1" : "+x"(x), "+m"(*m) : "x"(o->b));
		break;
	case IR_VFMUL:
		__asm__ volatile("ldmxcsr %1\n\tmulps %2, %0\n\tstmxcsr %1" : "+x"(x), "+m"(*m) : "x"(o->b));
		break;
	case IR_VFMLA:
		__asm__ volatile("ldmxcsr %1\n\tvfmadd231ps %3, %2, %0\n\tstmxcsr %1"
				 : "+x"(x), "+m"(*m) : "x"(o->b), "x"(o->c));
		break;
	case IR_VFMLS:
		__asm__ volatile("ldmxcsr %1\n\tvfnmadd231ps %3, %2, %0\n\tstmxcsr %1"
				 : "+x"(x), "+m"(*m) : "x"(o->b), "x"(o->c));
		break;
	default:
		return false;
	}
	*r = x;
	return true;
}

/* What is above the shape computes with zeros. */
static __m128i load(const struct arm_vreg *v, unsigned int q)
{
	__m128i x = _mm_loadu_si128((const __m128i *)v);

	if (q == IR_Q)
		return x;
	return q == IR_D ? _mm_move_epi64(x) : _mm_and_si128(x, _mm_cvtsi32_si128(-1));
}

static bool compute(const struct ir_insn *in, struct vec_call *vc)
{
	struct operands o = { load(&vc->a, in->q), load(&vc->b, in->q), load(&vc->c, in->q) };
	__m128i denormal = _mm_or_si128(flush(&o.a), flush(&o.b)), r, again, flushed;
	u32 raised, exact, flags;

	if (ir_ops[in->op].nargs == 3)
		denormal = _mm_or_si128(denormal, flush(&o.c));
	if (!host_op(in->op, &o, &r, &raised))
		return false;
	/* Infinities and NaNs, and what may have become normal by rounding. */
	if (any(match(r, EXPONENT, EXPONENT)) || any(match(r, MAGNITUDE, 0x00800000)))
		return false;
	flags = any(denormal) ? SF_IDC : 0;
	exact = raised;
	if (raised & MXCSR_UE) {
		/* Was anything inexact but what was flushed?  Zeros for operands there raise nothing. */
		flags |= SF_UFC;
		flushed = match(r, MAGNITUDE, 0);
		o.a = _mm_andnot_si128(flushed, o.a);
		o.b = _mm_andnot_si128(flushed, o.b);
		o.c = _mm_andnot_si128(flushed, o.c);
		host_op(in->op, &o, &again, &exact);
	}
	if (exact & MXCSR_PE)
		flags |= SF_IXC;
	_mm_storeu_si128((__m128i *)&vc->res, r);
	*vc->fpsr |= flags;
	return true;
}

bool jit_flushing(struct emu_vcpu *v, const struct ir_insn *in, struct vec_call *vc)
{
	bool done;

	if (in->aux != IR_FP_STD || in->es != 2)
		return false;
	done = compute(in, vc);
	__asm__ volatile("ldmxcsr %0" : : "m"(v->host_mxcsr));
	return done;
}
