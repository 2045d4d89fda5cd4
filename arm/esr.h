/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exception syndromes: ESR_EL1/2/3 (DDI 0487 D17.2.37-39) and the ARMv7 HSR
 * (DDI 0406C B3.13.6), which is its bits 31:0 with the same fields.
 */
#ifndef ARM_ESR_H
#define ARM_ESR_H

#include "arm/base.h"

#define ESR_EC_SHIFT 26
#define ESR_IL (1u << 25)	/* the trapped instruction is 32 bits long */
#define ESR_ISS_MASK 0x1ffffffu

/* Exception classes; "lower" = from a lower EL, "same" = without a change. */
enum esr_ec {
	EC_UNKNOWN		= 0x00,
	EC_WFX			= 0x01,
	EC_CP15_32		= 0x03,	/* MCR/MRC, coproc 15 (AArch32) */
	EC_CP15_64		= 0x04,	/* MCRR/MRRC, coproc 15 */
	EC_CP14_32		= 0x05,
	EC_CP14_LDC		= 0x06,	/* LDC/STC to DBGDTR */
	EC_FP_ACCESS		= 0x07,	/* SVE, Advanced SIMD or FP disabled */
	EC_VMRS_ID		= 0x08,	/* VMRS of an ID register (HCR.TID0) */
	EC_PAUTH		= 0x09,
	EC_CP14_64		= 0x0c,
	EC_BTI			= 0x0d,
	EC_ILLEGAL_STATE	= 0x0e,
	EC_SVC32		= 0x11,
	EC_HVC32		= 0x12,
	EC_SMC32		= 0x13,
	EC_SVC64		= 0x15,
	EC_HVC64		= 0x16,
	EC_SMC64		= 0x17,
	EC_SYS64		= 0x18,	/* MSR, MRS, SYS, SYSL (AArch64) */
	EC_SVE			= 0x19,
	EC_ERET			= 0x1a,
	EC_FPAC			= 0x1c,
	EC_IABT_LOWER		= 0x20,
	EC_IABT_SAME		= 0x21,
	EC_PC_ALIGN		= 0x22,
	EC_DABT_LOWER		= 0x24,
	EC_DABT_SAME		= 0x25,
	EC_SP_ALIGN		= 0x26,
	EC_MOPS			= 0x27,
	EC_FP_EXC32		= 0x28,
	EC_FP_EXC64		= 0x2c,
	EC_SERROR		= 0x2f,
	EC_BREAKPOINT_LOWER	= 0x30,
	EC_BREAKPOINT_SAME	= 0x31,
	EC_STEP_LOWER		= 0x32,
	EC_STEP_SAME		= 0x33,
	EC_WATCHPOINT_LOWER	= 0x34,
	EC_WATCHPOINT_SAME	= 0x35,
	EC_BKPT32		= 0x38,
	EC_VECTOR_CATCH32	= 0x3a,
	EC_BRK64		= 0x3c,
};

static inline u32 esr_make(enum esr_ec ec, bool il, u32 iss)
{
	return (u32)ec << ESR_EC_SHIFT | (il ? ESR_IL : 0) | (iss & ESR_ISS_MASK);
}

static inline enum esr_ec esr_ec(u32 esr)
{
	return (enum esr_ec)(esr >> ESR_EC_SHIFT);
}

static inline u32 esr_iss(u32 esr)
{
	return esr & ESR_ISS_MASK;
}

static inline bool esr_il(u32 esr)
{
	return esr & ESR_IL;
}

/*
 * Fault status, DFSC and IFSC alike (D17.2.37, "ISS encoding for an exception
 * from a Data Abort").  The four families below take a level 0..3 in their low
 * bits: use esr_fsc().  The AArch32 long-descriptor DFSR/IFSR.STATUS is the
 * same code.
 */
