/* SPDX-License-Identifier: GPL-2.0-only */
/* KVM's register ids and struct arm_state: that each register has its place, and none the place of another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "arm/bank32.h"
#include "arm/cpu_model.h"
#include "hyp/uapi/kvm.h"
#include "vmm/accel/kvm_regs.h"

#define CORE64(size, member, i) \
	KVM_REG_ARM64_CORE(KVM_REG_SIZE_##size, offsetof(struct kvm_arm64_core, member) / 4 + (i))
#define CORE32(member, i) KVM_REG_ARM32_CORE(offsetof(struct kvm_arm32_core, member) / 4 + (i))
#define VFP(size, n) (KVM_REG_ARM | KVM_REG_SIZE_##size | KVM_REG_ARM_VFP | (n))

static struct arm_state state;

static u64 features(const char *model)
{
	return arm_cpu_model_find(model)->features;
}

/* Sets the register @id and expects that exactly the @len bytes at @where changed, to @want. */
static void expect_at(u64 id, const char *model, const void *where, size_t len, u64 val, u64 want)
{
	struct kvm_reg_place at = kvm_reg_place(id, features(model));
	const struct kvm_reg_value v = { { val, 0 } };
	struct arm_state before = state, after;

	kvm_reg_set(&state, at, v);
	assert_memory_equal(where, &want, len);
	assert_int_equal(kvm_reg_get(&state, at).d[0], val);
	after = state;
	memcpy((char *)&after + ((const char *)where - (const char *)&state),
	       (char *)&before + ((const char *)where - (const char *)&state), len);
	assert_memory_equal(&after, &before, sizeof(before));
	state = before;
}

static void a64_core(void **ctx)
{
	(void)ctx;
	for (unsigned int i = 0; i < 31; i++)
		expect_at(CORE64(U64, x, 2 * i), "cortex-a57", &state.x[i], 8, 0x1122334455667788 + i,
			  0x1122334455667788 + i);
	expect_at(CORE64(U64, sp, 0), "cortex-a57", &state.sys[ARM_SLOT_SP_EL0], 8, 7, 7);
	expect_at(CORE64(U64, sp_el1, 0), "cortex-a57", &state.sys[ARM_SLOT_SP_EL1], 8, 8, 8);
	expect_at(CORE64(U64, elr_el1, 0), "cortex-a57", &state.sys[ARM_SLOT_ELR_EL1], 8, 9, 9);
	expect_at(CORE64(U64, pc, 0), "cortex-a57", &state.pc, 8, ~0ULL, ~0ULL);
	expect_at(CORE64(U64, spsr, 2), "cortex-a57", &state.sys[ARM_SLOT_SPSR_ABT], 8, 10, 10);
	expect_at(CORE64(U64, spsr, 8), "cortex-a57", &state.sys[ARM_SLOT_SPSR_FIQ], 8, 11, 11);
	expect_at(CORE64(U128, v, 4 * 31), "cortex-a57", &state.v[31], 8, 12, 12);
	expect_at(CORE64(U32, fpsr, 0), "cortex-a57", &state.fpsr, 4, 13, 13);
	expect_at(CORE64(U32, fpcr, 0), "cortex-a57", &state.fpcr, 4, 14, 14);
}

/* NZCV are apart in struct arm_state. */
static void flags(void **ctx)
{
	struct kvm_reg_place at = kvm_reg_place(CORE64(U64, pstate, 0), features("cortex-a57"));
	const struct kvm_reg_value v = { { 0xa00003c5, 0 } };

	(void)ctx;
	kvm_reg_set(&state, at, v);
	assert_int_equal(state.nzcv, 0xa0000000);
	assert_int_equal(state.pstate, 0x3c5);
	assert_int_equal(kvm_reg_get(&state, at).d[0], 0xa00003c5);
	at = kvm_reg_place(CORE32(cpsr, 0), features("cortex-a15"));
	assert_int_equal(kvm_reg_get(&state, at).d[0], 0xa00003c5);
	/* FPSCR is two registers: the modes and the flags with the cumulative bits. */
	at = kvm_reg_place(VFP(U32, KVM_REG_ARM_VFP_FPSCR), features("cortex-a15"));
	kvm_reg_set(&state, at, (struct kvm_reg_value){ { 0xfb00009f, 0 } });
	assert_int_equal(state.fpcr, 0x03000000);
	assert_int_equal(state.fpsr, 0xf800009f);
	assert_int_equal(kvm_reg_get(&state, at).d[0], 0xfb00009f);
}

