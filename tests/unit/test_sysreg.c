/* SPDX-License-Identifier: GPL-2.0-only */
/* The system-register tables and what is derived from them; CPU models. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <setjmp.h>
#include <cmocka.h>

#include "arm/cpu_model.h"
#include "arm/state.h"
#include "arm/sysreg.h"
#include "tests/unit/sysreg_boot.h"

/* A failure names its row. */
static void check(bool ok, const char *what, const char *cond)
{
	if (!ok)
		fail_msg("%s: %s", what ? what : "no name", cond);
}

#define CHECK(cond, what) check(cond, what, #cond)

static const char *reg_name(unsigned int reg)
{
	return arm_sysreg_name(arm_sysreg_row(reg)->enc);
}

/* Every encoding is found once, as its own row, and nothing else is. */
static void test_lookup(void **state)
{
	unsigned int regs = 0, ops = 0;
	u32 enc;

	(void)state;
	for (enc = 0; enc < 0x20000; enc++) {
		int reg = arm_sysreg_index(enc), op = arm_sysop_index(enc);

		if (reg >= 0) {
			assert_int_equal(arm_sysreg_row(reg)->enc, enc);
			assert_ptr_equal(arm_sysreg_lookup(enc), arm_sysreg_row(reg));
			assert_true(enc >= 0x8000);
			regs++;
		} else {
			assert_null(arm_sysreg_lookup(enc));
			assert_null(arm_sysreg_name(enc));
		}
		if (op >= 0) {
			assert_int_equal(arm_sysop_row(op)->enc, enc);
			assert_int_equal(ARM_SYSREG_OP0(enc), 1);
			ops++;
		} else {
			assert_null(arm_sysop_name(enc));
		}
	}
	assert_int_equal(regs, ARM_REGS);
	assert_int_equal(ops, ARM_OPS);
}

static void test_enc_fields(void **state)
{
	/* mrs x0, ttbr1_el1; msr pmevtyper30_el0, x7; dc civac, x3 */
	u32 enc = ARM_SYSREG_ENC_OF_INSN(0xd5382020);

	(void)state;
	assert_int_equal(enc, ARM_SYSREG_ENC(3, 0, 2, 0, 1));
	assert_string_equal(arm_sysreg_name(enc), "TTBR1_EL1");
	enc = ARM_SYSREG_ENC_OF_INSN(0xd51befc7);
	assert_int_equal(arm_sysreg_index(enc), ARM_REG_PMEVTYPER30_EL0);
	assert_int_equal(ARM_SYSREG_OP0(enc), 3);
	assert_int_equal(ARM_SYSREG_OP1(enc), 3);
	assert_int_equal(ARM_SYSREG_CRN(enc), 14);
	assert_int_equal(ARM_SYSREG_CRM(enc), 15);
	assert_int_equal(ARM_SYSREG_OP2(enc), 6);
	assert_int_equal(arm_sysop_index(ARM_SYSREG_ENC_OF_INSN(0xd50b7e23)), ARM_OP_DC_CIVAC);
}

static void test_names(void **state)
{
	char low[64];
	unsigned int i, j;

	(void)state;
	for (i = 0; i < ARM_REGS; i++) {
		const char *name = reg_name(i);

		for (j = 0; name[j]; j++)
			low[j] = name[j] >= 'A' && name[j] <= 'Z' ? name[j] + 32 : name[j];
		low[j] = 0;
		CHECK(arm_sysreg_by_name(name) == arm_sysreg_row(i)->enc, name);
		CHECK(arm_sysreg_by_name(low) == arm_sysreg_row(i)->enc, name);
	}
	assert_int_equal(arm_sysreg_by_name("TTBR0_EL"), -ENOENT);
	assert_int_equal(arm_sysreg_by_name("TTBR0_EL11"), -ENOENT);
	assert_int_equal(arm_sysreg_by_name(""), -ENOENT);
	assert_string_equal(arm_sysreg_slot_name(ARM_SLOT_SP_EL3), "SP_EL3");
	assert_string_equal(arm_sysreg_slot_name(ARM_SLOT_HCR_EL2), "HCR_EL2");
	assert_string_equal(arm_sysop_name(ARM_SYSREG_ENC(1, 0, 8, 3, 1)), "TLBI_VAE1IS");
}

