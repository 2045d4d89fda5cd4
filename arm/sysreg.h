/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System registers and system operations of AArch64, from the rows of
 * arm/sysreg.def and arm/sysop.def.  Everything here is derived from those
 * rows; two rows with one encoding do not compile (duplicate case).
 *
 * Rows are constant and hold no pointers, so code that runs at another address
 * than it was linked for (HYP) may use them.
 */
#ifndef ARM_SYSREG_H
#define ARM_SYSREG_H

#include "arm/base.h"
#include "arm/features.h"

struct arm_state;
struct arm_cpu_model;

/*
 * An encoding: bits 20:5 of an MRS, MSR (register), SYS or SYSL instruction,
 * op0:op1:CRn:CRm:op2.  Instruction bit 20 is always set there, so op0 < 2
 * (SYS: op0 is 1) and op0 >= 2 (MRS/MSR) cannot collide.
 */
#define ARM_SYSREG_ENC(op0, op1, crn, crm, op2)                                                    \
	((u32)(op0) << 14 | (u32)(op1) << 11 | (u32)(crn) << 7 | (u32)(crm) << 3 | (u32)(op2))
#define ARM_SYSREG_ENC_OF_INSN(insn) (((u32)(insn) >> 5) & 0xffff)
#define ARM_SYSREG_OP0(enc) (((enc) >> 14) & 3)
#define ARM_SYSREG_OP1(enc) (((enc) >> 11) & 7)
#define ARM_SYSREG_CRN(enc) (((enc) >> 7) & 15)
#define ARM_SYSREG_CRM(enc) (((enc) >> 3) & 15)
#define ARM_SYSREG_OP2(enc) ((enc) & 7)

/* MSR (immediate): op1:op2, instruction bits 18:16 and 7:5 (DDI 0487, C5). */
#define ARM_PSTATE_ENC(op1, op2) ((op1) << 3 | (op2))
enum arm_pstate_field {
	ARM_PSTATE_UAO = ARM_PSTATE_ENC(0, 3),		/* needs ARM_FEAT_UAO */
	ARM_PSTATE_PAN = ARM_PSTATE_ENC(0, 4),		/* needs ARM_FEAT_PAN */
	ARM_PSTATE_SPSEL = ARM_PSTATE_ENC(0, 5),	/* EL1 and up */
	ARM_PSTATE_DAIFSET = ARM_PSTATE_ENC(3, 6),	/* EL0: SCTLR_EL1.UMA */
	ARM_PSTATE_DAIFCLR = ARM_PSTATE_ENC(3, 7),
};

/* Lowest EL that may read or write; ARM_ACC_NO: no EL may (UNDEFINED). */
enum arm_sysreg_access {
	ARM_ACC_EL0,
	ARM_ACC_EL1,
	ARM_ACC_EL2,
	ARM_ACC_EL3,
	ARM_ACC_NO,
};

/*
 * The controls that can turn a permitted access into a trap; one value for
 * each set of controls, in the order in which they are looked at (the lowest
 * target EL first).  DDI 0487, D1: configurable instruction controls.
 */
