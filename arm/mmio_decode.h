/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loads and stores whose abort came without a syndrome (HSR.ISV or ESR.ISV clear):
 * the instruction says what was accessed.  Pure functions.
 */
#ifndef ARM_MMIO_DECODE_H
#define ARM_MMIO_DECODE_H

#include "arm/base.h"

#define MMIO_BEATS 64		/* VLDM of 32 doublewords, in words */

enum mmio_file {
	MMIO_FILE_GP,		/* r0..r15 */
	MMIO_FILE_S,		/* s0..s31 */
	MMIO_FILE_D,		/* d0..d31, a word at a time: part[] */
};

/*
 * One instruction's accesses: @count beats of @size bytes (1, 2 or 4) at
 * ascending addresses from @addr, beat n for register reg[n].  Wide registers
 * take two beats; part[n] is then the half (0: bits 31:0).
 */
struct mmio_access {
	bool write;
	bool sign;		/* loads of less than a word: extend the sign */
	u8 size;
	u8 count;		/* 1..MMIO_BEATS */
	u8 file;		/* enum mmio_file */
	u8 reg[MMIO_BEATS];
	u8 part[MMIO_BEATS];
	u32 addr;		/* virtual address of beat 0 */
	bool writeback;
	u8 rn;
	u32 rn_value;		/* what the base register becomes */
};

/*
 * Decodes @insn with the registers of the current mode, regs[15] being the
 * instruction's own address.  T32: the first halfword in bits 31:16 when @wide, else a
 * T16 instruction in 15:0.  0, or -EINVAL: no load or store, or one that no device
 * takes (exclusives, table branches, preloads, loads to pc with an exception return).
 * The condition and IT state are the caller's business.
 */
int mmio_decode_a32(u32 insn, const u32 regs[16], struct mmio_access *out);
int mmio_decode_t32(u32 insn, bool wide, const u32 regs[16], struct mmio_access *out);

#endif
