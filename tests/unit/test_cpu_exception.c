/* SPDX-License-Identifier: GPL-2.0-only */
/* Exception entry and return, interrupts, hints, software step, breakpoints. */
#include "tests/unit/cpu_rig.h"

#define VBAR 0xffff000000080000ULL
#define MDSCR ARM_SYSREG_ENC(2, 0, 0, 2, 2)
#define OSLAR ARM_SYSREG_ENC(2, 0, 1, 0, 4)

static int setup(void **state)
{
	int ret = rig_setup(state);

	rig.cpu[0].st.sys[ARM_SLOT_VBAR_EL1] = VBAR;
	rig.cpu[0].st.pc = 0x1000;
	return ret;
}

static void test_reset(void **state)
{
	struct emu_vcpu *v = *state;

	assert_int_equal(v->st.pstate, PSR_M_EL1H | PSR_DAIF);
	assert_int_equal(v->st.sys[ARM_SLOT_SCTLR_EL1] & SCTLR_M, 0);
	assert_int_equal(rig.cpu[0].st.sys[ARM_SLOT_MPIDR_EL1], 0x80000000);
	assert_int_equal(rig.cpu[1].st.sys[ARM_SLOT_MPIDR_EL1], 0x80000001);
	assert_int_equal(cpu_mpidr(11), 0x80000103);
	assert_int_equal(v->st.sys[ARM_SLOT_CNTFRQ_EL0], 62500000);
	/* EL1 is AArch64, EL0 either, EL2 and EL3 absent */
	assert_int_equal(v->st.sys[ARM_SLOT_ID_AA64PFR0_EL1] & 0xffff, 0x0012);
	assert_int_equal(cpu_mode(v), 1 | IR_MODE_FP_TRAP | IR_MODE_SP_CHECK | IR_MODE_MMU_OFF | IR_MODE_SPSEL);
}

static void test_svc_from_each(void **state)
{
	static const struct {
		u32 pstate;
		u32 vec;
	} from[] = {
		{ PSR_M_EL0T, 0x400 }, { PSR_M_EL1T | PSR_I, 0x000 }, { PSR_M_EL1H | PSR_F, 0x200 },
	};
	struct emu_vcpu *v = *state;
	struct arm_state *st = &v->st;

	for (unsigned int i = 0; i < 3; i++) {
		arm_state_save_sp(st);
		st->sys[ARM_SLOT_SP_EL0] = 0xe0e0;
		st->sys[ARM_SLOT_SP_EL1] = 0xe1e1;
		st->pstate = from[i].pstate;
		st->nzcv = PSR_N | PSR_V;
		st->pc = 0x1000;
		arm_state_load_sp(st);
		st->sp += 0x10;
		v->regime_changed = false;
		helper_svc(v, 0x1234, 0, 0);
		assert_true(v->exc.pending);
		assert_int_equal(st->pc, 0x1000);
		cpu_take_exception(v);
		assert_false(v->exc.pending);
		assert_int_equal(st->pc, VBAR + from[i].vec);
		assert_int_equal(st->sys[ARM_SLOT_ELR_EL1], 0x1004);
		assert_int_equal(st->sys[ARM_SLOT_ESR_EL1], 0x56001234);
		assert_int_equal(st->sys[ARM_SLOT_SPSR_EL1], from[i].pstate | PSR_N | PSR_V);
		assert_int_equal(st->pstate, PSR_M_EL1H | PSR_DAIF);
		assert_int_equal(st->nzcv, PSR_N | PSR_V);
		assert_int_equal(v->regime_changed, i == 0);
		assert_int_equal(st->sp, i == 2 ? 0xe1f1 : 0xe1e1);
		if (i != 2)
			assert_int_equal(st->sys[ARM_SLOT_SP_EL0], 0xe0f0);

		/* and back */
		v->excl_size = 8;
		v->regime_changed = false;
		atomic_store(&v->event, false);
		st->nzcv = 0;
		helper_eret(v, 0, 0, 0);
		assert_false(v->exc.pending);
		assert_int_equal(st->pc, 0x1004);
		assert_int_equal(st->pstate, from[i].pstate);
		assert_int_equal(st->nzcv, PSR_N | PSR_V);
		assert_int_equal(st->sp, i == 2 ? 0xe1f1 : 0xe0f0);
		assert_int_equal(v->excl_size, 0);
		assert_true(atomic_load(&v->event));
		assert_int_equal(v->regime_changed, i == 0);
	}
}

