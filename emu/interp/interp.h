/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Executes one block of IR: the engine of hosts without a back end, and the
 * reference that translated code is compared with.
 */
#ifndef EMU_INTERP_INTERP_H
#define EMU_INTERP_INTERP_H

#include "emu/ir/ir.h"
#include "emu/vcpu.h"

enum interp_exit {
	INTERP_NEXT,		/* st.pc is set: look up the next block */
	INTERP_LEAVE,		/* st.pc is set; mode or mappings may have changed */
	INTERP_EXCEPTION,	/* vcpu->exc is pending; st.pc is the instruction's address */
};

/*
 * Run @b, which ir_verify() accepts, to one of its exits.  Guest registers are
 * in @v->st throughout.  Never waits; returns enum interp_exit.
 */
int interp_block(struct emu_vcpu *v, const struct ir_block *b);

#endif
