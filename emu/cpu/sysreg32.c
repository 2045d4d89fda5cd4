/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MRC, MCR, MRRC, MCRR of cp14 and cp15: the rows of arm/sysreg32.def and
 * arm/sysop32.def, who may access them, and what is peculiar to AArch32.  A register
 * that is a view of an AArch64 one with a handler goes there (sysreg.c), so
 * timers, PMU and debug have one implementation.
 *
 * What may not be accessed is UNDEFINED.  Controls that disable an access from
 * PL0 make it UNDEFINED too where EL1 is AArch32, and trap it with the syndrome of
 * the instruction where EL1 is AArch64 (DDI 0487 G1.12).
 */
#include "arm/cpu_model.h"
#include "emu/cpu/cpu.h"
#include "emu/cpu/helpers.h"
#include "emu/run/tlb.h"

/* Bits of SCTLR that cached translations depend on. */
#define SCTLR32_TLB_MASK                                                                           \
	(SCTLR_M | SCTLR_WXN | SCTLR32_UWXN | SCTLR_EE | SCTLR32_TRE | SCTLR32_AFE)
#define SCTLR_CP15BEN ARM_BIT(5)
#define TEECR_XED ARM_BIT(0)
#define NSACR_NO_EL3 0xc00	/* DDI 0487 G8.2: cp10 and cp11 are not reserved for Secure state */
#define OSLAR_KEY 0xc5acce55u
/* DBGDSCR: what MDSCR_EL1 holds of it (with MOE), what DBGDSCRint shows of that, and what is added. */
#define DSCR_EXT 0x6ce0d07cu
#define DSCR_INT 0x6000903cu
#define DSCR_NS ARM_BIT(18)
#define L2CTLR_CPUS_SHIFT 24
#define L2CTLR_CPUS (3ULL << L2CTLR_CPUS_SHIFT)

/* An access in progress. */
struct access {
	const struct arm_sysreg32_row *r;
	enum arm_sysreg32 reg;
	u32 enc;
	bool undef;
};

/* ---- access checks ---- */

static void undefined(struct emu_vcpu *v, u32 enc, bool read)
{
	int reg = arm_sysreg32_index(cpu_features(v->vm), enc);

	if (vcpu_logs(v, EMU_LOG_UNIMP))
		emu_log(v->vm, "unimp: cpu%u PL%u %s %s (p%u,%u,c%u,c%u,%u) at %llx\n", v->index, cpu_el(v),
			enc & ARM_CP_64 ? (read ? "mrrc" : "mcrr") : read ? "mrc" : "mcr",
			reg < 0 ? "unallocated" : arm_sysreg32_name((enum arm_sysreg32)reg), ARM_CP_CP(enc),
			ARM_CP_OPC1(enc), ARM_CP_CRN(enc), ARM_CP_CRM(enc), ARM_CP_OPC2(enc),
			(unsigned long long)v->st.pc);
	vcpu_raise_undef(v);
}

static void trap(struct emu_vcpu *v, u32 enc, u32 info, bool read)
{
	unsigned int cond = ARM_CP_INFO_COND(info), rt = ARM_CP_INFO_RT(info);
	bool cp14 = ARM_CP_CP(enc) == 14;

	if (cpu_el1_a32(v))
		undefined(v, enc, read);
	else if (enc & ARM_CP_64)
		vcpu_raise(v, cp14 ? EC_CP14_64 : EC_CP15_64,
			   iss_cp64(cond, ARM_CP_OPC1(enc), ARM_CP_CRM(enc), rt, ARM_CP_INFO_RT2(info), read));
	else
		vcpu_raise(v, cp14 ? EC_CP14_32 : EC_CP15_32,
			   iss_cp32(cond, ARM_CP_OPC1(enc), ARM_CP_CRN(enc), ARM_CP_CRM(enc),
				    ARM_CP_OPC2(enc), rt, read));
}

/* False after an exception was raised. */
static bool check_trap(struct emu_vcpu *v, unsigned int control, u32 enc, u32 info, bool read)
{
	bool ok = true;

	if (control == ARM_TRAP32_XED)
		ok = cpu_el(v) || !(v->st.sys[ARM_SLOT_TEECR] & TEECR_XED);
	else if (control == ARM_TRAP32_CP15BEN)
		ok = cpu_sctlr(v) & SCTLR_CP15BEN;
	if (!ok) {
		undefined(v, enc, read);
		return false;
	}
	if (cpu_el(v) || cpu_el0_permitted(v, control, read))
		return true;
	trap(v, enc, info, read);
	return false;
}