static void check_boot_sys(u32 enc, const char *text)
{
	char want[32];
	int op = arm_sysop_index(enc);

	CHECK(op >= 0, text);
	/* "dc civac, x0" against DC_CIVAC; the operand is there when Xt is. */
	snprintf(want, sizeof(want), "%s", arm_sysop_name(enc));
	*strchr(want, '_') = ' ';
	CHECK(!strncasecmp(text, want, strlen(want)), text);
	CHECK((strchr(text, ',') != NULL) == arm_sysop_row(op)->xt, text);
}

/* Whatever a real boot touches is in the tables, under the same name. */
static void test_boot_list(void **state)
{
	unsigned int i, moves = 0, ops = 0, imms = 0;

	(void)state;
	for (i = 0; i < ARM_ARRAY_SIZE(boot_insns); i++) {
		u32 insn = boot_insns[i].insn, enc = ARM_SYSREG_ENC_OF_INSN(insn);
		const char *text = boot_insns[i].text;
		const struct arm_sysreg_row *row = arm_sysreg_lookup(enc);
		bool read = insn >> 21 & 1;
		const char *name = read ? strstr(text, ", ") + 2 : text + 4;

		if (ARM_SYSREG_OP0(enc) == 1) {
			check_boot_sys(enc, text);
			ops++;
			continue;
		}
		if (ARM_SYSREG_OP0(enc) == 0) {
			unsigned int field = ARM_PSTATE_ENC(ARM_SYSREG_OP1(enc), enc & 7);

			CHECK(field == (strstr(text, "daifset") ? ARM_PSTATE_DAIFSET :
								  ARM_PSTATE_DAIFCLR), text);
			imms++;
			continue;
		}
		CHECK(row, text);
		CHECK(!strncasecmp(name, arm_sysreg_name(enc), strlen(arm_sysreg_name(enc))), text);
		CHECK((read ? row->rd : row->wr) != ARM_ACC_NO, text);
		moves++;
	}
	assert_int_equal(moves, 155);
	assert_int_equal(ops, 15);
	assert_int_equal(imms, 4);
}

/* op1 says which EL a register belongs to (DDI 0487, C5). */
static unsigned int lowest_el(u32 enc)
{
	static const u8 el[8] = { 1, 1, 1, 0, 2, 2, 3, 1 };

	return el[ARM_SYSREG_OP1(enc)];
}

static void test_access(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < ARM_REGS; i++) {
		const struct arm_sysreg_row *r = arm_sysreg_row(i);
		const char *n = reg_name(i);
		unsigned int low = r->rd < r->wr ? r->rd : r->wr;

		CHECK(r->rd <= ARM_ACC_NO && r->wr <= ARM_ACC_NO, n);
		if (r->trap == ARM_TRAP_UNDEF) {
			CHECK(low == ARM_ACC_NO && r->handler == ARM_HND_UNDEF, n);
			continue;
		}
		CHECK(low == lowest_el(r->enc), n);
		CHECK(r->rd == ARM_ACC_NO || r->wr >= r->rd, n);
		CHECK(r->wr != ARM_ACC_NO || r->wmask == 0, n);
		/* A register of a higher EL cannot be trapped by a lower one's control. */
		CHECK(low < 3 || r->trap == ARM_TRAP_NONE || r->trap == ARM_TRAP_ICC_EL3, n);
		CHECK(!(r->flags & ARM_SRF_RSIDE) || r->handler != ARM_HND_NONE, n);
	}
	for (i = 0; i < ARM_OPS; i++) {
		const struct arm_sysop_row *o = arm_sysop_row(i);

		CHECK(o->el == lowest_el(o->enc), arm_sysop_name(o->enc));
		CHECK(o->trap < ARM_TRAPS && o->feat < ARM_FEATS, arm_sysop_name(o->enc));
	}
}

