// SPDX-License-Identifier: GPL-2.0-only
/* cp14 and cp15 accesses that trap: the row of arm/sysreg32.def, then one of the few acts below. */
#include <linux/kernel.h>
#include <linux/printk.h>

#include "arm/cpu_model.h"
#include "arm/psr.h"
#include "arm/sysreg32.h"
#include "hyp/hyp.h"

#define HCR_VM (1u << 0)
#define HCR_SWIO (1u << 1)
#define HCR_FMO (1u << 3)
#define HCR_IMO (1u << 4)
#define HCR_AMO (1u << 5)
#define HCR_FB (1u << 9)
#define HCR_BSU_IS (1u << 10)
#define HCR_TWI (1u << 13)
#define HCR_TWE (1u << 14)
#define HCR_TID0 (1u << 15)
#define HCR_TID1 (1u << 16)
#define HCR_TID2 (1u << 17)
#define HCR_TID3 (1u << 18)
#define HCR_TSC (1u << 19)
#define HCR_TIDCP (1u << 20)
#define HCR_TAC (1u << 21)
#define HCR_TSW (1u << 22)
#define HCR_TVM (1u << 26)

/*
 * FB and BSU: what the guest means for its CPU must reach all of ours, for the
 * vCPU may have been elsewhere before.  TSW: set and way mean a cache that the
 * guest does not own.  TVM: until its caches are on, see sctlr_written().
 */
#define HCR_GUEST (HCR_VM | HCR_SWIO | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB | HCR_BSU_IS | HCR_TWI | \
		   HCR_TWE | HCR_TSC | HCR_TIDCP | HCR_TAC | HCR_TSW | HCR_TVM)
#define HSTR_T15 (1u << 15)
#define HSTR_TTEE (1u << 16)		/* ThumbEE's two registers are not switched: they trap, and are zero */

#define SCTLR_RESET 0x00c50078u		/* DDI 0406C B4.1.130 with the parts' RES1 bits */
#define SCTLR_CACHES 5u			/* M and C */
#define ACTLR_SMP (1u << 6)
#define L2CTLR_CPUS_SHIFT 24
#define L2CTLR_CPUS 3u

struct hyp_identity host_identity;
static const struct arm_cpu_model *model;

/* Where a switched register is kept: hyp_guest.cp15[value - 1]; 0: nowhere. */
static const u8 words[ARM_REGS32] = {
#define HYP_CP15(name) [ARM_REG32_##name] = HYP_CP15_##name + 1,
#define HYP_CP15_64(name) [ARM_REG32_##name] = HYP_CP15_##name + 1, [ARM_REG32_##name##_64] = HYP_CP15_##name + 1,
#include "hyp/arm/cp15_list.h"
	[ARM_REG32_ACTLR] = HYP_CP15_ACTLR + 1,
	[ARM_REG32_A15_L2CTLR] = HYP_CP15_L2CTLR + 1,
	[ARM_REG32_A7_L2CTLR] = HYP_CP15_L2CTLR + 1,
	[ARM_REG32_MPIDR] = HYP_CP15_MPIDR + 1,
};

static const u8 ids[ARM_REGS32] = {
#define HYP_ID(name, ...) [ARM_REG32_##name] = HYP_ID_##name + 1,
#include "hyp/id_list.h"
};

/* VMRS of a register by its number; written as the MRC that it is, for assemblers without a VFP. */
#define vmrs(n) ({                                                                                \
	u32 v_;                                                                                    \
	asm volatile("mrc p10, 7, %0, c" #n ", c0, 0" : "=r" (v_));                                \
	v_;                                                                                        \
})

static u32 read_ccsidr(u32 csselr)
{
	u32 v, old;

	asm volatile("mrc p15, 2, %0, c0, c0, 0" : "=r" (old));
	asm volatile("mcr p15, 2, %0, c0, c0, 0" : : "r" (csselr));
	isb();
	asm volatile("mrc p15, 1, %0, c0, c0, 0" : "=r" (v));
	asm volatile("mcr p15, 2, %0, c0, c0, 0" : : "r" (old));
	isb();
	return v;
}

/* Which caches CLIDR tells of (DDI 0406C B4.1.20): 3 bits a level, 0 ends. */
static void read_caches(struct hyp_identity *h)
{
	unsigned int level, type;

	for (level = 0; level < HYP_CCSIDRS / 2; level++) {
		type = h->id[HYP_ID_CLIDR] >> level * 3 & 7;
		if (!type)
			break;
		if (type & 6)		/* data, or unified */
			h->ccsidr_valid |= 1u << level * 2;
		if (type == 1 || type == 3)
			h->ccsidr_valid |= 2u << level * 2;
	}
	for (level = 0; level < HYP_CCSIDRS; level++)
		if (h->ccsidr_valid >> level & 1)
			h->ccsidr[level] = read_ccsidr(level);
}