static void test_illegal_return(void **state)
{
	static const u32 bad[] = {
		PSR_M_EL2T, PSR_M_EL2H, PSR_M_EL3H, 0x1, 0x2, 0x6, 0x7,
		PSR32_M_FIQ, PSR32_M_IRQ, PSR32_M_SVC, PSR32_M_MON, PSR32_M_ABT, PSR32_M_HYP, PSR32_M_UND, PSR32_M_SYS,
	};
	struct emu_vcpu *v = *state;
	struct arm_state *st = &v->st;

	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(bad); i++) {
		st->pstate = PSR_M_EL1H | PSR_DAIF;
		st->sys[ARM_SLOT_ELR_EL1] = 0x4000;
		st->sys[ARM_SLOT_SPSR_EL1] = bad[i] | PSR_C | PSR_I;
		helper_eret(v, 0, 0, 0);
		assert_int_equal(st->pstate, PSR_M_EL1H | PSR_I | PSR_IL);
		assert_int_equal(st->nzcv, PSR_C);
		assert_int_equal(st->pc, 0x4000);
		assert_true(cpu_mode(v) & IR_MODE_IL);
	}
	helper_illegal_state(v, 0, 0, 0);
	cpu_take_exception(v);
	assert_int_equal(st->sys[ARM_SLOT_ESR_EL1], 0x3a000000);
	assert_true(st->sys[ARM_SLOT_SPSR_EL1] & PSR_IL);
	assert_false(st->pstate & PSR_IL);
}

static void test_eret_tagged(void **state)
{
	struct emu_vcpu *v = *state;
	struct arm_state *st = &v->st;

	st->sys[ARM_SLOT_SPSR_EL1] = PSR_M_EL0T;
	st->sys[ARM_SLOT_ELR_EL1] = 0x5500000000004000;
	helper_eret(v, 0, 0, 0);
	assert_int_equal(st->pc, 0x5500000000004000);
	rig_el(v, 1);
	st->sys[ARM_SLOT_TCR_EL1] = TCR_TBI0;
	helper_eret(v, 0, 0, 0);
	assert_int_equal(st->pc, 0x4000);
	assert_int_equal(cpu_branch_addr(v, 0, 0x12f0000000000000), 0x12f0000000000000);
	st->sys[ARM_SLOT_TCR_EL1] = TCR_TBI1;
	assert_int_equal(cpu_branch_addr(v, 0, 0x12f0000000000000), 0xfff0000000000000);
	/* ERET is UNDEFINED at EL0 */
	rig_el(v, 0);
	helper_eret(v, 0, 0, 0);
	assert_int_equal(rig_exc(v).esr, 0x02000000);
}

static void test_interrupts(void **state)
{
	struct emu_vcpu *v = *state;
	struct arm_state *st = &v->st;

	assert_false(cpu_has_work(v));
	atomic_store(&v->lines, 1 << EMU_LINE_IRQ);
	assert_true(cpu_has_work(v));
	assert_false(cpu_take_interrupt(v));
	st->pstate = PSR_M_EL1H | PSR_DAIF;
	st->pstate &= ~PSR_I;
	st->sys[ARM_SLOT_ESR_EL1] = 0x77;
	assert_true(cpu_take_interrupt(v));
	assert_int_equal(st->pc, VBAR + 0x280);
	assert_int_equal(st->sys[ARM_SLOT_ELR_EL1], 0x1000);
	assert_int_equal(st->sys[ARM_SLOT_ESR_EL1], 0x77);
	assert_false(cpu_take_interrupt(v));

	/* FIQ goes before IRQ; at EL0 both are maskable too */
	atomic_store(&v->lines, 1 << EMU_LINE_IRQ | 1 << EMU_LINE_FIQ);
	st->pstate = PSR_M_EL0T;
	assert_true(cpu_take_interrupt(v));
	assert_int_equal(st->pc, VBAR + 0x500);
	st->pstate = PSR_M_EL0T | PSR_F;
	assert_true(cpu_take_interrupt(v));
	assert_int_equal(st->pc, VBAR + 0x480);
	st->pstate = PSR_M_EL0T | PSR_I | PSR_F;
	assert_false(cpu_take_interrupt(v));
	assert_int_equal(rig_mrs(v, ARM_SYSREG_ENC(3, 0, 12, 1, 0)), 0);
	rig_exc(v);
	rig_el(v, 1);
	assert_int_equal(rig_mrs(v, ARM_SYSREG_ENC(3, 0, 12, 1, 0)), 0xc0);

	atomic_store(&v->lines, 0);
	cpu_inject_serror(v, 0x123);
	assert_true(cpu_has_work(v));
	assert_int_equal(rig_mrs(v, ARM_SYSREG_ENC(3, 0, 12, 1, 0)), 0x100);
	assert_true(cpu_take_interrupt(v));
	assert_int_equal(st->pc, VBAR + 0x380);
	assert_int_equal(st->sys[ARM_SLOT_ESR_EL1], 0xbe000123);
	assert_false(cpu_has_work(v));
	assert_int_equal(v->stats.interrupts, 3);
	assert_int_equal(v->stats.exceptions, 1);
}