enum esr_fsc {
	FSC_ADDRESS_SIZE	= 0x00,	/* + level */
	FSC_TRANSLATION		= 0x04,	/* + level */
	FSC_ACCESS_FLAG		= 0x08,	/* + level */
	FSC_PERMISSION		= 0x0c,	/* + level */
	FSC_SYNC_EXTERNAL	= 0x10,
	FSC_TAG_CHECK		= 0x11,
	FSC_EXTERNAL_WALK	= 0x14,	/* + level */
	FSC_PARITY		= 0x18,
	FSC_PARITY_WALK		= 0x1c,	/* + level */
	FSC_ALIGNMENT		= 0x21,
	FSC_DEBUG		= 0x22,	/* breakpoint, watchpoint, step */
	FSC_TLB_CONFLICT	= 0x30,
	FSC_UNSUPPORTED_HWUPDATE = 0x31,
	FSC_LOCKDOWN		= 0x34,
	FSC_UNSUPPORTED_ATOMIC	= 0x35,
};

#define FSC_MASK 0x3fu

static inline u32 esr_fsc(enum esr_fsc family, unsigned int level)
{
	return (u32)family | (level & 3);
}

/* The family of a code that carries a level: one of FSC_{ADDRESS_SIZE..PERMISSION}. */
static inline enum esr_fsc esr_fsc_family(u32 fsc)
{
	return (enum esr_fsc)(fsc & 0x3c);
}

static inline unsigned int esr_fsc_level(u32 fsc)
{
	return fsc & 3;
}

/* Data and instruction abort ISS.  Instruction aborts have FNV, EA, S1PTW, IFSC only. */
#define ISS_ABT_ISV (1u << 24)		/* bits 23:14 are valid */
#define ISS_ABT_SAS_SHIFT 22		/* log2 of the size in bytes, 0..3 */
#define ISS_ABT_SSE (1u << 21)		/* sign-extending load */
#define ISS_ABT_SRT_SHIFT 16		/* register number, 31 = XZR */
#define ISS_ABT_SF (1u << 15)		/* 64-bit register */
#define ISS_ABT_AR (1u << 14)		/* acquire or release */
#define ISS_ABT_FNV (1u << 10)		/* FAR is not valid */
#define ISS_ABT_EA (1u << 9)
#define ISS_ABT_CM (1u << 8)		/* cache maintenance or address translation */
#define ISS_ABT_S1PTW (1u << 7)		/* stage-2 fault on a stage-1 walk */
#define ISS_ABT_WNR (1u << 6)

static inline u32 iss_abort_access(unsigned int sas, bool sign_extend,
				   unsigned int srt, bool sf, bool ar)
{
	return ISS_ABT_ISV | (sas & 3) << ISS_ABT_SAS_SHIFT |
	       (sign_extend ? ISS_ABT_SSE : 0) |
	       (srt & 31) << ISS_ABT_SRT_SHIFT | (sf ? ISS_ABT_SF : 0) |
	       (ar ? ISS_ABT_AR : 0);
}

static inline unsigned int iss_abort_sas(u32 iss)
{
	return (iss >> ISS_ABT_SAS_SHIFT) & 3;
}

static inline unsigned int iss_abort_srt(u32 iss)
{
	return (iss >> ISS_ABT_SRT_SHIFT) & 31;
}

/*
 * An abort without access description (stage 1 never has one): @flags out of
 * ISS_ABT_{FNV,EA,CM,S1PTW,WNR}, @fsc from esr_fsc().  D17.2.37: IL is 1 for
 * all data aborts with ISV == 0 and for all instruction aborts.
 */
static inline u32 esr_data_abort(bool same_el, u32 flags, u32 fsc)
{
	return esr_make(same_el ? EC_DABT_SAME : EC_DABT_LOWER, true,
			flags | (fsc & FSC_MASK));
}

