/* SPDX-License-Identifier: GPL-2.0-only */
/* AArch32: CPSR, SPSRs, banked registers, reset, block modes, PSCI, VFP's own registers, debug. */
#include "tests/unit/cpu_rig32.h"

static const char *const mode_names[MODES] = { "usr", "fiq", "irq", "svc", "abt", "und", "sys" };

/* ---- CPSR, SPSR, banked registers ---- */

static void test_cpsr(void **state)
{
	struct emu_vcpu *v = *state;

	for (unsigned int m = 0; m < MODES; m++) {
		u32 may = modes[m] == 0x10 ? 0xf80f0200 : 0xf80f03c0;

		go(v, modes[m], true, 0x8000);
		helper_cpsr_write(v, 0xffffffe0 | modes[m], 0xffffffff, 0);
		assert_int_equal(v->st.pstate | v->st.nzcv, may | modes[m]);
		assert_int_equal(v->st.pc, 0x8001);
		assert_int_equal(cpu_cpsr(v), may | modes[m] | PSR32_T);
		assert_int_equal(helper_cpsr_read(v, 0, 0, 0), may | modes[m]);
		assert_false(v->regime_changed);
		v->st.pstate |= 0x0c << 8 | 2 << 25;
		assert_int_equal(helper_cpsr_read(v, 0, 0, 0), may | modes[m]);
		/* only what is asked for */
		helper_cpsr_write(v, 0, PSR32_E, 0);
		assert_int_equal(helper_cpsr_read(v, 0, 0, 0), (may & ~PSR32_E) | modes[m]);
		helper_cpsr_write(v, 0x10, 0x1f, 0);
		assert_int_equal(v->st.pstate & 0x1f, 0x10);
		assert_int_equal(v->regime_changed, m != 0);
	}
}

static void test_spsr(void **state)
{
	struct emu_vcpu *v = *state;

	for (unsigned int m = 0; m < MODES; m++) {
		u64 *slot = slot_of_spsr(v, modes[m]);

		go(v, modes[m], false, 0x8000);
		helper_spsr_write(v, 0x12345678, 0xff0000ff, 0);
		assert_int_equal(v->exc.pending, !slot);
		v->exc.pending = false;
		if (slot)
			assert_int_equal(*slot, 0x12000078);
		assert_int_equal(helper_spsr_read(v, 0, 0, 0), slot ? 0x12000078 : 0);
		assert_int_equal(v->exc.pending, !slot);
	}
}

/* Table B9-1: SYSm of R8_usr..LR_usr, R8_fiq..LR_fiq, LR and SP of the others. */
static void test_banked(void **state)
{
	struct emu_vcpu *v = *state;

	for (unsigned int m = 0; m < MODES; m++) {
		for (unsigned int sysm = 0; sysm < 64; sysm++) {
			unsigned int s = sysm & 31, x = 99;
			u32 owner = 0;
			u64 *spsr = NULL, val;

			if (s < 7) {
				owner = s < 5 && modes[m] != 0x11 ? modes[m] : 0x10;
				if (s == 5 || s == 6)
					owner = modes[m] == 0x1f ? 0x1f : 0x10;
				x = 8 + s;
			} else if (s >= 8 && s < 15) {
				owner = 0x11;
				x = 16 + s;
			} else if (s >= 16 && s < 24) {
				owner = s < 18 ? 0x12 : s < 20 ? 0x13 : s < 22 ? 0x17 : 0x1b;
				x = s;
			}
			if (sysm & 32) {
				spsr = s == 14 || (s >= 16 && s < 24 && !(s & 1)) ? slot_of_spsr(v, owner) : NULL;
				if (!spsr)
					owner = 0;
			}
			go(v, modes[m], false, 0x8000);
			memset(v->st.x, 0, sizeof(v->st.x));
			if (spsr)
				*spsr = 0;
			helper_msr_banked(v, sysm, 0xf800001f, 0);
			if (!owner || owner == modes[m] || modes[m] == 0x10) {
				assert_true(v->exc.pending);
				v->exc.pending = false;
				helper_mrs_banked(v, sysm, 0, 0);
				assert_true(v->exc.pending);
				continue;
			}
			assert_false(v->exc.pending);
			val = helper_mrs_banked(v, sysm, 0, 0);
			assert_int_equal(val, 0xf800001f);
			assert_int_equal(spsr ? *spsr : v->st.x[x], 0xf800001f);
		}
	}
}