static void test_columns(void **state)
{
	bool hnd[ARM_HNDS] = { false }, trap[ARM_TRAPS] = { false };
	unsigned int i;

	(void)state;
	for (i = 0; i < ARM_REGS; i++) {
		const struct arm_sysreg_row *r = arm_sysreg_row(i);
		const char *n = reg_name(i);
		bool owns = r->slot != ARM_SLOT_NONE && arm_sysreg_slot_row(r->slot)->reg == i;

		hnd[r->handler] = true;
		trap[r->trap] = true;
		CHECK(owns || r->mig == ARM_MIG_NONE, n);
		CHECK(!owns || r->mig != ARM_MIG_NONE, n);
		CHECK((r->mig == ARM_MIG_NONE) == (r->mig_mask == 0), n);
		/* Whatever a guest may write and whatever reset leaves there must travel. */
		CHECK(!owns || !(r->wmask & ~r->mig_mask), n);
		CHECK(!owns || !(r->reset & ~r->mig_mask), n);
		/* Without storage and without a handler only zero can be read. */
		CHECK(r->slot != ARM_SLOT_NONE || r->handler || r->cls == ARM_CLS_RAZ, n);
		CHECK(!(r->flags & ARM_SRF_CONST) || (!r->wmask && !r->handler), n);
		CHECK(!(r->flags & ARM_SRF_MODEL) || owns, n);
		CHECK(r->cls != ARM_CLS_RAZ || (!r->wmask && !r->reset), n);
	}
	for (i = 0; i < ARM_OPS; i++)
		trap[arm_sysop_row(i)->trap] = true;
	for (i = 0; i < ARM_HNDS; i++) {
		if (!hnd[i])
			fail_msg("handler %u is of no row", i);
	}
	for (i = 0; i < ARM_TRAPS; i++) {
		if (!trap[i])
			fail_msg("trap %u is of no row", i);
	}
}

/* The only rows that may lie on another row's storage. */
static const struct {
	u16 view, owner;
} views[] = {
#define V(view, owner) { ARM_REG_##view, ARM_SLOT_##owner }
	V(SP_EL0, SP_EL0), V(SP_EL1, SP_EL1), V(SP_EL2, SP_EL2),
	V(CNTP_TVAL_EL0, CNTP_CVAL_EL0), V(CNTV_TVAL_EL0, CNTV_CVAL_EL0),
	V(CNTHP_TVAL_EL2, CNTHP_CVAL_EL2), V(CNTPS_TVAL_EL1, CNTPS_CVAL_EL1),
	V(OSDTRRX_EL1, DBGDTRRX_EL0), V(OSDTRTX_EL1, DBGDTRTX_EL0), V(OSLAR_EL1, OSLSR_EL1),
	V(DBGCLAIMSET_EL1, DBGCLAIMCLR_EL1), V(MDCCSR_EL0, MDSCR_EL1),
	V(PMCNTENCLR_EL0, PMCNTENSET_EL0), V(PMOVSCLR_EL0, PMOVSSET_EL0),
	V(PMINTENCLR_EL1, PMINTENSET_EL1),
};