static inline u32 esr_inst_abort(bool same_el, u32 flags, u32 fsc)
{
	flags &= ISS_ABT_FNV | ISS_ABT_EA | ISS_ABT_S1PTW;
	return esr_make(same_el ? EC_IABT_SAME : EC_IABT_LOWER, true,
			flags | (fsc & FSC_MASK));
}

/* EC_SYS64: MSR, MRS, SYS, SYSL. */
#define ISS_SYS_READ 1u			/* MRS or SYSL */
#define ISS_SYS_CRM_SHIFT 1
#define ISS_SYS_RT_SHIFT 5
#define ISS_SYS_CRN_SHIFT 10
#define ISS_SYS_OP1_SHIFT 14
#define ISS_SYS_OP2_SHIFT 17
#define ISS_SYS_OP0_SHIFT 20
/* Everything but Rt and the direction: equal for accesses to one register. */
#define ISS_SYS_REG_MASK 0x3ffc1eu

static inline u32 iss_sys(unsigned int op0, unsigned int op1, unsigned int crn,
			  unsigned int crm, unsigned int op2, unsigned int rt,
			  bool read)
{
	return (op0 & 3) << ISS_SYS_OP0_SHIFT | (op2 & 7) << ISS_SYS_OP2_SHIFT |
	       (op1 & 7) << ISS_SYS_OP1_SHIFT | (crn & 15) << ISS_SYS_CRN_SHIFT |
	       (rt & 31) << ISS_SYS_RT_SHIFT | (crm & 15) << ISS_SYS_CRM_SHIFT |
	       (read ? ISS_SYS_READ : 0);
}

static inline u32 esr_sys(unsigned int op0, unsigned int op1, unsigned int crn,
			  unsigned int crm, unsigned int op2, unsigned int rt,
			  bool read)
{
	return esr_make(EC_SYS64, true, iss_sys(op0, op1, crn, crm, op2, rt, read));
}

static inline unsigned int iss_sys_op0(u32 iss)
{
	return (iss >> ISS_SYS_OP0_SHIFT) & 3;
}

static inline unsigned int iss_sys_op1(u32 iss)
{
	return (iss >> ISS_SYS_OP1_SHIFT) & 7;
}

static inline unsigned int iss_sys_op2(u32 iss)
{
	return (iss >> ISS_SYS_OP2_SHIFT) & 7;
}

static inline unsigned int iss_sys_crn(u32 iss)
{
	return (iss >> ISS_SYS_CRN_SHIFT) & 15;
}

static inline unsigned int iss_sys_crm(u32 iss)
{
	return (iss >> ISS_SYS_CRM_SHIFT) & 15;
}

/* Also right for the Rt of EC_CP15_32, EC_CP15_64, EC_CP14_32, EC_CP14_64. */
static inline unsigned int iss_sys_rt(u32 iss)
{
	return (iss >> ISS_SYS_RT_SHIFT) & 31;
}

static inline bool iss_sys_is_read(u32 iss)
{
	return iss & ISS_SYS_READ;
}

/*
 * Condition field of every syndrome of a conditional instruction.  From
 * AArch64 CV is 1 and COND is 0xe (always).
 */
#define ISS_CV (1u << 24)
#define ISS_COND_SHIFT 20
#define ISS_COND_ALWAYS (ISS_CV | 0xeu << ISS_COND_SHIFT)

static inline u32 iss_cond(unsigned int cond)
{
	return ISS_CV | (cond & 15) << ISS_COND_SHIFT;
}

/* EC_CP15_32, EC_CP14_32 (and EC_VMRS_ID with the ID register in crn). */
static inline u32 iss_cp32(unsigned int cond, unsigned int opc1, unsigned int crn,
			   unsigned int crm, unsigned int opc2, unsigned int rt,
			   bool read)
{
	return iss_cond(cond) | (opc2 & 7) << 17 | (opc1 & 7) << 14 |
	       (crn & 15) << 10 | (rt & 31) << 5 | (crm & 15) << 1 | read;
}

