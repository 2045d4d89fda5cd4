/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system registers and operations of AArch32: what MRC, MCR, MRRC and MCRR
 * of cp14 and cp15 reach, and the VMRS/VMSR registers (cp10).  All is derived
 * from the rows of arm/sysreg32.def and arm/sysop32.def.
 *
 * An AArch32 register has no storage of its own: it is a part of a slot of
 * arm_state.sys[], and where the architecture maps it to an AArch64 register
 * (DDI 0487 G8.2, D17) the slot is that register's.  So there is one truth for
 * a 32-bit guest, a 64-bit one above 32-bit programs, and migration.
 */
#ifndef ARM_SYSREG32_H
#define ARM_SYSREG32_H

#include "arm/state.h"
#include "arm/sysreg.h"

struct arm_cpu_model;

/*
 * An encoding.  Bit 19: MRRC/MCRR; 18:15 the coprocessor, 14:11 opc1, 10:7 CRn,
 * 6:3 CRm, 2:0 opc2 (CRn and opc2 are 0 for MRRC/MCRR).
 */
#define ARM_CP_ENC(cp, opc1, crn, crm, opc2)                                                       \
	((u32)(cp) << 15 | (u32)(opc1) << 11 | (u32)(crn) << 7 | (u32)(crm) << 3 | (u32)(opc2))
#define ARM_CP_ENC64(cp, opc1, crm) (ARM_CP_64 | ARM_CP_ENC(cp, opc1, 0, crm, 0))
#define ARM_CP_64 (1u << 19)
#define ARM_CP_ENCS (1u << 20)		/* every encoding is below */
#define ARM_CP_CP(enc) ((enc) >> 15 & 15)
#define ARM_CP_OPC1(enc) ((enc) >> 11 & 15)
#define ARM_CP_CRN(enc) ((enc) >> 7 & 15)
#define ARM_CP_CRM(enc) ((enc) >> 3 & 15)
#define ARM_CP_OPC2(enc) ((enc) & 7)
/* Of an instruction word (T32: first halfword << 16 | second): MRC, MCR; MRRC, MCRR. */
#define ARM_CP_ENC_OF_INSN(w)                                                                      \
	ARM_CP_ENC((w) >> 8 & 15, (w) >> 21 & 7, (w) >> 16 & 15, (w) & 15, (w) >> 5 & 7)
#define ARM_CP_ENC64_OF_INSN(w) ARM_CP_ENC64((w) >> 8 & 15, (w) >> 4 & 15, (w) & 15)
/* VMRS and VMSR of a register number: MRC p10, 7, Rt, c<n>, c0, 0. */
#define ARM_CP_ENC_VFP(n) ARM_CP_ENC(10, 7, n, 0, 0)

/*
 * What the syndrome of a trapped access wants to know beside the encoding:
 * Rt, Rt2 (0 if there is none) and the condition (14: always).
 */
#define ARM_CP_INFO(rt, rt2, cond) ((u32)(rt) | (u32)(rt2) << 8 | (u32)(cond) << 16)
#define ARM_CP_INFO_RT(info) ((info) & 15)
#define ARM_CP_INFO_RT2(info) ((info) >> 8 & 15)
#define ARM_CP_INFO_COND(info) ((info) >> 16 & 15)

/* Which bits of the slot the register is. */
enum arm_part {
	ARM_PART_ALL,		/* 64 bits */
	ARM_PART_LO,		/* 31:0 */
	ARM_PART_HI,		/* 63:32 */
};

/*
 * Lowest privilege: ARM_ACC_EL0 is PL0, EL1 is PL1, EL2 is Hyp mode, EL3 is
 * Secure PL1 and Monitor mode.
 */

/* Controls that AArch64 does not have; the others are enum arm_sysreg_trap. */
enum arm_trap32 {
	ARM_TRAP32_XED = ARM_TRAPS,	/* TEECR.XED for PL0 */
	ARM_TRAP32_CP15BEN,		/* SCTLR.CP15BEN */
	ARM_TRAPS32
};

/* Handlers; ARM_HND_NONE: plain storage under the write mask. */
enum arm_hnd32 {
	ARM_HND32_OF = ARM_HNDS,	/* the AArch64 register of the row does it */
	ARM_HND32_CONST,		/* no storage: arm_cpu_model_value32() */
	ARM_HND32_SCTLR,
	ARM_HND32_TTBR,
	ARM_HND32_TTBCR,
	ARM_HND32_MAIR,			/* PRRR, NMRR */
	ARM_HND32_DACR,
	ARM_HND32_CONTEXTIDR,
	ARM_HND32_CPACR,
	ARM_HND32_VFP,			/* VMRS, VMSR */
	ARM_HND32_DBGDIDR,
	ARM_HND32_DBGDSCR,		/* DBGDSCRint, DBGDSCRext */
	ARM_HND32_DBGOSLAR,
	ARM_HND32_DBGBXVR,		/* DBGBXVRn */
	ARM_HND32_NSACR,		/* fixed without EL3 */
	ARM_HND32_L2CTLR,		/* number of cores */
	ARM_HNDS32
};

/* Flags of a row beside ARM_SRF_*. */
#define ARM_SRF32_V7 0x1000		/* ARMv8 took it away */
#define ARM_SRF32_RESET 0x2000		/* its reset value is the slot's when EL1 is AArch32 */

