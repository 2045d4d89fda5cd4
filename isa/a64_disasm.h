/* SPDX-License-Identifier: GPL-2.0-only */
/* The A64 disassembler: the `asm` lines of a64.decode, filled in. */
#ifndef ISA_A64_DISASM_H
#define ISA_A64_DISASM_H

#include "arm/base.h"

/*
 * Writes @word as assembly text to @buf, always terminated, cut after
 * @len - 1 bytes (@len may be 0).  @pc is the address of the word, for
 * branches and pc-relative addresses, which are printed as addresses;
 * @features as for a64_decode().  The preferred alias is printed where there
 * is one; mnemonic and operands are separated by a tab.  A word that does not
 * decode is printed as ".inst 0x...".
 * Returns the length of the whole text, cut or not; 128 bytes are enough.
 */
int a64_disasm(u32 word, u64 pc, u64 features, char *buf, size_t len);

#endif
