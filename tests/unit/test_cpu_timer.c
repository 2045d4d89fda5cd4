/* SPDX-License-Identifier: GPL-2.0-only */
/* The generic timers with their thread, the PMU's overflow interrupt, PSCI. */
#include "tests/unit/cpu_rig.h"

#define E ARM_SYSREG_ENC
#define CNTPCT E(3, 3, 14, 0, 1)
#define CNTVCT E(3, 3, 14, 0, 2)
#define CNTP_TVAL E(3, 3, 14, 2, 0)
#define CNTP_CTL E(3, 3, 14, 2, 1)
#define CNTP_CVAL E(3, 3, 14, 2, 2)
#define CNTV_TVAL E(3, 3, 14, 3, 0)
#define CNTV_CTL E(3, 3, 14, 3, 1)
#define CNTV_CVAL E(3, 3, 14, 3, 2)

static void sleep_us(long us)
{
	struct timespec ts = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

	nanosleep(&ts, NULL);
}

/* Wait for a PPI's level; the limit is generous, the machine may be busy. */
static bool wait_ppi(unsigned int cpu, unsigned int intid, bool level)
{
	for (int i = 0; i < 20000; i++) {
		if (atomic_load(&rig.ppi[cpu][intid]) == level)
			return true;
		sleep_us(200);
	}
	return false;
}

static int setup(void **state)
{
	int ret = rig_setup(state);

	rig.cpu[0].insn_count = 0;
	return ret ? ret : timer_start(&rig.vm);
}

static int teardown(void **state)
{
	(void)state;
	timer_stop(&rig.vm);
	return 0;
}

static void test_count(void **state)
{
	struct emu_vcpu *v = *state;
	u64 a = rig_mrs(v, CNTPCT), ns = cpu_monotonic_ns(), b;

	assert_true(a < 62500000);	/* it began at the start of this test */
	sleep_us(5000);
	b = rig_mrs(v, CNTVCT);
	ns = cpu_monotonic_ns() - ns;
	assert_true(b - a >= 5000 * 125 / 2 && b - a <= (ns + 1000000) / 16);
	v->st.sys[ARM_SLOT_CNTVOFF_EL2] = b;
	assert_true(rig_mrs(v, CNTVCT) < 62500000);
	assert_true(rig_mrs(v, CNTPCT) >= b);
}

static void test_registers(void **state)
{
	struct emu_vcpu *v = *state;
	u64 tval;

	rig_msr(v, CNTV_TVAL, 0xfffffff0);	/* -16 */
	rig_msr(v, CNTV_CTL, 3);
	assert_int_equal(rig_mrs(v, CNTV_CTL), 7);
	assert_false(rig.ppi[0][27]);		/* masked */
	rig_msr(v, CNTV_CTL, 1);
	assert_int_equal(rig_mrs(v, CNTV_CTL), 5);
	assert_true(rig.ppi[0][27]);
	/* the level drops when the condition goes away */
	rig_msr(v, CNTV_TVAL, 1000000000);
	assert_int_equal(rig_mrs(v, CNTV_CTL), 1);
	assert_false(rig.ppi[0][27]);
	tval = rig_mrs(v, CNTV_TVAL);
	assert_true(tval <= 1000000000 && tval > 900000000);
	rig_msr(v, CNTV_CVAL, 0);
	assert_true(rig.ppi[0][27]);
	rig_msr(v, CNTV_CTL, 0);
	assert_false(rig.ppi[0][27]);
	rig_msr(v, CNTP_CVAL, 5);
	rig_msr(v, CNTP_CTL, 1);
	assert_true(rig.ppi[0][30]);
	assert_false(rig.ppi[1][30]);
	cpu_reset(v);
	assert_false(rig.ppi[0][30]);
}