enum arm_sysreg_trap {
	ARM_TRAP_NONE,
	ARM_TRAP_UNDEF,		/* exists in Debug state only: always UNDEFINED */
	ARM_TRAP_FP,		/* CPACR_EL1.FPEN, CPTR_EL2.TFP, CPTR_EL3.TFP */
	ARM_TRAP_UMA,		/* SCTLR_EL1.UMA for EL0 */
	ARM_TRAP_UCT,		/* SCTLR_EL1.UCT for EL0, HCR_EL2.TID2 */
	ARM_TRAP_DZE,		/* SCTLR_EL1.DZE for EL0, HCR_EL2.TDZ */
	ARM_TRAP_UCI_POU,	/* SCTLR_EL1.UCI for EL0, HCR_EL2.TPU */
	ARM_TRAP_UCI_POC,	/* SCTLR_EL1.UCI for EL0, HCR_EL2.TPC */
	ARM_TRAP_TPU,		/* HCR_EL2.TPU */
	ARM_TRAP_TPC,		/* HCR_EL2.TPC */
	ARM_TRAP_TSW,		/* HCR_EL2.TSW */
	ARM_TRAP_TTLB,		/* HCR_EL2.TTLB */
	ARM_TRAP_TID1,		/* HCR_EL2.TID1 (reads) */
	ARM_TRAP_TID2,		/* HCR_EL2.TID2 */
	ARM_TRAP_TID3,		/* HCR_EL2.TID3 (reads) */
	ARM_TRAP_TACR,		/* HCR_EL2.TACR */
	ARM_TRAP_VM,		/* HCR_EL2.TVM (writes), HCR_EL2.TRVM (reads) */
	ARM_TRAP_TIDCP,		/* HCR_EL2.TIDCP */
	ARM_TRAP_IMPDEF_ACTLR,	/* HCR_EL2.TIDCP; writes also ACTLR_EL2, ACTLR_EL3: see below */
	ARM_TRAP_CPACR,		/* CPTR_EL2.TCPAC, CPTR_EL3.TCPAC */
	ARM_TRAP_CPTR,		/* CPTR_EL3.TCPAC */
	ARM_TRAP_CNT_FRQ,	/* CNTKCTL_EL1.EL0PCTEN or EL0VCTEN for EL0 */
	ARM_TRAP_CNT_PCT,	/* CNTKCTL_EL1.EL0PCTEN, CNTHCTL_EL2.EL1PCTEN */
	ARM_TRAP_CNT_VCT,	/* CNTKCTL_EL1.EL0VCTEN */
	ARM_TRAP_CNT_PTIMER,	/* CNTKCTL_EL1.EL0PTEN, CNTHCTL_EL2.EL1PCEN */
	ARM_TRAP_CNT_VTIMER,	/* CNTKCTL_EL1.EL0VTEN */
	ARM_TRAP_CNT_STIMER,	/* UNDEFINED in Non-secure state; SCR_EL3.ST for Secure EL1 */
	ARM_TRAP_PMU,		/* PMUSERENR_EL0.EN, MDCR_EL2.TPM, MDCR_EL3.TPM */
	ARM_TRAP_PMU_PMCR,	/* the same, and MDCR_EL2.TPMCR */
	ARM_TRAP_PMU_ER,	/* as PMU; PMUSERENR_EL0.ER also permits EL0 reads */
	ARM_TRAP_PMU_SEL,	/* as PMU; PMUSERENR_EL0.ER also permits EL0 both ways */
	ARM_TRAP_PMU_CR,	/* as PMU; PMUSERENR_EL0.CR also permits EL0 reads */
	ARM_TRAP_PMU_SW,	/* as PMU; PMUSERENR_EL0.SW also permits EL0 writes */
	ARM_TRAP_PMU_TPM,	/* MDCR_EL2.TPM, MDCR_EL3.TPM only */
	ARM_TRAP_DCC,		/* MDSCR_EL1.TDCC for EL0, then as TDA */
	ARM_TRAP_TDA,		/* MDCR_EL2.{TDA,TDE}, HCR_EL2.TGE, MDCR_EL3.TDA */
	ARM_TRAP_TDOSA,		/* MDCR_EL2.{TDOSA,TDE}, HCR_EL2.TGE, MDCR_EL3.TDOSA */
	ARM_TRAP_TDRA,		/* MDCR_EL2.{TDRA,TDE}, HCR_EL2.TGE, MDCR_EL3.TDA */
	ARM_TRAP_ICC_SRE1,	/* ICC_SRE_EL2.Enable, ICC_SRE_EL3.Enable */
	ARM_TRAP_ICC_SRE2,	/* ICC_SRE_EL3.Enable */
	ARM_TRAP_ICC_COMMON,	/* ICC_SRE_ELx.SRE; ICH_HCR_EL2.TC; SCR_EL3.{IRQ,FIQ} both */
	ARM_TRAP_ICC_DIR,	/* as COMMON, and ICH_HCR_EL2.TDIR */
	ARM_TRAP_ICC_SGI,	/* ICC_SRE_ELx.SRE; ICH_HCR_EL2.TC, HCR_EL2.{IMO,FMO}; SCR_EL3 */
	ARM_TRAP_ICC_G0,	/* ICC_SRE_ELx.SRE; ICH_HCR_EL2.TALL0; SCR_EL3.FIQ */
	ARM_TRAP_ICC_G1,	/* ICC_SRE_ELx.SRE; ICH_HCR_EL2.TALL1; SCR_EL3.IRQ */
	ARM_TRAP_ICC_EL3,	/* ICC_SRE_EL3.SRE */
	ARM_TRAP_ICH,		/* ICC_SRE_EL2.SRE (ICC_SRE_EL3.SRE for EL3) */
	ARM_TRAPS
};