/* EC_CP15_64, EC_CP14_64. */
static inline u32 iss_cp64(unsigned int cond, unsigned int opc1, unsigned int crm,
			   unsigned int rt, unsigned int rt2, bool read)
{
	return iss_cond(cond) | (opc1 & 15) << 16 | (rt2 & 31) << 10 |
	       (rt & 31) << 5 | (crm & 15) << 1 | read;
}

static inline unsigned int iss_cp64_rt2(u32 iss)
{
	return (iss >> 10) & 31;
}

/* EC_WFX: which instruction.  RN and RV (bits 9:5 and 2) are for WFET/WFIT only. */
enum iss_wfx_ti {
	ISS_WFX_WFI,
	ISS_WFX_WFE,
	ISS_WFX_WFIT,
	ISS_WFX_WFET,
};

static inline u32 esr_wfx(enum iss_wfx_ti ti)
{
	return esr_make(EC_WFX, true, ISS_COND_ALWAYS | ti);
}

/* EC_FP_ACCESS from AArch64.  AArch32 adds ISS_FP_TA and a coprocessor number. */
#define ISS_FP_TA (1u << 5)		/* Advanced SIMD, trapped by HCPTR.TASE */

static inline u32 esr_fp_access(void)
{
	return esr_make(EC_FP_ACCESS, true, ISS_COND_ALWAYS);
}

/* SVC, HVC, SMC of either state and BRK/BKPT carry a 16-bit immediate. */
#define ISS_IMM16_MASK 0xffffu

static inline u32 esr_imm16(enum esr_ec ec, bool il, u32 imm)
{
	return esr_make(ec, il, imm & ISS_IMM16_MASK);
}

/* No ISS, IL is 1: EC_UNKNOWN, EC_ILLEGAL_STATE, EC_PC_ALIGN, EC_SP_ALIGN. */
static inline u32 esr_plain(enum esr_ec ec)
{
	return esr_make(ec, true, 0);
}

/* EC_FP_EXC64: the trapped exceptions, with TFV saying that they are known. */
#define ISS_FPE_TFV (1u << 23)
#define ISS_FPE_IDF (1u << 7)
#define ISS_FPE_IXF (1u << 4)
#define ISS_FPE_UFF (1u << 3)
#define ISS_FPE_OFF (1u << 2)
#define ISS_FPE_DZF (1u << 1)
#define ISS_FPE_IOF (1u << 0)
#define ISS_FPE_VECITR (7u << 8)	/* RES1 without a vector iteration */

/* EC_SERROR: IDS = the rest is IMPLEMENTATION DEFINED. */
#define ISS_SERROR_IDS (1u << 24)

/* EC_BREAKPOINT, EC_VECTOR_CATCH32: the code only. */
static inline u32 esr_breakpoint(bool same_el)
{
	return esr_make(same_el ? EC_BREAKPOINT_SAME : EC_BREAKPOINT_LOWER, true,
			FSC_DEBUG);
}

/* EC_STEP: ISV says whether EX (a load-exclusive was stepped) is known. */
#define ISS_STEP_ISV (1u << 24)
#define ISS_STEP_EX (1u << 6)

static inline u32 esr_step(bool same_el, bool valid, bool exclusive)
{
	return esr_make(same_el ? EC_STEP_SAME : EC_STEP_LOWER, true,
			(valid ? ISS_STEP_ISV : 0) |
			(valid && exclusive ? ISS_STEP_EX : 0) | FSC_DEBUG);
}

/* EC_WATCHPOINT: CM and WnR are those of an abort. */
static inline u32 esr_watchpoint(bool same_el, bool cache_op, bool write)
{
	return esr_make(same_el ? EC_WATCHPOINT_SAME : EC_WATCHPOINT_LOWER, true,
			(cache_op ? ISS_ABT_CM : 0) |
			(write ? ISS_ABT_WNR : 0) | FSC_DEBUG);
}

#endif
