/* SPDX-License-Identifier: GPL-2.0-only */
/* Names that AArch32 assembly has for numbers. */
#ifndef ISA_A32_NAMES_H
#define ISA_A32_NAMES_H

#include "arm/base.h"

/* "eq" .. "le", "al" for 14 and 15. */
const char *a32_cond_name(unsigned int cond);
/* "sy", "ish", ...; NULL: the number is printed. */
const char *a32_barrier_name(unsigned int option);
/* "nop", ... without the condition; NULL for those without a name. */
const char *a32_hint_name(unsigned int hint);
/* The register that MRS and MSR of a banked one access (SYSm with M in bit 4), or NULL. */
const char *a32_banked_name(bool spsr, unsigned int sysm);

#endif
