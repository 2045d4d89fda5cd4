// SPDX-License-Identifier: GPL-2.0-only
/*
 * hyp/inject.c on the host: conditions and IT blocks of trapped instructions, their
 * sizes, banked registers, and exceptions given to the guest (facts/kvm/05: 9, 10,
 * 11, 51, 52).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "hyp/inject.c"

#define IL (1u << 25)
#define CV (1u << 24)
#define EC(n) ((u32)(n) << 26)
#define EC_CP15 EC(0x03)

static struct hyp_vcpu vcpu;
static struct hyp_guest guest;

unsigned int stage1_level(struct hyp_vcpu *v, u32 va, u64 ipa)
{
	(void)v, (void)va;
	return (unsigned int)ipa;
}

static const u32 modes[] = {
	PSR32_M_USR, PSR32_M_FIQ, PSR32_M_IRQ, PSR32_M_SVC, PSR32_M_ABT, PSR32_M_UND, PSR32_M_SYS,
};

static void fresh(u32 cpsr)
{
	u32 *r = (u32 *)&guest.core;

	memset(&guest, 0, sizeof(guest));
	vcpu.guest = &guest;
	for (u32 i = 0; i < sizeof(guest.core) / 4; i++)
		r[i] = 0x100 + i;
	guest.core.pc = 0x8000;
	guest.core.cpsr = cpsr;
}

/* DDI 0406C table A8-1, by its words. */
static bool holds(unsigned int cond, u32 nzcv)
{
	bool n = nzcv & 8, z = nzcv & 4, c = nzcv & 2, v = nzcv & 1, yes = true;

	switch (cond >> 1) {
	case 0:
		yes = z;
		break;
	case 1:
		yes = c;
		break;
	case 2:
		yes = n;
		break;
	case 3:
		yes = v;
		break;
	case 4:
		yes = c && !z;
		break;
	case 5:
		yes = n == v;
		break;
	case 6:
		yes = n == v && !z;
		break;
	case 7:
		return true;
	}
	return yes != (cond & 1);
}

static void test_condition_in_hsr(void **state)
{
	(void)state;
	for (u32 nzcv = 0; nzcv < 16; nzcv++)
		for (u32 cond = 0; cond < 16; cond++) {
			fresh(PSR32_M_SVC | nzcv << 28);
			assert_int_equal(guest_cond_holds(&guest, EC_CP15 | CV | cond << 20), holds(cond, nzcv));
			/* These have no condition there; bits 24 and 23:20 mean something else. */
			assert_true(guest_cond_holds(&guest, EC(0x24) | CV | cond << 20));
			assert_true(guest_cond_holds(&guest, EC(0x12) | CV | cond << 20));
			assert_true(guest_cond_holds(&guest, cond << 20 | CV));
		}
}

/* ITSTATE as IT makes it: @then has a bit for each further instruction, 1: T, 0: E. */
static unsigned int it_of(unsigned int cond, unsigned int n, unsigned int then)
{
	unsigned int it = cond << 4;

	for (unsigned int i = 1; i < n; i++)
		it |= ((then >> i & 1 ? cond : ~cond) & 1) << (4 - i);
	return it | 1u << (4 - n);
}

/* Row 9: each block, its instructions skipped one by one, Thumb without CV. */
static void one_block(unsigned int cond, unsigned int n, unsigned int then, u32 nzcv)
{
	fresh(psr32_set_it(PSR32_M_USR | PSR32_T | nzcv << 28, it_of(cond, n, then)));
	for (unsigned int i = 0; i < n; i++) {
		unsigned int c = i && !(then >> i & 1) ? cond ^ 1 : cond;
		u32 pc = guest.core.pc, wide = i & 1 ? IL : 0;

		assert_int_equal(guest_cond_holds(&guest, EC_CP15), holds(c, nzcv));
		guest_skip(&guest, EC_CP15 | wide);
		assert_int_equal(guest.core.pc, pc + (wide ? 4 : 2));
	}
	assert_int_equal(psr32_it(guest.core.cpsr), 0);
	assert_int_equal(guest.core.cpsr, PSR32_M_USR | PSR32_T | nzcv << 28);
	assert_true(guest_cond_holds(&guest, EC_CP15));
}