static void test_simple_exceptions(void **state)
{
	struct emu_vcpu *v = *state;
	struct vcpu_exception e;

	v->st.pc = 0x1002;
	helper_pc_align(v, 0x1002, 0, 0);
	e = rig_exc(v);
	assert_int_equal(e.esr, 0x8a000000);
	assert_true(e.far_valid && e.far == 0x1002 && e.ret == 0x1002);
	helper_sp_align(v, 0, 0, 0);
	e = rig_exc(v);
	assert_int_equal(e.esr, 0x9a000000);
	assert_false(e.far_valid);
	helper_brk(v, 0xf00d, 0, 0);
	e = rig_exc(v);
	assert_int_equal(e.esr, 0xf200f00d);
	assert_int_equal(e.ret, 0x1002);
	helper_fp_trap(v, 0, 0, 0);
	assert_int_equal(rig_exc(v).esr, 0x1fe00000);
	helper_smc(v, 0, 0, 0);
	assert_int_equal(rig_exc(v).esr, 0x02000000);
	helper_hvc(v, 0, 0, 0);		/* no PSCI here */
	assert_int_equal(rig_exc(v).esr, 0x02000000);
	v->vm->log_mask = ~0u;
	helper_undefined(v, 0, 0, 0);
	cpu_take_exception(v);
	assert_int_equal(v->st.sys[ARM_SLOT_ESR_EL1], 0x02000000);
	assert_int_equal(rig.logs, 2);
}

static void test_mode(void **state)
{
	struct emu_vcpu *v = *state;
	u64 *sys = v->st.sys;

	sys[ARM_SLOT_CPACR_EL1] = 1 << 20;
	assert_false(cpu_mode(v) & IR_MODE_FP_TRAP);
	rig_el(v, 0);
	assert_true(cpu_mode(v) & IR_MODE_FP_TRAP);
	sys[ARM_SLOT_CPACR_EL1] = 3 << 20;
	assert_false(cpu_mode(v) & IR_MODE_FP_TRAP);
	sys[ARM_SLOT_CPACR_EL1] = 2 << 20;
	assert_true(cpu_mode(v) & IR_MODE_FP_TRAP);
	assert_int_equal(cpu_mode(v) & (IR_MODE_EL | IR_MODE_SPSEL), 0);
	for (unsigned int b = 0; b < 32; b++) {
		v->st.fpcr = 1u << b;
		assert_int_equal(!!(cpu_mode(v) & IR_MODE_FP_SLOW), b == 19 || b == 24 || b == 25 || b == 26);
	}
	sys[ARM_SLOT_SCTLR_EL1] = SCTLR_M | SCTLR_A;
	assert_int_equal(cpu_mode(v) & (IR_MODE_ALIGN | IR_MODE_MMU_OFF | IR_MODE_SP_CHECK), IR_MODE_ALIGN);
	sys[ARM_SLOT_SCTLR_EL1] = SCTLR_M | SCTLR_SA0;
	assert_true(cpu_mode(v) & IR_MODE_SP_CHECK);
	rig_el(v, 1);
	assert_false(cpu_mode(v) & IR_MODE_SP_CHECK);
}

