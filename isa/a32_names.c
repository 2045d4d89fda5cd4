/* SPDX-License-Identifier: GPL-2.0-only */
#include <stddef.h>

#include "isa/a32_names.h"

const char *a32_cond_name(unsigned int cond)
{
	static const char names[16][3] = {
		"eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le", "al", "al",
	};

	return names[cond & 15];
}

const char *a32_barrier_name(unsigned int option)
{
	static const char *const names[16] = {
		[1] = "oshld", [2] = "oshst", [3] = "osh", [5] = "nshld", [6] = "nshst", [7] = "nsh",
		[9] = "ishld", [10] = "ishst", [11] = "ish", [13] = "ld", [14] = "st", [15] = "sy",
	};

	return names[option & 15];
}

const char *a32_hint_name(unsigned int hint)
{
	static const char *const names[] = {
		[0] = "nop", [1] = "yield", [2] = "wfe", [3] = "wfi", [4] = "sev", [5] = "sevl", [20] = "csdb",
	};

	return hint < sizeof(names) / sizeof(names[0]) ? names[hint] : NULL;
}

/* DDI 0406C B9.2.3. */
static const char *const banked[32] = {
	"r8_usr", "r9_usr", "r10_usr", "r11_usr", "r12_usr", "sp_usr", "lr_usr", NULL,
	"r8_fiq", "r9_fiq", "r10_fiq", "r11_fiq", "r12_fiq", "sp_fiq", "lr_fiq", NULL,
	"lr_irq", "sp_irq", "lr_svc", "sp_svc", "lr_abt", "sp_abt", "lr_und", "sp_und",
	NULL, NULL, NULL, NULL, "lr_mon", "sp_mon", "elr_hyp", "sp_hyp",
};

static const char *const banked_spsr[32] = {
	[14] = "spsr_fiq", [16] = "spsr_irq", [18] = "spsr_svc", [20] = "spsr_abt", [22] = "spsr_und",
	[28] = "spsr_mon", [30] = "spsr_hyp",
};

const char *a32_banked_name(bool spsr, unsigned int sysm)
{
	return spsr ? banked_spsr[sysm & 31] : banked[sysm & 31];
}
