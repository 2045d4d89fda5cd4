// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's registers by mode, its conditions, and exceptions that it gets from
 * us as if its own CPU had taken them (DDI 0406C B1.8, B1.9).
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "arm/esr.h"
#include "arm/fsr.h"
#include "arm/psr.h"
#include "hyp/hyp.h"

/* Words of struct kvm_arm32_core, as KVM_REG_ARM_CORE numbers them. */
enum {
	CORE_PC = 15,
	CORE_CPSR = 16,
	CORE_SVC = 18,		/* sp, lr, spsr */
	CORE_ABT = 21,
	CORE_UND = 24,
	CORE_IRQ = 27,
	CORE_FIQ = 30,		/* r8..r12, sp, lr, spsr */
};

#define SCTLR_V (1u << 13)
#define SCTLR_EE (1u << 25)
#define SCTLR_TE (1u << 30)
#define TTBCR_LPAE (1u << 31)

enum vector {
	VECTOR_UNDEF = 0x04,
	VECTOR_PABT = 0x0c,
	VECTOR_DABT = 0x10,
};

static u32 *core(struct hyp_guest *g)
{
	return (u32 *)&g->core;
}

/* The first of a mode's banked sp, lr, spsr; 0: it uses the common ones. */
static unsigned int bank(u32 cpsr)
{
	switch (cpsr & PSR_M_MASK) {
	case PSR32_M_SVC:
		return CORE_SVC;
	case PSR32_M_ABT:
		return CORE_ABT;
	case PSR32_M_UND:
		return CORE_UND;
	case PSR32_M_IRQ:
		return CORE_IRQ;
	case PSR32_M_FIQ:
		return CORE_FIQ + 5;
	}
	return 0;
}

u32 *guest_reg(struct hyp_guest *g, unsigned int reg)
{
	u32 *r = core(g), cpsr = r[CORE_CPSR];
	unsigned int b;

	if (reg < 8)
		return &r[reg];
	b = bank(cpsr);
	if (reg <= 12 && (cpsr & PSR_M_MASK) == PSR32_M_FIQ)
		return &r[CORE_FIQ + reg - 8];
	if (b && (reg == 13 || reg == 14))
		return &r[b + reg - 13];
	return &r[reg & 15];
}

u32 *guest_spsr(struct hyp_guest *g)
{
	unsigned int b = bank(core(g)[CORE_CPSR]);

	return b ? &core(g)[b + 2] : NULL;
}

/* ARM DDI 0406C A8.3: bit n of a row is set if the condition holds with NZCV == n. */
static const u16 cond_table[16] = {
	0xf0f0, 0x0f0f, 0xcccc, 0x3333, 0xff00, 0x00ff, 0xaaaa, 0x5555,
	0x0c0c, 0xf3f3, 0xaa55, 0x55aa, 0x0a05, 0xf5fa, 0xffff, 0xffff,
};

bool guest_cond_holds(const struct hyp_guest *g, u32 hsr)
{
	u32 cpsr = ((const u32 *)&g->core)[CORE_CPSR];
	unsigned int cond = 14, it = psr32_it(cpsr);

	/* Traps that cannot be conditional have EC 0b10xxxx or 0; all others have CV and COND (B3.13.6). */
	if (hsr >> 30 || !(hsr >> 26))
		return true;
	if (hsr & ISS_CV)
		cond = hsr >> ISS_COND_SHIFT & 15;
	else if (it)
		cond = it >> 4;
	return cond_table[cond] >> (cpsr >> 28) & 1;
}

void guest_skip(struct hyp_guest *g, u32 hsr)
{
	u32 *r = core(g);
	unsigned int it = psr32_it(r[CORE_CPSR]);

	r[CORE_PC] += esr_il(hsr) ? 4 : 2;
	if (!it || !(r[CORE_CPSR] & PSR32_T))
		return;
	/* A2.5.2: the next instruction's condition moves up; the last one ends the block. */
	it = it & 7 ? (it & 0xe0) | (it << 1 & 0x1f) : 0;
	r[CORE_CPSR] = psr32_set_it(r[CORE_CPSR], it);
}

static void enter(struct hyp_guest *g, u32 mode, enum vector vector, u32 ret)
{
	u32 *r = core(g), old = r[CORE_CPSR], sctlr = g->cp15[HYP_CP15_SCTLR], new;

	new = (old & ~(PSR_M_MASK | PSR32_IT | PSR32_T | PSR32_J | PSR32_E)) | mode | PSR_I;
	if (mode != PSR32_M_UND)
		new |= PSR_A;
	if (sctlr & SCTLR_TE)
		new |= PSR32_T;
	if (sctlr & SCTLR_EE)
		new |= PSR32_E;
	r[CORE_CPSR] = new;
	*guest_spsr(g) = old;
	*guest_reg(g, 14) = ret;
	r[CORE_PC] = (sctlr & SCTLR_V ? 0xffff0000 : g->cp15[HYP_CP15_VBAR]) + vector;
}

void inject_undef(struct hyp_vcpu *vcpu)
{
	struct hyp_guest *g = vcpu->guest;
	u32 *r = core(g);

	enter(g, PSR32_M_UND, VECTOR_UNDEF, r[CORE_PC] + (r[CORE_CPSR] & PSR32_T ? 2 : 4));
}

static void data_abort(struct hyp_guest *g, u32 addr, u32 fsc)
{
	/* User space may inject one at any exit: only an access has a direction. */
	u32 iss = esr_ec(g->hsr) == EC_DABT_LOWER ? g->hsr & (ISS_ABT_WNR | ISS_ABT_CM) : 0;

	g->cp15[HYP_CP15_DFAR] = addr;
	g->cp15[HYP_CP15_DFSR] = fsr_of_iss(g->cp15[HYP_CP15_TTBCR] & TTBCR_LPAE, iss | fsc, 0);
	enter(g, PSR32_M_ABT, VECTOR_DABT, core(g)[CORE_PC] + 8);
}

static void prefetch_abort(struct hyp_guest *g, u32 addr, u32 fsc)
{
	g->cp15[HYP_CP15_IFAR] = addr;
	g->cp15[HYP_CP15_IFSR] = fsr_make(g->cp15[HYP_CP15_TTBCR] & TTBCR_LPAE, fsc, 0, 0);
	enter(g, PSR32_M_ABT, VECTOR_PABT, core(g)[CORE_PC] + 4);
}

/* External aborts, synchronous: what a bus answers where nothing is (B3.13.4). */
void inject_dabt(struct hyp_vcpu *vcpu, u32 addr)
{
	data_abort(vcpu->guest, addr, FSC_SYNC_EXTERNAL);
}

void inject_pabt(struct hyp_vcpu *vcpu, u32 addr)
{
	prefetch_abort(vcpu->guest, addr, FSC_SYNC_EXTERNAL);
}

void inject_walk_abort(struct hyp_vcpu *vcpu, u32 addr, u64 ipa)
{
	u32 fsc = esr_fsc(FSC_EXTERNAL_WALK, stage1_level(vcpu, addr, ipa));

	if (esr_ec(vcpu->guest->hsr) == EC_IABT_LOWER)
		prefetch_abort(vcpu->guest, addr, fsc);
	else
		data_abort(vcpu->guest, addr, fsc);
}

void inject_serror(struct hyp_vcpu *vcpu)
{
	vcpu->guest->virq |= 1u << HCR_VA;	/* taken when CPSR.A lets it */
}