static void test_slots(void **state)
{
	unsigned int i, j, owned = 0, viewed = 0;

	(void)state;
	assert_int_equal(ARM_SLOT_SP_EL1, ARM_SLOT_SP_EL0 + 1);
	assert_int_equal(ARM_SLOT_SP_EL2, ARM_SLOT_SP_EL0 + 2);
	assert_int_equal(ARM_SLOT_SP_EL3, ARM_SLOT_SP_EL0 + 3);
	for (i = 0; i < ARM_SYSREG_SLOTS; i++) {
		const struct arm_sysreg_slot_row *s = arm_sysreg_slot_row(i);

		if (s->reg == ARM_REGS)
			continue;
		owned++;
		CHECK(arm_sysreg_row(s->reg)->slot == i, arm_sysreg_slot_name(i));
		CHECK(arm_sysreg_row(s->reg)->mig == s->mig, arm_sysreg_slot_name(i));
		assert_string_equal(arm_sysreg_slot_name(i), reg_name(s->reg));
	}
	for (i = 0; i < ARM_REGS; i++) {
		const struct arm_sysreg_row *r = arm_sysreg_row(i);

		if (r->slot == ARM_SLOT_NONE || arm_sysreg_slot_row(r->slot)->reg == i)
			continue;
		for (j = 0; j < ARM_ARRAY_SIZE(views); j++) {
			if (views[j].view == i && views[j].owner == r->slot)
				break;
		}
		CHECK(j < ARM_ARRAY_SIZE(views), reg_name(i));
		viewed++;
	}
	assert_int_equal(viewed, ARM_ARRAY_SIZE(views));
	assert_true(owned > 300);
}

/* Numbered families: consecutive slots, and the architecture's encoding of n. */
static void test_families(void **state)
{
	static const struct {
		const char *name;
		u16 first, count;
		u8 op0, op1, crn, crm, op2;
		u8 crm_shift;	/* n goes to CRm from this bit up, below it to op2 */
	} fam[] = {
		{ "DBGBVR%u_EL1", ARM_SLOT_DBGBVR0_EL1, 16, 2, 0, 0, 0, 4, 0 },
		{ "DBGBCR%u_EL1", ARM_SLOT_DBGBCR0_EL1, 16, 2, 0, 0, 0, 5, 0 },
		{ "DBGWVR%u_EL1", ARM_SLOT_DBGWVR0_EL1, 16, 2, 0, 0, 0, 6, 0 },
		{ "DBGWCR%u_EL1", ARM_SLOT_DBGWCR0_EL1, 16, 2, 0, 0, 0, 7, 0 },
		{ "PMEVCNTR%u_EL0", ARM_SLOT_PMEVCNTR0_EL0, 31, 3, 3, 14, 8, 0, 3 },
		{ "PMEVTYPER%u_EL0", ARM_SLOT_PMEVTYPER0_EL0, 31, 3, 3, 14, 12, 0, 3 },
		{ "ICC_AP0R%u_EL1", ARM_SLOT_ICC_AP0R0_EL1, 4, 3, 0, 12, 8, 4, 3 },
		{ "ICC_AP1R%u_EL1", ARM_SLOT_ICC_AP1R0_EL1, 4, 3, 0, 12, 9, 0, 3 },
		{ "ICH_AP0R%u_EL2", ARM_SLOT_ICH_AP0R0_EL2, 4, 3, 4, 12, 8, 0, 3 },
		{ "ICH_AP1R%u_EL2", ARM_SLOT_ICH_AP1R0_EL2, 4, 3, 4, 12, 9, 0, 3 },
		{ "ICH_LR%u_EL2", ARM_SLOT_ICH_LR0_EL2, 16, 3, 4, 12, 12, 0, 3 },
	};
	unsigned int f, n;
	char name[32];

	(void)state;
	assert_int_equal(ARM_SLOT_ICC_AP1R3_S, ARM_SLOT_ICC_AP1R0_S + 3);
	for (f = 0; f < ARM_ARRAY_SIZE(fam); f++) {
		for (n = 0; n < fam[f].count; n++) {
			u32 enc = ARM_SYSREG_ENC(fam[f].op0, fam[f].op1, fam[f].crn,
						 fam[f].crm + (n >> fam[f].crm_shift),
						 fam[f].op2 + (n & ((1u << fam[f].crm_shift) - 1)));

			snprintf(name, sizeof(name), fam[f].name, n);
			CHECK(arm_sysreg_by_name(name) == (int)enc, name);
			CHECK(arm_sysreg_lookup(enc)->slot == fam[f].first + n, name);
		}
	}
}

