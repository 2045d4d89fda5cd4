/* SPDX-License-Identifier: GPL-2.0-only */
/* The AArch32 disassembler: the `asm` lines of the .decode files, filled in. */
#ifndef ISA_A32_DISASM_H
#define ISA_A32_DISASM_H

#include "arm/base.h"

/*
 * As a64_disasm(), for @word as a32_decode() takes it with @features (which
 * have A32_THUMB and A32_IN_IT).  @pc is the address of the instruction, bit 0
 * clear.  @it_cond is the condition that an IT block gives the instruction, 14
 * outside of one.  A word that does not decode is printed as ".inst 0x...",
 * one of T16 as ".inst.n 0x....".  128 bytes are enough.
 */
int a32_disasm(u32 word, u32 pc, u64 features, unsigned int it_cond, char *buf, size_t len);

#endif
