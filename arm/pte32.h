/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AArch32 translation tables, stage 1 of PL1&0: the short descriptors (DDI 0406C
 * B3.5) and what is different about the long ones (B3.6; their formats are those
 * of arm/pte.h with a 4K granule).
 */
#ifndef ARM_PTE32_H
#define ARM_PTE32_H

#include "arm/pte.h"

/* TTBCR, short (B4.1.153) */
#define TTBCR_N 7u
#define TTBCR_PD0 (1u << 4)
#define TTBCR_PD1 (1u << 5)
#define TTBCR_EAE (1u << 31)
/* long; EPD0, EPD1 and A1 are those of TCR_EL1 */
#define TTBCR_T0SZ(ttbcr) ((unsigned int)(ttbcr) & 7)
#define TTBCR_T1SZ(ttbcr) ((unsigned int)(ttbcr) >> 16 & 7)
#define TTBR32_ASID(ttbr) ((u8)((ttbr) >> 48))
#define PTE32_LONG_PA_BITS 40

/* First level, bits 1:0.  Bit 0 of a section is its PXN. */
enum { L1D_INVALID, L1D_TABLE, L1D_SECTION, L1D_SECTION_PXN };
#define L1D_TABLE_BASE 0xfffffc00u
#define L1D_TABLE_PXN (1u << 2)
#define L1D_DOMAIN(d) ((d) >> 5 & 15)
#define L1D_SUPER (1u << 18)

/* Second level, bits 1:0.  Bit 0 of a small page is its XN. */
enum { L2D_INVALID, L2D_LARGE, L2D_SMALL, L2D_SMALL_XN };

/* A leaf of the short format, taken apart. */
struct pte32_leaf {
	u64 pa;			/* aligned to 1 << shift */
	u8 shift;		/* 12, 16, 20 or 24 */
	u8 level;		/* 1 or 2 */
	u8 ap;			/* AP[2:0] */
	u8 texcb;		/* TEX[2:0]:C:B */
	u8 domain;
	bool xn, pxn, s, ng;
};

/* Section or supersection @d: bits 1:0 say section. */
static inline struct pte32_leaf pte32_section(u32 d)
{
	struct pte32_leaf l = {
		.pa = d & 0xfff00000, .shift = 20, .level = 1,
		.ap = (u8)((d >> 15 & 1) << 2 | (d >> 10 & 3)), .texcb = (u8)((d >> 12 & 7) << 2 | (d >> 2 & 3)),
		.domain = L1D_DOMAIN(d), .xn = d >> 4 & 1, .pxn = d & 1, .s = d >> 16 & 1, .ng = d >> 17 & 1,
	};

	if (d & L1D_SUPER) {
		l.pa = (d & 0xff000000) | (u64)(d >> 20 & 15) << 32 | (u64)(d >> 5 & 15) << 36;
		l.shift = 24;
		l.domain = 0;
	}
	return l;
}

/* Large or small page @d of the table that first-level entry @l1 points to. */
static inline struct pte32_leaf pte32_page(u32 l1, u32 d)
{
	bool large = (d & 3) == L2D_LARGE;

	return (struct pte32_leaf){
		.pa = d & (large ? 0xffff0000 : 0xfffff000), .shift = large ? 16 : 12, .level = 2,
		.ap = (u8)((d >> 9 & 1) << 2 | (d >> 4 & 3)),
		.texcb = (u8)((d >> (large ? 12 : 6) & 7) << 2 | (d >> 2 & 3)),
		.domain = L1D_DOMAIN(l1), .xn = d >> (large ? 15 : 0) & 1, .pxn = l1 & L1D_TABLE_PXN,
		.s = d >> 10 & 1, .ng = d >> 11 & 1,
	};
}

/* AP[2:0] (B3.7.1): bits 0, 1: PL1 may read, write; bits 2, 3: PL0. */
static inline unsigned int pte32_ap(unsigned int ap)
{
	static const u8 may[8] = { 0, 3, 7, 15, 0, 1, 5, 5 };

	return may[ap & 7];
}

enum pte32_domain { DOMAIN_NONE, DOMAIN_CLIENT, DOMAIN_RESERVED, DOMAIN_MANAGER };

static inline enum pte32_domain pte32_domain(u32 dacr, unsigned int domain)
{
	return (enum pte32_domain)(dacr >> 2 * (domain & 15) & 3);
}

/* MAIR nibble of a cacheability code (C,B; IRn, ORn): non-cacheable, WBWA, WT, WB without allocation on writes. */
static inline u8 pte32_cacheability(unsigned int code)
{
	static const u8 nibble[4] = { 0x4, 0xf, 0xa, 0xe };

	return nibble[code & 3];
}

/* Memory type of TEX[2:0]:C:B without TEX remap (table B3-10) as a MAIR byte.  Reserved ones are Strongly-ordered. */
static inline u8 pte32_attr(unsigned int texcb)
{
	static const u8 plain[] = {
		MAIR_DEVICE_NGNRNE, MAIR_DEVICE_NGNRE, 0xaa, 0xee,	/* TEX 0 */
		MAIR_NORMAL_NC, 0, 0, MAIR_NORMAL_WB,			/* 1 */
		MAIR_DEVICE_NGNRE,					/* 2 */
	};

	if (texcb & 0x10)
		return (u8)(pte32_cacheability(texcb >> 2) << 4 | pte32_cacheability(texcb));
	return texcb < ARM_ARRAY_SIZE(plain) ? plain[texcb] : MAIR_DEVICE_NGNRNE;
}

/* With TEX remap (B3.8.3): by PRRR and NMRR, indexed by TEX[0]:C:B. */
static inline u8 pte32_remap_attr(u32 prrr, u32 nmrr, unsigned int texcb)
{
	unsigned int n = texcb & 7;

	switch (prrr >> 2 * n & 3) {
	case 0:
		return MAIR_DEVICE_NGNRNE;
	case 2:
		return (u8)(pte32_cacheability(nmrr >> (2 * n + 16)) << 4 | pte32_cacheability(nmrr >> 2 * n));
	default:
		return MAIR_DEVICE_NGNRE;
	}
}

/* PTE_SH_* of memory with the S bit @s: PRRR.{NS,DS} give what S means, NOS whether it ends at the inner domain. */
static inline u8 pte32_remap_sh(u32 prrr, u8 attr, unsigned int texcb, bool s)
{
	unsigned int shift = mair_is_device(attr) ? 16 : 18;

	if (!(prrr >> (shift + s) & 1))
		return PTE_SH_NONE;
	return prrr >> (24 + (texcb & 7)) & 1 ? PTE_SH_INNER : PTE_SH_OUTER;
}

#endif
