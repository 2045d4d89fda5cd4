/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is derived from arm/sysreg.def and arm/sysop.def.  Lookup is a switch
 * over the encodings: the compiler rejects a duplicate and makes a jump table
 * or a search of it.  The tables hold no pointers (arm/sysreg.h says why), so
 * names are kept as one block of text and offsets into it.
 */
#include "arm/cpu_model.h"
#include "arm/state.h"
#include "arm/sysreg.h"

static const struct arm_sysreg_row rows[] = {
#define ARM_SYSREG(name, o0, o1, cn, cm, o2, slot_, rd_, wr_, trap_, reset_, wmask_, cls_, hnd_,   \
		   feat_, flags_, mig_, migmask_)                                                  \
	{                                                                                          \
		.reset = reset_,                                                                   \
		.wmask = wmask_,                                                                   \
		.mig_mask = migmask_,                                                              \
		.enc = ARM_SYSREG_ENC(o0, o1, cn, cm, o2),                                         \
		.slot = ARM_SLOT_##slot_,                                                          \
		.flags = flags_,                                                                   \
		.rd = ARM_ACC_##rd_,                                                               \
		.wr = ARM_ACC_##wr_,                                                               \
		.trap = ARM_TRAP_##trap_,                                                          \
		.cls = ARM_CLS_##cls_,                                                             \
		.handler = ARM_HND_##hnd_,                                                         \
		.feat = ARM_FEAT_##feat_,                                                          \
		.mig = ARM_MIG_##mig_,                                                             \
	},
#include "arm/sysreg.def"
};

static const struct arm_sysop_row ops[] = {
#define ARM_SYSOP(name, asm_name, o0, o1, cn, cm, o2, el_, xt_, kind_, trap_, feat_)               \
	{                                                                                          \
		.enc = ARM_SYSREG_ENC(o0, o1, cn, cm, o2),                                         \
		.el = ARM_ACC_##el_,                                                               \
		.xt = xt_,                                                                         \
		.kind = ARM_OPK_##kind_,                                                           \
		.trap = ARM_TRAP_##trap_,                                                          \
		.feat = ARM_FEAT_##feat_,                                                          \
	},
#include "arm/sysop.def"
};