static void test_names(void **state)
{
	(void)state;
	for (unsigned int m = 0; m < MODES; m++)
		assert_string_equal(cpu_psr_name(modes[m]), mode_names[m]);
	assert_string_equal(cpu_psr_name(PSR_M_EL1H), "EL1h");
	for (u32 m = 0; m < 32; m++)
		assert_non_null(cpu_psr_name(m));
}

/* ---- reset, the forms of the state, block modes ---- */

static void test_reset(void **state)
{
	struct emu_vcpu *v = *state;

	assert_int_equal(v->st.pstate & 0x1df, 0x13 | 0x1c0);
	assert_int_equal(v->st.pc, 0);
	assert_true(cpu_el1_a32(v));
	assert_false(v->exc.pending);
}

static void test_forms(void **state)
{
	struct emu_vcpu *v = *state;
	struct arm_state *st = &v->st;

	st->pstate = 0x10 | PSR32_T | 0x0c << 8;
	st->pc = 0x8002;
	st->x[3] = 0xffffffff00000003;
	for (unsigned int i = 0; i < 2; i++) {
		cpu_sync_state(v);
		assert_int_equal(st->pc, 0x8003);
		assert_int_equal(st->pstate, 0x10 | 0x0c << 8);
		assert_int_equal(st->x[3], 3);
		cpu_unsync_state(v);
		assert_int_equal(st->pc, 0x8002);
		assert_int_equal(st->pstate, 0x10 | PSR32_T | 0x0c << 8);
	}
	/* a stop before the first instruction, and A32 */
	cpu_unsync_state(v);
	assert_int_equal(st->pc, 0x8002);
	st->pstate = 0x13;
	st->pc = 0x8004;
	cpu_sync_state(v);
	cpu_unsync_state(v);
	assert_int_equal(st->pc, 0x8004);
	assert_int_equal(st->pstate, 0x13);
}

static void test_mode(void **state)
{
	struct emu_vcpu *v = *state;
	struct arm_state *st = &v->st;
	bool v8 = arm_has(v->vm->cfg.model->features, ARM_FEAT_V8_A32);

	st->sys[ARM_SLOT_SCTLR_EL1] = 1;
	st->sys[ARM_SLOT_CPACR_EL1] = 0xf << 20;
	st->sys[ARM_SLOT_FPEXC32_EL2] = 1 << 30;
	for (unsigned int m = 0; m < MODES; m++) {
		go(v, modes[m], false, 0x8000);
		assert_int_equal(cpu_mode(v), IR_MODE_A32 | (modes[m] & 15) << 11 | (modes[m] != 0x10));
		assert_int_equal(IR_MODE32(cpu_mode(v)), modes[m]);
	}
	st->pstate |= PSR32_E | 0x0c << 8 | 2 << 25;
	assert_int_equal(cpu_mode(v), IR_MODE_A32 | 15 << 11 | 1 | IR_MODE_E | 0x0e << 16);
	go(v, 0x10, false, 0);
	st->sys[ARM_SLOT_CPACR_EL1] = 5 << 20;
	assert_true(cpu_mode(v) & IR_MODE_FP_TRAP);
	go(v, 0x13, false, 0);
	assert_false(cpu_mode(v) & IR_MODE_FP_TRAP);
	st->sys[ARM_SLOT_FPEXC32_EL2] = 0;
	assert_true(cpu_mode(v) & IR_MODE_FP_TRAP);
	st->sys[ARM_SLOT_FPEXC32_EL2] = 1 << 30;
	for (unsigned int bit = 16; bit < 22; bit++) {
		st->fpcr = 1u << bit;
		assert_int_equal(!!(cpu_mode(v) & IR_MODE_VEC), bit != 19);
	}
	st->fpcr = 0;
	st->sys[ARM_SLOT_SCTLR_EL1] = 0x182;
	assert_int_equal(cpu_mode(v), IR_MODE_A32 | 3 << 11 | 1 | IR_MODE_ALIGN | IR_MODE_MMU_OFF |
				      (v8 ? IR_MODE_SED | IR_MODE_ITD : 0));
}

/* ---- PSCI ---- */

