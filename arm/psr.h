/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PSTATE as SPSR_ELx lays it out for AArch64 (DDI 0487, C5.2.18), and the CPSR
 * and SPSRs of AArch32 (DDI 0487 G8.2.33, DDI 0406C B1.3.3), told apart by M[4].
 */
#ifndef ARM_PSR_H
#define ARM_PSR_H

#include "arm/base.h"

#define PSR_N (1u << 31)
#define PSR_Z (1u << 30)
#define PSR_C (1u << 29)
#define PSR_V (1u << 28)
#define PSR_NZCV (0xfu << 28)
#define PSR_PAN (1u << 22)
#define PSR_SS (1u << 21)
#define PSR_IL (1u << 20)
#define PSR_D (1u << 9)
#define PSR_A (1u << 8)
#define PSR_I (1u << 7)
#define PSR_F (1u << 6)
#define PSR_DAIF (PSR_D | PSR_A | PSR_I | PSR_F)
#define PSR_NRW (1u << 4)	/* M[4]: AArch32 */
#define PSR_M_MASK 0x1fu
#define PSR_M_EL0T 0x0u
#define PSR_M_EL1T 0x4u
#define PSR_M_EL1H 0x5u
#define PSR_M_EL2T 0x8u
#define PSR_M_EL2H 0x9u
#define PSR_M_EL3T 0xcu
#define PSR_M_EL3H 0xdu

/* AArch32: what differs from AArch64. */
#define PSR32_T (1u << 5)	/* Thumb */
#define PSR32_E (1u << 9)	/* big-endian data */
#define PSR32_GE_SHIFT 16
#define PSR32_GE (0xfu << PSR32_GE_SHIFT)
#define PSR32_J (1u << 24)
#define PSR32_Q (1u << 27)
#define PSR32_AIF (PSR_A | PSR_I | PSR_F)
#define PSR32_IT (0x3fu << 10 | 3u << 25)	/* ITSTATE: bits 15:10 are its 7:2, bits 26:25 its 1:0 */
#define PSR32_M_USR 0x10u
#define PSR32_M_FIQ 0x11u
#define PSR32_M_IRQ 0x12u
#define PSR32_M_SVC 0x13u
#define PSR32_M_MON 0x16u
#define PSR32_M_ABT 0x17u
#define PSR32_M_HYP 0x1au
#define PSR32_M_UND 0x1bu
#define PSR32_M_SYS 0x1fu

static inline bool psr_is_a32(u32 pstate)
{
	return pstate & PSR_NRW;
}

/* ITSTATE, DDI 0406C A2.5.2: 7:5 the base condition, 4:0 the rest of the block; 0: none. */
static inline unsigned int psr32_it(u32 psr)
{
	return (psr >> 8 & 0xfc) | (psr >> 25 & 3);
}

static inline u32 psr32_set_it(u32 psr, unsigned int it)
{
	return (psr & ~PSR32_IT) | (it & 0xfc) << 8 | (it & 3) << 25;
}

/* The exception level of a PSTATE; every AArch32 mode of Non-secure state but User and Hyp is at EL1. */
static inline unsigned int psr_el(u32 pstate)
{
	if (!psr_is_a32(pstate))
		return (pstate >> 2) & 3;
	switch (pstate & PSR_M_MASK) {
	case PSR32_M_USR:
		return 0;
	case PSR32_M_HYP:
		return 2;
	case PSR32_M_MON:
		return 3;
	}
	return 1;
}

/* PSTATE.SP: the current level uses its own SP_ELx (else SP_EL0).  AArch64 only. */
static inline bool psr_spsel(u32 pstate)
{
	return pstate & 1;
}

#endif