static void test_hints(void **state)
{
	struct emu_vcpu *v = *state;
	u64 *sctlr = &v->st.sys[ARM_SLOT_SCTLR_EL1], now, end;

	rig_el(v, 1);
	helper_wfi(v, 0, 0, 0);
	assert_true(v->wfi);
	v->wfi = false;
	atomic_store(&v->lines, 1);
	helper_wfi(v, 0, 0, 0);
	assert_false(v->wfi);
	atomic_store(&v->lines, 0);

	rig_el(v, 0);
	*sctlr &= ~(SCTLR_NTWI | SCTLR_NTWE);
	helper_wfi(v, 0, 0, 0);
	assert_int_equal(rig_exc(v).esr, 0x07e00000);
	assert_false(v->wfi);
	helper_wfe(v, 0, 0, 0);
	assert_int_equal(rig_exc(v).esr, 0x07e00001);
	helper_sevl(v, 0, 0, 0);
	helper_wfe(v, 0, 0, 0);
	assert_false(v->exc.pending || v->wfe || atomic_load(&v->event));
	*sctlr |= SCTLR_NTWI | SCTLR_NTWE;
	helper_wfe(v, 0, 0, 0);
	assert_true(v->wfe && !v->exc.pending);
	helper_sev(v, 0, 0, 0);
	assert_int_equal(rig.sevs, 1);

	/* never later than 100 us; an event stream at bit 7 (2.05 us) is nearer */
	now = cpu_monotonic_ns();
	end = cpu_wfe_deadline(v);
	assert_in_range(end, now + 100000, cpu_monotonic_ns() + 100000);
	for (int i = 0; i < 100;) {
		u64 before = timer_count(v->vm), edge;

		v->st.sys[ARM_SLOT_CNTKCTL_EL1] = 1 << 2 | 7 << 4 | (i & 1) << 3;
		end = cpu_wfe_deadline(v);
		/* It reads two clocks: what the host did in between is in the result. */
		if (timer_count(v->vm) - before > 128)
			continue;
		edge = end / 16;
		assert_true(edge > before && edge - before <= 256 + 128);
		/* at the edge bit 7 has just changed the right way */
		assert_int_equal(edge >> 7 & 1, !(i & 1));
		assert_int_equal(edge & 127, 0);
		i++;
	}
}

/* ---- debug ---- */

static void test_step_el0(void **state)
{
	struct emu_vcpu *v = *state;
	struct arm_state *st = &v->st;

	/* EL1 asks for one step of EL0, as ptrace does */
	rig_msr(v, MDSCR, 1);
	st->sys[ARM_SLOT_SPSR_EL1] = PSR_M_EL0T | PSR_SS;
	st->sys[ARM_SLOT_ELR_EL1] = 0x5000;
	helper_eret(v, 0, 0, 0);
	assert_false(st->pstate & PSR_SS);	/* the OS lock is still set */
	rig_el(v, 1);
	rig_msr(v, OSLAR, 0);
	assert_false(v->exc.pending);
	helper_eret(v, 0, 0, 0);
	assert_true(st->pstate & PSR_SS);
	assert_true(cpu_mode(v) & IR_MODE_STEP);
	assert_false(cpu_step_begin(v));
	helper_step_done(v, 0x5004, 0, 0);
	assert_true(v->exc.pending);
	cpu_take_exception(v);
	assert_int_equal(st->sys[ARM_SLOT_ESR_EL1], 0xcb000022);
	assert_int_equal(st->sys[ARM_SLOT_ELR_EL1], 0x5004);
	assert_int_equal(st->sys[ARM_SLOT_SPSR_EL1], PSR_M_EL0T);
	assert_false(cpu_mode(v) & IR_MODE_STEP);

	/* back without SS: the step is pending at once, nothing was executed */
	helper_eret(v, 0, 0, 0);
	assert_true(cpu_step_begin(v));
	assert_int_equal(rig_exc(v).esr, 0xca000022);

	/* a load-exclusive was stepped */
	rig_el(v, 1);
	st->sys[ARM_SLOT_SPSR_EL1] = PSR_M_EL0T | PSR_SS;
	helper_eret(v, 0, 0, 0);
	v->excl_size = 4;
	helper_step_done(v, 0x5008, 0, 0);
	assert_int_equal(rig_exc(v).esr, 0xcb000062);

	/* SVC counts as executed, a fault does not */
	st->pstate |= PSR_SS;
	helper_svc(v, 0, 0, 0);
	cpu_take_exception(v);
	assert_false(st->sys[ARM_SLOT_SPSR_EL1] & PSR_SS);
	st->sys[ARM_SLOT_SPSR_EL1] = PSR_M_EL0T | PSR_SS;
	helper_eret(v, 0, 0, 0);
	vcpu_raise_undef(v);
	cpu_take_exception(v);
	assert_true(st->sys[ARM_SLOT_SPSR_EL1] & PSR_SS);
	assert_false(st->pstate & PSR_SS);
}

