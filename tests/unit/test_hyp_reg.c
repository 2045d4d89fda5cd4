// SPDX-License-Identifier: GPL-2.0-only
/*
 * hyp/reg.c on the host: the list of registers is the one that Linux 5.4 gives on a
 * Cortex-A15, in its order; each id reads, writes back and keeps what is written, or
 * refuses it; no other id is known (facts/kvm/05: 50, 51, 54).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "hyp/reg.c"

static struct hyp_vm vm;
static struct hyp_vcpu vcpu;
static struct hyp_guest guest;
static u64 timer[2][4];
static u32 told_mpidr;
static unsigned int changes;

u64 vtimer_read(struct hyp_vcpu *v, bool phys, enum hyp_timer_reg reg)
{
	(void)v;
	return timer[phys][reg];
}

void vtimer_write(struct hyp_vcpu *v, bool phys, enum hyp_timer_reg reg, u64 val)
{
	(void)v;
	timer[phys][reg] = val;
}

void psci_set_mpidr(struct hyp_vcpu *v, u32 mpidr)
{
	(void)v;
	told_mpidr = mpidr;
}

/* Whatever a test writes, the host has more. */
struct hyp_identity host_identity = { .mvfr0 = 15, .id = { [HYP_ID_CTR] = 0x000f000f } };

void cp15_identity_changed(struct hyp_vcpu *v)
{
	(void)v;
	changes++;
}

/* Runs of ids as KVM_GET_REG_LIST gave them (measured: QEMU's cortex-a15, Linux 5.4). */
static const struct {
	u64 first;
	unsigned int n;
} linux_list[] = {
	{ 0x4020000000100000, 38 }, { 0x4030000000140000, 3 }, { 0x40200000000f7181, 1 }, { 0x40300000000f0708, 1 },
	{ 0x40300000000f0718, 1 }, { 0x40200000000f0000, 4 }, { 0x40200000000f0006, 1 }, { 0x40200000000f0009, 1 },
	{ 0x40200000000f000f, 1 }, { 0x40200000000f0080, 8 }, { 0x40200000000f0100, 6 }, { 0x40200000000f0005, 1 },
	{ 0x40200000000f0010, 1 }, { 0x40200000000f0800, 3 }, { 0x40300000000f0100, 1 }, { 0x40200000000f1000, 3 },
	{ 0x40300000000f0108, 1 }, { 0x40200000000f1800, 1 }, { 0x40200000000f2800, 2 }, { 0x40200000000f2880, 2 },
	{ 0x40200000000f3000, 1 }, { 0x40200000000f3002, 1 }, { 0x40300000000f0380, 1 }, { 0x40200000000f480a, 1 },
	{ 0x40200000000f5100, 2 }, { 0x40200000000f5180, 2 }, { 0x40200000000f6000, 1 }, { 0x40200000000f6801, 4 },
	{ 0x40200000000f7080, 1 }, { 0x4030000000120000, 32 }, { 0x4020000000121008, 1 }, { 0x4020000000121001, 1 },
	{ 0x4020000000121009, 2 }, { 0x4020000000121007, 1 }, { 0x4020000000121006, 1 }, { 0x4020000000121000, 1 },
	{ 0x4020000000110000, 3 },
};
#define LINUX_IDS 136u

static struct {
	u64 n;
	u64 reg[LINUX_IDS + 8];
} list;

static int setup(void **state)
{
	(void)state;
	vcpu.vm = &vm;
	vcpu.guest = &guest;
	vcpu.features = 1u << KVM_ARM_VCPU_PSCI_0_2;
	vm.psci.version = PSCI_VERSION_1_0;
	vm.identity.dregs = 32;
	vm.identity.ccsidr_valid = 7;
	for (unsigned int i = 0; i < HYP_IDS; i++)
		vm.identity.id[i] = 0x41000000 + i;
	guest.core.cpsr = PSR32_M_SVC;
	list.n = LINUX_IDS;
	return vcpu_get_reg_list(&vcpu, (struct kvm_reg_list *)&list);
}