/*
 * The bit of ACTLR_EL2 and ACTLR_EL3 that lets lower ELs write a register with
 * ARM_TRAP_IMPDEF_ACTLR (DDI 0488, ACTLR_EL2 and ACTLR_EL3).
 */
static inline unsigned int arm_sysreg_actlr_bit(u32 enc)
{
	switch (enc) {
	case ARM_SYSREG_ENC(3, 1, 15, 2, 0):	/* CPUACTLR_EL1 */
		return 0;
	case ARM_SYSREG_ENC(3, 1, 15, 2, 1):	/* CPUECTLR_EL1 */
		return 1;
	case ARM_SYSREG_ENC(3, 1, 11, 0, 2):	/* L2CTLR_EL1 */
		return 4;
	case ARM_SYSREG_ENC(3, 1, 11, 0, 3):	/* L2ECTLR_EL1 */
		return 5;
	default:				/* L2ACTLR_EL1 */
		return 6;
	}
}

/* Who holds the register while a guest runs under hardware virtualization. */
enum arm_sysreg_class {
	ARM_CLS_SWITCHED,	/* in hardware; the world switch moves it */
	ARM_CLS_EMULATED,	/* trapped; the hypervisor plays it */
	ARM_CLS_DEMUXED,	/* one encoding, many values (CCSIDR by CSSELR) */
	ARM_CLS_INVARIANT,	/* identity of the part */
	ARM_CLS_RAZ,		/* reads zero, ignores writes */
	ARM_CLS_ABSENT,		/* no guest has it */
};

/*
 * HND_NONE: plain storage, the write mask is the whole story.  Any other value:
 * the access is computed or has effects, and the engine's switch decides.
 */
