/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMSAv8-64 translation table formats as data (DDI 0487 D8.2, D8.3, D8.5) and
 * the registers that govern them.  The AArch32 long-descriptor format is the
 * 4K one with 32-bit inputs; short descriptors are not here.
 */
#ifndef ARM_PTE_H
#define ARM_PTE_H

#include "arm/base.h"

/* Descriptors, all stages. */
#define PTE_VALID ARM_BIT(0)
#define PTE_TABLE ARM_BIT(1)		/* levels < 3: table, not block; level 3: must be 1 */
#define PTE_TYPE_MASK 3ULL
#define PTE_AF ARM_BIT(10)
#define PTE_SH_SHIFT 8
#define PTE_SH_MASK ARM_MASK(9, 8)
#define PTE_DBM ARM_BIT(51)
#define PTE_CONTIGUOUS ARM_BIT(52)
#define PTE_SOFTWARE_MASK ARM_MASK(58, 55)

/* Stage 1 leaves. */
#define PTE_ATTRINDX_SHIFT 2
#define PTE_ATTRINDX_MASK ARM_MASK(4, 2)
#define PTE_NS ARM_BIT(5)
#define PTE_AP_SHIFT 6
#define PTE_AP_MASK ARM_MASK(7, 6)
#define PTE_AP_EL0 ARM_BIT(6)		/* AP[1]: EL0 may access */
#define PTE_AP_RO ARM_BIT(7)		/* AP[2]: read-only */
#define PTE_NG ARM_BIT(11)
#define PTE_GP ARM_BIT(50)
#define PTE_PXN ARM_BIT(53)		/* RES0 in a regime with one privilege level */
#define PTE_UXN ARM_BIT(54)		/* XN in a regime with one privilege level */
#define PTE_XN PTE_UXN

/* Stage 1 table descriptors: limits on everything below them. */
#define PTE_PXN_TABLE ARM_BIT(59)
#define PTE_UXN_TABLE ARM_BIT(60)
#define PTE_AP_TABLE_NO_EL0 ARM_BIT(61)	/* APTable[0] */
#define PTE_AP_TABLE_RO ARM_BIT(62)	/* APTable[1] */
#define PTE_NS_TABLE ARM_BIT(63)

/* Stage 2 leaves (D8.3.2). */
#define PTE_S2_MEMATTR_SHIFT 2
#define PTE_S2_MEMATTR_MASK ARM_MASK(5, 2)
#define PTE_S2_MEMATTR_DEVICE_NGNRNE 0x0ULL
#define PTE_S2_MEMATTR_DEVICE_NGNRE 0x1ULL
#define PTE_S2_MEMATTR_NORMAL_NC 0x5ULL
#define PTE_S2_MEMATTR_NORMAL_WB 0xfULL
#define PTE_S2_READ ARM_BIT(6)
#define PTE_S2_WRITE ARM_BIT(7)
#define PTE_S2_XN_SHIFT 53		/* 00 all, 10 none; 01 and 11 need FEAT_XNX */
#define PTE_S2_XN_MASK ARM_MASK(54, 53)
#define PTE_S2_XN ARM_BIT(54)

enum pte_sh {
	PTE_SH_NONE = 0,
	PTE_SH_OUTER = 2,
	PTE_SH_INNER = 3,
};

/* Granules, in the order of enum pte_granule_id. */
enum pte_granule_id {
	PTE_4K,
	PTE_16K,
	PTE_64K,
	PTE_GRANULES,
};

struct pte_granule {
	u8 page_bits;		/* log2 of the page, and of a full table */
	u8 level_bits;		/* input bits resolved by a full table */
	u8 block_levels;	/* bit n: level n may hold blocks, 48-bit addresses */
	u8 block_levels_52;	/* the same with 52-bit addresses (LPA, LPA2) */
	u8 contiguous[4];	/* log2 of the entries in a contiguous run, by level */
	u8 min_start;		/* lowest start level with 48-bit addresses */
};

static const struct pte_granule pte_granules[PTE_GRANULES] = {
	[PTE_4K]  = { 12, 9, 0x6, 0x7, { 0, 4, 4, 4 }, 0 },
	[PTE_16K] = { 14, 11, 0x4, 0x6, { 0, 0, 5, 7 }, 0 },
	[PTE_64K] = { 16, 13, 0x4, 0x6, { 0, 0, 5, 5 }, 1 },
};