static void test_fires(void **state)
{
	struct emu_vcpu *v = *state, *w = &rig.cpu[1];

	/* a late one first, so that the thread must be woken for the early one */
	rig_msr(v, CNTP_TVAL, 62500 * 10000);
	rig_msr(v, CNTP_CTL, 1);
	for (int i = 0; i < 50; i++) {
		u64 cval = rig_mrs(w, CNTVCT) + 62500 / 4;

		rig_msr(w, CNTV_CVAL, cval);
		rig_msr(w, CNTV_CTL, 1);
		assert_true(wait_ppi(1, 27, true));
		assert_true(timer_count(&rig.vm) >= cval);
		rig_msr(w, CNTV_CTL, 0);
		assert_false(rig.ppi[1][27]);
	}
	assert_false(rig.ppi[0][30]);
	/* moved away before it is due: never fires */
	rig_msr(w, CNTV_TVAL, 62500);
	rig_msr(w, CNTV_CTL, 1);
	rig_msr(w, CNTV_TVAL, 62500 * 10000);
	sleep_us(5000);
	assert_false(rig.ppi[1][27]);
	/* CVAL so far away that it cannot be expressed in nanoseconds */
	rig_msr(w, CNTV_CVAL, ~0ULL);
	sleep_us(500);
	assert_false(rig.ppi[1][27]);
}

/* State that came from elsewhere. */
static void test_sync(void **state)
{
	struct emu_vcpu *v = *state;

	v->st.sys[ARM_SLOT_CNTV_CVAL_EL0] = 1;
	v->st.sys[ARM_SLOT_CNTV_CTL_EL0] = 1;
	v->regime_changed = false;
	cpu_sync_state(v);
	assert_true(rig.ppi[0][27]);
	assert_true(v->regime_changed);
	v->st.sys[ARM_SLOT_CNTVOFF_EL2] = timer_count(&rig.vm);
	v->st.sys[ARM_SLOT_CNTV_CVAL_EL0] = 62500;
	cpu_sync_state(v);
	assert_false(rig.ppi[0][27]);
	assert_true(wait_ppi(0, 27, true));
}

static void test_restart(void **state)
{
	struct emu_vcpu *v = *state;
	u64 a = timer_count(&rig.vm);

	timer_stop(&rig.vm);
	timer_stop(&rig.vm);
	rig_msr(v, CNTV_TVAL, 100);
	rig_msr(v, CNTV_CTL, 1);
	assert_int_equal(timer_start(&rig.vm), 0);
	assert_true(wait_ppi(0, 27, true));
	assert_true(timer_count(&rig.vm) >= a);
}

/* The overflow is found by the timer thread, and taken by the vCPU. */
static void test_pmu_overflow(void **state)
{
	struct emu_vcpu *v = *state;
	int i;

	rig_msr(v, E(3, 3, 9, 13, 0), 0xffffffff - 1000000);
	rig_msr(v, E(3, 0, 9, 14, 1), 1ULL << 31);
	rig_msr(v, E(3, 3, 9, 12, 1), 1ULL << 31);
	rig_msr(v, E(3, 3, 9, 12, 0), 1);
	for (i = 0; i < 20000 && !(atomic_load(&v->exit_request) & VCPU_REQ_KICK); i++)
		sleep_us(200);
	assert_true(atomic_load(&v->pmu_due));
	assert_true(cpu_has_work(v));
	assert_true(atomic_load(&v->exit_request) & VCPU_REQ_KICK);
	cpu_take_interrupt(v);
	assert_true(rig.ppi[0][23]);
	assert_int_equal(rig_mrs(v, E(3, 3, 9, 14, 3)), 1ULL << 31);
	rig_msr(v, E(3, 3, 9, 12, 3), 1ULL << 31);
	assert_false(rig.ppi[0][23]);
}

/* ---- PSCI ---- */

static int psci_setup(void **state)
{
	int ret = rig_setup(state);

	ret = ret ? ret : cpu_psci_init(&rig.vm);
	if (!ret)
		cpu_psci_reset(&rig.vm);
	return ret;
}

static int psci_teardown(void **state)
{
	(void)state;
	cpu_psci_free(&rig.vm);
	return 0;
}

static u64 hvc(struct emu_vcpu *v, u64 x0, u64 x1, u64 x2, u64 x3)
{
	u64 pc = v->st.pc;

	v->st.x[0] = x0;
	v->st.x[1] = x1;
	v->st.x[2] = x2;
	v->st.x[3] = x3;
	helper_hvc(v, 0, 0, 0);
	assert_false(v->exc.pending);
	assert_int_equal(v->st.pc, pc + 4);
	return v->st.x[0];
}