static void test_it_blocks(void **state)
{
	(void)state;
	for (u32 nzcv = 0; nzcv < 16; nzcv++)
		for (unsigned int cond = 0; cond < 15; cond++)
			for (unsigned int n = 1; n <= 4; n++)
				for (unsigned int then = 0; then < 1u << n; then++)
					if (cond != 14 || (then | 1) == (1u << n) - 1)	/* AL has no else */
						one_block(cond, n, then, nzcv);
}

static void test_skip_arm(void **state)
{
	(void)state;
	fresh(PSR32_M_SVC);
	guest_skip(&guest, EC_CP15 | IL);
	assert_int_equal(guest.core.pc, 0x8004);
	assert_int_equal(guest.core.cpsr, PSR32_M_SVC);
}

/* What r13 of each mode is, and r8. */
static void test_banks(void **state)
{
	struct kvm_arm32_core *c = &guest.core;
	u32 *sp[] = { &c->r[13], &c->fiq[5], &c->irq[0], &c->svc[0], &c->abt[0], &c->und[0], &c->r[13] };
	u32 *spsr[] = { NULL, &c->fiq[7], &c->irq[2], &c->svc[2], &c->abt[2], &c->und[2], NULL };

	(void)state;
	for (unsigned int i = 0; i < ARM_ARRAY_SIZE(modes); i++) {
		bool fiq = modes[i] == PSR32_M_FIQ;

		fresh(modes[i]);
		for (unsigned int r = 0; r < 8; r++)
			assert_ptr_equal(guest_reg(&guest, r), &c->r[r]);
		for (unsigned int r = 8; r < 13; r++)
			assert_ptr_equal(guest_reg(&guest, r), fiq ? &c->fiq[r - 8] : &c->r[r]);
		assert_ptr_equal(guest_reg(&guest, 13), sp[i]);
		assert_ptr_equal(guest_reg(&guest, 14), sp[i] + 1);
		assert_ptr_equal(guest_reg(&guest, 15), &c->pc);
		assert_ptr_equal(guest_spsr(&guest), spsr[i]);
	}
}

/* An exception and all it must do (B1.8.3, B1.9). */
struct taken {
	void (*inject)(struct hyp_vcpu *vcpu);
	u32 mode, vector, lr_arm, lr_thumb;
	bool masks_a;
};

static void dabt(struct hyp_vcpu *v)
{
	inject_dabt(v, 0x12345678);
}

static void pabt(struct hyp_vcpu *v)
{
	inject_pabt(v, 0x12345678);
}

static const struct taken taken[] = {
	{ inject_undef, PSR32_M_UND, 0x04, 4, 2, false },
	{ pabt, PSR32_M_ABT, 0x0c, 4, 4, true },
	{ dabt, PSR32_M_ABT, 0x10, 8, 8, true },
};

static void check_entry(const struct taken *t, u32 old, u32 sctlr)
{
	bool thumb = old & PSR32_T;
	u32 *bank = t->mode == PSR32_M_UND ? guest.core.und : guest.core.abt, want;

	fresh(old);
	guest.cp15[HYP_CP15_SCTLR] = sctlr;
	guest.cp15[HYP_CP15_VBAR] = 0x40000020;
	t->inject(&vcpu);
	want = (old & (PSR_NZCV | PSR32_Q | PSR32_GE | PSR_A | PSR_F)) | t->mode | PSR_I |
	       (t->masks_a ? PSR_A : 0) | (sctlr >> 30 & 1 ? PSR32_T : 0) | (sctlr >> 25 & 1 ? PSR32_E : 0);
	assert_int_equal(guest.core.cpsr, want);
	assert_int_equal(bank[2], old);
	assert_int_equal(bank[1], 0x8000 + (thumb ? t->lr_thumb : t->lr_arm));
	assert_int_equal(guest.core.pc, (sctlr >> 13 & 1 ? 0xffff0000 : 0x40000020) + t->vector);
	/* Nothing else moved. */
	bank[1] = bank[2] = 0;
	for (u32 i = 0, *r = (u32 *)&guest.core; i < sizeof(guest.core) / 4; i++)
		if (r[i] && i != 15 && i != 16)
			assert_int_equal(r[i], 0x100 + i);
}