/* Fill @a and return true if the access may proceed, else an exception was raised. */
static bool begin(struct emu_vcpu *v, struct access *a, u32 enc, u32 info, bool read)
{
	u64 features = cpu_features(v->vm);
	int reg = arm_sysreg32_index(features, enc);
	const struct arm_sysreg32_row *r = reg < 0 ? NULL : arm_sysreg32_row((enum arm_sysreg32)reg);

	*a = (struct access){ .r = r, .reg = (enum arm_sysreg32)reg, .enc = enc };
	if (!r || !arm_sysreg32_exists(r, features) || cpu_el(v) < (read ? r->rd : r->wr)) {
		undefined(v, enc, read);
		return false;
	}
	/* VMRS and VMSR have their own checks. */
	return r->handler == ARM_HND32_VFP || check_trap(v, r->trap, enc, info, read);
}

/* ---- values ---- */

/* A value that the model fixes, for the levels that this engine has. */
static u64 model_value(const struct emu_vcpu *v, enum arm_sysreg32 reg)
{
	struct arm_cpu_model m = *v->vm->cfg.model;

	m.features = cpu_features(v->vm);
	return arm_cpu_model_value32(&m, reg);
}

/* DBGBXVRn exists where breakpoint n matches contexts. */
static bool bxvr_exists(const struct emu_vcpu *v, const struct arm_sysreg32_row *r)
{
	const struct arm_cpu_model *m = v->vm->cfg.model;
	unsigned int n = r->slot - ARM_SLOT_DBGBVR0_EL1;

	return n < m->breakpoints && n + m->ctx_breakpoints >= m->breakpoints;
}

static u64 read_dscr(const struct emu_vcpu *v, bool ext)
{
	return (v->st.sys[ARM_SLOT_MDSCR_EL1] & (ext ? DSCR_EXT : DSCR_INT)) | DSCR_NS;
}

/* The cores of a cluster are counted as far as the field goes. */
static u64 read_l2ctlr(const struct emu_vcpu *v, u64 val)
{
	unsigned int last = v->vm->cfg.cpus - 1;

	return (val & ~L2CTLR_CPUS) | (u64)(last < 3 ? last : 3) << L2CTLR_CPUS_SHIFT;
}

static u64 read_of(struct emu_vcpu *v, struct access *a)
{
	const struct arm_sysreg32_row *r = a->r;
	u64 val = cpu_row_read(v, arm_sysreg_row((enum arm_sysreg)r->of), &a->undef);

	if (r->slot == ARM_SLOT_NONE)
		return a->enc & ARM_CP_64 ? val : (u32)val;
	return arm_part_get((enum arm_part)r->part, val);
}

static u64 do_read(struct emu_vcpu *v, struct access *a)
{
	const struct arm_sysreg32_row *r = a->r;
	u64 val = arm_sysreg32_read_slot(&v->st, r);

	switch (r->handler) {
	case ARM_HND32_OF:
		return read_of(v, a);
	case ARM_HND32_CONST:
	case ARM_HND32_DBGDIDR:
		return model_value(v, a->reg);
	case ARM_HND32_VFP:
		return helper_vmrs(v, ARM_CP_CRN(a->enc), 0, 0);
	case ARM_HND32_NSACR:
		return NSACR_NO_EL3;
	case ARM_HND32_L2CTLR:
		return read_l2ctlr(v, val);
	case ARM_HND32_DBGDSCR:
		return read_dscr(v, a->reg == ARM_REG32_DBGDSCREXT);
	case ARM_HND32_DBGBXVR:
		a->undef = !bxvr_exists(v, r);
		return val;
	}
	return val;
}

/* ---- effects ---- */

static void regime_written(struct emu_vcpu *v, u64 changed, bool flush)
{
	static const struct tlb_inval all = { .scope = TLB_ALL, .el = 1 };

	if (!changed)
		return;
	v->regime_changed = true;
	if (flush)
		tlb_invalidate(v, &all);
}

