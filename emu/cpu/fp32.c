// SPDX-License-Identifier: GPL-2.0-only
/* VFP operations of AArch32 that the IR has no operation for. */
#include "emu/cpu/helpers.h"
#include "emu/fp/softfloat.h"

/* FPToFixed() to 16 bits (DDI 0406C A2.7.8): toward zero, saturated, and then extended. */
u64 helper_vcvt_fixed16(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	struct sf_ctx ctx = { .fpcr = v->st.fpcr };
	bool uns = b >> 16 & 1;
	u64 res;

	(void)c;
	res = sf_to_fixed(&ctx, b & 1 ? SF_DOUBLE : SF_SINGLE, a, 16, b >> 8 & 31, uns, SF_TOZERO);
	v->st.fpsr |= ctx.flags;
	return uns ? res : (u32)arm_sext(res, 16);
}
