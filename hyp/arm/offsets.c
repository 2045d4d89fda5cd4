// SPDX-License-Identifier: GPL-2.0-only
/*
 * Offsets for the assembly of hyp/arm/ (Kbuild makes offsets.h of this file's
 * assembly output), and the build's check of what that assembly assumes.
 */
#include <linux/build_bug.h>
#include <linux/kbuild.h>
#include <linux/kernel.h>
#include <linux/stddef.h>

#include "arm/esr.h"
#include "hyp/arm/percpu.h"
#include "hyp/low.h"

/* cp15_list.h against arm/sysreg32.def: what it names is there... */
enum {
#define ARM_SYSREG32(name, ...) ROW_##name,
#include "arm/sysreg32.def"
#undef ARM_SYSREG32
};
static const int named[] = {
#define HYP_CP15(name) ROW_##name,
#define HYP_CP15_64(name) ROW_##name##_64,
#include "hyp/arm/cp15_list.h"
};

/* ... and each row of cp15 that is SWITCHED is in the list, or here with the reason. */
enum {
#define HYP_CP15(name) LISTED_##name,
#define HYP_CP15_64(name) LISTED_##name, LISTED_##name##_64,
#include "hyp/arm/cp15_list.h"
	LISTED_MPIDR,		/* by VMPIDR */
	LISTED_ISR,		/* shows HCR.VI, VF and VA */
	LISTED_ICC_PMR,		/* GICv3 only */
};
#define ROW_15_SWITCHED(name) LISTED_##name,
#define ROW_15_ABSENT(name)
#define ROW_15_DEMUXED(name)
#define ROW_15_EMULATED(name)
#define ROW_15_INVARIANT(name)
#define ROW_15_RAZ(name)
#define ROW_14_EMULATED(name)
#define ROW_14_INVARIANT(name)
#define ROW_14_RAZ(name)
#define ROW_14_SWITCHED(name)	/* debug registers trap, ThumbEE's by HSTR.TTEE */
#define ROW_10_INVARIANT(name)
#define ROW_10_SWITCHED(name)
static const int switched[] = {
#define ARM_SYSREG32(name, cp, o1, n, m, o2, width, slot, part, sec, a64, rd, wr, trap, reset, wmask, class, ...) \
	ROW_##cp##_##class(name)
#include "arm/sysreg32.def"
#undef ARM_SYSREG32
};

#define AT(reg, index) static_assert(HYP_CP15_##reg == (index))
#define GUEST(field) offsetof(struct hyp_guest, field)

/* The three groups of switch.S. */
AT(CSSELR, 0);
AT(SCTLR, 1);
AT(CPACR, 2);
AT(TTBR0, 3);
AT(TTBR1, 5);
AT(TTBCR, 7);
AT(DACR, 8);
AT(DFSR, 9);
AT(IFSR, 10);
AT(ADFSR, 11);
AT(AIFSR, 12);
AT(DFAR, 13);
AT(IFAR, 14);
AT(PAR, 15);
AT(PRRR, 17);
AT(NMRR, 18);
AT(AMAIR0, 19);
AT(AMAIR1, 20);
AT(VBAR, 21);
AT(CONTEXTIDR, 22);
AT(TPIDRURW, 23);
AT(TPIDRURO, 24);
AT(TPIDRPRW, 25);
AT(CNTKCTL, 26);
AT(SWITCHED, 27);
AT(MPIDR, 29);
AT(MIDR, 30);