enum arm_sysreg_handler {
	ARM_HND_NONE,
	ARM_HND_UNDEF,		/* always UNDEFINED outside Debug state */
	/* process state */
	ARM_HND_NZCV,
	ARM_HND_DAIF,
	ARM_HND_CURRENTEL,
	ARM_HND_SPSEL,
	ARM_HND_FPCR,
	ARM_HND_FPSR,
	ARM_HND_SP,		/* slot holds the banked SP; UNDEFINED for the selected one */
	/* identity that depends on the EL or on another register */
	ARM_HND_MIDR,		/* EL1 Non-secure reads VPIDR_EL2 */
	ARM_HND_MPIDR,		/* EL1 Non-secure reads VMPIDR_EL2 */
	ARM_HND_CCSIDR,
	ARM_HND_DCZID,		/* DZP follows SCTLR_EL1.DZE, HCR_EL2.TDZ */
	ARM_HND_ISR,
	ARM_HND_RVBAR,
	ARM_HND_RMR,
	/* translation and control */
	ARM_HND_SCTLR,
	ARM_HND_TCR,
	ARM_HND_TTBR,
	ARM_HND_MAIR,
	ARM_HND_CPACR,
	ARM_HND_CPTR,
	ARM_HND_HCR,
	ARM_HND_SCR,
	ARM_HND_VTTBR,
	ARM_HND_VTCR,
	/* debug */
	ARM_HND_MDSCR,
	ARM_HND_MDCR,
	ARM_HND_MDCCSR,
	ARM_HND_OSLAR,
	ARM_HND_OSDTRRX,
	ARM_HND_OSDTRTX,
	ARM_HND_DBGDTR,		/* DBGDTR_EL0, both halves */
	ARM_HND_DBGDTR_RXTX,	/* read: DBGDTRRX_EL0; write: DBGDTRTX_EL0 */
	ARM_HND_DBGCLAIMSET,
	ARM_HND_DBGCLAIMCLR,
	ARM_HND_DBGBP,		/* DBGBVRn, DBGBCRn: number is slot - first slot */
	ARM_HND_DBGWP,		/* DBGWVRn, DBGWCRn */
	/* performance monitors */
	ARM_HND_PMCR,
	ARM_HND_PMCNTENSET,
	ARM_HND_PMCNTENCLR,
	ARM_HND_PMOVSSET,
	ARM_HND_PMOVSCLR,
	ARM_HND_PMINTENSET,
	ARM_HND_PMINTENCLR,
	ARM_HND_PMSWINC,
	ARM_HND_PMCCNTR,
	ARM_HND_PMCCFILTR,
	ARM_HND_PMXEVTYPER,	/* the one that PMSELR_EL0 names */
	ARM_HND_PMXEVCNTR,
	ARM_HND_PMEVCNTR,	/* number is slot - ARM_SLOT_PMEVCNTR0_EL0 */
	ARM_HND_PMEVTYPER,
	/* generic timer; the slot of TVAL is that of its CVAL */
	ARM_HND_CNTFRQ,
	ARM_HND_CNTPCT,
	ARM_HND_CNTVCT,
	ARM_HND_CNTVOFF,
	ARM_HND_CNTKCTL,	/* event stream */
	ARM_HND_CNTHCTL,
	ARM_HND_CNT_TVAL,
	ARM_HND_CNT_CTL,
	ARM_HND_CNT_CVAL,
	/* GICv3 CPU interface, physical or virtual by HCR_EL2.{IMO,FMO} */
	ARM_HND_ICC_PMR,
	ARM_HND_ICC_IAR0,
	ARM_HND_ICC_IAR1,
	ARM_HND_ICC_EOIR0,
	ARM_HND_ICC_EOIR1,
	ARM_HND_ICC_HPPIR0,
	ARM_HND_ICC_HPPIR1,
	ARM_HND_ICC_BPR0,
	ARM_HND_ICC_BPR1,
	ARM_HND_ICC_DIR,
	ARM_HND_ICC_RPR,
	ARM_HND_ICC_SGI1R,
	ARM_HND_ICC_ASGI1R,
	ARM_HND_ICC_SGI0R,
	ARM_HND_ICC_CTLR,	/* the slot has the writable bits; the rest is the model's */
	ARM_HND_ICC_CTLR_EL3,
	ARM_HND_ICC_SRE,	/* EL1, EL2, EL3 by slot */
	ARM_HND_ICC_IGRPEN0,
	ARM_HND_ICC_IGRPEN1,
	ARM_HND_ICC_IGRPEN1_EL3,
	ARM_HND_ICC_AP0R,	/* number is slot - ARM_SLOT_ICC_AP0R0_EL1 */
	ARM_HND_ICC_AP1R,
	/* GICv3 hypervisor control */
	ARM_HND_ICH_HCR,
	ARM_HND_ICH_VTR,
	ARM_HND_ICH_MISR,
	ARM_HND_ICH_EISR,
	ARM_HND_ICH_ELRSR,
	ARM_HND_ICH_VMCR,
	ARM_HND_ICH_LR,
	ARM_HND_ICH_AP0R,
	ARM_HND_ICH_AP1R,
	ARM_HNDS
};

