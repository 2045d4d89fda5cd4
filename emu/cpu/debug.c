/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Self-hosted debug (DDI 0487 D2, and G2 for AArch32): software step, breakpoints,
 * watchpoints, the OS lock.  There is no external debugger: its channel is always
 * empty.  Vector catch is not implemented.
 */
#include "arm/cpu_model.h"
#include "emu/cpu/cpu.h"
#include "emu/cpu/helpers.h"
#include "emu/run/tlb.h"

#define OSLSR_OSLK ARM_BIT(1)
#define OSDLR_DLK ARM_BIT(0)
#define CLAIM_TAGS 0xffULL

/* DBGBCR, DBGWCR */
#define DBGCR_E ARM_BIT(0)
#define DBGCR_EL1 ARM_BIT(1)	/* PMC/PAC: EL1 */
#define DBGCR_EL0 ARM_BIT(2)
#define DBGCR_SSC(cr) arm_bits(cr, 15, 14)
#define DBGCR_LBN(cr) ((unsigned int)arm_bits(cr, 19, 16))
#define DBGBCR_BT(cr) arm_bits(cr, 23, 20)
#define DBGBCR_BAS(cr) ((unsigned int)arm_bits(cr, 8, 5))
#define DBGCR_PMC(cr) arm_bits(cr, 2, 1)
#define DBGWCR_LOAD ARM_BIT(3)
#define DBGWCR_STORE ARM_BIT(4)
#define DBGWCR_BAS(cr) ((unsigned int)arm_bits(cr, 12, 5))
#define DBGWCR_WT ARM_BIT(20)
#define DBGWCR_MASK(cr) ((unsigned int)arm_bits(cr, 28, 24))

enum {
	BT_ADDRESS, BT_ADDRESS_LINKED, BT_CONTEXT, BT_CONTEXT_LINKED,
	BT_MISMATCH, BT_MISMATCH_LINKED,	/* where EL1 is AArch32: any address but this one */
};

/* ---- when ---- */

bool debug_enabled_from(const struct emu_vcpu *v, u32 pstate)
{
	const u64 *sys = v->st.sys;

	if ((sys[ARM_SLOT_OSLSR_EL1] & OSLSR_OSLK) ||
	    ((sys[ARM_SLOT_OSDLR_EL1] & OSDLR_DLK) && !(sys[ARM_SLOT_DBGPRCR_EL1] & 1)))
		return false;
	/* AArch32 EL1 has no control of its own over itself (G2.2.4). */
	if (psr_el(pstate) == 0 || psr_is_a32(pstate))
		return true;
	return (sys[ARM_SLOT_MDSCR_EL1] & MDSCR_KDE) && !(pstate & PSR_D);
}

bool debug_step_active(const struct emu_vcpu *v)
{
	/* DBGDSCR, as AArch32 calls it, has HALTED in the place of SS. */
	return !cpu_el1_a32(v) && (v->st.sys[ARM_SLOT_MDSCR_EL1] & MDSCR_SS) &&
	       debug_enabled_from(v, v->st.pstate);
}

u32 debug_return_ss(const struct emu_vcpu *v, u32 spsr)
{
	if (!(v->st.sys[ARM_SLOT_MDSCR_EL1] & MDSCR_SS) || !(spsr & PSR_SS))
		return 0;
	return !debug_enabled_from(v, v->st.pstate) && debug_enabled_from(v, spsr) ? PSR_SS : 0;
}

/* The level and security filter of a control register; the PE is Non-secure. */
static bool level_matches(u64 cr, unsigned int el)
{
	return (cr & DBGCR_E) && (cr & (el ? DBGCR_EL1 : DBGCR_EL0)) && DBGCR_SSC(cr) != 2;
}

/* The same for a breakpoint: in AArch32 a PMC of 0 is User, System and Supervisor mode (G2.9.3). */
static bool mode_matches(const struct emu_vcpu *v, u64 cr)
{
	u32 m = v->st.pstate & PSR_M_MASK;

	if (!cpu_is_a32(v) || DBGCR_PMC(cr))
		return level_matches(cr, cpu_el(v));
	return (cr & DBGCR_E) && DBGCR_SSC(cr) != 2 &&
	       (m == PSR32_M_USR || m == PSR32_M_SYS || m == PSR32_M_SVC);
}

