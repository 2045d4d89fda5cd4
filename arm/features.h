/* SPDX-License-Identifier: GPL-2.0-only */
/* What a CPU model may have beyond ARMv8.0-A's mandatory part. */
#ifndef ARM_FEATURES_H
#define ARM_FEATURES_H

#include "arm/base.h"

enum arm_feature {
	ARM_FEAT_BASE,		/* always there */
	ARM_FEAT_FP,		/* FP and Advanced SIMD */
	ARM_FEAT_AES,
	ARM_FEAT_PMULL,		/* PMULL/PMULL2 on 64-bit elements */
	ARM_FEAT_SHA1,
	ARM_FEAT_SHA256,
	ARM_FEAT_CRC32,
	ARM_FEAT_LSE,		/* v8.1 atomics */
	ARM_FEAT_RDM,		/* v8.1 SQRDMLAH, SQRDMLSH */
	ARM_FEAT_GRAN4K,
	ARM_FEAT_GRAN16K,
	ARM_FEAT_GRAN64K,
	ARM_FEAT_AARCH32_EL0,	/* EL0 may use AArch32 */
	ARM_FEAT_AARCH32_EL1,	/* EL1 too */
	ARM_FEAT_EL2,
	ARM_FEAT_EL3,
	ARM_FEAT_PMU,		/* PMUv3 */
	ARM_FEAT_GICV3,		/* GICv3 system registers; set by the machine */
	ARM_FEAT_IMPDEF_A57,	/* Cortex-A57's own registers */
	ARM_FEAT_AARCH64,	/* EL1 is AArch64; without it the CPU is a 32-bit one, or boots as one */
	/* AArch32; a CPU without AARCH32_EL0 has none of them */
	ARM_FEAT_V8_A32,	/* what ARMv8 added to A32 and T32: LDA/STL, VSEL, VRINT, VMAXNM, SEVL, HLT, ... */
	ARM_FEAT_LPAE,
	ARM_FEAT_IMPDEF_A15,	/* registers of Cortex-A15, */
	ARM_FEAT_IMPDEF_A7,	/* and of Cortex-A7 */
	/* Not in any model yet. */
	ARM_FEAT_PAN,
	ARM_FEAT_UAO,
	ARM_FEATS
};

#define ARM_FEAT_BIT(f) (1ULL << (f))

static inline bool arm_has(u64 features, enum arm_feature f)
{
	return (features >> f) & 1;
}

#endif