/* log2 of what one entry at @level (0..3) maps. */
static inline unsigned int pte_level_shift(const struct pte_granule *g, unsigned int level)
{
	return g->page_bits + (3 - level) * g->level_bits;
}

/* The level a walk of @va_bits input bits begins at (D8.2.6-8). */
static inline unsigned int pte_start_level(const struct pte_granule *g, unsigned int va_bits)
{
	unsigned int bits = va_bits > g->page_bits ? va_bits - g->page_bits : 1;
	unsigned int levels = (bits + g->level_bits - 1) / g->level_bits;

	return levels >= 4 ? 0 : 4 - levels;
}

/* Index of @va in a table at @level; @va_bits truncates the first table. */
static inline u64 pte_index(const struct pte_granule *g, unsigned int level,
			    unsigned int va_bits, u64 va)
{
	unsigned int lo = pte_level_shift(g, level);
	unsigned int hi = lo + g->level_bits - 1;

	if (hi > va_bits - 1 && va_bits > lo)
		hi = va_bits - 1;
	return arm_bits(va, hi > 63 ? 63 : hi, lo);
}

/* log2 of the size in bytes of the first table; never below 64 bytes with OA > 48. */
static inline unsigned int pte_start_table_bits(const struct pte_granule *g, unsigned int va_bits)
{
	return va_bits - pte_level_shift(g, pte_start_level(g, va_bits)) + 3;
}

static inline bool pte_is_block_level(const struct pte_granule *g, unsigned int level, bool oa52)
{
	return arm_bit(oa52 ? g->block_levels_52 : g->block_levels, level);
}

enum pte_kind {
	PTE_KIND_INVALID,
	PTE_KIND_TABLE,
	PTE_KIND_LEAF,		/* block or page */
};

/* D8.3.1; a reserved encoding is an invalid descriptor. */
static inline enum pte_kind pte_kind(const struct pte_granule *g, unsigned int level, u64 desc)
{
	if (!(desc & PTE_VALID))
		return PTE_KIND_INVALID;
	if (level == 3)
		return desc & PTE_TABLE ? PTE_KIND_LEAF : PTE_KIND_INVALID;
	if (desc & PTE_TABLE)
		return PTE_KIND_TABLE;
	return pte_is_block_level(g, level, false) ? PTE_KIND_LEAF : PTE_KIND_INVALID;
}

/*
 * Output address of a leaf or address of a next table, 48-bit formats.  @shift:
 * pte_level_shift() for a leaf, page_bits for a table.
 */
static inline u64 pte_output(u64 desc, unsigned int shift)
{
	return desc & ARM_MASK(47, shift);
}

/* The same with FEAT_LPA: 64K descriptors carry PA[51:48] in bits 15:12. */
static inline u64 pte_output_64k_52(u64 desc, unsigned int shift)
{
	return pte_output(desc, shift) | arm_bits(desc, 15, 12) << 48;
}

/* TCR_EL1 (D17.2.131). */
#define TCR_T0SZ_SHIFT 0
#define TCR_T1SZ_SHIFT 16
#define TCR_TXSZ_MASK 0x3fULL
#define TCR_EPD0 ARM_BIT(7)
#define TCR_EPD1 ARM_BIT(23)
#define TCR_IRGN0_SHIFT 8
#define TCR_ORGN0_SHIFT 10
#define TCR_SH0_SHIFT 12
#define TCR_TG0_SHIFT 14
#define TCR_A1 ARM_BIT(22)		/* the ASID is TTBR1's */
#define TCR_IRGN1_SHIFT 24
#define TCR_ORGN1_SHIFT 26
#define TCR_SH1_SHIFT 28
#define TCR_TG1_SHIFT 30
#define TCR_IPS_SHIFT 32
#define TCR_IPS_MASK ARM_MASK(34, 32)
#define TCR_AS ARM_BIT(36)		/* 16-bit ASIDs */
#define TCR_TBI0 ARM_BIT(37)
#define TCR_TBI1 ARM_BIT(38)
#define TCR_HA ARM_BIT(39)
#define TCR_HD ARM_BIT(40)
#define TCR_HPD0 ARM_BIT(41)
#define TCR_HPD1 ARM_BIT(42)
#define TCR_TBID0 ARM_BIT(51)
#define TCR_TBID1 ARM_BIT(52)
#define TCR_NFD0 ARM_BIT(53)
#define TCR_NFD1 ARM_BIT(54)
#define TCR_E0PD0 ARM_BIT(55)
#define TCR_E0PD1 ARM_BIT(56)
#define TCR_DS ARM_BIT(59)		/* LPA2 formats */