static void test_step_el1(void **state)
{
	struct emu_vcpu *v = *state;
	struct arm_state *st = &v->st;

	rig_msr(v, OSLAR, 0);
	rig_msr(v, MDSCR, 1 | 1 << 13);
	/* D is set: not active here, but an eret to EL1 with D clear steps */
	assert_false(cpu_mode(v) & IR_MODE_STEP);
	st->sys[ARM_SLOT_SPSR_EL1] = PSR_M_EL1H | PSR_SS;
	st->sys[ARM_SLOT_ELR_EL1] = 0x5000;
	helper_eret(v, 0, 0, 0);
	assert_true((st->pstate & PSR_SS) && (cpu_mode(v) & IR_MODE_STEP));
	assert_false(cpu_step_begin(v));
	helper_step_done(v, 0x5004, 0, 0);
	assert_int_equal(rig_exc(v).esr, 0xcf000022);
	/* an eret from where debug is enabled does not set SS */
	st->pstate = PSR_M_EL1H;
	helper_eret(v, 0, 0, 0);
	assert_false(st->pstate & PSR_SS);
}

#define BCR(n) ARM_SYSREG_ENC(2, 0, 0, n, 5)
#define BVR(n) ARM_SYSREG_ENC(2, 0, 0, n, 4)
#define WCR(n) ARM_SYSREG_ENC(2, 0, 0, n, 7)
#define WVR(n) ARM_SYSREG_ENC(2, 0, 0, n, 6)

static void test_breakpoint(void **state)
{
	struct emu_vcpu *v = *state;

	rig_msr(v, OSLAR, 0);
	rig_msr(v, BVR(1), 0x7000);
	rig_msr(v, BCR(1), 0x1e5);	/* EL0, BAS 1111, enabled */
	rig_msr(v, MDSCR, 1 << 15);
	assert_false(v->exc.pending);
	assert_false(cpu_mode(v) & IR_MODE_STEP);	/* EL1 */
	rig_el(v, 0);
	assert_true(cpu_mode(v) & IR_MODE_STEP);
	v->st.pc = 0x6ffc;
	assert_false(cpu_step_begin(v));
	helper_step_done(v, 0x7000, 0, 0);
	assert_false(v->exc.pending);
	assert_true(cpu_step_begin(v));
	assert_int_equal(rig_exc(v).esr, 0xc2000022);

	/* linked to a context: the last two of six match contexts */
	v->st.sys[ARM_SLOT_DBGBCR0_EL1 + 1] = 0x1e5 | 1 << 20 | 5 << 16;
	assert_false(cpu_step_begin(v));
	v->st.sys[ARM_SLOT_DBGBCR0_EL1 + 5] = 0x1e5 | 3 << 20;
	v->st.sys[ARM_SLOT_DBGBVR0_EL1 + 5] = 77;
	assert_false(cpu_step_begin(v));
	v->st.sys[ARM_SLOT_CONTEXTIDR_EL1] = 77;
	assert_true(cpu_step_begin(v));
	rig_exc(v);
	/* breakpoint 3 is none of those two */
	v->st.sys[ARM_SLOT_DBGBCR0_EL1 + 3] = v->st.sys[ARM_SLOT_DBGBCR0_EL1 + 5];
	v->st.sys[ARM_SLOT_DBGBVR0_EL1 + 3] = 77;
	v->st.sys[ARM_SLOT_DBGBCR0_EL1 + 1] = 0x1e5 | 1 << 20 | 3 << 16;
	assert_false(cpu_step_begin(v));
	/* MDE off, and a breakpoint that does not exist */
	rig_el(v, 1);
	rig_msr(v, MDSCR, 0);
	rig_el(v, 0);
	assert_false(cpu_mode(v) & IR_MODE_STEP);
	rig_el(v, 1);
	rig_msr(v, BVR(6), 0);
	assert_int_equal(rig_exc(v).esr, 0x02000000);
}

