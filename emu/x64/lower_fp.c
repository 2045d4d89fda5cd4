// SPDX-License-Identifier: GPL-2.0-only
/* Floating point inline. */
#include "emu/x64/jit.h"

bool jit_lower_fp(struct jit_ctx *c, const struct ir_insn *in)
{
	(void)c;
	(void)in;
	return false;
}
