/* SPDX-License-Identifier: GPL-2.0-only */
/* Names that stand for numbers in A64 assembly.  NULL: there is none. */
#ifndef ISA_A64_NAMES_H
#define ISA_A64_NAMES_H

#include "arm/base.h"

/* cond is taken modulo 16; never NULL. */
const char *a64_cond_name(unsigned int cond);
/* The option of DMB and DSB, 0 to 15. */
const char *a64_barrier_name(unsigned int option);
/* The operation of PRFM, 0 to 31. */
const char *a64_prefetch_name(unsigned int operation);
/* The field of MSR (immediate). */
const char *a64_pstate_name(unsigned int op1, unsigned int op2);
/* A register of MRS and MSR. */
const char *a64_sysreg_name(unsigned int op0, unsigned int op1, unsigned int crn,
			    unsigned int crm, unsigned int op2);
/* An operation of SYS as "dc zva"; *takes_xt says whether it has an operand. */
const char *a64_sysop_name(unsigned int op1, unsigned int crn, unsigned int crm,
			   unsigned int op2, bool *takes_xt);

#endif