static void test_psci(void **state)
{
	struct emu_vcpu *v = *state, *w = &rig.cpu[1];

	assert_int_equal(cpu_psci_init(&rig.vm), 0);
	atomic_store(&v->on, true);
	go(v, 0x13, false, 0x8000);
	v->st.x[0] = PSCI_FN_VERSION;
	helper_hvc(v, 0, 0, 0);
	assert_int_equal(v->st.x[0], PSCI_VERSION_1_1);
	/* CPU_ON in T32; a 64-bit id is not known here */
	v->st.x[0] = PSCI_64(PSCI_FN_CPU_ON);
	v->st.x[1] = 1;
	v->st.x[2] = 0x40008001;
	v->st.x[3] = 0x1234;
	helper_hvc(v, 0, 0, 0);
	assert_int_equal(v->st.x[0], 0xffffffff);
	v->st.x[0] = PSCI_FN_CPU_ON;
	helper_hvc(v, 0, 0, 0);
	assert_int_equal(v->st.x[0], 0);
	assert_true(atomic_load(&w->start));
	memset(w->st.x, 0x5a, sizeof(w->st.x));
	cpu_psci_power_on(w);
	assert_int_equal(w->st.pc, 0x40008001);
	assert_int_equal(w->st.x[0], 0x1234);
	assert_int_equal(w->st.x[1], 0);
	assert_int_equal(cpu_cpsr(w) & 0x1ff, 0x13 | PSR32_T | PSR32_AIF);
	assert_int_equal(w->st.sys[ARM_SLOT_SCTLR_EL1] & 1, 0);
	/* not from User mode, and not another number */
	go(v, 0x10, false, 0x8000);
	helper_hvc(v, 0, 0, 0);
	assert_true(v->exc.pending);
	go(v, 0x13, false, 0x8000);
	helper_hvc(v, 1, 0, 0);
	assert_true(v->exc.pending);
	go(v, 0x13, false, 0x8000);
	helper_smc(v, 0, 0, 0);
	cpu_take_exception(v);
	assert_int_equal(v->st.pstate & 0x1f, 0x1b);
	cpu_psci_free(&rig.vm);
}

/* ---- debug ---- */

#define MDBGEN (1u << 15)
#define BCR(bt, pmc, bas) (1u | (pmc) << 1 | (u32)(bas) << 5 | (u32)(bt) << 20)

/* Is there a breakpoint exception before the instruction at @pc?  It is taken. */
static bool breaks(struct emu_vcpu *v, u32 mode, u32 pc)
{
	go(v, mode, pc & 1, pc & ~1u);
	v->st.sys[ARM_SLOT_MDSCR_EL1] = MDBGEN;
	debug_derive(v);
	if (!(cpu_mode(v) & IR_MODE_STEP) || !cpu_step_begin(v))
		return false;
	cpu_take_exception(v);
	assert_int_equal(v->st.sys[ARM_SLOT_IFSR32_EL2], 2);
	assert_int_equal(v->st.sys[ARM_SLOT_DBGMOE], 1 << 2);
	assert_int_equal(v->st.x[20], (pc & ~1u) + 4);
	return true;
}

static void test_breakpoints(void **state)
{
	struct emu_vcpu *v = *state;
	u64 *sys = v->st.sys, *cr = &sys[ARM_SLOT_DBGBCR0_EL1 + 1];

	sys[ARM_SLOT_OSLSR_EL1] = 0;
	sys[ARM_SLOT_DBGBVR0_EL1 + 1] = 0x8004;
	/* PMC: User, System, Supervisor; PL1; PL0; any */
	for (unsigned int pmc = 0; pmc < 4; pmc++) {
		*cr = BCR(0, pmc, 15);
		for (unsigned int m = 0; m < MODES; m++) {
			bool user = modes[m] == 0x10, some = user || modes[m] == 0x13 || modes[m] == 0x1f;

			assert_int_equal(breaks(v, modes[m], 0x8004),
					 pmc == 0 ? some : pmc == 1 ? !user : pmc == 2 ? user : true);
			assert_false(breaks(v, modes[m], 0x8008));
		}
	}
	/* halves of a word */
	for (u32 bas = 0; bas < 16; bas += 3) {
		*cr = BCR(0, 3, bas);
		assert_int_equal(breaks(v, 0x10, 0x8005), bas & 1);
		assert_int_equal(breaks(v, 0x10, 0x8007), bas >> 2 & 1);
	}
	/* mismatch, as Linux steps over a breakpoint */
	*cr = BCR(4, 2, 3);
	assert_false(breaks(v, 0x10, 0x8005));
	assert_true(breaks(v, 0x10, 0x8007));
	assert_true(breaks(v, 0x10, 0x9001));
	assert_false(breaks(v, 0x13, 0x9001));
	/* linked to a context: the last two of the six match contexts */
	sys[ARM_SLOT_CONTEXTIDR_EL1] = 0x1234;
	sys[ARM_SLOT_DBGBVR0_EL1 + 5] = 0x1234;
	sys[ARM_SLOT_DBGBCR0_EL1 + 5] = BCR(3, 3, 15);
	*cr = BCR(1, 3, 15) | 5 << 16;
	assert_true(breaks(v, 0x10, 0x8004));
	*cr = BCR(5, 3, 15) | 5 << 16;
	assert_false(breaks(v, 0x10, 0x8004));
	assert_true(breaks(v, 0x10, 0x8000));
	sys[ARM_SLOT_CONTEXTIDR_EL1] = 0x1235;
	assert_false(breaks(v, 0x10, 0x8000));
	*cr = BCR(1, 3, 15) | 5 << 16;
	assert_false(breaks(v, 0x10, 0x8004));
	/* the OS lock */
	*cr = BCR(0, 3, 15);
	assert_true(breaks(v, 0x10, 0x8004));
	sys[ARM_SLOT_OSLSR_EL1] = 2;
	assert_false(breaks(v, 0x10, 0x8004));
}

