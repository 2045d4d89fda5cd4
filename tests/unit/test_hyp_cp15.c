// SPDX-License-Identifier: GPL-2.0-only
/*
 * hyp/cp15.c on the host: every encoding of a trapped coprocessor access, at PL0 and
 * PL1, against the rows of arm/sysreg32.def found the slow way (facts/kvm/05: 53).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/kernel/shim.h"
#include "hyp/hyp.h"

#include "hyp/inject.c"
/* The host has none of these instructions: what they would say, setup() does. */
#define asm if (0) __asm__
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include "hyp/cp15.c"
#pragma GCC diagnostic pop
#undef asm

static struct hyp_vm vm;
static struct hyp_vcpu vcpu;
static struct hyp_guest guest;
static unsigned int flushes, timer_reads, timer_writes;

void mmu_flush_vm(struct hyp_vm *v)
{
	(void)v;
	flushes++;
}

/* Aborts of walks are test_hyp_inject's. */
unsigned int stage1_level(struct hyp_vcpu *v, u32 va, u64 ipa)
{
	(void)v, (void)va, (void)ipa;
	return 0;
}

u64 vtimer_read(struct hyp_vcpu *v, bool phys, enum hyp_timer_reg reg)
{
	(void)v;
	assert_true(phys);
	timer_reads++;
	return 0x1111111100000000 + reg;
}

void vtimer_write(struct hyp_vcpu *v, bool phys, enum hyp_timer_reg reg, u64 val)
{
	(void)v, (void)reg, (void)val;
	assert_true(phys);
	timer_writes++;
}

u32 low_target(void)
{
	return KVM_ARM_TARGET_CORTEX_A15;
}

u32 vcpu_mpidr(unsigned int id)
{
	return 0x80000000 | id;
}

#define RT 3u
#define RT2 4u
#define VAL 0x89abcdefu
#define VAL2 0x01234567u

static void fresh(u32 mode)
{
	vm.vcpus = 2;
	vm.vcpu[0] = &vcpu;
	vcpu.vm = &vm;
	vcpu.guest = &guest;
	memset(&guest, 0, sizeof(guest));
	cp15_reset(&vcpu);
	guest.core.cpsr = mode;
	guest.core.pc = 0x8000;
	guest.core.r[RT] = VAL;
	guest.core.r[RT2] = VAL2;
	flushes = timer_reads = timer_writes = 0;
}

/* HSR of an access to @enc (B3.13.6). */
static u32 hsr_of(u32 enc, bool read, unsigned int rt)
{
	unsigned int cp = enc >> 15 & 15, opc1 = enc >> 11 & 15, crn = enc >> 7 & 15, crm = enc >> 3 & 15;
	bool wide = enc & ARM_CP_64;
	u32 ec = cp == 10 ? 8 : cp == 15 ? 3 + wide : wide ? 12 : 5;
	u32 iss = wide ? opc1 << 16 | RT2 << 10 : (enc & 7) << 17 | opc1 << 14 | crn << 10;

	return ec << 26 | 1u << 25 | 1u << 24 | 14u << 20 | iss | rt << 5 | crm << 1 | read;
}

static const struct arm_sysreg32_row *row_of(u32 enc, int *reg)
{
	for (int i = 0; i < ARM_REGS32; i++) {
		const struct arm_sysreg32_row *r = arm_sysreg32_row(i);

		if (r->enc == enc && arm_sysreg32_exists(r, model->features)) {
			*reg = i;
			return r;
		}
	}
	return NULL;
}

/* Whether the guest may, by the tables. */
static bool allowed(u32 enc, bool read, unsigned int pl)
{
	int reg, op;
	const struct arm_sysreg32_row *r = row_of(enc, &reg);

	if (r)
		return r->cls != ARM_CLS_ABSENT && pl >= (read ? r->rd : r->wr);
	op = read ? -1 : arm_sysop32_index(model->features, enc);
	return op >= 0 && pl >= arm_sysop32_row(op)->pl;
}