static int get(u64 id, u64 *val)
{
	struct kvm_one_reg reg = { .id = id, .addr = (u64)(uintptr_t)val };

	*val = 0;
	return vcpu_get_reg(&vcpu, &reg);
}

static int set(u64 id, u64 val)
{
	struct kvm_one_reg reg = { .id = id, .addr = (u64)(uintptr_t)&val };

	return vcpu_set_reg(&vcpu, &reg);
}

static void test_list(void **state)
{
	unsigned int n = 0;

	(void)state;
	assert_int_equal(list.n, LINUX_IDS);
	for (unsigned int i = 0; i < ARRAY_SIZE(linux_list); i++)
		for (unsigned int j = 0; j < linux_list[i].n; j++)
			assert_int_equal(list.reg[n++], linux_list[i].first + j);
	assert_int_equal(n, LINUX_IDS);
	assert_int_equal(list.reg[n], 0);
}

static void test_list_too_short(void **state)
{
	struct {
		u64 n, reg[4];
	} small = { .n = LINUX_IDS - 1 };

	(void)state;
	assert_int_equal(vcpu_get_reg_list(&vcpu, (struct kvm_reg_list *)&small), -E2BIG);
	assert_int_equal(small.n, LINUX_IDS);
	assert_int_equal(small.reg[0], 0);
}

/* Is another value than the one there refused? */
static bool fixed_id(u64 id)
{
	switch (id & KVM_REG_ARM_COPROC_MASK) {
	case KVM_REG_ARM_DEMUX:
		return true;
	case KVM_REG_ARM_VFP:
		return (id & 0xffff) == KVM_REG_ARM_VFP_FPSID || (id & 0xffff) == KVM_REG_ARM_VFP_MVFR0 ||
		       (id & 0xffff) == KVM_REG_ARM_VFP_MVFR1;
	case 15u << KVM_REG_ARM_COPROC_SHIFT:
		/* CRn 0, but for CSSELR and MPIDR. */
		return (id & KVM_REG_SIZE_MASK) == KVM_REG_SIZE_U32 && !(id >> 11 & 15) && (id & 0xffff) != 5 &&
		       (id & 0xffff) != 0x10;
	}
	return false;
}

static void test_each(void **state)
{
	u64 old, now;

	(void)state;
	for (unsigned int i = 0; i < LINUX_IDS; i++) {
		u64 id = list.reg[i], mask = KVM_REG_SIZE(id) == 8 ? ~0ull : ~0u;
		bool fw = (id & KVM_REG_ARM_COPROC_MASK) == KVM_REG_ARM_FW;

		assert_int_equal(get(id, &old), 0);
		assert_int_equal(set(id, old), 0);
		if (fixed_id(id)) {
			assert_int_equal(set(id, old ^ 1), -EINVAL);
			assert_int_equal(get(id, &now), 0);
			assert_int_equal(now, old);
		} else if (!fw && id != KVM_REG_ARM32_CORE(16)) {
			assert_int_equal(set(id, old ^ 0xfedcba9876543210), 0);
			assert_int_equal(get(id, &now), 0);
			assert_int_equal(now, (old ^ 0xfedcba9876543210) & mask);
			assert_int_equal(set(id, old), 0);
		}
	}
}

static bool listed(u64 id)
{
	for (unsigned int i = 0; i < LINUX_IDS; i++)
		if (list.reg[i] == id)
			return true;
	/* The physical timer's are known and not listed, as in Linux. */
	return id == KVM_REG_ARM32_PTIMER_CTL || id == KVM_REG_ARM32_PTIMER_CNT || id == KVM_REG_ARM32_PTIMER_CVAL;
}

