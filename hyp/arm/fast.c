// SPDX-License-Identifier: GPL-2.0-only
/*
 * What HYP does with an exit before the kernel sees it.  Runs in HYP mode, while the
 * guest's system registers are loaded: it may use guest, HYP's own registers and the
 * module's leaf functions, nothing of the kernel's (hyp/low.h).  It is worth it where
 * the answer takes fewer instructions than the world switch.
 */
#include <linux/compiler.h>
#include <linux/types.h>

#include "arm/fsr.h"
#include "arm/psci.h"
#include "arm/psr.h"
#include "hyp/arm/percpu.h"
#include "hyp/low.h"

/* Of HYP's fault registers: opc2 0: HDFAR, 2: HIFAR, 4: HPFAR. */
#define fault_reg(opc2)                                                         \
	({                                                                      \
		u32 v_;                                                         \
		asm volatile("mrc p15, 4, %0, c6, c0, " #opc2 : "=r"(v_));      \
		v_;                                                             \
	})

/* HSR.ISS of a trapped MCR or MRC (DDI 0406C B3.13.6), less condition and register. */
#define CP15_ISS(opc1, crn, crm, opc2, read) ((opc2) << 17 | (opc1) << 14 | (crn) << 10 | (crm) << 1 | (read))
#define CP15_ISS_MASK CP15_ISS(7, 15, 15, 7, 1)
#define ISS_ALWAYS 0x1e			/* bits 24:20: CV, and condition AL */

#define PAR_F (1u << 0)
#define PAR_SS (1u << 1)
#define PAR_LPAE (1u << 11)

bool (*hyp_fast_dist)(struct hyp_guest *g, u32 offset, unsigned int len, bool write, u32 *val);

static inline u32 guest_psr(void)
{
	u32 v;

	asm volatile("mrs %0, spsr" : "=r"(v));
	return v;
}

/* Over an instruction that is not in an IT block. */
static inline void skip(u32 hsr)
{
	u32 pc;

	asm volatile(".arch_extension virt\n\tmrs %0, elr_hyp" : "=r"(pc));
	pc += hsr & 1u << 25 ? 4 : 2;
	asm volatile(".arch_extension virt\n\tmsr elr_hyp, %0" : : "r"(pc));
}

/* The instruction's register, if it is one of those that lie in core.r[] now: r0-r12. */
static inline bool reg_here(unsigned int rt, u32 psr)
{
	return rt <= ((psr & PSR_M_MASK) == PSR32_M_FIQ ? 7 : 12);
}

/*
 * Each kind of exit is a function of its own, so that one does not pay for another's
 * stack frame.
 */
static noinline u32 done(struct hyp_guest *g)
{
	g->fast_exits++;
	return HYP_FAST_RESUME;
}

/* These ids only read what is constant once the VM runs. */
static noinline u32 fast_psci(struct hyp_guest *g)
{
	struct psci_call call = { .arg = { g->core.r[0], g->core.r[1] }, .aarch32 = true };

	psci_call((struct psci *)g->psci, 0, &call);
	g->core.r[0] = (u32)call.ret[0];
	return done(g);
}

static noinline u32 fast_hvc(struct hyp_guest *g, u32 hsr)
{
	if ((u16)hsr || !g->psci)
		return HYP_FAST_KERNEL;
	switch (g->core.r[0]) {
	case PSCI_FN_VERSION:
		g->core.r[0] = g->psci->version;
		return done(g);
	case SMCCC_FN_VERSION:
		g->core.r[0] = SMCCC_VERSION_1_1;
		return done(g);
	case PSCI_FN_FEATURES:
	case SMCCC_FN_ARCH_FEATURES:
		return fast_psci(g);
	}
	return HYP_FAST_KERNEL;
}

static noinline u32 fast_cp15(struct hyp_guest *g, u32 hsr)
{
	u32 psr = guest_psr();
	unsigned int rt = hsr >> 5 & 15;

	if ((hsr >> 20 & 0x1f) != ISS_ALWAYS || psr & PSR32_IT || !reg_here(rt, psr))
		return HYP_FAST_KERNEL;
	switch (hsr & CP15_ISS_MASK) {
	case CP15_ISS(0, 1, 0, 1, 1):
		g->core.r[rt] = g->cp15[HYP_CP15_ACTLR];
		break;
	case CP15_ISS(1, 9, 0, 2, 1):
		g->core.r[rt] = g->cp15[HYP_CP15_L2CTLR];
		break;
	default:
		return HYP_FAST_KERNEL;
	}
	skip(hsr);
	return done(g);
}

/*
 * Where the guest's stage 1 maps @va now, by its own walk; its PAR is kept.
 * HYP_NO_IPA: nowhere.
 */
static u64 translate(u32 va)
{
	u64 saved, par;

	asm volatile("mrrc p15, 0, %Q0, %R0, c7" : "=r"(saved));
	asm volatile("mcr p15, 0, %0, c7, c8, 0\n\tisb" : : "r"(va));	/* ATS1CPR */
	asm volatile("mrrc p15, 0, %Q0, %R0, c7" : "=r"(par));
	asm volatile("mcrr p15, 0, %Q0, %R0, c7" : : "r"(saved));
	if (par & PAR_F)
		return HYP_NO_IPA;
	if (par & PAR_LPAE)
		return (par & 0xfffffff000ULL) | (va & 0xfff);
	if (par & PAR_SS)		/* a supersection: PA[39:32] at 23:16 */
		return ((u64)(u32)par << 8 >> 24 & 0xff) << 32 | ((u32)par & 0xff000000) | (va & 0xffffff);
	return ((u32)par & 0xfffff000) | (va & 0xfff);
}

/* For the kernel half to read the instruction that made the access. */
static void find_insn(struct hyp_guest *g)
{
	u32 pc;

	asm volatile(".arch_extension virt\n\tmrs %0, elr_hyp" : "=r"(pc));
	g->insn_ipa[0] = translate(pc);
	g->insn_ipa[1] = (pc & 0xfff) == 0xffe ? translate(pc + 2) : HYP_NO_IPA;
}

static u32 fast_mmio(struct hyp_guest *g, u32 hsr)
{
	u32 psr = guest_psr();
	unsigned int rt = iss_abort_srt(hsr) & 15, len = 1u << iss_abort_sas(hsr);
	bool write = hsr & ISS_ABT_WNR;
	u32 val;

	if (!hyp_fast_dist || hsr & (ISS_ABT_SSE | ISS_ABT_S1PTW) || len > 4 ||
	    psr & (PSR32_IT | PSR32_E) || !reg_here(rt, psr))
		return HYP_FAST_KERNEL;
	val = g->core.r[rt];
	if (!hyp_fast_dist(g, g->hxfar & 0xfff, len, write, &val))
		return HYP_FAST_KERNEL;
	if (!write)
		g->core.r[rt] = val;
	skip(hsr);
	return done(g);
}

/* Permission faults leave HPFAR alone (DDI 0406C B3.13.8).  Where stage 1 has changed, let it fault anew. */
static noinline u32 permission(struct hyp_guest *g)
{
	u64 ipa = translate(g->hxfar);

	if (ipa == HYP_NO_IPA)
		return HYP_FAST_RESUME;
	g->hpfar = (u32)(ipa >> 12) << 4;
	return HYP_FAST_KERNEL;
}

static noinline u32 guest_abort(struct hyp_guest *g, u32 hsr)
{
	u32 fsc = hsr & FSC_MASK;

	g->hpfar = fault_reg(4);
	if (esr_ec(hsr) == EC_IABT_LOWER) {
		g->hxfar = fault_reg(2);
	} else {
		if (fsc == FSC_ASYNC_EXTERNAL || fsc == FSC_ASYNC_PARITY)
			return HYP_FAST_ABORT;
		g->hxfar = fault_reg(0);
		if (!(hsr & ISS_ABT_ISV))
			find_insn(g);
		else if (esr_fsc_family(fsc) == FSC_TRANSLATION && g->hpfar == g->dist_hpfar)
			return fast_mmio(g, hsr);
	}
	if (esr_fsc_family(fsc) == FSC_PERMISSION && !(hsr & ISS_ABT_S1PTW))
		return permission(g);
	return HYP_FAST_KERNEL;
}

u32 hyp_fast(struct hyp_guest *g, u32 hsr)
{
	g->hsr = hsr;
	switch (esr_ec(hsr)) {
	case EC_HVC32:
		return fast_hvc(g, hsr);
	case EC_CP15_32:
		return fast_cp15(g, hsr);
	case EC_IABT_LOWER:
	case EC_DABT_LOWER:
		return guest_abort(g, hsr);
	case EC_FP_ACCESS:
		return HYP_FAST_VFP;
	default:
		return HYP_FAST_KERNEL;
	}
}