/* Reads and writes of what is allowed. */
static void check_done(u32 enc, bool read)
{
	int reg;
	const struct arm_sysreg32_row *r = row_of(enc, &reg);
	struct hyp_guest before = guest;
	unsigned int word;

	assert_int_equal(guest.core.pc, 0x8004);
	if (!r || !words[reg] || r->cls != ARM_CLS_SWITCHED)
		return;
	word = words[reg] - 1;
	assert_true(word + !!(enc & ARM_CP_64) < HYP_CP15_WORDS);
	if (read) {
		assert_int_equal(guest.core.r[RT], guest.cp15[word]);
		assert_int_equal(guest.core.r[RT2], enc & ARM_CP_64 ? guest.cp15[word + 1] : VAL2);
		return;
	}
	assert_int_equal(guest.cp15[word], VAL);
	if (enc & ARM_CP_64)
		assert_int_equal(guest.cp15[word + 1], VAL2);
	/* The narrow name of a wide register leaves its high half alone (row 54). */
	fresh(PSR32_M_SVC);
	for (unsigned int i = 0; i < HYP_CP15_SWITCHED; i++)
		if (i != word && !(enc & ARM_CP_64 && i == word + 1))
			assert_int_equal(guest.cp15[i], before.cp15[i]);
}

static void one(u32 enc, bool read, bool user)
{
	u32 mode = user ? PSR32_M_USR : PSR32_M_SVC;

	fresh(mode);
	assert_int_equal(cp15_trap(&vcpu, hsr_of(enc, read, RT)), 1);
	if (allowed(enc, read, user ? ARM_ACC_EL0 : ARM_ACC_EL1)) {
		check_done(enc, read);
		return;
	}
	/* Undefined: nothing but the exception happened. */
	assert_int_equal(guest.core.cpsr & PSR_M_MASK, PSR32_M_UND);
	assert_int_equal(guest.core.und[2], mode);
	assert_int_equal(guest.core.und[1], 0x8004);
	assert_int_equal(guest.core.r[RT], VAL);
	assert_int_equal(flushes + timer_reads + timer_writes, 0);
}

static void test_every_encoding(void **state)
{
	static const u8 coprocessors[] = { 10, 14, 15 };

	(void)state;
	for (unsigned int c = 0; c < ARRAY_SIZE(coprocessors); c++)
		for (u32 e = 0; e < 1 << 14; e++) {
			u32 cp = coprocessors[c];
			u32 narrow = ARM_CP_ENC(cp, e >> 11, e >> 7 & 15, e >> 3 & 15, e & 7);

			for (unsigned int how = 0; how < 4; how++)
				one(narrow, how & 1, how >> 1);
			if (e < 256 && cp != 10)
				for (unsigned int how = 0; how < 4; how++)
					one(ARM_CP_ENC64(cp, e >> 4, e & 15), how & 1, how >> 1);
		}
}

static u32 read_reg32(u32 enc)
{
	assert_int_equal(cp15_trap(&vcpu, hsr_of(enc, true, RT)), 1);
	assert_int_equal(guest.core.cpsr & PSR_M_MASK, PSR32_M_SVC);
	return guest.core.r[RT];
}

static void test_values(void **state)
{
	(void)state;
	fresh(PSR32_M_SVC);
	assert_int_equal(read_reg32(ARM_CP_ENC(15, 0, 0, 0, 0)), vm.identity.id[HYP_ID_MIDR]);
	assert_int_equal(read_reg32(ARM_CP_ENC(15, 0, 0, 2, 3)), vm.identity.id[HYP_ID_ID_ISAR3]);
	assert_int_equal(read_reg32(ARM_CP_ENC(10, 7, 7, 0, 0)), vm.identity.mvfr0);
	assert_int_equal(read_reg32(ARM_CP_ENC(15, 0, 0, 0, 5)), 0x80000000);
	/* The number of CPUs is the VM's: two. */
	assert_int_equal(read_reg32(ARM_CP_ENC(15, 1, 9, 0, 2)) >> 24 & 3, 1);
	for (u32 sel = 0; sel < 40; sel++) {
		guest.cp15[HYP_CP15_CSSELR] = sel < 20 ? sel : sel << 26;
		assert_int_equal(read_reg32(ARM_CP_ENC(15, 1, 0, 0, 0)),
				 sel < HYP_CCSIDRS ? vm.identity.ccsidr[sel] : 0);
	}
	/* Performance monitors: zero, and writes go nowhere. */
	assert_int_equal(read_reg32(ARM_CP_ENC(15, 0, 9, 12, 0)), 0);
}

