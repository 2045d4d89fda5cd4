/* SPDX-License-Identifier: GPL-2.0-only */
#include "arm/sysreg.h"
#include "isa/a64_names.h"

const char *a64_cond_name(unsigned int cond)
{
	static const char *const names[16] = { "eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc",
					       "hi", "ls", "ge", "lt", "gt", "le", "al", "nv" };

	return names[cond & 15];
}

const char *a64_barrier_name(unsigned int option)
{
	static const char *const names[16] = { [1] = "oshld", [2] = "oshst",  [3] = "osh",
					       [5] = "nshld", [6] = "nshst",  [7] = "nsh",
					       [9] = "ishld", [10] = "ishst", [11] = "ish",
					       [13] = "ld",   [14] = "st",    [15] = "sy" };

	return names[option & 15];
}

const char *a64_prefetch_name(unsigned int operation)
{
	static const char *const names[32] = {
		[0] = "pldl1keep", "pldl1strm", "pldl2keep", "pldl2strm", "pldl3keep", "pldl3strm",
		[8] = "plil1keep", "plil1strm", "plil2keep", "plil2strm", "plil3keep", "plil3strm",
		[16] = "pstl1keep", "pstl1strm", "pstl2keep", "pstl2strm", "pstl3keep", "pstl3strm",
	};

	return names[operation & 31];
}

const char *a64_pstate_name(unsigned int op1, unsigned int op2)
{
	switch (ARM_PSTATE_ENC(op1, op2)) {
	case ARM_PSTATE_UAO:
		return "UAO";
	case ARM_PSTATE_PAN:
		return "PAN";
	case ARM_PSTATE_SPSEL:
		return "SPSel";
	case ARM_PSTATE_DAIFSET:
		return "DAIFSet";
	case ARM_PSTATE_DAIFCLR:
		return "DAIFClr";
	}
	return NULL;
}

const char *a64_sysreg_name(unsigned int op0, unsigned int op1, unsigned int crn,
			    unsigned int crm, unsigned int op2)
{
	switch (ARM_SYSREG_ENC(op0, op1, crn, crm, op2)) {
#define ARM_SYSREG(name, op0, op1, crn, crm, op2, ...)                                             \
	case ARM_SYSREG_ENC(op0, op1, crn, crm, op2):                                              \
		return #name;
#include "arm/sysreg.def"
	}
	return NULL;
}

const char *a64_sysop_name(unsigned int op1, unsigned int crn, unsigned int crm,
			   unsigned int op2, bool *takes_xt)
{
	switch (ARM_SYSREG_ENC(1, op1, crn, crm, op2)) {
#define ARM_SYSOP(name, text, op0, op1, crn, crm, op2, el, xt, ...)                                \
	case ARM_SYSREG_ENC(op0, op1, crn, crm, op2):                                              \
		*takes_xt = xt;                                                                    \
		return text;
#include "arm/sysop.def"
	}
	return NULL;
}