/* What migration does with the value. */
enum arm_sysreg_migrate {
	ARM_MIG_NONE,		/* not moved: a view of another slot, or computed */
	ARM_MIG_COPY,		/* moved; bits outside mig_mask are RES0 here, and dropped */
	ARM_MIG_MATCH,		/* must be equal in the bits of mig_mask */
	ARM_MIG_SUBSET,		/* ID register: each 4-bit field <= the destination's */
	ARM_MIG_TRANSLATE,	/* counter offsets and frequency: converted */
	ARM_MIG_IGNORE,		/* moved if the destination knows it */
};

/* Flags of a row. */
#define ARM_SRF_REGIME 0x0001	/* a write changes how addresses translate */
#define ARM_SRF_ENDS 0x0002	/* a write ends the translation block */
#define ARM_SRF_IO 0x0004	/* depends on or changes time or interrupts: must be exact */
#define ARM_SRF_MODEL 0x0008	/* reset value comes from the CPU model, else the row's */
#define ARM_SRF_CONST 0x0010	/* never changes while a guest runs: reads may be folded */
#define ARM_SRF_RSIDE 0x0020	/* a read has an effect */
#define ARM_SRF_HIGHEST 0x0040	/* exists only where its EL is the highest implemented */
#define ARM_SRF_HIGHEST_W 0x0080 /* only the highest implemented EL may write */
#define ARM_SRF_BANKED 0x0100	/* Secure and Non-secure copies; the slot is Non-secure's */
#define ARM_SRF_SIGNED 0x0200	/* MIG_SUBSET: fields that are 0xf mean "absent" (-1) */
#define ARM_SRF_UNKNOWN 0x0400	/* UNKNOWN at reset: may arrive as ARM_SYSREG_UNKNOWN */

/*
 * What Linux' KVM shows for a register that is UNKNOWN at reset and that nobody
 * wrote yet (docs/facts/kvm-registers.md).  It is no value: whoever receives
 * it keeps the row's reset value.
 */
#define ARM_SYSREG_UNKNOWN 0x1de7ec7edbadc0deULL

struct arm_sysreg_row {
	u64 reset;
	u64 wmask;		/* bits that a guest write changes */
	u64 mig_mask;		/* see enum arm_sysreg_migrate */
	u16 enc;		/* ARM_SYSREG_ENC() */
	u16 slot;		/* enum arm_sysreg_slot, or ARM_SLOT_NONE */
	u16 flags;		/* ARM_SRF_* */
	u8 rd, wr;		/* enum arm_sysreg_access */
	u8 trap;		/* enum arm_sysreg_trap */
	u8 cls;			/* enum arm_sysreg_class */
	u8 handler;		/* enum arm_sysreg_handler */
	u8 feat;		/* enum arm_feature; ARM_FEAT_BASE: always there */
	u8 mig;			/* enum arm_sysreg_migrate */
};

/*
 * Slots of arm_state.sys[].  A numbered family (DBGBVR0.., PMEVCNTR0.., ICH_LR0..)
 * is consecutive: register n is at the first slot + n.
 */
enum arm_sysreg_slot {
#define ARM_SYSREG(name, op0, op1, crn, crm, op2, slot, rd, wr, trap, reset, wmask, cls, handler,  \
		   feat, flags, mig, migmask)                                                      \
	ARM_SLOT_##slot,
#define ARM_SYSREG_VIEW(...)
#define ARM_SYSREG_STATE(slot, reset, mig, migmask) ARM_SLOT_##slot,
#include "arm/sysreg.def"
	ARM_SYSREG_SLOTS,
	ARM_SLOT_NONE = 0xffff
};

/* One value per row; the order is the order of the rows. */
enum arm_sysreg {
#define ARM_SYSREG(name, op0, op1, crn, crm, op2, slot, rd, wr, trap, reset, wmask, cls, handler,  \
		   feat, flags, mig, migmask)                                                      \
	ARM_REG_##name,
#include "arm/sysreg.def"
	ARM_REGS
};