/* ---- breakpoints ---- */

static u64 bcr(const struct emu_vcpu *v, unsigned int n)
{
	return v->st.sys[ARM_SLOT_DBGBCR0_EL1 + n];
}

static u64 bvr(const struct emu_vcpu *v, unsigned int n)
{
	return v->st.sys[ARM_SLOT_DBGBVR0_EL1 + n];
}

static bool context_matches(const struct emu_vcpu *v, unsigned int n)
{
	return (u32)bvr(v, n) == (u32)v->st.sys[ARM_SLOT_CONTEXTIDR_EL1];
}

/* The linked breakpoint must be one that matches contexts, and be made for linking. */
static bool link_matches(const struct emu_vcpu *v, unsigned int n)
{
	const struct arm_cpu_model *m = v->vm->cfg.model;

	return n < m->breakpoints && n + m->ctx_breakpoints >= m->breakpoints &&
	       (bcr(v, n) & DBGCR_E) && DBGBCR_BT(bcr(v, n)) == BT_CONTEXT_LINKED &&
	       context_matches(v, n);
}

/* In AArch32 BAS says which of a word's halves an instruction must begin at. */
static bool address_matches(const struct emu_vcpu *v, unsigned int n, u64 pc)
{
	if (!cpu_is_a32(v))
		return !((bvr(v, n) ^ pc) & ARM_MASK(48, 2));
	return !((bvr(v, n) ^ pc) & ARM_MASK(31, 2)) && (DBGBCR_BAS(bcr(v, n)) >> (pc & 2) & 1);
}

static bool breakpoint_matches(const struct emu_vcpu *v, unsigned int n, u64 pc)
{
	u64 cr = bcr(v, n);

	if (!mode_matches(v, cr))
		return false;
	switch (DBGBCR_BT(cr)) {
	case BT_ADDRESS_LINKED:
		return link_matches(v, DBGCR_LBN(cr)) && address_matches(v, n, pc);
	case BT_ADDRESS:
		return address_matches(v, n, pc);
	case BT_MISMATCH_LINKED:
		return cpu_el1_a32(v) && link_matches(v, DBGCR_LBN(cr)) && !address_matches(v, n, pc);
	case BT_MISMATCH:
		return cpu_el1_a32(v) && !address_matches(v, n, pc);
	case BT_CONTEXT:
		return context_matches(v, n);
	}
	return false;
}

static bool breakpoints_active(const struct emu_vcpu *v)
{
	unsigned int n;

	if (!(v->st.sys[ARM_SLOT_MDSCR_EL1] & MDSCR_MDE) || !debug_enabled_from(v, v->st.pstate))
		return false;
	for (n = 0; n < v->vm->cfg.model->breakpoints; n++) {
		if (mode_matches(v, bcr(v, n)))
			return true;
	}
	return false;
}

/* Kept, because it is asked at each dispatch and 32-bit kernels enable the monitor for good. */
void debug_derive(struct emu_vcpu *v)
{
	unsigned int n;

	v->breakpoints = false;
	for (n = 0; n < v->vm->cfg.model->breakpoints; n++)
		v->breakpoints |= bcr(v, n) & DBGCR_E;
}

bool debug_armed(const struct emu_vcpu *v)
{
	u64 mdscr = v->st.sys[ARM_SLOT_MDSCR_EL1];

	return (mdscr & MDSCR_SS) || ((mdscr & MDSCR_MDE) && v->breakpoints);
}

bool debug_step_mode(const struct emu_vcpu *v)
{
	return debug_armed(v) && (debug_step_active(v) || breakpoints_active(v));
}

static void raise_step(struct emu_vcpu *v, bool executed)
{
	/*
	 * The exception return before the step left the monitor open, so if it
	 * is set the stepped instruction was a load-exclusive.
	 */
	u32 esr = esr_step(cpu_el(v) == 1, executed, v->excl_size != 0);

	vcpu_raise(v, esr_ec(esr), esr_iss(esr));
}