struct arm_sysreg32_row {
	u64 reset;		/* of the register, not of the slot */
	u64 wmask;		/* bits of the register that a guest write changes */
	u32 enc;		/* ARM_CP_ENC() or ARM_CP_ENC64() */
	u16 slot;		/* enum arm_sysreg_slot, or ARM_SLOT_NONE */
	u16 sslot;		/* slot of the Secure copy; ARM_SLOT_NONE: not banked */
	u16 of;			/* enum arm_sysreg that it is a view of, or ARM_REGS */
	u16 flags;		/* ARM_SRF_*, ARM_SRF32_* */
	u8 part;		/* enum arm_part */
	u8 rd, wr;		/* enum arm_sysreg_access */
	u8 trap;		/* enum arm_sysreg_trap, enum arm_trap32 */
	u8 cls;			/* enum arm_sysreg_class */
	u8 handler;		/* ARM_HND_NONE, ARM_HND_UNDEF or enum arm_hnd32 */
	u8 feat;		/* enum arm_feature */
};

enum arm_sysreg32 {
#define ARM_SYSREG32(name, ...) ARM_REG32_##name,
#include "arm/sysreg32.def"
	ARM_REGS32
};

/* Kinds of operations that AArch64 does not have; the others are enum arm_sysop_kind. */
enum arm_opk32 {
	ARM_OPK32_BP = ARM_OPK_IMPDEF + 1,	/* branch predictor: nothing to do */
	ARM_OPK32_BARRIER,
	ARM_OPK32_NOP,
};

enum arm_sysop32 {
#define ARM_SYSOP32(name, ...) ARM_OP32_##name,
#include "arm/sysop32.def"
	ARM_OPS32
};

/* Operations are writes (MCR); a read of such an encoding is UNDEFINED. */
struct arm_sysop32_row {
	u32 enc;
	u16 op;			/* enum arm_sysop that does the same, or ARM_OPS */
	u8 pl;			/* enum arm_sysreg_access */
	u8 kind;		/* enum arm_sysop_kind, enum arm_opk32 */
	u8 trap;
	u8 feat;
};

/*
 * Index of the row (enum arm_sysreg32) that @enc has on a CPU with @features, or
 * -1: unallocated there.  Whether the row exists, arm_sysreg32_exists() says.
 */
int arm_sysreg32_index(u64 features, u32 enc);
const struct arm_sysreg32_row *arm_sysreg32_row(enum arm_sysreg32 reg);
const struct arm_sysreg32_row *arm_sysreg32_lookup(u64 features, u32 enc);
/* The row's feature, and that of the register it is a view of, are among @features. */
bool arm_sysreg32_exists(const struct arm_sysreg32_row *r, u64 features);
/* Name of row @reg ("TTBR0"). */
const char *arm_sysreg32_name(enum arm_sysreg32 reg);

/* The same for operations (enum arm_sysop32). */
int arm_sysop32_index(u64 features, u32 enc);
const struct arm_sysop32_row *arm_sysop32_row(enum arm_sysop32 op);
const char *arm_sysop32_name(enum arm_sysop32 op);

/* The register that is @part of a slot whose value is @slot_val. */
static inline u64 arm_part_get(enum arm_part part, u64 slot_val)
{
	return part == ARM_PART_ALL ? slot_val : part == ARM_PART_LO ? (u32)slot_val : slot_val >> 32;
}

/* The slot with @part of it replaced; the other half stays. */
static inline u64 arm_part_set(enum arm_part part, u64 slot_val, u64 val)
{
	if (part == ARM_PART_ALL)
		return val;
	if (part == ARM_PART_LO)
		return (slot_val & ~0xffffffffULL) | (u32)val;
	return (u32)slot_val | val << 32;
}

/* Row @r of @s, whatever its handler: 0 without a slot. */
static inline u64 arm_sysreg32_read_slot(const struct arm_state *s, const struct arm_sysreg32_row *r)
{
	return r->slot == ARM_SLOT_NONE ? 0 : arm_part_get((enum arm_part)r->part, s->sys[r->slot]);
}

static inline void arm_sysreg32_write_slot(struct arm_state *s, const struct arm_sysreg32_row *r, u64 val)
{
	if (r->slot != ARM_SLOT_NONE)
		s->sys[r->slot] = arm_part_set((enum arm_part)r->part, s->sys[r->slot], val);
}

/* A guest's write of @val to row @r of a CPU model: what is left of @old (both of the register). */
u64 arm_sysreg32_merge(const struct arm_cpu_model *m, enum arm_sysreg32 reg, u64 old, u64 val);

/* Cold reset of what AArch32 at EL1 resets to another value than AArch64; after arm_sysreg_reset()'s own. */
void arm_sysreg32_reset(struct arm_state *s, const struct arm_cpu_model *m);

/* CBAR of a 32-bit CPU (DDI 0438 4.3.56): where the machine has its private region. */
static inline u32 arm_cbar32(u64 base)
{
	return (u32)((base & 0xffff8000) | (base >> 32 & 0xff));
}

/*
 * An access that is nothing but a move of storage, for the translator: read, it
 * is the part of the slot; write, that part under @wmask.
 */
struct arm_sysreg32_direct {
	u16 slot;
	u8 part;		/* enum arm_part */
	u64 wmask;		/* of the register */
};

/*
 * Whether code at level @el (0 or 1) of a CPU with @features may do the access so:
 * it is allowed, nothing can trap it, and it has no effect.
 */
bool arm_sysreg32_direct(u64 features, unsigned int el, u32 enc, bool read,
			 struct arm_sysreg32_direct *out);

/*
 * Whether the block must be left behind an MCR or MCRR of @enc that was not done
 * directly: it changed how code is fetched, translated or interrupted.
 */
bool arm_sysreg32_leaves(u64 features, u32 enc);

#endif