/* SYS, SYSL: AT, DC, IC, TLBI and implementation defined operations. */
enum arm_sysop {
#define ARM_SYSOP(name, asm_name, op0, op1, crn, crm, op2, el, xt, kind, trap, feat) ARM_OP_##name,
#include "arm/sysop.def"
	ARM_OPS
};

enum arm_sysop_kind {
	ARM_OPK_IC,		/* instruction cache */
	ARM_OPK_DC,		/* data cache by address */
	ARM_OPK_DC_SW,		/* data cache by set and way */
	ARM_OPK_DC_ZVA,		/* writes memory */
	ARM_OPK_AT,		/* result in PAR_EL1 */
	ARM_OPK_TLBI,
	ARM_OPK_IMPDEF,
};

struct arm_sysop_row {
	u16 enc;
	u8 el;			/* lowest EL */
	u8 xt;			/* 1: Xt is an operand; 0: Xt is 31 and ignored */
	u8 kind;		/* enum arm_sysop_kind */
	u8 trap;		/* enum arm_sysreg_trap */
	u8 feat;		/* enum arm_feature */
};

/*
 * Index of the row of an encoding (enum arm_sysreg), or -1: unallocated, the
 * access is UNDEFINED.  The feature of the row is the caller's to check.
 */
int arm_sysreg_index(u32 enc);
/* Row @reg, which must be below ARM_REGS. */
const struct arm_sysreg_row *arm_sysreg_row(enum arm_sysreg reg);
/* The row of an encoding, or NULL. */
const struct arm_sysreg_row *arm_sysreg_lookup(u32 enc);

/* Index of the row of a SYS/SYSL encoding (enum arm_sysop), or -1. */
int arm_sysop_index(u32 enc);
const struct arm_sysop_row *arm_sysop_row(enum arm_sysop op);

/*
 * Names for logs and debuggers, upper case ("TTBR0_EL1", "VAE1IS"); NULL for an
 * unallocated encoding.
 */
const char *arm_sysreg_name(u32 enc);
const char *arm_sysop_name(u32 enc);
/* The name of a slot: never NULL for slot < ARM_SYSREG_SLOTS. */
const char *arm_sysreg_slot_name(unsigned int slot);
/* Encoding of the register called @name in any case, or -ENOENT. */
int arm_sysreg_by_name(const char *name);

/* How migration treats a slot; every slot has exactly one owner. */
struct arm_sysreg_slot_row {
	u64 reset;
	u64 mig_mask;
	u16 reg;		/* enum arm_sysreg of the owning row, or ARM_REGS */
	u8 mig;			/* enum arm_sysreg_migrate */
};
const struct arm_sysreg_slot_row *arm_sysreg_slot_row(unsigned int slot);

/*
 * Whether a value @src of owning row @r may migrate to a vCPU that has @dst there
 * (before the state is loaded).  Returns the offending bits, 0: may.  IGNORE and
 * TRANSLATE never object.
 */
u64 arm_sysreg_migrate_bad(const struct arm_sysreg_row *r, u64 src, u64 dst);

/*
 * Cold reset: all of sys[], nothing else of @s.  The machine then sets MPIDR_EL1
 * and RVBAR (below), CNTFRQ_EL0 and, for Cortex-A57, L2CTLR_EL1 and CBAR_EL1.
 */
void arm_sysreg_reset(struct arm_state *s, const struct arm_cpu_model *m);

/*
 * What differs from vCPU to vCPU or machine to machine, after a reset.  VMPIDR_EL2
 * follows MPIDR_EL1; the reset address goes to the RVBAR of every EL.
 */
void arm_sysreg_set_mpidr(struct arm_state *s, u64 mpidr);
void arm_sysreg_set_rvbar(struct arm_state *s, u64 addr);

/* What a guest's write of @val leaves of @old in a row without handler. */
static inline u64 arm_sysreg_merge(const struct arm_sysreg_row *r, u64 old, u64 val)
{
	return (old & ~r->wmask) | (val & r->wmask);
}

#endif
