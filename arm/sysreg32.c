/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is derived from arm/sysreg32.def and arm/sysop32.def; as arm/sysreg.c, with
 * one difference: an encoding of a CPU's own registers counts per CPU, so the
 * lookup has a key of encoding and CPU.  A duplicate key does not compile.
 */
#include "arm/cpu_model.h"
#include "arm/sysreg32.h"

/* Which CPU's rows: 0 is the architecture. */
#define GROUP(feat)                                                                                \
	((feat) == ARM_FEAT_IMPDEF_A57 ? 1u :                                                      \
	 (feat) == ARM_FEAT_IMPDEF_A15 ? 2u :                                                      \
	 (feat) == ARM_FEAT_IMPDEF_A7  ? 3u :                                                      \
					 0u)
#define KEY(feat, enc) ((enc) | GROUP(feat) << 20)
_Static_assert(ARM_CP_ENCS == 1u << 20, "the CPU stands above the encoding");

#define ENC(cp, opc1, crn, crm, opc2, width)                                                       \
	(ARM_CP_ENC(cp, opc1, crn, crm, opc2) | ((width) == 64 ? ARM_CP_64 : 0))

/* So that the column "of" may be NONE. */
#define ARM_REG_NONE ARM_REGS
#define ARM_OP_NONE ARM_OPS
#define ARM_HND32_NONE ARM_HND_NONE

/* Traps of both tables by their column's name. */
enum {
#define T(name) TRAP_##name = ARM_TRAP_##name
	T(NONE), T(FP), T(TID1), T(TID2), T(TID3), T(TACR), T(VM), T(TIDCP), T(CPACR), T(TPU), T(TPC),
	T(TSW), T(TTLB), T(CNT_FRQ), T(CNT_PCT), T(CNT_VCT), T(CNT_PTIMER), T(CNT_VTIMER), T(PMU),
	T(PMU_PMCR), T(PMU_ER), T(PMU_SEL), T(PMU_CR), T(PMU_SW), T(PMU_TPM), T(DCC), T(TDA), T(TDOSA),
	T(ICC_COMMON), T(ICC_DIR), T(ICC_SGI), T(ICC_G0), T(ICC_G1), T(ICC_SRE1),
#undef T
	TRAP_XED = ARM_TRAP32_XED,
	TRAP_CP15BEN = ARM_TRAP32_CP15BEN,
};

/* Likewise the kinds of operations. */
enum {
	KIND_IC = ARM_OPK_IC,
	KIND_DC = ARM_OPK_DC,
	KIND_DC_SW = ARM_OPK_DC_SW,
	KIND_AT = ARM_OPK_AT,
	KIND_TLBI = ARM_OPK_TLBI,
	KIND_IMPDEF = ARM_OPK_IMPDEF,
	KIND_BP = ARM_OPK32_BP,
	KIND_BARRIER = ARM_OPK32_BARRIER,
	KIND_NOP = ARM_OPK32_NOP,
};

static const struct arm_sysreg32_row rows[] = {
#define ARM_SYSREG32(name, cp, opc1, cn, cm, opc2, width, slot_, part_, sslot_, of_, rd_, wr_,     \
		     trap_, reset_, wmask_, cls_, hnd_, feat_, flags_)                             \
	{                                                                                          \
		.reset = reset_,                                                                   \
		.wmask = wmask_,                                                                   \
		.enc = ENC(cp, opc1, cn, cm, opc2, width),                                         \
		.slot = ARM_SLOT_##slot_,                                                          \
		.sslot = ARM_SLOT_##sslot_,                                                        \
		.of = ARM_REG_##of_,                                                               \
		.flags = flags_,                                                                   \
		.part = ARM_PART_##part_,                                                          \
		.rd = ARM_ACC_##rd_,                                                               \
		.wr = ARM_ACC_##wr_,                                                               \
		.trap = TRAP_##trap_,                                                              \
		.cls = ARM_CLS_##cls_,                                                             \
		.handler = ARM_HND32_##hnd_,                                                       \
		.feat = ARM_FEAT_##feat_,                                                          \
	},
#include "arm/sysreg32.def"
};

