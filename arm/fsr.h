/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DFSR and IFSR of AArch32 (DDI 0406C B3.13, B4.1.51, B4.1.96): the same fault in
 * two formats.  Everywhere else a fault has its ESR code (enum esr_fsc), which is
 * the STATUS field of the long format; the short one is made of it here.
 */
#ifndef ARM_FSR_H
#define ARM_FSR_H

#include "arm/esr.h"

#define FSR_LPAE (1u << 9)
#define FSR_FS4 (1u << 10)		/* short: bit 4 of the code whose bits 3:0 are FSR's */
#define FSR_WNR (1u << 11)		/* DFSR only, as CM and the domain */
#define FSR_EXT (1u << 12)
#define FSR_CM (1u << 13)
#define FSR_DOMAIN_SHIFT 4		/* short, 4 bits */

/* ESR codes that only AArch32 has. */
#define FSC_DOMAIN 0x3cu		/* + level 1 or 2 */
#define FSC_ASYNC_EXTERNAL 0x11u	/* STATUS for what an SError is to AArch64, */
#define FSC_ASYNC_PARITY 0x19u		/* and for one of a parity error */

/* The short format's code, 5 bits, for an ESR one.  What it has no name for is an external abort. */
static inline u32 fsr_short_code(u32 fsc)
{
	bool l2 = esr_fsc_level(fsc) >= 2;	/* the short descriptors have levels 1 and 2 */

	switch (fsc & FSC_MASK) {
	case FSC_ALIGNMENT:
		return 0x01;
	case FSC_DEBUG:
		return 0x02;
	case FSC_SYNC_EXTERNAL:
		return 0x08;
	case FSC_ASYNC_EXTERNAL:
		return 0x16;
	case FSC_PARITY:
		return 0x19;
	case FSC_TLB_CONFLICT:
		return 0x10;
	case FSC_LOCKDOWN:
		return 0x14;
	}
	switch (fsc & 0x3c) {
	case FSC_TRANSLATION:
		return l2 ? 0x07 : 0x05;
	case FSC_ACCESS_FLAG:
		return l2 ? 0x06 : 0x03;
	case FSC_PERMISSION:
		return l2 ? 0x0f : 0x0d;
	case FSC_DOMAIN:
		return l2 ? 0x0b : 0x09;
	case FSC_EXTERNAL_WALK:
		return l2 ? 0x0e : 0x0c;
	case FSC_PARITY_WALK:
		return l2 ? 0x1e : 0x1c;
	}
	return 0x08;
}

/* FSR of either format.  @flags out of FSR_{WNR,EXT,CM}; @domain counts in the short format only. */
static inline u32 fsr_make(bool lpae, u32 fsc, u32 flags, unsigned int domain)
{
	u32 code;

	if (lpae)
		return FSR_LPAE | flags | (fsc & FSC_MASK);
	code = fsr_short_code(fsc);
	return flags | (domain & 15) << FSR_DOMAIN_SHIFT | (code & 16 ? FSR_FS4 : 0) | (code & 15);
}

/* The same from the ISS of an abort (ISS_ABT_*). */
static inline u32 fsr_of_iss(bool lpae, u32 iss, unsigned int domain)
{
	return fsr_make(lpae, iss & FSC_MASK,
			(iss & ISS_ABT_WNR ? FSR_WNR : 0) | (iss & ISS_ABT_EA ? FSR_EXT : 0) |
			(iss & ISS_ABT_CM ? FSR_CM : 0), domain);
}

#endif
