/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the AArch32 registers are (DDI 0487 D1.20.1, G1.9.2): each banked copy is
 * one X register, so a change of mode moves nothing, and AArch64 code at a
 * higher level sees what AArch32 code left.  R15 is arm_state.pc.
 */
#ifndef ARM_BANK32_H
#define ARM_BANK32_H

#include "arm/psr.h"

/* The X register that holds R<n> (0..14) in mode @m (PSR32_M_*).  Monitor's SP and LR are not among them. */
static inline unsigned int bank32_x(u32 m, unsigned int n)
{
	if (n < 8)
		return n;
	if (m == PSR32_M_FIQ)
		return n + 16;		/* R8_fiq..LR_fiq: X24..X30 */
	if (n < 13)
		return n;
	switch (m) {
	case PSR32_M_IRQ:
		return n == 14 ? 16 : 17;
	case PSR32_M_SVC:
		return n == 14 ? 18 : 19;
	case PSR32_M_ABT:
		return n == 14 ? 20 : 21;
	case PSR32_M_UND:
		return n == 14 ? 22 : 23;
	case PSR32_M_HYP:
		return n == 13 ? 15 : 14;	/* Hyp has ELR_hyp; its LR is User's */
	}
	return n;
}

#endif