static_assert(GUEST(core) == 0);
static_assert(sizeof_field(struct hyp_guest, core) == 38 * 4);
static_assert(GUEST(core.pc) == GUEST(core.r[14]) + 4 && GUEST(core.cpsr) == GUEST(core.pc) + 4);
static_assert(GUEST(core.fiq) == GUEST(core.svc) + 12 * 4);
static_assert(GUEST(vfp.fpexc) == GUEST(vfp.d) + 256 && GUEST(vfp.fpscr) == GUEST(vfp.fpexc) + 4);
static_assert(GUEST(hcr) == GUEST(vttbr) + 8 && GUEST(virq) == GUEST(vttbr) + 12);
static_assert(GUEST(hstr) == GUEST(vttbr) + 16 && GUEST(hcptr) == GUEST(vttbr) + 20);
static_assert(GUEST(cntvoff) == GUEST(vttbr) + 24);
static_assert(GUEST(cntv_ctl) == GUEST(cntv_cval) + 8);
static_assert(offsetof(struct hyp_cpu, host) == 0);
static_assert(offsetof(struct hyp_cpu, guest_vectors) == offsetof(struct hyp_cpu, hdcr_guest) + 4);
static_assert(sizeof_field(struct hyp_cpu, host) == (8 + 12 + 12) * 4);
static_assert(sizeof(struct hyp_fixed) == 9 * 4);
static_assert(offsetof(struct hyp_cpu, vfp.fpscr) == offsetof(struct hyp_cpu, vfp.d) + 256);

int main(void);
int main(void)
{
	DEFINE(HYP_EXIT_TRAP, HYP_EXIT_TRAP);
	DEFINE(HYP_EXIT_IRQ, HYP_EXIT_IRQ);
	DEFINE(HYP_EXIT_ABORT, HYP_EXIT_ABORT);
	DEFINE(VIRQ_VA, 1 << HCR_VA);
	DEFINE(ESR_EC_SHIFT, ESR_EC_SHIFT);
	DEFINE(EC_HVC32, EC_HVC32);
	BLANK();
	DEFINE(GUEST_SP, GUEST(core.r[13]));
	DEFINE(GUEST_LR, GUEST(core.r[14]));
	DEFINE(GUEST_PC, GUEST(core.pc));
	DEFINE(GUEST_SVC, GUEST(core.svc));
	DEFINE(GUEST_CP15, GUEST(cp15));
	DEFINE(GUEST_VFP, GUEST(vfp));
	DEFINE(GUEST_TIMER_USED, GUEST(timer_used));
	DEFINE(GUEST_VTTBR, GUEST(vttbr));
	DEFINE(GUEST_VIRQ, GUEST(virq));
	DEFINE(GUEST_HCPTR, GUEST(hcptr));
	DEFINE(GUEST_CNTV_CVAL, GUEST(cntv_cval));
	DEFINE(GUEST_HSR, GUEST(hsr));
	BLANK();
	DEFINE(CPU_HOST_ELR, offsetof(struct hyp_cpu, host.elr));
	DEFINE(CPU_HOST_LR_FIQ, offsetof(struct hyp_cpu, host.fiq[6]));
	DEFINE(CPU_FIXED, offsetof(struct hyp_cpu, fixed));
	DEFINE(CPU_CONFIG, offsetof(struct hyp_cpu, config));
	DEFINE(CPU_HDCR_GUEST, offsetof(struct hyp_cpu, hdcr_guest));
	DEFINE(CPU_HOST_VECTORS, offsetof(struct hyp_cpu, host_vectors));
	DEFINE(CPU_GUEST, offsetof(struct hyp_cpu, guest));
	DEFINE(CPU_HAS_VFP, offsetof(struct hyp_cpu, has_vfp));
	DEFINE(CPU_HAS_D32, offsetof(struct hyp_cpu, has_d32));
	DEFINE(CPU_FPEXC, offsetof(struct hyp_cpu, fpexc));
	DEFINE(CPU_VFP_LOADED, offsetof(struct hyp_cpu, vfp_loaded));
	DEFINE(CPU_SCRATCH, offsetof(struct hyp_cpu, scratch));
	DEFINE(CPU_VFP, offsetof(struct hyp_cpu, vfp));
	DEFINE(CPU_BACK, offsetof(struct hyp_cpu, back));
	DEFINE(CPU_PANIC, offsetof(struct hyp_cpu, panic));
	DEFINE(CPU_PANIC_R, offsetof(struct hyp_cpu, panic.r));
	/* Referred to, so that the checks above are made. */
	return ARRAY_SIZE(named) + ARRAY_SIZE(switched);
}