/* op0 3, op1 0, CRn 0, CRm 1..7: all there, readable at EL1, never written. */
static void test_id_space(void **state)
{
	unsigned int crm, op2;

	(void)state;
	for (crm = 1; crm < 8; crm++) {
		for (op2 = 0; op2 < 8; op2++) {
			const struct arm_sysreg_row *r =
				arm_sysreg_lookup(ARM_SYSREG_ENC(3, 0, 0, crm, op2));

			assert_non_null(r);
			assert_int_equal(r->rd, ARM_ACC_EL1);
			assert_int_equal(r->wr, ARM_ACC_NO);
			assert_int_equal(r->trap, ARM_TRAP_TID3);
			assert_true(r->flags & ARM_SRF_CONST);
			assert_int_equal(r->reset, 0);
		}
	}
}

static void test_reset_a57(void **state)
{
	const struct arm_cpu_model *m = arm_cpu_model_find("cortex-a57");
	static struct arm_state s;
	static const struct {
		u16 slot;
		u64 val;
	} want[] = {
#define W(slot, val) { ARM_SLOT_##slot, val }
		W(MIDR_EL1, 0x411fd070), W(VPIDR_EL2, 0x411fd070), W(MPIDR_EL1, 0x80000000),
		W(VMPIDR_EL2, 0x80000000), W(ID_PFR0_EL1, 0x131), W(ID_PFR1_EL1, 0x11011),
		W(ID_AA64PFR0_EL1, 0x2222), W(ID_AA64PFR1_EL1, 0), W(ID_AA64DFR0_EL1, 0x10305106),
		W(ID_AA64ISAR0_EL1, 0x11120), W(ID_AA64MMFR0_EL1, 0x1124), W(CTR_EL0, 0x8444c004),
		W(CLIDR_EL1, 0x0a200023), W(ID_ISAR5_EL1, 0x11121), W(MVFR2_EL1, 0x43),
		W(SCTLR_EL1, 0x30d50838), W(SCTLR_EL2, 0x30c50830), W(SCTLR_EL3, 0x30c50830),
		W(SCR_EL3, 0x30), W(HCR_EL2, 0), W(CPTR_EL2, 0x33ff), W(CPTR_EL3, 0),
		W(MDCR_EL2, 6), W(CNTHCTL_EL2, 3), W(OSLSR_EL1, 0xa), W(PMCR_EL0, 0x41013000),
		W(FPEXC32_EL2, 0x700), W(SP_EL3, 0), W(ICC_SRE_EL1_S, 7), W(TTBR0_EL1, 0),
		W(CPUECTLR_EL1, 0x1b00000000),
	};
	unsigned int i;

	(void)state;
	memset(&s, 0xa5, sizeof(s));
	arm_sysreg_reset(&s, m);
	for (i = 0; i < ARM_ARRAY_SIZE(want); i++) {
		if (s.sys[want[i].slot] != want[i].val)
			fail_msg("%s: %#llx", arm_sysreg_slot_name(want[i].slot),
				 (unsigned long long)s.sys[want[i].slot]);
	}
	/* Nothing keeps its old value, and sys[] is all that reset touches. */
	for (i = 0; i < ARM_SYSREG_SLOTS; i++)
		CHECK(s.sys[i] != 0xa5a5a5a5a5a5a5a5, arm_sysreg_slot_name(i));
	arm_sysreg_set_mpidr(&s, 0x101);
	assert_int_equal(s.sys[ARM_SLOT_MPIDR_EL1], 0x80000101);
	assert_int_equal(s.sys[ARM_SLOT_VMPIDR_EL2], 0x80000101);
	arm_sysreg_set_rvbar(&s, 0x8000000);
	assert_int_equal(s.sys[ARM_SLOT_RVBAR_EL3], 0x8000000);
	assert_true(s.pc == 0xa5a5a5a5a5a5a5a5 && s.x[30] == 0xa5a5a5a5a5a5a5a5);
}

static u64 field(const struct arm_cpu_model *m, enum arm_sysreg reg, unsigned int shift)
{
	return arm_cpu_model_value(m, reg) >> shift & 0xf;
}

