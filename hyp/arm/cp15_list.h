/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The PL1 cp15 registers that the world switch moves, by their names in
 * arm/sysreg32.def, in the order in which they lie in hyp_guest.cp15[].  A build
 * check (hyp/arm/offsets.c) compares the list with the rows of class SWITCHED.
 * HYP_CP15_64: two words, low first.  No guard: included with the macros defined.
 */
HYP_CP15(CSSELR)
HYP_CP15(SCTLR)
HYP_CP15(CPACR)
HYP_CP15_64(TTBR0)
HYP_CP15_64(TTBR1)
HYP_CP15(TTBCR)
HYP_CP15(DACR)
HYP_CP15(DFSR)
HYP_CP15(IFSR)
HYP_CP15(ADFSR)
HYP_CP15(AIFSR)
HYP_CP15(DFAR)
HYP_CP15(IFAR)
HYP_CP15_64(PAR)
HYP_CP15(PRRR)
HYP_CP15(NMRR)
HYP_CP15(AMAIR0)
HYP_CP15(AMAIR1)
HYP_CP15(VBAR)
HYP_CP15(CONTEXTIDR)
HYP_CP15(TPIDRURW)
HYP_CP15(TPIDRURO)
HYP_CP15(TPIDRPRW)
HYP_CP15(CNTKCTL)
#undef HYP_CP15
#undef HYP_CP15_64
