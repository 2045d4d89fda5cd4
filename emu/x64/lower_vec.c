// SPDX-License-Identifier: GPL-2.0-only
/* Vector operations inline. */
#include "emu/x64/jit.h"

bool jit_lower_vec(struct jit_ctx *c, const struct ir_insn *in)
{
	(void)c;
	(void)in;
	return false;
}