void cp15_module_init(void)
{
	struct hyp_identity *h = &host_identity;
	unsigned long flags;

	local_irq_save(flags);
#define HYP_ID(name, crn, opc1, crm, opc2)                                                         \
	asm volatile("mrc p15, " #opc1 ", %0, c" #crn ", c" #crm ", " #opc2 : "=r" (h->id[HYP_ID_##name]));
#include "hyp/id_list.h"
	read_caches(h);
	local_irq_restore(flags);
	h->fpsid = vmrs(0);
	h->mvfr0 = vmrs(7);
	h->mvfr1 = vmrs(6);
	h->dregs = (h->mvfr0 & 15) == 2 ? 32 : 16;
	model = arm_cpu_model_find(low_target() == KVM_ARM_TARGET_CORTEX_A7 ? "cortex-a7" : "cortex-a15");
}

static u32 host_l2ctlr(void)
{
	u32 v;

	asm volatile("mrc p15, 1, %0, c9, c0, 2" : "=r" (v));
	return v;
}

void cp15_reset(struct hyp_vcpu *vcpu)
{
	struct hyp_guest *g = vcpu->guest;
	u32 l2 = host_l2ctlr() & ~(L2CTLR_CPUS << L2CTLR_CPUS_SHIFT);
	unsigned int i, cpus = vcpu->vm->vcpus;

	for (i = 0; i < HYP_CP15_SWITCHED; i++)
		g->cp15[i] = VAMBRACE_UNKNOWN;
	g->cp15[HYP_CP15_SCTLR] = SCTLR_RESET;
	g->cp15[HYP_CP15_CPACR] = 0;
	g->cp15[HYP_CP15_TTBCR] = 0;
	g->cp15[HYP_CP15_VBAR] = 0;
	g->cp15[HYP_CP15_CONTEXTIDR] = 0;
	g->cp15[HYP_CP15_CNTKCTL] = 0;
	g->cp15[HYP_CP15_ACTLR] = cpus > 1 ? ACTLR_SMP : 0;
	/* The field has two bits: what more than four CPUs there are, they learn elsewhere. */
	g->cp15[HYP_CP15_L2CTLR] = l2 | min(cpus - 1, L2CTLR_CPUS) << L2CTLR_CPUS_SHIFT;
	g->cp15[HYP_CP15_MPIDR] = vcpu_mpidr(vcpu->id);
	g->cp15[HYP_CP15_MIDR] = vcpu->vm->identity.id[HYP_ID_MIDR];
	g->hcr = HCR_GUEST;
	g->hstr = HSTR_T15 | HSTR_TTEE;
	cp15_identity_changed(vcpu);
}

void cp15_identity_changed(struct hyp_vcpu *vcpu)
{
	const struct hyp_identity *h = &vcpu->vm->identity;
	struct hyp_guest *g = vcpu->guest;

	g->cp15[HYP_CP15_MIDR] = h->id[HYP_ID_MIDR];
	g->hcr &= ~(HCR_TID0 | HCR_TID1 | HCR_TID2 | HCR_TID3);
	if (memcmp(h, &host_identity, sizeof(*h)))
		g->hcr |= HCR_TID0 | HCR_TID1 | HCR_TID2 | HCR_TID3;
}

/*
 * The guest's MMU or caches went on or off.  With them off it reads memory that we
 * see through our caches: clean what is there.  Once they are on, TVM need not trap.
 */
static void sctlr_written(struct hyp_vcpu *vcpu, u32 old)
{
	struct hyp_guest *g = vcpu->guest;
	bool was = (old & SCTLR_CACHES) == SCTLR_CACHES;
	bool is = (g->cp15[HYP_CP15_SCTLR] & SCTLR_CACHES) == SCTLR_CACHES;

	if (was != is)
		mmu_flush_vm(vcpu->vm);
	if (is)
		g->hcr &= ~HCR_TVM;
}

/* Set/way: all of the VM's memory, and again when the caches change (row 6). */
static void set_way(struct hyp_vcpu *vcpu)
{
	if (vcpu->guest->hcr & HCR_TVM)
		return;		/* it has been, and the caches are off */
	mmu_flush_vm(vcpu->vm);
	vcpu->guest->hcr |= HCR_TVM;
}

static u64 read_id(struct hyp_vcpu *vcpu, int reg)
{
	const struct hyp_identity *h = &vcpu->vm->identity;

	if (ids[reg])
		return h->id[ids[reg] - 1];
	switch (reg) {
	case ARM_REG32_FPSID:
		return h->fpsid;
	case ARM_REG32_MVFR0:
		return h->mvfr0;
	case ARM_REG32_MVFR1:
		return h->mvfr1;
	}
	return 0;
}

/* The generic timer's rows that can trap: the physical timer, and its counter. */
static const struct {
	u16 reg;
	enum hyp_timer_reg timer;
} timer_regs[] = {
	{ ARM_REG32_CNTP_TVAL, HYP_TIMER_TVAL },
	{ ARM_REG32_CNTP_CTL, HYP_TIMER_CTL },
	{ ARM_REG32_CNTP_CVAL, HYP_TIMER_CVAL },
	{ ARM_REG32_CNTPCT, HYP_TIMER_CNT },
};

static bool timer_access(struct hyp_vcpu *vcpu, int reg, bool read, u64 *val)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(timer_regs); i++) {
		if (timer_regs[i].reg != reg)
			continue;
		if (read)
			*val = vtimer_read(vcpu, true, timer_regs[i].timer);
		else
			vtimer_write(vcpu, true, timer_regs[i].timer, *val);
		return true;
	}
	return false;
}