/* The ID registers of AArch64; a 32-bit part has none. */
static void check_ids64(const struct arm_cpu_model *m)
{
	static const u8 pa_range[] = { 32, 36, 40, 42, 44, 48 };
	u64 f = m->features;

	assert_int_equal(field(m, ARM_REG_ID_AA64DFR0_EL1, 12) + 1, m->breakpoints);
	assert_int_equal(field(m, ARM_REG_ID_AA64DFR0_EL1, 20) + 1, m->watchpoints);
	assert_int_equal(field(m, ARM_REG_ID_AA64DFR0_EL1, 28) + 1, m->ctx_breakpoints);
	assert_int_equal(pa_range[field(m, ARM_REG_ID_AA64MMFR0_EL1, 0)], m->pa_bits);
	assert_int_equal(field(m, ARM_REG_ID_AA64MMFR0_EL1, 4) ? 16 : 8, m->asid_bits);
	assert_int_equal(field(m, ARM_REG_ID_AA64MMFR1_EL1, 4) ? 16 : 8, m->vmid_bits);
	assert_int_equal(field(m, ARM_REG_ID_AA64MMFR0_EL1, 20) == 1, arm_has(f, ARM_FEAT_GRAN16K));
	assert_int_equal(field(m, ARM_REG_ID_AA64MMFR0_EL1, 24) == 0, arm_has(f, ARM_FEAT_GRAN64K));
	assert_int_equal(field(m, ARM_REG_ID_AA64MMFR0_EL1, 28) == 0, arm_has(f, ARM_FEAT_GRAN4K));
	assert_int_equal(2 + field(m, ARM_REG_DCZID_EL0, 0), m->zva_log2);
	assert_int_equal(field(m, ARM_REG_ID_AA64ISAR0_EL1, 4) >= 1, arm_has(f, ARM_FEAT_AES));
	assert_int_equal(field(m, ARM_REG_ID_AA64ISAR0_EL1, 4) == 2, arm_has(f, ARM_FEAT_PMULL));
	assert_int_equal(field(m, ARM_REG_ID_AA64ISAR0_EL1, 8), arm_has(f, ARM_FEAT_SHA1));
	assert_int_equal(field(m, ARM_REG_ID_AA64ISAR0_EL1, 12), arm_has(f, ARM_FEAT_SHA256));
	assert_int_equal(field(m, ARM_REG_ID_AA64ISAR0_EL1, 16), arm_has(f, ARM_FEAT_CRC32));
	assert_int_equal(field(m, ARM_REG_ID_AA64ISAR0_EL1, 20), arm_has(f, ARM_FEAT_LSE) ? 2 : 0);
	assert_int_equal(field(m, ARM_REG_ID_AA64ISAR0_EL1, 28), arm_has(f, ARM_FEAT_RDM));
	assert_int_equal(field(m, ARM_REG_ID_AA64PFR0_EL1, 0), 1 + arm_has(f, ARM_FEAT_AARCH32_EL0));
	assert_int_equal(field(m, ARM_REG_ID_AA64PFR0_EL1, 4), 1 + arm_has(f, ARM_FEAT_AARCH32_EL1));
	assert_int_equal(field(m, ARM_REG_ID_AA64PFR0_EL1, 8) != 0, arm_has(f, ARM_FEAT_EL2));
	assert_int_equal(field(m, ARM_REG_ID_AA64PFR0_EL1, 12) != 0, arm_has(f, ARM_FEAT_EL3));
}