/* MRC to APSR_nzcv (A8.8.108): the flags, and no pc. */
static void test_flags(void **state)
{
	(void)state;
	fresh(PSR32_M_SVC);
	vm.identity.mvfr0 = 0xa0000000;
	cp15_trap(&vcpu, hsr_of(ARM_CP_ENC(10, 7, 7, 0, 0), true, 15));
	assert_int_equal(guest.core.cpsr, PSR32_M_SVC | 0xa0000000);
	assert_int_equal(guest.core.pc, 0x8004);
}

static void test_timer(void **state)
{
	(void)state;
	fresh(PSR32_M_SVC);
	cp15_trap(&vcpu, hsr_of(ARM_CP_ENC64(15, 2, 14), true, RT));
	assert_int_equal(guest.core.r[RT], HYP_TIMER_CVAL);
	assert_int_equal(guest.core.r[RT2], 0x11111111);
	cp15_trap(&vcpu, hsr_of(ARM_CP_ENC(15, 0, 14, 2, 1), false, RT));
	assert_int_equal(timer_reads, 1);
	assert_int_equal(timer_writes, 1);
}

/* Set/way flushes once; the next change of the caches does again, and ends TVM (row 6). */
static void test_set_way(void **state)
{
	u32 dccisw = ARM_CP_ENC(15, 0, 7, 14, 2), sctlr = ARM_CP_ENC(15, 0, 1, 0, 0);

	(void)state;
	fresh(PSR32_M_SVC);
	assert_true(guest.hcr & HCR_TVM);
	guest.core.r[RT] = SCTLR_RESET | SCTLR_CACHES;
	cp15_trap(&vcpu, hsr_of(sctlr, false, RT));
	assert_int_equal(flushes, 1);
	assert_false(guest.hcr & HCR_TVM);
	cp15_trap(&vcpu, hsr_of(dccisw, false, RT));
	cp15_trap(&vcpu, hsr_of(dccisw, false, RT));
	assert_int_equal(flushes, 2);
	assert_true(guest.hcr & HCR_TVM);
	guest.core.r[RT] = SCTLR_RESET;
	cp15_trap(&vcpu, hsr_of(sctlr, false, RT));
	assert_int_equal(flushes, 3);
	assert_true(guest.hcr & HCR_TVM);
}

/* Another part's identity: its registers trap, the host's own need not. */
static void test_identity(void **state)
{
	const u32 tid = HCR_TID0 | HCR_TID1 | HCR_TID2 | HCR_TID3;

	(void)state;
	fresh(PSR32_M_SVC);
	vm.identity = host_identity;
	cp15_identity_changed(&vcpu);
	assert_false(guest.hcr & tid);
	vm.identity.id[HYP_ID_REVIDR] ^= 1;
	cp15_identity_changed(&vcpu);
	assert_int_equal(guest.hcr & tid, tid);
	vm.identity = host_identity;
}

static int setup(void **state)
{
	(void)state;
	cp15_module_init();
	for (unsigned int i = 0; i < HYP_IDS; i++)
		host_identity.id[i] = 0x41000000 + i * 0x101;
	for (unsigned int i = 0; i < HYP_CCSIDRS; i++)
		host_identity.ccsidr[i] = 0x70000000 + i;
	host_identity.fpsid = 0x410430f0;
	host_identity.mvfr0 = 0x10110222;
	host_identity.mvfr1 = 0x11111111;
	vm.identity = host_identity;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_encoding),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_timer),
		cmocka_unit_test(test_set_way),
		cmocka_unit_test(test_identity),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