static void test_watchpoint(void **state)
{
	struct emu_vcpu *v = *state;
	struct mmu_page pg;
	struct mmu_fault f;
	struct vcpu_exception e;

	rig_msr(v, OSLAR, 0);
	rig_msr(v, WVR(0), RIG_RAM + 0x1008);
	rig_msr(v, WCR(0), 1 | 2 << 1 | 2 << 3 | 0x3c << 5);	/* EL0 stores, bytes 2..5 */
	assert_int_equal(rig.invs, 0);
	rig_msr(v, MDSCR, 1 << 15);
	assert_int_equal(rig.invs, 1);
	assert_int_equal(rig.inv.scope, TLB_ALL);
	assert_int_equal(mmu_translate(v, RIG_RAM + 0x1ff0, MMU_READ, 0, &pg, &f), 0);
	assert_true(pg.watched);
	assert_int_equal(mmu_translate(v, RIG_RAM + 0x2000, MMU_READ, 0, &pg, &f), 0);
	assert_false(pg.watched);

	rig_el(v, 0);
	assert_false(cpu_watchpoint(v, RIG_RAM + 0x1008, 2, true, 0));
	assert_false(cpu_watchpoint(v, RIG_RAM + 0x100e, 2, true, 0));
	assert_false(cpu_watchpoint(v, RIG_RAM + 0x100a, 1, false, 0));
	assert_true(cpu_watchpoint(v, RIG_RAM + 0x1008, 8, true, 0));
	e = rig_exc(v);
	assert_int_equal(e.esr, 0xd2000062);
	assert_int_equal(e.far, RIG_RAM + 0x100a);
	assert_true(cpu_watchpoint(v, RIG_RAM + 0x1004, 7, true, 0));
	assert_int_equal(rig_exc(v).far, RIG_RAM + 0x100a);
	/* 32 bytes by mask, EL1 */
	rig_el(v, 1);
	rig_msr(v, MDSCR, 1 << 15 | 1 << 13);
	rig_msr(v, WVR(1), RIG_RAM + 0x3020);
	rig_msr(v, WCR(1), 1 | 1 << 1 | 1 << 3 | 0xff << 5 | 5 << 24);
	assert_false(cpu_watchpoint(v, RIG_RAM + 0x301c, 4, false, 1));
	assert_true(cpu_watchpoint(v, RIG_RAM + 0x301c, 8, false, 1));
	assert_int_equal(rig_exc(v).far, RIG_RAM + 0x3020);
	assert_true(cpu_watchpoint(v, RIG_RAM + 0x303f, 1, false, 1));
	assert_int_equal(rig_exc(v).esr, 0xd6000022);
	assert_false(cpu_watchpoint(v, RIG_RAM + 0x3040, 1, false, 1));
	assert_false(cpu_watchpoint(v, RIG_RAM + 0x303f, 1, false, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_reset, setup),
		cmocka_unit_test_setup(test_svc_from_each, setup),
		cmocka_unit_test_setup(test_illegal_return, setup),
		cmocka_unit_test_setup(test_eret_tagged, setup),
		cmocka_unit_test_setup(test_interrupts, setup),
		cmocka_unit_test_setup(test_simple_exceptions, setup),
		cmocka_unit_test_setup(test_mode, setup),
		cmocka_unit_test_setup(test_hints, setup),
		cmocka_unit_test_setup(test_step_el0, setup),
		cmocka_unit_test_setup(test_step_el1, setup),
		cmocka_unit_test_setup(test_breakpoint, setup),
		cmocka_unit_test_setup(test_watchpoint, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