/* Every row that has storage is reached by its encoding; the timer's count and CVAL have swapped theirs. */
static void a64_system(void **ctx)
{
	u64 f = features("cortex-a57");
	unsigned int seen = 0;

	(void)ctx;
	for (unsigned int reg = 0; reg < ARM_REGS; reg++) {
		const struct arm_sysreg_row *r = arm_sysreg_row(reg);
		u64 id = KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM64_SYSREG | r->enc;
		struct kvm_reg_place at = kvm_reg_place(id, f);

		if (r->slot == ARM_SLOT_NONE || id == KVM_REG_ARM64_TIMER_CNT)
			continue;
		assert_int_equal(at.kind, KREG_SYS);
		assert_int_equal(at.n, r->slot);
		seen++;
	}
	assert_in_range(seen, 200, ARM_REGS);
	assert_int_equal(kvm_reg_place(KVM_REG_ARM64_TIMER_CVAL, f).n, ARM_SLOT_CNTV_CVAL_EL0);
	assert_int_equal(kvm_reg_place(KVM_REG_ARM64_TIMER_CNT, f).kind, KREG_NONE);
	assert_int_equal(kvm_reg_place(KVM_REG_ARM64_TIMER_CTL, f).n, ARM_SLOT_CNTV_CTL_EL0);
	assert_int_equal(kvm_reg_place(KVM_REG_ARM64_FW_REG(0), f).kind, KREG_NONE);
}

/* What Linux shows for a register that nobody wrote yet is no value. */
static void unknown(void **ctx)
{
	struct kvm_reg_place at = kvm_reg_place(KVM_REG_ARM64_SYS_REG(3, 0, 2, 0, 0), features("cortex-a57"));

	(void)ctx;
	assert_int_equal(at.n, ARM_SLOT_TTBR0_EL1);
	kvm_reg_set(&state, at, (struct kvm_reg_value){ { ARM_SYSREG_UNKNOWN, 0 } });
	assert_int_equal(state.sys[ARM_SLOT_TTBR0_EL1], 0);
	/* arm's has two widths, and is a value where the part decides what a register resets to. */
	at = kvm_reg_place(KVM_REG_ARM_CP15_64(0, 2), features("cortex-a15"));
	kvm_reg_set(&state, at, (struct kvm_reg_value){ { 0xd0c0ffeedecafbad, 0 } });
	assert_int_equal(state.sys[ARM_SLOT_TTBR0_EL1], 0);
	state.sys[ARM_SLOT_FAR_EL1] = ~0ULL;
	at = kvm_reg_place(KVM_REG_ARM_CP15_32(6, 0, 0, 2), features("cortex-a15"));
	kvm_reg_set(&state, at, (struct kvm_reg_value){ { 0xdecafbad, 0 } });
	assert_int_equal(state.sys[ARM_SLOT_FAR_EL1], 0xffffffff);
	at = kvm_reg_place(KVM_REG_ARM_CP15_32(12, 0, 0, 0), features("cortex-a15"));
	kvm_reg_set(&state, at, (struct kvm_reg_value){ { 0xdecafba0, 0 } });
	assert_int_equal(state.sys[ARM_SLOT_VBAR_EL1], 0xdecafba0);
}

/* Identity: what has a slot, and what has not. */
static void identity(void **ctx)
{
	u64 f = features("cortex-a15");

	(void)ctx;
	assert_int_equal(kvm_reg_row32(KVM_REG_ARM_CP15_32(0, 0, 0, 2), f), ARM_REG32_TCMTR);
	assert_int_equal(kvm_reg_row32(KVM_REG_ARM_CP15_32(0, 0, 0, 3), f), ARM_REG32_TLBTR);
	assert_int_equal(kvm_reg_row32(VFP(U32, KVM_REG_ARM_VFP_FPSID), f), ARM_REG32_FPSID);
	assert_int_equal(kvm_reg_row32(VFP(U32, KVM_REG_ARM_VFP_FPINST), f), -1);
	assert_int_equal(kvm_reg_row32(VFP(U64, 3), f), -1);
	assert_int_equal(kvm_reg_row32(KVM_REG_ARM64_SYS_REG(3, 0, 0, 0, 0), f), -1);
	assert_int_equal(kvm_reg_place(VFP(U32, KVM_REG_ARM_VFP_FPSID), f).kind, KREG_NONE);
	assert_int_equal(kvm_reg_place(VFP(U32, KVM_REG_ARM_VFP_MVFR1), f).n, ARM_SLOT_MVFR1_EL1);
	assert_int_equal(kvm_reg_place(VFP(U32, KVM_REG_ARM_VFP_FPEXC), f).n, ARM_SLOT_FPEXC32_EL2);
}