/* What a model says in numbers and in ID registers is the same. */
static void check_model(const struct arm_cpu_model *m)
{
	u64 ctr = arm_cpu_model_value(m, ARM_REG_CTR_EL0);
	u64 clidr = arm_cpu_model_value(m, ARM_REG_CLIDR_EL1);
	unsigned int i, j;

	for (i = 0; i < m->id_count; i++) {
		const struct arm_sysreg_row *r = arm_sysreg_row(m->ids[i].reg);

		CHECK(r->flags & ARM_SRF_MODEL, reg_name(m->ids[i].reg));
		CHECK(arm_cpu_model_value(m, m->ids[i].reg) == m->ids[i].value,
		      reg_name(m->ids[i].reg));
		for (j = 0; j < i; j++)
			CHECK(m->ids[j].reg != m->ids[i].reg, reg_name(m->ids[i].reg));
	}
	if (arm_has(m->features, ARM_FEAT_AARCH64))
		check_ids64(m);
	assert_int_equal(arm_cpu_model_value(m, ARM_REG_PMCR_EL0) >> 11 & 31, m->pmu_counters);
	assert_int_equal(arm_cpu_model_value(m, ARM_REG_MDCR_EL2) & 31, m->pmu_counters);
	assert_int_equal(2 + (ctr >> 16 & 15), m->dcache_line_log2);
	assert_int_equal(2 + (ctr & 15), m->icache_line_log2);
	/* CLIDR_EL1.Ctype<n>: 3 separate, 4 unified; the line sizes are CTR's. */
	for (i = 0; i < 7; i++) {
		unsigned int type = clidr >> (3 * i) & 7;

		assert_int_equal(!!arm_cpu_model_ccsidr(m, 2 * i), type >= 2);
		assert_int_equal(!!arm_cpu_model_ccsidr(m, 2 * i + 1), type == 1 || type == 3);
	}
	assert_int_equal((m->ccsidr[0] & 7) + 4, m->dcache_line_log2);
	assert_int_equal((m->ccsidr[1] & 7) + 4, m->icache_line_log2);
	assert_int_equal(arm_cpu_model_ccsidr(m, ~0ULL), 0);
	assert_in_range(m->gic_list_regs, 1, 16);
}

static void test_models(void **state)
{
	const struct arm_cpu_model *models;
	unsigned int count, i;

	(void)state;
	models = arm_cpu_models(&count);
	assert_true(count >= 2);
	for (i = 0; i < count; i++) {
		assert_ptr_equal(arm_cpu_model_find(models[i].name), &models[i]);
		check_model(&models[i]);
	}
	assert_null(arm_cpu_model_find("cortex-a5"));
	assert_null(arm_cpu_model_find("cortex-a577"));
	assert_null(arm_cpu_model_find(""));
}

/* A machine changes features; the ID registers follow. */
static void test_model_features(void **state)
{
	struct arm_cpu_model m = *arm_cpu_model_find("cortex-a57");
	struct arm_cpu_model max = *arm_cpu_model_find("max");

	(void)state;
	assert_false(arm_cpu_model_has_row(&m, arm_sysreg_row(ARM_REG_ICC_PMR_EL1)));
	assert_true(arm_cpu_model_has_row(&m, arm_sysreg_row(ARM_REG_CPUACTLR_EL1)));
	assert_false(arm_cpu_model_has_row(&max, arm_sysreg_row(ARM_REG_CPUACTLR_EL1)));
	assert_true(arm_cpu_model_has_row(&m, arm_sysreg_row(ARM_REG_RMR_EL3)));
	assert_false(arm_cpu_model_has_row(&m, arm_sysreg_row(ARM_REG_RVBAR_EL1)));
	m.features |= ARM_FEAT_BIT(ARM_FEAT_GICV3);
	m.features &= ~ARM_FEAT_BIT(ARM_FEAT_EL3);
	assert_true(arm_cpu_model_has_row(&m, arm_sysreg_row(ARM_REG_ICC_PMR_EL1)));
	assert_true(arm_cpu_model_has_row(&m, arm_sysreg_row(ARM_REG_RMR_EL2)));
	assert_int_equal(arm_cpu_model_value(&m, ARM_REG_ID_AA64PFR0_EL1), 0x01000222);
	assert_int_equal(arm_cpu_model_value(&m, ARM_REG_ID_PFR1_EL1), 0x10011001);
	m.features &= ~(ARM_FEAT_BIT(ARM_FEAT_EL2) | ARM_FEAT_BIT(ARM_FEAT_PMU) |
			ARM_FEAT_BIT(ARM_FEAT_AARCH32_EL1) | ARM_FEAT_BIT(ARM_FEAT_PMULL));
	assert_int_equal(arm_cpu_model_highest_el(&m), 1);
	assert_true(arm_cpu_model_has_row(&m, arm_sysreg_row(ARM_REG_RVBAR_EL1)));
	assert_false(arm_cpu_model_has_row(&m, arm_sysreg_row(ARM_REG_PMCR_EL0)));
	assert_int_equal(arm_cpu_model_value(&m, ARM_REG_ID_AA64PFR0_EL1), 0x01000012);
	assert_int_equal(arm_cpu_model_value(&m, ARM_REG_ID_AA64DFR0_EL1), 0x10305006);
	assert_int_equal(arm_cpu_model_value(&m, ARM_REG_ID_AA64ISAR0_EL1), 0x11110);
	/* No AArch32, no AArch32 ID registers. */
	max.features |= ARM_FEAT_BIT(ARM_FEAT_GICV3);
	assert_int_equal(arm_cpu_model_value(&max, ARM_REG_ID_PFR1_EL1), 0);
	assert_int_equal(arm_cpu_model_value(&max, ARM_REG_ID_AA64PFR0_EL1), 0x01001111);
}