/* TCR_EL2 with E2H = 0, and TCR_EL3; T0SZ..TG0 as in TCR_EL1. */
#define TCR_EL2_PS_SHIFT 16
#define TCR_EL2_PS_MASK ARM_MASK(18, 16)
#define TCR_EL2_TBI ARM_BIT(20)
#define TCR_EL2_HA ARM_BIT(21)
#define TCR_EL2_HD ARM_BIT(22)
#define TCR_EL2_HPD ARM_BIT(24)
#define TCR_EL2_RES1 (ARM_BIT(31) | ARM_BIT(23))

/* VTCR_EL2 (D17.2.157); T0SZ..TG0 as in TCR_EL1. */
#define VTCR_SL0_SHIFT 6
#define VTCR_SL0_MASK ARM_MASK(7, 6)
#define VTCR_PS_SHIFT 16
#define VTCR_VS ARM_BIT(19)		/* 16-bit VMIDs */
#define VTCR_HA ARM_BIT(21)
#define VTCR_HD ARM_BIT(22)
#define VTCR_RES1 ARM_BIT(31)

/* TTBRn_EL1 */
#define TTBR_CNP ARM_BIT(0)
#define TTBR_BADDR_MASK ARM_MASK(47, 1)
#define TTBR_ASID_SHIFT 48

/*
 * The two halves encode their granule differently.  A reserved value is
 * treated as an IMPLEMENTATION DEFINED granule (D17.2.131): here, 4K.
 */
static inline enum pte_granule_id tcr_granule(u64 tcr, bool upper)
{
	static const u8 tg0[4] = { PTE_4K, PTE_64K, PTE_16K, PTE_4K };
	static const u8 tg1[4] = { PTE_4K, PTE_16K, PTE_4K, PTE_64K };

	return (enum pte_granule_id)(upper ? tg1[arm_bits(tcr, 31, 30)] :
					     tg0[arm_bits(tcr, 15, 14)]);
}

static inline unsigned int tcr_txsz(u64 tcr, bool upper)
{
	return (tcr >> (upper ? TCR_T1SZ_SHIFT : TCR_T0SZ_SHIFT)) & TCR_TXSZ_MASK;
}

/*
 * Input bits of one half.  TxSZ outside 16..39 (without LPA2, LVA, TTST) gives
 * the nearest legal size; the walker may instead fault, tcr_txsz_ok() says so.
 */
static inline bool tcr_txsz_ok(unsigned int txsz)
{
	return txsz >= 16 && txsz <= 39;
}

static inline unsigned int tcr_va_bits(u64 tcr, bool upper)
{
	unsigned int txsz = tcr_txsz(tcr, upper);

	return 64 - (txsz < 16 ? 16 : txsz > 39 ? 39 : txsz);
}

/* TCR_EL1.IPS, TCR_EL2.PS, ID_AA64MMFR0.PARange: output address bits. */
static inline unsigned int pte_pa_bits(unsigned int ips)
{
	static const u8 bits[8] = { 32, 36, 40, 42, 44, 48, 52, 52 };

	return bits[ips & 7];
}

/* MAIR_ELx: attribute @n, 0..7, of D17.2.97. */
#define MAIR_DEVICE_NGNRNE 0x00u
#define MAIR_DEVICE_NGNRE 0x04u
#define MAIR_DEVICE_NGRE 0x08u
#define MAIR_DEVICE_GRE 0x0cu
#define MAIR_NORMAL_NC 0x44u
#define MAIR_NORMAL_WT 0xbbu
#define MAIR_NORMAL_WB 0xffu

static inline u8 mair_attr(u64 mair, unsigned int n)
{
	return (u8)(mair >> (n & 7) * 8);
}

static inline bool mair_is_device(u8 attr)
{
	return !(attr & 0xf0);
}

#endif