static const struct arm_sysop32_row ops[] = {
#define ARM_SYSOP32(name, cp, opc1, cn, cm, opc2, pl_, kind_, op_, trap_, feat_)                   \
	{                                                                                          \
		.enc = ARM_CP_ENC(cp, opc1, cn, cm, opc2),                                         \
		.op = ARM_OP_##op_,                                                                \
		.pl = ARM_ACC_##pl_,                                                               \
		.kind = KIND_##kind_,                                                              \
		.trap = TRAP_##trap_,                                                              \
		.feat = ARM_FEAT_##feat_,                                                          \
	},
#include "arm/sysop32.def"
};

/* Every field is in its range; a 64-bit one has no CRn and opc2, and a part that fits. */
#define ARM_SYSREG32(name, cp, opc1, cn, cm, opc2, width, ...)                                     \
	_Static_assert((cp == 10 || cp == 14 || cp == 15) && cn < 16 && cm < 16 && opc2 < 8 &&     \
			       ((width == 32 && opc1 < 8) ||                                       \
				(width == 64 && opc1 < 16 && !cn && !opc2)),                       \
		       #name);
#include "arm/sysreg32.def"
#define ARM_SYSOP32(name, cp, opc1, cn, cm, opc2, ...)                                             \
	_Static_assert(cp == 15 && opc1 < 8 && cn < 16 && cm < 16 && opc2 < 8, #name);
#include "arm/sysop32.def"
_Static_assert(ARM_HNDS32 < 256 && ARM_TRAPS32 < 256, "a row keeps them in a byte");
_Static_assert(ARM_ARRAY_SIZE(rows) == ARM_REGS32 && ARM_ARRAY_SIZE(ops) == ARM_OPS32, "in order");

/* Names as in arm/sysreg.c: no pointers. */
static const struct {
#define ARM_SYSREG32(name, ...) char n_##name[sizeof(#name)];
#include "arm/sysreg32.def"
} reg_names = {
#define ARM_SYSREG32(name, ...) .n_##name = #name,
#include "arm/sysreg32.def"
};

static const u16 reg_name_at[] = {
#define ARM_SYSREG32(name, ...) offsetof(__typeof__(reg_names), n_##name),
#include "arm/sysreg32.def"
};

static const struct {
#define ARM_SYSOP32(name, ...) char n_##name[sizeof(#name)];
#include "arm/sysop32.def"
} op_names = {
#define ARM_SYSOP32(name, ...) .n_##name = #name,
#include "arm/sysop32.def"
};

static const u16 op_name_at[] = {
#define ARM_SYSOP32(name, ...) offsetof(__typeof__(op_names), n_##name),
#include "arm/sysop32.def"
};

static int reg_by_key(u32 key)
{
	switch (key) {
#define ARM_SYSREG32(name, cp, opc1, cn, cm, opc2, width, slot, part, sslot, of, rd, wr, trap,     \
		     reset, wmask, cls, hnd, feat, flags)                                          \
	case KEY(ARM_FEAT_##feat, ENC(cp, opc1, cn, cm, opc2, width)):                             \
		return ARM_REG32_##name;
#include "arm/sysreg32.def"
	}
	return -1;
}

static int op_by_key(u32 key)
{
	switch (key) {
#define ARM_SYSOP32(name, cp, opc1, cn, cm, opc2, pl, kind, op, trap, feat)                        \
	case KEY(ARM_FEAT_##feat, ARM_CP_ENC(cp, opc1, cn, cm, opc2)):                             \
		return ARM_OP32_##name;
#include "arm/sysop32.def"
	}
	return -1;
}

/* The CPU's own row goes before the architecture's. */
static int find(int (*by_key)(u32 key), u64 features, u32 enc)
{
	static const u8 cpus[] = { ARM_FEAT_IMPDEF_A57, ARM_FEAT_IMPDEF_A15, ARM_FEAT_IMPDEF_A7 };
	unsigned int i;
	int found;

	if (enc >= ARM_CP_ENCS)
		return -1;
	for (i = 0; i < ARM_ARRAY_SIZE(cpus); i++) {
		found = arm_has(features, (enum arm_feature)cpus[i]) ? by_key(KEY(cpus[i], enc)) : -1;
		if (found >= 0)
			return found;
	}
	return by_key(enc);
}

int arm_sysreg32_index(u64 features, u32 enc)
{
	return find(reg_by_key, features, enc);
}

int arm_sysop32_index(u64 features, u32 enc)
{
	return find(op_by_key, features, enc);
}

const struct arm_sysreg32_row *arm_sysreg32_row(enum arm_sysreg32 reg)
{
	return &rows[reg];
}

const struct arm_sysop32_row *arm_sysop32_row(enum arm_sysop32 op)
{
	return &ops[op];
}

const struct arm_sysreg32_row *arm_sysreg32_lookup(u64 features, u32 enc)
{
	int i = arm_sysreg32_index(features, enc);

	return i < 0 ? NULL : &rows[i];
}

const char *arm_sysreg32_name(enum arm_sysreg32 reg)
{
	return (const char *)&reg_names + reg_name_at[reg];
}

const char *arm_sysop32_name(enum arm_sysop32 op)
{
	return (const char *)&op_names + op_name_at[op];
}

/* ARM_FEAT_BASE is in no CPU's bits that were masked; it is always there. */
static bool has(u64 features, unsigned int feat)
{
	return feat == ARM_FEAT_BASE || arm_has(features, (enum arm_feature)feat);
}

bool arm_sysreg32_exists(const struct arm_sysreg32_row *r, u64 features)
{
	if (!has(features, r->feat) || ((r->flags & ARM_SRF32_V7) && has(features, ARM_FEAT_V8_A32)))
		return false;
	if (r->of != ARM_REGS && !has(features, arm_sysreg_row((enum arm_sysreg)r->of)->feat) &&
	    GROUP(arm_sysreg_row((enum arm_sysreg)r->of)->feat) == 0)
		return false;
	/* RMR of EL1 is where EL1 is the highest level. */
	return !(r->flags & ARM_SRF_HIGHEST) ||
	       !(has(features, ARM_FEAT_EL2) || has(features, ARM_FEAT_EL3));
}

u64 arm_sysreg32_merge(const struct arm_cpu_model *m, enum arm_sysreg32 reg, u64 old, u64 val)
{
	u64 mask = arm_cpu_model_wmask32(m, reg);

	return (old & ~mask) | (val & mask);
}

void arm_sysreg32_reset(struct arm_state *s, const struct arm_cpu_model *m)
{
	unsigned int i;

	for (i = 0; i < ARM_REGS32; i++) {
		if ((rows[i].flags & ARM_SRF32_RESET) && arm_sysreg32_exists(&rows[i], m->features))
			arm_sysreg32_write_slot(s, &rows[i], arm_cpu_model_value32(m, (enum arm_sysreg32)i));
	}
}

/* Effects that forbid to access the slot in place. */
#define EFFECT_R (ARM_SRF_RSIDE | ARM_SRF_IO | ARM_SRF_HIGHEST)
#define EFFECT_W                                                                                   \
	(EFFECT_R | ARM_SRF_REGIME | ARM_SRF_ENDS | ARM_SRF_HIGHEST_W | ARM_SRF_MODEL)

bool arm_sysreg32_direct(u64 features, unsigned int el, u32 enc, bool read,
			 struct arm_sysreg32_direct *out)
{
	const struct arm_sysreg32_row *r = arm_sysreg32_lookup(features, enc);

	if (!r || el < (read ? r->rd : r->wr) || r->trap != ARM_TRAP_NONE ||
	    r->handler != ARM_HND_NONE || r->slot == ARM_SLOT_NONE ||
	    (r->flags & (read ? EFFECT_R : EFFECT_W)) || !arm_sysreg32_exists(r, features))
		return false;
	out->slot = r->slot;
	out->part = r->part;
	out->wmask = r->wmask;
	return true;
}

bool arm_sysreg32_leaves(u64 features, u32 enc)
{
	int op = arm_sysop32_index(features, enc);
	const struct arm_sysreg32_row *r;

	if (op >= 0)
		return ops[op].kind != ARM_OPK_DC && ops[op].kind != ARM_OPK_DC_SW &&
		       ops[op].kind != ARM_OPK32_BP && ops[op].kind != ARM_OPK32_NOP;
	r = arm_sysreg32_lookup(features, enc);
	return !r || r->handler != ARM_HND_NONE ||
	       (r->flags & (ARM_SRF_REGIME | ARM_SRF_ENDS | ARM_SRF_IO));
}