static void test_merge(void **state)
{
	const struct arm_sysreg_row *r = arm_sysreg_row(ARM_REG_SCTLR_EL2);

	(void)state;
	assert_int_equal(arm_sysreg_merge(r, r->reset, 0), 0x30c50830);
	assert_int_equal(arm_sysreg_merge(r, r->reset, ~0ULL), 0x32cd183f);
	r = arm_sysreg_row(ARM_REG_VBAR_EL1);
	assert_int_equal(arm_sysreg_merge(r, 0, 0xffff000000001fff), 0xffff000000001800);
}

static void test_migrate(void **state)
{
	const struct arm_sysreg_row *pfr = arm_sysreg_row(ARM_REG_ID_AA64PFR0_EL1);
	const struct arm_sysreg_row *isar = arm_sysreg_row(ARM_REG_ID_AA64ISAR0_EL1);

	(void)state;
	/* FP 0xf is "absent", so less than 0; 1 is half precision, so more. */
	assert_int_equal(arm_sysreg_migrate_bad(pfr, 0xff2222, 0x2222), 0);
	assert_int_equal(arm_sysreg_migrate_bad(pfr, 0x112222, 0x2222), 0xff0000);
	assert_int_equal(arm_sysreg_migrate_bad(pfr, 0x2222, 0xff2222), 0xff0000);
	assert_int_equal(arm_sysreg_migrate_bad(isar, 0x11120, 0x10211120), 0);
	assert_int_equal(arm_sysreg_migrate_bad(isar, 0x10211120, 0x11120), 0xf0f00000);
	assert_int_equal(arm_sysreg_migrate_bad(arm_sysreg_row(ARM_REG_MIDR_EL1), 0x411fd070,
						0x411fd073), 3);
	assert_int_equal(arm_sysreg_migrate_bad(arm_sysreg_row(ARM_REG_TCR_EL1),
						ARM_BIT(39), 0), ARM_BIT(39));
	assert_int_equal(arm_sysreg_migrate_bad(arm_sysreg_row(ARM_REG_DACR32_EL2),
						ARM_SYSREG_UNKNOWN, 0), 0);
	assert_int_not_equal(arm_sysreg_migrate_bad(arm_sysreg_row(ARM_REG_SCTLR_EL1),
						    ARM_SYSREG_UNKNOWN, 0), 0);
	assert_int_equal(arm_sysreg_migrate_bad(arm_sysreg_row(ARM_REG_CNTVOFF_EL2), ~0ULL, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_enc_fields),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_boot_list),
		cmocka_unit_test(test_access),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_id_space),
		cmocka_unit_test(test_reset_a57),
		cmocka_unit_test(test_models),
		cmocka_unit_test(test_model_features),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_migrate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