/* Through the AArch64 register: its own mask and effects, but only this one's bits. */
static void write_of(struct emu_vcpu *v, struct access *a, u64 val)
{
	const struct arm_sysreg32_row *r = a->r;
	const struct arm_sysreg_row *of = arm_sysreg_row((enum arm_sysreg)r->of);
	enum arm_part part = (enum arm_part)r->part;
	u64 old;

	if (r->slot == ARM_SLOT_NONE) {
		val = arm_sysreg32_merge(v->vm->cfg.model, a->reg, 0, val);
	} else {
		/* The half of a counter that stays is the present one. */
		old = r->of == ARM_REG_PMCCNTR_EL0 ? cpu_row_read(v, of, &a->undef) : v->st.sys[r->slot];
		val = arm_sysreg32_merge(v->vm->cfg.model, a->reg, arm_part_get(part, old), val);
		val = arm_part_set(part, old, val);
	}
	cpu_row_write(v, of, val, &a->undef);
}

static void write_debug(struct emu_vcpu *v, struct access *a, u64 val)
{
	const struct arm_sysreg32_row *r = a->r;
	u64 old = v->st.sys[r->slot];

	switch (r->handler) {
	case ARM_HND32_DBGDSCR:
		/* What software owns while the OS lock is clear, the AArch64 register knows. */
		cpu_row_write(v, arm_sysreg_row(ARM_REG_MDSCR_EL1),
			      (old & ~r->wmask) | (val & r->wmask), &a->undef);
		return;
	case ARM_HND32_DBGOSLAR:
		cpu_row_write(v, arm_sysreg_row(ARM_REG_OSLAR_EL1), (u32)val == OSLAR_KEY, &a->undef);
		return;
	case ARM_HND32_DBGBXVR:
		a->undef = !bxvr_exists(v, r);
		if (!a->undef)
			write_of(v, a, val);
		return;
	}
}

/* Plain storage and what a change of it means. */
static void write_plain(struct emu_vcpu *v, const struct access *a, u64 val)
{
	u64 old = arm_sysreg32_read_slot(&v->st, a->r), changed;

	val = arm_sysreg32_merge(v->vm->cfg.model, a->reg, old, val);
	changed = old ^ val;
	arm_sysreg32_write_slot(&v->st, a->r, val);
	switch (a->r->handler) {
	case ARM_HND32_SCTLR:
		regime_written(v, changed, changed & SCTLR32_TLB_MASK);
		return;
	case ARM_HND32_TTBCR:
	case ARM_HND32_MAIR:
		regime_written(v, changed, true);
		return;
	/* Part of the context of translations: nothing is flushed. */
	case ARM_HND32_TTBR:
	case ARM_HND32_DACR:
	case ARM_HND32_CONTEXTIDR:
		regime_written(v, changed, false);
		return;
	}
}

static void do_write(struct emu_vcpu *v, struct access *a, u64 val)
{
	switch (a->r->handler) {
	case ARM_HND32_OF:
		write_of(v, a, val);
		return;
	case ARM_HND32_VFP:
		helper_vmsr(v, ARM_CP_CRN(a->enc), val, 0);
		return;
	case ARM_HND32_DBGDSCR:
	case ARM_HND32_DBGOSLAR:
	case ARM_HND32_DBGBXVR:
		write_debug(v, a, val);
		return;
	}
	write_plain(v, a, val);
}

/* ---- MRC, MCR ---- */

u64 helper_mrc(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	struct access acc;
	u64 val;

	(void)c;
	if (!begin(v, &acc, (u32)a, (u32)b, true))
		return 0;
	val = do_read(v, &acc);
	if (acc.undef)
		undefined(v, (u32)a, true);
	return val;
}

static bool write_op(struct emu_vcpu *v, u32 enc, u32 rt, u32 info)
{
	u64 features = cpu_features(v->vm) | ARM_FEAT_BIT(ARM_FEAT_BASE);
	int op = arm_sysop32_index(features, enc);
	const struct arm_sysop32_row *r;

	if (op < 0)
		return false;
	r = arm_sysop32_row((enum arm_sysop32)op);
	if (!arm_has(features, (enum arm_feature)r->feat) || cpu_el(v) < r->pl)
		undefined(v, enc, false);
	else if (check_trap(v, r->trap, enc, info, false))
		sysop32_execute(v, r, rt);
	return true;
}

u64 helper_mcr(struct emu_vcpu *v, u64 a, u64 b, u64 c)
{
	struct access acc;

	if (write_op(v, (u32)a, (u32)b, (u32)c) || !begin(v, &acc, (u32)a, (u32)c, false))
		return 0;
	do_write(v, &acc, (u32)a & ARM_CP_64 ? b : (u32)b);
	if (acc.undef)
		undefined(v, (u32)a, false);
	return 0;
}