static void read_reg(struct hyp_vcpu *vcpu, int reg, const struct arm_sysreg32_row *r, u64 *val)
{
	const u32 *cp15 = vcpu->guest->cp15;

	*val = 0;
	if (words[reg]) {
		*val = cp15[words[reg] - 1];
		if (r->enc & ARM_CP_64)
			*val |= (u64)cp15[words[reg]] << 32;
	} else if (reg == ARM_REG32_CCSIDR) {
		u32 sel = cp15[HYP_CP15_CSSELR];

		*val = sel < HYP_CCSIDRS ? vcpu->vm->identity.ccsidr[sel] : 0;
	} else if (r->cls == ARM_CLS_INVARIANT) {
		*val = read_id(vcpu, reg);
	} else {
		timer_access(vcpu, reg, true, val);
	}
}

/* EMULATED registers that are not below, and RAZ ones, ignore writes: PMU, debug, L2ECTLR, CBAR. */
static void write_reg(struct hyp_vcpu *vcpu, int reg, const struct arm_sysreg32_row *r, u64 val)
{
	u32 *cp15 = vcpu->guest->cp15, old;

	if (r->cls == ARM_CLS_SWITCHED && words[reg]) {
		old = cp15[words[reg] - 1];
		cp15[words[reg] - 1] = (u32)val;
		if (r->enc & ARM_CP_64)
			cp15[words[reg]] = (u32)(val >> 32);
		if (reg == ARM_REG32_SCTLR)
			sctlr_written(vcpu, old);
		return;
	}
	timer_access(vcpu, reg, false, &val);
}

static int cp15_operation(struct hyp_vcpu *vcpu, u32 enc, unsigned int pl)
{
	int op = arm_sysop32_index(model->features, enc);
	const struct arm_sysop32_row *r;

	if (op < 0)
		return -ENOENT;
	r = arm_sysop32_row(op);
	if (pl < r->pl)
		return -EPERM;
	if (r->kind == ARM_OPK_DC_SW)
		set_way(vcpu);
	return 0;
}

/* 0 and *val read or written, or -errno: the access is UNDEFINED. */
static int cp15_access(struct hyp_vcpu *vcpu, u32 enc, bool read, u64 *val)
{
	unsigned int pl = (vcpu->guest->core.cpsr & PSR_M_MASK) == PSR32_M_USR ? ARM_ACC_EL0 : ARM_ACC_EL1;
	int reg = arm_sysreg32_index(model->features, enc);
	const struct arm_sysreg32_row *r;

	if (reg < 0 || !arm_sysreg32_exists(arm_sysreg32_row(reg), model->features))
		return read ? -ENOENT : cp15_operation(vcpu, enc, pl);
	r = arm_sysreg32_row(reg);
	if (pl < (read ? r->rd : r->wr) || r->cls == ARM_CLS_ABSENT)
		return -EPERM;
	if (read)
		read_reg(vcpu, reg, r, val);
	else
		write_reg(vcpu, reg, r, *val);
	return 0;
}

int cp15_trap(struct hyp_vcpu *vcpu, u32 hsr)
{
	struct hyp_guest *g = vcpu->guest;
	unsigned int ec = hsr >> 26, rt = hsr >> 5 & 15, rt2 = hsr >> 10 & 15;
	/* EC (B3.13.6): 3 and 4 are cp15, 5 and 12 cp14, 8 is VMRS; 4 and 12 are 64 bits wide. */
	bool wide = ec == 0x04 || ec == 0x0c, read = hsr & 1;
	unsigned int cp = ec == 0x03 || ec == 0x04 ? 15 : ec == 0x08 ? 10 : 14;
	u32 enc;
	u64 val = 0;

	if (wide)
		enc = ARM_CP_ENC64(cp, hsr >> 16 & 15, hsr >> 1 & 15);
	else
		enc = ARM_CP_ENC(cp, hsr >> 14 & 7, hsr >> 10 & 15, hsr >> 1 & 15, hsr >> 17 & 7);
	if (!read) {
		val = *guest_reg(g, rt);
		if (wide)
			val |= (u64)*guest_reg(g, rt2) << 32;
	}
	if (cp15_access(vcpu, enc, read, &val)) {
		pr_debug_ratelimited("vambrace: vCPU %u at %08x: %s of cp%u encoding %05x is undefined\n",
				     vcpu->id, g->core.pc, read ? "read" : "write", cp, enc);
		inject_undef(vcpu);
		return 1;
	}
	if (read && rt == 15 && !wide) {
		/* VMRS APSR_nzcv and MRC to APSR: the flags (A8.8.108). */
		g->core.cpsr = (g->core.cpsr & ~PSR_NZCV) | ((u32)val & PSR_NZCV);
	} else if (read) {
		*guest_reg(g, rt) = (u32)val;
		if (wide)
			*guest_reg(g, rt2) = (u32)(val >> 32);
	}
	guest_skip(g, hsr);
	return 1;
}