static void test_psci(void **state)
{
	struct emu_vcpu *v = *state, *w = &rig.cpu[1];

	assert_true(atomic_load(&v->on) && !atomic_load(&w->on));
	assert_int_equal(hvc(v, PSCI_FN_VERSION, 0, 0, 0), PSCI_VERSION_1_1);
	assert_int_equal(hvc(v, PSCI_64(PSCI_FN_AFFINITY_INFO), 1, 0, 0), PSCI_POWER_OFF);
	assert_int_equal((s64)hvc(v, PSCI_64(PSCI_FN_CPU_ON), 0x100, 0x40080000, 7), PSCI_INVALID_PARAMETERS);
	assert_int_equal((s64)hvc(v, PSCI_64(PSCI_FN_CPU_ON), 0, 0x40080000, 7), PSCI_ALREADY_ON);
	rig.kicks = 0;
	assert_int_equal(hvc(v, PSCI_64(PSCI_FN_CPU_ON), 1, 0x40080000, 0x1122334455667788), 0);
	assert_int_equal(rig.kicks, 1);
	assert_true(atomic_load(&w->on) && atomic_load(&w->start));
	assert_int_equal((s64)hvc(v, PSCI_64(PSCI_FN_CPU_ON), 1, 0x40080000, 7), PSCI_ON_PENDING);
	assert_int_equal(hvc(v, PSCI_64(PSCI_FN_AFFINITY_INFO), 1, 0, 0), PSCI_POWER_ON_PENDING);
	w->st.x[5] = 5;
	w->st.sys[ARM_SLOT_SCTLR_EL1] |= SCTLR_M;
	cpu_psci_power_on(w);
	assert_false(atomic_load(&w->start));
	assert_int_equal(w->st.pc, 0x40080000);
	assert_int_equal(w->st.x[0], 0x1122334455667788);
	assert_int_equal(w->st.x[5], 0);
	assert_int_equal(w->st.pstate, PSR_M_EL1H | PSR_DAIF);
	assert_false(w->st.sys[ARM_SLOT_SCTLR_EL1] & SCTLR_M);
	assert_int_equal(hvc(v, PSCI_64(PSCI_FN_AFFINITY_INFO), 1, 0, 0), PSCI_POWER_ON);

	/* off, and on again before its thread has noticed */
	hvc(w, PSCI_FN_CPU_OFF, 0, 0, 0);
	assert_false(atomic_load(&w->on));
	assert_true(atomic_load(&w->exit_request) & VCPU_REQ_KICK);
	assert_int_equal(hvc(v, PSCI_FN_CPU_ON, 1, 0x40090000, 9), 0);
	assert_true(atomic_load(&w->on) && atomic_load(&w->start));

	assert_int_equal(hvc(v, PSCI_FN_CPU_SUSPEND, 0, 0, 0), 0);
	assert_true(v->wfi);
	assert_int_equal((s64)hvc(v, 0x12345678, 0, 0, 0), PSCI_NOT_SUPPORTED);

	rig_el(v, 0);
	helper_hvc(v, 0, 0, 0);
	assert_int_equal(rig_exc(v).esr, 0x02000000);
	rig_el(v, 1);
	helper_hvc(v, 1, 0, 0);
	assert_int_equal(rig_exc(v).esr, 0x02000000);
}

static void test_psci_system(void **state)
{
	struct emu_vcpu *v = *state;

	hvc(v, PSCI_FN_SYSTEM_RESET, 0, 0, 0);
	assert_int_equal(rig.events, 1);
	assert_int_equal(rig.event, EMU_EVENT_SYSTEM_RESET);
	assert_false(atomic_load(&v->on));
	cpu_psci_reset(&rig.vm);
	assert_true(atomic_load(&v->on));
	hvc(v, PSCI_FN_SYSTEM_OFF, 0, 0, 0);
	assert_int_equal(rig.events, 2);
	assert_int_equal(rig.event, EMU_EVENT_SYSTEM_OFF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_count, setup, teardown),
		cmocka_unit_test_setup_teardown(test_registers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fires, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sync, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pmu_overflow, setup, teardown),
		cmocka_unit_test_setup_teardown(test_psci, psci_setup, psci_teardown),
		cmocka_unit_test_setup_teardown(test_psci_system, psci_setup, psci_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
