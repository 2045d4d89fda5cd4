/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The C functions of emu/ir/helpers.def; see there for their arguments and for
 * the state they are called in.
 */
#ifndef EMU_CPU_HELPERS_H
#define EMU_CPU_HELPERS_H

#include "emu/ir/ir.h"
#include "emu/vcpu.h"

#define X(name, flags) u64 helper_##name(struct emu_vcpu *v, u64 a, u64 b, u64 c);
#include "emu/ir/helpers.def"
#undef X

/* By enum ir_helper. */
extern u64 (*const helper_table[IR_HELPER_COUNT])(struct emu_vcpu *v, u64 a, u64 b, u64 c);

#endif