bool cpu_step_begin(struct emu_vcpu *v)
{
	unsigned int n;

	if (debug_step_active(v) && !(v->st.pstate & PSR_SS)) {
		raise_step(v, false);
		return true;
	}
	if (!breakpoints_active(v))
		return false;
	for (n = 0; n < v->vm->cfg.model->breakpoints; n++) {
		if (breakpoint_matches(v, n, v->st.pc)) {
			u32 esr = esr_breakpoint(cpu_el(v) == 1);

			vcpu_raise(v, esr_ec(esr), esr_iss(esr));
			return true;
		}
	}
	return false;
}

u64 helper_step_done(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	(void)c;
	v->st.pc = a;
	if (debug_step_active(v) && (v->st.pstate & PSR_SS)) {
		v->st.pstate &= ~PSR_SS;
		raise_step(v, true);
		v->exc.it = (u8)b;
		v->exc.it_valid = true;
	}
	return 0;
}

/* ---- watchpoints ---- */

/* The first byte of [va, va + len) that watchpoint @n selects, or false. */
static bool watch_hit(const struct emu_vcpu *v, unsigned int n, u64 va, u64 len, u64 *hit)
{
	u64 cr = v->st.sys[ARM_SLOT_DBGWCR0_EL1 + n], base = v->st.sys[ARM_SLOT_DBGWVR0_EL1 + n];
	unsigned int mask = DBGWCR_MASK(cr), bas = DBGWCR_BAS(cr), b;
	u64 size, first;

	va = (u64)arm_sext(va, 56);
	if (mask >= 3) {
		size = ARM_BIT(mask);
		base &= ~(size - 1);
		first = va > base ? va : base;
		*hit = first;
		return first - base < size && first - va < len;
	}
	if (base & 4)
		bas &= 0xf;
	for (b = 0; b < 8; b++) {
		if (!(bas >> b & 1) || base + b - va >= len)
			continue;
		*hit = base + b;
		return true;
	}
	return false;
}

bool debug_watched(const struct emu_vcpu *v, u64 va, u64 len)
{
	unsigned int n;
	u64 hit;

	if (!(v->st.sys[ARM_SLOT_MDSCR_EL1] & MDSCR_MDE))
		return false;
	for (n = 0; n < v->vm->cfg.model->watchpoints; n++) {
		if ((v->st.sys[ARM_SLOT_DBGWCR0_EL1 + n] & DBGCR_E) && watch_hit(v, n, va, len, &hit))
			return true;
	}
	return false;
}

bool cpu_watchpoint(struct emu_vcpu *v, u64 va, u64 len, bool write, unsigned int el)
{
	const u64 *sys = v->st.sys;
	unsigned int n;
	u64 hit;

	if (!(sys[ARM_SLOT_MDSCR_EL1] & MDSCR_MDE) || !debug_enabled_from(v, v->st.pstate))
		return false;
	for (n = 0; n < v->vm->cfg.model->watchpoints; n++) {
		u64 cr = sys[ARM_SLOT_DBGWCR0_EL1 + n];
		u32 esr;

		if (!level_matches(cr, el) || !(cr & (write ? DBGWCR_STORE : DBGWCR_LOAD)) ||
		    !watch_hit(v, n, va, len, &hit) ||
		    ((cr & DBGWCR_WT) && !link_matches(v, DBGCR_LBN(cr))))
			continue;
		esr = esr_watchpoint(cpu_el(v) == 1, false, write);
		vcpu_raise_far(v, esr_ec(esr), esr_iss(esr), va + (hit - (u64)arm_sext(va, 56)));
		return true;
	}
	return false;
}

/* What is cached for direct access depends on where watchpoints are. */
static void watch_changed(struct emu_vcpu *v)
{
	static const struct tlb_inval all = { .scope = TLB_ALL, .el = 1 };

	tlb_invalidate(v, &all);
}

static bool watch_enabled(const struct emu_vcpu *v)
{
	unsigned int n;

	for (n = 0; n < v->vm->cfg.model->watchpoints; n++) {
		if (v->st.sys[ARM_SLOT_DBGWCR0_EL1 + n] & DBGCR_E)
			return true;
	}
	return false;
}

/* ---- registers ---- */

