/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions that the `where` lines of a64.decode may call, without the a64_. */
#ifndef ISA_A64_CHECKS_H
#define ISA_A64_CHECKS_H

#include "arm/base.h"

/*
 * Is N:imms of a logical immediate a pattern?  (DDI 0487, DecodeBitMasks.)
 * The element size is the highest set bit of N:NOT(imms); an element of one
 * bit does not exist, and an element of all ones is reserved.
 */
static inline bool a64_logical_ok(unsigned int n, unsigned int imms)
{
	unsigned int size = n << 6 | (~imms & 0x3f);
	unsigned int levels;

	if (size < 2)
		return false;
	levels = (1u << (31 - __builtin_clz(size))) - 1;
	return (imms & levels) != levels;
}

/*
 * Is there such a load or store of a single element?  opcode<2:1> is the
 * size of the element, except that size<0> makes words into doublewords; what
 * the index in Q:S:size does not need must be 0 (DDI 0487, LD1 single
 * structure).  opcode<2:1> == 3 is load and replicate, which has its own rows.
 */
static inline bool a64_single_ok(unsigned int opcode, unsigned int s, unsigned int size)
{
	switch (opcode >> 1) {
	case 0:
		return true;
	case 1:
		return !(size & 1);
	case 2:
		return size == 0 || (size == 1 && !s);
	}
	return false;
}

/*
 * Would MOVZ or MOVN of one halfword make the same value as this logical
 * immediate?  Then ORR with the zero register is not printed as MOV.  Only an
 * element that fills the register can: with its imms + 1 ones (or what is left
 * of zeros) inside of one halfword after being turned right by immr.
 */
static inline bool a64_move_wide_preferred(unsigned int sf, unsigned int n,
					   unsigned int imms, unsigned int immr)
{
	unsigned int width = sf ? 64 : 32;

	if (sf ? !n : (n || (imms & 0x20)))
		return false;
	if (imms < 16)
		return (-immr & 15) <= 15 - imms;
	if (imms >= width - 17)
		return (immr & 15) <= imms - (width - 17);
	return false;
}

#endif
