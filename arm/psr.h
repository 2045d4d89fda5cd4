/* SPDX-License-Identifier: GPL-2.0-only */
/* PSTATE as SPSR_ELx lays it out for AArch64 (DDI 0487, C5.2.18). */
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

/* The exception level of an AArch64 PSTATE. */
static inline unsigned int psr_el(u32 pstate)
{
	return (pstate >> 2) & 3;
}

/* PSTATE.SP: the current level uses its own SP_ELx (else SP_EL0). */
static inline bool psr_spsel(u32 pstate)
{
	return pstate & 1;
}

#endif