/* Breakpoint or watchpoint registers past the model's number are UNDEFINED. */
static bool exists(const struct emu_vcpu *v, const struct arm_sysreg_row *r)
{
	const struct arm_cpu_model *m = v->vm->cfg.model;
	unsigned int s = r->slot;

	if (r->handler == ARM_HND_DBGBP)
		return s - (s >= ARM_SLOT_DBGBCR0_EL1 ? ARM_SLOT_DBGBCR0_EL1 : ARM_SLOT_DBGBVR0_EL1) <
		       m->breakpoints;
	return s - (s >= ARM_SLOT_DBGWCR0_EL1 ? ARM_SLOT_DBGWCR0_EL1 : ARM_SLOT_DBGWVR0_EL1) <
	       m->watchpoints;
}

u64 debug_read(struct emu_vcpu *v, const struct arm_sysreg_row *r, bool *undef)
{
	u64 *sys = v->st.sys;

	switch (r->handler) {
	case ARM_HND_MDSCR:
	case ARM_HND_OSDTRRX:
	case ARM_HND_OSDTRTX:
	case ARM_HND_DBGCLAIMCLR:
		return sys[r->slot];
	case ARM_HND_MDCCSR:
	case ARM_HND_DBGDTR:
	case ARM_HND_DBGDTR_RXTX:
		return 0;
	case ARM_HND_DBGCLAIMSET:
		return CLAIM_TAGS;
	case ARM_HND_DBGBP:
	case ARM_HND_DBGWP:
		*undef = !exists(v, r);
		return sys[r->slot];
	}
	*undef = true;
	return 0;
}

/* With the OS lock clear only the bits that software owns can be written. */
static void write_mdscr(struct emu_vcpu *v, const struct arm_sysreg_row *r, u64 val)
{
	u64 *mdscr = &v->st.sys[r->slot], old = *mdscr, mask = r->wmask;

	if (!(v->st.sys[ARM_SLOT_OSLSR_EL1] & OSLSR_OSLK))
		mask &= MDSCR_SS | MDSCR_TDCC | MDSCR_KDE | MDSCR_MDE;
	*mdscr = (old & ~mask) | (val & mask);
	if (((old ^ *mdscr) & MDSCR_MDE) && watch_enabled(v))
		watch_changed(v);
}

static void write_watchpoint(struct emu_vcpu *v, const struct arm_sysreg_row *r, u64 val)
{
	u64 *reg = &v->st.sys[r->slot], old = *reg;

	*reg = arm_sysreg_merge(r, old, val);
	if (*reg != old && (v->st.sys[ARM_SLOT_MDSCR_EL1] & MDSCR_MDE))
		watch_changed(v);
}

void debug_write(struct emu_vcpu *v, const struct arm_sysreg_row *r, u64 val, bool *undef)
{
	u64 *sys = v->st.sys;

	switch (r->handler) {
	case ARM_HND_MDSCR:
		write_mdscr(v, r, val);
		return;
	case ARM_HND_OSLAR:
		sys[ARM_SLOT_OSLSR_EL1] = (sys[ARM_SLOT_OSLSR_EL1] & ~OSLSR_OSLK) |
					  (val & 1 ? OSLSR_OSLK : 0);
		return;
	case ARM_HND_OSDTRRX:
	case ARM_HND_OSDTRTX:
		sys[r->slot] = arm_sysreg_merge(r, sys[r->slot], val);
		return;
	case ARM_HND_DBGDTR:
	case ARM_HND_DBGDTR_RXTX:
		return;
	case ARM_HND_DBGCLAIMSET:
		sys[r->slot] |= val & CLAIM_TAGS;
		return;
	case ARM_HND_DBGCLAIMCLR:
		sys[r->slot] &= ~(val & CLAIM_TAGS);
		return;
	case ARM_HND_DBGBP:
		*undef = !exists(v, r);
		if (!*undef)
			sys[r->slot] = arm_sysreg_merge(r, sys[r->slot], val);
		debug_derive(v);
		return;
	case ARM_HND_DBGWP:
		*undef = !exists(v, r);
		if (!*undef)
			write_watchpoint(v, r, val);
		return;
	}
	*undef = true;
}
