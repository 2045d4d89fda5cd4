/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The identity of the part, in the order of KVM_GET_REG_LIST: name in
 * arm/sysreg32.def, CRn, opc1, CRm, opc2.  No guard: included with HYP_ID defined.
 */
HYP_ID(MIDR,     0, 0, 0, 0)
HYP_ID(CTR,      0, 0, 0, 1)
HYP_ID(TCMTR,    0, 0, 0, 2)
HYP_ID(TLBTR,    0, 0, 0, 3)
HYP_ID(REVIDR,   0, 0, 0, 6)
HYP_ID(CLIDR,    0, 1, 0, 1)
HYP_ID(AIDR,     0, 1, 0, 7)
HYP_ID(ID_PFR0,  0, 0, 1, 0)
HYP_ID(ID_PFR1,  0, 0, 1, 1)
HYP_ID(ID_DFR0,  0, 0, 1, 2)
HYP_ID(ID_AFR0,  0, 0, 1, 3)
HYP_ID(ID_MMFR0, 0, 0, 1, 4)
HYP_ID(ID_MMFR1, 0, 0, 1, 5)
HYP_ID(ID_MMFR2, 0, 0, 1, 6)
HYP_ID(ID_MMFR3, 0, 0, 1, 7)
HYP_ID(ID_ISAR0, 0, 0, 2, 0)
HYP_ID(ID_ISAR1, 0, 0, 2, 1)
HYP_ID(ID_ISAR2, 0, 0, 2, 2)
HYP_ID(ID_ISAR3, 0, 0, 2, 3)
HYP_ID(ID_ISAR4, 0, 0, 2, 4)
HYP_ID(ID_ISAR5, 0, 0, 2, 5)
#undef HYP_ID