static const struct arm_sysreg_slot_row slots[] = {
#define ARM_SYSREG(name, o0, o1, cn, cm, o2, slot, rd, wr, trap, reset_, wmask, cls, hnd, feat,    \
		   flags, mig_, migmask_)                                                          \
	{ reset_, migmask_, ARM_REG_##name, ARM_MIG_##mig_ },
#define ARM_SYSREG_VIEW(...)
#define ARM_SYSREG_STATE(slot, reset_, mig_, migmask_)                                             \
	{ reset_, migmask_, ARM_REGS, ARM_MIG_##mig_ },
#include "arm/sysreg.def"
};

/* Every field of an encoding is in its range, and a name is unique (enum). */
#define ARM_SYSREG(name, o0, o1, cn, cm, o2, ...)                                                  \
	_Static_assert((o0 == 2 || o0 == 3) && o1 < 8 && cn < 16 && cm < 16 && o2 < 8, #name);
#include "arm/sysreg.def"
#define ARM_SYSOP(name, asm_name, o0, o1, cn, cm, o2, ...)                                         \
	_Static_assert(o0 == 1 && o1 < 8 && cn < 16 && cm < 16 && o2 < 8, #name);
#include "arm/sysop.def"

_Static_assert(ARM_SLOT_SP_EL3 == ARM_SLOT_SP_EL0 + 3, "banked SPs are consecutive");
_Static_assert(ARM_ARRAY_SIZE(rows) == ARM_REGS, "one row per enumerator");
_Static_assert(ARM_ARRAY_SIZE(slots) == ARM_SYSREG_SLOTS, "one owner per slot");

/* All names, each a member: prefixed, so that no macro can replace one. */
static const struct {
#define ARM_SYSREG(name, ...) char n_##name[sizeof(#name)];
#include "arm/sysreg.def"
} reg_names = {
#define ARM_SYSREG(name, ...) .n_##name = #name,
#include "arm/sysreg.def"
};

static const u16 reg_name_at[] = {
#define ARM_SYSREG(name, ...) offsetof(__typeof__(reg_names), n_##name),
#include "arm/sysreg.def"
};

static const struct {
#define ARM_SYSOP(name, ...) char n_##name[sizeof(#name)];
#include "arm/sysop.def"
} op_names = {
#define ARM_SYSOP(name, ...) .n_##name = #name,
#include "arm/sysop.def"
};

static const u16 op_name_at[] = {
#define ARM_SYSOP(name, ...) offsetof(__typeof__(op_names), n_##name),
#include "arm/sysop.def"
};

static const struct {
#define ARM_SYSREG(name, ...)
#define ARM_SYSREG_VIEW(...)
#define ARM_SYSREG_STATE(slot, ...) char n_##slot[sizeof(#slot)];
#include "arm/sysreg.def"
} state_names = {
#define ARM_SYSREG(name, ...)
#define ARM_SYSREG_VIEW(...)
#define ARM_SYSREG_STATE(slot, ...) .n_##slot = #slot,
#include "arm/sysreg.def"
};

int arm_sysreg_index(u32 enc)
{
	switch (enc) {
#define ARM_SYSREG(name, o0, o1, cn, cm, o2, ...)                                                  \
	case ARM_SYSREG_ENC(o0, o1, cn, cm, o2):                                                   \
		return ARM_REG_##name;
#include "arm/sysreg.def"
	}
	return -1;
}

const struct arm_sysreg_row *arm_sysreg_row(enum arm_sysreg reg)
{
	return &rows[reg];
}

const struct arm_sysreg_row *arm_sysreg_lookup(u32 enc)
{
	int i = arm_sysreg_index(enc);

	return i < 0 ? NULL : &rows[i];
}

int arm_sysop_index(u32 enc)
{
	switch (enc) {
#define ARM_SYSOP(name, asm_name, o0, o1, cn, cm, o2, ...)                                         \
	case ARM_SYSREG_ENC(o0, o1, cn, cm, o2):                                                   \
		return ARM_OP_##name;
#include "arm/sysop.def"
	}
	return -1;
}

const struct arm_sysop_row *arm_sysop_row(enum arm_sysop op)
{
	return &ops[op];
}

const char *arm_sysreg_name(u32 enc)
{
	int i = arm_sysreg_index(enc);

	return i < 0 ? NULL : (const char *)&reg_names + reg_name_at[i];
}

const char *arm_sysop_name(u32 enc)
{
	int i = arm_sysop_index(enc);

	return i < 0 ? NULL : (const char *)&op_names + op_name_at[i];
}

const struct arm_sysreg_slot_row *arm_sysreg_slot_row(unsigned int slot)
{
	return &slots[slot];
}

const char *arm_sysreg_slot_name(unsigned int slot)
{
	switch (slot) {
#define ARM_SYSREG(name, ...)
#define ARM_SYSREG_VIEW(...)
#define ARM_SYSREG_STATE(slot, ...)                                                                \
	case ARM_SLOT_##slot:                                                                      \
		return state_names.n_##slot;
#include "arm/sysreg.def"
	}
	return (const char *)&reg_names + reg_name_at[slots[slot].reg];
}

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}

int arm_sysreg_by_name(const char *name)
{
	unsigned int i, j;

	for (i = 0; i < ARM_REGS; i++) {
		const char *n = (const char *)&reg_names + reg_name_at[i];

		for (j = 0; n[j] && upper(name[j]) == n[j]; j++)
			;
		if (!n[j] && !name[j])
			return rows[i].enc;
	}
	return -ENOENT;
}

/* A 4-bit ID field; 0xf is -1 where the register's fields are signed. */
static int id_field(const struct arm_sysreg_row *r, u64 val, unsigned int shift)
{
	int f = (val >> shift) & 0xf;

	return f == 0xf && (r->flags & ARM_SRF_SIGNED) ? -1 : f;
}

u64 arm_sysreg_migrate_bad(const struct arm_sysreg_row *r, u64 src, u64 dst)
{
	unsigned int shift;
	u64 bad = 0;

	if ((r->flags & ARM_SRF_UNKNOWN) && src == ARM_SYSREG_UNKNOWN)
		return 0;
	switch (r->mig) {
	case ARM_MIG_COPY:
		return src & ~r->mig_mask;
	case ARM_MIG_MATCH:
		return (src ^ dst) & r->mig_mask;
	case ARM_MIG_SUBSET:
		for (shift = 0; shift < 64; shift += 4) {
			if (id_field(r, src, shift) > id_field(r, dst, shift))
				bad |= 0xfULL << shift;
		}
		return bad & r->mig_mask;
	default:
		return 0;
	}
}

void arm_sysreg_reset(struct arm_state *s, const struct arm_cpu_model *m)
{
	unsigned int i;

	for (i = 0; i < ARM_SYSREG_SLOTS; i++) {
		if (slots[i].reg == ARM_REGS)
			s->sys[i] = slots[i].reset;
		else
			s->sys[i] = arm_cpu_model_value(m, slots[i].reg);
	}
	if (!arm_has(m->features, ARM_FEAT_AARCH64))
		arm_sysreg32_reset(s, m);
	/* They reset to what they stand in for (DDI 0487, VPIDR_EL2, VMPIDR_EL2). */
	s->sys[ARM_SLOT_VPIDR_EL2] = s->sys[ARM_SLOT_MIDR_EL1];
	s->sys[ARM_SLOT_VMPIDR_EL2] = s->sys[ARM_SLOT_MPIDR_EL1];
}

void arm_sysreg_set_mpidr(struct arm_state *s, u64 mpidr)
{
	s->sys[ARM_SLOT_MPIDR_EL1] = mpidr | ARM_BIT(31);
	s->sys[ARM_SLOT_VMPIDR_EL2] = mpidr | ARM_BIT(31);
}

void arm_sysreg_set_rvbar(struct arm_state *s, u64 addr)
{
	s->sys[ARM_SLOT_RVBAR_EL1] = addr;
	s->sys[ARM_SLOT_RVBAR_EL2] = addr;
	s->sys[ARM_SLOT_RVBAR_EL3] = addr;
}