/* Each id with one bit wrong: -ENOENT, or -EINVAL for another architecture. */
static void test_unknown(void **state)
{
	u64 val;

	(void)state;
	for (unsigned int i = 0; i < LINUX_IDS; i++)
		for (unsigned int b = 0; b < 64; b++) {
			u64 id = list.reg[i] ^ 1ull << b;
			int want = (id & KVM_REG_ARCH_MASK) == KVM_REG_ARM ? -ENOENT : -EINVAL;

			if (listed(id))
				continue;
			/* The size may be looked at first. */
			if (b >= 52 && b < 56)
				want = -ENOENT;
			assert_int_equal(get(id, &val), want);
			assert_int_equal(set(id, 0), want);
		}
}

static void test_cpsr(void **state)
{
	u64 val;

	(void)state;
	for (u32 mode = 0; mode < 32; mode++) {
		bool ok = mode == 0x10 || mode == 0x11 || mode == 0x12 || mode == 0x13 || mode == 0x17 ||
			  mode == 0x1b || mode == 0x1f;

		assert_int_equal(set(KVM_REG_ARM32_CORE(16), 0x600001c0 | mode), ok ? 0 : -EINVAL);
		get(KVM_REG_ARM32_CORE(16), &val);
		if (ok)
			assert_int_equal(val, 0x600001c0 | mode);
	}
}

/* Row 54: what is restored in the order of the list is what was saved. */
static void test_wide_and_narrow(void **state)
{
	const u64 ttbr0_64 = KVM_REG_ARM_CP15_64(0, 2), ttbr0 = KVM_REG_ARM_CP15_32(2, 0, 0, 0);
	u64 val;

	(void)state;
	assert_int_equal(set(ttbr0_64, 0x0000004280001000), 0);
	assert_int_equal(get(ttbr0, &val), 0);
	assert_int_equal(val, 0x80001000);
	assert_int_equal(set(ttbr0, 0x80002000), 0);
	get(ttbr0_64, &val);
	assert_int_equal(val, 0x0000004280002000);
}

static void test_mpidr_and_version(void **state)
{
	u64 val;

	(void)state;
	assert_int_equal(set(KVM_REG_ARM_CP15_32(0, 0, 0, 5), 0x80000103), 0);
	assert_int_equal(told_mpidr, 0x80000103);
	/* Row 48: an older host's version is kept; 0.1 is none with the feature. */
	assert_int_equal(set(KVM_REG_ARM32_FW_REG(0), PSCI_VERSION_0_2), 0);
	assert_int_equal(get(KVM_REG_ARM32_FW_REG(0), &val), 0);
	assert_int_equal(val, PSCI_VERSION_0_2);
	assert_int_equal(set(KVM_REG_ARM32_FW_REG(0), KVM_PSCI_0_1), -EINVAL);
	vcpu.features = 0;
	assert_int_equal(get(KVM_REG_ARM32_FW_REG(0), &val), 0);
	assert_int_equal(val, KVM_PSCI_0_1);
	assert_int_equal(set(KVM_REG_ARM32_FW_REG(0), PSCI_VERSION_0_2), -EINVAL);
	vcpu.features = 1u << KVM_ARM_VCPU_PSCI_0_2;
}

/* Only where user space asked for it may the part be another one. */
static void test_identity(void **state)
{
	const u64 midr = KVM_REG_ARM_CP15_32(0, 0, 0, 0);
	u64 val;

	(void)state;
	assert_int_equal(set(midr, 0x412fc0f1), -EINVAL);
	assert_int_equal(changes, 0);
	vm.identity_open = true;
	assert_int_equal(set(midr, 0x412fc0f1), 0);
	vm.identity_open = false;
	assert_int_equal(changes, 1);
	get(midr, &val);
	assert_int_equal(val, 0x412fc0f1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_list_too_short),
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_cpsr),
		cmocka_unit_test(test_wide_and_narrow),
		cmocka_unit_test(test_mpidr_and_version),
		cmocka_unit_test(test_identity),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