static void a32_core(void **ctx)
{
	static const u32 modes[] = { PSR32_M_SVC, PSR32_M_ABT, PSR32_M_UND, PSR32_M_IRQ };
	bool seen[31] = { false };

	(void)ctx;
	for (unsigned int word = 0; word < KVM_ARM32_CORE_WORDS; word++) {
		struct kvm_reg_place at = kvm_reg_place(KVM_REG_ARM32_CORE(word), features("cortex-a15"));

		if (at.kind != KREG_X)
			continue;
		assert_false(seen[at.n]);
		seen[at.n] = true;
	}
	/* Hyp's stack pointer is the only one that a guest has not. */
	for (unsigned int i = 0; i < 31; i++)
		assert_int_equal(seen[i], i != bank32_x(PSR32_M_HYP, 13));
	for (unsigned int i = 0; i < 4; i++) {
		expect_at(CORE32(svc, 3 * i), "cortex-a15", &state.x[bank32_x(modes[i], 13)], 8, 5, 5);
		expect_at(CORE32(svc, 3 * i + 1), "cortex-a15", &state.x[bank32_x(modes[i], 14)], 8, 6, 6);
	}
	expect_at(CORE32(svc, 2), "cortex-a15", &state.sys[ARM_SLOT_SPSR_EL1], 8, 7, 7);
	expect_at(CORE32(irq, 2), "cortex-a15", &state.sys[ARM_SLOT_SPSR_IRQ], 8, 8, 8);
	expect_at(CORE32(fiq, 7), "cortex-a15", &state.sys[ARM_SLOT_SPSR_FIQ], 8, 9, 9);
	expect_at(CORE32(pc, 0), "cortex-a15", &state.pc, 8, 10, 10);
	assert_int_equal(kvm_reg_place(CORE32(orig_r0, 0), features("cortex-a15")).kind, KREG_NONE);
	assert_int_equal(kvm_reg_place(KVM_REG_ARM32_CORE(KVM_ARM32_CORE_WORDS), 0).kind, KREG_NONE);
}

/* Registers that share a slot keep to their half of it. */
static void a32_system(void **ctx)
{
	(void)ctx;
	memset(&state, 0xff, sizeof(state));
	expect_at(KVM_REG_ARM_CP15_32(10, 0, 2, 0), "cortex-a15", &state.sys[ARM_SLOT_MAIR_EL1], 8, 0x12345678,
		  0xffffffff12345678);
	expect_at(KVM_REG_ARM_CP15_32(10, 0, 2, 1), "cortex-a15", &state.sys[ARM_SLOT_MAIR_EL1], 8, 0x12345678,
		  0x12345678ffffffff);
	expect_at(KVM_REG_ARM_CP15_64(0, 2), "cortex-a15", &state.sys[ARM_SLOT_TTBR0_EL1], 8, 0x123456789a,
		  0x123456789a);
	expect_at(KVM_REG_ARM_CP15_32(6, 0, 0, 2), "cortex-a15", &state.sys[ARM_SLOT_FAR_EL1], 8, 1, 0x1ffffffff);
	expect_at(VFP(U64, 31), "cortex-a15", &state.v[15].d[1], 8, 3, 3);
	expect_at(VFP(U64, 2), "cortex-a15", &state.v[1].d[0], 8, 3, 3);
	assert_int_equal(kvm_reg_place(KVM_REG_ARM32_TIMER_CNT, features("cortex-a15")).kind, KREG_NONE);
	expect_at(KVM_REG_ARM32_TIMER_CVAL, "cortex-a15", &state.sys[ARM_SLOT_CNTV_CVAL_EL0], 8, 4, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a64_core), cmocka_unit_test(flags), cmocka_unit_test(a64_system),
		cmocka_unit_test(unknown), cmocka_unit_test(identity), cmocka_unit_test(a32_core),
		cmocka_unit_test(a32_system),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