static void test_entry(void **state)
{
	static const u32 flags[] = {
		0, PSR32_T, PSR32_E, PSR_A, PSR_F, PSR_I, PSR_NZCV | PSR32_Q | PSR32_GE, PSR32_J,
	};
	u32 sctlr;

	(void)state;
	for (unsigned int t = 0; t < ARM_ARRAY_SIZE(taken); t++)
		for (unsigned int m = 0; m < ARM_ARRAY_SIZE(modes); m++)
			for (unsigned int f = 0; f < ARM_ARRAY_SIZE(flags); f++)
				for (unsigned int s = 0; s < 8; s++) {
					sctlr = (s & 1) << 30 | (s >> 1 & 1) << 25 | (s >> 2 & 1) << 13;
					check_entry(&taken[t], modes[m] | flags[f], sctlr);
					/* In an IT block: the SPSR keeps it (row 51). */
					check_entry(&taken[t], modes[m] | flags[f] | PSR32_T | PSR32_IT, sctlr);
				}
}

/* Row 52: a synchronous external abort in either format. */
static void test_fault_status(void **state)
{
	(void)state;
	for (unsigned int lpae = 0; lpae < 2; lpae++) {
		u32 want = lpae ? 1u << 9 | 0x10 : 0x08;

		fresh(PSR32_M_SVC);
		guest.cp15[HYP_CP15_TTBCR] = lpae << 31;
		dabt(&vcpu);
		assert_int_equal(guest.cp15[HYP_CP15_DFSR], want);
		assert_int_equal(guest.cp15[HYP_CP15_DFAR], 0x12345678);
		assert_int_equal(guest.cp15[HYP_CP15_IFAR], 0);
		fresh(PSR32_M_SVC);
		guest.cp15[HYP_CP15_TTBCR] = lpae << 31;
		pabt(&vcpu);
		assert_int_equal(guest.cp15[HYP_CP15_IFSR], want);
		assert_int_equal(guest.cp15[HYP_CP15_IFAR], 0x12345678);
		assert_int_equal(guest.cp15[HYP_CP15_DFAR], 0);
	}
}

/* Row 18: of a walk, with the level, by data accesses and fetches (DDI 0406C tables B3-23 and B3-24). */
static void test_walk_status(void **state)
{
	static const struct {
		u32 level, lpae, fsr;
	} want[] = { { 1, 0, 0xc }, { 2, 0, 0xe }, { 1, 1, 0x215 }, { 2, 1, 0x216 }, { 3, 1, 0x217 } };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(want); i++) {
		fresh(PSR32_M_SVC);
		guest.cp15[HYP_CP15_TTBCR] = want[i].lpae << 31;
		guest.hsr = EC(EC_DABT_LOWER) | ISS_ABT_S1PTW | ISS_ABT_WNR;
		inject_walk_abort(&vcpu, 0x1000, want[i].level);
		assert_int_equal(guest.cp15[HYP_CP15_DFSR], want[i].fsr | FSR_WNR);
		assert_int_equal(guest.cp15[HYP_CP15_DFAR], 0x1000);
		fresh(PSR32_M_SVC);
		guest.cp15[HYP_CP15_TTBCR] = want[i].lpae << 31;
		guest.hsr = EC(EC_IABT_LOWER) | ISS_ABT_S1PTW;
		inject_walk_abort(&vcpu, 0x1000, want[i].level);
		assert_int_equal(guest.cp15[HYP_CP15_IFSR], want[i].fsr);
		assert_int_equal(guest.cp15[HYP_CP15_IFAR], 0x1000);
	}
}

static void test_serror(void **state)
{
	(void)state;
	fresh(PSR32_M_SVC | PSR_A);
	guest.virq = 1u << HCR_VI;
	inject_serror(&vcpu);
	assert_int_equal(guest.virq, 1u << HCR_VA | 1u << HCR_VI);
	assert_int_equal(guest.core.pc, 0x8000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_condition_in_hsr),
		cmocka_unit_test(test_it_blocks),
		cmocka_unit_test(test_skip_arm),
		cmocka_unit_test(test_banks),
		cmocka_unit_test(test_entry),
		cmocka_unit_test(test_fault_status),
		cmocka_unit_test(test_walk_status),
		cmocka_unit_test(test_serror),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