static void test_watchpoint(void **state)
{
	struct emu_vcpu *v = *state;
	u64 *sys = v->st.sys;

	sys[ARM_SLOT_OSLSR_EL1] = 0;
	sys[ARM_SLOT_MDSCR_EL1] = MDBGEN;
	sys[ARM_SLOT_DBGWVR0_EL1] = 0xc0001000;
	sys[ARM_SLOT_DBGWCR0_EL1] = 1 | 3 << 1 | 2 << 3 | 0xf0u << 5;	/* stores to the upper word */
	for (unsigned int m = 0; m < MODES; m++) {
		go(v, modes[m], true, 0x8002);
		assert_false(cpu_watchpoint(v, 0xc0001004, 4, false, cpu_el(v)));
		assert_false(cpu_watchpoint(v, 0xc0001000, 4, true, cpu_el(v)));
		assert_true(cpu_watchpoint(v, 0xc0001006, 2, true, cpu_el(v)));
		cpu_take_exception(v);
		assert_int_equal(sys[ARM_SLOT_ESR_EL1], 0x802);
		assert_int_equal((u32)sys[ARM_SLOT_FAR_EL1], 0xc0001006);
		assert_int_equal(sys[ARM_SLOT_DBGMOE], 10 << 2);
		assert_int_equal(v->st.x[20], 0x800a);
	}
	go(v, 0x13, false, 0x8000);
	helper_bkpt32(v, 0, 0, 0);
	cpu_take_exception(v);
	assert_int_equal(sys[ARM_SLOT_DBGMOE], 3 << 2);
	/* DBGDSCR.HALTED is not MDSCR_EL1.SS */
	sys[ARM_SLOT_MDSCR_EL1] = 1;
	assert_false(cpu_mode(v) & IR_MODE_STEP);
}

/* ---- VFP system registers ---- */

static void test_vfp(void **state)
{
	struct emu_vcpu *v = *state;
	u64 *cpacr = &v->st.sys[ARM_SLOT_CPACR_EL1], *fpexc = &v->st.sys[ARM_SLOT_FPEXC32_EL2];
	static const u8 regs[] = { 0, 1, 6, 7, 8 };

	for (unsigned int k = 0; k < 8; k++) {
		bool user = k & 1, open = k & 2, en = k & 4;

		for (unsigned int r = 0; r < ARM_ARRAY_SIZE(regs); r++) {
			bool ok = open && (regs[r] == 1 ? en : !user);

			go(v, user ? 0x10 : 0x13, false, 0x8000);
			*cpacr = open ? 0xf << 20 : 0;
			*fpexc = en ? 1 << 30 : 0;
			helper_vmrs(v, regs[r], 0, 0);
			assert_int_equal(v->exc.pending, !ok);
		}
	}
	go(v, 0x13, false, 0x8000);
	*cpacr = 0xf << 20;
	helper_vmsr(v, 8, 0xffffffff, 0);
	assert_int_equal(helper_vmrs(v, 8, 0, 0) & 0xc0000000, 0x40000000);
	helper_vmsr(v, 1, 0xffffffff, 0);
	assert_int_equal(helper_vmrs(v, 1, 0, 0), 0xfff7009f);
	assert_int_equal(v->st.fpsr, 0xf800009f);
	assert_int_equal(v->st.fpcr, 0x07f70000);
	helper_vmsr(v, 1, 0, 0);
	assert_int_equal(helper_vmrs(v, 1, 0, 0), 0);
	assert_false(v->exc.pending);
	helper_vmrs(v, 15, 0, 0);
	assert_true(v->exc.pending);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST32(test_reset), TEST32(test_cpsr), TEST32(test_spsr), TEST32(test_banked), TEST32(test_names),
		TEST32(test_forms), TEST32(test_mode), TEST32(test_psci), TEST32(test_vfp),
		TEST32(test_breakpoints), TEST32(test_watchpoint),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
